"""Arrays in and out: whatever the caller brings becomes a C-contiguous NumPy array of a carrier, and goes back as what
it was."""

from __future__ import annotations

import array as python_array
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from halfulp import _core
from halfulp._format import _dtype_name

# Carriers by dtype name; bfloat16 is ml_dtypes' and travels as uint16.
CARRIERS = {"float16": "binary16", "bfloat16": "bfloat16", "float32": "binary32", "float64": "binary64"}
DTYPES = {carrier: name for name, carrier in CARRIERS.items()}
_ALLOWED = "float16, bfloat16 (ml_dtypes), float32, float64"


@dataclass
class Carried:
    """An input array: `data` is C-contiguous, in native byte order, with 16-bit carriers seen as uint16."""

    data: np.ndarray
    carrier: str
    shape: tuple[int, ...]
    original: Any
    dtype: np.dtype[Any]
    is_python: bool  # a Python scalar or list: results are NumPy arrays or scalars

    def fresh(self, carrier: str | None = None) -> np.ndarray:
        """A new array of a carrier's dtype in x's shape."""
        return np.empty(self.shape, dtype=carrier_dtype(carrier or self.carrier))

    def give_back(self, result: np.ndarray) -> Any:
        """A scalar for a scalar, an array for an array."""
        return result[()] if self.is_python and self.shape == () else result


def carrier_dtype(carrier: str) -> np.dtype[Any]:
    """The NumPy dtype of a carrier. bfloat16 needs ml_dtypes."""
    if carrier != "bfloat16":
        return np.dtype(DTYPES[carrier])
    try:
        import ml_dtypes
    except ImportError:
        raise ImportError("bfloat16 arrays need the package ml_dtypes: pip install ml_dtypes") from None
    return np.dtype(ml_dtypes.bfloat16)


def carrier_of(dtype: Any) -> str:
    """The carrier that a caller's dtype= means, or TypeError."""
    name = _dtype_name(dtype) or (dtype if isinstance(dtype, str) else None)
    if name is None:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = ""
    if name not in CARRIERS:
        raise TypeError(f"dtype is {dtype!r}, allowed: {', '.join(CARRIERS)}")
    return CARRIERS[name]


def raw(array: np.ndarray) -> np.ndarray:
    """The same memory, 16-bit carriers seen as uint16."""
    return array.view(np.uint16) if array.dtype.itemsize == 2 and array.dtype.kind in "fV" else array


def to_numpy(name: str, x: Any) -> tuple[np.ndarray, bool]:
    """x as NumPy sees it, and whether it was a Python scalar or list. Refuses what would lose something on the way."""
    module = type(x).__module__.partition(".")[0]
    if module in ("torch", "jax", "jaxlib"):
        hint = f"{name}.detach().numpy()" if module == "torch" else f"numpy.asarray({name})"
        raise TypeError(f"{name} is a {module} array, which this version does not take; pass {hint}")
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, whose mask would be lost; pass {name}.filled(value) or {name}.data")
    if isinstance(x, np.ndarray):
        return x, False
    if isinstance(x, np.generic):
        return np.asarray(x), True
    if hasattr(x, "__array__") or isinstance(x, (memoryview, bytearray, python_array.array)):
        return np.asarray(x), False
    try:
        return np.asarray(x), True
    except ValueError:
        raise ValueError(
            f"{name} is a {type(x).__name__} with rows of different lengths, allowed: rows of one length"
        ) from None


def as_array(name: str, x: Any) -> tuple[np.ndarray, bool]:
    """x as a NumPy array, Python scalars and lists as float64, and whether it was a scalar or list."""
    allowed = f"a float, a list of floats, or an array of {_ALLOWED}"
    if isinstance(x, (bool, str, bytes, complex)) or x is None:
        raise TypeError(f"{name} is a {type(x).__name__}, allowed: {allowed}")
    array, is_python = to_numpy(name, x)
    if not is_python or isinstance(x, np.generic):
        return array, is_python
    if array.dtype.kind == "O":
        if array.shape == () and not isinstance(x, int):
            raise TypeError(f"{name} is a {type(x).__name__}, allowed: {allowed}")
        if not all(isinstance(number, (int, float)) for number in array.flat):
            raise TypeError(f"{name} is a {type(x).__name__} that holds more than numbers, allowed: {allowed}")
    if array.dtype.kind in "iuO" or array.dtype.name in CARRIERS or array.size == 0:
        try:
            array = array.astype(np.float64)
        except OverflowError:
            raise ValueError(
                f"{name} holds an integer beyond float64, allowed: at most {float(np.finfo(np.float64).max)} in size"
            ) from None
    return array, is_python


def carried(name: str, x: Any) -> Carried:
    """An array of a carrier, or TypeError."""
    array, is_python = as_array(name, x)
    dtype = array.dtype
    if dtype.name not in CARRIERS:
        if dtype.kind in "iub":
            hint = " (integers are codes: decode them, or convert with astype)"
        elif dtype.name.startswith(("float8", "float6", "float4", "float2")):
            hint = f" ({dtype.name} arrays hold codes: decode them)"
        else:
            hint = ""
        raise TypeError(f"{name} has dtype {dtype}, allowed: {_ALLOWED}{hint}")
    contiguous = (
        np.ascontiguousarray(array, dtype=dtype.newbyteorder("=")) if dtype.kind == "f" else np.ascontiguousarray(array)
    )
    return Carried(raw(contiguous).reshape(array.shape), CARRIERS[dtype.name], array.shape, array, dtype, is_python)


def able_carriers(spec: _core.FloatFormat, none: str) -> str:
    """The dtypes that hold every value of a format, for a message; `none` where there is none."""
    return " or ".join(name for name, carrier in CARRIERS.items() if spec.holds(carrier)) or none


def check_holds(spec: _core.FloatFormat, carrier: str, format_name: str) -> None:
    """TypeError where the carrier cannot hold the format's values exactly."""
    if spec.holds(carrier):
        return
    instead = able_carriers(spec, "none does; encode() and Format.exact() still work")
    raise TypeError(
        f"x has dtype {DTYPES[carrier]}, which does not hold every value of {format_name}, allowed: {instead}"
    )


class Input(Protocol):
    """What with_out wants to know of an input: values (Carried) or codes."""

    shape: tuple[int, ...]
    original: Any

    def give_back(self, result: np.ndarray) -> Any: ...


def with_out(
    x: Input,
    out: Any,
    dtype: np.dtype[Any],
    compute: Callable[[np.ndarray, Any], None],
    draw: Callable[[], Any] = lambda: None,
) -> Any:
    """Runs compute(target, draw()) on a C-contiguous target of `dtype` and x's shape: a new array, or `out` (through a
    copy where it is not contiguous). `out` may be x itself; a partial overlap is an error, and any with R itself, which
    is read meanwhile. Random bits are drawn after `out` is found good, so that a refused call does not move an Rng
    on."""
    if out is None:
        target = np.empty(x.shape, dtype=dtype)
        compute(raw(target), draw())
        return x.give_back(target)
    check_out(x, out, dtype)
    source = draw()
    if isinstance(source, np.ndarray) and out.size and np.shares_memory(source, out):
        raise ValueError("out overlaps random, allowed: the input itself, or memory of its own")
    if out.flags.c_contiguous:
        compute(raw(out), source)
    else:
        target = np.empty(x.shape, dtype=dtype)
        compute(raw(target), source)
        out[...] = target
    return out


def check_out(x: Input, out: Any, dtype: np.dtype[Any]) -> None:
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out is a {type(out).__name__}, allowed: a NumPy array")
    if out.dtype != dtype or not out.dtype.isnative:
        raise TypeError(f"out has dtype {out.dtype.str if not out.dtype.isnative else out.dtype}, allowed: {dtype}")
    if out.shape != x.shape:
        raise ValueError(f"out has shape {out.shape}, allowed: {x.shape}, the shape of the input")
    if not out.flags.writeable:
        raise ValueError("out is read-only, allowed: a writeable array")
    source = x.original
    same = (
        isinstance(source, np.ndarray)
        and source.__array_interface__["data"][0] == out.__array_interface__["data"][0]
        and source.strides == out.strides
        and source.dtype.itemsize == out.dtype.itemsize
    )
    if isinstance(source, np.ndarray) and not same and out.size and np.shares_memory(source, out):
        raise ValueError("out overlaps the input in part, allowed: the input itself, or memory of its own")


def thread_count(threads: int | None) -> int:
    """threads=None is one, or HALFULP_THREADS."""
    if threads is None:
        text = os.environ.get("HALFULP_THREADS", "1")
        try:
            threads = int(text)
        except ValueError:
            raise ValueError(
                f"the environment variable HALFULP_THREADS is {text!r}, allowed: an integer, 1 or more"
            ) from None
        if threads < 1:
            raise ValueError(f"the environment variable HALFULP_THREADS is {threads}, allowed: 1 or more")
        return min(threads, 1024)
    if isinstance(threads, bool) or not isinstance(threads, (int, np.integer)):
        raise TypeError(f"threads is {threads!r}, allowed: an integer, 1 or more")
    if threads < 1:
        raise ValueError(f"threads is {threads}, allowed: 1 or more")
    return min(int(threads), 1024)
