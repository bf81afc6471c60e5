"""Tables of runs as laws read them: columns of numbers, columns of labels, losses."""

from __future__ import annotations

import numbers
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._runs import real

if TYPE_CHECKING:
    from halfulp.scaling.laws import Law

LOSS = "loss"
#: Columns of laws that are sizes.
POSITIVE = ("N", "D")


def columns_of(table: Any) -> dict[str, Any]:
    """The columns of a DataFrame, of a dict, or of a structured array, by name."""
    if isinstance(table, Mapping):
        return {str(name): values for name, values in table.items()}
    if isinstance(table, np.ndarray) and table.dtype.names is not None:
        return {name: table[name] for name in table.dtype.names}
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return {str(name): np.asarray(table[name]) for name in table.columns}
    raise TypeError(
        f"table is a {type(table).__name__}, allowed: a DataFrame, a dict of columns, or a structured array"
    )


def taken(law: Law, table: Any, columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that a law takes, from a table and from keywords. Raises ValueError where one is missing, or a
    keyword is none of them."""
    given = {} if table is None else columns_of(table)
    wanted = (*law.columns, *law.labels)
    _none_stray(law, columns, wanted)
    given = {**given, **columns}
    missing = [name for name in wanted if name not in given]
    if missing:
        raise ValueError(f"columns has no {', '.join(missing)}, allowed: {_those(law, wanted)}")
    return {name: given[name] for name in wanted}


def _those(law: Law, wanted: Sequence[str]) -> str:
    return f"{', '.join(wanted)}, which the law {law.name} takes"


def _none_stray(law: Law, given: Iterable[str], wanted: Sequence[str]) -> None:
    stray = [name for name in given if name not in wanted]
    if stray:
        raise ValueError(f"columns has {', '.join(stray)}, allowed: {_those(law, wanted)}")


def numbers_of(name: str, values: Any) -> np.ndarray:
    """A column as float64; what is no finite number is named with its place."""
    if np.ma.is_masked(values):
        place = np.flatnonzero(np.ma.getmaskarray(values))[0]
        raise ValueError(f"column {name} is masked in run {place}, allowed: finite numbers")
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"column {name} has rows of different lengths, allowed: one axis of numbers") from None
    if array.dtype.kind == "O":
        items = [_number_of(f"column {name}", place, x) for place, x in enumerate(array.ravel().tolist())]
        array = np.array(items, dtype=np.float64).reshape(array.shape)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"column {name} has dtype {array.dtype}, allowed: numbers")
    array = array.astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(np.ravel(array)))
    if wrong.size:
        raise ValueError(f"column {name} has {np.ravel(array)[wrong[0]]} in run {wrong[0]}, allowed: finite numbers")
    return array


def _is_missing(value: Any) -> bool:
    """None, NaN, and what pandas has for missing ones."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, numbers.Real) and value != value  # NaN alone is not itself


def _number_of(what: str, place: int, value: Any) -> float:
    """One element of an array of objects: numbers of Python, of NumPy, decimals; NaN for what is missing."""
    if _is_missing(value):
        return float("nan")
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (numbers.Real, Decimal)):
        raise TypeError(f"{what} has {value!r:.40} in run {place}, allowed: numbers")
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{what} has a number beyond float64 in run {place}, allowed: finite numbers") from None


def _label_text(name: str, place: int, value: Any) -> str:
    """A label as the names of parameters have it: 16, 16.0 and "16" are one."""
    if _is_missing(value) or (isinstance(value, str) and not value):
        raise ValueError(f"column {name} has no label in run {place}, allowed: a label in each")
    if isinstance(value, (str, bool, np.bool_, numbers.Integral)):
        return str(value)
    if isinstance(value, numbers.Real):
        short = f"{float(value):g}"
        return short if float(short) == float(value) else repr(float(value))
    raise TypeError(f"column {name} has {value!r:.40} in run {place}, allowed: texts and numbers")


def label_numbers(name: str, values: Any) -> tuple[np.ndarray, list[str]]:
    """A column of labels as places in the list of its names, which stand in the order in which they come."""
    array = np.asarray(values, dtype=object)
    places: dict[str, int] = {}
    out = np.empty(array.shape, dtype=np.uint32)
    for i, value in enumerate(array.tolist()):
        text = _label_text(name, i, value)
        out[i] = places.setdefault(text, len(places))
    return out, list(places)


def runs(law: Law, table: Any, columns: Mapping[str, str] | None) -> dict[str, np.ndarray]:
    """What a fit needs of a table: the law's columns and `loss`, as arrays of one length. columns: law's name ->
    table's name."""
    given = columns_of(table)
    wanted = (*law.columns, *law.labels, LOSS)
    if columns is not None and not isinstance(columns, Mapping):
        raise TypeError(f"columns is {columns!r}, allowed: a dict of the law's names to the table's")
    names = {str(k): str(v) for k, v in (columns or {}).items()}
    _none_stray(law, names, wanted)
    out: dict[str, np.ndarray] = {}
    for name in wanted:
        own = names.get(name, name)
        if own not in given:
            raise ValueError(
                f"table has no column {own}, which the law {law.name} needs{'' if own == name else f' as {name}'}, "
                f"allowed: columns={{'{name}': one of {', '.join(given) or 'none'}}}"
            )
        values = given[own]
        array = np.asarray(values, dtype=object) if name in law.labels else numbers_of(name, values)
        if array.ndim != 1:
            raise ValueError(f"column {name} has shape {array.shape}, allowed: one axis")
        out[name] = array
    lengths = {name: len(values) for name, values in out.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"table has columns of different lengths ({shown}), allowed: one length")
    if not len(out[LOSS]):
        raise ValueError("table has 0 runs, allowed: more than the law has parameters")
    for name in (LOSS, *POSITIVE):
        if name == LOSS or name in law.columns:
            above_zero(name, out[name])
    return out


def above_zero(name: str, values: np.ndarray) -> None:
    """Raises ValueError where a number of a column is 0 or less."""
    wrong = np.flatnonzero(values <= 0)
    if wrong.size:
        raise ValueError(f"column {name} has {values[wrong[0]]:g} in run {wrong[0]}, allowed: greater than 0")


def start_list(name: str, values: Any, positive: bool) -> list[float]:
    """A list of starts for one parameter."""
    items: Sequence[Any] = values.tolist() if isinstance(values, np.ndarray) else values
    if isinstance(items, (str, bytes)) or not isinstance(items, Sequence):
        items = [items]
    if len(items) == 0:
        raise ValueError(f"starts has an empty list for {name}, allowed: one number or more")
    return [real(f"starts[{name!r}]", x, 0 if positive else -np.inf, above=positive) for x in items]
