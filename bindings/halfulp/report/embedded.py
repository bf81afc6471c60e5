"""Pictures inside a page."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from halfulp import plots
from halfulp.plots._rows import options_of, split_of
from halfulp.plots.groups import compared_elements
from halfulp.sweeping._extras import need
from halfulp.sweeping.measures import MODEL

if TYPE_CHECKING:
    import pandas

_MOST_HEATMAPS = 3
_LEAST_SPLITS = 4


def embedded(figure: Any) -> str:
    """A matplotlib Figure as a data URI of an SVG; the same figure gives the same text."""
    matplotlib = need("matplotlib", "plots", "a picture")
    if not hasattr(figure, "savefig"):
        raise TypeError(f"pictures holds a {type(figure).__name__}, allowed: matplotlib Figures")
    file = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "halfulp"}):
        figure.savefig(file, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def default_pictures(table: pandas.DataFrame) -> dict[str, Any]:
    """The pictures that a table has data for, by caption."""
    figures = {}
    usual = table[table["rounding"] == table["rounding"].iloc[0]]
    plain = usual[[not options_of(scheme) for scheme in usual["scheme"]]]
    models = plain[plain["matrix"] == MODEL]
    for group, scales in _split_kinds(models):
        caption = f"Exponent against mantissa bits: SQNR with {scales} scales for groups of {group}"
        figures[caption] = plots.split_heatmap(table, "sqnr_db", group, scales)
    if compared_elements(models[models["block"].notna() & (models["relative_error"] > 0)]):
        figures["What shorter groups buy"] = plots.error_against_group(table)
    matrices = usual[(usual["matrix"] != MODEL) & (usual["relative_error"] > 0)]
    if matrices["matrix"].nunique() > 1:
        figures["Error by weight matrix"] = plots.error_by_layer(table)
    if "depth" in matrices.columns and matrices["depth"].nunique() > 1:
        figures["Error by depth"] = plots.error_by_depth(table)
    return figures


def _split_kinds(models: pandas.DataFrame) -> list[tuple[int, str]]:
    """For the kinds of scales with the most elements the group length with the most splits, at least four of them; of
    group lengths with equally many the one closest to 32."""
    best: dict[str, tuple[int, int]] = {}
    blocked = models[models["block"].notna() & (models["relative_error"] > 0)]
    for (scales, group), rows in blocked.groupby(["scales", "block"], sort=False):
        shapes = {split_of(element) for element in rows["element"]} - {None}
        count, length = best.get(scales, (0, 0))
        if (len(shapes), -abs(int(group) - 32)) > (count, -abs(length - 32)):
            best[scales] = (len(shapes), int(group))
    chosen = sorted(best, key=lambda scales: -best[scales][0])[:_MOST_HEATMAPS]
    return [(best[scales][1], scales) for scales in chosen if best[scales][0] >= _LEAST_SPLITS]
