"""A weight matrix and a set of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp.sweeping.sources import Source


@dataclass(frozen=True)
class Matrix:
    """A float array with two or more axes. dtype: float16, bfloat16, float32 or float64, as stored. dequantized_from:
    the file's own type where it held quantized values ("Q4_1"), else empty."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    stored: Source
    dequantized_from: str = ""

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    @property
    def carrier(self) -> np.dtype[Any]:
        """The dtype that its values are read as."""
        return np.dtype(np.float64 if self.dtype == "float64" else np.float32)

    def part(self, begin: int, end: int) -> np.ndarray:
        """The values from element begin to end in C order, exactly: float64 for float64, float32 for the others; 1-d,
        contiguous, in native byte order, aligned. Read only: it may be the caller's memory or a file."""
        array = self.stored.read(begin, end)
        if self.dtype == "bfloat16":  # a bfloat16 is the upper half of the float32 of the same value
            halves = np.require(array, dtype=np.uint16)
            return np.left_shift(halves, np.uint32(16), dtype=np.uint32).view(np.float32)
        return np.require(array, dtype=self.carrier, requirements=["C", "A"])

    def values(self) -> np.ndarray:
        """All values as in :meth:`part`, in the matrix's shape."""
        return self.part(0, self.size).reshape(self.shape)


@dataclass(frozen=True)
class Weights:
    """source: where they come from, as text. matrices: in the source's order. left_out: why other arrays are not
    matrices, counted. dequantized: how many matrices the file held quantized, by its name for the type; their values
    are no full-precision baseline."""

    source: str
    matrices: tuple[Matrix, ...]
    left_out: dict[str, int]

    @property
    def dequantized(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for matrix in self.matrices:
            if matrix.dequantized_from:
                found[matrix.dequantized_from] = found.get(matrix.dequantized_from, 0) + 1
        return found


FLOATS = ("float16", "bfloat16", "float32", "float64")


def why_not(dtype: str, shape: tuple[int, ...]) -> str | None:
    """Why an array is not a matrix, None where it is one."""
    if dtype not in FLOATS:
        return f"array of {dtype}"
    if len(shape) < 2:
        return f"{dtype} array with fewer than two axes"
    return None if math.prod(shape) else "array without elements"
