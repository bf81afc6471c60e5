"""An exact and slow model of arithmetic, from the contract's text (section 2.7): Fractions, and one projection.

It imports nothing of halfulp. Numbers are Fractions, the specials the strings "nan", "inf", "-inf" and "-0";
projections are those of the float and code oracles. What it is held to is in test_arithmetic_oracle.py.

Where the text leaves something open, this is the reading: a negative number that an unsigned format takes to its
smallest member is inexact, and invalid where it becomes NaN; P3109's NaN, which is below everything, counts as negative
where its sign goes to another family.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from fractions import Fraction
from functools import lru_cache
from math import isqrt
from typing import NamedTuple

import code_oracle
import oracle
from oracle import INF, NAN, NINF, NZERO, ZERO, Place, Shape, Value, goes_away, two
from support import VECTORS, number

INEXACT, UNDERFLOW, OVERFLOW, DIVIDE_BY_ZERO, INVALID = 1, 2, 4, 8, 16
INFINITE = (INF, NINF)
DYADIC_BITS = 2048  # of a root, beyond its leading bit: finer than any threshold of any format here (see root())

OPERANDS = {
    **dict.fromkeys(("add", "sub", "mul", "div", "remainder", "copysign", "scalb"), 2),
    **dict.fromkeys(
        (f"{end}{by}{who}" for end in ("minimum", "maximum") for by in ("", "_magnitude") for who in ("", "_number")), 2
    ),
    **dict.fromkeys(("fma", "faa"), 3),
    **dict.fromkeys(
        ("sqrt", "recip", "rsqrt", "abs", "negate", "round_to_integral", "next_up", "next_down", "convert"), 1
    ),
}

Format = Shape | code_oracle.Format


class Operand(NamedTuple):
    value: Value
    negative: bool = False  # the sign of zeros, infinities and NaNs too
    signaling: bool = False

    @property
    def is_nan(self) -> bool:
        return self.value == NAN

    @property
    def is_infinite(self) -> bool:
        return self.value in INFINITE

    @property
    def real(self) -> Fraction:
        """Of a finite operand."""
        return ZERO if isinstance(self.value, str) else self.value

    @property
    def is_zero(self) -> bool:
        return not self.is_nan and not self.is_infinite and self.real == 0


class Exact(NamedTuple):
    """A result before its projection."""

    value: Value
    flags: int = 0


class Result(NamedTuple):
    value: Value
    flags: int


class How(NamedTuple):
    mode: str = "nearest_ties_to_even"
    overflow: str | None = None
    nan: str = "raise"
    ftz: str | None = None
    n: int = 32
    r: int = 0
    tininess: str = "after"
    nan_rule: str = "canonical"


@lru_cache(maxsize=256)
def named(name: str) -> Format:
    """A format by its name: a float, or what code_oracle and the published tables know."""
    known = code_oracle.parse(name)
    if known is not None:
        return known
    for path in sorted((VECTORS / "codes").glob("*.json")):
        for table in json.loads(path.read_text(encoding="ascii")).get("tables", ()):
            if table.get("name") == name and "even" in table:
                return code_oracle.Codebook(name, tuple(number(v) for v in table["values"]), table["even"])
    return oracle.shape(name)


def is_p3109(f: Format) -> bool:
    return isinstance(f, Shape) and f.letters in ("pe", "pf")


def is_ieee(f: Format) -> bool:
    return isinstance(f, Shape) and f.letters == ""


def is_quiet(code: int, s: Shape) -> bool:
    """Of a NaN code of an IEEE-like format: the leading fraction bit is set."""
    return bool(code >> (s.mantissa_bits - 1) & 1)


def operand(code: int, f: Format) -> Operand:
    """What a code stands for."""
    value = f.value(code)
    if value == NAN:
        negative = is_p3109(f) or (isinstance(f, Shape) and f.signed and bool(code & f.sign_code))
        return Operand(value, negative, is_ieee(f) and not is_quiet(code, f))
    return of_value(value)


def of_value(value: Value, negative_nan: bool = False) -> Operand:
    negative = value in (NINF, NZERO) or (not isinstance(value, str) and value < 0) or (value == NAN and negative_nan)
    return Operand(value, negative)


def flushed(x: Operand, f: Format) -> Operand:
    """daz: numbers below a float format's smallest normal member count as zeros of their sign."""
    if not isinstance(f, Shape) or x.is_nan or x.is_infinite or abs(x.real) >= f.min_normal:
        return x
    return Operand(NZERO if x.negative else ZERO, x.negative)


def signed_zero(negative: bool) -> Value:
    return NZERO if negative else ZERO


def signed_infinity(negative: bool) -> Value:
    return NINF if negative else INF


def total(terms: list[Operand], mode: str) -> Exact:
    """The exact sum of numbers."""
    infinities = {x.value for x in terms if x.is_infinite}
    if infinities:
        return Exact(NAN, INVALID) if len(infinities) == 2 else Exact(infinities.pop())
    exact = sum((x.real for x in terms), ZERO)
    if exact:
        return Exact(exact)
    signs = {x.negative for x in terms}
    return Exact(signed_zero(signs.pop() if len(signs) == 1 else mode == "toward_negative"))


def product(a: Operand, b: Operand) -> Exact:
    negative = a.negative != b.negative
    if a.is_infinite or b.is_infinite:
        return Exact(NAN, INVALID) if a.is_zero or b.is_zero else Exact(signed_infinity(negative))
    return Exact(a.real * b.real or signed_zero(negative))


def quotient(a: Operand, b: Operand, zero_divisor_is_nan: bool) -> Exact:
    negative = a.negative != b.negative
    if (a.is_infinite and b.is_infinite) or (a.is_zero and b.is_zero):
        return Exact(NAN, INVALID)
    if b.is_zero:
        raised = 0 if a.is_infinite else DIVIDE_BY_ZERO
        return Exact(NAN if zero_divisor_is_nan else signed_infinity(negative), raised)
    if a.is_infinite:
        return Exact(signed_infinity(negative))
    return Exact(signed_zero(negative)) if b.is_infinite else Exact(a.real / b.real or signed_zero(negative))


def root(x: Fraction) -> Fraction:
    """√x for x > 0: exactly where it is rational, else a number between the same two multiples of 2^-DYADIC_BITS,
    relative to its leading bit.

    Members, midpoints and the thresholds of random bits are such multiples (a root of an operand here is within
    2^±600, a format's finest threshold above 2^-1200), and an irrational root is none of them: so both have one place
    in every gap.
    """
    top, bottom = isqrt(x.numerator), isqrt(x.denominator)
    if top * top == x.numerator and bottom * bottom == x.denominator:
        return Fraction(top, bottom)
    shift = DYADIC_BITS - oracle.floor_log2(x) // 2
    scaled = x * two(2 * shift)
    return Fraction(2 * isqrt(scaled.numerator // scaled.denominator) + 1, 2) * two(-shift)


def remainder(a: Operand, b: Operand) -> Exact:
    if a.is_infinite or b.is_zero:
        return Exact(NAN, INVALID)
    if b.is_infinite:
        return Exact(a.value)
    n = round(a.real / b.real)  # Python rounds a Fraction's ties to even
    return Exact(a.real - n * b.real or signed_zero(a.negative))


def below(a: Operand, b: Operand) -> bool:
    """Whether a is less than b, with -0 below +0; neither is NaN."""

    def key(x: Operand) -> tuple[int, Fraction, bool]:
        return ((x.value == INF) - (x.value == NINF), ZERO if x.is_infinite else x.real, not x.negative)

    return key(a) < key(b)


def size_key(x: Operand) -> tuple[bool, Fraction]:
    return (x.is_infinite, ZERO if x.is_infinite else abs(x.real))


def extremum(name: str, a: Operand, b: Operand) -> Exact:
    raised = INVALID if a.signaling or b.signaling else 0
    if a.is_nan or b.is_nan:
        if name.endswith("_number") and not (a.is_nan and b.is_nan):
            return Exact((b if a.is_nan else a).value, raised)
        return Exact(NAN, raised)
    largest = name.startswith("maximum")
    if "_magnitude" in name and size_key(a) != size_key(b):
        return Exact((a if (size_key(a) > size_key(b)) == largest else b).value)
    return Exact((a if below(b, a) == largest else b).value)


def integral(x: Operand, how: How) -> Exact:
    if x.is_infinite or x.real.denominator == 1:
        return Exact(x.value)
    size = abs(x.real)
    whole = size.numerator // size.denominator
    at = oracle.place(Fraction(whole), Fraction(whole + 1), size - whole, whole % 2 == 0)
    rounded = at.above if goes_away(how.mode, at, x.negative, how.n, how.r) else at.below
    return Exact((-rounded if x.negative else rounded) or signed_zero(x.negative), INEXACT)


def evaluate(op: str, x: list[Operand], target: Format, how: How) -> Exact:
    """The exact result and the flags that do not come from its projection. scalb's second operand is a Fraction."""
    zero_divisor_is_nan = is_p3109(target) or isinstance(target, code_oracle.Posit)
    a = x[0]
    if op in ("abs", "negate", "copysign"):
        negative = False if op == "abs" else not a.negative if op == "negate" else x[1].negative
        if a.is_nan or (op == "copysign" and x[1].is_nan and is_p3109(target)):
            return Exact(NAN)
        return Exact(signed_infinity(negative) if a.is_infinite else with_sign(a.real, negative))
    if op.startswith(("minimum", "maximum")):
        return extremum(op, a, x[1])
    if op == "fma" and any(v.is_nan for v in x):
        raised = any(v.signaling for v in x)
        if not a.is_nan and not x[1].is_nan and product(a, x[1]).flags:
            raised = raised or how.nan_rule != "x86"
        return Exact(NAN, INVALID if raised else 0)
    if any(v.is_nan for v in x):
        return Exact(NAN, INVALID if any(v.signaling for v in x) else 0)
    match op:
        case "add":
            return total([a, x[1]], how.mode)
        case "sub":
            return total([a, opposite(x[1])], how.mode)
        case "mul":
            return product(a, x[1])
        case "div":
            return quotient(a, x[1], zero_divisor_is_nan)
        case "fma":
            first = product(a, x[1])
            return first if first.value == NAN else total([of_value(first.value), x[2]], how.mode)
        case "faa":
            return total(x, how.mode)
        case "recip":
            return quotient(of_value(Fraction(1)), a, zero_divisor_is_nan)
        case "sqrt":
            if a.negative and not a.is_zero:
                return Exact(NAN, INVALID)
            return Exact(a.value if a.is_infinite or a.is_zero else root(a.real))
        case "rsqrt":
            if a.is_zero:
                return Exact(NAN if zero_divisor_is_nan else signed_infinity(a.negative), DIVIDE_BY_ZERO)
            if a.negative:
                return Exact(NAN, INVALID)
            return Exact(ZERO if a.is_infinite else root(1 / a.real))
        case "remainder":
            return remainder(a, x[1])
        case "round_to_integral":
            return integral(a, how)
        case "scalb":
            n = max(-9000, min(9000, int(x[1].real)))  # beyond every exponent of the formats here
            return Exact(a.value if a.is_infinite or a.is_zero else a.real * two(n))
        case "convert":
            return Exact(a.value)
    raise AssertionError(op)


def with_sign(x: Fraction, negative: bool) -> Value:
    return (-abs(x) if negative else abs(x)) or signed_zero(negative)


def opposite(x: Operand) -> Operand:
    value = {INF: NINF, NINF: INF}.get(x.value, x.value) if x.is_infinite else with_sign(x.real, not x.negative)
    return Operand(value, not x.negative)


def calculate(op: str, x: list[Operand], target: Format, how: How) -> Result:
    if op in ("next_up", "next_down"):
        return next_member(x[0], target, op == "next_up", how)
    return project(evaluate(op, x, target, how), target, how)


# --- projection, and the flags that come from it


def project(exact: Exact, f: Format, how: How) -> Result:
    x, flags = exact
    native = oracle.native_overflow(f) if isinstance(f, Shape) else f.native
    how = how._replace(overflow=how.overflow or native)
    seen = x
    if isinstance(f, code_oracle.Fixed) and how.overflow in ("wrap", "unbounded") and not isinstance(x, str):
        seen = leading_bits(x, f)
    value = projected(seen, f, how)
    if x == NAN:
        has_nan = f.has_nan if isinstance(f, Shape) else f.nan_code is not None
        return Result(value, flags | (0 if has_nan else INVALID))
    if x in INFINITE:
        return Result(value, flags if value in INFINITE else flags | OVERFLOW | INEXACT)
    real = ZERO if isinstance(x, str) else x
    beyond, becomes_nan = fate(real, f, how)
    if becomes_nan:
        return Result(value, flags | INVALID)
    if beyond and how.overflow != "unbounded":
        return Result(value, flags | OVERFLOW | INEXACT)
    if real == (ZERO if value == NZERO else value):
        return Result(value, flags)
    flags |= INEXACT
    if isinstance(f, Shape) and real and is_tiny(real, f, how):
        flags |= UNDERFLOW
    return Result(value, flags)


def leading_bits(x: Fraction, f: code_oracle.Fixed) -> Fraction:
    """What wrap and unbounded see: a number with more than 128 bits above the last place is cut off there."""
    place = oracle.floor_log2(abs(x)) - 127 if x else 0
    if two(place) <= f.step:
        return x
    size = abs(x) / two(place)
    return (-1 if x < 0 else 1) * (size.numerator // size.denominator) * two(place)


def projected(x: Value, f: Format, how: How) -> Value:
    if isinstance(f, Shape):
        value = oracle.project(x, f, how.mode, how.overflow, how.nan, how.ftz, how.n, how.r)
        return value if value or f.has_zero else f.min_normal  # nan="to_zero" where there is no zero
    return f.project(x, how.mode, how.overflow, how.nan, how.n, how.r).value


def fate(x: Fraction, f: Format, how: How) -> tuple[bool, bool]:
    """Whether a finite number lies, rounded, beyond the largest member, and whether it is a negative number that an
    unsigned format makes NaN."""
    if isinstance(f, Shape):
        if not f.has_zero and (x == 0 or (0 < x < f.min_normal)):
            return False, False
        rounded = oracle.rounded_size(oracle.Point(x, f), how.mode, how.ftz, how.n, how.r)
        if f.signed or x >= 0:
            return rounded > f.max, False
        return False, (rounded > 0 or not f.has_zero) and not stays(how)
    if isinstance(f, code_oracle.Fixed):
        rounded = code_oracle.pick(f.spot(x), how.mode, how.n, how.r)
        if not f.signed and rounded < 0 and how.overflow != "wrap":
            return False, not stays(how)
        return not f.bottom <= rounded <= f.top, False
    if isinstance(f, code_oracle.HiFloat8):
        return abs(code_oracle.pick(f.spot(x), how.mode, how.n, how.r)) > f.top, False
    return not f.bottom <= x <= f.top, False


def stays(how: How) -> bool:
    """Whether a policy takes negative numbers of an unsigned format to its smallest member."""
    back = how.overflow == "sat_none" and how.mode in ("toward_zero", "toward_positive")
    return back or how.overflow in ("sat_finite", "sat_propagate", "unbounded")


def is_tiny(x: Fraction, s: Shape, how: How) -> bool:
    size = abs(x)
    if how.tininess == "after" and size < s.min_normal:
        at: Place = s.neighbours(size, deep=True)
        size = at.above if goes_away(how.mode, at, x < 0, how.n, how.r) else at.below
    return size < s.min_normal


# --- next_up and next_down


@lru_cache(maxsize=64)
def line(f: Format) -> list[Fraction]:
    """All finite members of a format of 16 bits or fewer, ascending."""
    codes = range(1 << f.bits) if isinstance(f, Shape) else f.codes()
    return sorted({ZERO if v == NZERO else v for v in map(f.value, codes) if not isinstance(v, str) or v == NZERO})


def ends(f: Format) -> tuple[Fraction, Fraction]:
    if isinstance(f, Shape):
        return (-f.max if f.signed else ZERO if f.has_zero else f.min_normal), f.max
    return f.bottom, f.top


def has_infinity(f: Format, negative: bool) -> bool:
    if isinstance(f, code_oracle.HiFloat8):
        return True
    return isinstance(f, Shape) and f.magnitudes[1] is not None and (f.signed or not negative)


def has_negative_zero(f: Format) -> bool:
    return f.has_negative_zero if isinstance(f, Shape) else isinstance(f, code_oracle.Codebook) and NZERO in f.places


def next_member(x: Operand, f: Format, up: bool, how: How) -> Result:
    """The definition by a search among the members; formats of more than 16 bits by halving their codes."""
    flags = INVALID if x.signaling else 0
    if x.is_nan:
        has_nan = f.has_nan if isinstance(f, Shape) else f.nan_code is not None
        nan = projected(NAN, f, how)
        return Result(nan, flags if has_nan else INVALID)
    lowest, highest = ends(f)
    last = (INF if has_infinity(f, False) else highest) if up else (NINF if has_infinity(f, True) else lowest)
    if x.is_infinite:
        if x.negative != up:
            return Result(last, flags)
        return Result(lowest if up else highest, flags)
    found = (above(x.real, f) if up else beneath(x.real, f)) if f.bits <= 16 else far(x.real, f, up)
    if found is None:
        return Result(last, flags)
    if found == 0 and up and has_negative_zero(f):
        return Result(NZERO, flags)  # IEEE 754-2019, 5.3.1: nextUp of the negative number of least magnitude is -0
    return Result(found, flags)


def above(x: Fraction, f: Format) -> Fraction | None:
    place = bisect_right(line(f), x)
    return line(f)[place] if place < len(line(f)) else None


def beneath(x: Fraction, f: Format) -> Fraction | None:
    place = bisect_left(line(f), x)
    return line(f)[place - 1] if place else None


def far(x: Fraction, f: Format, up: bool) -> Fraction | None:
    """In a format too large to list: non-negative codes are in the order of their values, negative ones mirror them."""
    if not up:
        mirrored = far(-x, f, True)
        return None if mirrored is None else -mirrored
    assert isinstance(f, Shape | code_oracle.Posit)
    largest = f.magnitudes[0] if isinstance(f, Shape) else f.nan_code - 1

    def size(code: int) -> Fraction:
        return f.magnitude(code) if isinstance(f, Shape) else f.size(code) if code else ZERO

    outward = x >= 0
    low, high = -1, largest + 1  # of |x|: the last code at or below it outward, strictly below it inward
    while high - low > 1:
        middle = (low + high) // 2
        fits = size(middle) <= abs(x) if outward else size(middle) < abs(x)
        low, high = (middle, high) if fits else (low, middle)
    if outward:
        return size(high) if high <= largest else None
    return -size(low)


# --- comparisons


def compare(a: Operand, b: Operand) -> int:
    if a.is_nan or b.is_nan:
        return 2
    if a.is_zero and b.is_zero:
        return 0
    return below(b, a) - below(a, b)


def compare_total(a: Operand, b: Operand) -> int:
    """-NaN, the numbers with -0 below +0, +NaN; of NaNs of one sign signaling ones are nearer to the numbers."""

    def rank(x: Operand) -> int:
        return (2 - x.signaling) * (-1 if x.negative else 1) if x.is_nan else 0

    if rank(a) != rank(b) or a.is_nan:
        return (rank(a) > rank(b)) - (rank(a) < rank(b))
    return below(b, a) - below(a, b)


# --- NaN rules


def nan_code(rule: str, op: str, codes: list[int], shapes: list[Shape], to: Shape) -> int:
    """The code of a NaN result of operands in IEEE-like formats."""
    m = to.mantissa_bits
    canonical = (((1 << to.exponent_bits) - 1) << m) | 1 << (m - 1)
    if rule == "canonical":
        return canonical
    given = list(zip(codes, shapes, strict=True))
    order = [given[2], given[0], given[1]] if rule == "arm" and op == "fma" else given
    nans = [(c, s) for c, s in order if s.value(c) == NAN]
    chosen = nans[:1]
    if rule == "arm":
        signaling = [(c, s) for c, s in nans if not is_quiet(c, s)]
        chosen = (signaling or nans)[:1]
        if op == "fma" and not signaling:
            a, b = operand(*given[0]), operand(*given[1])
            if not a.is_nan and not b.is_nan and product(a, b).flags:
                return canonical
    if not chosen:
        return canonical | (to.sign_code if rule == "x86" else 0)
    code, s = chosen[0]
    fraction = code & ((1 << s.mantissa_bits) - 1)
    moved = fraction << m >> s.mantissa_bits
    return canonical | moved | (to.sign_code if code & s.sign_code else 0)


def canonical_nan(f: Format) -> int:
    """The one NaN that results have; 0 where the format has none."""
    if not isinstance(f, Shape):
        return f.nan_code or 0
    if f.letters == "":
        return nan_code("canonical", "", [], [], f)
    if f.letters in ("fnuz", "pe", "pf") and f.signed:
        return f.sign_code
    return f.sign_code - 1
