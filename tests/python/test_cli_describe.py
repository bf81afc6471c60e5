"""halfulp describe: where the values lie, the table of codes, limits, a scheme worked through, the picture."""

import math
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import halfulp as hu
import numpy as np
import pytest
from cli_support import json_lines, refused, run
from halfulp.cli import codes, facts
from halfulp.cli.describing import code_grid, format_facts, format_page, value_counts, value_line, worked_example
from halfulp.cli.families import of_width
from halfulp.cli.numbers import number

REGISTERED = [f for f in hu.formats() if f.bits <= 16]
OTHERS = [  # of kinds that have no rows of their own: ends of the families, and tables that are lopsided in every way
    *map(hu.format, ("uint1", "int2s", "uint16", "q1.7", "q1.0", "q8.0s", "posit3_0", "posit8_5", "posit9_1")),
    *map(hu.format, ("nf8", "dynamic2", "dynamic5u", "pot8", "apot3", "sqrt2pot6")),
    *map(hu.codebook, ([1, 2, 5], [-3, -1], [-7, 0, 1], [2.0**90, -(2.0**-20)], [-0.0, 0.0, 1.0])),
]
SMALL = [f for bits in range(3, 9) for f in of_width("p3109", bits)] + [
    *(f for bits in range(2, 9) for f in of_width("splits", bits)),
    *map(
        hu.format,
        ("e4m3_nosub", "e5m2f_nosub", "e3m4fnu", "e2m0f", "e5m0fnu", "e1m6f", "e4m3b-3", "e19m4f", "Binary9p1ue"),
    ),
]


def positives(f: hu.Format) -> list[Fraction]:
    """Every finite member above zero, in order."""
    return sorted(member for member in finite(f) if member > 0)


def finite(f: hu.Format) -> set[Fraction]:
    """Every finite member; -0 is 0. The code of a symmetric format to which nothing rounds stands for none."""
    members = [f.exact(code) for code in codes.every(f)] if f.bits <= 10 else map(Fraction, _finite(f.values()))
    found = {Fraction(0) if member == "-0" else member for member in members if member == "-0" or member == member}
    found = {member for member in found if isinstance(member, Fraction)}
    return found - {-f.max - f.min_positive} if str(f).endswith("s") and f.kind in ("integer", "fixed point") else found


def _finite(values: np.ndarray) -> list[float]:
    return values[np.isfinite(values)].astype(float).tolist()


@pytest.mark.parametrize("f", [f for f in REGISTERED + SMALL + OTHERS if f.bits <= 16], ids=str)
def test_members_are_counted_as_they_are(f: hu.Format):
    # Catches: a binade too many or too few, subnormals forgotten, formats whose first code is not their first member.
    members = positives(f)
    sides = value_counts.sides(f)
    below = sorted(-member for member in finite(f) if member < 0)
    for side, found in ((sides.above, members), (sides.below, below)):
        assert (0 if side is None else side.count) == len(found)
        if side is not None:
            assert [side.magnitude(i) for i in range(0, side.count, 97)] == found[::97]
    assert sides.finite == len(finite(f))
    linear = value_counts.on_linear_axis(sides, 73)
    assert sum(linear) == len(finite(f))
    if f.min == -f.max and f.kind != "codebook":
        assert linear == linear[::-1]
        assert linear[0] >= 1
    if f.kind == "float":
        assert facts.min_normal_code(f) == next(c for c in range(1 << f.bits) if f.exact(c) == Fraction(f.min_normal))
    counted = sides.above
    if counted is None:
        return
    places = [value_counts.log2(member) for member in members]
    assert (counted.low, counted.high) == (places[0], places[-1])
    step = max(1, len(places) // 500)
    for i in range(0, len(places) - 1, step):
        assert counted.up_to((places[i] + places[i + 1]) / 2) == i + 1
    assert counted.up_to(places[0] - 1) == 0
    assert counted.up_to(places[-1]) == counted.up_to(places[-1] + 1) == len(members)
    assert sum(value_counts.on_log_axis(counted, 73)) == len(members)


def test_counts_fall_into_the_right_columns():
    # Catches: an axis that runs backwards; borders beside the columns.
    assert value_counts.on_log_axis(value_counts.sides(hu.format("e2m0f")).above, 3) == [1, 1, 1]  # 1, 2, 4
    f = hu.format("e2m1fn")
    expected = [0] * 25
    for value in f.values()[1:8]:
        expected[12 + round(value * 2)] += 1
        expected[12 - round(value * 2)] += 1
    expected[12] += 1
    assert value_counts.on_linear_axis(value_counts.sides(f), 25) == expected
    lopsided = value_counts.sides(hu.codebook([-8, -3, 0, 1, 2]))
    assert value_counts.on_linear_axis(lopsided, 17) == [1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    assert value_counts.on_linear_axis(value_counts.sides(hu.format("int3")), 9) == [1] * 8 + [0]
    assert value_counts.on_linear_axis(value_counts.sides(hu.codebook([1, 2, 4])), 5) == [0, 1, 1, 0, 1]


def test_value_lines_of_fp4():
    # Catches: marks, ticks and labels that do not stand above each other.
    f = hu.format("e2m1fn")
    assert value_line.log_line(f, value_line.BLOCKS) == [
        "values above 0, logarithmic (╌ subnormal, ─ normal); ▁ 1 value",
        "▁                   ▁           ▁       ▁           ▁       ▁           ▁",
        "┬╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌┬───────────┬───────┬───────────┬───────┬───────────┬",
        "0.5                 1          1.5      2           3       4           6",
    ]
    assert value_line.linear_line(f, value_line.BLOCKS) == [
        "values, linear; ▁ 1 value",
        "▁           ▁     ▁     ▁  ▁  ▁  ▁  ▁  ▁  ▁  ▁  ▁     ▁     ▁           ▁",
        "┬───────────┬─────┬────────┬─────┬──┬──┬──┬──┬──┬─────┬─────┬───────────┬",
        "-6         -4    -3      -1.5  -0.5 0 0.5 1 1.5 2     3     4           6",
    ]
    ascii_lines = value_line.log_line(f, value_line.ASCII) + value_line.linear_line(f, value_line.ASCII)
    assert "\n".join(ascii_lines).isascii()


@pytest.mark.parametrize("f", [*hu.formats(), *SMALL, *OTHERS, hu.format("q32.32"), hu.format("posit64_3")], ids=str)
def test_every_format_has_lines(f: hu.Format):
    # Catches: labels over each other or outside; an axis of another length; formats of one member; huge exponents.
    for draw in (value_line.log_line, value_line.linear_line):
        if draw is value_line.log_line and value_counts.sides(f).above is None:
            assert draw(f, value_line.BLOCKS) == []
            continue
        how, heights, axis, labels = draw(f, value_line.BLOCKS)
        assert len(axis) <= value_line.WIDTH
        assert max(len(heights), len(labels)) <= max(len(axis), 12)
        assert heights[-1] != " "
        assert len(heights) == len(axis) or f.min != -f.max
        assert "value" in how
        assert len(labels.split()) == axis.count("┬")
        assert set(heights) <= set(" " + value_line.BLOCKS.heights)


def test_the_subnormal_part_of_the_axis_ends_where_normal_numbers_begin():
    axis = value_line.log_line(hu.format("e5m2"), value_line.BLOCKS)[2]
    first_normal = round((-14 + 16) / (math.log2(57344) + 16) * (value_line.WIDTH - 1))
    assert axis[1 : first_normal + 1] == "╌" * (first_normal - 1) + "─"
    assert "╌" not in axis[first_normal:]


@pytest.mark.parametrize("f", [f for f in REGISTERED + SMALL + OTHERS if f.bits <= 8], ids=str)
def test_the_grid_has_every_code_in_its_place(f: hu.Format):
    # Catches: rows or columns exchanged; members that look the same; digits that round to another member.
    for width in (None, 100, 60):
        lines = code_grid.grid(f, width)
        columns = len(lines[0].split())
        cells = []
        count = f._spec.last_code + 1
        for line in lines[1 : 1 - (-count // columns)]:
            head, *row = line.split()
            assert int(head, 16) == len(cells)
            assert len(row) == min(columns, count - len(cells))
            cells += row
        assert len(cells) == count
        assert width is None or columns <= 4 or max(map(len, lines)) <= width
        members = [f.exact(code) for code in codes.every(f)]
        values = [member for member in members if isinstance(member, Fraction)]
        assert len({cell for cell in cells if cell not in ("nan", "inf", "-inf", "-0")}) == len(set(values))
        for cell, member in zip(cells, members, strict=True):
            if isinstance(member, str):
                assert cell == member
            elif "^" in cell:
                assert Fraction(2) ** int(cell.partition("^")[2]) == abs(member)
                assert cell.startswith("-") == (member < 0)
            else:
                assert number(cell) == pytest.approx(float(member), rel=0.005)
    wide = code_grid.grid(f, None)
    assert len(wide[0].split()) == min(16, f._spec.last_code + 1)


def test_a_grid_says_whether_it_is_rounded():
    assert "digits" in code_grid.grid(hu.format("e4m3fn"), None)[-1]
    assert "digits" not in code_grid.grid(hu.format("e2m1fn"), None)[-1]
    assert "digits" not in code_grid.grid(hu.format("e8m0fnu"), None)[-1]


@pytest.mark.parametrize("f", [f for f in REGISTERED + SMALL + OTHERS if f.bits <= 10], ids=str)
def test_special_codes(f: hu.Format):
    # Catches: NaNs of one sign alone; infinity counted among the NaNs.
    thing = format_page.json_facts(f, table=False)
    every = codes.every(f)
    found = {code for first, last in thing["nan_codes"] for code in range(first, last + 1)}
    assert found == {code for code in every if f.exact(code) == "nan"}
    assert thing["members"] == len(finite(f))
    page = format_page.page(f, "both", False, None)
    assert not any("None" in line for line in page)
    infinities, zeros = (
        [codes.hexadecimal(code, f) for signed in words for code in every if f.exact(code) == signed]
        for words in (("inf", "-inf"), (0, "-0"))
    )
    zeros = zeros[:1] if str(f) == "dlfloat16" else zeros
    if f.kind == "float" and not f._spec.has_subnormals:
        zeros = [zero for zero in zeros if int(zero, 16) in (0, 1 << (f.bits - 1))]  # others are never produced
    assert f"infinity  {', '.join(infinities) or 'none'}" in page
    assert f"zero      {', '.join(dict.fromkeys(zeros)) or 'none'}" in page


def test_a_page_of_e4m3fn(capsys):
    # Catches: a limit with another's code; a page without its line, its grid or its source.
    code, out, err = run(capsys, "describe", "e4m3fn")
    assert (code, err) == (0, "")
    assert out.startswith("e4m3fn, also float8_e4m3fn: OCP OFP8 v1.0 E4M3\n")
    rows = [line.split() for line in out.splitlines()]
    assert ["largest", "448", "0x1.cp+8", "0x7e"] in rows
    assert ["smallest", "normal", "0.015625", "0x1p-6", "0x08"] in rows
    assert ["smallest", "subnormal", "0.001953125", "0x1p-9", "0x01"] in rows
    assert ["nan", "0x7f,", "0xff"] in rows
    assert "values above 0, logarithmic" in out
    assert "values, linear" in out
    assert "0x70     128" in out
    assert "logarithmic" not in run(capsys, "describe", "e4m3fn", "--axis", "linear")[1]
    assert "linear" not in run(capsys, "describe", "e4m3fn", "--axis", "log")[1]


def test_table_has_every_code_exactly(capsys):
    # Catches: digits; a code left out; formats above 8 bits without a table.
    out = run(capsys, "describe", "e5m2", "--table")[1]
    rows = [line.split() for line in out.splitlines() if line.startswith("0x")]
    f = hu.format("e5m2")
    assert [int(row[0], 16) for row in rows] == list(range(256))
    assert [row[2] for row in rows[1:4]] == ["1.52587890625e-05", "3.0517578125e-05", "4.57763671875e-05"]
    assert all(number(row[2]) == f.exact(i) for i, row in enumerate(rows) if isinstance(f.exact(i), Fraction))
    assert "the value of every code" not in out
    assert len(run(capsys, "describe", "Binary10p3se", "--table")[1].splitlines()) > 1024
    assert "allowed for --table: formats of 16 bits or fewer" in refused(capsys, "describe", "binary32", "--table")
    assert json_lines(capsys, "describe", "Binary10p3se")[0]["values"] is None
    values = json_lines(capsys, "describe", "Binary10p3se", "--table")[0]["values"]
    assert len(values) == 1024
    assert [values[i] for i in (0, 1, 512)] == [0, hu.format("Binary10p3se").min_subnormal, "nan"]


def rows_of(page: str) -> list[list[str]]:
    return [line.split() for line in page.splitlines()]


def test_pages_of_formats_that_are_no_floats(capsys):
    # Catches: a limit with another's code; a tie told the wrong way; what only floats have; a small table as a grid.
    page = run(capsys, "describe", "nf4")[1]
    rows = rows_of(page)
    assert page.startswith("nf4: arXiv 2305.14314 (QLoRA)")
    assert ["largest", "1", "0x1p+0", "0xf"] in rows
    assert ["least", "-1", "-0x1p+0", "0x0"] in rows
    assert ["smallest", "above", "0", "0.07958029955625534", "0x1.45f5fep-4", "0x8"] in rows
    assert "\nties      halfway between two members: to the lower value\n" in page
    listed = rows[rows.index(["code", "value", "exactly"]) + 1 :]
    f = hu.format("nf4")
    assert [int(row[0], 16) for row in listed] == list(range(16))
    assert [Fraction(number(row[1])) for row in listed] == [f.exact(code) for code in range(16)]
    assert "the value of every code" not in page
    page = run(capsys, "describe", "q4.4")[1]
    assert [
        "bits",
        "8",
        "=",
        "sign",
        "1",
        "+",
        "integer",
        "3",
        "+",
        "fraction",
        "4;",
        "two's",
        "complement",
    ] in rows_of(page)
    assert ["least", "-8", "-0x1p+3", "0x80"] in rows_of(page)
    assert "nothing rounds to 0x8\n" in run(capsys, "describe", "int4s")[1]
    page = run(capsys, "describe", "posit16_2")[1]
    assert ["nan", "0x8000"] in rows_of(page)
    assert ["least", "-72057594037927936", "-0x1p+56", "0x8001"] in rows_of(page) or "-0x1p+56" in page
    assert ["gap", "above", "1", "(epsilon)", "0.00048828125", "0x1p-11"] in rows_of(page)
    assert "to the even code" in page
    for page in (run(capsys, "describe", name)[1] for name in ("int8", "posit8_2", "nf4", "ternary", "hif8", "pm1")):
        assert all(word not in page for word in ("None", "precision", "subnormal", "bias"))


def test_octaves_are_those_of_the_members():
    # Catches: an octave that begins at the wrong power of two.
    rows = dict(format_facts.properties(hu.format("posit8_2")))
    assert rows["octaves"] == "most values, 8 in each, from 2^-4 to 2^4; 1 where they are fewest"
    for name in ("int8", "e4m3fn", "nf4"):
        assert "octaves" not in dict(format_facts.properties(hu.format(name)))


def test_gaps_of_other_kinds_are_those_between_members():
    # Catches: the gap of another pair; one below a value taken for the one above.
    pytest.importorskip("matplotlib")
    from halfulp.cli.describing.value_plot import value_figure

    members = [float(member) for member in positives(hu.format("nf4"))]
    (line,) = value_figure(hu.format("nf4")).axes[2].get_lines()
    places, gaps = line.get_xydata().T
    wanted = [(math.log2(v), (b - a) / v) for a, b in pairwise(members) for v in (a, b)]
    assert list(zip(places, gaps, strict=True)) == [pytest.approx(pair) for pair in wanted]


def test_several_names_and_yaml(capsys):
    # Catches: the format of a scheme's element described instead of the scheme.
    code, out, _ = run(capsys, "describe", "mxfp4", "e4m3fn", "--yaml")
    assert code == 0
    assert out == hu.scheme("mxfp4").describe() + "---\n" + hu.format("e4m3fn").describe()
    pages = [run(capsys, "describe", name)[1] for name in ("mxfp4", "e4m3fn")]
    assert run(capsys, "describe", "mxfp4", "e4m3fn")[1] == "\n".join(pages)
    assert [thing["is"] for thing in json_lines(capsys, "describe", "mxfp4", "e4m3fn")] == ["scheme", "format"]
    refused(capsys, "describe", "mxfp44")
    refused(capsys, "describe", "e4m3fn", "mxfp44")


SCHEMES = [
    *("mxfp4", "nvfp4", "mxfp8_e4m3", "mxfp4@recipe=ceil", "nvfp4@recipe=four_over_six", "mxfp4@search=mse"),
    *("mxfp4@hadamard=16", "mxfp4@hadamard=256,signs=7", "e4m3fn/tensor:binary32", "e4m3fn/channel:binary32"),
    *("e4m3fn/4x8:bfloat16", "e4m3fn/128x128:binary32", "e2m1fn/16:e4m3fn/channel:binary32", "e3m2fn/7:e8m0fnu"),
    *("e2m1fn/16:e4m3fn/4:bfloat16/tensor:binary32", "e19m4f/32:e8m0fnu", "e4m3fn/2000000:bfloat16"),
    *("nf4/64:binary32", "int4s/128:binary16", "int8/tensor:binary32", "posit8_2/channel:binary32", "mxint8"),
    *("ternary/tensor:binary32", "pm1/32:binary16", "apot4/16:bfloat16", "dynamic8/4x8:binary32"),
    *("nf4_64", "nf4_64_dq256", "int4s/32:binary16@percentile=99", "pm1/channel:binary32@recipe=absmax"),
]


@pytest.mark.parametrize("text", SCHEMES)
def test_a_scheme_is_worked_through(capsys, text: str):
    # Catches: numbers of the second group; a scale of another level; a page that does not survive a kind of group.
    s = hu.scheme(text)
    (thing,) = json_lines(capsys, "describe", text)
    example = thing["example"]
    rows, columns = example["shape"]
    first = np.resize(np.array(worked_example.NUMBERS), example["size"])
    first[8:] /= 2
    if example["size"] == rows * columns:
        x = first.reshape(rows, columns)
    elif s.levels[0].group == "channel":
        x = np.stack([first, 5 * first])
    else:
        x = np.concatenate([first.reshape(rows, -1), 5 * first.reshape(rows, -1)], axis=1)
    quantized = hu.quantize(x, s)
    width = x.shape[1] if example["size"] == x.size or s.levels[0].group == "channel" else x.shape[1] // 2
    height = 1 if s.levels[0].group == "channel" else rows
    assert example["numbers"] == first[:8].tolist()
    assert example["codes"] == quantized.codes[:height, :width].ravel()[:8].tolist()
    assert example["values"] == quantized.dequantize()[:height, :width].ravel()[:8].tolist()
    assert [code for _, code in example["scales"]] == [np.ravel(codes)[0] for codes in quantized.scale_codes]
    assert (example["amax"], example["whole_amax"]) == (np.abs(first).max(), np.abs(x).max())
    assert thing["bits_per_element"] == s.bits_per_element
    assert sum(level["bits_per_element"] for level in thing["levels"]) == pytest.approx(
        s.bits_per_element - s.element.bits
    )
    assert (thing["recipe"] or "", thing["search"] or "", thing["hadamard"]) == (s.recipe, s.search, s.hadamard)
    out = run(capsys, "describe", text)[1]
    table = out[out.index("\nnumber ") + 1 :].splitlines()[1:]
    assert len(table) == min(8, example["size"])
    codes = [int(line.split()[1], 16) for line in table]
    assert codes == [code % 2**s.element.bits for code in example["codes"]]


def test_the_page_of_a_scheme_names_its_parts(capsys):
    out = run(capsys, "describe", "nvfp4")[1]
    assert out.startswith("nvfp4 = e2m1fn/16:e4m3fn/tensor:binary32: ")
    for part in (
        "element  e2m1fn: 4 bits, -6 to 6",
        "scale    e4m3fn: 8 bits for every 16 elements",
        "scale    binary32: 32 bits for the tensor",
        "bits     4 + 0.5 = 4.5 per element",
        "recipe   nvfp4_exact: ",
    ):
        assert f"\n{part}" in out
    assert "for every tile of 4 rows and 8 columns" in run(capsys, "describe", "e4m3fn/4x8:bfloat16")[1]
    assert "for every index of the channel axis" in run(capsys, "describe", "e4m3fn/channel:binary32")[1]
    assert "2^k" in run(capsys, "describe", "mxfp4")[1]
    page = run(capsys, "describe", "uint4/32:binary16@zero_point")[1]
    assert "bits        4 + 0.5 + 0.125 = 4.625 per element" in page
    assert "zero_point  every scale has" in page
    assert "double_quant" in run(capsys, "describe", "nf4_64_dq256")[1]


def test_plot_is_a_picture_of_one_format(tmp_path: Path, monkeypatch, capsys):
    # Catches: a picture of the wrong format; a file half written; formats of any width and kind that do not draw.
    pytest.importorskip("matplotlib")
    from halfulp.cli.describing.value_plot import value_figure

    monkeypatch.chdir(tmp_path)
    for name, start in {"a.png": b"\x89PNG", "b.pdf": b"%PDF", "new/c.svg": b"<?xml"}.items():
        code, _, err = run(capsys, "describe", "e4m3fn", "--axis", "log", "--plot", name)
        assert (code, err) == (0, f"wrote {name}\n")
        assert Path(name).read_bytes().startswith(start)
    assert "allowed: a name that ends in" in refused(capsys, "describe", "e4m3fn", "--plot", "d.bmp")
    assert "allowed: one NAME" in refused(capsys, "describe", "e4m3fn", "e5m2", "--plot", "d.png")
    assert "allowed: one NAME" in refused(capsys, "describe", "mxfp4", "--plot", "d.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.pdf", "new"]

    for name in (
        "binary64",
        "bfloat16",
        "e8m0fnu",
        "dlfloat16",
        "e1m0f",
        "e2m1fn",
        "e19m4f",
        "Binary8p1ue",
        "e5m2_nosub",
        *("int8", "uint1", "q4.4", "q8.8", "posit8_2", "posit32_2", "nf4", "dynamic8", "pm1", "hif8", "q32.32"),
    ):
        f = hu.format(name)
        figure = value_figure(f)
        figure.canvas.draw()
        linear, logarithmic, gaps = figure.axes
        lines = sum(
            len(collection.get_segments())
            for collection in logarithmic.collections
            if hasattr(collection, "get_segments")
        )
        if f.bits <= 8:
            assert lines == value_counts.sides(f).above.count
        assert gaps.get_xlim()[0] < value_counts.log2(f.max) < gaps.get_xlim()[1]
        largest = max(Fraction(f.max), -Fraction(f.min))
        assert linear.get_xticklabels()[-1].get_text() == value_line.short(largest)


def test_relative_gaps_are_those_between_members():
    # Catches: gaps of the wrong precision; subnormals with those of normal numbers.
    pytest.importorskip("matplotlib")
    from halfulp.cli.describing.value_plot import value_figure

    f = hu.format("e4m3fn")
    members = [float(member) for member in positives(f)]
    drawn = {line.get_label(): line.get_xydata() for line in value_figure(f).axes[2].get_lines()}
    for label, low, high in (("subnormal", members[0], f.min_normal), ("normal", f.min_normal, f.max)):
        for place, gap in drawn[label][::7]:
            x = 2.0**place
            above = [member for member in members if member > x * (1 + 1e-9)]
            below = [member for member in members if member <= x * (1 + 1e-9)]
            if above and low <= x < high:
                assert gap == pytest.approx((above[0] - below[-1]) / x)


def test_complex_codes_stand_beside_others(capsys):
    # Catches: a complex scheme that is refused, or printed as its element alone; lines that are no YAML.
    out = run(capsys, "describe", "pm1_pmi/64:bfloat16", "mxfp4", "pm1_pmi", "--yaml")[1]
    scheme, _, plain = out.split("---\n")
    assert scheme.startswith("name: pm1_pmi/64:bfloat16\nbits_per_element: 2.5\nelement:\n  name: pm1_pmi\n  kind:")
    assert plain == hu.format("pm1_pmi").describe()
    assert run(capsys, "describe", "pm1_pmi")[1] == plain
    for option in (["--table"], ["--plot", "x.png"]):
        assert "pm1_pmi/8:binary32 is of complex numbers" in refused(capsys, "describe", "pm1_pmi/8:binary32", *option)
