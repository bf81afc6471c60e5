"""How a budget of compute is best divided between parameters and tokens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._runs import real
from halfulp.scaling._given import constants, given, positive, replicates, span
from halfulp.scaling._search import first_below, least
from halfulp.scaling.effective import power_terms

if TYPE_CHECKING:
    from halfulp.scaling.laws import Law

Cost = float | Callable[[np.ndarray, np.ndarray], np.ndarray]

#: FLOP for each parameter and token: forward and backward pass of a transformer (Kaplan et al., arXiv 2001.08361).
FLOP = 6.0
# Tokens that a cost function is searched for between.
_TOKENS = (1.0, 1e24)


@dataclass(frozen=True)
class Optimal:
    """The point of least loss for a budget. Floats, or arrays with the shape of C; of parameters that are arrays
    (replicates of a bootstrap) the first axis."""

    C: Any
    N: Any
    D: Any
    loss: Any
    exponent_N: Any
    """a in N* ∝ C^a, NaN where the law has no closed form."""
    exponent_D: Any
    """b in D* ∝ C^b, NaN where the law has no closed form."""
    closed_form: bool

    @property
    def tokens_per_parameter(self) -> Any:
        return self.D / self.N


def compute_optimal(
    fit: Any,
    C: Any,
    *,
    law: Law | str | None = None,
    cost: Cost = FLOP,
    N: tuple[float, float] | None = None,
    **columns: Any,
) -> Optimal:
    """The N and D of least loss that a budget pays for.

    fit: a Fit, or a dict of parameters with `law` (default "chinchilla"); parameters may be arrays, one number for each
    replicate of a bootstrap. C: the budget, a number or an array. cost: a number k for k·N·D, or a function of arrays
    (N, D) that grows with D. N: between which sizes a search runs (default: 1 to C/k; 1e3 to 1e15 for a function).
    columns: every other column of the law, such as format="FP4" or P_w=4.

    Where the loss depends on A/N^alpha + B/D^beta and the cost is k·N·D, the answer is the closed form of approach 3 in
    arXiv 2203.15556, N* = (alpha A / (beta B))^(1/(alpha+beta)) · (C/k)^(beta/(alpha+beta)); otherwise the search is on
    a grid in log N that is refined, exact to about 1e-9. Raises ValueError where the least loss is at an end of the
    range, which then is not the least there is.
    """
    known, params = given(fit, law)
    others = constants(known, columns)
    budgets = positive("C", C)
    flat = np.atleast_1d(budgets).ravel()
    constant = None if callable(cost) else real("cost", cost, 0, above=True)
    between = None if N is None else span("N", N)
    rows, several = replicates(params)
    found = np.array([_row(known, row, flat, cost, constant, between, others) for row in rows])  # rows, 5, budgets
    shape = ((len(rows),) if several else ()) + np.shape(budgets)
    best_n, best_d, loss, a, b = (
        found[:, i].reshape(shape) if shape else float(found[0, i, 0]) for i in range(found.shape[1])
    )
    return Optimal(budgets, best_n, best_d, loss, a, b, bool(np.isfinite(found[:, 3]).all()))


def _row(
    law: Law,
    params: Mapping[str, float],
    budgets: np.ndarray,
    cost: Any,
    constant: float | None,
    between: tuple[float, float] | None,
    others: Mapping[str, Any],
) -> np.ndarray:
    """N, D, loss and the two exponents for each budget."""
    terms = power_terms(law, params, others) if constant is not None and between is None else None
    if terms is not None and constant is not None:
        (big_a, alpha), (big_b, beta) = terms
        a, b = beta / (alpha + beta), alpha / (alpha + beta)
        sizes = (alpha * big_a / (beta * big_b)) ** (1 / (alpha + beta)) * (budgets / constant) ** a
    else:
        a = b = np.nan
        sizes = np.array([_searched(law, params, c, cost, constant, between, others) for c in budgets])
    tokens = budgets / constant / sizes if constant is not None else _tokens(cost, sizes, budgets)
    loss = law.predict(dict(params), N=sizes, D=tokens, **_filled(others, sizes))
    return np.array([sizes, tokens, loss, np.full_like(sizes, a), np.full_like(sizes, b)])


def _searched(
    law: Law,
    params: Mapping[str, float],
    budget: float,
    cost: Any,
    constant: float | None,
    between: tuple[float, float] | None,
    others: Mapping[str, Any],
) -> float:
    low, high = between or ((1.0, budget / constant) if constant is not None else (1e3, 1e15))

    if constant is None and not np.isfinite(_tokens(cost, np.geomspace(low, high, 257), np.full(257, budget))).any():
        raise ValueError(
            f"cost reaches C = {budget:g} at no D from {_TOKENS[0]:g} to {_TOKENS[1]:g} for any N from {low:g} to "
            f"{high:g}, allowed: a function that grows with D, or another N=(low, high)"
        )

    def curve(places: np.ndarray) -> np.ndarray:
        sizes = np.exp(places)
        if constant is not None:
            tokens = budget / constant / sizes
        else:
            tokens = _tokens(cost, sizes, np.full_like(sizes, budget))
        out = np.full(sizes.shape, np.nan)
        there = np.isfinite(tokens)
        if there.any():
            out[there] = law.predict(dict(params), N=sizes[there], D=tokens[there], **_filled(others, sizes[there]))
        return out

    place, inside = least(curve, np.log(low), np.log(high))
    if not inside:
        raise ValueError(
            f"C is {budget:g}, for which the least loss between N = {low:g} and {high:g} is at an end, "
            f"N = {np.exp(place):g}, allowed: a budget, or N=(low, high), with the least inside"
        )
    return float(np.exp(place))


def _tokens(cost: Any, sizes: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """D at which cost(N, D) reaches the budget; NaN where none does."""

    def negative(places: np.ndarray) -> np.ndarray:
        tokens = np.exp(places)
        paid = np.asarray(cost(np.broadcast_to(sizes[:, None], tokens.shape), tokens))
        if paid.dtype.kind not in "fiu":
            raise TypeError(f"cost gives dtype {paid.dtype}, allowed: real numbers")
        paid = paid.astype(np.float64)
        if paid.shape != tokens.shape:
            raise ValueError(f"cost gives shape {paid.shape}, allowed: {tokens.shape}, a number for each N and D")
        return -paid

    found = np.exp(first_below(negative, -budgets, np.log(_TOKENS[0]), np.log(_TOKENS[1])))
    return np.where(found > _TOKENS[0], found, np.nan)  # one token costs more than the budget


def _filled(others: Mapping[str, Any], like: np.ndarray) -> dict[str, np.ndarray]:
    return {name: np.full(like.shape, value) for name, value in others.items()}
