"""Format's attributes, exact(), values(), float_format, dtype objects and the registry's table, against definitions."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
import scheme_oracle as oracle

FLOATS = [f for f in hu.formats() if f.kind == "float"]
REGISTERED = [str(f) for f in FLOATS if str(f) != "dlfloat16"]  # dlfloat16's rules are not the oracle's
OTHERS = [
    "e1m0f",
    "e1m3f",
    "e1m2fnuz",
    "e2m0fn",
    "e2m1",
    "e3m0fnu",
    "e5m0fnu",
    "e4m0fu",
    "e4m0f",
    "e5m3u",
    "e3m2fu",
    "e4m3fn_nosub",
    "e4m3u_nosub",
]
OTHERS += [
    "e5m6b20fn_nosub",
    "e3m2b-10f",
    "e5m7b300",
    "e8m7f",
    "e6m9fnuz",
    "Binary8p3se",
    "Binary8p3sf",
    "Binary8p4ue",
    "Binary8p1uf",
    "Binary8p1ue",
]
OTHERS += ["Binary6p6uf", "Binary16p11se", "Binary4p2sf", "Binary5p1sf"]
WIDE = ["e19m3f", "e15m48", "e12m20fnu", "e11m53u", "e19m44", "e10m5b-524287f", "e1m62f", "Binary40p30se"]


def number(value: Any) -> Fraction:
    """A float or a Fraction, never rounded."""
    assert isinstance(value, (float, Fraction))
    return Fraction(value)


@pytest.mark.parametrize("name", [*REGISTERED, *OTHERS, *WIDE])
def test_every_attribute_is_what_the_shape_says(name: str) -> None:
    f, want = hu.format(name), oracle.parse_format(name)
    assert (f.bits, f.precision, f.exponent_bits, f.mantissa_bits) == (want.bits, want.M + 1, want.E, want.M)
    assert (f.bias, f.emin, f.signed) == (want.bias, want.emin, want.signed)
    assert f.has_zero == want.has_zero
    assert f.has_nan == (want.nan_code is not None)
    assert f.has_inf == (want.letters in ("", "p3109e"))
    assert number(f.max) == want.largest
    assert Fraction(2) ** f.emax <= want.largest < Fraction(2) ** (f.emax + 1)
    assert number(f.min_normal) == Fraction(2) ** want.emin
    if want.sub and want.M:
        assert number(f.min_subnormal) == Fraction(2) ** (want.emin - want.M)
    else:
        assert f.min_subnormal is None
    assert f.epsilon == 2.0**-want.M
    assert np.dtype(f.code_dtype).itemsize == 2 ** max(0, math.ceil(math.log2(f.bits / 8)))
    assert np.dtype(f.code_dtype).kind == "u"
    for value in (f.max, f.min_normal, f.min_subnormal):  # floats where a float is exact, else Fractions
        if isinstance(value, Fraction):
            assert (
                value > Fraction(np.finfo(np.float64).max)
                or value < Fraction(2) ** -1022
                or value.numerator.bit_length() > 53
            )


@pytest.mark.parametrize("name", [n for n in [*REGISTERED, *OTHERS] if oracle.parse_format(n).bits <= 10])
def test_exact_is_the_oracles_value_of_every_code(name: str) -> None:
    f, want = hu.format(name), oracle.parse_format(name)
    for code in range(2**f.bits):
        value = f.exact(code)
        assert value == want.value(code), hex(code)
        assert isinstance(value, (Fraction, str))


@pytest.mark.parametrize("name", [*WIDE, "binary64", "binary32", "tf32"])
def test_exact_is_the_oracles_value_of_wide_formats_at_the_edges(name: str) -> None:
    f, want = hu.format(name), oracle.parse_format(name)
    half = 2 ** (f.bits - 1)
    for code in {
        0,
        1,
        2,
        3,
        2**want.M - 1,
        2**want.M,
        want.top,
        want.top - 1,
        half - 1,
        half,
        half + 1,
        2**f.bits - 1,
        half | want.top,
        12345 % half,
    }:
        assert f.exact(code) == want.value(code), hex(code)
        assert f.exact(np.uint64(code)) == f.exact(code)
    for code in (-1, 2**f.bits):
        with pytest.raises(ValueError, match=f"code is {code}, allowed: 0 to {2**f.bits - 1}"):
            f.exact(code)


@pytest.mark.parametrize("name", [n for n in [*REGISTERED, *OTHERS, "dlfloat16"] if hu.format(n).bits <= 16])
def test_values_are_the_exact_values_in_the_order_of_codes(name: str) -> None:
    f = hu.format(name)
    with np.errstate(over="ignore"):
        fits = all(
            float(np.float32(float(number(v)))) == number(v) for v in (f.max, f.min_normal, f.min_subnormal or 1.0)
        )
    values = f.values()
    assert values.shape == (2**f.bits,)
    assert values.dtype == (np.float32 if fits else np.float64)
    for code in range(0, 2**f.bits, 1 if f.bits <= 10 else 37):
        exact, value = f.exact(code), float(values[code])
        if isinstance(exact, Fraction):
            assert Fraction(value) == exact
            assert not (value == 0 and math.copysign(1, value) < 0)
        else:
            assert {
                "nan": math.isnan(value),
                "inf": value == math.inf,
                "-inf": value == -math.inf,
                "-0": value == 0 and math.copysign(1, value) < 0,
            }[exact]


def test_values_above_16_bits_are_an_error() -> None:
    for name in ("tf32", "binary32", "e8m8"):
        with pytest.raises(ValueError, match="16 bits or fewer"):
            hu.format(name).values()


@pytest.mark.parametrize("name", ["e19m3f", "e19m3fnu", "e18m30"])
def test_huge_formats_are_exact_and_encode(name: str) -> None:
    f, want = hu.format(name), oracle.parse_format(name)
    assert isinstance(f.max, Fraction)
    assert isinstance(f.min_normal, Fraction)
    assert f.epsilon == 2.0**-want.M
    x = np.array([1.0, 2.5, 0.1, 5e-324, 1.7976931348623157e308, 3.0], np.float64)
    codes = hu.encode(x, f)
    for value, code in zip(x, codes, strict=True):
        magnitude, _ = want.round_magnitude(Fraction(float(value)), False, "nearest_ties_to_even")
        assert int(code) == magnitude
    assert f.exact(int(codes[0])) == 1
    assert f.exact(int(codes[1])) == Fraction(5, 2)
    for call in (
        lambda: hu.decode(codes, f),
        lambda: hu.decode(codes, f, dtype="float64"),
        lambda: hu.round(x, f),
        lambda: hu.fake_quantize(x, f),
    ):
        with pytest.raises(TypeError, match=rf"{name}.*exact"):
            call()
    assert hu.probability_away(x[:1], f).tolist() == [0.0]


# --- dtypes
DTYPES = {
    np.float16: "binary16",
    np.float32: "binary32",
    np.float64: "binary64",
    ml_dtypes.bfloat16: "bfloat16",
    ml_dtypes.float8_e4m3fn: "e4m3fn",
    ml_dtypes.float8_e5m2: "e5m2",
    ml_dtypes.float8_e4m3: "e4m3",
    ml_dtypes.float8_e3m4: "e3m4",
    ml_dtypes.float8_e4m3fnuz: "e4m3fnuz",
    ml_dtypes.float8_e5m2fnuz: "e5m2fnuz",
    ml_dtypes.float8_e4m3b11fnuz: "e4m3b11fnuz",
    ml_dtypes.float8_e8m0fnu: "e8m0fnu",
    ml_dtypes.float6_e2m3fn: "e2m3fn",
    ml_dtypes.float6_e3m2fn: "e3m2fn",
    ml_dtypes.float4_e2m1fn: "e2m1fn",
}


@pytest.mark.parametrize("dtype", DTYPES)
def test_numpy_and_ml_dtypes_dtypes_are_formats(dtype: Any) -> None:
    for given in (dtype, np.dtype(dtype)):
        assert str(hu.format(given)) == DTYPES[dtype]
    assert hu.format(np.dtype(dtype).newbyteorder(">")) == hu.format(dtype)
    assert hu.encode(1.0, dtype) == hu.encode(1.0, DTYPES[dtype])
    assert str(hu.quantize([1.0], dtype).scheme) == DTYPES[dtype]


@pytest.mark.parametrize(
    ("name", "want"),
    [
        ("float16", "binary16"),
        ("bfloat16", "bfloat16"),
        ("float8_e4m3fn", "e4m3fn"),
        ("float8_e5m2fnuz", "e5m2fnuz"),
        ("float8_e8m0fnu", "e8m0fnu"),
        ("float32", "binary32"),
    ],
)
def test_torch_dtypes_are_formats_without_torch(name: str, want: str) -> None:
    class dtype:
        def __repr__(self) -> str:
            return f"torch.{name}"

    dtype.__module__ = "torch"
    assert str(hu.format(dtype())) == want
    assert hu.encode(1.0, dtype()) == hu.encode(1.0, want)
    assert str(hu.scheme(dtype())) == want


# --- float_format
def test_float_format_is_the_grammar_in_keywords() -> None:
    for letters, specials in (("", "ieee"), ("f", "f"), ("fn", "fn"), ("fnuz", "fnuz")):
        for signed in (True, False):
            for subnormals in (True, False):
                if specials == "fnuz" and not signed:
                    continue
                for bias in (None, 0, -5, 2**19 - 1):
                    f = hu.float_format(
                        exponent_bits=4,
                        mantissa_bits=3,
                        bias=bias,
                        specials=specials,
                        signed=signed,
                        subnormals=subnormals,
                    )
                    tail = ("" if signed else "u") + ("" if subnormals else "_nosub")
                    text = "e4m3" + ("" if bias is None else f"b{bias}") + letters + tail
                    assert f == hu.format(text), text
                    assert str(f) == str(hu.format(text))
    assert hu.float_format(exponent_bits=np.int64(4), mantissa_bits=np.uint8(3), specials="fn") == hu.format("e4m3fn")


def test_a_name_of_ones_own_is_a_label_alone() -> None:
    f = hu.float_format(exponent_bits=3, mantissa_bits=2, specials="f", name="mine")
    assert (f.name, str(f)) == ("mine", "e3m2fn")
    assert f == hu.format("e3m2fn")
    assert hash(f) == hash(hu.format("e3m2fn"))
    assert "label: mine\n" in f.describe()
    assert "name: e3m2fn\n" in f.describe()
    assert hu.format(f) is f
    assert hu.format("e3m2fn").name == "e3m2fn"


def test_formats_compare_by_what_they_are() -> None:
    assert hu.format("e4m3fn") == hu.format("float8_e4m3fn")
    assert hu.format("e4m3fn") != hu.format("e4m3")
    assert hu.format("e4m3fn") != "e4m3fn"
    assert len({hu.format("e4m3fn"), hu.format("float8_e4m3fn"), hu.format("e4m3b7fn")}) == 1
    with pytest.raises(AttributeError):
        hu.format("e4m3fn").bits = 7  # type: ignore[misc]


# --- registry
def test_the_table_has_one_row_for_each_registered_format_with_its_own_facts() -> None:
    table = hu.formats_table()
    assert table["name"].tolist() == [str(f) for f in hu.formats()]
    assert table["kind"].tolist() == [f.kind for f in hu.formats()]
    for f, row in zip(hu.formats(), table.to_dict("records"), strict=True):
        assert (row["bits"], row["max"], row["min_positive"]) == (f.bits, float(f.max), float(f.min_positive))
        assert (row["signed"], row["inf"], row["nan"]) == (f.signed, f.has_inf, f.has_nan)
        assert row["source"]
        assert all(hu.format(alias) == f for alias in filter(None, row["aliases"].split(", ")))
        assert row["native_overflow"] in ("sat_none", "to_nan", "sat_finite", "posit")
        assert (row["native_overflow"] == "posit") == (f.kind == "posit")
    for f, row in zip(FLOATS, table[table["kind"] == "float"].to_dict("records"), strict=True):
        assert (row["bits"], row["exponent_bits"], row["mantissa_bits"], row["bias"]) == (
            f.bits,
            f.exponent_bits,
            f.mantissa_bits,
            f.bias,
        )
        assert (row["max"], row["min_normal"], row["signed"], row["inf"], row["nan"]) == (
            f.max,
            f.min_normal,
            f.signed,
            f.has_inf,
            f.has_nan,
        )
        assert row["min_positive"] == (f.min_subnormal or f.min_normal)
        assert row["zero"] == ("none" if not f.has_zero else "±0" if f.exact(2 ** (f.bits - 1)) == "-0" else "0")


@pytest.mark.parametrize("name", [*REGISTERED, "dlfloat16", "e19m3f", "Binary8p3se", "e4m3fn_nosub"])
def test_describe_names_the_format_and_its_limits(name: str) -> None:
    f = hu.format(name)
    lines = dict(line.split(": ", 1) for line in f.describe().splitlines())
    assert lines["name"] == name
    assert lines["bits"].split()[0] == str(f.bits)
    assert (lines["precision"], lines["bias"], lines["emin"], lines["emax"]) == (
        str(f.precision),
        str(f.bias),
        str(f.emin),
        str(f.emax),
    )
    if isinstance(f.max, float):
        assert float.fromhex(lines["max"].split()[0]) == f.max
    assert (lines["nan"] != "none") == f.has_nan
    assert (lines["infinity"] != "none") == f.has_inf


def test_describe_of_a_scheme_lists_every_level() -> None:
    text = hu.scheme("nvfp4").describe()
    assert text.startswith("name: nvfp4\nbits_per_element: 4.5\n")
    assert "group: 16, format: e4m3fn" in text
    assert "group: tensor, format: binary32" in text
    assert "name: e2m1fn" in text
    assert "levels: []" in hu.scheme("e2m1fn").describe()


def test_a_label_may_not_be_another_formats_name() -> None:
    with pytest.raises(ValueError, match="name is 'e5m2'"):
        hu.float_format(exponent_bits=4, mantissa_bits=3, name="e5m2")
    assert hu.float_format(exponent_bits=4, mantissa_bits=3, name="e4m3").name == "e4m3"


def test_values_beyond_every_carrier_are_fractions() -> None:
    f = hu.format("e12m2")
    values = f.values()
    assert values.dtype == object
    assert values[1] == f.exact(1)
    assert np.isnan(values[f._spec.nan_code])
