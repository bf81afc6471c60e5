"""Calibration: ranges of activations and of keys and values in a cache, from batches as they come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._format import real_format
from halfulp._quantize import fake_quantize
from halfulp._runs import choice, integer, real
from halfulp._scheme import real_scheme
from halfulp.methods._layers import Array, real_array

KINDS = ("absmax", "percentile", "mse", "entropy")
PARTS = ("tensor", "channel", "token")


@dataclass(frozen=True)
class Ranges:
    """What an :class:`Observer` has found.

    amax: the magnitude at which values are cut off, float64: shape () for the tensor, (channels,) or (tokens,).
    least, largest: the smallest and the largest value seen, alike. count: how many values were seen in all. kind, per:
    the observer's.
    """

    amax: Array
    least: Array
    largest: Array
    count: int
    kind: str
    per: str

    def scales(self, format: Any) -> Array:
        """amax ÷ the format's largest magnitude, float64: the static scales."""
        f = real_format(format)
        reach = max(abs(float(f.max)), abs(float(f.min)))
        return self.amax / reach

    def apply(self, x: Any, element: Any, scale: Any = "binary32") -> Array:
        """x (..., tokens, channels), cut off at amax and rounded to `element` under scales of format `scale`, found
        from amax by the scheme's recipe as if amax were the group's largest magnitude: static quantization."""
        a = real_array("x", x, empty=True)
        cut = self._like(a)
        group = "tensor" if self.per == "tensor" else "channel"
        s = real_scheme(f"{real_format(element)}/{group}:{real_format(scale)}")
        x_cut = np.clip(a, -cut, cut)
        if self.per == "tensor":
            both = np.append(x_cut.reshape(-1), self.amax)
            return np.asarray(fake_quantize(both, s))[:-1].reshape(a.shape)
        rows = x_cut.reshape(-1, a.shape[-1])
        if self.per == "channel":
            return np.asarray(fake_quantize(np.vstack([rows, self.amax]), s, channel_axis=1))[:-1].reshape(a.shape)
        both = np.hstack([rows, self.amax[:, None]])
        return np.asarray(fake_quantize(both, s, channel_axis=0))[:, :-1].reshape(a.shape)

    def _like(self, a: Array) -> Array:
        """amax, to stand beside a."""
        if self.per == "tensor":
            return self.amax
        if a.ndim < (2 if self.per == "token" else 1):
            wanted = "(..., tokens, channels)" if self.per == "token" else "(..., channels)"
            raise ValueError(f"x has shape {a.shape}, allowed: {wanted}")
        has = a.shape[-1] if self.per == "channel" else int(np.prod(a.shape[:-1]))
        if self.amax.shape != (has,):
            raise ValueError(f"x has shape {a.shape}, allowed: {len(self.amax)} {self.per}s, as were observed")
        return self.amax if self.per == "channel" else self.amax.reshape(*a.shape[:-1], 1)


class Observer:
    """Takes batches (..., channels) and finds ranges.

    kind: "absmax", the largest magnitude; "percentile", the magnitude that `percentile` percent of all do not exceed
    (nearest rank, to the upper end of its bin); "mse", of `candidates` parts of the largest magnitude the one with the
    least squared error of `element`; "entropy", the one with the least Kullback-Leibler divergence of the histogram
    from what `element` leaves of it (TensorRT's calibration, with the element's own cells in place of 128 equal ones).
    per: "tensor"; "channel", each index of the last axis (keys, as KIVI has them, arXiv 2402.02750); "token", each
    row, appended from batch to batch (values).

    All but absmax look at a histogram of magnitudes with `bins` bins of a power-of-two width. It doubles when larger
    magnitudes come and merges bins in pairs, so that it depends on the data alone, not on how they were cut into
    batches: bin i counts floor(abs(x) / width) = i, with the least width under which the largest magnitude has a bin.
    """

    def __init__(
        self,
        kind: str = "absmax",
        per: str = "tensor",
        *,
        percentile: float = 99.99,
        element: Any = "int8s",
        bins: int = 2048,
        candidates: int = 128,
    ) -> None:
        self.kind = choice("kind", kind, KINDS)
        self.per = choice("per", per, PARTS)
        self.percentile = real("percentile", percentile, 0, 100, above=True)
        self.element = real_format(element)
        self.bins = integer("bins", bins, 2, 1 << 20)
        if self.bins & (self.bins - 1):
            raise ValueError(f"bins is {bins}, allowed: a power of two")
        self.candidates = integer("candidates", candidates, 1, 1 << 16)
        self._parts: list[_Magnitudes] = []
        self._channels: int | None = None

    @property
    def count(self) -> int:
        """How many values were seen."""
        return sum(part.count for part in self._parts)

    def observe(self, batch: Any) -> Observer:
        """Takes a batch: (..., channels), finite. Gives the observer itself."""
        a = real_array("batch", batch, empty=True)
        if a.ndim == 0:
            raise ValueError("batch is 0-d, allowed: (..., channels)")
        if self.per == "tensor":
            groups = a.reshape(1, -1)
        elif self.per == "token":
            groups = a.reshape(-1, a.shape[-1])
        else:
            groups = a.reshape(-1, a.shape[-1]).T
            if self._channels not in (None, a.shape[-1]):
                raise ValueError(f"batch has {a.shape[-1]} channels, allowed: {self._channels}, as the batches before")
            self._channels = a.shape[-1]
        if self.per == "token" or not self._parts:
            start = len(self._parts)
            needs = self.kind != "absmax"
            self._parts += [_Magnitudes(self.bins if needs else 0) for _ in groups]
        else:
            start = 0
        for part, values in zip(self._parts[start:], groups, strict=True):
            part.include(values)
        return self

    def histogram(self, part: int = 0) -> tuple[Array, float]:
        """(counts, width of a bin) of a channel or token, or of the tensor. Not for absmax, which keeps none."""
        if self.kind == "absmax":
            raise ValueError("kind is 'absmax', allowed: a kind that keeps a histogram")
        self._seen()
        of = self._parts[integer("part", part, 0, len(self._parts) - 1)]
        return of.counts.copy(), of.width

    def ranges(self) -> Ranges:
        """What was found so far. Raises ValueError where nothing was seen."""
        self._seen()
        found = np.array([self._range(part) for part in self._parts])
        least = np.array([part.least for part in self._parts])
        largest = np.array([part.largest for part in self._parts])
        shape = () if self.per == "tensor" else (len(self._parts),)
        return Ranges(
            found.reshape(shape), least.reshape(shape), largest.reshape(shape), self.count, self.kind, self.per
        )

    def _seen(self) -> None:
        if not self._parts or any(part.count == 0 for part in self._parts):
            raise ValueError("the observer has seen no values, allowed: at least one batch with some")

    def _range(self, part: _Magnitudes) -> float:
        if self.kind == "absmax" or part.amax == 0:
            return part.amax
        if self.kind == "percentile":
            return part.percentile(self.percentile)
        return self._best(part, self._square_error if self.kind == "mse" else self._divergence)

    def _best(self, part: _Magnitudes, measure: Any) -> float:
        tried = [part.amax * (j / self.candidates) for j in range(self.candidates, 0, -1)]
        errors = [measure(part, cut) for cut in tried]
        return tried[int(np.argmin(errors))]

    def _rounded(self, x: Array, cut: float) -> Array:
        """Magnitudes under the scale that takes `cut` to the element's largest."""
        s = real_scheme(f"{self.element}/tensor:binary64")
        return np.asarray(fake_quantize(np.append(np.minimum(x, cut), cut), s))[:-1]

    def _square_error(self, part: _Magnitudes, cut: float) -> float:
        used = np.flatnonzero(part.counts)
        x = (used + 0.5) * part.width
        error = x - self._rounded(x, cut)
        return float((part.counts[used] * error * error).sum())

    def _divergence(self, part: _Magnitudes, cut: float) -> float:
        """KL(P, Q): P the histogram with all beyond the cut in its last bin; Q the part below, what falls to one
        member of the element spread evenly over the bins there that are not empty."""
        last = min(int(cut / part.width), self.bins - 1)
        below = part.counts[: last + 1].astype(np.float64)
        p = below.copy()
        p[-1] += part.counts[last + 1 :].sum()
        members = self._rounded((np.arange(last + 1) + 0.5) * part.width, cut)
        _, member = np.unique(members, return_inverse=True)
        filled = below > 0
        totals = np.bincount(member, weights=below)
        bins_of = np.bincount(member, weights=filled)
        q = np.where(filled, totals[member] / np.maximum(bins_of[member], 1), 0)
        if (q[p > 0] == 0).any():
            return float("inf")
        p, q = p / p.sum(), q / q.sum()
        some = p > 0
        return float((p[some] * np.log(p[some] / q[some])).sum())


class _Magnitudes:
    """Largest and smallest values, and a histogram of magnitudes (none for 0 bins), of one group."""

    def __init__(self, bins: int) -> None:
        self.counts = np.zeros(bins, dtype=np.int64)
        self.count = 0
        self.amax = 0.0
        self.least = np.inf
        self.largest = -np.inf
        self.exponent: int | None = None

    @property
    def width(self) -> float:
        return float(np.ldexp(1.0, self.exponent)) if self.exponent is not None else 0.0

    def include(self, x: Array) -> None:
        if x.size == 0:
            return
        self.count += x.size
        self.least = min(self.least, float(x.min()))
        self.largest = max(self.largest, float(x.max()))
        self.amax = max(self.least, -self.least, self.largest, -self.largest)
        bins = len(self.counts)
        if bins == 0:
            return
        if self.amax > 0:
            # The least k with amax < bins 2^k: amax = m 2^e with m < 1.
            wanted = int(np.frexp(self.amax)[1]) - (bins.bit_length() - 1)
            wanted = max(wanted, -1074)
            if self.exponent is None:
                self.exponent = wanted
            while self.exponent < wanted:
                half = self.counts.reshape(-1, 2).sum(axis=1)
                self.counts[:] = 0
                self.counts[: bins // 2] = half
                self.exponent += 1
                if wanted - self.exponent > bins.bit_length():  # all that was seen goes to bin 0
                    total = self.counts.sum()
                    self.counts[:] = 0
                    self.counts[0] = total
                    self.exponent = wanted
        places = np.abs(x) if self.exponent is None else np.ldexp(np.abs(x), -self.exponent)
        self.counts += np.bincount(places.astype(np.int64), minlength=bins)

    def percentile(self, percent: float) -> float:
        rank = max(int(np.ceil(self.count * (percent / 100))), 1)
        place = int(np.searchsorted(np.cumsum(self.counts), rank))
        return min((place + 1) * self.width, self.amax)
