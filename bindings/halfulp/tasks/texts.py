"""The texts that the embedding tasks run on: headwords to look up, definitions to find, sentences to compare."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from halfulp.tasks import randomness
from halfulp.tasks.retrieval import Relevant
from halfulp.tasks.wordnet import Synset, read_synsets

_WORDS_OF_A_SENTENCE = 5  # shorter examples are phrases


class Lookup(NamedTuple):
    """A retrieval set: each query is a headword, and relevant to it is every document that defines one of its senses.

    Documents are definitions, all different.
    """

    queries: list[str]
    documents: list[str]
    relevant: Relevant


@dataclass(frozen=True)
class Sizes:
    """How many of each, and the seed that chooses them. A larger set holds the smaller one of the same seed."""

    documents: int
    queries: int
    sentences: int
    seed: int


class Texts(NamedTuple):
    lookup: Lookup
    sentences: list[str]


def choose(sizes: Sizes, wordnet: str | os.PathLike[str]) -> Texts:
    """Texts of these sizes from WordNet; ValueError where it does not hold so many."""
    synsets = read_synsets(wordnet)
    lookup = _lookup(synsets, sizes)
    return Texts(lookup, _sentences(synsets, sizes) if sizes.sentences else [])


def _lookup(synsets: Sequence[Synset], sizes: Sizes) -> Lookup:
    chosen: dict[str, Synset] = {}
    for place in randomness.order(len(synsets), sizes.seed, randomness.DOCUMENTS):
        synset = synsets[place]
        if synset.definition and synset.definition not in chosen:
            chosen[synset.definition] = synset
            if len(chosen) == sizes.documents:
                break
    _check("documents", sizes.documents, len(chosen), "definitions")
    documents = list(chosen)
    queries = list(dict.fromkeys(synset.words[0] for synset in chosen.values()))[: sizes.queries]
    _check("queries", sizes.queries, len(queries), f"headwords among {sizes.documents} definitions")
    return Lookup(queries, documents, _relevant(queries, list(chosen.values())))


def _relevant(queries: list[str], documents: list[Synset]) -> Relevant:
    holders: dict[str, list[int]] = {}
    for place, synset in enumerate(documents):
        for word in {word.lower() for word in synset.words}:
            holders.setdefault(word, []).append(place)
    pairs = [(number, place) for number, query in enumerate(queries) for place in holders[query.lower()]]
    query, document = np.array(pairs, dtype=np.intp).T
    return Relevant(query, document, len(queries))


def _sentences(synsets: Sequence[Synset], sizes: Sizes) -> list[str]:
    every = list(dict.fromkeys(_long_examples(synsets)))
    _check("sentences", sizes.sentences, len(every), "example sentences")
    places = randomness.order(len(every), sizes.seed, randomness.SENTENCES)[: sizes.sentences]
    return [every[place] for place in places]


def _long_examples(synsets: Sequence[Synset]) -> Iterator[str]:
    for synset in synsets:
        for example in synset.examples:
            if len(example.split()) >= _WORDS_OF_A_SENTENCE:
                yield example


def _check(name: str, wanted: int, there: int, what: str) -> None:
    if there < wanted:
        raise ValueError(f"{name} is {wanted}, allowed: at most {there}, the {what} that WordNet holds")
