"""hu.methods.gptq against the paper's equations in plain NumPy, and against what theory says of it."""

import halfulp as hu
import numpy as np
import pytest
from halfulp import methods

# Kinds of recipes, elements and groups: whatever rounds differently.
SCHEMES = [
    "int4s/16:binary16",
    "int4s/24:binary16",
    "mxfp4",
    "mxfp4@recipe=llama_cpp",
    "mxfp4@search=mse",
    "nvfp4",
    "nvfp4@recipe=nvfp4_te",
    "nvfp4@recipe=nvfp4_ct",
    "nvfp4@recipe=four_over_six",
    "mx6",
    "e2m1fn/channel:binary32",
    "e2m1fn/16x16:e4m3fn/tensor:binary32",
    "int4s/8x12:bfloat16",
    "int4/tensor:binary32",
    "e4m3fn",
    "nf4/64:binary32",
    "nf4_64",
    "nf4_64_dq256",
    "nf4/64:binary32@recipe=bitsandbytes,flat",
    "dynamic8/64:binary32@recipe=bitsandbytes,flat",
    "posit8_1/32:binary16",
    "b1.58",
    "ternary/16:binary16@recipe=twn",
    "ternary/24x7:binary16@recipe=clamp",
    "ternary/tensor:binary32@recipe=bitnet",
    "pm1/16:binary16",
    "int4/16:binary16@zero_point",
    "uint4/16:binary16@recipe=torch_ao,zero_point",
    "int4/16x8:binary16@search=mse,zero_point",
    "int4s/16:binary16@percentile=90",
    "int4s/16:e4m3fn/7:binary16",
]
SHAPE = (70, 48)  # no group divides 70


def layer(seed, shape=SHAPE, samples=300):
    rng = np.random.default_rng(seed)
    inputs, outputs = shape
    mixing = np.eye(inputs) + 0.4 * rng.normal(size=(inputs, inputs)) / np.sqrt(inputs)
    x = rng.normal(size=(samples, inputs)) @ mixing * rng.lognormal(0, 0.7, size=inputs)
    return rng.normal(size=(inputs, outputs)), x.T @ x / samples


def rtn(w, scheme, axis=0, channel_axis=1):
    s = hu.scheme(scheme)
    return hu.quantize(w, s, axis=None if s.flat else axis, channel_axis=channel_axis)


def assert_same(a, b):
    np.testing.assert_array_equal(a.codes, b.codes)
    assert a.codes.dtype == b.codes.dtype
    for one, other in zip(a.scale_codes, b.scale_codes, strict=True):
        np.testing.assert_array_equal(one, other)
        assert one.shape == other.shape
        assert one.dtype == other.dtype
    np.testing.assert_array_equal(np.asarray(a.zero_points), np.asarray(b.zero_points))
    assert (a.offset, a.zero_scales, a.saturated) == (b.offset, b.zero_scales, b.saturated)


@pytest.mark.parametrize("options", [{}, {"act_order": True, "block": 24}, {"static_scales": True}])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_diagonal_h_is_rounding_to_nearest(scheme, options):
    """Nothing to hand on: codes, scales, counts of hu.quantize itself. Holds all schemes' frozen scales to the
    contract's bits."""
    rng = np.random.default_rng(1)
    w = rng.normal(size=SHAPE) * rng.lognormal(0, 1, size=(SHAPE[0], 1))
    made = methods.gptq(w, np.diag(rng.lognormal(0, 1, size=SHAPE[0])), scheme, **options)
    assert_same(made.quantized, rtn(w, scheme))
    np.testing.assert_array_equal(made.weight_q, made.quantized.dequantize())
    assert made.loss == made.nearest_loss


@pytest.mark.parametrize(("axis", "channel_axis"), [(1, 1), (0, 0), (1, 0)])
@pytest.mark.parametrize("scheme", ["int4s/16:binary16", "nvfp4", "e2m1fn/channel:binary32", "mx9"])
def test_axes(scheme, axis, channel_axis):
    w, _ = layer(2)
    made = methods.gptq(w, np.eye(SHAPE[0]), scheme, axis=axis, channel_axis=channel_axis)
    assert_same(made.quantized, rtn(w, scheme, axis, channel_axis))


def obs_by_the_paper(w, h, damping, project, order=None):
    """Optimal Brain Surgeon row by row (GPTQ's equations 2 and 3): the inverse of what is left of H is updated by
    Gaussian elimination, no Cholesky factor, no lazy blocks. project(current weights, row) gives the row's values."""
    w, h = w.copy(), h.copy()
    n = len(w)
    dead = np.diagonal(h) == 0
    h[dead, dead] = 1
    w[dead] = 0
    h[np.arange(n), np.arange(n)] += damping * np.diagonal(h).mean()
    inverse = np.linalg.inv(h)
    values = np.zeros_like(w)
    done = np.zeros(n, dtype=bool)
    for row in range(n) if order is None else order:
        values[row] = project(w, row)
        error = (w[row] - values[row]) / inverse[row, row]
        done[row] = True
        update = np.outer(inverse[:, row], error)
        update[done] = 0
        w -= update
        inverse = inverse - np.outer(inverse[:, row], inverse[row]) / inverse[row, row]
    return values


class GroupsAlongInputs:
    """int4s with binary16 scales over `length` rows: the scale is the largest magnitude over 7 when the first row of
    the group comes."""

    def __init__(self, length):
        self.length = length
        self.scales = {}

    def __call__(self, w, row):
        group = row // self.length
        if group not in self.scales:
            rows = w[group * self.length : (group + 1) * self.length]
            self.scales[group] = (np.abs(rows).max(axis=0) / 7).astype(np.float16).astype(np.float64)
        return np.clip(np.rint(w[row] / self.scales[group]), -7, 7) * self.scales[group]


@pytest.mark.parametrize("block", [1, 7, 128])
@pytest.mark.parametrize("act_order", [False, True])
@pytest.mark.parametrize("length", [16, 24, 70])
def test_against_the_equations_of_the_paper(length, act_order, block):
    """Errors of binary64 sums, about 1e-14, move a weight over a midpoint once in 1e11 elements: codes are equal."""
    w, h = layer(3)
    h[5], h[:, 5] = 0, 0
    moment = h.copy()
    moment[5, 5] = 1
    order = np.argsort(-np.diagonal(moment), kind="stable") if act_order else None
    expected = obs_by_the_paper(w, h, 0.01, GroupsAlongInputs(length), order)
    made = methods.gptq(w, h, f"int4s/{length}:binary16", act_order=act_order, block=block)
    np.testing.assert_array_equal(made.weight_q, expected)
    assert made.dead == (5,)
    assert made.loss < made.nearest_loss


def test_one_result_whatever_the_lazy_block():
    w, h = layer(4)
    for scheme in ("nvfp4", "mx9", "nf4_64", "int4s/8x12:bfloat16", "nf4_64_dq256"):
        first = methods.gptq(w, h, scheme, block=1)
        assert_same(methods.gptq(w, h, scheme, block=33).quantized, first.quantized)


def ldlq(w, h):
    """QuIP's LDLQ with nearest rounding on the integers: H = (U + I) D (U + I)', row k rounds w_k + sum over j < k of
    U[j, k] (w_j - q_j), with the weights as they were."""
    n = len(w)
    reverse = np.linalg.cholesky(h[::-1, ::-1])[::-1, ::-1]  # upper R with H = R R'
    u = reverse / np.diagonal(reverse) - np.eye(n)
    q = np.zeros_like(w)
    for k in range(n):
        q[k] = np.rint(w[k] + u[:k, k] @ (w - q)[:k])
    return q


def test_gptq_is_ldlq_on_the_integers():
    """Theorem 6 of QuIP: identical on a grid without ends. 4000 columns of 32 rows, 128000 codes."""
    rng = np.random.default_rng(5)
    a = rng.normal(size=(64, 32))
    h = a.T @ a / 64
    w = rng.uniform(-50, 50, size=(32, 4000))
    made = methods.gptq(w, h, "int32", damping=0)
    assert (made.weight_q == ldlq(w, h)).all()
    assert made.weight_q.size == 128000


def test_expected_loss_on_the_integers():
    """QuIP: with residuals uniform in a cell a column is expected to lose tr D / 12, rounded alone tr H / 12. 12 times
    a residual's square has variance 0.8; over 4000 columns of 32 rows the mean is within 1 % at more than 4 sigma."""
    rng = np.random.default_rng(6)
    a = rng.normal(size=(64, 32))
    h = a.T @ a / 64
    w = rng.uniform(-50, 50, size=(32, 4000))
    made = methods.gptq(w, h, "int32", damping=0)
    assert made.loss / 4000 == pytest.approx(made.feedback_trace / 12, rel=0.01)
    assert made.nearest_loss / 4000 == pytest.approx(np.trace(h) / 12, rel=0.01)
    assert made.feedback_trace < np.trace(h)
    reverse = np.linalg.cholesky(h[::-1, ::-1])
    assert made.feedback_trace == pytest.approx((np.diagonal(reverse) ** 2).sum(), rel=1e-12)


def test_hadamard_scheme_is_gptq_in_the_rotated_basis():
    w, h = layer(7, (64, 24))
    made = methods.gptq(w, h, "int4s/16:binary16@hadamard=64,signs=3")
    np.testing.assert_array_equal(made.weight_q, made.quantized.dequantize())
    signs = np.where(np.asarray(hu.random_words(3, (64,))) >> 31, -1.0, 1.0)
    t = methods.hadamard_matrix(64) * signs / 8
    rotated = methods.gptq(t @ w, t @ h @ t.T, "int4s/16:binary16")
    assert (made.quantized.codes == rotated.quantized.codes).mean() > 0.999  # sums differ in the last bits
    assert made.loss == pytest.approx(rotated.loss, rel=1e-3)
    assert made.loss < made.nearest_loss


def test_damping_is_raised_in_the_open():
    w, _ = layer(8)
    x = np.random.default_rng(8).normal(size=(12, 70))
    h = x.T @ x / 12  # rank 12 of 70
    with pytest.warns(RuntimeWarning, match="no Cholesky factor in working precision: raised to"):
        made = methods.gptq(w, h, "mxfp4", damping=0)
    assert made.raised >= 1
    assert made.damping == pytest.approx(1e-8 * 10.0 ** (made.raised - 1))
    with pytest.raises(ValueError, match="the least of its tenfolds from 1e-8 on that works is"):
        methods.gptq(w, h, "mxfp4", damping=0, on_failure="raise")
    again = methods.gptq(w, h, "mxfp4", damping=made.damping)
    assert_same(again.quantized, made.quantized)
    assert again.raised == 0


def test_condition_is_of_the_damped_h():
    w, h = layer(9)
    made = methods.gptq(w, h, "mxfp4", damping=0.05)
    damped = h + 0.05 * np.diagonal(h).mean() * np.eye(70)
    exact = np.linalg.cond(damped, 1)
    assert exact / 3 < made.condition <= exact * (1 + 1e-9)  # dpocon's estimate is a lower bound, rarely off by 3


def test_an_h_of_another_factor_gives_the_same_codes():
    w, h = layer(10)
    one, other = (methods.gptq(w, factor * h, "nvfp4") for factor in (1, 4))
    assert_same(one.quantized, other.quantized)
    assert other.loss == pytest.approx(4 * one.loss, rel=1e-12)


def test_an_object_with_a_second_moment_will_do():
    class Moments:
        pass

    w, h = layer(11)
    moments = Moments()
    moments.second_moment = h
    assert_same(methods.gptq(w, moments, "mxfp4").quantized, methods.gptq(w, h, "mxfp4").quantized)


def test_the_better_scales_of_weighted_search():
    w, h = layer(12)
    made = methods.gptq(w, h, "int4s/16:binary16@search=mse", importance=np.diagonal(h))
    assert not np.array_equal(
        made.quantized.scale_codes[0], methods.gptq(w, h, "int4s/16:binary16@search=mse").quantized.scale_codes[0]
    )


def test_wrong_arguments():
    w, h = layer(13)
    cases = [
        ((w[0], h, "mxfp4"), {}, ValueError, "w has shape"),
        ((w, h[:-1], "mxfp4"), {}, ValueError, r"h has shape \(69, 70\), allowed: \(70, 70\)"),
        ((np.full((70, 2), np.nan), h, "mxfp4"), {}, ValueError, "w\\[0, 0\\] is nan"),
        ((w, np.full((70, 70), np.inf), "mxfp4"), {}, ValueError, "h.* is inf"),
        ((np.zeros((0, 4)), np.zeros((0, 0)), "mxfp4"), {}, ValueError, "at least one element"),
        ((w, h, "mxfp4"), {"damping": 2}, ValueError, "damping is 2, allowed: a number from 0 to 1"),
        ((w, h, "mxfp4"), {"damping": "much"}, TypeError, "damping is 'much'"),
        ((w, h, "mxfp4"), {"on_failure": "hide"}, ValueError, "on_failure is 'hide'"),
        ((w, h, "mxfp4"), {"act_order": 1}, TypeError, "act_order is 1"),
        ((w, h, "mxfp4"), {"axis": 2}, ValueError, "axis is 2"),
        ((w, h, "mxfp4"), {"block": 0}, ValueError, "block is 0"),
        ((w, h, "mxfp4"), {"importance": np.ones(70)}, ValueError, "searches no scales"),
        ((w, h, "mxfp4@search=mse"), {"importance": -np.ones(70)}, ValueError, "importance holds -1"),
        ((w, h, "pm1_pmi"), {}, TypeError, "schemes of real numbers"),
    ]
    for args, keywords, kind, message in cases:
        with pytest.raises(kind, match=message):
            methods.gptq(*args, **keywords)
    skew = h.copy()
    skew[3, 4] += 1
    with pytest.raises(ValueError, match=r"h\[3, 4\] is .* allowed: a symmetric h"):
        methods.gptq(w, skew, "mxfp4")
    with pytest.raises(ValueError, match=r"h\[\d+, \d+\] is -.* 0 or more on the diagonal"):
        methods.gptq(w, -h, "mxfp4")
    coupled = np.eye(70)
    coupled[0, 1] = coupled[1, 0] = 2
    with pytest.raises(ValueError, match="allowed: at most 1, the root of the product"):
        methods.gptq(w, coupled, "mxfp4")
    indefinite = np.full((70, 70), -0.9) + 1.9 * np.eye(70)
    with pytest.raises(ValueError, match="not even 1 of the mean of h's diagonal makes h positive definite"):
        methods.gptq(w, indefinite, "mxfp4")
