"""The rows of a sweep's table that a picture is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp._kinds import element_kind
from halfulp._scheme import expand_schemes, scheme
from halfulp._scheme import schemes as published_schemes
from halfulp.sweeping.measures import MODEL
from halfulp.sweeping.table import model_rows

if TYPE_CHECKING:
    import pandas


def options_of(text: str) -> str:
    """What follows a scheme's @, as in "recipe=ceil,hadamard=64"; empty for a scheme without options."""
    return text.partition("@")[2]


def kind_of(text: str) -> str:
    """How a scheme stores its scales, as "e4m3fn per block, binary32 per tensor"; empty for one without scales and for
    one scale over the whole tensor."""
    levels = scheme(text).levels
    if not levels or levels[0].group == "tensor":
        return ""
    inner = levels[0]
    noun = "block" if isinstance(inner.group, int) else "channel" if inner.group == "channel" else "tile"
    parts = [f"{inner.format} per {noun}"]
    for level in levels[1:]:
        group = f"{level.group} {noun}s" if isinstance(level.group, int) else level.group
        parts.append(f"{level.format} per {group}")
    return ", ".join(parts)


def element_kind_of(text: str) -> str:
    """The kind of numbers that a scheme's elements are: float, integer, codebook, …"""
    return element_kind(scheme(text).element)


def published_names() -> set[str]:
    return {str(one) for one in published_schemes()}


def check_table(table: Any) -> None:
    """Raises TypeError or ValueError for what is not a sweep's table."""
    columns = getattr(table, "columns", None)
    if columns is None:
        raise TypeError(f"table is a {type(table).__name__}, allowed: a DataFrame of halfulp.sweep")
    missing = [name for name in ("scheme", "matrix", "bits_per_element", "rounding") if name not in columns]
    if missing:
        raise ValueError(f"table has no column {', '.join(missing)}, allowed: a DataFrame of halfulp.sweep")
    if not (table["matrix"] == MODEL).any():
        raise ValueError(f"table has no row {MODEL}, allowed: a DataFrame of halfulp.sweep with at least one scheme")


def of_rounding(rows: pandas.DataFrame, rounding: str | None) -> pandas.DataFrame:
    """The rows of one rounding of the elements; None: of the first in the table."""
    known = list(dict.fromkeys(rows["rounding"]))
    if rounding is not None and rounding not in known:
        raise ValueError(f"rounding is {rounding!r}, allowed for this table: {', '.join(known)}")
    return rows[rows["rounding"] == (known[0] if rounding is None else rounding)].reset_index(drop=True)


def with_options(rows: pandas.DataFrame, options: str, rounding: str | None) -> pandas.DataFrame:
    """The rows of schemes with just these options, under one rounding. One such row at most has a given element and
    scales."""
    rows = of_rounding(rows, rounding)
    known = dict.fromkeys(map(options_of, rows["scheme"]))
    if options not in known:
        raise ValueError(f"options is {options!r}, allowed for this table: {', '.join(map(repr, known))}")
    return rows[[options_of(text) == options for text in rows["scheme"]]].reset_index(drop=True)


def chosen_schemes(rows: pandas.DataFrame, schemes: Any, default: int, most: int) -> list[str]:
    """The schemes to draw, each in the table; None: its published ones, or else its first ones."""
    there = list(dict.fromkeys(rows["scheme"]))
    if schemes is None:
        published = published_names()
        return ([name for name in there if name in published] or there)[:default]
    wanted = [str(one) for one in expand_schemes(schemes)]
    for name in wanted:
        if name not in there:
            some = ", ".join(there[:8]) + (", …" if len(there) > 8 else "")
            raise ValueError(f"schemes has {name!r}, which the table has not, allowed: {some}")
    if len(wanted) > most:
        raise ValueError(f"schemes has {len(wanted)} schemes, allowed: 1 to {most}, which the eye can tell apart")
    return wanted


def title_of(table: pandas.DataFrame) -> str:
    """What a table is of: its weights, the number of matrices and of schemes."""
    about = table.attrs.get("halfulp", {})
    matrices = int((table["matrix"].drop_duplicates() != MODEL).sum())
    schemes = len(table[["scheme", "rounding"]].drop_duplicates())  # as many as there are points
    source = Path(str(about.get("weights", "weights"))).name
    return (
        f"{source}: {matrices} weight {'matrix' if matrices == 1 else 'matrices'} "
        f"under {schemes} {'scheme' if schemes == 1 else 'schemes'}"
    )


def rows_of_schemes(table: pandas.DataFrame) -> pandas.DataFrame:
    """The rows that hold all matrices together, of a table that was checked."""
    check_table(table)
    return model_rows(table)
