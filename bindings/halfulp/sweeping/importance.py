"""Weights of the errors that searched scales make small."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp.sweeping.activations import Inputs, finite
from halfulp.sweeping.cases import Options
from halfulp.sweeping.matrix import Matrix


@dataclass(frozen=True)
class Weighing:
    """By the matrix's name: weights along the axis, in float64."""

    weights: dict[str, np.ndarray]

    def of(self, name: str) -> np.ndarray | None:
        return self.weights.get(name)

    @property
    def digests(self) -> dict[str, str]:
        return {name: hashlib.sha256(weights.tobytes()).hexdigest() for name, weights in self.weights.items()}


def read_importance(
    importance: Any, matrices: Sequence[Matrix], inputs: dict[str, Inputs], options: Options
) -> Weighing:
    """importance: None, a mapping from matrices' names to weights, or "activations": the mean square of each input."""
    if importance is None:
        return Weighing({})
    if isinstance(importance, str):
        if importance != "activations":
            raise ValueError(f"importance is {importance!r}, allowed: 'activations', or a mapping of arrays")
        if not inputs:
            raise ValueError("importance is 'activations', but no activations are given")
        return Weighing({m.name: _energy(m, inputs[m.name], options) for m in matrices if m.name in inputs})
    if not isinstance(importance, Mapping):
        raise TypeError(f"importance is a {type(importance).__name__}, allowed: 'activations', or a mapping of arrays")
    by_name = {matrix.name: matrix for matrix in matrices}
    for name in importance:
        if name not in by_name:
            raise ValueError(f"importance has {name!r}, allowed: names of matrices, such as {matrices[0].name!r}")
    return Weighing({name: _checked(name, weights, by_name[name], options) for name, weights in importance.items()})


def _energy(matrix: Matrix, inputs: Inputs, options: Options) -> np.ndarray:
    axes = len(matrix.shape)
    if options.input_axis % axes != options.axis % axes:
        raise ValueError(
            f"importance is 'activations', but the inputs of {matrix.name!r} run along axis {options.input_axis} and "
            f"its groups along axis {options.axis}, allowed: the same axis"
        )
    return inputs.energy


def _checked(name: str, weights: Any, matrix: Matrix, options: Options) -> np.ndarray:
    argument, length = f"importance[{name!r}]", matrix.shape[options.axis]
    found = finite(argument, weights)
    if found.shape != (length,) or (found < 0).any():
        raise ValueError(
            f"{argument} has shape {found.shape} and least value {found.min(initial=0)}, allowed: ({length},), one "
            f"weight for each place along axis {options.axis}, 0 or more"
        )
    return np.ascontiguousarray(found)
