"""Contests of libraries that convert by copying into an array of another dtype: NumPy, ml_dtypes."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np

from speed.peers.contest import Contest, Pair, code_bytes, different_codes, different_values, operands


def copy_contests(peer: str, dtypes: dict[str, Any], projections: dict[str, str]) -> list[Contest]:
    """encode and decode for each format -> dtype; `projections` names presets where the peer has its own way."""
    found = []
    for format, dtype in dtypes.items():
        size = 4 + code_bytes(format)
        encode, decode = _encode(format, dtype, projections.get(format)), _decode(format, dtype)
        found.append(Contest(peer, "encode", format, "", size, encode))
        found.append(Contest(peer, "decode", format, "", size, decode))
    return found


def _encode(format: str, dtype: Any, projection: str | None) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        x = operands(format, x)
        theirs = np.zeros(x.shape, dtype)
        ours = np.zeros(x.shape, hu.format(format).code_dtype)
        return Pair(
            peer=lambda: np.copyto(theirs, x, casting="unsafe"),
            ours=lambda: hu.encode(x, format, projection=projection, out=ours),
            differences=lambda: different_codes(ours, theirs.view(ours.dtype)),
        )

    return prepare


def _decode(format: str, dtype: Any) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        codes = hu.encode(operands(format, x), format)
        typed = codes.view(dtype)
        theirs, ours = np.zeros_like(x), np.zeros_like(x)
        return Pair(
            peer=lambda: np.copyto(theirs, typed, casting="unsafe"),
            ours=lambda: hu.decode(codes, format, out=ours),
            differences=lambda: different_values(ours, theirs),
        )

    return prepare
