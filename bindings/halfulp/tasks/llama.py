"""A Llama decoder in NumPy float32: token numbers in, the last layer's normalized vectors out.

Source: H. Touvron et al., Llama 2 (arXiv 2307.09288): pre-normalization by root mean square, rotary positions (arXiv
2104.09864), grouped-query attention, SwiGLU. Weights are (out, in); names of arrays are those of GGUF files, whose
query and key rows are ordered so that rotary positions turn neighbouring pairs (2i, 2i + 1).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class LlamaShape:
    layers: int
    hidden: int
    heads: int
    key_heads: int  # each serves heads ÷ key_heads query heads
    rotary_base: float
    epsilon: float
    context: int


class Llama:
    """A decoder with the given arrays, float32. A missing array is a KeyError with its name."""

    def __init__(self, arrays: Mapping[str, np.ndarray], shape: LlamaShape) -> None:
        self._arrays = arrays
        self._shape = shape
        self._embeddings = arrays["token_embd.weight"]
        self._head = arrays.get("output.weight", self._embeddings)  # tied where the file has no head of its own

    def __call__(self, tokens: np.ndarray) -> np.ndarray:
        """tokens (texts, length), each text from its own position 0, to (texts·length, hidden)."""
        texts, length = tokens.shape
        x = self._embeddings[tokens].reshape(texts * length, -1)
        turns = _turns(length, self._shape)
        for layer in range(self._shape.layers):
            block = _Block(self._arrays, f"blk.{layer}.", self._shape)
            x = x + block.attention(_normalized(x, block["attn_norm"], self._shape.epsilon), texts, turns)
            x += block.feed_forward(_normalized(x, block["ffn_norm"], self._shape.epsilon))
        return _normalized(x, self._arrays["output_norm.weight"], self._shape.epsilon)

    def logits(self, x: np.ndarray) -> np.ndarray:
        """Scores of every token of the vocabulary for vectors (n, hidden): (n, vocabulary)."""
        found: np.ndarray = x @ self._head.T
        return found


class _Block:
    """One layer."""

    def __init__(self, arrays: Mapping[str, np.ndarray], prefix: str, shape: LlamaShape) -> None:
        self._arrays, self._prefix, self._shape = arrays, prefix, shape

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[f"{self._prefix}{name}.weight"]

    def attention(self, x: np.ndarray, texts: int, turns: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """Causal, over each text alone."""
        width = self._shape.hidden // self._shape.heads
        shared = self._shape.heads // self._shape.key_heads

        def split(name: str) -> np.ndarray:
            y = x @ self[name].T  # to (texts, heads, length, width)
            return y.reshape(texts, len(x) // texts, -1, width).transpose(0, 2, 1, 3)

        queries = _turned(split("attn_q"), turns) * np.float32(1 / math.sqrt(width))
        keys = np.repeat(_turned(split("attn_k"), turns), shared, axis=1)
        values = np.repeat(split("attn_v"), shared, axis=1)
        scores = queries @ keys.transpose(0, 1, 3, 2)
        later = np.triu(np.ones(scores.shape[-2:], dtype=bool), k=1)
        scores[..., later] = -np.inf
        scores -= scores.max(axis=-1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ values).transpose(0, 2, 1, 3).reshape(len(x), -1)
        return mixed @ self["attn_output"].T

    def feed_forward(self, x: np.ndarray) -> np.ndarray:
        gate = x @ self["ffn_gate"].T
        with np.errstate(over="ignore"):  # exp(−gate) = ∞ gives the right limit, 0
            gate /= 1 + np.exp(-gate)
        gate *= x @ self["ffn_up"].T
        return gate @ self["ffn_down"].T


def _normalized(x: np.ndarray, weight: np.ndarray, epsilon: float) -> np.ndarray:
    mean_square = np.einsum("ij,ij->i", x, x)[:, None] / x.shape[-1]
    y: np.ndarray = x / np.sqrt(mean_square + np.float32(epsilon))
    y *= weight
    return y


def _turns(length: int, shape: LlamaShape) -> tuple[np.ndarray, np.ndarray]:
    """Cosine and sine of position·base^(−2i/width), (length, width ÷ 2); angles in float64."""
    width = shape.hidden // shape.heads
    angles = np.arange(length)[:, None] * shape.rotary_base ** (-np.arange(0, width, 2) / width)
    return np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)


def _turned(x: np.ndarray, turns: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Each pair (2i, 2i + 1) of the last axis as a point of the plane, turned by its position's angle."""
    cosine, sine = turns
    even, odd = x[..., 0::2], x[..., 1::2]
    y = np.empty(x.shape, dtype=np.float32)
    np.subtract(even * cosine, odd * sine, out=y[..., 0::2])
    np.add(even * sine, odd * cosine, out=y[..., 1::2])
    return y
