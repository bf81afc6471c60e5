"""From what was measured on each network and seed to tables over all seeds."""

from __future__ import annotations

from typing import Any, NamedTuple

import data
import numpy as np
import pandas
from halfulp import cost
from intervals import Bootstrap, Interval
from jobs import Measured, Part, digits_of
from names import AS_TRAINED, width_of

Config = dict[str, Any]
NUMBERS = ["right", "changed", "logit_error"]


class Tables(NamedTuple):
    """networks: a row for each network and seed. accuracy: of the networks in binary64. baselines: of simpler means.
    integers, formats, pairs: a row for each network and case, over all seeds: accuracy and its difference to binary64
    (drift, with its interval; pairs without), share of images whose digit changes, logit_error. pairs has the costs of
    a unit. right: which images are right for each row of formats, (rows, seeds, images)."""

    networks: pandas.DataFrame
    accuracy: dict[str, Interval]
    baselines: dict[str, float]
    integers: pandas.DataFrame
    formats: pandas.DataFrame
    pairs: pandas.DataFrame
    right: np.ndarray
    bootstrap: Bootstrap

    def difference(self, place: int, other: int) -> Interval:
        """How much more accurate a row of formats is than another one."""
        return self.bootstrap.mean(self.right[place].astype(np.int8) - self.right[other].astype(np.int8))


def tables(measured: Measured, config: Config) -> Tables:
    digits = digits_of(config)
    names = list(config["networks"])
    bootstrap = Bootstrap(len(config["seeds"]), len(digits.test_labels), config["resamples"], config["seed"])
    right = {name: _reference(measured.parts["integers", name]) for name in names}
    found = {
        study: pandas.concat(
            [_table(name, measured.parts[study, name], right[name], bootstrap, study != "pairs") for name in names],
            ignore_index=True,
        )
        for study in ("integers", "formats", "pairs")
    }
    found["pairs"] = with_costs(found["pairs"], measured.networks)
    return Tables(
        measured.networks,
        {name: bootstrap.mean(right[name]) for name in names},
        {
            "nearest training image": float(data.nearest_neighbour(digits).mean()),
            "linear map by least squares": float(data.least_squares(digits).mean()),
        },
        **found,
        right=np.concatenate([np.stack([part.right for part in measured.parts["formats", n]], axis=1) for n in names]),
        bootstrap=bootstrap,
    )


def _reference(parts: list[Part]) -> np.ndarray:
    """Which images binary64 has right: (seeds, images)."""
    rows = parts[0].rows
    plain = (rows["condition"] == AS_TRAINED) & (rows["weights"] == "") & (rows["activations"] == "")
    return np.array([part.right[int(np.flatnonzero(plain)[0])] for part in parts])


def _table(
    name: str, parts: list[Part], reference: np.ndarray, bootstrap: Bootstrap, intervals: bool
) -> pandas.DataFrame:
    images = reference.shape[1]
    keys = parts[0].rows.drop(columns=NUMBERS)
    numbers = {column: np.mean([part.rows[column] for part in parts], axis=0) for column in NUMBERS}
    table = keys.assign(
        accuracy=numbers["right"] / images,
        drift=numbers["right"] / images - reference.mean(),
        changed=numbers["changed"] / images,
        logit_error=numbers["logit_error"],
    )
    if intervals:
        right = np.stack([part.right for part in parts], axis=1)
        found = bootstrap.means(right.astype(np.int8) - reference.astype(np.int8))
        table.insert(table.columns.get_loc("drift") + 1, "drift_low", found[:, 1])
        table.insert(table.columns.get_loc("drift") + 2, "drift_high", found[:, 2])
    table.insert(0, "network", name)
    return table


def with_costs(pairs: pandas.DataFrame, networks: pandas.DataFrame) -> pandas.DataFrame:
    """Beside each pair what a multiply-accumulate unit for it takes: LUTs by halfulp's model, bits of the narrowest
    accumulator that is exact for the network's longest sum, and bits of a weight and an activation together."""
    longest = networks.groupby("network")["largest_fan_in"].first().to_dict()
    known: dict[tuple[str, str, int], tuple[float, int]] = {}

    def of(weights: str, activations: str, terms: int) -> tuple[float, int]:
        key = weights, activations, terms
        if key not in known:
            unit = cost.mac(weights, activations, terms)
            known[key] = unit.total, unit.accumulator_bits
        return known[key]

    costs = [of(w, a, longest[n]) for w, a, n in zip(pairs.weights, pairs.activations, pairs.network, strict=True)]
    bits = [width_of(w) + width_of(a) for w, a in zip(pairs.weights, pairs.activations, strict=True)]
    return pairs.assign(luts=[c[0] for c in costs], accumulator_bits=[c[1] for c in costs], bits=bits)
