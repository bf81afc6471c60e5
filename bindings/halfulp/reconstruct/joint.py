"""Corrections that look beyond one layer: accumulated errors, and two projections in a row."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from halfulp._arrays import carried
from halfulp._linear_algebra import matrices
from halfulp._runs import integer, real, renamed
from halfulp.reconstruct._finish import spectrum_fields
from halfulp.reconstruct._inputs import (
    Options,
    float64,
    matrix,
    moment_norm,
    rank_of,
    route,
    sample_notes,
    second_moment,
)
from halfulp.reconstruct._result import Reconstruction
from halfulp.reconstruct.covariance import Covariance

# Beside it nothing is left of the first term in float64.
_LARGEST_ALPHA = 1e20


def saes_svd(
    weight: Any,
    statistics: Any,
    rank: int,
    *,
    alpha: float | None = None,
    cross_moment: Any = None,
    reference_moment: Any = None,
    **options: Unpack[Options],
) -> Reconstruction:
    """SAES-SVD (arXiv 2602.03051): a low-rank weight in place of W that also makes good what layers before have
    spoilt: the least E‖x A B - x W‖² + alpha E‖x A B - y W‖², x the inputs in the compressed model, y those in the
    original one.

    statistics: a :class:`Covariance` whose batches had references y, or E[xᵀx] (in, in) with cross_moment = E[xᵀy]
    and reference_moment = E[yᵀy]. alpha: None chooses it by the paper's criterion, the largest part of the target's
    squared norm that the rank retains, for alpha / (1 + alpha) from 0 to 15/16. Own norm: that sum, of W - A B; Σ is
    shared out alike. ``alpha`` and ``retained`` are in the result. Other arguments and errors as of
    :func:`qera_exact`; the keyword factors is refused."""
    w = matrix("weight", weight)
    if options.get("factors") is not None:
        raise ValueError("factors is given, allowed for saes_svd: None")
    how = route(rank_of(rank, min(w.shape)), options)
    moment = second_moment(statistics, w.shape[0])
    if isinstance(statistics, Covariance):
        if cross_moment is not None or reference_moment is not None:
            raise ValueError(
                "cross_moment and reference_moment are given beside a Covariance, allowed: None, it has them"
            )
        cross, reference = statistics.cross_moment, statistics.reference_moment
    else:
        cross = _square("cross_moment", cross_moment, w.shape[0])
        reference = _square("reference_moment", reference_moment, w.shape[0])
        _check_joint(moment, cross, reference)
    part = None if alpha is None else real("alpha", alpha, 0, _LARGEST_ALPHA)
    with renamed({"second_moment": "statistics"}):
        found = matrices().correct_accumulated(w, moment, cross, reference, part, how.low_rank)
    plain, output = matrices().measure_error(w, None, found["A"], found["B"], moment)
    return Reconstruction(
        **found,
        method="saes_svd",
        weight_error=plain,
        output_error=output,
        notes=sample_notes(statistics),
    )


def _square(name: str, x: Any, n: int) -> np.ndarray:
    if x is None:
        raise ValueError(f"{name} is None, allowed beside a second moment: a matrix ({n}, {n})")
    given = carried(name, x)
    if given.shape != (n, n):
        raise ValueError(f"{name} has shape {given.shape}, allowed: ({n}, {n})")
    out = float64(given.widened)
    if not np.isfinite(out).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(out))[0])
        raise ValueError(f"{name}{list(place)} is {out[place]}, allowed: finite numbers")
    return out


def _check_joint(moment: np.ndarray, cross: np.ndarray, reference: np.ndarray) -> None:
    """The moments of x and y together have no negative eigenvalue, or they are of no pairs of samples, and errors by
    them would be negative."""
    n = len(moment)
    # Each variable in its own unit, so that the scales of x and y do not matter.
    units = np.sqrt(np.concatenate([np.diagonal(moment), np.diagonal(reference)]).clip(min=0))
    inverse = np.divide(1, units, out=np.zeros_like(units), where=units > 0)
    whole = np.block([[moment, cross], [cross.T, reference]]) * inverse[:, None] * inverse
    least = float(np.linalg.eigvalsh((whole + whole.T) / 2)[0])
    # Sums in float32 would still pass, and so do moments that were rounded to it.
    if not np.allclose(reference, reference.T, rtol=0, atol=1e-6 * np.abs(reference).max(initial=0)):
        raise ValueError("reference_moment is not symmetric, allowed: E[yᵀy]")
    if least < -1e-6 * n or (np.diagonal(reference) < 0).any():
        raise ValueError(
            "cross_moment and reference_moment do not go with statistics: the moments of (x, y) together have the "
            f"eigenvalue {least:.3g} in units of their diagonal, allowed: 0 or more, as of moments of the same samples"
        )


def uniql(
    value: Any, output: Any, statistics: Any, heads: int, rank: int, **options: Unpack[Options]
) -> Reconstruction:
    """UniQL's joint step for value and output projections (arXiv 2512.03383): for each head the A, B of least E‖x
    (W_V W_O - A B)‖². B's rows are orthonormal, Σ all in A, so that the quantized factor has no outliers of Σ's
    making.

    value: (in, heads · d). output: (heads · d, out), heads one after another in both, as many of either (multi-head
    attention). statistics: of value's inputs, a :class:`Covariance` or E[xᵀx] (in, in). rank: of each head, 0 to d.
    Returns A (in, heads · rank) and B (heads · rank, out). Own norm: the sum over heads of each head's error;
    ``weight_error`` is None, ``output_error`` the same as ``error``. Keywords: :class:`Options` but factors. Raises
    ValueError as :func:`qera_exact` does."""
    v = matrix("value", value)
    o = matrix("output", output)
    if options.get("factors") is not None:
        raise ValueError("factors is given, allowed for uniql: None")
    count = integer("heads", heads, 1, v.shape[1])
    if v.shape[1] % count:
        raise ValueError(f"heads is {heads}, allowed: divisors of {v.shape[1]}, the columns of value")
    if o.shape[0] != v.shape[1]:
        raise ValueError(f"output has shape {o.shape}, allowed: {v.shape[1]} rows, as value has columns")
    how = route(rank_of(rank, min(v.shape[1] // count, o.shape[1])), options, share=0.0)
    moment = second_moment(statistics, v.shape[0])
    norm = moment_norm(moment, exact=how.low_rank[3] != "randomized")
    found = matrices().join_heads(v, o, norm, count, how.low_rank)
    return Reconstruction(
        **found,
        method="uniql",
        weight_error=None,
        output_error=found["error"],
        notes=sample_notes(statistics),
        **spectrum_fields(norm),
    )
