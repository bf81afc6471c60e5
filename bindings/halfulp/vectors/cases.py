"""Which cases a file has, in order: all there are, or edges in all combinations and random ones behind them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from halfulp.vectors.block_cases import DotCases, QuantizeCases
from halfulp.vectors.blocks import QuantizeTask
from halfulp.vectors.dots import DotTask
from halfulp.vectors.draws import WORDS, Stream, words
from halfulp.vectors.edges import edges
from halfulp.vectors.field import Field
from halfulp.vectors.random_bits import with_random_bits
from halfulp.vectors.scalar import SCALB_OPERAND, CompareTask
from halfulp.vectors.scalar_cases import ScalarCases
from halfulp.vectors.scaled_dot_cases import ScaledDotCases
from halfulp.vectors.scaled_dots import ScaledDotTask
from halfulp.vectors.task import Task

#: By level: the most cases of an exhaustive file; of combinations of edges; random cases of scalars and of blocks.
EXHAUSTIVE = {1: 2**16, 2: 2**24}
COMBINATIONS = {1: 2**16, 2: 2**20}
RANDOM = {1: 2**14, 2: 2**20}
RANDOM_BLOCKS = {1: 2**12, 2: 2**16}

#: Numbers in a block of rows, which is what memory is needed for.
_BLOCK = 2**19


@dataclass(frozen=True)
class Piece:
    """Cases made alike. rows(start, count): their operands."""

    size: int
    rows: Callable[[int, int], np.ndarray]


class Cases:
    """Of a task: how many, and their input columns in blocks."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._pieces = _pieces(task)
        self.count = sum(piece.size for piece in self._pieces)

    def blocks(self) -> Iterator[np.ndarray]:
        """Rows of the input columns. The cases do not depend on where blocks end."""
        length = max(1, _BLOCK // len([*self.task.inputs, *self.task.outputs]))
        case = 0
        for piece in self._pieces:
            for start in range(0, piece.size, length):
                operands = piece.rows(start, min(length, piece.size - start))
                yield with_random_bits(self.task, case, operands)
                case += len(operands)


def _pieces(task: Task) -> list[Piece]:
    level, count = task.request.level, task.request.count
    if isinstance(task, (DotTask, QuantizeTask)):
        return [_random_blocks(task, RANDOM_BLOCKS[level] if count is None else count)]
    total = math.prod(_count_of(field) for field in task.operands)
    if total <= EXHAUSTIVE[level]:
        lists = [_all_of(field) for field in task.operands]
        if count is not None:
            raise ValueError(f"count is {count}, allowed: None; the file has all {total} cases, and none are drawn")
        return [_combinations(lists)]
    return [_combinations(_best_edges(task.operands, level)), _random(task, RANDOM[level] if count is None else count)]


def _all_of(field: Field) -> range | np.ndarray:
    """Every code; of the integers of scalb, most of which shift every member beyond the ends, the edges."""
    assert field.format is not None
    return edges(field.format) if field.name == SCALB_OPERAND else range(field.last + 1)


def _count_of(field: Field) -> int:
    return len(_all_of(field)) if field.name == SCALB_OPERAND else field.last + 1


def _best_edges(operands: Sequence[Field], level: int) -> list[np.ndarray]:
    """As many of each operand's as their combinations may be; what one does not use is the others'."""
    lists = [edges(field.format) for field in operands if field.format is not None]
    left = COMBINATIONS[level]
    found: dict[int, np.ndarray] = {}
    for place in sorted(range(len(lists)), key=lambda i: len(lists[i])):
        share = math.floor(left ** (1 / (len(lists) - len(found))) + 1e-9)
        found[place] = lists[place][:share]
        left //= len(found[place])
    return [found[place] for place in range(len(lists))]


def _combinations(lists: Sequence[range | np.ndarray]) -> Piece:
    """Each with each; the last operand changes fastest."""

    def rows(start: int, count: int) -> np.ndarray:
        index = np.arange(start, start + count, dtype=np.uint64)
        columns = []
        for each in reversed(lists):
            place = index % np.uint64(len(each))
            index //= np.uint64(len(each))
            columns.append(place if isinstance(each, range) else each[place.astype(np.int64)])
        return np.stack(columns[::-1], axis=1)

    return Piece(math.prod(len(each) for each in lists), rows)


def _random(task: Task, count: int) -> Piece:
    first = task.operands[0].format
    assert first is not None
    result = task.result_format or first
    cases = ScalarCases("sub" if isinstance(task, CompareTask) else task.request.operation, task.operands, result)
    seed = task.request.seed

    def rows(start: int, size: int) -> np.ndarray:
        turns = np.arange(start, start + size, dtype=np.uint64)
        return cases.rows(turns, words(seed, Stream.OPERANDS, start, (size, WORDS)))

    return Piece(count, rows)


def _random_blocks(task: DotTask | QuantizeTask, count: int) -> Piece:
    cases: DotCases | QuantizeCases
    if isinstance(task, ScaledDotTask):
        cases = ScaledDotCases(task)
    else:
        cases = DotCases(task) if isinstance(task, DotTask) else QuantizeCases(task)
    seed = task.request.seed

    def rows(start: int, size: int) -> np.ndarray:
        of_cases = words(seed, Stream.OPERANDS, start, (size, WORDS))
        return cases.rows(start, of_cases, words(seed, Stream.LANES, start, (size, 2 * cases.columns)))

    return Piece(count, rows)
