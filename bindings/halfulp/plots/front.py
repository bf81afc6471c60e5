"""The picture of one column against another, with the front of the schemes that no other beats."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._kinds import KINDS
from halfulp.plots._columns import front_of
from halfulp.plots._figure import GREY, INK, frame, literal, new_figure, set_scale, set_title, style
from halfulp.plots._names import Lettering, Placer
from halfulp.plots._plane import Plane, Side, limits_of, plane_side
from halfulp.plots._rows import element_kinds_of, kinds_of, options_of, published_names, rows_of_schemes, title_of
from halfulp.plots._tasks import task_columns

if TYPE_CHECKING:
    import pandas

_NO_GROUPS = (GREY, "X")
_COLOURS = ("scales", "element")


def pareto(
    table: pandas.DataFrame,
    x: str = "bits_per_element",
    y: str = "relative_error",
    *,
    tasks: pandas.DataFrame | None = None,
    higher_is_better: Collection[str] = (),
    colour: str | None = None,
    title: str | None = None,
) -> Any:
    """A sweep's schemes as points over two columns, as a matplotlib Figure: by default bits per element against the
    model's relative error in dB.

    x, y: columns of numbers, or with tasks (end-task results) a metric among them, as "perplexity" or, where two tasks
    have it, "embedding: perplexity"; their 95 % intervals are
    drawn, and dotted the value without quantization. higher_is_better: columns besides the known ones
    of which more is better, for a user's own metrics.

    colour: "scales", how they are stored, or "element", the kind of its numbers (float, integer, codebook, …), is what
    colour and shape say; None: "element" where the table has more than one kind.

    The step line joins the schemes that no other beats. Names of
    published schemes are bold; those of others on the front are element/block@options, as far as there is room. Bits
    against relative error or SQNR has the Gaussian rate-distortion bound as a grey line. Schemes that an axis cannot
    show (no error on an axis in dB, no value) are left out and counted below the axis.
    Raises ValueError for columns that are not there and where nothing can be drawn.
    """
    if colour is not None and colour not in _COLOURS:
        raise ValueError(f"colour is {colour!r}, allowed: {', '.join(_COLOURS)} or None")
    models = rows_of_schemes(table)
    results = task_columns(models, tasks) if tasks is not None else []
    across, up = (plane_side(models, results, name, side, higher_is_better) for name, side in ((x, "x"), (y, "y")))
    plane = Plane(models, across, up)
    if plane.rows.empty:
        raise ValueError(f"table has no scheme that can be drawn over {x} and {y}, so there is nothing to draw")
    figure = new_figure(10, 6.2)
    axes = figure.subplots()
    _frame(axes, plane)
    kinds, names = _kinds(plane, colour)
    colours = _points(axes, plane, kinds, names)
    front = _front(axes, plane)
    set_title(axes, title or title_of(table))
    _legend(figure, axes, plane, "kind of element" if names else "scales")
    figure.canvas.draw()  # fixes the layout that the names are placed in
    figure.set_layout_engine("none")
    lines = [_bound(axes, plane), *_references(axes, plane)]
    _names(figure, axes, plane, front, colours, lines)
    return figure


def _frame(axes: Any, plane: Plane) -> None:
    dotted = "; dotted: without quantization" if np.isfinite([plane.x.reference, plane.y.reference]).any() else ""
    note = ""
    if plane.left_out:
        why = "without error or with none that is finite" if plane.bound else "without a value that both axes can show"
        note = f"  ({plane.left_out} {why}: not drawn)"
    axes.set_xlabel(literal(plane.x.axis.label + note + dotted))
    axes.set_ylabel(literal(plane.y.axis.label))
    axes.set_xlim(limits_of(plane.x))
    axes.set_ylim(limits_of(plane.y))
    for side, drawn in ((axes.xaxis, plane.x), (axes.yaxis, plane.y)):
        set_scale(side, drawn.axis.scale, drawn.axis.column)
    if plane.bound:
        # Room for the bound where it has the fewest bits, and on the better side for the names of the front.
        bound = plane.bound * plane.x.values.min()
        low, high = plane.y.values.min(), plane.y.values.max()
        ends = (low - 6, max(high, bound) + 3) if plane.bound < 0 else (min(low, bound) - 3, high + 6)
        axes.set_ylim(ends)
    frame(axes)


def _kinds(plane: Plane, colour: str | None) -> tuple[np.ndarray, Sequence[str]]:
    """What colours tell apart, by point, and their order; no order stands for scales in the order of the sweep."""
    elements = element_kinds_of(plane.rows)
    if colour == "element" or (colour is None and len(set(elements)) > 1):
        return np.array(elements), KINDS
    return np.array(kinds_of(plane.rows)), ()


def _points(axes: Any, plane: Plane, kinds: np.ndarray, names: Sequence[str]) -> list[str]:
    """Draws the points and returns each one's colour. A kind with a name of its own has the same style in every
    picture."""
    colours = [_NO_GROUPS[0]] * len(kinds)
    there = dict.fromkeys(kinds)
    grouped = list(names) or [kind for kind in there if kind]
    styles = {kind: style(place) for place, kind in enumerate(grouped)}
    for kind in [*(kind for kind in grouped if kind in there), *([""] if "" in there else [])]:
        rows = kinds == kind
        colour, marker = styles.get(kind, _NO_GROUPS)
        _scatter(axes, plane, rows, colour, marker, kind or "none, or one per tensor")
        colours = [colour if mine else before for mine, before in zip(rows, colours, strict=True)]
    return colours


def _scatter(axes: Any, plane: Plane, rows: np.ndarray, colour: str, marker: str, label: str) -> None:
    x, y = plane.x.of(rows), plane.y.of(rows)
    axes.scatter(
        x.values, y.values, s=26, c=colour, marker=marker, alpha=0.8, linewidths=0, label=literal(label), zorder=3
    )
    if x.low is not None or y.low is not None:
        axes.errorbar(
            x.values,
            y.values,
            xerr=_reach(x),
            yerr=_reach(y),
            fmt="none",
            ecolor=colour,
            elinewidth=0.9,
            alpha=0.6,
            zorder=2.5,
            label="_intervals",
        )


def _reach(side: Side) -> np.ndarray | None:
    """How far intervals reach below and above the values; nowhere where there is none."""
    if side.low is None or side.high is None:
        return None
    reach = np.nan_to_num(np.stack([side.values - side.low, side.high - side.values]))
    return np.maximum(reach, 0)


def _intervals(plane: Plane) -> Iterator[np.ndarray]:
    """The ends of the intervals that are drawn."""
    for column, side in enumerate((plane.x, plane.y)):
        if side.low is None or side.high is None:
            continue
        for point, low, high in zip(plane.points, side.low, side.high, strict=True):
            if np.isfinite(low) and np.isfinite(high):
                ends = np.stack([point, point])
                ends[:, column] = low, high
                yield ends


def _front(axes: Any, plane: Plane) -> list[int]:
    """Draws the front and returns its points; none where an axis has no better side."""
    if not plane.x.axis.better or not plane.y.axis.better:
        return []
    front: list[int] = front_of(plane.x.axis, plane.y.axis, plane.x.values, plane.y.values).tolist()
    x, y = plane.points[front].T
    axes.step(x, y, where="post", color=INK, linewidth=1.1, zorder=2, label="Pareto front (element/block)")
    return front


def _legend(figure: Any, axes: Any, plane: Plane, title: str) -> None:
    """In a corner without points, that of the worst schemes first; beside the picture where there is none."""
    vertical = ("lower", "upper") if plane.y.axis.better > 0 else ("upper", "lower")
    horizontal = ("left", "right") if plane.x.axis.better > 0 else ("right", "left")
    how = {"frameon": False, "fontsize": 9, "title": title, "alignment": "left"}
    for y, x in itertools.product(vertical, horizontal):
        legend = axes.legend(loc=f"{y} {x}", **how)
        figure.draw_without_rendering()
        room = legend.get_window_extent()
        if not any(room.contains(*point) for point in axes.transData.transform(plane.points)):
            return
    axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), **how)


def _bound(axes: Any, plane: Plane) -> np.ndarray:
    """Draws the bound, from where it enters the picture to where it leaves, its name along it. Returns its ends, or no
    points where it has no meaning."""
    slope = plane.bound
    if slope is None:
        return np.empty((0, 2))
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    ends = sorted((bottom / slope, top / slope))
    start, end = max(left, ends[0]), min(right, ends[1])
    if start >= end:
        return np.empty((0, 2))
    x = np.array([start, end])
    axes.plot(x, slope * x, color="#9A9A9A", linewidth=0.9, zorder=1, scalex=False, scaley=False)
    middle = (start + end) / 2
    beside = math.copysign(0.015 * (top - bottom), slope)  # on the side that no scheme reaches
    axes.text(
        middle,
        slope * middle + beside,
        "Gaussian rate–distortion bound, 6.02 dB per bit",
        color="#7A7A7A",
        fontsize=8,
        ha="center",
        va="bottom" if slope > 0 else "top",
        rotation=math.degrees(math.atan(slope)),  # in the data's units, turned to the picture's
        rotation_mode="anchor",
        transform_rotates_text=True,
        clip_on=True,
    )
    return np.column_stack([x, slope * x])


def _references(axes: Any, plane: Plane) -> list[np.ndarray]:
    """Draws what an end task gives without quantization, dotted, and returns the lines' ends."""
    ends = []
    if np.isfinite(plane.y.reference):
        axes.axhline(plane.y.reference, color=GREY, linewidth=1, linestyle=":", zorder=1)
        ends.append(np.column_stack([axes.get_xlim(), [plane.y.reference] * 2]))
    if np.isfinite(plane.x.reference):
        axes.axvline(plane.x.reference, color=GREY, linewidth=1, linestyle=":", zorder=1)
        ends.append(np.column_stack([[plane.x.reference] * 2, axes.get_ylim()]))
    return ends


# For axes of which less is better; turned for others.
_BETTER_SIDE = ((-0.7, -0.7), (-1, 0), (0, -1), (0.7, -0.7))
_WORSE_SIDE = ((0.7, 0.7), (1, 0), (0, 1), (-0.7, 0.7))


def _lettering(plane: Plane) -> tuple[Lettering, Lettering]:
    """Of published schemes and of the front. On the front's worse side lie the other points: a name among them would
    seem to be theirs."""
    turn_x, turn_y = (-side.axis.better or 1 for side in (plane.x, plane.y))
    better, worse = (tuple((turn_x * dx, turn_y * dy) for dx, dy in side) for side in (_BETTER_SIDE, _WORSE_SIDE))
    around = tuple((math.cos(at), math.sin(at)) for at in np.radians(np.arange(15, 360, 15)))  # for crowded places
    return (
        Lettering(9.5, "bold", (8, 12, 18, 26, 36, 50, 66, 84), worse + better + around),
        Lettering(7.5, "normal", (6, 9, 13), better),
    )


def _names(figure: Any, axes: Any, plane: Plane, front: list[int], colours: list[str], lines: list[np.ndarray]) -> None:
    """Names of published schemes, those of the usual rounding first, with rings around the points that got theirs; then
    of the front's points, those after the largest steps first. Each stands where it covers nothing."""
    rows, points = plane.rows, plane.points
    published = published_names()
    usual = rows["rounding"][0]
    known = [i for i in range(len(rows)) if rows["scheme"][i] in published]
    known.sort(key=lambda i: rows["rounding"][i] != usual)
    of_published, of_front = _lettering(plane)
    placer = Placer(figure, axes, points)
    placer.avoid_steps(front)
    for line in [*lines, *_intervals(plane)]:
        placer.avoid_line(line)
    ringed = [
        i
        for i in known
        if placer.place(i, rows["scheme"][i] + _rounding(rows["rounding"][i], usual), of_published, INK)
    ]
    axes.scatter(*points[ringed].T, s=90, facecolors="none", edgecolors=INK, linewidths=1.2, zorder=4)
    worst = plane.y.values.max() if plane.y.axis.better < 0 else plane.y.values.min()
    steps = np.abs(np.diff(plane.y.values[front], prepend=worst))
    for i in np.array(front, dtype=int)[np.argsort(-steps, kind="stable")]:
        if i not in known:
            block = "" if rows["block"].isna()[i] else f"/{rows['block'][i]}"
            options = options_of(rows["scheme"][i])
            name = rows["element"][i] + block + (f"@{options}" if options else "")
            placer.place(int(i), name + _rounding(rows["rounding"][i], usual), of_front, colours[i])


def _rounding(name: str, usual: str) -> str:
    """A rounding is told where it is not that of the table's first scheme."""
    return "" if name == usual else f" {name}"
