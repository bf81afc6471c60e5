"""The code of complex numbers in lists: no hu.Format of real numbers, so its facts are others."""

from __future__ import annotations

from typing import Any

from halfulp._phase_format import ComplexScheme, PhaseFormat
from halfulp.cli.families import family

SOURCE = "arXiv 2508.05571 (iFairy)"

#: The keys that JSON has for it.
FORMAT_KEYS = {
    "name": "the canonical name",
    "kind": '"complex"',
    "aliases": "other names",
    "family": '"complex"',
    "source": "the document that defines it",
    "bits": "width of a code",
    "codes": "how many codes there are",
    "members": "the member of every code, in the order of codes, as text",
    "inf": "is there an infinity?",
    "nan": "is there a NaN?",
    "zero": "±0, 0 or none",
    "ties": "where a number halfway between two members in angle goes",
}
#: Those of a scheme of it.
SCHEME_KEYS = {
    "is": '"scheme"',
    "name": "the canonical text",
    "source": "null: no complex scheme has a published name",
    "element": "the element format",
    "levels": "one: [{group, format, bits_per_element}], two scales for each group",
    "bits_per_element": "of a complex element, scales counted, in a large array",
    "recipe": "fairy2i; null where scales are the exact means",
}


def facts(f: PhaseFormat) -> dict[str, Any]:
    """What FORMAT_KEYS say."""
    members = [_member(value) for value in f.values().tolist()]
    return {
        "name": str(f),
        "kind": f.kind,
        "aliases": [],
        "family": family(f),
        "source": SOURCE,
        "bits": f.bits,
        "codes": len(members),
        "members": members,
        "inf": f.has_inf,
        "nan": f.has_nan,
        "zero": "none",
        "ties": "counter-clockwise",
    }


def row(f: PhaseFormat) -> tuple[str, ...]:
    """The line of `halfulp formats`; the largest and the smallest member are those of the parts."""
    return (str(f), family(f), str(f.bits), "±1 ±i", "1", "1", "none", "", SOURCE)


def scheme_facts(s: ComplexScheme) -> dict[str, Any]:
    """What SCHEME_KEYS say, of a scheme with scales."""
    level = {"group": str(s.group), "format": str(s.scale), "bits_per_element": s.bits_per_element - s.element.bits}
    return {
        "is": "scheme",
        "name": str(s),
        "source": None,
        "element": str(s.element),
        "levels": [level],
        "bits_per_element": s.bits_per_element,
        "recipe": s.recipe or None,
    }


def _member(value: complex) -> str:
    return f"{value.imag:.0f}i".replace("1i", "i") if value.imag else f"{value.real:.0f}"
