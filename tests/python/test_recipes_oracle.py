"""Scale recipes, search, Hadamard transforms, tiles and channel groups give the exact oracle's bits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import halfulp as hu
import numpy as np
import pytest
import recipe_inputs as inputs
import recipe_oracle as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from recipe_inputs import BITS, CARRIER_FORMAT, CARRIERS
from support import VECTORS
from test_schemes_oracle import assert_same_values, awkward

FILES = sorted((VECTORS / "recipes").glob("*.json"))
RECIPES = (*oracle.MX, *oracle.NVFP4)
MODES = [
    "nearest_ties_to_even",
    "nearest_ties_to_away",
    "nearest_ties_to_zero",
    "nearest_ties_up",
    "toward_zero",
    "away_from_zero",
    "toward_negative",
    "to_odd",
]
HOW = settings(deadline=None, derandomize=True)


def check(
    x: np.ndarray, text: str, *, rng: tuple[int, int, int] | None = None, threads: int = 1, **options: Any
) -> oracle.Quantized | None:
    """Everything that quantize, dequantize and fake_quantize say about x, against the oracle."""
    what = f"{text} {x.dtype.name} {x.shape} {options} rng={rng}"
    if x.size <= 24:
        what += f" x={[float(v).hex() for v in x.reshape(-1)]}"
    call = dict(options, threads=threads)

    def fresh() -> dict[str, Any]:
        return call if rng is None else dict(call, rng=hu.Rng(rng[0], stream=rng[1], offset=rng[2]))

    try:
        want = oracle.quantize(x, text, rng=rng, **options)
    except oracle.MissingNan:
        with pytest.raises(ValueError, match=r"nan is 'raise'"):
            hu.quantize(x, text, **fresh())
        return None
    q = hu.quantize(x, text, **fresh())
    assert [s.shape for s in q.scale_codes] == [s.shape for s in want.scale_codes], what
    for level in reversed(range(len(want.scale_codes))):
        got, expected = q.scale_codes[level].astype(object), want.scale_codes[level]
        np.testing.assert_array_equal(got, expected, err_msg=f"scales of level {level}: {what}")
    np.testing.assert_array_equal(q.codes.astype(object), want.codes, err_msg=f"codes: {what}")
    assert (q.zero_scales, q.saturated) == (want.zero_scales, want.saturated), f"(zero_scales, saturated): {what}"

    carrier = x.dtype.name
    place = {name: options[name] for name in ("axis", "channel_axis") if name in options}

    def values(to: str) -> np.ndarray:
        fmt = oracle.parse_format(CARRIER_FORMAT[to])
        return oracle.dequantize(want.codes, want.scale_codes, text, carrier=carrier, to=fmt, **place)

    default = "float64" if carrier == "float64" else "float32"
    other = "bfloat16" if carrier == "float16" else "float16"
    assert_same_values(q.dequantize(threads=threads), values(default), default, f"dequantize: {what}")
    assert_same_values(q.dequantize(CARRIERS[other], threads=threads), values(other), other, f"to {other}: {what}")
    if hu.scheme(text).element._spec.holds(CARRIER_FORMAT[carrier]):
        fake = np.asarray(hu.fake_quantize(x, text, **fresh()))
        assert_same_values(fake, values(carrier), carrier, f"fake_quantize: {what}")
    return want


def agree(x: np.ndarray, text: str, **options: Any) -> None:
    """fake_quantize is dequantize after quantize, with one thread and with several."""
    back = hu.quantize(x, text, **options).dequantize(x.dtype)
    expected = back.view(BITS[x.dtype.itemsize]).astype(object)
    for threads in (1, 3):
        fake = hu.fake_quantize(x, text, threads=threads, **options)
        assert_same_values(fake, expected, x.dtype.name, f"{text} {x.dtype.name} {options} threads={threads}")


# --- vectors
def numbers(text: str, bits: int) -> list[int]:
    digits = -(-bits // 4)
    return [int(text[i : i + digits], 16) for i in range(0, len(text), digits)]


def read(path: Path) -> list[dict[str, Any]]:
    cases = json.loads(path.read_text(encoding="ascii"))["cases"]
    for case in cases:
        dtype = np.dtype(CARRIERS[case.pop("carrier")])
        case["x"] = inputs.from_bits(numbers(case["x"], 8 * dtype.itemsize), dtype).reshape(case.pop("shape"))
        if "importance" in case:
            bits = numbers(case["importance"], 64)
            case["importance"] = np.array(bits, dtype=np.uint64).view(np.float64)
    return cases


def test_every_recipe_has_a_vector_file() -> None:
    assert {path.stem for path in FILES} == {*RECIPES, "search_mse", "hadamard", "groups", "microexponents"}
    floats = [r.name for r in hu.recipes() if r.shape in ("power_of_two", "nvfp4")]  # others: test_codes_recipes.py
    assert floats == list(RECIPES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_quantize_gives_the_recorded_codes(path: Path) -> None:
    assert path.stat().st_size <= 60_000
    for case in read(path):
        text, x, codes, scale_codes = (case.pop(name) for name in ("scheme", "x", "codes", "scale_codes"))
        q = hu.quantize(x, text, **case)
        scheme = oracle.parse_scheme(text)
        what = f"{text} {x.dtype.name} {case}"
        for level, (found, (_, fmt)) in enumerate(zip(scale_codes, scheme.levels, strict=True)):
            got = q.scale_codes[level].reshape(-1).tolist()
            assert got == numbers(found, fmt.bits), f"scales of level {level}: {what}"
        assert q.codes.reshape(-1).tolist() == numbers(codes, scheme.element.bits), f"codes: {what}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_oracle_still_gives_the_recorded_codes(path: Path) -> None:
    for case in read(path)[::4]:
        text, x, codes, scale_codes = (case.pop(name) for name in ("scheme", "x", "codes", "scale_codes"))
        found, scheme = oracle.quantize(x, text, **case), oracle.parse_scheme(text)
        for plane, recorded, (_, fmt) in zip(found.scale_codes, scale_codes, scheme.levels, strict=True):
            assert plane.reshape(-1).tolist() == numbers(recorded, fmt.bits), text
        assert found.codes.reshape(-1).tolist() == numbers(codes, scheme.element.bits), text


# --- the MX family
MX_ELEMENTS = ["e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e5m2", "e3m4", "e3m0f", "e1m2f", "e4m3fnu", "Binary8p3se"]
MX_SCALES = ["e8m0fnu", "e3m0fnu", "e5m0b40fnu"]  # the last two clamp at both ends


@pytest.mark.parametrize("carrier", list(CARRIERS))
@pytest.mark.parametrize("recipe", oracle.MX)
def test_mx_recipes_at_their_thresholds(recipe: str, carrier: str) -> None:
    dtype = np.dtype(CARRIERS[carrier])
    rng = np.random.default_rng(RECIPES.index(recipe))
    exponents = inputs.mx_exponents(dtype)
    for element in MX_ELEMENTS:
        for scale in MX_SCALES:
            text = f"{element}/3:{scale}@recipe={recipe}"
            some = rng.choice(exponents, 2, replace=False) if scale == "e8m0fnu" else rng.choice((-4, 0, 3, 9), 1)
            x = inputs.mx_blocks(rng, oracle.parse_scheme(text), dtype, 3, [int(e) for e in some])
            rows = x[rng.permutation(len(x))[:16]]
            check(np.concatenate([rows, inputs.zero_blocks(dtype, 3)]), text)
            check(np.ascontiguousarray(rows[:5].T), text, axis=0)


@settings(HOW, max_examples=150)
@given(
    st.sampled_from([r for r in oracle.MX if r != "llama_cpp"]),
    st.sampled_from(MX_ELEMENTS),
    st.sampled_from(["e8m0fnu", "e3m0fnu"]),
    st.sampled_from(["1", "4", "32", "tensor", "channel", "2x3"]),
    st.sampled_from([(2, 35), (3, 5, 4), (1, 1), (4, 0)]),
    st.sampled_from(list(CARRIERS)),
    st.sampled_from(MODES),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_mx_recipes_with_any_group_carrier_and_rounding(
    recipe: str,
    element: str,
    scale: str,
    group: str,
    shape: tuple[int, ...],
    carrier: str,
    rounding: str,
    seed: int,
    nonfinite: bool,
) -> None:
    plain = f"{element}/4:{scale}"
    x = awkward(seed, shape, np.dtype(CARRIERS[carrier]), plain, -1, nonfinite)
    axis = seed % len(shape)
    text = f"{element}/{group}:{scale}@recipe={recipe}"
    check(x, text, axis=axis, channel_axis=axis - len(shape), rounding=rounding, nan="to_max")


def test_llama_cpp_takes_no_other_rounding() -> None:
    x = np.ones(32, dtype=np.float32)
    for rounding in ("toward_zero", "nearest_ties_to_away"):
        with pytest.raises(ValueError, match="llama_cpp"):
            hu.quantize(x, "mxfp4@recipe=llama_cpp", rounding=rounding)


# --- the NVFP4 family
@pytest.mark.parametrize("carrier", list(CARRIERS))
@pytest.mark.parametrize("recipe", oracle.NVFP4)
def test_nvfp4_recipes_at_ties_of_their_scales(recipe: str, carrier: str) -> None:
    dtype = np.dtype(CARRIERS[carrier])
    rng = np.random.default_rng(100 + RECIPES.index(recipe))
    low = {"float16": -24, "bfloat16": -130, "float32": -149, "float64": -149}[carrier]
    high = {"float16": 4, "bfloat16": 115, "float32": 115, "float64": 115}[carrier]
    for shift in (low, low + 6, low + 15, -12, -5, 0, 2, high):
        check(inputs.nvfp4_tensor(rng, dtype, 2, 40, 16, shift), f"nvfp4@recipe={recipe}")
    for shift in (low + 6, -5):
        x = inputs.nvfp4_tensor(rng, dtype, 3, 12, 5, shift)
        check(np.ascontiguousarray(x.T), f"e2m1fn/5:e4m3fn/tensor:binary32@recipe={recipe}", axis=0)
        check(x, f"e2m1fn/2x5:e4m3fn/tensor:binary32@recipe={recipe}")
        check(x[:, :7], f"e2m1fn/channel:e4m3fn/tensor:binary32@recipe={recipe}", channel_axis=1)
    x = inputs.nonfinite_blocks(rng, dtype, 16)
    check(x, f"nvfp4@recipe={recipe}")
    check(inputs.zero_blocks(dtype, 18), f"nvfp4@recipe={recipe}")


@settings(HOW, max_examples=120)
@given(
    st.sampled_from(oracle.NVFP4),
    st.sampled_from(["float16", "bfloat16", "float32"]),
    st.sampled_from([(33,), (2, 17), (3, 5, 4), (1,), (0,)]),
    st.sampled_from(MODES),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_nvfp4_recipes_on_awkward_numbers(
    recipe: str, carrier: str, shape: tuple[int, ...], rounding: str, seed: int, nonfinite: bool
) -> None:
    x = awkward(seed, shape, np.dtype(CARRIERS[carrier]), "nvfp4", -1, nonfinite)
    check(x, f"nvfp4@recipe={recipe}", axis=seed % len(shape), rounding=rounding)


@pytest.mark.parametrize("value", [0.0, 2.0**-149, 3e-45, 2688 * 2.0**-150, 2.0**-126, 1e-36, 8e-36, 1.0, 3.4e38])
@pytest.mark.parametrize("recipe", oracle.NVFP4)
def test_nvfp4_recipes_where_the_tensor_scale_is_zero_subnormal_or_huge(recipe: str, value: float) -> None:
    for other in (0.0, value / 2, value / 3, value / 448, value / 500000):
        x = np.full((2, 18), other, dtype=np.float32)
        x[0, 3], x[0, 5], x[1, 2], x[1, 17] = value, -0.0, -value / 4, 0.0
        check(x, f"nvfp4@recipe={recipe}")


# --- search
SEARCHED = [
    "mxfp4",
    "nvfp4",
    "e4m3fn/8:e8m0fnu",
    "e2m1fn/8:e3m0fnu",
    "e2m1fn/8:e4m3fnu",
    "e3m2fn/5:bfloat16",
    "e4m3fn/tensor:binary32",
    "e2m1fn/channel:e5m3fnu/tensor:binary32",
    "e2m3fn/2x4:e4m3fn/3:binary16",
    "e4m3fn/4:e3m2f",
    "e5m2/4:e4m0fu",
    "e2m1fn/8:e8m0fnu@recipe=ceil",
    "e2m1fn/8:e8m0fnu@recipe=p3109_maxabs",
    "e2m1fn/8:e8m0fnu@recipe=quark",
    "e2m1fn/8:e8m0fnu@recipe=llama_cpp",
    "e3m0f/4:e4m3fn",
]


def with_option(text: str, option: str) -> str:
    return f"{text},{option}" if "@" in text else f"{text}@{option}"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("text", SEARCHED)
def test_search_takes_the_scale_with_the_smallest_error(text: str, weighted: bool) -> None:
    rng = np.random.default_rng(SEARCHED.index(text))
    text = with_option(text, "search=mse")
    for carrier, dtype in CARRIERS.items():
        x = (rng.standard_normal((3, 18)) * 2.0 ** rng.integers(-5, 5, size=(3, 1))).astype(dtype)
        x[1, :9] = 0
        x[2, 4] = -0.0
        for axis in (0, 1):
            h = rng.exponential(size=x.shape[axis]) ** 2 if weighted else None
            check(x, text, axis=axis, importance=h)
        edge = inputs.mx_blocks(rng, oracle.parse_scheme(text), np.dtype(dtype), 6, (0, 2))[::9]
        check(edge, text, importance=[1.0, 0.0, 4.0, 0.5, 2.0, 1e-3] if weighted else None)
        if carrier != "float16":
            small = (rng.standard_normal((2, 16)) * 2.0**-120).astype(dtype)
            check(small, text)


@pytest.mark.parametrize("text", ["e2m1fn/8:e4m3fn", "e2m1fn/8:binary32", "e2m1fn/8:e8m0fnu"])
def test_search_reaches_half_the_scale(text: str) -> None:
    """The largest number has no importance, and half the scale gives the others exactly."""
    x = np.array([[6, 0.25, -0.75, 1.5, 0.25, 3, -0.75, 2]], dtype=np.float32)
    found = check(x, f"{text}@search=mse", importance=[0, 1, 1, 1, 1, 1, 1, 1])
    assert found is not None
    assert hu.scheme(text).levels[0].format.exact(int(found.scale_codes[0].reshape(-1)[0])) == 0.5


def test_search_at_both_ends_of_the_scale_format_and_with_nan() -> None:
    for text in ("e2m1fn/4:e8m0fnu@search=mse", "e2m1fn/4:e4m3fn/tensor:binary32@search=mse"):
        for value in (2.0**-149, 2.0**-127, 2.0**-126, 1.75 * 2.0**127, 3.4e38):
            x = np.array([[value, value / 2, 0, -value / 3, value / 4, value / 5]], dtype=np.float32)
            check(x, text)
        check(inputs.nonfinite_blocks(np.random.default_rng(3), np.dtype(np.float32), 6), text)
        check(inputs.zero_blocks(np.dtype(np.float32), 6), text)


@pytest.mark.parametrize("rounding", [*MODES, "stochastic_a"])
@pytest.mark.parametrize(
    "text", ["mxfp4@search=mse", "nvfp4@search=mse", "nvfp4@recipe=four_over_six", "nvfp4@recipe=four_over_six_mae"]
)
def test_candidates_are_rounded_as_the_elements_or_to_nearest_even(text: str, rounding: str) -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal((4, 40)).astype(np.float32)
    check(x, text, rounding=rounding, rng=(9, 2, 5) if rounding == "stochastic_a" else None)


def test_search_is_refused_where_it_has_nothing_to_search() -> None:
    x = np.ones((2, 16), dtype=np.float32)
    for text in ("e2m1fn@search=mse", "nvfp4@recipe=nvfp4_te,search=mse", "nvfp4@recipe=four_over_six,search=mse"):
        with pytest.raises(ValueError, match="search is mse"):
            hu.quantize(x, text)


# --- Hadamard
@pytest.mark.parametrize("carrier", list(CARRIERS))
@pytest.mark.parametrize("n", [2, 4, 8, 16, 32, 64, 128])
def test_hadamard_of_every_carrier(n: int, carrier: str) -> None:
    rng = np.random.default_rng(n)
    dtype = CARRIERS[carrier]
    for seed in (0, 1, 2**64 - 1):
        x = (rng.standard_normal((2, n + 3)) * 2.0 ** rng.integers(-4, 4, size=(2, 1))).astype(dtype)
        x[0, 0] = -0.0
        check(x, f"e2m1fn/8:e8m0fnu@hadamard={n},signs={seed}")
        check(np.ascontiguousarray(x.T), f"e4m3fn/16:e4m3fn/tensor:binary32@hadamard={n},signs={seed}", axis=0)
    every = rng.integers(0, 2**64, size=(2, n), dtype=np.uint64).astype(BITS[np.dtype(dtype).itemsize]).view(dtype)
    check(every, f"e5m2/4:e8m0fnu@hadamard={n}")
    check(every, f"e5m2@hadamard={n}", nan="to_max")


def test_hadamard_beside_recipes_search_tiles_and_channels() -> None:
    rng = np.random.default_rng(5)
    for text in (
        "mxfp4@recipe=even,search=mse,hadamard=16,signs=3",
        "nvfp4@recipe=nvfp4_te,hadamard=16",
        "nvfp4@recipe=nvfp4_ct,hadamard=4,signs=12345678901234567890",
        "nvfp4@recipe=four_over_six,hadamard=8",
        "e2m1fn/4x4:e8m0fnu@hadamard=2",
        "e4m3fn/channel:binary32@hadamard=32",
        "mxfp4@recipe=llama_cpp,hadamard=8",
    ):
        for dtype in (np.float16, np.float32):
            x = rng.standard_normal((5, 37)).astype(dtype)
            check(x, text)
            check(x, text, axis=0, channel_axis=1)


def test_importance_where_groups_run_through_the_whole_array() -> None:
    # Catches: weights that are read beyond their end, or by the place in the flat array.
    rng = np.random.default_rng(8)
    x = rng.normal(size=(40, 24))
    text = "int4s/64:binary32@search=mse,flat"
    alike = hu.quantize(x, text, importance=np.ones((40, 24)))
    assert np.array_equal(alike.codes, hu.quantize(x, text).codes)
    h = rng.uniform(0.1, 4, size=(40, 24))
    weighed = hu.quantize(x, text, importance=h)
    one_long = hu.quantize(x.reshape(-1), text.replace(",flat", ""), importance=h.reshape(-1))
    assert np.array_equal(weighed.codes.reshape(-1), one_long.codes)
    assert np.array_equal(weighed.scales[0].reshape(-1), one_long.scales[0])
    assert not np.array_equal(weighed.scales[0], alike.scales[0])
    for wrong in (np.ones(40), np.ones(24), np.ones(960)):
        with pytest.raises(ValueError, match=r"importance has shape .* allowed for .*: \(40, 24\), one weight"):
            hu.quantize(x, text, importance=wrong)


def test_importance_is_of_places_which_hadamard_mixes() -> None:
    x = np.ones((2, 16), dtype=np.float32)
    with pytest.raises(ValueError, match="importance"):
        hu.quantize(x, "mxfp4@search=mse,hadamard=16", importance=np.ones(16))


def test_hadamard_of_4096_is_its_own_inverse_up_to_rounding() -> None:
    x = np.random.default_rng(6).standard_normal((1, 4096 + 7))
    check(x.astype(np.float32), "e5m2/tensor:binary32@hadamard=4096,signs=8")
    back = hu.fake_quantize(x, "binary64@hadamard=4096,signs=8")
    np.testing.assert_allclose(back, x, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(back[:, 4096:], x[:, 4096:])


def test_the_hadamard_transform_is_the_matrix_of_the_contract() -> None:
    signs = np.array([-1.0 if w >> 31 else 1.0 for w in hu.random_words(3, (8,)).tolist()])
    h = np.array([[1.0]])
    while len(h) < 8:
        h = np.block([[h, h], [h, -h]])
    x = np.random.default_rng(7).standard_normal(8)
    y = hu.quantize(x, "binary64@hadamard=8,signs=3").codes.view(np.float64)
    np.testing.assert_allclose(y, h @ (signs * x) / np.sqrt(8), rtol=0, atol=1e-15)


# --- tiles and channels
GROUPED = [
    "e4m3fn/channel:binary32",
    "e2m1fn/channel:e8m0fnu",
    "e2m1fn/channel:e4m3fn/tensor:binary32",
    "e2m1fn/2x3:e8m0fnu",
    "e4m3fn/3x2:bfloat16",
    "e2m1fn/1x5:e4m3fn/tensor:binary32",
    "e2m1fn/5x1:e4m3fn/2:binary16/tensor:binary32",
    "e3m2fn/9x9:e5m3fnu",
    "e5m2/1x1:e8m0fnu",
    "e4m3fn/2x2:e3m2f",
]


@settings(HOW, max_examples=150)
@given(
    st.sampled_from(GROUPED),
    st.sampled_from([(4, 6), (5, 7), (1, 1), (2, 3, 5), (2, 2, 3, 3), (3, 0), (0, 4)]),
    st.sampled_from(list(CARRIERS)),
    st.integers(0, 2**32),
    st.booleans(),
)
def test_tiles_and_channels(text: str, shape: tuple[int, ...], carrier: str, seed: int, nonfinite: bool) -> None:
    x = awkward(seed, shape, np.dtype(CARRIERS[carrier]), "e2m1fn/4:e4m3fn", -1, nonfinite)
    axis = seed % len(shape)
    check(x, text, channel_axis=axis, nan="to_zero")
    check(x, text, channel_axis=axis - len(shape), nan="to_zero", threads=2)


def test_channels_as_an_outer_level() -> None:
    rng = np.random.default_rng(8)
    for shape in ((3, 20), (2, 3, 17), (4, 1)):
        x = (rng.standard_normal(shape) * 2.0 ** rng.integers(-9, 9, size=shape)).astype(np.float32)
        check(x, "e2m1fn/16:e4m3fn/channel:binary32")
        check(x, "e2m1fn/5:e4m3fn/channel:binary32/tensor:binary64")
        check(x, "e2m1fn/16:e4m3fn/channel:binary32@search=mse")


def test_tiles_take_two_axes_and_channels_one() -> None:
    with pytest.raises(ValueError, match="2x2"):
        hu.quantize(np.ones(4, dtype=np.float32), "e2m1fn/2x2:e8m0fnu")
    with pytest.raises(ValueError, match="channel_axis"):
        hu.quantize(np.ones((2, 2), dtype=np.float32), "e2m1fn/channel:e8m0fnu", channel_axis=2)


# --- one pass against two, on arrays long enough for every path
LONG = [
    *(f"mxfp4@recipe={recipe}" for recipe in oracle.MX),
    *(f"nvfp4@recipe={recipe}" for recipe in oracle.NVFP4),
    "mxfp8_e4m3@recipe=even",
    "mxfp8_e5m2@recipe=rceil_fp32",
    "mxfp6_e3m2@recipe=nearest",
    "mxfp4@search=mse",
    "nvfp4@search=mse",
    "mxfp4@hadamard=32",
    "nvfp4@recipe=nvfp4_te,hadamard=16",
    "e2m1fn/16x16:e4m3fn/tensor:binary32",
    "e4m3fn/channel:binary32",
]


@pytest.mark.parametrize("carrier", list(CARRIERS))
@pytest.mark.parametrize("text", LONG)
def test_fake_quantize_is_quantize_and_dequantize_on_long_arrays(text: str, carrier: str) -> None:
    rng = np.random.default_rng(12)
    dtype = np.dtype(CARRIERS[carrier])
    with np.errstate(all="ignore"):
        x = (rng.standard_normal((6, 519)) * 2.0 ** rng.integers(-20, 10, size=(6, 1))).astype(dtype)
        bits = rng.integers(0, 2**64, size=(6, 519), dtype=np.uint64).astype(BITS[dtype.itemsize]).view(dtype)
    if dtype != np.float64 or not text.startswith("nvfp4"):
        agree(bits, text)
    for axis in (0, 1):
        agree(x, text, axis=axis)
        if "llama_cpp" not in text:
            agree(x, text, axis=axis, rounding="toward_negative")
            agree(x, text, axis=axis, rounding="stochastic_a", rng=6)
    check(x[:2, :70], text)
