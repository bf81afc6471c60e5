"""Logarithmic axes of counts, and axes of losses."""

from __future__ import annotations

from typing import Any

from halfulp.plots._figure import literal
from halfulp.plots._laws import short
from halfulp.sweeping._extras import need


def count_axis(side: Any, label: str) -> None:
    """One side (axes.xaxis, axes.yaxis) with a logarithmic scale and ticks as 70M, 1B; powers of ten for compute."""
    ticker = need("matplotlib.ticker", "plots", "a plot")
    x = side.axis_name == "x"
    (side.axes.set_xscale if x else side.axes.set_yscale)("log")
    low, high = side.axes.get_xlim() if x else side.axes.get_ylim()
    if high > 3e14:
        side.set_major_formatter(ticker.LogFormatterSciNotation())
    else:
        side.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0) if high < 200 * low else (1.0,)))
        side.set_major_formatter(ticker.FuncFormatter(lambda value, _: short(value)))
    side.set_minor_formatter(ticker.NullFormatter())
    side.set_label_text(literal(label), fontsize=9)


def loss_axis(side: Any, label: str = "loss") -> None:
    """The vertical side, logarithmic, with ticks as plain numbers."""
    ticker = need("matplotlib.ticker", "plots", "a plot")
    low, high = side.axes.get_ylim()
    if low > 0:
        side.axes.set_yscale("log")
        steps = ticker.MaxNLocator(7, steps=[1, 2, 2.5, 5, 10])
        side.set_major_locator(ticker.FixedLocator([t for t in steps.tick_values(low, high) if low <= t <= high]))
        side.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.4g}"))
        side.set_minor_locator(ticker.NullLocator())
    side.set_label_text(literal(label), fontsize=9)
