"""The strategies of halfulp.testing: what they draw belongs to the format, reaches the edges, and shrinks."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from halfulp import testing
from halfulp._kinds import element_kind
from hypothesis import Phase, assume, find, given, settings
from hypothesis import strategies as st
from support import boundaries

TABLES = ["e4m3fn", "e5m2", "e2m1fn", "e8m0fnu", "e4m3fnuz", "posit8_2", "int8", "q4.4", "nf4", "hif8", "Binary8p4ue"]
WIDE = ["binary16", "bfloat16", "binary32", "binary64", "posit32_2", "tf32"]
ONCE = settings(database=None, max_examples=2000)


def drawn(strategy: st.SearchStrategy[Any], count: int = 150) -> list[Any]:
    """So many examples, the same ones each time."""
    found: list[Any] = []

    @settings(max_examples=count, database=None, derandomize=True, phases=[Phase.generate])
    @given(strategy)
    def collect(x: Any) -> None:
        found.append(x)

    collect()
    return found


def shrunk(strategy: st.SearchStrategy[Any], condition: Callable[[Any], bool] = lambda x: True) -> Any:
    return find(strategy, condition, settings=ONCE)


def exact(code: int, name: str) -> float:
    return float(hu.format(name).exact(code))


# --- codes and values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES + WIDE)
def test_codes_are_codes_and_values_are_members(name: str) -> None:
    f = hu.format(name)
    for code in drawn(testing.codes(name), 100):
        assert type(code) is int
        f.exact(code)  # raises for what is no code
    values = np.array(drawn(testing.values(name), 100))
    back = hu.decode(hu.encode(values, f, overflow="sat_propagate"), f, "float64")
    assert np.array_equal(values, back, equal_nan=True)


@pytest.mark.parametrize("name", ["e4m3fn", "e5m2", "binary32", "binary64"])
def test_edges_come_often(name: str) -> None:
    f = hu.format(name)
    wanted = {0.0, 1.0, float(f.max), float(f.min_positive), float(f.min_normal), -float(f.max)}
    values = drawn(testing.values(name), 3000)
    assert wanted <= set(values)
    assert any(np.isnan(value) for value in values)
    assert any(value == 0 and np.signbit(value) for value in values)
    assert (np.inf in values) == f.has_inf
    one = int(hu.encode(1.0, f))
    largest_subnormal = (1 << f.mantissa_bits) - 1
    assert {one - 1, one, one + 1, largest_subnormal, largest_subnormal + 1} <= set(drawn(testing.codes(name), 3000))


def test_all_codes_of_a_narrow_format_come() -> None:
    assert set(drawn(testing.codes("e2m1fn"), 1000)) == set(range(16))
    assert len(set(drawn(testing.codes("e4m3fn"), 1000))) > 200


@pytest.mark.parametrize("name", ["e5m2", "binary32"])
def test_specials_can_be_left_out(name: str) -> None:
    f = hu.format(name)
    assert all(np.isfinite(v) for v in drawn(testing.values(name, nan=False, infinity=False)))
    assert not any(np.isnan(v) for v in drawn(testing.values(name, nan=False)))
    assert not any(np.isinf(v) for v in drawn(testing.values(name, infinity=False)))
    assert not any(f.exact(c) == "nan" for c in drawn(testing.codes(name, nan=False)))
    assert all(np.isfinite(v) for v in drawn(testing.between(name, nan=False, infinity=False)))


@pytest.mark.parametrize("name", [name for name in TABLES if name not in ("e8m0fnu", "nf4")] + WIDE)
def test_values_shrink_towards_zero_and_one(name: str) -> None:
    assert shrunk(testing.values(name)) == 0
    assert not np.signbit(shrunk(testing.values(name)))
    assert shrunk(testing.values(name), lambda v: v != 0) == 1
    assert exact(shrunk(testing.codes(name)), name) == 0
    assert exact(shrunk(testing.codes(name), lambda c: exact(c, name) != 0), name) == 1


def test_values_shrink_towards_short_numbers() -> None:
    assert shrunk(testing.values("e4m3fn"), lambda v: v > 5) == 6
    assert shrunk(testing.values("e4m3fn"), lambda v: v < 0) == -1
    assert shrunk(testing.values("e4m3fn"), lambda v: v not in (0, 1)) == 2
    assert shrunk(testing.values("e4m3fn"), lambda v: v not in (0, 1, 2, 3)) == 4
    assert shrunk(testing.values("e8m0fnu")) == 1
    assert shrunk(testing.values("nf4")) == 0


def test_a_format_beyond_float64_has_codes_but_no_values() -> None:
    with pytest.raises(TypeError, match="float64 does not hold every value of e15m16"):
        testing.values("e15m16")
    assert all(0 <= code < 2**32 for code in drawn(testing.codes("e15m16"), 50))


# --- numbers between members ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "dtype"), [("e4m3fn", "float64"), ("e4m3fn", "float32"), ("e5m2", "float16")])
def test_numbers_between_lie_at_the_places_where_rounding_turns(name: str, dtype: str) -> None:
    numbers = drawn(testing.between(name, dtype, nan=False), 500)
    carrier = np.dtype(dtype).type
    with np.errstate(over="ignore"):
        assert all(float(carrier(x)) == x for x in numbers)  # the carrier's own
    turning = {float(x) for x in boundaries(name, carrier)}
    assert sum(x in turning for x in numbers) > 200
    down, up = (hu.encode(np.array(numbers), name, mode) for mode in ("nearest_ties_to_zero", "nearest_ties_to_away"))
    assert (down != up).sum() > 10  # ties
    assert len(set(numbers)) > 150


def test_numbers_between_reach_the_overflow_threshold_and_half_the_least() -> None:
    numbers = set(drawn(testing.between("e4m3fn"), 8000))
    assert {464.0, 2.0**-10, np.nextafter(464.0, 0.0), np.nextafter(2.0**-10, 1.0)} <= {abs(x) for x in numbers}


def test_numbers_between_find_a_cast_that_rounds_twice() -> None:
    def cast(x: float) -> Any:
        with np.errstate(all="ignore"):
            return hu.encode(np.float64(np.float32(x)), "e4m3fn")

    found = shrunk(testing.between("e4m3fn", nan=False), lambda x: cast(x) != hu.encode(x, "e4m3fn"))
    assert abs(Fraction(found) - Fraction(float(np.float32(found)))) <= Fraction(2) ** -50 * 512


def test_numbers_between_shrink_towards_members() -> None:
    assert shrunk(testing.between("e4m3fn")) == 0
    assert shrunk(testing.between("e4m3fn"), lambda x: x != 0) == 1
    assert shrunk(testing.between("e4m3fn"), lambda x: x > 1.3) in hu.format("e4m3fn").values()


def test_a_carrier_that_does_not_hold_the_format_is_an_error() -> None:
    with pytest.raises(TypeError, match="float16 does not hold every value of bfloat16, allowed: bfloat16 or float32"):
        testing.between("bfloat16", "float16")
    with pytest.raises(TypeError, match="dtype"):
        testing.between("e4m3fn", "int8")


# --- arrays -----------------------------------------------------------------------------------------------------------


def test_arrays_have_the_shape_and_dtype_asked_for() -> None:
    for array in drawn(testing.arrays("e4m3fn", (2, 3)), 20):
        assert array.shape == (2, 3)
        assert array.dtype == np.float32
        assert np.array_equal(hu.round(array, "e4m3fn"), array, equal_nan=True)
    assert all(a.dtype == np.int8 for a in drawn(testing.arrays("int8", 4, of="codes"), 20))
    assert all(a.dtype == np.float64 for a in drawn(testing.arrays("binary64", 4), 20))
    assert all(a.dtype == np.float64 for a in drawn(testing.arrays("binary32", 4, of="between"), 20))
    assert all(a.dtype == np.float32 for a in drawn(testing.arrays("bfloat16", 4, of="between"), 20))
    assert all(a.dtype == ml_dtypes.bfloat16 for a in drawn(testing.arrays("e5m2", 4, dtype=ml_dtypes.bfloat16), 20))
    assert {a.ndim for a in drawn(testing.arrays("e5m2"), 100)} == {1, 2, 3}
    assert {a.shape for a in drawn(testing.arrays("e5m2", st.sampled_from([(1,), (2, 2)])), 50)} == {(1,), (2, 2)}


def test_arrays_between_are_exact_in_their_dtype() -> None:
    for array in drawn(testing.arrays("e4m3fn", 50, of="between", dtype="float32", nan=False), 20):
        assert array.dtype == np.float32
    every = np.concatenate(drawn(testing.arrays("e4m3fn", 50, of="between", nan=False), 40))
    turning = boundaries("e4m3fn", np.float32)
    assert np.isin(every, turning).mean() > 0.4


@pytest.mark.parametrize(
    ("keywords", "text"),
    [({"of": "code"}, "of is 'code'"), ({"of": "codes", "dtype": "float32"}, "dtype is 'float32'")],
)
def test_bad_input_of_arrays(keywords: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        testing.arrays("e4m3fn", **keywords)


# --- projections and formats ------------------------------------------------------------------------------------------


@given(st.data())
def test_every_projection_answers_every_number(data: st.DataObject) -> None:
    f = data.draw(testing.formats(most_bits=10))
    how = data.draw(testing.projections(f))
    assume(f._spec.holds("binary64"))
    x = data.draw(testing.arrays(f, 5, of="between", dtype="float64"))
    codes = hu.encode(x, f, projection=how)
    testing.assert_bitexact(codes, f, x, projection=how)


def test_projections_cover_modes_and_policies() -> None:
    found = drawn(testing.projections("e4m3fn"), 300)
    assert len({p.rounding for p in found}) == 11
    assert {p.overflow for p in found} == {None, "sat_finite", "sat_propagate", "sat_none", "to_nan"}
    assert {p.ftz for p in found} == {None, "before", "after"}
    assert {p.rounding for p in drawn(testing.projections(stochastic=True), 300)} >= {
        "stochastic_a",
        "stochastic_equal",
    }
    integers = drawn(testing.projections("int8"), 300)
    assert {p.ftz for p in integers} == {None}
    assert "wrap" in {p.overflow for p in integers}
    assert "wrap" not in {p.overflow for p in found}
    assert shrunk(testing.projections("e4m3fn")) == hu.Projection("nearest_ties_to_even", nan="to_max")


def test_formats_are_of_the_kinds_and_widths_asked_for() -> None:
    found = drawn(testing.formats(), 300)
    assert all(f.bits <= 16 for f in found)
    assert {f.kind for f in found} == {"float", "integer", "fixed point", "posit", "codebook"}
    registered = set(hu.formats())
    assert any(f not in registered for f in found)
    assert all(f in registered for f in drawn(testing.formats(own=False), 200))
    assert {f.kind for f in drawn(testing.formats("posit"), 50)} == {"posit"}
    some = drawn(testing.formats(("float", "integer"), most_bits=8), 150)
    assert {element_kind(f) for f in some} == {"float", "integer"}
    assert max(f.bits for f in some) == 8
    assert max(f.bits for f in drawn(testing.formats("float", most_bits=32), 300)) == 32
    assert shrunk(testing.formats()) in registered
    with pytest.raises(ValueError, match="kinds holds 'floats', allowed: float"):
        testing.formats("floats")
    with pytest.raises(ValueError, match="most_bits is 1, allowed"):
        testing.formats("posit", most_bits=1)
