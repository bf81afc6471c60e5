"""Scaling laws: fitted to tables of runs, with what the runs leave open, and used.

``fit(law, table)`` finds the parameters of a law: ``laws()`` names those that the library knows, ``law(formula)`` makes
one of one's own. A Fit has parameters, standard errors, a bootstrap, profile intervals, diagnostics, errors of runs
left out, and pictures. ``compare`` sets fits beside each other. ``compute_optimal``, ``critical_data_size``,
``best_split``, ``best_precision``, ``effective_parameters``, ``iso_loss`` and ``iso_flop`` say what a law means.
"""

from halfulp.scaling._diagnose import FitWarning
from halfulp.scaling.curves import Curve, iso_flop, iso_loss
from halfulp.scaling.effective import effective_parameters, empirical_share
from halfulp.scaling.fitting import ESTIMATORS, fit
from halfulp.scaling.laws import Law, law, laws
from halfulp.scaling.layouts import Precision, Split, best_precision, best_split, critical_data_size
from halfulp.scaling.optimal import Optimal, compute_optimal
from halfulp.scaling.result import Bootstrap, Fit, HeldOut, Profile, Starts, compare

__all__ = [
    "Bootstrap",
    "Curve",
    "ESTIMATORS",
    "Fit",
    "FitWarning",
    "HeldOut",
    "Law",
    "Optimal",
    "Precision",
    "Profile",
    "Split",
    "Starts",
    "best_precision",
    "best_split",
    "compare",
    "compute_optimal",
    "critical_data_size",
    "effective_parameters",
    "empirical_share",
    "fit",
    "iso_flop",
    "iso_loss",
    "law",
    "laws",
]
