"""Means over matrices, with intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
from measuring import ERRORS

from methods import NONE

CASE = ["kind", "code_bits", "scheme", "method", "rank", "factors"]
DB = tuple(name.replace("_error", "_db") for name in ERRORS)


def in_db(errors: pandas.DataFrame) -> pandas.DataFrame:
    """The same rows with errors in dB beside them."""
    return errors.assign(**{db: 10 * np.log10(errors[name]) for db, name in zip(DB, ERRORS, strict=True)})


def of_mean(values: Any, config: dict[str, Any]) -> tuple[float, float, float]:
    """A mean and its 95 % percentile bootstrap interval over matrices."""
    numbers = np.asarray(values, dtype=np.float64)
    places = np.random.default_rng(config["seed"]).integers(len(numbers), size=(config["resamples"], len(numbers)))
    low, high = np.quantile(numbers[places].mean(axis=1), [0.025, 0.975])
    return float(numbers.mean()), float(low), float(high)


def of_model(errors: pandas.DataFrame, config: dict[str, Any]) -> pandas.DataFrame:
    """A row for each scheme, method, rank and storage of factors: bits a weight of all matrices together, mean errors
    in dB, and by how many dB less output error it leaves than the same scheme rounded to nearest (gain)."""
    wide = in_db(errors)
    nearest = wide[wide["method"] == NONE].set_index(["scheme", "matrix"])["output_db"]
    before = nearest.loc[list(zip(wide["scheme"], wide["matrix"], strict=True))].to_numpy()
    wide = wide.assign(gain=before - wide["output_db"])
    rows = []
    for case, of in wide.groupby(CASE, sort=False):
        gain, low, high = of_mean(of["gain"], config)
        rows.append(
            {
                **dict(zip(CASE, case, strict=True)),
                "bits_per_weight": of["bits"].sum() / of["elements"].sum(),
                **{name: of[name].mean() for name in DB},
                "gain": gain,
                "gain_low": low,
                "gain_high": high,
            }
        )
    return pandas.DataFrame(rows)


def of_calibration(table: pandas.DataFrame) -> pandas.DataFrame:
    """By number of texts and method: mean errors in dB on these texts and on held-out ones."""
    case = ["texts", "tokens", "method", "rank", "factors"]
    return in_db(table).groupby(case, sort=False)[list(DB[1:])].mean().reset_index()


def of_matrices(errors: pandas.DataFrame, config: dict[str, Any]) -> pandas.DataFrame:
    """Matrix by matrix, the corrections in closed form of one scheme, 3 bits of the end task's kind, at the middle
    rank."""
    ranks = config["closed_form"]["ranks"]
    rows = in_db(errors)
    rows = rows[(rows["kind"] == config["end_task"]["kind"]) & (rows["code_bits"] == 3)]
    rows = rows[rows["method"].isin([NONE, *config["closed_form"]["methods"]])]
    rows = rows[rows["rank"].isin([0, ranks[len(ranks) // 2]])]
    return rows[["matrix", "scheme", "method", "rank", "factors", "elements", "bits", *DB]]
