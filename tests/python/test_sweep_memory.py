"""Weights larger than the memory that a sweep may have."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("resource")

import halfulp as hu

ROWS, COLUMNS = 1 << 16, 1 << 12
GIB = 1 << 30
PLANTED = {0: 1.0, 12_345: 1e-3, ROWS - 1: 3.0}  # rows that are not zeros, and their standard deviations

CHILD = """
    import json, resource, sys
    import halfulp as hu
    from halfulp.sweeping import findings
    import numpy as np
    import pandas, pyarrow
    from concurrent.futures import ThreadPoolExecutor

    def said(name):
        return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name)) * 1024

    file, results = sys.argv[1:]
    hu.sweep({"x": np.ones((64, 4096), np.float32)}, "mxfp4", progress=False)  # everything is loaded
    before = said("VmHWM")
    limit = said("VmSize") + 512 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    table = hu.sweep(file, SCHEMES, progress=False, workers=2, results=results)
    print(json.dumps({"grown": said("VmHWM") - before, "rows": table[COLUMNS].to_dict("list")}))
"""
SCHEMES = "mxfp4 nvfp4"


def planted() -> np.ndarray:
    rng = np.random.default_rng(9)
    return np.stack([rng.normal(size=COLUMNS) * scale for scale in PLANTED.values()]).astype(np.float32)


def write_sparse(path: Path, header: bytes) -> None:
    with path.open("wb") as file:
        file.write(header)
        for row, values in zip(PLANTED, planted(), strict=True):
            file.seek(len(header) + row * COLUMNS * 4)
            file.write(values.tobytes())
        file.truncate(len(header) + ROWS * COLUMNS * 4)


def npy_header() -> bytes:
    import io

    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": (ROWS, COLUMNS)})
    return head.getvalue()


def safetensors_header() -> bytes:
    size = ROWS * COLUMNS * 4
    text = json.dumps({"w": {"dtype": "F32", "shape": [ROWS, COLUMNS], "data_offsets": [0, size]}}).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
@pytest.mark.parametrize("suffix", ["npy", "safetensors"])
def test_a_gibibyte_of_weights_in_half_of_one(tmp_path: Path, suffix: str):
    # Catches: a file that is read or mapped whole; pieces that are kept; arrays that grow with the matrix.
    file = tmp_path / f"w.{suffix}"
    write_sparse(file, npy_header() if suffix == "npy" else safetensors_header())
    assert file.stat().st_size > GIB
    columns = ["squared_error", "squared_norm", "max_error", "zero_scales", "elements"]
    code = textwrap.dedent(CHILD).replace("SCHEMES", repr(SCHEMES)).replace("COLUMNS", repr(columns))
    child = subprocess.run(
        [sys.executable, "-c", code, str(file), str(tmp_path / "results")], capture_output=True, text=True, timeout=600
    )
    assert child.returncode == 0, child.stderr
    told = json.loads(child.stdout)
    assert told["grown"] < GIB // 4
    # Rows of zeros add nothing, and the scale of the whole tensor is that of the planted rows.
    small = hu.sweep({"w": planted()}, SCHEMES, progress=False)
    assert told["rows"]["elements"] == [ROWS * COLUMNS] * 4
    for name in ("max_error", "zero_scales"):
        assert told["rows"][name] == list(small[name])
    for name in ("squared_error", "squared_norm"):
        np.testing.assert_allclose(told["rows"][name], small[name], rtol=1e-12)
