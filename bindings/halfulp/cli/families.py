"""Families of formats, and the formats of a family at a width."""

from __future__ import annotations

import halfulp as hu
from halfulp._format import real_format
from halfulp._kinds import element_kind
from halfulp._phase_format import PhaseFormat

#: Families whose formats have names of their own.
NAMED = {
    "ieee": "infinities and NaNs share the top exponent, as in IEEE 754",
    "fn": "no infinity, NaN at all ones (E4M3 of OCP; e8m0fnu and other unsigned scale formats)",
    "fnuz": "no infinity, one zero, NaN where -0 would be",
    "finite": "every code is a number (FP6 and FP4 of OCP)",
    "dlfloat": "no infinity, no subnormals, NaN at all ones",
    "tapered": "posits and HiFloat8: the more fraction bits the nearer to 1",
    "integer": "two's complement where signed; symmetric (s) without the number that has no opposite",
    "fixed_point": "integers times a power of two",
    "codebook": "a table of numbers",
    "power_of_two": "powers of two, of their root, or sums of a few",
    "ternary": "-1, 0, 1",
    "binary": "-1, 1",
    "complex": "-1, 1, -i, i, for complex arrays",
}
#: Families of every width, reached by name.
ANY_WIDTH = {
    "p3109": "every format of IEEE P3109 with so many bits: Binary<K>p<P> and s or u, e or f",
    "splits": "every split of so many bits into exponent and fraction, all codes numbers: e<E>m<M>f",
}
FAMILIES = NAMED | ANY_WIDTH

_WIDEST = 64


def family(f: hu.Format | PhaseFormat) -> str:
    """Which of NAMED a format belongs to, or p3109."""
    if isinstance(f, PhaseFormat):
        return f.kind
    if f.kind != "float":
        return _without_fields(f)
    if str(f).startswith("Binary"):
        return "p3109"
    if str(f) == "dlfloat16":
        return "dlfloat"
    if f.has_inf:
        return "ieee"
    if not f.has_nan:
        return "finite"
    return "fnuz" if f.signed and not f._spec.has_negative_zero else "fn"


def _without_fields(f: hu.Format) -> str:
    """The family of a format that is no float."""
    if f.kind == "posit" or f.has_inf:
        return "tapered"
    return f.kind.replace(" ", "_") if f.kind != "codebook" else element_kind(f).replace(" ", "_")


def of_width(name: str, bits: int) -> list[hu.Format]:
    """The formats of p3109 or splits with so many bits. Raises ValueError for a width that the family does not have."""
    least = {"p3109": 3, "splits": 2}[name]
    if not least <= bits <= _WIDEST:
        raise ValueError(f"bits is {bits}, allowed in family {name}: {least} to {_WIDEST}")
    if name == "p3109":
        texts = [f"Binary{bits}p{p}{s}{d}" for s in "su" for d in "ef" for p in range(1, bits + 1)]
    else:
        texts = [f"e{e}m{bits - 1 - e}f" for e in range(1, bits)]
    found = [f for f in map(_format_if_any, texts) if f is not None]
    return list(dict.fromkeys(found))


def _format_if_any(text: str) -> hu.Format | None:
    try:
        return real_format(text)
    except ValueError:  # a shape that cannot exist, such as one with more than 19 exponent bits
        return None
