"""Pseudo-quantization noise: what stands for the rounding error while a network is trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import DTYPES, carried, with_out
from halfulp._random import _lengths
from halfulp._runs import GROUP, choice, integer, runs_of, source_of

KINDS = ("gaussian", "uniform")


def pseudo_quantization_noise(shape: int | Sequence[int], kind: str = "gaussian", *, rng: Any = None) -> np.ndarray:
    """The noise R in steps of the quantizer that it stands for: float64 in `shape`, from the counter generator.

    kind: "gaussian" is round(N(0, 1) / 2), the noise of Gaussian weight sampling (Ahn and Yoo, arXiv 2505.11170):
    integers from -3 to 3, with P(0) = 0.6827, P(±1) = 0.1573, P(±2) = 0.00135, P(±3) = 2.9e-7, each right within 2^-33;
    ±4 and beyond (1.3e-12) never come. It is decided by integer thresholds on one word; the paper's own bit trick could
    not be read. "uniform" is on (-1/2, 1/2), odd multiples of 2^-33 (DiffQ, arXiv 2104.09987). Both are exactly
    symmetric: a word and its complement give opposite numbers. rng: a seed, Rng or numpy Generator. Raises ValueError
    for another kind and without rng."""
    choice("kind", kind, KINDS)
    lengths = _lengths("shape", (shape,) if isinstance(shape, (int, np.integer)) else shape)
    out = np.empty(lengths, dtype=np.float64)
    _core.fill_noise(kind == "gaussian", source_of(rng), out)
    return out


def add_quantization_noise(
    w: Any, bits: int, *, group: Any = 32, kind: str = "gaussian", rng: Any = None, out: Any = None
) -> Any:
    """w + R amax 2^(1 - bits), R the noise of :func:`pseudo_quantization_noise` and amax the largest magnitude of the
    group: in w's shape and dtype, exact and rounded once to nearest even. Beyond the dtype's range it is infinite.

    bits: the width of the quantizer that the noise stands for, an integer from 1 to 32 (2^(1 - bits) is the step of a
    symmetric integer of that width, nearly; for a width that is no integer, add noise times a scale of your own).
    group: None (the whole tensor), "channel" (each index of the first axis), a length along the last axis, or a tile
    (rows, columns) of the last two. kind, rng: as there; element i in C order takes its own word. out: an array of w's
    dtype and shape, may be w itself.

    Raises ValueError for bits, groups and numbers that are not finite, TypeError for dtypes other than float16,
    bfloat16, float32 and float64."""
    choice("kind", kind, KINDS)
    width = integer("bits", bits, 1, 32)
    a = carried("w", w)
    blocks = _blocks(a.shape, group)
    return with_out(
        a,
        out,
        DTYPES[a.carrier],
        lambda target, source: _core.add_quantization_noise(
            a.data, a.carrier, blocks, width, kind == "gaussian", source, target
        ),
        lambda: source_of(rng),
    )


def _blocks(shape: tuple[int, ...], group: Any) -> tuple[int, int, int, int]:
    """Rows, columns, and those of a block."""
    if isinstance(group, (tuple, list)):
        tile = _lengths("group", group)
        if len(tile) != 2 or 0 in tile:
            raise ValueError(f"group is {group!r}, allowed: {GROUP}, or two lengths, 1 or more")
        if len(shape) < 2:
            raise ValueError(f"group is {group!r} with {len(shape)} axes, allowed for tiles: 2 axes or more")
        return shape[-2], shape[-1], *tile
    if math.prod(shape) == 0:
        return 1, 1, 1, 1
    runs = runs_of(shape, group)
    return 1, runs.row, 1, runs.length
