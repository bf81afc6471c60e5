"""Exact results as text, for reports: rational numbers, not rounded. The judge is hu.codes; this only shows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Context, Decimal
from fractions import Fraction

from halfulp.cli.numbers import exact_text

Value = Fraction | str

#: Longer fractions are shown as decimals alone.
_LONGEST_FRACTION = 40
_DIGITS = Context(prec=20, Emin=-(10**9), Emax=10**9)
#: Root bits, so that 20 decimals are right.
_ROOT_BITS = 80


def _larger(a: Fraction, b: Fraction, by: Callable[[Fraction], Fraction]) -> Fraction:
    return max(a, b) if by(a) == by(b) else max(a, b, key=by)


def _smaller(a: Fraction, b: Fraction, by: Callable[[Fraction], Fraction]) -> Fraction:
    return min(a, b) if by(a) == by(b) else min(a, b, key=by)


_RATIONAL: dict[str, Callable[..., Fraction]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "div": lambda a, b: a / b,
    "fma": lambda a, b, c: a * b + c,
    "faa": lambda a, b, c: a + b + c,
    "recip": lambda a: 1 / a,
    "remainder": lambda a, b: a - round(a / b) * b,
    "minimum": min,
    "minimum_number": min,
    "maximum": max,
    "maximum_number": max,
    "minimum_magnitude": lambda a, b: _smaller(a, b, abs),
    "minimum_magnitude_number": lambda a, b: _smaller(a, b, abs),
    "maximum_magnitude": lambda a, b: _larger(a, b, abs),
    "maximum_magnitude_number": lambda a, b: _larger(a, b, abs),
    "abs": abs,
    "negate": lambda a: -a,
    "copysign": lambda a, b: abs(a) if b >= 0 else -abs(a),
    "convert": lambda a: a,
    "round_to_integral": lambda a: a,
}


def exact_result(operation: str, values: Sequence[Value]) -> str | None:
    """The exact result of finite operands as text; None where there is none, or it would be too long to write."""
    numbers = [Fraction(0) if value == "-0" else value for value in values]
    finite = [value for value in numbers if isinstance(value, Fraction)]
    if len(finite) < len(numbers):
        return None
    if operation == "scalb":
        return f"{exact_text(finite[0])} * 2^{finite[1]}" if finite[0] else "0"
    if operation == "copysign" and values[1] == "-0":
        return fraction_text(-abs(finite[0]))
    try:
        if operation in ("sqrt", "rsqrt"):
            return _root(finite[0] if operation == "sqrt" else 1 / finite[0])
        function = _RATIONAL.get(operation)
        return None if function is None else fraction_text(function(*finite))
    except ZeroDivisionError:
        return None


def exact_dot(a: Sequence[Value], b: Sequence[Value], c: Value) -> str | None:
    terms = [[Fraction(0) if value == "-0" else value for value in values] for values in (a, b, [c])]
    if any(isinstance(value, str) for values in terms for value in values):
        return None
    x, y, (z,) = terms
    return fraction_text(sum((p * q for p, q in zip(x, y, strict=True)), start=z))  # type: ignore[operator, arg-type]


def fraction_text(value: Fraction) -> str:
    """The number as C writes it (of others than dyadic ones p/q, where that is short), and as a decimal."""
    dyadic = value.denominator & (value.denominator - 1) == 0
    ratio = f"{value.numerator}/{value.denominator}" if value.denominator > 1 else str(value.numerator)
    shown = exact_text(value) if dyadic else ratio
    decimal, mark = _decimal(value)
    return f"{shown} {mark} {decimal}" if len(shown) <= _LONGEST_FRACTION else f"{mark} {decimal}"


def _decimal(value: Fraction) -> tuple[str, str]:
    """Up to 20 digits, and = or ≈."""
    found = _DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    plain = (
        format(found.normalize(_DIGITS), "f") if -8 < found.adjusted() < 20 else str(found.normalize(_DIGITS)).lower()
    )
    return plain, "=" if Fraction(found) == value else "≈"


def _root(value: Fraction) -> str | None:
    if value < 0:
        return None
    p, q = math.isqrt(value.numerator), math.isqrt(value.denominator)
    if p * p == value.numerator and q * q == value.denominator:
        return fraction_text(Fraction(p, q))
    shift = max(0, 2 * _ROOT_BITS - value.numerator.bit_length() + value.denominator.bit_length())
    shift += shift % 2
    root = math.isqrt((value.numerator << shift) // value.denominator)
    near = Fraction(root) / (1 << shift // 2)
    return f"≈ {_decimal(near)[0]} (irrational)"
