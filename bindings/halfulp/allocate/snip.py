"""SNIP's integer program (arXiv 2602.01410): which layers of a training step go to the lower precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._runs import choice, real
from halfulp.allocate._problem import finite, matrix, vector
from halfulp.allocate.choosing import Allocation, choose

NORMALIZATIONS = ("none", "sum", "max")


@dataclass(frozen=True, eq=False)
class Snip:
    """A precision for every layer; certificates by pipeline stage."""

    choices: np.ndarray
    """The choice of each layer, int64."""
    cost: float
    """Sum of the two divergences, as normalized and weighted."""
    saved: float
    """Share of all operations that the choices save."""
    stages: dict[int, Allocation]
    """Of each stage: its choices are of its layers, its sizes the operations that are not saved."""
    optimal: bool
    """Proved in every stage: stages share nothing, so then of the whole."""


def snip(
    loss_divergence: Any,
    weight_divergence: Any,
    operations: Any,
    target: float,
    *,
    efficiency: Any = (0.0, 1.0),
    stages: Any = None,
    weights: tuple[float, float] = (1.0, 1.0),
    normalize: str = "none",
    limit: int = _core.knapsack_limit,
) -> Snip:
    """SNIP's choice of precisions: the least sum over layers of loss divergence (forward) and weight divergence
    (backward), while at least `target` of the operations are saved, in every pipeline stage.

    loss_divergence, weight_divergence: layers by choices, for example FP8 and FP4. operations: of each layer.
    efficiency: how much of a layer's operations each choice saves, by default nothing for the first and all for the
    second: then target is the share of operations in FP4. stages: the pipeline stage of each layer, integers; None is
    one stage.

    The paper's abstract names the two divergences and the program; how it normalizes them was not to be had, so that is
    said here: normalize "none" takes them as they are, "sum" and "max" divide each by the sum, or the largest, of its
    own values over all layers and choices; weights multiply the two afterwards. Returns a Snip. Raises ValueError for a
    target that a stage cannot reach.
    """
    loss = finite("loss_divergence", matrix("loss_divergence", loss_divergence))
    change = finite("weight_divergence", matrix("weight_divergence", weight_divergence))
    if loss.shape != change.shape:
        raise ValueError(f"weight_divergence has shape {change.shape}, allowed: {loss.shape}, as loss_divergence has")
    work = finite("operations", vector("operations", operations, len(loss)), negative=False)
    saving = finite("efficiency", vector("efficiency", efficiency), negative=False)
    if len(saving) != loss.shape[1] or (saving > 1).any():
        raise ValueError(f"efficiency is {saving.tolist()}, allowed: {loss.shape[1]} numbers from 0 to 1, one a choice")
    share = real("target", target, 0, 1)
    choice("normalize", normalize, NORMALIZATIONS)
    if not isinstance(weights, (Sequence, np.ndarray)) or isinstance(weights, (str, bytes)) or len(weights) != 2:
        raise ValueError(f"weights is {weights!r}, allowed: two finite numbers")
    by = [real(f"weights[{i}]", w) for i, w in enumerate(weights)]
    costs = by[0] * _normalized(loss, normalize) + by[1] * _normalized(change, normalize)
    stage = np.zeros(len(loss), dtype=np.int64) if stages is None else np.asarray(stages)
    if stage.dtype.kind not in "iu" or stage.shape != (len(loss),):
        raise TypeError(
            f"stages has dtype {stage.dtype} and shape {stage.shape}, allowed: {len(loss)} integers, one for each layer"
        )
    choices = np.zeros(len(loss), dtype=np.int64)
    found: dict[int, Allocation] = {}
    left = work[:, None] * (1 - saving)
    for name in dict.fromkeys(stage.tolist()):
        own = np.flatnonzero(stage == name)
        # "At least the target is saved" is "at most the rest is left"; rounding of these sums is no reason to refuse
        # what reaches the target exactly.
        allowed = float(work[own].sum() - share * work[own].sum()) * (1 + len(own) * 2.0**-52)
        least = float(left[own].min(axis=1).sum())
        if least > allowed:
            most = 1 - least / float(work[own].sum())
            raise ValueError(f"target is {share}, allowed: at most {most} in stage {name}")
        found[name] = choose(costs[own], left[own], allowed, limit=limit)
        choices[own] = found[name].choices
    choices.flags.writeable = False
    rest = float(left[np.arange(len(loss)), choices].sum())
    total = float(work.sum())
    return Snip(
        choices,
        float(sum(part.cost for part in found.values())),
        1 - rest / total if total else 0.0,
        found,
        all(part.optimal for part in found.values()),
    )


def _normalized(values: np.ndarray, how: str) -> np.ndarray:
    if how == "none":
        return values
    unit = float(values.sum() if how == "sum" else values.max())
    return values / unit if unit > 0 else values
