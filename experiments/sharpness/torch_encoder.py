"""The sentence encoder once more, in torch, for second derivatives: the same arrays, the same sums, float32.

Two losses of the linear layers' weights. Drift: the mean of 1 - cosine of texts' vectors to what the stored weights
give, which for vectors of length 1 is half the squared distance. The stored weights are its minimum, and its Hessian
there is JᵀJ, exactly and never negative. Contrast: the mean cross-entropy of finding each query's document among the
documents of all queries, by cosines over a temperature, as such encoders are trained (arXiv 1908.10084, 1807.03748).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from halfulp.tasks import Encoder
from halfulp.tasks.bert import read_shape
from halfulp.tasks.embedding import batches

Tensor = torch.Tensor


class TorchEncoder:
    """vectors() of tokens as halfulp.tasks.Encoder has them; `weights` are the linear layers' matrices by name, which
    require grad, all other arrays are constants."""

    def __init__(self, encoder: Encoder, names: Sequence[str]) -> None:
        self._shape = read_shape(encoder.path.parent / "config.json")
        self._arrays = {name: torch.tensor(array) for name, array in encoder.weights.items()}
        self.weights = {name: self._arrays[name].requires_grad_() for name in names}

    def vectors(self, tokens: Sequence[np.ndarray]) -> Tensor:
        """One vector of length 1 for each text, in order."""
        found: list[Any] = [None] * len(tokens)
        for places in batches([len(one) for one in tokens]):
            together = self._run(torch.from_numpy(np.stack([tokens[place] for place in places])))
            means = together.mean(dim=1)
            for place, vector in zip(places, means / means.norm(dim=1, keepdim=True), strict=True):
                found[place] = vector
        return torch.stack(found)

    def _run(self, tokens: Tensor) -> Tensor:
        places = self._arrays["embeddings.position_embeddings.weight"][: tokens.shape[1]]
        kinds = self._arrays["embeddings.token_type_embeddings.weight"][0]
        x = self._norm("embeddings", self._arrays["embeddings.word_embeddings.weight"][tokens] + places + kinds)
        for layer in range(self._shape.layers):
            at = f"encoder.layer.{layer}"
            x = self._norm(f"{at}.attention.output", x + self._attention(f"{at}.attention", x))
            inner = torch.nn.functional.gelu(self._linear(f"{at}.intermediate.dense", x))
            x = self._norm(f"{at}.output", x + self._linear(f"{at}.output.dense", inner))
        return x

    def _attention(self, at: str, x: Tensor) -> Tensor:
        texts, length, hidden = x.shape
        heads = self._shape.heads

        def split(part: str) -> Tensor:
            y = self._linear(f"{at}.self.{part}", x)
            return y.reshape(texts, length, heads, -1).transpose(1, 2)

        scores = split("query") @ split("key").transpose(2, 3) / math.sqrt(hidden // heads)
        mixed = (scores.softmax(dim=-1) @ split("value")).transpose(1, 2).reshape(texts, length, hidden)
        return self._linear(f"{at}.output.dense", mixed)

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return x @ self._arrays[f"{name}.weight"].T + self._arrays[f"{name}.bias"]

    def _norm(self, name: str, x: Tensor) -> Tensor:
        weight, bias = (self._arrays[f"{name}.LayerNorm.{kind}"] for kind in ("weight", "bias"))
        return torch.nn.functional.layer_norm(x, x.shape[-1:], weight, bias, self._shape.epsilon)


def drift_loss(model: TorchEncoder, tokens: Sequence[np.ndarray], originals: np.ndarray) -> Tensor:
    distance = model.vectors(tokens) - torch.from_numpy(originals)
    return (distance * distance).sum() / (2 * len(tokens))


def contrast_loss(
    model: TorchEncoder, queries: Sequence[np.ndarray], documents: Sequence[np.ndarray], temperature: float
) -> Tensor:
    """documents[i] is that of queries[i]."""
    both = model.vectors([*queries, *documents])
    similarity = both[: len(queries)] @ both[len(queries) :].T / temperature
    return torch.nn.functional.cross_entropy(similarity, torch.arange(len(queries)))


def contrast_of(queries: np.ndarray, documents: np.ndarray, temperature: float) -> np.ndarray:
    """The same of vectors that are there already, for each query, float64."""
    similarity = queries.astype(np.float64) @ documents.astype(np.float64).T / temperature
    top = similarity.max(axis=1)
    return np.log(np.exp(similarity - top[:, None]).sum(axis=1)) + top - np.diagonal(similarity)


def linear_names(weights: Mapping[str, np.ndarray]) -> list[str]:
    """The matrices of linear layers, in the model's order."""
    return [n for n, a in weights.items() if a.ndim == 2 and n.startswith("encoder.") and n.endswith(".weight")]
