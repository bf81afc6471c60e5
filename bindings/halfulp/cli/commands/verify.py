"""``halfulp verify``: a device's answers beside the expected ones."""

from __future__ import annotations

import argparse

from halfulp.cli.command import Command, Parser
from halfulp.cli.commands.vectors import Progress
from halfulp.cli.output import print_json
from halfulp.vectors.checking import FIRST, NAN_RULES
from halfulp.vectors.report import JSON_KEYS

TEXT = """\
Judges a device's answers. FILE is one of halfulp vectors, in which the device's answers have taken the place of the
expected ones; or it is as it was, and --device names a file with one answer a line: the result and its flags in
hexadecimal, in the order of the vectors. The expected answers are computed anew from the header.

The report shows how many differ, the first of them with their fields, the exact result and the distance in
representable steps, and at which places the exact results lie: midpoints, edges of the subnormals and of overflow."""


def _arguments(parser: Parser) -> None:
    parser.offer("files", "file", metavar="FILE", help="written by halfulp vectors")
    parser.offer("files", "--device", metavar="ANSWERS", help="the device's answers, one a line")
    parser.add_argument("--flags-ignored", action="store_true", help="compare results alone")
    parser.add_argument(
        "--nan",
        choices=NAN_RULES,
        default="as-class",
        help="is any NaN as good as another (default), or do bits count?",
    )
    parser.add_argument("--first", type=int, default=FIRST, metavar="N", help=f"how many to show (default: {FIRST})")


def _run(options: argparse.Namespace) -> int:
    from halfulp.vectors import report, verify

    found = verify(
        options.file,
        options.device,
        flags=not options.flags_ignored,
        nan=options.nan,
        first=options.first,
        progress=Progress("halfulp verify"),
    )
    if options.json:
        print_json(report.facts(found))
    else:
        print(report.text(found), end="")
    return 0 if found.equal else 1


COMMAND = Command(
    name="verify",
    text=TEXT,
    examples=(
        "halfulp verify mul.txt",
        "halfulp verify mul.txt --device answers.txt --flags-ignored",
        "halfulp verify mul.txt --nan bits --first 3 --json",
    ),
    arguments=_arguments,
    run=_run,
    json={"the comparison": JSON_KEYS},
    exit_codes={0: "all equal", 1: "there are differences"},
)
