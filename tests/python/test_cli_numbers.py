"""halfulp round, encode, decode."""

import math
from fractions import Fraction

import halfulp as hu
import pytest
from cli_support import json_lines, refused, run
from halfulp.cli import codes, numbers, words


def test_round_shows_member_code_and_error(capsys):
    # Catches: negative numbers taken for options; hexadecimal without 0x taken for a number; an error of the wrong
    # sign.
    values = ("3.14159", "-1e-3", "-inf", "448.5", "0x1.8p+1", "-0x1p-9", "nan")
    code, out, err = run(capsys, "round", *values, "e4m3fn", "--rounding", "rz", "--overflow", "sat_finite")
    assert (code, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["value", "e4m3fn", "code", "error"],
        ["3.14159", "3", "0x44", "-0.14159"],
        ["-1e-3", "-0", "0x80", "0.001"],
        ["-inf", "-448", "0xfe", "-"],
        ["448.5", "448", "0x7e", "-0.5"],
        ["0x1.8p+1", "3", "0x44", "0"],
        ["-0x1p-9", "-0.001953125", "0x81", "0"],
        ["nan", "nan", "0x7f", "-"],
    ]
    _, out, _ = run(capsys, "round", "0.3", "-0.3", "e2m1fn", "--rounding", "sr", "--rng", "1", "--random-bits", "3")
    found = hu.encode([0.3, -0.3], "e2m1fn", "sr", rng=1, random_bits=3)
    assert [int(line.split()[2], 16) for line in out.splitlines()[1:]] == list(found)


def test_options_may_stand_anywhere(capsys):
    # Catches: "unrecognized arguments" for an option between two numbers.
    expected = run(capsys, "round", "3.14159", "-2.3", "7", "e4m3fn", "--rounding", "rz")
    assert run(capsys, "round", "--rounding", "rz", "3.14159", "-2.3", "7", "e4m3fn") == expected
    assert run(capsys, "round", "3.14159", "--rounding=rz", "-2.3", "7", "e4m3fn") == expected
    assert run(capsys, "round", "3.14159", "-2.3", "--rounding", "rz", "7", "e4m3fn") == expected


def test_round_in_formats_beyond_float64(capsys):
    # Catches: overflow in turning a member into a float.
    code, out, _ = run(capsys, "round", "5", "e19m4f")
    assert code == 0
    assert out.splitlines()[1].split() == ["5", "5", "0x400014", "0"]
    (thing,) = json_lines(capsys, "round", "inf", "e19m4f", "--overflow", "sat_finite")
    assert (thing["value"], thing["member"], thing["error"]) == ("inf", "0x1.fp+262144", None)


def test_projections_and_policies_reach_the_library(capsys):
    # Catches: an option that is read and not passed on.
    def member(*options: str) -> object:
        return json_lines(capsys, "round", "1000", "e4m3fn", *options)[0]["member"]

    assert member() == "nan"
    assert member("--overflow", "sat_finite") == member("--projection", "ocp_sat") == 448
    assert json_lines(capsys, "round", "nan", "e2m1fn", "--nan", "to_zero")[0]["member"] == 0
    tiny = str(2.0**-7)
    assert json_lines(capsys, "round", tiny, "e4m3fn", "--ftz", "before")[0]["member"] == 0
    assert json_lines(capsys, "round", tiny, "e4m3fn")[0]["member"] == 2.0**-7


def test_check_answers_with_the_exit_code(capsys):
    # Catches: 0 for a number that changes; -0 or NaN taken for a change.
    assert run(capsys, "round", "0.5", "-0", "nan", "448", "e4m3fn", "--check")[0] == 0
    code, out, err = run(capsys, "round", "0.1", "0.5", "0.3", "e4m3fn", "--check")
    assert (code, err) == (1, "halfulp round: 2 of 3 numbers are not members of e4m3fn\n")
    assert len(out.splitlines()) == 4
    assert run(capsys, "round", "-0", "e4m3fnu", "--check")[0] == 0  # a format without a negative zero


def test_encode_and_decode_are_inverses(capsys):
    # Catches: fields cut at the wrong bit; a width without leading zeros; a code read in the wrong base.
    for name, count in {"e4m3fn": 256, "e2m1fn": 16, "e4m3fnu": 128, "e8m0fnu": 256, "Binary5p3se": 32}.items():
        f = hu.format(name)
        texts = [f"{code:#x}" if code % 2 else f"{code:#b}" for code in range(count)]
        things = json_lines(capsys, "decode", *texts, name)
        assert [thing["code"] for thing in things] == list(range(count))
        for thing in things:
            assert int(thing["hex"], 16) == int(thing["bin"], 0) == thing["code"]
            fields = thing["bin"].removeprefix("0b").split("_")
            assert [len(field) for field in fields] == [
                n for n in (int(f.signed), f.exponent_bits, f.mantissa_bits) if n
            ]
            assert len(thing["hex"]) == 2 + -(-f.bits // 4)
        finite = [thing for thing in things if thing["kind"] != "nan"]
        back = json_lines(capsys, "encode", *(str(thing["member"]) for thing in finite), name)
        assert [thing["code"] for thing in back] == [thing["code"] for thing in finite]
        assert [thing["bin"] for thing in back] == [thing["bin"] for thing in finite]
        assert all(thing["error"] in (0, None) for thing in back)


def test_encode_and_decode_as_text(capsys):
    # Catches: columns of the one command in the other.
    _, out, _ = run(capsys, "encode", "-448", "0.1", "e4m3fn")
    assert [line.split() for line in out.splitlines()] == [
        ["value", "hex", "bin", "e4m3fn"],
        ["-448", "0xfe", "0b1_1111_110", "-448"],
        ["0.1", "0x1d", "0b0_0011_101", "0.1015625"],
    ]
    _, out, _ = run(capsys, "decode", "126", "0b1_0000_001", "0o177", "e4m3fn")
    assert [line.split() for line in out.splitlines()] == [
        ["hex", "bin", "e4m3fn", "exact", "kind"],
        ["0x7e", "0b0_1111_110", "448", "0x1.cp+8", "normal"],
        ["0x81", "0b1_0000_001", "-0.001953125", "-0x1p-9", "subnormal"],
        ["0x7f", "0b0_1111_111", "nan", "nan", "nan"],
    ]


def test_codes_below_zero_are_decimal_or_twos_complement(capsys):
    # Catches: a negative code taken for an option or cut to another one; the bits of -7 read as 9; a code out of range.
    things = json_lines(capsys, "decode", "-7", "0x9", "0b1001", "7", "-8", "int4")
    assert [thing["code"] for thing in things] == [-7, -7, -7, 7, -8]
    assert [thing["member"] for thing in things] == [-7, -7, -7, 7, -8]
    assert [thing["hex"] for thing in things] == ["0x9", "0x9", "0x9", "0x7", "0x8"]
    assert {thing["kind"] for thing in things} == {"number"}
    assert [thing["code"] for thing in json_lines(capsys, "encode", "-7.4", "6.5", "-100", "int4")] == [-7, 6, -8]
    assert json_lines(capsys, "round", "-0.6", "q4.4")[0]["member"] == -0.625
    for text in ("9", "-9", "0x10", "-0x9"):
        line = refused(capsys, "decode", text, "int4")
        assert f"code is {text}, allowed: -8 to 7, or as bits 0x0 to 0xf (int4 has 4 bits)" in line
    assert "allowed: 0 to 0x2 (ternary has 2 bits)" in refused(capsys, "decode", "3", "ternary")
    assert "allowed: 0 to 0xff (posit8_2 has 8 bits)" in refused(capsys, "decode", "-1", "posit8_2")


def test_fields_of_other_kinds_stand_apart(capsys):
    # Catches: a regime that ends a bit early; a point at the wrong place; fields where there are none.
    for name, code, fields in (
        ("q4.4", -1, "0b1111_1111"),
        ("q1.15", 1, "0b0_000000000000001"),
        ("int8", -2, "0b11111110"),
        ("nf4", 9, "0b1001"),
        ("posit8_2", 0x40, "0b0_10_00_000"),
        ("posit8_2", 0x7F, "0b0_1111111"),
        ("posit8_2", 0x7D, "0b0_111110_1"),
        ("posit8_2", 0x01, "0b0_0000001"),
        ("posit8_2", 0xC0, "0b1_10_00_000"),
        ("posit8_2", 0x80, "0b10000000"),
        ("posit8_2", 0, "0b00000000"),
    ):
        assert codes.binary(code, hu.format(name)) == fields


def test_kinds_are_those_of_the_library(capsys):
    # Catches: infinity called NaN; a negative zero called a number.
    f = hu.format("e5m2")
    kinds = [thing["kind"] for thing in json_lines(capsys, "decode", *map(str, range(256)), "e5m2")]
    assert kinds.count("nan") == 6
    assert [i for i, kind in enumerate(kinds) if kind == "infinity"] == [0x7C, 0xFC]
    assert [i for i, kind in enumerate(kinds) if kind == "zero"] == [0, 0x80]
    assert [i for i, kind in enumerate(kinds) if kind == "subnormal"] == [1, 2, 3, 0x81, 0x82, 0x83]
    assert all(abs(f.exact(i)) >= f.min_normal for i, kind in enumerate(kinds) if kind == "normal")


def test_refusals(capsys):
    # Catches: decimals beyond binary64 that become infinity in silence; Python's advice about rng= on the command line;
    # codes cut to the format's width.
    assert "allowed: a number such as" in refused(capsys, "round", "abc", "e4m3fn")
    assert "the largest binary64" in refused(capsys, "encode", "1e400", "e4m3fn")
    for tiny in ("1e-400", "-2.5E-330", "0x1p-1080"):
        assert "the smallest binary64 above 0" in refused(capsys, "round", tiny, "e4m3fn")
    assert run(capsys, "round", "0e5", "-0.0", "0x0p-9", "5e-324", "e4m3fn")[0] == 0
    assert "did you mean 'e4m3fn' (OCP" in refused(capsys, "round", "1", "E4M3")
    assert "--rng 42" in refused(capsys, "round", "1", "e4m3fn", "--rounding", "stochastic")
    assert "toward_zero" in refused(capsys, "round", "1", "e4m3fn", "--rounding", "towards")
    assert "sat_finite" in refused(capsys, "encode", "1", "e4m3fn", "--overflow", "sat")
    assert "ocp_sat" in refused(capsys, "encode", "1", "e4m3fn", "--projection", "ocp")
    assert "e2m1fn has none" in refused(capsys, "round", "nan", "e2m1fn")
    assert "allowed: 0 to 0xff (e4m3fn has 8 bits)" in refused(capsys, "decode", "256", "e4m3fn")
    assert "code is -1, allowed: 0 to" in refused(capsys, "decode", "-1", "e4m3fn")
    assert "allowed: an integer such as 126, 0x7e" in refused(capsys, "decode", "1.5", "e4m3fn")
    assert "allowed: an integer such as" in refused(capsys, "decode", "7e", "e4m3fn")


@pytest.mark.parametrize("code", [0, 1, 2**31, 2**63 + 1, 2**64 - 1])
def test_hexadecimal_has_every_digit_of_wide_formats(code: int):
    # Catches: digits lost in a float on the way.
    f = hu.format("binary64")
    assert int(codes.hexadecimal(code, f), 16) == int(codes.binary(code, f), 0) == code
    assert len(codes.hexadecimal(code, f)) == 18


def test_numbers_are_written_so_that_they_read_back():
    # Catches: a decimal that is not the member; a hexadecimal fraction with a digit too few.
    for f in (hu.format("e4m3fn"), hu.format("e5m2"), hu.format("e8m0fnu"), hu.format("Binary8p7se")):
        for code in range(1 << f.bits):
            member = f.exact(code)
            for text in (numbers.shown(member), numbers.exact_text(member)):
                back = numbers.number(text)
                assert numbers.is_same(back, member) or (math.isnan(back) and member == "nan")
    huge = Fraction(31, 16) * Fraction(2) ** 262144
    assert numbers.shown(huge) == numbers.exact_text(-huge).removeprefix("-") == "0x1.fp+262144"


def test_words_for_completion_are_those_that_the_library_takes():
    # Catches: a policy that is new in the library and missing here, or one that is gone.
    for argument in ("overflow", "nan"):
        with pytest.raises(ValueError, match="allowed: ") as refusal:
            hu.Projection(**{argument: "?"})
        allowed = set(str(refusal.value).rpartition("allowed: ")[2].split(", "))
        for word in allowed:
            if word in words.words(argument):
                hu.encode(1.0, "e4m3fn", **{argument: word})
            else:  # what gives no codes
                with pytest.raises(ValueError, match=word):
                    hu.encode(1.0, "e2m1fn", **{argument: word})
        assert set(words.words(argument)) < allowed
    for kind, argument in {"rounding": "rounding", "presets": None}.items():
        for word in words.words(kind):
            if argument:
                hu.Projection(rounding=word)
            elif word != "ptx_satfinite":
                hu.round(1.0, "e4m3fn", projection=word)
    assert all(hu.format(word) for word in words.words("formats"))
    assert all(hu.scheme(word) for word in words.words("schemes"))
    assert set(map(str, hu.schemes())) <= set(words.words("schemes"))
