"""The complex code {±1, ±i}: sectors by exact comparisons, scales, widely-linear pairs and products in Fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import halfulp as hu
import halfulp.phase
import numpy as np
import pytest

RNG = np.random.default_rng(19)
UNITS = {0: -1, 1: 1, 2: -1j, 3: 1j}
DTYPES = [np.complex64, np.complex128]


def sector(re: float, im: float) -> int:
    """By turning an eighth: the quadrants of (re + im, im - re)."""
    a, b = (Fraction(p) if math.isfinite(p) else int(math.copysign(1, p)) * Fraction(10**400) for p in (re, im))
    v, u = a + b, b - a
    if (v, u) == (0, 0):
        return 1
    if v >= 0 and u < 0:
        return 1
    if v > 0 and u >= 0:
        return 3
    if v <= 0 and u > 0:
        return 0
    return 2


def edges(dtype: Any) -> np.ndarray:
    part = np.dtype(dtype).type(0).real.dtype
    info = np.finfo(part)
    below, beyond = part.type(0), part.type(np.inf)
    sizes = [0, info.smallest_subnormal, info.tiny, 1, 1.5, info.max, np.inf, *RNG.lognormal(0, 10, 50)]
    found = []
    for size in np.array(sizes, dtype=part):
        with np.errstate(over="ignore", under="ignore"):
            neighbours = np.nextafter(size, beyond), np.nextafter(size, below)
        for other in (size, *neighbours, 0, 1):
            for a, b in ((size, other), (other, size)):
                found += [(s * a, t * b) for s in (1, -1) for t in (1, -1)]
    pairs = np.concatenate([np.array(found, dtype=part), RNG.normal(size=(500, 2)).astype(part)])
    return np.ascontiguousarray(pairs).view(dtype).reshape(-1)


def rounded(x: Fraction, dtype: Any) -> Any:
    """To nearest even, far from the ends of the range."""
    if x == 0:
        return np.dtype(dtype).type(0)
    sign, x = (-1 if x < 0 else 1), abs(x)
    precision = np.finfo(dtype).nmant + 1
    exponent = x.numerator.bit_length() - x.denominator.bit_length() - precision
    while x >= Fraction(2) ** (exponent + precision):
        exponent += 1
    while x < Fraction(2) ** (exponent + precision - 1):
        exponent -= 1
    whole = round(x / Fraction(2) ** exponent)  # ties to even
    return np.dtype(dtype).type(sign * math.ldexp(whole, exponent))


def means(x: np.ndarray) -> list[Any]:
    """s_re and s_im of one group, in binary32."""
    sums: list[list[Fraction]] = [[], []]
    for z in x.reshape(-1).tolist():
        imaginary = sector(z.real, z.imag) >> 1
        sums[imaginary].append(abs(Fraction(z.imag if imaginary else z.real)))
    return [rounded(sum(s, Fraction(0)) / len(s), np.float32) if s else np.float32(0) for s in sums]


def numbers(shape: Any, dtype: Any, spread: float = 1.0) -> np.ndarray:
    size = RNG.lognormal(0, spread, shape)
    return (size * (RNG.normal(size=shape) + 1j * RNG.normal(size=shape))).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
def test_codes_are_the_axis_nearest_in_angle(dtype: Any) -> None:
    x = edges(dtype)
    codes = hu.encode(x, "pm1_pmi")
    assert codes.dtype == np.uint8
    assert codes.tolist() == [sector(float(z.real), float(z.imag)) for z in x]
    values = hu.round(x, "pm1_pmi")
    assert values.dtype == dtype
    assert values.tolist() == [UNITS[c] for c in codes.tolist()]
    assert hu.decode(codes, "pm1_pmi", dtype).tolist() == values.tolist()
    assert hu.decode(codes, "pm1_pmi").dtype == np.complex64
    assert not np.signbit(values.real[values.real == 0]).any()
    assert not np.signbit(values.imag[values.imag == 0]).any()


def test_python_numbers_and_lists() -> None:
    assert hu.encode(1 + 1j, "pm1_pmi") == 3
    assert hu.round([-2 + 0.5j, 0j], "pm1_pmi").tolist() == [-1, 1]
    assert hu.decode([0, 1, 2, 3], "pm1_pmi").tolist() == [-1, 1, -1j, 1j]


def test_nan_follows_its_policy() -> None:
    x = np.array([1j, complex(math.nan, 1), complex(1, math.nan)], dtype=np.complex64)
    with pytest.raises(ValueError, match=r"x\[1\] has a part that is NaN"):
        hu.encode(x, "pm1_pmi")
    for policy in ("to_max", "to_zero"):
        assert hu.encode(x, "pm1_pmi", nan=policy).tolist() == [3, 1, 1]
    kept = hu.round(x, "pm1_pmi", nan="keep")
    assert kept[0] == 1j
    assert np.isnan(kept[1:].real).all()
    assert np.isnan(kept[1:].imag).all()
    with pytest.raises(ValueError, match="nan is 'keep'"):
        hu.encode(x, "pm1_pmi", nan="keep")


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"rounding": "toward_zero"}, "rounding is 'toward_zero', allowed for pm1_pmi"),
        ({"rounding": "stochastic_a", "rng": 1}, "rounding is 'stochastic_a', allowed for pm1_pmi"),
        ({"overflow": "sat_finite"}, "overflow is 'sat_finite', allowed for pm1_pmi: None"),
        ({"ftz": "before"}, "ftz is 'before'"),
        ({"rng": 7}, "rng is given"),
        ({"projection": "torch"}, "projection is 'torch'"),
        ({"projection": hu.Projection(rounding="to_odd")}, "rounding is 'to_odd'"),
    ],
)
def test_a_phase_has_one_rounding(keywords: dict[str, Any], message: str) -> None:
    x = np.ones(3, dtype=np.complex64)
    for call in (
        lambda: hu.encode(x, "pm1_pmi", **keywords),
        lambda: hu.round(x, "pm1_pmi", **keywords),
        lambda: hu.quantize(x, "pm1_pmi/tensor:binary32", **keywords),
        lambda: hu.fake_quantize(x, "pm1_pmi/2:binary32", **keywords),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_real_and_complex_numbers_do_not_mix() -> None:
    real, imaginary = np.ones(4, dtype=np.float32), np.ones(4, dtype=np.complex64)
    for call in (hu.encode, hu.round, hu.quantize, hu.fake_quantize):
        with pytest.raises(TypeError, match="x has dtype float32, allowed for pm1_pmi: complex64, complex128"):
            call(real, "pm1_pmi")
        with pytest.raises(TypeError, match=r"x has dtype complex64, allowed: real numbers"):
            call(imaginary, "e4m3fn")
    with pytest.raises(TypeError, match=r"dtype is .*float32.*, allowed for pm1_pmi"):
        hu.decode([0, 1], "pm1_pmi", np.float32)
    with pytest.raises(ValueError, match=r"codes.* 4, allowed: 0 to 3"):
        hu.decode([0, 4], "pm1_pmi")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spread", [0.1, 12.0])
def test_scales_are_exact_means_of_each_class(dtype: Any, spread: float) -> None:
    x = numbers((6, 10, 9), dtype, spread)
    expected_codes = [sector(float(z.real), float(z.imag)) for z in x.reshape(-1)]
    cases: list[tuple[str, dict[str, int], Any]] = [
        ("tensor", {}, np.array(means(x))),
        ("channel", {}, np.array([means(x[i]) for i in range(6)])),
        ("channel", {"channel_axis": 1}, np.array([means(x[:, i]) for i in range(10)])),
        ("4", {}, np.array([[[means(x[i, j, k : k + 4]) for k in (0, 4, 8)] for j in range(10)] for i in range(6)])),
        ("4", {"axis": 1}, np.array([[[means(row[k : k + 4, j]) for j in range(9)] for k in (0, 4, 8)] for row in x])),
    ]
    for group, keywords, scales in cases:
        q = hu.quantize(x, f"pm1_pmi/{group}:binary32", **keywords)
        assert q.codes.shape == x.shape
        assert q.codes.reshape(-1).tolist() == expected_codes
        assert q.scales[0].shape == scales.shape
        assert q.scales[0].tolist() == scales.tolist()
        along = keywords.get("axis", keywords.get("channel_axis", 0 if group == "channel" else 2))
        spread_out = {
            "tensor": lambda s: s,
            "channel": lambda s, a=along: s.reshape([-1 if k == a else 1 for k in range(3)]),
            "4": lambda s, a=along: np.repeat(s, 4, axis=a).take(np.arange(x.shape[a]), axis=a),
        }[group]
        re, im = spread_out(scales[..., 0]), spread_out(scales[..., 1])
        unit = np.array([UNITS[c] for c in expected_codes]).reshape(x.shape)
        values = unit.real * re + 1j * (unit.imag * im)
        assert (q.dequantize() == values.astype(dtype)).all()
        assert q.dequantize().dtype == dtype
        assert (hu.fake_quantize(x, f"pm1_pmi/{group}:binary32", **keywords) == values.astype(dtype)).all()
        assert q.zero_scales == 0
        assert q.bits == 2 * x.size + 32 * scales.size
        assert q.bits_per_real == q.bits_per_element / 2
        packed = q.pack()
        assert hu.unpack(packed.codes, 2, x.size).tolist() == expected_codes
        assert packed.codes.nbytes + packed.scales[0].nbytes == q.nbytes


def test_a_class_without_elements_and_the_least_scale() -> None:
    x = np.array([1e-7, -1e-7, 0], dtype=np.complex64)
    assert hu.quantize(x, "pm1_pmi/tensor:binary32").scales[0].tolist() == means(x)
    assert hu.quantize(x, "pm1_pmi/tensor:binary32").scales[0][1] == 0
    q = hu.quantize(x, "pm1_pmi/tensor:binary32@recipe=fairy2i")
    assert q.scales[0].tolist() == [np.float32(1e-6)] * 2
    assert q.scheme.name == "pm1_pmi/tensor:binary32@recipe=fairy2i"
    assert hu.quantize(x, "pm1_pmi/tensor:e4m3fn").zero_scales == 1
    empty = hu.quantize(np.empty((0, 3), dtype=np.complex64), "pm1_pmi/2:binary16")
    assert empty.scales[0].shape == (0, 2, 2)
    assert empty.dequantize().shape == (0, 3)


def test_scales_are_rounded_by_the_mode_asked_for() -> None:
    x = np.array([1, 1 + 2**-11 + 0j], dtype=np.complex64)  # the mean lies a quarter of a binary16 step above 1
    scale = {mode: hu.quantize(x, "pm1_pmi/tensor:binary16", scale_rounding=mode).scales[0][0] for mode in
             ("nearest_ties_to_even", "toward_positive", "toward_zero")}  # fmt: skip
    assert scale == {"nearest_ties_to_even": 1, "toward_positive": 1 + 2**-10, "toward_zero": 1}
    with pytest.raises(ValueError, match="scale_rounding is 'stochastic_a'"):
        hu.quantize(x, "pm1_pmi/tensor:binary16", scale_rounding="stochastic_a")


def test_a_group_that_holds_no_numbers_has_nan_scales() -> None:
    x = np.array([[1, 2j], [complex(np.inf, 1), 1]], dtype=np.complex64)
    q = hu.quantize(x, "pm1_pmi/channel:binary32")
    assert q.codes.tolist() == [[1, 3], [1, 1]]
    assert q.scales[0][0].tolist() == [1, 2]
    assert np.isnan(q.scales[0][1]).all()
    assert np.isnan(q.dequantize()[1]).all()
    with pytest.raises(ValueError, match=r"x\[2\] has a part that is NaN"):
        hu.quantize(x, "pm1_pmi/channel:e2m1fn")
    assert hu.quantize(x, "pm1_pmi/channel:e2m1fn", nan="to_max").scales[0].tolist() == [[1, 2], [1, 0]]


@pytest.mark.parametrize(
    "text", ["pm1_pmi", "pm1_pmi/tensor:binary32", "pm1_pmi/channel:binary32", "pm1_pmi/3:binary16"]
)
def test_out_and_strided_input(text: str) -> None:
    x = numbers((4, 12), np.complex64)
    expected = hu.fake_quantize(np.ascontiguousarray(x[:, ::2]), text)
    assert (hu.fake_quantize(x[:, ::2], text) == expected).all()
    out = np.empty((4, 6), dtype=np.complex64)
    assert hu.fake_quantize(x[:, ::2], text, out=out) is out
    assert (out == expected).all()
    y = x[:, ::2].copy()
    hu.fake_quantize(y, text, out=y, axis=0)
    assert (y == hu.fake_quantize(np.ascontiguousarray(x[:, ::2]), text, axis=0)).all()
    for threads in (1, 3):
        assert (hu.quantize(x[:, ::2], text, threads=threads).dequantize() == expected).all()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("pm1_pmi/0:binary32", "has the group '0'"),
        ("pm1_pmi/2x2:binary32", "has the group '2x2'"),
        ("pm1_pmi/tensor", "one level of scales"),
        ("pm1_pmi/4:binary16/tensor:binary32", "one level of scales"),
        ("pm1_pmi/tensor:int8", "allowed for pm1_pmi: a float format"),
        ("pm1_pmi/tensor:binary32@search=mse", "allowed for pm1_pmi: recipe=fairy2i"),
        ("pm1_pmi@recipe=fairy2i", "has a recipe but no scales"),
    ],
)
def test_schemes_that_are_none(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hu.quantize(np.ones(4, dtype=np.complex64), text)


@pytest.mark.parametrize("dtype", DTYPES)
def test_residual_stages(dtype: Any) -> None:
    x = numbers((5, 40), dtype)
    q = hu.phase.residual_quantize(x, 2, "pm1_pmi/channel:binary32")
    assert q.codes.shape == (2, 5, 40)
    assert q.scales[0].shape == (2, 5, 2)
    first = hu.quantize(x, "pm1_pmi/channel:binary32")
    second = hu.quantize(x - first.dequantize(), "pm1_pmi/channel:binary32")
    assert q.codes.tolist() == [first.codes.tolist(), second.codes.tolist()]
    assert q.scales[0].tolist() == [first.scales[0].tolist(), second.scales[0].tolist()]
    part = np.dtype(dtype).type(0).real.dtype
    values = (quantized.dequantize().reshape(-1) for quantized in (q, first, second))
    for got, a, b in zip(*values, strict=True):
        assert got.real == rounded(Fraction(float(a.real)) + Fraction(float(b.real)), part)
        assert got.imag == rounded(Fraction(float(a.imag)) + Fraction(float(b.imag)), part)
    assert q.bits_per_real == pytest.approx(2 + 32 * 2 * 2 / 80)
    assert np.abs(q.dequantize() - x).mean() < np.abs(first.dequantize() - x).mean()
    with pytest.raises(ValueError, match="stages is 5, allowed: 1 to 4"):
        hu.phase.residual_quantize(x, 5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_widely_linear_pairs_are_the_real_matrix(dtype: Any) -> None:
    matrix = (RNG.integers(-1000, 1000, (6, 10)) / 16).astype(dtype)
    u, w = hu.phase.to_widely_linear(matrix)
    assert u.shape == w.shape == (3, 5)
    a, b = RNG.integers(-50, 50, 5), RNG.integers(-50, 50, 5)
    y = u @ (a + 1j * b) + w @ (a - 1j * b)  # small integers and sixteenths: exact in binary64
    real = matrix.astype(np.float64) @ np.concatenate([a, b])
    assert np.concatenate([y.real, y.imag]).tolist() == real.tolist()
    assert (hu.phase.from_widely_linear(u, w) == matrix).all()
    matrix = RNG.normal(size=(4, 6)).astype(dtype)
    u, w = hu.phase.to_widely_linear(matrix)
    for i in range(2):
        for j in range(3):
            places = ((i, j), (i, j + 3), (i + 2, j), (i + 2, j + 3))
            r11, r12, r21, r22 = (Fraction(float(matrix[place])) for place in places)
            assert u[i, j] == complex(rounded((r11 + r22) / 2, dtype), rounded((r21 - r12) / 2, dtype))
            assert w[i, j] == complex(rounded((r11 - r22) / 2, dtype), rounded((r12 + r21) / 2, dtype))
    with pytest.raises(ValueError, match=r"matrix has shape \(3, 6\)"):
        hu.phase.to_widely_linear(matrix[:3])
    with pytest.raises(TypeError, match="matrix has dtype complex64"):
        hu.phase.to_widely_linear(np.ones((2, 2), dtype=np.complex64))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("text", ["pm1_pmi/tensor:binary32", "pm1_pmi/channel:binary32", "pm1_pmi/7:binary16"])
def test_products(dtype: Any, text: str) -> None:
    q = hu.quantize(numbers((5, 33), np.complex128), text)
    w = q.dequantize()
    x = numbers(33, dtype, 3)
    part = np.dtype(dtype).type(0).real.dtype
    for conjugate in (False, True):
        y = hu.phase.matvec(q, x, conjugate=conjugate)
        assert y.dtype == dtype
        for row, got in zip(w, y, strict=True):
            terms = [
                tuple(map(Fraction, (c.real, c.imag, z.real, -z.imag if conjugate else z.imag)))
                for c, z in zip(row.tolist(), x.tolist(), strict=True)
            ]
            assert got.real == rounded(sum((a * p - b * r for a, b, p, r in terms), Fraction(0)), part)
            assert got.imag == rounded(sum((a * r + b * p for a, b, p, r in terms), Fraction(0)), part)
        near = hu.phase.matvec(q, x, conjugate=conjugate, accumulate="sequential")
        np.testing.assert_allclose(near, y, rtol=2e-5, atol=1e-4 * np.abs(y).max())


def test_products_with_integers_equal_numpys() -> None:
    q = hu.quantize(RNG.choice([1, -1, 1j, -1j], (16, 64)).astype(np.complex64), "pm1_pmi/tensor:binary32")
    assert q.scales[0].tolist() == [1, 1]
    x = (RNG.integers(-127, 128, 64) + 1j * RNG.integers(-127, 128, 64)).astype(np.complex64)
    for accumulate in ("exact", "sequential"):
        for threads in (1, 3):
            assert (hu.phase.matvec(q, x, accumulate=accumulate, threads=threads) == q.dequantize() @ x).all()
            conjugated = hu.phase.matvec(q, x, conjugate=True, accumulate=accumulate, threads=threads)
            assert (conjugated == q.dequantize() @ x.conj()).all()
    with pytest.raises(ValueError, match=r"x has shape \(63,\), allowed: \(64,\)"):
        hu.phase.matvec(q, x[:63])
    with pytest.raises(ValueError, match="accumulate is 'fp32'"):
        hu.phase.matvec(q, x, accumulate="fp32")


def test_where_binary32_angles_differ() -> None:
    size = RNG.uniform(0.5, 4, 2000).astype(np.float32)
    above, below = np.nextafter(size, np.float32(np.inf)), np.nextafter(size, np.float32(0))
    for re, im, exact, angle in (
        (-size, above, {3}, {0}),  # always: one ulp before the second quadrant's diagonal
        (-size, -below, {0}, {2}),  # always: one ulp before the third one's
        (size, -above, {2}, {1, 2}),  # some
        (size, above, {3}, {3}),
        (size, below, {1}, {1}),
        (-size, below, {0}, {0}),
        (-size, -above, {2}, {2}),
        (size, -below, {1}, {1}),
    ):
        x = re + 1j * im.astype(np.complex64)
        assert set(hu.phase.encode(x).tolist()) == exact
        assert set(hu.phase.encode(x, rule="atan2_fp32").tolist()) == angle
    zeros = np.array([complex(0.0, 0.0), complex(0.0, -0.0), complex(-0.0, 0.0), complex(-0.0, -0.0)])
    assert hu.phase.encode(zeros).tolist() == [1, 1, 1, 1]
    assert hu.phase.encode(zeros, rule="atan2_fp32").tolist() == [1, 1, 0, 0]
    x = numbers(100_000, np.complex64)
    assert (hu.phase.encode(x) == hu.phase.encode(x, rule="atan2_fp32")).all()
    angles = np.arctan2(x.imag.astype(np.float64), x.real.astype(np.float64))
    assert (hu.phase.encode(x) == np.array([1, 3, 0, 2])[np.floor(angles / (np.pi / 2) + 0.5).astype(int) % 4]).all()
    with pytest.raises(ValueError, match="rule is 'fp32', allowed: exact, atan2_fp32"):
        hu.phase.encode(x, rule="fp32")


def test_ifairys_byte_orders() -> None:
    codes = RNG.integers(0, 4, 512).astype(np.uint8)
    for order, byte, shift in (
        ("by_64", lambda i: 16 * (i // 64) + i % 16, lambda i: 2 * (i // 16 % 4)),
        ("by_128", lambda i: 32 * (i // 128) + i % 32, lambda i: 2 * (i // 32 % 4)),
    ):
        expected = np.zeros(128, dtype=np.uint8)
        for i in range(512):
            expected[64 * (i // 256) + byte(i % 256)] |= codes[i] << shift(i % 256)
        packed = hu.phase.pack_ifairy(codes, order)
        assert packed.tolist() == expected.tolist()
        assert hu.phase.unpack_ifairy(packed, order).tolist() == codes.tolist()
    with pytest.raises(ValueError, match="codes has 255 elements, allowed: a multiple of 256"):
        hu.phase.pack_ifairy(codes[:255])
