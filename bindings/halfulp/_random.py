"""Where random bits come from: always named by the caller, never global."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import plain, take

Source = tuple[int, int, int]  # seed, stream, offset
_SHOW = "pass rng=42 (a seed), rng=hu.Rng(42), a numpy Generator, or random= (R itself)"


def _integer(name: str, value: Any, bits: int) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is {value!r}, allowed: an integer from 0 to 2^{bits} - 1")
    value = int(value)
    if not 0 <= value < 2**bits:
        raise ValueError(f"{name} is {value}, allowed: 0 to 2^{bits} - 1")
    return value


class Rng:
    """A counter-based source of random bits (Philox4x32-10). Each call that draws from it advances the stream by one.

    seed: 0 to 2^64 - 1. stream: 0 to 2^32 - 1. offset is added to every element's index, so that a part of a larger
    array can be drawn alone. The words are a pure function of (seed, stream, offset + index).
    """

    def __init__(self, seed: int, stream: int = 0, offset: int = 0) -> None:
        self.seed = _integer("seed", seed, 64)
        self.stream = _integer("stream", stream, 32)  # 2^32 after the last: every stream is used up
        self.offset = _integer("offset", offset, 64)

    def _draw(self) -> Source:
        if self.stream >= 2**32:
            raise ValueError(
                "stream is 2^32, allowed: 0 to 2^32 - 1; this Rng has used all its streams, make one with another seed"
            )
        source = (self.seed, self.stream, self.offset)
        self.stream += 1
        return source

    def __repr__(self) -> str:
        return f"Rng({self.seed}, stream={self.stream}, offset={self.offset})"


def draw(rng: Any) -> Source:
    """The (seed, stream, offset) of one call."""
    if isinstance(rng, Rng):
        return rng._draw()
    if isinstance(rng, np.random.Generator):
        return int(rng.integers(2**64, dtype=np.uint64)), 0, 0
    if isinstance(rng, (int, np.integer)) and not isinstance(rng, (bool, np.bool_)):
        return _integer("rng", rng, 64), 0, 0
    raise TypeError(f"rng is a {type(rng).__name__}, allowed: {_SHOW}")


def source_for(how: _core.Projection, rng: Any, random: Any, shape: tuple[int, ...]) -> Source | np.ndarray | None:
    """What the compiled functions take: None, a Source, or R as a C-contiguous uint32 array."""
    if not how.stochastic:
        if rng is not None or random is not None:
            given = "rng" if rng is not None else "random"
            raise ValueError(
                f"{given} is given but rounding is {how.rounding!r}, which draws no random bits, allowed: None"
            )
        return None
    return named_source(f"rounding is {how.rounding!r}", how.random_bits, rng, random, shape)


def check_random_bits(how: _core.Projection, random_bits: Any) -> None:
    """Refuses the keyword beside a rounding that draws nothing; a Projection may hold both."""
    if random_bits is not None and not how.stochastic:
        raise ValueError(
            f"random_bits is {random_bits} but rounding is {how.rounding!r}, which draws no random bits, allowed: None"
        )


def named_source(
    mode: str, random_bits: int, rng: Any, random: Any, shape: tuple[int, ...], meaning: str = "the shape of x"
) -> Source | np.ndarray:
    if (rng is None) == (random is None):
        problem = "no source of random bits is named" if rng is None else "both rng and random are given"
        raise ValueError(f"{mode} and {problem}: {_SHOW}")
    if rng is not None:
        return draw(rng)
    words = take("random", random).array
    if words.dtype != np.uint32:
        raise TypeError(f"random has dtype {words.dtype}, allowed: uint32")
    if words.shape != shape:
        raise ValueError(f"random has shape {words.shape}, allowed: {shape}, {meaning}")
    words = plain(words)
    if random_bits < 32 and words.size and int(words.max()) >> random_bits:
        raise ValueError(
            f"random holds {int(words.max())}, allowed: 0 to 2^{random_bits} - 1 (random_bits is {random_bits})"
        )
    return words


def _lengths(name: str, value: Any) -> tuple[int, ...]:
    """A shape, or a place in one."""
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        raise TypeError(f"{name} is {value!r}, allowed: integers, one for each axis")
    return tuple(_integer(f"{name}[{axis}]", n, 63) for axis, n in enumerate(value))


def random_words(
    rng: Any, shape: int | Sequence[int], origin: Sequence[int] | None = None, of_shape: Sequence[int] | None = None
) -> np.ndarray:
    """The 32-bit words of an array's elements, or of a part of a larger array.

    shape: of the part. origin: where the part starts in the larger array. of_shape: the larger array's shape. Without
    them the part is the whole. The word of an element depends on its place in the larger array alone, so any cutting up
    gives the words of the whole. Returns uint32 in `shape`. A stochastic rounding with N bits uses each word's top N.
    """
    part = _lengths("shape", (shape,) if isinstance(shape, (int, np.integer)) else shape)
    if (origin is None) != (of_shape is None):
        raise ValueError("origin and of_shape go together, allowed: both or neither")
    whole = part if of_shape is None else _lengths("of_shape", of_shape)
    start = (0,) * len(part) if origin is None else _lengths("origin", origin)
    if not len(part) == len(whole) == len(start):
        raise ValueError(
            f"shape {part}, origin {start} and of_shape {whole} have different numbers of axes, allowed: the same"
        )
    for axis, (n, begin, size) in enumerate(zip(part, start, whole, strict=True)):
        if begin + n > size:
            raise ValueError(f"axis {axis}: origin {begin} and length {n} do not lie within of_shape {size}")
    seed, stream, offset = draw(rng)
    out = np.empty(part, dtype=np.uint32)
    if out.size == 0:
        return out
    if offset + math.prod(whole) > 2**64:
        raise ValueError(f"offset is {offset}, allowed: offset + number of elements at most 2^64")
    # Runs along the last axis are contiguous in the larger array; so is everything where the part is the whole.
    if part == whole:
        _core.fill_words(seed, stream, offset, 0, out.reshape(-1))
        return out
    strides = [math.prod(whole[axis + 1 :]) for axis in range(len(whole))]
    rows = out.reshape(-1, part[-1])
    for row, index in zip(rows, np.ndindex(*part[:-1]), strict=True):
        first = sum((begin + i) * step for begin, i, step in zip(start, (*index, 0), strides, strict=True))
        _core.fill_words(seed, stream, offset + first, 0, row)
    return out
