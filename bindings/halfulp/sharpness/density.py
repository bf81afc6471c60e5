"""The density of eigenvalues by stochastic Lanczos quadrature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._linear_algebra import matrices
from halfulp._runs import choice, integer, real
from halfulp.sharpness._checks import MOST, finite_array, optional_error
from halfulp.sharpness._operator import Products, as_operator
from halfulp.sharpness.eigenvalues import SYMMETRY, symmetry_notes
from halfulp.sharpness.traces import DISTRIBUTIONS


@dataclass(frozen=True, eq=False)
class SpectralDensity:
    """The distribution of the eigenvalues of a symmetric matrix, estimated by stochastic Lanczos quadrature.

    nodes, weights: for each probe the nodes and weights (which add up to 1) of its Gauss quadrature: two tuples of
    float64 arrays. size: rows of the matrix. steps, probes: used. products: matrix-vector products. standard_error: the
    largest over all eigenvalues of the standard error of the cumulative distribution, 0 to 1; nan for one probe.
    converged: was the requested error reached, and is nothing wrong? None where none was requested and nothing is.
    reason: why it stopped. asymmetry, diagnostics: as of :class:`Lanczos`.
    """

    nodes: tuple[np.ndarray, ...]
    weights: tuple[np.ndarray, ...]
    size: int
    steps: int
    probes: int
    products: int
    standard_error: float
    converged: bool | None
    reason: str
    asymmetry: float
    diagnostics: tuple[str, ...]

    @property
    def lowest(self) -> float:
        return float(min(n[0] for n in self.nodes))

    @property
    def highest(self) -> float:
        return float(max(n[-1] for n in self.nodes))

    def mean(self, function: Callable[[np.ndarray], Any]) -> tuple[float, float]:
        """(estimate, standard error) of the mean of function(eigenvalue) over all eigenvalues: times size it is
        tr function(A). function: of an array of eigenvalues, an array of that shape, finite. nan as the error of a
        single probe."""
        if not callable(function):
            raise TypeError(f"function is a {type(function).__name__}, allowed: a function of an array")
        samples = []
        for nodes, weights in zip(self.nodes, self.weights, strict=True):
            with np.errstate(all="ignore"):  # what is not finite is told below
                values = np.asarray(function(nodes.copy()))
            if values.dtype.kind not in "fiu":
                raise TypeError(f"function returned dtype {values.dtype}, allowed: real numbers")
            values = values.astype(np.float64)
            if values.shape != nodes.shape:
                raise ValueError(f"function returned shape {values.shape}, allowed: {nodes.shape}")
            if not np.isfinite(values).all():
                at = float(nodes[~np.isfinite(values)][0])
                raise ValueError(f"function is not finite at the node {at:.6g}, allowed: finite at every node")
            samples.append(float(weights @ values))
        return _mean_of(np.asarray(samples))

    def moment(self, power: int) -> tuple[float, float]:
        """(estimate, standard error) of the mean of eigenvalue^power. Every probe's own is exact for its start up to
        power 2 steps - 1, so the error is that of the probes alone."""
        exponent = integer("power", power, 0, 10**6)
        return self.mean(lambda x: x**exponent)

    def trace(self) -> tuple[float, float]:
        """(estimate, standard error) of the trace: Hutchinson's."""
        value, error = self.moment(1)
        return self.size * value, self.size * error

    def default_sigma(self) -> float:
        """A width of Gaussians that shows as much as nodes tell: 2 / (steps - 1) of half the range over √(8 ln 3), as
        Papyan (JMLR 2020) sets it; 1e-3 of the magnitude where the range is 0."""
        half = (self.highest - self.lowest) / 2
        width = half * 2 / max(self.steps - 1, 1) / math.sqrt(8 * math.log(3))
        return width or 1e-3 * max(abs(self.highest), 1e-300)

    def density(self, grid: Any = None, sigma: float | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(grid, density, standard error): the nodes as Gaussians of deviation sigma, the mean over probes.

        grid: eigenvalues to look at; None: 512 from three sigma below the lowest node to three above the highest.
        sigma: above 0, in units of the eigenvalues; None: ``default_sigma()``. The integral of the density is 1.
        """
        width = self.default_sigma() if sigma is None else real("sigma", sigma, 0.0, above=True)
        if grid is None:
            points = np.linspace(self.lowest - 3 * width, self.highest + 3 * width, 512)
        else:
            points = finite_array("grid", grid).reshape(-1)
        each = np.empty((self.probes, points.size))
        for place, (nodes, weights) in enumerate(zip(self.nodes, self.weights, strict=True)):
            with np.errstate(over="ignore"):
                z = (points[:, None] - nodes) / width
                each[place] = np.exp(-z * z / 2) @ weights / (width * math.sqrt(2 * math.pi))
        if not np.isfinite(each).all():
            raise ValueError(f"sigma is {width:g}, allowed: a width whose density is within float64")
        return points, each.mean(axis=0), _errors_of(each)

    def cumulative(self, grid: Any) -> tuple[np.ndarray, np.ndarray]:
        """(share, standard error) of eigenvalues at most each number of the grid, without smoothing."""
        points = finite_array("grid", grid).reshape(-1)
        each = np.empty((self.probes, points.size))
        for place, (nodes, weights) in enumerate(zip(self.nodes, self.weights, strict=True)):
            below = np.concatenate([[0.0], np.cumsum(weights)])
            each[place] = below[np.searchsorted(nodes, points, side="right")]
        return each.mean(axis=0), _errors_of(each)


def _errors_of(each: np.ndarray) -> np.ndarray:
    if len(each) < 2:
        return np.full(each.shape[1:], np.nan)
    # In a power of two as the unit: squares neither overflow nor vanish.
    exponent = math.frexp(float(np.abs(each).max(initial=0.0)))[1]
    out: np.ndarray = np.ldexp(np.ldexp(each, -exponent).std(axis=0, ddof=1) / math.sqrt(len(each)), exponent)
    return out


def _mean_of(samples: np.ndarray) -> tuple[float, float]:
    return float(samples.mean()), float(_errors_of(samples[:, None])[0])


def spectral_density(
    operator: Any,
    size: int | None = None,
    *,
    steps: int = 64,
    probes: int | None = None,
    distribution: str = "rademacher",
    standard_error: float | None = None,
    seed: int = 0,
    symmetry: float = SYMMETRY,
) -> SpectralDensity:
    """The distribution of the eigenvalues of a symmetric matrix by stochastic Lanczos quadrature (Ubaru, Chen and Saad
    2017; Ghorbani, Krishnan and Xiao, arXiv 1901.10159): Lanczos' process with full reorthogonalization from each of
    some probes, nodes from a symmetric tridiagonal solver, weights the squares of the eigenvectors' first elements.

    operator, size, distribution, seed: as of :func:`trace`. steps: of each process, at most size; its vectors are kept,
    steps times size numbers. probes: at most so many; None: 16, or 200 where an error is requested. standard_error:
    stop where that of the cumulative distribution is at most this everywhere, 8 probes at least. symmetry: as of
    :func:`lanczos`. Raises as :func:`trace` does.
    """
    a = as_operator(operator, size)
    choice("distribution", distribution, DISTRIBUTIONS)
    count = min(integer("steps", steps, 1, MOST), a.size)
    asked = optional_error("standard_error", standard_error)
    most = (16 if asked is None else 200) if probes is None else integer("probes", probes, 1, MOST)
    limit = real("symmetry", symmetry, 0.0)
    number = integer("seed", seed, 0, 2**64 - 1)
    found = matrices().estimate_spectral_density(Products(a), a.size, count, most, distribution, number, asked, 8)
    diagnostics = symmetry_notes(found["asymmetry"], limit)
    used = len(found["nodes"])
    error = found["cumulative_error"]
    if found["met"]:
        reason = f"the requested error is reached after {used} probes"
    elif asked is not None:
        reason = f"all {used} probes are used and the standard error is still {error:.3g}"
    else:
        reason = f"all {used} probes are used; no error was requested"
    good: bool | None = None if asked is None else bool(found["met"])
    return SpectralDensity(
        nodes=tuple(found["nodes"]),
        weights=tuple(found["weights"]),
        size=a.size,
        steps=count,
        probes=used,
        products=found["products"],
        standard_error=error,
        converged=False if diagnostics else good,
        reason=reason,
        asymmetry=found["asymmetry"],
        diagnostics=diagnostics,
    )
