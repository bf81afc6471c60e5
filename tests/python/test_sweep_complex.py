"""Complex schemes on real matrices: bits and errors against NumPy in float64, which shares no code with the package."""

import math

import numpy as np
import pytest

pytest.importorskip("pandas")

import halfulp as hu
from halfulp.sweeping import MODEL, jobs, model_rows

RNG = np.random.default_rng(7)
# Quarters of small integers: every sum, half and product with a power of two below is exact in binary32.
W = {"even": RNG.integers(-40, 41, size=(6, 20)) / 4, "tall": RNG.integers(-40, 41, size=(16, 2)) / 4}
KINDS = ("tensor", "channel", 4, 7)


def sector(z):
    """0 = -1, 1 = +1, 2 = -i, 3 = +i, by the angle in turns from the diagonal below the positive real axis."""
    if z == 0:
        return 1
    quarter = math.floor((math.atan2(z.imag, z.real) / (2 * math.pi) + 1 / 8) % 1 * 4)
    assert abs(abs(z.real) - abs(z.imag)) > 1e-9  # ties are the vectors' matter
    return (1, 3, 0, 2)[quarter]


def quantized_part(part, group):
    """Each group's elements as ±s_re or ±i s_im, means in float64 rounded to binary32; and the number of groups."""
    out = np.empty_like(part)
    if group == "tensor":
        places = [np.ndindex(part.shape)]
    elif group == "channel":
        places = [[(i, j) for j in range(part.shape[1])] for i in range(part.shape[0])]
    else:
        columns = range(0, part.shape[1], group)
        places = [
            [(i, j) for j in range(first, min(first + group, part.shape[1]))]
            for i in range(part.shape[0])
            for first in columns
        ]
    for some in map(list, places):
        codes = {place: sector(part[place]) for place in some}
        real = [abs(part[p].real) for p in some if codes[p] < 2]
        imaginary = [abs(part[p].imag) for p in some if codes[p] >= 2]
        scales = [float(np.float32(np.mean(parts))) if parts else 0.0 for parts in (real, imaginary)]
        for p in some:
            out[p] = (-scales[0], scales[0], -1j * scales[1], 1j * scales[1])[codes[p]]
    return out, len(places)


def expected(matrix, group):
    """The matrix through its widely linear form y = U x + V conj(x), and the bits that are stored."""
    n, m = matrix.shape[0] // 2, matrix.shape[1] // 2
    a, b, c, d = matrix[:n, :m], matrix[:n, m:], matrix[n:, :m], matrix[n:, m:]
    u, v = (a + d + 1j * (c - b)) / 2, (a - d + 1j * (b + c)) / 2
    (qu, groups), (qv, _) = quantized_part(u, group), quantized_part(v, group)
    again = np.block([[(qu + qv).real, (qv - qu).imag], [(qu + qv).imag, (qu - qv).real]])
    return again, 2 * (2 * n * m + 2 * 32 * groups)


def without_ties(matrix):
    """The matrix moved so that no element of U or V lies on a diagonal."""
    n, m = matrix.shape[0] // 2, matrix.shape[1] // 2
    moved = matrix.copy()
    moved[:n, :m] += 1 / 16
    moved[n:, :m] += 1 / 64
    return moved


@pytest.mark.parametrize("group", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_error_and_bits_are_those_of_the_widely_linear_form(group, dtype):
    # Catches: halves in another order, V without its conjugate, the error of U and V in place of the matrix's, scales
    # of one part alone, 2 bits an element.
    weights = {name: without_ties(matrix).astype(dtype) for name, matrix in W.items()}
    table = hu.sweep(weights, f"pm1_pmi/{group}:binary32", progress=False)
    sums = np.zeros(2)
    stored = 0
    for name, matrix in weights.items():
        again, bits = expected(matrix.astype(np.float64), group)
        row = table[table["matrix"] == name].iloc[0]
        error = ((matrix - again) ** 2).sum()
        assert row["squared_error"] == pytest.approx(error, rel=1e-5)
        assert row["relative_error"] == pytest.approx(error / (matrix.astype(np.float64) ** 2).sum(), rel=1e-5)
        assert row["max_error"] == pytest.approx(np.abs(matrix - again).max(), rel=1e-5)
        assert row["bits_per_element"] == bits / matrix.size
        assert row["bytes"] >= bits / 8
        sums += [error, (matrix.astype(np.float64) ** 2).sum()]
        stored += bits
    model = model_rows(table).iloc[0]
    assert model["relative_error"] == pytest.approx(sums[0] / sums[1], rel=1e-5)
    assert model["bits_per_element"] == stored / sum(m.size for m in weights.values())


def test_columns_of_complex_schemes():
    table = hu.sweep(
        {"w": W["even"]},
        "pm1_pmi pm1_pmi/{tensor,channel,4}:bfloat16 pm1_pmi/4:binary16@recipe=fairy2i",
        progress=False,
    )
    rows = model_rows(table)
    assert list(rows["element"]) == ["pm1_pmi"] * 5
    assert list(rows["element_kind"]) == ["complex"] * 5
    assert list(rows["element_bits"]) == [2] * 5
    assert [None if rows["block"].isna()[i] else rows["block"][i] for i in range(5)] == [None, None, None, 4, 4]
    assert list(rows["scales"]) == ["", "bfloat16", "channel:bfloat16", "bfloat16", "binary16"]
    assert list(rows["recipe"]) == ["", "", "", "", "fairy2i"]
    assert rows["bits_per_element"][0] == 1
    assert not rows["saturated"].any()


def test_a_large_matrix_is_taken_whole_and_mixed_schemes_do_not_meet(monkeypatch):
    # Catches: halves of a piece in place of the halves of the matrix.
    monkeypatch.setattr("halfulp.sweeping.cutting._PIECE_ELEMENTS", 64)
    x = RNG.normal(size=(32, 48)).astype(np.float32)
    texts = ["pm1_pmi/8:binary16", "int4s/16:bfloat16", "pm1_pmi/channel:binary32"]
    table = hu.sweep({"x": x}, texts, progress=False)
    for text in texts[::2]:
        u, v = hu.phase.to_widely_linear(x)
        again = hu.phase.from_widely_linear(*(hu.fake_quantize(part, text) for part in (u, v)))
        error = ((x.astype(np.float64) - again) ** 2).sum()
        row = table[(table["scheme"] == text) & (table["matrix"] == "x")].iloc[0]
        assert row["squared_error"] == pytest.approx(error, rel=1e-12)
    alone = hu.sweep({"x": x}, texts[1], progress=False)
    assert alone["squared_error"][0] == table[table["scheme"] == texts[1]]["squared_error"].iloc[0]


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 2, 2)])
def test_shapes_without_such_a_form_are_told_with_the_matrix_before_anything_is_computed(shape):
    weights = {"fits": np.ones((2, 2)), "odd": np.ones(shape)}
    with pytest.raises(jobs.PairError, match=r"matrix 'odd' under scheme pm1_pmi/tensor:binary32: its shape is .*even"):
        hu.sweep(weights, "mxfp4 pm1_pmi/tensor:binary32", progress=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rounding": "toward_zero"}, "rounding is 'toward_zero', allowed for pm1_pmi"),
        ({"rounding": "stochastic", "rng": 1}, "rounding is 'stochastic', allowed for pm1_pmi"),
    ],
)
def test_a_phase_has_one_rounding(options, message):
    with pytest.raises(ValueError, match=message):
        hu.sweep({"w": W["even"]}, "pm1_pmi/4:binary16", progress=False, **options)


def test_schemes_may_be_objects_and_each_counts_once():
    wanted = [hu.scheme("pm1_pmi/4:binary16"), "pm1_pmi/{4,5}:binary16", hu.format("pm1_pmi"), "pm1_pmi"]
    rows = model_rows(hu.sweep({"w": W["even"]}, wanted, progress=False))
    assert list(rows["scheme"]) == ["pm1_pmi/4:binary16", "pm1_pmi/5:binary16", "pm1_pmi"]
    one = model_rows(hu.sweep({"w": W["even"]}, wanted[0], progress=False))
    assert one["squared_error"][0] == rows["squared_error"][0]


def test_results_are_kept_and_found_again(tmp_path):
    # Catches: complex schemes that a results folder cannot name; keys that forget the scheme.
    texts = "pm1_pmi/{4,channel}:binary16 mxfp4"
    first = hu.sweep({"w": W["even"]}, texts, results=tmp_path, progress=False)
    again = hu.sweep({"w": W["even"]}, texts, results=tmp_path, progress=False)
    assert first.equals(again)
    kept = hu.sweeping.read_results(tmp_path)
    assert set(kept["scheme"]) == set(first["scheme"])
    assert (kept["matrix"] == MODEL).sum() == 3


def test_processes_measure_them_too():
    x = {"w": RNG.normal(size=(8, 16))}
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    here = hu.sweep(x, "pm1_pmi/4:binary16", progress=False)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor:
        there = hu.sweep(x, "pm1_pmi/4:binary16", executor=executor, progress=False)
    assert here.equals(there)


def test_scales_that_vanish_are_counted():
    tiny = np.full((2, 2), 1e-6, dtype=np.float32)
    tiny[0, 0] = 3e-6
    row = hu.sweep({"w": tiny}, "pm1_pmi/1:e4m3fn", progress=False).iloc[0]
    assert row["zero_scales"] == 2  # each part has one element, and so one scale of its two that is not exactly zero
    assert row["zeros"] == 1
