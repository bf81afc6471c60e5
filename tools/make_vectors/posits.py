"""Writes tests/vectors/codes/posit<N>_<ES>.json from the Posit Standard's formula, in Fractions.

    python posits.py OUTPUT [--peer]

--peer compares every value, and every rounding at midpoints and beside them, with universal_dtypes 2.5.1 and with the
posit_2 of softposit 0.3.4.4 on the way.
"""

import hashlib
import json
import sys
from fractions import Fraction
from math import inf, nextafter
from pathlib import Path

from common import NAN, hex_float, to_double

ABOUT = (
    "A posit format. values: the numbers in the order of codes. midpoints: in the order of codes, the number between "
    "each code from 1 to the largest but one and the next code, where nearest modes have their ties: the posit of one "
    "bit more. The SHA-256 are those of the same numbers as little-endian binary64, NaN as 7ff8000000000000."
)
SAMPLE = "A posit format. sample: [code, number] of some codes, in the order of codes."
SOURCE = "Standard for Posit Arithmetic (2022), encoding and rounding; at midpoints nearest-even takes the even code"
FORMATS = ((8, 2), (16, 2), (8, 0))
WIDE = (32, 2)  # of which a sample stands for all


def decode(code, bits, exponent_bits):
    """((1 - 3s) + f) * 2^((1 - 2s) (2^es r + e + s)), from the bits as they stand, whatever the sign; NaR is NAN."""
    if code == 0:
        return Fraction(0)
    if code == 1 << (bits - 1):
        return NAN
    text = f"{code:0{bits}b}"
    s, body = int(text[0]), text[1:]
    run = len(body) - len(body.lstrip(body[0]))
    r = run - 1 if body[0] == "1" else -run
    rest = body[run + 1 :]
    e = int(rest[:exponent_bits].ljust(exponent_bits, "0") or "0", 2)
    fraction = rest[exponent_bits:]
    f = Fraction(int(fraction or "0", 2), 1 << len(fraction))
    return (1 - 3 * s + f) * Fraction(2) ** ((1 - 2 * s) * ((r << exponent_bits) + e + s))


def digest(numbers):
    return hashlib.sha256(b"".join(map(to_double, numbers))).hexdigest()


def rows(key, numbers):
    """A list, eight numbers a line: small in a review."""
    texts = [f'"{hex_float(x)}"' for x in numbers]
    lines = [", ".join(texts[i : i + 8]) for i in range(0, len(texts), 8)]
    return f' "{key}": [\n  ' + ",\n  ".join(lines) + "\n ]"


def compare(bits, exponent_bits, values, midpoints):
    """With universal_dtypes and SoftPosit: nearest-even of midpoints, members and their neighbours in binary64."""
    import numpy as np
    import softposit
    import universal_dtypes

    dtype = np.dtype(getattr(universal_dtypes, f"posit{bits}"))
    unsigned = np.dtype(f"u{bits // 8}")
    stored = np.arange(1 << bits, dtype=unsigned).view(dtype).astype(np.float64)
    assert b"".join(map(to_double, values)) == np.where(np.isnan(stored), np.nan, stored).tobytes()
    wanted = {}
    for code, here in enumerate(values[1 : 1 << (bits - 1)], 1):
        wanted[float(here)] = code
        beyond = code + 1 if code < (1 << (bits - 1)) - 1 else code
        wanted[nextafter(float(here), 0)] = wanted[nextafter(float(here), inf)] = code
        if beyond > code:
            middle = float(midpoints[code - 1])
            wanted |= {nextafter(middle, 0): code, middle: code + code % 2, nextafter(middle, inf): beyond}
    x = np.array(list(wanted))
    codes = np.array(list(wanted.values()), dtype=np.uint64)
    for numbers, expected in ((x, codes), (-x, (1 << bits) - codes)):
        assert (numbers.astype(dtype).view(unsigned) == expected).all(), "universal_dtypes"
        theirs = [softposit.convertDoubleToPX2(float(v), bits).v >> (32 - bits) for v in numbers]
        assert (np.array(theirs, dtype=np.uint64) == expected).all(), "softposit"
    print(f"{2 * len(x)} roundings and {len(values)} values are those of universal_dtypes and softposit")


def main(output, *options):
    for bits, exponent_bits in FORMATS:
        name = f"posit{bits}_{exponent_bits}"
        values = [decode(code, bits, exponent_bits) for code in range(1 << bits)]
        largest = (1 << (bits - 1)) - 1
        midpoints = [decode(2 * code + 1, bits + 1, exponent_bits) for code in range(1, largest)]
        assert values[1 : largest + 1] == sorted(values[1 : largest + 1])
        assert all(values[code] == -values[(1 << bits) - code] for code in range(1, largest + 1))
        head = {"about": ABOUT, "source": SOURCE, "made_by": "tools/make_vectors/posits.py", "name": name}
        head |= {"bits": bits, "exponent_bits": exponent_bits, "nan_code": f"{1 << (bits - 1):x}"}
        head |= {"min_positive": hex_float(values[1]), "max": hex_float(values[largest])}
        head |= {"decode_sha256": digest(values), "midpoints_sha256": digest(midpoints)}
        entries = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
        if bits <= 8:
            entries += [rows("values", values), rows("midpoints", midpoints)]
        text = "{\n" + ",\n".join(entries) + "\n}\n"
        json.loads(text)
        (Path(output) / f"{name}.json").write_bytes(text.encode("ascii"))
        print(name, "written")
        if "--peer" in options and exponent_bits == 2:
            compare(bits, exponent_bits, values, midpoints)
    write_sample(output, *WIDE)


def write_sample(output, bits, exponent_bits):
    """A format with too many codes: both ends of each sign, around 1, and codes from all over."""
    top = 1 << (bits - 1)
    codes = {base + offset for base in (0, top // 2, top, 3 * top // 2) for offset in range(-40, 41)}
    codes |= {index * 0x9E3779B1 for index in range(400)}  # steps of the golden ratio leave no part out
    codes = sorted({code % (2 * top) for code in codes})
    name = f"posit{bits}_{exponent_bits}"
    head = {"about": SAMPLE, "source": SOURCE, "made_by": "tools/make_vectors/posits.py", "name": name}
    head |= {"bits": bits, "exponent_bits": exponent_bits, "nan_code": f"{top:x}"}
    head |= {key: hex_float(decode(code, bits, exponent_bits)) for key, code in (("min_positive", 1), ("max", top - 1))}
    entries = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    texts = [json.dumps([f"{code:08x}", hex_float(decode(code, bits, exponent_bits))]) for code in codes]
    lines = [", ".join(texts[i : i + 4]) for i in range(0, len(texts), 4)]
    text = "{\n" + ",\n".join([*entries, ' "sample": [\n  ' + ",\n  ".join(lines) + "\n ]"]) + "\n}\n"
    json.loads(text)
    (Path(output) / f"{name}.json").write_bytes(text.encode("ascii"))
    print(name, "written")


main(*sys.argv[1:])
