"""Counting operations: HAWQ-V3's bit operations, Quartet's speed-up."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp.allocate._problem import finite, number


def bops(macs: Any, weight_bits: Any, activation_bits: Any) -> Any:
    """Bit operations of HAWQ-V3 (arXiv 2011.10680): multiply-accumulates × bits of a weight × bits of an activation.

    Numbers or arrays that broadcast, 0 or more; a float for numbers, else float64. The paper's published inputs count
    in units of 1024, one binary32 product: macs · 4 · 4 / 1024 = macs / 64 for 4 bit, macs / 16 for 8 bit.
    """
    named = (("macs", macs), ("weight_bits", weight_bits), ("activation_bits", activation_bits))
    factors = [finite(name, np.asarray(value, dtype=np.float64), negative=False) for name, value in named]
    out = factors[0] * factors[1] * factors[2]
    return float(out) if out.ndim == 0 else out


def speedup(
    forward_bits: float, backward_bits: float, *, reference_bits: float = 8, forward_share: float = 1 / 3
) -> dict[str, float]:
    """Quartet's speed-ups over training in `reference_bits` (arXiv 2505.14669): {"forward", "backward", "training"}.

    A product's time goes with its bit width, so a pass is reference_bits / bits as fast. Of a step's operations a third
    are forward and two thirds backward (forward_share); training is their harmonic mean. FP4:FP8 1.2, FP8:FP4 1.5,
    FP4:FP4 2.0 over FP8. Raises ValueError for widths that are not above 0 and a share outside 0 to 1.
    """
    widths = {"forward_bits": forward_bits, "backward_bits": backward_bits, "reference_bits": reference_bits}
    for name, value in widths.items():
        if not 0 < number(name, value) < np.inf:
            raise ValueError(f"{name} is {value}, allowed: finite numbers above 0")
    share = number("forward_share", forward_share)
    if not 0 <= share <= 1:
        raise ValueError(f"forward_share is {share}, allowed: 0 to 1")
    forward, backward = reference_bits / forward_bits, reference_bits / backward_bits
    return {
        "forward": forward,
        "backward": backward,
        "training": 1 / (share / forward + (1 - share) / backward),
    }
