"""Curves of a law: where the loss is the same, and the loss along a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._runs import real
from halfulp.scaling._given import constants, given, positive, replicates, span
from halfulp.scaling._search import first_below
from halfulp.scaling.optimal import FLOP

if TYPE_CHECKING:
    from halfulp.scaling.laws import Law


@dataclass(frozen=True)
class Curve:
    """Points of one curve. level: its loss, or its budget. NaN in D where no D gives the loss."""

    level: float
    N: np.ndarray
    D: np.ndarray
    loss: np.ndarray


def iso_loss(
    fit: Any,
    losses: Any,
    N: Any,
    *,
    D: tuple[float, float] = (1.0, 1e24),
    law: Law | str | None = None,
    **columns: Any,
) -> list[Curve]:
    """For each loss and each N the fewest tokens that reach it.

    fit: a Fit, or a dict of parameters with `law` (default "chinchilla"). losses: one or more. N: sizes. D: between
    which tokens they are sought. columns: every other column of the law. D is NaN where the loss is out of reach;
    it is found to about 1e-14, on a grid first, so that of several crossings the first counts.
    """
    known, params, others = _single(fit, law, columns)
    sizes = _one_axis("N", N)
    low, high = span("D", D)

    def curve(places: np.ndarray) -> np.ndarray:
        tokens = np.exp(places)
        return _predict(known, params, np.broadcast_to(sizes[:, None], tokens.shape), tokens, others)

    out = []
    for level in _one_axis("losses", losses).tolist():
        tokens = np.exp(first_below(curve, np.full(sizes.shape, level), np.log(low), np.log(high)))
        loss = np.full(sizes.shape, np.nan)
        there = np.isfinite(tokens)
        if there.any():
            loss[there] = _predict(known, params, sizes[there], tokens[there], others)
        out.append(Curve(level, sizes, tokens, loss))
    return out


def iso_flop(
    fit: Any,
    C: Any,
    N: Any,
    *,
    cost: float = FLOP,
    law: Law | str | None = None,
    **columns: Any,
) -> list[Curve]:
    """For each budget the loss along N, with the D that is left: D = C/(k N).

    fit: a Fit, or a dict of parameters with `law` (default "chinchilla"). C: one budget or more. N: sizes. cost: k.
    columns: every other column of the law.
    """
    known, params, others = _single(fit, law, columns)
    sizes = _one_axis("N", N)
    k = real("cost", cost, 0, above=True)
    out = []
    for level in _one_axis("C", C).tolist():
        tokens = level / k / sizes
        out.append(Curve(level, sizes, tokens, _predict(known, params, sizes, tokens, others)))
    return out


def _one_axis(name: str, values: Any) -> np.ndarray:
    out = np.atleast_1d(positive(name, values))
    if out.ndim > 1:
        raise ValueError(f"{name} has shape {out.shape}, allowed: a number or one axis of them")
    return out


def _single(
    fit: Any, law: Law | str | None, columns: Mapping[str, Any]
) -> tuple[Law, dict[str, float], dict[str, Any]]:
    known, params = given(fit, law)
    rows, several = replicates(params)
    if several:
        raise ValueError("params has arrays, allowed: one number for each parameter")
    return known, rows[0], constants(known, columns)


def _predict(
    law: Law, params: Mapping[str, float], sizes: np.ndarray, tokens: np.ndarray, others: Mapping[str, Any]
) -> np.ndarray:
    """The loss at each point, in the shape of the points."""
    flat = {name: np.full(sizes.size, value) for name, value in others.items()}
    return np.reshape(law.predict(dict(params), N=np.ravel(sizes), D=np.ravel(tokens), **flat), sizes.shape)
