"""What arithmetic on values and on codes share: operands made ready, broadcast, handed to the compiled functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import DTYPES, check_out, plain, raw, thread_count
from halfulp._convert import unsigned_view
from halfulp._format import Format, check_ascii
from halfulp._projection import resolve
from halfulp._random import check_random_bits, source_for
from halfulp._tensors import Kind, is_torch, torch_was_written


@dataclass
class Operand:
    """One operand: `data` in native byte order, not broadcast yet, 16-bit carriers as uint16 and codes unsigned."""

    data: np.ndarray
    kind: str  # a carrier, "codes" or "int64"
    original: np.ndarray
    of: Any = None  # the compiled format of codes


@dataclass
class Shaped:
    """What check_out() wants to know of the operands: their common shape, and one array to compare with."""

    shape: tuple[int, ...]
    original: np.ndarray
    kind: Kind


def common_shape(names: Sequence[str], operands: Sequence[Operand]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(*(x.data.shape for x in operands))
    except ValueError:
        shapes = ", ".join(f"{name} {x.data.shape}" for name, x in zip(names, operands, strict=True))
        raise ValueError(f"the shapes of {shapes} do not go together, allowed: shapes that NumPy broadcasts") from None


def laid_out(x: Operand, shape: tuple[int, ...]) -> tuple[np.ndarray, str, Any]:
    """An operand as the compiled functions take it: one element, or the common shape."""
    if x.data.size == 1:
        return plain(x.data.reshape(1)), x.kind, x.of
    return plain(np.broadcast_to(x.data, shape)), x.kind, x.of


def check_flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} is {value!r}, allowed: True or False")
    return bool(value)


def check_name(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}, allowed: a name (a string)")
    check_ascii(name, value)
    return value


def into(
    shaped: Shaped, operands: Sequence[Operand], out: Any, elements: str, compute: Callable[[np.ndarray], None]
) -> Any:
    """Runs compute(target) on a C-contiguous target of these elements: a new array of the operands' kind, or `out`.
    That may be an operand of the common shape; where it overlaps one in another way, the result takes a detour."""
    if out is None:
        shaped.kind.check(elements)
        target = shaped.kind.empty(shaped.shape, elements)
        compute(raw(target))
        return shaped.kind.give(target, elements)
    array = check_out(shaped, out, elements)
    touched = [x for x in operands if array.size and np.shares_memory(x.original, array)]
    same = all(
        x.original.__array_interface__["data"][0] == array.__array_interface__["data"][0]
        and x.original.dtype.itemsize == array.dtype.itemsize
        and x.original.shape == array.shape
        and x.original.flags.c_contiguous
        for x in touched
    )
    try:
        if array.flags.c_contiguous and array.flags.aligned and same:
            compute(raw(array))
        else:
            target = np.empty(shaped.shape, dtype=array.dtype)
            compute(raw(target))
            array[...] = target
    finally:
        if is_torch(out):
            torch_was_written(out)
    return out


def calculate(
    name: str,
    names: Sequence[str],
    operands: Sequence[Operand],
    kind: Kind,
    f: Format,
    out_kind: str,
    *,
    rounding: str | None,
    overflow: str | None,
    nan: str | None,
    ftz: str | None,
    random_bits: int | None,
    projection: Any,
    rng: Any,
    random: Any,
    daz: bool,
    flags: bool,
    tininess: str,
    nan_rule: str,
    out: Any,
    threads: int | None,
) -> Any:
    """An operation on operands that are ready; out_kind is a carrier or "codes"."""
    how = resolve(f._spec, projection, rounding, overflow, nan, ftz, random_bits)
    check_random_bits(how, random_bits)
    flags = check_flag("flags", flags)
    daz = check_flag("daz", daz)
    tininess = check_name("tininess", tininess)
    nan_rule = check_name("nan_rule", nan_rule)
    count = thread_count(threads)
    shape = common_shape(names, operands)
    elements = f.code_dtype.name if out_kind == "codes" else DTYPES[out_kind]
    first = next((x for x in operands if x.data.shape == shape and x.kind != "int64"), operands[0])
    shaped = Shaped(shape, first.original, kind)
    raised = np.empty(shape, dtype=np.uint8) if flags else None
    ready = [laid_out(x, shape) for x in operands]

    def compute(target: np.ndarray) -> None:
        source = source_for(how, rng, random, shape)
        if isinstance(source, np.ndarray) and out is not None and np.shares_memory(source, target):
            raise ValueError("out overlaps random, allowed: memory of its own")
        codes = unsigned_view(target)
        _core.calculate(name, ready, codes, out_kind, f._spec, how, daz, tininess, nan_rule, source, raised, count)

    result = into(shaped, operands, out, elements, compute)
    if raised is None:
        return result
    return result, kind.give(raised, "uint8")
