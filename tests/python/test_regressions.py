"""Inputs at which peers were wrong (the peer comparison's section 5), with the right answers."""

from collections import Counter

import halfulp as hu
import numpy as np
import pytest
from support import VECTORS, lines, number, same_values

ROWS = [line.split("  # ") for line in lines(VECTORS / "regressions" / "peers_section5.txt")]
CONVERT = [(fields.split()[1:], remark) for fields, remark in ROWS if fields.startswith("convert ")]
ADD = [(fields.split()[1:], remark) for fields, remark in ROWS if fields.startswith("add ")]


def as_float(value):
    x = float(value)
    assert isinstance(value, str) or value == x, "the vector's number is not a binary64"
    return x


def test_every_row_is_a_kind_that_is_tested():
    assert len(CONVERT) + len(ADD) == len(ROWS)
    met = Counter(remark.split(":")[0] for _, remark in ROWS)
    assert set(met) == {f"row {n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 12, 14, 16)} | {"rows 11, 13"}


@pytest.mark.parametrize(("fields", "remark"), CONVERT, ids=[" ".join(fields) for fields, _ in CONVERT])
def test_the_conversion_is_right(fields, remark):
    name, carrier, mode, overflow, x, want = fields
    assert carrier == "binary64"
    source, expected = np.array([as_float(number(x))]), np.array([as_float(number(want))])
    assert same_values(hu.round(source, name, mode, overflow=overflow), expected).all(), remark
    code = hu.encode(source, name, mode, overflow=overflow)
    assert same_values(hu.decode(code, name), expected).all(), remark


@pytest.mark.parametrize(("fields", "remark"), ADD, ids=[" ".join(fields) for fields, _ in ADD])
def test_the_sum_is_rounded_once(fields, remark):
    """By hu.add; a sum that binary64 holds goes through hu.round too, which needs no arithmetic."""
    name, mode, overflow, a, b, want = fields
    a, b, expected = number(a), number(b), np.array([as_float(number(want))])
    exact = a + b
    held = float(exact) == exact
    if held:
        assert same_values(hu.round(np.array([float(exact)]), name, mode, overflow=overflow), expected).all(), remark
    if not hasattr(hu, "add"):
        if not held:
            pytest.skip("hu.add is not built yet, and no carrier holds this sum")
        return
    got = hu.add(np.array([float(a)]), np.array([float(b)]), name, mode, overflow=overflow)
    assert same_values(got, expected).all(), remark
