"""LQ-LoRA's integer program (arXiv 2311.12023; HanGuo97/lq-lora, models/lq_utils.py and quantization_utils.py)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from halfulp import _core
from halfulp._runs import integer
from halfulp.allocate._problem import finite, matrix, number, vector
from halfulp.allocate.choosing import Allocation, choose


class LqLoraConfiguration(NamedTuple):
    """A normal float of `bits` under scales of `scale_bits` in blocks, these under scales of `second_bits` in blocks of
    their own."""

    bits: int
    scale_bits: int
    second_bits: int
    block: int
    second_block: int

    @property
    def bits_per_parameter(self) -> float:
        """bits + scale_bits / block + second_bits / (block · second_block), as the released code counts."""
        return self.bits + self.scale_bits / self.block + self.second_bits / (self.block * self.second_block)


def lq_lora_configurations() -> list[LqLoraConfiguration]:
    """The configurations of the released code: 2, 3, 4, 8 bits for values and for scales, bfloat16, float16 or float32
    for the second scales (16, 16, 32 bits), blocks of 16, 32, 64 and of 16, 64, 256. 432 in the code's order;
    bfloat16 and float16 take equally many bits."""
    widths = (2, 3, 4, 8)
    grid = itertools.product(widths, widths, (16, 16, 32), (16, 32, 64), (16, 64, 256))
    return [LqLoraConfiguration(*row) for row in grid]


def lq_lora_storage(parameters: Any, configurations: list[LqLoraConfiguration]) -> np.ndarray:
    """Bits of each matrix under each configuration, matrices by configurations. parameters: of each matrix."""
    counts = finite("parameters", vector("parameters", parameters), negative=False)
    if isinstance(configurations, LqLoraConfiguration) or not isinstance(configurations, Sequence):
        raise TypeError(f"configurations is a {type(configurations).__name__}, allowed: a list of LqLoraConfiguration")
    for i, c in enumerate(configurations):
        if not isinstance(c, LqLoraConfiguration):
            raise TypeError(f"configurations[{i}] is {c!r}, allowed: an LqLoraConfiguration")
    return counts[:, None] * np.array([c.bits_per_parameter for c in configurations])


def lq_lora(costs: Any, sizes: Any, budget: float, *, chunks: int = 1, limit: int = _core.knapsack_limit) -> Allocation:
    """LQ-LoRA's assignment: one configuration for every matrix, the least sum of ‖√F ∘ (W − Ŵ)‖² within a budget of
    storage.

    costs: matrices by configurations, the squared errors, weighted by the Fisher information F where it is known; what
    error is left after the low-rank part, if there is one. sizes: the same shape, in the budget's unit
    (``lq_lora_storage``). chunks: the released code splits matrices into as many runs of equal length and gives each an
    equal share of the budget; with more than one the result is the best of each run, not of the whole, so optimal is
    False and lower_bound that of the linear relaxation of the whole. The released code takes what Gurobi has after 60
    seconds; here the answer is proved, or says that it is not. Returns an Allocation.
    """
    error = finite("costs", matrix("costs", costs))
    storage = finite("sizes", matrix("sizes", sizes), negative=False)
    if error.shape != storage.shape:
        raise ValueError(f"sizes has shape {storage.shape}, allowed: {error.shape}, as costs has")
    parts = integer("chunks", chunks, 1, max(len(error), 1))
    if len(error) % parts:
        raise ValueError(f"chunks is {parts}, allowed: a divisor of {len(error)}, the number of matrices")
    if parts == 1:
        return choose(error, storage, budget, limit=limit)
    whole = number("budget", budget)
    rows = np.arange(len(error))
    least = parts * max(math.fsum(part.min(axis=1)) for part in np.split(storage, parts))
    if whole < least:
        raise ValueError(
            f"budget is {whole:g}, allowed: at least {least:g}, as each of {parts} chunks gets an equal share of it"
        )
    chosen = [choose(error[part], storage[part], whole / parts, limit=limit) for part in np.split(rows, parts)]
    choices = np.concatenate([part.choices for part in chosen])
    choices.flags.writeable = False
    # With every choice fixed, `choose` adds up exactly.
    total = choose(error, storage, np.inf, fixed=dict(enumerate(choices.tolist())))
    bound = choose(error, storage, whole, limit=1)
    return Allocation(
        choices,
        total.cost,
        total.size,
        whole,
        min(bound.relaxation, total.cost),
        bound.relaxation,
        sum(part.states for part in chosen),
        False,
    )
