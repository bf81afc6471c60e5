"""One function of a peer and the function of ours that does the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import halfulp as hu
import numpy as np

from speed.timing import Work


@dataclass(frozen=True)
class Pair:
    """Both calls, ready to be timed, and what each has computed by then. differences() counts where results differ."""

    peer: Work
    ours: Work
    differences: Callable[[], int]


@dataclass(frozen=True)
class Contest:
    """prepare(x) makes the Pair for a float32 array x. bytes_per_element: what has to be read and written."""

    peer: str
    operation: str
    format: str
    mode: str
    bytes_per_element: float
    prepare: Callable[[np.ndarray], Pair]
    note: str = ""

    @property
    def name(self) -> str:
        return "/".join(filter(None, (self.peer, self.operation, self.format, self.mode)))


class Latest:
    """Keeps what a call gave, as a user would, so that the next call's memory is not the same by accident."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.call = call
        self.value: Any = None

    def __call__(self) -> None:
        self.value = None  # freed first: the allocator can hand the same pages out again
        self.value = self.call()


def different_values(ours: np.ndarray, theirs: Any) -> int:
    """How many values differ; NaNs are alike, zeros of either sign too: peers do not promise them."""
    theirs = np.asarray(theirs, dtype=ours.dtype)
    return int(np.count_nonzero(~((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)))))


def different_codes(ours: np.ndarray, theirs: Any) -> int:
    return int(np.count_nonzero(ours != np.asarray(theirs).reshape(ours.shape)))


def neither_neighbour(x: np.ndarray, format: str, theirs: Any, **projection: Any) -> int:
    """How many results of a stochastic rounding are neither of the two neighbours."""
    theirs = np.asarray(theirs, dtype=x.dtype)
    down = hu.round(x, format, "toward_negative", **projection)
    up = hu.round(x, format, "toward_positive", **projection)
    return int(np.count_nonzero((theirs != down) & (theirs != up)))


def code_bytes(format: str) -> int:
    return hu.format(format).code_dtype.itemsize


def operands(format: str, x: np.ndarray) -> np.ndarray:
    """x, without its signs where the format has none."""
    return x if hu.format(format).signed else np.abs(x)
