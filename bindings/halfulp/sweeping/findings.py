"""What a sweep found, in five lines: every number is computed from the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp import _core
from halfulp._kinds import kind_of_element
from halfulp._scheme import schemes as published_schemes
from halfulp.sweeping.measures import MODEL
from halfulp.sweeping.pareto import DB_PER_BIT, gaussian_bound_db, pareto_front
from halfulp.sweeping.table import model_rows

if TYPE_CHECKING:
    import pandas


_NEAREST = "nearest_ties_to_even"


def findings(table: pandas.DataFrame, budget: float = 4.5) -> list[str]:
    """Five lines: the best scheme within a budget of bits per element, the distance to the Gaussian bound, what smaller
    blocks buy, what finer scales buy, and where the best scheme does worst. Errors are Σ(W − Ŵ)² ÷ ΣW² in dB: lower is
    better."""
    models = model_rows(table)
    models = models[np.isfinite(models["sqnr_db"])].assign(error_db=lambda rows: -rows["sqnr_db"])
    models = models.reset_index(drop=True)
    for column, value in _ALIKE.items():
        if column not in models:  # a table of an older version
            models[column] = value
    models["recipe"] = models["recipe"].fillna("")
    models["element_kind"] = [kind_of_element(text) for text in models["element"]]
    if models.empty:
        return ["No scheme of this sweep has an error that is finite and not zero."] + ["Nothing to compare."] * 4
    within = models[
        models["bits_per_element"] <= budget + 1e-3
    ]  # one scale for a whole tensor is no reason to leave NVFP4 out
    best = (models if within.empty else within).sort_values("error_db", kind="stable").iloc[0]
    return [
        _best(best, within, budget),
        _bound(models),
        _blocks(models),
        _scales(models),
        _worst_matrix(table, models, best),
    ]


# What has to be the same, beside the formats, where two schemes are said to differ in one thing alone; and what it is
# where nothing is said of it.
_ALIKE = {"recipe": "", "search": "", "hadamard": 0, "rounding": _NEAREST}


def _best(best: Any, within: pandas.DataFrame, budget: float) -> str:
    if within.empty:
        return f"Best: no scheme has {budget:g} bits or fewer; of all it is {_scheme(best)}."
    names = {str(scheme) for scheme in published_schemes()} - {best["scheme"]}
    known = ", ".join(f"{_name(row)} {_db(row['error_db'])}" for _, row in within.iterrows() if row["scheme"] in names)
    others = f" ({known})" if known else ""
    share = 100 * best["relative_error"]
    return (
        f"Best of {len(within)} with at most {budget:g} bits: {_scheme(best)}, "
        f"{share:.2g} % of the weights' energy{others}.{_other_kinds(best, within)}"
    )


def _other_kinds(best: Any, within: pandas.DataFrame) -> str:
    """The best of each other kind of element; empty where there is none."""
    rest = within[within["element_kind"] != best["element_kind"]].sort_values("error_db", kind="stable")
    firsts = rest.drop_duplicates("element_kind")
    told = ", ".join(f"{row['element_kind']} {_db(row['error_db'])} ({_name(row)})" for _, row in firsts.iterrows())
    return f" By kind of element: {best['element_kind']} {_db(best['error_db'])}, {told}." if told else ""


def _bound(models: pandas.DataFrame) -> str:
    front = models.iloc[pareto_front(models["bits_per_element"], models["error_db"])]
    gap = front["error_db"] - gaussian_bound_db(front["bits_per_element"])
    closest = front.loc[gap.idxmin()]
    return (
        f"Front: {len(front)} of {len(models)} schemes are not beaten; they lie {gap.min():.1f} to {gap.max():.1f} dB "
        f"above the Gaussian bound, {gap.min() / DB_PER_BIT:.2f} to {gap.max() / DB_PER_BIT:.2f} bits; "
        f"closest is {_scheme(closest)}."
    )


def _blocks(models: pandas.DataFrame) -> str:
    blocked = models[models["block"].notna()]
    doubled = blocked.assign(block=blocked["block"] * 2)  # meets the scheme whose block is twice as long
    pairs = blocked.merge(doubled, on=["element", "scales", "block", *_ALIKE], suffixes=("", "_halved"))
    if pairs.empty:
        return "Blocks: no two schemes differ in a halved block alone; nothing to compare."
    pairs["gain"] = pairs["error_db"] - pairs["error_db_halved"]
    pairs["cost"] = pairs["bits_per_element_halved"] - pairs["bits_per_element"]
    steps = pairs.groupby("block")[["gain", "cost"]].median().sort_index(ascending=False)
    told = ", ".join(f"{n} → {n // 2} {step['gain']:.2f} dB for {_bits(step['cost'])}" for n, step in steps.iterrows())
    wider = _element_bit(models)
    against = f"; one more element bit gains {wider[0]:.1f} dB (median of {wider[1]})" if wider else ""
    return f"Blocks: halving them gains {told} (medians of {len(pairs)} pairs){against}."


def _element_bit(models: pandas.DataFrame) -> tuple[float, int] | None:
    """What a bit more in the element gains with scales and block kept: the median over steps between the best of each
    width."""
    gains = []
    of_one_number = models[models["element_kind"] != "complex"]
    for _, group in of_one_number.groupby(["scales", "block", *_ALIKE], dropna=False):
        best = group.groupby("element_bits")["error_db"].min()
        gains += [best[width] - best[width + 1] for width in best.index if width + 1 in best.index]
    return (float(np.median(gains)), len(gains)) if gains else None


def _scales(models: pandas.DataFrame) -> str:
    options = [told for told in (_transform(models), _stochastic(models)) if told]
    return " ".join([_scale_formats(models), *options])


def _scale_formats(models: pandas.DataFrame) -> str:
    blocked = models[models["block"].notna()]
    kinds = blocked.groupby("scales").size()
    if len(kinds) < 2:
        return "Scales: one kind only; nothing to compare."
    base = "e8m0fnu" if "e8m0fnu" in kinds.index else kinds.idxmax()
    told = []
    for kind in kinds.index.drop(base):
        alike = ["element", "block", *(name for name in _ALIKE if name != "recipe")]  # recipes go with formats
        pairs = blocked[blocked["scales"] == base].merge(blocked[blocked["scales"] == kind], on=alike)
        if len(pairs):
            gain = (pairs["error_db_x"] - pairs["error_db_y"]).median()
            cost = (pairs["bits_per_element_y"] - pairs["bits_per_element_x"]).median()
            told.append(f"{kind} gains {gain:.2f} dB for {_bits(cost)} ({len(pairs)} pairs)")
    if not told:
        return f"Scales: no scheme differs from one with {base} in the scale alone; nothing to compare."
    return f"Scales: against {base} with the same element and block, {', '.join(told)}; medians."


def _transform(models: pandas.DataFrame) -> str:
    """What the Hadamard transform changes; empty where the sweep has none."""
    alike = ["element", "block", "scales", *(name for name in _ALIKE if name != "hadamard")]
    pairs = _without(models, "hadamard", 0).merge(models[models["hadamard"] != 0], on=alike)
    return _changed("A Hadamard transform", pairs)


def _stochastic(models: pandas.DataFrame) -> str:
    """What stochastic rounding changes; empty where the sweep has none."""
    random = models[[_core.is_stochastic(mode) for mode in models["rounding"]]]
    pairs = _without(models, "rounding", _NEAREST).merge(random, on="scheme")
    return _changed("Stochastic rounding", pairs)


def _without(models: pandas.DataFrame, column: str, value: Any) -> pandas.DataFrame:
    return models[models[column] == value]


def _changed(what: str, pairs: pandas.DataFrame) -> str:
    if pairs.empty:
        return ""
    change = (pairs["error_db_y"] - pairs["error_db_x"]).median()
    verb = "costs" if change >= 0 else "gains"
    return f"{what} {verb} {abs(change):.2f} dB (median of {len(pairs)} pairs)."


def _worst_matrix(table: pandas.DataFrame, models: pandas.DataFrame, best: Any) -> str:
    rows = table[(table["scheme"] == best["scheme"]) & (table["matrix"] != MODEL)]
    if "rounding" in rows:
        rows = rows[rows["rounding"] == best["rounding"]]
    worst = rows.loc[rows["sqnr_db"].idxmin()]
    clipping = models[~models["element_kind"].isin(("ternary", "binary"))]  # which saturate on purpose
    most = (models if clipping.empty else clipping).sort_values("saturated", ascending=False, kind="stable").iloc[0]
    saturation = (
        f"{_name(most)} saturates most, {100 * most['saturated']:.2g} % of the weights"
        if most["saturated"]
        else "no scheme saturates"
    )
    return (
        f"Worst under {_name(best)}: {worst['matrix']} ({worst['shape']}), {_db(-worst['sqnr_db'])} "
        f"against the model's {_db(best['error_db'])}, {100 * worst['zeros']:.2g} % of it zero; {saturation}."
    )


def _scheme(row: Any) -> str:
    return f"{_name(row)} ({row['bits_per_element']:.4g} bits, {_db(row['error_db'])})"


def _name(row: Any) -> str:
    """A row's scheme, with the rounding mode where it is not the usual one."""
    return row["scheme"] if row["rounding"] == _NEAREST else f"{row['scheme']} {row['rounding']}"


def _bits(value: float) -> str:
    return "no bits" if value == 0 else "less than 0.01 bits" if 0 < value < 0.005 else f"{value:.3g} bits"


def _db(value: float) -> str:
    return f"{value:.1f} dB".replace("-", "−")
