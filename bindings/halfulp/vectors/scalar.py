"""Operations of one result: hu.codes.* but for products, and comparisons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from halfulp import _core, codes
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp.vectors.field import Field, code_field, to_codes, to_patterns
from halfulp.vectors.request import Request
from halfulp.vectors.task import PROJECTION, Task, keywords, plain_keywords, resolved

#: The integers of scalb: the column and its format.
SCALB_OPERAND = "n"
SCALB_INTEGERS = "int32"

#: In two bits: equal, a > b, unordered, a < b; the two's complement of what hu.compare gives.
ORDERS = {0: "equal", 1: "a > b", 2: "unordered", 3: "a < b"}

OPERANDS: dict[str, str] = {
    name: "a" if name == "scalb" else "abc"[:count] for name, count in _core.operations().items()
}


class ScalarTask(Task):
    """add … convert."""

    READS = frozenset({"format_b", "format_c", "result", "projection", "daz", "tininess", "nan_rule", *PROJECTION})

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        letters = OPERANDS[request.operation]
        formats = _operand_formats(request, letters)
        if request.operation == "convert" and request.result is None:
            raise ValueError("result is None, allowed for convert: the format to convert to")
        self.to = formats[0] if request.result is None else to_format(request.result)
        how, said = resolved(request, self.to)
        self.request = replace(
            request,
            result=str(self.to),
            daz=bool(request.daz),
            tininess=request.tininess or "after",
            nan_rule=request.nan_rule or "canonical",
            **{f"format_{letter}": str(f) for letter, f in zip(letters, formats, strict=True)} | said,
        )
        self.operands = [code_field(letter, f) for letter, f in zip(letters, formats, strict=True)]
        if request.operation == "scalb":
            self.operands.append(code_field(SCALB_OPERAND, to_format(SCALB_INTEGERS)))
        self.results = [code_field("result", self.to)]
        self.random_field = Field("R", how.random_bits) if how.stochastic else None
        self._how = keywords(self.request) | {"tininess": self.request.tininess, "nan_rule": self.request.nan_rule}
        self.answers(np.ones((1, len(self.inputs)), dtype=np.uint64))  # names that no call knows are found here

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        how = self._how | {"random_bits": self.request.random_bits}
        if self.random_field:
            how["random"] = np.ascontiguousarray(inputs[:, -1].astype(np.uint32))
        result, flags = self._call(inputs, self.to, how)
        return np.stack([result, flags], axis=1)

    def placed(self, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        result, flags = self.placed_in(self.to, operands, rounding)
        return result[:, None], flags[:, None]

    def placed_in(self, f: Format, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        """As placed(), in a format of the caller's, one axis."""
        return self._call(operands, f, plain_keywords(f, rounding))

    def _call(self, inputs: np.ndarray, f: Format, how: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        given = [
            to_codes(inputs[:, i], field.format) for i, field in enumerate(self.operands) if field.format is not None
        ]
        formats = {f"format_{letter}": field.format for letter, field in zip("abc", self.operands, strict=False)}
        if self.request.operation == "scalb":
            formats.pop("format_b", None)
        function = getattr(codes, self.request.operation)
        found, flags = function(*given, **formats, format=f, flags=True, daz=self.request.daz, **how)
        return to_patterns(found, f), flags.astype(np.uint64)


class CompareTask(Task):
    """compare: the order of two codes."""

    READS = frozenset({"format_b", "total", "signaling"})

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        formats = _operand_formats(request, "ab")
        self.request = replace(
            request,
            format_a=str(formats[0]),
            format_b=str(formats[1]),
            total=bool(request.total),
            signaling=bool(request.signaling),
        )
        self.operands = [code_field(letter, f) for letter, f in zip("ab", formats, strict=True)]
        self.results = [Field("result", 2)]

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        a, b = (field.format for field in self.operands)
        assert a is not None
        assert b is not None
        orders, flags = codes.compare(
            to_codes(inputs[:, 0], a),
            to_codes(inputs[:, 1], b),
            a,
            b,
            total=bool(self.request.total),
            signaling=bool(self.request.signaling),
            flags=True,
        )
        return np.stack([orders.astype(np.int64) & 3, flags.astype(np.int64)], axis=1).astype(np.uint64)


def _operand_formats(request: Request, letters: str) -> list[Format]:
    """Those of the operands; one that is not named is a's."""
    for letter in "bc":
        name = f"format_{letter}"
        if letter not in letters and getattr(request, name) is not None:
            raise ValueError(
                f"{name} is {getattr(request, name)!r}, allowed: None; {request.operation} has no operand {letter}"
            )
    first = to_format(request.format_a)
    given = [getattr(request, f"format_{letter}") for letter in letters]
    return [first if text is None else to_format(text) for text in given]
