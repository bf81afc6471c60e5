"""Vectors files and answers of devices, read in blocks. Errors name the line and the column."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from halfulp.vectors.field import Column
from halfulp.vectors.header import Header, NoHeader, form_of, from_header, header_line, json_header
from halfulp.vectors.layout import layout
from halfulp.vectors.task import Task

_BLOCK_BYTES = 2**22
#: A header has about twenty lines.
_HEADER_LINES = 100
_LONGEST_LINE = 2**22
_HEX = re.compile(r"(0[xX])?([0-9a-fA-F_]+)\Z")
_UNKNOWN = re.compile(r"[0-9a-fA-FxXzZ_]+\Z")


class Unfinished(ValueError):
    """A line that ends too early: where a file is cut off, its last one."""


@dataclass(frozen=True)
class Block:
    """rows: of the columns. lines: the number of each in its file, from 1 on."""

    rows: np.ndarray
    lines: np.ndarray


class VectorsFile:
    """A file of `halfulp vectors`, or what a device made of it. Raises ValueError for a header that does not parse."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        with self.path.open("rb") as file:
            self.header, self.task, self._first_line = _read_header(file)
            self._start = file.tell()

    @property
    def columns(self) -> list[Column]:
        return [*self.task.inputs, *self.task.outputs]

    def blocks(self) -> Iterator[Block]:
        """All rows. Raises ValueError for lines that do not parse, and where there are more or fewer than the header
        says."""
        with self.path.open("rb") as file:
            file.seek(self._start)
            rows = Rows(str(self.path), self.header.form, self.columns)
            yield from rows.blocks(file, self._first_line, self.header.cases)


class AnswersFile:
    """A device's answers, one case a line, in the order of the vectors: hexadecimal results, flags last where there are
    any."""

    def __init__(self, path: str | os.PathLike[str], task: Task, flags: bool) -> None:
        self.path = Path(path)
        self.columns = [column for column in task.outputs if flags or column.name != "flags"]
        self._may_have_flags = task.has_flags and not flags

    def blocks(self, cases: int) -> Iterator[Block]:
        """All rows; raises as :meth:`VectorsFile.blocks` does."""
        extra = 1 if self._may_have_flags else 0
        with self.path.open("rb") as file:
            yield from Rows(str(self.path), "text", self.columns, extra).blocks(file, 1, cases)


class Rows:
    """Lines of a form as rows. extra: columns that a line may have behind these."""

    def __init__(self, name: str, form: str, columns: Sequence[Column], extra: int = 0) -> None:
        self._name = name
        self._form = form
        self._columns = columns
        self._extra = extra
        self._layout = layout(form, columns)

    def blocks(self, file: BinaryIO, line: int, cases: int) -> Iterator[Block]:
        """From where the file is, which is line `line`."""
        seen, size = 0, max(1, _BLOCK_BYTES // self._layout.width) * self._layout.width
        while content := file.read(size):
            rows = self._layout.read(content)
            if rows is not None:
                block = Block(rows, np.arange(line, line + len(rows)))
                line += len(rows)
            else:
                if not content.endswith(b"\n"):
                    content += file.readline(_LONGEST_LINE)
                texts = content.decode("utf-8", "replace").split("\n")
                block = self._singly(texts, line, seen, cases)
                line += len(texts) - 1
            seen += len(block.rows)
            if seen > cases:
                raise ValueError(
                    f"{self._name}, line {block.lines[cases - seen]}: a case more than the {cases} that the header says"
                )
            yield block
        if seen < cases:
            raise ValueError(self._cut_off(seen, cases))

    def _singly(self, texts: list[str], first: int, seen: int, cases: int) -> Block:
        rows: list[list[int]] = []
        lines: list[int] = []
        for number, text in enumerate(texts, first):
            try:
                row = self._row(text, number)
            except Unfinished as error:
                if number == first + len(texts) - 1:  # no end of a line behind it
                    raise ValueError(f"{self._cut_off(seen + len(rows), cases)} ({error})") from None
                raise ValueError(str(error)) from None
            if row is not None:
                rows.append(row)
                lines.append(number)
        return Block(np.array(rows, dtype=np.uint64).reshape(-1, len(self._columns)), np.array(lines, dtype=np.int64))

    def _cut_off(self, seen: int, cases: int) -> str:
        return f"{self._name} ends after {seen} of {cases} cases: it is cut off, or a case is missing"

    def _row(self, line: str, number: int) -> list[int] | None:
        """None of a line without data."""
        if self._form == "jsonl":
            return self._json_row(line, number)
        text = line.partition("//")[0].partition("#")[0]
        if not text.strip():
            return None
        words = list(self._words(text, number))
        if len(words) < len(self._columns):
            missing = self._columns[len(words)].name
            raise Unfinished(
                f"{self._name}, line {number}, column {len(text.rstrip()) + 1}: {missing} is missing, the line has "
                f"{len(words)} of {len(self._columns)} columns"
            )
        if len(words) > len(self._columns) + self._extra:
            at = words[len(self._columns) + self._extra]
            raise ValueError(
                f"{self._name}, line {number}, column {at[1]}: {at[0][:40]!r} is one column too many, allowed: "
                f"{len(self._columns)}"
            )
        return [self._value(column, *word, number) for column, word in zip(self._columns, words, strict=False)]

    def _words(self, text: str, number: int) -> Iterator[tuple[str, int]]:
        """What stands in each column, and where it begins, from 1 on."""
        if self._form == "text":
            for match in re.finditer(r"\S+", text):
                yield match.group(), match.start() + 1
        elif self._form == "csv":
            place = 1
            for part in text.split(","):
                yield part.strip(), place + len(part) - len(part.lstrip())
                place += len(part) + 1
        else:
            word, start = text.strip().replace("_", ""), len(text) - len(text.lstrip())
            width = sum(column.field.digits for column in self._columns)
            if len(word) < width:
                raise Unfinished(
                    f"{self._name}, line {number}, column {start + len(word) + 1}: the word has {len(word)} of {width} "
                    "hexadecimal digits"
                )
            if len(word) > width:
                raise ValueError(
                    f"{self._name}, line {number}, column {start + width + 1}: the word has {len(word)} hexadecimal "
                    f"digits, allowed: {width}"
                )
            place = 0
            for column in self._columns:
                yield word[place : place + column.field.digits], start + place + 1
                place += column.field.digits

    def _json_row(self, line: str, number: int) -> list[int] | None:
        if not line.strip():
            return None
        try:
            found = json.loads(line)
        except json.JSONDecodeError as error:
            kind = Unfinished if error.pos >= len(line.rstrip()) or "Unterminated" in error.msg else ValueError
            raise kind(f"{self._name}, line {number}, column {error.colno}: no JSON: {error.msg}") from None
        if not isinstance(found, dict):
            raise ValueError(f'{self._name}, line {number}, column 1: allowed: an object, as {{"a": "7e"}}')
        row = []
        for column in self._columns:
            if column.name not in found:
                raise ValueError(f"{self._name}, line {number}, column {len(line)}: the key {column.name!r} is missing")
            text = found[column.name]
            at = line.find(f'"{column.name}"') + 1
            if not isinstance(text, str):
                raise ValueError(
                    f"{self._name}, line {number}, column {at}: {column.name} is {text!r}, allowed: a text of "
                    "hexadecimal digits"
                )
            row.append(self._value(column, text, at, number))
        return row

    def _value(self, column: Column, text: str, at: int, number: int) -> int:
        where = f"{self._name}, line {number}, column {at}: {column.name} is"
        match = _HEX.match(text)
        digits = match.group(2).replace("_", "") if match else ""
        if not digits:
            hint = "; x and z are bits that a simulator does not know" if text and _UNKNOWN.match(text) else ""
            raise ValueError(f"{where} {text[:40]!r}, allowed: hexadecimal digits{hint}")
        value = int(digits, 16)
        field = column.field
        if value > field.last:
            of = f"{field.format}, {field.bits} bits" if field.format is not None else f"{field.bits} bits"
            raise ValueError(f"{where} {text[:40]}, allowed: 0 to {field.last:x} ({of})")
        return value


def _read_header(file: BinaryIO) -> tuple[Header, Task, int]:
    """The header, its task, and the number of the line behind it."""
    first = _line(file)
    if not first:
        raise NoHeader("the file is empty")
    form = form_of(first)
    if form == "jsonl":
        return *from_header(form, json_header(first)), 2
    texts: dict[str, str] = {}
    for number in range(2, _HEADER_LINES):
        start, line = file.tell(), _line(file)
        found = header_line(form, line, number)
        if found is not None:
            key, text = found
            if key in texts:
                raise ValueError(f"line {number}: the header has the key {key!r} twice")
            texts[key] = text
            continue
        if form == "text" and "," in line:
            return *from_header("csv", texts), number + 1
        file.seek(start)
        return *from_header(form, texts), number
    raise ValueError(f"the header has more than {_HEADER_LINES} lines")


def _line(file: BinaryIO) -> str:
    return file.readline(_LONGEST_LINE).decode("utf-8", "replace").rstrip("\r\n")
