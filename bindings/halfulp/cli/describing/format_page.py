"""The page of a format: what `halfulp describe e4m3fn` prints."""

from __future__ import annotations

from typing import Any

import halfulp as hu
from halfulp.cli import codes, facts
from halfulp.cli.describing import code_grid
from halfulp.cli.describing.format_facts import limits, nan_codes, properties
from halfulp.cli.describing.value_counts import sides
from halfulp.cli.describing.value_line import ASCII, BLOCKS, linear_line, log_line
from halfulp.cli.output import aligned, can_print

_MORE_KEYS = {
    "nan_codes": "the codes that are NaN, in ranges: [[first, last], ...]",
    "members": "how many finite members there are, zeros counted once",
    "values": "the value of every code, in the order of their bits: up to 8 bits, with --table up to 16; else null",
}
#: The keys that JSON has for a float format, and for one of another kind.
FLOAT_KEYS = {"is": '"format"', **facts.FLOAT_KEYS, **_MORE_KEYS}
OTHER_KEYS = {"is": '"format"', **facts.OTHER_KEYS, **_MORE_KEYS}


def json_facts(f: hu.Format, table: bool) -> dict[str, Any]:
    """What FLOAT_KEYS or OTHER_KEYS say."""
    most = code_grid.TABLE_BITS if table else code_grid.GRID_BITS
    members = [f.exact(code) for code in codes.every(f)] if f.bits <= most else None
    return {
        "is": "format",
        **facts.facts(f),
        "nan_codes": nan_codes(f),
        "members": sides(f).finite,
        "values": members and [float(member) if isinstance(member, str) else member for member in members],
    }


def page(f: hu.Format, axis: str, table: bool, width: int | None) -> list[str]:
    """The lines. axis: log, linear or both. table: one code a line. width: of the terminal, None for no limit."""
    marks = BLOCKS if can_print("".join(BLOCKS)) else ASCII
    blocks = [[_title(f)], aligned(properties(f)), aligned(limits(f))]
    if axis in ("log", "both"):
        blocks.append(log_line(f, marks))
    if axis in ("linear", "both"):
        blocks.append(linear_line(f, marks))
    if table:
        blocks.append(aligned(code_grid.table(f)))
    elif code_grid.is_listed(f):
        blocks.append(aligned(code_grid.listed(f)))
    elif f.bits <= code_grid.GRID_BITS:
        blocks.append(["the value of every code", *code_grid.grid(f, width)])
    return "\n\n".join("\n".join(block) for block in blocks if block).split("\n")


def _title(f: hu.Format) -> str:
    aliases, source = facts.named(f)
    also = f", also {', '.join(aliases)}" if aliases else ""
    return f"{f}{also}{f': {source}' if source else ''}"
