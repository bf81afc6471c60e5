"""Projections: how a real number becomes a member of a format."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._format import check_ascii


@dataclass(frozen=True)
class Projection:
    """Everything that is not the format: rounding mode, overflow, NaN and underflow policy, number of random bits.

    A field that is None takes the default: nearest_ties_to_even, the format's native overflow, nan="raise", no
    flushing, 32. Names are checked when the object is made; ValueError says what is allowed.
    """

    rounding: str | None = None
    overflow: str | None = None
    nan: str | None = None
    ftz: str | None = None
    random_bits: int | None = None

    def __post_init__(self) -> None:
        _check_types(self.rounding, self.overflow, self.nan, self.ftz, self.random_bits)
        _core.make_projection(
            _core.default_projection(), self.rounding, self.overflow, self.nan, self.ftz, self.random_bits
        )


def resolve(
    spec: _core.Format,
    projection: Projection | str | None,
    rounding: str | None,
    overflow: str | None,
    nan: str | None,
    ftz: str | None,
    random_bits: int | None,
) -> _core.Projection:
    """The projection of one call: the object or preset, with the single keywords that are not None on top."""
    arguments = (spec, projection, rounding, overflow, nan, ftz, random_bits)
    try:
        return _resolved(*arguments)
    except TypeError:  # a wrong type, or one without a hash: once more for the error that names it
        return _resolved.__wrapped__(*arguments)


@lru_cache(maxsize=1024, typed=True)  # typed: True and 1.0 are not 1
def _resolved(
    spec: _core.Format, projection: Any, rounding: Any, overflow: Any, nan: Any, ftz: Any, random_bits: Any
) -> _core.Projection:
    base = _core.default_projection()
    if isinstance(projection, str):
        check_ascii("projection", projection)
        base = _core.preset_projection(projection, spec, rounding is not None)
    elif isinstance(projection, Projection):
        base = _core.make_projection(
            base, projection.rounding, projection.overflow, projection.nan, projection.ftz, projection.random_bits
        )
    elif projection is not None:
        raise TypeError(f"projection is a {type(projection).__name__}, allowed: a Projection or a preset's name")
    _check_types(rounding, overflow, nan, ftz, random_bits)
    return _core.make_projection(base, rounding, overflow, nan, ftz, random_bits)


def check_mode(argument: str, mode: Any) -> bool:
    """Is this rounding mode stochastic? Errors name the argument."""
    if not isinstance(mode, str):
        raise TypeError(f"{argument} is {mode!r}, allowed: a mode's name (a string)")
    check_ascii(argument, mode)
    try:
        return bool(_core.is_stochastic(mode))
    except ValueError as error:
        raise ValueError(str(error).replace("rounding is", f"{argument} is", 1)) from None


def _check_types(rounding: Any, overflow: Any, nan: Any, ftz: Any, random_bits: Any) -> None:
    for argument, value in (("rounding", rounding), ("overflow", overflow), ("nan", nan), ("ftz", ftz)):
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{argument} is {value!r}, allowed: a name (a string) or None")
        if value is not None:
            check_ascii(argument, value)
    if random_bits is not None and (isinstance(random_bits, bool) or not isinstance(random_bits, (int, np.integer))):
        raise TypeError(f"random_bits is {random_bits!r}, allowed: an integer from 1 to 32")
    if random_bits is not None and not 1 <= random_bits <= 32:
        raise ValueError(f"random_bits is {random_bits}, allowed: 1 to 32")
