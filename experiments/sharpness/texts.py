"""Pairs of a headword and its definition, and sentences, from WordNet: some to measure damage on, others for traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from halfulp.tasks import Encoder
from halfulp.tasks.texts import Sizes, choose

Tokens = list[np.ndarray]


@dataclass(frozen=True)
class Part:
    """queries[i] is the headword of documents[i]. No definition is there twice."""

    queries: list[str]
    documents: list[str]
    sentences: list[str]

    @property
    def all(self) -> list[str]:
        return [*self.queries, *self.documents, *self.sentences]


@dataclass(frozen=True)
class Corpus:
    held_out: Part
    calibration: Part


def read(config: dict[str, Any], wordnet: str) -> Corpus:
    about = config["texts"]
    pairs, more = about["pairs"], about["calibration_pairs"]
    wanted = pairs + more
    sentences = about["sentences"] + about["calibration_sentences"]
    # Some headwords have two senses among the definitions: twice as many definitions leave enough.
    lookup, found = choose(Sizes(2 * wanted, wanted, sentences, config["seed"]), wordnet)
    queries: list[str] = []
    documents: dict[str, None] = {}
    for query, document in zip(*lookup.relevant[:2], strict=True):
        text = lookup.documents[document]
        if lookup.queries[query] not in queries and text not in documents:
            queries.append(lookup.queries[query])
            documents[text] = None
    if len(queries) < wanted:
        raise ValueError(f"pairs and calibration_pairs are {wanted}, allowed: at most {len(queries)}")
    every = list(documents)
    split = about["sentences"]
    return Corpus(
        Part(queries[:pairs], every[:pairs], found[:split]),
        Part(queries[pairs:wanted], every[pairs:wanted], found[split:]),
    )


@dataclass(frozen=True)
class Tokenized:
    queries: Tokens
    documents: Tokens
    sentences: Tokens

    @property
    def all(self) -> Tokens:
        return [*self.queries, *self.documents, *self.sentences]


def tokenized(encoder: Encoder, part: Part) -> Tokenized:
    return Tokenized(*(encoder.tokens(texts) for texts in (part.queries, part.documents, part.sentences)))
