"""Lanczos' process, and the outermost eigenvalues."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._linear_algebra import matrices
from halfulp._random import random_words
from halfulp._runs import choice, integer, real
from halfulp.sharpness._checks import MOST, finite_array, flag
from halfulp.sharpness._operator import Products, as_operator

ENDS = ("largest", "smallest", "magnitude")
#: What the symmetry of products may be off by before a result says so: far above the rounding of float32 products.
SYMMETRY = 1e-4


@dataclass(frozen=True, eq=False)
class Lanczos:
    """Lanczos' process from one start: A Q = Q T + remainder q eᵀ.

    diagonal, off_diagonal: of T, (m,) and (m - 1,). basis: Qᵀ (m, size), orthonormal rows. nodes, weights: Gauss'
    quadrature of the start's spectral measure, ascending; weights add up to 1. remainder: 0 where invariant.
    invariant: the basis spans an invariant subspace, so that every node is an eigenvalue. products: used. asymmetry:
    how far products were from those of a symmetric matrix, over the largest ‖A q‖. converged: no diagnostics.
    diagnostics: what is wrong, as sentences.
    """

    diagonal: np.ndarray
    off_diagonal: np.ndarray
    basis: np.ndarray
    nodes: np.ndarray
    weights: np.ndarray
    remainder: float
    invariant: bool
    products: int
    asymmetry: float
    converged: bool
    diagnostics: tuple[str, ...]

    def moment(self, power: int) -> float:
        """Σ weights nodes^power, which is vᵀA^power v for the start v of length 1: exact up to power 2 m - 1."""
        with np.errstate(over="ignore"):  # beyond float64 it is infinite
            return float(self.weights @ self.nodes ** integer("power", power, 0, 10**6))


def lanczos(
    operator: Any,
    size: int | None = None,
    *,
    steps: int = 64,
    start: Any = None,
    seed: int = 0,
    symmetry: float = SYMMETRY,
) -> Lanczos:
    """Lanczos' process with full reorthogonalization, for a symmetric matrix.

    operator, size: as of :func:`trace`. steps: at most so many, one product each; fewer where the vectors come to span
    an invariant subspace. start: (size,), any length but 0; None: signs from `seed`. symmetry: of what is left where a
    symmetric matrix would leave nothing, more than this, relative to the largest ‖A q‖, is a diagnostic "asymmetric".
    """
    a = as_operator(operator, size)
    count = min(integer("steps", steps, 1, MOST), a.size)
    if start is None:
        words = np.asarray(random_words(integer("seed", seed, 0, 2**64 - 1), (a.size,)))
        first = np.where(words >> 31, -1.0, 1.0)
    else:
        first = np.ascontiguousarray(finite_array("start", start))
        if first.shape != (a.size,):
            raise ValueError(f"start has shape {first.shape}, allowed: ({a.size},)")
        if not first.any():
            raise ValueError("start is zero, allowed: any other vector")
    limit = real("symmetry", symmetry, 0.0)
    found = matrices().lanczos(Products(a), first, count)
    diagnostics = symmetry_notes(found["asymmetry"], limit)
    return Lanczos(
        diagonal=found["diagonal"],
        off_diagonal=found["off_diagonal"],
        basis=found["basis"].reshape(-1, a.size),
        nodes=found["nodes"],
        weights=found["weights"],
        remainder=found["remainder"],
        invariant=found["invariant"],
        products=found["products"],
        asymmetry=found["asymmetry"],
        converged=not diagnostics,
        diagnostics=diagnostics,
    )


def symmetry_notes(asymmetry: float, limit: float) -> tuple[str, ...]:
    if asymmetry <= limit:
        return ()
    if not math.isfinite(asymmetry):
        return (
            "overflow: squares of products are beyond float64, so that nothing is known of symmetry; scale the matrix",
        )
    return (
        f"asymmetric: products differ from those of a symmetric matrix by {asymmetry:.3g} of the largest, allowed: "
        f"{limit:g}; eigenvalues mean nothing where the matrix is not symmetric",
    )


@dataclass(frozen=True, eq=False)
class TopEigenvalues:
    """The outermost eigenvalues of a symmetric matrix, the outermost first.

    values (k,). residuals (k,): ‖A v - λ v‖, within which an eigenvalue lies. vectors (k, size): orthonormal rows.
    method, which: as asked for. products: used. converged: every residual is within the tolerance, a look from another
    start found nothing further out (where asked for), and nothing is wrong. verified: that look. asymmetry: as of
    :class:`Lanczos`; nan for the power method, which cannot tell. diagnostics: what is wrong, as sentences.
    """

    values: np.ndarray
    residuals: np.ndarray
    vectors: np.ndarray
    method: str
    which: str
    products: int
    converged: bool
    verified: bool
    asymmetry: float
    diagnostics: tuple[str, ...]


def top_eigenvalues(
    operator: Any,
    k: int = 1,
    size: int | None = None,
    *,
    which: str = "largest",
    method: str = "lanczos",
    tolerance: float = 1e-6,
    steps: int = 300,
    seed: int = 0,
    verify: bool = True,
    symmetry: float = SYMMETRY,
) -> TopEigenvalues:
    """The k outermost eigenvalues of a symmetric matrix with their vectors.

    operator, size, seed: as of :func:`trace`. k: 1 to size. which: "largest", "smallest" (with their signs) or
    "magnitude". tolerance: of a residual, relative to the largest ‖A q‖ seen. method: "lanczos", with full
    reorthogonalization, which keeps all vectors, steps times size numbers; or "power", one eigenvalue after another,
    which keeps k and takes many more products, for "magnitude" alone.

    steps: of a process, or iterations for one eigenvalue, at most. verify: from one start Lanczos sees one vector of
    each eigenspace, so a multiple eigenvalue would count once; further processes, orthogonal to all that is found, go
    on until nothing further out turns up. symmetry: as of :func:`lanczos`.

    What has not converged is returned with converged=False and a diagnostic that names the residual. Raises as
    :func:`trace` does.
    """
    a = as_operator(operator, size)
    count = integer("k", k, 1, a.size)
    choice("which", which, ENDS)
    choice("method", method, ("lanczos", "power"))
    if method == "power" and which != "magnitude":
        raise ValueError(f"which is {which!r}, allowed with method 'power': 'magnitude'")
    verify = flag("verify", verify)
    limit, close = real("symmetry", symmetry, 0.0), real("tolerance", tolerance, 0.0)
    most, number = integer("steps", steps, 1, MOST), integer("seed", seed, 0, 2**64 - 1)
    found = matrices().estimate_eigenvalues(
        Products(a), a.size, method, count, which, close, most, number, bool(verify)
    )
    power = method == "power"
    notes: list[str] = []
    if not found["converged"]:
        worst = float(found["residuals"].max()) if len(found["residuals"]) else math.inf
        notes.append(
            f"not converged: a residual is {worst:.3g}, allowed: {close * found['scale']:.3g}; more steps or a larger "
            "tolerance"
        )
    elif verify and not power and not found["verified"]:
        notes.append("not verified: steps ran out before it was clear that no eigenvalue lies further out")
    notes.extend(() if power else symmetry_notes(found["asymmetry"], limit))
    return TopEigenvalues(
        values=found["values"],
        residuals=found["residuals"],
        vectors=found["vectors"],
        method=method,
        which=which,
        products=found["products"],
        converged=not notes,
        verified=found["verified"],
        asymmetry=math.nan if power else found["asymmetry"],
        diagnostics=tuple(notes),
    )
