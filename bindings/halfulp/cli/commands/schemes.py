"""``halfulp schemes``: published schemes, or those that a text with braces stands for."""

from __future__ import annotations

import argparse

import halfulp as hu
from halfulp import _core
from halfulp.cli.command import Command, Parser
from halfulp.cli.output import print_columns, print_json

TEXT = """\
Lists the schemes with published names. With SCHEMEs: those that the texts stand for, braces expanded, each once.

A scheme is element{/group:format}{@option}, innermost scales first: e2m1fn/16:e4m3fn/tensor:binary32 is an
element format, an e4m3fn scale for every 16 elements, and a binary32 scale for the tensor. Bits per element
count the scales."""


def _arguments(parser: Parser) -> None:
    parser.offer(
        "schemes", "schemes", nargs="*", metavar="SCHEME", help="such as nvfp4 or 'e{2..3}m1f/{16,32}:e8m0fnu'"
    )


def _run(options: argparse.Namespace) -> None:
    published = [(name, text, source) for name, text, source in _core.published_schemes()]
    if options.schemes:
        sources = {str(hu.scheme(name)): source for name, _, source in published}
        texts = {str(hu.scheme(name)): text for name, text, _ in published}
        names = [str(s) for s in hu.expand_schemes(options.schemes)]
        published = [(name, texts.get(name, name), sources.get(name, "")) for name in names]
    rows = []
    for name, text, source in published:
        s = hu.scheme(name)
        if options.json:
            values = (name, text, str(s.element), s.bits_per_element, source or None)
            print_json(dict(zip(_JSON_KEYS, values, strict=True)))
        else:
            rows.append((name, text, f"{s.bits_per_element:g}", source))
    if rows:
        print_columns(("name", "scheme", "bits per element", "source"), rows)


_JSON_KEYS = {
    "name": "the canonical name",
    "scheme": "the same in full: element and levels of scales",
    "element": "the element format",
    "bits_per_element": "scales counted, in a large array",
    "source": "the document that defines it; null for a scheme without a published name",
}

COMMAND = Command(
    name="schemes",
    text=TEXT,
    examples=(
        "halfulp schemes",
        "halfulp schemes 'e2m{1..3}f/{16,32}:{e8m0fnu,bfloat16}'",
        "halfulp schemes mxfp4 nvfp4 --json",
    ),
    arguments=_arguments,
    run=_run,
    json={"each scheme": _JSON_KEYS},
)
