"""What the tests of the command line share."""

import json
import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import halfulp as hu
import numpy as np
from halfulp import cli


def run(capsys, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    try:
        code = cli.main(words)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return code, out, err


def refused(capsys, *words: str) -> str:
    """The one line that a refused command says."""
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, ""), (words, code, out, err)
    assert err.count("\n") == 1, err
    assert err.startswith("halfulp")
    return err


def json_lines(capsys, *words: str, code: int = 0) -> list[dict]:
    """The objects of a command with --json, read as strictly as JSON is."""

    def no_constant(text: str):
        raise AssertionError(f"{text} is not JSON")

    got, out, _ = run(capsys, *words, "--json")
    assert got == code, words
    return [json.loads(line, parse_constant=no_constant) for line in out.splitlines()]


def write_weights(folder: Path) -> None:
    """weights.npz (two matrices and a vector), the same as model.safetensors, inputs.npz for the first matrix."""
    rng = np.random.default_rng(0)
    arrays = {"layers.0.a": rng.normal(size=(8, 64)), "layers.1.b": rng.normal(size=(4, 32)).astype("f4")}
    np.savez(folder / "weights.npz", bias=np.ones(4), **arrays)
    np.savez(folder / "inputs.npz", **{"layers.0.a": rng.normal(size=(20, 64))})
    header, data = {}, b""
    for name, array in arrays.items():
        content = array.astype("<f4").tobytes()
        places = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": places}
        data += content
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


def environment() -> dict[str, str]:
    """That of a process which imports the same halfulp."""
    package = Path(hu.__file__).parent.parent
    return os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}


def in_its_own_process(*words: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=environment(), timeout=120, **options
    )


def interrupted(function: str, *words: str) -> tuple[int, str]:
    """The exit code and standard error of a command that gets Ctrl-C while it is in a function of the package."""
    script = (
        "import signal, sys, time, halfulp as hu; from halfulp.cli import main\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # shells start background jobs without it
        f"{function} = lambda *a, **k: (print('ready', flush=True), time.sleep(60))\n"
        f"sys.exit(main({list(words)!r}))"
    )
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", script], text=True, env=environment(), **pipes) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    return process.returncode, err
