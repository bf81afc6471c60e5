"""PyTorch: copies between float32 and its narrow float types, into tensors that are there already."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
import torch

from speed.peers.contest import Contest, Pair, code_bytes, different_codes, different_values, operands

PACKAGES = ("torch",)

DTYPES = {
    "bfloat16": torch.bfloat16,
    "binary16": torch.float16,
    "e4m3fn": torch.float8_e4m3fn,
    "e4m3fnuz": torch.float8_e4m3fnuz,
    "e5m2": torch.float8_e5m2,
    "e5m2fnuz": torch.float8_e5m2fnuz,
    "e8m0fnu": torch.float8_e8m0fnu,
}


def contests() -> list[Contest]:
    found = []
    for format, dtype in DTYPES.items():
        size = 4 + code_bytes(format)
        found.append(Contest("torch", "encode", format, "", size, _encode(format, dtype)))
        found.append(Contest("torch", "decode", format, "", size, _decode(format, dtype)))
    return found


def _codes(tensor: Any, like: np.ndarray) -> np.ndarray:
    return tensor.view(torch.uint8 if like.dtype.itemsize == 1 else torch.int16).numpy().view(like.dtype)


def _encode(format: str, dtype: Any) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        x = operands(format, x)
        source, theirs = torch.from_numpy(x), torch.zeros(x.shape, dtype=torch.float32).to(dtype)
        ours = np.zeros(x.shape, hu.format(format).code_dtype)
        how = "torch" if format == "e8m0fnu" else None
        return Pair(
            peer=lambda: theirs.copy_(source),
            ours=lambda: hu.encode(x, format, projection=how, out=ours),
            differences=lambda: different_codes(ours, _codes(theirs, ours)),
        )

    return prepare


def _decode(format: str, dtype: Any) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        codes = hu.encode(operands(format, x), format)
        signed = codes if codes.dtype.itemsize == 1 else codes.view(np.int16)
        source, theirs = torch.from_numpy(signed).view(dtype), torch.zeros(x.shape)
        ours = np.zeros_like(x)
        return Pair(
            peer=lambda: theirs.copy_(source),
            ours=lambda: hu.decode(codes, format, out=ours),
            differences=lambda: different_values(ours, theirs.numpy()),
        )

    return prepare
