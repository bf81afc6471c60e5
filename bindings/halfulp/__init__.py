"""Bit-exact low-precision number formats: decode, encode, round, quantize and sweep them.

``import halfulp as hu``. Words: a *value* is a number, a *code* the integer that stores it, a *format* the map from
code to value, a *projection* how a number becomes a member of a format, a *scheme* a format with scales over groups.
"""

from typing import TYPE_CHECKING

from halfulp import binary, codes, error, faults, fixed_point, ggml, matrix_units, noise, phase, plots, ternary, testing
from halfulp._backend import backend, backends, set_backend
from halfulp._compare import compare_recipes
from halfulp._convert import decode, encode, pack, probability_away, round, unpack
from halfulp._core import version as __version__
from halfulp._format import Format, codebook, float_format, format, formats, formats_table
from halfulp._packed import dequantize_packed
from halfulp._projection import Projection
from halfulp._quantize import Quantized, fake_quantize, quantize
from halfulp._random import Rng, random_words
from halfulp._scale_layout import from_scale_layout, scale_layout
from halfulp._scheme import Scheme, expand_schemes, recipes, scheme, schemes
from halfulp._ternary import pack_base3, unpack_base3
from halfulp.accumulate import Accumulator
from halfulp.arithmetic import (
    abs,
    add,
    compare,
    copysign,
    div,
    dot,
    faa,
    fma,
    matmul,
    maximum,
    maximum_magnitude,
    maximum_magnitude_number,
    maximum_number,
    minimum,
    minimum_magnitude,
    minimum_magnitude_number,
    minimum_number,
    mul,
    negate,
    next_down,
    next_up,
    recip,
    remainder,
    round_to_integral,
    rsqrt,
    scalb,
    sqrt,
    sub,
)
from halfulp.find_accumulator import find_accumulator
from halfulp.kappa import kappa
from halfulp.sweeping import sweep

if TYPE_CHECKING:
    from halfulp import allocate, cost, methods, reconstruct, scaling, sharpness

__all__ = [
    "Accumulator",
    "Format",
    "Projection",
    "Quantized",
    "Rng",
    "Scheme",
    "__version__",
    "abs",
    "add",
    "allocate",
    "backend",
    "backends",
    "binary",
    "codebook",
    "codes",
    "compare",
    "compare_recipes",
    "copysign",
    "cost",
    "decode",
    "dequantize_packed",
    "div",
    "dot",
    "encode",
    "error",
    "expand_schemes",
    "faa",
    "fake_quantize",
    "faults",
    "find_accumulator",
    "fixed_point",
    "float_format",
    "fma",
    "format",
    "formats",
    "formats_table",
    "from_scale_layout",
    "ggml",
    "kappa",
    "maximum",
    "maximum_magnitude",
    "maximum_magnitude_number",
    "maximum_number",
    "minimum",
    "minimum_magnitude",
    "minimum_magnitude_number",
    "minimum_number",
    "matmul",
    "matrix_units",
    "methods",
    "mul",
    "negate",
    "next_down",
    "next_up",
    "noise",
    "pack",
    "pack_base3",
    "phase",
    "plots",
    "probability_away",
    "quantize",
    "random_words",
    "recip",
    "recipes",
    "reconstruct",
    "remainder",
    "round",
    "round_to_integral",
    "rsqrt",
    "scalb",
    "scale_layout",
    "scaling",
    "scheme",
    "schemes",
    "set_backend",
    "sharpness",
    "sqrt",
    "sub",
    "sweep",
    "ternary",
    "testing",
    "unpack",
    "unpack_base3",
]

if not TYPE_CHECKING:  # type checkers are to find misspelled names themselves
    # Loaded at their first use: an import of the package is to be short.
    _ON_USE = frozenset(("allocate", "cost", "methods", "reconstruct", "scaling", "sharpness"))

    def __getattr__(name: str) -> object:
        if name in _ON_USE:
            from importlib import import_module

            return import_module(f"halfulp.{name}")
        raise AttributeError(f"module 'halfulp' has no attribute {name!r}")

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
