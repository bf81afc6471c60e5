"""What is wrong with a table, a law or an argument of hu.scaling and `halfulp fit` is said, with its name, its value
and what is allowed; nothing is passed over in silence. Numbers at the edges (tiny losses, ends on bounds, labels of one
run) are judged by closed forms."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from halfulp import scaling
from halfulp.cli.app import main

E, A, B, ALPHA, BETA = 1.7, 400.0, 1000.0, 0.34, 0.3
TRUE = {"E": E, "A": A, "B": B, "alpha": ALPHA, "beta": BETA}
START = {name: [value * 1.05] for name, value in TRUE.items()}
FORMULA = "E + A / N^alpha + B / D^beta"


def table(noise: float = 1e-3, unit: float = 1.0, **changes: Any) -> dict[str, Any]:
    """30 runs that follow the law but for noise, losses in some unit."""
    n, d = (x.ravel() for x in np.meshgrid(np.geomspace(1e8, 1e10, 6), np.geomspace(1e9, 1e11, 5)))
    loss = (E + A / n**ALPHA + B / d**BETA) * np.exp(noise * np.random.default_rng(0).standard_normal(n.size))
    return {"N": n, "D": d, "loss": unit * loss} | changes


def fit(given: Any = None, estimator: str = "huber", law: Any = "chinchilla", **options: Any) -> scaling.Fit:
    if law == "chinchilla":
        options.setdefault("starts", START)
    return scaling.fit(law, table() if given is None else given, estimator, **options)


def quietly(*arguments: Any, **options: Any) -> scaling.Fit:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", scaling.FitWarning)
        return fit(*arguments, **options)


def objects(name: str, value: Any, place: int = 3) -> dict[str, Any]:
    """A column of Python's objects with one of them another."""
    column = [float(x) for x in table()[name]]
    return table(**{name: np.array([*column[:place], value, *column[place + 1 :]], dtype=object)})


# --- tables -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"N": [], "D": [], "loss": []}, ValueError, "table has 0 runs, allowed: more than the law has parameters"),
        (objects("N", "1e9"), TypeError, "column N has '1e9' in run 3, allowed: numbers"),
        (objects("N", True), TypeError, "column N has True in run 3, allowed: numbers"),
        (objects("N", 1 + 2j), TypeError, r"column N has \(1\+2j\) in run 3, allowed: numbers"),
        (objects("N", None), ValueError, "column N has nan in run 3, allowed: finite numbers"),
        (objects("N", 10**400), ValueError, "column N has a number beyond float64 in run 3, allowed: finite numbers"),
        (table(N=[[1.0], [1.0, 2.0]]), ValueError, "column N has rows of different lengths"),
        (
            table(loss=np.ma.masked_less(table()["loss"], 0.9 * table()["loss"].max())),
            ValueError,
            "column loss is mask",
        ),
        (table(D=table()["D"].reshape(5, 6)), ValueError, r"column D has shape \(5, 6\), allowed: one axis"),
    ],
)
def test_tables_that_are_wrong(given, kind, message) -> None:
    # Catches: text that is read as numbers, True as 1, the numbers under a mask as runs.
    with pytest.raises(kind, match=message):
        fit(given)


def test_objects_that_are_numbers() -> None:
    # Catches: integers of any length, decimals and fractions refused with the rest.
    plain = fit()
    for cast in (int, Decimal, np.float32):
        given = table(N=np.array([cast(x) for x in table()["N"]], dtype=object))
        assert fit(given).params["alpha"] == pytest.approx(plain.params["alpha"], rel=1e-4)


def test_pandas_columns_that_hold_missing_ones() -> None:
    # Catches: pandas' NA read as a label "<NA>", its nullable columns refused.
    pandas = pytest.importorskip("pandas")
    whole = pandas.DataFrame(table()).convert_dtypes()
    assert fit(whole).params == pytest.approx(fit().params, rel=1e-12)
    holes = whole.assign(N=whole.N.where(whole.index != 2))
    with pytest.raises(ValueError, match="column N has nan in run 2, allowed: finite numbers"):
        fit(holes)
    labelled = pandas.DataFrame(formats()).astype({"format": "string"})
    labelled.loc[4, "format"] = pandas.NA
    with pytest.raises(ValueError, match="column format has no label in run 4, allowed: a label in each"):
        fit(labelled, law="quest")


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"columns": "N"}, TypeError, "columns is 'N', allowed: a dict"),
        ({"fixed": ["E"]}, TypeError, r"fixed is \['E'\], allowed: a dict by names of parameters"),
        ({"fixed": 5}, TypeError, "fixed is 5, allowed: a dict"),
        ({"fixed": {"E": 0}}, ValueError, r"fixed\['E'\] is 0, allowed: a finite number above 0"),
        ({"fixed": {"E": 3.0}, "bounds": {"E": (1, 2)}}, ValueError, r"fixed\['E'\] is 3, allowed: 1 to 2, its bounds"),
        ({"bounds": 5}, TypeError, "bounds is 5, allowed: a dict"),
        ({"bounds": {"E": (2, 1)}}, ValueError, r"bounds\['E'\] is \(2, 1\), allowed: \(low, high\) with low < high"),
        ({"bounds": {"E": (-5, -1)}}, ValueError, r"bounds\['E'\] is \(-5, -1\), allowed: .* high above 0"),
        ({"bounds": {"alpha": (np.inf, np.inf)}}, ValueError, r"bounds\['alpha'\] is \(inf, inf\), allowed"),
        ({"starts": "x"}, TypeError, "starts is 'x', allowed: None, a dict of lists, or an array of numbers"),
        ({"starts": [[1, 2], [3]]}, ValueError, "starts has rows of different lengths, allowed: rows of one length"),
        ({"starts": [[1 + 1j] * 5]}, TypeError, "starts is .*, allowed: None, a dict"),
        ({"seed": -1}, ValueError, "seed is -1, allowed: 0 to 18446744073709551615"),
        ({"threads": 0}, ValueError, "threads is 0, allowed: 1 or more"),
        ({"bootstrap": 1}, ValueError, "bootstrap is 1, allowed: 0, or 2 and more"),
        ({"bootstrap": np.zeros((2, 30))}, TypeError, r"bootstrap is array.{1,60}, allowed: a number of replicates"),
        ({"progress": "no"}, TypeError, "progress is 'no', allowed: True or False"),
    ],
)
def test_arguments_that_are_wrong(options, kind, message) -> None:
    with pytest.raises(kind, match=message):
        fit(**options)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: scaling.law("E + A / Ñ^a"), ValueError, "at place 9 stands 'Ñ', allowed: a number"),
        (lambda: scaling.law("E + é + A / N^a ?"), ValueError, "at place 5 stands 'é'"),
        (lambda: scaling.law("E + A / N^a\0"), ValueError, r"'E \+ A / N\^a\?': at place 12 stands '\?', allowed"),
        (lambda: scaling.law("E + \udc00"), ValueError, "allowed: a formula without halves of characters"),
        (lambda: scaling.law("(" * 300 + "E"), ValueError, r"formula is '\({200}…': at place 101"),
        (lambda: scaling.law("E + A / N^a + loss"), ValueError, "allowed: a formula without the name loss"),
        (lambda: scaling.law("N + D"), ValueError, "has no parameter to be fitted, allowed: a name that is no column"),
        (lambda: scaling.law(FORMULA, columns="N"), TypeError, "columns is 'N', allowed: a list of names"),
        (lambda: scaling.law(FORMULA, positive="alpha"), TypeError, "positive is 'alpha', allowed: a list of names"),
        (lambda: scaling.law(FORMULA, linear=5), TypeError, "linear is 5, allowed: a list of names"),
        (lambda: scaling.law(FORMULA, columns=[5]), TypeError, "columns has 5, allowed: names"),
        (lambda: scaling.law(FORMULA, starts=[1]), TypeError, r"starts is \[1\], allowed: a dict"),
        (lambda: scaling.law(FORMULA, name=5), TypeError, "name is 5, allowed: a text"),
        (lambda: scaling.law("E + A / N", name="quest"), ValueError, "name is 'quest', a published law's, allowed"),
        (lambda: fit(law="scale + A / N^a", estimator="huber_likelihood"), ValueError, "law has the parameter scale"),
    ],
)
def test_laws_that_are_wrong(call, kind, message) -> None:
    # Catches: half a character in a message, a message that ends at a zero byte, a text taken for a list of its
    # letters, a formula that passes for a law with a closed form of its own.
    with pytest.raises(kind, match=message):
        call()


PUBLISHED = scaling.law("chinchilla").published["hoffmann"]
KUMAR = scaling.law("precision").published["kumar"]
SUN = scaling.law("fp_quantization").published["sun"]


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: scaling.law("chinchilla").predict(5, N=1e9, D=1e10), TypeError, "params is a int, allowed: a dict"),
        (
            lambda: scaling.law("chinchilla").predict(PUBLISHED | {"E": np.nan}, N=1e9, D=1e10),
            ValueError,
            r"params\['E'\] is nan, allowed: a finite number",
        ),
        (
            lambda: scaling.law("chinchilla").predict(PUBLISHED, N=0, D=1e10),
            ValueError,
            "column N has 0 in run 0, allowed: greater than 0",
        ),
        (
            lambda: scaling.law("chinchilla").predict(PUBLISHED, N=[1e9, 1e9], D=[1e10] * 3),
            ValueError,
            r"columns have shapes N \(2,\), D \(3,\), allowed: shapes that broadcast",
        ),
        (lambda: scaling.law("chinchilla").predict(PUBLISHED, N=[], D=[]), ValueError, r"the shape \(0,\), allowed"),
        (
            lambda: scaling.law("quest").predict(PUBLISHED | {"eff[int4]": 0.8}, N=1e9, D=1e10, format="int8"),
            ValueError,
            "column format has 'int8', allowed: int4,",
        ),
        (lambda: scaling.compute_optimal(PUBLISHED, 10**400), ValueError, "C has a number beyond float64"),
        (
            lambda: scaling.compute_optimal(PUBLISHED, 1e21, cost=lambda n, d: n * d + 0j),
            TypeError,
            "cost gives dtype complex128, allowed: real numbers",
        ),
        (lambda: scaling.iso_loss(PUBLISHED, 2.5, [[1e9]]), ValueError, r"N has shape \(1, 1\), allowed: a number"),
        (lambda: scaling.iso_flop(PUBLISHED, [[1e20]], 1e9), ValueError, r"C has shape \(1, 1\), allowed: a number"),
        (
            lambda: scaling.effective_parameters(KUMAR, P_w=[4, 8], P_a=[4, 6, 8]),
            ValueError,
            r"shapes are N \(\), P_w \(2,\), P_a \(3,\), allowed: shapes that broadcast",
        ),
        (
            lambda: scaling.effective_parameters({"eff[4]": 0.7}, law="quest", format=None),
            ValueError,
            "column format has no label",
        ),
        (
            lambda: scaling.empirical_share([2.5, 2.6], 2.4, [1e9] * 3, A=400, alpha=0.3),
            ValueError,
            r"shapes are loss \(2,\), loss_unquantized \(\), N \(3,\)",
        ),
        (lambda: scaling.critical_data_size(SUN, 1e9, [], 3, 128), ValueError, "exponent_bits is empty, allowed"),
        (lambda: scaling.best_split(SUN, 8, integers="no"), TypeError, "integers is 'no', allowed: True or False"),
        (
            lambda: scaling.best_precision(SUN | {"alpha": 50.0}, block_size=128, D=1e12),
            ValueError,
            r"params\['alpha'\] is 50, allowed: below delta \+ nu",
        ),
        (lambda: scaling.compare([5]), TypeError, "fits has a int, allowed: results of hu.scaling.fit"),
        (lambda: scaling.compare(5), TypeError, "fits is a int, allowed: a dict or a list of fits"),
        (lambda: fit().profile("E", points=1), ValueError, "points is 1, allowed: 2 to 10000"),
        (lambda: fit().profile("E", points=2.5), TypeError, "points is 2.5, allowed: an integer"),
        (lambda: fit(fixed=TRUE).profile("E"), ValueError, "name is 'E', allowed: none, as the fit moved no parameter"),
        (
            lambda: quietly({k: v[:6] for k, v in table().items()}).leave_one_out(),
            ValueError,
            "leave_one_out leaves 5 runs",
        ),
    ],
)
def test_uses_that_are_wrong(call: Callable[[], object], kind, message) -> None:
    # Catches: NaN that comes out where a message should, a crossing of bits of a law that has none.
    with pytest.raises(kind, match=message):
        call()


# --- what was passed over in silence ----------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*cannot be told apart")
def test_a_column_that_was_forgotten_is_named() -> None:
    # Catches: the table's column P as one number that is fitted.
    given = table(P=np.arange(30.0))
    with pytest.warns(scaling.FitWarning, match="P is a parameter of the formula, and a column of the table"):
        fit(given, law="E + A / N^alpha + G * P")
    # A published law has its columns: here E and B are the format's, not the law's.
    assert not any("column of the table" in text for text in quietly(table(E=np.ones(30))).diagnostics)


@pytest.mark.parametrize("unit", [1e-30, 1.0, 1e30])
def test_losses_in_another_unit(unit: float) -> None:
    # Catches: limits of the search, and what counts as an effect, that know no unit: E, A and B scale with the losses,
    # exponents do not. 1e-6: two ends of one search in units that are no power of two of each other.
    one, other = fit(estimator="variable_projection"), quietly(table(unit=unit), "variable_projection")
    for name in ("alpha", "beta"):
        assert other.params[name] == pytest.approx(one.params[name], rel=1e-6)
    for name in ("E", "A", "B"):
        assert other.params[name] == pytest.approx(unit * one.params[name], rel=1e-6)
    assert other.converged
    assert other.diagnostics == ()


def test_a_search_that_ran_out_is_told_in_every_unit(monkeypatch) -> None:
    # Catches: tiny losses on which nothing has an effect, so that nothing has failed to settle.
    monkeypatch.setattr(scaling.fitting, "_MOST_EVALUATIONS", 2)
    for unit in (1e-30, 1.0, 1e30):
        ended = quietly(table(unit=unit), "variable_projection", starts=START | {"alpha": [0.9], "beta": [0.9]})
        assert not ended.converged
        assert "the search did not settle" in ended.diagnostics[0]


def test_the_scale_of_residuals_is_no_parameter() -> None:
    assert list(fit(estimator="huber_likelihood").params) == list(TRUE)


def test_losses_whose_squares_leave_float64() -> None:
    with pytest.raises(ValueError, match=r"column loss is .*e-300, allowed: a number from 1e-140 to 1e\+140"):
        fit(table(unit=1e-300), "variable_projection")


@pytest.mark.parametrize("bound", [3.0, 0.7, 1.1])
def test_an_end_on_a_bound_is_the_bound(bound: float) -> None:
    # Catches: exp(log(bound)), a last place off, which is then no bound but an end that did not settle.
    side = (bound, np.inf) if bound > E else (0.0, bound)
    bounded = quietly(bounds={"E": side})
    assert bounded.params["E"] == bound
    assert bounded.converged
    assert "E" not in bounded.free
    assert any(f"E is at its bound {bound:g}" in text for text in bounded.diagnostics)


def test_bounds_that_hold_everything() -> None:
    # Catches: a search that ends a rounding before a bound and is said not to have settled.
    bounds = {"E": (1.9, 2), "A": (1, 2), "B": (1, 2), "alpha": (0.1, 0.2), "beta": (0.1, 0.2)}
    held = quietly(bounds=bounds)
    assert held.free == ()
    assert held.converged
    assert all(held.params[name] in bounds[name] for name in TRUE)


# --- labels -----------------------------------------------------------------------------------------------------------


def formats(odd: int = 1) -> dict[str, Any]:
    """Runs of three formats, of "odd" so many."""
    plain = table(noise=0)
    format = np.array(["16", "4"] * 15, dtype=object)
    format[:odd] = "odd"
    share = np.array([{"16": 1.0, "4": 0.7, "odd": 0.5}[f] for f in format])
    loss = E + A / (plain["N"] * share) ** ALPHA + B / plain["D"] ** BETA
    noise = np.exp(1e-3 * np.random.default_rng(1).standard_normal(30))
    return plain | {"loss": loss * noise, "format": format}


def of_formats(odd: int = 1, **options: Any) -> scaling.Fit:
    held = {"fixed": {"eff[16]": 1.0}, "starts": {**START, "eff": [0.6]}} | options
    return quietly(formats(odd), "log_least_squares", "quest", **held)


def test_a_label_with_one_run() -> None:
    # Catches: "did not settle", as the one share of the derivative cancels against nothing; a run that is predicted
    # from itself; replicates without the label whose number stands still.
    one = of_formats(bootstrap=200)
    assert one.converged
    assert one.diagnostics[0] == "format 'odd' has one run, which alone determines its number"
    assert one.residuals[0] == pytest.approx(0, abs=1e-5)
    # A run is missing from (1 − 1/30)^30 = 36 % of the draws: of 200, 72 ± 7.
    assert 45 < one.bootstrap.failed < 100
    assert len(np.unique(one.bootstrap["eff[odd]"])) == len(one.bootstrap.params)
    with pytest.raises(ValueError, match="leave_one_out leaves no run with format 'odd', allowed: labels of two runs"):
        one.leave_one_out()
    with pytest.raises(ValueError, match="left_out leaves no run with format 'odd', allowed: a run of every label"):
        one.holdout(np.arange(30) == 0)
    assert one.holdout(np.arange(30) == 1).rms < 0.01
    held = of_formats(fixed={"eff[16]": 1.0, "eff[odd]": 0.5})
    assert held.diagnostics == ()
    assert held.leave_one_out().rms < 0.01
    assert not any("one run" in text for text in of_formats(2).diagnostics)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (None, ValueError, "column format has no label in run 5"),
        (float("nan"), ValueError, "column format has no label in run 5"),
        ("", ValueError, "column format has no label in run 5"),
        (b"16", TypeError, "column format has b'16' in run 5, allowed: texts and numbers"),
        ((1, 2), TypeError, r"column format has \(1, 2\) in run 5, allowed: texts and numbers"),
    ],
)
def test_labels_that_are_none(value, kind, message) -> None:
    given = formats()
    given["format"] = [*given["format"][:5], value, *given["format"][6:]]
    with pytest.raises(kind, match=message):
        fit(given, law="quest")


def test_labels_that_are_numbers() -> None:
    # Catches: 16 and 16.0 as two labels, numbers beyond six digits as one.
    given = formats(0)
    given["format"] = [16 if f == "16" else np.float32(4.0) for f in given["format"]]
    params = quietly(given, law="quest", fixed={"eff[16]": 1.0}, starts={**START, "eff": [0.6]}).params
    assert {"eff[16]", "eff[4]"} < params.keys()
    shares = {"eff[0.12345671]": 0.5, "eff[0.12345672]": 0.6}
    for label, share in ((0.12345671, 0.5), (0.12345672, 0.6)):
        assert scaling.effective_parameters(shares, law="quest", format=label) == share


# --- the command line -------------------------------------------------------------------------------------------------


def runs_file(folder: Path, change: Callable[[str], str] = str, name: str = "runs.csv") -> str:
    given = table()
    lines = ["N,D,loss", *(f"{n:.17g},{d:.17g},{loss:.17g}" for n, d, loss in zip(*given.values(), strict=True))]
    path = folder / name
    path.write_bytes(change("\n".join(lines) + "\n").encode())
    return str(path)


def with_cell(text: str) -> Callable[[str], str]:
    """The first run's N as this text."""
    return lambda whole: whole.replace("100000000,", f"{text},", 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\n \n" + text.replace("\n", "\n\n"),
        lambda text: "\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in text.splitlines()),
        lambda text: text.replace(",", " , "),
    ],
    ids=["byte order mark", "carriage returns", "blank lines", "quotes", "spaces"],
)
def test_files_that_are_one(tmp_path, capsys, change) -> None:
    # Catches: a blank line before the names as an empty file.
    reports = []
    for name, how in (("plain", str), ("changed", change)):
        (tmp_path / name).mkdir()
        assert (
            main(["fit", runs_file(tmp_path / name, how), "--quiet", "--no-plot", "--estimator", "log_least_squares"])
            == 0
        )
        reports.append([line for line in capsys.readouterr().out.splitlines() if "runs of" not in line])
    assert reports[0] == reports[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.splitlines()[0], "has no runs, allowed: a line for each run below the names of columns"),
        (
            lambda text: text.replace(",", ";"),
            "has no column 'N', allowed: N;D;loss; cells of .csv files stand between",
        ),
        (lambda text: "# mine\n" + text, "has no column 'N', allowed: # mine"),
        (lambda text: '"' + text, "is not a sound .csv file"),
        (lambda text: "\0" + text, "has a zero byte in its first line"),
        (lambda text: text.replace("N,D,loss", "N,N,loss"), "has the column 'N' twice, allowed: names that differ"),
        (with_cell('"100,000,000"'), "line 2, column N: '100,000,000', allowed: a number such as"),
        (with_cell("100_000_000"), "line 2, column N: '100_000_000', allowed: a number such as"),
        (with_cell("１０００"), "line 2, column N: '１０００', allowed: a number such as"),
        (with_cell("-5"), "line 2, column N: -5, allowed: a number above 0"),
        (with_cell("1e-400"), "line 2, column N: 1e-400, allowed: a number above 0"),
    ],
)
def test_files_that_are_wrong(tmp_path, capsys, change, message: str) -> None:
    assert main(["fit", runs_file(tmp_path, change), "--quiet", "--no-plot"]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--seed", "-1"], "seed is -1, allowed"),
        (["--fix", "E=0"], "fix['E'] is 0.0, allowed: a finite number above 0"),
        (["--fix", "Q=1"], "fix has Q, allowed: E, A, B, alpha, beta"),
        (["--law", "E + A / N^a", "--budget", "1e21"], "budget is 1e+21, allowed: for laws of N and D alone"),
        (["--plot", "p.png", "--picture", "effective"], "picture is 'effective', allowed: for precision laws"),
        (["--law", "E + A / N^a", "--picture", "loss"], "picture is 'loss', allowed: for laws of N and D"),
        (["--no-plot", "--plot", "p.png"], "plot is 'p.png' and --no-plot is given, allowed: one of the two"),
        (["--no-plot", "--picture", "loss"], "picture is 'loss' and --no-plot is given, allowed: one of the two"),
        (["--law", "E + A / Ñ"], "at place 9 stands 'Ñ'"),
    ],
)
def test_words_that_are_wrong(tmp_path, capsys, monkeypatch, words, message: str) -> None:
    runs = runs_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["fit", runs, "--quiet", *words]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["--law", "E + A / N^a", "--budget", "1e21"],
        ["--plot", "p.png", "--picture", "effective"],
        ["--law", "E + A / N^a", "--picture", "iso_loss"],
    ],
)
def test_uses_are_refused_before_the_search(tmp_path, monkeypatch, words) -> None:
    # Catches: a use that the law does not have, said after the search and in place of its result.
    runs = runs_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(scaling, "fit", lambda *_, **__: pytest.fail("searched"))
    assert main(["fit", runs, "--quiet", *words]) == 2


# Ctrl-C as a process sends it to itself: after its imports, however long they took.
INTERRUPTED = """
import os, signal, sys, threading
from halfulp.cli.app import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs begin with it ignored
threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("threads", ["1", "1000"])
def test_ctrl_c_ends_a_long_fit(tmp_path, threads: str) -> None:
    # Catches: parts of so many searches for many threads that none is asked between them.
    words = ["fit", runs_file(tmp_path), "--bootstrap", "2000000", "--quiet", "--threads", threads]
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, *words], capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 130
    assert ended.stderr == "halfulp fit: interrupted\n"
