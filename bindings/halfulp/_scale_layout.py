"""Orders in which hardware reads block scales."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp import _core

LAYOUTS = ("128x4",)


def scale_layout(scale_codes: Any, layout: str = "128x4") -> np.ndarray:
    """One-byte scale codes of a matrix in the order in which tensor cores read them: a flat uint8 array.

    scale_codes: (rows, blocks along the row), uint8. layout "128x4": tiles of 128 rows and 4 columns, row by row,
    filled up with zeros; inside a tile the scale of row r and column c is at (r mod 32)·16 + (r div 32)·4 + c (cuBLAS,
    "1D block scaling factors layout"). :func:`from_scale_layout` is the way back.
    """
    _check(layout)
    codes = _codes("scale_codes", scale_codes)
    if codes.ndim != 2:
        raise ValueError(f"scale_codes has shape {codes.shape}, allowed: two axes, rows and blocks along the row")
    out = np.empty(_core.scale_layout_size(*codes.shape), np.uint8)
    _core.to_scale_layout(codes, *codes.shape, out)
    return out


def from_scale_layout(swizzled: Any, rows: int, columns: int, layout: str = "128x4") -> np.ndarray:
    """The scale codes (rows, columns) that :func:`scale_layout` has brought into an order of hardware."""
    _check(layout)
    codes = _codes("swizzled", swizzled)
    for name, value in (("rows", rows), ("columns", columns)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
            raise ValueError(f"{name} is {value!r}, allowed: an integer, 0 or more")
    size = _core.scale_layout_size(rows, columns)
    if codes.size != size:
        raise ValueError(f"swizzled has {codes.size} bytes, allowed: {size} for {rows} rows of {columns} scales")
    out = np.empty((rows, columns), np.uint8)
    _core.from_scale_layout(codes.reshape(-1), rows, columns, out)
    return out


def _check(layout: str) -> None:
    if layout not in LAYOUTS:
        raise ValueError(f"layout is {layout!r}, allowed: {', '.join(map(repr, LAYOUTS))}")


def _codes(name: str, codes: Any) -> np.ndarray:
    array = np.asarray(codes)
    if array.dtype != np.uint8:
        raise TypeError(
            f"{name} is an array of {array.dtype}, allowed: uint8 (one-byte scales such as e8m0fnu, e4m3fn)"
        )
    return np.ascontiguousarray(array)
