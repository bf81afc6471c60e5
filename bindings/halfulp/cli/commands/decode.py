"""``halfulp decode``: codes to numbers."""

from __future__ import annotations

import argparse

from halfulp._format import real_format
from halfulp.cli import codes
from halfulp.cli.command import Command, Parser
from halfulp.cli.numbers import exact_text, shown
from halfulp.cli.output import JSON_NUMBERS, print_columns, print_json

TEXT = f"""\
Decodes codes: the number that each stands for, exactly, and what kind of number it is.

A CODE is an integer: 126, 0x7e, 0b1111110, or 0b0_1111_110 with the fields apart. Integers and fixed point with a
sign have codes below zero: -7, or its bits in two's complement, 0x9. The last word is the FORMAT.
{JSON_NUMBERS}"""


def _arguments(parser: Parser) -> None:
    parser.add_argument("codes", nargs="+", metavar="CODE", help="integers")
    parser.offer("formats", "format", metavar="FORMAT", help="such as e4m3fn or Binary8p3se")


def _run(options: argparse.Namespace) -> None:
    f = real_format(options.format)
    rows = []
    for code in codes.parse(options.codes, f):
        if options.json:
            print_json(codes.facts(code, f))
        else:
            member = f.exact(code)
            row = (codes.hexadecimal(code, f), codes.binary(code, f), shown(member), exact_text(member))
            rows.append((*row, codes.kind(member, f)))
    if rows:
        print_columns(("hex", "bin", str(f), "exact", "kind"), rows)


COMMAND = Command(
    name="decode",
    text=TEXT,
    examples=(
        "halfulp decode 0x7e 0x01 0xff e4m3fn",
        "halfulp decode 0b0_1111_110 e4m3fn",
        "halfulp decode 1 e5m2 --json",
        "halfulp decode -7 0x9 int4s",
    ),
    arguments=_arguments,
    run=_run,
    json={"each code": codes.JSON_KEYS},
)
