"""gfloat: round_ndarray in every mode on NumPy and compiled by JAX; encode_ndarray and decode_ndarray on NumPy."""

from __future__ import annotations

from typing import Any

import gfloat
import halfulp as hu
import jax
import jax.numpy as jnp
import numpy as np
from gfloat import formats as infos

from speed.peers.contest import Contest, Latest, Pair, code_bytes, different_codes, different_values

PACKAGES = ("gfloat", "numpy", "jax")

FORMATS = {
    "bfloat16": infos.format_info_bfloat16,
    "binary16": infos.format_info_binary16,
    "e4m3fn": infos.format_info_ocp_e4m3,
    "e5m2": infos.format_info_ocp_e5m2,
    "e3m2fn": infos.format_info_ocp_e3m2,
    "e2m3fn": infos.format_info_ocp_e2m3,
    "e2m1fn": infos.format_info_ocp_e2m1,
}
MODES = {
    "nearest_ties_to_even": gfloat.RoundMode.TiesToEven,
    "nearest_ties_to_away": gfloat.RoundMode.TiesToAway,
    "toward_zero": gfloat.RoundMode.TowardZero,
    "toward_positive": gfloat.RoundMode.TowardPositive,
    "toward_negative": gfloat.RoundMode.TowardNegative,
}
# It takes R from the caller.
STOCHASTIC = {
    "stochastic_a": gfloat.RoundMode.StochasticFastest,
    "stochastic_b": gfloat.RoundMode.StochasticFast,
    "stochastic_c": gfloat.RoundMode.Stochastic,
}
RANDOM_BITS = 8


def contests() -> list[Contest]:
    found = []
    for format in FORMATS:
        for mode in MODES:
            for peer, prepare in (("gfloat", _round), ("gfloat (jax)", _round_by_jax)):
                found.append(Contest(peer, "round", format, f"{mode}, saturating", 8, prepare(format, mode)))
        found.append(Contest("gfloat", "encode", format, "of members", 4 + code_bytes(format), _encode(format)))
        found.append(Contest("gfloat", "decode", format, "", 4 + code_bytes(format), _decode(format)))
    for mode in STOCHASTIC:
        found.append(Contest("gfloat", "round", "e4m3fn", f"{mode}, R given", 12, _stochastic("e4m3fn", mode)))
    return found


def _round(format: str, mode: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        theirs = Latest(lambda: gfloat.round_ndarray(FORMATS[format], x, MODES[mode], True))
        ours = np.zeros_like(x)
        return Pair(
            peer=theirs,
            ours=lambda: hu.round(x, format, mode, overflow="sat_finite", out=ours),
            differences=lambda: different_values(ours, theirs.value),
        )

    return prepare


def _round_by_jax(format: str, mode: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        compiled = jax.jit(lambda v: gfloat.round_ndarray(FORMATS[format], v, MODES[mode], True))
        device = jnp.asarray(x)
        theirs = Latest(lambda: compiled(device).block_until_ready())
        ours = np.zeros_like(x)
        return Pair(
            peer=theirs,
            ours=lambda: hu.round(x, format, mode, overflow="sat_finite", out=ours),
            differences=lambda: different_values(ours, theirs.value),
        )

    return prepare


def _stochastic(format: str, mode: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        given = np.random.default_rng(2).integers(2**RANDOM_BITS, size=x.shape, dtype=np.uint32)
        theirs = Latest(
            lambda: gfloat.round_ndarray(FORMATS[format], x, STOCHASTIC[mode], True, given.astype(int), RANDOM_BITS)
        )
        ours = np.zeros_like(x)
        return Pair(
            peer=theirs,
            ours=lambda: hu.round(
                x, format, mode, overflow="sat_finite", random=given, random_bits=RANDOM_BITS, out=ours
            ),
            differences=lambda: different_values(ours, theirs.value),
        )

    return prepare


def _encode(format: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        members = hu.round(x, format, overflow="sat_finite")
        theirs = Latest(lambda: gfloat.encode_ndarray(FORMATS[format], members))
        ours = np.zeros(x.shape, hu.format(format).code_dtype)
        return Pair(
            peer=theirs,
            ours=lambda: hu.encode(members, format, out=ours),
            differences=lambda: different_codes(ours, theirs.value),
        )

    return prepare


def _decode(format: str) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        codes = hu.encode(x, format, overflow="sat_finite")
        theirs = Latest(lambda: gfloat.decode_ndarray(FORMATS[format], codes))
        ours = np.zeros_like(x)
        return Pair(
            peer=theirs,
            ours=lambda: hu.decode(codes, format, out=ours),
            differences=lambda: different_values(ours, theirs.value),
        )

    return prepare
