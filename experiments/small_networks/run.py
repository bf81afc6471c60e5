"""Two small networks on handwritten digits, quantized after training: the integer whitepaper's claims and the minifloat
paper's sweep. Writes the tables, pictures and numbers of README.md."""

from __future__ import annotations

import argparse
import time
import tomllib
from pathlib import Path
from typing import Any

import findings
import jobs
import pictures
import tables
from halfulp.plots import save
from halfulp.sweeping._files import replacing

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- written by run.py: begin -->\n", "<!-- written by run.py: end -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--results", default="build/small_networks", help="folder in which finished parts are kept and found again"
    )
    parser.add_argument("--output", help="folder for tables and pictures, in place of this one and its README.md")
    parser.add_argument("--small", action="store_true", help="two seeds, few epochs and widths; wants --output")
    options = parser.parse_args()
    if options.small and not options.output:
        parser.error("--small is given, allowed: with --output, since its numbers are not for README.md")
    config = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
    if options.small:
        make_small(config)
    started = time.perf_counter()
    found = tables.tables(jobs.measure(config, Path(options.results)), config)
    told = findings.tell(found, config)
    print(told)
    folder = Path(options.output or HERE)
    write_tables(found, folder)
    for name, picture in pictures.all_pictures(found, config).items():
        save(picture, folder / f"{name}.png")
    if not options.output:
        write_section(told)
    print(f"{time.perf_counter() - started:.0f} s")


def make_small(config: dict[str, Any]) -> None:
    config |= {"seeds": [1, 2], "resamples": 200}
    config["networks"] = {name: about | {"epochs": 3} for name, about in config["networks"].items()}
    config["formats"] |= {"widths": [3, 4]}


def write_tables(found: tables.Tables, folder: Path) -> None:
    for name in ("networks", "integers", "formats", "pairs"):
        table = getattr(found, name).copy()
        if "logit_error" in table:
            table["logit_error"] = table["logit_error"].map("{:.5g}".format)
        with replacing(folder / f"{name}.csv") as file:
            table.round(5).to_csv(file, index=False)


def write_section(told: str) -> None:
    """Puts the findings between the two marks in README.md."""
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    with replacing(path) as file:
        file.write((before + BEGIN + told + END + after).encode())


if __name__ == "__main__":
    main()
