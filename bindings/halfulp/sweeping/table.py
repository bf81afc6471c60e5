"""A sweep's results as a table, and the table as Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from halfulp._core import version
from halfulp.sweeping._extras import need
from halfulp.sweeping._files import replacing
from halfulp.sweeping.cases import Case, Options
from halfulp.sweeping.matrix import Weights
from halfulp.sweeping.measures import (
    COLUMNS,
    MODEL,
    Sums,
    depth,
    measured_columns,
    scheme_columns,
    stored_bits,
    stored_bytes,
    stored_planes,
    total,
)

if TYPE_CHECKING:
    import pandas

_KEY = b"halfulp"  # of the metadata in a Parquet file


class Named(Protocol):
    """What a row says of a matrix."""

    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def size(self) -> int: ...


def make_rows(
    matrices: Sequence[Named], cases: Sequence[Case], grid: Sequence[Sequence[Sums | str | None]], options: Options
) -> list[dict[str, Any]]:
    """Rows in the order of cases, then matrices, then the model's. grid: by matrix and case, sums or an error's
    message; None (not computed) has no row, nor has the model then."""
    rows = []
    for column, case in enumerate(cases):
        facts = _facts(case)
        results = [row[column] for row in grid]
        for matrix, result in zip(matrices, results, strict=True):
            if result is not None:
                rows.append(_row(matrix, case, result, options, facts))
        known = [result for result in results if result is not None]
        if len(known) == len(results):
            rows.append(_model_row(matrices, case, known, options, facts))
    return rows


def pair_row(matrix: Named, case: Case, sums: Sums, options: Options) -> dict[str, Any]:
    """The row of one matrix under one case."""
    return _row(matrix, case, sums, options, _facts(case))


def make_frame(rows: Sequence[dict[str, Any]], more_columns: Iterable[str] = ()) -> pandas.DataFrame:
    """Rows as a table with COLUMNS and what else is named."""
    columns = [*COLUMNS, *more_columns]
    frame = need("pandas", "sweep", "a sweep's table").DataFrame(rows, columns=columns)
    return frame.astype({"block": "Int64", "depth": "Int64", "hadamard": "Int64"})


def make_table(
    weights: Weights,
    cases: Sequence[Case],
    grid: Sequence[Sequence[Sums | str]],
    options: Options,
    metrics: Iterable[str],
    *,
    with_errors: bool,
) -> pandas.DataFrame:
    """The table of a sweep."""
    frame = make_frame(
        make_rows(weights.matrices, cases, grid, options), [*metrics, *(["error"] if with_errors else [])]
    )
    modes = list(dict.fromkeys(case.rounding for case in cases))
    frame.attrs["halfulp"] = {
        "version": version,
        "weights": weights.source,
        "matrices": len(weights.matrices),
        "left_out": weights.left_out,
        "dequantized": weights.dequantized,
        "schemes": list(dict.fromkeys(str(case.scheme) for case in cases)),
        "axis": int(options.axis),
        "rounding": modes[0] if len(modes) == 1 else modes,
        "scale_rounding": options.scale_rounding,
        "random_bits": options.random_bits,
        "random_source": list(options.source) if options.source else None,
        "columns": COLUMNS,
    }
    return frame


def _facts(case: Case) -> dict[str, Any]:
    return scheme_columns(case.scheme) | {"rounding": case.rounding}


def _row(matrix: Named, case: Case, result: Sums | str, options: Options, facts: dict[str, Any]) -> dict[str, Any]:
    planes = stored_planes(case.scheme, matrix.shape, options.axis, options.channel_axis)
    return {
        "scheme": str(case.scheme),
        "matrix": matrix.name,
        "shape": "x".join(str(n) for n in matrix.shape),
        "elements": matrix.size,
        "bits_per_element": stored_bits(planes) / matrix.size,
        "bytes": stored_bytes(planes),
        "depth": depth(matrix.name),
        **measured_columns(result if isinstance(result, Sums) else None),
        **facts,
        "error": result if isinstance(result, str) else "",
    }


def _model_row(
    matrices: Sequence[Named], case: Case, results: Sequence[Sums | str], options: Options, facts: dict[str, Any]
) -> dict[str, Any]:
    sums = [result for result in results if isinstance(result, Sums)]
    failed = len(results) - len(sums)
    elements = sum(matrix.size for matrix in matrices)
    planes = [stored_planes(case.scheme, matrix.shape, options.axis, options.channel_axis) for matrix in matrices]
    return {
        "scheme": str(case.scheme),
        "matrix": MODEL,
        "shape": "",
        "elements": elements,
        "bits_per_element": sum(map(stored_bits, planes)) / elements,
        "bytes": sum(map(stored_bytes, planes)),
        "depth": None,
        **measured_columns(None if failed else total(sums)),
        **facts,
        "error": f"{failed} of {len(results)} matrices failed" if failed else "",
    }


def model_rows(table: pandas.DataFrame) -> pandas.DataFrame:
    """The rows of a sweep's table that hold all matrices together: one for each scheme."""
    return table[table["matrix"] == MODEL].reset_index(drop=True)


def write_table(table: pandas.DataFrame, path: str | os.PathLike[str]) -> None:
    """The table as a Parquet file, whole or not at all. table.attrs["halfulp"] goes into the file's metadata, as JSON
    under "halfulp"."""
    pyarrow = need("pyarrow", "sweep", "a Parquet file")
    parquet = need("pyarrow.parquet", "sweep", "a Parquet file")
    content = pyarrow.Table.from_pandas(table, preserve_index=False)
    about = json.dumps(table.attrs.get("halfulp", {}), ensure_ascii=False).encode()
    content = content.replace_schema_metadata({**(content.schema.metadata or {}), _KEY: about})
    with replacing(path) as file:
        parquet.write_table(content, file)


def read_parquet(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """Any Parquet file as a table. Raises ValueError for a file that is none."""
    table: pandas.DataFrame = _read_parquet(path).to_pandas()
    return table


def _read_parquet(path: str | os.PathLike[str]) -> Any:
    pyarrow = need("pyarrow", "sweep", "a Parquet file")
    parquet = need("pyarrow.parquet", "sweep", "a Parquet file")
    try:
        with Path(path).open("rb") as file:  # one file, not a data set: names such as a=b in the path are no columns
            return parquet.ParquetFile(file).read()
    except (pyarrow.ArrowException, ValueError):
        raise ValueError(
            f"{os.fspath(path)} is not a sound Parquet file, allowed: one that halfulp or pandas wrote"
        ) from None


def read_table(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """A table that :func:`write_table` wrote, its attrs too. Raises ValueError for another file."""
    content = _read_parquet(path)
    table: pandas.DataFrame = content.to_pandas()
    about = (content.schema.metadata or {}).get(_KEY)
    if about is None:
        raise ValueError(f"{os.fspath(path)} has no metadata of a sweep, expected a file that halfulp wrote")
    table.attrs = {"halfulp": json.loads(about)}
    return table
