"""The progress of long work, with the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from halfulp.sweeping._extras import need


class Bar:
    """A progress bar over `total` units, or nothing. progress: True, False, or None for one where stderr is a terminal.
    options: of tqdm."""

    def __init__(self, progress: bool | None, total: int, **options: Any) -> None:
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
        self._bar = tqdm.tqdm(total=total, file=sys.stderr, **options)
        self.update = self._bar.update

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
