"""Least values and crossings of curves along one axis, by grids that are refined: no derivatives, no start."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.polynomial import chebyshev

Curve = Callable[[np.ndarray], np.ndarray]

_POINTS = 257
# Half the width of the piece that a polynomial replaces, and its degree: a law is analytic in the logarithms of its
# columns, so the rest of the series, about 0.05^9, is below the rounding of the values.
_PIECE, _DEGREE = 0.05, 8


def least(curve: Curve, low: float, high: float) -> tuple[float, bool]:
    """Where in [low, high] the curve is least, and whether that is inside (not at an end). Values that are NaN or
    infinite do not count. Flat minima are only as sharp as the square root of the rounding of the values; the vertex of
    a polynomial over the last piece is far sharper."""
    first, last = low, high
    while high - low > 2 * _PIECE:
        places = np.linspace(low, high, _POINTS)
        best = _best(curve(places))
        low, high = places[max(best - 1, 0)], places[min(best + 1, _POINTS - 1)]
    middle = min(max((low + high) / 2, first + _PIECE), max(last - _PIECE, first + _PIECE))
    places = np.linspace(max(middle - _PIECE, first), min(middle + _PIECE, last), _POINTS)
    values = curve(places)
    best = _best(values)
    if best in (0, _POINTS - 1):
        at_end = places[best] in (first, last)
        return float(places[best]), not at_end
    return _vertex(places, values, best), True


def _best(values: np.ndarray) -> int:
    usable = np.where(np.isfinite(values), values, np.inf)
    if not np.isfinite(usable).any():
        raise ValueError("the loss is not finite anywhere along the search, allowed: parameters that give losses")
    return int(np.argmin(usable))


def _vertex(places: np.ndarray, values: np.ndarray, best: int) -> float:
    """The root of the derivative of a polynomial through the values, where it is next to the least of them."""
    if not np.isfinite(values).all():
        return float(places[best])
    middle, half = (places[0] + places[-1]) / 2, (places[-1] - places[0]) / 2
    scaled = (places - middle) / half
    series = chebyshev.chebfit(scaled, values - values[best], _DEGREE)
    roots = chebyshev.chebroots(chebyshev.chebder(series))
    real = roots.real[np.abs(roots.imag) < 1e-9]
    near = real[np.abs(real - scaled[best]) <= 3 * (scaled[1] - scaled[0]) + 0.05]
    if near.size == 0:  # a kink
        return float(places[best])
    return float(middle + half * near[np.argmin(np.abs(near - scaled[best]))])


def first_below(curve: Curve, targets: np.ndarray, low: float, high: float) -> np.ndarray:
    """For each target the first place in [low, high] at which the curve of its row comes down to it; NaN where it
    never does. curve: places (rows, n) to values (rows, n)."""
    rows = targets.shape[0]
    places = np.linspace(low, high, _POINTS)
    below = curve(np.broadcast_to(places, (rows, _POINTS))) <= targets[:, None]
    found = below.any(axis=1)
    at = below.argmax(axis=1)
    left, right = places[np.maximum(at - 1, 0)], places[at]
    for _ in range(80):
        middle = (left + right) / 2
        down = curve(middle[:, None])[:, 0] <= targets
        left, right = np.where(down, left, middle), np.where(down, middle, right)
    return np.where(found, right, np.nan)
