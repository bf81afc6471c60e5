"""How many members of a format lie in each part of an axis, for formats of any width."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import halfulp as hu
from halfulp.cli.facts import min_positive_code


class PositiveMembers:
    """The finite members above zero. Places are logarithms to base 2, so that no number is too large or too small.

    Members in order have consecutive codes, so a count is a difference of codes. A place within rounding of a member
    may have it on either side, but on one side alone: counts of neighbouring parts add up.
    """

    def __init__(self, f: hu.Format) -> None:
        self._first = min_positive_code(f)
        self._last = f._spec.max_code
        self._emin = f.emin
        self._binade = 1 << f.mantissa_bits
        _, significand, exponent = f._spec.max
        beyond_emin = ((exponent + f.mantissa_bits - f.emin) << f.mantissa_bits) + significand - self._binade
        self._code_of_emin = self._last - beyond_emin
        self.low = log2(f.exact(self._first))
        self.high = log2(f.max)

    def __len__(self) -> int:
        return self._last - self._first + 1

    def up_to(self, place: float) -> int:
        """Members whose logarithm is at most this."""
        if place < self.low:
            return 0
        if place >= self.high:
            return len(self)
        if place < self._emin:
            code = math.floor(self._code_of_emin * 2.0 ** (place - self._emin))
        else:
            binade = math.floor(place)
            within = math.floor((2.0 ** (place - binade) - 1) * self._binade)
            code = self._code_of_emin + (binade - self._emin) * self._binade + within
        return min(max(code - self._first + 1, 0), len(self))


def log2(value: float | Fraction | str) -> float:
    """The logarithm of a number above zero, however large or small."""
    exact = Fraction(value)
    return math.log2(exact.numerator) - math.log2(exact.denominator)


def on_log_axis(f: hu.Format, columns: int) -> list[int]:
    """Members above zero in each of so many columns, the smallest in the middle of the first, the largest in the middle
    of the last."""
    members = PositiveMembers(f)
    step = (members.high - members.low) / max(columns - 1, 1)
    borders = [members.low + (column + 0.5) * step for column in range(columns - 1)]
    below = [0, *map(members.up_to, borders), len(members)]
    return [after - before for before, after in pairwise(below)]


def on_linear_axis(f: hu.Format, columns: int) -> list[int]:
    """Finite members in each of an odd number of columns: from the smallest in the middle of the first to the largest
    in the middle of the last. Zeros count once."""
    members = PositiveMembers(f)
    side = columns // 2 if f.signed else columns - 1
    borders = [members.high + log2(Fraction(2 * column + 1, 2 * side)) for column in range(side)]
    below = [0, *map(members.up_to, borders), len(members)]
    above_zero = [after - before for before, after in pairwise(below)]
    if not f.signed:
        return [above_zero[0] + f.has_zero, *above_zero[1:]]
    return [*above_zero[:0:-1], 2 * above_zero[0] + f.has_zero, *above_zero[1:]]
