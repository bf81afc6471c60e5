"""dequantize_packed against values worked out here from a bit string, and against unpack and dequantize; and what it
refuses."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import halfulp as hu
import numpy as np
import pytest

RNG = np.random.default_rng(616)
SCHEMES = [
    "nf4/64:binary32",
    "nf4_64_dq256",
    "mxfp4",
    "nvfp4",
    "int4s/128:binary16",
    "int4/32:binary16@zero_point",
    "int8/channel:binary32",
    "int3/24:bfloat16",
    "ternary/64:binary32",
    "pm1/64:binary16",
    "e2m3fn/8x16:e8m0fnu",
    "mxfp4@hadamard=16,signs=3",
    "int11s/30:binary32",
    "posit16_2/64:binary32",
    "q8.8",
]


def from_bits(packed: np.ndarray, index: int, f: hu.Format) -> int:
    """The code whose bits start at index * bits, the lowest first."""
    whole = int.from_bytes(packed.tobytes(), "little")
    code = whole >> (index * f.bits) & (2**f.bits - 1)
    return code - 2**f.bits if np.dtype(f.code_dtype).kind == "i" and code >> (f.bits - 1) else code


def same_bits(a: Any, b: Any) -> bool:
    a, b = np.asarray(a), np.asarray(b)
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def extras(q: hu.Quantized) -> dict[str, Any]:
    return {"zero_points": q.zero_points, "offset": q.offset}


@pytest.mark.parametrize(
    "text", ["nf4/16:binary32", "mxfp4", "int4s/32:binary16", "ternary/20:bfloat16", "int5s/8:binary32"]
)
def test_values_are_products_of_the_bits_rounded_once(text: str) -> None:
    x = RNG.standard_normal(133).astype(np.float32)
    q = hu.quantize(x, text)
    packed = q.pack()
    values = hu.dequantize_packed(packed, text, 133)
    scales = np.asarray(q.scales[0], dtype=np.float64)
    length = q.scheme.levels[0].group
    assert isinstance(length, int)
    for i in range(133):
        element = q.scheme.element.exact(from_bits(packed.codes, i, q.scheme.element))
        exact = Fraction(element) * Fraction(float(scales[i // length]))
        # A float64 holds the product: at most 24 bits of a value, and 24 of a scale.
        assert Fraction(float(exact)) == exact
        assert values[i] == np.float32(float(exact))


@pytest.mark.parametrize("shape", [(5, 333), (2, 64, 48), (0, 3), (1, 1)])
@pytest.mark.parametrize("text", SCHEMES)
def test_the_bits_are_those_of_unpack_and_dequantize(text: str, shape: tuple[int, ...]) -> None:
    x = RNG.standard_normal(shape).astype(np.float32)
    q = hu.quantize(x, text)
    packed = q.pack()
    for dtype in ("float32", "float16", None):
        got = hu.dequantize_packed(packed, q.scheme, shape, dtype=dtype, **extras(q))
        assert same_bits(got, q.dequantize(dtype))
    if not q.scheme.hadamard:
        assert same_bits(
            hu.dequantize_packed(packed, text, shape, dtype="float64", threads=2, **extras(q)), q.dequantize("float64")
        )


@pytest.mark.parametrize("text", ["nf4/16:binary32", "mxfp4", "int3/24:bfloat16"])
def test_axes_are_those_of_quantize(text: str) -> None:
    x = RNG.standard_normal((3, 40, 37)).astype(np.float32)
    for axis in (0, 1, 2, -2):
        q = hu.quantize(x, text, axis=axis)
        assert same_bits(hu.dequantize_packed(q.pack(), text, x.shape, axis=axis), q.dequantize())
    by_channel = hu.quantize(x, "int4s/channel:binary32", channel_axis=1)
    got = hu.dequantize_packed(by_channel.pack(), by_channel.scheme, x.shape, channel_axis=1)
    assert same_bits(got, by_channel.dequantize())


def test_hadamard_in_float64_is_that_of_a_float64_array() -> None:
    x = RNG.standard_normal((4, 64))
    q = hu.quantize(x, "int8/64:binary32@hadamard=64")
    assert same_bits(hu.dequantize_packed(q.pack(), q.scheme, x.shape, dtype="float64"), q.dequantize())


def test_out_and_bare_pairs() -> None:
    q = hu.quantize(RNG.standard_normal((4, 64)).astype(np.float32), "nf4/64:binary32")
    codes, scales = q.pack()
    out = np.empty((4, 64), np.float32)
    assert hu.dequantize_packed((codes, scales), q.scheme, (4, 64), out=out) is out
    assert same_bits(out, q.dequantize())
    columns = np.empty((64, 4), np.float32).T
    hu.dequantize_packed((codes, scales), q.scheme, (4, 64), out=columns)
    assert np.array_equal(columns, out)
    shared = np.zeros(1024, np.uint8)
    shared[:128] = codes
    with pytest.raises(ValueError, match="out overlaps the input in part"):
        hu.dequantize_packed((shared[:128], scales), q.scheme, (4, 64), out=shared.view(np.float32).reshape(4, 64))
    assert same_bits(hu.dequantize_packed((codes, scales), q.scheme, 256), out.reshape(-1))


def test_tensors_come_back_as_tensors() -> None:
    torch = pytest.importorskip("torch")
    q = hu.quantize(torch.linspace(-1, 1, 128), "nf4/64:binary32")
    values = hu.dequantize_packed(q.pack(), q.scheme, 128)
    assert isinstance(values, torch.Tensor)
    assert torch.equal(values, q.dequantize())


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"codes": np.zeros(66, np.uint8)}, ValueError, "packed has 66 bytes, allowed: 67 for 133 codes of 4 bits"),
        ({"codes": np.zeros(68, np.uint8)}, ValueError, "packed has 68 bytes, allowed: 67 for 133 codes of 4 bits"),
        ({"codes": np.zeros(67, np.uint16)}, TypeError, r"packed\[0\] has dtype uint16, allowed: uint8"),
        ({"codes": np.zeros(67)}, TypeError, r"packed\[0\] has dtype float64, allowed: integers"),
        ({"scales": ()}, ValueError, r"packed\[1\] has 0 levels, allowed: 1 for nf4/64:binary32"),
        (
            {"scales": (np.zeros(11, np.uint8),)},
            ValueError,
            r"packed\[1\]\[0\] has 11 bytes, allowed: 12 for 3 codes of 32 bits",
        ),
        ({"scales": (np.zeros(3, np.uint32),)}, TypeError, r"packed\[1\]\[0\] has dtype uint32, allowed: uint8"),
        ({"packed": b"abc"}, TypeError, "packed is a bytes, allowed: "),
        ({"shape": 132}, ValueError, "packed has 67 bytes, allowed: 66"),
        ({"shape": -1}, ValueError, "shape is -1, allowed: lengths from 0"),
        ({"shape": 133.0}, TypeError, "shape is 133.0, allowed: an integer"),
        ({"shape": (True, 133)}, TypeError, "shape is "),
        ({"axis": 1}, ValueError, "axis is 1, allowed: -1 to 0"),
        ({"scheme": "nf5/64:binary32"}, ValueError, "allowed"),
        ({"scheme": "pm1_pmi/64:binary32"}, TypeError, "allowed here: schemes of real numbers"),
        ({"dtype": "int8"}, TypeError, "dtype is 'int8', allowed: "),
        ({"out": np.empty(133, np.float64)}, TypeError, "out has dtype float64, allowed: float32"),
        ({"out": np.empty(132, np.float32)}, ValueError, r"out has shape \(132,\), allowed: \(133,\)"),
        ({"threads": 0}, ValueError, "threads is 0"),
        ({"zero_points": np.zeros(3, np.uint8)}, ValueError, "zero_points is given, allowed for nf4/64:binary32: None"),
        ({"offset": 0.0}, ValueError, "offset is 0.0, allowed for nf4/64:binary32: None"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change: dict[str, Any], error: type[Exception], message: str) -> None:
    arguments = {
        "codes": np.zeros(67, np.uint8),
        "scales": (np.ones(12, np.uint8),),
        "scheme": "nf4/64:binary32",
        "shape": 133,
    } | change
    packed = (arguments.pop("codes"), arguments.pop("scales"))
    arguments = {"packed": packed} | arguments
    with pytest.raises(error, match=message):
        hu.dequantize_packed(**arguments)


def test_zero_points_and_offsets_are_wanted_where_schemes_have_them() -> None:
    x = RNG.standard_normal(128).astype(np.float32)
    affine = hu.quantize(x, "int4/32:binary16@zero_point")
    with pytest.raises(ValueError, match=r"zero_points is None, allowed for .*: those of the Quantized"):
        hu.dequantize_packed(affine.pack(), affine.scheme, 128)
    twice = hu.quantize(x, "nf4_64_dq256")
    with pytest.raises(ValueError, match=r"offset is None, allowed for .*: that of the Quantized"):
        hu.dequantize_packed(twice.pack(), twice.scheme, 128)
    with pytest.raises(TypeError, match="offset is '1', allowed: a number"):
        hu.dequantize_packed(twice.pack(), twice.scheme, 128, offset="1")


@pytest.mark.parametrize("at", [0, 1, 63, 64, 131, 132])
def test_codes_that_the_format_lacks_are_refused(at: int) -> None:
    codes = np.zeros(133, np.uint8)
    codes[at] = 3
    packed = (hu.pack(codes, 2), (hu.pack(np.full(3, 0x3F800000, np.uint32), 32),))
    with pytest.raises(ValueError, match=rf"codes\[{at}\] is 3, allowed: 0 to 2"):
        hu.dequantize_packed(packed, "ternary/64:binary32", 133)
