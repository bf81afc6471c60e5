"""Activations: what the inputs of a matrix have to do with the error of its outputs.

A matrix maps inputs that run along one of its axes (``input_axis``): y = Wx for the last axis, as torch stores linear
layers (outputs, inputs), y = xW for the first one. For samples X with one input in each row, the error is
Σ‖(W − Ŵ)x‖² = ‖(W − Ŵ)Xᵀ‖², which XᵀX alone decides: more samples than inputs are replaced by the triangular factor of
X.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._arrays import carried
from halfulp.sweeping.matrix import Matrix
from halfulp.sweeping.sources import Held

_CHUNK = 1 << 18  # elements of float64 at a time


@dataclass(frozen=True)
class Inputs:
    """Samples of one matrix's inputs. factor: a matrix F with ‖F vᵀ‖ = ‖X vᵀ‖ for every v. energy: the mean square of
    each input. digest: of the samples as they were given."""

    factor: Matrix
    energy: np.ndarray
    digest: str


def read_activations(
    activations: Any, matrices: Sequence[Matrix], input_axis: int, argument: str = "activations"
) -> dict[str, Inputs]:
    """By the matrix's name. Raises TypeError or ValueError that names the matrix and what is allowed."""
    if activations is None:
        return {}
    if not isinstance(activations, Mapping):
        raise TypeError(
            f"{argument} is a {type(activations).__name__}, allowed: a mapping from a matrix's name to an array of "
            "inputs"
        )
    by_name = {matrix.name: matrix for matrix in matrices}
    for name in activations:
        if name not in by_name:
            raise ValueError(f"{argument} has {name!r}, allowed: names of matrices, such as {next(iter(by_name))!r}")
    return {name: _inputs(f"{argument}[{name!r}]", x, by_name[name], input_axis) for name, x in activations.items()}


def input_length(matrix: Matrix, input_axis: int) -> int:
    """The number of inputs of a matrix."""
    axes = len(matrix.shape)
    if not -axes <= input_axis < axes:
        raise ValueError(
            f"input_axis is {input_axis}, allowed for matrix {matrix.name!r} of shape {matrix.shape}: {-axes} to "
            f"{axes - 1}"
        )
    return matrix.shape[input_axis]


def finite(argument: str, x: Any) -> np.ndarray:
    """x as float64, or ValueError."""
    taken = carried(argument, x)
    samples = taken.original.astype(np.float64) if taken.carrier != "bfloat16" else _widened(taken.data)
    if not np.isfinite(samples).all():
        raise ValueError(f"{argument} has {np.count_nonzero(~np.isfinite(samples))} values that are NaN or infinite")
    return samples


def _widened(halves: np.ndarray) -> np.ndarray:
    return np.left_shift(halves, np.uint32(16), dtype=np.uint32).view(np.float32).astype(np.float64)


def _inputs(argument: str, x: Any, matrix: Matrix, input_axis: int) -> Inputs:
    length = input_length(matrix, input_axis)
    samples = finite(argument, x)
    if samples.ndim == 0 or samples.shape[-1] != length or samples.size == 0:
        raise ValueError(
            f"{argument} has shape {samples.shape}, allowed: (…, {length}), at least one sample of the {length} inputs "
            f"along axis {input_axis} of the matrix, whose shape is {matrix.shape}"
        )
    samples = samples.reshape(-1, length)
    digest = hashlib.sha256(repr(samples.shape).encode() + samples.tobytes()).hexdigest()
    factor = np.asarray(np.linalg.qr(samples, mode="r")) if len(samples) > length else samples
    stored = Held(np.ascontiguousarray(factor))
    return Inputs(Matrix(matrix.name, "float64", factor.shape, stored), np.mean(np.square(samples), axis=0), digest)


def output_energy(rows: np.ndarray, factor: np.ndarray) -> float:
    """Σ‖Fr‖² over the rows r of a 2-d array. In float64; the last digits are those of the BLAS."""
    step = max(1, _CHUNK // rows.shape[1])
    parts = (rows[begin : begin + step].astype(np.float64) @ factor.T for begin in range(0, len(rows), step))
    return float(sum(np.vdot(part, part) for part in parts))


def as_rows(array: np.ndarray, input_axis: int) -> np.ndarray:
    """An array as rows of inputs."""
    return np.moveaxis(array, input_axis, -1).reshape(-1, array.shape[input_axis])
