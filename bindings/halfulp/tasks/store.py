"""Results that are there already: one small Parquet file for each task and scheme, named by what it depends on."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from halfulp._core import version
from halfulp.sweeping._extras import need
from halfulp.sweeping._files import prepare, replacing
from halfulp.tasks.intervals import LEVEL, REPLICATES, Measure

_ALGORITHM = 1  # goes up when a task's numbers change without its options
_KEY = b"halfulp_task"


class Store:
    """A folder of results. Files are written whole or not at all, so that a run can be ended at any time, and several
    may share a folder. Numbers are those of the machine that wrote them: BLAS rounds differently on others."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._folder = Path(folder)
        prepare(self._folder / "result")

    def read(self, identity: dict[str, Any]) -> list[Measure] | None:
        """The measures of this identity, None where there are none yet."""
        path, about = self._place(identity)
        if not path.exists():
            return None
        parquet = need("pyarrow.parquet", "sweep", "a results folder")
        try:
            content = parquet.read_table(path)
            sound = (content.schema.metadata or {}).get(_KEY) == about
            rows = [Measure(**{name: row[name] for name in Measure._fields}) for row in content.to_pylist()]
        except Exception as error:  # pyarrow has its own family of errors for damaged files
            raise ValueError(
                f"{path} is not a sound result of a task: {error}; delete it to have it made anew"
            ) from None
        if not sound:
            raise ValueError(f"{path} is a result of something else than its name says; delete it to have it made anew")
        return rows

    def write(self, identity: dict[str, Any], measures: list[Measure]) -> None:
        pyarrow = need("pyarrow", "sweep", "a results folder")
        parquet = need("pyarrow.parquet", "sweep", "a results folder")
        path, about = self._place(identity)
        content = pyarrow.Table.from_pylist([measure._asdict() for measure in measures])
        with replacing(path) as file:
            parquet.write_table(content.replace_schema_metadata({_KEY: about}), file)

    def _place(self, identity: dict[str, Any]) -> tuple[Path, bytes]:
        """The file of an identity, and the text that its name is the hash of."""
        whole = identity | {"version": version, "algorithm": _ALGORITHM, "replicates": REPLICATES, "level": LEVEL}
        about = json.dumps(whole, sort_keys=True).encode()
        return self._folder / f"{identity['task']}-{hashlib.sha256(about).hexdigest()[:32]}.parquet", about
