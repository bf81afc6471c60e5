"""How far embeddings stay what they were: cosine, and the rank correlation of pairwise similarities."""

from __future__ import annotations

import numpy as np

from halfulp.tasks.intervals import Bootstrap, Measure, interval


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cosine of each row of a (n, d) with the same row of b, in float64; 0 where a row is all zeros."""
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    norms = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    return np.einsum("ij,ij->i", x, y) / np.where(norms > 0, norms, 1)


def rank_correlation(a: np.ndarray, b: np.ndarray, bootstrap: Bootstrap) -> Measure:
    """Spearman's rank correlation of the similarities x_i·x_j of all pairs i < j of rows, between a and b (n, d each).

    The interval resamples rows, not pairs: pairs that share a row are not independent. Every replicate is ranked anew.
    Ties have their middle rank. NaN where all similarities of one side are equal.
    """
    first, second = np.triu_indices(len(a), k=1)
    groups = [_tie_groups((x @ x.T)[first, second]) for x in (a, b)]
    value = _weighted(groups, np.ones(len(first)))
    replicated = [_weighted(groups, w[first] * w[second]) for w in bootstrap.weights()]
    low, high = interval(np.array(replicated))
    return Measure("spearman", value, low, high, bootstrap.count)


def _tie_groups(values: np.ndarray) -> np.ndarray:
    """The place of each value among the distinct values."""
    return np.unique(values, return_inverse=True)[1]


def _weighted(groups: list[np.ndarray], weights: np.ndarray) -> float:
    """Pearson's correlation of the middle ranks of two sides, each pair counted `weights` times."""
    x, y = (_middle_ranks(inverse, weights) for inverse in groups)
    total = weights.sum()
    x -= weights @ x / total
    y -= weights @ y / total
    weighted = weights * x
    spread = (weighted @ x) * (weights @ (y * y))
    return float(weighted @ y / np.sqrt(spread)) if spread > 0 else float("nan")


def _middle_ranks(inverse: np.ndarray, weights: np.ndarray) -> np.ndarray:
    counts = np.bincount(inverse, weights=weights)
    return (np.cumsum(counts) - counts / 2)[inverse]
