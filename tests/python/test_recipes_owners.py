"""Recipes that are named after a library give that library's bits: recorded answers of every owner, and live ones.

tests/vectors/recipes/owners says which version answered. Where an owner leaves its own recipe (an overflow inside it, a
scale that has no effect) the exact condition is left out here and stands in known_differences.md.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import halfulp as hu
import numpy as np
import pytest
import recipe_inputs as inputs
import recipe_oracle as oracle
from support import VECTORS

OWNERS = sorted((VECTORS / "recipes" / "owners").glob("*.json"))
F32 = np.dtype(np.float32)


def numbers(text: str, bits: int) -> np.ndarray:
    digits = -(-bits // 4)
    return np.array([int(text[i : i + digits], 16) for i in range(0, len(text), digits)], dtype=np.uint64)


def overflow_of_even(scheme: str, scales: np.ndarray) -> np.ndarray:
    """torchao adds half a unit to the bits of amax, which may make it infinite; its scale is NaN then."""
    return (scales == 0xFF) if scheme.endswith("recipe=even") else np.zeros(scales.shape, dtype=bool)


def smallest_of_gguf(x: np.ndarray) -> np.ndarray:
    """Below 2^-125 the exponent is negative, and gguf takes it modulo 256."""
    amax = np.abs(x).max(axis=1, keepdims=True)
    return (amax > 0) & (amax < 2.0**-125)


def just_under_half_the_smallest(x: np.ndarray, scheme: str, scales: np.ndarray) -> np.ndarray:
    """microxcaling adds 1/2 in binary32, where 1/2 - 2^-25 + 1/2 is 1: it does not round this one number to zero."""
    step = float(hu.scheme(scheme).element.min_positive)
    groups = np.repeat(scales.astype(np.float64), hu.scheme(scheme).levels[0].group, axis=1)
    return np.abs(x) == groups * (step * (0.5 - 2.0**-25))


@pytest.mark.parametrize("path", OWNERS, ids=lambda path: path.stem)
def test_recorded_answers_of_the_owner(path: Any) -> None:
    checked = 0
    for case in json.loads(path.read_text(encoding="ascii"))["cases"]:
        text = case["scheme"]
        x = numbers(case["x"], 32).astype(np.uint32).view(np.float32).reshape(case["shape"])
        q = hu.quantize(x, text)
        length = hu.scheme(text).levels[0].group
        if "values" in case:
            values = numbers(case["values"], 32).astype(np.uint32).view(np.float32).reshape(x.shape)
            out = just_under_half_the_smallest(x, text, np.asarray(q.scales[0]))
            left = np.where(out, 0, hu.fake_quantize(x, text))
            np.testing.assert_array_equal(left, np.where(out, 0, values), err_msg=text)  # 0 equals -0
            checked += values.size
            continue
        scales = numbers(case["scale_codes"][0], 8).reshape(q.scale_codes[0].shape)
        out = np.zeros(scales.shape, dtype=bool)
        if path.stem == "torchao":
            out = overflow_of_even(text, scales)
        elif path.stem == "gguf":
            out = smallest_of_gguf(x)
        np.testing.assert_array_equal(
            np.where(out, 0, q.scale_codes[0]), np.where(out, 0, scales), err_msg=f"scales: {text}"
        )
        checked += int((~out).sum())
        for level, plane in enumerate(case["scale_codes"][1:], start=1):
            assert int(q.scale_codes[level]) == int(numbers(plane, 32)[0]), text
        if "codes" in case:
            codes = numbers(case["codes"], oracle.parse_scheme(text).element.bits).reshape(x.shape)
            unused = np.repeat(out, length, axis=1)[:, : x.shape[1]]
            if path.stem == "transformer_engine":
                # Under a scale of 0 the owner's codes have no effect. Its reference has no -0, unlike its GPU code.
                unused |= np.repeat(scales == 0, length, axis=1) | ((codes == 0) & (q.codes == 8))
            np.testing.assert_array_equal(
                np.where(unused, 0, q.codes), np.where(unused, 0, codes), err_msg=f"codes: {text}"
            )
            checked += int((~unused).sum())
    assert checked > 150


def test_every_named_owner_has_recorded_answers() -> None:
    recorded = {case["scheme"].partition("recipe=")[2] for p in OWNERS for case in json.loads(p.read_text())["cases"]}
    exact = {"rceil", "nearest", "p3109_maxabs", "nvfp4_exact", "nvfp4_fp32"}  # nobody's own order of operations
    floats = {r.name for r in hu.recipes() if r.shape in ("power_of_two", "nvfp4")}  # others: test_codes_recipes.py
    assert recorded == floats - exact


# --- live
def mx_input(element: str, length: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = inputs.mx_blocks(rng, oracle.parse_scheme(f"{element}/8:e8m0fnu"), F32, length, inputs.mx_exponents(F32))
    return np.concatenate([x, inputs.zero_blocks(F32, length)])


def nibbles(packed: Any) -> np.ndarray:
    packed = np.asarray(packed)
    return np.stack([packed & 15, packed >> 4], -1).reshape(*packed.shape[:-1], -1)


def mx_of_torchao() -> Callable[[np.ndarray, str, str], tuple[np.ndarray, np.ndarray]]:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchao")
    config = pytest.importorskip("torchao.prototype.mx_formats.config")
    constants = pytest.importorskip("torchao.prototype.mx_formats.constants")
    kernels = pytest.importorskip("torchao.prototype.mx_formats.kernels")
    tensor = pytest.importorskip("torchao.prototype.mx_formats.mx_tensor")
    dtypes = {
        "e2m1fn": torch.float4_e2m1fn_x2,
        "e2m3fn": constants.DTYPE_FP6_E2M3,
        "e3m2fn": constants.DTYPE_FP6_E3M2,
        "e4m3fn": torch.float8_e4m3fn,
        "e5m2": torch.float8_e5m2,
    }

    def run(x: np.ndarray, element: str, mode: str) -> tuple[np.ndarray, np.ndarray]:
        scale_mode = getattr(config.ScaleCalculationMode, mode)
        scales, codes = tensor.to_mx(torch.from_numpy(x), dtypes[element], x.shape[1], scale_mode)
        codes = codes.view(torch.uint8)
        codes = kernels.unpack_uint4(codes) if element == "e2m1fn" else codes
        return scales.view(torch.uint8).numpy(), codes.numpy().reshape(x.shape)

    return run


@pytest.mark.parametrize("mode", ["FLOOR", "CEIL", "EVEN", "RCEIL"])
@pytest.mark.parametrize("element", ["e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e5m2"])
def test_torchao_mx(element: str, mode: str) -> None:
    theirs = mx_of_torchao()
    recipe = {"FLOOR": "ocp_floor", "CEIL": "ceil", "EVEN": "even", "RCEIL": "rceil_fp32"}[mode]
    x = mx_input(element, 8, 31)
    q = hu.quantize(x, f"{element}/8:e8m0fnu@recipe={recipe}")
    scales, codes = theirs(x, element, mode)
    ours = q.scale_codes[0]
    if mode == "RCEIL":
        # 0.18.0 and older divide by the largest element and take log2: less than two units above a power of two its
        # quotient, or its logarithm, is that power. Newer ones compute as the recipe does.
        amax = np.abs(x).max(axis=1, keepdims=True).astype(np.float64)
        quotient = amax / float(oracle.parse_format(element).largest)
        above = quotient / 2.0 ** np.floor(np.log2(np.where(quotient > 0, quotient, 1))) - 1
        left_out = (np.abs(above) < 2.0**-16) | (np.abs(above - 1) < 2.0**-16)
        assert not left_out.all()
    else:
        left_out = overflow_of_even(f"recipe={recipe}", scales)
    np.testing.assert_array_equal(np.where(left_out, 0, ours), np.where(left_out, 0, scales))
    # The scale 2^-127 is subnormal in binary32: 0.18.0 scales the elements by another number there.
    left_out = left_out | (ours == 0)
    np.testing.assert_array_equal(np.where(left_out, 0, q.codes), np.where(left_out, 0, codes))


def test_torchao_nvfp4() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torchao")
    tensor = pytest.importorskip("torchao.prototype.mx_formats.nvfp4_tensor")
    rng = np.random.default_rng(32)
    for _ in range(40):
        x = inputs.nvfp4_tensor(rng, F32, 4, 64, 16, int(rng.integers(-110, 110)))
        q = hu.quantize(x, "nvfp4@recipe=nvfp4_torchao")
        g = tensor.per_tensor_amax_to_scale(torch.from_numpy(x).abs().max())
        scales, packed = tensor.nvfp4_quantize(torch.from_numpy(x), 16, g)
        assert q.scale_codes[1] == g.numpy().view(np.uint32)
        np.testing.assert_array_equal(q.scale_codes[0], scales.view(torch.uint8).numpy())
        np.testing.assert_array_equal(q.codes, nibbles(packed.numpy()))


def test_gguf_mxfp4() -> None:
    quants = pytest.importorskip("gguf.quants")
    x = mx_input("e2m1fn", 32, 33)
    x = x[~smallest_of_gguf(x)[:, 0]]
    q = hu.quantize(x, "mxfp4@recipe=llama_cpp")
    theirs = quants.MXFP4.quantize_blocks(x)
    np.testing.assert_array_equal(q.scale_codes[0], theirs[:, :1])
    np.testing.assert_array_equal(q.codes, np.concatenate([theirs[:, 1:] & 15, theirs[:, 1:] >> 4], axis=1))
    ordinary = np.abs(x).max(axis=1) < 2.0**120
    back = quants.MXFP4.dequantize_blocks(theirs)
    np.testing.assert_array_equal(q.dequantize()[ordinary], back[ordinary])  # 0 equals -0


def test_modelopt_nvfp4() -> None:
    torch = pytest.importorskip("torch")
    owner = pytest.importorskip("modelopt.torch.quantization.qtensor.nvfp4_tensor").NVFP4QTensor
    rng = np.random.default_rng(34)
    for _ in range(20):
        x = inputs.nvfp4_tensor(rng, F32, 4, 64, 16, int(rng.integers(-110, 110)))
        q = hu.quantize(x, "nvfp4@recipe=nvfp4_modelopt")
        theirs, scales, g = owner.quantize(torch.from_numpy(x.copy()), 16)
        assert q.scale_codes[1] == g.numpy().view(np.uint32)
        np.testing.assert_array_equal(q.scale_codes[0], scales.view(torch.uint8).numpy())
        np.testing.assert_array_equal(q.codes, nibbles(theirs._quantized_data.numpy()))


def test_compressed_tensors_nvfp4() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("compressed_tensors")
    helpers = pytest.importorskip("compressed_tensors.quantization.utils.helpers")
    forward = pytest.importorskip("compressed_tensors.quantization.lifecycle.forward")
    packing = pytest.importorskip("compressed_tensors.compressors.nvfp4.helpers")
    e4m3 = torch.float8_e4m3fn
    args = pytest.importorskip("compressed_tensors.quantization").QuantizationArgs(
        num_bits=4, type="float", strategy="tensor_group", group_size=16, scale_dtype=e4m3, zp_dtype=e4m3
    )
    rng = np.random.default_rng(35)
    for _ in range(20):
        x = inputs.nvfp4_tensor(rng, F32, 4, 64, 16, int(rng.integers(-110, 110)))
        q = hu.quantize(x, "nvfp4@recipe=nvfp4_ct")
        t = torch.from_numpy(x)
        g = helpers.generate_gparam(t.min(), t.max())
        blocks = t.reshape(4, 4, 16)
        scales, _ = helpers.calculate_qparams(blocks.amin(-1), blocks.amax(-1), args, global_scale=g)
        packed = packing.pack_fp4_to_uint8(forward.quantize(t, scales, None, args, global_scale=g))
        assert q.scale_codes[1] == (np.float32(1) / g.numpy()).view(np.uint32)[0]
        np.testing.assert_array_equal(q.scale_codes[0], scales.to(e4m3).view(torch.uint8).numpy())
        np.testing.assert_array_equal(q.codes, nibbles(packed.numpy()))
