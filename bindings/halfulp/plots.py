"""Pictures of tables that halfulp makes. Needs matplotlib: pip install 'halfulp[plots]'."""

from __future__ import annotations

import itertools
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from halfulp._scheme import schemes as published_schemes
from halfulp.sweeping._extras import need
from halfulp.sweeping._files import replacing
from halfulp.sweeping.pareto import DB_PER_BIT, gaussian_bound_db, pareto_front
from halfulp.sweeping.table import model_rows

if TYPE_CHECKING:
    import pandas

SUFFIXES = (".png", ".pdf", ".svg")

# Okabe and Ito's colours, which the colour-blind tell apart; a marker's shape says the same once more.
_STYLES = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))
_NO_BLOCKS = ("#7F7F7F", "X")
_INK = "#222222"


def pareto(table: pandas.DataFrame, *, title: str | None = None) -> Any:
    """A sweep's schemes as points, bits per element against the model's relative error in dB, as a matplotlib Figure.

    Colour and shape say how the scales are stored; the step line joins the schemes that no other beats. Names of
    published schemes are bold; those of others on the front are element/block, as far as there is room. The grey line
    is the Gaussian rate-distortion bound. Schemes without error, or with one that is not finite, are left out and
    counted below the axis.
    """
    figure_module = need("matplotlib.figure", "plots", "a plot")
    canvas_module = need("matplotlib.backends.backend_agg", "plots", "a plot")
    models = model_rows(table)
    drawn = models[np.isfinite(models["sqnr_db"])].assign(error_db=lambda rows: -rows["sqnr_db"]).reset_index(drop=True)
    if drawn.empty:
        raise ValueError("table has no scheme with an error that is finite and not zero, so there is nothing to draw")
    figure = figure_module.Figure(figsize=(10, 6.2), dpi=160, layout="constrained")
    canvas_module.FigureCanvasAgg(figure)  # attaches itself: no pyplot, no window, no global state
    axes = figure.subplots()
    _frame(axes, drawn, len(models) - len(drawn))
    colours = _points(axes, drawn)
    front = pareto_front(drawn["bits_per_element"], drawn["error_db"]).tolist()
    x, y = (drawn[column].to_numpy()[front] for column in ("bits_per_element", "error_db"))
    axes.step(x, y, where="post", color=_INK, linewidth=1.1, zorder=2, label="Pareto front (element/block)")
    axes.legend(loc="upper right", frameon=False, fontsize=9, title="scales", alignment="left")
    axes.set_title(title or _title(table, len(models)), loc="left", fontsize=12, color=_INK)
    figure.canvas.draw()  # fixes the layout that the names are placed in
    figure.set_layout_engine("none")
    _bound(axes)
    _names(figure, axes, drawn, front, colours)
    return figure


def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """A figure as .png, .pdf or .svg, whole or not at all."""
    kind = check_suffix(path)
    with replacing(path) as file:
        figure.savefig(file, format=kind)


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The kind of picture that a file's name asks for."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"plot is {os.fspath(path)!r}, allowed: a name that ends in {', '.join(SUFFIXES)}")
    return suffix[1:]


def _title(table: pandas.DataFrame, schemes: int) -> str:
    about = table.attrs.get("halfulp", {})
    matrices = about.get("matrices", table["matrix"].nunique() - 1)
    source = Path(str(about.get("weights", "weights"))).name
    return f"{source}: {matrices} weight {'matrix' if matrices == 1 else 'matrices'} under {schemes} schemes"


def _frame(axes: Any, drawn: pandas.DataFrame, left_out: int) -> None:
    bits, error = drawn["bits_per_element"], drawn["error_db"]
    margin = max(0.25, 0.04 * (bits.max() - bits.min()))
    axes.set_xlim(bits.min() - margin, bits.max() + margin)
    axes.set_ylim(error.min() - 6, max(error.max(), float(gaussian_bound_db(bits.min()))) + 3)
    note = f"  ({left_out} without error or with none that is finite: not drawn)" if left_out else ""
    axes.set_xlabel("bits per element, scales counted" + note)
    axes.set_ylabel("relative error  Σ‖W − Ŵ‖² / Σ‖W‖²  (dB)")
    axes.grid(color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _points(axes: Any, drawn: pandas.DataFrame) -> list[str]:
    """Draws the points and returns each one's colour."""
    blocked = drawn["block"].notna()
    colours = [_NO_BLOCKS[0]] * len(drawn)
    for place, kind in enumerate(dict.fromkeys(drawn.loc[blocked, "scales"])):  # in the sweep's order
        colour, marker = _STYLES[place % len(_STYLES)]
        inner, _, outer = kind.partition("/tensor:")
        label = f"{inner} per block" + (f", {outer} per tensor" if outer else "")
        rows = blocked & (drawn["scales"] == kind)
        _scatter(axes, drawn[rows], colour, marker, label)
        colours = [colour if mine else before for mine, before in zip(rows, colours, strict=True)]
    if not blocked.all():
        _scatter(axes, drawn[~blocked], *_NO_BLOCKS, "none, or one per tensor")
    return colours


def _scatter(axes: Any, rows: pandas.DataFrame, colour: str, marker: str, label: str) -> None:
    x, y = rows["bits_per_element"], rows["error_db"]
    axes.scatter(x, y, s=26, c=colour, marker=marker, alpha=0.8, linewidths=0, label=label, zorder=3)


def _bound(axes: Any) -> None:
    """The bound, from where it enters the picture to where it leaves, its name along it."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    start, end = max(left, -top / DB_PER_BIT), min(right, -bottom / DB_PER_BIT)
    if start >= end:
        return
    x = np.array([start, end])
    axes.plot(x, gaussian_bound_db(x), color="#9A9A9A", linewidth=0.9, zorder=1, scalex=False, scaley=False)
    middle = (start + end) / 2
    axes.text(
        middle,
        float(gaussian_bound_db(middle)) - 0.015 * (top - bottom),
        "Gaussian rate–distortion bound, 6.02 dB per bit",
        color="#7A7A7A",
        fontsize=8,
        ha="center",
        va="top",
        rotation=math.degrees(math.atan(-DB_PER_BIT)),  # in the data's units, turned to the picture's
        rotation_mode="anchor",
        transform_rotates_text=True,
        clip_on=True,
    )


class _Lettering(NamedTuple):
    """size: in points. distances: from the point to the name, in points, to try in turn; directions: the same."""

    size: float
    weight: str
    distances: tuple[float, ...]
    directions: tuple[tuple[float, float], ...]


_BELOW = ((-0.7, -0.7), (-1, 0), (0, -1), (0.7, -0.7))
_ABOVE = ((0.7, 0.7), (1, 0), (0, 1), (-0.7, 0.7))
_PUBLISHED = _Lettering(9.5, "bold", (8, 12, 18, 26, 36, 50), _ABOVE + _BELOW)
# Above the front lie the other points: a name among them would seem to be theirs.
_FRONT = _Lettering(7.5, "normal", (6, 9, 13), _BELOW)
# How much of a name's extent lies before its anchor, for a direction to the left or down, none, to the right or up.
_BEFORE = {-1: -1.0, 0: -0.5, 1: 0.0}


def _names(figure: Any, axes: Any, drawn: pandas.DataFrame, front: list[int], colours: list[str]) -> None:
    """Names of published schemes, then of the front's points, those after the largest steps first, each where it covers
    nothing."""
    published = {str(scheme) for scheme in published_schemes()}
    bits, error = drawn["bits_per_element"].to_numpy(), drawn["error_db"].to_numpy()
    known = [i for i in range(len(drawn)) if drawn["scheme"][i] in published]
    axes.scatter(bits[known], error[known], s=90, facecolors="none", edgecolors=_INK, linewidths=1.2, zorder=4)
    placer = _Placer(figure, axes, np.column_stack([bits, error]))
    placer.avoid_steps(front)
    for i in known:
        placer.place(i, drawn["scheme"][i], _PUBLISHED, _INK)
    drops = np.diff(error[front], prepend=error.max())
    for i in np.array(front)[np.argsort(drops, kind="stable")]:
        if i not in known:
            block = "" if drawn["block"].isna()[i] else f"/{drawn['block'][i]}"
            placer.place(int(i), drawn["element"][i] + block, _FRONT, colours[i])


class _Placer:
    """Puts names beside points where they cover no point, no step of the front, not the legend and no other name. In
    pixels."""

    def __init__(self, figure: Any, axes: Any, data: np.ndarray) -> None:
        self._axes = axes
        self._data = data
        self._renderer = figure.canvas.get_renderer()
        self._pixel = figure.dpi / 72  # a point (1/72 inch) in pixels
        self._points: np.ndarray = axes.transData.transform(data)
        half = 3.2 * self._pixel  # of a marker
        self._taken = [(x - half, y - half, x + half, y + half) for x, y in self._points]
        self._taken.append(tuple(axes.get_legend().get_window_extent(self._renderer).extents))
        self._inside = tuple(axes.get_window_extent(self._renderer).extents)

    def avoid_steps(self, front: list[int]) -> None:
        corners = self._points[front]
        for (x0, y0), (x1, y1) in itertools.pairwise(corners):
            self._taken += [(x0, y0 - 1, x1, y0 + 1), (x1 - 1, min(y0, y1), x1 + 1, max(y0, y1))]

    def place(self, index: int, name: str, how: _Lettering, colour: str) -> None:
        """Tries places further and further out. A name that finds none is not written: the table has it."""
        text = self._axes.annotate(
            name,
            self._data[index],
            textcoords="offset points",
            xytext=(0, 0),
            annotation_clip=False,
            fontsize=how.size,
            fontweight=how.weight,
            color=colour,
            zorder=6,
        )
        extent = text.get_window_extent(self._renderer)
        x, y = self._points[index]
        for distance in how.distances:
            for dx, dy in how.directions:
                left = x + dx * distance * self._pixel + _BEFORE[int(np.sign(dx))] * extent.width
                low = y + dy * distance * self._pixel + _BEFORE[int(np.sign(dy))] * extent.height
                room = (left, low, left + extent.width, low + extent.height)
                if self._is_free(room):
                    text.set_position(((left - x) / self._pixel, (low - y) / self._pixel))
                    self._taken.append(room)
                    return
        text.remove()

    def _is_free(self, room: tuple[float, float, float, float]) -> bool:
        left, low, right, high = room
        inside = self._inside
        if left < inside[0] or low < inside[1] or right > inside[2] or high > inside[3]:
            return False
        return all(right <= x0 or left >= x1 or high <= y0 or low >= y1 for x0, y0, x1, y1 in self._taken)
