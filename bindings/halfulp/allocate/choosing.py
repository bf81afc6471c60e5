"""One budget: the choices of least cost, proved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from halfulp import _core
from halfulp._runs import integer
from halfulp.allocate._problem import Fixed, Rows, Ties, number, problem_of

MOST_STATES = 2**32 - 1


@dataclass(frozen=True, eq=False)
class Allocation:
    """A choice for every layer, and the certificate that comes with it."""

    choices: np.ndarray
    """The choice of each layer, int64, read-only."""
    cost: float
    """Sum of costs, exact and rounded once to float64."""
    size: float
    """Sum of sizes, exact and rounded once: at most the budget."""
    budget: float
    lower_bound: float
    """No choice within the budget costs less: the cost itself where `optimal`."""
    relaxation: float
    """The least cost if layers could mix choices (linear programming), rounded down: a bound before any search."""
    states: int
    """Partial choices that the search looked at."""
    optimal: bool
    """Proved. False where the search ended at its limit, or was not over the whole problem."""


def choose(
    costs: Rows,
    sizes: Rows,
    budget: float,
    *,
    ties: Ties = None,
    fixed: Fixed = None,
    limit: int = _core.knapsack_limit,
) -> Allocation:
    """One choice for every layer so that the sum of costs is least and the sum of sizes at most the budget: the
    multiple-choice knapsack problem, solved exactly.

    costs: for each layer the cost (an error, of either sign) of each of its choices, as a matrix or as a list of arrays
    of any lengths; sizes: the same shape, 0 or more, in the budget's unit. ties: groups of layers, by place, that
    choose alike (``[(4, 6), (9, 11)]``). fixed: layer -> choice, decided beforehand. limit: most states of the search
    (8 bytes each and more); beyond it the best found so far comes back with optimal=False.

    Numbers count as the real numbers that they are and sums are exact (where they need up to 125 bits; beyond, costs
    are rounded and sizes rounded up, each by at most n 2^-123 of the largest for n layers); a total is within the
    budget where, rounded once to float64, it is at most that. Of several best ones that with the least size comes
    back, and always the same one. Method: dynamic programming with dominance and bounds of the linear relaxation
    (Sinha and Zoltners 1979, Pisinger 1995). Returns an Allocation. Raises ValueError for a budget that cannot be
    met, naming the least possible, for costs that are not finite, sizes that are negative or not finite, layers
    without choices, and wrong ties.
    """
    problem = problem_of(costs, sizes, ties, fixed)
    within = number("budget", budget)
    most = integer("limit", limit, 1, MOST_STATES)
    choices, *rest = _core.choose_within(problem.costs, problem.sizes, problem.lengths, within, problem.ties, most)
    cost, size, lower_bound, relaxation, states, optimal = rest
    return Allocation(problem.given(choices), cost, size, within, lower_bound, relaxation, states, optimal)
