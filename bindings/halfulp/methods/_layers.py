"""What all methods share: layers y = x W with W (in, out), second moments of x, and results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp._arrays import carried
from halfulp._linear_algebra import matrices
from halfulp._quantize import Quantized, _scale_shape
from halfulp._scheme import Scheme

Array = np.ndarray

# Parts of the largest element: what sums of products in float32 may leave, and a loss of its terms.
_MOST_ASYMMETRY = 1e-6
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Result:
    """A quantized weight matrix (in, out).

    weight_q: its values, float64. quantized: codes and scales; ``quantized.dequantize()`` is weight_q, bit for bit.
    loss: tr((W - W_q)' H (W - W_q)), the mean squared error of the outputs summed over them where H = E[x'x]; without
    an H, the squared error of the weights. nearest_loss: the same for W rounded to nearest under the scheme.
    """

    weight_q: Array
    quantized: Any
    loss: float
    nearest_loss: float

    @property
    def gain(self) -> float:
        """nearest_loss ÷ loss: above 1 where the method is better than rounding; nan where both are 0."""
        if self.loss == 0:
            return float("nan") if self.nearest_loss == 0 else float("inf")
        return self.nearest_loss / self.loss


def real_array(name: str, x: Any, axes: int | None = None, *, empty: bool = False) -> Array:
    """x as float64, finite: floats of any carrier, integers as they are. axes: how many it must have."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "iu":
        out = np.ascontiguousarray(x, dtype=np.float64).reshape(x.shape)
    else:
        taken = carried(name, x)
        out = np.ascontiguousarray(taken.widened, dtype=np.float64).reshape(taken.shape)
    if axes is not None and out.ndim != axes:
        raise ValueError(f"{name} has shape {out.shape}, allowed: {axes} {'axis' if axes == 1 else 'axes'}")
    if not empty and out.size == 0:
        raise ValueError(f"{name} has shape {out.shape}, allowed: at least one element")
    if not np.isfinite(out).all():
        place = tuple(int(i) for i in np.argwhere(~np.isfinite(out))[0])
        at = f"{name}{list(place)}" if place else name
        raise ValueError(f"{at} is {out[place]}, allowed: finite numbers")
    return out


def weight_matrix(w: Any, name: str = "w") -> Array:
    """A weight matrix (in, out) as float64."""
    return real_array(name, w, 2)


def second_moment(h: Any, inputs: int, name: str = "h") -> Array:
    """E[x'x] (in, in): an array, or an object that has one as ``second_moment``."""
    a = real_array(name, getattr(h, "second_moment", h), 2)
    if a.shape != (inputs, inputs):
        raise ValueError(f"{name} has shape {a.shape}, allowed: ({inputs}, {inputs}), as w has {inputs} rows")
    largest = float(np.abs(a).max())
    if (skew := np.abs(a - a.T)).max() > _MOST_ASYMMETRY * largest:
        i, j = (int(k) for k in np.unravel_index(int(skew.argmax()), a.shape))
        raise ValueError(f"{name}[{i}, {j}] is {a[i, j]:g} and its mirror {a[j, i]:g}, allowed: a symmetric {name}")
    if (diagonal := np.diagonal(a)).min() < 0:
        i = int(diagonal.argmin())
        raise ValueError(f"{name}[{i}, {i}] is {a[i, i]:g}, allowed: a second moment, 0 or more on the diagonal")
    return a


def samples(x: Any, inputs: int, name: str = "x") -> Array:
    """Inputs of a layer: (..., in) as (samples, in), at least one."""
    a = real_array(name, x, empty=True)
    if a.ndim == 0 or a.shape[-1] != inputs:
        raise ValueError(f"{name} has shape {a.shape}, allowed: (..., {inputs}), as w has {inputs} rows")
    a = a.reshape(-1, inputs)
    if len(a) == 0:
        raise ValueError(f"{name} has no samples, allowed: at least one")
    return a


def moment_of(x: Array, name: str = "x") -> Array:
    """The mean of x'x over samples (samples, in)."""
    with np.errstate(over="ignore", invalid="ignore"):
        h: Array = x.T @ x / len(x)
    if not np.isfinite(h).all():
        largest = float(np.abs(x).max())
        raise ValueError(f"{name} holds {largest:g} in size, allowed: magnitudes whose squares float64 can hold")
    return (h + h.T) / 2


def vector(name: str, x: Any, length: int, *, least: float | None = None, above: bool = False) -> Array:
    """`length` numbers, at least `least` (above it where `above`)."""
    a = real_array(name, x, 1)
    if a.shape != (length,):
        raise ValueError(f"{name} has shape {a.shape}, allowed: ({length},)")
    if least is not None and ((a <= least).any() if above else (a < least).any()):
        raise ValueError(f"{name} holds {a.min():g}, allowed: {'above' if above else 'at least'} {least:g}")
    return a


def axes_of(s: Scheme, axis: Any, channel_axis: Any) -> tuple[int, int]:
    """Checked axes of a matrix, from 0 on. A flat scheme has none."""
    for name, value in (("axis", axis), ("channel_axis", channel_axis)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
            raise TypeError(f"{name} is {value!r}, allowed: an integer")
        if not -2 <= value <= 1:
            raise ValueError(f"{name} is {value}, allowed: -2 to 1 for a matrix")
    return (0, 0) if s.flat else (int(axis) % 2, int(channel_axis) % 2)


def in_scheme(s: Scheme, axis: int) -> int | None:
    """The axis that hu.quantize takes."""
    return None if s.flat else axis


def quantized_from(s: Scheme, shape: tuple[int, int], axis: int, channel_axis: int, made: dict[str, Any]) -> Quantized:
    """What the compiled part has made, as hu.quantize gives it for a float64 array."""
    planes: list[Array] = made["planes"]
    levels = len(s.levels)
    scale_codes = tuple(
        plane.astype(level.format.code_dtype).reshape(_scale_shape(s, i, shape, axis, channel_axis, plane.size))
        for i, (plane, level) in enumerate(zip(planes[:levels], s.levels, strict=True))
    )
    zero_points = offset = None
    if s.zero_point:
        zero_points = planes[levels].astype(f"uint{8 * s.element.code_dtype.itemsize}").reshape(scale_codes[0].shape)
    if s.double_quant:
        offset = planes[levels].astype(np.uint32).view(np.float32)[0]
    codes = made["codes"].astype(s.element.code_dtype).reshape(shape)
    return Quantized(
        s,
        codes,
        scale_codes,
        axis,
        channel_axis,
        "binary64",
        made["zero_scales"],
        made["saturated"],
        zero_points,
        offset,
    )


def proxy_loss(error: Array, h: Array | None) -> float:
    """tr(error' H error); the squared error where there is no H."""
    with np.errstate(over="ignore", invalid="ignore"):
        if h is None:
            loss = float(np.einsum("ij,ij->", error, error))
        else:
            loss = float(matrices().proxy_loss(np.ascontiguousarray(error), h))
    return checked_loss(loss, error, h)


def checked_loss(loss: float, error: Array, h: Array | None) -> float:
    """A loss is finite, and 0 or more but for rounding errors, which are parts of what it would be if no terms of
    either sign fell against each other."""
    if not np.isfinite(loss):
        raise ValueError(f"w and h give a loss of {loss}, allowed: losses within float64, so smaller numbers")
    if loss < 0 and h is not None:
        terms = float(np.einsum("ij,ij,i->", error, error, np.diagonal(h))) * len(h)
        if loss < -_ROUNDING * terms:
            raise ValueError(f"h gives a loss of {loss:g}, allowed: a second moment, whose eigenvalues are 0 or more")
    return loss
