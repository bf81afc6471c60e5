"""hu.reconstruct in closed form, against theorems. What no correction of a rank can better is the tail of the
singular values of S E, SᵀS = R (Eckart and Young, 1936); NumPy and SciPy work it out here. Bounds of 1e-12 are small
multiples of n ε."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import halfulp as hu
import numpy as np
import pytest

rc = pytest.importorskip("halfulp.reconstruct")

SCHEME = "int3/16:binary32"
IN, OUT, RANK = 48, 64, 6


def problem(seed: int, heavy: bool = False, samples: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A weight, its quantized form, and inputs with correlated and outlier channels."""
    rng = np.random.default_rng(seed)
    weight = rng.standard_t(4, size=(IN, OUT)) if heavy else rng.standard_normal((IN, OUT))
    x = rng.standard_normal((samples, IN)) @ (np.eye(IN) + 0.3 * rng.standard_normal((IN, IN)))
    x[:, rng.integers(IN, size=3)] *= 15
    return weight, np.asarray(hu.fake_quantize(weight, SCHEME)), x


def moment_of(x: np.ndarray) -> np.ndarray:
    return x.T @ x / len(x)


def output_error(rest: np.ndarray, x: np.ndarray) -> float:
    """From the samples themselves."""
    return float(((x @ rest) ** 2).sum() / len(x))


def tail(weighted: np.ndarray, rank: int) -> float:
    return float((np.linalg.svd(weighted, compute_uv=False)[rank:] ** 2).sum())


def roots_of(moment: np.ndarray) -> dict[str, np.ndarray]:
    linalg = pytest.importorskip("scipy.linalg")
    values, vectors = np.linalg.eigh(moment)
    return {
        "symmetric root": np.real(linalg.sqrtm(moment)),
        "eigenvectors": np.sqrt(values)[:, None] * vectors.T,
        "Cholesky": np.linalg.cholesky(moment).T,
    }


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("algorithm", ["auto", "eigen", "full"])
def test_the_error_is_the_tail_for_every_root(seed: int, algorithm: str) -> None:
    weight, quantized, x = problem(seed, heavy=seed % 2 == 1)
    result = rc.qera_exact(weight, quantized, moment_of(x), RANK, algorithm=algorithm)
    a, b = result
    assert a.shape == (IN, RANK)
    assert b.shape == (RANK, OUT)
    left = output_error(weight - quantized - a @ b, x)
    for name, root in roots_of(moment_of(x)).items():
        bound = tail(root @ (weight - quantized), RANK)
        assert left == pytest.approx(bound, rel=1e-12), name
        assert result.error == pytest.approx(bound, rel=1e-12), name
        assert result.optimum == pytest.approx(bound, rel=1e-12), name
    assert result.output_error == result.error
    assert result.uncorrected == pytest.approx(output_error(weight - quantized, x), rel=1e-12)
    assert result.weight_error == pytest.approx(((weight - quantized - a @ b) ** 2).sum(), rel=1e-12)
    singular = np.linalg.svd(roots_of(moment_of(x))["Cholesky"] @ (weight - quantized), compute_uv=False)
    assert np.allclose(result.singular_values, singular[:RANK], rtol=1e-11)


def test_the_exact_correction_is_the_papers() -> None:
    """QERA, theorem 1: R^-1/2 svd(R^1/2 E); SVD-LLM's and EoRA's roots give the same product."""
    weight, quantized, x = problem(7)
    moment = moment_of(x)
    product = rc.qera_exact(weight, quantized, moment, RANK).product
    for name, root in roots_of(moment).items():
        u, s, v = np.linalg.svd(root @ (weight - quantized), full_matrices=False)
        expected = np.linalg.solve(root, u[:, :RANK] * s[:RANK] @ v[:RANK])
        assert np.allclose(product, expected, atol=1e-10 * np.abs(expected).max()), name
    assert np.allclose(rc.eora(weight, quantized, moment, RANK).product, product, atol=1e-11)
    whole = rc.svd_llm(weight, moment, RANK).product
    assert np.allclose(whole, rc.qera_exact(weight, None, moment, RANK).product, atol=1e-10)


def all_methods(weight: np.ndarray, quantized: np.ndarray, seen: Any) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    fisher = rng.random(weight.shape)
    return {
        "qera_approx": rc.qera_approx(weight, quantized, seen, RANK),
        "slim": rc.slim(weight, quantized, seen, RANK),
        "lqer": rc.lqer(weight, quantized, seen, RANK),
        "asvd .5": rc.asvd(weight, quantized, seen, RANK),
        "asvd 1 max": rc.asvd(weight, quantized, seen, RANK, alpha=1, magnitude="max"),
        "fwsvd": rc.fwsvd(weight, quantized, fisher, RANK),
        "zeroquant_v2": rc.zeroquant_v2(weight, quantized, RANK, statistics=seen),
        "loftq 1": rc.loftq(weight, SCHEME, RANK, iterations=1, statistics=seen),
        "randomized": rc.qera_exact(weight, quantized, seen, RANK, algorithm="randomized"),
        "ridge": rc.qera_exact(weight, quantized, seen, RANK, ridge=0.3),
    }


@pytest.mark.parametrize("seed", range(25))
def test_nothing_is_better_than_the_exact_correction(seed: int) -> None:
    """For the same quantized weight. (QERA-approx against LQER is not a theorem, and is not looked at.)"""
    weight, quantized, x = problem(seed, heavy=seed % 2 == 1)
    seen = rc.Covariance().add(x)
    exact = rc.qera_exact(weight, quantized, seen, RANK)
    for name, other in all_methods(weight, quantized, seen).items():
        reached = output_error(weight - quantized - other.product, x)
        assert exact.error <= reached * (1 + 1e-12), name
        if other.output_error is not None:
            assert other.output_error == pytest.approx(reached, rel=1e-11), name


@pytest.mark.parametrize("seed", range(5))
def test_each_norm_is_minimized_by_its_own_method(seed: int) -> None:
    weight, quantized, x = problem(seed)
    seen = rc.Covariance().add(x[:100]).add(x[100:])
    error = weight - quantized
    fisher = np.random.default_rng(seed).random(weight.shape)
    means = np.maximum(np.abs(x[:100]).mean(axis=0), np.abs(x[100:]).mean(axis=0))
    scales = {
        "qera_approx": (rc.qera_approx, seen, np.sqrt((x**2).mean(axis=0))),
        "slim": (rc.slim, seen, np.sqrt((x**2).mean(axis=0))),
        "lqer": (rc.lqer, seen, means / np.sqrt(means.min() * means.max())),
        "asvd": (rc.asvd, seen, np.abs(x).mean(axis=0) ** 0.5 + 1e-6),
        "fwsvd": (rc.fwsvd, fisher, np.sqrt(fisher.sum(axis=1))),
        "zeroquant_v2": (None, None, np.ones(IN)),
    }
    for name, (method, statistics, d) in scales.items():
        result = (
            rc.zeroquant_v2(weight, quantized, RANK) if method is None else method(weight, quantized, statistics, RANK)
        )
        bound = tail(d[:, None] * error, RANK)
        own = ((d[:, None] * (error - result.product)) ** 2).sum()
        assert own == pytest.approx(bound, rel=1e-12), name
        assert result.error == pytest.approx(bound, rel=1e-12), name
        assert result.optimum == pytest.approx(bound, rel=1e-12), name
        u, s, v = np.linalg.svd(d[:, None] * error, full_matrices=False)
        expected = (u[:, :RANK] * s[:RANK] @ v[:RANK]) / d[:, None]
        assert np.allclose(result.product, expected, atol=1e-11), name


def test_vectors_of_statistics_stand_for_a_covariance() -> None:
    weight, quantized, x = problem(1)
    seen = rc.Covariance().add(x)
    for method, vector in ((rc.qera_approx, seen.mean_square), (rc.lqer, seen.mean_abs), (rc.asvd, seen.mean_abs)):
        by_vector = method(weight, quantized, vector, RANK)
        assert np.array_equal(by_vector.A, method(weight, quantized, seen, RANK).A)
        assert by_vector.output_error is None


@pytest.mark.parametrize("seed", range(10))
def test_uncorrelated_channels(seed: int) -> None:
    """R diagonal: exact and approx are one, and nothing by scales is better. R a multiple of 1: all are
    ZeroQuant-V2."""
    weight, quantized, _ = problem(seed)
    rng = np.random.default_rng(seed)
    squares = rng.random(IN) * 10 + 0.1
    exact = rc.qera_exact(weight, quantized, np.diag(squares), RANK)
    approx = rc.qera_approx(weight, quantized, squares, RANK)
    assert np.allclose(exact.product, approx.product, atol=1e-10)
    assert exact.error == pytest.approx(approx.error, rel=1e-10)
    lqer = rc.lqer(weight, quantized, rng.random(IN) + 0.1, RANK)
    rest = weight - quantized - lqer.product
    assert approx.error <= (squares[:, None] * rest**2).sum() * (1 + 1e-12)
    plain = rc.zeroquant_v2(weight, quantized, RANK).product
    same = np.full(IN, 3.0)
    for other in (
        rc.qera_exact(weight, quantized, np.diag(same), RANK),
        rc.eora(weight, quantized, np.diag(same), RANK),
        rc.qera_approx(weight, quantized, same, RANK),
        rc.slim(weight, quantized, same, RANK),
        rc.lqer(weight, quantized, same, RANK),
        rc.asvd(weight, quantized, same, RANK),
        rc.fwsvd(weight, quantized, np.full(weight.shape, 2.0), RANK),
    ):
        assert np.allclose(other.product, plain, atol=1e-10), other.method


def test_fewer_samples_than_channels() -> None:
    """The pseudo-inverse reaches the bound with factors of ordinary size, and the result says what the data lack."""
    weight, quantized, x = problem(3, samples=20)
    seen = rc.Covariance().add(x)
    error = weight - quantized
    bound = tail(x @ error / np.sqrt(len(x)), RANK)
    pinv = np.linalg.pinv(x)
    u, s, v = np.linalg.svd(x @ error, full_matrices=False)
    minimal = pinv @ (u[:, :RANK] * s[:RANK] @ v[:RANK])
    for result in (
        rc.qera_exact(weight, quantized, seen, RANK),
        rc.qera_exact(weight, quantized, seen, RANK, minimal_norm=True),
        rc.eora(weight, quantized, seen, RANK),
    ):
        assert output_error(error - result.product, x) == pytest.approx(bound, rel=1e-12)
        assert result.effective_rank == 20
        assert result.ridge == 0
        values = np.linalg.svd(x, compute_uv=False) ** 2
        assert result.condition == pytest.approx(values[0] / values[19], rel=1e-9)
        assert "20 samples for 48 channels" in result.notes[0]
        assert np.isfinite(result.A).all()
        assert np.isfinite(result.B).all()
        assert np.linalg.norm(result.product) <= np.linalg.norm(error)
    assert np.allclose(rc.eora(weight, quantized, seen, RANK).product, minimal, atol=1e-9)
    # Of the two the default leaves less where no sample has been.
    free = rc.qera_exact(weight, quantized, seen, RANK)
    assert free.weight_error < rc.eora(weight, quantized, seen, RANK).weight_error
    assert rc.qera_exact(weight, quantized, seen, 20).error <= 1e-20 * free.uncorrected


def test_a_tiny_eigenvalue_blows_nothing_up() -> None:
    """Replacing eigenvalues near zero by small positive ones and inverting them is how EoRA's first code failed."""
    weight, quantized, x = problem(4)
    x[:, 5] = x[:, 6] * (1 + 1e-13)
    seen = rc.Covariance().add(x)
    for result in (rc.qera_exact(weight, quantized, seen, RANK), rc.eora(weight, quantized, seen, RANK)):
        assert result.effective_rank == IN - 1
        assert np.abs(result.product).max() < 10 * np.abs(weight - quantized).max()
        assert result.error == pytest.approx(tail(x @ (weight - quantized) / np.sqrt(len(x)), RANK), rel=1e-10)


def test_channels_that_are_always_zero() -> None:
    weight, quantized, x = problem(5)
    x[:, [0, 7]] = 0
    seen = rc.Covariance().add(x)
    error = weight - quantized
    for result in (rc.qera_approx(weight, quantized, seen, RANK), rc.slim(weight, quantized, seen, RANK)):
        assert np.isfinite(result.A).all()
        assert result.error == pytest.approx(tail(np.sqrt((x**2).mean(axis=0))[:, None] * error, RANK), rel=1e-12)
        assert "2 of 48 channels are zero" in result.notes[-1]
    assert rc.qera_exact(weight, quantized, seen, RANK).effective_rank == IN - 2
    silent = rc.qera_exact(weight, quantized, np.zeros((IN, IN)), RANK)
    assert silent.error == 0
    assert silent.effective_rank == 0
    assert silent.condition is None
    assert np.isfinite(silent.A).all()
    assert np.isfinite(silent.B).all()


@pytest.mark.parametrize("shape", [(12, 20), (20, 12)])
@pytest.mark.parametrize("algorithm", ["auto", "full", "randomized"])
def test_errors_fall_with_the_rank(shape: tuple[int, int], algorithm: str) -> None:
    rng = np.random.default_rng(2)
    weight = rng.standard_normal(shape)
    x = rng.standard_normal((80, shape[0])) @ rng.standard_normal((shape[0], shape[0]))
    moment = moment_of(x)
    errors = [rc.qera_exact(weight, None, moment, rank, algorithm=algorithm).error for rank in range(13)]
    assert errors[0] == pytest.approx(np.trace(weight.T @ moment @ weight), rel=1e-12)
    assert errors[-1] <= 1e-24 * errors[0]
    assert all(b <= a * (1 + 1e-12) for a, b in itertools.pairwise(errors))


def test_splits_of_the_singular_values() -> None:
    weight, quantized, x = problem(8)
    moment = moment_of(x)
    root = np.linalg.cholesky(moment).T
    exact = rc.qera_exact(weight, quantized, moment, RANK)
    assert np.allclose((root @ exact.A).T @ (root @ exact.A), np.eye(RANK), atol=1e-9)  # A = S^-1 U
    eora = rc.eora(weight, quantized, moment, RANK)
    assert np.allclose(eora.B @ eora.B.T, np.eye(RANK), atol=1e-12)
    plain = rc.zeroquant_v2(weight, quantized, RANK)
    assert np.allclose(plain.A.T @ plain.A, np.diag(plain.singular_values), atol=1e-11)
    assert np.allclose(plain.B @ plain.B.T, np.diag(plain.singular_values), atol=1e-11)
    fwsvd = rc.fwsvd(weight, None, np.ones(weight.shape), RANK)
    assert np.allclose(fwsvd.B @ fwsvd.B.T, np.eye(RANK), atol=1e-12)


def test_pruned_weights_are_corrected_as_quantized_ones_are() -> None:
    """SLiM's correction takes in pruning and quantization together: only W - Wq counts."""
    weight, quantized, x = problem(9)
    pruned = np.where(np.abs(weight) < 0.5, 0, quantized)
    result = rc.slim(weight, pruned, rc.Covariance().add(x), RANK)
    d = np.sqrt((x**2).mean(axis=0))[:, None]
    assert result.error == pytest.approx(tail(d * (weight - pruned), RANK), rel=1e-12)


def test_the_ridge_is_never_in_the_error_of_the_output() -> None:
    weight, quantized, x = problem(10)
    moment = moment_of(x)
    result = rc.qera_exact(weight, quantized, moment, RANK, ridge=0.1)
    added = 0.1 * np.trace(moment) / IN
    rest = weight - quantized - result.product
    assert result.ridge == pytest.approx(added, rel=1e-14)
    assert result.output_error == pytest.approx(output_error(rest, x), rel=1e-12)
    assert result.error == pytest.approx(output_error(rest, x) + added * (rest**2).sum(), rel=1e-11)
    assert result.optimum == pytest.approx(
        tail(np.linalg.cholesky(moment + added * np.eye(IN)).T @ (weight - quantized), RANK), rel=1e-12
    )


def test_svd_llm_finds_the_rank_of_a_ratio() -> None:
    weight, _, x = problem(11)
    result = rc.svd_llm(weight, moment_of(x), ratio=0.4)
    assert result.rank == int(IN * OUT * 0.4 / (IN + OUT)) == 10
    assert result.error == pytest.approx(tail(np.linalg.cholesky(moment_of(x)).T @ weight, 10), rel=1e-12)
    assert rc.svd_llm(weight, moment_of(x), ratio=50).rank == IN


def test_the_start_of_int21() -> None:
    weight, quantized, x = problem(12)
    seen = rc.Covariance().add(x)
    first = rc.int21(weight, quantized, RANK, statistics=seen, seed=3)
    assert np.array_equal(first.A, rc.int21(weight, quantized, RANK, seed=3).A)
    assert not np.array_equal(first.A, rc.int21(weight, quantized, RANK, seed=4).A)
    assert not first.B.any()
    assert first.output_error == pytest.approx(output_error(weight - quantized, x), rel=1e-12)
    big = rc.int21(np.zeros((400, 300)), None, 200, deviation=2)
    assert big.A.std() == pytest.approx(2, rel=4 / np.sqrt(2 * 400 * 200))  # four standard errors


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_any_carrier(dtype: str) -> None:
    weight, quantized, x = problem(13)
    narrow, narrow_q, narrow_x = (a.astype(dtype) for a in (weight, quantized, x))
    seen = rc.Covariance().add(narrow_x)
    wide_x = narrow_x.astype(np.float64)
    assert np.allclose(seen.second_moment, moment_of(wide_x), rtol=1e-12, atol=1e-12)
    result = rc.qera_exact(narrow, narrow_q, seen, RANK)
    error = narrow.astype(np.float64) - narrow_q.astype(np.float64)
    assert result.A.dtype == np.float64
    assert result.error == pytest.approx(tail(np.linalg.cholesky(moment_of(wide_x)).T @ error, RANK), rel=1e-11)
    mixed = rc.qera_exact(narrow, quantized, seen, RANK)
    assert mixed.uncorrected == pytest.approx(output_error(narrow.astype(np.float64) - quantized, wide_x), rel=1e-12)


W, WQ, X = problem(0)
R = moment_of(X)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rc.zeroquant_v2(W, WQ[:, 1:], 2), r"weight_q has shape \(48, 63\), allowed: \(48, 64\)"),
        (lambda: rc.zeroquant_v2(W[0], None, 2), r"weight has shape \(64,\), allowed: a matrix"),
        (lambda: rc.zeroquant_v2(W[:0], None, 0), "at least one number"),
        (lambda: rc.zeroquant_v2(W, WQ, 49), "rank is 49, allowed: 0 to 48"),
        (lambda: rc.zeroquant_v2(W, WQ, -1), "rank is -1, allowed: 0 to 48"),
        (lambda: rc.zeroquant_v2(np.where(W[2, 3] == W, np.nan, W), WQ, 2), r"weight\[2, 3\] is nan"),
        (lambda: rc.zeroquant_v2(W, np.where(W[2, 3] == W, -np.inf, WQ), 2), r"weight_q\[2, 3\] is -inf"),
        (lambda: rc.zeroquant_v2(W * 1e200, None, 2), "at most 1e.140 in size"),
        (lambda: rc.zeroquant_v2(W, WQ, 2, algorithm="fast"), "algorithm is 'fast', allowed: 'auto', 'eigen'"),
        (lambda: rc.qera_exact(W, WQ, R[1:, 1:], 2), r"statistics has shape \(47, 47\)"),
        (lambda: rc.qera_exact(W, WQ, R - 1e3 * np.eye(IN), 2), "most negative eigenvalue is -"),
        (lambda: rc.qera_exact(W, WQ, R + np.triu(R, 1), 2), "not symmetric"),
        (lambda: rc.qera_exact(W, WQ, np.where(R[1, 2] == R, np.nan, R), 2), r"statistics\[1, 2\] is nan"),
        (lambda: rc.qera_exact(W, WQ, rc.Covariance(), 2), "seen no samples"),
        (lambda: rc.qera_exact(W, WQ, rc.Covariance().add(X[:, 1:]), 2), "has 47 channels, allowed: 48"),
        (lambda: rc.qera_exact(W, WQ, R, 2, ridge=-1), "ridge is -1"),
        (lambda: rc.qera_approx(W, WQ, R, 2), r"statistics has shape \(48, 48\), allowed: a Covariance, or E\[x²\]"),
        (lambda: rc.qera_approx(W, WQ, -np.ones(IN), 2), r"statistics\[0\] is -1"),
        (lambda: rc.lqer(W, WQ, np.full(IN, np.nan), 2), r"statistics\[0\] is nan"),
        (lambda: rc.asvd(W, WQ, np.ones(IN), 2, magnitude="rms"), "magnitude is 'rms'"),
        (lambda: rc.fwsvd(W, None, -np.ones(W.shape), 2), r"fisher\[0, 0\] is -1"),
        (lambda: rc.fwsvd(W, None, np.ones(IN), 2), r"fisher has shape \(48,\)"),
        (lambda: rc.svd_llm(W, R), "rank and ratio"),
        (lambda: rc.svd_llm(W, R, 2, ratio=0.5), "rank and ratio"),
        (lambda: rc.zeroquant_v2(W, WQ, 2, factors=("mxfp4", "mxfp4", "mxfp4")), "factors has 3 schemes"),
    ],
)
def test_bad_input_is_named(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_wrong_types_are_named() -> None:
    with pytest.raises(TypeError, match=r"rank is 2\.5"):
        rc.zeroquant_v2(W, WQ, 2.5)
    with pytest.raises(TypeError, match="'speed' is no keyword here, allowed: algorithm, seed"):
        rc.zeroquant_v2(W, WQ, 2, speed=1)
    with pytest.raises(TypeError, match="weight has dtype int64"):
        rc.zeroquant_v2(np.ones((3, 3), dtype=np.int64), None, 1)


def test_a_result_unpacks_and_is_frozen() -> None:
    result = rc.zeroquant_v2(W, WQ, 3)
    a, b = result
    assert a is result.A
    assert b is result.B
    assert result.rank == 3
    with pytest.raises(AttributeError):
        result.error = 0
