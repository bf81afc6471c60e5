"""From what the compiled functions give to a Reconstruction."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp._linear_algebra import matrices
from halfulp.reconstruct._inputs import Route, float64
from halfulp.reconstruct._result import Reconstruction


def spectrum_fields(norm: Any) -> dict[str, Any]:
    """effective_rank and condition, where the norm knows its second moment's eigenvalues."""
    if norm.spectrum is None:
        return {}
    rank, largest, _, smallest = norm.spectrum
    return {"effective_rank": int(rank), "condition": largest / smallest if rank else None}


def corrected(
    method: str,
    weight: np.ndarray,
    quantized: np.ndarray | None,
    norm: Any,
    how: Route,
    *,
    moment: np.ndarray | None = None,
    norm_is_output: bool = False,
    **fields: Any,
) -> Reconstruction:
    """The best correction under a norm. moment: where the output's error is to be measured too; norm_is_output: it is
    the norm's own."""
    found = matrices().low_rank(weight, quantized, norm, how.low_rank, how.factors)
    return finished(method, weight, quantized, norm, found, moment=moment, norm_is_output=norm_is_output, **fields)


def finished(
    method: str,
    weight: np.ndarray,
    quantized: np.ndarray | None,
    norm: Any,
    found: dict[str, Any],
    *,
    moment: np.ndarray | None = None,
    norm_is_output: bool = False,
    **fields: Any,
) -> Reconstruction:
    left, right = float64(found["A"]), float64(found["B"])
    plain, output = matrices().measure_error(weight, quantized, left, right, None if norm_is_output else moment)
    return Reconstruction(
        A=left,
        B=right,
        method=method,
        singular_values=found["singular_values"],
        error=found["error"],
        optimum=found["optimum"],
        uncorrected=found["uncorrected"],
        weight_error=plain,
        output_error=found["error"] if norm_is_output else output,
        algorithm=found["algorithm"],
        **spectrum_fields(norm),
        **fields,
    )
