"""hu.sharpness beside curvlinops and PyHessian, where they are installed: the same Hessian, and estimates that agree
within the spread that both have."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

sh = pytest.importorskip("halfulp.sharpness")
torch = pytest.importorskip("torch")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def problem() -> tuple[Any, Any, Any, Any]:
    """A small network in float64, its loss, a batch, and the names of its parameters."""
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(6, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3)).double().eval()
    x, y = torch.randn(40, 6, dtype=torch.float64), torch.randint(3, (40,))
    return model, torch.nn.CrossEntropyLoss(), x, y


@pytest.fixture(scope="module")
def operator(problem: tuple[Any, Any, Any, Any]) -> Any:
    model, loss, x, y = problem
    return sh.torch_hessian(model, loss, [(x, y)])


@pytest.fixture(scope="module")
def curvlinops_hessian(problem: tuple[Any, Any, Any, Any]) -> Any:
    curvlinops = pytest.importorskip("curvlinops")
    model, loss, x, y = problem
    try:
        return curvlinops.HessianLinearOperator(model, loss, list(model.parameters()), [(x, y)])
    except (AttributeError, TypeError):  # after version 3.0 parameters have names
        return curvlinops.HessianLinearOperator(model, loss, dict(model.named_parameters()), [(x, y)])


def test_products_are_curvlinops(operator: Any, curvlinops_hessian: Any) -> None:
    dense = curvlinops_hessian @ torch.eye(operator.size, dtype=torch.float64)
    assert np.allclose(operator.matrix(), dense.detach().numpy(), rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize(("name", "method", "matvecs"), [("hutchpp_trace", "hutch++", 60), ("xtrace", "xtrace", 60)])
def test_traces_are_curvlinops(operator: Any, curvlinops_hessian: Any, name: str, method: str, matvecs: int) -> None:
    """Both estimators over many seeds, as many products: means within 4 standard errors, spreads within a third."""
    curvlinops = pytest.importorskip("curvlinops")
    dense = torch.tensor(operator.matrix())
    seeds = 150
    theirs, ours = [], []
    probes = matvecs // 3 if method == "hutch++" else matvecs // 2
    for seed in range(seeds):
        torch.manual_seed(seed)
        theirs.append(float(getattr(curvlinops, name)(dense, matvecs)))
        ours.append(sh.trace(dense.numpy(), method=method, probes=probes, seed=seed).value)
    spread = np.std(ours), np.std(theirs)
    assert abs(np.mean(ours) - np.mean(theirs)) < 4 * math.hypot(*spread) / math.sqrt(seeds)
    assert abs(np.mean(ours) - np.trace(dense.numpy())) < 4 * spread[0] / math.sqrt(seeds)
    assert spread[0] == pytest.approx(spread[1], rel=1 / 3)


@pytest.fixture(scope="module")
def pyhessian(problem: tuple[Any, Any, Any, Any]) -> Any:
    module = pytest.importorskip("pyhessian")
    model, loss, x, y = problem
    return module.hessian(model, loss, data=(x, y), cuda=False)


def test_eigenvalues_are_pyhessians(operator: Any, pyhessian: Any) -> None:
    torch.manual_seed(1)
    theirs, _ = pyhessian.eigenvalues(maxIter=500, tol=1e-8, top_n=3)
    ours = sh.top_eigenvalues(operator, 3, which="magnitude")
    assert ours.converged
    assert np.allclose(ours.values, theirs, rtol=1e-3)


def test_traces_are_pyhessians(operator: Any, pyhessian: Any) -> None:
    torch.manual_seed(2)
    theirs = np.array(pyhessian.trace(maxIter=300, tol=0.0))
    ours = sh.trace(operator, probes=300)
    error = math.hypot(ours.standard_error, theirs.std(ddof=1) / math.sqrt(len(theirs)))
    assert abs(ours.value - theirs.mean()) < 4 * error
    assert ours.standard_error == pytest.approx(theirs.std(ddof=1) / math.sqrt(300), rel=0.25)


def test_densities_are_pyhessians_where_its_weights_are_right(operator: Any, pyhessian: Any) -> None:
    """Version 0.1 takes the wrong weights from a solver that torch no longer has; what came after it is compared."""
    torch.manual_seed(3)
    try:
        nodes, weights = pyhessian.density(iter=12, n_v=20)
    except RuntimeError as error:
        pytest.skip(f"this PyHessian needs an older torch: {str(error)[:60]}")
    moments = [np.array([np.dot(w, np.power(n, k)).real for n, w in zip(nodes, weights, strict=True)]) for k in (1, 2)]
    ours = sh.spectral_density(operator, steps=12, probes=20)
    for k, theirs in zip((1, 2), moments, strict=True):
        value, error = ours.moment(k)
        assert abs(value - theirs.mean()) < 4 * math.hypot(error, theirs.std(ddof=1) / math.sqrt(20))
