"""Writes tests/vectors/arithmetic/softfloat.<format>.txt: python softfloat.py OUTPUT

Records Berkeley SoftFloat through softfloatpy 1.2.3 (its NaNs are RISC-V's: one canonical NaN). Operands are edges,
random bits, neighbours and addends that nearly cancel a product; the random ones come from a fixed seed.
"""

import random
import sys
from functools import partial
from pathlib import Path

import softfloatpy as sf
from common import write

FORMATS = {"binary16": ("16", 5, 10), "binary32": ("32", 8, 23), "binary64": ("64", 11, 52)}
MODES = {
    "nearest_ties_to_even": sf.RoundingMode.NEAR_EVEN,
    "toward_zero": sf.RoundingMode.MIN_MAG,
    "toward_negative": sf.RoundingMode.MIN,
    "toward_positive": sf.RoundingMode.MAX,
    "nearest_ties_to_away": sf.RoundingMode.NEAR_MAX_MAG,
}
TININESS = {"after": sf.TininessMode.AFTER_ROUNDING, "before": sf.TininessMode.BEFORE_ROUNDING}
OPERATIONS = {
    "add": ("add", 2),
    "sub": ("sub", 2),
    "mul": ("mul", 2),
    "div": ("div", 2),
    "remainder": ("rem", 2),
    "sqrt": ("sqrt", 1),
    "round_to_integral": ("round_to_int", 1),
    "fma": ("mul_add", 3),
}
COUNT = {"binary16": 330, "binary32": 230, "binary64": 150}


class Width:
    def __init__(self, name):
        self.name = name
        self.suffix, self.exponent_bits, self.fraction_bits = FORMATS[name]
        self.bits = int(self.suffix)
        self.kind = getattr(sf, "Float" + self.suffix)
        self.sign = 1 << (self.bits - 1)
        self.infinity = ((1 << self.exponent_bits) - 1) << self.fraction_bits
        one = ((1 << (self.exponent_bits - 1)) - 1) << self.fraction_bits
        normal = 1 << self.fraction_bits
        sizes = [0, 1, 2, normal - 1, normal, normal + 1, one - 1, one, one + 1, one + normal, one + normal // 2]
        sizes += [self.infinity - 1, self.infinity, self.infinity + 1, self.infinity + normal // 2]
        self.edges = [s | sign for s in sizes for sign in (0, self.sign)]

    def to(self, code):
        return self.kind.from_bytes(code.to_bytes(self.bits // 8, "big"))

    def code(self, value):
        return int.from_bytes(value.to_bytes(), "big")

    def draw(self, rng):
        if rng.getrandbits(2) == 0:
            return self.edges[rng.getrandbits(16) % len(self.edges)]
        if rng.getrandbits(1) == 0:
            return rng.getrandbits(self.bits)
        # few fraction bits, an exponent near that of 1, so that ties and cancellations are met
        exponent = (1 << (self.exponent_bits - 1)) - 1 + rng.getrandbits(4) - 8
        fraction = rng.getrandbits(4) << (self.fraction_bits - 4 - rng.getrandbits(1) * (self.fraction_bits - 4))
        return exponent << self.fraction_bits | fraction | (self.sign if rng.getrandbits(1) else 0)

    def operands(self, op, count, rng):
        codes = [self.draw(rng) for _ in range(count)]
        if count > 1 and rng.getrandbits(2) == 0:
            codes[1] = (codes[0] + rng.getrandbits(3) - 4) % (1 << self.bits) ^ (self.sign * rng.getrandbits(1))
        if op == "fma" and rng.getrandbits(1):
            product = self.call("mul", codes[:2])[0]
            codes[2] = (product ^ self.sign) + rng.getrandbits(2) - 2
            codes[2] %= 1 << self.bits
        return codes

    def call(self, name, codes):
        sf.set_exception_flags(sf.ExceptionFlag(0))
        result = getattr(sf, f"f{self.suffix}_{name}")(*map(self.to, codes))
        return self.code(result), int(sf.get_exception_flags())

    def converted(self, target, code):
        sf.set_exception_flags(sf.ExceptionFlag(0))
        result = getattr(sf, f"f{self.suffix}_to_f{target.suffix}")(self.to(code))
        return target.code(result), int(sf.get_exception_flags())


def row(op, codes, width, target, compute):
    """OP A [B [C]] : RESULTS : FLAGS [: FLAGS]"""
    sf.set_tininess_mode(TININESS["after"])
    answers = []
    raised = {"after": [], "before": []}
    for mode in MODES.values():
        sf.set_rounding_mode(mode)
        for when in TININESS:
            sf.set_tininess_mode(TININESS[when])
            result, flags = compute()
            raised[when].append(flags)
            if when == "after":
                answers.append(result)
            else:
                assert result == answers[-1]
    digits = target.bits // 4
    results = [f"{answers[0]:0{digits}x}"]
    results += ["=" if a == answers[0] else f"{a:0{digits}x}" for a in answers[1:]]
    flags = [" ".join(f"{f:x}" for f in raised[when]) for when in TININESS]
    if len(set(raised["after"])) == 1:
        flags[0] = f"{raised['after'][0]:x}"
    given = " ".join(f"{c:0{width.bits // 4}x}" for c in codes)
    line = f"{op} {given} : {' '.join(results) if set(results[1:]) != {'='} else results[0]} : {flags[0]}"
    return line if raised["after"] == raised["before"] else f"{line} : {flags[1]}"


def comparison(width, codes):
    """compare A B : EQ LT LE : FLAGS FLAGS, the second ones of the signaling comparisons."""
    answers, raised = [], []
    for name in ("eq", "lt_quiet", "le_quiet", "eq_signaling", "lt", "le"):
        sf.set_exception_flags(sf.ExceptionFlag(0))
        answers.append(int(getattr(sf, f"f{width.suffix}_{name}")(*map(width.to, codes))))
        raised.append(int(sf.get_exception_flags()))
    assert answers[:3] == answers[3:]
    assert len(set(raised[:3])) == len(set(raised[3:])) == 1
    given = " ".join(f"{c:0{width.bits // 4}x}" for c in codes)
    return f"compare {given} : {answers[0]} {answers[1]} {answers[2]} : {raised[0]:x} {raised[3]:x}"


def main(output):
    widths = {name: Width(name) for name in FORMATS}
    for name, width in widths.items():
        rng = random.Random(f"softfloat {name}")
        lines = []
        sf.set_rounding_mode(MODES["nearest_ties_to_even"])
        for op, (theirs, count) in OPERATIONS.items():
            met = set()
            edges = [[a, b] for a in width.edges[::3] for b in width.edges[1::5]] if count == 2 else []
            edges += [[a] for a in width.edges] if count == 1 else []
            while len(met) < COUNT[name] + len(edges) // 4:
                sf.set_rounding_mode(MODES["nearest_ties_to_even"])
                codes = tuple(edges.pop() if edges else width.operands(op, count, rng))
                if codes in met:
                    continue
                met.add(codes)
                lines.append(row(op, codes, width, width, partial(width.call, theirs, codes)))
        for to, target in widths.items():
            if to == name:
                continue
            for _ in range(COUNT[name] // 2):
                code = width.draw(rng)
                line = row(f"to_{to}", [code], width, target, partial(width.converted, target, code))
                lines.append(line)
        for _ in range(COUNT[name] // 2):
            lines.append(comparison(width, width.operands("add", 2, rng)))
        comments = [
            f"Berkeley SoftFloat's answers in {name}, recorded from softfloatpy 1.2.3.post1 (MIT; SoftFloat itself: "
            "BSD-3-Clause) by tools/make_vectors/softfloat.py. NaNs follow its RISC-V rules.",
            "OPERATION OPERANDS : RESULTS : FLAGS [: FLAGS], codes in hexadecimal. Results and flags are in the order "
            "of the modes " + ", ".join(MODES) + "; one alone stands for all five, and = is the first one again.",
            "Flags: inexact 1, underflow 2, overflow 4, divide by zero 8, invalid 10, first with tininess after "
            "rounding, then, where they differ, before rounding.",
            "to_FORMAT is a conversion. compare A B : EQUAL LESS LESS-OR-EQUAL : FLAGS FLAGS, of quiet and of "
            "signaling comparisons.",
        ]
        write(Path(output) / f"softfloat.{name}.txt", comments, lines)
        print(name, len(lines), "rows")


if __name__ == "__main__":
    main(sys.argv[1])
