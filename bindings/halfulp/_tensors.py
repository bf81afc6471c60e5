"""Torch tensors and JAX arrays: read as NumPy arrays of the same memory, and made again of results.

No framework is imported here. Whoever passes a tensor has imported its framework, so sys.modules has it.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

# Elements that NumPy has no dtype of its own for: torch shows them through integers of their width.
_TORCH_BITS = {1: np.uint8, 2: np.uint16}
_ALIGNMENT = 64  # bytes; XLA takes host memory over without a copy where it starts at a multiple of this


class Kind:
    """What an input was: results become the like of it. This one is NumPy's."""

    is_python = False

    def check(self, elements: str) -> None:
        """TypeError where results of these elements cannot exist."""

    def empty(self, shape: tuple[int, ...], elements: str) -> np.ndarray:
        """Memory of a result. `elements` is a NumPy or ml_dtypes dtype's name."""
        return np.empty(shape, dtype=dtype_named(elements))

    def give(self, array: np.ndarray, elements: str) -> Any:
        """The result: the array of :meth:`empty` as what the input was."""
        return array


class _Python(Kind):
    """A Python scalar or list: a scalar for a scalar."""

    is_python = True

    def give(self, array: np.ndarray, elements: str) -> Any:
        return array[()] if array.shape == () else array


class _Torch(Kind):
    def empty(self, shape: tuple[int, ...], elements: str) -> np.ndarray:
        # bfloat16 by its bits: torch users need no ml_dtypes.
        return np.empty(shape, dtype=np.uint16 if elements == "bfloat16" else dtype_named(elements))

    def give(self, array: np.ndarray, elements: str) -> Any:
        torch = sys.modules["torch"]
        if elements == "bfloat16":
            return torch.from_numpy(array.view(np.int16)).view(torch.bfloat16)
        return torch.from_numpy(array)


class _Jax(Kind):
    def __init__(self, like: Any) -> None:
        self.like = like

    def check(self, elements: str) -> None:
        if elements in ("float64", "uint64") and not sys.modules["jax"].config.jax_enable_x64:
            raise TypeError(
                f"the result is {elements}, which JAX would cut to 32 bits, allowed: JAX arrays after "
                'jax.config.update("jax_enable_x64", True), or NumPy arrays; pass numpy.asarray(...)'
            )

    def empty(self, shape: tuple[int, ...], elements: str) -> np.ndarray:
        dtype = dtype_named(elements)
        size = int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
        memory = np.empty(size + _ALIGNMENT, dtype=np.uint8)
        start = -memory.ctypes.data % _ALIGNMENT
        return memory[start : start + size].view(dtype).reshape(shape)

    def give(self, array: np.ndarray, elements: str) -> Any:
        # To x's own device where x was put there; else wherever JAX puts new arrays, so that it mixes as x does.
        device = None
        if getattr(self.like, "committed", True):
            device = min(self.like.devices(), key=lambda one: one.id)
        return sys.modules["jax"].device_put(array, device)


NUMPY, PYTHON, TORCH = Kind(), _Python(), _Torch()


def dtype_named(elements: str) -> np.dtype[Any]:
    """The NumPy dtype of this name. bfloat16 needs ml_dtypes."""
    if elements != "bfloat16":
        return np.dtype(elements)
    try:
        import ml_dtypes
    except ImportError:
        raise ImportError("bfloat16 arrays need the package ml_dtypes: pip install ml_dtypes") from None
    return np.dtype(ml_dtypes.bfloat16)


def is_torch(x: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, getattr(torch, "Tensor", ()))


def is_jax(x: Any) -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and isinstance(x, getattr(jax, "Array", ()))


def torch_memory(name: str, x: Any, *, writing: bool = False) -> tuple[np.ndarray, str]:
    """A CPU tensor's memory and the name of its elements; bfloat16 and float8 show as unsigned integers."""
    torch = sys.modules["torch"]
    if x.requires_grad:
        raise TypeError(
            f"{name} is a tensor that requires grad, which a result of plain bits cannot carry on (there is no "
            f"straight-through operator yet), allowed: a tensor without; pass {name}.detach()"
        )
    if x.layout is not torch.strided:
        raise TypeError(f"{name} is a tensor of layout {x.layout}, allowed: dense tensors; pass {name}.to_dense()")
    if x.is_quantized:
        raise TypeError(f"{name} is a quantized tensor of torch, allowed: plain tensors; pass {name}.dequantize()")
    if x.device.type == "meta":
        raise TypeError(f"{name} is a tensor on the device meta, which holds no numbers, allowed: CPU tensors")
    if x.device.type != "cpu":
        raise TypeError(f"{name} is a tensor on the device {x.device}, allowed: CPU tensors; pass {name}.cpu()")
    elements = str(x.dtype).removeprefix("torch.")
    if elements == "float4_e2m1fn_x2":
        raise TypeError(
            f"{name} has dtype {x.dtype}, two codes in each byte, allowed: one code an element; "
            f"pass halfulp.unpack({name}.view(torch.uint8), 4, 2 * {name}.numel())"
        )
    if x.is_neg() or x.is_conj():
        if writing:
            raise TypeError(f"{name} is a lazily negated or conjugated view, allowed: a plain tensor")
        x = x.resolve_conj().resolve_neg()
    try:
        if elements == "bfloat16" or elements.startswith("float8"):
            width = x.element_size()
            integers = x.view(torch.uint8 if width == 1 else torch.int16)
            return integers.numpy().view(_TORCH_BITS[width]), elements
        return x.numpy(), elements
    except (RuntimeError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise TypeError(
            f"{name} is a {type(x).__name__} of dtype {x.dtype} whose memory torch does not show ({reason}), "
            "allowed: plain CPU tensors"
        ) from None


def torch_was_written(x: Any) -> None:
    """Tells autograd that a tensor has changed, as torch's own in-place functions do: a backward pass that saved it
    then fails instead of computing with the new numbers."""
    if not x.is_inference():
        sys.modules["torch"].autograd.graph.increment_version(x)


def jax_memory(name: str, x: Any) -> tuple[np.ndarray, Kind]:
    """A JAX array on the CPU as a read-only NumPy array."""
    jax = sys.modules["jax"]
    if isinstance(x, jax.core.Tracer):
        raise TypeError(
            f"{name} is a JAX tracer, which has no numbers yet, allowed: arrays; call halfulp outside jit, grad and "
            "vmap, or through jax.pure_callback"
        )
    if jax.dtypes.issubdtype(x.dtype, jax.dtypes.extended):
        raise TypeError(f"{name} has dtype {x.dtype}, allowed: arrays of numbers")
    if x.is_deleted():
        raise ValueError(f"{name} is a deleted JAX array (its memory was donated), allowed: arrays that hold numbers")
    elsewhere = [device for device in x.devices() if device.platform != "cpu"]
    if elsewhere:
        raise TypeError(
            f"{name} is a JAX array on the device {elsewhere[0]}, allowed: arrays on the CPU; pass "
            f'jax.device_put({name}, jax.devices("cpu")[0]), or numpy.asarray({name})'
        )
    if not x.is_fully_addressable:
        raise TypeError(f"{name} is a JAX array spread over several processes, allowed: arrays of this process")
    return np.asarray(x), _Jax(x)
