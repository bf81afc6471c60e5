"""The hardware examples under cocotb and Icarus Verilog: right units pass, the planted fault is found."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "hardware/examples/check_e4m3fn.py"


@pytest.fixture(scope="module", autouse=True)
def simulator() -> None:
    pytest.importorskip("cocotb", reason="cocotb is not installed: its example is not run")
    if shutil.which("iverilog") is None:
        pytest.skip("no iverilog here (tools/setup --tests installs it where it may): cocotb's example is not run")
    import find_libpython

    if find_libpython.find_libpython() is None:
        pytest.skip("this Python has no shared library, which cocotb loads into the simulator: its example is not run")


def check(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, SCRIPT, *arguments], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout


@pytest.mark.parametrize("unit", ["multiply", "add"])
def test_a_right_unit_passes(unit: str) -> None:
    status, output = check(unit)
    assert status == 0, output
    assert "TESTS=1 PASS=1 FAIL=0" in output


@pytest.mark.parametrize(
    ("unit", "mismatch"),
    [
        ("multiply", "a = 01 (0.00195312), b = 31 (0.5625): the unit says 00 (0), right is 01 (0.00195312)"),
        ("add", "a = 03 (0.00585938), b = a1 (-0.140625): the unit says a0 (-0.125), right is a1 (-0.140625)"),
    ],
    ids=["multiply", "add"],
)
def test_the_planted_fault_is_found(unit: str, mismatch: str) -> None:
    status, output = check(unit, "--planted")
    assert status == 1, output
    assert f"first mismatch: {mismatch}" in output
    # By Verilator and DPI it is the same one.
    assert mismatch in (SCRIPT.parents[2] / "tests/hardware/check_verilator.cmake").read_text(encoding="utf-8")
