"""Files of weights, by what their names end in."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from halfulp.sweeping import gguf_file, safetensors_file, torch_file
from halfulp.sweeping.arrays import from_array
from halfulp.sweeping.matrix import Matrix, why_not
from halfulp.sweeping.sources import Segment

_SAFETENSORS_FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_CHUNK = 1 << 22  # bytes


def read_file(path: Path) -> list[Matrix | str]:
    """Matrices, and for every other array the reason why it is none. ValueError that names the file and what is wrong
    with it."""
    reader = _READERS.get(path.suffix)
    if reader is None:
        raise ValueError(f"{path} ends in {path.suffix or 'no suffix'!r}, allowed: {', '.join(SUFFIXES)}")
    return reader(path)


def _read_safetensors(path: Path) -> list[Matrix | str]:
    found: list[Matrix | str] = []
    for entry in safetensors_file.read_entries(path):
        dtype = _SAFETENSORS_FLOATS.get(entry.dtype)
        if dtype is not None:
            itemsize = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
            safetensors_file.check_bytes(path, entry, itemsize)
        reason = why_not(dtype or entry.dtype, entry.shape)
        found.append(reason or _in_file(entry.name, str(dtype), entry.shape, path, entry.start))
    return found


def _in_file(name: str, dtype: str, shape: tuple[int, ...], path: Path, start: int) -> Matrix:
    stored = np.dtype("<u2" if dtype == "bfloat16" else dtype).newbyteorder("<")
    return Matrix(name, dtype, shape, Segment(str(path.absolute()), start, stored.str))


def _read_npy(path: Path) -> list[Matrix | str]:
    try:
        with path.open("rb") as file:
            shape, fortran, dtype = _read_header(file)
            start = file.tell()
        reason = why_not(dtype.name, shape)
        if reason:
            return [reason]
        expected = start + math.prod(shape) * dtype.itemsize
        if path.stat().st_size < expected:
            raise ValueError(f"it has {path.stat().st_size} bytes, its header speaks of {expected}: is it truncated?")
        if not fortran:
            return [Matrix(path.stem, dtype.name, shape, Segment(str(path.absolute()), start, dtype.str))]
        return [from_array(path.stem, np.load(path, mmap_mode="r", allow_pickle=False), str(path))]
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is not a sound npy file: {error}") from None


def _read_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """(shape, in Fortran order?, dtype) of an array in NumPy's format; the file then stands at its first byte."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        return np.lib.format.read_array_header_1_0(file)
    return np.lib.format.read_array_header_2_0(file)


def _read_npz(path: Path) -> list[Matrix | str]:
    found: list[Matrix | str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                with archive.open(entry) as file:
                    found.append(_from_member(entry, file, path))
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise ValueError(f"{path} is not a sound npz file: {error}") from None
    return found


def _from_member(entry: zipfile.ZipInfo, file: Any, path: Path) -> Matrix | str:
    # The header first: arrays that are not wanted are not read, and object arrays (pickles) never.
    shape, fortran, dtype = _read_header(file)
    name = entry.filename.removesuffix(".npy")
    reason = why_not(dtype.name, shape)
    if reason:
        return reason
    expected = math.prod(shape) * dtype.itemsize
    wrong = f"array {name!r} of shape {shape} and {dtype} should have {expected} bytes, it has another number"
    if entry.compress_type == zipfile.ZIP_STORED and not fortran:
        header = file.tell()
        if _drained(file) != expected:  # reading it all checks its sum
            raise ValueError(wrong)
        return Matrix(name, dtype.name, shape, Segment(str(path.absolute()), _start(path, entry) + header, dtype.str))
    content = file.read(expected)
    if len(content) < expected or file.read(1):
        raise ValueError(wrong)
    array = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return from_array(name, array, str(path))


def _drained(file: Any) -> int:
    """The number of bytes left in a file, which is at its end afterwards."""
    count = 0
    while part := file.read(_CHUNK):
        count += len(part)
    return count


def _start(path: Path, entry: zipfile.ZipInfo) -> int:
    """Where a stored member's bytes begin: after its local header of 30 bytes, a name and an extra field, whose lengths
    stand at 26 and 28 (PKWARE's APPNOTE.TXT, section 4.3.7)."""
    with path.open("rb") as file:
        file.seek(entry.header_offset + 26)
        name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
    return entry.header_offset + 30 + name + extra


_READERS: dict[str, Callable[[Path], list[Matrix | str]]] = {
    ".safetensors": _read_safetensors,
    ".npz": _read_npz,
    ".npy": _read_npy,
    ".gguf": gguf_file.read,
    ".pt": torch_file.read,
    ".pth": torch_file.read,
}
SUFFIXES = tuple(_READERS)
