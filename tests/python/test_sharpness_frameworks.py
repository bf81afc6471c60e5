"""hu.sharpness on torch and JAX: products and traces of Hessians that are known in closed form."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

sh = pytest.importorskip("halfulp.sharpness")

SAMPLES, FEATURES = 60, 7


def logistic(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x, y, w, the gradient and the Hessian of the mean cross-entropy of a logistic regression."""
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal((SAMPLES, FEATURES)), rng.standard_normal(FEATURES)
    y = (rng.random(SAMPLES) < 0.5).astype(float)
    p = 1 / (1 + np.exp(-x @ w))
    return x, y, w, x.T @ (p - y) / SAMPLES, (x * (p * (1 - p))[:, None]).T @ x / SAMPLES


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


@pytest.fixture(scope="module")
def jax() -> Any:
    return pytest.importorskip("jax")


def torch_problem(torch: Any, seed: int, dtype: str = "float64") -> tuple[Any, Any, np.ndarray, np.ndarray]:
    x, y, w, gradient, hessian = logistic(seed)
    kind = getattr(torch, dtype)
    parameter = torch.tensor(w, dtype=kind, requires_grad=True)
    inputs, targets = torch.tensor(x, dtype=kind), torch.tensor(y, dtype=kind)
    loss = torch.nn.functional.binary_cross_entropy_with_logits
    return lambda: loss(inputs @ parameter, targets), parameter, gradient, hessian


@pytest.mark.parametrize("keep_graph", [True, False])
def test_torch_products_of_a_logistic_regression(torch: Any, keep_graph: bool) -> None:
    loss, parameter, _, hessian = torch_problem(torch, 0)
    operator = sh.torch_hvp(loss, parameter, keep_graph=keep_graph)
    assert operator.size == FEATURES
    assert np.allclose(operator.matrix(), hessian, atol=1e-15)
    assert sh.trace(operator, method="hutch++").value == pytest.approx(np.trace(hessian), rel=1e-12)
    assert sh.top_eigenvalues(operator).values[0] == pytest.approx(np.linalg.eigvalsh(hessian)[-1], rel=1e-9)
    several = sh.torch_hvp([loss, loss, loss], {"w": parameter}, keep_graph=keep_graph)
    assert np.allclose(several.matrix(), hessian, atol=1e-15)
    assert several.blocks == (("w", FEATURES),)
    assert parameter.grad is None


def test_torch_in_float32_rounds_and_nothing_else(torch: Any) -> None:
    loss, parameter, _, hessian = torch_problem(torch, 1, "float32")
    matrix = sh.torch_hvp(loss, parameter).matrix()
    assert 0 < np.abs(matrix - hessian).max() < 1e-6


def test_torch_models_layer_by_layer(torch: Any) -> None:
    """y = B A x with squared loss: the Hessian's blocks are Kronecker products of what each factor does not hold."""
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((4, 5)), rng.standard_normal((3, 4))
    x, y = rng.standard_normal((20, 5)), rng.standard_normal((20, 3))
    model = torch.nn.Sequential(torch.nn.Linear(5, 4, bias=False), torch.nn.Linear(4, 3, bias=False)).double()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(a))
        model[1].weight.copy_(torch.tensor(b))
    square = lambda out, target: ((out - target) ** 2).sum(dim=1).mean()  # noqa: E731
    batches = [(torch.tensor(x[:5]), torch.tensor(y[:5])), (torch.tensor(x[5:]), torch.tensor(y[5:]))]
    whole = sh.torch_hessian(model, square, batches)
    assert [name for name, _ in whole.blocks] == ["0.weight", "1.weight"]
    inner, outer = 2 * x.T @ x / 20, 2 * (x @ a.T).T @ (x @ a.T) / 20
    matrix = whole.matrix()
    assert np.allclose(matrix[:20, :20], np.kron(b.T @ b, inner))
    assert np.allclose(matrix[20:, 20:], np.kron(np.eye(3), outer))
    assert sh.asymmetry(whole) < 1e-14
    exact = {"0.weight": np.trace(b.T @ b) * np.trace(inner), "1.weight": 3 * np.trace(outer)}
    joint = sh.layer_traces(whole, probes=500)

    def loss() -> Any:
        return square(model(torch.tensor(x)), torch.tensor(y))

    apart = sh.layer_traces(sh.torch_layers(loss, model.named_parameters()), method="hutch++")
    for name, value in exact.items():
        assert abs(joint[name].value - value) < 4 * joint[name].standard_error
        assert apart[name].value == pytest.approx(value, rel=1e-10)
        assert joint[name].size == apart[name].size


def test_torch_activations_are_parameters_too(torch: Any) -> None:
    h = torch.randn(6, dtype=torch.float64, requires_grad=True)
    operator = sh.torch_hvp(lambda: (h**4).sum(), h)
    assert np.allclose(operator.matrix(), np.diag(12 * h.detach().numpy() ** 2))


def test_torch_losses_without_a_second_derivative(torch: Any) -> None:
    w = torch.ones(3, dtype=torch.float64, requires_grad=True)
    v = torch.ones(2, dtype=torch.float64, requires_grad=True)
    assert np.array_equal(sh.torch_hvp(lambda: w.sum(), w).matrix(), np.zeros((3, 3)))
    both = sh.torch_hvp(lambda: (w**2).sum(), [w, v]).matrix()
    assert np.allclose(both, np.diag([2, 2, 2, 0, 0]))


def test_torch_loss_as_a_function_of_a_vector(torch: Any) -> None:
    loss, parameter, gradient, _ = torch_problem(torch, 3)
    value, slope, point = sh.torch_loss(loss, parameter)
    assert np.array_equal(point, parameter.detach().numpy())
    assert value(point) == pytest.approx(loss().item())
    assert np.allclose(slope(point), gradient, atol=1e-15)
    moved = value(point + 1)
    assert np.array_equal(parameter.detach().numpy(), logistic(3)[2])
    assert moved != value(point)
    found = sh.sam(value, point, gradient=slope, rho=0.1)
    assert found.value >= found.first_order > 0
    with pytest.raises(ValueError, match="x has 3 elements, allowed: 7"):
        value(np.ones(3))


def test_bad_torch_input_is_named(torch: Any) -> None:
    w = torch.ones(3, requires_grad=True)
    other = torch.ones(3, requires_grad=True)
    with pytest.raises(ValueError, match="loss depends on none of the parameters"):
        sh.torch_hvp(lambda: (w**2).sum(), other).matrix()
    with pytest.raises(ValueError, match=r"loss returned a result of shape \(3,\)"):
        sh.torch_hvp(lambda: w**2, w).matrix()
    with pytest.raises(ValueError, match="one element without a graph"):
        sh.torch_hvp(lambda: torch.tensor(1.0), w).matrix()
    with pytest.raises(ValueError, match="loss returned a result of type float"):
        sh.torch_hvp(lambda: 1.0, w).matrix()
    with pytest.raises(ValueError, match=r"parameters\['0'\] does not require grad"):
        sh.torch_hvp(lambda: w.sum(), torch.ones(3))
    with pytest.raises(TypeError, match=r"parameters\['0'\] is a torch.int64"):
        sh.torch_hvp(lambda: w.sum(), [torch.ones(3, dtype=torch.int64)])
    with pytest.raises(ValueError, match="parameters is empty"):
        sh.torch_hvp(lambda: w.sum(), [])
    with pytest.raises(TypeError, match="loss is a float"):
        sh.torch_hvp(1.0, w)
    with pytest.raises(ValueError, match="batches is empty"):
        sh.torch_hessian(torch.nn.Linear(2, 2), torch.nn.MSELoss(), [])
    nan = torch.tensor([float("nan")], requires_grad=True)
    with pytest.raises(ValueError, match="product 1 of the operator holds nan"):
        sh.trace(sh.torch_hvp(lambda: (nan**4).sum(), nan))


def jax_problem(jax: Any, seed: int) -> tuple[Any, Any, np.ndarray, np.ndarray]:
    x, y, w, gradient, hessian = logistic(seed)

    def loss(parameters: Any) -> Any:
        z = x[:, :3] @ parameters["a"] + x[:, 3:] @ parameters["b"]
        return jax.numpy.mean(jax.numpy.logaddexp(0.0, z) - y * z)

    return loss, {"a": jax.numpy.asarray(w[:3]), "b": jax.numpy.asarray(w[3:])}, gradient, hessian


def test_jax_products_of_a_logistic_regression(jax: Any) -> None:
    loss, parameters, gradient, hessian = jax_problem(jax, 4)
    bound = 1e-14 if jax.config.jax_enable_x64 else 1e-6  # JAX computes in float32 unless told otherwise
    operator = sh.jax_hvp(loss, parameters)
    assert operator.blocks == (("['a']", 3), ("['b']", 4))
    assert np.abs(operator.matrix() - hessian).max() < bound
    traces = sh.layer_traces(operator, probes=400)
    assert abs(traces["['a']"].value - np.trace(hessian[:3, :3])) < 4 * traces["['a']"].standard_error
    value, slope, point = sh.jax_loss(loss, parameters)
    assert value(point) == pytest.approx(float(loss(parameters)), rel=1e-6)
    assert np.abs(slope(point) - gradient).max() < bound
    assert sh.epsilon_sharpness(value, point, gradient=slope, epsilon=0.05).value > 0


def test_bad_jax_input_is_named(jax: Any) -> None:
    with pytest.raises(ValueError, match="parameters holds no arrays"):
        sh.jax_hvp(lambda p: 0.0, {})
    with pytest.raises(TypeError, match=r"parameters\['a'\] has dtype int32"):
        sh.jax_hvp(lambda p: 0.0, {"a": jax.numpy.arange(3, dtype="int32")})
    with pytest.raises(ValueError, match="loss returned"):
        sh.jax_hvp(lambda p: p, jax.numpy.ones(3))
    with pytest.raises(TypeError, match="loss is a int"):
        sh.jax_hvp(3, jax.numpy.ones(3))
    with pytest.raises(ValueError, match="x has 2 elements, allowed: 3"):
        sh.jax_loss(lambda p: (p**2).sum(), jax.numpy.ones(3))[0](np.ones(2))
