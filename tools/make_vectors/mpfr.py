"""Writes tests/vectors/arithmetic/mpfr.<format>.txt: python mpfr.py OUTPUT

Records MPFR 4.2.2 through gmpy2 2.3.2, with precision and exponent range set to those of a format and subnormal numbers
emulated. Operands come from a fixed seed.
"""

import random
import sys
from pathlib import Path

import gmpy2
from common import write

FORMATS = {  # name: (exponent bits, fraction bits)
    "binary16": (5, 10),
    "bfloat16": (8, 7),
    "tf32": (8, 10),
    "e5m2": (5, 2),
    "e4m3": (4, 3),
    "binary64": (11, 52),
    "e15m48": (15, 48),
}
MODES = {
    "nearest_ties_to_even": gmpy2.RoundToNearest,
    "toward_zero": gmpy2.RoundToZero,
    "toward_negative": gmpy2.RoundDown,
    "toward_positive": gmpy2.RoundUp,
    "away_from_zero": gmpy2.RoundAwayZero,
}
OPERATIONS = {
    "add": (2, gmpy2.add),
    "sub": (2, gmpy2.sub),
    "mul": (2, gmpy2.mul),
    "div": (2, gmpy2.div),
    "remainder": (2, gmpy2.remainder),
    "sqrt": (1, gmpy2.sqrt),
    "recip": (1, lambda x: gmpy2.div(1, x)),
    "rsqrt": (1, gmpy2.rec_sqrt),
    "fma": (3, gmpy2.fma),
    "fms": (3, gmpy2.fms),
    "faa": (3, lambda a, b, c: gmpy2.fsum([a, b, c])),
}
COUNT = 150


class Shape:
    def __init__(self, name):
        self.name = name
        self.exponent_bits, self.fraction_bits = FORMATS[name]
        self.bits = 1 + self.exponent_bits + self.fraction_bits
        self.bias = (1 << (self.exponent_bits - 1)) - 1
        self.sign = 1 << (self.bits - 1)
        self.top = (1 << self.exponent_bits) - 1  # the exponent field of infinity
        self.infinity = self.top << self.fraction_bits
        self.nan = self.infinity | 1 << (self.fraction_bits - 1)
        m = self.fraction_bits
        # MPFR's significands lie in [1/2, 1): the smallest subnormal number has exponent emin.
        self.contexts = {
            name: gmpy2.context(
                precision=m + 1, emin=2 - self.bias - m, emax=self.bias + 1, subnormalize=True, round=mode
            )
            for name, mode in MODES.items()
        }

    def value(self, code):
        """The number of a code, exactly: 128 bits hold every significand here."""
        size = code & (self.sign - 1)
        field, fraction = size >> self.fraction_bits, size & ((1 << self.fraction_bits) - 1)
        with gmpy2.context(precision=128):
            if field == self.top:
                found = gmpy2.nan() if fraction else gmpy2.inf()
            else:
                significand = fraction | (1 << self.fraction_bits if field else 0)
                exponent = max(field, 1) - self.bias - self.fraction_bits
                found = gmpy2.mul(gmpy2.mpfr(significand), gmpy2.exp2(exponent))
            return gmpy2.mul(found, -1) if code & self.sign else found

    def code(self, x):
        if gmpy2.is_nan(x):
            return self.nan
        sign = self.sign if gmpy2.is_signed(x) else 0
        if gmpy2.is_infinite(x):
            return sign | self.infinity
        if x == 0:
            return sign
        significand, exponent = (int(part) for part in x.as_mantissa_exp())
        significand = abs(significand)
        field = significand.bit_length() - 1 + exponent + self.bias
        shift = exponent - (max(field, 1) - self.bias - self.fraction_bits)
        significand = significand << shift if shift >= 0 else significand >> -shift
        return sign | significand + (max(field, 1) - 1 << self.fraction_bits)

    def draw(self, rng):
        kind = rng.getrandbits(3)
        if kind == 0:
            edges = [0, 1, (1 << self.fraction_bits) - 1, 1 << self.fraction_bits, self.bias << self.fraction_bits]
            edges += [self.infinity - 1, self.infinity, self.nan]
            return edges[rng.getrandbits(3)] | (self.sign if rng.getrandbits(1) else 0)
        if kind < 4:
            return rng.getrandbits(self.bits - 1) % self.infinity | (self.sign if rng.getrandbits(1) else 0)
        field = max(0, min(self.top - 1, self.bias + rng.getrandbits(5) - 16))
        code = field << self.fraction_bits | rng.getrandbits(self.fraction_bits)
        return code | (self.sign if rng.getrandbits(1) else 0)

    def operands(self, op, count, rng):
        codes = [self.draw(rng) for _ in range(count)]
        if count > 1 and rng.getrandbits(2) == 0:
            codes[1] = (codes[0] + rng.getrandbits(3) - 4) % (1 << self.bits) ^ (self.sign * rng.getrandbits(1))
        if count == 3 and rng.getrandbits(1):
            first = OPERATIONS["add" if op == "faa" else "mul"][1]
            with self.contexts["nearest_ties_to_even"]:
                near = self.code(first(*map(self.value, codes[:2])))
            codes[2] = (near ^ (0 if op == "fms" else self.sign)) + rng.getrandbits(2) - 2
            codes[2] %= 1 << self.bits
        # Every NaN is the canonical one: MPFR has no other.
        return tuple(self.nan if c & (self.sign - 1) > self.infinity else c for c in codes)

    def row(self, op, codes):
        compute = OPERATIONS[op][1]
        results, raised = [], []
        values = [self.value(c) for c in codes]
        for context in self.contexts.values():
            with context:
                here = gmpy2.get_context()
                here.clear_flags()
                results.append(self.code(compute(*values)))
                raised.append(here.inexact | here.overflow << 2 | here.divzero << 3)
        digits = (self.bits + 3) // 4
        shown = [f"{results[0]:0{digits}x}"] + [
            "=" if r == results[0] else f"{r:0{digits}x}" for r in results[1:] if set(results) != {results[0]}
        ]
        flags = f"{raised[0]:x}" if len(set(raised)) == 1 else " ".join(f"{f:x}" for f in raised)
        return f"{op} {' '.join(f'{c:0{digits}x}' for c in codes)} : {' '.join(shown)} : {flags}"


def main(output):
    for name in FORMATS:
        shape = Shape(name)
        rng = random.Random(f"mpfr {name}")
        lines = []
        for op, (count, _) in OPERATIONS.items():
            met = {shape.operands(op, count, rng) for _ in range(COUNT)}
            lines += [shape.row(op, codes) for codes in sorted(met)]
        comments = [
            f"MPFR 4.2.2's answers at the precision and exponents of {name}, subnormal numbers emulated, recorded from "
            "gmpy2 2.3.2 (both LGPL-3.0-or-later; the numbers themselves carry no licence) by "
            "tools/make_vectors/mpfr.py.",
            "OPERATION OPERANDS : RESULTS : FLAGS, codes in hexadecimal. Results and flags are in the order of the "
            "modes " + ", ".join(MODES) + "; one alone stands for all five, and = is the first one again.",
            "Flags: inexact 1, overflow 4, divide by zero 8. fms is a * b - c, faa MPFR's sum of three.",
        ]
        write(Path(output) / f"mpfr.{name}.txt", comments, lines)
        print(name, len(lines), "rows")


if __name__ == "__main__":
    main(sys.argv[1])
