"""The first pass over the weights: largest magnitudes, values that are not finite, and the hash that results are kept
under."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from halfulp.sweeping.matrix import Matrix

# Elements that one job looks at. The hash of a matrix is made of those of these parts.
_PART_ELEMENTS = 1 << 24
_STEP = 1 << 20


@dataclass(frozen=True)
class Look:
    """A part of a matrix to be looked at."""

    matrix: Matrix
    begin: int
    end: int
    hashed: bool


@dataclass(frozen=True)
class Seen:
    """What is known of a part or a matrix. amax: largest magnitude of the finite values. wrong: values that are NaN or
    infinite. digest: of the bytes, dtype and shape; empty where nobody asked."""

    amax: float
    wrong: int
    digest: str


def looks(matrix: Matrix, hashed: bool) -> list[Look]:
    """The parts of a matrix, in order."""
    return [
        Look(matrix, begin, min(begin + _PART_ELEMENTS, matrix.size), hashed)
        for begin in range(0, matrix.size, _PART_ELEMENTS)
    ]


def look(part: Look) -> Seen:
    amax, wrong, digest = 0.0, 0, hashlib.sha256()
    for begin in range(part.begin, part.end, _STEP):
        end = min(begin + _STEP, part.end)
        values = part.matrix.part(begin, end)
        if part.hashed:  # of the values: what is read as float32 counts as float32, whatever the file holds
            digest.update(values.data)
        most = max(float(values.max()), -float(values.min()))
        if not np.isfinite(most):
            finite = values[np.isfinite(values)]
            wrong += values.size - finite.size
            most = float(np.abs(finite).max()) if finite.size else 0.0
        amax = max(amax, most)
    return Seen(amax, wrong, digest.hexdigest() if part.hashed else "")


def together(matrix: Matrix, parts: Sequence[Seen]) -> Seen:
    """What is known of a matrix."""
    digest = ""
    if parts[0].digest:
        text = "\n".join([matrix.dtype, "x".join(map(str, matrix.shape)), *(part.digest for part in parts)])
        digest = hashlib.sha256(text.encode()).hexdigest()
    return Seen(max(part.amax for part in parts), sum(part.wrong for part in parts), digest)
