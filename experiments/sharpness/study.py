"""What is asked of the two models, each answer a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import curvature
import damage
import decoder
import numpy as np
import pandas
import predictors
import tails
import texts
from halfulp import allocate
from halfulp._core import version
from halfulp.sweeping.progress import Bar
from halfulp.tasks import Encoder
from halfulp.tasks.task import file_hash, text_hash
from halfulp.tasks.threads import one_thread_blas
from keeping import Kept, Rows
from torch_encoder import linear_names

Config = dict[str, Any]
_ALGORITHM = 1  # goes up when numbers change without the configuration


@dataclass(frozen=True)
class Answers:
    """traces: of each layer, for both losses, with standard errors, and the largest eigenvalue. damage: of each layer
    under each scheme, with every predictor. allocations: what each predictor chose for a budget, and its drift. logits:
    of each number of mantissa bits, rounding, window and box. tails: of each weight and input."""

    traces: pandas.DataFrame
    damage: pandas.DataFrame
    allocations: pandas.DataFrame
    logits: pandas.DataFrame
    tails: pandas.DataFrame


class Study:
    def __init__(self, config: Config, results: Path, models: tuple[str | None, str | None], wordnet: str) -> None:
        self.config = config
        self.encoder = Encoder(models[0])
        self.names = linear_names(self.encoder.weights)
        self._gguf = models[1]
        corpus = texts.read(config, wordnet)
        self.calibration = texts.tokenized(self.encoder, corpus.calibration)
        self.held_out = texts.tokenized(self.encoder, corpus.held_out)
        self.kept = Kept(
            results,
            {
                "version": version,
                "algorithm": _ALGORITHM,
                "seed": config["seed"],
                "encoder": file_hash(self.encoder.path),
                "decoder": file_hash(decoder.model_file(self._gguf)),
                "texts": text_hash([*corpus.calibration.all, *corpus.held_out.all]),
                "temperature": config["traces"]["temperature"],
            },
        )

    @cached_property
    def damage(self) -> damage.Damage:
        return damage.Damage(self.encoder, self.held_out, self.config["traces"]["temperature"])

    @cached_property
    def moments(self) -> dict[str, np.ndarray]:
        return damage.second_moments(self.encoder, self.calibration.all)

    @cached_property
    def model(self) -> Any:
        return decoder.read(self._gguf)

    @cached_property
    def windows(self) -> np.ndarray:
        return decoder.windows(self.model, self.config["decoder"], self.config["seed"])


Part = tuple[str, dict[str, Any], Callable[[], Rows]]


def encoder_parts(study: Study) -> list[Part]:
    config, encoder, names = study.config, study.encoder, study.names
    found: list[Part] = []
    probes = {"probes": config["traces"]["probes"]}
    found.append(("drift_traces", probes, lambda: curvature.drift_traces(encoder, study.calibration, config)))
    probes = {"probes": config["traces"]["contrast_probes"]}
    for kind in predictors.KINDS:
        make = lambda kind=kind: curvature.contrast_traces(encoder, study.calibration, kind, config)  # noqa: E731
        found.append(("contrast_traces", {"kind": kind, **probes}, make))
    for name in names:
        own = {"matrix": name, **{k: v for k, v in config["traces"].items() if k.startswith("eigenvalue")}}
        make = lambda name=name: curvature.top_eigenvalue(encoder, study.calibration, name, config)  # noqa: E731
        found.append(("eigenvalue", own, make))
    found.append(("energy", {}, lambda: damage.energies(encoder, study.moments, names)))
    for scheme in config["schemes"]:
        make = lambda scheme=scheme: damage.by_layer(encoder, study.damage, study.moments, names, scheme)  # noqa: E731
        found.append(("damage", {"scheme": scheme}, make))
    temperature = config["traces"]["temperature"]
    both = {"gradient_own": study.held_out, "gradient_other": study.calibration}
    schemes = list(config["schemes"])
    make = lambda: curvature.first_orders(encoder, both, schemes, temperature)  # noqa: E731
    found.append(("gradient", {"schemes": schemes}, make))
    part = config["quadratic"]["part"]
    for scheme in config["quadratic"]["schemes"]:
        make = lambda scheme=scheme: damage.quadratic_forms(  # noqa: E731
            encoder, study.calibration.all, names, scheme, part
        )
        found.append(("quadratic", {"scheme": scheme, "part": part}, make))
    own_tails = config["tails"]
    texts_of = [*study.calibration.documents, *study.calibration.sentences][: own_tails["encoder_texts"]]
    about = {"model": "encoder", **own_tails}
    found.append(("tails", about, lambda: tails.of_encoder(encoder, texts_of, names, own_tails["schemes"])))
    return found


def decoder_parts(study: Study) -> list[Part]:
    config, about = study.config, study.config["decoder"]
    depends = {k: about[k] for k in ("text", "windows", "length", "epsilons")}

    def logits(mantissa: int | None, rounding: str) -> Rows:
        model = study.model
        if mantissa is None:
            weights = model.weights
        elif rounding in (decoder.SHRUNK, decoder.GROWN):
            weights = decoder.control(model, mantissa, rounding)
        else:
            weights = decoder.rounded(model, mantissa, rounding)
        rows = decoder.measure(model, weights, study.windows, about["epsilons"])
        return [{"mantissa": mantissa, "rounding": rounding, **row} for row in rows]

    cases = [(None, decoder.STORED), *((m, r) for r in about["roundings"] for m in about["mantissas"])]
    cases += [(about["shrunk"], kind) for kind in (decoder.SHRUNK, decoder.GROWN)]
    found: list[Part] = [
        ("logits", {**depends, "mantissa": m, "rounding": r}, lambda m=m, r=r: logits(m, r)) for m, r in cases
    ]
    own = config["tails"]
    found.append(
        (
            "tails",
            {"model": "decoder", **depends, **own},
            lambda: tails.of_decoder(study.model, study.windows[: own["decoder_windows"]], own["schemes"]),
        )
    )
    return found


def answer(study: Study, progress: bool) -> Answers:
    parts = [*encoder_parts(study), *decoder_parts(study)]
    rows: dict[str, list[Rows]] = {}
    with one_thread_blas(), Bar(progress, len(parts) + 1, unit=" parts", desc="sharpness") as bar:
        for name, about, make in parts:
            rows.setdefault(name, []).append(study.kept.get(name, about, make))
            bar.update(1)
        tables = {name: [pandas.DataFrame(part) for part in several] for name, several in rows.items()}
        losses = {loss: pandas.concat(tables[f"{loss}_traces"]) for loss in ("drift", "contrast")}
        traces = _traces(study, losses, pandas.concat(tables["eigenvalue"])).merge(tables["energy"][0], on="matrix")
        table = predictors.table(pandas.concat(tables["damage"]), traces, pandas.concat(tables["quadratic"]))
        table = table.merge(tables["gradient"][0], on=["matrix", "scheme"], validate="one_to_one")
        allocations = allocated(study, table)
        bar.update(1)
    logits, found = (pandas.concat(tables[name], ignore_index=True) for name in ("logits", "tails"))
    return Answers(traces, table, allocations, logits, found)


def _traces(study: Study, losses: dict[str, pandas.DataFrame], eigenvalues: pandas.DataFrame) -> pandas.DataFrame:
    sizes = [{"matrix": n, "elements": study.encoder.weights[n].size} for n in study.names]
    out = pandas.DataFrame(sizes).set_index("matrix")
    for loss, found in losses.items():
        by = found.set_index("matrix")
        out[f"{loss}_trace"], out[f"{loss}_trace_error"] = by["trace"], by["standard_error"]
    return out.join(eigenvalues.set_index("matrix")).reset_index()


def allocated(study: Study, table: pandas.DataFrame) -> pandas.DataFrame:
    """What each predictor chooses within each budget of bits a weight, exactly, and the drift of the whole."""
    about = study.config["allocation"]
    schemes = list(about["schemes"])
    bits = damage.stored_bits(study.encoder, study.names, schemes)
    elements = sum(study.encoder.weights[n].size for n in study.names)
    rows: Rows = []
    for place, scheme in enumerate(schemes):
        choice = dict.fromkeys(study.names, scheme)
        rows.append(_measured(study, choice, "one for all", sum(b[place] for b in bits.values()) / elements))
    for budget in about["budgets"]:
        for name in predictors.CHOOSING:
            wide = table.pivot_table(index="matrix", columns="scheme", values=name).loc[study.names, schemes]
            if wide.isna().any(axis=None):
                continue
            found = allocate.choose(wide.to_numpy(), [bits[n] for n in study.names], budget * elements)
            choice = {n: schemes[c] for n, c in zip(study.names, found.choices, strict=True)}
            rows.append(_measured(study, choice, name, budget, optimal=found.optimal, size=found.size / elements))
    return pandas.DataFrame(rows)


def _measured(study: Study, choice: dict[str, str], name: str, budget: float, **more: Any) -> dict[str, Any]:
    make = lambda: [study.damage.of(damage.chosen_weights(study.encoder, choice))]  # noqa: E731
    found = study.kept.get("allocation", {"choice": choice}, make)[0]
    return {"predictor": name, "budget": budget, "optimal": True, "size": budget, **more, **found}
