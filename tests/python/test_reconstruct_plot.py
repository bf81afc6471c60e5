"""The picture of errors against ranks: what it draws is what it was given."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("matplotlib")
from halfulp.plots.reconstruction import error_against_rank


def test_lines_are_the_errors() -> None:
    errors = {"exact": [4.0, 2.0, 0.0], "plain": [5.0, 3.0, 1.0]}
    figure = error_against_rank(errors, [0, 4, 8], bound=[4.0, 2.0, 0.0], label="output $ error")
    (axes,) = figure.axes
    bound, exact, plain = axes.get_lines()
    assert [line.get_label() for line in (bound, exact, plain)] == ["bound", "exact", "plain"]
    assert list(plain.get_ydata()) == [5, 3, 1]
    assert list(plain.get_xdata()) == [0, 4, 8]
    assert list(exact.get_ydata()[:2]) == [4, 2]
    assert np.isnan(exact.get_ydata()[2])  # zero has no place on a logarithmic axis
    assert axes.get_yscale() == "log"
    assert axes.get_ylabel() == r"output \$ error"
    assert len(figure.legends[0].get_texts()) == 3
    assert error_against_rank({"all": [0.0]}, [1]).axes[0].get_yscale() == "linear"


@pytest.mark.parametrize(
    ("errors", "ranks", "bound", "message"),
    [
        ({}, [1], None, "errors is empty"),
        ({"a": [1.0]}, [1, 2], None, r"errors\['a'\] has 1 numbers, allowed: 2"),
        ({"a": [1.0, 2.0]}, [2, 1], None, "ascending"),
        ({"a": [1.0, np.nan]}, [1, 2], None, "holds nan"),
        ({"a": [1.0, -1.0]}, [1, 2], None, r"holds -1\.0"),
        ({"a": [1.0, 1.0]}, [1, 2], [1.0], "bound has 1 numbers"),
    ],
)
def test_bad_input(errors: dict[str, list[float]], ranks: list[int], bound: list[float] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        error_against_rank(errors, ranks, bound=bound)
