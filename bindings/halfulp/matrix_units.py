"""The matrix units of GPUs (tensor cores, matrix cores) as accumulators.

``hu.matmul(a, b, "binary32", accumulate="h100_fp16")`` gives what the unit gives. :func:`table` lists the rows with the
source of their numbers; a row says too which devices' recorded outputs it is held against. A unit that takes several
input formats is given codes, which know theirs, or values and a name with the formats: "h100_fp8:e4m3fn", or
"h100_fp8:e4m3fn,e5m2" (those of a and b).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import carried, plain, thread_count
from halfulp._calculate import Operand, check_flag, check_name
from halfulp._convert import _codes_and_format, decode, round
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._projection import resolve
from halfulp._random import check_random_bits

_NAMES = tuple(str(row["name"]) for row in _core.matrix_units())


def names() -> list[str]:
    """The names of all units, in the order of vendors and generations."""
    return list(_NAMES)


def is_unit(name: str) -> bool:
    """Does this name, without its formats, name a unit?"""
    return name.split(":")[0] in _NAMES


@dataclass(frozen=True)
class Unit:
    """One unit.

    accumulator: how it adds. inputs: the formats that its factors may have. a, b: the formats of a and b, where the
    name or the row says them. output: the format of addend and result. scales, blocks: formats of block scales and
    how many factors share one; empty for units without. description: device, instructions, source, vectors, note.
    """

    name: str
    accumulator: _core.Accumulator
    inputs: tuple[Format, ...]
    a: Format | None
    b: Format | None
    output: Format
    scales: tuple[Format, ...]
    blocks: tuple[int, ...]
    description: dict[str, str]


@lru_cache(maxsize=256)
def unit(name: str) -> Unit:
    """The unit of a name, with the formats of its factors behind a colon where the caller says them.

    ValueError: no such unit, or a format that it does not take.
    """
    if not isinstance(name, str):
        raise TypeError(f"unit is {name!r}, allowed: a name (a string)")
    plain_name, colon, formats = name.partition(":")
    how, inputs, scales, blocks, output, row = _core.find_matrix_unit(plain_name)
    allowed = tuple(Format(f) for f in inputs)
    given = [to_format(text) for text in formats.split(",")] if colon else []
    for f in given:
        if f not in allowed:
            raise ValueError(f"unit is {name!r}, allowed as formats of {plain_name}: {_listed(allowed)}")
    if len(given) > 2:
        raise ValueError(f"unit is {name!r}, allowed: one format for both factors, or two")
    if not given and len(allowed) == 1:
        given = list(allowed)
    a, b = (given[0], given[-1]) if given else (None, None)
    return Unit(
        name,
        how,
        allowed,
        a,
        b,
        Format(output),
        tuple(Format(f) for f in scales),
        tuple(blocks),
        {key: str(value) for key, value in row.items()},
    )


def table() -> list[dict[str, Any]]:
    """One dict for each unit: name, device, instructions, inputs, scales, blocks, output, source, note, vectors
    (devices whose recorded outputs it is held against, else "no device vectors"), and every field of its
    accumulator."""
    rows = []
    for name in _NAMES:
        found = unit(name)
        row: dict[str, Any] = dict(found.description)
        row["vectors"] = row["vectors"] or "no device vectors"
        rows.append(row | {key: x for key, x in _core.accumulator_fields(found.accumulator).items() if key != "name"})
    return rows


def _listed(formats: Sequence[Format]) -> str:
    return ", ".join(f.name for f in formats)


def values_of(x: Operand) -> np.ndarray:
    """The numbers of an operand, as floats that hold them."""
    if x.kind == "codes":
        return np.asarray(decode(x.data, Format(x.of), dtype="float64"))
    if x.kind == "binary16":
        return np.asarray(x.data).view(np.float16).astype(np.float32)
    if x.kind == "bfloat16":
        return (np.asarray(x.data).astype(np.uint32) << 16).view(np.float32)
    return np.asarray(x.data)


def _strangers(values: np.ndarray, f: Format) -> np.ndarray:
    """Which numbers are no members of the format?"""
    if values.dtype == np.float32 and not f._spec.holds("binary32"):
        values = values.astype(np.float64)
    kept = np.asarray(round(values, f, nan="keep"))
    absent = np.isnan(values) if not f.has_nan else np.zeros(values.shape, dtype=bool)
    return absent | ~((kept == values) | (np.isnan(kept) & np.isnan(values)))


def check_members(name: str, x: Operand, formats: Sequence[Format], unit_name: str) -> None:
    """ValueError that names the first element of an operand that is no member of any of the formats."""
    if x.kind == "codes" and Format(x.of) in formats:
        return
    if x.kind == "codes" and name != "c":
        raise ValueError(f"{name} has codes of {Format(x.of)}, allowed for {unit_name}: {_listed(formats)}")
    values = values_of(x)
    outside = [_strangers(values, f) for f in formats]
    if all(each.any() for each in outside):
        fewest = min(outside, key=np.count_nonzero)
        place = tuple(int(i) for i in np.argwhere(fewest)[0])
        raise ValueError(
            f"{name}[{', '.join(map(str, place))}] is {values[place]!s}, allowed for {unit_name}: members of "
            f"{_listed(formats)}"
        )


def ready(name: str, operands: Sequence[Operand], addend: Operand, *, scaled: bool = False) -> _core.Accumulator:
    """The accumulator of a unit for these factors and this addend, all of whose elements it takes.

    ValueError names an element that is no member of the unit's formats.
    """
    found = unit(name)
    if found.scales and not scaled:
        raise ValueError(
            f"accumulate is {name!r}, which takes block scales, allowed: matrix_units.scaled_matmul, or in vectors "
            "schemes that have them, such as mxfp4"
        )
    exponents: dict[str, Any] = {}
    fields = _core.accumulator_fields(found.accumulator)
    for letter, operand, said in zip("ab", operands, (found.a, found.b), strict=True):
        check_members(letter, operand, found.inputs if said is None else (said,), name)
        if fields["inside"] != "aligned" or fields[f"{letter}_emin"] is not None:
            continue
        of = said if said is not None or operand.kind != "codes" else Format(operand.of)
        if of is None:
            raise ValueError(
                f"{letter} is values, allowed for {name}: codes, or a name with formats such as "
                f"'{found.name}:{found.inputs[0].name}'"
            )
        exponents[f"{letter}_emin"] = of.emin
    check_members("c", addend, (found.output,), name)
    return _core.changed_accumulator(found.accumulator, exponents) if exponents else found.accumulator


def _codes(name: str, codes: Any, format: Any, shape: tuple[int, ...] | None = None) -> tuple[Operand, Format]:
    found, f = _codes_and_format(name, codes, format)
    data = np.asarray(found.data)
    if data.ndim != 2 or (shape is not None and data.shape != shape):
        raise ValueError(f"{name} has shape {data.shape}, allowed: {shape or 'two axes'}")
    return Operand(data, "codes", data, f._spec), f


def scaled_matmul(
    a: Any,
    b: Any,
    scale_a: Any,
    scale_b: Any,
    accumulate: Any,
    *,
    block: int | None = None,
    format_a: Any = None,
    format_b: Any = None,
    scales: Any = None,
    c: Any = 0.0,
    format: Any = "binary32",
    rounding: str | None = None,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    projection: Any = None,
    rng: Any = None,
    random: Any = None,
    flags: bool = False,
    threads: int | None = None,
) -> Any:
    """c + (a with its scales) @ (b with its scales), for MX and NVFP4 operands.

    a (m, k), b (k, n): codes of format_a and format_b. scale_a (m, ceil(k / block)), scale_b (ceil(k / block), n):
    codes of the format `scales`; block: how many consecutive factors share a scale. accumulate: a unit that takes
    scales ("b200_nvf4"), whose formats and block are the defaults where it has one of each, another accumulator's name
    ("exact", "fma", "blocked_16"), or a :class:`halfulp.Accumulator`. c: values, (m, n) or a number. rounding to
    random: as in :func:`halfulp.dot`; `random` has the shape (m, n, roundings). The result: values in `format`, float32
    or, where that does not hold them, float64; with flags=True a pair, the flags as uint8 in its shape. Every product
    is that of two factors and two scales, exact before any rounding; the contract's section 8 defines the rest. Errors
    name the argument, its value and what is allowed.
    """
    from halfulp.accumulate import _source, draws  # which imports this module

    found = unit(accumulate) if isinstance(accumulate, str) and is_unit(accumulate) else None
    if found is not None and not found.scales:
        raise ValueError(f"accumulate is {accumulate!r}, allowed: {_scaled_names()}, or an Accumulator")
    left, of_a = _codes("a", a, _default(format_a, None if found is None else found.a))
    right, _ = _codes("b", b, _default(format_b, _default(None if found is None else found.b, of_a)))
    rows, inner = left.data.shape
    if right.data.shape[0] != inner:
        raise ValueError(f"b has shape {right.data.shape}, allowed: ({inner}, n) beside a {left.data.shape}")
    columns = right.data.shape[1]
    length = _block(block, found)
    blocks = -(-inner // length)
    of_scales = _default(scales, found.scales[0] if found is not None and len(found.scales) == 1 else None)
    outer = [
        _codes(name, x, of_scales, shape)
        for name, x, shape in (("scale_a", scale_a, (rows, blocks)), ("scale_b", scale_b, (blocks, columns)))
    ]
    for name, (_, of) in zip(("scale_a", "scale_b"), outer, strict=True):
        _check_scales(name, of, found)
    taken = carried("c", c)
    if taken.shape not in ((), (rows, columns)):
        raise ValueError(f"c has shape {taken.shape}, allowed: ({rows}, {columns}) or a number")
    addend = Operand(taken.data, taken.carrier, taken.original)
    f = to_format(format)
    how = resolve(f._spec, projection, rounding, overflow, nan, ftz, random_bits)
    check_random_bits(how, random_bits)
    by = _scaled_accumulator(accumulate, f, how, (left, right), addend)
    shape = (rows, inner, columns)
    source: Any = None
    if draws(accumulate, how):
        source = _source(by, how, rng, random, (rows, columns), inner)
    elif rng is not None or random is not None:
        given = "rng" if rng is not None else "random"
        raise ValueError(f"{given} is given but nothing on the way draws random bits, allowed: None")
    raised = np.empty((rows, columns), dtype=np.uint8) if check_flag("flags", flags) else None
    out = np.empty((rows, columns), dtype=np.float32 if f._spec.holds("binary32") else np.float64)
    ready_operands = [(plain(x.data), x.kind, x.of) for x in (left, right, addend, *(x for x, _ in outer))]
    carrier = "binary32" if out.dtype == np.float32 else "binary64"
    count = thread_count(threads)
    _core.scaled_products(ready_operands, length, out, carrier, shape, by, f._spec, how, source, raised, count)
    return out if raised is None else (out, raised)


def accumulator_of_blocks(
    name: str, f: Format, how: _core.Projection, factors: Sequence[Format], scales: Sequence[Format], block: int
) -> _core.Accumulator:
    """The accumulator of a name for factors and scales of these formats, `block` factors to a scale; f, how: the
    result's. ValueError names the format or the block that a unit does not take."""
    output = f
    if is_unit(name):
        found = unit(name)
        output = found.output
        if not found.scales:
            raise ValueError(
                f"accumulate is {name!r}, a unit without block scales, allowed: {_scaled_names()}, or the accumulator "
                "of no device, such as exact, fma, blocked_16"
            )
        _block(block, found)
        for side, of in zip("ab", scales, strict=True):
            _check_scales(f"scale_{side}", of, found)
    zero = np.zeros(1, dtype=np.uint8)
    left, right, addend = (Operand(zero, "codes", zero, of._spec) for of in (*factors, output))
    return _scaled_accumulator(name, f, how, (left, right), addend)


def _scaled_accumulator(
    accumulate: Any, f: Format, how: _core.Projection, operands: Sequence[Operand], addend: Operand
) -> _core.Accumulator:
    """The compiled accumulator that accumulate= means beside block scales."""
    if isinstance(accumulate, str):
        if is_unit(accumulate):
            return ready(accumulate, operands, addend, scaled=True)
        return _core.named_accumulator(check_name("accumulate", accumulate), f._spec, how)
    if not hasattr(accumulate, "_made"):
        raise TypeError(f"accumulate is a {type(accumulate).__name__}, allowed: an Accumulator or its name")
    return accumulate._made()


def _check_scales(name: str, of: Format, found: Unit | None) -> None:
    if found is not None and of not in found.scales:
        raise ValueError(f"{name} has codes of {of}, allowed for {found.name}: {_listed(found.scales)}")


def _default(given: Any, otherwise: Any) -> Any:
    return otherwise if given is None else given


def _scaled_names() -> str:
    return ", ".join(name for name in _NAMES if unit(name).scales)


def _block(block: Any, found: Unit | None) -> int:
    if block is None and found is not None and len(found.blocks) == 1:
        return found.blocks[0]
    allowed = "1 or more" if found is None else " or ".join(map(str, found.blocks))
    if isinstance(block, bool) or not isinstance(block, int):
        raise TypeError(f"block is {block!r}, allowed: an integer ({allowed})")
    if block < 1 or (found is not None and block not in found.blocks):
        raise ValueError(f"block is {block}, allowed: {allowed}")
    return block


__all__ = ["Unit", "is_unit", "names", "ready", "scaled_matmul", "table", "unit"]
