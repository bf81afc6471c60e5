"""Lyapunov exponents of recurrences: whether rounding errors grow or die out from step to step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._linear_algebra import matrices
from halfulp._runs import integer
from halfulp.sharpness._checks import finite_array, optional_error


@dataclass(frozen=True, eq=False)
class LyapunovExponents:
    """value: exponents, descending, natural logarithms per step; -inf where the derivative is singular, or contracts by
    more than float64 resolves. standard_error: of each, from means of blocks of steps. steps: counted. converged: was
    the requested error reached? None where none was requested. reason: why it stopped. state: the last."""

    value: np.ndarray
    standard_error: np.ndarray
    steps: int
    converged: bool | None
    reason: str
    state: np.ndarray
    method: str = "QR"

    @property
    def largest(self) -> float:
        return float(self.value[0])

    @property
    def sum(self) -> float:
        """The mean logarithm of the change of volume, where all exponents were asked for."""
        return float(self.value.sum())

    def growth(self, steps: int) -> float:
        """exp(largest exponent · steps): by what a small deviation is multiplied, on average of logarithms."""
        return math.exp(min(self.largest * integer("steps", steps, 0, 2**53), 709.0))


def lyapunov_exponents(
    step: Callable[[np.ndarray], Any],
    jacobian: Any,
    start: Any,
    *,
    count: int | None = None,
    steps: int = 10000,
    skip: int = 100,
    blocks: int = 32,
    standard_error: float | None = None,
    seed: int = 0,
) -> LyapunovExponents:
    """Lyapunov exponents of x ← step(x) by the QR method (Benettin and others 1980).

    step: of a float64 vector (n,), the next. jacobian: of such a vector, the derivative (n, n) of step there; or an
    array (n, n), the same everywhere. start: (n,), or a number for n = 1. count: of exponents, the largest; None: all
    n. steps: counted, at most; a multiple of blocks. skip: steps first that count for nothing, for the state to come
    near its attractor. blocks: 2 or more, of whose means the standard error is taken: they should be long beside the
    recurrence's memory. standard_error: stop when every exponent's is at most this, 8 blocks at least.

    Exponents above 0 mean that rounding errors grow until they are as large as the state. Raises ValueError for shapes
    that do not fit, and where a state becomes NaN or infinite: the message names the step.
    """
    x = np.atleast_1d(finite_array("start", start))
    if x.ndim != 1:
        raise ValueError(f"start has shape {x.shape}, allowed: (n,)")
    n = x.size
    if not callable(jacobian) and (jacobian is None or isinstance(jacobian, (str, bytes))):
        raise TypeError(f"jacobian is {jacobian!r}, allowed: a function of a vector, or an array ({n}, {n})")
    constant = None if callable(jacobian) else _square("jacobian", jacobian, n)
    if not callable(step):
        raise TypeError(f"step is a {type(step).__name__}, allowed: a function of a vector")

    def advance(state: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        j = _square("jacobian returned an array that", jacobian(state.copy()), n) if constant is None else constant
        after = np.atleast_1d(_numbers("step returned an array that", step(state)))
        if after.shape != (n,):
            raise ValueError(f"step returned shape {after.shape}, allowed: ({n},)")
        return np.ascontiguousarray(after), np.ascontiguousarray(rows.reshape(-1, n) @ j.T)

    return _exponents(advance, x, count, steps, skip, blocks, standard_error, seed)


def product_exponents(
    jacobians: Any, *, count: int | None = None, blocks: int | None = None, seed: int = 0
) -> LyapunovExponents:
    """Exponents of a product of matrices J_T … J_2 J_1 in the order given: those of a recurrence along a recorded
    sequence, say the state matrices of a selective state-space model (arXiv 2406.00209) over a text.

    jacobians: (T, n, n); or (T, n) for diagonal ones, whose exponents are the means of ln of the magnitudes. count:
    the largest so many; None: all n. blocks: 2 to T; None: 32, or T. T is cut down to a multiple of it.
    """
    a = finite_array("jacobians", jacobians)
    if a.ndim not in (2, 3) or (a.ndim == 3 and a.shape[1] != a.shape[2]):
        raise ValueError(f"jacobians has shape {a.shape}, allowed: (T, n, n), or (T, n) for diagonal ones")
    n = a.shape[1]
    if len(a) < 2:
        raise ValueError(f"jacobians has shape {a.shape}, allowed: at least two matrices")
    seed = integer("seed", seed, 0, 2**64 - 1)
    parts = min(32, len(a)) if blocks is None else integer("blocks", blocks, 2, len(a))
    if a.ndim == 3:
        at = iter(a)
        return _exponents(
            lambda x, rows: (x, np.ascontiguousarray(rows.reshape(-1, n) @ next(at).T)),
            np.zeros(n),
            count,
            len(a),
            0,
            parts,
            None,
            seed,
        )
    wanted = n if count is None else integer("count", count, 1, n)
    length = len(a) // parts
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.log(np.abs(a[: length * parts])).reshape(parts, length, n).mean(axis=1)
        value, error = logs.mean(axis=0), logs.std(axis=0, ddof=1) / math.sqrt(parts)
    order = np.argsort(-value, kind="stable")[:wanted]
    return LyapunovExponents(
        value[order],
        error[order],
        length * parts,
        None,
        f"all {length * parts} steps are used; no error was requested",
        np.zeros(n),
        "diagonal",
    )


def _exponents(
    advance: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
    start: np.ndarray,
    count: Any,
    steps: Any,
    skip: Any,
    blocks: Any,
    standard_error: Any,
    seed: Any,
) -> LyapunovExponents:
    n = start.size
    asked = optional_error("standard_error", standard_error)
    parts = integer("blocks", blocks, 2, 2**20)
    most = integer("steps", steps, parts, 2**53)
    found = matrices().lyapunov_exponents(
        advance,
        np.ascontiguousarray(start),
        n if count is None else integer("count", count, 1, n),
        most,
        integer("skip", skip, 0, 2**53),
        parts,
        integer("seed", seed, 0, 2**64 - 1),
        asked,
        min(8, parts),
    )
    used = found["steps"]
    if found["met"]:
        reason = f"the requested error is reached after {used} steps"
    elif asked is not None:
        worst = float(np.max(found["standard_errors"]))
        reason = f"all {used} steps are used and a standard error is still {worst:.3g}"
    else:
        reason = f"all {used} steps are used; no error was requested"
    return LyapunovExponents(
        found["exponents"],
        found["standard_errors"],
        used,
        None if asked is None else bool(found["met"]),
        reason,
        found["state"],
    )


def _numbers(name: str, given: Any) -> np.ndarray:
    a = np.asarray(given)
    if a.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {a.dtype}, allowed: real numbers")
    return a.astype(np.float64)


def _square(name: str, given: Any, n: int) -> np.ndarray:
    a = _numbers(name, given)
    if a.shape != (n, n) and not (n == 1 and a.size == 1):
        raise ValueError(f"{name} has shape {a.shape}, allowed: ({n}, {n})")
    return a.reshape(n, n)
