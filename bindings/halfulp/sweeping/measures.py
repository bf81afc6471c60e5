"""What is measured of one matrix under one scheme, and of a whole model: sums first, then the columns made of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from halfulp import _core
from halfulp._quantize import axis_view
from halfulp._scheme import Scheme

MODEL = "(model)"
"""The value of column `matrix` in the row that holds all matrices together."""

# Ŵ is what W becomes; sums run over the matrix's elements, in the model's row over those of all matrices.
COLUMNS = {
    "scheme": "the scheme, as text that halfulp.scheme() reads",
    "matrix": f"the matrix's name; {MODEL} is the row of all matrices together",
    "shape": "the matrix's shape, as 384x1536; empty in the model's row",
    "elements": "number of elements",
    "bits_per_element": "bits, all scales of this very array counted (ragged last groups too), ÷ elements",
    "relative_error": "Σ(W − Ŵ)² ÷ ΣW²; 0 where Ŵ equals W, also for a matrix of zeros",
    "sqnr_db": "signal to quantization noise in dB, −10 log10(relative_error); inf where Ŵ equals W",
    "mse": "mean of (W − Ŵ)²",
    "max_error": "largest |W − Ŵ|",
    "cosine": "ΣWŴ ÷ √(ΣW² ΣŴ²); NaN where W or Ŵ is all zeros",
    "zeros": "share of elements of Ŵ that are zero",
    "saturated": "share of elements whose rounded magnitude is beyond the element's largest, not merely equal to it",
    "zero_scales": "number of groups that hold something other than zeros and whose scale rounded to zero",
    "squared_error": "Σ(W − Ŵ)², in float64",
    "squared_norm": "ΣW², in float64",
    "element": "the scheme's element format",
    "element_bits": "its width in bits",
    "block": "length of the innermost group of scales; missing for a scale over the whole tensor and for no scale",
    "scales": "formats of the scales, innermost first, with the groups from the second on: e4m3fn/tensor:binary32",
}


@dataclass(frozen=True)
class Sums:
    """What adds up over elements."""

    elements: int
    zeros: int
    saturated: int
    zero_scales: int
    squared_error: float
    squared_x: float
    squared_y: float
    product: float
    max_error: float


def total(parts: Sequence[Sums]) -> Sums:
    """Of several matrices together. The float sums are rounded once, so their order does not matter."""
    return Sums(
        elements=sum(p.elements for p in parts),
        zeros=sum(p.zeros for p in parts),
        saturated=sum(p.saturated for p in parts),
        zero_scales=sum(p.zero_scales for p in parts),
        squared_error=math.fsum(p.squared_error for p in parts),
        squared_x=math.fsum(p.squared_x for p in parts),
        squared_y=math.fsum(p.squared_y for p in parts),
        product=math.fsum(p.product for p in parts),
        max_error=max(p.max_error for p in parts),
    )


def stored_bits(scheme: Scheme, shape: tuple[int, ...], axis: int) -> int:
    """Bits of an array under a scheme: codes, and every scale that is stored, those of shorter last groups too."""
    count = math.prod(shape) * scheme.element.bits
    scales = _core.scale_counts(scheme._spec, axis_view(shape, axis % len(shape)))
    return count + sum(n * level.format.bits for n, level in zip(scales, scheme.levels, strict=True))


def relative_error(sums: Sums) -> float:
    """Σ(W − Ŵ)² ÷ ΣW². Exact is exact, whatever W is; something made of nothing is infinitely wrong."""
    if sums.squared_error == 0:
        return 0.0
    return sums.squared_error / sums.squared_x if sums.squared_x else math.inf


def sqnr_db(relative: float) -> float:
    """−10 log10 of the relative error."""
    if relative == 0:
        return math.inf
    return -10 * math.log10(relative) if relative < math.inf else -math.inf


def cosine(sums: Sums) -> float:
    """ΣWŴ ÷ √(ΣW² ΣŴ²), NaN where a side has no direction."""
    product = sums.squared_x * sums.squared_y
    # One root is exact where both sums are equal; two do not leave the range of float64.
    in_range = 1e-290 < product < math.inf
    norm = math.sqrt(product) if in_range else math.sqrt(sums.squared_x) * math.sqrt(sums.squared_y)
    if norm == 0:
        return math.nan
    return max(-1.0, min(1.0, sums.product / norm))


def measured_columns(sums: Sums | None) -> dict[str, float | int]:
    """The measured columns of a row; None (the pair failed) gives NaN, and 0 where a column counts."""
    if sums is None:
        names = ("relative_error", "sqnr_db", "mse", "max_error", "cosine", "zeros", "saturated")
        return dict.fromkeys(names, math.nan) | {"zero_scales": 0, "squared_error": math.nan, "squared_norm": math.nan}
    relative = relative_error(sums)
    return {
        "relative_error": relative,
        "sqnr_db": sqnr_db(relative),
        "mse": sums.squared_error / sums.elements,
        "max_error": sums.max_error,
        "cosine": cosine(sums),
        "zeros": sums.zeros / sums.elements,
        "saturated": sums.saturated / sums.elements,
        "zero_scales": sums.zero_scales,
        "squared_error": sums.squared_error,
        "squared_norm": sums.squared_x,
    }


def scheme_columns(scheme: Scheme) -> dict[str, str | int | None]:
    """The columns that a scheme alone gives."""
    levels = scheme.levels
    inner = levels[0].group if levels else None
    outer = [f"/{level.group}:{level.format}" for level in levels[1:]]
    return {
        "element": str(scheme.element),
        "element_bits": scheme.element.bits,
        "block": inner if isinstance(inner, int) else None,
        "scales": (str(levels[0].format) + "".join(outer)) if levels else "",
    }
