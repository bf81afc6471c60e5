"""Matrices in pieces: the same bits and counts as the whole, whatever the scheme, the axis and the rounding."""

import dataclasses
import math

import numpy as np
import pytest

pytest.importorskip("pandas")

import halfulp as hu
from halfulp.sweeping import cutting, jobs, load_weights, measuring
from halfulp.sweeping.cases import Options, make_cases
from halfulp.sweeping.checks import check_fit
from halfulp.sweeping.jobs import Subject, cut_all
from halfulp.sweeping.looking import look, looks, together

OPTIONS = Options(
    axis=-1,
    channel_axis=0,
    scale_rounding=None,
    scales_draw=False,
    random_bits=None,
    source=(42, 7, 1000),
    input_axis=-1,
    histograms=True,
)
LENGTHS = [
    "e4m3fn",
    "e4m3fn/tensor:binary32",
    "e2m1fn/16:e4m3fn",
    "e2m1fn/5:e8m0fnu",
    "nvfp4",
    "e2m1fn/4:e4m3fn/3:bfloat16",
    "e2m1fn/4:e4m3fn/6:bfloat16/tensor:binary32",
    "e2m1fn/3:bfloat16/2:bfloat16/5:binary32",
]
LATER = [
    "e4m3fn/channel:binary32",
    "e2m1fn/4x6:e8m0fnu",
    "e2m1fn/4x6:e4m3fn/tensor:binary32",
    "e2m1fn/8:e4m3fn/channel:binary32",
    "e2m1fn/16:e8m0fnu@hadamard=8",
    "e2m1fn/4:e8m0fnu@hadamard=32,signs=9",
    "e4m3fn@hadamard=8",
    "e2m1fn/16:e4m3fn/tensor:binary32@hadamard=16",
    "e2m1fn/16:bfloat16@search=mse",
    "e2m1fn/16:e4m3fn/tensor:binary32@search=mse",
    "e4m3fn/tensor:binary32@search=mse",
    "e2m1fn/16:e4m3fn/tensor:binary32@recipe=four_over_six",
]
CODES = [
    "b1.58",
    "ternary/tensor:binary32@recipe=twn",
    "ternary/channel:binary32@recipe=twn",
    "ternary/16:bfloat16",
    "pm1/tensor:binary32",
    "pm1/tensor:binary32@recipe=absmax",
    "pm1/16:bfloat16",
    "int8s/tensor:binary32@percentile=75",
    "int4s/4:bfloat16@percentile=75",
    "int4/tensor:binary32@zero_point",
    "uint4/16:bfloat16@zero_point",
    "int4s/16:e4m3fn/tensor:binary32",
    "nf4/24:binary32@flat",
    "nf4/8:dynamic8/4:binary32@double_quant,flat",
    "e2m1fn/16:e4m3fn/tensor:binary32@flat",
    "e4m3fn/tensor:binary32@flat",
    "apot4/16:bfloat16",
    "posit8_2/tensor:binary32",
]
SHAPES = [(31, 40), (7, 5, 33), (1, 3000), (2, 1999), (50, 1), (300, 4)]


def scheme_or_skip(text: str) -> str:
    try:
        hu.scheme(text)
    except ValueError as error:
        pytest.skip(str(error))
    return text


def in_pieces(x: np.ndarray, case, options: Options, index: int = 0):
    """(values, zero_scales, saturated, number of pieces), put together from the pieces."""
    (matrix,) = load_weights({"x": x}).matrices
    facts = together(matrix, [look(part) for part in looks(matrix, False)])
    (block,) = cut_all([Subject(matrix, index, facts.amax)], [case], options, {})
    parts, zero_scales, saturated = [], 0, 0
    for job in block.jobs(options, {}):
        for begin, end in job.pieces:
            piece = measuring._Piece(job, begin, end, jobs.Workspace())
            values = piece._values.astype(case.carrier(piece._values.dtype))
            part, zeros, beyond = piece._quantize(case, values)
            parts.append(part.copy())
            zero_scales, saturated = zero_scales + zeros, saturated + beyond
    return np.concatenate(parts), zero_scales, saturated, len(parts)


def check_pieces(x: np.ndarray, text: str, options: Options, rounding: str) -> int:
    (case,) = make_cases([text], rounding)
    expected_values, zero_scales, saturated = hu._quantize.fake_quantize_report(
        x, text, axis=None if case.flat else options.axis, rng=options.draw(case, 3), **options.keywords(case)
    )
    values, *counts, pieces = in_pieces(x, case, options, index=3)
    np.testing.assert_array_equal(values.view(np.uint32), expected_values.reshape(-1).view(np.uint32))
    assert counts == [zero_scales, saturated]
    return pieces


def matrix_of(shape: tuple[int, ...]) -> np.ndarray:
    """Heavy tails, so that scales differ, elements saturate, and the largest magnitude lies in one piece alone."""
    x = np.random.default_rng(math.prod(shape)).standard_t(2, size=shape).astype(np.float32)
    x[0] *= 1e-6
    return x


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("text", LENGTHS + LATER + CODES)
def test_pieces_have_the_bits_of_the_whole(monkeypatch, text: str, shape: tuple[int, ...]):
    # Catches: groups cut in two on any level; a tensor's scale of the piece alone, of whichever kind; ballast that
    # joins a group or is counted; random words that begin anew with each piece; ragged ends.
    scheme_or_skip(text)
    x = matrix_of(shape)
    for axis in range(len(shape)):
        for size in (1, 64, 500):
            monkeypatch.setattr(cutting, "_PIECE_ELEMENTS", size)
            options = dataclasses.replace(OPTIONS, axis=axis)
            # The recipe twn has a threshold of its own in place of a rounding.
            for rounding in ("nearest_ties_to_even", "stochastic")[: 1 if "twn" in text else 2]:
                try:
                    check_fit(
                        [Subject(load_weights({"x": x}).matrices[0], 0, 0.0)], make_cases([text], rounding), options, {}
                    )
                except ValueError:
                    continue  # the scheme does not fit the shape or the axis
                check_pieces(x, text, options, rounding)


@pytest.mark.parametrize(
    ("text", "shape", "axis"),
    [
        ("mxfp4", (64, 64), -1),
        ("mxfp4", (512, 8), 0),
        ("nvfp4", (64, 64), -1),
        ("mxfp4", (1, 4096), -1),
        ("e2m1fn/4:e4m3fn/4:bfloat16", (64, 64), 0),
        ("e4m3fn", (1, 4096), 0),
        ("e4m3fn/tensor:binary32", (4096, 1), 0),
        ("e4m3fn/channel:binary32", (64, 64), -1),
        ("e2m1fn/4x6:e8m0fnu", (64, 64), -1),
        ("e2m1fn/16:e8m0fnu@hadamard=8", (64, 64), -1),
        ("e2m1fn/16:e4m3fn/tensor:binary32@search=mse", (64, 64), -1),
        ("nf4/24:binary32@flat", (64, 64), -1),
        ("e2m1fn/16:e4m3fn/tensor:binary32@flat", (64, 64), -1),
        ("int4s/16:bfloat16@percentile=75", (64, 64), -1),
    ],
)
def test_what_can_be_cut_is_cut(monkeypatch, text: str, shape: tuple[int, ...], axis: int):
    # Catches: a rule that plays it safe and takes everything whole, which the test above would not see.
    scheme_or_skip(text)
    monkeypatch.setattr(cutting, "_PIECE_ELEMENTS", 512)
    assert check_pieces(matrix_of(shape), text, dataclasses.replace(OPTIONS, axis=axis), "stochastic") >= 7


def test_scales_that_are_rounded_stochastically_keep_the_matrix_whole(monkeypatch):
    # Catches: a cut that moves the words of scales, which count scales.
    monkeypatch.setattr(cutting, "_PIECE_ELEMENTS", 512)
    options = dataclasses.replace(OPTIONS, scale_rounding="stochastic", scales_draw=True)
    assert check_pieces(matrix_of((64, 64)), "e2m1fn/16:bfloat16", options, "nearest_ties_to_even") == 1


def test_a_sweep_in_pieces_gives_the_sweep(monkeypatch):
    # Catches: sums of pieces or slices lost, doubled or put together wrongly; histograms by pieces with ranges of their
    # own.
    rng = np.random.default_rng(5)
    weights = {"a": rng.standard_t(3, size=(60, 96)).astype(np.float32), "b": rng.normal(size=(9, 64))}
    schemes = "mxfp4 nvfp4 e4m3fn e4m3fn/tensor:binary32 e2m1fn/4:e4m3fn/3:bfloat16"
    arguments = {
        "rounding": ["nearest_ties_to_even", "stochastic"],
        "rng": 3,
        "progress": False,
        "activations": {"a": rng.normal(size=(5, 96))},
    }
    whole = hu.sweep(weights, schemes, **arguments)
    monkeypatch.setattr(cutting, "_PIECE_ELEMENTS", 200)
    monkeypatch.setattr(jobs, "_SLICE_ELEMENTS", 1000)
    monkeypatch.setattr("halfulp.sweeping.looking._PART_ELEMENTS", 1500)
    monkeypatch.setattr("halfulp.sweeping.looking._STEP", 400)
    pieces = hu.sweep(weights, schemes, **arguments)
    for column in whole.columns:
        exact = whole[column].dtype.kind not in "f" or column in (
            "max_error",
            "max_relative_error",
            "zeros",
            "saturated",
            "kl",
        )
        if exact:
            assert whole[column].equals(pieces[column]), column
        else:
            np.testing.assert_allclose(pieces[column], whole[column], rtol=1e-13, err_msg=column)
    assert whole["output_error"].notna().sum() == 2 * 10


def test_what_does_not_fit_the_memory_is_told_first(monkeypatch):
    # Catches: an hour of sweeping before the machine runs out of memory.
    monkeypatch.setattr("halfulp.sweeping.checks._memory", lambda: 50_000.0)
    x = np.ones((100, 100), dtype=np.float32)
    monkeypatch.setattr(cutting, "_PIECE_ELEMENTS", 1000)
    hu.sweep({"x": x}, "mxfp4", progress=False)
    with pytest.raises(ValueError, match=r"matrix 'x' under scheme mxfp4: 10,000 of its elements .*scale_rounding is"):
        hu.sweep({"x": x}, "mxfp4", scale_rounding="stochastic", rng=1, progress=False)
