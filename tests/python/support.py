"""What these tests share: vector files, inputs at which a conversion can change its mind, comparisons of codes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import oracle

VECTORS = Path(__file__).resolve().parent.parent / "vectors"


def lines(path: Path) -> Iterator[str]:
    """The lines of a vector file that are not comments."""
    for line in path.read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            yield line


def number(text: str) -> oracle.Value:
    """A C99 hexadecimal number of the vectors, exactly (some need one bit more than binary64)."""
    if text in ("nan", "inf", "-inf"):
        return text
    if text == "-0x0p+0":
        return oracle.NZERO
    sign, digits = (-1, text[1:]) if text.startswith("-") else (1, text)
    mantissa, exponent = digits.removeprefix("0x").split("p")
    whole, _, fraction = mantissa.partition(".")
    return sign * int(whole + fraction, 16) * oracle.two(int(exponent) - 4 * len(fraction))


def table_code(values: Sequence[oracle.Value]) -> Callable[[oracle.Value], int | None]:
    """The code of a value in a table; None stands for every NaN."""
    codes = {value: code for code, value in reversed(list(enumerate(values))) if value != oracle.NAN}
    return lambda value: None if value == oracle.NAN else codes[value]


@lru_cache(maxsize=1024)
def nan_codes(name: str) -> np.ndarray:
    """Whether each code is NaN, by the oracle; up to 16 bits."""
    s = oracle.shape(name)
    return np.array([s.value(code) == oracle.NAN for code in range(1 << s.bits)])


def differing(name: str, got: Any, expected: Any) -> np.ndarray:
    """Where codes differ; every two NaNs are alike."""
    is_nan = nan_codes(name)
    got, expected = np.asarray(got), np.asarray(expected)
    return (got != expected) & ~(is_nan[got] & is_nan[expected])


def same_values(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Equal bits (signed zeros too), or both NaN. bfloat16 and float16 count by their values and signs."""
    with np.errstate(invalid="ignore"):  # signalling NaNs
        a, b = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return (a.view(np.uint64) == b.view(np.uint64)) | (np.isnan(a) & np.isnan(b))


def show(name: str, x: np.ndarray, got: np.ndarray, expected: np.ndarray, wrong: np.ndarray) -> str:
    """The first few disagreements, as a message."""
    some = np.flatnonzero(wrong)[:5]
    rows = [f"{float(x[i]).hex()}: {int(got[i]):#x}, not {int(expected[i]):#x}" for i in some]
    return f"{name}: {int(wrong.sum())} of {wrong.size} differ: " + "; ".join(rows)


@lru_cache(maxsize=64)
def boundaries(name: str, carrier: type = np.float64) -> np.ndarray:
    """Every finite member and midpoint (those at both ends too), their neighbours in the carrier, both signs, specials.

    Points that the carrier does not hold are left out; of an unsigned format's negatives the smallest stay.
    """
    s = oracle.shape(name)
    sizes = sorted({s.magnitude(m) for m in range(s.magnitudes[0] + 1)})
    points = list(sizes) + [(a + b) / 2 for a, b in pairwise(sizes)]
    if sizes[0]:
        points.append(sizes[0] / 2)
    step = s.neighbours(s.max).above - s.max
    points += [s.max + step / 2, s.max + step, s.max + 3 * step, 4 * s.max, s.min_normal * 7 / 8]
    x = around(points, carrier)
    if s.signed:
        return x
    near_zero = sizes[min(3, len(sizes) - 1)]
    return x[~(x < 0) | (x > -float(near_zero)) | (x == -float(s.max)) | np.isinf(x)]


def around(points: Iterable[Any], carrier: type = np.float64) -> np.ndarray:
    """Points that the carrier holds, both neighbours of each, both signs, zeros, extremes, infinities and NaN."""
    with np.errstate(over="ignore"):
        exact = []
        for p in points:
            try:
                value = carrier(p.numerator / p.denominator)
            except OverflowError:
                continue
            if np.isfinite(value) and type(p)(float(value)) == p:
                exact.append(value)
    x = np.array(exact, dtype=carrier)
    info = np.finfo(carrier)
    ends = np.array([0, info.max, info.tiny, info.smallest_subnormal], dtype=carrier)
    up = np.nextafter(x, carrier(np.inf), dtype=carrier)
    down = np.nextafter(x, carrier(-np.inf), dtype=carrier)
    every = np.concatenate([x, up, down, ends])
    every = np.unique(np.abs(every))  # below 0 lies the smallest negative: its mirror image is there
    return np.concatenate([every, -every, np.array([np.inf, -np.inf, np.nan], dtype=carrier)])


class Projector:
    """The oracle over an array. Each input is placed once; where no policy can act, a mode decides once for all."""

    def __init__(self, name: str, x: np.ndarray) -> None:
        self.shape = s = oracle.shape(name)
        self.points = [oracle.Point(oracle.from_float(float(v)), s) for v in x]
        self.policed = [i for i, p in enumerate(self.points) if self.policy_acts(p)]
        self.codes: dict[oracle.Value, int] = {}
        nans = np.flatnonzero(nan_codes(name)) if s.bits <= 16 else []
        self.nan = int(nans[0]) if len(nans) else 0
        self.quiet: dict[tuple[str, str | None], np.ndarray] = {}

    def policy_acts(self, p: oracle.Point) -> bool:
        return p.x == oracle.NAN or p.infinite or p.beyond_max or (p.negative and not self.shape.signed)

    def code(self, value: oracle.Value) -> int:
        code = self.codes.get(value)
        if code is None:
            found = self.shape.code(value)
            code = self.codes[value] = self.nan if found is None else found
        return code

    def __call__(self, mode: str, overflow: str, nan: str = "to_max", ftz: str | None = None) -> np.ndarray:
        """The code of every input in a deterministic mode; any NaN is the first NaN code."""
        s = self.shape
        key = (mode, ftz)
        if key not in self.quiet:
            skip = set(self.policed)
            self.quiet[key] = np.array(
                [
                    0 if i in skip else self.code(oracle.project(p, s, mode, "sat_none", nan, ftz))
                    for i, p in enumerate(self.points)
                ],
                dtype=np.uint64,
            )
        out = self.quiet[key].copy()
        for i in self.policed:
            out[i] = self.code(oracle.project(self.points[i], s, mode, overflow, nan, ftz))
        return out

    def stochastic(self, mode: str, overflow: str, n: int, words: np.ndarray, nan: str = "to_max") -> np.ndarray:
        """The code of every input with its own word of n random bits."""
        return np.array(
            [
                self.code(oracle.project(p, self.shape, mode, overflow, nan, None, n, int(r)))
                for p, r in zip(self.points, words, strict=True)
            ],
            dtype=np.uint64,
        )
