"""Matrices that are known by their products: whatever the caller has, as one kind of object."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._runs import integer
from halfulp.sharpness._checks import plain_array

Product = Callable[[np.ndarray], Any]
_ALLOWED = (
    "a function of a vector with size=, a square matrix, a SciPy sparse matrix or LinearOperator, or an Operator "
    "(torch_hvp, jax_hvp)"
)


@dataclass(frozen=True)
class Operator:
    """A square matrix A of `size` rows by its products: multiply(x) is A x for a float64 vector x (size,), as an array
    of floats of that shape. name: for messages. blocks: names and lengths of the parts that the vector consists of, in
    order; empty where it is one."""

    multiply: Product
    size: int
    name: str = "operator"
    blocks: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        if not callable(self.multiply):
            raise TypeError(f"multiply is a {type(self.multiply).__name__}, allowed: a function of a vector")
        integer("size", self.size, 1, 2**31 - 1)
        if not isinstance(self.name, str):
            raise TypeError(f"name is {self.name!r}, allowed: a text")
        if not isinstance(self.blocks, tuple) or not all(isinstance(b, tuple) and len(b) == 2 for b in self.blocks):
            raise TypeError(f"blocks is {self.blocks!r}, allowed: a tuple of pairs, names and lengths")

    def __matmul__(self, x: Any) -> np.ndarray:
        """A x, checked as every product is."""
        given = np.asarray(x)
        if given.dtype.kind not in "fiu":
            raise TypeError(f"x has dtype {given.dtype}, allowed: real numbers")
        vector = np.ascontiguousarray(given, dtype=np.float64)
        if vector.shape != (self.size,):
            raise ValueError(f"x has shape {vector.shape}, allowed: ({self.size},)")
        return Products(self)(vector)

    def matrix(self) -> np.ndarray:
        """All of A (size, size), by `size` products: for small ones, and for checks."""
        multiply = Products(self)
        return np.stack([multiply(row) for row in np.eye(self.size)], axis=1)


class Products:
    """What the compiled functions call: counts products, and refuses what is no vector of the right length. They
    themselves look for NaN and infinities."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self.count = 0

    def __call__(self, x: np.ndarray) -> np.ndarray:
        self.count += 1
        result = self._operator.multiply(x)
        where = f"product {self.count} of the {self._operator.name}"
        if np.ma.is_masked(result):
            raise TypeError(f"{where} is a masked array, allowed: an array of real numbers")
        y = plain_array(result)
        if y.dtype.kind not in "fiu":
            raise TypeError(
                f"{where} is a {type(result).__name__} of dtype {y.dtype}, allowed: an array of real numbers"
            )
        if y.shape != (self._operator.size,):
            raise ValueError(f"{where} has shape {y.shape}, allowed: ({self._operator.size},)")
        return np.ascontiguousarray(y, dtype=np.float64)


def as_operator(a: Any, size: Any = None) -> Operator:
    """An Operator out of all that the measures take. Raises TypeError for other things, ValueError for a size that is
    missing or is another than the matrix has."""
    if isinstance(a, Operator):
        out = a
    elif isinstance(a, (list, tuple)):
        try:
            rows = np.asarray(a)
        except ValueError:
            raise ValueError("operator has rows of different lengths, allowed: as many rows as columns") from None
        out = _of_array(rows)
    elif isinstance(a, np.ndarray):
        out = _of_array(a)
    elif hasattr(a, "shape") and (hasattr(a, "matvec") or hasattr(a, "__matmul__")) and not hasattr(a, "detach"):
        multiply = a.matvec if hasattr(a, "matvec") else a.__matmul__
        out = Operator(multiply, _side(tuple(a.shape)), type(a).__name__)
    elif hasattr(a, "detach"):
        out = _of_array(plain_array(a))
    elif callable(a):
        if size is None:
            raise ValueError("size is None, allowed for a function: the number of elements of its vectors")
        return Operator(a, integer("size", size, 1, 2**31 - 1))
    else:
        raise TypeError(f"operator is a {type(a).__name__}, allowed: {_ALLOWED}")
    if size is not None and integer("size", size, 1, 2**31 - 1) != out.size:
        raise ValueError(f"size is {size}, allowed: None or {out.size}, as the operator has")
    return out


def _side(shape: tuple[int, ...]) -> int:
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise ValueError(f"operator has shape {shape}, allowed: as many rows as columns, at least one")
    return int(shape[0])


def _of_array(a: np.ndarray) -> Operator:
    n = _side(a.shape)
    if np.ma.is_masked(a):
        raise TypeError("operator is a masked array, allowed: an array of real numbers")
    if a.dtype.kind not in "fiu":
        raise TypeError(f"operator has dtype {a.dtype}, allowed: real numbers")
    matrix = np.asarray(a, dtype=np.float64)
    return Operator(lambda x: matrix @ x, n, "matrix")
