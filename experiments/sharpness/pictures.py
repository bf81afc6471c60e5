"""The pictures of the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from predictors import CHOOSING, KINDS, NAMES, kind_of
from study import Answers

Config = dict[str, Any]
# Okabe and Ito's colours; a marker's shape says the same once more.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#222222", "#999933", "#882255", "#332288")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
KIND_STYLE = dict(zip(KINDS, zip(COLOURS, MARKERS, strict=False), strict=False))
GREY = "#7F7F7F"


def all_pictures(found: Answers, correlations: pandas.DataFrame, config: Config) -> dict[str, Figure]:
    return {
        "premise": premise(found, config),
        "correlations": of_correlations(correlations),
        "traces": of_traces(found.traces),
        "allocations": of_allocations(found.allocations),
        "logits": of_logits(found.logits, config),
        "tails": of_tails(found.tails),
    }


def _figure(width: float, height: float) -> Figure:
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _quiet(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)


def _legend_below(figure: Figure, axes: Any, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def premise(found: Answers, config: Config) -> Figure:
    """Ω against measured drift, a panel for each of a few schemes; the line is drift = ½ Ω."""
    schemes = [*config["quadratic"]["schemes"], "mxfp4"]
    figure = _figure(13, 3.9)
    panels = figure.subplots(1, len(schemes))
    for axes, scheme in zip(panels, schemes, strict=True):
        of = found.damage[found.damage["scheme"] == scheme]
        for kind, (colour, marker) in KIND_STYLE.items():
            mine = of[of["kind"] == kind]
            axes.scatter(mine["omega"] / 2, mine["drift"], color=colour, marker=marker, s=26, label=kind)
        ends = np.array([(of["omega"] / 2).min(), (of["omega"] / 2).max()])
        axes.plot(ends, ends, color=GREY, linewidth=1)
        axes.set(xscale="log", yscale="log", xlabel="½ trace / n · ‖ΔW‖²")
        axes.set_title(config["schemes"].get(scheme, scheme), loc="left", fontsize=10)
        _quiet(axes)
    panels[0].set_ylabel("drift of the model, this layer alone quantized")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False, fontsize=9
    )
    return figure


def of_correlations(correlations: pandas.DataFrame) -> Figure:
    """Rank correlations with their intervals: with drift, with drift within kinds, with the contrastive loss."""
    figure = _figure(12, 4.2)
    panels = figure.subplots(1, 3, sharey=True)
    cases = (
        ("drift", False, "drift"),
        ("drift", True, "drift, beyond the kind of layer"),
        ("contrast", False, "contrastive loss"),
    )
    names = [n for n in NAMES if n in set(correlations["predictor"])]
    for axes, (damage, beyond, title) in zip(panels, cases, strict=True):
        for which, shift, colour in (("all", 0.12, COLOURS[0]), ("with quadratic form", -0.12, COLOURS[1])):
            of = correlations[
                (correlations["schemes"] == which)
                & (correlations["damage"] == damage)
                & (correlations["within_kinds"] == beyond)
            ]
            for row in of.itertuples():
                place = len(names) - names.index(row.predictor) + shift
                axes.plot([row.low, row.high], [place, place], color=colour, linewidth=1.5)
                axes.plot(row.rho, place, marker="o", color=colour, markersize=5)
        axes.axvline(0, color=GREY, linewidth=0.8)
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("Spearman's ρ, mean over schemes")
        _quiet(axes)
    panels[0].set_yticks(range(len(names), 0, -1), [NAMES[n] for n in names])
    for colour, label in ((COLOURS[0], "all schemes"), (COLOURS[1], "int2, int3, int4 in groups of 64")):
        panels[2].plot([], [], marker="o", color=colour, label=label)
    figure.legend(
        *panels[2].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False, fontsize=9
    )
    return figure


def of_traces(traces: pandas.DataFrame) -> Figure:
    """Mean eigenvalues of each layer's block with standard errors, and the largest one."""
    figure = _figure(12, 3.8)
    panels = figure.subplots(1, 3)
    numbers = traces["matrix"].str.extract(r"layer\.(\d+)\.")[0].astype(int)
    kinds = traces["matrix"].map(kind_of)
    for axes, column, title in (
        (panels[0], "drift_trace", "drift: trace / n"),
        (panels[1], "contrast_trace", "contrastive loss: trace / n"),
        (panels[2], "eigenvalue", "drift: largest eigenvalue"),
    ):
        unit = 1 if column == "eigenvalue" else traces["elements"]
        for place, (kind, (colour, marker)) in enumerate(KIND_STYLE.items()):
            own = kinds == kind
            x = numbers[own] + (place - 2.5) * 0.1
            error = traces[f"{column}_error"] / unit if column != "eigenvalue" else traces["residual"]
            y = traces[column] / unit
            axes.errorbar(x, y[own], 2 * error[own], color=colour, marker=marker, markersize=5, linewidth=1, label=kind)
        if (traces[column] > 0).all():
            axes.set_yscale("log")
        else:
            axes.axhline(0, color=GREY, linewidth=0.8)
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xticks(sorted(set(numbers)))
        axes.set_xlabel("block")
        _quiet(axes)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False, fontsize=9
    )
    return figure


def of_allocations(allocations: pandas.DataFrame) -> Figure:
    figure = _figure(8, 4.4)
    axes = figure.subplots()
    one = allocations[allocations["predictor"] == "one for all"].sort_values("budget")
    axes.errorbar(
        one["budget"], one["drift"], 2 * one["drift_error"], color=GREY, marker="o", label="one scheme for all"
    )
    for (name, label), colour, marker in zip(CHOOSING.items(), COLOURS, MARKERS, strict=False):
        of = allocations[allocations["predictor"] == name].sort_values("budget")
        if len(of):
            axes.plot(of["budget"], of["drift"], color=colour, marker=marker, markersize=6, linewidth=1.2, label=label)
    axes.set(yscale="log", xlabel="bits a weight, scales counted", ylabel="drift of the whole model")
    _quiet(axes)
    axes.legend(frameon=False, fontsize=9)
    return figure


def of_logits(logits: pandas.DataFrame, config: Config) -> Figure:
    """Against mantissa bits: sharpness in the space of logits and the loss, each window less itself in the stored
    model; means over windows with two standard errors."""
    figure = _figure(12, 3.8)
    panels = figure.subplots(1, 3)
    epsilon = config["decoder"]["epsilons"][0]
    of = logits[logits["epsilon"] == epsilon]
    stored = of[of["mantissa"].isna()].set_index("window")
    for axes, column, label in (
        (panels[0], "sharpness", "sharpness in %, mean over tokens"),
        (panels[1], "last_sharpness", "sharpness in %, last tokens"),
        (panels[2], "loss", "loss, nats a token"),
    ):
        for rounding, colour, marker in zip(config["decoder"]["roundings"], COLOURS, MARKERS, strict=False):
            own = of[of["rounding"] == rounding]
            gone = own[column] - stored[column].reindex(own["window"]).to_numpy()
            by = gone.groupby(own["mantissa"])
            mean, error = by.mean(), by.std() / np.sqrt(by.count())
            name = "cut off" if rounding == "toward_zero" else "to nearest"
            axes.errorbar(mean.index, mean, 2 * error, color=colour, marker=marker, label=name, capsize=2)
        axes.axhline(0, color=GREY, linewidth=1, linestyle="--", label="as stored")
        axes.invert_xaxis()
        axes.set(xlabel="mantissa bits")
        axes.set_title(label, loc="left", fontsize=10)
        _quiet(axes)
    panels[0].set_ylabel(f"change against the stored model (ε = {epsilon:g})")
    panels[2].legend(frameon=False)
    return figure


def of_tails(tails: pandas.DataFrame) -> Figure:
    """E x⁴ / (E x²)² of weights and inputs, before against after the rotation; 3 is a normal distribution's."""
    figure = _figure(10, 4.6)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, what in zip(panels, ("weight", "input"), strict=True):
        for model, colour, marker in (("encoder", COLOURS[0], "o"), ("decoder", COLOURS[1], "s")):
            of = tails[(tails["what"] == what) & (tails["model"] == model)]
            label = f"{model}, {len(of)}"
            axes.scatter(of["kurtosis"] + 3, of["kurtosis_rotated"] + 3, color=colour, marker=marker, s=16, label=label)
        axes.axhline(3, color=GREY, linewidth=0.8)
        axes.plot([3, (tails["kurtosis"] + 3).max()], [3, (tails["kurtosis"] + 3).max()], color=GREY, linewidth=0.8)
        axes.set(xscale="log", yscale="log", xlabel="kurtosis as they are (normal: 3)")
        axes.set_title({"weight": "weights", "input": "inputs of linear layers"}[what], loc="left", fontsize=10)
        _quiet(axes)
        axes.legend(frameon=False)
    panels[0].set_ylabel("after a Hadamard rotation along the inputs")
    return figure
