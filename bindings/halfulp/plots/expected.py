"""The picture of expected errors against bits, with the curves that no scheme and no codebook crosses."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from halfulp._format import Format, formats
from halfulp._scheme import expand_schemes
from halfulp._scheme import schemes as published
from halfulp.error.bounds import panter_dite, rate_distortion
from halfulp.error.distributions import as_density
from halfulp.error.expectation import expected
from halfulp.error.levels import best_scale, lloyd_max
from halfulp.plots._figure import GREY, INK, frame, new_figure, style

_KINDS = ("one best scale", "block schemes", "Lloyd-Max levels")
_SIZE = 2**20
_ROOM = 0.25  # bits between two names


def error_against_bits(
    schemes: Any = None,
    distribution: Any = "normal",
    *,
    sigma: float = 1.0,
    size: int = _SIZE,
    entropy: bool = False,
    names: bool = True,
    title: str | None = None,
) -> Any:
    """Expected mean squared errors of many schemes over bits per element, as a matplotlib Figure with a logarithmic
    axis. Below the line of Shannon's bound no code of that many bits can be; Panter and Dite's line is that of the best
    tables of many levels, of which those with 2 to 256 levels are drawn.

    schemes: a text with braces or a list, as for ``hu.sweep``; None: the published schemes and all registered formats
    of at most 8 bits. Formats stand under the one scale that suits them best. distribution, sigma: as in
    ``hu.error.expected``; the ordinate is mse / E x². size: elements of the tensor where a scale asks. entropy: block
    schemes stand at the entropy of their codes and the bits of their scales, instead of at the width of both. names:
    of the schemes that no other beats, as far as there is room. Schemes
    that no integral gives are left out and counted below the axis. Raises ValueError where nothing can be drawn."""
    density = as_density(distribution, "this picture").scaled(sigma)
    signal = density.variance + density.mean**2
    points: list[tuple[float, float, str, str]] = []
    left_out = 0
    for scheme in _chosen(schemes):
        levels = getattr(scheme, "levels", None)
        if levels is None:  # complex codes count other elements
            left_out += 1
            continue
        try:
            if not levels:
                mse, bits, kind = best_scale(scheme.element, density).mse, float(scheme.element.bits), _KINDS[0]
            else:
                tensor = any(level.group == "tensor" for level in levels)
                means = scheme.recipe in ("paper", "clamp", "bitnet", "twn", "xnor")
                found = expected(scheme, density, size=size if tensor and not means else None, entropy=entropy)
                mse, bits, kind = found.mse, found.bits_per_element, _KINDS[1]
                if entropy and found.entropy_bits is not None:
                    bits += found.entropy_bits - scheme.element.bits
        except ValueError:
            left_out += 1
            continue
        points.append((bits, mse / signal, kind, scheme.name))
    if not points:
        raise ValueError("schemes has none whose expected error is computed, so there is nothing to draw")
    figure = new_figure(9, 5.6)
    axes = figure.subplots()
    frame(axes)
    axes.set_yscale("log")
    most = max(math.ceil(max(point[0] for point in points)), 2)
    across = np.linspace(0, most, 200)
    axes.plot(across, [rate_distortion(r, density) / signal for r in across], color=INK, linewidth=1.4,
              label="Shannon: no code is below")  # fmt: skip
    axes.plot(across, [panter_dite(r, density) / signal for r in across], color=GREY, linewidth=1.1, linestyle="--",
              label="Panter and Dite: best tables of many levels")  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # local optima have their place in the picture
        tables = [(r, lloyd_max(2**r, density).mse / signal) for r in range(1, min(most, 8) + 1)]
    colour, marker = style(2)
    axes.plot(*zip(*tables, strict=True), linestyle="", color=colour, marker=marker, markersize=4, label=_KINDS[2])
    for place, kind in enumerate(_KINDS[:2]):
        own = [point for point in points if point[2] == kind]
        if own:
            colour, marker = style(place)
            axes.plot([p[0] for p in own], [p[1] for p in own], linestyle="", color=colour, marker=marker,
                      markersize=5, label=kind)  # fmt: skip
    if names:
        named: list[float] = []
        for bits, error, _, name in _front(points):
            if all(abs(bits - other) >= _ROOM for other in named):  # of a crowd the first has its name
                named.append(bits)
                axes.annotate(name, (bits, error), xytext=(4, -9), textcoords="offset points", fontsize=7, color=INK)
    axes.set_xlabel("bits per element" + (f"; {left_out} schemes not computed" if left_out else ""))
    axes.set_ylabel("mean squared error / mean square")
    axes.set_title(title or f"Expected error, {density.name}", loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=8)
    return figure


def _chosen(schemes: Any) -> Iterable[Any]:
    if schemes is not None:
        return expand_schemes(schemes)
    narrow = [f for f in formats() if isinstance(f, Format) and f.bits <= 8]
    return [*published(), *expand_schemes(narrow)]


def _front(points: list[tuple[float, float, str, str]]) -> list[tuple[float, float, str, str]]:
    """The points that no other has both fewer bits and a smaller error than."""
    front: list[tuple[float, float, str, str]] = []
    for point in sorted(points):
        if not front or point[1] < front[-1][1]:
            front.append(point)
    return front
