"""Backends: every one gives the same bits, and a name that is not there is refused where it was given."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import halfulp as hu
import numpy as np
import pytest

WORK = """
import hashlib
import numpy as np
import halfulp as hu

rng = np.random.default_rng(3)
x = (rng.standard_normal((7, 211)) * 2.0 ** rng.integers(-20, 20, (7, 211))).astype(np.float32)
digest = hashlib.sha256()
for name in ("e4m3fn", "e5m2", "e2m1fn", "bfloat16", "e3m2f", "tf32"):
    for mode in ("nearest_ties_to_even", "toward_zero", "to_odd", "toward_positive"):
        digest.update(hu.round(x, name, mode).tobytes())
        digest.update(hu.encode(x, name, mode).tobytes())
    digest.update(hu.round(x, name, "stochastic", rng=7).tobytes())
    digest.update(hu.decode(hu.encode(x, name), name).tobytes())
for scheme in ("mxfp8_e4m3", "mxfp4", "nvfp4", "e2m1fn/24:bfloat16"):
    for axis in (0, 1):
        digest.update(hu.fake_quantize(x, scheme, axis=axis).tobytes())
        digest.update(hu.quantize(x, scheme, axis=axis).codes.tobytes())
print(hu.backend(), digest.hexdigest())
"""


def run(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: text for name, text in os.environ.items() if name != "HALFULP_BACKEND"}
    return subprocess.run(
        [sys.executable, "-c", code], env=inherited | environment, capture_output=True, text=True, timeout=120
    )


@pytest.fixture
def undone() -> Iterator[None]:
    """Gives the choice of the backend back afterwards."""
    chosen = hu.backend()
    yield
    hu.set_backend(chosen)


def test_the_scalar_definition_is_always_there_and_comes_first() -> None:
    names = hu.backends()
    assert names[0] == "scalar"
    assert set(names) <= {"scalar", "sse2", "avx2", "avx512", "neon"}
    assert len(set(names)) == len(names)
    assert hu.backend() in names


def test_every_backend_named_by_the_environment_runs_and_gives_the_same_bits() -> None:
    outputs = {}
    for name in hu.backends():
        done = run(WORK, HALFULP_BACKEND=name)
        assert done.returncode == 0, done.stderr
        ran, outputs[name] = done.stdout.split()
        assert ran == name
    assert len(set(outputs.values())) == 1, outputs


def test_the_best_backend_is_the_default() -> None:
    for environment in ({}, {"HALFULP_BACKEND": ""}):
        done = run("import halfulp as hu; print(hu.backend())", **environment)
        assert done.stdout.strip() == hu.backends()[-1]


USES = [
    "hu.backend()",
    "hu.set_backend(None)",
    "hu.round(x, 'e4m3fn')",
    "hu.encode(x, 'e4m3fn')",
    "hu.decode(codes, 'e4m3fn')",
    "hu.quantize(x, 'mxfp4')",
    "hu.fake_quantize(x, 'mxfp4')",
    "hu.pack(codes, 4)",
]


@pytest.mark.parametrize(
    ("value", "use"),
    [("zz", use) for use in USES] + [(value, USES[0]) for value in ("AVX2", " scalar", "scalar,avx2")],
)
def test_a_wrong_halfulp_backend_is_an_error_at_the_first_use(value: str, use: str) -> None:
    code = f"""
import numpy as np
import halfulp as hu
x, codes = np.ones(64, np.float32), np.ones(64, np.uint8)
print("imported")
for _ in range(2):
    try:
        {use}
    except ValueError as error:
        print(error)
"""
    done = run(code, HALFULP_BACKEND=value)
    first, *errors = done.stdout.splitlines()
    assert first == "imported", done.stderr
    assert len(errors) == 2
    for error in errors:
        assert "HALFULP_BACKEND" in error
        assert f"'{value}'" in error
        assert ", ".join(hu.backends()) in error


@pytest.mark.usefixtures("undone")
def test_a_backend_is_chosen_and_given_back() -> None:
    x = np.linspace(-500, 500, 1001, dtype=np.float32)
    want = hu.round(x, "e4m3fn").tobytes()
    for name in hu.backends():
        assert hu.set_backend(name) is None
        assert hu.backend() == name
        assert hu.round(x, "e4m3fn").tobytes() == want
    hu.set_backend("scalar")
    hu.set_backend(None)
    assert hu.backend() == (os.environ.get("HALFULP_BACKEND") or hu.backends()[-1])


@pytest.mark.usefixtures("undone")
@pytest.mark.parametrize("name", ["zz", "", "Scalar", "sse", "é", "cuda"])
def test_an_unknown_backend_is_refused_with_those_available_and_changes_nothing(name: str) -> None:
    hu.set_backend("scalar")
    with pytest.raises(ValueError, match="backend is '") as error:
        hu.set_backend(name)
    assert repr(name) in str(error.value)
    assert ("ASCII" if name == "é" else "scalar") in str(error.value)
    assert hu.backend() == "scalar"


@pytest.mark.parametrize("name", [3, True, b"scalar", ["scalar"]])
def test_a_backend_is_a_text_or_none(name: object) -> None:
    with pytest.raises(TypeError, match=r"backend is .*a name"):
        hu.set_backend(name)  # type: ignore[arg-type]
