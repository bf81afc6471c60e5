"""Observers against NumPy's definitions, QLLM's channels, adaptive steps."""

import math

import halfulp as hu
import numpy as np
import pytest
from halfulp import methods

rng = np.random.default_rng(40)
BATCHES = [rng.standard_t(3, size=(n, 7, 12)) * rng.lognormal(0, 1, size=12) for n in (3, 1, 8, 2)]
ALL = np.concatenate([b.reshape(-1, 12) for b in BATCHES])


def observed(kind, per, batches=BATCHES, **options):
    observer = methods.Observer(kind, per, **options)
    for batch in batches:
        observer.observe(batch)
    return observer


def test_absmax_least_and_largest():
    tensor = observed("absmax", "tensor").ranges()
    assert tensor.amax.shape == ()
    assert tensor.amax == np.abs(ALL).max()
    assert (tensor.least, tensor.largest, tensor.count) == (ALL.min(), ALL.max(), ALL.size)
    channel = observed("absmax", "channel").ranges()
    np.testing.assert_array_equal(channel.amax, np.abs(ALL).max(axis=0))
    np.testing.assert_array_equal(channel.least, ALL.min(axis=0))
    token = observed("absmax", "token").ranges()
    np.testing.assert_array_equal(token.amax, np.abs(ALL).max(axis=1))


@pytest.mark.parametrize("percent", [50, 90, 99, 99.9, 100])
def test_percentile(percent):
    """NumPy's inverted_cdf is the same rank; the observer gives the upper end of its bin."""
    observer = observed("percentile", "channel", percentile=percent)
    found = observer.ranges().amax
    exact = np.percentile(np.abs(ALL), percent, axis=0, method="inverted_cdf")
    widths = np.array([observer.histogram(c)[1] for c in range(12)])
    assert (found >= exact).all()
    assert (found - exact <= widths).all()
    assert (widths <= np.abs(ALL).max(axis=0) / 1024).all()


def test_histograms_depend_on_the_data_alone():
    counts, width = observed("mse", "tensor").histogram()
    values = np.abs(ALL).reshape(-1)
    expected, _ = np.histogram(values, bins=2048, range=(0, 2048 * width))
    np.testing.assert_array_equal(counts, expected)
    assert 1024 * width <= values.max() < 2048 * width
    orders = [
        BATCHES[::-1],
        [ALL],
        list(ALL[np.argsort(np.abs(ALL).max(axis=1))]),
        [np.zeros((2, 12)), *BATCHES],
    ]
    for order in orders[:3]:
        again, same = observed("mse", "tensor", order).histogram()
        assert same == width
        np.testing.assert_array_equal(again, counts)
    with_zeros, _ = observed("mse", "tensor", orders[3]).histogram()
    counts[0] += 24
    np.testing.assert_array_equal(with_zeros, counts)
    far = observed("mse", "tensor", [np.full((1, 3), 1e-300), np.full((1, 3), 1e300)])
    assert far.histogram()[0][0] == 3
    assert far.histogram()[0].sum() == 6


def test_mse_is_the_best_of_its_candidates():
    observer = observed("mse", "tensor", element="int4s", candidates=32)
    found = float(observer.ranges().amax)
    values = np.abs(ALL).reshape(-1)
    cuts = values.max() * np.arange(1, 33) / 32

    def error(cut):
        return ((values - np.clip(np.rint(values / (cut / 7)), 0, 7) * cut / 7) ** 2).sum()

    errors = np.array([error(c) for c in cuts])
    assert found in cuts
    # Values are known to half a bin, 1/2048 of the largest: the histogram's best is nearly the best.
    assert error(found) <= errors.min() * 1.01
    assert found < values.max()


def test_entropy_against_its_definition():
    """TensorRT's rule with the 8 magnitudes of int4s, written out."""
    observer = observed("entropy", "tensor", element="int4s", candidates=16, bins=256)
    counts, width = observer.histogram()
    amax = np.abs(ALL).max()
    best, chosen = np.inf, None
    for j in range(16, 0, -1):
        cut = amax * (j / 16)
        last = min(int(cut / width), 255)
        p = counts[: last + 1].astype(float)
        q = np.zeros_like(p)
        member = np.minimum(np.rint(np.minimum((np.arange(last + 1) + 0.5) * width, cut) / (cut / 7)), 7)
        for m in range(8):
            cell = (member == m) & (p > 0)
            if cell.any():
                q[cell] = p[cell].sum() / cell.sum()
        p[-1] += counts[last + 1 :].sum()
        if (q[p > 0] == 0).any():
            continue
        p, q = p / p.sum(), q / q.sum()
        divergence = (p[p > 0] * np.log(p[p > 0] / q[p > 0])).sum()
        if divergence < best:
            best, chosen = divergence, cut
    assert float(observer.ranges().amax) == chosen
    assert chosen < amax


def test_static_quantization():
    keys = observed("absmax", "channel").ranges()
    x = BATCHES[0]
    made = keys.apply(x, "int8s", "binary16")
    scales = (np.abs(ALL).max(axis=0) / 127).astype(np.float16).astype(float)
    np.testing.assert_array_equal(made, np.clip(np.rint(x / scales), -127, 127) * scales)
    np.testing.assert_allclose(keys.scales("int8s"), np.abs(ALL).max(axis=0) / 127, rtol=1e-15)
    tensor = observed("percentile", "tensor", percentile=90).ranges()
    low = tensor.apply(100 * x, "e4m3fn")
    assert np.abs(low).max() == pytest.approx(float(tensor.amax), rel=1e-6)
    tokens = observed("absmax", "token", [x]).ranges()
    expected = hu.fake_quantize(x.reshape(-1, 12), "int4s/channel:binary32").reshape(x.shape)
    np.testing.assert_array_equal(tokens.apply(x, "int4s"), expected)


def test_channels_taken_apart():
    w, x = rng.normal(size=(12, 5)), ALL[:40]
    x_max = np.abs(x).max(axis=0)
    threshold = np.median(x_max)
    made = methods.disassemble(w, x_max, threshold)
    np.testing.assert_array_equal(made.parts, np.ceil(x_max / threshold).clip(1))
    assert len(made.sources) == made.parts.sum() == len(made.weight)
    assert np.abs(made.inputs(x)).max() <= threshold * (1 + 1e-15)
    assert np.abs(made.inputs(x) @ made.weight - x @ w).max() <= 1e-12 * np.abs(x @ w).max()
    exact = methods.disassemble(w, x_max, threshold, power_of_two=True)
    inputs = exact.inputs(x)
    for j in range(12):  # equal parts, whose sum is the channel again, bit for bit
        columns = [k for k, s in enumerate(exact.sources) if s == (j,)]
        assert [math.fsum(row) for row in inputs[:, columns]] == x[:, j].tolist()
        assert (exact.weight[columns] == w[j]).all()


def test_channels_merged():
    w, x = rng.normal(size=(12, 5)), ALL[:40].copy()
    x[:, 8] = x[:, 3]
    whole = methods.disassemble(w, np.abs(x).max(axis=0), 1e9)
    made = methods.assemble(whole, x, 1)  # two equal inputs: nothing is lost
    assert (3, 8) in made.sources or (8, 3) in made.sources
    assert np.abs(made.inputs(x) @ made.weight - x @ w).max() <= 1e-12 * np.abs(x @ w).max()
    distances = methods.channel_distances(x, w)
    i, j = 2, 7
    merged = (x[:, i] + x[:, j])[:, None] / 2 * (w[i] + w[j])
    change = x[:, [i]] * w[i] + x[:, [j]] * w[j] - merged
    assert distances[i, j] == pytest.approx((change**2).sum(), rel=1e-10)
    with pytest.raises(ValueError, match="count is 7, allowed: at most 6 pairs"):
        methods.assemble(whole, x, 7)


def test_reassembly_keeps_the_number_of_channels_and_helps():
    w, x = rng.normal(size=(32, 16)), rng.normal(size=(200, 32))
    x[:, 4] *= 60
    made = methods.reassemble(w, x, "int4s/channel:binary32")
    assert len(made.reassembly.sources) == 32
    assert made.errors.min() < made.plain_error / 2
    assert made.errors[np.argmin(made.errors)] == made.errors.min()
    assert made.threshold == made.thresholds[np.argmin(made.errors)]
    assert made.reassembly.parts[4] > 1


def test_adaptive_steps():
    x = rng.normal(size=(300, 64)) * rng.lognormal(0, 1, size=(300, 1))
    made = methods.adaptive_step(x, "int4s")
    assert made.error < made.fixed_error / 4  # tokens differ by a factor e
    assert made.error == pytest.approx(((x - made.apply(x)) ** 2).mean())
    beta = made.beta(x)
    step = made.step * beta[:, None]
    np.testing.assert_array_equal(made.apply(x), np.clip(np.rint(x / step), -7, 7) * step)
    fixed = np.clip(np.rint(x / made.step), -7, 7) * made.step
    assert made.fixed_error == pytest.approx(((x - fixed) ** 2).mean())
    same = np.tile(x[:1], (5, 1))
    alike = methods.adaptive_step(same, "int4s")
    assert alike.error <= alike.fixed_error


def test_wrong_arguments():
    cases = [
        (lambda: methods.Observer("best"), "kind is 'best'"),
        (lambda: methods.Observer(per="row"), "per is 'row'"),
        (lambda: methods.Observer(bins=100), "allowed: a power of two"),
        (lambda: methods.Observer(percentile=0), "percentile is 0"),
        (lambda: methods.Observer().ranges(), "has seen no values"),
        (lambda: methods.Observer().observe(np.zeros((0, 4))).ranges(), "has seen no values"),
        (lambda: methods.Observer().observe(np.array([np.nan])), "batch.* is nan"),
        (lambda: methods.Observer(per="channel").observe(ALL).observe(ALL[:, :3]), "batch has 3 channels, allowed: 12"),
        (lambda: methods.Observer().observe(ALL).histogram(), "keeps a histogram"),
        (lambda: observed("absmax", "channel").ranges().apply(np.zeros((2, 3)), "int8"), "allowed: 12 channels"),
        (lambda: methods.disassemble(np.ones((2, 2)), [1.0, 1.0], 0), "threshold is 0"),
        (lambda: methods.disassemble(np.ones((2, 2)), [1.0, 1e9], 1e-9), "no channel in more than"),
        (lambda: methods.adaptive_step(np.zeros((2, 3))), "x is all zeros"),
    ]  # fmt: skip
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
