"""Where the exact results of cases lie: the places at which hardware goes wrong, so that one sees what was tried."""

from __future__ import annotations

import numpy as np

from halfulp._convert import decode, encode
from halfulp._format import Format, float_format
from halfulp.vectors.blocks import QuantizeTask
from halfulp.vectors.dots import DotTask
from halfulp.vectors.field import to_codes, to_patterns
from halfulp.vectors.order import Order
from halfulp.vectors.scalar import ScalarTask
from halfulp.vectors.task import Task

#: Place and what it means, in the order of reports.
PLACES = {
    "exact": "the exact result is a member",
    "midpoint": "it lies halfway between two members",
    "sticky only": "it lies above a member or a midpoint by less than an eighth of a step, and does not overflow",
    "boundary": "it lies next to a power of two, where steps change",
    "subnormal edge": "it lies next to the least normal member, or between zero and the least one",
    "overflow edge": "it lies between the largest member and one step above",
    "cancellation": "of addends of both signs, it is smaller than the largest by two binades or more",
    "special": "an operand is infinite or NaN, or (of scalars) zero",
}

_INEXACT, _OVERFLOW, _INVALID = np.uint64(1), np.uint64(4), np.uint64(16)
_GUARD_BITS = 3


class Coverage:
    """Of a task. Which places it can tell: those that are not None in :meth:`of`."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._columns = sum(field.lanes for field in task.operands)
        self._wide = _wider(task.result_format) if isinstance(task, (ScalarTask, DotTask)) else None

    def of(self, inputs: np.ndarray) -> dict[str, np.ndarray | None]:
        """One bool for each case, by place; None where the operation or format has no such place."""
        operands = inputs[:, : self._columns]
        found: dict[str, np.ndarray | None] = dict.fromkeys(PLACES)
        found["special"] = self._special(operands)
        f, down = self._task.result_format, self._task.placed(operands, "toward_zero")
        if f is None or down is None:
            return found
        low, flags = down
        high, to_zero, away = (
            self._result(operands, mode) for mode in ("away_from_zero", "nearest_ties_to_zero", "nearest_ties_to_away")
        )
        order = Order(f)
        number = order.is_finite(low) & (flags & _INVALID == 0)
        inexact = number & (flags & _INEXACT != 0)
        found["exact"] = (number & ~inexact).all(axis=1)
        found["midpoint"] = (number & (to_zero != away)).any(axis=1)
        found["sticky only"] = self._sticky_only(operands, flags[:, 0] & _OVERFLOW == 0)
        if not f._spec.holds("binary64"):
            return found
        rank = order.ranks(low)
        if isinstance(self._task, (ScalarTask, DotTask)):
            last = (rank == order.ranks(_pattern(f, f.max))) | (rank == order.ranks(_pattern(f, f.min)))
            found["overflow edge"] = (number & last & (flags & _OVERFLOW == 0)).any(axis=1)
        if f.min_normal is not None:
            below, above = (np.abs(_values(patterns, f)) for patterns in (low, high))
            beside = (below == f.min_normal) | (above == f.min_normal) | (inexact & (below == 0))
            found["subnormal edge"] = (number & beside).any(axis=1)
        found["boundary"] = (number & (_is_power_of_two(low, f) | _is_power_of_two(high, f))).any(axis=1)
        found["cancellation"] = self._cancellation(operands, low, f)
        return found

    def _result(self, operands: np.ndarray, mode: str) -> np.ndarray:
        placed = self._task.placed(operands, mode)
        assert placed is not None
        return placed[0]

    def _special(self, operands: np.ndarray) -> np.ndarray:
        found = np.zeros(len(operands), dtype=bool)
        place = 0
        for field in self._task.operands:
            part = operands[:, place : place + field.lanes]
            place += field.lanes
            assert field.format is not None
            order = Order(field.format)
            odd = ~order.is_finite(part)
            if not isinstance(self._task, (DotTask, QuantizeTask)) and field.format._spec.holds("binary64"):
                odd |= _values(part, field.format) == 0
            found |= odd.any(axis=1)
        return found

    def _sticky_only(self, operands: np.ndarray, in_range: np.ndarray) -> np.ndarray | None:
        if self._wide is None or not isinstance(self._task, (ScalarTask, DotTask)):
            return None
        low, flags = self._task.placed_in(self._wide, operands, "toward_zero")
        bits = low & np.uint64((1 << (_GUARD_BITS - 1)) - 1)
        return in_range & (bits == 0) & (flags & _INEXACT != 0) & Order(self._wide).is_finite(low)

    def _cancellation(self, operands: np.ndarray, low: np.ndarray, f: Format) -> np.ndarray | None:
        addends = _addends(self._task, operands)
        if addends is None or not f._spec.holds("binary64"):
            return None
        with np.errstate(all="ignore"):
            result = _values(low[:, 0], f)
            largest = np.max(np.abs(addends), axis=1)
            clear = np.isfinite(addends).all(axis=1) & np.isfinite(result) & (largest > 0)
            smaller = (result == 0) | (_exponents(result) + 2 <= _exponents(largest))
            # All of one sign: a small result is an underflow.
            mixed = (addends > 0).any(axis=1) & (addends < 0).any(axis=1)
        return clear & smaller & mixed


def _addends(task: Task, operands: np.ndarray) -> np.ndarray | None:
    """What is added, near enough for their exponents; None where nothing is, or binary64 does not hold it."""
    if any(field.format is None or not field.format._spec.holds("binary64") for field in task.operands):
        return None
    with np.errstate(all="ignore"):
        if isinstance(task, DotTask):
            return task.addends(operands)
        values, place = [], 0
        for field in task.operands:
            assert field.format is not None
            values.append(_values(operands[:, place : place + field.lanes], field.format))
            place += field.lanes
        match task.request.operation:
            case "add" | "faa":
                return np.concatenate(values, axis=1)
            case "sub":
                return np.concatenate([values[0], -values[1]], axis=1)
            case "fma":
                return np.concatenate([values[0] * values[1], values[2]], axis=1)
    return None


def _values(patterns: np.ndarray, f: Format) -> np.ndarray:
    return decode(to_codes(patterns, f), f, "float64")


def _exponents(values: np.ndarray) -> np.ndarray:
    return np.frexp(values)[1]


def _is_power_of_two(patterns: np.ndarray, f: Format) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.abs(np.frexp(_values(patterns, f))[0]) == 0.5


def _pattern(f: Format, member: object) -> np.ndarray:
    return to_patterns(np.asarray(encode([float(member)], f)), f)  # type: ignore[arg-type]


def _wider(f: Format | None) -> Format | None:
    """A float format with the same least normal member, guard bits more, and a largest member beyond f's; None where
    there is none of 64 bits."""
    if f is None or f.mantissa_bits is None or f.emin is None or f.emax is None:
        return None
    bias = 1 - f.emin
    exponent_bits = max(2, (f.emax + 3 + bias).bit_length())
    mantissa_bits = f.mantissa_bits + _GUARD_BITS
    if 1 + exponent_bits + mantissa_bits > 64 or exponent_bits > 19:
        return None
    return float_format(exponent_bits=exponent_bits, mantissa_bits=mantissa_bits, bias=bias)
