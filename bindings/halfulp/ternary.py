"""Ternary weights that are no schemes: two trained scales (TTQ), and a gated low-rank correction beside them (HGF)."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import DTYPES, carried, raw
from halfulp._runs import Runs, choice, not_empty, runs_of, scales_of, typed_codes, values_carrier


@dataclass
class TernaryWeights:
    """Codes value + 1 (0, 1, 2; uint8) in the shape of the weights; the magnitudes of both scales, float32, one for
    each group: shape () for the tensor, (channels,), or the weights' with the last axis counted in groups. Arrays are
    what the weights were. ``hu.pack(w.codes, 2)`` gives four in a byte."""

    codes: Any
    negative: Any
    positive: Any
    _runs: Runs = field(repr=False)
    _carrier: str = field(repr=False)

    def dequantize(self, dtype: Any = None) -> Any:
        """-negative, 0 or +positive in the codes' shape: float32, or float64 where the weights were, or `dtype`
        (rounded to nearest even). The scales may have been replaced, trained ones say."""
        codes, kind = typed_codes("codes", self.codes)
        negative = scales_of("negative", self.negative, self._runs.shape)
        positive = scales_of("positive", self.positive, self._runs.shape)
        carrier = values_carrier(dtype, self._carrier)
        kind.check(DTYPES[carrier])
        out = kind.empty(codes.shape, DTYPES[carrier])
        _core.decode_trained_ternary(codes, self._runs.cut, negative, positive, carrier, raw(out))
        return kind.give(out, DTYPES[carrier])


def ttq(w: Any, threshold: Any = 0.05, *, group: Any = None, init: str = "least_squares") -> TernaryWeights:
    """Trained ternary quantization (Zhu, Han, Mao, Dally, arXiv 1612.01064): w > D becomes +positive, w < -D -negative,
    the rest 0, with D = threshold × the largest abs(w) of the group. Returns TernaryWeights.

    threshold: 0 to 1, read as the decimal number that it prints as (0.05 is 1/20; also a Fraction or Decimal) and
    compared exactly; abs(w) = D is 0, as in the paper (its authors' code gives ±1 there). group: None (the whole
    tensor, as the paper), "channel", or a length along the last axis. init: the paper learns both scales from 1.0
    ("ones");
    "least_squares" gives the ones of least squared error for these codes, the means of abs(w) over each side, exact and
    rounded once to float32, 0 for an empty side.

    Raises ValueError for an empty w, NaN or infinities in it, and names and ranges.
    """
    choice("init", init, ("least_squares", "ones"))
    ratio = _decimal("threshold", threshold)
    a = carried("w", w)
    not_empty("w", a)
    runs = runs_of(a.shape, group)
    codes = a.kind.empty(a.shape, "uint8")
    negative, positive = (a.kind.empty(runs.shape, "float32") for _ in range(2))
    _core.encode_trained_ternary(
        a.data, a.carrier, runs.cut, ratio.numerator, ratio.denominator, codes, negative, positive
    )
    if init == "ones":
        negative[...] = positive[...] = 1.0
    return TernaryWeights(
        a.kind.give(codes, "uint8"), a.kind.give(negative, "float32"), a.kind.give(positive, "float32"), runs, a.carrier
    )


def _decimal(name: str, value: Any) -> Fraction:
    """A number as the decimal that it prints as."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, Fraction, Decimal, np.floating)):
        raise TypeError(f"{name} is {value!r}, allowed: a number from 0 to 1")
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}, allowed: 0 to 1")
    ratio = Fraction(str(value)) if not isinstance(value, (Fraction, Decimal)) else Fraction(value)
    if ratio.denominator >= 2**64:
        raise ValueError(f"{name} is {value}, allowed: a ratio of integers below 2^64")
    return ratio


def low_rank_correction(residual: Any, rank: int) -> tuple[np.ndarray, np.ndarray]:
    """(down, up) of shapes (rank, inputs) and (outputs, rank), float64, with up @ down the best approximation of this
    rank to `residual` (outputs, inputs), in the sense of least squares (Eckart and Young; by numpy.linalg.svd).

    Of W minus its ternary values this is the correction that :func:`hybrid_gated_flow` adds with gate 1. Raises
    ValueError for other than two axes, numbers that are not finite, and a rank outside 0 to the smaller side."""
    matrix = _matrix("residual", residual)
    if isinstance(rank, (bool, np.bool_)) or not isinstance(rank, (int, np.integer)):
        raise TypeError(f"rank is {rank!r}, allowed: an integer from 0 to {min(matrix.shape)}")
    if not 0 <= rank <= min(matrix.shape):
        raise ValueError(f"rank is {rank}, allowed: 0 to {min(matrix.shape)}")
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    return right[:rank], left[:, :rank] * values[:rank]


def hybrid_gated_flow(
    x: Any, weights: Any, down: Any, up: Any, gate: Any = 1.0, *, gate_function: str = "identity"
) -> np.ndarray:
    """y = x Wᵀ + g(gate) · ((x downᵀ) upᵀ): ternary weights W with a gated low-rank correction beside them (Hybrid
    Gated Flow, arXiv 2602.05269), in float64.

    x: (..., inputs). weights: ternary values (outputs, inputs), with their scales, such as ``ttq(w).dequantize()`` or
    ``hu.fake_quantize(w, "ternary/tensor:binary32")``. down: (rank, inputs). up: (outputs, rank). gate: a number, or
    one for each output. gate_function: "identity", "sigmoid" or "tanh". Returns (..., outputs).

    The paper's text beyond the abstract could not be read and no code is public. Read: one learned scalar gate for each
    projection, near 0.1 in the end. Open, and so left to the caller: what the gate passes through, the rank, and how
    down and up start; :func:`low_rank_correction` builds them from data. A floating-point product: the last bits are
    BLAS's. Raises ValueError for shapes that do not fit."""
    choice("gate_function", gate_function, ("identity", "sigmoid", "tanh"))
    values, a, b = _matrix("weights", weights), _matrix("down", down), _matrix("up", up)
    outputs, inputs = values.shape
    if a.shape[1] != inputs:
        raise ValueError(f"down has shape {a.shape}, allowed: (rank, {inputs})")
    if b.shape != (outputs, a.shape[0]):
        raise ValueError(f"up has shape {b.shape}, allowed: {(outputs, a.shape[0])}")
    data = _real("x", x)
    if data.ndim == 0 or data.shape[-1] != inputs:
        raise ValueError(f"x has shape {data.shape}, allowed: (..., {inputs})")
    g = _real("gate", gate)
    if g.shape not in ((), (outputs,)):
        raise ValueError(f"gate has shape {g.shape}, allowed: () or {(outputs,)}")
    if gate_function == "sigmoid":
        g = 0.5 * (1.0 + np.tanh(0.5 * g))
    elif gate_function == "tanh":
        g = np.tanh(g)
    return data @ values.T + g * (data @ a.T @ b.T)


def _real(name: str, x: Any) -> np.ndarray:
    return np.asarray(carried(name, x).widened, dtype=np.float64)


def _matrix(name: str, x: Any) -> np.ndarray:
    array = _real(name, x)
    if array.ndim != 2:
        raise ValueError(f"{name} has {array.ndim} axes, allowed: 2")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds NaN or infinities, allowed: finite numbers")
    return array
