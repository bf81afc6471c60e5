"""halfulp sweep and report."""

import json
import re
import sys
from pathlib import Path

import halfulp as hu
import numpy as np
import pytest
from cli_support import interrupted, json_lines, refused, run, write_weights
from halfulp import cli

pytest.importorskip("pandas")

METRIC = "import numpy as np\n\ndef worst(w, q):\n    return float(np.abs(w - q).max())\n\nnumber = 3\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    write_weights(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_sweep_writes_table_picture_report_and_findings(here: Path, capsys):
    # Catches: schemes joined wrongly; files in another place; findings that are not those of the table.
    for package in ("pyarrow", "matplotlib"):
        pytest.importorskip(package)
    from halfulp.sweeping import findings, read_table

    files = {"--output": "new/t.parquet", "--plot": "new/p.png", "--findings": "new/f.txt", "--report": "new/r.html"}
    options = [word for pair in files.items() for word in pair]
    code, text, err = run(capsys, "sweep", "weights.npz", "mxfp4", "e{2..3}m1f/{16,32}:bfloat16", *options)
    assert code == 0
    table = read_table(files["--output"])
    expected = hu.sweep("weights.npz", ["mxfp4", "e{2..3}m1f/{16,32}:bfloat16"], progress=False)
    assert table.equals(expected)
    assert table.attrs["halfulp"]["weights"] == "weights.npz"
    assert text.splitlines() == findings(table) == Path(files["--findings"]).read_text().splitlines()
    assert Path(files["--plot"]).read_bytes().startswith(b"\x89PNG")
    assert "mxfp4" in Path(files["--report"]).read_text(encoding="utf-8")
    assert "2 matrices, 640 weights; left out: 1 × float64 array with fewer than two axes" in err
    assert all(f"wrote {file}" in err for file in files.values())


def test_sweep_without_output_prints_a_row_for_each_scheme(here: Path, capsys):
    # Catches: a sweep whose numbers are nowhere; remarks in spite of --quiet; options not passed on.
    words = ("mxfp4", "nvfp4", "--quiet", "--rounding", "sr", "--rng", "5", "--axis", "0", "--random-bits", "4")
    code, out, err = run(capsys, "sweep", "weights.npz", *words)
    assert (code, err) == (0, "")
    table = hu.sweep("weights.npz", "mxfp4 nvfp4", rounding="sr", rng=5, axis=0, random_bits=4, progress=False)
    for row in table[table["matrix"] == "(model)"].itertuples():
        assert re.search(rf"{row.scheme} +{row.bits_per_element:.4g}\d* +{row.relative_error:.4g}", out)
    assert len(out.splitlines()) == 1 + 2 + 1 + 5


def rows(capsys, *words: str) -> list[dict]:
    return json_lines(capsys, "sweep", "weights.npz", *words, "--quiet")


def test_json_is_the_table(here: Path, capsys):
    # Catches: rows left out; numbers rounded on the way; NaN for what is missing.
    table = hu.sweep("weights.npz", "mxfp4 e4m3fn", progress=False)
    things = rows(capsys, "mxfp4", "e4m3fn")
    assert len(things) == len(table) == 6
    for thing, row in zip(things, table.to_dict(orient="records"), strict=True):
        for key in ("scheme", "matrix", "relative_error", "squared_error", "bytes", "kl"):
            assert thing[key] == row[key]
        assert thing["output_error"] == "nan"
        assert thing["block"] == (32 if thing["scheme"] == "mxfp4" else None)


def test_options_reach_the_sweep(here: Path, capsys):
    # Catches: an option that is read and not passed on.
    inputs = dict(np.load("inputs.npz"))
    cases = {
        ("--activations", "inputs.npz"): {"activations": inputs},
        ("--scale-rounding", "toward_positive"): {"scale_rounding": "toward_positive"},
        ("--rounding", "rz,stochastic", "--rng", "3"): {"rounding": ["rz", "stochastic"], "rng": 3},
        ("--no-kl",): {"kl": False},
        ("--axis", "0", "--channel-axis", "1"): {"axis": 0, "channel_axis": 1},
        ("--workers", "1"): {"workers": 1},
        ("--executor", "threads", "--workers", "2"): {"workers": 2},
    }
    schemes = ["mxfp4", "e4m3fn/channel:binary32"]
    for words, keywords in cases.items():
        table = hu.sweep("weights.npz", schemes, progress=False, **keywords)
        things = rows(capsys, *schemes, *words)
        for column in ("relative_error", "output_error", "kl", "rounding"):
            expected = [value if value == value else "nan" for value in table[column]]
            assert [thing[column] for thing in things] == expected, words
    plain = rows(capsys, "mxfp4@search=mse")
    weighed = rows(capsys, "mxfp4@search=mse", "--activations", "inputs.npz", "--importance", "activations")
    assert plain[0]["relative_error"] < weighed[0]["relative_error"]
    np.savez("importance.npz", **{"layers.0.a": np.square(inputs["layers.0.a"]).mean(axis=0)})
    same = rows(capsys, "mxfp4@search=mse", "--importance", "importance.npz")
    assert same[0]["relative_error"] == weighed[0]["relative_error"]


def test_keywords_are_passed_on_only_where_the_option_is_given(here: Path, capsys, monkeypatch):
    # Catches: defaults said twice, here and in the engine.
    seen = {}
    sweep = hu.sweeping.sweep
    monkeypatch.setattr(hu.sweeping, "sweep", lambda *a, **k: (seen.update(k), sweep(*a, **k))[1])
    assert run(capsys, "sweep", "weights.npz", "mxfp4", "--quiet")[0] == 0
    assert set(seen) == {"axis", "rounding", "rng", "progress"}


def test_metrics_become_columns_also_in_other_processes(here: Path, capsys):
    # Catches: functions that cannot be sent to processes; columns that are not shown.
    Path("my_measures.py").write_text(METRIC)
    words = ("mxfp4", "nvfp4", "--metrics", "my_measures.py:worst")
    here_and_now = rows(capsys, *words)
    assert [thing["worst"] for thing in here_and_now[:2]] == [thing["max_error"] for thing in here_and_now[:2]]
    assert rows(capsys, *words, "--executor", "processes", "--workers", "2") == here_and_now
    assert " worst" in run(capsys, "sweep", "weights.npz", *words, "--quiet")[1].splitlines()[0]


def test_metrics_that_cannot_be_had_are_refused(here: Path, capsys):
    Path("my_numbers.py").write_text(METRIC)
    Path("json.py").write_text(METRIC)
    Path("tabnanny.py").write_text(METRIC)
    Path("my_broken.py").write_text("1 / 0\n")
    cases = {
        "my_numbers.py": "allowed: a file and a function in it",
        "my_numbers.py:": "allowed: a file and a function in it",
        "absent.py:worst": "absent.py is not a file",
        "my_numbers.py:best": "has no function 'best'",
        "my_numbers.py:number": "has no function 'number'",
        "json.py:worst": "has the name of another module",
        "tabnanny.py:worst": "has the name of another module",  # of the standard library, not imported yet
        "my_broken.py:worst": "my_broken.py fails: ZeroDivisionError",
    }
    for text, message in cases.items():
        assert message in refused(capsys, "sweep", "weights.npz", "mxfp4", "--quiet", "--metrics", text)
    twice = ("--metrics", "my_numbers.py:worst", "--metrics", "my_numbers.py:worst")
    assert "'worst' twice" in refused(capsys, "sweep", "weights.npz", "mxfp4", "--quiet", *twice)


def test_results_are_kept_and_taken_up_again(here: Path, capsys, monkeypatch):
    # Catches: a folder that is not passed on; a report that cannot read it.
    pytest.importorskip("pyarrow")
    words = ("sweep", "weights.npz", "mxfp4", "nvfp4", "--results", "kept", "--quiet")
    first = run(capsys, *words)
    assert first[0] == 0
    assert any(Path("kept").iterdir())
    monkeypatch.setattr("halfulp.sweeping.measuring.fake_quantize_report", lambda *_, **__: pytest.fail("again"))
    assert run(capsys, *words) == first
    code, out, err = run(capsys, "report", "kept", "-o", "new/kept.html", "--title", "A <kept> sweep")
    assert (code, out, err) == (0, "", "wrote new/kept.html\n")
    page = Path("new/kept.html").read_text(encoding="utf-8")
    assert "nvfp4" in page
    assert "A &lt;kept&gt; sweep" in page or "A \\u003ckept" in page
    next(Path("kept").rglob("*.parquet")).unlink()  # what is left is what a sweep that was stopped leaves
    assert "no scheme has all its matrices yet" in refused(capsys, "report", "kept", "-o", "half.html")


def test_report_of_a_table(here: Path, capsys):
    pytest.importorskip("pyarrow")
    assert run(capsys, "sweep", "weights.npz", "mxfp4", "nvfp4", "-o", "t.parquet", "--quiet")[0] == 0
    (thing,) = json_lines(capsys, "report", "t.parquet", "-o", "t.html")
    assert thing == {"report": "t.html", "schemes": 2, "rows": 6, "bytes": Path("t.html").stat().st_size}


def test_report_refuses(here: Path, capsys):
    # Catches: a page written from nothing; tracebacks of pyarrow.
    pytest.importorskip("pyarrow")
    import pandas

    run(capsys, "sweep", "weights.npz", "mxfp4", "-o", "t.parquet", "--quiet")
    Path("foreign.parquet").write_bytes(b"PAR1 no")
    Path("empty").mkdir()
    pandas.DataFrame({"a": [1]}).to_parquet("other.parquet")
    cases = {
        ("absent.parquet", "-o", "r.html"): "neither a file nor a folder",
        ("", "-o", "r.html"): "neither a file nor a folder",
        ("t.parquet", "-o", "r.pdf"): "ends in .html",
        ("foreign.parquet", "-o", "r.html"): "foreign.parquet is not a sound Parquet file, allowed",
        ("t.parquet", "-o", "r.html", "--tasks", "foreign.parquet"): "foreign.parquet is not a sound Parquet file",
        ("other.parquet", "-o", "r.html"): "other.parquet",
        ("empty", "-o", "r.html"): "empty",
        ("t.parquet", "-o", "r.html", "--tasks", "other.parquet"): "not a table of end tasks",
        ("t.parquet", "-o", "r.html", "--tasks", "absent.parquet"): "is not a file",
        ("t.parquet",): "-o/--output",
    }
    for words, message in cases.items():
        assert message in refused(capsys, "report", *words)
    assert not Path("r.html").exists()


def test_one_matrix_is_no_matrices(here: Path, capsys):
    np.savez("one.npz", a=np.ones((2, 32)))
    assert run(capsys, "sweep", "one.npz", "pm1_pmi/8:binary16")[2].splitlines()[0] == "one.npz: 1 matrix, 64 weights"


def test_a_bad_scheme_is_told_before_the_weights_are_read(here: Path, capsys):
    # Catches: the list of matrices, or hours of reading, before the error. `refused` sees one line.
    for scheme in ("mxfp5", "pm1_pmi/x:binary16", "e4m3fn/32:e8m0fnu@recipe=none"):
        assert scheme.split("/")[0] in refused(capsys, "sweep", "weights.npz", "mxfp4", scheme)
        assert "neither a file" not in refused(capsys, "sweep", "absent.npz", scheme)


def test_sweep_refuses_in_one_line(here: Path, capsys):
    # Catches: tracebacks; messages that do not say what was wrong.
    Path("bad.safetensors").write_bytes(b"\0" * 5)
    Path("bad.npz").write_bytes(b"PK no")
    cases = {
        ("weights.npz", "mxfp5"): "mxfp5",
        ("weights.npz", "mxfp4", "--axis", "7"): "axis is 7",
        ("weights.npz", "mxfp4", "--rounding", "stochastic"): "--rng 42",
        ("weights.npz", "mxfp4", "--rounding", "rne,stochastic"): "--rng 42",
        ("weights.npz", "mxfp4", "--scale-rounding", "sr"): "scale_rounding is 'sr'",
        ("weights.npz", "mxfp4", "--rounding", "rne,wild"): "'wild'",
        ("weights.npz", "mxfp4", "--workers", "0"): "workers is 0",
        ("weights.npz", "mxfp4", "--workers", "0", "--executor", "processes"): "workers is 0",
        ("weights.npz", "mxfp4", "--executor", "proceses"): "did you mean 'processes'?",
        ("weights.npz", "mxfp4", "--executor", "dask:"): "allowed: threads, processes, dask:ADDRESS",
        ("weights.npz", "mxfp4", "--executor", "dask:tcp://h:1", "--workers", "2"): "which has its own",
        ("weights.npz", "mxfp4", "--activations", "weights.txt"): "ends in .npz",
        ("weights.npz", "mxfp4", "--activations", "absent.npz"): "absent.npz",
        ("weights.npz", "mxfp4", "--activations", "bad.npz"): "bad.npz is not a sound .npz file",
        ("weights.npz", "mxfp4", "--activations", "weights.npz"): "layers.0.a",
        ("weights.npz", "mxfp4", "--results", "weights.npz"): "results is 'weights.npz', which is the weights too",
        ("weights.npz", "mxfp4", "--results", "inputs.npz"): "inputs.npz",
        ("bad.safetensors", "mxfp4"): "bad.safetensors is not a sound safetensors file",
        ("nowhere.npz", "mxfp4"): "neither a file nor a folder",
        ("", "mxfp4"): "weights is ''",
        ("weights.npz",): "SCHEME",
    }
    for words, message in cases.items():
        assert message in refused(capsys, "sweep", *words, *(("--quiet",) if len(words) > 1 else ())), words


def test_results_that_cannot_be_written_are_refused_before_the_work(here: Path, capsys, monkeypatch):
    # Catches: an hour of work lost to a wrong name.
    for package in ("pyarrow", "matplotlib"):
        pytest.importorskip(package)
    monkeypatch.setattr("halfulp.sweeping.sweep", lambda *_, **__: pytest.fail("the sweep ran"))
    Path("folder.parquet").mkdir()
    cases = {
        ("-o", "t.csv"): "ends in .parquet",
        ("-o", "folder.parquet"): "is a folder",
        ("-o", ""): "output is ''",
        ("--plot", "p.bmp"): "ends in .png",
        ("--report", "r.txt"): "ends in .html",
        ("--findings", "."): "is a folder",
        ("--findings", "weights.npz/findings.txt"): "is not a folder",
        ("--findings", "weights.npz"): "findings is 'weights.npz', which is the weights too",
        ("--activations", "inputs.npz", "--findings", "inputs.npz"): "which is the activations too",
        ("-o", "a.parquet", "--findings", "./a.parquet"): "findings is './a.parquet', which is output too",
    }
    before = Path("weights.npz").read_bytes()
    for options, message in cases.items():
        assert message in refused(capsys, "sweep", "weights.npz", "mxfp4", "--quiet", *options)
    assert Path("weights.npz").read_bytes() == before


def test_keep_going_is_1_where_pairs_fail(here: Path, capsys):
    # Catches: a table with holes and an exit code of 0.
    np.savez("broken.npz", good=np.ones((2, 32), np.float32), bad=np.full((2, 32), np.nan, np.float32))
    assert "bad" in refused(capsys, "sweep", "broken.npz", "mxfp4", "--quiet")
    code, _, err = run(capsys, "sweep", "broken.npz", "mxfp4", "nvfp4", "--keep-going")
    assert code == 1
    assert "2 of 6 pairs failed; the first: mxfp4, bad: " in err
    things = json_lines(capsys, "sweep", "broken.npz", "mxfp4", "--keep-going", "--quiet", code=1)
    assert [bool(thing["error"]) for thing in things] == [False, True, True]
    assert run(capsys, "sweep", "weights.npz", "mxfp4", "--keep-going", "--quiet")[0] == 0


def test_ctrl_c_says_how_to_go_on(here: Path):
    # Catches: a traceback, or work that is lost without a word.
    code, err = interrupted("hu.sweeping.sweep", "sweep", "weights.npz", "mxfp4", "--quiet", "--results", "kept")
    assert code == 130
    assert err.splitlines() == [
        "halfulp sweep: the same command goes on with what kept has",
        "halfulp sweep: interrupted",
    ]


def test_an_executor_that_dies_is_one_line(here: Path, capsys, monkeypatch):
    # Catches: a traceback of concurrent.futures.
    def dies(*_, **__):
        raise hu.sweeping.ExecutorDied("BrokenProcessPool: a process ended abruptly")

    monkeypatch.setattr(hu.sweeping, "sweep", dies)
    assert "BrokenProcessPool" in refused(capsys, "sweep", "weights.npz", "mxfp4", "--quiet")


def test_processes_begin_anew(monkeypatch):
    # Catches: processes that are forks of a process with threads.
    from halfulp.cli.sweep_inputs import opened_executor

    monkeypatch.setitem(sys.modules, "a_mark_of_this_process", sys)
    with opened_executor("processes", 1) as pool:
        assert not pool.submit(eval, "'a_mark_of_this_process' in __import__('sys').modules").result()


@pytest.fixture
def keywords(here: Path, monkeypatch) -> dict:
    """What the sweep of a command line is called with; it does not run."""
    seen: dict = {}

    def looks(*_, **keywords):
        seen.update(keywords)
        raise ValueError("seen")

    monkeypatch.setattr(hu.sweeping, "sweep", looks)
    return seen


def test_a_dask_address_is_passed_on(keywords: dict, capsys):
    assert "seen" in refused(capsys, "sweep", "weights.npz", "mxfp4", "--quiet", "--executor", "dask:tcp://h:8786")
    assert keywords["executor"] == "dask:tcp://h:8786"
    assert "workers" not in keywords


def test_metrics_travel_to_dask_workers_with_their_bodies(keywords: dict, capsys):
    # Catches: functions sent as the name of a file that the workers do not have.
    cloudpickle = pytest.importorskip("cloudpickle")
    Path("my_remote.py").write_text(METRIC)
    words = ("--executor", "dask:tcp://h:8786", "--metrics", "my_remote.py:worst")
    assert "seen" in refused(capsys, "sweep", "weights.npz", "mxfp4", "--quiet", *words)
    assert b"abs" in cloudpickle.dumps(keywords["metrics"]["worst"])


def test_a_json_line_is_one_object(here: Path, capsys):
    out = run(capsys, "sweep", "weights.npz", "mxfp4", "--json", "--quiet")[1]
    assert all(isinstance(json.loads(line), dict) for line in out.splitlines())
    assert cli.main(["sweep", "weights.npz", "mxfp4", "--quiet", "--json"]) == 0
