"""A folder of results: what was computed once is there for good, whoever stops and whenever.

    halfulp-results.json           what the folder is, and the version of its layout
    rows/weights=<hash>/*.parquet  rows, each with its key, parted by the matrix that they are about
    sweeps/*.json                  what was asked for: names of matrices, schemes, options
    claims                         locks of the processes that are at work

Files are written beside their place under a name of their own, put on the disk and then renamed, and are never changed
afterwards. So a reader sees whole files only, and processes do not meet but in claims. A row's key says all that its
numbers depend on: two rows with one key are the same row.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from halfulp import _core
from halfulp.sweeping import rows
from halfulp.sweeping._files import replacing, sync_folder
from halfulp.sweeping.claims import Claims
from halfulp.sweeping.keys import key_of
from halfulp.sweeping.measures import Sums

SCHEMA = 1
"""Version of the layout. A library reads folders of its own number alone."""

_MANIFEST = "halfulp-results.json"
_KIND = "results of halfulp sweeps"
_FLUSH_SECONDS = 2.0  # at most so much work is done again after a kill
_STALE_SECONDS = 3600.0  # a temporary file of this age belongs to nobody any more


def check_folder(folder: Path) -> bool:
    """Is it a results folder of this version? False for one that is absent or empty. Raises ValueError that says what
    to do for anything else."""
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"results is {folder}, which is a file, allowed: a folder, new, empty or with results")
    above = next(place for place in folder.absolute().parents if place.exists() or place.is_symlink())
    if not above.is_dir():
        raise NotADirectoryError(f"results is {folder}, but {above} is a file, allowed: a folder that can be made")
    manifest = folder / _MANIFEST
    if not manifest.exists():
        if folder.exists() and any(not name.name.startswith(".") for name in folder.iterdir()):
            raise ValueError(
                f"the folder {folder} holds files but no {_MANIFEST}, so it is no results folder of halfulp: name a "
                "new or an empty folder"
            )
        return False
    try:
        content = json.loads(manifest.read_bytes())
        kind, schema, version = content["kind"], content["schema"], content["version"]
    except (ValueError, KeyError, TypeError):
        kind = None
    if kind != _KIND:
        raise ValueError(
            f"{manifest} is not what halfulp wrote: put it back as it was, or name a new or an empty folder"
        )
    if schema != SCHEMA:
        raise ValueError(
            f"the results folder {folder} has layout {schema} (written by halfulp {version}), allowed: layout "
            f"{SCHEMA}, which halfulp {_core.version} reads: use halfulp {version} for it, or name a new or an empty "
            "folder"
        )
    return True


class Results:
    """An open results folder: finds rows, adds rows, claims pairs."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        if not check_folder(self.folder):
            self._make()
        self._claims = Claims(self.folder / "claims")
        self._seen: dict[str, set[str]] = {}  # files by the matrix's digest
        self._found: dict[str, dict[str, Sums]] = {}  # sums by the matrix's digest and the key
        self._waiting: dict[str, dict[str, dict[str, Any]]] = {}  # rows to be written, likewise
        self._flushed = time.monotonic()
        self._remove_stale()

    def _make(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        content = {"kind": _KIND, "schema": SCHEMA, "version": _core.version}
        with replacing(self.folder / _MANIFEST, durable=True) as file:
            file.write((json.dumps(content, indent=1) + "\n").encode())
        sync_folder(self.folder.absolute().parent)

    def _remove_stale(self) -> None:
        for file in self.folder.glob("**/.*.tmp"):
            try:
                if time.time() - file.stat().st_mtime > _STALE_SECONDS:
                    file.unlink()
            except OSError:  # another process was quicker
                continue

    def record(self, sweep: dict[str, Any]) -> None:
        """Keeps what was asked for, once."""
        path = self.folder / "sweeps" / f"{key_of(sweep)}.json"
        if not path.exists():
            with replacing(path, durable=True) as file:
                file.write((json.dumps(sweep, ensure_ascii=False) + "\n").encode())

    def find(self, digest: str, key: str) -> Sums | None:
        """The sums of a pair, if this sweep has seen them: :meth:`look` brings in what others wrote."""
        return self._found.get(digest, {}).get(key)

    def look(self, digest: str) -> None:
        """Reads the files about a matrix that are new."""
        folder = rows.place(self.folder, digest)
        seen = self._seen.setdefault(digest, set())
        found = self._found.setdefault(digest, {})
        for path in rows.files(folder):
            if path.name not in seen:
                found.update((row["key"], rows.to_sums(row)) for row in rows.read(path))
                seen.add(path.name)

    def claim(self, digest: str, keys: Iterable[str]) -> set[str]:
        """The pairs that nobody is working on: ours from now on. What others have finished meanwhile is found then."""
        mine = {key for key in keys if self._claims.take(key)}
        if mine:
            self.look(digest)  # after the claim: what another process wrote before it let go is seen
        return mine

    def release(self, keys: Iterable[str]) -> None:
        self._claims.drop(keys)

    def add(self, digest: str, row: dict[str, Any], sums: Sums) -> None:
        """A finished pair. It is on the disk after the next flush."""
        self._found.setdefault(digest, {})[row["key"]] = sums
        self._waiting.setdefault(digest, {})[row["key"]] = rows.with_sums(row, sums)

    def flush_if_due(self) -> None:
        """A flush from time to time."""
        if time.monotonic() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Writes all rows that wait, and lets go of their pairs. Raises OSError that says what is kept."""
        for digest in list(self._waiting):
            content = self._waiting[digest]
            try:
                path = rows.write(self.folder, digest, list(content.values()))
            except OSError as error:
                raise OSError(
                    error.errno,
                    f"the results folder {self.folder} cannot be written to ({error.strerror or error}); what is in it "
                    "is kept and sound: make room, then run the same sweep again to go on",
                ) from error
            self._seen.setdefault(digest, set()).add(path.name)
            del self._waiting[digest]
            self.release(content)
        self._flushed = time.monotonic()

    def count(self) -> int:
        """Rows on the disk that this sweep knows of."""
        return sum(map(len, self._found.values())) - sum(map(len, self._waiting.values()))

    def close(self) -> None:
        self._claims.close()
