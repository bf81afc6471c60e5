"""The language model with fewer mantissa bits: loss of real text, and sharpness in the space of logits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import halfulp as hu
import numpy as np
from halfulp.sharpness import logit_sharpness
from halfulp.tasks import randomness
from halfulp.tasks.gguf_model import GgufModel, read_model
from halfulp.tasks.language_model import MODEL
from halfulp.tasks.llama import Llama
from halfulp.tasks.packaged import packaged_file
from halfulp.tasks.threads import on_threads
from keeping import Rows

STORED = "as stored"
#: Stored weights, shrunk as cutting off shrinks them; and cut off, then grown by as much.
SHRUNK, GROWN = "shrunk", "cut off and grown"


def read(path: str | None) -> GgufModel:
    return read_model(model_file(path))


def model_file(path: str | None) -> Path:
    return Path(path) if path else packaged_file(MODEL, ".gguf")


def windows(model: GgufModel, about: dict[str, Any], seed: int) -> np.ndarray:
    """Token numbers (windows, length), pieces of the text."""
    text = Path(about["text"]).read_text(encoding="utf-8")
    tokens = np.array(model.tokenizer.encode(text).ids, dtype=np.int64)
    there = len(tokens) // about["length"]
    if there < about["windows"]:
        raise ValueError(
            f"windows is {about['windows']}, allowed: at most {there}, as the text has {len(tokens)} tokens"
        )
    places = randomness.order(there, seed, randomness.WINDOWS)[: about["windows"]]
    return tokens[: there * about["length"]].reshape(there, about["length"])[np.sort(places)]


def rounded(model: GgufModel, mantissa: int, rounding: str) -> dict[str, np.ndarray]:
    """All matrices with so many mantissa bits; norms' weights, which are vectors, stay."""
    return {
        name: np.asarray(hu.round(array, f"e8m{mantissa}", rounding=rounding)) if array.ndim > 1 else array
        for name, array in model.weights.items()
    }


def control(model: GgufModel, mantissa: int, kind: str) -> dict[str, np.ndarray]:
    """Every matrix times, or over, the mean factor by which cutting off shrinks matrices (least squares)."""
    cut = rounded(model, mantissa, "toward_zero")
    factors = [np.vdot(cut[n], a) / np.vdot(a, a) for n, a in model.weights.items() if a.ndim > 1]
    factor = np.float32(np.mean(factors))
    source, by = (model.weights, factor) if kind == SHRUNK else (cut, 1 / factor)
    return {name: array * by if array.ndim > 1 else array for name, array in source.items()}


def measure(model: GgufModel, weights: dict[str, np.ndarray], tokens: np.ndarray, epsilons: list[float]) -> Rows:
    """For each window and box: the loss and the sharpness of the last token alone, as the paper has it, and their means
    over all predicted tokens."""
    llama = Llama(weights, model.shape)

    def of(window: int) -> Rows:
        piece = tokens[window]
        logits = llama.logits(llama(piece[None])[:-1])
        rows = []
        for epsilon in epsilons:
            found = logit_sharpness(logits, piece[1:], epsilon)
            rows.append(
                {
                    "window": window,
                    "epsilon": epsilon,
                    "loss": found.loss,
                    "sharpness": found.value,
                    "mean_loss_sharpness": found.of_mean_loss,
                    "last_sharpness": float(found.per_token[-1]),
                }
            )
        return rows

    return [row for rows in on_threads(of, range(len(tokens))) for row in rows]
