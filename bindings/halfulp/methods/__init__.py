"""Quantization after training: methods that turn a layer's weights and inputs into codes, under any scheme.

Layers are y = x W with W (in, out); H = E[x'x] (in, in) is the second moment of their inputs. Methods for weights give
a :class:`Result`: values, codes and scales, and the loss tr((W - W_q)' H (W - W_q)) beside that of rounding to nearest.

- rounding: ``nearest``, ``clip_search``, ``under_scales``, ``constrain_scales`` (powers of two);
- errors made good by what is still to come: ``gptq`` (LDLQ);
- equivalent layers: ``smooth_quant``, ``awq``, ``clip_by_output``, ``equalize``, ``rotation`` and its parts,
  ``disassemble``, ``assemble``, ``reassemble``; ``bias_correction``;
- ranges of activations: ``Observer``, ``adaptive_step``;
- few values: ``ternary``, ``trained_ternary``, ``complex_phases``.
"""

from halfulp.methods._layers import Result
from halfulp.methods.adaptive import AdaptiveStep, adaptive_step
from halfulp.methods.channels import (
    Reassembly,
    ReassemblyChoice,
    assemble,
    channel_distances,
    disassemble,
    reassemble,
)
from halfulp.methods.correction import bias_correction
from halfulp.methods.low_bit import ComplexWeights, complex_phases, ternary, trained_ternary
from halfulp.methods.nearest import ClipResult, clip_search, nearest, under_scales
from halfulp.methods.observers import Observer, Ranges
from halfulp.methods.optimal import GptqResult, gptq
from halfulp.methods.power_scales import constrain_scales, power_of_two_scales
from halfulp.methods.rotation import Rotation, hadamard_matrix, incoherence, rotation, walsh_hadamard
from halfulp.methods.scaling import (
    AwqResult,
    Equalized,
    Smoothing,
    awq,
    clip_by_output,
    equalize,
    equalize_chain,
    smooth_quant,
)

__all__ = [
    "AdaptiveStep",
    "AwqResult",
    "ClipResult",
    "ComplexWeights",
    "Equalized",
    "GptqResult",
    "Observer",
    "Ranges",
    "Reassembly",
    "ReassemblyChoice",
    "Result",
    "Rotation",
    "Smoothing",
    "adaptive_step",
    "assemble",
    "awq",
    "bias_correction",
    "channel_distances",
    "clip_by_output",
    "clip_search",
    "complex_phases",
    "constrain_scales",
    "disassemble",
    "equalize",
    "equalize_chain",
    "gptq",
    "hadamard_matrix",
    "incoherence",
    "nearest",
    "power_of_two_scales",
    "reassemble",
    "rotation",
    "smooth_quant",
    "ternary",
    "trained_ternary",
    "under_scales",
    "walsh_hadamard",
]
