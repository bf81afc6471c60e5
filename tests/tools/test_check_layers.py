"""tools/check_layers.py finds each kind of wrong include, and only those."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools/check_layers.py"


def check(root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, root], text=True, capture_output=True)


def write(root: Path, path: str, *includes: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text("#pragma once\n" + "".join(f"#include {name}\n" for name in includes))


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("include/halfulp/core/bits.hpp", '"halfulp/core/random.hpp"'),
        ("include/halfulp/codecs/codec.hpp", '"halfulp/formats/format.hpp"'),
        ("include/halfulp/halfulp.hpp", '"halfulp/analysis/error.hpp"'),
        ("src/kernels/scalar/round.cpp", '"halfulp/kernels/round.hpp"'),
        ("src/kernels/simd/round.cpp", "<xsimd/xsimd.hpp>"),
        ("bindings/module.cpp", "<halfulp/halfulp.hpp>"),
        ("bindings/module.cpp", "<pybind11/pybind11.h>"),
        ("tests/oracle/exact.hpp", "<boost/multiprecision/cpp_int.hpp>"),
        ("tests/oracle/format.hpp", '"halfulp/formats/format.hpp"'),
        ("include/halfulp/core/bits.hpp", "<bit>"),
    ],
)
def test_allows(tmp_path: Path, path: str, include: str) -> None:
    write(tmp_path, path, include)
    done = check(tmp_path)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("include/halfulp/core/bits.hpp", '"halfulp/formats/format.hpp"'),
        ("include/halfulp/formats/format.hpp", "<halfulp/analysis/error.hpp>"),
        ("src/codecs/table.cpp", '"halfulp/blocks/scheme.hpp"'),
        ("include/halfulp/core/bits.hpp", "<halfulp/halfulp.hpp>"),
        ("include/halfulp/misc/bits.hpp", "<bit>"),
        ("include/halfulp/codecs/codec.hpp", "<xsimd/xsimd.hpp>"),
        ("include/halfulp/core/bits.hpp", "<pybind11/pybind11.h>"),
        ("src/formats/describe.cpp", "<boost/multiprecision/cpp_int.hpp>"),
        ("tests/oracle/exact.hpp", '"halfulp/rounding/mode.hpp"'),
        ("tests/oracle/exact.hpp", '"halfulp/codecs/codec.hpp"'),
    ],
)
def test_refuses(tmp_path: Path, path: str, include: str) -> None:
    write(tmp_path, path, include)
    done = check(tmp_path)
    assert done.returncode == 1
    assert f"{path}:" in done.stdout


def test_follows_relative_includes(tmp_path: Path) -> None:
    write(tmp_path, "src/kernels/body.hpp")
    write(tmp_path, "src/codecs/table.cpp", '"kernels/body.hpp"')
    done = check(tmp_path)
    assert done.returncode == 1
    assert "src/codecs/table.cpp:2: includes kernels/body.hpp" in done.stdout


def test_refuses_an_empty_tree(tmp_path: Path) -> None:
    assert check(tmp_path).returncode == 1
