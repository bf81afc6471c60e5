"""Schemes over two columns: the axes, and the values as the axes draw them."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from halfulp.plots._columns import Axis, axis_of, check_column
from halfulp.plots._tasks import TaskColumn
from halfulp.sweeping.pareto import DB_PER_BIT

if TYPE_CHECKING:
    import pandas

# Columns that the Gaussian bound is a bound of, and how many dB of each a bit is.
_BOUNDED = {"relative_error": -DB_PER_BIT, "sqnr_db": DB_PER_BIT}


class Side(NamedTuple):
    """One axis, and by row its values and intervals as the axis draws them; the value without quantization."""

    axis: Axis
    values: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None
    reference: float = math.nan

    def of(self, rows: np.ndarray) -> Side:
        low, high = (part if part is None else part[rows] for part in (self.low, self.high))
        return Side(self.axis, self.values[rows], low, high, self.reference)


class Plane:
    """The schemes that both axes can show. left_out: how many cannot be."""

    def __init__(self, models: pandas.DataFrame, x: Side, y: Side) -> None:
        shown = np.isfinite(x.values) & np.isfinite(y.values)
        self.rows = models[shown].reset_index(drop=True)
        self.left_out = int((~shown).sum())
        self.x, self.y = x.of(shown), y.of(shown)

    @property
    def points(self) -> np.ndarray:
        return np.column_stack([self.x.values, self.y.values])

    @property
    def bound(self) -> float | None:
        """dB per bit of the Gaussian bound in this plane, None where it has no meaning."""
        return _BOUNDED.get(self.y.axis.column) if self.x.axis.column == "bits_per_element" else None


def plane_side(
    models: pandas.DataFrame, results: list[TaskColumn], name: str, argument: str, higher_is_better: Collection[str]
) -> Side:
    """The axis of a column of the table, or of an end task's metric by its name or as "task: metric". Raises ValueError
    that names the argument."""
    wanted = [result for result in results if name in (result.name, result.metric)]
    if len(wanted) > 1 and name not in models.columns:
        raise ValueError(f"{argument} is {name!r}, allowed: {' or '.join(result.name for result in wanted)}")
    if wanted and name not in models.columns:
        result = wanted[0]
        axis = Axis(name, result.label, result.better, result.scale)
        low, high, reference = (axis.drawn(part) for part in (result.low, result.high, result.reference))
        return Side(axis, axis.drawn(result.values), low, high, float(reference))
    if results and name not in models.columns:
        names = ", ".join(result.name for result in results)
        raise ValueError(f"{argument} is {name!r}, allowed: a column of the table, or one of {names}")
    check_column(models, name, argument)
    axis = axis_of(name, higher_is_better)
    return Side(axis, axis.drawn(models[name].astype("float64")))


def limits_of(side: Side) -> tuple[float, float]:
    """Around all values and intervals with a margin, also where they are all the same."""
    parts = [np.append(part, side.reference) for part in (side.values, side.low, side.high) if part is not None]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    low, high = float(values.min()), float(values.max())
    if side.axis.scale == "log":
        factor = max(1.2, (high / low) ** 0.05)
        return low / factor, high * factor
    margin = max(0.05 * (high - low), 1e-3 * abs(high), 0.25 if side.axis.column == "bits_per_element" else 0.0) or 1.0
    return low - margin, high + margin
