"""Expected errors of affine integers against an integral of another kind: over the ends of a group's range, with closed
forms of the normal distribution for every cell of every range, and against the emulator on long samples."""

from __future__ import annotations

import math

import halfulp as hu
import numpy as np
import pytest
from scipy.special import ndtr


def normal_density(x: np.ndarray) -> np.ndarray:
    return np.exp(-x * x / 2) / math.sqrt(2 * math.pi)


class Ranges:
    """E (x̂ - x)², E (x̂ - x) and P(code) of groups of normal numbers with this mean, under exact scales."""

    def __init__(self, bits: int, group: int, mean: float) -> None:
        self.most, self.group, self.mean = 2**bits - 1, group, mean
        self.squared = self.error = 0.0
        self.codes = np.zeros(self.most + 1)

    def density(self, x: np.ndarray) -> np.ndarray:
        return normal_density(x - self.mean)

    def add(self, low: np.ndarray, high: np.ndarray, scale: float, weights: np.ndarray, own: list[np.ndarray]) -> None:
        """Ranges [-low, high], and those of a group's elements, `own`, that are their ends."""
        zeros = np.clip(np.rint(low / scale), 0, self.most)[:, None]
        members = (np.arange(self.most + 1) - zeros) * scale
        borders = np.concatenate([-low[:, None], members[:, :-1] + scale / 2, high[:, None]], 1)
        borders = np.clip(borders, -low[:, None], high[:, None]) - self.mean
        # Moments of the normal distribution up to each border, then cells as differences.
        below, density = ndtr(borders), normal_density(borders)
        mass, first, second = np.diff(below), -np.diff(density), np.diff(below - borders * density)
        inside = mass.sum(1)
        others = self.group - len(own)
        weight = weights * others * inside ** (others - 1)
        centers = members - self.mean
        self.squared += float(weight @ (second - 2 * centers * first + centers**2 * mass).sum(1))
        self.error += float(weight @ (centers * mass - first).sum(1))
        self.codes += weight @ mass
        weight = weights * inside**others
        for x in own:
            code = np.clip(np.rint(x / scale) + zeros[:, 0], 0, self.most)
            error = (code - zeros[:, 0]) * scale - x
            self.squared += float(weight @ error**2)
            self.error += float(weight @ error)
            np.add.at(self.codes, code.astype(int), weight)

    def run(self, widths: int, places: int) -> Ranges:
        """`widths`: points for each unit of the range; `places`: for the smallest number in half a scale."""
        at, points = np.polynomial.legendre.leggauss(places)
        half = np.arange(2 * self.most) + 0.5
        for unit in range(14):
            for place, step in zip(*np.polynomial.legendre.leggauss(widths), strict=True):
                width = unit + 0.5 + place / 2
                scale = width / self.most
                low = ((half[:, None] + at / 2) * scale / 2).ravel()
                own = [width - low, -low]
                ends = self.density(own[0]) * self.density(own[1]) * (self.group - 1)
                weights = step / 2 * np.tile(points, len(half)) * scale / 4 * ends
                self.add(low, own[0], scale, weights, own)
                for end in (0.0, width):  # no number below 0, or none above
                    x = np.array([width - 2 * end])
                    self.add(np.array([end]), np.array([width - end]), scale, step / 2 * self.density(x), [x])
        return self


# Of groups of 128 with mean 3 five of six have no number below 0.
@pytest.mark.parametrize(
    ("bits", "group", "mean", "widths", "places"),
    [(4, 16, 0.0, 12, 6), (4, 128, 3.0, 12, 6), (3, 32, 0.3, 12, 8), (8, 32, 0.3, 6, 3)],
)
def test_affine_integers_by_another_integral(bits: int, group: int, mean: float, widths: int, places: int) -> None:
    """The Gauss points of both are good to about 2e-9 of the squared error: more of them move it by no more."""
    wanted = Ranges(bits, group, mean).run(widths, places)
    e = hu.error.expected(f"int{bits}/{group}:binary32@zero_point", mean=mean)
    assert e.mse == pytest.approx(wanted.squared, rel=1e-8)
    assert e.bias == pytest.approx(wanted.error, abs=1e-8 * math.sqrt(wanted.squared))
    p = wanted.codes
    assert p.sum() == pytest.approx(1, abs=1e-8)
    assert e.entropy_bits == pytest.approx(-float(np.sum(p * np.log2(p))), rel=1e-8)


@pytest.mark.parametrize(
    ("scheme", "distribution", "mean"),
    [
        ("int4/32:binary32@zero_point", "uniform", 0.0),
        ("int5/64:bfloat16@zero_point", "uniform", 0.4),
        ("int2/16:e4m3fn@zero_point", "laplace", -1.5),
        ("int3/128:binary16@zero_point", "normal", 3.0),
    ],
)
def test_densities_with_edges_and_means_by_the_emulator(scheme: str, distribution: str, mean: float) -> None:
    """Six standard errors of the mean of groups, a part of 0.01 and less: densities that jump inside a range, and
    groups without a number below 0."""
    rng = np.random.default_rng(5)
    size = 2**18
    draws = {
        "uniform": lambda: rng.uniform(-math.sqrt(3), math.sqrt(3), size),
        "laplace": lambda: rng.laplace(0, math.sqrt(0.5), size),
        "normal": lambda: rng.normal(0, 1, size),
    }
    x = (draws[distribution]() + mean).astype(np.float32)
    group = int(scheme.split("/")[1].split(":")[0])
    error = hu.fake_quantize(x, scheme).astype(np.float64) - x
    e = hu.error.expected(scheme, distribution, mean=mean)
    for measured, expected in ((error**2, e.mse), (error, e.bias)):
        groups = measured.reshape(-1, group).mean(1)
        assert groups.mean() == pytest.approx(expected, abs=6 * groups.std() / math.sqrt(len(groups)))
