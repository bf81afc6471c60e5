"""Between a sweep and its results folder: pairs here, keys and rows there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from halfulp.sweeping.jobs import Block
from halfulp.sweeping.measures import Sums
from halfulp.sweeping.results import Results


class Keeper:
    """keys: by index and column. digests: by index. make_row: the row of a finished pair."""

    def __init__(
        self,
        results: Results,
        keys: Mapping[tuple[int, int], str],
        digests: Sequence[str],
        make_row: Callable[[int, int, Sums], dict[str, Any]],
    ) -> None:
        self._results = results
        self._keys = keys
        self._digests = digests
        self._make_row = make_row
        self.broken = False  # could a flush not write?

    @property
    def folder(self) -> Path:
        return self._results.folder

    def begin(self, block: Block) -> tuple[dict[int, Sums], set[int]]:
        """(what is there already, by column; the columns that are ours to compute). Another process is at the rest, or
        this one is, for a matrix with the same content."""
        index = block.subject.index
        digest = self._digests[index]
        keys = {column: self._keys[index, column] for column in block.columns}
        self._results.look(digest)
        missing = {column: key for column, key in keys.items() if self._results.find(digest, key) is None}
        claimed = self._results.claim(digest, missing.values())
        found = {column: sums for column, key in keys.items() if (sums := self._results.find(digest, key)) is not None}
        self._results.release(keys[column] for column in found if keys[column] in claimed)
        return found, {column for column, key in missing.items() if column not in found and key in claimed}

    def finish(self, index: int, column: int, outcome: Sums | str) -> None:
        """A pair is done. Failures are not kept: the next run tries them again."""
        key, digest = self._keys[index, column], self._digests[index]
        if isinstance(outcome, str):
            self._results.release([key])
        else:
            self._results.add(
                digest, {"key": key, "weights_hash": digest} | self._make_row(index, column, outcome), outcome
            )

    def tick(self) -> None:
        """Writes what waits, if it has waited long enough."""
        self._write(self._results.flush_if_due)

    def flush(self) -> None:
        """Writes what waits."""
        self._write(self._results.flush)

    def _write(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError:
            self.broken = True
            raise

    def count(self) -> int:
        """Pairs of this sweep that are on the disk."""
        return self._results.count()
