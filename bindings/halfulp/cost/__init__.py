"""What formats and schemes cost: bits and bytes, exact accumulator widths, operations, models of hardware.

``storage`` counts bits and bytes of tensors under schemes. ``accumulator`` gives the narrowest accumulator in which no
sum of n products rounds or overflows, worked out from the formats' codes, beside the published closed forms
``published_integer_width`` and ``published_minifloat_width``. ``mac`` estimates LUTs, energy or area of a
multiply-accumulate unit for any two formats from a ``MacModel`` of five documented coefficients, to be replaced by
one's own. ``bops`` and ``speedup`` count as HAWQ-V3 and Quartet do. ``front`` finds what no other beats in error and
cost.
"""

from halfulp.cost.accumulators import (
    AccumulatorWidth,
    Extent,
    accumulator,
    extent,
    published_integer_width,
    published_minifloat_width,
)
from halfulp.cost.fronts import front
from halfulp.cost.mac import AREA_45NM, ENERGY_45NM, HOROWITZ_2014, LUT6, Mac, MacModel, Operation, mac
from halfulp.cost.operations import bops, speedup
from halfulp.cost.sizes import Storage, storage

__all__ = [
    "AREA_45NM",
    "ENERGY_45NM",
    "HOROWITZ_2014",
    "LUT6",
    "AccumulatorWidth",
    "Extent",
    "Mac",
    "MacModel",
    "Operation",
    "Storage",
    "accumulator",
    "bops",
    "extent",
    "front",
    "mac",
    "published_integer_width",
    "published_minifloat_width",
    "speedup",
    "storage",
]
