"""Pychop on NumPy and on PyTorch: Chop in every mode."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
import pychop
import torch

from speed.peers.contest import Contest, Latest, Pair, different_values, neither_neighbour

PACKAGES = ("pychop", "numpy", "torch")

SHAPES = {"bfloat16": (8, 7), "binary16": (5, 10), "e5m2": (5, 2), "e4m3": (4, 3), "e6m5": (6, 5)}
MODES = {
    "nearest_ties_to_even": 1,
    "toward_positive": 2,
    "toward_negative": 3,
    "toward_zero": 4,
    "stochastic_a": 5,
    "stochastic_equal": 6,
    "nearest_ties_to_zero": 7,
    "nearest_ties_to_away": 8,
    "to_odd": 9,
}
EVERY_MODE = ("binary16", "e5m2")
# What the comparison of the results shows, on inputs near to normal.
NOTES = {
    "nearest_ties_to_zero": "its mode 7 takes ties away from zero",
    "nearest_ties_to_away": "its mode 8 takes ties toward zero",
    "to_odd": "it moves members that are even",
}


def contests() -> list[Contest]:
    return [
        Contest(f"pychop ({backend})", "round", format, mode, 8, _round(backend, format, mode), NOTES.get(mode, ""))
        for backend in ("numpy", "torch")
        for format in SHAPES
        for mode in MODES
        if format in EVERY_MODE or mode in ("nearest_ties_to_even", "stochastic_a")
    ]


def _round(backend: str, format: str, mode: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        pychop.backend(backend)
        chop = pychop.Chop(*SHAPES[format], rmode=MODES[mode])
        source = x if backend == "numpy" else torch.from_numpy(x)
        theirs = Latest(lambda: chop(source))
        ours = np.zeros_like(x)
        stochastic = mode.startswith("stochastic")
        draw: dict[str, Any] = {"rng": 1} if stochastic else {}

        def differences() -> int:
            if stochastic:
                return neither_neighbour(x, format, theirs.value)
            return different_values(ours, theirs.value)

        return Pair(theirs, lambda: hu.round(x, format, mode, out=ours, **draw), differences)

    return prepare
