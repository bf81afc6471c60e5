"""The picture of two columns with the front, and figures as files."""

import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("matplotlib")

import halfulp as hu
import pandas as pd
from halfulp import plots
from halfulp.plots._figure import new_figure
from halfulp.plots._names import Lettering, Placer
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


def lines(figure) -> list:
    return [line for line in figure.axes[0].lines if line.get_label() != "_lead"]


def drawn(figure) -> list:
    points = (points.get_offsets() for points in figure.axes[0].collections if points.get_label()[0] != "_")
    return sorted(map(tuple, np.concatenate(list(points)).tolist()))


def task_results(schemes, task="embedding", metric="ndcg@10", values=None) -> pd.DataFrame:
    values = np.linspace(0.5, 0.9, len(schemes)) if values is None else values
    schemes, values = ["(reference)", *schemes], [0.85, *values]
    rows = [(s, task, metric, v, v - 0.03, v + 0.02, 100, 0, "") for s, v in zip(schemes, values, strict=True)]
    return pd.DataFrame(rows, columns=["scheme", "task", "metric", "value", "low", "high", "samples", "seed", "note"])


def test_every_scheme_is_a_point_at_its_bits_and_error(table, figure):
    # Catches: rows of single matrices drawn too; a kind of scales dropped; the sign of the error.
    rows = model_rows(table)
    expected = np.column_stack([rows["bits_per_element"], 10 * np.log10(rows["relative_error"])])
    assert drawn(figure) == sorted(map(tuple, expected.tolist()))
    axes = figure.axes[0]
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
    front = rows.iloc[pareto_front(rows["bits_per_element"], rows["relative_error"])]
    steps, bound = lines(figure)
    assert steps.get_drawstyle() == "steps-post"
    np.testing.assert_array_equal(steps.get_xdata(), front["bits_per_element"])
    np.testing.assert_array_equal(steps.get_ydata(), 10 * np.log10(front["relative_error"]))
    (x0, x1), (y0, y1) = bound.get_data()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(-6.0206, abs=1e-4)
    assert y0 / x0 == pytest.approx(-6.0206, abs=1e-4)


@pytest.mark.parametrize(
    ("x", "y", "signs"),
    [
        ("bits_per_element", "sqnr_db", (1, -1)),
        ("relative_error", "cosine", (1, -1)),
        ("cosine", "bits_per_element", (-1, 1)),
        ("bytes", "max_error", (1, 1)),
    ],
)
def test_the_front_over_any_two_columns_is_on_their_better_side(table, x: str, y: str, signs: tuple[int, int]):
    # Catches: fronts that take less to be better in every column; a bound where it means nothing.
    rows = model_rows(table)
    front = pareto_front(signs[0] * rows[x], signs[1] * rows[y])
    figure = plots.pareto(table, x, y)
    steps = lines(figure)[0]
    scale = {"relative_error": lambda v: 10 * np.log10(v)}
    np.testing.assert_allclose(steps.get_xdata(), scale.get(x, np.asarray)(rows[x].to_numpy()[front]), rtol=1e-12)
    np.testing.assert_allclose(steps.get_ydata(), scale.get(y, np.asarray)(rows[y].to_numpy()[front]), rtol=1e-12)
    assert len(lines(figure)) == (2 if y == "sqnr_db" else 1)
    assert figure.axes[0].get_xscale() == ("log" if x == "bytes" else "linear")


def test_the_bound_rises_with_the_sqnr(table):
    # Catches: one slope for both signs.
    (x0, x1), (y0, y1) = lines(plots.pareto(table, y="sqnr_db"))[1].get_data()
    assert (y1 - y0) / (x1 - x0) == pytest.approx(6.0206, abs=1e-4)


@pytest.mark.parametrize(
    ("x", "y"),
    [
        ("bits_per_element", "relative_error"),
        ("bits_per_element", "sqnr_db"),
        ("bits_per_element", "cosine"),
        ("bits_per_element", "ndcg@10"),
        ("relative_error", "cosine"),
    ],
)
def test_names_cover_neither_each_other_nor_a_point_nor_the_legend_nor_the_bound(table, x: str, y: str):
    # Catches: names placed in a layout that is not the final one, or measured without their size; a legend over points.
    rows = model_rows(table)
    figure = plots.pareto(table, x, y, tasks=task_results(rows["scheme"]))
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    axes = figure.axes[0]
    boxes = [text.get_window_extent(renderer) for text in names(figure)]
    assert len(boxes) > 4
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    legend = axes.get_legend().get_window_extent(renderer)
    points = axes.transData.transform(drawn(figure))
    assert not any(legend.contains(x, y) for x, y in points)
    bound = np.empty((0, 2))
    if y in ("relative_error", "sqnr_db"):
        bound = np.linspace(*axes.transData.transform(np.column_stack(lines(figure)[1].get_data())), 500)
    for line in lines(figure)[2 if len(bound) else 1 :]:  # without quantization
        ends = np.column_stack([axes.get_xlim(), line.get_ydata()])
        bound = np.concatenate([bound, np.linspace(*axes.transData.transform(ends), 500)])
    for box in boxes:
        assert not box.overlaps(legend)
        assert not any(box.contains(x, y) for x, y in [*points, *bound])


def test_names_keep_off_the_bound():
    # Catches: names of schemes that come close to it written over it.
    close = hu.sweep({"x": RNG.normal(size=(4, 64))}, "e{1..3}m{0..3}f/{16,32}:bfloat16", progress=False)
    close["relative_error"] = 1.5 * 4.0 ** -close["bits_per_element"]
    figure = plots.pareto(close)
    figure.canvas.draw()
    bound = figure.axes[0].transData.transform(np.column_stack(lines(figure)[1].get_data()))
    for text in names(figure):
        box = text.get_window_extent(figure.canvas.get_renderer())
        assert not any(box.contains(x, y) for x, y in np.linspace(*bound, 500))


def test_names_keep_off_lines():
    # Catches: lines that are not avoided, or only their ends.
    figure = new_figure(6, 4)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], label="points")
    axes.legend()
    figure.canvas.draw()
    figure.set_layout_engine("none")
    placer = Placer(figure, axes, np.array([[0.5, 0.5]]))
    wall = np.array([[0.52, 0.0], [0.52, 1.0]])
    placer.avoid_line(wall)
    placer.place(0, "name", Lettering(9, "bold", (6, 12), ((1, 0), (0, 1), (-1, 0))), "black")
    (text,) = axes.texts
    right = text.get_window_extent(figure.canvas.get_renderer()).x1
    assert right < axes.transData.transform(wall)[0, 0]


def test_published_schemes_are_named(table, figure):
    # Catches: names of the front only.
    published = {str(s) for s in hu.schemes()} & set(table["scheme"])
    assert {"mxfp4", "mxfp6_e2m3", "mxfp6_e3m2", "nvfp4"} <= published
    assert {text.get_text() for text in names(figure) if text.get_fontweight() == "bold"} == published


def test_rings_have_names_and_lines_to_names_cross_no_point():
    # Catches: a ring around a point whose name found no place; a line to a name through other points of its column.
    x = {"x": np.random.default_rng(0).standard_t(3, size=(64, 256))}
    many = "e{2..3}m{1..3}f/{16,32}:{e8m0fnu,bfloat16} nf4_64 int4s/{32,64}:bfloat16"
    rounding = ["nearest_ties_to_even", "stochastic", "toward_zero", "to_odd", "toward_positive", "toward_negative",
                "nearest_ties_to_zero", "nearest_ties_to_away"]  # fmt: skip
    table = hu.sweep(x, many, rounding=rounding, rng=1, progress=False)
    crowded = plots.pareto(table)
    crowded.canvas.draw()
    axes = crowded.axes[0]
    rings = [c for c in axes.collections if len(c.get_sizes()) and c.get_sizes()[0] == 90]
    published = [text for text in names(crowded) if text.get_fontweight() == "bold"]
    assert sum(len(ring.get_offsets()) for ring in rings) == len(published) > 8
    assert len(published) < model_rows(table)["scheme"].isin({str(s) for s in hu.schemes()}).sum()  # some found none
    points = axes.transData.transform(drawn(crowded))
    leads = [line for line in axes.get_lines() if line.get_label() == "_lead"]
    assert leads
    pixel = crowded.dpi / 72
    for lead in leads:
        start, end = axes.transData.transform(np.column_stack(lead.get_data()))
        beside = np.abs(points - start).max(axis=1) > 12 * pixel
        for place in np.linspace(start, end, 200):
            assert (np.abs(points[beside] - place).max(axis=1) > 3 * pixel).all()


def test_options_and_roundings_are_told_in_names():
    # Catches: a scheme and its rotated or stochastic twin under one name.
    x = {"x": np.random.default_rng(0).standard_t(3, size=(64, 256))}
    table = hu.sweep(x, "e2m1f/32:bfloat16 e2m3f/64:bfloat16@hadamard=64", progress=False)
    assert {text.get_text() for text in names(plots.pareto(table))} == {"e2m1fn/32", "e2m3fn/64@hadamard=64"}
    both = hu.sweep(x, "mxfp4", rounding=["nearest_ties_to_even", "stochastic"], rng=1, progress=False)
    assert {text.get_text() for text in names(plots.pareto(both))} == {"mxfp4", "mxfp4 stochastic"}


def test_end_task_values_with_their_intervals_against_bits(table):
    # Catches: values of one scheme at another; intervals that are not drawn, or drawn as reaches; less is better.
    some = ["mxfp4", "nvfp4", "mxfp6_e2m3"]
    figure = plots.pareto(table, y="ndcg@10", tasks=task_results(some, values=[0.7, 0.75, 0.9]))
    bits = model_rows(table).set_index("scheme")["bits_per_element"]
    assert drawn(figure) == sorted(zip(bits[some], [0.7, 0.75, 0.9], strict=True))
    intervals = {
        tuple(np.round(segment[:, 1], 6))
        for lines in figure.axes[0].collections
        if hasattr(lines, "get_segments")
        for segment in lines.get_segments()
    }
    assert {(0.67, 0.72), (0.72, 0.77), (0.87, 0.92)} <= intervals
    assert f"({len(bits) - 3} without a value" in figure.axes[0].get_xlabel()
    assert figure.axes[0].get_ylabel() == "embedding: ndcg@10  (more is better)"
    assert list(lines(figure)[0].get_ydata()) == [0.7, 0.75, 0.9]


def test_perplexity_is_better_small_and_logarithmic(table):
    tasks = task_results(["mxfp4", "nvfp4"], "language_model", "perplexity", [30.0, 20.0])
    axes = plots.pareto(table, y="language_model: perplexity", tasks=tasks).axes[0]
    assert "less is better" in axes.get_ylabel()
    assert axes.get_yscale() == "log"
    assert list(axes.lines[0].get_ydata()) == [30.0, 20.0]


def test_a_metric_of_two_tasks_needs_its_task(table):
    tasks = pd.concat([task_results(["mxfp4"]), task_results(["mxfp4"], "clusters")])
    with pytest.raises(ValueError, match="allowed: embedding: ndcg@10 or clusters: ndcg@10"):
        plots.pareto(table, y="ndcg@10", tasks=tasks)
    plots.pareto(table, y="clusters: ndcg@10", tasks=tasks)


def test_user_metrics_and_their_better_side():
    # Catches: unknown columns refused, or taken for better when more whatever the caller says.
    x = {"x": np.random.default_rng(0).normal(size=(32, 64))}
    table = hu.sweep(x, "mxfp4 mxfp6_e2m3", metrics={"kept": lambda w, v: float((w == v).mean())}, progress=False)
    low = plots.pareto(table, y="kept")
    assert low.axes[0].get_ylabel() == "kept  (less is better)"
    high = plots.pareto(table, y="kept", higher_is_better=["kept"])
    assert "more is better" in high.axes[0].get_ylabel()


@pytest.mark.parametrize("argument", ["x", "y"])
def test_wrong_columns_and_tables(table, argument: str):
    with pytest.raises(ValueError, match=rf"{argument} is 'nonsense', allowed: .*bits_per_element.*cosine"):
        plots.pareto(table, **{argument: "nonsense"})
    with pytest.raises(ValueError, match=rf"{argument} is 'scheme', allowed: "):
        plots.pareto(table, **{argument: "scheme"})
    with pytest.raises(ValueError, match=rf"{argument} is 'recall', allowed: .* embedding: ndcg@10"):
        plots.pareto(table, tasks=task_results(["mxfp4"]), **{argument: "recall"})
    with pytest.raises(TypeError, match="table is a list"):
        plots.pareto([1])
    with pytest.raises(ValueError, match="no column scheme, matrix"):
        plots.pareto(pd.DataFrame({"a": [1]}))
    with pytest.raises(ValueError, match="no row \\(model\\)"):
        plots.pareto(table[table["matrix"] == "a"])
    with pytest.raises(TypeError, match="tasks is a dict"):
        plots.pareto(table, tasks={})
    with pytest.raises(ValueError, match="tasks has no column low, high"):
        plots.pareto(table, tasks=task_results(["mxfp4"]).drop(columns=["low", "high"]))
    with pytest.raises(ValueError, match="more than one value of embedding: ndcg@10 for mxfp4"):
        plots.pareto(table, tasks=pd.concat([task_results(["mxfp4"])] * 2))


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
    # Catches: a zero range of bits; more kinds than colours, two of them drawn alike.
    x = {"x": RNG.normal(size=(4, 64))}
    plots.pareto(hu.sweep(x, "mxfp4", progress=False))
    plots.pareto(hu.sweep(x, "mxfp4", progress=False), "bytes", "mse")
    kinds = "bfloat16,binary16,e5m2,e4m3,e5m3fnu,e4m3fnu,e8m0fnu,binary32"
    axes = plots.pareto(hu.sweep(x, f"e2m1f/32:{{{kinds}}}", progress=False)).axes[0]
    looks = {
        (tuple(points.get_facecolor()[0]), points.get_paths()[0].vertices.tobytes())
        for points in axes.collections
        if points.get_label()[0] != "_"
    }
    assert len(looks) == 8


def test_a_title_is_no_mathematics(table):
    # Catches: dollar signs in a file's name read as formulas, which may not even parse.
    figure = plots.pareto(table, title="a$\\frac{$b")
    figure.canvas.draw()
    assert figure.axes[0].get_title(loc="left") == "a\\$\\frac{\\$b"


def test_no_global_state():
    # Catches: pyplot, whose figures pile up and which may want a display.
    if "matplotlib.pyplot" in sys.modules:
        pytest.skip("something else has imported pyplot")
    plots.pareto(hu.sweep({"x": RNG.normal(size=(4, 64))}, "mxfp4 nvfp4", progress=False))
    assert "matplotlib.pyplot" not in sys.modules
