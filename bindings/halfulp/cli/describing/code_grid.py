"""The value of every code, as a grid or one to a line."""

from __future__ import annotations

import math

import halfulp as hu
from halfulp.cli import codes
from halfulp.cli.describing.value_counts import log2
from halfulp.cli.numbers import Member, as_float, exact_text, number, shown

#: A grid has rooms for the codes of formats up to this width.
GRID_BITS = 8
TABLE_BITS = 16


def grid(f: hu.Format, width: int | None) -> list[str]:
    """Rows by the high nibble, columns by the low one; fewer columns where the lines would be longer than
    width."""
    members = [f.exact(code) for code in range(1 << f.bits)]
    digits = max(3, math.ceil(1 + f.precision * math.log10(2)))  # tells all members apart
    cells = [_cell(member, f.precision, digits) for member in members]
    for columns in (16, 8, 4):
        lines = _lines(cells, min(len(cells), columns))
        if width is None or max(map(len, lines)) <= width:
            break
    rounded = any(map(_is_rounded, cells, members))
    return lines + ([f"to {digits} digits; --table has all of them"] if rounded else [])


def _lines(cells: list[str], columns: int) -> list[str]:
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    widths = [max(len(f"+{i:x}"), *(len(row[i]) for row in rows)) for i in range(columns)]
    heads = [f"{start:#04x}" for start in range(0, len(cells), columns)]
    header = "    " + "".join(f" {f'+{i:x}':>{width}}" for i, width in enumerate(widths))
    body = [
        head + "".join(f" {cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        for head, row in zip(heads, rows, strict=True)
    ]
    return [header, *body]


def _cell(member: Member, precision: int, digits: int) -> str:
    if isinstance(member, str):
        return member
    if precision == 1 and member != 0:  # powers of two
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
    for code in range(1 << f.bits):
        member = f.exact(code)
        kind = codes.kind(member, f)
        rows.append((codes.hexadecimal(code, f), codes.binary(code, f), shown(member), exact_text(member), kind))
    return rows


def check_table(f: hu.Format) -> None:
    """Raises ValueError where there are too many codes for a table."""
    if f.bits > TABLE_BITS:
        raise ValueError(f"{f} has 2^{f.bits} codes, allowed for --table: formats of {TABLE_BITS} bits or fewer")
