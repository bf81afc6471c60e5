"""Weights of a model with some of them replaced: quantized by a scheme, or by arrays of one's own."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping, Sequence

import numpy as np


def with_replaced(weights: Mapping[str, np.ndarray], replaced: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """weights with those of `replaced` in their place. ValueError for an unknown name or another shape."""
    found = dict(weights)
    for name, array in replaced.items():
        if name not in found:
            raise ValueError(f"replaced has {name!r}, which is not the model's, allowed: names such as {_some(found)}")
        new = np.asarray(array)
        if new.shape != found[name].shape:
            raise ValueError(f"replaced[{name!r}] has shape {new.shape}, allowed: {found[name].shape}")
        if new.dtype.kind != "f":
            raise TypeError(f"replaced[{name!r}] has dtype {new.dtype}, allowed: a float array")
        found[name] = new.astype(np.float32, copy=False)
    return found


def matrices(weights: Mapping[str, np.ndarray]) -> list[str]:
    """Names of the arrays with two or more axes, in the model's order: those that halfulp.sweep measures."""
    return [name for name, array in weights.items() if array.ndim >= 2]


def select(weights: Mapping[str, np.ndarray], chosen: str | Sequence[str], embeddings: Iterable[str]) -> list[str]:
    """Names of the matrices to quantize.

    chosen: "all", "linear" (without the tables of `embeddings`, patterns of names), or patterns of names such as
    ["encoder.layer.0.*"]. ValueError where none is left.
    """
    every = matrices(weights)
    if chosen == "all":
        return every
    if chosen == "linear":
        return [name for name in every if not _matches(name, embeddings)]
    patterns = [chosen] if isinstance(chosen, str) else list(chosen)
    found = [name for name in every if _matches(name, patterns)]
    if not found:
        raise ValueError(
            f"matrices is {chosen!r} and no matrix has such a name, allowed: 'all', 'linear', or patterns of names "
            f"such as {_some(every)}"
        )
    return found


def _matches(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def _some(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in list(names)[:3])
