"""What the pictures of scaling laws share: the runs of a fit by column, groups of equal size, series of equal kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from halfulp.scaling import Fit

WIDTH, HEIGHT = 7.6, 4.8
AXES = {"D": "tokens", "N": "parameters", "C": "compute in FLOP, 6 N D"}
CURVES = 6
DARK = 0.92  # how much of the palette is dark enough for lines and letters
FLOP = 6.0  # for each parameter and token
# Sizes within so much of each other are one: tokens of a run are whole batches, so ratios are nearly equal.
_ALIKE = 1.05


class Runs(NamedTuple):
    """The runs of a fit: N, D, observed losses, and for each run its other columns, as a tuple."""

    N: np.ndarray
    D: np.ndarray
    observed: np.ndarray
    others: dict[str, np.ndarray]

    def kinds(self) -> list[tuple[Any, ...]]:
        return kinds_of(self.others)


def kinds_of(others: Mapping[str, np.ndarray]) -> list[tuple[Any, ...]]:
    """The other columns of each run."""
    return list(zip(*(column.tolist() for column in others.values()), strict=True)) if others else []


def columns_of(fit: Any) -> dict[str, np.ndarray]:
    """Of the law, a number or a label for each run. Raises TypeError for what is no fit."""
    from halfulp.scaling._table import label_numbers

    if not all(hasattr(fit, name) for name in ("law", "params", "columns", "observed", "predict")):
        raise TypeError(f"fit is a {type(fit).__name__}, allowed: a Fit")
    columns = {name: np.asarray(values) for name, values in fit.columns.items()}
    for name in fit.law.labels:  # as the parameters' names have them
        places, texts = label_numbers(name, columns[name])
        columns[name] = np.array(texts, dtype=object)[places]
    return columns


def runs_of(fit: Any) -> Runs:
    """Raises TypeError for what is no fit and ValueError for a law without N and D."""
    columns = columns_of(fit)
    for name in ("N", "D"):
        if name not in columns:
            raise ValueError(f"law is {fit.law.name}, which has no column {name}, allowed: laws of N and D")
    n, d = columns.pop("N"), columns.pop("D")
    return Runs(n, d, np.asarray(fit.observed), columns)


def groups(values: np.ndarray) -> list[np.ndarray]:
    """Places of values that are alike, by ascending value."""
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    ends = np.flatnonzero(ascending[1:] > _ALIKE * ascending[:-1]) + 1
    return np.split(order, ends)


def centre(values: np.ndarray) -> float:
    """The geometric mean."""
    return float(np.exp(np.log(values).mean()))


def along_logs(values: np.ndarray, points: int = 200, room: float = 0.1) -> np.ndarray:
    """Places from a little before the least to a little beyond the greatest, evenly in their logarithms."""
    low, high = np.log(values.min()), np.log(values.max())
    edge = room * max(high - low, 0.5)
    return np.exp(np.linspace(low - edge, high + edge, points))


def name_of(kind: Sequence[Any], others: Mapping[str, np.ndarray]) -> str:
    """A text for the other columns of a run, those alone that differ between runs: the label where it is one column of
    labels, else "P_w 4, P_a 8"."""
    told = [
        (name, value)
        for (name, column), value in zip(others.items(), kind, strict=True)
        if len(others) == 1 or len(set(column.tolist())) > 1
    ] or list(zip(others, kind, strict=True))
    if len(told) == 1 and isinstance(told[0][1], str):
        return str(told[0][1])
    return ", ".join(f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}" for name, value in told)


def short(value: float) -> str:
    """A count as 1.3B, 70M."""
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * unit:
            return f"{value / unit:.3g}{letter}"
    return f"{value:.3g}"


def title_of(fit: Fit) -> str:
    return f"{fit.law.name}, {fit.estimator}, {fit.n} runs"
