"""The blocks of llama.cpp and of GGUF files: read, written and taken apart, byte for byte.

A block is a run of values along the last axis that shares a scale; its bytes hold the scale too. :func:`types` lists
the types that are known. Quantizing is the arithmetic of llama.cpp's own reference functions (``quantize_row_*_ref`` of
``ggml-quants.c``, as x86-64 builds compute it), and so is dequantizing (``dequantize_row_*``).

>>> import halfulp as hu
>>> blocks = hu.ggml.quantize(weights, "Q4_0")          # uint8, (rows, columns / 32 * 18)
>>> codes, scales = hu.ggml.unpack(blocks, "Q4_0")      # int8 from -8 to 7, and float16
>>> values = hu.ggml.dequantize(blocks, "Q4_0")         # float32, codes times scales
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from halfulp import _core
from halfulp._arrays import plain, take, thread_count
from halfulp._format import check_ascii
from halfulp.sweeping._extras import need
from halfulp.sweeping._files import replacing

__all__ = [
    "BlockType",
    "Tensor",
    "Unpacked",
    "dequantize",
    "pack",
    "quantize",
    "read_gguf",
    "types",
    "unpack",
    "write_gguf",
]


class BlockType(NamedTuple):
    """A type of block."""

    name: str  #: ggml's, such as "Q4_0"
    number: int  #: ggml's, as GGUF files store it
    values: int  #: in a block
    bytes: int  #: of a block
    is_written: bool  #: by quantize and pack, and taken apart by unpack; the others are read by dequantize alone


class Unpacked(NamedTuple):
    """What a block holds: value = code × scale."""

    codes: Any  #: int8, one for each value
    scales: Any  #: float16, one for each block: the last axis counts blocks


class Tensor(NamedTuple):
    """A tensor of a GGUF file."""

    type: str  #: ggml's name: a block type's, or "F32", "F16", "BF16", "I32", …
    shape: tuple[int, ...]  #: in C order: the last axis is the one that lies side by side
    data: np.ndarray  #: its bytes, uint8, the last axis counting those of a row

    def values(self) -> np.ndarray:
        """The values as float32. Raises ValueError for a type that is neither a known block type nor F32, F16, BF16."""
        if self.type == "F32":
            return self.data.view("<f4").astype(np.float32).reshape(self.shape)
        if self.type == "F16":
            return self.data.view("<f2").astype(np.float32).reshape(self.shape)
        if self.type == "BF16":
            return (self.data.view("<u2").astype(np.uint32) << 16).view(np.float32).reshape(self.shape)
        return dequantize(self.data, self.type, self.shape)


def types() -> list[BlockType]:
    """The types of blocks that are known."""
    return [BlockType(*row) for row in _core.ggml_types()]


def quantize(x: Any, type: str, *, threads: int | None = None) -> Any:
    """float32 values as blocks: uint8, in x's shape but for the last axis, which counts bytes.

    x: finite float32 numbers, the last axis whole blocks. type: "Q4_0", "Q8_0", "TQ1_0" or "TQ2_0".

    The bytes are those of llama.cpp, with its quirks: Q4_0's scale has the sign opposite to that of the number of
    largest magnitude (in a block of zeros it is -0), scales go to binary16 after the codes were found with them, and
    from 65520 on they become infinite. Where a scale is 2^-128 or less (a zero in binary16) llama.cpp's conversion is
    undefined; the codes are then those of its x86-64 builds. NaN and infinities, undefined there too, are a ValueError.
    """
    kind_of_block = _block("type", type)
    _check_written(kind_of_block, "quantize")
    array, elements, dtype, kind = take("x", x)
    if elements != "float32":
        raise TypeError(f"x has dtype {dtype}, allowed: float32, which llama.cpp quantizes; pass numpy.float32(x)")
    count = _whole("x", array, kind_of_block.values, "elements", kind_of_block)
    out = kind.empty((*array.shape[:-1], count * kind_of_block.bytes), "uint8")
    _core.ggml_quantize(kind_of_block.name, plain(array), out, thread_count(threads))
    return kind.give(out, "uint8")


def dequantize(data: Any, type: str, shape: tuple[int, ...] | None = None, *, threads: int | None = None) -> Any:
    """The values of blocks as float32.

    data: uint8, the last axis whole blocks. type: any of :func:`types`. shape: of the result, as many values as the
    blocks hold; without it data's, with values in place of bytes along the last axis. Bytes mean what llama.cpp reads
    in them, and all of them mean something: MXFP4's scale FF is 2^128 and no NaN, NVFP4's scale 7F is 0.
    """
    kind_of_block = _block("type", type)
    array, kind = _bytes("data", data)
    count = _whole("data", array, kind_of_block.bytes, "bytes", kind_of_block)
    own = (*array.shape[:-1], count * kind_of_block.values)
    out = kind.empty(own, "float32")
    target = out if shape is None else out.reshape(_shape(shape, out.size))
    _core.ggml_dequantize(kind_of_block.name, plain(array), out, thread_count(threads))
    return kind.give(target, "float32")


def unpack(data: Any, type: str) -> Unpacked:
    """The integers and scales of blocks: int8 codes, one for each value, and float16 scales, one for each block.

    type: "Q4_0" (codes -8 to 7), "Q8_0" (-128 to 127), "TQ1_0" (-1 to 1), "TQ2_0" (-1 to 2). :func:`pack` puts them
    together again. (A byte of TQ1_0 that no five trits make, which llama.cpp never writes, comes back as another one.)
    """
    kind_of_block = _block("type", type)
    _check_written(kind_of_block, "unpack")
    array, kind = _bytes("data", data)
    count = _whole("data", array, kind_of_block.bytes, "bytes", kind_of_block)
    codes = kind.empty((*array.shape[:-1], count * kind_of_block.values), "int8")
    scales = kind.empty((*array.shape[:-1], count), "float16")
    _core.ggml_unpack(kind_of_block.name, plain(array), codes, scales.view(np.uint16))
    return Unpacked(kind.give(codes, "int8"), kind.give(scales, "float16"))


def pack(codes: Any, scales: Any, type: str) -> Any:
    """Blocks (uint8, the last axis counting bytes) of integers and scales as :func:`unpack` gives them.

    codes: integers, the last axis whole blocks. scales: float16, in codes' shape but for the last axis, which counts
    blocks. Raises ValueError for a code that the type does not hold.
    """
    kind_of_block = _block("type", type)
    _check_written(kind_of_block, "pack")
    integers, elements, dtype, kind = take("codes", codes)
    if integers.dtype.kind not in "iu" or not elements.startswith(("int", "uint")):
        raise TypeError(f"codes has dtype {dtype}, allowed: integers")
    halves, elements, dtype, _ = take("scales", scales)
    if elements != "float16":
        raise TypeError(f"scales has dtype {dtype}, allowed: float16")
    count = _whole("codes", integers, kind_of_block.values, "elements", kind_of_block)
    lead = integers.shape[:-1]
    if halves.shape != (*lead, count):
        raise ValueError(f"scales has shape {halves.shape}, allowed: {(*lead, count)} for codes of {integers.shape}")
    lowest, highest = _core.ggml_code_range(kind_of_block.name)
    beyond = (integers < lowest) | (integers > highest)
    if beyond.any():
        place = tuple(int(i) for i in np.unravel_index(int(beyond.argmax()), integers.shape))
        where = ", ".join(map(str, place))
        raise ValueError(
            f"codes[{where}] is {int(integers[place])}, allowed in {kind_of_block.name}: {lowest} to {highest}"
        )
    out = kind.empty((*lead, count * kind_of_block.bytes), "uint8")
    _core.ggml_pack(kind_of_block.name, plain(integers.astype(np.int8)), plain(halves).view(np.uint16), out)
    return kind.give(out, "uint8")


def read_gguf(path: str | os.PathLike[str]) -> dict[str, Tensor]:
    """The tensors of a GGUF file by name, in the file's order. Needs the package gguf.

    The data are views of the file, which is mapped into memory: read-only, and loaded as they are looked at. Raises
    ValueError for a file that is no sound GGUF file, or big-endian.
    """
    path = Path(path)
    gguf = need("gguf", "gguf", f"the GGUF file {path}")
    with path.open("rb") as file:  # the reader's own error does not name the file
        if file.read(4) != b"GGUF":
            raise ValueError(f"{path} is not a sound GGUF file: it does not begin with the letters GGUF")
    try:
        reader = gguf.GGUFReader(path)
        if reader.endianess != gguf.GGUFEndian.LITTLE:
            raise ValueError("it is big-endian, allowed: little-endian files")
        return {tensor.name: _tensor(gguf, tensor) for tensor in reader.tensors}
    except Exception as error:  # a damaged file ends the reader with whatever its first wrong number leads to
        raise ValueError(f"{path} is not a sound GGUF file: {str(error) or error.__class__.__name__}") from None


def write_gguf(path: str | os.PathLike[str], tensors: Mapping[str, Tensor], *, architecture: str = "halfulp") -> None:
    """A GGUF file of these tensors, whole or not at all. Needs the package gguf.

    A Tensor's data are bytes as :func:`quantize` gives them, in its shape but for the last axis. architecture: what the
    file says of itself as ``general.architecture``, the one fact that every GGUF file has; it has no others.
    """
    gguf = need("gguf", "gguf", f"the GGUF file {path}")
    checked = {}
    for name, tensor in tensors.items():
        kind = _gguf_type(gguf, f"type of {name!r}", tensor.type)
        values, size = gguf.GGML_QUANT_SIZES[kind]
        data, _ = _bytes(f"data of {name!r}", tensor.data)
        shape = tuple(tensor.shape)
        allowed = (*shape[:-1], shape[-1] // values * size) if shape and shape[-1] % values == 0 else None
        if data.shape != allowed:
            raise ValueError(
                f"data of {name!r} has shape {data.shape}, allowed for {tensor.type} of shape {shape}: "
                + (str(allowed) if allowed else f"none, since the last axis is not a multiple of {values}")
            )
        checked[name] = (kind, plain(data))
    with replacing(path) as file:
        writer = gguf.GGUFWriter(file.name, architecture)  # opens the same file once more
        for name, (kind, data) in checked.items():
            writer.add_tensor(name, data, raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def _tensor(gguf: Any, tensor: Any) -> Tensor:
    shape = tuple(int(n) for n in reversed(tensor.shape.tolist()))
    values, size = gguf.GGML_QUANT_SIZES[tensor.tensor_type]
    data = np.asarray(tensor.data).reshape(-1).view(np.uint8)
    return Tensor(tensor.tensor_type.name, shape, data.reshape((*shape[:-1], shape[-1] // values * size)))


def _gguf_type(gguf: Any, argument: str, name: Any) -> Any:
    known = {kind.name: kind for kind in gguf.GGML_QUANT_SIZES}
    if name not in known:
        raise ValueError(f"{argument} is {name!r}, allowed: {', '.join(known)}")
    return known[name]


def _block(argument: str, name: Any) -> BlockType:
    if not isinstance(name, str):
        raise TypeError(f"{argument} is {name!r}, allowed: a name such as 'Q4_0'")
    check_ascii(argument, name)
    found = _core.ggml_name(name)
    return next(row for row in types() if row.name == found)


def _check_written(block: BlockType, function: str) -> None:
    if not block.is_written:
        allowed = ", ".join(row.name for row in types() if row.is_written)
        raise ValueError(f"type is {block.name!r}, allowed in {function}: {allowed} (the others are only read)")


def _bytes(name: str, data: Any) -> tuple[np.ndarray, Any]:
    array, elements, dtype, kind = take(name, data)
    if elements != "uint8":
        raise TypeError(f"{name} has dtype {dtype}, allowed: uint8")
    return array, kind


def _whole(name: str, array: np.ndarray, each: int, elements: str, block: BlockType) -> int:
    """How many blocks lie along the last axis."""
    if array.ndim == 0:
        raise ValueError(f"{name} has shape (), allowed: at least one axis, of whole blocks of {block.name}")
    if array.shape[-1] % each != 0:
        raise ValueError(
            f"{name} has {array.shape[-1]} {elements} along the last axis, allowed: a multiple of {each}, "
            f"the length of a block of {block.name}"
        )
    return array.shape[-1] // each


def _shape(shape: Any, size: int) -> tuple[int, ...]:
    try:
        sizes = tuple(int(n) for n in shape) if not isinstance(shape, (int, np.integer)) else (int(shape),)
    except (TypeError, ValueError):
        raise TypeError(f"shape is {shape!r}, allowed: an integer or a tuple of integers") from None
    if any(n < 0 for n in sizes) or int(np.prod(sizes, dtype=object)) != size:
        raise ValueError(f"shape is {shape!r}, allowed: a shape of {size} values, which the blocks hold")
    return sizes
