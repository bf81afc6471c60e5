"""round, encode, decode, pack, unpack, probability_away."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import (
    DTYPES,
    able_carriers,
    carried,
    carrier_dtype,
    carrier_of,
    check_holds,
    thread_count,
    to_numpy,
    with_out,
)
from halfulp._format import Format
from halfulp._format import format as to_format
from halfulp._projection import Projection, check_mode, resolve
from halfulp._random import source_for


def round(
    x: Any,
    format: Any,
    rounding: str | None = None,
    *,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    random: Any = None,
    projection: Projection | str | None = None,
    out: np.ndarray | None = None,
    threads: int | None = None,
) -> Any:
    """Every x rounded to a member of the format, as values of x's dtype.

    rounding: a mode's name or alias (contract, section 2.2); None is nearest_ties_to_even. overflow: sat_finite,
    sat_propagate, sat_none, to_nan, unbounded; None is the format's own. nan: what NaN becomes where the format has
    none: raise, to_max, to_zero, keep. ftz: None, "before" or "after". Stochastic modes read random_bits (1 to 32,
    default 32) and name their source: rng= (a seed, Rng or numpy Generator) or random= (uint32, R itself). projection:
    a Projection or a preset's name, under the single keywords. out: may be x itself. threads: None is one, or
    HALFULP_THREADS; never changes a bit of the result.

    Raises TypeError where x's dtype cannot hold the format's values exactly, ValueError for names and ranges.
    """
    f = to_format(format)
    how = resolve(f._spec, projection, rounding, overflow, nan, ftz, random_bits)
    a = carried("x", x)
    check_holds(f._spec, a.carrier, f.name)
    count = thread_count(threads)
    target_dtype = carrier_dtype(a.carrier)
    return with_out(
        a,
        out,
        target_dtype,
        lambda target, source: _core.round(a.data, target, a.carrier, f._spec, how, source, count),
        lambda: source_for(how, rng, random, a.shape),
    )


def encode(
    x: Any,
    format: Any,
    rounding: str | None = None,
    *,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    random: Any = None,
    projection: Projection | str | None = None,
    out: np.ndarray | None = None,
    threads: int | None = None,
) -> Any:
    """The code of every x: the smallest uint8/16/32/64 that holds them, in x's shape. Arguments as in :func:`round`."""
    f = to_format(format)
    how = resolve(f._spec, projection, rounding, overflow, nan, ftz, random_bits)
    a = carried("x", x)
    count = thread_count(threads)
    return with_out(
        a,
        out,
        f.code_dtype,
        lambda target, source: _core.encode(a.data, target, a.carrier, f._spec, how, source, count),
        lambda: source_for(how, rng, random, a.shape),
    )


def decode(
    codes: Any, format: Any = None, dtype: Any = None, *, out: np.ndarray | None = None, threads: int | None = None
) -> Any:
    """The value of every code: float32 where every value of the format fits, else float64, unless dtype says.

    codes: an integer array, or an ml_dtypes array, whose dtype then is the format. Raises ValueError for a code beyond
    the format's width, TypeError where no carrier (or not the one asked for) holds the format's values.
    """
    array, f, is_python = _codes_and_format("codes", codes, format)
    # By default binary32, else binary64; where neither holds the format, the error below names what does.
    default = "binary32" if f._spec.holds("binary32") else "binary64"
    carrier = default if dtype is None else carrier_of(dtype)
    if not f._spec.holds(carrier):
        instead = able_carriers(f._spec, "none; Format.exact(code) gives exact values")
        raise TypeError(f"dtype {DTYPES[carrier]} does not hold every value of {f.name}, allowed: {instead}")
    a = _Codes(array, is_python)
    count = thread_count(threads)
    return with_out(
        a, out, carrier_dtype(carrier), lambda target, _: _core.decode(a.data, target, carrier, f._spec, count)
    )


class _Codes:
    """An input array of codes: what :func:`with_out` wants to know of one."""

    def __init__(self, array: np.ndarray, is_python: bool) -> None:
        self.original = array
        self.shape = array.shape
        self.data = np.ascontiguousarray(array).reshape(array.shape)
        self.is_python = is_python

    def give_back(self, result: np.ndarray) -> Any:
        return result[()] if self.is_python and self.shape == () else result


def _unsigned(name: str, codes: Any) -> tuple[np.ndarray, bool]:
    """Codes as an unsigned array in native byte order, and whether they came as a Python scalar or list."""
    array, is_python = to_numpy(name, codes)
    if array.size == 0 and is_python:
        array = array.astype(np.uint8)
    if array.dtype.kind == "O" and array.size and all(isinstance(code, int) for code in array.flat):
        worst = min(array.flat) if min(array.flat) < 0 else max(array.flat)
        raise ValueError(f"{name} holds {worst}, allowed: 0 to 2^64 - 1")
    if array.dtype.kind == "O" and array.shape == ():
        raise TypeError(f"{name} is a {type(codes).__name__}, allowed: integers")
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} has dtype {array.dtype}, allowed: integers")
    if array.dtype.kind == "i":
        if array.size and int(array.min()) < 0:
            raise ValueError(f"{name} holds {int(array.min())}, allowed: 0 or more")
        array = array.astype(array.dtype.newbyteorder("=").str.replace("i", "u"))
    return array.astype(array.dtype.newbyteorder("="), copy=False), is_python


def _codes_and_format(name: str, codes: Any, format: Any = None) -> tuple[np.ndarray, Format, bool]:
    dtype = getattr(codes, "dtype", None)
    if isinstance(dtype, np.dtype) and dtype.kind in "Vf" and dtype.name not in ("float32", "float64"):
        try:
            f = to_format(dtype)
        except ValueError:
            raise TypeError(f"{name} has dtype {dtype}, allowed: integers, or an ml_dtypes float dtype") from None
        if format is not None and to_format(format) != f:
            raise ValueError(f"format is {format}, but {name} has dtype {dtype}, allowed: None or {f}")
        array, is_python = to_numpy(name, codes)
        array = np.ascontiguousarray(array, dtype=dtype.newbyteorder("=")).reshape(array.shape)
        return array.view(np.uint8 if dtype.itemsize == 1 else np.uint16), f, is_python
    if format is None:
        raise ValueError("format is None, allowed: a format's name (only ml_dtypes arrays know their own)")
    array, is_python = _unsigned(name, codes)
    return array, to_format(format), is_python


def pack(codes: Any, bits: int) -> np.ndarray:
    """Codes of `bits` bits as dense bytes (uint8, one axis), in C order: little-endian bits, low nibble first."""
    array, _ = _unsigned("codes", codes)
    bits = _bit_count("bits", bits, 64)
    out = np.empty(_core.packed_size(array.size, bits), dtype=np.uint8)
    _core.pack(np.ascontiguousarray(array).reshape(-1), bits, out)
    return out


def unpack(packed: Any, bits: int, count: int) -> np.ndarray:
    """The first `count` codes of `bits` bits in packed bytes, one axis, in the smallest unsigned integer that holds
    them."""
    bits = _bit_count("bits", bits, 64)
    array, _ = _unsigned("packed", packed)
    if array.dtype != np.uint8:
        raise TypeError(f"packed has dtype {array.dtype}, allowed: uint8")
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
        raise TypeError(f"count is {count!r}, allowed: an integer")
    if not 0 <= count <= 8 * array.size // bits:
        raise ValueError(f"count is {count}, allowed: 0 to {8 * array.size // bits}, what {array.size} bytes hold")
    out = np.empty(
        int(count), dtype=np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32 if bits <= 32 else np.uint64
    )
    _core.unpack(np.ascontiguousarray(array).reshape(-1), bits, out)
    return out


def _bit_count(name: str, bits: Any, most: int) -> int:
    if isinstance(bits, bool) or not isinstance(bits, (int, np.integer)):
        raise TypeError(f"{name} is {bits!r}, allowed: an integer from 1 to {most}")
    if not 1 <= bits <= most:
        raise ValueError(f"{name} is {bits}, allowed: 1 to {most}")
    return int(bits)


def probability_away(
    x: Any, format: Any, mode: str = "stochastic_a", random_bits: int = 32, *, threads: int | None = None
) -> Any:
    """The exact probability that each x rounds to its neighbour away from zero, with random_bits bits (1 to 32).

    A multiple of 2^-random_bits, float64 in x's shape. 0 for members, zeros and infinities, NaN for NaN; deterministic
    modes give 0 or 1. Closed forms with f the place between the neighbours (contract, section 2.2): A floor(f 2^N) /
    2^N, B floor(f 2^N + 1/2) / 2^N, C RNE(f 2^N) / 2^N. The grid continues above the largest member.
    """
    f = to_format(format)
    check_mode("mode", mode)
    a = carried("x", x)
    out = np.empty(a.shape, dtype=np.float64)
    _core.probability_away(
        a.data, out, a.carrier, f._spec, mode, _bit_count("random_bits", random_bits, 32), thread_count(threads)
    )
    return a.give_back(out)
