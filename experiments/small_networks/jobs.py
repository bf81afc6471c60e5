"""Training and measuring in parts, each kept in a file as soon as it is there and found again."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, NamedTuple

import data
import halfulp as hu
import numpy as np
import pandas
import studies
import training
from halfulp.sweeping._files import replacing
from networks import Layer, Network, folded, forward, largest_fan_in, parameters
from threadpoolctl import threadpool_limits
from tqdm import tqdm

Config = dict[str, Any]
PROCESSES = 2
HERE = Path(__file__).resolve().parent
# What a part's numbers depend on, beside the configuration: a change of these files makes old parts unknown.
CODE = ("data.py", "networks.py", "training.py", "quantized.py", "bench.py", "techniques.py", "studies.py", "names.py")


class Job(NamedTuple):
    """A study of a network that was trained from a seed; "": the training itself."""

    name: str
    seed: int
    study: str


class Part(NamedTuple):
    """Rows of one network and study, and for each row which test images are right."""

    rows: pandas.DataFrame
    right: np.ndarray


class Measured(NamedTuple):
    """networks: a row for each trained network. parts: by study and network, a Part for each seed in turn, whose rows
    have the same keys in the same order."""

    networks: pandas.DataFrame
    parts: dict[tuple[str, str], list[Part]]


def digits_of(config: Config) -> data.Digits:
    return data.load(config["digits"]["train"], config["digits"]["calibration"], config["seed"])


def measure(config: Config, results: Path) -> Measured:
    """Everything, two processes at a time."""
    jobs = [
        Job(name, seed, study)
        for study in ("", *studies.STUDIES)
        for name in config["networks"]
        for seed in config["seeds"]
    ]
    places = {job: _place(job, config, results) for job in jobs}  # once: what is found at the end is what was made
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        # Networks first: every study of one needs it.
        for label, some in (
            ("training", [job for job in jobs if not job.study]),
            ("studies", [job for job in jobs if job.study]),
        ):
            waiting = {pool.submit(_run, job, places[job._replace(study="")], places[job], config) for job in some}
            for done in tqdm(as_completed(waiting), total=len(waiting), desc=label):
                done.result()
    digits = digits_of(config)
    rows = [_about(job, trained(job.name, job.seed, config, places[job]), digits) for job in jobs if not job.study]
    parts = {
        (study, name): [_read(places[Job(name, seed, study)]) for seed in config["seeds"]]
        for study in studies.STUDIES
        for name in config["networks"]
    }
    return Measured(pandas.DataFrame(rows), parts)


def _run(job: Job, of_network: Path, place: Path, config: Config) -> None:
    with threadpool_limits(1):
        network = trained(job.name, job.seed, config, of_network)
        if job.study and not place.exists():
            found = run_study(job.study, network, digits_of(config), config)
            with replacing(place) as file:
                text = found.rows.to_json(orient="records")
                np.savez(file, rows=text, right=np.packbits(found.right, axis=1), images=found.right.shape[1])


def run_study(study: str, network: Network, digits: data.Digits, config: Config) -> Part:
    rows, right = [], []
    for case in studies.STUDIES[study](network, digits, config):
        numbers, images = case.bench.measure(case.scheme, case.activations, case.rule, case.technique)
        rows.append(case.keys | numbers)
        right.append(images)
    return Part(pandas.DataFrame(rows), np.array(right))


def _read(place: Path) -> Part:
    with np.load(place) as file:
        rows = pandas.DataFrame(json.loads(str(file["rows"])))
        return Part(rows, np.unpackbits(file["right"], axis=1, count=int(file["images"])).astype(bool))


def trained(name: str, seed: int, config: Config, place: Path) -> Network:
    """A network from its file, or trained now and put there."""
    if not place.exists():
        network = training.train(name, config["networks"][name], digits_of(config), seed)
        arrays = {}
        for i, layer in enumerate(network):
            arrays |= {f"{i}_weight": layer.weight, f"{i}_bias": layer.bias, f"{i}_form": [layer.stride, layer.relu]}
            arrays |= {} if layer.gain is None else {f"{i}_gain": layer.gain}
        with replacing(place) as file:
            np.savez(file, **arrays)
        return network
    with np.load(place) as file:
        layers = range(sum(key.endswith("_weight") for key in file))
        return [
            Layer(
                file[f"{i}_weight"],
                file[f"{i}_bias"],
                int(file[f"{i}_form"][0]),
                bool(file[f"{i}_form"][1]),
                file.get(f"{i}_gain"),
            )
            for i in layers
        ]


def _place(job: Job, config: Config, results: Path) -> Path:
    """The file of a part; its name depends on everything that its numbers do."""
    about = {key: config[key] for key in ("seed", "digits")} | {"network": config["networks"][job.name]}
    if job.study:
        about |= {key: config[key] for key in ("badly_scaled", "formats", job.study)} | {"halfulp": hu.__version__}
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for file in CODE if job.study else CODE[:3]:
        digest.update((HERE / file).read_bytes())
    return results / f"{job.name}_{job.seed}_{job.study or 'trained'}_{digest.hexdigest()[:12]}.npz"


def _about(job: Job, network: Network, digits: data.Digits) -> dict[str, Any]:
    folds = folded(network)
    test, train = (
        forward(folds, images).argmax(axis=1) == labels
        for images, labels in (
            (digits.test_images, digits.test_labels),
            (digits.train_images, digits.train_labels),
        )
    )
    return {
        "network": job.name,
        "seed": job.seed,
        "parameters": parameters(network),
        "largest_fan_in": largest_fan_in(network),
        "train_accuracy": float(train.mean()),
        "test_accuracy": float(test.mean()),
        "spread": channel_spread(network),
        "spread_folded": channel_spread(folds),
        "fingerprint": training.fingerprint(network),
    }


def channel_spread(network: Network) -> float:
    """How many times larger the largest weight of the widest output channel is than that of the narrowest one, in the
    hidden layer where that is most."""
    ranges = [np.abs(layer.weight).max(axis=0) for layer in network[:-1]]
    return float(max(found.max() / found.min() for found in ranges))
