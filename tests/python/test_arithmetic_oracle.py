"""Arithmetic on codes and on values gives the exact oracle's results and flags, in every registered format."""

from __future__ import annotations

import itertools
import math
import random as pseudo
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

import arithmetic_oracle as model
import code_oracle
import halfulp as hu
import ml_dtypes
import numpy as np
import oracle
import pytest
from arithmetic_oracle import How, Operand
from oracle import DETERMINISTIC, NAN, STOCHASTIC, NoNaN, Shape

FORMATS = [f.name for f in hu.formats()]
MORE = ["Binary8p4se", "Binary8p3sf", "Binary6p1se", "Binary8p1ue", "Binary5p3uf", "e4m3_nosub", "e3m0fn", "e5m1"]
MODES = [*DETERMINISTIC, *STOCHASTIC]
ROUNDED = ["add", "sub", "mul", "div", "fma", "faa", "sqrt", "recip", "rsqrt", "remainder"]
POLICIES = ("sat_finite", "sat_propagate", "sat_none", "to_nan")


class Case:
    """The library's format beside the oracle's, and codes at which results change their mind."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.model = f = model.named(name)
        self.format = hu.format(name)
        self.dtype = self.format.code_dtype
        if isinstance(f, Shape):
            self.codes, self.count = 0, 1 << f.bits
            largest, infinity = f.magnitudes
            one = (f.bias << f.mantissa_bits) % (largest + 1)
            normal = 1 << f.mantissa_bits
            sizes = {0, 1, 2, normal - 1, normal, normal + 1, one - 1, one, one + 1, largest - 1, largest}
            if infinity is not None:
                sizes |= {infinity, infinity + 1, infinity + (normal >> 1), infinity + normal - 1}
            sizes |= {f.sign_code - 1}
            edges = {c for c in sizes if 0 <= c < f.sign_code}
            self.edges = sorted(edges | {c | f.sign_code for c in edges} if f.signed else edges)
        else:
            codes = f.codes()
            self.codes, self.count = codes.start, len(codes)
            middle = {f.code(f.of_zero)} if not isinstance(f, code_oracle.HiFloat8) else {0}
            around = {
                m + d for m in (codes.start, codes.stop - 1, *middle, codes.start + self.count // 2) for d in (-1, 0, 1)
            }
            self.edges = sorted(c for c in around if c in codes)

    def draw(self, rng: pseudo.Random) -> int:
        return rng.choice(self.edges) if rng.random() < 0.3 else self.codes + rng.randrange(self.count)

    def near(self, code: int, rng: pseudo.Random) -> int:
        """A code beside another one, of either sign."""
        found = code + rng.randrange(-3, 4)
        if isinstance(self.model, Shape) and self.model.signed and rng.random() < 0.5:
            found ^= self.model.sign_code
        return min(max(found, self.codes), self.codes + self.count - 1)

    def code(self, value: oracle.Value) -> int:
        if value == NAN:
            return model.canonical_nan(self.model)
        found = self.model.code(value)
        assert found is not None
        return found


@lru_cache(maxsize=256)
def case(name: str) -> Case:
    return Case(name)


def tuples(op: str, cases: list[Case], count: int, rng: pseudo.Random) -> Iterator[list[int]]:
    """Operands as codes: independent ones, near ones, and addends that nearly cancel a product."""
    same = all(c.name == cases[0].name for c in cases)
    for _ in range(count):
        codes = [c.draw(rng) for c in cases]
        if len(codes) > 1 and same and rng.random() < 0.4:
            codes[1] = cases[1].near(codes[0], rng)
        if op == "fma" and rng.random() < 0.5:
            a, b = (c.model.value(code) for c, code in zip(cases[:2], codes[:2], strict=True))
            if not isinstance(a, str) and not isinstance(b, str):
                with_nan = How(overflow="sat_finite", nan="to_max")
                codes[2] = cases[2].near(cases[2].code(model.projected(-a * b, cases[2].model, with_nan)), rng)
        yield codes


def some_how(f: model.Format, mode: str, rng: pseudo.Random) -> tuple[How, dict[str, Any]]:
    """A projection, as the oracle and as the library take it; without random bits."""
    policies: list[str | None] = [None, None, *POLICIES]
    if isinstance(f, code_oracle.Fixed) and f.wraps:
        policies.append("wrap")
    overflow = rng.choice(policies)
    nan = rng.choice(["to_max", "to_zero"])
    ftz = rng.choice([None, None, "before", "after"]) if isinstance(f, Shape) else None
    tininess = rng.choice(["after", "before"])
    how = How(mode=mode, overflow=overflow, nan=nan, ftz=ftz, tininess=tininess)
    return how, {"overflow": overflow, "nan": nan, "ftz": ftz, "tininess": tininess}


def expected(op: str, operands: list[Operand], target: Case, how: How) -> tuple[int, int]:
    found = model.calculate(op, operands, target.model, how)
    return target.code(found.value), found.flags


def check_codes(op: str, cases: list[Case], target: Case, mode: str, count: int, rng: pseudo.Random) -> None:
    """Random projections of random operands, everything compared."""
    how, keywords = some_how(target.model, mode, rng)
    daz = rng.random() < 0.2
    given = list(tuples(op, cases, count, rng))
    words = [0] * count
    if mode in STOCHASTIC:
        bits = rng.choice([1, 2, 5, 8, 31, 32])
        words = [rng.randrange(1 << bits) for _ in given]
        how = how._replace(n=bits)
        keywords |= {"random": np.array(words, dtype=np.uint32), "random_bits": bits}
    arrays: list[Any] = [
        np.array(column, dtype=c.dtype) for column, c in zip(zip(*given, strict=True), cases, strict=True)
    ]
    formats = {f"format_{letter}": c.name for letter, c in zip("abc", cases, strict=False)}
    exponents: list[int] = []
    if op == "scalb":
        exponents = [
            rng.choice([0, 1, -1, 7, -7, rng.randrange(-90, 90), rng.randrange(-2500, 2500), 2**62]) for _ in given
        ]
        arrays.append(np.array(exponents))
    got, flags = getattr(hu.codes, op)(
        *arrays, **formats, format=target.name, rounding=mode, flags=True, daz=daz, **keywords
    )
    assert got.dtype == target.dtype
    assert flags.dtype == np.uint8
    for i, codes in enumerate(given):
        operands = [model.operand(code, c.model) for code, c in zip(codes, cases, strict=True)]
        if daz:
            operands = [model.flushed(x, c.model) for x, c in zip(operands, cases, strict=True)]
        if op == "scalb":
            operands.append(Operand(Fraction(exponents[i])))
        wanted = expected(op, operands, target, how._replace(r=words[i]))
        assert (int(got[i]), int(flags[i])) == wanted, (
            f"{op} of {[f'{c.name}:{code:#x}' for c, code in zip(cases, codes, strict=True)]} {exponents[i : i + 1]} "
            f"to {target.name} by {how._replace(r=words[i])}, daz {daz}: {int(got[i]):#x} flags {int(flags[i])}, "
            f"not {wanted[0]:#x} flags {wanted[1]}"
        )


@pytest.mark.parametrize("name", [*FORMATS, *MORE])
def test_operations_on_codes_of_one_format(name: str) -> None:
    rng = pseudo.Random(f"one {name}")
    one = case(name)
    for op, operands in model.OPERANDS.items():
        codes = 1 if op == "scalb" else operands
        for mode in MODES if op in ROUNDED else rng.sample(MODES, 4):
            check_codes(op, [one] * codes, one, mode, 12, rng)


WIDE = ["binary64", "binary32", "binary16", "bfloat16", "e5m2", "posit32_2", "q8.8", "int16", "e8m0fnu"]
NARROW = ["e4m3fn", "e2m1fn", "e4m3fnu", "Binary8p4se", "Binary5p3uf", "posit8_2", "nf4", "hif8", "uint4", "dlfloat16"]


@pytest.mark.parametrize("target", [*WIDE, *NARROW])
def test_operands_of_other_formats(target: str) -> None:
    rng = pseudo.Random(f"mixed {target}")
    for op, operands in model.OPERANDS.items():
        codes = 1 if op == "scalb" else operands
        for _ in range(10 if op in ROUNDED else 3):
            cases = [case(rng.choice([*WIDE, *NARROW])) for _ in range(codes)]
            check_codes(op, cases, case(target), rng.choice(MODES), 10, rng)


@pytest.mark.parametrize(
    "name", ["e2m1fn", "Binary4p2sf", "int3", "uint2", "posit5_1", "nf3", "ternary", "e2m2", "e3m0fn"]
)
def test_all_pairs_of_small_formats(name: str) -> None:
    one = case(name)
    codes = range(one.codes, one.codes + one.count)
    pairs = list(itertools.product(codes, repeat=2))
    a, b = (np.array(column, dtype=one.dtype) for column in zip(*pairs, strict=True))
    for op, mode in itertools.product(("add", "mul", "div", "remainder"), ("nearest_ties_to_even", "to_odd")):
        got, flags = getattr(hu.codes, op)(a, b, name, rounding=mode, nan="to_max", flags=True)
        how = How(mode=mode, nan="to_max")
        for pair, *found in zip(pairs, got.tolist(), flags.tolist(), strict=True):
            operands = [model.operand(code, one.model) for code in pair]
            assert tuple(found) == expected(op, operands, one, how), (op, mode, pair)


# --- values

CARRIERS = {"binary16": np.float16, "bfloat16": ml_dtypes.bfloat16, "binary32": np.float32, "binary64": np.float64}


def values_of(name: str, codes: list[int]) -> np.ndarray:
    size = np.dtype(CARRIERS[name]).itemsize
    return np.array(codes, dtype=f"u{size}").view(CARRIERS[name])


def as_exact(x: Any) -> oracle.Value:
    return oracle.from_float(float(x))


@pytest.mark.parametrize("carrier", CARRIERS)
@pytest.mark.parametrize("name", ["e4m3fn", "e2m1fn", "e5m2", "Binary8p4ue", "int8", "posit8_2", "nf4", "binary16"])
def test_operations_on_values(carrier: str, name: str) -> None:
    rng = pseudo.Random(f"values {carrier} {name}")
    source, target = case(carrier), case(name)
    for op, operands in model.OPERANDS.items():
        if op in ("convert", "scalb"):
            continue
        mode = rng.choice(MODES)
        how, keywords = some_how(target.model, mode, rng)
        given = list(tuples(op, [source] * operands, 10, rng))
        # Most numbers of a carrier are far outside a narrow format: half of the operands come from the format itself.
        arrays = [values_of(carrier, list(column)) for column in zip(*given, strict=True)]
        for array in arrays:
            inside = np.array([target.draw(rng) for _ in range(5)], dtype=target.dtype)
            with np.errstate(over="ignore"):
                array[:5] = hu.decode(inside, name, dtype="float64").astype(array.dtype)
            array[:5][np.isnan(array[:5].astype(np.float64))] = 1
        words = [0] * 10
        if mode in STOCHASTIC:
            words = [rng.randrange(2**32) for _ in given]
            keywords["random"] = np.array(words, dtype=np.uint32)
        daz = rng.random() < 0.2
        got, flags = getattr(hu, op)(*arrays, name, mode, dtype="float64", flags=True, daz=daz, **keywords)
        kind = f"u{np.dtype(CARRIERS[carrier]).itemsize}"
        for i in range(10):
            x = [model.operand(int(array.view(kind)[i]), source.model) for array in arrays]
            if daz:
                x = [model.flushed(v, target.model) for v in x]
            want = model.calculate(op, x, target.model, how._replace(r=words[i]))
            assert (as_exact(got[i]), int(flags[i])) == want, (
                op,
                mode,
                keywords,
                daz,
                [float(a[i]).hex() for a in arrays],
            )


def test_overflow_that_stays_outside_the_format() -> None:
    """overflow="unbounded" and nan="keep", which values alone have."""
    x = np.array([400.0, -400.0, 448.0, 1e300, np.inf, -np.inf])
    for name, mode in itertools.product(("e4m3fn", "e2m1fn"), DETERMINISTIC):
        got, flags = hu.add(x, 400.3, name, mode, overflow="unbounded", flags=True)
        for value, result, raised in zip(x, got, flags, strict=True):
            operands = [model.of_value(as_exact(value)), model.of_value(Fraction(400.3))]
            want = model.calculate("add", operands, model.named(name), How(mode=mode, overflow="unbounded"))
            assert (as_exact(result), int(raised)) == (as_exact(float(want.value)), want.flags), (name, mode, value)
    got, flags = hu.add(np.array([np.nan, 1.0]), 1.0, "e2m1fn", nan="keep", flags=True)
    assert math.isnan(got[0])
    assert got[1] == 2
    assert flags.tolist() == [model.INVALID, 0]


# --- comparisons, NaN rules, errors


def test_comparisons() -> None:
    rng = pseudo.Random("compare")
    names = [*WIDE, *NARROW, "e4m3fnuz", "fp4_bnb"]
    for _ in range(150):
        cases = [case(rng.choice(names)) for _ in range(2)]
        if rng.random() < 0.4:
            cases[1] = cases[0]
        given = list(tuples("compare", cases, 16, rng))
        a, b = (np.array(column, dtype=c.dtype) for column, c in zip(zip(*given, strict=True), cases, strict=True))
        plain, raised = hu.codes.compare(a, b, cases[0].name, cases[1].name, flags=True)
        loud = hu.codes.compare(a, b, cases[0].name, cases[1].name, signaling=True, flags=True)[1]
        total = hu.codes.compare(a, b, cases[0].name, cases[1].name, total=True)
        for i, codes in enumerate(given):
            x, y = (model.operand(code, c.model) for code, c in zip(codes, cases, strict=True))
            where = ([c.name for c in cases], codes)
            assert plain[i] == model.compare(x, y), where
            assert total[i] == model.compare_total(x, y), where
            assert raised[i] == (model.INVALID if x.signaling or y.signaling else 0), where
            assert loud[i] == (model.INVALID if x.is_nan or y.is_nan else 0), where


IEEE = ["binary16", "binary32", "binary64", "bfloat16", "e5m2", "e4m3", "e3m4"]


@pytest.mark.parametrize("rule", ["canonical", "x86", "arm"])
def test_nan_rules(rule: str) -> None:
    rng = pseudo.Random(f"nan {rule}")
    for op in [*ROUNDED, "minimum", "maximum_magnitude", "round_to_integral", "convert"]:
        for _ in range(12):
            cases = [case(rng.choice(IEEE)) for _ in range(model.OPERANDS[op])]
            target = case(rng.choice(IEEE))
            shapes = [c.model for c in cases]
            given = []
            for _ in range(16):
                codes = []
                for s in shapes:
                    infinity = s.magnitudes[1]
                    payload = rng.randrange(1, 1 << s.mantissa_bits)
                    size = rng.choice([0, infinity, infinity + payload, infinity + payload, rng.randrange(infinity)])
                    codes.append(size | rng.choice([0, s.sign_code]))
                given.append(codes)
            arrays = [
                np.array(column, dtype=c.dtype) for column, c in zip(zip(*given, strict=True), cases, strict=True)
            ]
            formats = {f"format_{letter}": c.name for letter, c in zip("abc", cases, strict=False)}
            got, flags = getattr(hu.codes, op)(*arrays, **formats, format=target.name, nan_rule=rule, flags=True)
            for i, codes in enumerate(given):
                operands = [model.operand(code, s) for code, s in zip(codes, shapes, strict=True)]
                want = model.calculate(op, operands, target.model, How(nan_rule=rule))
                code = target.model.code(want.value)
                if code is None:
                    code = model.nan_code(rule, op, codes, shapes, target.model)
                assert (int(got[i]), int(flags[i])) == (code, want.flags), (
                    op,
                    [c.name for c in cases],
                    codes,
                    target.name,
                )


def test_a_nan_that_no_code_stands_for_is_an_error_where_it_is_not_named_otherwise() -> None:
    for op in ("add", "div", "maximum"):
        with pytest.raises(ValueError, match="NaN"):
            getattr(hu, op)(np.array([1.0, np.nan]), 1.0, "e2m1fn")
        with pytest.raises(NoNaN):
            model.calculate(op, [Operand(NAN), Operand(Fraction(1))], oracle.shape("e2m1fn"), How())
    with pytest.raises(ValueError, match="NaN"):
        hu.codes.div([0], [0], "e2m1fn")


# --- what the oracle itself is held to: the arithmetic of Python and NumPy


def test_the_oracle_has_the_bits_of_binary64_and_binary32() -> None:
    rng = np.random.default_rng(7)
    for name, dtype in (("binary64", np.float64), ("binary32", np.float32), ("binary16", np.float16)):
        f = model.named(name)
        kind = f"u{np.dtype(dtype).itemsize}"
        codes = rng.integers(0, 1 << f.bits, (2, 400), dtype=np.uint64, endpoint=False).astype(kind)
        codes[1, :200] = codes[0, :200] + rng.integers(0, 8, 200).astype(kind)
        a, b = codes.view(dtype)
        with np.errstate(all="ignore"):
            peers = {
                "add": a + b,
                "sub": a - b,
                "mul": a * b,
                "div": a / b,
                "sqrt": np.sqrt(a),
                "next_up": np.nextafter(a, dtype(np.inf)),
                "next_down": np.nextafter(a, dtype(-np.inf)),
                "round_to_integral": np.rint(a),
            }
        if name == "binary64":
            peers["remainder"] = np.array([ieee_remainder(x, y) for x, y in zip(a, b, strict=True)])
        for op, results in peers.items():
            for i, result in enumerate(results):
                x = [model.operand(int(codes[k, i]), f) for k in range(model.OPERANDS[op])]
                if op.startswith("next") and x[0].is_zero:
                    continue
                want = NAN if np.isnan(result) else as_exact(result)
                assert model.calculate(op, x, f, How()).value == want, (name, op, a[i], b[i])


def ieee_remainder(x: float, y: float) -> float:
    try:
        return math.remainder(x, y)
    except ValueError:
        return math.nan


def test_irrational_roots_are_between_the_right_multiples() -> None:
    for x in (Fraction(2), Fraction(3, 1 << 200), Fraction(1 << 301), Fraction(1, 7), Fraction(10**9 + 7)):
        y = model.root(x)
        step = oracle.two(oracle.floor_log2(y) - model.DYADIC_BITS + 2)
        lower = y // step * step
        assert lower * lower < x < (lower + step) ** 2
    assert model.root(Fraction(9, 4)) == Fraction(3, 2)
    assert model.root(Fraction(1, 9)) == Fraction(1, 3)
