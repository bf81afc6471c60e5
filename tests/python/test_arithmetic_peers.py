"""Arithmetic against others: recorded answers of SoftFloat, MPFR, SoftPosit and Universal, the rules of P3109,
ml_dtypes live, and inputs of the peer comparison at which carriers fail."""

from __future__ import annotations

import hashlib
import itertools
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import oracle
import pytest
from oracle import INF, NAN, NINF, Value, two
from support import VECTORS, lines

ARITHMETIC = VECTORS / "arithmetic"
IEEE_MODES = ["nearest_ties_to_even", "toward_zero", "toward_negative", "toward_positive"]
SOFTFLOAT_MODES = [*IEEE_MODES, "nearest_ties_to_away"]
MPFR_MODES = [*IEEE_MODES, "away_from_zero"]


def repeated(text: str) -> list[int]:
    """Five hexadecimal numbers: one alone stands for all, and = is the first one again."""
    fields = text.split()
    return [int(fields[0] if f == "=" else f, 16) for f in (fields if len(fields) > 1 else fields * 5)]


def recorded(path: Path) -> Iterator[tuple[str, list[list[int]], list[list[list[int]]]]]:
    """For each operation its operands as columns, and results and flags with one column for each mode."""
    groups: dict[str, list[tuple[list[int], list[list[int]]]]] = defaultdict(list)
    for line in lines(path):
        head, *rest = line.split(" : ")
        op, *operands = head.split()
        if op == "compare":
            groups[op].append(([int(x, 16) for x in operands], [[int(x, 16) for x in part.split()] for part in rest]))
        else:
            answers = [repeated(part) for part in rest]
            groups[op].append(([int(x, 16) for x in operands], [*answers, answers[-1]][:3]))
    for op, rows in groups.items():
        yield (
            op,
            columns([given for given, _ in rows]),
            [columns(part) for part in zip(*(a for _, a in rows), strict=True)],
        )


def columns(rows: Any) -> list[list[int]]:
    return [list(column) for column in zip(*rows, strict=True)]


def codes_of(name: str, given: list[list[int]]) -> list[np.ndarray]:
    return [np.array(column, dtype=hu.format(name).code_dtype) for column in given]


@pytest.mark.parametrize("name", ["binary16", "binary32", "binary64"])
def test_softfloat(name: str) -> None:
    met = set()
    for op, given, parts in recorded(ARITHMETIC / f"softfloat.{name}.txt"):
        operands = codes_of(name, given)
        met.add(op)
        if op == "compare":
            for signaling in (False, True):
                order, flags = hu.codes.compare(*operands, name, signaling=signaling, flags=True)
                found = [order == 0, order == -1, (order == 0) | (order == -1)]
                assert [x.astype(int).tolist() for x in found] == parts[0]
                assert flags.tolist() == parts[1][signaling]
            continue
        results, after, before = parts
        for i, mode in enumerate(SOFTFLOAT_MODES):
            for tininess, raised in (("after", after), ("before", before)):
                keywords = {"rounding": mode, "tininess": tininess, "flags": True}
                if op.startswith("to_"):
                    got, flags = hu.codes.convert(*operands, name, op.removeprefix("to_"), **keywords)
                else:
                    got, flags = getattr(hu.codes, op)(*operands, name, **keywords)
                assert got.tolist() == results[i], (op, mode)
                assert flags.tolist() == raised[i], (op, mode, tininess)
    assert {"add", "sub", "mul", "div", "remainder", "sqrt", "round_to_integral", "fma", "compare"} <= met
    assert len(met) == 11


@pytest.mark.parametrize("name", ["binary16", "bfloat16", "tf32", "e5m2", "e4m3", "binary64", "e15m48"])
def test_mpfr(name: str) -> None:
    """MPFR's 1/√-0 is +∞, where IEEE 754-2019, 9.2.1 has -∞. Its other flags are not those of IEEE 754."""
    sign = 1 << (hu.format(name).bits - 1)
    met = set()
    for op, given, (results, raised, _) in recorded(ARITHMETIC / f"mpfr.{name}.txt"):
        met.add(op)
        operands = codes_of(name, given)
        if op == "fms":
            operands[2] = operands[2] ^ operands[2].dtype.type(sign)
        for i, mode in enumerate(MPFR_MODES):
            got, flags = getattr(hu.codes, "fma" if op == "fms" else op)(*operands, name, rounding=mode, flags=True)
            theirs = np.array(results[i], dtype=got.dtype)
            if op == "rsqrt":
                theirs[operands[0] == sign] |= theirs.dtype.type(sign)
            assert np.array_equal(got, theirs), (op, mode)
            assert (flags & 0b01101).tolist() == raised[i], (op, mode)
    assert len(met) == 11


def test_all_pairs_of_posits_of_eight_bits() -> None:
    a, b = pairs(256)
    rows = [line.split() for line in lines(ARITHMETIC / "posits.txt") if line.startswith("all ")]
    assert len(rows) == 8
    for _, peer, name, op, digest in rows:
        got = getattr(hu.codes, op)(a, b, name)
        assert hashlib.sha256(got.tobytes()).hexdigest() == digest, (peer, name, op)


def test_posits() -> None:
    groups: dict[tuple[str, ...], list[list[int]]] = defaultdict(list)
    for line in lines(ARITHMETIC / "posits.txt"):
        if not line.startswith("all "):
            head, result = line.split(" : ")
            *key, rest = head.split(maxsplit=3)
            groups[tuple(key)].append([int(x, 16) for x in (*rest.split(), result)])
    assert len(groups) == 3 * 7 + 2 * 4
    for (peer, name, op), rows in groups.items():
        *operands, theirs = codes_of(name, columns(rows))
        assert np.array_equal(getattr(hu.codes, op)(*operands, name), theirs), (peer, name, op)


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """All pairs of codes, the first one outermost."""
    codes = np.arange(count, dtype=np.uint8)
    return np.repeat(codes, count), np.tile(codes, count)


# --- P3109 v4.0, section 4.10 and 4.11: the cases of the closed extended reals, then one projection


def add_rule(x: Value, y: Value) -> Value:
    if NAN in (x, y) or {x, y} == {INF, NINF}:
        return NAN
    return next((v for v in (x, y) if v in (INF, NINF)), None) or x + y  # type: ignore[operator]


def sign_of(x: Value) -> int:
    return {INF: 1, NINF: -1}.get(x, 0) if isinstance(x, str) else (x > 0) - (x < 0)


def multiply_rule(x: Value, y: Value) -> Value:
    sign = sign_of(x) * sign_of(y)
    if NAN in (x, y) or (sign == 0 and isinstance(x, str) | isinstance(y, str)):
        return NAN
    if isinstance(x, str) or isinstance(y, str):
        return INF if sign > 0 else NINF
    return x * y


def divide_rule(x: Value, y: Value) -> Value:
    if NAN in (x, y) or y == 0 or (isinstance(x, str) and isinstance(y, str)):
        return NAN
    if isinstance(x, str):
        return INF if sign_of(x) * sign_of(y) > 0 else NINF
    return Fraction(0) if isinstance(y, str) else x / y


def least(x: Value, y: Value) -> Value:
    return NAN if NAN in (x, y) else min(x, y, key=on_the_line)


def most(x: Value, y: Value) -> Value:
    return NAN if NAN in (x, y) else max(x, y, key=on_the_line)


def on_the_line(x: Value) -> tuple[int, Fraction]:
    return (sign_of(x), Fraction(0)) if isinstance(x, str) else (0, x)


def or_the_number(rule: Any) -> Any:
    return lambda x, y: y if x == NAN else x if y == NAN else rule(x, y)


P3109_RULES: dict[str, Any] = {
    "add": add_rule,
    "sub": lambda x, y: add_rule(x, {INF: NINF, NINF: INF}.get(y, y) if isinstance(y, str) else -y),
    "mul": multiply_rule,
    "div": divide_rule,
    "fma": lambda x, y, z: add_rule(multiply_rule(x, y), z),
    "faa": lambda x, y, z: NAN if {INF, NINF} <= {x, y, z} else add_rule(add_rule(x, y), z),
    "recip": lambda x: divide_rule(Fraction(1), x),
    "minimum": least,
    "maximum": most,
    "minimum_number": or_the_number(least),
    "maximum_number": or_the_number(most),
}
P3109_FORMATS = ["Binary4p2sf", "Binary4p2se", "Binary4p1se", "Binary4p3ue", "Binary4p2uf", "Binary3p1ue"]


@pytest.mark.parametrize("name", P3109_FORMATS)
@pytest.mark.parametrize("op", P3109_RULES)
def test_p3109_rules(name: str, op: str) -> None:
    shape = oracle.shape(name)
    count = 3 if op in ("fma", "faa") else 1 if op == "recip" else 2
    given = list(itertools.product(range(1 << shape.bits), repeat=count))
    operands = codes_of(name, columns(given))
    values = [[shape.value(code) for code in codes] for codes in given]
    nan = next(code for code in range(1 << shape.bits) if shape.value(code) == NAN)
    modes = ["nearest_ties_to_even"] if count == 3 else ["nearest_ties_to_even", "toward_negative", "to_odd"]
    for mode in modes:
        for saturation in ("sat_none", "sat_finite", "sat_propagate"):
            got = getattr(hu.codes, op)(*operands, name, rounding=mode, overflow=saturation)
            for codes, x, result in zip(given, values, got.tolist(), strict=True):
                code = shape.code(oracle.project(P3109_RULES[op](*x), shape, mode, saturation))
                assert result == (nan if code is None else code), (mode, saturation, codes)


def test_p3109_roots_of_zero_and_of_negative_numbers() -> None:
    for name in ("Binary8p4se", "Binary8p3sf", "Binary6p2se"):
        shape = oracle.shape(name)
        codes = np.arange(1 << shape.bits, dtype=np.uint8)
        values = [shape.value(int(c)) for c in codes]
        nan = next(i for i, v in enumerate(values) if v == NAN)
        root, inverse = hu.codes.sqrt(codes, name), hu.codes.rsqrt(codes, name)
        for value, r, i in zip(values, root.tolist(), inverse.tolist(), strict=True):
            below_zero = value in (NAN, NINF) or (not isinstance(value, str) and value < 0)
            assert (r == nan) == below_zero, (name, value)
            assert (i == nan) == (below_zero or value == 0), (name, value)
        if shape.magnitudes[1] is not None:
            infinity = values.index(INF)
            assert (root[infinity], inverse[infinity]) == (infinity, 0)


def test_p3109_orders_its_nan_below_everything() -> None:
    codes = np.arange(256, dtype=np.uint8)
    assert (hu.codes.compare([0x80], np.delete(codes, 0x80), "Binary8p4se", total=True) == -1).all()


def test_p3109_sums_that_no_256_bits_hold() -> None:
    """Binary10p1se reaches from 2^-255 to 2^254: a fixed intermediate precision loses the small operand."""
    largest, smallest = 0x1FE, 0x001
    for mode, step in (("toward_positive", 1), ("toward_negative", 0), ("nearest_ties_to_even", 0)):
        assert int(hu.codes.add([largest - 1], [smallest], "Binary10p1se", rounding=mode)[0]) == largest - 1 + step
    assert int(hu.codes.sub([largest], [smallest], "Binary10p1se", rounding="toward_zero")[0]) == largest - 1


# --- ml_dtypes (row 15), live

FP8 = {
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3": ml_dtypes.float8_e4m3,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e5m2": ml_dtypes.float8_e5m2,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
}
NARROWER = {
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
}


@pytest.mark.parametrize("name", [*FP8, *NARROWER])
@pytest.mark.parametrize("op", ["add", "sub", "mul", "div"])
def test_ml_dtypes_all_pairs(name: str, op: str) -> None:
    """binary32 has 2p + 2 bits for these, and they are far from its ends: one rounding or two are the same."""
    dtype = (FP8 | NARROWER)[name]
    a, b = pairs(1 << hu.format(name).bits)
    compute = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "div": np.divide}[op]
    with np.errstate(all="ignore"):
        theirs = compute(a.view(dtype), b.view(dtype))
    for projection in ("ml_dtypes", None):
        keywords = {"nan": "to_zero"} if name in NARROWER else {}
        ours = getattr(hu.codes, op)(a, b, name, projection=projection, **keywords)
        both_nan = np.isnan(theirs) & np.isnan(hu.decode(ours, name))
        wrong = (theirs.view(np.uint8) != ours) & ~both_nan
        assert not wrong.any(), (projection, a[wrong][:3], b[wrong][:3])


def test_products_of_e8m0_differ_where_binary32_underflows() -> None:
    """ml_dtypes multiplies in binary32: below 2^-149 (a tie at 2^-150 too) its product is 0, which E8M0 has as NaN."""
    a, b = pairs(255)
    with np.errstate(all="ignore"):
        theirs = (a.view(ml_dtypes.float8_e8m0fnu) * b.view(ml_dtypes.float8_e8m0fnu)).view(np.uint8)
    ours = hu.codes.mul(a, b, "e8m0fnu", projection="ml_dtypes")
    exponent = a.astype(int) + b - 254
    assert np.array_equal(theirs != ours, exponent <= -150)
    assert (ours[exponent <= -150] == 0).all()


# --- the peer comparison's section 5: what carriers lose


def bfloat16_near(exponents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random bfloat16 numbers with these exponents, as float64."""
    size = exponents.shape
    return rng.choice([-1.0, 1.0], size) * np.ldexp(1 + rng.integers(0, 128, size) / 128, exponents)


def test_rows_11_and_13_the_small_term_counts() -> None:
    one, small = hu.encode(np.array([1.0, 2.0**-60]), "bfloat16")
    for mode, code in (("toward_positive", 0x3F81), ("to_odd", 0x3F81), ("toward_zero", 0x3F80), ("rne", 0x3F80)):
        assert hu.codes.add([one], [small], "bfloat16", rounding=mode) == code
    assert hu.codes.sub([one], [small], "bfloat16", rounding="toward_zero") == 0x3F7F


@pytest.mark.parametrize(
    ("spread", "share"), [(10, 0.0), (20, 0.0), (40, 0.0548), (60, 0.154), (80, 0.221), (120, 0.302)]
)
def test_row_12_a_carrier_of_binary64_then_rounding(spread: int, share: float) -> None:
    """The comparison's shares of wrong sums come out when sums are formed in the carrier; ours are the exact ones."""
    rng = np.random.default_rng(12)
    a, b = bfloat16_near(rng.integers(-spread, spread, (2, 20000)), rng)
    for mode in ("toward_positive", "toward_negative"):
        ours = hu.add(a, b, "bfloat16", mode)
        carrier = hu.round(a + b, "bfloat16", mode)
        assert abs(np.mean(ours != carrier) - share) < 0.01
        shape = oracle.shape("bfloat16")
        for x, y, result in itertools.islice(zip(a, b, ours, strict=True), 400):
            exact = Fraction(x) + Fraction(y)
            assert oracle.from_float(float(result)) == (oracle.project(exact, shape, mode) if exact else exact)


def test_row_16_all_finite_pairs_of_e5m2() -> None:
    """Sums of E5M2 are multiples of 2^-16 below 2^17, which binary64 has exactly: rounding them needs no arithmetic."""
    codes = np.array([c for c in range(256) if c & 0x7C != 0x7C], dtype=np.uint8)
    a, b = np.repeat(codes, codes.size), np.tile(codes, codes.size)
    assert a.size == 61504
    x, y = (hu.decode(c, "e5m2", dtype="float64") for c in (a, b))
    lost = {
        "rne": 0,
        "rna": 0,
        "rnz": 0,
        "toward_positive": 1344,
        "toward_negative": 1344,
        "toward_zero": 1296,
        "to_odd": 1296,
    }
    for mode, count in lost.items():
        ours = hu.codes.add(a, b, "e5m2", rounding=mode)
        exact = hu.encode(x + y, "e5m2", mode)
        zero = (x + y) == 0  # in toward_negative the sign of a zero sum is that of the operation, not of the rounding
        assert np.array_equal(ours[~zero], exact[~zero])
        carrier = hu.encode(x.astype(np.float32) + y.astype(np.float32), "e5m2", mode)
        assert np.count_nonzero((ours != carrier)[~zero]) == count


def test_a_fused_sum_is_not_one_of_a_wider_carrier() -> None:
    """(1 + 2^-12)² is a tie in binary32; 2^-60 more decides it, and binary64 does not have that."""
    a, c = np.float32(1 + 2.0**-12), np.float32(2.0**-60)
    assert hu.fma(a, a, c, "binary32") == np.float32(1 + 2.0**-11 + 2.0**-23)
    assert hu.fma(a, a, -c, "binary32") == np.float32(1 + 2.0**-11)
    assert np.float32(np.float64(a) * np.float64(a) + np.float64(c)) == np.float32(1 + 2.0**-11)


def test_zero_times_infinity_plus_a_quiet_nan() -> None:
    """IEEE 754-2019, 7.2 leaves the flag open: RISC-V and Arm raise invalid, x86 does not."""
    zero, infinity, nan, signaling = 0x0000, 0x7C00, 0x7E01, 0x7C01
    for a, b in ((zero, infinity), (infinity, zero), (zero, infinity | 0x8000)):
        for rule, code, flags in (("canonical", 0x7E00, 16), ("arm", 0x7E00, 16), ("x86", nan, 0)):
            got = hu.codes.fma([a], [b], [nan], "binary16", nan_rule=rule, flags=True)
            assert (int(got[0][0]), int(got[1][0])) == (code, flags), rule
        for rule in ("canonical", "arm", "x86"):
            assert hu.codes.fma([a], [b], [signaling], "binary16", nan_rule=rule, flags=True)[1] == 16


@pytest.mark.parametrize(("far", "bits"), [(-55, 8), (-60, 10), (-70, 8), (-300, 8)])
def test_stochastic_sums_at_the_carriers_own_precision(far: int, bits: int) -> None:
    """1 + 2^far lies 2^(far + 52) of the way to the next binary64. By R's enumeration: P3109's closed forms."""
    every = np.arange(1 << bits, dtype=np.uint32)
    f = two(far + 52)
    share = f * (1 << bits)
    wanted = {
        "stochastic_a": int(share // 1),
        "stochastic_b": int((share + Fraction(1, 2)) // 1),
        "stochastic_c": round(share),
    }
    for mode, count in wanted.items():
        ones = np.ones(every.size)
        got = hu.add(ones, 2.0**far, "binary64", mode, random=every, random_bits=bits)
        assert np.count_nonzero(got == 1 + 2.0**-52) == count, mode
        assert np.count_nonzero(got == 1) == every.size - count


def test_signs_of_zero_and_overflow_in_directed_modes() -> None:
    """The kinds of fault that TestFloat found in a peer (apytypes, issue 406)."""
    for name in ("e5m2", "binary16", "e4m3", "bfloat16"):
        f = hu.format(name)
        one, sign = hu.encode(1.0, name), 1 << (f.bits - 1)
        largest, infinity = hu.encode(f.max, name), hu.encode(np.inf, name)
        assert hu.codes.sub(one, one, name) == 0
        assert hu.codes.sub(one, one, name, rounding="toward_negative") == sign
        assert hu.codes.add(sign, sign, name) == sign
        assert hu.codes.add(0, sign, name, rounding="toward_negative") == sign
        assert hu.codes.mul(0, one | sign, name) == sign
        assert hu.codes.fma(one, one, one | sign, name, rounding="toward_negative") == sign
        ends = {"rne": infinity, "toward_zero": largest, "toward_negative": largest, "toward_positive": infinity}
        for mode, code in ends.items():
            assert hu.codes.add(largest, largest, name, rounding=mode) == code, (name, mode)
            assert hu.codes.mul(largest, largest, name, rounding=mode) == code, (name, mode)
