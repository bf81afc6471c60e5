"""Expected errors against the emulator itself on random numbers: hu.fake_quantize within four standard errors, for
every format and scheme of the registry that is computed, and for options of each kind. Seeded."""

from __future__ import annotations

import math
import zlib
from typing import Any

import halfulp as hu
import numpy as np
import pytest

SIZE = 4096  # of tensors, where scales belong to the tensor
CHANNEL = 1024


def numbers(distribution: str, shape: tuple[int, ...], seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if distribution == "normal":
        return rng.normal(size=shape)
    if distribution == "laplace":
        return rng.laplace(scale=1 / math.sqrt(2), size=shape)
    if distribution == "uniform":
        return rng.uniform(-math.sqrt(3), math.sqrt(3), size=shape)
    if distribution == "logistic":
        return rng.logistic(scale=math.sqrt(3) / math.pi, size=shape)
    if distribution == "mixture":
        return np.where(rng.random(shape) < 0.2, rng.normal(1, 2, shape), rng.normal(0, 0.3, shape))
    nu = float(distribution[len("student_t(") : -1])
    return rng.standard_t(nu, size=shape) * math.sqrt((nu - 2) / nu)


def law(distribution: str) -> Any:
    if distribution == "mixture":
        return hu.error.mixture([(0.2, hu.error.normal(1, 2)), (0.8, hu.error.normal(0, 0.3))])
    return distribution


def is_of_means(scheme: Any) -> bool:
    return scheme.recipe in ("paper", "clamp", "bitnet", "twn", "xnor")


def check(text: str, distribution: str = "normal", runs: int = 200, rounding: str | None = None,
          random_bits: int | None = None) -> None:  # fmt: skip
    """`runs` tensors of SIZE elements, each quantized by itself where scales belong to it, else rows of one array."""
    scheme = hu.scheme(text)
    tensor = any(level.group == "tensor" for level in scheme.levels)
    channel = any(level.group == "channel" for level in scheme.levels)
    shape = (runs, SIZE) if not channel else (runs * SIZE // CHANNEL, CHANNEL)
    x = numbers(distribution, shape, zlib.crc32(f"{text} {distribution} {rounding}".encode()))
    options: dict[str, Any] = {"rounding": rounding, "random_bits": random_bits}

    def source(seed: int) -> dict[str, Any]:
        return {"rng": seed} if rounding is not None and rounding.startswith("s") else {}

    if tensor and not is_of_means(scheme):
        after = np.stack([
            hu.fake_quantize(row.reshape(64, -1), text, **options, **source(7 + i)).reshape(-1)
            for i, row in enumerate(x)
        ])  # fmt: skip
    else:
        after = hu.fake_quantize(x, text, **options, **source(7))
    size = SIZE if tensor and not is_of_means(scheme) else None
    found = hu.error.expected(text, law(distribution), size=size, channel=CHANNEL if channel else None, **options)
    e = after - x
    for name, wanted, measured in (
        ("mse", found.mse, e**2),
        ("bias", found.bias, e),
        ("zero", found.zero, (after == 0).astype(np.float64)),
    ):
        if name == "zero" and scheme.hadamard:
            continue  # zeros among codes are none after the way back
        of_rows = measured.mean(axis=1)
        error = of_rows.std(ddof=1) / math.sqrt(len(of_rows))
        # Rare zeros: with none expected, eight of them have a probability of 10^-7 and less.
        rare = 4 * math.sqrt(wanted / x.size) + 8 / x.size if name == "zero" else 0.0
        # Where all rows agree, float64's own rounding of a mean is left.
        allowed = max(4 * error, rare) + 1e-13 * float(abs(measured).max())
        assert abs(of_rows.mean() - wanted) <= allowed, f"{name}: {of_rows.mean()} +- {error}, not {wanted}"


@pytest.mark.parametrize("scheme", [s.name for s in hu.schemes()])
def test_every_published_scheme(scheme: str) -> None:
    if not hu.scheme(scheme).double_quant:
        check(scheme)
        return
    # Scales quantized again cost little: the difference to plain scales, on the same numbers. Tensors are large, since
    # the mean of scales counts as its limit.
    gains = []
    for seed in range(24):
        x = numbers("normal", (2**19,), seed)
        again, plain = (hu.fake_quantize(x, name) for name in (scheme, "nf4_64"))
        gains.append(float(((again - x) ** 2).mean() - ((plain - x) ** 2).mean()))
    error = float(np.std(gains, ddof=1)) / math.sqrt(len(gains))
    wanted = hu.error.expected_mse(scheme) - hu.error.expected_mse("nf4_64")
    assert wanted > 10 * error  # the test can tell it from nothing
    assert abs(np.mean(gains) - wanted) <= 4 * error


# A float64 number is its own binary64.
@pytest.mark.parametrize("format", [f.name for f in hu.formats() if isinstance(f, hu.Format) and f.name != "binary64"])
def test_every_registered_format(format: str) -> None:
    check(format, runs=64)


@pytest.mark.parametrize("distribution", ["laplace", "student_t(10)", "uniform", "logistic", "mixture"])
@pytest.mark.parametrize("scheme", ["mxfp4", "nvfp4", "nf4_64", "int4_g64", "mx6", "b1.58", "e4m3fn", "posit8_2"])
def test_other_distributions(scheme: str, distribution: str) -> None:
    check(scheme, distribution, runs=100)


@pytest.mark.parametrize("recipe", [r.name for r in hu.recipes() if r.shape == "power_of_two"])
def test_every_recipe_of_power_of_two_scales(recipe: str) -> None:
    check(f"e2m3fn/16:e8m0fnu@recipe={recipe}", runs=100)


@pytest.mark.parametrize(
    "recipe", [r.name for r in hu.recipes() if r.shape == "nvfp4" and not r.name.startswith("four_over_six")]
)
def test_every_recipe_of_nvfp4(recipe: str) -> None:
    check(f"e2m1fn/16:e4m3fn/tensor:binary32@recipe={recipe}", runs=100)


@pytest.mark.parametrize(
    "scheme",
    ["ternary/tensor:binary32@recipe=clamp", "ternary/tensor:binary32@recipe=bitnet",
     "ternary/tensor:binary32@recipe=twn",
     "ternary/32:bfloat16@recipe=absmax",
     "pm1/tensor:binary32", "pm1/16:binary32", "pm1/channel:binary32",
     "pm1/32:bfloat16@recipe=absmax", "nf4/64:binary32@recipe=bitsandbytes,flat"],
)  # fmt: skip
def test_recipes_of_tables(scheme: str) -> None:
    check(scheme, runs=100)


@pytest.mark.parametrize(
    "scheme",
    ["e2m1fn/16:e4m3fn", "e2m1fn/32:e5m2", "e2m1fn/8x8:bfloat16", "int8s/tensor:binary32", "int8s/channel:binary32",
     "int4s/32:binary16@percentile=95", "int8s/channel:binary32@percentile=99.5", "e2m1fn/16:e4m3fn/channel:bfloat16",
     "e2m1fn/16:e4m3fn/8:bfloat16/tensor:binary32", "e2m1fn/32:e8m0fnu@hadamard=64", "posit8_2/32:binary32",
     "hif8/32:bfloat16", "q2.6/8:e8m0fnu", "e3m2fn/1:bfloat16", "dynamic8/256:binary32", "e5m3fnu/16:e4m3fn"],
)  # fmt: skip
def test_groups_and_options_of_each_kind(scheme: str) -> None:
    check(scheme, runs=100)


@pytest.mark.slow
@pytest.mark.parametrize(
    "scheme",
    ["int4/64:bfloat16@zero_point", "uint4/32:binary32@zero_point", "int2/16:e4m3fn@zero_point",
     "uint3/3:binary16@zero_point", "int4/32:binary32@zero_point,recipe=torch_ao", "int5/128:binary32@zero_point"],
)  # fmt: skip
@pytest.mark.parametrize("distribution", ["normal", "mixture"])
def test_zero_points(scheme: str, distribution: str) -> None:
    check(scheme, distribution, runs=100)


@pytest.mark.parametrize("rounding", ["sr", "stochastic_b", "stochastic_c", "sre", "rz", "ra", "ru", "rd", "ro"])
@pytest.mark.parametrize("scheme", ["mxfp4", "e4m3fn/32:bfloat16", "int4_g64", "nf4/16:binary32", "nvfp4", "binary16"])
def test_rounding_modes(scheme: str, rounding: str) -> None:
    check(scheme, runs=60, rounding=rounding)


@pytest.mark.parametrize("random_bits", [1, 2, 5, 9])
@pytest.mark.parametrize("scheme", ["mxfp4", "mxfp8_e4m3", "bfloat16"])
def test_few_random_bits(scheme: str, random_bits: int) -> None:
    check(scheme, runs=60, rounding="sr", random_bits=random_bits)


@pytest.mark.parametrize("scheme", ["pm1_pmi", "pm1_pmi/tensor:binary32", "pm1_pmi/16:binary32", "pm1_pmi/2:binary32"])
@pytest.mark.parametrize("distribution", ["normal", "laplace", "student_t(10)"])
def test_complex_codes(scheme: str, distribution: str) -> None:
    x = numbers(distribution, (400, 1024), 3) + 1j * numbers(distribution, (400, 1024), 4)
    after = hu.fake_quantize(x, scheme)
    of_rows = (np.abs(after - x) ** 2).mean(axis=1)
    error = of_rows.std(ddof=1) / math.sqrt(len(of_rows))
    found = hu.error.expected(scheme, distribution)
    assert abs(of_rows.mean() - found.mse) <= 4 * error
    assert found.sqnr_db == pytest.approx(10 * math.log10(2 / found.mse), abs=1e-9)


@pytest.mark.parametrize("scheme", ["mxfp4", "e4m3fn/32:bfloat16", "nf4_64", "int4_g64"])
def test_entropy_and_saturation(scheme: str) -> None:
    """The plug-in entropy of 2^23 codes is low by (codes - 1) / 2N ln 2, some 2^-18; its standard error is 2^-12."""
    x = numbers("normal", (2048, 4096), 11)
    found = hu.error.expected(scheme)
    quantized = hu.quantize(x, scheme)
    codes = np.asarray(quantized.codes).reshape(-1)
    values = hu.decode(codes, hu.scheme(scheme).element)
    _, counts = np.unique(values, return_counts=True)  # zeros of both signs are one
    p = counts / counts.sum()
    assert found.entropy_bits == pytest.approx(float(-(p * np.log2(p)).sum()), abs=2.0**-9)
    members = hu.scheme(scheme).element.values().astype(np.float64)
    largest = 7.0 if scheme == "int4_g64" else float(np.abs(members[np.isfinite(members)]).max())  # -8 decodes, too
    scales = np.asarray(quantized.scales[0], dtype=np.float64)
    length = x.size // scales.size
    beyond = np.abs(x).reshape(-1, length) > largest * scales.reshape(-1, 1) * (1 + 1e-6)
    rate = float(beyond.mean())
    assert found.saturation == pytest.approx(rate, abs=5 * math.sqrt(rate / x.size) + 1e-9)
