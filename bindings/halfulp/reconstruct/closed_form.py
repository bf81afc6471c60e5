"""Corrections in closed form: each a norm, and how singular values are shared out between A and B."""

from __future__ import annotations

import math
from typing import Any, Unpack

import numpy as np

from halfulp._calculate import check_flag
from halfulp._linear_algebra import matrices
from halfulp._runs import choice, real
from halfulp.reconstruct._finish import corrected
from halfulp.reconstruct._inputs import (
    LARGEST,
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
    second_moment,
    weights,
)
from halfulp.reconstruct._result import Reconstruction

# LQER's code clamps its scales to this, QERA's repeats it (statistics scaled by 1/sqrt(min max)).
_LEAST_LQER_SCALE = 1e-4
# Beside it nothing is left of R in float64.
_LARGEST_RIDGE = 1e20
# What ASVD's code adds to its scales.
_ASVD_OFFSET = 1e-6


def zeroquant_v2(
    weight: Any, weight_q: Any, rank: int, *, statistics: Any = None, **options: Unpack[Options]
) -> Reconstruction:
    """The correction of least ‖W - Wq - A B‖²: LoRC of ZeroQuant-V2 (arXiv 2303.08302), U Σ^½ and Σ^½ Vᵀ of the error's
    singular value decomposition. Looks at no inputs; statistics (a :class:`Covariance`, or E[xᵀx] as a matrix) is for
    ``output_error`` alone.

    weight, weight_q: (in, out), float16 to float64 (Wq perhaps from ``hu.fake_quantize``, or pruned). rank: 0 to the
    lesser side. Keywords: :class:`Options`. Own norm: plain. Raises ValueError for shapes that do not fit, a rank out
    of range, NaN and infinities."""
    w, q = weights(weight, weight_q)
    how = route(rank_of(rank, min(w.shape)), options)
    moment = None if statistics is None else checked_moment(statistics, w.shape[0])
    return corrected("zeroquant_v2", w, q, plain_norm(w.shape[0]), how, moment=moment, notes=sample_notes(statistics))


def qera_exact(
    weight: Any,
    weight_q: Any,
    statistics: Any,
    rank: int,
    *,
    ridge: float = 0.0,
    minimal_norm: bool = False,
    **options: Unpack[Options],
) -> Reconstruction:
    """The correction of least output error E‖x (W - Wq - A B)‖²: QERA-exact (arXiv 2410.06040, theorem 1), C = R^-½
    svd(R^½ E) with E = W - Wq; here without root or inverse (see the page on error reconstruction), so it is as good
    where R is singular.

    statistics: a :class:`Covariance`, or R = E[xᵀx] as a matrix (in, in). rank: 0 to the lesser side. ridge: added to
    R's diagonal, as a part of its mean, for the correction alone; ``output_error`` never has it. minimal_norm: where
    R is singular, the A B that is zero outside of its range, R^+½ svd(R^½ E), in place of the one that leaves the
    least plain error; both have the least output error. Other keywords: :class:`Options`; with
    algorithm="randomized", ``effective_rank`` and ``condition`` are None where Cholesky's factor of R exists. Own
    norm: that of R and the ridge. Raises ValueError as :func:`zeroquant_v2`, and where R is not symmetric or has a
    negative eigenvalue, which it names."""
    return _by_second_moment("qera_exact", weight, weight_q, statistics, rank, ridge, minimal_norm, 1.0, options)


def eora(
    weight: Any,
    weight_q: Any,
    statistics: Any,
    rank: int,
    *,
    ridge: float = 0.0,
    **options: Unpack[Options],
) -> Reconstruction:
    """EoRA (arXiv 2410.21271): the correction of least output error, by the projection on R's eigenvectors scaled by
    the roots of its eigenvalues, with a pseudo-inverse where R is singular: A B as of :func:`qera_exact` with
    minimal_norm, A holding Σ (B's rows are orthonormal). Arguments, norm and errors as there."""
    return _by_second_moment("eora", weight, weight_q, statistics, rank, ridge, True, 0.0, options)


def svd_llm(
    weight: Any,
    statistics: Any,
    rank: int | None = None,
    *,
    ratio: float | None = None,
    ridge: float = 0.0,
    **options: Unpack[Options],
) -> Reconstruction:
    """SVD-LLM (arXiv 2403.07378): a low-rank weight in place of W, W about A B, of least output error;
    truncation-aware whitening. rank, or ratio: the part of W's numbers that A and B may have, for the rank ⌊in · out
    · ratio / (in + out)⌋. Σ is shared out alike. Other arguments, norm and errors as of :func:`qera_exact`."""
    shape = matrix("weight", weight).shape
    if (rank is None) == (ratio is None):
        raise ValueError("rank and ratio are both given or both None, allowed: one of them")
    chosen = rank if rank is not None else _rank_of_ratio(shape, ratio)
    return _by_second_moment("svd_llm", weight, None, statistics, chosen, ridge, False, 0.5, options)


def _rank_of_ratio(shape: tuple[int, ...], ratio: Any) -> int:
    part = real("ratio", ratio, 0)
    return min(math.floor(shape[0] * shape[1] * part / (shape[0] + shape[1])), *shape)


def _by_second_moment(
    method: str,
    weight: Any,
    weight_q: Any,
    statistics: Any,
    rank: Any,
    ridge: Any,
    minimal_norm: bool,
    share: float,
    options: Options,
) -> Reconstruction:
    w, q = weights(weight, weight_q)
    least_norm = check_flag("minimal_norm", minimal_norm)
    how = route(rank_of(rank, min(w.shape)), options, share=share, minimal_norm=least_norm)
    moment = second_moment(statistics, w.shape[0])
    part = real("ridge", ridge, 0, _LARGEST_RIDGE)
    added = part * max(float(np.trace(moment)), 0.0) / w.shape[0]
    norm = moment_norm(moment, added, how.low_rank[3] != "randomized")
    return corrected(
        method, w, q, norm, how, moment=moment, norm_is_output=added == 0, ridge=added, notes=sample_notes(statistics)
    )


def _by_scales(
    method: str,
    weight: Any,
    weight_q: Any,
    statistics: Any,
    scales: np.ndarray,
    rank: Any,
    share: float,
    options: Options,
) -> Reconstruction:
    w, q = weights(weight, weight_q)
    how = route(rank_of(rank, min(w.shape)), options, share=share)
    norm = matrices().ErrorNorm.of_scales(scales)
    return corrected(method, w, q, norm, how, moment=known_moment(statistics), notes=sample_notes(statistics))


def _channels(weight: Any) -> int:
    return int(matrix("weight", weight).shape[0])


def _root_mean_squares(weight: Any, statistics: Any) -> np.ndarray:
    return np.sqrt(channel_scales(statistics, _channels(weight), "mean_square", "E[x²] of each channel"))


def qera_approx(weight: Any, weight_q: Any, statistics: Any, rank: int, **options: Unpack[Options]) -> Reconstruction:
    """QERA-approx (arXiv 2410.06040, theorem 2): the least ‖D (W - Wq - A B)‖², D = diag(√E[x²]); exact where the
    inputs' channels are uncorrelated.

    statistics: a :class:`Covariance`, or E[x²] of each channel (in,). Own norm: that of D; ``output_error`` is known
    beside a Covariance. A has D^-1 U, B has Σ Vᵀ. Other arguments and errors as of :func:`zeroquant_v2`."""
    scales = _root_mean_squares(weight, statistics)
    return _by_scales("qera_approx", weight, weight_q, statistics, scales, rank, 1.0, options)


def slim(weight: Any, weight_q: Any, statistics: Any, rank: int, **options: Unpack[Options]) -> Reconstruction:
    """SLiM's saliency-weighted correction (arXiv 2410.09615): additive and invertible saliency diag(s) W with s =
    √E[x²], as its code takes it; so the same A B as of :func:`qera_approx`, Σ shared out alike. weight_q may also be
    pruned: then A B makes good what pruning and quantization spoilt together. Channels that are always zero stay out
    of the norm and nothing is divided by them (SLiM's code falls back to the plain norm). Arguments and errors as of
    :func:`qera_approx`."""
    scales = _root_mean_squares(weight, statistics)
    return _by_scales("slim", weight, weight_q, statistics, scales, rank, 0.5, options)


def lqer(weight: Any, weight_q: Any, statistics: Any, rank: int, **options: Unpack[Options]) -> Reconstruction:
    """L²QER (arXiv 2402.02446): the least ‖D (W - Wq - A B)‖² with D = diag(a), a the mean magnitudes of the inputs
    (the largest of the batches' means, as in QERA's code) over √(min a · max a), at least 1e-4. Without inputs LQER
    is :func:`zeroquant_v2`.

    statistics: a :class:`Covariance`, or a (in,). Own norm: that of D. A has D^-1 U, B has Σ Vᵀ. Other arguments and
    errors as of :func:`zeroquant_v2`."""
    a = channel_scales(statistics, _channels(weight), "largest_batch_mean_abs", "the mean |x| of each channel")
    used = np.maximum(a, _LEAST_LQER_SCALE)
    scales = np.maximum(used / np.sqrt(used.min() * used.max()), _LEAST_LQER_SCALE)
    return _by_scales("lqer", weight, weight_q, statistics, scales, rank, 1.0, options)


def asvd(
    weight: Any,
    weight_q: Any,
    statistics: Any,
    rank: int,
    *,
    alpha: float = 0.5,
    magnitude: str = "mean",
    **options: Unpack[Options],
) -> Reconstruction:
    """ASVD (arXiv 2312.05821): the least ‖D (W - Wq - A B)‖², D = diag(a^alpha + 1e-6), a the mean or the largest
    magnitudes of the inputs; the paper's own case, a low-rank weight in place of W, is weight_q=None.

    statistics: a :class:`Covariance`, or a (in,). alpha: the paper has 0.5 and 1. magnitude: "mean" or "max", of a
    Covariance. Σ is shared out alike. Own norm: that of D. Other arguments and errors as of :func:`zeroquant_v2`."""
    of_covariance = {"mean": "mean_abs", "max": "max_abs"}[choice("magnitude", magnitude, ("mean", "max"))]
    power = real("alpha", alpha, 0)
    a = channel_scales(statistics, _channels(weight), of_covariance, f"the {magnitude} |x| of each channel")
    with np.errstate(over="ignore"):
        scales = a**power + _ASVD_OFFSET
    if not scales.max(initial=0.0) <= LARGEST:
        raise ValueError(f"alpha is {power:g}, allowed: such that statistics to this power are {LARGEST:g} or less")
    return _by_scales("asvd", weight, weight_q, statistics, scales, rank, 0.5, options)


def fwsvd(weight: Any, weight_q: Any, fisher: Any, rank: int, **options: Unpack[Options]) -> Reconstruction:
    """FWSVD (arXiv 2207.00112): the least ‖D (W - Wq - A B)‖², D = diag(√Σⱼ Fᵢⱼ), the Fisher information of each row
    summed; A = D^-1 U Σ, B = Vᵀ. The paper's own case, a low-rank weight in place of W, is weight_q=None.

    fisher: squared gradients, (in, out), 0 or more. Rows of zeros stay out of the norm and nothing is divided by them.
    Other arguments and errors as of :func:`zeroquant_v2`."""
    w, q = weights(weight, weight_q)
    how = route(rank_of(rank, min(w.shape)), options, share=0.0)
    rows = np.sqrt(importance("fisher", fisher, w.shape).sum(axis=1))
    return corrected("fwsvd", w, q, matrices().ErrorNorm.of_scales(rows), how)


def int21(
    weight: Any, weight_q: Any, rank: int, *, statistics: Any = None, seed: int = 0, deviation: float | None = None
) -> Reconstruction:
    """What INT2.1 (arXiv 2306.08162) begins to train from: its correction is learned (LoRA), with no closed form, so
    this is LoRA's start (arXiv 2106.09685): A normal with a standard deviation (None: 1/√in), B zero. A B is zero:
    the errors are those of weight_q alone.

    statistics: a :class:`Covariance`, for ``output_error``. seed: of A, the same numbers on every call."""
    w, q = weights(weight, weight_q)
    chosen = rank_of(rank, min(w.shape))
    how = route(chosen, {"seed": seed})
    scale = 1 / math.sqrt(w.shape[0]) if deviation is None else real("deviation", deviation, 0)
    left = matrices().normal_matrix(w.shape[0], chosen, how.low_rank[4], 0) * scale
    right = np.zeros((chosen, w.shape[1]))
    moment = None if statistics is None else checked_moment(statistics, w.shape[0])
    plain, output = matrices().measure_error(w, q, float64(left), right, moment)
    own = plain if output is None else output
    return Reconstruction(
        A=left,
        B=right,
        method="int21",
        singular_values=np.zeros(0),
        error=own,
        optimum=None,
        uncorrected=own,
        weight_error=plain,
        output_error=output,
        algorithm="none",
        notes=sample_notes(statistics),
    )
