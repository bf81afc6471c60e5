"""How many members of a format lie in each part of an axis, for formats of any kind and width."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple, Protocol

import halfulp as hu
from halfulp.cli.codes import fraction_bits
from halfulp.cli.facts import min_positive_code
from halfulp.cli.float_fields import float_fields


class Magnitudes(Protocol):
    """The finite members on one side of zero, from the smallest magnitude on. Places are logarithms to base 2, so that
    no number is too large or too small.

    A place within rounding of a member may have it on either side, but on one side alone: counts of neighbouring parts
    add up.
    """

    low: float
    high: float
    count: int

    def magnitude(self, place: int) -> Fraction:
        """Of the member at this place in the order."""

    def up_to(self, place: float) -> int:
        """Members whose logarithm is at most this."""


class FloatMagnitudes:
    """Of a float: members in order have consecutive codes, so a count is a difference of codes."""

    def __init__(self, f: hu.Format) -> None:
        self._format = f
        self._first = min_positive_code(f)
        self.count = f._spec.max_code - self._first + 1
        fields = float_fields(f)
        self._emin = fields.emin
        self._binade = 1 << fields.mantissa_bits
        _, significand, exponent = f._spec.max
        beyond = (exponent + fields.mantissa_bits - fields.emin) << fields.mantissa_bits
        self._code_of_emin = f._spec.max_code - (beyond + significand - self._binade)
        self.low = log2(f.exact(self._first))
        self.high = log2(f.max)

    def magnitude(self, place: int) -> Fraction:
        return Fraction(self._format.exact(self._first + place))

    def up_to(self, place: float) -> int:
        if place < self.low:
            return 0
        if place >= self.high:
            return self.count
        if place < self._emin:
            code = math.floor(self._code_of_emin * 2.0 ** (place - self._emin))
        else:
            binade = math.floor(place)
            within = math.floor((2.0 ** (place - binade) - 1) * self._binade)
            code = self._code_of_emin + (binade - self._emin) * self._binade + within
        return min(max(code - self._first + 1, 0), self.count)


class Steps:
    """Of integers and fixed point: `count` members, a step apart."""

    def __init__(self, count: int, step: Fraction) -> None:
        self.count, self._step = count, step
        self.low = log2(step)
        self.high = log2(count * step)

    def magnitude(self, place: int) -> Fraction:
        return (place + 1) * self._step

    def up_to(self, place: float) -> int:
        if place >= self.high:
            return self.count
        return min(math.floor(2.0 ** (place - self.low)), self.count) if place >= self.low else 0


class Ordered:
    """Of posits and tables: members found by halving. magnitudes: in ascending order, each worked out when it is asked
    for."""

    def __init__(self, magnitudes: Sequence[Fraction]) -> None:
        self._magnitudes = magnitudes
        self.count = len(magnitudes)
        self.low, self.high = log2(magnitudes[0]), log2(magnitudes[-1])

    def magnitude(self, place: int) -> Fraction:
        return self._magnitudes[place]

    def up_to(self, place: float) -> int:
        if place >= self.high:
            return self.count
        return bisect_right(self._magnitudes, place, key=log2)


class _PositMagnitudes(Sequence[Fraction]):
    """Above zero codes and values have one order."""

    def __init__(self, f: hu.Format) -> None:
        self._format = f

    def __len__(self) -> int:
        return (1 << (self._format.bits - 1)) - 1

    def __getitem__(self, place: int) -> Fraction:  # type: ignore[override]
        return Fraction(self._format.exact(1 + place % len(self)))


class Sides(NamedTuple):
    """above: the members above zero. below: those below; None where there are none. zeros: 1 with a zero, else 0."""

    above: Magnitudes | None
    below: Magnitudes | None
    zeros: int

    @property
    def finite(self) -> int:
        """How many finite members there are, zeros counted once."""
        return sum(side.count for side in (self.above, self.below) if side is not None) + self.zeros


def sides(f: hu.Format) -> Sides:
    """The finite members of a format."""
    above: Magnitudes | None
    below: Magnitudes | None
    if f.kind == "float":
        above = FloatMagnitudes(f)
        below = above if f.signed else None
    elif f.kind == "posit":
        above = below = Ordered(_PositMagnitudes(f))
    elif f.kind == "codebook":
        values = {Fraction(f.exact(code)) for code in range(f._spec.last_code + 1) if _is_number(f.exact(code))}
        above, below = (_table([sign * v for v in values if sign * v > 0]) for sign in (1, -1))
    else:
        step = Fraction(1, 1 << fraction_bits(f))
        above, below = (Steps(int(n), step) if n else None for n in (Fraction(f.max) / step, -Fraction(f.min) / step))
    return Sides(above, below, int(f.has_zero))


def _is_number(member: Fraction | str) -> bool:
    return isinstance(member, Fraction)


def _table(magnitudes: list[Fraction]) -> Magnitudes | None:
    return Ordered(sorted(magnitudes)) if magnitudes else None


def log2(value: float | Fraction | str) -> float:
    """The logarithm of a number above zero, however large or small."""
    exact = Fraction(value)
    return math.log2(exact.numerator) - math.log2(exact.denominator)


def on_log_axis(members: Magnitudes, columns: int) -> list[int]:
    """Members in each of so many columns, the smallest in the middle of the first, the largest in the middle of the
    last."""
    step = (members.high - members.low) / max(columns - 1, 1)
    borders = [members.low + (column + 0.5) * step for column in range(columns - 1)]
    below = [0, *map(members.up_to, borders), members.count]
    return [after - before for before, after in pairwise(below)]


def on_linear_axis(members: Sides, columns: int) -> list[int]:
    """Finite members in each of an odd number of columns: from −L in the middle of the first to the largest magnitude L
    in the middle of the last; from 0 where nothing is below. Zeros count once."""
    side = columns // 2 if members.below is not None else columns - 1
    high = max(one.high for one in members[:2] if one is not None)
    above = _linear(members.above, high, side)
    if members.below is None:
        return [above[0] + members.zeros, *above[1:]]
    below = _linear(members.below, high, side)
    return [*below[:0:-1], below[0] + above[0] + members.zeros, *above[1:]]


def _linear(members: Magnitudes | None, high: float, side: int) -> list[int]:
    """Members of one side in column 0, half as wide as the others, and in `side` columns after it."""
    if members is None:
        return [0] * (side + 1)
    borders = [high + log2(Fraction(2 * column + 1, 2 * side)) for column in range(side)]
    below = [0, *map(members.up_to, borders), members.count]
    return [after - before for before, after in pairwise(below)]
