"""hu.compare_recipes: counts of codes in which schemes differ."""

import re

import halfulp as hu
import numpy as np
import pytest

RNG = np.random.default_rng(3)
REAL = RNG.normal(size=(8, 64)).astype(np.float32)
COMPLEX = (RNG.normal(size=(4, 64)) + 1j * RNG.normal(size=(4, 64))).astype(np.complex64)


@pytest.mark.parametrize(("x", "a", "b"), [
    (REAL, "mxfp4@recipe=ceil", "mxfp4@recipe=even"),
    (REAL, "b1.58", "ternary/tensor:binary32@recipe=twn"),
    (COMPLEX, "pm1_pmi/16:e4m3fn", "pm1_pmi/16:e4m3"),
    (COMPLEX * 1e-7, "pm1_pmi/channel:binary32", "pm1_pmi/channel:binary32@recipe=fairy2i"),
])  # fmt: skip
def test_counts_are_those_of_the_arrays(x, a, b):
    # Catches: the codes of one scheme counted against themselves; complex schemes refused; one of the two scales of a
    # complex group left out.
    one, other = hu.quantize(x, a), hu.quantize(x, b)
    row = hu.compare_recipes(x, [a, b]).iloc[0]
    assert (row["scheme_a"], row["scheme_b"]) == (str(hu.scheme(a)), str(hu.scheme(b)))
    assert row["scale_codes"] == one.scale_codes[0].size
    assert row["scale_codes_different"] == np.count_nonzero(one.scale_codes[0] != other.scale_codes[0])
    assert row["element_codes"] == x.size
    assert row["element_codes_different"] == np.count_nonzero(one.codes != other.codes)
    assert row["outer_scales_different"] == 0


def test_fairy2i_lifts_small_scales_alone():
    # Catches: a comparison that does not reach the least scale of 1e-6.
    small = hu.compare_recipes(COMPLEX * 1e-7, "pm1_pmi/16:binary32@recipe=fairy2i")
    assert list(small["scheme_a"]) == ["pm1_pmi/16:binary32"]
    assert list(small["scheme_b"]) == ["pm1_pmi/16:binary32@recipe=fairy2i"]
    assert list(small["scale_share"]) == [1.0]
    assert not hu.compare_recipes(COMPLEX, "pm1_pmi/16:binary32")["scale_codes_different"].any()


def test_one_scheme_stands_for_all_recipes_of_its_shape():
    # Catches: recipes of another shape, or the default left out.
    names = {recipe.name for recipe in hu.recipes() if recipe.shape == "power_of_two"}
    table = hu.compare_recipes(REAL, "mxfp4")
    assert len(table) == len(names) * (len(names) - 1) // 2
    assert {hu.scheme(text).recipe for column in ("scheme_a", "scheme_b") for text in table[column]} == names


@pytest.mark.parametrize(("x", "schemes", "message"), [
    (REAL, "mxfp4 mxfp6_e2m3", "allowed: schemes with scales, one element format and equal groups"),
    (REAL, "mxfp4 e2m1fn/16:e8m0fnu", "equal groups"),
    (REAL, "e4m3fn e4m3fn@rounding", "rounding"),
    (REAL, "e2m1fn/32:bfloat16", "has no named recipes"),
    (COMPLEX, "pm1_pmi/16:binary32 pm1_pmi/32:binary32", "equal groups"),
    (COMPLEX, "pm1_pmi/16:binary32 pm1/16:binary32", "one element format"),
    (COMPLEX, "pm1_pmi", "has no named recipes"),
])  # fmt: skip
def test_refusals(x, schemes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        hu.compare_recipes(x, schemes)
