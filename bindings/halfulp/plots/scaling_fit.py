"""Pictures of one fit: what formats leave of the parameters, residuals, and where the replicates of a bootstrap lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp.plots._figure import FAINT, GREY, INK, frame, literal, new_figure, set_head, set_title, style
from halfulp.plots._laws import columns_of, kinds_of, name_of
from halfulp.sweeping._extras import need

if TYPE_CHECKING:
    from halfulp.scaling import Fit, Law

_WIDTH, _HEIGHT = 7.2, 4.4
_NAMES = {"P_w": "weights", "P_a": "activations", "P_kv": "keys and values"}


def effective_parameters(
    fit: Fit | Mapping[str, float],
    bits: Mapping[str, float] | Sequence[float] | None = None,
    *,
    law: Law | str | None = None,
    title: str | None = None,
) -> Any:
    """What is left of the parameters, N_eff/N, as a matplotlib Figure.

    fit: a Fit, or a dict of parameters with `law` (default "precision"). For the precision laws curves over bits, one
    for each part alone and one for all three; bits: the places (default: 1 to 16). For laws with a parameter eff[...]
    the formats in ascending order, with standard errors where the fit has them; with bits, a dict from format to bits,
    over these. Raises ValueError for laws that have no N_eff of either kind.
    """
    from halfulp.scaling._given import given

    known, params = given(fit, law, "precision")
    figure = new_figure(_WIDTH, _HEIGHT)
    axes = figure.add_subplot()
    if known.name in ("precision", "precision_shifted"):
        if isinstance(bits, Mapping):
            raise TypeError("bits is a dict, allowed: numbers, for the precision laws")
        _over_bits(axes, known, params, np.linspace(1, 16, 151) if bits is None else np.asarray(bits, dtype=np.float64))
        figure.legend(loc="outside right upper", frameon=False, fontsize=8.5)
    else:
        _by_label(axes, known, params, getattr(fit, "stderr", None) or {}, bits)
    frame(axes)
    set_title(axes, title or "What is left of the parameters")
    return figure


def residuals(fit: Fit, *, title: str | None = None) -> Any:
    """log L − log of the law's loss for every run, over the law's loss, and how often each occurs, as a matplotlib
    Figure. Colours are formats, where the law has them. Dashed: two standard deviations, by the median of the
    magnitudes, which outliers do not move; runs beyond five are ringed."""
    others = {name: column for name, column in columns_of(fit).items() if name not in ("N", "D")}
    left = np.asarray(fit.residuals, dtype=np.float64)
    figure = new_figure(_WIDTH, _HEIGHT)
    axes, beside = figure.subplots(1, 2, sharey=True, width_ratios=(4, 1))
    predicted = np.asarray(fit.predicted)
    kinds = kinds_of(others)
    known = list(dict.fromkeys(kinds)) or [()]
    if len(known) > 20:  # a legend that nobody reads
        known, kinds = [()], []
    for place, kind in enumerate(known):
        chosen = np.array([i for i in range(left.size) if not kinds or kinds[i] == kind])
        colour, marker = style(place)
        axes.plot(
            predicted[chosen],
            left[chosen],
            linestyle="none",
            color=colour,
            marker=marker,
            markersize=4.5,
            markeredgecolor="white",
            markeredgewidth=0.4,
            label=literal(name_of(kind, others)) if kind else None,
        )
    spread = 1.4826 * float(np.median(np.abs(left)))  # the standard deviation of normal residuals
    for side in (axes, beside):
        side.axhline(0, color=INK, linewidth=0.8)
        for bound in (-2 * spread, 2 * spread):
            side.axhline(bound, color=GREY, linewidth=0.8, linestyle="--")
    far = np.abs(left) > 5 * spread
    if spread > 0 and far.any():
        axes.plot(
            predicted[far],
            left[far],
            linestyle="none",
            marker="o",
            markersize=10,
            markerfacecolor="none",
            markeredgecolor=GREY,
            label=f"beyond 5 σ: {int(far.sum())}",
        )
    beside.hist(left, bins=min(40, max(8, left.size // 6)), orientation="horizontal", color=style(0)[0], alpha=0.8)
    axes.set_xscale("log")
    ticker = need("matplotlib.ticker", "plots", "a plot")
    axes.xaxis.set_major_locator(ticker.MaxNLocator(7, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.4g}"))
    axes.xaxis.set_minor_locator(ticker.NullLocator())
    axes.set_xlabel("loss by the law", fontsize=9)
    axes.set_ylabel("log L − log of the law", fontsize=9)
    beside.set_xlabel("runs", fontsize=9)
    for side in (axes, beside):
        frame(side)
    if axes.get_legend_handles_labels()[1]:
        figure.legend(loc="outside right upper", frameon=False, fontsize=8)
    set_title(axes, title or f"Residuals of {fit.law.name}, {fit.estimator}: σ about {spread:.2g}")
    return figure


def bootstrap_cloud(fit: Fit, names: Sequence[str] | None = None, *, title: str | None = None) -> Any:
    """The replicates of a bootstrap, parameter against parameter, with the fit as a cross, as a matplotlib Figure; on
    the diagonal each parameter's distribution and its 95 % interval.

    names: of the parameters (default: the first five). Positive parameters stand on logarithmic axes where they spread
    over more than a factor of 3. Replicates beyond the middle 99.8 % are left out of a panel. Raises ValueError for a
    fit without a bootstrap and for names that are not its parameters.
    """
    cloud = getattr(fit, "bootstrap", None)
    if cloud is None:
        raise ValueError("fit has no bootstrap, allowed: a fit that was made with bootstrap=")
    every = list(fit.params)
    chosen = every[:5] if names is None else list(names)
    unknown = [name for name in chosen if name not in every]
    if unknown or not chosen:
        raise ValueError(f"names has {unknown[0] if unknown else 'nothing'}, allowed: {', '.join(every)}")
    columns = {name: np.asarray(cloud.params)[:, every.index(name)] for name in chosen}
    ranges = {name: np.quantile(values, (0.001, 0.999)) for name, values in columns.items()}
    logarithmic = {name: low > 0 and high > 3 * low for name, (low, high) in ranges.items()}
    interval = cloud.interval(0.95)
    count = len(chosen)
    figure = new_figure(1.6 + 1.75 * count, 1.0 + 1.6 * count)
    grid = figure.subplots(count, count, squeeze=False)
    for row, up in enumerate(chosen):
        for column, across in enumerate(chosen):
            axes = grid[row][column]
            if column > row:
                axes.set_visible(False)
                continue
            if row == column:
                _histogram(axes, columns[up], ranges[up], logarithmic[up], fit.params[up], interval[up])
            else:
                axes.plot(columns[across], columns[up], linestyle="none", marker=".", markersize=1.5, alpha=0.35)
                axes.plot([fit.params[across]], [fit.params[up]], marker="+", markersize=10, color=style(1)[0], mew=1.8)
                if logarithmic[up]:
                    axes.set_yscale("log")
                axes.set_ylim(*_widened(ranges[up], logarithmic[up]))
            if logarithmic[across]:
                axes.set_xscale("log")
            axes.set_xlim(*_widened(ranges[across], logarithmic[across]))
            _ticks(axes, logarithmic[across], logarithmic[up] and row != column, row == count - 1, column == 0 < row)
            if row == count - 1:
                axes.set_xlabel(literal(across), fontsize=9)
            if column == 0 and row > 0:
                axes.set_ylabel(literal(up), fontsize=9)
            frame(axes)
    set_head(figure, title or f"{len(cloud.params)} replicates of {fit.law.name}, {fit.estimator}")
    return figure


def _over_bits(axes: Any, law: Any, params: Mapping[str, float], places: np.ndarray) -> None:
    from halfulp.scaling.effective import share

    if places.ndim != 1 or places.size < 2 or not (np.isfinite(places) & (places > 0)).all():
        raise ValueError(f"bits is {places}, allowed: two or more numbers above 0")
    for place, (column, name) in enumerate(_NAMES.items()):
        axes.plot(places, share(law, params, {column: places}), color=style(place)[0], linewidth=1.3, label=name)
    all_three = share(law, params, dict.fromkeys(_NAMES, places))
    axes.plot(places, all_three, color=INK, linewidth=1.8, label="all three")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("bits of one part, the others in high precision", fontsize=9)
    axes.set_ylabel("$N_{eff}$ / N", fontsize=9)


def _by_label(axes: Any, law: Any, params: Mapping[str, float], stderr: Mapping[str, float], bits: Any) -> None:
    efficient = {name: value for name, value in params.items() if name.startswith(("eff[", "eff_")) and "[" in name}
    if not efficient:
        raise ValueError(f"law is {law.name}, allowed: a precision law, or one with parameters eff[...]")
    several = len({name.partition("[")[0] for name in efficient}) > 1
    texts = {name: name if several else name.partition("[")[2][:-1] for name in efficient}
    errors = {name: float(stderr.get(name, 0.0) or 0.0) for name in efficient}
    errors = {name: error if np.isfinite(error) else 0.0 for name, error in errors.items()}
    look = {
        "linestyle": "none",
        "marker": "o",
        "markersize": 5,
        "color": style(0)[0],
        "ecolor": GREY,
        "elinewidth": 1.2,
    }
    if bits is None:
        ascending = sorted(efficient, key=lambda name: efficient[name])
        axes.errorbar(
            [efficient[name] for name in ascending], range(len(ascending)), xerr=[errors[n] for n in ascending], **look
        )
        axes.set_yticks(range(len(ascending)), [literal(texts[name]) for name in ascending], fontsize=8)
        axes.axvline(1, color=GREY, linewidth=0.8, linestyle="--")
        axes.set_xlim(left=0)
        axes.set_xlabel("$N_{eff}$ / N, with standard errors", fontsize=9)
        return
    if not isinstance(bits, Mapping):
        raise TypeError(f"bits is a {type(bits).__name__}, allowed: a dict from format to bits")
    unknown = [label for label in bits if str(label) not in texts.values()]
    if unknown:
        raise ValueError(f"bits has {unknown[0]!r}, allowed: {', '.join(texts.values())}")
    width = {str(label): float(value) for label, value in bits.items()}
    chosen = [name for name in efficient if texts[name] in width]
    axes.errorbar(
        [width[texts[n]] for n in chosen], [efficient[n] for n in chosen], yerr=[errors[n] for n in chosen], **look
    )
    for name in chosen:
        axes.annotate(
            literal(texts[name]),
            (width[texts[name]], efficient[name]),
            xytext=(5, -3),
            textcoords="offset points",
            fontsize=7.5,
            va="top",
        )
    axes.axhline(1, color=GREY, linewidth=0.8, linestyle="--")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("bits", fontsize=9)
    axes.set_ylabel("$N_{eff}$ / N, with standard errors", fontsize=9)


def _histogram(
    axes: Any, values: np.ndarray, limits: np.ndarray, logarithmic: bool, point: float, interval: Any
) -> None:
    low, high = limits
    if not low < high:
        low, high = low - 0.5, high + 0.5
    edges = np.geomspace(low, high, 41) if logarithmic else np.linspace(low, high, 41)
    axes.hist(values, bins=edges, color=style(0)[0], alpha=0.8)
    axes.axvline(point, color=style(1)[0], linewidth=1.2)
    axes.axvspan(*interval, color=FAINT, zorder=0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _widened(limits: np.ndarray, logarithmic: bool) -> tuple[float, float]:
    low, high = (float(value) for value in limits)
    if not low < high:
        return low - 0.5, high + 0.5
    if logarithmic:
        room = (high / low) ** 0.05
        return low / room, high * room
    room = 0.05 * (high - low)
    return low - room, high + room


def _ticks(axes: Any, log_x: bool, log_y: bool, bottom: bool, left: bool) -> None:
    ticker = need("matplotlib.ticker", "plots", "a plot")
    for side, logarithmic, shown in ((axes.xaxis, log_x, bottom), (axes.yaxis, log_y, left)):
        if side.axis_name == "y" and not side.get_ticklocs().size:
            continue
        if logarithmic:
            low, high = sorted(side.get_view_interval())
            wide = high > 10 * low
            side.set_major_locator(ticker.LogLocator(subs=(1.0, 3.0), numticks=4) if wide else ticker.MaxNLocator(3))
            side.set_minor_locator(ticker.NullLocator())
        else:
            side.set_major_locator(ticker.MaxNLocator(3))
        side.set_major_formatter(ticker.FuncFormatter(lambda value, _: f"{value:.4g}"))
        side.set_tick_params(labelsize=7.5, labelbottom=shown, labelleft=shown)
