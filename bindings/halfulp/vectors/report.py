"""What verify found, to read: counts, the first mismatches with fields and exact values, and what was tried."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from halfulp._format import Format
from halfulp.cli.codes import binary
from halfulp.cli.numbers import shown
from halfulp.cli.output import aligned
from halfulp.vectors.blocks import QuantizeTask
from halfulp.vectors.checking import Findings, Mismatch
from halfulp.vectors.dots import DotTask
from halfulp.vectors.exact_values import Value, exact_result
from halfulp.vectors.field import Column, flags_text, to_codes
from halfulp.vectors.order import Order
from halfulp.vectors.scalar import ORDERS, CompareTask


def text(found: Findings) -> str:
    """The report."""
    lines = [_of(found), _verdict(found)]
    for mismatch in found.first:
        lines += ["", *_mismatch_lines(found, mismatch)]
    if found.steps:
        lines += ["", "distance of results, in representable steps:"]
        lines += aligned([["  " + name, str(count)] for name, count in found.steps.items()])
    lines += ["", "where the exact results lie:"]
    rows = [["  place", "cases", "differ"]]
    rows += [[f"  {place}", *map(str, counts)] for place, counts in found.coverage.items() if counts is not None]
    lines += aligned(rows)
    unvisited = [place for place, counts in found.coverage.items() if counts is not None and counts[0] == 0]
    if unvisited:
        lines.append(f"no case at: {', '.join(unvisited)}")
    return "\n".join(lines) + "\n"


def facts(found: Findings) -> dict[str, Any]:
    """The same for JSON."""
    return {
        "equal": found.equal,
        "cases": found.cases,
        "differing": found.differing,
        "results": found.results,
        "flags": found.flags if found.flags_compared else None,
        "nans": found.nans,
        "steps": dict(found.steps),
        "coverage": {place: None if counts is None else list(counts) for place, counts in found.coverage.items()},
        "first": [_mismatch_facts(found, mismatch) for mismatch in found.first],
        "request": found.header.request.given(),
        "tool": found.header.tool,
    }


JSON_KEYS = {
    "equal": "is every answer the expected one?",
    "cases": "how many were compared",
    "differing": "cases whose result or flags differ",
    "results": "cases whose result differs",
    "flags": "cases whose flags differ; null where they were not compared",
    "nans": "results that are a NaN with other bits than the expected one",
    "steps": "results that are wrong by so many representable steps",
    "coverage": "for each place [cases whose exact result lies there, those of them that differ]; null: no such place",
    "first": "the first cases that differ: case, line, and columns in hexadecimal",
    "request": "what the file is of",
    "tool": "what wrote the vectors",
}


def _of(found: Findings) -> str:
    request = found.header.request
    formats = [request.format_a, request.format_b, request.format_c]
    named = ", ".join(name for name in formats if name is not None)
    to = f" -> {request.result}" if request.result is not None else ""
    how = request.rounding or request.projection
    return f"{request.operation} {named}{to}{f', {how}' if how else ''}: {found.cases} cases ({found.header.tool})"


def _verdict(found: Findings) -> str:
    same_class = f"; {found.nans} NaNs have other bits" if found.nans else ""
    left_out = "" if found.flags_compared or not found.task.has_flags else " (flags not compared)"
    if found.equal:
        return f"all equal{left_out}{same_class}"
    parts = f" (results {found.results}, flags {found.flags})" if found.flags_compared else left_out
    return f"{found.differing} differ{parts}{same_class}"


def _mismatch_facts(found: Findings, mismatch: Mismatch) -> dict[str, Any]:
    def named(columns: list[Column], patterns: list[int]) -> dict[str, str]:
        return {
            column.name: f"{pattern:0{column.field.digits}x}"
            for column, pattern in zip(columns, patterns, strict=False)
        }

    task = found.task
    return {
        "case": mismatch.case,
        "line": mismatch.line,
        "inputs": named(task.inputs, mismatch.inputs),
        "expected": named(task.outputs, mismatch.expected),
        "got": named(task.outputs, mismatch.got),
        "exact": _exact(found, mismatch),
    }


def _mismatch_lines(found: Findings, mismatch: Mismatch) -> Iterator[str]:
    task = found.task
    yield f"case {mismatch.case} (line {mismatch.line}):"
    if isinstance(task, (DotTask, QuantizeTask)):
        yield from _block_lines(found, mismatch)
        return
    rows = [
        ["", column.name, *_described(column, pattern)]
        for column, pattern in zip(task.inputs, mismatch.inputs, strict=True)
    ]
    rows += _answer_rows(found, mismatch)
    yield from _table(rows)


def _block_lines(found: Findings, mismatch: Mismatch) -> Iterator[str]:
    """Of blocks: the operands in rows of digits, and the results that differ."""
    task = found.task
    place = 0
    for field in [*task.operands, *([task.random_field] if task.random_field else [])]:
        part = mismatch.inputs[place : place + field.lanes]
        place += field.lanes
        yield f"  {field.name}: {' '.join(f'{pattern:0{field.digits}x}' for pattern in part)}"
    yield from _table(_answer_rows(found, mismatch))


def _table(rows: list[list[str]]) -> list[str]:
    """Aligned, and as wide as the widest row."""
    width = max(map(len, rows))
    return aligned([row + [""] * (width - len(row)) for row in rows])


def _answer_rows(found: Findings, mismatch: Mismatch) -> list[list[str]]:
    """Exact, expected and got; of many results those that differ."""
    rows = []
    exact = _exact(found, mismatch)
    if exact is not None:
        rows.append(["", "exact", "", "", exact])
    several = len(found.task.outputs) - int(found.task.has_flags) > 1
    for column, expected, got in zip(found.task.outputs, mismatch.expected, mismatch.got, strict=False):
        if column.name == "flags":
            if expected != got:
                rows.append(["", "flags", f"{expected:02x}", "", f"expected: {flags_text(expected)}"])
                rows.append(["", "", f"{got:02x}", "", f"got: {flags_text(got)}"])
            continue
        if several and expected == got:
            continue
        of = f" {column.name}" if several else ""
        rows.append(["", f"expected{of}", *_described(column, expected)])
        *fields, number = _described(column, got)
        off = _steps_text(column.field.format, got, expected)
        rows.append(["", f"got{of}", *fields, f"{number}, {off}" if off else number])
    return rows


def _described(column: Column, pattern: int) -> list[str]:
    """Digits, fields and number."""
    f, digits = column.field.format, f"{pattern:0{column.field.digits}x}"
    if f is None:
        return [digits, "", ORDERS.get(pattern, "") if column.name == "result" else str(pattern)]
    code = int(to_codes(np.array([pattern], dtype=np.uint64), f)[0])
    return [digits, binary(code, f).removeprefix("0b"), shown(_value(column, pattern))]


def _value(column: Column, pattern: int) -> Value:
    f = column.field.format
    assert f is not None
    return f.exact(int(to_codes(np.array([pattern], dtype=np.uint64), f)[0]))


def _steps_text(f: Format | None, got: int, expected: int) -> str:
    """The distance in words."""
    if f is None or got == expected:
        return ""
    both = np.array([got, expected], dtype=np.uint64)
    order = Order(f)
    if order.is_nan(both).all():
        return "a NaN with other bits"
    distance = float(order.distance(both[:1], both[1:])[0])
    if distance == 0:
        return "the other zero"
    if not np.isfinite(distance):
        return "one of them is NaN" if np.isnan(distance) else "one of them is infinite"
    return f"{abs(distance):.0f} step{'s' * (abs(distance) != 1)} {'above' if distance > 0 else 'below'}"


def _exact(found: Findings, mismatch: Mismatch) -> str | None:
    task = found.task
    if isinstance(task, (CompareTask, QuantizeTask)):
        return None
    count = sum(field.lanes for field in task.operands)
    values = [
        _value(column, pattern) for column, pattern in zip(task.inputs[:count], mismatch.inputs[:count], strict=True)
    ]
    if isinstance(task, DotTask):
        return task.exact_sum(values)
    return exact_result(found.header.request.operation, values)
