"""JAX arrays on the CPU go in without a copy and come back as JAX arrays with the bits that NumPy arrays give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import halfulp as hu
import numpy as np
import pytest
from halfulp._arrays import carried
from halfulp._convert import _codes_and_format, unsigned

jax = pytest.importorskip("jax")
jnp = pytest.importorskip("jax.numpy")

RNG = np.random.default_rng(32)
BASE = (RNG.standard_normal((4, 6, 5)) * 4).astype(np.float32)
CARRIERS = ["float16", "bfloat16", "float32", "float64"]


@pytest.fixture
def x64() -> Iterator[None]:
    """float64 and uint64 arrays."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.fixture
def x32() -> Iterator[None]:
    """JAX as it is without a switch."""
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", False)
    yield
    jax.config.update("jax_enable_x64", before)


def bits_of(x: Any) -> tuple[Any, ...]:
    x = np.asarray(x)
    return x.dtype.name, x.shape, np.ascontiguousarray(x).tobytes()


def results(x: Any, **random: Any) -> list[Any]:
    """What the functions make of x, without x64."""
    how = {"rounding": "stochastic", **random} if random else {}
    found = [hu.round(x, "e4m3fn", **how), hu.encode(x, "e5m2", **how), hu.encode(x, "e5m8", **how)]
    found += [hu.fake_quantize(x, "e4m3fn/tensor:binary32", **how)]
    if x.ndim:
        q = hu.quantize(x, "e2m1fn/4:e4m3fn/tensor:binary32", **how)
        found += [q.codes, *q.scale_codes, *q.scales, *q.pack().scales, q.pack().codes]
        found += [q.dequantize("float32"), hu.decode(q.codes, "e2m1fn"), hu.pack(hu.encode(x, "e3m2f"), 6)]
        found += [hu.fake_quantize(x, "e2m1fn/3:e8m0fnu", axis=0, **how)]
    return found


@pytest.mark.usefixtures("x64")
@pytest.mark.parametrize("dtype", CARRIERS)
@pytest.mark.parametrize("part", [(), (slice(1, 3),), (1, 2, 3), (slice(None), slice(0, 0)), (0, 0, slice(0, 1))])
def test_jax_arrays_give_jax_arrays_with_the_bits_of_arrays(part: Any, dtype: str) -> None:
    x = jnp.asarray(BASE).astype(dtype)[part]
    assert x.dtype.name == dtype
    words = RNG.integers(0, 2**32, x.shape, dtype=np.uint64).astype(np.uint32)
    for random in ({}, {"rng": 5}, {"random": words}):
        of_jax = [*results(x, **random), hu.probability_away(x, "e3m2f")]
        of_array = [*results(np.asarray(x), **random), hu.probability_away(np.asarray(x), "e3m2f")]
        assert all(isinstance(r, jax.Array) for r in of_jax)
        assert [bits_of(r) for r in of_jax] == [bits_of(np.asarray(r)) for r in of_array]
        if "random" in random:
            again = results(x, random=jnp.asarray(words))
            assert [bits_of(r) for r in again] == [bits_of(r) for r in of_jax[:-1]]


@pytest.mark.parametrize("dtype", CARRIERS[:3])
def test_memory_is_not_copied_on_the_way_in_or_out(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = jnp.asarray(BASE).astype(dtype)
    assert carried("x", x).data.ctypes.data == x.unsafe_buffer_pointer()
    given: list[int] = []
    put = jax.device_put
    monkeypatch.setattr(jax, "device_put", lambda array, *rest: given.append(array.ctypes.data) or put(array, *rest))
    for result in (hu.round(x, "e3m2f"), hu.encode(x, "e3m2f"), hu.fake_quantize(x, "mxfp4")):
        assert result.unsafe_buffer_pointer() == given.pop(0)
    codes = hu.encode(x, "e3m2f")
    assert unsigned("codes", codes).data.ctypes.data == codes.unsafe_buffer_pointer()
    assert _codes_and_format("codes", x.astype("float8_e4m3fn"))[0].data.dtype == np.uint8


@pytest.mark.usefixtures("x32")
def test_what_jax_would_cut_to_32_bits_is_refused() -> None:
    x = jnp.asarray(BASE)
    rng = hu.Rng(3)
    for call in (
        lambda: hu.encode(x, "binary64", "sr", rng=rng),
        lambda: hu.encode(x, "e8m30"),
        lambda: hu.decode(jnp.zeros(3, jnp.uint8), "e4m3fn", dtype="float64"),
        lambda: hu.decode(jnp.zeros(3, jnp.uint32), "e9m20"),
        lambda: hu.probability_away(x, "e4m3fn"),
        lambda: hu.quantize(x, "e4m3fn/tensor:binary64"),
        lambda: hu.quantize(x, "e4m3fn").dequantize("float64"),
        lambda: hu.unpack(jnp.zeros(9, jnp.uint8), 33, 1),
    ):
        with pytest.raises(TypeError, match=r"the result is (uint64|float64), which JAX would cut.*jax_enable_x64"):
            call()
    assert rng.stream == 0
    assert hu.encode(np.asarray(x), "binary64").dtype == np.uint64
    out = np.empty(x.shape, np.uint64)
    assert hu.encode(x, "binary64", out=out) is out


@pytest.mark.usefixtures("x64")
def test_64_bit_results_with_x64() -> None:
    x = jnp.asarray(BASE)
    codes = hu.encode(x, "binary64")
    assert codes.dtype == jnp.uint64
    assert bits_of(hu.decode(codes, "binary64")) == bits_of(BASE.astype(np.float64))


@pytest.mark.parametrize(
    "name",
    [
        "float8_e4m3fn",
        "float8_e5m2",
        "float8_e4m3",
        "float8_e3m4",
        "float8_e8m0fnu",
        "float8_e4m3b11fnuz",
        "float4_e2m1fn",
    ],
)
def test_narrow_arrays_know_their_format(name: str) -> None:
    dtype = getattr(jnp, name)
    f = hu.format(dtype)
    assert f == hu.format(np.dtype(dtype)) == hu.format(name)
    codes = np.arange(2**f.bits, dtype=np.uint8)
    x = jnp.asarray(codes.view(np.dtype(dtype)))
    values = hu.decode(x)
    assert isinstance(values, jax.Array)
    assert bits_of(values) == bits_of(hu.decode(codes, f)) == bits_of(hu.decode(x, f))
    with pytest.raises(ValueError, match=f"format is e3m2f.*{name}"):
        hu.decode(x, "e3m2f")
    with pytest.raises(TypeError, match=f"x has dtype {name}.*decode them"):
        hu.round(x, "e3m2f")


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int32", "uint32"])
def test_codes_of_any_integer_dtype(dtype: str) -> None:
    codes = jnp.arange(64).astype(dtype)
    assert unsigned("codes", codes).data.ctypes.data == codes.unsafe_buffer_pointer()
    assert bits_of(hu.decode(codes, "e3m2f")) == bits_of(hu.decode(np.arange(64), "e3m2f"))
    packed = hu.pack(codes, 6)
    assert isinstance(packed, jax.Array)
    assert bits_of(hu.unpack(packed, 6, 64)) == bits_of(np.arange(64, dtype=np.uint8))
    with pytest.raises(ValueError, match=r"codes\[4\] is 4"):
        hu.decode(codes, "e1m0f")


def test_jax_arrays_never_change() -> None:
    x = jnp.asarray(BASE)
    for out in (x, jnp.zeros(x.shape)):
        with pytest.raises(TypeError, match=r"out is a ArrayImpl \(JAX arrays never change\), allowed"):
            hu.round(x, "e4m3fn", out=out)
    array = np.empty(x.shape, np.float32)
    assert hu.round(x, "e4m3fn", out=array) is array
    with pytest.raises(ValueError, match="read-only"):
        hu.round(x, "e4m3fn", out=np.asarray(x))
    assert bits_of(x) == bits_of(BASE)


def test_a_result_does_not_change_with_the_next_one() -> None:
    # Catches: memory given to JAX that a later call writes to.
    x = jnp.asarray(BASE)
    first = hu.round(x, "e3m2f")
    before = bits_of(first)
    for _ in range(20):
        hu.round(x + 1, "e3m2f")
    assert bits_of(first) == before
    assert bits_of(first + 0) == before


def test_inside_a_transformation_there_are_no_numbers_yet() -> None:
    x = jnp.asarray(BASE)
    transforms = (jax.jit, jax.vmap, lambda f: jax.grad(lambda v: f(v).sum()))
    for transform in transforms:
        with pytest.raises(TypeError, match=r"x is a JAX tracer.*outside jit.*pure_callback"):
            transform(lambda v: hu.round(v, "e4m3fn"))(x)
    shape = jax.ShapeDtypeStruct(x.shape, x.dtype)
    called = jax.jit(lambda v: jax.pure_callback(lambda a: np.asarray(hu.round(a, "e4m3fn")), shape, v))(x)
    assert bits_of(called) == bits_of(hu.round(BASE, "e4m3fn"))


def test_what_is_no_array_of_numbers_is_named() -> None:
    deleted = jnp.ones(3)
    deleted.delete()
    for x, error, fragment in (
        (jnp.ones(3, jnp.int32), TypeError, "x has dtype int32.*integers are codes"),
        (jnp.ones(3, jnp.uint8), TypeError, "x has dtype uint8"),
        (jnp.ones(3, bool), TypeError, "x has dtype bool"),
        (jnp.ones(3, jnp.complex64), TypeError, "x has dtype complex64"),
        (jax.random.key(0), TypeError, "x has dtype key"),
        (deleted, ValueError, "x is a deleted JAX array"),
    ):
        with pytest.raises(error, match=fragment):
            hu.round(x, "e4m3fn")
    with pytest.raises(TypeError, match="codes has dtype float32"):
        hu.decode(jnp.ones(3), "e4m3fn")


class Elsewhere:
    """Stands for an array on a GPU."""

    dtype = np.dtype("float32")
    is_fully_addressable = True

    class Device:
        platform = "gpu"

        def __str__(self) -> str:
            return "cuda:0"

    def is_deleted(self) -> bool:
        return False

    def devices(self) -> set[Any]:
        return {self.Device()}

    def __array__(self, *_: Any, **__: Any) -> np.ndarray:
        raise AssertionError("must be refused before it is fetched")


def test_arrays_on_other_devices_say_how_to_bring_them() -> None:
    from halfulp._tensors import jax_memory

    with pytest.raises(TypeError, match=r"x is a JAX array on the device cuda:0.*jax.device_put\(x"):
        jax_memory("x", Elsewhere())


def test_quantized_objects_hold_jax_arrays() -> None:
    x = jnp.asarray(BASE).astype("bfloat16")
    q = hu.quantize(x, "nvfp4")
    assert (q.codes.dtype, q.scale_codes[1].dtype, q.scales[0].dtype) == (jnp.uint8, jnp.uint32, jnp.float32)
    assert q.dequantize("bfloat16").dtype == jnp.bfloat16
    assert bits_of(q.dequantize()) == bits_of(hu.quantize(np.asarray(x), "nvfp4").dequantize())
    assert bits_of(hu.fake_quantize(x, "nvfp4")) == bits_of(q.dequantize(jnp.bfloat16))


@pytest.mark.usefixtures("x32")
def test_assert_bitexact_takes_jax_arrays_on_either_side() -> None:
    x = jnp.asarray(BASE)
    for actual in (hu.encode(x, "e3m2f"), hu.round(x, "e3m2f"), hu.round(x.astype("bfloat16"), "e3m2f")):
        source = x.astype("bfloat16") if actual.dtype == jnp.bfloat16 else x
        hu.testing.assert_bitexact(actual, "e3m2f", source)
        with pytest.raises(AssertionError, match="1 of 120 differ"):
            hu.testing.assert_bitexact(actual.at[0, 1, 2].set(0), "e3m2f", source)
    assert jnp.array_equal(hu.decode(hu.encode(x, "e3m2f"), "e3m2f"), hu.round(x, "e3m2f"))


def test_jax_casts_as_ml_dtypes_does() -> None:
    x = jnp.asarray(np.concatenate([BASE.reshape(-1) * np.float32(2.0**e) for e in range(-12, 12)]))
    for name in ("float8_e4m3fn", "float8_e5m2"):
        cast = np.asarray(x).astype(np.dtype(getattr(jnp, name)))
        hu.testing.assert_bitexact(jnp.asarray(cast), name, x, projection="ml_dtypes")
