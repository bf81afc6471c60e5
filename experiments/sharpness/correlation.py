"""Spearman's rank correlation with percentile bootstrap intervals over matrices.

All schemes and predictors see the same resampled matrices, so differences of correlations are paired.
Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap, chapter 13.
"""

from __future__ import annotations

import numpy as np


def middle_ranks(x: np.ndarray) -> np.ndarray:
    """Ranks along the last axis; ties have their middle rank."""
    below = (x[..., :, None] > x[..., None, :]).sum(axis=-1)
    equal = (x[..., :, None] == x[..., None, :]).sum(axis=-1)
    ranks: np.ndarray = below + (equal - 1) / 2
    return ranks


def spearman(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Along the last axis; NaN where one side is all alike."""
    a, b = (middle_ranks(np.asarray(side, dtype=np.float64)) for side in (x, y))
    a -= a.mean(axis=-1, keepdims=True)
    b -= b.mean(axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        out: np.ndarray = (a * b).sum(axis=-1) / np.sqrt((a * a).sum(axis=-1) * (b * b).sum(axis=-1))
    return out


class Resampled:
    """Places of the matrices that each replicate draws, (resamples, matrices)."""

    def __init__(self, count: int, resamples: int, seed: int) -> None:
        self.places = np.random.default_rng([seed, 1]).integers(count, size=(resamples, count))

    def correlations(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The mean over rows of Spearman's correlation of x and y (rows, matrices): first the value itself, then that
        of each replicate."""
        value = spearman(x, y).mean()
        replicated = np.mean([spearman(a[self.places], b[self.places]) for a, b in zip(x, y, strict=True)], axis=0)
        return np.concatenate([[value], replicated])


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """(value, low, high) of what `correlations` gives, or of differences of such."""
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return float(values[0]), float(low), float(high)


def within_groups(x: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """log x less its mean in each group, for x (rows, matrices) above 0: what is left beyond the groups' own level."""
    out = np.log(x)
    for group in np.unique(groups):
        of = groups == group
        out[:, of] -= out[:, of].mean(axis=1, keepdims=True)
    return out
