"""Torch CPU tensors go in without a copy and come back as tensors with the bits that NumPy arrays give."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
import pytest
from halfulp._arrays import carried
from halfulp._convert import _codes_and_format, unsigned

torch = pytest.importorskip("torch")

RNG = np.random.default_rng(31)
BASE = torch.from_numpy(RNG.standard_normal((4, 6, 5)).astype(np.float32) * 4)
CARRIERS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
CODES = {8: torch.uint8, 16: torch.uint16, 32: torch.uint32, 64: torch.uint64}


def bits_of(x: Any) -> tuple[Any, ...]:
    """dtype's name, shape and bytes of a tensor or array."""
    if isinstance(x, torch.Tensor):
        name = str(x.dtype).removeprefix("torch.")
        x = x.contiguous()
        x = (x.view(torch.int16) if x.dtype == torch.bfloat16 else x).numpy()
    else:
        name = x.dtype.name
    return name, x.shape, np.ascontiguousarray(x).tobytes()


def as_numpy(x: Any) -> np.ndarray:
    """The numbers of a tensor in an array of its dtype."""
    if x.dtype != torch.bfloat16:
        return x.numpy()
    ml_dtypes = pytest.importorskip("ml_dtypes")
    return x.contiguous().view(torch.int16).numpy().view(ml_dtypes.bfloat16)


def results(x: Any, **random: Any) -> list[Any]:
    """What the functions make of x."""
    how = {"rounding": "stochastic", **random} if random else {}
    found = [hu.round(x, "e4m3fn", **how), hu.encode(x, "e5m2", **how), hu.encode(x, "e5m8", **how)]
    found += [hu.probability_away(x, "e3m2f"), hu.fake_quantize(x, "e4m3fn/tensor:binary32", **how)]
    if x.ndim:
        q = hu.quantize(x, "e2m1fn/4:e4m3fn/tensor:binary32", **how)
        found += [q.codes, *q.scale_codes, *q.scales, q.dequantize(), *q.pack().scales, q.pack().codes]
        found += [hu.fake_quantize(x, "e2m1fn/3:e8m0fnu", axis=0, **how), hu.pack(hu.encode(x, "e3m2f"), 6)]
        found += [hu.decode(q.codes, "e2m1fn")]
    return found


LAYOUTS = {
    "contiguous": lambda x: x,
    "transposed": lambda x: x.permute(2, 1, 0).contiguous().permute(2, 1, 0),
    "strided": lambda x: torch.repeat_interleave(x, 2, dim=-1)[..., ::2],
    "expanded": lambda x: x[:1, :1].expand(4, 6, 5),
    "offset": lambda x: torch.cat([x.reshape(-1)[:1], x.reshape(-1)])[1:].view(x.shape),
    "parameter": lambda x: torch.nn.Parameter(x, requires_grad=False),
    "0-d": lambda x: x[1, 2, 3],
    "empty": lambda x: x[:, :0],
    "one": lambda x: x.reshape(-1)[:1],
}


@pytest.mark.parametrize("dtype", CARRIERS, ids=str)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_tensors_give_tensors_with_the_bits_of_arrays(layout: str, dtype: Any) -> None:
    x = LAYOUTS[layout](BASE.to(dtype))
    before = bits_of(x)
    words = RNG.integers(0, 2**32, tuple(x.shape), dtype=np.uint64).astype(np.uint32)
    for random in ({}, {"rng": 5}, {"random": words}):
        of_tensor = results(x, **random)
        if "random" in random:
            random = {"random": torch.from_numpy(words)}
            assert [bits_of(r) for r in results(x, **random)] == [bits_of(r) for r in of_tensor]
        of_array = results(as_numpy(x), **({"random": words} if "random" in random else random))
        assert all(type(r) is torch.Tensor and r.device.type == "cpu" for r in of_tensor)
        assert [bits_of(r) for r in of_tensor] == [bits_of(np.asarray(r)) for r in of_array]
    assert bits_of(x) == before


@pytest.mark.parametrize("dtype", CARRIERS, ids=str)
def test_memory_is_shared_both_ways(dtype: Any) -> None:
    x = BASE.to(dtype)
    assert carried("x", x).data.ctypes.data == x.data_ptr()
    assert carried("x", x[1:]).data.ctypes.data == x[1:].data_ptr()
    for target in (x.clone(), x):
        where = target.data_ptr()
        want = bits_of(hu.round(x, "e3m2f"))
        assert hu.round(x, "e3m2f", out=target) is target
        assert target.data_ptr() == where
        assert bits_of(target) == want


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.uint16, torch.int32, torch.uint32, torch.int64])
def test_codes_are_taken_without_a_copy_and_of_any_integer_dtype(dtype: Any) -> None:
    codes = torch.arange(64).to(dtype)
    assert unsigned("codes", codes).data.ctypes.data == codes.data_ptr()
    values = hu.decode(codes, "e3m2f")
    assert values.dtype == torch.float32
    assert bits_of(values) == bits_of(hu.decode(np.arange(64), "e3m2f"))
    assert bits_of(hu.decode(codes[::2], "e3m2f")) == bits_of(hu.decode(np.arange(0, 64, 2), "e3m2f"))
    assert bits_of(hu.pack(codes, 6)) == bits_of(hu.pack(np.arange(64), 6))
    packed = hu.pack(codes, 6)
    assert bits_of(hu.unpack(packed, 6, 64)) == bits_of(np.arange(64, dtype=np.uint8))


@pytest.mark.parametrize(("name", "bits"), [("e4m3fn", 8), ("e5m8", 16), ("tf32", 32), ("binary64", 64)])
def test_codes_have_torchs_unsigned_dtype_of_the_width(name: str, bits: int) -> None:
    x = BASE.double()
    codes = hu.encode(x, name)
    assert codes.dtype == CODES[bits]
    out = torch.empty(x.shape, dtype=CODES[bits])
    assert hu.encode(x, name, out=out) is out
    assert bits_of(out) == bits_of(codes) == bits_of(hu.encode(x.numpy(), name))
    assert bits_of(hu.decode(codes, name, dtype="float64")) == bits_of(hu.round(x, name))
    for n in (5, 9, 17, 33):
        some = torch.arange(20).to(torch.int64)
        assert bits_of(hu.unpack(hu.pack(some, n), n, 20)) == bits_of(hu.unpack(hu.pack(some.numpy(), n), n, 20))


@pytest.mark.parametrize(
    "name", ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "float8_e8m0fnu"]
)
def test_float8_tensors_know_their_format(name: str) -> None:
    dtype = getattr(torch, name)
    codes = torch.arange(256).to(torch.uint8)
    x = codes.view(dtype)
    found, f = _codes_and_format("codes", x)
    assert found.data.ctypes.data == x.data_ptr()
    assert f == hu.format(dtype) == hu.format(name)
    values = hu.decode(x)
    assert bits_of(values) == bits_of(hu.decode(codes, name)) == bits_of(hu.decode(x, name)) == bits_of(hu.decode(x, f))
    finite = ~torch.isnan(values)
    assert torch.equal(values[finite], x.float()[finite])
    assert torch.equal(torch.isnan(values), torch.isnan(x.float()))
    assert bits_of(hu.decode(x[::3])) == bits_of(values[::3])
    assert bits_of(hu.decode(x, dtype=torch.float64)) == bits_of(values.double())
    with pytest.raises(ValueError, match=r"format is e3m4.*torch\." + name):
        hu.decode(x, "e3m4")
    with pytest.raises(TypeError, match=f"x has dtype torch.{name}.*decode them"):
        hu.round(x, "e4m3fn")
    hu.testing.assert_bitexact(x, name, hu.decode(x), nan="to_zero")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_float_tensors_decode_as_codes_of_themselves(dtype: Any) -> None:
    x = BASE.to(dtype)
    assert torch.equal(hu.decode(x), x.float())


def test_decode_to_each_carrier_also_of_arrays_into_tensors() -> None:
    codes = torch.arange(64).to(torch.uint8)
    for dtype in CARRIERS:
        values = hu.decode(codes, "e3m2f", dtype=dtype)
        assert values.dtype == dtype
        assert torch.equal(values.double(), hu.decode(codes, "e3m2f").double())
        out = torch.empty(64, dtype=dtype)
        assert hu.decode(codes.numpy(), "e3m2f", dtype, out=out) is out
        assert torch.equal(out, values)


def test_out_may_be_of_another_kind_and_layout() -> None:
    x = BASE.clone()
    want = hu.round(x, "e3m2f")
    array = np.empty(x.shape, np.float32)
    assert hu.round(x, "e3m2f", out=array) is array
    tensor = torch.empty(x.shape)
    assert hu.round(x.numpy(), "e3m2f", out=tensor) is tensor
    strided = torch.zeros(4, 6, 10)
    assert hu.round(x, "e3m2f", out=strided[..., ::2]).data_ptr() == strided.data_ptr()
    turned = torch.empty(5, 6, 4).permute(2, 1, 0)
    hu.fake_quantize(x, "e3m2f", out=turned)
    for got in (torch.from_numpy(array), tensor, strided[..., ::2], turned):
        assert torch.equal(got, want)
    assert not strided[..., 1::2].any()
    inside = torch.empty(x.shape)
    assert hu.round([[[0.3] * 5] * 6] * 4, "e3m2f", out=inside.double()).dtype == torch.float64


def test_out_is_checked_like_an_array() -> None:
    x = BASE.clone()
    flat = torch.zeros(200)
    for out, error, fragment in (
        (torch.empty(x.shape, dtype=torch.float64), TypeError, "out has dtype torch.float64, allowed: float32"),
        (torch.empty(x.shape, dtype=torch.int32), TypeError, "out has dtype torch.int32"),
        (torch.empty(3), ValueError, r"out has shape \(3,\)"),
        (torch.empty(x.shape, requires_grad=True), TypeError, r"out .*requires grad.*out.detach\(\)"),
        (torch.empty(x.shape, device="meta"), TypeError, "out .*device meta"),
        (torch.zeros(x.shape).to_sparse(), TypeError, r"out .*to_dense\(\)"),
        (torch.zeros(5).expand(x.shape), ValueError, "out is a broadcast array"),
        (torch.imag(torch.zeros(x.shape, dtype=torch.complex64).conj()), TypeError, "out is a lazily negated"),
    ):
        with pytest.raises(error, match=fragment):
            hu.round(x, "e4m3fn", out=out)
    flat[:120] = x.reshape(-1)
    with pytest.raises(ValueError, match="out overlaps the input in part"):
        hu.round(flat[:120], "e4m3fn", out=flat[1:121])
    with pytest.raises(ValueError, match="out overlaps random"):
        hu.round(flat[:50], "e4m3fn", "sr", random=flat[60:110].view(torch.uint32), out=flat[100:150])
    with pytest.raises(ValueError, match="out overlaps"):
        hu.round(flat[:100].numpy(), "e4m3fn", out=flat[1:101])


REFUSED: dict[str, tuple[Any, list[str]]] = {
    "requires grad": (lambda: torch.ones(3, requires_grad=True), ["requires grad", "straight-through", "x.detach()"]),
    "parameter": (lambda: torch.nn.Parameter(torch.ones(3)), ["requires grad", "x.detach()"]),
    "of a graph": (lambda: torch.ones(3, requires_grad=True) * 2, ["x.detach()"]),
    "meta": (lambda: torch.ones(3, device="meta"), ["device meta"]),
    "sparse": (lambda: torch.ones(3).to_sparse(), ["sparse_coo", "x.to_dense()"]),
    "sparse csr": (lambda: torch.ones(3, 3).to_sparse_csr(), ["sparse_csr", "x.to_dense()"]),
    "quantized": (
        lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.quint8),
        ["quantized", "x.dequantize()"],
    ),
    "nested": (lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)]), ["allowed"]),
    "complex": (lambda: torch.ones(3, dtype=torch.complex64), ["torch.complex64", "float32"]),
    "int": (lambda: torch.ones(3, dtype=torch.int32), ["torch.int32", "integers are codes"]),
    "uint8": (lambda: torch.ones(3, dtype=torch.uint8), ["torch.uint8", "integers are codes"]),
    "bool": (lambda: torch.ones(3, dtype=torch.bool), ["torch.bool"]),
    "float8": (lambda: torch.ones(3).to(torch.float8_e5m2), ["torch.float8_e5m2", "decode"]),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("make", "fragments"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_plain_cpu_tensor_of_floats_is_a_type_error(make: Any, fragments: list[str]) -> None:
    x = make()
    for call in (
        lambda: hu.round(x, "e4m3fn"),
        lambda: hu.encode(x, "e4m3fn"),
        lambda: hu.quantize(x, "e4m3fn/tensor:binary32"),
        lambda: hu.fake_quantize(x, "e4m3fn"),
        lambda: hu.probability_away(x, "e4m3fn"),
    ):
        with pytest.raises(TypeError) as error:
            call()
        assert str(error.value).startswith("x ")
        for fragment in fragments:
            assert fragment in str(error.value)


def test_what_is_no_tensor_of_codes_is_a_type_error() -> None:
    for codes, fragment in (
        (torch.ones(3), "torch.float32"),
        (torch.ones(3, dtype=torch.bool), "torch.bool"),
        (torch.ones(3, dtype=torch.complex64), "torch.complex64"),
        (torch.ones(3, dtype=torch.uint8, device="meta"), "device meta"),
    ):
        with pytest.raises(TypeError, match=fragment):
            hu.decode(codes, "e4m3fn")
    with pytest.raises(ValueError, match="codes holds -1"):
        hu.decode(torch.tensor([-1]), "e4m3fn")
    with pytest.raises(ValueError, match=r"codes\[1\] is 300"):
        hu.decode(torch.tensor([1, 300]), "e4m3fn")
    with pytest.raises(ValueError, match="format is None"):
        hu.decode(torch.tensor([1]))
    with pytest.raises(TypeError, match=r"packed has dtype torch\.int64"):
        hu.unpack(torch.tensor([1]), 4, 1)
    with pytest.raises(TypeError, match="random has dtype int32"):
        hu.round(BASE, "e4m3fn", "sr", random=torch.zeros(BASE.shape, dtype=torch.int32))


@pytest.mark.skipif(not hasattr(torch, "float4_e2m1fn_x2"), reason="this torch has no 4-bit float")
def test_two_codes_in_a_byte_say_how_to_unpack_them() -> None:
    x = torch.tensor([0x21, 0x43], dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    with pytest.raises(TypeError, match=r"halfulp.unpack\(codes.view\(torch.uint8\), 4, 2 \* codes.numel\(\)\)"):
        hu.decode(x)
    assert hu.unpack(x.view(torch.uint8), 4, 2 * x.numel()).tolist() == [1, 2, 3, 4]


def test_bfloat16_tensors_are_numbers_where_numpy_computes() -> None:
    # Catches: the bits that NumPy sees of them taken for numbers.
    m = torch.tensor([[1.0, -2.5, 3.0], [0.25, 8.0, -1.0]], dtype=torch.bfloat16)
    calls = (
        hu.binary.fit_residual_polynomial,
        lambda x: hu.ternary.low_rank_correction(x, 1),
        lambda x: hu.ternary.hybrid_gated_flow(x, x, x[:1], x[:, :1], x[:, 0]),
        lambda x: hu.fixed_point.quantize_multiplier(x.abs()),
    )
    for call in calls:
        for got, wanted in zip(call(m), call(m.float()), strict=True):
            np.testing.assert_array_equal(got, wanted)
    with pytest.raises(TypeError, match=r"multiplier has dtype torch\.bfloat16, allowed: integers"):
        hu.fixed_point.requantize(torch.ones(3, dtype=torch.int32), m[0], torch.ones(3, dtype=torch.int32), axis=0)


def test_lazily_negated_views_count_as_what_they_stand_for() -> None:
    z = torch.complex(torch.ones(3), torch.tensor([1.1, 2.2, 3.3]))
    x = z.conj().imag
    assert x.is_neg()
    assert torch.equal(hu.round(x, "e3m2f"), hu.round(-z.imag.clone(), "e3m2f"))


def test_backward_through_a_tensor_that_out_has_changed_is_torchs_own_error() -> None:
    # Catches: memory written behind autograd's back, so that the gradient of w would be computed from the new numbers.
    w = torch.ones(3, requires_grad=True)
    x = torch.tensor([1.1, 2.2, 3.3])
    y = (w * x).sum()
    hu.round(x, "e3m2f", out=x)
    with pytest.raises(RuntimeError, match="inplace operation"):
        y.backward()
    y = (w * x).sum()
    with pytest.raises(ValueError, match="nan is 'raise'"):
        hu.round(torch.tensor([1.1, torch.nan, 2.2]), "e3m2f", out=x)  # what is in out now is unspecified
    with pytest.raises(RuntimeError, match="inplace operation"):
        y.backward()


def test_inference_mode() -> None:
    with torch.inference_mode():
        x = torch.tensor([1.1, 2.2])
        assert hu.round(x, "e3m2f", out=x) is x
        assert x.tolist() == [1.0, 2.0] or x.tolist() == [1.0, 2.5]


def test_quantized_objects_hold_tensors() -> None:
    x = BASE.to(torch.bfloat16)
    q = hu.quantize(x, "nvfp4")
    assert q.codes.dtype == torch.uint8
    assert q.scale_codes[1].dtype == torch.uint32
    assert q.scales[0].dtype == torch.float32
    assert q.dequantize(torch.bfloat16).dtype == torch.bfloat16
    assert q.bits_per_element == hu.quantize(x.float().numpy(), "nvfp4").bits_per_element
    assert q.nbytes == q.pack().codes.numel() + sum(s.numel() for s in q.pack().scales)
    assert torch.equal(q.dequantize(), torch.from_numpy(hu.quantize(x.float().numpy(), "nvfp4").dequantize()))
    assert "torch.Size" not in repr(q)


def test_assert_bitexact_takes_tensors_on_either_side() -> None:
    x = BASE.clone()
    for actual in (hu.encode(x, "e3m2f"), hu.round(x, "e3m2f"), hu.round(x.bfloat16(), "e3m2f")):
        source = x.bfloat16() if actual.dtype == torch.bfloat16 else x
        hu.testing.assert_bitexact(actual, "e3m2f", source)
        hu.testing.assert_bitexact(actual, "e3m2f", source.double().numpy())
        wrong = actual.clone()
        wrong.view(-1)[7] = 0
        with pytest.raises(AssertionError, match="1 of 120 differ"):
            hu.testing.assert_bitexact(wrong, "e3m2f", source)


def test_torch_casts_as_its_preset_says() -> None:
    x = torch.cat([BASE.reshape(-1) * 2.0**e for e in range(-12, 12)])
    for name in ("float8_e4m3fn", "float8_e5m2"):
        cast = x.to(getattr(torch, name))
        if tuple(map(int, torch.__version__.split(".")[:2])) >= (2, 13) or name == "float8_e5m2":
            hu.testing.assert_bitexact(cast, name, x, projection="torch")


def test_a_tensor_of_many_elements_uses_threads_alike() -> None:
    x = torch.randn(100_001)
    assert torch.equal(hu.round(x, "e4m3fn", threads=2), hu.round(x, "e4m3fn"))
