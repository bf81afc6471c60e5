"""The progress of a sweep, with the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from halfulp.sweeping._extras import need


class Bar:
    """A progress bar over elements times schemes, or nothing. progress: True, False, or None for one where stderr is a
    terminal."""

    def __init__(self, progress: bool | None, total: int) -> None:
        self.update: Callable[[int], Any] = lambda done: None
        self._bar: Any = None
        if progress is False or (progress is None and not sys.stderr.isatty()):
            return
        try:
            tqdm = need("tqdm", "sweep", "a progress bar")
        except ImportError:
            if progress:
                raise
            return
        self._bar = tqdm.tqdm(
            total=total, unit=" weights", unit_scale=True, desc="sweep", file=sys.stderr, smoothing=0.1
        )
        self.update = self._bar.update

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
