"""GPTQ, which is LDLQ: rows are quantized one by one, and later rows make good what earlier ones lose."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._calculate import check_flag
from halfulp._linear_algebra import matrices
from halfulp._runs import choice, integer, real
from halfulp._scheme import real_scheme as to_scheme
from halfulp.methods._layers import (
    Result,
    axes_of,
    checked_loss,
    quantized_from,
    second_moment,
    vector,
    weight_matrix,
)


@dataclass(frozen=True)
class GptqResult(Result):
    """What :func:`gptq` gives.

    damping: the part of the mean of H's diagonal that was added to it, raised: how often it had to be raised tenfold.
    dead: input channels with H_ii = 0. condition: LAPACK's estimate of the damped H's condition number in the 1-norm.
    feedback_trace: tr D of the damped H = (U + I) D (U + I)', in the order of the rows; with nearest rounding and
    uniform residuals of a grid of step 1, tr D / 12 is the loss that a column is to be expected to have, while
    rounding alone has tr H / 12 (QuIP, arXiv 2307.13304, lemma 2 and theorem 1).
    """

    damping: float
    raised: int
    dead: tuple[int, ...]
    condition: float
    feedback_trace: float


def gptq(
    w: Any,
    h: Any,
    scheme: Any,
    *,
    damping: float = 0.01,
    on_failure: str = "increase",
    act_order: bool = False,
    static_scales: bool = False,
    importance: Any = None,
    axis: int = 0,
    channel_axis: int = 1,
    block: int = 128,
) -> GptqResult:
    """GPTQ (arXiv 2210.17323) of a weight matrix under any scheme; QuIP's LDLQ (arXiv 2307.13304) with nearest rounding
    is the same algorithm.

    w: (in, out), y = x w. h: E[x'x] (in, in) or any multiple of it, GPTQ's 2 X X' among them: codes and scales do not
    depend on the factor, losses do. An object with such an array as ``second_moment`` will do. scheme: a text, Scheme
    or format of real numbers. axis: along which groups are counted, 0 for the input channels. channel_axis: whose
    indices "channel" groups by, 1 for the output channels.

    Rows are quantized in their order, or with act_order in that of falling H_ii. Scales are those that the scheme's
    recipe gives to a group's weights at the time when its first row comes, or with static_scales to the weights at
    first; levels that span blocks of rows ("tensor" over groups) and all scales under @double_quant are always fixed at
    first. importance: weights of an @search=mse, one for each place along axis, under @flat for each input channel.
    block: how many rows hand on their errors together, for speed.

    damping times the mean of H's diagonal is added to the diagonal. Where that leaves no Cholesky factor, the damping
    is raised to 1e-8 or tenfold until there is one, up to 1, with a RuntimeWarning and on record in the result;
    on_failure="raise" makes it a ValueError that names the damping that works. A channel with H_ii = 0 is dead: its
    weights count as 0 and its H_ii as 1.

    Errors are handed on in binary64 by BLAS, whose order of sums is its own: where a weight falls within rounding of
    a midpoint, codes may differ between machines. With a diagonal H nothing is handed on, and codes and scales are
    those of hu.quantize.
    """
    s = to_scheme(scheme)
    weights = weight_matrix(w)
    moment = second_moment(h, len(weights))
    along, channel = axes_of(s, axis, channel_axis)
    part = real("damping", damping, 0, 1)
    choice("on_failure", on_failure, ("increase", "raise"))
    by = None
    if importance is not None:
        if not s.search:
            raise ValueError(f"importance is given, allowed with @search=mse: {s} searches no scales")
        by = vector("importance", importance, weights.shape[along], least=0)
    made = matrices().gptq(
        weights,
        moment,
        s._spec,
        along,
        channel,
        part,
        on_failure == "increase",
        check_flag("act_order", act_order),
        check_flag("static_scales", static_scales),
        integer("block", block, 1, 2**31 - 1),
        by,
    )
    if made["raised"]:
        warnings.warn(
            f"h with a damping of {part:g} has no Cholesky factor in working precision: raised to {made['damping']:g}",
            RuntimeWarning,
            stacklevel=2,
        )
    checked_loss(made["loss"], weights - made["values"], moment)
    checked_loss(made["nearest_loss"], weights, moment)
    reciprocal = made["reciprocal_condition"]
    rows, columns = weights.shape
    return GptqResult(
        weight_q=made["values"],
        quantized=quantized_from(s, (rows, columns), along, channel, made),
        loss=made["loss"],
        nearest_loss=made["nearest_loss"],
        damping=made["damping"],
        raised=made["raised"],
        dead=tuple(made["dead"]),
        condition=1 / reciprocal if reciprocal else np.inf,
        feedback_trace=made["feedback_trace"],
    )
