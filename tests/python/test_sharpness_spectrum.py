"""hu.sharpness: Lanczos' process, spectral densities, eigenvalues, against NumPy's dense solvers and theorems."""

from __future__ import annotations

import math

import numpy as np
import pytest

sh = pytest.importorskip("halfulp.sharpness")


def goe(n: int, seed: int) -> np.ndarray:
    """Gaussian orthogonal ensemble, scaled to the semicircle of radius 2."""
    a = np.random.default_rng(seed).standard_normal((n, n))
    return (a + a.T) / math.sqrt(2 * n)


def with_spectrum(values: np.ndarray, seed: int) -> np.ndarray:
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((len(values), len(values))))
    a = (q * values) @ q.T
    return (a + a.T) / 2


@pytest.mark.parametrize("steps", [1, 3, 6, 15])
def test_moments_are_exact_up_to_twice_the_steps_less_one(steps: int) -> None:
    a = goe(80, 0)
    start = np.random.default_rng(1).standard_normal(80)
    found = sh.lanczos(a, steps=steps, start=start)
    v = start / np.linalg.norm(start)
    for k in range(2 * steps + 1):
        exact = v @ np.linalg.matrix_power(a, k) @ v
        # Rounding grows as ‖A‖^k, and ‖A‖ is about 2.
        difference = abs(found.moment(k) - exact) / 2**k
        if k < 2 * steps:
            assert difference < 1e-12
        elif steps <= 6:  # with more the difference itself comes near to rounding
            assert difference > 1e-9
    assert np.allclose(found.basis @ found.basis.T, np.eye(steps), atol=1e-13)
    t = np.diag(found.diagonal) + np.diag(found.off_diagonal, 1) + np.diag(found.off_diagonal, -1)
    assert np.allclose(found.basis @ a @ found.basis.T, t, atol=1e-13)
    assert found.weights.sum() == pytest.approx(1, abs=1e-13)
    assert found.products == steps
    assert found.converged
    assert found.asymmetry < 1e-14


def test_invariant_subspaces_end_the_process() -> None:
    found = sh.lanczos(np.diag([1.0, 1, 2, 2, 5, 5]), steps=6, start=np.ones(6))
    assert found.invariant
    assert found.products == 3
    assert np.allclose(found.nodes, [1, 2, 5])
    assert np.allclose(found.weights, [1 / 3, 1 / 3, 1 / 3])
    assert found.remainder == 0


def test_the_semicircle() -> None:
    """Moments 1, 0, 1, 0, 2. A sample of the k-th has variance 2 m_2k / n from its probe; the matrix adds O(1/n)."""
    n = 500
    d = sh.spectral_density(goe(n, 2), steps=40, probes=16)
    catalan = {0: 1, 2: 1, 4: 2, 6: 5, 8: 14}
    for k in range(5):
        value, error = d.moment(k)
        deviation = math.sqrt(2 * catalan[2 * k] / (16 * n))
        assert abs(value - catalan.get(k, 0)) < (1e-12 if k == 0 else 4 * deviation + 8 / n)
        if k:
            assert error == pytest.approx(deviation, rel=0.7)
    grid = np.linspace(-1.8, 1.8, 50)
    _, density, errors = d.density(grid, sigma=0.1)
    assert (np.abs(density - np.sqrt(4 - grid**2) / (2 * math.pi)) < 5 * errors + 0.02).all()
    wide, rho, _ = d.density()
    assert np.trapezoid(rho, wide) == pytest.approx(1, abs=1e-3)
    share, _ = d.cumulative([-3.0, 0.0, 3.0])
    assert share[0] == 0
    assert share[1] == pytest.approx(0.5, abs=0.05)
    assert share[2] == pytest.approx(1, abs=1e-12)
    twos = sh.spectral_density(2 * np.eye(4), probes=2)
    assert twos.cumulative([2.0, np.nextafter(2.0, 0)])[0].tolist() == [1, 0]  # a node counts from itself on


def test_weights_are_squares_of_first_elements() -> None:
    """With 3 steps of a start along known eigenvectors the weights are its shares (PyHessian's issue 17)."""
    a = with_spectrum(np.array([1.0, 4, 9] + [0.0] * 17), 3)
    _, vectors = np.linalg.eigh(a)
    start = 0.6 * vectors[:, -1] + 0.8 * vectors[:, -3]
    found = sh.lanczos(a, steps=5, start=start)
    assert np.allclose(found.nodes[np.argsort(-found.weights)[:2]], [1, 9], atol=1e-9)
    assert np.allclose(np.sort(found.weights)[-2:], [0.36, 0.64], atol=1e-9)


def test_sums_of_functions_of_eigenvalues() -> None:
    values = np.linspace(0.5, 4, 120)
    a = with_spectrum(values, 4)
    d = sh.spectral_density(a, steps=30, probes=64)
    mean, error = d.mean(np.log)
    assert abs(mean - np.log(values).mean()) < 4 * error
    trace, error = d.trace()
    assert abs(trace - values.sum()) < 4 * error
    assert (d.lowest, d.highest) == (pytest.approx(0.5, abs=0.02), pytest.approx(4, abs=0.02))
    with pytest.raises(ValueError, match="function is not finite at the node"):
        sh.spectral_density(goe(30, 5)).mean(lambda x: np.where(x < 0, np.nan, x))
    with pytest.raises(ValueError, match=r"function returned shape \(\)"):
        d.mean(np.sum)


def test_sampling_of_densities_stops() -> None:
    a = goe(150, 6)
    d = sh.spectral_density(a, standard_error=0.02)
    assert d.converged
    assert d.standard_error <= 0.02
    assert d.products == 64 * d.probes
    finer = sh.spectral_density(a, probes=9, standard_error=1e-6)
    assert finer.converged is False
    assert finer.probes == 9
    assert "still" in finer.reason
    assert math.isnan(sh.spectral_density(a, probes=1).standard_error)


@pytest.mark.parametrize("which", ["largest", "smallest", "magnitude"])
@pytest.mark.parametrize("k", [1, 4])
def test_eigenvalues_are_those_of_a_dense_solver(which: str, k: int) -> None:
    a = goe(150, 7)
    exact = np.linalg.eigvalsh(a)
    order = {"largest": -exact, "smallest": exact, "magnitude": -np.abs(exact)}[which]
    found = sh.top_eigenvalues(a, k, which=which, tolerance=1e-9)
    assert found.converged
    assert found.diagnostics == ()
    assert np.allclose(found.values, exact[np.argsort(order)][:k], atol=1e-11)
    rest = found.vectors @ a - found.values[:, None] * found.vectors
    assert np.allclose(np.linalg.norm(rest, axis=1), found.residuals, atol=1e-12)
    assert np.allclose(found.vectors @ found.vectors.T, np.eye(k), atol=1e-10)
    assert found.products < 150 * 2


def test_scipy_agrees() -> None:
    linalg = pytest.importorskip("scipy.sparse.linalg")
    values = np.concatenate([np.linspace(-1, 1, 395), [3, 5, 5, 7, -6]])
    a = with_spectrum(values, 8)
    expected = linalg.eigsh(a, k=5, which="LM", return_eigenvectors=False)
    found = sh.top_eigenvalues(linalg.aslinearoperator(a), 5, which="magnitude", tolerance=1e-9)
    assert np.allclose(np.sort(found.values), np.sort(expected), atol=1e-9)


def test_multiple_eigenvalues() -> None:
    a = with_spectrum(np.array([5.0, 5, 5, 4, *np.linspace(0, 1, 40)]), 9)
    found = sh.top_eigenvalues(a, 4)
    assert found.verified
    assert np.allclose(found.values, [5, 5, 5, 4])
    assert np.allclose(sh.top_eigenvalues(a, 2).values, [5, 5])
    assert sh.top_eigenvalues(a, 2, verify=False).values[1] < 4.5
    assert np.allclose(sh.top_eigenvalues(np.eye(6), 6).values, 1)


def test_the_power_method() -> None:
    a = with_spectrum(np.array([-9.0, 7, 5, *np.linspace(0, 1, 20)]), 10)
    found = sh.top_eigenvalues(a, 3, which="magnitude", method="power", steps=2000)
    assert found.converged
    assert np.allclose(found.values, [-9, 7, 5], atol=1e-6)
    assert math.isnan(found.asymmetry)
    stuck = sh.top_eigenvalues(np.diag([1.0, -1]), 1, which="magnitude", method="power", steps=40)
    assert not stuck.converged
    assert stuck.diagnostics[0].startswith("not converged: a residual is")
    with pytest.raises(ValueError, match="which is 'largest', allowed with method 'power': 'magnitude'"):
        sh.top_eigenvalues(a, 1, method="power")


def test_what_is_wrong_is_named() -> None:
    a = goe(100, 11)
    bent = a.copy()
    bent[3, 8] += 0.5
    for found in (
        sh.top_eigenvalues(bent, 2),
        sh.spectral_density(bent, steps=20, probes=2),
        sh.lanczos(bent, steps=20),
    ):
        assert not found.converged
        assert found.asymmetry > 1e-3
        assert any(text.startswith("asymmetric: ") for text in found.diagnostics)
    assert sh.lanczos(bent, steps=20, symmetry=1.0).converged
    short = sh.top_eigenvalues(a, 3, steps=5)
    assert not short.converged
    assert short.diagnostics[0].startswith("not converged: a residual is")
    with pytest.raises(ValueError, match="k is 101, allowed: 1 to 100"):
        sh.top_eigenvalues(a, 101)
    with pytest.raises(ValueError, match="which is 'top', allowed: 'largest', 'smallest', 'magnitude'"):
        sh.top_eigenvalues(a, which="top")
    with pytest.raises(ValueError, match=r"start has shape \(3,\), allowed: \(100,\)"):
        sh.lanczos(a, start=np.ones(3))
    with pytest.raises(ValueError, match="start is zero"):
        sh.lanczos(a, start=np.zeros(100))
    products = iter([1.0, np.nan])
    with pytest.raises(ValueError, match="product 2 of the operator holds nan"):
        sh.lanczos(lambda x: x * next(products) + np.arange(4), 4)
    with pytest.raises(ValueError, match="steps is 0, allowed: 1 to"):
        sh.spectral_density(a, steps=0)
    with pytest.raises(ValueError, match="sigma is 0"):
        sh.spectral_density(a, steps=5, probes=2).density(sigma=0)


def test_rounding_of_float32_products_is_no_asymmetry() -> None:
    a = goe(200, 12).astype(np.float32)
    found = sh.top_eigenvalues(lambda x: a @ x.astype(np.float32), 3, 200)
    assert found.converged
    assert 1e-9 < found.asymmetry < 1e-5
    assert np.allclose(found.values, np.linalg.eigvalsh(a.astype(np.float64))[:-4:-1], atol=1e-5)
