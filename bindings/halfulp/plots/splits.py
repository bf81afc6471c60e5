"""The heat map of how a width is divided between exponent and mantissa."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from halfulp.plots._columns import Axis, axis_of, check_column
from halfulp.plots._figure import INK, literal, new_figure, set_head
from halfulp.plots._rows import rows_of_schemes, split_of, title_of, with_options
from halfulp.sweeping._extras import need

if TYPE_CHECKING:
    import pandas

_CELL = 0.82  # inches


def split_heatmap(
    table: pandas.DataFrame,
    value: str = "sqnr_db",
    group: int | None = 32,
    scales: str = "e8m0fnu",
    *,
    options: str = "",
    rounding: str | None = None,
    title: str | None = None,
) -> Any:
    """A column of the model's rows over exponent bits (down) and mantissa bits (across), as a matplotlib Figure.

    Shown are the schemes with one scale format, group length and options: group and scales as in the columns `block`
    and `scales` (group=None, scales="" for elements without scales), options as after a scheme's @, rounding as in the
    table (None: its first). Cells along a diagonal have the same width, which stands at its end; the best of each width
    is outlined. Where formats differ in their specials alone (e4m3f, e4m3fn), the cell shows the best of them.
    Raises ValueError where no scheme of the table is of this kind.
    """
    models = with_options(rows_of_schemes(table), options, rounding)
    check_column(models, value, "value")
    axis = axis_of(value)
    cells = _cells(_of_kind(models, group, scales), value, axis)
    if not cells:
        raise ValueError(f"table has no scheme of this kind with a value of {value} that can be drawn")
    exponents = range(min(e for e, _ in cells), max(e for e, _ in cells) + 1)
    mantissas = range(min(m for _, m in cells), max(m for _, m in cells) + 1)
    figure = new_figure(max(2.9 + _CELL * len(mantissas), 6.5), 2.0 + _CELL * len(exponents))
    axes = figure.subplots()
    image = _colours(axes, cells, exponents, mantissas, axis)
    _diagonals(axes, cells, exponents, mantissas)
    _outline_best(axes, cells, exponents, mantissas, axis)
    figure.colorbar(image, ax=axes, label=literal(axis.label), fraction=0.05, pad=0.06 + 0.2 / len(mantissas))
    set_head(figure, title or title_of(table))
    kind = f"groups of {group}, scales {scales}" if group is not None else "no groups"
    details = ", ".join(part for part in (kind, options, models["rounding"][0]) if part)
    axes.set_title(literal(details), loc="left", fontsize=9, color="#555555", pad=34)
    return figure


class _Cell(NamedTuple):
    """value: as the axis draws it."""

    element: str
    value: float


def _of_kind(models: pandas.DataFrame, group: int | None, scales: str) -> pandas.DataFrame:
    if group is None:
        mine = models["block"].isna() & (models["scales"] == scales)
    else:
        mine = (models["block"] == group).fillna(False).astype(bool) & (models["scales"] == scales)
    if not mine.any():
        kinds = models[["block", "scales"]].drop_duplicates()
        some = ", ".join(
            f"group={'None' if missing else block}, scales={text!r}"
            for block, text, missing in zip(kinds["block"], kinds["scales"], kinds["block"].isna(), strict=True)
        )
        raise ValueError(f"group is {group!r} and scales is {scales!r}, allowed for this table: {some}")
    return models[mine]


def _cells(rows: pandas.DataFrame, value: str, axis: Axis) -> dict[tuple[int, int], _Cell]:
    """By exponent and mantissa bits, of signed floats: other elements have no such fields."""
    cells: dict[tuple[int, int], _Cell] = {}
    for element, number in zip(rows["element"], axis.drawn(rows[value].astype("float64")), strict=True):
        place = split_of(element)
        if place is None or np.isnan(number):
            continue
        if place not in cells or (number - cells[place].value) * (axis.better or 1) > 0:
            cells[place] = _Cell(element, float(number))
    return cells


def _colours(axes: Any, cells: dict[tuple[int, int], _Cell], exponents: range, mantissas: range, axis: Axis) -> Any:
    """The coloured cells with their numbers, and the formats' names below."""
    grid = np.full((len(exponents), len(mantissas)), np.nan)
    for (e, m), cell in cells.items():
        grid[e - exponents[0], m - mantissas[0]] = cell.value
    colours = need("matplotlib.colors", "plots", "a plot")
    low, high = np.nanmin(grid), np.nanmax(grid)
    norm = (colours.LogNorm if axis.scale == "log" else colours.Normalize)(low, high if high > low else low + 1)
    # cividis: the same for all kinds of colour vision, and even in its lightness. Light is always the better end.
    image = axes.imshow(grid, cmap="cividis_r" if axis.better < 0 else "cividis", norm=norm, aspect="equal")
    for (e, m), cell in cells.items():
        row, column = e - exponents[0], m - mantissas[0]
        red, green, blue, _ = image.cmap(norm(cell.value))
        dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.5
        ink = "white" if dark else INK
        axes.text(column, row - 0.06, _digits(cell.value), ha="center", va="center", fontsize=11, color=ink)
        axes.text(column, row + 0.26, cell.element, ha="center", va="center", fontsize=6.5, color=ink)
    axes.set_xticks(range(len(mantissas)), [str(m) for m in mantissas])
    axes.set_yticks(range(len(exponents)), [str(e) for e in exponents])
    for edge in range(1, len(mantissas)):
        axes.axvline(edge - 0.5, color="white", linewidth=1.5)
    for edge in range(1, len(exponents)):
        axes.axhline(edge - 0.5, color="white", linewidth=1.5)
    axes.set_xlabel("mantissa bits M")
    axes.set_ylabel("exponent bits E")
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    return image


def _digits(value: float) -> str:
    """Three digits or so, in five characters or so."""
    size = abs(value)
    if size and (size < 0.01 or size >= 1e4):
        return f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e").replace("-", "−")
    digits = 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:.{digits}f}".replace("-", "−")


def _diagonals(axes: Any, cells: dict[tuple[int, int], _Cell], exponents: range, mantissas: range) -> None:
    """Short strokes where cells of the same width touch, and the width at the upper right end of each diagonal."""
    for e, m in cells:
        if (e + 1, m - 1) in cells:
            row, column = e - exponents[0] + 0.5, m - mantissas[0] - 0.5
            for colour, thick in (("white", 3.2), (INK, 1.1)):
                axes.plot(
                    [column + 0.1, column - 0.1],
                    [row - 0.1, row + 0.1],
                    color=colour,
                    linewidth=thick,
                    solid_capstyle="round",
                    zorder=5,
                )
    for width in sorted({1 + e + m for e, m in cells}):
        e, m = min(place for place in cells if 1 + sum(place) == width)  # the fewest exponent bits: the upper right end
        row, column = e - exponents[0], m - mantissas[0]
        axes.annotate(
            f"{width} bits",
            (column + 0.5, row - 0.5),
            xytext=(4, 4),
            textcoords="offset points",
            rotation=45,
            rotation_mode="anchor",
            va="center",
            fontsize=8,
            color="#555555",
            annotation_clip=False,
        )


def _outline_best(
    axes: Any, cells: dict[tuple[int, int], _Cell], exponents: range, mantissas: range, axis: Axis
) -> None:
    """Around the best cell of each width that has more than one; where less is neither better nor worse, none."""
    patches = need("matplotlib.patches", "plots", "a plot")
    for width in {1 + e + m for e, m in cells}:
        places = [place for place in cells if 1 + sum(place) == width]
        if len(places) < 2 or not axis.better:
            continue
        e, m = max(places, key=lambda place: axis.better * cells[place].value)
        corner = (m - mantissas[0] - 0.455, e - exponents[0] - 0.455)
        for colour, thick in (("white", 3.6), ("#D55E00", 2.2)):
            axes.add_patch(
                patches.Rectangle(corner, 0.91, 0.91, fill=False, edgecolor=colour, linewidth=thick, zorder=4)
            )
