"""An exact and slow model of the formats that are no plain floats, and of schemes with such elements.

Integers, fixed point, posits, codebooks and HiFloat8, from the contract's text (sections 2.1 to 2.6 and 2.9). It
imports nothing of halfulp. Numbers are Fractions; the specials are the strings "nan", "inf", "-inf" and "-0". The
decision between two neighbours, and the float formats of scales, are those of the float oracles.
"""

from __future__ import annotations

import itertools
import re
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import scheme_oracle as floats
from oracle import INF, NAN, NINF, NZERO, ZERO, NoNaN, Place, Value, goes_away, place, two

TOWARD_ZERO_BELOW = ("toward_zero", "toward_positive")  # where a negative number goes toward zero


class Spot(NamedTuple):
    """The neighbours of a finite number: far is the one that "away from zero" means."""

    near: Fraction
    far: Fraction
    at: Place
    up: bool  # far is above near


class Result(NamedTuple):
    value: Value
    saturated: bool = False


def member(x: Fraction) -> Spot:
    return Spot(x, x, place(x, x, ZERO, True), True)


def pick(spot: Spot, mode: str, n: int, r: int) -> Fraction:
    """The neighbour that a mode takes."""
    return spot.far if goes_away(mode, spot.at, not spot.up, n, r) else spot.near


def finite(x: Value) -> Fraction:
    return ZERO if isinstance(x, str) else x


class Format(ABC):
    """What the kinds share: NaN, and the order of the decisions."""

    name: str
    bits: int
    signed_codes = False
    nan_code: int | None = None
    native = "sat_finite"
    wraps = False
    unbounded = False

    @abstractmethod
    def spot(self, x: Fraction) -> Spot: ...

    @abstractmethod
    def settle(self, rounded: Fraction, x: Value, mode: str, overflow: str, nan: str) -> Result:
        """Overflow, decided on the rounded number."""

    @abstractmethod
    def infinite(self, negative: bool, mode: str, overflow: str, nan: str) -> Result: ...

    @abstractmethod
    def value(self, code: int) -> Value:
        """Decode."""

    @abstractmethod
    def code(self, value: Value) -> int: ...

    @property
    @abstractmethod
    def top(self) -> Fraction:
        """The largest finite member."""

    @property
    def bottom(self) -> Fraction:
        """The lowest finite member."""
        return -self.top

    @property
    def of_zero(self) -> Fraction:
        """Zero, or the member that stands for it where there is none."""
        return ZERO

    @property
    def reach(self) -> Fraction:
        """The magnitude that scales bring to the largest."""
        return self.top

    def codes(self) -> range:
        return range(-(1 << (self.bits - 1)), 1 << (self.bits - 1)) if self.signed_codes else range(1 << self.bits)

    def no_number(self, nan: str) -> Value:
        if self.nan_code is not None or nan == "keep":
            return NAN
        if nan == "raise":
            raise NoNaN
        return self.top if nan == "to_max" else self.of_zero

    def project(
        self,
        x: Value,
        mode: str = "nearest_ties_to_even",
        overflow: str | None = None,
        nan: str = "raise",
        n: int = 32,
        r: int = 0,
        spot: Spot | None = None,
    ) -> Result:
        overflow = overflow or self.native
        if x == NAN:
            return Result(self.no_number(nan))
        if x in (INF, NINF):
            return self.infinite(x == NINF, mode, overflow, nan)
        spot = spot or self.spot(finite(x))
        return self.settle(pick(spot, mode, n, r), x, mode, overflow, nan)


@dataclass(frozen=True)
class Fixed(Format):
    """Integers and fixed point: multiples of 2^-fraction_bits."""

    name: str
    bits: int
    fraction_bits: int = 0
    signed: bool = True
    symmetric: bool = False

    unbounded = True

    @property
    def wraps(self) -> bool:  # type: ignore[override]
        return not self.symmetric

    @property
    def signed_codes(self) -> bool:  # type: ignore[override]
        return self.signed

    @property
    def highest(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    @property
    def lowest(self) -> int:
        if not self.signed:
            return 0
        return -self.highest if self.symmetric else -self.highest - 1

    @property
    def step(self) -> Fraction:
        return two(-self.fraction_bits)

    @property
    def top(self) -> Fraction:
        return self.highest * self.step

    @property
    def bottom(self) -> Fraction:
        return self.lowest * self.step

    def codes(self) -> range:
        return range(self.lowest, self.highest + 1)

    def value(self, code: int) -> Value:
        return code * self.step

    def code(self, value: Value) -> int:
        k = finite(value) / self.step
        assert k.denominator == 1, (self.name, value)
        return k.numerator

    def spot(self, x: Fraction) -> Spot:
        steps = abs(x) / self.step
        k = steps.numerator // steps.denominator
        sign = -1 if x < 0 else 1
        at = place(k * self.step, (k + 1) * self.step, steps - k, k % 2 == 0)
        return Spot(sign * at.below, sign * at.above, at, x >= 0)

    def settle(self, rounded: Fraction, x: Value, mode: str, overflow: str, nan: str) -> Result:
        k = int(rounded / self.step)
        if self.lowest <= k <= self.highest:
            return Result(rounded)
        if overflow == "wrap":
            assert self.wraps
            return Result(((k - self.lowest) % (1 << self.bits) + self.lowest) * self.step)
        if not self.signed and k < 0:
            back = overflow == "sat_none" and mode in TOWARD_ZERO_BELOW
            if back or overflow in ("sat_finite", "sat_propagate", "unbounded"):
                return Result(ZERO)
            return Result(self.no_number(nan))
        if overflow == "unbounded":
            return Result(rounded)
        if overflow == "to_nan":
            return Result(self.no_number(nan))
        return Result((self.highest if k > 0 else self.lowest) * self.step, True)

    def infinite(self, negative: bool, mode: str, overflow: str, nan: str) -> Result:
        if overflow in ("to_nan", "wrap"):
            return Result(self.no_number(nan))
        if negative and not self.signed:
            return Result(self.no_number(nan) if overflow == "sat_none" else ZERO)
        if overflow == "unbounded":
            return Result(NINF if negative else INF)
        return Result((self.lowest if negative else self.highest) * self.step, True)


@lru_cache(maxsize=1 << 18)
def posit_magnitude(code: int, bits: int, es: int) -> Fraction:
    """The posit of a code from 1 to 2^(bits-1) - 1: regime, exponent, fraction; what is cut off counts as zeros."""
    digits = f"{code:0{bits - 1}b}"
    run = len(digits) - len(digits.lstrip(digits[0]))
    regime = run - 1 if digits[0] == "1" else -run
    tail = digits[run + 1 :]
    exponent = int(tail[:es].ljust(es, "0") or "0", 2)
    fraction = tail[es:]
    significand = 1 + Fraction(int(fraction or "0", 2), 1 << len(fraction))
    return significand * two((regime << es) + exponent)


@dataclass(frozen=True)
class Posit(Format):
    name: str
    bits: int
    es: int

    native = "to_nan"

    @property
    def reach(self) -> Fraction:
        """Scales bring the largest magnitude to 1, where posits have most bits."""
        return Fraction(1)

    @property
    def nan_code(self) -> int:  # type: ignore[override]
        return 1 << (self.bits - 1)

    def size(self, code: int) -> Fraction:
        return posit_magnitude(code, self.bits, self.es)

    @property
    def top(self) -> Fraction:
        return self.size(self.nan_code - 1)

    def value(self, code: int) -> Value:
        if code in (0, self.nan_code):
            return NAN if code else ZERO
        return self.size(code) if code < self.nan_code else -self.size(2 * self.nan_code - code)

    def code_of_size(self, size: Fraction) -> int:
        """The largest code from 1 on whose number is not above size."""
        low, high = 1, self.nan_code
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.size(middle) <= size else (low, middle)
        return low

    def code(self, value: Value) -> int:
        if value == NAN:
            return self.nan_code
        x = finite(value)
        code = self.code_of_size(abs(x)) if x else 0
        assert abs(x) == (self.size(code) if code else 0), (self.name, value)
        return -code % (1 << self.bits) if x < 0 else code

    def spot(self, x: Fraction) -> Spot:
        size, sign = abs(x), -1 if x < 0 else 1
        if size == 0 or size <= self.size(1) or size >= self.top:
            return member(ZERO if size == 0 else sign * min(max(size, self.size(1)), self.top))
        code = self.code_of_size(size)
        below, above = self.size(code), self.size(code + 1)
        if size == below:
            return member(x)
        middle = posit_magnitude(2 * code + 1, self.bits + 1, self.es)
        at = Place(below, above, (size - below) / (above - below), code % 2 == 0, (size > middle) - (size < middle))
        return Spot(sign * below, sign * above, at, x > 0)

    def settle(self, rounded: Fraction, x: Value, mode: str, overflow: str, nan: str) -> Result:
        return Result(rounded, abs(finite(x)) > self.top)

    def infinite(self, negative: bool, mode: str, overflow: str, nan: str) -> Result:
        if overflow == "to_nan":
            return Result(NAN)
        return Result(-self.top if negative else self.top, True)


EVEN = {
    "lower_value": lambda below, above: below,
    "upper_value": lambda below, above: above,
    "smaller_magnitude": lambda below, above: min(below, above, key=abs),
    "integer": lambda below, above: below if below % 2 == 0 else above,
}


@dataclass(frozen=True)
class Codebook(Format):
    """values: those of the codes 0, 1, 2, ... in that order, any order of size."""

    name: str
    values: tuple[Value, ...]
    even: str = "lower_value"
    places: dict[Value, int] = field(init=False, hash=False, compare=False)
    numbers: list[Fraction] = field(init=False, hash=False, compare=False)

    def __post_init__(self) -> None:
        places = {value: code for code, value in reversed(list(enumerate(self.values)))}
        object.__setattr__(self, "places", places)
        object.__setattr__(self, "numbers", sorted({finite(value) for value in self.values}))

    @property
    def bits(self) -> int:  # type: ignore[override]
        return max(1, (len(self.values) - 1).bit_length())

    def codes(self) -> range:
        return range(len(self.values))

    @property
    def top(self) -> Fraction:
        return self.numbers[-1]

    @property
    def bottom(self) -> Fraction:
        return self.numbers[0]

    @property
    def reach(self) -> Fraction:
        return max(map(abs, self.numbers))

    @property
    def of_zero(self) -> Fraction:
        """Where there is no zero: the smallest magnitude, the positive one of two."""
        return min(self.numbers, key=lambda value: (abs(value), value < 0))

    def value(self, code: int) -> Value:
        return self.values[code]

    def code(self, value: Value) -> int:
        return self.places[value] if value in self.places else self.places[finite(value)]

    def spot(self, x: Fraction) -> Spot:
        if x <= self.numbers[0] or x >= self.top:
            return member(self.numbers[0] if x <= self.numbers[0] else self.top)
        i = bisect_right(self.numbers, x)
        below, above = self.numbers[i - 1 : i + 1]
        if x == below:
            return member(x)
        even = EVEN[self.even](below, above)
        if above > 0:  # the larger magnitude, or the upper one where zero lies inside the gap
            return Spot(below, above, place(below, above, (x - below) / (above - below), even == below), True)
        return Spot(above, below, place(above, below, (above - x) / (above - below), even == above), False)

    def settle(self, rounded: Fraction, x: Value, mode: str, overflow: str, nan: str) -> Result:
        beyond = not self.numbers[0] <= finite(x) <= self.top
        negative = x == NZERO or finite(x) < 0
        return Result(NZERO if rounded == 0 and negative and NZERO in self.places else rounded, beyond)

    def infinite(self, negative: bool, mode: str, overflow: str, nan: str) -> Result:
        if overflow == "to_nan":
            return Result(self.no_number(nan))
        return Result(self.numbers[0] if negative else self.top, True)


@dataclass(frozen=True)
class HiFloat8(Format):
    """arXiv 2409.16626: prefix, exponent and fraction of varying lengths; even is the code."""

    name: str = "hif8"
    bits: int = 8
    nan_code: int = 0x80
    native: str = "sat_none"

    def value(self, code: int) -> Value:
        if code in (0x80, 0x6F, 0xEF):
            return {0x80: NAN, 0x6F: INF, 0xEF: NINF}[code]
        sign = -1 if code & 0x80 else 1
        low = code & 0x7F
        if low < 8:
            return sign * two(low - 23) if low else ZERO
        prefixes = ((3, 2, 4), (2, 2, 3), (1, 2, 2), (1, 3, 1), (1, 4, 0))
        prefix_bits, exponent_bits = next((p, e) for prefix, p, e in prefixes if low >> (7 - p) == prefix)
        rest_bits = 7 - prefix_bits
        rest = low & ((1 << rest_bits) - 1)
        fraction_bits = rest_bits - exponent_bits
        exponent_field, fraction = rest >> fraction_bits, rest & ((1 << fraction_bits) - 1)
        exponent = 0
        if exponent_bits:
            stored = exponent_field & ((1 << (exponent_bits - 1)) - 1)
            exponent = stored | 1 << (exponent_bits - 1)
            if exponent_field >> (exponent_bits - 1):
                exponent = -exponent
        return sign * (1 + Fraction(fraction, 1 << fraction_bits)) * two(exponent)

    @property
    def top(self) -> Fraction:
        return two(15)

    def code(self, value: Value) -> int:
        return hif8_codes()[ZERO if value == NZERO else value]

    def spot(self, x: Fraction) -> Spot:
        size, sign = abs(x), -1 if x < 0 else 1
        sizes = hif8_sizes()
        if size >= sizes[-1]:
            return Spot(sign * sizes[-1], sign * sizes[-1], place(sizes[-1], sizes[-1], ZERO, True), x > 0)
        i = bisect_right(sizes, size)
        below, above = sizes[i - 1 : i + 1]
        at = place(below, above, (size - below) / (above - below), self.code(below) % 2 == 0)
        return Spot(sign * below, sign * above, at, x >= 0)

    def settle(self, rounded: Fraction, x: Value, mode: str, overflow: str, nan: str) -> Result:
        if abs(rounded) <= self.top:
            return Result(rounded)
        negative = rounded < 0
        largest = Result(-self.top if negative else self.top, True)
        if overflow == "to_nan":
            return Result(NAN)
        back = mode == "toward_zero" or mode == ("toward_positive" if negative else "toward_negative")
        if overflow != "sat_none" or back:
            return largest
        return Result(NINF if negative else INF)  # to_odd too: the code of infinity is odd, that of the largest even

    def infinite(self, negative: bool, mode: str, overflow: str, nan: str) -> Result:
        if overflow == "to_nan":
            return Result(NAN)
        if overflow == "sat_finite":
            return Result(-self.top if negative else self.top, True)
        return Result(NINF if negative else INF)


@lru_cache(maxsize=1)
def hif8_codes() -> dict[Value, int]:
    return {HiFloat8().value(code): code for code in range(256)}


@lru_cache(maxsize=1)
def hif8_sizes() -> list[Fraction]:
    """The finite magnitudes, and the one that would follow the largest."""
    sizes = {abs(value) for value in hif8_codes() if not isinstance(value, str)}
    return [*sorted(sizes), 3 * two(14)]


def parse(name: str) -> Format | None:
    """A format that its name alone defines; None for the codebooks."""
    if name == "hif8":
        return HiFloat8()
    if m := re.fullmatch(r"(u?)int(\d+)(s?)", name):
        return Fixed(name, int(m[2]), 0, not m[1], bool(m[3]))
    if m := re.fullmatch(r"q(\d+)\.(\d+)(s?)", name):
        return Fixed(name, int(m[1]) + int(m[2]), int(m[2]), True, bool(m[3]))
    if m := re.fullmatch(r"posit(\d+)_(\d+)", name):
        return Posit(name, int(m[1]), int(m[2]))
    return None


@lru_cache(maxsize=4096)
def held_by(f: Format, carrier: str) -> bool:
    """Whether a carrier has every finite member exactly."""
    to = floats.parse_format(carrier)

    def holds(x: Fraction) -> bool:
        code, over = to.round_magnitude(abs(x), False, "toward_zero")
        return not over and to.magnitude(code) == abs(x)

    if isinstance(f, Fixed):  # the longest significand, the largest magnitude, the finest step
        return all(map(holds, (f.highest * f.step, f.lowest * f.step, f.step)))
    if isinstance(f, Posit) and f.bits > 10:  # longest significands beside 1; ends
        one = 1 << (f.bits - 2)
        return all(holds(f.size(code)) for code in (1, one - 1, one + 1, f.nan_code - 1))
    return all(holds(value) for value in map(f.value, f.codes()) if not isinstance(value, str))


# --- schemes

Index = tuple[int, ...]


@dataclass(frozen=True)
class Level:
    """group: a length, "tensor", "channel", or rows and columns of a tile."""

    group: int | str | tuple[int, int]
    scale: floats.OracleFormat


def parse_levels(text: str) -> tuple[Level, ...]:
    """The levels of "/32:e8m0fnu/tensor:binary32"."""
    levels = []
    for part in text.split("/")[1:]:
        group, name = part.split(":")
        size: int | str | tuple[int, int] = group
        if tile := re.fullmatch(r"(\d+)x(\d+)", group):
            size = (int(tile[1]), int(tile[2]))
        elif group.isdigit():
            size = int(group)
        levels.append(Level(size, floats.parse_format(name)))
    return tuple(levels)


@dataclass
class Quantized:
    """Flat lists in C order; kept: where nan="keep" leaves x as it is."""

    codes: list[int]
    scale_codes: list[list[int]]
    scale_shapes: list[Index]
    zero_scales: int
    saturated: int
    kept: list[bool]


def flat_place(index: Index, shape: Index) -> int:
    flat = 0
    for i, length in zip(index, shape, strict=True):
        flat = flat * length + i
    return flat


def count(shape: Index) -> int:
    product = 1
    for length in shape:
        product *= length
    return product


class Groups:
    """Which scales an element has, innermost first."""

    def __init__(self, shape: Index, levels: Sequence[Level], axis: int, channel_axis: int) -> None:
        self.levels = levels
        self.shapes: list[Index] = []
        self.axis = axis % len(shape) if shape else 0
        self.channel_axis = channel_axis % len(shape) if shape else 0
        for number, level in enumerate(levels):
            if level.group == "tensor":
                self.shapes.append(())
            elif number:
                assert isinstance(level.group, int)
                self.shapes.append((-(-count(self.shapes[-1]) // level.group),))
            elif level.group == "channel":
                self.shapes.append((shape[self.channel_axis],))
            else:
                self.shapes.append(tuple(-(-n // self.length(a, len(shape))) for a, n in enumerate(shape)))

    def length(self, axis: int, axes: int) -> int:
        """How many elements along an axis share a scale of the innermost level."""
        group = self.levels[0].group
        if isinstance(group, tuple):
            return group[axis - axes + 2] if axis >= axes - 2 else 1
        assert isinstance(group, int)
        return group if axis == self.axis else 1

    def path(self, index: Index) -> list[int]:
        places: list[int] = []
        for number, level in enumerate(self.levels):
            if level.group == "tensor":
                places.append(0)
            elif number:
                assert isinstance(level.group, int)
                places.append(places[-1] // level.group)
            elif level.group == "channel":
                places.append(index[self.channel_axis])
            else:
                block = tuple(i // self.length(a, len(index)) for a, i in enumerate(index))
                places.append(flat_place(block, self.shapes[0]))
        return places


NOT_FINITE = (NAN, INF, NINF)


def quantize(
    x: Sequence[Value],
    shape: Index,
    element: Format,
    levels: Sequence[Level],
    *,
    axis: int = -1,
    channel_axis: int = 0,
    rounding: str = "nearest_ties_to_even",
    nan: str = "raise",
    n: int = 32,
    rng: tuple[int, int, int] | None = None,
    random: Sequence[int] | None = None,
) -> Quantized:
    """x in C order. rng: seed, stream and offset."""
    groups = Groups(shape, levels, axis, channel_axis)
    paths = [groups.path(index) for index in itertools.product(*map(range, shape))]
    maxima = [[ZERO] * count(s) for s in groups.shapes]
    above: list[dict[int, list[int]]] = [{} for _ in levels]  # the scales outside a scale
    spoiled = set()
    for value, path in zip(x, paths, strict=True):
        if levels and value in NOT_FINITE:
            spoiled.add(path[0])
        for level, i in enumerate(path):
            above[level][i] = path[level + 1 :]
            if value not in NOT_FINITE:
                maxima[level][i] = max(maxima[level][i], abs(finite(value)))

    scale_codes = [[0] * len(m) for m in maxima]
    scales = [[ZERO] * len(m) for m in maxima]
    zero_scales = 0
    for level in reversed(range(len(levels))):
        scale = levels[level].scale
        reach = element.reach
        for inner in levels[:level]:
            reach *= inner.scale.largest
        for i, amax in enumerate(maxima[level]):
            if level == 0 and i in spoiled and scale.nan_code is not None:
                scale_codes[level][i] = scale.nan_code
                continue
            divisor = reach
            for step, j in enumerate(above[level].get(i, ())):
                divisor *= scales[level + 1 + step][j]
            code = 0
            if amax and divisor:
                if scale.has_zero:
                    code, _ = scale.round_magnitude(amax / divisor, False, "nearest_ties_to_even")
                    zero_scales += scale.magnitude(code) == 0
                else:
                    wanted = floats.floor_log2(amax) - floats.floor_log2(divisor) + scale.bias
                    code = min(max(wanted, 0), scale.top)
            scale_codes[level][i] = code
            scales[level][i] = scale.magnitude(code)

    zero_code = element.code(element.of_zero)
    result = Quantized([], scale_codes, groups.shapes, zero_scales, 0, [])
    for flat, (value, path) in enumerate(zip(x, paths, strict=True)):
        code, kept = zero_code, False
        scale_value = Fraction(1)
        for level, i in enumerate(path):
            scale_value *= scales[level][i]
        if levels and path[0] in spoiled and levels[0].scale.nan_code is not None:
            pass
        elif value == NAN or (levels and value in NOT_FINITE):
            if nan == "keep" and element.nan_code is None:
                kept = True
            else:
                code = element.code(element.no_number(nan))
        elif scale_value:
            r = 0
            if rounding.startswith("stochastic"):
                assert rng is not None or random is not None
                word = random[flat] if rng is None else floats.word(rng[0], rng[1], flat + rng[2], 0) >> (32 - n)
                r = int(word)
            scaled = value if isinstance(value, str) else value / scale_value
            rounded = element.project(scaled, rounding, "sat_finite", nan, n, r)
            code = element.code(rounded.value)
            result.saturated += rounded.saturated
        result.codes.append(code)
        result.kept.append(kept)
    return result


def dequantize(
    q: Quantized, shape: Index, element: Format, levels: Sequence[Level], axis: int, channel_axis: int, carrier: str
) -> list[int]:
    """The bits in a carrier: the exact product, rounded once to nearest even; infinity beyond."""
    to = floats.parse_format(carrier)
    assert to.nan_code is not None
    groups = Groups(shape, levels, axis, channel_axis)
    out = []
    for code, index in zip(q.codes, itertools.product(*map(range, shape)), strict=True):
        value = element.value(code)
        negative = value in (NZERO, NINF) or finite(value) < 0
        size = None if value in NOT_FINITE else abs(finite(value))
        is_nan = value == NAN
        for level, i in enumerate(groups.path(index)):
            scale = levels[level].scale.value(q.scale_codes[level][i])
            if scale == NAN or (size is None and scale == 0):
                is_nan = True
            elif size is not None:
                assert not isinstance(scale, str)
                size *= scale
        if is_nan:
            out.append(to.nan_code)
        elif size is None:
            out.append(to.signed_code(to.top + 1, negative))
        else:
            bits, over = to.round_magnitude(size, negative, "nearest_ties_to_even")
            out.append(to.signed_code(to.top + 1 if over else bits, negative))
    return out
