"""What each matrix goes through: schemes under rounding modes, and the options that hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from halfulp._projection import check_mode
from halfulp._random import Rng
from halfulp._scheme import Scheme, expand_schemes


@dataclass(frozen=True)
class Case:
    """A scheme under a rounding mode. draws: does the mode draw random bits?"""

    scheme: Scheme
    rounding: str
    draws: bool

    def __str__(self) -> str:
        return str(self.scheme)

    @cached_property
    def groups(self) -> tuple[Any, ...]:
        return tuple(level.group for level in self.scheme.levels)

    @cached_property
    def searched(self) -> bool:
        return bool(getattr(self.scheme, "search", None))

    @cached_property
    def hadamard(self) -> int:
        """The length of the transform, 0 for none."""
        return int(getattr(self.scheme, "hadamard", 0) or 0)

    def carrier(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The dtype in which the case is measured: float32 where the weights and the element format's values fit it,
        else float64."""
        return dtype if self._fits_binary32 else np.dtype(np.float64)

    @cached_property
    def _fits_binary32(self) -> bool:
        return bool(self.scheme.element._spec.holds("binary32"))


def make_cases(schemes: Any, rounding: Any) -> list[Case]:
    """Every scheme under every mode, in this order. rounding: a mode's name or a list of them."""
    wanted = expand_schemes(schemes)
    modes = [rounding] if isinstance(rounding, str) or not isinstance(rounding, (list, tuple)) else list(rounding)
    if not modes:
        raise ValueError("rounding is an empty list, allowed: at least one mode's name")
    draws = {mode: check_mode("rounding", mode) for mode in modes}
    return [Case(scheme, mode, draws[mode]) for scheme in wanted for mode in draws]


@dataclass(frozen=True)
class Options:
    """What holds for every pair. source: (seed, stream, offset) of the first matrix; matrix i draws from stream + i.
    scales_draw: is scale_rounding stochastic? histograms: is the column kl asked for?"""

    axis: int
    channel_axis: int
    scale_rounding: str | None
    scales_draw: bool
    random_bits: int | None
    source: tuple[int, int, int] | None
    input_axis: int
    histograms: bool

    def draw(self, case: Case, index: int, begin: int = 0) -> Rng | None:
        """The random bits of matrix `index` from element `begin` on, None where the case draws none. Under every scheme
        the same words, so that schemes are compared on the same draws and a scheme's row does not depend on which
        others are in the sweep."""
        if self.source is None or not (case.draws or self.scales_draw):
            return None
        seed, stream, offset = self.source
        return Rng(seed, stream + index, offset + begin)

    def keywords(self, case: Case) -> dict[str, Any]:
        """The keywords of fake_quantize, but for those that depend on the matrix."""
        keywords: dict[str, Any] = {
            "rounding": case.rounding,
            "scale_rounding": self.scale_rounding,
            "random_bits": self.random_bits if case.draws else None,
        }
        if "channel" in case.groups:
            keywords["channel_axis"] = self.channel_axis
        return keywords
