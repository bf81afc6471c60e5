"""halfulp.testing's assertions pass on what is exact and fail on one wrong bit, with a message that finds it and, where
somebody's way of computing is a known one, names that way."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from halfulp import Projection, Rng, decode, encode, round
from halfulp.testing import assert_arithmetic, assert_bitexact
from support import boundaries

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
        assert str(error.value).count("source 0x") + str(error.value).count("source -0x") == min(most, 24)
        assert "where: normal 24" in str(error.value)


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


# --- the report -------------------------------------------------------------------------------------------------------


def message(call: Any, *given: Any, **keywords: Any) -> str:
    with pytest.raises(AssertionError) as error:
        call(*given, **keywords)
    return str(error.value)


def lines(call: Any, *given: Any, **keywords: Any) -> list[str]:
    return message(call, *given, **keywords).splitlines()


def test_a_difference_is_told_with_fields_distance_and_place() -> None:
    source = np.array([1.0, 1.0625, -1.0625 - 2.0**-20, 470.0, 2.0**-10, -0.0, 1.04, np.nan, 0.3], dtype=np.float64)
    codes = encode(source, "e4m3fn")
    codes ^= np.array([0, 1, 1, 1, 1, 0x80, 2, 0xF, 0], np.uint8)
    told = lines(assert_bitexact, codes, "e4m3fn", source, most=9)
    seconds = told[2:15:2]
    assert told[0] == "7 of 9 differ from e4m3fn:"
    assert told[1].startswith("  [1]: source 0x1.1000000000000p+0, actual 0x39, expected code 0x38 = 1")
    assert seconds == [
        "    0|0111|001 = 1.125, right is 0|0111|000 = 1: 1 step above; source at the tie of 1 and 1.125",
        "    1|0111|000 = -1, right is 1|0111|001 = -1.125: 1 step above; "
        "source in size just above the midpoint of -1 and -1.125",
        "    0|1111|110 = 448, right is 0|1111|111 = nan: NaN or not; source beyond 448",
        "    0|0000|001 = 0.001953125, right is 0|0000|000 = 0: 1 step above; source at the tie of 0 and 0.001953125",
        "    0|0000|000 = 0, right is 1|0000|000 = -0: the other zero; source a member",
        "    0|0111|010 = 1.25, right is 0|0111|000 = 1: 2 steps above; source 0.32 of the way from 1 to 1.125",
        "    0|1110|000 = 128, right is 0|1111|111 = nan: NaN or not",
    ]
    assert told[15] == "where: normal 3, overflow 1, subnormal 1, sign of zero 1, NaN 1; 2 of them at a tie"
    assert "1 step above 3" in told[16]
    assert "NaN or not 2" in told[16]


def test_answers_that_are_no_members_are_told_as_such() -> None:
    source = np.array([1.04, 2.0, -3.0], np.float32)
    told = message(assert_bitexact, source, "e2m1fn", source)
    assert "1 of 3 differ" in told
    assert (
        "0|01|0 = 1 is right; 0x1.0a3d700000000p+0 is no member of e2m1fn; source 0.08 of the way from 1 to 1.5" in told
    )
    assert "where: no members 1" in told
    told = message(assert_bitexact, [0x12, 0x14, 0xD], "e2m1fn", source)
    assert "0|10|0 = 2 is right; 0x14 is no code of e2m1fn; source a member" in told
    assert "where: no codes 2" in told


@pytest.mark.parametrize("name", ["posit8_2", "nf4", "int8", "q4.4", "hif8", "Binary8p4se", "ternary", "e8m0fnu"])
def test_every_kind_of_format_is_told(name: str) -> None:
    source = np.array([0.3, 0.9, 1.0, 0.9990234375, 1.5, 100.0], np.float64)
    codes = encode(source, name, overflow="sat_finite")
    assert_bitexact(codes, name, source, overflow="sat_finite")
    wrong = np.array(codes)
    wrong[1] = codes[0] if codes[0] != codes[1] else codes[2]
    told = lines(assert_bitexact, wrong, name, source, overflow="sat_finite")
    assert told[0] == f"1 of 6 differ from {name}:"
    assert " step" in told[2]
    assert any(line.startswith("how far: ") for line in told)


def test_codes_with_a_sign_compare_as_the_numbers_they_are() -> None:
    source = np.array([-5.0, 5.0, -128.0])
    codes = encode(source, "int8")
    assert_bitexact(codes, "int8", source)
    assert_bitexact(codes.astype(np.int32), "int8", source)
    assert_bitexact([-5, 5, -128], "int8", source)
    assert_bitexact(source, "int8", source)
    assert "1 of 3 differ" in message(assert_bitexact, [-5, 6, -128], "int8", source)
    assert "1 of 3 differ" in message(assert_bitexact, [-5, 5, -129], "int8", source)
    assert "2 of 3 differ" in message(assert_bitexact, codes.view(np.uint8), "int8", source)


def test_formats_wider_than_a_table_are_told() -> None:
    source = np.array([1.0, 1e-310, 3.5], np.float64)
    codes = encode(source, "binary64")
    told = message(assert_bitexact, codes ^ np.uint64(1), "binary64", source)
    assert "1 step above" in told
    assert "where: normal 2, subnormal 1" in told


def test_the_distance_is_told_in_the_direction_that_explains_it() -> None:
    source = boundaries("e4m3fn")
    source = source[np.abs(source) < 400]
    assert "1 step toward zero" in message(assert_bitexact, encode(source, "e4m3fn", "rz"), "e4m3fn", source)
    assert "1 step below" in message(assert_bitexact, encode(source, "e4m3fn", "rd"), "e4m3fn", source)


# --- hints ------------------------------------------------------------------------------------------------------------

MODES = [
    "nearest_ties_to_away",
    "nearest_ties_to_zero",
    "nearest_ties_to_odd",
    "nearest_ties_up",
    "nearest_ties_down",
    "toward_zero",
    "away_from_zero",
    "toward_positive",
    "toward_negative",
    "to_odd",
]


def hint(told: str) -> list[str]:
    """The ways that the message names."""
    every = told.splitlines()
    for i, line in enumerate(every):
        if line.endswith("do not tell apart:"):
            return [way.strip() for way in every[i + 1 :] if way.startswith("  ")]
        for start in ("all", "the one"):
            if line.startswith(start) and " vanish" in line:
                return [line.partition(" vanish")[2].removeprefix("es").strip()]
    return []


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "int8", "posit8_2"])
@pytest.mark.parametrize("mode", MODES)
def test_another_rounding_mode_is_named(name: str, mode: str) -> None:
    source = boundaries(name) if name.startswith("e") else np.arange(-80, 80) / 16
    source = np.concatenate([source, source + 2.0**-12])
    source = source[np.isfinite(source)]
    told = message(assert_bitexact, encode(source, name, mode), name, source)
    ways = hint(told)
    assert f"under rounding='{mode}'" in ways
    # whatever else is named gives the same codes
    others = {way.split("'")[1] for way in ways if way.startswith("under rounding='")}
    assert all((encode(source, name, other) == encode(source, name, mode)).all() for other in others)


@pytest.mark.parametrize("policy", ["sat_finite", "sat_none", "to_nan"])
def test_another_overflow_policy_is_named(policy: str) -> None:
    name = "e5m2" if policy != "sat_none" else "e4m3fn"
    source = boundaries(name)
    told = message(assert_bitexact, encode(source, name, overflow=policy), name, source)
    assert f"under overflow='{policy}'" in hint(told)


def test_a_flush_to_zero_is_named() -> None:
    source = boundaries("e4m3fn")
    flushed = np.where(np.abs(source) < 2.0**-6, np.copysign(0.0, source), source)
    assert hint(message(assert_bitexact, encode(flushed, "e4m3fn"), "e4m3fn", source)) == ["under ftz='before'"]


@pytest.mark.parametrize(
    ("via", "dtype"), [("binary32", np.float32), ("binary16", np.float16), ("bfloat16", ml_dtypes.bfloat16)]
)
def test_double_rounding_is_named(via: str, dtype: Any) -> None:
    source = boundaries("e4m3fn")
    with np.errstate(over="ignore"):
        told = message(assert_bitexact, encode(source.astype(dtype), "e4m3fn"), "e4m3fn", source)
    assert f"when the source is first rounded to {via}" in hint(told)


def test_an_owners_preset_is_named() -> None:
    source = np.concatenate([boundaries("e8m0fnu", np.float32), np.float32([3, 6, 12])])
    with np.errstate(invalid="ignore"):
        codes = source.astype(ml_dtypes.float8_e8m0fnu)
    told = message(assert_bitexact, codes, "e8m0fnu", source)
    assert hint(told) == ["under projection='ml_dtypes'"]


def test_a_lost_sign_of_zero_is_named() -> None:
    source = boundaries("e4m3fn")
    codes = encode(source, "e4m3fn")
    told = message(assert_bitexact, np.where(codes == 0x80, 0, codes), "e4m3fn", source)
    assert hint(told) == ["when -0 comes out as +0"]


def test_another_format_is_named() -> None:
    source = boundaries("e4m3fnuz")
    told = message(assert_bitexact, encode(source, "e4m3b11fnuz"), "e4m3fnuz", source)
    assert hint(told) == ["as if the format were e4m3b11fnuz"]


def test_two_changes_together_are_named() -> None:
    source = boundaries("e5m2")
    told = message(assert_bitexact, encode(source, "e5m2", "rna", overflow="sat_finite"), "e5m2", source)
    assert "under rounding='nearest_ties_to_away' with under overflow='sat_finite'" in hint(told)


def test_nothing_is_named_where_nothing_explains_all() -> None:
    source = boundaries("e4m3fn")
    codes = encode(source, "e4m3fn", "rz")
    assert hint(message(assert_bitexact, codes, "e4m3fn", source)) == ["under rounding='toward_zero'"]
    codes[np.flatnonzero(source == 1.0)] = 0x3F
    told = message(assert_bitexact, codes, "e4m3fn", source)
    assert hint(told) == []
    assert f"closest: 1 of {codes.size} differ under rounding='toward_zero'" in told


def test_a_hint_holds_for_all_answers_and_not_for_the_sample_alone() -> None:
    """The first thousands agree with two policies; one late answer tells them apart."""
    source = np.full(200_000, 500.0)
    codes = encode(source, "e4m3fn", overflow="sat_finite")
    source[123_457], codes[123_457] = 0.0, 0x01
    told = message(assert_bitexact, codes, "e4m3fn", source)
    assert hint(told) == []
    assert "closest: 1 of 200000 differ under overflow='sat_finite'" in told


def test_other_stochastic_variants_are_named_and_the_bits_kept() -> None:
    source = np.random.default_rng(1).normal(size=2000)
    keywords = {"random_bits": 3, "rng": 5}
    codes = encode(source, "e4m3fn", "stochastic_b", **keywords)
    assert_bitexact(codes, "e4m3fn", source, rounding="stochastic_b", **keywords)
    told = message(assert_bitexact, codes, "e4m3fn", source, rounding="stochastic_a", **keywords)
    assert "under rounding='stochastic_b'" in hint(told)
    rng = Rng(7)
    codes = encode(source, "e4m3fn", "sr", rng=Rng(7))
    assert_bitexact(codes, "e4m3fn", source, rounding="sr", rng=rng)
    assert rng.stream == 1  # one draw


# --- arithmetic -------------------------------------------------------------------------------------------------------

EVERY = np.arange(256, dtype=np.uint8)
PAIRS = (EVERY[:, None], EVERY[None, :])


def test_operations_on_codes() -> None:
    products = hu.codes.mul(*PAIRS, "e4m3fn", "e5m2", "binary16")
    assert_arithmetic(products, "mul", PAIRS, "binary16", operand_formats=("e4m3fn", "e5m2"))
    assert_arithmetic(products.view(np.float16), "mul", PAIRS, "binary16", operand_formats=("e4m3fn", "e5m2"))
    own = EVERY.view(ml_dtypes.float8_e4m3fn)
    assert_arithmetic(hu.codes.add(own, own), "add", (own, own))
    assert_arithmetic(hu.codes.sqrt(own), "sqrt", [own])
    assert_arithmetic(hu.codes.convert(own, None, "e5m2"), "convert", [own], "e5m2")
    assert_arithmetic(hu.codes.scalb(own, np.arange(256) - 128), "scalb", (own, np.arange(256) - 128))
    assert_arithmetic(
        hu.codes.fma(own, own, 0x38, format_c="e5m2"), "fma", (own, own, 0x38), operand_formats=[None, None, "e5m2"]
    )


def test_a_wrong_product_is_found_and_shown() -> None:
    products = hu.codes.mul(*PAIRS, "e4m3fn")
    products[0x39, 0x3B] ^= 1  # 1.125 * 1.375 = 1.546875, between 1.5 and 1.625
    told = lines(assert_arithmetic, products, "mul", PAIRS, operand_formats="e4m3fn")
    assert told[0] == "1 of 65536 results of mul differ from e4m3fn:"
    assert told[1].startswith(
        "  [57, 59]: mul of a 0x39 = 1.125, b 0x3b = 1.375, exactly 0x1.8cp+0 = 1.546875, actual 0x3d"
    )
    fields, _, place = told[2].partition("; ")
    assert fields == "    0|0111|101 = 1.625, right is 0|0111|100 = 1.5: 1 step above"
    assert place == "exact result 0.38 of the way from 1.5 to 1.625"
    assert told[3] == "where: normal 1"


def test_operations_on_values_of_several_carriers() -> None:
    a, b = SOURCE.astype(np.float16), SOURCE.astype(ml_dtypes.bfloat16)
    sums = np.array([float(x) + float(y) for x, y in zip(a.flat, b.flat, strict=True)])  # exact in binary64
    assert_arithmetic(encode(sums, "e4m3fn").reshape(a.shape), "add", (a, b), "e4m3fn")
    assert_arithmetic(round(sums, "e4m3fn").reshape(a.shape), "add", (a, b), "e4m3fn")
    told = message(assert_arithmetic, np.zeros(a.shape), "add", (a, b), "e4m3fn")
    assert "add of a -0x1.4000000000000p+2, b -0x1.4000000000000p+2, exactly -0x1.4p+3 = -10" in told


def test_ways_of_computing_are_named() -> None:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 20_000)).astype(np.float32)
    c = -(a * b)
    assert hint(message(assert_arithmetic, a * b + c, "fma", (a, b, c), "binary32")) == [
        "when the product is rounded before the sum"
    ]
    reciprocal = (np.float32(1) / b) * a
    assert hint(message(assert_arithmetic, reciprocal, "div", (a, b), "binary32")) == [
        "when a is multiplied by the rounded reciprocal of b"
    ]
    a = round(a, "bfloat16")
    tiny = (b * np.float32(2.0**-30)).astype(np.float32)
    sums = round(a + tiny, "bfloat16", "toward_positive")
    assert "when the result is first rounded to binary32" in hint(
        message(assert_arithmetic, sums, "add", (a, tiny), "bfloat16", rounding="toward_positive")
    )
    x, y = (np.where(EVERY & 0x78, EVERY, EVERY & 0x80)[place] for place in ((slice(None), None), (None, slice(None))))
    flushed = hu.codes.mul(x, y, "e4m3fn")
    assert hint(message(assert_arithmetic, flushed, "mul", PAIRS, operand_formats="e4m3fn")) == ["under daz=True"]


def test_stochastic_operations_draw_their_bits_by_place() -> None:
    values = np.random.default_rng(4).normal(size=(30, 40))
    keywords = {"rounding": "stochastic_a", "rng": 11, "random_bits": 6}
    codes = encode(hu.mul(values, values, "e5m2", **keywords), "e5m2")
    assert_arithmetic(codes, "mul", (values, values), "e5m2", **keywords)
    told = message(
        assert_arithmetic, codes, "mul", (values, values), "e5m2", **{**keywords, "rounding": "stochastic_c"}
    )
    assert hint(told) == ["under rounding='stochastic_a'"]


def test_products_with_a_stated_accumulator() -> None:
    rng = np.random.default_rng(5)
    a, b = (round(rng.normal(size=shape).astype(np.float32), "e4m3fn") for shape in ((3, 9, 40), (40, 7)))
    c = np.float32(rng.normal(size=(3, 9, 7)))
    sums = c.copy()
    for k in range(40):  # exact products, every sum rounded to binary32: what NumPy does by itself
        sums = (sums.astype(np.float64) + a[..., k, None].astype(np.float64) * b[k]).astype(np.float32)
    assert_arithmetic(sums, "matmul", (a, b, c), "binary32", accumulate="fma")
    told = message(assert_arithmetic, sums, "matmul", (a, b, c), "binary32", accumulate="pairwise")
    assert "results of matmul differ from binary32" in told
    assert "sum of 40 products, exactly " in told
    assert "under accumulate='fma'" in hint(told)
    narrow = sums.astype(np.float16)
    assert "when the result is first rounded to binary32" in hint(
        message(assert_arithmetic, narrow, "matmul", (a, b, c), "binary16", accumulate="fma")
    )
    row = sums[:, 2, 3]
    assert_arithmetic(row, "dot", (a[:, 2], b[:, 3], c[:, 2, 3]), "binary32", accumulate="fma")
    wrong = row.copy()
    wrong[1] = np.nextafter(wrong[1], np.float32(np.inf))
    told = message(assert_arithmetic, wrong, "dot", (a[:, 2], b[:, 3], c[:, 2, 3]), "binary32", accumulate="fma")
    assert "  [1]: sum of 40 products" in told
    exact = sum((Fraction(float(p)) * Fraction(float(q)) for p, q in zip(a[1, 2], b[:, 3], strict=True)), Fraction(0))
    exact += Fraction(float(c[1, 2, 3]))
    assert f"{float(exact)!r}"[:12] in told


def test_stochastic_products_are_told_too() -> None:
    a = np.random.default_rng(6).normal(size=(5, 8)).astype(np.float32)
    given = hu.matmul(a, a.T.copy(), "bfloat16", "stochastic_a", rng=2)
    assert_arithmetic(given, "matmul", (a, a.T.copy()), "bfloat16", rounding="stochastic_a", rng=2)
    told = message(assert_arithmetic, given * 2, "matmul", (a, a.T.copy()), "bfloat16", rounding="stochastic_a", rng=2)
    assert "25 of 25 results" in told


def test_flags_are_compared_on_request() -> None:
    products, flags = hu.codes.mul(*PAIRS, "e4m3fn", flags=True, tininess="before")
    assert_arithmetic(products, "mul", PAIRS, operand_formats="e4m3fn", flags=flags, tininess="before")
    assert_arithmetic(products, "mul", PAIRS, operand_formats="e4m3fn")
    told = message(assert_arithmetic, products, "mul", PAIRS, operand_formats="e4m3fn", flags=flags)
    assert "flags differ:" in told
    assert "actual 0x03 (inexact, underflow), expected 0x01 (inexact)" in told
    assert told.endswith("all these differences vanish under tininess='before'")
    one = flags.copy()
    one[3, 4] ^= 16
    told = message(assert_arithmetic, products, "mul", PAIRS, operand_formats="e4m3fn", flags=one, tininess="before")
    assert told.startswith("1 of 65536 flags differ:\n  [3, 4]: mul of a 0x3 ")
    with pytest.raises(AssertionError, match="flags has shape"):
        assert_arithmetic(products, "mul", PAIRS, operand_formats="e4m3fn", flags=flags[0])


def test_bits_of_nan_count_under_a_nan_rule_alone() -> None:
    a, b = np.array([0x7E01, 0x3C00], np.uint16), np.array([0x3C00, 0xFD02], np.uint16)
    arm = hu.codes.add(a, b, "binary16", nan_rule="arm")
    assert arm.tolist() == [0x7E01, 0xFF02]
    assert_arithmetic(arm, "add", (a, b), operand_formats="binary16")
    assert_arithmetic(arm, "add", (a, b), operand_formats="binary16", nan_rule="arm")
    told = message(assert_arithmetic, arm, "add", (a, b), operand_formats="binary16", nan_rule="canonical")
    assert "2 of 2 results" in told
    assert "a NaN with other bits" in told
    assert "where: bits of NaN 2" in told
    with pytest.raises(TypeError, match="nan_rule"):
        assert_arithmetic(arm.view(np.float16), "add", (a, b), operand_formats="binary16", nan_rule="arm")


@pytest.mark.parametrize(
    ("keywords", "error", "text"),
    [
        ({"operation": "plus"}, ValueError, "operation is 'plus', allowed: add"),
        ({"operation": "compare"}, ValueError, "operation is 'compare'"),
        ({"operands": (1.0,)}, ValueError, "operands has 1 elements, allowed for add: 2"),
        ({"operands": np.ones(2)}, TypeError, "operands is a ndarray, allowed: a tuple"),
        ({"operands": (1, EVERY)}, TypeError, "b has dtype uint8, allowed: values; codes with operand_formats="),
        ({"operand_formats": ("e4m3fn",)}, ValueError, "operand_formats has 1 elements, allowed: 2"),
        ({"format": None}, ValueError, "format is None"),
        ({"accumulate": "fma"}, ValueError, "accumulate is 'fma', allowed for add: None"),
        ({"operation": "dot", "operands": ([1.0], [1.0]), "nan_rule": "x86"}, ValueError, "nan_rule is 'x86'"),
        ({"out": None}, TypeError, "unexpected keyword argument 'out' for add"),
        ({"operation": "dot", "operands": ([1.0], [1.0]), "daz": True}, TypeError, "'daz' for dot"),
        ({"rounding": "?"}, ValueError, "rounding is '?'"),
        ({"operands": (np.ones(2), np.ones(3))}, ValueError, "do not go together"),
        ({"flags": 0.5}, TypeError, "flags has dtype float64"),
        ({"random": np.zeros(3, np.uint32), "rounding": "sr"}, ValueError, "random has shape"),
    ],
)
def test_bad_input_of_arithmetic_is_named(keywords: dict[str, Any], error: type[Exception], text: str) -> None:
    given = {"actual": 2.0, "operation": "add", "operands": (1.0, 1.0), "format": "e4m3fn"} | keywords
    with pytest.raises(error) as caught:
        assert_arithmetic(**given)
    assert text in str(caught.value)


# --- around -----------------------------------------------------------------------------------------------------------


def test_importing_halfulp_loads_neither_hypothesis_nor_pytest_nor_the_report() -> None:
    code = (
        "import sys, halfulp as hu\n"
        "hu.testing\n"
        "loaded = {'hypothesis', 'pytest', '_pytest', 'halfulp.vectors', 'halfulp.testing.asserting'}\n"
        "loaded &= {*sys.modules}\n"
        "assert not loaded, loaded\n"
        "hu.testing.assert_bitexact(0x38, 'e4m3fn', 1.0)\n"
        "assert not {'hypothesis', 'pytest', '_pytest'} & {*sys.modules}\n"
        "assert {'values', 'assert_arithmetic'} <= {*dir(hu.testing)}\n"
        "sys.modules['hypothesis'] = None\n"
        "try:\n    hu.testing.values\nexcept ImportError as error:\n    assert 'pip install hypothesis' in str(error)\n"
        "else:\n    raise SystemExit('no error')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'assert_bitexakt'"):
        hu.testing.assert_bitexakt  # noqa: B018


@pytest.mark.slow
def test_the_example_runs_and_finds_what_it_says(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "examples/python/test_casts.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "halfulp.testing.plugin", "-q", str(example)],
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
