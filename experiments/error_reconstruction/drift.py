"""The end task: the encoder with approximated weights against itself, by the embedding task's own measures."""

from __future__ import annotations

from typing import Any

import numpy as np
from halfulp.tasks import Encoder, retrieval
from halfulp.tasks.intervals import Bootstrap, Measure
from halfulp.tasks.similarity import cosines, rank_correlation
from layers import Corpus


class Drift:
    """What is lost: headwords look up definitions, sentences are compared with what they were."""

    def __init__(self, encoder: Encoder, corpus: Corpus, seed: int) -> None:
        lookup, sentences = corpus.task
        self._encoder = encoder
        self._relevant = lookup.relevant
        self._counts = np.cumsum([len(lookup.queries), len(lookup.documents)])
        self._tokens = encoder.tokens(corpus.held_out)
        self._by_query = Bootstrap(len(lookup.queries), seed)
        self._by_sentence = Bootstrap(len(sentences), seed)
        self._quality, self._sentences = self._run(None)

    def _run(self, replaced: dict[str, np.ndarray] | None) -> tuple[retrieval.Quality, np.ndarray]:
        queries, documents, sentences = np.split(self._encoder.embed(self._tokens, replaced), self._counts)
        return retrieval.quality(queries, documents, self._relevant), sentences

    def measure(self, replaced: dict[str, np.ndarray] | None) -> list[Measure]:
        """Of an encoder with these arrays (out, in) in place of its own; None: of itself."""
        quality, sentences = self._run(replaced)
        angle = cosines(sentences, self._sentences)
        return [
            self._by_sentence.measure("drift", 1 - angle),
            rank_correlation(self._sentences, sentences, self._by_sentence),
            *retrieval.measures(quality, self._quality, self._by_query),
            retrieval.overlap(quality, self._quality, self._by_query),
        ]


def alone(encoder: Encoder, texts: list[str], replaced: dict[str, np.ndarray]) -> dict[str, float]:
    """For each array in its place alone: the mean of 1 - cosine of the texts' vectors to what they were."""
    tokens = encoder.tokens(texts)
    originals = encoder.embed(tokens)
    return {
        name: float((1 - cosines(encoder.embed(tokens, {name: array}), originals)).mean())
        for name, array in replaced.items()
    }


def rows(measures: list[Measure], **about: Any) -> list[dict[str, Any]]:
    return [{**about, **measure._asdict()} for measure in measures]
