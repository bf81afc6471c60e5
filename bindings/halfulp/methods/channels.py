"""QLLM's channel reassembly (arXiv 2310.08041, section 4.1): channels with outliers are split into equal parts, and
similar other channels are merged to make room."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._calculate import check_flag
from halfulp._quantize import fake_quantize
from halfulp._runs import integer, real
from halfulp._scheme import real_scheme as to_scheme
from halfulp.methods._layers import Array, real_array, samples, vector, weight_matrix


@dataclass(frozen=True)
class Reassembly:
    """A map of input channels to others: new channel k is the mean of the old channels that make it, times ``factor``.

    sources: for each new channel the old ones (one, or two that were merged). factor: 1 / T for a part of a channel
    that was split into T, else 1. parts: T of each old channel. weight: (new channels, out).
    """

    sources: tuple[tuple[int, ...], ...]
    factor: Array
    parts: Array
    weight: Array

    def inputs(self, x: Any) -> Array:
        """x (..., in) as the new layer takes it."""
        a = real_array("x", x, empty=True)
        if a.ndim == 0 or a.shape[-1] != len(self.parts):
            raise ValueError(f"x has shape {a.shape}, allowed: (..., {len(self.parts)})")
        columns = [a[..., list(s)].mean(axis=-1) if len(s) > 1 else a[..., s[0]] for s in self.sources]
        return np.stack(columns, axis=-1) * self.factor


def disassemble(w: Any, x_max: Any, threshold: float, *, power_of_two: bool = False) -> Reassembly:
    """Channel j becomes T copies of x_j / T, each with the row j of w, T = ceil(max|x_j| / threshold): the outputs stay
    what they are (equation 3).

    w: (in, out). x_max: the largest magnitude of each input channel. power_of_two: T to the next power of two, so that
    x_j / T is exact.
    """
    weights = weight_matrix(w)
    largest = vector("x_max", x_max, len(weights), least=0)
    limit = real("threshold", threshold, 0, above=True)
    to_powers = check_flag("power_of_two", power_of_two)
    parts = np.maximum(np.ceil(largest / limit), 1)
    if not (parts < 2**20).all():
        raise ValueError(
            f"threshold is {limit:g}, allowed: no channel in more than 2^20 parts, and one has {parts.max():g}"
        )
    parts = parts.astype(np.int64)
    if to_powers:
        parts = np.array([1 << int(t - 1).bit_length() for t in parts], dtype=np.int64)
    sources = tuple((j,) for j, t in enumerate(parts) for _ in range(t))
    rows = np.repeat(np.arange(len(parts)), parts)
    return Reassembly(sources, 1 / parts[rows].astype(np.float64), parts, weights[rows])


def channel_distances(x: Any, w: Any) -> Array:
    """D(i, j) = ||(x_i - x_j) (w_i - w_j) / 2||² over samples and outputs, what merging channels i and j changes
    (equation 5): (in, in)."""
    weights = weight_matrix(w)
    a = samples(x, len(weights))
    return _squared_distances(a.T) * _squared_distances(weights) / 4


def _squared_distances(rows: Array) -> Array:
    gram = rows @ rows.T
    norms = np.diagonal(gram)
    return np.maximum(norms[:, None] + norms[None, :] - 2 * gram, 0)


def assemble(start: Reassembly, x: Any, count: int) -> Reassembly:
    """Merges pairs of similar channels until `count` channels fewer are left: x_i w_i + x_j w_j becomes
    (x_i + x_j) / 2 times (w_i + w_j) (equation 4).

    start: from :func:`disassemble`. x: inputs (samples, in) before it. Pairs are found by bipartite matching: channels
    in turn go to two sets, and the nearest pairs across by :func:`channel_distances` are taken one after another, each
    channel in one pair at most (the paper's soft matching lets several of one set choose the same partner). Parts of
    split channels are not merged, as in the paper. Raises ValueError where so many pairs are not there.
    """
    if not isinstance(start, Reassembly):
        raise TypeError(f"start is a {type(start).__name__}, allowed: a Reassembly, from disassemble()")
    a = samples(x, len(start.parts))
    fewer = integer("count", count, 0, len(start.sources))
    if fewer == 0:
        return start
    free = [k for k, s in enumerate(start.sources) if len(s) == 1 and start.parts[s[0]] == 1]
    left, right = free[0::2], free[1::2]
    if fewer > len(right):
        raise ValueError(f"count is {fewer}, allowed: at most {len(right)} pairs of channels that are whole")
    values = start.inputs(a).T
    distances = _cross(values[left], values[right]) * _cross(start.weight[left], start.weight[right]) / 4
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    # The nearest pairs first, each channel in one of them: so a merged channel is the mean of two.
    for flat in np.argsort(distances, axis=None, kind="stable"):
        i, j = left[flat // len(right)], right[flat % len(right)]
        if i in pairs or j in taken:
            continue
        pairs[i] = j
        taken.add(j)
        if len(pairs) == fewer:
            break
    sources, factor, rows = [], [], []
    for k, source in enumerate(start.sources):
        if k in taken:
            continue
        partner = pairs.get(k)
        sources.append(source if partner is None else source + start.sources[partner])
        factor.append(start.factor[k])
        rows.append(start.weight[k] if partner is None else start.weight[k] + start.weight[partner])
    return Reassembly(tuple(sources), np.array(factor), start.parts, np.stack(rows))


def _cross(a: Array, b: Array) -> Array:
    squares = np.einsum("ij,ij->i", a, a)[:, None] + np.einsum("ij,ij->i", b, b)[None, :]
    return np.maximum(squares - 2 * a @ b.T, 0)


@dataclass(frozen=True)
class ReassemblyChoice:
    """What :func:`reassemble` gives. reassembly, threshold: the best. errors: the mean squared error of the outputs for
    each threshold that was tried, infinite where merging could not make room. thresholds: those. plain_error: of the
    layer as it was, quantized alike."""

    reassembly: Reassembly
    threshold: float
    thresholds: Array
    errors: Array
    plain_error: float


def reassemble(
    w: Any, x: Any, input_scheme: Any, weight_scheme: Any = None, *, thresholds: Any = None, steps: int = 16
) -> ReassemblyChoice:
    """The threshold whose reassembly, with as many channels as before, leaves the smallest mean squared error of the
    outputs x w when inputs (groups along the channels) and weights are quantized (section 4.1.3; the paper takes the
    error behind the attention, here it is that of the layer).

    thresholds: to try; None: `steps` of them, evenly from the largest magnitude of x down to its median channel's.
    weight_scheme: None leaves weights as they are.
    """
    weights = weight_matrix(w)
    a = samples(x, len(weights))
    s_in, s_w = to_scheme(input_scheme), None if weight_scheme is None else to_scheme(weight_scheme)
    largest = np.abs(a).max(axis=0)
    if thresholds is None:
        count = integer("steps", steps, 1, 10000)
        low = max(float(np.median(largest)), float(largest.max()) * 2.0**-10, np.finfo(float).tiny)
        thresholds = np.linspace(max(float(largest.max()), low), low, count)
    tried = real_array("thresholds", thresholds, 1)
    for i, value in enumerate(tried):
        real(f"thresholds[{i}]", value, 0, above=True)
    exact = a @ weights

    def error(values: Array, rows: Array) -> float:
        quantized = fake_quantize(values, s_in, axis=None if s_in.flat else -1)
        if s_w is not None:
            rows = fake_quantize(rows, s_w, axis=None if s_w.flat else 0, channel_axis=0 if s_w.flat else 1)
        return float(((quantized @ rows - exact) ** 2).mean())

    errors = np.full(len(tried), np.inf)
    best: Reassembly | None = None
    chosen = float("nan")
    for i, limit in enumerate(tried):
        split = disassemble(weights, largest, float(limit))
        extra = len(split.sources) - len(weights)
        whole = int((split.parts == 1).sum())
        if extra > whole // 2:
            continue
        made = assemble(split, a, extra)
        errors[i] = error(made.inputs(a), made.weight)
        if best is None or errors[i] < errors[:i].min():
            best, chosen = made, float(limit)
    if best is None:
        raise ValueError("thresholds leave no room: for none of them are there enough whole channels to merge")
    return ReassemblyChoice(best, chosen, tried, errors, error(a, weights))
