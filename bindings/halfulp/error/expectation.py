"""The expected error of a format or scheme: by integrals, never by sampling."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from halfulp import _core
from halfulp._calculate import check_flag
from halfulp._phase_format import ComplexScheme, PhaseFormat
from halfulp._projection import resolve
from halfulp._runs import integer, real
from halfulp._scheme import real_scheme, scheme
from halfulp.error.distributions import Empirical, as_density, as_distribution

_MOST = 2**53


@dataclass(frozen=True)
class ExpectedError:
    """What a scheme costs on average. Squares are in units of x².

    mse: E (x̂ - x)². sqnr_db: 10 log10(E x² / mse). bias: E (x̂ - x). entropy_bits: the entropy of an element's code,
    each code's probability being that over all groups, scales not counted; None where it is not computed (more than
    4096 codes under scales, or entropy=False). saturation: P(x beyond the outermost members under its scale), None
    where no integral gives it. zero: P(the code, or the scale, is zero). bits_per_element: of the scheme, scales
    counted. method: "closed form" (sums and antiderivatives of polynomials) or "quadrature". tolerance: how far mse may
    be off, from rules of two orders and from what the docstring of :func:`expected` says is left out."""

    scheme: str
    distribution: str
    mse: float
    sqnr_db: float
    bias: float
    entropy_bits: float | None
    saturation: float | None
    zero: float
    bits_per_element: float
    method: str
    tolerance: float


def expected(
    scheme_or_format: Any,
    distribution: Any = "normal",
    *,
    sigma: float = 1.0,
    mean: float = 0.0,
    size: int | None = None,
    channel: int | None = None,
    rounding: str | None = None,
    random_bits: int | None = None,
    entropy: bool = True,
) -> ExpectedError:
    """The expected error of a format, codebook or block scheme on independent numbers mean + sigma X: what
    ``hu.fake_quantize`` leaves on average, by closed forms and one-dimensional quadrature.

    scheme_or_format: as ``hu.scheme``; without scales everything saturates as in schemes. distribution: "normal",
    "laplace", "uniform", "logistic", "student_t(5)", or an object of this module; all of variance 1 and mean 0, but for
    mixtures and samples. size: elements of the tensor (channel: of a channel), for schemes whose scales depend on its
    largest magnitude; a multiple of the groups inside. Ternary, binary and complex schemes, whose scales are means,
    have the limit of large groups without it. rounding, random_bits: of elements, as in ``hu.fake_quantize``.

    Exact but for rounding errors (relative 1e-12 and less; see tolerance): floats, integers, posits, codebooks; block
    schemes by the distribution of a block's largest magnitude, with scales of up to 12 significant bits and
    power-of-two scales of every recipe as the staircases that they are, nested levels and percentiles among them.
    Scales with more bits count as exact quotients (4^-bits of the error), and recipes that divide in binary32 as real
    numbers (2^-22). Affine integers (@zero_point) are integrated over smallest and largest together, which takes 5 to
    80 ms for up to 4 bits and up to a second for 8.

    Raises ValueError, naming the part of the scheme, where no integral of few variables gives the answer: search=mse,
    four_over_six, hadamard with anything but one normal distribution of mean 0, finite groups of ternary elements; for
    samples also zero_point, double_quant, recipes in binary32, and scales with more than 4096 distinct magnitudes; and
    where sigma takes scales that count as exact out of the range of their format, so that a tenth of the error or more
    would change (less than that is in the tolerance).
    Double quantization has the mean of all scales at its limit of large tensors."""
    if isinstance(scheme_or_format, (str, ComplexScheme, PhaseFormat)):
        scheme_or_format = scheme(
            str(scheme_or_format.name if not isinstance(scheme_or_format, str) else scheme_or_format)
        )
    with_entropy = check_flag("entropy", entropy)
    shifted = as_distribution(distribution).scaled(sigma, mean)
    count = 0 if size is None else integer("size", size, 1, _MOST)
    of_channel = 0 if channel is None else integer("channel", channel, 1, _MOST)
    if isinstance(scheme_or_format, (ComplexScheme, PhaseFormat)):
        return _of_phases(scheme_or_format, shifted, count, of_channel, rounding)
    s = real_scheme(scheme_or_format)
    how = resolve(s.element._spec, None, rounding, None, "to_max", None, random_bits)
    if random_bits is not None and not how.stochastic:
        raise ValueError(f"random_bits is {random_bits}, allowed: with a stochastic rounding; it is {how.rounding}")
    arguments = (how, count, of_channel, with_entropy)
    if isinstance(shifted, Empirical):
        sums = _core.expected_error_of_sample(s._spec, shifted.values, *arguments)
    else:
        sums = _core.expected_error(s._spec, list(shifted.parts), *arguments)
    return _result(s.name, shifted.name, sums, s.bits_per_element)


def _of_phases(s: Any, distribution: Any, size: int, channel: int, rounding: str | None) -> ExpectedError:
    if rounding is not None:
        raise ValueError(f"rounding is {rounding!r}, allowed for {s.name}: None; no rounding mode has a say there")
    parts = list(as_density(distribution, s.name).parts)
    scale = getattr(s, "scale", None)
    if scale is None:
        return _result(s.name, distribution.name, _core.expected_phase_error(parts, None, 0), 2.0)
    group = {"tensor": size, "channel": channel}.get(s.group, s.group)
    sums = _core.expected_phase_error(parts, scale._spec, group)
    return _result(s.name, distribution.name, sums, s.bits_per_element)


def _result(name: str, distribution: str, sums: dict[str, Any], bits: float) -> ExpectedError:
    def known(x: float) -> float | None:
        return None if math.isnan(x) else float(x)

    mse, signal = float(sums["mse"]), float(sums["signal"])
    return ExpectedError(
        scheme=name,
        distribution=distribution,
        mse=mse,
        sqnr_db=_decibels(signal, mse),
        bias=float(sums["bias"]),
        entropy_bits=known(sums["entropy_bits"]),
        saturation=known(sums["saturation"]),
        zero=float(sums["zero"]),
        bits_per_element=bits,
        method="quadrature" if sums["quadrature"] else "closed form",
        tolerance=float(sums["tolerance"]),
    )


def _decibels(signal: float, mse: float) -> float:
    if mse == 0:
        return math.inf
    return -math.inf if signal == 0 else 10 * math.log10(signal / mse)


def expected_mse(scheme_or_format: Any, distribution: Any = "normal", **options: Any) -> float:
    """E (x̂ - x)² alone: ``expected(...).mse``, with the same arguments (sigma, mean, size, channel, rounding,
    random_bits)."""
    return expected(scheme_or_format, distribution, entropy=False, **options).mse


def sqnr(scheme_or_format: Any, distribution: Any = "normal", **options: Any) -> float:
    """10 log10(E x² / E (x̂ - x)²), in dB: ``expected(...).sqnr_db``, with the same arguments."""
    return expected(scheme_or_format, distribution, entropy=False, **options).sqnr_db


@dataclass(frozen=True)
class Octave:
    """An error over an octave of sigma, in parts of E x². mean is over log2 sigma, uniform; at sigma_min and sigma_max
    the error is least and largest. periodic: does the error repeat with every octave? tolerance: of mean."""

    scheme: str
    distribution: str
    min: float
    mean: float
    max: float
    sigma_min: float
    sigma_max: float
    periodic: bool
    tolerance: float


def octave(scheme_or_format: Any, distribution: Any = "normal", *, sigma: float = 1.0, **options: Any) -> Octave:
    """The expected error, mse / E x², over sigma from `sigma` to twice that: its least, mean (log2 sigma uniform) and
    largest value. With power-of-two scales the error of a block repeats with every octave, so a figure at one sigma
    says less than this mean.

    Periodic errors are averaged by the trapezoidal rule at 32 and 64 places, which converges faster than any power;
    others by Gauss and Legendre's formula. Least and largest value are the best of 64 places, refined by golden
    section. Other arguments are those of :func:`expected`. Returns :class:`Octave`."""
    base = as_distribution(distribution)
    start = real("sigma", sigma, 0, above=True)

    def error(place: float) -> float:
        result = expected(scheme_or_format, base, sigma=start * 2.0**place, entropy=False, **options)
        return 10 ** (-result.sqnr_db / 10)

    at_ends = error(0.0), error(1.0)
    periodic = abs(at_ends[0] - at_ends[1]) <= 1e-9 * at_ends[0]
    places = np.arange(64) / 64
    values = np.array([error(float(p)) for p in places])
    if periodic:
        mean = float(values.mean())
        rough = float(values[::2].mean())
    else:
        mean, rough = (_gauss(error, points) for points in (32, 24))
    lowest, highest = int(values.argmin()), int(values.argmax())
    least = _refined(error, places[lowest], 1 / 64, 1.0, periodic)
    most = _refined(error, places[highest], 1 / 64, -1.0, periodic)
    first = expected(scheme_or_format, base, sigma=start, entropy=False, **options)
    return Octave(
        scheme=first.scheme,
        distribution=first.distribution,
        min=least[1],
        mean=mean,
        max=most[1],
        sigma_min=start * 2.0 ** least[0],
        sigma_max=start * 2.0 ** most[0],
        periodic=periodic,
        tolerance=abs(mean - rough),
    )


def _gauss(f: Callable[[float], float], points: int) -> float:
    places, weights = np.polynomial.legendre.leggauss(points)
    return float(sum(w * f(float(p)) for p, w in zip((places + 1) / 2, weights / 2, strict=True)))


def _refined(f: Callable[[float], float], at: float, step: float, sign: float, periodic: bool) -> tuple[float, float]:
    """The least sign × f near a place, by golden section: (place, f there)."""
    low, high = float(at) - step, float(at) + step
    if not periodic:
        low, high = max(low, 0.0), min(high, 1.0)
    ratio = (math.sqrt(5) - 1) / 2
    left, right = high - ratio * (high - low), low + ratio * (high - low)
    f_left, f_right = sign * f(left), sign * f(right)
    for _ in range(24):
        if f_left < f_right:
            high, right, f_right = right, left, f_left
            left = high - ratio * (high - low)
            f_left = sign * f(left)
        else:
            low, left, f_left = left, right, f_right
            right = low + ratio * (high - low)
            f_right = sign * f(right)
    places = [float(at), left, right]
    values = [sign * f(float(at)), f_left, f_right]
    best = int(np.argmin(values))
    return places[best], sign * values[best]
