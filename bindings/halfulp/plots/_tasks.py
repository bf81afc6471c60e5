"""End-task results as columns beside a sweep's schemes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from halfulp.plots._columns import Scale

if TYPE_CHECKING:
    import pandas

TASK_COLUMNS = ("scheme", "task", "metric", "value", "low", "high")
# A task whose schemes are those of something other than the weights: none of a sweep's rows is theirs.
STORED = "stored_embedding"
# What a task is mostly about; its other metrics say more of the same.
_MAIN = ("ndcg@10", "ndcg@10_loss", "cosine", "perplexity")
# Columns of the sweep already.
_KNOWN = ("bits_per_element", "compression")
# Words in the names of end-task metrics of which less is better; of all others more is.
_LESS_IS_BETTER = ("perplexity", "loss", "error", "divergence", "distance", "entropy", "bits")


class TaskColumn(NamedTuple):
    """One metric of one end task, by row of the schemes: values and 95 % intervals, NaN where there are none.
    reference: the value without quantization, NaN where it is not known. main: whether the task is mostly about it.
    note: on what it was measured."""

    task: str
    metric: str
    better: int
    reference: float
    main: bool
    note: str
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray

    @property
    def name(self) -> str:
        return f"{self.task}: {self.metric}"

    @property
    def label(self) -> str:
        return f"{self.name}  ({'more' if self.better > 0 else 'less'} is better)"

    @property
    def scale(self) -> Scale:
        """Perplexity is the exponential of what language models minimize."""
        return "log" if self.metric == "perplexity" else "linear"


def check_tasks(tasks: Any) -> None:
    """Raises TypeError or ValueError for what are not end-task results."""
    columns = getattr(tasks, "columns", None)
    if columns is None:
        raise TypeError(f"tasks is a {type(tasks).__name__}, allowed: a DataFrame of end-task results, or None")
    missing = [name for name in TASK_COLUMNS if name not in columns]
    if missing:
        raise ValueError(f"tasks has no column {', '.join(missing)}, allowed: a DataFrame of end-task results")


def better_side(metric: str) -> int:
    """−1 where less of an end task's metric is better, as of perplexity, else 1."""
    return -1 if any(word in metric.lower() for word in _LESS_IS_BETTER) else 1


def main_metric(task: str, metrics: list[str]) -> str:
    """The metric of a task that tells most; its first where no name is known."""
    return next((name for name in _MAIN if name in metrics), metrics[0])


def task_columns(models: pandas.DataFrame, tasks: pandas.DataFrame) -> list[TaskColumn]:
    """End-task results as columns beside the schemes' rows, named "task: metric".

    A result belongs to the row of its scheme and its rounding, which stands in a column `rounding` or in the table's
    attrs; where it does not, to the scheme's first row. A scheme in parentheses is the model without quantization.
    Results of schemes that the table has not are left out, and those of stored embeddings, whose schemes are not the
    weights'.
    """
    check_tasks(tasks)
    rounding = tasks.attrs.get("halfulp", {}).get("rounding", {}).get("rounding")
    roundings = tasks["rounding"] if "rounding" in tasks.columns else [rounding] * len(tasks)
    place: dict[Any, int] = {}
    for row, (scheme, mode) in enumerate(zip(models["scheme"], models["rounding"], strict=True)):
        place[scheme, mode] = row
        place.setdefault((scheme, None), row)
    columns = []
    told = tasks.assign(_rounding=list(roundings))[(tasks["task"] != STORED) & ~tasks["metric"].isin(_KNOWN)]
    for task, of_task in told.groupby("task", sort=False):
        main = main_metric(str(task), list(dict.fromkeys(of_task["metric"])))
        for metric, results in of_task.groupby("metric", sort=False):
            column = _column(str(task), str(metric), results, place, len(models), main)
            if not np.isnan(column.values).all():
                columns.append(column)
    return columns


def _column(
    task: str, metric: str, results: pandas.DataFrame, place: dict[Any, int], rows: int, main: str
) -> TaskColumn:
    parts = [np.full(rows, math.nan) for _ in range(3)]
    reference = math.nan
    seen = set()
    for scheme, mode, *numbers in zip(
        results["scheme"],
        results["_rounding"],
        *(results[part].astype("float64") for part in ("value", "low", "high")),
        strict=True,
    ):
        if scheme.startswith("("):
            reference = numbers[0]
        elif (scheme, mode) in seen:
            raise ValueError(
                f"tasks has more than one value of {task}: {metric} for {scheme}, allowed: one for each rounding, "
                "which a column `rounding` names"
            )
        seen.add((scheme, mode))
        row = place.get((scheme, mode))
        if row is not None:
            for part, number in zip(parts, numbers, strict=True):
                part[row] = number
    note = str(results["note"].iloc[0]) if "note" in results.columns else ""
    return TaskColumn(task, metric, better_side(metric), reference, metric in (main, *_MAIN), note, *parts)
