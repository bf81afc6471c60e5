"""What low precision leaves of a model's parameters: N_eff in the laws that have one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._runs import real
from halfulp.scaling._given import given, label, needed, positive, replicates, together

if TYPE_CHECKING:
    from halfulp.scaling.laws import Law

Terms = tuple[tuple[float, float], tuple[float, float]]

# The parts of the precision laws: column, gamma, shift.
_PARTS = (("P_w", "gamma_w", "n_w"), ("P_a", "gamma_a", "n_a"), ("P_kv", "gamma_kv", "n_kv"))


def effective_parameters(fit: Any, N: Any = 1.0, *, law: Law | str | None = None, **columns: Any) -> Any:
    """N_eff: the parameters of an unquantized model with the same term A/N^alpha. With N = 1, the part that is left.

    fit: a Fit, or a dict of parameters with `law` (default "precision"). N: parameters, a number or an array. columns:
    those of the law that N_eff depends on, numbers or arrays that broadcast with N, or names of a label column:

    - "precision": P_w, P_a, P_kv in bits; one left out is infinite, in high precision. N_eff/N is the product of
      1 − exp(−P/gamma) (arXiv 2411.04330); "precision_shifted" has P/gamma + n in the exponent.
    - "quest": format; "quartet": format (eff_N); "decoupled": weights, activations; each the eff that was fitted.
    - "unified": GMSE, the mean squared error of the format on a standard normal.

    A law of one's own has an N_eff where it has one parameter eff with one label column. Returns a float, or an array;
    with parameters that are arrays (replicates of a bootstrap) these are the first axis. Raises ValueError for other
    laws, and for columns that are missing or unknown.
    """
    known, params = given(fit, law, "precision")
    sizes = positive("N", N)
    wanted = _wanted(known)
    unknown = [name for name in columns if name not in wanted]
    if unknown:
        raise ValueError(f"columns has {', '.join(unknown)}, allowed: {', '.join(wanted)}, which N_eff depends on")
    together(N=sizes, **columns)
    rows, several = replicates(params)
    shares = [share(known, row, columns) for row in rows]
    out = np.array([sizes * part for part in shares]) if several else sizes * shares[0]
    return float(out) if np.ndim(out) == 0 else out


def empirical_share(loss: Any, loss_unquantized: Any, N: Any, *, A: float, alpha: float) -> Any:
    """N_eff/N that one run shows, whatever a law says of bits: (1/N) [(L − L_0)/A + N^−alpha]^(−1/alpha), with L_0 the
    loss of the same run in high precision (arXiv 2411.04330, equation 30). All broadcast. NaN where the run is so much
    better than the unquantized one that no N explains it."""
    low, high = positive("loss", loss), positive("loss_unquantized", loss_unquantized)
    sizes, a, power = positive("N", N), positive("A", A), positive("alpha", alpha)
    together(loss=low, loss_unquantized=high, N=sizes, A=a, alpha=power)
    inside = (np.asarray(low) - high) / a + np.asarray(sizes) ** -power
    out = np.where(inside > 0, np.where(inside > 0, inside, np.nan) ** (-1 / power) / sizes, np.nan)
    return float(out) if out.ndim == 0 else out


def share(law: Law, params: Mapping[str, float], columns: Mapping[str, Any]) -> Any:
    """N_eff/N of one set of parameters."""
    kind = _kind(law)
    if kind in ("precision", "precision_shifted"):
        return _precision(kind, params, columns)
    missing = [name for name in _wanted(law) if name not in columns]
    if missing:
        raise ValueError(f"columns has no {', '.join(missing)}, allowed: {', '.join(_wanted(law))}")
    if kind == "unified":
        big_l, f, c = needed(params, ("L", "F", "C"), "the law unified")
        mse = positive("GMSE", columns["GMSE"])
        if np.any(np.asarray(mse) >= 1):
            raise ValueError(f"GMSE is {np.max(mse):g}, allowed: above 0 and below 1, the variance")
        return big_l * np.tanh(f * (-np.log(mse) / math.log(4)) ** c)
    if kind == "decoupled":
        parts = (("eff_w", "weights"), ("eff_a", "activations"))
        weights, activations = (_labelled(params, name, columns[column], column) for name, column in parts)
        return weights * activations
    (column,) = _wanted(law)
    return _labelled(params, "eff_N" if kind == "quartet" else "eff", columns[column], column)


def power_terms(law: Law, params: Mapping[str, float], columns: Mapping[str, Any]) -> Terms | None:
    """(A, alpha), (B, beta) where the loss grows with A/N^alpha + B/D^beta and depends on N and D in no other way; None
    for other laws."""
    kind = law.name
    if kind not in ("chinchilla", "quest", "quartet", "decoupled", "unified", "precision", "precision_shifted"):
        return None
    tied = kind in ("precision", "precision_shifted")
    big_a, alpha, big_b = needed(params, ("A", "alpha", "B"), f"the law {kind}")
    beta = alpha if tied else needed(params, ("beta",), f"the law {kind}")[0]
    if kind == "quartet":
        if params.get("gamma", 0.0) <= 0:
            return None
        big_b = big_b / _labelled(params, "eff_D", columns["format"], "format") ** beta
    if kind != "chinchilla":
        big_a = big_a / share(law, params, columns) ** alpha
    if not min(big_a, alpha, big_b, beta) > 0:
        return None
    return (float(big_a), alpha), (float(big_b), beta)


def _kind(law: Law) -> str:
    if law.name in _COLUMNS:
        return law.name
    if any(name.startswith("eff[") for name in law.parameters) and len(law.labels) == 1:
        return "quest"
    raise ValueError(
        f"law is {law.name}, allowed: {', '.join(_COLUMNS)}, or one with a parameter eff[...]: others have no N_eff"
    )


_COLUMNS: dict[str, tuple[str, ...]] = {
    "precision": ("P_w", "P_a", "P_kv"),
    "precision_shifted": ("P_w", "P_a", "P_kv"),
    "quest": ("format",),
    "quartet": ("format",),
    "decoupled": ("weights", "activations"),
    "unified": ("GMSE",),
}


def _wanted(law: Law) -> tuple[str, ...]:
    kind = _kind(law)
    return tuple(law.labels) if kind == "quest" else _COLUMNS[kind]


def _precision(kind: str, params: Mapping[str, float], columns: Mapping[str, Any]) -> Any:
    out: Any = 1.0
    for column, gamma_name, shift_name in _PARTS:
        if column not in columns:
            continue
        (gamma,) = needed(params, (gamma_name,), f"the law {kind}")
        shift = needed(params, (shift_name,), f"the law {kind}")[0] if kind == "precision_shifted" else 0.0
        if gamma <= 0:
            raise ValueError(f"params[{gamma_name!r}] is {gamma}, allowed: above 0")
        out = out * -np.expm1(-(positive(column, columns[column], infinite=True) / gamma + shift))
    return out


def _labelled(params: Mapping[str, float], name: str, labels: Any, column: str) -> Any:
    """The parameter of each label."""
    if np.ndim(labels) == 0:
        return _one(params, name, label(labels, column))
    texts = np.asarray(labels, dtype=object)
    return np.array([_one(params, name, label(text, column)) for text in texts.ravel().tolist()]).reshape(texts.shape)


def _one(params: Mapping[str, float], name: str, text: str) -> float:
    key = f"{name}[{text}]"
    if key not in params:
        known = [other[len(name) + 1 : -1] for other in params if other.startswith(f"{name}[")]
        raise ValueError(f"params has no {key}, allowed: {', '.join(known) or 'none'}")
    return real(key, params[key])
