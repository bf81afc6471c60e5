"""Results beside the correctly rounded ones: the counting behind hu.kappa."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np

from halfulp._format import Format, real_format
from halfulp.kappa import Conformance, Worst
from halfulp.vectors.field import Field, to_codes, to_patterns
from halfulp.vectors.order import Order
from halfulp.vectors.request import Request
from halfulp.vectors.scalar import OPERANDS
from halfulp.vectors.task import Task
from halfulp.vectors.tasks import task_of

#: Operands of so many bits together have all their combinations in a table.
_TABLE_BITS = 24
_BLOCK = 2**18


def measured(
    given: Any, operation: str, format: Any, inputs: Sequence[Any] | None, worst: int, how: Mapping[str, Any]
) -> Conformance:
    """The arguments of hu.kappa, checked here."""
    task = _task(operation, format, how)
    formats = [field.format for field in task.operands if field.format is not None]
    to = task.results[0].format
    assert to is not None
    if isinstance(worst, bool) or not isinstance(worst, (int, np.integer)) or worst < 0:
        raise ValueError(f"worst is {worst!r}, allowed: an integer, 0 or more")
    tally = _Tally(Order(to), int(worst), formats, to)
    if inputs is None:
        total, blocks = _all_inputs(formats)
    else:
        total, blocks = _given_inputs(inputs, task.operands)
    give = _giver(given, formats, task.results[0], total)
    for start, operands in blocks:
        expected = task.answers(operands)[:, 0]
        tally.add(operands, give(start, operands), expected)
    request = task.request
    said = request.rounding or "nearest_ties_to_even"
    return tally.conformance(operation, tuple(map(str, formats)), str(to), request.projection or said)


def _task(operation: str, format: Any, how: Mapping[str, Any]) -> Task:
    allowed = [name for name in OPERANDS if name != "scalb"]
    if operation not in allowed:
        raise ValueError(f"operation is {operation!r}, allowed: {', '.join(allowed)}")
    known = {field.name for field in fields(Request)} - {"operation", "format_a", "level", "seed", "count"}
    for name in how:
        if name not in known:
            raise TypeError(f"kappa() got an unexpected keyword argument {name!r}")
    named: dict[str, Any] = {
        name: str(real_format(value)) if name in ("format_b", "format_c", "result") and value is not None else value
        for name, value in how.items()
    }
    request = replace(Request(operation, str(real_format(format))), **named)
    task = task_of(request)
    if task.random_field is not None:
        raise ValueError(
            f"rounding is {task.request.rounding!r}, allowed: modes without random bits; kappa has one right answer"
        )
    return task


def _all_inputs(formats: list[Format]) -> tuple[tuple[int, ...], Iterator[tuple[int, np.ndarray]]]:
    """The shape of a table, and all combinations in its order."""
    bits = sum(f.bits for f in formats)
    shape = tuple(f._spec.last_code + 1 for f in formats)
    if bits > _TABLE_BITS:
        raise ValueError(f"inputs is None, allowed for operands of {bits} bits together: arrays of operand codes")

    def blocks() -> Iterator[tuple[int, np.ndarray]]:
        total = int(np.prod(shape))
        for start in range(0, total, _BLOCK):
            index = np.arange(start, min(start + _BLOCK, total))
            yield start, np.stack(np.unravel_index(index, shape), axis=1).astype(np.uint64)

    return shape, blocks()


def _given_inputs(
    inputs: Sequence[Any], operands: list[Field]
) -> tuple[tuple[int, ...], Iterator[tuple[int, np.ndarray]]]:
    if len(inputs) != len(operands):
        raise ValueError(f"inputs has {len(inputs)} arrays, allowed: {len(operands)}, one for each operand")
    try:
        arrays = np.broadcast_arrays(*(np.asarray(x) for x in inputs))
    except ValueError:
        shapes = ", ".join(str(np.shape(x)) for x in inputs)
        raise ValueError(f"inputs has shapes {shapes}, allowed: shapes that NumPy broadcasts") from None
    rows = np.stack(
        [_patterns(f"inputs[{i}]", x.reshape(-1), f) for i, (x, f) in enumerate(zip(arrays, operands, strict=True))],
        axis=1,
    )
    blocks = ((start, rows[start : start + _BLOCK]) for start in range(0, len(rows), _BLOCK))
    return arrays[0].shape, blocks


def _giver(
    given: Any, formats: list[Format], result: Field, shape: tuple[int, ...]
) -> Callable[[int, np.ndarray], np.ndarray]:
    """What gives the results of a block of operands, as patterns."""
    if callable(given):

        def call(start: int, operands: np.ndarray) -> np.ndarray:
            found = np.asarray(given(*(to_codes(operands[:, i], f) for i, f in enumerate(formats))))
            if found.shape != (len(operands),):
                raise ValueError(
                    f"the function gave shape {found.shape} for operands of shape {(len(operands),)}, allowed: the same"
                )
            return _patterns("what the function gave", found, result)

        return call
    table = np.asarray(given)
    size = int(np.prod(shape))
    if table.shape != shape and table.shape != (size,):
        raise ValueError(f"the table has shape {table.shape}, allowed: {shape} or {(size,)}")
    flat = _patterns("the table", table.reshape(-1), result)
    return lambda start, operands: flat[start : start + len(operands)]


def _patterns(name: str, codes: np.ndarray, field: Field) -> np.ndarray:
    """Codes, or bit patterns, that somebody gives."""
    f = field.format
    assert f is not None
    if codes.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {codes.dtype}, allowed: integers, the codes of {f.name}")
    least = -(field.last // 2) - 1 if f._spec.signed_codes else 0
    if codes.size and (int(codes.min()) < least or int(codes.max()) > field.last):
        wrong = int(codes.min()) if int(codes.min()) < least else int(codes.max())
        raise ValueError(f"{name} holds {wrong}, allowed: {least} to {field.last} ({f.name} has {f.bits} bits)")
    return to_patterns(codes, f)


class _Tally:
    def __init__(self, order: Order, worst: int, formats: list[Format], to: Format) -> None:
        self._order = order
        self._most = worst
        self._formats = formats
        self._to = to
        self._histogram: Counter[float] = Counter()
        self._nan = 0
        self._zero_signs = 0
        self._worst: list[Worst] = []

    def add(self, operands: np.ndarray, got: np.ndarray, expected: np.ndarray) -> None:
        found = np.abs(self._order.distance(got, expected))
        self._nan += int(np.isnan(found).sum())
        values, counts = np.unique(found[~np.isnan(found)], return_counts=True)
        self._histogram.update(dict(zip(values.tolist(), counts.tolist(), strict=True)))
        nan = self._order.is_nan(got)
        self._zero_signs += int(((found == 0) & (got != expected) & ~nan).sum())
        order = np.argsort(-np.where(np.isnan(found), np.inf, found), kind="stable")
        order = np.concatenate([order[np.isnan(found[order])], order[~np.isnan(found[order])]])[: self._most]
        for place in order[found[order] != 0]:
            codes = tuple(int(to_codes(operands[place : place + 1, i], f)[0]) for i, f in enumerate(self._formats))
            both = to_codes(np.array([got[place], expected[place]], dtype=np.uint64), self._to)
            self._worst.append(Worst(codes, int(both[0]), int(both[1]), float(found[place])))
        self._worst.sort(key=lambda case: (not math.isnan(case.kappa), -case.kappa))
        del self._worst[self._most :]

    def conformance(self, operation: str, formats: tuple[str, ...], result: str, rounding: str) -> Conformance:
        histogram = dict(sorted(self._histogram.items()))
        if self._nan:
            histogram[float("nan")] = self._nan
        largest = float("nan") if self._nan else max(histogram, default=0.0)
        cases = sum(histogram.values())
        return Conformance(
            operation, formats, result, rounding, largest, cases, histogram, self._zero_signs, tuple(self._worst)
        )
