"""Error by layer, by depth and against group length."""

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

import halfulp as hu
from halfulp import plots
from halfulp.plots._figure import short_names
from halfulp.sweeping import model_rows

RNG = np.random.default_rng(9)
NAMES = ["model.embed.weight", *(f"model.layers.{i}.{part}.weight" for i in range(3) for part in ("up", "down"))]
WEIGHTS = {name: RNG.standard_t(3 + i, size=(16, 64)) for i, name in enumerate(NAMES)}


@pytest.fixture(scope="module")
def table():
    return hu.sweep(WEIGHTS, "mxfp4 nvfp4 e2m2f/{16,32,64}:{e8m0fnu,bfloat16} e2m1f/16:bfloat16", progress=False)


def values_of(table, scheme: str, column: str = "relative_error") -> np.ndarray:
    rows = table[(table["scheme"] == scheme) & (table["matrix"] != "(model)")]
    return rows.set_index("matrix")[column].reindex(NAMES).to_numpy()


def dots(figure) -> dict:
    """By label, in the order of the rows: positions."""
    return {
        points.get_label(): points.get_offsets()
        for points in figure.axes[0].collections
        if points.get_label()[:1] not in ("_", "")
    }


def test_a_dot_for_each_matrix_and_scheme(table):
    # Catches: matrices sorted by pandas instead of the model; the model's row among them; schemes exchanged.
    figure = plots.error_by_layer(table)
    drawn = dots(figure)
    assert list(drawn) == ["mxfp4", "nvfp4"]
    for scheme, points in drawn.items():
        np.testing.assert_allclose(points[:, 0], 10 * np.log10(values_of(table, scheme)))
        np.testing.assert_array_equal(np.round(points[:, 1]), np.arange(7))
    axes = figure.axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["embed", *(f"layers.{i}.{part}" for i in range(3) for part in ("up", "down"))]
    top, bottom = axes.transData.transform([(0, 0), (0, 6)])[:, 1]
    assert top > bottom
    assert "the beginning model. and the ending .weight" in figure.get_supxlabel()
    whole = model_rows(table).set_index("scheme")["relative_error"]
    lines = sorted(line.get_xdata()[0] for line in axes.lines)
    np.testing.assert_allclose(lines, sorted(10 * np.log10(whole[["mxfp4", "nvfp4"]])))


def test_schemes_by_grammar_and_other_columns(table):
    drawn = dots(plots.error_by_layer(table, "e2m2f/{16,64}:bfloat16", value="max_error"))
    assert list(drawn) == ["e2m2f/16:bfloat16", "e2m2f/64:bfloat16"]
    np.testing.assert_allclose(drawn["e2m2f/16:bfloat16"][:, 0], values_of(table, "e2m2f/16:bfloat16", "max_error"))


def test_of_many_matrices_the_worst_in_the_models_order(table):
    # Catches: the best ones; the worst ones in order of their errors; silence about the others.
    figure = plots.error_by_layer(table, "mxfp4", most=3)
    worst = sorted(np.argsort(values_of(table, "mxfp4"))[-3:])
    np.testing.assert_allclose(dots(figure)["mxfp4"][:, 0], 10 * np.log10(values_of(table, "mxfp4")[worst]))
    assert "4 better matrices not drawn" in figure.get_supxlabel()


def test_hostile_names():
    # Catches: names read as mathematics, as line breaks, or drawn at any length.
    names = ["a$^{$", "b\n\x07b", "c" * 500, "_d", "<script>"]
    table = hu.sweep({name: RNG.normal(size=(4, 32)) for name in names}, "mxfp4", progress=False)
    figure = plots.error_by_layer(table)
    figure.canvas.draw()
    labels = [text.get_text() for text in figure.axes[0].get_yticklabels()]
    assert labels[:2] == ["a\\$^{\\$", "b\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"]
    assert len(labels[2]) == 44
    assert labels[3:] == ["_d", "<script>"]


def test_short_names():
    assert short_names(["a.b.w", "a.c.w"]) == (["b", "c"], "the beginning a. and the ending .w")
    assert short_names(["a.b.w"]) == (["a.b.w"], "")
    assert short_names(["a.w", "a.w.w"]) == (["w", "w.w"], "the beginning a.")
    assert short_names(["w", "a.w"]) == (["w", "a.w"], "")
    assert short_names(["abcdefgh", "x"], most=5) == (["ab…gh", "x"], "")


def test_depths_are_joined_by_what_their_matrices_have_together(table):
    # Catches: means of dB; the model's row as a depth; matrices without a depth at depth 0; a line through all schemes.
    figure = plots.error_by_depth(table, "mxfp4 nvfp4")
    axes = figure.axes[0]
    lines = {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}
    assert list(lines) == ["mxfp4", "nvfp4"]
    rows = table[table["depth"].notna()]
    for scheme, line in lines.items():
        mine = rows[rows["scheme"] == scheme].groupby("depth")[["squared_error", "squared_norm"]].sum()
        expected = 10 * np.log10((mine["squared_error"] / mine["squared_norm"]).astype(float))
        np.testing.assert_allclose(line.get_ydata(), expected)
        np.testing.assert_array_equal(np.round(line.get_xdata()), [0, 1, 2])
    assert [text.get_text() for text in axes.get_xticklabels()] == ["none", "0", "1", "2"]
    points = np.concatenate([points.get_offsets() for points in axes.collections])
    assert len(points) == 14
    assert (points[:, 0] < -1).sum() == 2


def test_depth_of_other_columns_is_their_median(table):
    line = plots.error_by_depth(table, "mxfp4", value="max_error").axes[0].lines[0]
    rows = table[(table["scheme"] == "mxfp4") & table["depth"].notna()]
    np.testing.assert_allclose(line.get_ydata(), rows.groupby("depth")["max_error"].median())


def test_groups_have_a_line_for_each_kind_of_scales(table):
    # Catches: kinds mixed in one line; lengths unsorted; a panel for an element with one length only.
    figure = plots.error_against_group(table)
    (panel,) = figure.axes
    assert panel.get_title(loc="left") == "e2m2f (5 bits)"
    rows = model_rows(table)
    for line, kind in zip(panel.lines, ("e8m0fnu", "bfloat16"), strict=True):
        mine = rows[(rows["element"] == "e2m2f") & (rows["scales"] == kind)].sort_values("block")
        assert list(line.get_xdata()) == [16, 32, 64]
        np.testing.assert_allclose(line.get_ydata(), 10 * np.log10(mine["relative_error"]))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["e8m0fnu", "bfloat16"]
    assert [text.get_text() for text in panel.get_xticklabels()] == ["16", "32", "64"]


@pytest.mark.parametrize("value", ["relative_error", "mse"])
def test_panels_span_the_same_range(value: str):
    # Catches: slopes that cannot be compared; values outside of their panel.
    table = hu.sweep(WEIGHTS, "e2m{1..3}f/{16,32,64}:bfloat16 e1m2f/{16,32,64}:bfloat16", progress=False)
    figure = plots.error_against_group(table, value=value)
    assert [panel.get_title(loc="left")[:5] for panel in figure.axes] == ["e2m1f", "e2m2f", "e2m3f"]
    chosen = plots.error_against_group(table, "e1m2f e2m1f", value=value)
    assert [panel.get_title(loc="left")[:5] for panel in chosen.axes] == ["e1m2f", "e2m1f"]
    spans = set()
    for panel in [*figure.axes, *plots.error_against_group(table, "e2m3f e2m2f e2m1f", value=value).axes]:
        low, high = panel.get_ylim()
        spans.add(round(np.log(high / low) if value == "mse" else high - low, 9))
        for line in panel.lines:
            assert ((line.get_ydata() > low) & (line.get_ydata() < high)).all()
    assert len(spans) == 1


def test_wrong_arguments(table):
    with pytest.raises(ValueError, match="schemes has 'mxfp8_e5m2', which the table has not, allowed: mxfp4"):
        plots.error_by_layer(table, "mxfp8_e5m2")
    with pytest.raises(ValueError, match="value is 'loss', allowed"):
        plots.error_by_depth(table, value="loss")
    with pytest.raises(ValueError, match="most is 0, allowed"):
        plots.error_by_layer(table, most=0)
    with pytest.raises(ValueError, match="no value of output_error that can be drawn"):
        plots.error_by_layer(table, value="output_error")
    with pytest.raises(ValueError, match="no matrix with a depth"):
        plots.error_by_depth(hu.sweep({"a": RNG.normal(size=(4, 32))}, "mxfp4", progress=False))
    with pytest.raises(ValueError, match="no element format with two group lengths"):
        plots.error_against_group(hu.sweep({"a": RNG.normal(size=(4, 32))}, "mxfp4", progress=False))
    with pytest.raises(ValueError, match="elements has 'e2m1fn', allowed for this table: e2m2f"):
        plots.error_against_group(table, "e2m1fn")
    many = hu.sweep({"a": RNG.normal(size=(4, 32))}, "e{1..4}m{0..3}f", progress=False)
    with pytest.raises(ValueError, match="schemes has 16 schemes, allowed: 1 to 12"):
        plots.error_by_layer(many, "e{1..4}m{0..3}f")
