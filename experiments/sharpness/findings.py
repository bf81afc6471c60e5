"""The numbers of README.md: what the tables say."""

from __future__ import annotations

from typing import Any

import decoder
import numpy as np
import pandas
import predictors
from correlation import spearman
from predictors import CHOOSING, NAMES
from study import Answers
from words import short, signed, span, table

Config = dict[str, Any]


def tell(found: Answers, correlations: pandas.DataFrame, config: Config) -> str:
    parts = [
        _correlations(correlations),
        _by_scheme(correlations, config),
        _ratios(found.damage),
        _first_orders(found.damage, config),
        _traces(found.traces),
        _allocations(found.allocations),
        _logits(found.logits, config),
        _tails(found.tails, config),
    ]
    return "\n".join(parts)


def _correlations(correlations: pandas.DataFrame) -> str:
    rows = []
    for name, label in NAMES.items():
        cells = [label]
        for which, damage, beyond in (
            ("all", "drift", False),
            ("with quadratic form", "drift", False),
            ("with quadratic form", "drift", True),
            ("all", "contrast", False),
        ):
            of = _one(correlations, which, damage, beyond, name)
            cells.append("" if of is None else span(of))
        rows.append(cells)
    ahead = []
    for name, label in NAMES.items():
        of = _one(correlations, "all", "drift", False, name)
        if of is not None and name != "omega":
            ahead.append(f"{label} {span(of, 'hawq_v2_ahead', 'ahead_low', 'ahead_high')}")
    head = ["predictor", "drift", "drift, int2 to int4", "the same beyond the kind of layer", "contrastive loss"]
    return (
        "### The premise: which layer is damaged most\n\nSpearman's ρ over the layers of a predictor with the measured "
        "damage, mean over schemes, with its 95 % interval over layers.\n\n"
        + table(head, rows)
        + f"\nHAWQ-V2's ρ with drift less that of: {'; '.join(ahead)}.\n"
    )


def _one(rows: pandas.DataFrame, which: str, damage: str, beyond: bool, name: str) -> Any:
    own = rows[
        (rows["schemes"] == which)
        & (rows["damage"] == damage)
        & (rows["within_kinds"] == beyond)
        & (rows["predictor"] == name)
    ]
    return None if own.empty else own.iloc[0]


def _by_scheme(correlations: pandas.DataFrame, config: Config) -> str:
    shown = ("squared_error", "relative_output", "omega", "omega_contrast", "omega_top", "quadratic")
    rows = []
    for scheme, label in config["schemes"].items():
        cells = [f"{label}, `{scheme}`" if label.lower() != scheme else f"`{scheme}`"]
        for name in shown:
            of = _one(correlations, scheme, "drift", False, name)
            cells.append("" if of is None else span(of))
        rows.append(cells)
    return "Scheme by scheme, with drift:\n\n" + table(["scheme", *(NAMES[n] for n in shown)], rows)


def _ratios(damage: pandas.DataFrame) -> str:
    rows = []
    for row in predictors.ratios(damage).to_dict("records"):
        cells = [f"`{row['scheme']}`"]
        for name in ("drift_omega", "drift_quadratic", "quadratic_omega"):
            low, middle, high = (row[f"{name}_{part}"] for part in ("low", "median", "high"))
            cells.append("" if np.isnan(middle) else f"{short(middle)} ({short(low)} to {short(high)})")
        cells.append(f"{100 * row['contrast_fell']:.0f} %")
        cells.append(f"{signed(row['contrast_sum'], 3)}, {signed(row['contrast_foretold'], 3)}")
        rows.append(cells)
    head = ["scheme", "drift / ½ Ω", "drift / ½ ΔWᵀ H ΔW", "½ ΔWᵀ H ΔW / ½ Ω", "contrast fell", "its sum, foretold"]
    return (
        "### What the formulas say of the amount\n\nMedian over layers, and the tenth and ninetieth percentile. "
        "Of the contrastive loss: in how many layers it fell, and the sum of its changes over layers, measured and as "
        "½ Ω foretells it.\n\n" + table(head, rows)
    )


def _first_orders(damage: pandas.DataFrame, config: Config) -> str:
    rows = []
    for row in predictors.first_orders(damage, config).to_dict("records"):
        names = ("gradient_own", "gradient_other", "second")
        rows.append([f"`{row['scheme']}`", *(span(row, n, f"{n}_low", f"{n}_high") for n in names)])
    head = ["scheme", "gᵀ ΔW, the same texts", "gᵀ ΔW, other texts", "gᵀ ΔW + ½ Ω, the same texts"]
    return (
        "Where the order of the contrastive loss comes from: Spearman's ρ over layers of its change with the "
        "first-order term, g the gradient on the texts that damage is measured on, or on those of the traces.\n\n"
        + table(head, rows)
    )


def _traces(traces: pandas.DataFrame) -> str:
    rows = []
    kinds = traces["matrix"].map(predictors.kind_of)
    for kind in predictors.KINDS:
        of = traces[kinds == kind]
        mean = of["drift_trace"] / of["elements"]
        relative = of["drift_trace_error"] / of["drift_trace"]
        contrast = of["contrast_trace"] / of["elements"]
        surely = int((of["contrast_trace"] < -2 * of["contrast_trace_error"]).sum())
        rows.append(
            [
                kind,
                f"{short(mean.min())} to {short(mean.max())}",
                f"{100 * relative.median():.1f} %",
                f"{short(contrast.min())} to {short(contrast.max())}",
                str(surely),
                f"{short(of['eigenvalue'].min())} to {short(of['eigenvalue'].max())}",
            ]
        )
    both = spearman(traces["drift_trace"] / traces["elements"], traces["contrast_trace"] / traces["elements"])
    top = spearman(traces["drift_trace"] / traces["elements"], traces["eigenvalue"])
    products = traces["products"]
    head = [
        "layers",
        "drift: trace / n",
        "its error",
        "contrast: trace / n",
        "surely negative",
        "top eigenvalue",
    ]
    return (
        "### Traces and eigenvalues\n\n"
        + table(head, rows)
        + f"\nRank correlation over layers of the mean traces of both losses {signed(float(both))}, of mean trace and "
        f"largest eigenvalue {signed(float(top))}. Eigenvalues took {products.min()} to {products.max()} "
        "products. Errors: medians of relative standard errors; surely negative: layers whose trace is more than two "
        "standard errors below 0.\n"
    )


def _allocations(allocations: pandas.DataFrame) -> str:
    chosen = allocations[allocations["predictor"] != "one for all"]
    budgets = sorted(chosen["budget"].unique())
    rows = []
    for name, label in CHOOSING.items():
        of = chosen[chosen["predictor"] == name].set_index("budget")
        if len(of):
            rows.append([label, *(f"{of.loc[b, 'drift']:.4f} ± {2 * of.loc[b, 'drift_error']:.4f}" for b in budgets)])
    one = allocations[allocations["predictor"] == "one for all"]
    single = "; ".join(f"{row.budget:.3g} bits {row.drift:.4f}" for row in one.itertuples())
    proved = int(chosen["optimal"].sum())
    return (
        "### Bits for every layer by each predictor\n\nDrift of the whole model, ± two standard errors over texts. One "
        f"scheme for all: {single}. {proved} of {len(chosen)} choices are proved to be best by their own measure.\n\n"
        + table(["chosen by", *(f"{b:g} bits" for b in budgets)], rows)
    )


def _logits(logits: pandas.DataFrame, config: Config) -> str:
    about = config["decoder"]
    epsilon = about["epsilons"][0]
    of = logits[logits["epsilon"] == epsilon]
    stored = of[of["mantissa"].isna()].set_index("window")
    draws = np.random.default_rng([config["seed"], 2]).integers(len(stored), size=(config["resamples"], len(stored)))
    rows, means = [], []
    for rounding in about["roundings"]:
        for mantissa in about["mantissas"]:
            mine = of[(of["rounding"] == rounding) & (of["mantissa"] == mantissa)].set_index("window")
            cells = [f"E8M{mantissa}", "cut off" if rounding == "toward_zero" else "to nearest"]
            for column in ("loss", "sharpness", "last_sharpness"):
                difference = (mine[column] - stored[column]).to_numpy()
                low, high = np.quantile(difference[draws].mean(axis=1), [0.025, 0.975])
                cells.append(f"{signed(difference.mean(), 3)} ({signed(low, 3)} to {signed(high, 3)})")
            rows.append(cells)
            means.append([rounding, mantissa, *(mine[c].to_numpy() for c in ("loss", "sharpness", "last_sharpness"))])
    told = []
    for rounding in (*about["roundings"], None):
        chosen = [m for m in means if rounding in (m[0], None)]
        label = {None: "both together"}.get(rounding, "cut off" if rounding == "toward_zero" else "to nearest")
        told.append(f"{label}: {_orders(chosen, draws)}")
    controls = []
    for kind in (decoder.SHRUNK, decoder.GROWN):
        mine = of[of["rounding"] == kind].set_index("window")
        difference = (mine["loss"] - stored["loss"]).to_numpy()
        low, high = np.quantile(difference[draws].mean(axis=1), [0.025, 0.975])
        controls.append(f"{kind} {signed(difference.mean(), 3)} ({signed(low, 3)} to {signed(high, 3)})")
    base = stored.mean(numeric_only=True)
    return (
        "### Mantissa bits and sharpness in the space of logits\n\n"
        f"Differences to the stored model (loss {base['loss']:.3f} nats, sharpness {base['sharpness']:.3f} % over all "
        f"tokens, {base['last_sharpness']:.3f} % at last tokens, ε = {epsilon:g}) with 95 % intervals over "
        f"{len(stored)} windows.\n\n"
        + table(["weights", "rounding", "loss, nats", "sharpness, %", "sharpness of last tokens, %"], rows)
        + f"\nRank correlations over numbers of bits, {'; '.join(told)}.\n"
        + f"\nCutting to {about['shrunk']} bits shrinks matrices. The loss of stored weights shrunk alike, and of "
        f"those cut off and grown again, less that of the stored model: {'; '.join(controls)} nats.\n"
    )


def _orders(means: list[Any], draws: np.ndarray) -> str:
    """Sharpness with bits removed and with the loss; the interval draws windows anew."""
    removed = np.array([-m[1] for m in means], dtype=np.float64)
    loss, sharpness, last = (np.stack([m[i] for m in means]) for i in (2, 3, 4))
    out = []
    for label, y in (("all tokens", sharpness), ("last tokens", last)):
        for other, x in (("bits removed", None), ("loss", loss)):

            def rho(places: np.ndarray) -> float:
                left = removed if x is None else x[:, places].mean(axis=1)  # noqa: B023
                return float(spearman(left, y[:, places].mean(axis=1)))  # noqa: B023

            value = rho(np.arange(y.shape[1]))
            low, high = np.quantile([rho(places) for places in draws], [0.025, 0.975])
            out.append(f"{label} and {other} {signed(value)} ({signed(low)} to {signed(high)})")
    return ", ".join(out)


def _tails(tails: pandas.DataFrame, config: Config) -> str:
    rows = []
    for (model, what), of in tails.groupby(["model", "what"], sort=False):
        cells = [f"{model}, {what}s ({len(of)})"]
        for column in ("kurtosis", "osp_kurtosis", "largest"):
            before, after = of[column], of[f"{column}_rotated"]
            cells.append(f"{short(before.median(), 3)} → {short(after.median(), 3)}")
            cells.append(f"{short(before.max(), 3)} → {short(after.max(), 3)}")
        for scheme in config["tails"]["schemes"]:
            ratio = of[f"error {scheme} rotated"] / of[f"error {scheme}"]
            cells.append(f"{short(ratio.median(), 3)} ({100 * (ratio < 1).mean():.0f} %)")
        rows.append(cells)
    worst = tails.loc[tails["kurtosis"].idxmax()]
    gain = tails["kurtosis"] + 3
    fall = [
        f"{model}'s {what}s {signed(_rank(of['kurtosis'], of[_ratio_name(config)]))}"
        for (model, what), of in _with_ratio(tails, config).groupby(["model", "what"], sort=False)
    ]
    head = [
        "", "excess kurtosis, median", "largest", "by token (OSP), median", "largest", "max / rms, median", "largest",
        *(f"error after / before, `{s}` (smaller in)" for s in config["tails"]["schemes"]),
    ]  # fmt: skip
    return (
        "### Tails before and after a Hadamard rotation\n\n"
        + table(head, rows)
        + f"\nThe heaviest: {worst['name']} ({worst['what']}, {worst['model']}), excess kurtosis "
        f"{short(worst['kurtosis'], 3)} → {short(worst['kurtosis_rotated'], 3)}. Median factor by which E x⁴ / (E x²)² "
        f"falls: {short((gain / (tails['kurtosis_rotated'] + 3)).median(), 3)}. Rank correlation of kurtosis with the "
        f"factor of the error under `{config['tails']['schemes'][0]}`: {', '.join(fall)} (below 0: the heavier the "
        "tails, the more a rotation gains).\n"
    )


def _ratio_name(config: Config) -> str:
    return f"ratio {config['tails']['schemes'][0]}"


def _with_ratio(tails: pandas.DataFrame, config: Config) -> pandas.DataFrame:
    scheme = config["tails"]["schemes"][0]
    return tails.assign(**{_ratio_name(config): tails[f"error {scheme} rotated"] / tails[f"error {scheme}"]})


def _rank(x: pandas.Series, y: pandas.Series) -> float:
    return float(spearman(x.to_numpy(), y.to_numpy()))
