"""The Python oracle itself, held to facts from outside before it judges anything. Nothing here calls halfulp."""

import hashlib
import struct
from fractions import Fraction

import oracle
import pytest
from support import VECTORS, lines, number, table_code


def format_names(most):
    for path in sorted((VECTORS / "formats").glob("*.txt")):
        facts = dict(line.split(" ", 1) for line in lines(path))
        if int(facts["bits"]) <= most:
            yield path.stem, facts


@pytest.mark.parametrize(("name", "facts"), list(format_names(64)))
def test_the_oracle_has_the_documents_parameters(name, facts):
    s = oracle.shape(name)
    assert [s.bits, s.exponent_bits, s.mantissa_bits, s.bias, s.emin] == [
        int(facts[k]) for k in ("bits", "exponent_bits", "mantissa_bits", "bias", "emin")
    ]
    assert s.max == number(facts["max"])
    assert s.min_normal == number(facts["min_normal"])
    assert s.has_nan == (facts["nan_count"] != "0")
    step = s.neighbours(s.max).above - s.max
    assert s.max + step / 2 == number(facts["overflow_midpoint"])
    at = s.neighbours(s.max + step / 2)
    up = oracle.goes_away("nearest_ties_to_even", at, False)
    assert up == (facts["overflow_midpoint_rounds"] == "out_of_range")


@pytest.mark.parametrize(("name", "facts"), list(format_names(8)))
def test_the_oracle_has_the_documents_tables(name, facts):
    assert oracle.shape(name).members() == [number(text) for text in facts["values"].split()]


@pytest.mark.parametrize("width", [3, 4, 5, 6, 8])
def test_the_oracle_has_the_p3109_tables(width):
    def text(value):
        if isinstance(value, str) or value == 0:
            return value or "0p0"
        trailing = (value.numerator & -value.numerator).bit_length() - 1
        return f"{value.numerator >> trailing}p{trailing + 1 - value.denominator.bit_length()}"

    seen = 0
    for line in lines(VECTORS / "p3109" / "digests.txt"):
        name, count, digest = line.split()
        if name.startswith(f"Binary{width}p"):
            members = oracle.shape(name).members()
            assert len(members) == int(count)
            assert hashlib.sha256("".join(text(v) + "\n" for v in members).encode()).hexdigest() == digest, name
            seen += 1
    assert seen == 2 * (2 * width - 1)


# Columns that are one projection in the contract's words: (rounding, overflow, nan).
PLAIN = {
    ("cuda", "satfinite"): ("nearest_ties_to_even", "sat_finite"),
    ("cuda", "nosat"): ("nearest_ties_to_even", None),
    ("cuda", "nearest"): ("nearest_ties_to_even", "sat_finite"),
    ("cuda", "toward_zero"): ("toward_zero", "sat_finite"),
    ("onnx", "saturate1"): ("nearest_ties_to_even", "sat_finite"),
    ("onnx", "saturate0"): ("nearest_ties_to_even", None),
}


@pytest.mark.parametrize("path", sorted((VECTORS / "presets").glob("*.txt")), ids=lambda p: p.stem)
def test_the_oracle_gives_the_recorded_conversions(path):
    """Only columns that are plain projections, and finite inputs: what a preset does beside is test_presets.py's."""
    owner = path.name.split(".")[0]
    columns, checked = [], 0
    for line in lines(path):
        fields = line.split()
        if fields[0] == "format":
            s = oracle.shape(fields[1])
            code_of = table_code(s.members())
        elif fields[0] == "carrier":
            double = fields[1] == "binary64"
        elif fields[0] == "column":
            columns.append(PLAIN.get((owner, fields[1])))
        else:
            middle = fields.index(":")
            for bits in fields[middle + 1 :]:
                x = oracle.from_float(bits_value(int(bits, 16), double))
                if x in ("nan", "inf", "-inf") or not s.has_zero:
                    continue
                for column, code in zip(columns, fields[1:middle], strict=True):
                    if column:
                        got = code_of(oracle.project(x, s, *column))
                        assert got == (None if code == "nan" else int(code, 16)), (path.name, bits)
                        checked += 1
    assert checked > 20 or owner == "torch" or s.letters == "f" or not s.has_zero


def bits_value(bits, double):
    return (
        struct.unpack("<d", struct.pack("<Q", bits))[0] if double else struct.unpack("<f", struct.pack("<I", bits))[0]
    )


def test_the_oracle_gives_the_right_answers_of_the_regression_rows():
    for line in lines(VECTORS / "regressions" / "peers_section5.txt"):
        kind, name, *fields = line.split("  #")[0].split()
        if kind == "convert":
            _, mode, overflow, x, want = fields
            x = number(x)
        else:
            mode, overflow, a, b, want = fields
            x = number(a) + number(b)
        assert oracle.project(x, oracle.shape(name), mode, overflow) == number(want), line


def test_stochastic_counts_are_the_closed_forms():
    """A: floor(f 2^N); B: floor(f 2^N + 1/2); C: RNE(f 2^N), out of 2^N words."""
    for n in (1, 2, 3, 4):
        for k in range(1, 64):
            at = oracle.place(Fraction(0), Fraction(1), Fraction(k, 64), True)
            counts = [
                sum(oracle.goes_away(f"stochastic_{kind}", at, False, n, r) for r in range(2**n)) for kind in "abc"
            ]
            exact = at.f * 2**n
            assert counts == [exact // 1, (exact + Fraction(1, 2)) // 1, round(exact)]
