"""Fixed point: requantization of integer accumulators, and AdaPT's choice of word and fraction length."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from halfulp import _core
from halfulp._arrays import carried, plain, take
from halfulp._convert import _integers
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._projection import check_mode
from halfulp._runs import choice, integer, not_empty, source_of


def quantize_multiplier(multiplier: Any) -> tuple[Any, Any]:
    """(m, shift) with m × 2^(shift - 31) nearest to the multiplier, ties away from zero: two ints for a number, int32
    arrays for an array. m is 0, or from 2^30 to 2^31 - 1; shift is from -31 to 30; what is below 2^-32 is (0, 0).

    TensorFlow Lite's QuantizeMultiplier, by integers. Raises ValueError for negative numbers, NaN, infinities, and what
    rounds to 2^30 or more.
    """
    if isinstance(multiplier, (int, float)) and not isinstance(multiplier, bool):
        return _core.quantize_multiplier(float(multiplier))
    a = carried("multiplier", multiplier)
    pairs = [_core.quantize_multiplier(float(d)) for d in a.widened.reshape(-1)]
    table = np.array(pairs, dtype=np.int32).reshape(*a.shape, 2)
    return table[..., 0].copy(), table[..., 1].copy()


def requantize(
    accumulators: Any,
    multiplier: Any,
    shift: Any,
    *,
    zero_point: int = 0,
    bits: int = 8,
    signed: bool = True,
    rounding: str = "gemmlowp",
    axis: int = -1,
) -> Any:
    """clamp(zero_point + accumulators × multiplier × 2^(shift - 31)), by integers alone: in the accumulators' shape, as
    the smallest of int8, int16, int32 (uint8, uint16) that holds `bits` bits (up to 32, unsigned up to 16).

    accumulators: int32. multiplier, shift: integers out of :func:`quantize_multiplier`, or arrays with one for each
    index of `axis`. rounding: "gemmlowp", two roundings as in gemmlowp and TensorFlow Lite (the high half of the
    doubled product to nearest, ties up; the right shift to nearest, ties away from zero), or "single", one rounding,
    ties up (ruy; TFLITE_SINGLE_ROUNDING). They differ in some 4 % of random cases, by one. Where the peers leave an
    overflow of 32 bits undefined, the product is exact here and then saturates.

    Raises TypeError for other dtypes, ValueError for ranges and shapes.
    """
    choice("rounding", rounding, ("gemmlowp", "single"))
    if not isinstance(signed, bool):
        raise TypeError(f"signed is {signed!r}, allowed: True, False")
    width = integer("bits", bits, 1, 32 if signed else 16)
    array, kind, dtype = _integers("accumulators", accumulators)
    if kind.is_python and not isinstance(accumulators, np.generic):
        least, most = (int(array.min()), int(array.max())) if array.size else (0, 0)
        if least < -(2**31) or most >= 2**31:
            raise ValueError(f"accumulators holds {least if least < 0 else most}, allowed: -2^31 to 2^31 - 1")
        array = array.astype(np.int32)
    if array.dtype != np.int32:
        raise TypeError(f"accumulators has dtype {dtype}, allowed: int32")
    m, s = _per_channel("multiplier", multiplier), _per_channel("shift", shift)
    if m.shape != s.shape:
        raise ValueError(f"shift has shape {s.shape}, allowed: {m.shape}, that of multiplier")
    inner = 1
    if m.size != 1:
        if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
            raise TypeError(f"axis is {axis!r}, allowed: an integer")
        if not -array.ndim <= axis < array.ndim:
            raise ValueError(f"axis is {axis}, allowed: {-array.ndim} to {array.ndim - 1}")
        place = axis % array.ndim
        if array.shape[place] != m.size:
            raise ValueError(
                f"multiplier has {m.size} elements, allowed: 1, or {array.shape[place]}, those of axis {axis}"
            )
        inner = math.prod(array.shape[place + 1 :])
    name = "int32" if width > 16 else f"{'' if signed else 'u'}int{8 if width <= 8 else 16}"
    out = kind.empty(array.shape, name)
    if array.size:
        zero = integer("zero_point", zero_point, -(2**31), 2**31 - 1)
        single = rounding == "single"
        _core.requantize(plain(array), m, s, width, signed, zero, inner, single, out, name)
    return kind.give(out, name)


def _per_channel(name: str, value: Any) -> np.ndarray:
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}, allowed: integers")
    array, elements, dtype, _ = take(name, value)
    if not elements.startswith(("int", "uint")):  # not array.dtype: torch's bfloat16 shows as integers there
        raise TypeError(f"{name} has dtype {dtype}, allowed: integers")
    if array.ndim > 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}, allowed: one number, or one for each channel")
    if int(array.min()) < -(2**31) or int(array.max()) >= 2**31:
        worst = int(array.min()) if int(array.min()) < 0 else int(array.max())
        raise ValueError(f"{name} holds {worst}, allowed: numbers of 32 bits")
    return np.ascontiguousarray(array, dtype=np.int32).reshape(-1)


class FixedPointChoice(NamedTuple):
    """A fixed-point word: its length with the sign, the fraction bits in it, and the divergence that it leaves."""

    word_length: int
    fraction_length: int
    divergence: float

    @property
    def format(self) -> Format:
        """As a format: q<I>.<F>."""
        return to_format(f"q{self.word_length - self.fraction_length}.{self.fraction_length}")


def choose_fixed_point(
    x: Any,
    *,
    bins: int = 100,
    threshold: float = 0.0,
    max_word_length: int = 32,
    min_fraction_length: int = 0,
    buffer_bits: int = 0,
    rounding: str = "nearest_ties_to_even",
    rng: Any = None,
) -> FixedPointChoice:
    """The shortest fixed-point word that leaves the histogram of x as it is: AdaPT's PushDown (Kummer et al., arXiv
    2107.13490). Returns a FixedPointChoice; its divergence is beyond the threshold where no word was good enough.

    P and Q are the histograms of x and of x rounded, in `bins` (1 to 2048) equal bins over [min x, max x], a constant c
    taking [c - 1, c + 1]; bin edges are compared exactly, and what rounding brings outside counts in the end bins. The
    loss is the divergence Σ p ln(p / q): infinite where q = 0 < p, 0 just where the histograms are equal. First the
    least fraction length (from min_fraction_length) whose loss in a word of 64 bits is at most `threshold`, then the
    least word length up to max_word_length (1 to 53) for which saturation leaves it so; buffer_bits are added to it.
    Where none is good enough: max_word_length, and the fraction length of the least loss.

    rounding: any mode; stochastic ones name their rng, and every trial sees the same words. Differences from the
    authors' code: lengths are tried upward instead of bisected, since the loss is not monotone; its loss is fed
    probabilities where logarithms belong and may vanish for unequal histograms; it drops what rounding brings outside
    the range, and looks at the first row of a weight alone. PushUp and the schedule follow gradients during training
    and are not part of this.

    Raises ValueError for an empty x, NaN, infinities and magnitudes of 2^960 or more in it, and ranges.
    """
    counts = (
        integer("bins", bins, 1, 2048),
        integer("max_word_length", max_word_length, 1, 53),
        integer("min_fraction_length", min_fraction_length, 0, max_word_length - 1),
        integer("buffer_bits", buffer_bits, 0, 64),
    )
    if isinstance(threshold, (bool, str, complex)) or not threshold >= 0:
        raise ValueError(f"threshold is {threshold!r}, allowed: 0 or more")
    stochastic = check_mode("rounding", rounding)
    how = _core.make_projection(_core.default_projection(), rounding, None, None, None, None)
    a = carried("x", x)
    not_empty("x", a)
    if not stochastic and rng is not None:
        raise ValueError(f"rng is given but rounding is {rounding!r}, which draws no random bits, allowed: None")
    source = source_of(rng) if stochastic else None
    found = _core.choose_fixed_point(a.data, a.carrier, counts[0], float(threshold), *counts[1:], how, source)
    return FixedPointChoice(*found)
