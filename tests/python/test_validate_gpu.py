"""halfulp validate-gpu where there is no GPU: exit codes, where the program is looked for, what it is called with."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from halfulp import cli, gpu


def program(folder: Path, text: str) -> Path:
    path = folder / gpu.NAME
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_without_the_program_the_exit_code_is_4_and_the_line_says_how_to_build_it(monkeypatch, capfd):
    monkeypatch.delenv(gpu.VARIABLE, raising=False)
    monkeypatch.setattr(gpu, "find_program", lambda: None)
    assert cli.main(["validate-gpu"]) == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "HALFULP_CUDA=ON" in err
    assert gpu.VARIABLE in err


def test_it_is_found_beside_the_package_or_in_the_build_folders_of_its_checkout(tmp_path, monkeypatch):
    monkeypatch.delenv(gpu.VARIABLE, raising=False)
    package = tmp_path / "checkout" / ".venv" / "halfulp"
    package.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    program(tmp_path, "exit 0")  # in the working directory: not to be run
    assert gpu.find_program(package) is None
    sources = tmp_path / "checkout" / "src" / "kernels" / "cuda"
    sources.mkdir(parents=True)
    (sources / "validate_gpu.cu").touch()
    assert gpu.find_program(package) is None
    build = tmp_path / "checkout" / "build" / "cuda"
    build.mkdir(parents=True)
    built = program(build, "exit 0")
    assert gpu.find_program(package) == built
    beside = program(package, "exit 0")
    assert gpu.find_program(package) == beside


@pytest.mark.parametrize("code", [0, 1, 2, 3])
def test_the_programs_exit_code_and_words_pass_through(tmp_path, monkeypatch, capfd, code):
    monkeypatch.setenv(gpu.VARIABLE, str(program(tmp_path, f'echo "$@"; exit {code}')))
    assert cli.main(["validate-gpu", "--out", "a report.md", "--quick"]) == code
    assert capfd.readouterr().out == "--out a report.md --quick\n"


def test_a_program_that_is_not_there_or_dies_is_code_2(tmp_path, monkeypatch, capfd):
    monkeypatch.setenv(gpu.VARIABLE, str(tmp_path / "absent"))
    assert cli.main(["validate-gpu"]) == 2
    assert gpu.VARIABLE in capfd.readouterr().err
    monkeypatch.setenv(gpu.VARIABLE, str(program(tmp_path, "kill -9 $$")))
    assert cli.main(["validate-gpu"]) == 2
    assert "signal 9" in capfd.readouterr().err
    assert cli.main(["validate-gpu", "--out", ""]) == 2


@pytest.fixture
def built():
    """The real program, or a skip that says what is missing."""
    found = gpu.find_program()
    if found is None:
        pytest.skip(f"{gpu.NAME} is not built here: it needs nvcc (HALFULP_CUDA)")
    return found


def test_the_real_program_without_a_gpu_says_so_and_exits_with_3(built, capfd):
    if shutil.which("nvidia-smi") and subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=False).stdout:
        pytest.skip("this machine has a GPU")
    assert cli.main(["validate-gpu"]) == 3
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "no GPU" in err


def test_the_real_program_run_on_the_host_writes_a_report_without_differences(built, tmp_path):
    report = tmp_path / "report.md"
    done = subprocess.run(
        [built, "--host", "--quick", "--out", report], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    text = report.read_text()
    assert "**All equal.**" in text
    assert "says nothing about a GPU" in text
    assert "| encode float32 | CPU |" in text
    assert "cvt.rs.satfinite.e2m1x4.f32" in text
    assert "**differs**" not in text
    assert [path.name for path in tmp_path.iterdir()] == ["report.md"]


def test_the_real_program_refuses_what_it_cannot_do(built, tmp_path):
    for words in (["--what"], ["--out"], ["--host", "--quick", "--out", str(tmp_path / "no" / "folder.md")]):
        done = subprocess.run([built, *words], capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 2, words
        assert done.stdout == ""
        assert done.stderr
