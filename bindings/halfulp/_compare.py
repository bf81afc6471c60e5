"""How far recipes are apart on one's own data."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._complex import RECIPES, ComplexQuantized
from halfulp._phase_format import ComplexScheme
from halfulp._quantize import Quantized, quantize
from halfulp._scheme import AnyScheme, expand_schemes, recipes
from halfulp.sweeping._extras import need

if TYPE_CHECKING:
    import pandas


def compare_recipes(x: Any, schemes: Any, **options: Any) -> pandas.DataFrame:
    """In how many scale codes and element codes schemes differ on x: one row for each pair.

    schemes: two or more with the same element format and groups, such as ``"mxfp4@recipe={ceil,rceil}"``; or one of
    them without a recipe, which stands for all recipes of its shape. Complex ones, as ``"pm1_pmi/64:binary16"``, want a
    complex x and have two scale codes for each group. options: as in :func:`halfulp.quantize`.

    Columns: scheme_a, scheme_b; scale_codes, scale_codes_different, scale_share: of the innermost level; element_codes,
    element_codes_different, element_share; outer_scales_different: of the levels outside. Needs pandas.
    """
    pandas = need("pandas", "analysis", "a table")
    wanted = expand_schemes(schemes)
    if len(wanted) == 1:
        wanted = _with_every_recipe(wanted[0])
    first = wanted[0]
    for scheme in wanted:
        if not _groups(scheme) or (scheme.element, _groups(scheme)) != (first.element, _groups(first)):
            raise ValueError(
                f"schemes has {first} and {scheme}, allowed: schemes with scales, one element format and equal groups"
            )
    made = [quantize(x, scheme, **options) for scheme in wanted]
    rows = [
        {"scheme_a": str(wanted[i]), "scheme_b": str(wanted[j]), **_differences(made[i], made[j])}
        for i, j in itertools.combinations(range(len(made)), 2)
    ]
    return pandas.DataFrame(rows)


def _with_every_recipe(scheme: AnyScheme) -> list[AnyScheme]:
    """The scheme under all recipes of its shape."""
    base = str(scheme).partition("@")[0]
    if isinstance(scheme, ComplexScheme) and scheme.scale is not None:
        return expand_schemes([base, *(f"{base}@recipe={name}" for name in RECIPES if name)])
    shape = next((recipe.shape for recipe in recipes() if recipe.name == scheme.recipe), None)
    if shape is None:
        raise ValueError(f"schemes is {scheme}, which has no named recipes, allowed: two or more schemes")
    return expand_schemes([f"{base}@recipe={recipe.name}" for recipe in recipes() if recipe.shape == shape])


def _groups(scheme: AnyScheme) -> list[Any]:
    """The groups of every level; none without scales."""
    if isinstance(scheme, ComplexScheme):
        return [scheme.group] if scheme.scale is not None else []
    return [level.group for level in scheme.levels]


def _differences(a: Quantized | ComplexQuantized, b: Quantized | ComplexQuantized) -> dict[str, int | float]:
    scales, elements = np.asarray(a.scale_codes[0]), np.asarray(a.codes)
    scale_count = int(np.count_nonzero(scales != np.asarray(b.scale_codes[0])))
    element_count = int(np.count_nonzero(elements != np.asarray(b.codes)))
    outer = zip(a.scale_codes[1:], b.scale_codes[1:], strict=True)
    return {
        "scale_codes": scales.size,
        "scale_codes_different": scale_count,
        "scale_share": scale_count / scales.size if scales.size else 0.0,
        "element_codes": elements.size,
        "element_codes_different": element_count,
        "element_share": element_count / elements.size if elements.size else 0.0,
        "outer_scales_different": sum(int(np.count_nonzero(np.asarray(p) != np.asarray(q))) for p, q in outer),
    }
