"""QPyTorch: float_quantize, nearest and stochastic. Importing it compiles its C++ part once."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
import torch
from qtorch.quant import float_quantize

from speed.peers.contest import Contest, Latest, Pair, different_values, neither_neighbour

PACKAGES = ("qtorch", "torch")

SHAPES = {"bfloat16": (8, 7), "binary16": (5, 10), "e5m2": (5, 2), "e4m3": (4, 3), "e6m5": (6, 5)}


def contests() -> list[Contest]:
    return [
        Contest("qtorch", "round", format, mode, 8, _round(format, mode), "it takes ties away from zero")
        for format in SHAPES
        for mode in ("nearest_ties_to_even", "stochastic_a")
    ]


def _round(format: str, mode: str) -> Any:
    stochastic = mode == "stochastic_a"
    draw: dict[str, Any] = {"rng": 1} if stochastic else {}

    def prepare(x: np.ndarray) -> Pair:
        source = torch.from_numpy(x)
        rounding = "stochastic" if stochastic else "nearest"
        theirs = Latest(lambda: float_quantize(source, *SHAPES[format], rounding=rounding))
        ours = np.zeros_like(x)

        def differences() -> int:
            if stochastic:
                return neither_neighbour(x, format, theirs.value)
            return different_values(ours, theirs.value)

        return Pair(theirs, lambda: hu.round(x, format, mode, out=ours, **draw), differences)

    return prepare
