"""Fits of laws to tables of runs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from halfulp._arrays import thread_count
from halfulp._runs import choice, integer, real
from halfulp.scaling._compiled import compiled
from halfulp.scaling._diagnose import FitWarning, diagnose, has_settled
from halfulp.scaling._table import LOSS, columns_of, label_numbers, runs, start_list
from halfulp.scaling.laws import Law, bare, laws
from halfulp.scaling.laws import law as law_of
from halfulp.scaling.result import Bootstrap, Fit, Starts

ESTIMATORS = ("huber", "huber_likelihood", "log_least_squares", "variable_projection")
#: Where nonlinear parameters of a formula begin that has no lists of its own.
_STARTS = (0.1, 0.5, 1.0)
_MOST_STARTS = 100_000
_MOST_EVALUATIONS = 20_000
# Of losses whose squares are summed: beyond it sums leave float64, or vanish.
_SQUARED = (1e-140, 1e140)


def fit(
    law: Law | str,
    table: Any,
    estimator: str = "huber",
    columns: Mapping[str, str] | None = None,
    *,
    delta: float = 1e-3,
    starts: Any = None,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    bootstrap: Any = 0,
    seed: int = 0,
    threads: int | None = None,
    progress: bool = False,
) -> Fit:
    """The parameters of a law that suit a table of runs best.

    law: a Law, a name of ``laws()``, or a formula. table: a DataFrame, a dict of columns or a structured array with the
    law's columns and `loss`; columns: what the table calls them, as {"N": "params", "loss": "final_loss"}.

    estimator, with r = log of the loss - log of the law's: "huber": the sum over runs of Huber's function of r, which
    is linear beyond delta (arXiv 2203.15556; the sum: under a mean of such small numbers searches end too early, arXiv
    2404.10102); "huber_likelihood": the most likely parameters under the density exp(-Huber(r/s)), its scale s free
    (arXiv 2404.10102); "log_least_squares": the sum of r squared; "variable_projection": the sum of squared residuals
    of the loss itself, linear parameters eliminated (Golub and Pereyra 1973).

    starts: None: the law's own lists (for chinchilla the 4500 combinations of arXiv 2203.15556); a dict of lists, for
    some parameters; or an array (starts, parameters) in the order of Fit.params. fixed: parameters that are held, as
    {"eff[16]": 1}. bounds: name -> (low, high). bootstrap: replicates, or an array (replicates, runs) of places drawn;
    seed: of the places. threads: None is one, or HALFULP_THREADS; the result is the same for every number.

    Warns (FitWarning) of all that `Fit.diagnostics` lists: a search that did not settle, parameters that the
    runs cannot tell apart, constant columns, bounds that hold. Raises ValueError for a table with no more runs than
    parameters, losses that are not positive, columns that are missing, and a law that has no loss from any start."""
    known = law if isinstance(law, Law) else law_of(law)
    choice("estimator", estimator, ESTIMATORS)
    delta = real("delta", delta, 0, above=True)
    threads = thread_count(threads)
    seed = integer("seed", seed, 0, 2**64 - 1)
    if not isinstance(progress, (bool, np.bool_)):
        raise TypeError(f"progress is {progress!r}, allowed: True or False")
    for argument, given in (("fixed", fixed), ("bounds", bounds)):
        if given is not None and not isinstance(given, Mapping):
            raise TypeError(f"{argument} is {given!r}, allowed: a dict by names of parameters")
    if estimator == "huber_likelihood" and "scale" in known.parameters:
        raise ValueError(
            "law has the parameter scale, allowed with 'huber_likelihood': another name, as its own is scale"
        )
    data = runs(known, table, columns)
    if estimator == "variable_projection":
        for value in (data[LOSS].min(), data[LOSS].max()):
            real("column loss", value, *_SQUARED)
    setup = _Setup(known, data, estimator, delta, _lists(known, starts), threads, fixed, bounds)
    n, moved = len(data[LOSS]), len(setup.moved)
    if n <= moved:
        raise ValueError(
            f"table has {n} runs, allowed: more than {moved}, the parameters of {known.name} that a fit moves"
        )
    replicates = _places(bootstrap, n, seed)
    grid = setup.grid(starts)
    with _bar(progress, f"{known.name}, {len(grid)} starts") as tick:
        found = setup.problem(tick).minimize_each(grid)
    objective = found["objective"]
    if not np.isfinite(objective).any():
        raise ValueError(
            f"the law {known.name} has no finite positive loss for every run from any of {len(grid)} starts, allowed: "
            "starts, bounds and columns that give losses"
        )
    best = int(np.argmin(objective))
    vector = found["parameters"][best]
    plain = setup.problem(None)
    result = Fit(
        law=known,
        estimator=estimator,
        delta=delta,
        columns={name: values for name, values in data.items() if name != LOSS},
        observed=data[LOSS],
        fixed={name: float(value) for name, value in (fixed or {}).items()},
        starts=Starts(grid, found["parameters"], objective, best),
        gradient_norm=float(found["gradient"][best]),
        _setup=setup,
        _vector=vector,
        _objective=float(objective[best]),
        _free=setup.moved,
    )
    result.converged = has_settled(result, plain)
    if replicates is not None:
        result.bootstrap = _resampled(setup, result, replicates, progress)
    result.diagnostics = _shadowed(known, table) + diagnose(result)
    for text in result.diagnostics:
        FitWarning.tell(f"{known.name}: {text}")
    return result


def _shadowed(law: Law, table: Any) -> tuple[str, ...]:
    """Parameters of a formula that are columns of the table too: was a column forgotten?"""
    if law.name in laws():
        return ()
    names = [name for name in columns_of(table) if name in law.parameters]
    return tuple(
        f"{name} is a parameter of the formula, and a column of the table: law(…, columns=[…]) makes it a column"
        for name in names
    )


class _Setup:
    """A law, a table and options: makes the compiled problem, for all runs or for some."""

    def __init__(
        self,
        law: Law,
        data: dict[str, np.ndarray],
        estimator: str,
        delta: float,
        lists: Mapping[str, Sequence[float]],
        threads: int,
        fixed: Mapping[str, float] | None,
        bounds: Mapping[str, tuple[float, float]] | None,
    ) -> None:
        self.law, self.data, self.estimator, self.delta, self.threads = law, data, estimator, delta, threads
        self.lists = lists
        self.labels = {name: label_numbers(name, data[name]) for name in law.labels}
        self.fixed: dict[str, float] = {}
        self.bounds: dict[str, tuple[float, float]] = {}
        rows = self.problem(None).parameters
        self.names = [row[0] for row in rows]
        self.positive = [row[1] for row in rows]
        for argument, given in (("fixed", fixed), ("bounds", bounds)):
            stray = [str(name) for name in given or {} if name not in self.names]
            if stray:
                raise ValueError(f"{argument} has {', '.join(stray)}, allowed: {', '.join(self.names)}")
        signs = dict(zip(self.names, self.positive, strict=True))
        self.fixed = {
            name: real(f"fixed[{name!r}]", value, 0 if signs[name] else -math.inf, above=signs[name])
            for name, value in (fixed or {}).items()
        }
        self.bounds = {name: _bound(name, value, signs[name]) for name, value in (bounds or {}).items()}
        for name, value in self.fixed.items():
            low, high = self.bounds.get(name, (-math.inf, math.inf))
            if not low <= value <= high:
                raise ValueError(f"fixed[{name!r}] is {value:g}, allowed: {low:g} to {high:g}, its bounds")
        rows = self.problem(None).parameters
        scale = ("scale",) if estimator == "huber_likelihood" else ()
        self.moved = [row[0] for row in rows if row[5] is None and row[0] not in scale]

    def problem(self, progress: Any, keep: np.ndarray | None = None) -> Any:
        def some(values: np.ndarray) -> np.ndarray:
            return np.ascontiguousarray(values if keep is None else values[keep])

        out = compiled().Problem(
            *self.law._row(self.lists),
            {name: some(self.data[name]) for name in self.law.columns},
            {name: (some(places), names) for name, (places, names) in self.labels.items()},
            some(self.data[LOSS]),
            self.estimator,
            self.delta,
            self.threads,
            _MOST_EVALUATIONS,
            progress,
        )
        for name, value in self.fixed.items():
            out.fix(name, value)
        for name, (low, high) in self.bounds.items():
            out.bound(name, low, high)
        return out

    def labels_moved(self) -> list[tuple[str, np.ndarray, list[str]]]:
        """For each label column with a number that a fit moves: the column, which label each run has, the names."""
        out = []
        for column, (places, names) in self.labels.items():
            parameters = [bare(p) for p in self.law.parameters if p.endswith(f"[{column}]")]
            free = np.array([any(f"{p}[{name}]" in self.moved for p in parameters) for name in names])
            if free.any():
                out.append((column, np.where(free[places], places, len(names)), names))
        return out

    def shows_labels(self, drawn: np.ndarray) -> np.ndarray:
        """Which rows of places have a run of every label with a number that the fit moves."""
        good = np.ones(len(drawn), dtype=bool)
        for _, places, names in self.labels_moved():
            for label in sorted(set(places.tolist()) - {len(names)}):
                good &= (places[drawn] == label).any(axis=1)
        return good

    def unseen(self, keep: np.ndarray) -> str | None:
        """A label, as "format 'int4'", whose number is moved and which none of these runs has; None where none is."""
        for column, places, names in self.labels_moved():
            lost = sorted(set(places.tolist()) - set(places[keep].tolist()) - {len(names)})
            if lost:
                return f"{column} {names[lost[0]]!r}"
        return None

    def grid(self, starts: Any) -> np.ndarray:
        if starts is None or isinstance(starts, Mapping):
            return self.problem(None).grid_of_starts()
        grid = _rows_of_starts(starts)
        given = [name for name in self.names if name != "scale"]
        if grid.ndim != 2 or grid.shape[1] != len(given) or grid.shape[0] == 0:
            raise ValueError(
                f"starts has shape {np.shape(starts)}, allowed: (any number, {len(given)}) for {', '.join(given)}"
            )
        for column, name in enumerate(given):
            wrong = ~np.isfinite(grid[:, column]) | ((grid[:, column] <= 0) & self.positive[column])
            if wrong.any():
                raise ValueError(
                    f"starts has {grid[wrong, column][0]:g} for {name}, allowed: "
                    f"{'numbers greater than 0' if self.positive[column] else 'finite numbers'}"
                )
        if len(given) < len(self.names):  # the scale: from the residuals
            grid = np.column_stack([grid, np.full(len(grid), np.nan)])
        return np.ascontiguousarray(grid)


def _rows_of_starts(starts: Any) -> np.ndarray:
    try:
        grid = np.asarray(starts)
    except ValueError:
        raise ValueError("starts has rows of different lengths, allowed: rows of one length") from None
    if grid.dtype.kind not in "fiu":
        raise TypeError(f"starts is {starts!r:.60}, allowed: None, a dict of lists, or an array of numbers")
    return np.array(grid, dtype=np.float64, ndmin=2)


def _lists(law: Law, starts: Any) -> dict[str, list[float]]:
    """Lists of starts for what the law has none for, and those that the caller gives."""
    names = [bare(p) for p in law.parameters]
    given = starts if isinstance(starts, Mapping) else {}
    stray = [str(name) for name in given if name not in names]
    if stray:
        raise ValueError(f"starts has {', '.join(stray)}, allowed: {', '.join(names)}")
    out = {str(name): start_list(name, values, name in law.positive) for name, values in given.items()}
    open_names = [n for n in names if n not in law.linear and n not in law.starts and n not in out]
    labelled = {bare(p) for p in law.parameters if "[" in p}
    others = math.prod(len(out.get(n, law.starts.get(n, (0.0,)))) for n in names if n not in open_names)
    for count, name in enumerate(open_names, 1):
        # As many combinations as one can wait for; the numbers of a label begin alike.
        short = name in labelled or others * len(_STARTS) ** count > _MOST_STARTS / 10
        out[name] = [0.5] if short else list(_STARTS)
    return out


def _bound(name: Any, value: Any, positive: bool) -> tuple[float, float]:
    try:
        low, high = value
    except (TypeError, ValueError):
        raise ValueError(f"bounds[{name!r}] is {value!r}, allowed: (low, high)") from None
    ends = (
        real(f"bounds[{name!r}][0]", low, infinite=True),
        real(f"bounds[{name!r}][1]", high, infinite=True),
    )
    if not ends[0] < ends[1] or (positive and ends[1] <= 0) or ends[0] == math.inf or ends[1] == -math.inf:
        allowed = "low < high" + (" and high above 0" if positive else "")
        raise ValueError(f"bounds[{name!r}] is ({ends[0]:g}, {ends[1]:g}), allowed: (low, high) with {allowed}")
    return ends


def _places(bootstrap: Any, n: int, seed: int) -> np.ndarray | None:
    """Which runs each replicate has."""
    if isinstance(bootstrap, (int, np.integer)) and not isinstance(bootstrap, (bool, np.bool_)):
        count = integer("bootstrap", bootstrap, 0, 10**7)
        if count == 0:
            return None
        if count == 1:
            raise ValueError("bootstrap is 1, allowed: 0, or 2 and more replicates")
        return compiled().bootstrap_places(count, n, seed)
    places = np.asarray(bootstrap)
    if places.dtype.kind not in "iu":
        raise TypeError(
            f"bootstrap is {bootstrap!r:.60}, allowed: a number of replicates, or an integer array (replicates, {n})"
        )
    if places.ndim != 2 or places.shape[1] != n or places.shape[0] < 2:
        raise ValueError(f"bootstrap has shape {places.shape}, allowed: (2 or more, {n}): places of the {n} runs")
    if places.min() < 0 or places.max() >= n:
        wrong = places[(places < 0) | (places >= n)][0]
        raise ValueError(f"bootstrap has the place {wrong}, allowed: 0 to {n - 1}")
    return np.ascontiguousarray(places.astype(np.uint32))


def _resampled(setup: _Setup, of: Fit, places: np.ndarray, progress: bool) -> Bootstrap:
    with _bar(progress, f"{of.law.name}, {len(places)} replicates") as tick:
        found = setup.problem(tick).refit(np.ravel(places), len(places), of._vector)
    # A label that no run drawn has says nothing of its number, which would stay where the fit has it.
    usable = np.isfinite(found["objective"]) & setup.shows_labels(places)
    if usable.sum() < 2:
        raise ValueError(f"bootstrap: {usable.sum()} of {len(places)} replicates have a fit, allowed: 2 or more")
    count = len(of.params)
    return Bootstrap(
        names=tuple(of.params),
        params=found["parameters"][usable][:, :count],
        objective=found["objective"][usable],
        failed=int((~usable).sum()),
    )


@contextmanager
def _bar(progress: bool, what: str) -> Iterator[Any]:
    """What the compiled part calls between searches."""
    if not progress:
        yield None
        return
    from halfulp.sweeping._extras import need

    bar = need("tqdm", "sweep", "progress=True").tqdm(desc=what, unit="fit")

    def tick(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    try:
        yield tick
    finally:
        bar.close()
