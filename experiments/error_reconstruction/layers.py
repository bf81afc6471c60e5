"""The encoder's linear layers with their inputs, recorded on calibration texts and on the end task's own, held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from halfulp.reconstruct import Covariance
from halfulp.tasks import Encoder
from halfulp.tasks.texts import Sizes, Texts, choose
from halfulp.tasks.threads import on_threads

_CHUNK = 250  # texts that one thread records at a time
Recorded = dict[tuple[str, ...], Covariance]


@dataclass(frozen=True)
class Corpus:
    """task: the end task's texts. calibration: others, definitions and sentences in turns."""

    task: Texts
    calibration: list[str]

    @property
    def held_out(self) -> list[str]:
        lookup, sentences = self.task
        return [*lookup.queries, *lookup.documents, *sentences]


def read_texts(config: dict[str, Any], wordnet: str) -> Corpus:
    """A larger choice of the same seed holds the smaller one, so what it has more is new."""
    about, seed = config["texts"], config["seed"]
    sizes = Sizes(about["documents"], about["queries"], about["sentences"], seed)
    task = choose(sizes, wordnet)
    more = choose(
        Sizes(
            sizes.documents + about["calibration_documents"],
            sizes.queries,
            sizes.sentences + about["calibration_sentences"],
            seed,
        ),
        wordnet,
    )
    known = {*task.lookup.documents, *task.lookup.queries, *task.sentences}
    documents = [text for text in more.lookup.documents if text not in known]
    sentences = [text for text in more.sentences if text not in known]
    turns = [text for pair in zip(documents, sentences, strict=False) for text in pair]
    rest = min(len(documents), len(sentences))
    return Corpus(task, [*turns, *documents[rest:], *sentences[rest:]])


def record(encoder: Encoder, texts: Sequence[str]) -> Recorded:
    """The inputs' statistics of every linear layer. The same whatever the number of threads: chunks are merged in
    order."""

    def of(first: int) -> Recorded:
        found: Recorded = {}
        encoder.observe(
            texts[first : first + _CHUNK], lambda names, x: found.setdefault(names, Covariance()).add(x) and None
        )
        return found

    whole: Recorded = {}
    for part in on_threads(of, range(0, len(texts), _CHUNK)):
        merge(whole, part)
    return whole


def merge(whole: Recorded, part: Recorded) -> None:
    for names, statistics in part.items():
        whole.setdefault(names, Covariance()).merge(statistics)


class Inputs:
    """A second moment R = E[xᵀx], and its root S: ‖S E‖² = E‖x E‖²."""

    def __init__(self, statistics: Covariance) -> None:
        self.statistics = statistics
        self.moment = statistics.second_moment
        self.mean = statistics.mean

    @cached_property
    def eigenvalues(self) -> np.ndarray:
        return self._eigen[0]

    @cached_property
    def root(self) -> np.ndarray:
        values, vectors = self._eigen
        return np.sqrt(values)[:, None] * vectors.T

    @cached_property
    def _eigen(self) -> tuple[np.ndarray, np.ndarray]:
        values, vectors = np.linalg.eigh(self.moment)
        return np.maximum(values, 0), vectors

    @property
    def off_diagonal(self) -> float:
        """The part of ‖R‖² that is off the diagonal: 0 where channels are uncorrelated."""
        return float(1 - (np.diag(self.moment) ** 2).sum() / (self.moment**2).sum())


@dataclass(frozen=True, eq=False)
class Layer:
    """y = x W. weight: (in, out), float32."""

    name: str
    weight: np.ndarray
    calibration: Inputs
    held_out: Inputs

    @cached_property
    def energy(self) -> dict[str, float]:
        """Squared norms that errors are relative to: of the weight, and of the output on either texts."""
        whole = self.weight.astype(np.float64)
        return {
            "weight_error": squared(whole),
            "output_error": squared(self.calibration.root @ whole),
            "held_out_error": squared(self.held_out.root @ whole),
        }


def squared(x: np.ndarray) -> float:
    return float(np.vdot(x, x))


def layers_of(encoder: Encoder, calibration: Recorded, held_out: Recorded) -> list[Layer]:
    found = []
    for names, statistics in calibration.items():
        here, there = Inputs(statistics), Inputs(held_out[names])
        found += [Layer(name, np.ascontiguousarray(encoder.weights[name].T), here, there) for name in names]
    return found
