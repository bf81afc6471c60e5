"""Columns of a vectors file: what stands in them, how wide they are, and codes as bit patterns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from halfulp._format import Format

FLAG_NAMES = {1: "inexact", 2: "underflow", 4: "overflow", 8: "divide by zero", 16: "invalid"}
FLAG_BITS = 5
_WORD = np.uint64


@dataclass(frozen=True)
class Field:
    """A column, or `lanes` of them, one for each element of a block. format: whose codes stand there, None for random
    bits, flags and orders."""

    name: str
    bits: int
    format: Format | None = None
    lanes: int = 1
    numbered: bool = False

    @property
    def names(self) -> list[str]:
        return [f"{self.name}{lane}" for lane in range(self.lanes)] if self.numbered else [self.name]

    @property
    def digits(self) -> int:
        """Hexadecimal ones."""
        return -(-self.bits // 4)

    @property
    def last(self) -> int:
        """The largest pattern that may stand there."""
        return (1 << self.bits) - 1 if self.format is None else int(self.format._spec.last_code)

    def __str__(self) -> str:
        """As the header has it."""
        return f"{self.name}{f'0..{self.lanes - 1}' if self.numbered else ''}:{self.bits}"


@dataclass(frozen=True)
class Column:
    """One of a field's columns."""

    name: str
    field: Field


def columns_of(fields: Sequence[Field]) -> list[Column]:
    return [Column(name, field) for field in fields for name in field.names]


def code_field(name: str, f: Format, lanes: int | None = None) -> Field:
    """lanes: None for one column without a number."""
    return Field(name, f.bits, f, lanes or 1, lanes is not None)


def to_codes(patterns: np.ndarray, f: Format) -> np.ndarray:
    """Bit patterns as codes of the format, with its dtype."""
    if not f._spec.signed_codes:
        return patterns.astype(f.code_dtype)
    spare = np.int64(64 - f.bits)
    return ((patterns.astype(_WORD).view(np.int64) << spare) >> spare).astype(f.code_dtype)


def to_patterns(codes: np.ndarray, f: Format) -> np.ndarray:
    """Codes as uint64, those with a sign cut to the format's width."""
    wide = codes.astype(np.int64).view(_WORD) if codes.dtype.kind == "i" else codes.astype(_WORD)
    return wide & _WORD((1 << f.bits) - 1)


def flags_text(flags: int) -> str:
    return ", ".join(name for bit, name in FLAG_NAMES.items() if flags & bit) or "none"
