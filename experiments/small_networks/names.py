"""Formats of a width, and what networks, conditions and techniques are called in tables and pictures."""

from __future__ import annotations

import halfulp as hu

NETWORKS = {"mlp": "MLP", "cnn": "CNN"}
AS_TRAINED, BADLY_SCALED, APART = "as trained", "badly scaled", "batch norm apart"
TECHNIQUES = {
    "": "nothing",
    "bias": "bias correction",
    "equalized": "equalization",
    "both": "equalization and bias correction",
}


def weight_formats(width: int) -> list[str]:
    """The symmetric integer of a width, then its minifloats, fewest exponent bits first; every code is a number."""
    return [f"int{width}s", *(f"e{e}m{width - 1 - e}f" for e in range(1, width))]


def unsigned(name: str) -> str:
    """The format of as many bits and the same exponent field whose sign bit has gone to the mantissa."""
    width, exponent = width_of(name), exponent_of(name)
    return f"e{exponent}m{width - exponent}fu" if exponent else f"uint{width}"


def width_of(name: str) -> int:
    return hu.format(name).bits


def exponent_of(name: str) -> int:
    """Exponent bits; 0 for integers."""
    found = hu.format(name)
    return found.exponent_bits if found.kind == "float" else 0


def title(name: str) -> str:
    """A format as pictures call it: INT4, E2M1, and without a sign UINT4, E2M2."""
    found = hu.format(name)
    if found.kind == "float":
        return f"E{found.exponent_bits}M{found.mantissa_bits}"
    return f"{'INT' if found.signed else 'UINT'}{found.bits}"
