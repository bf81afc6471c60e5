"""The stored-embedding task: an encoder in full precision whose vectors are stored in few bits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from halfulp._scheme import AnyScheme
from halfulp.tasks import retrieval
from halfulp.tasks.embedding_task import Corpus
from halfulp.tasks.intervals import Bootstrap, Measure, without_interval
from halfulp.tasks.quantization import Rounding, quantized_vectors
from halfulp.tasks.similarity import cosines
from halfulp.tasks.task import check_count, check_seed
from halfulp.tasks.texts import Sizes
from halfulp.tasks.wordnet import FOLDER


@dataclass(frozen=True)
class StoredEmbedding:
    """Vectors of all-MiniLM-L6-v2 stored under a scheme, groups along each vector of 384 ("e4m3fn/384:bfloat16" has one
    scale a vector), and searched by inner product with what was stored. Complex schemes take a vector as 192 complex
    numbers, its first half their real parts.

    documents, queries, seed, model, wordnet: as in :class:`halfulp.tasks.Embedding`. quantize_queries: the queries'
    vectors too; by default they stay float32, as a search would have them.
    """

    documents: int = 1000
    queries: int = 500
    seed: int = 0
    quantize_queries: bool = False
    model: str | os.PathLike[str] | None = None
    wordnet: str | os.PathLike[str] = FOLDER

    name = "stored_embedding"

    def __post_init__(self) -> None:
        for field in ("documents", "queries"):
            check_count(field, getattr(self, field), 2)
        check_seed(self.seed)

    @cached_property
    def _corpus(self) -> Corpus:
        return Corpus(Sizes(self.documents, self.queries, 0, self.seed), self.model, self.wordnet)

    @cached_property
    def _vectors(self) -> tuple[np.ndarray, np.ndarray]:
        queries, documents, _ = self._corpus.embed()
        return queries, documents

    @cached_property
    def _reference(self) -> retrieval.Quality:
        return retrieval.quality(*self._vectors, self._corpus.texts.lookup.relevant)

    @cached_property
    def _bootstraps(self) -> tuple[Bootstrap, Bootstrap]:
        """Of queries and of documents."""
        return Bootstrap(self.queries, self.seed), Bootstrap(self.documents, self.seed)

    def prepare(self) -> None:
        _ = self._corpus

    def streams(self) -> int:
        return 2  # documents and queries

    def identity(self) -> dict[str, Any]:
        options = {"task": self.name, "seed": self.seed, "quantize_queries": bool(self.quantize_queries)}
        return options | self._corpus.identity()

    def note(self) -> str:
        queries = "queries stored alike" if self.quantize_queries else "queries in float32"
        return (
            f"{self._corpus.encoder.source}, float32 weights, its vectors of documents quantized, {queries}; "
            f"WordNet: {self.queries} headwords looked up in {self.documents} definitions"
        )

    def measure(self, scheme: AnyScheme | None, how: Rounding) -> list[Measure]:
        queries, documents = self._vectors
        by_query, by_document = self._bootstraps
        quality, stored, bits = self._reference, documents, 32.0
        if scheme is not None:
            stored, count = quantized_vectors(documents, scheme, how, 0)
            bits = count / documents.size
            if self.quantize_queries:
                queries, _ = quantized_vectors(queries, scheme, how, 1)
            quality = retrieval.quality(queries, stored, self._corpus.texts.lookup.relevant)
        return [
            without_interval("bits_per_element", bits, self.documents),
            without_interval("compression", 32 / bits, self.documents),
            by_document.measure("cosine", cosines(stored, documents)),
            *retrieval.measures(quality, self._reference, by_query),
            retrieval.overlap(quality, self._reference, by_query),
        ]
