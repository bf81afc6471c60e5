"""torchao, eager and compiled: MX quantization (scale by floor), NVFP4 without a tensor scale, FP4 and FP6 codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import halfulp as hu
import numpy as np
import torch
from torchao.prototype.mx_formats import kernels
from torchao.prototype.mx_formats.constants import DTYPE_FP6_E2M3, DTYPE_FP6_E3M2
from torchao.prototype.mx_formats.mx_tensor import to_mx
from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize

from speed.peers.contest import Contest, Latest, Pair, different_codes
from speed.peers.packed import quantize_packed

PACKAGES = ("torchao", "torch")
ROW = 1024

MX = {
    "mxfp8_e4m3": torch.float8_e4m3fn,
    "mxfp8_e5m2": torch.float8_e5m2,
    "mxfp6_e3m2": DTYPE_FP6_E3M2,
    "mxfp6_e2m3": DTYPE_FP6_E2M3,
    "mxfp4": torch.float4_e2m1fn_x2,
}
UNPACKED = {
    "e2m1fn": kernels.f32_to_f4_unpacked,
    "e2m3fn": kernels.f32_to_f6_e2m3_unpacked,
    "e3m2fn": kernels.f32_to_f6_e3m2_unpacked,
}
# It clamps before the cast only where it is not compiled.
COMPILED_CASTS = "compiled, it casts without saturating"
NVFP4_ONE_LEVEL = "e2m1fn/16:e4m3fn"


def contests() -> list[Contest]:
    found = []
    for how, wrap in (("eager", lambda f: f), ("compiled", torch.compile)):
        peer = f"torchao ({how})"
        for scheme, dtype in MX.items():
            size = 4 + hu.scheme(scheme).bits_per_element / 8 if scheme == "mxfp4" else 5 + 1 / 32
            found.append(Contest(peer, "quantize", scheme, "", size, _mx(scheme, dtype, wrap), COMPILED_CASTS))
        found.append(Contest(peer, "quantize", NVFP4_ONE_LEVEL, "packed", 4 + 4.5 / 8, _nvfp4(wrap)))
        for format, function in UNPACKED.items():
            found.append(Contest(peer, "encode", format, "", 5, _encode(format, function, wrap)))
    return found


def _bytes(tensor: Any) -> np.ndarray:
    return tensor.contiguous().view(torch.uint8).numpy().reshape(-1)


def _mx(scheme: str, dtype: Any, wrap: Callable[[Any], Any]) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        rows = x.reshape(-1, ROW)
        source = torch.from_numpy(rows)
        function = wrap(lambda v: to_mx(v, dtype, 32))
        theirs = Latest(lambda: function(source))
        if scheme == "mxfp4":
            ours = Latest(lambda: quantize_packed(rows, scheme))
        else:
            ours = Latest(lambda: hu.quantize(rows, scheme))

        def differences() -> int:
            scales, codes = (_bytes(part) for part in theirs.value)
            return different_codes(ours.value.codes.reshape(-1), codes) + _scale_differences(ours.value, scales)

        return Pair(theirs, ours, differences)

    return prepare


def _scale_differences(ours: Any, theirs: np.ndarray) -> int:
    scales = ours.scale_codes if isinstance(ours, hu.Quantized) else ours.scales  # packed otherwise
    return different_codes(scales[0].reshape(-1), theirs)


def _nvfp4(wrap: Callable[[Any], Any]) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        rows = x.reshape(-1, ROW)
        source = torch.from_numpy(rows)
        function = wrap(lambda v: nvfp4_quantize(v))
        theirs = Latest(lambda: function(source))
        ours = Latest(lambda: quantize_packed(rows, NVFP4_ONE_LEVEL))

        def differences() -> int:
            return different_codes(ours.value.codes, _bytes(theirs.value[-1]))

        return Pair(theirs, ours, differences)

    return prepare


def _encode(format: str, function: Any, wrap: Callable[[Any], Any]) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        source = torch.from_numpy(x)
        compiled = wrap(lambda v: function(v))
        theirs = Latest(lambda: compiled(source))
        ours = np.zeros(x.shape, np.uint8)
        return Pair(
            peer=theirs,
            ours=lambda: hu.encode(x, format, out=ours),
            differences=lambda: different_codes(ours, theirs.value.numpy()),
        )

    return prepare
