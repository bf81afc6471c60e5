"""Binary weights: residual binarization, BiPFT's binarization and residual polynomials, clustered adapters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import DTYPES, carried, raw
from halfulp._runs import Runs, choice, integer, not_empty, runs_of, scales_of, typed_codes, values_carrier


@dataclass
class BinaryWeights:
    """Planes of codes (0 is -1, 1 is +1; uint8), shape ``(order, *weights)``, and their scales, float32, shape
    ``(order, *groups)``. center: the mean that was taken off before the signs (BiPFT), else 0. Arrays are what the
    weights were. ``hu.pack(w.codes[k], 1)`` gives eight codes of a plane in a byte."""

    codes: Any
    scales: Any
    center: float
    _runs: Runs = field(repr=False)
    _carrier: str = field(repr=False)

    def dequantize(self, dtype: Any = None) -> Any:
        """The sum over the planes of ±scale, exact and rounded once: float32, or float64 where the weights were, or
        `dtype`. BiPFT does not add its center again."""
        codes, kind = typed_codes("codes", self.codes)
        order = codes.shape[0]
        scales = scales_of("scales", self.scales, (order, *self._runs.shape))
        carrier = values_carrier(dtype, self._carrier)
        kind.check(DTYPES[carrier])
        out = kind.empty(codes.shape[1:], DTYPES[carrier])
        _core.residual_values(codes, self._runs.cut, order, scales, carrier, raw(out))
        return kind.give(out, DTYPES[carrier])


def residual_binarize(w: Any, order: int = 1, *, group: Any = "channel") -> BinaryWeights:
    """w ≈ a_1 b_1 + ... + a_order b_order, b = ±1: order 1 is XNOR-Net (arXiv 1603.05279), orders beyond it binarize
    what is left (Li et al., High-Order Residual Quantization, arXiv 1708.08687, section 3.1). Returns BinaryWeights.

    In each group r_1 = w; a_k = mean abs(r_k), exact and rounded once to float32; b_k = the sign of r_k, +1 for zero;
    r_(k+1) = r_k - a_k b_k, rounded once to float64. Each step is the best there is for its r_k, and Σ r² falls by n
    a_k²; the scales themselves need not fall. order: 1 to 16. group: "channel" (each index of the first axis, an output
    filter; XNOR-Net), a length along the last axis, or None (the whole tensor).

    XNOR-Net's code leaves a zero weight 0, which one bit cannot hold. Raises ValueError for an empty w, NaN or
    infinities in it, and ranges."""
    planes = integer("order", order, 1, 16)
    a = carried("w", w)
    not_empty("w", a)
    runs = runs_of(a.shape, group)
    codes = a.kind.empty((planes, *a.shape), "uint8")
    scales = a.kind.empty((planes, *runs.shape), "float32")
    _core.residual_binarize(a.data, a.carrier, runs.cut, planes, codes, scales)
    return BinaryWeights(a.kind.give(codes, "uint8"), a.kind.give(scales, "float32"), 0.0, runs, a.carrier)


def bipft(w: Any, *, group: Any = None) -> BinaryWeights:
    """BiPFT's binary weights (Xing et al., arXiv 2312.08937, and its code): sign(w - e) m with e the mean of all of w
    and m the mean of abs(w) (not of abs(w - e)) over the group. Returns BinaryWeights with one plane.

    Both means are exact and rounded once to float32; the comparison with e is exact, and w = e is +1 (the authors' code
    gives 0, which one bit cannot hold). group: None (the whole tensor), "channel" (rows; e stays the mean of the
    whole), or a length along the last axis. Raises ValueError for an empty w, and NaN or infinities in it."""
    a = carried("w", w)
    not_empty("w", a)
    runs = runs_of(a.shape, group)
    codes = a.kind.empty((1, *a.shape), "uint8")
    scales = a.kind.empty((1, *runs.shape), "float32")
    center = _core.binarize_about_mean(a.data, a.carrier, runs.cut, codes, scales)
    return BinaryWeights(a.kind.give(codes, "uint8"), a.kind.give(scales, "float32"), center, runs, a.carrier)


def residual_polynomial(q_m: Any, q_p: Any, k_m: Any, k_p: Any) -> np.ndarray:
    """BiPFT's estimate of what binary queries and keys miss in attention scores: q_m k_pᵀ + q_p k_mᵀ + q_p k_pᵀ,
    float64.

    With Q = B(Q) + R and K = B(K) + S the scores are B(Q) B(K)ᵀ + B(Q) Sᵀ + R B(K)ᵀ + R Sᵀ; the three last terms, the
    residual polynomials, are replaced by products of one number for each token: _m stands for the binary part, _p for
    the residual. q_m, q_p: (..., queries). k_m, k_p: (..., keys). Returns (..., queries, keys), to be added to
    B(Q) B(K)ᵀ before the division by √d, the same for every head.

    In the authors' code the four come out of learned linear maps of the hidden state. How these are derived and start
    was not to be read; :func:`fit_residual_polynomial` finds the best four for given data. The sum equals (q_m +
    q_p)(k_m + k_p)ᵀ - q_m k_mᵀ, of rank 2 at most. Raises ValueError for shapes that do not fit."""
    a, b, c, d = (_numbers(name, x) for name, x in (("q_m", q_m), ("q_p", q_p), ("k_m", k_m), ("k_p", k_p)))
    for name, x, like_name, like in (("q_p", b, "q_m", a), ("k_p", d, "k_m", c)):
        if x.ndim == 0 or x.shape != like.shape:
            raise ValueError(
                f"{name} has shape {x.shape}, allowed: {like.shape}, that of {like_name}, with an axis or more"
            )
    return (a[..., :, None] * d[..., None, :]) + (b[..., :, None] * c[..., None, :]) + b[..., :, None] * d[..., None, :]


def fit_residual_polynomial(residual: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(q_m, q_p, k_m, k_p) for which :func:`residual_polynomial` comes nearest to `residual` (..., queries, keys), the
    scores minus the binary ones, in the sense of least squares.

    The polynomial takes every matrix of rank 2 and no other, so the nearest one is the truncated singular value
    decomposition σ₁u₁v₁ᵀ + σ₂u₂v₂ᵀ (Eckart and Young): q_m = √σ₂ u₂, k_m = -√σ₂ v₂, q_p = √σ₁ u₁ - q_m, k_p = √σ₁ v₁ -
    k_m. The left-over error is √(σ₃² + σ₄² + ...). Float64. Raises ValueError for fewer than two axes and numbers that
    are not finite."""
    matrix = _numbers("residual", residual)
    if matrix.ndim < 2 or 0 in matrix.shape[-2:]:
        raise ValueError(f"residual has shape {matrix.shape}, allowed: (..., queries, keys), neither of them 0")
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    roots = np.sqrt(values)
    u = left * roots[..., None, :]
    v = np.swapaxes(right, -1, -2) * roots[..., None, :]
    if u.shape[-1] == 1:  # rank 1: no second pair
        q_m, k_m = np.zeros_like(u[..., 0]), np.zeros_like(v[..., 0])
    else:
        q_m, k_m = u[..., 1], -v[..., 1]
    return q_m, u[..., 0] - q_m, k_m, v[..., 0] - k_m


@dataclass
class ClusteredWeights:
    """Codes of the centroids in ascending order (uint8) in the shape of the weights, and each group's mean and standard
    deviation, float32. Arrays are what the weights were. ``hu.pack(w.codes, w.bits)`` has the bytes of the authors'
    code."""

    codes: Any
    means: Any
    deviations: Any
    bits: int
    centroid: str
    _runs: Runs = field(repr=False)
    _carrier: str = field(repr=False)

    @property
    def centroids(self) -> np.ndarray:
        """The centroids of the standard normal distribution, ascending, float32."""
        return np.array(_core.normal_centroids(self.centroid == "median", self.bits), dtype=np.float32)

    def dequantize(self, dtype: Any = None) -> Any:
        """centroid × deviation + mean, exact and rounded once: float32, or float64 where the weights were, or
        `dtype`."""
        codes, kind = typed_codes("codes", self.codes)
        means = scales_of("means", self.means, self._runs.shape)
        deviations = scales_of("deviations", self.deviations, self._runs.shape)
        carrier = values_carrier(dtype, self._carrier)
        kind.check(DTYPES[carrier])
        out = kind.empty(codes.shape, DTYPES[carrier])
        _core.cluster_decode(
            codes, self._runs.cut, self.bits, self.centroid == "median", means, deviations, carrier, raw(out)
        )
        return kind.give(out, DTYPES[carrier])


def cluster_adapter(
    w: Any, bits: int = 1, *, group: Any = None, centroid: str = "median", epsilon: float = 1e-5
) -> ClusteredWeights:
    """Adapter weights of 1 to 4 bits (Jie, Wang, Deng, arXiv 2307.16867): standardized by mean and standard deviation,
    then the nearest of 2^bits centroids of the normal distribution. Returns ClusteredWeights.

    centroid: "median", the paper's (least absolute error; ±0.67448975 for one bit), or "mean" (Lloyd-Max, least squared
    error). The deviation is the unbiased one (n - 1), 0 for a single number. A weight halfway takes the lower code;
    what the boundaries are to the bit says ``kernels/cluster_adapter.hpp``. epsilon: added to the deviation before the
    division, as the authors do; it is not undone afterwards. group: None (the whole tensor, as the paper), "channel",
    or a length along the last axis.

    Raises ValueError for an empty w, NaN, infinities and magnitudes of 2^500 or more in it, and names and ranges.
    """
    width = integer("bits", bits, 1, 4)
    choice("centroid", centroid, ("median", "mean"))
    a = carried("w", w)
    not_empty("w", a)
    runs = runs_of(a.shape, group)
    codes = a.kind.empty(a.shape, "uint8")
    means, deviations = (a.kind.empty(runs.shape, "float32") for _ in range(2))
    _core.cluster_encode(
        a.data, a.carrier, runs.cut, width, centroid == "median", float(epsilon), codes, means, deviations
    )
    return ClusteredWeights(
        a.kind.give(codes, "uint8"),
        a.kind.give(means, "float32"),
        a.kind.give(deviations, "float32"),
        width,
        centroid,
        runs,
        a.carrier,
    )


def _numbers(name: str, x: Any) -> np.ndarray:
    array = np.asarray(carried(name, x).widened, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinities, allowed: finite numbers")
    return array
