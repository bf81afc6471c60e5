"""Writes tests/vectors/codes/<file>.json: every named codebook and every member of their families, from the published
definitions, in exact arithmetic.

    python codebooks.py OUTPUT [--peer]

--peer compares with bitsandbytes 0.50.2 on the way; it needs torch and SciPy beside it and a machine with fused
multiply-adds.
"""

import itertools
import json
import sys
from decimal import Decimal, getcontext
from fractions import Fraction
from math import isqrt
from pathlib import Path

from common import INF, NAN, NINF, NZERO, hex_float

getcontext().prec = 60


def binary32(x):
    """The binary32 number nearest to a Fraction, ties to even; normal numbers and zero."""
    if x == 0:
        return Fraction(0)
    exponent = 0
    while abs(x) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    while abs(x) < Fraction(2) ** exponent:
        exponent -= 1
    assert exponent >= -126
    unit = Fraction(2) ** (exponent - 23)
    return round(x / unit) * unit  # round() of a Fraction goes to even at ties


def decimals(*texts):
    return [binary32(Fraction(t)) for t in texts]


# normal floats -------------------------------------------------------------------------------

OFFSET = Fraction(9677083, 10000000)


def pi():
    """Machin's formula."""

    def arctan_of_reciprocal(n):
        term = total = Decimal(1) / n
        k = 1
        while abs(term) > Decimal(10) ** -59:
            term = -term / (n * n)
            k += 2
            total += term / k
        return total

    return 4 * (4 * arctan_of_reciprocal(5) - arctan_of_reciprocal(239))


DENSITY_AT_ZERO = 1 / (2 * pi()).sqrt()


def density(x):
    return DENSITY_AT_ZERO * (-x * x / 2).exp()


def probability_between_zero_and(x):
    """The density at x times Σ x^(2n+1) / (1 3 5 … (2n+1)), whose terms are all positive."""
    term = total = x
    n = 1
    while term > Decimal(10) ** -58:
        n += 2
        term = term * x * x / n
        total += term
    return density(x) * total


def quantile(above_half):
    """The x with Φ(x) = 1/2 + above_half, by Newton's method: about 50 digits."""
    wanted = Decimal(above_half.numerator) / above_half.denominator
    x = wanted / DENSITY_AT_ZERO
    for _ in range(60):
        step = (wanted - probability_between_zero_and(x)) / density(x)
        x += step
        if abs(step) < Decimal(10) ** -50:
            return Fraction(x)
    raise AssertionError(above_half)


def lq_lora(bits):
    """The exact numbers, each rounded once."""
    half = 1 << (bits - 1)
    reach = OFFSET - Fraction(1, 2)
    largest = quantile(reach)

    def side(parts):
        return [binary32(quantile(reach * i / parts) / largest) for i in range(1, parts + 1)]

    return [-v for v in reversed(side(half - 1))] + [Fraction(0)] + side(half)


def linspace(start, end, count):
    """torch.linspace in binary32 where a × b + c is rounded once: from both ends to the middle."""
    start, end = binary32(start), binary32(end)
    step = binary32(binary32(end - start) / (count - 1))
    return [
        binary32(start + step * i) if i < count // 2 else binary32(end - step * (count - 1 - i)) for i in range(count)
    ]


def qlora(bits):
    """create_normal_map's steps: points in binary32, quantiles rounded to binary32, divided in binary32."""
    half = 1 << (bits - 1)

    def side(parts):
        points = linspace(OFFSET, Fraction(1, 2), parts + 1)[:-1]
        return [binary32(quantile(p - Fraction(1, 2))) for p in reversed(points)]

    numbers = [-v for v in reversed(side(half - 1))] + [Fraction(0)] + side(half)
    return [binary32(v / max(numbers)) for v in numbers]


# the others ----------------------------------------------------------------------------------


def dynamic(bits, signed):
    numbers = [Fraction(0), Fraction(1)]
    for i in range(bits - 1):
        bounds = linspace(Fraction(1, 10), Fraction(1), (1 << (i if signed else i + 1)) + 1)
        decade = binary32(Fraction(10) ** (i - (bits - 2)))
        for a, b in itertools.pairwise(bounds):
            value = binary32(decade * (binary32(a + b) / 2))
            numbers += [value, -value] if signed else [value]
    assert len(set(numbers)) == 1 << bits
    return sorted(numbers)


def both_signs(magnitudes):
    return sorted({s * m for m in magnitudes for s in (1, -1)})


def powers(bits, root):
    """0 and base^-i, i = 0 … 2^(bits-1) - 2, where the base is the root-th root of 2."""
    places = 200  # far more than binary32 can tell from the irrational number itself
    half_power = Fraction(isqrt(2 << (2 * places)), 1 << places)
    magnitudes = [Fraction(0)]
    for i in range((1 << (bits - 1)) - 1):
        whole, rest = divmod(i, root)
        magnitudes.append(binary32(Fraction(1, 2**whole) / (half_power if rest else 1)))
    return both_signs(magnitudes)


def additive_powers(bits):
    """All sums of one term of each set. The authors number exponents from 1; the scale drops out."""
    n, odd = divmod(bits - 1, 2)
    sets = []
    for i in range(n):
        third = 2 * n + i + 1 if odd else 2 * n + i
        sets.append([None, i, n + i, third])
    if odd:
        sets.append([None, 2 * n])
    sums = {sum(Fraction(1, 2**e) for e in choice if e is not None) for choice in itertools.product(*sets)}
    assert len(sums) == 1 << (bits - 1)
    return both_signs({binary32(s / max(sums)) for s in sums})


def fp4_bnb():
    magnitudes = [binary32(Fraction(t) / 12) for t in ("0", "0.0625", "8", "12", "4", "6", "2", "3")]
    return magnitudes + [-m if m else NZERO for m in magnitudes]


def hifloat8():
    """Every bit string that the paper's table allows, with its value; what is left over are the special ones."""
    value_of = {"0000000": Fraction(0)}
    for m in range(1, 8):
        value_of["0000" + f"{m:03b}"] = Fraction(2) ** (m - 23)
    dots = {"11": 4, "10": 3, "01": 2, "001": 1, "0001": 0}
    for dot, exponent_bits in dots.items():
        fraction_bits = 7 - len(dot) - exponent_bits
        exponents = {"": 0}
        if exponent_bits:
            size = 1 << (exponent_bits - 1)
            low = [f"{k:0{exponent_bits - 1}b}" if exponent_bits > 1 else "" for k in range(size)]
            exponents = {"0" + text: size + k for k, text in enumerate(low)}
            exponents |= {"1" + text: -(size + k) for k, text in enumerate(low)}
        for text, exponent in exponents.items():
            for f in range(1 << fraction_bits):
                bits = dot + text + f"{f:0{fraction_bits}b}"
                value_of[bits] = (1 + Fraction(f, 1 << fraction_bits)) * Fraction(2) ** exponent
    assert len(value_of) == 128
    positive = [value_of[f"{code:07b}"] for code in range(128)]
    values = positive + [-v for v in positive]
    values[0x80], values[0x6F], values[0xEF] = NAN, INF, NINF
    return values


NF4 = decimals(
    "-1.0",
    "-0.6961928009986877",
    "-0.5250730514526367",
    "-0.39491748809814453",
    "-0.28444138169288635",
    "-0.18477343022833334",
    "-0.09105003625154495",
    "0.0",
    "0.07958029955625534",
    "0.16093020141124725",
    "0.24611230194568634",
    "0.33791524171829224",
    "0.44070982933044434",
    "0.5626170039176941",
    "0.7229568362236023",
    "1.0",
)
AF4 = decimals(
    *("-1.0", "-0.69441008", "-0.51243739", "-0.3736951", "-0.25607552", "-0.14982478", "-0.04934812", "0.0"),
    *("0.04273164", "0.12934483", "0.21961274", "0.31675666", "0.42563882", "0.55496234", "0.72424863", "1.0"),
)
IQ4_NL = [Fraction(k) for k in (-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113)]

LOWER, SMALLER = "lower_value", "smaller_magnitude"
BNB = "bitsandbytes 0.50.2, functional.py"
# file: (source, [(name, even rule, values)])
FILES = {
    "nf": (
        f"nf4: arXiv 2305.14314; {BNB}, get_4bit_type. Others: arXiv 2311.12023; HanGuo97/lq-lora c2424b3, "
        "create_normal_float_scheme, exact and rounded once",
        lambda: [(f"nf{k}", LOWER, NF4 if k == 4 else lq_lora(k)) for k in range(2, 9)],
    ),
    "nf_constructions": (
        f"{BNB}, create_normal_map, widened as in yxli2123/LoftQ (qlora); HanGuo97/lq-lora c2424b3 (lq_lora)",
        lambda: [(f"{f.__name__}{k}", LOWER, f(k)) for f in (qlora, lq_lora) for k in range(2, 9)],
    ),
    "dynamic": (
        f"arXiv 1511.04561; {BNB}, create_dynamic_map(signed, bits - 1, bits)",
        lambda: [
            (f"dynamic{k}{'' if signed else 'u'}", LOWER, dynamic(k, signed))
            for signed in (True, False)
            for k in range(2, 9)
        ],
    ),
    "pot": (
        "arXiv 1909.13144; yhhhli/APoT_Quantization 13204f1, build_power_value(additive=False), both signs",
        lambda: [(f"pot{w}", SMALLER, powers(w, 1)) for w in range(2, 9)],
    ),
    "sqrt2pot": (
        "arXiv 2504.17263; SENGEL13/ASQ-POST cb5a737, build_power_value, base 2**0.5, less the smallest magnitude",
        lambda: [(f"sqrt2pot{w}", SMALLER, powers(w, 2)) for w in range(2, 9)],
    ),
    "apot": (
        "arXiv 1909.13144; yhhhli/APoT_Quantization 13204f1, build_power_value(additive=True), both signs; "
        "apot8 by the same rule",
        lambda: [(f"apot{w}", SMALLER, additive_powers(w)) for w in range(3, 9)],
    ),
    "af4": ("arXiv 2306.06965, blocks of 64", lambda: [("af4", LOWER, AF4)]),
    "fp4_bnb": (f"{BNB}, get_4bit_type and the kernels' tables", lambda: [("fp4_bnb", LOWER, fp4_bnb())]),
    "iq4_nl": ("ggml-org/llama.cpp 01243c5, ggml-common.h", lambda: [("iq4_nl", LOWER, IQ4_NL)]),
    "ternary": (
        "arXiv 1605.04711; arXiv 2402.17764",
        lambda: [("ternary", "integer", [Fraction(k) for k in (-1, 0, 1)])],
    ),
    "pm1": ("arXiv 1603.05279", lambda: [("pm1", "upper_value", [Fraction(-1), Fraction(1)])]),
    "hif8": ("arXiv 2409.16626", lambda: [("hif8", "code", hifloat8())]),
}


def compare_with_bitsandbytes(tables):
    import bitsandbytes.functional as peer

    def without_padding(values):
        numbers = {Fraction(v) for v in values.tolist()}
        return sorted(numbers)

    for name, values in tables.items():
        if name.startswith("dynamic"):
            signed = not name.endswith("u")
            bits = int(name[7])
            theirs = without_padding(peer.create_dynamic_map(signed, bits - 1, bits))
        elif name == "qlora4":
            theirs = without_padding(peer.create_normal_map())
        elif name in ("nf4", "af4", "fp4_bnb"):
            theirs = [Fraction(v) for v in peer.get_4bit_type(name[:3], device="cpu").tolist()]
            theirs = theirs[::-1] if name == "af4" else theirs
        else:
            continue
        assert [Fraction(0) if v == NZERO else v for v in values] == theirs, name
        print(name, "is bitsandbytes'")


def text_of(source, tables):
    """One table a line for its name, eight numbers a line: small in a review."""
    lines = ["{", ' "about": "Codebooks: the values in the order of codes",']
    lines += [f' "source": {json.dumps(source)},', ' "made_by": "tools/make_vectors/codebooks.py",', ' "tables": [']
    for k, (name, even, values) in enumerate(tables):
        lines.append(f'  {{"name": "{name}", "even": "{even}", "values": [')
        texts = [f'"{hex_float(v)}"' for v in values]
        rows = [", ".join(texts[i : i + 8]) for i in range(0, len(texts), 8)]
        lines += [f"   {row}{',' if i + 1 < len(rows) else ''}" for i, row in enumerate(rows)]
        lines.append("  ]}" + ("," if k + 1 < len(tables) else ""))
    return "\n".join([*lines, " ]", "}"]) + "\n"


def main(output, *options):
    everything = {}
    for file, (source, make) in FILES.items():
        tables = make()
        everything |= {name: values for name, _even, values in tables}
        text = text_of(source, tables)
        assert [t["name"] for t in json.loads(text)["tables"]] == [t[0] for t in tables]
        (Path(output) / f"{file}.json").write_bytes(text.encode("ascii"))
        print(file, "written:", len(tables), "tables")
    if "--peer" in options:
        compare_with_bitsandbytes(everything)


main(*sys.argv[1:])
