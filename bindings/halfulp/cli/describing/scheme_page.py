"""The page of a scheme: what `halfulp describe nvfp4` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import halfulp as hu
from halfulp import _core
from halfulp._kinds import element_kind
from halfulp._scheme import Level, group_text
from halfulp.cli import codes
from halfulp.cli.describing.worked_example import SECOND, Example, worked_example
from halfulp.cli.numbers import shown
from halfulp.cli.output import aligned

#: The keys that JSON has for a scheme.
JSON_KEYS = {
    "is": '"scheme"',
    "name": "the canonical text",
    "source": "the document that defines it; null for a scheme without a published name",
    "element": "the element format",
    "levels": "innermost first: [{group, format, bits_per_element}, ...]",
    "bits_per_element": "scales counted, in a large array",
    "recipe": "how scales are found; null where they are exact quotients",
    "search": "mse where the innermost scales are searched; else null",
    "hadamard": "length of the runs that a randomized Hadamard transform mixes; 0 for none",
    "signs": "the seed of its signs",
    "flat": "is the array one long axis in C order?",
    "zero_point": "has every scale the integer that stands for zero beside it?",
    "double_quant": "are the scales, less their mean, quantized again?",
    "percentile": "of magnitudes, from which scales are found; 0 for the largest magnitude",
    "example": "an array quantized: {shape, size, amax, whole_amax, scales, numbers, codes, values} of its first group",
}

#: The letters in the summaries of recipes for power-of-two scales.
POWER_OF_TWO = (
    "amax = m 2^e of the group, L = mL 2^E of the element format, which has M fraction bits; the scale is 2^k"
)


#: What options of the grammar do.
_OPTIONS = {
    "flat": "the array is one long axis in C order",
    "zero_point": "every scale has the integer that stands for zero beside it",
    "double_quant": "the scales, less their mean, are quantized again",
}


def json_facts(s: hu.Scheme) -> dict[str, Any]:
    """What JSON_KEYS says."""
    return {
        "is": "scheme",
        "name": str(s),
        "source": _published(s)[1] or None,
        "element": str(s.element),
        "levels": [
            {"group": group_text(level.group), "format": str(level.format), "bits_per_element": bits}
            for level, bits in zip(s.levels, _bits(s), strict=True)
        ],
        "bits_per_element": s.bits_per_element,
        "recipe": s.recipe or None,
        "search": s.search or None,
        "hadamard": s.hadamard,
        "signs": s.signs,
        "flat": s.flat,
        "zero_point": s.zero_point,
        "double_quant": s.double_quant,
        "percentile": s.percentile,
        "example": asdict(worked_example(s)),
    }


def page(s: hu.Scheme) -> list[str]:
    """The lines."""
    text, source = _published(s)
    title = f"{s} = {text}" if text else str(s)
    blocks = [[f"{title}{f': {source}' if source else ''}"], _properties(s), _example(s, worked_example(s))]
    return "\n\n".join("\n".join(block) for block in blocks).split("\n")


def _published(s: hu.Scheme) -> tuple[str, str]:
    """The text that a published name stands for, and its source."""
    return next(((text, source) for name, text, source in _core.published_schemes() if name == str(s)), ("", ""))


def _properties(s: hu.Scheme) -> list[str]:
    f = s.element
    reach = f"{shown(f.min) if f.min < 0 or not f.has_zero else 0} to {shown(f.max)}"
    rows = [("element", f"{f}: {f.bits} bits, {reach}")]
    rows += [("scale", f"{level.format}: {level.format.bits} bits {_per(s, i)}") for i, level in enumerate(s.levels)]
    parts = [f"{f.bits}", *(f"{bits:g}" for bits in (*_bits(s), _zero_point_bits(s)) if bits)]
    total = f"{s.bits_per_element:g}"
    rows.append(("bits", f"{' + '.join(parts)} = {total} per element" if len(parts) > 1 else f"{total} per element"))
    rows += _recipe(s)
    rows += [(option, text) for option, text in _OPTIONS.items() if getattr(s, option)]
    if s.percentile:
        rows.append(("percentile", f"scales from the {s.percentile:g}th of magnitudes; what is larger saturates"))
    if s.search:
        rows.append(("search", "mse: of the scales near the recipe's, the one that leaves the least squared error"))
    if s.hadamard:
        rows.append(("hadamard", f"runs of {s.hadamard}, signs from seed {s.signs}; undone on dequantization"))
    return aligned(rows)


def _per(s: hu.Scheme, place: int) -> str:
    group = s.levels[place].group
    if isinstance(group, int):
        return f"for every {group} {'elements' if place == 0 else 'of the scales above'}"
    if isinstance(group, tuple):
        return f"for every tile of {group[0]} rows and {group[1]} columns"
    return {"channel": "for every index of the channel axis"}.get(group, "for the tensor")


def _bits(s: hu.Scheme) -> list[float]:
    """Of each level, for one element of a large array."""
    found = []
    size = 1
    for level in s.levels:
        size *= _size(level)
        found.append(level.format.bits / size if size else 0.0)
    return found


def _zero_point_bits(s: hu.Scheme) -> float:
    """Of the integers that stand for zero, one beside each scale, for one element of a large array."""
    size = _size(s.levels[0])
    return s.element.bits / size if s.zero_point and size else 0.0


def _size(level: Level) -> int:
    """Elements, or scales, under one scale; 0 where the array's size says."""
    if isinstance(level.group, tuple):
        return level.group[0] * level.group[1]
    return level.group if isinstance(level.group, int) else 0


def _recipe(s: hu.Scheme) -> list[tuple[str, str]]:
    kind = element_kind(s.element)
    for recipe in hu.recipes():
        # Ternary and binary elements have a recipe of the same name.
        if recipe.name == s.recipe and (recipe.shape == kind or kind not in ("ternary", "binary")):
            words = [("recipe", f"{recipe.name}: {recipe.summary}")]
            return words + [("", POWER_OF_TWO)] * (recipe.shape == "power_of_two")
    if s.levels and not s.levels[0].format.has_zero:
        return [("recipe", "ocp_floor outside; inside what is left of the group's own exponent"), ("", POWER_OF_TWO)]
    return [("recipe", "largest magnitude / largest reach of what is inside, exact, rounded once to nearest even")]


def _example(s: hu.Scheme, example: Example) -> list[str]:
    rows, columns = example.shape
    what = f"one run of {example.size}, mixed" if s.hadamard else f"one group of {example.size}"
    others = example.size - len(example.numbers)
    lines = [f"{what}: largest magnitude {example.amax:g}" + (f", {others} numbers not shown" if others else "")]
    if example.whole_amax > example.amax:
        lines.append(f"(the first in an array of {rows} x {columns}; the other one is {SECOND:g} times as large)")
    lines += aligned(
        [
            (f"scale {level.format}", shown(value), codes.hexadecimal(code, level.format))
            for level, (value, code) in zip(s.levels, example.scales, strict=True)
        ]
    )
    table = [("number", "code", f"{s.element}{' (mixed)' if s.hadamard else ''}", "value", "error")]
    for number, code, value in zip(example.numbers, example.codes, example.values, strict=True):
        element = shown(s.element.exact(code))
        error = f"{value - number:.3g}"
        table.append((f"{number:g}", codes.hexadecimal(code, s.element), element, f"{value:.6g}", error))
    return [*lines, "", *aligned(table)]
