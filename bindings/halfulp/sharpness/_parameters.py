"""Parameters of a loss as one vector and back: an array, or a mapping of names to arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from halfulp.sharpness._checks import finite_array, finite_number

#: Central differences take two losses for each parameter: beyond so many a gradient has to be given.
MOST_DIFFERENCES = 1000


class Parameters:
    """vector: all elements, float64, in C order, one array after another. build: a vector as what was given."""

    def __init__(self, parameters: Any, name: str = "parameters") -> None:
        self._mapping = isinstance(parameters, Mapping)
        if self._mapping and not parameters:
            raise ValueError(f"{name} is empty, allowed: at least one array")
        given = parameters if self._mapping else {"": parameters}
        if len({str(key) for key in given}) < len(given):
            raise ValueError(f"{name} has names that are alike as texts, {list(given)}, allowed: names that differ")
        self.arrays = {
            str(key): finite_array(f"{name}[{key!r}]" if self._mapping else name, value) for key, value in given.items()
        }
        self.vector = np.concatenate([a.reshape(-1) for a in self.arrays.values()])

    def parts(self, vector: np.ndarray) -> dict[str, np.ndarray]:
        out, first = {}, 0
        for key, array in self.arrays.items():
            out[key] = vector[first : first + array.size].reshape(array.shape)
            first += array.size
        return out

    def build(self, vector: np.ndarray) -> Any:
        out = {key: part.copy() for key, part in self.parts(vector).items()}
        return out if self._mapping else out[""]

    def alike(self, name: str, given: Any) -> np.ndarray:
        """Something of the same form as one vector."""
        other = Parameters(given, name)
        shapes = {key: array.shape for key, array in self.arrays.items()}
        found = {key: array.shape for key, array in other.arrays.items()}
        if other._mapping != self._mapping or found.keys() != shapes.keys():
            raise ValueError(f"{name} holds {list(found)}, allowed: the same names as the parameters, {list(shapes)}")
        for key, shape in shapes.items():
            if found[key] != shape:
                where = f"{name}[{key!r}]" if self._mapping else name
                raise ValueError(f"{where} has shape {found[key]}, allowed: {shape}, as the parameters have")
        return np.concatenate([other.arrays[key].reshape(-1) for key in shapes])


def value_of(loss: Any, parameters: Parameters) -> Callable[[np.ndarray], float]:
    """The loss as a function of the vector; one finite number each time."""
    if not callable(loss):
        raise TypeError(f"loss is a {type(loss).__name__}, allowed: a function of the parameters")
    return lambda x: finite_number("loss", loss(parameters.build(x)))


def gradient_of(gradient: Any, loss: Callable[[np.ndarray], float], parameters: Parameters) -> Any:
    """The gradient as a function of the vector: what was given, or central differences of the loss."""
    if gradient is not None:
        if not callable(gradient):
            raise TypeError(f"gradient is a {type(gradient).__name__}, allowed: None or a function of the parameters")
        return lambda x: parameters.alike("what gradient returned", _plain(gradient(parameters.build(x))))
    if parameters.vector.size > MOST_DIFFERENCES:
        raise ValueError(
            f"gradient is None, allowed with up to {MOST_DIFFERENCES} parameters, here {parameters.vector.size}: pass "
            "a function (torch_loss and jax_loss give one)"
        )

    def differences(x: np.ndarray) -> np.ndarray:
        out = np.empty_like(x)
        for i in range(x.size):
            reach = np.cbrt(np.finfo(np.float64).eps) * max(abs(x[i]), 1.0)
            ends = x.copy(), x.copy()
            ends[0][i] += reach
            ends[1][i] -= reach
            out[i] = (loss(ends[0]) - loss(ends[1])) / (ends[0][i] - ends[1][i])
        return out

    return differences


def _plain(given: Any) -> Any:
    """Tensors of torch without their graphs."""
    if isinstance(given, Mapping):
        return {key: _plain(value) for key, value in given.items()}
    return given.detach().cpu() if hasattr(given, "detach") else given
