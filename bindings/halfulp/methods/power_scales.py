"""ZeroQuant-FP's constraints on scales (arXiv 2307.09782): powers of two, or powers of two apart within a group."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp._convert import decode, encode
from halfulp._quantize import Quantized, quantize
from halfulp._runs import choice, integer
from halfulp._scheme import real_scheme as to_scheme
from halfulp.methods._layers import (
    Array,
    Result,
    axes_of,
    in_scheme,
    proxy_loss,
    real_array,
    second_moment,
    weight_matrix,
)
from halfulp.methods.nearest import under_scales

ROUNDINGS = ("ceil", "floor", "nearest")


def _exponents(a: Array, b: Array | float, rounding: str) -> Array:
    """log2(a / b) of positive numbers to an integer, out of their significands and exponents: exact, no quotient and no
    logarithm is formed but for "nearest"."""
    top, high = np.frexp(a)  # a = top 2^high with 1/2 <= top < 1
    bottom, low = np.frexp(b)
    difference = high - low
    if rounding == "ceil":
        return difference + (top > bottom)
    if rounding == "floor":
        return difference - (top < bottom)
    ratio = top / bottom  # above 1/2, below 2
    return difference + (ratio >= np.sqrt(2)) - (ratio < np.sqrt(0.5))


def power_of_two_scales(
    scales: Any, constraint: str = "m1", *, group: int | None = None, rounding: str = "ceil"
) -> Array:
    """Scales under a constraint. Zeros stay zeros.

    "m1": 2^ceil(log2 S), never below S. "m2": S_max / 2^ceil(log2(S_max / S)) with S_max the largest of its group, so
    that scales of a group are powers of two apart, never above S and above S / 2. group: how many neighbours along the
    last axis share an S_max; None: all scales of the array. rounding: of the logarithm, "ceil" in both as the paper is
    quoted; "floor" in "m2" gives scales never below S, which clip nothing; "nearest" by ratio.
    """
    choice("constraint", constraint, ("m1", "m2"))
    choice("rounding", rounding, ROUNDINGS)
    s = real_array("scales", scales)
    if (s < 0).any():
        raise ValueError(f"scales holds {s.min():g}, allowed: 0 or more")
    live = s > 0
    out = np.zeros_like(s)
    length = max(s.size, 1) if group is None else integer("group", group, 1, 2**31 - 1)
    if constraint == "m1":
        exponents = _exponents(s[live], 1.0, rounding)
        if (exponents > 1023).any():
            raise ValueError(f"scales holds {s.max():g}, allowed: such that the power of two is within float64")
        out[live] = np.ldexp(1.0, exponents)
        return out
    lines = s.reshape(1, -1) if group is None or s.ndim == 0 else s.reshape(-1, s.shape[-1])
    top = np.maximum.reduceat(lines, np.arange(0, lines.shape[1], length), axis=1)
    top = np.repeat(top, length, axis=1)[:, : lines.shape[1]].reshape(s.shape)
    out[live] = np.ldexp(top[live], -_exponents(top[live], s[live], rounding))
    return out


def constrain_scales(
    w: Any,
    scheme: Any,
    constraint: str = "m1",
    h: Any = None,
    *,
    group: int | None = None,
    rounding: str = "ceil",
    axis: int = 0,
    channel_axis: int = 1,
) -> Result:
    """w (in, out) rounded to nearest under scales of its scheme that :func:`power_of_two_scales` has constrained.

    scheme: one level of scales, whose format holds the constrained ones; where it does not, a ValueError. h: E[x'x] for
    the losses. Elements are projected anew on the constrained scales.
    """
    s = to_scheme(scheme)
    weights = weight_matrix(w)
    along, channel = axes_of(s, axis, channel_axis)
    moment = None if h is None else second_moment(h, len(weights))
    if len(s.levels) != 1 or s.zero_point or s.hadamard or s.double_quant:
        raise ValueError(f"scheme is {s}, allowed: one level of scales, without zero_point, hadamard and double_quant")
    q = quantize(weights, s, axis=in_scheme(s, along), channel_axis=channel)
    scales = np.asarray(q.scales[0], dtype=np.float64)
    wanted = power_of_two_scales(scales, constraint, group=group, rounding=rounding)
    level = s.levels[0].format
    codes = encode(wanted, level, overflow="sat_finite")
    held = np.asarray(decode(codes, level, dtype=np.float64))
    if not np.array_equal(held, wanted):
        at = np.flatnonzero((held != wanted).reshape(-1))[0]
        raise ValueError(
            f"scheme is {s}, allowed: scales in a format that holds {wanted.reshape(-1)[at]:g}, as the constraint asks"
        )
    constrained = Quantized(
        s, q.codes, (np.asarray(codes).reshape(scales.shape),), q.axis, q.channel_axis, "binary64", q.zero_scales, 0
    )
    made = under_scales(weights, constrained)
    values = made.dequantize()
    return Result(values, made, proxy_loss(weights - values, moment), proxy_loss(weights - q.dequantize(), moment))
