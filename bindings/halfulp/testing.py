"""For other projects' tests: compare what a device, kernel or library produced with the exact definition, bit by
bit."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp._arrays import CARRIERS, carried, carrier_dtype, raw, to_numpy
from halfulp._convert import _codes_and_format, decode, encode
from halfulp._format import Format
from halfulp._format import format as to_format


def assert_bitexact(actual: Any, format: Any, source: Any, *, most: int = 5, **projection: Any) -> None:
    """Fails with AssertionError unless `actual` is what `source` converts to.

    actual: codes (integers or an ml_dtypes array) or values (floats) that somebody else produced, in source's shape.
    format: the target format. source: the numbers that were converted. Keywords are those of :func:`halfulp.encode`
    (rounding, overflow, nan, rng, …). NaNs compare as a class; zeros compare with their sign. The message shows how
    many differ and the first `most` of them.
    """
    f = to_format(format)
    expected = np.asarray(encode(source, f, **projection))
    got, _ = to_numpy("actual", actual)
    if got.dtype.kind in "Vf" and got.dtype.name not in CARRIERS:
        got, own, _ = _codes_and_format("actual", got)
        if own != f:
            raise AssertionError(f"actual is an array of {own}, expected {f}")
    if got.shape != expected.shape:
        raise AssertionError(f"actual has shape {got.shape}, expected {expected.shape}")
    if got.dtype.kind in "iu":
        codes = got.astype(np.uint64)
        beyond = codes >> np.uint64(f.bits) if f.bits < 64 else np.zeros_like(codes)
        wrong = (beyond != 0) | ((codes != expected) & ~(_is_nan(codes, f) & _is_nan(expected, f)))
        shown = [f"{int(c):#x}" for c in codes[wrong][:most]]
    else:
        a = carried("actual", got)
        if not f._spec.holds(a.carrier):
            raise AssertionError(f"actual has dtype {got.dtype}, which does not hold every value of {f}")
        values = np.asarray(decode(expected, f, dtype=carrier_dtype(a.carrier)))
        both_nan = np.isnan(got.astype(np.float64)) & np.isnan(values.astype(np.float64))
        wrong = (a.data.view(_bits(got)) != raw(values).view(_bits(got))) & ~both_nan
        shown = [float(v).hex() for v in got[wrong][:most]]
    if not wrong.any():
        return
    indices = np.argwhere(wrong)[:most]
    lines = [f"{int(wrong.sum())} of {wrong.size} differ from {f}:"]
    flat = np.asarray(source, dtype=np.float64) if not isinstance(source, np.ndarray) else source
    for index, seen in zip(indices, shown, strict=True):
        where = tuple(int(i) for i in index)
        lines.append(
            f"  {list(where)}: source {float(flat[where]).hex()}, actual {seen}, "
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


def _bits(array: np.ndarray) -> Any:
    return {2: np.uint16, 4: np.uint32, 8: np.uint64}[array.dtype.itemsize]


def _is_nan(codes: np.ndarray, f: Format) -> np.ndarray:
    distinct, inverse = np.unique(codes, return_inverse=True)
    flags = np.array([f._spec.is_nan(int(c)) for c in distinct], dtype=bool)
    return flags[inverse].reshape(codes.shape)
