"""What the functions of a law take: a fit, or parameters beside the name of their law."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._runs import real, renamed
from halfulp.scaling._table import label_numbers, numbers_of

if TYPE_CHECKING:
    from halfulp.scaling.laws import Law


def given(fit: Any, law: Any, default: str = "chinchilla") -> tuple[Law, dict[str, Any]]:
    """The law and its parameters. fit: a Fit, or a dict of numbers (or of arrays, one number for each replicate of a
    bootstrap). law: a Law or its name, beside a dict alone; None: the default. Raises TypeError for anything else, and
    ValueError where the law lacks parameters or has none of a name."""
    from halfulp.scaling.laws import Law
    from halfulp.scaling.laws import law as law_of

    if not isinstance(fit, Mapping):
        if not (hasattr(fit, "law") and hasattr(fit, "params")):
            raise TypeError(f"fit is a {type(fit).__name__}, allowed: a Fit, or a dict of parameters")
        if law is not None:
            raise ValueError("law is given beside a Fit, which has its own, allowed: law beside a dict of parameters")
        return fit.law, dict(fit.params)
    known = law if isinstance(law, Law) else law_of(default if law is None else law)
    return known, {str(name): _parameter(str(name), value) for name, value in fit.items()}


def needed(params: Mapping[str, Any], names: tuple[str, ...], what: str) -> list[Any]:
    """These parameters, in order. Raises ValueError where one is missing."""
    missing = [name for name in names if name not in params]
    if missing:
        raise ValueError(
            f"params has no {', '.join(missing)}, allowed: {', '.join(names)}, which {what} takes (it has "
            f"{', '.join(params) or 'nothing'})"
        )
    return [params[name] for name in names]


def _parameter(name: str, value: Any) -> Any:
    """A finite number, or one axis of them."""
    if isinstance(value, np.ndarray) and value.ndim == 1 and value.dtype.kind in "fiu":
        if not np.isfinite(value).all():
            raise ValueError(f"params[{name!r}] holds {value[~np.isfinite(value)][0]}, allowed: finite numbers")
        return value.astype(np.float64)
    return real(f"params[{name!r}]", value)


def positive(name: str, values: Any, *, infinite: bool = False) -> Any:
    """Numbers above 0, finite unless `infinite`, as float64: a float for a number, else an array of one or more."""
    if isinstance(values, (str, bytes, bool, np.bool_)) or values is None:
        raise TypeError(f"{name} is {values!r}, allowed: numbers above 0")
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} has rows of different lengths, allowed: numbers above 0") from None
    if array.dtype.kind == "O":  # integers beyond 64 bits; pandas' nullable columns
        with renamed({f"column {name}": name}):
            array = numbers_of(name, values)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"{name} has dtype {array.dtype}, allowed: numbers above 0")
    if array.size == 0:
        raise ValueError(f"{name} is empty, allowed: one number or more")
    array = array.astype(np.float64)
    wrong = ~((array > 0) & (np.isfinite(array) | infinite))
    if wrong.any():
        allowed = "numbers above 0" if infinite else "finite numbers above 0"
        raise ValueError(f"{name} is {array[wrong].flat[0]}, allowed: {allowed}")
    return float(array) if array.ndim == 0 else array


def together(**arrays: Any) -> None:
    """Raises ValueError where shapes do not broadcast."""
    try:
        np.broadcast_shapes(*(np.shape(values) for values in arrays.values()))
    except ValueError:
        told = ", ".join(f"{name} {np.shape(values)}" for name, values in arrays.items())
        raise ValueError(f"shapes are {told}, allowed: shapes that broadcast") from None


def span(name: str, values: Any) -> tuple[float, float]:
    """(low, high), both finite and above 0."""
    if np.shape(values) != (2,):
        raise ValueError(f"{name} is {values!r}, allowed: (low, high)")
    low, high = positive(name, values)
    if not low < high:
        raise ValueError(f"{name} is ({low:g}, {high:g}), allowed: (low, high) with low < high")
    return float(low), float(high)


def label(value: Any, column: str = "label") -> str:
    """A label as the names of parameters have it."""
    return label_numbers(column, [value])[1][0]


def replicates(params: Mapping[str, Any]) -> tuple[list[dict[str, float]], bool]:
    """Parameters that may be arrays as one dict for each replicate, and whether any was an array."""
    lengths = {len(value) for value in params.values() if isinstance(value, np.ndarray)}
    if not lengths:
        return [dict(params)], False
    if len(lengths) > 1:
        raise ValueError(f"params has arrays of {sorted(lengths)} numbers, allowed: all of one length")
    (count,) = lengths
    if count == 0:
        raise ValueError("params has arrays of 0 numbers, allowed: 1 or more")
    return [
        {name: float(value[i]) if isinstance(value, np.ndarray) else value for name, value in params.items()}
        for i in range(count)
    ], True


def constants(law: Law, columns: Mapping[str, Any]) -> dict[str, Any]:
    """One number for each column of the law but N and D, one text for each label column. Raises ValueError where one is
    missing or unknown, or the law has no N or D."""
    absent = [name for name in ("N", "D") if name not in law.columns]
    if absent:
        raise ValueError(f"law is {law.name}, which has no column {', '.join(absent)}, allowed: laws of N and D")
    wanted = [name for name in (*law.columns, *law.labels) if name not in ("N", "D")]
    missing = [name for name in wanted if name not in columns]
    unknown = [name for name in columns if name not in wanted]
    if missing or unknown:
        what = f"has no {', '.join(missing)}" if missing else f"has {', '.join(unknown)}"
        raise ValueError(f"columns {what}, allowed: {', '.join(wanted) or 'none'}, which the law {law.name} takes")
    return {name: label(columns[name], name) if name in law.labels else real(name, columns[name]) for name in wanted}
