"""Tables of 16 values fitted to normal values that are divided by the largest magnitude of their group."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np

STEPS = 2000
SETTLED = 1e-6


class Sample:
    """Quotients in ascending order, x ÷ amax of normal groups, and their weights amax^power: an error of the quotient
    is amax times that in the value, so power 1 fits absolute errors of values, 2 squared ones, and 0 either of
    quotients. magnitudes: |x| ÷ amax."""

    def __init__(self, length: int, count: int, seed: int, power: int, *, magnitudes: bool = False) -> None:
        groups = np.random.default_rng([seed, 1000, length]).standard_normal((count // length, length))
        largest = np.abs(groups).max(axis=1, keepdims=True)
        quotients = (np.abs(groups) if magnitudes else groups) / largest
        weights = np.broadcast_to(largest**power, groups.shape).ravel()
        order = np.argsort(quotients, axis=None)
        self.values = quotients.ravel()[order]
        self.mass = np.concatenate([[0], np.cumsum(weights[order])])
        self.moment = np.concatenate([[0], np.cumsum(weights[order] * self.values)])

    def means(self, ends: np.ndarray) -> np.ndarray:
        return np.diff(self.moment[ends]) / np.diff(self.mass[ends])

    def medians(self, ends: np.ndarray) -> np.ndarray:
        middle = (self.mass[ends[1:]] + self.mass[ends[:-1]]) / 2
        return self.values[np.searchsorted(self.mass, middle) - 1]


def lloyd(sample: Sample, start: np.ndarray, pinned: tuple[float, ...], *, squared: bool) -> np.ndarray:
    """Lloyd's algorithm: cells end at midpoints between entries; each entry that is not pinned goes to its cell's mean
    (squared errors) or median (absolute errors), until none moves any further."""
    table = np.array(start, dtype=np.float64)
    fixed = np.isin(table, pinned)
    for _ in range(STEPS):
        inner = np.searchsorted(sample.values, (table[1:] + table[:-1]) / 2)
        ends = np.concatenate([[0], inner, [len(sample.values)]])
        moved = np.where(fixed, table, sample.means(ends) if squared else sample.medians(ends))
        if np.abs(moved - table).max() < SETTLED:
            return moved
        table = moved
    return table


def fitted_tables(length: int, count: int, seed: int) -> dict[str, np.ndarray]:
    """By what is least: tables that hold ±1, as group maxima are these. "each sign by itself": 8
    magnitudes of one sign and 7 of the other, each fitted as if the sign's cells began at zero, and then a zero."""
    start = np.array(hu.format("nf4").values())
    absolute = Sample(length, count, seed, 1)
    side = Sample(length, count, seed, 0, magnitudes=True)
    upper, lower = (lloyd(side, table, (1.0,), squared=False) for table in (start[8:], -start[6::-1]))
    return {
        "least squares": lloyd(Sample(length, count, seed, 2), start, (-1.0, 1.0), squared=True),
        "least L1": lloyd(absolute, start, (-1.0, 1.0), squared=False),
        "least L1 with a zero": lloyd(absolute, start, (-1.0, 0.0, 1.0), squared=False),
        "each sign by itself": np.concatenate([-lower[::-1], [0.0], upper]),
    }


def as_format(table: np.ndarray) -> Any:
    """A format of these values, rounded to binary32."""
    return hu.codebook(table.astype(np.float32).tolist())


def shares(values: np.ndarray, scheme: str) -> tuple[np.ndarray, float]:
    """The share of each code, and their entropy in bits."""
    members = 2 ** hu.scheme(scheme).element.bits
    codes = hu.quantize(values, scheme, threads=2).codes.ravel().astype(np.uint8) & (members - 1)
    found = np.bincount(codes, minlength=members) / codes.size
    used = found[found > 0]
    return found, float(-(used * np.log2(used)).sum())
