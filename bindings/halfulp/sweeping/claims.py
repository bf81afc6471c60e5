"""Which pairs this process is working on, so that another one on the same results folder takes other ones.

A claim is a lock on one byte of a file, at a place that the pair's key gives. The kernel drops it when the process
ends, however it ends. Where the file system has no locks, nobody claims anything: two processes may then compute the
same pair, which costs time and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

try:
    import fcntl
except ImportError:  # a system without these locks
    fcntl = None  # type: ignore[assignment]

_PLACES = 1 << 62


class Claims:
    """The claims of one sweep. The kernel counts by process: two sweeps of one process do not see each other's."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._held: set[int] = set()

    def take(self, key: str) -> bool:
        """Is the pair ours from now on? False where it is somebody's already, this sweep's too."""
        place = int(key, 16) % _PLACES
        if place in self._held:
            return False
        if fcntl is not None:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place, os.SEEK_SET)
            except (BlockingIOError, PermissionError):
                return False
            except OSError:  # no locks here
                pass
        self._held.add(place)
        return True

    def drop(self, keys: Iterable[str]) -> None:
        """The pairs are done, or given up."""
        for place in {int(key, 16) % _PLACES for key in keys} & self._held:
            if fcntl is not None:
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place, os.SEEK_SET)
            self._held.discard(place)

    def close(self) -> None:
        self._file.close()
