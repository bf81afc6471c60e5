"""Schemes: an element format and levels of scales over groups, as text and as objects."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from halfulp import _core
from halfulp._format import Format, _dtype_name, check_ascii
from halfulp._format import format as to_format


class Level(NamedTuple):
    """One level of scales. group: a length along the axis (from the second level on: of the scales before it), or
    "tensor"."""

    group: int | str
    format: Format


class Scheme:
    """An element format and levels of scales, innermost first. Get one with :func:`scheme`."""

    __slots__ = ("_hash", "_spec")

    def __init__(self, spec: _core.Scheme) -> None:
        self._spec = spec
        self._hash = hash(str(spec))

    @property
    def name(self) -> str:
        """The canonical text."""
        return str(self._spec)

    @property
    def element(self) -> Format:
        return Format(self._spec.element)

    @property
    def levels(self) -> tuple[Level, ...]:
        return tuple(Level(group, Format(spec)) for group, spec in self._spec.levels)

    @property
    def bits_per_element(self) -> float:
        """Bits per element with scales counted, in a large array: what an array has once does not count, nor a ragged
        last group."""
        return self._spec.bits_per_element

    def describe(self) -> str:
        """Everything about the scheme, as a YAML block."""
        lines = [
            f"name: {self.name}",
            f"bits_per_element: {self.bits_per_element:g}",
            "levels:" if self.levels else "levels: []",
        ]
        for level in self.levels:
            rule = (
                "recipe: ocp_floor" if not level.format.has_zero else "scale: largest magnitude / largest reach (rne)"
            )
            lines.append(f"  - {{group: {level.group}, format: {level.format}, {rule}}}")
        element = "".join(f"  {line}\n" for line in self.element.describe().splitlines())
        return "\n".join(lines) + "\nelement:\n" + element

    def __str__(self) -> str:
        return str(self._spec)

    def __repr__(self) -> str:
        return f"halfulp.scheme({str(self._spec)!r})"

    def __eq__(self, other: object) -> bool:
        return self._spec == other._spec if isinstance(other, Scheme) else NotImplemented

    def __hash__(self) -> int:
        return self._hash

    def __reduce__(self) -> tuple[Any, ...]:
        return scheme, (str(self._spec),)


def scheme(text: Any) -> Scheme:
    """A scheme by its text: a published name ("mxfp4", "nvfp4"), ``element{/group:format}``, or a format, which is a
    scheme without levels. Raises ValueError that says what is expected."""
    if isinstance(text, Scheme):
        return text
    if isinstance(text, str):
        return _named(text)
    if not isinstance(text, Format) and _dtype_name(text) is None:
        raise TypeError(f"scheme is a {type(text).__name__}, allowed: a text, a Scheme, a Format, or a dtype")
    return Scheme(_core.make_scheme(to_format(text)._spec))


@lru_cache(maxsize=1024)
def _named(text: str) -> Scheme:
    check_ascii("scheme", text)
    return Scheme(_core.parse_scheme(text))


def schemes() -> list[Scheme]:
    """The schemes with published names."""
    return [scheme(name) for name, _, _ in _core.published_schemes()]


def expand_schemes(texts: Any) -> list[Scheme]:
    """All schemes that a text with braces, or a list of texts and schemes, stands for; each once, in order.

    Braces expand as in a shell: ``"e{2..3}m{0..3}f/{16,32}:e8m0fnu"``. White space separates texts.
    """
    items: Iterable[Any] = (
        texts.split() if isinstance(texts, str) else [texts] if isinstance(texts, (Scheme, Format)) else texts
    )
    if isinstance(texts, (bytes, bytearray)) or not isinstance(items, Iterable):
        raise TypeError(f"schemes is a {type(texts).__name__}, allowed: a text, a Scheme, a Format, or a list of them")
    found: dict[str, Scheme] = {}
    for item in items:
        if isinstance(item, str):
            check_ascii("schemes", item)
        for one in _core.expand_braces(item) if isinstance(item, str) else [item]:
            s = scheme(one)
            found.setdefault(str(s), s)
    if not found:
        raise ValueError("schemes is empty, allowed: at least one scheme")
    return list(found.values())
