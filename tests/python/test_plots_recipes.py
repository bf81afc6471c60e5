"""The map of differences between recipes."""

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

import halfulp as hu
import pandas as pd
from halfulp import plots


def differences(*rows) -> pd.DataFrame:
    columns = (
        "scheme_a",
        "scheme_b",
        "scale_codes",
        "scale_codes_different",
        "element_codes",
        "element_codes_different",
    )
    return pd.DataFrame(rows, columns=columns)


def cells(panel) -> dict:
    return {tuple(map(round, text.get_position()[::-1])): text.get_text() for text in panel.texts}


def test_shares_stand_on_both_sides_of_the_diagonal():
    # Catches: elements for scales; counts for shares; only half of the matrix; a small share shown as none.
    figure = plots.recipe_difference_map(
        differences(
            ("mxfp4", "mxfp4@recipe=ceil", 1000, 370, 32000, 8000),
            ("mxfp4", "mxfp4@recipe=even", 1000, 0, 32000, 1),
            ("mxfp4@recipe=ceil", "mxfp4@recipe=even", 1000, 1000, 32000, 32000),
        )
    )
    scales, elements = figure.axes[:2]
    one = {(0, 1): "37.0", (0, 2): "0", (1, 2): "100"}
    other = {(0, 1): "25.0", (0, 2): "<.01", (1, 2): "100"}
    assert cells(scales) == one | {place[::-1]: text for place, text in one.items()}
    assert cells(elements) == other | {place[::-1]: text for place, text in other.items()}
    assert [text.get_text() for text in scales.get_yticklabels()] == ["ocp_floor (default)", "ceil", "even"]
    assert figure.get_suptitle() == "Codes in which recipes differ: mxfp4"


def test_schemes_of_different_kinds_keep_their_names():
    figure = plots.recipe_difference_map(differences(("mxfp4", "nvfp4", 0, 0, 64, 16)))
    assert cells(figure.axes[0]) == {}
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["mxfp4", "nvfp4"]


def test_it_draws_what_compare_recipes_returns():
    x = np.random.default_rng(1).normal(size=(32, 256)).astype(np.float32)
    found = hu.compare_recipes(x, "mxfp4 mxfp4@recipe={ceil,rceil}")
    panels = plots.recipe_difference_map(found).axes
    share = 100 * found["element_codes_different"] / found["element_codes"]
    assert float(cells(panels[1])[0, 1]) == pytest.approx(share[0], abs=0.05)


def test_wrong_tables():
    with pytest.raises(TypeError, match="differences is a list"):
        plots.recipe_difference_map([])
    with pytest.raises(ValueError, match="no column scheme_a"):
        plots.recipe_difference_map(pd.DataFrame({"scheme_b": []}))
    with pytest.raises(ValueError, match="differences is empty"):
        plots.recipe_difference_map(differences())
