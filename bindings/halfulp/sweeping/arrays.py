"""Weights that are arrays in memory: mappings, nested lists and mappings (the trees of JAX), torch modules and state
dicts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from halfulp._arrays import as_array, plain, raw, take
from halfulp._tensors import is_torch
from halfulp.sweeping.matrix import Matrix, why_not
from halfulp.sweeping.sources import Held, Scattered


def from_tree(tree: Any, where: str) -> list[Matrix | str]:
    """The arrays of nested mappings, lists and tuples. Names are the keys and places on the way, joined with dots; a
    list of numbers is an array. For every array that is no matrix, the reason why."""
    return [from_array(name, array, f"{where}[{name!r}]") for name, array in _leaves(tree, "")]


def is_tree(weights: Any) -> bool:
    """Is it something that :func:`from_tree` takes apart?"""
    return isinstance(weights, Mapping) or (isinstance(weights, (list, tuple)) and not _is_numbers(weights))


def state_dict(weights: Any) -> Mapping[str, Any] | None:
    """The state dict of a torch module, None for anything else. torch is never imported: who passes a module has it."""
    module = getattr(sys.modules.get("torch.nn"), "Module", ())
    return weights.state_dict() if isinstance(weights, module) else None


def _leaves(tree: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    items: Iterable[tuple[Any, Any]]
    if isinstance(tree, Mapping):
        items = tree.items()
    elif isinstance(tree, tuple) and hasattr(tree, "_fields"):
        items = zip(tree._fields, tree, strict=True)
    elif isinstance(tree, (list, tuple)) and not _is_numbers(tree):
        items = enumerate(tree)
    else:
        inner = state_dict(tree)
        if inner is None:
            yield prefix, tree
            return
        items = inner.items()
    for key, value in items:
        yield from _leaves(value, f"{prefix}.{key}" if prefix else str(key))


def _is_numbers(items: Any) -> bool:
    """Is it a list of numbers, or of such lists: an array in Python's own words?"""
    while isinstance(items, (list, tuple)) and len(items):
        items = items[0]
    return isinstance(items, (list, tuple, int, float)) and not isinstance(items, bool)


def from_array(name: str, array: Any, where: str) -> Matrix | str:
    """An array as a matrix, or the reason why it is none."""
    if array is None or isinstance(array, (str, bytes, bool, int, float, complex)):
        return f"{type(array).__name__}, not an array"
    if is_torch(array):
        taken = take(where, array.detach())  # weights are read, nothing flows back through them
        values, dtype = taken.array, taken.elements
    else:
        values, _ = as_array(where, array)
        dtype = values.dtype.name
    reason = why_not(dtype, values.shape)
    if reason:
        return reason
    if isinstance(values, np.memmap) and not values.flags.c_contiguous:
        return Matrix(name, dtype, values.shape, Scattered(values))
    values = plain(values)
    return Matrix(name, dtype, values.shape, Held(raw(values) if dtype == "bfloat16" else values))
