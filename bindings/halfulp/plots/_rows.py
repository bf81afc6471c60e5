"""The rows of a sweep's table that a picture is of."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from halfulp._format import real_format as to_format
from halfulp._kinds import kind_of_element
from halfulp._scheme import expand_schemes
from halfulp._scheme import schemes as published_schemes
from halfulp.sweeping.measures import MODEL
from halfulp.sweeping.table import model_rows

if TYPE_CHECKING:
    import pandas


def options_of(text: str) -> str:
    """What follows a scheme's @, as in "recipe=ceil,hadamard=64"; empty for a scheme without options."""
    return text.partition("@")[2]


class Scales(NamedTuple):
    """A level of scales as a table's columns tell it: a process that reads them may not know the scheme's own table of
    elements. group: as in the grammar, "32", "32x32", "channel" or "tensor"."""

    group: str
    format: str


def scales_of(rows: pandas.DataFrame) -> list[list[Scales]]:
    """The levels of scales, innermost first, of every row."""
    lengths = [None if missing else length for length, missing in zip(rows["block"], rows["block"].isna(), strict=True)]
    return [_levels(str(text), length) for text, length in zip(rows["scales"], lengths, strict=True)]


def _levels(text: str, length: Any) -> list[Scales]:
    if not text:
        return []
    levels = []
    for part in text.split("/"):
        group, colon, name = part.rpartition(":")
        levels.append(Scales(group, name) if colon else Scales("tensor" if length is None else str(length), name))
    return levels


def kinds_of(rows: pandas.DataFrame) -> list[str]:
    """How each row's scheme stores its scales, as "e4m3fn per block, binary32 per tensor"; empty for one without scales
    and for one scale over the whole tensor."""
    return [_kind(levels) for levels in scales_of(rows)]


def _kind(levels: list[Scales]) -> str:
    if not levels or levels[0].group == "tensor":
        return ""
    inner = levels[0]
    noun = "block" if inner.group.isdigit() else "channel" if inner.group == "channel" else "tile"
    parts = [f"{inner.format} per {noun}"]
    parts += [f"{level.format} per {level.group}{f' {noun}s' * level.group.isdigit()}" for level in levels[1:]]
    return ", ".join(parts)


def element_kinds_of(rows: pandas.DataFrame) -> list[str]:
    """The kind of numbers that each row's elements are: float, integer, codebook, …"""
    if "element_kind" in rows.columns:
        return [str(kind) for kind in rows["element_kind"]]
    return [kind_of_element(text) for text in rows["element"]]  # a table of an older version


def split_of(element: str) -> tuple[int, int] | None:
    """Exponent and mantissa bits of a signed float; None for every other element, which has no such fields."""
    if kind_of_element(element) != "float":
        return None
    shape = to_format(element)
    if not shape.signed or shape.exponent_bits is None or shape.mantissa_bits is None:
        return None
    return shape.exponent_bits, shape.mantissa_bits


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
    texts = schemes.split() if isinstance(schemes, str) else schemes
    named = isinstance(texts, (list, tuple)) and len(texts) and all(text in there for text in texts)
    # Texts that the table has are taken as they are: this process may not know a table of elements in them.
    wanted = list(dict.fromkeys(texts)) if named else [str(one) for one in expand_schemes(schemes)]
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
