"""Value tables of IEEE P3109 (interim report v4.0) for every K from 3 to 16, computed from the report's
rule and compared, code by code, with the working group's own tables.

    python p3109.py OUTPUT [CHECKOUT]

CHECKOUT is a work tree of the public repository P3109/Public (folder "Value Tables/Hexadecimal").
Without it nothing is compared and the files say so. With gfloat installed, K <= 8 is compared with it too.
"""

import csv
import hashlib
import sys
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

from common import write


def formats():
    for k in range(3, 17):
        for p in range(1, k + 1):
            for signed in (True, False):
                if signed and p == k:
                    continue
                for extended in (True, False):
                    yield (
                        f"Binary{k}p{p}{'s' if signed else 'u'}{'e' if extended else 'f'}",
                        k,
                        p,
                        signed,
                        extended,
                    )


def text_of(significand, exponent):
    """significand * 2^exponent in the canonical text: odd significand, zero is 0p0."""
    if significand == 0:
        return "0p0"
    low = (abs(significand) & -abs(significand)).bit_length() - 1
    return f"{significand >> low}p{exponent + low}"  # exact: only zero bits leave


def table(k, p, signed, extended):
    """All values in code order, by the rule of sections 3 and 4 of the report."""
    bias = 1 << (k - p - 1) if signed else 1 << (k - p)
    half = 1 << (k - 1) if signed else 1 << k
    fraction_bits = p - 1
    values = []
    for code in range(half):
        field, fraction = code >> fraction_bits, code & ((1 << fraction_bits) - 1)
        if field:
            fraction += 1 << fraction_bits
        else:
            field = 1
        values.append(text_of(fraction, field - bias - fraction_bits))
    if signed:
        if extended:
            values[-1] = "inf"
        values += ["nan"] + ["-" + v for v in values[1:]]
    else:
        values[-1] = "nan"
        if extended:
            values[-2] = "inf"
    return values


def parse(text):
    """A value of the published CSV (C99 hexadecimal, any leading digit) in the canonical text."""
    text = text.strip()
    if text in ("NaN", "Inf", "-Inf"):
        return text.lower()
    negative = text.startswith("-")
    digits, exponent = text.lstrip("-")[2:].split("p")
    whole, _, fraction = digits.partition(".")
    significand = int(whole + fraction, 16)
    return text_of(-significand if negative else significand, int(exponent) - 4 * len(fraction))


def published(root, name, k, p, signed):
    kind = "signed" if signed else "unsigned"
    path = Path(root) / "Value Tables" / "Hexadecimal" / f"K{k}" / f"P{p}" / kind / (name + ".csv")
    if not path.exists():
        return None
    values = []
    with path.open(newline="") as file:
        rows = csv.reader(file)
        assert next(rows)[:2] == ["codepoint", "value"]
        for row in rows:
            assert int(row[0], 16) == len(values), path
            values.append(parse(row[1]))
    return values


def exact_text(number):
    if number != number:
        return "nan"
    if number in (float("inf"), float("-inf")):
        return "inf" if number > 0 else "-inf"
    f = Fraction(number)
    return text_of(f.numerator, 1 - f.denominator.bit_length())


def main(output, checkout=None):
    try:
        import gfloat
        from gfloat.formats import format_info_p3109
    except ImportError:
        gfloat = None
    lines, small, missing, compared, by_gfloat, unread = [], [], [], 0, 0, set()
    for name, k, p, signed, extended in formats():
        values = table(k, p, signed, extended)
        assert len(values) == 1 << k
        if checkout:
            theirs = published(checkout, name, k, p, signed)
            if theirs is None:
                missing.append(name)
            else:
                assert theirs == values, name
                compared += 1
        if gfloat and k <= 8:
            try:
                info = format_info_p3109(
                    k,
                    p,
                    gfloat.Signedness.Signed if signed else gfloat.Signedness.Unsigned,
                    gfloat.Domain.Extended if extended else gfloat.Domain.Finite,
                )
                got = [exact_text(float(gfloat.decode_float(info, c).fval)) for c in range(1 << k)]
            except Exception as error:
                unread.add(f"{name}: {error}")
            else:
                # binary64 cannot hold every value of the narrowest precisions
                assert all(a == b or a in ("0p0", "inf", "-inf") for a, b in zip(got, values, strict=False)), name
                by_gfloat += got == values
        digest = hashlib.sha256("".join(v + "\n" for v in values).encode()).hexdigest()
        lines.append(f"{name} {len(values)} {digest}")
        if k <= 6:
            small.append(name + " " + " ".join(values))
    with_tables = with_gfloat = "not done in this run"
    if checkout:
        with_tables = f"{compared} of 504 formats, all equal"
        if missing:
            with_tables += "; absent there: " + " ".join(missing)
    if gfloat:
        with_gfloat = f"{by_gfloat} formats with K <= 8 equal in every code (gfloat {version('gfloat')})"
    status = [
        "IEEE SA P3109 interim report v4.0 (26 June 2026), an unapproved draft: value tables "
        "computed from the "
        "report's rule.",
        "Compared code by code with the public tables of the working group (repository "
        "P3109/Public at 26df0d0): " + with_tables + ".",
        "Compared with gfloat: " + with_gfloat + ".",
        "That repository carries no licence file and asks that its contents not be used for "
        "conformance claims; "
        "no file of it is copied here.",
        "Value text: odd significand, p, exponent of two (-3p-7 is -3 * 2^-7); 0p0, nan, inf, -inf.",
        "Made by tools/make_vectors/p3109.py.",
    ]
    hashed = "Line: name, number of codes, SHA-256 of the value texts in code order, each followed by one newline."
    write(Path(output) / "digests.txt", [*status, hashed], lines)
    listed = "Line: name, then the values in code order."
    write(Path(output) / "tables_k3_k6.txt", [*status, listed], small)
    print(
        len(lines),
        "formats; compared",
        compared,
        "gfloat",
        by_gfloat,
        "missing",
        missing,
        sorted(unread)[:3],
        len(unread),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
