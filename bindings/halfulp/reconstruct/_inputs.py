"""Arguments of the reconstructions, checked once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypedDict

import numpy as np

from halfulp._arrays import carried
from halfulp._linear_algebra import matrices
from halfulp._runs import choice, integer, renamed
from halfulp._scheme import Scheme
from halfulp._scheme import real_scheme as to_scheme
from halfulp.reconstruct.covariance import Covariance

# Squares of what is larger, summed over a matrix, could leave float64.
LARGEST = 1e140
_ALGORITHMS = ("auto", "eigen", "full", "randomized")


class Options(TypedDict, total=False):
    """Keywords of every method with a singular value decomposition.

    algorithm: "eigen" takes the largest eigenvectors of a Gram matrix; "full" a whole decomposition; "auto" (default)
    is "eigen", and "full" where singular values below 1e-6 of the largest are asked for; "randomized" is that of
    Halko, Martinsson and Tropp (2011), a small part of the work, whose error is certified and near the optimum. seed,
    oversampling (10), power_iterations (2): of "randomized"; the same seed gives the same numbers.
    factors: a scheme for A and B, or a pair of schemes: both are then members of theirs (groups along in and along
    out), found by alternating least squares, factor_iterations (10) of them, the best kept; 0 quantizes A and B as
    they are. ``error`` is then theirs, ``optimum`` still that of unquantized factors."""

    algorithm: str
    seed: int
    oversampling: int
    power_iterations: int
    factors: Any
    factor_iterations: int


class Route(NamedTuple):
    """What the compiled functions take: options of the decomposition, and the factors' schemes."""

    low_rank: tuple[int, float, bool, str, int, int, int]
    factors: tuple[Any, Any, int] | None


def matrix(name: str, x: Any, shape: tuple[int, ...] | None = None, like: str = "") -> np.ndarray:
    """A matrix of finite numbers, float32 or float64, C-contiguous; of a shape where one is given."""
    given = carried(name, x)
    if len(given.shape) != 2:
        raise ValueError(f"{name} has shape {given.shape}, allowed: a matrix (in, out)")
    if shape is not None and given.shape != shape:
        raise ValueError(f"{name} has shape {given.shape}, allowed: {shape}{like}")
    if shape is None and 0 in given.shape:
        raise ValueError(f"{name} has shape {given.shape}, allowed: at least one number")
    data = given.widened
    _check_numbers(name, data)
    return data


def _check_numbers(name: str, data: np.ndarray) -> None:
    largest = float(max(data.max(initial=0.0), -data.min(initial=0.0)))  # NaN stays NaN
    if not largest <= LARGEST:
        place = tuple(int(i) for i in np.argwhere(~(np.abs(data) <= LARGEST))[0])
        raise ValueError(
            f"{name}{list(place)} is {data[place]}, allowed: finite numbers of at most {LARGEST:g} in size"
        )


def float64(data: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(data, dtype=np.float64)


def weights(weight: Any, weight_q: Any) -> tuple[np.ndarray, np.ndarray | None]:
    """W and Wq; None stands for a Wq of zeros."""
    w = matrix("weight", weight)
    return w, None if weight_q is None else matrix("weight_q", weight_q, w.shape, ", the shape of weight")


def rank_of(rank: Any, most: int) -> int:
    return integer("rank", rank, 0, most)


def route(rank: int, options: Mapping[str, Any], *, share: float = 0.5, minimal_norm: bool = False) -> Route:
    unknown = sorted(set(options) - set(Options.__annotations__))
    if unknown:
        raise TypeError(f"{unknown[0]!r} is no keyword here, allowed: {', '.join(Options.__annotations__)}")
    low_rank = (
        rank,
        share,
        minimal_norm,
        choice("algorithm", options.get("algorithm", "auto"), _ALGORITHMS),
        integer("seed", options.get("seed", 0), 0, 2**64 - 1),
        integer("oversampling", options.get("oversampling", 10), 0, 2**31 - 1),
        integer("power_iterations", options.get("power_iterations", 2), 0, 1000),
    )
    iterations = integer("factor_iterations", options.get("factor_iterations", 10), 0, 10**6)
    given = options.get("factors")
    if given is None:
        return Route(low_rank, None)
    pair = given if isinstance(given, (tuple, list)) else (given, given)
    if len(pair) != 2:
        raise ValueError(f"factors has {len(pair)} schemes, allowed: one for both factors, or two")
    left, right = (to_scheme(s)._spec for s in pair)
    return Route(low_rank, (left, right, iterations))


def scheme_and_axis(scheme: Any, axis: Any) -> tuple[Scheme, int]:
    """The scheme, and the axis of its groups in a matrix."""
    s = to_scheme(scheme)
    if s.flat:
        if axis is not None:
            raise ValueError(f"axis is {axis!r}, allowed for the scheme {s}, which sees the array flat: None")
        return s, 1
    return s, 1 if axis is None else integer("axis", axis, -2, 1)


def second_moment(statistics: Any, channels: int) -> np.ndarray:
    """R = E[xᵀx] of a Covariance, or given as a matrix; not yet checked to be one: `moment_norm` and `checked_moment`
    do that."""
    if isinstance(statistics, Covariance):
        check_channels(statistics, channels)
        return statistics.second_moment
    moment = carried("statistics", statistics)
    if moment.shape != (channels, channels):
        raise ValueError(
            f"statistics has shape {moment.shape}, allowed: a Covariance, or the second moment ({channels}, {channels})"
        )
    return float64(moment.widened)


def moment_norm(moment: np.ndarray, added: float = 0.0, exact: bool = True) -> Any:
    """The norm of R with `added` on its diagonal. Raises ValueError where R is no second moment."""
    with renamed({"second_moment": "statistics"}):
        return matrices().ErrorNorm.of_second_moment(moment, added, exact)


def checked_moment(statistics: Any, channels: int) -> np.ndarray:
    """R for errors of the output alone. Raises ValueError where it is no second moment: errors would be negative."""
    moment = second_moment(statistics, channels)
    if not isinstance(statistics, Covariance):
        moment_norm(moment, 0.0, False)
    return moment


def check_channels(statistics: Covariance, channels: int) -> None:
    if statistics.count == 0:
        raise ValueError("statistics is a Covariance that has seen no samples, allowed: at least one")
    if statistics.channels != channels:
        raise ValueError(f"statistics has {statistics.channels} channels, allowed: {channels}, as weight has rows")


def channel_scales(statistics: Any, channels: int, of_covariance: str, what: str) -> np.ndarray:
    """One number for each channel: a property of a Covariance, or given as a vector."""
    if isinstance(statistics, Covariance):
        check_channels(statistics, channels)
        return np.asarray(getattr(statistics, of_covariance))
    given = carried("statistics", statistics)
    if given.shape != (channels,):
        raise ValueError(f"statistics has shape {given.shape}, allowed: a Covariance, or {what}, ({channels},)")
    scales = float64(given.widened)
    wrong = np.flatnonzero(~((scales >= 0) & (scales <= LARGEST)))
    if wrong.size:
        place = int(wrong[0])
        raise ValueError(f"statistics[{place}] is {scales[place]}, allowed: numbers from 0 to {LARGEST:g}")
    return scales


def known_moment(statistics: Any) -> np.ndarray | None:
    """The second moment that errors of the output are measured by, where it is known."""
    return statistics.second_moment if isinstance(statistics, Covariance) else None


def importance(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Weights of squared errors, one for each element."""
    data = float64(matrix(name, values, shape, ", the shape of weight"))
    if data.min() < 0:
        place = tuple(int(i) for i in np.argwhere(data < 0)[0])
        raise ValueError(f"{name}{list(place)} is {data[place]}, allowed: numbers, 0 or more")
    return data


def sample_notes(statistics: Any) -> tuple[str, ...]:
    """What a Covariance cannot support."""
    if not isinstance(statistics, Covariance):
        return ()
    found = []
    if statistics.count < statistics.channels:
        found.append(
            f"{statistics.count} samples for {statistics.channels} channels: the second moment is singular, and errors "
            "in directions that no sample has cost nothing"
        )
    if silent := int((statistics.max_abs == 0).sum()):
        found.append(f"{silent} of {statistics.channels} channels are zero in every sample: their errors cost nothing")
    return tuple(found)


def plain_norm(channels: int) -> Any:
    return matrices().ErrorNorm.plain(channels)
