"""Arguments of allocation as the compiled part takes them: rows of numbers by layer, ties, choices fixed beforehand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._arrays import carried, take
from halfulp._runs import real

Rows = Any  # a matrix, or a list of one-dimensional arrays or lists, one for each layer
Ties = Iterable[Sequence[int]] | None
Fixed = Mapping[int, int] | None


@dataclass(frozen=True)
class Problem:
    """Costs and sizes one layer after the other, how many choices each has, and which of the caller's these are."""

    costs: np.ndarray
    sizes: np.ndarray
    lengths: np.ndarray
    ties: list[list[int]]
    fixed: dict[int, int]

    def given(self, choices: np.ndarray) -> np.ndarray:
        """Choices by the caller's numbering: fixed layers had one choice left."""
        out = np.array(choices)
        for layer, choice in self.fixed.items():
            out[layer] = choice
        out.flags.writeable = False
        return out


def number(name: str, value: Any) -> float:
    """A real number that is not NaN; budgets may be infinite."""
    return real(name, value, infinite=True)


def array_of(name: str, values: Any) -> np.ndarray:
    """Numbers as NumPy has them; bfloat16, which it lacks, as float32."""
    taken = take(name, values)
    return carried(name, values).widened if taken.elements == "bfloat16" else taken.array


def vector(name: str, values: Any, length: int | None = None, each: str = "one for each layer") -> np.ndarray:
    """One axis of real numbers as float64."""
    array = array_of(name, values)
    if array.dtype.kind not in "fiu" or array.ndim != 1:
        raise TypeError(f"{name} has dtype {array.dtype} and shape {array.shape}, allowed: one axis of real numbers")
    if length is not None and array.shape[0] != length:
        raise ValueError(f"{name} has {array.shape[0]} numbers, allowed: {length}, {each}")
    return np.ascontiguousarray(array, dtype=np.float64)


def finite(name: str, values: np.ndarray, *, negative: bool = True) -> np.ndarray:
    """The same numbers; ValueError names the first that is not finite or, unless `negative`, below 0."""
    wrong = ~np.isfinite(values) if negative else ~(np.isfinite(values) & (values >= 0))
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        place = "".join(f"[{i}]" for i in at)
        allowed = "finite numbers" if negative else "finite numbers, 0 or more"
        raise ValueError(f"{name}{place} is {values[at]}, allowed: {allowed}")
    return values


def matrix(name: str, values: Any) -> np.ndarray:
    """Layers by choices, as float64."""
    array = array_of(name, values)
    if array.dtype.kind not in "fiu" or array.ndim != 2:
        raise TypeError(
            f"{name} has dtype {array.dtype} and shape {array.shape}, allowed: two axes of real numbers, layers by "
            "choices"
        )
    if 0 in array.shape:
        raise ValueError(f"{name} has shape {array.shape}, allowed: at least one layer and one choice")
    return np.ascontiguousarray(array, dtype=np.float64)


def rows_of(name: str, rows: Rows) -> list[np.ndarray]:
    """The numbers of each layer."""
    if isinstance(rows, (str, bytes, Mapping)) or not isinstance(rows, Iterable):
        raise TypeError(f"{name} is a {type(rows).__name__}, allowed: a matrix, or a list of one array for each layer")
    return [vector(f"{name}[{i}]", row) for i, row in enumerate(rows)]


def _integer(name: str, value: Any) -> int:
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name} is {value!r}, allowed: an integer")
    return int(value)


def groups_of(ties: Any) -> list[Any]:
    """Ties as a list of groups. A text is none: its letters would count as names."""
    if ties is None:
        return []
    groups = None if isinstance(ties, (str, bytes, Mapping)) or not isinstance(ties, Iterable) else list(ties)
    if groups is None:
        raise TypeError(f"ties is {ties!r}, allowed: a list of groups of layers, or None")
    for t, group in enumerate(groups):
        if isinstance(group, (str, bytes, Mapping)) or not isinstance(group, Iterable):
            raise TypeError(f"ties[{t}] is {group!r}, allowed: a list of layers")
    return groups


def mapping_of(name: str, values: Any, what: str) -> Mapping[Any, Any]:
    """A mapping, or None for an empty one."""
    if values is None:
        return {}
    if not isinstance(values, Mapping):
        raise TypeError(f"{name} is a {type(values).__name__}, allowed: a mapping from {what}, or None")
    return values


def ties_of(ties: Ties, layers: int) -> list[list[int]]:
    """Ties as lists of places; which are right the compiled part says, but for negative ones."""
    out = []
    for t, tie in enumerate(groups_of(ties)):
        members = [_integer(f"ties[{t}]", layer) for layer in tie]
        for layer in members:
            if not 0 <= layer < layers:
                raise ValueError(f"ties[{t}] names layer {layer}, allowed: 0 to {layers - 1}")
        out.append(members)
    return out


def fixed_of(fixed: Fixed, ties: list[list[int]], lengths: Sequence[int]) -> dict[int, int]:
    """Which choice stands fast for which layers, layers tied to them too."""
    out: dict[int, int] = {}
    for layer, choice in mapping_of("fixed", fixed, "layers to choices").items():
        at = _integer("a layer of fixed", layer)
        if not 0 <= at < len(lengths):
            raise ValueError(f"fixed names layer {at}, allowed: 0 to {len(lengths) - 1}")
        which = _integer(f"fixed[{at}]", choice)
        if not 0 <= which < lengths[at]:
            raise ValueError(f"fixed[{at}] is {which}, allowed: 0 to {lengths[at] - 1}")
        out[at] = which
    for t, tie in enumerate(ties):
        said = {out[layer] for layer in tie if layer in out}
        if len(said) > 1:
            raise ValueError(f"fixed has choices {sorted(said)} for layers of ties[{t}], allowed: one choice for all")
        if said and len({lengths[layer] for layer in tie}) == 1:
            out |= dict.fromkeys(tie, said.pop())
    return out


def problem_of(costs: Rows, sizes: Rows, ties: Ties, fixed: Fixed) -> Problem:
    """Checks what has to be checked before rows are put together; values are checked by the compiled part."""
    cost = rows_of("costs", costs)
    size = rows_of("sizes", sizes)
    if len(cost) != len(size):
        raise ValueError(f"sizes has {len(size)} layers, allowed: {len(cost)}, as costs has")
    for i, (c, s) in enumerate(zip(cost, size, strict=True)):
        if len(c) != len(s):
            raise ValueError(f"sizes[{i}] has {len(s)} choices, allowed: {len(c)}, as costs[{i}] has")
        finite(f"costs[{i}]", c)
        finite(f"sizes[{i}]", s, negative=False)
    tied = ties_of(ties, len(cost))
    kept = fixed_of(fixed, tied, [len(c) for c in cost])
    for layer, choice in kept.items():
        cost[layer] = cost[layer][choice : choice + 1]
        size[layer] = size[layer][choice : choice + 1]
    return Problem(joined(cost), joined(size), np.array([len(c) for c in cost], dtype=np.int64), tied, kept)


def joined(rows: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(rows) if rows else np.empty(0)
