"""NumPy's float16, float32 and float64: conversions to nearest even, and directed ones through nextafter."""

import halfulp as hu
import numpy as np
import pytest
from support import same_values

EVERY = np.arange(2**16, dtype=np.uint16)
HALVES = EVERY.view(np.float16)


def half_boundaries():
    """Every binary16 number, every midpoint (overflow's too), one float64 ulp to either side; both signs, specials."""
    sizes = np.append(HALVES[:0x7C00].astype(np.float64), 65536.0)  # where the grid goes on
    points = np.concatenate([sizes, (sizes[1:] + sizes[:-1]) / 2, [1e300, 5e-324, 2.0**-1000]])
    near = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    return np.concatenate([near, -near, [np.inf, -np.inf, np.nan]])


def single_boundaries():
    """The same of 40,000 binary32 numbers, with the ends of the range and of the subnormals."""
    words = np.random.default_rng(11).integers(0x7F800000, size=40_000, dtype=np.uint32)
    ends = np.array([0, 1, 2, 3, 0x7FFFFF, 0x800000, 0x800001, 0x7F7FFFFE, 0x7F7FFFFF], dtype=np.uint32)
    words = np.concatenate([words, ends])
    low = words.view(np.float32).astype(np.float64)
    high = np.where(words == 0x7F7FFFFF, 2.0**128, (words + np.uint32(1)).view(np.float32).astype(np.float64))
    points = np.concatenate([low, low + (high - low) / 2])
    near = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    return np.concatenate([near, -near, [np.inf, -np.inf, np.nan]])


CASES = {"binary16": (np.float16, np.uint16, half_boundaries), "binary32": (np.float32, np.uint32, single_boundaries)}


@pytest.mark.parametrize("name", CASES)
def test_every_member_midpoint_and_neighbour_converts_from_float64_as_numpy_does(name):
    dtype, word, inputs = CASES[name]
    x = inputs()
    with np.errstate(all="ignore"):
        want = x.astype(dtype)
    nan = np.isnan(want)
    codes = hu.encode(x, name)
    assert (codes[~nan] == want.view(word)[~nan]).all()
    assert np.isnan(hu.decode(codes[nan], name)).all()
    assert same_values(hu.round(x, name), want).all()


@pytest.mark.parametrize("name", CASES)
def test_directed_modes_are_the_nearest_value_moved_by_nextafter(name):
    """The largest member <= x and the smallest >= x, found from NumPy's conversion; IEEE's overflow comes out of it."""
    dtype, _, inputs = CASES[name]
    x = inputs()
    x = x[np.isfinite(x)]
    with np.errstate(all="ignore"):
        near = x.astype(dtype)
        wide = near.astype(np.float64)
        up = np.where(wide < x, np.nextafter(near, dtype(np.inf)), near)
        down = np.where(wide > x, np.nextafter(near, dtype(-np.inf)), near)
    negative = np.signbit(x)
    expected = {
        "toward_positive": up,
        "toward_negative": down,
        "toward_zero": np.where(negative, up, down),
        "away_from_zero": np.where(negative, down, up),
    }
    for mode, want in expected.items():
        want = np.copysign(want.astype(np.float64), x)  # nextafter gives +0 for a negative zero
        assert same_values(hu.round(x, name, mode), want).all(), mode


def test_binary16_to_odd_is_the_odd_one_of_the_two_neighbours():
    x = half_boundaries()
    x = x[np.isfinite(x)]
    down, up = hu.round(x, "binary16", "toward_zero"), hu.round(x, "binary16", "away_from_zero")
    with np.errstate(over="ignore"):
        down_code, up_code = down.astype(np.float16).view(np.uint16), up.astype(np.float16).view(np.uint16)
    want = np.where(down_code % 2 == 1, down_code, up_code)
    want = np.where(down == x, down_code, want)
    assert (hu.encode(x, "binary16", "to_odd") == want).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_every_binary16_code_decodes_to_numpys_value(dtype):
    assert same_values(hu.decode(EVERY, "binary16", dtype), HALVES.astype(dtype)).all()
    assert hu.decode(EVERY, "binary16", dtype).dtype == dtype


@pytest.mark.parametrize(
    ("name", "word", "dtype"), [("binary32", np.uint32, np.float32), ("binary64", np.uint64, np.float64)]
)
def test_random_codes_decode_to_numpys_value_and_encode_back(name, word, dtype):
    codes = np.random.default_rng(3).integers(np.iinfo(word).max, size=100_000, dtype=word)
    codes[:4] = [0, 1, np.iinfo(word).max // 2 + 1, np.iinfo(word).max // 2 + 2]  # zeros, smallest subnormals
    values = codes.view(dtype)
    got = hu.decode(codes, name)
    assert got.dtype == dtype
    assert same_values(got, values).all()
    nan = np.isnan(values)
    assert (hu.encode(values, name)[~nan] == codes[~nan]).all()
    assert (hu.encode(np.array([np.nan], dtype=dtype), name).view(dtype) != 0).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_carrier_rounded_to_its_own_format_is_unchanged(dtype):
    word = {2: np.uint16, 4: np.uint32, 8: np.uint64}[np.dtype(dtype).itemsize]
    x = np.random.default_rng(5).integers(np.iinfo(word).max, size=50_000, dtype=word).view(dtype)
    for mode in ("nearest_ties_to_even", "toward_positive", "to_odd", "nearest_ties_to_zero"):
        assert same_values(hu.round(x, np.dtype(dtype), mode), x).all()


def test_float16_carriers_round_as_the_same_number_in_float64():
    wide = HALVES.astype(np.float64)
    for name in ("e4m3fn", "e5m2", "e3m4", "Binary8p4se"):
        for mode in ("nearest_ties_to_even", "toward_negative", "nearest_ties_to_away", "to_odd"):
            assert same_values(hu.round(HALVES, name, mode), hu.round(wide, name, mode)).all()
            assert (hu.encode(HALVES, name, mode) == hu.encode(wide, name, mode)).all()
