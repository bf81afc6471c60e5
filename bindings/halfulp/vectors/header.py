"""The head of a vectors file: what it is of, how many cases, and the hash of its lines with the expected answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from halfulp import __version__
from halfulp.vectors.field import columns_of
from halfulp.vectors.request import Request, from_texts
from halfulp.vectors.task import Task
from halfulp.vectors.tasks import task_of

#: Of the file format. Another number is another format.
VERSION = "1"
MAGIC = "halfulp vectors"
_MARKS = {"text": "#", "csv": "#", "readmemh": "//"}


@dataclass(frozen=True)
class Header:
    """form: text, csv, jsonl or readmemh. cases, sha256: of the lines. tool: what wrote the file."""

    form: str
    request: Request
    cases: int
    sha256: str
    tool: str = f"halfulp {__version__}"

    def lines(self, task: Task) -> bytes:
        """The text; all files of one request have it in one length, whatever their hash is."""
        texts = {"tool": self.tool} | self.request.texts()
        texts["columns"] = " ".join(map(str, task.fields))
        texts |= {"cases": str(self.cases), "sha256": self.sha256}
        if self.form == "jsonl":
            return (json.dumps({MAGIC: VERSION} | texts) + "\n").encode()
        if self.form == "readmemh":
            texts["word"] = _packing(task)
        mark = _MARKS[self.form]
        lines = [f"{mark} {MAGIC} {VERSION}", *(f"{mark} {key}: {text}" for key, text in texts.items())]
        if self.form == "csv":
            lines.append(",".join(column.name for column in [*task.inputs, *task.outputs]))
        return ("\n".join(lines) + "\n").encode()


def _packing(task: Task) -> str:
    """Which bits of a word are whose, lanes in order; every column takes whole hexadecimal digits."""
    columns = columns_of(task.fields)
    end = sum(4 * column.field.digits for column in columns)
    parts = []
    for column in columns:
        end -= 4 * column.field.digits
        parts.append(f"{column.name}[{end + column.field.bits - 1}:{end}]")
    return " ".join(parts)


class NoHeader(ValueError):
    """A file that does not begin as a vectors file does."""


def form_of(first: str) -> str:
    """The form of a file by its first line; csv shows itself only at the end of the header. Raises NoHeader."""
    if first.startswith("{"):
        return "jsonl"
    for form in ("readmemh", "text"):
        if first.startswith(f"{_MARKS[form]} {MAGIC} "):
            _check_version(first.rpartition(" ")[2])
            return form
    raise NoHeader(
        f"line 1 is {first[:60]!r}, allowed: the first line of a vectors file, such as '# {MAGIC} {VERSION}'"
    )


def _check_version(version: str) -> None:
    if version != VERSION:
        raise ValueError(
            f"the file is of version {version[:20]!r} of the format, allowed: {VERSION}; another halfulp wrote it"
        )


def header_line(form: str, line: str, number: int) -> tuple[str, str] | None:
    """Key and text of a line of the header; None where the header has ended."""
    mark = _MARKS[form]
    if not line.startswith(mark):
        return None
    key, colon, text = line.removeprefix(mark).strip().partition(": ")
    if not colon:
        raise ValueError(f"line {number} is {line[:60]!r}, allowed in a header: '{mark} key: text'")
    return key, text


def json_header(line: str) -> dict[str, str]:
    """The texts of the first line of JSON lines."""
    try:
        found = json.loads(line)
    except ValueError as error:
        raise NoHeader(f"line 1 is no JSON object: {error}") from None
    if not isinstance(found, dict) or MAGIC not in found or not all(isinstance(text, str) for text in found.values()):
        raise NoHeader(f"line 1 is {line[:60]!r}, allowed: the header's object, with the key {MAGIC!r}")
    _check_version(found.pop(MAGIC))
    return found


def from_header(form: str, texts: Mapping[str, str]) -> tuple[Header, Task]:
    """Raises ValueError for keys that are missing, unknown, or do not go together."""
    rest = dict(texts)
    rest.pop("word", None)
    for key in ("tool", "columns", "cases", "sha256"):
        if key not in rest:
            raise ValueError(f"the header has no key {key!r}")
    tool, columns, cases, sha256 = (rest.pop(key) for key in ("tool", "columns", "cases", "sha256"))
    if not (cases.isascii() and cases.isdigit()):
        raise ValueError(f"cases is {cases!r} in the header, allowed: an integer, 0 or more")
    if len(sha256) != 64 or set(sha256) - set("0123456789abcdef"):
        raise ValueError(f"sha256 is {sha256!r} in the header, allowed: 64 hexadecimal digits")
    request = from_texts(rest)
    task = task_of(request)
    if columns != " ".join(map(str, task.fields)):
        expected = " ".join(map(str, task.fields))
        raise ValueError(f"columns is {columns!r} in the header, allowed for its operation and formats: {expected!r}")
    return Header(form, request, int(cases), sha256, tool), task
