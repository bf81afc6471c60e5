"""The complex code {±1, ±i}: quantizers with their variants, real matrices as complex maps, and products.

``hu.quantize(x, "pm1_pmi/tensor:binary32")`` and its like work on complex arrays; here is what is the code's own.
Sources: iFairy (arXiv 2508.05571), Fairy2i (arXiv 2512.02901).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import plain, take, thread_count
from halfulp._complex import ComplexQuantized, complex_carried, groups_of
from halfulp._complex import complex_encode as encode
from halfulp._complex import complex_quantize as quantize
from halfulp._convert import unsigned
from halfulp._phase_format import ComplexScheme

__all__ = [
    "ComplexQuantized",
    "ComplexScheme",
    "encode",
    "from_widely_linear",
    "matvec",
    "pack_ifairy",
    "quantize",
    "residual_quantize",
    "to_widely_linear",
    "unpack_ifairy",
]

_PARTS = {"float32": "complex64", "float64": "complex128"}


def residual_quantize(
    x: Any, stages: int = 2, scheme: Any = "pm1_pmi/tensor:binary32@recipe=fairy2i", **keywords: Any
) -> ComplexQuantized:
    """x as the sum of `stages` quantized arrays (1 to 4), each of what the stages before have left, with scales of its
    own. What is left is formed in x's dtype, with one rounding a stage and part; dequantize() rounds the exact sum
    once.

    Two stages are Fairy2i's W2: 2 bits per real weight. Keywords as in :func:`quantize`.
    """
    return quantize(x, scheme, stages=stages, **keywords)


def to_widely_linear(matrix: Any) -> tuple[Any, Any]:
    """U and W (n, m), complex, of a real matrix R (2n, 2m): y = U x + W conj(x) is R on real above imaginary parts.

    U = (R11 + R22)/2 + i (R21 - R12)/2, W = (R11 - R22)/2 + i (R12 + R21)/2, every part exact and then rounded once.
    float32 gives complex64, float64 complex128. Raises TypeError for other dtypes, ValueError for other shapes.
    """
    taken = take("matrix", matrix)
    elements = _PARTS.get(taken.elements)
    if elements is None:
        raise TypeError(f"matrix has dtype {taken.dtype}, allowed: float32, float64")
    shape = taken.array.shape
    if len(shape) != 2 or shape[0] % 2 or shape[1] % 2:
        raise ValueError(f"matrix has shape {shape}, allowed: (2n, 2m)")
    kind = taken.kind
    kind.check(elements)
    n, m = shape[0] // 2, shape[1] // 2
    u, w = kind.empty((n, m), elements), kind.empty((n, m), elements)
    _core.to_widely_linear(plain(taken.array), n, m, u, w)
    return kind.give(u, elements), kind.give(w, elements)


def from_widely_linear(u: Any, w: Any) -> Any:
    """The real matrix (2n, 2m) of U and W (n, m): R11 = Re W + Re U, R12 = Im W - Im U, R21 = Im W + Im U,
    R22 = Re U - Re W, each rounded once. Both have one complex dtype."""
    a, b = complex_carried("u", u), complex_carried("w", w)
    if a.carrier != b.carrier:
        raise TypeError(f"w has dtype {b.carrier}, allowed: {a.carrier}, that of u")
    if len(a.shape) != 2 or a.shape != b.shape:
        raise ValueError(f"u and w have shapes {a.shape} and {b.shape}, allowed: two axes, the same for both")
    n, m = a.shape
    name = "float32" if a.carrier == "complex64" else "float64"
    a.kind.check(name)
    out = a.kind.empty((2 * n, 2 * m), name)
    _core.from_widely_linear(a.data, b.data, n, m, out)
    return a.kind.give(out, name)


def matvec(
    quantized: ComplexQuantized,
    x: Any,
    *,
    conjugate: bool = False,
    accumulate: str = "exact",
    threads: int | None = None,
) -> Any:
    """y (n) = W x for a quantized matrix W (n, m) of one stage and a complex vector x (m), in x's dtype.

    Without multiplication but for the scales: four sums in each row and group, of ±Re x and ±Im x over the codes ±1 and
    over ±i. conjugate: W conj(x), as the iFairy papers' kernels have it. accumulate: "exact" (one rounding, at the
    end), or "sequential" (every operation rounded in x's precision: each of the four sums from the first column to the
    last, then for each part the product of the sum over ±1 with s_re and of that over ±i with s_im, added, and that
    added to the part, groups in order). Groups run along the last axis or over the whole of rows.
    """
    if not isinstance(quantized, ComplexQuantized):
        raise TypeError(f"quantized is a {type(quantized).__name__}, allowed: a ComplexQuantized, from quantize()")
    if len(quantized.shape) != 2 or quantized.stages != 1:
        raise ValueError(
            f"quantized has shape {quantized.shape} and {quantized.stages} stages, allowed: (n, m), one stage; "
            "the product of several is the sum of theirs"
        )
    if accumulate not in ("exact", "sequential"):
        raise ValueError(f"accumulate is {accumulate!r}, allowed: exact, sequential")
    scheme = quantized.scheme
    if scheme.scale is None:
        raise ValueError(f"quantized has the scheme {scheme}, allowed: one with scales, as pm1_pmi/tensor:binary32")
    groups = groups_of(scheme, quantized.shape, quantized.axis, quantized.channel_axis)
    across = {"channel": groups.source == 1, "tensor": False}.get(str(scheme.group), groups.source == 0)
    if across:
        raise ValueError(f"quantized has groups along axis {groups.source}, allowed: within or over rows")
    a = complex_carried("x", x)
    n, m = quantized.shape
    if a.shape != (m,):
        raise ValueError(f"x has shape {a.shape}, allowed: ({m},)")
    count = thread_count(threads)
    y = a.kind.empty((n,), a.carrier)
    codes = unsigned("codes", quantized.codes).data.astype(np.uint8, copy=False)
    _core.phase_matvec(
        codes, n, m, groups.layout, quantized._words(groups), scheme.scale._spec, a.data, y, bool(conjugate),
        accumulate == "exact", count,
    )  # fmt: skip
    return a.kind.give(y, a.carrier)


def pack_ifairy(codes: Any, order: str = "by_64") -> Any:
    """Codes, a multiple of 256 of them, in the byte order of iFairy's files: 64 bytes for 256 codes.

    order: "by_64" is the current one (code i in byte 16 (i div 64) + i mod 16, bits 2 ((i div 16) mod 4)), "by_128" the
    older one (byte 32 (i div 128) + i mod 32, bits 2 ((i div 32) mod 4)). The files' two binary16 scales are not part
    of it.
    """
    a = unsigned("codes", codes)
    if a.data.size and int(a.data.max()) > 3:
        raise ValueError(f"codes holds {int(a.data.max())}, allowed: 0 to 3")
    out = a.kind.empty((a.data.size // 4,), "uint8")
    _core.pack_ifairy(a.data.reshape(-1).astype(np.uint8, copy=False), _older(order), out)
    return a.kind.give(out, "uint8")


def unpack_ifairy(packed: Any, order: str = "by_64") -> Any:
    """The codes of :func:`pack_ifairy`'s bytes, four for each."""
    a = unsigned("packed", packed)
    if a.data.dtype != np.uint8:
        raise TypeError(f"packed has dtype {a.dtype}, allowed: uint8")
    out = a.kind.empty((4 * a.data.size,), "uint8")
    _core.unpack_ifairy(a.data.reshape(-1), _older(order), out)
    return a.kind.give(out, "uint8")


def _older(order: Any) -> bool:
    if order not in ("by_64", "by_128"):
        raise ValueError(f"order is {order!r}, allowed: by_64, by_128")
    return bool(order == "by_128")
