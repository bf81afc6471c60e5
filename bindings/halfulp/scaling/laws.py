"""Scaling laws as data: formulas, what their names are, and the losses that they predict."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from halfulp._runs import real
from halfulp.scaling._compiled import compiled
from halfulp.scaling._table import LOSS, POSITIVE, above_zero, label_numbers, numbers_of, start_list, taken

#: Columns that a formula of one's own takes where `columns` does not say.
COLUMNS = ("N", "D")


@dataclass(frozen=True)
class Law:
    """A formula for the loss of a training run.

    ``predict`` computes it; ``hu.scaling.fit`` finds its parameters. A parameter written name[label] in the formula is
    one number for each value of the label column, and stands as "name[value]" in a fit's `params`."""

    name: str
    expression: str
    parameters: tuple[str, ...]
    """As the formula has them: "alpha", "eff[format]"."""
    columns: tuple[str, ...]
    """Columns of numbers that each run needs."""
    labels: tuple[str, ...]
    """Columns of labels that each run needs."""
    positive: frozenset[str]
    """Parameters that are searched by their logarithms."""
    linear: frozenset[str]
    """Parameters in which the formula is affine, all together."""
    starts: Mapping[str, tuple[float, ...]] = field(repr=False)
    """Where a search begins: at every combination of these lists."""
    published: Mapping[str, Mapping[str, float]] = field(repr=False)
    """Published fits by name: their parameters. They hold for the data that they come from."""
    source: str = field(repr=False)

    def predict(self, params: Mapping[str, float], table: Any = None, **columns: Any) -> Any:
        """Losses, float64.

        params: every parameter, those of labels as "eff[FP4]". table: a DataFrame or a dict of columns; columns:
        single ones, numbers or arrays of one axis that broadcast against each other. A float where all are
        single numbers. Raises ValueError for parameters, columns or labels that are missing or unknown."""
        given = taken(self, table, columns)
        shapes = {name: np.shape(value) for name, value in given.items()}
        try:
            shape = np.broadcast_shapes(*shapes.values())
        except ValueError:
            told = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
            raise ValueError(f"columns have shapes {told}, allowed: shapes that broadcast") from None
        if len(shape) > 1 or 0 in shape:
            raise ValueError(
                f"columns broadcast to the shape {shape}, allowed: numbers or arrays of one axis, not empty"
            )
        count = shape[0] if shape else 1
        numbers = {name: np.broadcast_to(numbers_of(name, given[name]), (count,)).copy() for name in self.columns}
        for name in POSITIVE:
            if name in numbers:
                above_zero(name, numbers[name])
        labels = {}
        for name in self.labels:
            places, names = label_numbers(name, np.broadcast_to(np.asarray(given[name], dtype=object), (count,)))
            labels[name] = (places, names)
        problem = compiled().Problem(
            *self._row(), numbers, labels, np.ones(count), "log_least_squares", 1e-3, 1, 1, None
        )
        out = problem.predict(_in_order(self, [row[0] for row in problem.parameters], params))
        return out if shape else float(out[0])

    def _row(self, starts: Mapping[str, Sequence[float]] | None = None) -> tuple[Any, ...]:
        """What the compiled part takes."""
        lists = {**self.starts, **(starts or {})}
        rows = [
            (name, name in self.positive, name in self.linear, list(lists.get(name, ())))
            for name in map(bare, self.parameters)
        ]
        return self.name, self.expression, list(self.columns), rows


def bare(parameter: str) -> str:
    """ "eff[format]" without its label."""
    return parameter.split("[", 1)[0]


def _in_order(of: Law, wanted: list[str], params: Mapping[str, float]) -> np.ndarray:
    if not isinstance(params, Mapping):
        raise TypeError(f"params is a {type(params).__name__}, allowed: a dict of the parameters of {of.name}")
    params = {str(name): value for name, value in params.items()}
    missing = [name for name in wanted if name not in params]
    for parameter in of.parameters:
        name, _, column = parameter.rstrip("]").partition("[")
        known = [other[len(name) + 1 : -1] for other in params if str(other).startswith(f"{name}[")]
        unknown = [other for other in missing if other.startswith(f"{name}[")] if column and known else []
        if unknown:
            label = unknown[0][len(name) + 1 : -1]
            raise ValueError(
                f"column {column} has {label!r}, allowed: {', '.join(known)}, which {name} has numbers for"
            )
    if missing:
        raise ValueError(
            f"params has no {', '.join(missing)}, allowed: {', '.join(wanted)}, which the law {of.name} takes here"
        )
    stray = [name for name in params if bare(name) not in map(bare, of.parameters)]
    if stray:
        raise ValueError(f"params has {', '.join(stray)}, allowed: {', '.join(of.parameters)}, the law's {of.name}")
    return np.array([real(f"params[{name!r}]", params[name]) for name in wanted])


def _law_of(row: Mapping[str, Any]) -> Law:
    parameters = row["parameters"]
    return Law(
        name=row["name"],
        expression=row["expression"],
        parameters=tuple(name if not label else f"{name}[{label}]" for name, label, *_ in parameters),
        columns=tuple(row["columns"]),
        labels=tuple(row["labels"]),
        positive=frozenset(name for name, _, positive, _, _ in parameters if positive),
        linear=frozenset(name for name, _, _, linear, _ in parameters if linear),
        starts={name: tuple(starts) for name, _, _, _, starts in parameters if starts},
        published={name: dict(numbers) for name, numbers, _ in row["published"]},
        source=row["source"],
    )


def _names(argument: str, given: Any) -> list[str]:
    """Several names, of which a text alone is not one."""
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise TypeError(f"{argument} is {given!r}, allowed: a list of names")
    out = list(given)
    for name in out:
        if not isinstance(name, str):
            raise TypeError(f"{argument} has {name!r}, allowed: names")
    return out


@cache
def _known() -> dict[str, Law]:
    return {row["name"]: _law_of(row) for row in compiled().laws()}


def laws() -> tuple[str, ...]:
    """Names of the laws that the library knows; ``law(name)`` has formula and source of each."""
    return tuple(_known())


def law(
    text: str,
    *,
    columns: Iterable[str] | None = None,
    positive: Iterable[str] = (),
    linear: Iterable[str] | None = None,
    starts: Mapping[str, Sequence[float]] | None = None,
    name: str = "formula",
) -> Law:
    """A law by its name, or a law of one's own.

    text: a name of ``laws()``, or a formula of numbers, names, + - * / ^, parentheses, exp, log, log2, sqrt and tanh,
    such as "E + A / N^alpha + B / D^beta". eff[format] is a parameter for each value of the column of labels `format`.
    For a formula: columns: which of its names are columns of numbers (default: N and D, where it has them); every other
    name is a parameter. positive: parameters that are greater than 0, which are searched by their logarithms. linear:
    parameters in which the formula is affine, all together (default: as many as the formula shows to be so). starts:
    lists of numbers at whose combinations a search begins (default: a few for each nonlinear parameter; linear ones
    begin where they fit best). name: how errors and pictures call it. Raises ValueError for an unknown name, a formula
    that cannot be read, and names that it does not have."""
    if not isinstance(text, str):
        raise TypeError(f"law is a {type(text).__name__}, allowed: a name or a formula")
    known = _known()
    if text in known:
        if columns is not None or tuple(positive) or linear is not None or starts is not None:
            raise ValueError(
                f"law is {text!r}, a published one, allowed: columns, positive, linear, starts for formulas"
            )
        return known[text]
    if text.isidentifier():
        from difflib import get_close_matches

        near = get_close_matches(text, known, 1)
        hint = f" (is {near[0]} meant?)" if near else ""
        raise ValueError(f"law is {text!r}, allowed: {', '.join(known)}, or a formula{hint}")
    if not isinstance(name, str):
        raise TypeError(f"name is {name!r}, allowed: a text")
    if not name.isprintable() or not name.strip():
        raise ValueError(f"name is {name!r}, allowed: a text")
    if name in known:
        raise ValueError(f"name is {name!r}, a published law's, allowed: another one")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise ValueError(f"law is {text!a:.60}, allowed: a formula without halves of characters")
    part = compiled()
    used = part.formula_names(text)
    if LOSS in used:
        raise ValueError(f"law is {text!r}, allowed: a formula without the name loss, the column that is fitted")
    wanted = [c for c in COLUMNS if c in used] if columns is None else _names("columns", columns)
    signs = set(_names("positive", positive))
    if starts is not None and not isinstance(starts, Mapping):
        raise TypeError(f"starts is {starts!r}, allowed: a dict of lists of numbers")
    lists = dict(starts or {})
    # Once without more than names, which says what the parameters are.
    plain = _law_of(part.make_law(name, text, wanted, []))
    names = [bare(p) for p in plain.parameters]
    affine = part.affine_names(text, wanted)
    lines = set(affine if linear is None else _names("linear", linear))
    for argument, given in (("positive", signs), ("linear", lines), ("starts", set(lists))):
        stray = sorted(str(n) for n in given - set(names))
        if stray:
            raise ValueError(f"{argument} has {', '.join(stray)}, allowed: {', '.join(names)}")
    bent = sorted(lines - set(affine))
    if bent:
        raise ValueError(
            f"linear has {', '.join(bent)}, allowed: {', '.join(affine) or 'none'}, in which {text!r} is affine"
        )
    rows = [(n, n in signs, n in lines, start_list(n, lists[n], n in signs) if n in lists else []) for n in names]
    return _law_of(part.make_law(name, text, wanted, rows))
