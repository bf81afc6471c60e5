"""In how many codes recipes differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from halfulp._scheme import real_scheme as to_scheme
from halfulp.plots._figure import GREY, INK, literal, new_figure, set_head
from halfulp.sweeping._extras import need

if TYPE_CHECKING:
    import pandas

_COLUMNS = ("scheme_a", "scheme_b", "scale_codes", "scale_codes_different", "element_codes", "element_codes_different")


def recipe_difference_map(differences: pandas.DataFrame, *, title: str | None = None) -> Any:
    """Shares of differing codes, scheme by scheme, as a matplotlib Figure: scales on the left, elements on the right.

    differences: what :func:`halfulp.compare_recipes` returns. Numbers are per cent; an empty cell is a scheme beside
    itself or a pair without such codes, a grey 0 a pair without a difference. Colours are logarithmic from
    0.01 %, for most differences are small.
    Raises ValueError for a table of another kind.
    """
    columns = getattr(differences, "columns", None)
    if columns is None:
        raise TypeError(f"differences is a {type(differences).__name__}, allowed: the DataFrame of compare_recipes")
    missing = [name for name in _COLUMNS if name not in columns]
    if missing:
        raise ValueError(f"differences has no column {', '.join(missing)}, allowed: the DataFrame of compare_recipes")
    if differences.empty:
        raise ValueError("differences is empty, allowed: at least one pair of schemes")
    schemes = list(dict.fromkeys([*differences["scheme_a"], *differences["scheme_b"]]))
    labels, common = _labels(schemes)
    size = max(0.5 * len(schemes), 1.5)
    longest = 0.085 * max(map(len, labels))  # inches, about
    figure = new_figure(2 * size + longest + 1.7, size + 0.7 * longest + 1.0)
    panels = figure.subplots(1, 2, sharey=True)
    for panel, kind in zip(panels, ("scale", "element"), strict=True):
        image = _panel(panel, differences, schemes, kind)
        panel.set_xticks(range(len(schemes)), labels, rotation=45, ha="right", rotation_mode="anchor", fontsize=8.5)
        panel.set_title(f"{kind} codes that differ (%)", fontsize=10, loc="left")
    panels[0].set_yticks(range(len(schemes)), labels, fontsize=8.5)
    bar = figure.colorbar(image, ax=panels, fraction=0.04, pad=0.02, label="share of codes (%)", extend="min")
    bar.set_ticks([0.01, 0.1, 1, 10, 100], labels=["0.01", "0.1", "1", "10", "100"])
    set_head(figure, title or "Codes in which recipes differ" + (f": {common}" if common else ""))
    return figure


def _labels(schemes: list[str]) -> tuple[list[str], str]:
    """What tells the schemes apart, and what they have in common: of mxfp4 and mxfp4@recipe=ceil the recipe."""
    base = schemes[0].partition("@")[0]
    if len(schemes) < 2 or any(scheme.partition("@")[0] != base for scheme in schemes):
        return [literal(scheme) for scheme in schemes], ""
    return [literal(_label(scheme)) for scheme in schemes], base


def _label(text: str) -> str:
    """A scheme's options; of one without options its recipe."""
    options = text.partition("@")[2].removeprefix("recipe=")
    return options or f"{to_scheme(text).recipe or 'no recipe'} (default)"


def _panel(panel: Any, differences: pandas.DataFrame, schemes: list[str], kind: str) -> Any:
    shares = np.full((len(schemes), len(schemes)), np.nan)
    place = {scheme: i for i, scheme in enumerate(schemes)}
    for a, b, codes, different in zip(
        *(differences[name] for name in ("scheme_a", "scheme_b", f"{kind}_codes", f"{kind}_codes_different")),
        strict=True,
    ):
        if a != b and codes == codes and codes > 0:
            shares[place[a], place[b]] = shares[place[b], place[a]] = 100 * different / codes
    colours = need("matplotlib.colors", "plots", "a plot")
    norm = colours.LogNorm(0.01, 100, clip=True)
    image = panel.imshow(np.where(shares > 0, shares, np.nan), cmap="cividis", norm=norm, aspect="equal")
    for (row, column), share in np.ndenumerate(shares):
        if np.isfinite(share):
            ink = GREY if share == 0 else "white" if norm(max(share, 0.01)) < 0.55 else INK
            if share == 0:
                square = need("matplotlib.patches", "plots", "a plot").Rectangle
                panel.add_patch(square((column - 0.5, row - 0.5), 1, 1, facecolor="#EDEDED", edgecolor="white"))
            panel.text(column, row, _per_cent(share), ha="center", va="center", fontsize=7.5, color=ink)
    panel.tick_params(length=0)
    for spine in panel.spines.values():
        spine.set_visible(False)
    return image


def _per_cent(share: float) -> str:
    if share == 0:
        return "0"
    return "<.01" if share < 0.01 else f"{share:.2f}" if share < 1 else f"{share:.1f}" if share < 99.95 else "100"
