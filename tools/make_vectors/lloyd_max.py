"""Writes tests/vectors/codes/lloyd_max.json: the levels with the least mean squared error, of the normal and the
Laplace distribution with variance 1, by Lloyd's iteration itself in decimal arithmetic: slow, and sure to arrive.

    python lloyd_max.py OUTPUT
"""

import json
import sys
from decimal import Decimal, getcontext
from itertools import pairwise
from pathlib import Path

getcontext().prec = 34
SMALL = Decimal(10) ** -30
ROOT_OF_TWO = Decimal(2).sqrt()
PI = Decimal("3.14159265358979323846264338327950288")


def normal_density(x):
    return (-x * x / 2).exp() / (2 * PI).sqrt()


def normal_integral(x):
    """Of the density from 0 to x: the density times Σ x^(2n+1) / (1 3 5 … (2n+1))."""
    term = total = x
    n = 1
    while term > SMALL:
        n += 2
        term = term * x * x / n
        total += term
    return normal_density(x) * total


def normal_up_to(x):
    """Integrals of p, x p and x² p over [0, x]; None stands for infinity."""
    half = Decimal(1) / 2
    if x is None:
        return half, normal_density(Decimal(0)), half
    mass, density = normal_integral(x), normal_density(x)
    return mass, normal_density(Decimal(0)) - density, mass - x * density


def laplace_up_to(x):
    """Antiderivatives of e^(-√2 x)/√2 times 1, x, x²."""
    if x is None:
        return Decimal(1) / 2, ROOT_OF_TWO / 4, Decimal(1) / 2
    e = (-ROOT_OF_TWO * x).exp()
    return (1 - e) / 2, (1 - e) * ROOT_OF_TWO / 4 - x * e / 2, (1 - e) / 2 - x * e * ROOT_OF_TWO / 2 - x * x * e / 2


def solve(up_to, count):
    """Positive levels (and 0 for an odd count) and the error."""
    middle = [Decimal(0)] if count % 2 else []
    levels = middle + [Decimal(i + 1) / 2 for i in range(count // 2)]
    while True:
        bounds = [Decimal(0), *((a + b) / 2 for a, b in pairwise(levels)), None]
        ends = [up_to(b) for b in bounds]
        cells = [[b - a for a, b in zip(low, high, strict=True)] for low, high in pairwise(ends)]
        better = middle + [first / mass for mass, first, _second in cells[len(middle) :]]
        farthest = max(abs(a - b) for a, b in zip(levels, better, strict=True))
        levels = better
        if farthest < Decimal(10) ** -26:
            error = sum(s - 2 * c * f + c * c * m for (m, f, s), c in zip(cells, levels, strict=True))
            return levels, 2 * error


def main(output):
    tables = []
    for name, up_to in (("normal", normal_up_to), ("laplace", laplace_up_to)):
        for count in (2, 3, 4, 5, 7, 8, 16):
            levels, error = solve(up_to, count)
            texts = [f"{c:.20f}" for c in levels]
            tables.append({"name": f"{name}{count}", "squared_error": f"{error:.20f}", "values": texts})
            print(name, count)
    lines = ["{", ' "about": "Lloyd-Max levels at and above 0, variance 1",']
    lines += [' "source": "Max, Quantizing for minimum distortion, 1960: the definition; computed to 20 places",']
    lines += [' "made_by": "tools/make_vectors/lloyd_max.py",', ' "tables": [']
    lines.append(",\n".join(f"  {json.dumps(t)}" for t in tables))
    text = "\n".join([*lines, " ]", "}"]) + "\n"
    (Path(output) / "lloyd_max.json").write_bytes(text.encode("ascii"))


main(*sys.argv[1:])
