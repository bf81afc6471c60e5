"""What shorter groups buy, for each format of the scales."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._format import real_format as to_format
from halfulp.plots._columns import Axis, axis_of, check_column
from halfulp.plots._figure import frame, literal, new_figure, set_head, set_scale, style
from halfulp.plots._rows import rows_of_schemes, title_of, with_options

if TYPE_CHECKING:
    import pandas

_MOST_PANELS = 6


def error_against_group(
    table: pandas.DataFrame,
    elements: Any = None,
    *,
    value: str = "relative_error",
    options: str = "",
    rounding: str | None = None,
    title: str | None = None,
) -> Any:
    """A column of the model's rows against the length of the groups, one line for each kind of scales and one panel for
    each element format, as a matplotlib Figure.

    elements: up to six formats, as a text with blanks between them or a list (None: the best
    of each width).
    options, rounding: as in :func:`halfulp.plots.split_heatmap`. All panels span the same range of values, so that
    slopes compare. Raises ValueError where no element format has two group lengths of one
    kind of scales.
    """
    models = with_options(rows_of_schemes(table), options, rounding)
    check_column(models, value, "value")
    axis = axis_of(value)
    rows = models[models["block"].notna()]
    rows = rows.assign(drawn=axis.drawn(rows[value].astype("float64")))
    rows = rows[rows["drawn"].notna()]
    wanted = _elements(rows, elements, axis)
    kinds = list(dict.fromkeys(rows[rows["element"].isin(wanted)]["scales"]))
    across = min(3, len(wanted))
    down = -(-len(wanted) // across)
    figure = new_figure(max(3.4 * across + 1.8, 6), 3.0 * down + 0.9)
    panels = figure.subplots(down, across, squeeze=False, sharex=True).ravel()
    for place, element in enumerate(wanted):
        _panel(panels[place], rows[rows["element"] == element], element, kinds, axis)
        if place % across == 0:
            panels[place].set_ylabel(literal(axis.label), fontsize=8.5)
        if place >= len(wanted) - across:
            panels[place].set_xlabel("group length (elements)", fontsize=9)
            panels[place].tick_params(labelbottom=True)
    for panel in panels[len(wanted) :]:
        panel.remove()
    lengths = sorted(int(n) for n in rows[rows["element"].isin(wanted)]["block"].unique())
    panels[0].set_xscale("log", base=2)
    panels[0].set_xticks(lengths, [str(n) for n in lengths])
    panels[0].minorticks_off()
    _same_span(panels[: len(wanted)], axis)
    handles = {handle.get_label(): handle for panel in panels[: len(wanted)] for handle in panel.get_lines()}
    figure.legend(
        [handles[literal(kind)] for kind in kinds],
        [literal(kind) for kind in kinds],
        loc="outside right upper",
        frameon=False,
        fontsize=8.5,
        title="scales",
        alignment="left",
    )
    set_head(figure, title or title_of(table))
    return figure


def _elements(rows: pandas.DataFrame, elements: Any, axis: Axis) -> list[str]:
    there = compared_elements(rows)
    if not there:
        raise ValueError("table has no element format with two group lengths of one kind of scales: nothing to compare")
    if elements is None:
        return _best_of_widths(rows[rows["element"].isin(there)], axis)
    named = elements.split() if isinstance(elements, str) else elements
    wanted = [item if item in there else str(to_format(item)) for item in named]
    for element in wanted:
        if element not in there:
            raise ValueError(f"elements has {element!r}, allowed for this table: {', '.join(there)}")
    if not 1 <= len(wanted) <= _MOST_PANELS:
        raise ValueError(f"elements has {len(wanted)} formats, allowed: 1 to {_MOST_PANELS}")
    return list(dict.fromkeys(wanted))


def compared_elements(rows: pandas.DataFrame) -> list[str]:
    """The element formats that the rows have with two group lengths or more of one kind of scales."""
    lengths = rows.groupby(["element", "scales"], sort=False)["block"].nunique()
    return list(dict.fromkeys(element for element, _ in lengths[lengths > 1].index))


def _best_of_widths(rows: pandas.DataFrame, axis: Axis) -> list[str]:
    """The element format with the best median of each width, narrow ones first; of more than six widths the middle
    ones."""
    medians = rows.groupby(["element_bits", "element"], sort=False)["drawn"].median() * (axis.better or -1)
    best = {width: group.idxmax()[1] for width, group in medians.groupby(level=0)}
    middle = sorted(best, key=lambda width: abs(width - 5.5))[:_MOST_PANELS]
    return [best[width] for width in sorted(middle)]


def _panel(panel: Any, rows: pandas.DataFrame, element: str, kinds: list[str], axis: Axis) -> None:
    for place, kind in enumerate(kinds):
        line = rows[rows["scales"] == kind].sort_values("block")
        if line.empty:
            continue
        colour, marker = style(place)
        panel.plot(
            line["block"].astype(int),
            line["drawn"],
            color=colour,
            marker=marker,
            markersize=5,
            linewidth=1.3,
            label=literal(kind),
        )
    panel.set_title(f"{element} ({rows['element_bits'].iloc[0]} bits)", fontsize=10, loc="left")
    panel.margins(x=0.08)
    frame(panel)


def _same_span(panels: Any, axis: Axis) -> None:
    """Each panel around its own values, all as far from top to bottom: on a logarithmic axis as a ratio."""
    log = axis.scale == "log"
    ranges = []
    for panel in panels:
        values = np.concatenate([line.get_ydata() for line in panel.get_lines()])
        values = np.log10(values) if log else values
        ranges.append((values.min(), values.max()))
    span = 1.16 * max(high - low for low, high in ranges) or 1.0
    for panel, (low, high) in zip(panels, ranges, strict=True):
        limits = np.array([low + high - span, low + high + span]) / 2
        panel.set_ylim(10**limits if log else limits)
        set_scale(panel.yaxis, axis.scale, axis.column)
