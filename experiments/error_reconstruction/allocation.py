"""A scheme, a method and a rank for every layer, by the exact solver, from the table of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas
from halfulp import allocate

from methods import BIAS, BIAS_EXACT, NONE


@dataclass(frozen=True)
class Kind:
    """methods: which may be chosen (None: every one). cost: the column whose sum over layers is to be least; by_drift:
    each layer's times its sensitivity, so that the sum is the drift to be expected."""

    name: str
    methods: tuple[str, ...] | None
    cost: str
    by_drift: bool


KINDS = (
    Kind("codes and rank, by weight error", (NONE, "zeroquant_v2"), "weight_error", False),
    Kind("codes and rank, by output error", (NONE, "qera_exact"), "output_error", False),
    Kind("codes alone, by drift", (NONE,), "output_error", True),
    Kind("codes and rank, by drift", (NONE, "qera_exact"), "output_error", True),
    Kind("every method, by drift", None, "output_error", True),
)


@dataclass(frozen=True, eq=False)
class Problem:
    """rows: a table of choices for each layer; weights: what each layer's costs are multiplied by."""

    kind: Kind
    rows: list[pandas.DataFrame]
    weights: list[float]
    elements: int

    @property
    def costs(self) -> list[np.ndarray]:
        return [w * of[self.kind.cost].to_numpy() for w, of in zip(self.weights, self.rows, strict=True)]

    @property
    def sizes(self) -> list[np.ndarray]:
        return [of["bits"].to_numpy(dtype=np.float64) for of in self.rows]


def problem(errors: pandas.DataFrame, sensitivities: pandas.Series, kind: Kind) -> Problem:
    """sensitivities: by matrix."""
    wanted = errors[~errors["method"].isin([BIAS, BIAS_EXACT])]  # a bias is for every layer or for none: see README.md
    if kind.methods is not None:
        wanted = wanted[wanted["method"].isin(kind.methods)]
    by_name = dict(list(wanted.groupby("matrix", sort=False)))
    rows = [by_name[name].reset_index(drop=True) for name in sensitivities.index]
    weights = [float(w) if kind.by_drift else 1.0 for w in sensitivities]
    return Problem(kind, rows, weights, int(sum(of["elements"].iloc[0] for of in rows)))


def within(of: Problem, bits_per_weight: float) -> tuple[pandas.DataFrame, dict[str, Any]]:
    """The best choices within so many bits a weight, proved: a row for each layer, and what they come to."""
    found = allocate.choose(of.costs, of.sizes, bits_per_weight * of.elements)
    picked = pandas.concat(
        [rows.iloc[[choice]] for rows, choice in zip(of.rows, found.choices, strict=True)], ignore_index=True
    )
    return picked, {
        "allocation": of.kind.name,
        "budget": bits_per_weight,
        "bits_per_weight": found.size / of.elements,
        "cost": found.cost,
        "optimal": found.optimal,
        "corrected": int((picked["rank"] > 0).sum()),
        "mean_rank": picked["rank"].mean(),
        "schemes": picked["scheme"].nunique(),
        "methods": " ".join(f"{n}×{name}" for name, n in picked["method"].value_counts().items()),
        **means(picked),
    }


def means(picked: pandas.DataFrame) -> dict[str, float]:
    """Errors as means over layers: in dB, and output errors also as they are."""
    columns = ("weight_error", "output_error", "held_out_error")
    return {f"{name[:-6]}_db": float(10 * np.log10(picked[name]).mean()) for name in columns} | {
        f"{name}_mean": float(picked[name].mean()) for name in columns
    }


def front(of: Problem) -> pandas.DataFrame:
    """The corners of the front of size and cost; each point also as its layers' errors on average."""
    found = allocate.front(of.costs, of.sizes, supported=True)
    rows = []
    for size, choices in zip(found.sizes, found, strict=True):
        picked = pandas.concat([rows.iloc[[c]] for rows, c in zip(of.rows, choices, strict=True)])
        rows.append({"allocation": of.kind.name, "bits_per_weight": size / of.elements, **means(picked)})
    return pandas.DataFrame(rows)


def filled(eigenvalues: np.ndarray, bits: float) -> float:
    """Of the output's squared norm, what any code of so many bits for each weight leaves at least where weights are
    Gaussian, independent and alike: reverse water-filling over the inputs' principal axes."""
    return allocate.water_filling(eigenvalues, bits).total / float(eigenvalues.sum())
