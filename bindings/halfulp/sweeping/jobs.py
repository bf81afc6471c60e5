"""The work of a sweep, cut into jobs that threads or processes run in any order: a job's result depends on the job
alone."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._quantize import fake_quantize_report
from halfulp._random import Rng
from halfulp._scheme import Scheme
from halfulp.sweeping.measures import Sums
from halfulp.sweeping.weights import Matrix

# Elements times schemes of one job: some tens of milliseconds, so that neither handing out jobs nor the last one to end
# counts.
_JOB_ELEMENTS = 4_000_000


@dataclass(frozen=True)
class Options:
    """What holds for every pair. source: (seed, stream, offset) of the first matrix; matrix i draws from stream + i."""

    axis: int
    rounding: str
    scale_rounding: str | None
    random_bits: int | None
    source: tuple[int, int, int] | None

    def keywords(self, index: int) -> dict[str, Any]:
        """The keywords of fake_quantize for the matrix of this index: under every scheme the same random words, so that
        schemes are compared on the same draws and a scheme's row does not depend on which others are in the sweep."""
        rng = None
        if self.source is not None:
            seed, stream, offset = self.source
            rng = Rng(seed, stream + index, offset)
        return {
            "axis": self.axis,
            "rounding": self.rounding,
            "scale_rounding": self.scale_rounding,
            "random_bits": self.random_bits,
            "rng": rng,
            "threads": 1,  # the pairs keep all cores busy
        }


@dataclass(frozen=True)
class Job:
    """Some schemes on one matrix. first: the place of the first of them among all schemes."""

    matrix: Matrix
    index: int
    first: int
    schemes: tuple[Scheme, ...]
    options: Options

    @property
    def work(self) -> int:
        return self.matrix.size * len(self.schemes)


class Workspace:
    """Arrays that a thread uses again for its next pair: fresh pages cost more than the kernels. Pickles without its
    contents."""

    def __init__(self) -> None:
        self._local = threading.local()

    def array(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
        """An array with anything in it, good until this thread asks again."""
        size = math.prod(shape) * dtype.itemsize
        memory = getattr(self._local, "memory", None)
        if memory is None or memory.nbytes < size:
            memory = self._local.memory = np.empty(size, dtype=np.uint8)
        array: np.ndarray = memory[:size].view(dtype).reshape(shape)
        return array

    def __getstate__(self) -> dict[str, Any]:
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._local = threading.local()


class PairError(ValueError):
    """One matrix under one scheme failed. The message names both."""


def cut(matrices: Sequence[Matrix], schemes: Sequence[Scheme], options: Options) -> list[Job]:
    """All pairs as jobs, those of big matrices first, so that at the end only small ones are left to wait for."""
    jobs = []
    for index, matrix in enumerate(matrices):
        at_once = max(1, _JOB_ELEMENTS // matrix.size)
        for first in range(0, len(schemes), at_once):
            jobs.append(Job(matrix, index, first, tuple(schemes[first : first + at_once]), options))
    return sorted(jobs, key=lambda job: -job.matrix.size)


def run(job: Job, workspace: Workspace, record_errors: bool) -> list[Sums | str]:
    """The sums of each pair; with record_errors the message of a pair that failed, else PairError."""
    results: list[Sums | str] = []
    values = job.matrix.values()
    for scheme in job.schemes:
        try:
            results.append(_measure(job, values, scheme, workspace))
        except (ValueError, TypeError) as error:
            if not record_errors:
                raise PairError(f"matrix {job.matrix.name!r} under scheme {scheme}: {error}") from error
            results.append(str(error))
    return results


def _measure(job: Job, values: np.ndarray, scheme: Scheme, workspace: Workspace) -> Sums:
    carrier = carrier_for(scheme, values.dtype)
    if carrier != values.dtype:
        values = values.astype(carrier)
    out = workspace.array(values.shape, values.dtype)
    _, zero_scales, saturated = fake_quantize_report(values, scheme, out=out, **job.options.keywords(job.index))
    d = _core.measure_difference(values, out, 1)
    if not math.isfinite(d["squared_x"]) and not np.isfinite(values).all():
        raise ValueError(f"{np.count_nonzero(~np.isfinite(values))} of its {values.size} values are NaN or infinite")
    lost = d["squared_error"] == 0 and d["max_absolute_error"] > 0
    if lost or not math.isfinite(d["squared_x"] + d["squared_error"] + d["squared_y"]):
        largest = float(np.abs(values).max())
        raise ValueError(f"its values (largest {largest:.3g}) have squares beyond float64: scale the weights first")
    return Sums(
        elements=d["count"],
        zeros=d["zeros"],
        saturated=saturated,
        zero_scales=zero_scales,
        squared_error=d["squared_error"],
        squared_x=d["squared_x"],
        squared_y=d["squared_y"],
        product=d["product"],
        max_error=d["max_absolute_error"],
    )


def carrier_for(scheme: Scheme, dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype in which a scheme is measured: float32 where the weights and the element format's values fit it, else
    float64."""
    fits = scheme.element._spec.holds("binary32")
    return dtype if fits else np.dtype(np.float64)
