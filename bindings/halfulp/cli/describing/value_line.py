"""Where the values of a format lie, in a few lines of text."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

import halfulp as hu
from halfulp._format import Number
from halfulp.cli.describing.value_counts import PositiveMembers, log2, on_linear_axis, on_log_axis
from halfulp.cli.facts import min_positive_code
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
    """Members above zero on a logarithmic axis: heights, axis, labels, and how to read them."""
    members = PositiveMembers(f)
    columns = WIDTH if len(members) > 1 else 1
    counts = on_log_axis(f, columns)
    step = (members.high - members.low) / max(columns - 1, 1)

    def column(place: float) -> int:
        return round((place - members.low) / step) if step else 0

    smallest = Fraction(f.min_normal)
    first_normal = column(log2(smallest))
    axis = [marks.subnormal if i < first_normal else marks.normal for i in range(columns)]
    labels = [(column(place), text) for place, text in _log_labels(f, members)]
    how = "values above 0, logarithmic"
    if f.min_subnormal is not None:
        how += f" ({marks.subnormal} subnormal, {marks.normal} normal)"
    return _drawn(counts, axis, labels, marks, how)


def linear_line(f: hu.Format, marks: Marks) -> list[str]:
    """All finite members on a linear axis, in the same way."""
    counts = on_linear_axis(f, WIDTH)
    middle, side = (WIDTH // 2, WIDTH // 2) if f.signed else (0, WIDTH - 1)
    largest = Fraction(f.max)

    def column(value: Fraction) -> int:
        return middle + round(value / largest * side)

    values = [largest / 2, largest / 4, largest * 3 / 4]
    if sum(counts) <= _NAMED:
        values = _all_members(f)
    values = [largest, Fraction(0), *values]
    both = [v for value in values for v in ((value, -value) if f.signed and value else (value,))]
    labels = [(column(value), short(value)) for value in both]
    return _drawn(counts, [marks.normal] * WIDTH, labels, marks, "values, linear")


def _log_labels(f: hu.Format, members: PositiveMembers) -> list[tuple[float, str]]:
    """Places and texts, the most important first."""
    if len(members) <= _NAMED:
        return [(log2(value), shown(value)) for value in _all_members(f)[::-1]]
    span = members.high - members.low
    step = next((step for step in _STEPS if span / step <= WIDTH / 8), 2 ** math.ceil(math.log2(span / (WIDTH / 8))))
    first, last = (math.ceil(members.low / step), math.floor(members.high / step))
    powers = [(float(n * step), f"2^{n * step}") for n in range(first, last + 1)]
    smallest = Fraction(f.exact(min_positive_code(f)))
    low = f"2^{members.low:.0f}" if is_power_of_two(smallest) else short(smallest)
    return [(members.high, short(f.max)), (members.low, low), *powers]


def _all_members(f: hu.Format) -> list[Fraction]:
    """Those above zero, in order."""
    first = min_positive_code(f)
    return [Fraction(f.exact(code)) for code in range(first, f._spec.max_code + 1)]


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
