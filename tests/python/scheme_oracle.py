"""An exact and slow implementation of schemes, from the contract's text (sections 2 and 3).

It shares no code with halfulp: numbers are Fractions, random words come from a Philox written here. Specials are the
strings "nan", "inf", "-inf" and "-0"; everything else is a Fraction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

MODES = {
    "nearest_ties_to_even": "rne",
    "nearest_ties_to_away": "rna",
    "nearest_ties_to_zero": "rnz",
    "nearest_ties_to_odd": "rno",
    "nearest_ties_up": "rnu",
    "nearest_ties_down": "rnd",
    "toward_zero": "rz",
    "away_from_zero": "ra",
    "toward_positive": "ru",
    "toward_negative": "rd",
    "to_odd": "ro",
    "stochastic_a": "sr",
    "stochastic_b": None,
    "stochastic_c": None,
    "stochastic_equal": "sre",
}
STOCHASTIC = ("stochastic_a", "stochastic_b", "stochastic_c", "stochastic_equal")

PUBLISHED = {
    "binary64": "e11m52",
    "binary32": "e8m23",
    "tf32": "e8m10",
    "binary16": "e5m10",
    "bfloat16": "e8m7",
    "e2m1fn": "e2m1f",
    "e2m3fn": "e2m3f",
    "e3m2fn": "e3m2f",
}
PUBLISHED_SCHEMES = {
    "mxfp8_e4m3": "e4m3fn/32:e8m0fnu",
    "mxfp8_e5m2": "e5m2/32:e8m0fnu",
    "mxfp6_e3m2": "e3m2fn/32:e8m0fnu",
    "mxfp6_e2m3": "e2m3fn/32:e8m0fnu",
    "mxfp4": "e2m1fn/32:e8m0fnu",
    "nvfp4": "e2m1fn/16:e4m3fn/tensor:binary32",
    "mx9": "e1m6b1f/2:microexponent/8:e8m0fnu",
    "mx6": "e1m3b1f/2:microexponent/8:e8m0fnu",
    "mx4": "e1m1b1f/2:microexponent/8:e8m0fnu",
    "msfp16": "e1m6b1f/16:e8m0fnu",
    "msfp12": "e1m2b1f/16:e8m0fnu",
}


@dataclass(frozen=True)
class OracleFormat:
    E: int
    M: int
    bias: int
    letters: str  # "", "f", "fn", "fnuz", "p3109e", "p3109f"
    signed: bool
    sub: bool

    @property
    def bits(self) -> int:
        return self.signed + self.E + self.M

    @property
    def has_zero(self) -> bool:
        """Section 4: unsigned M = 0 with `fnu` has no zero, nor have microexponents."""
        bare = self.M == 0 and not self.signed
        return not (bare and (self.letters == "fn" or (self.letters == "f" and not self.sub)))

    @property
    def has_negative_zero(self) -> bool:
        return self.signed and self.letters in ("", "f", "fn")

    @property
    def emin(self) -> int:
        return 1 - self.bias if self.has_zero else -self.bias

    @cached_property
    def top(self) -> int:
        """The largest finite magnitude's code."""
        everything = 2 ** (self.E + self.M)
        taken = {"": 2**self.M, "f": 0, "fn": 1, "fnuz": 0}
        if self.letters in taken:
            return everything - 1 - taken[self.letters]
        infinity = self.letters == "p3109e"
        return everything - 1 - infinity - (not self.signed)

    @property
    def nan_code(self) -> int | None:
        if self.letters == "":
            return ((2**self.E - 1) << self.M) + 2 ** (self.M - 1)  # quiet bit only
        if self.letters == "f":
            return None
        if self.letters == "fn" or not self.signed:
            return 2 ** (self.E + self.M) - 1
        return 2 ** (self.E + self.M)  # the code of negative zero

    def magnitude(self, code: int) -> Fraction:
        field, fraction = code >> self.M, code & (2**self.M - 1)
        if field == 0 and self.has_zero:
            return Fraction(fraction) * Fraction(2) ** (self.emin - self.M) if self.sub else Fraction(0)
        return (1 + Fraction(fraction, 2**self.M)) * Fraction(2) ** (field - self.bias)

    @cached_property
    def largest(self) -> Fraction:
        return self.magnitude(self.top)

    def value(self, code: int) -> Fraction | str:
        negative = self.signed and code >> (self.bits - 1) == 1
        low = code & (2 ** (self.E + self.M) - 1)
        if self.letters == "" and low >> self.M == 2**self.E - 1:
            return "nan" if low & (2**self.M - 1) else "-inf" if negative else "inf"
        if code == self.nan_code or (self.letters == "fn" and low == 2 ** (self.E + self.M) - 1):
            return "nan"
        if low > self.top:
            return "-inf" if negative else "inf"
        size = self.magnitude(low)
        if negative and size == 0:
            return "-0" if self.has_negative_zero else Fraction(0)
        return -size if negative else size

    def round_magnitude(
        self, q: Fraction, negative: bool, mode: str, R: int = 0, N: int = 32, ftz: str | None = None
    ) -> tuple[int, bool]:
        """(code of the magnitude, saturated): no upper limit while rounding, then sat_finite (2.1, 2.3)."""
        if q == 0:
            return 0, False
        smallest = Fraction(2) ** self.emin
        if not self.has_zero and q < smallest:
            return 0, False
        exponent = floor_log2(q)
        if self.has_zero and ftz is not None and q < smallest:
            if ftz == "before":
                return 0, False
            quantum = Fraction(2) ** (exponent - self.M)  # "after": the exponent unbounded below
            k, f = split(q / quantum)
            even = (k % 2 == 0) if self.M else (exponent + self.bias) % 2 == 0
            if (k + away(mode, negative, f, even, R, N)) * quantum < smallest:
                return 0, False
        if q < smallest and not self.sub:  # zero (even) and the smallest normal (odd) are the neighbours
            return (1 << self.M if away(mode, negative, q / smallest, True, R, N) else 0), False
        exponent = max(exponent, self.emin)
        k, f = split(q / Fraction(2) ** (exponent - self.M))
        field = exponent + self.bias  # of the binade that q is in, zero's where k is below the hidden bit
        even = k % 2 == 0 if self.M else k == 0 or field % 2 == 0
        k += away(mode, negative, f, even, R, N)
        code = ((field - 1) << self.M) + k if self.has_zero else field + k - 1
        return (self.top, True) if code > self.top else (code, False)

    def signed_code(self, magnitude: int, negative: bool) -> int:
        if not negative or not self.signed:
            return magnitude
        if magnitude == 0 and not self.has_negative_zero:
            return 0
        return magnitude | 1 << (self.bits - 1)


def parse_format(text: str) -> OracleFormat:
    if text == "microexponent":
        return OracleFormat(1, 0, 1, "f", signed=False, sub=False)
    if p := re.fullmatch(r"Binary(\d+)p(\d+)([su])([ef])", text):
        width, precision, signed = int(p[1]), int(p[2]), p[3] == "s"
        exponent_bits = width - precision + (not signed)
        return OracleFormat(exponent_bits, precision - 1, 2 ** (exponent_bits - 1), "p3109" + p[4], signed, True)
    m = re.fullmatch(r"e(\d+)m(\d+)(?:b(-?\d+))?(fnuz|fn|f|)(u?)(_nosub)?", PUBLISHED.get(text, text))
    assert m, text
    bias = int(m[3]) if m[3] else 2 ** (int(m[1]) - 1) - (m[4] != "fnuz")
    return OracleFormat(int(m[1]), int(m[2]), bias, m[4], not m[5], m[2] == "0" or not m[6])


def floor_log2(q: Fraction) -> int:
    n, d = q.numerator, q.denominator
    e = n.bit_length() - d.bit_length()
    return e if (n >= d << e if e >= 0 else n << -e >= d) else e - 1


def split(q: Fraction) -> tuple[int, Fraction]:
    k = q.numerator // q.denominator
    return k, q - k


def nearest_even_integer(q: Fraction) -> int:
    k, f = split(q)
    return k + (f > Fraction(1, 2) or (f == Fraction(1, 2) and k % 2 == 1))


def away(mode: str, negative: bool, f: Fraction, even: bool, R: int, N: int) -> bool:
    """Section 2.2: does a number at the place f between its neighbours go away from zero? `even`: the lower one is."""
    if f == 0:
        return False
    half = Fraction(1, 2)
    if mode.startswith("nearest"):
        if f != half:
            return f > half
        return {"even": not even, "odd": even, "away": True, "zero": False, "up": not negative, "down": negative}[
            mode.rpartition("_")[2]
        ]
    if mode == "stochastic_a":
        return split(f * 2**N)[0] + R >= 2**N
    if mode == "stochastic_b":
        return split(f * 2 ** (N + 1))[0] + 2 * R + 1 >= 2 ** (N + 1)
    if mode == "stochastic_c":
        return nearest_even_integer(f * 2**N) + R >= 2**N
    if mode == "stochastic_equal":
        return R >> (N - 1) == 1
    return {
        "toward_zero": False,
        "away_from_zero": True,
        "toward_positive": not negative,
        "toward_negative": negative,
        "to_odd": even,
    }[mode]


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Philox4x32-10 (Salmon et al., SC11)."""
    mask = 0xFFFFFFFF
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & mask, (p0 >> 32) ^ c3 ^ k1, p0 & mask
        k0, k1 = (k0 + 0x9E3779B9) & mask, (k1 + 0xBB67AE85) & mask
    return c0, c1, c2, c3


def word(seed: int, stream: int, index: int, r: int) -> int:
    """Section 3: the 32-bit word of an element."""
    block = index // 4
    return philox((block & 0xFFFFFFFF, block >> 32, stream, r), (seed & 0xFFFFFFFF, seed >> 32))[index % 4]


@dataclass(frozen=True)
class OracleScheme:
    element: OracleFormat
    levels: tuple[tuple[int | str, OracleFormat], ...]


def parse_scheme(text: str) -> OracleScheme:
    element, *levels = PUBLISHED_SCHEMES.get(text, text).split("/")
    pairs = [level.split(":") for level in levels]
    return OracleScheme(
        parse_format(element), tuple((g if g == "tensor" else int(g), parse_format(f)) for g, f in pairs)
    )


class MissingNan(Exception):
    """nan="raise", and a NaN came where the format has none."""


@dataclass
class OracleResult:
    codes: np.ndarray  # object arrays of Python integers
    scale_codes: tuple[np.ndarray, ...]
    zero_scales: int
    saturated: int
    kept: np.ndarray  # where nan="keep" leaves x alone


def exact_values(x: np.ndarray) -> np.ndarray:
    """The array's numbers as Fractions and specials."""
    out = np.empty(x.shape, dtype=object)
    for i in np.ndindex(x.shape):
        v = float(x[i])
        if v != v:
            out[i] = "nan"
        elif v in (float("inf"), float("-inf")):
            out[i] = "inf" if v > 0 else "-inf"
        else:
            out[i] = "-0" if v == 0 and np.copysign(1.0, v) < 0 else Fraction(v)
    return out


NONFINITE = ("nan", "inf", "-inf")


def quantize(
    x: np.ndarray,
    scheme: OracleScheme,
    *,
    axis: int = -1,
    rounding: str = "nearest_ties_to_even",
    scale_rounding: str | None = None,
    nan: str = "raise",
    ftz: str | None = None,
    random_bits: int = 32,
    rng: tuple[int, int, int] | None = None,
    random: np.ndarray | None = None,
) -> OracleResult:
    """rng: (seed, stream, offset)."""
    values = exact_values(x)
    element, levels = scheme.element, scheme.levels

    # Which scale of level 0 does an element have, and how many scales does each level have?
    shape0: tuple[int, ...] = ()
    length = None
    if levels and levels[0][0] != "tensor":
        axis %= x.ndim
        length = levels[0][0]
        shape0 = (*x.shape[:axis], -(-x.shape[axis] // length), *x.shape[axis + 1 :])

    def group_of(index: tuple[int, ...]) -> int:
        if length is None:
            return 0
        place = (*index[:axis], index[axis] // length, *index[axis + 1 :])
        return int(np.ravel_multi_index(place, shape0))

    shapes = [shape0]
    for group, _ in levels[1:]:
        count = int(np.prod(shapes[-1], dtype=int))
        shapes.append(() if group == "tensor" else (-(-count // group),))

    def parents(first: int) -> list[int]:
        """The index of the scale at each level above a scale of level 0."""
        path = [first]
        for group, _ in levels[1:]:
            path.append(0 if group == "tensor" else path[-1] // group)
        return path

    # Largest finite magnitudes.
    maxima = [[Fraction(0)] * int(np.prod(shape, dtype=int)) for shape in shapes[: len(levels)]]
    spoiled = set()
    for index in np.ndindex(x.shape):
        v = values[index]
        if not levels:
            break
        g = group_of(index)
        if v in NONFINITE:
            spoiled.add(g)
        elif v != "-0":
            for level, place in enumerate(parents(g)):
                maxima[level][place] = max(maxima[level][place], abs(v))

    # Scales, from the outermost level inward.
    codes: list[list[int]] = [[0] * len(m) for m in maxima]
    zero_scales = 0

    def over(level: int, i: int) -> Fraction:
        product = Fraction(1)
        for outer in range(level + 1, len(levels)):
            i = 0 if levels[outer][0] == "tensor" else i // levels[outer][0]
            product *= levels[outer][1].magnitude(codes[outer][i])
        return product

    for level in reversed(range(len(levels))):
        fmt = levels[level][1]
        reach = element.largest
        for _, inner in levels[:level]:
            reach *= inner.largest
        for i, amax in enumerate(maxima[level]):
            if level == 0 and i in spoiled and fmt.nan_code is not None:
                codes[level][i] = fmt.nan_code
                continue
            if amax == 0:
                continue
            if not fmt.has_zero and scale_rounding is None:  # ocp_floor
                # Powers of two over powers of two: what the outer exponents leave.
                wanted = floor_log2(amax) - floor_log2(reach * over(level, i)) + fmt.bias
                codes[level][i] = min(max(wanted, 0), fmt.top)
                continue
            divisor = reach * over(level, i)
            if divisor == 0:
                continue
            R = 0
            if scale_rounding in STOCHASTIC:
                assert rng is not None
                R = word(rng[0], rng[1], i + rng[2], 2**31 + level) >> (32 - random_bits)
            code, _ = fmt.round_magnitude(
                amax / divisor, False, scale_rounding or "nearest_ties_to_even", R, random_bits
            )
            codes[level][i] = code
            zero_scales += fmt.magnitude(code) == 0

    # Elements.
    out = np.zeros(x.shape, dtype=object)
    kept = np.zeros(x.shape, dtype=bool)
    saturated = 0
    for flat, index in enumerate(np.ndindex(x.shape)):
        v = values[index]
        scale = Fraction(1)
        if levels:
            path = parents(group_of(index))
            if codes[0][path[0]] == levels[0][1].nan_code:
                continue  # the code of +0
            for level, place in enumerate(path):
                scale *= levels[level][1].magnitude(codes[level][place])
        if v in NONFINITE and (v == "nan" or levels):
            if element.nan_code is not None:
                out[index] = element.nan_code
            elif nan == "raise":
                raise MissingNan(flat)
            elif nan == "to_max":
                out[index] = element.top
            elif nan == "keep":
                kept[index] = True
            continue
        if scale == 0:
            continue
        if v in NONFINITE:  # an infinity in a bare format
            out[index] = 0 if not element.signed and v == "-inf" else element.signed_code(element.top, v == "-inf")
            saturated += v == "inf" or element.signed
            continue
        negative = v == "-0" or v < 0
        size = Fraction(0) if v == "-0" else abs(v) / scale
        R = 0
        if rounding in STOCHASTIC:
            R = (
                int(random[index])
                if random is not None
                else word(rng[0], rng[1], flat + rng[2], 0) >> (32 - random_bits)
            )
        magnitude, over = element.round_magnitude(size, negative, rounding, R, random_bits, ftz)
        # An unsigned format takes a negative number to its smallest member (2.6), which is code 0 with and without a
        # zero; only what lies beyond the largest member is counted.
        saturated += over and (element.signed or not negative)
        out[index] = 0 if negative and not element.signed else element.signed_code(magnitude, negative)
    planes = tuple(np.array(c, dtype=object).reshape(s) for c, s in zip(codes, shapes, strict=False))
    return OracleResult(out, planes, zero_scales, saturated, kept)


def dequantize(
    codes: np.ndarray,
    scale_codes: tuple[np.ndarray, ...],
    scheme: OracleScheme,
    axis: int = -1,
    carrier: str = "binary32",
) -> np.ndarray:
    """The bits of the values in a carrier: the exact product, rounded once to nearest even, infinity beyond."""
    to = parse_format(carrier)
    infinity = to.top + 1
    out = np.zeros(codes.shape, dtype=object)
    levels = scheme.levels
    for index in np.ndindex(codes.shape):
        parts = [scheme.element.value(int(codes[index]))]
        place = 0
        for level, (group, fmt) in enumerate(levels):
            if group == "tensor":
                place = 0
            elif level == 0:
                a = axis % codes.ndim
                inner = (*index[:a], index[a] // group, *index[a + 1 :])
                place = int(np.ravel_multi_index(inner, scale_codes[0].shape))
            else:
                place //= group
            parts.append(fmt.value(int(scale_codes[level].reshape(-1)[place])))
        negative = False
        product: Fraction | None = Fraction(1)
        infinite = False
        for part in parts:
            if part == "nan":
                product = None
                break
            if part in ("-0", "-inf") or (isinstance(part, Fraction) and part < 0):
                negative = not negative
            if part in ("inf", "-inf"):
                infinite = True
            else:
                product *= Fraction(0) if part == "-0" else abs(part)
        if product is None or (infinite and product == 0):
            out[index] = to.nan_code
            continue
        code, over = (infinity, False) if infinite else to.round_magnitude(product, negative, "nearest_ties_to_even")
        out[index] = to.signed_code(infinity if over else code, negative)
    return out
