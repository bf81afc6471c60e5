"""What is left of an error, against the rank of its correction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from halfulp.plots._figure import GREY, frame, literal, new_figure, set_title, style

_WIDTH, _HEIGHT = 7.2, 4.4


def error_against_rank(
    errors: Mapping[str, Sequence[float]],
    ranks: Sequence[int],
    *,
    bound: Sequence[float] | None = None,
    label: str = "squared error of the output",
    title: str = "What a low-rank correction leaves",
) -> Any:
    """One line for each method, and below them what no correction of the rank can better, as a matplotlib Figure.

    errors: for each method its errors, one for each of the ranks (of :func:`halfulp.reconstruct.qera_exact` and its
    like: ``output_error``). ranks: ascending. bound: the tail of the singular values at each rank (``optimum`` of
    qera_exact), drawn in grey; nothing may lie below it. The axis of errors is logarithmic; errors of zero are not
    drawn. Raises ValueError where lengths differ, ranks do not ascend, or an error is negative, NaN or infinite.
    """
    places = np.asarray(ranks, dtype=np.float64)
    if places.ndim != 1 or places.size == 0 or (np.diff(places) <= 0).any():
        raise ValueError(f"ranks is {list(ranks)}, allowed: one or more, ascending")
    if not errors:
        raise ValueError("errors is empty, allowed: at least one method")
    lines = {name: _checked(f"errors[{name!r}]", values, places.size) for name, values in errors.items()}
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_subplot()
    if bound is not None:
        axes.plot(places, _checked("bound", bound, places.size), color=GREY, linewidth=5, alpha=0.45, label="bound")
    for place, (name, values) in enumerate(lines.items()):
        colour, marker = style(place)
        axes.plot(places, values, color=colour, marker=marker, markersize=4.5, linewidth=1.3, label=literal(name))
    if any((line.get_ydata() > 0).any() for line in axes.get_lines()):
        axes.set_yscale("log")
    axes.set_xlabel("rank", fontsize=9)
    axes.set_ylabel(literal(label), fontsize=9)
    frame(axes)
    figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
    set_title(axes, title)
    return figure


def _checked(name: str, values: Sequence[float], count: int) -> np.ndarray:
    numbers = np.asarray(values, dtype=np.float64)
    if numbers.shape != (count,):
        raise ValueError(f"{name} has {numbers.size} numbers, allowed: {count}, one for each rank")
    if not (np.isfinite(numbers) & (numbers >= 0)).all():
        raise ValueError(f"{name} holds {numbers[~(np.isfinite(numbers) & (numbers >= 0))][0]}, allowed: 0 or more")
    return np.where(numbers > 0, numbers, np.nan)
