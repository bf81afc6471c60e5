"""Correctly rounded arithmetic on codes: integers in, integers out, for checking hardware and tables.

``hu.codes.add(a, b, "e4m3fn", "e5m2", "binary16")``: the codes a and b, their formats, and the format of the result. An
operand's format that is None is that of a; the result's too. Codes are arrays of integers, or arrays of a narrow float
dtype (ml_dtypes, torch, JAX), which know their format. The functions are those of :mod:`halfulp.arithmetic`, and
convert.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from halfulp._arrays import CARRIERS, take
from halfulp._calculate import Operand, calculate
from halfulp._convert import Codes, _codes_and_format
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._tensors import Kind
from halfulp.accumulate import multiply
from halfulp.arithmetic import (
    KEYWORDS,
    MEANING,
    PRODUCT_KEYWORDS,
    PRODUCTS,
    bind,
    integers_of,
    ordered,
    signature,
)

_COMMON = """
    Codes in, codes out; shapes broadcast as in NumPy. Keywords as in :func:`halfulp.encode`, and those of
    :func:`halfulp.add`. nan_rule: "canonical" (the format's one NaN: RISC-V, and Arm with default NaNs), "x86" or "arm"
    (which operand's payload an IEEE-like result carries on, and the sign of a new NaN)."""

_KEYWORDS = KEYWORDS | {"nan_rule": "canonical"}


def _operand(name: str, codes: Any, format: Any, default: Format | None) -> tuple[Operand, Kind, Format]:
    given = default if format is None and not _knows_its_format(name, codes) else format
    try:
        found, f = _codes_and_format(name, codes, given)
    except ValueError as error:
        text = str(error)
        raise ValueError(f"format_{name}{text[6:]}" if text.startswith("format ") else text) from None
    original = found.original if isinstance(found, Codes) else np.asarray(codes)
    return Operand(found.data, "codes", original, f._spec), found.kind, f


def _knows_its_format(name: str, codes: Any) -> bool:
    if not hasattr(codes, "dtype"):
        return False
    elements = take(name, codes).elements
    return elements.startswith(("float8", "float6", "float4")) or elements in CARRIERS


def _operands(letters: str, arguments: dict[str, Any]) -> tuple[list[Operand], Kind, Format]:
    """The operands, the kind of the results, and the format of a."""
    operands: list[Operand] = []
    kinds: list[Kind] = []
    first: Format | None = None
    for letter in letters:
        operand, kind, f = _operand(letter, arguments.pop(letter), arguments.pop(f"format_{letter}"), first)
        operands.append(operand)
        kinds.append(kind)
        first = f if first is None else first
    assert first is not None  # every operation has an operand
    return operands, next((kind for kind in kinds if not kind.is_python), kinds[0]), first


def _optional(letters: str) -> dict[str, Any]:
    """The arguments behind the operands: their formats and the result's."""
    return {f"format_{letter}": None for letter in letters} | {"format": None, "rounding": None}


def _function(op: str, letters: str, meaning: str) -> Callable[..., Any]:
    shown = signature(tuple(letters), _optional(letters), _KEYWORDS)

    def function(*given: Any, **keywords: Any) -> Any:
        arguments = bind(shown, op, given, keywords)
        operands, kind, first = _operands(letters, arguments)
        format = arguments.pop("format")
        f = first if format is None else to_format(format)
        return calculate(op, tuple(letters), operands, kind, f, "codes", **arguments)

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"Computes {meaning}: exact, then projected once into the format.\n{_COMMON}"
    function.__signature__ = shown  # type: ignore[attr-defined]
    return function


add = _function("add", *MEANING["add"])
sub = _function("sub", *MEANING["sub"])
mul = _function("mul", *MEANING["mul"])
div = _function("div", *MEANING["div"])
fma = _function("fma", *MEANING["fma"])
faa = _function("faa", *MEANING["faa"])
sqrt = _function("sqrt", *MEANING["sqrt"])
recip = _function("recip", *MEANING["recip"])
rsqrt = _function("rsqrt", *MEANING["rsqrt"])
remainder = _function("remainder", *MEANING["remainder"])
minimum = _function("minimum", *MEANING["minimum"])
maximum = _function("maximum", *MEANING["maximum"])
minimum_number = _function("minimum_number", *MEANING["minimum_number"])
maximum_number = _function("maximum_number", *MEANING["maximum_number"])
minimum_magnitude = _function("minimum_magnitude", *MEANING["minimum_magnitude"])
maximum_magnitude = _function("maximum_magnitude", *MEANING["maximum_magnitude"])
minimum_magnitude_number = _function("minimum_magnitude_number", *MEANING["minimum_magnitude_number"])
maximum_magnitude_number = _function("maximum_magnitude_number", *MEANING["maximum_magnitude_number"])
abs = _function("abs", *MEANING["abs"])
negate = _function("negate", *MEANING["negate"])
copysign = _function("copysign", *MEANING["copysign"])
round_to_integral = _function("round_to_integral", *MEANING["round_to_integral"])
next_up = _function("next_up", *MEANING["next_up"])
next_down = _function("next_down", *MEANING["next_down"])
convert = _function("convert", "a", "the number of a, in another format")


def _scalb(*given: Any, **keywords: Any) -> Any:
    """a * 2^n for codes a and integers n: exact, then projected once into the format. Arguments as in :func:`add`."""
    arguments = bind(_SCALB, "scalb", given, keywords)
    n = integers_of("n", arguments.pop("n"))
    operands, kind, first = _operands("a", arguments)
    format = arguments.pop("format")
    f = first if format is None else to_format(format)
    return calculate("scalb", ("a", "n"), [*operands, n], kind, f, "codes", **arguments)


_SCALB = signature(("a", "n"), _optional("a"), _KEYWORDS)
_scalb.__name__ = _scalb.__qualname__ = "scalb"
_scalb.__signature__ = _SCALB  # type: ignore[attr-defined]
scalb = _scalb


def compare(
    a: Any,
    b: Any,
    format_a: Any = None,
    format_b: Any = None,
    *,
    total: bool = False,
    signaling: bool = False,
    flags: bool = False,
    threads: int | None = None,
) -> Any:
    """How the numbers of the codes a and b compare: as :func:`halfulp.compare`."""
    operands, kind, _ = _operands("ab", {"a": a, "b": b, "format_a": format_a, "format_b": format_b})
    return ordered(operands, kind, total, signaling, flags, threads)


def _product(name: str) -> Callable[..., Any]:
    keywords = PRODUCT_KEYWORDS | {"c": None}
    shown = signature(("a", "b"), _optional("ab"), keywords | {"format_c": None})

    def function(*given: Any, **keywords: Any) -> Any:
        arguments = bind(shown, name, given, keywords)
        c, format_c = arguments.pop("c"), arguments.pop("format_c")
        operands, kind, first = _operands("ab", arguments)
        format = arguments.pop("format")
        f = first if format is None else to_format(format)
        if c is None:
            addend = Operand(np.zeros((), dtype=np.float64), "binary64", np.zeros(()))
        else:
            addend, _, _ = _operand("c", c, format_c, f)
        by = arguments.pop("accumulate")
        return multiply(operands, addend, kind, f, "codes", name == "matmul", by, **arguments)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{PRODUCTS[name]}\n\n    Of codes: c is codes of format_c (None: of the result's format), or None for +0."
    )
    function.__signature__ = shown  # type: ignore[attr-defined]
    return function


dot = _product("dot")
matmul = _product("matmul")

__all__ = [*MEANING, "compare", "convert", "dot", "matmul", "scalb"]
