"""Where the values of a format lie, in a few lines of text."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import halfulp as hu
from halfulp._format import Number
from halfulp.cli.describing.value_counts import Magnitudes, Sides, log2, on_linear_axis, on_log_axis, sides
from halfulp.cli.float_fields import float_fields
from halfulp.cli.numbers import as_float, is_power_of_two, shown

#: Columns of a line.
WIDTH = 73
#: Up to so many members on an axis, each is named.
_NAMED = 17
#: Steps of labels on a logarithmic axis, in binades.
_STEPS = (1, 2, 3, 4, 5, 8, 10, 16, 20, 32, 64, 128, 256, 512, 1024)


class Marks(NamedTuple):
    """What a line is drawn with. heights: from the lowest to the highest."""

    heights: str
    normal: str
    subnormal: str
    tick: str


BLOCKS = Marks("▁▂▃▄▅▆▇█", "─", "╌", "┬")
ASCII = Marks("_.,:;!|#", "-", ".", "+")


def log_line(f: hu.Format, marks: Marks) -> list[str]:
    """Members above zero on a logarithmic axis: heights, axis, labels, and how to read them. Nothing where there are
    none."""
    members = sides(f).above
    if members is None:
        return []
    columns = WIDTH if members.count > 1 else 1
    counts = on_log_axis(members, columns)
    step = (members.high - members.low) / max(columns - 1, 1)

    def column(place: float) -> int:
        return round((place - members.low) / step) if step else 0

    how = "values above 0, logarithmic"
    axis = [marks.normal] * columns
    if f.kind == "float":
        first_normal = column(log2(Fraction(float_fields(f).min_normal)))
        axis = [marks.subnormal if i < first_normal else marks.normal for i in range(columns)]
        if f.min_subnormal is not None:
            how += f" ({marks.subnormal} subnormal, {marks.normal} normal)"
    labels = [(column(place), text) for place, text in _log_labels(members)]
    return _drawn(counts, axis, labels, marks, how)


def linear_line(f: hu.Format, marks: Marks) -> list[str]:
    """All finite members on a linear axis, in the same way."""
    members = sides(f)
    counts = on_linear_axis(members, WIDTH)
    middle, side = (WIDTH // 2, WIDTH // 2) if members.below is not None else (0, WIDTH - 1)
    largest = max(Fraction(f.max), -Fraction(f.min))

    def column(value: Fraction) -> int:
        return middle + round(value / largest * side)

    labels = [(column(value), short(value)) for value in _linear_labels(f, members, largest)]
    return _drawn(counts, [marks.normal] * WIDTH, labels, marks, "values, linear")


def _linear_labels(f: hu.Format, members: Sides, largest: Fraction) -> list[Fraction]:
    """Values, the most important first: the ends, zero, then all members or parts of the largest one."""
    both = ((1, members.above), (-1, members.below))
    signs = [sign for sign, side in both if side is not None]
    if members.finite <= _NAMED:
        between = [(magnitude, sign) for sign, side in both for magnitude in _all_members(side)]
        inner = [sign * magnitude for magnitude, sign in sorted(between, key=lambda pair: (pair[0], -pair[1]))]
    else:
        inner = [sign * part * largest for part in (Fraction(1, 2), Fraction(1, 4), Fraction(3, 4)) for sign in signs]
    ends = [Fraction(end) for end in (f.max, f.min) if end]
    return [*ends, Fraction(0), *inner]


def _log_labels(members: Magnitudes) -> list[tuple[float, str]]:
    """Places and texts, the most important first."""
    if members.count <= _NAMED:
        return [(log2(value), short(value)) for value in _all_members(members)[::-1]]
    span = members.high - members.low
    step = next((step for step in _STEPS if span / step <= WIDTH / 8), 2 ** math.ceil(math.log2(span / (WIDTH / 8))))
    first, last = (math.ceil(members.low / step), math.floor(members.high / step))
    powers = [(float(n * step), f"2^{n * step}") for n in range(first, last + 1)]
    smallest = members.magnitude(0)
    low = f"2^{members.low:.0f}" if is_power_of_two(smallest) else short(smallest)
    return [(members.high, short(members.magnitude(members.count - 1))), (members.low, low), *powers]


def _all_members(members: Magnitudes | None) -> list[Fraction]:
    """Magnitudes of one side, in order."""
    return [] if members is None else [members.magnitude(place) for place in range(members.count)]


def short(value: Number) -> str:
    """In few characters: in full, as a power of two, to four digits, or the logarithm."""
    exact = abs(Fraction(value))
    sign = "-" if value < 0 else ""
    text = shown(value)
    if len(text) <= 8:
        return text
    if is_power_of_two(exact):
        return f"{sign}2^{log2(exact):.0f}"
    number = as_float(value)
    return f"{sign}2^{log2(exact):.2f}" if number is None else f"{number:.4g}"


def _drawn(counts: list[int], axis: list[str], labels: Iterable[tuple[int, str]], marks: Marks, how: str) -> list[str]:
    heights, measure = _heights(counts, marks.heights)
    names, ticked = _placed(labels, len(counts))
    for column in ticked:
        axis[column] = marks.tick
    return [f"{how}; {measure}", heights, "".join(axis), names]


def _heights(counts: list[int], marks: str) -> tuple[str, str]:
    """A mark for each count, and what the marks mean: so many values, or so many times more with each step."""
    most = max(counts)
    if most <= len(marks):
        levels = list(range(1, most + 1))
        measure = f"{marks[0]} 1 value" + (f", {marks[most - 1]} {most}" if most > 1 else "")
    else:
        factor = math.ceil(most ** (1 / (len(marks) - 1)) - 1e-9)
        levels = [factor**step for step in range(len(marks))]
        measure = f"{marks[0]} 1 value or more, {factor:,} times as many with each step up to {marks[-1]}"
    return "".join((" " + marks)[bisect_right(levels, count)] for count in counts).rstrip(), measure


def _placed(labels: Iterable[tuple[int, str]], width: int) -> tuple[str, list[int]]:
    """The line of labels, each centred under its column where there is room, those that come first before others; and
    the columns that have one."""
    line = [" "] * max(width, 1)
    ticked = []
    for column, text in labels:
        start = min(max(column - len(text) // 2, 0), max(width - len(text), 0))
        around = line[max(start - 1, 0) : start + len(text) + 1]
        if column in ticked or any(character != " " for character in around):
            continue
        line[start : start + len(text)] = text
        ticked.append(column)
    return "".join(line).rstrip(), ticked
