"""What answers are held to: a conversion, an operation, or dot products; as defined, or with one thing changed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from halfulp import codes
from halfulp._calculate import Operand, calculate
from halfulp._convert import encode
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._projection import resolve
from halfulp._random import Rng, draw, random_words
from halfulp._tensors import NUMPY
from halfulp.accumulate import multiply
from halfulp.cli.numbers import shown as number_text
from halfulp.testing._answers import as_codes, float64
from halfulp.testing._changes import AS_DEFINED, Change
from halfulp.vectors.exact_values import exact_dot, exact_result
from halfulp.vectors.field import to_codes, to_patterns

_PROJECTION = ("rounding", "overflow", "nan", "ftz", "random_bits", "projection")
_WIDE = to_format("binary64")
#: Terms of a dot product whose exact sum a report works out.
_LONGEST_SHOWN = 4096
#: Of a to_odd result in binary64, these below the format's precision tell its place between two members.
_GUARD_BITS = 2

# Operations as a sequence of simpler ones: (operation, operands), where -1 is the result before.
_STEPS: dict[str, tuple[tuple[str, tuple[int, ...]], ...]] = {
    "fma": (("mul", (0, 1)), ("add", (-1, 2))),
    "faa": (("add", (0, 1)), ("add", (-1, 2))),
    "div": (("recip", (1,)), ("mul", (0, -1))),
    "rsqrt": (("sqrt", (0,)), ("recip", (-1,))),
}


class Definition(ABC):
    """Answers have one axis here; `shape` is the caller's."""

    def __init__(self, f: Format, shape: tuple[int, ...], keywords: dict[str, Any]) -> None:
        self.format = f
        self.shape = shape
        self.keywords = keywords

    #: Does an operation of `steps` have any?
    has_steps = False

    def answers(self, change: Change = AS_DEFINED) -> np.ndarray:
        """The codes as bit patterns. Raises ValueError where the format has no such thing."""
        found = self._answers(change, self._changed(change))
        if change.lost_zero_sign and self.format._spec.has_negative_zero:
            zeros = to_patterns(np.asarray(encode([0.0, -0.0], self.format)), self.format)
            found = np.where(found == zeros[1], zeros[0], found)
        return found

    @abstractmethod
    def at(self, places: np.ndarray) -> Definition:
        """Of these answers alone."""

    @abstractmethod
    def wide(self) -> np.ndarray | None:
        """The exact results rounded to odd in binary64: their places between members are those of the exact ones,
        since no midpoint is odd there. None where the format is as wide."""

    @abstractmethod
    def shown(self, place: int) -> str:
        """What was put in."""

    @abstractmethod
    def _answers(self, change: Change, keywords: dict[str, Any]) -> np.ndarray:
        """The bit patterns under a change and the keywords with it."""

    def _changed(self, change: Change) -> dict[str, Any]:
        changed = {**self.keywords, **change.keywords}
        if not change.keywords:
            return changed
        how = resolve(self.format._spec, *(changed.get(name) for name in ("projection", *_PROJECTION[:5])))
        if not how.stochastic:
            changed = {**changed, "random_bits": None, "rng": None, "random": None}
        return {name: value for name, value in changed.items() if value is not None}

    def _is_wide(self) -> bool:
        precision = self.format.precision
        return self.format._spec.holds("binary64") and (precision or self.format.bits) + _GUARD_BITS <= 53


class Conversion(Definition):
    """Of float64 numbers."""

    def __init__(self, source: np.ndarray, f: Format, shape: tuple[int, ...], keywords: dict[str, Any]) -> None:
        super().__init__(f, shape, keywords)
        self.source = source

    def at(self, places: np.ndarray) -> Conversion:
        return Conversion(self.source[places], self.format, (len(places),), _random_at(self.keywords, places))

    def wide(self) -> np.ndarray | None:
        if not self.format._spec.holds("binary64"):
            return None
        return self.source

    def shown(self, place: int) -> str:
        return f"source {float(self.source[place]).hex()}"

    def _answers(self, change: Change, keywords: dict[str, Any]) -> np.ndarray:
        x, f = self.source, change.result or self.format
        if change.through is not None:
            via, rounding = change.through
            middle = codes.convert(x.view(np.uint64), "binary64", via, rounding)
            return to_patterns(np.asarray(codes.convert(middle, via, f, **keywords)), f)
        return to_patterns(np.asarray(encode(x, f, **keywords)), f)


class Operation(Definition):
    """Element by element, on operands of one axis."""

    def __init__(
        self, name: str, operands: Sequence[Operand], f: Format, shape: tuple[int, ...], keywords: dict[str, Any]
    ) -> None:
        super().__init__(f, shape, keywords)
        self.name = name
        self.operands = operands
        self.has_steps = name in _STEPS

    def at(self, places: np.ndarray) -> Operation:
        chosen = [Operand(x.data[places], x.kind, x.original, x.of) for x in self.operands]
        return Operation(self.name, chosen, self.format, (len(places),), _random_at(self.keywords, places))

    def answers_and_flags(self, change: Change = AS_DEFINED) -> tuple[np.ndarray, np.ndarray]:
        result, flags = _run(self.name, self.operands, self.format, self._changed(change), flags=True)
        return result, flags

    def wide(self) -> np.ndarray | None:
        if not self._is_wide() or self.name in ("next_up", "next_down"):
            return None
        plain = {"rounding": "to_odd", "daz": self.keywords.get("daz", False)}
        return _run(self.name, self.operands, _WIDE, plain)[0].view(np.float64)

    def shown(self, place: int) -> str:
        values = [_exact(x, place) for x in self.operands]
        names = "an" if self.name == "scalb" else "abc"
        texts = [f"{name} {_operand_text(x, place)}" for name, x in zip(names, self.operands, strict=False)]
        exact = exact_result(self.name, values)
        return f"{self.name} of {', '.join(texts)}" + (f", exactly {exact}" if exact else "")

    def _answers(self, change: Change, keywords: dict[str, Any]) -> np.ndarray:
        f = change.result or self.format
        if change.through is None and not change.steps:
            return _run(self.name, self.operands, f, keywords)[0]
        middle, rounding = change.through or (f, "")
        between = keywords if change.through is None else {"rounding": rounding}
        steps = _STEPS[self.name] if change.steps else ((self.name, tuple(range(len(self.operands)))),)
        before: Operand | None = None
        for name, places in steps:
            operands = [before if place < 0 else self.operands[place] for place in places]
            found = _run(name, [x for x in operands if x is not None], middle, between)[0]
            before = _as_operand(found, middle)
        if change.through is None:
            return found
        assert before is not None  # there is a step at least
        return _run("convert", [before], f, keywords)[0]


class Products(Definition):
    """Dot products of last axes, or matrix products, plus c. keywords hold `accumulate`."""

    def __init__(
        self, operands: Sequence[Operand], matrices: bool, f: Format, shape: tuple[int, ...], keywords: dict[str, Any]
    ) -> None:
        super().__init__(f, shape, keywords)
        self.operands = operands
        self.matrices = matrices

    def at(self, places: np.ndarray) -> Products:
        """As dot products with one leading axis. Stochastic ones draw other bits there."""
        a, b, c = (x.data for x in self.operands)
        index = np.unravel_index(places, self.shape)
        if self.matrices:
            batch = self.shape[:-2]
            a = np.broadcast_to(a, (*batch, *a.shape[-2:]))[(*index[:-2], index[-2])]
            b = np.broadcast_to(b, (*batch, *b.shape[-2:])).swapaxes(-1, -2)[(*index[:-2], index[-1])]
        else:
            a, b = (np.broadcast_to(x, (*self.shape, x.shape[-1]))[index] for x in (a, b))
        c = c if c.size == 1 else c.reshape(-1)[places]
        chosen = [Operand(x, of.kind, x, of.of) for x, of in zip((a, b, c), self.operands, strict=True)]
        return Products(chosen, False, self.format, (len(places),), self.keywords)

    def answers_and_flags(self, change: Change = AS_DEFINED) -> tuple[np.ndarray, np.ndarray]:
        return self._multiplied(self.format, self._changed(change), flags=True)

    def wide(self) -> np.ndarray | None:
        if not self._is_wide():
            return None
        return self._multiplied(_WIDE, {"rounding": "to_odd", "accumulate": "exact"})[0].view(np.float64)

    def shown(self, place: int) -> str:
        one = self.at(np.array([place]))
        a, b, c = one.operands
        length = a.data.shape[-1]
        exact = None
        if length <= _LONGEST_SHOWN:
            x, y = ([_exact_element(of.data[0], i, of) for i in range(length)] for of in (a, b))
            exact = exact_dot(x, y, _exact_element(c.data.reshape(-1), 0, c))
        return f"sum of {length} products" + (f", exactly {exact}" if exact else "")

    def _answers(self, change: Change, keywords: dict[str, Any]) -> np.ndarray:
        if change.through is None:
            return self._multiplied(change.result or self.format, keywords)[0]
        middle, rounding = change.through
        inside = {"rounding": rounding, "accumulate": keywords["accumulate"]}
        found = self._multiplied(middle, inside)[0]
        outside = {name: value for name, value in keywords.items() if name not in ("accumulate", "rng")}
        return _run("convert", [_as_operand(found, middle)], self.format, outside)[0]

    def _multiplied(self, f: Format, keywords: dict[str, Any], flags: bool = False) -> tuple[np.ndarray, np.ndarray]:
        full: dict[str, Any] = dict.fromkeys((*_PROJECTION, "rng", "random", "threads")) | keywords
        by = full.pop("accumulate")
        if isinstance(full["rng"], tuple):  # each call draws the same bits
            full["rng"] = Rng(*full["rng"])
        left, right, addend = self.operands
        found = multiply((left, right), addend, NUMPY, f, "codes", self.matrices, by, **full, flags=flags, out=None)
        result, raised = found if flags else (found, np.empty(0, dtype=np.uint8))
        return to_patterns(np.asarray(result), f).reshape(-1), np.asarray(raised).reshape(-1)


def fixed_random(keywords: dict[str, Any], f: Format, shape: tuple[int, ...], words: bool) -> dict[str, Any]:
    """The keywords with a source of random bits that gives the same ones each time: R itself where `words`."""
    given = {name: value for name, value in keywords.items() if value is not None}
    how = resolve(f._spec, *(given.get(name) for name in ("projection", *_PROJECTION[:5])))
    if given.get("rng") is None or not how.stochastic:
        return given
    if not words:
        return {**given, "rng": draw(given["rng"])}
    drawn = random_words(given.pop("rng"), shape) >> np.uint32(32 - how.random_bits)
    return {**given, "random": drawn}


def _random_at(keywords: dict[str, Any], places: np.ndarray) -> dict[str, Any]:
    words = keywords.get("random")
    return keywords if words is None else {**keywords, "random": words[places]}


def _run(
    name: str, operands: Sequence[Operand], f: Format, keywords: dict[str, Any], flags: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Patterns, and flags where they are asked for."""
    full: dict[str, Any] = dict.fromkeys((*_PROJECTION, "rng", "random", "threads"))
    full |= {"daz": False, "tininess": "after", "nan_rule": "canonical"} | keywords
    found = calculate(name, "abc", operands, NUMPY, f, "codes", **full, flags=flags, out=None)
    result, raised = found if flags else (found, np.empty(0, dtype=np.uint8))
    return to_patterns(np.asarray(result), f), np.asarray(raised)


def _as_operand(patterns: np.ndarray, f: Format) -> Operand:
    data = as_codes(patterns, f)
    return Operand(data, "codes", data, f._spec)


def _exact(x: Operand, place: int) -> Fraction | str:
    return _exact_element(x.data, place, x)


def _exact_element(data: np.ndarray, place: int, x: Operand) -> Fraction | str:
    """A number, or "nan", "inf", "-inf", "-0"."""
    if x.kind == "int64":
        return Fraction(int(data[place]))
    if x.kind == "codes":
        f = Format(x.of)
        return f.exact(int(to_codes(np.array([data[place]], dtype=np.uint64), f)[0]))
    value = float(float64(data[place : place + 1], x.kind)[0])
    if not np.isfinite(value):
        return str(value)
    return "-0" if value == 0 and np.signbit(value) else Fraction(value)


def _operand_text(x: Operand, place: int) -> str:
    if x.kind == "int64":
        return str(int(x.data[place]))
    if x.kind == "codes":
        return f"{int(x.data[place]):#x} = {number_text(_exact(x, place))}"
    return float(float64(x.data[place : place + 1], x.kind)[0]).hex()
