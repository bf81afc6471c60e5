"""Pictures of scaling laws: curves of equal loss, losses along a budget; and all kinds by their words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.plots._figure import INK, frame, new_figure, set_title
from halfulp.plots._laws import AXES, CURVES, DARK, FLOP, HEIGHT, WIDTH, Runs, along_logs, runs_of, title_of
from halfulp.plots._scales import count_axis, loss_axis
from halfulp.plots.scaling_fit import bootstrap_cloud, effective_parameters, residuals
from halfulp.plots.scaling_losses import loss_curves
from halfulp.sweeping._extras import need

if TYPE_CHECKING:
    from halfulp.scaling import Fit


def iso_loss(
    fit: Fit,
    losses: Sequence[float] | None = None,
    *,
    budgets: Sequence[float] | None = None,
    title: str | None = None,
    **columns: Any,
) -> Any:
    """Curves of equal loss over parameters and compute 6 N D, with the line of the best N of each budget, as a
    matplotlib Figure. Where a curve is lowest, its loss is cheapest: that is where the line crosses it.

    losses: of the curves (default: nine over the runs). budgets: between which the line is drawn (default: the runs').
    columns: every other column of the law, such as format="FP4"; only runs that have these are drawn.
    """
    from halfulp.scaling.curves import iso_loss as curves_of
    from halfulp.scaling.optimal import compute_optimal

    runs = runs_of(fit)
    chosen = _chosen(fit, runs, columns)
    sizes = along_logs(runs.N[chosen])
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.add_subplot()
    compute = FLOP * runs.N * runs.D
    palette = need("matplotlib", "plots", "a plot").colormaps["viridis"]
    observed = runs.observed[chosen]
    low, high = float(observed.min()), float(observed.max())
    # Without the last colours, which are too light for lines and letters.
    shade = need("matplotlib.colors", "plots", "a plot").Normalize(low, low + (high - low) / DARK + 1e-12)
    levels = np.asarray(losses if losses is not None else _levels(observed))
    for curve in curves_of(fit, levels, sizes, **columns):
        colour = palette(shade(curve.level))
        axes.plot(sizes, FLOP * sizes * curve.D, color=colour, linewidth=1.1)
        _write(axes, sizes, FLOP * sizes * curve.D, f"{curve.level:.3g}", colour)
    axes.scatter(
        runs.N[chosen],
        compute[chosen],
        c=observed,
        cmap="viridis",
        norm=shade,
        s=16,
        edgecolors="white",
        linewidths=0.4,
    )
    spent = np.asarray(budgets, dtype=np.float64) if budgets is not None else along_logs(compute[chosen], 40)
    best = compute_optimal(fit, np.sort(spent), **columns)
    axes.plot(best.N, best.C, color=INK, linestyle="--", linewidth=1.3, label="best N of a budget")
    count_axis(axes.xaxis, AXES["N"])
    count_axis(axes.yaxis, AXES["C"])
    low, high = compute[chosen].min(), compute[chosen].max()
    axes.set_ylim(low / 2, high * 2)
    axes.set_xlim(sizes[0], sizes[-1])
    axes.legend(frameon=False, fontsize=8.5, loc="upper left")
    frame(axes)
    set_title(axes, title or f"Curves of equal loss of the law {title_of(fit)}")
    return figure


def iso_flop(fit: Fit, budgets: Sequence[float] | None = None, *, title: str | None = None, **columns: Any) -> Any:
    """The law's loss along N for budgets C = 6 N D, each with its least loss as a point, as a matplotlib Figure.

    budgets: default six over the runs. columns: every other column of the law.
    """
    from halfulp.scaling.curves import iso_flop as curves_of
    from halfulp.scaling.optimal import compute_optimal

    runs = runs_of(fit)
    chosen = _chosen(fit, runs, columns)
    compute = FLOP * runs.N[chosen] * runs.D[chosen]
    spent = np.asarray(budgets, dtype=np.float64) if budgets is not None else along_logs(compute, CURVES, 0)
    best = compute_optimal(fit, spent, **columns)
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.add_subplot()
    for place, (colour, budget) in enumerate(zip(_colours(len(spent)), spent.tolist(), strict=True)):
        sizes = np.asarray(best.N)[place] * np.exp(np.linspace(-2.5, 2.5, 201))
        (curve,) = curves_of(fit, budget, sizes, **columns)
        axes.plot(sizes, curve.loss, color=colour, linewidth=1.3, label=_power(budget))
    axes.plot(best.N, best.loss, color=INK, linestyle="--", linewidth=1, marker="o", markersize=4, label="least loss")
    count_axis(axes.xaxis, AXES["N"])
    loss_axis(axes.yaxis)
    frame(axes)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5, title="FLOP", title_fontsize=8.5)
    set_title(axes, title or f"Loss along budgets by the law {title_of(fit)}")
    return figure


#: What :meth:`halfulp.scaling.Fit.plot` draws, by its word.
KINDS: dict[str, Callable[..., Any]] = {
    "loss": loss_curves,
    "iso_loss": iso_loss,
    "iso_flop": iso_flop,
    "effective": effective_parameters,
    "residuals": residuals,
    "bootstrap": bootstrap_cloud,
}


def draw(fit: Fit, kind: str = "loss", **keywords: Any) -> Any:
    """The picture of this kind. Raises ValueError for another word than those of KINDS."""
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}, allowed: {', '.join(KINDS)}")
    return KINDS[kind](fit, **keywords)


def _chosen(fit: Fit, runs: Runs, columns: dict[str, Any]) -> np.ndarray:
    """Places of the runs that have these columns. Missing and unknown ones are told by the law."""
    from halfulp.scaling._given import constants

    chosen = np.ones(runs.N.shape, dtype=bool)
    for name, value in constants(fit.law, columns).items():
        chosen &= runs.others[name] == value
    if not chosen.any():
        raise ValueError(f"columns is {columns}, which no run has, allowed: a combination that runs have")
    return np.flatnonzero(chosen)


def _levels(losses: np.ndarray) -> np.ndarray:
    """Round losses over the runs, nine or so."""
    ticker = need("matplotlib.ticker", "plots", "a plot")
    found = ticker.MaxNLocator(9, steps=[1, 2, 2.5, 5, 10]).tick_values(losses.min(), losses.max())
    return np.array([level for level in found if losses.min() <= level <= losses.max()])


def _colours(count: int) -> list[Any]:
    palette = need("matplotlib", "plots", "a plot").colormaps["viridis"]
    return [palette(DARK * i / max(count - 1, 1)) for i in range(count)]


def _write(axes: Any, x: np.ndarray, y: np.ndarray, text: str, colour: Any) -> None:
    """A curve's loss at its lowest point."""
    if np.isfinite(y).any():
        place = int(np.nanargmin(y))
        halo = need("matplotlib.patheffects", "plots", "a plot").withStroke(linewidth=2.5, foreground="white")
        axes.annotate(
            text,
            (x[place], y[place]),
            xytext=(0, -3),
            textcoords="offset points",
            ha="center",
            va="top",
            fontsize=7.5,
            color=colour,
            annotation_clip=True,
            path_effects=[halo],
            zorder=4,
        )


def _power(value: float) -> str:
    """A budget as 3.2e20."""
    return f"{value:.2g}".replace("e+", "e")
