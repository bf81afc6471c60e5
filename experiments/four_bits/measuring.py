"""Errors of matrices under schemes, one row for each pair."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import halfulp as hu
import numpy as np
import pandas
from halfulp.sweeping import MODEL

COLUMNS = ["scheme", "matrix", "elements", "bits_per_element", "squared_error", "squared_norm", "l1"]


def relative_l1(values: np.ndarray, quantized: np.ndarray) -> float:
    """Σ|W − Ŵ| ÷ Σ|W|."""
    difference = np.abs(values - quantized).sum(dtype=np.float64)
    return float(difference / np.abs(values).sum(dtype=np.float64))


def scheme_text(element: str, length: int | str, scale: str, *options: str) -> str:
    """A scheme of "uint4@zero_point", 64 and "binary16": options stand behind elements and scales alike."""
    element, *of_element = element.split("@")
    scale, *of_scale = scale.split("@")
    named = ",".join([*of_scale, *options, *of_element])
    return f"{element}/{length}:{scale}" + (f"@{named}" if named else "")


def measure(
    weights: dict[str, np.ndarray], schemes: Iterable[str], results: Path, *, l1: bool = True
) -> dict[str, pandas.DataFrame]:
    """By scheme, as it was asked for, rows with COLUMNS for every matrix; l1 is NaN where it is not asked for, which
    saves half of the time."""
    asked = {str(hu.scheme(text)): text for text in schemes}
    metrics = {"l1": relative_l1} if l1 else None
    table = hu.sweep(weights, list(asked), kl=False, metrics=metrics, results=results)
    rows_of_matrices = table[table["matrix"] != MODEL].reindex(columns=COLUMNS)
    return {asked[str(name)]: rows for name, rows in rows_of_matrices.groupby("scheme")}
