"""hu.allocate's tables: from weights, or a sweep, to a scheme for every layer; the picture of a front."""

from __future__ import annotations

import itertools
import math

import halfulp as hu
import numpy as np
import pytest
from halfulp import allocate
from halfulp.sweeping import model_rows

SCHEMES = "e2m1fn/16:e4m3fn int8/channel:binary16 int4s/100:binary16"


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    return {
        "a": rng.normal(size=(32, 48)).astype(np.float32),
        "b": rng.standard_t(4, size=(16, 130)).astype(np.float32),
        "c": (0.1 * rng.normal(size=(8, 64))).astype(np.float32),
    }


def test_a_table_holds_errors_and_stored_bits(weights: dict[str, np.ndarray]) -> None:
    table = allocate.table(weights, SCHEMES)
    assert table.names == ("a", "b", "c")
    assert table.choices[0] == tuple(str(s) for s in hu.expand_schemes(SCHEMES))
    for i, (name, w) in enumerate(weights.items()):
        for j, text in enumerate(table.choices[i]):
            left = hu.fake_quantize(w, text)
            error = math.fsum(np.square(w.astype(float) - left.astype(float)).ravel())
            # Sums of at most 2080 squares in float64: each addition rounds by 2^-53 of the sum.
            assert table.costs[i][j] == pytest.approx(error, rel=2080 * 2.0**-53)
            q = hu.quantize(w, text)
            scales = sum(
                np.size(codes) * level.format.bits for codes, level in zip(q.scale_codes, q.scheme.levels, strict=True)
            )
            assert table.sizes[i][j] == w.size * q.scheme.element.bits + scales, name
    # 130 = 100 + 30 along the axis: the shorter last group has a scale too.
    assert table.sizes[1][2] == 16 * 130 * 4 + 16 * 2 * 16
    assert table.total_elements == sum(w.size for w in weights.values())


def test_assign_is_the_best_of_every_combination(weights: dict[str, np.ndarray]) -> None:
    table = allocate.table(weights, SCHEMES)
    for bits in (4.3, 4.6, 5.5, 7.0):
        best = min(
            sum(table.costs[i][c] for i, c in enumerate(choices))
            for choices in itertools.product(range(3), repeat=3)
            if sum(table.sizes[i][c] for i, c in enumerate(choices)) <= bits * table.total_elements
        )
        found = allocate.assign(weights, SCHEMES, bits)
        assert found.allocation.optimal
        assert found.cost == pytest.approx(best, rel=1e-15)
        assert found.bits_per_element <= bits
        assert list(found.schemes) == list(weights)
        error = sum(
            float(np.square(w.astype(float) - hu.fake_quantize(w, found.schemes[name])).sum())
            for name, w in weights.items()
        )
        assert error == pytest.approx(found.cost, rel=1e-12)


def test_sensitivities_by_layer_and_by_element(weights: dict[str, np.ndarray]) -> None:
    plain = allocate.table(weights, SCHEMES)
    scaled = allocate.table(weights, SCHEMES, {"b": 3.0})
    assert scaled.costs[0].tolist() == plain.costs[0].tolist()
    assert scaled.costs[1] == pytest.approx(3 * plain.costs[1], rel=1e-12)
    fisher = np.random.default_rng(1).random(weights["c"].shape)
    weighted = allocate.table(weights, SCHEMES, {"c": fisher})
    left = hu.fake_quantize(weights["c"], weighted.choices[2][0])
    error = float((fisher * np.square(weights["c"].astype(float) - left)).sum())
    assert weighted.costs[2][0] == pytest.approx(error, rel=1e-12)
    with pytest.raises(ValueError, match=r"sensitivities names \['d'\], allowed: names of weights"):
        allocate.table(weights, SCHEMES, {"d": 1.0})
    with pytest.raises(ValueError, match=r"sensitivities\['a'\] has shape \(3,\), allowed: a number, or the shape"):
        allocate.table(weights, SCHEMES, {"a": np.ones(3)})
    with pytest.raises(ValueError, match=r"sensitivities\['a'\] holds -1.0, allowed: finite numbers, 0 or more"):
        allocate.table(weights, SCHEMES, {"a": -1.0})


def test_ties_fixed_layers_and_fronts_by_name(weights: dict[str, np.ndarray]) -> None:
    table = allocate.table(weights, SCHEMES)
    wide = table.choices[0][1]
    found = table.choose(7, ties=[("a", "c")], fixed={"b": wide})
    assert found.schemes["b"] == wide
    assert found.schemes["a"] == found.schemes["c"]
    front = table.front(ties=[("a", "c")])
    assert len(front) <= 9
    at = front.at(6 * table.total_elements)
    assert table.named(at.choices)["a"] == table.named(at.choices)["c"]
    with pytest.raises(ValueError, match="ties names 'z', allowed: a, b, c"):
        table.choose(6, ties=[("a", "z")])
    with pytest.raises(ValueError, match=r"fixed\['a'\] is 'int3', allowed: "):
        table.choose(6, fixed={"a": "int3"})
    least = sum(float(s.min()) for s in table.sizes) / table.total_elements
    with pytest.raises(ValueError, match=f"bits_per_element is 2, allowed: at least {least}"):
        table.choose(2)


def test_wrong_weights_and_schemes_are_refused(weights: dict[str, np.ndarray]) -> None:
    with pytest.raises(TypeError, match="weights is a ndarray, allowed: a mapping"):
        allocate.table(weights["a"], SCHEMES)
    with pytest.raises(ValueError, match="weights is empty"):
        allocate.table({}, SCHEMES)
    with pytest.raises(TypeError, match="allowed here: schemes of real numbers"):
        allocate.table(weights, "pm1_pmi/channel:bfloat16")
    with pytest.raises(ValueError, match=r"weights\['a'\] has shape \(0, 4\)"):
        allocate.table({"a": np.zeros((0, 4), np.float32)}, SCHEMES)


def test_a_sweep_s_table_gives_the_same_choices(weights: dict[str, np.ndarray]) -> None:
    pandas = pytest.importorskip("pandas")
    swept = hu.sweep(weights, SCHEMES)
    assert len(model_rows(swept)) == 3
    from_sweep, direct = allocate.sweep_table(swept), allocate.table(weights, SCHEMES)
    assert from_sweep.names == direct.names
    assert from_sweep.choices == direct.choices
    for ours, theirs in zip(from_sweep.sizes, direct.sizes, strict=True):
        assert ours.tolist() == theirs.tolist()
    for ours, theirs in zip(from_sweep.costs, direct.costs, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-12)
    assert from_sweep.choose(5).schemes == direct.choose(5).schemes
    tripled = allocate.sweep_table(swept, sensitivities={"a": 3.0})
    assert tripled.costs[0].tolist() == (3 * from_sweep.costs[0]).tolist()
    two = hu.sweep(weights, "e2m1fn/16:e4m3fn", rounding=["nearest_ties_to_even", "toward_zero"])
    assert allocate.sweep_table(two).choices[0] == (
        "e2m1fn/16:e4m3fn nearest_ties_to_even",
        "e2m1fn/16:e4m3fn toward_zero",
    )
    with pytest.raises(ValueError, match="the table has no column 'kl2'"):
        allocate.sweep_table(swept, cost="kl2")
    with pytest.raises(ValueError, match=r"output_error of .* is nan, allowed: finite numbers"):
        allocate.sweep_table(swept, cost="output_error")
    twice = pandas.concat([swept, swept])
    with pytest.raises(ValueError, match="twice, allowed: each pair once"):
        allocate.sweep_table(twice)
    with pytest.raises(ValueError, match="the table has no rows of matrices"):
        allocate.sweep_table(swept[swept["matrix"] == "(model)"])


def test_the_picture_shows_front_corners_and_choices(weights: dict[str, np.ndarray]) -> None:
    pytest.importorskip("matplotlib")
    from halfulp.plots.allocation import allocation_front

    table = allocate.table(weights, SCHEMES)
    front, chosen = table.front(), table.choose(5).allocation
    figure = allocation_front(front, {"5 bits": chosen}, elements=table.total_elements, title="Three layers")
    (axes,) = figure.axes
    lines = {line.get_label(): line for line in axes.get_lines()}
    steps = lines[f"front, {len(front)} points"]
    assert steps.get_drawstyle() == "steps-post"  # what a budget buys stays the same up to the next point
    assert steps.get_xdata().tolist() == (front.sizes / table.total_elements).tolist()
    assert (
        lines[f"supported, {int(front.corners.sum())} points"].get_ydata().tolist()
        == front.costs[front.corners].tolist()
    )
    assert lines["5 bits"].get_xdata().tolist() == [chosen.size / table.total_elements]
    assert axes.get_yscale() == "log"
    assert axes.get_title(loc="left") == "Three layers"
    bare = allocation_front(table.front(supported=True)).axes[0]
    assert [line.get_drawstyle() for line in bare.get_lines()] == ["default", "default"]
    hull = lines["convex hull: bound"]
    corners = np.flatnonzero(front.corners)
    expected = np.interp(hull.get_xdata() * table.total_elements, front.sizes[corners], front.costs[corners])
    assert hull.get_ydata() == pytest.approx(expected, rel=1e-12)
    below = allocate.front([[1.0, -1.0]], [[0.0, 1.0]])
    assert allocation_front(below).axes[0].get_yscale() == "linear"
    with pytest.raises(ValueError, match="elements is 0, allowed: 1 or more, or None"):
        allocation_front(front, elements=0)
