"""How one tests the casts of a library: ml_dtypes' and torch's, against the exact definition.

Run it with ``pip install halfulp pytest ml_dtypes torch`` and ``pytest test_casts.py``; a library that is not installed
is skipped. Every test passes: first what the libraries promise, then where they differ from rounding once to nearest
even. A difference is found, counted and explained by the message of the assertion, so a change of theirs is noticed.
"""

import re
import warnings

import halfulp as hu
import numpy as np
import pytest
from halfulp.testing import assert_bitexact


def probes(name, dtype):
    """Every member and midpoint of a format with the carrier's neighbours of each, both signs, infinities and NaN."""
    members = np.abs(np.asarray(hu.format(name).values(), dtype=np.float64))
    members = np.unique(members[np.isfinite(members)])
    behind = 2 * members[-1] - members[-2]  # where the next member would be
    midpoints = (members + np.append(members[1:], behind)) / 2
    with np.errstate(over="ignore"):
        x = np.concatenate([members, midpoints, [0.0, behind, 4 * behind, np.inf, np.nan]]).astype(dtype)
    x = np.concatenate([x, np.nextafter(x, dtype(np.inf)), np.nextafter(x, dtype(-np.inf))])
    return np.concatenate([x, -x])


def differences(actual, name, source, **projection):
    """The message of a comparison that has to fail."""
    with pytest.raises(AssertionError) as error:
        assert_bitexact(actual, name, source, **projection)
    return str(error.value)


def count(message):
    return int(re.match(r"\d+", message)[0])


# --- ml_dtypes --------------------------------------------------------------------------------------------------------

ML_DTYPES = {
    "e4m3fn": "float8_e4m3fn",
    "e5m2": "float8_e5m2",
    "e4m3fnuz": "float8_e4m3fnuz",
    "e5m2fnuz": "float8_e5m2fnuz",
    "e3m4": "float8_e3m4",
    "bfloat16": "bfloat16",
}


def ml_dtypes_cast(x, dtype):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    with np.errstate(all="ignore"):
        return x.astype(getattr(ml_dtypes, dtype))


@pytest.mark.parametrize("name", ML_DTYPES)
def test_ml_dtypes_rounds_float32_once(name, bitexact):
    """No preset is named: float32 becomes the nearest member, ties to even, overflow as the format does natively."""
    x = probes(name, np.float32)
    bitexact(ml_dtypes_cast(x, ML_DTYPES[name]).view(f"u{hu.format(name).code_dtype.itemsize}"), name, x)


@pytest.mark.parametrize("name", [name for name in ML_DTYPES if name != "bfloat16"])
def test_ml_dtypes_rounds_float64_twice(name):
    """float64 arrays go through binary32 on their way (float64 just above a tie becomes the tie)."""
    x = probes(name, np.float64)
    cast = ml_dtypes_cast(x, ML_DTYPES[name])
    message = differences(cast, name, x)
    assert "when the source is first rounded to binary32" in message
    assert "just above the midpoint" in message or "just below the midpoint" in message
    assert_bitexact(cast, name, x, projection="ml_dtypes")  # the preset is that library's way


def test_ml_dtypes_sends_ties_of_e8m0_up():
    """3 lies halfway between 2 and 4. Nearest even takes the one with the even exponent field; ml_dtypes goes up."""
    x = 3 * 2.0 ** np.arange(-100, 100)
    cast = ml_dtypes_cast(x.astype(np.float32), "float8_e8m0fnu")
    message = differences(cast, "e8m0fnu", x)
    assert count(message) == 100  # every other one
    assert "100 of them at a tie" in message
    for way in ("nearest_ties_to_away", "nearest_ties_up"):
        assert f"under rounding='{way}'" in message
    assert_bitexact(cast, "e8m0fnu", x, rounding="nearest_ties_to_away")


def test_ml_dtypes_has_its_own_lowest_gap_of_e8m0():
    """Between 2^-127 and 2^-126 it always goes up, and zero becomes NaN: no mode does that, but the preset does."""
    x = np.array([0.0, 1.25 * 2.0**-127, 1.75 * 2.0**-127, 2.0**-126, 1.0], dtype=np.float32)
    cast = ml_dtypes_cast(x, "float8_e8m0fnu")
    message = differences(cast, "e8m0fnu", x)
    assert count(message) == 2
    assert "vanish under projection='ml_dtypes'" in message


def test_ml_dtypes_turns_nan_into_zero_where_there_is_no_nan():
    x = np.array([1.0, np.nan], dtype=np.float32)
    cast = ml_dtypes_cast(x, "float4_e2m1fn")
    with pytest.raises(ValueError, match="NaN"):  # halfulp wants to be told
        assert_bitexact(cast, "e2m1fn", x)
    assert "under projection='ml_dtypes'" in differences(cast, "e2m1fn", x, nan="to_max")
    assert_bitexact(cast, "e2m1fn", x, projection="ml_dtypes")


# --- torch ------------------------------------------------------------------------------------------------------------

TORCH = {"e4m3fn": "float8_e4m3fn", "e5m2": "float8_e5m2", "e4m3fnuz": "float8_e4m3fnuz", "bfloat16": "bfloat16"}


def torch_cast(x, dtype):
    torch = pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.from_numpy(x).to(getattr(torch, dtype))


def torch_preset():
    torch = pytest.importorskip("torch")
    version = tuple(int(part) for part in re.findall(r"\d+", torch.__version__)[:2])
    return "torch" if version >= (2, 13) else "torch_2_11"


@pytest.mark.parametrize("name", TORCH)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_torch_has_its_preset(name, dtype, bitexact):
    x = probes(name, dtype)
    bitexact(torch_cast(x, TORCH[name]), name, x, projection=torch_preset())


def test_torch_saturates_e4m3fn_since_2_13():
    """E4M3FN has no infinity: the format's own overflow is NaN, as OCP's non-saturating conversion. torch changed."""
    x = probes("e4m3fn", np.float32)
    cast = torch_cast(x, "float8_e4m3fn")
    if torch_preset() == "torch_2_11":
        assert_bitexact(cast, "e4m3fn", x)
        return
    message = differences(cast, "e4m3fn", x)
    assert "under overflow='sat_finite'" in message
    assert "where: overflow " in message


def test_torch_rounds_float64_twice():
    x = probes("e5m2", np.float64)
    message = differences(torch_cast(x, "float8_e5m2"), "e5m2", x)
    assert "when the source is first rounded to binary32" in message


def test_torch_drops_the_sign_for_e8m0():
    x = np.array([1.0, -1.0, -0.25], dtype=np.float32)
    cast = torch_cast(x, "float8_e8m0fnu")
    message = differences(cast, "e8m0fnu", x)
    assert count(message) == 2
    assert "under projection='torch'" in message


# --- a cast of one's own ----------------------------------------------------------------------------------------------


def float32_to_bfloat16(x):
    """What many kernels do: add half of the last place kept (a little less for even results), then cut."""
    bits = x.view(np.uint32)
    with np.errstate(over="ignore"):
        rounded = (bits + 0x7FFF + ((bits >> 16) & 1)) >> 16
    return np.where(np.isnan(x), 0x7FC0, rounded).astype(np.uint16)


def test_a_cast_of_ones_own(bitexact, halfulp_backend):
    """Once with each of halfulp's backends, which have to agree."""
    x = probes("bfloat16", np.float32)
    bitexact(float32_to_bfloat16(x), "bfloat16", x)


def test_a_forgotten_tie_is_found():
    x = probes("bfloat16", np.float32)
    bits = x[np.isfinite(x)].view(np.uint32)
    careless = ((bits + 0x8000) >> 16).astype(np.uint16)  # ties always go away from zero
    message = differences(careless, "bfloat16", bits.view(np.float32))
    assert "vanish under rounding='nearest_ties_to_away'" in message


hypothesis = pytest.importorskip("hypothesis", reason="strategies need it")


@hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])  # on busy machines
@hypothesis.given(x=hu.testing.arrays("bfloat16", of="between", dtype="float32"))
def test_with_hypothesis(x):
    """Numbers near members, midpoints and the overflow threshold; a failure is shrunk to a short one."""
    assert_bitexact(float32_to_bfloat16(x), "bfloat16", x)
