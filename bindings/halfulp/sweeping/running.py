"""Runs the blocks of a sweep on a pool: what the results folder has is taken from there, what is new goes there, and
what another process is working on is waited for."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from halfulp.sweeping.cases import Options
from halfulp.sweeping.executors import ExecutorDied, Pool
from halfulp.sweeping.jobs import Block, Job, Metric, Workspace
from halfulp.sweeping.keeping import Keeper
from halfulp.sweeping.measures import Sums
from halfulp.sweeping.measuring import Tally, merge, run

Outcome: TypeAlias = Sums | str
Done = Callable[[int, int, Outcome], None]


@dataclass
class _Gathering:
    """The slices of a block that have come in. left: how many have not."""

    block: Block
    left: int
    tallies: list[list[Tally | str]] = field(default_factory=list)

    def outcomes(self) -> Iterator[tuple[int, Outcome]]:
        """By column."""
        for column, parts in zip(self.block.columns, zip(*self.tallies, strict=True), strict=True):
            failed = [part for part in parts if isinstance(part, str)]
            yield column, failed[0] if failed else merge([part for part in parts if isinstance(part, Tally)])


class Run:
    """One run of a sweep. done is told of every pair's outcome, work of every job's elements times cases."""

    def __init__(
        self, pool: Pool, options: Options, metrics: dict[str, Metric], keeper: Keeper | None, record_errors: bool
    ) -> None:
        self._pool = pool
        self._options = options
        self._metrics = metrics
        self._keeper = keeper
        self._record_errors = record_errors
        self._gathering: dict[int, _Gathering] = {}  # by the job's identity

    def all(self, blocks: Sequence[Block], done: Done, work: Callable[[int], None]) -> None:
        """Runs the blocks. After an error everything that is done is on the disk."""
        self._done, self._work = done, work
        pairs = sum(len(block.columns) for block in blocks)
        function = functools.partial(run, workspace=Workspace(), record_errors=self._record_errors)
        tick = self._keeper.tick if self._keeper else lambda: None
        try:
            self._pool.each(function, self._jobs(blocks), self._finish, tick)
        except ExecutorDied as error:
            self._save(error)
            kept = (
                f"the {self._keeper.count()} finished pairs are kept in {self._keeper.folder}: run the same sweep "
                "again, with an executor that lives, to go on from there"
                if self._keeper
                else "nothing is kept: with results='FOLDER' the next run goes on where this one ended"
            )
            raise ExecutorDied(f"the executor died before all {pairs} pairs were done ({error}); {kept}") from error
        except BaseException as error:
            self._save(error)
            raise
        if self._keeper:
            self._keeper.flush()

    def _jobs(self, blocks: Sequence[Block]) -> Iterator[Job | None]:
        waiting = list(blocks)
        while waiting:
            later = []
            for block in waiting:
                mine, others = self._begin(block) if self._keeper else (block, None)
                if others:
                    later.append(others)
                yield from self._announced(mine)
            waiting = later
            if waiting:
                yield None

    def _begin(self, block: Block) -> tuple[Block, Block | None]:
        """The part of the block that is ours to compute, and the part that another process is at. What the folder has
        is reported."""
        assert self._keeper is not None
        found, mine = self._keeper.begin(block)
        for column, sums in found.items():
            self._done(block.subject.index, column, sums)
        self._work(block.subject.matrix.size * len(found))
        others = set(block.columns) - mine - found.keys()
        return block.only(mine), block.only(others) if others else None

    def _announced(self, block: Block) -> Iterator[Job]:
        if not block.columns:
            return
        jobs = block.jobs(self._options, self._metrics)
        gathering = _Gathering(block, len(jobs))
        for job in jobs:
            self._gathering[id(job)] = gathering
            yield job

    def _finish(self, job: Job, tallies: list[Tally | str]) -> None:
        gathering = self._gathering.pop(id(job))
        gathering.tallies.append(tallies)
        gathering.left -= 1
        if not gathering.left:
            for column, outcome in gathering.outcomes():
                index = job.subject.index
                if self._keeper:
                    self._keeper.finish(index, column, outcome)
                self._done(index, column, outcome)
        self._work(job.work)

    def _save(self, error: BaseException) -> None:
        """Keeps what is done. The first error is the one that counts."""
        if self._keeper is None or self._keeper.broken:
            return
        try:
            self._keeper.flush()
        except OSError as another:
            error.add_note(str(another))
        else:
            error.add_note(f"{self._keeper.count()} finished pairs are kept in {self._keeper.folder}")
