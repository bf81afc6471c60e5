"""Networks as lists of layers, and what changes them without changing what they compute."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.lib.stride_tricks import as_strided

# What a layer multiplies in place of its inputs, and the scale that the product has to be multiplied by.
Inputs = tuple[np.ndarray, float]
BATCH = 64  # images at a time, so that what they become stays in the processor's cache


@dataclass(frozen=True)
class Layer:
    """y = (x W) gain + bias, below zero 0 where relu. weight: (in, out). stride: 0 for a dense layer; else that of a
    3×3 convolution with a border of zeros, whose inputs are patches: row k·C + c of the weight is pixel k of channel c.
    gain: (out,), batch normalization that is not folded into the weight; None: folded, or none."""

    weight: np.ndarray
    bias: np.ndarray
    stride: int = 0
    relu: bool = True
    gain: np.ndarray | None = None


Network = list[Layer]


def patches(x: np.ndarray, stride: int) -> np.ndarray:
    """The 3×3 surroundings of every stride-th pixel of images (n, h, w, c), zeros outside: (n, h', w', 9·c)."""
    count, height, width, channels = x.shape
    wide = np.zeros((count, height + 2, width + 2, channels))
    wide[:, 1:-1, 1:-1] = x
    rows, columns = -(-height // stride), -(-width // stride)
    n, h, w, c = wide.strides
    windows = as_strided(
        wide, (count, rows, columns, 3, 3, channels), (n, stride * h, stride * w, h, w, c), writeable=False
    )
    return windows.reshape(count, rows, columns, 9 * channels)


def unpatched(gradient: np.ndarray, shape: tuple[int, ...], stride: int) -> np.ndarray:
    """The transpose of patches: what each pixel of images of this shape gets from the patches it is in."""
    count, height, width, channels = shape
    wide = np.zeros((count, height + 2, width + 2, channels))
    for k in range(9):
        part = gradient[..., k * channels : (k + 1) * channels]
        wide[:, k // 3 : k // 3 + height : stride, k % 3 : k % 3 + width : stride] += part
    return wide[:, 1:-1, 1:-1]


def as_inputs(layer: Layer, x: np.ndarray) -> np.ndarray:
    """Images or vectors as what the layer's weight is multiplied with: (..., in)."""
    return patches(x, layer.stride) if layer.stride else x.reshape(len(x), -1)


def forward(
    network: Network, images: np.ndarray, before: Callable[[int, np.ndarray], Inputs] | None = None
) -> np.ndarray:
    """The logits (n, 10). before: what becomes of the inputs of a layer, given its place and them."""
    parts = range(0, len(images), BATCH)
    return np.concatenate([_forward(network, images[start : start + BATCH], before) for start in parts])


def _forward(network: Network, x: np.ndarray, before: Callable[[int, np.ndarray], Inputs] | None) -> np.ndarray:
    for place, layer in enumerate(network):
        x, scale = before(place, x) if before else (x, 1.0)
        x = as_inputs(layer, x) @ layer.weight
        x = x * (scale if layer.gain is None else scale * layer.gain) + layer.bias
        if layer.relu:
            x = np.maximum(x, 0)
    return x


def inputs_of_layers(network: Network, images: np.ndarray) -> list[np.ndarray]:
    """What reaches each layer."""
    seen: list[list[np.ndarray]] = [[] for _ in network]

    def note(place: int, x: np.ndarray) -> Inputs:
        seen[place].append(x)
        return x, 1.0

    forward(network, images, note)
    return [np.concatenate(parts) for parts in seen]


def folded(network: Network) -> Network:
    """Batch normalization inside the weights."""
    return [
        layer if layer.gain is None else replace(layer, weight=layer.weight * layer.gain, gain=None)
        for layer in network
    ]


def by_channel(weight: np.ndarray, channels: int) -> np.ndarray:
    """A weight whose inputs come from so many channels, as (channels, everything that a channel is multiplied with)."""
    return weight.reshape(-1, channels, weight.shape[1]).transpose(1, 0, 2).reshape(channels, -1)


def rescaled(network: Network, factors: Sequence[np.ndarray]) -> Network:
    """The same function, with the channels after layer i multiplied by factors[i] > 0: max(c x, 0) = c max(x, 0). With
    powers of two every logit stays the same to the bit. Batch normalization must be folded."""
    if any(layer.gain is not None for layer in network):
        raise ValueError("network has batch normalization apart, allowed: folded")
    out = list(network)
    for place, factor in enumerate(factors):
        first, second = out[place], out[place + 1]
        out[place] = replace(first, weight=first.weight * factor, bias=first.bias * factor)
        divisor = np.tile(factor, len(second.weight) // len(factor))[:, None]
        out[place + 1] = replace(second, weight=second.weight / divisor)
    return out


def badly_scaled(network: Network, octaves: int, seed: int) -> Network:
    """The same function, each hidden channel multiplied by a power of two from 2^−octaves to 2^octaves."""
    rng = np.random.default_rng([seed, 2])
    return rescaled(
        network, [2.0 ** rng.integers(-octaves, octaves, layer.bias.shape, endpoint=True) for layer in network[:-1]]
    )


def parameters(network: Network) -> int:
    return sum(layer.weight.size + layer.bias.size for layer in folded(network))


def largest_fan_in(network: Network) -> int:
    return max(len(layer.weight) for layer in network)
