"""What ``halfulp`` says of itself: alone, and with --help."""

from __future__ import annotations

from halfulp.cli.command import EXIT_CODES
from halfulp.cli.commands import SUMMARIES

EXAMPLES = {
    "halfulp formats --bits 8": "which 8-bit formats there are",
    "halfulp describe e4m3fn": "where its values lie, and the number behind every code",
    "halfulp round 0.1 3.14159 1000 e4m3fn": "what becomes of a number",
    "halfulp describe nvfp4": "a block scheme, worked through on one group",
    "halfulp sweep model.safetensors mxfp4 nvfp4": "what block schemes do to a model's weights",
}


def _listed(meanings: dict[str, str]) -> str:
    width = max(map(len, meanings))
    return "".join(f"  {word:{width}}  {meaning}\n" for word, meaning in meanings.items())


SHORT = (
    "halfulp: low-precision number formats and block schemes, bit for bit.\n\n"
    + _listed(EXAMPLES)
    + "\nhalfulp --help lists the commands; halfulp COMMAND --help explains one, with examples.\n"
)

LONG = (
    "usage: halfulp COMMAND ...\n\nBit-exact low-precision number formats and block schemes.\n\ncommands:\n"
    + _listed(SUMMARIES)
    + "\nhalfulp COMMAND --help explains a command, with examples. Every command knows --json.\n\nexamples:\n"
    + _listed(EXAMPLES)
    + "\nexit codes:\n"
    + _listed({"0": EXIT_CODES[0], "1": "the answer is no, or there are differences", "2": EXIT_CODES[2]})
    + f"  130  {EXIT_CODES[130]}\n"
    + "\noptions:\n"
    + _listed({"-h, --help": "this text", "--version": "the version"})
)
