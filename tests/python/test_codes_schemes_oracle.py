"""Schemes whose elements are integers, fixed point, posits or codebooks give the exact oracle's bits."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import code_oracle as codes
import halfulp as hu
import numpy as np
import pytest
from oracle import DETERMINISTIC, NAN, STOCHASTIC, NoNaN, from_float
from test_codes_oracle import BITS, CARRIER_FORMAT, CARRIERS, pair

ELEMENTS = [
    "int2",
    "int4",
    "int4s",
    "int8",
    "int8s",
    "int3",
    "uint4",
    "uint8",
    "q2.6",
    "q2.6s",
    "q4.4",
    "q1.15",
    "int16s",
]
ELEMENTS += ["posit8_2", "posit8_0", "posit5_1", "posit16_2", "hif8"]
ELEMENTS += ["nf2", "nf3", "nf4", "nf5", "af4", "fp4_bnb", "iq4_nl", "dynamic8", "dynamic8u", "dynamic4"]
ELEMENTS += ["pot4", "apot4", "apot5", "sqrt2pot4", "ternary", "pm1"]

LEVELS = [
    "/32:e8m0fnu",
    "/64:binary32",
    "/5:e8m0fnu",
    "/7:binary32",
    "/128:binary16",
    "/channel:binary32",
    "/tensor:binary32",
    "/16:e4m3fn/tensor:binary32",
    "/4:e4m3fn/tensor:binary32",
    "/4x3:binary32",
    "/2x8:e8m0fnu",
    "/3:binary16/4:binary32",
    "/4:e4m3fn/tensor:e8m0fnu",
    "/4:e3m2f",
    "/6:binary64",
    "",
]
SHAPES = [(35,), (3, 14), (1,), (2, 3, 7), (9, 5), (2, 33), (4, 0), (5, 1)]


def levels_of(text: str) -> tuple[codes.Level, ...]:
    return codes.parse_levels(text)


def bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(array.shape).view(BITS[array.dtype.itemsize])


def assert_same_bits(got: np.ndarray, want: list[int], what: str) -> None:
    """NaNs as a class."""
    flat = np.asarray(got).reshape(-1)
    expected = np.array(want, dtype=BITS[flat.dtype.itemsize])
    both = np.isnan(flat.astype(np.float64)) & np.isnan(expected.view(flat.dtype).astype(np.float64))
    wrong = np.flatnonzero((bits(flat) != expected) & ~both)
    rows = [f"[{i}] {float(flat[i])}, not {float(expected.view(flat.dtype)[i])}" for i in wrong[:4]]
    assert not len(wrong), f"{what}: {len(wrong)} differ: " + "; ".join(rows)


def check(
    x: np.ndarray,
    name: str,
    levels: str,
    *,
    axis: int = -1,
    channel_axis: int = 0,
    rounding: str = "nearest_ties_to_even",
    nan: str = "raise",
    random_bits: int = 32,
    rng: tuple[int, int, int] | None = None,
    random: np.ndarray | None = None,
    threads: int = 1,
) -> None:
    """Everything that quantize, dequantize and fake_quantize say about x, against the oracle."""
    element, format_ = pair(name)
    text = str(format_) + levels
    carrier = x.dtype.name
    levels_ = levels_of(levels)
    what = f"{text} {carrier} {x.shape} axis={axis} {channel_axis} {rounding} nan={nan}"
    if x.size <= 48:
        what += f" x={x.astype(np.float64).tolist()}"

    def call() -> dict[str, object]:
        options: dict[str, object] = {
            "axis": axis,
            "channel_axis": channel_axis,
            "rounding": rounding,
            "nan": nan,
            "threads": threads,
        }
        if rng is not None:
            options["rng"] = hu.Rng(rng[0], stream=rng[1], offset=rng[2])
        if random is not None:
            options["random"] = random
        if rng is not None or random is not None:
            options["random_bits"] = random_bits
        return options

    values = [from_float(float(v)) for v in x.reshape(-1)]
    draws = {"n": random_bits, "rng": rng, "random": None if random is None else random.reshape(-1).tolist()}
    try:
        want = codes.quantize(
            values, x.shape, element, levels_, axis=axis, channel_axis=channel_axis, rounding=rounding, nan=nan, **draws
        )
    except NoNaN:
        with pytest.raises(ValueError, match="nan is 'raise'") as error:
            hu.quantize(x, text, **call())
        named = re.search(r"x\[(\d+)\]", str(error.value))
        assert named is not None, what
        assert not np.isfinite(float(x.reshape(-1)[int(named[1])])), what
        return
    if nan != "keep":
        q = hu.quantize(x, text, **call())
        assert len(q.scale_codes) == len(levels_), what
        for level, (got, expected) in enumerate(zip(q.scale_codes, want.scale_codes, strict=True)):
            assert np.shape(got) == want.scale_shapes[level], f"shape of scales {level}: {what}"
            assert np.asarray(got).reshape(-1).tolist() == expected, f"scales of level {level}: {what}"
        assert q.codes.dtype == format_.code_dtype, what
        assert q.codes.shape == x.shape, what
        assert q.codes.reshape(-1).tolist() == want.codes, f"codes: {what}"
        assert (q.zero_scales, q.saturated) == (want.zero_scales, want.saturated), f"(zero_scales, saturated): {what}"
        for to in ("float64" if carrier == "float64" else "float32", "bfloat16" if carrier == "float16" else "float16"):
            exact = codes.dequantize(want, x.shape, element, levels_, axis, channel_axis, CARRIER_FORMAT[to])
            assert_same_bits(q.dequantize(CARRIERS[to], threads=threads), exact, f"dequantize to {to}: {what}")
        default = q.dequantize()
        assert default.dtype == (np.float64 if carrier == "float64" else np.float32), what
    if codes.held_by(element, CARRIER_FORMAT[carrier]):
        exact = codes.dequantize(want, x.shape, element, levels_, axis, channel_axis, CARRIER_FORMAT[carrier])
        kept = bits(x).reshape(-1).tolist()
        exact = [own if keep else value for own, value, keep in zip(kept, exact, want.kept, strict=True)]
        fake = np.asarray(hu.fake_quantize(x, text, **call()))
        assert fake.dtype == x.dtype, what
        assert_same_bits(fake, exact, f"fake_quantize: {what}")
    else:
        with pytest.raises(TypeError):
            hu.fake_quantize(x, text, **call())


def members(element: codes.Format) -> list[Fraction]:
    """Finite members and midpoints, not too many."""
    every = element.codes()
    step = max(1, (every[-1] - every[0]) // 64)
    values = sorted({codes.finite(v) for v in map(element.value, [*every[::step], every[-1]]) if v != NAN})
    return values + [(a + b) / 2 for a, b in pairwise(values)]


def awkward(
    seed: int, name: str, levels: str, shape: tuple[int, ...], carrier: str, nonfinite: bool = False
) -> np.ndarray:
    """Normal numbers of any size, members and midpoints under a scale, groups of zeros, huge and tiny numbers."""
    rng = np.random.default_rng([seed, len(name), len(levels)])
    dtype = np.dtype(CARRIERS[carrier])
    kind = seed % 4
    reach = 4 if carrier == "float16" else 20
    with np.errstate(all="ignore"):
        if kind == 0:
            x = rng.standard_normal(shape) * 2.0 ** rng.integers(-reach, reach, size=(*shape[:-1], 1))
        elif kind == 1:
            x = rng.integers(0, 2**63, size=shape, dtype=np.uint64).astype(BITS[dtype.itemsize]).view(dtype)
            x = x.astype(np.float64) * rng.choice([1.0, -1.0], size=shape)
        else:
            element = pair(name)[0]
            grid = [float(v) for v in members(element)]
            scale = 1.0 if not levels else float(rng.choice([1.0, 2.0**-3, 0.7, 1.5, 2.0**7]))
            x = rng.choice(grid, size=shape) * scale
            if x.size and kind == 2:  # the group's largest is the element format's, so the scale is what it was
                x.reshape(-1)[:: max(1, x.size // 4)] = float(element.reach) * scale
        x = x.astype(dtype)
        x = np.where(np.isfinite(x.astype(np.float64)), x, dtype.type(-0.0)).astype(dtype)
        zeros = rng.random(shape)
        x = np.where(zeros < 0.1, dtype.type(0), np.where(zeros < 0.15, dtype.type(-0.0), x)).astype(dtype)
        if shape[0] > 1 and len(shape) > 1 and seed % 3 == 0:
            x[-1] = 0
        if nonfinite:
            picks = rng.random(shape)
            for limit, value in ((0.04, np.nan), (0.08, np.inf), (0.12, -np.inf)):
                x = np.where((picks < limit) & (picks >= limit - 0.04), dtype.type(value), x).astype(dtype)
    return x.reshape(shape)


def by_largest(name: str, levels: str) -> bool:
    """Scales from largest magnitudes. One level over ternary and binary elements has means instead."""
    parsed = levels_of(levels)
    return name not in ("ternary", "pm1") or len(parsed) != 1 or not parsed[0].scale.has_zero


def fits(name: str, levels: str, shape: tuple[int, ...]) -> bool:
    return by_largest(name, levels) and (len(shape) > 1 or not re.match(r"/\d+x\d+:", levels))


def cases(name: str, levels: str, count: int, nonfinite: bool = False) -> list[tuple[np.ndarray, int, int]]:
    """(x, axis, channel axis): shapes, carriers, axes and kinds of data, each in turn."""
    first = ELEMENTS.index(name) + 3 * LEVELS.index(levels)
    found = []
    for seed in range(first, first + count):
        shape = SHAPES[seed % len(SHAPES)]
        if fits(name, levels, shape):
            carrier = list(CARRIERS)[(seed // 2 + first) % 4]
            axis = seed % len(shape) - (len(shape) if seed % 2 else 0)
            found.append((awkward(seed, name, levels, shape, carrier, nonfinite), axis, (seed // 3) % len(shape)))
    return found


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("name", ELEMENTS)
def test_every_element_under_every_kind_of_scale(name: str, levels: str) -> None:
    for x, axis, channel_axis in cases(name, levels, 3):
        check(x, name, levels, axis=axis, channel_axis=channel_axis)


@pytest.mark.parametrize("name", ELEMENTS)
def test_nan_and_infinity(name: str) -> None:
    for i, levels in enumerate(LEVELS):
        for x, axis, channel_axis in cases(name, levels, 2, nonfinite=True):
            nan = ("raise", "to_max", "to_zero", "keep")[(i + x.ndim + len(name)) % 4]
            check(x, name, levels, axis=axis, channel_axis=channel_axis, nan=nan)


@pytest.mark.parametrize("nan", ["raise", "to_max", "to_zero", "keep"])
@pytest.mark.parametrize("name", ["int4", "q2.6s", "uint4", "nf4", "ternary", "pm1", "iq4_nl", "posit8_2", "hif8"])
def test_nan_policies_where_the_innermost_scale_has_no_nan_and_where_there_is_none(name: str, nan: str) -> None:
    x = np.array([0.5, np.nan, -1.0, 0.25, 1.0, np.inf, -np.inf, 0.0, 0, 0, np.nan, -0.0, 3, -2, 1, 0.125], np.float32)
    for levels in ("", "/4:e3m2f", "/4:e3m2f/tensor:binary32", "/4:binary32", "/4:e8m0fnu", "/tensor:e3m2f"):
        if by_largest(name, levels):
            check(x, name, levels, nan=nan)


@pytest.mark.parametrize("mode", [*DETERMINISTIC])
@pytest.mark.parametrize("name", ELEMENTS)
def test_modes_govern_the_elements(name: str, mode: str) -> None:
    turn = list(DETERMINISTIC).index(mode)
    levels = LEVELS[(turn + ELEMENTS.index(name)) % len(LEVELS)]
    for x, axis, channel_axis in cases(name, levels, 2):
        check(x, name, levels, axis=axis, channel_axis=channel_axis, rounding=mode)


@pytest.mark.parametrize("mode", STOCHASTIC)
@pytest.mark.parametrize("name", ELEMENTS)
def test_stochastic_elements_draw_the_words_of_their_places(name: str, mode: str) -> None:
    turn = STOCHASTIC.index(mode)
    for k, n in enumerate((32, 1, 7)):
        levels = LEVELS[(turn + 3 * k + ELEMENTS.index(name)) % len(LEVELS)]
        for x, axis, channel_axis in cases(name, levels, 1):
            rng = (7 + turn, 3 * k, (0, 5, 2**33 + 1)[k])
            check(x, name, levels, axis=axis, channel_axis=channel_axis, rounding=mode, random_bits=n, rng=rng)
            random = np.random.default_rng(n).integers(0, 1 << n, size=x.shape, dtype=np.uint64).astype(np.uint32)
            check(x, name, levels, axis=axis, channel_axis=channel_axis, rounding=mode, random_bits=n, random=random)


LONG_ELEMENTS = ["int4s", "q2.6s", "nf4", "dynamic8", "posit8_2", "ternary", "pot4"]
LONG_LEVELS = ["/32:e8m0fnu", "/64:binary32", "/16:e4m3fn/tensor:binary32", "/channel:binary32"]


@pytest.mark.parametrize(
    ("name", "levels"), [(n, text) for text in LONG_LEVELS for n in LONG_ELEMENTS if by_largest(n, text)]
)
def test_long_rows_and_threads(name: str, levels: str) -> None:
    """Long enough for vector kernels with a rest, and for a split between threads."""
    x = np.random.default_rng(5).standard_normal((3, 203)).astype(np.float32)
    x[1, 64:128] = 0
    x[2] *= np.float32(2.0**-140)
    check(x, name, levels, threads=3)
    check(x.astype(np.float64).T.copy(), name, levels, axis=0, channel_axis=1)


@pytest.mark.parametrize("name", ["two", "odd_spacing", "without_zero", "negative", "positive", "unsorted"])
@pytest.mark.parametrize("levels", ["/32:e8m0fnu", "/5:binary32", "/tensor:binary32", "/4:e4m3fn/tensor:binary32"])
def test_ones_own_codebooks_as_elements(name: str, levels: str) -> None:
    rng = np.random.default_rng(len(name))
    for dtype in (np.float32, np.float64):
        x = (rng.standard_normal((3, 13)) * 9).astype(dtype)
        x[1] = 0
        x[2, 3] = -0.0
        check(x, name, levels)


# --- fixed cases
def test_mxint8_by_hand() -> None:
    # amax 1.99 has the exponent 0, the largest element 127/64 too: scale 1, and 1.99 rounds to 127/64.
    x = np.array([1.99, -2.0, 0.5, 1 / 128, 3 / 128, -1 / 64], dtype=np.float32)
    q = hu.quantize(x[[0, 2, 3, 4, 5]], "q2.6s/32:e8m0fnu")
    assert q.scale_codes[0].tolist() == [127]
    assert q.codes.tolist() == [127, 32, 0, 2, -1]
    assert q.codes.dtype == np.int8
    q = hu.quantize(x, "mxint8")
    assert q.scale_codes[0].tolist() == [128]
    assert q.codes.tolist() == [64, -64, 16, 0, 1, 0]  # 64 · 3/256 is 0.75, and a half of -1 ties to 0
    assert q.saturated == 0


def test_an_integer_block_divides_by_its_largest_positive_member() -> None:
    q = hu.quantize(np.float32([7, -7, 3.5, 0.5]), "int4s/4:binary32")
    assert q.scales[0].tolist() == [1.0]
    assert q.codes.tolist() == [7, -7, 4, 0]


def test_blocks_of_zeros_take_the_code_of_zero() -> None:
    zeros = np.float32([0.0, -0.0, 0.0])
    expected = {
        "nf4": 7,
        "int4": 0,
        "q2.6s": 0,
        "posit8_2": 0,
        "ternary": 1,
        "af4": 7,
        "dynamic8": 127,
        "pot4": 7,
        "hif8": 0,
    }
    for name, code in expected.items():
        for levels in ("/3:binary32", "/tensor:binary32", "/3:e4m3fn/tensor:binary32"):
            q = hu.quantize(zeros, name + levels)
            assert q.codes.tolist() == [code] * 3, name
            assert not np.signbit(q.dequantize()).any(), name
            assert (q.zero_scales, q.saturated) == (0, 0), name


def test_a_tie_of_nf4_takes_the_lower_value() -> None:
    table = [codes.finite(v) for v in pair("nf4")[0].numbers]
    middles = [(a + b) / 2 for a, b in pairwise(table)]
    x = np.array([float(m) for m in middles] + [1.0])
    assert all(Fraction(float(m)) == m for m in middles)
    assert hu.quantize(x, "nf4/16:binary32").codes.tolist() == [*range(15), 15]
    check(x, "nf4", "/16:binary32")


def test_published_names_are_their_levels() -> None:
    for name, text in {"mxint8": "q2.6s/32:e8m0fnu", "int4_g128": "int4s/128:binary16"}.items():
        x = np.random.default_rng(3).standard_normal(300).astype(np.float32)
        a, b = hu.quantize(x, name), hu.quantize(x, text)
        np.testing.assert_array_equal(a.codes, b.codes)
        np.testing.assert_array_equal(a.scale_codes[0], b.scale_codes[0])
        element, _, levels = text.partition("/")
        check(x[:140], element, "/" + levels)


def test_powers_of_two_over_posits_and_signed_ints_read_bits_alone() -> None:
    for exponent in (-126, -3, 0, 5, 100):
        top = np.float32(2.0**exponent)
        for amax in (top, np.nextafter(top, np.float32(0)), np.nextafter(top, np.float32(np.inf))):
            x = np.array([amax, amax / 3, -amax / 2, -amax, 0], dtype=np.float32)
            for name in ("q2.6s", "int8", "int4", "nf4", "posit8_0", "iq4_nl"):
                check(x, name, "/32:e8m0fnu")


def test_ternary_weights_by_their_mean() -> None:
    """Recipe paper: w / (mean|w| + 1e-5), both exact, to nearest even, clipped; the scale is the mean, rounded."""
    rng = np.random.default_rng(8)
    for size in (0.01, 1.0, 1e-6):
        x = (rng.standard_normal(97) * size).astype(np.float32)
        weights = [Fraction(float(v)) for v in x]
        mean = sum(map(abs, weights), Fraction(0)) / len(weights)
        q = hu.quantize(x, "b1.58")
        wanted = [min(1, max(-1, round(w / (mean + Fraction(1, 100000))))) + 1 for w in weights]  # round: ties to even
        assert q.codes.tolist() == wanted
        assert q.scales[0] == np.float32(float(mean)), size  # rounded twice, here without a difference
