"""The picture of bits against error."""

import itertools
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

import halfulp as hu
from halfulp import plots
from halfulp.sweeping import model_rows, pareto_front

RNG = np.random.default_rng(4)
SCHEMES = (
    "e{1..3}m{0..3}f/{16,32,64}:{e8m0fnu,bfloat16} e{1..2}m{1..3}f/16:e4m3fn/tensor:binary32 "
    "e4m3fn e5m2/tensor:binary32"
)


@pytest.fixture(scope="module")
def table():
    return hu.sweep({"a": RNG.normal(size=(16, 128)), "b": RNG.standard_t(4, size=(16, 128))}, SCHEMES, progress=False)


@pytest.fixture(scope="module")
def figure(table):
    return plots.pareto(table)


def names(figure) -> list:
    return [text for text in figure.axes[0].texts if "Gaussian" not in text.get_text()]


def test_every_scheme_is_a_point_at_its_bits_and_error(table, figure):
    # Catches: rows of single matrices drawn too; a kind of scales dropped; the sign of the error.
    axes = figure.axes[0]
    drawn = np.concatenate([points.get_offsets() for points in axes.collections if points.get_label()[0] != "_"])
    rows = model_rows(table)
    expected = np.column_stack([rows["bits_per_element"], -rows["sqnr_db"]])
    assert sorted(map(tuple, drawn.tolist())) == sorted(map(tuple, expected.tolist()))
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [
        "e8m0fnu per block",
        "bfloat16 per block",
        "e4m3fn per block, binary32 per tensor",
        "none, or one per tensor",
        "Pareto front (element/block)",
    ]
    assert axes.get_title(loc="left") == f"arrays: 2 weight matrices under {len(rows)} schemes"


def test_the_front_and_the_bound(table, figure):
    # Catches: a front through other points; steps on the wrong side; a bound with another slope.
    rows = model_rows(table)
    front = rows.iloc[pareto_front(rows["bits_per_element"], -rows["sqnr_db"])]
    steps, bound = figure.axes[0].lines
    assert steps.get_drawstyle() == "steps-post"
    np.testing.assert_array_equal(steps.get_xdata(), front["bits_per_element"])
    np.testing.assert_array_equal(steps.get_ydata(), -front["sqnr_db"])
    (x0, x1), (y0, y1) = bound.get_data()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(-6.0206, abs=1e-4)
    assert y0 / x0 == pytest.approx(-6.0206, abs=1e-4)


def test_names_cover_neither_each_other_nor_a_point_nor_the_legend(table, figure):
    # Catches: names placed in a layout that is not the final one, or measured without their size.
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    boxes = {text.get_text() + str(text.xy): text.get_window_extent(renderer) for text in names(figure)}
    assert len(boxes) > 8
    for one, other in itertools.combinations(boxes.values(), 2):
        assert not one.overlaps(other)
    legend = figure.axes[0].get_legend().get_window_extent(renderer)
    rows = model_rows(table)
    points = figure.axes[0].transData.transform(np.column_stack([rows["bits_per_element"], -rows["sqnr_db"]]))
    for box in boxes.values():
        assert not box.overlaps(legend)
        assert not any(box.contains(x, y) for x, y in points)


def test_published_schemes_are_named(table, figure):
    # Catches: names of the front only.
    published = {str(s) for s in hu.schemes()} & set(table["scheme"])
    assert published == {"mxfp4", "mxfp6_e2m3", "mxfp6_e3m2", "nvfp4"}
    assert {text.get_text() for text in names(figure) if text.get_fontweight() == "bold"} == published


@pytest.mark.parametrize(("suffix", "first"), [(".png", b"\x89PNG"), (".pdf", b"%PDF"), (".svg", b"<?xml")])
def test_files_are_whole_and_of_their_kind(figure, tmp_path: Path, suffix: str, first: bytes):
    # Catches: a PNG under every name; a temporary file left behind.
    plots.save(figure, tmp_path / "sub" / f"picture{suffix}")
    assert (tmp_path / "sub" / f"picture{suffix}").read_bytes().startswith(first)
    assert len(list((tmp_path / "sub").iterdir())) == 1


def test_a_failed_picture_keeps_the_old_one(figure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: savefig into the target itself.
    (tmp_path / "p.png").write_bytes(b"old")

    def fail(file, **_):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="disk full"):
        plots.save(figure, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_wrong_suffix(figure, tmp_path: Path):
    # Catches: matplotlib's list of thirty formats as an error, after the sweep.
    with pytest.raises(ValueError, match=r"allowed: a name that ends in \.png, \.pdf, \.svg"):
        plots.save(figure, tmp_path / "p.jpeg2000")


def test_schemes_without_error_are_counted_and_not_drawn():
    # Catches: infinities on the axis.
    exact = hu.sweep({"x": np.array([[0.3, 1.0]])}, "binary64 e4m3fn", progress=False)
    axes = plots.pareto(exact, title="mine").axes[0]
    assert "(1 without error" in axes.get_xlabel()
    assert axes.get_title(loc="left") == "mine"
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.pareto(hu.sweep({"x": np.ones((2, 2))}, "e4m3fn", progress=False))


def test_a_single_scheme_and_many_kinds_of_scales():
    # Catches: a zero range of bits; more kinds than colours.
    x = {"x": RNG.normal(size=(4, 64))}
    plots.pareto(hu.sweep(x, "mxfp4", progress=False))
    plots.pareto(hu.sweep(x, "e2m1f/32:{bfloat16,binary16,e5m2,e4m3,e5m3fnu,e4m3fnu,e8m0fnu,binary32}", progress=False))


def test_no_global_state():
    # Catches: pyplot, whose figures pile up and which may want a display.
    import sys

    if "matplotlib.pyplot" in sys.modules:
        pytest.skip("something else has imported pyplot")
    plots.pareto(hu.sweep({"x": RNG.normal(size=(4, 64))}, "mxfp4 nvfp4", progress=False))
    assert "matplotlib.pyplot" not in sys.modules
