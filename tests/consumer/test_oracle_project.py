"""halfulp as another project's oracle: single include, installed package and C interface, from Catch2 and from C."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = Path(__file__).parent / "oracle_project"

pytestmark = [pytest.mark.consumer, pytest.mark.slow]


def run(*command: object, cwd: Path, **environment: str) -> str:
    """The command's output; its whole log is in the failure's message."""
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | environment,
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where halfulp is installed: moved after the installation, so nothing in it may know where it was made."""
    folder = tmp_path_factory.mktemp("install")
    built = ROOT / "build/release"  # what tools/test has just built; made here where it is not
    if not (built / "libhalfulp_c.so").exists():
        built = folder / "library"
        run("cmake", "-G", "Ninja", "-S", ROOT, "-B", built, cwd=folder)
        run("cmake", "--build", built, "-j", os.environ.get("HALFULP_JOBS", "2"), cwd=folder)
    run("cmake", "--install", built, "--prefix", folder / "made", cwd=folder)
    return (folder / "made").rename(folder / "prefix")


def test_catch2_tests_by_single_include_and_by_package(prefix: Path, tmp_path: Path) -> None:
    # A copy: nothing of the tree but what the options name is in reach.
    project = shutil.copytree(PROJECT, tmp_path / "project")
    single = tmp_path / "single"
    single.mkdir()
    run(sys.executable, ROOT / "tools/single_include.py", single / "halfulp_core.hpp", cwd=tmp_path)
    build = tmp_path / "build"
    catch2 = ROOT / ".deps/catch2"
    prefixes = ";".join(map(str, [prefix, catch2]))
    options = [f"-DCMAKE_PREFIX_PATH={prefixes}", f"-DSINGLE_INCLUDE={single}", "-DCMAKE_BUILD_TYPE=Release"]
    if (xtensor := ROOT / ".deps/xtensor/include").is_dir():
        options.append(f"-DHALFULP_XTENSOR_INCLUDE={xtensor}")
    run("cmake", "-G", "Ninja", "-S", project, "-B", build, *options, cwd=tmp_path)
    run("cmake", "--build", build, "-j", os.environ.get("HALFULP_JOBS", "2"), cwd=tmp_path)
    for program in ("with_single_include", "with_package"):
        assert "All tests passed" in run(build / program, cwd=tmp_path)
    assert run(build / "with_matrices", cwd=tmp_path) == "1 3\n"
    for program in ("with_halfulp_c", "with_halfulp_c_static"):
        assert run(build / program, cwd=tmp_path).split()[1:] == ["3e", "01"]  # 1.6875: halfway, to 1.75


def test_c_by_pkg_config(prefix: Path, tmp_path: Path) -> None:
    if shutil.which("pkg-config") is None:
        pytest.skip("no pkg-config here")
    (folder,) = (file.parent for file in prefix.rglob("halfulp_c.pc"))
    words = run("pkg-config", "--cflags", "--libs", "halfulp_c", cwd=tmp_path, PKG_CONFIG_PATH=str(folder)).split()
    run("gcc", "-std=c99", "-pedantic", "-Werror", PROJECT / "main.c", "-o", "main", *words, cwd=tmp_path)
    (library,) = (file.parent for file in prefix.rglob("libhalfulp_c.so"))
    assert run(tmp_path / "main", cwd=tmp_path, LD_LIBRARY_PATH=str(library)).split()[1:] == ["3e", "01"]


def test_the_single_include_says_how_it_is_called() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "tools/single_include.py", "--no-such"], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert "HALFULP_IMPLEMENTATION" in done.stdout


def test_the_page_for_chip_teams_prints_what_it_says(prefix: Path, tmp_path: Path) -> None:
    if shutil.which("verilator") is None:
        pytest.skip("no verilator here: the commands of docs/hardware.md are not run")
    page = (ROOT / "docs/hardware.md").read_text(encoding="utf-8")
    install, simulate = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert install in (ROOT / "docs/cpp.md").read_text(encoding="utf-8")  # where it is run
    (tmp_path / ".local").symlink_to(prefix)
    (tmp_path / "hardware").symlink_to(ROOT / "hardware")
    (tmp_path / "build").mkdir()
    output = run("bash", "-ec", simulate, cwd=tmp_path, HOME=str(tmp_path))
    (shown,) = re.findall(r"^```text\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    for line in shown.splitlines():
        assert line in output.splitlines()
