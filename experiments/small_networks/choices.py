"""Which rows of the tables the findings and the pictures speak of."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas
from halfulp import cost
from intervals import Interval
from names import AS_TRAINED, exponent_of, width_of
from tables import Tables

Config = dict[str, Any]
LOSSES = (0.0025, 0.005, 0.01, 0.02)  # of accuracy


def is_minifloat(name: str) -> bool:
    """With two exponent bits or more: one of them gives evenly spaced values, those of an integer."""
    return exponent_of(name) > 1


def row(table: pandas.DataFrame, **keys: str) -> Any:
    """The one row with these keys."""
    found = table
    for name, value in keys.items():
        found = found[found[name] == value]
    if len(found) != 1:
        raise LookupError(f"{keys} has {len(found)} rows, expected one")
    return next(found.itertuples())


class Duel(NamedTuple):
    """The integer of a width, the minifloat of that width with the least error of the logits, and the difference of
    their accuracies (minifloat less integer) with its interval."""

    network: str
    condition: str
    where: str
    width: int
    integer: Any
    minifloat: Any
    ahead: Interval


def duels(found: Tables, config: Config, *, rule: str = "mse", technique: str = "") -> list[Duel]:
    """For every network, condition, place and width."""
    table = found.formats
    table = table[(table["rule"] == rule) & (table["technique"] == technique) & (table["where"] != "both, signed")]
    out = []
    for (network, condition, where), rows in table.groupby(["network", "condition", "where"], sort=False):
        for width in config["formats"]["widths"]:
            same = rows[rows["format"].map(width_of) == width]
            integer = row(same, format=f"int{width}s")
            floats = same[same["format"].map(is_minifloat)]
            best = next(floats.loc[[floats["logit_error"].idxmin()]].itertuples())
            out.append(
                Duel(network, condition, where, width, integer, best, found.difference(best.Index, integer.Index))
            )
    return out


def candidates(found: Tables, network: str, error: str = "loss") -> pandas.DataFrame:
    """Every pair with the technique that has less of an error, "loss" (of accuracy) or "logit_error". kind: "integers",
    or "minifloat" where one of the two is one or both are."""
    table = found.pairs[found.pairs["network"] == network]
    table = table.assign(loss=-table["drift"]).sort_values(error, kind="stable")
    table = table.drop_duplicates(["weights", "activations"]).sort_index()
    floats = table["weights"].map(is_minifloat) | table["activations"].map(is_minifloat)
    return table.assign(kind=np.where(floats, "minifloat", "integers"))


def cheapest(rows: pandas.DataFrame, loss: float, column: str) -> Any | None:
    """The pair that loses so much accuracy at most and costs least; of equals the one that loses less."""
    fit = rows[rows["loss"] <= loss + 1e-12].sort_values([column, "loss"], kind="stable")
    return next(fit.itertuples()) if len(fit) else None


def front(rows: pandas.DataFrame, column: str, error: str = "loss") -> pandas.DataFrame:
    """The pairs that no other beats in error and cost, cheapest first."""
    return rows.iloc[cost.front(rows[error].to_numpy(), rows[column].to_numpy())]


def plain(found: Tables, network: str, condition: str = AS_TRAINED) -> pandas.DataFrame:
    table = found.integers
    return table[(table["network"] == network) & (table["condition"] == condition)]
