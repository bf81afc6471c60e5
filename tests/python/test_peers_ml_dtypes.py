"""ml_dtypes 0.6: the preset of that name gives its codes everywhere; known_differences.md has what else differs."""

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from support import boundaries, differing, same_values, show

NARROW = {
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3": ml_dtypes.float8_e4m3,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
}
ALL = {**NARROW, "bfloat16": ml_dtypes.bfloat16}
WORD = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def every_code(name):
    f = hu.format(name)
    return np.arange(2**f.bits, dtype=f.code_dtype)


def theirs(x, name):
    """Their codes; bits above the format's are not theirs to set."""
    with np.errstate(all="ignore"):
        cast = x.astype(ALL[name])
    return cast.view(WORD[cast.dtype.itemsize]) & (2 ** hu.format(name).bits - 1)


def with_both_nans(x):
    return np.concatenate([x, -x[np.isnan(x)], np.array([np.nan, -np.nan], dtype=x.dtype)])


def assert_same_codes(x, name):
    got, want = hu.encode(x, name, projection="ml_dtypes"), theirs(x, name)
    wrong = differing(name, got, want)
    assert not wrong.any(), show(name, x, got, want, wrong)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_code_decodes_to_their_value(name, dtype):
    codes = every_code(name)
    with np.errstate(invalid="ignore"):  # signalling NaNs
        want = codes.view(ALL[name]).astype(dtype)
    assert same_values(hu.decode(codes, name, dtype), want).all()


@pytest.mark.parametrize("name", ALL)
def test_an_array_of_their_dtype_is_codes_that_know_their_format(name):
    codes = every_code(name).view(ALL[name])
    got = hu.decode(codes)
    assert got.dtype == np.float32
    assert same_values(got, codes.astype(np.float32)).all()
    assert hu.format(codes.dtype) == hu.format(name) == hu.format(ALL[name])


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_members_midpoints_and_their_neighbours_get_their_code(name, dtype):
    """float64 arrays too: ml_dtypes rounds those twice, by way of float32, and so does the preset."""
    assert_same_codes(with_both_nans(boundaries(name, dtype)), name)


@pytest.mark.parametrize("name", NARROW)
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_every_16_bit_input_gets_their_code(name, dtype):
    assert_same_codes(np.arange(2**16, dtype=np.uint16).view(dtype), name)


def test_every_float16_becomes_their_bfloat16():
    assert_same_codes(np.arange(2**16, dtype=np.uint16).view(np.float16), "bfloat16")


@pytest.mark.parametrize("name", ALL)
def test_random_float32_patterns_get_their_code(name):
    words = np.random.default_rng(7).integers(2**32, size=50_000, dtype=np.uint32)
    assert_same_codes(words.view(np.float32), name)


def test_float64_is_rounded_twice_by_them_and_once_by_us():
    x = np.array([1 + 2**-4 + 2**-52])  # just above the middle of 1 and 1.125
    assert x.astype(ml_dtypes.float8_e4m3fn)[0] == 1
    assert hu.round(x, "e4m3fn", projection="ml_dtypes")[0] == 1
    assert hu.round(x, "e4m3fn")[0] == 1.125


@pytest.mark.parametrize("name", [n for n in NARROW if n != "e8m0fnu"])
def test_without_the_preset_a_float32_number_gets_their_code(name):
    """Our native rule is theirs but for NaN without a code, and E8M0 (below)."""
    x = boundaries(name, np.float32)
    x = x[~np.isnan(x)]
    got, want = hu.encode(x, name), theirs(x, name)
    wrong = differing(name, got, want)
    assert not wrong.any(), show(name, x, got, want, wrong)


def test_e8m0_differs_from_theirs_at_ties_zero_and_below_the_smallest_only():
    """Ours: nearest, ties to the even exponent field; [0, smallest) to the smallest; to_nan beyond."""
    x = boundaries("e8m0fnu", np.float32)
    x = x[~np.isnan(x)]
    got, want = hu.encode(x, "e8m0fnu"), theirs(x, "e8m0fnu")
    significand, exponent = np.frexp(x.astype(np.float64))
    tie_down = (significand == 0.75) & (exponent % 2 == 0) & (x > 0)  # below the tie: 2^(exponent - 1), an even field
    lowest_gap = (x > 2.0**-127) & (x <= 1.5 * 2.0**-127)
    too_small = (x == 0) | ((x > 0) & (x < 2.0**-150))
    explained = tie_down | lowest_gap | too_small
    different = differing("e8m0fnu", got, want)
    assert not (different & ~explained).any()
    assert different[explained].all()
    assert (got[tie_down | lowest_gap].astype(int) == want[tie_down | lowest_gap].astype(int) - 1).all()
    assert (want[too_small] == 0xFF).all()
    assert (got[too_small] == 0).all()


def test_a_nan_without_a_code_is_zero_of_the_other_sign_there_and_refused_here():
    for name in ("e2m1fn", "e2m3fn", "e3m2fn"):
        sign = 1 << (hu.format(name).bits - 1)
        assert list(theirs(np.array([np.nan, -np.nan], dtype=np.float32), name)) == [sign, 0]
        with pytest.raises(ValueError, match="has none"):
            hu.encode(np.float32("nan"), name)


# bfloat16 as a carrier


@pytest.mark.parametrize("name", [n for n in NARROW if n != "e8m0fnu"])
def test_bfloat16_arrays_round_to_their_values_and_stay_bfloat16(name):
    x = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    x = x[~np.isnan(x.astype(np.float32))]
    if not hu.format(name).has_nan:
        x = x[np.isfinite(x.astype(np.float32))]
    got = hu.round(x, name)
    assert got.dtype == ml_dtypes.bfloat16
    assert same_values(got, x.astype(ALL[name]).astype(np.float32)).all()


@pytest.mark.parametrize(
    "mode", ["toward_positive", "toward_negative", "toward_zero", "nearest_ties_to_away", "to_odd"]
)
def test_every_bfloat16_rounds_as_the_same_number_in_float64(mode):
    x = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    with np.errstate(invalid="ignore"):
        wide = x.astype(np.float64)
    for name in ("e4m3fn", "e5m2", "Binary8p3se"):
        assert same_values(hu.round(x, name, mode), hu.round(wide, name, mode)).all()
        assert (hu.encode(x, name, mode) == hu.encode(wide, name, mode)).all()


def test_rounding_in_place_and_strided_bfloat16():
    x = np.linspace(-9, 9, 101).astype(ml_dtypes.bfloat16)
    want = hu.round(x, "e4m3fn")
    assert same_values(hu.round(x[::-1], "e4m3fn"), want[::-1]).all()
    assert hu.round(x, "e4m3fn", out=x) is x
    assert same_values(x, want).all()


def test_a_bfloat16_carrier_that_cannot_hold_the_format_names_one_that_can():
    with pytest.raises(TypeError, match="float32 or float64"):
        hu.round(np.ones(3, dtype=ml_dtypes.bfloat16), "binary16")


@pytest.mark.parametrize("name", NARROW)
def test_their_narrow_arrays_are_codes_not_values(name):
    with pytest.raises(TypeError, match="decode"):
        hu.round(np.zeros(3, dtype=NARROW[name]), "e4m3fn")
