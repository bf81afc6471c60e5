"""BERT's encoder in NumPy float32: token numbers in, one vector for each token out.

Source: J. Devlin et al., BERT (arXiv 1810.04805), and the transformer of arXiv 1706.03762 with normalization after
each sum. Weights are (out, in): y = x Wᵀ + b. Names of arrays are those of the published checkpoints.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from halfulp.tasks.gelu import gelu


@dataclass(frozen=True)
class BertShape:
    layers: int
    hidden: int
    heads: int
    positions: int
    epsilon: float


def read_shape(path: Path) -> BertShape:
    """From a model's config.json. Raises ValueError where the model is none that this file computes."""
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        shape = BertShape(
            config["num_hidden_layers"],
            config["hidden_size"],
            config["num_attention_heads"],
            config["max_position_embeddings"],
            config["layer_norm_eps"],
        )
        variant = (config["model_type"], config["hidden_act"], config.get("position_embedding_type", "absolute"))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not the configuration of a BERT model: {error!r}") from None
    if variant != ("bert", "gelu", "absolute"):
        raise ValueError(f"{path} describes {variant}, allowed: ('bert', 'gelu', 'absolute')")
    return shape


#: Called with names of weights and what they are about to be multiplied with, (tokens, in); x is good until it returns.
Observer = Callable[[tuple[str, ...], np.ndarray], None]


class _Linear(NamedTuple):
    weight: np.ndarray
    bias: np.ndarray
    names: tuple[str, ...]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        y: np.ndarray = x @ self.weight.T
        y += self.bias
        return y


class _Norm(NamedTuple):
    weight: np.ndarray
    bias: np.ndarray
    epsilon: float

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Normalizes the last axis, in place."""
        x -= x.mean(axis=-1, keepdims=True)
        variance = np.einsum("ij,ij->i", x, x)[:, None] / x.shape[-1]
        x /= np.sqrt(variance + self.epsilon)
        x *= self.weight
        x += self.bias
        return x


class _Layer(NamedTuple):
    projections: _Linear  # queries, keys and values in one product
    attended: _Linear
    attention_norm: _Norm
    up: _Linear
    down: _Linear
    output_norm: _Norm


class Bert:
    """An encoder with the given arrays, float32. A missing array is a KeyError with its name."""

    def __init__(self, arrays: Mapping[str, np.ndarray], shape: BertShape) -> None:
        self._shape = shape
        self._words = arrays["embeddings.word_embeddings.weight"]
        # Every token here is of the first kind: there is one text, not a pair of them.
        self._places = (
            arrays["embeddings.position_embeddings.weight"] + arrays["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _norm(arrays, "embeddings.LayerNorm", shape)
        self._layers = [_layer(arrays, f"encoder.layer.{number}", shape) for number in range(shape.layers)]

    def __call__(self, tokens: np.ndarray, observe: Observer | None = None) -> np.ndarray:
        """The last layer's vectors: tokens (texts, length), all of one length, to (texts, length, hidden)."""

        def times(linear: _Linear, x: np.ndarray) -> np.ndarray:
            if observe is not None:
                observe(linear.names, x)
            return linear(x)

        texts, length = tokens.shape
        x = self._words[tokens] + self._places[:length]
        x = self._norm(x.reshape(texts * length, -1))
        for layer in self._layers:
            mixed = times(layer.attended, self._attention(times(layer.projections, x), texts, length))
            mixed += x
            x = layer.attention_norm(mixed)
            inner = times(layer.up, x)
            gelu(inner)
            inner = times(layer.down, inner)
            inner += x
            x = layer.output_norm(inner)
        return x.reshape(texts, length, -1)

    def _attention(self, projected: np.ndarray, texts: int, length: int) -> np.ndarray:
        """softmax(QKᵀ/√d)V for every head. projected: (tokens, 3·hidden)."""
        heads = self._shape.heads
        width = self._shape.hidden // heads
        parts = projected.reshape(texts, length, 3, heads, width).transpose(2, 0, 3, 1, 4)
        queries, keys, values = np.ascontiguousarray(parts)
        scores = queries @ keys.transpose(0, 1, 3, 2)
        scores *= np.float32(1 / math.sqrt(width))
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        return (scores @ values).transpose(0, 2, 1, 3).reshape(texts * length, heads * width)


def _norm(arrays: Mapping[str, np.ndarray], name: str, shape: BertShape) -> _Norm:
    return _Norm(arrays[f"{name}.weight"], arrays[f"{name}.bias"], shape.epsilon)


def _linear(arrays: Mapping[str, np.ndarray], *names: str) -> _Linear:
    """One layer of several side by side."""
    weights = tuple(f"{name}.weight" for name in names)
    if len(names) == 1:
        return _Linear(arrays[weights[0]], arrays[f"{names[0]}.bias"], weights)
    weight, bias = (np.concatenate([arrays[f"{name}.{kind}"] for name in names]) for kind in ("weight", "bias"))
    return _Linear(weight, bias, weights)


def _layer(arrays: Mapping[str, np.ndarray], name: str, shape: BertShape) -> _Layer:
    attention = f"{name}.attention"
    return _Layer(
        _linear(arrays, *(f"{attention}.self.{part}" for part in ("query", "key", "value"))),
        _linear(arrays, f"{attention}.output.dense"),
        _norm(arrays, f"{attention}.output.LayerNorm", shape),
        _linear(arrays, f"{name}.intermediate.dense"),
        _linear(arrays, f"{name}.output.dense"),
        _norm(arrays, f"{name}.output.LayerNorm", shape),
    )
