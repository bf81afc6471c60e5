"""Dense packing of trits."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp import _core
from halfulp._convert import unsigned


def pack_base3(codes: Any) -> Any:
    """Trits as dense bytes, five in a byte: uint8, one axis, of C-ordered codes.

    codes: integers 0, 1, 2, the trit's value and 1. The bytes are those of llama.cpp's TQ1_0: the codes are the digits
    of a number v in base 3, the first most significant, and the byte is the least whole number at or above 256 v / 243.
    Behind the last code the last byte is filled up with codes 0. Raises ValueError for a code beyond 2.
    :func:`unpack_base3` is the way back.
    """
    a = unsigned("codes", codes)
    data = a.data.reshape(-1)
    if data.size and int(data.max()) > 2:
        at = int(np.argmax(data > 2))
        raise ValueError(f"codes[{at}] is {int(data[at])}, allowed: 0, 1, 2 (the trits -1, 0, 1)")
    out = a.kind.empty((_core.packed_base3_size(data.size),), "uint8")
    _core.pack_base3(np.ascontiguousarray(data, dtype=np.uint8), out)
    return a.kind.give(out, "uint8")


def unpack_base3(packed: Any, count: int) -> Any:
    """The first `count` trits in bytes of :func:`pack_base3`, as codes 0, 1, 2: uint8, one axis.

    Raises ValueError where the bytes are too few, or for a byte that no five trits make (13 of 256 are none).
    """
    a = unsigned("packed", packed)
    if a.data.dtype != np.uint8:
        raise TypeError(f"packed has dtype {a.dtype}, allowed: uint8")
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
        raise TypeError(f"count is {count!r}, allowed: an integer")
    if not 0 <= count <= 5 * a.data.size:
        raise ValueError(f"count is {count}, allowed: 0 to {5 * a.data.size}, what {a.data.size} bytes hold")
    out = a.kind.empty((int(count),), "uint8")
    _core.unpack_base3(a.data.reshape(-1), out)
    return a.kind.give(out, "uint8")
