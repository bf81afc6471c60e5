"""The value of every code, as a grid or one to a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import halfulp as hu
from halfulp.cli import codes
from halfulp.cli.describing.value_counts import log2
from halfulp.cli.float_fields import float_fields
from halfulp.cli.numbers import Member, as_float, exact_text, number, shown

#: A grid has rooms for the codes of formats up to this width.
GRID_BITS = 8
TABLE_BITS = 16
#: Tables of up to so many numbers are listed, since their values have no pattern that a grid would show.
LISTED_CODES = 16


def grid(f: hu.Format, width: int | None) -> list[str]:
    """Rows by the high nibble, columns by the low one; fewer columns where the lines would be longer than
    width."""
    members = [f.exact(code) for code in codes.every(f)]
    powers = f.kind == "float" and float_fields(f).precision == 1
    digits = _digits(f, members)
    cells = [_cell(member, powers, digits) for member in members]
    for columns in (16, 8, 4):
        lines = _lines(cells, min(len(cells), columns))
        if width is None or max(map(len, lines)) <= width:
            break
    rounded = any(map(_is_rounded, cells, members))
    return lines + ([f"to {digits} digits; --table has all of them"] if rounded else [])


def _digits(f: hu.Format, members: Sequence[Member]) -> int:
    """As many significant digits as tell all members apart, but three at least."""
    if f.kind == "float":
        return max(3, math.ceil(1 + float_fields(f).precision * math.log10(2)))
    values = [float(member) for member in set(members) if isinstance(member, Fraction)]
    return next(digits for digits in range(3, 18) if len({f"{v:.{digits}g}" for v in values}) == len(values))


def _lines(cells: list[str], columns: int) -> list[str]:
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    widths = [max(len(cell) for cell in (f"+{i:x}", *(row[i] for row in rows if i < len(row)))) for i in range(columns)]
    heads = [f"{start:#04x}" for start in range(0, len(cells), columns)]
    header = "    " + "".join(f" {f'+{i:x}':>{width}}" for i, width in enumerate(widths))
    body = [
        head + "".join(f" {cell:>{width}}" for cell, width in zip(row, widths, strict=False))
        for head, row in zip(heads, rows, strict=True)
    ]
    return [header, *body]


def _cell(member: Member, powers: bool, digits: int) -> str:
    """powers: all numbers are powers of two, or zero."""
    if isinstance(member, str):
        return member
    if powers and member != 0:
        return f"{'-' if member < 0 else ''}2^{log2(abs(member)):.0f}"
    value = as_float(member)
    if value is None:
        return exact_text(member)
    return min(shown(member), f"{value:.{digits}g}", key=len)


def _is_rounded(cell: str, member: Member) -> bool:
    value = None if isinstance(member, str) else as_float(member)
    return value is not None and number(cell) not in (None, value)


def table(f: hu.Format) -> list[tuple[str, ...]]:
    """A header and one code a row: hexadecimal, fields, value, exactly, kind."""
    rows: list[tuple[str, ...]] = [("hex", "bin", str(f), "exact", "kind")]
    for code in codes.every(f):
        member = f.exact(code)
        kind = codes.kind(member, f)
        rows.append((codes.hexadecimal(code, f), codes.binary(code, f), shown(member), exact_text(member), kind))
    return rows


def is_listed(f: hu.Format) -> bool:
    """Is the format a table of few numbers?"""
    return f.kind == "codebook" and f._spec.last_code < LISTED_CODES


def listed(f: hu.Format) -> list[tuple[str, ...]]:
    """A header and one code a row: hexadecimal, value, exactly."""
    members = [(code, f.exact(code)) for code in codes.every(f)]
    rows = [(codes.hexadecimal(code, f), shown(member), exact_text(member)) for code, member in members]
    return [("code", "value", "exactly"), *rows]


def check_table(f: hu.Format) -> None:
    """Raises ValueError where there are too many codes for a table."""
    if f.bits > TABLE_BITS:
        raise ValueError(f"{f} has 2^{f.bits} codes, allowed for --table: formats of {TABLE_BITS} bits or fewer")
