"""The commands, one module for each: ``COMMAND`` in it says everything that the rest of the command line needs."""

from __future__ import annotations

import importlib

from halfulp.cli.command import Command

# Name and summary, in the order of the help. A module is imported when its command is asked for.
SUMMARIES = {
    "formats": "the formats: widths, limits, specials, sources",
    "schemes": "the schemes with published names, or those that a text with braces stands for",
    "recipes": "the ways to choose scales",
    "describe": "everything about a format or scheme: limits, where the values lie, the table of codes",
    "round": "numbers to members of a format",
    "encode": "numbers to codes",
    "decode": "codes to numbers",
    "vectors": "test vectors for hardware and compilers: operands, expected results and flags",
    "verify": "a device's answers to them, beside the expected ones",
    "sweep": "errors of a model's weights under many schemes",
    "report": "a sweep as one HTML page that opens offline",
    "fit": "a scaling law fitted to training runs",
    "completion": "the script that completes commands, options and names in bash, zsh or fish",
    "validate-gpu": "a GPU's kernels and conversion instructions beside the CPU's",
}


def load(name: str) -> Command:
    """The command of this name."""
    command: Command = importlib.import_module(f"{__name__}.{name.replace('-', '_')}").COMMAND
    return command
