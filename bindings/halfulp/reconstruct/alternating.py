"""Methods that find the quantized part and the correction in turns. Each keeps the best of its iterates."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from halfulp._linear_algebra import matrices
from halfulp._runs import choice, integer, real
from halfulp.reconstruct._finish import finished
from halfulp.reconstruct._inputs import (
    Options,
    channel_scales,
    checked_moment,
    float64,
    importance,
    known_moment,
    matrix,
    moment_norm,
    plain_norm,
    rank_of,
    route,
    sample_notes,
    scheme_and_axis,
    second_moment,
)
from halfulp.reconstruct._result import Reconstruction

_MOST_ITERATIONS = 10**6
# What `scales` means to the compiled part.
_ROUNDING = {"anew": "nearest", "fixed": "fixed"}


def _turns(
    weight: np.ndarray,
    scheme: Any,
    axis: Any,
    norm: Any,
    how: Any,
    iterations: Any,
    *,
    rounding: str = "nearest",
    moment: np.ndarray | None = None,
    damping: float = 0.0,
    cost: Any = None,
    importance: np.ndarray | None = None,
    low_rank_first: bool = False,
    stop_when_worse: bool = False,
) -> dict[str, Any]:
    s, along = scheme_and_axis(scheme, axis)
    found: dict[str, Any] = matrices().alternate(
        weight,
        s._spec,
        along,
        rounding,
        moment,
        damping,
        norm,
        cost,
        how.low_rank,
        how.factors,
        importance,
        integer("iterations", iterations, 1, _MOST_ITERATIONS),
        low_rank_first,
        stop_when_worse,
    )
    return found


def _result(
    method: str, weight: np.ndarray, norm: Any, found: dict[str, Any], *, optimum_known: bool = True, **more: Any
) -> Reconstruction:
    """error: by what the iterate was chosen. The optimum is that of a correction found after the quantized part."""
    values = {**found, "error": found["cost"], "optimum": found["optimum"] if optimum_known else None}
    return finished(
        method,
        weight,
        found["weight_q"],
        norm,
        values,
        weight_q=found["weight_q"],
        history=tuple(found["history"]),
        iteration=found["iteration"],
        **more,
    )


def loftq(
    weight: Any,
    scheme: Any,
    rank: int,
    *,
    iterations: int = 5,
    scales: str = "anew",
    axis: int | None = None,
    statistics: Any = None,
    **options: Unpack[Options],
) -> Reconstruction:
    """LoftQ (arXiv 2310.08659): Q = quantize(W - A B), A B the best correction of W - Q, in turns; Σ shared out alike.

    scheme: any; weight_q has its members. iterations: the paper has 5. scales: "anew" finds them in each iteration,
    which may raise the error; "fixed" keeps those of W, so that both steps are projections and the error never rises
    (schemes without a transform and zero points). axis: of the scheme's groups, as in ``hu.fake_quantize``.
    statistics: a :class:`Covariance`, for ``output_error`` alone. Own norm: plain. Keywords: :class:`Options`. Raises
    ValueError as :func:`zeroquant_v2` does."""
    w = matrix("weight", weight)
    how = route(rank_of(rank, min(w.shape)), options)
    rounding = _ROUNDING[choice("scales", scales, tuple(_ROUNDING))]
    moment = None if statistics is None else checked_moment(statistics, w.shape[0])
    norm = plain_norm(w.shape[0])
    found = _turns(w, scheme, axis, norm, how, iterations, rounding=rounding)
    return _result("loftq", w, norm, found, moment=moment, notes=sample_notes(statistics))


def lq_lora(
    weight: Any,
    scheme: Any,
    fisher: Any,
    rank: int,
    *,
    iterations: int = 10,
    scales: str = "anew",
    axis: int | None = None,
    **options: Unpack[Options],
) -> Reconstruction:
    """LQ-LoRA (arXiv 2311.12023): as :func:`loftq`, with errors weighted by a Fisher information F. The correction is
    the best under ‖D₁ E D₂‖², D₁ = diag(√ mean of F's rows), D₂ = diag(√ mean of F's columns); exact where F has rank
    one.

    fisher: squared gradients, (in, out), 0 or more. Own norm: Σ Fᵢⱼ Eᵢⱼ². It stops where that rises, and returns the
    best iterate, not the last. ``optimum`` is None, as no closed form is known, unless F has rank one. Outputs whose
    F is zero are not corrected. Other arguments and errors as of :func:`loftq`."""
    w = matrix("weight", weight)
    how = route(rank_of(rank, min(w.shape)), options)
    rounding = _ROUNDING[choice("scales", scales, tuple(_ROUNDING))]
    f = importance("fisher", fisher, w.shape)
    rows, columns, mean = f.mean(axis=1), f.mean(axis=0), float(f.mean())
    # Over the mean, so that a Fisher information of rank one is the norm's own weights.
    norm = matrices().ErrorNorm.of_scales(np.sqrt(rows / mean if mean else rows))
    norm.weigh_outputs(np.sqrt(columns))
    found = _turns(w, scheme, axis, norm, how, iterations, rounding=rounding, importance=f, stop_when_worse=True)
    separable = bool(np.allclose(np.outer(rows, columns), f * mean, rtol=1e-12, atol=0))
    return _result("lq_lora", w, norm, found, optimum_known=separable)


def caldera(
    weight: Any,
    scheme: Any,
    statistics: Any,
    rank: int,
    *,
    iterations: int = 15,
    rounding: str = "feedback",
    damping: float = 0.01,
    axis: int | None = None,
    **options: Unpack[Options],
) -> Reconstruction:
    """CALDERA (arXiv 2405.18886): W about Q + A B, all three quantized, of little output error: Q by LDLQ, then A B by
    rank-constrained regression with factors in their schemes (keyword factors of :class:`Options`; None leaves them as
    they are), in turns, the best iterate kept. Its relative error is √(error / tr(Wᵀ R W)).

    statistics: a :class:`Covariance`, or R = E[xᵀx] (in, in). iterations: 15, as in the paper. rounding: "feedback"
    (LDLQ, scales found before; schemes without a transform and zero points) or "nearest". damping: what LDLQ adds to
    R's diagonal, as a part of its mean; more where Cholesky's algorithm still fails, and ``damping`` of the result
    says how much in all. The correction takes R as it is (the authors' code adds to it there too). Own norm: that of
    R. Other arguments and errors as of :func:`qera_exact` and :func:`loftq`."""
    w = matrix("weight", weight)
    how = route(rank_of(rank, min(w.shape)), options)
    choice("rounding", rounding, ("feedback", "nearest"))
    part = real("damping", damping, 0, 1e20)
    moment = second_moment(statistics, w.shape[0])
    norm = moment_norm(moment, exact=how.low_rank[3] != "randomized")
    found = _turns(w, scheme, axis, norm, how, iterations, rounding=rounding, moment=moment, damping=part)
    return _result(
        "caldera", w, norm, found, norm_is_output=True, damping=found["damping"], notes=sample_notes(statistics)
    )


def svdquant(
    weight: Any,
    scheme: Any,
    statistics: Any,
    rank: int,
    *,
    alpha: float = 0.5,
    iterations: int = 1,
    axis: int | None = None,
    **options: Unpack[Options],
) -> Reconstruction:
    """SVDQuant (arXiv 2411.05007): outliers move from the inputs to the weight, x W = (x Λ^-1)(Λ W), a low-rank part
    A' B takes in what is large, and the rest is quantized: Λ W about A' B + quantize(Λ W - A' B).

    statistics: a :class:`Covariance`, or max abs(x) of each channel (in,). alpha: Λ = max abs(x)^alpha over
    max abs(W)^(1 - alpha) of each channel (SmoothQuant); 0/0 and channels that are always zero are left as they
    are. iterations: 1 is the paper's; more alternate, as its code does, and the iterate of least error is kept. Own
    norm: the output's error beside a Covariance, else plain, of Λ E. A and weight_q are in the weight's own
    coordinates (Λ^-1 A', Λ^-1 Q), so that W is about weight_q + A B; the stored members are ``smoothing[:, None] *
    weight_q``, for inputs divided by ``smoothing``. ``optimum`` is None. Other arguments and errors as of
    :func:`loftq`."""
    w = matrix("weight", weight)
    how = route(rank_of(rank, min(w.shape)), options)
    power = real("alpha", alpha, 0, 1)
    largest = channel_scales(statistics, w.shape[0], "max_abs", "max |x| of each channel")
    smoothing = _smoothing(largest, w, power)
    smoothed = float64(w * smoothing[:, None])
    norm = plain_norm(w.shape[0])
    moment = known_moment(statistics)
    cost = None
    if moment is not None:
        inside = moment / smoothing[:, None] / smoothing
        cost = matrices().ErrorNorm.of_second_moment(float64((inside + inside.T) / 2), 0.0, False)
    found = _turns(smoothed, scheme, axis, norm, how, iterations, cost=cost, low_rank_first=True)
    own = (cost or norm).squared(smoothed, float64(found["weight_q"]))
    found = {
        **found,
        "A": found["A"] / smoothing[:, None],
        "weight_q": found["weight_q"] / smoothing[:, None],
        "uncorrected": own,
    }
    return _result(
        "svdquant",
        w,
        norm,
        found,
        optimum_known=False,
        moment=moment,
        smoothing=smoothing,
        notes=sample_notes(statistics),
    )


def _smoothing(largest_inputs: np.ndarray, weight: np.ndarray, alpha: float) -> np.ndarray:
    largest_weights = np.abs(weight).max(axis=1).astype(np.float64)
    out = np.ones(len(largest_inputs))
    used = (largest_inputs > 0) & (largest_weights > 0)
    out[used] = largest_inputs[used] ** alpha / largest_weights[used] ** (1 - alpha)
    return out


__all__ = ["caldera", "loftq", "lq_lora", "svdquant"]
