"""The pictures of the tables."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from choices import candidates, front, row
from findings import KINDS
from halfulp.plots._figure import GREY, INK, frame, new_figure, set_head, style
from halfulp.plots._names import Lettering, Placer
from matplotlib.colors import to_rgb
from names import APART, AS_TRAINED, BADLY_SCALED, NETWORKS, TECHNIQUES, exponent_of, title, width_of
from tables import Tables

Config = dict[str, Any]
CONDITIONS = (AS_TRAINED, BADLY_SCALED, APART)
MOST_EXPONENT_BITS = 5  # that pictures show
LOSS_TICKS = (-0.5, 0, 0.5, 1, 2, 5, 10, 20, 50, 90)


def all_pictures(found: Tables, config: Config) -> dict[str, Any]:
    """By the names of their files."""
    return {
        "integers": integers(found, config),
        "formats": formats(found, config),
        "techniques": techniques(found, config),
        "costs": costs(found, config, OF_UNITS),
        "stored": costs(found, config, OF_STORAGE),
    }


def _losses(axis: Any) -> None:
    """Points of accuracy that are lost: even up to one point, in decades beyond."""
    set_scale = axis.axes.set_xscale if axis.axis_name == "x" else axis.axes.set_yscale
    set_scale("symlog", linthresh=1, linscale=1.2)
    axis.set_ticks(LOSS_TICKS, [f"{value:g}".replace("-", "−") for value in LOSS_TICKS])
    axis.set_ticks([], minor=True)


def integers(found: Tables, config: Config) -> Any:
    """Loss of accuracy by kind and width of integer weights, activations in binary64."""
    about = config["integers"]
    kinds = [(width, kind) for width in about["widths"] for kind in about["weights"]]
    figure = new_figure(11.5, 5.4)
    panels = figure.subplots(1, len(config["networks"]), sharey=True, sharex=True, squeeze=False)[0]
    for axes, name in zip(panels, config["networks"], strict=True):
        table = found.integers[(found.integers["network"] == name) & (found.integers["activations"] == "")]
        for place, condition in enumerate(CONDITIONS):
            mine = table[table["condition"] == condition]
            if mine.empty:
                continue
            rows = [row(mine, weights=kind.replace("{N}", str(width))) for width, kind in kinds]
            value = np.array([-100 * r.drift for r in rows])
            low, high = (np.array([-100 * getattr(r, end) for r in rows]) for end in ("drift_high", "drift_low"))
            colour, marker = style(place)
            axes.errorbar(
                value,
                -np.arange(len(kinds)) + 0.22 * (1 - place),
                xerr=[value - low, high - value],
                fmt=marker,
                color=colour,
                markersize=5,
                capsize=2,
                linewidth=1,
                label=condition,
            )
        for edge in range(len(about["weights"]), len(kinds), len(about["weights"])):
            axes.axhline(0.5 - edge, color=GREY, linewidth=0.7)
        axes.axvline(0, color=INK, linewidth=0.9)
        _losses(axes.xaxis)
        axes.set_xlim(-0.6, 115)
        axes.set_title(NETWORKS[name], loc="left", fontsize=11)
        axes.set_xlabel("accuracy lost, points (less is better)")
        frame(axes, "x")
    panels[0].set_yticks(-np.arange(len(kinds)), [KINDS[kind].replace("{N}", str(width)) for width, kind in kinds])
    handles, labels = panels[-1].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9.5)
    set_head(figure, "Integer weights after training, activations in binary64, 95 % intervals over seeds and images")
    return figure


def formats(found: Tables, config: Config) -> Any:
    """The logits' error by width, a line for each number of exponent bits."""
    columns = [(where, AS_TRAINED) for where in ("weights", "activations", "both")] + [("both", BADLY_SCALED)]
    figure = new_figure(11, 6)
    panels = figure.subplots(len(config["networks"]), len(columns), sharex=True, sharey=True, squeeze=False)
    table = found.formats[(found.formats["rule"] == "mse") & (found.formats["technique"] == "")]
    widths = config["formats"]["widths"]
    for down, name in enumerate(config["networks"]):
        for across, (where, condition) in enumerate(columns):
            axes = panels[down][across]
            mine = table[
                (table["network"] == name) & (table["where"] == where) & (table["condition"] == condition)
            ].copy()
            mine["exponent"] = mine["format"].map(exponent_of)
            mine["width"] = mine["format"].map(width_of)
            for place, exponent in enumerate((0, *range(2, MOST_EXPONENT_BITS + 1))):
                line = mine[mine["exponent"] == exponent].sort_values("width")
                colour, marker = style(place)
                label = f"{exponent} exponent bits" if exponent else "integers (and 1 exponent bit)"
                axes.plot(
                    line["width"],
                    10 * np.log10(line["logit_error"]),
                    color=colour,
                    marker=marker,
                    markersize=5 if exponent else 7,
                    linewidth=1.3,
                    label=label,
                )
            axes.set_xticks(widths)
            what = {"weights": "weights alone", "activations": "activations alone"}.get(where, "both")
            note = f", {condition}" if condition != AS_TRAINED else ""
            axes.set_title(f"{NETWORKS[name]}: {what}{note}", loc="left", fontsize=10.5)
            if down == len(config["networks"]) - 1:
                axes.set_xlabel("bits")
            if across == 0:
                axes.set_ylabel("error of the logits, dB")
            frame(axes)
    set_head(figure, "Error of the logits (less is better), a line for each number of exponent bits")
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), frameon=False, fontsize=9.5)
    return figure


def techniques(found: Tables, config: Config) -> Any:
    """What each technique takes off the logits' error, for integers and minifloats of two exponent bits."""
    figure = new_figure(10, 6.4)
    columns = (AS_TRAINED, BADLY_SCALED)
    panels = figure.subplots(len(config["networks"]), len(columns), sharex=True, sharey="col", squeeze=False)
    table = found.formats[(found.formats["rule"] == "mse") & (found.formats["where"] == "both")]
    widths = config["formats"]["widths"]
    families = {"integers": [f"int{n}s" for n in widths], "2 exponent bits": [f"e2m{n - 3}f" for n in widths]}
    wanted = [technique for technique in config["formats"]["techniques"] if technique]
    for down, name in enumerate(config["networks"]):
        for across, condition in enumerate(columns):
            axes = panels[down][across]
            mine = table[(table["network"] == name) & (table["condition"] == condition)]
            for place, (family, names) in enumerate(families.items()):
                colour, marker = style(place)
                plain = [row(mine, format=form, technique="").logit_error for form in names]
                for line, technique in zip((":", "--", "-"), wanted, strict=False):
                    errors = [row(mine, format=form, technique=technique).logit_error for form in names]
                    axes.plot(
                        widths,
                        10 * np.log10(np.divide(plain, errors)),
                        line,
                        color=colour,
                        marker=marker,
                        markersize=5,
                        linewidth=1.5,
                        label=f"{family}, {TECHNIQUES[technique]}",
                    )
            axes.axhline(0, color=INK, linewidth=0.9)
            axes.set_xticks(widths)
            axes.set_title(f"{NETWORKS[name]}, {condition}", loc="left", fontsize=10.5)
            if down == len(config["networks"]) - 1:
                axes.set_xlabel("bits of weights and activations")
            if across == 0:
                axes.set_ylabel("gain in dB (higher is better)")
            frame(axes)
    handles, labels = panels[0][0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    set_head(figure, "Error of the logits with a technique, beside the same formats without one")
    return figure


class Panel(NamedTuple):
    """Costs across, errors down. least, most: where the axis begins, with room for names, and ends."""

    column: str
    label: str
    error: str
    least: float
    most: float


_UNIT = "LUTs of a multiply-accumulate unit (model)"
OF_UNITS = (Panel("luts", _UNIT, "loss", 10.5, 72), Panel("luts", _UNIT, "logit_error", 10.5, 72))
OF_STORAGE = (Panel("bits", "bits of a weight and an activation", "logit_error", 4, 16.4),)
ERRORS = {"loss": "accuracy lost, points (less is better)", "logit_error": "error of the logits, dB (less is better)"}
KINDS_OF_PAIR = {"minifloat": "with a minifloat", "integers": "integers"}  # those in front last
_OF_NAMES = Lettering(7, "normal", (6, 9, 13), ((-0.7, -0.7), (-1, 0), (0, -1)))  # the better side is free


def costs(found: Tables, config: Config, wanted: tuple[Panel, ...]) -> Any:
    """Errors against costs, every pair of formats, with the fronts of integers and of all others. A row for each
    network, or a column where one panel is wanted."""
    names = list(config["networks"])
    if len(wanted) > 1:
        figure = new_figure(5 * len(wanted), 3.6 * len(names))
        panels = figure.subplots(len(names), len(wanted), squeeze=False)
    else:
        figure = new_figure(5 * len(names), 3.8)
        panels = figure.subplots(1, len(names), squeeze=False).T
    fronts = []
    for down, name in enumerate(config["networks"]):
        for axes, panel in zip(panels[down], wanted, strict=True):
            rows = candidates(found, name, panel.error)
            rows = rows[rows[panel.column] <= panel.most]
            for kind, words in KINDS_OF_PAIR.items():
                mine = rows[rows["kind"] == kind]
                colour, marker = style(int(kind == "minifloat"))
                axes.plot(
                    mine[panel.column],
                    _drawn(mine, panel),
                    marker,
                    color=_pale(colour),
                    markersize=2.2,
                    mew=0,
                    antialiased=False,
                )
                best = front(mine, panel.column, panel.error)
                label = f"{words}: pairs and their Pareto front"
                axes.step(
                    best[panel.column],
                    _drawn(best, panel),
                    where="post",
                    color=colour,
                    marker=marker,
                    markersize=4,
                    linewidth=1.3,
                    label=label,
                )
            if panel.column == "luts":
                axes.set_xscale("log", base=2)
                axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
            else:
                axes.set_xticks(range(6, 17, 2))
            if panel.error == "loss":
                axes.axhline(0, color=INK, linewidth=0.9)
            axes.set_ylabel(ERRORS[panel.error])
            axes.set_xlabel(panel.label)
            axes.set_title(NETWORKS[name], loc="left", fontsize=11)
            axes.set_xlim(panel.least, panel.most)
            axes.legend(frameon=False, fontsize=7.5, loc="upper right")
            low, high = axes.get_ylim()
            axes.set_ylim(low - 0.06 * (high - low), high + 0.2 * (high - low))  # room for names and the legend
            frame(axes)
            fronts.append((axes, panel, front(rows, panel.column, panel.error)))
    _name_fronts(figure, fronts)
    return figure


def _pale(colour: str) -> list[float]:
    """A colour halfway to white: see-through points make far larger files, as points with smooth edges do."""
    return [(1 + part) / 2 for part in to_rgb(colour)]


def _drawn(rows: Any, panel: Panel) -> Any:
    return 100 * rows[panel.error] if panel.error == "loss" else 10 * np.log10(rows[panel.error])


def _name_fronts(figure: Any, fronts: list[Any]) -> None:
    """The pairs that no other beats, weights × activations, where there is room for a name."""
    figure.draw_without_rendering()  # names are placed in pixels
    figure.set_layout_engine("none")
    for axes, panel, best in fronts:
        placer = Placer(figure, axes, np.column_stack([best[panel.column], _drawn(best, panel)]))
        placer.avoid_steps(list(range(len(best))))
        if panel.error == "loss":
            placer.avoid_line(np.array([[panel.least, 0], [panel.most, 0]]))
        for place, pair in enumerate(best.itertuples()):
            colour, _ = style(int(pair.kind == "minifloat"))
            placer.place(place, f"{title(pair.weights)}×{title(pair.activations)}", _OF_NAMES, colour)
