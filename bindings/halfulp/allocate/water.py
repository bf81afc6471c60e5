"""Reverse water-filling: the best division of bits among independent Gaussian sources."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._runs import real
from halfulp.allocate._problem import vector


@dataclass(frozen=True, eq=False)
class WaterFilling:
    """Bits of each source, and the distortion that they leave."""

    bits: np.ndarray
    """Bits per element of each source, float64, 0 or more."""
    distortions: np.ndarray
    """Mean squared error of each source's elements: the smaller of the level and the variance."""
    level: float
    """The water level: the distortion of every source that has bits."""
    total: float
    """Sum of distortions, each times its source's number of elements."""


def water_filling(variances: Any, bits: float, counts: Any = None) -> WaterFilling:
    """The division of `bits` per element, on average, that leaves the least total distortion where a source of variance
    s² with b bits per element leaves s² 2^(−2b), the Gaussian rate-distortion function.

    variances: of each source, 0 or more. counts: elements of each source, above 0; None is one each. Where every source
    is above the water level, b_i = bits + log2(s_i² / geometric mean) / 2 and the total is n · geometric mean ·
    2^(−2 bits); sources below it have no bits, and the level follows from the others (Cover and Thomas, Elements of
    Information Theory, 10.3.3). Bits are real numbers: for whole ones give ``choose`` the table of s_i² 2^(−2b), whose
    optimum is never below this total. Returns a WaterFilling. Raises ValueError for negative numbers and such as are
    not finite.
    """
    of = vector("variances", variances)
    weights = np.ones(len(of)) if counts is None else vector("counts", counts, len(of), "as variances has")
    rates, distortions, level, total = _core.fill_water(of, weights, real("bits", bits, 0))
    return WaterFilling(rates, distortions, level, total)
