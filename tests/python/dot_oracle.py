"""An exact and slow model of dot products by accumulators, from the contract's text (section 8): Fractions throughout.

It imports nothing of halfulp. Numbers are the operands of the arithmetic oracle; an accumulator is a dict of the fields
that halfulp.matrix_units.table() documents, with its rounding steps as Step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import arithmetic_oracle as model
from arithmetic_oracle import INEXACT, INVALID, How, Operand, Result
from oracle import INF, NAN, NINF, ZERO, Shape, floor_log2, two

Words = Callable[[int], int]

DEFAULTS: dict[str, Any] = {
    "product": None,
    "group": 1,
    "inside": "exact",
    "partial": None,
    "fraction_bits": 24,
    "alignment": "truncate",
    "addend": "inside",
    "sum_bits": 31,
    "addend_bits": 24,
    "lowest_exponent": -(2**22),
    "zero_factor_exponent": None,
    "zero_addend_exponent": None,
    "addend_reach": None,
    "halves": False,
    "two_passes": False,
    "product_limit": None,
    "exact_terms": 1,
    "a_emin": None,
    "b_emin": None,
    "overflow_to_infinity": False,
    "positive_zeros": False,
    "flush_inputs": False,
    "unsigned_scales": False,
}


class Step(NamedTuple):
    to: Shape
    how: How


class Scales(NamedTuple):
    a: Sequence[Operand]
    b: Sequence[Operand]
    block: int
    of_a: Shape
    of_b: Shape


class Term(NamedTuple):
    value: Operand
    exponent: int | None  # None: takes no part in the largest


def exponent(x: Operand, emin: int, of_zero: int | None) -> int | None:
    if x.is_nan or x.is_infinite:
        return emin
    return max(floor_log2(abs(x.real)), emin) if x.real else of_zero


def largest(exponents: Sequence[int | None], lowest: int) -> int:
    return max([lowest, *(e for e in exponents if e is not None)])


class Dot:
    """One dot product; `flags` gathers what its roundings raise."""

    def __init__(self, fields: dict[str, Any], target: Shape, how: How, words: Words) -> None:
        self.by = DEFAULTS | fields
        self.target, self.how, self.words = target, how, words
        self.flags = self.ordinal = 0
        steps = [step for step in (self.by["partial"],) if step is not None]
        self.zero_mode = steps[0].how.mode if steps else how.mode
        self.sum_emin = steps[0].to.emin if steps else -(2**30)

    def __call__(
        self,
        a: Sequence[Operand],
        b: Sequence[Operand],
        c: Operand,
        emins: tuple[int, int],
        scales: Scales | None = None,
    ) -> Result:
        emin_a, emin_b = (e if own is None else own for e, own in zip(emins, self.emins(), strict=True))
        self.flags |= INVALID if c.signaling else 0
        if self.by["flush_inputs"]:
            a, b = ([self.flushed(x, e) for x in xs] for xs, e in ((a, emin_a), (b, emin_b)))
            c = self.flushed(c, self.sum_emin)
        total = c
        group = self.by["group"] or max(len(a), 1)
        for k in range(0, len(a), group):
            places = range(k, min(k + group, len(a)))
            total = self.add_group(total, self.terms(a, b, places, (emin_a, emin_b), scales))
        result = model.project(model.Exact(total.value), self.target, self.drawn(self.how, count=False))
        return Result(result.value, self.flags | result.flags)

    def emins(self) -> tuple[int | None, int | None]:
        return self.by["a_emin"], self.by["b_emin"]

    @staticmethod
    def flushed(x: Operand, emin: int) -> Operand:
        small = not x.is_nan and not x.is_infinite and abs(x.real) < two(emin)
        return Operand(ZERO) if small else x

    def drawn(self, how: How, count: bool = True) -> How:
        """The projection with the random bits of its ordinal."""
        found = how._replace(r=self.words(self.ordinal) >> (32 - how.n)) if how.mode.startswith("stochastic") else how
        self.ordinal += count
        return found

    def rounded(self, x: Operand, step: Step | None, *, partial: bool = True) -> Operand:
        if step is None:
            return x
        out = model.project(model.Exact(x.value), step.to, self.drawn(step.how))
        self.flags |= out.flags
        finite = not x.is_nan and not x.is_infinite
        if partial and self.by["overflow_to_infinity"] and finite and out.flags & model.OVERFLOW:
            return model.of_value(NINF if x.negative else INF)
        return model.of_value(out.value)

    def sum(self, terms: Sequence[Operand]) -> Operand:
        if any(t.is_nan for t in terms):
            return Operand(NAN)
        exact = model.total(list(terms), self.zero_mode)
        self.flags |= exact.flags
        return model.of_value(exact.value)

    # --- terms

    def product(self, a: Operand, b: Operand) -> Operand:
        if a.is_nan or b.is_nan:
            self.flags |= INVALID if a.signaling or b.signaling else 0
            return Operand(NAN)
        exact = model.product(a, b)
        self.flags |= exact.flags
        found = model.of_value(exact.value)
        return Operand(ZERO) if self.by["positive_zeros"] and found.is_zero else found

    def terms(
        self,
        a: Sequence[Operand],
        b: Sequence[Operand],
        places: range,
        emins: tuple[int, int],
        scales: Scales | None,
    ) -> list[Term]:
        joined, of_zero = self.by["exact_terms"], self.by["zero_factor_exponent"]
        found = []
        for k in places[::joined]:
            if joined == 1:
                value = self.product(a[k], b[k])
                own = [exponent(x, e, of_zero) for x, e in zip((a[k], b[k]), emins, strict=True)]
            else:
                value = self.sum([self.product(a[i], b[i]) for i in range(k, min(k + joined, places.stop))])
                own = [0]
            if scales is not None:
                outer = scales.a[k // scales.block], scales.b[k // scales.block]
                for x in outer:
                    turned = self.by["unsigned_scales"] and x.negative and not x.is_nan
                    size = Operand(model.opposite(x).value) if turned else x
                    value = self.product(value, size)
                shapes = (scales.of_a, scales.of_b)
                own += [exponent(x, s.emin, of_zero) for x, s in zip(outer, shapes, strict=True)]
            whole = None if any(e is None for e in own) else sum(e for e in own if e is not None)
            found.append(Term(self.rounded(value, self.by["product"], partial=False), whole))
        return found

    # --- groups

    def add_group(self, total: Operand, terms: list[Term]) -> Operand:
        partial = self.by["partial"]
        inside = self.by["inside"]
        values = [t.value for t in terms]
        if inside == "aligned":
            if self.by["two_passes"]:
                return self.two_passes(total, terms)
            return self.rounded(self.aligned(total, terms), partial)
        if inside == "exact" or len(values) == 1:
            return self.rounded(self.sum([*values, total]), partial)
        if inside == "sequential":
            group = values[0]
            for t in values[1:]:
                group = self.rounded(self.sum([group, t]), partial)
            return self.rounded(self.sum([total, group]), partial)
        while len(values) > 1:
            pairs = [self.rounded(self.sum(values[i : i + 2]), partial) for i in range(0, len(values) - 1, 2)]
            values = pairs + (values[-1:] if len(values) % 2 else [])
        return self.rounded(self.sum([total, values[0]]), partial)

    def cut(self, x: Operand, last: int, way: str) -> Operand:
        units = x.real / two(last)
        down = units.numerator // units.denominator
        if way == "nearest":
            kept = round(units)
        else:
            kept = down if way == "floor" or units >= 0 else -(-units.numerator // units.denominator)
        if kept != units:
            self.flags |= INEXACT
        negative_zero = x.negative and not self.by["positive_zeros"]
        return model.of_value(kept * two(last) or model.signed_zero(negative_zero if kept == 0 else x.negative))

    def sum_aligned(self, terms: list[Term]) -> tuple[Operand, int]:
        top = largest([t.exponent for t in terms], self.by["lowest_exponent"])
        last = top - self.by["fraction_bits"]
        return self.sum([self.kept(t.value, last, self.by["alignment"]) for t in terms]), top

    def kept(self, x: Operand, last: int, way: str) -> Operand:
        return x if x.is_zero else self.cut(x, last, way)

    def aligned(self, total: Operand, terms: list[Term]) -> Operand:
        values = [t.value for t in terms]
        if any(x.is_nan or x.is_infinite for x in (*values, total)):
            return self.sum([*values, total])
        limit = self.by["product_limit"]
        if limit is not None and any(abs(x.real) >= two(limit) for x in values):
            beyond = [x if abs(x.real) < two(limit) else model.of_value(NINF if x.negative else INF) for x in values]
            return self.sum(beyond)
        own = exponent(total, self.sum_emin, self.by["zero_addend_exponent"])
        if self.by["addend"] == "inside":
            return self.sum_aligned([*terms, Term(total, own)])[0]
        if self.by["halves"] and len(terms) > 1:
            sums = [self.sum_aligned(half) for half in (terms[::2], terms[1::2])]
            top = max(e for _, e in sums)
            last = top - self.by["fraction_bits"]
            group = self.sum([self.kept(s, last, "floor") for s, _ in sums])
        else:
            group, top = self.sum_aligned(terms)
        larger = largest([own], top)
        reach = self.by["addend_reach"]
        addend = self.kept(total, larger - self.by["addend_bits"], "floor")
        if reach is not None and (own is None or own < larger - reach):
            addend = Operand(ZERO)
        return self.sum([self.kept(group, larger - self.by["sum_bits"], "floor"), addend])

    def two_passes(self, total: Operand, terms: list[Term]) -> Operand:
        own = Operand(ZERO)
        partial = self.by["partial"]
        for first in (True, False):
            chosen = [t for i, t in enumerate(terms) if (i % 4 < 2) == first]
            if chosen:
                own = self.rounded(self.aligned(own, chosen), partial)
        nearest = Step(partial.to, partial.how._replace(mode="nearest_ties_to_even"))
        return self.rounded(self.sum([total, own]), nearest, partial=False)


def named(name: str, target: Shape, how: How) -> dict[str, Any]:
    """The accumulators of section 8's table."""
    step = Step(target, how)
    table: dict[str, dict[str, Any]] = {
        "exact": {"group": 0},
        "sequential": {"product": step, "partial": step},
        "fma": {"partial": step},
        "pairwise": {"product": step, "partial": step, "group": 0, "inside": "pairwise"},
    }
    if name.startswith("blocked_"):
        return {"product": step, "partial": step, "group": int(name[8:]), "inside": "sequential"}
    return table[name]


__all__ = ["DEFAULTS", "Dot", "Fraction", "Scales", "Step", "Term", "named"]
