"""Schemes: an element format and levels of scales over groups, as text and as objects."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from halfulp import _core
from halfulp._format import Format, _dtype_name, check_ascii
from halfulp._format import real_format as to_format
from halfulp._phase_format import ComplexScheme, PhaseFormat, names_phases


class Level(NamedTuple):
    """One level of scales. group: a length along the axis (from the second level on: of the scales before it), a tile
    (rows, columns) of the last two axes, "channel" (one group for each index of channel_axis), or "tensor"."""

    group: int | tuple[int, int] | str
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
    def recipe(self) -> str:
        """How scales are found: a name of :func:`recipes`, "" where scales have no named recipes and are the exact
        quotient."""
        return self._spec.recipe

    @property
    def search(self) -> str:
        """ "mse" where the innermost scales are chosen by the squared error that they leave, else ""."""
        return self._spec.search

    @property
    def hadamard(self) -> int:
        """Length of the runs that a randomized Hadamard transform mixes before quantization; 0: none."""
        return self._spec.hadamard

    @property
    def signs(self) -> int:
        """The seed of the transform's random signs."""
        return self._spec.signs

    @property
    def flat(self) -> bool:
        """Is the array seen as one long axis in C order?"""
        return self._spec.flat

    @property
    def zero_point(self) -> bool:
        """Affine integers: does every scale come with the integer that stands for zero?"""
        return self._spec.zero_point

    @property
    def double_quant(self) -> bool:
        """Are the scales, less their mean, quantized again (QLoRA, arXiv 2305.14314)?"""
        return self._spec.double_quant

    @property
    def percentile(self) -> float:
        """The percentile of magnitudes that scales are found from, 0 where it is the largest magnitude."""
        return self._spec.percentile

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
            lines.append(f"  - {{group: {group_text(level.group)}, format: {level.format}}}")
        lines.append(
            f"recipe: {self.recipe or 'amax / largest reach, exact, nearest even'}" if self.levels else "recipe: none"
        )
        if self.search:
            lines.append(f"search: {self.search}")
        if self.hadamard:
            lines.append(f"hadamard: {{length: {self.hadamard}, signs: {self.signs}}}")
        for option in ("flat", "zero_point", "double_quant"):
            if getattr(self, option):
                lines.append(f"{option}: yes")
        if self.percentile:
            lines.append(f"percentile: {self.percentile:g}")
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


def scheme(text: Any) -> Any:
    """A scheme by its text: see :func:`real_scheme`. Texts that begin with "pm1_pmi" are schemes of complex numbers."""
    if names_phases(text):
        from halfulp._complex import complex_scheme

        return complex_scheme(text)
    return real_scheme(text)


def real_scheme(text: Any) -> Scheme:
    """A scheme by its text: a published name ("mxfp4", "nvfp4"), ``element{/group:format}``, or a format, which is a
    scheme without levels. Raises ValueError that says what is expected."""
    if isinstance(text, Scheme):
        return text
    if names_phases(text):
        raise TypeError(f"scheme is {str(text)!r}, allowed here: schemes of real numbers; x has to be complex for it")
    if isinstance(text, str):
        return _named(text)
    if not isinstance(text, Format) and _dtype_name(text) is None:
        raise TypeError(f"scheme is a {type(text).__name__}, allowed: a text, a Scheme, a Format, or a dtype")
    return Scheme(_core.make_scheme(to_format(text)._spec))


@lru_cache(maxsize=1024)
def _named(text: str) -> Scheme:
    check_ascii("scheme", text)
    return Scheme(_core.parse_scheme(text))


def group_text(group: int | tuple[int, int] | str) -> str:
    """A level's group as the grammar writes it: "32", "32x32", "channel", "tensor"."""
    return "x".join(map(str, group)) if isinstance(group, tuple) else str(group)


class Recipe(NamedTuple):
    """How scales are found. shape: which schemes it is for, "power_of_two" (one level of power-of-two scales), "nvfp4"
    (e2m1fn/N:e4m3fn/tensor:binary32), "ternary" or "binary" (such elements under one level of other scales), "affine"
    (@zero_point) or "blockwise" (nf4, af4, fp4_bnb, dynamic8 under binary32 scales, @flat). default: what such a scheme
    has without @recipe=."""

    name: str
    shape: str
    default: bool
    summary: str
    source: str


def recipes() -> list[Recipe]:
    """The scale recipes by name, for ``@recipe=``.

    In the summaries amax = m 2^e with 1 <= m < 2 is the group's largest magnitude, L = mL 2^E the element format's with
    M mantissa bits, and the scale is 2^k.
    """
    return [Recipe(*row) for row in _core.recipes()]


def schemes() -> list[Scheme]:
    """The schemes with published names."""
    return [real_scheme(name) for name, _, _ in _core.published_schemes()]


AnyScheme = Scheme | ComplexScheme


def expand_schemes(texts: Any) -> list[AnyScheme]:
    """All schemes that a text with braces, or a list of texts and schemes, stands for; each once, in order.

    Braces expand as in a shell: ``"e{2..3}m{0..3}f/{16,32}:e8m0fnu"``. White space separates texts. Those that begin
    with "pm1_pmi" are schemes of complex numbers. Raises ValueError or TypeError that says what is expected.
    """
    items: Iterable[Any] = texts.split() if isinstance(texts, str) else [texts] if _is_one(texts) else texts
    if isinstance(texts, (bytes, bytearray)) or not isinstance(items, Iterable):
        raise TypeError(f"schemes is a {type(texts).__name__}, allowed: a text, a Scheme, a Format, or a list of them")
    found: dict[str, AnyScheme] = {}
    for item in items:
        if isinstance(item, str):
            check_ascii("schemes", item)
        for one in _core.expand_braces(item) if isinstance(item, str) else [item]:
            s: AnyScheme = scheme(one)
            found.setdefault(str(s), s)
    if not found:
        raise ValueError("schemes is empty, allowed: at least one scheme")
    return list(found.values())


def _is_one(thing: Any) -> bool:
    """A scheme or a format, and no list of them; a ComplexScheme is a tuple besides."""
    return isinstance(thing, (Scheme, Format, ComplexScheme, PhaseFormat))
