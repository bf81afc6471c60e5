"""What the law of floating-point training says of formats: how many tokens are too many, how bits are best divided
between exponent and mantissa, how many bits are worth their cost (arXiv 2501.02423).

L = n/N^alpha + d/D^beta + eps + (D^beta/N^alpha) · log2(B) / (gamma (E + 1/2)^delta (M + 1/2)^nu), with E exponent and
M mantissa bits and B elements that share a scale. A format has P = 1 + E + M bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._runs import integer, real
from halfulp.scaling._given import given, needed, positive, together
from halfulp.scaling._search import least

if TYPE_CHECKING:
    from halfulp.scaling.laws import Law

_LAW = "fp_quantization"
_NAMES = ("n", "alpha", "d", "beta", "eps", "gamma", "delta", "nu")


@dataclass(frozen=True)
class Split:
    """A sign and so many bits of each kind."""

    bits: float
    exponent_bits: float
    mantissa_bits: float

    @property
    def name(self) -> str:
        """As "E4M3"; bits that are not whole have two decimals."""
        e, m = (
            f"{bits:.0f}" if bits == round(bits) else f"{bits:.2f}" for bits in (self.exponent_bits, self.mantissa_bits)
        )
        return f"E{e}M{m}"


@dataclass(frozen=True)
class Precision:
    """Bits of least loss, with the split of them and the point of N and D that they belong to (N is NaN where D alone
    was given: the bits are the same for every budget)."""

    bits: float
    split: Split
    N: float
    D: float
    loss: float


def critical_data_size(
    fit: Any, N: Any, exponent_bits: Any, mantissa_bits: Any, block_size: Any, *, law: Law | str | None = None
) -> Any:
    """Tokens beyond which more training makes the loss of a quantized model worse.

    D_crit = (d gamma N^alpha (E + 1/2)^delta (M + 1/2)^nu / log2 B)^(1/(2 beta)), where the law's derivative by D is
    zero. fit: a Fit of "fp_quantization", or its parameters. N: parameters. block_size: elements that share a scale,
    above 1; 2 ** 13.1567 for a scale per channel, by the paper. All broadcast. Returns a float, or an array.
    """
    p = _params(fit, law)
    size, block = positive("N", N), positive("block_size", block_size)
    e, m = _bits("exponent_bits", exponent_bits), _bits("mantissa_bits", mantissa_bits)
    if np.any(np.asarray(block) <= 1):
        raise ValueError(f"block_size is {np.min(block):g}, allowed: above 1 (alone, an element has no error here)")
    together(N=size, exponent_bits=e, mantissa_bits=m, block_size=block)
    with np.errstate(over="ignore"):  # with thousands of bits no number of tokens is too large
        quality = p["gamma"] * (e + 0.5) ** p["delta"] * (m + 0.5) ** p["nu"]
        out = (p["d"] * size ** p["alpha"] * quality / np.log2(block)) ** (1 / (2 * p["beta"]))
    return float(out) if np.ndim(out) == 0 else out


def best_split(fit: Any, bits: Any, *, integers: bool = False, law: Law | str | None = None) -> Split:
    """How P = 1 + E + M bits are divided for the least loss, whatever N, D and B are.

    Real numbers: E = delta P/(delta + nu) − 1/2 and M = nu P/(delta + nu) − 1/2, neither below 0. integers: the best
    whole E and M (bits is an integer then); of equals the one with more exponent bits. bits: 1 to 64.
    """
    p = _params(fit, law)
    if not isinstance(integers, (bool, np.bool_)):
        raise TypeError(f"integers is {integers!r}, allowed: True or False")
    if integers:
        whole = integer("bits", bits, 1, 64)
        exponents = np.arange(whole - 1, -1, -1)
        logs = p["delta"] * np.log(exponents + 0.5) + p["nu"] * np.log(whole - 1 - exponents + 0.5)
        e = int(exponents[np.argmax(logs)])
        return Split(whole, e, whole - 1 - e)
    width = real("bits", bits, 1, 64)
    share = p["delta"] / (p["delta"] + p["nu"])
    exponent = min(max(share * width - 0.5, 0.0), width - 1)
    return Split(width, exponent, width - 1 - exponent)


def best_precision(
    fit: Any,
    *,
    block_size: float,
    D: float | None = None,
    C: float | None = None,
    cost_per_bit: float = 6 / 16,
    law: Law | str | None = None,
) -> Precision:
    """Bits per number of least loss where compute is k N P D: narrower numbers leave room for more parameters.

    D: tokens that stand fast, at any budget: P^(delta+nu) = (delta + nu − alpha) D^beta log2 B / (alpha n gamma'), with
    gamma' = gamma delta^delta nu^nu / (delta+nu)^(delta+nu), and bits divided as ``best_split`` does. C: the budget
    instead, with N, D and P all free; the search is along D. cost_per_bit: k; 6/16 makes C the usual 6 N D at 16 bits.
    Where both are given, N and the loss are those of the budget at this D. Bits are real numbers and may come out below
    1 or above 64.
    """
    p = _params(fit, law)
    total = p["delta"] + p["nu"]
    if not p["alpha"] < total:
        raise ValueError(
            f"params['alpha'] is {p['alpha']:g}, allowed: below delta + nu = {total:g}; else few bits are always best"
        )
    if D is None and C is None:
        raise ValueError("D and C are both None, allowed: tokens D, a budget C, or both")
    block = real("block_size", block_size, 1, above=True)  # alone, an element has no error here
    k = real("cost_per_bit", cost_per_bit, 0, above=True)
    budget = None if C is None else real("C", C, 0, above=True)
    if D is None:
        assert budget is not None
        place, inside = least(lambda logs: _at(p, block, k, budget, np.exp(logs))[1], 0.0, np.log(budget / k))
        if not inside:
            raise ValueError(
                f"C is {budget:g}, too little for the law: its least loss is at an end, D = {np.exp(place):g}, "
                "allowed: a larger budget"
            )
        tokens = float(np.exp(place))
    else:
        tokens = real("D", D, 0, above=True)
    bits = float(_bits_at(p, block, np.array(tokens)))
    share = p["delta"] / (p["delta"] + p["nu"])
    split = Split(bits, share * bits - 0.5, (1 - share) * bits - 0.5)
    if budget is None:
        return Precision(bits, split, np.nan, tokens, np.nan)
    size, loss = _at(p, block, k, budget, np.array(tokens))
    return Precision(bits, split, float(size), tokens, float(loss))


def _bits_at(p: dict[str, float], block: float, tokens: np.ndarray) -> np.ndarray:
    total = p["delta"] + p["nu"]
    noise = tokens ** p["beta"] * np.log2(block) / _gamma(p)
    return ((total - p["alpha"]) * noise / (p["alpha"] * p["n"])) ** (1 / total)


def _at(
    p: dict[str, float], block: float, k: float, budget: float, tokens: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """N and loss at the best bits for so many tokens."""
    with np.errstate(over="ignore", divide="ignore"):  # far out a loss is infinite
        bits = _bits_at(p, block, tokens)
        size = budget / (k * tokens * bits)
        noise = tokens ** p["beta"] * np.log2(block) / (_gamma(p) * bits ** (p["delta"] + p["nu"]))
        return size, (p["n"] + noise) / size ** p["alpha"] + p["d"] / tokens ** p["beta"] + p["eps"]


def _gamma(p: dict[str, float]) -> float:
    """gamma with bits divided at their best: the factor before P^(delta+nu)."""
    delta, nu = p["delta"], p["nu"]
    return p["gamma"] * delta**delta * nu**nu / (delta + nu) ** (delta + nu)


def _params(fit: Any, law: Law | str | None) -> dict[str, float]:
    known, params = given(fit, law, _LAW)
    if known.name != _LAW:
        raise ValueError(f"law is {known.name}, allowed: {_LAW}")
    values = needed(params, _NAMES, f"the law {_LAW}")
    for name, value in zip(_NAMES, values, strict=True):
        if name != "eps" and not np.all(np.asarray(value) > 0):
            raise ValueError(f"params[{name!r}] is {value}, allowed: above 0")
        if np.ndim(value):
            raise ValueError(f"params[{name!r}] has {len(value)} numbers, allowed: one")
    return dict(zip(_NAMES, values, strict=True))


def _bits(name: str, values: Any) -> Any:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} is {values!r}, allowed: numbers, 0 or more")
    if array.size == 0:
        raise ValueError(f"{name} is empty, allowed: one number or more")
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        raise ValueError(f"{name} is {array[wrong].flat[0]}, allowed: finite numbers, 0 or more")
    return array.astype(np.float64)
