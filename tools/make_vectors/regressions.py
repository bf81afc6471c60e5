"""Writes tests/vectors/regressions/peers_section5.txt: python regressions.py OUTPUT

Inputs at which some library was seen to be wrong. The answers come from the exact rounding
below, not from a peer.
"""

import struct
import sys
from fractions import Fraction
from pathlib import Path

from common import FORMATS, INF, NINF, NZERO, hex_float, write

TWO = Fraction(2)


def down_ulp(x):
    """The largest binary64 below a positive binary64."""
    bits = struct.unpack("<Q", struct.pack("<d", float(x)))[0]
    return Fraction(struct.unpack("<d", struct.pack("<Q", bits - 1))[0])


def up_ulp(x):
    bits = struct.unpack("<Q", struct.pack("<d", float(x)))[0]
    return Fraction(struct.unpack("<d", struct.pack("<Q", bits + 1))[0])


def largest(name):
    kind, _signed, e, m, bias = FORMATS[name]
    assert kind == "ieee"
    return (2 - TWO**-m) * TWO ** ((1 << e) - 2 - bias)


def project(name, x, mode):
    """Exact x to an IEEE-like format under sat_none."""
    _kind, _signed, _e, m, bias = FORMATS[name]
    negative, size = x < 0, abs(x)
    if not size:
        return x
    k = size.numerator.bit_length() - size.denominator.bit_length()
    k -= size < TWO**k
    quantum = TWO ** (max(k, 1 - bias) - m)
    whole = size // quantum
    f = size / quantum - whole
    half = Fraction(1, 2)
    away = {
        "nearest_ties_to_even": f > half or (f == half and whole % 2 == 1),
        "nearest_ties_to_away": f >= half,
        "nearest_ties_to_zero": f > half,
        "toward_zero": False,
        "toward_positive": f > 0 and not negative,
        "toward_negative": f > 0 and negative,
        "to_odd": f > 0 and whole % 2 == 0,
    }[mode]
    result = (whole + away) * quantum
    if result > largest(name):
        # these rows meet only toward_zero (stays) and nearest modes (infinity)
        assert mode.startswith("nearest") or mode == "toward_zero"
        if mode == "toward_zero":
            result = largest(name)
        else:
            return NINF if negative else INF
    if result == 0:
        return NZERO if negative else result
    return -result if negative else result


RNE, RNA, RNZ = "nearest_ties_to_even", "nearest_ties_to_away", "nearest_ties_to_zero"
RZ, RU, RD, RO = "toward_zero", "toward_positive", "toward_negative", "to_odd"


def rows():
    one = Fraction(1)
    for x in (65536, 70000, 100000):
        yield "convert", "binary16", "binary64", RNE, (Fraction(x),), INF, "row 1: Pychop gave 0"
    yield "convert", "binary16", "binary64", RNE, (Fraction(65520),), INF, "row 2: Pychop gave 65536"
    yield (
        "convert",
        "binary16",
        "binary64",
        RZ,
        (Fraction(10**6),),
        Fraction(65504),
        "row 3: Pychop gave an infinity",
    )
    for x in (one, one * 3 / 2, one * 2):
        yield "convert", "binary16", "binary64", RO, (x,), x, "row 4: exact, yet Pychop moved it by one ulp"
    yield (
        "convert",
        "binary16",
        "binary64",
        RNA,
        (1 + TWO**-11 - TWO**-36,),
        one,
        "row 5: just under the tie; Pychop gave the upper neighbour",
    )
    yield (
        "convert",
        "binary16",
        "binary64",
        RNZ,
        (-(1 + TWO**-11),),
        -one,
        "row 6: a negative tie; Pychop went away from zero",
    )
    for n in (0, 1, 2, 3, 511, 512, 1022, 1023):
        middle = (2 * n + 1) * TWO**-25
        for x, which in ((down_ulp(middle), "below"), (middle, "at"), (up_ulp(middle), "above")):
            for s in (1, -1):
                note = f"row 7: {which} a subnormal midpoint, where Pychop lost tails"
                yield "convert", "binary16", "binary64", RNE, (s * x,), None, note
    for x in (down_ulp(65520), Fraction(65520), up_ulp(65520)):
        for s in (1, -1):
            yield "convert", "binary16", "binary64", RNE, (s * x,), None, "row 7: the overflow boundary"
    yield (
        "convert",
        "bfloat16",
        "binary64",
        RNE,
        (Fraction(1e-40),),
        TWO**-133,
        "row 8: a subnormal of bfloat16",
    )
    for op, a in (("add", one), ("add", -one)):
        for mode in (RU, RD, RO, RZ, RNE):
            known = {RU: 1 + TWO**-7, RO: 1 + TWO**-7}.get(mode) if a > 0 else None
            note = "rows 11, 13: a carrier loses the small term (CPFloat upward and to odd; apytypes right)"
            yield op, "bfloat16", "-", mode, (a, (TWO**-60 if a > 0 else -(TWO**-60))), known, note
    for exponent in (40, 60, 120):
        for mode in (RU, RD, RO):
            note = "row 12: operands too far apart for a binary64 carrier"
            yield "add", "bfloat16", "-", mode, (TWO**exponent, TWO**-exponent), None, note
            yield "add", "bfloat16", "-", mode, (TWO**exponent, -(TWO**-exponent)), None, note
    for s in (1, -1):
        note = "row 14: just under half the smallest member; gfloat gave 2^-16"
        yield (
            "convert",
            "e5m2",
            "binary64",
            RNA,
            (s * down_ulp(TWO**-17),),
            Fraction(0) if s > 0 else NZERO,
            note,
        )
    for a, b in (
        (TWO**15, TWO**-16),
        (TWO**15, -(TWO**-16)),
        (-(TWO**15), TWO**-16),
        (-(TWO**15), -(TWO**-16)),
        (5 * TWO**10, 3 * TWO**-16),
    ):
        for mode in (RU, RD, RZ, RO):
            yield (
                "add",
                "e5m2",
                "-",
                mode,
                (a, b),
                None,
                "row 16: CPFloat with a binary32 carrier loses the small term",
            )


def main(output):
    lines, seen = [], set()
    for kind, name, carrier, mode, operands, known, note in rows():
        answer = project(name, sum(operands), mode)
        assert known is None or known == answer, (kind, name, mode, operands, answer)
        fields = [kind, name] + ([carrier] if kind == "convert" else []) + [mode, "sat_none"]
        line = " ".join(fields + [hex_float(x) for x in operands] + [hex_float(answer)])
        if line not in seen:
            seen.add(line)
            lines.append(line + "  # " + note)
    comments = [
        "Inputs at which Pychop 0.6.2, CPFloat or gfloat were seen to be wrong, with the right "
        "answers. Row numbers "
        "are those of the peer comparison, section 5; where a row gives only a count, "
        "representative inputs of the "
        "named kind stand here.",
        "The answers were computed exactly (rational arithmetic) by "
        "tools/make_vectors/regressions.py; no licence "
        "attaches.",
        "convert FORMAT CARRIER MODE OVERFLOW INPUT RESULT",
        "add FORMAT MODE OVERFLOW A B RESULT (the exact sum, rounded once)",
        "Numbers are C99 hexadecimal floats, inf, -inf, -0x0p+0. Text after two spaces and # is a remark.",
    ]
    write(Path(output) / "peers_section5.txt", comments, lines)
    print(len(lines), "rows")


if __name__ == "__main__":
    main(sys.argv[1])
