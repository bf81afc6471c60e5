"""The weights: matrices drawn from three distributions, and those of a real model."""

from __future__ import annotations

from typing import Any

import numpy as np
from halfulp.sweeping import load_weights

Weights = dict[str, np.ndarray]


def synthetic(config: dict[str, Any], name: str) -> Weights:
    """Independent values of variance 1 as float32; name: "normal", "laplace" or "student_t"."""
    sizes = config["synthetic"]
    shape = (sizes["rows"], sizes["columns"])
    freedom = sizes["degrees_of_freedom"]
    rng = np.random.default_rng([config["seed"], ("normal", "laplace", "student_t").index(name)])

    def draw() -> np.ndarray:
        if name == "normal":
            return rng.standard_normal(shape)
        if name == "laplace":
            return rng.laplace(scale=np.sqrt(0.5), size=shape)
        return rng.standard_t(freedom, shape) * np.sqrt((freedom - 2) / freedom)

    return {f"{name}_{i:02}": draw().astype(np.float32) for i in range(sizes["matrices"])}


def real(config: dict[str, Any], most: int = 0) -> Weights:
    """The model's matrices, the last few of them where most is not 0."""
    matrices = load_weights(config["model"]).matrices[-most:]
    return {matrix.name: matrix.values() for matrix in matrices}


def as_rows(weights: Weights) -> Weights:
    """Each matrix as one row, so that groups run through it in C order and may be longer than its rows."""
    return {name: values.reshape(1, -1) for name, values in weights.items()}


def excess_kurtosis(values: np.ndarray) -> float:
    centred = values.astype(np.float64) - values.mean(dtype=np.float64)
    square = centred * centred
    return float(np.mean(square * square) / np.mean(square) ** 2 - 3)
