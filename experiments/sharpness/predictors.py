"""What is known of a layer under a scheme before the model is run with it, as predictions of the damage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas
from correlation import Resampled, interval, within_groups

#: Columns of the table of damage, and what they are called.
NAMES = {
    "squared_error": "‖ΔW‖²",
    "relative_error": "‖ΔW‖² / ‖W‖²",
    "output_error": "E‖x ΔW‖²",
    "relative_output": "E‖x ΔW‖² / E‖x W‖²",
    "mean_trace": "trace / n alone",
    "omega": "HAWQ-V2: trace / n · ‖ΔW‖²",
    "omega_contrast": "HAWQ-V2, contrastive loss",
    "omega_top": "HAWQ-V1: top eigenvalue · ‖ΔW‖²",
    "quadratic": "½ ΔWᵀ H ΔW",
}
#: By which bits are chosen: what tells schemes apart, and the measured damage itself, which no one knows beforehand.
CHOOSING = {n: text for n, text in NAMES.items() if n != "mean_trace"} | {"drift": "measured drift of each layer alone"}
KINDS = ("query", "key", "value", "attention.output", "intermediate", "output")


def kind_of(matrix: str) -> str:
    """What a layer does in its block."""
    for part in ("query", "key", "value"):
        if f".self.{part}." in matrix:
            return part
    return next(kind for kind in ("attention.output", "intermediate", "output") if f".{kind}." in matrix)


def table(damage: pandas.DataFrame, traces: pandas.DataFrame, quadratic: pandas.DataFrame) -> pandas.DataFrame:
    """A row for each matrix and scheme."""
    out = damage.merge(traces, on="matrix", validate="many_to_one")
    out = out.merge(quadratic, on=["matrix", "scheme"], how="left", validate="one_to_one")
    out["mean_trace"] = out["drift_trace"] / out["elements"]
    out["omega"] = out["mean_trace"] * out["squared_error"]
    out["relative_output"] = out["output_error"] / out["energy"]
    out["omega_contrast"] = out["contrast_trace"] / out["elements"] * out["squared_error"]
    out["omega_top"] = out["eigenvalue"] * out["squared_error"]
    out["kind"] = out["matrix"].map(kind_of)
    return out.drop(columns=[c for c in traces.columns if c not in ("matrix", "elements")])


def correlations(found: pandas.DataFrame, config: dict[str, Any]) -> pandas.DataFrame:
    """Spearman's correlation of each predictor with each damage over the matrices, mean over schemes, its interval over
    matrices; the same less what the kind of matrix says by itself ("within kinds", of logarithms); and how far each is
    from HAWQ-V2's."""
    matrices = list(dict.fromkeys(found["matrix"]))
    draws = Resampled(len(matrices), config["resamples"], config["seed"])
    kinds = np.array([kind_of(m) for m in matrices])
    rows = []
    for schemes, which in _scheme_sets(found, config):
        wide = {c: _wide(found, c, matrices, schemes) for c in [*NAMES, "drift", "contrast"]}
        usable = [c for c in NAMES if not np.isnan(wide[c]).any()]
        for damage in ("drift", "contrast"):
            for beyond in (False, True):
                if beyond and damage == "contrast":
                    continue  # of either sign: no logarithm
                columns = [c for c in usable if not beyond or (wide[c] > 0).all()]
                of = {
                    c: draws.correlations(*(within_groups(wide[x], kinds) if beyond else wide[x] for x in (c, damage)))
                    for c in columns
                }
                for column, values in of.items():
                    rho, low, high = interval(values)
                    # Traces are estimates: of few probes one may be below 0, and has no logarithm.
                    nothing = np.full_like(values, np.nan)
                    ahead, ahead_low, ahead_high = interval(of["omega"] - values if "omega" in of else nothing)
                    rows.append(
                        {
                            "schemes": which,
                            "damage": damage,
                            "within_kinds": beyond,
                            "predictor": column,
                            "rho": rho,
                            "low": low,
                            "high": high,
                            "hawq_v2_ahead": ahead,
                            "ahead_low": ahead_low,
                            "ahead_high": ahead_high,
                        }
                    )
    return pandas.DataFrame(rows)


def _scheme_sets(found: pandas.DataFrame, config: dict[str, Any]) -> list[tuple[list[str], str]]:
    every = list(dict.fromkeys(found["scheme"]))
    sets = [(every, "all"), (list(config["quadratic"]["schemes"]), "with quadratic form")]
    return [*sets, *(([scheme], scheme) for scheme in every)]


def _wide(found: pandas.DataFrame, column: str, matrices: list[str], schemes: list[str]) -> np.ndarray:
    wide = found.pivot_table(index="scheme", columns="matrix", values=column, dropna=False)
    return wide.reindex(index=schemes, columns=matrices).to_numpy(dtype=np.float64)


def first_orders(found: pandas.DataFrame, config: dict[str, Any]) -> pandas.DataFrame:
    """By scheme, Spearman's correlation of the contrastive loss's change with the first-order term of the same texts,
    of the other texts, and with the same texts' plus ½ Ω, with intervals over matrices."""
    matrices = list(dict.fromkeys(found["matrix"]))
    draws = Resampled(len(matrices), config["resamples"], config["seed"])
    terms = found.assign(second=found["gradient_own"] + found["omega_contrast"] / 2)
    rows = []
    for scheme in dict.fromkeys(found["scheme"]):
        own: dict[str, Any] = {"scheme": scheme}
        change = _wide(found, "contrast", matrices, [scheme])
        for name in ("gradient_own", "gradient_other", "second"):
            values = interval(draws.correlations(_wide(terms, name, matrices, [scheme]), change))
            own |= dict(zip((name, f"{name}_low", f"{name}_high"), values, strict=True))
        rows.append(own)
    return pandas.DataFrame(rows)


def ratios(found: pandas.DataFrame) -> pandas.DataFrame:
    """By scheme, how much of the damage the formulas say: medians over matrices and the tenth and ninetieth percentile
    of drift over ½ Ω, and of drift over the quadratic form, and of the quadratic form over ½ Ω."""
    rows = []
    for scheme, of in found.groupby("scheme", sort=False):
        own = {"scheme": scheme}
        for name, top, bottom in (
            ("drift_omega", of["drift"], of["omega"] / 2),
            ("drift_quadratic", of["drift"], of["quadratic"]),
            ("quadratic_omega", of["quadratic"], of["omega"] / 2),
        ):
            quotient = (top / bottom).to_numpy()
            for label, part in (("low", 0.1), ("median", 0.5), ("high", 0.9)):
                own[f"{name}_{label}"] = float(np.quantile(quotient, part))
        # The contrastive loss is at no minimum: a layer's change may be of either sign.
        own["contrast_fell"] = float((of["contrast"] < 0).mean())
        own["contrast_sum"] = float(of["contrast"].sum())
        own["contrast_foretold"] = float(of["omega_contrast"].sum() / 2)
        rows.append(own)
    return pandas.DataFrame(rows)
