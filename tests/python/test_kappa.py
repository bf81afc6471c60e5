"""hu.kappa: P3109's measure of conformance, held to a count over sorted lists of Fractions."""

import math
from fractions import Fraction

import halfulp as hu
import numpy as np
import pytest
from halfulp.kappa import kappa
from halfulp.vectors import conformance


def values_of(name: str) -> list[Fraction | str]:
    f = hu.format(name)
    return [Fraction(0) if f.exact(code) == "-0" else f.exact(code) for code in range(1 << f.bits)]


def defined(got: Fraction | str, expected: Fraction | str, members: list[Fraction]) -> float:
    """By the words of the interim report: representable values between both; NaN and infinities as such."""
    if (got == "nan") != (expected == "nan"):
        return math.nan
    if got == expected:
        return 0
    if "inf" in (got, expected) or "-inf" in (got, expected):
        return math.inf
    low, high = sorted((got, expected))
    return sum(low < member <= high for member in members)


@pytest.mark.parametrize("name", ["e2m1fn", "e2m3fn", "Binary4p2se", "Binary5p3ue", "e3m2", "posit5_1"])
@pytest.mark.parametrize("rounding", ["toward_zero", "away_from_zero"])
def test_kappa_of_a_whole_table(name: str, rounding: str):
    # Catches: distances in codes, from which zeros of both signs and negative numbers stand out; NaN and infinity
    # that count as numbers; cases left out.
    f = hu.format(name)
    codes = np.arange(1 << f.bits, dtype=np.uint8)
    keep = {} if f.has_nan else {"nan": "to_max"}
    a, b = np.meshgrid(codes, codes, indexing="ij")
    expected = hu.codes.mul(a, b, name, **keep)
    given = hu.codes.mul(a, b, name, rounding=rounding, **keep)
    given[1, 2] = f._spec.last_code
    values = values_of(name)
    members = sorted({value for value in values if isinstance(value, Fraction)})
    counts: dict[float, int] = {}
    for got, right in zip(given.ravel().tolist(), expected.ravel().tolist(), strict=True):
        each = defined(values[got], values[right], members)
        counts["nan" if math.isnan(each) else each] = counts.get("nan" if math.isnan(each) else each, 0) + 1
    found = kappa(given, "mul", name, **keep)
    assert {"nan" if math.isnan(key) else key: count for key, count in found.histogram.items()} == counts
    numbers = [key for key in counts if key != "nan"]
    assert found.cases == 4**f.bits == sum(counts.values())
    assert math.isnan(found.kappa) if "nan" in counts else found.kappa == max(numbers)
    assert kappa(given.ravel(), "mul", name, **keep) == found or "nan" in counts


def test_functions_tables_and_inputs_give_the_same():
    # Catches: operands in another order; blocks put together wrongly; inputs that are not the ones asked for.
    rng = np.random.default_rng(1)
    a, b, c = (rng.integers(0, 256, 5000).astype(np.uint8) for _ in range(3))

    def unit(a, b, c):
        assert a.dtype == b.dtype == c.dtype == np.uint8
        return hu.codes.fma(a, b, c, "e4m3fn", "e5m2", "e4m3fn", "bfloat16", "toward_zero")

    how = {"format_b": "e5m2", "format_c": hu.format("e4m3fn"), "result": "bfloat16"}
    table = unit(a, b, c)
    with_function = kappa(unit, "fma", "e4m3fn", inputs=(a, b, c), **how)
    with_table = kappa(table, "fma", "e4m3fn", inputs=(a, b, c), **how)
    assert with_function == with_table
    assert with_function.kappa == 1
    right = hu.codes.fma(a, b, c, "e4m3fn", "e5m2", "e4m3fn", "bfloat16")
    assert with_table.histogram[1] == (table != right).sum()
    assert kappa(unit, "fma", "e4m3fn", inputs=(a, b, c), rounding="toward_zero", **how).kappa == 0
    every = kappa(lambda a, b: hu.codes.sub(b, a, "e5m2"), "sub", "e5m2")
    assert every.worst[0].operands[0] != every.worst[0].operands[1]
    assert kappa(lambda a, b: hu.codes.sub(a, b, "e5m2"), "sub", "e5m2").kappa == 0
    square = kappa(table[:6].reshape(2, 3), "fma", "e4m3fn", inputs=(a[:6].reshape(2, 3), b[:3], c[0]), worst=0, **how)
    assert square.cases == 6
    assert square.worst == ()


def test_signed_codes_and_bit_patterns():
    # Catches: integers whose negative codes are refused, or taken for large ones.
    codes = np.arange(-8, 8).astype(np.int8)
    order = np.argsort(codes % 16)  # in the order of bit patterns
    a, b = np.meshgrid(codes[order], codes[order], indexing="ij")
    right = hu.codes.add(a, b, "int4")
    assert kappa(right, "add", "int4", nan="to_max").kappa == 0
    assert kappa(right % 16, "add", "int4", nan="to_max").kappa == 0
    wrong = right.copy()
    wrong[0, 1] = -8  # 0 + 1
    found = kappa(wrong, "add", "int4", nan="to_max")
    assert found.kappa == 9
    assert (found.worst[0].operands, found.worst[0].got, found.worst[0].expected) == ((0, 1), -8, 1)


def test_wide_formats_and_signs_of_zeros():
    # Catches: distances of 64-bit formats that wrap; a zero of the other sign that counts as a step, or goes unsaid.
    a = np.array([0x3FF0000000000000, 0x8000000000000000, 0x7FEFFFFFFFFFFFFF], dtype=np.uint64)
    got = np.array([0xBFF0000000000000, 0, 0x7FF0000000000000], dtype=np.uint64)
    found = kappa(got, "round_to_integral", "binary64", inputs=(a,))
    assert found.histogram == {0.0: 1, 2.0 * 0x3FF0000000000000: 1, math.inf: 1}
    assert found.zero_signs == 1
    assert [case.kappa for case in found.worst] == [math.inf, 2.0 * 0x3FF0000000000000]
    assert float(found) == math.inf


def test_p3109_conformance_of_a_saturating_unit():
    # Catches: an infinity missed. A unit that saturates where SatNone asks for an infinity is off by inf.
    def unit(a, b):
        return hu.codes.add(a, b, "Binary8p4se", overflow="sat_finite")

    assert math.isinf(kappa(unit, "add", "Binary8p4se", overflow="sat_none").kappa)
    assert kappa(unit, "add", "Binary8p4se", overflow="sat_finite").kappa == 0
    nan = kappa(lambda a, b: np.zeros_like(a), "div", "Binary8p4se")
    assert math.isnan(nan.kappa)
    assert math.isnan(nan.worst[0].kappa)
    assert list(nan.histogram)[-2:] == [math.inf, pytest.approx(math.nan, nan_ok=True)]


@pytest.mark.parametrize("block", [1, 100])
def test_the_worst_cases_are_nan_then_inf_then_the_farthest(monkeypatch, block: int):
    # Catches: a NaN that an infinity crowds out; an order that depends on where blocks end.
    monkeypatch.setattr(conformance, "_BLOCK", block)
    operands, got = np.array([0x01, 0x7C, 0x05, 0x7E, 0x3C]), np.array([0x02, 0x7B, 0x09, 0x00, 0x3C])
    every = kappa(got, "abs", "e5m2", inputs=(operands,)).worst
    assert [case.operands[0] for case in every] == [0x7E, 0x7C, 0x05, 0x01]
    assert kappa(got, "abs", "e5m2", inputs=(operands,), worst=1).worst[0].operands == (0x7E,)
    assert kappa(got[:3], "abs", "e5m2", inputs=(operands[:3],), worst=1).worst[0].operands == (0x7C,)


def test_the_report():
    # Catches: a report that hides what is wrong, or a table that Markdown does not take for one.
    a, b = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8), indexing="ij")
    table = hu.codes.mul(a, b, "e4m3fn")
    assert kappa(table, "mul", "e4m3fn").report() == (
        "mul e4m3fn, e4m3fn -> e4m3fn, nearest_ties_to_even\nkappa = 0 over 65536 cases: conforms\n\n"
        "kappa  cases  share\n0      65536  100 %\n"
    )
    table[0x39, 0x3A] += 2
    table[0x80, 0x01] = 0
    found = kappa(table, "mul", "e4m3fn")
    lines = found.report().splitlines()
    assert lines[1:3] == ["kappa = 2 over 65536 cases, not correctly rounded: 1", "signs of zeros that differ: 1"]
    assert lines[-1].split() == ["2", "0x39", "1.125", "0x3a", "1.25", "0x3d", "1.625", "0x3b", "1.375"]
    page = found.report(markdown=True)
    assert page.startswith("# mul e4m3fn, e4m3fn -> e4m3fn, nearest_ties_to_even\n\nkappa = 2 over")
    assert "| kappa | a | b | given | correctly rounded |\n| --- | --- | --- | --- | --- |\n| 2 | 0x39 1.125 |" in page
    many = kappa(lambda a: a ^ 0x55, "negate", "binary16").report().splitlines()
    assert "..." in [line.split()[0] for line in many if line]


ERRORS = [
    (ValueError, "operation is 'scalb', allowed: add, ", {"operation": "scalb"}),
    (ValueError, "operation is 'dot', allowed: add, ", {"operation": "dot"}),
    (
        ValueError,
        r"the table has shape \(3,\), allowed: \(16, 16\) or \(256,\)",
        {"table_or_callable": np.zeros(3, int)},
    ),
    (ValueError, "the table holds 16, allowed: 0 to 15", {"table_or_callable": np.full((16, 16), 16)}),
    (ValueError, "the table holds -1, allowed: 0 to 15", {"table_or_callable": np.full((16, 16), -1)}),
    (TypeError, "the table has dtype float64, allowed: integers", {"table_or_callable": np.zeros((16, 16))}),
    (ValueError, r"the function gave shape \(\) for operands of shape \(256,\)", {"table_or_callable": lambda a, b: 0}),
    (ValueError, "what the function gave holds 255", {"table_or_callable": lambda a, b: np.full_like(a, 255)}),
    (ValueError, "inputs has 1 arrays, allowed: 2, one for each operand", {"inputs": ([1],)}),
    (ValueError, r"inputs has shapes \(2,\), \(3,\), allowed: shapes that NumPy", {"inputs": ([1, 2], [1, 2, 3])}),
    (ValueError, r"inputs\[1\] holds 16, allowed: 0 to 15", {"inputs": ([1], [16])}),
    (TypeError, r"inputs\[0\] has dtype float64", {"inputs": ([0.5], [1])}),
    (ValueError, "inputs is None, allowed for operands of 32 bits together: arrays", {"format": "binary16"}),
    (ValueError, "rounding is 'stochastic_a', allowed: modes without", {"rounding": "stochastic"}),
    (ValueError, "rounding is 'nearest'", {"rounding": "nearest"}),
    (ValueError, "worst is -1, allowed: an integer, 0 or more", {"worst": -1}),
    (ValueError, "format_c is 'e5m2', allowed: None", {"format_c": "e5m2"}),
    (ValueError, "format 'e2m1fm'", {"format": "e2m1fm"}),
    (TypeError, "unexpected keyword argument 'roundin'", {"roundin": "rz"}),
    (TypeError, "unexpected keyword argument 'level'", {"level": 2}),
]


@pytest.mark.parametrize(
    ("error", "message", "given"), ERRORS, ids=lambda x: next(iter(x)) if isinstance(x, dict) else None
)
def test_what_does_not_go_together_is_refused(error, message, given):
    # Catches: a table of another operation that is judged all the same.
    arguments = {"table_or_callable": np.zeros((16, 16), int), "operation": "add", "format": "e2m1fn"}
    with pytest.raises(error, match=message):
        kappa(**(arguments | given))
