"""Distributions that errors are expected under: mixtures of five densities, or a sample."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import carried
from halfulp._runs import real

NAMES = ("normal", "laplace", "uniform", "logistic", "student_t(nu)")
_STUDENT = re.compile(r"student_t\(\s*(?:nu\s*=\s*)?([0-9.eE+]+)\s*\)")

# (kind, weight, mean, standard deviation, nu or 0): what the compiled functions take.
_Part = tuple[str, float, float, float, float]


@dataclass(frozen=True)
class Distribution:
    """A density: a mixture of parts (kind, weight, mean, standard deviation, nu). Make one with :func:`normal`,
    :func:`laplace`, :func:`uniform`, :func:`student_t`, :func:`logistic` or :func:`mixture`."""

    name: str
    parts: tuple[_Part, ...]

    @property
    def mean(self) -> float:
        return float(_core.density_facts(list(self.parts))[0])

    @property
    def variance(self) -> float:
        return float(_core.density_facts(list(self.parts))[1])

    @property
    def log_concave(self) -> bool:
        """Is the logarithm of the density concave, for certain? Then best levels are unique (Fleischer 1964)."""
        return bool(_core.density_facts(list(self.parts))[2])

    def pdf(self, x: Any) -> np.ndarray:
        """The density at x, float64 in x's shape; NaN for NaN."""
        return _at(_core.density_at, self.parts, x)

    def cdf(self, x: Any) -> np.ndarray:
        """P(X <= x), float64 in x's shape; in the lower tail to a small relative error. NaN for NaN."""
        return _at(_core.density_below, self.parts, x)

    def scaled(self, sigma: float = 1.0, mean: float = 0.0) -> Distribution:
        """The distribution of mean + sigma X. sigma: above 0."""
        factor, shift = real("sigma", sigma, 0, above=True), real("mean", mean)
        if factor == 1 and shift == 0:
            return self
        parts = tuple((kind, w, shift + factor * m, factor * s, nu) for kind, w, m, s, nu in self.parts)
        return Distribution(self.name, parts)

    def __str__(self) -> str:
        return self.name


def _at(function: Callable[..., Any], parts: tuple[_Part, ...], x: Any) -> np.ndarray:
    places = real_numbers("x", x)
    found = np.asarray(function(list(parts), np.ascontiguousarray(places))).reshape(places.shape)
    return np.where(np.isnan(places), np.nan, found)


def real_numbers(name: str, x: Any) -> np.ndarray:
    """x as float64 in its shape: floats of any carrier, and integers, which are numbers here."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu":
        return x.astype(np.float64)
    given = carried(name, x)
    return given.widened.astype(np.float64).reshape(given.shape)


@dataclass(frozen=True, eq=False)
class Empirical:
    """Independent draws from `values`, all equally likely. Make one with :func:`empirical`."""

    values: np.ndarray
    name: str = "empirical"

    @property
    def mean(self) -> float:
        return float(self.values.mean())

    @property
    def variance(self) -> float:
        return float(self.values.var())

    def scaled(self, sigma: float = 1.0, mean: float = 0.0) -> Empirical:
        """The sample mean + sigma x. sigma: above 0."""
        factor, shift = real("sigma", sigma, 0, above=True), real("mean", mean)
        return self if factor == 1 and shift == 0 else Empirical(self.values * factor + shift)

    def __str__(self) -> str:
        return self.name


AnyDistribution = Distribution | Empirical


def _single(kind: str, mean: float, sigma: float, nu: float = 0.0, name: str | None = None) -> Distribution:
    part = (kind, 1.0, real("mean", mean), real("sigma", sigma, 0, above=True), nu)
    _core.density_facts([part])  # errors that name what is allowed
    return Distribution(name or kind, (part,))


def normal(mean: float = 0.0, sigma: float = 1.0) -> Distribution:
    """The normal distribution with this mean and standard deviation."""
    return _single("normal", mean, sigma)


def laplace(mean: float = 0.0, sigma: float = 1.0) -> Distribution:
    """The Laplace distribution with this mean and standard deviation (scale sigma / √2)."""
    return _single("laplace", mean, sigma)


def uniform(mean: float = 0.0, sigma: float = 1.0) -> Distribution:
    """The uniform distribution on mean ± √3 sigma."""
    return _single("uniform", mean, sigma)


def logistic(mean: float = 0.0, sigma: float = 1.0) -> Distribution:
    """The logistic distribution with this mean and standard deviation (scale sigma √3 / π)."""
    return _single("logistic", mean, sigma)


def student_t(nu: float, mean: float = 0.0, sigma: float = 1.0) -> Distribution:
    """Student's t with nu degrees of freedom, scaled to this standard deviation. nu: 2.1 to 1e6 (up to 2 the variance
    is infinite, and just above it sits in tails that float64 does not reach). Raises ValueError for others."""
    freedom = real("nu", nu)
    return _single("student_t", mean, sigma, freedom, f"student_t({freedom:g})")


def mixture(parts: Iterable[tuple[float, Any]]) -> Distribution:
    """A mixture of (weight, distribution) pairs; weights are divided by their sum. Its mean and variance are what they
    are: nothing is standardized. Raises ValueError for no pairs, weights that are not above 0, and samples."""
    found: list[_Part] = []
    names = []
    if isinstance(parts, (str, bytes)) or not isinstance(parts, Iterable):
        raise TypeError(f"parts is {parts!r}, allowed: pairs of a weight and a distribution")
    for i, pair in enumerate(parts):
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise TypeError(f"parts[{i}] is {pair!r}, allowed: a pair of a weight and a distribution")
        weight, distribution = pair
        share = real("weight", weight, 0, above=True)
        one = as_distribution(distribution)
        if isinstance(one, Empirical):
            raise ValueError("distribution is a sample, allowed in a mixture: densities")
        found += [(kind, share * w, m, s, nu) for kind, w, m, s, nu in one.parts]
        names.append(f"{share:g} {one.name}")
    if not found:
        raise ValueError("parts is empty, allowed: one pair of a weight and a distribution, or more")
    total = math.fsum(part[1] for part in found)
    return Distribution(
        f"mixture({', '.join(names)})", tuple((kind, w / total, m, s, nu) for kind, w, m, s, nu in found)
    )


def empirical(x: Any) -> Empirical:
    """Independent draws from the numbers of x, an array of any shape or a list, all equally likely: expectations are
    then exact sums. Raises ValueError for an empty x and for NaN and infinities."""
    values = np.ascontiguousarray(carried("x", x).widened.reshape(-1), dtype=np.float64)
    if values.size == 0:
        raise ValueError("x has no elements, allowed: at least one number")
    if not np.isfinite(values).all():
        raise ValueError("x holds NaN or infinities, allowed: finite numbers")
    return Empirical(values)


def as_distribution(distribution: Any) -> AnyDistribution:
    """A distribution by its name, or what already is one."""
    if isinstance(distribution, (Distribution, Empirical)):
        return distribution
    if isinstance(distribution, str):
        plain = {"normal": normal, "laplace": laplace, "uniform": uniform, "logistic": logistic}
        if distribution in plain:
            return plain[distribution]()
        student = _STUDENT.fullmatch(distribution)
        if student:
            return student_t(float(student[1]))
    allowed = ", ".join(map(repr, NAMES))
    kind = ValueError if isinstance(distribution, str) else TypeError
    raise kind(f"distribution is {distribution!r}, allowed: {allowed}, or what normal(), mixture() or empirical() make")


def as_density(distribution: Any, what: str) -> Distribution:
    """A distribution that is no sample."""
    found = as_distribution(distribution)
    if isinstance(found, Empirical):
        raise ValueError(f"distribution is a sample, allowed for {what}: densities")
    return found
