"""Answers on stdout: columns to read, JSON lines to read on."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from halfulp.cli.numbers import as_float, exact_text

if TYPE_CHECKING:
    import pandas

# In short: what a reader of the JSON has to know about numbers. Part of the help of commands that print them.
JSON_NUMBERS = (
    'Numbers that JSON lacks are texts: "nan", "inf", "-inf", and "0x1.8p+5000" for those that no binary64 holds.'
)


def print_columns(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print("\n".join(aligned([header, *rows])))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines with their cells in columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def print_json(thing: Mapping[str, Any]) -> None:
    """One object on a line of its own. Numbers that JSON lacks become texts."""
    print(json.dumps({key: json_value(value) for key, value in thing.items()}, allow_nan=False))


def print_table_json(table: pandas.DataFrame) -> None:
    """Each row of a DataFrame as an object; what is missing is null."""
    import pandas

    for row in table.to_dict(orient="records"):
        print_json({key: None if value is pandas.NA else value for key, value in row.items()})


def json_value(value: Any) -> Any:
    if isinstance(value, Fraction):
        number = as_float(value)
        return exact_text(value) if number is None else number
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if isinstance(value, Mapping):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_value(item) for item in value]
    return value


def can_print(characters: str) -> bool:
    """Has the encoding of stdout these characters?"""
    try:
        characters.encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
