"""Numbers at which a scale recipe can change its mind: largest magnitudes at thresholds, elements at ties.

Everything is built from exact numbers and rounded once into the carrier; halfulp has no part in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import ml_dtypes
import numpy as np
from recipe_oracle import Group, RecipeScheme
from scheme_oracle import OracleFormat, floor_log2, parse_format

CARRIERS = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "float64": np.float64}
CARRIER_FORMAT = {"float16": "binary16", "bfloat16": "bfloat16", "float32": "binary32", "float64": "binary64"}
BITS = {2: np.uint16, 4: np.uint32, 8: np.uint64}
# Where floor(log2) in binary32 begins to be wrong below a power of two, and where it is right again.
STEPS = (0, -1, 1, -2, 2)
LOG2_STEPS = (-6, -12, -23, -24, -45, -46, -70)


def carrier_format(dtype: np.dtype) -> OracleFormat:
    return parse_format(CARRIER_FORMAT[np.dtype(dtype).name])


def beside(value: Fraction, dtype: np.dtype, steps: int = 0) -> int:
    """The bits of the carrier's number nearest to a magnitude, moved by some units in the last place; finite."""
    fmt = carrier_format(dtype)
    return min(max(fmt.round_magnitude(value, False, "nearest_ties_to_even")[0] + steps, 0), fmt.top)


def from_bits(codes: Iterable[int], dtype: np.dtype) -> np.ndarray:
    dtype = np.dtype(dtype)
    return np.array(list(codes), dtype=BITS[dtype.itemsize]).view(dtype)


@lru_cache
def thresholds(element: OracleFormat) -> list[Fraction]:
    """Significands of amax, 1 <= m < 2, at or beside which some power-of-two recipe goes on to the next scale."""
    mL = element.largest / Fraction(2) ** floor_log2(element.largest)
    points = {Fraction(1), 2 - Fraction(1, 2 ** (element.M + 1)), Fraction(3, 2), mL, mL * Fraction(3, 2)}
    return sorted({p if p < 2 else p / 2 for p in points})


@lru_cache
def midpoints(fmt: OracleFormat) -> list[Fraction]:
    top = min(fmt.top, 300)
    return [(fmt.magnitude(a) + fmt.magnitude(b)) / 2 for a, b in pairwise(range(top + 1))]


def signed(bits: int, dtype: np.dtype, negative: bool) -> int:
    return bits | (int(negative) << (carrier_format(dtype).bits - 1))


def block(rng: np.random.Generator, top: int, ties: list[Fraction], dtype: np.dtype, length: int) -> list[int]:
    """Bits of a group whose largest magnitude has the bits `top`: ties, zeros of both signs and anything between."""
    out = []
    for _ in range(length - 1):
        style = rng.random()
        if style < 0.5 and ties:
            code = beside(ties[rng.integers(len(ties))], dtype, int(rng.integers(-1, 2)) if style < 0.2 else 0)
        elif style < 0.6:
            code = 0
        elif style < 0.7:
            code = int(rng.integers(0, 8))
        else:
            code = int(top - min(top, int(rng.exponential(2.0) * 2.0 ** carrier_format(dtype).M)))
        out.append(code if code <= top else top)
    out.insert(int(rng.integers(length)), top)
    return [signed(code, dtype, rng.random() < 0.5) for code in out]


def mx_exponents(dtype: np.dtype) -> tuple[int, ...]:
    """Exponents of amax: both ends of the carrier and of E8M0, and where binary32's log2 is coarse and fine."""
    fmt = carrier_format(dtype)
    low, high = floor_log2(fmt.magnitude(1)), floor_log2(fmt.largest)
    wanted = (-149, -133, -128, -127, -126, -125, -124, -120, -63, -8, -1, 0, 1, 3, 16, 63, 119, 126, 127, low, high)
    return tuple(sorted({e for e in wanted if low <= e <= high}))


def mx_blocks(
    rng: np.random.Generator, scheme: RecipeScheme, dtype: np.dtype, length: int, exponents: Iterable[int]
) -> np.ndarray:
    """Rows of one group each: every threshold of amax at these exponents, and the numbers beside it."""
    element = scheme.element
    E = floor_log2(element.largest)
    rows = []
    for e in exponents:
        for m in thresholds(element):
            for step in STEPS + (LOG2_STEPS if m == 1 else ()):
                top = beside(m * Fraction(2) ** e, dtype, step)
                if top == 0:
                    continue
                ties = [tie * Fraction(2) ** (e - E + int(rng.integers(0, 2))) for tie in midpoints(element)]
                rows.append(block(rng, top, ties, dtype, length))
    return from_bits([code for row in rows for code in row], dtype).reshape(-1, length)


def zero_blocks(dtype: np.dtype, length: int) -> np.ndarray:
    rows = np.zeros((3, length), dtype=dtype)
    rows[1] = -rows[1]
    rows[2, ::2] = -rows[2, ::2]
    return rows


def nonfinite_blocks(rng: np.random.Generator, dtype: np.dtype, length: int) -> np.ndarray:
    rows = rng.standard_normal((5, length)).astype(dtype)
    rows[0, 0], rows[1, 1], rows[2, -1] = np.nan, np.inf, -np.inf
    rows[3] = np.nan
    return rows


def nvfp4_tensor(
    rng: np.random.Generator, dtype: np.dtype, rows: int, columns: int, group: Group, shift: int
) -> np.ndarray:
    """Blocks whose scales lie at ties and members of E4M3, under a tensor scale of about 2^shift."""
    fmt, element = parse_format("e4m3fn"), parse_format("e2m1fn")
    carrier = carrier_format(dtype)
    base = Fraction(2) ** shift
    if rng.random() < 0.5:  # a tensor scale of many bits
        base *= Fraction(int(rng.integers(2**23, 2**24)), 2**23)
    largest = beside(base * 2688, dtype)
    scales = [*midpoints(fmt), *(fmt.magnitude(c) for c in range(fmt.top + 1))]
    length = group if isinstance(group, int) else columns
    out = []
    for _ in range(rows):
        row: list[int] = []
        while len(row) < columns:
            scale = scales[rng.integers(len(scales))] if rng.random() < 0.8 else Fraction(0)
            reach = 6 if rng.random() < 0.8 else 4
            top = min(beside(scale * base * reach, dtype, int(rng.integers(-2, 3))), largest)
            ties = [tie * base * scale for tie in midpoints(element)] + [m * base * scale for m in (2, 3, 4)]
            if top == 0 or rng.random() < 0.1:
                row += [signed(0, dtype, rng.random() < 0.5) for _ in range(length)]
            else:
                row += block(rng, top, ties, dtype, length)
        out.append(row[:columns])
    out[0][0] = signed(largest, dtype, rng.random() < 0.5)
    assert all(code & (2 ** (carrier.bits - 1) - 1) <= largest for row in out for code in row)
    return from_bits([code for row in out for code in row], dtype).reshape(rows, columns)
