"""Tables that are there already: one Parquet file for each part, named by the hash of all it depends on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas


class Kept:
    """A folder of tables, each written whole or not at all. common: what every part depends on."""

    def __init__(self, folder: Path, common: dict[str, Any]) -> None:
        self._folder, self._common = folder, common
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, about: dict[str, Any], make: Callable[[], pandas.DataFrame]) -> pandas.DataFrame:
        text = json.dumps([self._common, about], sort_keys=True)
        path = self._folder / f"{about['part']}-{hashlib.sha256(text.encode()).hexdigest()[:32]}.parquet"
        if not path.exists():
            beside = path.with_suffix(f".{os.getpid()}.tmp")
            make().to_parquet(beside)
            beside.replace(path)
        return pandas.read_parquet(path)
