"""SmoothQuant, AWQ, equalization, bias correction and rotations: what they leave as it is, and what they promise."""

import itertools

import numpy as np
import pytest
from halfulp import methods

rng = np.random.default_rng(30)
INPUTS, OUTPUTS = 64, 40
W = rng.normal(size=(INPUTS, OUTPUTS)) * rng.lognormal(0, 1, size=(INPUTS, 1))
X = rng.normal(size=(120, INPUTS)) * rng.lognormal(0, 1.5, size=INPUTS) + 0.3
H = X.T @ X / len(X)


def close(a, b):
    """Within 1e-12 of the largest magnitude: some hundred roundings of binary64."""
    return np.abs(a - b).max() <= 1e-12 * np.abs(b).max()


@pytest.mark.parametrize("alpha", [0, 0.5, 1])
def test_smooth_quant(alpha):
    x_max = np.abs(X).max(axis=0)
    made = methods.smooth_quant(W, x_max, alpha=alpha)
    np.testing.assert_allclose(made.scales, x_max**alpha / np.abs(W).max(axis=1) ** (1 - alpha), rtol=1e-14)
    assert close(made.inputs(X) @ made.weight, X @ W)
    if alpha == 0.5:  # both sides have the same ranges
        np.testing.assert_allclose(np.abs(made.inputs(X)).max(axis=0), np.abs(made.weight).max(axis=1), rtol=1e-12)
    powers = methods.smooth_quant(W, x_max, alpha=alpha, power_of_two=True)
    assert (np.frexp(powers.scales)[0] == 0.5).all()
    assert (np.abs(np.log2(powers.scales / made.scales)) <= 0.5 + 1e-12).all()
    np.testing.assert_array_equal(powers.inputs(X) * powers.scales, X)
    np.testing.assert_array_equal(powers.weight / powers.scales[:, None], W)
    np.testing.assert_array_equal(powers.inputs(X)[:, :, None] * powers.weight, X[:, :, None] * W)


def test_smooth_quant_of_channels_that_are_zero():
    x_max = np.abs(X).max(axis=0)
    x_max[3], w = 0, W.copy()
    w[5] = 0
    made = methods.smooth_quant(w, x_max)
    assert np.isfinite(made.scales).all()
    assert (made.scales > 0).all()


@pytest.mark.parametrize(
    "scheme", ["int3s/16:binary16", "nvfp4", "mxfp4", "nf4/32:binary32", "b1.58", "int4/32:binary16@zero_point"]
)
def test_awq_is_never_worse_than_rounding(scheme):
    made = methods.awq(W, scheme, X)
    plain = methods.nearest(W, scheme, H)
    assert made.nearest_loss == pytest.approx(plain.loss, rel=1e-9)
    assert made.loss <= made.nearest_loss
    assert made.loss == min(made.losses)
    assert len(made.losses) == 20
    assert made.exponents[0] == 0
    assert made.exponents[-1] == 0.95
    np.testing.assert_array_equal(made.weight_q, made.quantized.dequantize() / made.scales[:, None])
    error = X @ (W - made.weight_q)
    assert made.loss == pytest.approx((error**2).sum() / len(X), rel=1e-9)
    clipped = methods.awq(W, scheme, X, clip=True)
    assert clipped.loss <= made.loss
    assert clipped.clipped == (clipped.loss < made.loss)


def test_awq_scales():
    made = methods.awq(W, "int3s/16:binary16", h=H, x_mean=np.abs(X).mean(axis=0))
    assert made.loss < 0.9 * made.nearest_loss  # inputs differ by e^1.5: scales matter
    raw = np.maximum(np.abs(X).mean(axis=0) ** made.exponent, 1e-4)
    np.testing.assert_allclose(made.scales, raw / np.sqrt(raw.max() * raw.min()), rtol=1e-13)
    powers = methods.awq(W, "int3s/16:binary16", X, power_of_two=True)
    assert (np.frexp(powers.scales)[0] == 0.5).all()
    assert powers.loss <= powers.nearest_loss
    assert close((X / made.scales) @ (made.scales[:, None] * W), X @ W)


def test_clip_by_output():
    """Against the search written out for one group and one output."""
    made = methods.clip_by_output(W, "int3s/16:binary64", H)
    assert made.loss < made.nearest_loss
    for g, o in ((0, 0), (2, 7)):
        rows = slice(16 * g, 16 * g + 16)
        best, values = np.inf, None
        for i in range(10):
            limit = np.abs(W[rows, o]).max() * (1 - i / 20)
            cut = np.clip(W[rows, o], -limit, limit)
            scale = np.abs(cut).max() / 3
            q = np.clip(np.rint(cut / scale), -3, 3) * scale
            e = W[rows, o] - q
            loss = e @ H[rows, rows] @ e
            if loss < best:
                best, values = loss, q
        np.testing.assert_allclose(made.weight_q[rows, o], values, rtol=1e-12)


def test_equalize_goes_through_relu():
    w1, w2 = rng.normal(size=(20, 30)) * rng.lognormal(0, 2, size=30), rng.normal(size=(30, 10))
    bias = rng.normal(size=30)
    w1[:, 4], w2[7] = 0, 0
    made = methods.equalize(w1, w2, bias)
    x = rng.normal(size=(50, 20))
    expected = np.maximum(x @ w1 + bias, 0) @ w2
    assert close(np.maximum(x @ made.first + made.bias, 0) @ made.second, expected)
    live = np.ones(30, dtype=bool)
    live[[4, 7]] = False
    np.testing.assert_allclose(made.ranges[0, live], made.ranges[1, live], rtol=1e-12)
    r1, r2 = np.abs(w1).max(axis=0), np.abs(w2).max(axis=1)
    np.testing.assert_allclose(made.ranges[0, live], np.sqrt(r1 * r2)[live], rtol=1e-12)
    assert made.scales[4] == made.scales[7] == 1
    exact = methods.equalize(w1, w2, bias, power_of_two=True)
    np.testing.assert_array_equal((x[:, :, None] * exact.first) * exact.scales, x[:, :, None] * w1)
    np.testing.assert_array_equal(exact.bias * exact.scales, bias)
    np.testing.assert_array_equal(exact.second / exact.scales[:, None], w2)


def test_equalize_chain():
    shapes = [(20, 30), (30, 25), (25, 10)]
    layers = [rng.normal(size=s) * rng.lognormal(0, 1, size=s[1]) for s in shapes]
    biases = [rng.normal(size=s[1]) for s in shapes]
    made, shifts, rounds = methods.equalize_chain(layers, biases, rounds=1000)
    assert 1 < rounds < 1000
    x = rng.normal(size=(40, 20))

    def run(weights, bias):
        y = x
        for i, (w, b) in enumerate(zip(weights, bias, strict=True)):
            y = y @ w + b
            y = np.maximum(y, 0) if i + 1 < len(weights) else y
        return y

    assert close(run(made, shifts), run(layers, biases))
    for first, second in itertools.pairwise(made):
        np.testing.assert_allclose(np.abs(first).max(axis=0), np.abs(second).max(axis=1), rtol=1e-5)


def test_bias_correction_makes_the_mean_error_zero():
    weight_q = methods.nearest(W, "int2s/16:binary16").weight_q
    bias = rng.normal(size=OUTPUTS)
    corrected = methods.bias_correction(W, weight_q, X, bias=bias)
    error = (X @ W + bias - X @ weight_q - corrected).mean(axis=0)
    assert np.abs(error).max() <= 1e-12 * np.abs(X @ W).max()
    assert np.abs((X @ (W - weight_q)).mean(axis=0)).max() > 1e-3
    np.testing.assert_allclose(
        methods.bias_correction(W, weight_q, x_mean=X.mean(axis=0)), corrected - bias, atol=1e-12
    )


def test_the_transform_is_exact_on_integers():
    for length in (1, 2, 8, 64, 1024):
        x = rng.integers(-(2**20), 2**20, size=(3, length))
        once = methods.walsh_hadamard(x)
        assert once.dtype == np.int64
        np.testing.assert_array_equal(methods.walsh_hadamard(once), length * x)
        np.testing.assert_array_equal(methods.walsh_hadamard(x.astype(np.float64)), once)
        if length <= 64:
            bits = np.arange(length)
            parity = np.array([[bin(i & j).count("1") % 2 for j in bits] for i in bits])
            np.testing.assert_array_equal(once, x @ (1 - 2 * parity))


@pytest.mark.parametrize("n", [1, 2, 4, 8, 12, 20, 24, 28, 36, 40, 44, 52, 56, 60, 68, 76, 84, 100, 108, 140, 148, 896])
def test_hadamard_matrices(n):
    m = methods.hadamard_matrix(n)
    assert set(np.unique(m)) <= {-1, 1}
    np.testing.assert_array_equal(m @ m.T, n * np.eye(n, dtype=np.int64))


def test_orders_that_are_not_there():
    for n in (3, 6, 92, 0):
        with pytest.raises(ValueError, match=f"n is {n}, allowed"):
            methods.hadamard_matrix(n)


@pytest.mark.parametrize(
    ("size", "kind", "block"),
    [
        (64, "auto", 64),
        (28, "auto", 28),
        (56, "hadamard", 56),
        (96, "block", 48),
        (172, "auto", 4),
        (30, "auto", 2),
        (11008, "auto", 256),
    ],
)
def test_rotation(size, kind, block):
    r = methods.rotation(size, 7, kind)
    assert r.block == block
    x = rng.normal(size=(3, size))
    y = r.apply(x)
    np.testing.assert_allclose(np.linalg.norm(y, axis=1), np.linalg.norm(x, axis=1), rtol=1e-13)
    np.testing.assert_allclose(r.undo(y), x, atol=1e-13 * np.abs(x).max() * 10)
    w = rng.normal(size=(size, 5))
    assert close(y @ r.weight(w), x @ w)
    if size < 100:
        t = r.matrix()
        np.testing.assert_allclose(t @ t.T, np.eye(size), atol=1e-14 * size)
        assert close(r.output(w.T), w.T @ t)
        h = x.T @ x
        assert close(r.moment(h), t.T @ h @ t)
    assert r == methods.rotation(size, 7, kind)
    assert (r.signs < 0).any() or size < 4
    assert (methods.rotation(size, None, kind).signs == 1).all()


def test_incoherence():
    """An outlier of 1000 among 4096 entries: after a rotation from both sides the largest entry is below
    sqrt(2 ln(2 n² / d)) with probability 1 - d by the union bound (QuIP, lemma 5, for each side's signs)."""
    w = rng.normal(size=(64, 64))
    w[3, 5] = 1000
    left, right = methods.rotation(64, 1), methods.rotation(64, 2)
    rotated = right.apply(left.weight(w))
    assert np.linalg.norm(rotated) == pytest.approx(np.linalg.norm(w), rel=1e-13)
    assert methods.incoherence(w) > 60
    assert methods.incoherence(rotated) < 3
    assert methods.incoherence(np.ones((4, 4))) == 1


def test_wrong_arguments():
    cases = [
        (lambda: methods.smooth_quant(W, np.ones(3)), r"x_max has shape \(3,\), allowed: \(64,\)"),
        (lambda: methods.smooth_quant(W, -np.ones(64)), "x_max holds -1"),
        (lambda: methods.smooth_quant(W, np.ones(64), alpha=1.5), "alpha is 1.5"),
        (lambda: methods.awq(W, "mxfp4"), "x is None, allowed with both h and x_mean"),
        (lambda: methods.awq(W, "mxfp4", X, h=H), "x is given beside h"),
        (lambda: methods.awq(W, "mxfp4", np.zeros((0, 64))), "x has no samples"),
        (lambda: methods.awq(W, "mxfp4", X[:, :3]), r"allowed: \(\.\.\., 64\)"),
        (lambda: methods.equalize(W, W), "w2 has shape"),
        (lambda: methods.equalize_chain([W]), "weights has 1 layers"),
        (lambda: methods.bias_correction(W, W[1:], X), "weight_q has shape"),
        (lambda: methods.bias_correction(W, W), "both missing"),
        (lambda: methods.walsh_hadamard(np.zeros(3)), "a power of two along the last axis"),
        (lambda: methods.rotation(12, block=5), "block is 5"),
        (lambda: methods.rotation(30, kind="hadamard"), "size is 30"),
        (lambda: methods.rotation(8).apply(np.zeros(7)), r"x has shape \(7,\), allowed: \(\.\.\., 8\)"),
    ]  # fmt: skip
    for call, message in cases:
        with pytest.raises(ValueError, match=message):
            call()
