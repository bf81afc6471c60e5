"""hu.sharpness: kurtosis, outliers, gradient noise, and Lyapunov exponents, against closed forms."""

from __future__ import annotations

import math

import halfulp as hu
import numpy as np
import pytest

sh = pytest.importorskip("halfulp.sharpness")

COUNT = 2_000_000


def standard_error_of_kurtosis(x: np.ndarray) -> float:
    """From batches: moments of the eighth order are not needed."""
    parts = x.reshape(100, -1)
    return float(np.std([sh.kurtosis(p) for p in parts], ddof=1)) / 10


@pytest.mark.parametrize(
    ("name", "expected"), [("normal", 0.0), ("uniform", -1.2), ("laplace", 3.0), ("student 10", 1.0), ("logistic", 1.2)]
)
def test_kurtosis_of_known_distributions(name: str, expected: float) -> None:
    """6 / (nu - 4) for Student's t; five standard errors from batches."""
    rng = np.random.default_rng(0)
    x = {
        "normal": lambda: rng.standard_normal(COUNT),
        "uniform": lambda: rng.random(COUNT),
        "laplace": lambda: rng.laplace(size=COUNT),
        "student 10": lambda: rng.standard_t(10, size=COUNT),
        "logistic": lambda: rng.logistic(size=COUNT),
    }[name]()
    assert abs(sh.kurtosis(x) - expected) < 5 * standard_error_of_kurtosis(x) + 1e-4
    assert sh.kurtosis(3 * x + 100) == pytest.approx(sh.kurtosis(x), abs=1e-6)


def test_kurtosis_is_that_of_the_definition() -> None:
    stats = pytest.importorskip("scipy.stats")
    x = np.random.default_rng(1).standard_t(5, size=(40, 30))
    assert sh.kurtosis(x) == pytest.approx(stats.kurtosis(x, axis=None), rel=1e-12)
    assert np.allclose(sh.kurtosis(x, axis=1), stats.kurtosis(x, axis=1))
    assert sh.kurtosis(x, excess=False) == pytest.approx(sh.kurtosis(x) + 3)
    assert sh.kurtosis(x, centred=False) == pytest.approx((x**4).mean() / (x**2).mean() ** 2 - 3)
    for scale in (1e-300, 1e300, 1e-160):
        assert sh.kurtosis(x * scale) == pytest.approx(sh.kurtosis(x), rel=1e-9)
    assert math.isnan(sh.kurtosis(np.ones(4)))
    assert sh.kurtosis(x.astype(np.float32)) == pytest.approx(sh.kurtosis(x.astype(np.float32).astype(float)))
    with pytest.raises(ValueError, match="axis is 2, allowed: -2 to 1"):
        sh.kurtosis(x, axis=2)
    with pytest.raises(ValueError, match=r"x\[1\] is inf"):
        sh.kurtosis([1.0, np.inf])
    with pytest.raises(ValueError, match="at least one number"):
        sh.kurtosis(np.zeros(0))


def test_osps_own_kurtosis() -> None:
    """The formula of the authors' code, written out with sums over one token at a time."""
    rng = np.random.default_rng(2)
    states = [rng.standard_t(4, size=(2, 5, 32)), rng.random((7, 16))]
    total = []
    for state in states:
        values = []
        for token in state.reshape(-1, state.shape[-1]):
            n = len(token)
            mean = math.fsum(token) / n
            variance = math.fsum((x - mean) ** 2 for x in token) / (n - 1)
            values.append(max(math.fsum(x**4 for x in token) / n / variance**2 - 3, 0))
        total.append(math.fsum(values) / len(values))
    assert sh.osp_kurtosis(states) == pytest.approx(sum(total) / 2, rel=1e-12)
    assert sh.osp_kurtosis({"a": states[0], "b": states[1]}) == pytest.approx(sum(total) / 2, rel=1e-12)
    assert sh.osp_kurtosis(states[1]) == pytest.approx(total[1], rel=1e-12)
    with pytest.raises(ValueError, match=r"states\[0\] has a token of 4 equal channels"):
        sh.osp_kurtosis(np.ones((2, 4)))
    with pytest.raises(ValueError, match="states is empty"):
        sh.osp_kurtosis([])


def test_a_rotation_divides_kurtosis_by_the_length() -> None:
    """Exactly κ / n for independent entries; Laplace's 3 with n = 256 is .0117."""
    x = np.random.default_rng(3).laplace(size=(20_000, 256))
    found = sh.rotated(x)
    parts = [sh.kurtosis(p) for p in found.values.reshape(50, -1)]
    assert abs(found.after.kurtosis - 3 / 256) < 5 * np.std(parts, ddof=1) / math.sqrt(50)
    assert found.before.kurtosis == pytest.approx(3, abs=0.05)
    assert found.block == 256
    assert np.linalg.norm(found.values) == pytest.approx(np.linalg.norm(x))


def test_one_outlier_becomes_even() -> None:
    one = np.zeros(64)
    one[5] = 7
    assert sh.kurtosis(one, centred=False, excess=False) == pytest.approx(64)
    found = sh.rotated(one)
    assert sh.kurtosis(found.values, centred=False, excess=False) == pytest.approx(1)
    assert found.before.max_over_rms == pytest.approx(8)
    assert found.after.max_over_rms == pytest.approx(1)
    assert found.before.max_over_median == math.inf


def test_measures_of_outliers() -> None:
    x = np.random.default_rng(4).standard_normal((1000, 48))
    x[:, 7] *= 30
    found = sh.outliers(x)
    assert found.max_over_rms == pytest.approx(np.abs(x).max() / np.sqrt((x**2).mean()))
    assert found.max_over_median == pytest.approx(np.abs(x).max() / np.median(np.abs(x)))
    assert found.share == pytest.approx((np.abs(x - x.mean()) > 6 * x.std()).mean())
    rms = np.sqrt((x**2).mean(axis=0))
    assert found.channel_ratio == pytest.approx(rms.max() / np.median(rms))
    assert found.elements == 48_000
    for scale in (1e-200, 1e305):
        assert sh.outliers(x * scale).max_over_rms == pytest.approx(found.max_over_rms)
    assert sh.outliers(x.T, channel_axis=0).channel_ratio == pytest.approx(found.channel_ratio)
    turned = sh.rotated(x, seed=0)
    assert turned.after.kurtosis < found.kurtosis / 10
    assert turned.after.channel_ratio < 3
    with pytest.raises(ValueError, match="x holds zeros alone"):
        sh.outliers(np.zeros(4))
    with pytest.raises(ValueError, match="sigmas is 0"):
        sh.outliers(x, sigmas=0)
    with pytest.raises(ValueError, match=r"x has shape \(\)"):
        sh.rotated(1.0)


def test_gradients_beside_noise() -> None:
    rng = np.random.default_rng(5)
    g = {"a": rng.standard_normal((20, 30)), "b": rng.standard_normal(50)}
    flat = np.concatenate([g["a"].ravel(), g["b"]])
    noise = {"a": 0.1 * rng.standard_normal((20, 30)), "b": 0.1 * rng.standard_normal(50)}
    together = np.concatenate([noise["a"].ravel(), noise["b"]])
    found = sh.gradient_noise_ratio(g, noise)
    assert found.ratio == pytest.approx(np.linalg.norm(flat) / np.linalg.norm(together))
    assert found.elements == 650
    assert found.sufficient
    assert sh.gradient_noise_ratio(flat, 0.5).ratio == pytest.approx(np.linalg.norm(flat) / (0.5 * math.sqrt(650)))
    assert sh.gradient_noise_ratio(flat, 0.5).deviation == pytest.approx(0.5)
    for ratio, enough in ((1.73, False), (1.74, True)):  # √3 is between
        assert sh.gradient_noise_ratio(np.ones(50), 1 / ratio).sufficient is enough
    quantized = sh.gradient_noise_ratio(flat, "nvfp4")
    error = np.asarray(hu.fake_quantize(flat, "nvfp4")) - flat
    assert quantized.ratio == pytest.approx(np.linalg.norm(flat) / np.linalg.norm(error))
    assert sh.gradient_noise_ratio(flat, 0.0).ratio == math.inf
    assert math.isnan(sh.gradient_noise_ratio(0 * flat, 0 * flat).ratio)
    for scale in (1e-200, 1e200):
        assert sh.gradient_noise_ratio(flat * scale, together * scale).ratio == pytest.approx(found.ratio)
    random = sh.gradient_noise_ratio(flat, "mxfp4", rounding="stochastic", rng=1)
    assert random.ratio < sh.gradient_noise_ratio(flat, "mxfp4").ratio
    with pytest.raises(ValueError, match="noise has shapes"):
        sh.gradient_noise_ratio(flat, np.ones(3))
    with pytest.raises(TypeError, match="'rng' is given"):
        sh.gradient_noise_ratio(flat, 0.5, rng=1)


def test_the_logistic_map() -> None:
    """ln 2 at 4; at 3.2 the orbit has period 2 and the exponent is ln of the product of both slopes over 2."""
    found = sh.lyapunov_exponents(lambda x: 4 * x * (1 - x), lambda x: 4 - 8 * x, 0.3, steps=64_000)
    assert abs(found.largest - math.log(2)) < 5 * found.standard_error[0] + 1e-4
    assert found.converged is None
    r = 3.2
    period = np.roots([-(r**3), 2 * r**3, -(r**3 + r**2), r**2 - 1]).real
    orbit = [x for x in period if abs(r * x * (1 - x) - x) > 1e-6]
    exact = math.log(abs(np.prod([r - 2 * r * x for x in orbit]))) / 2
    stable = sh.lyapunov_exponents(lambda x: r * x * (1 - x), lambda x: r - 2 * r * x, 0.3, steps=6400, skip=1000)
    assert stable.largest == pytest.approx(exact, abs=1e-9)
    assert stable.growth(100) == pytest.approx(math.exp(100 * stable.largest))


def test_henon() -> None:
    found = sh.lyapunov_exponents(
        lambda x: np.array([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]]),
        lambda x: np.array([[-2.8 * x[0], 1], [0.3, 0]]),
        [0.0, 0.0],
        steps=64_000,
    )
    assert found.sum == pytest.approx(math.log(0.3), abs=1e-12)
    assert abs(found.largest - 0.4192) < 5 * found.standard_error[0] + 1e-3
    stopped = sh.lyapunov_exponents(
        lambda x: np.array([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]]),
        lambda x: np.array([[-2.8 * x[0], 1], [0.3, 0]]),
        [0.0, 0.0],
        steps=200_000,
        standard_error=5e-3,
        count=1,
    )
    assert stopped.converged
    assert stopped.steps < 200_000
    assert stopped.standard_error[0] <= 5e-3


def test_linear_recurrences() -> None:
    a = np.random.default_rng(6).standard_normal((5, 5))
    a = np.triu(a, 1) + np.diag([1.5, -0.9, 0.7, 0.3, -0.05])
    expected = np.log([1.5, 0.9, 0.7, 0.3, 0.05])
    found = sh.lyapunov_exponents(lambda x: 0 * x, a, np.zeros(5), steps=6400, skip=500)
    assert np.allclose(found.value, expected, atol=1e-10)
    assert np.allclose(sh.lyapunov_exponents(lambda x: 0 * x, a, np.zeros(5), count=2, skip=500).value, expected[:2])
    # In turns A, B, C: the third part of ln of the eigenvalues of C B A; of A B C they are others.
    three = np.random.default_rng(8).standard_normal((3, 3, 3))
    expected = np.sort(np.log(np.abs(np.linalg.eigvals(three[2] @ three[1] @ three[0]))))[::-1] / 3
    assert not np.allclose(
        expected, np.sort(np.log(np.abs(np.linalg.eigvals(three[0] @ three[1] @ three[2]))))[::-1] / 3
    )
    count = np.array([1.0, 0, 0])
    found = sh.lyapunov_exponents(lambda x: x + count, lambda x: three[int(x[0]) % 3], 0 * count, steps=9600, skip=600)
    assert np.allclose(found.value, expected, atol=2e-3)
    assert np.allclose(sh.product_exponents(np.tile(three, (3000, 1, 1))).value, expected, atol=1e-2)
    # Real parts of complex eigenvalues: a rotation keeps lengths.
    turn = np.array([[0, -2.0], [2, 0]])
    assert np.allclose(sh.lyapunov_exponents(lambda x: 0 * x, turn, np.zeros(2)).value, math.log(2))


def test_products_of_recorded_matrices() -> None:
    rng = np.random.default_rng(7)
    diagonal = np.exp(-rng.random((640, 3)) * np.array([0.1, 1, 3]))  # a selective state space: never above 1
    found = sh.product_exponents(diagonal)
    assert np.allclose(found.value, np.sort(np.log(diagonal).mean(axis=0))[::-1])
    assert (found.value <= 0).all()
    assert np.array_equal(sh.product_exponents(-diagonal).value, found.value)
    assert found.method == "diagonal"
    whole = sh.product_exponents(np.stack([np.diag(d) for d in diagonal]))
    assert np.allclose(whole.value, found.value, atol=0.05)  # directions settle during the first steps
    assert whole.method == "QR"
    matrices = rng.standard_normal((500, 4, 4))
    product = sh.product_exponents(matrices, blocks=10)
    logs = np.log(np.abs(np.linalg.det(matrices)))
    assert product.sum == pytest.approx(logs.mean(), abs=1e-10)
    assert sh.product_exponents(np.ones((5, 2))).steps == 5
    with pytest.raises(ValueError, match="blocks is 6, allowed: 2 to 5"):
        sh.product_exponents(np.ones((5, 2)), blocks=6)
    with pytest.raises(ValueError, match=r"jacobians has shape \(3,\)"):
        sh.product_exponents(np.ones(3))


def test_bad_recurrences_are_named() -> None:
    with pytest.raises(ValueError, match=r"the state holds inf after step \d+, allowed: finite numbers"):
        sh.lyapunov_exponents(lambda x: x * x if x[0] < 1e150 else x * np.inf, lambda x: 2 * x, 10.0)
    with pytest.raises(ValueError, match=r"step returned shape \(2,\), allowed: \(1,\)"):
        sh.lyapunov_exponents(lambda x: np.ones(2), lambda x: 2 * x, 0.5)
    with pytest.raises(ValueError, match=r"jacobian returned an array that has shape \(2, 2\), allowed: \(1, 1\)"):
        sh.lyapunov_exponents(lambda x: x, lambda x: np.eye(2), 0.5)
    with pytest.raises(ValueError, match=r"jacobian has shape \(2, 2\), allowed: \(3, 3\)"):
        sh.lyapunov_exponents(lambda x: x, np.eye(2), np.zeros(3))
    with pytest.raises(TypeError, match="step returned an array that has dtype <U1, allowed: real numbers"):
        sh.lyapunov_exponents(lambda x: "a", lambda x: x, 0.5)
    with pytest.raises(ValueError, match="count is 2, allowed: 1 to 1"):
        sh.lyapunov_exponents(lambda x: x, lambda x: x, 0.5, count=2)
    with pytest.raises(ValueError, match="steps is 10, allowed: 32 to"):
        sh.lyapunov_exponents(lambda x: x, lambda x: x, 0.5, steps=10)
    with pytest.raises(ValueError, match=r"start is nan|start\[\] is nan"):
        sh.lyapunov_exponents(lambda x: x, lambda x: x, np.nan)
