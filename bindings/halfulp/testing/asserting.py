"""The two assertions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from halfulp._arrays import CARRIERS, carried, take
from halfulp._calculate import Operand, common_shape
from halfulp._convert import _names_a_format
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp.accumulate import _dot_shape, _product_shape
from halfulp.arithmetic import MEANING, integers_of
from halfulp.codes import _operand as codes_operand
from halfulp.testing._answers import Answers, answers_of, float64
from halfulp.testing._changes import Change
from halfulp.testing._definitions import Conversion, Definition, Operation, Products, fixed_random
from halfulp.testing._report import report
from halfulp.vectors.field import flags_text

_PRODUCTS = ("dot", "matmul")
_OPERANDS = {name: len(letters) for name, (letters, _) in MEANING.items()} | {"convert": 1, "scalb": 2}
_PROJECTION = ("rounding", "overflow", "nan", "ftz", "random_bits", "rng", "projection", "threads")
_ELEMENTWISE = (*_PROJECTION, "random", "daz", "tininess")


def assert_bitexact(actual: Any, format: Any, source: Any, *, most: int = 5, **projection: Any) -> None:
    """Fails with AssertionError unless `actual` is what `source` converts to.

    actual: codes (integers, or an array of a narrow float dtype) or values (floats) that somebody else produced, in
    source's shape. format: the target format. source: the numbers that were converted. Both may be arrays of NumPy,
    torch or JAX. Keywords are those of :func:`halfulp.encode` (rounding, overflow, nan, rng, …). NaNs compare as a
    class; zeros compare with their sign.

    The message shows how many differ; of the first `most` of them the source, both codes with their fields and values,
    their distance in representable steps and where the source lies between the members; in which regions they are and
    how far off; and, where a known way of converting explains all of them (another mode, policy, preset or format, a
    detour through another format, a lost sign of zero), that way.
    """
    f = to_format(format)
    values = carried("source", source)
    numbers = float64(values.data, values.carrier)
    keywords = fixed_random(projection, f, numbers.shape, words=True)
    if keywords.get("random") is not None:
        keywords["random"] = _flat_random(keywords["random"], numbers.shape)
    definition = Conversion(numbers.reshape(-1), f, numbers.shape, keywords)
    expected = definition.answers()
    answers = answers_of(actual, f, numbers.shape)
    wrong = answers.differ(expected)
    if wrong.any():
        _fail(f"{int(wrong.sum())} of {wrong.size} differ from {f}:", definition, answers, expected, wrong, most)


def assert_arithmetic(
    actual: Any,
    operation: str,
    operands: Sequence[Any],
    format: Any = None,
    *,
    operand_formats: Any = None,
    accumulate: Any = None,
    flags: Any = None,
    nan_rule: str | None = None,
    most: int = 5,
    **keywords: Any,
) -> None:
    """Fails with AssertionError unless `actual` is what `operation` gives.

    actual: codes or values in the shape of the result, as in :func:`assert_bitexact`. operation: a name of
    :mod:`halfulp.codes`: "add" … "fma", "scalb", "convert", "dot", "matmul". operands: (a, b, …) as the operation takes
    them, of products (a, b) or (a, b, c): values (arrays of float16, bfloat16, float32, float64, Python floats), or
    codes. format: of the result; None is that of the first operand, which then is codes. operand_formats: of operands
    that are integer codes: one format for all, or one for each, None where the operand is values or an array of a
    narrow float dtype. accumulate: of products, "sequential" unless said. flags: the flags that came with `actual`,
    uint8 in its shape, to be compared too. nan_rule: "canonical", "x86" or "arm": NaNs then compare by their bits; else
    as a class. Other keywords are those of :func:`halfulp.codes.add` (of products: of :func:`halfulp.dot`).

    The message is that of :func:`assert_bitexact`.
    """
    if operation not in _OPERANDS and operation not in _PRODUCTS:
        names = ", ".join([*_OPERANDS, *_PRODUCTS])
        raise ValueError(f"operation is {operation!r}, allowed: {names}")
    is_product = operation in _PRODUCTS
    allowed = _PROJECTION if is_product else _ELEMENTWISE
    for name in keywords:
        if name not in allowed:
            raise TypeError(f"assert_arithmetic() got an unexpected keyword argument {name!r} for {operation}")
    ready = _operands(operation, operands, operand_formats)
    f = _result_format(format, ready)
    definition: Operation | Products
    if is_product:
        if nan_rule is not None:
            raise ValueError(f"nan_rule is {nan_rule!r}, allowed for {operation}: None")
        definition = _products(operation, ready, f, accumulate, keywords)
    else:
        if accumulate is not None:
            raise ValueError(f"accumulate is {accumulate!r}, allowed for {operation}: None (it is for dot and matmul)")
        definition = _operation(operation, ready, f, {**keywords, "nan_rule": nan_rule})
    expected, raised = definition.answers_and_flags()
    answers = answers_of(actual, f, definition.shape, nan_rule is not None)
    wrong = answers.differ(expected)
    flag_lines = [] if flags is None else _flag_lines(flags, raised, definition, most)
    if wrong.any():
        head = f"{int(wrong.sum())} of {wrong.size} results of {operation} differ from {f}:"
        _fail(head, definition, answers, expected, wrong, most, flag_lines)
    if flag_lines:
        raise AssertionError("\n".join(flag_lines))


def _fail(
    head: str,
    definition: Definition,
    answers: Answers,
    expected: np.ndarray,
    wrong: np.ndarray,
    most: int,
    more: Sequence[str] = (),
) -> None:
    raise AssertionError("\n".join([head, *report(definition, answers, expected, wrong, most), *more]))


def _operands(operation: str, given: Sequence[Any], formats: Any) -> list[Operand]:
    allowed = (2, 3) if operation in _PRODUCTS else (_OPERANDS[operation],)
    if isinstance(given, (str, np.ndarray)) or not isinstance(given, Sequence):
        raise TypeError(f"operands is a {type(given).__name__}, allowed: a tuple of operands")
    if len(given) not in allowed:
        counts = " or ".join(map(str, allowed))
        raise ValueError(f"operands has {len(given)} elements, allowed for {operation}: {counts}")
    each = list(formats) if isinstance(formats, (list, tuple)) else [formats] * len(given)
    if len(each) != len(given):
        raise ValueError(f"operand_formats has {len(each)} elements, allowed: {len(given)}, one for each operand")
    found = []
    for name, x, of in zip("abc", given, each, strict=False):
        if operation == "scalb" and name == "b":
            found.append(integers_of("n", x))
        elif of is not None or _holds_codes(name, x):
            found.append(codes_operand(name, x, of, None)[0])
        else:
            values = carried(name, x)
            found.append(Operand(values.data, values.carrier, values.original))
    return found


def _holds_codes(name: str, x: Any) -> bool:
    if not hasattr(x, "dtype"):
        return False
    array, elements, dtype, _ = take(name, x)
    if elements.startswith(("int", "uint")):
        raise TypeError(f"{name} has dtype {dtype}, allowed: values; codes with operand_formats=, their format")
    return elements not in CARRIERS and _names_a_format(array, elements)


def _result_format(format: Any, operands: Sequence[Operand]) -> Format:
    if format is not None:
        return to_format(format)
    if operands[0].of is None:
        raise ValueError("format is None, allowed: a format's name (only codes of the first operand have one)")
    return Format(operands[0].of)


def _operation(name: str, operands: list[Operand], f: Format, keywords: dict[str, Any]) -> Operation:
    shape = common_shape("an" if name == "scalb" else "abc"[: len(operands)], operands)
    fixed = fixed_random(keywords, f, shape, words=True)
    if fixed.get("random") is not None:
        fixed["random"] = _flat_random(fixed["random"], shape)
    flat = [Operand(np.broadcast_to(x.data, shape).reshape(-1), x.kind, x.original, x.of) for x in operands]
    return Operation(name, flat, f, shape, fixed)


def _products(name: str, operands: list[Operand], f: Format, accumulate: Any, keywords: dict[str, Any]) -> Products:
    matrices = name == "matmul"
    shape = _product_shape(operands[:2])[0] if matrices else _dot_shape(operands[:2])[0]
    zero = np.zeros(())
    c = operands[2] if len(operands) == 3 else Operand(zero, "binary64", zero)
    fixed = fixed_random(keywords, f, shape, words=False)
    by = "sequential" if accumulate is None else accumulate
    return Products([*operands[:2], c], matrices, f, shape, {**fixed, "accumulate": by})


def _flat_random(words: Any, shape: tuple[int, ...]) -> np.ndarray:
    array = take("random", words).array
    if array.shape != shape:
        raise ValueError(f"random has shape {array.shape}, allowed: {shape}, the shape of the result")
    return array.reshape(-1)


def _flag_lines(flags: Any, raised: np.ndarray, definition: Operation | Products, most: int) -> list[str]:
    given = take("flags", flags).array
    if given.dtype.kind not in "iu":
        raise TypeError(f"flags has dtype {given.dtype}, allowed: integers")
    if given.shape != definition.shape:
        raise AssertionError(f"flags has shape {given.shape}, expected {definition.shape}")
    flat = given.reshape(-1)
    wrong = flat != raised
    if not wrong.any():
        return []
    lines = [f"{int(wrong.sum())} of {wrong.size} flags differ:"]
    places = np.flatnonzero(wrong)[:most]
    inputs = definition.at(places)
    for row, place in enumerate(places):
        index = [int(i) for i in np.unravel_index(place, definition.shape)]
        got, right = int(flat[place]), int(raised[place])
        lines.append(f"  {index}: {inputs.shown(row)}, actual {_flags(got)}, expected {_flags(right)}")
    other = "before" if definition.keywords.get("tininess", "after") == "after" else "after"
    if isinstance(definition, Operation):
        _, changed = definition.answers_and_flags(Change("", {"tininess": other}))
        if (changed == flat).all():
            lines.append(f"all these differences vanish under tininess={other!r}")
    return lines


def _flags(flags: int) -> str:
    return f"{flags:#04x} ({flags_text(flags)})"
