"""Retrieval quality: where the relevant documents of each query stand when all are sorted by similarity."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from halfulp.tasks.intervals import Bootstrap, Measure

CUTOFF = 10
_BLOCK = 4_000_000  # similarities held at once, 16 MB


class Relevant(NamedTuple):
    """Pairs of query and relevant document. query, document: (pairs,) indices, sorted by query; queries: how many."""

    query: np.ndarray
    document: np.ndarray
    queries: int


class Quality(NamedTuple):
    """One number for each query: nDCG@10, recall@10, and the 10 documents found first (queries, 10)."""

    ndcg: np.ndarray
    recall: np.ndarray
    found: np.ndarray


def quality(queries: np.ndarray, documents: np.ndarray, relevant: Relevant) -> Quality:
    """Of the ranking by inner product, with relevance 0 or 1.

    queries (q, d) and documents (n, d). nDCG@10 is Σ 1/log2(rank + 1) over the relevant among the first ten ÷ the
    largest that this sum can be; recall@10 the share of a query's relevant documents among the first ten. Of equal
    similarities those that are not relevant stand first, so that a model that tells nothing apart finds nothing.
    """
    ndcg = np.zeros(relevant.queries)
    recall = np.zeros(relevant.queries)
    depth = min(CUTOFF, len(documents))
    found = np.empty((relevant.queries, depth), dtype=np.intp)
    at_once = max(1, _BLOCK // len(documents))
    for start in range(0, relevant.queries, at_once):
        stop = min(start + at_once, relevant.queries)
        similarities = queries[start:stop] @ documents.T
        found[start:stop] = np.argpartition(-similarities, depth - 1, axis=1)[:, :depth]
        for query in range(start, stop):
            pairs = slice(*np.searchsorted(relevant.query, [query, query + 1]))
            ranks = _ranks(similarities[query - start], relevant.document[pairs])
            gains = 1 / np.log2(ranks[ranks <= CUTOFF] + 1)
            ideal = (1 / np.log2(np.arange(2, min(len(ranks), CUTOFF) + 2))).sum()
            ndcg[query] = gains.sum() / ideal
            recall[query] = len(gains) / len(ranks)
    return Quality(ndcg, recall, found)


def _ranks(similarities: np.ndarray, relevant: np.ndarray) -> np.ndarray:
    """Ranks of the relevant documents from 1, ascending, ties counted against them."""
    own = -np.sort(-similarities[relevant])
    not_below = (similarities >= own[:, None]).sum(axis=1)
    relevant_not_below = (own >= own[:, None]).sum(axis=1)
    return not_below - relevant_not_below + np.arange(1, len(own) + 1)


def measures(here: Quality, reference: Quality, bootstrap: Bootstrap) -> list[Measure]:
    """nDCG@10 and recall@10, each with its difference to the reference and its loss relative to it, paired by query."""
    found = []
    for name, mine, theirs in (
        (f"ndcg@{CUTOFF}", here.ndcg, reference.ndcg),
        (f"recall@{CUTOFF}", here.recall, reference.recall),
    ):
        found.append(bootstrap.measure(name, mine))
        found.append(bootstrap.measure(f"{name}_difference", mine, theirs, of=lambda a, b: a - b))
        found.append(bootstrap.measure(f"{name}_loss", mine, theirs, of=_loss))
    return found


def _loss(mine: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """NaN where the reference finds nothing that could be lost."""
    there = reference > 0
    return np.where(there, 1 - mine / np.where(there, reference, 1), np.nan)


def overlap(here: Quality, reference: Quality, bootstrap: Bootstrap) -> Measure:
    """The share of the reference's first ten documents that are still among the first ten."""
    kept = [np.isin(a, b, assume_unique=True).mean() for a, b in zip(reference.found, here.found, strict=True)]
    return bootstrap.measure(f"overlap@{CUTOFF}", np.array(kept))
