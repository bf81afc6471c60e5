"""What Python says about formats that are no floats: code types, properties, packing, errors, one's own codebooks."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction

import halfulp as hu
import numpy as np
import pytest

KINDS = {
    "int4": "integer",
    "uint8": "integer",
    "int8s": "integer",
    "q2.6s": "fixed point",
    "q4.4": "fixed point",
    "posit8_2": "posit",
    "posit32_2": "posit",
    "nf4": "codebook",
    "ternary": "codebook",
    "pm1": "codebook",
    "hif8": "codebook",
    "pot4": "codebook",
    "e4m3fn": "float",
    "binary32": "float",
}


def test_a_format_without_positive_members_has_no_smallest_one() -> None:
    for none in (hu.format("int1"), hu.format("q1.0"), hu.codebook([-3.0, -1.0]), hu.codebook([-2.0, 0.0])):
        assert none.min_positive is None
    for name, least in {"uint1": 1, "int2s": 1, "q1.3": 0.125, "posit2_0": 1, "microexponent": 0.5, "pm1": 1}.items():
        assert hu.format(name).min_positive == least
    assert hu.codebook([-3.0, 0.25, 1.0]).min_positive == 0.25


@pytest.mark.parametrize("name", KINDS)
def test_kind(name: str) -> None:
    assert hu.format(name).kind == KINDS[name]


@pytest.mark.parametrize(
    ("name", "bits", "dtype"),
    [
        ("int1", 1, np.int8),
        ("int4", 4, np.int8),
        ("int8", 8, np.int8),
        ("int8s", 8, np.int8),
        ("q2.6s", 8, np.int8),
        ("int9", 9, np.int16),
        ("int16", 16, np.int16),
        ("q8.8", 16, np.int16),
        ("int17", 17, np.int32),
        ("q16.16", 32, np.int32),
        ("int33", 33, np.int64),
        ("q1.63", 64, np.int64),
        ("int64", 64, np.int64),
        ("uint1", 1, np.uint8),
        ("uint8", 8, np.uint8),
        ("uint9", 9, np.uint16),
        ("uint32", 32, np.uint32),
        ("uint64", 64, np.uint64),
        ("posit8_2", 8, np.uint8),
        ("posit9_1", 9, np.uint16),
        ("posit32_2", 32, np.uint32),
        ("posit64_2", 64, np.uint64),
        ("nf4", 4, np.uint8),
        ("ternary", 2, np.uint8),
        ("pm1", 1, np.uint8),
        ("hif8", 8, np.uint8),
    ],
)
def test_codes_have_the_smallest_type_and_signs_where_the_integers_have(name: str, bits: int, dtype: type) -> None:
    f = hu.format(name)
    assert f.bits == bits
    assert f.code_dtype == dtype
    x = np.array([[1.0, -0.25], [0.5, 0.0]])
    codes = hu.encode(x, name, nan="to_max")
    assert codes.dtype == dtype
    assert codes.shape == x.shape
    if hu.quantize(x, name).codes.dtype != dtype:
        pytest.fail("quantize's codes have another type")


def test_codes_of_signed_integers_are_the_stored_integers() -> None:
    assert hu.encode(np.array([-8.0, -1, 7, 100, -100]), "int4").tolist() == [-8, -1, 7, 7, -8]
    assert hu.encode(np.array([-100.0]), "int4s").tolist() == [-7]
    assert hu.encode(np.array([-0.5, 127 / 64]), "q2.6s").tolist() == [-32, 127]
    assert hu.decode(np.array([-128, 127, -1], dtype=np.int8), "q4.4").tolist() == [-8.0, 7.9375, -0.0625]


def test_codes_of_small_sets() -> None:
    assert hu.encode(np.array([-1.0, 0, 1]), "ternary").tolist() == [0, 1, 2]
    assert hu.encode(np.array([-1.0, 1]), "pm1").tolist() == [0, 1]
    assert hu.format("binary").name == "pm1"
    assert hu.encode(np.array([0.0]), "nf4").tolist() == [7]


def test_extremes_of_every_kind() -> None:
    rows = {
        "int4": (7, -8),
        "int4s": (7, -7),
        "uint4": (15, 0),
        "q4.4": (7.9375, -8.0),
        "q2.6s": (1.984375, -1.984375),
        "posit8_2": (2.0**24, -(2.0**24)),
        "nf4": (1.0, -1.0),
        "ternary": (1.0, -1.0),
        "hif8": (2.0**15, -(2.0**15)),
        "iq4_nl": (113.0, -127.0),
        "dynamic8u": (1.0, 0.0),
    }
    for name, (top, bottom) in rows.items():
        f = hu.format(name)
        assert (f.max, f.min) == (top, bottom), name
    assert hu.format("int64").max == 2**63 - 1
    assert hu.format("uint64").max == 2**64 - 1
    assert hu.format("q1.63").max == 1 - Fraction(1, 2**63)


def test_zeros_nans_and_infinities() -> None:
    rows = {  # has_zero, has_nan, has_inf, signed
        "int4": (True, False, False, True),
        "uint4": (True, False, False, False),
        "q2.6s": (True, False, False, True),
        "posit8_2": (True, True, False, True),
        "nf4": (True, False, False, True),
        "pm1": (False, False, False, True),
        "iq4_nl": (False, False, False, True),
        "hif8": (True, True, True, True),
        "ternary": (True, False, False, True),
    }
    for name, want in rows.items():
        f = hu.format(name)
        assert (f.has_zero, f.has_nan, f.has_inf, f.signed) == want, name


@pytest.mark.parametrize("name", ["int4", "uint3", "q2.2", "posit6_1", "nf3", "ternary", "pm1", "fp4_bnb"])
def test_values_and_exact_are_those_of_decode(name: str) -> None:
    f = hu.format(name)
    lowest, highest = (-(1 << (f.bits - 1)), 1 << (f.bits - 1)) if f.code_dtype.kind == "i" else (0, 1 << f.bits)
    if name == "ternary":
        highest = 3
    codes = np.arange(lowest, highest).astype(f.code_dtype)
    decoded = hu.decode(codes, f)
    values = np.asarray(f.values(), dtype=np.float64)
    finite = values[~np.isnan(values)]
    assert sorted(finite.tolist()) == sorted(decoded[~np.isnan(decoded)].astype(float).tolist())
    for code, value in zip(codes.tolist(), decoded.tolist(), strict=True):
        exact = f.exact(code)
        assert exact == Fraction(value) if not isinstance(exact, str) else exact in ("nan", "-0")


@pytest.mark.parametrize("f", [f.name for f in hu.formats()])
def test_every_registered_format_describes_itself_and_survives_its_name(f: str) -> None:
    found = hu.format(f)
    assert f in found.describe()
    assert hu.format(str(found)) == found
    assert pickle.loads(pickle.dumps(found)) == found
    assert copy.deepcopy(found) == found


@pytest.mark.parametrize("name", ["int4", "int3", "q2.6s", "int12", "int1", "int16", "int7s", "nf4", "posit5_1", "pm1"])
def test_pack_keeps_the_low_bits_and_unpack_gives_them_back(name: str) -> None:
    f = hu.format(name)
    x = np.random.default_rng(1).standard_normal(37) * float(f.max or 1)
    codes = hu.encode(x, f)
    packed = hu.pack(codes, f.bits)
    assert packed.dtype == np.uint8
    assert packed.size == -(-37 * f.bits // 8)
    back = hu.unpack(packed, f.bits, 37)
    mask = (1 << f.bits) - 1
    assert back.tolist() == [c & mask for c in codes.tolist()]
    whole = sum((c & mask) << (i * f.bits) for i, c in enumerate(codes.tolist()))
    assert packed.tolist() == list(whole.to_bytes(packed.size, "little"))


def test_a_quantized_array_of_signed_codes_packs() -> None:
    q = hu.quantize(np.float32([7, -7, -1, 0]), "int4s/4:binary32")
    packed = np.asarray(q.pack().codes).reshape(-1)
    assert packed.tolist() == [0x97, 0x0F]


# --- errors
@pytest.mark.parametrize(
    "name",
    [
        "int0",
        "int65",
        "uint0",
        "uint65",
        "int1s",
        "uint4s",
        "q0.4",
        "q1.64",
        "q65.0",
        "posit1_2",
        "posit65_2",
        "posit8",
        "posit8_",
        "nf1",
        "nf9",
        "dynamic1",
        "pot1",
        "apot1",
        "sqrt2pot1",
        "int",
        "int4x",
        "q4",
        "q4.",
        "int04",
        "table:",
        "table:zz",
        "table:0123456789abcdef",
    ],
)
def test_names_that_are_no_formats(name: str) -> None:
    with pytest.raises(ValueError, match=name.partition(":")[0]):
        hu.format(name)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("int4", 8),
        ("int4", -9),
        ("uint3", 8),
        ("ternary", 3),
        ("pm1", 2),
        ("nf4", 16),
        ("posit5_1", 32),
        ("pot3", 7),
    ],
)
def test_a_code_that_its_format_lacks(name: str, code: int) -> None:
    f = hu.format(name)
    with pytest.raises(ValueError, match="code"):
        hu.decode(np.array([0, code], dtype=f.code_dtype), f)
    with pytest.raises(ValueError, match="code"):
        f.exact(code)


@pytest.mark.parametrize(
    "values",
    [
        [1.0, 2.0, 1.0],
        [0.5, 0.5],
        [1.0],
        [],
        [1.0, np.nan],
        [1.0, np.inf],
        [-np.inf, 0.0],
        np.arange(70000.0),
    ],
)
def test_tables_that_are_no_codebooks(values: object) -> None:
    with pytest.raises(ValueError, match=r"values|codebook|table"):
        hu.codebook(values, name="mine")


@pytest.mark.parametrize("values", [[1.0, 1j], np.array([1 + 1j, 2]), ["a", "b"], None, "nf4", np.ones((2, 2))])
def test_tables_of_something_else(values: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        hu.codebook(values, name="mine")


def test_ones_own_codebook() -> None:
    mine = hu.codebook([3.0, -1.0, 0.5], name="mine")
    assert (mine.name, mine.kind, mine.bits) == ("mine", "codebook", 2)
    assert mine.has_zero is False
    assert (mine.max, mine.min) == (3.0, -1.0)
    assert [mine.exact(code) for code in range(3)] == [3, -1, Fraction(1, 2)]
    assert hu.encode(np.array([9.0, -9.0, 0.6]), mine).tolist() == [0, 1, 2]
    assert hu.decode(np.array([0, 1, 2], dtype=np.uint8), mine).tolist() == [3.0, -1.0, 0.5]
    text = str(mine)
    assert text.startswith("table:")
    assert hu.format(text) == mine
    assert pickle.loads(pickle.dumps(mine)) == mine
    assert hu.codebook([3.0, -1.0, 0.5]) == mine
    assert hu.codebook([-1.0, 3.0, 0.5]) != mine  # another order of codes
    q = hu.quantize(np.float32([6, -2, 1, 1]), text + "/4:binary32")
    assert q.scales[0].tolist() == [2.0]
    assert q.codes.tolist() == [0, 1, 2, 2]


def test_complex_and_integer_input_is_refused() -> None:
    for name in ("int4", "nf4", "posit8_2", "ternary"):
        for x in (np.array([1 + 1j]), np.array([1, 2]), np.array(["1"])):
            with pytest.raises(TypeError):
                hu.encode(x, name)
