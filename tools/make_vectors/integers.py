"""Writes tests/vectors/codes/<name>.json of integers and fixed point from their definition, in Fractions.

python integers.py OUTPUT
"""

import hashlib
import json
import sys
from fractions import Fraction
from math import floor
from pathlib import Path

from common import hex_float, to_double

ABOUT = (
    "Integers k, or fixed point k / 2^fraction_bits. Codes are the bits of k in two's complement. values: the numbers "
    "in the order of bits; the SHA-256 is that of the same numbers as little-endian binary64. rounded: [x, the code of "
    "x to nearest even where what is too large ends at the limits, and that modulo 2^bits; null for formats without "
    "it]."
)
SOURCE = "two's complement; IEEE 754-2019's roundTiesToEven on the integers; MXINT8: OCP MX v1.0, 5.3.4"
# name: width, fraction bits, signed, symmetric
FORMATS = {
    "int2": (2, 0, True, False),
    "int3": (3, 0, True, False),
    "int4": (4, 0, True, False),
    "int8": (8, 0, True, False),
    "int16": (16, 0, True, False),
    "int4s": (4, 0, True, True),
    "int8s": (8, 0, True, True),
    "uint2": (2, 0, False, False),
    "uint4": (4, 0, False, False),
    "uint8": (8, 0, False, False),
    "q2.6s": (8, 6, True, True),
    "q4.4": (8, 4, True, False),
    "q8.8": (16, 8, True, False),
    "q1.15": (16, 15, True, False),
}


def decode(pattern, width, fraction_bits, signed):
    k = pattern - (1 << width) if signed and pattern >> (width - 1) else pattern
    return Fraction(k, 1 << fraction_bits)


def nearest_even(x):
    below = floor(x)
    rest = x - below
    if rest == Fraction(1, 2):
        return below + below % 2
    return below + (rest > Fraction(1, 2))


def places(least, most):
    """Steps at which rounding is recorded: all of a narrow format, else those at the ends and around zero."""
    near = range(-9, 10)
    if most - least < 256:
        return range(least - 3, most + 4)
    return sorted({end + offset for end in (least, 0, most // 3, most) for offset in near})


def rounded(width, fraction_bits, signed, symmetric):
    """Each place, the midpoint above it, and a number on either side of that."""
    most = (1 << (width - signed)) - 1
    least = -most - (not symmetric) if signed else 0
    rows = []
    for place in places(least, most):
        for offset in (Fraction(0), Fraction(1, 2) - Fraction(1, 64), Fraction(1, 2), Fraction(1, 2) + Fraction(1, 64)):
            k = nearest_even(place + offset)
            held = min(max(k, least), most)
            wrapped = None if symmetric else k % (1 << width)
            digits = -(-width // 4)
            codes = [None if c is None else f"{c % (1 << width):0{digits}x}" for c in (held, wrapped)]
            rows.append([hex_float((place + offset) / (1 << fraction_bits)), *codes])
    return rows


def main(output):
    for name, (width, fraction_bits, signed, symmetric) in FORMATS.items():
        values = [decode(pattern, width, fraction_bits, signed) for pattern in range(1 << width)]
        produced = [v for v in values if not symmetric or -v in values]
        head = {"about": ABOUT, "source": SOURCE, "made_by": "tools/make_vectors/integers.py", "name": name}
        head |= {"bits": width, "fraction_bits": fraction_bits, "signed": signed, "symmetric": symmetric}
        head |= {"min": hex_float(min(produced)), "max": hex_float(max(produced))}
        head["decode_sha256"] = hashlib.sha256(b"".join(map(to_double, values))).hexdigest()
        entries = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        if width <= 8:
            entries.append(_rows("values", [json.dumps(hex_float(v)) for v in values], 8))
        places_and_codes = rounded(width, fraction_bits, signed, symmetric)
        entries.append(_rows("rounded", [json.dumps(row) for row in places_and_codes], 4))
        text = "{\n" + ",\n".join(entries) + "\n}\n"
        json.loads(text)
        (Path(output) / f"{name}.json").write_bytes(text.encode("ascii"))
        print(name, "written")


def _rows(key, texts, across):
    lines = [", ".join(texts[i : i + across]) for i in range(0, len(texts), across)]
    return f' "{key}": [\n  ' + ",\n  ".join(lines) + "\n ]"


main(*sys.argv[1:])
