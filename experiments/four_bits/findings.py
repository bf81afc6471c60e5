"""The findings as sentences and tables: every number is computed from the results."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
import pandas
from intervals import of_mean
from names import ELEMENTS, SCALES, SOURCES, kind_of_scale, recipe_of
from questions import Answers

Config = dict[str, Any]


def tell(found: Answers, config: Config) -> str:
    parts = [
        "### Elements",
        *_elements(found, config),
        "### Tables fitted to normal values",
        *_tables(found),
        "### Group length against scale width",
        *_budgets(found.scales, config),
        "### Hadamard transforms",
        *_hadamard(found.elements, config),
        "### Bits with double quantization",
        _double_quantization(),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _span(value: float, low: float, high: float, digits: int = 2) -> str:
    value, low, high = (round(part, digits) + 0.0 for part in (value, low, high))  # no −0.00
    return f"{value:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})".replace("-", "−")


def _elements(found: Answers, config: Config) -> list[str]:
    table, (first, *_) = found.elements, config["elements"]["names"]
    length, scale = config["elements"]["length"], config["hadamard"]["scale"]
    parts = [
        f"Groups of {length}, {scale} scales. dB: signal to noise of all matrices together, higher is better; gain: "
        f"mean over matrices of the difference to {ELEMENTS[first]} in dB with its 95 % interval, and on how many "
        "matrices the element is ahead; L1: Σ|W − Ŵ| ÷ Σ|W|."
    ]
    for source, title in SOURCES.items():
        rows = table[(table["source"] == source) & (table["scale"] == scale) & (table["hadamard"] == 0)]
        parts.append(
            _table(
                [title, "bits", "dB", f"gain over {ELEMENTS[first]}", "ahead", "L1, %"],
                [
                    [
                        ELEMENTS[row.element],
                        f"{row.bits_per_element:.4f}",
                        f"{row.sqnr_db:.2f}",
                        "–" if row.element == first else _span(row.gain, row.gain_low, row.gain_high),
                        "–" if row.element == first else f"{row.ahead} of {row.matrices}",
                        f"{100 * row.l1:.2f}",
                    ]
                    for row in rows.itertuples()
                ],
            )
        )
    plain = table[table["hadamard"] == 0].pivot(index=["source", "element"], columns="scale", values="sqnr_db")
    spread = (plain.max(axis=1) - plain.min(axis=1)).max()
    parts.append(
        f"Between {', '.join(config['elements']['scales'])} scales no element differs by more than {spread:.4f} dB on "
        "any of the four kinds of weights."
    )
    parts.append(_tails(found.matrices, config))
    return parts


def _tails(matrices: pandas.DataFrame, config: Config) -> str:
    ranks = matrices.drop(columns="matrix").rank()
    told = ", ".join(
        f"{ELEMENTS[element]} {ranks['excess_kurtosis'].corr(ranks[element]):+.2f}".replace("-", "−")
        for element in config["elements"]["names"][1:]
    )
    first = ELEMENTS[config["elements"]["names"][0]]
    return (
        f"Rank correlation, over the {len(matrices)} matrices of the encoder, of excess kurtosis (median "
        f"{matrices['excess_kurtosis'].median():.2f}, largest {matrices['excess_kurtosis'].max():.0f}) with the gain "
        f"over {first}: {told}."
    )


def _tables(found: Answers) -> list[str]:
    tables = found.tables
    parts = []
    for column, title, factor in (("sqnr_db", "dB, normal values", 1), ("l1", "L1 in %, normal values", 100)):
        wide = tables.pivot(index="table", columns="length", values=column).loc[tables["table"].unique()] * factor
        parts.append(
            _table(
                [title, *(f"groups of {length}" for length in wide.columns)],
                [[ELEMENTS.get(name, name), *(f"{value:.2f}" for value in row)] for name, row in wide.iterrows()],
            )
        )
    use = found.code_use
    told = "; ".join(
        f"{SOURCES[source]}: "
        + ", ".join(
            f"{ELEMENTS[row.element]} {row.entropy:.3f} bits, from {100 * row.shares[row.shares > 0].min():.1f} to "
            f"{100 * row.shares.max():.1f} %"
            for row in rows.itertuples()
        )
        for source, rows in use.groupby("source", sort=False)
    )
    parts.append(f"Entropy of the codes in groups of 64, and the share of the rarest and the commonest code: {told}.")
    parts.append(
        "The table that is fitted each sign by itself for groups of 64 is nowhere further than "
        f"{found.distance_to_af4:.4f} from AF4."
    )
    return parts


def _budgets(scales: pandas.DataFrame, config: Config) -> list[str]:
    budgets = config["scales"]["budgets"]
    parts = [
        "dB of all matrices together at equal bits a weight, the group's length before the colon; the best in bold. "
        "Double quantization needs up to 0.008 bits more than the head says. E8M0 with the recipe that is best there."
    ]
    runners = []
    for source in scales["source"].unique():
        for element in config["scales"]["elements"]:
            mine = scales[(scales["source"] == source) & (scales["element"] == element)]
            cells = {budget: _best_by_kind(mine, budget) for budget in budgets}
            winners = {budget: max(rows.values(), key=lambda row: row.sqnr_db) for budget, rows in cells.items()}
            lines = [
                [SCALES[kind], *(_cell(cells[budget].get(kind), winners[budget]) for budget in budgets)]
                for kind in SCALES
                if any(kind in rows for rows in cells.values())
            ]
            head = f"{ELEMENTS[element]}, {SOURCES[source]}"
            parts.append(_table([head, *(f"{budget} bits" for budget in budgets)], lines))
            runners.append(f"{head}: " + ", ".join(_leads(cells[b], winners[b], b, config) for b in budgets))
    parts.append(
        "How far the best stands before the best with another group length, mean over matrices in dB with its 95 % "
        "interval:\n\n" + "\n".join(f"- {line}" for line in runners)
    )
    few = scales[[isinstance(length, str) for length in scales["length"]]]
    parts.append(
        _table(
            ["one scale", "weights", "bits", "dB"],
            [
                [
                    f"{ELEMENTS[row.element]}, {'a row' if row.length == 'channel' else 'a matrix'}",
                    SOURCES[row.source],
                    f"{row.bits_per_element:.4f}",
                    f"{row.sqnr_db:.2f}",
                ]
                for row in few.itertuples()
            ],
        )
    )
    return parts


def _best_by_kind(rows: pandas.DataFrame, budget: float) -> dict[str, Any]:
    """By kind of scale, the best row that takes this many bits (double quantization: hardly more)."""
    found: dict[str, Any] = {}
    for row in rows.itertuples():
        kind = kind_of_scale(row.scale)
        fits = abs(row.bits_per_element - budget) < 0.01 and isinstance(row.length, int)
        if fits and (kind not in found or row.sqnr_db > found[kind].sqnr_db):
            found[kind] = row
    return found


def _cell(row: Any, winner: Any) -> str:
    if row is None:
        return "–"
    recipe = f" ({recipe_of(row.scale)})" if recipe_of(row.scale) else ""
    text = f"{row.length}: {row.sqnr_db:.2f}{recipe}"
    return f"**{text}**" if row is winner else text


def _leads(rows: dict[str, Any], winner: Any, budget: float, config: Config) -> str:
    others = [row for row in rows.values() if row.length != winner.length]
    if not others:
        return f"{budget} bits: no other length"
    second = max(others, key=lambda row: row.sqnr_db)
    return f"{budget} bits {_span(*of_mean(winner.by_matrix - second.by_matrix, config))}"


def _hadamard(table: pandas.DataFrame, config: Config) -> list[str]:
    lengths, scale = config["hadamard"]["lengths"], config["hadamard"]["scale"]
    parts = [
        f"Groups of {config['elements']['length']}, {scale} scales: mean over matrices of what a transform of that "
        "length gains, in dB with its 95 % interval, and all matrices together without and with the middle one."
    ]
    middle = lengths[len(lengths) // 2]
    for source, title in SOURCES.items():
        rows = table[(table["source"] == source) & (table["scale"] == scale)]
        by = {length: group.set_index("element") for length, group in rows.groupby("hadamard")}
        parts.append(
            _table(
                [title, *(f"gain of {length}" for length in lengths), "without, dB", f"with {middle}, dB"],
                [
                    [
                        ELEMENTS[element],
                        *(
                            _span(*by[n].loc[element, ["turned", "turned_low", "turned_high"]], digits=3)
                            for n in lengths
                        ),
                        f"{by[0].loc[element, 'sqnr_db']:.2f}",
                        f"{by[middle].loc[element, 'sqnr_db']:.2f}",
                    ]
                    for element in by[middle].index
                ],
            )
        )
    return parts


def _double_quantization() -> str:
    values = np.zeros(64 * 256 * 64, dtype=np.float32)  # the bits do not depend on the values
    plain, double = (hu.quantize(values, name, axis=None) for name in ("nf4_64", "nf4_64_dq256"))
    scales = [8 * one.nbytes / values.size - 4 for one in (plain, double)]
    return (
        f"Scales of groups of 64 take {scales[0]:.3f} bits a weight as binary32 and {scales[1]:.5f} doubly quantized "
        f"in runs of 256, {scales[0] - scales[1]:.3f} saved: 8/64 + 32/(64·256) = {8 / 64 + 32 / (64 * 256):.5f}, and "
        f"one binary32 offset for the whole array of {values.size} values."
    )
