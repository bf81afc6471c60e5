"""How a task quantizes: a scheme's options, and arrays under a scheme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from halfulp._phase_format import ComplexScheme
from halfulp._quantize import quantize
from halfulp._random import Rng, draw
from halfulp._scheme import AnyScheme
from halfulp.sweeping import widely_linear
from halfulp.sweeping.measures import stored_bits
from halfulp.tasks.threads import cores


@dataclass(frozen=True)
class Rounding:
    """As in :func:`halfulp.quantize`. source: (seed, stream, offset) of a stochastic rounding's bits; array i draws
    from stream + i."""

    rounding: str = "nearest_ties_to_even"
    scale_rounding: str | None = None
    random_bits: int | None = None
    source: tuple[int, int, int] | None = None

    def keywords(self, place: int) -> dict[str, Any]:
        """The keywords of quantize for the array at this place."""
        rng = None
        if self.source is not None:
            seed, stream, offset = self.source
            rng = Rng(seed, stream + place, offset)
        return {
            "rounding": self.rounding,
            "scale_rounding": self.scale_rounding,
            "random_bits": self.random_bits,
            "rng": rng,
        }

    def check(self, schemes: Iterable[AnyScheme]) -> None:
        """Fails now where an array would fail for its options."""
        for scheme in schemes:
            quantized_matrix(np.zeros((2, 2), dtype=np.float32), scheme, self, 0)


def source(rng: Any, streams: int) -> tuple[int, int, int] | None:
    """The first source of `streams` arrays. rng: None, a seed, an Rng (which moves on by so many streams), or a numpy
    Generator."""
    if rng is None:
        return None
    first = draw(rng)
    if isinstance(rng, Rng):
        for _ in range(1, streams):
            draw(rng)
    return first


class Replacement(NamedTuple):
    """arrays: by name, as a scheme leaves them, float32. bits_per_element: of all of them together, scales counted."""

    arrays: dict[str, np.ndarray]
    bits_per_element: float


def quantized(
    weights: Mapping[str, np.ndarray], chosen: Sequence[str], every: Sequence[str], scheme: AnyScheme, how: Rounding
) -> Replacement:
    """The chosen matrices under a scheme, groups along the last axis.

    every: all matrices of the model. The place of a matrix among them is its stream of random bits, as in
    halfulp.sweep, so that a matrix is rounded alike whichever others are chosen.
    """
    arrays = {}
    bits = elements = 0
    places = {name: place for place, name in enumerate(every)}
    for name in chosen:
        try:
            arrays[name], stored = quantized_matrix(weights[name], scheme, how, places[name])
        except ValueError as error:
            raise ValueError(f"matrix {name!r} under scheme {scheme}: {error}") from error
        bits += stored
        elements += weights[name].size
    return Replacement(arrays, bits / elements)


def quantized_matrix(matrix: np.ndarray, scheme: AnyScheme, how: Rounding, place: int) -> tuple[np.ndarray, int]:
    """A matrix as a scheme leaves it, float32, groups along the last axis (@flat: in C order), and the bits that are
    stored. place: the matrix's stream of random bits. Complex schemes go through the widely linear form."""
    keywords = {"threads": cores(), **how.keywords(place)}
    if isinstance(scheme, ComplexScheme):
        values, _ = widely_linear.fake_quantize(matrix, scheme, **keywords)
        return values, stored_bits(widely_linear.planes(scheme, matrix.shape, -1, 0))
    found = quantize(matrix, scheme, **keywords)
    return found.dequantize(np.float32, threads=cores()), found.bits


def quantized_vectors(vectors: np.ndarray, scheme: AnyScheme, how: Rounding, place: int) -> tuple[np.ndarray, int]:
    """As :func:`quantized_matrix`, for vectors (count, length) that are no map: a complex scheme takes the halves of
    each as real and imaginary parts."""
    if not isinstance(scheme, ComplexScheme):
        return quantized_matrix(vectors, scheme, how, place)
    return widely_linear.fake_quantize_vectors(vectors, scheme, threads=cores(), **how.keywords(place))
