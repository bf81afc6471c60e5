"""Confirms section 3 of tests/vectors/presets/README.md: python presets_ml_dtypes.py (needs ml_dtypes)."""

from fractions import Fraction

import ml_dtypes
import numpy as np
from common import FORMATS, INF, NAN, NINF, NZERO, boundary_inputs, decode, magnitudes, value_from

TYPES = {
    "e4m3fn": ("float8_e4m3fn", "7f ff 7f ff 7f ff 80 80"),
    "e5m2": ("float8_e5m2", "7c fc 7c fc 7e fe 80 80"),
    "e4m3": ("float8_e4m3", "78 f8 78 f8 7c fc 80 80"),
    "e3m4": ("float8_e3m4", "70 f0 70 f0 78 f8 80 80"),
    "e4m3fnuz": ("float8_e4m3fnuz", "80 80 80 80 80 80 00 00"),
    "e5m2fnuz": ("float8_e5m2fnuz", "80 80 80 80 80 80 00 00"),
    "e4m3b11fnuz": ("float8_e4m3b11fnuz", "80 80 80 80 80 80 00 00"),
    "e3m2fn": ("float6_e3m2fn", "1f 3f 1f 3f 20 00 20 20"),
    "e2m3fn": ("float6_e2m3fn", "1f 3f 1f 3f 20 00 20 20"),
    "e2m1fn": ("float4_e2m1fn", "07 0f 07 0f 08 00 08 08"),
    "e8m0fnu": ("float8_e8m0fnu", "ff ff ff ff ff ff ff ff"),
}
SPECIALS = [0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0xFFC00000, 0x80000000, 0x80000001]


def cast(bits, name, carrier="binary32"):
    integer, real = (np.uint32, np.float32) if carrier == "binary32" else (np.uint64, np.float64)
    with np.errstate(all="ignore"):
        return np.array(bits, integer).view(real).astype(getattr(ml_dtypes, TYPES[name][0])).view(np.uint8).tolist()


def nearest_even(name, x):
    """x >= 0 rounded on the format's grid, exponent unbounded above."""
    _kind, _signed, _e, m, bias = FORMATS[name]
    if x == 0:
        return x
    k = x.numerator.bit_length() - x.denominator.bit_length()
    k -= x < Fraction(2) ** k
    quantum = Fraction(2) ** (max(k, 1 - bias) - m)
    return round(x / quantum) * quantum  # Fraction.__round__ breaks ties to even


def expected(name, x):
    kind = FORMATS[name][0]
    largest = magnitudes(name)[-1]
    negative = x in (NZERO, NINF) or (not isinstance(x, str) and x < 0)
    if x == NAN:
        return None
    value = None if x in (INF, NINF) else nearest_even(name, Fraction(0) if x == NZERO else abs(x))
    if value is None or value > largest:
        return {
            "ieee": NINF if negative else INF,
            "fn": NAN,
            "fnuz": NAN,
            "finite": -largest if negative else largest,
        }[kind]
    if value == 0:
        return NZERO if negative and kind != "fnuz" else value
    return -value if negative else value


def main():
    for name, (attribute, special) in TYPES.items():
        got = " ".join(f"{c:02x}" for c in cast(SPECIALS, name))
        assert got == special, (name, got)
        bits = boundary_inputs(name, "binary32")
        if name != "e8m0fnu":
            for b, code in zip(bits, cast(bits, name), strict=False):
                want = expected(name, value_from(b, "binary32"))
                assert want is None or decode(name, code) == want, (name, hex(b), code)
        else:
            for b, code in zip(bits, cast(bits, name), strict=False):
                if b == 0 or b >= 0x7F400000:
                    want = 0xFF  # zero, overflow, infinity, NaN, everything with a sign
                elif b <= 0x400000:
                    want = 0
                elif b < 0x800000:
                    want = 1  # the lowest gap always goes up
                else:
                    want = (b + 0x400000) >> 23  # ties up
                assert code == want, (hex(b), code, want)
        wide = boundary_inputs(name, "binary64")
        with np.errstate(all="ignore"):
            narrowed = np.array(wide, np.uint64).view(np.float64).astype(np.float32).view(np.uint32).tolist()
        assert cast(wide, name, "binary64") == cast(narrowed, name), name
        for source in (np.float16, ml_dtypes.bfloat16):
            every = np.arange(65536, dtype=np.uint16).view(source)
            with np.errstate(all="ignore"):
                direct = every.astype(getattr(ml_dtypes, attribute)).view(np.uint8)
                through = every.astype(np.float32).astype(getattr(ml_dtypes, attribute)).view(np.uint8)
            assert (direct == through).all(), (name, source)
        print(name, "confirmed")


main()
