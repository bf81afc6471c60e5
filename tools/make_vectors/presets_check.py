"""Checks every recording in tests/vectors/presets against the rules of its README, stated here once more as
exact arithmetic: python presets_check.py DIRECTORY"""

import sys
from fractions import Fraction
from pathlib import Path

from common import CARRIER, FORMATS, INF, NAN, NINF, NZERO, bits_of, decode, magnitudes, value_from

HALF = Fraction(1, 2)


def floor_log2(x):
    k = x.numerator.bit_length() - x.denominator.bit_length()
    return k - (x < Fraction(2) ** k)


def grid(name, size, toward_zero):
    _kind, _signed, _e, m, bias = FORMATS[name]
    if size == 0:
        return size
    quantum = Fraction(2) ** (max(floor_log2(size), 1 - bias) - m)
    whole = size // quantum
    f = size / quantum - whole
    return (whole + (not toward_zero and (f > HALF or (f == HALF and whole % 2 == 1)))) * quantum


def float_rule(name, column, owner, x):
    kind, _signed, _e, _m, _bias = FORMATS[name]
    largest = magnitudes(name)[-1]
    saturate = kind == "finite" or column in ("satfinite", "saturate1", "any")
    if owner == "torch" and name == "e4m3fn":
        saturate = column == "cast"
    if x == NAN:
        return NAN
    negative = x in (NINF, NZERO) or (not isinstance(x, str) and x < 0)
    if x not in (INF, NINF):
        size = grid(name, Fraction(0) if x == NZERO else abs(x), column == "toward_zero")
        if size <= largest:
            if size == 0:
                return NZERO if negative and kind != "fnuz" else size
            return -size if negative else size
    if saturate:
        return -largest if negative else largest
    if kind == "ieee":
        return NINF if negative else INF
    return NAN


def e8m0_rule(column, owner, x, bits):
    """The code, from the table of the README. The sign is dropped by all recorded owners."""
    if x == NAN:
        return 255
    if x in (INF, NINF):
        return 254 if owner == "cuda" and column.endswith("satfinite") else 255
    size = Fraction(0) if x == NZERO else abs(x)
    if size == 0:
        return 0
    smallest = Fraction(2) ** -127
    mode = {"rz": "down", "rp": "up", "ca": "nearest", "up": "up", "do": "down", "ne": "nearest"}[column[:2]]
    saturate = column in ("rz_satfinite", "rp_satfinite") or column.endswith("saturate1")
    if size <= smallest:
        return 1 if owner == "onnx" and mode == "up" else 0
    k = floor_log2(size)
    ratio = size / Fraction(2) ** k
    if mode == "down" or ratio == 1:
        code = k + 127
    elif mode == "up":
        code = k + 128
    elif size < Fraction(2) ** -126:
        code = 1  # the lowest gap always goes up
    else:
        code = k + 127 + (ratio >= Fraction(3, 2))
    if code > 254:
        code = 254 if saturate or mode == "down" else 255  # downward, finite stays finite (binary64 too)
    return code


def nan_rule(name, column, owner, bits, sign):
    """Codes for NaN where the format has none."""
    width = bits_of(name)
    if owner == "cuda":
        return (1 << (width - 1)) - 1
    return 0 if sign else 1 << (width - 1)


def main(directory):
    total = 0
    for path in sorted(Path(directory).glob("*.txt")):
        owner = path.name.split(".")[0]
        columns, seen = [], set()
        for line in path.read_text().splitlines():
            fields = line.split()
            if fields[0] == "format":
                name = fields[1]
            elif fields[0] == "carrier":
                carrier = fields[1]
            elif fields[0] == "column":
                columns.append(fields[1])
            elif fields[0] == "out":
                middle = fields.index(":")
                codes = fields[1:middle]
                assert len(codes) == len(columns)
                for text in fields[middle + 1 :]:
                    bits = int(text, 16)
                    assert bits not in seen
                    seen.add(bits)
                    x = value_from(bits, carrier)
                    sign = bits >> (8 * CARRIER[carrier][0] - 1)
                    for column, code in zip(columns, codes, strict=False):
                        total += 1
                        where = (path, column, text, code)
                        if name == "e8m0fnu":
                            assert (255 if code == "nan" else int(code, 16)) == e8m0_rule(column, owner, x, bits), where
                        elif x == NAN and FORMATS[name][0] == "finite":
                            assert int(code, 16) == nan_rule(name, column, owner, bits, sign), where
                        else:
                            want = float_rule(name, column, owner, x)
                            got = NAN if code == "nan" else decode(name, int(code, 16))
                            assert got == want, (*where, got, want)
        print(path.name, len(seen), "inputs,", len(columns), "columns")
    print(total, "conversions agree with the README")


main(sys.argv[1])
