"""What is measured of one matrix under one case, and of a whole model: sums first, then the columns made of them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from halfulp import _core
from halfulp._kinds import KINDS, element_kind
from halfulp._phase_format import BITS as PHASE_BITS
from halfulp._phase_format import NAME as PHASE
from halfulp._phase_format import ComplexScheme
from halfulp._quantize import axis_view
from halfulp._scheme import Scheme
from halfulp.sweeping import widely_linear
from halfulp.sweeping.histogram import BINS

MODEL = "(model)"
"""The value of column `matrix` in the row that holds all matrices together."""

# Ŵ is what W becomes; sums run over the matrix's elements, in the model's row over those of all matrices.
COLUMNS: dict[str, str] = {
    "scheme": "the scheme, as text that halfulp.scheme() reads",
    "matrix": f"the matrix's name; {MODEL} is the row of all matrices together",
    "shape": "the matrix's shape, as 384x1536; empty in the model's row",
    "elements": "number of elements; model: their sum",
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
    "element_bits": "its width in bits; of pm1_pmi that of a complex number, of which a matrix has half as many as it "
    "has elements",
    "block": "length of the innermost group of scales, of pm1_pmi in complex numbers; missing for a scale over the "
    "whole tensor, a channel or a tile, and for no scale",
    "scales": "formats of the scales, innermost first, with the groups from the second on, e4m3fn/tensor:binary32, and "
    "of the first where it is a channel or a tile, 16x16:e8m0fnu",
    "bytes": "bytes of codes and scales when packed, each plane by itself; model: their sum",
    "max_relative_error": "largest |W − Ŵ| ÷ |W| over W ≠ 0; 0 where W is all zeros",
    "kl": f"Σ p ln(p/q) in nats over the shares p of W and q of Ŵ in {BINS} bins of equal width from −max|W| to "
    "max|W|, half an element added to each bin; model: mean of the matrices, weighted by elements; NaN where not asked "
    "for",
    "output_error": "Σ‖(W − Ŵ)x‖² ÷ Σ‖Wx‖² over the activations x; model: over the matrices that have some; NaN "
    "without",
    "depth": "number of the layer: the first part of the matrix's dotted name that is an integer (layers.3.mlp), else "
    "the first that ends in one (layers_3.mlp); missing where there is none, and in the model's row",
    "recipe": "the scheme's recipe for its scales; empty where it has none",
    "hadamard": "length of the scheme's Hadamard transform; 0 where it has none",
    "rounding": "the rounding mode of the elements",
    "search": "what the scheme's scales are searched for; empty where they are not",
    "element_kind": f"the kind of the element's numbers: {', '.join(KINDS)}",
}


@dataclass(frozen=True)
class Sums:
    """What adds up over elements, in whatever parts they are measured. output_squared is ΣWx², user holds the values of
    user metrics."""

    elements: int
    zeros: int
    saturated: int
    zero_scales: int
    squared_error: float
    squared_x: float
    squared_y: float
    product: float
    max_error: float
    max_relative_error: float = 0.0
    kl: float = math.nan
    output_squared_error: float = math.nan
    output_squared: float = math.nan
    user: dict[str, float] = field(default_factory=dict)


def total(parts: Sequence[Sums]) -> Sums:
    """Of several parts or matrices together. The float sums are rounded once, so their order does not matter. What does
    not add up, kl and user metrics, becomes the mean weighted by elements."""
    elements = sum(p.elements for p in parts)

    def mean(value: Callable[[Sums], float]) -> float:
        return math.fsum(value(p) * p.elements for p in parts) / elements

    measured = [p for p in parts if not math.isnan(p.output_squared)]
    return Sums(
        elements=elements,
        zeros=sum(p.zeros for p in parts),
        saturated=sum(p.saturated for p in parts),
        zero_scales=sum(p.zero_scales for p in parts),
        squared_error=math.fsum(p.squared_error for p in parts),
        squared_x=math.fsum(p.squared_x for p in parts),
        squared_y=math.fsum(p.squared_y for p in parts),
        product=math.fsum(p.product for p in parts),
        max_error=max(p.max_error for p in parts),
        max_relative_error=max(p.max_relative_error for p in parts),
        kl=mean(lambda p: p.kl),
        output_squared_error=math.fsum(p.output_squared_error for p in measured) if measured else math.nan,
        output_squared=math.fsum(p.output_squared for p in measured) if measured else math.nan,
        user={name: mean(lambda p, name=name: p.user[name]) for name in parts[0].user},  # type: ignore[misc]
    )


def stored_planes(
    scheme: Scheme | ComplexScheme, shape: tuple[int, ...], axis: int, channel_axis: int = 0
) -> list[tuple[int, int]]:
    """(number of codes, bits of one) of an array under a scheme: the elements, then every scale that is stored, those
    of shorter last groups too, zero points, the offset of double quantization. Raises ValueError where the scheme does
    not fit the shape."""
    if isinstance(scheme, ComplexScheme):
        return widely_linear.planes(scheme, shape, axis, channel_axis)
    view = axis_view(shape, axis % len(shape), channel_axis % len(shape))
    scales = _core.scale_counts(scheme._spec, view)
    formats = [scheme.element, *(level.format for level in scheme.levels)]
    widths = [f.bits for f in formats]
    if scheme.zero_point:
        widths.append(scheme.element.bits)
    if scheme.double_quant:
        widths.append(32)  # the offset
    return list(zip([math.prod(shape), *scales], widths, strict=True))


def stored_bits(planes: Sequence[tuple[int, int]]) -> int:
    return sum(count * bits for count, bits in planes)


def stored_bytes(planes: Sequence[tuple[int, int]]) -> int:
    return sum(_core.packed_size(count, bits) for count, bits in planes)


def relative_error(error: float, norm: float) -> float:
    """Squared error ÷ squared norm. Exact is exact, whatever W is; something made of nothing is infinitely wrong."""
    if error == 0:
        return 0.0
    return error / norm if norm else math.inf


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


_MEASURED = ("relative_error", "sqnr_db", "mse", "max_error", "cosine", "zeros", "saturated", "zero_scales")
_MEASURED_LATER = ("squared_error", "squared_norm", "max_relative_error", "kl", "output_error")


def measured_columns(sums: Sums | None) -> dict[str, float | int]:
    """The measured columns of a row; None (the pair failed) gives NaN, and 0 where a column counts."""
    if sums is None:
        return dict.fromkeys((*_MEASURED, *_MEASURED_LATER), math.nan) | {"zero_scales": 0}
    relative = relative_error(sums.squared_error, sums.squared_x)
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
        "max_relative_error": sums.max_relative_error,
        "kl": sums.kl,
        "output_error": (
            math.nan
            if math.isnan(sums.output_squared)
            else relative_error(sums.output_squared_error, sums.output_squared)
        ),
        **sums.user,
    }


def scheme_columns(scheme: Scheme | ComplexScheme) -> dict[str, Any]:
    """The columns that a scheme alone gives."""
    if isinstance(scheme, ComplexScheme):
        return _complex_columns(scheme)
    levels = scheme.levels
    inner = levels[0].group if levels else None
    parts = [f"{_group_text(level.group)}:{level.format}" for level in levels]
    if inner == "tensor" or isinstance(inner, int):
        parts[0] = str(levels[0].format)
    return {
        "element": str(scheme.element),
        "element_bits": scheme.element.bits,
        "block": inner if isinstance(inner, int) else None,
        "scales": "/".join(parts),
        "recipe": getattr(scheme, "recipe", None) or "",
        "hadamard": getattr(scheme, "hadamard", None) or 0,
        "search": getattr(scheme, "search", None) or "",
        "element_kind": element_kind(scheme.element),
    }


def _complex_columns(scheme: ComplexScheme) -> dict[str, Any]:
    length = scheme.group if isinstance(scheme.group, int) else None
    channel = "channel:" if scheme.group == "channel" else ""
    return {
        "element": PHASE,
        "element_bits": PHASE_BITS,
        "block": length,
        "scales": "" if scheme.scale is None else f"{channel}{scheme.scale}",
        "recipe": scheme.recipe,
        "hadamard": 0,
        "search": "",
        "element_kind": "complex",
    }


def _group_text(group: Any) -> str:
    return "x".join(map(str, group)) if isinstance(group, tuple) else str(group)


def depth(name: str) -> int | None:
    """The number of the layer in a matrix's dotted name."""
    parts = name.split(".")
    numbers = [part for part in parts if part.isascii() and part.isdigit()]
    numbers += [match[1] for part in parts if (match := re.search(r"_(\d+)$", part, re.ASCII))]
    return int(numbers[0]) if numbers else None
