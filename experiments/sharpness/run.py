"""Sharpness on two real models: HAWQ's premise on an encoder's layers, logit-space sharpness of a decoder with fewer
mantissa bits, and tails before and after Hadamard rotations. Writes the tables, pictures and numbers of README.md."""

from __future__ import annotations

import argparse
import time
import tomllib
from pathlib import Path
from typing import Any

import findings
import pandas
import pictures
import predictors
import study
from halfulp.plots import save
from halfulp.sweeping._files import replacing
from halfulp.tasks.wordnet import FOLDER

HERE = Path(__file__).resolve().parent
BEGIN, END = "<!-- written by run.py: begin -->\n", "<!-- written by run.py: end -->\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", default="build/sharpness", help="folder in which finished parts are kept")
    parser.add_argument("--output", help="folder for tables and pictures, in place of this one and its README.md")
    parser.add_argument("--encoder", help="folder of a sentence encoder in place of the installed one")
    parser.add_argument("--decoder", help="GGUF file of a Llama model in place of the installed one")
    parser.add_argument("--text", help="UTF-8 text for the decoder in place of the configuration's")
    parser.add_argument("--wordnet", default=FOLDER, help="folder of WordNet's files (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="few texts, schemes and probes; wants --output")
    options = parser.parse_args()
    if options.quick and not options.output:
        parser.error("--quick is given, allowed: with --output, since its numbers are not for README.md")
    config = tomllib.loads((HERE / "config.toml").read_text(encoding="utf-8"))
    if options.quick:
        make_quick(config)
    if options.text:
        config["decoder"]["text"] = options.text
    started = time.process_time()
    models = (options.encoder, options.decoder)
    found = study.answer(study.Study(config, Path(options.results), models, options.wordnet), progress=True)
    correlations = predictors.correlations(found.damage, config)
    told = findings.tell(found, correlations, config)
    print(told)
    folder = Path(options.output or HERE)
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(found, correlations, folder)
    for name, picture in pictures.all_pictures(found, correlations, config).items():
        save(picture, folder / f"{name}.png")
    if not options.output:
        write_section(told)
    print(f"{time.process_time() - started:.0f} s of processor time")


def make_quick(config: dict[str, Any]) -> None:
    config["resamples"] = 100
    config["texts"] = {"pairs": 10, "sentences": 6, "calibration_pairs": 8, "calibration_sentences": 6}
    schemes = list(config["schemes"])
    config["schemes"] = {scheme: config["schemes"][scheme] for scheme in (*schemes[:3], "mxfp4")}
    config["traces"] |= {"probes": 64, "contrast_probes": 8, "eigenvalue_texts": 8}
    config["allocation"]["budgets"] = [3.0]
    config["decoder"] |= {"windows": 2, "length": 16, "mantissas": [7, 3, 1]}
    config["tails"] |= {"encoder_texts": 8, "decoder_windows": 1}


def write_tables(found: study.Answers, correlations: pandas.DataFrame, folder: Path) -> None:
    tables = {
        "traces": found.traces,
        "damage": found.damage,
        "correlations": correlations,
        "allocations": found.allocations,
        "logits": found.logits,
        "tails": found.tails,
    }
    for name, rows in tables.items():
        with replacing(folder / f"{name}.csv") as file:
            rows.to_csv(file, index=False, float_format="%.6g")


def write_section(told: str) -> None:
    """Puts the findings between the two marks in README.md."""
    path = HERE / "README.md"
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    with replacing(path) as file:
        file.write((before + BEGIN + told + END + after).encode())


if __name__ == "__main__":
    main()
