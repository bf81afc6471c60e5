"""A picture of the values of a format. Needs matplotlib."""

from __future__ import annotations

import os
from fractions import Fraction
from typing import Any

import numpy as np

import halfulp as hu
from halfulp import plots
from halfulp.cli.describing.value_counts import Magnitudes, Sides, log2, on_linear_axis, on_log_axis, sides
from halfulp.cli.describing.value_line import short
from halfulp.cli.facts import named
from halfulp.cli.float_fields import float_fields
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
    members = sides(f)
    logarithmic.sharex(gaps)
    if members.above is None:
        raise ValueError(f"{f.name} has no value above 0, so there is nothing to draw, allowed: a format that has some")
    if max(side.count for side in members[:2] if side is not None) <= EACH:
        _each(linear, logarithmic, f, members)
    else:
        start = 0.0 if members.below is None else -1.0
        _density(linear, np.linspace(start, 1.0, _COLUMNS), on_linear_axis(members, _COLUMNS))
        above = members.above
        _density(logarithmic, np.linspace(above.low, above.high, _COLUMNS), on_log_axis(above, _COLUMNS))
    (_gaps_of_float if f.kind == "float" else _gaps)(gaps, f, members.above)
    _label(linear, logarithmic, gaps, f, members)
    source = named(f)[1]
    figure.suptitle(f"{f}: {source}" if source else str(f), x=0.01, ha="left", fontsize=12, color=_INK)
    return figure


def _each(linear: Any, logarithmic: Any, f: hu.Format, members: Sides) -> None:
    """A line for every value."""
    largest = _largest(f)
    normal = Fraction(float_fields(f).min_normal) if f.kind == "float" else Fraction(0)
    for sign, side in ((1, members.above), (-1, members.below)):
        values = [] if side is None else [side.magnitude(place) for place in range(side.count)]
        colours = [_SUBNORMAL if value < normal else _NORMAL for value in values]
        linear.vlines([float(sign * value / largest) for value in values], 0, 1, colors=colours, linewidth=0.8)
        if sign > 0:
            logarithmic.vlines([log2(value) for value in values], 0, 1, colors=colours, linewidth=0.8)
    if members.zeros:
        linear.vlines([0], 0, 1, colors=_INK, linewidth=0.8)
    for axes in (linear, logarithmic):
        axes.set_ylim(0, 1)
        axes.set_yticks([])


def _largest(f: hu.Format) -> Fraction:
    """The largest magnitude."""
    return max(Fraction(f.max), -Fraction(f.min))


def _density(axes: Any, places: np.ndarray, counts: list[int]) -> None:
    """How many values there are in each column."""
    axes.fill_between(places, np.maximum(np.array(counts, dtype=float), 0.5), 0.5, step="mid", color=_NORMAL, lw=0)
    axes.set_yscale("log")
    axes.set_ylabel(f"values in 1/{_COLUMNS}\nof the axis", fontsize=8)


def _gaps_of_float(axes: Any, f: hu.Format, members: Magnitudes) -> None:
    """2^-M at a power of two, half of it below the next one."""
    fields = float_fields(f)
    below = np.linspace(members.low, fields.emin, 200) if f.min_subnormal is not None else np.empty(0)
    axes.plot(
        below, 2.0 ** (fields.emin - fields.mantissa_bits - below), color=_SUBNORMAL, linewidth=1.4, label="subnormal"
    )
    start = max(float(fields.emin), members.low)
    if members.high - start <= _BINADES:
        places = np.arange(start, members.high, 1 / 64)
        gaps = 2.0 ** (np.floor(places) - fields.mantissa_bits - places)
        axes.plot(places, gaps, color=_NORMAL, linewidth=1.4, label="normal")
    else:
        ends, bottom, top = (start, members.high), fields.epsilon / 2, fields.epsilon
        axes.fill_between(ends, bottom, top, color=_NORMAL, linewidth=1.4, label="normal")
    axes.set_yscale("log", base=2)


def _gaps(axes: Any, f: hu.Format, members: Magnitudes) -> None:
    """Between a value and the next one: at the value itself and just below the next. Of many values, some: as many in
    each part of the axis."""
    count = members.count
    if count > 1:
        ends = np.linspace(members.low, members.high, EACH)
        chosen = range(count - 1) if count <= EACH else {min(max(members.up_to(end), 1), count - 1) - 1 for end in ends}
        places, gaps = [], []
        for place in sorted(chosen):
            value, following = members.magnitude(place), members.magnitude(place + 1)
            places += [log2(value), log2(following)]
            gaps += [float((following - value) / value), float((following - value) / following)]
        axes.plot(places, gaps, color=_NORMAL, linewidth=1.2)
    axes.set_yscale("log", base=2)


def _label(linear: Any, logarithmic: Any, gaps: Any, f: hu.Format, members: Sides) -> None:
    ticks = [Fraction(n, 2) for n in (range(3) if members.below is None else range(-2, 3))]
    linear.set_xticks([float(tick) for tick in ticks], [short(tick * _largest(f)) for tick in ticks])
    linear.set_title("values, none below 0" if members.below is None else "values", loc="left", fontsize=9)
    logarithmic.set_title("values above 0", loc="left", fontsize=9)
    logarithmic.tick_params(labelbottom=False)
    gaps.set_title("gap between the values around a number ÷ the number", loc="left", fontsize=9)
    gaps.xaxis.set_major_formatter(lambda place, _: f"$2^{{{place:.0f}}}$")
    gaps.xaxis.get_major_locator().set_params(integer=True)
    if members.above is not None:
        low, high = members.above.low, members.above.high
        margin = max(0.02 * (high - low), 0.25)
        gaps.set_xlim(low - margin, high + margin)
    if f.min_subnormal is not None:
        gaps.legend(frameon=False, fontsize=8, loc="upper right")
    for axes in (linear, logarithmic, gaps):
        axes.set_axisbelow(True)
        axes.grid(axis="x", color=_GRID, linewidth=0.6)
        for side in ("top", "right", "left") if axes is not gaps else ("top", "right"):
            axes.spines[side].set_visible(False)
    gaps.grid(axis="y", color=_GRID, linewidth=0.6)
