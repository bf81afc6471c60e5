"""For other projects' tests: compare what a device, kernel or library produced with the exact definition, bit by
bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import CARRIERS, Carried, carried, take
from halfulp._convert import _codes_and_format, _names_a_format, decode, encode
from halfulp._format import Format
from halfulp._format import real_format as to_format


def assert_bitexact(actual: Any, format: Any, source: Any, *, most: int = 5, **projection: Any) -> None:
    """Fails with AssertionError unless `actual` is what `source` converts to.

    actual: codes (integers, or an array of a narrow float dtype) or values (floats) that somebody else produced, in
    source's shape. format: the target format. source: the numbers that were converted. Both may be arrays of NumPy,
    torch or JAX. Keywords are those of :func:`halfulp.encode` (rounding, overflow, nan, rng, …). NaNs compare as a
    class; zeros compare with their sign. The message shows how many differ and the first `most` of them.
    """
    f = to_format(format)
    numbers = _float64(carried("source", source))
    expected = np.asarray(encode(numbers, f, **projection))
    got, elements, dtype, _ = take("actual", actual)
    if elements not in CARRIERS and _names_a_format(got, elements):
        found, own = _codes_and_format("actual", actual)
        got, elements = found.data, found.data.dtype.name
        if own != f:
            raise AssertionError(f"actual is an array of {own}, expected {f}")
    if got.shape != expected.shape:
        raise AssertionError(f"actual has shape {got.shape}, expected {expected.shape}")
    if elements.startswith(("int", "uint")):
        codes = got.astype(np.uint64)
        beyond = codes >> np.uint64(f.bits) if f.bits < 64 else np.zeros_like(codes)
        wrong = (beyond != 0) | ((codes != expected) & ~(_is_nan(codes, f) & _is_nan(expected, f)))
        shown = [f"{int(c):#x}" for c in codes[wrong][:most]]
    else:
        a = carried("actual", actual)
        if not f._spec.holds(a.carrier):
            raise AssertionError(f"actual has dtype {dtype}, which does not hold every value of {f}")
        values = np.empty_like(a.data)
        _core.decode(expected, values, a.carrier, f._spec, 1)
        seen_numbers = _float64(a)
        both_nan = np.isnan(seen_numbers) & _is_nan(expected, f)
        bits = {2: np.uint16, 4: np.uint32, 8: np.uint64}[values.dtype.itemsize]
        wrong = (a.data.view(bits) != values.view(bits)) & ~both_nan
        shown = [float(v).hex() for v in seen_numbers[wrong][:most]]
    if not wrong.any():
        return
    indices = np.argwhere(wrong)[:most]
    lines = [f"{int(wrong.sum())} of {wrong.size} differ from {f}:"]
    for index, seen in zip(indices, shown, strict=True):
        where = tuple(int(i) for i in index)
        lines.append(
            f"  {list(where)}: source {float(numbers[where]).hex()}, actual {seen}, "
            f"expected code {int(expected[where]):#x} = {_shown(f, int(expected[where]))}"
        )
    raise AssertionError("\n".join(lines))


def _shown(f: Format, code: int) -> str:
    """The value of a code, as a power of two times an integer where a fraction would not fit a line."""
    value = f.exact(code)
    if isinstance(value, str) or max(value.numerator.bit_length(), value.denominator.bit_length()) <= 64:
        return str(value)
    negative, significand, exponent = f._spec.finite_value(code)
    return f"{'-' if negative else ''}{significand} * 2^{exponent}"


def _float64(a: Carried) -> np.ndarray:
    """The numbers themselves, 16-bit carriers decoded."""
    return a.data.astype(np.float64, copy=False) if a.data.dtype.kind == "f" else decode(a.data, a.carrier, "float64")


def _is_nan(codes: np.ndarray, f: Format) -> np.ndarray:
    distinct, inverse = np.unique(codes, return_inverse=True)
    flags = np.array([f._spec.is_nan(int(c)) for c in distinct], dtype=bool)
    return flags[inverse].reshape(codes.shape)
