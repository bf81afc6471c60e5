"""dequantize_packed: values straight from packed codes."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import DTYPES, carrier_of, thread_count, with_out
from halfulp._convert import Codes, unpack, unsigned
from halfulp._quantize import Packed, _checked_view, axis_view
from halfulp._scheme import Scheme
from halfulp._scheme import real_scheme as to_scheme


def dequantize_packed(
    packed: Packed | tuple[Any, Any],
    scheme: Any,
    shape: int | tuple[int, ...],
    *,
    axis: int | None = None,
    channel_axis: int = 0,
    zero_points: Any = None,
    offset: float | None = None,
    dtype: Any = None,
    out: Any = None,
    threads: int | None = None,
) -> Any:
    """The values of what :meth:`Quantized.pack` gave: the exact product of element and scales, rounded once to float32,
    or to `dtype`.

    packed: (codes, scales), dense bytes (uint8) of the elements, and of the scale codes of every level, innermost
    first. shape, axis, channel_axis: of the array that was quantized, and as in :func:`quantize`. zero_points, offset:
    those of the :class:`Quantized`, for schemes with @zero_point and @double_quant. out: an array of `dtype` and
    `shape`, whose memory is not that of the codes. The values are those of :meth:`Quantized.dequantize`, bit for bit;
    hadamard is undone in float32, but with dtype="float64" in float64, as for a float64 x. Elements of at most 16 bits
    are unpacked by pieces that stay in a core's cache, and no array of codes is made, unless the scheme has hadamard,
    @zero_point, tiles or "channel" groups.
    Raises ValueError where bytes are too few or too many, or a code is not the format's; TypeError where they are
    not uint8.

    >>> x = np.linspace(-1, 1, 128, dtype=np.float32)
    >>> q = hu.quantize(x, "nf4/64:binary32")
    >>> bool((hu.dequantize_packed(q.pack(), q.scheme, 128) == q.dequantize()).all())
    True
    """
    s = to_scheme(scheme)
    if not isinstance(packed, tuple) or len(packed) != 2 or not isinstance(packed[1], tuple):
        raise TypeError(
            f"packed is a {type(packed).__name__}, allowed: (codes, (scales, ...)), as Quantized.pack gives"
        )
    of_x = _checked_shape(shape)
    along, channel = _checked_view(s, of_x, axis, channel_axis)
    view = axis_view(of_x, along, channel)
    codes = _bytes("packed[0]", packed[0])
    codes.shape = of_x
    planes = _scale_planes(s, view, packed[1])
    planes += _zero_points(s, zero_points)
    planes += _offset(s, offset)
    carrier = "binary32" if dtype is None else carrier_of(dtype)
    count = thread_count(threads)

    def compute(target: np.ndarray, _: Any) -> None:
        _core.dequantize_packed(codes.data, view, s._spec, planes, target, carrier, count)

    return with_out(codes, out, DTYPES[carrier], compute)


def _checked_shape(shape: Any) -> tuple[int, ...]:
    lengths = shape if isinstance(shape, (tuple, list)) else (shape,)
    for length in lengths:
        if isinstance(length, bool) or not isinstance(length, (int, np.integer)):
            raise TypeError(f"shape is {shape!r}, allowed: an integer, or a tuple of integers")
        if not 0 <= length < 2**63:
            raise ValueError(f"shape is {shape!r}, allowed: lengths from 0 to 2^63 - 1")
    return tuple(int(length) for length in lengths)


def _bytes(name: str, array: Any) -> Codes:
    found = unsigned(name, array)
    if found.data.dtype != np.uint8:
        raise TypeError(f"{name} has dtype {found.dtype}, allowed: uint8")
    found.data = found.data.reshape(-1)
    return found


def _scale_planes(s: Scheme, view: tuple[tuple[int, ...], int, int], scales: tuple[Any, ...]) -> list[np.ndarray]:
    """The scale codes of every level."""
    if len(scales) != len(s.levels):
        raise ValueError(f"packed[1] has {len(scales)} levels, allowed: {len(s.levels)} for {s}")
    planes = []
    counts = _core.scale_counts(s._spec, view)
    for k, (array, level, count) in enumerate(zip(scales, s.levels, counts, strict=False)):
        found = _bytes(f"packed[1][{k}]", array).data
        size = _core.packed_size(count, level.format.bits)
        if found.size != size:
            raise ValueError(
                f"packed[1][{k}] has {found.size} bytes, allowed: {size} for {count} codes of {level.format.bits} bits"
            )
        planes.append(unpack(found, level.format.bits, count).astype(np.uint64))
    return planes


def _zero_points(s: Scheme, zero_points: Any) -> list[np.ndarray]:
    if (zero_points is not None) != s.zero_point:
        wanted = "those of the Quantized" if s.zero_point else "None"
        raise ValueError(f"zero_points is {'None' if zero_points is None else 'given'}, allowed for {s}: {wanted}")
    return [] if zero_points is None else [unsigned("zero_points", zero_points).data.reshape(-1).astype(np.uint64)]


def _offset(s: Scheme, offset: float | None) -> list[np.ndarray]:
    """The bits of the offset."""
    if (offset is not None) != s.double_quant:
        wanted = "that of the Quantized" if s.double_quant else "None"
        raise ValueError(f"offset is {offset!r}, allowed for {s}: {wanted}")
    if offset is not None and (isinstance(offset, bool) or not isinstance(offset, (int, float, np.number))):
        raise TypeError(f"offset is {offset!r}, allowed: a number")
    return [] if offset is None else [np.array([offset], dtype=np.float32).view(np.uint32).astype(np.uint64)]
