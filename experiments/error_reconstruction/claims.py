"""What papers say about corrections, ranks and bits, held against the tables: the claim, what was found, whether it
holds here. The verdicts follow from the numbers by the rules written here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas
from names import KINDS, METHODS
from pictures import price_of_codes, price_of_rank, with_bits
from questions import Answers
from summary import in_db, of_mean

from methods import BIAS, BIAS_EXACT, GPTQ, GPTQ_EXACT, NONE

Config = dict[str, Any]
YES, PARTLY, NO = "yes", "in part", "no"


@dataclass(frozen=True)
class Claim:
    source: str
    claim: str
    found: str
    holds: str


class Pairs:
    """Errors in dB of each matrix, for comparisons matrix by matrix. factors: those that tables show."""

    def __init__(self, found: Answers, config: Config) -> None:
        self.config = config
        self.first, *self.others = config["closed_form"]["factors"]
        wide = in_db(found.errors)
        self.by_factors = {f: wide[wide["factors"].isin(["", f])] for f in config["closed_form"]["factors"]}
        self.rows = self.by_factors[self.first]

    def column(self, method: str, column: str, rank: int | None = None, **where: Any) -> pandas.Series:
        rows = self.rows[self.rows["method"] == method]
        for name, value in {**where, **({} if rank is None else {"rank": rank})}.items():
            rows = rows[rows[name] == value]
        keys = (
            ["scheme", "matrix"] if method in (NONE, GPTQ, BIAS) or rank is not None else ["scheme", "rank", "matrix"]
        )
        return rows.set_index(keys)[column]

    def less(self, a: str, b: str, column: str = "output_db", **where: Any) -> pandas.Series:
        """By how many dB a's error is below b's, pair by pair."""
        x, y = self.column(a, column, **where), self.column(b, column, **where)
        return (y - x).dropna() if x.index.names == y.index.names else _against(y, x)

    def told(self, differences: pandas.Series) -> str:
        """The mean with the interval over matrices, and how often it is above zero."""
        mean, low, high = of_mean(differences.groupby("matrix").mean(), self.config)
        share = float((differences > 0).mean())
        return f"{mean:.2f} dB ({low:.2f} to {high:.2f}), in {_percent(share)} of {len(differences)} pairs".replace(
            "-", "−"
        )


def _against(base: pandas.Series, ranked: pandas.Series) -> pandas.Series:
    """A base without ranks beside rows with them."""
    keys = ranked.index.droplevel("rank") if "rank" in ranked.index.names else ranked.index
    return pandas.Series(base.loc[keys].to_numpy() - ranked.to_numpy(), index=ranked.index)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share in (0, 1) else f"{100 * share:.1f} %"


def _all(differences: pandas.Series, tolerance: float = 0.0) -> bool:
    return bool((differences >= -tolerance).all())


def claims(found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    pairs = Pairs(found, config)
    parts = (
        _objectives, _approximations, _bits_and_ranks, _factors, _alternating, _quantizers, _bias, _prices, _allocation,
        _end_task, _calibration,
    )  # fmt: skip
    return [claim for part in parts for claim in part(pairs, found, table, config)]


def _objectives(pairs: Pairs, *_: Any) -> list[Claim]:
    others = ("zeroquant_v2", "lqer", "qera_approx")
    ahead = {m: pairs.less("qera_exact", m) for m in others}
    held = {m: pairs.less("qera_exact", m, "held_out_db") for m in others}
    least = min(min(d.min() for d in of.values()) for of in (ahead, held))
    told = "; ".join(f"before {METHODS[m]} by {pairs.told(ahead[m])}" for m in others)
    exact = Claim(
        "QERA (theorem 1), EoRA, SVD-LLM",
        "the correction by R^½ leaves the least output error of all corrections of that rank",
        f"QERA-exact on the texts it was made from: {told}. On held-out texts: before QERA-approx by "
        f"{pairs.told(held['qera_approx'])}. The smallest lead of all pairs: {_signed(least)} dB",
        YES if all(map(_all, ahead.values())) and all(map(_all, held.values())) else PARTLY,
    )
    weight = pairs.less("zeroquant_v2", "qera_exact", "weight_db")
    wrong = Claim(
        "QERA",
        "the least weight error is not the least output error",
        f"the plain correction leaves less weight error than QERA-exact by {pairs.told(weight)}, and more output error",
        YES if _all(weight) and _all(ahead["zeroquant_v2"]) else PARTLY,
    )
    scaled = {m: pairs.less(m, "zeroquant_v2", "held_out_db") for m in ("lqer", "qera_approx")}
    aware = Claim(
        "LQER, ASVD, QERA",
        "scaling by the activations' magnitudes is better than none",
        "; ".join(f"{METHODS[m]} before the plain one on held-out texts: {pairs.told(d)}" for m, d in scaled.items()),
        YES if all((d > 0).mean() > 0.99 for d in scaled.values()) else PARTLY,
    )
    rank = pairs.config["closed_form"]["ranks"][len(pairs.config["closed_form"]["ranks"]) // 2]
    caught = {
        (m, c): _caught(pairs.column(NONE, c) - pairs.column(m, c, rank=rank).reindex(pairs.column(NONE, c).index))
        for m, c in (("zeroquant_v2", "weight_db"), ("qera_exact", "output_db"))
    }
    plain, seen = caught.values()
    steep = Claim(
        "LQER, EoRA",
        "the weight's error has no low rank, but seen through the activations it has",
        f"rank {rank} takes away {100 * plain:.0f} % of the weight error (plain), {100 * seen:.0f} % of the output "
        "error (QERA-exact), means over matrices and schemes",
        YES if seen > 2 * plain else PARTLY if seen > plain else NO,
    )
    return [exact, wrong, aware, steep]


def _caught(decibels: pandas.Series) -> float:
    """The mean part of the error that is gone."""
    return float((1 - 10 ** (-decibels / 10)).mean())


def _approximations(pairs: Pairs, found: Answers, *_: Any) -> list[Claim]:
    approx = pairs.less("qera_approx", "lqer")
    share = float((approx > 0).mean())
    rms = Claim(
        "QERA (theorem 2)",
        "√E[x²] in place of mean magnitudes: QERA-approx before LQER (a theorem for uncorrelated inputs only)",
        f"QERA-approx before LQER by {pairs.told(approx)}",
        YES if share > 0.95 else PARTLY if share > 0.5 else NO,
    )
    ahead = pairs.less("qera_exact", "qera_approx").groupby("matrix").mean()
    off = found.inputs.set_index("matrix")["off_diagonal"].loc[ahead.index]
    correlation = float(ahead.corr(off, method="spearman"))
    near = Claim(
        "QERA (what its approximation rests on)",
        "inputs' channels are nearly uncorrelated, so QERA-approx is nearly exact",
        f"off-diagonal part of ‖R‖²: {off.min():.2f} to {off.max():.2f}; QERA-exact ahead by {ahead.min():.1f} to "
        f"{ahead.max():.1f} dB a matrix, rank correlation of the two {_signed(correlation)}",
        YES if ahead.max() < 0.5 else NO,
    )
    return [rms, near]


def _bits_and_ranks(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    ranks = config["closed_form"]["ranks"]
    middle = ranks[len(ranks) // 2]
    shown = table[(table["factors"] == pairs.first) & (table["rank"] == middle)]
    gain = shown.pivot_table(index="method", columns="code_bits", values="gain")
    methods = ("zeroquant_v2", "qera_exact")
    ratio = {m: gain.loc[m, 2] / gain.loc[m, 4] for m in methods}
    width = Claim(
        "ZeroQuant-V2, LQER, EoRA",
        "a low rank buys more where bits are fewer",
        f"dB gained at rank {middle}, mean over kinds, for codes of 2, 3, 4 bits: "
        + "; ".join(f"{METHODS[m]} {', '.join(f'{gain.loc[m, b]:.2f}' for b in (2, 3, 4))}" for m in methods),
        YES if all(r > 1.1 for r in ratio.values()) else NO if all(r < 1.1 for r in ratio.values()) else PARTLY,
    )
    mean = table[table["factors"] == pairs.first].pivot_table(index="method", columns="rank", values="gain")
    each = {m: np.diff([0, *mean.loc[m, ranks]]) / np.diff([0, *ranks]) for m in methods}
    falling = all((np.diff(e) < 0).all() for e in each.values())
    diminishing = Claim(
        "ZeroQuant-V2, QERA",
        "small ranks do most of it: returns diminish",
        f"dB for each rank added up to {', '.join(map(str, ranks))}: "
        + "; ".join(f"{METHODS[m]} {', '.join(f'{x:.3f}' for x in e)}" for m, e in each.items()),
        YES if falling else PARTLY,
    )
    return [width, diminishing]


def _factors(pairs: Pairs, *_: Any) -> list[Claim]:
    key = ["scheme", "method", "rank", "matrix"]
    other = pairs.by_factors[pairs.others[0]].set_index(key)["output_db"]
    lost = (pairs.rows.set_index(key)["output_db"] - other)[lambda d: d.index.get_level_values("rank") > 0]
    closed = lost[lost.index.get_level_values("method").isin(["lqer", "qera_exact"])]
    mean, worst = closed.groupby("method").mean(), float(closed.max())
    return [
        Claim(
            "LQER; EoRA; CALDERA",
            "factors can be stored in 8 bits or fewer at next to no cost",
            f"{pairs.first} in place of {pairs.others[0]}: "
            + ", ".join(f"{METHODS[m]} {_signed(d, 3)} dB" for m, d in mean.items())
            + f", worst pair {_signed(worst)} dB, for 8.5 in place of 16 bits a number",
            YES if mean.max() < 0.05 else PARTLY,
        )
    ]


def _alternating(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    out = []
    by_bits = {}
    for bits in (2, 3, 4):
        weight = pairs.less("loftq", "zeroquant_v2", "weight_db", code_bits=bits)
        by_bits[bits] = of_mean(weight.groupby("matrix").mean(), config)[0]
    weight, output = (pairs.less("loftq", "zeroquant_v2", c) for c in ("weight_db", "held_out_db"))
    rose = float((output.loc[weight[weight > 0].index] < 0).mean())
    iterations = config["joint"]["loftq"]["iterations"]
    out.append(
        Claim(
            "LoftQ",
            "turns of rounding and correcting come nearer to W than one, most of all at 2 bits",
            f"{iterations} iterations against one, weight error: {pairs.told(weight)}; by bits "
            + ", ".join(f"{b}: {by_bits[b]:.2f} dB" for b in (2, 3, 4)),
            YES if (weight > 0).mean() > 0.95 and by_bits[2] > by_bits[4] else PARTLY,
        )
    )
    exact = pairs.less("qera_exact", "loftq", "held_out_db")
    out.append(
        Claim(
            "QERA on LoftQ",
            "less weight error by more iterations need not be less output error",
            f"where LoftQ's weight error fell, its output error rose in {_percent(rose)} of pairs; QERA-exact after "
            f"one rounding is before LoftQ by {pairs.told(exact)}",
            YES if rose > 0.25 else PARTLY if rose > 0.02 else NO,
        )
    )
    rank = config["joint"]["caldera"]["ranks"][0]
    plain = pairs.less("caldera", GPTQ_EXACT, "held_out_db", rank=rank)
    kind = config["joint"]["caldera"]["kinds"][0]
    loftq = pairs.less("caldera", "loftq", "held_out_db", rank=rank, kind=kind)
    out.append(
        Claim(
            "CALDERA",
            "rounding with feedback and correcting in turns is better than one after the other, and than LoftQ",
            f"rank {rank}, {config['joint']['caldera']['iterations']} iterations, held-out texts: before GPTQ with "
            f"QERA-exact by {pairs.told(plain)}; before LoftQ by {pairs.told(loftq)}",
            YES if min((plain > 0).mean(), (loftq > 0).mean()) > 0.9 else PARTLY,
        )
    )
    correcting = pairs.less("svdquant", "zeroquant_v2", "held_out_db")
    exactly = pairs.less("svdquant", "qera_exact", "held_out_db")
    out.append(
        Claim(
            "SVDQuant",
            "taking the large part of the smoothed weight into the low rank first is better than correcting the error",
            "weights alone are quantized here, held-out texts: before the plain correction by "
            f"{pairs.told(correcting)}; before QERA-exact by {pairs.told(exactly)}",
            YES if (exactly > 0).mean() > 0.5 else PARTLY if (correcting > 0).mean() > 0.5 else NO,
        )
    )
    return out


def _quantizers(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    ranks = config["closed_form"]["ranks"]
    middle = ranks[len(ranks) // 2]
    alone = pairs.column(NONE, "held_out_db") - pairs.column(GPTQ, "held_out_db")
    both = pairs.column(GPTQ, "held_out_db") - pairs.column(GPTQ_EXACT, "held_out_db", rank=middle)
    after = pairs.column(NONE, "held_out_db") - pairs.column("qera_exact", "held_out_db", rank=middle)
    joint = pairs.column("qera_exact", "held_out_db", rank=middle) - pairs.column(
        GPTQ_EXACT, "held_out_db", rank=middle
    )
    alone, both, after, joint = (d.dropna() for d in (alone, both, after, joint))
    after = after.loc[both.index]
    return [
        Claim(
            "EoRA",
            "the correction helps on top of GPTQ as it does on top of rounding to nearest",
            f"held-out texts: GPTQ alone gains {pairs.told(alone)}; QERA-exact of rank {middle} gains "
            f"{after.mean():.2f} dB after rounding, on top of GPTQ {pairs.told(both)}; the correction after GPTQ is "
            f"before that after rounding by {pairs.told(joint)}",
            YES if both.mean() > 0.8 * after.mean() else PARTLY,
        )
    ]


def _bias(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    first = config["closed_form"]["ranks"][0]
    nearest = pairs.column(NONE, "held_out_db")
    alone, exact, both = (
        (nearest - pairs.column(method, "held_out_db", rank=rank)).dropna()
        for method, rank in ((BIAS, 0), ("qera_exact", first), (BIAS_EXACT, first))
    )
    exact = exact.loc[alone.index]
    share = float(alone.mean() / exact.mean())
    return [
        Claim(
            "(no paper: asked here)",
            "what the first ranks gain, a bias gives for nothing",
            f"held-out texts: rank {first} of QERA-exact gains {exact.mean():.2f} dB; the mean of what is lost, put "
            f"into the bias and free of bits, {pairs.told(alone)}; both {both.mean():.2f} dB",
            YES if share > 0.7 else PARTLY if share > 0.3 else NO,
        )
    ]


def _prices(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    rows = table[table["factors"].isin(["", pairs.first])]
    first, last = (int(config["closed_form"]["ranks"][i]) for i in (0, -1))
    told, better, cases = [], 0, 0
    for bits in (2, 3):
        codes, start, end = [], [], []
        for kind in config["schemes"]:
            own = rows[rows["kind"] == kind]
            steps = price_of_rank(own[own["code_bits"] == bits], "qera_exact", "held_out_db")["price"]
            codes.append(price_of_codes(own, "held_out_db")[bits])
            start.append(steps.iloc[0])
            end.append(steps.iloc[-1])
        ahead = sum(s > c for s, c in zip(start, codes, strict=True))
        told.append(
            f"from {bits} bits on: codes of {bits + 1} bits {_spread(codes)}, the first {first} ranks "
            f"{_spread(start)}, the last ones up to {last} {_spread(end)}, rank first in {ahead} of {len(codes)} kinds"
        )
        better, cases = better + ahead, cases + len(codes)
    return [
        Claim(
            "CALDERA (below 2.5 bits), LQ-LoRA",
            "a low rank beside few bits is worth more than as many bits of code",
            f"dB of held-out output error for one more bit a weight, mean (and spread) over kinds, {'; '.join(told)}",
            YES if better > 0.9 * cases else NO if better < 0.1 * cases else PARTLY,
        )
    ]


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):.1f} ({min(values):.1f} to {max(values):.1f})".replace("-", "−")


def _allocation(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    chosen = found.allocations.set_index(["allocation", "budget"])
    budgets = config["end_task"]["budgets"]
    by_output = chosen.loc["codes and rank, by output error"].loc[budgets]
    ahead = 10 * np.log10(best_uniform(found, table, config) / by_output["output_error_mean"])
    task = task_values(found, "drift")
    names = ("codes and rank, by output error", "codes and rank, by drift", "codes alone, by drift")
    plain, weighted, codes = (task.loc[name].loc[budgets] for name in names)
    every = task.loc["every method, by drift"].loc[budgets]
    single = drift_of_single(found, table, config, (NONE, "qera_exact"))
    any_single = drift_of_single(found, table, config, None)
    corrected = chosen.loc["codes and rank, by drift"].loc[budgets]
    expected = chosen.loc["codes and rank, by drift", "cost"].loc[budgets] / weighted
    wins, rank_wins, all_wins, weight_wins = (
        int((a < b).sum()) for a, b in ((weighted, single), (weighted, codes), (every, any_single), (weighted, plain))
    )
    return [
        Claim(
            "HAWQ-V2, LQ-LoRA",
            "bits chosen layer by layer beat the same for all, in the sum that is made least",
            "summed output error below the best single choice of scheme and rank within the same budget, by budget "
            + _by_budget(ahead, "{:.1f} dB"),
            YES if (ahead > 0).all() else PARTLY,
        ),
        Claim(
            "HAWQ-V2",
            "layers have to be weighted by what they do to the model",
            "drift of allocations by the plain sum of relative output errors, by budget "
            + _by_budget(plain, "{:.3f}")
            + "; with each layer's sensitivity "
            + _by_budget(weighted, "{:.3f}"),
            _verdict(weight_wins, len(budgets)),
        ),
        Claim(
            "HAWQ-V2, LQ-LoRA",
            "the allocated model is better than one with a single choice of as many bits",
            "drift of the best single scheme and rank that was run within the budget "
            + _by_budget(single, "{:.3f}")
            + f"; allocations by drift are better at {wins} of {len(budgets)}, with every method (GPTQ, CALDERA too) "
            f"better than every single choice at {all_wins}: "
            + _by_budget(every, "{:.3f}")
            + " against "
            + _by_budget(any_single, "{:.3f}"),
            _verdict(wins + all_wins, 2 * len(budgets)),
        ),
        Claim(
            "LQ-LoRA, CALDERA",
            "rank is worth its bits where layers are chosen exactly",
            "drift with codes alone, by budget "
            + _by_budget(codes, "{:.3f}")
            + "; layers that are corrected where they may be, and their mean rank: "
            + "; ".join(f"{b:g}: {row.corrected:.0f}, {row.mean_rank:.1f}" for b, row in corrected.iterrows()),
            _verdict(rank_wins, len(budgets)),
        ),
        Claim(
            "HAWQ-V2 (a sum over layers)",
            "errors of layers add up",
            "the drift that the sum says beforehand, over what was measured, by budget "
            + _by_budget(expected, "{:.2f}"),
            YES if expected.between(0.8, 1.25).all() else PARTLY if expected.between(0.8, 1.25).any() else NO,
        ),
    ]


def _verdict(wins: int, of: int) -> str:
    return YES if wins == of else NO if wins == 0 else PARTLY


def _by_budget(values: pandas.Series, form: str) -> str:
    return ", ".join(f"{budget:g}: {form.format(value)}" for budget, value in values.items()).replace("-", "−")


def drift_of_single(
    found: Answers, table: pandas.DataFrame, config: Config, methods: tuple[str, ...] | None
) -> pandas.Series:
    """By budget the least drift of the models with one choice for all layers within it."""
    rows = with_bits(found, table, config, "drift")
    rows = rows[rows["allocation"].isna() & ~rows["method"].isin([BIAS, BIAS_EXACT])]
    if methods is not None:
        rows = rows[rows["method"].isin(methods)]
    return pandas.Series(
        {b: rows.loc[rows["bits_per_weight"] <= b + 1e-3, "value"].min() for b in config["end_task"]["budgets"]}
    )


def best_uniform(found: Answers, table: pandas.DataFrame, config: Config) -> pandas.Series:
    """By budget the least mean relative output error of one scheme, method and rank for all layers."""
    allowed = found.errors[found.errors["method"].isin([NONE, "qera_exact"])]
    whole = allowed.groupby(["scheme", "method", "rank", "factors"]).agg(
        bits=("bits", "sum"), elements=("elements", "sum"), cost=("output_error", "mean")
    )
    taken = whole["bits"] / whole["elements"]
    return pandas.Series({b: whole.loc[taken <= b + 1e-3, "cost"].min() for b in config["end_task"]["budgets"]})


def task_values(found: Answers, metric: str) -> pandas.Series:
    rows = found.drift[(found.drift["metric"] == metric) & found.drift["allocation"].notna()]
    return rows.set_index(["allocation", "budget"])["value"]


def _end_task(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    rows = with_bits(found, table, config, "drift")
    single = rows[rows["allocation"].isna()]
    ranks = {c: float(single["value"].corr(single[c], method="spearman")) for c in ("held_out_db", "weight_db")}
    order = ["zeroquant_v2", "lqer", "qera_approx", "qera_exact"]
    own = single[single["kind"] == config["end_task"]["kind"]]
    task = own.set_index(["code_bits", "rank", "method"])["value"]
    cases = [(b, r) for b in (2, 3, 4) for r in config["end_task"]["ranks"]]
    first = sum(task.loc[(*case, "qera_exact")] == min(task.loc[(*case, m)] for m in order) for case in cases)
    last = sum(task.loc[(*case, "zeroquant_v2")] == max(task.loc[(*case, m)] for m in order) for case in cases)
    name = KINDS[config["end_task"]["kind"]]
    lost = with_bits(found, table, config, "ndcg@10_loss").set_index(["kind", "code_bits", "method", "rank"])
    least = config["end_task"]["ranks"][0]
    small = lost.loc[[(config["end_task"]["kind"], 4, "lqer", least)]].iloc[0]
    before = lost.loc[[(config["end_task"]["kind"], 4, NONE, 0)]].iloc[0]
    return [
        Claim(
            "QERA, EoRA",
            "the order of methods carries over from layers to the whole model",
            f"of {len(cases)} cases (bits and rank, {name}) QERA-exact drifts least of the four in {first}, the plain "
            f"correction most in {last}",
            YES if first == last == len(cases) else PARTLY if first + last >= len(cases) else NO,
        ),
        Claim(
            "QERA",
            "output errors of layers tell what happens to the model, weight errors do not",
            f"rank correlation with drift over {len(single)} models: held-out output error {ranks['held_out_db']:.3f}, "
            f"weight error {ranks['weight_db']:.3f}",
            YES
            if ranks["held_out_db"] > ranks["weight_db"] + 0.1
            else PARTLY
            if ranks["held_out_db"] > ranks["weight_db"]
            else NO,
        ),
        Claim(
            "LQER",
            "4 bits with a low rank are nearly without loss",
            f"{name} of 4 bits, rank {least}, weights alone quantized: nDCG@10 lost {_share(small)}; without a "
            f"correction {_share(before)}",
            YES if small["low"] <= 0 and small["value"] < 0.02 else PARTLY if small["value"] < 0.05 else NO,
        ),
    ]


def _share(row: Any) -> str:
    return f"{100 * row['value']:.1f} % ({100 * row['low']:.1f} to {100 * row['high']:.1f})".replace("-", "−")


def _calibration(pairs: Pairs, found: Answers, table: pandas.DataFrame, config: Config) -> list[Claim]:
    wide = in_db(found.calibration)
    wide = wide[wide["factors"].isin(["", pairs.first])]
    mean = wide.groupby(["texts", "method"])["held_out_db"].mean().unstack()
    tokens = wide.groupby("texts")["tokens"].max()
    methods = config["calibration"]["methods"]
    gains = pandas.DataFrame({m: mean[NONE] - mean[m] for m in methods})
    told = "; ".join(
        f"{t} texts ({tokens.loc[t]} tokens) " + ", ".join(f"{METHODS[m]} {gains.loc[t, m]:.2f}" for m in methods)
        for t in mean.index
    )
    reached = gains.iloc[0] / gains.iloc[-1]
    return [
        Claim(
            "EoRA, QERA",
            "little calibration data is enough",
            f"gain on held-out texts in dB at rank {config['calibration']['rank']}: {told}",
            YES if (reached > 0.9).all() else PARTLY if (gains.iloc[1:].min() / gains.iloc[-1] > 0.9).all() else NO,
        )
    ]


def _signed(value: float, digits: int = 2) -> str:
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")
