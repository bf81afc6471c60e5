"""The findings in sentences and tables: every number is computed from the results."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
import pandas
from halfulp.tasks import REFERENCE

CLAIM = 0.003  # "8-bit float storage, four times smaller, loses under 0.3 %"


def tell(table: pandas.DataFrame, errors: pandas.DataFrame) -> str:
    embedding, stored, language = (
        wide(table[(table["task"] == task) & table["matrices"].isin(["all", ""])])
        for task in ("embedding", "stored_embedding", "language_model")
    )
    linear = wide(table[table["matrices"] == "linear"])
    lines = [
        *_weights(embedding, linear),
        *_groups(embedding),
        *_error(embedding, errors),
        *_claim(stored),
        *_language(language),
    ]
    text = "\n".join(f"- {line}" for line in lines)
    return f"{text}\n\n{_tables(embedding, stored, language)}\n"


def wide(table: pandas.DataFrame) -> pandas.DataFrame:
    """One row a scheme, in the table's order: a column for each metric's value, and metric_low, metric_high."""
    parts = [
        table.pivot(index="scheme", columns="metric", values=part).add_suffix("" if part == "value" else f"_{part}")
        for part in ("value", "low", "high")
    ]
    return pandas.concat(parts, axis=1).loc[list(dict.fromkeys(table["scheme"]))]


def _span(row: Any, metric: str, scale: float = 1, digits: int = 2, unit: str = "") -> str:
    """A value with its interval: 0.12 (0.05 to 0.19) %."""
    value, low, high = (scale * row[f"{metric}{part}"] for part in ("", "_low", "_high"))
    return f"{value:.{digits}f}{unit} ({low:.{digits}f} to {high:.{digits}f})".replace("-", "−")


def _weights(embedding: pandas.DataFrame, linear: pandas.DataFrame) -> list[str]:
    reference = embedding.loc[REFERENCE]
    schemes = embedding.drop(index=REFERENCE)
    harmful = schemes["ndcg@10_loss_low"] > 0
    widths = pandas.Series([hu.scheme(name).element.bits for name in schemes.index], index=schemes.index)
    counts = {bits: harmful[widths == bits] for bits in sorted(set(widths))}
    told = ", ".join(f"{bits} bits {sum(lost)} of {len(lost)}" for bits, lost in counts.items())
    worst = schemes["ndcg@10_loss"].idxmax()
    found = [
        f"Embedding model, full precision: nDCG@10 {_span(reference, 'ndcg@10', digits=3)}, recall@10 "
        f"{_span(reference, 'recall@10', digits=3)}.",
        f"Quantized weights: of {len(schemes)} schemes {sum(harmful)} lose nDCG@10 for certain (their interval lies "
        f"above 0), by width of the elements: {told}. The worst is {worst} with "
        f"{_span(schemes.loc[worst], 'ndcg@10_loss', 100, 1, ' %')}.",
    ]
    for name in ("mxfp4", "nvfp4", "mxfp6_e2m3", "mxfp8_e4m3"):
        row = schemes.loc[name]
        found.append(
            f"{name}: cosine {row['cosine']:.4f}, Spearman {row['spearman']:.4f}, nDCG@10 loss "
            f"{_span(row, 'ndcg@10_loss', 100, unit=' %')}, {100 * row['overlap@10']:.0f} % of the first ten kept."
        )
    for name in linear.index.drop(REFERENCE):
        a, b = schemes.loc[name, "cosine"], linear.loc[name, "cosine"]
        found.append(
            f"With the embedding tables left in full precision {name} has cosine {b:.4f} instead of {a:.4f}: the "
            f"tables hold half of the weights and make {100 * (b - a) / (1 - a):.0f} % of the distance."
        )
    return found


def _groups(embedding: pandas.DataFrame) -> list[str]:
    """How 1 − cosine changes with the length of groups and with the scale format, 4-bit elements."""
    told = []
    for scale in ("e8m0fnu", "bfloat16", "e4m3fn/tensor:binary32"):
        values = []
        for length in (16, 32, 64, 128):
            name = next(
                (n for n in (f"e2m1fn/{length}:{scale}", _PUBLISHED.get((length, scale), "")) if n in embedding.index),
                None,
            )
            values.append(f"{1 - embedding.loc[name, 'cosine']:.4f}" if name else "–")
        told.append(f"{scale} {', '.join(values)}")
    return [f"4-bit elements (e2m1fn), 1 − cosine with groups of 16, 32, 64, 128: {'; '.join(told)}."]


_PUBLISHED = {(32, "e8m0fnu"): "mxfp4", (16, "e4m3fn/tensor:binary32"): "nvfp4"}


def _error(embedding: pandas.DataFrame, errors: pandas.DataFrame) -> list[str]:
    joined = errors.set_index("scheme")["relative_error"]
    both = embedding.drop(index=REFERENCE).assign(error=joined).dropna(subset=["error"])
    ranks = both[["error", "cosine", "ndcg@10_loss"]].rank()
    cosine = -ranks["error"].corr(ranks["cosine"])
    loss = ranks["error"].corr(ranks["ndcg@10_loss"])
    return [
        f"Does the weights' error tell what the task loses? Over {len(both)} schemes the rank correlation of the "
        f"relative error Σ(W − Ŵ)² ÷ ΣW² is {cosine:.3f} with 1 − cosine and {loss:.3f} with the loss of nDCG@10."
    ]


def _claim(stored: pandas.DataFrame) -> list[str]:
    schemes = stored.drop(index=REFERENCE)
    eight = schemes[schemes["bits_per_element"].between(7.9, 8.3)]
    found = []
    for name, row in eight.iterrows():
        low, high = row["ndcg@10_loss_low"], row["ndcg@10_loss_high"]
        verdict = "holds" if high < CLAIM else "does not hold" if low > CLAIM else "is not decided"
        found.append(
            f"The claim that 8-bit storage loses under 0.3 % {verdict} for {name} ({row['compression']:.2f}× smaller): "
            f"nDCG@10 loss {_span(row, 'ndcg@10_loss', 100, unit=' %')}, recall@10 loss "
            f"{_span(row, 'recall@10_loss', 100, unit=' %')}."
        )
    for name, row in schemes.drop(index=eight.index).sort_values("bits_per_element").iterrows():
        found.append(
            f"Stored as {name} ({row['compression']:.2f}× smaller): nDCG@10 loss "
            f"{_span(row, 'ndcg@10_loss', 100, unit=' %')}, {100 * row['overlap@10']:.0f} % of the first ten kept."
        )
    return found


def _language(language: pandas.DataFrame) -> list[str]:
    reference = language.loc[REFERENCE]
    schemes = language.drop(index=REFERENCE)
    certain = schemes[schemes["perplexity_ratio_low"] > 1]
    best = schemes.loc[[n for n in schemes.index if n not in certain.index]]
    free = (
        f"no certain rise under {len(best)} of them, the fewest bits among those {best['bits_per_element'].idxmin()}"
        if len(best)
        else "a certain rise under every one of them"
    )
    worst = schemes["perplexity_ratio"].idxmax()
    return [
        f"Language model (its file stores weights in 4 bits already): perplexity "
        f"{_span(reference, 'perplexity', digits=1)} as stored. Under a second quantization by {len(schemes)} "
        f"schemes: {free}.",
        *(
            f"{name}: perplexity × {_span(schemes.loc[name], 'perplexity_ratio', digits=3)}, the likeliest token "
            f"unchanged at {100 * schemes.loc[name, 'agreement']:.0f} % of places."
            for name in dict.fromkeys(["mxfp8_e4m3", "mxfp6_e2m3", "nvfp4", "mxfp4", worst])
        ),
    ]


def _tables(embedding: pandas.DataFrame, stored: pandas.DataFrame, language: pandas.DataFrame) -> str:
    def table(title: str, rows: pandas.DataFrame, columns: dict[str, Any]) -> str:
        lines = [f"### {title}", "", f"| scheme | bits | {' | '.join(columns)} |", f"|---|---{'|---' * len(columns)}|"]
        for name, row in rows.sort_values("bits_per_element", na_position="last").iterrows():
            bits = "–" if np.isnan(row["bits_per_element"]) else f"{row['bits_per_element']:.3f}"
            lines.append(f"| {name} | {bits} | {' | '.join(cell(row) for cell in columns.values())} |")
        return "\n".join(lines) + "\n"

    def loss(metric: str) -> Any:
        return lambda row: _span(row, f"{metric}_loss", 100)

    kept = {"cosine": lambda row: f"{row['cosine']:.4f}"}
    retrieval = {"nDCG@10 loss, %": loss("ndcg@10"), "recall@10 loss, %": loss("recall@10")}
    overlap = {"first ten kept, %": lambda row: f"{100 * row['overlap@10']:.1f}"}
    spearman = {"Spearman": lambda row: _span(row, "spearman", digits=4)}
    perplexity = {
        "perplexity": lambda row: _span(row, "perplexity", digits=1),
        "ratio": lambda row: _span(row, "perplexity_ratio", digits=3),
        "same token, %": lambda row: f"{100 * row['agreement']:.1f}",
    }
    return "\n".join(
        [
            table("Embedding model, quantized weights", embedding, kept | spearman | retrieval | overlap),
            table("Stored vectors", stored, kept | retrieval | overlap),
            table("Language model, weights quantized a second time", language, perplexity),
        ]
    )
