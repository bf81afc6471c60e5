"""Quantization errors and tables with little of them: levels that fit a distribution or data.

``lloyd_max`` and ``lloyd_max_from_data`` give the levels with the least mean squared error, ``quantile_map`` levels
that data reach equally often, ``normal_float_values`` the normal floats of any width. ``hu.codebook(levels.values)``
makes a format of them.
"""

from typing import TYPE_CHECKING

from halfulp.error.levels import Levels, lloyd_max, lloyd_max_from_data, normal_float_values, quantile_map

__all__ = ["Levels", "lloyd_max", "lloyd_max_from_data", "normal_float_values", "quantile_map"]

if not TYPE_CHECKING:  # type checkers are to find misspelled names themselves
    _LATER = frozenset(("expected_mse", "sqnr", "rate_distortion"))

    def __getattr__(name: str) -> object:
        later = ": it is a name of the contract that this version does not build yet" if name in _LATER else ""
        raise AttributeError(f"module 'halfulp.error' has no attribute {name!r}{later}")
