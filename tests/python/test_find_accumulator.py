"""find_accumulator names the accumulator that made an output, proposes inputs that tell others apart, and says when
none fits."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from halfulp import _core, matrix_units
from halfulp._projection import resolve
from halfulp.find_accumulator import find_accumulator


def device(by: Any, a: np.ndarray, b: np.ndarray, c: np.ndarray, inputs: str, output: str) -> np.ndarray:
    """What a device with this compiled accumulator would give, as values."""
    f, of = hu.format(output), hu.format(inputs)
    how = resolve(f._spec, None, None, None, None, None, None)
    out = np.empty((a.shape[0], b.shape[1]), dtype=f.code_dtype)
    operands = [
        (np.ascontiguousarray(hu.encode(x, g)), "codes", g._spec)
        for x, g in ((a, of), (b, of), (np.broadcast_to(c, out.shape), f))
    ]
    _core.products(operands, out, "codes", (*a.shape, b.shape[1]), by, f._spec, how, None, None, 1)
    return np.asarray(hu.decode(out, f))


def random_inputs(k: int, inputs: str, output: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    a, b = (np.asarray(hu.round(rng.standard_normal(shape), inputs)) for shape in ((8, k), (k, 8)))
    return a, b, np.asarray(hu.round(rng.standard_normal((8, 8)), output))


@pytest.mark.parametrize(
    ("name", "most"),
    [
        ("v100_fp16", 6),
        ("a100_bf16", 6),
        ("h100_fp16", 6),
        ("ada_fp8", 6),
        ("b200_fp8_mma", 120),  # 8-bit factors and 25 bits: random inputs lose nothing but the output's rounding
        ("cdna3_bf16", 6),
    ],
)
def test_a_units_outputs_name_it(name: str, most: int) -> None:
    unit = matrix_units.unit(name)
    inputs, output = unit.inputs[0].name, unit.output.name
    a, b, c = random_inputs(32, inputs, output, 1)
    d = device(unit.accumulator, a, b, c, inputs, output)
    found = find_accumulator(a, b, c, d, inputs, output)
    names = [x.name for x in found.candidates]
    assert name in names
    assert len(names) <= most
    explained = {str(_core.accumulator_fields(matrix_units.unit(n).accumulator)["fraction_bits"])
                 for n in names if n in matrix_units.names()}  # fmt: skip
    assert len(explained) == 1
    assert found.tried > 2000
    assert found.closest == []
    assert f"of {found.tried} accumulators explain all 64 outputs" in str(found)


def test_next_inputs_tell_the_rest_apart() -> None:
    unit = matrix_units.unit("v100_fp16_fp16")
    a, b, c = random_inputs(32, "binary16", "binary16", 2)
    d = device(unit.accumulator, a, b, c, "binary16", "binary16")
    found = find_accumulator(a, b, c, d, "binary16", "binary16")
    counts = [len(found.candidates)]
    for seed in range(3):
        after = found.next_inputs
        if after is None:
            break
        assert after.a.shape == after.b.T.shape
        outputs = device(unit.accumulator, after.a, after.b, after.c, "binary16", "binary16")
        assert np.array_equal(outputs, after.expected[unit.name])
        assert len(after.groups) > 1
        assert sorted(name for group in after.groups for name in group) == sorted(after.expected)
        found = find_accumulator(
            after.a, after.b, after.c, outputs, "binary16", "binary16", among=found, seed=seed
        )  # fmt: skip
        counts.append(len(found.candidates))
        assert unit.name in [x.name for x in found.candidates]
    assert counts[0] > 50 > 20 > counts[-1]
    assert sorted(counts, reverse=True) == counts


def test_a_parametric_accumulator_is_found_and_usable() -> None:
    """22 bits by floor, sixteen terms a step, are no unit's."""
    own = hu.Accumulator(
        group=16, inside="aligned", fraction_bits=22, alignment="floor", partial="binary32",
        partial_rounding="toward_zero",
    )  # fmt: skip
    a, b, c = random_inputs(32, "bfloat16", "binary32", 3)
    d = hu.matmul(a, b, "binary32", c=c, accumulate=own)
    found = find_accumulator(a, b, c, d, "bfloat16", "binary32")
    names = [x.name for x in found.candidates]
    assert names == ["aligned, by 16, 22 bits, floor, binary32 toward_zero"]
    assert found.next_inputs is None
    again = hu.matmul(a, b, "binary32", c=c, accumulate=found.candidates[0].accumulate)
    assert np.array_equal(again, d)


@pytest.mark.parametrize(
    ("keywords", "said"),
    [
        ({"partial": "binary32"}, "sequential, exact products"),
        ({"partial": "binary32", "product": "binary32"}, "sequential, rounded products"),
        ({"partial": "binary32", "group": 0, "inside": "pairwise"}, "pairwise, all at once, exact products"),
        ({"partial": "binary32", "group": 8, "inside": "sequential"}, "blocks added in order, by 8, exact products"),
        ({"partial": "binary32", "group": 4}, "exact groups, by 4, exact products"),
        ({"group": 0}, "exact"),
    ],
)
def test_software_orders_are_found(keywords: dict[str, Any], said: str) -> None:
    a, b, c = random_inputs(32, "tf32", "binary32", 4)
    d = hu.matmul(a, b, "binary32", c=c, accumulate=hu.Accumulator(**keywords))
    found = find_accumulator(a, b, c, d, "tf32", "binary32")
    assert any(x.name.startswith(said) for x in found.candidates), [x.name for x in found.candidates]
    assert len(found.candidates) < found.tried / 10


def test_dtypes_say_the_formats() -> None:
    a, b, _ = random_inputs(8, "bfloat16", "binary32", 5)
    left, right = a.astype(ml_dtypes.bfloat16), b.astype(ml_dtypes.bfloat16)
    unit = matrix_units.unit("a100_bf16")
    d = device(unit.accumulator, a, b, np.zeros(()), "bfloat16", "binary32").astype(np.float32)
    assert "a100_bf16" in [x.name for x in find_accumulator(left, right, None, d).candidates]
    eight = a.astype(ml_dtypes.float8_e4m3fn), b.astype(ml_dtypes.float8_e5m2)
    exact = np.asarray(eight[0], np.float64) @ np.asarray(eight[1], np.float64)
    found = find_accumulator(*eight, 0.0, exact.astype(np.float32))
    assert "b200_f8f6f4" in [x.name for x in found.candidates]


def test_nothing_explains_what_is_wrong() -> None:
    a, b, c = random_inputs(16, "binary16", "binary32", 6)
    unit = matrix_units.unit("h100_fp16")
    d = device(unit.accumulator, a, b, c, "binary16", "binary32").astype(np.float32)
    d[2, 3] = np.nextafter(d[2, 3], np.float32(9))
    found = find_accumulator(a, b, c, d, "binary16")
    assert found.candidates == []
    assert found.next_inputs is None
    assert found.closest[0][1] == 1
    assert "closest: " in str(found)
    with pytest.raises(ValueError, match="among has no candidates, allowed: a search that found some, or None"):
        find_accumulator(a, b, c, d, "binary16", among=found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"inputs": None}, "inputs is None and a has dtype float64, allowed: the format of a and b"),
        ({"inputs": ("binary16",)}, r"inputs is \('binary16',\), allowed: one format, or those of a and b"),
        ({"a": np.full((2, 4), 1 / 3)}, r"a\[0, 0\] is 0.333\d*, allowed for the search: members of binary16"),
        ({"b": np.ones((3, 2))}, r"a has shape \(2, 4\) and b \(3, 2\), allowed: \(m, k\) and \(k, n\)"),
        ({"a": np.ones((0, 4))}, "none of them 0"),
        ({"c": np.ones(3)}, r"c has shape \(3,\), allowed: \(2, 2\), a number or None"),
        ({"d": np.ones((2, 3), np.float32)}, r"d has shape \(2, 3\), allowed: \(2, 2\)"),
        ({"d": np.full((2, 2), 2.0**200)}, r"d\[0, 0\] is 1.6\d*e\+60, allowed for the search: members of binary32"),
        ({"output": "binary31"}, "binary31"),
    ],
)
def test_errors_name_what_is_wrong(change: dict[str, Any], said: str) -> None:
    call: dict[str, Any] = {
        "a": np.ones((2, 4)),
        "b": np.ones((4, 2)),
        "c": 0.0,
        "d": np.full((2, 2), 4.0),
        "inputs": "binary16",
        "output": "binary32",
    }
    with pytest.raises(ValueError, match=said):
        find_accumulator(**(call | change))
