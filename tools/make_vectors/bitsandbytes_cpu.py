#!/usr/bin/env python3
"""Records what bitsandbytes' CPU path makes of some arrays, with the machine's own bitsandbytes and torch.

    tools/make_vectors/bitsandbytes_cpu.py OUTPUT      # tests/vectors/codes/bitsandbytes.json

Codes, maxima and double quantization of NF4, FP4 and the dynamic 8-bit map, float32 numbers as their bits. One thread,
since torch's sum depends on their number.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def bits(x: Any) -> list[int]:
    return np.ascontiguousarray(x, dtype=np.float32).view(np.uint32).tolist()


def arrays() -> dict[str, tuple[np.ndarray, int]]:
    rng = np.random.default_rng(20261122)

    def normal(n: int) -> np.ndarray:
        return rng.standard_normal(n).astype(np.float32)

    made = {"normal": (normal(1000), 64), "tail": (normal(130), 64)}
    x = normal(256)
    x[:64] = 0
    x[70] = -0.0
    x[128:192] *= 1e-38
    made["zeros_and_tiny"] = (x, 64)
    x = normal(192)
    x[3], x[70] = np.inf, -np.inf
    made["infinite"] = (x, 64)
    x = normal(192)
    x[3] = np.nan
    made["nan"] = (x, 64)
    made["small"] = (np.array([1, -1, 0.5, 1e-3, -1e-3, 1e-9, -1e-9, 0] * 16, dtype=np.float32), 64)
    made["large_block"] = (normal(5000), 4096)
    return made


def record(x: np.ndarray, block: int) -> dict[str, Any]:
    import bitsandbytes.functional as bnb
    import torch

    made: dict[str, Any] = {"x": bits(x), "block": block}
    tensor = torch.from_numpy(x)
    for kind, name in (("nf4", "nf4"), ("fp4", "fp4_bnb")):
        packed, state = bnb.quantize_4bit(tensor, blocksize=block, quant_type=kind)
        pairs = packed.numpy().ravel()
        codes = np.stack([pairs >> 4, pairs & 15], axis=-1).ravel()[: x.size]
        made[name] = {"codes": codes.tolist(), "absmax": bits(state.absmax.numpy())}
    codes, state = bnb.quantize_blockwise(tensor, blocksize=block)
    made["dynamic8"] = {"codes": codes.numpy().tolist(), "absmax": bits(state.absmax.numpy())}
    packed, state = bnb.quantize_4bit(tensor, blocksize=block, quant_type="nf4", compress_statistics=True)
    made["double_quant"] = {
        "codes": state.absmax.numpy().tolist(),
        "absmax": bits(state.state2.absmax.numpy()),
        "offset": bits([state.offset.item()])[0],
        "values": bits(bnb.dequantize_4bit(packed, state).numpy().ravel()[:64]),
    }
    return made


def main() -> None:
    import torch

    torch.set_num_threads(1)
    source = f"bitsandbytes {version('bitsandbytes')}, CPU, one thread; float32 bit patterns"
    cases = {name: record(x, block) for name, (x, block) in arrays().items()}
    Path(sys.argv[1]).write_text(json.dumps({"source": source, "cases": cases}) + "\n")


if __name__ == "__main__":
    main()
