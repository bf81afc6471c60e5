"""What is known of a format, as one mapping: for columns, for JSON and for `describe`."""

from __future__ import annotations

from typing import Any

import halfulp as hu
from halfulp import _core
from halfulp.cli.families import family

#: The keys that every command prints for a format.
JSON_KEYS = {
    "name": "the canonical name",
    "aliases": "other names",
    "family": "ieee, fn, fnuz, finite, dlfloat or p3109",
    "source": "the document that defines it; null for a format without a row of its own",
    "bits": "width of a code",
    "exponent_bits": "width of the exponent field",
    "mantissa_bits": "width of the fraction field",
    "precision": "significant bits of a normal member",
    "bias": "what is taken off the exponent field",
    "emin": "exponent of the lowest normal binade",
    "emax": "exponent of the largest finite member",
    "max": "the largest finite member",
    "min_normal": "the smallest normal member above zero",
    "min_positive": "the smallest member above zero",
    "signed": "is there a sign bit?",
    "subnormals": "are there subnormal members?",
    "inf": "is there an infinity?",
    "nan": "is there a NaN?",
    "zero": "±0, 0 or none",
    "native_overflow": "what happens to what is too large where no policy is named",
}


def facts(f: hu.Format) -> dict[str, Any]:
    """What JSON_KEYS says of one format."""
    spec = f._spec
    aliases, source = named(f)
    return {
        "name": str(f),
        "aliases": aliases,
        "family": family(f),
        "source": source,
        "bits": f.bits,
        "exponent_bits": f.exponent_bits,
        "mantissa_bits": f.mantissa_bits,
        "precision": f.precision,
        "bias": f.bias,
        "emin": f.emin,
        "emax": f.emax,
        "max": f.max,
        "min_normal": f.min_normal,
        "min_positive": f.exact(min_positive_code(f)),
        "signed": f.signed,
        "subnormals": spec.has_subnormals,
        "inf": f.has_inf,
        "nan": f.has_nan,
        "zero": "none" if not f.has_zero else "±0" if spec.has_negative_zero else "0",
        "native_overflow": spec.native_overflow(),
    }


def named(f: hu.Format) -> tuple[list[str], str | None]:
    """Its other names and its source, as the registry has them."""
    for _, aliases, spec, source in _core.registry():
        if spec == f._spec:
            return list(aliases), source
    return [], None


def min_positive_code(f: hu.Format) -> int:
    """The code of the smallest member above zero."""
    if not f.has_zero:
        return 0
    # Without subnormals the codes between zero and the first normal member decode to zero.
    return 1 if f._spec.has_subnormals or f.exact(1) != 0 else 1 << f.mantissa_bits


def min_normal_code(f: hu.Format) -> int:
    """The code of the smallest normal member above zero."""
    lowest = min_positive_code(f)
    return 1 << f.mantissa_bits if f._spec.has_subnormals else lowest
