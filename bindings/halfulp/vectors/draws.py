"""Random numbers that cases are made of: words of Philox, a function of the seed and the case alone, so that the same
arguments give the same file on every machine, under every NumPy and however it is cut into blocks."""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from halfulp._random import Rng, random_words
from halfulp.vectors.edges import edges
from halfulp.vectors.field import Field

#: Words of a case of scalars.
WORDS = 16


class Stream(IntEnum):
    """One for each use, so that none sees the words of another."""

    OPERANDS = 0
    RANDOM_BITS = 1
    CHOICES = 2
    LANES = 3


def words(seed: int, stream: Stream, start: int, shape: tuple[int, int]) -> np.ndarray:
    """uint64 of 32 random bits each, for cases from `start` on."""
    drawn: np.ndarray = random_words(Rng(seed, int(stream), start * shape[1]), shape)
    return drawn.astype(np.uint64)


def uniform(field: Field, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Patterns, from 64 bits each. Over a count that is no power of two the bias is below 2^-32."""
    if field.format is not None and field.last + 1 != 1 << field.bits:
        return low % np.uint64(field.last + 1)
    return (high << np.uint64(32) | low) & np.uint64(field.last)


def edge(field: Field, word: np.ndarray) -> np.ndarray:
    assert field.format is not None
    found = edges(field.format)
    return found[(word % np.uint64(len(found))).astype(np.int64)]


def stepped(field: Field, patterns: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Some codes further, around the ends."""
    count = field.last + 1
    moved = patterns + steps.astype(np.int64).view(np.uint64)  # modulo 2^64
    return moved & np.uint64(field.last) if count == 1 << field.bits else moved % np.uint64(count)


def small(word: np.ndarray, size: int) -> np.ndarray:
    """Integers from -size to size."""
    return (word % np.uint64(2 * size + 1)).astype(np.int64) - size
