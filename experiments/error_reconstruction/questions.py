"""What is asked of the encoder's layers, each answer a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import allocation
import drift
import numpy as np
import pandas
from halfulp._core import version
from halfulp.sweeping.progress import Bar
from halfulp.tasks import Encoder
from halfulp.tasks.task import file_hash, text_hash
from halfulp.tasks.threads import on_threads
from keeping import Kept
from layers import Corpus, Inputs, Layer, Recorded, layers_of, merge, read_texts, record
from measuring import bias_of, errors, restored

from methods import (
    BIAS,
    BIAS_EXACT,
    GPTQ,
    GPTQ_EXACT,
    NONE,
    Approximation,
    by_bias,
    by_closed_forms,
    by_gptq,
    closed_form,
    jointly,
    rounded,
    uncorrected,
)

Config = dict[str, Any]
Maker = Callable[[Layer], list[Approximation]]
_ALGORITHM = 1  # goes up when numbers change without the configuration


@dataclass(frozen=True)
class Answers:
    """errors: a row for each matrix, scheme, method, rank and storage of factors. drift: the end task's measures.
    calibration: errors on held-out texts by how many texts inputs were recorded from. allocations: for each budget
    what was chosen and what it costs. fronts: their whole curves. inputs: each matrix's shape, sensitivity and bounds.
    """

    errors: pandas.DataFrame
    drift: pandas.DataFrame
    calibration: pandas.DataFrame
    allocations: pandas.DataFrame
    fronts: pandas.DataFrame
    inputs: pandas.DataFrame
    samples: int


class Study:
    def __init__(self, config: Config, results: Path, model: str | None, wordnet: str) -> None:
        self.config = config
        self.encoder = Encoder(model)
        self.corpus: Corpus = read_texts(config, wordnet)
        self.kept = Kept(
            results,
            {
                "version": version,
                "algorithm": _ALGORITHM,
                "model": file_hash(self.encoder.path),
                "calibration": text_hash(self.corpus.calibration),
                "held_out": text_hash(self.corpus.held_out),
                "factors": config["closed_form"]["factors"],
            },
        )

    @cached_property
    def layers(self) -> list[Layer]:
        calibration = record(self.encoder, self.corpus.calibration)
        return layers_of(self.encoder, calibration, record(self.encoder, self.corpus.held_out))

    @cached_property
    def drift(self) -> drift.Drift:
        return drift.Drift(self.encoder, self.corpus, self.config["seed"])

    def evaluate(
        self, replaced: Callable[[], dict[str, np.ndarray] | None], depends: Any = None, **about: Any
    ) -> pandas.DataFrame:
        def make() -> pandas.DataFrame:
            return pandas.DataFrame(drift.rows(self.drift.measure(replaced()), **about))

        return self.kept.get({"part": "drift", "seed": self.config["seed"], "depends": depends, **about}, make)


@dataclass(frozen=True)
class Part:
    """One scheme under one group of methods. chosen: (method, rank) that go through the end task."""

    name: str
    kind: str
    bits: int
    scheme: str
    make: Maker
    depends: dict[str, Any]
    chosen: tuple[tuple[str, int], ...]


def parts(config: Config) -> Iterator[Part]:
    task, joint, closed = config["end_task"], config["joint"], config["closed_form"]
    for kind, schemes in config["schemes"].items():
        for bits, scheme in zip((2, 3, 4), schemes, strict=True):
            through = kind == task["kind"]
            corrected = [(m, r) for m in closed["methods"] for r in task["ranks"]] if through else []
            own = partial(by_closed_forms, scheme=scheme, config=config)
            depends = {"methods": closed["methods"], "ranks": closed["ranks"]}
            yield Part("closed_form", kind, bits, scheme, own, depends, ((NONE, 0), *corrected))
            if kind in joint["gptq"]["kinds"]:
                chosen = [(GPTQ, 0), *((GPTQ_EXACT, r) for r in task["ranks"])] if through else []
                made = partial(by_gptq, scheme=scheme, config=config)
                depends = {"ranks": closed["ranks"], **joint["gptq"]}
                yield Part("gptq", kind, bits, scheme, made, depends, tuple(chosen))
            if kind in joint["bias"]["kinds"]:
                chosen = [(BIAS, 0), *((BIAS_EXACT, r) for r in task["ranks"])] if through else []
                made = partial(by_bias, scheme=scheme, config=config)
                yield Part("bias", kind, bits, scheme, made, {"ranks": closed["ranks"]}, tuple(chosen))
            for method in ("loftq", "svdquant", "caldera"):
                for rank in joint[method].get("ranks", joint["ranks"]) if kind in joint[method]["kinds"] else []:
                    made = partial(jointly, scheme=scheme, method=method, rank=rank, config=config)
                    chosen = [(method, rank)] if through and rank in task["ranks"] else []
                    yield Part(method, kind, bits, scheme, made, {"rank": rank, **joint[method]}, tuple(chosen))


def measure(study: Study, part: Part) -> tuple[pandas.DataFrame, list[pandas.DataFrame]]:
    factors = study.config["closed_form"]["factors"]

    @cache
    def made() -> list[list[Approximation]]:
        return on_threads(part.make, study.layers)

    def table() -> pandas.DataFrame:
        pairs = list(zip(study.layers, made(), strict=True))
        found = on_threads(lambda pair: list(errors(*pair, factors)), pairs)
        return pandas.DataFrame([row for of in found for row in of])

    def replaced(method: str, rank: int) -> dict[str, np.ndarray]:
        arrays = {}
        for layer, several in zip(study.layers, made(), strict=True):
            one = next(one for one in several if one.method == method)
            kept = min(rank, one.left.shape[1])
            arrays[layer.name] = restored(one, kept, factors[0])
            if one.with_bias:
                name = f"{layer.name.removesuffix('weight')}bias"
                arrays[name] = study.encoder.weights[name] + bias_of(layer, one, kept, factors[0])
        return arrays

    about = {"part": part.name, "scheme": part.scheme, "depends": part.depends}
    named = {"kind": part.kind, "code_bits": part.bits, "scheme": part.scheme}
    found = study.kept.get(about, table).assign(**named)
    task = [
        study.evaluate(partial(replaced, method, rank), part.depends, method=method, rank=rank, **named)
        for method, rank in part.chosen
    ]
    return found, task


def approximation(study: Study, layer: Layer, scheme: str, method: str, rank: int) -> Approximation:
    """One of them anew: what an allocation chose."""
    config = study.config
    if method == NONE:
        return uncorrected(layer, scheme)[0]
    if method in (GPTQ, GPTQ_EXACT):
        return next(one for one in by_gptq(layer, scheme, config) if one.method == method)
    if method in config["closed_form"]["methods"]:
        return closed_form(layer, method, *rounded(layer, scheme), [rank])
    return jointly(layer, scheme, method, rank, config)[0]


def by_texts(study: Study) -> pandas.DataFrame:
    """Errors of one scheme's corrections, made from fewer and fewer texts."""
    about = study.config["calibration"]
    factors = study.config["closed_form"]["factors"]

    def of(pair: tuple[Layer, Inputs]) -> list[dict[str, Any]]:
        layer, mine = pair
        weight_q, bits = rounded(layer, about["scheme"])
        found = [
            closed_form(layer, method, weight_q, bits, [about["rank"]], mine.statistics) for method in about["methods"]
        ]
        here = Layer(layer.name, layer.weight, mine, layer.held_out)
        return list(errors(here, [*uncorrected(layer, about["scheme"]), *found], factors))

    def table() -> pandas.DataFrame:
        texts, rows, before = study.corpus.calibration, [], 0
        known: Recorded = {}
        for count in [*(n for n in about["texts"] if n < len(texts)), len(texts)]:
            merge(known, record(study.encoder, texts[before:count]))
            before = count
            inputs = {name: Inputs(statistics) for names, statistics in known.items() for name in names}
            found = on_threads(of, [(layer, inputs[layer.name]) for layer in study.layers])
            rows += [{"texts": count, "tokens": _tokens(known), **row} for of_layer in found for row in of_layer]
        return pandas.DataFrame(rows)

    return study.kept.get({"part": "calibration", **about}, table)


def _tokens(recorded: Recorded) -> int:
    return next(iter(recorded.values())).count


def inputs_table(study: Study, budgets: list[float]) -> pandas.DataFrame:
    """Of each matrix: shape, how correlated its inputs are (held-out texts), and what water-filling over their
    eigenvalues leaves of a Gaussian weight of so many bits (bound_…, relative)."""

    def table() -> pandas.DataFrame:
        return pandas.DataFrame(
            [
                {
                    "matrix": layer.name,
                    "inputs": layer.weight.shape[0],
                    "outputs": layer.weight.shape[1],
                    "off_diagonal": layer.held_out.off_diagonal,
                    **{f"bound_{bits:g}": allocation.filled(layer.held_out.eigenvalues, bits) for bits in budgets},
                }
                for layer in study.layers
            ]
        )

    return study.kept.get({"part": "inputs", "of": "held_out", "budgets": budgets}, table)


def sensitivities(study: Study) -> pandas.DataFrame:
    """Of each matrix: the drift of calibration texts where it alone is rounded, and that over its relative output
    error. Drift is quadratic in small errors, as output errors are, so it is about the sum over layers of both
    multiplied: what second derivatives are to HAWQ."""
    about = study.config["sensitivity"]

    def table() -> pandas.DataFrame:
        found = {layer.name: uncorrected(layer, about["scheme"])[0] for layer in study.layers}
        replaced = {name: restored(one, 0, "") for name, one in found.items()}
        drifts = drift.alone(study.encoder, study.corpus.calibration[: about["texts"]], replaced)
        return pandas.DataFrame(
            [
                {
                    "matrix": layer.name,
                    "drift": drifts[layer.name],
                    "sensitivity": drifts[layer.name] / next(errors(layer, [found[layer.name]], []))["output_error"],
                }
                for layer in study.layers
            ]
        )

    return study.kept.get({"part": "sensitivity", **about}, table)


BOUND_BITS = [float(bits) for bits in np.arange(1.0, 8.01, 0.25)]


def answer(config: Config, results: Path, model: str | None, wordnet: str, progress: bool | None = None) -> Answers:
    study = Study(config, results, model, wordnet)
    every = list(parts(config))
    found, task = [], [study.evaluate(lambda: None, method="reference")]
    with Bar(progress, len(every), unit=" parts", desc="errors") as bar:
        for part in every:
            table, through = measure(study, part)
            found.append(table)
            task += through
            bar.update(1)
    whole = pandas.concat(found, ignore_index=True)
    inputs = inputs_table(study, BOUND_BITS)
    calibration = by_texts(study)
    chosen, fronts = [], []
    weights = sensitivities(study)
    inputs = inputs.merge(weights, on="matrix")

    @cache
    def rebuilt(name: str, scheme: str, method: str, rank: int) -> Approximation:
        layer = next(layer for layer in study.layers if layer.name == name)
        return approximation(study, layer, scheme, method, rank)

    def replaced(picked: pandas.DataFrame) -> dict[str, np.ndarray]:
        def one(row: Any) -> np.ndarray:
            return restored(rebuilt(row.matrix, row.scheme, row.method, row.rank), row.rank, row.factors)

        return dict(zip(picked["matrix"], on_threads(one, list(picked.itertuples())), strict=True))

    budgets = config["end_task"]["budgets"]
    with Bar(progress, len(allocation.KINDS) * len(budgets), unit=" budgets", desc="allocations") as bar:
        for kind in allocation.KINDS:
            problem = allocation.problem(whole, weights.set_index("matrix")["sensitivity"], kind)
            fronts.append(allocation.front(problem))
            for budget in budgets:
                picked, row = allocation.within(problem, budget)
                chosen.append(row)
                about = {"allocation": kind.name, "budget": budget}
                depends = {"choices": picked_hash(picked), "joint": config["joint"]}
                through = study.evaluate(partial(replaced, picked), depends, method="allocation", **about)
                task.append(through.assign(bits_per_weight=row["bits_per_weight"]))
                bar.update(1)
    samples = int(calibration["tokens"].max())
    return Answers(
        whole,
        pandas.concat(task, ignore_index=True),
        calibration,
        pandas.DataFrame(chosen),
        pandas.concat(fronts, ignore_index=True),
        inputs,
        samples,
    )


def picked_hash(picked: pandas.DataFrame) -> str:
    columns = ["matrix", "scheme", "method", "rank", "factors"]
    return text_hash("\t".join(map(str, row)) for row in picked[columns].itertuples(index=False))
