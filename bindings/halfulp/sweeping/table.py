"""A sweep's results as a table, and the table as Parquet."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from halfulp._core import version
from halfulp._scheme import Scheme
from halfulp.sweeping._extras import need
from halfulp.sweeping._files import replacing
from halfulp.sweeping.jobs import Options
from halfulp.sweeping.measures import COLUMNS, MODEL, Sums, measured_columns, scheme_columns, stored_bits, total
from halfulp.sweeping.weights import Matrix, Weights

if TYPE_CHECKING:
    import pandas

_KEY = b"halfulp"  # of the metadata in a Parquet file


def make_table(
    weights: Weights, schemes: list[Scheme], grid: list[list[Sums | str]], options: Options, *, with_errors: bool
) -> pandas.DataFrame:
    """Rows in the order of schemes, then matrices. grid: by matrix and scheme, sums or an error's message."""
    rows = []
    for column, scheme in enumerate(schemes):
        facts = scheme_columns(scheme)
        results = [row[column] for row in grid]
        for matrix, result in zip(weights.matrices, results, strict=True):
            rows.append(_row(scheme, matrix, result, facts, options))
        rows.append(_model_row(scheme, weights, results, facts, options))
    frame = need("pandas", "sweep", "a sweep's table").DataFrame(rows)
    frame = frame[[*COLUMNS, "error"] if with_errors else list(COLUMNS)].astype({"block": "Int64"})
    frame.attrs["halfulp"] = {
        "version": version,
        "weights": weights.source,
        "matrices": len(weights.matrices),
        "left_out": weights.left_out,
        "schemes": [str(scheme) for scheme in schemes],
        "axis": int(options.axis),
        "rounding": options.rounding,
        "scale_rounding": options.scale_rounding,
        "random_bits": options.random_bits,
        "random_source": list(options.source) if options.source else None,
        "columns": COLUMNS,
    }
    return frame


def _row(scheme: Scheme, matrix: Matrix, result: Sums | str, facts: dict[str, Any], options: Options) -> dict[str, Any]:
    return {
        "scheme": str(scheme),
        "matrix": matrix.name,
        "shape": "x".join(str(n) for n in matrix.shape),
        "elements": matrix.size,
        "bits_per_element": stored_bits(scheme, matrix.shape, options.axis) / matrix.size,
        **measured_columns(result if isinstance(result, Sums) else None),
        **facts,
        "error": result if isinstance(result, str) else "",
    }


def _model_row(
    scheme: Scheme, weights: Weights, results: list[Sums | str], facts: dict[str, Any], options: Options
) -> dict[str, Any]:
    sums = [result for result in results if isinstance(result, Sums)]
    failed = len(results) - len(sums)
    elements = sum(matrix.size for matrix in weights.matrices)
    stored = sum(stored_bits(scheme, matrix.shape, options.axis) for matrix in weights.matrices)
    return {
        "scheme": str(scheme),
        "matrix": MODEL,
        "shape": "",
        "elements": elements,
        "bits_per_element": stored / elements,
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


def read_table(path: str | os.PathLike[str]) -> pandas.DataFrame:
    """A table that :func:`write_table` wrote, its attrs too."""
    parquet = need("pyarrow.parquet", "sweep", "a Parquet file")
    content = parquet.read_table(os.fspath(path))
    table: pandas.DataFrame = content.to_pandas()
    about = (content.schema.metadata or {}).get(_KEY)
    if about is None:
        raise ValueError(f"{os.fspath(path)} has no metadata of a sweep, expected a file that halfulp wrote")
    table.attrs = {"halfulp": json.loads(about)}
    return table
