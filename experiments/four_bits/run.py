"""Four bits a weight: NF4, FP4 and INT4 beside each other, the scales they lie under, and Hadamard transforms before
them. Writes the tables, pictures and numbers of README.md."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import findings
import pictures
import questions

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- written by run.py: begin -->\n", "<!-- written by run.py: end -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", default="build/four_bits", help="folder in which results are kept and found again")
    parser.add_argument("--output", help="folder for tables and pictures, in place of this one and its README.md")
    parser.add_argument("--weights", help="weights in place of the model's, as halfulp.sweep reads them")
    parser.add_argument("--small", action="store_true", help="small sizes, two matrices of the model; wants --output")
    options = parser.parse_args()
    if options.small and not options.output:
        parser.error("--small is given, allowed: with --output, since its numbers are not for README.md")
    config = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
    if options.weights:
        config["model"] = options.weights
    if options.small:
        make_small(config)
    found = questions.answer(config, Path(options.results), most_matrices=2 if options.small else 0)
    told = findings.tell(found, config)
    print(told)
    folder = Path(options.output or HERE)
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(found, folder)
    pictures.elements(found, config).savefig(folder / "elements.png")
    pictures.scales(found.scales, config).savefig(folder / "scales.png")
    pictures.hadamard(found.elements, config).savefig(folder / "hadamard.png")
    if not options.output:
        write_section(told)


def make_small(config: dict[str, Any]) -> None:
    config["resamples"] = 200
    config["synthetic"] |= {"matrices": 3, "rows": 64, "columns": 256}
    config["tables"] |= {"lengths": [64], "samples": 2**14}
    config["scales"] |= {"lengths": [32, 64, 128]}


def write_tables(found: questions.Answers, folder: Path) -> None:
    for name, table in (
        ("elements", found.elements),
        ("matrices", found.matrices),
        ("tables", found.tables),
        ("scales", found.scales.drop(columns="by_matrix")),
    ):
        table.round(6).to_csv(folder / f"{name}.csv", index=False)


def write_section(told: str) -> None:
    """Puts the findings between the two marks in README.md."""
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(before + BEGIN + told + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
