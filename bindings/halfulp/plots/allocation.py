"""The front of an allocation: total size against total error, corners of the hull, chosen points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.plots._figure import FAINT, GREY, INK, frame, new_figure, style

if TYPE_CHECKING:
    from halfulp.allocate import Allocation, Front


def allocation_front(
    front: Front,
    chosen: Mapping[str, Allocation] | None = None,
    *,
    elements: int | None = None,
    title: str | None = None,
    log: bool = True,
    size_label: str | None = None,
    cost_label: str = "total cost",
) -> Any:
    """The front of ``halfulp.allocate.front`` as steps (what each budget buys), its supported points as circles on the
    dashed hull, which no choice is below, and chosen allocations by name. Of supported points alone there are no steps.

    elements: sizes are bits and shown per element. log: a logarithmic cost axis, where every cost is above 0. Returns a
    matplotlib Figure (needs matplotlib: pip install 'halfulp[plots]').
    """
    if elements is not None and elements < 1:
        raise ValueError(f"elements is {elements}, allowed: 1 or more, or None")
    unit = elements or 1
    figure = new_figure(7, 4.5)
    axes = figure.add_subplot()
    sizes, costs = np.asarray(front.sizes) / unit, np.asarray(front.costs)
    if front.whole:
        axes.step(sizes, costs, where="post", color=INK, linewidth=1.1, label=f"front, {len(front)} points")
    corners = np.flatnonzero(front.corners)
    # Straight lines between corners bend on a logarithmic axis: drawn in many pieces.
    along = np.union1d(np.linspace(sizes[0], sizes[-1], 512), sizes[corners])
    hull = np.interp(along, sizes[corners], costs[corners])
    axes.plot(along, hull, linestyle="--", linewidth=0.8, color=GREY, label="convex hull: bound")
    axes.plot(
        sizes[corners],
        costs[corners],
        linestyle="none",
        color=GREY,
        marker="o",
        markersize=3.5,
        markerfacecolor=FAINT,
        label=f"supported, {len(corners)} points",
    )
    for place, (name, allocation) in enumerate((chosen or {}).items()):
        colour, marker = style(place)
        axes.plot(
            [allocation.size / unit],
            [allocation.cost],
            linestyle="none",
            marker=marker,
            markersize=8,
            markeredgecolor="white",
            color=colour,
            label=name,
            zorder=3,
        )
    lowest = min([*costs.tolist(), *(a.cost for a in (chosen or {}).values())])
    if log and lowest > 0:
        axes.set_yscale("log")
    axes.set_xlabel(size_label or ("bits per element, scales counted" if elements else "total size"))
    axes.set_ylabel(cost_label)
    if title:
        axes.set_title(title, loc="left", color=INK)
    frame(axes)
    axes.legend(frameon=False, fontsize="small")
    return figure
