"""``halfulp recipes``: the ways to choose scales."""

from __future__ import annotations

import argparse

import halfulp as hu
from halfulp.cli.command import Command, Parser
from halfulp.cli.describing.scheme_page import POWER_OF_TWO
from halfulp.cli.output import print_columns, print_json

TEXT = f"""\
Lists the recipes: how the scales of a scheme are found from the numbers, as scheme@recipe=NAME.

shape says which schemes a recipe is for: power_of_two is element/N:format with scales that are powers of two, as
mxfp4; nvfp4 is e2m1fn/N:e4m3fn/tensor:binary32.
In the summaries:
{POWER_OF_TWO}.
halfulp describe 'mxfp4@recipe=ceil' works a recipe through on a group."""

_JSON_KEYS = {
    "name": "what stands after @recipe=",
    "shape": "the schemes that it is for: power_of_two or nvfp4",
    "default": "do they have it without @recipe=?",
    "summary": "what it does",
    "source": "whose it is",
}


def _arguments(parser: Parser) -> None:
    pass


def _run(options: argparse.Namespace) -> None:
    if options.json:
        for recipe in hu.recipes():
            print_json({key: getattr(recipe, key) for key in _JSON_KEYS})
        return
    rows = [(r.name, r.shape, r.summary, r.source) for r in hu.recipes()]
    print_columns(("name", "shape", "summary", "source"), rows)


COMMAND = Command(
    name="recipes",
    text=TEXT,
    examples=("halfulp recipes", "halfulp recipes --json"),
    arguments=_arguments,
    run=_run,
    json={"each recipe": _JSON_KEYS},
)
