"""Codes at which hardware goes wrong: zeros, the ends of the subnormals, one, the largest, specials, powers of two and
their neighbours, fractions from which midpoints and long carries come."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

import numpy as np

from halfulp import _core
from halfulp._convert import encode
from halfulp._format import Format
from halfulp.vectors.field import to_patterns
from halfulp.vectors.scalar import SCALB_INTEGERS


@lru_cache(maxsize=64)
def edges(f: Format) -> np.ndarray:
    """Bit patterns, each once, the ones that matter most first: whoever takes the first n takes the best n."""
    found = _float_edges(f) if f.kind == "float" else _other_edges(f)
    last = f._spec.last_code
    return np.array(list(dict.fromkeys(code for code in found if 0 <= code <= last)), dtype=np.uint64)


def _float_edges(f: Format) -> list[int]:
    spec, width, exponent_bits = f._spec, f.mantissa_bits or 0, f.exponent_bits or 0
    least_normal = 1 << width
    magnitudes = [*_float_landmarks(spec), least_normal, least_normal - 1]
    one = int(to_patterns(np.asarray(encode([1.0], f, overflow="sat_finite")), f)[0]) >> width
    top = (1 << exponent_bits) - 1
    exponents = _tiers(
        [
            [one, 0, 1, top, top - 1],
            [one - 1, one + 1, 2, top - 2, one + width, one - width],
            [one + width + 1, one - width - 1, one + 2, one - 2, 3, top - 3, one + 2 * width, one - 2 * width],
            list(range(one - 8, one + 9)),
            list(range(top + 1)) if exponent_bits <= 8 else [],
        ],
        top,
    )
    last, half = (1 << width) - 1, 1 << width >> 1
    fractions = _tiers(
        [
            [0, last, 1, half],
            [half + 1, half - 1, last - 1, 2, half | half >> 1, half >> 1],
            [0x5555555555555555 & last, 0xAAAAAAAAAAAAAAAA & last, half >> 2, 3, last ^ 3],
            [1 << bit for bit in range(width)],
            [last >> bit for bit in range(width)],
        ],
        last,
    )
    pairs = sorted(product(exponents.items(), fractions.items()), key=lambda pair: pair[0][1] + pair[1][1])
    magnitudes += [exponent << width | fraction for (exponent, _), (fraction, _) in pairs]
    if not f.signed:
        return magnitudes
    sign = 1 << (f.bits - 1)
    return [code for magnitude in magnitudes for code in (magnitude, magnitude | sign) if magnitude < sign]


def _float_landmarks(spec: _core.Format) -> list[int]:
    """Magnitudes: zero, the least, the largest, infinity and NaNs, with their neighbours."""
    near = [0, 1, spec.max_code, spec.max_code - 1]
    if spec.inf_code is not None:
        near += [spec.inf_code, spec.inf_code + 1]
    return near + ([] if spec.nan_code is None else [spec.nan_code])


def _tiers(lists: list[list[int]], most: int) -> dict[int, int]:
    """Number and the tier that it comes in first."""
    found: dict[int, int] = {}
    for tier, numbers in enumerate(lists):
        for number in numbers:
            if 0 <= number <= most:
                found.setdefault(number, tier)
    return found


def _other_edges(f: Format) -> list[int]:
    last = f._spec.last_code
    half = (last + 1) >> 1
    found = [0, 1, last, half, half - 1, half + 1, last - 1, 2, 3]
    if str(f) == SCALB_INTEGERS:  # exponents that reach from one end of a format to the other, and beyond
        return found + [n & last for size in range(1, 161) for n in (size, -size)]
    powers = [1 << bit for bit in range(f.bits)]
    found += [n for power in reversed(powers) for n in (power, power - 1, power + 1, last - power, last - power + 1)]
    return found + (list(range(last + 1)) if last < 256 else [])
