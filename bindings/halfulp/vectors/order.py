"""The members of a format in order: how many steps lie between two codes, and which codes are no numbers."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from halfulp._convert import decode
from halfulp._format import Format
from halfulp.vectors.field import to_codes

#: Up to this width a format is a table of its values.
_TABLE_BITS = 16


class Order:
    """Of one format. Everything takes bit patterns as uint64 of any shape."""

    def __init__(self, f: Format) -> None:
        self._format = f
        self._table = _table(f) if f.bits <= _TABLE_BITS else None

    def is_nan(self, patterns: np.ndarray) -> np.ndarray:
        return self._kinds(patterns) == _NAN

    def is_infinity(self, patterns: np.ndarray) -> np.ndarray:
        return self._kinds(patterns) == _INFINITY

    def is_finite(self, patterns: np.ndarray) -> np.ndarray:
        return self._kinds(patterns) == _FINITE

    def ranks(self, patterns: np.ndarray) -> np.ndarray:
        """int64: neighbours differ by one, zeros of both signs have one rank. Of NaNs it means nothing."""
        if self._table is not None:
            return self._table[0][patterns.astype(np.int64)]
        spec, bits = self._format._spec, self._format.bits
        if self._format.kind == "float":
            if not self._format.signed:
                return patterns.astype(np.int64)
            sign = np.uint64(1 << (bits - 1))
            magnitude = (patterns & (sign - np.uint64(1))).astype(np.int64)
            return np.where(patterns & sign, -magnitude, magnitude)
        if self._format.kind in ("integer", "fixed point") and not spec.signed_codes:
            return patterns.astype(np.int64)
        spare = np.int64(64 - bits)  # two's complement, posits too
        return patterns.astype(np.uint64).view(np.int64) << spare >> spare

    def distance(self, got: np.ndarray, expected: np.ndarray) -> np.ndarray:
        """float64: the steps from expected to got, up is positive (exact below 2^53). NaN where exactly one is NaN, an
        infinity with the sign of the way where one is infinite and the other not the same."""
        here, there = self.ranks(got), self.ranks(expected)
        ahead = here >= there
        # The difference of two int64 needs 65 bits with its sign: its size as uint64.
        size = np.where(ahead, here, there).view(np.uint64) - np.where(ahead, there, here).view(np.uint64)
        steps = np.where(ahead, 1.0, -1.0) * size.astype(np.float64)
        one_infinite = (self.is_infinity(got) | self.is_infinity(expected)) & (here != there)
        steps[one_infinite] = np.where(ahead, np.inf, -np.inf)[one_infinite]
        nan, other = self.is_nan(got), self.is_nan(expected)
        steps[nan != other] = np.nan
        steps[nan & other] = 0.0
        return steps

    def _kinds(self, patterns: np.ndarray) -> np.ndarray:
        if self._table is not None:
            return self._table[1][patterns.astype(np.int64)]
        if self._format._spec.holds("binary64"):
            with np.errstate(all="ignore"):
                values = decode(to_codes(patterns, self._format), self._format, "float64")
            return np.where(np.isnan(values), _NAN, np.where(np.isinf(values), _INFINITY, _FINITE))
        distinct, inverse = np.unique(patterns, return_inverse=True)
        kinds = np.array([_kind(self._format, int(code)) for code in distinct], dtype=np.int8)
        return kinds[inverse].reshape(patterns.shape)


_FINITE, _INFINITY, _NAN = np.int8(0), np.int8(1), np.int8(2)


def _kind(f: Format, code: int) -> np.int8:
    return _NAN if f._spec.is_nan(code) else _INFINITY if f._spec.is_inf(code) else _FINITE


@lru_cache(maxsize=64)
def _table(f: Format) -> tuple[np.ndarray, np.ndarray]:
    """Rank and kind of every pattern."""
    last = f._spec.last_code
    kinds = np.array([_kind(f, code) for code in range(last + 1)], dtype=np.int8)
    numbers: Any = kinds != _NAN
    if f._spec.holds("binary64"):
        values = decode(to_codes(np.arange(last + 1, dtype=np.uint64), f), f, "float64")
        ranks = np.zeros(last + 1, dtype=np.int64)
        ranks[numbers] = np.unique(values[numbers], return_inverse=True)[1].reshape(-1)
        return ranks, kinds
    # Too wide a range for binary64, as of e15m0: significand and exponent decide.
    keys = {code: _key(f, code) for code in np.flatnonzero(numbers).tolist()}
    place = {key: rank for rank, key in enumerate(sorted(set(keys.values())))}
    return np.array([place[keys[code]] if code in keys else 0 for code in range(last + 1)], dtype=np.int64), kinds


def _key(f: Format, code: int) -> tuple[int, int, int]:
    """Numbers in the order of their keys: sign, exponent of the leading bit, significand brought to 64 bits."""
    negative, significand, exponent = f._spec.finite_value(code)
    if f._spec.is_inf(code):
        return (-1, 0, 0) if negative else (3, 0, 0)
    if significand == 0:
        return (1, 0, 0)
    length = significand.bit_length()
    size = (exponent + length, significand << (64 - length))
    return (0, -size[0], -size[1]) if negative else (2, *size)
