"""Means over matrices, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas


def sqnr_db(rows: pandas.DataFrame) -> float:
    """Signal to noise of all matrices together, in dB."""
    return float(-10 * np.log10(rows["squared_error"].sum() / rows["squared_norm"].sum()))


def together_l1(rows: pandas.DataFrame) -> float:
    """The mean of the matrices' relative L1 errors, weighted by elements."""
    return float(np.average(rows["l1"], weights=rows["elements"]))


def db_of(rows: pandas.DataFrame) -> pandas.Series:
    """Each matrix's signal to noise in dB, by its name."""
    return -10 * np.log10(rows.set_index("matrix")["squared_error"] / rows.set_index("matrix")["squared_norm"])


def of_mean(values: pandas.Series, config: dict[str, Any]) -> tuple[float, float, float]:
    """A mean and its 95 % percentile bootstrap interval over matrices."""
    numbers = values.to_numpy()
    places = np.random.default_rng(config["seed"]).integers(len(numbers), size=(config["resamples"], len(numbers)))
    low, high = np.quantile(numbers[places].mean(axis=1), [0.025, 0.975])
    return float(numbers.mean()), float(low), float(high)
