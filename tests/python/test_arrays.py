"""Arrays in every layout, size and kind give the bits of a plain C-contiguous array; out=, threads and pickling."""

from __future__ import annotations

import array
import copy
import pickle
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pandas as pd
import pytest
import scheme_oracle as oracle

CARRIERS = [np.float16, ml_dtypes.bfloat16, np.float32, np.float64]
RNG = np.random.default_rng(20)
BASE = (RNG.standard_normal((4, 6, 5)) * 4).astype(np.float32)


def by_bits(array: Any) -> tuple[Any, ...]:
    array = np.asarray(array)
    return array.dtype.name, array.shape, np.ascontiguousarray(array).tobytes()


def every_function(x: Any, **random: Any) -> list[tuple[Any, ...]]:
    """What all array functions make of x, by bits; `random` makes them stochastic."""
    how = {"rounding": "stochastic", **random} if random else {}
    results = [hu.round(x, "e4m3fn", **how), hu.encode(x, "e5m2", **how)]
    if np.ndim(x):
        q = hu.quantize(x, "e2m1fn/4:e4m3fn/tensor:binary32", **how)
        results += [q.codes, *q.scale_codes, q.dequantize(), hu.fake_quantize(x, "e2m1fn/3:e8m0fnu", axis=0, **how)]
    results += [hu.quantize(x, "e4m3fn/tensor:binary32", **how).codes]
    return [by_bits(result) for result in results]


class Subclass(np.ndarray):
    pass


class OnlyArray:
    """Has `__array__` and nothing else."""

    def __init__(self, data: np.ndarray) -> None:
        self.data = data

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return self.data


def layouts(x: np.ndarray) -> dict[str, np.ndarray]:
    """The same logical array in memory of many shapes."""
    padded = np.full(tuple(2 * n + 3 for n in x.shape), 99, x.dtype)
    inner = padded[tuple(slice(1, 2 * n + 1, 2) for n in x.shape)]
    inner[...] = x
    flipped = np.ascontiguousarray(x[::-1, ..., ::-1])[::-1, ..., ::-1]
    read_only = x.copy()
    read_only.flags.writeable = False
    unaligned = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    found = {
        "Fortran order": np.asfortranarray(x),
        "strided": inner,
        "negative strides": flipped,
        "transposed memory": np.ascontiguousarray(x.T).T,
        "read-only": read_only,
        "unaligned": unaligned,
        "subclass": x.view(Subclass),
    }
    if x.dtype.kind == "f":
        found["big-endian"] = x.astype(x.dtype.newbyteorder(">"))
        found["big-endian, Fortran order"] = np.asfortranarray(x.astype(x.dtype.newbyteorder(">")))
    return found


@pytest.mark.parametrize("dtype", CARRIERS)
def test_every_layout_gives_the_bits_of_the_contiguous_array(dtype: Any) -> None:
    x = BASE.astype(dtype)
    plain = every_function(x)
    for name, other in layouts(x).items():
        assert every_function(other) == plain, name


@pytest.mark.parametrize("dtype", CARRIERS)
def test_random_bits_follow_c_order_of_the_logical_array_in_every_layout(dtype: Any) -> None:
    x = BASE.astype(dtype)
    random = RNG.integers(0, 2**32, size=x.shape, dtype=np.uint64).astype(np.uint32)
    seeded, given = every_function(x, rng=5), every_function(x, random=random)
    assert seeded != given
    for name, other in layouts(x).items():
        assert every_function(other, rng=5) == seeded, name
        for random_layout in layouts(random).values():
            if random_layout.dtype.isnative:
                assert every_function(other, random=random_layout) == given, name


def test_the_word_of_element_i_is_the_oracles_word_i() -> None:
    for shape in ((23,), (3, 5), (2, 3, 4)):
        words = hu.random_words(hu.Rng(2**63 + 5, stream=7, offset=2**35 + 3), shape)
        want = [oracle.word(2**63 + 5, 7, 2**35 + 3 + i, 0) for i in range(words.size)]
        assert words.reshape(-1).tolist() == want


def test_given_words_are_the_seeds_words_and_fewer_bits_are_their_top() -> None:
    x = BASE
    words = hu.random_words(9, x.shape)
    for bits in (1, 7, 32):
        seeded = hu.encode(x, "e3m2f", "stochastic", rng=9, random_bits=bits)
        given = hu.encode(x, "e3m2f", "stochastic", random=words >> np.uint32(32 - bits), random_bits=bits)
        np.testing.assert_array_equal(seeded, given)


@pytest.mark.parametrize(
    "part",
    [
        ((2, 3, 5), (1, 2, 0)),
        ((4, 6, 5), (0, 0, 0)),
        ((1, 1, 1), (3, 5, 4)),
        ((4, 0, 5), (0, 6, 0)),
        ((2, 6, 5), (2, 0, 0)),
    ],
)
def test_random_words_of_a_part_are_those_of_the_whole(part: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    shape, origin = part
    whole = hu.random_words(hu.Rng(3, 1, 11), BASE.shape)
    window = tuple(slice(o, o + n) for o, n in zip(origin, shape, strict=True))
    np.testing.assert_array_equal(hu.random_words(hu.Rng(3, 1, 11), shape, origin, BASE.shape), whole[window])


def test_an_rng_advances_its_stream_by_one_for_each_call_that_draws() -> None:
    rng = hu.Rng(4, stream=10, offset=6)
    calls: list[Callable[[Any], Any]] = [
        lambda r: hu.round(BASE, "e2m1fn", "sr", rng=r),
        lambda r: hu.encode(BASE, "e2m1fn", "sr", rng=r),
        lambda r: hu.quantize(BASE, "mxfp4", rounding="sr", scale_rounding="sr", rng=r).codes,
        lambda r: hu.fake_quantize(BASE, "mxfp4", rounding="sr", rng=r),
        lambda r: hu.random_words(r, 5),
    ]
    for i, call in enumerate(calls):
        assert rng.stream == 10 + i
        assert by_bits(call(rng)) == by_bits(call(hu.Rng(4, stream=10 + i, offset=6)))
    assert (rng.seed, rng.stream, rng.offset) == (4, 15, 6)
    assert by_bits(calls[0](4)) == by_bits(calls[0](4)) == by_bits(calls[0](hu.Rng(4)))


def test_a_numpy_generator_gives_the_seed_of_each_call() -> None:
    seeds = np.random.default_rng(1)
    generator = np.random.default_rng(1)
    for _ in range(3):
        seed = int(seeds.integers(2**64, dtype=np.uint64))
        assert by_bits(hu.round(BASE, "e2m1fn", "sr", rng=generator)) == by_bits(
            hu.round(BASE, "e2m1fn", "sr", rng=seed)
        )


def test_broadcast_arrays_are_their_logical_arrays() -> None:
    row = BASE[0, 0]
    wide = np.broadcast_to(row, (3, 4, 5))
    assert wide.strides[0] == 0
    for random in ({}, {"rng": 3}):
        assert every_function(wide, **random) == every_function(wide.copy(), **random)
    word = np.broadcast_to(np.uint32(2**31), wide.shape)
    assert every_function(wide, random=word) == every_function(wide.copy(), random=word.copy())
    assert hu.pack(np.broadcast_to(np.uint8(5), 9), 4).tolist() == [0x55] * 4 + [5]


# --- kinds of inputs
def test_python_scalars_and_lists_become_float64() -> None:
    assert type(hu.round(1.1, "e4m3fn")) is np.float64
    assert hu.round(3, "e4m3fn") == 3.0
    assert type(hu.encode(1.1, "e4m3fn")) is np.uint8
    assert type(hu.decode(0x38, "e4m3fn")) is np.float32
    for x in (
        [1.1, 2],
        (1.1, 2),
        [np.float32(1.5), np.float16(2)],
        [np.float32(1.5)],
        [ml_dtypes.bfloat16(1)],
        range(3),
        [2**64, 1.5],
        2**70,
        [[1], [2]],
        [],
    ):
        result = np.asarray(hu.round(x, "binary64"))
        assert result.dtype == np.float64
        np.testing.assert_array_equal(result, np.array(x, dtype=np.float64))


def test_numpy_scalars_keep_their_carrier_and_come_back_as_scalars() -> None:
    for dtype in CARRIERS:
        result = hu.round(dtype(1.1), "e3m2f")
        assert type(result) is dtype
        assert float(result) == 1.0
        assert type(hu.fake_quantize(dtype(1.1), "e3m2f")) is dtype
    assert type(hu.decode(ml_dtypes.float8_e4m3fn(1.5))) is np.float32


def test_zero_dimensional_arrays_stay_arrays() -> None:
    for dtype in CARRIERS:
        x = np.array(1.1, dtype=dtype)
        for result in (
            hu.round(x, "e3m2f"),
            hu.encode(x, "e3m2f"),
            hu.fake_quantize(x, "e3m2f/tensor:binary32"),
            hu.probability_away(x, "e3m2f"),
        ):
            assert isinstance(result, np.ndarray)
            assert result.shape == ()
    assert isinstance(hu.decode(np.array(3, np.uint8), "e3m2f"), np.ndarray)
    out = np.array(0, np.float32)
    assert hu.round(np.array(1.1, np.float32), "e3m2f", out=out) is out
    assert out == 1


@pytest.mark.parametrize("shape", [(0,), (3, 0), (0, 3), (2, 0, 4)])
@pytest.mark.parametrize("dtype", CARRIERS)
def test_zero_size_arrays_work_everywhere(shape: tuple[int, ...], dtype: Any) -> None:
    x = np.zeros(shape, dtype=dtype)
    assert hu.round(x, "e3m2f").shape == hu.encode(x, "e3m2f").shape == shape
    assert (
        hu.round(x, "e3m2f", "sr", rng=1).shape
        == hu.round(x, "e3m2f", "sr", random=np.zeros(shape, np.uint32)).shape
        == shape
    )
    assert hu.decode(hu.encode(x, "e3m2f"), "e3m2f").shape == shape
    assert hu.probability_away(x, "e3m2f").shape == shape
    assert hu.random_words(1, shape).shape == shape
    out = np.empty(shape, dtype=dtype)
    assert hu.round(x, "e3m2f", out=out) is out
    for axis in range(-len(shape), len(shape)):
        for text in ("e3m2f/2:e4m3fn/3:binary32", "e3m2f/2:bfloat16/tensor:binary32", "e3m2f/tensor:binary32", "e3m2f"):
            q = hu.quantize(x, text, axis=axis, threads=3)
            assert q.codes.shape == q.dequantize().shape == shape
            assert (q.zero_scales, q.saturated) == (0, 0)
            assert np.isnan(q.bits_per_element)
            if text.startswith("e3m2f/2"):
                groups = list(shape)
                groups[axis] = -(-groups[axis] // 2)
                assert q.scales[0].shape == tuple(groups)
            assert hu.fake_quantize(x, text, axis=axis).shape == shape
            assert q.nbytes == q.pack().codes.size + sum(s.size for s in q.pack().scales)
    assert hu.pack(np.zeros(shape, np.uint8), 5).size == hu.unpack(np.zeros(0, np.uint8), 5, 0).size == 0


def test_what_has_only_array_protocol_gives_an_ndarray() -> None:
    x = BASE[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        matrix = np.matrix(x)
    things: list[Any] = [OnlyArray(x), pd.DataFrame(x), x.view(Subclass), matrix, memoryview(x)]
    for thing in things:
        for result in (
            hu.round(thing, "e3m2f"),
            hu.encode(thing, "e3m2f"),
            hu.fake_quantize(thing, "mxfp4"),
            hu.quantize(thing, "mxfp4").codes,
        ):
            assert type(result) is np.ndarray
        assert by_bits(hu.round(thing, "e3m2f")) == by_bits(hu.round(x, "e3m2f"))
        assert by_bits(hu.fake_quantize(thing, "mxfp4")) == by_bits(hu.fake_quantize(x, "mxfp4"))
    series = pd.Series(x[0], index=list("edcba"))
    assert by_bits(hu.round(series, "e3m2f")) == by_bits(hu.round(x[0], "e3m2f"))
    assert by_bits(hu.round(series[::2], "e3m2f")) == by_bits(hu.round(x[0][::2], "e3m2f"))
    assert by_bits(hu.round(array.array("d", [1.1, 2.2]), "e3m2f")) == by_bits(hu.round(np.array([1.1, 2.2]), "e3m2f"))
    assert by_bits(hu.decode(bytearray(b"\x01\x09"), "e3m2f")) == by_bits(hu.decode([1, 9], "e3m2f"))
    assert by_bits(hu.decode(pd.Series([1, 9]), "e3m2f")) == by_bits(hu.decode([1, 9], "e3m2f"))


def test_x_is_never_written_to() -> None:
    x = BASE.copy()
    before = x.tobytes()
    every_function(x)
    every_function(x, rng=1)
    every_function(np.asfortranarray(x))
    assert x.tobytes() == before


# --- codes
@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int8, np.uint16, np.int16, ">u2", ">i2", np.uint32, ">u4", np.int64, ">i8", np.uint64]
)
def test_codes_of_any_integer_dtype_and_layout_decode_alike(dtype: Any) -> None:
    codes = RNG.integers(0, 64, size=(4, 6))
    want = by_bits(hu.decode(codes.astype(np.uint8), "e3m2fn"))
    typed = codes.astype(dtype)
    for other in (
        typed,
        np.asfortranarray(typed),
        np.ascontiguousarray(typed[::-1])[::-1],
        np.repeat(typed, 2, axis=1)[:, ::2],
    ):
        assert by_bits(hu.decode(other, "e3m2fn")) == want
        assert by_bits(hu.pack(other, 6)) == by_bits(hu.pack(codes, 6))


ML = [
    "float8_e4m3fn",
    "float8_e5m2",
    "float8_e4m3",
    "float8_e3m4",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
    "float8_e4m3b11fnuz",
    "float8_e8m0fnu",
]
ML += ["float6_e2m3fn", "float6_e3m2fn", "float4_e2m1fn"]


@pytest.mark.parametrize("name", ML)
def test_ml_dtypes_arrays_know_their_format(name: str) -> None:
    dtype = getattr(ml_dtypes, name)
    f = hu.format(dtype)
    codes = np.arange(2**f.bits, dtype=np.uint8)
    values = codes.view(dtype)
    for array_, reference in (
        (values, codes),
        (values.reshape(-1, 2).T, codes.reshape(-1, 2).T),
        (values[::-2], codes[::-2]),
    ):
        assert by_bits(hu.decode(array_)) == by_bits(hu.decode(reference, f)) == by_bits(hu.decode(array_, f))
    np.testing.assert_array_equal(hu.decode(values), values.astype(np.float32))


def test_float16_and_bfloat16_arrays_decode_as_codes_of_themselves_in_either_byte_order() -> None:
    x = np.array([1.0, -2.5, 0.1], np.float16)
    for other in (x, x.astype(">f2"), np.repeat(x, 2)[::2]):
        np.testing.assert_array_equal(hu.decode(other), x.astype(np.float32))
    y = np.array([1.0, -2.5, 0.1], ml_dtypes.bfloat16)
    np.testing.assert_array_equal(hu.decode(y), y.astype(np.float32))


def test_decode_gives_float32_where_every_value_fits_else_float64_unless_told() -> None:
    assert (
        hu.decode([0], "e4m3fn").dtype
        == hu.decode([0], "bfloat16").dtype
        == hu.decode([0], "e8m0fnu").dtype
        == np.float32
    )
    assert (
        hu.decode([0], "e9m3").dtype == hu.decode([0], "binary64").dtype == hu.decode([0], "e5m24").dtype == np.float64
    )
    for dtype in ("float16", np.float16, np.dtype("float16"), np.float32, float, ml_dtypes.bfloat16, "bfloat16"):
        got = hu.decode([0x38, 0xB8], "e4m3fn", dtype=dtype)
        assert got.dtype == np.dtype(ml_dtypes.bfloat16 if dtype == "bfloat16" else dtype)
        assert got.astype(float).tolist() == [1.0, -1.0]


# --- out
def outs(shape: tuple[int, ...], dtype: Any) -> dict[str, np.ndarray]:
    zeros = np.zeros(shape, dtype)
    return {
        "contiguous": zeros.copy(),
        "Fortran order": np.asfortranarray(zeros),
        "reversed": zeros.copy()[::-1, ..., ::-1],
        "strided": np.zeros((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2],
        "unaligned": np.zeros(zeros.nbytes + 1, np.uint8)[1:].view(dtype).reshape(shape),
        "subclass": zeros.copy().view(Subclass),
    }


@pytest.mark.parametrize("dtype", CARRIERS)
def test_out_of_any_layout_is_filled_and_returned(dtype: Any) -> None:
    x = BASE.astype(dtype)
    calls: list[tuple[Callable[..., Any], Any]] = [
        (lambda **k: hu.round(x, "e3m2f", "sr", rng=3, **k), dtype),
        (lambda **k: hu.fake_quantize(x, "e3m2f/3:e4m3fn", axis=1, **k), dtype),
        (lambda **k: hu.encode(x, "e3m2f", **k), np.uint8),
        (lambda **k: hu.encode(np.asfortranarray(x), "e3m8", **k), np.uint16),
        (lambda **k: hu.decode(hu.encode(x, "e3m2f"), "e3m2f", dtype=dtype, **k), dtype),
    ]
    for call, out_dtype in calls:
        want = by_bits(call())
        for name, out in outs(x.shape, out_dtype).items():
            assert call(out=out) is out, name
            assert by_bits(out) == want, name


@pytest.mark.parametrize("dtype", CARRIERS)
def test_out_may_be_x_itself(dtype: Any) -> None:
    x = BASE.astype(dtype)
    calls: list[Callable[..., Any]] = [
        lambda x, **k: hu.round(x, "e3m2f", **k),
        lambda x, **k: hu.round(x, "e3m2f", "sr", rng=3, threads=2, **k),
        lambda x, **k: hu.fake_quantize(x, "mxfp4", axis=0, **k),
        lambda x, **k: hu.fake_quantize(x, "e2m1fn/16:e4m3fn/tensor:binary32", threads=3, **k),
        lambda x, **k: hu.fake_quantize(x, "e2m1fn/tensor:binary32", **k),
    ]
    for call in calls:
        want = by_bits(call(x))
        for name, own in layouts(x).items():
            if own.flags.writeable and own.dtype.isnative:
                assert call(own, out=own) is own, name
                assert by_bits(own) == want, name


def test_encode_and_decode_in_place_through_a_view() -> None:
    x = BASE.astype(np.float16)
    want = hu.encode(x, "e4m8")
    got = hu.encode(x, "e4m8", out=x.view(np.uint16))
    np.testing.assert_array_equal(got, want)
    codes = want.astype(np.uint32)
    values = hu.decode(codes, "e4m8", out=codes.view(np.float32))
    np.testing.assert_array_equal(values, hu.decode(want, "e4m8"))


def test_interleaved_arrays_do_not_overlap() -> None:
    both = np.linspace(-4, 4, 20, dtype=np.float32)
    want = hu.round(both[::2].copy(), "e2m1fn")
    hu.round(both[::2], "e2m1fn", out=both[1::2])
    np.testing.assert_array_equal(both[1::2], want)


def test_a_series_of_the_callers_may_be_rounded_in_place_through_its_values() -> None:
    values = BASE[0, 0].copy()
    want = hu.round(values, "e2m1fn")
    assert hu.round(OnlyArray(values), "e2m1fn", out=values) is values
    np.testing.assert_array_equal(values, want)


# --- threads
@pytest.mark.parametrize("dtype", CARRIERS)
def test_any_number_of_threads_gives_the_same_bits(dtype: Any) -> None:
    x = (RNG.standard_normal((37, 1901)) * 2.0 ** RNG.integers(-6, 6, size=(37, 1))).astype(dtype)

    def everything(threads: int) -> list[tuple[Any, ...]]:
        results = [
            hu.round(x, "e4m3fn", threads=threads),
            hu.encode(x, "e4m3fn", "sr", rng=8, random_bits=9, threads=threads),
            hu.encode(x.T, "e4m3fn", "stochastic_c", rng=hu.Rng(8, 2, 5), threads=threads),
            hu.decode(hu.encode(x, "e4m3fn"), "e4m3fn", threads=threads),
            hu.probability_away(x, "e4m3fn", threads=threads),
            hu.fake_quantize(
                x, "e2m1fn/7:e4m3fn/tensor:binary32", rounding="sr", scale_rounding="sr", rng=2, axis=0, threads=threads
            ),
        ]
        for text, axis in (
            ("nvfp4", 1),
            ("nvfp4", 0),
            ("mxfp4", 1),
            ("e4m3fn/tensor:binary32", 1),
            ("e2m1fn/5:e5m3fnu/7:binary16", 1),
            ("e2m1fn", 1),
        ):
            q = hu.quantize(
                x, text, axis=axis, rounding="sr", scale_rounding="sr" if "/" in text else None, rng=4, threads=threads
            )
            results += [q.codes, *q.scale_codes, q.dequantize(threads=threads), np.array([q.zero_scales, q.saturated])]
        return [by_bits(result) for result in results]

    one = everything(1)
    for threads in (2, 3, 4, 5, 64):
        assert everything(threads) == one, threads


def test_halfulp_threads_is_the_default_and_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.tile(BASE.reshape(-1), 200)
    want = every_function(x, rng=3)
    for text in ("1", "3", " 2 ", "5000"):
        monkeypatch.setenv("HALFULP_THREADS", text)
        assert every_function(x, rng=3) == want


@pytest.mark.parametrize("threads", [1, 4])
def test_nan_raises_from_any_thread(threads: int) -> None:
    x = np.zeros(200_000, np.float32)
    x[123_456] = np.nan
    for call in (hu.encode, hu.round, hu.quantize, hu.fake_quantize):
        with pytest.raises(ValueError, match=r"x\[123456\]"):
            call(x, "e2m1fn", threads=threads)


LONG_CALLS: list[Callable[[np.ndarray], Any]] = [
    lambda x: hu.encode(x, "e4m3fn", "sr", rng=1),
    lambda x: hu.quantize(x, "nvfp4"),
    lambda x: hu.fake_quantize(x, "nvfp4"),
    lambda x: hu.probability_away(x, "e4m3fn"),
    lambda x: hu.random_words(1, 4 * x.size),
]


@pytest.mark.parametrize(
    "call", LONG_CALLS, ids=["encode", "quantize", "fake_quantize", "probability_away", "random_words"]
)
def test_the_gil_is_released(call: Callable[[np.ndarray], Any]) -> None:
    """A Python thread counts while a long call runs: with the GIL held it could not count at all inside the call."""
    x = np.tile(BASE.reshape(-1), 2**21 // BASE.size)
    for _ in range(4):  # a machine under load may leave the counter no time: another try, a larger array
        ticks: list[float] = []
        go, stop = threading.Event(), threading.Event()

        def count(ticks: list[float] = ticks, go: threading.Event = go, stop: threading.Event = stop) -> None:
            go.set()
            while not stop.is_set():
                ticks.append(time.perf_counter())
                time.sleep(0.0005)

        counter = threading.Thread(target=count)
        counter.start()
        go.wait()
        begin = time.perf_counter()
        call(x)
        end = time.perf_counter()
        stop.set()
        counter.join()
        middle = [t for t in ticks if begin + 0.1 * (end - begin) < t < end - 0.1 * (end - begin)]
        if len(middle) >= 2:
            return
        x = np.concatenate([x, x])
    pytest.fail("no Python thread ran during the call")


# --- pickling
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_everything_pickles_and_copies_to_its_equal(protocol: int) -> None:
    mine = hu.float_format(exponent_bits=3, mantissa_bits=2, name="mine")
    things = [
        hu.format("e4m3fn"),
        mine,
        hu.scheme("nvfp4"),
        hu.Projection("rz", nan="to_max", random_bits=3),
        hu.scheme("nvfp4").levels,
        *hu.formats(),
        *hu.schemes(),
    ]
    for thing in things:
        for again in (pickle.loads(pickle.dumps(thing, protocol)), copy.copy(thing), copy.deepcopy(thing)):
            assert again == thing
            assert repr(again) == repr(thing)
            assert hash(again) == hash(thing)
    assert pickle.loads(pickle.dumps(mine, protocol)).name == "mine"


def test_a_pickled_rng_goes_on_where_it_was() -> None:
    rng = hu.Rng(2**64 - 1, stream=5, offset=9)
    hu.random_words(rng, 3)
    again = pickle.loads(pickle.dumps(rng))
    assert repr(again) == repr(rng) == f"Rng({2**64 - 1}, stream=6, offset=9)"
    np.testing.assert_array_equal(hu.random_words(again, 9), hu.random_words(rng, 9))


@pytest.mark.parametrize("dtype", CARRIERS)
def test_a_pickled_quantized_array_dequantizes_to_the_same_bits(dtype: Any) -> None:
    q = hu.quantize(BASE.astype(dtype), "e2m1fn/3:e4m3fn/2:binary32", axis=1)
    again = pickle.loads(pickle.dumps(q))
    assert repr(again) == repr(q)
    assert (again.scheme, again.axis, again.nbytes, again.zero_scales, again.saturated) == (
        q.scheme,
        q.axis,
        q.nbytes,
        q.zero_scales,
        q.saturated,
    )
    assert by_bits(again.dequantize()) == by_bits(q.dequantize())
    assert again.dequantize().dtype == (np.float64 if dtype is np.float64 else np.float32)


def test_reprs_show_what_the_object_is() -> None:
    assert repr(hu.format("float8_e4m3fn")) == "halfulp.format('e4m3fn')"
    assert repr(hu.scheme("e2m1fn/32:e8m0fnu")) == "halfulp.scheme('mxfp4')"
    assert eval(repr(hu.Rng(3, 4, 5)), {"Rng": hu.Rng}).offset == 5
    assert eval(repr(hu.Projection("rz")), {"Projection": hu.Projection}) == hu.Projection("rz")
    assert repr(hu.quantize(BASE, "nvfp4")).startswith("<Quantized nvfp4 (4, 6, 5)")


# --- Quantized
def test_the_sizes_of_a_quantized_array_count_every_scale() -> None:
    q = hu.quantize(np.ones((5, 33), np.float32), "e2m1fn/16:e4m3fn/4:binary32")
    assert q.scales[0].shape == (5, 3)
    assert q.scales[1].shape == (4,)
    assert q.bits == 165 * 4 + 15 * 8 + 4 * 32
    assert q.bits_per_element == q.bits / 165
    packed = q.pack()
    assert [packed.codes.size, *(s.size for s in packed.scales)] == [83, 15, 16]
    assert q.nbytes == 83 + 15 + 16
    np.testing.assert_array_equal(hu.unpack(packed.codes, 4, 165).reshape(5, 33), q.codes)
    np.testing.assert_array_equal(hu.unpack(packed.scales[1], 32, 4), q.scale_codes[1])


def test_codes_and_scales_have_the_smallest_unsigned_dtype() -> None:
    q = hu.quantize(BASE, "bfloat16/3:e4m3fn/2:binary16/2:binary32/tensor:binary64")
    assert [q.codes.dtype, *(s.dtype for s in q.scale_codes)] == [np.uint16, np.uint8, np.uint16, np.uint32, np.uint64]
    assert [s.dtype for s in q.scales] == [np.float32, np.float32, np.float32, np.float64]
