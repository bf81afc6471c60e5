"""Pictures of what halfulp measures: one call each, each a matplotlib Figure that :func:`save` writes as PNG, PDF or
SVG. Needs matplotlib: pip install 'halfulp[plots]'.

``pareto`` draws schemes over two columns of a sweep's table, ``split_heatmap`` how a width is best divided between
exponent and mantissa, ``error_by_layer`` and ``error_by_depth`` where in a model the error is, ``error_against_group``
what shorter groups of each scale format buy, ``recipe_difference_map`` in how many codes recipes differ,
``error_against_bits`` expected errors beside Shannon's bound, ``error_against_rank`` what a low-rank correction leaves,
``allocation_front`` what each size of a model costs; ``loss_curves``, ``iso_loss``, ``iso_flop``,
``effective_parameters``, ``residuals`` and ``bootstrap_cloud`` draw fits of scaling laws; ``eigenvalue_density`` a
spectrum with its error, ``loss_slice`` and ``loss_plane`` the loss on a format's grid, ``traces_by_layer`` Hessian
traces.
"""

from halfulp.plots._files import SUFFIXES, check_suffix, save
from halfulp.plots.allocation import allocation_front
from halfulp.plots.expected import error_against_bits
from halfulp.plots.front import pareto
from halfulp.plots.groups import error_against_group
from halfulp.plots.layers import error_by_depth, error_by_layer
from halfulp.plots.recipes import recipe_difference_map
from halfulp.plots.reconstruction import error_against_rank
from halfulp.plots.scaling import iso_flop, iso_loss
from halfulp.plots.scaling_fit import bootstrap_cloud, effective_parameters, residuals
from halfulp.plots.scaling_losses import loss_curves
from halfulp.plots.sharpness import eigenvalue_density, loss_plane, loss_slice, traces_by_layer
from halfulp.plots.splits import split_heatmap

__all__ = [
    "SUFFIXES",
    "allocation_front",
    "bootstrap_cloud",
    "check_suffix",
    "effective_parameters",
    "eigenvalue_density",
    "error_against_bits",
    "error_against_group",
    "error_against_rank",
    "error_by_depth",
    "error_by_layer",
    "iso_flop",
    "iso_loss",
    "loss_curves",
    "loss_plane",
    "loss_slice",
    "pareto",
    "recipe_difference_map",
    "residuals",
    "save",
    "split_heatmap",
    "traces_by_layer",
]
