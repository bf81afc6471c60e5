"""The report as a file: what is in it, that nothing is half-written, that nothing of it can do harm."""

import base64
import html
import json
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")

import halfulp as hu
import pandas as pd
from halfulp import report
from halfulp.sweeping import findings, model_rows

RNG = np.random.default_rng(5)
WEIGHTS = {f"layers.{i}.weight": RNG.standard_t(4, size=(8, 64)) for i in range(3)}


@pytest.fixture(scope="module")
def table():
    return hu.sweep(WEIGHTS, "mxfp4 nvfp4 mxfp6_e2m3 e2m1f/{16,64}:bfloat16", progress=False)


def tasks_of(*rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["scheme", "task", "metric", "value", "low", "high", "samples", "seed", "note"])


TASKS = tasks_of(
    ("(reference)", "embedding", "ndcg@10", 0.8, 0.78, 0.82, 100, 0, "a model"),
    ("mxfp4", "embedding", "ndcg@10", 0.7, 0.68, 0.72, 100, 0, "a model"),
    ("mxfp6_e2m3", "embedding", "ndcg@10", 0.795, 0.77, 0.81, 100, 0, "a model"),
    ("mxfp4", "embedding", "overlap@10", 0.9, np.nan, np.nan, 100, 0, "a model"),
    ("mxfp4", "embedding", "bits_per_element", 4.25, np.nan, np.nan, 100, 0, "a model"),
    ("mxfp4", "stored_embedding", "ndcg@10", 0.1, 0.05, 0.15, 100, 0, "vectors"),
)


def written(path: Path, table, **options) -> str:
    report.write(table, path, **{"pictures": False, **options})
    return path.read_text(encoding="utf-8")


def payload_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


def column(data: dict, name: str) -> dict:
    return next(one for one in data["columns"] if one["name"] == name)


def texts(column: dict) -> list:
    return [column["words"][code] for code in column["codes"]]


def test_the_models_rows_are_there_in_full(table, tmp_path: Path):
    # Catches: rows of matrices among them; numbers rounded to what a table shows; infinities that are not JSON.
    data = payload_of(written(tmp_path / "r.html", table))
    rows = model_rows(table)
    assert texts(column(data, "scheme")) == rows["scheme"].to_list()
    for name in ("bits_per_element", "relative_error", "cosine", "max_error", "elements", "bytes"):
        np.testing.assert_allclose(column(data, name)["values"], rows[name], rtol=1e-6)
    assert column(data, "elements")["values"] == rows["elements"].to_list()
    assert column(data, "cosine")["better"] == 1
    assert column(data, "mse")["better"] == -1
    assert data["published"] == [1, 1, 1, 0, 0]


def test_metrics_by_matrix(table, tmp_path: Path):
    # Catches: schemes and matrices exchanged; another byte order; rows taken to be in the order of a full grid.
    shuffled = table.sample(frac=1, random_state=1)
    shuffled.attrs = table.attrs
    shuffled = shuffled[~((shuffled["scheme"] == "nvfp4") & (shuffled["matrix"] == "layers.1.weight"))]
    data = payload_of(written(tmp_path / "r.html", shuffled))
    schemes = texts(column(data, "scheme"))
    matrices = data["matrices"]
    assert set(matrices["names"]) == set(WEIGHTS)
    assert set(matrices["short"]) == {"0", "1", "2"}
    metric = next(one for one in matrices["metrics"] if one["name"] == "relative_error")
    values = np.frombuffer(base64.b64decode(metric["data"]), dtype="<f4").reshape(len(schemes), 3)
    truth = table.set_index(["scheme", "matrix"])["relative_error"]
    for i, scheme in enumerate(schemes):
        for j, name in enumerate(matrices["names"]):
            if (scheme, name) == ("nvfp4", "layers.1.weight"):
                assert np.isnan(values[i, j])
            else:
                assert values[i, j] == np.float32(truth[scheme, name])


def test_rows_of_two_roundings_stay_apart(tmp_path: Path):
    both = hu.sweep(WEIGHTS, "mxfp4", rounding=["nearest_ties_to_even", "stochastic"], rng=1, progress=False)
    data = payload_of(written(tmp_path / "r.html", both))
    assert texts(column(data, "rounding")) == ["nearest_ties_to_even", "stochastic"]
    metric = data["matrices"]["metrics"][0]
    values = np.frombuffer(base64.b64decode(metric["data"]), dtype="<f4").reshape(2, 3)
    single = both[both["matrix"] != "(model)"]
    np.testing.assert_array_equal(values.ravel(), single["relative_error"].astype(np.float32))
    assert (values[0] != values[1]).all()


def test_end_tasks_stand_beside_their_schemes(table, tmp_path: Path):
    # Catches: values at the wrong row; the reference as a scheme; stored embeddings taken for weights.
    page = written(tmp_path / "r.html", table, tasks=TASKS)
    data = payload_of(page)
    ndcg = column(data, "embedding: ndcg@10")
    assert ndcg["values"] == [0.7, None, 0.795, None, None]
    assert ndcg["low"] == [0.68, None, 0.77, None, None]
    assert (ndcg["reference"], ndcg["better"], ndcg["secondary"], ndcg["meaning"]) == (0.8, 1, False, "a model")
    assert column(data, "embedding: overlap@10")["secondary"] is True
    names = {one["name"] for one in data["columns"]}
    assert not names & {"stored_embedding: ndcg@10", "embedding: bits_per_element"}
    assert page.count("<td>stored_embedding</td>") == 1  # but it is in the table of all results
    assert "0.8 without quantization; within 1 % of it with the fewest bits is mxfp6_e2m3 (6.25 bits)" in page


def test_end_tasks_of_another_rounding_belong_to_its_rows(tmp_path: Path):
    both = hu.sweep(WEIGHTS, "mxfp4", rounding=["nearest_ties_to_even", "stochastic"], rng=1, progress=False)
    some = TASKS[TASKS["scheme"] == "mxfp4"].head(1)
    assert column(payload_of(written(tmp_path / "a.html", both, tasks=some)), "embedding: ndcg@10")["values"] == [
        0.7,
        None,
    ]
    by_column = some.assign(rounding="stochastic")
    by_attrs = some.copy()
    by_attrs.attrs["halfulp"] = {"rounding": {"rounding": "stochastic"}}
    for tasks in (by_column, by_attrs):
        data = payload_of(written(tmp_path / "b.html", both, tasks=tasks))
        assert column(data, "embedding: ndcg@10")["values"] == [None, 0.7]


def test_findings_come_first(table, tmp_path: Path):
    page = written(tmp_path / "r.html", table)
    for line in findings(table):
        head, _, rest = line.partition(": ")
        assert f"<b>{html.escape(head)}:</b> {html.escape(rest)}" in page
    assert page.index("Findings") < page.index('id="scatter"') < page.index('id="table"')


def test_numbers_that_json_lacks(tmp_path: Path):
    exact = hu.sweep({"x": np.array([[0.5, 1.0, 0.0, 3.0]])}, "e4m3fn e2m1f", progress=False)
    data = payload_of(written(tmp_path / "r.html", exact))
    assert column(data, "sqnr_db")["values"] == ["inf", "inf"]
    assert column(data, "output_error")["values"] == [None, None]


@pytest.mark.parametrize(
    "hostile",
    [
        "</script><script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<!--<script>",
        "\"'&amp;\\u003c",
        "@@SCRIPT@@ @@DATA@@",
        "a\u2028b\x00\x1b[0m",
    ],
)
def test_hostile_names_stay_text(tmp_path: Path, hostile: str):
    # Catches: a name that ends the block of data; markers of the page filled in twice; what cannot be encoded.
    table = hu.sweep({hostile: WEIGHTS["layers.0.weight"], "b": WEIGHTS["layers.1.weight"]}, "mxfp4", progress=False)
    table.attrs["halfulp"]["weights"] = hostile
    tasks = TASKS.head(3).assign(note=hostile, task=hostile)
    page = written(tmp_path / "r.html", table, tasks=tasks, title=hostile)
    assert payload_of(page)["matrices"]["names"] == [hostile, "b"]
    clean = written(tmp_path / "clean.html", hu.sweep({"a": np.ones((1, 2)) / 3}, "mxfp4", progress=False))
    for tag in ("<script", "</script", "<img", "<!--", "class Scatter"):
        assert page.count(tag) == clean.count(tag), tag


def test_nothing_is_fetched_and_only_the_pages_script_may_run(table, tmp_path: Path):
    # Catches: an address in the page; a policy that has no or another hash, so that the script would not run.
    import hashlib

    page = written(tmp_path / "r.html", table)
    assert set(re.findall(r"https?://[\w./-]+", page)) == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    policy = html.unescape(re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1])
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_pictures(table, tmp_path: Path):
    matplotlib_figure = pytest.importorskip("matplotlib.figure")
    figure = matplotlib_figure.Figure()
    page = written(tmp_path / "r.html", table, pictures={'mine <"&': figure})
    assert page.count("<img ") == 1
    assert 'alt="mine &lt;&quot;&amp;"' in page
    svg = base64.b64decode(re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', page)[1])
    assert svg.startswith(b"<?xml")
    assert written(tmp_path / "again.html", table, pictures={'mine <"&': figure}) == page
    chosen = hu.sweep(WEIGHTS, "e{1..2}m{1..2}f/{16,32}:e8m0fnu mxfp4", progress=False)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", written(tmp_path / "s.html", chosen, pictures=True))
    assert captions == [
        "Exponent against mantissa bits: SQNR with e8m0fnu scales for groups of 32",
        "What shorter groups buy",
        "Error by weight matrix",
        "Error by depth",
    ]
    one = hu.sweep({"x": WEIGHTS["layers.0.weight"]}, "e4m3fn", progress=False)
    assert "<img" not in written(tmp_path / "t.html", one, pictures=True)


def test_a_failed_report_keeps_the_old_one(table, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: writing into the target itself; a temporary file left behind.
    target = tmp_path / "r.html"
    target.write_text("old")
    with pytest.raises(TypeError, match="pictures holds a str, allowed: matplotlib Figures"):
        report.write(table, target, pictures={"a": "b"})
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space")))
    with pytest.raises(OSError, match="no space"):
        written(target, table)
    monkeypatch.undo()
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.html"]


def test_wrong_arguments(table, tmp_path: Path):
    # Catches: an hour of sweeping followed by an error about a name.
    with pytest.raises(ValueError, match=r"report is .*r\.pdf', allowed: a name that ends in \.html or \.htm"):
        report.write(table, tmp_path / "r.pdf")
    (tmp_path / "d.html").mkdir()
    with pytest.raises(IsADirectoryError):
        report.write(table, tmp_path / "d.html")
    with pytest.raises(TypeError, match="table is a dict, allowed: a DataFrame"):
        report.write({}, tmp_path / "r.html")
    with pytest.raises(ValueError, match=r"table has no row \(model\)"):
        report.write(table[table["matrix"] != "(model)"], tmp_path / "r.html")
    with pytest.raises(ValueError, match="tasks has no column task, metric"):
        report.write(table, tmp_path / "r.html", tasks=TASKS.drop(columns=["task", "metric"]))
    with pytest.raises(TypeError, match="pictures is a list, allowed: True, False, or a mapping"):
        report.write(table, tmp_path / "r.html", pictures=[])
    assert not (tmp_path / "r.html").exists()


def test_large_sweeps_stay_small(tmp_path: Path):
    # Catches: numbers by matrix as decimal text; metrics without a limit on their size. 1000 schemes × 60 matrices.
    small = hu.sweep({"w": WEIGHTS["layers.0.weight"]}, "mxfp4", progress=False)
    schemes = hu.expand_schemes("e{1..5}m{0..7}f/{8,16,32,64,128}:{e8m0fnu,bfloat16,binary16,e5m2,e5m3fnu}")
    rows, model = small.iloc[:1], small.iloc[1:]
    one = pd.concat([rows.assign(matrix=f"encoder.layers.{i}.self_attention.weight") for i in range(60)] + [model])
    everything = pd.concat([one.assign(scheme=str(scheme)) for scheme in schemes], ignore_index=True)
    for name in ("relative_error", "max_error", "cosine", "zeros", "saturated", "kl", "output_error", "mse"):
        everything[name] = RNG.random(len(everything))
    for i in range(15):
        everything[f"metric_{i}"] = RNG.random(len(everything))
    assert len(everything) == 61_000
    everything.attrs = small.attrs
    report.write(everything, tmp_path / "r.html", pictures=False)
    assert (tmp_path / "r.html").stat().st_size < 5_000_000
    data = payload_of((tmp_path / "r.html").read_text(encoding="utf-8"))
    kept = [metric["name"] for metric in data["matrices"]["metrics"]]
    assert kept[:3] == ["relative_error", "output_error", "metric_0"]
    assert {f"metric_{i}" for i in range(15)} <= {one["name"] for one in data["columns"]}
