"""``halfulp fit``: a scaling law fitted to a file of training runs."""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp.cli.command import Command, Parser
from halfulp.cli.fit_report import INTERVAL, as_json, lines_of
from halfulp.cli.numbers import number
from halfulp.cli.output import print_json
from halfulp.cli.runs_file import pairs, read_runs

if TYPE_CHECKING:
    from halfulp.scaling import Fit, Law

TEXT = """\
Fits a scaling law to training runs: parameters with standard errors and intervals, the objective, and what the data
could not decide; and a picture of the runs and the law.

RUNS is a .csv or .tsv file: a first line with the names of columns, then a line for each run. It has the columns of the
law, N (parameters) and D (tokens) among them, and loss; --columns says where they have other names.

--law is the name of a published law, or a formula such as "E + A / N^alpha + B / D^beta". In a formula N, D and the
names that --columns has are columns, all others are parameters. eff[format] is a parameter for each label in the column
format."""

PICTURES = ("loss", "iso_loss", "iso_flop", "effective", "residuals", "bootstrap")


def _arguments(parser: Parser) -> None:
    parser.offer("files", "runs", metavar="RUNS", help="a .csv or .tsv file")
    parser.offer("laws", "--law", default="chinchilla", metavar="LAW", help="a name or a formula (%(default)s)")
    parser.offer("estimators", "--estimator", default="huber", metavar="NAME", help="what is least (%(default)s)")
    parser.add_argument(
        "--columns", nargs="+", metavar="NAME=COLUMN", help="what the law's columns and loss are called in RUNS"
    )
    parser.add_argument("--positive", nargs="+", metavar="NAME", help="parameters of a formula that are above 0")
    parser.add_argument("--where", nargs="+", metavar="COLUMN=TEXT", help="only lines of RUNS with these texts")
    parser.add_argument("--fix", nargs="+", metavar="NAME=VALUE", help="parameters that are held")
    parser.add_argument("--delta", type=float, metavar="D", help="where the Huber loss becomes linear (0.001)")
    parser.add_argument(
        "--bootstrap", type=int, default=0, metavar="COUNT", help="refits to resampled runs, for errors and intervals"
    )
    parser.add_argument("--seed", type=int, metavar="SEED", help="of the bootstrap")
    parser.add_argument("--threads", type=int, metavar="COUNT", help="the result is the same for every number")
    parser.add_argument("--budget", nargs="+", type=float, metavar="FLOP", help="best N and D for budgets C = 6 N D")
    parser.offer(
        "files",
        "--plot",
        metavar="FILE",
        help="where the picture goes (.png, .pdf or .svg); for runs.csv it is runs.fit.png in the current folder, "
        "and none with --json unless asked for",
    )
    parser.add_argument("--no-plot", action="store_true", help="no picture")
    parser.add_argument(
        "--picture", choices=PICTURES, help="what it shows (loss; residuals for laws that are not of N and D)"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar and no remarks on stderr")


def _run(options: argparse.Namespace) -> int:
    from halfulp import plots, scaling
    from halfulp._runs import real, renamed

    places = pairs("columns", options.columns, "NAME=COLUMN, as in N=params")
    law = _law(options.law, list(places), options.positive)
    where = pairs("where", options.where, "COLUMN=TEXT, as in format=16")
    fixed = {
        name: _number("fix", name, text) for name, text in pairs("fix", options.fix, "NAME=VALUE, as in E=1.7").items()
    }
    for budget in options.budget or ():
        real("budget", budget, 0, above=True)
    _check_budget(law, options.budget)
    picture = options.picture or ("loss" if {"N", "D"} <= set(law.columns) else "residuals")
    plot = _place_of_plot(law, picture, options)
    sizes = [name for name in ("N", "D", "loss") if name in (*law.columns, "loss")]
    table = read_runs(options.runs, (*law.columns, "loss"), law.labels, places, list(where.items()), sizes)
    extras: dict[str, Any] = {
        name: value for name in ("delta", "seed", "threads") if (value := getattr(options, name)) is not None
    }
    with warnings.catch_warnings(), renamed({"fixed": "fix"}):
        warnings.simplefilter("ignore", scaling.FitWarning)  # the report has them, as notes
        fit = scaling.fit(
            law,
            table,
            options.estimator,
            fixed=fixed or None,
            bootstrap=options.bootstrap,
            progress=not options.quiet and sys.stderr.isatty(),
            **extras,
        )
    optimal = _optimal(fit, options.budget)
    if plot is not None:
        plots.save(fit.plot(picture), plot)
        if not options.quiet:
            print(f"wrote {plot}", file=sys.stderr)
    if options.json:
        print_json(as_json(fit, options.runs, optimal))
    else:
        print("\n".join(lines_of(fit, options.runs, optimal)))
    return 0 if fit.converged else 1


def _law(text: str, columns: list[str], positive: list[str] | None) -> Law:
    """A published law, or a formula in which the names of --columns are columns."""
    from halfulp import scaling

    plain = scaling.law(text)
    if text in scaling.laws():
        if positive is not None:
            raise ValueError(f"positive is {' '.join(positive)}, allowed: for a formula, and law is {text}")
        return plain
    more = [name for name in columns if name in plain.parameters]
    return scaling.law(text, columns=[*plain.columns, *more], positive=positive or ())


def _check_budget(law: Law, budgets: list[float] | None) -> None:
    """What a law cannot be used for is said before the search, not after."""
    others = [name for name in (*law.columns, *law.labels) if name not in ("N", "D")]
    if budgets and (others or not {"N", "D"} <= set(law.columns)):
        raise ValueError(f"budget is {budgets[0]:g}, allowed: for laws of N and D alone, and law is {law.name}")


def _place_of_plot(law: Law, picture: str, options: argparse.Namespace) -> str | None:
    """Where the picture goes, if there is one; what cannot be drawn is known before the search."""
    from halfulp import plots
    from halfulp.sweeping._extras import need
    from halfulp.sweeping._files import prepare

    if options.no_plot and (options.plot is not None or options.picture is not None):
        name, value = ("plot", options.plot) if options.plot is not None else ("picture", options.picture)
        raise ValueError(f"{name} is {value!r} and --no-plot is given, allowed: one of the two")
    unasked = options.plot is None and options.picture is None
    if options.no_plot or (options.json and unasked):
        return None
    place = options.plot if options.plot is not None else Path(options.runs).stem + ".fit.png"
    if options.plot is not None:
        plots.check_suffix(place)
        if Path(place).resolve() == Path(options.runs).resolve():
            raise ValueError(f"plot is {place!r}, which is the runs too, allowed: a place of its own")
    if picture == "bootstrap" and not options.bootstrap:
        raise ValueError("picture is 'bootstrap' and bootstrap is 0, allowed: --bootstrap with 2 or more")
    if picture == "effective":
        shared = law.name.startswith("precision") and law.name != "precision_post_training"
        if not shared and not any(name.startswith(("eff[", "eff_")) for name in law.parameters):
            raise ValueError(
                f"picture is 'effective', allowed: for precision laws and those with an eff[...], and law is {law.name}"
            )
    elif picture in ("loss", "iso_loss", "iso_flop") and not {"N", "D"} <= set(law.columns):
        raise ValueError(f"picture is {picture!r}, allowed: for laws of N and D, and law is {law.name}")
    try:
        need("matplotlib", "plots", "a plot")
        prepare(place)
    except (ImportError, OSError) as error:
        if not unasked:
            raise
        if not options.quiet:
            print(f"no picture: {error}", file=sys.stderr)
        return None
    return str(place)


def _optimal(fit: Fit, budgets: list[float] | None) -> list[Any]:
    from halfulp.scaling import compute_optimal

    return [compute_optimal(fit, budget) for budget in budgets or ()]


def _number(argument: str, name: str, text: str) -> float:
    value = number(text)
    if value is None:
        raise ValueError(f"{argument} has {name}={text}, allowed: a number after =")
    return float(value)


COMMAND = Command(
    name="fit",
    text=TEXT,
    examples=(
        "halfulp fit runs.csv --law chinchilla",
        "halfulp fit runs.csv --bootstrap 100 --plot fit.png --picture bootstrap",
        "halfulp fit runs.csv --estimator variable_projection --budget 1e21 5.88e23",
        "halfulp fit runs.csv --law 'E + A / N^alpha + B / D^beta' --fix E=1.8",
        "halfulp fit formats.csv --law quest --columns N=params D=tokens loss=final_loss --fix 'eff[16]=1'",
    ),
    arguments=_arguments,
    run=_run,
    json={
        "the fit": {
            "law": "its name",
            "formula": "the law",
            "file": "the runs",
            "runs": "how many there were",
            "estimator": "what was least",
            "params": "the parameters",
            "stderr": "their standard errors: of the bootstrap, else from the curvature; null where there is none",
            "interval": INTERVAL,
            "objective": "the estimator's sum at the parameters",
            "gradient_norm": "of the objective there",
            "condition": "of the Jacobian there, its columns of one length",
            "converged": "whether the search ended in a minimum",
            "aic": "Akaike's criterion",
            "bic": "the Bayesian criterion",
            "diagnostics": "what the data could not decide, and what else is to be known",
            "optimal": "for each --budget: C, N, D, loss, tokens_per_parameter",
        }
    },
    exit_codes={1: "the search did not end in a minimum"},
)
