"""Errors of approximations, one row for each rank and each way to store the factors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import halfulp as hu
import numpy as np
from layers import Layer, squared

from methods import Approximation

ERRORS = ("weight_error", "output_error", "held_out_error")


def stored_factors(approximation: Approximation, factors: str) -> tuple[np.ndarray, np.ndarray]:
    """A and B as their scheme leaves them, float64: groups along the inputs in A, along the outputs in B, so that ranks
    do not meddle with each other."""
    left = hu.fake_quantize(np.ascontiguousarray(approximation.left.T), factors, axis=1, threads=1).T
    return left, hu.fake_quantize(approximation.right, factors, axis=1, threads=1)


def factor_bits(shape: tuple[int, int], rank: int, factors: str) -> int:
    if rank == 0:
        return 0
    return sum(rank * hu.quantize(np.zeros((1, side), np.float32), factors, axis=1).bits for side in shape)


def errors(layer: Layer, found: list[Approximation], factors: list[str]) -> Iterator[dict[str, Any]]:
    """Relative squared errors of a layer's approximations: E‖x (W - Ŵ)‖² ÷ E‖x W‖² on calibration texts
    (output_error) and on others (held_out_error), ‖W - Ŵ‖² ÷ ‖W‖² (weight_error)."""
    roots = {"weight_error": None, "output_error": layer.calibration.root, "held_out_error": layer.held_out.root}
    whole = layer.weight.astype(np.float64)
    seen: tuple[np.ndarray, dict[str, np.ndarray]] | None = None
    for one in found:
        if seen is None or seen[0] is not one.weight_q:
            lost = whole - one.weight_q
            seen = one.weight_q, {name: lost if root is None else root @ lost for name, root in roots.items()}
        for scheme in factors if one.ranks != (0,) else [""]:
            left, right = stored_factors(one, scheme) if scheme else (one.left, one.right)
            turned = {name: left if root is None else root @ left for name, root in roots.items()}
            for rank in one.ranks:
                shifts = _of_bias(layer, lost - left[:, :rank] @ right[:rank]) if one.with_bias else {}
                yield {
                    "matrix": layer.name,
                    "method": one.method,
                    "rank": rank,
                    "factors": scheme,
                    "elements": whole.size,
                    "bits": one.bits + factor_bits(whole.shape, rank, scheme),
                    **{
                        name: (squared(seen[1][name] - turned[name][:, :rank] @ right[:rank]) + shifts.get(name, 0))
                        / layer.energy[name]
                        for name in ERRORS
                    },
                }


def _of_bias(layer: Layer, lost: np.ndarray) -> dict[str, float]:
    """What a bias of m E, m = E[x] of the calibration, adds to E‖x E‖², as E‖(x - m) E‖² = E‖x E‖² - 2 E[x] E·m E +
    ‖m E‖²."""
    own, other = layer.calibration.mean @ lost, layer.held_out.mean @ lost
    return {"output_error": -squared(own), "held_out_error": squared(own) - 2 * float(own @ other)}


def bias_of(layer: Layer, one: Approximation, rank: int, factors: str) -> np.ndarray:
    """What is added to the layer's bias, (out,), float32."""
    lost = layer.weight - restored(one, rank, factors).T.astype(np.float64)
    return (layer.calibration.mean @ lost).astype(np.float32)


def restored(one: Approximation, rank: int, factors: str) -> np.ndarray:
    """weight_q + A B as the checkpoint has it: (out, in), float32."""
    if rank == 0:
        return np.ascontiguousarray(one.weight_q.T, dtype=np.float32)
    left, right = stored_factors(one, factors)
    whole = one.weight_q + left[:, :rank] @ right[:rank]
    return np.ascontiguousarray(whole.T, dtype=np.float32)
