"""HAWQ-V2 (arXiv 1911.03852) and HAWQ-V3 (arXiv 2011.10680): sensitivity from traces of the Hessian."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from halfulp._runs import real, renamed
from halfulp.allocate._problem import Fixed, Rows, Ties, finite, matrix, vector
from halfulp.allocate.choosing import Allocation, choose
from halfulp.allocate.fronts import Front, front
from halfulp.allocate.rows import RowsAllocation, choose_rows


def omega(traces: Any, parameters: Any, squared_errors: Any) -> np.ndarray:
    """HAWQ-V2's sensitivity of each layer's choices: Tr(H_i) / n_i · ‖Q(W_i) − W_i‖².

    traces: of each layer's Hessian; parameters: n_i, the number of its parameters, above 0; squared_errors: layers by
    choices. Returns float64, layers by choices; their sum over layers is the paper's Omega. A negative trace gives
    negative sensitivity, which the paper's premise (a minimum) rules out: take such estimates with care.
    """
    errors = finite("squared_errors", matrix("squared_errors", squared_errors), negative=False)
    trace = finite("traces", vector("traces", traces, len(errors)))
    count = finite("parameters", vector("parameters", parameters, len(errors)), negative=False)
    if (count == 0).any():
        raise ValueError(f"parameters[{int(np.argmin(count))}] is 0, allowed: above 0")
    return (trace / count)[:, None] * errors


def hawq_v2(
    traces: Any,
    parameters: Any,
    squared_errors: Any,
    bits: Any,
    *,
    budget: float | None = None,
    ties: Ties = None,
    fixed: Fixed = None,
    supported: bool = False,
) -> Front | Allocation:
    """HAWQ-V2: the front of total size and Omega = Σ Tr(H_i)/n_i ‖Q(W_i) − W_i‖², or its best point within a budget.

    traces, parameters, squared_errors: as of ``omega``. bits: of each choice, the columns of squared_errors; a layer's
    size is parameters · bits. budget: in bits; None gives the whole Front (supported: of its corners alone), a number
    the Allocation that ``choose`` proves to be best. The paper lists the front by hand over all combinations; here it
    is exact for any number of layers.
    """
    sensitivity = omega(traces, parameters, squared_errors)
    width = finite("bits", vector("bits", bits), negative=False)
    if len(width) != sensitivity.shape[1]:
        raise ValueError(
            f"bits has {len(width)} numbers, allowed: {sensitivity.shape[1]}, as squared_errors has columns"
        )
    sizes = vector("parameters", parameters)[:, None] * width
    if budget is None:
        return front(sensitivity, sizes, ties=ties, fixed=fixed, supported=supported)
    return choose(sensitivity, sizes, budget, ties=ties, fixed=fixed)


def hawq_limit(resource: Any, fraction: float) -> float:
    """HAWQ-V3's limits: what all layers take together at their least, plus a fraction of the way to their most.

    resource: layers by choices. fraction: 0 to 1; the paper's tables use 0.25, 0.5 and 0.75.
    """
    taken = finite("resource", matrix("resource", resource), negative=False)
    part = real("fraction", fraction, 0, 1)
    low, high = taken.min(axis=1).sum(), taken.max(axis=1).sum()
    return float(low + part * (high - low))


def hawq_v3(
    average_traces: Any,
    squared_errors: Any,
    resources: Mapping[str, Rows],
    budgets: Mapping[str, float],
    *,
    ties: Ties = None,
    fixed: Fixed = None,
    time_limit: float | None = None,
) -> Allocation | RowsAllocation:
    """HAWQ-V3's integer program: the least Σ Tr(H_i)/n_i · ‖Q(W_i) − W_i‖² under budgets of size, bit operations or
    latency.

    average_traces: Tr(H_i)/n_i of each layer; squared_errors: layers by choices. resources: name -> layers by choices
    ("size", "bops", "latency"); budgets: name -> the most, ``hawq_limit`` has the paper's. ties: layers that add up in
    one residual and choose alike. The published objective counts the choice of 8 bit less that of 4 bit, which differs
    by the sum at 4 bit alone. One resource is solved exactly by ``choose`` (an Allocation), several by HiGHS
    (``choose_rows``, a RowsAllocation; time_limit is for it).
    """
    errors = finite("squared_errors", matrix("squared_errors", squared_errors), negative=False)
    trace = finite("average_traces", vector("average_traces", average_traces, len(errors)))
    costs = trace[:, None] * errors
    for name, given in (("resources", resources), ("budgets", budgets)):
        if not isinstance(given, Mapping):
            raise TypeError(
                f"{name} is a {type(given).__name__}, allowed: a mapping from names, such as {{'size': ...}}"
            )
    if not resources:
        raise ValueError("resources is empty, allowed: one row of sizes or more")
    if resources.keys() != budgets.keys():
        raise ValueError(f"budgets has {sorted(budgets)}, allowed: {sorted(resources)}, as resources has")
    if len(resources) == 1:
        (name,) = resources
        with renamed({"budget": f"budgets[{name!r}]", "sizes": f"resources[{name!r}]"}):
            return choose(costs, resources[name], budgets[name], ties=ties, fixed=fixed)
    with renamed({"rows": "resources"}):
        return choose_rows(costs, resources, budgets, ties=ties, fixed=fixed, time_limit=time_limit)
