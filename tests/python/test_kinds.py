"""Kinds of elements side by side: in a sweep's table, its findings, the front's colours and the report."""

import subprocess
import sys

import halfulp as hu
import numpy as np
import pytest
from halfulp._kinds import KINDS, element_kind, kind_of_element

pytest.importorskip("pandas")

from halfulp.plots._rows import kinds_of
from halfulp.report.payload import payload
from halfulp.sweeping import findings, model_rows

SCHEMES = {
    "e2m1f/32:binary16": "float",
    "hif8/32:binary16": "float",
    "int4s/32:binary16": "integer",
    "mxint8": "integer",
    "posit8_2": "posit",
    "nf4/32:binary16": "codebook",
    "dynamic8/32:binary16": "codebook",
    "pot4/32:binary16": "power of two",
    "apot4/32:binary16": "power of two",
    "sqrt2pot4/32:binary16": "power of two",
    "ternary/channel:binary32": "ternary",
    "pm1/channel:binary32": "binary",
    "pm1_pmi/channel:binary32": "complex",
}


@pytest.fixture(scope="module")
def table():
    x = np.random.default_rng(3).standard_normal((16, 64)).astype(np.float32)
    return hu.sweep({"w": x}, list(SCHEMES), progress=False)


def test_the_table_names_the_kind_of_every_scheme(table):
    # Catches: a kind told by the name of a scheme, or by that of another.
    rows = model_rows(table)
    assert dict(zip(rows["scheme"], rows["element_kind"], strict=True)) == {
        str(hu.scheme(text)): kind for text, kind in SCHEMES.items()
    }
    assert set(SCHEMES.values()) == set(KINDS)
    assert list(table["element_kind"]) == [kind_of_element(text) for text in table["element"]]


def test_tables_of_two_and_three_numbers_are_binary_and_ternary_whatever_their_names():
    assert element_kind(hu.codebook([-0.5, 0.75])) == "binary"
    assert element_kind(hu.codebook([-0.5, 0, 0.75])) == "ternary"
    assert element_kind(hu.codebook([-1, 0, 1, 2])) == "codebook"
    assert element_kind(hu.format("pot2")) == "power of two"  # three numbers too
    assert kind_of_element("table:0123456789abcdef") == "codebook"  # of another process


def test_findings_name_the_best_of_each_kind(table):
    # Catches: schemes above the budget; the best of a kind told twice.
    line = findings(table)[0]
    rows = model_rows(table)
    within = rows[rows["bits_per_element"] <= 4.5]
    best = within.loc[within.groupby("element_kind")["relative_error"].idxmin()].sort_values("relative_error")
    told = line.partition("By kind of element: ")[2]
    assert [part.rpartition(" −")[0] for part in told.split(", ")] == list(best["element_kind"])
    assert all(f"({name})" in told for name in best["scheme"][1:])
    assert "By kind" not in findings(table[table["element_kind"] == "float"])[0]


def test_what_saturates_on_purpose_is_not_told(table):
    assert not any("ternary" in line or "pm1" in line for line in findings(table)[-1:])


def test_colours_tell_kinds_of_elements_apart_where_there_are_several(table):
    # Catches: points in another kind's colour; a legend of scales over colours of elements.
    pytest.importorskip("matplotlib")
    from halfulp import plots

    def legend(**options):
        found = plots.pareto(table, **options).axes[0].get_legend()
        return found.get_title().get_text(), [text.get_text() for text in found.get_texts()]

    title, names = legend()
    assert title == "kind of element"
    assert names[:-1] == list(KINDS)
    assert legend(colour="element") == (title, names)
    assert legend(colour="scales")[0] == "scales"
    figure = plots.pareto(table)
    points = {p.get_label(): p.get_offsets() for p in figure.axes[0].collections if p.get_label() in KINDS}
    rows = model_rows(table)
    for kind in KINDS:
        mine = rows[rows["element_kind"] == kind]
        assert sorted(points[kind][:, 0]) == pytest.approx(sorted(mine["bits_per_element"]))
    of_floats = table[table["element_kind"] == "float"]
    assert plots.pareto(of_floats).axes[0].get_legend().get_title().get_text() == "scales"
    with pytest.raises(ValueError, match="colour is 'kind', allowed: scales, element or None"):
        plots.pareto(table, colour="kind")


def test_other_kinds_have_no_place_in_a_map_of_splits():
    # Catches: a cell at (None, None) for an integer.
    pytest.importorskip("matplotlib")
    from halfulp import plots

    x = np.random.default_rng(3).standard_normal((4, 64)).astype(np.float32)
    some = hu.sweep({"w": x}, "{e2m1f,e3m0f,int4s,nf4}/32:binary16", progress=False)
    axes = plots.split_heatmap(some, group=32, scales="binary16").axes[0]
    written = {text.get_text() for text in axes.texts}
    assert {"e2m1fn", "e3m0f"} <= written
    assert not {"int4s", "nf4"} & written


def test_the_report_has_the_kind_as_a_column(table):
    columns = {column["name"]: column for column in payload(table, model_rows(table), [], ())["columns"]}
    kinds = columns["element_kind"]
    assert [kinds["words"][code] for code in kinds["codes"]] == list(SCHEMES.values())
    assert kinds["meaning"]


def test_a_table_of_another_process_is_drawn_from_its_columns(tmp_path):
    # Catches: schemes that are parsed again where a user's own table is not known.
    pytest.importorskip("matplotlib")
    pytest.importorskip("pyarrow")
    text = """
import halfulp as hu, numpy as np
own = hu.codebook([-3, -1, 0.5, 2])
x = np.random.default_rng(0).normal(size=(32, 64)).astype("f4")
schemes = [f"{own}/{group}:binary16" for group in ("16", "32", "channel", "4x4", "tensor")]
table = hu.sweep({"x": x, "y": x[:8]}, [*schemes, str(own), "mxfp4", "nvfp4"], progress=False, results="kept")
hu.sweeping.write_table(table, "table.parquet")
"""
    subprocess.run([sys.executable, "-c", text], cwd=tmp_path, check=True)
    from halfulp import plots, report, sweeping

    foreign = sweeping.read_table(tmp_path / "table.parquet")
    with pytest.raises(ValueError, match="no table of this hash"):
        hu.scheme(foreign["scheme"][0])
    own = foreign["element"][0]
    kinds = dict(zip(foreign["scheme"], kinds_of(foreign), strict=True))
    assert kinds[f"{own}/16:binary16"] == kinds[f"{own}/32:binary16"] == "binary16 per block"
    assert kinds[f"{own}/channel:binary16"] == "binary16 per channel"
    assert kinds[f"{own}/4x4:binary16"] == "binary16 per tile"
    assert kinds[f"{own}/tensor:binary16"] == kinds[own] == ""
    assert kinds["nvfp4"] == "e4m3fn per block, binary32 per tensor"
    drawn = plots.pareto(foreign).axes[0].get_legend().get_texts()
    assert [text.get_text() for text in drawn][:2] == ["float", "codebook"]
    assert plots.error_against_group(foreign).axes[0].get_title(loc="left") == f"{own} (2 bits)"
    plots.error_by_layer(foreign, schemes=[foreign["scheme"][0], "mxfp4"])
    report.write(foreign, tmp_path / "page.html")
    words = payload(foreign, model_rows(foreign), [], ())["levels"]["words"]
    assert f"elements: {own}, 2 bits each\none binary16 scale for every tile of 4 × 4" in words
    assert f"elements: {own}, 2 bits each\none binary16 scale for each tensor" in words
    assert "one e4m3fn scale for every 16 elements\none binary32 scale for each tensor" in "\n".join(words)
    assert findings(foreign)
    with pytest.raises(ValueError, match=r"is of a sweep under table:.*a table of another process"):
        sweeping.read_results(tmp_path / "kept")


def test_complex_schemes_in_words(table):
    words = payload(table, model_rows(table), [], ())["levels"]["words"]
    assert (
        "elements: pm1_pmi, 2 bits for two weights (widely linear form)\n"
        "two binary32 scales, of real and imaginary parts, for each channel" in words
    )
