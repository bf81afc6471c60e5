"""Quantized parts and corrections of one layer by each method, named as in the tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import halfulp as hu
import numpy as np
from halfulp import methods as quantizers
from halfulp import reconstruct
from layers import Layer

NONE, GPTQ, GPTQ_EXACT = "none", "gptq", "gptq+qera_exact"
BIAS, BIAS_EXACT = "bias", "bias+qera_exact"
BASES = {GPTQ_EXACT: GPTQ, BIAS_EXACT: BIAS}  # what these add a correction to, where it is not rounding alone


@dataclass(frozen=True, eq=False)
class Approximation:
    """W about weight_q + A B, W (in, out). bits: of weight_q. ranks: those of which A[:, :r] B[:r] is the method's own
    correction: all up to the largest where it is one truncated decomposition."""

    method: str
    weight_q: np.ndarray
    bits: int
    left: np.ndarray
    right: np.ndarray
    ranks: tuple[int, ...]
    with_bias: bool = False


def rounded(layer: Layer, scheme: str) -> tuple[np.ndarray, int]:
    """W rounded to nearest, groups along the inputs: (in, out) float64, and its bits."""
    found = hu.quantize(np.ascontiguousarray(layer.weight.T), scheme, axis=1, channel_axis=0, threads=1)
    return np.ascontiguousarray(found.dequantize(np.float64).T), found.bits


def uncorrected(layer: Layer, scheme: str) -> list[Approximation]:
    weight_q, bits = rounded(layer, scheme)
    return [_alone(NONE, weight_q, bits)]


def _alone(method: str, weight_q: np.ndarray, bits: int) -> Approximation:
    rows, columns = weight_q.shape
    return Approximation(method, weight_q, bits, np.zeros((rows, 0)), np.zeros((0, columns)), (0,))


def closed_form(
    layer: Layer, method: str, weight_q: np.ndarray, bits: int, ranks: list[int], statistics: Any = None
) -> Approximation:
    """One decomposition of the largest rank, which begins with those of all smaller ones."""
    most = min(max(ranks), *layer.weight.shape)
    correct = getattr(reconstruct, method)
    if statistics is None:
        statistics = layer.calibration.statistics
    inputs = () if method == "zeroquant_v2" else (statistics,)
    left, right = correct(layer.weight, weight_q, *inputs, most)
    return Approximation(method, weight_q, bits, left, right, tuple(rank for rank in ranks if rank <= most))


def by_closed_forms(layer: Layer, scheme: str, config: dict[str, Any]) -> list[Approximation]:
    weight_q, bits = rounded(layer, scheme)
    about = config["closed_form"]
    found = [closed_form(layer, method, weight_q, bits, about["ranks"]) for method in about["methods"]]
    return [_alone(NONE, weight_q, bits), *found]


def by_gptq(layer: Layer, scheme: str, config: dict[str, Any]) -> list[Approximation]:
    """GPTQ's weight, alone and with the correction of least output error."""
    made = quantizers.gptq(layer.weight, layer.calibration.moment, scheme, damping=config["joint"]["gptq"]["damping"])
    bits = made.quantized.bits
    corrected = closed_form(layer, "qera_exact", made.weight_q, bits, config["closed_form"]["ranks"])
    return [_alone(GPTQ, made.weight_q, bits), replace(corrected, method=GPTQ_EXACT)]


def by_bias(layer: Layer, scheme: str, config: dict[str, Any]) -> list[Approximation]:
    """The bias alone, and with the correction of least output error about the mean, R - E[x]ᵀ E[x]."""
    weight_q, bits = rounded(layer, scheme)
    mean = layer.calibration.mean
    centred = layer.calibration.moment - np.outer(mean, mean)
    both = closed_form(layer, "qera_exact", weight_q, bits, config["closed_form"]["ranks"], centred)
    return [
        replace(_alone(BIAS, weight_q, bits), with_bias=True),
        replace(both, method=BIAS_EXACT, with_bias=True),
    ]


def jointly(layer: Layer, scheme: str, method: str, rank: int, config: dict[str, Any]) -> list[Approximation]:
    """loftq, svdquant or caldera at one rank. Their quantized parts are members of the scheme in as many bits as W's;
    SVDQuant's has a bfloat16 number for each input besides."""
    about = config["joint"][method]
    weight, statistics = layer.weight, layer.calibration.statistics
    rank = min(rank, *weight.shape)
    _, bits = rounded(layer, scheme)
    if method == "loftq":  # its norm is the same for Wᵀ, whose groups lie in rows
        turned = np.ascontiguousarray(weight.T)
        made = reconstruct.loftq(turned, scheme, rank, iterations=about["iterations"], axis=1)
        return [_joint(method, made.weight_q.T, bits, made.B.T, made.A.T)]
    if method == "svdquant":
        made = reconstruct.svdquant(weight, scheme, statistics, rank, alpha=about["alpha"], axis=0)
        return [_joint(method, made.weight_q, bits + 16 * len(weight), made.A, made.B)]
    made = reconstruct.caldera(weight, scheme, statistics, rank, iterations=about["iterations"], axis=0)
    return [_joint(method, made.weight_q, bits, made.A, made.B)]


def _joint(method: str, weight_q: np.ndarray, bits: int, left: np.ndarray, right: np.ndarray) -> Approximation:
    arrays = [np.ascontiguousarray(array) for array in (weight_q, left, right)]
    return Approximation(method, arrays[0], bits, arrays[1], arrays[2], (left.shape[1],))
