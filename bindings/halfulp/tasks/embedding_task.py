"""The embedding task: an encoder with quantized weights, against itself in full precision."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from halfulp._scheme import AnyScheme
from halfulp.tasks import retrieval
from halfulp.tasks.embedding import Encoder
from halfulp.tasks.intervals import Bootstrap, Measure, without_interval
from halfulp.tasks.quantization import Rounding, quantized
from halfulp.tasks.replaced import matrices, select
from halfulp.tasks.similarity import cosines, rank_correlation
from halfulp.tasks.task import check_count, check_seed, file_hash, text_hash
from halfulp.tasks.texts import Sizes, Texts, choose
from halfulp.tasks.wordnet import FOLDER


class Corpus:
    """An encoder, the texts that it runs on, and their tokens."""

    def __init__(self, sizes: Sizes, model: str | os.PathLike[str] | None, wordnet: str | os.PathLike[str]) -> None:
        self.encoder = Encoder(model)
        self.texts: Texts = choose(sizes, wordnet)
        lookup, sentences = self.texts
        self.counts = (len(lookup.queries), len(lookup.documents), len(sentences))
        self._tokens = self.encoder.tokens([*lookup.queries, *lookup.documents, *sentences])

    def embed(self, replaced: dict[str, np.ndarray] | None = None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Vectors of queries, documents and sentences."""
        vectors = self.encoder.embed(self._tokens, replaced)
        queries, documents, _ = self.counts
        first, second, third = np.split(vectors, [queries, queries + documents])
        return first, second, third

    def identity(self) -> dict[str, Any]:
        lookup, sentences = self.texts
        folder = self.encoder.path.parent
        return {
            "model": file_hash(self.encoder.path),
            "tokenizer": file_hash(folder / "tokenizer.json"),
            "config": file_hash(folder / "config.json"),
            "counts": list(self.counts),
            "texts": text_hash([*lookup.queries, *lookup.documents, *sentences]),
            "relevant": text_hash(f"{q} {d}" for q, d in zip(*lookup.relevant[:2], strict=True)),
        }


@dataclass(frozen=True)
class Embedding:
    """all-MiniLM-L6-v2 with quantized weights on text from WordNet.

    documents, queries: the retrieval set: find the definitions of a headword by its embedding. sentences: real ones,
    whose embeddings and pairwise similarities are compared with the reference's. seed: chooses texts and bootstrap
    samples. matrices: the weights to quantize: "all" float arrays with two or more axes, as halfulp.sweep does;
    "linear" leaves the embedding tables out; or patterns of names. model: None is the installed package, else a folder.
    wordnet: the folder of WordNet's files.
    """

    documents: int = 600
    queries: int = 250
    sentences: int = 100
    seed: int = 0
    matrices: str | Sequence[str] = "all"
    model: str | os.PathLike[str] | None = None
    wordnet: str | os.PathLike[str] = FOLDER

    name = "embedding"

    def __post_init__(self) -> None:
        for field, least in (("documents", 2), ("queries", 2), ("sentences", 3)):
            check_count(field, getattr(self, field), least)
        check_seed(self.seed)

    @cached_property
    def _corpus(self) -> Corpus:
        return Corpus(Sizes(self.documents, self.queries, self.sentences, self.seed), self.model, self.wordnet)

    @cached_property
    def _chosen(self) -> list[str]:
        return select(self._corpus.encoder.weights, self.matrices, ("embeddings.*",))

    @cached_property
    def _reference(self) -> tuple[retrieval.Quality, np.ndarray]:
        """(retrieval quality, vectors of the sentences) in full precision."""
        queries, documents, sentences = self._corpus.embed()
        return retrieval.quality(queries, documents, self._corpus.texts.lookup.relevant), sentences

    @cached_property
    def _bootstraps(self) -> tuple[Bootstrap, Bootstrap]:
        """Of queries and of sentences."""
        return Bootstrap(self.queries, self.seed), Bootstrap(self.sentences, self.seed)

    def prepare(self) -> None:
        _ = self._chosen

    def streams(self) -> int:
        return len(matrices(self._corpus.encoder.weights))

    def identity(self) -> dict[str, Any]:
        return {"task": self.name, "seed": self.seed, "matrices": self._chosen, **self._corpus.identity()}

    def note(self) -> str:
        return (
            f"{self._corpus.encoder.source}, float32 weights, {len(self._chosen)} of {self.streams()} matrices "
            "quantized; "
            f"WordNet: {self.queries} headwords looked up in {self.documents} definitions, {self.sentences} sentences"
        )

    def measure(self, scheme: AnyScheme | None, how: Rounding) -> list[Measure]:
        encoder = self._corpus.encoder
        by_query, by_sentence = self._bootstraps
        quality, sentences = reference, originals = self._reference
        bits = 32.0
        if scheme is not None:
            replaced = quantized(encoder.weights, self._chosen, matrices(encoder.weights), scheme, how)
            queries, documents, sentences = self._corpus.embed(replaced.arrays)
            quality = retrieval.quality(queries, documents, self._corpus.texts.lookup.relevant)
            bits = replaced.bits_per_element
        return [
            without_interval("bits_per_element", bits, len(self._chosen)),
            by_sentence.measure("cosine", cosines(sentences, originals)),
            rank_correlation(originals, sentences, by_sentence),
            *retrieval.measures(quality, reference, by_query),
            retrieval.overlap(quality, reference, by_query),
        ]
