"""round, encode, decode, pack, unpack, probability_away."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import (
    DTYPES,
    able_carriers,
    carried,
    carrier_of,
    check_holds,
    plain,
    take,
    thread_count,
    with_out,
)
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._phase_format import names_phases
from halfulp._projection import Projection, check_mode, resolve
from halfulp._random import check_random_bits, source_for
from halfulp._tensors import Kind

# A call has two ways. The direct one is compiled and takes what needs no care: plain contiguous NumPy arrays and a
# deterministic projection. It answers None to everything else, and the way below it then converts, checks and names.


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
    out: Any = None,
    threads: int | None = None,
) -> Any:
    """Every x rounded to a member of the format, as values of x's dtype.

    rounding: a mode's name or alias (contract, section 2.2); None is nearest_ties_to_even. overflow: sat_finite,
    sat_propagate, sat_none, to_nan, unbounded; None is the format's own. nan: what NaN becomes where the format has
    none: raise, to_max, to_zero, keep. ftz: None, "before" or "after". Stochastic modes read random_bits (1 to 32,
    default 32) and name their source: rng= (a seed, Rng or numpy Generator) or random= (uint32, R itself). projection:
    a Projection or a preset's name, under the single keywords. out: an array or a torch CPU tensor, may be x itself.
    threads: None is one, or HALFULP_THREADS; never changes a bit of the result.

    Raises TypeError where x's dtype cannot hold the format's values exactly, ValueError for names and ranges.
    """
    if names_phases(format):
        from halfulp._complex import complex_round

        return complex_round(
            x,
            rounding,
            overflow=overflow,
            nan=nan,
            ftz=ftz,
            random_bits=random_bits,
            rng=rng,
            random=random,
            projection=projection,
            out=out,
            threads=threads,
        )
    call = _conversion(format, rounding, overflow, nan, ftz, random_bits, projection)
    if rng is None and random is None:
        direct = call.round(x, out, threads)
        if direct is not None:
            return direct
    f = to_format(format)
    how = call.projection
    a = carried("x", x)
    check_holds(f._spec, a.carrier, f.name)
    count = thread_count(threads)
    return with_out(
        a,
        out,
        DTYPES[a.carrier],
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
    out: Any = None,
    threads: int | None = None,
) -> Any:
    """The code of every x: the smallest uint8/16/32/64 that holds them (int8/16/32/64 for integers and fixed point with
    a sign), in x's shape. Arguments as in :func:`round`.

    JAX arrays whose codes are uint64 need jax_enable_x64: without it JAX would cut them to 32 bits.
    """
    if names_phases(format):
        from halfulp._complex import complex_encode

        return complex_encode(
            x,
            rounding,
            overflow=overflow,
            nan=nan,
            ftz=ftz,
            random_bits=random_bits,
            rng=rng,
            random=random,
            projection=projection,
            out=out,
            threads=threads,
        )
    call = _conversion(format, rounding, overflow, nan, ftz, random_bits, projection)
    if rng is None and random is None:
        direct = call.encode(x, out, threads)
        if direct is not None:
            return direct
    f = to_format(format)
    how = call.projection
    a = carried("x", x)
    count = thread_count(threads)
    return with_out(
        a,
        out,
        f.code_dtype.name,
        lambda target, source: _core.encode(a.data, unsigned_view(target), a.carrier, f._spec, how, source, count),
        lambda: source_for(how, rng, random, a.shape),
    )


def unsigned_view(codes: np.ndarray) -> np.ndarray:
    """The same memory."""
    return codes.view(codes.dtype.str.replace("i", "u")) if codes.dtype.kind == "i" else codes


def decode(codes: Any, format: Any = None, dtype: Any = None, *, out: Any = None, threads: int | None = None) -> Any:
    """The value of every code: float32 where every value of the format fits, else float64, unless dtype says.

    codes: an integer array, or an ml_dtypes, torch or JAX array of a narrow float dtype, which then is the format.
    Raises ValueError for a code beyond
    the format's width, TypeError where no carrier (or not the one asked for) holds the format's values.
    """
    if names_phases(format):
        from halfulp._complex import complex_decode

        return complex_decode(codes, dtype, out=out, threads=threads)
    if dtype is None and format is not None:
        direct = _conversion(format, None, None, None, None, None, None).decode(codes, out, threads)
        if direct is not None:
            return direct
    a, f = _codes_and_format("codes", codes, format)
    # By default binary32, else binary64; where neither holds the format, the error below names what does.
    default = "binary32" if f._spec.holds("binary32") else "binary64"
    carrier = default if dtype is None else carrier_of(dtype)
    if not f._spec.holds(carrier):
        instead = able_carriers(f._spec, "none; Format.exact(code) gives exact values")
        raise TypeError(f"dtype {DTYPES[carrier]} does not hold every value of {f.name}, allowed: {instead}")
    count = thread_count(threads)
    return with_out(a, out, DTYPES[carrier], lambda target, _: _core.decode(a.data, target, carrier, f._spec, count))


def _conversion(
    format: Any, rounding: Any, overflow: Any, nan: Any, ftz: Any, random_bits: Any, projection: Any
) -> _core.Conversion:
    """All of a call but its arrays."""
    try:
        return _made_conversion(format, rounding, overflow, nan, ftz, random_bits, projection)
    except TypeError:  # a wrong type, or one without a hash: once more for the error that names it
        return _made_conversion.__wrapped__(format, rounding, overflow, nan, ftz, random_bits, projection)


@lru_cache(maxsize=1024, typed=True)  # typed: True and 1.0 are not 1
def _made_conversion(
    format: Any, rounding: Any, overflow: Any, nan: Any, ftz: Any, random_bits: Any, projection: Any
) -> _core.Conversion:
    spec = to_format(format)._spec
    how = resolve(spec, projection, rounding, overflow, nan, ftz, random_bits)
    check_random_bits(how, random_bits)
    return _core.Conversion(spec, how)


class Codes:
    """An input array of codes: C-contiguous, in native byte order, as unsigned memory."""

    def __init__(self, array: np.ndarray, kind: Kind, dtype: Any, original: np.ndarray | None = None) -> None:
        self.original = array if original is None else original
        self.dtype = dtype  # the caller's own, for messages
        self.shape = array.shape
        self.data = plain(array)
        self.kind = kind


def unsigned(name: str, codes: Any) -> Codes:
    """Codes as an unsigned array, or TypeError."""
    array, kind, dtype = _integers(name, codes)
    if array.dtype.kind == "i":
        if array.size and int(array.min()) < 0:
            raise ValueError(f"{name} holds {int(array.min())}, allowed: 0 or more")
        # Of no negative number, so the same bits; the same memory too.
        array = array.view(array.dtype.str.replace("i", "u"))
    return Codes(array, kind, dtype)


def codes_of(f: Format, name: str, codes: Any) -> Codes:
    """Codes of a format: numbers with a sign where its codes have one."""
    if not f._spec.signed_codes:
        return unsigned(name, codes)
    array, kind, dtype = _integers(name, codes)
    original = array
    if array.dtype.kind == "u":  # numbers as they are: too large ones are no codes
        most = f._spec.last_code // 2
        if array.size and int(array.max()) > most:
            raise ValueError(f"{name} holds {int(array.max())}, allowed: {-most - 1} to {most} ({f.name})")
    width = array.dtype.itemsize
    if 8 * width < f.bits:  # widened with its sign
        array = array.astype(f.code_dtype)
    return Codes(array.view(array.dtype.str.replace("i", "u")), kind, dtype, original)


def _integers(name: str, codes: Any) -> tuple[np.ndarray, Kind, Any]:
    array, elements, dtype, kind = take(name, codes)
    if array.size == 0 and kind.is_python:
        array = array.astype(np.uint8)
        elements = "uint8"
    if array.dtype.kind == "O" and array.size and all(isinstance(code, int) for code in array.flat):
        worst = min(array.flat) if min(array.flat) < 0 else max(array.flat)
        raise ValueError(f"{name} holds {worst}, allowed: 0 to 2^64 - 1")
    if array.dtype.kind == "O" and array.shape == ():
        raise TypeError(f"{name} is a {type(codes).__name__}, allowed: integers")
    if array.dtype.kind not in "iu" or not elements.startswith(("int", "uint")):
        raise TypeError(f"{name} has dtype {dtype}, allowed: integers")
    return array, kind, dtype


def _codes_and_format(name: str, codes: Any, format: Any = None) -> tuple[Codes, Format]:
    if type(codes) is not np.ndarray or codes.dtype.kind in "Vf":
        array, elements, dtype, kind = take(name, codes)
        if hasattr(codes, "dtype") and _names_a_format(array, elements):
            try:
                f = to_format(dtype)
            except ValueError:
                raise TypeError(f"{name} has dtype {dtype}, allowed: integers, or a narrow float dtype") from None
            if format is not None and to_format(format) != f:
                raise ValueError(f"format is {format}, but {name} has dtype {dtype}, allowed: None or {f}")
            bits = plain(array).view(np.uint8 if array.dtype.itemsize == 1 else np.uint16)
            found = Codes(bits, kind, dtype)
            found.original = array
            return found, f
    if format is None:
        raise ValueError(
            "format is None, allowed: a format's name (only ml_dtypes, torch and JAX arrays of narrow floats know "
            "their own)"
        )
    f = to_format(format)
    return codes_of(f, name, codes), f


def _names_a_format(array: np.ndarray, elements: str) -> bool:
    """Is this the dtype of an array of codes that knows their format? (torch's show as integers.)"""
    return elements.startswith(("float8", "bfloat16")) or (
        array.dtype.kind in "Vf" and elements not in ("float32", "float64")
    )


def pack(codes: Any, bits: int) -> Any:
    """Codes of `bits` bits as dense bytes (uint8, one axis), in C order: little-endian bits, low nibble first.

    Negative codes, of integers with a sign, are cut to their low `bits` bits."""
    bits = _bit_count("bits", bits, 64)
    a = _without_signs("codes", codes, bits)
    out = a.kind.empty((_core.packed_size(a.data.size, bits),), "uint8")
    _core.pack(a.data.reshape(-1), bits, out)
    return a.kind.give(out, "uint8")


def _without_signs(name: str, codes: Any, bits: int) -> Codes:
    """Codes whose negative ones, -2^(bits-1) or more, are two's complement numbers of that width."""
    array, kind, dtype = _integers(name, codes)
    if array.dtype.kind == "u" or not array.size or int(array.min()) >= 0:
        return unsigned(name, codes)
    least, most = int(array.min()), int(array.max())
    if least < -(2 ** (bits - 1)) or most >= 2 ** (bits - 1):
        worst = least if least < -(2 ** (bits - 1)) else most
        raise ValueError(f"{name} holds {worst}, allowed: {-(2 ** (bits - 1))} to {2 ** (bits - 1) - 1} ({bits} bits)")
    cut = array.view(array.dtype.str.replace("i", "u"))
    if bits < 8 * array.dtype.itemsize:
        cut = cut & cut.dtype.type(2**bits - 1)
    return Codes(cut, kind, dtype)


def unpack(packed: Any, bits: int, count: int, *, signed: bool = False) -> Any:
    """The first `count` codes of `bits` bits in packed bytes, one axis, in the smallest unsigned integer that holds
    them. signed: codes of integers with a sign, in the smallest signed one."""
    bits = _bit_count("bits", bits, 64)
    a = unsigned("packed", packed)
    array = a.data
    if array.dtype != np.uint8:
        raise TypeError(f"packed has dtype {a.dtype}, allowed: uint8")
    if isinstance(count, bool) or not isinstance(count, (int, np.integer)):
        raise TypeError(f"count is {count!r}, allowed: an integer")
    if not 0 <= count <= 8 * array.size // bits:
        raise ValueError(f"count is {count}, allowed: 0 to {8 * array.size // bits}, what {array.size} bytes hold")
    elements = "uint8" if bits <= 8 else "uint16" if bits <= 16 else "uint32" if bits <= 32 else "uint64"
    elements = elements.removeprefix("u") if signed else elements
    a.kind.check(elements)
    out = a.kind.empty((int(count),), elements)
    _core.unpack(array.reshape(-1), bits, out.view(f"u{out.dtype.itemsize}"))
    if signed:
        spare = 8 * out.dtype.itemsize - bits
        out[...] = (out << spare) >> spare
    return a.kind.give(out, elements)


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

    A multiple of 2^-random_bits, float64 in x's shape (of a JAX array: with jax_enable_x64 alone). 0 for members, zeros
    and infinities, NaN for NaN; deterministic modes give 0 or 1. Closed forms with f the place between the neighbours
    (contract, section 2.2): A floor(f 2^N) / 2^N, B floor(f 2^N + 1/2) / 2^N, C RNE(f 2^N) / 2^N. The grid continues
    above the largest member.
    """
    f = to_format(format)
    check_mode("mode", mode)
    a = carried("x", x)
    random_bits = _bit_count("random_bits", random_bits, 32)
    count = thread_count(threads)
    a.kind.check("float64")
    out = a.kind.empty(a.shape, "float64")
    _core.probability_away(a.data, out, a.carrier, f._spec, mode, random_bits, count)
    return a.kind.give(out, "float64")
