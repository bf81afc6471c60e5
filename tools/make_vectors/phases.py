"""Writes tests/vectors/codes/pm1_pmi.json: the complex code {±1, ±i}, and the code of numbers on, beside and far from
the diagonals, in exact arithmetic.

    python phases.py OUTPUT

A number belongs to the half-open sector between two diagonals, the one that is met first counter-clockwise included;
zero belongs to +1, and an infinity is larger than every number and as large as another one.
"""

import json
import sys
from fractions import Fraction
from pathlib import Path

from common import INF, NINF, NZERO, hex_float

VALUES = [(-1, 0), (1, 0), (0, -1), (0, 1)]  # by code
DIAGONALS = [(1, -1), (1, 1), (-1, 1), (-1, -1)]  # counter-clockwise
CODES = [1, 3, 0, 2]  # of the sector that begins at each of them

# Precision, least exponent of a normal number, and largest exponent.
FORMATS = {"binary32": (24, -126, 127), "binary64": (53, -1022, 1023)}


def sizes(precision, emin, emax):
    """Magnitudes of a format with the unit of their last place: both ends of subnormal and normal numbers, and some
    between."""
    unit = Fraction(2) ** (emin - precision + 1)
    yield unit, unit
    yield 2 ** (precision - 1) * unit - unit, unit
    yield Fraction(2) ** emin, unit
    for value in (Fraction(1), Fraction(3, 2), Fraction(10)):
        yield value, Fraction(2) ** ((value.numerator // value.denominator).bit_length() - precision)
    last = Fraction(2) ** (emax - precision + 1)
    yield Fraction(2) ** (emax + 1) - last, last


def partners(size, unit, largest):
    """The other part: equal, one unit to either side, none, one, and the largest."""
    return [v for v in (size, size - unit, size + unit, Fraction(0), Fraction(1), largest) if v <= largest]


def order(part):
    """A number to compare with: infinities beyond all others."""
    if part in (INF, NINF):
        return Fraction(2) ** 2000 * (1 if part == INF else -1)
    return Fraction(0) if part == NZERO else part


def code(re, im):
    x, y = order(re), order(im)
    if x == y == 0:
        return 1
    (found,) = (
        k
        for k, (a, b) in enumerate(DIAGONALS)
        if a * y - b * x >= 0 > DIAGONALS[(k + 1) % 4][0] * y - DIAGONALS[(k + 1) % 4][1] * x and a * x + b * y > 0
    )
    return CODES[found]


def signs(part):
    """A part and its opposite."""
    if part == INF:
        return [INF, NINF]
    return [part, -part] if part else [part, NZERO]


def pairs():
    for limits in FORMATS.values():
        largest = max(size for size, _ in sizes(*limits))
        for size, unit in sizes(*limits):
            for other in partners(size, unit, largest):
                yield size, other
                yield other, size
        yield from ((INF, INF), (INF, largest), (largest, INF), (INF, Fraction(0)), (Fraction(0), INF))
    yield Fraction(0), Fraction(0)


def main(output):
    numbers = dict.fromkeys((re, im) for a, b in pairs() for re in signs(a) for im in signs(b))
    rows = [[hex_float(re), hex_float(im), code(re, im)] for re, im in numbers]
    head = {
        "about": "A complex code: values (re, im) in the order of codes; numbers (re, im) and their codes",
        "source": "arXiv 2508.05571; infinities: this library's choice",
        "made_by": "tools/make_vectors/phases.py",
        "name": "pm1_pmi",
        "bits": 2,
        "values": [[hex_float(Fraction(part)) for part in value] for value in VALUES],
    }
    entries = [f" {json.dumps(key)}: {json.dumps(value)}" for key, value in head.items()]
    texts = [json.dumps(row) for row in rows]
    lines = [", ".join(texts[i : i + 3]) for i in range(0, len(texts), 3)]
    entries.append(' "sectors": [\n  ' + ",\n  ".join(lines) + "\n ]")
    text = "{\n" + ",\n".join(entries) + "\n}\n"
    json.loads(text)
    (Path(output) / "pm1_pmi.json").write_bytes(text.encode("ascii"))
    print("pm1_pmi written:", len(rows), "numbers")


main(*sys.argv[1:])
