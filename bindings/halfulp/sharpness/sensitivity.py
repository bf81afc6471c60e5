"""HAWQ-V2's sensitivity of layers (arXiv 1911.03852) from estimated traces, with their standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._arrays import carried
from halfulp._runs import real, renamed
from halfulp.allocate.hawq import omega
from halfulp.sharpness._checks import finite_array
from halfulp.sharpness.traces import TraceEstimate


@dataclass(frozen=True)
class Hawq:
    """omega: by layer, Tr(H) / n · ‖Q(W) - W‖². standard_errors: by layer, from those of the traces; 0 for traces that
    were given as numbers. total: Σ omega, the paper's Omega. standard_error: of the total: where traces come from the
    same probes, from sums probe by probe, as their errors go together; else as for independent errors. diagnostics:
    layers whose trace is negative, where the premise of a minimum does not hold."""

    omega: dict[str, float]
    standard_errors: dict[str, float]
    total: float
    standard_error: float
    diagnostics: tuple[str, ...]

    def ranking(self) -> list[str]:
        """Names by omega, the most sensitive first."""
        return sorted(self.omega, key=lambda name: -self.omega[name])


def hawq(traces: Any, sizes: Any, perturbations: Any) -> Hawq:
    """Ω_i = Tr(H_i) / n_i · ‖Q(W_i) - W_i‖², HAWQ-V2's sensitivity of each layer, and their sum.

    traces: by layer, each a number or a :class:`TraceEstimate` of the layer's block of the Hessian. sizes: by layer,
    n_i, numbers of parameters. perturbations: by layer, ‖Q(W_i) - W_i‖² as a number, or Q(W_i) - W_i as an array, of
    which the squares are summed. All three are mappings with the same names, or sequences of the same length (names are
    then "0", "1" …). ``hu.allocate.hawq_v2`` chooses bits from many schemes' perturbations.
    """
    named = {
        name: _named(name, values)
        for name, values in (("traces", traces), ("sizes", sizes), ("perturbations", perturbations))
    }
    layers = list(named["traces"])
    if not layers:
        raise ValueError("traces is empty, allowed: at least one layer")
    for name, values in named.items():
        if set(values) != set(layers):
            odd = sorted(set(values) ^ set(layers))[0]
            raise ValueError(f"{name} and traces differ in the layer {odd!r}, allowed: the same layers")
    value = [_value(layer, named["traces"][layer]) for layer in layers]
    spread = [_spread(layer, named["traces"][layer]) for layer in layers]
    count = [real(f"sizes[{layer!r}]", named["sizes"][layer], 0.0, above=True) for layer in layers]
    squares = [_squares(f"perturbations[{layer!r}]", named["perturbations"][layer]) for layer in layers]
    with renamed({"parameters": "sizes", "squared_errors": "perturbations"}), np.errstate(over="ignore"):
        found = omega(value, count, [[s] for s in squares])[:, 0]
        errors = omega(spread, count, [[s] for s in squares])[:, 0]
    for layer, o in zip(layers, found, strict=True):
        if not math.isfinite(o):
            raise ValueError(f"traces[{layer!r}] and perturbations[{layer!r}] give {o}, allowed: a finite product")
    return Hawq(
        omega={layer: float(o) for layer, o in zip(layers, found, strict=True)},
        standard_errors={layer: float(e) for layer, e in zip(layers, errors, strict=True)},
        total=math.fsum(found),
        standard_error=_joint_error([named["traces"][layer] for layer in layers], found, errors),
        diagnostics=tuple(
            f"negative trace: {v:.6g} in the layer {layer!r}; the point is no minimum, or the estimate is poor"
            for layer, v in zip(layers, value, strict=True)
            if v < 0
        ),
    )


def _named(name: str, values: Any) -> dict[str, Any]:
    if isinstance(values, Mapping):
        out = {str(key): value for key, value in values.items()}
        if len(out) < len(values):
            raise ValueError(f"{name} has names that are alike as texts, {list(values)}, allowed: names that differ")
        return out
    if isinstance(values, (list, tuple, np.ndarray)):
        return {str(place): value for place, value in enumerate(values)}
    raise TypeError(f"{name} is a {type(values).__name__}, allowed: a mapping or a sequence, by layer")


def _value(layer: str, trace: Any) -> float:
    return trace.value if isinstance(trace, TraceEstimate) else real(f"traces[{layer!r}]", trace)


def _spread(layer: str, trace: Any) -> float:
    if not isinstance(trace, TraceEstimate):
        return 0.0
    if math.isnan(trace.standard_error):
        raise ValueError(f"traces[{layer!r}] has no standard error, as of one probe, allowed: two probes or more")
    return trace.standard_error


def _joint_error(traces: list[Any], omegas: np.ndarray, errors: np.ndarray) -> float:
    """Blocks of one operator share their probes, and what couples two of them is in the samples of both."""
    estimates = [t for t in traces if isinstance(t, TraceEstimate)]
    together = {(t.seed, t.probes, t.method, t.products) for t in estimates}
    if len(estimates) == len(traces) and len(estimates) > 1 and len(together) == 1 and all(t.value for t in estimates):
        factors = [o / t.value for o, t in zip(omegas, estimates, strict=True)]
        sums = np.sum([f * t.samples for f, t in zip(factors, estimates, strict=True)], axis=0)
        return float(sums.std(ddof=1)) / math.sqrt(sums.size)
    return math.sqrt(math.fsum(errors * errors))


def _squares(name: str, given: Any) -> float:
    a = carried(name, given)
    if a.shape == ():
        return real(name, float(a.widened), 0.0)
    data = finite_array(name, given)
    return float((data * data).sum())
