"""Recipes of schemes whose elements are no floats: means, zero points, percentiles, double quantization, bitsandbytes.

Judged by Fractions after the sentences of the contract's section 2.10, and by recorded results of bitsandbytes' CPU
path (tests/vectors/codes/bitsandbytes.json).
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import halfulp as hu
import numpy as np
import pytest

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "codes" / "bitsandbytes.json").read_text())


def exact(values: Any) -> list[Fraction]:
    return [Fraction(float(v)) for v in np.asarray(values).ravel()]


def nearest(value: Fraction) -> int:
    below = value.__floor__()
    rest = value - below
    return below + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and below % 2 == 1))


def to_binary32(value: Fraction) -> np.float32:
    """To nearest even, by neighbours: float() may round twice."""
    guess = np.float32(float(value))
    near = [np.nextafter(guess, np.float32(-np.inf)), guess, np.nextafter(guess, np.float32(np.inf))]
    return min(near, key=lambda v: (abs(Fraction(float(v)) - value), int(v.view(np.uint32)) & 1))


def numbers(shape: tuple[int, ...], seed: int, dtype: Any = np.float32) -> np.ndarray:
    """Normal numbers of sizes around 1e-5, where the recipes' constant acts, and around 1."""
    rng = np.random.default_rng(seed)
    sizes = rng.choice([1.0, 3e-5, 1e-6], (*shape[:-1], 1))
    return (rng.standard_normal(shape) * sizes).astype(dtype)


GROUPS = {
    "tensor": lambda s: [np.arange(s[0] * s[1])],
    "channel": lambda s: [np.arange(i * s[1], (i + 1) * s[1]) for i in range(s[0])],
    "16": lambda s: [
        np.arange(i * s[1] + k, i * s[1] + min(k + 16, s[1])) for i in range(s[0]) for k in range(0, s[1], 16)
    ],
}


def ternary(values: list[Fraction], recipe: str) -> tuple[list[int], Fraction]:
    mean = sum(map(abs, values)) / len(values)
    if recipe == "twn":
        limit = Fraction(7, 10) * mean
        codes = [(v > limit) - (v < -limit) + 1 for v in values]
        beyond = [abs(v) for v in values if abs(v) > limit]
        return codes, sum(beyond) / len(beyond) if beyond else Fraction(0)
    epsilon = Fraction(1, 100000)
    divisor = mean + epsilon if recipe == "paper" else max(mean, epsilon)
    return [max(-1, min(1, nearest(v / divisor))) + 1 for v in values], mean


@pytest.mark.parametrize("recipe", ["paper", "clamp", "twn"])
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_ternary_recipes(recipe: str, group: str, dtype: Any) -> None:
    x = numbers((5, 37), 7, dtype)
    x[1, :3] = [0, -0.0, x[1, 4]]
    x[4] = 0
    q = hu.quantize(x, f"ternary/{group}:binary32@recipe={recipe}")
    for at, scale in zip(GROUPS[group](x.shape), np.ravel(q.scales[0]), strict=True):
        codes, mean = ternary(exact(x.ravel()[at]), recipe)
        assert q.codes.ravel()[at].tolist() == codes
        assert scale == to_binary32(mean)
    wanted = (q.codes.astype(int) - 1) * (
        q.scales[0]
        if group == "tensor"
        else np.repeat(np.asarray(q.scales[0]).reshape(5, -1), 37 if group == "channel" else 16, axis=1)[:, :37]
    )
    assert np.array_equal(q.dequantize(), wanted.astype(np.float64 if dtype is np.float64 else np.float32))
    if dtype is not np.float16:
        assert np.array_equal(hu.fake_quantize(x, q.scheme), q.dequantize())


@pytest.mark.parametrize("mode", ["toward_zero", "away_from_zero", "toward_positive", "to_odd", "nearest_ties_to_away"])
def test_other_modes_ask_where_a_number_lies_between_zero_and_one(mode: str) -> None:
    x = numbers((1, 200), 3)
    values = exact(x)
    divisor = sum(map(abs, values)) / len(values) + Fraction(1, 100000)
    place = [abs(v) / divisor for v in values]
    outer = {
        "toward_zero": lambda p, v: p >= 1,
        "away_from_zero": lambda p, v: p > 0,
        "toward_positive": lambda p, v: p > 0 if v > 0 else p >= 1,
        "to_odd": lambda p, v: p > 0,
        "nearest_ties_to_away": lambda p, v: p >= Fraction(1, 2),
    }[mode]
    codes = [(1 if v > 0 else -1) * outer(p, v) + 1 for p, v in zip(place, values, strict=True)]
    assert hu.quantize(x, "b1.58", rounding=mode).codes.ravel().tolist() == codes


def test_random_bits_decide_ternary_elements_by_the_exact_place() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((3, 40)).astype(np.float32)
    r = rng.integers(0, 2**32, x.shape, dtype=np.uint32)
    values = exact(x)
    divisor = sum(map(abs, values)) / len(values) + Fraction(1, 100000)
    codes = []
    for v, word in zip(values, r.ravel().tolist(), strict=True):
        place = abs(v) / divisor
        outer = place >= 1 or (place * 2**32).__floor__() + word >= 2**32
        codes.append((1 if v > 0 else -1) * outer + 1)
    assert hu.quantize(x, "b1.58", rounding="stochastic_a", random=r).codes.ravel().tolist() == codes


def test_bitnet_rounds_every_step_to_binary32() -> None:
    for seed in range(40):
        x = numbers((1, 64), seed)
        mean = to_binary32(sum(map(abs, exact(x))) / 64)
        inverse = np.float32(1) / max(mean, np.float32(1e-5))
        q = hu.quantize(x, "b1.58@recipe=bitnet")
        assert q.codes.ravel().tolist() == (np.clip(np.rint(x.ravel() * inverse), -1, 1) + 1).astype(int).tolist()
        assert q.scales[0] == np.float32(1) / inverse


def test_binary_elements_are_signs_under_means() -> None:
    x = numbers((4, 33), 2)
    x[0, :2] = [0.0, -0.0]
    q = hu.quantize(x, "pm1/channel:binary32")
    assert np.array_equal(q.codes, x >= 0)
    assert [to_binary32(sum(map(abs, exact(row))) / 33) for row in x] == q.scales[0].tolist()
    assert np.array_equal(hu.fake_quantize(x, q.scheme), np.where(x >= 0, 1, -1) * q.scales[0][:, None])


@pytest.mark.parametrize("scheme", ["b1.58", "pm1/channel:binary32", "b1.58@recipe=twn", "uint4/8:binary32@zero_point"])
def test_groups_with_nan_infinity_and_zeros_alone(scheme: str) -> None:
    x = np.ones((1, 8), dtype=np.float32)
    x[0, 3] = np.nan
    q = hu.quantize(x, scheme)
    assert np.isnan(q.scales[0]).all()
    assert np.isnan(hu.fake_quantize(x, scheme)).all()
    zeros = hu.quantize(np.zeros((2, 8), dtype=np.float32), scheme)
    assert (np.asarray(zeros.scales[0]) == 0).all()
    assert (zeros.dequantize() == 0).all()
    assert zeros.zero_scales == 0
    one = hu.quantize(np.float32([[-0.75]]), scheme)
    assert one.dequantize().ravel()[0] == (-0.75 if "uint" not in scheme else one.dequantize().ravel()[0])


def test_twn_and_bitsandbytes_round_in_their_own_way() -> None:
    x = np.ones(8, dtype=np.float32)
    for scheme in ("b1.58@recipe=twn", "nf4_64@recipe=bitsandbytes"):
        with pytest.raises(ValueError, match="rounding"):
            hu.quantize(x, scheme, rounding="toward_zero")


@pytest.mark.parametrize("element", ["uint2", "int4", "uint4", "int8", "uint8", "int16"])
@pytest.mark.parametrize("shift", [0.0, 0.7, -5.0])
def test_affine_integers(element: str, shift: float) -> None:
    x = (np.random.default_rng(1).standard_normal((3, 50)) + shift).astype(np.float32)
    scheme = hu.scheme(f"{element}/32:binary32@zero_point")
    q = hu.quantize(x, scheme)
    width = hu.format(element).bits
    most = 2**width - 1
    first = 0 if element[0] == "u" else 2 ** (width - 1)
    assert scheme.bits_per_element == width + (32 + width) / 32
    for i in range(3):
        for g, part in enumerate((slice(0, 32), slice(32, 50))):
            values = exact(x[i, part])
            low, high = max(Fraction(0), -min(values)), max(Fraction(0), max(values))
            scale = to_binary32((low + high) / most)
            step = Fraction(float(scale))
            zero = min(most, nearest(low / step))
            assert q.scales[0][i, g] == scale
            assert q.zero_points[i, g] == zero
            codes = [max(0, min(most, nearest(v / step) + zero)) for v in values]
            assert (q.codes[i, part].astype(int) + first).tolist() == codes
            assert [to_binary32((c - zero) * step) for c in codes] == q.dequantize()[i, part].tolist()
    assert np.array_equal(hu.fake_quantize(x, scheme), q.dequantize())
    assert len(q.pack().codes) == -(-150 * width // 8)


@pytest.mark.parametrize(("kind", "element"), [("quint8", "uint8"), ("qint8", "int8")])
def test_affine_integers_as_torch_quantizes(kind: str, element: str) -> None:
    torch = pytest.importorskip("torch")
    observers = pytest.importorskip("torch.ao.quantization.observer")
    rng = np.random.default_rng(9)
    for spread in (1e-9, 1e-3, 1.0, 100.0):
        x = torch.from_numpy((rng.standard_normal((4, 64)) * spread + spread / 3).astype(np.float32))
        observer = observers.MinMaxObserver(dtype=getattr(torch, kind), qscheme=torch.per_tensor_affine)
        observer(x)
        scale, zero = observer.calculate_qparams()
        reference = (
            torch.ops.quantized_decomposed.quantize_per_tensor(
                x,
                float(scale),
                int(zero),
                *((0, 255) if kind == "quint8" else (-128, 127)),
                torch.uint8 if kind == "quint8" else torch.int8,
            )
            if hasattr(torch.ops.quantized_decomposed, "quantize_per_tensor")
            else None
        )
        q = hu.quantize(x.numpy(), f"{element}/tensor:binary32@recipe=torch_ao,zero_point")
        assert float(scale) == q.scales[0]
        assert int(zero) + (0 if kind == "quint8" else 128) == q.zero_points
        if reference is not None:
            assert np.array_equal(reference.numpy(), q.codes)


def test_percentiles_take_the_nearest_rank() -> None:
    x = np.random.default_rng(4).standard_normal((3, 200)).astype(np.float32)
    for percentile, rank in ((99, 198), (99.5, 199), (50, 100), (0.2, 1), (100, 200)):
        q = hu.quantize(x, f"int8s/200:binary32@percentile={percentile:g}")
        amax = np.sort(np.abs(x), axis=1)[:, rank - 1]
        assert [to_binary32(Fraction(float(a)) / 127) for a in amax] == q.scales[0].ravel().tolist()
    assert hu.quantize(x, "int8s/200:binary32@percentile=50").saturated > 100
    affine = hu.quantize(x, "uint8/200:binary32@search=mse,zero_point")
    plain = hu.quantize(x, "uint8/200:binary32@zero_point")
    error = [((q.dequantize().astype(np.float64) - x) ** 2).sum() for q in (affine, plain)]
    assert error[0] <= error[1]


def test_double_quantization_by_its_sentences() -> None:
    x = np.random.default_rng(8).standard_normal((70, 300)).astype(np.float32)
    q = hu.quantize(x, "nf4_64_dq256")
    plain = hu.quantize(x, "nf4_64")
    assert np.array_equal(q.codes, plain.codes)
    absmax = np.ravel(plain.scales[0])
    offset = to_binary32(sum(exact(absmax)) / len(absmax))
    assert q.offset == offset
    inner = hu.quantize((absmax - offset).astype(np.float32), "dynamic8/256:binary32")
    assert np.array_equal(inner.codes, q.scale_codes[0])
    assert np.array_equal(inner.scales[0], q.scales[1])
    again = (inner.dequantize() + offset).astype(np.float32)
    assert np.array_equal(again, q.scales[0])
    table = hu.format("nf4").values()
    values = table[q.codes.ravel()] * np.repeat(again, 64)[: x.size]
    assert np.array_equal(values.reshape(x.shape), q.dequantize())
    assert np.array_equal(hu.fake_quantize(x, q.scheme), q.dequantize())
    overhead = hu.scheme("nf4_64_dq256").bits_per_element - 4
    assert overhead == 8 / 64 + 32 / (64 * 256)
    assert q.bits == 4 * x.size + 8 * len(absmax) + 32 * -(-len(absmax) // 256) + 32


@pytest.mark.parametrize("case", VECTORS["cases"])
def test_codes_and_maxima_of_bitsandbytes(case: str) -> None:
    recorded = VECTORS["cases"][case]
    x = np.array(recorded["x"], dtype=np.uint32).view(np.float32)
    for element in ("nf4", "fp4_bnb", "dynamic8"):
        q = hu.quantize(x, f"{element}/{recorded['block']}:binary32@recipe=bitsandbytes,flat")
        maxima = np.array(recorded[element]["absmax"], dtype=np.uint32).view(np.float32)
        assert np.array_equal(q.scales[0], maxima, equal_nan=True), element
        assert q.codes.tolist() == recorded[element]["codes"], element


# The blocks of 64 that nf4_64_dq256 has, of finite numbers.
DOUBLE_QUANTIZED = [c for c, r in VECTORS["cases"].items() if r["block"] == 64 and c not in ("infinite", "nan")]


@pytest.mark.parametrize("case", DOUBLE_QUANTIZED)
def test_double_quantization_of_bitsandbytes(case: str) -> None:
    recorded = VECTORS["cases"][case]
    x = np.array(recorded["x"], dtype=np.uint32).view(np.float32)
    q = hu.quantize(x, "nf4_64_dq256@recipe=bitsandbytes")
    wanted = recorded["double_quant"]
    assert np.float32(q.offset).view(np.uint32) == wanted["offset"]
    assert q.scale_codes[0].tolist() == wanted["codes"]
    assert q.scales[1].view(np.uint32).tolist() == wanted["absmax"]
    assert q.dequantize()[:64].view(np.uint32).tolist() == wanted["values"]


def test_flat_schemes_run_through_the_array_in_c_order() -> None:
    x = np.random.default_rng(6).standard_normal((3, 50)).astype(np.float32)
    q = hu.quantize(x, "nf4_64")
    flat = hu.quantize(x.ravel(), "nf4/64:binary32")
    assert q.codes.shape == (3, 50)
    assert np.array_equal(q.codes.ravel(), flat.codes)
    assert np.array_equal(q.scales[0], flat.scales[0])
    with pytest.raises(ValueError, match="axis is 0, allowed for nf4_64: None"):
        hu.quantize(x, "nf4_64", axis=0)


def test_posits_are_scaled_to_one() -> None:
    x = np.random.default_rng(6).standard_normal((3, 50)).astype(np.float32)
    q = hu.quantize(x, "posit8_2/tensor:binary32")
    assert q.scales[0] == np.abs(x).max()
    assert np.abs(hu.decode(q.codes, "posit8_2")).max() == 1
