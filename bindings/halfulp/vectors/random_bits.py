"""R of stochastic vectors: any bits, the ends, and for some cases the very R at which the result changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from halfulp.vectors.draws import Stream, words
from halfulp.vectors.task import Task


def with_random_bits(task: Task, start: int, operands: np.ndarray) -> np.ndarray:
    """The rows with their R."""
    field = task.random_field
    if field is None:
        return operands
    lanes = field.lanes
    shape = (len(operands), lanes)
    drawn = words(task.request.seed, Stream.RANDOM_BITS, start, shape) >> np.uint64(32 - field.bits)
    choice = words(task.request.seed, Stream.CHOICES, start, shape) % np.uint64(8)
    last = np.uint64(field.last)
    drawn[choice == 2] = 0
    drawn[choice == 3] = last
    chosen = np.flatnonzero((choice < 2).any(axis=1))
    if len(chosen):
        kinds = choice[chosen]
        # Results of their own for every R, or one result of all: then one R is sought while the others stand.
        sought = kinds < 2
        if task.has_flags:
            sought &= np.cumsum(sought, axis=1) == 1

        def results(random: np.ndarray) -> np.ndarray:
            all_random = np.where(sought, random, drawn[chosen])
            found = task.answers(np.concatenate([operands[chosen], all_random], axis=1))
            return found[:, :1] if task.has_flags else found[:, -lanes:]

        first, changes = _thresholds(results, sought.shape, field.bits)
        wanted = first - (kinds == 1)  # the last R that does not reach, beside the first that does
        drawn[chosen] = np.where(changes & sought, wanted, drawn[chosen])
    return np.concatenate([operands, drawn], axis=1)


def _thresholds(
    results: Callable[[np.ndarray], np.ndarray], shape: tuple[int, ...], bits: int
) -> tuple[np.ndarray, np.ndarray]:
    """By halving: the first R whose result is another than that of 0, and whether there is one. One R decides between
    two members, and rounding away is monotone in it."""
    low = np.zeros(shape, dtype=np.uint64)
    high = np.full_like(low, (1 << bits) - 1)
    at_zero = results(low)
    changes = results(high) != at_zero
    for _ in range(bits):
        middle = (low + high) >> np.uint64(1)
        same = results(middle) == at_zero
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return high, changes
