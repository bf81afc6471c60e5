"""hu.error's levels: against printed tables, fixed points worked out from closed forms, and Lloyd's iteration in
Fractions."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from statistics import NormalDist

import halfulp as hu
import numpy as np
import pytest

# Max, Quantizing for Minimum Distortion (1960), table 1: the error, printed to four digits, and the positive levels.
MAX_1960 = {
    2: (0.3634, [0.7980]),
    3: (0.1902, [0.0, 1.224]),
    4: (0.1175, [0.4528, 1.510]),
    8: (0.03454, [0.2451, 0.7560, 1.344, 2.152]),
    16: (0.009497, [0.1284, 0.3881, 0.6568, 0.9424, 1.256, 1.618, 2.069, 2.733]),
}


# --- distributions: moments up to x of the density, of x p(x) and of x² p(x)
def normal_moments(x: float) -> tuple[float, float, float]:
    if math.isinf(x):
        return (float(x > 0), 0.0, float(x > 0))
    density, below = math.exp(-x * x / 2) / math.sqrt(2 * math.pi), math.erfc(-x / math.sqrt(2)) / 2
    return below, -density, below - x * density


def laplace_moments(x: float) -> tuple[float, float, float]:
    if math.isinf(x):
        return (float(x > 0), 0.0, float(x > 0))
    rate, a = math.sqrt(2), abs(x)
    beyond = math.exp(-rate * a) / 2
    second = beyond * (a * a + rate * a + 1)
    return (1 - beyond if x > 0 else beyond, -beyond * (a + 1 / rate), 1 - second if x > 0 else second)


def uniform_moments(x: float) -> tuple[float, float, float]:
    end = math.sqrt(3)
    x = min(max(x, -end), end)
    return (x + end) / (2 * end), (x * x - 3) / (4 * end), (x**3 + end**3) / (6 * end)


MOMENTS = {"normal": normal_moments, "laplace": laplace_moments, "uniform": uniform_moments}


def cells(levels: list[float], distribution: str) -> list[tuple[float, float, float]]:
    """The moments of each level's cell."""
    bounds = [-math.inf, *((a + b) / 2 for a, b in pairwise(levels)), math.inf]
    table = [MOMENTS[distribution](b) for b in bounds]
    return [(b[0] - a[0], b[1] - a[1], b[2] - a[2]) for a, b in pairwise(table)]


def error_of(levels: list[float], distribution: str) -> float:
    parts = zip(levels, cells(levels, distribution), strict=True)
    return sum(second - 2 * c * first + c * c * mass for c, (mass, first, second) in parts)


@pytest.mark.parametrize("count", MAX_1960)
def test_levels_of_the_normal_distribution_are_those_that_max_printed(count: int) -> None:
    error, positive = MAX_1960[count]
    found = hu.error.lloyd_max(count)
    assert found.mse == pytest.approx(error, abs=6e-5 if error > 0.1 else 1e-5)
    np.testing.assert_allclose(found.values[count // 2 :], positive, rtol=0, atol=6e-4)
    np.testing.assert_array_equal(found.values, -found.values[::-1])


@pytest.mark.parametrize("distribution", MOMENTS)
@pytest.mark.parametrize("count", [2, 3, 4, 7, 16])
def test_levels_are_where_lloyds_iteration_ends(distribution: str, count: int) -> None:
    levels = [4.0 * (2 * i + 1 - count) / count for i in range(count)]
    if distribution == "uniform":
        levels = [x / 4 for x in levels]  # so that no cell is empty
    for _ in range(4000):
        levels = [first / mass for mass, first, _ in cells(levels, distribution)]
    found = hu.error.lloyd_max(count, distribution)
    np.testing.assert_allclose(found.values, levels, rtol=0, atol=1e-9)
    assert found.mse == pytest.approx(error_of(levels, distribution), rel=1e-9)
    assert found.values.dtype == np.float64


@pytest.mark.parametrize(("distribution", "count", "error"), [("laplace", 8, 0.0544760), ("uniform", 16, 1 / 256)])
def test_a_table_of_levels_leaves_the_error_that_is_named(distribution: str, count: int, error: float) -> None:
    found = hu.error.lloyd_max(count, distribution)
    assert found.mse == pytest.approx(error, abs=5e-8)
    draw = np.random.default_rng(1)
    x = draw.laplace(scale=math.sqrt(0.5), size=400_000) if distribution == "laplace" else draw.uniform(-1, 1, 400_000)
    x *= 1 if distribution == "laplace" else math.sqrt(3)
    rounded = hu.round(x, hu.codebook(found.values))
    assert np.mean((x - rounded) ** 2) == pytest.approx(found.mse, rel=0.02)


# --- data
def lloyd(x: np.ndarray, count: int, iterations: int) -> list[Fraction]:
    """The docstring's iteration in Fractions; only the division and what follows it is in floating point."""
    data = sorted(Fraction(float(v)) for v in x)
    distinct = sorted(set(data))
    levels = [distinct[(2 * i + 1) * len(distinct) // (2 * count)] for i in range(count)]
    for _ in range(iterations):
        members: list[list[Fraction]] = [[] for _ in levels]
        for v in data:
            members[min(range(count), key=lambda i: (abs(v - levels[i]), levels[i]))].append(v)
        means = [float(sum(m, Fraction(0))) / len(m) if m else None for m in members]
        new = [c if m is None else Fraction(float(x.dtype.type(m))) for c, m in zip(levels, means, strict=True)]
        if new == levels:
            break
        levels = new
    return levels


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("iterations", [1, 2, 1000])
def test_levels_of_data_are_those_of_the_iteration_in_fractions(dtype: type, iterations: int) -> None:
    rng = np.random.default_rng(2)
    for count, x in [
        (2, rng.standard_normal(9)),
        (4, rng.standard_normal(200)),
        (5, np.round(rng.standard_normal(60) * 4)),  # many equal ones, and ties
        (7, rng.standard_normal(40) * 10.0 ** rng.integers(-8, 8, 40)),  # cells that stay empty
        (16, rng.laplace(size=100)),
    ]:
        data = x.astype(dtype)
        found = hu.error.lloyd_max_from_data(data, count, iterations)
        wanted = lloyd(data, count, iterations)
        assert [Fraction(v) for v in found.values] == wanted
        nearest = [min(abs(Fraction(float(v)) - c) for c in wanted) for v in data]
        assert found.mse == pytest.approx(float(sum(d * d for d in nearest) / len(data)), rel=1e-12)


def test_levels_of_much_normal_data_are_near_those_of_the_distribution() -> None:
    x = np.random.default_rng(3).standard_normal((1000, 400)).astype(np.float32)
    found = hu.error.lloyd_max_from_data(x, 16)
    best = hu.error.lloyd_max(16)
    assert found.mse == pytest.approx(best.mse, rel=0.02)
    np.testing.assert_allclose(found.values, best.values, atol=0.06)
    rounded = hu.round(x, hu.codebook(found.values))
    assert found.mse == pytest.approx(np.mean((x.astype(np.float64) - rounded) ** 2), rel=1e-9)


def test_narrow_carriers_count_as_float32_and_lists_as_float64() -> None:
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(4).standard_normal(64).astype(np.float16)
    wanted = hu.error.lloyd_max_from_data(x.astype(np.float32), 4)
    for same in (x, torch.from_numpy(x.copy())):
        found = hu.error.lloyd_max_from_data(same, 4)
        np.testing.assert_array_equal(found.values, wanted.values)
        assert found.mse == wanted.mse
    brief = torch.from_numpy(x.astype(np.float32)).bfloat16()
    np.testing.assert_array_equal(
        hu.error.lloyd_max_from_data(brief, 4).values, hu.error.lloyd_max_from_data(brief.float(), 4).values
    )
    np.testing.assert_array_equal(hu.error.quantile_map(brief, 4), hu.error.quantile_map(brief.float(), 4))
    assert hu.error.lloyd_max_from_data([0.1, 0.2, 0.7, 0.8], 2).values.tolist() == [(0.1 + 0.2) / 2, 0.75]


@pytest.mark.parametrize("bits", [2, 4, 7])
def test_a_quantile_map_is_numpys_quantiles_over_the_largest(bits: int) -> None:
    x = np.random.default_rng(5).standard_normal((31, 40)).astype(np.float32)
    count = 2**bits - 1
    quantiles = np.quantile(x.astype(np.float64), (np.arange(count) + 0.5) / count)
    wanted = np.unique(np.append(quantiles / np.abs(quantiles).max(), 0))
    found = hu.error.quantile_map(x, bits)
    assert found.shape == (2**bits,)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=2.0**-24)
    np.testing.assert_array_equal(found, found.astype(np.float32))
    codes = hu.encode(x / np.abs(quantiles).max(), hu.codebook(found))
    assert np.bincount(codes.reshape(-1)).max() < 2.5 * x.size / count  # each level is reached about equally often


def test_quantiles_that_occur_twice_are_kept_once() -> None:
    assert hu.error.quantile_map([3.0] * 5, 4).tolist() == [0.0, 1.0]
    assert hu.error.quantile_map([-2.0, -2.0, 0.0, 2.0], 2).tolist() == [-1.0, -0.5, 0.0, 0.5]


def test_normal_floats_are_quantiles_and_the_formats() -> None:
    for bits in range(2, 9):
        half = 2 ** (bits - 1)
        normal, offset = NormalDist(), 0.9677083
        ends = [normal.inv_cdf(0.5 + (offset - 0.5) * i / half) for i in range(1, half + 1)]
        below = [-normal.inv_cdf(0.5 + (offset - 0.5) * i / (half - 1)) for i in range(1, half)] if half > 1 else []
        wanted = np.array(sorted([*below, 0.0, *ends])) / ends[-1]
        for construction in ("qlora", "lq_lora"):
            found = hu.error.normal_float_values(bits, construction)
            np.testing.assert_allclose(found, wanted, rtol=0, atol=2e-7)
            assert (found[0], found[-1]) == (-1, 1)
        if bits != 4:
            np.testing.assert_array_equal(found, hu.format(f"nf{bits}").values())
    np.testing.assert_array_equal(hu.error.normal_float_values(4), hu.format("nf4").values())


# --- refusals
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: hu.error.lloyd_max_from_data(np.ones(9), 2), "x has 1 distinct values, allowed: 2 or more"),
        (lambda: hu.error.lloyd_max_from_data([], 2), "x has 0 distinct values, allowed: 2 or more"),
        (lambda: hu.error.quantile_map([], 2), "x has no elements, allowed: one or more"),
        (lambda: hu.error.quantile_map(np.zeros(9), 2), "x has no quantile but 0, allowed: other numbers"),
        (lambda: hu.error.quantile_map([1.0], 17), "bits is 17, allowed: 2 to 16"),
        (lambda: hu.error.lloyd_max(1), "levels is 1, allowed: 2 to 65536"),
        (lambda: hu.error.lloyd_max(65537), "levels is 65537, allowed: 2 to 65536"),
        (lambda: hu.error.lloyd_max(4, "cauchy"), "distribution is 'cauchy', allowed: 'normal', 'laplace', 'uniform'"),
        (lambda: hu.error.lloyd_max_from_data([1.0, 2.0], 2, 0), "iterations is 0, allowed: 1 to"),
        (lambda: hu.error.normal_float_values(9), "bits is 9, allowed: 2 to 8"),
        (lambda: hu.error.normal_float_values(4, "qora"), "construction is 'qora', allowed: 'qlora', 'lq_lora'"),
    ],
)
def test_refusals_name_the_argument_and_what_is_allowed(call: Callable[[], object], says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)):
        call()


@pytest.mark.parametrize("fit", [hu.error.lloyd_max_from_data, hu.error.quantile_map])
def test_data_are_finite_floats(fit: Callable[[object, int], object]) -> None:
    for bad in (math.nan, math.inf, -math.inf, 2.0**960):
        with pytest.raises(ValueError, match=r"x\[2\] is .*, allowed: finite numbers of magnitude below 2\^960"):
            fit(np.array([[1.0, 2.0], [bad, 3.0]]), 2)
    with pytest.raises(TypeError, match="x has dtype int64, allowed: float16"):
        fit(np.arange(4), 2)
    with pytest.raises(TypeError, match="is '4', allowed: an integer"):
        fit([1.0, 2.0], "4")  # type: ignore[arg-type]


def test_a_misspelled_name_is_an_error() -> None:
    with pytest.raises(AttributeError, match=r"no attribute 'loyd_max'$"):
        _ = hu.error.loyd_max
