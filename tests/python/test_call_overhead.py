"""A call on a few elements costs microseconds, and the direct way that makes it so decides nothing by itself."""

from __future__ import annotations

import itertools
import timeit
from collections.abc import Callable
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from halfulp import _convert, _core

X = np.linspace(-3, 3, 16, dtype=np.float32)
OUT, CODES = np.empty_like(X), hu.encode(X, "e4m3fn")

CALLS: dict[str, Callable[[], Any]] = {
    "round": lambda: hu.round(X, "e4m3fn"),
    "round out": lambda: hu.round(X, "e4m3fn", out=OUT),
    "round in a mode": lambda: hu.round(X, "e4m3fn", "toward_zero", overflow="sat_finite", out=OUT),
    "encode": lambda: hu.encode(X, "e4m3fn"),
    "decode": lambda: hu.decode(CODES, "e4m3fn"),
    "decode out": lambda: hu.decode(CODES, "e4m3fn", out=OUT),
    "fake_quantize": lambda: hu.fake_quantize(X, "mxfp8_e4m3"),
    "fake_quantize out": lambda: hu.fake_quantize(X, "mxfp8_e4m3", out=OUT),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_call_on_16_elements_takes_microseconds(call: Callable[[], Any]) -> None:
    # Measured 1.2 µs (fake_quantize 1.7 µs), and 6 to 27 µs before there was a direct way. The limit leaves room for a
    # slow or busy machine.
    best = min(timeit.repeat(call, number=200, repeat=25)) / 200
    assert best < 40e-6


def bits_of(x: Any) -> tuple[Any, ...]:
    return type(x), x.dtype.str, x.shape, np.ascontiguousarray(x).tobytes()


def outcome(call: Callable[[], Any]) -> Any:
    try:
        return bits_of(call())
    except (ValueError, TypeError) as error:
        return type(error), str(error)


def arrays() -> dict[str, Any]:
    x = (np.random.default_rng(4).standard_normal((6, 8)) * 3).astype(np.float32)
    read_only = x.copy()
    read_only.flags.writeable = False
    unaligned = np.zeros(x.nbytes + 1, np.uint8)[1:].view(np.float32).reshape(x.shape)
    unaligned[...] = x
    with_nan = x.copy()
    with_nan[2, 3] = np.nan
    return {
        "float32": x,
        "float64": x.astype(np.float64),
        "float16": x.astype(np.float16),
        "bfloat16": x.astype(ml_dtypes.bfloat16),
        "longdouble": x.astype(np.longdouble),
        "big-endian": x.astype(">f4"),
        "Fortran": np.asfortranarray(x),
        "strided": x[:, ::2],
        "row": x[3],
        "0-d": x[3, 4, ...],
        "scalar": x[3, 4],
        "empty": x[:0],
        "read-only": read_only,
        "unaligned": unaligned,
        "subclass": x.view(np.recarray),
        "list": x.tolist(),
        "nan": with_nan,
        "complex": x.astype(np.complex64),
        "codes": np.arange(64, dtype=np.uint8),
        "wide codes": np.arange(64, dtype=np.uint32),
        "signed codes": np.arange(64, dtype=np.int8),
        "float8": np.arange(64, dtype=np.uint8).view(ml_dtypes.float8_e4m3fn),
    }


@pytest.mark.parametrize("name", arrays())
@pytest.mark.parametrize(
    "out", ["none", "new", "itself", "other dtype", "other shape", "read-only", "overlap", "strided"]
)
def test_the_direct_and_the_long_way_give_the_same_results_and_errors(
    name: str, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HALFULP_THREADS", raising=False)

    def long(call: Callable[[], Any]) -> Any:
        with monkeypatch.context() as m:
            m.setenv("HALFULP_THREADS", "1")  # the direct way leaves every call to the long one then
            return outcome(call)

    def target(x: Any, dtype: Any) -> Any:
        shape = np.shape(x)
        if out == "itself":
            return x
        if out == "other dtype":
            dtype = np.int16
        if out == "other shape":
            shape = (*shape, 1)
        made = np.zeros(shape, dtype)
        if out == "read-only":
            made.flags.writeable = False
        if out == "overlap" and isinstance(x, np.ndarray) and x.ndim and x.flags.c_contiguous and x.size > 1:
            memory = np.zeros(x.size + 1, x.dtype)
            memory[:-1] = x.reshape(-1)
            return memory[:-1].reshape(x.shape), memory[1:].reshape(x.shape)
        if out == "strided" and made.ndim:
            return np.zeros((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]
        return made

    def run(function: Callable[..., Any], dtype: Any, *rest: Any, **keywords: Any) -> Callable[[], Any]:
        def call() -> Any:
            x = arrays()[name]
            to = None if out == "none" else target(x, dtype)
            if isinstance(to, tuple):
                x, to = to
            return function(x, *rest, out=to, **keywords)

        return call

    calls = []
    for f in ("e4m3fn", "e2m1fn", "bfloat16", "binary64", "e19m3f", hu.format("e3m2f"), ml_dtypes.float8_e5m2):
        calls += [run(hu.round, np.float32, f), run(hu.round, np.float64, f, "toward_zero", nan="to_max")]
        calls += [run(hu.encode, np.uint8, f), run(hu.encode, np.uint16, f), run(hu.decode, np.float32, f)]
    calls += [run(hu.round, np.float32, "e4m3fn", overflow="unbounded"), run(hu.encode, np.uint8, "e4m3fn", nan="keep")]
    calls += [run(hu.round, np.float32, "e4m3fn", "stochastic", rng=3), run(hu.round, np.float32, "e4m3fn", rng=3)]
    calls += [run(hu.round, np.float32, "e4m3fn", random_bits=True), run(hu.round, np.float32, "e4m3fn", random_bits=1)]
    for scheme, axis in itertools.product(
        ("e2m1fn/3:e8m0fnu", "nvfp4", "e4m3fn", "e5m2/tensor:binary32"), (None, 0, -2, 5)
    ):
        calls += [run(hu.fake_quantize, np.float32, scheme, axis=axis)]
    calls += [
        run(hu.fake_quantize, np.float32, "mxfp4", axis=True),
        run(hu.fake_quantize, np.float32, "mxfp4", nan="keep"),
    ]
    calls += [run(hu.fake_quantize, np.float32, "mxfp4", overflow="to_nan")]
    for call in calls:
        assert outcome(call) == long(call)


def test_the_common_calls_do_take_the_direct_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HALFULP_THREADS", raising=False)
    conversion = _core.Conversion(hu.format("e4m3fn")._spec, _core.default_projection())
    for x in (X, X.astype(np.float64), X.astype(np.float16), X.reshape(4, 4)):
        assert conversion.round(x, None, None) is not None
        assert conversion.round(x, x.copy(), 2) is not None
        assert conversion.encode(x, None, None) is not None
    assert conversion.decode(CODES, None, None) is not None
    assert conversion.decode(CODES.astype(np.uint16), OUT.copy(), None) is not None
    scheme = _core.SchemeCall(hu.scheme("mxfp4")._spec, _core.default_projection(), None)
    assert scheme.fake_quantize(X, None, None, None) is not None
    assert scheme.fake_quantize(X, X.copy(), 0, 1) is not None
    monkeypatch.setenv("HALFULP_THREADS", "1")
    assert conversion.round(X, None, None) is conversion.encode(X, None, None) is None
    assert conversion.decode(CODES, None, None) is scheme.fake_quantize(X, None, None, None) is None


def test_what_is_remembered_of_a_call_keeps_arguments_apart_that_compare_equal() -> None:
    # Catches: True, 1.0 or a numpy integer answered with what was remembered for 1.
    hu.round(X, "e4m3fn", "stochastic", random_bits=1, rng=1)
    for wrong in (True, 1.0, np.float32(1)):
        with pytest.raises(TypeError, match="random_bits is"):
            hu.round(X, "e4m3fn", "stochastic", random_bits=wrong, rng=1)
        with pytest.raises(TypeError, match="random_bits is"):
            hu.fake_quantize(X, "mxfp4", rounding="stochastic", random_bits=wrong, rng=1)
    hu.round(X, "e4m3fn", "stochastic", random_bits=np.int8(1), rng=1)


def test_a_label_is_not_taken_from_an_equal_format_that_was_asked_before() -> None:
    for label in ("mine", "yours"):
        f = hu.float_format(exponent_bits=9, mantissa_bits=3, name=label)
        with pytest.raises(TypeError, match=f"every value of {label},"):
            hu.round(X, f)


def test_memory_of_past_calls_is_bounded() -> None:
    for bias in range(3000):
        hu.round(X, f"e4m3b{bias % 60}fn", "sr", random_bits=1 + bias % 32, nan=("raise", "to_max")[bias % 2], rng=1)
    assert _convert._made_conversion.cache_info().currsize <= 1024
