"""Known ways to differ that explain all differences, found by trying them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain, product

import numpy as np

from halfulp import _core, matrix_units
from halfulp._calculate import Operand
from halfulp._format import Format, formats
from halfulp._format import real_format as to_format
from halfulp.accumulate import Accumulator
from halfulp.testing._answers import Answers
from halfulp.testing._changes import AS_DEFINED, Change
from halfulp.testing._definitions import Conversion, Definition, Operation, Products

_SAMPLE = 2048  # differences looked at before all answers are, and as many answers that are right
_SAMPLE_OF_PRODUCTS = 64
_COUNTEREXAMPLES = 64
_SHOWN = 6
_SHOWN_ALIKE = 3
_OVERFLOW = ("sat_finite", "sat_propagate", "sat_none", "to_nan", "wrap")
_THROUGH = ("binary32", "binary16", "bfloat16", "tf32")
_NEAREST, _CUT = "nearest_ties_to_even", "toward_zero"


def hints(definition: Definition, answers: Answers, wrong: np.ndarray) -> list[str]:
    """Lines. wrong: which answers differ."""
    tried = _Tried(definition, answers, wrong)
    singles = list(_singles(definition))
    found = [change for change in singles if tried.explains(change)]
    if not found:
        found = [change for change in _pairs(definition, singles) if tried.explains(change)]
    count = int(wrong.sum())
    these = "the one difference vanishes" if count == 1 else f"all {count} differences vanish"
    if len(found) == 1:
        return [f"{these} {found[0].text}"]
    if found:
        more = [f"  and in {len(found) - _SHOWN} more ways"] if len(found) > _SHOWN else []
        ways = [f"  {change.text}" for change in found[:_SHOWN]]
        return [f"{these} in each of these ways, which these inputs do not tell apart:", *ways, *more]
    closest = tried.closest()
    if closest is None:
        return []
    change, missed = closest
    return [f"closest: {missed} of {len(wrong)} differ {change.text}"]


class _Tried:
    """Changes are tried on a sample first. One that explains the sample and not the rest leaves behind the answers that
    it missed, so that none after it passes for the same reason."""

    def __init__(self, definition: Definition, answers: Answers, wrong: np.ndarray) -> None:
        self._definition, self._answers = definition, answers
        self._count = int(wrong.sum())
        most = _SAMPLE_OF_PRODUCTS if isinstance(definition, Products) else _SAMPLE
        chosen = [_spread(np.flatnonzero(mask), most) for mask in (wrong, ~wrong)]
        self._closest: tuple[float, Change] = (len(chosen[0]) / (2 * len(np.concatenate(chosen))), AS_DEFINED)
        self._look_at(np.concatenate(chosen))

    def explains(self, change: Change) -> bool:
        """Are all answers right with this change?"""
        try:
            missed = len(self._missed(self._some, self._some_answers, change))
            if missed == 0:
                others = self._missed(self._definition, self._answers, change)
                if not len(others):
                    return True
                self._look_at(np.concatenate([self._places, others[:_COUNTEREXAMPLES]]))
                missed = min(len(others), _COUNTEREXAMPLES)
        except (ValueError, TypeError):  # the format knows no such thing
            return False
        self._closest = min(self._closest, (missed / len(self._places), change), key=lambda found: found[0])
        return False

    def closest(self) -> tuple[Change, int] | None:
        """Of the changes that do not explain all, the best one if it explains half of the differences, and how many
        answers it misses."""
        change = self._closest[1]
        if change is AS_DEFINED:
            return None
        missed = len(self._missed(self._definition, self._answers, change))
        return (change, missed) if missed <= self._count / 2 else None

    def _look_at(self, places: np.ndarray) -> None:
        self._places = places
        self._some, self._some_answers = self._definition.at(places), self._answers.at(places)

    @staticmethod
    def _missed(definition: Definition, answers: Answers, change: Change) -> np.ndarray:
        return np.flatnonzero(answers.differ(definition.answers(change), change.result))


def _spread(places: np.ndarray, most: int) -> np.ndarray:
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).astype(np.int64)]


def _singles(definition: Definition) -> Iterator[Change]:
    yield from _roundings(definition)
    yield from _overflows(definition)
    yield from _flushes(definition)
    if definition.format._spec.has_negative_zero:
        yield Change("when -0 comes out as +0", lost_zero_sign=True)
    if not definition.format.has_nan:
        yield from (_under(nan=nan) for nan in ("to_max", "to_zero") if definition.keywords.get("nan") != nan)
    yield from _ways_through(definition)
    yield from _steps(definition)
    yield from _presets(definition)
    if isinstance(definition, Conversion):
        same_width = (f for f in formats() if f.bits == definition.format.bits and f != definition.format)
        yield from (Change(f"as if the format were {f}", result=f) for f in same_width)
    if isinstance(definition, Products):
        yield from _accumulators(definition)


def _pairs(definition: Definition, singles: list[Change]) -> Iterator[Change]:
    roundings, overflows = list(_roundings(definition)), list(_overflows(definition))
    flushes = list(_flushes(definition))
    zeros = [change for change in singles if change.lost_zero_sign]
    through = [*_ways_through(definition), *_steps(definition)]
    accumulators = list(_accumulators(definition, projected=True)) if isinstance(definition, Products) else []
    if accumulators:
        yield from (a & b for a, b in product(accumulators, chain(roundings, overflows)))
        return
    yield from (a & b for a, b in product(roundings, chain(overflows, flushes, zeros)))
    yield from (a & b for a, b in product(overflows, chain(flushes, zeros)))
    yield from (a & b for a, b in product(through, chain(roundings, overflows, flushes, zeros)))
    yield from (a & b for a, b in product(flushes, zeros))


def _under(**keywords: object) -> Change:
    return Change("under " + ", ".join(f"{name}={value!r}" for name, value in keywords.items()), keywords)


def _roundings(definition: Definition) -> Iterator[Change]:
    given = definition.keywords
    own = [given[name] for name in ("random", "rng") if name in given]
    for mode, alias in _core.rounding_modes():
        if given.get("rounding") not in (mode, alias) and (own or not _core.is_stochastic(mode)):
            yield _under(rounding=mode)


def _overflows(definition: Definition) -> Iterator[Change]:
    yield from (_under(overflow=policy) for policy in _OVERFLOW if definition.keywords.get("overflow") != policy)


def _flushes(definition: Definition) -> Iterator[Change]:
    yield from (_under(ftz=when) for when in ("before", "after") if definition.keywords.get("ftz") != when)
    if isinstance(definition, Operation) and not definition.keywords.get("daz"):
        yield _under(daz=True)


def _presets(definition: Definition) -> Iterator[Change]:
    if definition.keywords.get("projection") is not None:
        return
    none = dict.fromkeys(("rounding", "overflow", "nan", "ftz"))
    for name, _ in _core.projection_presets():
        yield replace(_under(projection=name), keywords={**none, "projection": name})


def _ways_through(definition: Definition) -> Iterator[Change]:
    """Double rounding."""
    first = "when the source is first" if isinstance(definition, Conversion) else "when the result is first"
    names = _THROUGH if isinstance(definition, Conversion) else ("binary64", *_THROUGH)
    for f in map(to_format, names):
        if _is_wider(f, definition.format):
            yield Change(f"{first} rounded to {f}", through=(f, _NEAREST))
            yield Change(f"{first} cut to {f}", through=(f, _CUT))


def _is_wider(f: Format, of: Format) -> bool:
    return (f.precision or 0) > (of.precision or 0)


def _steps(definition: Definition) -> Iterator[Change]:
    if not definition.has_steps:
        return
    assert isinstance(definition, Operation)
    parts = {
        "fma": "when the product is rounded before the sum",
        "faa": "when the first sum is rounded before the second",
        "div": "when a is multiplied by the rounded reciprocal of b",
        "rsqrt": "when the square root is rounded before its reciprocal",
    }
    text = parts[definition.name]
    yield Change(text, steps=True)
    for f in map(to_format, ("binary64", "binary32")):
        if _is_wider(f, definition.format):
            yield Change(f"{text}, in {f}", steps=True, through=(f, _NEAREST))


def _accumulators(definition: Products, projected: bool = False) -> Iterator[Change]:
    """projected: only those whose results the call's rounding and overflow have a say in."""
    if definition.keywords.get("rng") is not None:  # other bits would be drawn
        return
    names = ["exact", "fma", "sequential", "pairwise", *(f"blocked_{size}" for size in (2, 4, 8, 16, 32, 64))]
    for name in names:
        if name != definition.keywords["accumulate"]:
            yield _under(accumulate=name)
    for partial in ("binary32", "binary16", "bfloat16"):
        if to_format(partial) == definition.format:
            continue
        for text, product_format in (("each product added at once", None), ("products rounded there", partial)):
            way = Accumulator(product=product_format, partial=partial)
            yield Change(f"with sums in order in {partial}, {text}", {"accumulate": way})
    for alike in _units(definition):
        output = matrix_units.unit(alike[0]).output
        if not projected or output != definition.format:
            yield replace(_under(accumulate=alike[0]), text=f"under accumulate={alike[0]!r}{_also(alike[1:])}")


def _also(names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN_ALIKE} more" if len(names) > _SHOWN_ALIKE else ""
    return f" (the same as {', '.join(names[:_SHOWN_ALIKE])}{more})"


def _units(definition: Products) -> Iterator[list[str]]:
    """The matrix units that take these factors and this addend, those of the same arithmetic together."""
    members: dict[tuple[str, str], bool] = {}

    def has(letter: str, x: Operand, f: Format) -> bool:
        if (letter, f.name) not in members:
            try:
                matrix_units.check_members(letter, x, (f,), "")
                members[letter, f.name] = True
            except (ValueError, TypeError):  # a carrier may not hold the codes of c
                members[letter, f.name] = False
        return members[letter, f.name]

    a, b, c = definition.operands
    left, right, addend = definition.at(np.zeros(1, dtype=np.int64)).operands
    alike: dict[tuple[object, ...], list[str]] = {}
    for name in matrix_units.names():
        found = matrix_units.unit(name)
        pairs = [pair for pair in product(found.inputs, repeat=2) if has("a", a, pair[0]) and has("b", b, pair[1])]
        if found.scales or not pairs or not has("c", c, found.output):
            continue
        told = len(found.inputs) == 1 or a.kind == b.kind == "codes"
        for own in (
            [name] if told else [f"{name}:{','.join(dict.fromkeys((of_a.name, of_b.name)))}" for of_a, of_b in pairs]
        ):
            fields = _core.accumulator_fields(matrix_units.ready(own, (left, right), addend))
            key = tuple(str(value) for field, value in fields.items() if field not in ("name", "nan_code"))
            alike.setdefault(key, []).append(own)
    yield from alike.values()
