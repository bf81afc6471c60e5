"""``halfulp formats``: the formats, filtered."""

from __future__ import annotations

import argparse
import sys

import halfulp as hu
from halfulp._format import Number
from halfulp.cli.command import Command, Parser, did_you_mean
from halfulp.cli.facts import JSON_KEYS, facts
from halfulp.cli.families import ANY_WIDTH, FAMILIES, family, of_width
from halfulp.cli.numbers import as_float, exact_text
from halfulp.cli.output import JSON_NUMBERS, print_columns, print_json

TEXT = f"""\
Lists the formats that have names of their own, or every format of a family at a width.

families:
{chr(10).join(f"  {name:8}  {meaning}" for name, meaning in FAMILIES.items())}

Any other float is reached by its shape, as e3m2fn or Binary8p3se. exp+frac are the widths of the fields.
{JSON_NUMBERS}"""


def _arguments(parser: Parser) -> None:
    parser.add_argument("--bits", metavar="N", help="of this width: 8, several: 4,6,8, or a range: 3..8")
    parser.offer("families", "--family", metavar="FAMILY", help=f"one of {', '.join(FAMILIES)}")
    signs = parser.add_mutually_exclusive_group()
    signs.add_argument("--signed", action="store_const", const=True, dest="signed", help="with a sign bit")
    signs.add_argument("--unsigned", action="store_const", const=False, dest="signed", help="without")


def _run(options: argparse.Namespace) -> int:
    widths = None if options.bits is None else _widths(options.bits)
    found = [f for f in _of_family(options.family, widths) if options.signed in (None, f.signed)]
    if options.json:
        for f in found:
            print_json(facts(f))
    elif found:
        header = ("name", "bits", "exp+frac", "bias", "max", "min normal", "specials", "aliases", "source")
        print_columns(header, [_row(f) for f in found])
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


def _of_family(name: str | None, widths: set[int] | None) -> list[hu.Format]:
    if name is not None and name not in FAMILIES:
        raise ValueError(f"family is {name!r}{did_you_mean(name, FAMILIES)}, allowed: {', '.join(FAMILIES)}")
    if name in ANY_WIDTH:
        if widths is None:
            raise ValueError(f"family {name} has formats of every width, allowed: one with its widths, as in --bits 8")
        return [f for bits in sorted(widths) for f in of_width(name, bits)]
    return [f for f in hu.formats() if (widths is None or f.bits in widths) and (name is None or family(f) == name)]


def _row(f: hu.Format) -> tuple[str, ...]:
    known = facts(f)
    specials = " ".join(word for word in ("inf", "nan") if known[word]) or "none"
    shape = f"{f.exponent_bits}+{f.mantissa_bits}"
    limits = (_rough(f.max), _rough(f.min_normal))
    return (
        str(f),
        str(f.bits),
        shape,
        str(f.bias),
        *limits,
        specials,
        ", ".join(known["aliases"]),
        known["source"] or "",
    )


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
        "halfulp formats --family splits --bits 6 --json",
    ),
    arguments=_arguments,
    run=_run,
    json={"each format": JSON_KEYS},
    exit_codes={1: "no format is like this"},
)
