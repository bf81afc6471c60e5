"""What is known of a format, as one mapping: for columns, for JSON and for `describe`."""

from __future__ import annotations

from typing import Any

import halfulp as hu
from halfulp import _core
from halfulp.cli.families import family
from halfulp.cli.float_fields import float_fields

_NAMES = {
    "name": "the canonical name",
    "kind": "float, integer, fixed point, posit or codebook",
    "aliases": "other names",
}
_SOURCE = {
    "source": "the document that defines it; null for a format without a row of its own",
    "bits": "width of a code",
}
_OVERFLOW = {"native_overflow": "what happens to what is too large where no policy is named"}

#: The keys that every command prints for a float format.
FLOAT_KEYS = {
    **_NAMES,
    "family": "ieee, fn, fnuz, finite, dlfloat or p3109",
    **_SOURCE,
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
    **_OVERFLOW,
}
#: Those of a format of another kind.
OTHER_KEYS = {
    **_NAMES,
    "family": "tapered, integer, fixed_point, codebook, power_of_two, ternary or binary",
    **_SOURCE,
    "codes": "how many codes there are",
    "min": "the smallest finite member",
    "max": "the largest finite member",
    "min_positive": "the smallest member above zero; null where there is none",
    "signed": "are there members below zero?",
    "inf": "is there an infinity?",
    "nan": "is there a NaN?",
    "zero": "±0, 0 or none",
    "ties": "where a number halfway between two members goes: to this one of them",
    **_OVERFLOW,
}


def facts(f: hu.Format) -> dict[str, Any]:
    """What FLOAT_KEYS or OTHER_KEYS say of one format."""
    aliases, source = named(f)
    first = {
        "name": str(f),
        "kind": f.kind,
        "aliases": aliases,
        "family": family(f),
        "source": source,
        "bits": f.bits,
    }
    own = _of_float(f) if f.kind == "float" else _of_other(f)
    return {**first, **own, "native_overflow": f._spec.native_overflow()}


def _of_float(f: hu.Format) -> dict[str, Any]:
    return {
        "exponent_bits": f.exponent_bits,
        "mantissa_bits": f.mantissa_bits,
        "precision": f.precision,
        "bias": f.bias,
        "emin": f.emin,
        "emax": f.emax,
        "max": f.max,
        "min_normal": f.min_normal,
        "min_positive": f.min_positive,
        "signed": f.signed,
        "subnormals": f._spec.has_subnormals,
        "inf": f.has_inf,
        "nan": f.has_nan,
        "zero": _zero(f),
    }


def _of_other(f: hu.Format) -> dict[str, Any]:
    return {
        "codes": f._spec.last_code + 1,
        "min": f.min,
        "max": f.max,
        "min_positive": f.min_positive,
        "signed": f.signed,
        "inf": f.has_inf,
        "nan": f.has_nan,
        "zero": _zero(f),
        "ties": ties(f),
    }


def _zero(f: hu.Format) -> str:
    return "none" if not f.has_zero else "±0" if f._spec.has_negative_zero else "0"


def ties(f: hu.Format) -> str:
    """Which of two neighbours is even, of a format that is no float."""
    if f.kind == "codebook":
        return described(f)["tie"]
    return "the even code" if f.kind == "posit" else "the even integer"


def described(f: hu.Format) -> dict[str, str]:
    """The lines of describe(), without quotes and remarks."""
    lines = (line.partition(": ") for line in f.describe().splitlines())
    return {key: value.partition("  # ")[0].strip('"') for key, _, value in lines}


def named(f: hu.Format) -> tuple[list[str], str | None]:
    """Its other names and its source, as the registry has them; a table without a row may still know its source."""
    for _, aliases, spec, source in _core.registry():
        if spec == f._spec:
            return list(aliases), source
    return [], described(f).get("source") or None


def min_positive_code(f: hu.Format) -> int:
    """The code of the smallest member above zero, of a float."""
    if not f.has_zero:
        return 0
    # Without subnormals the codes between zero and the first normal member decode to zero.
    return 1 if f._spec.has_subnormals or f.exact(1) != 0 else 1 << float_fields(f).mantissa_bits


def min_normal_code(f: hu.Format) -> int:
    """The code of the smallest normal member above zero, of a float."""
    lowest = min_positive_code(f)
    return 1 << float_fields(f).mantissa_bits if f._spec.has_subnormals else lowest
