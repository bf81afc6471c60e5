"""The replication of Chinchilla's approach 3 by Besiroglu et al., again: coefficients, standard errors, likelihoods,
and the same by variable projection. Prints what comes out beside what was published, and writes it as results.csv."""

from __future__ import annotations

import argparse
import csv
import tomllib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from halfulp import plots, scaling
from published import EPOCH_LOGS, HOFFMANN, HOFFMANN_LOGS, ROWS

HERE = Path(__file__).resolve().parent
NAMES = ("A", "B", "E", "alpha", "beta")
DELTA = 1e-3
Runs = dict[str, np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--runs", required=True, help="data/svg_extracted_data.csv of epoch-research/analyzing-chinchilla"
    )
    parser.add_argument(
        "--output", default=str(HERE), help="folder for results.csv and the picture (default: this one)"
    )
    parser.add_argument("--replicates", type=int, help="of the bootstrap, in place of config.toml's")
    parser.add_argument("--threads", type=int, help="the numbers are the same for every number of them")
    options = parser.parse_args()
    config = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
    if options.replicates is not None:
        config["replicates"] = options.replicates
    warnings.simplefilter("ignore", scaling.FitWarning)  # 245 runs with their outliers: noticed below
    every = read(options.runs)
    rows = [
        (name, quantity, value, *ROWS.get(name, {}).get(quantity, (None, "")))
        for name, quantity, value in results(every, config, options.threads)
    ]
    show(rows)
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "results.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["fit", "quantity", "here", "published", "source"])
        writer.writerows(
            [name, what, f"{value:.10g}", "" if old is None else old, why] for name, what, value, old, why in rows
        )
    plots.save(picture(every, config), folder / "outliers.png")


def read(path: str) -> Runs:
    """N, D and loss; D is compute over 6 N."""
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123
        table = csv.DictReader(file)
        rows, names = list(table), table.fieldnames or ("none",)
    wanted = ("Model Size", "Training FLOP", "loss")
    if not set(wanted) <= set(names) or len(rows) < 20:
        raise SystemExit(
            f"run.py: runs is {path}, with {len(rows)} runs and the columns {', '.join(names)}, "
            f"allowed: a .csv of 20 runs or more with {', '.join(wanted)}"
        )
    n, c, loss = (np.array([float(row[name]) for row in rows]) for name in wanted)
    return {"N": n, "D": c / (6 * n), "loss": loss}


def some(runs: Runs, keep: np.ndarray) -> Runs:
    return {name: values[keep] for name, values in runs.items()}


def kept(runs: Runs, left_out: int) -> np.ndarray:
    """Places of the runs whose loss is below the fifth highest: the replication's rule."""
    return np.flatnonzero(runs["loss"] < np.sort(runs["loss"])[-left_out])


def places(count: int, replicates: int, seed: int) -> np.ndarray:
    """The replication's draws: NumPy's old generator chooses among the rows that are kept. It draws a place among them
    whatever their numbers are, so places in the shorter table are the same draws."""
    old = np.random.RandomState(seed)
    return np.array([old.choice(count, size=count, replace=True) for _ in range(replicates)])


def results(every: Runs, config: dict[str, Any], threads: int | None) -> Iterator[tuple[str, str, float]]:
    runs = some(every, kept(every, config["left_out"]))
    count = len(runs["loss"])
    drawn = places(count, config["replicates"], config["seed"])
    fit = scaling.fit("chinchilla", runs, bootstrap=drawn, threads=threads)
    name = f"huber, {count} runs"
    yield name, "objective", fit.objective
    yield name, "gradient", fit.gradient_norm
    yield from ((name, p, fit.params[p]) for p in NAMES)
    best = scaling.compute_optimal(fit, config["budget"])
    yield name, f"best N at {config['budget']:g} FLOP", best.N
    yield name, f"best D at {config['budget']:g} FLOP", best.D
    for what, value in bootstrap(fit):
        yield "huber, bootstrap", what, value
    others = (("Hoffmann", unlogged(HOFFMANN_LOGS)), ("Hoffmann, rounded", HOFFMANN), ("Epoch", unlogged(EPOCH_LOGS)))
    for what, params in others:
        yield f"huber, {count} runs, at others' coefficients", what, huber(runs, params)
    for what, value in likelihood(runs, fit, threads):
        yield f"huber_likelihood, {count} runs", what, value
    small = some(runs, 6 * runs["N"] * runs["D"] < config["small_budget"])
    for what, value in projection(small):
        yield f"variable_projection, {len(small['loss'])} runs", what, value
    wrecked = some(every, 6 * every["N"] * every["D"] < config["small_budget"])
    other = scaling.fit("chinchilla", wrecked, "variable_projection", threads=threads)
    name = f"variable_projection, {len(wrecked['loss'])} runs, outliers among them"
    yield name, "sum of squares", other.objective
    yield from ((name, p, other.params[p]) for p in NAMES)
    whole = scaling.fit("chinchilla", every, threads=threads)
    name = f"huber, all {len(every['loss'])} runs"
    yield name, "objective", whole.objective
    yield from ((name, p, whole.params[p]) for p in NAMES)


def bootstrap(fit: scaling.Fit) -> Iterator[tuple[str, float]]:
    cloud = fit.bootstrap
    columns = dict(zip(fit.params, cloud.params.T, strict=True))
    interval = cloud.interval(0.95)
    for p in NAMES:
        yield f"standard error of {p}", cloud.stderr[p]
    for p in ("A", "B", "E"):
        yield f"standard error of log {p}", float(np.log(columns[p]).std(ddof=1))
    for p in NAMES:
        yield f"{p}, 2.5 %", interval[p][0]
        yield f"{p}, 97.5 %", interval[p][1]
    for p in NAMES:
        yield f"{p} of replicate 0", columns[p][0]
    yield (
        "standard error of beta/(alpha+beta)",
        float((columns["beta"] / (columns["alpha"] + columns["beta"])).std(ddof=1)),
    )


def likelihood(runs: Runs, huber_fit: scaling.Fit, threads: int | None) -> Iterator[tuple[str, float]]:
    fit = scaling.fit("chinchilla", runs, "huber_likelihood", threads=threads)
    yield from ((p, fit.params[p]) for p in NAMES)
    yield "beta/(alpha+beta)", fit.params["beta"] / (fit.params["alpha"] + fit.params["beta"])
    yield "log likelihood", fit.log_likelihood
    others = {
        what: scaling.fit("chinchilla", runs, "huber_likelihood", fixed=params).log_likelihood
        for what, params in (("Hoffmann, rounded", HOFFMANN), ("Hoffmann", unlogged(HOFFMANN_LOGS)))
    }
    for what, value in others.items():
        yield f"log likelihood of {what}", value
    yield "likelihood ratio", 2 * (fit.log_likelihood - others["Hoffmann"])
    # The quadratic form of the difference in the bootstrap's covariance, coefficients as logarithms.
    columns = dict(zip(huber_fit.params, huber_fit.bootstrap.params.T, strict=True))
    logs = np.array([np.log(columns[p]) if p in "ABE" else columns[p] for p in NAMES])
    ours = np.array([np.log(fit.params[p]) if p in "ABE" else fit.params[p] for p in NAMES])
    apart = np.array([HOFFMANN_LOGS[p] for p in NAMES]) - ours
    yield "chi² of Hoffmann", float(apart @ np.linalg.solve(np.cov(logs), apart))


def projection(runs: Runs) -> Iterator[tuple[str, float]]:
    scaled = {"N": runs["N"] / 1e6, "D": runs["D"] / 1e9, "loss": runs["loss"]}
    fit = scaling.fit("chinchilla", scaled, "variable_projection")
    p, left = fit.params, np.asarray(fit.observed) - np.asarray(fit.predicted)
    yield "sum of squares", fit.objective
    yield "E", p["E"]
    yield "A, N in millions", p["A"]
    yield "B, D in billions", p["B"]
    yield "alpha", p["alpha"]
    yield "beta", p["beta"]
    yield "beta/(alpha+beta)", p["beta"] / (p["alpha"] + p["beta"])
    yield "R²", 1 - fit.objective / float(np.sum((runs["loss"] - runs["loss"].mean()) ** 2))
    yield "mean relative error, %", 100 * float(np.mean(np.abs(left) / runs["loss"]))
    yield "mean absolute error", float(np.mean(np.abs(left)))


def unlogged(logs: dict[str, float]) -> dict[str, float]:
    return {p: float(np.exp(value)) if p in "ABE" else value for p, value in logs.items()}


def huber(runs: Runs, p: dict[str, float]) -> float:
    law = p["E"] + p["A"] / runs["N"] ** p["alpha"] + p["B"] / runs["D"] ** p["beta"]
    r = np.abs(np.log(runs["loss"] / law))
    return float(np.where(r <= DELTA, r * r / 2, DELTA * (r - DELTA / 2)).sum())


def show(rows: list[tuple[str, str, float, float | None, str]]) -> None:
    last = ""
    for name, quantity, value, old, _ in rows:
        if name != last:
            print(f"\n{name}\n  {'':38} {'here':>16} {'published':>14} {'difference':>11}")
        last = name
        told = "" if old is None else f"{old:>14.11g} {value - old:>+11.1e}"
        print(f"  {quantity:38} {value:>16.10g} {told}")


def picture(every: Runs, config: dict[str, Any]) -> Any:
    """Loss against tokens of models of about 1e9 parameters by three fits, and the five runs that make them differ."""
    from halfulp.plots._figure import GREY, frame, new_figure, set_title, style
    from halfulp.plots._scales import count_axis, loss_axis

    good = some(every, kept(every, config["left_out"]))
    fits = {
        "huber, 240 runs": scaling.fit("chinchilla", good),
        "huber, with the 5 outliers": scaling.fit("chinchilla", every),
        "variable projection, 240 runs": scaling.fit("chinchilla", good, "variable_projection"),
        "variable projection, with the 5 outliers": scaling.fit("chinchilla", every, "variable_projection"),
    }
    figure = new_figure(7.6, 4.6)
    axes = figure.add_subplot()
    bad = np.setdiff1d(np.arange(len(every["loss"])), kept(every, config["left_out"]))
    axes.plot(every["D"], every["loss"], ".", color=GREY, markersize=3, label="runs, all sizes")
    axes.plot(every["D"][bad], every["loss"][bad], "x", color=style(1)[0], markersize=7, label="outliers")
    tokens = np.geomspace(every["D"].min(), every["D"].max(), 200)
    for place, (name, fit) in enumerate(fits.items()):
        axes.plot(
            tokens,
            fit.predict(N=np.full(tokens.shape, 1e9), D=tokens),
            color=style(0 if place < 2 else 2)[0],
            linestyle="--" if place % 2 else "-",
            label=f"1e9 parameters: {name}",
        )
    count_axis(axes.xaxis, "tokens")
    axes.set_ylim(2.1, 5.2)
    loss_axis(axes.yaxis)
    frame(axes)
    axes.legend(frameon=False, fontsize=8)
    set_title(axes, "What five outliers do to a fit")
    return figure


if __name__ == "__main__":
    main()
