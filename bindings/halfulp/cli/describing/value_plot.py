"""A picture of the values of a format. Needs matplotlib."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import numpy as np

import halfulp as hu
from halfulp import plots
from halfulp.cli.describing.value_counts import PositiveMembers, log2, on_linear_axis, on_log_axis
from halfulp.cli.describing.value_line import short
from halfulp.cli.facts import min_positive_code, named
from halfulp.sweeping._extras import need

#: Up to so many members above zero, each is a line of its own; more are counted in columns.
EACH = 600

_COLUMNS = 401
_BINADES = 80  # up to so many, each tooth of the relative gap is drawn
_NORMAL, _SUBNORMAL, _INK, _GRID = "#0072B2", "#D55E00", "#222222", "#E6E6E6"


def save(f: hu.Format, path: str | os.PathLike[str]) -> None:
    """The picture as .png, .pdf or .svg."""
    plots.check_suffix(path)
    plots.save(value_figure(f), path)


def value_figure(f: hu.Format) -> Any:
    """A matplotlib Figure: the finite values on a linear axis; those above zero on a logarithmic one; and along the
    same axis how far apart the values around a number are, relative to the number: that grows below the normal ones."""
    figure = need("matplotlib.figure", "plots", "a plot").Figure(figsize=(10, 5.6), dpi=160, layout="constrained")
    need("matplotlib.backends.backend_agg", "plots", "a plot").FigureCanvasAgg(figure)
    linear, logarithmic, gaps = figure.subplots(3, height_ratios=(1, 1, 1.5))
    members = PositiveMembers(f)
    logarithmic.sharex(gaps)
    if len(members) <= EACH:
        _each(linear, logarithmic, f)
    else:
        _density(linear, np.linspace(-1.0 if f.signed else 0.0, 1.0, _COLUMNS), on_linear_axis(f, _COLUMNS))
        _density(logarithmic, np.linspace(members.low, members.high, _COLUMNS), on_log_axis(f, _COLUMNS))
    _gaps(gaps, f, members)
    _label(linear, logarithmic, gaps, f, members)
    source = named(f)[1]
    figure.suptitle(f"{f}: {source}" if source else str(f), x=0.01, ha="left", fontsize=12, color=_INK)
    return figure


def _each(linear: Any, logarithmic: Any, f: hu.Format) -> None:
    """A line for every value."""
    values = [Fraction(f.exact(code)) for code in range(min_positive_code(f), f._spec.max_code + 1)]
    colours = [_SUBNORMAL if value < Fraction(f.min_normal) else _NORMAL for value in values]
    places = [float(value / values[-1]) for value in values]
    for sign in (1, -1) if f.signed else (1,):
        linear.vlines([sign * place for place in places], 0, 1, colors=colours, linewidth=0.8)
    if f.has_zero:
        linear.vlines([0], 0, 1, colors=_INK, linewidth=0.8)
    logarithmic.vlines([log2(value) for value in values], 0, 1, colors=colours, linewidth=0.8)
    for axes in (linear, logarithmic):
        axes.set_ylim(0, 1)
        axes.set_yticks([])


def _density(axes: Any, places: np.ndarray, counts: list[int]) -> None:
    """How many values there are in each column."""
    axes.fill_between(places, np.maximum(np.array(counts, dtype=float), 0.5), 0.5, step="mid", color=_NORMAL, lw=0)
    axes.set_yscale("log")
    axes.set_ylabel(f"values in 1/{_COLUMNS}\nof the axis", fontsize=8)


def _gaps(axes: Any, f: hu.Format, members: PositiveMembers) -> None:
    """2^-M at a power of two, half of it below the next one."""
    below = np.linspace(members.low, f.emin, 200) if f.min_subnormal is not None else np.empty(0)
    axes.plot(below, 2.0 ** (f.emin - f.mantissa_bits - below), color=_SUBNORMAL, linewidth=1.4, label="subnormal")
    start = max(float(f.emin), members.low)
    if members.high - start <= _BINADES:
        places = np.arange(start, members.high, 1 / 64)
        gaps = 2.0 ** (np.floor(places) - f.mantissa_bits - places)
        axes.plot(places, gaps, color=_NORMAL, linewidth=1.4, label="normal")
    else:
        ends, bottom, top = (start, members.high), f.epsilon / 2, f.epsilon
        axes.fill_between(ends, bottom, top, color=_NORMAL, linewidth=1.4, label="normal")
    axes.set_yscale("log", base=2)


def _label(linear: Any, logarithmic: Any, gaps: Any, f: hu.Format, members: PositiveMembers) -> None:
    ticks = [Fraction(n, 2) for n in (range(-2, 3) if f.signed else range(3))]
    linear.set_xticks([float(tick) for tick in ticks], [short(tick * Fraction(f.max)) for tick in ticks])
    linear.set_title("values" if f.signed else "values, none below 0", loc="left", fontsize=9)
    logarithmic.set_title("values above 0", loc="left", fontsize=9)
    logarithmic.tick_params(labelbottom=False)
    gaps.set_title("gap between the values around a number ÷ the number", loc="left", fontsize=9)
    gaps.xaxis.set_major_formatter(lambda place, _: f"$2^{{{place:.0f}}}$")
    gaps.xaxis.get_major_locator().set_params(integer=True)
    margin = max(0.02 * (members.high - members.low), 0.25)
    gaps.set_xlim(members.low - margin, members.high + margin)
    if f.min_subnormal is not None:
        gaps.legend(frameon=False, fontsize=8, loc="upper right")
    for axes in (linear, logarithmic, gaps):
        axes.set_axisbelow(True)
        axes.grid(axis="x", color=_GRID, linewidth=0.6)
        for side in ("top", "right", "left") if axes is not gaps else ("top", "right"):
            axes.spines[side].set_visible(False)
    gaps.grid(axis="y", color=_GRID, linewidth=0.6)
