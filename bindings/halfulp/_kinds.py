"""What kind of numbers a format has, as lists, tables and pictures tell them apart."""

from __future__ import annotations

from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._phase_format import PhaseFormat, names_phases

#: In the order in which lists have them.
KINDS: tuple[str, ...] = ("float", "integer", "posit", "codebook", "power of two", "ternary", "binary", "complex")

_POWERS = ("pot", "apot", "sqrt2pot")


def element_kind(f: Format | PhaseFormat) -> str:
    """One of KINDS. A table with infinities (HiFloat8) counts as a float, fixed point as an integer, since a scale is
    all that lies between them; a table of two numbers is binary, one of three is ternary, whatever its name."""
    if f.kind == "fixed point":
        return "integer"
    if isinstance(f, PhaseFormat) or f.kind != "codebook":
        return f.kind
    if f.has_inf:
        return "float"
    if str(f).startswith(_POWERS):
        return "power of two"
    return {2: "binary", 3: "ternary"}.get(f._spec.last_code + 1, "codebook")


def kind_of_element(text: str) -> str:
    """The kind of a format's text, as tables have it. The process that reads it may not know a user's own table."""
    if names_phases(text):
        return PhaseFormat.kind
    if not text.startswith("table:"):
        return element_kind(to_format(text))
    try:
        return element_kind(to_format(text))
    except ValueError:
        return "codebook"
