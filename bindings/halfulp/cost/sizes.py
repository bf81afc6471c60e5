"""Bits and bytes of tensors under schemes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._runs import integer
from halfulp._scheme import scheme as to_scheme
from halfulp.sweeping.measures import stored_planes


@dataclass(frozen=True)
class Storage:
    """What arrays take under schemes."""

    elements: int
    element_bits: int
    """Bits of the elements' codes alone."""
    scale_bits: int
    """Bits of everything else that is stored: scales of all levels, zero points, offsets."""
    bits: int
    """Both together."""
    bytes: int
    """Bytes where every plane (elements, each level of scales …) is packed densely and padded by itself."""
    padding_bits: int
    """What padding adds: 8 bytes − bits."""

    @property
    def bits_per_element(self) -> float:
        """All bits over elements; NaN for no elements."""
        return self.bits / self.elements if self.elements else math.nan


def storage(shapes: Any, schemes: Any, *, axis: int | None = None, channel_axis: int = 0, align: int = 1) -> Storage:
    """Bits and bytes of an array under a scheme, or of many arrays together, scales of shorter last groups counted.

    shapes: a shape, an array (whose shape counts), or a mapping from names to these. schemes: a scheme for all, or a
    mapping from the same names (an Assignment's schemes). axis, channel_axis: as of ``hu.quantize``. align: bytes that
    every plane is padded to a multiple of. Nothing is quantized. Returns Storage. Raises ValueError where a scheme
    does not fit a shape.
    """
    step = integer("align", align, 1, 2**30)
    if not isinstance(shapes, Mapping):
        if isinstance(schemes, Mapping):
            raise TypeError(
                "schemes is a mapping and shapes is none, allowed: a scheme, or a mapping of shapes as well"
            )
        shapes = {"": shapes}
    if isinstance(schemes, Mapping):
        if schemes.keys() != shapes.keys():
            different = sorted(map(str, schemes.keys() ^ shapes.keys()))
            raise ValueError(f"schemes and shapes differ in {different}, allowed: the same names")
        of = {name: to_scheme(text) for name, text in schemes.items()}
    else:
        of = dict.fromkeys(shapes, to_scheme(schemes))
    elements = element_bits = bits = whole = 0
    for name, given in shapes.items():
        shape = _shape(name, given)
        for argument, value in (("axis", axis), ("channel_axis", channel_axis)):
            if value is not None or argument != "axis":
                _axis(argument, value, shape)
        try:
            planes = stored_planes(of[name], shape, -1 if axis is None else axis, channel_axis)
        except ValueError as error:
            raise ValueError(str(error).replace("its shape", _label(name), 1)) from None
        elements += math.prod(shape)
        element_bits += planes[0][0] * planes[0][1]
        bits += sum(count * width for count, width in planes)
        whole += sum(-(-(count * width) // (8 * step)) * step for count, width in planes)
    return Storage(elements, element_bits, bits - element_bits, bits, whole, 8 * whole - bits)


def _label(name: str) -> str:
    return f"shapes[{name!r}]" if name else "shapes"


def _axis(argument: str, value: Any, shape: tuple[int, ...]) -> None:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{argument} is {value!r}, allowed: an integer" + (" or None" if argument == "axis" else ""))
    if not -len(shape) <= value < len(shape):
        raise ValueError(
            f"{argument} is {value}, allowed: {-len(shape)} to {len(shape) - 1} for an array of shape {shape}"
        )


def _shape(name: str, given: Any) -> tuple[int, ...]:
    label = _label(name)
    sides = getattr(given, "shape", given)
    if isinstance(sides, (int, np.integer)) and not isinstance(sides, (bool, np.bool_)):
        sides = (sides,)
    if isinstance(sides, (str, bytes)) or not isinstance(sides, Sequence) or not len(sides):
        raise TypeError(f"{label} is {given!r}, allowed: a shape with one axis or more, or an array")
    shape = tuple(integer(f"{label}[{i}]", side, 0, 2**48) for i, side in enumerate(sides))
    if math.prod(shape) >= 2**63:
        raise ValueError(f"{label} is {shape}, allowed: fewer than 2^63 elements")
    return shape
