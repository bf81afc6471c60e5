"""The findings as tables: every number is computed from the results."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas
from allocation import KINDS as ALLOCATION_KINDS
from allocation import Kind
from claims import claims
from names import KINDS, METHODS
from pictures import price_of_codes, price_of_rank, with_bits
from questions import Answers

from methods import BIAS, BIAS_EXACT, GPTQ, GPTQ_EXACT, NONE

Config = dict[str, Any]


def tell(found: Answers, table: pandas.DataFrame, config: Config) -> str:
    rows = table[table["factors"].isin(["", config["closed_form"]["factors"][0]])]
    parts = [
        "### Claims",
        _claims(found, table, config),
        "### Errors by scheme and method",
        *_errors(rows, config),
        "### Methods that change the quantized part or the bias",
        *_joint(rows, config),
        "### What a bit buys",
        *_prices(rows, config),
        "### Through the encoder",
        *_task(found, table, config),
        "### Allocations",
        *_allocations(found),
    ]
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float, digits: int = 2) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "−")


def _claims(found: Answers, table: pandas.DataFrame, config: Config) -> str:
    told = [[claim.source, claim.claim, claim.found, claim.holds] for claim in claims(found, table, config)]
    return _table(["from", "claim", "found here", "holds"], told)


def _errors(rows: pandas.DataFrame, config: Config) -> list[str]:
    ranks = config["closed_form"]["ranks"]
    rank = ranks[len(ranks) // 2]
    methods = config["closed_form"]["methods"]
    lines = []
    for _, own in sorted(rows.groupby("scheme", sort=False), key=lambda pair: pair[1]["code_bits"].iloc[0]):
        cell = own.set_index(["method", "rank"])
        base, best = cell.loc[(NONE, 0)], cell.loc[("qera_exact", rank)]
        lines.append(
            [
                f"{KINDS[own['kind'].iloc[0]]}, `{own['scheme'].iloc[0]}`",
                _number(base["bits_per_weight"], 3),
                _number(base["held_out_db"]),
                _number(best["bits_per_weight"], 3),
                *(_number(cell.loc[(method, rank), "held_out_db"]) for method in methods),
                f"{_number(best['gain'])} ({_number(best['gain_low'])} to {_number(best['gain_high'])})",
            ]
        )
    head = [
        "scheme",
        "bits",
        "uncorrected",
        f"bits with rank {rank}",
        *(METHODS[m] for m in methods),
        "gain of the last",
    ]
    about = (
        "Output error on held-out texts in dB, mean over matrices, lower is better; bits a weight with scales and "
        f"factors ({config['closed_form']['factors'][0]}). Gain: dB of output error on the calibration texts below the "
        "uncorrected scheme, with its 95 % interval over matrices."
    )
    return [about, _table(head, lines)]


def _joint(rows: pandas.DataFrame, config: Config) -> list[str]:
    joint = config["joint"]
    ranks = joint["ranks"]
    order = [NONE, "zeroquant_v2", "qera_exact", "loftq", "svdquant", "caldera", GPTQ, GPTQ_EXACT, BIAS, BIAS_EXACT]
    lines = []
    for kind in dict.fromkeys(k for m in ("loftq", "svdquant", "caldera", "gptq") for k in joint[m]["kinds"]):
        for method in order:
            for rank in [0] if method in (NONE, GPTQ, BIAS) else ranks:
                own = rows[(rows["kind"] == kind) & (rows["method"] == method) & (rows["rank"] == rank)]
                if len(own):
                    cells = own.set_index("code_bits")
                    lines.append(
                        [
                            KINDS[kind],
                            METHODS[method],
                            str(rank),
                            *(
                                f"{_number(cells.loc[b, 'weight_db'])}, {_number(cells.loc[b, 'held_out_db'])}"
                                for b in (2, 3, 4)
                            ),
                        ]
                    )
    about = (
        "Weight error, then output error on held-out texts, in dB, means over matrices, for codes of 2, 3 and 4 bits."
    )
    return [about, _table(["codes", "method", "rank", "2 bits", "3 bits", "4 bits"], lines)]


def _prices(rows: pandas.DataFrame, config: Config) -> list[str]:
    lines = []
    for kind in config["schemes"]:
        own = rows[rows["kind"] == kind]
        codes = price_of_codes(own, "held_out_db")
        for bits in (2, 3, 4):
            steps = price_of_rank(own[own["code_bits"] == bits], "qera_exact", "held_out_db")
            lines.append(
                [
                    KINDS[kind],
                    str(bits),
                    *(_number(p, 1) for p in steps["price"]),
                    _number(codes[bits], 1) if bits < 4 else "–",
                ]
            )
    ranks = [0, *config["closed_form"]["ranks"]]
    head = [
        "codes",
        "bits",
        *(f"rank {a} to {b}" for a, b in pairwise(ranks)),
        "one more bit of code",
    ]
    return [
        "dB of held-out output error for one more bit a weight: spent on the rank of QERA-exact, or on codes.",
        _table(head, lines),
    ]


def _task(found: Answers, table: pandas.DataFrame, config: Config) -> list[str]:
    measures = {m: with_bits(found, table, config, m) for m in ("drift", "overlap@10", "ndcg@10_loss")}
    first = measures["drift"]
    shown = first[(first["kind"] == config["end_task"]["kind"])].sort_values(["code_bits", "rank"], kind="stable")
    lines = [
        [
            f"{METHODS[row.method]}",
            f"{int(row.code_bits)}",
            f"{int(row.rank)}",
            _number(row.bits_per_weight, 3),
            *(
                _span(_one(measures[m], row), digits)
                for m, digits in (("drift", 4), ("overlap@10", 3), ("ndcg@10_loss", 3))
            ),
        ]
        for row in shown.itertuples()
    ]
    return [
        f"{KINDS[config['end_task']['kind']].capitalize()}. Drift: 1 − cosine of sentences' vectors to the original's; "
        "overlap: share of its ten nearest definitions still found; loss: of nDCG@10, relative. 95 % intervals over "
        "sentences and queries.",
        _table(["method", "code bits", "rank", "bits", "drift", "overlap@10", "nDCG@10 lost"], lines),
    ]


def _one(rows: pandas.DataFrame, like: Any) -> Any:
    same = rows[(rows["method"] == like.method) & (rows["scheme"] == like.scheme) & (rows["rank"] == like.rank)]
    return next(same.itertuples())


def _span(row: Any, digits: int) -> str:
    return f"{_number(row.value, digits)} ({_number(row.low, digits)} to {_number(row.high, digits)})"


def _allocations(found: Answers) -> list[str]:
    drift = found.drift[found.drift["metric"] == "drift"].set_index(["allocation", "budget"])
    overlap = found.drift[found.drift["metric"] == "overlap@10"].set_index(["allocation", "budget"])
    lines = []
    for row in found.allocations.itertuples():
        key = (row.allocation, row.budget)
        lines.append(
            [
                row.allocation,
                f"{row.budget:g}",
                _number(row.held_out_db),
                _number(row.cost, 4) if "by drift" in row.allocation else "–",
                f"{row.corrected}, {row.mean_rank:.1f}",
                _span(_row(drift, key), 4),
                _span(_row(overlap, key), 3),
            ]
        )
    proved = int(found.allocations["optimal"].sum())
    return [
        f"The least sum over layers within a budget; {proved} of {len(found.allocations)} are "
        f"proved to be best. {'; '.join(map(_kind, ALLOCATION_KINDS))}.",
        _table(
            [
                "allocation",
                "budget",
                "held-out dB",
                "drift foretold",
                "layers corrected, mean rank",
                "drift",
                "overlap@10",
            ],
            lines,
        ),
    ]


def _kind(kind: Kind) -> str:
    names = "every method" if kind.methods is None else " or ".join(METHODS[m] for m in kind.methods)
    by = f"{kind.cost.replace('_', ' ')}{' times sensitivity' if kind.by_drift else ''}"
    return f"“{kind.name}”: {names}, by {by}"


def _row(rows: pandas.DataFrame, key: tuple[str, float]) -> Any:
    return next(rows.loc[[key]].itertuples())
