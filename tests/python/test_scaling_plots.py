"""Pictures of scaling laws: what they draw is what the fit and its law say."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from halfulp import scaling

pytest.importorskip("matplotlib")
from halfulp.plots.scaling import iso_flop, iso_loss, loss_curves
from halfulp.plots.scaling_fit import bootstrap_cloud, effective_parameters, residuals

PARAMS = {"E": 1.8, "A": 480.0, "B": 2100.0, "alpha": 0.35, "beta": 0.37}
KUMAR = {"E": 2.76, "A": 4.3e3, "B": 1.8e4, "alpha": 0.5, "gamma_w": 2.67, "gamma_a": 2.2, "gamma_kv": 0.96}


def stand_in(law: str, params: dict, noise: float = 0.01, **columns: np.ndarray) -> SimpleNamespace:
    """A fit whose parameters are known, with noise of its own on the losses."""
    known = scaling.law(law)
    predicted = known.predict(params, **columns)
    observed = predicted * np.exp(noise * np.random.default_rng(0).standard_normal(predicted.size))
    return SimpleNamespace(
        law=known,
        params=params,
        columns=columns,
        observed=observed,
        predicted=predicted,
        residuals=np.log(observed / predicted),
        predict=lambda **points: known.predict(params, **points),
        estimator="huber",
        n=predicted.size,
        stderr={name: 0.1 * abs(value) for name, value in params.items()},
        bootstrap=None,
    )


@pytest.fixture
def plain() -> SimpleNamespace:
    n, d = (x.ravel() for x in np.meshgrid([1e8, 1e9, 1e10], [2e9, 2e10, 2e11]))
    return stand_in("chinchilla", PARAMS, N=n, D=d)


@pytest.fixture
def formats() -> SimpleNamespace:
    n = np.tile([3e7, 1e8, 3e8], 3)
    labels = np.repeat(["4", "fp4", "16"], 3)
    params = PARAMS | {"eff[4]": 0.7, "eff[fp4]": 0.6, "eff[16]": 1.0}
    return stand_in("quest", params, N=np.append(n, 1e8), D=np.append(100 * n, 2.5e9), format=np.append(labels, "4"))


def test_curves_are_the_law_s_and_points_the_runs(plain) -> None:
    # Catches: N and D exchanged on an axis; a curve at another value than it is coloured for.
    axes, bar = loss_curves(plain).axes
    assert axes.get_xscale() == axes.get_yscale() == "log"
    (points,) = axes.collections
    assert points.get_offsets().tolist() == np.c_[plain.columns["D"], plain.observed].tolist()
    assert len(axes.get_lines()) == 3
    for line, n in zip(axes.get_lines(), (1e8, 1e9, 1e10), strict=True):
        d, loss = line.get_data()
        assert loss == pytest.approx(plain.law.predict(PARAMS, N=np.full(d.shape, n), D=d), rel=1e-12)
    assert bar.get_ylabel() == "parameters"


def test_curves_along_parameters_and_compute(plain) -> None:
    # Catches: what is held not held: D/N along N, and along compute 6 N D.
    for along, compute in (("N", False), ("C", True)):
        axes = loss_curves(plain, along, held=[20, 200]).axes[0]
        assert len(axes.get_lines()) == 2
        for line, ratio in zip(axes.get_lines(), (20, 200), strict=True):
            x, loss = line.get_data()
            n = np.sqrt(x / 6 / ratio) if compute else x
            assert loss == pytest.approx(plain.law.predict(PARAMS, N=n, D=ratio * n), rel=1e-12)


def test_a_colour_for_each_format(formats) -> None:
    # Catches: runs of another ratio among the points; labels in another order than their curves.
    figure = loss_curves(formats)
    (axes,) = figure.axes
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["fp4", "4", "16"]  # from above
    lines = axes.get_lines()
    assert len(lines) == 6
    for curve, points in zip(lines[::2], lines[1::2], strict=True):
        assert len(points.get_xdata()) == 3  # the run at 25 tokens per parameter is not at 100
        assert curve.get_color() == points.get_color()
        x, loss = curve.get_data()
        n = np.sqrt(x / 600)
        label = np.full(n.shape, points.get_label())
        assert loss == pytest.approx(formats.law.predict(formats.params, N=n, D=100 * n, format=label), rel=1e-9)
    assert len(loss_curves(formats, only=["4"]).axes[0].get_lines()) == 2
    at_25 = loss_curves(formats, held=25).axes[0]
    assert at_25.get_lines()[1].get_xdata().tolist() == [6 * 1e8 * 2.5e9]


def test_curves_of_equal_loss_meet_the_line_of_the_best_at_their_lowest(plain) -> None:
    # Catches: C along D; a line of best models for another cost.
    axes = iso_loss(plain, [2.4, 2.8]).axes[0]
    *curves, best = axes.get_lines()
    assert len(curves) == 2
    for curve, level in zip(curves, (2.4, 2.8), strict=True):
        n, c = curve.get_data()
        there = np.isfinite(c)
        assert plain.law.predict(PARAMS, N=n[there], D=c[there] / 6 / n[there]) == pytest.approx(level, rel=1e-12)
        lowest = int(np.nanargmin(c))
        on_the_line = np.interp(np.log(c[lowest]), np.log(best.get_ydata()), np.log(best.get_xdata()))
        assert np.log(n[lowest]) == pytest.approx(on_the_line, abs=0.05)  # half a step of the grid of N
    assert iso_loss(plain).axes[0].get_lines()


def test_least_losses_are_where_the_curves_are_lowest(plain, formats) -> None:
    axes = iso_flop(plain, [1e20, 1e22]).axes[0]
    first, second, best = axes.get_lines()
    for curve, n, loss in zip((first, second), best.get_xdata(), best.get_ydata(), strict=True):
        assert loss == pytest.approx(curve.get_ydata().min(), rel=1e-12)
        assert n == pytest.approx(curve.get_xdata()[np.argmin(curve.get_ydata())], rel=1e-12)
    assert len(iso_flop(formats, format="4").axes[0].get_lines()) == 7


def test_effective_parameters_over_bits_and_by_format(formats) -> None:
    # Catches: parts exchanged; formats in the order of the table.
    figure = effective_parameters(KUMAR, [2.0, 4.0, 8.0])
    lines = figure.axes[0].get_lines()
    assert [line.get_label() for line in lines] == ["weights", "activations", "keys and values", "all three"]
    assert lines[0].get_ydata() == pytest.approx(1 - np.exp(-np.array([2, 4, 8]) / 2.67), rel=1e-14)
    product = np.prod([line.get_ydata() for line in lines[:3]], axis=0)
    assert lines[3].get_ydata() == pytest.approx(product, rel=1e-14)
    (axes,) = effective_parameters(formats).axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["fp4", "4", "16"]
    assert axes.get_lines()[0].get_xdata().tolist() == [0.6, 0.7, 1.0]
    (axes,) = effective_parameters(formats, {"4": 4, "16": 16}).axes
    assert axes.get_lines()[0].get_xydata().tolist() == [[4, 0.7], [16, 1.0]]


def test_residuals_and_those_far_out(plain) -> None:
    # Catches: residuals of the wrong sign; a ring around the wrong run.
    plain.residuals[4] = 0.5
    axes, beside = residuals(plain).axes
    assert axes.get_lines()[0].get_xydata().tolist() == np.c_[plain.predicted, plain.residuals].tolist()
    assert axes.get_lines()[-1].get_xydata().tolist() == [[plain.predicted[4], 0.5]]
    assert axes.get_lines()[-1].get_label() == "beyond 5 σ: 1"
    spread = 1.4826 * np.median(
        np.abs(plain.residuals)
    )  # a normal distribution's quartiles are 0.6745 σ from its middle
    assert [line.get_ydata()[0] for line in axes.get_lines()[2:4]] == pytest.approx(
        [-2 * spread, 2 * spread], rel=1e-14
    )
    assert sum(patch.get_width() for patch in beside.patches) == 9


def test_the_cloud_of_a_bootstrap(plain) -> None:
    # Catches: columns of another parameter; the fit's cross at a replicate.
    rng = np.random.default_rng(0)
    values = np.array(list(PARAMS.values())) * np.exp(rng.normal(size=(400, 5)) * [0.02, 0.5, 0.5, 0.05, 0.05])
    plain.bootstrap = SimpleNamespace(
        params=values, interval=lambda level: {n: (0.9 * v, 1.1 * v) for n, v in PARAMS.items()}
    )
    figure = bootstrap_cloud(plain, ["alpha", "A"])
    shown = [axes for axes in figure.axes if axes.get_visible()]
    assert len(shown) == 3
    points, cross = shown[1].get_lines()
    assert points.get_xydata().tolist() == values[:, [3, 1]].tolist()
    assert cross.get_xydata().tolist() == [[0.35, 480.0]]
    assert shown[1].get_yscale() == "log"
    assert shown[1].get_xscale() == "linear"
    assert len(bootstrap_cloud(plain).axes) == 25


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda p, f: loss_curves(PARAMS), TypeError, "fit is a dict, allowed: a Fit"),
        (lambda p, f: loss_curves(p, "x"), ValueError, "along is 'x', allowed: 'D', 'N', 'C' or None"),
        (lambda p, f: loss_curves(p, held=-1), ValueError, "held is -1"),
        (lambda p, f: loss_curves(p, only=["4"]), ValueError, "only is"),
        (lambda p, f: loss_curves(f, only=["5"]), ValueError, "only has '5', allowed: 16, 4, fp4"),
        (lambda p, f: loss_curves(f, held=[1, 2]), ValueError, "held is"),
        (lambda p, f: loss_curves(f, held=25, only=["16"]), ValueError, "of which no run has 25 tokens per parameter"),
        (lambda p, f: iso_loss(f), ValueError, "columns has no format"),
        (lambda p, f: iso_loss(f, format="5"), ValueError, "which no run has"),
        (lambda p, f: effective_parameters(p), ValueError, "law is chinchilla, allowed"),
        (lambda p, f: effective_parameters(f, {"5": 5}), ValueError, "bits has '5', allowed: 4, fp4, 16"),
        (lambda p, f: effective_parameters(f, [1, 2]), TypeError, "bits is a list"),
        (lambda p, f: effective_parameters(KUMAR, [1.0, -2.0]), ValueError, "bits is"),
        (lambda p, f: bootstrap_cloud(p), ValueError, "fit has no bootstrap"),
    ],
)
def test_bad_input(plain, formats, call, kind, message) -> None:
    with pytest.raises(kind, match=message):
        call(plain, formats)


def test_a_fit_draws_each_kind() -> None:
    # Catches: Fit.plot that passes words on wrongly; attributes that the pictures need and a Fit lacks.
    n, d = (x.ravel() for x in np.meshgrid(np.geomspace(1e8, 1e10, 5), np.geomspace(1e9, 1e11, 5)))
    noise = np.exp(0.003 * np.random.default_rng(1).standard_normal(n.size))
    loss = (PARAMS["E"] + PARAMS["A"] / n ** PARAMS["alpha"] + PARAMS["B"] / d ** PARAMS["beta"]) * noise
    fit = scaling.fit("chinchilla", {"N": n, "D": d, "loss": loss}, bootstrap=20, seed=1)
    for kind in ("loss", "iso_loss", "iso_flop", "residuals", "bootstrap"):
        assert fit.plot(kind).axes
    assert fit.plot("loss", along="N").axes[0].get_xlabel() == "parameters"
    with pytest.raises(ValueError, match="kind is 'pie', allowed: "):
        fit.plot("pie")


def test_names_of_formats_say_what_differs() -> None:
    # Catches: a legend of 20 entries that all say "B 128".
    n = np.tile([1e8, 1e9, 1e10], 2)
    params = {"n": 69.0, "alpha": 0.24, "d": 6.9e4, "beta": 0.52, "eps": 1.9, "gamma": 1.1e4, "delta": 3.2, "nu": 2.95}
    columns = {"E": np.repeat([2.0, 4.0], 3), "M": np.repeat([1.0, 3.0], 3), "B": np.full(6, 128.0)}
    figure = loss_curves(stand_in("fp_quantization", params, N=n, D=20 * n, **columns))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["E 2, M 1", "E 4, M 3"]
    columns["M"][:] = 1.0
    figure = loss_curves(stand_in("fp_quantization", params, N=n, D=20 * n, **columns))
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["E 2", "E 4"]
