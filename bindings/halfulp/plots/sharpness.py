"""Pictures of curvature and of losses near a point: densities of eigenvalues, slices, planes, traces of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from halfulp.plots._figure import GREY, INK, frame, literal, new_figure, set_title, short_names, style

_WIDTH, _HEIGHT = 7.2, 4.4
_SHARE = 1e-4  # of the highest density, below which the picture ends


def eigenvalue_density(
    density: Any,
    *,
    grid: Any = None,
    sigma: float | None = None,
    log: bool = True,
    title: str = "Density of eigenvalues",
) -> Any:
    """A spectral density with twice its standard error as a band, as a matplotlib Figure.

    density: a :class:`halfulp.sharpness.SpectralDensity`. grid, sigma: as of its ``density``; the Gaussians' width
    stands below the axis. log: a logarithmic axis of densities, down to a ten thousandth of the highest, so that single
    eigenvalues far out are seen. Marks below the curve are the nodes of all probes.
    """
    width = density.default_sigma() if sigma is None else sigma
    points, middle, error = density.density(grid, sigma)
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_subplot()
    colour, _ = style(0)
    band = np.nan_to_num(2 * error)
    axes.fill_between(points, np.maximum(middle - band, 0), middle + band, color=colour, alpha=0.25, linewidth=0)
    axes.plot(points, middle, color=colour, linewidth=1.4)
    if log:
        axes.set_yscale("log")
        axes.set_ylim(float(middle.max()) * _SHARE, float((middle + band).max()) * 1.5)
    else:
        axes.set_ylim(0, None)
    nodes = np.concatenate(density.nodes)
    nodes = nodes[(nodes >= points.min()) & (nodes <= points.max())]
    axes.plot(nodes, np.full(nodes.shape, 0.015), "|", transform=axes.get_xaxis_transform(), color=GREY, markersize=5)
    axes.set_xlabel(
        literal(f"eigenvalue; {density.probes} probes of {density.steps} steps, Gaussians of deviation {width:.2g}"),
        fontsize=9,
    )
    axes.set_ylabel("density", fontsize=9)
    frame(axes)
    set_title(axes, title)
    return figure


def loss_slice(slices: Any, *, title: str = "Loss along a direction") -> Any:
    """The loss along a line, and that of the parameters rounded to each format, as a matplotlib Figure.

    slices: a :class:`halfulp.sharpness.Slice1D`, or a mapping of names to them, along the same line. The line of
    unrounded parameters is drawn once, of the first; a dot marks the parameters themselves. Raises ValueError where
    positions or units differ.
    """
    named: dict[str, Any] = dict(slices) if isinstance(slices, Mapping) else {slices.format or "": slices}
    if not named:
        raise ValueError("slices is empty, allowed: at least one")
    first = next(iter(named.values()))
    for name, one in named.items():
        if one.unit != first.unit or not np.array_equal(one.positions, first.positions):
            raise ValueError(f"slices[{name!r}] has other positions or units, allowed: the same for all")
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_subplot()
    axes.plot(first.positions, first.loss, color=GREY, linewidth=4, alpha=0.5, label="not rounded")
    axes.plot([0], [first.base], "o", color=INK, markersize=4)
    for place, (name, one) in enumerate(named.items()):
        if one.rounded_loss is not None:
            colour, marker = style(place)
            axes.plot(
                one.positions,
                one.rounded_loss,
                color=colour,
                marker=marker,
                markersize=3.5,
                linewidth=1,
                label=literal(name),
            )
    unit = "units in the last place" if first.unit == "ulp" else "lengths of the direction"
    axes.set_xlabel(f"position, {unit}", fontsize=9)
    axes.set_ylabel("loss", fontsize=9)
    frame(axes)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
    set_title(axes, title)
    return figure


def loss_plane(plane: Any, *, levels: int = 14, log: bool = False, title: str = "Loss on a plane") -> Any:
    """Contours of the loss on a plane, and beside them those of the rounded parameters, as a matplotlib Figure.

    plane: a :class:`halfulp.sharpness.Slice2D`. levels: of contours, the same in both panels. log: levels a factor
    apart; the loss has to be above 0. The cross marks the parameters. Raises ValueError for fewer than two positions
    on a side, or a loss of 0 or less where log.
    """
    if plane.loss.shape[0] < 2 or plane.loss.shape[1] < 2:
        raise ValueError(f"plane has {plane.loss.shape} points, allowed: two or more along each direction")
    panels = [("not rounded", plane.loss)]
    if plane.rounded_loss is not None:
        panels.append((f"rounded to {plane.format}", plane.rounded_loss))
    low = min(float(values.min()) for _, values in panels)
    high = max(float(values.max()) for _, values in panels)
    if log and low <= 0:
        raise ValueError(f"plane has a loss of {low:g}, allowed with log: above 0")
    if high == low:
        high = low + max(abs(low), 1) * 1e-9
    edges = np.geomspace(low, high, levels + 1) if log else np.linspace(low, high, levels + 1)
    figure = new_figure(4.2 * len(panels) + 0.9, 4.2)
    sides: Sequence[Any] = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    drawn = None
    for axes, (name, values) in zip(sides, panels, strict=True):
        drawn = axes.contourf(plane.x, plane.y, values, levels=edges, cmap="cividis", extend="neither")
        axes.contour(plane.x, plane.y, values, levels=edges, colors="white", linewidths=0.4, alpha=0.6)
        axes.plot([0], [0], "+", color="white", markersize=9, markeredgewidth=1.6)
        axes.set_xlabel("first direction" + (", ulp" if plane.unit == "ulp" else ""), fontsize=9)
        axes.locator_params(nbins=5)
        set_title(axes, name)
    sides[0].set_ylabel("second direction" + (", ulp" if plane.unit == "ulp" else ""), fontsize=9)
    bar = figure.colorbar(drawn, ax=list(sides), shrink=0.9, format="%.3g")
    bar.set_label("loss", fontsize=9)
    figure.suptitle(literal(title), fontsize=12, color=INK, x=0.01, ha="left")
    return figure


def traces_by_layer(
    traces: Mapping[str, Any], *, mean: bool = True, log: bool = True, title: str = "Hessian trace of each layer"
) -> Any:
    """Traces of layers with their 95 % intervals, in the order given, as a matplotlib Figure.

    traces: of :func:`halfulp.sharpness.layer_traces`. mean: divided by the number of parameters, as HAWQ does. log: a
    logarithmic axis where every interval is above 0; else a linear one.
    """
    if not traces:
        raise ValueError("traces is empty, allowed: at least one layer")
    names, ending = short_names(list(traces))
    sizes = np.array([e.size if mean else 1 for e in traces.values()], dtype=np.float64)
    values = np.array([e.value for e in traces.values()]) / sizes
    ends = np.array([e.interval() for e in traces.values()]) / sizes[:, None]
    reach = np.nan_to_num(np.abs(ends - values[:, None]).T)
    figure = new_figure(_WIDTH, max(1.6, 0.24 * len(names) + 1.2))
    axes = figure.add_subplot()
    places = np.arange(len(names))
    colour, marker = style(0)
    axes.errorbar(values, places, xerr=reach, fmt=marker, color=colour, markersize=4.5, linewidth=1.2, capsize=2)
    axes.set_yticks(places, [literal(name) for name in names], fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)
    if log and (values - reach[0] > 0).all():
        axes.set_xscale("log")
    else:
        axes.axvline(0, color=GREY, linewidth=0.8)
    what = "trace / number of parameters" if mean else "trace"
    axes.set_xlabel(literal(what + (f"; names without {ending}" if ending else "")), fontsize=9)
    frame(axes, "x")
    set_title(axes, title)
    return figure


__all__ = ["eigenvalue_density", "loss_plane", "loss_slice", "traces_by_layer"]
