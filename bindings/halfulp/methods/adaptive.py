"""Adaptive steps for activations (ASQ, arXiv 2504.17263): each token is rounded with a step s β, and a small module
finds β from the token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._convert import round as round_to
from halfulp._format import Format, real_format
from halfulp._runs import integer, real
from halfulp.methods._layers import Array, real_array, samples

# Of the largest magnitude: sums of squared errors stay within float64, of small steps too.
_LEAST, _MOST = 1e-100, 1e140

FEATURES = ("log max|x|", "log mean|x|", "log root mean x²")


@dataclass(frozen=True)
class AdaptiveStep:
    """x becomes clamp(round(x / (s β))) s β in the members of a format.

    step: s, of the tensor. weights, bias: of the module, log2 β = features (x) @ weights + bias, one linear layer on
    the features ``FEATURES`` (base 2, relative to s). error, fixed_error: the mean squared errors on the calibration
    set with β and with β = 1.
    """

    element: Format
    step: float
    weights: Array
    bias: float
    error: float
    fixed_error: float

    def beta(self, x: Any) -> Array:
        """β of each token of x (..., channels)."""
        a = real_array("x", x)
        if a.ndim == 0:
            raise ValueError("x is 0-d, allowed: (..., channels)")
        beta: Array = np.exp2(_features(a, self.step) @ self.weights + self.bias)
        return beta

    def apply(self, x: Any) -> Array:
        """x rounded, in its shape, float64."""
        a = real_array("x", x)
        return _rounded(a, self.step * self.beta(a)[..., None], self.element)


def _features(x: Array, step: float) -> Array:
    """The features of each token; of a token of zeros those of a token whose magnitudes are all one step."""
    magnitude = np.abs(x)
    three = np.stack([magnitude.max(axis=-1), magnitude.mean(axis=-1), np.sqrt((x * x).mean(axis=-1))], axis=-1)
    relative = three / step
    return np.log2(np.where(relative > 0, relative, 1.0))


def _rounded(x: Array, step: Array | float, element: Format) -> Array:
    return np.asarray(round_to(x / step, element, overflow="sat_finite")) * step


def adaptive_step(
    x: Any, element: Any = "int4s", *, candidates: int = 64, lowest: float = 2.0**-6, ridge: float = 1e-6
) -> AdaptiveStep:
    """Fits :class:`AdaptiveStep` to calibration inputs (tokens, channels).

    The paper trains s and its module with the network. Here, after training, both come from the data: s and each
    token's β are those of `candidates` steps, evenly spaced in their logarithms from `lowest` times the largest up to
    it, that leave the least squared error, of all tokens (s) or of one (β); the module is their least-squares fit with
    a `ridge` on its weights. Where the fit leaves a larger error than β = 1, the module is zero, so on x the result is
    never worse than the fixed step.
    """
    f = real_format(element)
    a = real_array("x", x)
    if a.ndim == 0:
        raise ValueError("x is 0-d, allowed: (..., channels)")
    a = samples(a, a.shape[-1])
    count = integer("candidates", candidates, 2, 4096)
    low = real("lowest", lowest, 2.0**-60, 0.5)
    damp = real("ridge", ridge, 0, 1e6)
    largest = float(np.abs(a).max())
    if largest == 0:
        raise ValueError("x is all zeros, allowed: some magnitude to find steps from")
    if not _LEAST <= largest <= _MOST:
        raise ValueError(f"x holds {largest:g} in size, allowed: a largest magnitude from {_LEAST:g} to {_MOST:g}")
    reach = max(abs(float(f.max)), abs(float(f.min)))
    steps = largest / reach * np.exp2(np.linspace(np.log2(low), 0, count))
    errors = np.stack([((a - _rounded(a, s, f)) ** 2).sum(axis=1) for s in steps])
    step = float(steps[int(errors.sum(axis=1).argmin())])
    best = steps[errors.argmin(axis=0)]
    live = np.abs(a).max(axis=1) > 0
    features = _features(a[live], step)
    mean = features.mean(axis=0)
    centred = features - mean
    target = np.log2(best[live] / step)
    gram = centred.T @ centred / len(centred) + damp * np.eye(features.shape[1])
    weights = np.linalg.lstsq(gram, centred.T @ (target - target.mean()) / len(centred), rcond=None)[0]
    bias = float(target.mean() - mean @ weights)
    fixed = float(((a - _rounded(a, step, f)) ** 2).mean())
    made = AdaptiveStep(f, step, weights, bias, 0.0, fixed)
    error = float(((a - made.apply(a)) ** 2).mean())
    if error > fixed:
        weights, bias, error = np.zeros_like(weights), 0.0, fixed
    return AdaptiveStep(f, step, weights, bias, error, fixed)
