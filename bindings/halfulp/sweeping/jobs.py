"""The work of a sweep, cut into jobs that threads, processes or other machines run in any order: a job's result depends
on the job alone."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp.sweeping.cases import Case, Options
from halfulp.sweeping.cutting import Cut, cut
from halfulp.sweeping.matrix import Matrix

# Elements times cases of one job: some tens of milliseconds, so that neither handing out jobs nor the last one to end
# counts.
_JOB_ELEMENTS = 4_000_000
# Cases of a job on a large matrix, which is read once for all of them.
_LEAST_CASES = 4
# Elements of a slice. A larger matrix is measured by several jobs for each case.
_SLICE_ELEMENTS = 1 << 24

Metric = Callable[[np.ndarray, np.ndarray], float]


@dataclass(frozen=True)
class Subject:
    """A matrix with all that is measured on it. amax: its largest magnitude. factor: its activations, for the output
    error. importance: weights along the axis, for searched scales."""

    matrix: Matrix
    index: int
    amax: float
    factor: Matrix | None = None
    importance: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Job:
    """Some cases on some pieces of one matrix. columns: the places of the cases among all. version: of the package that
    made the job."""

    subject: Subject
    columns: tuple[int, ...]
    cases: tuple[Case, ...]
    cut: Cut
    pieces: tuple[tuple[int, int], ...]
    options: Options
    metrics: dict[str, Metric]
    version: str = _core.version

    @property
    def matrix(self) -> Matrix:
        return self.subject.matrix

    @property
    def work(self) -> int:
        return (self.pieces[-1][1] - self.pieces[0][0]) * len(self.cases)


@dataclass(frozen=True)
class Block:
    """Cases on one matrix that are cut alike: one job for each slice."""

    subject: Subject
    columns: tuple[int, ...]
    cases: tuple[Case, ...]
    cut: Cut

    def only(self, columns: set[int]) -> Block:
        """The part of the block with these columns."""
        kept = [(column, case) for column, case in zip(self.columns, self.cases, strict=True) if column in columns]
        return Block(self.subject, tuple(c for c, _ in kept), tuple(case for _, case in kept), self.cut)

    def jobs(self, options: Options, metrics: dict[str, Metric]) -> list[Job]:
        """A slice does not depend on what else is in the sweep, so that sums are the same to the last bit whatever is
        computed again."""
        return [
            Job(self.subject, self.columns, self.cases, self.cut, pieces, options, metrics)
            for pieces in _slices(self.cut)
        ]


def _slices(shape: Cut) -> Iterator[tuple[tuple[int, int], ...]]:
    pieces = shape.pieces()
    together = max(1, _SLICE_ELEMENTS // (pieces[0][1] - pieces[0][0]))
    for first in range(0, len(pieces), together):
        yield tuple(pieces[first : first + together])


def cut_matrix(subject: Subject, case: Case, options: Options, metrics: dict[str, Metric]) -> Cut:
    """How a matrix is cut for a case: user metrics see it whole, and output errors see whole rows of inputs."""
    shape = subject.matrix.shape
    whole, rows = "user metrics look at the whole matrix" if metrics else "", 1
    if subject.factor is not None:
        if options.input_axis % len(shape) == len(shape) - 1:
            rows = shape[-1]
        else:
            whole = whole or "its inputs do not run along the last axis, and output errors look at whole inputs"
    return cut(shape, case, options, whole=whole, rows=rows)


def cut_all(
    subjects: Sequence[Subject], cases: Sequence[Case], options: Options, metrics: dict[str, Metric]
) -> list[Block]:
    """All pairs as blocks, those of big matrices first, so that at the end only small ones are left to wait for."""
    blocks = []
    for subject in subjects:
        alike: dict[Cut, list[int]] = {}
        for column, case in enumerate(cases):
            alike.setdefault(cut_matrix(subject, case, options, metrics), []).append(column)
        at_once = max(_LEAST_CASES, _JOB_ELEMENTS // min(subject.matrix.size, _SLICE_ELEMENTS))
        for shape, columns in alike.items():
            for first in range(0, len(columns), at_once):
                some = tuple(columns[first : first + at_once])
                blocks.append(Block(subject, some, tuple(cases[c] for c in some), shape))
    return sorted(blocks, key=lambda block: -block.subject.matrix.size)


class Workspace:
    """Arrays that a thread uses again for its next pair: fresh pages cost more than the kernels. Pickles without its
    contents."""

    def __init__(self) -> None:
        self._local = threading.local()

    def array(self, purpose: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """An array with anything in it, good until this thread asks again for the same purpose."""
        size = math.prod(shape) * dtype.itemsize
        memory = getattr(self._local, purpose, None)
        if memory is None or memory.nbytes < size:
            memory = np.empty(size, dtype=np.uint8)
            setattr(self._local, purpose, memory)
        array: np.ndarray = memory[:size].view(dtype).reshape(shape)
        return array

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._local = threading.local()


class PairError(ValueError):
    """One matrix under one scheme failed. The message names both."""


def pair_error(matrix: str, case: Case, what: object) -> PairError:
    """The error of a pair."""
    return PairError(f"matrix {matrix!r} under scheme {case}: {what}")
