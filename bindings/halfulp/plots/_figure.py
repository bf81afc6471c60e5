"""What all pictures share: colours that the colour-blind tell apart, markers that say the same once more, ink, size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from halfulp.sweeping._extras import need

INK = "#222222"
GREY = "#7F7F7F"
FAINT = "#E6E6E6"
DPI = 160

# Okabe and Ito's colours and two dark ones of Tol's; a marker's shape says the same once more.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#332288", "#882255")
_MARKERS = ("o", "s", "^", "D", "v", "P", ">", "<")


def style(place: int) -> tuple[str, str]:
    """Colour and marker of the n-th kind: 64 pairs, the first eight of which differ in both."""
    turn = place // len(_COLOURS)
    return _COLOURS[place % len(_COLOURS)], _MARKERS[(place + turn) % len(_MARKERS)]


def new_figure(width: float, height: float) -> Any:
    """A figure of this size in inches, with a canvas of its own: no pyplot, no window, no global state."""
    figure_module = need("matplotlib.figure", "plots", "a plot")
    canvas_module = need("matplotlib.backends.backend_agg", "plots", "a plot")
    figure = figure_module.Figure(figsize=(width, height), dpi=DPI, layout="constrained")
    canvas_module.FigureCanvasAgg(figure)  # attaches itself
    return figure


def frame(axes: Any, grid: str = "both") -> None:
    """A quiet frame: axes to the left and below, a faint grid behind everything."""
    axes.grid(axis=grid, color=FAINT, linewidth=0.6)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def set_scale(side: Any, kind: str, column: str) -> None:
    """Makes one side (axes.xaxis, axes.yaxis) logarithmic where the column is drawn so, with ticks for the limits it
    has now, as plain numbers; bytes as kB, MB, GB."""
    if kind != "log":
        return
    ticker = need("matplotlib.ticker", "plots", "a plot")
    x = side.axis_name == "x"
    (side.axes.set_xscale if x else side.axes.set_yscale)("log")
    low, high = side.axes.get_xlim() if x else side.axes.get_ylim()
    if high < 8 * low:
        side.set_major_locator(ticker.MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    else:
        side.set_major_locator(ticker.LogLocator(subs=(1.0, 2.0, 5.0) if high < 1e4 * low else (1.0,)))
    side.set_major_formatter(ticker.EngFormatter("B") if column == "bytes" else ticker.FuncFormatter(_plain))
    side.set_minor_formatter(ticker.NullFormatter())


def _plain(value: float, _: int) -> str:
    return f"{value:.4g}".replace("e-0", "e−").replace("e-", "e−").replace("e+0", "e")


def set_title(axes: Any, text: str) -> None:
    axes.set_title(literal(text), loc="left", fontsize=12, color=INK)


def set_head(figure: Any, text: str) -> None:
    """A title above all panels."""
    figure.suptitle(literal(text), fontsize=12, color=INK, x=0.01, ha="left")


def literal(text: str) -> str:
    """Text that matplotlib draws as it stands: no mathematics between dollar signs, no line breaks, no control
    characters."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text).replace("$", r"\$")


def short_names(names: Sequence[str], most: int = 44) -> tuple[list[str], str]:
    """Names without the dotted parts that all of them begin and end with, and what was left out, as "the ending
    .weight" ("" for nothing). A name longer than `most` characters loses its middle."""
    parts = [name.split(".") for name in names]
    room = min(map(len, parts)) - 1  # at least one part stays
    before = min(_alike(parts), room) if len(names) > 1 else 0
    after = min(_alike([part[::-1] for part in parts]), room - before) if len(names) > 1 else 0
    kept = [".".join(part[before : len(part) - after]) for part in parts]
    left_out = []
    if before:
        left_out.append("the beginning " + ".".join(parts[0][:before]) + ".")
    if after:
        left_out.append("the ending ." + ".".join(parts[0][-after:]))
    return [_elided(name, most) for name in kept], " and ".join(left_out)


def _alike(parts: Sequence[Sequence[str]]) -> int:
    """How many parts all have in common from the first on."""
    alike = 0
    for several in zip(*parts, strict=False):
        if len(set(several)) > 1:
            break
        alike += 1
    return alike


def _elided(name: str, most: int) -> str:
    if len(name) <= most:
        return name
    head = (most - 1) // 2
    return f"{name[:head]}…{name[len(name) - (most - 1 - head) :]}"
