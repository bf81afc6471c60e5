"""The three pictures of the answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
from halfulp import error
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from names import ALLOCATIONS, CLOSED, KIND_MARKERS, KINDS, METHODS, SHORT, STYLE
from questions import BOUND_BITS, Answers

from methods import BASES, BIAS, BIAS_EXACT, GPTQ, NONE

Config = dict[str, Any]
GREY, FAINT = "#7F7F7F", "#E6E6E6"
_BUDGETS = (2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0, 4.25, 4.5, 5.0, 6.0)


def errors(found: Answers, table: pandas.DataFrame, config: Config) -> Any:
    """Bits against output error: one kind of codes under every method; all kinds, and allocations."""
    figure = _figure(14, 8)
    left, right = figure.subplots(1, 2, sharey=True)
    kind = config["end_task"]["kind"]
    _lines(left, _stored(table[table["kind"] == kind], config), "held_out_db")
    left.set_title(f"{KINDS[kind].capitalize()} of 2, 3 and 4 bits; more rank to the right", loc="left", fontsize=11)
    _kinds(right, table)
    for name, (colour, line) in ALLOCATIONS.items():
        mine = found.fronts[found.fronts["allocation"] == name].sort_values("bits_per_weight")
        label = f"allocated: {name}"
        right.plot(mine["bits_per_weight"], mine["held_out_db"], line, color=colour, linewidth=1.6, label=label)
    right.set_title("Every kind uncorrected; choices layer by layer", loc="left", fontsize=11)
    low = min(found.fronts["held_out_db"].min(), table["held_out_db"].min())
    for axes in (left, right):
        _bounds(axes, found.inputs)
        axes.set_xlabel("bits a weight, scales and factors counted")
        axes.set_xlim(1.9, min(table["bits_per_weight"].max(), 6.6))
        _quiet(axes)
    handles = {}
    for axes in (left, right):
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    left.set_ylim(low - 3, table["held_out_db"].max() + 1.5)
    left.set_ylabel("output error on held-out texts, dB, mean over matrices")
    return figure


def _stored(table: pandas.DataFrame, config: Config) -> pandas.DataFrame:
    """Rows whose factors are in the first scheme, and those without factors."""
    return table[table["factors"].isin(["", config["closed_form"]["factors"][0]])]


def _lines(axes: Any, rows: pandas.DataFrame, column: str) -> None:
    """From a scheme alone through the ranks of each method."""
    labelled = set()
    for scheme in rows["scheme"].unique():
        own = rows[rows["scheme"] == scheme]
        for method in METHODS:
            base = BASES.get(method, NONE)
            mine = own[own["method"].isin([method, base])].sort_values("bits_per_weight")
            if not (own["method"] == method).any() or method == base:
                continue
            colour, marker = STYLE[method]
            if method in (GPTQ, BIAS):
                mine = own[own["method"] == method]
            axes.plot(
                mine["bits_per_weight"],
                mine[column],
                linestyle="--" if method == BIAS_EXACT else "-" if method in (*CLOSED, *BASES) else "none",
                marker="" if method == BIAS_EXACT else marker,
                markersize=5 if method in CLOSED else 7,
                linewidth=1.1,
                color=colour,
                label="" if method in labelled else METHODS[method],
            )
            labelled.add(method)
        start = own[own["method"] == NONE]
        axes.plot(start["bits_per_weight"], start[column], "o", mfc="white", mec=STYLE[NONE][0], markersize=9, zorder=4,
                  label="" if NONE in labelled else METHODS[NONE])  # fmt: skip
        labelled.add(NONE)


def _kinds(axes: Any, table: pandas.DataFrame) -> None:
    for kind, marker in KIND_MARKERS.items():
        mine = table[(table["kind"] == kind) & (table["method"] == NONE)]
        axes.plot(mine["bits_per_weight"], mine["held_out_db"], marker, color="#222222", mfc="white", markersize=7,
                  label=KINDS[kind])  # fmt: skip


def _bounds(axes: Any, inputs: pandas.DataFrame) -> None:
    bits = np.array(BOUND_BITS)
    plain = [10 * np.log10(error.rate_distortion(b)) for b in bits]
    filled = [10 * np.log10(inputs[f"bound_{b:g}"]).mean() for b in bits]
    axes.plot(bits, plain, color=GREY, linewidth=1, label="Gaussian bound, inputs uncorrelated")
    axes.plot(bits, filled, color=GREY, linewidth=1, linestyle=(0, (6, 2)), label="Gaussian bound, these inputs")


def winners(found: Answers, table: pandas.DataFrame, config: Config) -> Any:
    """What each method gains by rank; which choice is best within so many bits; what a bit of rank is worth."""
    figure = _figure(15, 9.4)
    above, below = figure.subfigures(2, 1, height_ratios=[1, 1.15])
    panels = above.subplots(1, 3, sharey=True)
    stored = _stored(table, config)
    for axes, bits in zip(panels, (2, 3, 4), strict=True):
        _gains(axes, stored[stored["code_bits"] == bits], config)
        axes.set_title(f"{bits} bits: mean of six kinds", loc="left")
    panels[0].set_ylabel("output error less than uncorrected, dB")
    _legend(panels[0], "upper left")
    left, right = below.subplots(1, 2, width_ratios=[1.35, 1])
    _best(left, stored, config)
    _prices(right, stored, config)
    return figure


def _gains(axes: Any, rows: pandas.DataFrame, config: Config) -> None:
    for method in config["closed_form"]["methods"]:
        colour, marker = STYLE[method]
        wide = rows[rows["method"] == method].pivot(index="rank", columns="scheme", values="gain")
        axes.fill_between(wide.index, wide.min(axis=1), wide.max(axis=1), color=colour, alpha=0.12, linewidth=0)
        axes.plot(wide.index, wide.mean(axis=1), color=colour, marker=marker, label=METHODS[method])
    for method in ("loftq", "svdquant", "caldera"):
        mine = rows[(rows["method"] == method) & (rows["kind"] == config["end_task"]["kind"])]
        colour, marker = STYLE[method]
        axes.plot(mine["rank"], mine["gain"], marker, color=colour, markersize=9,
                  label=f"{METHODS[method]} ({KINDS[config['end_task']['kind']]})")  # fmt: skip
    ranks = config["closed_form"]["ranks"]
    axes.set_xscale("log", base=2)
    axes.set_xticks(ranks, [str(rank) for rank in ranks])
    axes.minorticks_off()
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set_xlabel("rank")
    _quiet(axes)


def _best(axes: Any, rows: pandas.DataFrame, config: Config) -> None:
    """For each kind and number of bits, all counted, what leaves the least error within them."""
    kinds = list(config["schemes"])
    shown = np.full((len(kinds), len(_BUDGETS)), np.nan)
    for down, kind in enumerate(kinds):
        for across, budget in enumerate(_BUDGETS):
            fit = rows[(rows["kind"] == kind) & (rows["bits_per_weight"] <= budget + 1e-3)]
            if fit.empty:
                continue
            best = fit.loc[fit["held_out_db"].idxmin()]
            shown[down, across] = best["held_out_db"]
            method = SHORT[best["method"]].replace(", ", ",\n") + (f" {best['rank']}" if best["rank"] else "")
            lines = (f"{best['code_bits']} bits", method, f"{best['held_out_db']:.1f}".replace("-", "−"))
            axes.text(across, down, "\n".join(lines), ha="center", va="center", fontsize=6.5)
    axes.imshow(shown, aspect="auto", cmap="YlGnBu_r", vmax=np.nanmax(shown), vmin=2 * np.nanmin(shown))
    axes.set_xticks(range(len(_BUDGETS)), [f"{budget:g}" for budget in _BUDGETS])
    axes.set_yticks(range(len(kinds)), [KINDS[kind] for kind in kinds], fontsize=8)
    axes.set_xlabel("bits a weight at most, scales and factors counted")
    axes.set_title(
        "The best single choice: bits of code, method, rank; held-out output error, dB", loc="left", fontsize=11
    )


def _prices(axes: Any, rows: pandas.DataFrame, config: Config) -> None:
    kind = config["end_task"]["kind"]
    own = rows[rows["kind"] == kind]
    for place, bits in enumerate((2, 3, 4)):
        colour = ("#D55E00", "#0072B2", "#009E73")[place]
        for method, line in (("qera_exact", "-"), ("zeroquant_v2", ":")):
            steps = price_of_rank(own[own["code_bits"] == bits], method, "held_out_db")
            axes.plot(steps["rank"], steps["price"], line, color=colour, marker="o" if line == "-" else "v",
                      label=f"{bits} bits, {METHODS[method]}")  # fmt: skip
    for bits, price in price_of_codes(own, "held_out_db").items():
        colour = ("#D55E00", "#0072B2")[bits - 2]
        axes.axhline(price, color=colour, linewidth=1, linestyle="--", label=f"codes of {bits + 1} bits for {bits}")
    ranks = config["closed_form"]["ranks"]
    axes.set_xscale("log", base=2)
    axes.set_xticks(ranks, [str(rank) for rank in ranks])
    axes.minorticks_off()
    axes.set_xlabel("the last ranks added, up to")
    axes.set_ylabel("dB of output error for one more bit a weight")
    axes.set_title(f"What a bit buys, {KINDS[kind]}, factors in 8.5 bits", loc="left", fontsize=11)
    _quiet(axes)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)


def price_of_rank(own: pandas.DataFrame, method: str, column: str) -> pandas.DataFrame:
    """dB less for each bit a weight, from rank to rank: own is one scheme's rows."""
    base = BASES.get(method, NONE)
    line = own[own["method"].isin([base, method])].sort_values("rank")
    price = -line[column].diff() / line["bits_per_weight"].diff()
    return pandas.DataFrame({"rank": line["rank"], "price": price}).iloc[1:]


def price_of_codes(own: pandas.DataFrame, column: str) -> dict[int, float]:
    """The same from 2 to 3 and from 3 to 4 bits of code."""
    line = own[own["method"] == NONE].sort_values("code_bits")
    price = -line[column].diff() / line["bits_per_weight"].diff()
    return {int(bits) - 1: float(p) for bits, p in zip(line["code_bits"].iloc[1:], price.iloc[1:], strict=True)}


def drift(found: Answers, table: pandas.DataFrame, config: Config) -> Any:
    """The end task against bits, and against the two kinds of errors."""
    figure = _figure(16, 8)
    first, second, third = figure.subplots(1, 3, width_ratios=[1.15, 1.15, 1])
    for axes, metric in ((first, "drift"), (second, "overlap@10")):
        _task(axes, with_bits(found, table, config, metric), config)
        axes.set_xlabel("bits a weight, scales and factors counted")
        axes.set_xlim(1.9, 7.2)
        _quiet(axes)
    first.set_yscale("log")
    first.set_ylabel("1 − cosine to the original's vectors, sentences")
    first.set_title("Drift of vectors, 95 % intervals", loc="left")
    second.set_ylabel("share of the original's ten nearest still found")
    second.set_title("Retrieval, 95 % intervals", loc="left")
    handles = {}
    for axes in (first, second):
        handles |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    rows = with_bits(found, table, config, "drift")
    for column, marker, colour in (("held_out_db", "o", "#0072B2"), ("weight_db", "^", "#E69F00")):
        third.plot(rows[column], rows["value"], marker, color=colour, markersize=5, alpha=0.8,
                   label={"held_out_db": "output error (held-out)", "weight_db": "weight error"}[column])  # fmt: skip
    third.set_yscale("log")
    third.set_xlabel("error, dB, mean over matrices")
    third.set_title("Which error tells the drift beforehand", loc="left")
    _quiet(third)
    _legend(third, "upper left")
    return figure


def with_bits(found: Answers, table: pandas.DataFrame, config: Config, metric: str) -> pandas.DataFrame:
    """One measure of the end task beside bits and errors of what was measured."""
    columns = ["bits_per_weight", "weight_db", "output_db", "held_out_db"]
    rows = found.drift[found.drift["metric"] == metric]
    single = rows[rows["scheme"].notna()].drop(columns=["bits_per_weight"], errors="ignore")
    single = single.merge(
        _stored(table, config)[["scheme", "method", "rank", *columns]], on=["scheme", "method", "rank"]
    )
    several = rows[rows["allocation"].notna()].drop(columns=["bits_per_weight"], errors="ignore")
    several = several.merge(found.allocations[["allocation", "budget", *columns]], on=["allocation", "budget"])
    return pandas.concat([single, several], ignore_index=True)


def _task(axes: Any, rows: pandas.DataFrame, config: Config) -> None:
    others = rows[(rows["method"] == NONE) & (rows["kind"] != config["end_task"]["kind"])]
    _dots(axes, others, "#BBBBBB", ".", "no correction, other kinds")
    for method, (colour, marker) in STYLE.items():
        mine = rows[(rows["method"] == method) & (rows["kind"] == config["end_task"]["kind"])]
        if len(mine):
            _dots(axes, mine, colour, marker, METHODS[method])
    for name, (colour, line) in ALLOCATIONS.items():
        mine = rows[rows["allocation"] == name].sort_values("bits_per_weight")
        _dots(axes, mine, colour, "", f"allocated: {name}", line)


def _dots(axes: Any, rows: pandas.DataFrame, colour: str, marker: str, label: str, line: str = "none") -> None:
    low, high = rows["value"] - rows["low"], rows["high"] - rows["value"]
    axes.errorbar(rows["bits_per_weight"], rows["value"], [low, high], color=colour, marker=marker, linestyle=line,
                  markersize=6, linewidth=1.4, elinewidth=0.8, capsize=1.5, label=label)  # fmt: skip


def _legend(axes: Any, place: str) -> None:
    axes.legend(frameon=False, fontsize=8, loc=place)


def _quiet(axes: Any) -> None:
    axes.grid(color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _figure(width: float, height: float) -> Any:
    figure = Figure(figsize=(width, height), dpi=120, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
