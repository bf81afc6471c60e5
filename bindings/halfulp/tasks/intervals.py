"""Percentile bootstrap intervals over the units of a task: queries, sentences or windows of text.

A measure is one number for each unit, and its value a function of the units' means. All measures of a task are
resampled by the same units, so a difference between two of them is a paired one.
Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile method).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from halfulp.tasks.randomness import resamples

REPLICATES = 1000
LEVEL = 0.95


class Measure(NamedTuple):
    """One number of a task. low, high: its 95 % interval, NaN where it has none. samples: units that it was taken
    over."""

    metric: str
    value: float
    low: float
    high: float
    samples: int


def without_interval(metric: str, value: float, samples: int) -> Measure:
    return Measure(metric, value, math.nan, math.nan, samples)


def interval(replicated: np.ndarray) -> tuple[float, float]:
    """The middle 95 % of replicated values; NaN where one of them is NaN."""
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(replicated, [tail, 1 - tail])
    return float(low), float(high)


class Bootstrap:
    """Measures over `count` units under a seed."""

    def __init__(self, count: int, seed: int) -> None:
        self.count = count
        self._indices = resamples(count, REPLICATES, seed)

    def measure(self, metric: str, *values: np.ndarray, of: Callable[..., Any] | None = None) -> Measure:
        """`of` (None: the mean itself) of the means of one or more arrays (count,), with its interval."""
        function = of or (lambda mean: mean)
        wide = [np.asarray(array, dtype=np.float64) for array in values]
        value = float(function(*(array.mean() for array in wide)))
        low, high = interval(np.asarray(function(*(array[self._indices].mean(axis=1) for array in wide))))
        return Measure(metric, value, low, high, self.count)

    def weights(self) -> np.ndarray:
        """How often each unit is in each replicate: (replicates, count)."""
        counts = np.zeros((REPLICATES, self.count))
        np.add.at(counts, (np.arange(REPLICATES)[:, None], self._indices), 1)
        return counts
