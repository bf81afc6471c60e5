"""The registry against tests/vectors, floats in formats/ and everything else in codes/: facts from documents, not from
this library."""

import hashlib
import json
import re
from fractions import Fraction

import halfulp as hu
import numpy as np
import pytest
from support import VECTORS, lines, number

FOLDER = VECTORS / "formats"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))
REGISTRY = {f.name: f for f in hu.formats()}
OTHERS = {name: f for name, f in REGISTRY.items() if f.kind != "float"}
_FILES = [json.loads(path.read_text(encoding="ascii")) for path in sorted((VECTORS / "codes").glob("*.json"))]
#: Codes of complex numbers, which the registry of real formats has not.
COMPLEX = {"pm1_pmi"}
#: Vectors of codes by the name of the format: one to a file, or a list of tables.
CODES = {one["name"]: one for file in _FILES for one in (file, *file.get("tables", [])) if "name" in one}
INTEGERS = [name for name, one in CODES.items() if "rounded" in one]
#: Files about ways to make tables and about packings, not about formats.
OF_NO_FORMAT = {"bitsandbytes", "lloyd_max", "nf_constructions", "ggml"}
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
    # Catches: a format without vectors; vectors of a format that is gone. Files of families hold more than the rows.
    assert sorted(REGISTRY.keys() - OTHERS.keys()) == NAMES
    assert (OTHERS.keys() | COMPLEX) - CODES.keys() == set()
    assert all(hu.format(name).kind == "complex" for name in COMPLEX)
    for path, file in zip(sorted((VECTORS / "codes").glob("*.json")), _FILES, strict=True):
        names = {one["name"] for one in (file, *file.get("tables", [])) if "name" in one}
        if path.stem in OF_NO_FORMAT:
            assert not names & OTHERS.keys()
        else:
            assert names & (OTHERS.keys() | COMPLEX), path.name


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


# --- integers, fixed point, posits, tables
@pytest.mark.parametrize("name", OTHERS)
def test_every_code_is_the_number_of_the_vectors(name):
    # Catches: codes in another order; a code too many; the wrong sign of zero; NaN or infinity in another place.
    f, one = OTHERS[name], CODES[name]
    if "sample" in one:
        pairs = [(int(code, 16), number(value)) for code, value in one["sample"]]
        assert [f.exact(code) for code, _ in pairs] == [value for _, value in pairs]
        assert max(code for code, _ in pairs) == 2**f.bits - 1
        return
    values = hu.decode(f._code_array(), f, np.float64)
    if "values" in one:
        assert len(one["values"]) == len(values) == f._spec.last_code + 1
        assert [f.exact(int(code)) for code in f._code_array()] == [number(text) for text in one["values"]]
        assert [_text(v) for v in values] == [_text(float.fromhex(text)) for text in one["values"]]
    if "decode_sha256" in one:
        words = np.where(np.isnan(values), np.uint64(0x7FF8 << 48), values.view(np.uint64)).astype("<u8")
        assert hashlib.sha256(words.tobytes()).hexdigest() == one["decode_sha256"]
    assert "values" in one or "decode_sha256" in one


def _text(value):
    return "nan" if value != value else float(value).hex()


@pytest.mark.parametrize("name", OTHERS)
def test_parameters_of_other_kinds_are_those_of_the_vectors(name):
    f, one = OTHERS[name], CODES[name]
    for key in {"bits", "signed"} & one.keys():
        assert getattr(f, key) == one[key]
    for key in {"min", "max", "min_positive"} & one.keys():
        assert exact_number(getattr(f, key)) == number(one[key])
    if "nan_code" in one:
        assert f.has_nan
        assert f._spec.nan_code == hu.encode(np.nan, f) == int(one["nan_code"], 16)
    assert hu.format(name) == f == hu.format(str(f))


@pytest.mark.parametrize("name", [name for name, f in OTHERS.items() if f.bits <= 16])
def test_members_of_other_kinds_encode_to_their_own_codes(name):
    # Catches: two codes of one number; a member that moves.
    f = OTHERS[name]
    every = f._code_array()
    values = hu.decode(every, f, np.float64)
    known = ~np.isnan(values)
    if name.endswith("s") and f.kind in ("integer", "fixed point"):
        known &= values >= float(f.min)  # the code of a symmetric format to which nothing rounds
    back = hu.encode(values[known], f, overflow="sat_propagate" if f.has_inf else None)
    assert back.dtype == f.code_dtype
    assert np.array_equal(back, every[known])


@pytest.mark.parametrize("name", INTEGERS)
def test_integers_round_and_overflow_as_recorded(name):
    # Catches: ties to the wrong side; a limit off by one; wrap that saturates; -0.4 below an unsigned format's zero.
    f = REGISTRY[name]
    rows = CODES[name]["rounded"]
    x = np.array([float.fromhex(text) for text, _, _ in rows])
    held, wrapped = ([None if row[i] is None else int(row[i], 16) for row in rows] for i in (1, 2))
    mask = (1 << f.bits) - 1
    assert [int(code) & mask for code in hu.encode(x, f)] == held
    if CODES[name]["symmetric"]:
        with pytest.raises(ValueError, match="wrap"):
            hu.encode(x, f, overflow="wrap")
    else:
        assert [int(code) & mask for code in hu.encode(x, f, overflow="wrap")] == wrapped


@pytest.mark.parametrize("name", [name for name, one in CODES.items() if "midpoints" in one and name in OTHERS])
def test_posits_tie_at_the_midpoints_recorded_to_the_even_code(name):
    # Catches: a tie at the arithmetic mean of two posits, where the bit strings' own middle is elsewhere.
    f = OTHERS[name]
    middles = np.array([float.fromhex(text) for text in CODES[name]["midpoints"]])
    lower = np.arange(1, len(middles) + 1)
    assert np.array_equal(hu.encode(middles, f), lower + lower % 2)
    assert np.array_equal(hu.encode(np.nextafter(middles, 0), f), lower)
    assert np.array_equal(hu.encode(np.nextafter(middles, np.inf), f), lower + 1)


# --- complex codes
@pytest.mark.parametrize("name", sorted(COMPLEX))
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_numbers_get_the_codes_of_their_sectors(name, dtype):
    # Catches: a diagonal in the sector before it; -0 taken for a sign; parts that are squared or divided on the way
    # (both ends of the range); the imaginary axis for the real one.
    f, one = hu.format(name), CODES[name]
    assert f.bits == one["bits"]
    pairs = [(float.fromhex(re), float.fromhex(im), code) for re, im, code in one["sectors"]]
    part = np.dtype(dtype).type(0).real.dtype
    with np.errstate(over="ignore"):
        held = [p for p in pairs if all(float(part.type(v)) == v for v in p[:2])]
    assert len(held) > 200
    x = np.array([p[:2] for p in held], dtype=part).view(dtype)[:, 0]
    assert hu.encode(x, name).tolist() == [code for _, _, code in held]
    values = [complex(float.fromhex(re), float.fromhex(im)) for re, im in one["values"]]
    assert f.values().tolist() == values
    assert hu.decode(np.arange(4, dtype=np.uint8), name, dtype).tolist() == values
    assert hu.round(x, name).tolist() == [values[code] for _, _, code in held]
