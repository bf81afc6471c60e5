"""Dot products and matrix products whose arithmetic is stated: how products round, in what order, to what sums.

``hu.matmul(a, b, "binary16", accumulate="fma")``; the contract's section 8 defines every accumulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core, matrix_units
from halfulp._arrays import DTYPES, able_carriers, carrier_of, check_out, plain, raw, thread_count
from halfulp._calculate import Operand, Shaped, check_flag, check_name, into
from halfulp._convert import unsigned_view
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._projection import resolve
from halfulp._random import Source, check_random_bits, named_source
from halfulp._runs import integer
from halfulp._tensors import Kind


@dataclass(frozen=True)
class Accumulator:
    """How d = c + sum of a_k * b_k is computed.

    product: a format that products are rounded to, None for exact products. group: terms in a group, 0 for all. inside:
    how a group is added: "exact", "sequential", "pairwise" or "aligned". partial: the format of partial sums; None is
    for one exact or aligned group of all terms. product_rounding, partial_rounding: modes, nearest_ties_to_even unless
    said; product_overflow, partial_overflow: policies. For "aligned": fraction_bits kept below the largest exponent;
    alignment: "truncate", "floor" or "nearest"; addend: "inside" the alignment or "after" it, then with sum_bits and
    addend_bits kept; lowest_exponent: the largest exponent counts as no less.

    The rest is what matrix units do besides (alignment_rule and accumulator in the C++ headers say it in full):
    zero_factor_exponent and zero_addend_exponent of zeros that take part, addend_reach, halves, two_passes,
    exact_terms, product_limit, overflow_to_infinity, positive_zeros, flush_inputs, unsigned_scales.
    """

    product: Any = None
    group: int = 1
    inside: str = "exact"
    partial: Any = None
    product_rounding: str | None = None
    partial_rounding: str | None = None
    product_overflow: str | None = None
    partial_overflow: str | None = None
    fraction_bits: int = 24
    alignment: str = "truncate"
    addend: str = "inside"
    sum_bits: int = 31
    addend_bits: int = 24
    lowest_exponent: int = -(2**22)
    zero_factor_exponent: int | None = None
    zero_addend_exponent: int | None = None
    addend_reach: int = 2**31 - 1
    halves: bool = False
    two_passes: bool = False
    exact_terms: int = 1
    product_limit: int | None = None
    overflow_to_infinity: bool = False
    positive_zeros: bool = False
    flush_inputs: bool = False
    unsigned_scales: bool = False
    name: str = "own"

    def __post_init__(self) -> None:
        self._made()

    def roundings(self, terms: int) -> int:
        """How many roundings one dot product of so many terms has, that of the result included: the last axis of
        ``random=``. Exact products and sums count only where a format of the accumulator's rounds them."""
        return int(_core.roundings_of(self._made(), integer("terms", terms, 0, 2**63 - 1)))

    def _made(self) -> _core.Accumulator:
        if isinstance(self.group, bool) or not isinstance(self.group, int):
            raise TypeError(f"group is {self.group!r}, allowed: an integer, 0 for all terms")
        if not 0 <= self.group < 2**32:
            raise ValueError(f"group is {self.group}, allowed: 0 to 2^32 - 1")
        if self.addend not in ("inside", "after"):
            raise ValueError(f"addend is {self.addend!r}, allowed: inside, after")
        plain = _core.make_accumulator(
            self.name,
            _step(self.product, self.product_rounding, self.product_overflow),
            self.group,
            check_name("inside", self.inside),
            _step(self.partial, self.partial_rounding, self.partial_overflow),
            self.fraction_bits,
            check_name("alignment", self.alignment),
            self.addend == "inside",
            self.sum_bits,
            self.addend_bits,
            self.lowest_exponent,
        )
        return _core.changed_accumulator(plain, {name: getattr(self, name) for name in _SPECIAL})


def _step(format: Any, rounding: str | None, overflow: str | None) -> tuple[Any, Any] | None:
    if format is None:
        return None
    spec = to_format(format)._spec
    return spec, resolve(spec, None, rounding, overflow, "to_max", None, None)


_SPECIAL = (
    "zero_factor_exponent",
    "zero_addend_exponent",
    "addend_reach",
    "halves",
    "two_passes",
    "exact_terms",
    "product_limit",
    "overflow_to_infinity",
    "positive_zeros",
    "flush_inputs",
    "unsigned_scales",
)


def made(
    accumulate: Any, f: Format, how: _core.Projection, operands: Sequence[Operand], addend: Operand
) -> _core.Accumulator:
    """The compiled accumulator that accumulate= means in a call."""
    if isinstance(accumulate, Accumulator):
        return accumulate._made()
    if isinstance(accumulate, str):
        if matrix_units.is_unit(accumulate):
            return matrix_units.ready(accumulate, operands, addend)
        return _core.named_accumulator(check_name("accumulate", accumulate), f._spec, how)
    raise TypeError(f"accumulate is a {type(accumulate).__name__}, allowed: an Accumulator or its name")


def roundings_by_name(name: str, f: Format, how: _core.Projection, terms: int) -> int:
    """As :meth:`Accumulator.roundings`, of an accumulator or a matrix unit by its name."""
    if matrix_units.is_unit(name):
        by = matrix_units.unit(name).accumulator
    else:
        by = _core.named_accumulator(name, f._spec, how)
    return int(_core.roundings_of(by, terms))


def draws(accumulate: Any, how: _core.Projection) -> bool:
    """Does anything on the way draw random bits?"""
    own = isinstance(accumulate, Accumulator) and any(
        mode is not None and _core.is_stochastic(mode)
        for mode in (accumulate.product_rounding, accumulate.partial_rounding)
    )
    return own or bool(how.stochastic)


def _source(
    by: _core.Accumulator, how: _core.Projection, rng: Any, random: Any, shape: tuple[int, ...], inner: int
) -> Source | np.ndarray:
    of_random = (*shape, _core.roundings_of(by, inner))
    meaning = "the result's shape and as many R as a result has roundings"
    return named_source("the accumulator draws random bits", how.random_bits, rng, random, of_random, meaning)


def _matrix(x: Operand, name: str) -> np.ndarray:
    if x.data.ndim < 2:
        raise ValueError(f"{name} has shape {x.data.shape}, allowed: two axes or more (dot takes vectors)")
    return x.data


def multiply(
    operands: Sequence[Operand],
    addend: Operand,
    kind: Kind,
    f: Format,
    out_kind: str,
    matrices: bool,
    accumulate: Any,
    *,
    rounding: str | None,
    overflow: str | None,
    nan: str | None,
    ftz: str | None,
    random_bits: int | None,
    projection: Any,
    rng: Any,
    random: Any,
    flags: bool,
    out: Any,
    threads: int | None,
) -> Any:
    """c + a @ b (matrices), or the dot products of last axes, of operands that are ready."""
    how = resolve(f._spec, projection, rounding, overflow, nan, ftz, random_bits)
    check_random_bits(how, random_bits)
    by = made(accumulate, f, how, operands, addend)
    flags = check_flag("flags", flags)
    count = thread_count(threads)
    a, b = (x.data for x in operands)
    shape, inner = _product_shape(operands) if matrices else _dot_shape(operands)
    if addend.data.size != 1 and addend.data.shape != shape:
        raise ValueError(f"c has shape {addend.data.shape}, allowed: {shape} or a scalar")
    source: Any = None
    if draws(accumulate, how):
        source = _source(by, how, rng, random, shape, inner)
    elif rng is not None or random is not None:
        given = "rng" if rng is not None else "random"
        raise ValueError(f"{given} is given but nothing on the way draws random bits, allowed: None")
    raised = np.empty(shape, dtype=np.uint8) if flags else None
    elements = f.code_dtype.name if out_kind == "codes" else DTYPES[out_kind]

    def compute(target: np.ndarray) -> None:
        if isinstance(source, np.ndarray) and out is not None and np.shares_memory(source, target):
            raise ValueError("out overlaps random, allowed: memory of its own")
        codes = unsigned_view(target)
        for place, batch in enumerate(np.ndindex(*shape[:-2]) if matrices else [()]):
            left, right = (a[_batch_of(a, batch)], b[_batch_of(b, batch)]) if matrices else _dot_rows(a, b, shape)
            each = addend.data if addend.data.size == 1 else addend.data[batch]
            ready = [(plain(x), of.kind, of.of) for x, of in zip((left, right, each), (*operands, addend), strict=True)]
            size = shape[-2] * shape[-1] if matrices else 0
            here = source
            if isinstance(source, tuple):
                here = (source[0], source[1], source[2] + place * size)
            elif source is not None and batch:
                here = source[batch]
            lengths = (shape[-2], inner, shape[-1]) if matrices else (inner,)
            marks = None if raised is None else raised[batch] if batch else raised
            part = codes[batch] if batch else codes  # an index of nothing would give a number
            _core.products(ready, part, out_kind, lengths, by, f._spec, how, here, marks, count)

    shaped = Shaped(shape, operands[0].original, kind)
    result = into(shaped, [*operands, addend], out, elements, compute) if _apart(operands, out) else None
    if result is None:  # a factor is read until the end: the result takes a detour
        array = check_out(Shaped(shape, np.empty(0), kind), out, elements)
        target = np.empty(shape, dtype=array.dtype)
        compute(raw(target))
        array[...] = target
        result = out
    if out is None and isinstance(result, np.ndarray) and result.shape == ():
        result = result[()]  # of two vectors: a number, as NumPy gives
    return result if raised is None else (result, kind.give(raised, "uint8"))


def _apart(operands: Sequence[Operand], out: Any) -> bool:
    return not isinstance(out, np.ndarray) or not any(np.shares_memory(x.original, out) for x in operands)


def _product_shape(operands: Sequence[Operand]) -> tuple[tuple[int, ...], int]:
    a, b = (_matrix(x, name) for x, name in zip(operands, "ab", strict=True))
    if a.shape[-1] != b.shape[-2]:
        raise ValueError(
            f"a has shape {a.shape} and b {b.shape}, allowed: as many columns of a as rows of b ({a.shape[-1]} and "
            f"{b.shape[-2]})"
        )
    try:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    except ValueError:
        raise ValueError(f"a has shape {a.shape} and b {b.shape}, allowed: leading axes that broadcast") from None
    return (*batch, a.shape[-2], b.shape[-1]), a.shape[-1]


def _dot_shape(operands: Sequence[Operand]) -> tuple[tuple[int, ...], int]:
    a, b = (x.data for x in operands)
    for name, x in (("a", a), ("b", b)):
        if x.ndim == 0:
            raise ValueError(f"{name} has shape (), allowed: one axis or more, the last one is summed over")
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"a has shape {a.shape} and b {b.shape}, allowed: last axes of one length")
    try:
        return np.broadcast_shapes(a.shape[:-1], b.shape[:-1]), a.shape[-1]
    except ValueError:
        raise ValueError(f"a has shape {a.shape} and b {b.shape}, allowed: leading axes that broadcast") from None


def _dot_rows(a: np.ndarray, b: np.ndarray, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    return np.broadcast_to(a, (*shape, a.shape[-1])), np.broadcast_to(b, (*shape, b.shape[-1]))


def _batch_of(x: np.ndarray, batch: tuple[int, ...]) -> tuple[int, ...]:
    """The place of a batch in an operand whose leading axes broadcast."""
    own = batch[len(batch) - (x.ndim - 2) :]
    return tuple(0 if length == 1 else i for i, length in zip(own, x.shape[:-2], strict=True))


def result_carrier(widest: str, dtype: Any, f: Format, *, widen: bool = False) -> str:
    """The carrier of results: dtype=, else the operands' widest, with `widen` one that holds the format."""
    carrier = widest if dtype is None else carrier_of(dtype)
    if widen and dtype is None and not f._spec.holds(carrier):
        carrier = "binary32" if f._spec.holds("binary32") else "binary64"
    if not f._spec.holds(carrier):
        instead = able_carriers(f._spec, "none does; hu.codes works on codes")
        raise TypeError(f"dtype {DTYPES[carrier]} does not hold every value of {f.name}, allowed as dtype: {instead}")
    return carrier
