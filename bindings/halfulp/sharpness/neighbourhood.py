"""The largest loss near a point: Keskar's epsilon-sharpness, SAM's and ASAM's neighbourhoods."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._linear_algebra import matrices
from halfulp._runs import choice, integer, real
from halfulp.sharpness._parameters import Parameters, gradient_of, value_of

BOXES = ("keskar", "absolute")


@dataclass(frozen=True, eq=False)
class Sharpness:
    """The largest loss that was found in a neighbourhood.

    value: the measure; of epsilon_sharpness 100 (maximum - loss) / (1 + loss), of sam and asam maximum - loss.
    maximum: the largest loss found: the best of several ascents, so a lower bound of the true one. loss: at the
    parameters. point: where the maximum is, in the form of the parameters. method: the function's name. converged: the
    best ascent ended where no direction of the neighbourhood improves. gap: what a linear function with the gradient
    there could still gain. ascents: the loss that each start ended at, the first from the centre. values, gradients:
    evaluations. first_order: of sam and asam, the loss one step along the gradient away, less the loss; nan where the
    gradient is zero, and for epsilon_sharpness. diagnostics: what is wrong, as sentences.
    """

    value: float
    maximum: float
    loss: float
    point: Any
    method: str
    converged: bool
    gap: float
    ascents: tuple[float, ...]
    values: int
    gradients: int
    first_order: float
    diagnostics: tuple[str, ...]

    def __float__(self) -> float:
        return self.value


def epsilon_sharpness(
    loss: Callable[[Any], Any],
    parameters: Any,
    *,
    gradient: Callable[[Any], Any] | None = None,
    epsilon: float = 1e-3,
    box: str = "keskar",
    subspace: int | None = None,
    starts: int = 4,
    iterations: int = 50,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Sharpness:
    """Keskar's sharpness (arXiv 1609.04836): 100 (max f(x + A y) - f(x)) / (1 + f(x)), y in a box.

    loss: of parameters, one number above -1. parameters: an array or a mapping of names to arrays. gradient: of
    parameters, in their form; None: central differences, for up to 1000 parameters. epsilon: 5e-4 and 1e-3 in the
    paper. box: "keskar", magnitudes of y_i up to epsilon (‖(A⁺ x)_i‖ + 1); "absolute", up to epsilon. subspace: A has
    so many random columns (normal, from seed); None: A is the identity.

    The maximum is looked for by conditional gradient ascent from `starts` points (the centre, then random ones), each
    for `iterations` steps at most and until the gap is below tolerance times what has been gained. A loss that is
    convex in the box has its maximum in a corner, and such an ascent ends in one, but not always in the best: the
    spread of ``ascents`` shows how many ends there are. Raises ValueError where the loss or the gradient is NaN or
    infinite.
    """
    point = Parameters(parameters)
    value = value_of(loss, point)
    reach = real("epsilon", epsilon, 0.0)
    choice("box", box, BOXES)
    slope = gradient_of(gradient, value, point)
    x = point.vector
    if subspace is None:
        centre, along = x, None
        size = np.abs(x)
    else:
        count = integer("subspace", subspace, 1, x.size)
        along = matrices().normal_matrix(count, x.size, integer("seed", seed, 0, 2**64 - 1), 0x40000000)
        size = np.abs(np.linalg.lstsq(along.T, x, rcond=None)[0])
        centre = np.zeros(count)
    sides = np.full(centre.shape, reach) if box == "absolute" else reach * (size + 1)
    if along is None:
        f, g = value, slope
    else:
        a: np.ndarray = along
        f, g = (lambda y: value(x + y @ a)), (lambda y: a @ slope(x + y @ a))
    found = _maximum(f, g, "box", centre, sides, starts, iterations, tolerance, seed)
    at = found["at_centre"]
    if not at > -1:
        raise ValueError(f"loss is {at} at the parameters, allowed: above -1, as the measure divides by 1 + loss")
    end = found["point"] if along is None else x + found["point"] @ along
    return _sharpness(found, 100 * (found["value"] - at) / (1 + at), "epsilon_sharpness", point.build(end), math.nan)


def sam(
    loss: Callable[[Any], Any],
    parameters: Any,
    *,
    gradient: Callable[[Any], Any] | None = None,
    rho: float = 0.05,
    starts: int = 4,
    iterations: int = 50,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Sharpness:
    """SAM's sharpness (arXiv 2010.01412): max L(w + e) - L(w) over ‖e‖ at most rho, the norm of all parameters
    together. At the minimum of a quadratic it is rho² λ / 2 with the largest eigenvalue λ.

    ``first_order`` is the paper's own estimate, at e = rho g / ‖g‖; ``value`` the best of several ascents. Arguments as
    of :func:`epsilon_sharpness`; rho: 0 or more.
    """
    point = Parameters(parameters)
    return _in_ellipsoid(
        "sam", loss, point, gradient, rho, np.ones_like(point.vector), starts, iterations, tolerance, seed
    )


def asam(
    loss: Callable[[Any], Any],
    parameters: Any,
    *,
    gradient: Callable[[Any], Any] | None = None,
    rho: float = 0.5,
    eta: float = 0.01,
    scale: Any = None,
    starts: int = 4,
    iterations: int = 50,
    tolerance: float = 1e-6,
    seed: int = 0,
) -> Sharpness:
    """ASAM's sharpness (arXiv 2102.11600): max L(w + e) - L(w) over ‖e / t‖ at most rho, t the magnitude of w plus eta:
    with eta = 0 it does not change where a layer is multiplied by c and the next divided by it.

    scale: t itself, above 0, in the form of the parameters (the authors' code takes 1 for biases). ``first_order`` is
    the loss at e = rho t² g / ‖t g‖. Other arguments as of :func:`sam`; defaults of rho and eta are the paper's.
    """
    point = Parameters(parameters)
    least = real("eta", eta, 0.0)
    if scale is None:
        t = np.abs(point.vector) + least
    else:
        t = point.alike("scale", scale)
        if not (t > 0).all():
            raise ValueError(f"scale holds {t.min():g}, allowed: numbers above 0")
    return _in_ellipsoid("asam", loss, point, gradient, rho, t, starts, iterations, tolerance, seed)


def _in_ellipsoid(
    method: str,
    loss: Any,
    point: Parameters,
    gradient: Any,
    rho: Any,
    scale: np.ndarray,
    starts: Any,
    iterations: Any,
    tolerance: Any,
    seed: Any,
) -> Sharpness:
    value = value_of(loss, point)
    slope = gradient_of(gradient, value, point)
    radius = real("rho", rho, 0.0)
    found = _maximum(value, slope, "ellipsoid", point.vector, radius * scale, starts, iterations, tolerance, seed)
    at = found["at_centre"]
    along = scale * slope(point.vector)
    length = float(np.linalg.norm(along))
    first = value(point.vector + radius * scale * (along / length)) - at if length else math.nan
    return _sharpness(found, found["value"] - at, method, point.build(found["point"]), first)


def _maximum(
    f: Callable[[np.ndarray], float],
    g: Callable[[np.ndarray], np.ndarray],
    shape: str,
    centre: np.ndarray,
    sides: np.ndarray,
    starts: Any,
    iterations: Any,
    tolerance: Any,
    seed: Any,
) -> dict[str, Any]:
    return matrices().maximize(
        f,
        lambda x: np.ascontiguousarray(g(x), dtype=np.float64),
        shape,
        np.ascontiguousarray(centre),
        np.ascontiguousarray(sides),
        integer("starts", starts, 1, 2**20),
        integer("iterations", iterations, 0, 2**30),
        real("tolerance", tolerance, 0.0),
        integer("seed", seed, 0, 2**64 - 1),
    )


def _sharpness(found: dict[str, Any], value: float, method: str, point: Any, first_order: float) -> Sharpness:
    _, gap, used, converged = found["ascents"][found["best"]]
    notes = []
    if not converged:
        notes.append(
            f"not converged: the best ascent stopped after {used} steps with a gap of {gap:.3g}; more iterations, or "
            "the gradient is not that of the loss"
        )
    return Sharpness(
        value=float(value),
        maximum=found["value"],
        loss=found["at_centre"],
        point=point,
        method=method,
        converged=bool(converged),
        gap=gap,
        ascents=tuple(a[0] for a in found["ascents"]),
        values=found["values"],
        gradients=found["gradients"],
        first_order=float(first_order),
        diagnostics=tuple(notes),
    )
