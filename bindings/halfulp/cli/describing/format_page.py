"""The page of a format: what `halfulp describe e4m3fn` prints."""

from __future__ import annotations

from typing import Any

import halfulp as hu
from halfulp._format import Number
from halfulp.cli import codes, facts
from halfulp.cli.describing import code_grid
from halfulp.cli.describing.value_counts import PositiveMembers
from halfulp.cli.describing.value_line import ASCII, BLOCKS, linear_line, log_line
from halfulp.cli.numbers import exact_text, shown
from halfulp.cli.output import aligned, can_print

#: The keys that JSON has for a format.
JSON_KEYS = {
    "is": '"format"',
    **facts.JSON_KEYS,
    "nan_codes": "the codes that are NaN, in ranges: [[first, last], ...]",
    "members": "how many finite members there are, zeros counted once",
    "values": "the value of every code: up to 8 bits, with --table up to 16; else null",
}


def json_facts(f: hu.Format, table: bool) -> dict[str, Any]:
    """What JSON_KEYS says."""
    most = code_grid.TABLE_BITS if table else code_grid.GRID_BITS
    members = [f.exact(code) for code in range(1 << f.bits)] if f.bits <= most else None
    return {
        "is": "format",
        **facts.facts(f),
        "nan_codes": _nan_codes(f),
        "members": _members(f),
        "values": members and [float(member) if isinstance(member, str) else member for member in members],
    }


def page(f: hu.Format, axis: str, table: bool, width: int | None) -> list[str]:
    """The lines. axis: log, linear or both. table: one code a line. width: of the terminal, None for no limit."""
    marks = BLOCKS if can_print("".join(BLOCKS)) else ASCII
    blocks = [[_title(f)], _properties(f), _limits(f)]
    if axis in ("log", "both"):
        blocks.append(log_line(f, marks))
    if axis in ("linear", "both"):
        blocks.append(linear_line(f, marks))
    if table:
        blocks.append(aligned(code_grid.table(f)))
    elif f.bits <= code_grid.GRID_BITS:
        blocks.append(["the value of every code", *code_grid.grid(f, width)])
    return "\n\n".join("\n".join(block) for block in blocks).split("\n")


def _title(f: hu.Format) -> str:
    aliases, source = facts.named(f)
    also = f", also {', '.join(aliases)}" if aliases else ""
    return f"{f}{also}{f': {source}' if source else ''}"


def _properties(f: hu.Format) -> list[str]:
    fields = [("sign", int(f.signed)), ("exponent", f.exponent_bits), ("fraction", f.mantissa_bits)]
    widths = " + ".join(f"{name} {bits}" for name, bits in fields if bits)
    above = PositiveMembers(f)
    subnormal = facts.min_normal_code(f) - facts.min_positive_code(f)
    rows = [
        ("bits", f"{f.bits} = {widths}; bias {f.bias}, precision {f.precision}"),
        ("zero", _with_sign(f, 0) if f.has_zero else "none"),
        ("infinity", _with_sign(f, f._spec.inf_code) if f.has_inf else "none"),
        ("nan", ", ".join(_range(f, *ends) for ends in _nan_codes(f)) or "none"),
        ("members", f"{_members(f):,} finite; {len(above):,} above 0, {subnormal:,} of them subnormal"),
        ("overflow", f"{f._spec.native_overflow()}, where no policy is named"),
    ]
    return aligned(rows)


def _limits(f: hu.Format) -> list[str]:
    rows = [("limit", "value", "exactly", "code")]

    def add(name: str, value: Number, code: str) -> None:
        rows.append((name, shown(value), exact_text(value), code))

    add("largest", f.max, codes.hexadecimal(f._spec.max_code, f))
    add("smallest normal", f.min_normal, codes.hexadecimal(facts.min_normal_code(f), f))
    if f.min_subnormal is not None:
        add("smallest subnormal", f.min_subnormal, codes.hexadecimal(facts.min_positive_code(f), f))
    add("gap above 1 (epsilon)", f.epsilon, "")
    return aligned(rows)


def _members(f: hu.Format) -> int:
    return len(PositiveMembers(f)) * (1 + f.signed) + f.has_zero


def _with_sign(f: hu.Format, magnitude: int) -> str:
    """A special code and, where it has a negative twin, that one too."""
    twin = magnitude | (1 << (f.bits - 1))
    has_twin = f.signed and isinstance(f.exact(twin), str) and f.exact(twin) != "nan"
    return ", ".join(codes.hexadecimal(code, f) for code in ((magnitude, twin) if has_twin else (magnitude,)))


def _range(f: hu.Format, first: int, last: int) -> str:
    ends = dict.fromkeys((codes.hexadecimal(first, f), codes.hexadecimal(last, f)))
    return " to ".join(ends)


def _nan_codes(f: hu.Format) -> list[tuple[int, int]]:
    """First and last of each run of codes that are NaN: at the top of the magnitudes of each sign, or where -0 would
    be."""
    spec = f._spec
    found = []
    for sign in (0, 1 << (f.bits - 1)) if f.signed else (0,):
        top = sign | ((1 << (f.bits - f.signed)) - 1)
        if sign and spec.is_nan(sign):
            found.append((sign, sign))
        if spec.is_nan(top):
            found.append((sign | (spec.max_code + 1 + spec.has_inf), top))
    return found
