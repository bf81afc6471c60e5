"""The findings as sentences and tables: every number is computed from the results."""

from __future__ import annotations

from typing import Any

import claims
from choices import LOSSES, candidates, cheapest, duels, row
from names import APART, AS_TRAINED, BADLY_SCALED, NETWORKS, TECHNIQUES, title
from tables import Tables
from words import decibel, points, span, table

Config = dict[str, Any]
KINDS = {
    "int{N}s/channel": "INT{N} by channel",
    "int{N}s/tensor": "INT{N} by tensor",
    "uint{N}/channel@zero_point": "INT{N} with zero point, by channel",
    "uint{N}/tensor@zero_point": "INT{N} with zero point, by tensor",
}


def tell(found: Tables, config: Config) -> str:
    parts = [
        "### The networks",
        *_networks(found, config),
        "### Integers",
        *_integers(found, config),
        "### Minifloats against integers of the same width",
        *_formats(found, config),
        "### Equalization and bias correction",
        *_techniques(found, config),
        "### What a unit costs",
        *_costs(found, config),
        "### The papers' claims",
        claims.tell(found, config),
    ]
    return "\n\n".join(parts) + "\n"


def _networks(found: Tables, config: Config) -> list[str]:
    rows = []
    for name, about in found.networks.groupby("network", sort=False):
        value = found.accuracy[name]
        rows.append(
            [
                NETWORKS[name],
                f"{about['parameters'].iloc[0]}",
                f"{100 * value.value:.2f} ({100 * value.low:.2f} to {100 * value.high:.2f})",
                f"{100 * about['test_accuracy'].min():.2f} to {100 * about['test_accuracy'].max():.2f}",
                f"{100 * about['train_accuracy'].mean():.2f}",
                f"{about['spread'].median():.1f}",
                f"{about['spread_folded'].median():.1f}",
            ]
        )
    simple = ", ".join(f"{name} {100 * value:.2f} %" for name, value in found.baselines.items())
    return [
        f"Accuracy in binary64 over {len(config['seeds'])} training seeds, in %, with its 95 % interval over seeds and "
        "images; spread: how much larger the largest weight of a layer's widest output channel is than that of its "
        "narrowest one, in the hidden layer where that is most, before and after batch normalization is folded "
        "(median over seeds).",
        table(["network", "parameters", "test", "seeds", "training", "spread", "folded"], rows),
        f"The same test images by simpler means: {simple}.",
    ]


def _integers(found: Tables, config: Config) -> list[str]:
    parts = ["Drift: accuracy less that of binary64, in points, with its 95 % interval."]
    widths = config["integers"]["widths"]
    for name in config["networks"]:
        mine = found.integers[found.integers["network"] == name]
        columns = [(AS_TRAINED, ""), (AS_TRAINED, "uint8"), (BADLY_SCALED, "")]
        if APART in set(mine["condition"]):
            columns.append((APART, ""))
        heads = [f"{c}{', activations UINT8' if a else ''}" for c, a in columns]
        rows = []
        for width in widths:
            for kind in config["integers"]["weights"]:
                weights = kind.replace("{N}", str(width))
                cells = [span(row(mine, condition=c, weights=weights, activations=a)) for c, a in columns]
                rows.append([KINDS[kind].replace("{N}", str(width)), *cells])
        for a in filter(None, config["integers"]["activations"]):
            plain = [span(row(mine, condition=c, weights="", activations=a)) if not b else "" for c, b in columns]
            rows.append([f"weights in binary64, activations {a.upper()}", *plain])
        parts.append(table([NETWORKS[name], *heads], rows))
    parts.append("The relative squared error of the logits under the same weights, in dB (weights alone):")
    rows = []
    heads = []
    for width in widths:
        for kind in config["integers"]["weights"]:
            weights = kind.replace("{N}", str(width))
            cells, heads = [], []
            for name in config["networks"]:
                mine = found.integers[(found.integers["network"] == name) & (found.integers["activations"] == "")]
                for condition in mine["condition"].unique():
                    heads.append(f"{NETWORKS[name]}, {condition}")
                    cells.append(decibel(row(mine, condition=condition, weights=weights).logit_error))
            rows.append([KINDS[kind].replace("{N}", str(width)), *cells])
    parts.append(table(["weights", *heads], rows))
    return parts


def _formats(found: Tables, config: Config) -> list[str]:
    parts = [
        "The integer of each width and the minifloat of that width with the least error of the logits. Weights have a "
        "scale for each output channel, activations one for each layer and no sign (the sign bit is one of mantissa "
        "there); scales have the least squared error. dB: the logits' relative squared error; drift of both together "
        "in points; ahead: the minifloat's accuracy less the integer's, with its 95 % interval."
    ]
    every = duels(found, config)
    for name in config["networks"]:
        for condition in (AS_TRAINED, BADLY_SCALED):
            rows = []
            for width in config["formats"]["widths"]:
                mine = {
                    d.where: d for d in every if d.network == name and d.condition == condition and d.width == width
                }
                cells = [
                    f"{decibel(mine[w].integer.logit_error)} / {decibel(mine[w].minifloat.logit_error)} "
                    f"{title(mine[w].minifloat.format)}"
                    for w in ("weights", "activations", "both")
                ]
                both = mine["both"]
                drifts = [points(both.integer.drift), points(both.minifloat.drift), span(both.ahead)]
                rows.append([f"{width}", *cells, *drifts])
            head = [f"{NETWORKS[name]}, {condition}: bits", "weights, dB", "activations, dB", "both, dB"]
            parts.append(table([*head, "drift INT", "drift minifloat", "ahead"], rows))
    parts.append(_rules(found, config))
    parts.append(_signs(found, config))
    return parts


def _rules(found: Tables, config: Config) -> str:
    """What scales with the least squared error gain over those from the largest magnitude."""
    rows = found.formats[(found.formats["where"] == "both") & (found.formats["technique"] == "")]
    wide = rows.pivot(index=["network", "condition", "format"], columns="rule", values="drift")
    gain = wide["mse"] - wide["absmax"]
    told = []
    for width in config["formats"]["widths"]:
        integer = gain.xs(f"int{width}s", level="format").mean()
        minifloat = f"e2m{width - 3}f"
        of_float = gain.xs(minifloat, level="format").mean()
        told.append(f"{points(integer)} for INT{width} and {points(of_float)} for {title(minifloat)}")
    return (
        "Scales with the least squared error in place of those from the largest magnitude, both quantized, change "
        f"accuracy by (points, mean over networks and conditions): {'; '.join(told)}."
    )


def _signs(found: Tables, config: Config) -> str:
    """What a sign bit costs activations that are never negative."""
    rows = found.formats[(found.formats["rule"] == "mse") & (found.formats["technique"] == "")]
    rows = rows[rows["condition"] == AS_TRAINED]
    wide = rows.pivot(index=["network", "format"], columns="where", values="drift")
    loss = wide["both, signed"] - wide["both"]
    told = [f"{n} bits {points(loss.xs(f'int{n}s', level='format').mean())}" for n in config["formats"]["widths"]]
    return f"A sign bit that activations do not need costs integers (points, mean over networks): {', '.join(told)}."


def _techniques(found: Tables, config: Config) -> list[str]:
    parts = [
        "Weights and activations in the formats of the tables above (the minifloat is the best one without a "
        "technique). Drift in points and the logits' relative squared error in dB."
    ]
    best = {(d.network, d.condition, d.width): d.minifloat.format for d in duels(found, config) if d.where == "both"}
    rows = found.formats[(found.formats["rule"] == "mse") & (found.formats["where"] == "both")]
    techniques = config["formats"]["techniques"]
    for name in config["networks"]:
        for condition in (AS_TRAINED, BADLY_SCALED):
            mine = rows[(rows["network"] == name) & (rows["condition"] == condition)]
            lines = []
            for width in config["formats"]["widths"]:
                for form in (f"int{width}s", best[name, condition, width]):
                    cells = [row(mine, format=form, technique=technique) for technique in techniques]
                    lines.append([title(form), *(f"{points(c.drift)}, {decibel(c.logit_error)}" for c in cells)])
            parts.append(table([f"{NETWORKS[name]}, {condition}", *(TECHNIQUES[t] for t in techniques)], lines))
    return parts


def _costs(found: Tables, config: Config) -> list[str]:
    parts = [
        "Every format of weights with every one of activations, networks as trained, each pair with or without both "
        "techniques, whichever loses less. The cheapest pair that loses so many points of accuracy at most (mean over "
        "seeds): LUTs and accumulator of a multiply-accumulate unit for the network's longest sum by `halfulp.cost`, "
        "and bits of a weight and an activation together. Weights stand first."
    ]
    columns = {"luts": "LUTs", "accumulator_bits": "accumulator, bits", "bits": "stored bits"}
    for name in config["networks"]:
        rows = candidates(found, name)
        lines = []
        for loss in LOSSES:
            cells = []
            for column in columns:
                for kind in ("integers", "minifloat"):
                    best = cheapest(rows[rows["kind"] == kind], loss, column)
                    cells.append("–" if best is None else f"{_pair(best)}: {getattr(best, column):g}")
            lines.append([f"{100 * loss:g}", *cells])
        heads = [f"{label}, {kind}" for label in columns.values() for kind in ("integers", "with a minifloat")]
        parts.append(table([f"{NETWORKS[name]}: loss", *heads], lines))
    return parts


def _pair(best: Any) -> str:
    return f"{title(best.weights)} × {title(best.activations)}"


__all__ = ["tell"]
