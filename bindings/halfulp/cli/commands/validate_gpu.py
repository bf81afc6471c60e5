"""``halfulp validate-gpu``: a GPU's bits beside the CPU's."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from halfulp import gpu
from halfulp.cli.command import Command, Parser
from halfulp.cli.output import print_json

TEXT = "Compares CPU bits, CUDA kernels and the GPU's own conversion instructions, and reports as Markdown."

_ANSWERS = {
    gpu.ALL_EQUAL: "all equal",
    gpu.DIFFERENCES: "there are differences",
    gpu.NO_GPU: "no GPU that can be used",
    gpu.NO_PROGRAM: "built without CUDA",
}


def _arguments(parser: Parser) -> None:
    parser.offer("files", "--out", metavar="FILE", help="the report (default: stdout)")
    parser.add_argument("--quick", action="store_true", help="less of everything: seconds instead of minutes")


def _run(options: argparse.Namespace) -> int:
    if not options.json:
        return gpu.validate(options.out, options.quick)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "report.md") if options.out is None else Path(options.out)
        code = gpu.validate(str(out), options.quick)
        text = out.read_text(encoding="utf-8") if code in (gpu.ALL_EQUAL, gpu.DIFFERENCES) else None
    print_json({"equal": {gpu.ALL_EQUAL: True, gpu.DIFFERENCES: False}.get(code), "exit_code": code, "report": text})
    return code


COMMAND = Command(
    name="validate-gpu",
    text=TEXT,
    examples=("halfulp validate-gpu --out report.md", "halfulp validate-gpu --quick"),
    arguments=_arguments,
    run=_run,
    json={
        "the comparison": {
            "equal": "are all bits equal? null where nothing was compared",
            "exit_code": "as below",
            "report": "the Markdown text; null where nothing was compared",
        }
    },
    exit_codes=_ANSWERS,
)
