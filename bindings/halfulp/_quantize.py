"""Schemes on arrays: quantize, dequantize, fake_quantize."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from halfulp import _core
from halfulp._arrays import DTYPES, Carried, carried, carrier_of, check_holds, raw, thread_count, with_out
from halfulp._convert import codes_of, decode, encode, pack, unsigned, unsigned_view
from halfulp._format import Format
from halfulp._phase_format import names_phases
from halfulp._projection import Projection, check_mode, resolve
from halfulp._random import check_random_bits, named_source
from halfulp._scheme import Scheme
from halfulp._scheme import real_scheme as to_scheme
from halfulp._tensors import NUMPY


class Packed(NamedTuple):
    """Dense bytes: codes, then the scale codes of every level, innermost first."""

    codes: Any
    scales: tuple[Any, ...]


class Quantized:
    """An array as codes and scales.

    scheme: the Scheme. codes: the element codes, in x's shape. scale_codes and scales: a tuple with one array a level,
    innermost first, as codes and as values; level 0 has x's shape with the grouped axis counted in groups (the last two
    axes in tiles), "channel" one axis, "tensor" shape (), further levels one axis. zero_scales: groups whose largest
    magnitude is positive and whose scale rounded to zero. saturated: elements whose rounded magnitude was beyond the
    largest member (of codebooks and posits: elements beyond it). axis, channel_axis: of the groups. zero_points (of
    @zero_point, else None): the integers q that stand for zero, in the shape of the scales, counted from the smallest
    code on: x is about (q - zero_point) scale, q the code less the smallest code. offset (of @double_quant, else
    None): the float32 mean that was taken off the scales.
    Arrays are what x was: ndarrays, torch tensors or JAX arrays.
    """

    def __init__(
        self,
        scheme: Scheme,
        codes: Any,
        scale_codes: tuple[Any, ...],
        axis: int,
        channel_axis: int,
        carrier: str,
        zero_scales: int,
        saturated: int,
        zero_points: Any = None,
        offset: Any = None,
    ) -> None:
        self.scheme = scheme
        self.codes = codes
        self.scale_codes = scale_codes
        self.axis = axis
        self.channel_axis = channel_axis
        self.zero_scales = zero_scales
        self.saturated = saturated
        self.zero_points = zero_points
        self.offset = offset
        self._carrier = carrier

    @property
    def scales(self) -> tuple[Any, ...]:
        if self.double_quantized:
            return self._double_quantized_scales()
        return tuple(
            decode(codes, level.format)
            if level.format._spec.holds("binary64")
            else _exact(unsigned("scale_codes", codes).data, level.format)
            for codes, level in zip(self.scale_codes, self.scheme.levels, strict=True)
        )

    @property
    def double_quantized(self) -> bool:
        return self.offset is not None

    def _double_quantized_scales(self) -> tuple[Any, ...]:
        """Both levels: the scales that elements have again, and the outer ones."""
        inner, outer = (decode(c, f.format) for c, f in zip(self.scale_codes, self.scheme.levels, strict=True))
        table = carried("scales", inner)
        per_group = carried("scales", outer).data
        length = self.scheme.levels[1].group
        assert isinstance(length, int)
        again = table.data * np.repeat(per_group, length)[: table.data.size].astype(np.float32)
        values = table.kind.empty(table.shape, "float32")
        values[...] = (again + np.float32(self.offset)).reshape(table.shape)
        return table.kind.give(values, "float32"), outer

    @property
    def bits(self) -> int:
        """All bits: codes and scales, zero points, the offset."""
        return sum(size * bits for size, bits in self._planes())

    def _planes(self) -> list[tuple[int, int]]:
        """(number of codes, bits of one): the elements, then each level."""
        formats = [self.scheme.element, *(level.format for level in self.scheme.levels)]
        planes = [
            (math.prod(codes.shape), f.bits) for codes, f in zip((self.codes, *self.scale_codes), formats, strict=True)
        ]
        if self.zero_points is not None:
            planes.append((math.prod(self.zero_points.shape), self.scheme.element.bits))
        return [*planes, (1, 32)] if self.double_quantized else planes

    @property
    def bits_per_element(self) -> float:
        """Bits per element of this very array, every scale counted."""
        size = math.prod(self.codes.shape)
        return self.bits / size if size else math.nan

    @property
    def nbytes(self) -> int:
        """Bytes when packed."""
        return sum(_core.packed_size(size, bits) for size, bits in self._planes())

    def pack(self) -> Packed:
        """Codes and scales as dense bytes."""
        scales = tuple(
            pack(c, level.format.bits) for c, level in zip(self.scale_codes, self.scheme.levels, strict=True)
        )
        return Packed(pack(self.codes, self.scheme.element.bits), scales)

    def dequantize(self, dtype: Any = None, *, threads: int | None = None) -> Any:
        """The values: the exact product of element and scales, rounded once to float32 (float64 for a float64 x), or to
        `dtype`."""
        own = "binary64" if self._carrier == "binary64" else "binary32"
        carrier = own if dtype is None else carrier_of(dtype)
        if self.scheme.hadamard and carrier != own:  # the transform's precision is x's
            return self._narrowed(carrier, threads)
        count = thread_count(threads)
        codes = codes_of(self.scheme.element, "codes", self.codes)
        planes = [unsigned("scale_codes", c).data.reshape(-1).astype(np.uint64) for c in self.scale_codes]
        if self.zero_points is not None:
            planes.append(unsigned("zero_points", self.zero_points).data.reshape(-1).astype(np.uint64))
        if self.double_quantized:
            planes.append(np.array([self.offset], dtype=np.float32).view(np.uint32).astype(np.uint64))
        codes.kind.check(DTYPES[carrier])
        out = codes.kind.empty(codes.shape, DTYPES[carrier])
        view = axis_view(codes.shape, self.axis, self.channel_axis)
        _core.dequantize(codes.data, view, self.scheme._spec, planes, raw(out), carrier, count)
        return codes.kind.give(out, DTYPES[carrier])

    def _narrowed(self, carrier: str, threads: int | None) -> Any:
        """The values, rounded once more to another carrier."""
        values = carried("values", self.dequantize(threads=threads))
        values.kind.check(DTYPES[carrier])
        out = values.kind.empty(values.shape, DTYPES[carrier])
        codes = encode(values.data, carrier, threads=threads)  # the codes of a carrier's format are its bits
        raw(out).view(codes.dtype)[...] = codes
        return values.kind.give(out, DTYPES[carrier])

    def __repr__(self) -> str:
        shape = tuple(self.codes.shape)
        return f"<Quantized {self.scheme} {shape}, {self.bits_per_element:g} bits per element>"


def _exact(codes: np.ndarray, f: Format) -> np.ndarray:
    """The values of codes as Fractions, for formats that no carrier holds."""
    out = np.empty(codes.shape, dtype=object)
    for index, code in np.ndenumerate(codes):
        out[index] = f.exact(int(code))
    return out


def axis_view(shape: tuple[int, ...], axis: int, channel_axis: int = 0) -> tuple[tuple[int, ...], int, int]:
    """What the core is told of an array: its shape (of a 0-d array, one element), and both axes, all checked before."""
    return shape or (1,), axis, channel_axis


def _checked_axis(s: Scheme, shape: tuple[int, ...], axis: Any, name: str = "axis") -> int:
    if axis is None:
        axis = -1
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{name} is {axis!r}, allowed: an integer" + (" or None" if name == "axis" else ""))
    grouped = (bool(s.levels) and s.levels[0].group != "tensor") or bool(s.hadamard)
    if not shape:
        if grouped:
            raise ValueError(f"x is 0-d, allowed for {s}: at least one axis to group along")
        return 0
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name} is {axis}, allowed: {-len(shape)} to {len(shape) - 1} for x of shape {shape}")
    return int(axis) % len(shape)


def _checked_view(s: Scheme, shape: tuple[int, ...], axis: Any, channel_axis: Any) -> tuple[int, int]:
    """The axes, from 0 on. Raises where the scheme's groups do not fit the shape."""
    if s.flat and axis is not None:
        raise ValueError(f"axis is {axis!r}, allowed for {s}: None; its groups run through the array in C order")
    along = 0 if s.flat else _checked_axis(s, shape, axis)
    if s.flat:
        return along, 0
    channel = _checked_axis(s, shape, channel_axis, "channel_axis")
    if any(isinstance(level.group, tuple) for level in s.levels) and len(shape) < 2:
        raise ValueError(f"x has shape {shape}, allowed for {s}: at least two axes, which its tiles lie in")
    return along, channel


def _importance(s: Scheme, shape: tuple[int, ...], axis: int, importance: Any) -> np.ndarray | None:
    """Weights of a search, checked: float64, one for each place along the axis."""
    if importance is None:
        return None
    if not s.search:
        raise ValueError(f"importance is given, allowed with @search=mse: {s} searches no scales")
    if s.hadamard:
        raise ValueError(f"importance is given, allowed without hadamard: {s} mixes the places that it weights")
    weights = np.ascontiguousarray(importance, dtype=np.float64)
    length = shape[axis] if shape else 1
    if s.flat:  # groups run through the whole array, and so do their weights
        if weights.shape != shape:
            problem = f"importance has shape {weights.shape}, allowed for {s}: {shape}"
            raise ValueError(f"{problem}, one weight for each element")
        weights = weights.reshape(-1)
    elif weights.shape != (length,):
        raise ValueError(
            f"importance has shape {weights.shape}, allowed: ({length},), one weight for each place along axis {axis}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all()):
        raise ValueError("importance has weights that are negative or not finite, allowed: 0 or more")
    return weights


def _options(
    s: Scheme,
    x: Carried,
    *,
    rounding: Any = None,
    scale_rounding: Any = None,
    overflow: Any = None,
    nan: Any = None,
    ftz: Any = None,
    random_bits: Any = None,
    rng: Any = None,
    random: Any = None,
    projection: Any = None,
) -> tuple[Any, Callable[[], Any]]:
    """The projection of the elements, and what draws the random bits once everything else is found good."""
    if overflow is not None:
        raise ValueError(
            f"overflow is {overflow!r}, allowed: None; inside a scheme every encode saturates (sat_finite)"
        )
    how = _elements_projection(s, projection, rounding, nan, ftz, random_bits)
    scales_draw = scale_rounding is not None and check_mode("scale_rounding", scale_rounding)
    if not how.stochastic and not scales_draw:
        if rng is not None or random is not None:
            raise ValueError(
                f"{'rng' if rng is not None else 'random'} is given but rounding is {how.rounding!r}, "
                "which draws no random bits, allowed: None"
            )
        check_random_bits(how, random_bits)
        return how, lambda: None
    if scales_draw and random is not None:
        raise ValueError("random holds R for the elements only, and scale_rounding is stochastic too, allowed: rng=")
    return how, lambda: named_source(
        f"rounding is {how.rounding!r}" if how.stochastic else f"scale_rounding is {scale_rounding!r}",
        how.random_bits,
        rng,
        random,
        x.shape,
    )


def _scale_shape(s: Scheme, level: int, shape: tuple[int, ...], axis: int, channel: int, count: int) -> tuple[int, ...]:
    group = s.levels[level].group
    if group == "tensor":
        return ()
    if level > 0 or s.flat:
        return (count,)
    if group == "channel":
        return (shape[channel],)
    if isinstance(group, tuple):
        return (*shape[:-2], -(-shape[-2] // group[0]), -(-shape[-1] // group[1]))
    return (*shape[:axis], -(-shape[axis] // int(group)), *shape[axis + 1 :])


def quantize(
    x: Any,
    scheme: Any,
    *,
    axis: int | None = None,
    channel_axis: int = 0,
    importance: Any = None,
    rounding: str | None = None,
    scale_rounding: str | None = None,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    random: Any = None,
    projection: Projection | str | None = None,
    threads: int | None = None,
) -> Any:
    """x as codes and scales of a scheme: a :class:`Quantized`.

    scheme: a text, Scheme or format. axis: along which groups are counted; None is the last. channel_axis: whose
    indices "channel" groups by. importance: for @search=mse, a weight of the squared error for each place along axis.
    rounding governs the elements (nearest_ties_to_even by default); scales follow the scheme's recipe unless
    scale_rounding names a mode. Elements and scales saturate. The last group may be shorter. A group with NaN or
    infinity gets a NaN scale and codes of +0 where the scale format has a NaN; otherwise those elements follow nan=.
    All quotients are formed exactly and rounded once, but for recipes that say otherwise (contract, sections 2.9 and
    2.10).
    """
    if names_phases(scheme):
        from halfulp._complex import complex_quantize

        return complex_quantize(
            x,
            scheme,
            axis=axis,
            channel_axis=channel_axis,
            importance=importance,
            rounding=rounding,
            scale_rounding=scale_rounding,
            overflow=overflow,
            nan=nan,
            ftz=ftz,
            random_bits=random_bits,
            rng=rng,
            random=random,
            projection=projection,
            threads=threads,
        )
    s = to_scheme(scheme)
    a = carried("x", x)
    axis, channel = _checked_view(s, a.shape, axis, channel_axis)
    weights = _importance(s, a.shape, axis, importance)
    how, draw = _options(
        s,
        a,
        rounding=rounding,
        scale_rounding=scale_rounding,
        overflow=overflow,
        nan=nan,
        ftz=ftz,
        random_bits=random_bits,
        rng=rng,
        random=random,
        projection=projection,
    )
    kind = NUMPY if a.kind.is_python else a.kind
    formats = [s.element, *(level.format for level in s.levels)]
    elements, *scale_elements = (f.code_dtype.name for f in formats)
    for name in (elements, *scale_elements):
        kind.check(name)
    codes = kind.empty(a.shape, elements)
    planes: list[np.ndarray] = []
    count = thread_count(threads)
    zero_scales, saturated = _core.quantize(
        a.data,
        axis_view(a.shape, axis, channel),
        s._spec,
        unsigned_view(codes),
        planes,
        a.carrier,
        how,
        scale_rounding,
        draw(),
        count,
        weights,
    )
    levels = len(s.levels)
    zero_points = offset = None
    if s.zero_point:
        shape = _scale_shape(s, 0, a.shape, axis, channel, planes[levels].size)
        memory = kind.empty(shape, f"uint{8 * s.element.code_dtype.itemsize}")
        memory[...] = planes[levels].reshape(memory.shape)
        zero_points = kind.give(memory, memory.dtype.name)
    if s.double_quant:
        offset = planes[levels].astype(np.uint32).view(np.float32)[0]
    scale_codes = []
    for i, (plane, name) in enumerate(zip(planes[:levels], scale_elements, strict=True)):
        memory = kind.empty(_scale_shape(s, i, a.shape, axis, channel, plane.size), name)
        memory[...] = plane.reshape(memory.shape)
        scale_codes.append(kind.give(memory, name))
    codes = kind.give(codes, elements)
    return Quantized(
        s, codes, tuple(scale_codes), axis, channel, a.carrier, zero_scales, saturated, zero_points, offset
    )


def fake_quantize(
    x: Any,
    scheme: Any,
    *,
    axis: int | None = None,
    channel_axis: int = 0,
    importance: Any = None,
    rounding: str | None = None,
    scale_rounding: str | None = None,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    random: Any = None,
    projection: Projection | str | None = None,
    out: Any = None,
    threads: int | None = None,
) -> Any:
    """What x becomes through a scheme, as values of x's dtype: quantize(x).dequantize(x.dtype) in one pass.

    Arguments as in :func:`quantize`; nan="keep" leaves NaN where it is. Raises TypeError where x's dtype does not hold
    the element format's values exactly.
    """
    if names_phases(scheme):
        from halfulp._complex import complex_fake_quantize

        return complex_fake_quantize(
            x,
            scheme,
            axis=axis,
            channel_axis=channel_axis,
            importance=importance,
            rounding=rounding,
            scale_rounding=scale_rounding,
            overflow=overflow,
            nan=nan,
            ftz=ftz,
            random_bits=random_bits,
            rng=rng,
            random=random,
            projection=projection,
            out=out,
            threads=threads,
        )
    if rng is None and random is None and overflow is None and importance is None and channel_axis == 0:
        call = _scheme_call(scheme, rounding, scale_rounding, nan, ftz, random_bits, projection)
        direct = None if call is None else call.fake_quantize(x, out, axis, threads)
        if direct is not None:
            return direct
    values, _, _ = fake_quantize_report(
        x,
        scheme,
        axis=axis,
        channel_axis=channel_axis,
        importance=importance,
        rounding=rounding,
        scale_rounding=scale_rounding,
        overflow=overflow,
        nan=nan,
        ftz=ftz,
        random_bits=random_bits,
        rng=rng,
        random=random,
        projection=projection,
        out=out,
        threads=threads,
    )
    return values


def _scheme_call(
    scheme: Any, rounding: Any, scale_rounding: Any, nan: Any, ftz: Any, random_bits: Any, projection: Any
) -> _core.SchemeCall | None:
    """All of a deterministic call but its arrays; None where an argument has no hash, is wrong, or asks for random bits
    (the long way then says so)."""
    try:
        return _made_scheme_call(scheme, rounding, scale_rounding, nan, ftz, random_bits, projection)
    except (TypeError, ValueError):
        return None


@lru_cache(maxsize=1024, typed=True)  # typed: True and 1.0 are not 1
def _made_scheme_call(
    scheme: Any, rounding: Any, scale_rounding: Any, nan: Any, ftz: Any, random_bits: Any, projection: Any
) -> _core.SchemeCall | None:
    s = to_scheme(scheme)
    how = _elements_projection(s, projection, rounding, nan, ftz, random_bits)
    if how.stochastic or (scale_rounding is not None and check_mode("scale_rounding", scale_rounding)):
        return None
    check_random_bits(how, random_bits)
    return _core.SchemeCall(s._spec, how, scale_rounding)


def _elements_projection(
    s: Scheme, projection: Any, rounding: Any, nan: Any, ftz: Any, random_bits: Any
) -> _core.Projection:
    """A projection lends a scheme its rounding, NaN and ftz: inside every encode saturates."""
    if isinstance(projection, Projection):
        projection = Projection(
            rounding=projection.rounding, nan=projection.nan, ftz=projection.ftz, random_bits=projection.random_bits
        )
    return resolve(s.element._spec, projection, rounding, None, nan, ftz, random_bits)


def fake_quantize_report(
    x: Any,
    scheme: Any,
    *,
    axis: int | None = None,
    channel_axis: int = 0,
    importance: Any = None,
    scale_rounding: str | None = None,
    out: Any = None,
    threads: int | None = None,
    **projection: Any,
) -> tuple[Any, int, int]:
    """(fake_quantize(x), zero_scales, saturated): the values and the two counts of :class:`Quantized`."""
    s = to_scheme(scheme)
    a = carried("x", x)
    check_holds(s.element._spec, a.carrier, s.element.name)
    axis, channel = _checked_view(s, a.shape, axis, channel_axis)
    weights = _importance(s, a.shape, axis, importance)
    how, draw = _options(s, a, scale_rounding=scale_rounding, **projection)
    view = axis_view(a.shape, axis, channel)
    count = thread_count(threads)
    report: list[int] = []

    def compute(target: np.ndarray, source: Any) -> None:
        report.extend(
            _core.fake_quantize(a.data, view, s._spec, target, a.carrier, how, scale_rounding, source, count, weights)
        )

    values = with_out(a, out, DTYPES[a.carrier], compute, draw)
    return values, report[0], report[1]
