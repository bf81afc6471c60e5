"""A user's table beside the correctly rounded one, to read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from halfulp._format import real_format
from halfulp.cli.codes import hexadecimal
from halfulp.cli.numbers import shown
from halfulp.cli.output import aligned

if TYPE_CHECKING:
    from halfulp.kappa import Conformance

#: Rows of the histogram; what lies between is left out.
_ROWS = 12


def report(found: Conformance, markdown: bool) -> str:
    """Largest kappa, histogram, worst cases."""
    of = f"{found.operation} {', '.join(found.formats)} -> {found.result}, {found.rounding}"
    said = [
        f"kappa = {_number(found.kappa)} over {found.cases} cases{_verdict(found)}",
        *([f"signs of zeros that differ: {found.zero_signs}"] if found.zero_signs else []),
    ]
    histogram = [["kappa", "cases", "share"], *_histogram(found)]
    worst = [["kappa", *"abc"[: len(found.formats)], "given", "correctly rounded"], *_worst(found)]
    if markdown:
        parts = [f"# {of}", *said, "## Histogram", _markdown(histogram)]
        parts += ["## Worst cases", _markdown(worst)] if found.worst else []
        return "\n\n".join(parts) + "\n"
    lines = [of, *said, "", *aligned(histogram)]
    lines += ["", "worst cases:", *aligned(worst)] if found.worst else []
    return "\n".join(lines) + "\n"


def _verdict(found: Conformance) -> str:
    if found.kappa == 0:
        return ": conforms" if not found.zero_signs else ": conforms but for signs of zeros"
    return f", not correctly rounded: {found.cases - found.histogram.get(0.0, 0)}"


def _share(count: int, found: Conformance) -> str:
    return f"{100 * count / found.cases:.6g} %"


def _histogram(found: Conformance) -> list[list[str]]:
    rows = [[_number(kappa), str(count), _share(count, found)] for kappa, count in found.histogram.items()]
    if len(rows) <= _ROWS:
        return rows
    half = _ROWS // 2
    between = sum(list(found.histogram.values())[half:-half])
    return [*rows[:half], ["...", str(between), _share(between, found)], *rows[-half:]]


def _worst(found: Conformance) -> list[list[str]]:
    formats, to = [real_format(name) for name in found.formats], real_format(found.result)
    return [
        [
            _number(case.kappa),
            *(f"{hexadecimal(code, f)} {shown(f.exact(code))}" for code, f in zip(case.operands, formats, strict=True)),
            *(f"{hexadecimal(code, to)} {shown(to.exact(code))}" for code in (case.got, case.expected)),
        ]
        for case in found.worst
    ]


def _number(kappa: float) -> str:
    return str(kappa) if not math.isfinite(kappa) else f"{kappa:.0f}"


def _markdown(rows: list[list[str]]) -> str:
    head, *rest = (f"| {' | '.join(row)} |" for row in rows)
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *rest])
