"""What arithmetic takes and gives in Python: names, shapes, carriers, tensors, out=, flags, random bits, errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from support import same_values

ONE = ["sqrt", "recip", "rsqrt", "abs", "negate", "round_to_integral", "next_up", "next_down"]
TWO = ["add", "sub", "mul", "div", "remainder", "copysign"]
TWO += [f"{end}{by}{who}" for end in ("minimum", "maximum") for by in ("", "_magnitude") for who in ("", "_number")]
THREE = ["fma", "faa"]
OPERANDS = dict.fromkeys(ONE, 1) | dict.fromkeys(TWO, 2) | dict.fromkeys(THREE, 3)
RNG = np.random.default_rng(77)
BASE = (RNG.standard_normal((3, 4, 5)) * 8).astype(np.float32)
INVALID, DIVIDE_BY_ZERO = 16, 8


def operands(name: str, *arrays: Any) -> tuple[Any, ...]:
    return arrays[: OPERANDS[name]]


def bits(x: Any) -> tuple[str, tuple[int, ...], bytes]:
    x = np.asarray(x)
    return x.dtype.name, x.shape, np.ascontiguousarray(x).tobytes()


# --- names, signatures, docstrings


def test_every_function_is_public_in_both_namespaces() -> None:
    for name in [*OPERANDS, "scalb", "compare"]:
        assert name in hu.__all__
        assert getattr(hu, name) is getattr(hu.arithmetic, name)
        assert name in hu.codes.__all__
    assert "convert" in hu.codes.__all__
    assert not hasattr(hu, "convert")


@pytest.mark.parametrize("name", OPERANDS)
def test_signatures(name: str) -> None:
    letters = list("abc"[: OPERANDS[name]])
    keywords = ["overflow", "nan", "ftz", "random_bits", "rng", "random", "projection", "daz", "flags", "tininess"]
    shown = inspect.signature(getattr(hu, name)).parameters
    assert [*shown][: len(letters) + 2] == [*letters, "format", "rounding"]
    assert set(shown) == {*letters, "format", "rounding", *keywords, "out", "threads", "dtype"}
    coded = inspect.signature(getattr(hu.codes, name)).parameters
    formats = [f"format_{letter}" for letter in letters]
    assert [*coded][: 2 * len(letters) + 2] == [*letters, *formats, "format", "rounding"]
    assert set(coded) == {*letters, *formats, "format", "rounding", *keywords, "nan_rule", "out", "threads"}
    for parameters in (shown, coded):
        assert all(parameters[k].kind is inspect.Parameter.KEYWORD_ONLY for k in keywords)
        assert (parameters["flags"].default, parameters["tininess"].default) == (False, "after")


@pytest.mark.parametrize("name", [*OPERANDS, "scalb", "compare"])
def test_docstrings_say_what_is_computed(name: str) -> None:
    for where in (hu, hu.codes):
        function = getattr(where, name)
        assert function.__name__ == name
        first = function.__doc__.strip().splitlines()[0]
        assert len(first) > 15, name
    assert "uint8" in hu.add.__doc__
    assert "nan_rule" in hu.codes.add.__doc__


# --- shapes


@pytest.mark.parametrize("name", OPERANDS)
def test_shapes_broadcast(name: str) -> None:
    x = np.abs(BASE) + 0.5
    function = getattr(hu, name)
    if OPERANDS[name] == 1:
        assert function(x, "e5m2").shape == x.shape
        return
    shapes = [(3, 4, 5), (4, 1), (5,)]
    given = [np.resize(x, shape) for shape in shapes[: OPERANDS[name]]]
    got = function(*given, "e5m2")
    assert got.shape == (3, 4, 5)
    spread = [np.ascontiguousarray(np.broadcast_to(g, (3, 4, 5))) for g in given]
    assert bits(got) == bits(function(*spread, "e5m2"))
    turned = [np.asfortranarray(g) for g in spread]
    assert bits(got) == bits(function(*turned, "e5m2"))
    assert bits(got[:, ::2, ::-1]) == bits(function(*(g[:, ::2, ::-1] for g in spread), "e5m2"))
    column = x[0, 0, :, None]
    outer = function(*operands(name, column, x[0, 0, :3], 1.0), "e5m2")
    assert outer.shape == (5, 3)
    assert outer[4, 1] == function(*operands(name, x[0, 0, 4], x[0, 0, 1], 1.0), "e5m2")


@pytest.mark.parametrize("name", OPERANDS)
def test_no_elements(name: str) -> None:
    got, flags = getattr(hu, name)(*operands(name, np.empty((2, 0, 3), np.float32), 1.0, 2.0), "e4m3fn", flags=True)
    assert (got.shape, got.dtype, flags.shape, flags.dtype) == ((2, 0, 3), np.float32, (2, 0, 3), np.uint8)
    assert getattr(hu, name)(*operands(name, [], [], []), "e4m3fn").shape == (0,)
    codes = getattr(hu.codes, name)(*operands(name, np.empty(0, np.uint8), 1, 2), "e4m3fn")
    assert (codes.shape, codes.dtype) == ((0,), np.uint8)


def test_no_elements_and_their_exponents() -> None:
    assert hu.scalb([], [], "e4m3fn").shape == (0,)


def test_scalars_and_arrays_without_axes() -> None:
    got = hu.add(1.0, 2, "e4m3fn")
    assert (type(got), got) == (np.float64, 3.0)
    got, flags = hu.div(np.float32(1), 0.0, "e5m2", flags=True)
    assert (type(got), got) == (np.float32, np.inf)
    assert (type(flags), flags) == (np.uint8, DIVIDE_BY_ZERO)
    got = hu.add(np.array(1.0, np.float32), 2.0, "e4m3fn")
    assert (type(got), got.shape, got.dtype) == (np.ndarray, (), np.float32)
    code = hu.codes.add(0x38, 0x38, "e4m3fn")
    assert (type(code), code) == (np.uint8, 0x40)
    assert hu.codes.add(-1, 3, "int4") == 2


# --- carriers


@pytest.mark.parametrize(
    ("left", "right", "wide"),
    [
        ("float16", "float16", "float16"),
        ("float16", "float32", "float32"),
        ("float16", "bfloat16", "float32"),
        ("bfloat16", "bfloat16", "bfloat16"),
        ("bfloat16", "float64", "float64"),
        ("float32", "float64", "float64"),
    ],
)
def test_the_widest_carrier(left: str, right: str, wide: str) -> None:
    a, b = (np.array([1.0, 2.0], dtype=getattr(ml_dtypes, d, d)) for d in (left, right))
    for x, y in ((a, b), (b, a)):
        assert hu.mul(x, y, "e4m3fn").dtype.name == wide
        assert hu.fma(x, x, y, "e4m3fn").dtype.name == wide
        assert hu.scalb(x, np.array([60, 70]), "e4m3fn").dtype == x.dtype
    assert hu.mul(a, b, "e4m3fn", dtype="float64").dtype == np.float64
    assert hu.mul(a, b, "e4m3fn", dtype=ml_dtypes.bfloat16).dtype.name == "bfloat16"


def test_python_numbers_do_not_widen_and_are_not_narrowed() -> None:
    x = np.array([1.0], np.float16)
    tiny = 2.0**-200
    for small in (tiny, [tiny], (tiny,)):
        got = hu.add(x, small, "e4m3fn", "toward_positive")
        assert got.dtype == np.float16
        assert got[0] == 1.125
    assert hu.add(x, np.float64(tiny), "e4m3fn").dtype == np.float64
    assert hu.add([1.0], 2.0, "e4m3fn").dtype == np.float64
    assert hu.add(x, 1e300, "e4m3fn", overflow="sat_finite")[0] == 448


def test_operands_need_not_be_members() -> None:
    x = np.array([1 + 2.0**-30, 1 - 2.0**-30])
    assert hu.mul(x, 1.0, "e2m1fn", "toward_positive").tolist() == [1.5, 1.0]
    assert hu.sub(x, 1.0, "e4m3fn", "away_from_zero").tolist() == [2.0**-9, -(2.0**-9)]


def test_byte_order_and_alignment_do_not_matter() -> None:
    x = BASE.reshape(-1)
    want = bits(hu.mul(x, x, "e4m3fn"))
    swapped = x.astype(">f4")
    assert bits(hu.mul(swapped, x, "e4m3fn")) == want
    memory = np.empty(4 * x.size + 1, np.uint8)
    shifted = memory[1:].view(np.float32)
    shifted[:] = x
    assert bits(hu.mul(x, shifted, "e4m3fn")) == want


# --- codes


def test_formats_of_codes() -> None:
    one = {name: int(hu.encode(1.0, name)) for name in ("e4m3fn", "e5m2", "binary16", "int8")}
    a, b = np.array([one["e4m3fn"]], np.uint8), np.array([one["e5m2"]], np.uint8)
    got = hu.codes.add(a, b, "e4m3fn", "e5m2", "binary16")
    assert (got.dtype, got[0]) == (np.uint16, hu.encode(2.0, "binary16"))
    assert hu.codes.add(a, a, "e4m3fn")[0] == hu.encode(2.0, "e4m3fn")
    assert hu.codes.add(a, a, "e4m3fn", format="int8").dtype == np.int8
    assert hu.codes.fma(a, b, a, "e4m3fn", "e5m2")[0] == hu.encode(2.0, "e4m3fn")
    assert hu.codes.convert(a, "e4m3fn", "e5m2")[0] == one["e5m2"]
    assert hu.codes.convert([3, -7], "int8", "e4m3fn").tolist() == hu.encode([3.0, -7.0], "e4m3fn").tolist()
    assert hu.codes.scalb([one["e5m2"]], [-2], "e5m2", "binary16")[0] == hu.encode(0.25, "binary16")
    assert hu.codes.compare(a, b, "e4m3fn", "e5m2").tolist() == [0]
    wide = np.array([0x38], np.uint64)
    assert bits(hu.codes.add(wide, a, "e4m3fn")) == bits(hu.codes.add(a, a, "e4m3fn"))


def test_arrays_of_narrow_floats_know_their_format() -> None:
    a = np.array([1, 2, 448], dtype=ml_dtypes.float8_e4m3fn)
    b = np.array([1, 0.5, 3], dtype=ml_dtypes.float8_e5m2)
    got = hu.codes.mul(a, b)
    assert bits(got) == bits(hu.codes.mul(a.view(np.uint8), b.view(np.uint8), "e4m3fn", "e5m2"))
    assert hu.codes.mul(a, b, format="bfloat16").dtype == np.uint16
    halves = np.array([1.5], dtype=ml_dtypes.bfloat16)
    assert hu.codes.add(halves, halves) == hu.encode(3.0, "bfloat16")
    narrow = np.array([1.5, -6], dtype=ml_dtypes.float4_e2m1fn)
    assert hu.codes.negate(narrow).tolist() == hu.encode([-1.5, 6.0], "e2m1fn").tolist()
    with pytest.raises(ValueError, match=r"format.*e4m3fn"):
        hu.codes.add(a, a, "e5m2")


def test_codes_agree_with_values() -> None:
    every = np.arange(256, dtype=np.uint8)
    a, b = np.repeat(every, 256), np.tile(every, 256)
    x, y = (hu.decode(c, "e4m3fn") for c in (a, b))
    for name in TWO:
        if name == "copysign":  # decode gives every NaN one sign
            continue
        codes, raised = getattr(hu.codes, name)(a, b, "e4m3fn", "e4m3fn", "e5m2", flags=True)
        values, also = getattr(hu, name)(x, y, "e5m2", flags=True)
        assert same_values(hu.decode(codes, "e5m2", dtype="float32"), values).all(), name
        assert np.array_equal(raised, also), name


# --- out


def test_out_takes_the_result_and_is_returned() -> None:
    x, y = BASE, BASE[:, :, ::-1].copy()
    want = hu.fma(x, y, 1.0, "e5m2")
    out = np.empty_like(x)
    assert hu.fma(x, y, 1.0, "e5m2", out=out) is out
    assert bits(out) == bits(want)
    got, flags = hu.fma(x, y, 1.0, "e5m2", out=out, flags=True)
    assert got is out
    assert flags.shape == x.shape
    turned = np.empty((5, 4, 3), np.float32).T
    assert hu.fma(x, y, 1.0, "e5m2", out=turned) is turned
    assert bits(turned) == bits(want)
    codes = np.empty(6, np.uint8)
    assert hu.codes.add(np.arange(6), 1, "e4m3fn", out=codes) is codes
    signed = np.empty(2, np.int8)
    assert hu.codes.sub([1, 2], [3, 7], "int4", out=signed).tolist() == [-2, -5]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_out_may_be_any_operand(place: int) -> None:
    # More elements than one block of the loop, so that reading ahead of writing is needed.
    given = [RNG.standard_normal(3000).astype(np.float32) for _ in range(3)]
    want = bits(hu.fma(*given, "e5m2"))
    hu.fma(*given, "e5m2", out=given[place])
    assert bits(given[place]) == want
    x = given[0].copy()
    want = bits(hu.mul(x, x, "e4m3fn"))
    assert bits(hu.mul(x, x, "e4m3fn", out=x)) == want
    codes = RNG.integers(0, 256, 3000).astype(np.uint8)
    want = bits(hu.codes.mul(codes, codes[::-1], "e5m2"))
    assert bits(hu.codes.mul(codes, codes[::-1].copy(), "e5m2", out=codes)) == want


def test_out_that_overlaps_a_broadcast_or_shifted_operand() -> None:
    x = RNG.standard_normal(2000).astype(np.float32)
    want = bits(hu.mul(x, x[:1].copy(), "e5m2"))
    assert bits(hu.mul(x, x[:1], "e5m2", out=x)) == want
    table = RNG.standard_normal((40, 40)).astype(np.float32)
    want = bits(hu.add(table, table[3].copy(), "e5m2"))
    assert bits(hu.add(table, table[3], "e5m2", out=table)) == want
    want = bits(hu.sub(table, table.T.copy(), "e5m2"))
    assert bits(hu.sub(table, table.T, "e5m2", out=table)) == want
    memory = RNG.standard_normal(2001).astype(np.float32)
    fresh = RNG.standard_normal(2000).astype(np.float32)
    wanted = bits(hu.add(fresh, memory[1:].copy(), "e5m2"))
    assert bits(hu.add(fresh, memory[1:], "e5m2", out=memory[:-1])) == wanted


def test_out_that_does_not_fit() -> None:
    x = np.ones((2, 3), np.float32)
    bad: list[tuple[Any, type, str]] = [
        (np.empty((2, 3)), TypeError, "out has dtype float64, allowed: float32"),
        (np.empty((3, 2), np.float32), ValueError, r"out has shape \(3, 2\), allowed: \(2, 3\)"),
        (np.empty((2, 3), ">f4"), TypeError, "out has dtype >f4"),
        (np.broadcast_to(np.float32(1), (2, 3)), ValueError, "out is"),
        ([1.0], TypeError, "out is a list"),
    ]
    for out, kind, message in bad:
        with pytest.raises(kind, match=message):
            hu.add(x, 1.0, "e4m3fn", out=out)
    fixed = x.copy()
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        hu.add(x, 1.0, "e4m3fn", out=fixed)
    with pytest.raises(TypeError, match="out has dtype float32, allowed: uint16"):
        hu.codes.add([1], [2], "binary16", out=np.empty(1, np.float32))
    row = np.ones(3, np.float32)
    with pytest.raises(ValueError, match=r"out has shape \(3,\), allowed: \(2, 3\)"):
        hu.add(row, x, "e4m3fn", out=row)
    assert (row == 1).all()


# --- flags, tininess, daz, NaN rules


def test_flags() -> None:
    a = np.array([1.0, 1.0, 0.0, 448.0, 2.0**-9, 1.0, np.nan])
    b = np.array([2.0, 3.0, 0.0, 2.0**-9, 448.0, 0.0, 1.0])
    got, flags = hu.div(a, b, "e4m3fn", flags=True)
    assert flags.dtype == np.uint8
    assert flags.tolist() == [0, 1, 16, 5, 3, 13, 0]
    assert np.isnan(got[[2, 3, 5, 6]]).all()
    flags = hu.div(a, b, "e4m3fn", flags=True, overflow="sat_finite")[1]
    assert flags.tolist() == [0, 1, 16, 5, 3, 13, 0]
    plain = hu.div(a, b, "e4m3fn")
    assert same_values(plain, got).all()
    assert hu.codes.add(np.array([0x7D01], np.uint16), [0], "binary16", flags=True)[1] == [INVALID]
    signaling = np.array([0x7F800001], np.uint32).view(np.float32)
    assert hu.add(signaling, 1.0, "e4m3fn", flags=True)[1] == [INVALID]
    assert hu.abs(signaling, "e4m3fn", flags=True)[1] == [0]
    assert hu.next_up(np.array([448.0]), "e4m3fn", flags=True)[1] == [0]


def test_tininess() -> None:
    # 2^-14 · (1 - 2^-12) rounds to 2^-14, the smallest normal number of binary16, with either exponent range.
    x = 2.0**-14 * (1 - 2.0**-12)
    for name, flags in (("after", 1), ("before", 3)):
        got, raised = hu.mul([x], 1.0, "binary16", tininess=name, flags=True)
        assert (got[0], raised[0]) == (2.0**-14, flags)
    assert hu.mul([x], 1.0, "binary16", flags=True)[1] == [1]
    assert hu.mul([x], 1.0, "binary16", "toward_zero", flags=True)[1] == [3]
    assert hu.mul([2.0**-24], 1.0, "binary16", flags=True)[1] == [0]


def test_daz_looks_at_each_operand_in_its_own_format() -> None:
    a, b = hu.encode(2.0**-8, "e4m3fn"), hu.encode(2.0**-8, "e5m2")  # subnormal, normal
    assert hu.codes.mul([a], [b], "e4m3fn", "e5m2", "binary32", daz=True) == hu.encode(0.0, "binary32")
    assert hu.codes.mul([b], [b], "e5m2", format="binary32", daz=True) == hu.encode(2.0**-16, "binary32")
    assert hu.codes.mul([a | 0x80], [b], "e4m3fn", "e5m2", "e5m2", daz=True) == 0x80
    assert hu.add([2.0**-8], 0.0, "e4m3fn", daz=True) == [0]
    assert hu.add([2.0**-8], 0.0, "e5m2", daz=True) == [2.0**-8]
    got, flags = hu.codes.div([0x38], [a], "e4m3fn", daz=True, overflow="sat_finite", flags=True)
    assert (got[0], flags[0]) == (0x7E, 13)


def test_nan_rules_are_for_codes() -> None:
    a, b = np.array([0x7E02], np.uint16), np.array([0xFD01], np.uint16)
    rules = {"canonical": 0x7E00, "x86": 0x7E02, "arm": 0xFF01}
    for rule, code in rules.items():
        assert hu.codes.add(a, b, "binary16", nan_rule=rule) == code
    assert hu.codes.sub([0x7C00], [0x7C00], "binary16", nan_rule="x86") == 0xFE00
    assert hu.codes.sub([0x7C00], [0x7C00], "binary16", nan_rule="arm") == 0x7E00
    assert hu.codes.convert(a, "binary16", "binary32", nan_rule="x86") == 0x7FC04000
    assert hu.codes.add([0x7F], [0xFF], "e4m3fn", nan_rule="x86") == 0x7F
    with pytest.raises(TypeError, match="nan_rule"):
        hu.add(1.0, 2.0, "binary16", nan_rule="x86")


def test_comparisons() -> None:
    x = np.array([1.0, -0.0, 2.0, np.nan, -np.inf])
    y = np.array([2.0, 0.0, 1.0, 1.0, np.nan])
    got = hu.compare(x, y)
    assert (got.dtype, got.tolist()) == (np.int8, [-1, 0, 1, 2, 2])
    assert hu.compare(x, y, total=True).tolist() == [-1, -1, 1, 1, -1]
    assert hu.compare(x, y, flags=True)[1].tolist() == [0] * 5
    assert hu.compare(x, y, signaling=True, flags=True)[1].tolist() == [0, 0, 0, 16, 16]
    assert hu.compare(np.float16([0.1]), 0.1).tolist() == [-1]  # 0.1 as float64 is larger than binary16's
    assert hu.compare(np.ones((3, 1)), np.ones(4)).shape == (3, 4)
    assert hu.codes.compare([0x80], [0x00], "e4m3fn", total=True) == -1


def test_scalb() -> None:
    x = np.array([1.0, 1.5, -0.0, np.inf, np.nan])
    assert same_values(hu.scalb(x, 3, "e5m2"), np.array([8, 12, -0.0, np.inf, np.nan])).all()
    assert hu.scalb(1.0, np.arange(-3, 4, dtype=np.int8), "e4m3fn").tolist() == [2.0**n for n in range(-3, 4)]
    for n in (2**63 - 1, -(2**63)):
        got, flags = hu.scalb(np.float32([1.0]), n, "e5m2", flags=True)
        assert (got[0], flags[0]) == ((np.inf, 5) if n > 0 else (0, 3))
    n = np.array([1, -1, 2])
    assert hu.scalb(np.ones(3), n, "e5m2", out=n.view(np.float64)).tolist() == [2, 0.5, 4]
    assert hu.scalb([1.0], np.array([4], np.uint64), "e5m2") == [16]


# --- random bits


@pytest.mark.parametrize("name", ["add", "mul", "div", "fma", "sqrt", "round_to_integral"])
def test_word_i_is_that_of_output_element_i(name: str) -> None:
    # More elements than one block of the loop has.
    a = np.abs(RNG.standard_normal((43, 1))) + 0.1
    b, c = np.abs(RNG.standard_normal((2, 37))) + 0.1
    given = operands(name, np.tile(a, 37) if OPERANDS[name] == 1 else a, b, c)
    words = hu.random_words(9, (43, 37))
    function = getattr(hu, name)
    seeded = function(*given, "e4m3fn", "stochastic_b", rng=9)
    assert bits(seeded) == bits(function(*given, "e4m3fn", "stochastic_b", random=words))
    few = function(*given, "e4m3fn", "stochastic_b", rng=9, random_bits=4)
    assert bits(few) == bits(function(*given, "e4m3fn", "stochastic_b", random=words >> 28, random_bits=4))
    stream = hu.Rng(9)
    assert bits(function(*given, "e4m3fn", "stochastic_b", rng=stream)) == bits(seeded)
    assert stream.stream == 1
    placed = function(*given, "e4m3fn", "stochastic_b", rng=hu.Rng(9, offset=5))
    later = hu.random_words(hu.Rng(9, offset=5), (43, 37))
    assert bits(placed) == bits(function(*given, "e4m3fn", "stochastic_b", random=later))
    assert bits(placed) != bits(seeded)


def test_a_rounding_to_an_integer_and_its_projection_share_their_word() -> None:
    # 300.5: 300 or 301, neither of which e4m3fn has (288, 320).
    every = np.arange(256, dtype=np.uint32)
    got = hu.round_to_integral(np.full(256, 300.5), "e4m3fn", "stochastic_a", random=every, random_bits=8)
    for r, value in zip(every.tolist(), got, strict=True):
        integer = 300 + (128 + r >= 256)
        assert value == (320 if (integer - 288) * 8 + r >= 256 else 288)


def test_a_refused_call_does_not_move_an_rng_on() -> None:
    rng = hu.Rng(1)
    with pytest.raises(ValueError, match="out has shape"):
        hu.add([1.0], 1.1, "e4m3fn", "stochastic", rng=rng, out=np.empty(2))
    with pytest.raises(TypeError, match="flags"):
        hu.add([1.0], 1.1, "e4m3fn", "stochastic", rng=rng, flags=None)
    assert rng.stream == 0
    words = np.zeros(4, np.uint32)
    with pytest.raises(ValueError, match="out overlaps random"):
        hu.add(np.ones(4, np.float32), 1.1, "e4m3fn", "stochastic", random=words, out=words.view(np.float32))


def test_threads_change_nothing() -> None:
    x, y = RNG.standard_normal((2, 300_000)).astype(np.float32)
    for mode in ({}, {"rounding": "stochastic", "rng": 3}):
        one = hu.mul(x, y, "e4m3fn", flags=True, **mode)
        for threads in (2, 5):
            many = hu.mul(x, y, "e4m3fn", flags=True, threads=threads, **mode)
            assert [bits(part) for part in many] == [bits(part) for part in one]
    assert bits(hu.compare(x, y, threads=4)) == bits(hu.compare(x, y))


def test_backends_change_nothing() -> None:
    x, y = RNG.standard_normal((2, 2000)).astype(np.float32)
    want = bits(hu.div(x, y, "e5m2"))
    before = hu.backend()
    try:
        for name in hu.backends():
            hu.set_backend(name)
            assert bits(hu.div(x, y, "e5m2")) == want
    finally:
        hu.set_backend(before)


# --- projections


def test_projections_and_presets() -> None:
    x = np.array([400.0, 1.0, -400.0])
    assert hu.add(x, x, "e4m3fn", projection="ocp_sat").tolist() == [448, 2, -448]
    how = hu.Projection(rounding="toward_zero", overflow="sat_finite")
    assert hu.add(x, 0.3, "e4m3fn", projection=how).tolist() == [384, 1.25, -384]
    assert hu.add(x, 0.3, "e4m3fn", "toward_positive", projection=how).tolist() == [416, 1.375, -384]
    assert hu.add(x, x, "e2m1fn", overflow="unbounded").tolist() == [768, 2, -768]
    assert hu.add([7.0, -8.0], [1.0, -1.0], "int4", overflow="wrap").tolist() == [-8, 7]
    with pytest.raises(ValueError, match="overflow is 'unbounded', allowed for int8"):
        hu.add(x, x, "int8", overflow="unbounded")
    assert hu.mul([1e-3], [1.0], "e4m3fn", "away_from_zero", ftz="before").tolist() == [0]


def test_nan_where_the_format_has_none() -> None:
    x = np.array([np.nan, 1.0])
    for name in ("add", "maximum", "next_up", "abs"):
        given = operands(name, x, 1.0)
        with pytest.raises(ValueError, match="NaN"):
            getattr(hu, name)(*given, "e2m1fn")
        assert getattr(hu, name)(*given, "e2m1fn", nan="to_max")[0] == 6
        assert getattr(hu, name)(*given, "e2m1fn", nan="to_zero")[0] == 0
        assert np.isnan(getattr(hu, name)(*given, "e2m1fn", nan="keep")[0])
    with pytest.raises(ValueError, match="keep"):
        hu.codes.div([0], [0], "e2m1fn", nan="keep")


def test_next_up_and_down() -> None:
    members = np.unique(np.array([v for v in hu.format("e4m3fn").values() if v == v]))
    assert hu.next_up(members[:-1], "e4m3fn").tolist() == members[1:].tolist()
    assert hu.next_down(members[1:], "e4m3fn").tolist() == members[:-1].tolist()
    assert hu.next_up([448.0, np.inf, 1e9], "e4m3fn").tolist() == [448, 448, 448]
    assert hu.next_up([57344.0, -np.inf, 1.1], "e5m2").tolist() == [np.inf, -57344, 1.25]
    assert hu.next_down([-1e9, 0.0], "e4m3fnu").tolist() == [0, 0]
    assert hu.next_up([-(2.0**-24), 0.0], "posit8_2").tolist() == [0, 2.0**-24]
    assert hu.next_down([2.0**-24, 1.0], "posit8_2").tolist() == [0, 1 - 2.0**-4]


# --- tensors


def test_torch() -> None:
    torch = pytest.importorskip("torch")
    a, b = torch.from_numpy(BASE), torch.from_numpy(BASE[:, :, ::-1].copy())
    for name in OPERANDS:
        keywords = {"overflow": "sat_finite"}
        got, flags = getattr(hu, name)(*operands(name, a, b, 1.0), "e5m2", flags=True, **keywords)
        want, raised = getattr(hu, name)(*operands(name, a.numpy(), b.numpy(), 1.0), "e5m2", flags=True, **keywords)
        assert type(got) is torch.Tensor
        assert (got.dtype, flags.dtype) == (torch.float32, torch.uint8)
        assert bits(got) == bits(want)
        assert bits(flags) == bits(raised)
    assert hu.add(a.to(torch.bfloat16), 1.0, "e4m3fn").dtype == torch.bfloat16
    assert hu.add(a.to(torch.bfloat16), a.to(torch.float16), "e4m3fn").dtype == torch.float32
    assert type(hu.add(1.0, a, "e4m3fn")) is torch.Tensor
    assert type(hu.compare(a, b)) is torch.Tensor
    out = torch.empty_like(a)
    assert hu.mul(a, b, "e5m2", out=out) is out
    codes = a.to(torch.float8_e5m2)
    assert bits(hu.codes.add(codes, codes)) == bits(
        hu.codes.add(codes.view(torch.uint8).numpy(), codes.view(torch.uint8).numpy(), "e5m2")
    )
    with pytest.raises(TypeError, match="requires grad"):
        hu.add(a.clone().requires_grad_(), 1.0, "e4m3fn")


def test_jax() -> None:
    jnp = pytest.importorskip("jax.numpy")
    a, b = jnp.asarray(BASE), jnp.asarray(BASE[:, :, ::-1])
    for name in OPERANDS:
        got = getattr(hu, name)(*operands(name, a, b, 1.0), "e5m2", overflow="sat_finite")
        want = getattr(hu, name)(*operands(name, np.asarray(a), np.asarray(b), 1.0), "e5m2", overflow="sat_finite")
        assert type(got) is type(a)
        assert bits(got) == bits(want)
    got, flags = hu.div(a, 0.0, "e5m2", flags=True)
    assert type(flags) is type(a)
    assert flags.dtype == jnp.uint8
    codes = a.astype(jnp.float8_e4m3fn)
    want = hu.codes.mul(np.asarray(codes), np.asarray(codes))
    assert bits(hu.codes.mul(codes, codes)) == bits(want)
    with pytest.raises(TypeError, match="JAX"):
        hu.add(a, b, "e5m2", out=a)


# --- errors


@pytest.mark.parametrize("name", OPERANDS)
def test_wrong_arguments_of_every_function(name: str) -> None:
    value, coded = getattr(hu, name), getattr(hu.codes, name)
    given = operands(name, 1.0, 1.0, 1.0)
    codes = operands(name, 1, 1, 1)
    last = "abc"[OPERANDS[name] - 1]
    wrong: list[tuple[Callable[[], Any], type, str]] = [
        (lambda: value(*given), TypeError, f"{name}.*format"),
        (lambda: value(*given, "e4m3fn", "rne", "extra"), TypeError, name),
        (lambda: value(*given, "e4m3fn", colour=1), TypeError, f"{name}.*colour"),
        (lambda: value(*given[:-1], np.array([1, 2]), "e4m3fn"), TypeError, f"{last} has dtype int64"),
        (lambda: value(*given[:-1], None, "e4m3fn"), TypeError, f"{last} is a NoneType"),
        (lambda: value(*given[:-1], 1j, "e4m3fn"), TypeError, f"{last} is a complex"),
        (lambda: value(*given, "e4m3"[:3]), ValueError, "e4m"),
        (lambda: value(*given, "posit64_2"), TypeError, "posit64_2"),
        (lambda: value(*given, "e4m3fn", "nearby"), ValueError, "rounding is 'nearby'"),
        (lambda: value(*given, "e4m3fn", overflow="nearby"), ValueError, "overflow is 'nearby'"),
        (lambda: value(*given, "e4m3fn", tininess="later"), ValueError, "tininess is 'later', allowed: after, before"),
        (lambda: value(*given, "e4m3fn", tininess=1), TypeError, "tininess is 1"),
        (lambda: value(*given, "e4m3fn", flags=1), TypeError, "flags is 1"),
        (lambda: value(*given, "e4m3fn", daz="no"), TypeError, "daz is 'no'"),
        (lambda: value(*given, "e4m3fn", dtype="int8"), TypeError, "dtype is 'int8'"),
        (lambda: value(*given, "binary32", dtype="float16"), TypeError, "dtype float16 does not hold"),
        (lambda: value(*given, "e4m3fn", threads=0), ValueError, "threads is 0"),
        (lambda: value(*given, "e4m3fn", "stochastic"), ValueError, "rng=42"),
        (lambda: value(*given, "e4m3fn", rng=1), ValueError, "rng is given"),
        (lambda: coded(*codes), ValueError, "format"),
        (lambda: coded(*codes[:-1], [256], "e4m3fn"), ValueError, rf"{last}\[0\] is 256, allowed: 0 to 255"),
        (lambda: coded(*codes[:-1], [-1], "e4m3fn"), ValueError, f"{last} holds -1"),
        (lambda: coded(*codes[:-1], [8], "int4"), ValueError, rf"{last}\[0\] is 8, allowed: -8 to 7"),
        (lambda: coded(*codes[:-1], [1.0], "e4m3fn"), TypeError, f"{last} has dtype float64"),
        (lambda: coded(*codes, "e4m3fn", nan_rule="sparc"), ValueError, "nan_rule is 'sparc', allowed: canonical"),
        (lambda: coded(*codes, "e4m3fn", dtype="float32"), TypeError, f"{name}.*dtype"),
        (lambda: coded(*codes, "e4m3fn", overflow="unbounded"), ValueError, "overflow is 'unbounded'"),
    ]
    for call, kind, message in wrong:
        with pytest.raises(kind, match=message):
            call()


def test_other_wrong_arguments() -> None:
    x = np.ones(3)
    wrong: list[tuple[Callable[[], Any], type, str]] = [
        (lambda: hu.add(x, np.ones(2), "e4m3fn"), ValueError, r"a \(3,\), b \(2,\)"),
        (lambda: hu.fma(x, x, np.ones((2, 2)), "e4m3fn"), ValueError, r"c \(2, 2\)"),
        (lambda: hu.compare(x, np.ones(2)), ValueError, r"b \(2,\)"),
        (lambda: hu.compare(x, x, total=1), TypeError, "total is 1"),
        (lambda: hu.compare(x, x, signaling=None), TypeError, "signaling is None"),
        (lambda: hu.scalb(x, 1.0, "e4m3fn"), TypeError, "n has dtype float64, allowed: integers"),
        (lambda: hu.scalb(x, True, "e4m3fn"), TypeError, "n has dtype bool"),
        (lambda: hu.scalb(x, 2**63, "e4m3fn"), ValueError, "n holds 9223372036854775808"),
        (lambda: hu.codes.scalb([1], 0.5, "e4m3fn"), TypeError, "n has dtype float64"),
        (lambda: hu.add(x, x, "e4m3fn", overflow="wrap"), ValueError, "overflow is 'wrap'"),
        (lambda: hu.add(x, x, "int4", ftz="before"), ValueError, "ftz is 'before'"),
        (lambda: hu.add(x, x, "e4m3fn", "stochastic", random=np.zeros(2, np.uint32)), ValueError, r"\(3,\)"),
        (lambda: hu.add(x, x, "e4m3fn", "stochastic", random=np.zeros(3)), TypeError, "random has dtype float64"),
        (lambda: hu.add(x, x, "e4m3fn", random_bits=4), ValueError, "random_bits is 4"),
        (lambda: hu.add(x, x, "e4m3fn", "stochastic", rng=1, random_bits=33), ValueError, "random_bits is 33"),
        (lambda: hu.add(np.ma.masked_array([1.0]), 1.0, "e4m3fn"), TypeError, "masked"),
        (lambda: hu.add(x, x, "pm1_pmi"), TypeError, "pm1_pmi"),
        (lambda: hu.add(x.astype(ml_dtypes.float8_e5m2), 1.0, "e5m2"), TypeError, "a has dtype float8_e5m2"),
    ]
    for call, kind, message in wrong:
        with pytest.raises(kind, match=message):
            call()


def test_errors_on_codes_name_the_format_of_the_operand() -> None:
    with pytest.raises(ValueError, match="format_a is None"):
        hu.codes.add([1], [1])
    with pytest.raises(ValueError, match=r"format_b.*nope"):
        hu.codes.add([1], [1], "e4m3fn", "nope")


def test_sign_operations_change_a_nans_sign_alone() -> None:
    nans = np.array([0x7E01, 0x7C01, 0xFE00], dtype=np.uint16)
    for rule in ("x86", "arm"):
        assert hu.codes.negate(nans, "binary16", nan_rule=rule).tolist() == [0xFE01, 0xFC01, 0x7E00]
        assert hu.codes.abs(nans, "binary16", nan_rule=rule).tolist() == [0x7E01, 0x7C01, 0x7E00]
        signed = hu.codes.copysign(nans, np.uint16([0x8000, 0, 0]), "binary16", nan_rule=rule)
        assert signed.tolist() == [0xFE01, 0x7C01, 0x7E00]
        assert hu.codes.negate(nans[1:2], "binary16", "binary32", nan_rule=rule).tolist() == [0xFFC02000]
    assert hu.codes.negate(nans, "binary16").tolist() == [0x7E00] * 3
