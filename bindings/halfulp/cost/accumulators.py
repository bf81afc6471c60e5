"""Exact widths of accumulators, and the published closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from halfulp import _core
from halfulp._format import Format, _exact, real_format
from halfulp._runs import integer

MOST_TERMS = 2**64 - 1


@dataclass(frozen=True)
class Extent:
    """What the finite members of a format span."""

    format: Format
    least: Fraction
    greatest: Fraction
    quantum: int
    """Every member is a multiple of 2^quantum, and one is no multiple of 2^(quantum + 1)."""
    significand_bits: int
    """The most bits that a member has from its first bit set to its last."""
    positions: int
    """Places where significands of so many bits can stand: 1 for unsigned integers."""
    fixed_point_bits: int
    """Bits of the narrowest integer that holds every member over 2^quantum: two's complement, or unsigned."""


@dataclass(frozen=True)
class AccumulatorWidth:
    """Sums of n products of two formats' members, exactly."""

    bits: int
    """Of the narrowest accumulator that holds every sum: two's complement where `signed`, else unsigned."""
    signed: bool
    """Can a sum be negative?"""
    quantum: int
    """The accumulator counts in 2^quantum: every sum is a multiple of it, and some product of no larger power of
    two."""
    least: Fraction
    """The least sum, which some n products reach."""
    greatest: Fraction
    n: int


def extent(format: Any) -> Extent:
    """What the finite members of a format span: the facts that widths and models are made of. NaN and infinities do not
    count, nor a code that a symmetric integer never produces."""
    f = real_format(format)
    least, greatest, quantum, significand_bits, positions, fixed_bits = _core.format_extent(f._spec)
    return Extent(f, _exact(least), _exact(greatest), quantum, significand_bits, positions, fixed_bits)


def accumulator(a: Any, b: Any, n: int) -> AccumulatorWidth:
    """The narrowest fixed-point accumulator in which no sum of n products of a member of format a and one of b ever
    rounds or overflows, worked out from the codes: floats, integers, fixed point, posits, codebooks.

    a, b: formats (names, Format objects or dtypes), each without scales. n: terms, 1 to 2^64 − 1. The quantum is the
    product of the formats' smallest powers of two, the ends are n times the extreme products; both are reached, so no
    narrower one will do, and partial sums from 0 lie between. Infinities and NaN are no members. Returns an
    AccumulatorWidth. Raises ValueError for n outside its range.
    """
    x, y = real_format(a), real_format(b)
    terms = integer("n", n, 1, MOST_TERMS)
    least, greatest, quantum, signed, bits = _core.extent_of_sum(x._spec, y._spec, terms)
    return AccumulatorWidth(bits, signed, quantum, _exact(least), _exact(greatest), terms)


def published_integer_width(bits_a: int, bits_b: int, n: int) -> int:
    """The closed form of arXiv 2311.12359 for integers of these widths: bits_a + bits_b + ⌈log2 n⌉ + 1. One to two bits
    more than what ``accumulator`` certifies for two's complement integers."""
    widths = [integer(name, value, 1, 64) for name, value in (("bits_a", bits_a), ("bits_b", bits_b))]
    return _core.published_integer_width(*widths, integer("n", n, 1, MOST_TERMS))


def published_minifloat_width(exponent_a: int, mantissa_a: int, exponent_b: int, mantissa_b: int, n: int) -> int:
    """The closed form of arXiv 2311.12359 for minifloats of so many exponent and mantissa bits: 2^exponent_a +
    mantissa_a + 2^exponent_b + mantissa_b + ⌈log2 n⌉ − 1. For n = 4608 (ResNet-18): E2M3 26, E3M2 32, E3M3 34 bits.
    ``accumulator`` certifies one bit less where every code is a number (e2m3f: 25), and three less where the top
    exponent is kept for infinity and NaN (e2m3: 23)."""
    exponents = [integer(name, e, 1, 19) for name, e in (("exponent_a", exponent_a), ("exponent_b", exponent_b))]
    mantissas = [integer(name, m, 0, 63) for name, m in (("mantissa_a", mantissa_a), ("mantissa_b", mantissa_b))]
    terms = integer("n", n, 1, MOST_TERMS)
    return _core.published_minifloat_width(exponents[0], mantissas[0], exponents[1], mantissas[1], terms)
