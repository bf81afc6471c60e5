"""Arguments that several measures take, checked once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from halfulp._arrays import carried
from halfulp._runs import real

#: Of probes, steps and the like.
MOST = 2**30


def flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}, allowed: True or False")
    return bool(value)


def plain_array(result: Any) -> Any:
    """What a function has returned, without a graph, from whatever device it is on, and in a dtype that NumPy has."""
    if hasattr(result, "detach"):
        result = result.detach().cpu()
        if result.is_floating_point():
            result = result.double()
    array = np.asarray(result)
    # bfloat16 and the 8-bit floats of ml_dtypes, which JAX has.
    if array.dtype.kind == "V" and array.dtype.name.startswith(("bfloat", "float")):
        array = array.astype(np.float64)
    return array


def optional_error(name: str, value: Any) -> float | None:
    """A requested error, or None for no request."""
    return None if value is None else real(name, value, 0.0)


def finite_array(name: str, x: Any) -> np.ndarray:
    """x as float64 of any shape, at least one number, all of them finite."""
    taken = carried(name, x)
    data: np.ndarray = np.asarray(taken.widened, dtype=np.float64).reshape(taken.shape)
    if data.size == 0:
        raise ValueError(f"{name} has shape {data.shape}, allowed: at least one number")
    if not np.isfinite(data).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(data))[0])
        raise ValueError(f"{name}{list(place) if place else ''} is {data[place]}, allowed: finite numbers")
    return data


def finite_number(name: str, value: Any) -> float:
    """What a callable has returned as one finite real number: a float, or an array or tensor of one element."""
    array = plain_array(value)
    if array.size != 1 or array.dtype.kind not in "fiu":
        kind = f"shape {array.shape}" if array.size != 1 else f"dtype {array.dtype}"
        raise ValueError(f"{name} returned a {type(value).__name__} of {kind}, allowed: one real number")
    out = float(array.reshape(()))
    if not math.isfinite(out):
        raise ValueError(f"{name} returned {out}, allowed: a finite number")
    return out
