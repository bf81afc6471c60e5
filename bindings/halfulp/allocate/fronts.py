"""The front of size against cost: every total that no other beats."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._calculate import check_flag
from halfulp._runs import integer
from halfulp.allocate._problem import Fixed, Problem, Rows, Ties, number, problem_of
from halfulp.allocate.choosing import MOST_STATES, Allocation


class Front:
    """Points by ascending size and strictly descending cost. ``front[i]`` is the choices of layers at point i,
    ``front.at(budget)`` the best point within a budget."""

    __slots__ = ("_front", "_problem", "corners", "costs", "sizes", "whole")

    def __init__(self, front: Any, problem: Problem, whole: bool) -> None:
        self._front = front
        self._problem = problem
        self.whole = whole
        """Are these all points, or the corners alone?"""
        self.sizes: np.ndarray = front.sizes
        """Total sizes, exact and rounded once to float64."""
        self.costs: np.ndarray = front.costs
        """Total costs, the same."""
        self.corners: np.ndarray = front.corners
        """Which points are corners of the lower convex hull: best for some price of size (supported points)."""

    def __len__(self) -> int:
        return len(self.sizes)

    def __getitem__(self, point: int) -> np.ndarray:
        """The choice of each layer at a point, int64."""
        if isinstance(point, (bool, np.bool_)) or not isinstance(point, (int, np.integer)):
            raise TypeError(f"point is {point!r}, allowed: an integer from {-len(self)} to {len(self) - 1}")
        if not -len(self) <= point < len(self):
            raise IndexError(f"point is {point}, allowed: {-len(self)} to {len(self) - 1}")
        return self._problem.given(self._front.choices(point % len(self)))

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[point] for point in range(len(self)))

    def at(self, budget: float) -> Allocation:
        """The last point within the budget. On a whole front it is the optimum, proved; on the corners alone optimal
        says whether that follows: the line to the next corner bounds what lies between."""
        within = number("budget", budget)
        point = int(np.searchsorted(self.sizes, within, side="right")) - 1
        if point < 0:
            raise ValueError(f"budget is {within}, allowed: at least {self.sizes[0]}, the least total size")
        cost = float(self.costs[point])
        bound = self._line(point, within)
        optimal = self.whole or bound == cost
        return Allocation(
            self[point], cost, float(self.sizes[point]), within, cost if optimal else bound, bound, len(self), optimal
        )

    def _line(self, point: int, budget: float) -> float:
        """The lower convex hull at a budget."""
        corners = np.flatnonzero(self.corners)
        return float(np.interp(budget, self.sizes[corners], self.costs[corners]))

    def __repr__(self) -> str:
        return (
            f"<Front of {len(self)} points, {int(self.corners.sum())} of them supported: sizes {self.sizes[0]:g} to "
            f"{self.sizes[-1]:g}, costs {self.costs[0]:g} to {self.costs[-1]:g}>"
        )


def front(
    costs: Rows,
    sizes: Rows,
    *,
    ties: Ties = None,
    fixed: Fixed = None,
    supported: bool = False,
    limit: int = _core.front_limit,
) -> Front:
    """All totals (size, cost) over choices of layers that no other beats or equals in both, with the choices: the
    answer of ``choose`` for every budget at once.

    costs, sizes, ties, fixed: as of ``choose``. There are at most as many points as different total sizes: few where
    sizes are bits or bytes, up to the product of the numbers of choices where they are measured times. limit: most
    states; beyond it ValueError. supported: only the corners of the lower convex hull, which are quick to find for
    any problem but leave out the best choices for most budgets. Returns a Front.
    """
    check_flag("supported", supported)
    problem = problem_of(costs, sizes, ties, fixed)
    most = integer("limit", limit, 1, MOST_STATES)
    if supported:
        found = _core.supported_front(problem.costs, problem.sizes, problem.lengths, problem.ties)
    else:
        found = _core.whole_front(problem.costs, problem.sizes, problem.lengths, problem.ties, most)
    return Front(found, problem, not supported)
