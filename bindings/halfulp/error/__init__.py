"""Expected quantization errors, and tables and scales with little of them.

``expected(scheme, distribution)`` gives the mean squared error, SQNR, bias, entropy, saturation and zeros of any format
or block scheme by integrals, ``expected_mse`` and ``sqnr`` one number of it, ``octave`` its average over an octave of
sigma, ``best(bits)`` the registry's schemes in order. Distributions: ``normal``, ``laplace``, ``uniform``,
``student_t``, ``logistic``, ``mixture``, ``empirical``, or their names. ``rate_distortion``, ``panter_dite``,
``bennett`` and ``entropy_coded_uniform`` say what bits can do.

``lloyd_max`` and ``lloyd_max_from_data`` give the levels with the least mean squared error, ``quantile_map`` levels
that data reach equally often, ``normal_float_values`` the normal floats of any width, ``absmax_levels`` the best codes
for blocks. ``hu.codebook(levels.values)`` makes a format of them. ``best_uniform_grid`` and ``best_scale`` find scales.
"""

from halfulp.error.bounds import EntropyCoded, bennett, entropy_coded_uniform, panter_dite, rate_distortion
from halfulp.error.distributions import (
    Distribution,
    Empirical,
    empirical,
    laplace,
    logistic,
    mixture,
    normal,
    student_t,
    uniform,
)
from halfulp.error.expectation import ExpectedError, Octave, expected, expected_mse, octave, sqnr
from halfulp.error.levels import (
    BestScale,
    Levels,
    absmax_levels,
    best_scale,
    best_uniform_grid,
    lloyd_max,
    lloyd_max_from_data,
    normal_float_values,
    quantile_map,
)
from halfulp.error.ranking import Ranked, Ranking, best

__all__ = [
    "BestScale",
    "Distribution",
    "Empirical",
    "EntropyCoded",
    "ExpectedError",
    "Levels",
    "Octave",
    "Ranked",
    "Ranking",
    "absmax_levels",
    "bennett",
    "best",
    "best_scale",
    "best_uniform_grid",
    "empirical",
    "entropy_coded_uniform",
    "expected",
    "expected_mse",
    "laplace",
    "lloyd_max",
    "lloyd_max_from_data",
    "logistic",
    "mixture",
    "normal",
    "normal_float_values",
    "octave",
    "panter_dite",
    "quantile_map",
    "rate_distortion",
    "sqnr",
    "student_t",
    "uniform",
]
