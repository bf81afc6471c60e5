"""The two pictures of the results."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import numpy as np
import pandas
from findings import CLAIM, wide
from halfulp.tasks import REFERENCE
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's colours; a marker's shape says the same once more.
STYLES = {
    "E8M0 per group": ("#0072B2", "o"),
    "bfloat16 per group": ("#D55E00", "s"),
    "E4M3 per group, binary32 per tensor": ("#009E73", "^"),
    "one for all, or none": ("#7F7F7F", "X"),
    "binary32 per vector": ("#CC79A7", "D"),
}


def kind(name: str) -> str:
    """The kind of scales, a key of STYLES."""
    scheme = hu.scheme(name)
    if isinstance(scheme, hu.phase.ComplexScheme):
        return "binary32 per vector"
    levels = scheme.levels
    if not levels or levels[0].group == "tensor":
        return "one for all, or none"
    scale = str(levels[0].format)
    if scale == "e8m0fnu":
        return "E8M0 per group"
    if scale == "e4m3fn":
        return "E4M3 per group, binary32 per tensor"
    return "binary32 per vector" if scale == "binary32" else "bfloat16 per group"


def weights(table: pandas.DataFrame) -> Any:
    """Bits per weight against what the embedding model and the language model lose, with 95 % intervals."""
    figure = _figure(15, 5.6)
    left, middle, right = figure.subplots(1, 3)
    embedding = wide(table[(table["task"] == "embedding") & (table["matrices"] == "all")])
    language = wide(table[table["task"] == "language_model"])
    for axes, rows, metric, scale in (
        (left, embedding, "cosine", None),
        (middle, embedding, "ndcg@10_loss", 100),
        (right, language, "perplexity_ratio", None),
    ):
        _points(axes, rows.drop(index=REFERENCE), metric, scale)
        axes.set_xlabel("bits per weight, scales counted")
        axes.grid(color="#E6E6E6", linewidth=0.6)
        axes.set_axisbelow(True)
    left.set_yscale("log")
    left.set_ylabel("1 − cosine to the full-precision embedding")
    left.set_title("Embeddings of sentences", loc="left")
    middle.set_ylabel("loss of nDCG@10 against full precision, %")
    middle.axhline(0, color="#222222", linewidth=0.8)
    middle.set_yscale("symlog", linthresh=1)
    middle.yaxis.set_major_formatter("{x:g}")
    middle.set_yticks([-1, -0.5, 0, 0.5, 1, 2, 5, 10])
    middle.set_title("Retrieval: headword → definition", loc="left")
    right.set_yscale("log")
    right.yaxis.set_major_formatter("{x:g}")
    right.yaxis.set_minor_formatter("{x:g}")
    right.axhline(1, color="#222222", linewidth=0.8)
    right.set_ylabel("perplexity ÷ perplexity as stored")
    right.set_title("Language model (stored in 4 bits already)", loc="left")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, frameon=False, title="scales")
    return figure


def _points(axes: Any, rows: pandas.DataFrame, metric: str, scale: float | None) -> None:
    for label, (colour, marker) in STYLES.items():
        mine = rows[[kind(name) == label for name in rows.index]]
        if mine.empty:
            continue
        value, low, high = (mine[f"{metric}{part}"].to_numpy() for part in ("", "_low", "_high"))
        if metric == "cosine":
            value, low, high = 1 - value, 1 - high, 1 - low
        value, low, high = (np.asarray(v) * (scale or 1) for v in (value, low, high))
        axes.errorbar(
            mine["bits_per_element"],
            value,
            yerr=np.clip([value - low, high - value], 0, None),
            fmt=marker,
            color=colour,
            markersize=5.5,
            elinewidth=0.9,
            capsize=2,
            alpha=0.85,
            label=label,
        )
    if metric == "ndcg@10_loss":
        return  # points too close for names
    for name, row in rows.iterrows():
        crowded = name == "mxfp8_e4m3" and metric != "cosine"
        if name in ("mxfp4", "nvfp4", "mxfp6_e2m3", "mxfp8_e4m3") and not crowded:
            value = (1 - row[metric]) if metric == "cosine" else row[metric] * (scale or 1)
            left = row["bits_per_element"] > 7
            axes.annotate(
                name,
                (row["bits_per_element"], value),
                xytext=(-7, 3) if left else (7, 5),
                textcoords="offset points",
                ha="right" if left else "left",
                fontsize=8,
            )


def stored(table: pandas.DataFrame) -> Any:
    """The loss of nDCG@10 for each way to store the vectors, with 95 % intervals, and the claimed 0.3 %."""
    rows = wide(table[table["task"] == "stored_embedding"]).drop(index=REFERENCE).sort_values("bits_per_element")
    figure = _figure(10, 0.26 * len(rows) + 1.7)
    axes = figure.subplots()
    for place, (name, row) in enumerate(rows.iterrows()):
        colour, marker = STYLES[kind(str(name))]
        value, low, high = (100 * row[f"ndcg@10_loss{part}"] for part in ("", "_low", "_high"))
        error = np.clip([[value - low], [high - value]], 0, None)
        label = kind(str(name))
        axes.errorbar(value, place, xerr=error, fmt=marker, color=colour, markersize=6, capsize=2.5, label=label)
    axes.axvline(100 * CLAIM, color="#D55E00", linewidth=1, linestyle="--")
    axes.annotate(
        "claimed: under 0.3 %",
        (100 * CLAIM, len(rows) - 0.6),
        xytext=(4, 0),
        textcoords="offset points",
        color="#D55E00",
        va="bottom",
        fontsize=9,
    )
    axes.axvline(0, color="#222222", linewidth=0.8)
    axes.set_yticks(
        range(len(rows)), [f"{name}  {row['compression']:.2f}×" for name, row in rows.iterrows()], fontsize=9
    )
    axes.set_ylim(-0.7, len(rows) + 0.3)
    axes.set_xlabel("loss of nDCG@10 against float32 vectors, %, with its 95 % interval (linear up to 0.5)")
    axes.set_title("Vectors stored in few bits, and how many times smaller they are", loc="left")
    axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xscale("symlog", linthresh=0.5)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xticks([-0.5, -0.3, -0.1, 0, 0.1, 0.3, 0.5, 1, 2, 5, 10])
    labels = axes.get_legend_handles_labels()
    handles = dict(zip(labels[1], labels[0], strict=True))
    known = [name for name in STYLES if name in handles]
    axes.legend([handles[name] for name in known], known, loc="lower left", title="scales", alignment="left")
    return figure


def _figure(width: float, height: float) -> Any:
    figure = Figure(figsize=(width, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    return figure
