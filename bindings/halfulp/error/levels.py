"""Levels for tables: the best ones for a distribution or for data, quantiles of data, and normal floats."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import carried
from halfulp._calculate import check_flag
from halfulp._format import real_format
from halfulp._runs import choice, integer
from halfulp.error.distributions import as_density

_ANY_NUMBER_OF_ITERATIONS = 2**31 - 1


@dataclass(frozen=True)
class Levels:
    """Levels, ascending, float64, and the mean squared error that rounding to the nearest of them leaves."""

    values: np.ndarray
    mse: float


def lloyd_max(levels: int, distribution: Any = "normal") -> Levels:
    """The `levels` (2 to 65536) numbers with the least mean squared error for a distribution, the quantizer of Lloyd
    (1957, published 1982) and Max (1960): each is the mean of what is nearest to it.

    distribution: "normal", "laplace", "uniform" (on ±√3), "logistic", "student_t(5)", of mean 0 and variance 1, or what
    :func:`normal`, :func:`mixture` and the like make. Where its density is log-concave (normal, Laplace, uniform,
    logistic) there is one such set (Fleischer 1964); for Student's t and mixtures it is a local optimum, and a
    UserWarning says so. By Newton's method in float64: up to 1024 levels each is within 1e-12 for the first three,
    1e-9 of the rest, mse within 1e-13; the last bits depend on the machine's C library. Returns Levels, symmetric where
    the density is. For data of standard deviation s, multiply values by s and mse by s². Raises ValueError for other
    names and numbers, and for samples: those are for :func:`lloyd_max_from_data`."""
    count = integer("levels", levels, 2, 65536)
    if isinstance(distribution, str) and distribution in ("normal", "laplace", "uniform"):
        values, mse = _core.lloyd_max(distribution, count)
        return Levels(values, mse)
    density = as_density(distribution, "lloyd_max")
    if not density.log_concave:
        warnings.warn(
            f"{density.name} is not known to be log-concave: the levels are a local optimum, there may be better ones",
            stacklevel=2,
        )
    values, mse = _core.lloyd_max_of_density(list(density.parts), count)
    return Levels(values, mse)


@dataclass(frozen=True)
class BestScale:
    """A scale, and the mean squared error that is left under it."""

    scale: float
    mse: float


def best_uniform_grid(levels: int, distribution: Any = "normal") -> BestScale:
    """The equally spaced grid mean - a to mean + a of `levels` (2 to 65536) numbers with the least mean squared error;
    `scale` is a. distribution: as in :func:`lloyd_max`."""
    count = integer("levels", levels, 2, 65536)
    density = as_density(distribution, "best_uniform_grid")
    return BestScale(*_core.best_uniform_grid(list(density.parts), count))


def best_scale(format: Any, distribution: Any = "normal") -> BestScale:
    """The number s for which x / s rounded to nearest in the format, times s, has the least mean squared error.

    The error has many minima where the format has many binades: this is the best of a scan with 64 places an octave,
    refined until the derivative vanishes. format: any format with at most 65536 members. distribution: as in
    :func:`lloyd_max`. Raises ValueError for other formats."""
    density = as_density(distribution, "best_scale")
    return BestScale(*_core.best_scale(real_format(format)._spec, list(density.parts)))


def absmax_levels(
    levels: int = 16,
    block: int = 64,
    *,
    norm: int = 1,
    construction: str = "optimal",
    weighted: bool = True,
    distribution: Any = "normal",
) -> np.ndarray:
    """A code for blocks of independent numbers that are divided by their largest magnitude; -1, 0 and 1 are in it.

    construction: "optimal" has the least expected abs(error)^norm, norm 1 or 2, of the block's numbers, or with
    weighted=False of their ratios to the largest magnitude. "af4" is AF4's (arXiv 2306.06965): every other level is the
    median of its cell among ratios, the innermost cells ending at 0; norm is 1 and weighted has no say. It gives the
    published AF4 tables. levels: even, 4 to 4096; block: 2 or more. Returns float64, ascending."""
    count = integer("levels", levels, 4, 4096)
    if count % 2:
        raise ValueError(f"levels is {count}, allowed: even numbers from 4 to 4096")
    size = integer("block", block, 2, 2**53)
    power = integer("norm", norm, 1, 2)
    by_error = check_flag("weighted", weighted)
    choice("construction", construction, ("optimal", "af4"))
    if construction == "af4" and power != 1:
        raise ValueError(f"norm is {power}, allowed: 1 with construction='af4'")
    density = as_density(distribution, "absmax_levels")
    return _core.absmax_levels(list(density.parts), count, size, power, construction == "af4", by_error)


def lloyd_max_from_data(x: Any, levels: int, iterations: int = 1000) -> Levels:
    """`levels` (2 to 65536) numbers fitted to x by Lloyd's iteration, which is k-means in one dimension.

    Start: with the U distinct values of x in ascending order, level i is number ⌊(2i + 1) U / (2 levels)⌋. One
    iteration: each x belongs to its nearest level, at exact midpoints to the lower one; each level becomes the mean of
    what belongs to it, its sum in twice float64's precision, divided in float64, rounded to x's; a level without
    anything stays. At most `iterations` of them, fewer where one changes nothing. The levels depend on neither the
    order of x nor the machine. They are a local optimum: another start may end lower.

    x: an array of any shape, or a list. float16 and bfloat16 count as float32. Returns Levels: values are distinct
    numbers of x's precision, mse is over x. Raises ValueError for NaN, infinities and magnitudes of 2^960 or more, and
    for fewer distinct values than levels."""
    count = integer("levels", levels, 2, 65536)
    most = integer("iterations", iterations, 1, _ANY_NUMBER_OF_ITERATIONS)
    data = carried("x", x).widened.reshape(-1)
    values = _core.lloyd_max_from_data(data, count, most)
    nearest = values.astype(data.dtype)[np.searchsorted(values[:-1] / 2 + values[1:] / 2, data)]
    difference = _core.measure_difference(data, nearest, 1)
    return Levels(values, difference["squared_error"] / data.size)


def quantile_map(x: Any, bits: int) -> np.ndarray:
    """Levels that x reaches equally often, over the largest magnitude among them: the map of bitsandbytes'
    create_quantile_map (removed there in 2025), with exact quantiles in place of its estimates.

    The 2^bits - 1 quantiles of x at probabilities (i + 1/2) / (2^bits - 1), interpolated linearly as NumPy does by
    default, and 0; each divided by the largest magnitude and rounded to float32. bits: 2 to 16. x: an array of any
    shape, or a list. Returns float64, ascending, the largest magnitude 1; what occurs twice is kept once, so there may
    be fewer than 2^bits: a constant x other than 0 leaves 0 and its sign. Raises ValueError for an empty x, for
    NaN, infinities and magnitudes of 2^960 or more in it, and where all quantiles are 0."""
    width = integer("bits", bits, 2, 16)
    return _core.quantile_map(carried("x", x).widened.reshape(-1), width)


def normal_float_values(bits: int, construction: str = "qlora") -> np.ndarray:
    """The 2^bits values of a normal float: quantiles of the normal distribution, evenly spaced in probability from 1/2
    to 0.9677083 above and below, over the largest; one more above zero than below. bits: 2 to 8.

    construction: "qlora" is bitsandbytes' for QLoRA (arXiv 2305.14314) in the order of its float32 arithmetic, widened
    as LoftQ does (arXiv 2310.08659): at 4 bits the published NF4. "lq_lora" is LQ-LoRA's (arXiv 2311.12023): the same
    real numbers, rounded once to float32. They differ in last bits only; the formats nf2, nf3, nf5 ... nf8 are
    "lq_lora". Returns float64, ascending, from -1 to 1. Raises ValueError for other numbers and names."""
    width = integer("bits", bits, 2, 8)
    choice("construction", construction, ("qlora", "lq_lora"))
    return _core.normal_float_values(width, construction)
