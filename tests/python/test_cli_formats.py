"""halfulp formats, schemes, recipes: lists and their filters."""

from math import inf

import halfulp as hu
import numpy as np
import pytest
from cli_support import json_lines, refused, run
from halfulp.cli import families


def names(capsys, *words: str) -> list[str]:
    return [thing["name"] for thing in json_lines(capsys, *words)]


def test_lists_have_every_name(capsys):
    # Catches: a second list of formats that forgets new ones.
    for command, things in {"formats": hu.formats(), "schemes": hu.schemes(), "recipes": hu.recipes()}.items():
        expected = [thing.name if command == "recipes" else str(thing) for thing in things]
        expected += ["pm1_pmi"] if command == "formats" else []  # the complex code is no hu.Format
        _, out, _ = run(capsys, command)
        assert [line.split()[0] for line in out.splitlines()[1:]] == expected
        assert names(capsys, command) == expected


def test_facts_are_those_of_the_format(capsys):
    # Catches: a column with another's numbers.
    for thing in json_lines(capsys, "formats"):
        f = hu.format(thing["name"])
        if thing["kind"] == "complex":
            continue
        assert all(hu.format(alias) == f for alias in thing["aliases"])
        own = ("exponent_bits", "mantissa_bits", "precision", "bias", "emin", "emax", "min_normal")
        for key in ("kind", "bits", "max", *(own if f.kind == "float" else ("min",))):
            assert thing[key] == getattr(f, key), key
        assert (thing["signed"], thing["inf"], thing["nan"]) == (f.signed, f.has_inf, f.has_nan)
        assert None not in thing.values()
        if f.kind == "float":
            assert thing["subnormals"] == (f.min_subnormal is not None)
        else:
            assert thing["codes"] == (1 << f.bits if f.bits > 16 else len(f.values()))
        assert thing["source"]
        if f.bits <= 16:
            assert thing["min_positive"] == min(value for value in f.values() if 0 < value < inf)


@pytest.mark.parametrize(
    ("options", "is_like_this"),
    [
        (("--bits", "8"), lambda f: f.bits == 8),
        (("--bits", "4,6"), lambda f: f.bits in (4, 6)),
        (("--bits", "6..16"), lambda f: 6 <= f.bits <= 16),
        (("--bits", "4,16..19"), lambda f: f.bits == 4 or 16 <= f.bits <= 19),
        (("--unsigned",), lambda f: not f.signed),
        (("--signed", "--bits", "8"), lambda f: f.signed and f.bits == 8),
        (("--family", "ieee"), lambda f: f.has_inf and f.kind == "float"),
        (("--family", "finite"), lambda f: not f.has_nan and f.kind == "float"),
        (("--family", "integer"), lambda f: f.kind == "integer"),
        (("--family", "fixed_point"), lambda f: f.kind == "fixed point"),
        (("--family", "tapered"), lambda f: f.kind == "posit" or str(f) == "hif8"),
        (("--family", "ternary"), lambda f: str(f) == "ternary"),
        (("--family", "binary"), lambda f: str(f) == "pm1"),
        (("--family", "complex"), lambda f: f.kind == "complex"),
        (("--bits", "2", "--signed"), lambda f: f.bits == 2 and f.signed),
        (("--family", "power_of_two"), lambda f: "pot" in str(f)),
        (("--family", "codebook", "--bits", "4"), lambda f: str(f) in ("nf4", "af4", "fp4_bnb", "iq4_nl")),
        (("--family", "fnuz"), lambda f: str(f).endswith("fnuz")),
        (("--family", "fn", "--bits", "8"), lambda f: str(f) in ("e4m3fn", "e8m0fnu", "e5m3fnu")),
    ],
)
def test_filters(capsys, options, is_like_this):
    # Catches: a filter that is not applied, or the other way round; the end of a range left out.
    expected = [str(f) for f in [*hu.formats(), hu.format("pm1_pmi")] if is_like_this(f)]
    assert expected
    assert names(capsys, "formats", *options) == expected


def test_every_registered_format_has_a_family():
    assert {families.family(f) for f in [*hu.formats(), hu.format("pm1_pmi")]} == set(families.NAMED)


def test_the_complex_code_has_its_facts(capsys):
    # Catches: members in another order than codes, a key that the real formats' JSON has under another name.
    (thing,) = json_lines(capsys, "formats", "--family", "complex")
    f = hu.format("pm1_pmi")
    assert [complex(text.replace("i", "1j")) for text in thing["members"]] == f.values().tolist()
    assert (thing["name"], thing["bits"], thing["codes"], thing["zero"]) == ("pm1_pmi", 2, 4, "none")
    halfway = hu.round(np.exp(1j * np.pi * np.array([0.25, 0.75, 1.25, 1.75])).round(1), f)
    assert (thing["ties"] == "counter-clockwise") == (halfway.tolist() == [1j, -1, -1j, 1])
    (bare,) = json_lines(capsys, "describe", "pm1_pmi")
    assert bare == {"is": "format", **thing}
    assert run(capsys, "formats", "--family", "complex", "--bits", "1")[0] == 1
    assert run(capsys, "formats", "--family", "complex", "--unsigned")[0] == 1


def test_complex_schemes_are_listed_and_described(capsys):
    # Catches: a list that takes real schemes only, bits of one of the two scales.
    for command in ("schemes", "describe"):
        thing, other = [json_lines(capsys, command, f"pm1_pmi/{n}:bfloat16")[0] for n in (32, 64)]
        assert (thing["name"], thing["element"]) == ("pm1_pmi/32:bfloat16", "pm1_pmi")
        assert (thing["bits_per_element"], other["bits_per_element"]) == (3, 2.5)
    assert thing["levels"] == [{"group": "32", "format": "bfloat16", "bits_per_element": 1}]
    assert "pm1_pmi/32:bfloat16" in run(capsys, "schemes", "pm1_pmi/{32,64}:bfloat16")[1]


def test_families_of_every_width(capsys):
    # Catches: formats of another width, twice the same, or missing; a shape that cannot exist as an error.
    found = names(capsys, "formats", "--family", "p3109", "--bits", "8")
    assert len(set(found)) == len(found) == 2 * 7 + 2 * 8
    assert all(hu.format(name).bits == 8 and name.startswith("Binary8p") for name in found)
    assert names(capsys, "formats", "--family", "splits", "--bits", "4..6") == [
        *("e1m2f", "e2m1fn", "e3m0f"),
        *("e1m3f", "e2m2f", "e3m1f", "e4m0f"),
        *("e1m4f", "e2m3fn", "e3m2fn", "e4m1f", "e5m0f"),
    ]
    signed = names(capsys, "formats", "--family", "p3109", "--bits", "5", "--signed")
    assert signed == [f"Binary5p{p}s{d}" for d in "ef" for p in range(1, 5)]
    assert len(names(capsys, "formats", "--family", "splits", "--bits", "64")) == 19


def test_nothing_found_is_1(capsys):
    # Catches: 0 for an empty list, on which a script goes on.
    for words in (("--bits", "9"), ("--bits", "8..3"), ("--family", "fnuz", "--unsigned"), ("--bits", "99")):
        assert run(capsys, "formats", *words) == (1, "", "halfulp formats: no format is like this\n")
        assert run(capsys, "formats", *words, "--json")[:2] == (1, "")


def test_formats_refuses(capsys):
    assert "allowed: a width such as 8, 4,6,8, or 3..8" in refused(capsys, "formats", "--bits", "eight")
    assert "allowed: a width" in refused(capsys, "formats", "--bits", "")
    line = refused(capsys, "formats", "--family", "p3019")
    assert "did you mean 'p3109'?" in line
    assert "finite" in line
    assert "as in --bits 8" in refused(capsys, "formats", "--family", "splits")
    assert "allowed in family p3109: 3 to 64" in refused(capsys, "formats", "--family", "p3109", "--bits", "2")
    assert "not allowed with" in refused(capsys, "formats", "--signed", "--unsigned")


def test_schemes_expands_braces(capsys):
    # Catches: a name in place of its text; a published name lost; bits without the scales.
    things = json_lines(capsys, "schemes", "e2m{1..2}f/{16,32}:e8m0fnu", "e2m1fn/32:e8m0fnu")
    assert [thing["name"] for thing in things] == ["e2m1fn/16:e8m0fnu", "mxfp4", "e2m2f/16:e8m0fnu", "e2m2f/32:e8m0fnu"]
    assert [thing["bits_per_element"] for thing in things] == [4.5, 4.25, 5.5, 5.25]
    assert things[1]["scheme"] == "e2m1fn/32:e8m0fnu"
    assert [bool(thing["source"]) for thing in things] == [False, True, False, False]
    assert "mxfp5" in refused(capsys, "schemes", "mxfp5")


def test_recipes_say_which_is_the_default(capsys):
    things = json_lines(capsys, "recipes")
    defaults = {thing["shape"]: thing["name"] for thing in things if thing["default"]}
    assert defaults["power_of_two"] == "ocp_floor"
    assert defaults["nvfp4"] == "nvfp4_exact"
    assert set(defaults) == {thing["shape"] for thing in things}
    assert len(defaults) == sum(thing["default"] for thing in things)
    assert all(thing["summary"] and thing["source"] for thing in things)
