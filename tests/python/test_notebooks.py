"""Every notebook runs from top to bottom, and is committed without what it printed."""

from __future__ import annotations

from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
nbclient = pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib")

FOLDER = Path(__file__).parents[2] / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_there_is_one_for_each_module() -> None:
    assert {path.stem for path in NOTEBOOKS} >= {
        "bit_allocation",
        "costs",
        "scaling_laws",
        "sharpness",
        "error_reconstruction",
        "expected_error",
        "quantization_methods",
    }


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_without_outputs(path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    for cell in book.cells:
        if cell.cell_type == "code":
            assert not cell.outputs
            assert cell.execution_count is None


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_draws(path: Path, tmp_path: Path) -> None:
    book = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": tmp_path}}
    client = nbclient.NotebookClient(book, timeout=300, kernel_name="python3", resources=where)
    client.execute()  # a cell that fails is a CellExecutionError with its traceback
    outputs = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert not any(output.output_type == "stream" and output.name == "stderr" for output in outputs)
