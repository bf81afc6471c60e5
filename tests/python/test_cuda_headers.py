"""The host code of cuda_fp8.h, cuda_fp6.h, cuda_fp4.h, compiled here with g++: presets ptx_satfinite and ocp_nonsat.

More inputs than the recordings of tests/vectors/presets: every binary16 and bfloat16, random binary32 and binary64.
"""

import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from support import boundaries, differing, show

SOURCE = Path(__file__).parent / "cuda_headers" / "convert.cpp"
CARRIERS = {"binary64": np.float64, "binary32": np.float32, "binary16": np.float16, "bfloat16": ml_dtypes.bfloat16}
SATFINITE = {"projection": "ptx_satfinite"}
COLUMNS = {
    "e4m3fn": [SATFINITE, {"projection": "ocp_nonsat"}],
    "e5m2": [SATFINITE, {"projection": "ocp_nonsat"}],
    "e3m2fn": [SATFINITE, SATFINITE | {"rounding": "toward_zero"}],
    "e2m3fn": [SATFINITE, SATFINITE | {"rounding": "toward_zero"}],
    "e2m1fn": [SATFINITE, SATFINITE | {"rounding": "toward_zero"}],
    # no preset is E8M0 without saturation
    "e8m0fnu": [SATFINITE | {"rounding": "toward_zero"}, None, SATFINITE | {"rounding": "toward_positive"}, None],
}


@lru_cache(maxsize=1)
def include_folder():
    """Where cuda_fp8.h is, or None."""
    nvcc = shutil.which("nvcc")
    homes = [
        os.environ.get("CUDA_HOME"),
        os.environ.get("CUDA_PATH"),
        str(Path(nvcc).resolve().parent.parent) if nvcc else None,
        "/usr/local/cuda",
    ]
    folders = [Path(home) / part for home in homes if home for part in ("include", "targets/x86_64-linux/include")]
    return next((folder for folder in folders if (folder / "cuda_fp8.h").exists()), None)


@pytest.fixture(scope="module")
def converter(tmp_path_factory):
    folder, compiler = include_folder(), shutil.which("g++")
    if folder is None:
        pytest.skip("cuda_fp8.h is not in CUDA_HOME, beside nvcc or in /usr/local/cuda")
    if compiler is None:
        pytest.skip("g++ is not installed")
    program = tmp_path_factory.mktemp("cuda_headers") / "convert"
    command = [compiler, "-std=c++17", "-O1", "-w", "-isystem", str(folder), str(SOURCE), "-o", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    known = subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()

    def convert(x, name, carrier):
        if name not in known:
            pytest.skip(f"the installed CUDA headers have no {name}")
        done = subprocess.run([program, name, carrier], input=x.tobytes(), capture_output=True, check=False)
        assert done.returncode == 0
        return np.frombuffer(done.stdout, dtype=np.uint8).reshape(len(x), -1).T

    return convert


def inputs(name, carrier):
    dtype = CARRIERS[carrier]
    if np.dtype(dtype).itemsize == 2:
        return np.arange(2**16, dtype=np.uint16).view(dtype)
    word = np.uint32 if dtype is np.float32 else np.uint64
    words = np.random.default_rng(13).integers(np.iinfo(word).max, size=60_000, dtype=word, endpoint=True)
    # half of them with exponents at which the formats are busy
    busy = np.random.default_rng(14).normal(size=60_000) * 2.0 ** np.random.default_rng(15).integers(
        -22, 20, size=60_000
    )
    return np.concatenate([words.view(dtype), busy.astype(dtype), boundaries(name, dtype)])


# The headers have no conversion of binary16 to E8M0.
@pytest.mark.parametrize(
    ("name", "carrier"), [(n, c) for n in COLUMNS for c in CARRIERS if (n, c) != ("e8m0fnu", "binary16")]
)
def test_the_presets_give_the_codes_of_nvidias_headers(converter, name, carrier):
    x = inputs(name, carrier)
    theirs = converter(x, name, carrier)
    assert len(theirs) == len(COLUMNS[name])
    for want, projection in zip(theirs, COLUMNS[name], strict=True):
        if projection:
            got = hu.encode(x, name, **projection)
            wrong = differing(name, got, want)
            assert not wrong.any(), f"{projection} " + show(name, x, got, want, wrong)


def test_their_e8m0_without_saturation_is_the_preset_but_for_what_lies_beyond_the_largest(converter):
    x = inputs("e8m0fnu", "binary32")
    theirs = converter(x, "e8m0fnu", "binary32")
    with np.errstate(invalid="ignore"):  # signalling NaNs
        sizes = np.abs(x.astype(np.float64))
    for column, rounding in ((1, "toward_zero"), (3, "toward_positive")):
        got = hu.encode(x, "e8m0fnu", rounding, projection="ptx_satfinite")
        beyond = np.isinf(x) | ((rounding == "toward_positive") & (sizes > 2.0**127))
        assert not differing("e8m0fnu", got[~beyond], theirs[column][~beyond]).any()
        assert (theirs[column][beyond] == 0xFF).all()
        assert (got[beyond] == 0xFE).all()
