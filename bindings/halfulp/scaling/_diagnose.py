"""What is in doubt about a fit, in words."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from halfulp.scaling.result import Fit

# Beyond it the last digits of a parameter are those of rounding: a Jacobian has about 16 digits.
_WORST_CONDITION = 1e8
# A parameter whose doubling moves no loss by more than this does nothing.
_LEAST_EFFECT = 1e-10
_CANCELLED = 1e-4
_EXACT = 1e-9


class FitWarning(UserWarning):
    """A fit that is not what it seems: what `Fit.diagnostics` says."""

    @staticmethod
    def tell(text: str) -> None:
        """Warns at the line that called the package."""
        level, frame = 1, sys._getframe(0)
        while frame.f_back is not None and str(frame.f_globals.get("__name__", "")).startswith("halfulp."):
            frame, level = frame.f_back, level + 1
        warnings.warn(text, FitWarning, stacklevel=level)


def has_settled(of: Fit, problem: Any) -> bool:
    """Whether the runs' contributions to each derivative cancel: at a minimum their sum is small beside the sum of
    their magnitudes. A fit that meets every run to 1e-9 is one whatever rounding leaves of derivatives."""
    if np.abs(of.residuals).max() <= _EXACT:
        return True
    slopes = _slopes(of)
    jacobian = problem.jacobian(of._vector)
    inside = [of._setup.names.index(name) for name in of.free]
    shares = slopes[:, None] * jacobian[:, inside]
    # A number that one run alone determines has one share, which cancels against nothing: it counts beside those that
    # runs have as a rule.
    rule = np.sqrt(np.mean(slopes * slopes)) * np.abs(jacobian[:, inside]).sum(axis=0)
    total = np.maximum(np.abs(shares).sum(axis=0), rule)
    # A parameter that does nothing has derivatives of rounding alone; it is named by another diagnostic.
    counts = np.abs(jacobian[:, inside]).max(axis=0) > _LEAST_EFFECT * _unit(of)
    return bool((np.abs(shares.sum(axis=0)) <= _CANCELLED * total)[counts].all())


def _unit(of: Fit) -> float:
    """What effects are beside: a loss, where they are those on losses; 1 for logarithms."""
    return float(of.observed.max()) if of.estimator == "variable_projection" else 1.0


def _slopes(of: Fit) -> np.ndarray:
    if of.estimator == "variable_projection":
        return of.observed - of.predicted
    if of.estimator == "log_least_squares":
        return of.residuals
    limit = of.delta * (of.scale if of.scale is not None else 1.0)
    return np.clip(of.residuals, -limit, limit)


def diagnose(of: Fit) -> tuple[str, ...]:
    """Every doubt, the gravest first."""
    out: list[str] = []
    if not of.converged:
        out.append(
            f"the search did not settle (largest derivative {of.gradient_norm:.2g}): give it other starts, or bounds"
        )
    undetermined = not np.isfinite(of.condition)
    for name in of.law.columns:
        values = of.columns[name]
        if undetermined and (values == values[0]).all():
            out.append(f"column {name} is constant ({values[0]:g}): what depends on it alone cannot be told apart")
    names = of._setup.names
    for name, (low, high) in of._setup.bounds.items():
        value = of.params.get(name)
        if value is not None and name not in of.fixed and (value <= low or value >= high):
            out.append(f"{name} is at its bound {value:g}: the least objective is beyond it")
    jacobian = of._problem.jacobian(of._vector)
    idle = []
    for name in of._free:
        column = jacobian[:, names.index(name)]
        if np.abs(column).max() <= _LEAST_EFFECT * _unit(of):
            idle.append(name)
            out.append(f"{name} = {of.params[name]:.3g} has no effect on any loss: its term has gone")
    if of.estimator == "variable_projection":
        for name in of._free:
            if name in of.law.positive and of.params[name] == 0:
                out.append(f"{name} is 0, the least that is allowed: its term has gone")
    if not idle and undetermined:
        out.append(
            f"the runs determine {of.rank} of {len(of.free)} parameters: {_combination(of)} cannot be told apart"
        )
    elif not idle and of.condition > _WORST_CONDITION:
        out.append(
            f"the runs hardly determine {_combination(of)} (condition {of.condition:.1e}): "
            "standard errors are unreliable"
        )
    for column, places, labels in of._setup.labels_moved():
        for place in np.flatnonzero(np.bincount(places, minlength=len(labels) + 1)[: len(labels)] == 1):
            out.append(f"{column} {labels[place]!r} has one run, which alone determines its number")
    starts = of.starts
    if len(starts) >= 20 and starts.reached == 1 and np.abs(of.residuals).max() > _EXACT:
        out.append(f"one of {len(starts)} starts reached this objective: there may be a lower one; give more starts")
    if of.bootstrap is not None and of.bootstrap.failed:
        out.append(f"{of.bootstrap.failed} replicates of the bootstrap have no fit and do not count")
    return tuple(out)


def _combination(of: Fit) -> str:
    weights = of.weakest
    largest = max((abs(w) for w in weights.values()), default=0.0)
    return ", ".join(name for name, w in weights.items() if abs(w) > 0.05 * largest) or "some parameters"
