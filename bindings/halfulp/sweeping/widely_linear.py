"""Complex schemes on real numbers: a matrix through its widely linear form, vectors as the halves of complex ones.

A real matrix (2n, 2m) is y = U x + W conj(x) with complex U and W (n, m), which are quantized one by one, each with
scales of its own, and taken back: 2 bits for each of their 2nm elements are 1 bit for each of the matrix's 4nm.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from halfulp import phase
from halfulp._complex import groups_of
from halfulp._phase_format import BITS, ComplexScheme


def half_shape(shape: tuple[int, ...], scheme: ComplexScheme) -> tuple[int, int]:
    """The shape of U and W, or ValueError for a matrix that has no such form."""
    if len(shape) != 2 or shape[0] % 2 or shape[1] % 2:
        raise ValueError(
            f"its shape is {shape}, allowed for {scheme}: two axes of even length, whose halves are the real and the "
            "imaginary parts of a widely linear map"
        )
    return shape[0] // 2, shape[1] // 2


def planes(scheme: ComplexScheme, shape: tuple[int, ...], axis: int, channel_axis: int) -> list[tuple[int, int]]:
    """(number of codes, bits of one) of what is stored: codes and scales of U, then those of W. Raises ValueError where
    the scheme does not fit the shape."""
    halves = half_shape(shape, scheme)
    stored = [(math.prod(halves), BITS)]
    if scheme.scale is not None:
        groups = groups_of(scheme, halves, axis, channel_axis)
        stored.append((2 * math.prod(groups.scales), scheme.scale.bits))  # s_re and s_im
    return 2 * stored


def fake_quantize(matrix: np.ndarray, scheme: ComplexScheme, **keywords: Any) -> tuple[np.ndarray, int]:
    """What a real matrix becomes, and how many of the scales rounded to zero. Keywords as in
    :func:`halfulp.phase.quantize`; float32 or float64, whose steps are each rounded once in that type."""
    half_shape(matrix.shape, scheme)
    parts = [phase.quantize(part, scheme, **keywords) for part in phase.to_widely_linear(matrix)]
    threads = keywords.get("threads")
    u, w = (part.dequantize(threads=threads) for part in parts)
    return phase.from_widely_linear(u, w), sum(part.zero_scales for part in parts)


def fake_quantize_vectors(vectors: np.ndarray, scheme: ComplexScheme, **keywords: Any) -> tuple[np.ndarray, int]:
    """What real vectors (count, 2m) become as complex ones (count, m), and the bits that are stored: the first half of
    a vector is the real parts, the second the imaginary ones, as a widely linear map takes its input."""
    length = vectors.shape[-1]
    if length % 2:
        raise ValueError(f"the vectors have {length} numbers, allowed for {scheme}: an even number of them")
    real, imaginary = vectors[..., : length // 2], vectors[..., length // 2 :]
    found = phase.quantize(real + 1j * imaginary, scheme, **keywords)
    values = found.dequantize(threads=keywords.get("threads"))
    return np.concatenate([values.real, values.imag], axis=-1), found.bits
