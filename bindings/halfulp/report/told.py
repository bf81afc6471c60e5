"""The findings at the head of a report: those of the sweep, and one line for each end task."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from halfulp.plots._tasks import TaskColumn
from halfulp.sweeping.findings import findings

if TYPE_CHECKING:
    import pandas

_CLOSE = 0.01  # of the value without quantization


def told(table: pandas.DataFrame, models: pandas.DataFrame, results: list[TaskColumn]) -> list[str]:
    """Sentences; the text before the first colon says what each is about."""
    first = {result.task: result for result in reversed(results) if result.main}  # of each task its first main metric
    return [*findings(table), *(_least_bits(models, result) for result in reversed(first.values()))]


def _least_bits(models: pandas.DataFrame, result: TaskColumn) -> str:
    """The scheme with the fewest bits that comes within 1 % of the value without quantization; where that is not known,
    of the best value."""
    values = result.values
    best = int(np.nanargmax(result.better * values))
    known = np.isfinite(result.reference)
    target = result.reference if known else values[best]
    close = result.better * (values - target) >= -_CLOSE * abs(target)
    bits = models["bits_per_element"].to_numpy()
    tested = int(np.isfinite(values).sum())
    what = f"{result.task}, {result.metric} of {tested} schemes"  # what stands before the first colon is set bold
    goal = f"{target:.4g} without quantization" if known else f"{target:.4g} at best, under {_named(models, best)}"
    if not close.any():
        return f"{what}: {goal}; none comes within 1 % of it, {_scheme(models, result, best)} comes closest."
    least = int(np.lexsort((-result.better * values, np.where(close, bits, np.inf)))[0])
    return f"{what}: {goal}; within 1 % of it with the fewest bits is {_scheme(models, result, least)}."


def _named(models: pandas.DataFrame, row: int) -> str:
    return f"{models['scheme'][row]} ({models['bits_per_element'][row]:.4g} bits)"


def _scheme(models: pandas.DataFrame, result: TaskColumn, row: int) -> str:
    interval = ""
    if np.isfinite(result.low[row]) and np.isfinite(result.high[row]):
        interval = f", 95 % interval {result.low[row]:.4g} to {result.high[row]:.4g}"
    return f"{_named(models, row)} with {result.values[row]:.4g}{interval}"
