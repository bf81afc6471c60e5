"""The registry against tests/vectors/formats: facts from documents, not from this library."""

import hashlib
import re
from fractions import Fraction

import halfulp as hu
import numpy as np
import pytest
from support import VECTORS, lines, number

FOLDER = VECTORS / "formats"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))
REGISTRY = {f.name: f for f in hu.formats()}
KEYS = [
    *("name", "aliases", "names_elsewhere", "bits", "exponent_bits", "mantissa_bits", "bias", "signed"),
    *("max", "min_normal", "min_subnormal", "emin", "emax", "inf_codes", "nan_count", "nan_codes", "canonical_nan"),
    *("overflow_midpoint", "overflow_midpoint_rounds"),
]


def facts(name):
    return dict(line.split(" ", 1) for line in lines(FOLDER / f"{name}.txt"))


def codes(text):
    return [] if text == "none" else [int(code, 16) for code in text.split()]


def exact_number(value):
    return Fraction(value)


def test_every_registered_format_has_a_file_and_every_file_a_row():
    assert sorted(REGISTRY) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_no_fact_is_passed_over(name):
    fact = facts(name)
    bits = int(fact["bits"])
    keys = [key for key in KEYS if key != "nan_codes" or int(fact["nan_count"]) <= 32]
    assert list(fact) == keys + ["decode_sha256"] * (bits <= 19) + ["values"] * (bits <= 8)
    assert fact["name"] == name


@pytest.mark.parametrize("name", NAMES)
def test_the_parameters_are_those_of_the_document(name):
    f, fact = REGISTRY[name], facts(name)
    assert [f.bits, f.exponent_bits, f.mantissa_bits, f.bias, f.emin, f.emax] == [
        int(fact[key]) for key in ("bits", "exponent_bits", "mantissa_bits", "bias", "emin", "emax")
    ]
    assert f.precision == int(fact["mantissa_bits"]) + 1
    assert f.signed == (fact["signed"] == "yes")
    assert exact_number(f.max) == number(fact["max"])
    assert exact_number(f.min_normal) == number(fact["min_normal"])
    if fact["min_subnormal"] == "none":
        assert f.min_subnormal is None
    else:
        assert exact_number(f.min_subnormal) == number(fact["min_subnormal"])
    assert f.has_inf == (fact["inf_codes"] != "none")
    assert f.has_nan == (fact["nan_count"] != "0")
    assert hu.format(name) == f == hu.format(str(f))


@pytest.mark.parametrize("name", NAMES)
def test_the_aliases_mean_this_format_and_others_are_names_of_documents(name):
    listed = re.search(r"^aliases: \[(.*)\]$", REGISTRY[name].describe(), re.MULTILINE)
    ours = set(listed[1].split(", ")) - {""} if listed else set()
    fact = facts(name)["aliases"]
    theirs = set() if fact == "-" else set(fact.split())
    elsewhere = {other.strip().lower() for other in facts(name)["names_elsewhere"].split(",")}
    assert theirs <= ours
    assert ours - theirs <= elsewhere
    for alias in ours:
        assert hu.format(alias) == REGISTRY[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_special_codes_are_exactly_those_of_the_document(name):
    f, fact = REGISTRY[name], facts(name)
    infinities, nans = codes(fact["inf_codes"]), codes(fact["nan_codes"]) if "nan_codes" in fact else []
    for code in infinities:
        assert f.exact(code) == ("-inf" if f.signed and code >> (f.bits - 1) else "inf")
    for code in nans:
        assert f.exact(code) == "nan"
    if f.bits <= 19:
        values = hu.decode(np.arange(2**f.bits, dtype=f.code_dtype), f, np.float64)
        assert list(np.flatnonzero(np.isinf(values))) == sorted(infinities)
        assert int(np.isnan(values).sum()) == int(fact["nan_count"])
        assert not nans or list(np.flatnonzero(np.isnan(values))) == sorted(nans)


@pytest.mark.parametrize("name", NAMES)
def test_nan_encodes_to_the_canonical_nan_or_is_refused(name):
    fact = facts(name)
    for x in (np.float64("nan"), -np.float64("nan"), np.float32("nan")):
        if fact["canonical_nan"] == "none":
            with pytest.raises(ValueError, match="nan is 'raise'"):
                hu.encode(x, name)
        else:
            assert hu.encode(x, name) == int(fact["canonical_nan"], 16)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "binary64"])
def test_the_overflow_midpoint_is_where_nearest_even_leaves_the_format(name):
    """to_nan with nan="to_zero" shows an overflow in every format: as NaN, or as 0 where there is none."""
    f, fact = REGISTRY[name], facts(name)
    middle = float(number(fact["overflow_midpoint"]))
    assert Fraction(middle) == number(fact["overflow_midpoint"])
    largest = float(number(fact["max"]))

    def lands(x):
        return hu.round(np.array([x]), f, overflow="to_nan", nan="to_zero")[0]

    assert lands(np.nextafter(middle, 0)) == largest
    assert lands(middle) == largest if fact["overflow_midpoint_rounds"] == "to_max" else lands(middle) != largest
    assert lands(np.nextafter(middle, np.inf)) != largest
    if f.signed:
        assert lands(-np.nextafter(middle, 0)) == -largest
        assert lands(-np.nextafter(middle, np.inf)) != -largest


def test_the_overflow_midpoint_of_binary64_is_half_a_step_above_its_largest():
    fact = facts("binary64")  # no carrier holds it
    f = REGISTRY["binary64"]
    step = Fraction(f.max) - f.exact(hu.encode(f.max, f) - 1)
    assert number(fact["overflow_midpoint"]) == Fraction(f.max) + step / 2


@pytest.mark.parametrize("name", [n for n in NAMES if int(facts(n)["bits"]) <= 19])
def test_every_code_decodes_to_the_value_of_the_digest(name):
    f = REGISTRY[name]
    values = hu.decode(np.arange(2**f.bits, dtype=f.code_dtype), f, np.float64)
    words = np.where(np.isnan(values), np.uint64(0x7FF8 << 48), values.view(np.uint64)).astype("<u8")
    assert hashlib.sha256(words.tobytes()).hexdigest() == facts(name)["decode_sha256"]


@pytest.mark.parametrize("name", [n for n in NAMES if int(facts(n)["bits"]) <= 8])
def test_exact_and_values_give_the_table_of_the_document(name):
    f = REGISTRY[name]
    table = [number(text) for text in facts(name)["values"].split()]
    assert len(table) == 2**f.bits
    assert [f.exact(code) for code in range(2**f.bits)] == table
    values = f.values()
    assert [str(v) if v != v else float(v).hex() for v in values] == [
        "nan" if v == "nan" else float(v).hex() for v in table
    ]


@pytest.mark.parametrize("name", [n for n in NAMES if int(facts(n)["bits"]) <= 19])
def test_every_member_encodes_to_its_own_code(name):
    """dlfloat16's second zero code is the one that does not come back."""
    f = REGISTRY[name]
    every = np.arange(2**f.bits, dtype=f.code_dtype)
    values = hu.decode(every, f, np.float64)
    finite = ~np.isnan(values)
    back = hu.encode(values[finite], f, overflow="sat_propagate")
    strangers = every[finite][back != every[finite]]
    assert list(strangers) == ([0x8000] if name == "dlfloat16" else [])
