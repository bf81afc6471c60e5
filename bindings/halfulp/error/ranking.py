"""Which scheme does best with a number of bits: the registry in the order of expected error."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from halfulp._format import Format, formats
from halfulp._runs import integer
from halfulp._scheme import real_scheme, schemes
from halfulp.error.bounds import _rate, rate_distortion
from halfulp.error.distributions import as_density
from halfulp.error.expectation import expected
from halfulp.error.levels import best_scale, lloyd_max

_SCALES = ("e8m0fnu", "e4m3fn", "bfloat16", "binary16", "binary32")
_MOST_MEMBERS = 65536
_SIZE = 2**20


@dataclass(frozen=True)
class Ranked:
    """One row. scheme: its text; "FORMAT x SCALE" is a format under the one best scale for all numbers, "N levels" the
    Lloyd-Max table. bound: the rate-distortion bound at bits_per_element; gap_db: how far mse lies above it."""

    scheme: str
    bits_per_element: float
    mse: float
    sqnr_db: float
    bound: float
    gap_db: float


@dataclass(frozen=True)
class Ranking:
    """Rows by mse, least first. bound: the rate-distortion bound at `bits`. left_out: schemes that no integral gives,
    with the reason."""

    bits: float
    distribution: str
    bound: float
    rows: tuple[Ranked, ...]
    left_out: dict[str, str]

    def __iter__(self) -> Iterator[Ranked]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> Ranked:
        return self.rows[i]

    def __str__(self) -> str:
        lines = [f"{'scheme':<44} {'bits':>7} {'mse':>12} {'SQNR dB':>8} {'above bound':>11}"]
        lines += [
            f"{row.scheme:<44} {row.bits_per_element:7.4g} {row.mse:12.6g} {row.sqnr_db:8.2f} {row.gap_db:8.2f} dB"
            for row in self.rows
        ]
        lines.append(f"{'rate-distortion bound, ' + self.distribution:<44} {self.bits:7.4g} {self.bound:12.6g}")
        return "\n".join(lines)


def best(bits: float, distribution: Any = "normal", block: int | None = None, *, size: int = _SIZE) -> Ranking:
    """The registry's schemes of at most `bits` bits per element, by expected mean squared error at variance 1.

    In it are the published schemes, every registered format of at most 65536 members under the one scale that suits it
    best ("e2m1fn x 0.487"), and the Lloyd-Max table; with block=B also every registered element of at most 8 bits in
    blocks of B under e8m0fnu, e4m3fn, bfloat16, binary16 and binary32 scales. size: elements of the tensor, for schemes
    that ask; scales of whole tensors count no bits. Returns a :class:`Ranking`, whose str() is a table."""
    most = _rate(bits)
    density = as_density(distribution, "a ranking")
    count = integer("size", size, 1, 2**53)
    signal = density.variance + density.mean**2
    rows: list[Ranked] = []
    left_out: dict[str, str] = {}

    def add(name: str, width: float, mse: float) -> None:
        bound = rate_distortion(width, density)
        gap = 10 * math.log10(mse / bound) if mse > 0 else -math.inf
        rows.append(Ranked(name, width, mse, 10 * math.log10(signal / mse) if mse > 0 else math.inf, bound, gap))

    blocks = [] if block is None else _blocks(most, integer("block", block, 1, 2**32 - 1))
    for scheme in dict.fromkeys([*schemes(), *blocks]):
        if scheme.bits_per_element > most:
            continue
        asked = any(level.group == "tensor" for level in scheme.levels) and not _means(scheme)
        try:
            result = expected(scheme, density, size=count if asked else None, entropy=False)
        except ValueError as error:
            left_out[scheme.name] = str(error)
            continue
        add(scheme.name, scheme.bits_per_element, result.mse)
    for element in formats():
        if isinstance(element, Format) and element.bits <= min(most, math.log2(_MOST_MEMBERS)):
            found = best_scale(element, density)
            add(f"{element.name} x {found.scale:.6g}", float(element.bits), found.mse)
    levels = int(min(2.0**most, 4096))
    if levels >= 2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a local optimum has its place in a ranking
            add(f"{levels} levels (Lloyd-Max)", math.log2(levels), lloyd_max(levels, density).mse)
    rows.sort(key=lambda row: row.mse)
    return Ranking(most, density.name, rate_distortion(most, density), tuple(rows), left_out)


def _blocks(bits: float, block: int) -> list[Any]:
    """Every registered element of at most 8 bits in blocks, as far as the grammar takes it."""
    found = []
    for element in formats():
        if not isinstance(element, Format) or element.bits > min(bits, 8):
            continue
        for scale in _SCALES:
            try:
                found.append(real_scheme(f"{element.name}/{block}:{scale}"))
            except ValueError:
                continue  # a pair that makes no scheme
    return found


def _means(scheme: Any) -> bool:
    return scheme.recipe in ("paper", "clamp", "bitnet", "twn", "xnor")
