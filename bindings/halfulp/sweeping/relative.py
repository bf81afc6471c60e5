"""The largest relative error of an array."""

from __future__ import annotations

import numpy as np

_CHUNK = 1 << 16  # elements at a time: the intermediate arrays stay in the cache


class RelativeError:
    """Largest |x − y| ÷ |x| over x ≠ 0, for one x and any number of y; 0 where x is all zeros. Arrays are 1-d. The
    quotient is rounded to x's dtype."""

    def __init__(self, x: np.ndarray) -> None:
        self._x = x
        self._size = np.abs(x)
        self._size[self._size == 0] = np.inf

    def largest(self, y: np.ndarray) -> float:
        found = 0.0
        buffer = np.empty(min(_CHUNK, y.size), dtype=self._x.dtype)
        for begin in range(0, y.size, _CHUNK):
            part = slice(begin, min(begin + _CHUNK, y.size))
            ratio = buffer[: part.stop - begin]
            np.subtract(self._x[part], y[part], out=ratio)
            np.abs(ratio, out=ratio)
            with np.errstate(over="ignore"):  # of a subnormal x
                np.divide(ratio, self._size[part], out=ratio)
            found = max(found, float(ratio.max()))
        return found
