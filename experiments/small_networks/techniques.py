"""Weight equalization and bias correction by halfulp.methods, for networks with convolutions as well."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
from halfulp.methods import bias_correction, equalize
from networks import Network, as_inputs, by_channel, rescaled

ROUNDS = 20
SETTLED = 1e-3  # of a scale: far below a step of 8 bits


def equalized(network: Network) -> Network:
    """The same function with channels scaled so that both layers beside them see the same ranges (Nagel et al., arXiv
    1906.04721, equation 11), pair after pair, again until no scale moves by more than SETTLED."""
    for _ in range(ROUNDS):
        furthest = 0.0
        for place, (first, second) in enumerate(itertools.pairwise(network)):
            # What a channel is multiplied with stands in several rows behind a convolution.
            scales = equalize(first.weight, by_channel(second.weight, first.weight.shape[1])).scales
            factors = [np.ones(layer.weight.shape[1]) for layer in network[:-1]]
            factors[place] = 1 / scales
            network = rescaled(network, factors)
            furthest = max(furthest, float(np.abs(np.log(scales)).max()))
        if furthest <= SETTLED:
            break
    return network


def bias_corrected(network: Network, quantized: Network, inputs: list[np.ndarray]) -> Network:
    """quantized with biases that take off what its weights add to the means of the outputs (the same, section 4.2).
    inputs: what reaches each layer of `network` from calibration images."""
    out = []
    for layer, rounded, x in zip(network, quantized, inputs, strict=True):
        mean = as_inputs(layer, x).reshape(-1, len(layer.weight)).mean(axis=0)
        bias = bias_correction(layer.weight, rounded.weight, x_mean=mean, bias=rounded.bias)
        out.append(replace(rounded, bias=bias))
    return out
