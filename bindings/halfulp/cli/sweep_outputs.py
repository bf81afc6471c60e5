"""The files that a sweep leaves: checked before the work, written after it."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas


class Outputs:
    """Those that the options ask for. Raises, before anything is computed, for those that could not be written or
    drawn."""

    def __init__(self, options: argparse.Namespace) -> None:
        from halfulp import plots
        from halfulp.sweeping._extras import need
        from halfulp.sweeping._files import prepare

        _check_places(options)
        self._options = options
        if options.output:
            if not options.output.endswith(".parquet"):
                raise ValueError(f"output is {options.output!r}, allowed: a name that ends in .parquet")
            need("pyarrow", "sweep", "a Parquet file")
        if options.plot:
            plots.check_suffix(options.plot)
            need("matplotlib", "plots", "a plot")
        if options.report:
            check_page("report", options.report)
        for path in (options.output, options.plot, options.report, options.findings):
            if path:
                prepare(path)

    def write(self, table: pandas.DataFrame, lines: list[str]) -> Iterable[str]:
        """Writes them and names each that is there."""
        from halfulp import plots, sweeping
        from halfulp.sweeping._files import replacing

        options = self._options
        if options.output:
            sweeping.write_table(table, options.output)
            yield options.output
        if options.plot:
            plots.save(plots.pareto(table), options.plot)
            yield options.plot
        if options.report:
            from halfulp import report

            report.write(table, options.report)
            yield options.report
        if options.findings:
            with replacing(options.findings) as file:
                file.write(("\n".join(lines) + "\n").encode())
            yield options.findings


def check_page(argument: str, path: str) -> None:
    """Raises ValueError for a name that is not an HTML page's."""
    if not path.endswith((".html", ".htm")):
        raise ValueError(f"{argument} is {path!r}, allowed: a name that ends in .html")


def _check_places(options: argparse.Namespace) -> None:
    """No two files at one place, and none at the place of an input."""
    if not options.weights:
        raise ValueError("weights is '', allowed: a file, a folder, or a packaged model's name")
    taken: dict[Path, str] = {}
    for place in (Path(options.weights), *(Path(options.weights).glob("*") if Path(options.weights).is_dir() else ())):
        taken[place.resolve()] = "the weights"
    if options.activations:
        taken[Path(options.activations).resolve()] = "the activations"
    for argument in ("results", "output", "plot", "report", "findings"):
        path = getattr(options, argument)
        if path is None:
            continue
        if not path:
            raise ValueError(f"{argument} is '', allowed: a name")
        place = Path(path).resolve()
        if place in taken:
            raise ValueError(f"{argument} is {path!r}, which is {taken[place]} too, allowed: a place of its own")
        taken[place] = argument
