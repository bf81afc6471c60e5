"""A model of what a multiply-accumulate unit for two formats takes: LUTs of an FPGA, energy, area.

The unit multiplies a member of each format and adds the product to an accumulator so wide that nothing ever rounds
(``accumulator``), as the units of arXiv 2311.12359 do; turning the sum back into a float does not count. It is built in
the cheapest of three ways:

- "fixed": both factors become integers in units of their quanta, then an integer multiplier;
- "float": significands are multiplied, exponents added, and the product shifted to its place;
- "table": the product is looked up by the two codes.

A factor whose code does not show its parts (a codebook's, a posit's) goes through a table from codes to parts first.

A model has five coefficients. What it gives is an estimate for comparing formats, not a synthesis result: put in one's
own measured coefficients (``dataclasses.replace``) where they are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from halfulp._runs import integer, real
from halfulp.cost.accumulators import Extent, accumulator, extent


class Operation(NamedTuple):
    """One operation at 45 nm and 0.9 V. energy in pJ, area in µm², NaN where there is none."""

    name: str
    bits: int
    energy: float
    area: float


HOROWITZ_2014 = (
    Operation("integer add", 8, 0.03, 36.0),
    Operation("integer add", 16, 0.05, 67.0),
    Operation("integer add", 32, 0.1, 137.0),
    Operation("integer multiply", 8, 0.2, 282.0),
    Operation("integer multiply", 32, 3.1, 3495.0),
    Operation("float add", 16, 0.4, 1360.0),
    Operation("float add", 32, 0.9, 4184.0),
    Operation("float multiply", 16, 1.1, 1640.0),
    Operation("float multiply", 32, 3.7, 7700.0),
)
"""Energies of M. Horowitz, "Computing's energy problem (and what we can do about it)", ISSCC 2014, figure 1.1.9 (45 nm,
0.9 V), with the areas that are reprinted beside them (W. Dally, tutorial at NIPS 2015, same process). Read from
reprints of the table, not from the figures themselves."""


@dataclass(frozen=True)
class MacModel:
    """Coefficients of a multiply-accumulate unit, each in `unit`."""

    unit: str
    multiply: float
    """For each bit of one factor times each bit of the other."""
    add: float
    """For each bit of an adder: the accumulator's, and that of exponents."""
    shift: float
    """For each bit of each stage of a shifter: a multiplexer of two."""
    table: float
    """For each bit that a table stores."""
    table_least: float
    """For each output of a table, however few entries it has."""
    source: str
    """Where the coefficients come from."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name not in ("unit", "source"):
                real(field.name, value, 0)
            elif not isinstance(value, str):
                raise TypeError(f"{field.name} is {value!r}, allowed: a text")


LUT6 = MacModel(
    unit="LUT",
    multiply=0.5,
    add=1.0,
    shift=0.5,
    table=1 / 64,
    table_least=1.0,
    source=(
        "Six-input LUTs with a carry chain (AMD 7 series and later), counted by hand: a row of an array multiplier "
        "adds two partial products, so a LUT does two bits of products; a LUT and its carry add one bit; a LUT selects "
        "one of four, which is two stages of a shifter for one bit; a LUT stores 64 bits and gives one output."
    ),
)

ENERGY_45NM = MacModel(
    unit="pJ",
    multiply=0.0031,
    add=0.0033,
    shift=0.0036,
    table=0.0018,
    table_least=0.0,
    source=(
        "HOROWITZ_2014: multiply is the mean of 0.2 / 8² and 3.1 / 32², add that of 0.03 / 8, 0.05 / 16 and 0.1 / 32. "
        "shift: a float adder is two shifters of its significand (11 bits in 4 stages, 24 bits in 5) and integer "
        "adders of significand and exponent; what is left of 0.4 and 0.9 pJ without these adders, over 88 and 240 "
        "multiplexers, has the mean 0.0036, normalization and rounding in it. table: a tree of multiplexers whose "
        "first stage is constants, half a multiplexer for each bit stored."
    ),
)

AREA_45NM = MacModel(
    unit="µm²",
    multiply=3.9,
    add=4.3,
    shift=15.8,
    table=7.9,
    table_least=0.0,
    source=(
        "HOROWITZ_2014's areas, as ENERGY_45NM from its energies: 282 / 8² and 3495 / 32²; 36 / 8, 67 / 16 and "
        "137 / 32; 1360 and 4184 without adders over 88 and 240 multiplexers."
    ),
)


@dataclass(frozen=True)
class Mac:
    """What one multiply-accumulate unit takes by a model."""

    total: float
    unit: str
    way: str
    """The cheapest: "fixed", "float" or "table"."""
    parts: dict[str, float]
    """What decoding, multiplying, adding exponents, shifting and accumulating take; they add up to the total."""
    accumulator_bits: int
    alternatives: dict[str, float]
    """The totals of all ways."""


# The widest table of products that is thought of: beyond, "table" is no way.
_WIDEST_TABLE = 16


def mac(a: Any, b: Any, n: int, model: MacModel = LUT6, *, accumulator_bits: int | None = None) -> Mac:
    """What a unit takes that multiplies a member of format a with one of b and accumulates n products exactly.

    a, b: formats of any kind, without scales; n: terms. model: LUT6, ENERGY_45NM, AREA_45NM or one's own.
    accumulator_bits: another width than the exact one of ``accumulator``, for units that wrap, saturate or round.
    Returns a Mac.
    """
    if not isinstance(model, MacModel):
        raise TypeError(f"model is a {type(model).__name__}, allowed: a MacModel")
    x, y = extent(a), extent(b)
    width = accumulator(a, b, n)
    bits = width.bits
    if accumulator_bits is not None:
        bits = integer("accumulator_bits", accumulator_bits, 1, 2**31 - 1)
    ways = {"fixed": _fixed(x, y, model), "float": _float(x, y, model)}
    inputs = x.format.bits + y.format.bits
    if inputs <= _WIDEST_TABLE:
        outputs = accumulator(a, b, 1).bits
        ways["table"] = {"decode": 0.0, "multiply": _table(inputs, outputs, model), "exponents": 0.0, "shift": 0.0}
    for parts in ways.values():
        parts["accumulate"] = model.add * bits
    totals = {way: math.fsum(parts.values()) for way, parts in ways.items()}
    cheapest = min(totals, key=totals.__getitem__)
    return Mac(totals[cheapest], model.unit, cheapest, ways[cheapest], bits, totals)


def _table(inputs: int, outputs: int, model: MacModel) -> float:
    """A table of 2^inputs entries of so many bits."""
    return outputs * max(model.table_least, model.table * 2.0**inputs)


def _signed(x: Extent) -> int:
    return int(x.least < 0)


def _decode(x: Extent, outputs: int, model: MacModel) -> float:
    """Codes of integers, fixed point and floats show their parts; others go through a table."""
    return _table(x.format.bits, outputs, model) if x.format.kind in ("codebook", "posit") else 0.0


def _fixed(x: Extent, y: Extent, model: MacModel) -> dict[str, float]:
    shift = sum(
        model.shift * e.fixed_point_bits * _stages(e.positions) for e in (x, y) if e.format.kind == "float"
    )  # a float's significand goes to its place first
    return {
        "decode": sum(_decode(e, e.fixed_point_bits, model) for e in (x, y)),
        "multiply": model.multiply * _wide(x.fixed_point_bits, y.fixed_point_bits),
        "exponents": 0.0,
        "shift": float(shift),
    }


def _float(x: Extent, y: Extent, model: MacModel) -> dict[str, float]:
    exponents = [_stages(e.positions) for e in (x, y)]
    outputs = [e.significand_bits + _stages(e.positions) + _signed(e) for e in (x, y)]
    positions = x.positions + y.positions - 1
    product = x.significand_bits + y.significand_bits
    return {
        "decode": sum(_decode(e, out, model) for e, out in zip((x, y), outputs, strict=True)),
        "multiply": model.multiply * _wide(x.significand_bits, y.significand_bits),
        "exponents": model.add * max(exponents) if min(exponents) else 0.0,
        "shift": model.shift * (product + positions - 1) * _stages(positions),
    }


def _wide(a: int, b: int) -> int:
    """Bits of partial products: none where a factor is one bit, which only selects."""
    return 0 if min(a, b) <= 1 else a * b


def _stages(positions: int) -> int:
    return (positions - 1).bit_length()
