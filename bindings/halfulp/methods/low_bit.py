"""Ternary and complex weights by the interface of the other methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import phase
from halfulp import ternary as ternary_quantizers
from halfulp._runs import integer
from halfulp.methods._layers import (
    Array,
    Result,
    proxy_loss,
    second_moment,
    weight_matrix,
)
from halfulp.methods.nearest import nearest


def ternary(
    w: Any, h: Any = None, *, group: Any = "tensor", scale: Any = "binary32", recipe: str = "paper", axis: int = 0
) -> Result:
    """w (in, out) with elements -1, 0, 1 under scales of a scheme "ternary/group:scale@recipe=recipe": "paper" (BitNet
    b1.58), "clamp", "bitnet", "twn", "absmax". For elements that make good what others lose: :func:`gptq` with the same
    scheme."""
    return nearest(w, f"ternary/{group}:{scale}@recipe={recipe}", h, axis=axis, channel_axis=1)


def trained_ternary(w: Any, h: Any = None, *, threshold: Any = 0.05, init: str = "least_squares") -> Result:
    """w with -a, 0, +b by trained ternary quantization's start (hu.ternary.ttq), one pair of scales for the tensor."""
    weights = weight_matrix(w)
    moment = None if h is None else second_moment(h, len(weights))
    made = ternary_quantizers.ttq(weights, threshold, init=init)
    values = np.asarray(made.dequantize())
    loss = proxy_loss(weights - values, moment)
    return Result(values, made, loss, loss)


@dataclass(frozen=True)
class ComplexWeights:
    """The widely linear form y = U x + W conj(x) of a real matrix, both complex matrices quantized."""

    linear: Any
    conjugate: Any

    def dequantize(self) -> Array:
        """The real matrix (in, out), float64."""
        u, v = (np.asarray(part.dequantize(np.complex128)) for part in (self.linear, self.conjugate))
        return np.ascontiguousarray(np.asarray(phase.from_widely_linear(u, v)).T)


def complex_phases(w: Any, h: Any = None, *, scheme: Any = "pm1_pmi/tensor:binary32", stages: int = 1) -> Result:
    """w (in, out), both even, as complex numbers of {±1, ±i} under scales (iFairy; Fairy2i, arXiv 2512.02901), in
    `stages` residual stages (1 to 4). The matrix that acts on columns, w', is what is brought to the widely linear
    form. nearest_loss is that of one stage."""
    weights = weight_matrix(w)
    moment = None if h is None else second_moment(h, len(weights))
    count = integer("stages", stages, 1, 4)
    if weights.shape[0] % 2 or weights.shape[1] % 2:
        raise ValueError(f"w has shape {weights.shape}, allowed: both even, as real and imaginary parts")
    parts = phase.to_widely_linear(np.ascontiguousarray(weights.T))

    def made(n: int) -> ComplexWeights:
        return ComplexWeights(*(phase.quantize(part, scheme, stages=n) for part in parts))

    q = made(count)
    values = q.dequantize()
    one = values if count == 1 else made(1).dequantize()
    return Result(values, q, proxy_loss(weights - values, moment), proxy_loss(weights - one, moment))
