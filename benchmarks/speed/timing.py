"""Pieces of work timed in turn, so that what slows the machine down slows all of them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

Work = Callable[[], object]


def in_turn(works: Mapping[str, Work], repetitions: int = 9, shortest_s: float = 2e-3) -> dict[str, list[float]]:
    """Seconds of one call of each piece of work, `repetitions` times; every second time in the opposite order.

    Work that takes less than shortest_s is repeated within a timing until it takes that long.
    """
    calls = {name: _calls(work, shortest_s) for name, work in works.items()}
    taken: dict[str, list[float]] = {name: [] for name in works}
    for repetition in range(repetitions):
        names = list(works) if repetition % 2 == 0 else list(works)[::-1]
        for name in names:
            taken[name].append(_seconds(works[name], calls[name]))
    return taken


def ratios(reference_s: Sequence[float], subject_s: Sequence[float]) -> list[float]:
    """reference / subject, repetition by repetition: how many times as fast the subject is."""
    return [r / s for r, s in zip(reference_s, subject_s, strict=True)]


def quantile(values: Sequence[float], q: float) -> float:
    """By linear interpolation between order statistics, as the C++ side does it."""
    if not values:
        return math.nan
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _seconds(work: Work, calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - start) / calls


def _calls(work: Work, shortest_s: float) -> int:
    work()  # warm up: caches, pages, compilation
    once = max(_seconds(work, 1), 1e-9)
    return 1 if once >= shortest_s else min(math.ceil(shortest_s / once), 1_000_000)
