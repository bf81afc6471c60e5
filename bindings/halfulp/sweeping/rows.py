"""The Parquet files of a results folder: rows with their keys, and the sums from which a model's row is made."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from halfulp.sweeping._extras import need
from halfulp.sweeping._files import replacing
from halfulp.sweeping.keys import KEY_LENGTH
from halfulp.sweeping.measures import Sums

_MARK = b"halfulp-rows"  # of the metadata in a Parquet file
_VERSION = b"1"
_SUMS = {field.name: field.type for field in fields(Sums) if field.name != "user"}
_PREFIX = "sum:"  # of the columns that hold sums
_USER = "user:"  # of those that hold user metrics
_TEXTS = {"key", "weights_hash", "scheme", "matrix", "shape", "element", "scales", "recipe", "rounding", "search",
          "element_kind"}  # fmt: skip
_INTEGERS = {"elements", "element_bits", "block", "bytes", "depth", "hadamard", "zero_scales"}
_KEY = re.compile(f"[0-9a-f]{{{KEY_LENGTH}}}")


def place(folder: Path, digest: str) -> Path:
    """Where the rows about a matrix are."""
    return folder / "rows" / f"weights={digest[:KEY_LENGTH]}"


def files(folder: Path) -> list[Path]:
    """The files of rows in a folder, in the order of their names."""
    try:
        return sorted(path for path in folder.iterdir() if path.suffix == ".parquet" and not path.name.startswith("."))
    except FileNotFoundError:
        return []


def partitions(folder: Path) -> Iterator[Path]:
    """The folders of rows of a results folder."""
    yield from sorted(path for path in (folder / "rows").glob("weights=*") if path.is_dir())


def with_sums(row: dict[str, Any], sums: Sums) -> dict[str, Any]:
    """The row with its sums in columns of their own."""
    own = {_PREFIX + name: getattr(sums, name) for name in _SUMS}
    return {
        **{n: v for n, v in row.items() if n not in sums.user},
        **own,
        **{_USER + n: v for n, v in sums.user.items()},
    }


def to_sums(row: dict[str, Any]) -> Sums:
    """The sums of a row that was read."""
    user = {name.removeprefix(_USER): value for name, value in row.items() if name.startswith(_USER)}
    return Sums(**{name: row[_PREFIX + name] for name in _SUMS}, user=user)


def write(folder: Path, digest: str, content: Sequence[dict[str, Any]]) -> Path:
    """The rows as a file of their own, on the disk or not at all."""
    pyarrow = need("pyarrow", "sweep", "a results folder")
    parquet = need("pyarrow.parquet", "sweep", "a results folder")
    schema = pyarrow.schema([(name, _type(pyarrow, name)) for name in content[0]], metadata={_MARK: _VERSION})
    table = pyarrow.Table.from_pylist(list(content), schema=schema)
    memory = io.BytesIO()  # so that the file is written in one go, and a full disk is an OSError of ours
    parquet.write_table(table, memory, write_page_checksum=True)
    path = place(folder, digest) / f"{secrets.token_hex(8)}.parquet"
    with replacing(path, durable=True) as file:
        file.write(memory.getbuffer())
    return path


def _type(pyarrow: Any, name: str) -> Any:
    if name in _TEXTS:
        return pyarrow.string()
    if name in _INTEGERS or _SUMS.get(name.removeprefix(_PREFIX)) == "int":
        return pyarrow.int64()
    return pyarrow.float64()


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file. Raises ValueError for one that is damaged or somebody else's, and says what to do."""
    pyarrow = need("pyarrow", "sweep", "a results folder")
    parquet = need("pyarrow.parquet", "sweep", "a results folder")
    wrong = "remove it: the pairs in it will be computed again"
    try:
        # One file, not a data set: names such as weights=… in the path are not columns to be.
        with path.open("rb") as source:
            table = parquet.ParquetFile(source, page_checksum_verification=True).read()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} is not a sound file of results ({said}): {wrong}") from None
    needed = {"key", "scheme", "matrix", *(_PREFIX + name for name in _SUMS)}
    if (table.schema.metadata or {}).get(_MARK) != _VERSION or not needed <= set(table.column_names):
        raise ValueError(f"{path} is a Parquet file that halfulp did not write as results: {wrong}, if there are any")
    found: list[dict[str, Any]] = table.to_pylist()
    if not all(isinstance(row["key"], str) and _KEY.fullmatch(row["key"]) for row in found):
        raise ValueError(f"{path} has rows without a key: {wrong}")
    return found
