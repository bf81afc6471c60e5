"""Rounding to nearest: as it is, with a search for the range, and under scales that are given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._arrays import thread_count
from halfulp._linear_algebra import matrices
from halfulp._quantize import Quantized, quantize
from halfulp._runs import integer, real
from halfulp._scheme import real_scheme as to_scheme
from halfulp.methods._layers import (
    Array,
    Result,
    axes_of,
    in_scheme,
    proxy_loss,
    quantized_from,
    real_array,
    second_moment,
    vector,
    weight_matrix,
)


@dataclass(frozen=True)
class ClipResult(Result):
    """What :func:`clip_search` gives. factors: of each innermost group, in the shape of
    ``quantized.scale_codes[0]``."""

    factors: Array


def nearest(
    w: Any, scheme: Any, h: Any = None, *, importance: Any = None, axis: int = 0, channel_axis: int = 1
) -> Result:
    """w (in, out) rounded to nearest under any scheme: what all other methods are compared with.

    h: E[x'x] (in, in) for the loss; None: the weights' own squared error. importance: for @search=mse, weights of the
    squared error along axis: the mean of x² or the Fisher information of each input channel. The string "h" takes H's
    diagonal. axis, channel_axis: as in :func:`gptq`.
    """
    s = to_scheme(scheme)
    weights = weight_matrix(w)
    moment = None if h is None else second_moment(h, len(weights))
    along, channel = axes_of(s, axis, channel_axis)
    if isinstance(importance, str):
        if importance != "h" or moment is None or along != 0 or s.flat:
            raise ValueError(
                f"importance is {importance!r}, allowed: weights, or 'h' with an h and groups along axis 0"
            )
        importance = np.maximum(np.diagonal(moment), 0)
    if importance is not None and s.flat:
        raise ValueError(f"importance is given, allowed without flat: {s} has no axis along which weights lie")
    q = quantize(weights, s, axis=in_scheme(s, along), channel_axis=channel, importance=importance)
    values = q.dequantize()
    loss = proxy_loss(weights - values, moment)
    return Result(values, q, loss, loss)


def clip_search(
    w: Any,
    scheme: Any,
    h: Any = None,
    *,
    grid: int = 100,
    max_shrink: float = 0.8,
    norm: float = 2.4,
    weights: Any = None,
    axis: int = 0,
    channel_axis: int = 1,
    threads: int | None = None,
) -> ClipResult:
    """Rounding to nearest with the range that leaves each group the smallest error: the search of GPTQ's quantizer
    (its repository's defaults: grid=100, maxshrink=.8, norm=2.4), for any scheme.

    The factors 1 - i / grid, i = 0, 1, ... below max_shrink grid, are tried in order. Under each a group's innermost
    scale is what the recipe gives to factor times its weights, and the weights themselves are projected on it; the
    first factor with the smallest sum of weights abs(w - q)^norm is kept. Outer levels are those of w. weights: one for
    each input channel (in,) (the mean of x², Fisher information) or for each element (in, out); None: all alike.
    h: E[x'x] for the losses alone.
    """
    s = to_scheme(scheme)
    matrix = weight_matrix(w)
    moment = None if h is None else second_moment(h, len(matrix))
    along, channel = axes_of(s, axis, channel_axis)
    steps = integer("grid", grid, 1, 100000)
    shrink = real("max_shrink", max_shrink, 0, 1)
    power = real("norm", norm, 1e-3, 1e3)
    factors = [1 - i / steps for i in range(1, int(shrink * steps))]
    each = None if weights is None else _element_weights(weights, matrix.shape)
    made = matrices().clip_search(matrix, s._spec, along, channel, factors, power, each, thread_count(threads))
    rows, columns = matrix.shape
    q = quantized_from(s, (rows, columns), along, channel, made)
    plain = quantize(matrix, s, axis=in_scheme(s, along), channel_axis=channel).dequantize()
    found = made["factors"]
    shape = q.scale_codes[0].shape if q.scale_codes and not s.double_quant else found.shape
    return ClipResult(
        weight_q=made["values"],
        quantized=q,
        loss=proxy_loss(matrix - made["values"], moment),
        nearest_loss=proxy_loss(matrix - plain, moment),
        factors=found.reshape(shape),
    )


def _element_weights(weights: Any, shape: tuple[int, ...]) -> Array:
    a = real_array("weights", weights)
    if a.ndim == 1:
        a = np.repeat(vector("weights", a, shape[0], least=0)[:, None], shape[1], axis=1)
    if a.shape != shape:
        raise ValueError(f"weights has shape {a.shape}, allowed: ({shape[0]},) or {shape}")
    if (a < 0).any():
        raise ValueError(f"weights holds {a.min():g}, allowed: 0 or more")
    return np.ascontiguousarray(a)


def under_scales(x: Any, like: Quantized) -> Quantized:
    """x, a matrix, under the scales that `like` has: each element to the nearest multiple of them, as hu.quantize
    rounds, with no scale changed.

    like: a matrix of x's shape, from hu.quantize or a method. Raises ValueError for recipes whose elements ask for more
    than their scale says (means of magnitudes; nvfp4's binary32 recipes), and for @hadamard.
    """
    if not isinstance(like, Quantized):
        raise TypeError(f"like is a {type(like).__name__}, allowed: a Quantized")
    a = weight_matrix(x, "x")
    if tuple(like.codes.shape) != a.shape:
        raise ValueError(f"x has shape {a.shape}, allowed: {tuple(like.codes.shape)}, the shape of like's codes")
    s = like.scheme
    planes = [np.asarray(c).reshape(-1).astype(np.uint64) for c in like.scale_codes]
    if like.zero_points is not None:
        planes.append(np.asarray(like.zero_points).reshape(-1).astype(np.uint64))
    if like.offset is not None:
        planes.append(np.array([like.offset], dtype=np.float32).view(np.uint32).astype(np.uint64))
    codes, _, saturated = matrices().project_under(a, s._spec, like.axis, like.channel_axis, planes)
    made = {"codes": codes, "planes": planes, "zero_scales": like.zero_scales, "saturated": saturated}
    rows, columns = a.shape
    return quantized_from(s, (rows, columns), like.axis, like.channel_axis, made)
