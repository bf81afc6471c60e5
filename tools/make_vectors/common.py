"""Shared pieces of the vector makers: format parameters as published, exact values,
boundary inputs and the text writers. Standard library only; knows nothing of halfulp.
"""

import hashlib
import itertools
import struct
import textwrap
from fractions import Fraction
from pathlib import Path

# name: (kind, signed, exponent bits, fraction bits, bias).  kind says what the top codes mean:
#   ieee  all-ones exponent is infinity or NaN        fn    only the all-ones magnitude is NaN
#   fnuz  only the negative-zero code is NaN          finite  neither infinity nor NaN
#   binades  no zero, every code a power of two
#   pow2  no zero, power of two, all-ones is NaN      dlfloat  no subnormals, top code NaN
FORMATS = {
    "binary16": ("ieee", True, 5, 10, 15),
    "binary32": ("ieee", True, 8, 23, 127),
    "binary64": ("ieee", True, 11, 52, 1023),
    "bfloat16": ("ieee", True, 8, 7, 127),
    "tf32": ("ieee", True, 8, 10, 127),
    "dlfloat16": ("dlfloat", True, 6, 9, 31),
    "e4m3fn": ("fn", True, 4, 3, 7),
    "e5m2": ("ieee", True, 5, 2, 15),
    "e4m3": ("ieee", True, 4, 3, 7),
    "e3m4": ("ieee", True, 3, 4, 3),
    "e4m3fnuz": ("fnuz", True, 4, 3, 8),
    "e5m2fnuz": ("fnuz", True, 5, 2, 16),
    "e4m3b11fnuz": ("fnuz", True, 4, 3, 11),
    "e3m2fn": ("finite", True, 3, 2, 3),
    "e2m3fn": ("finite", True, 2, 3, 1),
    "e2m1fn": ("finite", True, 2, 1, 1),
    "e8m0fnu": ("pow2", False, 8, 0, 127),
    "microexponent": ("binades", False, 1, 0, 1),
    "e4m3fnu": ("fn", False, 4, 3, 7),
    "e5m3fnu": ("fn", False, 5, 3, 15),
}

NAN, INF, NINF, NZERO = "nan", "inf", "-inf", "-0"


def bits_of(name):
    _kind, signed, e, m, _bias = FORMATS[name]
    return int(signed) + e + m


def decode(name, code):
    """The exact value of a code: a Fraction, or one of 'nan', 'inf', '-inf', '-0'."""
    kind, signed, e, m, bias = FORMATS[name]
    sign = bool(signed and (code >> (e + m)) & 1)
    magnitude = code & ((1 << (e + m)) - 1)
    field, fraction = magnitude >> m, magnitude & ((1 << m) - 1)
    all_ones = (1 << (e + m)) - 1
    if kind == "ieee" and field == (1 << e) - 1:
        return NAN if fraction else (NINF if sign else INF)
    if kind in ("fn", "pow2", "dlfloat") and magnitude == all_ones:
        return NAN
    if kind == "fnuz" and sign and magnitude == 0:
        return NAN
    if kind == "dlfloat":
        if magnitude == 0:
            return Fraction(0)  # the sign of a stored zero carries no meaning
        value = Fraction((1 << m) + fraction) * Fraction(2) ** (field - bias - m)
    elif kind in ("pow2", "binades"):
        value = Fraction(2) ** (field - bias)
    elif field:
        value = Fraction((1 << m) + fraction) * Fraction(2) ** (field - bias - m)
    else:
        value = Fraction(fraction) * Fraction(2) ** (1 - bias - m)
    if sign:
        return -value if value else NZERO
    return value


def hex_float(value):
    """C99 hexadecimal text with a 1 before the point (or 0x0p+0), no trailing zeros."""
    if value == NZERO:
        return "-0x0p+0"
    if isinstance(value, str):
        return value
    if value == 0:
        return "0x0p+0"
    sign, value = ("-" if value < 0 else ""), abs(value)
    exponent = 0
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if value < Fraction(2) ** exponent:
        exponent -= 1
    fraction = value / Fraction(2) ** exponent - 1
    digits = ""
    while fraction:
        fraction *= 16
        digit = int(fraction)
        digits += f"{digit:x}"
        fraction -= digit
    return f"{sign}0x1{'.' + digits if digits else ''}p{exponent:+d}"


def to_double(value):
    """Little-endian binary64 bytes of an exact value that binary64 holds."""
    special = {NAN: 0x7FF8 << 48, INF: 0x7FF0 << 48, NINF: 0xFFF0 << 48, NZERO: 1 << 63}
    if isinstance(value, str):
        return struct.pack("<Q", special[value])
    number = float(value)
    assert Fraction(number) == value, value
    return struct.pack("<d", number)


def decode_sha256(name):
    digest = hashlib.sha256()
    for code in range(1 << bits_of(name)):
        digest.update(to_double(decode(name, code)))
    return digest.hexdigest()


def magnitudes(name):
    """Finite non-negative members in ascending order."""
    _kind, _signed, e, m, _bias = FORMATS[name]
    found = {decode(name, code) for code in range(1 << (e + m))}
    return sorted(v for v in found if not isinstance(v, str))


def is_nan_code(name, code):
    return decode(name, code) == NAN


# carriers ------------------------------------------------------------------------------------

CARRIER = {"binary32": (4, "<f", "<I", 0x7F800000), "binary64": (8, "<d", "<Q", 0x7FF0 << 48)}


def bits_from(value, carrier):
    """Bits of a non-negative exact value in a carrier; the value must be exact there."""
    _size, f, u, _infinity = CARRIER[carrier]
    number = float(value)
    if carrier == "binary32":
        number = struct.unpack("<f", struct.pack("<f", number))[0]
    assert Fraction(number) == value, value
    return struct.unpack(u, struct.pack(f, number))[0]


def value_from(bits, carrier):
    size, f, u, infinity = CARRIER[carrier]
    sign_bit = 1 << (8 * size - 1)
    magnitude = bits & (sign_bit - 1)
    if magnitude > infinity:
        return NAN
    if magnitude == infinity:
        return NINF if bits & sign_bit else INF
    if bits == sign_bit:
        return NZERO
    return Fraction(struct.unpack(f, struct.pack(u, bits))[0])


def boundary_inputs(name, carrier, thin_negative=False):
    """Bit patterns of a carrier at which a conversion to the format can change its mind."""
    size, _f, _u, infinity = CARRIER[carrier]
    sign_bit = 1 << (8 * size - 1)
    members = magnitudes(name)
    points = list(members)
    points += [(a + b) / 2 for a, b in itertools.pairwise(members)]
    if members[0] != 0:
        points.append(members[0] / 2)
    largest = members[-1]
    if FORMATS[name][0] == "pow2":
        points += [largest * Fraction(3, 2)]
        if carrier == "binary64":
            points += [largest * 2]
    else:
        gap = members[-1] - members[-2]
        points += [largest + gap / 2, largest + gap, largest * 2]
    exact = {bits_from(p, carrier) for p in points}
    near = set()
    for b in exact:
        near.update((b - 1, b + 1) if b else (1,))
    extra = {
        0,
        infinity - 1,
        1,
        1 << (23 if size == 4 else 52),
        infinity,
    }  # largest, smallest, smallest normal, infinity
    positive = {b for b in exact | near | extra if 0 <= b <= infinity}
    negative = (exact | extra) if thin_negative or not FORMATS[name][1] else positive
    quiet = infinity | (infinity & -infinity) >> 1
    nans = {quiet, quiet | sign_bit, infinity + 1}
    return sorted(positive | nans | {b | sign_bit for b in negative})


# writers -------------------------------------------------------------------------------------


def write(path, comments, lines):
    """Comments are wrapped; data lines are as they come."""
    remarks = [line for c in comments for line in textwrap.wrap(c, 108)]
    text = "".join(f"# {r}\n" for r in remarks) + "\n".join(lines) + "\n"
    Path(path).write_bytes(text.encode("ascii"))


def write_recording(path, comments, name, carrier, presets, columns, results):
    """results: {input bits: (code, ...)}, one code per column."""
    width = CARRIER[carrier][0] * 2
    digits = (bits_of(name) + 3) // 4
    lines = ["format " + name, "carrier " + carrier]
    lines += ["column {} {}".format(*pair) for pair in zip(columns, presets, strict=False)]
    groups = {}
    for bits in sorted(results):
        codes = tuple("nan" if is_nan_code(name, c) else f"{c:0{digits}x}" for c in results[bits])
        groups.setdefault(codes, []).append(f"{bits:0{width}x}")
    per_line = 88 // (width + 1)
    for codes, inputs in groups.items():
        for i in range(0, len(inputs), per_line):
            lines.append("out {} : {}".format(" ".join(codes), " ".join(inputs[i : i + per_line])))
    write(path, comments, lines)
