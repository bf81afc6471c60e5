"""A report, from the table to the file."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from halfulp.plots._rows import rows_of_schemes, title_of
from halfulp.plots._tasks import check_tasks, task_columns
from halfulp.report.embedded import default_pictures, embedded
from halfulp.report.markup import page
from halfulp.report.payload import payload
from halfulp.report.told import told
from halfulp.sweeping._files import prepare, replacing

if TYPE_CHECKING:
    import pandas

SUFFIXES = (".html", ".htm")


def write(
    table: pandas.DataFrame,
    path: str | os.PathLike[str],
    *,
    tasks: pandas.DataFrame | None = None,
    pictures: Mapping[str, Any] | bool = True,
    higher_is_better: Collection[str] = (),
    title: str | None = None,
) -> None:
    """A sweep as one HTML file, whole or not at all: it needs no network, no other file and no library.

    table: of :func:`halfulp.sweep`. tasks: end-task results, as a DataFrame with the columns scheme, task, metric,
    value, low and high (others are shown too). pictures: True for those that the table has data for, False for none,
    or a mapping from captions to matplotlib Figures. higher_is_better: columns besides the known ones of which more is
    better, for a user's own metrics. title: None for one made of the table.

    1000 schemes over 60 matrices make about 4 MB. Of metrics by matrix as many are kept as fit 3 MB, relative_error
    first; all metrics of the model's rows are.
    Raises ValueError or TypeError for what is not such a table, and OSError, before the work, where the file cannot be
    written.
    """
    check_suffix(path)
    prepare(path)
    models = rows_of_schemes(table)
    if tasks is not None:
        check_tasks(tasks)
    results = task_columns(models, tasks) if tasks is not None else []
    if not isinstance(pictures, (bool, Mapping)):
        raise TypeError(
            f"pictures is a {type(pictures).__name__}, allowed: True, False, or a mapping from captions to Figures"
        )
    figures = (default_pictures(table) if pictures else {}) if isinstance(pictures, bool) else pictures
    content = page(
        title=title or title_of(table),
        lines=told(table, models, results),
        data=payload(table, models, results, higher_is_better),
        tasks=tasks,
        pictures=[(str(caption), embedded(figure)) for caption, figure in figures.items()],
        about=table.attrs.get("halfulp", {}),
    )
    with replacing(path) as file:
        file.write(content.encode("utf-8", errors="xmlcharrefreplace"))


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Raises ValueError for a name that is not one of a page."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise ValueError(f"report is {os.fspath(path)!r}, allowed: a name that ends in {' or '.join(SUFFIXES)}")
