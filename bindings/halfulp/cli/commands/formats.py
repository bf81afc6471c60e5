"""``halfulp formats``: the formats, filtered."""

from __future__ import annotations

import argparse
import sys

import halfulp as hu
from halfulp._format import Number
from halfulp._phase_format import PhaseFormat
from halfulp.cli import codes, complex_code
from halfulp.cli.command import Command, Parser, did_you_mean
from halfulp.cli.facts import FLOAT_KEYS, OTHER_KEYS, facts
from halfulp.cli.families import ANY_WIDTH, FAMILIES, family, of_width
from halfulp.cli.numbers import as_float, exact_text
from halfulp.cli.output import JSON_NUMBERS, print_columns, print_json

TEXT = f"""\
Lists the formats that have names of their own, or every format of a family at a width.

families:
{chr(10).join(f"  {name:12}  {meaning}" for name, meaning in FAMILIES.items())}

Any other float is reached by its shape, as e3m2fn or Binary8p3se; so are int5, uint3, int6s, q3.5, posit12_1, nf5,
dynamic6, pot5. Shapes of floats are the widths of exponent and fraction, and the bias.
{JSON_NUMBERS}"""


def _arguments(parser: Parser) -> None:
    parser.add_argument("--bits", metavar="N", help="of this width: 8, several: 4,6,8, or a range: 3..8")
    parser.offer("families", "--family", metavar="FAMILY", help=f"one of {', '.join(FAMILIES)}")
    signs = parser.add_mutually_exclusive_group()
    signs.add_argument("--signed", action="store_const", const=True, dest="signed", help="with numbers below zero")
    signs.add_argument("--unsigned", action="store_const", const=False, dest="signed", help="without")


def _run(options: argparse.Namespace) -> int:
    widths = None if options.bits is None else _widths(options.bits)
    found = [f for f in _of_family(options.family, widths) if options.signed in (None, f.signed)]
    if options.json:
        for f in found:
            print_json(complex_code.facts(f) if isinstance(f, PhaseFormat) else facts(f))
    elif found:
        header = ("name", "family", "bits", "shape", "max", "min > 0", "specials", "aliases", "source")
        print_columns(header, [complex_code.row(f) if isinstance(f, PhaseFormat) else _row(f) for f in found])
    if not found:
        print("halfulp formats: no format is like this", file=sys.stderr)
    return 0 if found else 1


def _widths(text: str) -> set[int]:
    try:
        widths: set[int] = set()
        for part in text.split(","):
            low, dots, high = part.partition("..")
            widths |= set(range(int(low), min(int(high if dots else low), 64) + 1))
        return widths
    except ValueError:
        raise ValueError(f"bits is {text!r}, allowed: a width such as 8, 4,6,8, or 3..8") from None


def _of_family(name: str | None, widths: set[int] | None) -> list[hu.Format | PhaseFormat]:
    if name is not None and name not in FAMILIES:
        raise ValueError(f"family is {name!r}{did_you_mean(name, FAMILIES)}, allowed: {', '.join(FAMILIES)}")
    if name in ANY_WIDTH:
        if widths is None:
            raise ValueError(f"family {name} has formats of every width, allowed: one with its widths, as in --bits 8")
        return [f for bits in sorted(widths) for f in of_width(name, bits)]
    listed: list[hu.Format | PhaseFormat] = [*hu.formats(), PhaseFormat()]
    return [f for f in listed if (widths is None or f.bits in widths) and name in (None, family(f))]


def _row(f: hu.Format) -> tuple[str, ...]:
    known = facts(f)
    specials = " ".join(word for word in ("inf", "nan") if known[word]) or "none"
    return (
        str(f),
        known["family"],
        str(f.bits),
        _shape(f),
        _rough(f.max),
        "none" if f.min_positive is None else _rough(f.min_positive),
        specials,
        ", ".join(known["aliases"]),
        known["source"] or "",
    )


def _shape(f: hu.Format) -> str:
    if f.kind == "float":
        return f"{f.exponent_bits}+{f.mantissa_bits} bias {f.bias}"
    if f.kind == "posit":
        return f"exponent {codes.exponent_bits(f)}"
    if f.kind == "codebook":
        return f"{f._spec.last_code + 1} codes"
    fraction = codes.fraction_bits(f)
    return f"{f.bits - fraction}.{fraction}{' symmetric' if f.min == -f.max else ''}"


def _rough(value: Number) -> str:
    number = as_float(value)
    return exact_text(value) if number is None else f"{number:.6g}"


COMMAND = Command(
    name="formats",
    text=TEXT,
    examples=(
        "halfulp formats",
        "halfulp formats --bits 8",
        "halfulp formats --bits 3..6 --family finite",
        "halfulp formats --bits 8 --family p3109 --signed",
        "halfulp formats --family codebook",
        "halfulp formats --family splits --bits 6 --json",
    ),
    arguments=_arguments,
    run=_run,
    json={
        "each float format": FLOAT_KEYS,
        "each format of another kind": OTHER_KEYS,
        "the complex code": complex_code.FORMAT_KEYS,
    },
    exit_codes={1: "no format is like this"},
)
