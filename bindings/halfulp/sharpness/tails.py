"""How heavy the tails of weights and activations are, before and after a rotation, and gradients beside noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._runs import real, renamed
from halfulp.methods.rotation import rotation
from halfulp.sharpness._checks import finite_array, flag

#: Below this quotient of the gradient's norm and the noise's, training on noisy gradients stops to help (2505.19115).
NOISE_THRESHOLD = math.sqrt(3)


def kurtosis(x: Any, axis: int | None = None, *, excess: bool = True, centred: bool = True) -> Any:
    """E (x - μ)⁴ / (E (x - μ)²)², less 3 where `excess`: 0 for normal numbers, -1.2 for uniform, 3 for Laplace's.

    x: floats of any shape. axis: along which; None: over all elements, which gives a float. centred: False takes μ = 0,
    as for activations behind a normalization. Means are plain, without a correction for the number of samples. Numbers
    that are all equal (all zero, uncentred) have none: nan.
    """
    a = finite_array("x", x)
    excess, centred = flag("excess", excess), flag("centred", centred)
    if axis is not None:
        _check_axis(a, axis)
    a = _scaled(a, axis)
    if centred:
        a = a - a.mean(axis=axis, keepdims=True)
    squares = a * a
    second = squares.mean(axis=axis)
    with np.errstate(invalid="ignore", divide="ignore"):
        out = (squares * squares).mean(axis=axis) / (second * second) - (3.0 if excess else 0.0)
    return float(out) if np.ndim(out) == 0 else out


def _scaled(a: np.ndarray, axis: int | None) -> np.ndarray:
    """In a power of two as the unit, one for each mean: fourth powers neither overflow nor vanish."""
    out: np.ndarray = np.ldexp(a, -np.frexp(np.abs(a).max(axis=axis, keepdims=True))[1])
    return out


def osp_kurtosis(states: Any) -> float:
    """Excess kurtosis as the code of Outlier-Safe Pre-Training (arXiv 2506.19697) measures it: for each token of each
    hidden state E x⁴ / s⁴ - 3 over the channels, s the sample standard deviation (of n - 1), negative ones as 0, the
    mean over tokens, then over states.

    states: one array (..., channels), or a sequence or mapping of them, each layer's hidden state. The fourth moment is
    not centred there, the deviation is. A token whose channels are all equal is a ValueError.
    """
    if isinstance(states, Mapping):
        parts: list[Any] = list(states.values())
    elif isinstance(states, (list, tuple)):
        parts = list(states)
    else:
        parts = [states]
    if not parts:
        raise ValueError("states is empty, allowed: at least one array (..., channels)")
    means = []
    for place, part in enumerate(parts):
        a = finite_array(f"states[{place}]", part)
        if a.ndim == 0 or a.shape[-1] < 2:
            raise ValueError(f"states[{place}] has shape {a.shape}, allowed: (..., channels), two channels or more")
        a = _scaled(a.reshape(-1, a.shape[-1]), 1)
        deviation = a.std(axis=1, ddof=1)
        if (deviation == 0).any():
            raise ValueError(
                f"states[{place}] has a token of {a.shape[1]} equal channels, allowed: tokens with a deviation above 0"
            )
        scaled = a / deviation[:, None]
        means.append(float(np.maximum((scaled**4).mean(axis=1) - 3, 0).mean()))
    return float(np.mean(means))


@dataclass(frozen=True)
class Outliers:
    """max_over_rms: the largest magnitude over the root mean square. max_over_median: over the median magnitude; inf
    where that is 0. share: the part of elements beyond `sigmas` standard deviations from the mean. sigmas: as asked
    for. kurtosis: excess, of all elements. channel_ratio: the largest over the median root mean square of the channels;
    inf where the median is 0. elements: how many."""

    max_over_rms: float
    max_over_median: float
    share: float
    sigmas: float
    kurtosis: float
    channel_ratio: float
    elements: int


def outliers(x: Any, *, sigmas: float = 6.0, channel_axis: int = -1) -> Outliers:
    """Measures of outliers in a tensor of weights or activations.

    x: floats, at least one that is not 0. sigmas: above 0; 6 is the limit that LLM.int8 (arXiv 2208.07339) draws in
    its own units. channel_axis: of the channels, for channel_ratio; one-dimensional numbers are channels of one element
    each. Raises ValueError for zeros alone, NaN and infinities.
    """
    a = finite_array("x", x)
    beyond = real("sigmas", sigmas, 0.0, above=True)
    largest = float(np.abs(a).max())
    if largest == 0:
        raise ValueError("x holds zeros alone, allowed: at least one number other than 0")
    if a.ndim:
        _check_axis(a, channel_axis, "channel_axis")
    a = np.ldexp(a, -math.frexp(largest)[1])
    size = np.abs(a)
    rms = math.sqrt(float((a * a).mean()))
    spread = float(a.std())
    channels = np.moveaxis(a, channel_axis, 0).reshape(a.shape[channel_axis], -1) if a.ndim else a.reshape(1, 1)
    each = np.sqrt((channels * channels).mean(axis=1))
    return Outliers(
        max_over_rms=float(size.max()) / rms,
        max_over_median=_ratio(float(size.max()), float(np.median(size))),
        share=float((np.abs(a - a.mean()) > beyond * spread).mean()) if spread else 0.0,
        sigmas=beyond,
        kurtosis=float(kurtosis(a)),
        channel_ratio=_ratio(float(each.max()), float(np.median(each))),
        elements=int(a.size),
    )


def _ratio(a: float, b: float) -> float:
    return a / b if b else math.inf


def _check_axis(a: np.ndarray, axis: Any, name: str = "axis") -> None:
    if isinstance(axis, (bool, np.bool_)) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{name} is {axis!r}, allowed: an integer")
    if not -a.ndim <= axis < a.ndim:
        raise ValueError(f"{name} is {axis}, allowed: {-a.ndim} to {a.ndim - 1}")


@dataclass(frozen=True, eq=False)
class Rotated:
    """before, after: outliers of the numbers and of what they are rotated. values: rotated, float64 in x's shape.
    block: length of the Hadamard matrices used."""

    before: Outliers
    after: Outliers
    values: np.ndarray
    block: int


def rotated(
    x: Any,
    *,
    axis: int = -1,
    seed: int | None = None,
    kind: str = "auto",
    block: int | None = None,
    sigmas: float = 6.0,
) -> Rotated:
    """Outliers before and after an orthonormal Hadamard rotation along an axis.

    x: floats, at least one that is not 0. seed: of random signs before the rotation; None: none. kind, block: as of
    ``hu.methods.rotation``. For independent numbers of one distribution and a matrix of n rows the excess kurtosis
    divides by n; one number that is not 0 among n becomes n of one magnitude, so that E x⁴ / (E x²)² falls from n to 1.
    """
    a = finite_array("x", x)
    if a.ndim == 0:
        raise ValueError("x has shape (), allowed: at least one axis")
    _check_axis(a, axis)
    turn = rotation(a.shape[axis], seed=seed, kind=kind, block=block)
    values = np.moveaxis(turn.apply(np.ascontiguousarray(np.moveaxis(a, axis, -1))), -1, axis)
    return Rotated(
        before=outliers(a, sigmas=sigmas, channel_axis=axis),
        after=outliers(values, sigmas=sigmas, channel_axis=axis),
        values=np.ascontiguousarray(values),
        block=int(turn.block),
    )


@dataclass(frozen=True)
class NoiseRatio:
    """ratio: ‖gradient‖ / ‖noise‖, inf without noise, nan where both are 0. gradient_norm, noise_norm. deviation:
    noise_norm / √elements, the noise of one element. elements: how many. sufficient: ratio at least √3."""

    ratio: float
    gradient_norm: float
    noise_norm: float
    deviation: float
    elements: int
    sufficient: bool


def gradient_noise_ratio(gradient: Any, noise: Any, **options: Any) -> NoiseRatio:
    """The norm of a gradient over that of the quantization noise in it, σ √d for noise of deviation σ in each of d
    elements. Below √3 quantized training was found, and argued, to stop making progress (arXiv 2505.19115).

    gradient: floats, or a mapping or sequence of such arrays, all together one vector. noise: what quantization added
    to it, in the same form; or a number, the deviation σ of each element; or a scheme or format, under which the
    gradient is quantized here, with ``options`` as of ``hu.fake_quantize`` (rounding="stochastic", rng=…).
    """
    parts = _parts("gradient", gradient)
    count = sum(part.size for part in parts)
    length = _norm(parts)
    if isinstance(noise, (int, float, np.integer, np.floating)) and not isinstance(noise, bool):
        norm = real("noise", noise, 0.0) * math.sqrt(count)
    elif isinstance(noise, (Mapping, list, tuple, np.ndarray)) or hasattr(noise, "__array__"):
        if isinstance(gradient, Mapping) != isinstance(noise, Mapping):
            raise ValueError("noise is in another form than gradient, allowed: two mappings, or none")
        if isinstance(noise, Mapping):
            if noise.keys() != gradient.keys():
                raise ValueError(f"noise holds {list(noise)}, allowed: the names of gradient, {list(gradient)}")
            noise = {key: noise[key] for key in gradient}
        given = _parts("noise", noise)
        if [part.shape for part in given] != [part.shape for part in parts]:
            raise ValueError(
                f"noise has shapes {[part.shape for part in given]}, allowed: {[part.shape for part in parts]}, those "
                "of gradient"
            )
        norm = _norm(given)
    else:
        from halfulp._quantize import fake_quantize

        with renamed({"scheme": "noise"}):
            norm = _norm([np.asarray(fake_quantize(part, noise, **options)) - part for part in parts])
        options = {}
    if options:
        raise TypeError(f"{sorted(options)[0]!r} is given, allowed beside an array or a number: no options")
    ratio = length / norm if norm else math.inf if length else math.nan
    return NoiseRatio(ratio, length, norm, norm / math.sqrt(count), count, ratio >= NOISE_THRESHOLD)


def _norm(parts: list[np.ndarray]) -> float:
    """Of all together, in a power of two as the unit: squares neither overflow nor vanish."""
    exponent = math.frexp(max(float(np.abs(part).max()) for part in parts))[1]
    return math.ldexp(math.sqrt(math.fsum(float((np.ldexp(p, -exponent) ** 2).sum()) for p in parts)), exponent)


def _parts(name: str, x: Any) -> list[np.ndarray]:
    if isinstance(x, Mapping):
        if not x:
            raise ValueError(f"{name} is empty, allowed: at least one array")
        return [finite_array(f"{name}[{key!r}]", part) for key, part in x.items()]
    if isinstance(x, (list, tuple)) and x and all(hasattr(part, "shape") for part in x):
        return [finite_array(f"{name}[{place}]", part) for place, part in enumerate(x)]
    return [finite_array(name, x)]
