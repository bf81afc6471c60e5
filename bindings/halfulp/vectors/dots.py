"""Dot products with a stated accumulator: what all of them have, and those of plain formats."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from halfulp import codes
from halfulp._convert import decode
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp.accumulate import roundings_by_name
from halfulp.vectors.exact_values import Value, exact_dot
from halfulp.vectors.field import Field, code_field, to_codes, to_patterns
from halfulp.vectors.request import Request
from halfulp.vectors.task import PROJECTION, Task, keywords, plain_keywords, resolved

LENGTH = 32


class DotTask(Task):
    """dot: c + sum of a_k * b_k. Subclasses say what a factor is."""

    READS = frozenset({"format_b", "format_c", "result", "projection", "accumulate", "length", *PROJECTION})

    length: int
    to: Format
    a: Field
    b: Field
    c: Field

    @abstractmethod
    def addends(self, operands: np.ndarray) -> np.ndarray:
        """What is added, near enough for its exponents, as float64: (cases, length + 1)."""

    @abstractmethod
    def exact_sum(self, values: Sequence[Value]) -> str | None:
        """The exact result of one case as text, from the values of its operand columns; None where it has none."""

    @abstractmethod
    def placed_in(self, f: Format, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        """As placed(), in a format of the caller's, one axis."""

    @abstractmethod
    def _call(
        self, inputs: np.ndarray, how: dict[str, Any], random: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Result patterns and flags by the request's accumulator. random: R of every rounding of every case."""

    def placed(self, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        result, flags = self.placed_in(self.to, operands, rounding)
        return result[:, None], flags[:, None]

    def columns_of_operands(self, inputs: np.ndarray) -> list[np.ndarray]:
        """The columns of each operand."""
        ends = np.cumsum([field.lanes for field in self.operands])
        return np.split(inputs[:, : ends[-1]], ends[:-1], axis=1)

    def _settle(self, operands: Sequence[Field], to: Format, names: dict[str, Any]) -> None:
        """What follows from the formats. names: of the operands, for the header."""
        self.to = to
        how, said = resolved(self.request, to)
        accumulate = self.request.accumulate or "sequential"
        self.request = replace(self.request, result=str(to), accumulate=accumulate, length=self.length, **names, **said)
        self.operands = [*operands]
        self.results = [code_field("result", to)]
        self._how = keywords(self.request)
        lanes = roundings_by_name(accumulate, to, how, self.length)  # refuses accumulators that are not known
        self.random_field = Field("R", how.random_bits, None, lanes, True) if how.stochastic else None

    def _probe(self) -> None:
        """What does not go with the formats is found here."""
        self.answers(np.zeros((1, len(self.inputs)), dtype=np.uint64))

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        random = None
        if self.random_field:
            random = np.ascontiguousarray(inputs[:, -self.random_field.lanes :].astype(np.uint32))
        result, flags = self._call(inputs, self._how, random)
        return np.stack([result, flags], axis=1)


class PlainDotTask(DotTask):
    """Factors are members of formats."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        a = to_format(request.format_a)
        b = a if request.format_b is None else to_format(request.format_b)
        to = a if request.result is None else to_format(request.result)
        c = to if request.format_c is None else to_format(request.format_c)
        self.length = LENGTH if request.length is None else request.length
        self.a, self.b = code_field("a", a, self.length), code_field("b", b, self.length)
        self.c = code_field("c", c)
        self._settle([self.a, self.b, self.c], to, {"format_a": str(a), "format_b": str(b), "format_c": str(c)})
        self._probe()

    def addends(self, operands: np.ndarray) -> np.ndarray:
        a, b, c = (
            values_of(x, field) for x, field in zip(self.columns_of_operands(operands), self.operands, strict=True)
        )
        return np.concatenate([a * b, c], axis=1)

    def exact_sum(self, values: Sequence[Value]) -> str | None:
        n = self.length
        return exact_dot(values[:n], values[n : 2 * n], values[2 * n])

    def placed_in(self, f: Format, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        return self._dot(operands, f, {"accumulate": "exact"} | plain_keywords(f, rounding))

    def _call(
        self, inputs: np.ndarray, how: dict[str, Any], random: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        drawn = {} if random is None else {"random": random}
        return self._dot(inputs, self.to, {"accumulate": self.request.accumulate} | how | drawn)

    def _dot(self, inputs: np.ndarray, f: Format, how: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        a, b, c = self.columns_of_operands(inputs)
        of_a, of_b, of_c = (format_of(field) for field in self.operands)
        found, flags = codes.dot(
            to_codes(a, of_a),
            to_codes(b, of_b),
            c=to_codes(c[:, 0], of_c),
            format_a=of_a,
            format_b=of_b,
            format_c=of_c,
            format=f,
            flags=True,
            **how,
        )
        return to_patterns(found, f), flags.astype(np.uint64)


def format_of(field: Field) -> Format:
    """The format of a field of codes."""
    assert field.format is not None
    return field.format


def values_of(patterns: np.ndarray, field: Field) -> np.ndarray:
    """As float64, which holds the field's format."""
    f = format_of(field)
    return decode(to_codes(patterns, f), f, "float64")
