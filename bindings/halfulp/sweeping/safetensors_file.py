"""The safetensors container: where in the file each tensor lies.

Layout: 8 bytes N (little-endian), N bytes of JSON, then the tensors' bytes without holes or overlaps; offsets count
from the end of the JSON. Reading it here instead of through the package keeps arrays mapped (a model may be larger than
memory, and a process pool is sent places instead of arrays), reads bfloat16 with NumPy alone, and says what is wrong
with a damaged file.
Source: the format's description in the safetensors repository (README, "Format"), whose 100 MB limit on N is kept.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

_HEADER_LIMIT = 100_000_000


class Entry(NamedTuple):
    """One tensor. dtype: the file's word ("F32", "BF16", ...). start, end: bytes from the start of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int


def read_entries(path: Path) -> list[Entry]:
    """The tensors of a file, in the order in which they lie there. Raises ValueError that says what is wrong with the
    file."""
    size = path.stat().st_size
    with path.open("rb") as file:
        prefix = file.read(8)
        if len(prefix) < 8:
            raise _damaged(path, f"{size} bytes are too few for a header")
        length = int.from_bytes(prefix, "little")
        if length > _HEADER_LIMIT or length > size - 8:
            raise _damaged(path, f"its header should be {length} bytes, the file has {size} in all")
        text = file.read(length)
    try:
        header = json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise _damaged(path, f"its header is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise _damaged(path, "its header is not a JSON object")
    first = 8 + length
    entries = [_entry(path, name, fields, first) for name, fields in header.items() if name != "__metadata__"]
    entries.sort(key=lambda entry: (entry.start, entry.end))
    at = first
    for entry in entries:
        if entry.end > size:
            raise _damaged(
                path, f"tensor {entry.name!r} ends at byte {entry.end}, the file has {size}: is it truncated?"
            )
        if entry.start != at:
            raise _damaged(path, f"tensor {entry.name!r} starts at byte {entry.start}, expected {at}")
        at = entry.end
    if at != size:
        raise _damaged(path, f"its tensors end at byte {at}, the file has {size}")
    return entries


def _entry(path: Path, name: str, fields: Any, first: int) -> Entry:
    try:
        dtype, shape, (begin, end) = fields["dtype"], fields["shape"], fields["data_offsets"]
    except (KeyError, TypeError, ValueError):
        raise _damaged(path, f"tensor {name!r} lacks dtype, shape or data_offsets") from None
    numbers = [*shape, begin, end] if isinstance(shape, list) else [None]
    if not isinstance(dtype, str) or any(type(n) is not int or n < 0 for n in numbers) or begin > end:
        raise _damaged(path, f"tensor {name!r} has a dtype, shape or data_offsets that cannot be")
    return Entry(name, dtype, tuple(shape), first + begin, first + end)


def check_bytes(path: Path, entry: Entry, itemsize: int) -> None:
    """ValueError where a tensor's shape and its bytes disagree."""
    if math.prod(entry.shape) * itemsize != entry.end - entry.start:
        raise _damaged(
            path, f"tensor {entry.name!r} of shape {entry.shape} and {entry.dtype} has {entry.end - entry.start} bytes"
        )


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands in it twice")
    return found


def _damaged(path: Path, what: str) -> ValueError:
    return ValueError(f"{path} is not a sound safetensors file: {what}")
