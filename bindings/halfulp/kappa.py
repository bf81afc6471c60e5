"""How far results are from the correctly rounded ones: P3109's measure of conformance, and a report of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

WORST = 10


@dataclass(frozen=True)
class Worst:
    """A case: codes of the operands, of the result that was given, and of the correctly rounded one."""

    operands: tuple[int, ...]
    got: int
    expected: int
    kappa: float


@dataclass(frozen=True)
class Conformance:
    """What :func:`kappa` found.

    kappa: the largest of all, nan above inf above numbers. cases: how many. histogram: kappa -> cases, ascending, inf
    and nan last. zero_signs: cases that are the other zero, whose kappa is 0. worst: cases of the largest kappas.
    """

    operation: str
    formats: tuple[str, ...]
    result: str
    rounding: str
    kappa: float
    cases: int
    histogram: dict[float, int]
    zero_signs: int
    worst: tuple[Worst, ...]

    def __float__(self) -> float:
        return self.kappa

    def report(self, markdown: bool = False) -> str:
        """The findings to read: as text, or as Markdown for a page."""
        from halfulp.vectors.conformance_report import report

        return report(self, markdown)


def kappa(
    table_or_callable: Any,
    operation: str,
    format: Any,
    *,
    inputs: Sequence[Any] | None = None,
    worst: int = WORST,
    **how: Any,
) -> Conformance:
    """The number of representable values between results and the correctly rounded ones, and where it is largest.

    table_or_callable: result codes of all combinations of operands, in an array whose axes are the operands in the
    order of their bit patterns (or with as many elements in C order), or a function of arrays of operand codes.
    operation: a name of hu.codes that projects, but for scalb. format: of the first operand. inputs: arrays of operand
    codes to take in place of all combinations, needed above 24 bits of operands; a table then has one result for each.
    worst: how many cases are kept. Further keywords are those of :class:`halfulp.vectors.Request`: format_b, format_c,
    result, rounding, overflow, nan, ftz, projection, daz, nan_rule; roundings are deterministic.

    A case has kappa 0 where the result is the defined one (any NaN for a NaN, either zero for a zero), 1 where it is
    the member next to it, nan where one of both is NaN and the other is not, inf where one is infinite and the other is
    not the same infinity (IEEE P3109's interim report v4.0 on approximate implementations).

    Raises ValueError for shapes, lengths and codes that do not go together with the operation and the formats.
    """
    from halfulp.vectors.conformance import measured

    return measured(table_or_callable, operation, format, inputs, worst, how)
