"""Groups of the quantizers that are no schemes: runs along the last axis, channels, or the whole tensor; and checks of
single arguments, which everything shares."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from halfulp._arrays import CARRIERS, DTYPES, Carried, carrier_of, plain, take
from halfulp._convert import unsigned
from halfulp._random import Source, draw

GROUP = "None (the whole tensor), 'channel' (each index of the first axis), or a length along the last axis"


class Runs(NamedTuple):
    """How an array in C order is cut, and the shape of what each run has one of."""

    row: int
    length: int
    shape: tuple[int, ...]

    @property
    def cut(self) -> tuple[int, int]:
        """What the compiled functions take."""
        return self.row, self.length


def integer(name: str, value: Any, least: int, most: int) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is {value!r}, allowed: an integer from {least} to {most}")
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}, allowed: {least} to {most}")
    return int(value)


def real(
    name: str,
    value: Any,
    least: float = -math.inf,
    most: float = math.inf,
    *,
    above: bool = False,
    infinite: bool = False,
) -> float:
    """A real number from least (more than that where `above`) to most, finite unless `infinite`. An array of no axes
    counts as its number; True, texts and complex numbers are none."""
    allowed = _range_of_reals(least, most, above, infinite)
    given = value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value
    if isinstance(given, (bool, np.bool_)) or not isinstance(given, numbers.Real):
        raise TypeError(f"{name} is {value!r}, allowed: {allowed}")
    try:
        number = float(given)
    except OverflowError:
        raise ValueError(f"{name} is beyond float64, allowed: {allowed}") from None
    within = (number > least if above else number >= least) and number <= most
    if not within or (math.isinf(number) and not infinite):
        raise ValueError(f"{name} is {given}, allowed: {allowed}")
    return number


def _range_of_reals(least: float, most: float, above: bool, infinite: bool) -> str:
    kind = "a number" if infinite or math.isfinite(most) else "a finite number"
    if math.isinf(least):
        return kind if math.isinf(most) else f"{kind} of {most:g} or less"
    if math.isinf(most):
        return f"{kind} above {least:g}" if above else f"{kind} of {least:g} or more"
    return f"{kind} above {least:g}, at most {most:g}" if above else f"{kind} from {least:g} to {most:g}"


def choice(name: str, value: Any, allowed: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} is {value!r}, allowed: {', '.join(map(repr, allowed))}")
    return value


@contextmanager
def renamed(names: Mapping[str, str]) -> Iterator[None]:
    """Errors begin with the names that the caller's arguments have."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = str(error)
        for inner, outer in names.items():
            if re.match(rf"{inner}\b", text):
                raise type(error)(outer + text[len(inner) :]) from None
        raise


def runs_of(shape: tuple[int, ...], group: Any) -> Runs:
    size = math.prod(shape)
    if group is None:
        return Runs(size, max(size, 1), ())
    if not shape:
        raise ValueError(f"group is {group!r}, allowed for a single number: None")
    if isinstance(group, str):
        if group != "channel":
            raise ValueError(f"group is {group!r}, allowed: {GROUP}")
        row = math.prod(shape[1:])
        return Runs(row, max(row, 1), (shape[0],))
    if isinstance(group, (bool, np.bool_)) or not isinstance(group, (int, np.integer)):
        raise TypeError(f"group is {group!r}, allowed: {GROUP}")
    if group < 1:
        raise ValueError(f"group is {group}, allowed: 1 or more")
    return Runs(shape[-1], int(group), (*shape[:-1], -(-shape[-1] // int(group))))


def not_empty(name: str, a: Carried) -> None:
    if a.data.size == 0:
        raise ValueError(f"{name} has shape {a.shape}, allowed: at least one number")


def values_carrier(dtype: Any, carrier: str) -> str:
    """The carrier of values that come back: float32, or float64 for float64, unless dtype says."""
    if dtype is not None:
        return carrier_of(dtype)
    return CARRIERS["float64" if DTYPES[carrier] == "float64" else "float32"]


def typed_codes(name: str, codes: Any) -> tuple[np.ndarray, Any]:
    """Codes as contiguous uint8, and what kind of array they were."""
    a = unsigned(name, codes)
    if a.data.dtype != np.uint8:
        raise TypeError(f"{name} has dtype {a.dtype}, allowed: uint8")
    return a.data, a.kind


def scales_of(name: str, scales: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Scales as contiguous float32 in the shape of the runs."""
    array = take(name, scales).array
    if array.dtype != np.float32:
        raise TypeError(f"{name} has dtype {array.dtype}, allowed: float32")
    if array.shape != shape:
        raise ValueError(f"{name} has shape {array.shape}, allowed: {shape}")
    return plain(array)


def source_of(rng: Any) -> Source:
    """The source of random bits that a call has to name."""
    if rng is None:
        raise ValueError("rng is None, allowed: a seed (rng=42), hu.Rng(42), or a numpy Generator")
    return draw(rng)
