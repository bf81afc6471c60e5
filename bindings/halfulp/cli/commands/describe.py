"""``halfulp describe``: everything about formats and schemes."""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from typing import Any

import halfulp as hu
from halfulp._phase_format import ComplexScheme
from halfulp._scheme import AnyScheme
from halfulp.cli import complex_code
from halfulp.cli.command import Command, Parser
from halfulp.cli.describing import code_grid, format_page, scheme_page
from halfulp.cli.output import JSON_NUMBERS, print_json

TEXT = f"""\
Explains formats and schemes.

Of a format: its fields, its limits, its special codes, where its values lie on a logarithmic and on a linear axis
(the higher the mark, the more values), and up to 8 bits the table of codes.
Integers, fixed point, posits and tables of numbers are formats too: int4s, q4.4, posit8_2, nf4.
Of a scheme: element, scales, bits per element, the recipe, and one group worked through.
{JSON_NUMBERS}"""


def _arguments(parser: Parser) -> None:
    parser.offer("schemes", "names", nargs="+", metavar="NAME", help="a format or a scheme")
    parser.add_argument(
        "--axis", choices=("log", "linear", "both"), default="both", help="of the values (default: %(default)s)"
    )
    parser.add_argument(
        "--table", action="store_true", help="every code on a line of its own, up to 16 bits: fields, value, kind"
    )
    parser.offer(
        "files",
        "--plot",
        metavar="FILE",
        help="a picture of the values of a format (.png, .pdf, .svg); needs matplotlib",
    )
    parser.add_argument("--yaml", action="store_true", help="the bare facts, as YAML")


def _run(options: argparse.Namespace) -> None:
    schemes: list[AnyScheme] = [hu.scheme(name) for name in options.names]
    if options.table or options.plot is not None:
        real = [_in_order(s) for s in schemes]
        if options.table:
            for one in real:
                code_grid.check_table(one.element)
        if options.plot is not None:
            _plot(real, options.plot)
    for place, s in enumerate(schemes):
        if options.json:
            print_json(_json_facts(s, options))
        elif options.yaml or isinstance(s, ComplexScheme):
            separator = "---\n" if options.yaml else "\n"
            print(separator * bool(place) + _yaml(s), end="")
        else:
            print("\n" * bool(place) + "\n".join(_page(s, options)))


def _in_order(s: AnyScheme) -> hu.Scheme:
    """The scheme, if its members have an order and an axis to lie on."""
    if isinstance(s, ComplexScheme):
        raise ValueError(f"{s} is of complex numbers, allowed with --table and --plot: formats of real ones")
    return s


def _json_facts(s: AnyScheme, options: argparse.Namespace) -> dict[str, Any]:
    if isinstance(s, ComplexScheme):
        return complex_code.scheme_facts(s) if s.scale else {"is": "format", **complex_code.facts(s.element)}
    return scheme_page.json_facts(s) if s.levels else format_page.json_facts(s.element, options.table)


def _yaml(s: AnyScheme) -> str:
    if not isinstance(s, ComplexScheme):
        return s.describe() if s.levels else s.element.describe()
    head = f"name: {s}\nbits_per_element: {s.bits_per_element:g}\nelement:\n" if s.scale else ""
    return head + textwrap.indent(s.element.describe(), "  " * bool(head))


def _page(s: hu.Scheme, options: argparse.Namespace) -> list[str]:
    if s.levels:
        return scheme_page.page(s)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return format_page.page(s.element, options.axis, options.table, width)


def _plot(schemes: list[hu.Scheme], path: str) -> None:
    if len(schemes) > 1 or schemes[0].levels:
        raise ValueError("--plot draws the values of one format, allowed: one NAME, of a format")
    from halfulp.cli.describing import value_plot

    value_plot.save(schemes[0].element, path)
    print(f"wrote {path}", file=sys.stderr)


COMMAND = Command(
    name="describe",
    text=TEXT,
    examples=(
        "halfulp describe e4m3fn",
        "halfulp describe e2m1fn --table",
        "halfulp describe nf4 int4s posit8_2",
        "halfulp describe e3m2fn --axis log --plot e3m2fn.png",
        "halfulp describe mxfp4 nvfp4",
        "halfulp describe e2m1f/16:bfloat16 --json",
    ),
    arguments=_arguments,
    run=_run,
    json={
        "each float format": format_page.FLOAT_KEYS,
        "each format of another kind": format_page.OTHER_KEYS,
        "each scheme": scheme_page.JSON_KEYS,
        "the complex code": {"is": '"format"', **complex_code.FORMAT_KEYS},
        "each scheme of it": complex_code.SCHEME_KEYS,
    },
)
