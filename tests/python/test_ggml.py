"""hu.ggml and base-3 packing: llama.cpp's bytes (tests/vectors/codes/ggml.json), the package gguf, files, errors."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import halfulp as hu
import numpy as np
import pytest
from support import VECTORS

RNG = np.random.default_rng(34)
RECORDED = json.loads((VECTORS / "codes" / "ggml.json").read_text(encoding="ascii"))
TYPES = {row.name: row for row in hu.ggml.types()}
WRITTEN = [row.name for row in TYPES.values() if row.is_written]
ROW = 256


def floats(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text), ">u4").astype(np.uint32).view(np.float32)


def raw(text: str) -> np.ndarray:
    return np.frombuffer(bytes.fromhex(text), np.uint8)


@pytest.fixture(name="gguf")
def gguf_fixture() -> Any:
    return pytest.importorskip("gguf")


def number(gguf: Any, name: str) -> Any:
    """The package's own name of a type."""
    return getattr(gguf.GGMLQuantizationType, name)


def assert_same_values(got: np.ndarray, expected: np.ndarray) -> None:
    assert got.dtype == expected.dtype == np.float32
    same = (got.view(np.uint32) == expected.view(np.uint32)) | (np.isnan(got) & np.isnan(expected))
    assert same.all(), f"{(~same).sum()} of {same.size} values differ"


def inputs(kind: str, count: int) -> np.ndarray:
    step = np.arange(count) // ROW
    bits = RNG.integers(0, 2**32, count, dtype=np.uint64).astype(np.uint32)
    with np.errstate(over="ignore"):
        x = {
            "bell": lambda: RNG.standard_normal(count),
            "outliers": lambda: RNG.standard_normal(count) * np.where(RNG.random(count) < 0.02, 100, 1),
            "any bits": lambda: bits.view(np.float32),
            "subnormal": lambda: (bits & np.uint32(0x807FFFFF)).view(np.float32),
            "huge": lambda: RNG.uniform(-3.4e38, 3.4e38, count),
            "ties of Q4_0": lambda: RNG.integers(-16, 17, count) / 2,
            "ties of Q8_0": lambda: RNG.integers(-254, 255, count) / 2,
            "ties of TQ": lambda: RNG.integers(-2, 3, count) / 2,
            "every scale": lambda: RNG.standard_normal(count) * 2.0 ** (step % 270 - 150),
            "about 2^-128": lambda: RNG.integers(-16, 17, count) * 2.0 ** (-132 + step % 6),
            "zeros": lambda: np.zeros(count),
        }[kind]().astype(np.float32)
    return np.where(np.isfinite(x), x, np.float32(1))


KINDS = ["bell", "outliers", "any bits", "subnormal", "huge", "ties of Q4_0", "ties of Q8_0", "ties of TQ"]
KINDS += ["every scale", "about 2^-128", "zeros"]


@pytest.mark.parametrize("case", RECORDED["quantize"], ids=lambda case: case["about"])
@pytest.mark.parametrize("name", WRITTEN)
def test_quantize_writes_the_bytes_of_llama_cpp(name: str, case: dict[str, str]) -> None:
    assert hu.ggml.quantize(floats(case["x"]), name).tobytes().hex() == case[name]


@pytest.mark.parametrize("case", RECORDED["dequantize"], ids=lambda case: case["type"])
def test_dequantize_reads_what_llama_cpp_reads(case: dict[str, str]) -> None:
    assert_same_values(hu.ggml.dequantize(raw(case["bytes"]), case["type"]), floats(case["values"]))


def test_every_type_is_recorded() -> None:
    assert sorted(case["type"] for case in RECORDED["dequantize"]) == sorted(TYPES)
    assert all(set(WRITTEN) <= set(case) for case in RECORDED["quantize"])
    assert set(WRITTEN) == {"Q4_0", "Q8_0", "TQ1_0", "TQ2_0"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", WRITTEN)
def test_quantize_writes_the_bytes_of_gguf(gguf: Any, name: str, kind: str) -> None:
    x = inputs(kind, 144 * ROW).reshape(8, -1)
    with np.errstate(all="ignore"):
        expected = gguf.quantize(x, number(gguf, name))
    got = hu.ggml.quantize(x, name)
    assert got.shape == expected.shape
    np.testing.assert_array_equal(got, expected)


def test_a_block_of_zeros_that_begins_with_minus_zero_is_where_gguf_differs_from_llama_cpp(gguf: Any) -> None:
    x = np.where(np.arange(32) % 3 == 0, np.float32(-0.0), np.float32(0.0))
    ours, theirs = hu.ggml.quantize(x, "Q4_0"), gguf.quantize(x, number(gguf, "Q4_0"))
    assert ours[:2].tolist() == [0x00, 0x80]  # llama.cpp: 0 / -8
    assert theirs[:2].tolist() == [0x00, 0x00]  # gguf: -0 / -8
    np.testing.assert_array_equal(ours[2:], theirs[2:])


@pytest.mark.parametrize("name", TYPES)
def test_dequantize_reads_what_gguf_reads_in_any_bytes(gguf: Any, name: str) -> None:
    data = RNG.integers(0, 256, (7, 60 * TYPES[name].bytes), dtype=np.uint8)
    with np.errstate(all="ignore"):
        expected = gguf.dequantize(data, number(gguf, name)).astype(np.float32)
    assert_same_values(hu.ggml.dequantize(data, name), expected)


def test_the_types_are_those_of_gguf(gguf: Any) -> None:
    for row in TYPES.values():
        assert row.number == number(gguf, row.name).value
        assert (row.values, row.bytes) == gguf.GGML_QUANT_SIZES[number(gguf, row.name)]


@pytest.mark.parametrize("name", WRITTEN)
def test_unpack_gives_codes_and_scales_whose_products_are_the_values_and_pack_takes_them_back(name: str) -> None:
    x = inputs("outliers", 12 * ROW).reshape(3, 4 * ROW)
    data = hu.ggml.quantize(x, name)
    codes, scales = hu.ggml.unpack(data, name)
    values = TYPES[name].values
    assert (codes.dtype, scales.dtype) == (np.int8, np.float16)
    assert codes.shape == x.shape
    assert scales.shape == (3, 4 * ROW // values)
    product = codes.astype(np.float32) * np.repeat(scales.astype(np.float32), values, axis=-1)
    np.testing.assert_array_equal(product, hu.ggml.dequantize(data, name))
    for integers in (codes, codes.astype(np.int64), np.asfortranarray(codes)):
        np.testing.assert_array_equal(hu.ggml.pack(integers, scales, name.lower()), data)
    lowest, highest = {"Q4_0": (-8, 7), "Q8_0": (-128, 127), "TQ1_0": (-1, 1), "TQ2_0": (-1, 2)}[name]
    for beyond in (lowest - 1, highest + 1, 1000):
        wrong = codes.astype(np.int32)
        wrong[1, 40] = beyond
        with pytest.raises(ValueError, match=rf"codes\[1, 40\] is {beyond}, allowed in {name}: {lowest} to {highest}"):
            hu.ggml.pack(wrong, scales, name)
    with pytest.raises(ValueError, match=r"scales has shape \(2,"):
        hu.ggml.pack(codes, scales[:2], name)
    with pytest.raises(TypeError, match="scales has dtype float32, allowed: float16"):
        hu.ggml.pack(codes, scales.astype(np.float32), name)
    with pytest.raises(TypeError, match="codes has dtype float32, allowed: integers"):
        hu.ggml.pack(x, scales, name)


def test_shapes_and_layouts() -> None:
    x = inputs("bell", 6 * 2 * 64).reshape(6, 2, 64)
    data = hu.ggml.quantize(x, "Q4_0")
    assert data.shape == (6, 2, 36)
    np.testing.assert_array_equal(hu.ggml.quantize(np.asfortranarray(x), "Q4_0"), data)
    np.testing.assert_array_equal(hu.ggml.quantize(x[::-1][::-1], "Q4_0", threads=3), data)
    np.testing.assert_array_equal(hu.ggml.quantize(x.astype(">f4"), "Q4_0"), data)
    values = hu.ggml.dequantize(data, "Q4_0")
    assert values.shape == x.shape
    flat = hu.ggml.dequantize(data.reshape(-1), "Q4_0", (3, 256), threads=2)
    np.testing.assert_array_equal(flat, values.reshape(3, 256))
    assert hu.ggml.dequantize(data, "Q4_0", 768).shape == (768,)
    assert hu.ggml.quantize(np.zeros((3, 0), np.float32), "TQ1_0").shape == (3, 0)
    assert hu.ggml.dequantize(np.zeros((0, 66), np.uint8), "TQ2_0").shape == (0, 256)
    with pytest.raises(ValueError, match=r"shape is \(5, 5\), allowed: a shape of 768 values"):
        hu.ggml.dequantize(data, "Q4_0", (5, 5))
    with pytest.raises(ValueError, match="shape is"):
        hu.ggml.dequantize(data, "Q4_0", (-1, -768))
    with pytest.raises(TypeError, match="shape is 'all'"):
        hu.ggml.dequantize(data, "Q4_0", "all")


def test_what_is_refused() -> None:
    good = np.ones(64, np.float32)
    for bad in (np.nan, np.inf, -np.inf):
        x = np.stack([good, good])
        x[1, 3] = bad
        for name in ("Q4_0", "Q8_0"):
            with pytest.raises(ValueError, match=rf"x\[67\] .* is (NaN|infinite), allowed in {name}: finite numbers"):
                hu.ggml.quantize(x, name)
    for x in (good.astype(np.float64), good.astype(np.float16), good.astype(np.int32), [1.0] * 32):
        with pytest.raises(TypeError, match="allowed: float32"):
            hu.ggml.quantize(x, "Q4_0")
    with pytest.raises(ValueError, match=r"x has 64 elements along the last axis, allowed: a multiple of 256"):
        hu.ggml.quantize(good, "TQ2_0")
    with pytest.raises(ValueError, match=r"x has shape \(\)"):
        hu.ggml.quantize(np.float32(1), "Q4_0")
    with pytest.raises(ValueError, match="type is 'Q4_K', allowed in quantize: Q4_0, Q8_0, TQ1_0, TQ2_0"):
        hu.ggml.quantize(good, "q4_k")
    with pytest.raises(ValueError, match="type is 'Q9_0', allowed: Q4_0, Q4_1"):
        hu.ggml.quantize(good, "Q9_0")
    with pytest.raises(TypeError, match="type is 2, allowed: a name"):
        hu.ggml.quantize(good, 2)
    with pytest.raises(ValueError, match="threads"):
        hu.ggml.quantize(good, "Q4_0", threads=0)
    with pytest.raises(TypeError, match="data has dtype int8, allowed: uint8"):
        hu.ggml.dequantize(np.zeros(18, np.int8), "Q4_0")
    with pytest.raises(ValueError, match=r"data has 19 bytes along the last axis, allowed: a multiple of 18"):
        hu.ggml.dequantize(np.zeros(19, np.uint8), "Q4_0")
    with pytest.raises(ValueError, match="allowed in unpack"):
        hu.ggml.unpack(np.zeros(17, np.uint8), "MXFP4")


def test_gguf_files_are_read_and_written(gguf: Any, tmp_path: Path) -> None:
    x = inputs("bell", 4 * 512).reshape(2, 2, 512)
    tensors = {name: hu.ggml.Tensor(name, x.shape, hu.ggml.quantize(x, name)) for name in WRITTEN}
    tensors["plain"] = hu.ggml.Tensor("F32", x.shape, x.view(np.uint8))
    tensors["half"] = hu.ggml.Tensor("F16", x.shape, x.astype(np.float16).view(np.uint8))
    path = tmp_path / "a.gguf"
    hu.ggml.write_gguf(path, tensors)
    assert [p.name for p in tmp_path.iterdir()] == ["a.gguf"]

    for tensor in gguf.GGUFReader(path).tensors:  # what the package reads in our file
        if tensor.name in WRITTEN:
            assert tensor.tensor_type.name == tensor.name
            np.testing.assert_array_equal(
                gguf.dequantize(tensor.data, tensor.tensor_type), tensors[tensor.name].values()
            )

    back = hu.ggml.read_gguf(path)
    assert list(back) == list(tensors)
    for name, tensor in back.items():
        assert (tensor.type, tensor.shape) == (tensors[name].type, x.shape)
        np.testing.assert_array_equal(tensor.data, tensors[name].data)
        np.testing.assert_array_equal(tensor.values(), tensors[name].values())
    np.testing.assert_array_equal(back["plain"].values(), x)

    # What the package writes in one of its own.
    writer = gguf.GGUFWriter(tmp_path / "b.gguf", "test")
    writer.add_tensor("w", gguf.quantize(x, number(gguf, "TQ1_0")), raw_dtype=number(gguf, "TQ1_0"))
    writer.add_tensor("i", np.arange(6, dtype=np.int32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    other = hu.ggml.read_gguf(str(tmp_path / "b.gguf"))
    np.testing.assert_array_equal(other["w"].data, tensors["TQ1_0"].data)
    assert (other["i"].type, other["i"].shape) == ("I32", (6,))
    with pytest.raises(ValueError, match="type is 'I32', allowed"):
        other["i"].values()


def test_bfloat16_tensors_of_files_have_values() -> None:
    bits = np.array([[0x3F80, 0xC000]], "<u2")
    assert hu.ggml.Tensor("BF16", (1, 2), bits.view(np.uint8)).values().tolist() == [[1.0, -2.0]]


@pytest.mark.usefixtures("gguf")
def test_files_that_are_refused(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"GGML and more")
    with pytest.raises(ValueError, match="does not begin with the letters GGUF"):
        hu.ggml.read_gguf(tmp_path / "no.gguf")
    x = np.ones((4, 32), np.float32)
    path = tmp_path / "cut.gguf"
    hu.ggml.write_gguf(path, {"w": hu.ggml.Tensor("Q8_0", x.shape, hu.ggml.quantize(x, "Q8_0"))})
    whole = path.read_bytes()
    path.write_bytes(whole[:-80])
    with pytest.raises(ValueError, match=r"cut\.gguf is not a sound GGUF file"):
        hu.ggml.read_gguf(path)
    with pytest.raises(FileNotFoundError):
        hu.ggml.read_gguf(tmp_path / "none.gguf")
    path.write_bytes(whole)
    for tensor, said in (
        (
            hu.ggml.Tensor("Q8_0", (4, 64), np.zeros((4, 34), np.uint8)),
            r"data of 'w' has shape \(4, 34\), allowed .*\(4, 68\)",
        ),
        (hu.ggml.Tensor("Q8_0", (4, 33), np.zeros((4, 34), np.uint8)), "not a multiple of 32"),
        (hu.ggml.Tensor("Q", (4, 32), np.zeros((4, 34), np.uint8)), "type of 'w' is 'Q', allowed: F32"),
    ):
        with pytest.raises(ValueError, match=said):
            hu.ggml.write_gguf(path, {"w": tensor})
    with pytest.raises(TypeError, match="data of 'w' has dtype float32, allowed: uint8"):
        hu.ggml.write_gguf(path, {"w": hu.ggml.Tensor("F32", x.shape, x)})
    assert path.read_bytes() == whole


def test_torch_tensors_come_and_go() -> None:
    torch = pytest.importorskip("torch")
    x = inputs("bell", 2 * ROW).reshape(2, ROW)
    data = hu.ggml.quantize(torch.from_numpy(x), "TQ2_0")
    assert data.dtype == torch.uint8
    np.testing.assert_array_equal(data.numpy(), hu.ggml.quantize(x, "TQ2_0"))
    assert hu.ggml.dequantize(data, "TQ2_0").dtype == torch.float32
    codes, scales = hu.ggml.unpack(data, "TQ2_0")
    assert (codes.dtype, scales.dtype) == (torch.int8, torch.float16)
    assert torch.equal(hu.ggml.pack(codes, scales, "TQ2_0"), data)


def base3(codes: list[int]) -> list[int]:
    codes = codes + [0] * (-len(codes) % 5)
    numbers = [int("".join(map(str, codes[i : i + 5])), 3) for i in range(0, len(codes), 5)]
    return [-(-256 * v // 243) for v in numbers]


@pytest.mark.parametrize("count", [0, 1, 4, 5, 6, 9, 10, 64, 1001])
def test_trits_pack_five_in_a_byte(count: int) -> None:
    codes = RNG.integers(0, 3, count, dtype=np.uint8)
    packed = hu.pack_base3(codes)
    assert packed.dtype == np.uint8
    assert packed.tolist() == base3(codes.tolist())
    for other in (codes.astype(np.int64), codes.tolist(), np.repeat(codes, 2)[::2]):
        assert hu.pack_base3(other).tolist() == packed.tolist()
    for fewer in {count, count // 2, 0}:
        got = hu.unpack_base3(packed, fewer)
        assert got.dtype == np.uint8
        assert got.tolist() == codes[:fewer].tolist()


def test_what_base3_packing_refuses() -> None:
    with pytest.raises(ValueError, match=r"codes\[2\] is 3, allowed: 0, 1, 2"):
        hu.pack_base3([0, 1, 3])
    with pytest.raises(ValueError, match=r"codes\[1\] is 259, allowed"):
        hu.pack_base3(np.array([0, 259, 1], np.uint16))
    with pytest.raises(ValueError, match="codes holds -1"):
        hu.pack_base3([-1, 0, 1])
    with pytest.raises(TypeError, match="codes"):
        hu.pack_base3([0.5])
    made = {base3(list(trits))[0] for trits in itertools.product(range(3), repeat=5)}
    none = sorted(set(range(256)) - made)
    assert len(none) == 13
    for byte in none:
        packed = np.array([128, byte, 128], np.uint8)
        with pytest.raises(ValueError, match=rf"packed\[1\] is {byte}, allowed: a byte that five trits make"):
            hu.unpack_base3(packed, 6)
        assert hu.unpack_base3(packed, 5).tolist() == [1] * 5
    packed = np.array([128], np.uint8)
    for count in (-1, 6):
        with pytest.raises(ValueError, match=rf"count is {count}, allowed: 0 to 5, what 1 bytes hold"):
            hu.unpack_base3(packed, count)
    with pytest.raises(TypeError, match=r"count is 2\.0"):
        hu.unpack_base3(packed, 2.0)
    with pytest.raises(TypeError, match="allowed: uint8"):
        hu.unpack_base3(packed.astype(np.uint16), 5)
