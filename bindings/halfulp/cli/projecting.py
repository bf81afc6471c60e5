"""The options that say how a number becomes a member: shared by round and encode."""

from __future__ import annotations

import argparse

import halfulp as hu
from halfulp._format import real_format
from halfulp._projection import check_mode
from halfulp.cli import codes
from halfulp.cli.command import Parser
from halfulp.cli.numbers import numbers

#: The keys that both print for a number.
JSON_KEYS = {
    "value": "the number, as binary64",
    **codes.JSON_KEYS,
    "error": "member - value; null where one of them is not finite",
}


def add_arguments(parser: Parser) -> None:
    parser.add_argument("values", nargs="+", metavar="VALUE", help="numbers")
    parser.offer("formats", "format", metavar="FORMAT", help="such as e4m3fn or Binary8p3se")
    parser.offer(
        "rounding", "--rounding", metavar="MODE", help="a mode's name or alias (default: nearest_ties_to_even)"
    )
    parser.offer("overflow", "--overflow", metavar="POLICY", help="such as sat_finite (default: the format's own)")
    parser.offer(
        "nan",
        "--nan",
        metavar="POLICY",
        help="what NaN becomes in a format without one: raise (default), to_max, to_zero",
    )
    parser.add_argument(
        "--ftz", choices=("before", "after"), help="flush what is below the smallest normal member to zero"
    )
    parser.offer(
        "presets",
        "--projection",
        metavar="PRESET",
        help="all of that as one name: what a library or standard does, such as ml_dtypes or ocp_sat",
    )
    parser.add_argument("--random-bits", type=int, metavar="N", help="of stochastic rounding (default: 32)")
    parser.add_argument("--rng", type=int, metavar="SEED", help="for stochastic rounding: the seed of the random bits")


def project(options: argparse.Namespace) -> tuple[hu.Format, list[float], list[int]]:
    """The format, the numbers, and the codes of the members they become."""
    check_rng(options.rng, options.rounding)
    values = numbers(options.values)
    f = real_format(options.format)
    how = {name: getattr(options, name) for name in ("overflow", "nan", "ftz", "projection", "random_bits", "rng")}
    return f, values, hu.encode(values, f, options.rounding, **how).tolist()


def check_rng(seed: int | None, rounding: str | None, argument: str = "rounding") -> None:
    """Raises ValueError where a mode draws random bits that nobody has seeded."""
    if seed is None and rounding is not None and check_mode(argument, rounding):
        raise ValueError(f"{argument} is {rounding!r}, which draws random bits: name their seed, as in --rng 42")
