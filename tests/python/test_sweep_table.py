"""Tables on disk, the front, the findings."""

import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")

import halfulp as hu
from halfulp.sweeping import (
    COLUMNS,
    MODEL,
    _files,
    findings,
    front,
    gaussian_bound_db,
    model_rows,
    pareto_front,
    read_table,
    write_table,
)
from halfulp.sweeping._extras import need

RNG = np.random.default_rng(3)
WEIGHTS = {"first": RNG.normal(size=(8, 64)), "second": RNG.standard_t(3, size=(8, 64)), "bias": np.ones(3)}


@pytest.fixture(scope="module")
def table():
    return hu.sweep(WEIGHTS, "e{1..2}m{1..2}f/{16,32}:{e8m0fnu,bfloat16} nvfp4 e5m2", progress=False)


def test_parquet_keeps_rows_types_and_what_they_came_from(table, tmp_path: Path):
    import pandas as pd

    # Catches: metadata lost on the way; missing blocks turned into NaN floats; a folder that has to exist.
    pytest.importorskip("pyarrow")
    path = tmp_path / "new" / "folder" / "sweep.parquet"
    write_table(table, path)
    again = read_table(path)
    pd.testing.assert_frame_equal(table, again)
    about = again.attrs["halfulp"]
    assert about == table.attrs["halfulp"]
    assert about["version"] == hu.__version__
    assert (about["weights"], about["matrices"]) == ("arrays", 2)
    assert about["left_out"] == {"float64 array with fewer than two axes": 1}
    assert about["schemes"] == list(dict.fromkeys(table["scheme"]))
    assert (about["rounding"], about["axis"]) == ("nearest_ties_to_even", -1)
    assert about["columns"] == COLUMNS
    assert [p.name for p in path.parent.iterdir()] == ["sweep.parquet"]


def test_the_same_sweep_writes_the_same_bytes(table, tmp_path: Path):
    # Catches: a clock or a random name in the file.
    pytest.importorskip("pyarrow")
    for name in ("a", "b"):
        write_table(table, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_failed_write_keeps_the_old_file(table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: writing into the target itself; temporary files left behind, also after Ctrl-C.
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "sweep.parquet"
    path.write_bytes(b"old")
    for error in (OSError("disk full"), KeyboardInterrupt()):

        def fail(content, file, error=error):
            file.write(b"half")
            raise error

        monkeypatch.setattr(parquet, "write_table", fail)
        with pytest.raises(type(error)):
            write_table(table, path)
        assert path.read_bytes() == b"old"
        assert [p.name for p in tmp_path.iterdir()] == ["sweep.parquet"]


def test_places_that_cannot_be_written_are_told_first(tmp_path: Path):
    # Catches: the error of a rename after the work is done.
    with pytest.raises(IsADirectoryError, match="is a folder"):
        _files.prepare(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match="not a folder"):
        _files.prepare(tmp_path / "file" / "sweep.parquet")


def test_a_link_stays_a_link(tmp_path: Path):
    # Catches: os.replace on the link itself, which would leave the file it points to as it was.
    (tmp_path / "real").mkdir()
    (tmp_path / "link.txt").symlink_to(tmp_path / "real" / "file.txt")
    with _files.replacing(tmp_path / "link.txt") as file:
        file.write(b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real" / "file.txt").read_bytes() == b"new"


def test_files_that_are_not_ours(tmp_path: Path):
    import pandas as pd

    # Catches: a KeyError for a Parquet file of somebody else's.
    pytest.importorskip("pyarrow")
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "other.parquet")
    with pytest.raises(ValueError, match="no metadata of a sweep"):
        read_table(tmp_path / "other.parquet")


def test_missing_packages_are_named_with_their_extra():
    # Catches: a bare ModuleNotFoundError; a broken dependency of an installed package blamed on the package.
    with pytest.raises(ImportError, match=r"a picture needs the package nosuchpackage: pip install 'halfulp\[sweep\]'"):
        need("nosuchpackage.part", "sweep", "a picture")


def test_front_is_what_pairwise_comparison_leaves():
    # Catches: < for ≤ in either place, ties, order.
    rng = np.random.default_rng(0)
    for _ in range(300):
        n = int(rng.integers(1, 12))
        bits, error = rng.integers(0, 5, n).astype(float), rng.integers(0, 5, n).astype(float)
        kept = [
            i
            for i in range(n)
            if not any(
                (bits[j] <= bits[i] and error[j] <= error[i] and (bits[j], error[j]) != (bits[i], error[i]))
                or (j < i and (bits[j], error[j]) == (bits[i], error[i]))
                for j in range(n)
            )
        ]
        front = pareto_front(bits, error)
        assert sorted(front) == kept
        assert list(bits[front]) == sorted(bits[front])
    assert list(pareto_front([1, 2, np.nan], [np.nan, 5, 1])) == [1]
    assert list(pareto_front([2, 1], [-math.inf, math.inf])) == [1, 0]


def test_gaussian_bound():
    # Catches: a factor of two in the exponent. D(R) = 2^(-2R).
    assert gaussian_bound_db(4) == pytest.approx(10 * math.log10(2.0**-8))


def made_table(rows: list[tuple[str, float, float, dict]]):
    """A table with given bits and errors in dB, of 1,000 elements; one of the matrices is 3 dB better."""
    made = []
    for text, bits, db, more in rows:
        s = hu.scheme(text)
        level = s.levels[0].group if s.levels else None
        scales = str(s.levels[0].format) if s.levels else ""
        for matrix, more_db in (("easy", 3), ("w", 0), (MODEL, 0)):
            made.append(
                {
                    "scheme": str(s),
                    "matrix": matrix,
                    "shape": "10x100",
                    "elements": 1000,
                    "bits_per_element": bits,
                    "relative_error": 10 ** ((db - more_db) / 10),
                    "sqnr_db": more_db - db,
                    "zeros": 0.25,
                    "saturated": 0.0,
                    "element": str(s.element),
                    "element_bits": s.element.bits,
                    "block": level if isinstance(level, int) else None,
                    "scales": scales,
                }
                | more
            )
    import pandas as pd

    return pd.DataFrame(made).astype({"block": "Int64"})


def test_findings_say_what_the_table_says():
    # Catches: each number of the five lines: the budget, the front, the bound, medians, the scales' base, the worst
    # matrix.
    rows = [
        ("e2m1f/32:e8m0fnu", 4.25, -18.0, {"saturated": 0.02}),
        ("e2m1f/16:e8m0fnu", 4.5, -19.0, {}),
        ("e2m1f/32:bfloat16", 4.5, -20.0, {}),
        ("e2m1f/16:bfloat16", 5.0, -22.5, {}),
        ("e2m2f/32:e8m0fnu", 5.25, -24.5, {}),
    ]
    best, bound, blocks, scales, worst = findings(made_table(rows))
    assert best == (
        "Best of 3 with at most 4.5 bits: e2m1fn/32:bfloat16 (4.5 bits, −20.0 dB), 1 % of the weights' "
        "energy (mxfp4 −18.0 dB)."
    )
    # The front: 4.25, 4.5 (−20), 5.0, 5.25. Above −6.0206·bits by 7.59, 7.09, 7.60, 7.11 dB.
    assert bound == (
        "Front: 4 of 5 schemes are not beaten; they lie 7.1 to 7.6 dB above the Gaussian bound, 1.18 to 1.26 bits; "
        "closest is e2m1fn/32:bfloat16 (4.5 bits, −20.0 dB)."
    )
    # 32 → 16 gains 1.0 (e8m0fnu) and 2.5 dB (bfloat16), for 0.25 and 0.5 bits; one element bit gains 6.5 dB.
    assert blocks == (
        "Blocks: halving them gains 32 → 16 1.75 dB for 0.375 bits (medians of 2 pairs); "
        "one more element bit gains 6.5 dB (median of 1)."
    )
    # bfloat16 against e8m0fnu: 2.0 dB at 32, 3.5 dB at 16, for 0.25 and 0.5 bits.
    assert scales == (
        "Scales: against e8m0fnu with the same element and block, bfloat16 gains 2.75 dB for 0.375 bits "
        "(2 pairs); medians."
    )
    assert worst == (
        "Worst under e2m1fn/32:bfloat16: w (10x100), −20.0 dB against the model's −20.0 dB, 25 % of it zero; "
        "mxfp4 saturates most, 2 % of the weights."
    )


def test_findings_are_five_lines_whatever_there_is(table):
    # Catches: empty groups, medians of nothing, infinities.
    assert len(findings(table)) == 5
    tables = [
        table[table["scheme"] == "e5m2"],
        table[table["scheme"] == "nvfp4"],
        hu.sweep({"x": np.ones((2, 2))}, "e5m2", progress=False),
        hu.sweep({"x": np.ones((2, 2)) / 3}, "e5m2 e4m3fn", progress=False),
        hu.sweep({"x": np.array([[np.nan, 1]])}, "e5m2 mxfp4", progress=False, on_error="record"),
        hu.sweep({"x": np.ones((2, 2)) / 3}, "e2m1f/2:e8m0fnu e2m2f/4:bfloat16", progress=False),
    ]
    for one in tables:
        lines = findings(one)
        assert len(lines) == 5
        assert not any("nan" in line for line in lines)
    assert "no scheme has 4.5 bits or fewer" in findings(tables[0])[0]


def test_model_rows(table):
    # Catches: an index that no longer counts from zero.
    rows = model_rows(table)
    assert list(rows.index) == list(range(table["scheme"].nunique()))
    assert set(rows["matrix"]) == {MODEL}


def test_findings_compare_what_differs_in_one_thing_alone():
    # Catches: pairs of schemes that differ in rounding or transform as well; a scheme's rows of two modes mixed.
    def rows(mode: str, transform: int, more: float) -> list[tuple]:
        text = f"@hadamard={transform}" if transform else ""
        extra = {"rounding": mode, "hadamard": transform, "recipe": "ocp_floor", "search": ""}
        blocks = ((32, 4.25, -18.0), (16, 4.5, -19.0))
        return [(f"e2m1f/{block}:e8m0fnu{text}", bits, db + more, extra) for block, bits, db in blocks]

    nearest, other = "nearest_ties_to_even", "stochastic"
    table = made_table(rows(nearest, 0, 0) + rows(nearest, 64, -0.5) + rows(other, 0, 3.0))
    best, _, blocks, scales, worst = findings(table)
    assert best.startswith("Best of 6 with at most 4.5 bits: e2m1fn/16:e8m0fnu@hadamard=64 (4.5 bits, −19.5 dB)")
    assert "mxfp4 −18.0 dB, mxfp4 stochastic −15.0 dB" in best
    assert blocks.startswith("Blocks: halving them gains 32 → 16 1.00 dB for 0.25 bits (medians of 3 pairs)")
    assert scales.endswith(
        "A Hadamard transform gains 0.50 dB (median of 2 pairs). Stochastic rounding costs 3.00 dB (median of 2 pairs)."
    )
    assert worst.startswith("Worst under e2m1fn/16:e8m0fnu@hadamard=64: w (10x100), −19.5 dB against")


def test_fronts_of_any_two_columns(table):
    # Catches: a direction turned round; x and y exchanged; positions taken for labels; columns that are no numbers.
    models = model_rows(table)
    for x, y in (("bits_per_element", "relative_error"), ("bytes", "sqnr_db"), ("cosine", "bits_per_element")):
        found = front(models, x, y)
        sign = {name: -1 if name in ("sqnr_db", "cosine") else 1 for name in (x, y)}
        better = models.assign(a=models[x] * sign[x], b=models[y] * sign[y])
        kept = [
            i
            for i, row in better.iterrows()
            if not any(
                other.a <= row.a and other.b <= row.b and (other.a < row.a or other.b < row.b)
                for other in better.itertuples()
            )
        ]
        assert sorted(found.index) == kept
        assert found[x].is_monotonic_increasing if sign[x] == 1 else found[x].is_monotonic_decreasing
    turned = front(models, "bits_per_element", "relative_error", x_better="higher", y_better="higher")
    assert turned.iloc[0]["bits_per_element"] == models["bits_per_element"].max()
    mine = models.assign(mine=range(len(models)))[::-1]
    assert list(front(mine, "mine", "elements", x_better="lower")["mine"]) == [0]
    assert list(front(mine, "mine", "elements", x_better="higher")["mine"]) == [len(models) - 1]
    for arguments, message in (
        (("mine", "mse"), "x_better is None, allowed for column 'mine'"),
        (("mse", "nothing"), "no column 'nothing', it has: scheme"),
        (("mse", "scheme"), "column 'scheme' holds no numbers"),
    ):
        with pytest.raises(ValueError, match=message):
            front(mine, *arguments)
    with pytest.raises(ValueError, match="y_better is 'more', allowed"):
        front(models, "bytes", "mse", y_better="more")
    gaps = models.assign(depth=models["depth"])  # missing everywhere
    assert front(gaps, "depth", "mse").empty
