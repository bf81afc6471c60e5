"""Codes as text, and what stands behind one."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from halfulp import Format
from halfulp.cli.float_fields import float_fields
from halfulp.cli.numbers import Member, exact_text

#: The keys that every command prints for a code.
JSON_KEYS = {
    "format": "the format's canonical name",
    "code": "the code, as an integer; below zero for negative integers and fixed point",
    "hex": "its bits in hexadecimal, as 0x7e",
    "bin": "its bits in binary, the fields apart, as 0b0_1111_110",
    "kind": "zero, subnormal, normal, infinity or nan; number in formats that are no floats",
    "member": "the value of the code, as a number",
    "exact": "the same as C writes it, as 0x1.cp+8",
}


def facts(code: int, f: Format) -> dict[str, object]:
    """What JSON_KEYS says of one code."""
    member = f.exact(code)
    return {
        "format": str(f),
        "code": code,
        "hex": hexadecimal(code, f),
        "bin": binary(code, f),
        "kind": kind(member, f),
        "member": float(member) if isinstance(member, str) else member,
        "exact": exact_text(member),
    }


def every(f: Format) -> list[int]:
    """Every code, in the order of bit patterns."""
    codes: list[int] = f._code_array().tolist()
    return codes


def parse(texts: list[str], f: Format) -> list[int]:
    """Every text's code: decimal, or bits as 0x7e, 0b1111110, 0o176, with _ between digits where one likes. Bits of a
    format with signed codes are two's complement."""
    found = []
    for text in texts:
        try:
            code = int(text, 0)
        except ValueError:
            raise ValueError(
                f"code is {text.strip()!r}, allowed: an integer such as 126, 0x7e or 0b0_1111_110"
            ) from None
        if f._spec.signed_codes and not text.strip().lstrip("+").isdigit() and code >= 0:
            code = _from_bits(code, f)
        least, most = _ends(f)
        if not least <= code <= most:
            raise ValueError(f"code is {text.strip()}, allowed: {_allowed(f)}")
        found.append(code)
    return found


def _from_bits(pattern: int, f: Format) -> int:
    """Two's complement; what is too wide stays as it is."""
    return pattern - (1 << f.bits) if pattern >> (f.bits - 1) == 1 else pattern


def _ends(f: Format) -> tuple[int, int]:
    last: int = f._spec.last_code
    return (-(last // 2) - 1, last // 2) if f._spec.signed_codes else (0, last)


def _allowed(f: Format) -> str:
    least, most = _ends(f)
    if not f._spec.signed_codes:
        return f"0 to {hexadecimal(most, f)} ({f.name} has {f.bits} bits)"
    return f"{least} to {most}, or as bits 0x0 to {hexadecimal(-1, f)} ({f.name} has {f.bits} bits)"


def hexadecimal(code: int, f: Format) -> str:
    """0x and all of the format's digits; two's complement below zero."""
    return f"{code % (1 << f.bits):#0{2 + -(-f.bits // 4)}x}"


def binary(code: int, f: Format) -> str:
    """0b and all of the format's bits, its fields apart. Of a float: sign, exponent, fraction. Of fixed point: integer,
    fraction. Of a posit: sign, regime, exponent, fraction."""
    digits = f"{code % (1 << f.bits):0{f.bits}b}"
    fields = [digits[start:end] for start, end in pairwise((0, *_field_ends(digits, f), f.bits))]
    return "0b" + "_".join(field for field in fields if field)


def _field_ends(digits: str, f: Format) -> tuple[int, ...]:
    if f.kind == "float":
        sign = int(f.signed)
        return sign, sign + float_fields(f).exponent_bits
    if f.kind == "fixed point":
        return (f.bits - fraction_bits(f),)
    if f.kind == "posit" and "1" in digits[1:]:
        tail = digits[1:]
        run = len(tail) - len(tail.lstrip(tail[0]))
        regime = min(2 + run, f.bits)  # the sign, the run, and the bit that ends it
        return 1, regime, min(regime + exponent_bits(f), f.bits)
    return ()


def fraction_bits(f: Format) -> int:
    """Of an integer or fixed-point format."""
    _, _, exponent = f._spec.min_positive  # of the step, in int1 too, which has no positive member
    return -int(exponent)


def exponent_bits(f: Format) -> int:
    """Of a posit format."""
    return int(str(f).partition("_")[2])


def kind(member: Member, f: Format) -> str:
    """zero, subnormal, normal, infinity or nan; number where there are no exponents of which one could be the
    lowest."""
    if isinstance(member, str):
        return {"nan": "nan", "-0": "zero"}.get(member, "infinity")
    if member == 0:
        return "zero"
    if f.kind != "float":
        return "number"
    return "subnormal" if abs(member) < Fraction(float_fields(f).min_normal) else "normal"
