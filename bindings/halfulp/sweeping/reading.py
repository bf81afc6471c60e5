"""All that a results folder holds, as one table."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp import _core
from halfulp.sweeping import rows
from halfulp.sweeping._extras import need
from halfulp.sweeping.measures import COLUMNS
from halfulp.sweeping.records import Record
from halfulp.sweeping.results import check_folder
from halfulp.sweeping.table import make_frame, make_rows

if TYPE_CHECKING:
    import pandas


def read_results(folder: str | os.PathLike[str]) -> pandas.DataFrame:
    """Every row of a results folder, as a table like that of :func:`halfulp.sweep`; also while a sweep is at work.

    Rows are those of every sweep that used the folder: matrices under their names, and the row "(model)" of each
    scheme that all matrices of the sweep are done with. One more column, `weights`, says where the weights came from.
    Columns of user metrics are NaN where a sweep had none. Raises FileNotFoundError for a folder that is not there,
    ValueError for one that is no results folder, is of another version, or has a damaged file; the message says what to
    do.
    """
    need("pandas", "sweep", "a sweep's table")
    place = Path(folder)
    if not place.is_dir():
        raise FileNotFoundError(f"results is {os.fspath(folder)!r}, but there is no such folder")
    if not check_folder(place):
        raise ValueError(f"the folder {place} is empty, allowed: a folder that hu.sweep(…, results=…) wrote")
    found = {row["key"]: row for part in rows.partitions(place) for path in rows.files(part) for row in rows.read(path)}
    records = _records(place)
    content: list[dict[str, Any]] = []
    metrics: dict[str, None] = {}
    used: set[str] = set()
    for record in records:
        keys = record.keys()
        used.update(keys.values())
        metrics |= dict.fromkeys(record.metrics)
        grid = [
            [rows.to_sums(found[key]) if (key := keys[i, j]) in found else None for j in range(len(record.cases))]
            for i in range(len(record.matrices))
        ]
        made = make_rows(record.matrices, record.cases, grid, record.options)
        content += [row | {"weights": record.source} for row in made]
    content += [row | {"weights": ""} for key, row in found.items() if key not in used]  # a record was lost
    table = make_frame(content, [*metrics, "weights"])
    table.attrs["halfulp"] = {
        "version": _core.version,
        "results": os.fspath(folder),
        "weights": ", ".join(dict.fromkeys(record.source for record in records)),
        "matrices": len({entry.digest for record in records for entry in record.matrices}),
        "dequantized": {kind: n for record in records for kind, n in record.dequantized.items()},
        "columns": COLUMNS,
    }
    return table


def _records(folder: Path) -> list[Record]:
    """The records of a folder in the order in which they were written, those of the same subject joined."""
    joined: dict[str, Record] = {}
    for path in sorted((folder / "sweeps").glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name)):
        if path.name.startswith("."):
            continue
        content: Any = None
        try:
            content = json.loads(path.read_bytes())
            record = Record.from_json(content)
        except (KeyError, TypeError, ValueError, AttributeError):
            own = _own_tables(content)
            raise ValueError(
                f"{path} is of a sweep under {own[0]}, a table of another process: call halfulp.codebook with its "
                "numbers first"
                if own
                else f"{path} is not what halfulp wrote: remove it, and run its sweep again to have its names"
            ) from None
        before = joined.get(record.subject())
        joined[record.subject()] = before.joined(record) if before else record
    return list(joined.values())


def _own_tables(content: Any) -> list[str]:
    """The schemes of a record whose elements are tables that only the process which made them knows."""
    cases = content.get("cases", []) if isinstance(content, dict) else []
    return [case[0] for case in cases if isinstance(case, list) and str(case[0]).startswith("table:")]
