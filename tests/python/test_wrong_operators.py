"""What is wrong with an operator, a loss or an argument of hu.sharpness is said, with its name, its value and what is
allowed. Operators that a user may well write (in place, in bfloat16, of one row) give what the matrix has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from halfulp import sharpness as sh

N = 12
MATRIX = np.add.outer(np.arange(1.0, N + 1), np.arange(1.0, N + 1)) / 7 + np.diag(np.arange(N))
TRACE = float(np.trace(MATRIX))


def in_place(v: np.ndarray) -> np.ndarray:
    v *= 2
    return v


# --- operators --------------------------------------------------------------------------------------------------------


def test_operators_that_change_their_input_are_functions_of_it() -> None:
    # Catches: a probe that the operator has changed, multiplied with the product.
    for estimate in (
        sh.trace(in_place, N),
        sh.trace(in_place, N, method="hutch++", sketch=N, probes=2),
        sh.trace(in_place, N, method="xtrace", probes=N, distribution="sphere"),
    ):
        assert estimate.value == pytest.approx(2 * N, rel=1e-9)
    assert sh.diagonal(in_place, N).value == pytest.approx(np.full(N, 2.0))
    assert sh.top_eigenvalues(in_place, 1, N).values == pytest.approx([2.0])
    assert sh.spectral_density(in_place, N).mean(np.square) == (pytest.approx(4), pytest.approx(0, abs=1e-12))


def test_operators_that_hand_their_input_on() -> None:
    # Catches: views of a buffer that is written to again.
    kept = []

    def identity(v: np.ndarray) -> np.ndarray:
        kept.append((v, v.copy()))
        return v

    assert sh.trace(identity, N).value == N
    assert all((now == then).all() for now, then in kept)
    assert sh.trace(lambda v: v[::-1], N).value == pytest.approx(0, abs=3 * N)


def test_one_row() -> None:
    for estimate in (sh.trace([[3.0]]), sh.trace([[3.0]], method="hutch++")):
        assert (estimate.value, estimate.standard_error) == (3.0, 0.0)
    assert sh.top_eigenvalues(lambda v: 3 * v, 1, 1).values.tolist() == [3.0]
    assert sh.spectral_density([[3.0]]).moment(3) == (27.0, 0.0)
    assert sh.lanczos([[3.0]]).nodes.tolist() == [3.0]
    with pytest.raises(ValueError, match="the operator has size 1, allowed with method 'xtrace': 2 or more"):
        sh.trace([[3.0]], method="xtrace")


def test_products_in_small_floats() -> None:
    # Catches: bfloat16, which NumPy does not have, refused although it is a real number. 2 is exact in it.
    torch = pytest.importorskip("torch")
    twice = lambda v: (torch.from_numpy(v) * 2).bfloat16()  # noqa: E731
    assert sh.trace(twice, 4).value == 8
    assert sh.trace(2 * torch.eye(4, dtype=torch.bfloat16)).value == 8
    dtypes = pytest.importorskip("ml_dtypes")
    assert sh.trace(lambda v: (2 * v).astype(dtypes.bfloat16), 4).value == 8
    w = torch.ones(3, dtype=torch.bfloat16)
    ball = sh.sam(lambda p: (torch.from_numpy(p) ** 2).sum().bfloat16(), np.zeros(3), gradient=lambda p: 2 * p, rho=0.5)
    assert ball.value == pytest.approx(0.25, rel=2**-8)
    box = sh.sam(lambda p: float(p @ p), np.zeros(3), gradient=lambda p: w * torch.from_numpy(p) * 2, rho=0.5)
    assert box.value == pytest.approx(0.25, rel=1e-6)


@pytest.mark.parametrize(
    ("operator", "kind", "message"),
    [
        ([[1.0, 2.0], [3.0]], ValueError, "operator has rows of different lengths, allowed: as many rows as columns"),
        (np.ma.masked_greater(MATRIX, 3), TypeError, "operator is a masked array, allowed: an array of real numbers"),
        (lambda v: np.ma.masked_greater(v, 0), TypeError, "product 1 of the operator is a masked array, allowed"),
        (lambda v: v[:-1], ValueError, r"product 1 of the operator has shape \(11,\), allowed: \(12,\)"),
        (lambda v: v[:, None], ValueError, r"product 1 of the operator has shape \(12, 1\), allowed: \(12,\)"),
        (lambda v: v + 0j, TypeError, "product 1 of the operator is a ndarray of dtype complex128"),
        (lambda v: v > 0, TypeError, "product 1 of the operator is a ndarray of dtype bool"),
        (lambda v: None, TypeError, "product 1 of the operator is a NoneType of dtype object"),
        (lambda v: v * np.nan, ValueError, "product 1 of the operator holds nan at element 0"),
        (lambda v: 1 / 0, ZeroDivisionError, "division by zero"),
    ],
)
@pytest.mark.parametrize(
    "measure",
    [
        sh.trace,
        lambda a, n: sh.trace(a, n, method="hutch++"),
        lambda a, n: sh.trace(a, n, method="xtrace"),
        sh.diagonal,
        sh.asymmetry,
        sh.lanczos,
        sh.spectral_density,
        lambda a, n: sh.top_eigenvalues(a, 1, n),
        lambda a, n: sh.top_eigenvalues(a, 1, n, method="power", which="magnitude"),
    ],
    ids=["trace", "hutch++", "xtrace", "diagonal", "asymmetry", "lanczos", "density", "top", "power"],
)
def test_operators_that_are_wrong(measure: Callable[..., object], operator, kind, message) -> None:
    with pytest.raises(kind, match=message):
        measure(operator, N if callable(operator) else None)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: sh.Operator(None, 3), TypeError, "multiply is a NoneType, allowed: a function of a vector"),
        (lambda: sh.Operator(abs, 0), ValueError, "size is 0, allowed: 1 to 2147483647"),
        (lambda: sh.Operator(abs, 2.5), TypeError, "size is 2.5, allowed: an integer"),
        (lambda: sh.Operator(abs, 3, 5), TypeError, "name is 5, allowed: a text"),
        (lambda: sh.Operator(abs, 3, "a", {"w": 3}), TypeError, r"blocks is \{'w': 3\}, allowed: a tuple of pairs"),
        (lambda: sh.Operator(abs, 3) @ np.full(3, 1j), TypeError, "x has dtype complex128, allowed: real numbers"),
        (lambda: sh.layer_traces(MATRIX, blocks=[("a", N)]), TypeError, r"blocks is \[\('a', 12\)\], allowed: a map"),
        (lambda: sh.layer_traces(MATRIX, blocks={1: 6, "1": 6}), ValueError, r"blocks has names that are alike, \[1, "),
        (lambda: sh.layer_traces({1: MATRIX, "1": MATRIX}), ValueError, "operators has names that are alike as texts"),
        (lambda: sh.spectral_density(MATRIX).mean(5), TypeError, "function is a int, allowed: a function of an array"),
        (lambda: sh.spectral_density(MATRIX).mean(lambda x: x + 0j), TypeError, "function returned dtype complex128"),
        (lambda: sh.spectral_density(MATRIX).mean(np.log), ValueError, "function is not finite at the node -"),
        (lambda: sh.spectral_density(MATRIX).density(sigma=1e-320), ValueError, "sigma is .*e-321, allowed: a width"),
        (lambda: sh.hawq({"a": 1.0}, {"a": 0}, {"a": 1.0}), ValueError, r"sizes\['a'\] is 0, allowed: .* above 0"),
        (lambda: sh.hawq({"a": 1.0}, {"a": 3}, {"a": -1.0}), ValueError, r"perturbations\['a'\] is -1.0, allowed"),
        (lambda: sh.hawq({"a": 1e308}, {"a": 1}, {"a": 1e308}), ValueError, r"traces\['a'\] and .* give inf, allowed"),
        (lambda: sh.hawq({1: 1.0, "1": 2.0}, [1, 1], [1.0, 1.0]), ValueError, "traces has names that are alike"),
        (lambda: sh.sam(lambda p: 0.0, {1: np.ones(2), "1": np.ones(2)}), ValueError, "parameters has names that are"),
        (lambda: sh.asam(lambda p: 0.0, np.ones(2), scale=np.ones(2), eta="x"), TypeError, "eta is 'x', allowed"),
        (lambda: sh.slice_1d(lambda p: 0.0, np.ones(2), format=5), TypeError, "format is a int, allowed: a text"),
        (lambda: sh.ulps(np.nan, "int8"), ValueError, "parameters is nan, allowed: finite numbers"),
        (
            lambda: sh.lyapunov_exponents(abs, None, [0.0, 1.0]),
            TypeError,
            r"jacobian is None, allowed: a function .*\(2",
        ),
        (lambda: sh.product_exponents(np.ones((5, 2)), seed=-1), ValueError, "seed is -1, allowed: 0 to"),
        (lambda: sh.kurtosis([1.0, 2.0], excess=5), TypeError, "excess is 5, allowed: True or False"),
        (lambda: sh.kurtosis([1.0, 2.0], centred="no"), TypeError, "centred is 'no', allowed: True or False"),
        (lambda: sh.outliers(np.ones((2, 2)), channel_axis=2), ValueError, "channel_axis is 2, allowed: -2 to 1"),
        (lambda: sh.gradient_noise_ratio({}, 0.1), ValueError, "gradient is empty, allowed: at least one array"),
        (lambda: sh.gradient_noise_ratio(np.ones(2), None), TypeError, "noise is a NoneType, allowed: a text"),
        (
            lambda: sh.gradient_noise_ratio({"a": np.ones(2)}, {"b": np.ones(2)}),
            ValueError,
            r"noise holds \['b'\], allowed: the names of gradient, \['a'\]",
        ),
        (
            lambda: sh.gradient_noise_ratio({"a": np.ones(2)}, [np.ones(2)]),
            ValueError,
            "noise is in another form than gradient, allowed: two mappings, or none",
        ),
    ],
)
def test_arguments_that_are_wrong(call: Callable[[], object], kind, message) -> None:
    # Catches: a layer that is lost as another has its name; a number that no argument was checked for.
    with pytest.raises(kind, match=message):
        call()


def test_mappings_in_another_order() -> None:
    # Catches: noise of one array beside the gradient of another.
    a, b = np.ones((2, 3)), np.full(4, 2.0)
    found = sh.gradient_noise_ratio({"a": a, "b": b}, {"b": b, "a": a})
    assert found.ratio == 1
    assert found.elements == 10


# --- magnitudes -------------------------------------------------------------------------------------------------------


def test_large_products_are_not_called_asymmetric() -> None:
    # Catches: an overflow of squares told as asymmetry; eigenvalues 1e300 times those of the matrix are right.
    large = sh.top_eigenvalues(MATRIX * 1e300)
    assert not large.converged
    assert large.diagnostics[0].startswith("overflow: squares of products are beyond float64")
    assert large.values[0] / 1e300 == pytest.approx(np.linalg.eigvalsh(MATRIX)[-1], rel=1e-6)
    assert sh.diagonal(MATRIX * 1e300, standard_error=1.0).reason.endswith("e+299")


@pytest.mark.parametrize("unit", [1e-300, 1e-30, 1e30, 1e300])
def test_kurtosis_knows_no_unit(unit: float) -> None:
    # Catches: fourth powers that overflow to 0, vanish to "equal channels", or do so beside larger rows.
    x = np.random.default_rng(0).laplace(size=(3, 50))
    assert sh.osp_kurtosis(unit * x) == pytest.approx(sh.osp_kurtosis(x), rel=1e-12)
    rows = x * np.array([[unit], [1.0], [1 / unit if unit > 1 else unit]])
    assert sh.kurtosis(rows, axis=1) == pytest.approx(sh.kurtosis(x, axis=1), rel=1e-12)
    assert sh.osp_kurtosis(rows) == pytest.approx(sh.osp_kurtosis(x), rel=1e-12)


# --- frameworks -------------------------------------------------------------------------------------------------------


def test_torch_arguments_that_are_wrong() -> None:
    # Catches: the second of two tensors of one name lost, one tensor's curvature counted twice.
    torch = pytest.importorskip("torch")
    model = torch.nn.Linear(3, 1)
    x, y = torch.ones(4, 3), torch.ones(4, 1)
    criterion = torch.nn.MSELoss()

    def loss() -> Any:
        return criterion(model(x), y)

    w, b = model.weight, model.bias
    for parameters, kind, message in (
        (model, TypeError, "parameters is a Linear, allowed: a tensor, several, or model.named_parameters"),
        (None, TypeError, "parameters is a NoneType, allowed: a tensor"),
        (torch.nn.Identity().named_parameters(), ValueError, "parameters is empty, allowed: at least one tensor"),
        ([w, w], ValueError, "parameters has one tensor twice, under 0, 1, allowed: each tensor once"),
        ([("a", w), ("a", b)], ValueError, r"parameters has names that are alike, \['a', 'a'\], allowed"),
    ):
        for helper in (sh.torch_hvp, sh.torch_layers, sh.torch_loss):
            if parameters is not None and not isinstance(parameters, (list, torch.nn.Module)):
                parameters = list(parameters)
            with pytest.raises(kind, match=message):
                helper(loss, parameters)
    with pytest.raises(TypeError, match="loss is a Tensor, allowed: a function without arguments"):
        sh.torch_hvp(loss(), w)
    _, gradient, point = sh.torch_loss(loss, torch.ones(3, requires_grad=True))
    with pytest.raises(ValueError, match="loss depends on none of the parameters"):
        gradient(point)
    for arguments, kind, message in (
        ((None, criterion, [(x, y)]), TypeError, "model is a NoneType, allowed: a torch.nn.Module"),
        ((model, None, [(x, y)]), TypeError, "loss is a NoneType, allowed: a function of outputs and targets"),
        ((model, criterion, None), TypeError, "batches is a NoneType, allowed: pairs"),
        ((model, criterion, [(x, y, y)]), TypeError, r"batches\[0\] is a tuple, allowed: a pair"),
        (
            (model, criterion, [(x, y), (x[:0], y[:0])]),
            ValueError,
            r"batches\[1\] has no samples, allowed: one or more",
        ),
        ((torch.nn.Identity(), criterion, [(x, y)]), ValueError, "parameters is empty"),
    ):
        with pytest.raises(kind, match=message):
            sh.torch_hessian(*arguments)


def test_jax_arguments_that_are_wrong() -> None:
    pytest.importorskip("jax")
    numpy = pytest.importorskip("jax.numpy")
    for helper in (sh.jax_hvp, sh.jax_loss):
        with pytest.raises(TypeError, match="parameters is 'x', allowed: arrays of floats"):
            helper(numpy.sum, "x")
        with pytest.raises(ValueError, match="parameters has 0 elements, allowed: at least one"):
            helper(numpy.sum, numpy.zeros(0))
        with pytest.raises(TypeError, match="loss returned dtype complex64, allowed: a real number"):
            helper(lambda p: numpy.sum(p) * 1j, numpy.ones(2))
    assert sh.trace(numpy.eye(4)).value == 4
    assert sh.trace(lambda v: (2 * numpy.asarray(v)).astype(numpy.bfloat16), 4).value == 8
