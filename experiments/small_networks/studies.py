"""What is measured on a trained network: the whitepaper's integers, minifloats and integers of equal width, and every
pair of formats."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

from bench import Bench
from data import Digits
from names import APART, AS_TRAINED, BADLY_SCALED, exponent_of, unsigned, weight_formats
from networks import Network, badly_scaled, folded
from quantized import scheme_of

Config = dict[str, Any]


class Case(NamedTuple):
    """What to measure. keys: what its row is found by; the rest as in Bench.measure."""

    keys: dict[str, str]
    bench: Bench
    scheme: str
    activations: str
    rule: str
    technique: str = ""


def integers(trained: Network, digits: Digits, config: Config) -> Iterator[Case]:
    """Weights by channel and by tensor, symmetric and affine, with and without activations in few bits."""
    about = config["integers"]
    conditions = conditions_of(trained, config)
    if any(layer.gain is not None for layer in trained):
        conditions[APART] = trained
    weights = ["", *(text.replace("{N}", str(n)) for text in about["weights"] for n in about["widths"])]
    for condition, network in conditions.items():
        bench = Bench(network, digits)
        for of_weights, activations in itertools.product(weights, about["activations"]):
            keys = {"condition": condition, "weights": of_weights, "activations": activations}
            yield Case(keys, bench, scheme_of(of_weights) if of_weights else "", activations, "absmax")


def formats(trained: Network, digits: Digits, config: Config) -> Iterator[Case]:
    """Weights, activations and both in formats of the same width and exponent field, with every technique."""
    about = config["formats"]
    for condition, network in conditions_of(trained, config).items():
        bench = Bench(network, digits)
        for rule, name in itertools.product(about["rules"], format_names(config)):
            scheme = scheme_of(f"{name}/{about['group']}", rule)
            cases = [("activations", "", unsigned(name), ""), ("both, signed", scheme, name, "")]
            for technique in about["techniques"]:
                cases += [("weights", scheme, "", technique), ("both", scheme, unsigned(name), technique)]
            for where, weights, activations, technique in cases:
                keys = {"condition": condition, "rule": rule, "format": name, "where": where, "technique": technique}
                yield Case(keys, bench, weights, activations, rule, technique)


def pairs(trained: Network, digits: Digits, config: Config) -> Iterator[Case]:
    """Every format of weights with every one of activations. One exponent bit gives an integer's values: left out."""
    rule, group = config["pairs"]["rule"], config["formats"]["group"]
    names = [name for name in format_names(config) if exponent_of(name) != 1]
    bench = Bench(folded(trained), digits)
    for technique, weights, activations in itertools.product(config["pairs"]["techniques"], names, names):
        keys = {"technique": technique, "weights": weights, "activations": unsigned(activations)}
        yield Case(keys, bench, scheme_of(f"{weights}/{group}", rule), unsigned(activations), rule, technique)


STUDIES = {"integers": integers, "formats": formats, "pairs": pairs}


def format_names(config: Config) -> list[str]:
    return [name for width in config["formats"]["widths"] for name in weight_formats(width)]


def conditions_of(trained: Network, config: Config) -> dict[str, Network]:
    network = folded(trained)
    return {AS_TRAINED: network, BADLY_SCALED: badly_scaled(network, config["badly_scaled"]["octaves"], config["seed"])}
