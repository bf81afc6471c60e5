"""``halfulp report``: a sweep as one HTML page."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from halfulp.cli.command import Command, Parser
from halfulp.cli.output import print_json
from halfulp.cli.sweep_outputs import check_page

if TYPE_CHECKING:
    import pandas

TEXT = """\
Writes a sweep as one HTML page that opens offline: sort, filter, point and click.

TABLE is what halfulp sweep left: a .parquet file of --output, or a folder of --results."""


def _arguments(parser: Parser) -> None:
    parser.offer("files", "table", metavar="TABLE", help="a .parquet file or a folder of results")
    parser.offer("files", "-o", "--output", required=True, metavar="FILE", help="the page (.html)")
    parser.offer("files", "--tasks", metavar="FILE", help="results of end tasks, to stand beside (.parquet)")
    parser.add_argument("--title", metavar="TEXT", help="the heading (default: what was swept)")


def _run(options: argparse.Namespace) -> None:
    from halfulp import report, sweeping
    from halfulp.sweeping._files import prepare

    check_page("output", options.output)
    if not Path(options.table).exists() or not options.table:
        raise ValueError(f"table is {options.table!r}, which is neither a file nor a folder")
    prepare(options.output)
    read = sweeping.read_results if Path(options.table).is_dir() else sweeping.read_table
    table = read(options.table)
    if len(table) and not (table["matrix"] == sweeping.MODEL).any():
        raise ValueError(
            f"table is {options.table!r}, in which no scheme has all its matrices yet, "
            "allowed: what a sweep left that was not stopped; the same halfulp sweep goes on"
        )
    tasks = None if options.tasks is None else _tasks(options.tasks)
    report.write(table, options.output, tasks=tasks, title=options.title)
    if options.json:
        size = Path(options.output).stat().st_size
        print_json(
            {"report": options.output, "schemes": int(table["scheme"].nunique()), "rows": len(table), "bytes": size}
        )
    else:
        print(f"wrote {options.output}", file=sys.stderr)


def _tasks(path: str) -> pandas.DataFrame:
    from halfulp.sweeping.table import read_parquet

    if not Path(path).is_file():
        raise ValueError(f"tasks is {path!r}, which is not a file")
    table = read_parquet(path)
    missing = {"scheme", "task", "metric", "value"} - set(table.columns)
    if missing:
        raise ValueError(f"{path} has no column {', '.join(sorted(missing))}: it is not a table of end tasks")
    return table


COMMAND = Command(
    name="report",
    text=TEXT,
    examples=(
        "halfulp report sweep.parquet -o sweep.html",
        "halfulp report results -o sweep.html --title 'Every 4-bit split'",
    ),
    arguments=_arguments,
    run=_run,
    json={
        "the page": {
            "report": "the file",
            "schemes": "how many schemes are in it",
            "rows": "rows of the table",
            "bytes": "size of the file",
        }
    },
)
