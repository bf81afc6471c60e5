"""The picture: every kernel's speed as a share of what memory allows, with the peers beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from speed.groups import PICTURE_ROWS, PictureRow, memory_bytes_per_s, share_of_roof
from speed.results import Duel, Run
from speed.timing import quantile

# Okabe and Ito's colours, which the colour-blind tell apart; a marker's shape says the same once more.
BACKEND_STYLES = {
    "avx512": ("#0072B2", "o", "halfulp, AVX-512"),
    "avx2": ("#D55E00", "s", "halfulp, AVX2"),
    "sse2": ("#009E73", "^", "halfulp, SSE2"),
    "neon": ("#0072B2", "o", "halfulp, NEON"),
}
PEER_MARKERS = "xP*1Xd|p+2h34<>8"
INK, GREY = "#222222", "#6F6F6F"


def draw(cpp: Run, peers: Run | None, beforehand: Run | None) -> Figure:
    """Rows are kernels; x is bytes moved per second over memcpy's, so that 1 is the roof of memory.

    Of ours the median and the range over formats and modes; of each peer the fastest function alone.
    """
    roof = memory_bytes_per_s(cpp.floors)
    duels = (peers.duels if peers else []) + (beforehand.duels if beforehand else [])
    markers = peer_markers(duels)
    figure = Figure(figsize=(10, 7.6), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)  # attaches itself: no pyplot, no window, no global state
    axes = figure.subplots()
    for place, row in enumerate(PICTURE_ROWS):
        _ours(axes, -place, row, cpp, roof)
        _peers(axes, -place, row, duels, markers)
    _frame(axes, roof, cpp)
    _legends(figure, axes, markers, {floor.backend for floor in cpp.floors})
    return figure


def peer_markers(duels: Sequence[Duel]) -> dict[str, str]:
    """Peers by name, variants such as 'torchao (eager)' under one; each with its marker."""
    names = list(dict.fromkeys(_family(duel.peer) for duel in duels))
    return {name: PEER_MARKERS[i % len(PEER_MARKERS)] for i, name in enumerate(names)}


def _family(peer: str) -> str:
    return peer.partition(" (")[0]


def _ours(axes: Any, y: float, row: PictureRow, cpp: Run, roof: float) -> None:
    for backend, (colour, marker, _) in BACKEND_STYLES.items():
        shares = [share_of_roof(f, roof) for f in cpp.floors if f.group in row.groups and f.backend == backend]
        if not shares:
            continue
        lift = {"avx512": 0.22, "neon": 0.22, "avx2": 0.08, "sse2": -0.06}[backend]
        axes.plot(
            [min(shares), max(shares)], [y + lift] * 2, color=colour, linewidth=1.6, solid_capstyle="butt", zorder=3
        )
        axes.plot(quantile(shares, 0.5), y + lift, marker, color=colour, markersize=6, zorder=4)


def _peers(axes: Any, y: float, row: PictureRow, duels: Sequence[Duel], markers: dict[str, str]) -> None:
    if not row.peer_operation:
        return
    for name, marker in markers.items():
        shares = [
            duel.share_of_memory(duel.peer_s)
            for duel in duels
            if _family(duel.peer) == name
            and duel.operation == row.peer_operation
            and duel.mode.startswith("stochastic") == row.peer_stochastic
        ]
        if shares:
            axes.plot(max(shares), y - 0.26, marker, color=GREY, markersize=7, markeredgewidth=1.3, zorder=2)


def _frame(axes: Any, roof: float, cpp: Run) -> None:
    axes.set_xscale("log")
    axes.axvline(1, color=INK, linewidth=1.4, zorder=2)
    axes.set_ylim(-len(PICTURE_ROWS) + 0.4, 0.75)
    axes.set_yticks([-i for i in range(len(PICTURE_ROWS))], [row.label for row in PICTURE_ROWS])
    for i in range(1, len(PICTURE_ROWS)):
        axes.axhline(0.5 - i, color="#E4E4E4", linewidth=0.8, zorder=0)
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.01), max(high, 1.6))
    ticks = [
        tick for tick in (0.0001, 0.001, 0.01, 0.1, 0.2, 0.5, 1, 2) if axes.get_xlim()[0] <= tick <= axes.get_xlim()[1]
    ]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.grid(axis="x", color="#EEEEEE", zorder=0)
    axes.tick_params(length=0, labelsize=10, colors=INK)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.text(1, 0.62, f"memcpy: {roof / 1e9:.0f} GB/s ", ha="right", va="center", fontsize=9, color=INK)
    axes.set_xlabel("bytes moved per second, as a share of memcpy's (last row: of memcpy's in the cache)", color=INK)
    machine = cpp.about.get("machine", {}).get("processor", "")
    title = f"One thread against the roof of memory: {machine}, {cpp.about.get('date', '')}"
    axes.set_title(title, loc="left", fontsize=12, color=INK)


def _legends(figure: Figure, axes: Any, markers: dict[str, str], backends: set[str]) -> None:
    ours = [
        axes.plot([], [], marker, color=colour, markersize=6, label=label)[0]
        for backend, (colour, marker, label) in BACKEND_STYLES.items()
        if backend in backends
    ]
    theirs = [
        axes.plot([], [], marker, color=GREY, markersize=7, markeredgewidth=1.3, label=name)[0]
        for name, marker in markers.items()
    ]
    note = "colours: median over formats and modes, lines from the least to the most; grey: a peer's fastest function"
    figure.legend(
        handles=ours + theirs,
        loc="outside lower center",
        ncols=min(7, max(1, len(ours + theirs))),
        frameon=False,
        fontsize=9,
        title=note,
        title_fontsize=9,
    )
