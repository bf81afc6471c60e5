"""What each matrix goes through: schemes under rounding modes, and the options that hold for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from halfulp._phase_format import ComplexScheme
from halfulp._projection import check_mode
from halfulp._random import Rng
from halfulp._scheme import AnyScheme, expand_schemes, recipes

# Recipes whose scales are means.
_MEANS = {one.name for one in recipes() if one.shape in ("ternary", "binary")} - {"absmax"}


@dataclass(frozen=True)
class Case:
    """A scheme under a rounding mode. draws: does the mode draw random bits?"""

    scheme: AnyScheme
    rounding: str
    draws: bool

    def __str__(self) -> str:
        return str(self.scheme)

    @cached_property
    def groups(self) -> tuple[Any, ...]:
        if isinstance(self.scheme, ComplexScheme):
            return () if self.scheme.group is None else (self.scheme.group,)
        return tuple(level.group for level in self.scheme.levels)

    @property
    def is_complex(self) -> bool:
        """Is a matrix taken to its widely linear form?"""
        return isinstance(self.scheme, ComplexScheme)

    @cached_property
    def searched(self) -> bool:
        return bool(getattr(self.scheme, "search", None))

    @cached_property
    def hadamard(self) -> int:
        """The length of the transform, 0 for none."""
        return int(getattr(self.scheme, "hadamard", 0) or 0)

    @property
    def flat(self) -> bool:
        """Is a matrix seen as one long axis in C order?"""
        return bool(getattr(self.scheme, "flat", False))

    @property
    def axis(self) -> int | None:
        """The axis to name for an array whose groups run along its last one."""
        return None if self.flat else -1

    @cached_property
    def needs_all(self) -> str:
        """Why a scale of the whole tensor depends on more than its largest magnitude; empty where it does not."""
        if getattr(self.scheme, "double_quant", False):
            return "double quantization takes the mean of all scales"
        if "tensor" not in self.groups:
            return ""
        if self.hadamard:
            return "the scale of the whole tensor depends on all elements after the Hadamard transform"
        if getattr(self.scheme, "recipe", "") in _MEANS:
            return "the scale of the whole tensor is a mean of its elements"
        if getattr(self.scheme, "percentile", 0):
            return "the scale of the whole tensor is a percentile of its elements"
        if getattr(self.scheme, "zero_point", False):
            return "the scale of the whole tensor depends on its least and its largest element"
        return ""

    def carrier(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """The dtype in which the case is measured: float32 where the weights and the element format's values fit it,
        else float64."""
        return dtype if self._fits_binary32 else np.dtype(np.float64)

    @cached_property
    def _fits_binary32(self) -> bool:
        return isinstance(self.scheme, ComplexScheme) or bool(self.scheme.element._spec.holds("binary32"))


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

    def draws(self, case: Case) -> bool:
        """Are random bits drawn, for elements or for scales?"""
        return case.draws or self.scales_draw

    def bits_drawn(self, case: Case) -> int | None:
        """random_bits, where there is anything that draws them."""
        return self.random_bits if self.draws(case) else None

    def draw(self, case: Case, index: int, begin: int = 0) -> Rng | None:
        """The random bits of matrix `index` from element `begin` on, None where the case draws none. Under every scheme
        the same words, so that schemes are compared on the same draws and a scheme's row does not depend on which
        others are in the sweep."""
        if self.source is None or not self.draws(case):
            return None
        seed, stream, offset = self.source
        return Rng(seed, stream + index, offset + begin)

    def keywords(self, case: Case) -> dict[str, Any]:
        """The keywords of fake_quantize, but for those that depend on the matrix."""
        keywords: dict[str, Any] = {
            "rounding": case.rounding,
            "scale_rounding": self.scale_rounding,
            "random_bits": self.bits_drawn(case),
        }
        if "channel" in case.groups:
            keywords["channel_axis"] = self.channel_axis
        return keywords
