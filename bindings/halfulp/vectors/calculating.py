"""Arithmetic on bit patterns, for making operands whose results lie where one wants them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from halfulp import codes
from halfulp._format import Format
from halfulp.vectors.field import to_codes, to_patterns
from halfulp.vectors.task import plain_keywords

Operand = tuple[np.ndarray, Format]


def calculated(operation: str, operands: Sequence[Operand], to: Format) -> np.ndarray:
    """The pattern nearest to an operation's result in a format; saturating, and a number where that has no NaN."""
    given = [to_codes(patterns, f) for patterns, f in operands]
    formats = {f"format_{letter}": f for letter, (_, f) in zip("abc", operands, strict=False)}
    how = plain_keywords(to, "nearest_ties_to_even")
    return to_patterns(getattr(codes, operation)(*given, **formats, format=to, **how), to)


def scaled(operand: Operand, exponents: np.ndarray | np.int64, to: Format) -> np.ndarray:
    """operand * 2^exponents."""
    patterns, f = operand
    how = plain_keywords(to, "nearest_ties_to_even")
    return to_patterns(codes.scalb(to_codes(patterns, f), exponents, f, format=to, **how), to)


def midpoint(operand: Operand, to: Format) -> np.ndarray:
    """Halfway between a member and the next one up: exact where `to` has a bit more."""
    above = calculated("next_up", [operand], operand[1])
    here, there = (scaled((patterns, operand[1]), np.int64(-1), to) for patterns in (operand[0], above))
    return calculated("add", [(here, to), (there, to)], to)


def half_step(operand: Operand, to: Format) -> np.ndarray:
    """Half of the distance from a member to the next one up."""
    above = calculated("next_up", [operand], operand[1])
    step = calculated("sub", [(above, operand[1]), operand], to)
    return scaled((step, to), np.int64(-1), to)
