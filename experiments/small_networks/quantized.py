"""Networks with quantized weights and inputs, as integer hardware would compute them: members are multiplied and added
exactly or nearly so, and the sum is scaled once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import halfulp as hu
import numpy as np
from networks import Inputs, Network

CANDIDATES = range(4, 17)  # parts in 16 of the largest magnitude that the rule "mse" tries as ends


def scheme_of(weights: str, rule: str = "absmax") -> str:
    """The scheme of "int8s/channel": one binary32 scale for each output channel, or for the tensor. rule: "absmax", or
    "mse" for halfulp's search."""
    text, _, option = weights.partition("@")
    options = ",".join(part for part in (option, "search=mse" if rule == "mse" else "") if part)
    return f"{text}:binary32" + (f"@{options}" if options else "")


def with_weights(network: Network, scheme: str) -> Network:
    """Every weight under a scheme; biases stay as they are. Output channels are the columns."""
    return [
        replace(layer, weight=hu.fake_quantize(layer.weight, scheme, channel_axis=1, threads=1)) for layer in network
    ]


@dataclass(frozen=True)
class Rounding:
    """Inputs of layers rounded to a format under one scale each, and saturated: what `forward` calls before a layer."""

    format: str
    scales: tuple[float, ...]

    def __call__(self, place: int, x: np.ndarray) -> Inputs:
        scale = self.scales[place]
        return hu.round(x / scale, self.format, overflow="sat_finite", threads=1), scale


def rounding(format_name: str, inputs: list[np.ndarray], rule: str = "absmax") -> Rounding:
    """Scales of each layer's inputs from those that calibration images have there. absmax: the largest magnitude goes
    to the largest member. mse: that part of it does which leaves the least squared error."""
    return Rounding(format_name, tuple(_scale(x, format_name, rule) for x in inputs))


def _scale(x: np.ndarray, format_name: str, rule: str) -> float:
    full = float(np.abs(x).max()) / hu.format(format_name).max
    if rule == "absmax":
        return float(np.float32(full))
    if rule != "mse":
        raise ValueError(f"rule is {rule!r}, allowed: 'absmax' or 'mse'")
    values = x[x != 0]  # zero is a member of every format here
    errors = []
    for part in CANDIDATES:
        scale = float(np.float32(full * part / CANDIDATES[-1]))
        error = hu.round(values / scale, format_name, overflow="sat_finite", threads=1) * scale - values
        errors.append((float((error * error).sum()), scale))
    return min(errors)[1]
