"""An exact and slow model of float formats and projections, from the contract's text (sections 2.1 to 2.6 and 4).

It imports nothing of halfulp. Numbers are Fractions; the specials are the strings "nan", "inf", "-inf" and "-0".
What it is held to is in test_vectors_oracle.py. Not covered: wrap, and unbounded for a negative number in an unsigned
format.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import NamedTuple

Value = Fraction | str
NAN, INF, NINF, NZERO = "nan", "inf", "-inf", "-0"
ZERO, HALF = Fraction(0), Fraction(1, 2)

DETERMINISTIC = {
    "nearest_ties_to_even": "rne",
    "nearest_ties_to_away": "rna",
    "nearest_ties_to_zero": "rnz",
    "nearest_ties_to_odd": "rno",
    "nearest_ties_up": "rnu",
    "nearest_ties_down": "rnd",
    "toward_zero": "rz",
    "away_from_zero": "ra",
    "toward_positive": "ru",
    "toward_negative": "rd",
    "to_odd": "ro",
}
STOCHASTIC = ("stochastic_a", "stochastic_b", "stochastic_c", "stochastic_equal")
OVERFLOWS = ("sat_finite", "sat_propagate", "sat_none", "to_nan")

PUBLISHED = {
    "binary64": "e11m52",
    "binary32": "e8m23",
    "tf32": "e8m10",
    "binary16": "e5m10",
    "bfloat16": "e8m7",
    "e2m1fn": "e2m1f",
    "e2m3fn": "e2m3f",
    "e3m2fn": "e3m2f",
}


class NoNaN(Exception):
    """nan="raise", and the format has none."""


def two(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def floor_log2(x: Fraction) -> int:
    k = x.numerator.bit_length() - x.denominator.bit_length()
    return k if x >= two(k) else k - 1


class Place(NamedTuple):
    """Where a magnitude lies: below <= it < above, f of the way."""

    below: Fraction
    above: Fraction
    f: Fraction
    even: bool  # below is even
    side: int  # of the middle: -1, 0, 1; -2 where f is 0


def place(below: Fraction, above: Fraction, f: Fraction, even: bool) -> Place:
    return Place(below, above, f, even, (f > HALF) - (f < HALF) if f else -2)


@dataclass(frozen=True)
class Shape:
    """A float format. letters: "", "f", "fn", "fnuz"; "pe", "pf" (P3109, extended or finite); "dl" (DLFloat16)."""

    exponent_bits: int
    mantissa_bits: int
    bias: int
    letters: str = ""
    signed: bool = True
    subnormals: bool = True

    @property
    def bits(self) -> int:
        return self.exponent_bits + self.mantissa_bits + self.signed

    @property
    def sign_code(self) -> int:
        """The sign bit of a signed format's codes."""
        return 1 << (self.exponent_bits + self.mantissa_bits)

    @property
    def has_zero(self) -> bool:
        if self.signed or self.mantissa_bits > 0:
            return True
        return self.letters != "fn" and (self.letters != "f" or self.subnormals)

    @property
    def has_negative_zero(self) -> bool:
        return self.signed and self.letters in ("", "f", "fn")

    @cached_property
    def magnitudes(self) -> tuple[int, int | None]:
        """The magnitude codes of the largest finite member and of infinity."""
        ones = self.sign_code - 1
        if self.letters == "":
            infinity = ones >> self.mantissa_bits << self.mantissa_bits
            return infinity - 1, infinity
        if self.letters == "pe":
            return (ones - 1, ones) if self.signed else (ones - 2, ones - 1)
        top_is_nan = self.letters in ("fn", "dl") or (self.letters == "pf" and not self.signed)
        return ones - top_is_nan, None

    @property
    def has_nan(self) -> bool:
        return self.letters != "f"

    @property
    def emin(self) -> int:
        """The exponent of the lowest binade of normal members."""
        return -self.bias if not self.has_zero or self.letters == "dl" else 1 - self.bias

    @cached_property
    def min_normal(self) -> Fraction:
        return two(self.emin) * (1 + two(-self.mantissa_bits)) if self.letters == "dl" else two(self.emin)

    @property
    def has_gap(self) -> bool:
        """Zero and the smallest normal are neighbours."""
        return (
            self.letters == "dl"
            or (not self.subnormals and self.has_zero)
            or (self.has_zero and self.mantissa_bits == 0)
        )

    @cached_property
    def max(self) -> Fraction:
        return self.magnitude(self.magnitudes[0])

    def magnitude(self, code: int) -> Fraction:
        m = self.mantissa_bits
        field, fraction = code >> m, code & ((1 << m) - 1)
        hidden = 1 << m
        if not self.has_zero:
            return two(field - self.bias)
        if self.letters == "dl":
            return (hidden + fraction) * two(field - self.bias - m) if code else ZERO
        if field:
            return (hidden + fraction) * two(field - self.bias - m)
        return fraction * two(1 - self.bias - m) if self.subnormals else ZERO

    def value(self, code: int) -> Value:
        """Decode."""
        negative = self.signed and bool(code & self.sign_code)
        size = code & (self.sign_code - 1)
        largest, infinity = self.magnitudes
        if self.letters in ("fnuz", "pe", "pf") and self.signed and code == self.sign_code:
            return NAN
        if size == infinity:
            return NINF if negative else INF
        if size > largest:
            return NAN
        value = self.magnitude(size)
        if negative:
            return -value if value else (NZERO if self.has_negative_zero else ZERO)
        return value

    def members(self) -> list[Value]:
        """The value of every code."""
        return [self.value(code) for code in range(1 << self.bits)]

    def code(self, value: Value) -> int | None:
        """The code of a member; None stands for every NaN."""
        if value == NAN:
            return None
        negative = value in (NZERO, NINF) or (not isinstance(value, str) and value < 0)
        if value in (INF, NINF):
            size = self.magnitudes[1]
            assert size is not None
        else:
            x = ZERO if value == NZERO else abs(value)
            m = self.mantissa_bits
            if x == 0:
                assert self.has_zero
                size = 0
            elif x < two(self.emin):
                size = int(x / two(self.emin - m))
            else:
                e = floor_log2(x)
                field = e + self.bias
                size = (field << m) + int((x / two(e) - 1) * (1 << m))
            assert self.magnitude(size) == x, (self, value)
        return size | (self.sign_code if negative else 0)

    def neighbours(self, x: Fraction, deep: bool = False) -> Place:
        """The place of x > 0 on the grid without an upper limit of exponents; deep: without a lower one too."""
        m = self.mantissa_bits
        if self.has_gap and x < self.min_normal and not deep:
            return place(ZERO, self.min_normal, x / self.min_normal, True)
        e = floor_log2(x) if deep else max(floor_log2(x), self.emin)
        quantum = two(e - m)
        steps = x / quantum
        k = steps.numerator // steps.denominator
        even = k % 2 == 0 if m else (e + self.bias) % 2 == 0
        return place(k * quantum, (k + 1) * quantum, steps - k, even)


class Point:
    """A number to be projected into a shape, with its places."""

    def __init__(self, x: Value, s: Shape) -> None:
        self.x = x
        self.shape = s
        self.negative = x in (NINF, NZERO) or (not isinstance(x, str) and x < 0)
        self.infinite = x in (INF, NINF)
        if x != NAN and not self.infinite:
            self.size = ZERO if isinstance(x, str) else abs(x)
            self.below_normal = self.size < s.min_normal
            self.beyond_max = self.size > s.max

    @cached_property
    def place(self) -> Place:
        return self.shape.neighbours(self.size)

    @cached_property
    def deep_place(self) -> Place:
        return self.shape.neighbours(self.size, deep=True)


@lru_cache(maxsize=4096)
def shape(name: str) -> Shape:
    """The shape of a name of the text grammar (floats only)."""
    name = PUBLISHED.get(name, name)
    if name == "microexponent":
        return Shape(1, 0, 1, "f", signed=False, subnormals=False)
    if name == "dlfloat16":
        return Shape(6, 9, 31, "dl")
    p3109 = re.fullmatch(r"Binary(\d+)p(\d+)([su])([ef])", name)
    if p3109:
        k, p, signed = int(p3109[1]), int(p3109[2]), p3109[3] == "s"
        e = k - p if signed else k - p + 1
        return Shape(e, p - 1, 1 << (e - 1), "p" + p3109[4], signed)
    parts = re.fullmatch(r"e(\d+)m(\d+)(?:b(-?\d+))?(fnuz|fn|f|)(u?)(_nosub)?", name)
    assert parts, name
    e, m, letters = int(parts[1]), int(parts[2]), parts[4]
    default = 1 << (e - 1) if letters == "fnuz" else max((1 << (e - 1)) - 1, 0)
    bias = int(parts[3]) if parts[3] else default
    return Shape(e, m, bias, letters, not parts[5], m == 0 or not parts[6])


def native_overflow(s: Shape) -> str:
    """The policy where none is given (section 2.3)."""
    if s.letters in ("", "pe", "pf"):
        return "sat_none"
    return "sat_finite" if s.letters == "f" else "to_nan"


def from_float(x: float) -> Value:
    if math.isnan(x):
        return NAN
    if math.isinf(x):
        return INF if x > 0 else NINF
    return NZERO if x == 0 and math.copysign(1, x) < 0 else Fraction(x)


def to_float(value: Value) -> float:
    return float(value) if isinstance(value, str) else value.numerator / value.denominator


def goes_away(mode: str, at: Place, negative: bool, n: int = 32, r: int = 0) -> bool:
    """Whether a number rounds to its neighbour away from zero."""
    side, even = at.side, at.even
    if side == -2:
        return False
    match mode:
        case "nearest_ties_to_even":
            return side > 0 or (side == 0 and not even)
        case "nearest_ties_to_away":
            return side >= 0
        case "nearest_ties_to_zero":
            return side > 0
        case "nearest_ties_to_odd":
            return side > 0 or (side == 0 and even)
        case "nearest_ties_up":
            return side > 0 or (side == 0 and not negative)
        case "nearest_ties_down":
            return side > 0 or (side == 0 and negative)
        case "toward_zero":
            return False
        case "away_from_zero":
            return True
        case "toward_positive":
            return not negative
        case "toward_negative":
            return negative
        case "to_odd":
            return even
        case "stochastic_a":
            return math.floor(at.f * 2**n) + r >= 2**n
        case "stochastic_b":
            return math.floor(at.f * 2 ** (n + 1)) + 2 * r + 1 >= 2 ** (n + 1)
        case "stochastic_c":
            return round(at.f * 2**n) + r >= 2**n  # Python rounds a Fraction's ties to even
        case "stochastic_equal":
            return r >> (n - 1) == 1
    raise AssertionError(mode)


def project(
    x: Value | Point,
    s: Shape,
    mode: str = "nearest_ties_to_even",
    overflow: str | None = None,
    nan: str = "raise",
    ftz: str | None = None,
    n: int = 32,
    r: int = 0,
) -> Value:
    """The member (or, for "unbounded", the number) that x becomes; with nan="keep" a NaN stays."""
    point = x if isinstance(x, Point) else Point(x, s)
    overflow = overflow or native_overflow(s)
    negative = point.negative
    if point.x == NAN:
        return no_number(s, nan)
    if point.infinite:
        if negative and not s.signed:
            return unsigned_negative(s, mode, overflow, nan, infinite=True)
        return beyond(s, mode, overflow, nan, negative, infinite=True)
    if not s.has_zero and point.below_normal and (point.size == 0 or not negative):
        return s.min_normal
    rounded = rounded_size(point, mode, ftz, n, r)
    if rounded == 0 and s.has_zero:
        return NZERO if negative and s.has_negative_zero else ZERO
    if negative and not s.signed:
        return unsigned_negative(s, mode, overflow, nan)
    if point.beyond_max and rounded > s.max and overflow != "unbounded":
        return beyond(s, mode, overflow, nan, negative)
    return -rounded if negative else rounded


def rounded_size(point: Point, mode: str, ftz: str | None, n: int, r: int) -> Fraction:
    """The rounded magnitude, the exponent unbounded above."""
    if point.size == 0:
        return ZERO
    if point.below_normal:
        if ftz == "before":
            return ZERO
        if ftz == "after":
            at = point.deep_place
            rounded = at.above if goes_away(mode, at, point.negative, n, r) else at.below
            if rounded < point.shape.min_normal:
                return ZERO
    at = point.place
    return at.above if goes_away(mode, at, point.negative, n, r) else at.below


def no_number(s: Shape, nan: str) -> Value:
    if s.has_nan or nan == "keep":
        return NAN
    if nan == "raise":
        raise NoNaN
    return s.max if nan == "to_max" else ZERO


def unsigned_negative(s: Shape, mode: str, overflow: str, nan: str, infinite: bool = False) -> Value:
    """Section 2.6: a negative number that does not round to zero."""
    smallest = ZERO if s.has_zero else s.min_normal
    if overflow in ("sat_finite", "sat_propagate"):
        return smallest
    if overflow == "sat_none" and not infinite and mode in ("toward_zero", "toward_positive"):
        return smallest
    return no_number(s, nan)


def beyond(s: Shape, mode: str, overflow: str, nan: str, negative: bool, infinite: bool = False) -> Value:
    """Section 2.3: a rounded number beyond the largest finite member, or an infinity."""
    largest = -s.max if negative else s.max
    infinity = NINF if negative else INF
    code = s.magnitudes[1]
    if overflow == "unbounded":
        assert infinite
        return infinity
    if overflow == "to_nan":
        return no_number(s, nan)
    if overflow == "sat_finite" or code is None:
        return largest
    if infinite:
        return infinity
    if overflow == "sat_propagate":
        return largest
    if mode == "toward_zero" or mode == ("toward_positive" if negative else "toward_negative"):
        return largest
    if mode == "to_odd":
        return infinity if code % 2 else largest
    return infinity
