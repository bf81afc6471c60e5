"""An exact and slow implementation of scale recipes, search, Hadamard transforms, tiles and channel groups.

It shares no code with halfulp. Exact recipes compute with Fractions; recipes of other libraries compute with numpy's
binary32 scalars, one correctly rounded operation after another, in the order that their owners' sources have. The
constants of the Hadamard transform and the sums of errors are binary32 and binary64 likewise. Formats, rounding and
Philox come from scheme_oracle.

Orders of operations, where the result depends on them:

- Hadamard: x is widened to binary32 (float64 stays). Signs first, then butterflies (a, b) -> (a + b, a - b) with stride
  1, 2, 4, ..., then one multiplication by RN(1 / sqrt(N)). Back: butterflies, the same multiplication, signs. The last
  run of an axis that N does not divide stays as it is.
- Errors: d = RN64(x - x'), with x' = RN64(element times all scales); RN64(h * RN64(d * d)), added up from the first
  element of the group to the last, in the C order of the array.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from scheme_oracle import (
    NONFINITE,
    PUBLISHED_SCHEMES,
    STOCHASTIC,
    MissingNan,
    OracleFormat,
    exact_values,
    floor_log2,
    parse_format,
    word,
)

RNE = "nearest_ties_to_even"
ZERO = Fraction(0)
BINARY32, BINARY64 = parse_format("binary32"), parse_format("binary64")
F32 = np.float32
FLT_MAX = np.finfo(F32).max
MODELOPT_FLOOR = F32(2.0**-9)  # ModelOpt 0.47.0; at 5a4242f a small block's scale could become 0

MX = (
    "ocp_floor",
    "ceil",
    "even",
    "rceil",
    "nearest",
    "p3109_maxabs",
    "rceil_fp32",
    "microxcaling_log2",
    "quark",
    "llama_cpp",
)
NVFP4_BINARY32 = ("nvfp4_fp32", "nvfp4_te", "nvfp4_torchao", "nvfp4_modelopt", "nvfp4_ct")
FOUR_OVER_SIX = ("four_over_six", "four_over_six_mae")
NVFP4 = ("nvfp4_exact", *NVFP4_BINARY32, *FOUR_OVER_SIX)

Group = int | str | tuple[int, int]
Value = Fraction | str


# --- schemes
@dataclass(frozen=True)
class RecipeScheme:
    element: OracleFormat
    levels: tuple[tuple[Group, OracleFormat], ...]
    recipe: str | None = None
    search: str | None = None
    hadamard: int = 0
    signs: int = 0


def parse_group(text: str) -> Group:
    if text in ("tensor", "channel"):
        return text
    if tile := re.fullmatch(r"(\d+)x(\d+)", text):
        return int(tile[1]), int(tile[2])
    return int(text)


def parse_scheme(text: str) -> RecipeScheme:
    body, _, tail = text.partition("@")
    element, *levels = PUBLISHED_SCHEMES.get(body, body).split("/")
    pairs = [level.split(":") for level in levels]
    options: dict[str, Any] = dict(option.split("=") for option in tail.split(",") if option)
    return RecipeScheme(
        parse_format(element),
        tuple((parse_group(g), parse_format(f)) for g, f in pairs),
        options.get("recipe"),
        options.get("search"),
        int(options.get("hadamard", 0)),
        int(options.get("signs", 0)),
    )


# --- numbers
def rounded(q: Fraction, fmt: OracleFormat) -> Value:
    """Nearest even in an IEEE format, infinity beyond."""
    code, over = fmt.round_magnitude(abs(q), q < 0, RNE)
    if over:
        return "-inf" if q < 0 else "inf"
    return -fmt.magnitude(code) if q < 0 else fmt.magnitude(code)


def as_float(v: Value) -> float:
    """An exact value that binary64 holds."""
    return float(v) if isinstance(v, str) else v.numerator / v.denominator


def rn32(q: Fraction) -> np.float32:
    return F32(as_float(rounded(q, BINARY32)))


def rn64(q: Fraction) -> float:
    return as_float(rounded(q, BINARY64))


def exact(v: np.floating | float) -> Fraction:
    return Fraction(float(v))


def floor_of_rounded_log2(a: np.float32) -> int:
    """floor(RN32(log2(a))): log2 a little below an integer rounds to that integer."""
    e = floor_log2(exact(a))
    above = F32(e + 1)
    below = np.nextafter(above, F32(-np.inf), dtype=F32)
    with decimal.localcontext(prec=60):
        middle = (decimal.Decimal(float(above)) + decimal.Decimal(float(below))) / 2
        log2 = decimal.Decimal(float(a)).ln() / decimal.Decimal(2).ln()
        return e + 1 if log2 > middle else e


# --- the Hadamard transform
def butterflies(run: np.ndarray) -> np.ndarray:
    """H times a run of N numbers, unscaled."""
    run = run.copy()
    stride = 1
    while stride < len(run):
        for start in range(0, len(run), 2 * stride):
            for j in range(start, start + stride):
                a, b = run[j], run[j + stride]
                run[j], run[j + stride] = a + b, a - b
        stride *= 2
    return run


def signs_of(scheme: RecipeScheme, dtype: np.dtype) -> np.ndarray:
    words = [word(scheme.signs, 0, j, 0) for j in range(scheme.hadamard)]
    return np.array([-1 if w >> 31 else 1 for w in words], dtype=dtype)


def inverse_root(n: int, dtype: np.dtype) -> np.floating:
    """RN(1 / sqrt(n))."""
    exponent = n.bit_length() - 1
    if exponent % 2 == 0:
        return dtype.type(0.5 ** (exponent // 2))
    with decimal.localcontext(prec=60):
        root = Fraction(1 / decimal.Decimal(2).sqrt())
    return dtype.type(as_float(rounded(root, BINARY32 if dtype == F32 else BINARY64)) * 0.5 ** (exponent // 2))


def by_runs(x: np.ndarray, n: int, axis: int, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """change() applied to each whole run of n numbers along an axis."""
    out = np.moveaxis(x.copy(), axis, -1)
    for row in np.ndindex(out.shape[:-1]):
        for start in range(0, out.shape[-1] - n + 1, n):
            out[(*row, slice(start, start + n))] = change(out[(*row, slice(start, start + n))])
    return np.moveaxis(out, -1, axis)


def working(x: np.ndarray) -> np.ndarray:
    return x if x.dtype == np.float64 else x.astype(F32)


def transform(x: np.ndarray, scheme: RecipeScheme, axis: int) -> np.ndarray:
    x = working(x)
    signs, factor = signs_of(scheme, x.dtype), inverse_root(scheme.hadamard, x.dtype)
    with np.errstate(all="ignore"):
        return by_runs(x, scheme.hadamard, axis, lambda run: butterflies(run * signs) * factor)


def transform_back(x: np.ndarray, scheme: RecipeScheme, axis: int) -> np.ndarray:
    signs, factor = signs_of(scheme, x.dtype), inverse_root(scheme.hadamard, x.dtype)
    with np.errstate(all="ignore"):
        return by_runs(x, scheme.hadamard, axis, lambda run: butterflies(run) * factor * signs)


# --- groups
@dataclass
class Groups:
    """Which scale each element has: `first` holds the ordinal at level 0 for each element in C order."""

    shapes: tuple[tuple[int, ...], ...]
    first: list[int]
    outer: tuple[Group, ...]

    def parent(self, level: int, place: int) -> int:
        """The scale of the next level over a scale."""
        group = self.outer[level]
        if group == "tensor":
            return 0
        if group == "channel":  # of the first axis
            return place // int(np.prod(self.shapes[level][1:], dtype=int))
        assert isinstance(group, int)
        return place // group

    def path(self, ordinal: int) -> list[int]:
        """The ordinals at every level above a scale of level 0, with its own."""
        path = [ordinal]
        for level in range(len(self.outer)):
            path.append(self.parent(level, path[-1]))
        return path


def groups_of(shape: tuple[int, ...], scheme: RecipeScheme, axis: int, channel_axis: int) -> Groups:
    if not scheme.levels:
        return Groups((), [0] * int(np.prod(shape, dtype=int)), ())
    group = scheme.levels[0][0]
    nd = len(shape)
    divisor = [1] * nd
    if group == "tensor":
        first_shape: tuple[int, ...] = ()
    elif group == "channel":
        first_shape = (shape[channel_axis],)
    else:
        if isinstance(group, tuple):
            divisor[-2:] = group
        else:
            divisor[axis] = group
        first_shape = tuple(-(-n // d) for n, d in zip(shape, divisor, strict=True))
    first = []
    for index in np.ndindex(shape):
        if group == "tensor":
            first.append(0)
        elif group == "channel":
            first.append(index[channel_axis])
        else:
            place = tuple(i // d for i, d in zip(index, divisor, strict=True))
            first.append(int(np.ravel_multi_index(place, first_shape)))
    shapes = [first_shape]
    outer = tuple(g for g, _ in scheme.levels[1:])
    for g in outer:
        count = int(np.prod(shapes[-1], dtype=int))
        shapes.append(() if g == "tensor" else (shape[0],) if g == "channel" else (-(-count // g),))
    return Groups(tuple(shapes), first, outer)


# --- scales of the MX family
def mx_code(recipe: str, amax: Fraction, element: OracleFormat, fmt: OracleFormat) -> int:
    """The code of a power-of-two scale; amax = 0 gives the smallest but for what a source says."""
    E, M = floor_log2(element.largest), element.M

    def clamped(k: int) -> int:
        return min(max(k + fmt.bias, 0), fmt.top)

    narrow = rn32(amax)
    if recipe == "quark":
        # even_round: 2^-126 stands in for a zero before E is taken off; the addition may run into infinity.
        if narrow == 0:
            return clamped(-126 - E)
        if not np.isfinite(narrow):
            return clamped(127)
        bits = int(narrow.view(np.uint32)) + (1 << (22 - M)) & 0x7F800000
        if bits == 0x7F800000:
            return clamped(127)
        return clamped((bits >> 23) - 127 - E) if bits else 0
    if amax == 0:
        return 0
    e = floor_log2(amax)
    m = amax / Fraction(2) ** e
    match recipe:
        case "ocp_floor":
            return clamped(e - E)
        case "ceil":
            return clamped(e - E + (m != 1))
        case "even":
            return clamped(e - E + (m + Fraction(1, 2 ** (M + 1)) >= 2))
        case "rceil":
            ratio = amax / element.largest
            k = floor_log2(ratio)
            return clamped(k + (ratio != Fraction(2) ** k))
        case "nearest":
            return fmt.round_magnitude(amax / element.largest, False, RNE)[0]
        case "p3109_maxabs":
            return fmt.round_magnitude(amax, False, RNE)[0]
        case "rceil_fp32":
            with np.errstate(all="ignore"):
                t = narrow * rn32(1 / element.largest)
            if not np.isfinite(t):
                return fmt.top
            if t == 0:
                return 0
            k = floor_log2(exact(t))
            return clamped(k + (exact(t) != Fraction(2) ** k))
        case "microxcaling_log2" | "llama_cpp":
            if not np.isfinite(narrow):
                return fmt.top
            return clamped(floor_of_rounded_log2(narrow) - E) if narrow else 0
    raise AssertionError(recipe)


# --- scales and elements of NVFP4 in binary32
@dataclass
class Binary32Recipe:
    """One tensor's worth of a recipe that computes in binary32, with the number that its owner encodes by."""

    name: str
    amax: np.float32
    encode: np.float32 = field(init=False)
    stored: np.float32 = field(init=False)  # the scale that decodes

    def __post_init__(self) -> None:
        with np.errstate(all="ignore"):
            if self.name == "nvfp4_te":
                s = min(F32(2688) / self.amax, FLT_MAX)
                self.encode = s if s != 0 else F32(1)
                self.stored = F32(1) / self.encode
            elif self.name == "nvfp4_ct":
                # torch computes number / tensor as the tensor's reciprocal times the number.
                g = (F32(1) / max(self.amax, np.finfo(F32).tiny)) * F32(2688)
                self.encode = g if np.isfinite(g) else F32(1)
                self.stored = F32(1) / self.encode
            else:
                self.encode = self.stored = self.amax / F32(2688)

    def block_code(self, a: np.float32, fmt: OracleFormat) -> int:
        def q(v: np.float32) -> int:
            return fmt.top if np.isinf(v) else fmt.round_magnitude(exact(v), False, RNE)[0]

        one_sixth = F32(1) / F32(6)
        with np.errstate(all="ignore"):
            match self.name:
                case "nvfp4_fp32":
                    return q(a / (F32(6) * self.encode)) if a else 0
                case "nvfp4_te":
                    return q(a * (self.encode * one_sixth))
                case "nvfp4_torchao":
                    scale = (a / F32(6)) / self.encode
                    return q(min(max(scale, F32(2) ** F32(-6)), F32(448)))
                case "nvfp4_modelopt":
                    scale = a / (F32(6) * self.encode)
                    return q(max(scale, MODELOPT_FLOOR) if scale != 0 else F32(1))
                case "nvfp4_ct":
                    code = q(self.encode * (a / F32(6)))
                    return code if code else fmt.round_magnitude(Fraction(1, 8), False, RNE)[0]
        raise AssertionError(self.name)

    def quotient(self, x: np.float32, s: np.float32) -> np.float32:
        """What the element format rounds; x is not zero."""
        with np.errstate(all="ignore"):
            match self.name:
                case "nvfp4_te":
                    return x * min(F32(1) / (s * (F32(1) / self.encode)), FLT_MAX)
                case "nvfp4_torchao":
                    return x * ((F32(1) / self.encode) / s)
                case "nvfp4_ct":
                    return x / (s / self.encode)
        with np.errstate(all="ignore"):
            return x / (s * self.encode)


# --- quantize
@dataclass
class Quantized:
    codes: np.ndarray  # object arrays of Python integers
    scale_codes: tuple[np.ndarray, ...]
    zero_scales: int
    saturated: int


class Quantizer:
    """One array under one scheme, level by level."""

    def __init__(
        self,
        x: np.ndarray,
        scheme: RecipeScheme,
        axis: int,
        channel_axis: int,
        importance: Sequence[float] | None,
        rounding: str,
        nan: str,
        rng: tuple[int, int, int] | None,
    ) -> None:
        self.scheme, self.nan, self.rounding, self.rng = scheme, nan, rounding, rng
        self.recipe = scheme.recipe
        if self.recipe == "llama_cpp":
            assert rounding == RNE
            self.rounding = "nearest_ties_to_zero"
        axis = axis % x.ndim if x.ndim else 0
        if scheme.hadamard:
            x = transform(x, scheme, axis)
        if self.recipe in NVFP4_BINARY32 and x.dtype == np.float64:
            with np.errstate(all="ignore"):
                x = x.astype(F32)
        self.shape = x.shape
        self.values: list[Value] = list(exact_values(x).reshape(-1))
        self.groups = groups_of(x.shape, scheme, axis, channel_axis % x.ndim if x.ndim else 0)
        self.members: dict[int, list[int]] = {}
        for flat, ordinal in enumerate(self.groups.first):
            self.members.setdefault(ordinal, []).append(flat)
        ones = [1.0] * (x.shape[axis] if x.ndim else 1)
        weights = ones if importance is None else [float(h) for h in importance]
        self.h = [weights[index[axis]] if index else 1.0 for index in np.ndindex(x.shape)]
        self.zero_scales = 0
        self.binary32: Binary32Recipe | None = None
        self.scale_codes: list[list[int]] = []

    # Scales
    def find_scales(self) -> None:
        levels, groups = self.scheme.levels, self.groups
        counts = [int(np.prod(shape, dtype=int)) for shape in groups.shapes]
        self.maxima = [[ZERO] * n for n in counts]
        self.spoiled = set()
        for v, ordinal in zip(self.values, groups.first, strict=True):
            if not levels:
                break
            if v in NONFINITE:
                self.spoiled.add(ordinal)
            elif isinstance(v, Fraction):
                for level, place in enumerate(groups.path(ordinal)):
                    self.maxima[level][place] = max(self.maxima[level][place], abs(v))
        self.scale_codes = [[0] * n for n in counts]
        for level in reversed(range(len(levels))):
            for place, amax in enumerate(self.maxima[level]):
                if level == 0 and place in self.spoiled and levels[0][1].nan_code is not None:
                    self.scale_codes[0][place] = levels[0][1].nan_code
                else:
                    self.scale_codes[level][place] = self.scale(level, place, amax)
        if self.scheme.search:
            for place in range(counts[0] if levels else 0):
                self.search(place)

    def above(self, level: int, place: int) -> list[int]:
        """The codes of the scales over a scale, from its parent outward."""
        codes = []
        for outer in range(level + 1, len(self.scheme.levels)):
            place = self.groups.parent(outer - 1, place)
            codes.append(self.scale_codes[outer][place])
        return codes

    def product(self, level: int, codes: Sequence[int]) -> Fraction:
        result = Fraction(1)
        for (_, fmt), code in zip(self.scheme.levels[level:], codes, strict=True):
            result *= fmt.magnitude(code)
        return result

    def scale(self, level: int, place: int, amax: Fraction) -> int:
        element, levels = self.scheme.element, self.scheme.levels
        fmt = levels[level][1]
        if self.recipe in MX and not (self.recipe == "ocp_floor" and len(levels) > 1):
            return mx_code(self.recipe, amax, element, fmt)
        if level == len(levels) - 1 and self.recipe in NVFP4_BINARY32:
            if amax == 0:
                return 0
            self.binary32 = Binary32Recipe(self.recipe, rn32(amax))
            code = int(self.binary32.stored.view(np.uint32))
            self.zero_scales += code == 0
            return code
        if level == 0 and self.recipe in NVFP4_BINARY32:
            if self.binary32 is None or self.binary32.stored == 0:
                return 0
            code = self.binary32.block_code(rn32(amax), fmt)
            self.zero_scales += amax > 0 and code == 0
            return code
        reach = element.largest
        for _, inner in levels[:level]:
            reach *= inner.largest
        if amax == 0:
            return 0
        if not fmt.has_zero:
            reach *= self.product(level + 1, self.above(level, place))  # powers of two
            return min(max(floor_log2(amax) - floor_log2(reach) + fmt.bias, 0), fmt.top)
        if level == 1 and self.recipe in FOUR_OVER_SIX:
            reach = element.largest * 256
        divisor = reach * self.product(level + 1, self.above(level, place))
        if divisor == 0:
            return 0
        code = fmt.round_magnitude(amax / divisor, False, RNE)[0]
        if level == 0 and self.recipe in FOUR_OVER_SIX:
            other = fmt.round_magnitude(amax / divisor * Fraction(3, 2), False, RNE)[0]
            squares = self.recipe == "four_over_six"
            if self.error(place, other, squares=squares) < self.error(place, code, squares=squares):
                code = other
        self.zero_scales += fmt.magnitude(code) == 0
        return code

    def search(self, place: int) -> None:
        fmt = self.scheme.levels[0][1]
        best = start = self.scale_codes[0][place]
        if start == fmt.nan_code or place not in self.members:
            return
        if fmt.has_zero:
            s0 = fmt.magnitude(start)
            candidates = [fmt.round_magnitude(s0 * Fraction(j, 32), False, RNE)[0] for j in range(16, 41)]
            candidates = [c for c in candidates if fmt.magnitude(c)]
        else:
            candidates = [c for c in (start - 2, start - 1, start + 1) if 0 <= c <= fmt.top]
        least = self.error(place, start)
        for code in candidates:
            found = self.error(place, code)
            if found < least:
                best, least = code, found
        self.scale_codes[0][place] = best

    def error(self, place: int, code: int, squares: bool = True) -> float:
        """The group's error with this code as its innermost scale."""
        codes = [code, *self.above(0, place)]
        scale = self.product(0, codes)
        total = 0.0
        for flat in self.members[place]:
            v = self.values[flat]
            if v in NONFINITE:
                continue
            element = self.scheme.element.value(self.element(v, codes)[0])
            back = rn64(ZERO if isinstance(element, str) else element * scale)
            with np.errstate(all="ignore"):
                d = np.float64(0.0 if v == "-0" else as_float(v)) - np.float64(back)
                total = total + (np.float64(self.h[flat]) * (d * d) if squares else abs(d))
        return float(total)

    # Elements
    def element(self, v: Value, codes: Sequence[int], flat: int | None = None) -> tuple[int, bool]:
        """The code of a finite element under scales, and whether it saturated.

        flat: its place in C order, where it draws random bits; candidates do not, and round to nearest even instead.
        """
        fmt, rounding, R = self.scheme.element, self.rounding, 0
        if rounding in STOCHASTIC:
            if flat is None:
                rounding = RNE
            else:
                assert self.rng is not None
                seed, stream, offset = self.rng
                R = word(seed, stream, flat + offset, 0)
        scale = self.product(0, codes)
        if scale == 0:
            return 0, False
        negative = v == "-0" or v < 0
        size = ZERO if v == "-0" else abs(v)
        if self.binary32 is not None and size:
            s = F32(as_float(self.scheme.levels[0][1].magnitude(codes[0])))
            quotient = abs(self.binary32.quotient(F32(as_float(size)), s))
            if np.isinf(quotient):
                return fmt.signed_code(fmt.top, negative), True
            size = exact(quotient)
        elif size:
            size /= scale
        magnitude, over = fmt.round_magnitude(size, negative, rounding, R)
        # These two ask whether the quotient is below zero, which a quotient that underflowed to -0 is not.
        if magnitude == 0 and self.recipe == "llama_cpp":
            negative = False
        if size == 0 and self.recipe in ("nvfp4_modelopt", "nvfp4_ct"):
            negative = False
        if negative and not fmt.signed:
            return 0, False
        return fmt.signed_code(magnitude, negative), over

    def run(self) -> Quantized:
        self.find_scales()
        fmt, levels = self.scheme.element, self.scheme.levels
        codes, saturated = [], 0
        for flat, (v, ordinal) in enumerate(zip(self.values, self.groups.first, strict=True)):
            code, over = 0, False
            path = [level[place] for level, place in zip(self.scale_codes, self.groups.path(ordinal), strict=False)]
            if levels and path[0] == levels[0][1].nan_code:
                pass
            elif v in ("inf", "-inf") and not levels:  # a bare format saturates
                over = v == "inf" or fmt.signed
                code = fmt.signed_code(fmt.top, v == "-inf") if over else 0
            elif v in NONFINITE:
                if fmt.nan_code is not None:
                    code = fmt.nan_code
                elif self.nan == "raise":
                    raise MissingNan(flat)
                elif self.nan == "to_max":
                    code = fmt.top
            else:
                code, over = self.element(v, path, flat)
            codes.append(code)
            saturated += over
        planes = tuple(
            np.array(c, dtype=object).reshape(s) for c, s in zip(self.scale_codes, self.groups.shapes, strict=True)
        )
        return Quantized(np.array(codes, dtype=object).reshape(self.shape), planes, self.zero_scales, saturated)


def quantize(
    x: np.ndarray,
    text: str,
    *,
    axis: int = -1,
    channel_axis: int = 0,
    importance: Sequence[float] | None = None,
    rounding: str = RNE,
    nan: str = "raise",
    rng: tuple[int, int, int] | None = None,
) -> Quantized:
    """rng: (seed, stream, offset), for a stochastic rounding of the elements with 32 bits."""
    return Quantizer(x, parse_scheme(text), axis, channel_axis, importance, rounding, nan, rng).run()


def dequantize(
    codes: np.ndarray,
    scale_codes: tuple[np.ndarray, ...],
    text: str,
    *,
    axis: int = -1,
    channel_axis: int = 0,
    carrier: str = "float32",
    to: OracleFormat = BINARY32,
) -> np.ndarray:
    """The codes of the values in the format `to`; carrier is the array type of the x that was quantized."""
    scheme = parse_scheme(text)
    axis = axis % codes.ndim if codes.ndim else 0
    groups = groups_of(codes.shape, scheme, axis, channel_axis % codes.ndim if codes.ndim else 0)
    wide = carrier == "float64"
    step = (BINARY64 if wide else BINARY32) if scheme.hadamard else to
    out = np.zeros(codes.size, dtype=object)
    flat_scales = [plane.reshape(-1) for plane in scale_codes]
    for flat, code in enumerate(codes.reshape(-1)):
        parts = [scheme.element.value(int(code))]
        for (_, fmt), plane, place in zip(
            scheme.levels, flat_scales, groups.path(groups.first[flat]) if scheme.levels else (), strict=True
        ):
            parts.append(fmt.value(int(plane[place])))
        out[flat] = product_code(parts, step)
    out = out.reshape(codes.shape)
    if not scheme.hadamard:
        return out
    bits, dtype = (np.uint64, np.float64) if wide else (np.uint32, np.float32)
    back = transform_back(out.astype(bits).view(dtype), scheme, axis)
    result = np.zeros(codes.shape, dtype=object)
    for index, v in np.ndenumerate(exact_values(back)):
        result[index] = product_code([v], to)
    return result


def product_code(parts: Sequence[Value], to: OracleFormat) -> int:
    """The code of an exact product, rounded once to nearest even; infinity beyond."""
    if "nan" in parts:
        assert to.nan_code is not None
        return to.nan_code
    negative = sum(p in ("-0", "-inf") or (isinstance(p, Fraction) and p < 0) for p in parts) % 2 == 1
    infinite = any(p in ("inf", "-inf") for p in parts)
    product = Fraction(1)
    for p in parts:
        if p not in ("inf", "-inf"):
            product *= ZERO if p == "-0" else abs(p)
    if infinite:
        assert to.nan_code is not None
        return to.nan_code if product == 0 else to.signed_code(to.top + 1, negative)
    code, over = to.round_magnitude(product, negative, RNE)
    return to.signed_code(to.top + 1 if over else code, negative)
