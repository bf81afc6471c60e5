"""What a vectors file is of: everything that its cases and its answers follow from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

LEVELS = (1, 2)


@dataclass(frozen=True)
class Request:
    """The arguments of :func:`halfulp.vectors.write`, under the names that the header has.

    format_a: of quantize, the scheme. count: random cases beside the edges. None: the operation does not have it, or
    takes its default."""

    operation: str
    format_a: str
    format_b: str | None = None
    format_c: str | None = None
    result: str | None = None
    projection: str | None = None
    rounding: str | None = None
    overflow: str | None = None
    nan: str | None = None
    ftz: str | None = None
    random_bits: int | None = None
    daz: bool | None = None
    tininess: str | None = None
    nan_rule: str | None = None
    total: bool | None = None
    signaling: bool | None = None
    accumulate: str | None = None
    length: int | None = None
    level: int = 1
    seed: int = 0
    count: int | None = None

    def __post_init__(self) -> None:
        kinds = get_type_hints(type(self))
        for field in fields(self):
            value = getattr(self, field.name)
            kind = kinds[field.name]
            if not isinstance(value, kind) or (isinstance(value, bool) and kind in (int, int | None)):
                allowed = getattr(kind, "__name__", str(kind))
                raise TypeError(f"{field.name} is {value!r}, allowed: {allowed}")
        if self.level not in LEVELS:
            raise ValueError(f"level is {self.level}, allowed: 1, 2")
        if not 0 <= self.seed < 2**64:
            raise ValueError(f"seed is {self.seed}, allowed: 0 to 2^64 - 1")
        if self.count is not None and not 0 <= self.count < 2**48:
            raise ValueError(f"count is {self.count}, allowed: 0 to 2^48 - 1")
        if self.length is not None and not 1 <= self.length <= 2**16:
            raise ValueError(f"length is {self.length}, allowed: 1 to 65536")

    def given(self) -> dict[str, Any]:
        """Name and value of all that is not None."""
        return {field.name: value for field in fields(self) if (value := getattr(self, field.name)) is not None}

    def texts(self) -> dict[str, str]:
        """As the header has it."""
        return {name: _text(value) for name, value in self.given().items()}


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def from_texts(texts: Mapping[str, str]) -> Request:
    """The request of a header. Raises ValueError that names the key."""
    kinds = get_type_hints(Request)
    unknown = [name for name in texts if name not in kinds]
    if unknown:
        raise ValueError(f"the header has the key {unknown[0]!r}, allowed: {', '.join(kinds)}")
    missing = [name for name in ("operation", "format_a", "level", "seed") if name not in texts]
    if missing:
        raise ValueError(f"the header has no key {missing[0]!r}")
    return Request(**{name: _value(name, kinds[name], text) for name, text in texts.items()})


def _value(name: str, kind: Any, text: str) -> Any:
    if kind == bool | None:
        if text not in ("yes", "no"):
            raise ValueError(f"{name} is {text!r} in the header, allowed: yes, no")
        return text == "yes"
    if kind in (int, int | None):
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{name} is {text!r} in the header, allowed: an integer, 0 or more")
        return int(text)
    return text
