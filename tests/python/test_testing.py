"""halfulp.testing.assert_bitexact passes on what is exact and fails on one wrong bit, with a message that finds it."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np
import pytest
from halfulp import Projection, Rng, decode, encode, round
from halfulp.testing import assert_bitexact

CARRIERS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
SOURCE = np.linspace(-5, 5, 24, dtype=np.float32).reshape(4, 6)


@pytest.mark.parametrize("dtype", CARRIERS)
@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "e2m1fn", "e4m3fnuz", "e3m2f"])
def test_exact_codes_and_values_pass(name: str, dtype: Any) -> None:
    source = SOURCE.astype(dtype)
    codes = encode(source, name)
    for actual in (codes, codes.astype(np.int64), np.asfortranarray(codes), codes.tolist(), codes.astype(">u2")):
        assert_bitexact(actual, name, source)
    values = round(source, name)
    for carrier in CARRIERS:
        assert_bitexact(values.astype(carrier), name, source)
    assert_bitexact(np.asfortranarray(values), name, np.asfortranarray(source))
    assert_bitexact(values.astype(np.float32).astype(">f4"), name, source)


def test_the_projection_of_encode_is_taken() -> None:
    for keywords in (
        {"rounding": "toward_zero"},
        {"projection": Projection("ru")},
        {"rounding": "sr", "rng": 3},
        {"overflow": "sat_finite", "nan": "to_zero"},
    ):
        codes = encode(SOURCE, "e2m1fn", **keywords)
        assert_bitexact(codes, "e2m1fn", SOURCE, **keywords)
    with pytest.raises(AssertionError, match="differ from e2m1fn"):
        assert_bitexact(encode(SOURCE, "e2m1fn", "toward_zero"), "e2m1fn", SOURCE, rounding="away_from_zero")
    assert_bitexact(encode(SOURCE, "e2m1fn", "sr", rng=Rng(1, 2)), "e2m1fn", SOURCE, rounding="sr", rng=Rng(1, 2))


@pytest.mark.parametrize("place", [(0, 0), (2, 3), (3, 5)])
def test_one_wrong_code_is_found_and_shown(place: tuple[int, int]) -> None:
    codes = encode(SOURCE, "e4m3fn")
    right = int(codes[place])
    codes[place] ^= 1
    with pytest.raises(AssertionError) as error:
        assert_bitexact(codes, "e4m3fn", SOURCE)
    text = str(error.value)
    assert "1 of 24 differ from e4m3fn" in text
    assert str(list(place)) in text
    assert f"source {float(SOURCE[place]).hex()}" in text
    assert f"actual {right ^ 1:#x}" in text
    assert f"expected code {right:#x}" in text


@pytest.mark.parametrize("dtype", CARRIERS)
def test_one_wrong_value_is_found_and_shown(dtype: Any) -> None:
    values = round(SOURCE.astype(dtype), "e3m2f")
    values[1, 2] = 0.0625
    with pytest.raises(AssertionError) as error:
        assert_bitexact(values, "e3m2f", SOURCE.astype(dtype))
    assert "1 of 24 differ from e3m2fn" in str(error.value)
    assert "[1, 2]" in str(error.value)
    assert f"actual {(0.0625).hex()}" in str(error.value)


def test_zeros_compare_with_their_sign() -> None:
    source = np.array([0.0, -0.0, 1e-9, -1e-9], np.float32)
    assert_bitexact(np.float32([0.0, -0.0, 0.0, -0.0]), "e4m3fn", source)
    assert_bitexact([0, 0x80, 0, 0x80], "e4m3fn", source)
    assert_bitexact(np.float32([0.0, 0.0, 0.0, 0.0]), "e4m3fnuz", source)
    with pytest.raises(AssertionError, match="2 of 4 differ"):
        assert_bitexact(np.zeros(4, np.float32), "e4m3fn", source)
    with pytest.raises(AssertionError, match="2 of 4 differ"):
        assert_bitexact([0, 0, 0, 0], "e4m3fn", source)


def test_nans_compare_as_a_class() -> None:
    source = np.array([np.nan, 1.0, np.nan], np.float32)
    for codes in ([0x7F, 0x3C, 0xFF], [0x7D, 0x3C, 0xFE]):
        assert_bitexact(codes, "e5m2", source)
    payload = np.array([0x7FC00001, 0x3F800000, 0xFFC00000], np.uint32).view(np.float32)
    assert_bitexact(payload, "e5m2", source)
    with pytest.raises(AssertionError, match="1 of 3 differ"):
        assert_bitexact([0x7F, 0x3C, 0x7C], "e5m2", source)  # 7C is infinity
    with pytest.raises(AssertionError, match="1 of 3 differ"):
        assert_bitexact(np.float32([np.nan, np.nan, np.nan]), "e5m2", source)


def test_codes_beyond_the_width_differ() -> None:
    source = np.array([1.0, 2.0], np.float32)
    codes = encode(source, "e2m1fn").astype(np.uint32)
    assert_bitexact(codes, "e2m1fn", source)
    for wrong in (codes | 16, codes | 2**31, codes.astype(np.int64) - 16, codes.astype(np.uint64) | np.uint64(2**63)):
        with pytest.raises(AssertionError, match="2 of 2 differ"):
            assert_bitexact(wrong, "e2m1fn", source)


def test_a_nan_with_bits_beyond_the_width_differs() -> None:
    source = np.array([np.nan, 1.0], np.float32)
    for name, nan in (("e4m3fn", 0x7F), ("e5m2", 0x7E), ("e4m3fnuz", 0x80)):
        one = int(encode(1.0, name))
        assert_bitexact(np.array([nan, one], np.uint16), name, source)
        with pytest.raises(AssertionError, match="1 of 2 differ"):
            assert_bitexact(np.array([nan | 0x100, one], np.uint16), name, source)


def test_64_bit_formats_compare_all_their_bits() -> None:
    source = np.array([1.0, -1.5], np.float64)
    codes = encode(source, "binary64")
    assert_bitexact(codes, "binary64", source)
    with pytest.raises(AssertionError, match="1 of 2 differ"):
        assert_bitexact(codes ^ np.array([0, 1], np.uint64), "binary64", source)


def test_a_wrong_shape_or_carrier_is_said() -> None:
    with pytest.raises(AssertionError, match=r"actual has shape \(24,\), expected \(4, 6\)"):
        assert_bitexact(encode(SOURCE, "e4m3fn").reshape(-1), "e4m3fn", SOURCE)
    with pytest.raises(AssertionError, match=r"float16, which does not hold every value of bfloat16"):
        assert_bitexact(SOURCE.astype(np.float16), "bfloat16", SOURCE)


def test_scalars_lists_and_empty_arrays() -> None:
    assert_bitexact(0x38, "e4m3fn", 1.0)
    assert_bitexact(1.0, "e4m3fn", 1.04)
    assert_bitexact([], "e4m3fn", [])
    assert_bitexact(np.zeros((0, 3), np.uint8), "e4m3fn", np.zeros((0, 3), np.float32))
    with pytest.raises(AssertionError, match="1 of 1 differ") as error:
        assert_bitexact(0x39, "e4m3fn", 1.0)
    assert "expected code 0x38 = 1" in str(error.value)
    with pytest.raises(AssertionError, match="1 of 2 differ"):
        assert_bitexact([1.0, 2.5], "e4m3fn", [1.0, 2])


def test_most_limits_what_is_shown_and_not_what_is_counted() -> None:
    wrong = encode(SOURCE, "e4m3fn") ^ 1
    for most in (0, 1, 3, 5, 100):
        with pytest.raises(AssertionError) as error:
            assert_bitexact(wrong, "e4m3fn", SOURCE, most=most)
        assert "24 of 24 differ" in str(error.value)
        assert str(error.value).count("\n") == min(most, 24)


@pytest.mark.parametrize("kind", ["big-endian", "bfloat16", "read-only", "strided"])
def test_the_source_may_be_any_array(kind: str) -> None:
    source: np.ndarray = {
        "big-endian": SOURCE.astype(">f4"),
        "bfloat16": SOURCE.astype(ml_dtypes.bfloat16),
        "read-only": np.broadcast_to(SOURCE[0], SOURCE.shape),
        "strided": np.repeat(SOURCE, 2, axis=1)[:, ::2],
    }[kind]
    codes = encode(source, "e4m3fn")
    assert_bitexact(codes, "e4m3fn", source)
    with pytest.raises(AssertionError, match="24 of 24 differ"):
        assert_bitexact(codes ^ 1, "e4m3fn", source)


def test_ml_dtypes_arrays_are_codes_of_their_own_format() -> None:
    peers = SOURCE.astype(ml_dtypes.float8_e4m3fn)
    assert_bitexact(peers, "e4m3fn", SOURCE)
    assert_bitexact(peers.view(np.uint8), "e4m3fn", SOURCE)
    assert_bitexact(decode(peers), "e4m3fn", SOURCE)
    peers[0, 0] = 0
    with pytest.raises(AssertionError, match="1 of 24 differ"):
        assert_bitexact(peers, "e4m3fn", SOURCE)
    with pytest.raises((AssertionError, ValueError), match="e4m3fn"):
        assert_bitexact(peers, "e5m2", SOURCE)


@pytest.mark.parametrize("actual", [np.zeros(24, complex).reshape(4, 6), np.full((4, 6), "a"), np.zeros((4, 6), bool)])
def test_what_is_neither_codes_nor_values_is_a_type_error(actual: Any) -> None:
    with pytest.raises(TypeError, match="actual"):
        assert_bitexact(actual, "e4m3fn", SOURCE)
