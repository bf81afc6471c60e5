"""Projection presets against what their owners' own code answered: tests/vectors/presets."""

import halfulp as hu
import numpy as np
import pytest
from support import VECTORS, differing, lines, show

FILES = sorted((VECTORS / "presets").glob("*.txt"))
PRESETS = {"ocp_sat", "ocp_nonsat", "ptx_satfinite", "ml_dtypes", "torch", "torch_2_11", "onnx_saturate", "p3109"}

# Columns that no preset names alone: ours by a preset and a keyword, or None with the reason.
BESIDE = {
    ("cuda", "nosat"): {"projection": "ocp_nonsat"},
    ("cuda", "toward_zero"): {"projection": "ptx_satfinite", "rounding": "toward_zero"},
    ("cuda", "rz_satfinite"): {"projection": "ptx_satfinite", "rounding": "toward_zero"},
    ("cuda", "rp_satfinite"): {"projection": "ptx_satfinite", "rounding": "toward_positive"},
    ("onnx", "saturate0"): {"projection": "ocp_nonsat"},
    ("cuda", "rz_nosat"): None,  # E8M0 without saturation, and ONNX's other modes for E8M0, have no preset
    ("cuda", "rp_nosat"): None,
    ("onnx", "up_saturate0"): None,
    ("onnx", "down_saturate1"): None,
    ("onnx", "down_saturate0"): None,
    ("onnx", "nearest_saturate1"): None,
    ("onnx", "nearest_saturate0"): None,
}


def recording(path):
    """format, inputs as an array of the carrier, and for each column its label, preset names and codes (-1 is NaN)."""
    columns, inputs, codes = [], [], []
    for line in lines(path):
        kind, *fields = line.split()
        if kind == "format":
            (name,) = fields
        elif kind == "carrier":
            bits, floats = {"binary32": (np.uint32, np.float32), "binary64": (np.uint64, np.float64)}[fields[0]]
        elif kind == "column":
            columns.append((fields[0], [p for p in fields[1:] if p != "-"]))
        else:
            middle = fields.index(":")
            row = [-1 if c == "nan" else int(c, 16) for c in fields[:middle]]
            for text in fields[middle + 1 :]:
                inputs.append(int(text, 16))
                codes.append(row)
    x = np.array(inputs, dtype=bits).view(floats)
    return (
        name,
        x,
        [(label, presets, column) for (label, presets), column in zip(columns, np.array(codes).T, strict=True)],
    )


def compare(name, x, expected, **projection):
    got = hu.encode(x, name, **projection).astype(np.int64)
    is_nan = differing_nan(name, got)
    wrong = np.where(expected == -1, ~is_nan, got != expected)
    assert not wrong.any(), f"{projection}: " + show(name, x, got, expected, wrong)


def differing_nan(name, codes):
    """Whether codes are NaN: equal as a class to the format's first NaN."""
    f = hu.format(name)
    if not f.has_nan:
        return np.zeros(codes.shape, dtype=bool)
    nan = int(hu.encode(float("nan"), f))
    return ~differing(name, codes, np.full(codes.shape, nan))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_every_recorded_code_is_the_presets(path):
    owner = path.name.split(".")[0]
    name, x, columns = recording(path)
    assert len(x) > 40
    for label, presets, expected in columns:
        if presets:
            for preset in presets:
                assert preset in PRESETS
                compare(name, x, expected, projection=preset)
        else:
            beside = BESIDE[owner, label]  # a column that is not listed fails here
            if beside:
                compare(name, x, expected, **beside)


def test_every_owner_with_recordings_is_met():
    assert {path.name.split(".")[0] for path in FILES} == {"cuda", "onnx", "torch"}
    met = {p for path in FILES for _, presets, _ in recording(path)[2] for p in presets}
    assert met == {
        "ptx_satfinite",
        "torch",
        "torch_2_11",
        "onnx_saturate",
    }  # ml_dtypes is run live, OCP and P3109 are texts


# The README's rows that are texts, not recordings.
@pytest.mark.parametrize(
    ("preset", "name", "x", "value"),
    [
        ("ocp_sat", "e4m3fn", 1e9, 448.0),
        ("ocp_sat", "e4m3fn", -np.inf, -448.0),
        ("ocp_sat", "e5m2", np.inf, 57344.0),
        ("ocp_sat", "e5m2", 61440.0, 57344.0),
        ("ocp_nonsat", "e4m3fn", 465.0, np.nan),
        ("ocp_nonsat", "e4m3fn", 464.0, 448.0),
        ("ocp_nonsat", "e4m3fn", np.inf, np.nan),
        ("ocp_nonsat", "e5m2", 61440.0, np.inf),
        ("ocp_nonsat", "e5m2", -np.inf, -np.inf),
        ("ocp_sat", "e2m1fn", 1e9, 6.0),
        ("ocp_nonsat", "e2m1fn", np.inf, 6.0),
        ("ocp_nonsat", "e3m2fn", -1e9, -28.0),
        ("ptx_satfinite", "binary16", 1e9, 65504.0),
        ("ptx_satfinite", "bfloat16", -np.inf, -float.fromhex("0x1.fep+127")),
        ("ptx_satfinite", "tf32", np.nan, np.nan),
        ("torch", "binary16", 1e9, np.inf),
        ("p3109", "Binary8p4se", 1e9, np.inf),
        ("p3109", "Binary8p4sf", 1e9, 240.0),
        ("p3109", "Binary8p4sf", np.inf, 240.0),
        ("p3109", "Binary8p4ue", -1.0, np.nan),
        ("p3109", "Binary8p4ue", -np.inf, np.nan),
        ("p3109", "Binary8p4uf", -np.inf, np.nan),
        ("p3109", "Binary8p4ue", -0.0, 0.0),
        ("p3109", "Binary8p4se", -0.0, 0.0),
        ("carrier_then_round", "e4m3fn", 465.0, np.nan),
    ],
)
def test_a_preset_known_from_a_text_does_what_the_text_says(preset, name, x, value):
    got = hu.round(np.array([x]), name, projection=preset)
    np.testing.assert_array_equal(got, [value])
    assert np.isnan(value) or np.signbit(got[0]) == np.signbit(value)


@pytest.mark.parametrize("preset", ["ocp_sat", "ocp_nonsat"])
def test_ocp_leaves_nan_without_a_code_to_the_caller(preset):
    with pytest.raises(ValueError, match="e2m1fn has none"):
        hu.encode(np.array([np.nan]), "e2m1fn", projection=preset)
    assert hu.encode(np.array([np.nan]), "e2m1fn", projection=preset, nan="to_max")[0] == 7


def test_ptx_satfinite_into_e8m0_must_name_its_rounding():
    with pytest.raises(ValueError, match="rounding='toward_zero'"):
        hu.encode(1.5, "e8m0fnu", projection="ptx_satfinite")


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(ValueError, match="ml_dtypes") as error:
        hu.encode(1.5, "e5m2", projection="mldtypes")
    assert all(preset in str(error.value) for preset in PRESETS)


def test_a_keyword_goes_over_the_preset():
    x = np.array([1e9, 1.26])
    assert list(hu.round(x, "e5m2", projection="ocp_nonsat", overflow="sat_finite")) == [57344.0, 1.25]
    assert list(hu.round(x, "e5m2", "toward_positive", projection="ocp_sat")) == [57344.0, 1.5]
