"""The loss along directions and on planes, for parameters rounded to a format's grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._convert import round as round_to
from halfulp._linear_algebra import matrices
from halfulp._quantize import fake_quantize
from halfulp._random import Rng, random_words
from halfulp._runs import choice, integer, renamed
from halfulp._scheme import real_scheme
from halfulp.sharpness._checks import finite_array
from halfulp.sharpness._parameters import Parameters, value_of

UNITS = ("absolute", "ulp")
NORMALIZATIONS = ("norm", "filter", "none")


@dataclass(frozen=True, eq=False)
class Slice1D:
    """The loss along a line. positions (p,): in the unit. loss (p,): of the parameters moved, not rounded. rounded_loss
    (p,): of the same rounded to the format; None without one. moved (p,): the part of the elements whose rounded value
    is another than at position 0. unit, format: as asked for. base: the loss at the parameters themselves."""

    positions: np.ndarray
    loss: np.ndarray
    rounded_loss: np.ndarray | None
    moved: np.ndarray | None
    unit: str
    format: str | None
    base: float

    @property
    def rounding_cost(self) -> float:
        """The loss of the rounded parameters less that of the parameters: what storing them in the format costs."""
        return self._rounded_at(0.0) - self.base

    @property
    def one_step(self) -> tuple[float, float]:
        """What one step of the unit back and forth adds to the loss of the rounded parameters: positions -1 and 1."""
        return self._rounded_at(-1.0) - self._rounded_at(0.0), self._rounded_at(1.0) - self._rounded_at(0.0)

    def _rounded_at(self, position: float) -> float:
        if self.rounded_loss is None:
            raise ValueError("the slice has no format, allowed: a slice with format=")
        place = np.flatnonzero(self.positions == position)
        if place.size == 0:
            raise ValueError(f"positions do not hold {position:g}, allowed: a slice that has it")
        return float(self.rounded_loss[place[0]])


@dataclass(frozen=True, eq=False)
class Slice2D:
    """The loss on a plane. x (p,), y (q,): positions along the first and the second direction. loss, rounded_loss,
    moved: (q, p), as of :class:`Slice1D`."""

    x: np.ndarray
    y: np.ndarray
    loss: np.ndarray
    rounded_loss: np.ndarray | None
    moved: np.ndarray | None
    unit: str
    format: str | None
    base: float


def ulps(parameters: Any, format: Any) -> Any:
    """For each element the distance from the member of a format next to it to the one beyond, away from zero, in its
    binade; of the largest member, to the one before. In the form of the parameters, float64.

    format: a bare format (a float, an integer, a codebook), no scheme with scales. Elements beyond the format's range
    count as its largest member."""
    point = Parameters(parameters)
    return point.build(_unit_lengths(point, _bare(format)))


def _bare(format: Any) -> Any:
    with renamed({"scheme": "format"}):
        scheme = real_scheme(format)
    if scheme.levels:
        raise ValueError(f"format is {scheme}, allowed for units in the last place: a format without scales")
    return scheme.element


def _unit_lengths(point: Parameters, format: Any) -> np.ndarray:
    def near(x: np.ndarray, mode: str) -> np.ndarray:
        return np.asarray(round_to(x, format, mode, overflow="sat_finite"))

    at = near(np.abs(point.vector), "nearest_ties_to_even")
    beyond = near(np.nextafter(at, np.inf), "toward_positive")
    before = near(np.nextafter(at, -np.inf), "toward_negative")
    out: np.ndarray = np.where(beyond > at, beyond - at, at - before)
    return out


def slice_1d(
    loss: Callable[[Any], Any],
    parameters: Any,
    direction: Any = None,
    *,
    positions: Any = None,
    format: Any = None,
    unit: str = "absolute",
    normalize: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Slice1D:
    """The loss at parameters + position · direction, and at the same rounded to a format's grid.

    loss: of parameters, one finite number. parameters: an array or a mapping of names to arrays. direction: in their
    form; None: random from seed, signs for unit "ulp", else normal numbers. positions: ascending; None: 41 from -1 to
    1, for "ulp" the integers from -8 to 8. format: a format or a scheme, None for no rounding; options: as of
    ``hu.fake_quantize``.

    unit: "absolute", or "ulp": each element of the direction is multiplied by its parameter's unit in the last place
    (:func:`ulps`), so that with signs a position of k moves every element by k members of the format, within a binade.
    normalize: "norm", the direction gets the parameters' norm; "filter", each index of an array's first axis gets that
    of its own weights (Li and others, arXiv 1712.09913; one-dimensional arrays count as one filter); "none". None:
    "filter" for a random direction in absolute units, else "none".
    """
    point, value = _point_and_value(loss, parameters)
    choice("unit", unit, UNITS)
    at = _positions("positions", positions, unit)
    step = _direction("direction", direction, point, unit, format, normalize, seed, 0)
    rounded = _rounding(point, format, options)
    moved_to = [point.vector + t * step for t in at]
    start = None if rounded is None else rounded(point.vector)
    plain = np.array([value(x) for x in moved_to])
    members = None if rounded is None else [rounded(x) for x in moved_to]
    return Slice1D(
        positions=at,
        loss=plain,
        rounded_loss=None if members is None else np.array([value(x) for x in members]),
        moved=None if members is None else np.array([float((x != start).mean()) for x in members]),
        unit=unit,
        format=None if format is None else str(real_scheme(format)),
        base=value(point.vector),
    )


def slice_2d(
    loss: Callable[[Any], Any],
    parameters: Any,
    directions: Any = (None, None),
    *,
    x: Any = None,
    y: Any = None,
    format: Any = None,
    unit: str = "absolute",
    normalize: str | None = None,
    seed: int = 0,
    **options: Any,
) -> Slice2D:
    """The loss on the plane of two directions through the parameters, and the same rounded to a format's grid.

    directions: a pair, each as of :func:`slice_1d`. x, y: positions along the first and the second; None: 21 from -1
    to 1, for unit "ulp" the integers from -8 to 8. Other arguments as of :func:`slice_1d`. Takes a loss for every
    point, and another for every rounded one.
    """
    point, value = _point_and_value(loss, parameters)
    choice("unit", unit, UNITS)
    if not isinstance(directions, (tuple, list)) or len(directions) != 2:
        raise ValueError("directions is no pair, allowed: two directions, each None or in the form of the parameters")
    across, up = _positions("x", x, unit, 21), _positions("y", y, unit, 21)
    first, second = (
        _direction(f"directions[{i}]", d, point, unit, format, normalize, seed, i) for i, d in enumerate(directions)
    )
    rounded = _rounding(point, format, options)
    start = None if rounded is None else rounded(point.vector)
    shape = (up.size, across.size)
    plain, on_grid, moved = np.empty(shape), np.empty(shape), np.empty(shape)
    for j, b in enumerate(up):
        for i, a in enumerate(across):
            at = point.vector + a * first + b * second
            plain[j, i] = value(at)
            if rounded is not None:
                member = rounded(at)
                on_grid[j, i] = value(member)
                moved[j, i] = float((member != start).mean())
    return Slice2D(
        x=across,
        y=up,
        loss=plain,
        rounded_loss=None if rounded is None else on_grid,
        moved=None if rounded is None else moved,
        unit=unit,
        format=None if format is None else str(real_scheme(format)),
        base=value(point.vector),
    )


def _point_and_value(loss: Any, parameters: Any) -> tuple[Parameters, Callable[[np.ndarray], float]]:
    point = Parameters(parameters)
    return point, value_of(loss, point)


def _positions(name: str, given: Any, unit: str, count: int = 41) -> np.ndarray:
    if given is None:
        return np.arange(-8.0, 9.0) if unit == "ulp" else np.linspace(-1, 1, count)
    out = finite_array(name, given)
    if out.ndim != 1 or (np.diff(out) <= 0).any():
        raise ValueError(f"{name} has shape {out.shape} or does not ascend, allowed: a vector that ascends")
    return out


def _direction(
    name: str, given: Any, point: Parameters, unit: str, format: Any, normalize: Any, seed: Any, number: int
) -> np.ndarray:
    drawn = given is None
    how = normalize if normalize is not None else "filter" if drawn and unit == "absolute" else "none"
    choice("normalize", how, NORMALIZATIONS)
    key = integer("seed", seed, 0, 2**64 - 1)
    size = point.vector.size
    if not drawn:
        out = point.alike(name, given)
    elif unit == "ulp":
        out = np.where(np.asarray(random_words(Rng(key, stream=number), (size,))) >> 31, -1.0, 1.0)
    else:
        out = np.asarray(matrices().normal_matrix(1, size, key, number)).reshape(-1)
    if unit == "ulp":
        if format is None:
            raise ValueError("format is None, allowed with unit 'ulp': a format without scales")
        if how != "none":
            raise ValueError(f"normalize is {how!r}, allowed with unit 'ulp': None or 'none'")
        return out * _unit_lengths(point, _bare(format))
    return _normalized(out, point, how)


def _normalized(direction: np.ndarray, point: Parameters, how: str) -> np.ndarray:
    if how == "none":
        return direction
    if how == "norm":
        length = float(np.linalg.norm(direction))
        return direction * (float(np.linalg.norm(point.vector)) / length) if length else direction
    pieces = []
    for key, part in point.parts(direction).items():
        rows = len(part) if part.ndim > 1 else 1
        d, w = part.reshape(rows, -1), point.arrays[key].reshape(rows, -1)
        lengths = np.linalg.norm(d, axis=1)
        factor = np.linalg.norm(w, axis=1) / np.where(lengths > 0, lengths, 1)
        pieces.append((d * factor[:, None]).reshape(-1))
    return np.concatenate(pieces)


def _rounding(point: Parameters, format: Any, options: dict[str, Any]) -> Callable[[np.ndarray], np.ndarray] | None:
    if format is None:
        if options:
            raise TypeError(f"{sorted(options)[0]!r} is given, allowed without a format: no options")
        return None
    with renamed({"scheme": "format"}):
        scheme = real_scheme(format)
    return lambda x: np.concatenate(
        [np.asarray(fake_quantize(part, scheme, **options)).reshape(-1) for part in point.parts(x).values()]
    )
