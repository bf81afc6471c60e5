"""bitsandbytes on the CPU: NF4, its own FP4 and its dynamic 8-bit codebook in blocks."""

from __future__ import annotations

from typing import Any

import bitsandbytes.functional as bnb
import halfulp as hu
import numpy as np
import torch

from speed.peers.contest import Contest, Latest, Pair, different_codes, different_values

PACKAGES = ("bitsandbytes", "torch")
WHY = "it compares binary32 quotients with binary32 thresholds"
PAIRS = {"nf4": "nf4", "fp4_bnb": "fp4"}


def contests() -> list[Contest]:
    torch.set_num_threads(1)
    found = []
    for name in PAIRS:
        found += [
            Contest("bitsandbytes", "quantize", f"{name}/64:binary32", "packed", 4.5625, _quantize_pairs(name), WHY),
            Contest(
                "bitsandbytes", "dequantize", f"{name}/64:binary32", "packed", 4.5625, _dequantize_pairs(name), WHY
            ),
        ]
    for block in (256, 4096):
        scheme, size = f"dynamic8/{block}:binary32", 5 + 4 / block
        found += [
            Contest("bitsandbytes", "quantize", scheme, "", size, _quantize_bytes(block), WHY),
            Contest("bitsandbytes", "dequantize", scheme, "", size, _dequantize_bytes(block), WHY),
        ]
    return found


def _codes(packed: Any) -> np.ndarray:
    """Its pairs have the first code in the high half."""
    pairs = packed.numpy().ravel()
    return np.stack([pairs >> 4, pairs & 15], axis=-1).ravel()


def _quantize_pairs(name: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        scheme, tensor = f"{name}/64:binary32@flat", torch.from_numpy(x)
        theirs = Latest(lambda: bnb.quantize_4bit(tensor, blocksize=64, quant_type=PAIRS[name]))
        ours = Latest(lambda: hu.quantize(x, scheme).pack())
        return Pair(
            theirs, ours, lambda: different_codes(hu.quantize(x, scheme).codes.ravel(), _codes(theirs.value[0]))
        )

    return prepare


def _dequantize_pairs(name: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        packed, state = bnb.quantize_4bit(torch.from_numpy(x), blocksize=64, quant_type=PAIRS[name])
        quantized = hu.quantize(x, f"{name}/64:binary32@flat")
        theirs, ours = Latest(lambda: bnb.dequantize_4bit(packed, state)), Latest(quantized.dequantize)
        return Pair(theirs, ours, lambda: different_values(ours.value, theirs.value.numpy()))

    return prepare


def _quantize_bytes(block: int) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        scheme, tensor = f"dynamic8/{block}:binary32@flat", torch.from_numpy(x)
        theirs = Latest(lambda: bnb.quantize_blockwise(tensor, blocksize=block))
        ours = Latest(lambda: hu.quantize(x, scheme))
        return Pair(theirs, ours, lambda: different_codes(ours.value.codes.ravel(), theirs.value[0].numpy().ravel()))

    return prepare


def _dequantize_bytes(block: int) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        codes, state = bnb.quantize_blockwise(torch.from_numpy(x), blocksize=block)
        quantized = hu.quantize(x, f"dynamic8/{block}:binary32@flat")
        theirs, ours = Latest(lambda: bnb.dequantize_blockwise(codes, state)), Latest(quantized.dequantize)
        return Pair(theirs, ours, lambda: different_values(ours.value, theirs.value.numpy()))

    return prepare
