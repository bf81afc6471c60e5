"""Low-rank corrections of quantized weights, on an encoder with its own activations: which method, at which rank, and
what a bit of rank buys against a bit of code. Writes the tables, pictures and numbers of README.md."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import findings
import pictures
import questions
import summary
from halfulp.tasks.wordnet import FOLDER

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- written by run.py: begin -->\n", "<!-- written by run.py: end -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--results", default="build/error_reconstruction", help="folder in which results are kept and found again"
    )
    parser.add_argument("--output", help="folder for tables and pictures, in place of this one and its README.md")
    parser.add_argument("--model", help="folder of a sentence encoder in place of the installed one")
    parser.add_argument("--wordnet", default=FOLDER, help="folder of WordNet's files (default: %(default)s)")
    parser.add_argument("--small", action="store_true", help="few texts, small ranks; wants --output")
    options = parser.parse_args()
    if options.small and not options.output:
        parser.error("--small is given, allowed: with --output, since its numbers are not for README.md")
    config = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
    if options.small:
        make_small(config)
    found = questions.answer(config, Path(options.results), options.model, options.wordnet, progress=True)
    table = summary.of_model(found.errors, config)
    told = findings.tell(found, table, config)
    print(told)
    folder = Path(options.output or HERE)
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(found, table, config, folder)
    pictures.errors(found, table, config).savefig(folder / "errors.png")
    pictures.winners(found, table, config).savefig(folder / "winners.png")
    pictures.drift(found, table, config).savefig(folder / "drift.png")
    if not options.output:
        write_section(told)


def make_small(config: dict[str, Any]) -> None:
    config["resamples"] = 200
    config["texts"] = {
        "documents": 40, "queries": 20, "sentences": 20, "calibration_documents": 30, "calibration_sentences": 30
    }  # fmt: skip
    config["closed_form"]["ranks"] = [2, 4, 8]
    config["joint"]["ranks"] = config["joint"]["caldera"]["ranks"] = config["end_task"]["ranks"] = [4, 8]
    config["joint"]["caldera"]["iterations"] = config["joint"]["loftq"]["iterations"] = 2
    config["calibration"] |= {"texts": [20], "rank": 4}
    config["end_task"]["budgets"] = [3.0, 5.0]
    config["sensitivity"]["texts"] = 20


def write_tables(found: questions.Answers, table: Any, config: dict[str, Any], folder: Path) -> None:
    tables = {
        "summary": table,
        "drift": found.drift[["method", "scheme", "rank", "allocation", "budget", "metric", "value", "low", "high"]],
        "allocations": found.allocations,
        "calibration": summary.of_calibration(found.calibration),
        "inputs": found.inputs,
        "matrices": summary.of_matrices(found.errors, config),
    }
    for name, rows in tables.items():
        path = folder / f"{name}.csv"
        beside = path.with_suffix(".tmp")
        rows.to_csv(beside, index=False, float_format="%.6g")
        beside.replace(path)


def write_section(told: str) -> None:
    """Puts the findings between the two marks in README.md."""
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(before + BEGIN + told + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
