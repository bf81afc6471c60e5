"""What the two papers say that two small networks can be asked, and what they answer.

Sources: R. Krishnamoorthi, Quantizing deep convolutional networks for efficient inference: A whitepaper (arXiv
1806.08342); S. Aggarwal et al., Shedding the Bits: Pushing the Boundaries of Quantization with Minifloats on FPGAs
(arXiv 2311.12359; its first version is called Post-Training Quantization with Low-precision Minifloats and Integers on
FPGAs). Claims are theirs in other words, from the abstracts unless said otherwise.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from choices import LOSSES, candidates, cheapest, duels, front, plain, row
from halfulp import cost
from names import APART, AS_TRAINED, BADLY_SCALED, NETWORKS, title
from tables import Tables
from words import decibel, points, span, table

Config = dict[str, Any]
HOLDS, PARTLY, FAILS, OPEN = "holds", "in part", "does not hold", "not decided here"


class Claim(NamedTuple):
    paper: str
    claim: str
    found: str
    verdict: str


def tell(found: Tables, config: Config) -> str:
    every = [*_whitepaper(found, config), *_minifloats(found, config)]
    return table(["paper", "claim", "found here", "verdict"], [list(claim) for claim in every])


def _verdict(answers: list[bool]) -> str:
    return HOLDS if all(answers) else PARTLY if any(answers) else FAILS


def _each(names: Any, texts: Any) -> str:
    return "; ".join(f"{NETWORKS.get(name, name)} {text}" for name, text in zip(names, texts, strict=True))


def _whitepaper(found: Tables, config: Config) -> list[Claim]:
    names = list(config["networks"])
    as_trained = {name: plain(found, name) for name in names}
    bad = {name: plain(found, name, BADLY_SCALED) for name in names}

    def cell(tables: Any, name: str, weights: str, activations: str = "") -> Any:
        return row(tables[name], weights=weights, activations=activations)

    full = [cell(as_trained, n, "int8s/channel", "uint8") for n in names]
    out = [
        Claim(
            "whitepaper",
            "8-bit weights by channel and 8-bit activations by layer, after training: within 2 % of float",
            _each(names, [span(c) for c in full]),
            _verdict([c.drift_low > -0.02 for c in full]),
        )
    ]
    only = [cell(as_trained, n, "", "uint8") for n in names]
    out.append(
        Claim(
            "whitepaper (text)",
            "8-bit activations cost next to nothing",
            _each(names, [f"{span(c)}, {decibel(c.logit_error)} dB" for c in only]),
            _verdict([c.drift_low > -0.005 for c in only]),
        )
    )
    for width in (8, 4):
        by_tensor = [
            (cell(as_trained, n, f"int{width}s/tensor"), cell(as_trained, n, f"int{width}s/channel")) for n in names
        ]
        out.append(
            Claim(
                "whitepaper (text)",
                f"{width}-bit weights: one scale a tensor is worse than one a channel",
                _each(
                    names,
                    [
                        f"{points(t.drift)} against {points(c.drift)}, {decibel(t.logit_error)} against "
                        f"{decibel(c.logit_error)} dB"
                        for t, c in by_tensor
                    ],
                )
                + "; badly scaled "
                + _each(
                    names,
                    [
                        f"{points(cell(bad, n, f'int{width}s/tensor').drift)} against "
                        f"{points(cell(bad, n, f'int{width}s/channel').drift)}"
                        for n in names
                    ],
                ),
                # In accuracy, beyond the interval; the logits' error alone would be "in part".
                _verdict(
                    [t.drift_high < 0 for t, _ in by_tensor]
                    + [cell(bad, n, f"int{width}s/tensor").drift_high < 0 for n in names]
                ),
            )
        )
    folds = [n for n in names if APART in set(found.integers[found.integers["network"] == n]["condition"])]
    for name in folds:
        apart = {name: plain(found, name, APART)}
        about = found.networks[found.networks["network"] == name]
        errors = {
            where: [cell(tables, name, f"int8s/{group}").logit_error for group in ("tensor", "channel")]
            for where, tables in (("apart", apart), ("folded", as_trained))
        }
        worse = {where: 10 * np.log10(t / c) for where, (t, c) in errors.items()}
        out.append(
            Claim(
                "whitepaper (text)",
                "batch normalization, folded, spreads the channels' ranges, and that is what hurts one scale a tensor",
                f"{NETWORKS[name]}: widest channel over narrowest {about['spread'].median():.1f} before and "
                f"{about['spread_folded'].median():.1f} after; 8 bits by tensor {worse['apart']:.1f} dB behind by "
                f"channel before and {worse['folded']:.1f} dB after",
                _verdict(
                    [
                        bool(about["spread_folded"].median() > about["spread"].median()),
                        bool(worse["folded"] > worse["apart"]),
                    ]
                ),
            )
        )
    affine = [(cell(as_trained, n, "uint8/tensor@zero_point"), cell(as_trained, n, "int8s/channel")) for n in names]
    affine += [(cell(bad, n, "uint8/tensor@zero_point"), cell(bad, n, "int8s/channel")) for n in names]
    out.append(
        Claim(
            "whitepaper (text)",
            "symmetric by channel is better than with a zero point by tensor, 8 bits",
            _each(
                [*(NETWORKS[n] for n in names), *(f"{NETWORKS[n]} badly scaled" for n in names)],
                [f"{decibel(c.logit_error)} against {decibel(t.logit_error)} dB" for t, c in affine],
            ),
            _verdict([c.logit_error < t.logit_error for t, c in affine]),
        )
    )
    four = [cell(as_trained, n, "int4s/channel", "uint8") for n in names]
    out.append(
        Claim(
            "whitepaper",
            "4-bit weights lose noticeably (2 to 10 % even with training under quantization)",
            _each(names, [span(c) for c in four]),
            HOLDS
            if all(c.drift < -0.02 and c.drift_high < 0 for c in four)
            else PARTLY
            if any(c.drift_high < 0 for c in four)
            else OPEN,
        )
    )
    return out


def _minifloats(found: Tables, config: Config) -> list[Claim]:
    names = list(config["networks"])
    every = [d for d in duels(found, config) if d.where == "both"]
    out = []
    for condition in (AS_TRAINED, BADLY_SCALED):
        mine = [d for d in every if d.condition == condition]
        ahead = [d for d in mine if d.ahead.low > 0]
        behind = [d for d in mine if d.ahead.high < 0]
        closer = [d for d in mine if d.minifloat.logit_error < d.integer.logit_error]
        out.append(
            Claim(
                "minifloats",
                f"at the same width, 3 to 8 bits, minifloats do as well as integers or better ({condition})",
                f"of {len(mine)} widths and networks the best minifloat is ahead in accuracy beyond the interval in "
                f"{len(ahead)}{_listed(ahead)} and behind in {len(behind)}{_listed(behind)}; its logits are nearer in "
                f"{len(closer)}{_listed(closer)}",
                HOLDS if not behind and ahead else FAILS if behind and not ahead else PARTLY if behind else OPEN,
            )
        )
    near = {name: _narrowest(found, config, name) for name in names}
    out.append(
        Claim(
            "minifloats",
            "below 8 bits minifloats come near full precision",
            _each(names, [near[n][0] for n in names]),
            _verdict([near[n][1] < 8 for n in names]),
        )
    )
    shares = {}
    for error in ("loss", "logit_error"):
        fronts = {n: front(candidates(found, n, error), "luts", error) for n in names}
        shares[error] = [f"{int((f['kind'] == 'integers').sum())} of {len(f)}" for f in fronts.values()]
    cheaper = []
    for name in names:
        rows = candidates(found, name)
        for loss in LOSSES:
            best = [cheapest(rows[rows["kind"] == kind], loss, "luts") for kind in ("integers", "minifloat")]
            if best != [None, None]:
                luts = [np.inf if pair is None else pair.luts for pair in best]
                cheaper.append(bool(luts[0] <= luts[1]))
    out.append(
        Claim(
            "minifloats (first version)",
            "against hardware cost integers often remain the Pareto-optimal choice",
            f"pairs of integers alone on the front of loss and LUTs: {_each(names, shares['loss'])}; on that of the "
            f"logits' error and LUTs: {_each(names, shares['logit_error'])}"
            + f"; integers are no dearer than pairs with a minifloat in {sum(cheaper)} of {len(cheaper)} allowed "
            "losses of the table above",
            HOLDS if np.mean(cheaper) > 0.5 else PARTLY if any(cheaper) else FAILS,
        )
    )
    out += _techniques(found, config)
    out.append(_accumulators(found, config))
    return out


def _listed(some: list[Any]) -> str:
    if not some:
        return ""
    by_network: dict[str, list[str]] = {}
    for duel in some:
        by_network.setdefault(NETWORKS[duel.network], []).append(str(duel.width))
    return " (" + "; ".join(f"{name} {', '.join(widths)}" for name, widths in by_network.items()) + ")"


def _narrowest(found: Tables, config: Config, name: str) -> tuple[str, int]:
    """The narrowest width whose best minifloat, weights and activations, loses at most half a point for sure."""
    mine = [d for d in duels(found, config) if d.network == name and d.where == "both" and d.condition == AS_TRAINED]
    for duel in mine:
        if duel.minifloat.drift_low > -0.005:
            return f"{title(duel.minifloat.format)}, {duel.width} bits: {span(duel.minifloat)}", duel.width
    return "none with a loss below half a point", 99


def _techniques(found: Tables, config: Config) -> list[Claim]:
    """Do equalization and bias correction, made for integers, help minifloats?"""
    out = []
    rows = found.formats[(found.formats["rule"] == "mse") & (found.formats["where"] == "both")]
    best = {(d.network, d.condition, d.width): d.minifloat.format for d in duels(found, config) if d.where == "both"}
    for technique, words in (("equalized", "weight equalization"), ("bias", "bias correction")):
        told, helped = [], []
        for condition in (AS_TRAINED, BADLY_SCALED):
            counts = []
            for kind in ("integers", "minifloats"):
                better = worse = count = 0
                for (network, where, width), minifloat in best.items():
                    if where != condition:
                        continue
                    form = f"int{width}s" if kind == "integers" else minifloat
                    mine = rows[(rows["network"] == network) & (rows["condition"] == condition)]
                    with_it, without = (row(mine, format=form, technique=t).Index for t in (technique, ""))
                    gain = found.difference(with_it, without)
                    count, better, worse = count + 1, better + (gain.low > 0), worse + (gain.high < 0)
                counts.append(f"{kind} better in {better} and worse in {worse} of {count}")
                if kind == "minifloats":
                    helped.append(better > 0 and worse == 0)
            told.append(f"{condition}: {', '.join(counts)}")
        out.append(
            Claim(
                "minifloats (first version)",
                f"{words}, made for integers, is of use to minifloats",
                "accuracy, beyond the interval, " + "; ".join(told),
                _verdict(helped),
            )
        )
    return out


def _accumulators(found: Tables, config: Config) -> Claim:
    """The closed forms against what is exact, for the longest sum of any network; both formats signed."""
    terms = int(found.networks["largest_fan_in"].max())
    spare = {"integers": [], "minifloats": []}
    wider = []
    for width in config["formats"]["widths"]:
        integer = cost.accumulator(f"int{width}s", f"int{width}s", terms).bits
        spare["integers"].append(cost.published_integer_width(width, width, terms) - integer)
        for exponent in range(2, width):
            mantissa = width - 1 - exponent
            name = f"e{exponent}m{mantissa}f"
            exact = cost.accumulator(name, name, terms).bits
            form = cost.published_minifloat_width(exponent, mantissa, exponent, mantissa, terms)
            spare["minifloats"].append(form - exact)
            wider.append(exact > integer)
    told = ", ".join(f"{kind} {min(found_)} to {max(found_)} bits" for kind, found_ in spare.items())
    return Claim(
        "minifloats",
        "closed forms of accumulator widths are wide enough; minifloats need wider accumulators than integers",
        f"for {terms} terms more than the exact width: {told}; a minifloat's is wider than that of the integer of its "
        f"width in {sum(wider)} of {len(wider)}",
        _verdict([min(min(found_) for found_ in spare.values()) >= 0, all(wider)]),
    )
