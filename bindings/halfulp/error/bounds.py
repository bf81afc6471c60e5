"""What a number of bits can do at all: rate-distortion bounds and the theory of many levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._runs import real
from halfulp.error.distributions import Distribution, as_density, real_numbers


def _rate(bits: Any) -> float:
    return real("bits", bits, 0, 64)


def _is_normal(d: Distribution) -> bool:
    return len(d.parts) == 1 and d.parts[0][0] == "normal"


def rate_distortion(bits: float, distribution: Any = "normal", *, sigma: float = 1.0) -> float:
    """No code of this many bits per element leaves a smaller mean squared error (Shannon 1959).

    One normal distribution: D(R) = sigma² 2^-2R exactly. Others: Shannon's lower bound 2^(2h - 2R) / (2πe), h the
    differential entropy in bits, which D(R) does not go below and approaches as R grows. bits: 0 to 64, of a code or of
    its entropy. Raises ValueError for samples, whose D(R) ends at 0."""
    rate = _rate(bits)
    d = as_density(distribution, "a rate-distortion bound").scaled(sigma)
    if _is_normal(d):
        return d.variance * 2.0 ** (-2 * rate)
    h = _core.differential_entropy(list(d.parts))
    return float(2.0 ** (2 * h - 2 * rate) / (2 * math.pi * math.e))


def panter_dite(bits: float, distribution: Any = "normal", *, sigma: float = 1.0) -> float:
    """What the best codebook of 2^bits levels leaves when there are many: (∫ p^(1/3))³ / 12 · 2^-2 bits (Panter and
    Dite 1951). Normal: √3 π / 2 = 2.7207 times 2^-2 bits."""
    d = as_density(distribution, "Panter and Dite's formula").scaled(sigma)
    return float(_core.panter_dite_constant(list(d.parts)) * 2.0 ** (-2 * _rate(bits)))


def bennett(values: Any, distribution: Any = "normal", *, sigma: float = 1.0) -> float:
    """Bennett's integral (1948) for a codebook: the error that its gaps leave where the density hardly changes in one,
    Σ gap² / 12 · P(gap). values: two levels or more, in any order; what lies beyond the outermost is not counted."""
    d = as_density(distribution, "Bennett's integral").scaled(sigma)
    given = real_numbers("values", values).reshape(-1)
    if not np.isfinite(given).all():
        at = int(np.flatnonzero(~np.isfinite(given))[0])
        raise ValueError(f"values[{at}] is {given[at]}, allowed: finite numbers")
    levels = np.unique(given)
    if levels.size < 2:
        raise ValueError(f"values has {levels.size} distinct numbers, allowed: two or more")
    return float(np.sum(np.diff(levels) ** 2 / 12 * np.diff(d.cdf(levels))))


@dataclass(frozen=True)
class EntropyCoded:
    """Equally spaced levels without end, the nearest taken, an ideal entropy code behind: their step, the entropy in
    bits, and the mean squared error."""

    step: float
    entropy_bits: float
    mse: float


def entropy_coded_uniform(bits: float, distribution: Any = "normal", *, sigma: float = 1.0) -> EntropyCoded:
    """The uniform quantizer whose levels (0 among them) have this entropy. For many bits its error is πe / 6 = 1.4233
    times Shannon's bound: 1.53 dB or a quarter of a bit (Gish and Pierce 1968). bits: 0.01 to 20."""
    d = as_density(distribution, "entropy coding").scaled(sigma)
    rate = real("bits", bits, 0.01, 20)
    return EntropyCoded(*map(float, _core.entropy_coded_uniform(list(d.parts), rate)))
