"""What is asked of the weights, each answer a table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fitted
import halfulp as hu
import numpy as np
import pandas
from intervals import db_of, of_mean, sqnr_db, together_l1
from measuring import measure, scheme_text
from sources import Weights, as_rows, excess_kurtosis, real, synthetic

Config = dict[str, Any]


def elements(config: Config, sources: dict[str, Weights], results: Path) -> pandas.DataFrame:
    """A row for each source, element, scale and Hadamard length (0: none): the error of all matrices together, and by
    matrix the gain in dB over the first element (gain_…) and over the same without a transform (turned_…)."""
    about = config["elements"]
    wanted = [(e, s, 0) for s in about["scales"] for e in about["names"]]
    turned = [e for e in about["names"] if "@" not in e]  # the grammar has no zero points under a transform
    wanted += [(e, config["hadamard"]["scale"], n) for n in config["hadamard"]["lengths"] for e in turned]
    texts = {
        case: scheme_text(case[0], about["length"], case[1], *([f"hadamard={case[2]}"] if case[2] else []))
        for case in wanted
    }
    rows = []
    for source, weights in sources.items():
        table = measure(weights, texts.values(), results)
        for (element, scale, length), text in texts.items():
            first, plain = texts[about["names"][0], scale, length], texts[element, scale, 0]
            mine = db_of(table[text])
            gain, turned = mine - db_of(table[first]), mine - db_of(table[plain])
            rows.append(
                {
                    "source": source,
                    "element": element,
                    "scale": scale,
                    "hadamard": length,
                    "bits_per_element": np.average(table[text]["bits_per_element"], weights=table[text]["elements"]),
                    "sqnr_db": sqnr_db(table[text]),
                    "l1": together_l1(table[text]),
                    **_interval("gain", gain, config),
                    "ahead": int((gain > 0).sum()),
                    **_interval("turned", turned, config),
                    "helped": int((turned > 0).sum()),
                    "matrices": len(mine),
                }
            )
    return pandas.DataFrame(rows)


def by_matrix(config: Config, weights: Weights, results: Path) -> pandas.DataFrame:
    """For each matrix of a source its excess kurtosis and, for each element, the gain over the first in dB."""
    about = config["elements"]
    texts = {e: scheme_text(e, about["length"], config["hadamard"]["scale"]) for e in about["names"]}
    table = measure(weights, texts.values(), results)
    ratios = {element: db_of(table[text]) for element, text in texts.items()}
    gains = pandas.DataFrame({element: ratio - ratios[about["names"][0]] for element, ratio in ratios.items()})
    return gains.assign(excess_kurtosis=[excess_kurtosis(weights[name]) for name in gains.index]).reset_index()


def _interval(name: str, values: pandas.Series, config: Config) -> dict[str, float]:
    return dict(zip((name, f"{name}_low", f"{name}_high"), of_mean(values, config), strict=True))


def tables(config: Config, normal: Weights, results: Path) -> tuple[pandas.DataFrame, float]:
    """Published tables and fitted ones on normal values, by group length; and how far the
    table that is fitted each sign by itself for groups of 64 is from AF4 at most."""
    about, rows, distance = config["tables"], [], np.nan
    groups = as_rows(normal)
    for length in about["lengths"]:
        found = fitted.fitted_tables(length, about["samples"], config["seed"])
        named = {name: hu.format(name) for name in about["published"]}
        named |= {name: fitted.as_format(table) for name, table in found.items()}
        schemes = {name: f"{form}/{length}:binary32" for name, form in named.items()}
        measured = measure(groups, schemes.values(), results)
        rows += [
            {
                "length": length,
                "table": name,
                "sqnr_db": sqnr_db(measured[text]),
                "l1": together_l1(measured[text]),
                "values": " ".join(f"{value:.6f}" for value in named[name].values()),
            }
            for name, text in schemes.items()
        ]
        if length == 64:
            distance = float(np.abs(found["each sign by itself"] - hu.format("af4").values()).max())
    return pandas.DataFrame(rows), distance


def code_use(config: Config, sources: dict[str, Weights]) -> pandas.DataFrame:
    """How often each code is used under the first scale, and the entropy of the codes in bits."""
    about, rows = config["elements"], []
    for source, weights in sources.items():
        values = np.concatenate([array.ravel() for array in weights.values()])
        for element in about["names"]:
            found, entropy = fitted.shares(values, scheme_text(element, about["length"], about["scales"][0]))
            rows.append({"source": source, "element": element, "entropy": entropy, "shares": found})
    return pandas.DataFrame(rows)


def scales(config: Config, sources: dict[str, Weights], results: Path) -> pandas.DataFrame:
    """A row for each source, element, group length (and "channel", "tensor") and scale format: stored bits, the error
    of all matrices together, and each matrix's signal to noise in dB."""
    about = config["scales"]
    cases = [(e, length, s) for e in about["elements"] for s in about["formats"] for length in about["lengths"]]
    cases += [(about["affine"], length, "binary16") for length in about["lengths"]]
    whole = [(e, group, "binary16") for e in about["elements"] for group in ("channel", "tensor")]
    rows = []
    for source, weights in sources.items():
        measured = [(cases, as_rows(weights)), (whole, weights)]
        for some, arrays in measured:
            texts = {case: scheme_text(*case) for case in some}
            table = measure(arrays, texts.values(), results, l1=False)
            rows += [_scale_row(source, case, table[text]) for case, text in texts.items()]
    return pandas.DataFrame(rows)


def _scale_row(source: str, case: tuple[str, int | str, str], rows: pandas.DataFrame) -> dict[str, Any]:
    element, length, scale = case
    return {
        "source": source,
        "element": element,
        "length": length,
        "scale": scale,
        "bits_per_element": np.average(rows["bits_per_element"], weights=rows["elements"]),
        "sqnr_db": sqnr_db(rows),
        "by_matrix": db_of(rows),
    }


@dataclass
class Answers:
    """elements: questions.elements; matrices: by_matrix of the model; tables and distance_to_af4: tables."""

    elements: pandas.DataFrame
    matrices: pandas.DataFrame
    code_use: pandas.DataFrame
    tables: pandas.DataFrame
    distance_to_af4: float
    scales: pandas.DataFrame


def answer(config: Config, results: Path, most_matrices: int = 0) -> Answers:
    """All answers. most_matrices: as in sources.real."""
    weights = {name: synthetic(config, name) for name in ("normal", "laplace", "student_t")}
    weights["model"] = real(config, most_matrices)
    two = {name: weights[name] for name in ("normal", "model")}
    found, distance = tables(config, weights["normal"], results)
    return Answers(
        elements=elements(config, weights, results),
        matrices=by_matrix(config, weights["model"], results),
        code_use=code_use(config, two),
        tables=found,
        distance_to_af4=distance,
        scales=scales(config, two, results),
    )
