"""Bits against error: the front of a set of schemes, and the bound below it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

DB_PER_BIT = 20 * math.log10(2)
"""6.02: what one more bit per element takes off the error of the best possible code of a Gaussian source."""


def gaussian_bound_db(bits: Any) -> Any:
    """The least relative error in dB that any code of this many bits per element can reach on a white Gaussian source:
    2^(−2 bits).

    Weights with unequal variances, or far from Gaussian, can be coded with less: a yardstick, not a wall.
    """
    return -DB_PER_BIT * np.asarray(bits, dtype=np.float64)


def pareto_front(bits: Any, error: Any) -> np.ndarray:
    """Indices of the points that no other point beats, by bits, ascending: fewer bits and less error are better.

    Of points equal in both the first counts. NaN is never on the front.
    """
    bits = np.asarray(bits, dtype=np.float64)
    error = np.asarray(error, dtype=np.float64)
    front: list[int] = []
    least = math.inf
    for i in np.lexsort((error, bits)):  # stable: by bits, then error, then place
        if not np.isnan(bits[i]) and (error[i] < least or (not front and error[i] == math.inf)):
            front.append(int(i))
            least = error[i]
    return np.array(front, dtype=np.intp)
