"""The sweep's numbers against exact rational arithmetic that shares no code with the package."""

import math
from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("pandas")

import halfulp as hu
from halfulp.sweeping import COLUMNS, MODEL, load_weights, measures, model_rows

GROUP = 4
# e2m1's magnitudes in the order of their codes: ties go to the even code.
MAGNITUDES = [Fraction(n, 2) for n in (0, 1, 2, 3, 4, 6, 8, 12)]
LARGEST = MAGNITUDES[-1]
# Two matrices of multiples of 1/8 with ragged last groups, a group of zeros, and values that saturate under ocp_floor
# (a group's largest magnitude of 1.875 has a scale of 2^-2, and 1.875 / 2^-2 = 7.5 lies beyond 6 and rounds beyond it).
W = {
    "first": np.array([[1.875, -0.125, 0.5, 0.25, 3.0], [0, 0, 0, 0, -0.625]], dtype=np.float32),
    "second": np.array([[7.0, 1.0, 0.375, -0.375, 0.125, 2.5, -2.5, 1.125, 96.0]], dtype=np.float64),
}


def nearest(magnitude: Fraction) -> tuple[Fraction, bool]:
    """The member nearest to a magnitude, and whether rounding with one more binade (8 after 6) would have gone beyond
    the largest."""
    grid = [*MAGNITUDES, Fraction(8)]
    code = min(range(len(grid)), key=lambda c: (abs(grid[c] - magnitude), c % 2))
    return min(grid[code], LARGEST), grid[code] > LARGEST


def expected_sums(x: np.ndarray) -> dict[str, Fraction]:
    sums = dict.fromkeys(("error", "xx", "yy", "xy", "largest", "zeros", "saturated", "scales"), Fraction(0))
    for row in x:
        for start in range(0, len(row), GROUP):
            group = [Fraction(float(v)) for v in row[start : start + GROUP]]
            amax = max(map(abs, group))
            scale = Fraction(2) ** (math.frexp(float(amax))[1] - 1 - 2) if amax else Fraction(1)
            sums["scales"] += 1
            for v in group:
                member, beyond = nearest(abs(v) / scale)
                w = (member if v >= 0 else -member) * scale
                sums["error"] += (v - w) ** 2
                sums["xx"] += v * v
                sums["yy"] += w * w
                sums["xy"] += v * w
                sums["largest"] = max(sums["largest"], abs(v - w))
                sums["zeros"] += w == 0
                sums["saturated"] += beyond
    return sums


def check_row(row, sums: dict[str, Fraction], elements: int) -> None:
    # All inputs are small dyadic numbers, so every sum of the table is exact and only the final division or root
    # rounds.
    assert row["elements"] == elements
    assert row["squared_error"] == sums["error"]
    assert row["squared_norm"] == sums["xx"]
    assert row["relative_error"] == float(sums["error"]) / float(sums["xx"])
    assert row["sqnr_db"] == pytest.approx(-10 * math.log10(sums["error"] / sums["xx"]), rel=1e-14)
    assert row["mse"] == float(sums["error"]) / elements
    assert row["max_error"] == sums["largest"]
    assert row["cosine"] == pytest.approx(float(sums["xy"]) / math.sqrt(sums["xx"] * sums["yy"]), rel=1e-14)
    assert row["zeros"] == float(sums["zeros"]) / elements
    assert row["saturated"] == float(sums["saturated"]) / elements
    assert row["bits_per_element"] == float(4 * elements + 8 * sums["scales"]) / elements


def test_every_column_is_what_exact_arithmetic_gives():
    # Catches: any column with another formula; saturation counted as "equals the largest" (3.0 → 6·0.5 does not
    # saturate).
    table = hu.sweep(W, f"e2m1fn/{GROUP}:e8m0fnu", progress=False)
    parts = {name: expected_sums(x) for name, x in W.items()}
    assert sum(p["saturated"] for p in parts.values()) > 0
    for name, x in W.items():
        check_row(table[table["matrix"] == name].iloc[0], parts[name], x.size)
    together = {key: sum(p[key] for p in parts.values()) for key in parts["first"]}
    together["largest"] = max(p["largest"] for p in parts.values())
    check_row(model_rows(table).iloc[0], together, sum(x.size for x in W.values()))
    assert list(table["matrix"]) == ["first", "second", MODEL]
    assert list(table.columns) == list(COLUMNS)


def test_bits_are_those_of_the_quantized_array():
    # Catches: bits of the limit (scheme.bits_per_element) instead of this array's; the axis left out.
    x = np.linspace(-1, 1, 7 * 5 * 3, dtype=np.float32).reshape(7, 5, 3)
    for text in (
        "e4m3fn",
        "mxfp4",
        "nvfp4",
        "e2m1fn/2:bfloat16",
        "e2m1fn/2:e4m3fn/3:bfloat16",
        "e4m3fn/tensor:binary32",
    ):
        for axis in (0, 1, 2, -1):
            table = hu.sweep({"x": x}, text, axis=axis, progress=False)
            assert set(table["bits_per_element"]) == {hu.quantize(x, text, axis=axis).bits / x.size}


def test_columns_of_the_scheme():
    # Catches: the outer level's group in `block`; "tensor" as a block; levels in the wrong order.
    table = hu.sweep({"x": np.ones((2, 32))}, ["nvfp4", "e4m3fn/tensor:binary32", "e5m2"], progress=False)
    rows = model_rows(table)
    assert list(rows["element"]) == ["e2m1fn", "e4m3fn", "e5m2"]
    assert list(rows["element_bits"]) == [4, 8, 8]
    assert list(rows["scales"]) == ["e4m3fn/tensor:binary32", "binary32", ""]
    assert rows["block"][0] == 16
    assert list(rows["block"].isna()) == [False, True, True]


def test_exact_zero_and_hopeless_results():
    # Catches: 0/0 and log of 0; a matrix of zeros reported as infinitely wrong.
    exact = hu.sweep({"x": np.array([[1.0, 2.0]])}, "e4m3fn", progress=False).iloc[0]
    assert (exact["relative_error"], exact["sqnr_db"], exact["cosine"]) == (0, math.inf, 1)
    zero = hu.sweep({"x": np.zeros((2, 2))}, "e4m3fn", progress=False).iloc[0]
    assert (zero["relative_error"], zero["sqnr_db"], zero["zeros"]) == (0, math.inf, 1)
    assert math.isnan(zero["cosine"])
    lost = hu.sweep({"x": np.full((2, 2), 1e-9)}, "e4m3fn", progress=False).iloc[0]
    assert (lost["relative_error"], lost["sqnr_db"]) == (1, 0)
    assert math.isnan(lost["cosine"])
    # A format without a zero makes something of nothing.
    worse = hu.sweep({"x": np.zeros((2, 2))}, "e8m0fnu", progress=False).iloc[0]
    assert (worse["relative_error"], worse["sqnr_db"]) == (math.inf, -math.inf)


def test_scales_that_vanish_are_counted():
    # Catches: zero_scales not passed on. 2^-149 / 6 rounds to no bfloat16 but zero.
    x = np.zeros((1, 8), dtype=np.float32)
    x[0, 3] = 2.0**-149
    table = hu.sweep({"x": x}, "e2m1fn/4:bfloat16", progress=False)
    assert list(table["zero_scales"]) == [hu.quantize(x, "e2m1fn/4:bfloat16").zero_scales] * 2 == [1, 1]


def test_sixteen_bit_weights_are_measured_without_a_second_rounding():
    # Catches: results stored back in the weights' 16 bits, which would round the product of element and scale again.
    rng = np.random.default_rng(7)
    half = rng.normal(size=(4, 64)).astype(np.float16)
    halves = hu.sweep({"x": half}, "nvfp4 mxfp4", progress=False)
    singles = hu.sweep({"x": half.astype(np.float32)}, "nvfp4 mxfp4", progress=False)
    assert halves.equals(singles)


def test_elements_wider_than_float32_are_measured_in_float64():
    # Catches: a TypeError halfway through; a silent float32 that cannot hold its range.
    x = np.array([[1 + 2.0**-23, 3.0]], dtype=np.float32)
    row = hu.sweep({"x": x}, "e11m20", progress=False).iloc[0]
    assert row["squared_error"] == 2.0**-46


def test_sums_do_not_depend_on_the_order_of_matrices():
    # Catches: plain addition in the model's row.
    values = np.random.default_rng(0).normal(size=(50, 4)) ** 6
    parts = [measures.Sums(1, 0, 0, 0, *row, 0) for row in values.tolist()]
    together = measures.total(parts)
    exact = [float(sum(map(Fraction, column))) for column in values.T.tolist()]
    assert [together.squared_error, together.squared_x, together.squared_y, together.product] == exact


def test_float64_weights_stay_float64():
    # Catches: float64 passing through float32 on its way in.
    assert load_weights({"x": np.array([[1 + 2.0**-40]])}).matrices[0].values().dtype == np.float64
    row = hu.sweep({"x": np.array([[1 + 2.0**-40]])}, "bfloat16", progress=False).iloc[0]
    assert row["max_error"] == 2.0**-40


def test_weights_whose_squares_leave_float64_are_told_and_not_measured_wrong() -> None:
    for size in (1e-200, 1e200):
        with pytest.raises(Exception, match="squares beyond float64"):
            hu.sweep({"a": np.linspace(size, 2 * size, 64).reshape(2, 32)}, "e2m1fn/32:binary64", workers=1)


def test_a_matrix_may_not_take_the_name_of_the_row_of_all_matrices() -> None:
    with pytest.raises(ValueError, match=r"matrix named '\(model\)'"):
        hu.sweep({"(model)": np.ones((2, 32))}, "mxfp4")
