"""The picture of losses: runs as points, the law as curves, over data, parameters or compute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.plots._figure import GREY, frame, literal, new_figure, set_title, style
from halfulp.plots._laws import (
    AXES,
    CURVES,
    DARK,
    FLOP,
    HEIGHT,
    WIDTH,
    Runs,
    along_logs,
    centre,
    groups,
    name_of,
    runs_of,
    short,
    title_of,
)
from halfulp.plots._scales import count_axis, loss_axis
from halfulp.sweeping._extras import need

if TYPE_CHECKING:
    from halfulp.scaling import Fit


def loss_curves(
    fit: Fit,
    along: str | None = None,
    held: float | Sequence[float] | None = None,
    *,
    only: Sequence[str] | None = None,
    title: str | None = None,
) -> Any:
    """The losses of the runs as points and those of the law as curves, as a matplotlib Figure.

    along: "D" (at parameters that are held), "N" or "C" = 6 N D (at tokens per parameter that are held). A law of N and
    D alone has one colour for each value that is held, and curves for `held` (default: six that are spread over the
    runs); along is "D" by default. A law with other columns has one colour for each format, or combination of its other
    columns, and shows the runs that have one value of what is held: those next to `held` (default: the value that most
    runs have); along is "C" by default, and `only` names the formats to draw. Raises ValueError for other words.
    """
    runs = runs_of(fit)
    way = along if along is not None else "C" if runs.others else "D"
    if way not in AXES:
        raise ValueError(f"along is {along!r}, allowed: {', '.join(map(repr, AXES))} or None")
    figure = new_figure(WIDTH, HEIGHT)
    axes = figure.add_subplot()
    if runs.others:
        _by_kind(fit, runs, axes, way, _one("held", held), only)
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    else:
        if only is not None:
            raise ValueError(f"only is {list(only)}, allowed: None, as the law {fit.law.name} has no formats")
        _by_size(fit, runs, axes, way, held)
    count_axis(axes.xaxis, AXES[way])
    loss_axis(axes.yaxis)
    frame(axes)
    set_title(axes, title or f"Loss and the law {title_of(fit)}")
    return figure


def _by_size(fit: Fit, runs: Runs, axes: Any, way: str, held: float | Sequence[float] | None) -> None:
    """Points and curves coloured by what is held."""
    at = runs.N if way == "D" else runs.D / runs.N
    if held is None:
        means = np.array([centre(at[places]) for places in groups(at)])
        values = means[np.unique(np.linspace(0, len(means) - 1, min(CURVES, len(means))).round().astype(int))]
    else:
        values = np.atleast_1d(np.asarray(held, dtype=np.float64))
        if values.ndim != 1 or not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"held is {held}, allowed: numbers above 0")
    shown = np.concatenate([at, values])
    low, high = float(shown.min()), float(shown.max())
    colours = need("matplotlib.colors", "plots", "a plot").LogNorm(low, low * (high / low) ** (1 / DARK) * 1.0001)
    palette = need("matplotlib", "plots", "a plot").colormaps["viridis"]
    x = _across(runs, way)
    places = along_logs(x)
    for value in values.tolist():
        n, d = _point(way, places, value)
        axes.plot(places, fit.predict(N=n, D=d), color=palette(colours(value)), linewidth=1.1)
    drawn = axes.scatter(
        x, runs.observed, c=at, cmap="viridis", norm=colours, s=16, edgecolors="white", linewidths=0.4, zorder=3
    )
    bar = axes.figure.colorbar(drawn, ax=axes, pad=0.02)
    count_axis(bar.ax.yaxis, "parameters" if way == "D" else "tokens per parameter")
    bar.outline.set_visible(False)


def _by_kind(fit: Fit, runs: Runs, axes: Any, way: str, held: float | None, only: Sequence[str] | None) -> None:
    """A colour for each format, at one value of what is held."""
    at = runs.N if way == "D" else runs.D / runs.N
    alike = groups(at)
    sizes = [centre(at[places]) for places in alike]
    which = (
        max(range(len(alike)), key=lambda g: len(alike[g]))
        if held is None
        else min(range(len(alike)), key=lambda g: abs(np.log(sizes[g] / held)))
    )
    value = sizes[which]
    kinds, names = runs.kinds(), list(runs.others)
    texts = {kind: name_of(kind, runs.others) for kind in kinds}
    if only is not None:
        unknown = [text for text in only if text not in texts.values()]
        if unknown:
            raise ValueError(f"only has {unknown[0]!r}, allowed: {', '.join(sorted(set(texts.values())))}")
    by_kind: dict[Any, list[int]] = {}
    for place in alike[which].tolist():
        by_kind.setdefault(kinds[place], []).append(place)
    by_kind = {kind: places for kind, places in by_kind.items() if only is None or texts[kind] in only}
    if not by_kind:
        raise ValueError(f"only is {list(only or ())}, of which no run has {_held(way, value)}")
    x = _across(runs, way)
    everywhere = along_logs(x[np.concatenate([np.array(places) for places in by_kind.values()])])
    n, d = _point(way, everywhere, value)
    curves = {
        kind: fit.predict(N=n, D=d, **{name: np.full(n.shape, v) for name, v in zip(names, kind, strict=True)})
        for kind in by_kind
    }
    for place, kind in enumerate(sorted(by_kind, key=lambda kind: -curves[kind].mean())):
        colour, marker = style(place)
        axes.plot(everywhere, curves[kind], color=colour, linewidth=1.1)
        axes.plot(
            x[by_kind[kind]],
            runs.observed[by_kind[kind]],
            linestyle="none",
            marker=marker,
            markersize=5,
            markeredgecolor="white",
            markeredgewidth=0.4,
            color=colour,
            label=literal(texts[kind]),
        )
    axes.annotate(
        f"at {_held(way, value)}", (1, 1), xycoords="axes fraction", ha="right", va="top", fontsize=8.5, color=GREY
    )


def _across(runs: Runs, way: str) -> np.ndarray:
    return {"D": runs.D, "N": runs.N, "C": FLOP * runs.N * runs.D}[way]


def _point(way: str, places: np.ndarray, value: float) -> tuple[np.ndarray, np.ndarray]:
    """N and D along an axis at a value that is held."""
    if way == "D":
        return np.full(places.shape, value), places
    n = places if way == "N" else np.sqrt(places / (FLOP * value))
    return n, value * n


def _held(way: str, value: float) -> str:
    return f"{short(value)} parameters" if way == "D" else f"{short(value)} tokens per parameter"


def _one(name: str, value: float | Sequence[float] | None) -> float | None:
    if value is None:
        return None
    number = np.asarray(value, dtype=np.float64)
    if number.shape != () or not (np.isfinite(number) and number > 0):
        raise ValueError(f"{name} is {value}, allowed: a number above 0, or None")
    return float(number)
