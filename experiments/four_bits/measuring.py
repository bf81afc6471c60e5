"""Errors of matrices under schemes, one row for each pair."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

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
    swept = [text for text in asked if not _is_beyond_sweeps(hu.scheme(text))]
    parts = []
    if swept:
        metrics = {"l1": relative_l1} if l1 else None
        table = hu.sweep(weights, swept, kl=False, metrics=metrics, results=results)
        parts.append(table[table["matrix"] != MODEL].reindex(columns=COLUMNS))
    parts += [_directly(weights, text, l1=l1) for text in asked if text not in swept]
    return {asked[str(name)]: rows for part in parts for name, rows in part.groupby("scheme")}


def _is_beyond_sweeps(scheme: Any) -> bool:
    """Sweeps of this version refuse scales that have a zero point or an offset."""
    return bool(scheme.zero_point or scheme.double_quant)


def _directly(weights: dict[str, np.ndarray], scheme: str, *, l1: bool) -> pandas.DataFrame:
    rows = []
    for name, values in weights.items():
        quantized = hu.fake_quantize(values, scheme, threads=2)
        difference, whole = (array.astype(np.float64).ravel() for array in (values - quantized, values))
        rows.append(
            {
                "scheme": scheme,
                "matrix": name,
                "elements": values.size,
                "bits_per_element": stored_bits(hu.scheme(scheme), values.size),
                "squared_error": difference @ difference,
                "squared_norm": whole @ whole,
                "l1": relative_l1(values, quantized) if l1 else np.nan,
            }
        )
    return pandas.DataFrame(rows, columns=COLUMNS)


def stored_bits(scheme: Any, elements: int) -> float:
    """Bits per element of one level of scales with zero points, or of two with an offset, short last groups counted."""
    bits, groups = elements * scheme.element.bits, elements
    for level in scheme.levels:
        groups = -(-groups // level.group)
        bits += groups * (level.format.bits + (scheme.element.bits if scheme.zero_point else 0))
    return (bits + (32 if scheme.double_quant else 0)) / elements
