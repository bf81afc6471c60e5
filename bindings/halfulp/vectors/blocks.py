"""Quantization of blocks by a scheme."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._quantize import quantize
from halfulp._scheme import real_scheme as to_scheme
from halfulp.vectors.field import Field, code_field, to_codes, to_patterns
from halfulp.vectors.request import Request
from halfulp.vectors.task import Task, keywords, resolved

#: Lanes of a case where the scheme's group is the whole array or a whole row.
OPEN_LENGTH = 32


class QuantizeTask(Task):
    """quantize: a block of binary32 numbers to scale codes and element codes. Every case is an array of its own."""

    READS = frozenset({"rounding", "nan", "ftz", "random_bits", "projection", "length"})

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.scheme = scheme = to_scheme(request.format_a)
        group = scheme.levels[0].group if scheme.levels else 1
        whole = group[0] * group[1] if isinstance(group, tuple) else group if isinstance(group, int) else OPEN_LENGTH
        length = whole if request.length is None else request.length
        if isinstance(group, tuple) and length != whole:
            raise ValueError(f"length is {length}, allowed for {scheme}: {whole}, one tile")
        how, said = resolved(replace(request, overflow=None), scheme.element)
        said.pop("overflow")
        self.request = replace(request, format_a=str(scheme), length=length, **said)
        self.source = to_format("binary32")
        self._shape = group if isinstance(group, tuple) else (length,)
        # Groups along rows, one level: the rows of one array are then arrays of their own.
        alone = len(scheme.levels) == 1 and isinstance(group, int) and not scheme.flat
        self._together = not scheme.levels or (alone and not scheme.hadamard and not scheme.double_quant)
        self.operands = [code_field("x", self.source, length)]
        self.random_field = Field("R", how.random_bits, None, length, True) if how.stochastic else None
        self.has_flags = False
        self._how = keywords(self.request)
        del self._how["overflow"]
        probe = self._quantized(
            np.ones((1, *self._shape), dtype=np.float32), self._how, self._random(np.zeros((1, 2 * length)))
        )
        self.results = [
            *(code_field(name, f, size) for name, f, size in _scale_fields(probe)),
            code_field("code", scheme.element, length),
        ]

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        x = to_codes(inputs[:, : self.operands[0].lanes], self.source).view(np.float32)
        random = self._random(inputs)
        return self._rows(x, self._how, random)

    def placed(self, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        """Of the elements, under the scales that they have. inexact alone: where the two neighbours differ."""
        x = to_codes(operands, self.source).view(np.float32)
        element = self.scheme.element
        found, away = (
            self._rows(x, {"rounding": mode, "nan": None if element.has_nan else "to_max"}, None)[:, -x.shape[1] :]
            for mode in (rounding, "away_from_zero")
        )
        return found, (found != away).astype(np.uint64)

    def _random(self, inputs: np.ndarray) -> np.ndarray | None:
        if not self.random_field:
            return None
        return np.ascontiguousarray(inputs[:, self.operands[0].lanes :].astype(np.uint32))

    def _rows(self, x: np.ndarray, how: dict[str, Any], random: np.ndarray | None) -> np.ndarray:
        x = np.ascontiguousarray(x)
        if self._together:
            return self._patterns(self._quantized(x, how, random), len(x))
        rows = [
            self._patterns(
                self._quantized(
                    x[i : i + 1].reshape(1, *self._shape),
                    how,
                    None if random is None else random[i : i + 1],
                ),
                1,
            )
            for i in range(len(x))
        ]
        return np.concatenate(rows)

    def _quantized(self, x: np.ndarray, how: dict[str, Any], random: np.ndarray | None) -> Any:
        given = x if self._together else x[0]
        source: dict[str, Any] = {} if random is None else {"random": random.reshape(given.shape)}
        return quantize(given, self.scheme, **how, **source)

    def _patterns(self, q: Any, cases: int) -> np.ndarray:
        planes = [
            to_patterns(_array(c), level.format) for c, level in zip(q.scale_codes, self.scheme.levels, strict=True)
        ]
        if q.zero_points is not None:
            planes.append(_array(q.zero_points).astype(np.uint64))
        if q.offset is not None:
            planes.append(np.atleast_1d(np.float32(q.offset)).view(np.uint32).astype(np.uint64))
        planes.append(to_patterns(_array(q.codes), self.scheme.element))
        return np.concatenate([plane.reshape(cases, -1) for plane in planes], axis=1)


def _array(codes: Any) -> np.ndarray:
    return np.asarray(codes)


def _scale_fields(q: Any) -> list[tuple[str, Format, int | None]]:
    """Name, format and lanes of what stands before the element codes."""
    scheme = q.scheme
    several = len(scheme.levels) > 1
    found: list[tuple[str, Format, int | None]] = []
    for level, (plane, of) in enumerate(zip(q.scale_codes, scheme.levels, strict=True)):
        size = _array(plane).size
        name = f"scale{level}" if several else "scale"
        found.append((name, of.format, None) if size == 1 else (name + "_" * several, of.format, size))
    if q.zero_points is not None:
        size = _array(q.zero_points).size
        found.append(("zero_point", to_format(f"uint{scheme.element.bits}"), None if size == 1 else size))
    if q.offset is not None:
        found.append(("offset", to_format("binary32"), None))
    return found
