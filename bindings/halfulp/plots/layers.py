"""Where in a model the error is: matrix by matrix, and by depth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.plots._columns import Axis, axis_of, check_column
from halfulp.plots._figure import GREY, frame, literal, new_figure, set_scale, set_title, short_names, style
from halfulp.plots._rows import check_table, chosen_schemes, of_rounding, title_of
from halfulp.sweeping.measures import MODEL

if TYPE_CHECKING:
    import pandas

_MOST_SCHEMES = 12
# Columns that are a ratio of sums, so that those of several matrices together have a meaning.
_RATIOS = ("relative_error", "sqnr_db")


def error_by_layer(
    table: pandas.DataFrame,
    schemes: Any = None,
    *,
    value: str = "relative_error",
    rounding: str | None = None,
    most: int = 80,
    title: str | None = None,
) -> Any:
    """A column by weight matrix, one row of dots for each, as a matplotlib Figure; a dashed line is the whole model's.

    schemes: up to 12, as :func:`halfulp.sweep` takes them, all in the table (None: its published ones, at most six).
    value: a column of numbers. rounding: as in the table (None: its first). most: of more matrices than this only the
    worst under any of the schemes are drawn. Matrices stand in the table's order; what all names begin and end with is
    told once, below.
    """
    rows, wanted, axis = _chosen(table, schemes, value, rounding)
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise ValueError(f"most is {most!r}, allowed: an integer, 1 or more")
    values = _by_matrix(rows, wanted, value, axis)
    total = len(values)
    worst = (-(axis.better or -1) * values).max(axis=1).sort_values(ascending=False, kind="stable")
    values = values[values.index.isin(worst.index[:most])]
    figure = new_figure(10, 1.9 + 0.19 * max(len(values), 4))
    axes = figure.subplots()
    _shade_depths(axes, rows, list(values.index))
    axes.hlines(range(len(values)), 0, 1, transform=axes.get_yaxis_transform(), color="#E6E6E6", linewidth=0.6)
    model = rows[rows["matrix"] == MODEL].drop_duplicates("scheme").set_index("scheme")[value].astype("float64")
    for place, scheme in enumerate(wanted):
        colour, marker = style(place)
        shift = 0.5 * (place + 0.5) / len(wanted) - 0.25  # so that equal values stay apart
        axes.scatter(
            values[scheme],
            np.arange(len(values)) + shift,
            s=24,
            c=colour,
            marker=marker,
            linewidths=0,
            zorder=3,
            label=literal(scheme),
            alpha=0.9,
        )
        whole = float(axis.drawn(model[scheme]))
        if np.isfinite(whole):
            axes.axvline(whole, color=colour, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    names, left_out = short_names([str(name) for name in values.index])
    axes.set_yticks(range(len(values)), [literal(name) for name in names], fontsize=7.5)
    axes.set_ylim(len(values) - 0.4, -0.6)  # the first matrix on top
    axes.set_ylabel("weight matrix")
    _value_axis(axes, axis)
    _finish(figure, axes, title or title_of(table), "dashed: all matrices together")
    notes = [f"names without {left_out}" if left_out else ""]
    notes.append(f"{total - len(values)} better matrices not drawn" if len(values) < total else "")
    figure.supxlabel(literal("; ".join(filter(None, notes))), fontsize=8, color="#555555", x=0.01, ha="left")
    return figure


def error_by_depth(
    table: pandas.DataFrame,
    schemes: Any = None,
    *,
    value: str = "relative_error",
    rounding: str | None = None,
    title: str | None = None,
) -> Any:
    """A column by depth, the number of the layer, as a matplotlib Figure: faint dots are matrices, the line joins the
    depths.

    schemes, value, rounding: as in :func:`error_by_layer`. A depth's relative error and SQNR are those of its matrices
    together; of other columns it is their median. Matrices without a depth (embeddings, heads) stand apart on the left.
    Raises ValueError where no matrix has a depth.
    """
    rows, wanted, axis = _chosen(table, schemes, value, rounding)
    rows = rows[rows["matrix"] != MODEL]
    if "depth" not in rows.columns or rows["depth"].isna().all():
        raise ValueError(
            "table has no matrix with a depth: no name has a number between its dots, as in layer.0.weight"
        )
    depths = sorted(int(depth) for depth in rows["depth"].dropna().unique())
    apart = rows["depth"].isna()
    figure = new_figure(10, 5)
    axes = figure.subplots()
    for place, scheme in enumerate(wanted):
        colour, marker = style(place)
        mine = rows[rows["scheme"] == scheme]
        shift = 0.36 * (place / max(len(wanted) - 1, 1) - 0.5) if len(wanted) > 1 else 0.0
        x = mine["depth"].astype("float64").fillna(depths[0] - 1.5)
        axes.scatter(
            x + shift,
            axis.drawn(mine[value].astype("float64")),
            s=13,
            c=colour,
            marker=marker,
            alpha=0.35,
            linewidths=0,
            zorder=2,
        )
        together = [
            _together(mine[(mine["depth"] == depth).fillna(False).astype(bool)], value, axis) for depth in depths
        ]
        axes.plot(
            np.array(depths) + shift,
            together,
            color=colour,
            marker=marker,
            markersize=6,
            linewidth=1.4,
            zorder=3,
            label=literal(scheme),
        )
    ticks: list[float] = [*depths[:: -(-len(depths) // 40)]]  # 40 labels at most
    labels = [str(depth) for depth in ticks]
    if apart.any():
        axes.axvline(depths[0] - 0.75, color=GREY, linewidth=0.6)
        ticks, labels = [depths[0] - 1.5, *ticks], ["none", *labels]
    axes.set_xticks(ticks, labels)
    axes.set_xlabel("depth (number of the layer in the matrix's name)")
    axes.set_ylabel(literal(axis.label))
    set_scale(axes.yaxis, axis.scale, axis.column)
    frame(axes, "y")
    _finish(figure, axes, title or title_of(table), "line: a depth's matrices together\ndots: single matrices")
    return figure


def _chosen(
    table: pandas.DataFrame, schemes: Any, value: str, rounding: str | None
) -> tuple[pandas.DataFrame, list[str], Axis]:
    """The rows of the schemes wanted, the schemes, and the axis of the value."""
    check_table(table)
    rows = of_rounding(table, rounding)
    check_column(rows, value, "value")
    wanted = chosen_schemes(rows, schemes, default=6, most=_MOST_SCHEMES)
    return rows[rows["scheme"].isin(wanted)], wanted, axis_of(value)


def _by_matrix(rows: pandas.DataFrame, schemes: list[str], value: str, axis: Axis) -> pandas.DataFrame:
    """Values as the axis draws them, by matrix (in the table's order) and scheme."""
    single = rows[rows["matrix"] != MODEL].drop_duplicates(["matrix", "scheme"])
    drawn = single.assign(drawn=axis.drawn(single[value].astype("float64")))
    wide = drawn.pivot(index="matrix", columns="scheme", values="drawn")
    wide = wide.reindex(index=list(dict.fromkeys(single["matrix"])), columns=schemes)
    if wide.isna().all(axis=None):
        raise ValueError(f"table has no value of {value} that can be drawn under {', '.join(schemes)}")
    return wide


def _together(rows: pandas.DataFrame, value: str, axis: Axis) -> float:
    """The value of several matrices together, as the axis draws it."""
    if value in _RATIOS:
        relative = rows["squared_error"].sum() / rows["squared_norm"].sum() if rows["squared_norm"].sum() else np.nan
        in_db = -1 if value == "sqnr_db" else 1
        return float(in_db * 10 * np.log10(relative)) if relative > 0 else np.nan
    drawn = axis.drawn(rows[value].astype("float64"))
    return float(np.nanmedian(drawn)) if np.isfinite(drawn).any() else np.nan


def _shade_depths(axes: Any, rows: pandas.DataFrame, matrices: list[str]) -> None:
    """Every second depth on grey."""
    if "depth" not in rows.columns:
        return
    depth = rows.drop_duplicates("matrix").set_index("matrix")["depth"]
    for place, name in enumerate(matrices):
        if depth.notna()[name] and int(depth[name]) % 2:
            axes.axhspan(place - 0.5, place + 0.5, color="#F4F4F4", linewidth=0, zorder=0)


def _value_axis(axes: Any, axis: Axis) -> None:
    set_scale(axes.xaxis, axis.scale, axis.column)
    axes.set_xlabel(literal(axis.label))
    frame(axes, "x")
    axes.tick_params(axis="y", length=0)


def _finish(figure: Any, axes: Any, title: str, key: str) -> None:
    """The legend outside, where it covers nothing, and the title."""
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5, title=key, title_fontsize=8, alignment="left")
    set_title(axes, title)
