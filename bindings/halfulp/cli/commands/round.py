"""``halfulp round``: numbers to members of a format."""

from __future__ import annotations

import argparse
import sys

from halfulp.cli import codes
from halfulp.cli.command import Command, Parser
from halfulp.cli.numbers import difference, is_same, shown
from halfulp.cli.output import JSON_NUMBERS, print_columns, print_json
from halfulp.cli.projecting import JSON_KEYS, add_arguments, project

TEXT = f"""\
Rounds numbers to members of a format: the number, the member, its code, and the error (member - number).

A VALUE is a decimal or hexadecimal number (3.14159, -1e-3, 0x1.8p+1), inf or nan, taken as binary64.
The last word is the FORMAT.
{JSON_NUMBERS}"""


def _arguments(parser: Parser) -> None:
    add_arguments(parser)
    parser.add_argument("--check", action="store_true", help="exit with 1 where a number is not a member itself")


def _run(options: argparse.Namespace) -> int:
    f, values, found = project(options)
    rows = []
    others = 0
    for text, value, code in zip(options.values, values, found, strict=True):
        member = f.exact(code)
        others += not is_same(value, member)
        error = difference(value, member)
        if options.json:
            print_json({"value": value, **codes.facts(code, f), "error": error})
        else:
            gap = "-" if error is None else f"{error:.6g}"
            rows.append((text.strip(), shown(member), codes.hexadecimal(code, f), gap))
    if rows:
        print_columns(("value", str(f), "code", "error"), rows)
    if options.check and others:
        print(f"halfulp round: {others} of {len(values)} numbers are not members of {f}", file=sys.stderr)
    return int(options.check and others > 0)


COMMAND = Command(
    name="round",
    text=TEXT,
    examples=(
        "halfulp round 3.14159 e4m3fn",
        "halfulp round 3.14159 -0.1 448.5 e4m3fn --rounding rz --overflow sat_finite",
        "halfulp round 0.3 e2m1fn --rounding stochastic --rng 42",
        "halfulp round 1000 inf e4m3fn --projection ml_dtypes",
        "halfulp round 0.5 0.1 e5m2 --check --json",
    ),
    arguments=_arguments,
    run=_run,
    json={"each number": JSON_KEYS},
    exit_codes={1: "--check found a number that is not a member"},
)
