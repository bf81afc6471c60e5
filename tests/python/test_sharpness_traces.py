"""hu.sharpness: traces, diagonals and per-layer traces, against NumPy and theorems. Random checks have fixed seeds and
say how many standard errors they allow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

sh = pytest.importorskip("halfulp.sharpness")

METHODS = ("hutchinson", "hutch++", "xtrace")
DISTRIBUTIONS = ("rademacher", "normal", "sphere")


def symmetric(n: int, seed: int) -> np.ndarray:
    a = np.random.default_rng(seed).standard_normal((n, n))
    return a + a.T


def low_rank(n: int, rank: int, seed: int) -> np.ndarray:
    factor = np.random.default_rng(seed).standard_normal((n, rank))
    return factor @ factor.T


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_estimates_are_within_their_errors(method: str, distribution: str) -> None:
    a = symmetric(60, 0)
    inside = 0
    for seed in range(40):
        e = sh.trace(a, method=method, distribution=distribution, probes=12, seed=seed)
        assert (e.method, e.distribution, e.seed, e.size, e.probes) == (method, distribution, seed, 60, 12)
        assert e.products == {"hutchinson": 12, "hutch++": 36, "xtrace": 24}[method]
        assert e.value == pytest.approx(e.exact + e.samples.mean())
        assert e.standard_error == pytest.approx(e.samples.std(ddof=1) / math.sqrt(12))
        assert e.converged is None
        inside += abs(e.value - np.trace(a)) <= 2 * e.standard_error
    # 95 % of estimates where errors are normal and known; from 12 samples, and with xtrace's too small ones, fewer.
    assert inside >= 30


def test_products_are_counted() -> None:
    calls = []

    def multiply(x: np.ndarray) -> np.ndarray:
        calls.append(x)
        return 2 * x

    for method, expected in (("hutchinson", 10), ("hutch++", 30), ("xtrace", 20)):
        calls.clear()
        e = sh.trace(multiply, 40, method=method, probes=10)
        assert e.products == len(calls) == expected
        assert abs(e.value - 80) <= 4 * e.standard_error


def test_diagonal_matrices_are_exact_with_signs() -> None:
    d = np.arange(30.0) - 7
    e = sh.trace(lambda x: d * x, 30, probes=2)
    assert e.value == d.sum()
    assert e.standard_error == 0
    assert math.isnan(sh.trace(lambda x: d * x, 30, probes=1).standard_error)
    found = sh.diagonal(np.diag(d), probes=2)
    assert np.array_equal(found.value, d)
    assert np.array_equal(found.standard_error, np.zeros(30))


@pytest.mark.slow
def test_the_variance_of_a_sample_is_the_closed_form() -> None:
    """2 (‖A‖² - Σ aᵢᵢ²) with signs, 2 ‖A‖² with normal probes: 3 % at 200000 samples."""
    a = symmetric(40, 1) / math.sqrt(2)
    for distribution, expected in (
        ("rademacher", 2 * ((a**2).sum() - (np.diag(a) ** 2).sum())),
        ("normal", 2 * (a**2).sum()),
    ):
        e = sh.trace(a, distribution=distribution, probes=200_000)
        assert e.samples.var(ddof=1) == pytest.approx(expected, rel=0.03)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("rank", [0, 1, 4])
def test_low_ranks_are_exact(distribution: str, rank: int) -> None:
    a = low_rank(50, rank, 2)
    bound = 1e-13 * np.trace(a)
    for method, probes in (("hutch++", 5), ("xtrace", 6)):
        e = sh.trace(a, method=method, probes=probes, distribution=distribution)
        assert abs(e.value - np.trace(a)) <= bound
        assert e.standard_error <= bound
    # One rank more than the sketch holds is not exact.
    assert sh.trace(low_rank(50, 7, 3), method="hutch++", probes=5).standard_error > 1


def test_all_probes_of_a_small_matrix() -> None:
    a = symmetric(6, 4)
    assert sh.trace(a, method="hutch++", probes=6).value == pytest.approx(np.trace(a), abs=1e-12)
    assert sh.trace(a, method="hutch++", probes=50).value == pytest.approx(np.trace(a), abs=1e-12)
    assert sh.trace(a, method="xtrace").probes == 6


@pytest.mark.parametrize("method", METHODS)
def test_sampling_stops_at_the_error_asked_for(method: str) -> None:
    a = np.diag(np.linspace(1, 3, 200)) + symmetric(200, 5) / 100
    e = sh.trace(a, method=method, standard_error=1.0)
    assert e.converged
    assert e.standard_error <= 1
    assert e.reason.startswith("the requested error is reached after")
    assert abs(e.value - np.trace(a)) < 5
    finer = sh.trace(a, method=method, relative=2e-3)
    assert finer.converged
    assert finer.standard_error <= 2e-3 * abs(finer.value)
    never = sh.trace(a, method=method, probes=9, standard_error=1e-9)
    assert never.converged is False
    assert never.probes == 9
    assert "still" in never.reason


def test_negative_traces_do_not_stop_early() -> None:
    """A rule without a magnitude in its denominator stopped NNCF's estimates at once (its issue 2155)."""
    a = symmetric(50, 6) - 10 * np.eye(50)
    e = sh.trace(a, relative=0.01)
    assert e.value < 0
    assert e.probes > 8
    assert abs(e.value - np.trace(a)) < 5 * e.standard_error


def test_the_same_seed_gives_the_same_probes() -> None:
    a = symmetric(30, 7)
    first, again, other = (sh.trace(a, seed=s, probes=5).samples for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(sh.trace(a, seed=1, probes=9).samples[:5], first)
    # Signs are the words of the library's own generator: probe 3 has stream 3.
    import halfulp as hu

    seen = []
    sh.trace(lambda x: seen.append(x.copy()) or x, 30, seed=9, probes=4)
    words = np.asarray(hu.random_words(hu.Rng(9, stream=3), (30,)))
    assert np.array_equal(seen[3], np.where(words >> 31, -1.0, 1.0))


def test_intervals() -> None:
    a = symmetric(40, 8)
    e = sh.trace(a, probes=50)
    low, high = e.interval()
    assert (high - low) / 2 == pytest.approx(1.959964 * e.standard_error, rel=1e-6)
    assert low < np.trace(a) < high
    assert float(e) == e.value
    assert e.mean == e.value / 40
    with pytest.raises(ValueError, match="level is 1"):
        e.interval(1)


def test_operators_of_many_kinds() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    linalg = pytest.importorskip("scipy.sparse.linalg")
    a = symmetric(20, 9)
    expected = sh.trace(a, probes=4).value
    kinds: list[Any] = [
        sparse.csr_matrix(a),
        linalg.aslinearoperator(a),
        linalg.LinearOperator((20, 20), matvec=lambda x: a @ x),
        sh.Operator(lambda x: a @ x, 20),
        a.astype(np.float32).astype(np.float64) if np.array_equal(a, a.astype(np.float32)) else a,
    ]
    for kind in kinds:
        assert sh.trace(kind, probes=4).value == pytest.approx(expected, rel=1e-12)
        assert sh.trace(kind, 20, probes=4).value == pytest.approx(expected, rel=1e-12)
    assert np.allclose(sh.Operator(lambda x: a @ x, 20).matrix(), a)
    bent = np.triu(a)
    assert np.array_equal(sh.Operator(lambda x: bent @ x, 20).matrix(), bent)
    assert np.allclose(sh.Operator(lambda x: bent @ x, 20) @ np.ones(20), bent.sum(axis=1))
    assert sh.trace(np.eye(3, dtype=np.int64), probes=2).value == 3
    assert sh.trace([[1.0, 0.0], [0.0, 2.0]], probes=2).value == 3


def test_layers_of_one_operator_and_of_many() -> None:
    a = symmetric(30, 10)
    blocks = {"first": 5, "second": 15, "third": 10}
    whole = sh.layer_traces(a, blocks=blocks, probes=4000)
    starts = {"first": (0, 5), "second": (5, 20), "third": (20, 30)}
    apart = sh.layer_traces(
        {name: a[i:j, i:j] for name, (i, j) in starts.items()}, relative=None, standard_error=0.5, method="hutch++"
    )
    assert list(whole) == list(apart) == list(blocks)
    for name, (i, j) in starts.items():
        exact = np.trace(a[i:j, i:j])
        assert abs(whole[name].value - exact) < 4 * whole[name].standard_error
        assert whole[name].size == j - i
        assert abs(apart[name].value - exact) < 4
        # Variance of z_b (A z)_b: 2 of the block without its diagonal, and once what its rows have outside.
        block, beside = a[i:j, i:j], np.delete(a[i:j], np.s_[i:j], axis=1)
        variance = 2 * ((block**2).sum() - (np.diag(block) ** 2).sum()) + (beside**2).sum()
        assert whole[name].samples.var(ddof=1) == pytest.approx(variance, rel=0.15)
    asked = sh.layer_traces(a, blocks=blocks, standard_error=2.0)
    assert all(e.converged for e in asked.values())


def test_the_diagonal() -> None:
    a = np.random.default_rng(11).standard_normal((25, 25))
    found = sh.diagonal(a, standard_error=0.02, probes=100_000)
    assert found.converged
    assert math.sqrt((found.standard_error**2).mean()) <= 0.02
    assert (np.abs(found.value - np.diag(a)) < 5 * found.standard_error).all()


def test_asymmetry() -> None:
    a = symmetric(40, 12)
    assert sh.asymmetry(a) < 1e-15
    assert sh.asymmetry(np.triu(a)) > 1e-2
    u, v = np.ones(40), np.arange(40.0)
    assert sh.asymmetry(lambda x: u * (v @ x), 40) > 1e-2


BAD: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: sh.trace(lambda x: x[:3], 5), ValueError, r"product 1 of the operator has shape \(3,\), allowed: \(5,\)"),
    (lambda: sh.trace(lambda x: x[:, None], 5), ValueError, r"product 1 of the operator has shape \(5, 1\)"),
    (lambda: sh.trace(lambda x: None, 5), TypeError, "product 1 of the operator is a NoneType of dtype object"),
    (lambda: sh.trace(lambda x: x * 1j, 5), TypeError, "product 1 of the operator is a ndarray of dtype complex128"),
    (lambda: sh.trace(lambda x: x * np.nan, 5), ValueError, "product 1 of the operator holds nan at element 0"),
    (lambda: sh.trace(lambda x: x), ValueError, "size is None, allowed for a function"),
    (lambda: sh.trace(lambda x: x, 0), ValueError, "size is 0, allowed: 1 to"),
    (lambda: sh.trace(lambda x: x, 2.5), TypeError, "size is 2.5"),
    (lambda: sh.trace(np.ones((2, 3))), ValueError, r"operator has shape \(2, 3\), allowed: as many rows as columns"),
    (lambda: sh.trace(np.ones(3)), ValueError, r"operator has shape \(3,\)"),
    (lambda: sh.trace(np.eye(3), 4), ValueError, "size is 4, allowed: None or 3"),
    (lambda: sh.trace(np.eye(3) * 1j), TypeError, "operator has dtype complex128"),
    (lambda: sh.trace("matrix", 3), TypeError, "operator is a str, allowed: a function of a vector with size="),
    (lambda: sh.trace(np.eye(3), method="lanczos"), ValueError, "method is 'lanczos', allowed: 'hutchinson', 'hutch"),
    (lambda: sh.trace(np.eye(3), distribution="cauchy"), ValueError, "distribution is 'cauchy', allowed: 'rademacher'"),
    (lambda: sh.trace(np.eye(3), probes=0), ValueError, "probes is 0, allowed: 1 to"),
    (lambda: sh.trace(np.eye(3), method="xtrace", probes=4), ValueError, "probes is 4, allowed: 2 to 3"),
    (lambda: sh.trace(np.eye(1), method="xtrace"), ValueError, "the operator has size 1"),
    (lambda: sh.trace(np.eye(3), sketch=2), ValueError, "sketch is 2, allowed with method 'hutchinson': None"),
    (lambda: sh.trace(np.eye(3), method="hutch++", sketch=4), ValueError, "sketch is 4, allowed: 1 to 3"),
    (lambda: sh.trace(np.eye(3), standard_error=-1), ValueError, "standard_error is -1, allowed"),
    (lambda: sh.trace(np.eye(3), relative="small"), TypeError, "relative is 'small', allowed"),
    (lambda: sh.trace(np.eye(3), seed=-1), ValueError, "seed is -1, allowed: 0 to"),
    (lambda: sh.layer_traces({}), ValueError, "operators is empty"),
    (lambda: sh.layer_traces(np.eye(3)), ValueError, "blocks is None and the operator names none"),
    (lambda: sh.layer_traces(np.eye(3), blocks={"a": 2}), ValueError, "blocks add up to 2, allowed: 3"),
    (
        lambda: sh.layer_traces(np.eye(3), blocks={"a": 3}, method="xtrace"),
        ValueError,
        "method is 'xtrace', allowed for",
    ),
    (lambda: sh.layer_traces({"a": np.eye(3)}, blocks={"a": 3}), ValueError, "blocks and size are for one operator"),
]


@pytest.mark.parametrize(("call", "error", "text"), BAD)
def test_bad_input_is_named(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()


def test_a_product_that_goes_wrong_late_is_counted() -> None:
    calls = []

    def multiply(x: np.ndarray) -> np.ndarray:
        calls.append(x)
        return np.where(np.arange(5) == 2, np.inf, x) if len(calls) == 7 else x

    with pytest.raises(ValueError, match="product 7 of the operator holds inf at element 2, allowed: finite numbers"):
        sh.trace(multiply, 5)
    lengths = iter([5, 5, 4])
    with pytest.raises(ValueError, match=r"product 3 of the operator has shape \(4,\), allowed: \(5,\)"):
        sh.trace(lambda x: x[: next(lengths)], 5)
    apart = sh.layer_traces({"a": np.ones((6, 6)), "b": np.ones((6, 6))}, probes=4)
    assert [e.seed for e in apart.values()] == [0, 1]
    assert not np.array_equal(apart["a"].samples, apart["b"].samples)


def test_errors_of_the_function_come_through() -> None:
    def multiply(x: np.ndarray) -> np.ndarray:
        raise RuntimeError("out of batches")

    with pytest.raises(RuntimeError, match="out of batches"):
        sh.trace(multiply, 5)
    with pytest.raises(KeyboardInterrupt):
        sh.trace(lambda x: (_ for _ in ()).throw(KeyboardInterrupt()), 5)


def test_a_function_that_changes_its_argument_does_no_harm() -> None:
    def multiply(x: np.ndarray) -> np.ndarray:
        x *= 3
        return x

    for method in METHODS:
        changed = sh.trace(multiply, 10, method=method, probes=5)
        assert changed.value == sh.trace(3 * np.eye(10), method=method, probes=5).value


def test_hawq() -> None:
    a, b = symmetric(20, 13) + 20 * np.eye(20), symmetric(10, 14)
    traces = sh.layer_traces({"a": a, "b": b}, probes=200)
    errors = {"a": np.full((4, 5), 0.1), "b": 0.5}
    found = sh.hawq(traces, {"a": 20, "b": 10}, errors)
    assert found.omega["a"] == pytest.approx(traces["a"].value / 20 * 0.2)
    assert found.omega["b"] == pytest.approx(traces["b"].value / 10 * 0.5)
    assert found.total == pytest.approx(sum(found.omega.values()))
    assert found.standard_error == pytest.approx(
        math.hypot(traces["a"].standard_error / 20 * 0.2, traces["b"].standard_error / 10 * 0.5)
    )
    assert found.ranking()[0] == max(found.omega, key=lambda name: found.omega[name])
    # Layers that one product couples: their errors go together, and the total's is larger than of independent ones.
    coupled = np.block([[np.eye(8), np.full((8, 8), 2.0)], [np.full((8, 8), 2.0), np.eye(8)]])
    sizes, errors_of_one = {"a": 8, "b": 8}, {"a": 1.0, "b": 1.0}
    runs = [
        sh.hawq(sh.layer_traces(coupled, blocks={"a": 8, "b": 8}, seed=s, probes=40), sizes, errors_of_one)
        for s in range(300)
    ]
    spread = np.std([run.total for run in runs])
    assert np.sqrt(np.mean([run.standard_error**2 for run in runs])) == pytest.approx(spread, rel=0.1)
    alone = math.hypot(*runs[0].standard_errors.values())
    assert runs[0].standard_error == pytest.approx(math.sqrt(2) * alone, rel=1e-9)
    exact = sh.hawq([3.0, -1.0], [10, 10], [0.5, 0.5])
    assert exact.omega == {"0": pytest.approx(0.15), "1": pytest.approx(-0.05)}
    assert exact.standard_error == 0
    assert len(exact.diagnostics) == 1
    assert exact.diagnostics[0].startswith("negative trace: -1 in the layer '1'")
    with pytest.raises(ValueError, match="sizes and traces differ in the layer 'b'"):
        sh.hawq({"a": 1.0, "b": 1.0}, {"a": 3}, {"a": 1.0, "b": 1.0})
    with pytest.raises(ValueError, match=r"traces\['0'\] has no standard error"):
        sh.hawq([sh.trace(a, probes=1)], [20], [1.0])
    with pytest.raises(TypeError, match=r"traces\['0'\] is 'x', allowed: a finite number"):
        sh.hawq(["x"], [20], [1.0])
    with pytest.raises(ValueError, match=r"sizes\['0'\] is 0, allowed: a finite number above 0"):
        sh.hawq([1.0], [0], [1.0])
    with pytest.raises(TypeError, match="traces is a float"):
        sh.hawq(1.0, [20], [1.0])
