"""Each wrong argument is an error of the right type that names the argument, the value and what is allowed."""

from __future__ import annotations

import array
import decimal
import fractions
import re
from collections.abc import Callable
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pandas as pd
import pytest

X = np.linspace(-3, 3, 8, dtype=np.float32)
CALLS: dict[str, Callable[..., Any]] = {
    "round": lambda x=X, f="e4m3fn", **k: hu.round(x, f, **k),
    "encode": lambda x=X, f="e4m3fn", **k: hu.encode(x, f, **k),
    "quantize": lambda x=X, f="mxfp8_e4m3", **k: hu.quantize(x, f, **k),
    "fake_quantize": lambda x=X, f="mxfp8_e4m3", **k: hu.fake_quantize(x, f, **k),
}
EVERYWHERE = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


def refuses(error: type[Exception], *fragments: object) -> Any:
    """pytest.raises that asks for every fragment. The type must be exact: a subclass is somebody else's error."""

    class Check:
        def __enter__(self) -> None:
            pass

        def __exit__(self, kind: Any, value: Any, _trace: Any) -> bool:
            assert kind is not None, f"{error.__name__} was expected"
            if kind is not error:
                return False
            for fragment in fragments:
                assert str(fragment) in str(value), f"{fragment!r} is not in {str(value)!r}"
            assert "incompatible function arguments" not in str(value)
            return True

    return Check()


# --- names, shapes
@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("e4m3fm", "e4m3fn"),
        ("E4M3FN", "e4m3fn"),
        ("E5M2", "e5m2"),
        ("bfloat", "bfloat16"),
        ("bf16 ", "bf16"),
        ("Binary16", "binary16"),
        ("binary8p3se", "Binary8p3se"),
        ("float8_e4m3", None),
        ("e4m3b11fnuzz", "e4m3b11fnuz"),
        ("tf33", "tf32"),
    ],
)
def test_an_unknown_format_names_the_near_one(wrong: str, meant: str | None) -> None:
    if meant is None:
        assert str(hu.format(wrong)) == "e4m3"
        return
    with refuses(ValueError, f"'{wrong}'", f"did you mean '{meant}'", "expected"):
        hu.format(wrong)


def test_e4m3_in_capitals_names_both_that_may_be_meant() -> None:
    with refuses(ValueError, "'E4M3'", "'e4m3fn'", "448", "'e4m3'", "240"):
        hu.format("E4M3")


@pytest.mark.parametrize(
    "name", ["qqq", "", "é", "\ud800", "a" + "é" * 100, "x" * 5000, "e4m3\0", "e4m3fn\n", "0", "е4m3fn"]
)
def test_names_near_nothing_are_plain_value_errors_too(name: str) -> None:
    for make in (hu.format, hu.scheme, hu.expand_schemes):
        if make is hu.expand_schemes and name in ("", "e4m3fn\n"):  # white space separates schemes
            continue
        with refuses(ValueError):
            make(name)


@pytest.mark.parametrize(
    ("wrong", "meant"), [("mxfp5", "mxfp4"), ("MXFP4", "mxfp4"), ("nvfp", "nvfp4"), ("mxfp8_e4m2", "mxfp8_e4m3")]
)
def test_an_unknown_scheme_names_the_near_one(wrong: str, meant: str) -> None:
    with refuses(ValueError, f"'{wrong}'", f"did you mean '{meant}'"):
        hu.scheme(wrong)


@pytest.mark.parametrize(
    ("name", "fragments"),
    [
        ("e0m3", ["exponent_bits is 0", "1 to 19"]),
        ("e20m3", ["exponent_bits is 20", "1 to 19"]),
        ("e4m60", ["width is 65", "64"]),
        ("e19m45", ["width is 65", "64"]),
        ("e1m63f", ["width is 65", "64"]),
        ("e1m3", ["exponent_bits is 1", "2 or more"]),
        ("e2m0", ["mantissa_bits is 0", "1 or more"]),
        ("e4m3b524288", ["bias is 524288", "2^19"]),
        ("e4m3b-524288", ["bias is -524288", "2^19"]),
        ("e4m3fnuzu", ["fnuz", "signed"]),
        ("e1m0fn", ["no finite member"]),
        ("Binary2p1se", ["width", "2", "3 to 64"]),
        ("Binary65p3se", ["65", "3 to 64"]),
        ("Binary8p8se", ["precision", "8", "1 to 7"]),
        ("Binary8p9uf", ["precision", "9", "1 to 8"]),
        ("Binary8p0uf", ["precision", "0", "1 to 8"]),
        ("Binary40p2se", ["exponent", "38", "19"]),
    ],
)
def test_an_impossible_shape_says_which_limit(name: str, fragments: list[str]) -> None:
    with refuses(ValueError, f"'{name}'", *fragments):
        hu.format(name)


@pytest.mark.parametrize(
    ("keywords", "error", "fragments"),
    [
        ({"exponent_bits": 0}, ValueError, ["exponent_bits is 0", "1 to 19"]),
        ({"exponent_bits": 2**40}, ValueError, [f"exponent_bits is {2**40}", "1 to 19"]),
        ({"exponent_bits": 256 + 4}, ValueError, ["exponent_bits is 260", "1 to 19"]),
        ({"exponent_bits": 4.0}, TypeError, ["exponent_bits is 4.0", "integer"]),
        ({"exponent_bits": True}, TypeError, ["exponent_bits is True", "integer"]),
        ({"exponent_bits": None}, TypeError, ["exponent_bits is None", "integer"]),
        ({"mantissa_bits": -1}, ValueError, ["mantissa_bits is -1", "0 to 63"]),
        ({"mantissa_bits": 256 + 3}, ValueError, ["mantissa_bits is 259"]),
        ({"mantissa_bits": "3"}, TypeError, ["mantissa_bits is '3'"]),
        ({"bias": 2**19}, ValueError, ["bias is 524288", "2^19"]),
        ({"bias": 2**70}, ValueError, [f"bias is {2**70}", "2^19"]),
        ({"bias": 1.5}, TypeError, ["bias is 1.5"]),
        ({"specials": "zz"}, ValueError, ["specials is 'zz'", "'ieee'", "'fnuz'"]),
        ({"specials": None}, TypeError, ["specials is None", "'ieee'"]),
        ({"specials": "fnuz", "signed": False}, ValueError, ["fnuz", "signed"]),
        ({"signed": "no"}, TypeError, ["signed is 'no'", "True or False"]),
        ({"subnormals": 2}, TypeError, ["subnormals is 2", "True or False"]),
        ({"name": 5}, TypeError, ["name is 5"]),
    ],
)
def test_float_format_names_the_argument_and_the_limit(
    keywords: dict[str, Any], error: type[Exception], fragments: list[str]
) -> None:
    with refuses(error, *fragments):
        hu.float_format(**({"exponent_bits": 4, "mantissa_bits": 3} | keywords))


@pytest.mark.parametrize("thing", [None, 3, 1.5, True, b"e4m3fn", ["e4m3fn"], float, object(), X, np.float32(1)])
def test_what_is_no_name_or_dtype_is_a_type_error(thing: Any) -> None:
    with refuses(TypeError, "format is a", "allowed: a name"):
        hu.format(thing)
    with refuses(TypeError, "scheme is a", "allowed: a text"):
        hu.scheme(thing)
    with refuses(TypeError, "scheme is a", "allowed: a text"):
        hu.quantize(X, thing)


@pytest.mark.parametrize(
    "dtype", [np.longdouble, np.complex64, np.dtype("U3"), np.dtype([("a", "f4")]), np.dtype(bool)]
)
def test_a_dtype_without_a_format_is_a_value_error(dtype: Any) -> None:
    with refuses(ValueError, "format is the dtype", "allowed: float dtypes"):
        hu.format(dtype)
    assert hu.format(np.int8) == hu.format("int8")
    assert hu.format(ml_dtypes.int4) == hu.format("int4")


@pytest.mark.parametrize("thing", [None, 3, b"mxfp4", 1.5])
def test_expand_schemes_takes_texts_and_schemes_alone(thing: Any) -> None:
    with refuses(TypeError, "schemes is a", type(thing).__name__):
        hu.expand_schemes(thing)
    with refuses(TypeError, type(thing).__name__):
        hu.expand_schemes(["mxfp4", thing])


def test_no_scheme_at_all_is_an_error() -> None:
    for nothing in ("", "  ", []):
        with refuses(ValueError, "schemes is empty", "at least one"):
            hu.expand_schemes(nothing)


# --- what x is
NOT_NUMBERS: dict[str, tuple[Any, type[Exception], str]] = {
    "None": (None, TypeError, "NoneType"),
    "str": ("1.5", TypeError, "str"),
    "bytes": (b"1", TypeError, "bytes"),
    "complex": (1j, TypeError, "complex"),
    "bool": (True, TypeError, "bool"),
    "numpy bool": (np.bool_(True), TypeError, "bool"),
    "numpy int": (np.int32(3), TypeError, "int32"),
    "int array": (np.arange(3), TypeError, "int64"),
    "uint8 array": (np.zeros(3, np.uint8), TypeError, "integers are codes"),
    "bool array": (np.zeros(3, bool), TypeError, "bool"),
    "complex array": (np.zeros(3, np.complex64), TypeError, "complex64"),
    "string array": (np.array(["a"]), TypeError, "<U1"),
    "object array": (np.array([1.0, None], dtype=object), TypeError, "object"),
    "object array of floats": (np.array([1.0, 2.0], dtype=object), TypeError, "object"),
    "float128": (np.ones(2, np.longdouble), TypeError, np.dtype(np.longdouble).name),
    "structured": (np.zeros(2, dtype=[("a", "f4")]), TypeError, "'a'"),
    "datetime": (np.array(["2020-01-01"], dtype="M8[D]"), TypeError, "datetime64"),
    "list of bool": ([True, False], TypeError, "bool"),
    "list of str": (["a"], TypeError, "<U1"),
    "list with None": ([None, 1.0], TypeError, "list"),
    "list of complex": ([1j], TypeError, "complex128"),
    "list of Fraction": ([fractions.Fraction(1, 3)], TypeError, "list"),
    "ragged list": ([[1.0], [1.0, 2.0]], ValueError, "different lengths"),
    "set": ({1.0}, TypeError, "set"),
    "dict": ({}, TypeError, "dict"),
    "generator": ((i for i in range(3)), TypeError, "generator"),
    "Decimal": (decimal.Decimal("1.5"), TypeError, "Decimal"),
    "Fraction": (fractions.Fraction(1, 3), TypeError, "Fraction"),
    "function": (len, TypeError, "builtin_function"),
    "huge int": (10**400, ValueError, "beyond float64"),
    "list with a huge int": ([1.0, 10**400], ValueError, "beyond float64"),
    "memoryview of bytes": (memoryview(b"abc"), TypeError, "uint8"),
    "array of ints": (array.array("i", [1]), TypeError, "int32"),
    "bytearray": (bytearray(b"abc"), TypeError, "uint8"),
    "masked array": (np.ma.masked_array(np.ones(3, np.float32), mask=[0, 1, 0]), TypeError, "masked"),
    "float8 array": (np.ones(2, ml_dtypes.float8_e4m3fn), TypeError, "decode"),
    "float4 array": (np.ones(2, ml_dtypes.float4_e2m1fn), TypeError, "decode"),
    "int4 array": (np.ones(2, ml_dtypes.int4), TypeError, "int4"),
    "Series of ints": (pd.Series([1, 2]), TypeError, "int64"),
    "Series of objects": (pd.Series(["a"], dtype=object), TypeError, "object"),
}


@EVERYWHERE
@pytest.mark.parametrize(("x", "error", "fragment"), NOT_NUMBERS.values(), ids=NOT_NUMBERS.keys())
def test_what_is_not_an_array_of_floats_is_refused_by_name(
    call: Callable[..., Any], x: Any, error: type[Exception], fragment: str
) -> None:
    with refuses(error, "x ", fragment):
        call(x)


NOT_CODES: dict[str, tuple[Any, type[Exception], str]] = {
    "None": (None, TypeError, "NoneType"),
    "str": ("1", TypeError, "<U1"),
    "float": (1.5, TypeError, "float64"),
    "float array": (X, TypeError, "float32"),
    "bool array": (np.zeros(3, bool), TypeError, "bool"),
    "complex": (1j, TypeError, "complex128"),
    "object array": (np.array([1, None], dtype=object), TypeError, "object"),
    "structured": (np.zeros(2, dtype=[("a", "f4")]), TypeError, "'a'"),
    "float128": (np.ones(2, np.longdouble), TypeError, np.dtype(np.longdouble).name),
    "masked": (np.ma.zeros(3, np.uint8), TypeError, "masked"),
    "ragged": ([[1], [1, 2]], ValueError, "different lengths"),
    "negative": ([1, -1], ValueError, "-1"),
    "negative int8": (np.array([-3, 5], np.int8), ValueError, "-3"),
    "too large": ([0, 256], ValueError, "256"),
    "beyond 64 bits": ([0, 2**64], ValueError, str(2**64)),
    "far below": ([0, -(2**70)], ValueError, str(-(2**70))),
    "one of many": (np.full((2, 3), 300, np.uint16), ValueError, "300"),
}


@pytest.mark.parametrize(("codes", "error", "fragment"), NOT_CODES.values(), ids=NOT_CODES.keys())
def test_what_is_not_a_code_is_refused_by_name(codes: Any, error: type[Exception], fragment: str) -> None:
    with refuses(error, "codes", fragment):
        hu.decode(codes, "e4m3fn")


@pytest.mark.parametrize(
    ("name", "limit"), [("e2m1fn", 16), ("e3m2fn", 64), ("e4m3fnu", 128), ("tf32", 2**19), ("e5m2", 256)]
)
def test_a_code_out_of_range_names_its_place_its_value_and_the_range(name: str, limit: int) -> None:
    f = hu.format(name)
    codes = np.zeros(9, np.uint32)
    codes[7] = limit
    with refuses(ValueError, f"codes[7] is {limit}", f"0 to {limit - 1}", name):
        hu.decode(codes, f)
    with refuses(ValueError, f"code is {limit}", f"0 to {limit - 1}", name):
        f.exact(limit)
    with refuses(ValueError, "code is -1"):
        f.exact(-1)


@pytest.mark.parametrize("code", [1.0, "1", None, True, 1j, np.float64(3)])
def test_exact_takes_integers_alone(code: Any) -> None:
    with refuses(TypeError, "code is", repr(code)):
        hu.format("e4m3fn").exact(code)


def test_decode_without_a_format_says_whose_arrays_know_theirs() -> None:
    with refuses(ValueError, "format is None", "ml_dtypes"):
        hu.decode([1, 2])
    with refuses(ValueError, "e5m2", "float8_e4m3fn", "e4m3fn"):
        hu.decode(np.ones(2, ml_dtypes.float8_e4m3fn), "e5m2")


@pytest.mark.parametrize(
    "dtype", [int, "binary32", "f4", object(), np.complex64, "junk", ml_dtypes.float8_e4m3fn, [1], 3]
)
def test_a_dtype_that_is_no_carrier_is_a_type_error_that_lists_them(dtype: Any) -> None:
    q = hu.quantize(X, "mxfp4")
    for call in (lambda: hu.decode([1], "e4m3fn", dtype=dtype), lambda: q.dequantize(dtype)):
        with refuses(TypeError, "dtype is", "float16, bfloat16, float32, float64"):
            call()


# --- wrong carriers
@pytest.mark.parametrize(
    ("dtype", "name", "allowed"),
    [
        (np.float16, "e6m3", ["bfloat16", "float32", "float64"]),
        (np.float16, "bfloat16", ["bfloat16", "float32", "float64"]),
        (ml_dtypes.bfloat16, "binary16", ["float16", "float32", "float64"]),
        (ml_dtypes.bfloat16, "e8m8", ["float32", "float64"]),
        (np.float32, "binary64", ["float64"]),
        (np.float32, "e9m3", ["float64"]),
        (np.float16, "e8m0fnu", ["bfloat16", "float32", "float64"]),
    ],
)
def test_a_carrier_that_cannot_hold_the_format_names_those_that_can(dtype: Any, name: str, allowed: list[str]) -> None:
    x = X.astype(dtype)
    for call in (lambda: hu.round(x, name), lambda: hu.fake_quantize(x, name + "/4:binary32")):
        with refuses(TypeError, f"dtype {np.dtype(dtype).name}", name, "allowed: " + " or ".join(allowed)):
            call()
    with refuses(TypeError, f"dtype {np.dtype(dtype).name}", name, "allowed: " + " or ".join(allowed)):
        hu.decode([1], name, dtype=dtype)
    assert hu.encode(x, name).shape == x.shape  # encode needs no carrier for the result


def test_a_format_that_no_carrier_holds_says_what_to_do() -> None:
    f = hu.format("e19m3f")
    with refuses(TypeError, "e19m3f", "encode() and Format.exact()"):
        hu.round(X, f)
    with refuses(TypeError, "e19m3f", "encode() and Format.exact()"):
        hu.fake_quantize(X, f)
    for dtype in (None, "float64", np.float32):
        with refuses(TypeError, "e19m3f", "Format.exact"):
            hu.decode([1], f, dtype=dtype)


# --- NaN into none
@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.float32, np.float64])
@pytest.mark.parametrize("place", [0, 7, 1000])
def test_nan_into_a_format_without_one_names_the_place_and_the_ways_out(dtype: Any, place: int) -> None:
    x = np.zeros(1001, dtype)
    x[place] = np.nan
    for call in (
        lambda: hu.round(x, "e2m1fn"),
        lambda: hu.encode(x, "e2m1fn"),
        lambda: hu.quantize(x, "e2m1fn"),
        lambda: hu.fake_quantize(x, "e2m1fn"),
    ):
        with refuses(ValueError, "nan is 'raise'", f"x[{place}]", "e2m1fn", "to_max", "to_zero", "keep"):
            call()


def test_overflow_to_nan_needs_a_nan_as_well() -> None:
    with refuses(ValueError, "nan is 'raise'", "x[2]"):
        hu.encode(np.float32([1, 2, 1e9]), "e2m1fn", overflow="to_nan")
    assert hu.encode(np.float32([1e9]), "e2m1fn", overflow="to_nan", nan="to_zero").tolist() == [0]


def test_keep_has_no_code() -> None:
    for call in (CALLS["encode"], CALLS["quantize"]):
        with refuses(ValueError, "nan is 'keep'", "to_max", "to_zero"):
            call(nan="keep")


def test_arguments_are_checked_before_anything_is_written() -> None:
    x = X.copy()
    sentinel = np.full(8, 77, np.float32)
    wrong: list[dict[str, Any]] = [
        {"rounding": "zz"},
        {"nan": "zz"},
        {"threads": 0},
        {"rounding": "stochastic"},
        {"rounding": "stochastic", "rng": -1},
        {"rounding": "stochastic", "random": np.zeros(7, np.uint32)},
        {"rounding": "stochastic", "random": np.full(8, 16, np.uint32), "random_bits": 4},
        {"random_bits": 0},
        {"rng": 1},
        {"random_bits": 4},
    ]
    for keywords in wrong:
        for call in (lambda **k: hu.round(x, "e4m3fn", **k), lambda **k: hu.fake_quantize(x, "mxfp8_e4m3", **k)):
            with refuses(ValueError):
                call(out=sentinel, **keywords)
            assert (sentinel == 77).all(), keywords
    with refuses(ValueError, "axis is 5"):
        hu.fake_quantize(x, "mxfp4", axis=5, out=sentinel)
    assert (sentinel == 77).all()


# --- keywords
@EVERYWHERE
@pytest.mark.parametrize("argument", ["rounding", "nan", "ftz"])
@pytest.mark.parametrize("value", [0, 1.5, True, b"x", [1], object, np.float32(2), {}, np.zeros(2)])
def test_a_name_that_is_no_text_is_a_type_error(call: Callable[..., Any], argument: str, value: Any) -> None:
    with refuses(TypeError, f"{argument} is", "a name (a string)"):
        call(**{argument: value})
    with refuses(TypeError, f"{argument} is", "a name (a string)"):
        hu.Projection(**{argument: value})


@EVERYWHERE
@pytest.mark.parametrize(
    ("argument", "value", "allowed"),
    [
        ("rounding", "zz", ["nearest_ties_to_even", "toward_zero", "stochastic_equal"]),
        ("rounding", "Nearest_ties_to_even", ["did you mean 'nearest_ties_to_even'"]),
        ("rounding", "", ["nearest_ties_to_even"]),
        ("rounding", "é" * 90, ["ASCII"]),
        ("nan", "zz", ["raise", "to_max", "to_zero", "keep"]),
        ("nan", "to_maxx", ["did you mean 'to_max'"]),
        ("ftz", "zz", ["before", "after"]),
        ("ftz", "befor", ["did you mean 'before'"]),
        ("projection", "zz", ["ocp_sat", "torch", "p3109"]),
        ("projection", "ocp_sta", ["did you mean 'ocp_sat'"]),
    ],
)
def test_an_unknown_name_lists_the_known_ones(
    call: Callable[..., Any], argument: str, value: str, allowed: list[str]
) -> None:
    with refuses(ValueError, f"{argument} is '{value[:40]}", *allowed):
        call(**{argument: value})


@pytest.mark.parametrize("call", [CALLS["round"], CALLS["encode"]], ids=["round", "encode"])
def test_overflow_names(call: Callable[..., Any]) -> None:
    with refuses(ValueError, "overflow is 'zz'", "sat_finite", "sat_propagate", "sat_none", "to_nan"):
        call(overflow="zz")
    with refuses(ValueError, "overflow is 'wrap'", "sat_finite"):
        call(overflow="wrap")
    with refuses(TypeError, "overflow is 3"):
        call(overflow=3)


def test_unbounded_is_for_round_alone() -> None:
    with refuses(ValueError, "overflow is 'unbounded'", "sat_finite"):
        hu.encode(X, "e4m3fn", overflow="unbounded")
    assert hu.round(np.float32([1e6]), "e4m3fn", overflow="unbounded") == 983040


@pytest.mark.parametrize("value", ["sat_finite", "sat_none", "zz", 0])
def test_overflow_is_refused_in_a_scheme(value: Any) -> None:
    for call in (CALLS["quantize"], CALLS["fake_quantize"]):
        with refuses(ValueError, f"overflow is {value!r}", "allowed: None", "saturates"):
            call(overflow=value)


@EVERYWHERE
def test_random_bits_from_1_to_32(call: Callable[..., Any]) -> None:
    for value in (0, -1, 33, 2**31, 2**64, -(2**80)):
        with refuses(ValueError, f"random_bits is {value}", "1 to 32"):
            call(random_bits=value)
    for value in (1.5, "8", True, b"x", [1], np.zeros(2), np.float32(2)):
        with refuses(TypeError, "random_bits is", "1 to 32"):
            call(random_bits=value)
    with refuses(ValueError, "random_bits is 32", "rounding is 'nearest_ties_to_even'", "no random bits"):
        call(random_bits=np.int8(32))
    call(random_bits=np.int8(32), rounding="stochastic", rng=1)
    call(projection=hu.Projection(random_bits=3))  # part of an object, which other calls may use
    with refuses(ValueError, "random_bits is 0"):
        hu.Projection(random_bits=0)
    with refuses(TypeError, "random_bits is True"):
        hu.Projection(random_bits=True)


@EVERYWHERE
@pytest.mark.parametrize("value", [3, b"x", ["rz"], {}, 1.5])
def test_projection_is_an_object_or_a_name(call: Callable[..., Any], value: Any) -> None:
    with refuses(TypeError, "projection is a", "a Projection or a preset's name"):
        call(projection=value)


@EVERYWHERE
def test_threads_is_an_integer_of_1_or_more(call: Callable[..., Any]) -> None:
    for value in (0, -1, -(2**70), np.int64(0)):
        with refuses(ValueError, f"threads is {value}", "1 or more"):
            call(threads=value)
    for value in ("2", True, 1.5, b"x", [1], np.array(2)):
        with refuses(TypeError, "threads is", "1 or more"):
            call(threads=value)


@EVERYWHERE
@pytest.mark.parametrize("text", ["abc", "0", "-1", "1.5", "", "2 threads"])
def test_a_wrong_halfulp_threads_is_named_as_what_it_is(
    call: Callable[..., Any], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HALFULP_THREADS", text)
    with refuses(ValueError, "environment variable HALFULP_THREADS is", text, "1 or more"):
        call()
    call(threads=1)  # an argument comes first


def test_axis_out_of_range_names_the_shape() -> None:
    x = np.zeros((2, 3), np.float32)
    for axis in (2, -3, 2**70, -(2**70)):
        for call in (hu.quantize, hu.fake_quantize):
            with refuses(ValueError, f"axis is {axis}", "-2 to 1", "(2, 3)"):
                call(x, "mxfp4", axis=axis)
    for wrong in (1.5, "0", True, (0,), [0], np.array(0)):
        with refuses(TypeError, "axis is", "an integer or None"):
            hu.quantize(x, "mxfp4", axis=wrong)


def test_groups_need_an_axis() -> None:
    for axis in (None, 0, -1):
        with refuses(ValueError, "x is 0-d", "mxfp4"):
            hu.quantize(1.5, "mxfp4", axis=axis)


def test_scale_rounding_is_named_by_its_own_name() -> None:
    with refuses(ValueError, "scale_rounding is 'zz'", "nearest_ties_to_even"):
        hu.quantize(X, "mxfp4", scale_rounding="zz")
    with refuses(TypeError, "scale_rounding is 3"):
        hu.quantize(X, "mxfp4", scale_rounding=3)


def test_probability_away_names_its_mode() -> None:
    with refuses(ValueError, "mode is 'zz'", "stochastic_a"):
        hu.probability_away(X, "e4m3fn", "zz")
    with refuses(TypeError, "mode is 3"):
        hu.probability_away(X, "e4m3fn", 3)
    with refuses(ValueError, "random_bits is 33", "1 to 32"):
        hu.probability_away(X, "e4m3fn", "sr", 33)


# --- random bits
@EVERYWHERE
def test_a_missing_or_doubled_source_shows_the_fix(call: Callable[..., Any]) -> None:
    with refuses(ValueError, "no source of random bits", "rng=42", "random="):
        call(rounding="stochastic")
    with refuses(ValueError, "both rng and random", "rng=42", "random="):
        call(rounding="stochastic", rng=1, random=np.zeros(8, np.uint32))


@EVERYWHERE
@pytest.mark.parametrize("rounding", [None, "nearest_ties_to_even", "rz", "to_odd"])
def test_a_source_that_nothing_draws_from_is_an_error(call: Callable[..., Any], rounding: str | None) -> None:
    with refuses(ValueError, "rng is given", "draws no random bits"):
        call(rounding=rounding, rng=1)
    with refuses(ValueError, "random is given", "draws no random bits"):
        call(rounding=rounding, random=np.zeros(8, np.uint32))


@EVERYWHERE
@pytest.mark.parametrize(
    "rng",
    [True, np.True_, 1.5, "7", b"7", [1], np.random.RandomState(0), np.random, hu.Rng, np.float64(1), np.array(3)],
)
def test_what_is_no_source_is_a_type_error_that_shows_the_fix(call: Callable[..., Any], rng: Any) -> None:
    with refuses(TypeError, "rng is a", type(rng).__name__, "rng=42"):
        call(rounding="stochastic", rng=rng)


@EVERYWHERE
@pytest.mark.parametrize("rng", [-1, 2**64, 2**70, np.int64(-1)])
def test_a_seed_is_0_to_2_64_minus_1(call: Callable[..., Any], rng: Any) -> None:
    with refuses(ValueError, f"rng is {rng}", "0 to 2^64 - 1"):
        call(rounding="stochastic", rng=rng)


@EVERYWHERE
@pytest.mark.parametrize(
    ("random", "error", "fragments"),
    [
        (np.zeros(7, np.uint32), ValueError, ["shape (7,)", "(8,)"]),
        (np.zeros((8, 1), np.uint32), ValueError, ["shape (8, 1)", "(8,)"]),
        (np.uint32(1), ValueError, ["shape ()", "(8,)"]),
        (np.zeros(8, np.int64), TypeError, ["int64", "uint32"]),
        (np.zeros(8, np.uint64), TypeError, ["uint64", "uint32"]),
        (np.zeros(8, bool), TypeError, ["bool", "uint32"]),
        ([0] * 8, TypeError, ["int64", "uint32"]),
        ("a", TypeError, ["uint32"]),
        (np.full(8, 16, np.uint32), ValueError, ["random holds 16", "2^4 - 1", "random_bits is 4"]),
        (np.ma.zeros(8, np.uint32), TypeError, ["masked"]),
    ],
)
def test_random_of_the_wrong_dtype_shape_or_range(
    call: Callable[..., Any], random: Any, error: type[Exception], fragments: list[str]
) -> None:
    with refuses(error, "random", *fragments):
        call(rounding="stochastic", random=random, random_bits=4)


def test_random_is_for_elements_and_stochastic_scales_need_rng() -> None:
    with refuses(ValueError, "random holds R for the elements only", "rng="):
        hu.quantize(X, "mxfp4", rounding="stochastic", scale_rounding="stochastic", random=np.zeros(8, np.uint32))


@pytest.mark.parametrize(
    ("arguments", "error", "fragments"),
    [
        ((-1,), ValueError, ["seed is -1", "2^64 - 1"]),
        ((2**64,), ValueError, [f"seed is {2**64}"]),
        ((1.0,), TypeError, ["seed is 1.0"]),
        (("1",), TypeError, ["seed is '1'"]),
        ((True,), TypeError, ["seed is True"]),
        ((None,), TypeError, ["seed is None"]),
        ((1, 2**32), ValueError, [f"stream is {2**32}", "0 to 2^32 - 1"]),
        ((1, -1), ValueError, ["stream is -1", "0 to 2^32 - 1"]),
        ((1, 0, 2**64), ValueError, [f"offset is {2**64}", "0 to 2^64 - 1"]),
        ((1, 0, -1), ValueError, ["offset is -1"]),
    ],
)
def test_rng_checks_seed_stream_and_offset(
    arguments: tuple[Any, ...], error: type[Exception], fragments: list[str]
) -> None:
    with refuses(error, *fragments):
        hu.Rng(*arguments)


def test_a_stream_past_2_32_minus_1_is_an_error_and_the_last_one_works() -> None:
    rng = hu.Rng(1, stream=2**32 - 1)
    hu.encode(X, "e4m3fn", "sr", rng=rng)
    for _ in range(2):
        with refuses(ValueError, "stream is 2^32", "another seed"):
            hu.encode(X, "e4m3fn", "sr", rng=rng)


def test_an_offset_whose_elements_leave_64_bits_is_an_error() -> None:
    for call in (CALLS["round"], CALLS["encode"], CALLS["quantize"]):
        with refuses(ValueError, f"offset is {2**64 - 2}", "2^64"):
            call(rounding="stochastic", rng=hu.Rng(1, 0, 2**64 - 2))
    with refuses(ValueError, f"offset is {2**64 - 2}", "2^64"):
        hu.random_words(hu.Rng(1, 0, 2**64 - 2), 4)


@pytest.mark.parametrize(
    ("arguments", "error", "fragments"),
    [
        ((-1,), ValueError, ["shape[0] is -1"]),
        ((2.5,), TypeError, ["shape is 2.5"]),
        (((2, 2.5),), TypeError, ["shape[1] is 2.5"]),
        (("22",), TypeError, ["shape is '22'"]),
        ((None,), TypeError, ["shape is None"]),
        (((2, 2), (0, 0)), ValueError, ["origin and of_shape go together"]),
        (((2, 2), (0,), (4, 4)), ValueError, ["different numbers of axes"]),
        (((2, 2), (3, 0), (4, 4)), ValueError, ["axis 0", "origin 3", "length 2", "of_shape 4"]),
        (((2, 2), (0, -1), (4, 4)), ValueError, ["origin[1] is -1"]),
    ],
)
def test_random_words_checks_the_part_and_the_whole(
    arguments: tuple[Any, ...], error: type[Exception], fragments: list[str]
) -> None:
    with refuses(error, *fragments):
        hu.random_words(1, *arguments)


# --- out
@pytest.mark.parametrize("call", [CALLS["round"], CALLS["fake_quantize"]], ids=["round", "fake_quantize"])
@pytest.mark.parametrize(
    ("out", "error", "fragments"),
    [
        ([0.0] * 8, TypeError, ["a list", "NumPy array"]),
        (0.0, TypeError, ["a float"]),
        (np.zeros(8, np.float64), TypeError, ["float64", "allowed: float32"]),
        (np.zeros(8, np.int32), TypeError, ["int32", "allowed: float32"]),
        (np.zeros(8, ">f4"), TypeError, [">f4", "allowed: float32"]),
        (np.zeros(7, np.float32), ValueError, ["(7,)", "(8,)"]),
        (np.zeros((8, 1), np.float32), ValueError, ["(8, 1)", "(8,)"]),
        (np.zeros((), np.float32), ValueError, ["()", "(8,)"]),
        (np.broadcast_to(np.float32(0), 8), ValueError, ["read-only"]),
    ],
)
def test_out_of_the_wrong_kind_dtype_or_shape(
    call: Callable[..., Any], out: Any, error: type[Exception], fragments: list[str]
) -> None:
    with refuses(error, "out", *fragments):
        call(out=out)


def test_out_of_encode_has_the_codes_dtype() -> None:
    with refuses(TypeError, "out has dtype uint16", "allowed: uint8"):
        hu.encode(X, "e4m3fn", out=np.zeros(8, np.uint16))
    with refuses(TypeError, "out has dtype uint8", "allowed: uint16"):
        hu.encode(X, "bfloat16", out=np.zeros(8, np.uint8))
    with refuses(TypeError, "out has dtype int8", "allowed: uint8"):
        hu.encode(X, "e4m3fn", out=np.zeros(8, np.int8))


def test_a_read_only_out_is_an_error() -> None:
    out = np.zeros(8, np.float32)
    out.flags.writeable = False
    with refuses(ValueError, "out is read-only", "writeable"):
        hu.round(X, "e4m3fn", out=out)


def overlapping_pairs() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    base = np.linspace(-3, 3, 20, dtype=np.float32)
    square = np.ones((3, 3), np.float32)
    return {
        "shifted": (base[:-1], base[1:]),
        "shifted back": (base[1:], base[:-1]),
        "reversed": (base[::-1], base),
        "into its reverse": (base, base[::-1]),
        "every second into the front": (base[::2], base[:10]),
        "transposed": (square, square.T),
    }


@pytest.mark.parametrize("pair", overlapping_pairs())
def test_an_out_that_overlaps_x_in_part_is_an_error(pair: str) -> None:
    for call in (lambda x, out: hu.round(x, "e4m3fn", out=out), lambda x, out: hu.fake_quantize(x, "mxfp4", out=out)):
        x, out = overlapping_pairs()[pair]
        before = out.copy()
        with refuses(ValueError, "out overlaps", "memory of its own"):
            call(x, out)
        np.testing.assert_array_equal(out, before)


def test_an_out_that_overlaps_the_codes_in_part_is_an_error() -> None:
    codes = np.zeros(16, np.uint8)
    with refuses(ValueError, "out overlaps"):
        hu.decode(codes[:4], "e4m3fn", out=codes.view(np.float32))
    with refuses(ValueError, "out overlaps"):
        hu.encode(codes.view(np.float32), "e4m3fn", out=codes[:4])


def test_an_out_that_overlaps_random_is_an_error() -> None:
    words = np.arange(9, dtype=np.uint32)
    for random, out in ((words[:-1], words[1:]), (words[1:], words[:-1]), (words[1:], words[1:])):
        with refuses(ValueError, "out overlaps random"):
            hu.encode(X, "tf32", "stochastic", random=random, out=out)


# --- pack, unpack
@pytest.mark.parametrize("bits", [0, -1, 65, 2**70])
def test_pack_and_unpack_take_1_to_64_bits(bits: int) -> None:
    with refuses(ValueError, f"bits is {bits}", "1 to 64"):
        hu.pack([1], bits)
    with refuses(ValueError, f"bits is {bits}", "1 to 64"):
        hu.unpack(np.zeros(8, np.uint8), bits, 1)


@pytest.mark.parametrize("bits", [1.0, "4", None, True, [4]])
def test_a_width_that_is_no_integer_is_a_type_error(bits: Any) -> None:
    with refuses(TypeError, "bits is", "1 to 64"):
        hu.pack([1], bits)
    with refuses(TypeError, "bits is", "1 to 64"):
        hu.unpack(np.zeros(8, np.uint8), bits, 1)


def test_pack_refuses_codes_that_do_not_fit() -> None:
    with refuses(ValueError, "codes[2]", "16", "0 to 15"):
        hu.pack([1, 2, 16], 4)
    with refuses(ValueError, "codes holds -9, allowed: -8 to 7 (4 bits)"):
        hu.pack([1, -9], 4)
    assert hu.pack([1, -1], 4).tolist() == [0xF1]
    with refuses(TypeError, "codes has dtype float64"):
        hu.pack([1.0], 4)


def test_unpack_refuses_a_count_beyond_the_bytes() -> None:
    packed = np.zeros(3, np.uint8)
    assert hu.unpack(packed, 3, 8).size == 8
    with refuses(ValueError, "count is 9", "0 to 8"):
        hu.unpack(packed, 3, 9)
    with refuses(ValueError, "count is -1"):
        hu.unpack(packed, 3, -1)
    with refuses(ValueError, f"count is {2**70}"):
        hu.unpack(packed, 3, 2**70)
    for count in (1.0, "1", None, True):
        with refuses(TypeError, "count is", "integer"):
            hu.unpack(packed, 3, count)


@pytest.mark.parametrize("packed", [np.zeros(3, np.uint16), np.zeros(3), "abc", None, [1, 2]])
def test_packed_is_an_array_of_uint8(packed: Any) -> None:
    with refuses(TypeError, "packed", "allowed:"):
        hu.unpack(packed, 4, 1)


# --- all of the above
def test_no_message_shows_pybinds_signature() -> None:
    """The compiled functions' own argument errors name no argument of ours: none may come through."""
    junk: list[Any] = [
        None,
        3,
        -1,
        1.5,
        True,
        b"x",
        "zz",
        [1],
        {},
        object(),
        np.zeros(2),
        1j,
        2**70,
        np.float32(1),
        "é",
        "\ud800",
    ]
    names = ["rounding", "overflow", "nan", "ftz", "random_bits", "rng", "random", "projection", "out", "threads"]
    calls: list[tuple[Callable[..., Any], list[str]]] = [
        (CALLS["round"], names),
        (CALLS["encode"], names),
        (CALLS["quantize"], ["axis", "scale_rounding", *(n for n in names if n != "out")]),
        (CALLS["fake_quantize"], ["axis", "scale_rounding", *names]),
        (
            lambda **k: hu.decode(**({"codes": [1], "format": "e4m3fn"} | k)),
            ["codes", "format", "dtype", "out", "threads"],
        ),
        (lambda **k: hu.pack(**({"codes": [1], "bits": 3} | k)), ["codes", "bits"]),
        (
            lambda **k: hu.unpack(**({"packed": np.zeros(3, np.uint8), "bits": 3, "count": 1} | k)),
            ["packed", "bits", "count"],
        ),
        (
            lambda **k: hu.probability_away(**({"x": X, "format": "e4m3fn"} | k)),
            ["x", "format", "mode", "random_bits", "threads"],
        ),
        (lambda **k: hu.random_words(**({"rng": 1, "shape": 3} | k)), ["rng", "shape", "origin", "of_shape"]),
        (lambda **k: hu.Projection(**k), ["rounding", "overflow", "nan", "ftz", "random_bits"]),
        (lambda **k: hu.Rng(**({"seed": 1} | k)), ["seed", "stream", "offset"]),
        (
            lambda **k: hu.float_format(**({"exponent_bits": 4, "mantissa_bits": 3} | k)),
            ["exponent_bits", "mantissa_bits", "bias", "specials", "signed", "subnormals", "name"],
        ),
        (lambda **k: hu.quantize(X, "mxfp4").dequantize(**k), ["dtype", "threads"]),
    ]
    for call, arguments in calls:
        for argument in arguments:
            for value in junk:
                found: Exception | None = None
                try:
                    call(**{argument: value})
                except (TypeError, ValueError) as error:
                    found = error
                if found is None:
                    continue
                assert type(found) in (TypeError, ValueError), f"{argument}={value!r}: {found!r}"
                assert "incompatible function" not in str(found), f"{argument}={value!r}: {str(found)[:200]}"
                assert re.search(rf"\b{argument}\b", str(found)), f"{argument}={value!r} not named: {str(found)[:200]}"
