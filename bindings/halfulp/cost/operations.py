"""Counting operations: HAWQ-V3's bit operations, Quartet's speed-up."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp._runs import real
from halfulp.allocate._problem import array_of, finite

# Widths in bits, wide enough for any format.
_WIDTHS = (2.0**-10, 2.0**20)


def bops(macs: Any, weight_bits: Any, activation_bits: Any) -> Any:
    """Bit operations of HAWQ-V3 (arXiv 2011.10680): multiply-accumulates × bits of a weight × bits of an activation.

    Numbers or arrays that broadcast, 0 or more; a float for numbers, else float64. The paper's published inputs count
    in units of 1024, one binary32 product: macs · 4 · 4 / 1024 = macs / 64 for 4 bit, macs / 16 for 8 bit.
    """
    named = (("macs", macs), ("weight_bits", weight_bits), ("activation_bits", activation_bits))
    factors = [_counts(name, value) for name, value in named]
    try:
        np.broadcast_shapes(*(f.shape for f in factors))
    except ValueError:
        shapes = ", ".join(f"{name} {f.shape}" for (name, _), f in zip(named, factors, strict=True))
        raise ValueError(f"the shapes of {shapes} do not go together, allowed: shapes that NumPy broadcasts") from None
    out = factors[0] * factors[1] * factors[2]
    return float(out) if out.ndim == 0 else out


def _counts(name: str, value: Any) -> np.ndarray:
    array = array_of(name, value)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {array.dtype}, allowed: real numbers")
    return finite(name, array.astype(np.float64), negative=False)


def speedup(
    forward_bits: float, backward_bits: float, *, reference_bits: float = 8, forward_share: float = 1 / 3
) -> dict[str, float]:
    """Quartet's speed-ups over training in `reference_bits` (arXiv 2505.14669): {"forward", "backward", "training"}.

    A product's time goes with its bit width, so a pass is reference_bits / bits as fast. Of a step's operations a third
    are forward and two thirds backward (forward_share); training is their harmonic mean. FP4:FP8 1.2, FP8:FP4 1.5,
    FP4:FP4 2.0 over FP8. Raises ValueError for widths outside 2^-10 to 2^20 bits and a share outside 0 to 1.
    """
    reference = real("reference_bits", reference_bits, *_WIDTHS)
    forward = reference / real("forward_bits", forward_bits, *_WIDTHS)
    backward = reference / real("backward_bits", backward_bits, *_WIDTHS)
    share = real("forward_share", forward_share, 0, 1)
    return {
        "forward": forward,
        "backward": backward,
        "training": 1 / (share / forward + (1 - share) / backward),
    }
