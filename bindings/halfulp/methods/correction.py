"""Bias correction: what rounding adds to the mean of the outputs is taken off again."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp.methods._layers import Array, samples, vector, weight_matrix


def bias_correction(w: Any, weight_q: Any, x: Any = None, *, x_mean: Any = None, bias: Any = None) -> Array:
    """b + E[x] (W - W_q), the bias (out,) with which the mean of the outputs is what it was (Nagel et al., arXiv
    1906.04721, section 4.2).

    w, weight_q: (in, out). x: inputs (samples, in), or x_mean, the mean of each channel (in,), with its sign. bias:
    (out,), zero where None.
    """
    weights, rounded = weight_matrix(w), weight_matrix(weight_q, "weight_q")
    if rounded.shape != weights.shape:
        raise ValueError(f"weight_q has shape {rounded.shape}, allowed: {weights.shape}, the shape of w")
    if (x is None) == (x_mean is None):
        raise ValueError("x and x_mean are both " + ("missing" if x is None else "given") + ", allowed: one of them")
    mean = samples(x, len(weights)).mean(axis=0) if x is not None else vector("x_mean", x_mean, len(weights))
    start = np.zeros(weights.shape[1]) if bias is None else vector("bias", bias, weights.shape[1])
    corrected: Array = start + mean @ (weights - rounded)
    return corrected
