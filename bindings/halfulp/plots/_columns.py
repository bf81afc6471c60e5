"""What a column of a sweep's table looks like on an axis: its label with the unit, its scale, its better side."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from halfulp.sweeping.pareto import pareto_front

if TYPE_CHECKING:
    import pandas

Scale = Literal["linear", "log", "db", "percent"]


@dataclass(frozen=True)
class Axis:
    """A column as an axis. better: −1 where less is better, 1 where more is, 0 where neither. scale: "db" draws
    10 log10 of the column, "percent" 100 times the column, "log" the column on a logarithmic axis."""

    column: str
    label: str
    better: int
    scale: Scale = "linear"

    def drawn(self, values: Any) -> np.ndarray:
        """The column's values in the axis's unit; NaN for what it cannot show: what is missing or not finite and, in dB
        and on a logarithmic axis, what is not above zero."""
        values = np.asarray(values, dtype=np.float64)
        shown = np.isfinite(values)
        if self.scale in ("db", "log"):
            shown &= values > 0
        values = np.where(shown, values, np.nan)
        if self.scale == "db":
            values = 10 * np.log10(values)
        return 100 * values if self.scale == "percent" else values


# Matrices are W and what becomes of them is Ŵ, as in halfulp.sweeping.COLUMNS.
AXES = {
    axis.column: axis
    for axis in (
        Axis("elements", "elements", 0, "log"),
        Axis("bits_per_element", "bits per element, scales counted", -1),
        Axis("relative_error", "relative error  Σ‖W − Ŵ‖² / Σ‖W‖²  (dB)", -1, "db"),
        Axis("sqnr_db", "signal to quantization noise (dB)", 1),
        Axis("mse", "mean squared error  (unit of W, squared)", -1, "log"),
        Axis("max_error", "largest error  max |W − Ŵ|  (unit of W)", -1, "log"),
        Axis("max_relative_error", "largest relative error  max |W − Ŵ| / |W|", -1, "log"),
        Axis("cosine", "cosine of W and Ŵ", 1),
        Axis("zeros", "elements that became zero (%)", -1, "percent"),
        Axis("saturated", "elements that saturated (%)", -1, "percent"),
        Axis("zero_scales", "groups whose scale became zero", -1),
        Axis("squared_error", "squared error  Σ(W − Ŵ)²  (unit of W, squared)", -1, "log"),
        Axis("squared_norm", "energy  ΣW²  (unit of W, squared)", 0, "log"),
        Axis("element_bits", "element width (bits)", -1),
        Axis("block", "group length (elements)", 0, "log"),
        Axis("bytes", "stored size (bytes)", -1, "log"),
        Axis("kl", "KL divergence of the histograms of W and Ŵ (nats)", -1, "log"),
        Axis("output_error", "output error  Σ‖(W − Ŵ)x‖² / Σ‖Wx‖²  (dB)", -1, "db"),
        Axis("depth", "depth (number of the layer)", 0),
        Axis("hadamard", "length of the Hadamard rotation (0: none)", 0),
    )
}


def axis_of(column: str, higher_is_better: Collection[str] = ()) -> Axis:
    """The axis of a column. Of one that halfulp does not know, a user's metric, less is better unless it is in
    higher_is_better."""
    known = AXES.get(column)
    if known is None:
        side = 1 if column in higher_is_better else -1
        return Axis(column, f"{column}  ({'more' if side > 0 else 'less'} is better)", side)
    return replace(known, better=1) if column in higher_is_better else known


def numeric_columns(rows: pandas.DataFrame) -> list[str]:
    """The columns that hold numbers."""
    return [name for name in rows.columns if rows[name].dtype.kind in "iufb" and rows[name].dtype != bool]


def check_column(rows: pandas.DataFrame, column: Any, argument: str) -> None:
    """Raises ValueError for what is not a column of numbers, with those that are."""
    if column not in numeric_columns(rows):
        raise ValueError(f"{argument} is {column!r}, allowed: {', '.join(numeric_columns(rows))}")


def front_of(x: Axis, y: Axis, x_values: Any, y_values: Any) -> np.ndarray:
    """Indices of the points that no other beats, from the best x on; values as the axes draw them."""
    return pareto_front(-x.better * np.asarray(x_values), -y.better * np.asarray(y_values))
