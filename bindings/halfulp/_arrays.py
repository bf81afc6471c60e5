"""Arrays in and out: whatever the caller brings becomes a C-contiguous NumPy array of a carrier, and goes back as what
it was."""

from __future__ import annotations

import array as python_array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from halfulp import _core
from halfulp._format import _dtype_name
from halfulp._tensors import (
    NUMPY,
    PYTHON,
    TORCH,
    Kind,
    dtype_named,
    is_jax,
    is_torch,
    jax_memory,
    torch_memory,
    torch_was_written,
)

# Carriers by dtype name; bfloat16 is ml_dtypes' or torch's and travels as uint16.
CARRIERS = {"float16": "binary16", "bfloat16": "bfloat16", "float32": "binary32", "float64": "binary64"}
DTYPES = {carrier: name for name, carrier in CARRIERS.items()}
_ALLOWED = "float16, bfloat16 (ml_dtypes, torch, JAX), float32, float64"


class Taken(NamedTuple):
    """An input as NumPy sees it."""

    array: np.ndarray
    elements: str  # the dtype's name; differs from array's where torch's elements show as integers
    dtype: Any  # the caller's own dtype object, for messages and formats
    kind: Kind


@dataclass
class Carried:
    """An input array: `data` is C-contiguous, aligned, in native byte order, with 16-bit carriers seen as uint16."""

    data: np.ndarray
    carrier: str
    shape: tuple[int, ...]
    original: np.ndarray
    kind: Kind

    @property
    def widened(self) -> np.ndarray:
        """The same numbers as float32, float64 as it is: for arithmetic, which bfloat16's bits are not ready for."""
        if self.carrier == "bfloat16":
            bits = self.data.astype(np.uint32)
            bits <<= 16
            return bits.view(np.float32)
        return self.data.view(np.float16).astype(np.float32) if self.carrier == "binary16" else self.data


def carrier_dtype(carrier: str) -> np.dtype[Any]:
    """The NumPy dtype of a carrier. bfloat16 needs ml_dtypes."""
    return dtype_named(DTYPES[carrier])


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


def plain(array: np.ndarray) -> np.ndarray:
    """The same numbers, C-contiguous, aligned and in native byte order; the same memory where it is so already."""
    dense = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("=")).reshape(array.shape)
    return dense if dense.flags.aligned else dense.copy()


def take(name: str, x: Any) -> Taken:
    """x as NumPy sees it. Refuses what would lose something on the way."""
    if type(x) is np.ndarray:
        return Taken(x, x.dtype.name, x.dtype, NUMPY)
    if is_torch(x):
        array, elements = torch_memory(name, x)
        return Taken(array, elements, x.dtype, TORCH)
    if is_jax(x):
        array, kind = jax_memory(name, x)
        return Taken(array, array.dtype.name, array.dtype, kind)
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array, whose mask would be lost; pass {name}.filled(value) or {name}.data")
    array, kind = _numpy_alike(name, x)
    return Taken(array, array.dtype.name, array.dtype, kind)


def _numpy_alike(name: str, x: Any) -> tuple[np.ndarray, Kind]:
    if isinstance(x, np.ndarray):
        return x, NUMPY
    if isinstance(x, np.generic):
        return np.asarray(x), PYTHON
    if hasattr(x, "__array__") or isinstance(x, (memoryview, bytearray, python_array.array)):
        return np.asarray(x), NUMPY
    try:
        return np.asarray(x), PYTHON
    except ValueError:
        raise ValueError(
            f"{name} is a {type(x).__name__} with rows of different lengths, allowed: rows of one length"
        ) from None


def _taken_values(name: str, x: Any) -> Taken:
    """x with Python scalars and lists as float64."""
    allowed = f"a float, a list of floats, or an array of {_ALLOWED}"
    if isinstance(x, (bool, str, bytes, complex)) or x is None:
        raise TypeError(f"{name} is a {type(x).__name__}, allowed: {allowed}")
    taken = take(name, x)
    if not taken.kind.is_python or isinstance(x, np.generic):
        return taken
    array = taken.array
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
    return Taken(array, array.dtype.name, array.dtype, PYTHON)


def as_array(name: str, x: Any) -> tuple[np.ndarray, bool]:
    """x as a NumPy array of its own dtype, Python scalars and lists as float64, and whether it was one of those."""
    taken = _taken_values(name, x)
    array = taken.array
    if taken.elements == "bfloat16" and array.dtype.kind == "u":
        array = array.view(dtype_named("bfloat16"))
    return array, taken.kind.is_python


def carried(name: str, x: Any) -> Carried:
    """An array of a carrier, or TypeError."""
    array, elements, dtype, kind = _taken_values(name, x)
    carrier = CARRIERS.get(elements)
    if carrier is None and elements.startswith("complex"):
        raise TypeError(f"{name} has dtype {dtype}, allowed: real numbers ({_ALLOWED}), or the format pm1_pmi")
    if carrier is None:
        if elements.startswith(("int", "uint", "bool")):
            hint = " (integers are codes: decode them, or convert them to floats)"
        elif elements.startswith(("float8", "float6", "float4", "float2")):
            hint = f" ({elements} arrays hold codes: decode them)"
        else:
            hint = ""
        raise TypeError(f"{name} has dtype {dtype}, allowed: {_ALLOWED}{hint}")
    return Carried(raw(plain(array)), carrier, array.shape, array, kind)


def able_carriers(spec: _core.Format, none: str) -> str:
    """The dtypes that hold every value of a format, for a message; `none` where there is none."""
    return " or ".join(name for name, carrier in CARRIERS.items() if spec.holds(carrier)) or none


def check_holds(spec: _core.Format, carrier: str, format_name: str) -> None:
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
    original: np.ndarray
    kind: Kind


def with_out(
    x: Input,
    out: Any,
    elements: str,
    compute: Callable[[np.ndarray, Any], None],
    draw: Callable[[], Any] = lambda: None,
) -> Any:
    """Runs compute(target, draw()) on a C-contiguous target of these elements and x's shape: a new array of x's kind,
    or `out` (through a copy where it is not contiguous). `out` may be x itself; a partial overlap is an error, and any
    with R itself, which is read meanwhile. Random bits are drawn after `out` is found good, so that a refused call does
    not move an Rng on."""
    if out is None:
        x.kind.check(elements)
        target = x.kind.empty(x.shape, elements)
        compute(raw(target), draw())
        return x.kind.give(target, elements)
    array = check_out(x, out, elements)
    source = draw()
    if isinstance(source, np.ndarray) and array.size and np.shares_memory(source, array):
        raise ValueError("out overlaps random, allowed: the input itself, or memory of its own")
    try:
        if array.flags.c_contiguous and array.flags.aligned:
            compute(raw(array), source)
        else:
            target = np.empty(x.shape, dtype=array.dtype)
            compute(raw(target), source)
            array[...] = target
    finally:
        if is_torch(out):
            torch_was_written(out)
    return out


def check_out(x: Input, out: Any, elements: str) -> np.ndarray:
    """out's memory, if results of these elements in x's shape may go there."""
    if is_torch(out):
        array, found = torch_memory("out", out, writing=True)
        shown = str(out.dtype)
    elif isinstance(out, np.ndarray):
        array, found = out, out.dtype.name
        shown = found if out.dtype.isnative else out.dtype.str
    else:
        why = " (JAX arrays never change)" if is_jax(out) else ""
        raise TypeError(f"out is a {type(out).__name__}{why}, allowed: a NumPy array, or a CPU tensor of torch")
    if found != elements or not array.dtype.isnative:
        raise TypeError(f"out has dtype {shown}, allowed: {elements}")
    if array.shape != x.shape:
        raise ValueError(f"out has shape {array.shape}, allowed: {x.shape}, the shape of the input")
    if not array.flags.writeable:
        raise ValueError("out is read-only, allowed: a writeable array")
    if array.size and any(step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)):
        raise ValueError("out is a broadcast array, whose elements share memory, allowed: memory for each element")
    source = x.original
    same = (
        source.__array_interface__["data"][0] == array.__array_interface__["data"][0]
        and source.dtype.itemsize == array.dtype.itemsize
        and (source.strides == array.strides or (source.flags.c_contiguous and array.flags.c_contiguous))
    )
    if not same and array.size and np.shares_memory(source, array):
        raise ValueError("out overlaps the input in part, allowed: the input itself, or memory of its own")
    return array


def thread_count(threads: int | None) -> int:
    """threads=None is one, or HALFULP_THREADS."""
    if threads is None:
        text = _core.environment("HALFULP_THREADS")
        if text is None:
            return 1
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
