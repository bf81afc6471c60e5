"""The three pictures of the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
from halfulp.sweeping import gaussian_bound_db
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from names import ELEMENTS, SCALES, SOURCES, kind_of_scale
from questions import Answers

Config = dict[str, Any]

# Okabe and Ito's colours; a marker's shape says the same once more.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#222222")
MARKERS = ("o", "v", "^", "D", "s", "P", "X")
GREY, FAINT = "#7F7F7F", "#E6E6E6"


def elements(found: Answers, config: Config) -> Any:
    """Errors by element and kind of weights; the model's matrices one by one; how often NF4 and AF4 use their codes."""
    figure = _figure(15, 5.4)
    left, middle, right = figure.subplots(1, 3, width_ratios=[1, 1.15, 1])
    _by_source(left, found.elements, config)
    _by_matrix(middle, found, config)
    _use(right, found.code_use)
    return figure


def _by_source(axes: Any, table: pandas.DataFrame, config: Config) -> None:
    rows = table[(table["scale"] == config["hadamard"]["scale"]) & (table["hadamard"] == 0)]
    names = config["elements"]["names"]
    for place, element in enumerate(names):
        mine = rows[rows["element"] == element].set_index("source").loc[list(SOURCES)]
        shift = 0.09 * (place - (len(names) - 1) / 2)
        axes.plot(
            np.arange(len(SOURCES)) + shift,
            mine["sqnr_db"],
            MARKERS[place],
            color=COLOURS[place],
            markersize=7,
            label=ELEMENTS[element],
        )
    axes.set_xticks(range(len(SOURCES)), [name.replace("sentence ", "sentence\n") for name in SOURCES.values()])
    axes.set_xlim(-0.5, len(SOURCES) - 0.5)
    axes.set_ylabel("signal to noise, dB (higher is better)")
    axes.set_title(f"Groups of {config['elements']['length']}, {config['hadamard']['scale']} scales", loc="left")
    axes.legend(frameon=False, fontsize=8.5, loc="lower left")
    _quiet(axes, "y")


def _by_matrix(axes: Any, found: Answers, config: Config) -> None:
    first, *others = config["elements"]["names"]
    rows = found.elements[(found.elements["source"] == "model") & (found.elements["hadamard"] == 0)]
    rows = rows[rows["scale"] == config["hadamard"]["scale"]].set_index("element")
    shifts = np.random.default_rng(config["seed"]).uniform(-0.22, 0.22, len(found.matrices))
    for place, element in enumerate(others):
        colour, marker = COLOURS[place + 1], MARKERS[place + 1]
        axes.plot(found.matrices[element], -place + shifts, marker, color=colour, markersize=4, alpha=0.45, mew=0)
        mean, low, high = (rows.loc[element, f"gain{part}"] for part in ("", "_low", "_high"))
        axes.errorbar(
            mean,
            -place,
            xerr=[[mean - low], [high - mean]],
            fmt=marker,
            color=colour,
            markersize=8,
            capsize=4,
            mec="white",
        )
    axes.axvline(0, color="#222222", linewidth=0.9)
    axes.set_yticks([-place for place in range(len(others))], [ELEMENTS[element] for element in others])
    axes.set_xlabel(f"dB over {ELEMENTS[first]}: each matrix, their mean and its 95 % interval")
    axes.set_title(f"{SOURCES['model'].capitalize()}, {len(found.matrices)} matrices", loc="left")
    _quiet(axes, "x")


def _use(axes: Any, use: pandas.DataFrame) -> None:
    rows = use[use["source"] == "normal"].set_index("element")
    for place, element in enumerate(("nf4", "af4")):
        row = rows.loc[element]
        axes.bar(
            np.arange(16) + 0.4 * (place - 0.5),
            100 * row["shares"],
            0.4,
            color=COLOURS[place],
            label=f"{ELEMENTS[element]}, entropy {row['entropy']:.2f} bits",
        )
    axes.axhline(100 / 16, color=GREY, linewidth=1, linestyle="--")
    axes.annotate("equal use", (-0.5, 100 / 16), xytext=(0, 3), textcoords="offset points", color=GREY, fontsize=8)
    axes.set_xticks(range(16))
    axes.set_xlabel("code, in ascending order (7: zero)")
    axes.set_ylabel("share of normal weights, %")
    axes.set_title("How often each code is used", loc="left")
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    axes.margins(y=0.22)
    _quiet(axes, "y")


def scales(table: pandas.DataFrame, config: Config) -> Any:
    """Bits a weight against error, one line for each kind of scale, one panel for each element and kind of weights."""
    figure = _figure(14, 8)
    names = config["scales"]["elements"]
    sources = list(table["source"].unique())
    panels = figure.subplots(len(sources), len(names), squeeze=False, sharex=True, sharey=True)
    for across, element in enumerate(names):
        for down, source in enumerate(sources):
            axes = panels[down][across]
            _lines(axes, table[(table["source"] == source) & (table["element"] == element)])
            axes.set_title(f"{ELEMENTS[element]}, {SOURCES[source]}", loc="left", fontsize=11)
            if down == len(sources) - 1:
                axes.set_xlabel("bits a weight for scales")
            if across == 0:
                axes.set_ylabel("relative error, dB (lower is better)")
    affine = table[table["element"] == config["scales"]["affine"]]
    for down, source in enumerate(sources):
        mine = affine[affine["source"] == source]
        axes = panels[down][names.index("int4s")]
        label = "INT4 with zero point, binary16"
        axes.plot(_overhead(mine), -mine["sqnr_db"], ":", color=GREY, marker="*", markersize=7, label=label)
    drawn = np.concatenate([line.get_ydata() for axes in panels.flat for line in axes.get_lines()])
    panels[0][0].set_ylim(float(gaussian_bound_db(4)) - 2, drawn.max() + 0.4)
    handles = {}
    for axes in panels.flat:
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False, fontsize=9.5)
    return figure


def _overhead(rows: pandas.DataFrame) -> pandas.Series:
    return rows["bits_per_element"] - 4


def _lines(axes: Any, rows: pandas.DataFrame) -> None:
    rows = rows[[isinstance(length, int) for length in rows["length"]]]
    kinds = rows["scale"].map(kind_of_scale)
    for place, (kind, label) in enumerate(SCALES.items()):
        mine = rows[kinds == kind]
        mine = mine.loc[mine.groupby("length")["sqnr_db"].idxmax()].sort_values("bits_per_element")
        if mine.empty:
            continue
        name = f"{label}, best recipe" if kind == "e8m0fnu" else label
        axes.plot(
            _overhead(mine),
            -mine["sqnr_db"],
            color=COLOURS[place],
            marker=MARKERS[place],
            markersize=9 - place,  # lines that coincide stay visible
            linewidth=1.2,
            label=name,
        )
    overhead = np.geomspace(2**-9, 2, 60)
    bound = gaussian_bound_db(4 + overhead)
    axes.plot(overhead, bound, color=GREY, linewidth=0.9, label="Gaussian rate–distortion bound")
    axes.set_xscale("log", base=2)
    axes.set_xlim(2**-9, 2.3)
    ticks = [2.0**-9, 2.0**-7, 2.0**-5, 2.0**-3, 0.25, 0.5, 1, 2]
    axes.set_xticks(ticks, ["1/512", "1/128", "1/32", "1/8", "1/4", "1/2", "1", "2"])
    _quiet(axes, "both")


def hadamard(table: pandas.DataFrame, config: Config) -> Any:
    """Each element before and after a transform, one panel for each kind of weights."""
    length = config["hadamard"]["lengths"][len(config["hadamard"]["lengths"]) // 2]
    rows = table[table["scale"] == config["hadamard"]["scale"]]
    names = list(rows[rows["hadamard"] == length]["element"].unique())
    figure = _figure(14, 3.9)
    panels = figure.subplots(1, len(SOURCES), sharey=True, sharex=True)
    for axes, (source, title) in zip(panels, SOURCES.items(), strict=True):
        mine = rows[rows["source"] == source].set_index(["hadamard", "element"])
        for place, element in enumerate(names):
            colour = COLOURS[config["elements"]["names"].index(element)]
            before, after = (mine.loc[(n, element), "sqnr_db"] for n in (0, length))
            axes.plot([before, after], [-place, -place], color=colour, linewidth=2)
            axes.plot(before, -place, "o", mfc="white", mec=colour, markersize=8, mew=1.6)
            axes.plot(after, -place, "o", color=colour, markersize=5)
            gain = f"{round(after - before, 2) + 0.0:+.2f}".replace("-", "−")
            axes.annotate(
                gain, ((before + after) / 2, -place), xytext=(0, 8), textcoords="offset points", ha="center", fontsize=9
            )
        axes.set_title(title, loc="left")
        axes.set_xlabel("signal to noise, dB")
        axes.set_ylim(-len(names) + 0.4, 0.6)
        _quiet(axes, "x")
    panels[0].set_yticks([-place for place in range(len(names))], [ELEMENTS[element] for element in names])
    figure.suptitle(
        f"Before (open) and after a Hadamard transform of {length}, all matrices together, "
        f"groups of {config['elements']['length']}",
        x=0.01,
        ha="left",
        fontsize=11.5,
    )
    return figure


def _quiet(axes: Any, grid: str) -> None:
    axes.grid(axis=grid, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _figure(width: float, height: float) -> Any:
    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
