"""What a fit gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._runs import choice, integer, real
from halfulp.scaling.laws import Law

if TYPE_CHECKING:
    import pandas

Interval = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Starts:
    """Where searches began and ended, a row for each; `best` is the one that the fit took.

    Of more than 64 starts those that look best after at most 80 evaluations are followed to an end: a tenth, 64 at
    least, and no more than eight that have come to the same objective.
    """

    begun: np.ndarray = field(repr=False)
    params: np.ndarray = field(repr=False)
    objective: np.ndarray = field(repr=False)
    """Infinite where the law gives no loss at the start."""
    best: int

    def __len__(self) -> int:
        return len(self.objective)

    @property
    def reached(self) -> int:
        """How many searches, of those that were followed, ended within a millionth of the best objective."""
        least = self.objective[self.best]
        return int((self.objective <= least + 1e-6 * abs(least)).sum())


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """Refits to runs drawn with replacement (Efron 1979)."""

    names: tuple[str, ...]
    params: np.ndarray = field(repr=False)
    """(replicates, parameters)."""
    objective: np.ndarray = field(repr=False)
    failed: int
    """Replicates without a fit, which are not among the rows."""

    @property
    def stderr(self) -> dict[str, float]:
        """Standard deviations over the replicates (divided by one less than their number)."""
        return dict(zip(self.names, self.params.std(axis=0, ddof=1).tolist(), strict=True))

    @property
    def covariance(self) -> np.ndarray:
        return np.atleast_2d(np.cov(self.params, rowvar=False))

    def interval(self, level: float = 0.95) -> dict[str, Interval]:
        """Percentile intervals."""
        level = real("level", level, 0.01, 0.9999)
        ends = np.percentile(self.params, [50 * (1 - level), 50 * (1 + level)], axis=0)
        return {name: (float(ends[0, k]), float(ends[1, k])) for k, name in enumerate(self.names)}

    def __getitem__(self, name: str) -> np.ndarray:
        """One parameter's replicates."""
        if name not in self.names:
            raise KeyError(f"{name!r} is no parameter, allowed: {', '.join(self.names)}")
        return self.params[:, self.names.index(name)]


@dataclass(frozen=True, eq=False)
class Profile:
    """One parameter's interval by the rise of the objective, the other parameters searched again at each point."""

    name: str
    level: float
    low: float
    """Minus infinity (0 for a positive parameter) where the objective never rises enough."""
    high: float
    open_below: bool
    open_above: bool
    values: np.ndarray = field(repr=False)
    objective: np.ndarray = field(repr=False)


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Errors in predicting runs that a fit did not see: log of the loss minus log of the prediction."""

    residuals: np.ndarray = field(repr=False)
    predicted: np.ndarray = field(repr=False)
    params: np.ndarray = field(repr=False)
    """Of the refits: a row for each run left out, or one row."""
    in_sample: float
    """Root mean square of the residuals of the runs that were seen."""

    @property
    def rms(self) -> float:
        """Root mean square of the residuals: about the relative error of a predicted loss."""
        return float(np.sqrt(np.mean(self.residuals**2)))


@dataclass(eq=False)
class Fit:
    """A law with the parameters that suit a table of runs best, and what the runs leave open."""

    law: Law
    estimator: str
    delta: float
    columns: dict[str, np.ndarray] = field(repr=False)
    """The law's columns of the runs."""
    observed: np.ndarray = field(repr=False)
    """Losses."""
    fixed: dict[str, float]
    starts: Starts = field(repr=False)
    gradient_norm: float
    """Largest derivative of the objective with respect to log p (positive parameters) or p."""
    _setup: Any = field(repr=False)
    _vector: np.ndarray = field(repr=False)
    _objective: float = field(repr=False)
    _free: list[str] = field(repr=False)
    converged: bool = False
    """The contributions of the runs to each derivative cancel to a ten-thousandth."""
    diagnostics: tuple[str, ...] = ()
    """What is wrong or in doubt; empty where nothing is."""
    bootstrap: Bootstrap | None = None

    @property
    def params(self) -> dict[str, float]:
        """Every parameter of the law; those of labels as "eff[FP4]"."""
        names = self._setup.names if self.scale is None else self._setup.names[:-1]
        return dict(zip(names, self._vector.tolist(), strict=False))

    @property
    def scale(self) -> float | None:
        """The scale of residuals that huber_likelihood found; None for the other estimators."""
        return float(self._vector[-1]) if self.estimator == "huber_likelihood" else None

    @property
    def objective(self) -> float:
        return self._objective

    @property
    def n(self) -> int:
        """Runs."""
        return len(self.observed)

    @cached_property
    def _problem(self) -> Any:
        return self._setup.problem(None)

    @cached_property
    def predicted(self) -> np.ndarray:
        """The law's loss for every run."""
        return self._problem.predict(self._vector)

    @property
    def residuals(self) -> np.ndarray:
        """log of the loss minus log of the law's."""
        return np.log(self.observed) - np.log(self.predicted)

    @cached_property
    def _uncertainty(self) -> Any:
        return self._problem.uncertainty(self._vector, self._objective)

    @property
    def free(self) -> tuple[str, ...]:
        """Parameters that the fit moved and no bound holds: rows and columns of `covariance`."""
        return tuple(self._setup.names[k] for k in self._uncertainty[0])

    @property
    def covariance(self) -> np.ndarray:
        """Asymptotic covariance of the parameters in `free`, residuals equally distributed (Huber 1981, section 7.6);
        NaN where the runs do not determine them."""
        return self._uncertainty[1]

    @property
    def stderr(self) -> dict[str, float]:
        """Roots of the covariance's diagonal; 0 for held parameters, NaN where a bound holds or nothing is determined.
        The bootstrap's, which assumes less, are `bootstrap.stderr`."""
        with np.errstate(invalid="ignore"):
            own = dict(zip(self.free, np.sqrt(np.diag(self.covariance)).tolist(), strict=True))
        return {name: 0.0 if name in self.fixed else own.get(name, float("nan")) for name in self.params}

    @property
    def condition(self) -> float:
        """Largest over smallest singular value of the Jacobian with columns of length 1; infinite where parameters
        cannot be told apart at all."""
        return float(self._uncertainty[2])

    @property
    def rank(self) -> int:
        """How many combinations of the parameters in `free` the runs determine."""
        return int(self._uncertainty[3])

    @property
    def weakest(self) -> dict[str, float]:
        """The combination of parameters (each scaled by its effect on the losses) that the runs determine worst."""
        return dict(zip(self.free, np.asarray(self._uncertainty[4]).tolist(), strict=False))

    @cached_property
    def log_likelihood(self) -> float:
        """Of the log losses, under the density that the estimator is best for, its scale the best one."""
        return float(self._problem.log_likelihood(self._vector, self._objective))

    @property
    def aic(self) -> float:
        """Akaike's criterion; the density's scale counts as a parameter."""
        return 2 * (len(self._free) + 1) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion."""
        return float((len(self._free) + 1) * np.log(self.n) - 2 * self.log_likelihood)

    def predict(self, table: Any = None, **columns: Any) -> Any:
        """Losses for other runs: as Law.predict."""
        return self.law.predict(self.params, table, **columns)

    def profile(self, name: str, level: float = 0.95, points: int = 33) -> Profile:
        """The interval of one parameter in which the objective is not significantly above its minimum, by a likelihood
        ratio; for the estimator huber by the drop in dispersion (Schrader and Hettmansperger 1980). points: along the
        interval and a half of it to each side, for a picture. Raises ValueError for a parameter that is held."""
        if not self.free:
            raise ValueError(f"name is {name!r}, allowed: none, as the fit moved no parameter")
        choice("name", name, self.free)
        points = integer("points", points, 2, 10**4)
        level = real("level", level, 0.5, 0.9999)
        low, high, low_found, high_found, lowest = self._problem.profile(self._vector, self._objective, name, level)
        if lowest < self._objective - 1e-6 * abs(self._objective):
            from halfulp.scaling._diagnose import FitWarning

            FitWarning.tell(
                f"the profile of {name} came to an objective of {lowest:.9g}, below the fit's {self._objective:.9g}: "
                "the fit is no minimum; give it more starts"
            )
        at = self.params[name]
        ends = (low if low_found else at - (high - at) if high_found else at, high if high_found else at + (at - low))
        values = np.linspace(ends[0] - 0.25 * (ends[1] - ends[0]), ends[1] + 0.25 * (ends[1] - ends[0]), points)
        if self._setup.positive[self._setup.names.index(name)]:
            values = values[values > 0]
        found = self._problem.profile_at(self._vector, name, np.asarray(values).tolist())
        return Profile(name, level, low, high, not low_found, not high_found, values, found["objective"])

    def leave_one_out(self) -> HeldOut:
        """Each run predicted by a fit to the others, begun at this one's parameters. Raises ValueError where a run is
        the only one with its label, which the others say nothing of, or no more runs are left than parameters."""
        if self.n - 1 <= len(self._free):
            raise ValueError(f"leave_one_out leaves {self.n - 1} runs, allowed: more than {len(self._free)}")
        for run in range(self.n if self._setup.labels else 0):
            lost = self._setup.unseen(np.arange(self.n) != run)
            if lost is not None:
                raise ValueError(f"leave_one_out leaves no run with {lost}, allowed: labels of two runs or more")
        found = self._setup.problem(None).leave_one_out(self._vector)
        rows = found["parameters"]
        predicted = np.array([self._problem.predict(row)[i] for i, row in enumerate(rows)])
        return HeldOut(
            np.log(self.observed) - np.log(predicted),
            predicted,
            rows[:, : len(self.params)],
            float(np.sqrt(np.mean(self.residuals**2))),
        )

    def holdout(self, left_out: Any) -> HeldOut:
        """The runs of a mask predicted by a fit to the others, begun at this one's parameters: the largest runs, for an
        error of extrapolation. left_out: one bool for each run. Raises ValueError where no more runs are left than
        parameters."""
        mask = np.asarray(left_out)
        if mask.dtype != np.bool_:
            raise TypeError(f"left_out has dtype {mask.dtype}, allowed: bool, one for each run")
        if mask.shape != (self.n,):
            raise ValueError(f"left_out has shape {mask.shape}, allowed: ({self.n},)")
        if not mask.any():
            raise ValueError("left_out has no True, allowed: one run or more")
        if (~mask).sum() <= len(self._free):
            raise ValueError(
                f"left_out leaves {(~mask).sum()} runs, allowed: more than {len(self._free)}, "
                "the parameters that a fit moves"
            )
        lost = self._setup.unseen(~mask)
        if lost is not None:
            raise ValueError(f"left_out leaves no run with {lost}, allowed: a run of every label, or its number fixed")
        found = self._setup.problem(None, ~mask).minimize_each(self._vector[None, :])
        if not np.isfinite(found["objective"][0]):
            raise ValueError(
                "left_out leaves runs for which the law has no fit, allowed: runs with losses near this fit's"
            )
        row = found["parameters"][0]
        all_runs = self._problem.predict(row)
        residuals = np.log(self.observed) - np.log(all_runs)
        return HeldOut(
            residuals[mask],
            all_runs[mask],
            found["parameters"][:, : len(self.params)],
            float(np.sqrt(np.mean(residuals[~mask] ** 2))),
        )

    def plot(self, kind: str = "loss", **keywords: Any) -> Any:
        """A picture as a matplotlib Figure: see ``hu.plots.scaling``."""
        from halfulp.plots.scaling import draw

        return draw(self, kind, **keywords)


def compare(fits: Mapping[str, Fit] | Sequence[Fit]) -> pandas.DataFrame:
    """Fits of one table beside each other: parameters moved, log likelihood, AIC, BIC, and how far each is above the
    least. All are likelihoods of log losses, so that estimators can stand beside each other. Raises ValueError for fits
    of different runs."""
    from halfulp.sweeping._extras import need

    pd = need("pandas", "analysis", "a table")
    given = fits.values() if isinstance(fits, Mapping) else fits
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes)):
        raise TypeError(f"fits is a {type(fits).__name__}, allowed: a dict or a list of fits")
    for f in given:
        if not isinstance(f, Fit):
            raise TypeError(f"fits has a {type(f).__name__}, allowed: results of hu.scaling.fit")
    named = dict(fits) if isinstance(fits, Mapping) else {f"{f.law.name}, {f.estimator}": f for f in fits}
    if not isinstance(fits, Mapping) and len(named) < len(fits):
        raise ValueError("fits has two of one law and estimator, allowed: a dict, which names them")
    if not named:
        raise ValueError("fits is empty, allowed: one fit or more")
    first = next(iter(named.values()))
    for name, one in named.items():
        if one.n != first.n or not np.array_equal(one.observed, first.observed):
            raise ValueError(f"fits has {name}, which is of other runs than the first, allowed: fits of one table")
    rows = [
        {
            "fit": name,
            "law": f.law.name,
            "estimator": f.estimator,
            "parameters": len(f._free),
            "log_likelihood": f.log_likelihood,
            "aic": f.aic,
            "bic": f.bic,
            "rms": float(np.sqrt(np.mean(f.residuals**2))),
            "converged": f.converged,
        }
        for name, f in named.items()
    ]
    out = pd.DataFrame(rows)
    for name in ("aic", "bic"):
        out[f"{name}_above_least"] = out[name] - out[name].min()
    return out.sort_values("aic", ignore_index=True)
