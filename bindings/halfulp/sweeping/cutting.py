"""How a matrix is taken in pieces that give the bits of the whole.

Pieces are ranges of elements in C order, so they are read from a file as they lie there, and the random word of an
element is that of its place. They begin where every group of every level begins. A scale over the whole tensor is
taken along as ballast: one more row that holds the tensor's largest magnitude, on which alone such a scale depends.

Taken whole, whatever its size: what needs all elements at once. That is a Hadamard transform under a scale of the whole
tensor (the largest magnitude is that after the transform), such a scale that is searched, a mean, a percentile or an
affine scheme's, double quantization (which takes the mean of all scales), stochastic rounding of scales (whose words
count scales, not elements), groups by channels or tiles that do not follow the first axis, user metrics, and what a
complex scheme takes, whose complex numbers are made of both halves of the matrix.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from halfulp.sweeping.cases import Case, Options

# Elements of a piece: a few megabytes, so that what one pass writes is still in the cache when the next reads it.
_PIECE_ELEMENTS = 1 << 20


class Cut(NamedTuple):
    """elements: of the matrix. unit: pieces begin at multiples of it within each run. run: pieces do not cross
    multiples of it. row: elements of one step along the piece's first axis. tail: the piece's further axes. axis: of
    the piece. why: what keeps a matrix in one piece, else empty."""

    elements: int
    unit: int
    run: int
    row: int
    tail: tuple[int, ...]
    axis: int
    why: str = ""

    def pieces(self) -> list[tuple[int, int]]:
        """Ranges of elements, in order, none empty."""
        length = max(1, _PIECE_ELEMENTS // self.unit) * self.unit
        return [
            (begin, min(begin + length, run + self.run, self.elements))
            for run in range(0, self.elements, self.run)
            for begin in range(run, min(run + self.run, self.elements), length)
        ]

    @property
    def largest(self) -> int:
        """Elements of the largest piece."""
        return min(max(1, _PIECE_ELEMENTS // self.unit) * self.unit, self.run, self.elements)


def cut(shape: tuple[int, ...], case: Case, options: Options, *, whole: str = "", rows: int = 1) -> Cut:
    """The cut of a matrix under a case. whole: why it has to stay in one piece, for reasons of the caller. rows: pieces
    hold multiples of so many elements."""
    elements = math.prod(shape)
    axis = options.axis % len(shape)
    if case.flat:
        shape, axis = (elements,), 0
    why = whole or _why_whole(shape, axis, case, options)
    by_rows = _cut_by_rows(shape, axis, case, rows) if not why and _has_areas(case) else None
    if why or (by_rows is None and _has_areas(case)):
        return Cut(elements, elements, elements, elements // shape[0], shape[1:], axis, why or "its groups cross rows")
    return by_rows or _cut_by_lengths(shape, axis, case, rows)


def _has_areas(case: Case) -> bool:
    """Are there groups other than lengths and the whole tensor: channels or tiles?"""
    return any(not isinstance(group, int) and group != "tensor" for group in case.groups)


def _why_whole(shape: tuple[int, ...], axis: int, case: Case, options: Options) -> str:
    if case.is_complex:
        return "complex numbers are made of both halves of the matrix"
    if options.scales_draw:
        return "scale_rounding is stochastic, and the words of scales count scales"
    if case.needs_all:
        return case.needs_all
    if case.searched and case.groups[:1] == ("tensor",):
        return "the search for the tensor's scale looks at all elements"
    if "channel" in case.groups and (options.channel_axis % len(shape) != 0 or axis == 0):
        return "a channel's elements do not lie together"
    return ""


def _cut_by_rows(shape: tuple[int, ...], axis: int, case: Case, rows: int) -> Cut | None:
    """Channels along the first axis, and tiles: pieces are ranges of the first axis. None where that cuts a group."""
    inner = [group for group in case.groups if group != "tensor"]
    step = 1
    if isinstance(inner[0], tuple):
        if len(inner) > 1 or (case.hadamard and axis == 0):
            return None
        step = inner[0][0] if len(shape) == 2 else 1
    elif inner[0] == "channel":
        if len(inner) > 1:
            return None
    elif inner[1:] != ["channel"]:
        return None
    row = math.prod(shape[1:])
    elements = math.prod(shape)
    return Cut(elements, min(step * row, elements), elements, row, shape[1:], axis)


def _cut_by_lengths(shape: tuple[int, ...], axis: int, case: Case, rows: int) -> Cut:
    """Groups by lengths along the axis, each further level counting the scales of the one before in C order."""
    elements = math.prod(shape)
    lengths = [group for group in case.groups if isinstance(group, int)]
    if not lengths and not case.hadamard:  # nothing but the element's own place matters
        return Cut(elements, min(rows, elements), elements, 1, (), 0)
    length, inner = shape[axis], math.prod(shape[axis + 1 :])
    group = lengths[0] if lengths else 1
    slab = length * inner
    scales = -(-length // group) * inner  # of the innermost level, in a slab
    together = math.prod(lengths[1:])  # so many of them belong to one group of the outermost level of this kind
    inside = math.lcm(math.lcm(group, max(1, case.hadamard)) * inner, rows)
    scales_inside = -(-inside // (group * inner)) * inner
    inside *= together // math.gcd(together, scales_inside)
    aligned = elements == slab or scales % together == 0  # does each slab begin where an outer group does?
    if slab > _PIECE_ELEMENTS and aligned and inside < slab and slab % rows == 0:
        return Cut(elements, inside, slab, inner, (inner,), 0)
    unit = math.lcm(slab * (together // math.gcd(together, scales)), rows)
    return Cut(elements, min(unit, elements), elements, slab, (length, inner), 1)
