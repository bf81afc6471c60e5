"""Means over training seeds and test images, with 95 % percentile bootstrap intervals.

Seeds and images are drawn both, each with replacement: another training and other images would both give other numbers.
All rows of a network are drawn alike, so a difference of two rows is a paired one.
Source: B. Efron and R. Tibshirani, An Introduction to the Bootstrap, chapter 13 (percentile method).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

CHUNK = 256  # rows at a time


class Interval(NamedTuple):
    value: float
    low: float
    high: float


class Bootstrap:
    """How often each replicate draws each seed and each image."""

    def __init__(self, seeds: int, images: int, resamples: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 3])
        self._seeds = _counts(rng, seeds, resamples)
        self._images = _counts(rng, images, resamples)

    def means(self, values: np.ndarray) -> np.ndarray:
        """The mean and its interval's ends for each row of values (rows, seeds, images): (rows, 3)."""
        rows, seeds, images = values.shape
        out = np.empty((rows, 3))
        for start in range(0, rows, CHUNK):
            part = values[start : start + CHUNK].astype(np.float32)  # whole numbers: the sums are exact
            by_seed = (part.reshape(-1, images) @ self._images).reshape(len(part), seeds, -1)
            drawn = np.einsum("rsk,sk->rk", by_seed.astype(np.float64), self._seeds) / (seeds * images)
            low, high = np.quantile(drawn, [0.025, 0.975], axis=1)
            out[start : start + CHUNK] = np.stack([part.mean(axis=(1, 2), dtype=np.float64), low, high], axis=1)
        return out

    def mean(self, values: np.ndarray) -> Interval:
        """Of values (seeds, images)."""
        return Interval(*self.means(values[None])[0].tolist())


def _counts(rng: np.random.Generator, count: int, resamples: int) -> np.ndarray:
    """(count, resamples)."""
    drawn = rng.integers(count, size=(resamples, count))
    counts = np.zeros((resamples, count), dtype=np.float32)
    np.add.at(counts, (np.arange(resamples)[:, None], drawn), 1)
    return np.ascontiguousarray(counts.T)
