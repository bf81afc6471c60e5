"""Faults in memory: seeded bit flips on codes, by mask and rate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from halfulp import _core
from halfulp._arrays import plain, take
from halfulp._convert import codes_of, unsigned_view
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._runs import choice, source_of

KINDS = ("one_bit_per_code", "each_bit")


class Flipped(NamedTuple):
    """Codes after the faults, how many of them changed, and how many bits did."""

    codes: Any
    flipped_codes: int
    flipped_bits: int


def flip_bits(
    codes: Any,
    format: Any = None,
    *,
    rate: float,
    mask: int | str = "all",
    kind: str = "one_bit_per_code",
    rng: Any = None,
) -> Flipped:
    """Codes with bits flipped at random, as faults in memory would. Returns a Flipped: the codes in the shape and dtype
    of `codes` (two's complement of the dtype's whole width for integers with a sign), and exact counts.

    codes: integers of any width. format: whose codes they are; None is every bit of the dtype. rate: a probability, 0
    to 1, taken to the nearest multiple of 2^-32. mask: the bits that may flip, as an integer, or "all", or a float
    format's "sign", "exponent" or "significand" (the stored fraction). rng: a seed, Rng or numpy Generator.
    kind: "one_bit_per_code": each code is hit with probability `rate`, and then one bit of the mask flips, each as
    likely. "each_bit": each bit of the mask flips with probability `rate`, each alone.

    With T = rate 2^32 and w(i, r) the word of element i with ordinal r (contract, section 3): a code is hit where
    w(i, 0) < T, at the mask's set bit number floor(w(i, 1) n / 2^32) of n, the lowest first; under "each_bit" bit b
    flips where w(i, b) < T. A code may become NaN, or one that its format does not have: decode() refuses the latter.

    "one_bit_per_code" with mask="significand" is what Higham's chop means by flip, and Pychop after it; as coded there,
    NumPy's version flips in every element, and none reaches the top bit. Raises ValueError for a rate, a mask or codes
    out of range, TypeError for codes that are no integers.
    """
    choice("kind", kind, KINDS)
    if isinstance(rate, (bool, complex, str)) or not isinstance(rate, (int, float, np.floating, np.integer)):
        raise TypeError(f"rate is {rate!r}, allowed: a number from 0 to 1")
    f = None if format is None else to_format(format)
    array, bits, signed, give = _codes(codes, f)
    out = np.empty(array.shape, dtype=array.dtype)
    where = _mask(mask, f, bits)
    if not 0 <= rate <= 1:
        raise ValueError(f"rate is {rate}, allowed: 0 to 1")
    counts = _core.flip_bits(array, bits, signed, where, float(rate), kind == "each_bit", source_of(rng), out)
    return Flipped(give(out), *counts)


def _codes(codes: Any, f: Format | None) -> tuple[np.ndarray, int, bool, Any]:
    """Codes as an unsigned array, their width, whether they have a sign, and the way back."""
    if f is None:
        taken = take("codes", codes)
        if taken.array.dtype.kind not in "iu" or not taken.elements.startswith(("int", "uint")):
            raise TypeError(f"codes has dtype {taken.dtype}, allowed: integers")
        array = plain(taken.array)
        name = array.dtype.name
        view = unsigned_view(array)
        return view, 8 * array.dtype.itemsize, False, lambda out: taken.kind.give(out.view(name), name)
    a = codes_of(f, "codes", codes)
    signed = bool(f._spec.signed_codes)
    size = a.data.dtype.itemsize
    name = f"{'int' if signed else 'uint'}{8 * size}"
    numbers = a.data.view(name)
    least, most = (-(2 ** (f.bits - 1)), 2 ** (f.bits - 1) - 1) if signed else (0, 2**f.bits - 1)
    for worst in (numbers.min(), numbers.max()) if numbers.size else ():
        if not least <= int(worst) <= most:
            raise ValueError(f"codes holds {worst}, allowed: {least} to {most} ({f.name})")
    return a.data, f.bits, signed, lambda out: a.kind.give(out.view(name), name)


def _mask(mask: int | str, f: Format | None, bits: int) -> int:
    if isinstance(mask, str):
        if mask == "all":
            return 2**bits - 1
        if f is None:
            raise ValueError(f"mask is {mask!r} without a format, allowed: 'all', or bits as an integer")
        return _core.flip_mask(f._spec, mask)
    if isinstance(mask, (bool, np.bool_)) or not isinstance(mask, (int, np.integer)):
        raise TypeError(f"mask is {mask!r}, allowed: 'all', 'sign', 'exponent', 'significand', or bits as an integer")
    if not 0 < mask < 2**bits:
        raise ValueError(f"mask is {mask}, allowed: 1 to 2^{bits} - 1")
    return int(mask)
