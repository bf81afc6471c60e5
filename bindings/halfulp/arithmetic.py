"""Correctly rounded arithmetic on values: operands are real numbers as they are, the exact result is projected once.

Every function is in the package's own namespace: ``hu.add(a, b, "e4m3fn")``. The same on codes: :mod:`halfulp.codes`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import CARRIERS, carried, take, thread_count
from halfulp._calculate import Operand, calculate, check_flag, common_shape, laid_out
from halfulp._format import real_format as to_format
from halfulp._tensors import Kind
from halfulp.accumulate import multiply, result_carrier

NAMES = ("a", "b", "c")

# What each operation computes, for documentation: name -> (operands, the exact result).
MEANING: dict[str, tuple[str, str]] = {
    "add": ("ab", "a + b"),
    "sub": ("ab", "a - b"),
    "mul": ("ab", "a * b"),
    "div": ("ab", "a / b. x/0 is an infinity, which then meets the overflow policy (NaN in P3109 formats and posits)"),
    "fma": ("abc", "a * b + c, rounded once"),
    "faa": ("abc", "a + b + c, rounded once (P3109's fused add-add)"),
    "sqrt": ("a", "the square root of a"),
    "recip": ("a", "1 / a"),
    "rsqrt": ("a", "1 / sqrt(a)"),
    "remainder": ("ab", "a - n*b with n the integer nearest to a/b, of two the even one (IEEE 754-2019, 5.3.1)"),
    "minimum": ("ab", "the smaller of a and b; NaN where one is NaN; -0 is below +0 (IEEE 754-2019, 9.6)"),
    "maximum": ("ab", "the larger of a and b; NaN where one is NaN; -0 is below +0 (IEEE 754-2019, 9.6)"),
    "minimum_number": ("ab", "the smaller of a and b; a NaN gives way to a number (IEEE 754-2019, 9.6)"),
    "maximum_number": ("ab", "the larger of a and b; a NaN gives way to a number (IEEE 754-2019, 9.6)"),
    "minimum_magnitude": ("ab", "the one of smaller magnitude, else the minimum (IEEE 754-2019, 9.6)"),
    "maximum_magnitude": ("ab", "the one of larger magnitude, else the maximum (IEEE 754-2019, 9.6)"),
    "minimum_magnitude_number": ("ab", "as minimum_magnitude, where a NaN gives way to a number"),
    "maximum_magnitude_number": ("ab", "as maximum_magnitude, where a NaN gives way to a number"),
    "abs": ("a", "a without its sign"),
    "negate": ("a", "a with the other sign"),
    "copysign": ("ab", "a with the sign of b"),
    "round_to_integral": ("a", "the integer that a rounds to by the rounding mode (roundToIntegralExact)"),
    "next_up": ("a", "the least member of the format above a (IEEE 754-2019, 5.3.1)"),
    "next_down": ("a", "the greatest member of the format below a (IEEE 754-2019, 5.3.1)"),
}

_COMMON = """
    Broadcasts as NumPy does. format: of the result. Keywords as in :func:`halfulp.round`; besides: flags: also return
    one uint8 for each result (inexact 1, underflow 2, overflow 4, divide by zero 8, invalid 16); tininess: "after"
    rounding (RISC-V, x86) or "before" it (Arm), for the underflow flag; daz: operands below the format's smallest
    normal member count as zeros; dtype: of the results, else the widest of the operands'."""


def _operand(name: str, x: Any) -> tuple[Operand, Kind, bool]:
    a = carried(name, x)
    weak = a.kind.is_python and not isinstance(x, np.generic)
    return Operand(a.data, a.carrier, a.original), a.kind, weak


def operands_of(names: Sequence[str], given: Sequence[Any]) -> tuple[list[Operand], Kind, str]:
    """The operands, what results become the like of, and the widest carrier. Python's scalars and lists, exact as
    float64, do not widen the result beside an array."""
    found = [_operand(name, x) for name, x in zip(names, given, strict=True)]
    kind = next((kind for _, kind, _ in found if not kind.is_python), found[0][1])
    strong = {x.kind for x, _, weak in found if not weak} or {x.kind for x, _, _ in found}
    return [x for x, _, _ in found], kind, _widest(strong)


def _widest(carriers: set[str]) -> str:
    if carriers == {"binary16", "bfloat16"}:
        return "binary32"  # neither holds the other
    return max(carriers, key=lambda c: list(CARRIERS.values()).index(c))


def _run(op: str, given: Sequence[Any], format: Any, dtype: Any, keywords: dict[str, Any]) -> Any:
    f = to_format(format)
    names = NAMES[: len(given)]
    operands, kind, widest = operands_of(names, given)
    return calculate(op, names, operands, kind, f, result_carrier(widest, dtype, f), nan_rule="canonical", **keywords)


KEYWORDS: dict[str, Any] = {
    "overflow": None,
    "nan": None,
    "ftz": None,
    "random_bits": None,
    "rng": None,
    "random": None,
    "projection": None,
    "daz": False,
    "flags": False,
    "tininess": "after",
    "out": None,
    "threads": None,
}


def signature(arguments: Sequence[str], optional: dict[str, Any], keywords: dict[str, Any]) -> inspect.Signature:
    """Of a function with these positional arguments, some of them optional, and keywords."""
    kinds = inspect.Parameter
    found = [kinds(name, kinds.POSITIONAL_OR_KEYWORD) for name in arguments]
    found += [kinds(name, kinds.POSITIONAL_OR_KEYWORD, default=value) for name, value in optional.items()]
    found += [kinds(name, kinds.KEYWORD_ONLY, default=value) for name, value in keywords.items()]
    return inspect.Signature(found)


def bind(shown: inspect.Signature, name: str, given: tuple[Any, ...], keywords: dict[str, Any]) -> dict[str, Any]:
    """All arguments of a call, defaults included; TypeError as Python words it."""
    try:
        bound = shown.bind(*given, **keywords)
    except TypeError as error:
        raise TypeError(f"{name}() {error}") from None
    bound.apply_defaults()
    return bound.arguments


def _function(op: str) -> Callable[..., Any]:
    letters, meaning = MEANING[op]
    shown = signature((*letters, "format"), {"rounding": None}, KEYWORDS | {"dtype": None})

    def function(*given: Any, **keywords: Any) -> Any:
        arguments = bind(shown, op, given, keywords)
        operands = [arguments.pop(letter) for letter in letters]
        return _run(op, operands, arguments.pop("format"), arguments.pop("dtype"), arguments)

    function.__name__ = function.__qualname__ = op
    function.__doc__ = f"Computes {meaning}: exact, then projected once into the format.\n{_COMMON}"
    function.__signature__ = shown  # type: ignore[attr-defined]
    return function


add = _function("add")
sub = _function("sub")
mul = _function("mul")
div = _function("div")
fma = _function("fma")
faa = _function("faa")
sqrt = _function("sqrt")
recip = _function("recip")
rsqrt = _function("rsqrt")
remainder = _function("remainder")
minimum = _function("minimum")
maximum = _function("maximum")
minimum_number = _function("minimum_number")
maximum_number = _function("maximum_number")
minimum_magnitude = _function("minimum_magnitude")
maximum_magnitude = _function("maximum_magnitude")
minimum_magnitude_number = _function("minimum_magnitude_number")
maximum_magnitude_number = _function("maximum_magnitude_number")
abs = _function("abs")
negate = _function("negate")
copysign = _function("copysign")
round_to_integral = _function("round_to_integral")
next_up = _function("next_up")
next_down = _function("next_down")


def integers_of(name: str, n: Any) -> Operand:
    """The integers of scalb."""
    array, elements, dtype, kind = take(name, n)
    if kind.is_python and array.size == 0:
        return Operand(array.astype(np.int64), "int64", array)
    if array.dtype.kind not in "iu" or not elements.startswith(("int", "uint")):
        raise TypeError(f"{name} has dtype {dtype}, allowed: integers")
    if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise ValueError(f"{name} holds {int(array.max())}, allowed: at most 2^63 - 1")
    return Operand(array.astype(np.int64), "int64", array)


def scalb(
    a: Any,
    n: Any,
    format: Any,
    rounding: str | None = None,
    *,
    overflow: str | None = None,
    nan: str | None = None,
    ftz: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    random: Any = None,
    projection: Any = None,
    daz: bool = False,
    flags: bool = False,
    tininess: str = "after",
    out: Any = None,
    threads: int | None = None,
    dtype: Any = None,
) -> Any:
    """a * 2^n for integers n: exact, then projected once into the format. Keywords as in :func:`add`."""
    f = to_format(format)
    operands, kind, widest = operands_of(("a",), (a,))
    return calculate(
        "scalb",
        ("a", "n"),
        [*operands, integers_of("n", n)],
        kind,
        f,
        result_carrier(widest, dtype, f),
        rounding=rounding,
        overflow=overflow,
        nan=nan,
        ftz=ftz,
        random_bits=random_bits,
        projection=projection,
        rng=rng,
        random=random,
        daz=daz,
        flags=flags,
        tininess=tininess,
        nan_rule="canonical",
        out=out,
        threads=threads,
    )


def ordered(
    operands: Sequence[Operand], kind: Kind, total: Any, signaling: Any, flags: Any, threads: int | None
) -> Any:
    """The orders of two operands that are ready."""
    total, signaling, flags = (
        check_flag(name, value) for name, value in (("total", total), ("signaling", signaling), ("flags", flags))
    )
    count = thread_count(threads)
    shape = common_shape(("a", "b"), operands)
    orders = np.empty(shape, dtype=np.int8)
    raised = np.empty(shape, dtype=np.uint8) if flags else None
    _core.compare([laid_out(x, shape) for x in operands], orders, total, signaling, raised, count)
    given = kind.give(orders, "int8")
    return given if raised is None else (given, kind.give(raised, "uint8"))


def compare(
    a: Any, b: Any, *, total: bool = False, signaling: bool = False, flags: bool = False, threads: int | None = None
) -> Any:
    """How a and b compare, exactly, whatever their carriers: int8, -1 where a < b, 0 where equal, 1 where a > b, 2
    where one is NaN (IEEE 754-2019, 5.11).

    total: the order of all members instead, with -0 below +0 and NaNs at the ends (totalOrder, 5.10). flags: also
    return one uint8 for each: invalid (16) for signaling NaNs, with signaling=True for every NaN.
    """
    operands, kind, _ = operands_of(("a", "b"), (a, b))
    return ordered(operands, kind, total, signaling, flags, threads)


PRODUCT_KEYWORDS: dict[str, Any] = {
    "c": 0.0,
    "accumulate": "sequential",
    "overflow": None,
    "nan": None,
    "ftz": None,
    "random_bits": None,
    "rng": None,
    "random": None,
    "projection": None,
    "flags": False,
    "out": None,
    "threads": None,
}

PRODUCTS = {
    "dot": """The dot products of a's and b's last axes, plus c.

    Leading axes broadcast. d = c + sum of a_k * b_k, computed as `accumulate` says: an :class:`Accumulator`, or
    "exact", "sequential", "fma", "pairwise", "blocked_<k>" (the contract's section 8). format: of the result, and of
    the roundings on the way that a name stands for. c: an array of the result's shape, or a number. flags: also return
    one uint8 for each result, of all roundings on its way. random: R itself, uint32 of the result's shape and one more
    axis, the roundings of each result in the order in which they are done (:meth:`Accumulator.roundings` counts them).
    Other keywords as in :func:`halfulp.round`.""",
    "matmul": """The matrix product of a (…, m, k) and b (…, k, n), plus c.

    Leading axes broadcast. Every element is a dot product: arguments as in :func:`halfulp.dot`.""",
}


def _product(name: str) -> Callable[..., Any]:
    shown = signature(("a", "b", "format"), {"rounding": None}, PRODUCT_KEYWORDS | {"dtype": None})

    def function(*given: Any, **keywords: Any) -> Any:
        arguments = bind(shown, name, given, keywords)
        a, b, c = (arguments.pop(letter) for letter in NAMES)
        f = to_format(arguments.pop("format"))
        (left, right, addend), kind, widest = operands_of(NAMES, (a, b, c))
        carrier = result_carrier(widest, arguments.pop("dtype"), f, widen=True)
        by = arguments.pop("accumulate")
        return multiply((left, right), addend, kind, f, carrier, name == "matmul", by, **arguments)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = PRODUCTS[name]
    function.__signature__ = shown  # type: ignore[attr-defined]
    return function


dot = _product("dot")
matmul = _product("matmul")

__all__ = [*MEANING, "compare", "dot", "matmul", "scalb"]
