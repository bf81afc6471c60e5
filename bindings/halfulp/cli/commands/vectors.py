"""``halfulp vectors``: operands and expected answers for hardware, simulators and compilers."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from halfulp.cli.command import Command, Parser
from halfulp.cli.output import print_json
from halfulp.vectors.layout import FORMS
from halfulp.vectors.tasks import OPERATIONS

TEXT = """\
Writes test vectors: the codes of operands, the expected result and its flags in hexadecimal, a case a line. The lines
that the file begins with say what they are of, and halfulp verify judges a device's answers by them.

OPERATION is a name of hu.codes (add, fma, sqrt, convert ...), compare, dot, or quantize, which takes a scheme in place
of a format; dot takes two formats, or two schemes whose factors share scales, such as mxfp4. Without --output the
vectors go to stdout. A stochastic rounding has its random bits in the column R.
Level 1: every case where there are at most 2^16, else edges in all combinations and random cases. Level 2: every case
up to 2^24, else more of both. The same words give the same file, and its header the SHA-256 of the lines.
Flags: inexact 1, underflow 2, overflow 4, divide by zero 8, invalid 16. compare: 0 equal, 1 a > b, 2 unordered,
3 a < b."""

#: Seconds before a long job says how far it is, and between two such lines.
_PATIENCE = 2.0


def _arguments(parser: Parser) -> None:
    parser.add_argument(
        "operation", choices=OPERATIONS, metavar="OPERATION", help="such as add, fma, convert, dot, quantize"
    )
    parser.offer(
        "schemes",
        "format",
        metavar="FORMAT",
        help="of the first operand; of quantize and dot also a scheme, such as mxfp4",
    )
    parser.offer("schemes", "--format-b", metavar="FORMAT", help="of the second operand (default: the first one's)")
    parser.offer(
        "formats", "--format-c", metavar="FORMAT", help="of the third (default: the first one's; of dot the result's)"
    )
    parser.offer(
        "formats",
        "--result",
        metavar="FORMAT",
        help="of the result (default: the first operand's; of blocks binary32 or the unit's)",
    )
    parser.offer(
        "rounding", "--rounding", metavar="MODE", help="a mode's name or alias (default: nearest_ties_to_even)"
    )
    parser.offer("overflow", "--overflow", metavar="POLICY", help="such as sat_finite (default: the format's own)")
    parser.offer("nan", "--nan", metavar="POLICY", help="what NaN becomes in a format without one: to_max, to_zero")
    parser.add_argument(
        "--ftz", choices=("before", "after"), help="flush results below the smallest normal member to zero"
    )
    parser.add_argument("--daz", action="store_true", default=None, help="take operands below it for zeros")
    parser.offer(
        "presets", "--projection", metavar="PRESET", help="all of that as one name, such as ml_dtypes or ocp_sat"
    )
    parser.add_argument("--random-bits", type=int, metavar="N", help="of stochastic rounding: width of R (default: 32)")
    parser.add_argument(
        "--tininess", choices=("after", "before"), help="for the underflow flag (default: after rounding)"
    )
    parser.add_argument(
        "--nan-rule", choices=("canonical", "x86", "arm"), help="which NaN results are (default: canonical)"
    )
    parser.add_argument("--total", action="store_true", default=None, help="compare: the order of all members")
    parser.add_argument("--signaling", action="store_true", default=None, help="compare: every NaN is invalid")
    parser.add_argument("--accumulate", metavar="NAME", help="dot: an accumulator, such as exact, fma, b200_mxf4")
    parser.add_argument(
        "--length", type=int, metavar="N", help="dot, quantize: numbers in a block (default: 32, the group, or two)"
    )
    parser.add_argument("--level", type=int, choices=(1, 2), default=1, help="1 (default) or 2")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the random cases (default: 0)")
    parser.add_argument("--count", type=int, metavar="N", help="random cases beside the edges (default: the level's)")
    parser.add_argument(
        "--as", choices=FORMS, default="text", help="text (default), csv, jsonl, or words for $readmemh"
    )
    parser.offer("files", "-o", "--output", metavar="FILE", help="written whole or not at all (default: stdout)")


def _run(options: argparse.Namespace) -> None:
    from halfulp.vectors import write

    if options.json and options.output is None:
        raise ValueError("json is about the file that is written: name it, as in --output vectors.txt")
    request = request_of(options)
    to = sys.stdout.buffer if options.output is None else options.output
    written = write(request, to, getattr(options, "as"), Progress("halfulp vectors"))
    if options.output is None:
        return
    header = written.header
    if options.json:
        print_json(
            {"file": options.output, "cases": header.cases, "sha256": header.sha256, "request": header.request.given()}
        )
    else:
        print(f"{options.output}: {header.cases} cases, sha256 {header.sha256}")


def request_of(options: argparse.Namespace) -> Any:
    """The request of a command line."""
    from halfulp.vectors import Request

    names = [name for name in Request.__dataclass_fields__ if name != "format_a"]
    return Request(format_a=options.format, **{name: getattr(options, name) for name in names})


class Progress:
    """How far a long job is, on a terminal's stderr."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._next = time.monotonic() + _PATIENCE

    def __call__(self, done: int, cases: int) -> None:
        if sys.stderr.isatty() and time.monotonic() >= self._next and done < cases:
            self._next += _PATIENCE
            print(f"{self._who}: {done:,} of {cases:,} cases", file=sys.stderr)


COMMAND = Command(
    name="vectors",
    text=TEXT,
    examples=(
        "halfulp vectors mul e4m3fn -o mul.txt",
        "halfulp vectors convert binary32 --result e4m3fn --overflow sat_finite --as csv",
        "halfulp vectors fma e5m2 --result binary16 --rounding stochastic --random-bits 8 --as jsonl",
        "halfulp vectors add bfloat16 --level 1 --seed 7 --count 1000 --as readmemh",
        "halfulp vectors dot e4m3fn --result binary32 --accumulate fma --length 16",
        "halfulp vectors dot mxfp4 --format-b mxfp8_e4m3 --accumulate b200_mxf8f6f4",
        "halfulp vectors quantize mxfp4 --count 100",
    ),
    arguments=_arguments,
    run=_run,
    json={
        "the file": {
            "file": "its name",
            "cases": "how many there are",
            "sha256": "of its lines without the header",
            "request": "what it is of, defaults included",
        }
    },
)
