"""What a reconstruction returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A low-rank correction: W is about weight_q + A B. Unpacks as ``A, B = ...``.

    Errors are squared norms. "Own" is the norm that the method minimizes (its docstring says which); None is what is
    not known or was not asked for.

    A, B: float64, (in, rank) and (rank, out), in the convention y = x W. method: the function's name.
    singular_values: those kept, of the weighted error, descending. error: own, of what is left. optimum: own, the
    least that any correction of this rank leaves beside the same quantized weight; None on the randomized route,
    whose ``error`` is certified all the same, and where no closed form is known. uncorrected: own, without A and B.
    weight_error: of what is left, every element alike. output_error: E‖x (W - weight_q - A B)‖², without any ridge,
    where the second moment of the inputs is known. algorithm: the route of the singular value decomposition.
    effective_rank: how many eigenvalues of the second moment are above largest · n · ε; the others count as zero.
    condition: the largest over the smallest of these. ridge, damping: what was added to the second moment's diagonal
    for the correction and for rounding with feedback; 0 where nothing was. notes: what the data could not support, as
    sentences.

    Of methods that quantize: weight_q: the quantized part, float64 (in, out). history: the own error after each
    iteration; iteration: the one returned, from 1, that of the least error. smoothing: what the inputs are divided
    by (in,). Of saes_svd: alpha, and retained, the part of the target's squared norm that the rank keeps.
    """

    A: np.ndarray
    B: np.ndarray
    method: str
    singular_values: np.ndarray
    error: float
    optimum: float | None
    uncorrected: float
    weight_error: float | None
    output_error: float | None
    algorithm: str
    effective_rank: int | None = None
    condition: float | None = None
    ridge: float = 0.0
    damping: float = 0.0
    notes: tuple[str, ...] = ()
    weight_q: np.ndarray | None = None
    history: tuple[float, ...] = ()
    iteration: int | None = None
    smoothing: np.ndarray | None = None
    alpha: float | None = None
    retained: float | None = None

    @property
    def rank(self) -> int:
        return int(self.A.shape[1])

    @property
    def product(self) -> np.ndarray:
        """A B."""
        return np.asarray(self.A @ self.B)

    def __iter__(self) -> Iterator[np.ndarray]:
        return iter((self.A, self.B))
