"""What a worker does: a job's pieces are read one after the other, and each goes through all cases of the job."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._phase_format import ComplexScheme
from halfulp._quantize import fake_quantize_report, quantize
from halfulp.sweeping import histogram, widely_linear
from halfulp.sweeping.activations import as_rows, output_energy
from halfulp.sweeping.cases import Case
from halfulp.sweeping.jobs import Job, Workspace, pair_error
from halfulp.sweeping.measures import Sums, total
from halfulp.sweeping.relative import RelativeError


@dataclass(frozen=True)
class Tally:
    """The measures of a slice under a case. before, after: the histograms, where they were asked for."""

    sums: Sums
    before: np.ndarray | None
    after: np.ndarray | None


def merge(parts: list[Tally]) -> Sums:
    """The measures of a matrix, of those of its slices."""
    whole = _together(parts)
    if whole.before is None or whole.after is None:
        return whole.sums
    return replace(whole.sums, kl=histogram.divergence(whole.before, whole.after))


def run(job: Job, workspace: Workspace, record_errors: bool) -> list[Tally | str]:
    """A tally for each case of the job; with record_errors the message of a case that failed, else PairError."""
    if job.version != _core.version:
        raise RuntimeError(
            f"a worker runs halfulp {_core.version}, the sweep {job.version}, allowed: the same version everywhere"
        )
    parts: list[list[Tally]] = [[] for _ in job.cases]
    failed: dict[int, str] = {}
    for begin, end in job.pieces:
        piece = _Piece(job, begin, end, workspace)
        for place, case in enumerate(job.cases):
            if place in failed:
                continue
            try:
                parts[place].append(piece.measure(case))
            except (ValueError, TypeError, MemoryError) as error:
                said = f"there is not enough memory ({error})" if isinstance(error, MemoryError) else str(error)
                if not record_errors:
                    raise pair_error(job.matrix.name, case, said) from error
                failed[place] = said
    return [failed[place] if place in failed else _together(parts[place]) for place in range(len(job.cases))]


def _together(parts: list[Tally]) -> Tally:
    if len(parts) == 1:
        return parts[0]
    return Tally(total([p.sums for p in parts]), _added([p.before for p in parts]), _added([p.after for p in parts]))


def _added(counts: list[np.ndarray | None]) -> np.ndarray | None:
    known = [c for c in counts if c is not None]
    return np.sum(known, axis=0) if known else None


class _Piece:
    """A piece of a matrix, with what all cases need of it."""

    def __init__(self, job: Job, begin: int, end: int, workspace: Workspace) -> None:
        self._job = job
        self._begin = begin
        self._workspace = workspace
        self._values = job.matrix.part(begin, end)
        self._facts: dict[np.dtype[Any], _Facts] = {}

    def measure(self, case: Case) -> Tally:
        job = self._job
        carrier = case.carrier(self._values.dtype)
        facts = self._facts.get(carrier)
        if facts is None:
            facts = self._facts[carrier] = _Facts(job, self._values.astype(carrier, copy=False))
        values = facts.values
        quantized, zero_scales, saturated = self._quantize(case, values)
        more: dict[str, Any] = {"max_relative_error": facts.relative.largest(quantized)}
        if job.metrics:
            more["user"] = self._user(values, quantized)
        if job.subject.factor is not None:
            more["output_squared_error"] = output_energy(self._rows(values - quantized), facts.factor)
            more["output_squared"] = facts.output_squared(self._rows)
        sums = _measured(values, quantized, zero_scales, saturated, more)
        after = histogram.count(quantized, job.subject.amax) if job.options.histograms else None
        return Tally(sums, facts.histogram, after)

    def _quantize(self, case: Case, values: np.ndarray) -> tuple[np.ndarray, int, int]:
        """The piece's elements as if the whole matrix had been quantized: 1-d, good until the next call."""
        job, cut = self._job, self._job.cut
        options = job.options
        keywords = options.keywords(case) | {
            "axis": None if case.flat else cut.axis,
            "threads": 1,
        }  # the pairs keep all cores busy
        if isinstance(case.scheme, ComplexScheme):
            matrix = values.reshape(values.size // cut.row, *cut.tail)
            quantized, zero_scales = widely_linear.fake_quantize(matrix, case.scheme, **keywords)
            return quantized.reshape(-1), zero_scales, 0  # a phase saturates nowhere
        if job.subject.importance is not None and case.searched:
            given = job.subject.importance
            if case.flat:  # groups run through all elements, so each has its weight
                keywords["importance"] = self._of_elements(given, values.size).reshape(-1, *cut.tail)
            else:
                keywords["importance"] = self._importance(given, values.size)
        if values.size == cut.elements or "tensor" not in case.groups:
            shape = (values.size // cut.row, *cut.tail)
            out = self._workspace.array("out", shape, values.dtype)
            rng = options.draw(case, job.subject.index, self._begin)
            _, zero_scales, saturated = fake_quantize_report(
                values.reshape(shape), case.scheme, out=out, rng=rng, **keywords
            )
            return out.reshape(-1), zero_scales, saturated
        return self._with_ballast(case, values, keywords)

    def _with_ballast(self, case: Case, values: np.ndarray, keywords: dict[str, Any]) -> tuple[np.ndarray, int, int]:
        """With one more row that holds the matrix's largest magnitude, on which alone the scale of the whole tensor
        depends. Rows of zeros before it end the piece's last groups. What the row adds to the counts is taken off."""
        job, cut = self._job, self._job.cut
        rows = values.size // cut.row
        filled = rows + -rows % (cut.unit // cut.row)
        shape = (filled + 1, *cut.tail)
        extended, out = (self._workspace.array(name, shape, values.dtype) for name in ("extended", "out"))
        flat = extended.reshape(-1)
        flat[: values.size] = values
        flat[values.size :] = 0
        flat[filled * cut.row] = job.subject.amax
        options, index = job.options, job.subject.index
        rng = options.draw(case, index, self._begin)
        _, zero_scales, saturated = fake_quantize_report(extended, case.scheme, out=out, rng=rng, **keywords)
        rng = options.draw(case, index, self._begin + filled * cut.row)
        ballast = np.array(extended[filled:])
        _, extra_zeros, extra_saturated = fake_quantize_report(ballast, case.scheme, rng=rng, **keywords)
        if extra_zeros and self._begin == 0 and _tensor_scale_is_zero(ballast, case, keywords):
            extra_zeros = 0  # the matrix's own scale, which one piece has to count
        return out.reshape(-1)[: values.size], zero_scales - extra_zeros, saturated - extra_saturated

    def _importance(self, importance: np.ndarray, size: int) -> np.ndarray:
        """The weights of the piece: all of them, unless the piece is a part along the axis."""
        cut = self._job.cut
        if cut.axis != 0 or size == cut.elements:
            return importance
        first = self._begin % cut.run // cut.row
        return importance[first : first + size // cut.row]

    def _of_elements(self, importance: np.ndarray, size: int) -> np.ndarray:
        """The weights of the piece's elements in C order."""
        shape = self._job.matrix.shape
        axis = self._job.options.axis % len(shape)
        inner = math.prod(shape[axis + 1 :])
        return importance[np.arange(self._begin, self._begin + size) // inner % shape[axis]]

    def _rows(self, values: np.ndarray) -> np.ndarray:
        shape = self._job.matrix.shape
        axis = self._job.options.input_axis
        if axis % len(shape) == len(shape) - 1:
            return values.reshape(-1, shape[-1])
        return as_rows(values.reshape(shape), axis)

    def _user(self, values: np.ndarray, quantized: np.ndarray) -> dict[str, float]:
        job, found = self._job, {}
        for name, metric in job.metrics.items():
            arrays = [array.reshape(job.matrix.shape).view() for array in (values, quantized)]
            for array in arrays:
                array.flags.writeable = False
            try:
                found[name] = float(metric(*arrays))
            except Exception as error:
                raise ValueError(f"metrics[{name!r}] failed: {type(error).__name__}: {error}") from error
        return found


def _tensor_scale_is_zero(ballast: np.ndarray, case: Case, keywords: dict[str, Any]) -> bool:
    nearest = keywords | {"rounding": None, "random_bits": None}  # of the elements, on which scales do not depend
    return not quantize(ballast, case.scheme, **nearest).scale_codes[-1].any()


class _Facts:
    """What depends on the piece's values alone, in one carrier."""

    def __init__(self, job: Job, values: np.ndarray) -> None:
        self.values = values
        self.relative = RelativeError(values)
        self.histogram = histogram.count(values, job.subject.amax) if job.options.histograms else None
        self._factor = job.subject.factor
        self._output_squared: float | None = None

    @property
    def factor(self) -> np.ndarray:
        assert self._factor is not None
        return self._factor.values()

    def output_squared(self, rows: Any) -> float:
        if self._output_squared is None:
            self._output_squared = output_energy(rows(self.values), self.factor)
        return self._output_squared


def _measured(
    values: np.ndarray, quantized: np.ndarray, zero_scales: int, saturated: int, more: dict[str, Any]
) -> Sums:
    d = _core.measure_difference(values, quantized, 1)
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
        **more,
    )
