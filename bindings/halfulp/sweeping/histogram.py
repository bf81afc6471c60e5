"""Histograms of a matrix before and after, and the Kullback-Leibler divergence between them."""

from __future__ import annotations

import numpy as np

BINS = 256
"""Bins of equal width from −amax to amax, where amax is the matrix's largest magnitude; what a scheme makes larger
counts in the outermost bins."""

_CHUNK = 1 << 16  # elements at a time: the intermediate arrays stay in the cache
_PAIRS = 1 << 15  # from here on elements are counted in pairs, by tables of 2^16 counters


def count(values: np.ndarray, amax: float) -> np.ndarray:
    """How many values fall into each bin, as int64. Values are 1-d. A value at the edge of a bin counts on the side to
    which the values' own arithmetic rounds it."""
    bins = np.empty(values.size, dtype=np.uint8)
    number = values.dtype.type
    half = number(BINS / 2)
    with np.errstate(over="ignore"):
        scale = np.divide(half, number(amax or 1))
    scaled = np.empty(min(_CHUNK, values.size), dtype=values.dtype)
    for begin in range(0, values.size, _CHUNK):
        part = values[begin : begin + _CHUNK]
        place = scaled[: part.size]
        if np.isfinite(scale):
            np.multiply(part, scale, out=place)
        else:  # an amax near the smallest number has no reciprocal
            np.divide(part, number(amax), out=place)
            np.multiply(place, half, out=place)
        np.add(place, half, out=place)
        np.clip(place, 0, BINS - 1, out=place)
        np.copyto(bins[begin : begin + part.size], place, casting="unsafe")
    if values.size < _PAIRS or values.size % 2:
        return np.bincount(bins, minlength=BINS)
    pairs = np.bincount(bins.view(np.uint16), minlength=BINS * BINS).reshape(BINS, BINS)  # half the increments
    counts: np.ndarray = pairs.sum(axis=0) + pairs.sum(axis=1)
    return counts


def divergence(before: np.ndarray, after: np.ndarray) -> float:
    """Σ p ln(p/q) in nats, p and q the shares of the bins before and after. Half an element is added to each bin, so
    that empty bins after quantization give large numbers instead of infinity."""
    p, q = ((counts + 0.5) / (counts.sum() + BINS / 2) for counts in (before, after))
    return max(0.0, float(np.sum(p * np.log(p / q))))
