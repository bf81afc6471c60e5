"""Several budgets at once (size, operations, latency): HiGHS."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._runs import real, renamed
from halfulp.allocate._problem import Fixed, Problem, Rows, Ties, number, problem_of
from halfulp.sweeping._extras import need

# HiGHS's own tolerance for rows and whole numbers, the smallest that it takes is 1e-10.
_TOLERANCE = 1e-9


@dataclass(frozen=True, eq=False)
class RowsAllocation:
    """A choice for every layer under several budgets."""

    choices: np.ndarray
    """The choice of each layer, int64, read-only."""
    cost: float
    """Sum of costs, rounded once."""
    totals: dict[str, float]
    """The sum of each row's sizes, rounded once: each at most its budget."""
    budgets: dict[str, float]
    lower_bound: float
    """No choice costs less, as far as HiGHS's floating point arithmetic can tell."""
    nodes: int
    """Nodes of HiGHS's search trees."""
    optimal: bool
    """HiGHS says so, within 1e-9 of the range of costs. False where time_limit ended the search."""


def choose_rows(
    costs: Rows,
    rows: Mapping[str, Rows] | Sequence[Rows],
    budgets: Mapping[str, float] | Sequence[float],
    *,
    ties: Ties = None,
    fixed: Fixed = None,
    time_limit: float | None = None,
) -> RowsAllocation:
    """One choice for every layer so that the sum of costs is least and every row of sizes keeps its budget: an integer
    program, solved by HiGHS (needs highspy: pip install 'halfulp[analysis]').

    costs, ties, fixed: as of ``choose``. rows: name -> sizes of every layer's choices, of the same shape as costs (or a
    list, whose names are "0", "1" ...); budgets: name -> the most that its sum may be. time_limit: seconds, None for
    none. HiGHS computes in floating point with tolerances; here every answer's sums are added up again and rounded
    once, and an answer that exceeds a budget is cut off and the search repeated. With one row ``choose`` is exact and
    needs no package. Returns a RowsAllocation. Raises ValueError for budgets that cannot be met, naming the least
    possible of each row that is too large by itself, and where time_limit leaves no answer.
    """
    named = _named("rows", rows)
    within = {name: number(f"budgets[{name!r}]", value) for name, value in _named("budgets", budgets).items()}
    if not named:
        raise ValueError("rows is empty, allowed: one row of sizes or more")
    if within.keys() != named.keys():
        raise ValueError(f"budgets has {sorted(within)}, allowed: {sorted(named)}, as rows has")
    seconds = math.inf if time_limit is None else real("time_limit", time_limit, 0, above=True, infinite=True)
    problems = {name: _problem_of_row(name, costs, sizes, ties, fixed) for name, sizes in named.items()}
    program = _Program(problems, within)
    program.check_each()
    return program.solve(seconds)


def _named(argument: str, values: Any) -> dict[str, Any]:
    if isinstance(values, Mapping):
        return {str(name): value for name, value in values.items()}
    if isinstance(values, (str, bytes)) or not isinstance(values, (Sequence, np.ndarray)):
        raise TypeError(f"{argument} is a {type(values).__name__}, allowed: a mapping from names, or a list")
    return {str(i): value for i, value in enumerate(values)}


def _problem_of_row(name: str, costs: Rows, sizes: Rows, ties: Ties, fixed: Fixed) -> Problem:
    with renamed({"sizes": f"rows[{name!r}]"}):
        return problem_of(costs, sizes, ties, fixed)


class _Program:
    """The integer program: a 0-1 variable for each choice of each group of tied layers."""

    def __init__(self, problems: dict[str, Problem], budgets: dict[str, float]) -> None:
        first = next(iter(problems.values()))
        self.problem = first
        self.budgets = budgets
        self.starts = np.concatenate([[0], np.cumsum(first.lengths)])
        self.sizes = {name: problem.sizes for name, problem in problems.items()}
        if not len(first.lengths):
            raise ValueError("costs has no layers, allowed: one or more")
        tied = {layer for tie in first.ties for layer in tie}
        if len(tied) != sum(map(len, first.ties)):
            raise ValueError("ties name a layer more than once, allowed: each layer once in all ties")
        self.groups = [list(tie) for tie in first.ties if tie]
        self.groups += [[layer] for layer in range(len(first.lengths)) if layer not in tied]
        for group in self.groups:
            counts = {int(first.lengths[layer]) for layer in group}
            if counts == {0} or len(counts) > 1:
                raise ValueError(f"layers {group} have {sorted(counts)} choices, allowed: equally many, one or more")

    def of_group(self, values: np.ndarray, group: list[int]) -> np.ndarray:
        """The sums over a group's layers, by choice."""
        parts = [values[self.starts[layer] : self.starts[layer + 1]] for layer in group]
        return np.array([math.fsum(column) for column in zip(*parts, strict=True)])

    def least(self, values: np.ndarray) -> float:
        return math.fsum(float(self.of_group(values, group).min()) for group in self.groups)

    def check_each(self) -> None:
        """Every budget can be met by itself."""
        for name, values in self.sizes.items():
            least = self.least(values)
            if not self.budgets[name] >= least:
                raise ValueError(f"budgets[{name!r}] is {self.budgets[name]}, allowed: at least {least}")

    def total(self, values: np.ndarray, choices: np.ndarray) -> float:
        return math.fsum(values[self.starts[:-1] + choices])

    def solve(self, seconds: float) -> RowsAllocation:
        highs = need("highspy", "analysis", "choose_rows")
        costs = [self.of_group(self.problem.costs, group) for group in self.groups]
        # HiGHS's tolerances are absolute: costs from 0 up in units of the largest difference, rows in units of budgets.
        base = math.fsum(float(c.min()) for c in costs)
        spread = max(float(c.max()) / 2 - float(c.min()) / 2 for c in costs) * 2 or 1.0
        if not math.isfinite(spread):
            raise ValueError("costs of one layer differ by more than float64 holds, allowed: smaller differences")
        model = self._model(highs, [(c - c.min()) / spread for c in costs], seconds)
        nodes = 0
        while True:
            model.run()
            status = model.getModelStatus()
            info = model.getInfo()
            nodes += max(int(info.mip_node_count), 0)
            if status == highs.HighsModelStatus.kInfeasible:
                raise ValueError(
                    f"budgets are {self.budgets}, allowed: such that some choice keeps all; each by itself can be met"
                )
            ended = status == highs.HighsModelStatus.kOptimal
            if not ended and status != highs.HighsModelStatus.kTimeLimit:
                raise RuntimeError(f"HiGHS ended with {model.modelStatusToString(status)}")
            if not ended and not np.isfinite(info.objective_function_value):
                raise ValueError(
                    f"time_limit is {seconds}, allowed: more, since HiGHS has found no choice in that time"
                )
            taken = np.asarray(model.getSolution().col_value) > 0.5
            choices = self._choices(taken, [len(c) for c in costs])
            totals = {name: self.total(values, choices) for name, values in self.sizes.items()}
            if all(totals[name] <= self.budgets[name] for name in totals):
                break
            # Within HiGHS's tolerance but not within the budget: this one choice is forbidden.
            places = np.flatnonzero(taken)
            model.addRow(
                -highs.kHighsInf, len(places) - 1.0, len(places), places.astype(np.int32), np.ones(len(places))
            )
        cost = self.total(self.problem.costs, choices)
        bound = base + spread * (float(info.mip_dual_bound) - _TOLERANCE * len(self.groups))
        return RowsAllocation(
            self.problem.given(choices), cost, totals, dict(self.budgets), min(bound, cost), nodes, ended
        )

    def _model(self, highs: Any, costs: list[np.ndarray], seconds: float) -> Any:
        lengths = [len(c) for c in costs]
        columns = sum(lengths)
        program = highs.HighsLp()
        program.num_col_ = columns
        program.num_row_ = len(costs) + len(self.sizes)
        program.col_cost_ = np.concatenate(costs)
        program.col_lower_ = np.zeros(columns)
        program.col_upper_ = np.ones(columns)
        program.integrality_ = [highs.HighsVarType.kInteger] * columns
        # One choice of every group, then the rows.
        lower = [np.ones(len(costs))]
        upper = [np.ones(len(costs))]
        values = [np.ones(columns)]
        for name, sizes in self.sizes.items():
            unit = abs(self.budgets[name]) or 1.0
            unit = unit if math.isfinite(unit) else 1.0
            values.append(np.concatenate([self.of_group(sizes, group) for group in self.groups]) / unit)
            lower.append(np.array([-highs.kHighsInf]))
            upper.append(np.array([self.budgets[name] / unit]))
        program.row_lower_ = np.concatenate(lower)
        program.row_upper_ = np.concatenate(upper)
        every = np.arange(columns)
        starts = [*np.concatenate([[0], np.cumsum(lengths)]), *(columns * np.arange(2, len(self.sizes) + 2))]
        program.a_matrix_.format_ = highs.MatrixFormat.kRowwise
        program.a_matrix_.start_ = np.array(starts, dtype=np.int32)
        program.a_matrix_.index_ = np.tile(every, 1 + len(self.sizes)).astype(np.int32)
        program.a_matrix_.value_ = np.concatenate(values)
        model = highs.Highs()
        for option, value in (
            ("output_flag", False),
            ("mip_rel_gap", 0.0),
            ("mip_abs_gap", 0.0),
            ("mip_feasibility_tolerance", _TOLERANCE),
            ("primal_feasibility_tolerance", _TOLERANCE),
            ("time_limit", seconds),
            ("threads", 1),
        ):
            if model.setOptionValue(option, value) != highs.HighsStatus.kOk:
                raise RuntimeError(f"this version of highspy has no option {option}")
        model.passModel(program)
        return model

    def _choices(self, taken: np.ndarray, lengths: list[int]) -> np.ndarray:
        out = np.zeros(len(self.problem.lengths), dtype=np.int64)
        at = 0
        for group, length in zip(self.groups, lengths, strict=True):
            out[group] = int(np.argmax(taken[at : at + length]))
            at += length
        return out
