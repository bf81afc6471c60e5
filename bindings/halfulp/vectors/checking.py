"""A device's answers beside the expected ones, which are computed anew."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from halfulp.vectors.cases import Cases
from halfulp.vectors.coverage import Coverage
from halfulp.vectors.header import Header
from halfulp.vectors.layout import layout
from halfulp.vectors.order import Order
from halfulp.vectors.reading import AnswersFile, Block, VectorsFile
from halfulp.vectors.task import Task

NAN_RULES = ("as-class", "bits")
FIRST = 10

#: Distances up to this have a row of their own in histograms; those beyond it share one.
FAR = 8


@dataclass(frozen=True)
class Mismatch:
    """A case that differs. case: from 1 on; line: of the file with the device's answer. The others: patterns."""

    case: int
    line: int
    inputs: list[int]
    expected: list[int]
    got: list[int]


@dataclass
class Findings:
    """What :func:`verify` found.

    cases, differing: how many. results, flags: cases whose result, or whose flags, differ. nans: results that are a NaN
    with other bits, as a class equal. steps: how many result columns are how many representable steps off ("nan",
    "inf", "zero sign", or a number). coverage: place -> (cases there, those of them that differ), None where there is
    no such place. first: the first that differ.
    """

    header: Header
    task: Task
    cases: int = 0
    differing: int = 0
    results: int = 0
    flags: int = 0
    nans: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    coverage: dict[str, tuple[int, int] | None] = field(default_factory=dict)
    first: list[Mismatch] = field(default_factory=list)
    flags_compared: bool = True

    @property
    def equal(self) -> bool:
        return self.differing == 0


def verify(
    vectors: str | os.PathLike[str],
    device: str | os.PathLike[str] | None = None,
    *,
    flags: bool = True,
    nan: str = "as-class",
    first: int = FIRST,
    progress: Callable[[int, int], None] | None = None,
) -> Findings:
    """Compares a device's answers with what they should be.

    vectors: a file of :func:`halfulp.vectors.write`, with the device's answers in its result columns or beside it.
    device: a file with one answer a line, in the order of the vectors: hexadecimal results, flags last. flags: are they
    compared? nan: "as-class" takes every NaN for every other, "bits" does not. first: how many mismatches are kept.
    progress: called with the cases done and all cases. Raises ValueError for files that do not parse (line and column
    are named), are cut off, hold other operands than the header says, or come from a version with other answers.
    """
    if nan not in NAN_RULES:
        raise ValueError(f"nan is {nan!r}, allowed: {', '.join(NAN_RULES)}")
    if first < 0:
        raise ValueError(f"first is {first}, allowed: 0 or more")
    file = VectorsFile(vectors)
    task, lines = file.task, layout(file.header.form, file.columns)
    found = Findings(file.header, task, flags_compared=flags and task.has_flags)
    judge, digest = _Judge(found, nan == "bits", first), hashlib.sha256()
    inputs_count, outputs = len(task.inputs), len(task.outputs)
    answers = None if device is None else _Answers(AnswersFile(device, task, found.flags_compared), file.header.cases)
    for block in file.blocks():
        inputs = block.rows[:, :inputs_count]
        expected = task.answers(inputs)
        digest.update(lines.write(np.concatenate([inputs, expected], axis=1)))
        got, at = block.rows[:, inputs_count:], block.lines
        if answers is not None:
            taken = answers.take(len(inputs))
            got, at = taken.rows, taken.lines
        width = outputs if found.flags_compared else outputs - int(task.has_flags)
        judge.compare(inputs, expected[:, :width], got[:, :width], at)
        if progress is not None:
            progress(found.cases, file.header.cases)
    if answers is not None:
        answers.finish()
    if digest.hexdigest() != file.header.sha256:
        raise ValueError(_why_another_hash(file))
    return found


class _Answers:
    """A device's rows in pieces of the length that one asks for."""

    def __init__(self, file: AnswersFile, cases: int) -> None:
        self._blocks: Iterator[Block] = file.blocks(cases)
        width = len(file.columns)
        self._rest = Block(np.empty((0, width), dtype=np.uint64), np.empty(0, dtype=np.int64))

    def take(self, count: int) -> Block:
        rows, lines = [self._rest.rows], [self._rest.lines]
        while sum(map(len, rows)) < count:
            block = next(self._blocks)  # which raises where they are too few
            rows.append(block.rows)
            lines.append(block.lines)
        every, numbers = np.concatenate(rows), np.concatenate(lines)
        self._rest = Block(every[count:], numbers[count:])
        return Block(every[:count], numbers[:count])

    def finish(self) -> None:
        """Raises where there are more."""
        for _ in self._blocks:
            pass


class _Judge:
    def __init__(self, found: Findings, nan_bits: bool, first: int) -> None:
        self._found = found
        self._nan_bits = nan_bits
        self._first = first
        self._coverage = Coverage(found.task)
        self._orders = [
            None if column.field.format is None else Order(column.field.format) for column in found.task.outputs
        ]

    def compare(self, inputs: np.ndarray, expected: np.ndarray, got: np.ndarray, lines: np.ndarray) -> None:
        found, wrong = self._found, got != expected
        for i, order in enumerate(self._orders[: wrong.shape[1]]):
            if order is None or not wrong[:, i].any():
                continue
            rows = np.flatnonzero(wrong[:, i])
            steps = order.distance(got[rows, i], expected[rows, i])
            both_nan = order.is_nan(got[rows, i]) & order.is_nan(expected[rows, i])
            found.nans += int(both_nan.sum())
            if not self._nan_bits:
                wrong[rows[both_nan], i] = False
                steps = steps[~both_nan]
                both_nan = both_nan[~both_nan]
            found.steps.update(_named(steps, both_nan))
        if found.flags_compared:
            found.flags += int(wrong[:, -1].sum())
            found.results += int(wrong[:, :-1].any(axis=1).sum())
        else:
            found.results += int(wrong.any(axis=1).sum())
        differs = wrong.any(axis=1)
        for row in np.flatnonzero(differs)[: self._first - len(found.first)]:
            found.first.append(
                Mismatch(
                    found.cases + int(row) + 1,
                    int(lines[row]),
                    inputs[row].tolist(),
                    expected[row].tolist(),
                    got[row].tolist(),
                )
            )
        for place, there in self._coverage.of(inputs).items():
            before = found.coverage.get(place) or (0, 0)
            found.coverage[place] = (
                None if there is None else (before[0] + int(there.sum()), before[1] + int((there & differs).sum()))
            )
        found.cases += len(inputs)
        found.differing += int(differs.sum())


def _named(steps: np.ndarray, both_nan: np.ndarray) -> Counter[str]:
    """Distances as the histogram counts them."""
    names: Counter[str] = Counter()
    names["NaN bits"] = int(both_nan.sum())
    rest = steps[~both_nan]
    names["zero sign"] = int((rest == 0).sum())
    names["nan"] = int(np.isnan(rest).sum())
    names["inf"] = int(np.isinf(rest).sum())
    size = np.abs(rest[np.isfinite(rest) & (rest != 0)])
    for count in range(1, FAR + 1):
        names[str(count)] = int((size == count).sum())
    names[f"more than {FAR}"] = int((size > FAR).sum())
    return +names


def _why_another_hash(file: VectorsFile) -> str:
    """Which operand is not the one that the header stands for; or that all are, so that the answers were others."""
    drawn = Cases(file.task)
    if drawn.count != file.header.cases:
        return (
            f"{file.path} has {file.header.cases} cases where its header stands for {drawn.count}: it was changed, or "
            f"another version made it ({file.header.tool})"
        )
    names = [column.name for column in file.task.inputs]
    blocks, rest = drawn.blocks(), np.empty((0, len(names)), dtype=np.uint64)
    for block in file.blocks():
        while len(rest) < len(block.rows):
            rest = np.concatenate([rest, next(blocks)])
        there, rest = rest[: len(block.rows)], rest[len(block.rows) :]
        other = np.argwhere(block.rows[:, : len(names)] != there)
        if len(other):
            row, column = other[0]
            return (
                f"{file.path}, line {block.lines[row]}: {names[column]} is {int(block.rows[row, column]):x}, allowed: "
                f"{int(there[row, column]):x}, which the header's level and seed give; operands were changed, or "
                f"another version made the file ({file.header.tool})"
            )
    return (
        f"{file.path} has other expected answers behind its sha256 than this halfulp gives: it was made by "
        f"{file.header.tool}, or its header was changed; make it anew"
    )
