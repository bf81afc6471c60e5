"""llama.cpp's own quantizer, in C, through the shared library that llama-cpp-python builds."""

from __future__ import annotations

import ctypes
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import halfulp as hu
import numpy as np
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

from speed.peers.contest import Contest, Latest, Pair, different_codes, different_values
from speed.peers.packed import quantize_packed

PACKAGES = ("llama_cpp_python", "gguf")
ROW = 1024


def contests() -> list[Contest]:
    library = _library()
    blocks = {"Q4_0": 4.5, "Q8_0": 8.5, "TQ1_0": 1.6875, "TQ2_0": 2.0625}  # bits
    return [
        *(
            Contest("llama.cpp", "quantize", kind, "", 4 + bits / 8, _blocks(library, kind))
            for kind, bits in blocks.items()
        ),
        Contest("llama.cpp", "encode", "binary16", "", 6, _sixteen(library, "binary16", GGMLQuantizationType.F16)),
        Contest("llama.cpp", "encode", "bfloat16", "", 6, _sixteen(library, "bfloat16", GGMLQuantizationType.BF16)),
        Contest("llama.cpp", "quantize", "mxfp4", "packed", 4 + 4.25 / 8, _mxfp4(library), "it takes ties toward zero"),
    ]


def _library() -> Any:
    spec = find_spec("llama_cpp")  # found, not imported: importing it wants packages that play no part here
    if spec is None or spec.origin is None:
        raise ImportError("llama-cpp-python is not installed")
    folder = Path(spec.origin).parent / "lib"
    found = None
    for name in ("libggml-base.so",):
        found = ctypes.CDLL(str(folder / name), mode=ctypes.RTLD_GLOBAL)
    assert found is not None
    found.ggml_quantize_chunk.restype = ctypes.c_size_t
    found.ggml_quantize_chunk.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_void_p,
    ]
    return found


def _chunk(library: Any, kind: GGMLQuantizationType, rows: np.ndarray, out: np.ndarray) -> Any:
    arguments = (int(kind), rows.ctypes.data, out.ctypes.data, 0, rows.shape[0], rows.shape[1], None)
    return lambda: library.ggml_quantize_chunk(*arguments)


def _sixteen(library: Any, format: str, kind: GGMLQuantizationType) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        rows = x.reshape(-1, ROW)
        theirs, ours = np.zeros(rows.shape, np.uint16), np.zeros(rows.shape, np.uint16)
        return Pair(
            peer=_chunk(library, kind, rows, theirs),
            ours=lambda: hu.encode(rows, format, out=ours),
            differences=lambda: different_codes(ours, theirs),
        )

    return prepare


def _blocks(library: Any, name: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        rows, kind = x.reshape(-1, ROW), GGMLQuantizationType[name]
        values, size = GGML_QUANT_SIZES[kind]
        theirs = np.zeros((rows.shape[0], ROW // values * size), np.uint8)
        ours = Latest(lambda: hu.ggml.quantize(rows, name))
        return Pair(_chunk(library, kind, rows, theirs), ours, lambda: different_codes(ours.value, theirs))

    return prepare


def _mxfp4(library: Any) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        rows = x.reshape(-1, ROW)
        block, size = GGML_QUANT_SIZES[GGMLQuantizationType.MXFP4]
        theirs = np.zeros((rows.shape[0], rows.shape[1] // block * size), np.uint8)

        def differences() -> int:
            values = dequantize(theirs, GGMLQuantizationType.MXFP4)
            return different_values(hu.fake_quantize(rows, "mxfp4"), values)

        return Pair(
            peer=_chunk(library, GGMLQuantizationType.MXFP4, rows, theirs),
            ours=lambda: quantize_packed(rows, "mxfp4"),
            differences=differences,
        )

    return prepare
