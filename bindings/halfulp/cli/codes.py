"""Codes as text, and what stands behind one."""

from __future__ import annotations

from fractions import Fraction

from halfulp import Format
from halfulp.cli.numbers import Member, exact_text

#: The keys that every command prints for a code.
JSON_KEYS = {
    "format": "the format's canonical name",
    "code": "the code, as an integer",
    "hex": "the code in hexadecimal, as 0x7e",
    "bin": "the code in binary, sign, exponent and fraction apart, as 0b0_1111_110",
    "kind": "zero, subnormal, normal, infinity or nan",
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


def parse(texts: list[str], f: Format) -> list[int]:
    """Every text's code: decimal, 0x7e, 0b1111110, 0o176, with _ between digits where one likes."""
    found = []
    for text in texts:
        try:
            code = int(text, 0)
        except ValueError:
            raise ValueError(
                f"code is {text.strip()!r}, allowed: an integer such as 126, 0x7e or 0b0_1111_110"
            ) from None
        if not 0 <= code < 1 << f.bits:
            top = hexadecimal((1 << f.bits) - 1, f)
            raise ValueError(f"code is {text.strip()}, allowed: 0 to {top} ({f.name} has {f.bits} bits)")
        found.append(code)
    return found


def hexadecimal(code: int, f: Format) -> str:
    """0x and all of the format's digits."""
    return f"{code:#0{2 + -(-f.bits // 4)}x}"


def binary(code: int, f: Format) -> str:
    """0b and all of the format's bits, its fields apart: sign, exponent, fraction."""
    digits = f"{code:0{f.bits}b}"
    ends = (int(f.signed), int(f.signed) + f.exponent_bits, f.bits)
    fields = [digits[start:end] for start, end in zip((0, *ends), ends, strict=False)]
    return "0b" + "_".join(field for field in fields if field)


def kind(member: Member, f: Format) -> str:
    """zero, subnormal, normal, infinity or nan."""
    if isinstance(member, str):
        return {"nan": "nan", "-0": "zero"}.get(member, "infinity")
    if member == 0:
        return "zero"
    return "subnormal" if abs(member) < Fraction(f.min_normal) else "normal"
