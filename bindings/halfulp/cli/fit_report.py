"""What ``halfulp fit`` says of a fit: a table to read, an object to read on."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from halfulp.cli.output import aligned

if TYPE_CHECKING:
    from halfulp.scaling import Fit
    from halfulp.scaling.optimal import Optimal

INTERVAL = (
    "95 %: percentiles of the bootstrap, else 1.96 standard errors to each side, for parameters above 0 of the "
    "logarithm; null where there is none"
)

_LEVEL = 0.95
_DEVIATIONS = 1.959963984540054  # of a normal distribution to each side of 95 %
_WIDTH = 100


def lines_of(fit: Fit, runs: str, optimal: Sequence[Optimal]) -> list[str]:
    """The report, line by line."""
    intervals, fixed = _intervals(fit), _fixed(fit)
    cells = [["parameter", "value", "standard error", "95 % interval"]]
    for name, value in fit.params.items():
        error = _error(fit, name)
        if name in fixed:
            cells.append([name, _text(value), "held", ""])
        else:
            low_high = intervals[name]
            shown = "" if low_high is None else f"{_text(low_high[0])} to {_text(low_high[1])}"
            cells.append([name, _text(value), "none" if error is None else f"{error:.3g}", shown])
    out = [f"{fit.law.name}: {fit.law.expression}", f"{fit.n} runs of {runs}, estimator {fit.estimator}{_how(fit)}", ""]
    out += aligned(cells)
    out += [
        "",
        f"objective      {fit.objective:.12g}",
        f"gradient norm  {fit.gradient_norm:.2g}{'' if fit.converged else ': not a minimum'}",
        f"condition      {fit.condition:.2g}",
        f"AIC {fit.aic:.6g}, BIC {fit.bic:.6g}",
    ]
    for text in fit.diagnostics:
        out += textwrap.wrap(f"note: {text}", _WIDTH, subsequent_indent="      ")
    if optimal:
        out += [""]
        rows = [["budget C", "best N", "best D", "D / N", "loss"]]
        rows += [
            [f"{o.C:.4g}", f"{o.N:.4g}", f"{o.D:.4g}", f"{o.tokens_per_parameter:.4g}", f"{o.loss:.5g}"]
            for o in optimal
        ]
        out += aligned(rows)
    return out


def as_json(fit: Fit, runs: str, optimal: Sequence[Optimal]) -> dict[str, Any]:
    """The object that --json prints."""
    return {
        "law": fit.law.name,
        "formula": fit.law.expression,
        "file": runs,
        "runs": int(fit.n),
        "estimator": fit.estimator,
        "params": {name: float(value) for name, value in fit.params.items()},
        "stderr": {name: _error(fit, name) for name in fit.params},
        "interval": {name: None if pair is None else list(pair) for name, pair in _intervals(fit).items()},
        "objective": float(fit.objective),
        "gradient_norm": float(fit.gradient_norm),
        "condition": float(fit.condition),
        "converged": bool(fit.converged),
        "aic": float(fit.aic),
        "bic": float(fit.bic),
        "diagnostics": list(fit.diagnostics),
        "optimal": [
            {
                "C": float(o.C),
                "N": float(o.N),
                "D": float(o.D),
                "loss": float(o.loss),
                "tokens_per_parameter": float(o.tokens_per_parameter),
            }
            for o in optimal
        ],
    }


def _error(fit: Fit, name: str) -> float | None:
    """The standard error: the bootstrap's where there is one; None where there is none."""
    source = fit.stderr if fit.bootstrap is None else fit.bootstrap.stderr
    error = source.get(name)
    return None if error is None or not math.isfinite(error) or name in _fixed(fit) else float(error)


def _intervals(fit: Fit) -> dict[str, tuple[float, float] | None]:
    if fit.bootstrap is not None:
        found = fit.bootstrap.interval(_LEVEL)
        return {
            name: None if name in _fixed(fit) else (float(found[name][0]), float(found[name][1])) for name in fit.params
        }
    out: dict[str, tuple[float, float] | None] = {}
    for name, value in fit.params.items():
        error = _error(fit, name)
        if error is None:
            out[name] = None
        elif name.partition("[")[0] in fit.law.positive and value > 0:
            factor = math.exp(min(_DEVIATIONS * error / value, 700.0))
            out[name] = (value / factor, value * factor)
        else:
            out[name] = (value - _DEVIATIONS * error, value + _DEVIATIONS * error)
    return out


def _fixed(fit: Fit) -> Any:
    return getattr(fit, "fixed", {}) or {}


def _how(fit: Fit) -> str:
    if fit.bootstrap is not None:
        return f", {len(fit.bootstrap.params)} bootstrap replicates"
    return ", errors from the curvature"


def _text(value: float) -> str:
    return f"{value:.6g}"
