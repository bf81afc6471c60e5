"""gguf, the Python side of llama.cpp's files: bfloat16, and MXFP4 by NumPy."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
from gguf.constants import GGMLQuantizationType
from gguf.quants import dequantize, quantize

from speed.peers.contest import Contest, Latest, Pair, different_codes, different_values
from speed.peers.packed import quantize_packed

PACKAGES = ("gguf", "numpy")
ROW = 1024


def contests() -> list[Contest]:
    return [
        Contest("gguf", "encode", "bfloat16", "", 6, _bfloat16()),
        Contest("gguf", "quantize", "mxfp4", "packed", 4 + 4.25 / 8, _mxfp4(), "it takes ties toward zero"),
    ]


def _bfloat16() -> Any:
    def prepare(x: np.ndarray) -> Pair:
        theirs = Latest(lambda: quantize(x, GGMLQuantizationType.BF16))
        ours = np.zeros(x.shape, np.uint16)
        return Pair(
            peer=theirs,
            ours=lambda: hu.encode(x, "bfloat16", out=ours),
            differences=lambda: different_codes(ours, theirs.value.view(np.uint16)),
        )

    return prepare


def _mxfp4() -> Any:
    def prepare(x: np.ndarray) -> Pair:
        rows = x.reshape(-1, ROW)
        theirs = Latest(lambda: quantize(rows, GGMLQuantizationType.MXFP4))
        ours = Latest(lambda: quantize_packed(rows, "mxfp4"))

        # Its blocks order the nibbles in another way, so values are compared.
        def differences() -> int:
            values = dequantize(theirs.value, GGMLQuantizationType.MXFP4)
            return different_values(hu.fake_quantize(rows, "mxfp4"), values)

        return Pair(theirs, ours, differences)

    return prepare
