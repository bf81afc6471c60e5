"""Random choices of the tasks, from halfulp's own counter-based words: the same on every machine and NumPy version."""

from __future__ import annotations

import numpy as np

from halfulp._random import Rng, random_words

# Streams under a task's seed, one for each use, so that no choice depends on how many words another one took.
DOCUMENTS, SENTENCES, WINDOWS, BOOTSTRAP = range(4)


def order(count: int, seed: int, stream: int) -> np.ndarray:
    """The indices 0 to count − 1 in random order. The first n of them are a random choice of n."""
    words = random_words(Rng(seed, stream), count)
    return np.argsort(words, kind="stable")


def resamples(count: int, replicates: int, seed: int) -> np.ndarray:
    """Indices of bootstrap samples: (replicates, count), each drawn from 0 to count − 1 with replacement.

    ⌊word·count/2^32⌋: no index is likelier than another by more than count/2^32.
    """
    words = random_words(Rng(seed, BOOTSTRAP), (replicates, count))
    return ((words.astype(np.uint64) * np.uint64(count)) >> np.uint64(32)).astype(np.intp)
