"""What the page's script works on: the schemes' rows by column, and the matrices' metrics as packed numbers."""

from __future__ import annotations

import base64
import math
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.plots._columns import axis_of, numeric_columns
from halfulp.plots._figure import short_names
from halfulp.plots._rows import Scales, element_kinds_of, kinds_of, options_of, published_names, scales_of
from halfulp.plots._tasks import TaskColumn
from halfulp.sweeping.measures import MODEL
from halfulp.sweeping.pareto import DB_PER_BIT

if TYPE_CHECKING:
    import pandas

# Short names for the table's heads and the menus; other columns go by their own.
_HEADS = {
    "scheme": "scheme",
    "bits_per_element": "bits per element",
    "relative_error": "relative error (dB)",
    "output_error": "output error (dB)",
    "sqnr_db": "SQNR (dB)",
    "mse": "mean squared error",
    "max_error": "largest error",
    "max_relative_error": "largest relative error",
    "cosine": "cosine",
    "kl": "KL divergence",
    "zeros": "zeros (%)",
    "saturated": "saturated (%)",
    "zero_scales": "zero scales",
    "element": "element",
    "element_kind": "kind of element",
    "element_bits": "element bits",
    "block": "group length",
    "scales": "scale formats",
    "recipe": "recipe",
    "search": "search",
    "hadamard": "Hadamard",
    "rounding": "rounding",
    "bytes": "size",
    "elements": "elements",
    "squared_error": "squared error",
    "squared_norm": "energy",
}
# Columns of matrices alone, and the message of a pair that failed, which is told apart from the numbers.
_NOT_OF_SCHEMES = ("matrix", "shape", "depth", "error")
# What is first in the table; what a user or an end task added comes after the output error.
_FIRST = ("scheme", "bits_per_element", "relative_error", "output_error")
# By matrix these follow from others or are the same under every scheme.
_NOT_BY_MATRIX = ("elements", "bits_per_element", "sqnr_db", "mse", "squared_error", "squared_norm", "bytes", "depth",
                  "element_bits", "block", "hadamard")  # fmt: skip
_MATRIX_BYTES = 3_000_000


def payload(
    table: pandas.DataFrame, models: pandas.DataFrame, results: list[TaskColumn], higher_is_better: Collection[str]
) -> dict[str, Any]:
    """JSON's types alone. Numbers have seven digits; what is missing is null, infinities are "inf" and "-inf"."""
    meanings = table.attrs.get("halfulp", {}).get("columns", {})
    columns = [_column(models, name, meanings, higher_is_better) for name in _order(models)]
    place = sum(column["name"] in _FIRST for column in columns)
    columns[place:place] = [_task_column(result) for result in results]
    kinds = [kind or "none, or one per tensor" for kind in kinds_of(models)]
    published = published_names()
    return {
        "columns": columns,
        "kind": _words(kinds),
        "levels": _words(_in_words(models)),
        "published": [int(scheme in published) for scheme in models["scheme"]],
        "errors": [str(text) for text in models["error"]] if "error" in models.columns else [],
        "dbPerBit": DB_PER_BIT,
        "matrices": _matrices(table, models, meanings, higher_is_better),
    }


def _order(models: pandas.DataFrame) -> list[str]:
    known = [name for name in _HEADS if name in models.columns]
    added = [name for name in models.columns if name not in _HEADS and name not in _NOT_OF_SCHEMES]
    return [*(name for name in known if name in _FIRST), *added, *(name for name in known if name not in _FIRST)]


def _column(
    models: pandas.DataFrame, name: str, meanings: dict[str, str], higher_is_better: Collection[str]
) -> dict[str, Any]:
    head = {"name": name, "head": _HEADS.get(name, name), "meaning": str(meanings.get(name, ""))}
    if name not in numeric_columns(models):
        return head | _words([str(value) for value in models[name]])
    axis = axis_of(name, higher_is_better)
    values = [_number(value) for value in models[name].astype("float64")]
    return head | {"label": axis.label, "better": axis.better, "scale": axis.scale, "values": values}


def _task_column(result: TaskColumn) -> dict[str, Any]:
    return {
        "name": result.name,
        "head": result.name,
        "meaning": result.note,
        "label": result.label,
        "better": result.better,
        "scale": result.scale,
        "secondary": not result.main,
        "reference": _number(result.reference),
        "values": [_number(value) for value in result.values],
        "low": [_number(value) for value in result.low],
        "high": [_number(value) for value in result.high],
    }


def _number(value: float) -> float | int | str | None:
    if math.isnan(value):
        return None
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return int(value) if value.is_integer() and abs(value) < 2**53 else float(f"{value:.7g}")


def _words(texts: list[str]) -> dict[str, Any]:
    """Texts, each different one once: by row its place among the words."""
    words = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return {"words": list(words), "codes": [words[text] for text in texts]}


def _in_words(models: pandas.DataFrame) -> list[str]:
    """Every scheme in words, part by part, with a line break between them."""
    columns = (models["scheme"], models["element"], models["element_bits"], element_kinds_of(models), scales_of(models))
    return [
        "\n".join([f"elements: {element}, {_bits(int(bits), kind)}", *_scales(levels, kind), *_options(text)])
        for text, element, bits, kind, levels in zip(*columns, strict=True)
    ]


def _bits(bits: int, kind: str) -> str:
    if kind == "complex":
        return f"{_plural(bits, 'bit')} for two weights (widely linear form)"
    return f"{_plural(bits, 'bit')} each"


def _scales(levels: list[Scales], kind: str) -> list[str]:
    count = "two {} scales, of real and imaginary parts," if kind == "complex" else "one {} scale"
    inner = "complex elements" if kind == "complex" else "elements"
    lines = []
    for level in levels:
        if level.group.isdigit():
            over = f"every {level.group} {inner}"
        elif "x" in level.group:
            over = f"every tile of {level.group.replace('x', ' × ')}"
        else:
            over = f"each {level.group}"
        lines.append(f"{count.format(level.format)} for {over}")
        inner = "of these scales"
    return lines


def _options(text: str) -> list[str]:
    options = options_of(text)
    return options.split(",") if options else []


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _matrices(
    table: pandas.DataFrame, models: pandas.DataFrame, meanings: dict[str, str], higher_is_better: Collection[str]
) -> dict[str, Any]:
    """By matrix its facts, and for each metric float32 numbers in base64, little-endian: scheme by scheme, in each the
    matrices in the table's order; NaN where the table has no such row."""
    rows = table[table["matrix"] != MODEL]
    facts = rows.drop_duplicates("matrix")
    place = {name: i for i, name in enumerate(facts["matrix"])}
    of_scheme = {key: i for i, key in enumerate(zip(models["scheme"], models["rounding"], strict=True))}
    row = np.array([of_scheme.get(key, -1) for key in zip(rows["scheme"], rows["rounding"], strict=True)], dtype=int)
    column = np.array([place[name] for name in rows["matrix"]], dtype=int)
    there = row >= 0
    metrics: list[dict[str, Any]] = []
    size = 4 * len(models) * len(place)
    for name in _order(models):
        if name not in numeric_columns(rows) or name in _NOT_BY_MATRIX:
            continue
        values = np.full((len(models), len(place)), np.nan, dtype="<f4")
        with np.errstate(over="ignore"):
            values[row[there], column[there]] = rows[name].astype("float64").to_numpy()[there]
        if np.isnan(values).all() or (metrics and size * (len(metrics) + 1) > _MATRIX_BYTES):
            continue
        axis = axis_of(name, higher_is_better)
        metrics.append(
            {
                "name": name,
                "head": _HEADS.get(name, name),
                "meaning": str(meanings.get(name, "")),
                "better": axis.better,
                "scale": axis.scale,
                "data": base64.b64encode(values.tobytes()).decode("ascii"),
            }
        )
    names = [str(name) for name in facts["matrix"]]
    short, without = short_names(names, most=200) if names else ([], "")
    return {
        "names": names,
        "short": short,
        "without": without,
        "shapes": [str(shape) for shape in facts["shape"]],
        "metrics": metrics,
    }
