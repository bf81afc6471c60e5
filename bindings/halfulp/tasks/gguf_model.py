"""A Llama model and its tokenizer out of a GGUF file. Needs the packages gguf and tokenizers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from halfulp.sweeping._extras import need
from halfulp.tasks.llama import LlamaShape

_CONTROL_TOKEN = 3  # of GGUF's token types: one that stands for no text


class GgufModel(NamedTuple):
    """weights: float32, by their names in the file, read-only. stored: elements of the matrices by the type that the
    file stores them in ("Q4_1": 106168320). tokenizer: of the package tokenizers."""

    shape: LlamaShape
    weights: dict[str, np.ndarray]
    stored: dict[str, int]
    tokenizer: Any


def read_model(path: Path) -> GgufModel:
    """Reads and dequantizes the whole file. Raises ValueError that names it and what is wrong with it or not known."""
    gguf = need("gguf", "tasks", "the language model task")
    try:
        reader = gguf.GGUFReader(path)
        facts = {name: field.contents() for name, field in reader.fields.items() if not name.endswith("chat_template")}
    except OSError:
        raise
    except Exception as error:  # a damaged file fails in many ways inside the package
        raise ValueError(f"{path} is not a sound GGUF file: {error}") from None
    if facts.get("general.architecture") != "llama":
        raise ValueError(f"{path} holds a model of kind {facts.get('general.architecture')!r}, allowed: 'llama'")
    try:
        shape, tokenizer = _shape(facts), _tokenizer(facts)
    except KeyError as error:
        raise ValueError(f"{path} has no {error}, which a Llama model needs") from None
    weights, stored = {}, Counter[str]()
    for tensor in reader.tensors:
        try:
            array = np.array(gguf.dequantize(tensor.data, tensor.tensor_type), dtype=np.float32)
        except NotImplementedError:
            raise ValueError(
                f"{path}: tensor {tensor.name!r} is {tensor.tensor_type.name}, which is not read"
            ) from None
        array.flags.writeable = False
        weights[tensor.name] = array
        if array.ndim >= 2:
            stored[tensor.tensor_type.name] += array.size
    return GgufModel(shape, weights, dict(stored), tokenizer)


def _shape(facts: Mapping[str, Any]) -> LlamaShape:
    heads = facts["llama.attention.head_count"]
    hidden = facts["llama.embedding_length"]
    rotary = facts.get("llama.rope.dimension_count", hidden // heads)
    scaling = facts.get("llama.rope.scaling.type", "none")
    if rotary != hidden // heads or scaling != "none":
        raise ValueError(
            f"the model turns {rotary} of {hidden // heads} dimensions with scaling {scaling!r}, "
            "allowed: all of them with 'none'"
        )
    return LlamaShape(
        layers=facts["llama.block_count"],
        hidden=hidden,
        heads=heads,
        key_heads=facts.get("llama.attention.head_count_kv", heads),
        rotary_base=facts.get("llama.rope.freq_base", 10000.0),
        epsilon=facts["llama.attention.layer_norm_rms_epsilon"],
        context=facts["llama.context_length"],
    )


def _tokenizer(facts: Mapping[str, Any]) -> Any:
    """Byte-level BPE with digits one by one, as the file says with the words "gpt2" and "smollm"."""
    kind = (facts["tokenizer.ggml.model"], facts.get("tokenizer.ggml.pre"))
    if kind != ("gpt2", "smollm"):
        raise ValueError(f"the tokenizer is {kind}, allowed: ('gpt2', 'smollm')")
    tokenizers = need("tokenizers", "tasks", "the language model task")
    tokens, types = facts["tokenizer.ggml.tokens"], facts["tokenizer.ggml.token_type"]
    merges = [tuple(merge.split(" ")) for merge in facts["tokenizer.ggml.merges"]]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab=vocabulary, merges=merges))
    split = tokenizers.pre_tokenizers
    made.pre_tokenizer = split.Sequence(
        [split.Digits(individual_digits=True), split.ByteLevel(add_prefix_space=False, use_regex=True)]
    )
    made.decoder = tokenizers.decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, types, strict=True) if kind == _CONTROL_TOKEN]
    made.add_special_tokens(control)
    return made
