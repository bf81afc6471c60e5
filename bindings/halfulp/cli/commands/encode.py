"""``halfulp encode``: numbers to codes."""

from __future__ import annotations

import argparse

from halfulp.cli import codes
from halfulp.cli.command import Command
from halfulp.cli.numbers import difference, shown
from halfulp.cli.output import JSON_NUMBERS, print_columns, print_json
from halfulp.cli.projecting import JSON_KEYS, add_arguments, project

TEXT = f"""\
Encodes numbers: the code of the member that each becomes, in hexadecimal and in binary.

A VALUE is a decimal or hexadecimal number (3.14159, -1e-3, 0x1.8p+1), inf or nan, taken as binary64.
The last word is the FORMAT. Binary shows the fields apart: sign_exponent_fraction of a float, integer_fraction of
fixed point, sign_regime_exponent_fraction of a posit. halfulp decode goes back.
{JSON_NUMBERS}"""


def _run(options: argparse.Namespace) -> None:
    f, values, found = project(options)
    rows = []
    for text, value, code in zip(options.values, values, found, strict=True):
        member = f.exact(code)
        if options.json:
            print_json({"value": value, **codes.facts(code, f), "error": difference(value, member)})
        else:
            rows.append((text.strip(), codes.hexadecimal(code, f), codes.binary(code, f), shown(member)))
    if rows:
        print_columns(("value", "hex", "bin", str(f)), rows)


COMMAND = Command(
    name="encode",
    text=TEXT,
    examples=(
        "halfulp encode 1 -1.5 0.1 e4m3fn",
        "halfulp encode 1000 inf nan e5m2 --overflow sat_finite",
        "halfulp encode 0.1 bfloat16 --rounding toward_zero --json",
    ),
    arguments=add_arguments,
    run=_run,
    json={"each number": JSON_KEYS},
)
