"""Fronts: the points that no other beats by two measures, such as bits and error, and the bound below those."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.sweeping.measures import COLUMNS

if TYPE_CHECKING:
    import pandas

DB_PER_BIT = 20 * math.log10(2)
"""6.02: what one more bit per element takes off the error of the best possible code of a Gaussian source."""


def gaussian_bound_db(bits: Any) -> Any:
    """The least relative error in dB that any code of this many bits per element can reach on a white Gaussian source:
    2^(−2 bits).

    Weights with unequal variances, or far from Gaussian, can be coded with less: a yardstick, not a wall.
    """
    return -DB_PER_BIT * np.asarray(bits, dtype=np.float64)


def pareto_front(x: Any, y: Any, *, x_better: str = "lower", y_better: str = "lower") -> np.ndarray:
    """Indices of the points that no other point beats in both coordinates, from the best x on: fewer bits and less
    error, for example. x_better, y_better: "lower" or "higher".

    Of points equal in both the first counts. NaN is never on the front.
    """
    across = _lower_is_better(x, "x_better", x_better)
    up = _lower_is_better(y, "y_better", y_better)
    front: list[int] = []
    least = math.inf
    for i in np.lexsort((up, across)):  # stable: by x, then y, then place
        if not np.isnan(across[i]) and (up[i] < least or (not front and up[i] == math.inf)):
            front.append(int(i))
            least = up[i]
    return np.array(front, dtype=np.intp)


def _lower_is_better(values: Any, argument: str, better: str) -> np.ndarray:
    if better not in ("lower", "higher"):
        raise ValueError(f"{argument} is {better!r}, allowed: 'lower', 'higher'")
    numbers = np.asarray(values, dtype=np.float64)
    return -numbers if better == "higher" else numbers


def front(
    table: pandas.DataFrame, x: str, y: str, *, x_better: str | None = None, y_better: str | None = None
) -> pandas.DataFrame:
    """The rows of a table that no other row beats by columns x and y, from the best x on: pass a sweep's
    ``model_rows(table)``, or the rows of one matrix.

    x_better, y_better: "lower" or "higher"; None is "higher" for sqnr_db and cosine, "lower" for every other column of
    a sweep's table, and has to be said of columns that are not a sweep's. Raises ValueError for a column that is not
    there or holds no numbers.
    """
    numbers = {name: _numbers(table, name) for name in (x, y)}
    better = [
        _better(name, said, which) for name, said, which in ((x, x_better, "x_better"), (y, y_better, "y_better"))
    ]
    return table.iloc[pareto_front(numbers[x], numbers[y], x_better=better[0], y_better=better[1])]


_HIGHER = ("sqnr_db", "cosine")


def _better(column: str, said: str | None, argument: str) -> str:
    if said is None and column not in COLUMNS:
        raise ValueError(
            f"{argument} is None, allowed for column {column!r}, which is none of a sweep's: 'lower', 'higher'"
        )
    return said or ("higher" if column in _HIGHER else "lower")


def _numbers(table: pandas.DataFrame, column: str) -> np.ndarray:
    if column not in table.columns:
        raise ValueError(f"the table has no column {column!r}, it has: {', '.join(map(str, table.columns))}")
    try:
        return np.asarray(table[column].astype("float64"))
    except (TypeError, ValueError):
        raise ValueError(f"column {column!r} holds no numbers, allowed: a column of numbers") from None
