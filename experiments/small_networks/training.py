"""Training by hand: forward, backward, Adam. Any machine and any number of threads gives the same weights.

The operands of every sum are put on a grid of BITS bits below their largest magnitude first. Then products of two fit
2·BITS bits, and a sum of up to 2^(53 − 2·BITS) of them is exact in binary64 whatever the order, so neither a BLAS's
kernels nor its threads have a say. What remains are single operations, which IEEE 754 determines, and exp, whose last
bit the grid takes away but for one value in 2^30 or so.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from data import CLASSES, Digits
from networks import Layer, Network, as_inputs, unpatched

BITS = 18  # two of them leave 17 bits: 131072 terms, more than pixels in a batch
EPSILON = 1e-5  # of batch normalization
MEMORY = 0.9  # of its running mean and variance
BETA1, BETA2, ADAM_EPSILON = 0.9, 0.999, 1e-8  # Adam's (arXiv 1412.6980)


def grid(x: np.ndarray) -> np.ndarray:
    """x to the nearest multiple of 2^(e − BITS), where 2^e is above the largest magnitude."""
    _, exponent = np.frexp(np.abs(x).max(initial=0.0))
    step = np.ldexp(1.0, int(exponent) - BITS)
    return np.rint(x / step) * step


@dataclass
class Trained:
    """A layer while it learns. normalized: by batch normalization, whose gain and shift stand in `parameters` beside
    the weight. running: mean and variance to be used after training."""

    stride: int
    relu: bool
    normalized: bool
    parameters: dict[str, np.ndarray]
    running: dict[str, np.ndarray] = field(default_factory=dict)
    kept: dict[str, Any] = field(default_factory=dict)

    def forward(self, x: np.ndarray) -> np.ndarray:
        inputs = grid(as_inputs(self, x))  # type: ignore[arg-type]
        y = inputs @ grid(self.parameters["weight"])
        self.kept = {"shape": x.shape, "inputs": inputs}
        if self.normalized:
            y = self._normalize(y) * self.parameters["gain"]
        y = y + self.parameters["bias"]
        if self.relu:
            y = np.maximum(y, 0)
            self.kept["on"] = y > 0
        return y

    def _normalize(self, y: np.ndarray) -> np.ndarray:
        axes = tuple(range(y.ndim - 1))
        y = grid(y)
        count = y.size // y.shape[-1]
        mean = y.sum(axis=axes) / count
        centred = grid(y - mean)
        variance = (centred * centred).sum(axis=axes) / count
        for name, now in (("mean", mean), ("variance", variance)):
            before = self.running.get(name, now)
            self.running[name] = MEMORY * before + (1 - MEMORY) * now
        deviation = np.sqrt(variance + EPSILON)
        self.kept |= {"unit": centred / deviation, "deviation": deviation, "axes": axes, "count": count}
        return self.kept["unit"]

    def backward(self, gradient: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """The loss's gradients with respect to the layer's inputs and to its parameters."""
        kept, found = self.kept, {}
        if self.relu:
            gradient = gradient * kept["on"]
        gradient = grid(gradient)
        axes = tuple(range(gradient.ndim - 1))
        found["bias"] = gradient.sum(axis=axes)
        if self.normalized:
            unit = grid(kept["unit"])
            found["gain"] = (gradient * unit).sum(axis=axes)
            mean, along = found["bias"] / kept["count"], found["gain"] / kept["count"]
            gradient = (gradient - mean - unit * along) * (self.parameters["gain"] / kept["deviation"])
            gradient = grid(gradient)
        inputs = kept["inputs"]
        found["weight"] = inputs.reshape(-1, inputs.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])
        back = gradient @ grid(self.parameters["weight"]).T
        back = unpatched(grid(back), kept["shape"], self.stride) if self.stride else back.reshape(kept["shape"])
        return back, found

    def finished(self) -> Layer:
        weight, bias = self.parameters["weight"], self.parameters["bias"]
        if not self.normalized:
            return Layer(weight, bias, self.stride, self.relu)
        gain = self.parameters["gain"] / np.sqrt(self.running["variance"] + EPSILON)
        return Layer(weight, bias - self.running["mean"] * gain, self.stride, self.relu, gain)


def new_layer(inputs: int, outputs: int, rng: Any, *, stride: int = 0, relu: bool = True) -> Trained:
    """Uniform weights of variance 2 / in (He et al., arXiv 1502.01852). Convolutions are normalized."""
    limit = np.sqrt(6 / inputs)
    parameters = {"weight": rng.uniform(-limit, limit, (inputs, outputs)), "bias": np.zeros(outputs)}
    if stride:
        parameters["gain"] = np.ones(outputs)
    return Trained(stride, relu, bool(stride), parameters)


def new_network(name: str, sizes: list[int], rng: Any) -> list[Trained]:
    """mlp: dense layers, sizes are their outputs. cnn: convolutions with so many channels, the first of stride 1 and
    the others of stride 2, then a dense layer."""
    layers = []
    if name == "mlp":
        inputs = 64
        for outputs in sizes:
            layers.append(new_layer(inputs, outputs, rng))
            inputs = outputs
    elif name == "cnn":
        side, channels = 8, 1
        for place, outputs in enumerate(sizes):
            stride = 2 if place else 1
            layers.append(new_layer(9 * channels, outputs, rng, stride=stride))
            side, channels = -(-side // stride), outputs
        inputs = side * side * channels
    else:
        raise ValueError(f"network is {name!r}, allowed: 'mlp' or 'cnn'")
    return [*layers, new_layer(inputs, CLASSES, rng, relu=False)]


def loss_and_gradient(logits: np.ndarray, labels: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean cross entropy, and its gradient with respect to the logits."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    sums = powers.sum(axis=1, keepdims=True)
    rows = np.arange(len(labels))
    gradient = powers / sums
    gradient[rows, labels] -= 1
    return float((np.log(sums[:, 0]) - shifted[rows, labels]).mean()), gradient / len(labels)


def gradients(layers: list[Trained], images: np.ndarray, labels: np.ndarray) -> tuple[float, list[dict[str, Any]]]:
    """The loss of a batch and its gradients with respect to each layer's parameters."""
    x = images
    for layer in layers:
        x = layer.forward(x)
    loss, gradient = loss_and_gradient(x, labels)
    found: list[dict[str, Any]] = []
    for layer in reversed(layers):
        gradient, of_layer = layer.backward(gradient)
        found.append(of_layer)
    return loss, found[::-1]


class Adam:
    """Adam with a rate that falls linearly to 0, and weights (not gains and biases) that decay by themselves."""

    def __init__(self, layers: list[Trained], rate: float, decay: float, steps: int) -> None:
        self.layers, self.rate, self.decay, self.steps = layers, rate, decay, steps
        self.step_number = 0
        self.power1 = self.power2 = 1.0  # products, since pow is not the same everywhere
        self.moments = [
            {name: (np.zeros_like(p), np.zeros_like(p)) for name, p in layer.parameters.items()} for layer in layers
        ]

    def step(self, found: list[dict[str, Any]]) -> None:
        rate = self.rate * (1 - self.step_number / self.steps)
        self.step_number += 1
        self.power1 *= BETA1
        self.power2 *= BETA2
        for layer, moments, of_layer in zip(self.layers, self.moments, found, strict=True):
            for name, gradient in of_layer.items():
                first, second = moments[name]
                first = BETA1 * first + (1 - BETA1) * gradient
                second = BETA2 * second + (1 - BETA2) * (gradient * gradient)
                moments[name] = first, second
                moved = (first / (1 - self.power1)) / (np.sqrt(second / (1 - self.power2)) + ADAM_EPSILON)
                if name == "weight":
                    moved = moved + self.decay * layer.parameters[name]
                layer.parameters[name] = layer.parameters[name] - rate * moved


def train(name: str, config: dict[str, Any], digits: Digits, seed: int) -> Network:
    """A trained network; batch normalization is apart. config: of the network."""
    rng = np.random.default_rng([seed, 1])
    layers = new_network(name, config["sizes"], rng)
    batch, count = config["batch"], len(digits.train_labels)
    batches = count // batch
    adam = Adam(layers, config["rate"], config["decay"], batches * config["epochs"])
    for _ in range(config["epochs"]):
        order = rng.permutation(count)
        for start in range(0, batches * batch, batch):
            chosen = order[start : start + batch]
            _, found = gradients(layers, digits.train_images[chosen], digits.train_labels[chosen])
            adam.step(found)
    return [layer.finished() for layer in layers]


def fingerprint(network: Network) -> str:
    """The first 12 hexadecimal digits of the SHA-256 of all weights and biases: two networks with the same are the same
    to the bit."""
    digest = hashlib.sha256()
    for layer in network:
        for array in (layer.weight, layer.bias, layer.gain):
            if array is not None:
                digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()[:12]
