"""quantize, dequantize and fake_quantize give the exact oracle's bits, over schemes, carriers and awkward data."""

from __future__ import annotations

import re
from fractions import Fraction

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
import scheme_oracle as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from test_grammar import shapes

CARRIERS = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "float64": np.float64}
CARRIER_FORMAT = {"float16": "binary16", "bfloat16": "bfloat16", "float32": "binary32", "float64": "binary64"}
BITS = {2: np.uint16, 4: np.uint32, 8: np.uint64}

SCHEMES = [
    "mxfp4",
    "mxfp6_e3m2",
    "mxfp6_e2m3",
    "mxfp8_e4m3",
    "mxfp8_e5m2",
    "nvfp4",
    "e2m1fn/16:e4m3fn/tensor:binary32",
    "e3m2f/8:bfloat16",
    "e4m3fn/tensor:binary32",
    "e4m3/tensor:binary64",
    "e2m1fn/7:e5m3fnu/3:binary16",
    "e2m1fn/16:e4m3fnu",
    "e5m2/4:e8m0fnu",
    "binary16/3:binary64",
    "e4m3fnuz/5:e4m3fn",
    "e5m2fnuz/4:binary16/2:binary16",
    # the innermost scale has no NaN: NaN and infinity follow nan=
    "e2m1fn/4:e3m2f",
    "e4m3fn/3:e5m2f/2:bfloat16",
    "e5m2/3:e2m3fn",
    "e2m1fn/4:e4m0fu",
    # unsigned elements, elements without a zero, without subnormals, of precision one
    "e4m3fnu/4:e8m0fnu",
    "e5m3fnu/3:binary32",
    "e8m0fnu/4:binary32",
    "e3m0fnu/4:e8m0fnu",
    "e4m3u/4:bfloat16",
    "e4m3fn_nosub/4:e8m0fnu",
    "e3m2f_nosub/4:e4m3fn_nosub/tensor:binary32",
    "e4m0f/8:e8m0fnu",
    "e3m0f/4:e4m3fn",
    "e3m0f_nosub/4:e3m0f",
    "e1m2f/4:e8m0fnu",
    "e1m3fnuz/4:binary16",
    "Binary8p3se/4:e8m0fnu",
    "Binary6p3sf/4:Binary8p3ue/tensor:binary32",
    "Binary8p1uf/4:Binary8p1ue",
    # power-of-two scales outside other levels, and short or shifted ones that clamp
    "e2m1fn/4:e4m3fn/tensor:e8m0fnu",
    "e2m1fn/4:e4m3fn/3:e5m3fnu/2:e8m0fnu",
    "e2m1fn/4:e3m0fnu",
    "e2m1fn/4:e5m0b40fnu",
    # powers of two inside powers of two: shared microexponents, and any others
    "mx9",
    "mx6",
    "mx4",
    "msfp12",
    "e2m1fn/4:e8m0fnu/3:e8m0fnu",
    "e3m2f/3:e3m0fnu/2:e4m0b20fnu/tensor:e8m0fnu",
    "e4m3fn/2:microexponent/tensor:e8m0fnu",
    "e2m1fn/4:e4m3fn/2:microexponent",
    "microexponent/4:e8m0fnu",
    # wide scales: products of their significands beyond 64 bits, quotients far below every member
    "e2m1fn/4:binary32/3:binary64",
    "e4m3fn/3:binary64/2:binary64/tensor:binary64",
    "e3m4/2:binary64/2:binary32/2:binary64/tensor:binary32",
    "e2m1fn/2:bfloat16/2:bfloat16/2:bfloat16/2:bfloat16",
    "e2m1fn/2:e11m30/2:e12m40",
    "bfloat16/3:e15m40",
    "binary32/3:binary32",
    "binary64/2:binary64/2:binary64",
    "tf32/tensor:binary32/2:binary32",
    # no levels
    "e2m1fn",
    "e5m2",
    "e4m3fnu",
]


def bits(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array).reshape(array.shape).view(BITS[array.dtype.itemsize])


def assert_same_values(got: np.ndarray, want_bits: np.ndarray, carrier: str, what: str) -> None:
    """By bits, NaNs as a class."""
    assert got.dtype == np.dtype(CARRIERS[carrier]), what
    want = want_bits.astype(BITS[got.dtype.itemsize])
    both_nan = np.isnan(got.astype(np.float64)) & np.isnan(want.view(got.dtype).astype(np.float64))
    np.testing.assert_array_equal(np.where(both_nan, 0, bits(got)), np.where(both_nan, 0, want), err_msg=what)


def check(
    x: np.ndarray,
    text: str,
    *,
    axis: int = -1,
    threads: int = 1,
    rng: tuple[int, int, int] | None = None,
    **options: object,
) -> None:
    """Everything that quantize, dequantize and fake_quantize say about x, against the oracle."""
    carrier = x.dtype.name
    what = (
        f"{text} axis={axis} {options} rng={rng} x={x.astype(np.float64).tolist()}"
        if x.size <= 40
        else f"{text} {options}"
    )
    scheme = oracle.parse_scheme(text)
    call = dict(options, axis=axis, threads=threads)
    if rng is not None:
        call["rng"] = None  # a new Rng at each use, since an Rng counts its calls

    def fresh() -> dict[str, object]:
        return call if rng is None else dict(call, rng=hu.Rng(rng[0], stream=rng[1], offset=rng[2]))

    kept = None
    if options.get("nan") != "keep":
        try:
            want = oracle.quantize(x, scheme, axis=axis, rng=rng, **options)
        except oracle.MissingNan:
            with pytest.raises(ValueError, match=r"nan is 'raise'") as error:
                hu.quantize(x, text, **fresh())
            named = re.search(r"x\[(\d+)\]", str(error.value))  # groups, not elements, are taken in order
            assert named is not None, what
            assert not np.isfinite(float(x.reshape(-1)[int(named[1])])), what
            return
        q = hu.quantize(x, text, **fresh())
        assert len(q.scale_codes) == len(scheme.levels)
        for level, (got, expected) in enumerate(zip(q.scale_codes, want.scale_codes, strict=True)):
            assert got.shape == expected.shape, f"scales of level {level}: {what}"
            np.testing.assert_array_equal(got.astype(object), expected, err_msg=f"scales of level {level}: {what}")
        assert q.codes.shape == x.shape
        np.testing.assert_array_equal(q.codes.astype(object), want.codes, err_msg=f"codes: {what}")
        assert (q.zero_scales, q.saturated) == (want.zero_scales, want.saturated), f"(zero_scales, saturated): {what}"
        default = "float64" if carrier == "float64" else "float32"
        values = oracle.dequantize(want.codes, want.scale_codes, scheme, axis, CARRIER_FORMAT[default])
        assert_same_values(q.dequantize(threads=threads), values, default, f"dequantize: {what}")
        other = "bfloat16" if carrier == "float16" else "float16"
        values = oracle.dequantize(want.codes, want.scale_codes, scheme, axis, CARRIER_FORMAT[other])
        assert_same_values(
            q.dequantize(CARRIERS[other], threads=threads), values, other, f"dequantize to {other}: {what}"
        )
    else:
        want = oracle.quantize(x, scheme, axis=axis, rng=rng, **options)
        kept = want.kept
    if hu.scheme(text).element._spec.holds(CARRIER_FORMAT[carrier]):
        values = oracle.dequantize(want.codes, want.scale_codes, scheme, axis, CARRIER_FORMAT[carrier])
        if kept is not None:
            values = np.where(kept, bits(x).astype(object), values)
        assert_same_values(np.asarray(hu.fake_quantize(x, text, **fresh())), values, carrier, f"fake_quantize: {what}")


# --- data
def members(fmt: oracle.OracleFormat, rng: np.random.Generator) -> Fraction:
    """A member's magnitude or a midpoint between two neighbours."""
    code = int(rng.integers(0, min(fmt.top, 2**40)))
    low, high = fmt.magnitude(code), fmt.magnitude(code + 1)
    return low + (high - low) * Fraction(int(rng.integers(0, 3)), 2)


def as_carrier(value: Fraction, dtype: np.dtype) -> float:
    """The nearest number of a carrier, saturated: an oracle's encode, no float arithmetic."""
    fmt = oracle.parse_format(CARRIER_FORMAT[dtype.name])
    code, _ = fmt.round_magnitude(abs(value), value < 0, "nearest_ties_to_even")
    return float(fmt.magnitude(code)) * (-1 if value < 0 else 1)


def awkward(seed: int, shape: tuple[int, ...], dtype: np.dtype, text: str, axis: int, nonfinite: bool) -> np.ndarray:
    """Numbers of one of several styles, by the seed."""
    rng = np.random.default_rng(seed)
    scheme = oracle.parse_scheme(text)
    style = rng.integers(0, 7)
    carrier = oracle.parse_format(CARRIER_FORMAT[dtype.name])
    with np.errstate(all="ignore"):
        if style == 0:
            x = (rng.standard_normal(shape) * 2.0 ** rng.integers(-20, 20)).astype(dtype)
        elif style == 1:  # every exponent that the carrier has
            x = rng.integers(0, 2**64, size=shape, dtype=np.uint64).astype(BITS[dtype.itemsize]).view(dtype)
        elif style == 2:  # the carrier's subnormals
            x = (rng.integers(-20, 21, size=shape) * float(carrier.magnitude(1))).astype(dtype)
        elif style == 3:  # powers of two, one unit above and below
            x = (2.0 ** rng.integers(-30, 12, size=shape)).astype(dtype)
            x = (bits(x) + rng.integers(-1, 2, size=shape).astype(np.int8).astype(BITS[dtype.itemsize])).view(dtype)
            x = np.where(rng.random(shape) < 0.5, -x.astype(np.float64), x.astype(np.float64)).astype(dtype)
        elif style == 4:  # many zeros of either sign
            x = np.where(
                rng.random(shape) < 0.15, rng.standard_normal(shape), np.copysign(0.0, rng.standard_normal(shape))
            ).astype(dtype)
        else:  # x / scale at members and midpoints; largest magnitudes that put the scale itself there
            reach = scheme.element.largest
            for _, fmt in scheme.levels[:1]:
                reach *= members(fmt, rng)
            x = np.zeros(shape, dtype=dtype)
            shift = Fraction(2) ** int(rng.integers(-6, 6))
            for index in np.ndindex(shape):
                x[index] = as_carrier(reach * shift / int(rng.integers(1, 4)), dtype)
            first = oracle.quantize(
                np.where(np.isfinite(x.astype(np.float64)), x, dtype.type(0)), scheme, axis=axis, nan="to_zero"
            )
            if scheme.levels and x.size:
                scale = Fraction(1)
                for (_, fmt), plane in zip(scheme.levels, first.scale_codes, strict=True):
                    scale *= fmt.magnitude(int(plane.reshape(-1)[0]))
                for index in np.ndindex(shape):
                    if rng.random() < 0.7:
                        x[index] = as_carrier(
                            members(scheme.element, rng) * scale * (-1) ** int(rng.integers(0, 2)), dtype
                        )
        x = np.asarray(x, dtype=dtype).reshape(shape)
        if not nonfinite:
            return np.where(np.isfinite(x.astype(np.float64)), x, dtype.type(-0.0)).astype(dtype).reshape(shape)
        picks = rng.random(shape)
        for limit, value in ((0.03, np.nan), (0.05, np.inf), (0.07, -np.inf)):
            x = np.where((picks < limit) & (picks >= limit - 0.02), dtype.type(value), x).astype(dtype)
    return x.reshape(shape)


SHAPES = [(1,), (33,), (16,), (35,), (2, 17), (3, 5, 4), (2, 3), (1, 1), (5, 0), (0,), (4, 8), (2, 2, 2, 3)]


@st.composite
def cases(draw: st.DrawFn, nonfinite: bool = False) -> tuple[np.ndarray, str, int]:
    text = draw(st.sampled_from(SCHEMES))
    shape = draw(st.sampled_from(SHAPES))
    dtype = np.dtype(CARRIERS[draw(st.sampled_from(list(CARRIERS)))])
    axis = draw(st.integers(-len(shape), len(shape) - 1))
    seed = draw(st.integers(0, 2**32))
    return awkward(seed, shape, dtype, text, axis, nonfinite), text, axis


HOW = settings(deadline=None, derandomize=True)


@pytest.mark.parametrize("text", SCHEMES)
@pytest.mark.parametrize("carrier", list(CARRIERS))
def test_every_scheme_and_carrier_agrees_with_the_oracle(text: str, carrier: str) -> None:
    for seed in range(10):
        shape = SHAPES[seed % len(SHAPES)]
        axis = seed % len(shape)
        check(awkward(seed, shape, np.dtype(CARRIERS[carrier]), text, axis, False), text, axis=axis)


@settings(HOW, max_examples=250)
@given(cases())
def test_finite_numbers_agree_with_the_oracle(case: tuple[np.ndarray, str, int]) -> None:
    x, text, axis = case
    check(x, text, axis=axis)


@settings(HOW, max_examples=200)
@given(cases(nonfinite=True), st.sampled_from(["raise", "to_max", "to_zero", "keep"]))
def test_nan_and_infinity_agree_with_the_oracle(case: tuple[np.ndarray, str, int], nan: str) -> None:
    x, text, axis = case
    check(x, text, axis=axis, nan=nan)


@settings(HOW, max_examples=200)
@given(
    cases(),
    st.sampled_from([m for m in oracle.MODES if m not in oracle.STOCHASTIC]),
    st.sampled_from([None, *(m for m in oracle.MODES if m not in oracle.STOCHASTIC)]),
    st.sampled_from([None, "before", "after"]),
)
def test_modes_of_elements_and_scales_and_ftz_agree_with_the_oracle(
    case: tuple[np.ndarray, str, int], rounding: str, scale_rounding: str | None, ftz: str | None
) -> None:
    x, text, axis = case
    check(x, text, axis=axis, rounding=rounding, scale_rounding=scale_rounding, ftz=ftz)


@settings(HOW, max_examples=200)
@given(
    cases(),
    st.sampled_from(["nearest_ties_to_even", *oracle.STOCHASTIC]),
    st.sampled_from([None, *oracle.STOCHASTIC]),
    st.sampled_from([1, 2, 3, 8, 17, 31, 32]),
    st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 3, 2**34 + 1, 2**63])),
    st.sampled_from([1, 3]),
)
def test_stochastic_rounding_agrees_with_the_oracles_own_philox(
    case: tuple[np.ndarray, str, int],
    rounding: str,
    scale_rounding: str | None,
    random_bits: int,
    rng: tuple[int, int, int],
    threads: int,
) -> None:
    x, text, axis = case
    draws = rounding in oracle.STOCHASTIC or scale_rounding is not None
    check(
        x,
        text,
        axis=axis,
        rounding=rounding,
        scale_rounding=scale_rounding,
        threads=threads,
        **({"random_bits": random_bits, "rng": rng} if draws else {}),
    )


@settings(HOW, max_examples=60)
@given(cases(), st.sampled_from(oracle.STOCHASTIC), st.sampled_from([1, 4, 32]), st.integers(0, 2**32))
def test_given_random_numbers_agree_with_the_oracle(
    case: tuple[np.ndarray, str, int], rounding: str, random_bits: int, seed: int
) -> None:
    x, text, axis = case
    random = np.random.default_rng(seed).integers(0, 2**random_bits, size=x.shape, dtype=np.uint64).astype(np.uint32)
    check(x, text, axis=axis, rounding=rounding, random_bits=random_bits, random=random)


numbers = st.one_of(
    st.floats(width=32), st.sampled_from([0.0, -0.0, 1.0, 6.0, 2.0**-149, 2.0**-126, 3.4e38, 0.25, -5.0, 448.0])
)


@settings(HOW, max_examples=150)
@given(st.lists(numbers, max_size=12), st.sampled_from(SCHEMES))
def test_any_short_list_of_float32_agrees_with_the_oracle(values: list[float], text: str) -> None:
    check(np.array(values, dtype=np.float32), text, nan="to_max")


POOL = [
    text for text in shapes(300, 8) if oracle.parse_format(text).E <= 12 and abs(oracle.parse_format(text).bias) < 3000
]
POOL += ["e4m3fn", "bfloat16", "binary32", "e2m1fn", "e5m3fnu", "binary16", "Binary8p3se", "Binary8p2uf", "e8m0fnu"]


@st.composite
def random_schemes(draw: st.DrawFn) -> str:
    """Any formats as elements and scales, up to four levels; power-of-two scales stand outermost."""
    names = draw(st.lists(st.sampled_from(POOL), min_size=1, max_size=5))
    groups = st.sampled_from(["tensor", "1", "2", "3", "4", "7", "16"])
    inner = [name if oracle.parse_format(name).has_zero else "e4m3fn" for name in names[1:-1]]
    return names[0] + "".join(f"/{draw(groups)}:{name}" for name in [*inner, *names[1:][-1:]])


@settings(HOW, max_examples=150)
@given(random_schemes(), st.sampled_from(SHAPES), st.sampled_from(list(CARRIERS)), st.integers(0, 2**32), st.booleans())
def test_random_schemes_of_random_formats_agree_with_the_oracle(
    text: str, shape: tuple[int, ...], carrier: str, seed: int, nonfinite: bool
) -> None:
    axis = seed % len(shape)
    check(awkward(seed, shape, np.dtype(CARRIERS[carrier]), text, axis, nonfinite), text, axis=axis, nan="to_max")


# --- fixed cases
@pytest.mark.parametrize("exponent", [-149, -140, -127, -126, -100, -3, 0, 2, 3, 100, 126, 127])
@pytest.mark.parametrize("text", ["mxfp4", "nvfp4", "mxfp8_e5m2", "e2m1fn/4:e4m3fn/tensor:e8m0fnu"])
def test_largest_magnitudes_at_powers_of_two_and_one_unit_beside_them(text: str, exponent: int) -> None:
    top = np.float32(2.0**exponent)
    for amax in (top, np.nextafter(top, np.float32(0)), np.nextafter(top, np.float32(np.inf))):
        x = np.array([amax, amax / 2, amax / 3, -amax / 4, amax / 8, -0.0, 0.0], dtype=np.float32)
        check(x, text)
        check(-x.astype(np.float64), text)


def test_every_midpoint_of_an_mx_block_is_a_tie_to_even() -> None:
    element = oracle.parse_format("e2m1fn")
    for exponent in (-100, -1, 0, 60):
        midpoints = [
            (element.magnitude(c) + element.magnitude(c + 1)) / 2 * Fraction(2) ** exponent for c in range(element.top)
        ]
        for sign in (1, -1):
            x = np.array([[float(m) * sign, 6.0 * 2.0**exponent] for m in midpoints], dtype=np.float32)
            q = hu.quantize(x, "mxfp4")
            assert [int(c) & 7 for c in q.codes[:, 0]] == [0, 2, 2, 4, 4, 6, 6]
            check(x, "mxfp4")


def test_an_all_zero_mx_block_has_scale_code_0_and_keeps_negative_zero() -> None:
    x = np.array([[0.0, -0.0, 0.0, -0.0]], dtype=np.float32)
    q = hu.quantize(x, "mxfp4")
    assert q.scale_codes[0].tolist() == [[0]]
    assert q.codes.tolist() == [[0, 8, 0, 8]]
    assert np.signbit(q.dequantize()).tolist() == [[False, True, False, True]]
    assert np.signbit(hu.fake_quantize(x, "mxfp4")).tolist() == [[False, True, False, True]]


def test_a_group_whose_scale_is_zero_takes_the_code_of_plus_zero() -> None:
    x = np.array([-0.0, 0.0, -0.0, 5.0], dtype=np.float32)
    q = hu.quantize(x, "e2m1fn/2:e4m3fn/tensor:binary32")
    assert q.codes.tolist() == [0, 0, 8, 7]
    assert q.scale_codes[0][0] == 0
    assert q.zero_scales == 0


def test_zero_scales_counts_only_the_level_whose_rounding_made_the_scale_zero() -> None:
    # amax / (6 * 448) is below half of binary32's smallest: one zero at the outer level, none counted inside.
    tiny = np.full(64, 1e-320, dtype=np.float64)
    q = hu.quantize(tiny, "nvfp4")
    assert q.zero_scales == 1
    assert not q.codes.any()
    # One block of two is far below the other: its e4m3fn scale is zero, the outer scale is not.
    x = np.r_[np.full(16, 1.0), np.full(16, 1e-9)].astype(np.float32)
    q = hu.quantize(x, "nvfp4")
    assert q.zero_scales == 1
    assert q.scale_codes[0].tolist() == [0x7E, 0]
    for y in (tiny, x):
        check(y, "nvfp4")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_nan_or_infinity_spoils_its_own_group_alone_under_nan_raise_too(bad: float) -> None:
    x = np.arange(1, 49, dtype=np.float32)
    x[20] = bad
    q = hu.quantize(x, "nvfp4")
    clean = hu.quantize(np.where(np.arange(48) == 20, np.float32(0), x), "nvfp4")
    assert q.scale_codes[1] == clean.scale_codes[1]
    assert q.scale_codes[0].tolist() == [clean.scale_codes[0][0], 0x7F, clean.scale_codes[0][2]]
    assert not q.codes[16:32].any()
    assert np.isnan(q.dequantize()[16:32]).all()
    assert not np.isnan(q.dequantize()[:16]).any()
    check(x, "nvfp4")


def test_where_the_innermost_scale_has_no_nan_both_follow_nan() -> None:
    x = np.array([1.0, np.nan, -np.inf, 4.0], dtype=np.float32)
    text = "e2m1fn/4:e3m2f"
    with pytest.raises(ValueError, match=r"x\[1\]"):
        hu.quantize(x, text)
    assert hu.quantize(x, text, nan="to_max").codes.tolist()[1:3] == [7, 7]
    assert hu.quantize(x, text, nan="to_zero").codes.tolist()[1:3] == [0, 0]
    assert hu.quantize(x, "e4m3fn/4:e3m2f").codes.tolist()[1:3] == [0x7F, 0x7F]
    kept = hu.fake_quantize(x, text, nan="keep")
    assert np.isnan(kept[1])
    assert kept[2] == -np.inf


def test_a_bare_format_saturates_infinity_and_treats_nan_by_2_4() -> None:
    x = np.array([np.inf, -np.inf, 1e30], dtype=np.float32)
    assert hu.quantize(x, "e2m1fn").codes.tolist() == [7, 15, 7]
    assert hu.quantize(x, "e5m2").codes.tolist() == [0x7B, 0xFB, 0x7B]
    assert hu.quantize(np.float32([np.nan]), "e5m2").codes.tolist() == [0x7E]
    with pytest.raises(ValueError, match="nan is 'raise'"):
        hu.quantize(np.float32([np.nan]), "e2m1fn")


def test_scales_of_scales_are_grouped_in_c_order_across_rows() -> None:
    # Two rows of three scales each, grouped by four: the second group takes the last two scales of the second row.
    x = np.float32([[1, 2, 4], [8, 16, 32]])
    q = hu.quantize(x, "e2m1fn/1:e4m3fn/4:binary32")
    assert q.scales[0].shape == (2, 3)
    assert q.scales[1].shape == (2,)
    assert q.scales[1].tolist() == [np.float32(8 / 2688), np.float32(32 / 2688)]
    check(x, "e2m1fn/1:e4m3fn/4:binary32")
    check(x, "e2m1fn/1:e4m3fn/4:binary32", axis=0)


def test_groups_longer_than_the_axis_and_longer_than_32_bits_of_bytes() -> None:
    check(np.linspace(-3, 3, 21, dtype=np.float32).reshape(3, 7), "e2m1fn/4294967295:e8m0fnu", axis=0)
    check(np.linspace(-3, 3, 21, dtype=np.float32).reshape(3, 7), "e2m1fn/5:e4m3fn/4294967295:binary32", axis=1)


def test_level_k_draws_r_2_to_31_plus_k_and_the_elements_r_0() -> None:
    # Two levels, each with its own ordinal: the oracle's words differ for every wrong ordinal.
    rng = np.random.default_rng(7)
    x = rng.standard_normal((8, 9)).astype(np.float32)
    for offset in (0, 1, 5):
        check(
            x,
            "e2m1fn/2:e4m3fn/3:bfloat16",
            axis=0,
            rounding="stochastic_a",
            scale_rounding="stochastic_b",
            rng=(99, 3, offset),
        )


def test_ten_thousand_elements_on_several_threads_agree_with_the_oracle() -> None:
    rng = np.random.default_rng(11)
    x = (rng.standard_normal((3, 1700)) * 2.0 ** rng.integers(-20, 20, size=(3, 1700))).astype(np.float32)
    check(x, "nvfp4", axis=1, threads=4)
    check(
        x[:, :400],
        "e2m1fn/3:e4m3fn/tensor:binary32",
        axis=0,
        threads=3,
        rounding="stochastic_c",
        scale_rounding="stochastic_a",
        random_bits=9,
        rng=(5, 0, 0),
    )
    check(x.reshape(-1), "e4m3fn/tensor:binary32", threads=3, rounding="stochastic_a", random_bits=6, rng=(5, 0, 2))


@pytest.mark.parametrize("carrier", list(CARRIERS))
@pytest.mark.parametrize(
    "text",
    ["mxfp4", "nvfp4", "mxfp6_e2m3", "mxfp8_e5m2", "e4m3fn/tensor:binary32", "e3m2f/8:bfloat16", "e2m1fn/1:e8m0fnu"],
)
def test_fake_quantize_is_quantize_and_dequantize_on_long_arrays(text: str, carrier: str) -> None:
    """Every path for long rows gives the bits of the path that the oracle judges element by element."""
    rng = np.random.default_rng(12)
    dtype = np.dtype(CARRIERS[carrier])
    with np.errstate(all="ignore"):
        normal = rng.standard_normal((6, 519)) * 2.0 ** rng.integers(-30, 30, size=(6, 1))
        every = rng.integers(0, 2**64, size=(6, 519), dtype=np.uint64).astype(BITS[dtype.itemsize]).view(dtype)
        grid = (
            rng.integers(-96, 97, size=(6, 519)) / 16 * 2.0 ** rng.integers(-8, 8, size=(6, 1))
        )  # members, midpoints, ties
        tiny = rng.integers(-300, 300, size=(6, 519)) * float(oracle.parse_format(CARRIER_FORMAT[carrier]).magnitude(1))
        finite = np.where(np.isfinite(every.astype(np.float64)), every, dtype.type(-0.0))
        for data in (normal, every, finite, grid, tiny):
            x = data.astype(dtype)
            for axis in (0, 1):
                for rounding in ("nearest_ties_to_even", "toward_negative", "stochastic_a"):
                    rng_ = {"rng": 6} if rounding == "stochastic_a" else {}
                    q = hu.quantize(x, text, axis=axis, rounding=rounding, **rng_)
                    for threads in (1, 2):
                        fake = hu.fake_quantize(x, text, axis=axis, rounding=rounding, threads=threads, **rng_)
                        assert_same_values(
                            fake, bits(q.dequantize(dtype)), carrier, f"{text} {carrier} {axis} {rounding} {threads}"
                        )
            check(x[:2, :140], text, axis=1)


def test_a_zero_dimensional_array_has_one_tensor_scale() -> None:
    for value in (0.0, -0.0, 1.5, 1e-40):
        q = hu.quantize(np.array(value, dtype=np.float32), "e4m3fn/tensor:binary32")
        want = oracle.quantize(np.array([value], dtype=np.float32), oracle.parse_scheme("e4m3fn/tensor:binary32"))
        assert q.codes.shape == ()
        assert int(q.codes) == want.codes[0]
        assert q.scales[0].shape == ()
        assert int(q.scale_codes[0]) == want.scale_codes[0]
        assert q.dequantize().shape == ()
