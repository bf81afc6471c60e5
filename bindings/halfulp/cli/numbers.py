"""Numbers as text, and back."""

from __future__ import annotations

import contextlib
import math
import sys
from fractions import Fraction

#: What ``Format.exact`` gives: a number, or "nan", "inf", "-inf", "-0".
Member = Fraction | str


def number(text: str) -> float | None:
    """The binary64 nearest to a number as Python and C write them; None for other words, among them abc, which is
    hexadecimal too."""
    with contextlib.suppress(ValueError, OverflowError):
        return float.fromhex(text) if "0x" in text.lower() else float(text)
    return None


def numbers(texts: list[str]) -> list[float]:
    """Every text's binary64. Raises ValueError for a word that is no number, and for a number beyond binary64, which
    would become infinity in silence."""
    values = []
    for text in texts:
        value = number(text)
        if value is None:
            raise ValueError(f"value is {text.strip()!r}, allowed: a number such as 3.14, -1e-3, 0x1.8p+1, inf, nan")
        if math.isinf(value) and "inf" not in text.lower():
            raise ValueError(
                f"value is {text.strip()}, allowed: at most {sys.float_info.max}, the largest binary64, or inf"
            )
        if value == 0 and any(digit in "123456789abcdef" for digit in _significand(text)):
            raise ValueError(f"value is {text.strip()}, allowed: 0, or at least 5e-324, the smallest binary64 above 0")
        values.append(value)
    return values


def _significand(text: str) -> str:
    """A number without its exponent, in small letters."""
    text = text.strip().lower().lstrip("+-")
    return text.removeprefix("0x").partition("p")[0] if text.startswith("0x") else text.partition("e")[0]


def shown(member: Member | float) -> str:
    """A finite member: the shortest decimal that reads back as it where a binary64 holds it, else hexadecimal."""
    if isinstance(member, str):
        return member
    value = as_float(member)
    return exact_text(member) if value is None else repr(value).removesuffix(".0")


def exact_text(member: Member | float) -> str:
    """A finite member exactly, as C writes it: 0x1.8p+262143. As a decimal it may have 100,000 digits."""
    if isinstance(member, str):
        return member
    member = Fraction(member)
    if member == 0:
        return "0"
    digits = abs(member.numerator)
    zeros = (digits & -digits).bit_length() - 1
    digits >>= zeros
    fraction_bits = digits.bit_length() - 1
    exponent = zeros - (member.denominator.bit_length() - 1) + fraction_bits
    places = -(-fraction_bits // 4)
    fraction = (digits - (1 << fraction_bits)) << (4 * places - fraction_bits)
    sign = "-" if member < 0 else ""
    return f"{sign}0x1{'.' if places else ''}{f'{fraction:0{places}x}' if places else ''}p{exponent:+d}"


def as_float(member: Fraction | float) -> float | None:
    """The binary64 that is this number; None where there is none."""
    with contextlib.suppress(OverflowError):
        if Fraction(float(member)) == member:
            return float(member)
    return None


def is_power_of_two(value: Fraction | float) -> bool:
    exact = abs(Fraction(value))
    return exact.numerator.bit_count() == exact.denominator.bit_count() == 1


def difference(value: float, member: Member) -> float | None:
    """member - value, to the nearest binary64; None where one of them is not finite or the binary64 would be
    infinite."""
    if member == "-0":
        member = Fraction(0)
    if isinstance(member, str) or not math.isfinite(value):
        return None
    with contextlib.suppress(OverflowError):
        return float(member - Fraction(value))
    return None


def is_same(value: float, member: Member) -> bool:
    """Is the member this very number? NaN is NaN here, and -0 is 0."""
    if isinstance(member, str):
        return float(member) == value or (member == "nan" and math.isnan(value))
    return math.isfinite(value) and Fraction(value) == member
