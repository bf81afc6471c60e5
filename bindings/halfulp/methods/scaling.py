"""Scales of channels: SmoothQuant, AWQ, equalization of two layers. In real numbers none of them changes what is
computed; with powers of two for scales none does in floating point either, short of overflow and underflow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._calculate import check_flag
from halfulp._quantize import quantize
from halfulp._runs import integer, real
from halfulp._scheme import real_scheme as to_scheme
from halfulp.methods._layers import (
    Array,
    Result,
    axes_of,
    in_scheme,
    moment_of,
    proxy_loss,
    real_array,
    samples,
    second_moment,
    vector,
    weight_matrix,
)


@dataclass(frozen=True)
class Smoothing:
    """x w = (x / scales) (scales[:, None] * w). scales: one for each input channel. weight: the scaled w."""

    scales: Array
    weight: Array

    def inputs(self, x: Any) -> Array:
        """x (..., in) as the scaled layer takes it."""
        a = real_array("x", x)
        if a.shape[-1:] != self.scales.shape:
            raise ValueError(f"x has shape {a.shape}, allowed: (..., {len(self.scales)})")
        return a / self.scales


def nearest_power_of_two(x: Array) -> Array:
    """Each positive number to the power of two that is nearest by ratio, of two the upper one."""
    mantissa, exponent = np.frexp(x)
    return np.ldexp(1.0, exponent - (mantissa < np.sqrt(0.5)))


def smooth_quant(
    w: Any, x_max: Any, *, alpha: float = 0.5, power_of_two: bool = False, least: float = 1e-5
) -> Smoothing:
    """SmoothQuant (arXiv 2211.10438, equation 4): s_j = max|X_j|^alpha / max|W_j|^(1 - alpha).

    w: (in, out). x_max: the largest magnitude of each input channel (in,), say an Observer's. alpha: how much of the
    difficulty goes from activations to weights, 0 to 1. Maxima and scales below `least` count as that (the clamp of the
    paper's code, 1e-5). power_of_two: each scale to the nearest power of two, so that nothing is rounded.
    """
    weights = weight_matrix(w)
    part = real("alpha", alpha, 0, 1)
    low = real("least", least, np.finfo(float).tiny, 1)
    of_inputs = np.maximum(vector("x_max", x_max, len(weights), least=0), low)
    of_weights = np.maximum(np.abs(weights).max(axis=1), low)
    scales = np.maximum(of_inputs**part / of_weights ** (1 - part), low)
    if check_flag("power_of_two", power_of_two):
        scales = nearest_power_of_two(scales)
    return Smoothing(scales, scales[:, None] * weights)


@dataclass(frozen=True)
class AwqResult(Result):
    """What :func:`awq` gives. weight_q: (1 / scales) times what ``quantized`` holds, the weights that the unscaled
    inputs meet; so here it is ``quantized.dequantize() / scales[:, None]``. exponent: the a of scales = mean|x|^a that
    was kept. losses: of each exponent that was tried. clipped: were ranges narrowed?"""

    scales: Array
    exponent: float
    exponents: tuple[float, ...]
    losses: tuple[float, ...]
    clipped: bool


def awq(
    w: Any,
    scheme: Any,
    x: Any = None,
    *,
    h: Any = None,
    x_mean: Any = None,
    grid: int = 20,
    clip: bool = False,
    clip_grid: int = 20,
    max_shrink: float = 0.5,
    power_of_two: bool = False,
    least: float = 1e-4,
    axis: int = 0,
    channel_axis: int = 1,
) -> AwqResult:
    """AWQ (arXiv 2306.00978): input channels that matter are scaled up before w is rounded.

    w: (in, out). x: inputs (samples, in), or in their place h = E[x'x] (in, in) and x_mean = mean|x| (in,). scales are
    x_mean^a, at least `least`, over the root of their largest times their smallest, for a = i / grid, i = 0 to
    grid - 1 (the authors' code); the a with the smallest mean squared error of the outputs is kept. a = 0 is rounding
    to nearest, so on these inputs the result is never worse than that. clip: afterwards the authors' search for
    narrower ranges, :func:`clip_by_output`, kept where it is better. power_of_two: scales to the nearest powers of two.
    """
    s = to_scheme(scheme)
    weights = weight_matrix(w)
    along, channel = axes_of(s, axis, channel_axis)
    steps = integer("grid", grid, 1, 10000)
    low = real("least", least, np.finfo(float).tiny, 1)
    clip_steps = integer("clip_grid", clip_grid, 1, 10000)
    shrink = real("max_shrink", max_shrink, 0, 1)
    with_clipping = check_flag("clip", clip)
    moment, magnitude = _statistics(x, h, x_mean, len(weights))
    to_powers = check_flag("power_of_two", power_of_two)

    def rounded(scaled: Array) -> Any:
        return quantize(scaled, s, axis=in_scheme(s, along), channel_axis=channel)

    best: tuple[float, Array, Any, Array] | None = None
    exponents = tuple(i / steps for i in range(steps))
    losses = []
    chosen = 0.0
    for a in exponents:
        scales = np.maximum(magnitude**a, low)
        scales = scales / np.sqrt(scales.max() * scales.min())
        if to_powers:
            scales = nearest_power_of_two(scales)
        q = rounded(scales[:, None] * weights)
        values = q.dequantize() / scales[:, None]
        loss = proxy_loss(weights - values, moment)
        losses.append(loss)
        if best is None or loss < best[0]:
            best = loss, scales, q, values
            chosen = a
    assert best is not None
    loss, scales, q, values = best
    clipped = False
    if with_clipping:
        inverse = 1 / scales
        tried = clip_by_output(
            scales[:, None] * weights,
            s,
            inverse[:, None] * moment * inverse,
            grid=clip_steps,
            max_shrink=shrink,
            axis=along,
            channel_axis=channel,
        )
        narrow = tried.weight_q / scales[:, None]
        narrow_loss = proxy_loss(weights - narrow, moment)
        if narrow_loss < loss:
            loss, q, values, clipped = narrow_loss, tried.quantized, narrow, True
    return AwqResult(
        weight_q=values,
        quantized=q,
        loss=loss,
        nearest_loss=losses[0],
        scales=scales,
        exponent=chosen,
        exponents=exponents,
        losses=tuple(losses),
        clipped=clipped,
    )


def _statistics(x: Any, h: Any, x_mean: Any, inputs: int) -> tuple[Array, Array]:
    if x is not None:
        if h is not None or x_mean is not None:
            raise ValueError("x is given beside h or x_mean, allowed: x alone, or h and x_mean")
        a = samples(x, inputs)
        return moment_of(a), np.abs(a).mean(axis=0)
    if h is None or x_mean is None:
        raise ValueError("x is None, allowed with both h and x_mean")
    return second_moment(h, inputs), vector("x_mean", x_mean, inputs, least=0)


def clip_by_output(
    w: Any,
    scheme: Any,
    h: Any,
    *,
    grid: int = 20,
    max_shrink: float = 0.5,
    group: int | None = None,
    axis: int = 0,
    channel_axis: int = 1,
) -> Result:
    """AWQ's search for ranges (auto_clip of its code): the weights of each group are cut off at 1 - i / grid of their
    largest magnitude, i below max_shrink grid, before they are rounded, for the i that leaves the smallest
    e' H_g e, what the group's own channels g do to the mean squared output. Of equal ones the first.

    h: E[x'x] (in, in). group: how many input channels make one group; None: the length of the scheme's groups where
    they run along axis 0, else all. The result is rounded as a whole: where groups share outer scales it may differ
    from what the search saw. If it is then worse than w rounded without clipping, that is what comes back.
    """
    s = to_scheme(scheme)
    weights = weight_matrix(w)
    inputs, outputs = weights.shape
    moment = second_moment(h, inputs)
    along, channel = axes_of(s, axis, channel_axis)
    steps = integer("grid", grid, 1, 10000)
    shrink = real("max_shrink", max_shrink, 0, 1)
    length = _group_length(s, along, inputs) if group is None else integer("group", group, 1, inputs)

    def rounded(x: Array) -> Any:
        return quantize(x, s, axis=in_scheme(s, along), channel_axis=channel)

    groups = [slice(i, min(i + length, inputs)) for i in range(0, inputs, length)]
    largest = np.stack([np.abs(weights[g]).max(axis=0) for g in groups])
    best = np.full((len(groups), outputs), np.inf)
    limit = largest.copy()
    for i in range(max(1, int(shrink * steps))):
        cut = largest * (1 - i / steps)
        bound = np.repeat(cut, [g.stop - g.start for g in groups], axis=0)
        error = weights - rounded(np.clip(weights, -bound, bound)).dequantize()
        for k, g in enumerate(groups):
            e = error[g]
            loss = np.einsum("io,io->o", e, moment[g, g] @ e)
            better = loss < best[k]
            best[k][better] = loss[better]
            limit[k][better] = cut[k][better]
    bound = np.repeat(limit, [g.stop - g.start for g in groups], axis=0)
    plain, narrow = rounded(weights), rounded(np.clip(weights, -bound, bound))
    results = [(proxy_loss(weights - q.dequantize(), moment), q) for q in (plain, narrow)]
    loss, q = results[1] if results[1][0] < results[0][0] else results[0]
    return Result(q.dequantize(), q, loss, results[0][0])


def _group_length(s: Any, along: int, inputs: int) -> int:
    if not s.levels or along != 0 or s.flat:
        return inputs
    group = s.levels[0].group
    if isinstance(group, tuple):
        group = group[0]
    return min(group, inputs) if isinstance(group, int) else inputs


@dataclass(frozen=True)
class Equalized:
    """Two layers relu(x w1 + b1) w2 that compute the same in real numbers. first, second: their weights. bias: of the
    first, None where there was none. scales: the first's output channels were divided by them. ranges: the largest
    magnitudes of each channel, (2, channels), of both layers afterwards: equal where neither was zero."""

    first: Array
    second: Array
    bias: Array | None
    scales: Array
    ranges: Array


def equalize(w1: Any, w2: Any, bias: Any = None, *, power_of_two: bool = False) -> Equalized:
    """Cross-layer equalization (Nagel et al., arXiv 1906.04721, equation 11): the channels between two layers are
    scaled so that both see the same ranges.

    w1: (in, channels), w2: (channels, out), bias: (channels,) of the first. With ranges r1 and r2, the largest
    magnitudes of the columns of w1 and the rows of w2, s = sqrt(r1 r2) / r2: w1 / s, bias / s, s w2; both ranges
    become sqrt(r1 r2). Between the layers stands nothing, or a function with f(s x) = s f(x) for s > 0, as ReLU. A
    channel that is zero on either side keeps its scale, 1. power_of_two: s to the nearest powers of two.
    """
    first, second = weight_matrix(w1, "w1"), weight_matrix(w2, "w2")
    if first.shape[1] != second.shape[0]:
        raise ValueError(
            f"w2 has shape {second.shape}, allowed: ({first.shape[1]}, out), as w1 has {first.shape[1]} columns"
        )
    shift = None if bias is None else vector("bias", bias, first.shape[1])
    r1, r2 = np.abs(first).max(axis=0), np.abs(second).max(axis=1)
    live = (r1 > 0) & (r2 > 0)
    scales = np.ones(len(r1))
    scales[live] = np.sqrt(r1[live]) / np.sqrt(r2[live])
    if check_flag("power_of_two", power_of_two):
        scales = nearest_power_of_two(scales)
    first, second = first / scales, scales[:, None] * second
    ranges = np.stack([np.abs(first).max(axis=0), np.abs(second).max(axis=1)])
    return Equalized(first, second, None if shift is None else shift / scales, scales, ranges)


def equalize_chain(
    weights: Any, biases: Any = None, *, rounds: int = 20, tolerance: float = 1e-6
) -> tuple[list[Array], list[Array | None], int]:
    """:func:`equalize` on each pair of neighbours in a chain of layers, again and again until no scale differs from 1
    by more than the tolerance, at most `rounds` times. Gives weights, biases, and how many rounds it took."""
    for name, given in (("weights", weights), ("biases", biases)):
        if isinstance(given, (str, bytes)) or not (given is None or isinstance(given, Iterable)) or weights is None:
            raise TypeError(f"{name} is {given!r}, allowed: a list of arrays")
    layers = [weight_matrix(w, f"weights[{i}]") for i, w in enumerate(weights)]
    shifts: list[Array | None] = [None] * len(layers) if biases is None else list(biases)
    if len(layers) < 2 or len(shifts) != len(layers):
        raise ValueError(
            f"weights has {len(layers)} layers and biases {len(shifts)}, allowed: two or more, as many of both"
        )
    for i, (layer, shift) in enumerate(zip(layers, shifts, strict=True)):
        if i and layer.shape[0] != layers[i - 1].shape[1]:
            raise ValueError(
                f"weights[{i}] has shape {layer.shape}, allowed: ({layers[i - 1].shape[1]}, out), as weights[{i - 1}] "
                "has columns"
            )
        shifts[i] = None if shift is None else vector(f"biases[{i}]", shift, layer.shape[1])
    limit = real("tolerance", tolerance, 0, 1)
    most = integer("rounds", rounds, 1, 100000)
    done, change = 0, np.inf
    while change > limit and done < most:
        done, change = done + 1, 0.0
        for i in range(len(layers) - 1):
            pair = equalize(layers[i], layers[i + 1], shifts[i])
            layers[i], layers[i + 1], shifts[i] = pair.first, pair.second, pair.bias
            change = max(change, float(np.abs(np.log(pair.scales)).max()))
    return layers, shifts, done
