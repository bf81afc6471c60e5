"""What every kind of operation answers: its columns, and the expected results for rows of operands."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from halfulp import _core
from halfulp._format import Format
from halfulp._projection import resolve
from halfulp.vectors.field import FLAG_BITS, Column, Field, columns_of
from halfulp.vectors.request import Request

#: Of a projection: names in a Request, in hu.Projection, and on the command line.
PROJECTION = ("rounding", "overflow", "nan", "ftz", "random_bits")


class Task(ABC):
    """An operation with its formats and its projection, ready to answer.

    Rows are uint64 arrays of shape (cases, columns); codes stand in them as bit patterns.
    """

    #: Fields of a Request that this kind of operation reads, beside those that all have.
    READS: ClassVar[frozenset[str]]

    def __init__(self, request: Request) -> None:
        allowed = self.READS | {"operation", "format_a", "level", "seed", "count"}
        for name, value in request.given().items():
            if name not in allowed:
                raise ValueError(f"{name} is {value!r}, allowed: None; {request.operation} does not have it")
        self.request = request
        self.operands: list[Field] = []
        self.results: list[Field] = []
        self.random_field: Field | None = None
        self.has_flags = True

    @property
    def inputs(self) -> list[Column]:
        """Operands, then random bits."""
        return columns_of([*self.operands, *([self.random_field] if self.random_field else [])])

    @property
    def outputs(self) -> list[Column]:
        """Results, flags last."""
        return columns_of(self.output_fields)

    @property
    def output_fields(self) -> list[Field]:
        return [*self.results, *([Field("flags", FLAG_BITS)] if self.has_flags else [])]

    @property
    def fields(self) -> list[Field]:
        return [*self.operands, *([self.random_field] if self.random_field else []), *self.output_fields]

    def answers(self, inputs: np.ndarray) -> np.ndarray:
        """Rows of the output columns for rows of the input columns. Raises ValueError where a result is a NaN that has
        no place in its format."""
        try:
            return self._answers(inputs)
        except ValueError as error:
            if not str(error).startswith("nan is 'raise'"):
                raise
            raise ValueError(
                f"nan is 'raise', but the result of a case is a NaN and {self.result_format} has none, allowed: "
                "to_max, to_zero"
            ) from None

    @abstractmethod
    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        """Those of answers(), or the error that the library gives."""

    def placed(self, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray] | None:
        """The exact result under a deterministic mode, saturating: result patterns and flags, for finding out where
        between the members it lies. Both of shape (cases, results). None where nothing is rounded."""
        return None

    @property
    def result_format(self) -> Format | None:
        return self.results[-1].format


def resolved(request: Request, f: Format) -> tuple[_core.Projection, dict[str, Any]]:
    """The projection, and what the header says of it. Without a preset that is all of it; a preset has more to it than
    the keywords show, so beside one only the keywords that were given are kept."""
    given = {name: getattr(request, name) for name in PROJECTION}
    how = resolve(f._spec, request.projection, *given.values())
    if request.random_bits is not None and not how.stochastic:
        raise ValueError(
            f"random_bits is {request.random_bits} but rounding is {how.rounding!r}, which draws no random bits, "
            "allowed: None"
        )
    if request.projection is None:
        given = {name: getattr(how, name) for name in PROJECTION}
    given["random_bits"] = how.random_bits if how.stochastic else None
    return how, given


def keywords(request: Request) -> dict[str, Any]:
    """Those of a call that projects, from a normalised request."""
    found: dict[str, Any] = {name: getattr(request, name) for name in PROJECTION}
    if found["ftz"] == "none":
        found["ftz"] = None
    return found | {"projection": request.projection}


def plain_keywords(f: Format, rounding: str) -> dict[str, Any]:
    """Those of a projection that never refuses: saturating, NaN where there is one."""
    return {"rounding": rounding, "overflow": "sat_finite", "nan": None if f.has_nan else "to_max"}
