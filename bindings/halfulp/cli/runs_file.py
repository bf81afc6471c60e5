"""A file of training runs: which of its columns a law takes, read as numbers and labels."""

from __future__ import annotations

import csv
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from halfulp.cli.command import did_you_mean

_SEPARATORS = {".csv": ",", ".tsv": "\t"}

Columns = dict[str, np.ndarray]


def read_runs(
    path: str,
    numbers: Sequence[str],
    labels: Sequence[str],
    places: Mapping[str, str],
    where: Sequence[tuple[str, str]] = (),
    positive: Collection[str] = (),
) -> Columns:
    """The columns of a .csv or .tsv file whose first line has names. numbers, labels: what is wanted, by the law's
    names. places: the file's name for those that have another. where: lines that are taken have these texts in these
    columns of the file. positive: of numbers, those that are above 0. Raises ValueError that names the file, the column
    and the line."""
    suffix = Path(path).suffix.lower()
    if suffix not in _SEPARATORS:
        raise ValueError(f"runs is {path!r}, allowed: a name that ends in {', '.join(_SEPARATORS)}")
    if not Path(path).is_file():
        raise ValueError(f"runs is {path!r}, which is not a file")
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=_SEPARATORS[suffix], strict=True)
            return _columns(path, rows, numbers, labels, places, where, positive)
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is not a sound {suffix} file: {error}") from None


def pairs(argument: str, texts: Sequence[str] | None, what: str) -> dict[str, str]:
    """NAME=VALUE words as a dict. Raises ValueError for another word, and for a name that occurs twice."""
    out: dict[str, str] = {}
    for text in texts or ():
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise ValueError(f"{argument} is {text!r}, allowed: {what}")
        if name in out:
            raise ValueError(f"{argument} has {name!r} twice, allowed: each name once")
        out[name] = value
    return out


def _columns(
    path: str,
    rows: Any,
    numbers: Sequence[str],
    labels: Sequence[str],
    places: Mapping[str, str],
    where: Sequence[tuple[str, str]],
    positive: Collection[str],
) -> Columns:
    header: list[str] = []
    while not any(header):  # lines without a cell that holds something may stand before the names, too
        row = next(rows, None)
        if row is None:
            break
        header = [name.strip() for name in row]
    if not any(header):
        raise ValueError(f"{path} is empty, allowed: a first line with the names of columns, then a line for each run")
    unknown = [name for name in places if name not in (*numbers, *labels)]
    if unknown:
        raise ValueError(
            f"columns names {unknown[0]!r}{did_you_mean(unknown[0], [*numbers, *labels])}, allowed: "
            f"{', '.join([*numbers, *labels])}"
        )
    if any("\0" in name for name in header):
        raise ValueError(f"{path} has a zero byte in its first line, allowed: text")
    at = {name: _place(path, header, places.get(name, name), name) for name in (*numbers, *labels)}
    kept = [(_place(path, header, column, column), text) for column, text in where]
    found: dict[str, list[float | str]] = {name: [] for name in at}
    for row in rows:
        line = rows.line_num
        if not row or all(not cell.strip() for cell in row):
            continue
        if len(row) != len(header):
            raise ValueError(f"{path}, line {line}: {len(row)} cells, allowed: {len(header)}, as the first line has")
        if any(row[place].strip() != text for place, text in kept):
            continue
        for name, place in at.items():
            cell = row[place].strip()
            where_it_is = f"{path}, line {line}, column {header[place]}"
            if name not in numbers:
                found[name].append(_label(where_it_is, cell))
                continue
            value = _number(where_it_is, cell)
            if name in positive and value <= 0:
                raise ValueError(f"{where_it_is}: {cell}, allowed: a number above 0")
            found[name].append(value)
    if not where and not found[numbers[0]]:
        raise ValueError(f"{path} has no runs, allowed: a line for each run below the names of columns")
    if where and not found[numbers[0]]:
        texts = ", ".join(f"{column}={text}" for column, text in where)
        raise ValueError(f"where is {texts}, which no line of {path} has")
    return {name: np.array(values, dtype=np.float64 if name in numbers else str) for name, values in found.items()}


def _place(path: str, header: Sequence[str], column: str, name: str) -> int:
    if column not in header:
        how = "" if column != name else f"; --columns {name}=COLUMN names another"
        comma = _SEPARATORS[Path(path).suffix.lower()]
        if len(header) == 1 and any(other in header[0] for other in ",;\t"):
            how = f"; cells of {Path(path).suffix} files stand between {comma!r}"
        raise ValueError(
            f"{path} has no column {column!r}{did_you_mean(column, header)}, allowed: {_listed(header)}{how}"
        )
    if header.count(column) > 1:
        raise ValueError(f"{path} has the column {column!r} twice, allowed: names that differ")
    return header.index(column)


def _listed(names: Collection[str], most: int = 20) -> str:
    shown = [name if len(name) <= 40 else name[:40] + "…" for name in list(names)[:most]]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")


def _number(where: str, cell: str) -> float:
    try:
        # Python also takes 73_824 and digits of other scripts: in a file they are more likely faults.
        value = float(cell) if cell.isascii() and "_" not in cell else None
    except ValueError:
        value = None
    if value is None:
        raise ValueError(f"{where}: {cell!r}, allowed: a number such as 73824672 or 1.3e9")
    if not math.isfinite(value):
        raise ValueError(f"{where}: {cell}, allowed: a finite number")
    return value


def _label(where: str, cell: str) -> str:
    if not cell:
        raise ValueError(f"{where}: no text, allowed: a label")
    return cell
