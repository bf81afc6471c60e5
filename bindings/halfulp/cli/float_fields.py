"""The parameters of a float format, which the other kinds do not have."""

from __future__ import annotations

from typing import Any, NamedTuple

import halfulp as hu
from halfulp._format import Number


class FloatFields(NamedTuple):
    """As :class:`halfulp.Format` has them."""

    exponent_bits: int
    mantissa_bits: int
    precision: int
    bias: int
    emin: int
    emax: int
    min_normal: Number
    epsilon: float


def float_fields(f: hu.Format) -> FloatFields:
    """Those of a format whose kind is float."""
    values: list[Any] = [getattr(f, name) for name in FloatFields._fields]
    return FloatFields(*values)
