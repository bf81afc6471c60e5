"""Traces and largest eigenvalues of each layer's block of the Hessian, by halfulp.sharpness."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch_encoder
from damage import quantized
from halfulp.sharpness import Operator, layer_traces, top_eigenvalues, torch_hvp
from halfulp.tasks import Encoder
from keeping import Rows
from predictors import kind_of
from texts import Tokenized


def drift_traces(encoder: Encoder, tokens: Tokenized, config: dict[str, Any]) -> Rows:
    """One product of the whole Hessian is a sample for every layer at once."""
    model = torch_encoder.TorchEncoder(encoder, torch_encoder.linear_names(encoder.weights))
    originals = encoder.embed(tokens.all)
    operator = torch_hvp(lambda: torch_encoder.drift_loss(model, tokens.all, originals), model.weights)
    return _rows(operator, config["traces"]["probes"], config["seed"])


def contrast_traces(encoder: Encoder, tokens: Tokenized, kind: str, config: dict[str, Any]) -> Rows:
    """The layers of one kind together, the others left out: what a sample of one block holds beside its trace comes
    from the blocks beside it, and those of other kinds are up to a hundred times as large."""
    names = [n for n in torch_encoder.linear_names(encoder.weights) if kind_of(n) == kind]
    model = torch_encoder.TorchEncoder(encoder, names)
    about = config["traces"]
    operator = torch_hvp(
        lambda: torch_encoder.contrast_loss(model, tokens.queries, tokens.documents, about["temperature"]),
        model.weights,
    )
    return _rows(operator, about["contrast_probes"], config["seed"])


def _rows(operator: Operator, probes: int, seed: int) -> Rows:
    with OneTorchThread():
        found = layer_traces(operator, probes=probes, seed=seed)
    return [
        {"matrix": name, "trace": one.value, "standard_error": one.standard_error, "probes": one.probes}
        for name, one in found.items()
    ]


def first_orders(encoder: Encoder, parts: dict[str, Tokenized], schemes: list[str], temperature: float) -> Rows:
    """gᵀ ΔW of each layer and scheme, g the gradient of the contrastive loss on each part's texts."""
    names = torch_encoder.linear_names(encoder.weights)
    gradients = {}
    for label, tokens in parts.items():
        model = torch_encoder.TorchEncoder(encoder, names)
        with OneTorchThread():
            loss = torch_encoder.contrast_loss(model, tokens.queries, tokens.documents, temperature)
            found = torch.autograd.grad(loss, list(model.weights.values()))
        gradients[label] = dict(zip(names, (g.numpy() for g in found), strict=True))
    rows = []
    for scheme in schemes:
        for name in names:
            lost = quantized(encoder.weights[name], scheme) - encoder.weights[name]
            rows.append(
                {"matrix": name, "scheme": scheme, **{k: float(np.vdot(g[name], lost)) for k, g in gradients.items()}}
            )
    return rows


def top_eigenvalue(encoder: Encoder, tokens: Tokenized, name: str, config: dict[str, Any]) -> Rows:
    """Of one layer's block, for the drift of the first texts: HAWQ-V1's measure."""
    about = config["traces"]
    chosen = [*tokens.documents, *tokens.sentences][: about["eigenvalue_texts"]]
    originals = encoder.embed(chosen)
    model = torch_encoder.TorchEncoder(encoder, [name])
    operator = torch_hvp(lambda: torch_encoder.drift_loss(model, chosen, originals), model.weights)
    with OneTorchThread():
        found = top_eigenvalues(
            operator,
            steps=about["eigenvalue_steps"],
            tolerance=about["eigenvalue_tolerance"],
            seed=config["seed"],
            verify=False,
        )
    return [
        {
            "matrix": name,
            "eigenvalue": float(found.values[0]),
            "residual": float(found.residuals[0]),
            "products": found.products,
        }
    ]


class OneTorchThread:
    """Products of these sizes gain little from more, and beside other work they lose much."""

    def __enter__(self) -> None:
        self._before = torch.get_num_threads()
        torch.set_num_threads(1)

    def __exit__(self, *_: object) -> None:
        torch.set_num_threads(self._before)
