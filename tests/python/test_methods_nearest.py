"""Rounding with a search for ranges, under given scales, under ZeroQuant-FP's constraints, and low-bit conversions."""

from fractions import Fraction

import halfulp as hu
import numpy as np
import pytest
from halfulp import methods

rng = np.random.default_rng(20)
W = rng.normal(size=(70, 48)) * rng.lognormal(0, 0.5, size=(70, 1))
X = rng.normal(size=(200, 70)) @ (np.eye(70) + 0.05 * rng.normal(size=(70, 70)))
H = X.T @ X / len(X)


def reference_clip(w, length, levels, grid=100, max_shrink=0.8, norm=2.4):
    """GPTQ's find_params for symmetric integers with binary64 scales: written from its description."""
    out = np.zeros_like(w)
    for first in range(0, len(w), length):
        for c in range(w.shape[1]):
            x = w[first : first + length, c]
            best = np.inf
            for i in range(int(max_shrink * grid)):
                scale = np.abs(x * (1 - i / grid)).max() / levels
                q = np.clip(np.rint(x / scale), -levels, levels) * scale
                error = (np.abs(x - q) ** norm).sum()
                if error < best:
                    best, out[first : first + length, c] = error, q
    return out


def test_clip_search_against_its_definition():
    made = methods.clip_search(W, "int4s/16:binary64")
    np.testing.assert_array_equal(made.weight_q, reference_clip(W, 16, 7))
    assert made.factors.shape == (5, 48)
    assert (made.factors < 1).any()
    assert (made.factors > 0.2).all()


@pytest.mark.parametrize(
    "scheme",
    ["int4s/16:binary16", "nvfp4", "mx6", "int4/16:binary16@zero_point", "b1.58", "nf4_64", "nf4_64_dq256",
     "mxfp4@hadamard=16", "int4s/8x12:bfloat16", "ternary/16:binary16@recipe=twn"],
)  # fmt: skip
def test_clip_search_with_any_scheme(scheme):
    made = methods.clip_search(W, scheme, norm=2)
    np.testing.assert_array_equal(made.weight_q, made.quantized.dequantize())
    if "hadamard" not in scheme and "dq" not in scheme:  # there errors are measured before the last step
        assert made.loss <= made.nearest_loss
    none = methods.clip_search(W, scheme, max_shrink=0)
    plain = methods.nearest(W, scheme)
    np.testing.assert_array_equal(none.quantized.codes, plain.quantized.codes)
    np.testing.assert_array_equal(none.weight_q, plain.weight_q)
    # A mean of magnitudes and the floor of an exponent cut off already: there no narrower range need be better.
    assert made.loss < plain.loss or scheme in ("mx6", "b1.58", "mxfp4@hadamard=16")


def test_clip_search_weighted_and_in_threads():
    weights = np.abs(rng.normal(size=W.shape))
    one = methods.clip_search(W, "int3s/16:binary16", norm=2, weights=weights)
    two = methods.clip_search(W, "int3s/16:binary16", norm=2, weights=weights, threads=2)
    np.testing.assert_array_equal(one.weight_q, two.weight_q)
    plain = methods.clip_search(W, "int3s/16:binary16", norm=2)

    def error(made):
        return (weights * (W - made.weight_q) ** 2).sum()

    assert error(one) < error(plain)
    rows = methods.clip_search(W, "int3s/16:binary16", norm=2, weights=np.diagonal(H))
    each = methods.clip_search(W, "int3s/16:binary16", norm=2, weights=np.repeat(np.diagonal(H)[:, None], 48, axis=1))
    np.testing.assert_array_equal(rows.weight_q, each.weight_q)
    nothing = methods.clip_search(np.zeros((4, 4)), "int3s/2:binary16")
    assert (nothing.weight_q == 0).all()
    assert (nothing.factors == 1).all()  # of equal errors the first


def test_nearest_weighs_by_h():
    made = methods.nearest(W, "int4s/16:binary16@search=mse", H, importance="h")
    expected = hu.quantize(W, "int4s/16:binary16@search=mse", axis=0, importance=np.diagonal(H))
    np.testing.assert_array_equal(made.quantized.codes, expected.codes)
    error = W - expected.dequantize()
    assert made.loss == pytest.approx(np.trace(error.T @ H @ error), rel=1e-10)
    assert methods.nearest(W, "mxfp4").loss == pytest.approx(((W - methods.nearest(W, "mxfp4").weight_q) ** 2).sum())


@pytest.mark.parametrize(
    "scheme",
    ["int4s/16:binary16", "nvfp4", "mxfp4", "mx9", "e4m3fn", "nf4_64", "int4/16:binary16@zero_point",
     "uint4/16:binary16@recipe=torch_ao,zero_point", "e2m1fn/16x16:e4m3fn/tensor:binary32", "posit8_1/channel:binary16",
     "nf4/64:binary32@recipe=bitsandbytes,flat", "mxfp4@recipe=llama_cpp"],
)  # fmt: skip
def test_under_its_own_scales_nothing_changes(scheme):
    plain = methods.nearest(W, scheme).quantized
    again = methods.under_scales(W, plain)
    np.testing.assert_array_equal(again.codes, plain.codes)
    np.testing.assert_array_equal(again.dequantize(), plain.dequantize())
    assert again.saturated == plain.saturated


def test_under_scales_is_the_contracts_quotient():
    """x ÷ scale, exact, to the nearest member, ties to the even code: by Fractions."""
    plain = methods.nearest(W, "e2m1fn/16:binary16").quantized
    x = rng.normal(size=W.shape) * 2
    x[0, 0] = 1.25 * plain.scales[0][0, 0]  # a tie
    made = methods.under_scales(x, plain)
    members = [(Fraction(float(hu.decode(np.uint8(c), "e2m1fn"))), c) for c in range(16)]
    for (i, j), code in np.ndenumerate(made.codes[:20]):
        q = Fraction(x[i, j]) / Fraction(float(plain.scales[0][i // 16, j]))
        least = min(abs(q - m) for m, _ in members)
        allowed = [c for m, c in members if abs(q - m) == least]
        if len(allowed) > 1 and q != 0:
            allowed = [c for c in allowed if c % 2 == 0]
        assert int(code) in allowed


def test_under_scales_refuses_what_keeps_more_than_scales():
    for scheme in ("b1.58", "pm1/16:binary16", "nvfp4@recipe=nvfp4_te"):
        with pytest.raises(ValueError, match="ask for nothing but the scales"):
            methods.under_scales(W, methods.nearest(W, scheme).quantized)
    with pytest.raises(TypeError, match="like is a str"):
        methods.under_scales(W, "mxfp4")
    with pytest.raises(ValueError, match=r"x has shape \(69, 48\), allowed: \(70, 48\)"):
        methods.under_scales(W[1:], methods.nearest(W, "mxfp4").quantized)


def test_power_of_two_scales():
    s = np.exp(rng.uniform(-20, 20, size=(6, 50)))
    s[0, :5] = [0, 1, 2, 2**-1074, np.nextafter(4, 5)]
    m1 = methods.power_of_two_scales(s)
    live = s > 0
    assert (np.frexp(m1[live])[0] == 0.5).all()
    assert ((m1 >= s) & (m1[live].min() > 0)).all()
    assert (m1[live] / 2 < s[live]).all()
    assert m1[0, :5].tolist() == [0, 1, 2, 2**-1074, 8]
    m2 = methods.power_of_two_scales(s[1:], "m2", group=8)
    for first in range(0, 50, 8):
        part, made = s[1:, first : first + 8], m2[:, first : first + 8]
        top = part.max(axis=1, keepdims=True)
        assert (np.frexp(top / made)[0] == 0.5).all()
        assert (made <= part).all()
        assert (made > part / 2).all()
        assert (made.max(axis=1) == top[:, 0]).all()
    up = methods.power_of_two_scales(s[1:], "m2", rounding="floor")
    assert (up >= s[1:]).all()
    assert (up < 2 * s[1:]).all()
    near = methods.power_of_two_scales(np.array([1.4, 1.42, 5.6, 5.7]), rounding="nearest")
    assert near.tolist() == [1, 2, 4, 8]
    exact = 3.3 / 2.0 ** np.arange(5)
    np.testing.assert_array_equal(methods.power_of_two_scales(exact, "m2"), exact)


@pytest.mark.parametrize("constraint", ["m1", "m2"])
def test_constrained_weights(constraint):
    made = methods.constrain_scales(W, "e2m1fn/16:binary32", constraint, H)
    wanted = methods.power_of_two_scales(np.float64(hu.quantize(W, "e2m1fn/16:binary32", axis=0).scales[0]), constraint)
    np.testing.assert_array_equal(made.quantized.scales[0], wanted)
    np.testing.assert_array_equal(made.weight_q, made.quantized.dequantize())
    quotient = W / np.repeat(wanted, 16, axis=0)[:70]
    member = hu.round(quotient, "e2m1fn", overflow="sat_finite")
    assert (member * np.repeat(wanted, 16, axis=0)[:70] == made.weight_q).mean() > 0.999  # W / s is rounded here
    assert made.loss > made.nearest_loss
    e8m0 = methods.constrain_scales(W, "e2m1fn/16:e8m0fnu", "m1")
    assert e8m0.loss == e8m0.nearest_loss
    with pytest.raises(ValueError, match="allowed: scales in a format that holds 65536"):
        methods.constrain_scales(W * 1e9, "e2m1fn/16:binary16", "m1")
    with pytest.raises(ValueError, match="allowed: one level of scales"):
        methods.constrain_scales(W, "nvfp4", constraint)


def test_low_bit_conversions():
    plain = methods.ternary(W, H)
    np.testing.assert_array_equal(plain.weight_q, hu.quantize(W, "b1.58").dequantize())
    assert methods.ternary(W, H, group=16, scale="binary16", recipe="twn").loss < plain.loss
    trained = methods.trained_ternary(W)
    assert len(np.unique(trained.weight_q)) == 3
    np.testing.assert_array_equal(trained.weight_q, trained.quantized.dequantize())
    losses = [methods.complex_phases(W, H, stages=n).loss for n in (1, 2, 3)]
    assert losses[0] > losses[1] > losses[2]
    made = methods.complex_phases(W, stages=2)
    np.testing.assert_array_equal(made.weight_q, made.quantized.dequantize())
    u, v = hu.phase.to_widely_linear(np.ascontiguousarray(W.T))
    quantized = [hu.phase.residual_quantize(p, 2, "pm1_pmi/tensor:binary32").dequantize(np.complex128) for p in (u, v)]
    np.testing.assert_array_equal(made.weight_q, hu.phase.from_widely_linear(*quantized).T)
    with pytest.raises(ValueError, match="allowed: both even"):
        methods.complex_phases(W[:69])


def test_carriers_are_the_numbers_that_they_hold():
    """float16, bfloat16, integers and lists: what their float64 gives."""
    bfloat16 = pytest.importorskip("ml_dtypes").bfloat16
    for x in (W.astype(np.float16), W.astype(bfloat16), np.rint(W).astype(np.int8), W.astype(np.float32).tolist()):
        same = np.asarray(x).astype(np.float64)
        made, expected = methods.nearest(x, "mxfp4", H), methods.nearest(same, "mxfp4", H)
        np.testing.assert_array_equal(made.weight_q, expected.weight_q)
        assert made.loss == expected.loss


def test_wrong_arguments():
    cases = [
        (lambda: methods.clip_search(W, "mxfp4", grid=0), ValueError, "grid is 0"),
        (lambda: methods.clip_search(W, "mxfp4", norm=0), ValueError, "norm is 0"),
        (lambda: methods.clip_search(W, "mxfp4", weights=np.ones(3)), ValueError, "weights has shape"),
        (lambda: methods.clip_search(W, "mxfp4", weights=-np.ones(70)), ValueError, "weights holds -1"),
        (lambda: methods.nearest(W, "mxfp4@search=mse", importance="h"), ValueError, "importance is 'h'"),
        (lambda: methods.nearest(W.astype(str), "mxfp4"), TypeError, "allowed"),
        (lambda: methods.nearest(W, "int4s/64:binary32@search=mse,flat", importance=W[0]), ValueError, "without flat"),
        (lambda: methods.power_of_two_scales([-1.0]), ValueError, "scales holds -1"),
        (lambda: methods.power_of_two_scales([1.0], "m3"), ValueError, "constraint is 'm3'"),
    ]  # fmt: skip
    for call, kind, message in cases:
        with pytest.raises(kind, match=message):
            call()
