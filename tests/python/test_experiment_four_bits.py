"""The experiment on four bits a weight runs, and its small tables say what is known beforehand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "experiments" / "four_bits"


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What a small run on made-up weights wrote and said."""
    folder = tmp_path_factory.mktemp("four_bits")
    rng = np.random.default_rng(0)
    np.savez(folder / "weights.npz", **{name: rng.normal(size=(32, 256)).astype(np.float32) for name in "ab"})
    places = ["--weights", folder / "weights.npz", "--output", folder / "out", "--results", folder / "results"]
    line = [sys.executable, FOLDER / "run.py", "--small", *places]
    done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "out", done.stdout


def test_tables_and_pictures_are_written(output: tuple[Path, str]) -> None:
    # Catches: a question that is no longer asked, a picture that is drawn but not kept.
    written = {path.name for path in output[0].iterdir()}
    tables = {"elements.csv", "matrices.csv", "tables.csv", "scales.csv"}
    assert written == tables | {"elements.png", "scales.png", "hadamard.png"}
    assert all(len(pandas.read_csv(output[0] / name)) for name in tables)


def test_elements_on_normal_values(output: tuple[Path, str]) -> None:
    # Catches: errors counted upside down, elements whose names are exchanged, scales that do not count as bits.
    table = pandas.read_csv(output[0] / "elements.csv")
    rows = table[(table["source"] == "normal") & (table["scale"] == "binary16") & (table["hadamard"] == 0)]
    order = rows.sort_values("sqnr_db", ascending=False)["element"].tolist()
    assert order[2:] == ["af4", "e2m1fn", "int4s", "fp4_bnb"]
    bits = rows.set_index("element")["bits_per_element"]
    assert bits["nf4"] == 4 + 16 / 64
    assert bits["uint4@zero_point"] == 4 + (16 + 4) / 64


def test_hadamard_helps_heavy_tails_only(output: tuple[Path, str]) -> None:
    # Catches: a transform that is left out of the scheme, or a gain counted against another element.
    table = pandas.read_csv(output[0] / "elements.csv").set_index(["hadamard", "source", "element"])
    gain = table["turned"].loc[64]
    assert gain["student_t"].min() > 0.5
    assert gain["normal"].abs().max() < 0.2


def test_bits_of_scales(output: tuple[Path, str]) -> None:
    # Catches: bits that leave out scales of scales, the offset, zero points, or short last groups.
    table = pandas.read_csv(output[0] / "scales.csv")
    rows = table[(table["source"] == "normal") & (table["length"] == "64")]
    bits = rows.drop_duplicates("scale").set_index("scale")["bits_per_element"]
    size = 64 * 256  # of a matrix: 256 groups, one run of 256 scales
    assert bits["dynamic8/256:binary32@double_quant"] == pytest.approx(4 + 8 / 64 + (32 + 32) / size, abs=1e-6)
    assert bits["e4m3fn/tensor:binary32"] == pytest.approx(4 + 8 / 64 + 32 / size, abs=1e-6)
    assert bits["binary32"] == 4.5
    assert "0.12698 doubly quantized" in output[1]


def test_fitted_tables_are_the_best_of_their_kind(output: tuple[Path, str]) -> None:
    # Catches: means and medians exchanged, weights of groups left out, cells that do not end at midpoints.
    table = pandas.read_csv(output[0] / "tables.csv")
    table = table[table["length"] == 64].set_index("table")
    assert table["sqnr_db"].idxmax() == "least squares"
    assert table["l1"].idxmin() == "least L1"


def test_small_numbers_stay_out_of_the_readme() -> None:
    # Catches: a quick look that replaces the committed numbers.
    before = (FOLDER / "README.md").read_bytes()
    done = subprocess.run([sys.executable, FOLDER / "run.py", "--small"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--output" in done.stderr
    assert (FOLDER / "README.md").read_bytes() == before
