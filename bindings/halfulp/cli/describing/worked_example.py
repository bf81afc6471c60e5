"""A scheme worked through on one group of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

import halfulp as hu
from halfulp._format import Number

#: The numbers that are shown, the first of the group. Those of its others, if any, are half as large.
NUMBERS = (0.9, -0.35, 2.6, -4.1, 0.07, 1.5, -0.8, 0.02)
#: The numbers of the second group are so many times larger, so that a scale over both is not the first group's alone.
SECOND = 5.0

_MOST = 1 << 20  # elements in a group; a longer one is cut short


@dataclass(frozen=True)
class Example:
    """The first group of an array of two groups, or of one where the scale is the whole tensor's.

    shape: of the array. size: of the group. amax: the group's largest magnitude; whole_amax: the array's. scales: that
    of each level, innermost first, as (value, code). numbers, codes, values: of the elements that are shown.
    """

    shape: tuple[int, int]
    size: int
    amax: float
    whole_amax: float
    scales: tuple[tuple[Number, int], ...]
    numbers: tuple[float, ...]
    codes: tuple[int, ...]
    values: tuple[float, ...]


def worked_example(s: hu.Scheme) -> Example:
    """The example of a scheme with at least one level."""
    rows, columns, groups = _layout(s)
    group = _numbers(rows * columns).reshape(rows, columns)
    beside = 0 if s.levels[0].group == "channel" else 1
    x = np.concatenate([group, SECOND * group], axis=beside) if groups == 2 else group
    quantized = hu.quantize(x, s)
    codes, values = (array[:rows, :columns].ravel() for array in (quantized.codes, quantized.dequantize()))
    count = len(NUMBERS)
    return Example(
        shape=(x.shape[0], x.shape[1]),
        size=group.size,
        amax=float(np.abs(group).max()),
        whole_amax=float(np.abs(x).max()),
        scales=tuple(map(_first, quantized.scales, quantized.scale_codes)),
        numbers=tuple(group.ravel()[:count].tolist()),
        codes=tuple(codes[:count].tolist()),
        values=tuple(values[:count].tolist()),
    )


def _layout(s: hu.Scheme) -> tuple[int, int, int]:
    """Rows and columns of a group, and how many groups."""
    group = s.levels[0].group
    if isinstance(group, tuple) and math.prod(group) <= _MOST:
        return (*group, 2)
    if isinstance(group, int) and max(group, s.hadamard) <= _MOST:
        return 1, max(group, s.hadamard), 2
    return 1, max(len(NUMBERS), s.hadamard), 2 if group == "channel" else 1


def _numbers(count: int) -> np.ndarray:
    numbers = np.resize(np.array(NUMBERS), count)
    numbers[len(NUMBERS) :] /= 2
    return numbers


def _first(values: Any, codes: Any) -> tuple[Number, int]:
    value = np.ravel(values)[0]
    return (value if isinstance(value, Fraction) else float(value)), int(np.ravel(codes)[0])
