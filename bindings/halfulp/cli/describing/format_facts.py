"""What the page of a format says in rows: its fields and specials, then its limits. Each kind has its own."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import halfulp as hu
from halfulp._format import Number
from halfulp.cli import codes, facts
from halfulp.cli.describing.value_counts import Magnitudes, Sides, log2, sides
from halfulp.cli.float_fields import float_fields
from halfulp.cli.numbers import exact_text, shown

_MOST_COUNTED = 1 << 16  # members of which each is looked at

_OVERFLOW = {
    "sat_finite": "sat_finite, where no policy is named",
    "posit": "numbers end at the largest, which is no overflow; infinities become NaN (NaR)",
}


def properties(f: hu.Format) -> list[tuple[str, str]]:
    """Names and texts."""
    members = sides(f)
    native = f._spec.native_overflow()
    return [
        ("bits", _bits(f)),
        ("zero", _of_codes(f, "zero")),
        ("infinity", _of_codes(f, "infinity")),
        ("nan", ", ".join(_range(f, *ends) for ends in nan_codes(f)) or "none"),
        ("members", _counted(f, members)),
        *_octaves(f, members.above),
        *([] if f.kind == "float" else [("ties", f"halfway between two members: to {facts.ties(f)}")]),
        ("overflow", _OVERFLOW.get(native, f"{native}, where no policy is named")),
    ]


def _bits(f: hu.Format) -> str:
    if f.kind == "float":
        fields = float_fields(f)
        widths = [("sign", int(f.signed)), ("exponent", fields.exponent_bits), ("fraction", fields.mantissa_bits)]
        return f"{f.bits} = {_sum(widths)}; bias {fields.bias}, precision {fields.precision}"
    if f.kind == "codebook":
        count = f._spec.last_code + 1
        return f"{f.bits}: {count} codes" + ("" if count == 1 << f.bits else ", the others stand for nothing")
    if f.kind == "posit":
        return f"{f.bits} = sign 1 + regime 2 or more + exponent {codes.exponent_bits(f)} + fraction, what is left"
    fraction = codes.fraction_bits(f)
    widths = [("sign", int(f.signed)), ("integer", f.bits - fraction - f.signed), ("fraction", fraction)]
    if not f.signed:
        return f"{f.bits} = {_sum(widths)}"
    unused = codes.hexadecimal(-1 << (f.bits - 1), f)
    return f"{f.bits} = {_sum(widths)}; two's complement" + (
        f", symmetric: nothing rounds to {unused}" if f.min == -f.max else ""
    )


def _sum(widths: list[tuple[str, int]]) -> str:
    return " + ".join(f"{name} {bits}" for name, bits in widths if bits)


def _counted(f: hu.Format, members: Sides) -> str:
    above = 0 if members.above is None else members.above.count
    subnormal = ""
    if f.kind == "float":
        subnormal = f", {facts.min_normal_code(f) - facts.min_positive_code(f):,} of them subnormal"
    return f"{members.finite:,} finite; {above:,} above 0{subnormal}"


def _octaves(f: hu.Format, above: Magnitudes | None) -> list[tuple[str, str]]:
    """How many values lie between neighbouring powers of two, where that differs from octave to octave for another
    reason than that of integers."""
    if f.kind not in ("posit", "codebook") or above is None or not 16 < above.count <= _MOST_COUNTED:
        return []
    counts = Counter(_octave(above.magnitude(place)) for place in range(above.count))
    most = max(counts.values())
    dense = sorted(octave for octave, count in counts.items() if count == most)
    places = f"2^{dense[0]} to 2^{dense[-1] + 1}"
    return [
        ("octaves", f"most values, {most:,} in each, from {places}; {min(counts.values()):,} where they are fewest")
    ]


def _octave(value: Fraction) -> int:
    """The exponent of the power of two at or below."""
    estimate = round(log2(value))
    return estimate if Fraction(2) ** estimate <= value else estimate - 1


def limits(f: hu.Format) -> list[tuple[str, ...]]:
    """A header and rows: limit, value, exactly, code."""
    rows: list[tuple[str, ...]] = [("limit", "value", "exactly", "code")]

    def add(name: str, value: Number, code: int | None) -> None:
        rows.append((name, shown(value), exact_text(value), "" if code is None else codes.hexadecimal(code, f)))

    if f.kind == "float":
        fields = float_fields(f)
        add("largest", f.max, f._spec.max_code)
        add("smallest normal", fields.min_normal, facts.min_normal_code(f))
        if f.min_subnormal is not None:
            add("smallest subnormal", f.min_subnormal, facts.min_positive_code(f))
        add("gap above 1 (epsilon)", fields.epsilon, None)
        return rows
    add("largest", f.max, _code_of(f, f.max))
    if f.min_positive is not None:
        add("smallest above 0", f.min_positive, _code_of(f, f.min_positive))
    if f.min < 0 or f.max <= 0:
        add("least", f.min, _code_of(f, f.min))
    if f.kind == "posit" and f.bits > 2:
        one = 1 << (f.bits - 2)
        add("gap above 1 (epsilon)", Fraction(f.exact(one + 1)) - 1, None)
    return rows


def _code_of(f: hu.Format, value: Number) -> int:
    """The code of a limit, in a format that is no float."""
    if f.kind == "codebook":
        return next(code for code in codes.every(f) if f.exact(code) == value)
    if f.kind == "posit":
        magnitude = 1 if value == f.min_positive else (1 << (f.bits - 1)) - 1
        return magnitude if value > 0 else (1 << f.bits) - magnitude
    return int(Fraction(value) * (1 << codes.fraction_bits(f)))


def nan_codes(f: hu.Format) -> list[tuple[int, int]]:
    """First and last of each run of codes that are NaN. Of a float: at the top of the magnitudes of each sign, or where
    -0 would be."""
    spec = f._spec
    if not f.has_nan:
        return []
    if f.kind != "float":
        code = spec.nan_code
        return [(code, code)]
    found = []
    for sign in (0, 1 << (f.bits - 1)) if f.signed else (0,):
        top = sign | ((1 << (f.bits - f.signed)) - 1)
        if sign and spec.is_nan(sign):
            found.append((sign, sign))
        if spec.is_nan(top):
            found.append((sign | (spec.max_code + 1 + spec.has_inf), top))
    return found


def _of_codes(f: hu.Format, kind: str) -> str:
    """The codes that are zero, or infinity: the positive one first."""
    there = f.has_zero if kind == "zero" else f.has_inf
    if not there:
        return "none"
    if f.kind == "codebook":
        found = [code for code in codes.every(f) if codes.kind(f.exact(code), f) == kind]
        found.sort(key=lambda code: f.exact(code) in ("-0", "-inf"))
    elif f.kind == "float":
        found = _with_twin(f, 0 if kind == "zero" else f._spec.inf_code)
    else:
        found = [0]
    return ", ".join(codes.hexadecimal(code, f) for code in found)


def _with_twin(f: hu.Format, magnitude: int) -> list[int]:
    """A special code of a float and, where it has a negative twin, that one too."""
    twin = magnitude | (1 << (f.bits - 1))
    has_twin = f.signed and isinstance(f.exact(twin), str) and f.exact(twin) != "nan"
    return [magnitude, twin] if has_twin else [magnitude]


def _range(f: hu.Format, first: int, last: int) -> str:
    ends = dict.fromkeys((codes.hexadecimal(first, f), codes.hexadecimal(last, f)))
    return " to ".join(ends)
