"""Sharpness and stability of losses: curvature by matrix-vector products, what the neighbourhood of a point holds, and
what small deviations become.

- Curvature of any matrix that is known by its products, a Hessian above all: ``trace`` (Hutchinson, Hutch++, XTrace),
  ``diagonal``, ``layer_traces``, ``top_eigenvalues``, ``spectral_density``, ``lanczos``, ``asymmetry``. Products come
  from a function, an array, a SciPy operator, or ``torch_hvp``, ``torch_layers``, ``torch_hessian``, ``jax_hvp``.
- ``hawq``: HAWQ-V2's sensitivity of layers from traces.
- The largest loss nearby: ``epsilon_sharpness`` (Keskar), ``sam``, ``asam``, and ``logit_sharpness`` in closed form.
- The loss along lines and planes on a format's grid: ``slice_1d``, ``slice_2d``, ``ulps``.
- Growth of errors in recurrences: ``lyapunov_exponents``, ``product_exponents``.
- Tails: ``kurtosis``, ``osp_kurtosis``, ``outliers``, ``rotated``; ``gradient_noise_ratio``.

Results are frozen and name their estimator, standard errors, products used, and whether and why they stopped.
"""

from halfulp.sharpness._operator import Operator
from halfulp.sharpness.density import SpectralDensity, spectral_density
from halfulp.sharpness.eigenvalues import Lanczos, TopEigenvalues, lanczos, top_eigenvalues
from halfulp.sharpness.frameworks import jax_hvp, jax_loss, torch_hessian, torch_hvp, torch_layers, torch_loss
from halfulp.sharpness.logits import LogitSharpness, logit_box_maximum, logit_sharpness
from halfulp.sharpness.lyapunov import LyapunovExponents, lyapunov_exponents, product_exponents
from halfulp.sharpness.neighbourhood import Sharpness, asam, epsilon_sharpness, sam
from halfulp.sharpness.sensitivity import Hawq, hawq
from halfulp.sharpness.slices import Slice1D, Slice2D, slice_1d, slice_2d, ulps
from halfulp.sharpness.tails import (
    NoiseRatio,
    Outliers,
    Rotated,
    gradient_noise_ratio,
    kurtosis,
    osp_kurtosis,
    outliers,
    rotated,
)
from halfulp.sharpness.traces import DiagonalEstimate, TraceEstimate, asymmetry, diagonal, layer_traces, trace

__all__ = [
    "DiagonalEstimate",
    "Hawq",
    "Lanczos",
    "LogitSharpness",
    "LyapunovExponents",
    "NoiseRatio",
    "Operator",
    "Outliers",
    "Rotated",
    "Sharpness",
    "Slice1D",
    "Slice2D",
    "SpectralDensity",
    "TopEigenvalues",
    "TraceEstimate",
    "asam",
    "asymmetry",
    "diagonal",
    "epsilon_sharpness",
    "gradient_noise_ratio",
    "hawq",
    "jax_hvp",
    "jax_loss",
    "kurtosis",
    "lanczos",
    "layer_traces",
    "logit_box_maximum",
    "logit_sharpness",
    "lyapunov_exponents",
    "osp_kurtosis",
    "outliers",
    "product_exponents",
    "rotated",
    "sam",
    "slice_1d",
    "slice_2d",
    "spectral_density",
    "top_eigenvalues",
    "torch_hessian",
    "torch_hvp",
    "torch_layers",
    "torch_loss",
    "trace",
    "ulps",
]
