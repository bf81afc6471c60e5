"""halfulp from outside its tree: as a pip package, as an installed CMake package and as a subdirectory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = Path(__file__).parent / "project"

pytestmark = [pytest.mark.consumer, pytest.mark.slow]


def run(*command: object, cwd: Path) -> str:
    """The command's output; its whole log is in the failure's message."""
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def version() -> str:
    text = (ROOT / "include/halfulp/core/config.hpp").read_text()
    defined = dict(line.split()[1:3] for line in text.splitlines() if line.startswith("#define HALFULP_VERSION_"))
    return ".".join(defined[f"HALFULP_VERSION_{part}"] for part in ("MAJOR", "MINOR", "PATCH"))


def test_pip_install_needs_numpy_alone(tmp_path: Path) -> None:
    run(sys.executable, "-m", "venv", tmp_path / "venv", cwd=tmp_path)
    python = tmp_path / "venv/bin/python"
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", ROOT, cwd=tmp_path)

    program = "import halfulp as hu; print(hu.__version__, hu.round(1.1, 'e4m3fn'))"
    assert run(python, "-c", program, cwd=tmp_path).split() == [version(), "1.125"]
    assert "usage" in run(tmp_path / "venv/bin/halfulp", "--help", cwd=tmp_path)
    listed = run(python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check", cwd=tmp_path)
    names = {line.split("==")[0].lower() for line in listed.splitlines()}
    assert names - {"pip", "setuptools"} == {"halfulp", "numpy"}

    # The wheel carries Python's part alone: no C++ library, headers or CMake files.
    assert not list((tmp_path / "venv").rglob("libhalfulp*"))
    assert not list((tmp_path / "venv").rglob("halfulp-config.cmake"))


def build_consumer(tmp_path: Path, *options: str) -> str:
    # A copy: nothing of the tree but what the options name is in reach.
    project = shutil.copytree(PROJECT, tmp_path / "project")
    build = tmp_path / "build"
    run("cmake", "-G", "Ninja", "-S", project, "-B", build, *options, cwd=tmp_path)
    run("cmake", "--build", build, "-j", os.environ.get("HALFULP_JOBS", "2"), cwd=tmp_path)
    return run(build / "consumer", cwd=tmp_path)


def test_cmake_install_and_find_package(tmp_path: Path) -> None:
    built = ROOT / "build/release"  # what tools/test has just built; made here where it is not
    if not (built / "libhalfulp.a").exists():
        built = tmp_path / "library"
        run("cmake", "-G", "Ninja", "-S", ROOT, "-B", built, cwd=tmp_path)
        run("cmake", "--build", built, "-j", os.environ.get("HALFULP_JOBS", "2"), cwd=tmp_path)
    # Moved after the installation: an installed package must not know where it was made.
    run("cmake", "--install", built, "--prefix", tmp_path / "made", cwd=tmp_path)
    prefix = (tmp_path / "made").rename(tmp_path / "prefix")

    output = build_consumer(tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}", "-DCMAKE_BUILD_TYPE=Release")
    assert output.split()[0] == version()
    # What is installed says nothing of the machine that it was built on.
    for file in prefix.rglob("*.cmake"):
        assert str(ROOT) not in file.read_text(), file


def test_add_subdirectory(tmp_path: Path) -> None:
    output = build_consumer(tmp_path, f"-DHALFULP_SOURCE={ROOT}", "-DCMAKE_BUILD_TYPE=Debug")
    assert output.split()[0] == version()
