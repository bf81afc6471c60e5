"""What somebody else's code produced, ready to be compared: codes, or values of a carrier."""

from __future__ import annotations

from typing import Any

import numpy as np

from halfulp import _core
from halfulp._arrays import CARRIERS, carried, take
from halfulp._convert import _codes_and_format, _names_a_format, decode, encode
from halfulp._format import Format
from halfulp.vectors.field import to_codes, to_patterns

_WORDS = {2: np.uint16, 4: np.uint32, 8: np.uint64}


class Answers:
    """Answers of one axis. Patterns are codes as uint64, those with a sign cut to the format's width."""

    def __init__(self, given: np.ndarray, carrier: str | None, f: Format, nan_bits: bool) -> None:
        self._given = given  # integers, or a carrier's values (16-bit carriers as uint16)
        self._carrier = carrier
        self._format = f
        self._nan_bits = nan_bits

    @property
    def are_codes(self) -> bool:
        return self._carrier is None

    def at(self, places: np.ndarray) -> Answers:
        return Answers(self._given[places], self._carrier, self._format, self._nan_bits)

    def differ(self, patterns: np.ndarray, f: Format | None = None) -> np.ndarray:
        """Which answers are not these codes of f. NaNs compare as a class unless their bits were asked for."""
        f = self._format if f is None else f
        if self._carrier is None:
            codes, beyond = patterns_of(self._given, f)
            different = codes != patterns
            if not self._nan_bits:
                places = np.flatnonzero(different)
                different[places] = ~(is_nan(codes[places], f) & is_nan(patterns[places], f))
            return different | beyond
        values = np.empty_like(self._given)
        _core.decode(as_codes(patterns, f), values, self._carrier, f._spec, 1)
        word = _WORDS[values.dtype.itemsize]
        different = self._given.view(word) != values.view(word)
        nans = np.flatnonzero(np.isnan(self._float64()))
        different[nans] = ~is_nan(patterns[nans], f)
        return different

    def shown(self) -> list[str]:
        """As the caller had them: hexadecimal codes, or floats as C writes them."""
        if self._carrier is None:
            return [f"{int(code) % 2**64:#x}" for code in self._given]
        return [float(value).hex() for value in self._float64()]

    def patterns(self) -> tuple[np.ndarray, np.ndarray]:
        """As codes, and which of them are none of the format: too wide, or values between its members."""
        if self._carrier is None:
            return patterns_of(self._given, self._format)
        values, f = self._float64(), self._format
        nan = None if f.has_nan else "to_zero"
        codes = to_patterns(np.asarray(encode(values, f, overflow="sat_finite", nan=nan)), f)
        infinite = np.isinf(values)
        if infinite.any() and f.has_inf:
            codes[infinite] = to_patterns(np.asarray(encode(values[infinite], f, overflow="sat_propagate")), f)
        return codes, self.differ(codes)

    def _float64(self) -> np.ndarray:
        return float64(self._given, self._carrier or "binary64")


def answers_of(actual: Any, f: Format, shape: tuple[int, ...], nan_bits: bool = False) -> Answers:
    """Raises AssertionError where they cannot be answers in this format and shape, TypeError where they are neither
    codes nor values."""
    got, elements, dtype, _ = take("actual", actual)
    if elements not in CARRIERS and _names_a_format(got, elements):
        found, own = _codes_and_format("actual", actual)
        got, elements = found.data, found.data.dtype.name
        if own != f:
            raise AssertionError(f"actual is an array of {own}, expected {f}")
    if got.shape != shape:
        raise AssertionError(f"actual has shape {got.shape}, expected {shape}")
    if elements.startswith(("int", "uint")):
        return Answers(got.reshape(-1).astype(got.dtype.newbyteorder("=")), None, f, nan_bits)
    values = carried("actual", actual)
    if not f._spec.holds(values.carrier):
        raise AssertionError(f"actual has dtype {dtype}, which does not hold every value of {f}")
    if nan_bits:
        raise TypeError(f"actual has dtype {dtype}, allowed with nan_rule: codes (values have no NaN bits of {f})")
    return Answers(values.data.reshape(-1), values.carrier, f, False)


def float64(data: np.ndarray, carrier: str) -> np.ndarray:
    """The numbers themselves, 16-bit carriers decoded."""
    return data.astype(np.float64, copy=False) if data.dtype.kind == "f" else decode(data, carrier, "float64")


def patterns_of(codes: np.ndarray, f: Format) -> tuple[np.ndarray, np.ndarray]:
    """Integers as bit patterns, and which of them are no codes of the format."""
    last = f._spec.last_code
    least, most = (-(last // 2) - 1, last // 2) if f._spec.signed_codes else (0, last)
    beyond = np.zeros(codes.shape, dtype=bool)
    if codes.dtype.kind == "i":
        beyond |= codes < least
    if most < np.iinfo(codes.dtype).max:
        beyond |= codes > codes.dtype.type(most)
    patterns = to_patterns(codes, f)
    patterns[beyond] = 0
    return patterns, beyond


def as_codes(patterns: np.ndarray, f: Format) -> np.ndarray:
    """Patterns as the compiled functions take codes: unsigned."""
    codes = to_codes(patterns, f)
    return codes.view(codes.dtype.str.replace("i", "u")) if codes.dtype.kind == "i" else codes


def is_nan(patterns: np.ndarray, f: Format) -> np.ndarray:
    distinct, inverse = np.unique(patterns, return_inverse=True)
    flags = np.array([f._spec.is_nan(int(code)) for code in distinct], dtype=bool)
    return flags[inverse].reshape(patterns.shape)
