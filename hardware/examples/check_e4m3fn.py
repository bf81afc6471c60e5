"""Every pair of codes through a unit in Icarus Verilog, driven by cocotb, against hu.codes.

python hardware/examples/check_e4m3fn.py multiply        (or: add; --planted: the unit with the planted fault)
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

import cocotb
import halfulp as hu
import numpy as np
from cocotb.triggers import Timer
from cocotb_tools.runner import get_results, get_runner

FORMAT = "e4m3fn"


@cocotb.test()
async def every_pair(dut: cocotb.handle.HierarchyObject) -> None:
    operation = {"multiply": hu.codes.mul, "add": hu.codes.add}[os.environ["UNIT"]]
    a, b = (x.ravel() for x in np.indices((256, 256), dtype=np.uint8))
    for x, y, right in zip(a, b, operation(a, b, FORMAT), strict=True):
        dut.a.value = int(x)
        dut.b.value = int(y)
        await Timer(1, "step")
        found = np.uint8(int(dut.y.value))
        if found != right:
            raise AssertionError(
                f"first mismatch: a = {shown(x)}, b = {shown(y)}: the unit says {shown(found)}, right is {shown(right)}"
            )


def shown(code: np.uint8) -> str:
    """A code and its value."""
    return f"{code:02x} ({hu.decode(code, FORMAT):g})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("unit", choices=["multiply", "add"])
    parser.add_argument("--planted", action="store_true")
    arguments = parser.parse_args()
    here = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as build:
        runner = get_runner("icarus")
        runner.build(
            sources=[here / "e4m3fn_round.sv", here / f"e4m3fn_{arguments.unit}.sv"],
            hdl_toplevel=f"e4m3fn_{arguments.unit}",
            parameters={"PLANTED_FAULT": int(arguments.planted)},
            build_args=["-g2012"],
            build_dir=build,
        )
        results = runner.test(
            test_module=Path(__file__).stem,
            test_dir=build,
            hdl_toplevel=f"e4m3fn_{arguments.unit}",
            extra_env={"UNIT": arguments.unit},
        )
        _, failed = get_results(results)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
