"""Traces, diagonals and per-layer traces by random probes, with standard errors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from halfulp._linear_algebra import matrices
from halfulp._runs import choice, integer, real
from halfulp.sharpness._checks import MOST, optional_error
from halfulp.sharpness._operator import Operator, Products, as_operator

METHODS = ("hutchinson", "hutch++", "xtrace")
DISTRIBUTIONS = ("rademacher", "normal", "sphere")

# Probes without a request, the most with one, and vectors of Hutch++'s sketch unless `probes` or `sketch` says.
_PROBES, _MOST_PROBES, _SKETCH = 32, 1000, 32


@dataclass(frozen=True, eq=False)
class TraceEstimate:
    """An estimated trace. ``float(estimate)`` is its value.

    value: the estimate. standard_error: of it, from the spread of the samples; nan with a single sample. method,
    distribution, seed: what was asked for. products: matrix-vector products used. probes: random vectors that gave a
    sample. size: rows of the matrix. converged: was the requested error reached? None where none was requested.
    reason: why it stopped, as a sentence. exact: the part of the value that is no estimate (Hutch++). samples: float64;
    value is exact plus their mean.
    """

    value: float
    standard_error: float
    method: str
    distribution: str
    seed: int
    products: int
    probes: int
    size: int
    converged: bool | None
    reason: str
    exact: float
    samples: np.ndarray

    def __float__(self) -> float:
        return self.value

    @property
    def mean(self) -> float:
        """value / size, the mean eigenvalue: HAWQ-V2's average trace."""
        return self.value / self.size

    def interval(self, level: float = 0.95) -> tuple[float, float]:
        """value ∓ the normal quantile times the standard error. level: between 0 and 1."""
        share = real("level", level, 0.0, 1.0, above=True)
        if share == 1:
            raise ValueError("level is 1.0, allowed: below 1")
        reach = NormalDist().inv_cdf((1 + share) / 2) * self.standard_error
        return self.value - reach, self.value + reach


def trace(
    operator: Any,
    size: int | None = None,
    *,
    method: str = "hutchinson",
    probes: int | None = None,
    distribution: str = "rademacher",
    standard_error: float | None = None,
    relative: float | None = None,
    seed: int = 0,
    sketch: int | None = None,
    least: int = 8,
) -> TraceEstimate:
    """The trace of a matrix that is known by its products.

    operator: a function that takes a float64 vector (size,) and returns the product; or a square array, a SciPy sparse
    matrix or LinearOperator, or an :class:`Operator`. size: of a function's vectors. The matrix need not be symmetric.

    method: "hutchinson" (1989), one product a probe; "hutch++" (arXiv 2010.09649): exact on the range of `sketch`
    products and Hutchinson on the rest, 2 · sketch products and one a probe; "xtrace" (arXiv 2301.07825): every probe
    is a sample for the range of all others, two products a probe. The last two are exact, to rounding, for a rank of
    at most sketch, or below probes.

    probes: at most so many; None: 32, or 1000 where an error is requested (xtrace: never above size). distribution:
    "rademacher", "normal", or "sphere" (normal, scaled to length √size; with xtrace the paper's own choice). sketch:
    None: as many as probes where those are given, else 32; at most size. seed: 0 to 2^64 - 1; probe i is a pure
    function of seed and i.

    standard_error, relative: stop as soon as the standard error is at most the one, or at most the other times the
    magnitude of the value, whichever is larger, and at least `least` samples are there (xtrace looks at 8, 16, 32 …
    probes). The standard error of xtrace is the paper's, of samples that are not quite independent.

    Raises ValueError for wrong values, and for a product of the wrong shape or with a NaN or an infinity: the message
    names its number. Whatever the function itself raises comes through.
    """
    a = as_operator(operator, size)
    choice("method", method, METHODS)
    choice("distribution", distribution, DISTRIBUTIONS)
    absolute, part = optional_error("standard_error", standard_error), optional_error("relative", relative)
    fewest = integer("least", least, 2, MOST)
    asked = absolute is not None or part is not None
    most = a.size if method == "xtrace" else MOST
    if method == "xtrace" and a.size < 2:
        raise ValueError("the operator has size 1, allowed with method 'xtrace': 2 or more")
    count = min(_MOST_PROBES if asked else _PROBES, most)
    if probes is not None:
        count = integer("probes", probes, 2 if method == "xtrace" else 1, most)
    if method != "hutch++" and sketch is not None:
        raise ValueError(f"sketch is {sketch!r}, allowed with method {method!r}: None")
    vectors = min(_SKETCH if probes is None else count, a.size)
    if sketch is not None:
        vectors = integer("sketch", sketch, 1, a.size)
    found = matrices().estimate_trace(
        Products(a),
        a.size,
        method,
        vectors,
        distribution,
        integer("seed", seed, 0, 2**64 - 1),
        count,
        absolute,
        part,
        fewest,
    )
    return _estimate(found, method, distribution, seed, a.size, asked)


def _estimate(
    found: dict[str, Any], method: str, distribution: str, seed: int, size: int, asked: bool
) -> TraceEstimate:
    return TraceEstimate(
        value=found["value"],
        standard_error=found["standard_error"],
        method=method,
        distribution=distribution,
        seed=int(seed),
        products=found["products"],
        probes=len(found["samples"]),
        size=size,
        converged=bool(found["met"]) if asked else None,
        reason=_reason(found["met"], asked, len(found["samples"]), found["standard_error"]),
        exact=found["exact"],
        samples=found["samples"],
    )


def _reason(met: bool, asked: bool, probes: int, error: float) -> str:
    if met:
        return f"the requested error is reached after {probes} probes"
    if asked:
        return f"all {probes} probes are used and the standard error is still {error:.3g}"
    return f"all {probes} probes are used; no error was requested"


@dataclass(frozen=True, eq=False)
class DiagonalEstimate:
    """An estimated diagonal. value, standard_error: float64 (size,); products, probes, converged, reason as of
    :class:`TraceEstimate`."""

    value: np.ndarray
    standard_error: np.ndarray
    products: int
    probes: int
    converged: bool | None
    reason: str
    method: str = "hutchinson"


def diagonal(
    operator: Any,
    size: int | None = None,
    *,
    probes: int | None = None,
    standard_error: float | None = None,
    relative: float | None = None,
    seed: int = 0,
    least: int = 8,
) -> DiagonalEstimate:
    """The diagonal of a matrix that is known by its products: the mean of z ∘ A z over Rademacher probes (Bekas,
    Kokiopoulou and Saad 2007). Element i of a sample has variance Σ_{j≠i} aᵢⱼ².

    Arguments as of :func:`trace`; the errors requested are of the root mean square over the elements.
    """
    a = as_operator(operator, size)
    absolute, part = optional_error("standard_error", standard_error), optional_error("relative", relative)
    asked = absolute is not None or part is not None
    count = (_MOST_PROBES if asked else _PROBES) if probes is None else integer("probes", probes, 1, MOST)
    found = matrices().estimate_diagonal(
        Products(a),
        a.size,
        integer("seed", seed, 0, 2**64 - 1),
        count,
        absolute,
        part,
        integer("least", least, 2, MOST),
    )
    errors = found["standard_error"]
    largest = float(np.abs(errors).max())
    error = largest * math.sqrt(float(np.mean((errors / largest) ** 2))) if 0 < largest < math.inf else largest
    return DiagonalEstimate(
        value=found["value"],
        standard_error=found["standard_error"],
        products=found["products"],
        probes=found["products"],
        converged=bool(found["met"]) if asked else None,
        reason=_reason(found["met"], asked, found["products"], error),
    )


def layer_traces(
    operators: Mapping[str, Any] | Any,
    size: int | None = None,
    *,
    blocks: Mapping[str, int] | None = None,
    method: str = "hutchinson",
    probes: int | None = None,
    distribution: str = "rademacher",
    standard_error: float | None = None,
    relative: float | None = None,
    seed: int = 0,
) -> dict[str, TraceEstimate]:
    """Traces of the diagonal blocks of a Hessian, one for each layer, by name.

    operators: a mapping of each layer's name to the operator of its own block (``torch_layers`` makes one), each with
    probes of its own (layer i has those of seed + i): its samples have the variance of the block alone, and its
    products are of that size. Or one operator of the whole matrix: one product then gives a sample for every block,
    z_b · (A z)_b, whose variance holds what the block's rows have outside it; blocks: names and lengths, in order,
    adding up to its size; None: the operator's own, as ``torch_hvp`` knows them. That way has method "hutchinson"
    alone, and stops when every block has the error requested.

    The other arguments are those of :func:`trace`.
    """
    if isinstance(operators, Mapping):
        if blocks is not None or size is not None:
            raise ValueError("blocks and size are for one operator of the whole, allowed beside a mapping: None")
        if not operators:
            raise ValueError("operators is empty, allowed: at least one layer")
        if len({str(name) for name in operators}) < len(operators):
            raise ValueError(f"operators has names that are alike as texts, {list(operators)}, allowed: that differ")
        return {
            str(name): trace(
                part,
                method=method,
                probes=probes,
                distribution=distribution,
                standard_error=standard_error,
                relative=relative,
                seed=(integer("seed", seed, 0, 2**64 - 1) + place) % 2**64,
            )
            for place, (name, part) in enumerate(operators.items())
        }
    a = as_operator(operators, size)
    if method != "hutchinson":
        raise ValueError(f"method is {method!r}, allowed for one operator of all layers: 'hutchinson'")
    lengths = _block_lengths(a, blocks)
    choice("distribution", distribution, DISTRIBUTIONS)
    absolute, part = optional_error("standard_error", standard_error), optional_error("relative", relative)
    asked = absolute is not None or part is not None
    count = (_MOST_PROBES if asked else _PROBES) if probes is None else integer("probes", probes, 1, MOST)
    starts = [0, *np.cumsum(list(lengths.values())).tolist()]
    number = integer("seed", seed, 0, 2**64 - 1)
    found = matrices().estimate_block_traces(Products(a), starts, distribution, number, count, absolute, part, 8)
    return {
        name: _estimate(one, "hutchinson", distribution, number, length, asked)
        for (name, length), one in zip(lengths.items(), found, strict=True)
    }


def _block_lengths(a: Operator, blocks: Mapping[str, int] | None) -> dict[str, int]:
    if blocks is not None and not isinstance(blocks, Mapping):
        raise TypeError(f"blocks is {blocks!r}, allowed: a mapping of names to lengths")
    given = a.blocks if blocks is None else tuple(blocks.items())
    if not given:
        raise ValueError("blocks is None and the operator names none, allowed: a mapping of names to lengths")
    lengths = {str(name): integer(f"blocks[{name!r}]", length, 1, a.size) for name, length in given}
    if len(lengths) < len(given):
        raise ValueError(f"blocks has names that are alike, {[n for n, _ in given]}, allowed: names that differ")
    if sum(lengths.values()) != a.size:
        raise ValueError(f"blocks add up to {sum(lengths.values())}, allowed: {a.size}, the size of the operator")
    return lengths


def asymmetry(operator: Any, size: int | None = None, *, pairs: int = 2, seed: int = 0) -> float:
    """How far a matrix is from symmetric: on `pairs` pairs of normal probes u, v the largest magnitude of
    u·Av - v·Au over ‖u‖ ‖Av‖ + ‖v‖ ‖Au‖, from 0 to 1. Two products a pair. Rounding leaves a small multiple of the
    products' own ε; Hessian-vector products with random layers (dropout), or of a loss that draws other data each
    time, leave much more."""
    a = as_operator(operator, size)
    return float(
        matrices().asymmetry(
            Products(a), a.size, integer("pairs", pairs, 1, 2**20), integer("seed", seed, 0, 2**64 - 1)
        )
    )
