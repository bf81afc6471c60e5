"""Where the elements of one matrix are, and how a part of them is read: an array in memory, a place in a file, blocks
of a quantized file.

A part is a range of elements in C order, so that a matrix larger than memory is read piece by piece.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from halfulp.sweeping._extras import need


class Source(Protocol):
    """The elements of a matrix."""

    def read(self, begin: int, end: int) -> np.ndarray:
        """The elements from begin to end in C order, 1-d, as they are stored (bfloat16 as uint16)."""


@dataclass(frozen=True)
class Segment:
    """A C-contiguous array that lies in a file. Only the part that is read is mapped, and other processes are sent the
    place, not the bytes. dtype: NumPy's, in the file's byte order."""

    path: str
    start: int
    dtype: str

    def read(self, begin: int, end: int) -> np.ndarray:
        size = np.dtype(self.dtype).itemsize
        part = _mapped(self.path, self.start + begin * size, (end - begin) * size)
        return part.view(self.dtype)


@dataclass(frozen=True)
class Held:
    """A C-contiguous array in memory; pickles with its bytes."""

    array: np.ndarray

    def read(self, begin: int, end: int) -> np.ndarray:
        flat: np.ndarray = self.array.reshape(-1)[begin:end]
        return flat


@dataclass(frozen=True)
class Scattered:
    """An array whose elements do not lie in C order, such as a mapped file in Fortran order: parts are gathered."""

    array: np.ndarray

    def read(self, begin: int, end: int) -> np.ndarray:
        part: np.ndarray = np.asarray(self.array).flat[begin:end]
        return part


@dataclass(frozen=True)
class Blocks:
    """A quantized tensor of a GGUF file, dequantized by the package gguf when a part of it is read. elements, size: of
    one block, the latter in bytes."""

    path: str
    start: int
    kind: int
    elements: int
    size: int

    def read(self, begin: int, end: int) -> np.ndarray:
        first, last = begin // self.elements, -(-end // self.elements)
        content = _mapped(self.path, self.start + first * self.size, (last - first) * self.size)
        values: np.ndarray = dequantizer(self.kind)(content.reshape(-1, self.size)).reshape(-1)
        return values[begin - first * self.elements : end - first * self.elements]


@lru_cache(maxsize=64)
def dequantizer(kind: int) -> Callable[[np.ndarray], np.ndarray]:
    """What turns rows of bytes into rows of float32, for a type by ggml's number."""
    quants = need("gguf.quants", "gguf", "a GGUF file")
    which = need("gguf", "gguf", "a GGUF file").GGMLQuantizationType(kind)
    return lambda rows: quants.dequantize(rows, which)


def _mapped(path: str, start: int, size: int) -> np.ndarray:
    try:
        return np.asarray(np.memmap(path, dtype=np.uint8, mode="r", offset=start, shape=(size,)))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"{path} is not there for process {_here()}: every worker has to see the weights' files (and the folder of "
            "temporary files, for arrays in memory) under the same path"
        ) from None
    except ValueError as error:
        raise ValueError(f"{path} has become shorter since it was opened: {error}") from None


def _here() -> str:
    return f"{os.getpid()} on {socket.gethostname()}"


def spooled(source: Source, size: int, folder: Path, name: str) -> Segment:
    """The same elements as a file in `folder`, for workers that share no memory with this process."""
    path = folder / name
    step = 1 << 24
    with path.open("wb") as file:
        for begin in range(0, size, step):
            part = source.read(begin, min(begin + step, size))
            part.tofile(file)
    return Segment(str(path.absolute()), 0, part.dtype.str)


def is_held(source: Any) -> bool:
    """Does the source pickle with all its bytes?"""
    return isinstance(source, (Held, Scattered))
