"""halfulp fit."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from cli_support import in_its_own_process, json_lines, refused, run
from halfulp import scaling

RUNS = Path(__file__).parents[1] / "vectors" / "scaling"


@pytest.fixture
def here(tmp_path: Path, monkeypatch) -> Path:
    lines = (RUNS / "chinchilla_runs_234.csv").read_text(encoding="utf-8").splitlines()
    (tmp_path / "runs.csv").write_text("\n".join([lines[0], *lines[1::6]]) + "\n", encoding="utf-8")  # 39 runs
    shutil.copy(RUNS / "quest_runs_for_scaling.csv", tmp_path / "quest.csv")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table() -> dict[str, np.ndarray]:
    data = np.genfromtxt("runs.csv", delimiter=",", names=True)
    return {name: data[name] for name in ("N", "D", "loss")}


def test_the_table_has_what_the_fit_has(here: Path, capsys):
    # Catches: values of another parameter in a row; standard errors that are not shown.
    code, out, err = run(capsys, "fit", "runs.csv", "--no-plot")
    assert (code, err) == (0, "")
    fit = scaling.fit("chinchilla", table())
    lines = out.splitlines()
    assert lines[0] == "chinchilla: E + A / N^alpha + B / D^beta"
    assert lines[1].startswith("39 runs of runs.csv, estimator huber")
    rows = {line.split()[0]: line.split() for line in lines[4:9]}
    assert list(rows) == list(fit.params)
    for name, value in fit.params.items():
        assert rows[name][1] == f"{value:.6g}"
        assert rows[name][2] == f"{fit.stderr[name]:.3g}"
        low, high = float(rows[name][3]), float(rows[name][5])
        error = 1.959964 * fit.stderr[name]
        if name in ("E", "A", "B"):
            assert (low, high) == pytest.approx(
                (value * np.exp(-error / value), value * np.exp(error / value)), rel=1e-4
            )
        else:
            assert (low, high) == pytest.approx((value - error, value + error), rel=1e-4)
    assert f"objective      {fit.objective:.12g}" in lines


def test_json_is_the_fit(here: Path, capsys):
    # Catches: numbers rounded on the way; options that are read and not passed on.
    data = table()
    for words, keywords in {
        (): {},
        ("--estimator", "log_least_squares"): {"estimator": "log_least_squares"},
        ("--delta", "0.01"): {"delta": 0.01},
        ("--fix", "E=1.7", "alpha=0.34"): {"fixed": {"E": 1.7, "alpha": 0.34}},
        ("--bootstrap", "20", "--seed", "3", "--threads", "2"): {"bootstrap": 20, "seed": 3},
    }.items():
        (thing,) = json_lines(capsys, "fit", "runs.csv", *words)
        fit = scaling.fit("chinchilla", data, **keywords)
        assert thing["params"] == fit.params, words
        assert thing["objective"] == fit.objective
        assert thing["runs"] == 39
        if fit.bootstrap is not None:
            assert thing["stderr"] == pytest.approx(fit.bootstrap.stderr)
            assert thing["interval"]["beta"] == pytest.approx(list(fit.bootstrap.interval(0.95)["beta"]))
        if "fixed" in keywords:
            assert thing["stderr"]["E"] is thing["interval"]["E"] is None
            assert thing["stderr"]["A"] > 0


def test_budgets(here: Path, capsys):
    (thing,) = json_lines(capsys, "fit", "runs.csv", "--budget", "1e21", "5.88e23")
    for row, budget in zip(thing["optimal"], (1e21, 5.88e23), strict=True):
        best = scaling.compute_optimal(thing["params"], budget)
        assert (row["C"], row["N"], row["D"]) == pytest.approx((budget, best.N, best.D), rel=1e-14)
        assert row["tokens_per_parameter"] == pytest.approx(best.tokens_per_parameter, rel=1e-14)
    assert "5.88e+23" in run(capsys, "fit", "runs.csv", "--budget", "5.88e23")[1]


def test_columns_by_other_names_and_formats(here: Path, capsys):
    # Catches: labels read as numbers, which makes 4 and fp4 two kinds of things; --where on the law's names.
    names = ("--columns", "N=n_params_non_embedding", "D=tokens", "loss=c4_val_loss")
    (thing,) = json_lines(
        capsys, "fit", "quest.csv", "--law", "quest", "--fix", "eff[16]=1", "--estimator", "log_least_squares", *names
    )
    assert thing["params"]["eff[fp4]"] == pytest.approx(0.629639028, abs=1e-4)
    assert thing["runs"] == 104
    (thing,) = json_lines(capsys, "fit", "quest.csv", *names, "--where", "format=4")
    assert thing["runs"] == 14
    shutil.copy("runs.csv", "runs.tsv")
    Path("runs.tsv").write_text(Path("runs.csv").read_text().replace(",", "\t"))
    assert json_lines(capsys, "fit", "runs.tsv")[0]["params"] == json_lines(capsys, "fit", "runs.csv")[0]["params"]


def test_a_formula_of_one_s_own(here: Path, capsys):
    (own,) = json_lines(capsys, "fit", "runs.csv", "--law", "E + A / N^alpha + B / D^beta", "--fix", "E=1.8")
    (named,) = json_lines(capsys, "fit", "runs.csv", "--fix", "E=1.8")
    assert own["objective"] <= named["objective"] * (1 + 1e-9)
    words = ("--columns", "X=N", "--positive", "floor", "top")
    (other,) = json_lines(capsys, "fit", "runs.csv", "--law", "floor + top / X^power", *words)
    expected = scaling.fit(
        scaling.law("floor + top / N^power", positive=["floor", "top"]), {name: table()[name] for name in ("N", "loss")}
    )
    assert list(other["params"]) == ["floor", "top", "power"]
    assert other["objective"] == pytest.approx(expected.objective, rel=1e-9)


def test_pictures_are_written(here: Path, capsys):
    pytest.importorskip("matplotlib")
    for picture in ("loss", "iso_loss", "iso_flop", "residuals", "bootstrap"):
        words = ("--picture", picture, "--plot", f"new/{picture}.png", "--bootstrap", "10", "--seed", "1")
        code, _, err = run(capsys, "fit", "runs.csv", *words)
        assert code == 0, err
        assert err == f"wrote new/{picture}.png\n"
        assert Path(f"new/{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_drawn_unasked(here: Path, capsys):
    # Catches: a loss without D, or without a place; a picture beside JSON; one that --no-plot does not keep away.
    pytest.importorskip("matplotlib")
    picture = Path("runs.fit.png")
    for words in (("--no-plot",), ("--json",)):
        assert run(capsys, "fit", "runs.csv", *words)[::2] == (0, "")
        assert not picture.exists()
    for words in ((), ("--law", "E + A / N^a"), ("--picture", "iso_flop", "--json")):
        assert run(capsys, "fit", "runs.csv", *words)[::2] == (0, "wrote runs.fit.png\n")
        assert picture.read_bytes().startswith(b"\x89PNG")
        picture.unlink()
    picture.mkdir()
    code, out, err = run(capsys, "fit", "runs.csv")
    assert (code, err) == (0, "no picture: runs.fit.png is a folder, expected the name of a file\n")
    assert "objective" in out
    assert "is a folder" in refused(capsys, "fit", "runs.csv", "--picture", "loss")


def test_no_picture_without_matplotlib(here: Path):
    script = (
        "import sys\nsys.modules['matplotlib'] = None\nfrom halfulp.cli import main\nsys.exit(main(sys.argv[1:]))\n"
    )
    done = in_its_own_process("-c", script, "fit", "runs.csv", cwd=here)
    assert (done.returncode, done.stderr.startswith("no picture: a plot needs the package matplotlib")) == (0, True)
    assert "objective" in done.stdout


def write(text: str) -> None:
    Path("bad.csv").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "words", "message"),
    [
        ("N,D,loss\n1e8,1e9\n", (), "bad.csv, line 2: 2 cells, allowed: 3, as the first line has"),
        ("N,D,loss\n1e8,1e9,3\n\n2e8,x,3\n", (), "bad.csv, line 4, column D: 'x', allowed: a number"),
        ("N,D,loss\n1e8,1e9,nan\n", (), "bad.csv, line 2, column loss: nan, allowed: a finite number"),
        ("", (), "bad.csv is empty"),
        ("N,D,Loss\n", (), "no column 'loss' (did you mean 'Loss'?), allowed: N, D, Loss; --columns loss=COLUMN"),
        ("N,D,loss,N\n", (), "bad.csv has the column 'N' twice"),
        ("N,D,loss\n", ("--columns", "N=params"), "no column 'params', allowed: N, D, loss"),
        ("N,D,loss\n", ("--columns", "M=N"), "columns names 'M', allowed: N, D, loss"),
        ("N,D,loss\n", ("--columns", "N"), "columns is 'N', allowed: NAME=COLUMN"),
        ("N,D,loss\n", ("--columns", "N=D", "N=N"), "columns has 'N' twice"),
        ("N,D,loss\n1e8,1e9,3\n", ("--where", "loss=4"), "where is loss=4, which no line of bad.csv has"),
        ("N,D,loss\n", ("--where", "kind=4"), "no column 'kind'"),
        ("N,D,loss\n", ("--budget", "1e20", "-1"), "budget is -1.0, allowed: a finite number above 0"),
        ("N,D,loss\n", ("--fix", "E=x"), "fix has E=x, allowed: a number"),
        ("N,D,loss,format\n1e8,1e9,3,\n", ("--law", "quest"), "line 2, column format: no text, allowed: a label"),
        ("N,D,loss\n", ("--law", "chinchila"), "chinchila"),
        ("N,D,loss\n", ("--law", "E + A / N^"), "the end"),
        ("N,D,loss\n", ("--positive", "E"), "positive is E, allowed: for a formula, and law is chinchilla"),
        ("N,D,loss\n", ("--law", "E + A / N", "--positive", "F"), "positive has F, allowed: E, A"),
        ("N,D,loss\n", ("--picture", "bootstrap", "--plot", "p.png"), "allowed: --bootstrap"),
        ("N,D,loss\n", ("--plot", "p.jpg"), "plot is 'p.jpg', allowed: a name that ends in"),
        ("N,D,loss\n", ("--picture", "pie", "--plot", "p.png"), "picture is 'pie', allowed: loss, "),
        ("N,D,loss\n1e8,1e9,3\n", (), "allowed"),
    ],
)
def test_what_cannot_be_read_or_done_is_one_line(here: Path, capsys, text: str, words: tuple[str, ...], message: str):
    # Catches: a traceback; a line number counted without the header or without empty lines.
    write(text)
    assert message in refused(capsys, "fit", "bad.csv", *words)
    assert not list(Path().glob("p.*"))


def test_files_that_are_none(here: Path, capsys):
    assert "'absent.csv', which is not a file" in refused(capsys, "fit", "absent.csv")
    assert "runs is 'runs.xlsx', allowed: a name that ends in .csv, .tsv" in refused(capsys, "fit", "runs.xlsx")
    Path("bad.csv").write_bytes(b"N,D,loss\n\xff\xfe,1,2\n")
    assert "bad.csv is not a sound .csv file" in refused(capsys, "fit", "bad.csv")
    pytest.importorskip("matplotlib")
    Path("runs.png").mkdir()
    assert "is a folder" in refused(capsys, "fit", "runs.csv", "--plot", "runs.png")


def test_numpy_is_enough(here: Path):
    # Catches: pandas or SciPy for a table of three columns.
    script = (
        "import sys\n"
        "for name in ('pandas', 'pyarrow', 'matplotlib', 'tqdm', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "from halfulp.cli import main\n"
        "sys.exit(main(['fit', 'runs.csv', '--json']))\n"
    )
    done = in_its_own_process("-c", script, cwd=here)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["runs"] == 39
