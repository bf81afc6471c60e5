"""hu.cost: widths against sums of Fractions, published figures, stored bytes, and the model's own derivation."""

from __future__ import annotations

import dataclasses
import itertools
import math
from fractions import Fraction

import halfulp as hu
import numpy as np
import pytest
from halfulp import cost

SMALL = [
    "e2m1fn",
    "e1m2f",
    "e3m0f",
    "e2m1",
    "int3",
    "uint2",
    "int3s",
    "q2.1",
    "posit3_1",
    "pot3",
    "nf3",
    "ternary",
    "pm1",
]


def members(name: str) -> list[Fraction]:
    """The finite members, from the exact value of every code; the code that a symmetric integer never makes is none."""
    f = hu.format(name)
    codes = range(-(2 ** (f.bits - 1)), 2 ** (f.bits - 1)) if f.code_dtype.kind == "i" else range(len(f.values()))
    values = [f.exact(code) for code in codes]
    found = {Fraction(0) if v == "-0" else v for v in values if v not in ("nan", "inf", "-inf")}
    return sorted(v for v in found if isinstance(v, Fraction) and (not name.endswith("s") or v != min(found)))


def two_power(x: Fraction) -> int:
    """The exponent of the largest power of two of which x is a multiple."""
    return (x.numerator & -x.numerator).bit_length() - x.denominator.bit_length()


def fewest_bits(least: Fraction, greatest: Fraction) -> int:
    for bits in itertools.count(1):
        low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if least < 0 else (0, 2**bits - 1)
        if low <= least and greatest <= high:
            return bits
    raise AssertionError


@pytest.mark.parametrize("a", SMALL)
def test_extents_are_those_of_the_members(a: str) -> None:
    values = members(a)
    found = cost.extent(a)
    assert (found.least, found.greatest) == (values[0], values[-1])
    assert found.quantum == min(two_power(v) for v in values if v)
    unit = Fraction(2) ** found.quantum
    assert found.fixed_point_bits == fewest_bits(values[0] / unit, values[-1] / unit)
    assert found.significand_bits == max(int(abs(v) / Fraction(2) ** two_power(v)).bit_length() for v in values if v)


@pytest.mark.parametrize(
    ("a", "b"), list(itertools.combinations_with_replacement(["e2m1fn", "int3", "pot3", "nf3", "uint2"], 2))
)
@pytest.mark.parametrize("n", [1, 2, 3])
def test_sums_of_n_products_one_by_one(a: str, b: str, n: int) -> None:
    products = sorted({x * y for x in members(a) for y in members(b)})
    sums = {Fraction(0)}
    for _ in range(n):
        sums = {s + p for s in sums for p in products}
    found = cost.accumulator(a, b, n)
    assert (found.least, found.greatest) == (min(sums), max(sums))
    unit = Fraction(2) ** found.quantum
    assert all((p / unit).denominator == 1 for p in products)
    assert any((p / (2 * unit)).denominator != 1 for p in products)
    assert found.bits == fewest_bits(min(sums) / unit, max(sums) / unit)
    assert found.signed == (min(sums) < 0)
    assert found.n == n


def test_the_fpga_paper_s_widths_and_what_the_codes_certify() -> None:
    # arXiv 2311.12359: 2^ea + ma + 2^eb + mb + ceil(log2 n) - 1 with n = 4608 (ResNet-18).
    published = {(2, 3): 26, (3, 2): 32, (3, 3): 34}
    for (e, m), bits in published.items():
        assert cost.published_minifloat_width(e, m, e, m, 4608) == bits
        assert cost.accumulator(f"e{e}m{m}f", f"e{e}m{m}f", 4608).bits == bits - 1  # all codes are numbers
        assert cost.accumulator(f"e{e}m{m}", f"e{e}m{m}", 4608).bits == bits - 3  # the top exponent is none
    assert cost.published_integer_width(8, 8, 4608) == 30
    assert cost.accumulator("int8", "int8", 4608).bits == 28
    # By hand: E2M3 reaches 7.5 in eighths, so a product 60 * 60 = 3600 in 64ths, and 4608 of them 16588800 < 2^24.
    assert cost.accumulator("e2m3fn", "e2m3fn", 4608).greatest * 64 == 60 * 60 * 4608 == 16588800


def test_every_registered_format_has_a_width_and_a_price() -> None:
    for f in hu.formats():
        if f.kind == "complex":
            continue
        wide = cost.accumulator(f, "int4", 1000)
        assert wide.bits >= 1
        assert wide.least == min(1000 * x * y for x in (Fraction(f.min), Fraction(f.max)) for y in (-8, 7))
        for model in (cost.LUT6, cost.ENERGY_45NM, cost.AREA_45NM):
            priced = cost.mac(f, "int4", 1000, model)
            assert 0 < priced.total < math.inf
            assert priced.total == min(priced.alternatives.values())
            assert math.fsum(priced.parts.values()) == pytest.approx(priced.total, rel=1e-15)
            assert priced.accumulator_bits == wide.bits


def test_the_models_follow_from_their_table() -> None:
    rows = {(row.name, row.bits): row for row in cost.HOROWITZ_2014}

    def derived(column: str) -> tuple[float, float, float]:
        at = {key: getattr(row, column) for key, row in rows.items()}
        add = np.mean([at["integer add", bits] / bits for bits in (8, 16, 32)])
        multiply = np.mean([at["integer multiply", bits] / bits**2 for bits in (8, 32)])
        # Significands of 11 and 24 bits, exponents of 5 and 8: two shifters of 4 and 5 stages.
        shift = np.mean(
            [
                (at["float add", bits] - add * (p + e)) / (2 * p * stages)
                for bits, p, e, stages in ((16, 11, 5, 4), (32, 24, 8, 5))
            ]
        )
        return float(multiply), float(add), float(shift)

    for model, column in ((cost.ENERGY_45NM, "energy"), (cost.AREA_45NM, "area")):
        # Coefficients are kept to two digits.
        assert (model.multiply, model.add, model.shift) == pytest.approx(derived(column), rel=0.02)
        assert model.table == pytest.approx(model.shift / 2)
    # The integer entries of the table come back within a fifth; 20 % is how far 8 and 32 bits differ from one law.
    for bits in (8, 16, 32):
        assert cost.ENERGY_45NM.add * bits == pytest.approx(rows["integer add", bits].energy, rel=0.2)
        assert cost.AREA_45NM.add * bits == pytest.approx(rows["integer add", bits].area, rel=0.2)
    for bits in (8, 32):
        assert cost.ENERGY_45NM.multiply * bits**2 == pytest.approx(rows["integer multiply", bits].energy, rel=0.2)
        assert cost.AREA_45NM.multiply * bits**2 == pytest.approx(rows["integer multiply", bits].area, rel=0.2)


def test_a_unit_by_hand_and_a_model_of_one_s_own() -> None:
    # int8 x int8, 256 terms: 8 * 8 bits of products; sums up to 128 * 128 * 256 = 2^22 need 23 bits and a sign.
    unit = cost.mac("int8", "int8", 256)
    assert unit.accumulator_bits == 24
    assert unit.way == "fixed"
    assert unit.parts == {"decode": 0, "multiply": 32, "exponents": 0, "shift": 0, "accumulate": 24}
    assert (unit.total, unit.unit) == (56, "LUT")
    # E4M3 x E4M3: 4 * 4 bits, exponents of 4 bits, 31 places of 8 + 30 bits in 5 stages, as a float.
    fp8 = cost.mac("e4m3fn", "e4m3fn", 4096)
    assert cost.extent("e4m3fn").positions == 15
    assert fp8.way == "float"
    assert fp8.parts["multiply"] == 0.5 * 4 * 4
    assert fp8.parts["exponents"] == 4
    assert fp8.parts["shift"] == 0.5 * (8 + 28) * 5
    # Powers of two need no multiplier.
    assert cost.mac("e3m0f", "e3m0f", 128).parts["multiply"] == 0
    free_shift = dataclasses.replace(cost.LUT6, shift=0.0, source="an FPGA with free shifters")
    assert cost.mac("e4m3fn", "e4m3fn", 4096, free_shift).total == fp8.total - fp8.parts["shift"]
    narrow = cost.mac("int8", "int8", 256, accumulator_bits=16)
    assert narrow.total == unit.total - 8
    with pytest.raises(ValueError, match="multiply is -1, allowed: a finite number of 0 or more"):
        dataclasses.replace(cost.LUT6, multiply=-1)
    with pytest.raises(TypeError, match="model is a str, allowed: a MacModel"):
        cost.mac("int8", "int8", 4, "LUT6")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="accumulator_bits is 0"):
        cost.mac("int8", "int8", 4, accumulator_bits=0)


def test_wider_formats_never_cost_less() -> None:
    for model in (cost.LUT6, cost.ENERGY_45NM, cost.AREA_45NM):
        integers = [cost.mac(f"int{w}", f"int{w}", 512, model).total for w in range(2, 17)]
        assert integers == sorted(integers)
        mantissas = [cost.mac(f"e4m{m}f", f"e4m{m}f", 512, model).total for m in range(11)]
        assert mantissas == sorted(mantissas)
        terms = [cost.mac("e2m1fn", "e2m1fn", n, model).total for n in (1, 2, 4, 1000, 10**6)]
        assert terms == sorted(terms)


def test_wrong_formats_and_terms_are_refused() -> None:
    with pytest.raises(ValueError, match="n is 0, allowed: 1 to"):
        cost.accumulator("int8", "int8", 0)
    with pytest.raises(TypeError, match=r"n is 2\.0, allowed: an integer"):
        cost.accumulator("int8", "int8", 2.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="int8x"):
        cost.accumulator("int8x", "int8", 4)
    with pytest.raises(TypeError, match="formats of real numbers"):
        cost.accumulator("pm1_pmi", "int8", 4)
    with pytest.raises(ValueError, match="bits_a is 0, allowed: 1 to 64"):
        cost.published_integer_width(0, 8, 4)
    with pytest.raises(ValueError, match="exponent_b is 0, allowed: 1 to 19"):
        cost.published_minifloat_width(2, 3, 0, 3, 4)


# --- sizes ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scheme", ["mxfp4", "nvfp4", "int4/32:bfloat16@zero_point", "nf4_64", "int8/channel:binary16", "e4m3fn"]
)
@pytest.mark.parametrize("shape", [(8, 64), (3, 50)])
def test_storage_is_what_quantize_stores(scheme: str, shape: tuple[int, int]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    q = hu.quantize(x, scheme)
    found = cost.storage(shape, scheme)
    assert found.elements == x.size
    assert found.bytes == q.nbytes
    assert found.bits / x.size == found.bits_per_element == pytest.approx(q.bits_per_element, rel=1e-15)
    assert found.element_bits + found.scale_bits == found.bits
    assert found.padding_bits == 8 * found.bytes - found.bits >= 0
    assert cost.storage(x, scheme) == found


def test_storage_of_several_arrays_and_padding() -> None:
    shapes = {"a": (3, 50), "b": (4, 32)}
    both = cost.storage(shapes, "mxfp4")
    one, two = (cost.storage(shape, "mxfp4") for shape in shapes.values())
    assert (both.bits, both.bytes) == (one.bits + two.bits, one.bytes + two.bytes)
    mixed = cost.storage(shapes, {"a": "e4m3fn", "b": "mxfp4"})
    assert mixed.bits == 3 * 50 * 8 + two.bits
    # 150 elements of 4 bits are 75 bytes, 6 scales 6 bytes: 128 and 64 when planes start at multiples of 64.
    assert cost.storage((3, 50), "mxfp4", align=64).bytes == 128 + 64
    assert cost.storage((0, 32), "mxfp4").bits == 0
    assert math.isnan(cost.storage((0, 32), "mxfp4").bits_per_element)
    with pytest.raises(ValueError, match=r"schemes and shapes differ in \['b'\]"):
        cost.storage(shapes, {"a": "mxfp4"})
    with pytest.raises(TypeError, match="schemes is a mapping and shapes is none"):
        cost.storage((3, 4), {"a": "mxfp4"})
    with pytest.raises(TypeError, match=r"shapes is \(\), allowed: a shape with one axis or more"):
        cost.storage((), "mxfp4")
    with pytest.raises(ValueError, match="align is 0"):
        cost.storage((3, 4), "mxfp4", align=0)


# --- operations and fronts --------------------------------------------------------------------------------------------


def test_quartet_s_speedups() -> None:
    # arXiv 2505.14669, BOPS against FP8: forward 2, 1, 2; backward 1, 2, 2; training 1.2, 1.5, 2.0.
    for bits, expected in (((4, 8), (2, 1, 1.2)), ((8, 4), (1, 2, 1.5)), ((4, 4), (2, 2, 2.0)), ((8, 8), (1, 1, 1.0))):
        found = cost.speedup(*bits)
        assert tuple(found.values()) == pytest.approx(expected, rel=1e-15)
        assert list(found) == ["forward", "backward", "training"]
    assert cost.speedup(4, 16, reference_bits=16)["backward"] == 1
    with pytest.raises(ValueError, match=r"forward_bits is 0, allowed: a number from 0\.000976"):
        cost.speedup(0, 8)
    with pytest.raises(ValueError, match=r"forward_share is 2, allowed: a number from 0 to 1"):
        cost.speedup(4, 8, forward_share=2)


def test_bops() -> None:
    assert cost.bops(1000, 4, 8) == 32000.0
    assert cost.bops([10.0, 20.0], [4, 8], 8).tolist() == [320.0, 1280.0]
    with pytest.raises(ValueError, match=r"weight_bits\[1\] is -1"):
        cost.bops(1, [4, -1], 8)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_fronts_are_what_no_other_beats(columns: int) -> None:
    rng = np.random.default_rng(columns)
    for size in (0, 1, 2, 40):
        points = rng.integers(0, 6, (size, columns + 1)).astype(float)
        points[rng.random(points.shape) < 0.05] = math.nan
        expected = []
        for i, p in enumerate(points):
            beaten = any((q <= p).all() and ((q < p).any() or j < i) for j, q in enumerate(points) if j != i)
            if not np.isnan(p).any() and not beaten:
                expected.append(i)
        found = cost.front(points[:, 0], *points[:, 1:].T)
        assert sorted(found.tolist()) == expected
        assert (np.diff(points[found, 1]) >= 0).all()
    with pytest.raises(TypeError, match="one array of costs or more"):
        cost.front([1.0])
    with pytest.raises(ValueError, match=r"costs\[0\] has 1 numbers, allowed: 2"):
        cost.front([1.0, 2.0], [1.0])
