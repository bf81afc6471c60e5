"""GGUF files through the package gguf. What a file holds quantized is dequantized when it is read, and says so.

Source: the package's reader and its `quants`, which are ggml's own; shapes are turned round from ggml's order, in which
the fastest axis is first.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from halfulp.sweeping._extras import need
from halfulp.sweeping.matrix import Matrix, why_not
from halfulp.sweeping.sources import Blocks, Segment, dequantizer

_PLAIN = {"F64": ("float64", "<f8"), "F32": ("float32", "<f4"), "F16": ("float16", "<f2"), "BF16": ("bfloat16", "<u2")}


def read(path: Path) -> list[Matrix | str]:
    """Matrices, and for every other tensor the reason why it is none."""
    gguf = need("gguf", "gguf", f"the GGUF file {path}")
    with path.open("rb") as file:  # the reader's own errors do not name the file, nor do some of them say much
        if file.read(4) != b"GGUF":
            raise ValueError(f"{path} is not a sound GGUF file: it does not begin with the letters GGUF")
    try:
        reader = gguf.GGUFReader(path)
        if reader.endianess != gguf.GGUFEndian.LITTLE:
            raise ValueError("it is big-endian, allowed: little-endian files")
        tensors = [_tensor(gguf, path, tensor) for tensor in reader.tensors]
    except Exception as error:  # a damaged file ends the reader with whatever its first wrong number leads to
        raise ValueError(f"{path} is not a sound GGUF file: {_said(error)}") from None
    return tensors


def _tensor(gguf: Any, path: Path, tensor: Any) -> Matrix | str:
    kind = tensor.tensor_type.name
    shape = tuple(int(n) for n in reversed(tensor.shape.tolist()))
    start = int(tensor.data_offset)
    if start + int(tensor.n_bytes) > path.stat().st_size:
        raise ValueError(f"tensor {tensor.name!r} ends beyond the file: is it truncated?")
    if kind in _PLAIN:
        dtype, stored = _PLAIN[kind]
        return why_not(dtype, shape) or Matrix(tensor.name, dtype, shape, Segment(str(path.absolute()), start, stored))
    if kind.startswith("I") and not kind.startswith("IQ"):  # I8 to I64 are integers, IQ1_S to IQ4_XS are quantized
        return f"array of {kind}"
    elements, size = gguf.GGML_QUANT_SIZES[tensor.tensor_type]
    if not _is_dequantized(int(tensor.tensor_type), int(size)):
        return f"array of {kind}, which the package gguf does not dequantize"
    reason = why_not("float32", shape)
    place = Blocks(str(path.absolute()), start, int(tensor.tensor_type), int(elements), int(size))
    return reason or Matrix(tensor.name, "float32", shape, place, kind)


@lru_cache(maxsize=64)
def _is_dequantized(kind: int, size: int) -> bool:
    """Does the package know how?"""
    try:
        dequantizer(kind)(np.zeros((1, size), dtype=np.uint8))
    except NotImplementedError:
        return False
    return True


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
