"""Pictures of hu.sharpness: what is drawn is what was measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

sh = pytest.importorskip("halfulp.sharpness")
pytest.importorskip("matplotlib")

from halfulp.plots.sharpness import eigenvalue_density, loss_plane, loss_slice, traces_by_layer  # noqa: E402


@pytest.fixture(scope="module")
def density() -> Any:
    a = np.random.default_rng(0).standard_normal((60, 60))
    return sh.spectral_density(a + a.T, steps=15, probes=4)


def quadratic(w: np.ndarray) -> float:
    return float((w**2).sum()) + 1


def test_densities_are_drawn_with_their_errors(density: Any) -> None:
    figure = eigenvalue_density(density)
    axes = figure.axes[0]
    grid, middle, error = density.density()
    curve, marks = axes.get_lines()
    assert np.allclose(curve.get_xdata(), grid)
    assert np.allclose(curve.get_ydata(), middle)
    assert np.array_equal(np.sort(marks.get_xdata()), np.sort(np.concatenate(density.nodes)))
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.max() == pytest.approx((middle + 2 * error).max())
    assert axes.get_yscale() == "log"
    assert "4 probes of 15 steps" in axes.get_xlabel()
    assert eigenvalue_density(density, log=False, sigma=2.0).axes[0].get_yscale() == "linear"
    single = sh.spectral_density(np.diag(np.arange(5.0)), steps=3, probes=1)
    assert eigenvalue_density(single).axes  # without errors there is no band to speak of


def test_slices_are_drawn_for_each_format() -> None:
    w = np.array([1.0, -2, 0.3])
    slices = {name: sh.slice_1d(quadratic, w, format=name) for name in ("e4m3fn", "e2m1fn")}
    figure = loss_slice(slices, title="two formats")
    plain, point, *rounded = figure.axes[0].get_lines()
    assert np.array_equal(plain.get_ydata(), slices["e4m3fn"].loss)
    assert point.get_ydata()[0] == quadratic(w)
    for line, (name, one) in zip(rounded, slices.items(), strict=True):
        assert line.get_label() == name
        assert np.array_equal(line.get_ydata(), one.rounded_loss)
    ulp = loss_slice(sh.slice_1d(quadratic, w, format="e4m3fn", unit="ulp"))
    assert "units in the last place" in ulp.axes[0].get_xlabel()
    assert len(loss_slice(sh.slice_1d(quadratic, w)).axes[0].get_lines()) == 2
    with pytest.raises(ValueError, match=r"slices\['b'\] has other positions or units"):
        loss_slice({"a": slices["e4m3fn"], "b": sh.slice_1d(quadratic, w, positions=[0.0, 1])})
    with pytest.raises(ValueError, match="slices is empty"):
        loss_slice({})


def test_planes_have_the_same_levels_on_both_sides() -> None:
    w = np.array([1.0, -2, 0.3])
    plane = sh.slice_2d(quadratic, w, x=np.linspace(-1, 1, 5), y=np.linspace(-1, 1, 7), format="e2m1fn")
    figure = loss_plane(plane, levels=6)
    left, right = figure.axes[:2]
    assert [axes.get_title(loc="left") for axes in (left, right)] == ["not rounded", "rounded to e2m1fn"]
    levels = [axes.collections[0].levels for axes in (left, right)]
    assert np.array_equal(*levels)
    assert levels[0][0] <= min(plane.loss.min(), plane.rounded_loss.min())
    assert levels[0][-1] >= max(plane.loss.max(), plane.rounded_loss.max())
    assert len(loss_plane(sh.slice_2d(quadratic, w, x=[0.0, 1], y=[0.0, 1])).axes) == 2  # one panel and its bar
    assert loss_plane(sh.slice_2d(lambda v: 3.0, w, x=[0.0, 1], y=[0.0, 1]), log=True).axes  # flat
    with pytest.raises(ValueError, match=r"plane has \(1, 2\) points"):
        loss_plane(sh.slice_2d(quadratic, w, x=[0.0, 1], y=[0.0]))
    with pytest.raises(ValueError, match="allowed with log: above 0"):
        loss_plane(sh.slice_2d(lambda v: -1.0, w, x=[0.0, 1], y=[0.0, 1]), log=True)


def test_traces_are_drawn_with_their_intervals() -> None:
    rng = np.random.default_rng(1)
    blocks = {f"layer.{i}.weight": np.diag(10.0**-i + rng.random(8)) + 0.1 for i in range(3)}
    found = sh.layer_traces(blocks, probes=12)
    axes = traces_by_layer(found).axes[0]
    values = axes.get_lines()[0].get_xdata()
    assert np.allclose(values, [e.mean for e in found.values()])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["0", "1", "2"]
    assert axes.get_xscale() == "log"
    segments = axes.collections[0].get_segments()
    for segment, estimate in zip(segments, found.values(), strict=True):
        low, high = estimate.interval()
        assert np.allclose(segment[:, 0], [low / 8, high / 8])
    negative = traces_by_layer({"a": sh.trace(-np.eye(4))}, mean=False).axes[0]
    assert negative.get_xscale() == "linear"
    assert negative.get_lines()[0].get_xdata()[0] == -4
    with pytest.raises(ValueError, match="traces is empty"):
        traces_by_layer({})
