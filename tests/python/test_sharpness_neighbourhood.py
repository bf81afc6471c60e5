"""hu.sharpness: the largest loss nearby and slices, against closed forms; the logit box against all of its corners."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import halfulp as hu
import numpy as np
import pytest

sh = pytest.importorskip("halfulp.sharpness")


def quadratic(h: np.ndarray) -> tuple[Callable[[np.ndarray], float], Callable[[np.ndarray], np.ndarray]]:
    """½ wᵀ H w, H a matrix or its diagonal."""
    matrix = np.diag(h) if h.ndim == 1 else h
    return lambda w: float(w @ matrix @ w) / 2, lambda w: matrix @ w


def positive(n: int, seed: int) -> np.ndarray:
    a = np.random.default_rng(seed).standard_normal((n, n))
    return a @ a.T / n


@pytest.mark.parametrize("epsilon", [1e-3, 5e-4, 0.5])
@pytest.mark.parametrize("with_gradient", [True, False])
def test_keskar_on_a_diagonal_quadratic(epsilon: float, with_gradient: bool) -> None:
    """At w = 0 the maximum is epsilon² / 2 Σ h, in a corner; the ascent from the middle alone does not move."""
    h = np.random.default_rng(0).random(12) + 0.1
    loss, gradient = quadratic(h)
    found = sh.epsilon_sharpness(loss, np.zeros(12), gradient=gradient if with_gradient else None, epsilon=epsilon)
    assert found.value == pytest.approx(100 * epsilon**2 / 2 * h.sum(), rel=1e-12)
    assert found.converged
    assert found.ascents[0] == 0
    assert np.allclose(np.abs(found.point), epsilon, rtol=1e-15)
    assert found.loss == 0
    assert found.method == "epsilon_sharpness"


def test_keskar_away_from_zero_has_the_box_of_the_weights() -> None:
    w, epsilon = np.array([3.0, -2, 0.5]), 1e-2
    loss = lambda x: float(np.array([1.0, -4, 2]) @ x) + 20  # noqa: E731
    found = sh.epsilon_sharpness(loss, w, gradient=lambda x: np.array([1.0, -4, 2]), epsilon=epsilon)
    rise = epsilon * (np.array([1, 4, 2]) @ (np.abs(w) + 1))
    assert found.value == pytest.approx(100 * rise / (1 + loss(w)), rel=1e-12)
    absolute = sh.epsilon_sharpness(loss, w, gradient=lambda x: np.array([1.0, -4, 2]), epsilon=epsilon, box="absolute")
    assert absolute.value == pytest.approx(100 * epsilon * 7 / (1 + loss(w)), rel=1e-12)


def test_keskar_on_a_convex_quadratic_is_the_best_corner() -> None:
    """12 coordinates have 4096 corners; the ascents' best is never above, and here is, the best of them."""
    h = positive(12, 1)
    loss, gradient = quadratic(h)
    found = sh.epsilon_sharpness(loss, np.zeros(12), gradient=gradient, starts=32)
    best = max(loss(1e-3 * np.array(corner)) for corner in itertools.product((-1, 1), repeat=12))
    assert found.maximum == pytest.approx(best, rel=1e-12)
    assert len(set(np.round(np.array(found.ascents) / best, 9))) > 1  # there are lesser ends, and they are shown


def test_keskar_in_a_subspace_is_a_smaller_maximum() -> None:
    h = positive(30, 2) + np.eye(30)
    loss, gradient = quadratic(h)
    w = np.random.default_rng(3).standard_normal(30)
    found = sh.epsilon_sharpness(loss, w, gradient=gradient, subspace=5)
    assert found.converged
    assert found.point.shape == (30,)
    assert loss(found.point) == pytest.approx(found.maximum, rel=1e-12)
    moved = found.point - w
    assert np.linalg.norm(moved) > 0
    again = sh.epsilon_sharpness(loss, w, gradient=gradient, subspace=5)
    assert again.value == found.value
    assert sh.epsilon_sharpness(loss, w, gradient=gradient, subspace=5, seed=1).value != found.value
    # From the minimum only gradients elsewhere lead up: to corners of the box, which for two directions are two pairs.
    flat = sh.epsilon_sharpness(loss, np.zeros(30), gradient=gradient, subspace=2, starts=10)
    assert flat.value > 0
    assert flat.converged
    assert len(set(np.round(np.array(flat.ascents[1:]) / flat.maximum, 9))) <= 2


@pytest.mark.parametrize("rho", [0.05, 1.0])
def test_sam_on_a_quadratic(rho: float) -> None:
    h = positive(20, 4)
    loss, gradient = quadratic(h)
    found = sh.sam(loss, np.zeros(20), gradient=gradient, rho=rho, iterations=5000, tolerance=1e-13)
    assert found.value == pytest.approx(rho**2 * np.linalg.eigvalsh(h)[-1] / 2, rel=1e-9)
    assert math.isnan(found.first_order)  # there is no gradient to follow
    assert np.linalg.norm(found.point) == pytest.approx(rho, rel=1e-12)
    w = np.random.default_rng(5).standard_normal(20)
    away = sh.sam(loss, w, gradient=gradient, rho=rho, iterations=5000)
    g = gradient(w)
    assert away.first_order == pytest.approx(loss(w + rho * g / np.linalg.norm(g)) - loss(w), rel=1e-9)
    assert away.value >= away.first_order


def test_asam_does_not_see_a_rescaling_of_layers() -> None:
    """L(a, b) = (a b - 1)² with a times c and b over c: eta = 0 gives the same value, SAM another."""

    def loss(p: dict[str, np.ndarray]) -> float:
        return float(((p["a"] * p["b"] - 1) ** 2).sum())

    def gradient(p: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        e = 2 * (p["a"] * p["b"] - 1)
        return {"a": e * p["b"], "b": e * p["a"]}

    rng = np.random.default_rng(6)
    p = {"a": rng.random(3) + 0.5, "b": rng.random(3) + 0.5}
    q = {"a": p["a"] * 8, "b": p["b"] / 8}
    options: dict[str, Any] = {"gradient": gradient, "rho": 0.1, "iterations": 500}
    assert sh.asam(loss, p, eta=0.0, **options).value == pytest.approx(
        sh.asam(loss, q, eta=0.0, **options).value, rel=1e-9
    )
    assert sh.sam(loss, p, **options).value != pytest.approx(sh.sam(loss, q, **options).value, rel=0.1)
    t = {"a": np.ones(3), "b": np.ones(3)}
    assert sh.asam(loss, p, scale=t, **options).value == pytest.approx(sh.sam(loss, p, **options).value, rel=1e-12)
    v = np.array([0.5, -2.0, 1.0])
    slope_at = np.array([1.0, 2, -3])
    one_step = sh.asam(lambda x: float(slope_at @ x), v, gradient=lambda x: slope_at, rho=0.3, eta=0.1)
    # max of g·e over ‖e / t‖ up to rho is rho ‖t g‖, and the first order is all of a linear loss.
    assert one_step.first_order == pytest.approx(0.3 * np.linalg.norm((np.abs(v) + 0.1) * slope_at), rel=1e-12)
    assert one_step.value == pytest.approx(one_step.first_order, rel=1e-12)
    diagonal = np.array([3.0, 0.5, 1.0])
    own, slope = quadratic(diagonal)
    weights = np.array([0.1, 1.0, 0.3])
    scaled = sh.asam(own, np.zeros(3), gradient=slope, rho=0.2, scale=weights, iterations=3000, tolerance=1e-13)
    assert scaled.value == pytest.approx(0.04 * (diagonal * weights**2).max() / 2, rel=1e-9)


def test_what_goes_wrong_in_a_neighbourhood_is_named() -> None:
    loss, gradient = quadratic(np.ones(3))
    with pytest.raises(ValueError, match="loss returned nan, allowed: a finite number"):
        sh.sam(lambda w: np.nan, np.ones(3), gradient=gradient)
    with pytest.raises(ValueError, match=r"loss returned a ndarray of shape \(3,\), allowed: one real number"):
        sh.sam(lambda w: w, np.ones(3), gradient=gradient)
    with pytest.raises(ValueError, match=r"what gradient returned has shape \(2,\), allowed: \(3,\)"):
        sh.sam(loss, np.ones(3), gradient=lambda w: w[:2])
    with pytest.raises(ValueError, match=r"what gradient returned\[1\] is nan"):
        sh.sam(loss, np.ones(3), gradient=lambda w: np.array([1, np.nan, 1]))
    with pytest.raises(ValueError, match="gradient is None, allowed with up to 1000 parameters, here 1001"):
        sh.sam(loss, np.ones(1001))
    with pytest.raises(ValueError, match="above -1"):
        sh.epsilon_sharpness(lambda w: -2.0, np.ones(3), gradient=lambda w: np.zeros(3))
    with pytest.raises(ValueError, match=r"parameters\[1\] is inf"):
        sh.sam(loss, np.array([1, np.inf, 1]))
    with pytest.raises(ValueError, match="parameters is empty"):
        sh.sam(loss, {})
    with pytest.raises(ValueError, match="box is 'ball', allowed: 'keskar', 'absolute'"):
        sh.epsilon_sharpness(loss, np.ones(3), box="ball")
    wrong = sh.sam(loss, np.ones(3), gradient=lambda w: -w, starts=1)
    assert not wrong.converged
    assert wrong.diagnostics[0].startswith("not converged: the best ascent stopped after")


def corners_maximum(z: np.ndarray, target: int, epsilon: float) -> float:
    def loss(v: np.ndarray) -> float:
        return float(np.log(np.exp(v - v.max()).sum()) + v.max() - v[target])

    reach = epsilon * (np.abs(z) + 1)
    return max(loss(z + reach * np.array(c)) for c in itertools.product((-1, 1), repeat=z.size))


@pytest.mark.parametrize("epsilon", [1e-3, 0.05])
def test_the_logit_box_has_its_maximum_where_the_closed_form_says(epsilon: float) -> None:
    """The loss is convex in the logits, so the maximum over the box is that over its corners: all 2^9 are tried."""
    rng = np.random.default_rng(7)
    z, t = 3 * rng.standard_normal((6, 9)), rng.integers(9, size=6)
    loss, maximum = sh.logit_box_maximum(z, t, epsilon)
    for row in range(6):
        assert maximum[row] == pytest.approx(corners_maximum(z[row], t[row], epsilon), rel=1e-13)
    found = sh.logit_sharpness(z, t, epsilon)
    assert np.allclose(found.per_token, 100 * (maximum - loss) / (1 + loss))
    assert found.value == pytest.approx(found.per_token.mean())
    assert found.standard_error == pytest.approx(found.per_token.std(ddof=1) / math.sqrt(6))
    assert found.of_mean_loss == pytest.approx(100 * (maximum.mean() - loss.mean()) / (1 + loss.mean()))
    assert found.tokens == 6


def test_an_iterative_maximizer_reaches_the_closed_form_from_below() -> None:
    rng = np.random.default_rng(8)
    for trial in range(5):
        z, t = 4 * rng.standard_normal(50), int(rng.integers(50))

        def loss(v: np.ndarray, t: int = t) -> float:
            return float(np.log(np.exp(v - v.max()).sum()) + v.max() - v[t])

        def gradient(v: np.ndarray, t: int = t) -> np.ndarray:
            p = np.exp(v - v.max())
            return p / p.sum() - (np.arange(v.size) == t)

        found = sh.epsilon_sharpness(loss, z, gradient=gradient, epsilon=0.01)
        closed = sh.logit_sharpness(z[None], np.array([t]), epsilon=0.01).value
        assert found.value <= closed * (1 + 1e-12), trial
        assert closed - found.value < 1e-6, trial


def test_logit_sharpness_of_sure_and_unsure_models() -> None:
    # A loss far below ε of binary64: nothing cancels. f is 9 e^-50, the box moves logits by ε 51 and ε 1.
    z = np.zeros((1, 10))
    z[0, 3] = 50
    loss, maximum = sh.logit_box_maximum(z, np.array([3]), 1e-3)
    assert loss[0] == pytest.approx(9 * math.exp(-50), rel=1e-12)
    assert maximum[0] == pytest.approx(9 * math.exp(-50 + 0.052), rel=1e-9)
    # Hopeless: the loss is linear there, and the box adds ε (|z_t| + 1 + |z_max| + 1).
    wrong = sh.logit_box_maximum(z, np.array([0]), 1e-3)
    assert wrong[1][0] - wrong[0][0] == pytest.approx(1e-3 * (1 + 51), rel=1e-9)
    big = np.zeros((1, 4))
    big[0, 1] = 1e150
    assert np.isfinite(sh.logit_box_maximum(big, np.array([0]))[1]).all()
    assert sh.logit_sharpness(z.astype(np.float32), np.array([3])).value > 0
    shaped = sh.logit_sharpness(np.zeros((2, 3, 5)), np.zeros((2, 3), dtype=np.int64))
    assert shaped.per_token.shape == (2, 3)
    assert shaped.standard_error == pytest.approx(0, abs=1e-15)
    assert sh.logit_sharpness(np.zeros((4, 5)), np.zeros(4, dtype=int), epsilon=0).value == 0


@pytest.mark.parametrize(
    ("logits", "targets", "error", "text"),
    [
        (np.zeros((2, 5)), np.array([0, 5]), ValueError, r"targets\[1\] is 5, allowed: 0 to 4"),
        (np.zeros((2, 5)), np.array([0, -1]), ValueError, r"targets\[1\] is -1"),
        (np.zeros((2, 5)), np.array([0]), ValueError, r"targets has shape \(1,\), allowed: \(2,\)"),
        (np.zeros((2, 5)), np.zeros(2), TypeError, "targets has dtype float64, allowed: integers"),
        (np.zeros((2, 1)), np.zeros(2, dtype=int), ValueError, r"logits has shape \(2, 1\)"),
        (np.array([[0, np.nan]]), np.array([0]), ValueError, "logits holds nan at token 0, entry 1"),
        (np.array([[0, 1e200]]), np.array([0]), ValueError, r"logits holds 1e\+200 at token 0, entry 1"),
    ],
)
def test_bad_logits_are_named(logits: np.ndarray, targets: np.ndarray, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        sh.logit_sharpness(logits, targets)


def test_ulps_are_the_gaps_between_members() -> None:
    for name in ("e4m3fn", "e2m1fn", "int4", "bfloat16", "e2m3fn"):
        f = hu.format(name)
        members = np.unique(np.abs(np.array([float(v) for v in f.values() if np.isfinite(float(v))])))
        gaps = np.diff(members)
        found = sh.ulps(members, name)
        assert np.array_equal(found[:-1], gaps), name
        assert found[-1] == gaps[-1], name
        assert np.array_equal(sh.ulps(-members, name), found), name
    assert sh.ulps(np.array([1e6]), "e4m3fn")[0] == 32
    with pytest.raises(ValueError, match=r"format is mxfp4.*, allowed for units in the last place"):
        sh.ulps(np.ones(4), "mxfp4")


def test_slices_in_units_of_the_last_place_move_every_element_by_so_many_members() -> None:
    w = np.random.default_rng(9).uniform(1.4, 1.7, 50) * np.where(np.arange(50) % 2, -1, 1)
    seen: list[np.ndarray] = []

    def loss(x: np.ndarray) -> float:
        seen.append(x)
        return float((x**2).sum())

    found = sh.slice_1d(loss, w, format="e4m3fn", unit="ulp", positions=np.arange(-2.0, 3))
    assert found.positions.tolist() == [-2, -1, 0, 1, 2]
    assert found.moved is not None
    assert found.rounded_loss is not None
    assert found.moved[[0, 1, 3, 4]].min() == 1
    assert found.moved[2] == 0
    start = np.asarray(hu.round(w, "e4m3fn"))
    rounded = [x for x in seen if np.array_equal(x, np.asarray(hu.round(x, "e4m3fn")))]
    steps = [np.abs(x - start).max() / 0.125 for x in rounded]
    assert sorted(steps) == [0, 1, 1, 2, 2]
    assert found.rounding_cost == pytest.approx((start**2).sum() - (w**2).sum())
    assert found.one_step == (
        pytest.approx(found.rounded_loss[1] - found.rounded_loss[2]),
        pytest.approx(found.rounded_loss[3] - found.rounded_loss[2]),
    )
    assert found.base == pytest.approx((w**2).sum())
    assert (found.unit, found.format) == ("ulp", "e4m3fn")


def test_slices_along_a_direction() -> None:
    h = np.array([1.0, 4, 9])
    loss, _ = quadratic(h)
    w, d = np.array([1.0, -1, 2]), np.array([0.0, 1, 0])
    found = sh.slice_1d(loss, w, d, positions=[-1.0, 0, 0.5], format="e2m1fn/32:e8m0fnu")
    for t, value, rounded in zip([-1, 0, 0.5], found.loss, found.rounded_loss, strict=True):
        assert value == pytest.approx(loss(w + t * d))
        assert rounded == pytest.approx(loss(np.asarray(hu.fake_quantize(w + t * d, "e2m1fn/32:e8m0fnu"))))
    plain = sh.slice_1d(loss, w, d)
    assert plain.rounded_loss is None
    assert plain.moved is None
    with pytest.raises(ValueError, match="the slice has no format"):
        _ = plain.rounding_cost
    norm = sh.slice_1d(loss, w, 5 * d, positions=[0.0, 1], normalize="norm")
    assert norm.loss[1] == pytest.approx(loss(w + np.linalg.norm(w) * d))
    stochastic = sh.slice_1d(loss, w, d, format="int4/3:binary32", rounding="stochastic", rng=3)
    assert stochastic.rounded_loss is not None


def test_filters_get_the_norm_of_their_weights() -> None:
    rng = np.random.default_rng(10)
    p = {"w": rng.standard_normal((4, 6)), "b": rng.standard_normal(4)}
    moved: list[dict[str, np.ndarray]] = []

    def loss(x: dict[str, np.ndarray]) -> float:
        moved.append(x)
        return 0.0

    sh.slice_1d(loss, p, positions=[1.0])
    step = {name: moved[0][name] - p[name] for name in p}
    assert np.allclose(np.linalg.norm(step["w"], axis=1), np.linalg.norm(p["w"], axis=1))
    assert np.linalg.norm(step["b"]) == pytest.approx(np.linalg.norm(p["b"]))


def test_slices_of_planes() -> None:
    h = np.array([1.0, 4, 9])
    loss, _ = quadratic(h)
    w = np.array([1.0, -1, 2])
    x, y = np.array([1.0, 0, 0]), np.array([0.0, 0, 1])
    found = sh.slice_2d(loss, w, (x, y), x=[-1.0, 0, 1], y=[0.0, 2], format="int4/3:binary32")
    assert found.loss.shape == (2, 3)
    for j, b in enumerate((0, 2)):
        for i, a in enumerate((-1, 0, 1)):
            at = w + a * x + b * y
            assert found.loss[j, i] == pytest.approx(loss(at))
            assert found.rounded_loss[j, i] == pytest.approx(loss(np.asarray(hu.fake_quantize(at, "int4/3:binary32"))))
    assert found.moved[0, 1] == 0
    random = sh.slice_2d(loss, w, x=[0.0, 1], y=[0.0, 1])
    line = sh.slice_1d(loss, w, positions=[0.0, 1])
    assert random.loss[0].tolist() == line.loss.tolist()  # the first direction is that of a line
    assert random.loss[1, 0] != random.loss[0, 1]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda f: sh.slice_1d(f, np.ones(3), unit="ulp"), "format is None, allowed with unit 'ulp'"),
        (lambda f: sh.slice_1d(f, np.ones(3), unit="ulp", format="mxfp4"), "allowed for units in the last place"),
        (lambda f: sh.slice_1d(f, np.ones(3), positions=[1.0, 0.0]), "does not ascend"),
        (lambda f: sh.slice_1d(f, np.ones(3), np.ones(4)), r"direction has shape \(4,\), allowed: \(3,\)"),
        (lambda f: sh.slice_1d(f, {"a": np.ones(3)}, {"b": np.ones(3)}), r"direction holds \['b'\], allowed: the same"),
        (lambda f: sh.slice_1d(f, np.ones(3), normalize="layer"), "normalize is 'layer', allowed: 'norm'"),
        (lambda f: sh.slice_2d(f, np.ones(3), np.ones(3)), "directions is no pair"),
    ],
)
def test_bad_slices_are_named(call: Callable[[Any], Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        call(lambda w: 0.0)
    with pytest.raises(TypeError, match="'rounding' is given, allowed without a format: no options"):
        sh.slice_1d(lambda w: 0.0, np.ones(3), rounding="stochastic")
