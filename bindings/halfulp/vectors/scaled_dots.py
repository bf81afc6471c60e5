"""Dot products of blocks: factors that share scales, as MX and NVFP4 units take them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from halfulp import _core, matrix_units
from halfulp._convert import unsigned_view
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._projection import resolve
from halfulp._scheme import Scheme, group_text
from halfulp._scheme import real_scheme as to_scheme
from halfulp.accumulate import Accumulator
from halfulp.vectors.dots import DotTask, format_of, values_of
from halfulp.vectors.exact_values import Value, exact_dot
from halfulp.vectors.field import code_field, to_codes, to_patterns
from halfulp.vectors.request import Request
from halfulp.vectors.task import PROJECTION, plain_keywords

#: As many bits as two factors and two scales may have together, for their product to be exact.
PRODUCT_BITS = 128
#: Blocks of a case, so that scales differ.
BLOCKS = 2


class ScaledDotTask(DotTask):
    """Factors are elements of blocks. Operands: the codes of a's elements, of a's scales (one for each block, the last
    one may be shorter), of b's elements and scales, and c."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        left = block_scheme("format_a", request.format_a)
        right = left if request.format_b is None else block_scheme("format_b", request.format_b)
        self.block = _group(left)
        if _group(right) != self.block:
            raise ValueError(
                f"format_b is {str(right)!r}, allowed beside {left}: schemes with groups of {self.block}, as many "
                "elements to a scale"
            )
        self.length = BLOCKS * self.block if request.length is None else request.length
        self.blocks = -(-self.length // self.block)
        self._unit = _unit(request.accumulate)
        if self._unit is not None and self._unit.scales and self.block not in self._unit.blocks:
            raise ValueError(
                f"format_a is {str(left)!r}, with groups of {self.block}, allowed for {self._unit.name}: groups of "
                f"{' or '.join(map(str, self._unit.blocks))}"
            )
        output = to_format("binary32") if self._unit is None else self._unit.output
        to = output if request.result is None else to_format(request.result)
        c = (to if self._unit is None else output) if request.format_c is None else to_format(request.format_c)
        if self._unit is not None and not c._spec.holds(output.name):
            raise ValueError(f"format_c is {str(c)!r}, allowed for {self._unit.name}: {output}, or what it holds")
        self.a, self.b = (code_field(name, x.element, self.length) for name, x in (("a", left), ("b", right)))
        self.scale_a, self.scale_b = (
            code_field(name, x.levels[0].format, self.blocks) for name, x in (("scale_a", left), ("scale_b", right))
        )
        self.c = code_field("c", c)
        self._check_bits()
        names = {"format_a": str(left), "format_b": str(right), "format_c": str(c)}
        self._settle([self.a, self.scale_a, self.b, self.scale_b, self.c], to, names)
        self._exact = Accumulator(group=0, unsigned_scales=self._drops_signs)._made()
        self._by = matrix_units.accumulator_of_blocks(
            self.request.accumulate or "",
            to,
            self._projection(to, self._how),
            (left.element, right.element),
            (left.levels[0].format, right.levels[0].format),
            self.block,
        )
        self._probe()

    def addends(self, operands: np.ndarray) -> np.ndarray:
        a, scale_a, b, scale_b, c = (
            values_of(x, field) for x, field in zip(self.columns_of_operands(operands), self.operands, strict=True)
        )
        if self._drops_signs:
            scale_a, scale_b = np.abs(scale_a), np.abs(scale_b)
        outer = np.repeat(scale_a * scale_b, self.block, axis=1)[:, : self.length]
        return np.concatenate([a * b * outer, c], axis=1)

    def exact_sum(self, values: Sequence[Value]) -> str | None:
        n, blocks = self.length, self.blocks
        a, b = values[:n], values[n + blocks : 2 * n + blocks]
        scales = values[n : n + blocks], values[2 * n + blocks : 2 * (n + blocks)]
        return exact_dot(self._scaled(a, scales[0]), self._scaled(b, scales[1]), values[-1])

    def placed_in(self, f: Format, operands: np.ndarray, rounding: str) -> tuple[np.ndarray, np.ndarray]:
        return self._dots(operands, f, self._exact, self._projection(f, plain_keywords(f, rounding)), None)

    @property
    def _drops_signs(self) -> bool:
        """Does the unit take every scale for a positive one?"""
        return self._unit is not None and bool(_core.accumulator_fields(self._unit.accumulator)["unsigned_scales"])

    def _check_bits(self) -> None:
        fields = (self.a, self.scale_a, self.b, self.scale_b)
        bits = sum(format_of(field).precision or field.bits for field in fields)
        if bits > PRODUCT_BITS:
            raise ValueError(
                f"elements and scales have {bits} significant bits together, allowed: {PRODUCT_BITS}, so that products "
                "are exact"
            )

    def _scaled(self, values: Sequence[Value], scales: Sequence[Value]) -> list[Value]:
        """Elements times their scales; "nan" where one is not finite."""
        found: list[Value] = []
        for k, value in enumerate(values):
            pair = [Fraction(0) if x == "-0" else x for x in (value, scales[k // self.block])]
            if any(isinstance(x, str) for x in pair):
                found.append("nan")
                continue
            element, scale = (Fraction(x) for x in pair)
            found.append(element * (abs(scale) if self._drops_signs else scale))
        return found

    def _call(
        self, inputs: np.ndarray, how: dict[str, Any], random: np.ndarray | None
    ) -> tuple[np.ndarray, np.ndarray]:
        return self._dots(inputs, self.to, self._by, self._projection(self.to, how), random)

    @staticmethod
    def _projection(f: Format, how: dict[str, Any]) -> _core.Projection:
        given = dict.fromkeys(("projection", *PROJECTION)) | how
        return resolve(f._spec, *(given[name] for name in ("projection", *PROJECTION)))

    def _dots(
        self,
        inputs: np.ndarray,
        f: Format,
        by: _core.Accumulator,
        how: _core.Projection,
        random: np.ndarray | None,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Every case is a product of a row and a column of its own."""
        formats = [format_of(field) for field in self.operands]
        a, scale_a, b, scale_b, c = (
            (np.ascontiguousarray(unsigned_view(to_codes(x, of))), of._spec)
            for x, of in zip(self.columns_of_operands(inputs), formats, strict=True)
        )
        operands = (a, b, c, scale_a, scale_b)
        found = np.empty(len(inputs), dtype=f.code_dtype)
        flags = np.empty(len(inputs), dtype=np.uint8)
        results, shape = unsigned_view(found), (1, self.length, 1)
        for case in range(len(inputs)):
            own = [(x[case], "codes", of) for x, of in operands]
            part = slice(case, case + 1)
            drawn = None if random is None else random[case]
            _core.scaled_products(
                own, self.block, results[part], "codes", shape, by, f._spec, how, drawn, flags[part], 1
            )
        return to_patterns(found, f), flags.astype(np.uint64)


def is_of_blocks(request: Request) -> bool:
    """Does one of the factors' names stand for blocks with scales, so that both have to?"""
    names = (request.format_a, request.format_b)
    return any(name is not None and _has_levels(name) for name in names)


def block_scheme(name: str, text: str) -> Scheme:
    """The scheme of a factor. ValueError names one that has not exactly one level of groups along the axis, or whose
    codes stand for other numbers than element times scale."""
    found = to_scheme(text)
    problem = _problem(found)
    if problem is not None:
        raise ValueError(
            f"{name} is {str(found)!r}, which has {problem}, allowed for dot: two formats, or two schemes with one "
            "level of groups of a length, such as mxfp4 or e2m1fn/16:e4m3fn"
        )
    return found


def _has_levels(name: str) -> bool:
    return bool(to_scheme(name).levels)


def _problem(found: Scheme) -> str | None:
    options = {
        "a zero point": found.zero_point,
        "scales that are quantized again": found.double_quant,
        "a Hadamard transform": found.hadamard != 0,
        "groups across rows (@flat)": found.flat,
    }
    for text, there in options.items():
        if there:
            return text
    if not found.levels:
        return "no scales, beside a factor with scales"
    if len(found.levels) > 1:
        return f"{len(found.levels)} levels of scales"
    group = found.levels[0].group
    return None if isinstance(group, int) else f"groups of '{group_text(group)}'"


def _group(found: Scheme) -> int:
    group = found.levels[0].group
    assert isinstance(group, int)
    return group


def _unit(name: str | None) -> matrix_units.Unit | None:
    return matrix_units.unit(name) if name is not None and matrix_units.is_unit(name) else None
