"""The complex code {±1, ±i} (``pm1_pmi``): encode, decode, round and schemes on complex arrays."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from halfulp import _core
from halfulp._arrays import Carried, plain, take, thread_count, with_out
from halfulp._convert import Codes, decode, pack, unsigned
from halfulp._format import Format, check_ascii
from halfulp._format import real_format as to_format
from halfulp._phase_format import BITS, NAME, ComplexScheme, PhaseFormat
from halfulp._projection import Projection
from halfulp._tensors import NUMPY, PYTHON

_CARRIERS = ("complex64", "complex128")
_ALLOWED = "complex64, complex128"
_NEAREST = ("nearest_ties_to_even", "rne")
RECIPES = {"": 0.0, "fairy2i": 1e-6}  # the least scale, rounded to binary32


def complex_scheme(scheme: Any) -> ComplexScheme:
    """A ComplexScheme of its text: ``pm1_pmi``, or ``pm1_pmi/GROUP:FORMAT`` with GROUP a length, channel or tensor, and
    perhaps ``@recipe=fairy2i``."""
    if isinstance(scheme, ComplexScheme):
        return scheme
    if isinstance(scheme, PhaseFormat):
        return ComplexScheme(None, None, "")
    if not isinstance(scheme, str):
        raise TypeError(f"scheme is a {type(scheme).__name__}, allowed: a text that begins with {NAME}")
    check_ascii("scheme", scheme)
    levels, _, option = scheme.partition("@")
    head, *rest = levels.split("/")
    if head != NAME:
        raise ValueError(f"scheme is {scheme!r}, allowed for complex arrays: {NAME}, or {NAME}/GROUP:FORMAT")
    recipe = option.removeprefix("recipe=")
    if option and (recipe == option or recipe not in RECIPES or not recipe):
        raise ValueError(f"scheme {scheme!r} has the option {option!r}, allowed for {NAME}: recipe=fairy2i")
    if not rest:
        if option:
            raise ValueError(f"scheme {scheme!r} has a recipe but no scales, allowed: {NAME}/GROUP:FORMAT@{option}")
        return ComplexScheme(None, None, "")
    group, colon, scale = rest[0].partition(":")
    if len(rest) > 1 or not colon:
        raise ValueError(f"scheme is {scheme!r}, allowed for {NAME}: one level of scales, {NAME}/GROUP:FORMAT")
    return ComplexScheme(_group(scheme, group), _scale_format(scheme, scale), recipe)


def _group(scheme: str, text: str) -> int | str:
    if text in ("channel", "tensor"):
        return text
    if text.isdigit() and 1 <= int(text) < 2**63:
        return int(text)
    raise ValueError(f"scheme {scheme!r} has the group {text!r}, allowed for {NAME}: a length, channel, tensor")


def _scale_format(scheme: str, text: str) -> Format:
    f = to_format(text)
    if f._spec.kind != "float" or not f._spec.holds("binary64"):
        raise ValueError(
            f"scheme {scheme!r} has scales in {f.name}, allowed for {NAME}: a float format whose values float64 holds"
        )
    return f


def complex_carried(name: str, x: Any) -> Carried:
    """x as a C-contiguous complex array, or TypeError; Python's complex numbers and lists become complex128."""
    if isinstance(x, (bool, str, bytes)) or x is None:
        raise TypeError(f"{name} is a {type(x).__name__}, allowed for {NAME}: complex numbers ({_ALLOWED})")
    taken = take(name, x)
    array = taken.array
    if taken.elements not in _CARRIERS:
        hint = ""
        if taken.elements.startswith(("float", "bfloat", "int", "uint")):
            hint = f"; real numbers that are meant to be complex: {name}.astype(numpy.complex64)"
        raise TypeError(f"{name} has dtype {taken.dtype}, allowed for {NAME}: {_ALLOWED}{hint}")
    return Carried(plain(array), taken.elements, array.shape, array, taken.kind)


def _nan_policy(
    *, rounding: Any, overflow: Any, nan: Any, ftz: Any, random_bits: Any, rng: Any, random: Any, projection: Any
) -> str:
    """The NaN policy, once everything else is found to be what a phase can be asked for."""
    if isinstance(projection, Projection):
        rounding = projection.rounding if rounding is None else rounding
        overflow = projection.overflow if overflow is None else overflow
        nan = projection.nan if nan is None else nan
        ftz = projection.ftz if ftz is None else ftz
        random_bits = projection.random_bits if random_bits is None else random_bits
    elif projection is not None:
        raise ValueError(
            f"projection is {projection!r}, allowed for {NAME}: None or a Projection; no preset rounds a phase"
        )
    if rounding is not None and rounding not in _NEAREST:
        raise ValueError(
            f"rounding is {rounding!r}, allowed for {NAME}: None or nearest_ties_to_even; the axis nearest in angle is "
            "taken, and no other rounding of a phase is defined"
        )
    for name, value in (("overflow", overflow), ("ftz", ftz), ("random_bits", random_bits)):
        if value is not None:
            raise ValueError(f"{name} is {value!r}, allowed for {NAME}: None; only the phase counts")
    for name, value in (("rng", rng), ("random", random)):
        if value is not None:
            raise ValueError(f"{name} is given, allowed for {NAME}: None; the nearest axis draws no random bits")
    if nan is not None and not isinstance(nan, str):
        raise TypeError(f"nan is {nan!r}, allowed: a name (a string) or None")
    return "raise" if nan is None else nan


def complex_encode(
    x: Any,
    rounding: str | None = None,
    *,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    random: Any = None,
    projection: Projection | str | None = None,
    out: Any = None,
    threads: int | None = None,
    rule: str = "exact",
) -> Any:
    """The code of every complex x, uint8 in x's shape: 0 = -1, 1 = +1, 2 = -i, 3 = +i.

    The axis nearest in angle, in half-open sectors counter-clockwise from -π/4; zeros go to +1, infinities compare as
    numbers. nan: raise (default), to_max or to_zero (both +1). rule: "exact", or "atan2_fp32" (binary32 angles as
    libraries compute them, :class:`phase_rule` in C++).
    """
    policy = _nan_policy(
        rounding=rounding, overflow=overflow, nan=nan, ftz=ftz, random_bits=random_bits, rng=rng, random=random,
        projection=projection,
    )  # fmt: skip
    a = complex_carried("x", x)
    count = thread_count(threads)
    return with_out(a, out, "uint8", lambda target, _: _core.phase_encode(a.data, target, rule, policy, count))


def complex_round(
    x: Any,
    rounding: str | None = None,
    *,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    random: Any = None,
    projection: Projection | str | None = None,
    out: Any = None,
    threads: int | None = None,
    rule: str = "exact",
) -> Any:
    """Every complex x as the one of ±1, ±i that is nearest in angle, in x's dtype, with +0 as the other part. Arguments
    as in :func:`complex_encode`; nan="keep" gives NaN in both parts."""
    policy = _nan_policy(
        rounding=rounding, overflow=overflow, nan=nan, ftz=ftz, random_bits=random_bits, rng=rng, random=random,
        projection=projection,
    )  # fmt: skip
    a = complex_carried("x", x)
    count = thread_count(threads)
    return with_out(a, out, a.carrier, lambda target, _: _core.phase_round(a.data, target, rule, policy, count))


def complex_decode(codes: Any, dtype: Any = None, *, out: Any = None, threads: int | None = None) -> Any:
    """The value of every code 0 to 3: complex64, or complex128 by dtype."""
    a = _codes("codes", codes)
    count = thread_count(threads)
    elements = _complex_dtype(dtype, "complex64")
    return with_out(a, out, elements, lambda target, _: _core.phase_decode(a.data, target, count))


def _codes(name: str, codes: Any) -> Codes:
    """Codes 0 to 3 as uint8."""
    a = unsigned(name, codes)
    if a.data.dtype != np.uint8:
        if a.data.size and int(a.data.max()) > 3:
            raise ValueError(f"{name} holds {int(a.data.max())}, allowed: 0 to 3 ({NAME})")
        a.data = a.data.astype(np.uint8)
    return a


def _complex_dtype(dtype: Any, default: str) -> str:
    if dtype is None:
        return default
    name = str(dtype).removeprefix("torch.")
    if name not in _CARRIERS:
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = ""
    if name not in _CARRIERS:
        raise TypeError(f"dtype is {dtype!r}, allowed for {NAME}: {_ALLOWED}")
    return name


class Groups(NamedTuple):
    """How an array is cut: which axis is moved where, and the core's layout of what is then in C order."""

    source: int
    destination: int
    layout: tuple[int, int, int]
    scales: tuple[int, ...]  # the shape of one of the two scales, with the source axis in its place again

    def moved(self, array: np.ndarray) -> np.ndarray:
        """C-contiguous, with the groups' axis where the layout has it."""
        return np.ascontiguousarray(np.moveaxis(array, self.source, self.destination)) if array.ndim else array

    def back(self, array: np.ndarray) -> np.ndarray:
        """A view of an array in the layout's order, in the caller's."""
        return np.moveaxis(array, self.destination, self.source) if array.ndim else array


def groups_of(s: ComplexScheme, shape: tuple[int, ...], axis: Any, channel_axis: Any) -> Groups:
    """Raises where the scheme's groups do not fit the shape."""
    size = math.prod(shape)
    if s.group is None or s.group == "tensor":
        return Groups(0, 0, (1, size, max(size, 1)), ())
    if s.group == "channel":
        along = _axis("channel_axis", channel_axis, shape, s)
        rows = shape[along]
        length = size // rows if rows else 0
        return Groups(along, 0, (rows, length, max(length, 1)), (rows,))
    along = _axis("axis", -1 if axis is None else axis, shape, s)
    length = shape[along]
    group = int(s.group)
    scales = (*shape[:along], -(-length // group), *shape[along + 1 :])
    return Groups(along, -1, (size // length if length else 0, length, group), scales)


def _axis(name: str, axis: Any, shape: tuple[int, ...], s: ComplexScheme) -> int:
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{name} is {axis!r}, allowed: an integer")
    if not shape:
        raise ValueError(f"x is 0-d, allowed for {s}: at least one axis to group along")
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name} is {axis}, allowed: {-len(shape)} to {len(shape) - 1} for x of shape {shape}")
    return int(axis) % len(shape)


class PackedComplex(NamedTuple):
    """Dense bytes: codes, then the scale codes."""

    codes: Any
    scales: tuple[Any, ...]


class ComplexQuantized:
    """A complex array as codes {±1, ±i} and scales, or as the sum of several such stages.

    scheme: the ComplexScheme. codes: uint8 in x's shape, with the stages as first axis where there is more than one.
    scale_codes and scales: a tuple with one array (none for pm1_pmi alone), whose last axis has s_re and s_im; before
    it, the shape of the groups as in Quantized, and the stages first where there is more than one. zero_scales:
    positive means whose scale rounded to zero. saturated: 0; a phase saturates nowhere.
    """

    saturated = 0

    def __init__(
        self,
        scheme: ComplexScheme,
        codes: Any,
        scale_codes: tuple[Any, ...],
        axis: int | None,
        channel_axis: int,
        carrier: str,
        zero_scales: int,
        stages: int = 1,
    ) -> None:
        self.scheme = scheme
        self.codes = codes
        self.scale_codes = scale_codes
        self.axis = axis
        self.channel_axis = channel_axis
        self.zero_scales = zero_scales
        self.stages = stages
        self._carrier = carrier

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array that was quantized."""
        shape = tuple(self.codes.shape)
        return shape if self.stages == 1 else shape[1:]

    @property
    def scales(self) -> tuple[Any, ...]:
        return tuple(decode(codes, self.scheme.scale) for codes in self.scale_codes)

    @property
    def _scale_bits(self) -> int:
        return 0 if self.scheme.scale is None else self.scheme.scale.bits

    @property
    def bits(self) -> int:
        """All bits: codes and scales."""
        scales = sum(math.prod(c.shape) for c in self.scale_codes)
        return BITS * math.prod(self.codes.shape) + self._scale_bits * scales

    @property
    def bits_per_element(self) -> float:
        """Bits per complex element of this very array, every stage and scale counted."""
        size = math.prod(self.shape)
        return self.bits / size if size else math.nan

    @property
    def bits_per_real(self) -> float:
        """Bits per real number that the complex elements hold: half of bits_per_element."""
        return self.bits_per_element / 2

    @property
    def nbytes(self) -> int:
        """Bytes when packed."""
        scales = sum(int(_core.packed_size(math.prod(c.shape), self._scale_bits)) for c in self.scale_codes)
        return int(_core.packed_size(math.prod(self.codes.shape), BITS)) + scales

    def pack(self) -> PackedComplex:
        """Codes (four in a byte, the first in the low bits) and scales as dense bytes."""
        return PackedComplex(pack(self.codes, BITS), tuple(pack(c, self._scale_bits) for c in self.scale_codes))

    def dequantize(self, dtype: Any = None, *, threads: int | None = None) -> Any:
        """The values: ±s_re or ±i s_im, of several stages the exact sum, rounded once to x's dtype or to `dtype`."""
        elements = _complex_dtype(dtype, self._carrier)
        if self.scheme.scale is None:
            return complex_decode(self.codes, elements, threads=threads)
        codes = _codes("codes", self.codes)
        groups, planes = self._planes(codes.data)
        codes.kind.check(elements)
        out = codes.kind.empty(self.shape, elements)
        values = np.empty(planes.shape[1:], dtype=elements)
        words = self._words(groups)
        _core.phase_dequantize(
            planes, groups.layout, self.stages, words, self.scheme.scale._spec, values, thread_count(threads)
        )
        out[...] = groups.back(values)
        return codes.kind.give(out, elements)

    def _planes(self, codes: np.ndarray) -> tuple[Groups, np.ndarray]:
        """The codes, stages first, in the order of the layout."""
        groups = groups_of(self.scheme, self.shape, self.axis, self.channel_axis)
        return groups, np.stack([groups.moved(plane) for plane in codes.reshape(self.stages, *self.shape)])

    def _words(self, groups: Groups) -> np.ndarray:
        """The scale codes, stages first, in the order of the layout."""
        planes = unsigned("scale_codes", self.scale_codes[0]).data.reshape(self.stages, *groups.scales, 2)
        moved = [_scales_in_order(groups, plane) for plane in planes]
        return np.stack(moved).astype(np.uint64)

    def __repr__(self) -> str:
        return f"<ComplexQuantized {self.scheme} {self.shape}, {self.bits_per_element:g} bits per complex element>"


def _scales_in_order(groups: Groups, scales: np.ndarray) -> np.ndarray:
    """Scales (…, 2) in the order of the layout: the grouped axis last, or first as it is."""
    if len(groups.scales) < 2:
        return scales
    return np.ascontiguousarray(np.moveaxis(scales, groups.source, -2))


def complex_quantize(
    x: Any,
    scheme: Any,
    *,
    axis: int | None = None,
    channel_axis: int = 0,
    stages: int = 1,
    rule: str = "exact",
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
) -> ComplexQuantized:
    """x as codes {±1, ±i} and two scales for each group: s_re, the mean of abs(re) over the elements coded ±1, and
    s_im, that of abs(im) over those coded ±i; exact means, rounded once (scale_rounding: a deterministic mode). A class
    without elements has the scale 0, or the recipe's least one.

    A group with NaN or infinity gets NaN scales and the codes of +1 where the scale format has a NaN; otherwise those
    elements follow nan=. stages: residual stages, 1 to 4. rule: as in :func:`complex_encode`.
    """
    s = complex_scheme(scheme)
    policy = _nan_policy(
        rounding=rounding, overflow=overflow, nan=nan, ftz=ftz, random_bits=random_bits, rng=rng, random=random,
        projection=projection,
    )  # fmt: skip
    _check_scheme_call(s, importance, scale_rounding)
    if isinstance(stages, bool) or not isinstance(stages, (int, np.integer)):
        raise TypeError(f"stages is {stages!r}, allowed: an integer from 1 to 4")
    a = complex_carried("x", x)
    if s.scale is None:
        if stages != 1:
            raise ValueError(f"stages is {stages}, allowed for {s}: 1; more need scales, as {NAME}/tensor:binary32")
        codes = complex_encode(x, nan=policy, rule=rule, threads=threads)
        return ComplexQuantized(s, codes, (), axis, channel_axis, a.carrier, 0)
    groups = groups_of(s, a.shape, axis, channel_axis)
    if not 1 <= stages <= 4:
        raise ValueError(f"stages is {stages}, allowed: 1 to 4")
    data = groups.moved(a.data)
    planes = np.empty((stages, *data.shape), dtype=np.uint8)
    words = np.empty((stages, math.prod(groups.scales), 2), dtype=np.uint64)
    zeros = _core.phase_quantize(
        data, groups.layout, stages, planes, words, s.scale._spec, scale_rounding, RECIPES[s.recipe], rule, policy,
        thread_count(threads),
    )  # fmt: skip
    kind = NUMPY if a.kind is PYTHON else a.kind
    shape = a.shape if stages == 1 else (stages, *a.shape)
    codes = kind.empty(shape, "uint8")
    for k in range(stages):
        (codes if stages == 1 else codes[k])[...] = groups.back(planes[k])
    scale_codes = (_given_scales(kind, groups, words, s.scale),)
    return ComplexQuantized(
        s, kind.give(codes, "uint8"), scale_codes, axis, channel_axis, a.carrier, zeros, int(stages)
    )


def _given_scales(kind: Any, groups: Groups, words: np.ndarray, scale: Format) -> Any:
    """Scale codes in the caller's order of axes."""
    elements = scale.code_dtype.name
    kind.check(elements)
    stages = len(words)
    ordered = []
    for plane in words:
        if len(groups.scales) < 2:
            ordered.append(plane.reshape(*groups.scales, 2))
            continue
        moved = [*groups.scales[: groups.source], *groups.scales[groups.source + 1 :], groups.scales[groups.source], 2]
        ordered.append(np.moveaxis(plane.reshape(moved), -2, groups.source))
    memory = kind.empty((*groups.scales, 2) if stages == 1 else (stages, *groups.scales, 2), elements)
    memory[...] = ordered[0] if stages == 1 else np.stack(ordered)
    return kind.give(memory, elements)


def _check_scheme_call(s: ComplexScheme, importance: Any, scale_rounding: Any) -> None:
    if importance is not None:
        raise ValueError(f"importance is given, allowed with @search=mse: {s} searches no scales")
    if scale_rounding is not None and not isinstance(scale_rounding, str):
        raise TypeError(f"scale_rounding is {scale_rounding!r}, allowed: a mode's name (a string) or None")
    if scale_rounding is not None and s.scale is None:
        raise ValueError(f"scale_rounding is {scale_rounding!r}, allowed for {s}: None; it has no scales")


def complex_fake_quantize(
    x: Any,
    scheme: Any,
    *,
    axis: int | None = None,
    channel_axis: int = 0,
    rule: str = "exact",
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
    """What x becomes through a complex scheme, in x's dtype: complex_quantize(x).dequantize() in one pass. nan="keep"
    leaves elements with NaN (or, beside scales that have no NaN, infinity) as they are."""
    s = complex_scheme(scheme)
    policy = _nan_policy(
        rounding=rounding, overflow=overflow, nan=nan, ftz=ftz, random_bits=random_bits, rng=rng, random=random,
        projection=projection,
    )  # fmt: skip
    _check_scheme_call(s, importance, scale_rounding)
    scale = s.scale
    if scale is None:
        return complex_round(x, nan=policy, rule=rule, out=out, threads=threads)
    a = complex_carried("x", x)
    groups = groups_of(s, a.shape, axis, channel_axis)
    count = thread_count(threads)

    def run(data: np.ndarray, target: np.ndarray) -> None:
        _core.phase_fake_quantize(
            data, groups.layout, target, scale._spec, scale_rounding, RECIPES[s.recipe], rule, policy, count
        )

    return with_out(a, out, a.carrier, _in_order(groups, a.data, run))


def _in_order(
    groups: Groups, data: np.ndarray, run: Callable[[np.ndarray, np.ndarray], None]
) -> Callable[[np.ndarray, Any], None]:
    def compute(target: np.ndarray, _: Any) -> None:
        moved = groups.moved(data)
        if moved is data or np.shares_memory(moved, data):
            run(data, target)
            return
        values = np.empty_like(moved)
        run(moved, values)
        target[...] = groups.back(values)

    return compute
