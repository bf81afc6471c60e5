"""Rows of tables that are there already: a JSON file for each part, named by the hash of all it depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from halfulp.sweeping._files import replacing

Rows = list[dict[str, Any]]


class Kept:
    """A folder of parts, each written whole or not at all. common: what every part depends on."""

    def __init__(self, folder: Path, common: dict[str, Any]) -> None:
        self._folder, self._common = folder, common
        folder.mkdir(parents=True, exist_ok=True)

    def get(self, part: str, about: dict[str, Any], make: Callable[[], Rows]) -> Rows:
        text = json.dumps([self._common, part, about], sort_keys=True)
        path = self._folder / f"{part}-{hashlib.sha256(text.encode()).hexdigest()[:32]}.json"
        if not path.exists():
            rows = make()
            with replacing(path) as file:
                file.write(json.dumps(rows).encode())
        found: Rows = json.loads(path.read_text(encoding="utf-8"))
        return found
