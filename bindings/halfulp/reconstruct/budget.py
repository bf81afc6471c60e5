"""Rank and bits chosen together: the best pair of scheme and rank within so many bits a weight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Unpack

import numpy as np

from halfulp._quantize import fake_quantize, quantize
from halfulp._runs import integer, real
from halfulp._scheme import Scheme
from halfulp._scheme import real_scheme as to_scheme
from halfulp.reconstruct._finish import corrected
from halfulp.reconstruct._inputs import (
    Options,
    matrix,
    moment_norm,
    plain_norm,
    route,
    sample_notes,
    scheme_and_axis,
    second_moment,
)
from halfulp.reconstruct._result import Reconstruction


@dataclass(frozen=True)
class Candidate:
    """A scheme with the largest rank that the budget leaves it. bits: of all, for each element of W; error: the own
    error of the correction. rank and error are None where the scheme alone is beyond the budget."""

    scheme: str
    rank: int | None
    bits: float
    error: float | None


@dataclass(frozen=True, eq=False)
class Budgeted:
    """What :func:`within_budget` chose: scheme (of weight_q), rank, bits (all, for each element of W), reconstruction
    (with weight_q and quantized A and B), and all candidates in the order given."""

    scheme: Scheme
    rank: int
    bits: float
    reconstruction: Reconstruction
    candidates: tuple[Candidate, ...]


def within_budget(
    weight: Any,
    schemes: Iterable[Any] | str,
    bits: float,
    statistics: Any = None,
    *,
    factor_scheme: Any = "bfloat16",
    most_rank: int | None = None,
    axis: int | None = None,
    **options: Unpack[Options],
) -> Budgeted:
    """The scheme and rank with the least error among those whose codes, scales and factors take at most `bits` for
    each element of W. A larger rank never does worse, so each scheme gets the largest that fits; bits are counted for
    this very shape (ragged groups and tensor scales too).

    schemes: texts or Schemes (a text with blanks: several). statistics: a :class:`Covariance` or E[xᵀx] for the
    output's error (:func:`qera_exact`), None for the plain one (:func:`zeroquant_v2`). factor_scheme: what A and B
    are stored in, groups along in and along out. most_rank: no larger ones. Keywords: :class:`Options` but factors.
    Raises ValueError where not even rank 0 of any scheme fits, with the least bits that do."""
    w = matrix("weight", weight)
    allowed = real("bits", bits, 0)
    if not isinstance(schemes, (str, Iterable)):
        raise TypeError(f"schemes is {schemes!r}, allowed: texts or Schemes, or one text with blanks between them")
    several = schemes.split() if isinstance(schemes, str) else list(schemes)
    if not several:
        raise ValueError("schemes is empty, allowed: at least one scheme")
    if options.get("factors") is not None:
        raise ValueError("factors is given, allowed for within_budget: factor_scheme")
    factor = to_scheme(factor_scheme)
    most = min(w.shape) if most_rank is None else integer("most_rank", most_rank, 0, min(w.shape))
    channels = w.shape[0]
    norm, moment = plain_norm(channels), None
    if statistics is not None:
        moment = second_moment(statistics, channels)
        norm = moment_norm(moment, exact=options.get("algorithm") != "randomized")
    candidates: list[Candidate] = []
    best: tuple[Scheme, Candidate, Reconstruction] | None = None
    for item in several:
        scheme, _ = scheme_and_axis(item, axis)
        quantized = quantize(w, scheme, axis=axis)
        rank, total = _largest_rank(w.shape, quantized.bits, allowed * w.size, factor, most)
        del quantized
        if rank is None:
            candidates.append(Candidate(str(scheme), None, total / w.size, None))
            continue
        how = route(rank, {**options, "factors": (factor, factor)}, share=1.0 if moment is not None else 0.5)
        weight_q = np.asarray(fake_quantize(w, scheme, axis=axis))
        found = corrected(
            "qera_exact" if moment is not None else "zeroquant_v2",
            w,
            weight_q,
            norm,
            how,
            norm_is_output=moment is not None,
            weight_q=weight_q,
            notes=sample_notes(statistics),
        )
        candidates.append(Candidate(str(scheme), rank, total / w.size, found.error))
        if best is None or found.error < best[2].error:
            best = scheme, candidates[-1], found
    if best is None:
        least = min(candidates, key=lambda c: c.bits)
        raise ValueError(
            f"bits is {bits}, allowed: {least.bits:.6g} or more, which {least.scheme} takes without a correction"
        )
    scheme, chosen, found = best
    return Budgeted(scheme, found.rank, chosen.bits, found, tuple(candidates))


def _largest_rank(
    shape: tuple[int, ...], own: int, allowed: float, factor: Scheme, most: int
) -> tuple[int | None, int]:
    """The largest rank whose factors fit beside `own` bits, and all bits then; None where these are too many alone."""
    if own > allowed:
        return None, own
    # No array takes fewer bits than its scheme's share for large ones, so the rank is at most this.
    rank = min(most, int((allowed - own) / (factor.bits_per_element * sum(shape))))
    while rank > 0 and own + (bits := _factor_bits(shape, rank, factor)) > allowed:
        rank -= 1
    return rank, own + (bits if rank > 0 else 0)


def _factor_bits(shape: tuple[int, ...], rank: int, factor: Scheme) -> int:
    left, right = np.zeros((shape[0], rank), np.float32), np.zeros((rank, shape[1]), np.float32)
    along = (None, None) if factor.flat else (0, 1)
    return sum(quantize(x, factor, axis=axis).bits for x, axis in zip((left, right), along, strict=True))
