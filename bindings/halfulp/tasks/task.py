"""What every end task is: something that a scheme is measured by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from halfulp._scheme import AnyScheme
from halfulp.tasks.intervals import Measure
from halfulp.tasks.quantization import Rounding

REFERENCE = "(reference)"
"""The value of column `scheme` in the rows of the model as it is stored, with nothing quantized."""


class Task(Protocol):
    """name: the value of column `task`. seed: of every random choice, of texts and of bootstrap samples."""

    name: str

    @property
    def seed(self) -> int: ...

    def prepare(self) -> None:
        """Loads model and texts; raises for options that they do not allow. Done once."""

    def streams(self) -> int:
        """How many arrays draw random bits under a stochastic rounding."""

    def identity(self) -> dict[str, Any]:
        """All that a result depends on but scheme and rounding, as JSON: contents by their hashes."""

    def note(self) -> str:
        """What was measured on what, in one line of text for the results."""

    def measure(self, scheme: AnyScheme | None, how: Rounding) -> list[Measure]:
        """The task's measures under a scheme; None is the model as it is stored."""


def check_count(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is {value!r}, allowed: an integer, {least} or more")
    if value < least:
        raise ValueError(f"{name} is {value}, allowed: {least} or more")


def check_seed(value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"seed is {value!r}, allowed: an integer from 0 to 2^64 - 1")
    if not 0 <= value < 2**64:
        raise ValueError(f"seed is {value}, allowed: 0 to 2^64 - 1")


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def text_hash(texts: Iterable[str]) -> str:
    """SHA-256 of texts in their order, with a zero byte after each."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()
