"""The format of the complex code {±1, ±i} and its schemes, which no real array takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from halfulp._format import Format

NAME = "pm1_pmi"
BITS = 2


class PhaseFormat:
    """Complex numbers -1, 1, -i, i, coded 0 to 3 (arXiv 2508.05571). ``hu.format("pm1_pmi")``.

    An element goes to the member of its half-open sector, counter-clockwise from -π/4; zero is 1.
    """

    name = NAME
    kind = "complex"
    bits = BITS
    signed = True
    has_inf = False
    has_nan = False
    has_zero = False
    code_dtype = np.dtype(np.uint8)

    def values(self) -> np.ndarray:
        """The value of every code, in the order of codes, complex64."""
        return np.array([-1, 1, -1j, 1j], dtype=np.complex64)

    def describe(self) -> str:
        """Everything about the format, as a YAML block."""
        return (
            f'name: {NAME}\nkind: complex\nsource: "arXiv 2508.05571 (iFairy), arXiv 2512.02901 (Fairy2i)"\nbits: 2\n'
            "codes: [-1, 1, -i, i]\nsectors: half open, counter-clockwise from -pi/4\nzero: none, zero becomes 1\n"
        )

    def __str__(self) -> str:
        return NAME

    def __repr__(self) -> str:
        return f"halfulp.format({NAME!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PhaseFormat)

    def __hash__(self) -> int:
        return hash(NAME)


class ComplexScheme(NamedTuple):
    """pm1_pmi with a level of scales, two for each group. group: a length along the axis, "channel", "tensor", or None
    where there are no scales. recipe: "" (the exact means) or "fairy2i" (no scale below 1e-6 in binary32)."""

    group: int | str | None
    scale: Format | None
    recipe: str

    @property
    def name(self) -> str:
        """The canonical text."""
        if self.scale is None:
            return NAME
        return f"{NAME}/{self.group}:{self.scale.name}" + (f"@recipe={self.recipe}" if self.recipe else "")

    @property
    def element(self) -> PhaseFormat:
        return PhaseFormat()

    @property
    def bits_per_element(self) -> float:
        """Bits per complex element, scales of whole groups of a length counted."""
        if self.scale is None or isinstance(self.group, str) or self.group is None:
            return float(BITS)
        return BITS + 2 * self.scale.bits / self.group

    def __str__(self) -> str:
        return self.name


def names_phases(text: Any) -> bool:
    """Does this name the complex code, alone or with scales?"""
    if isinstance(text, str):
        return text.startswith(NAME) and text.replace("@", "/").split("/", 1)[0] == NAME
    return isinstance(text, (PhaseFormat, ComplexScheme))
