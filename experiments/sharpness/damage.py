"""What quantizing one layer alone does to the encoder, and what is known of the layer beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import halfulp as hu
import numpy as np
from halfulp.reconstruct import Covariance
from halfulp.tasks import Encoder
from halfulp.tasks.similarity import cosines
from keeping import Rows
from texts import Tokenized
from torch_encoder import contrast_of


class Damage:
    """Losses of an encoder with other weights, on texts that no trace has seen."""

    def __init__(self, encoder: Encoder, tokens: Tokenized, temperature: float) -> None:
        self._encoder, self._tokens, self._temperature = encoder, tokens, temperature
        self._originals = encoder.embed(tokens.all)
        self._contrast = self._contrast_of(self._originals).mean()

    def _contrast_of(self, vectors: np.ndarray) -> np.ndarray:
        pairs = len(self._tokens.queries)
        return contrast_of(vectors[:pairs], vectors[pairs : 2 * pairs], self._temperature)

    def of(self, replaced: dict[str, np.ndarray]) -> dict[str, float]:
        """drift: the mean of 1 - cosine over texts, as in float64, with its standard error; contrast: the contrastive
        loss of the pairs less the original's."""
        vectors = self._encoder.embed(self._tokens.all, replaced)
        each = 1 - cosines(vectors, self._originals)
        return {
            "drift": float(each.mean()),
            "drift_error": float(each.std(ddof=1) / np.sqrt(len(each))),
            "contrast": float(self._contrast_of(vectors).mean() - self._contrast),
        }


def quantized(weight: np.ndarray, scheme: str) -> np.ndarray:
    """A layer's weight (out, in), groups along the inputs."""
    return np.asarray(hu.fake_quantize(weight, scheme, threads=1))


def second_moments(encoder: Encoder, tokens: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """E[xᵀx] of each layer's inputs, by the name of its weight."""
    found: dict[tuple[str, ...], Covariance] = {}
    encoder.observe(tokens, lambda names, x: found.setdefault(names, Covariance()).add(x) and None)
    return {name: seen.second_moment for names, seen in found.items() for name in names}


def energies(encoder: Encoder, moments: dict[str, np.ndarray], names: Sequence[str]) -> Rows:
    """E‖x W‖² of each layer."""
    wide = {name: encoder.weights[name].astype(np.float64).T for name in names}
    return [{"matrix": name, "energy": float(np.vdot(w, moments[name] @ w))} for name, w in wide.items()]


def by_layer(
    encoder: Encoder, damage: Damage, moments: dict[str, np.ndarray], names: Sequence[str], scheme: str
) -> Rows:
    """Each layer alone under a scheme: its errors, and what becomes of the model."""
    rows = []
    for name in names:
        weight = encoder.weights[name]
        changed = quantized(weight, scheme)
        lost = (changed.astype(np.float64) - weight).T
        squared = float(np.vdot(lost, lost))
        rows.append(
            {
                "matrix": name,
                "scheme": scheme,
                "squared_error": squared,
                "relative_error": squared / float(np.vdot(weight, weight)),
                "output_error": float(np.vdot(lost, moments[name] @ lost)),
                **damage.of({name: changed}),
            }
        )
    return rows


def quadratic_forms(
    encoder: Encoder, tokens: Sequence[np.ndarray], names: Sequence[str], scheme: str, part: float
) -> Rows:
    """½ ΔWᵀ H ΔW for the drift of these texts: the drift of W + part ΔW over part², whose error is of the order of
    part (the third derivative's), and 1e-14 / part² by float32's rounding of vectors of length 1."""
    originals = encoder.embed(tokens)
    rows = []
    for name in names:
        weight = encoder.weights[name]
        step = weight + np.float32(part) * (quantized(weight, scheme) - weight)
        distance = encoder.embed(tokens, {name: step}).astype(np.float64) - originals
        value = float((distance * distance).sum() / (2 * len(originals))) / part**2
        rows.append({"matrix": name, "scheme": scheme, "quadratic": value})
    return rows


def stored_bits(encoder: Encoder, names: Sequence[str], schemes: Sequence[str]) -> dict[str, list[int]]:
    from halfulp import cost

    return {name: [cost.storage(encoder.weights[name].shape, s).bits for s in schemes] for name in names}


def chosen_weights(encoder: Encoder, choice: dict[str, Any]) -> dict[str, np.ndarray]:
    return {name: quantized(encoder.weights[name], scheme) for name, scheme in choice.items()}
