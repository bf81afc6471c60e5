"""Rows as text and back. In every form all lines of a file have one length, so blocks go through NumPy as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from halfulp.vectors.field import Column

FORMS = ("text", "csv", "jsonl", "readmemh")

_DIGITS = np.frombuffer(b"0123456789abcdef", dtype=np.uint8)
_VALUES = np.full(256, 255, dtype=np.uint8)
_VALUES[_DIGITS] = np.arange(16)


@dataclass(frozen=True)
class Layout:
    """Lines of hexadecimal digits. before: what stands before each column; after: what ends the line."""

    columns: Sequence[Column]
    before: Sequence[bytes]
    after: bytes

    @property
    def width(self) -> int:
        """Bytes of a line, its end included."""
        return sum(map(len, self.before)) + sum(column.field.digits for column in self.columns) + len(self.after)

    def write(self, rows: np.ndarray) -> bytes:
        page = np.empty((len(rows), self.width), dtype=np.uint8)
        place = 0
        for i, (text, column) in enumerate(zip(self.before, self.columns, strict=True)):
            page[:, place : place + len(text)] = np.frombuffer(text, dtype=np.uint8)
            place += len(text)
            digits = column.field.digits
            for digit in range(digits):
                nibble = rows[:, i] >> np.uint64(4 * (digits - 1 - digit)) & np.uint64(15)
                page[:, place + digit] = _DIGITS[nibble.astype(np.int64)]
            place += digits
        page[:, place:] = np.frombuffer(self.after, dtype=np.uint8)
        return page.tobytes()

    def read(self, content: bytes) -> np.ndarray | None:
        """Rows of lines that are just as write() writes them; None for others, which somebody has to look at singly."""
        if len(content) % self.width:
            return None
        page = np.frombuffer(content, dtype=np.uint8).reshape(-1, self.width)
        rows = np.empty((len(page), len(self.columns)), dtype=np.uint64)
        place = 0
        for i, (text, column) in enumerate(zip(self.before, self.columns, strict=True)):
            if (page[:, place : place + len(text)] != np.frombuffer(text, dtype=np.uint8)).any():
                return None
            place += len(text)
            rows[:, i] = 0
            for digit in range(column.field.digits):
                value = _VALUES[page[:, place + digit]]
                if (value == 255).any():
                    return None
                rows[:, i] = rows[:, i] << np.uint64(4) | value
            place += column.field.digits
            if (rows[:, i] > np.uint64(column.field.last)).any():
                return None
        if (page[:, place:] != np.frombuffer(self.after, dtype=np.uint8)).any():
            return None
        return rows


def layout(form: str, columns: Sequence[Column]) -> Layout:
    """text: blanks between columns. csv: commas. jsonl: an object a line. readmemh: one word a line, the columns behind
    one another."""
    if form == "jsonl":
        names = [f'"{column.name}":"'.encode() for column in columns]
        return Layout(columns, [b"{" + names[0], *(b'",' + name for name in names[1:])], b'"}\n')
    between = {"text": b" ", "csv": b",", "readmemh": b""}[form]
    return Layout(columns, [b"", *[between] * (len(columns) - 1)], b"\n")
