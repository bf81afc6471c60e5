"""The heat map of exponent × mantissa splits."""

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

import halfulp as hu
from halfulp import plots
from halfulp.sweeping import model_rows

X = {"x": np.random.default_rng(2).standard_t(5, size=(32, 128))}


@pytest.fixture(scope="module")
def table():
    schemes = "e{1..4}m{0..3}f/{32,64}:e8m0fnu e4m3fn/32:e8m0fnu e2m{1..2}f/32:bfloat16 e2m1f/32:e8m0fnu@hadamard=32"
    return hu.sweep(X, schemes, progress=False)


def cells(figure) -> dict:
    """By row and column: the number, and the format's name."""
    found: dict = {}
    for text in figure.axes[0].texts:
        x, y = text.get_position()
        if text.get_ha() == "center":
            found.setdefault((round(y), round(x)), []).append(text.get_text())
    return found


def outlined(figure) -> set:
    return {
        (round(patch.get_y() + 0.455), round(patch.get_x() + 0.455))
        for patch in figure.axes[0].patches
        if patch.get_linewidth() < 3
    }


def test_every_split_is_in_its_place(table):
    # Catches: E and M exchanged; another group length or kind of scales; the rotated scheme in place of the plain one.
    rows = model_rows(table)
    figure = plots.split_heatmap(table)
    shown = cells(figure)
    assert len(shown) == 16
    for (row, column), (number, name) in shown.items():
        f = hu.format(name)
        assert (f.exponent_bits, f.mantissa_bits) == (row + 1, column)
        mine = rows[(rows["element"] == name) & (rows["block"] == 32) & (rows["scales"] == "e8m0fnu")]
        plain = mine[mine["hadamard"] == 0]
        assert float(number) == pytest.approx(plain["sqnr_db"].iloc[0], abs=0.05)
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "2", "3", "4"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "1", "2", "3"]
    assert axes.get_ylabel().startswith("exponent")


@pytest.mark.parametrize(("value", "better"), [("sqnr_db", 1), ("relative_error", -1), ("mse", -1)])
def test_the_best_of_each_width_is_outlined(table, value: str, better: int):
    # Catches: the largest outlined where less is better; one outline for all widths; a width with one split outlined.
    rows = model_rows(table)
    mine = rows[(rows["block"] == 32) & (rows["scales"] == "e8m0fnu") & (rows["hadamard"] == 0)]
    best = {}
    for _, row in mine.iterrows():
        f = hu.format(row["element"])
        place = (f.exponent_bits - 1, f.mantissa_bits)
        if 0 < sum(place) < 6 and better * row[value] > best.get(sum(place), (-np.inf,))[0]:
            best[sum(place)] = (better * row[value], place)
    assert outlined(plots.split_heatmap(table, value)) == {place for _, place in best.values()}


def test_widths_stand_at_the_upper_right_end_of_their_diagonals(table):
    labels = {
        text.get_text(): tuple(text.xy) for text in plots.split_heatmap(table).axes[0].texts if hasattr(text, "xy")
    }
    assert labels == {
        **{f"{m + 2} bits": (m + 0.5, -0.5) for m in range(4)},
        **{f"{e + 4} bits": (3.5, e - 1.5) for e in range(2, 5)},
    }


def test_of_formats_with_the_same_split_the_better_one(table):
    # Catches: the last one, or both in one cell.
    rows = model_rows(table)
    both = rows[(rows["block"] == 32) & rows["element"].isin(["e4m3f", "e4m3fn"])].set_index("element")["sqnr_db"]
    assert len(both) == 2
    assert cells(plots.split_heatmap(table))[3, 3][1] == both.idxmax()


def test_options_groups_and_scales_choose_the_schemes(table):
    assert len(cells(plots.split_heatmap(table, options="hadamard=32"))) == 1
    assert len(cells(plots.split_heatmap(table, scales="bfloat16"))) == 2
    alone = hu.sweep(X, "e{2..3}m{1..2}f", progress=False)
    assert len(cells(plots.split_heatmap(alone, group=None, scales=""))) == 4


def test_one_rounding_at_a_time():
    # Catches: nearest and stochastic in one cell.
    both = hu.sweep(X, "mxfp4 mxfp6_e2m3", rounding=["nearest_ties_to_even", "stochastic"], rng=1, progress=False)
    rows = model_rows(both).set_index(["scheme", "rounding"])["sqnr_db"]
    for rounding in ("nearest_ties_to_even", "stochastic"):
        shown = cells(plots.split_heatmap(both, rounding=rounding))
        assert float(shown[0, 0][0]) == pytest.approx(rows["mxfp4", rounding], abs=0.05)
    assert cells(plots.split_heatmap(both)) == cells(plots.split_heatmap(both, rounding="nearest_ties_to_even"))


def test_wrong_arguments(table):
    with pytest.raises(ValueError, match=r"group is 48 .* allowed for this table: group=32, scales='e8m0fnu'"):
        plots.split_heatmap(table, group=48)
    with pytest.raises(ValueError, match="scales is 'e5m3fnu', allowed"):
        plots.split_heatmap(table, scales="e5m3fnu")
    with pytest.raises(ValueError, match="options is 'recipe=ceil', allowed for this table: '', 'hadamard=32'"):
        plots.split_heatmap(table, options="recipe=ceil")
    with pytest.raises(ValueError, match="rounding is 'up', allowed for this table: nearest_ties_to_even"):
        plots.split_heatmap(table, rounding="up")
    with pytest.raises(ValueError, match=r"value is 'worth', allowed: .*sqnr_db"):
        plots.split_heatmap(table, "worth")
    with pytest.raises(ValueError, match="no scheme of this kind with a value of output_error"):
        plots.split_heatmap(table, "output_error")
