"""Tails of weights and of inputs of linear layers before and after a Hadamard rotation along the inputs, and what a
scheme leaves of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import halfulp as hu
import numpy as np
from halfulp.sharpness import osp_kurtosis, rotated
from halfulp.tasks import Encoder
from halfulp.tasks.gguf_model import GgufModel
from halfulp.tasks.llama import Llama
from keeping import Rows


def row(x: np.ndarray, schemes: list[str], **about: Any) -> dict[str, Any]:
    """x (rows, inputs): outputs of a weight, or tokens. Errors are relative: ‖x - x̂‖² / ‖x‖²."""
    found = rotated(x, axis=-1)
    out = {
        **about,
        "rows": x.shape[0],
        "inputs": x.shape[1],
        "block": found.block,
        "kurtosis": found.before.kurtosis,
        "kurtosis_rotated": found.after.kurtosis,
        "osp_kurtosis": osp_kurtosis(x),
        "osp_kurtosis_rotated": osp_kurtosis(found.values),
        "largest": found.before.max_over_rms,
        "largest_rotated": found.after.max_over_rms,
    }
    for scheme in schemes:
        out[f"error {scheme}"] = _error(x, scheme)
        out[f"error {scheme} rotated"] = _error(found.values, scheme)
    return out


def _error(x: np.ndarray, scheme: str) -> float:
    wide = np.asarray(x, dtype=np.float64)
    lost = wide - hu.fake_quantize(wide, scheme, threads=1)
    return float(np.vdot(lost, lost) / np.vdot(wide, wide))


def of_encoder(encoder: Encoder, texts: list[str], names: Iterable[str], schemes: list[str]) -> Rows:
    rows = [row(encoder.weights[n], schemes, model="encoder", what="weight", name=n) for n in names]
    seen: dict[tuple[str, ...], list[np.ndarray]] = {}
    encoder.observe(texts, lambda layer, x: seen.setdefault(layer, []).append(x.copy()))
    for layer, parts in seen.items():
        rows.append(row(np.concatenate(parts), schemes, model="encoder", what="input", name=layer[0]))
    return rows


def of_decoder(model: GgufModel, tokens: np.ndarray, schemes: list[str]) -> Rows:
    """Matrices of the blocks; inputs are recorded as products are formed."""
    matrices = {n: a for n, a in model.weights.items() if n.startswith("blk.") and a.ndim == 2}
    rows = [row(a, schemes, model="decoder", what="weight", name=n) for n, a in matrices.items()]
    seen: dict[str, list[np.ndarray]] = {}
    watched = {n: Watched.of(a, n, seen) if n in matrices else a for n, a in model.weights.items()}
    llama = Llama(watched, model.shape)
    for window in tokens:
        llama(window[None])
    done: dict[int, str] = {}
    for name, parts in seen.items():
        x = np.concatenate(parts)
        # Queries, keys and values have one input, and so have gate and up.
        if done.setdefault(hash(x.tobytes()), name) == name:
            rows.append(row(x, schemes, model="decoder", what="input", name=name))
    return rows


class Watched(np.ndarray):
    """A weight that keeps a copy of everything it is multiplied with, x @ weight.T."""

    _name: str | None
    _seen: dict[str, list[np.ndarray]]

    @classmethod
    def of(cls, array: np.ndarray, name: str, seen: dict[str, list[np.ndarray]]) -> Watched:
        out = array.view(cls)
        out._name, out._seen = name, seen
        return out

    def __array_finalize__(self, other: Any) -> None:
        self._name = getattr(other, "_name", None)
        self._seen = getattr(other, "_seen", {})

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        if ufunc is np.matmul and method == "__call__" and isinstance(inputs[1], Watched) and inputs[1]._name:
            inputs[1]._seen.setdefault(inputs[1]._name, []).append(np.array(inputs[0]))
        plain = [x.view(np.ndarray) if isinstance(x, Watched) else x for x in inputs]
        return getattr(ufunc, method)(*plain, **options)
