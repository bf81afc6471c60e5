"""hu.testing names the matrix unit, or the accumulator, that explains all results of a dot product that differ."""

from __future__ import annotations

import re
from typing import Any

import halfulp as hu
import numpy as np
import pytest
from halfulp import matrix_units

NAMED = re.compile(r"accumulate='([^']+)'")


def message(*given: Any, **keywords: Any) -> str:
    with pytest.raises(AssertionError) as error:
        hu.testing.assert_arithmetic(*given, **keywords)
    return str(error.value)


def members(name: str, shape: tuple[int, int], seed: int, spread: int = 8) -> np.ndarray:
    """Members of a format of many sizes, as float32."""
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=shape) * 2.0 ** rng.integers(-spread, spread, shape)).astype(np.float32)
    return np.asarray(hu.round(x, name, overflow="sat_finite"))


#: A unit, what it is given for, and the names beside it that compute the same.
UNITS = {
    "v100_fp16": ("binary16", []),
    "turing_fp16": ("binary16", ["a100_fp16", "ada_fp16"]),
    "h100_fp16": ("binary16", ["b200_fp16", "rtx_blackwell_fp16"]),
    "cdna2_fp16": ("binary16", []),
    "cdna3_bf16": ("bfloat16", []),
    "h100_bf16": ("bfloat16", ["b200_bf16", "rtx_blackwell_bf16"]),
    "a100_fp16_fp16": ("binary16", ["ada_fp16_fp16"]),
}


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_explains_a_product_of_values(name: str) -> None:
    # Catches: units that are not tried; one that explains a sample and not the rest; names without those that are the
    # same arithmetic, or with others.
    inputs, alike = UNITS[name]
    output = matrix_units.unit(name).output.name
    a, b = members(inputs, (24, 64), 1, 3), members(inputs, (64, 24), 2, 3)
    found = hu.matmul(a, b, output, accumulate=name, dtype=np.float32)
    said = message(found, "matmul", (a, b), output, accumulate="exact", most=0)
    assert f"all {said.split()[0]} differences vanish" in said
    others = f" (the same as {', '.join(alike)})" if alike else ""
    assert any(line.endswith(f"under accumulate={name!r}{others}") for line in said.splitlines())
    for other in NAMED.findall(said):  # those that these inputs do not tell apart
        assert np.array_equal(hu.matmul(a, b, output, accumulate=other, dtype=np.float32), found), other
    rows = hu.dot(a, b.T.copy(), output, accumulate=name, dtype=np.float32)
    assert f"accumulate={name!r}" in message(rows, "dot", (a, b.T), output, accumulate="exact", most=0)


def test_a_unit_that_was_stated_and_another_that_was_used() -> None:
    # Catches: a hint that names the unit which was stated, or none beside one.
    a, b = members("binary16", (24, 64), 3), members("binary16", (64, 24), 4)
    found = hu.matmul(a, b, "binary32", accumulate="v100_fp16", dtype=np.float32)
    said = message(found, "matmul", (a, b), "binary32", accumulate="h100_fp16", most=0).splitlines()[-1]
    assert said.endswith("differences vanish under accumulate='v100_fp16'")
    found = hu.matmul(a, b, "binary32", accumulate="fma", dtype=np.float32)
    said = message(found, "matmul", (a, b), "binary32", accumulate="h100_fp16", most=0)
    assert "under accumulate='fma'" in said
    assert "a100_fp16" not in said


def test_a_unit_of_several_formats_is_named_with_them() -> None:
    # Catches: values whose exponents are those of another format; codes that need no name of theirs.
    a, b = members("e4m3fn", (24, 96), 5, 5), members("e5m2", (96, 24), 6, 5)
    own = "h100_fp8:e4m3fn,e5m2"
    found = hu.matmul(a, b, "binary32", accumulate=own, dtype=np.float32)
    said = message(found, "matmul", (a, b), "binary32", accumulate="exact", most=0).splitlines()[-1]
    assert said.endswith(f"differences vanish under accumulate={own!r}")
    left, right = hu.encode(a, "e4m3fn"), hu.encode(b, "e5m2")
    given = {"operand_formats": ("e4m3fn", "e5m2"), "accumulate": "exact", "most": 0}
    said = message(found, "matmul", (left, right), "binary32", **given).splitlines()[-1]
    assert said.endswith("differences vanish under accumulate='h100_fp8'")


def test_the_addend_and_a_last_rounding_are_part_of_it() -> None:
    # Catches: c left out where units are tried; a result format other than the unit's.
    a, b = members("binary16", (16, 32), 7), members("binary16", (32, 16), 8)
    c = np.random.default_rng(9).normal(size=(16, 16)).astype(np.float32) * 100
    found = hu.matmul(a, b, "binary32", c=c, accumulate="a100_fp16", dtype=np.float32)
    said = message(found, "matmul", (a, b, c), "binary32", accumulate="fma", most=0)
    assert "under accumulate='turing_fp16' (the same as a100_fp16, ada_fp16)" in said
    rough = members("binary16", (64, 32), 10, 2), members("binary16", (32, 64), 11, 2)
    found = hu.matmul(*rough, "tf32", accumulate="v100_fp16", dtype=np.float32)
    assert "under accumulate='v100_fp16'" in message(found, "matmul", rough, "tf32", accumulate="sequential", most=0)
    found = hu.matmul(*rough, "tf32", "toward_zero", accumulate="v100_fp16", dtype=np.float32)
    said = message(found, "matmul", rough, "tf32", accumulate="sequential", most=0)
    assert "differences vanish" in said
    assert "rounding='toward_zero'" in said


def test_nothing_is_named_that_does_not_explain_all() -> None:
    # Catches: a unit that is named for most of the results, or for factors that it does not take.
    a, b = members("binary16", (24, 64), 12), members("binary16", (64, 24), 13)
    found = hu.matmul(a, b, "binary32", accumulate="h100_fp16", dtype=np.float32).copy()
    found[3, 4] += 1
    said = message(found, "matmul", (a, b), "binary32", accumulate="exact", most=0)
    assert "vanish" not in said
    assert said.splitlines()[-1] == (
        "closest: 1 of 576 differ under accumulate='h100_fp16' (the same as b200_fp16, rtx_blackwell_fp16)"
    )
    wide = a.copy()
    wide[0, 0] = 1 + 2.0**-20  # no member of any narrow format
    found = hu.matmul(wide, b, "binary32", accumulate="pairwise", dtype=np.float32)
    said = message(found, "matmul", (wide, b), "binary32", accumulate="exact", most=0)
    assert said.splitlines()[-1].endswith("differences vanish under accumulate='pairwise'")
