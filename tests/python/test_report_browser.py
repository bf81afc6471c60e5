"""The report in headless Chromium: sorted, filtered, pointed at and clicked as by a hand."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")

import chromium
import halfulp as hu
import pandas as pd
from halfulp import report
from halfulp.sweeping import model_rows, pareto_front

RNG = np.random.default_rng(12)
HOSTILE = "</script><img src=x onerror=alert(1)>\"'&<b>`${1}`"
WEIGHTS = {f"layers.{i}.{part}.weight": RNG.standard_t(3 + i, size=(4, 64)) for i in range(7) for part in ("a", "b")}
WEIGHTS |= {HOSTILE: RNG.standard_t(2.1, size=(4, 64)), "embed.weight": RNG.normal(size=(4, 64))}
SCHEMES = "e{1..3}m{1..3}f/{16,32}:{e8m0fnu,bfloat16} nvfp4 e4m3fn e2m1f/32:e8m0fnu@hadamard=32 mxfp4@recipe=ceil"
RESULTS = [("(reference)", 0.82, 0.8, 0.84), ("mxfp4", 0.7, 0.68, 0.72), ("mxfp6_e2m3", 0.81, 0.79, 0.83)]


@pytest.fixture(scope="module")
def table():
    return hu.sweep(WEIGHTS, SCHEMES, progress=False)


@pytest.fixture(scope="module")
def models(table):
    return model_rows(table)


@pytest.fixture(scope="module")
def file(table, tmp_path_factory: pytest.TempPathFactory) -> Path:
    tasks = pd.DataFrame(
        [(scheme, "embedding", "ndcg@10", *numbers, 100, 0, HOSTILE) for scheme, *numbers in RESULTS],
        columns=["scheme", "task", "metric", "value", "low", "high", "samples", "seed", "note"],
    )
    path = tmp_path_factory.mktemp("report") / "a report.html"
    report.write(table, path, tasks=tasks, pictures=False, title=f"Sweep of {HOSTILE}")
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory):
    with chromium.opened(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def page(browser, file):
    """The report, freshly opened; at the end nothing may have been fetched or complained about."""
    browser.open(file)
    yield browser
    assert browser.complaints() == []
    assert [url for url in browser.requests() if not url.startswith("data:")] == [file.as_uri()]


def rows(page) -> list[str]:
    return page.texts("#table tbody button.scheme")


def cells(page, column: str) -> list[str]:
    place = page.run(
        f"[...document.querySelectorAll('#table thead th')].findIndex(h => h.dataset.column === '{column}')"
    )
    return page.run(f"[...document.querySelectorAll('#table tbody tr')].map(r => r.children[{place}].textContent)")


def point(scheme: str, models) -> str:
    return f'.point[data-row="{models.index[models["scheme"] == scheme][0]}"]'


def drawn(page) -> list[int]:
    return page.run("[...document.querySelectorAll('#scatter .point')].map(p => Number(p.dataset.row))")


def worst(table, scheme: str, column: str = "relative_error") -> list[str]:
    mine = table[(table["scheme"] == scheme) & (table["matrix"] != "(model)")]
    order = mine.sort_values(column, ascending=False, kind="stable")["matrix"].head(10)
    return [name.removesuffix(".weight") if HOSTILE not in mine["matrix"].to_list() else name for name in order]


def test_it_opens_with_all_schemes_by_their_bits(page, models):
    order = models.sort_values(["bits_per_element", "relative_error"], kind="stable")["scheme"].to_list()
    assert rows(page) == order
    assert sorted(drawn(page)) == list(range(len(models)))
    assert page.texts("#count") == [f"{len(models)} of {len(models)} schemes"]
    assert page.texts("h1") == [f"Sweep of {HOSTILE}"]


def test_points_are_where_their_values_are(page, models):
    # Catches: axes exchanged or upside down; the scale of another column.
    places = page.run(
        "[...document.querySelectorAll('#scatter .point')].map(p => [Number(p.dataset.row), "
        "...p.getAttribute('transform').match(/[-.0-9]+/g).map(Number)])"
    )
    row, x, y = np.array(places).T
    for values, pixels, rising in (
        (models["bits_per_element"], x, 1),
        (10 * np.log10(models["relative_error"]), y, -1),
    ):
        slope, offset = np.polyfit(values.to_numpy()[row.astype(int)], pixels, 1)
        assert slope * rising > 0
        np.testing.assert_allclose(slope * values.to_numpy()[row.astype(int)] + offset, pixels, atol=0.11)


def test_hovering_shows_the_scheme(page, models):
    page.move(*page.centre(point("nvfp4", models)))
    tip = page.texts("#tip div")
    row = models[models["scheme"] == "nvfp4"].iloc[0]
    assert tip[0] == "nvfp4"
    assert tip[1] == f"bits per element: {row['bits_per_element']:.4f}"
    assert tip[2] == f"relative error (dB): {10 * np.log10(row['relative_error']):.2f}".replace("-", "−")
    page.move(1, 1)
    assert page.run("document.getElementById('tip').hidden")


def test_clicking_a_point_opens_its_details(page, table, models):
    page.click(point("mxfp4", models))
    assert page.texts("#details h3.name") == ["mxfp4"]
    assert page.texts("#details .levels li")[:2] == [
        "elements: e2m1fn, 4 bits each",
        "one e8m0fnu scale for every 32 elements",
    ]
    assert "published scheme" in page.texts("#details .badge")
    assert page.texts("#worst .matrix") == worst(table, "mxfp4")
    assert page.texts("#worst .matrix")[0] == HOSTILE
    row = models[models["scheme"] == "mxfp4"].iloc[0]
    facts = dict(zip(page.texts("#details .facts th"), page.texts("#details .facts td"), strict=True))
    assert facts["cosine"] == f"{row['cosine']:.5f}"
    assert facts["zeros (%)"] == f"{100 * row['zeros']:.3g}"
    assert facts["embedding: ndcg@10"] == "0.70000 (0.68 to 0.72)"
    lengths = page.run("[...document.querySelectorAll('#worst .fill')].map(f => parseFloat(f.style.width))")
    mine = table[(table["scheme"] == "mxfp4") & (table["matrix"] != "(model)")]["relative_error"].nlargest(10)
    np.testing.assert_allclose(lengths, 100 * mine / mine.iloc[0], rtol=1e-3)
    assert len(page.texts("#details .strip rect")) == len(WEIGHTS)
    assert page.run("location.hash") == "#scheme=mxfp4"
    assert page.texts("#table tr[aria-selected='true'] button.scheme") == ["mxfp4"]


def test_the_worst_matrices_by_another_metric(page, table, models):
    page.click(point("nvfp4", models))
    page.pick("#worst-by", "max_error")
    assert page.texts("#worst .matrix") == worst(table, "nvfp4", "max_error")
    page.pick("#worst-by", "cosine")
    mine = table[(table["scheme"] == "nvfp4") & (table["matrix"] != "(model)")]
    assert page.texts("#worst .matrix")[0] == mine.loc[mine["cosine"].idxmin(), "matrix"]


def test_a_click_on_a_head_sorts_and_another_one_turns_it(page, models):
    # Catches: numbers sorted as text; missing values on top; the sort of the plot's axis.
    page.click('th[data-column="relative_error"] button')
    assert rows(page)[0] == models.loc[models["relative_error"].idxmin(), "scheme"]
    ascending = [float(text.replace("−", "-")) for text in cells(page, "relative_error")]
    assert ascending == sorted(ascending)
    assert page.run("document.querySelector('th[data-column=relative_error]').ariaSort") == "ascending"
    page.click('th[data-column="relative_error"] button')
    assert rows(page)[0] == models.loc[models["relative_error"].idxmax(), "scheme"]
    page.click('th[data-column="embedding: ndcg@10"] button')
    assert cells(page, "embedding: ndcg@10")[:3] == ["0.70000", "0.81000", "–"]
    page.click('th[data-column="embedding: ndcg@10"] button')
    assert cells(page, "embedding: ndcg@10")[:3] == ["0.81000", "0.70000", "–"]
    page.click('th[data-column="scheme"] button')
    assert rows(page)[0].startswith("e1m1f/16")
    assert rows(page)[-1] == "nvfp4"


def test_filters_hold_for_table_and_plot(page, models):
    page.type("#filter-text", "BFLOAT16 /16")
    wanted = models[(models["scales"] == "bfloat16") & (models["block"] == 16)]
    assert sorted(rows(page)) == sorted(wanted["scheme"])
    assert sorted(drawn(page)) == wanted.index.to_list()
    assert page.texts("#count") == [f"{len(wanted)} of {len(models)} schemes"]
    page.type("#filter-text", "e8m0fnu -hadamard -recipe=")
    assert not any("@" in scheme for scheme in rows(page))
    assert "mxfp4" in rows(page)  # whose text has no e8m0fnu, but whose scales are
    page.type("#filter-text", "")
    page.pick("#filter-least", "4")
    page.pick("#filter-most", "5")
    assert sorted(rows(page)) == sorted(models[models["element_bits"].isin([4, 5])]["scheme"])
    page.type("#filter-text", "no such scheme")
    assert rows(page) == []
    assert page.texts("#scatter text") == ["No scheme to draw"]


def test_the_front_of_any_two_columns(page, models):
    # Catches: fronts that take less to be better in every column; a front of all schemes when some are filtered out.
    def shown() -> list[str]:
        return sorted(rows(page))

    page.click("#filter-front")
    front = pareto_front(models["bits_per_element"], models["relative_error"])
    assert shown() == sorted(models["scheme"][front])
    page.pick("#axis-y", "cosine")
    assert shown() == sorted(models["scheme"][pareto_front(models["bits_per_element"], -models["cosine"])])
    page.pick("#axis-x", "max_error")
    assert shown() == sorted(models["scheme"][pareto_front(models["max_error"], -models["cosine"])])
    page.type("#filter-text", "e8m0fnu")
    some = models[models["scales"] == "e8m0fnu"].reset_index()
    assert shown() == sorted(some["scheme"][pareto_front(some["max_error"], -some["cosine"])])
    page.pick("#axis-y", "block")  # neither more nor less is better
    assert shown() == []
    assert "No front" in page.texts("#plot-note")[0]


def test_end_tasks_have_intervals_and_the_value_without_quantization(page):
    page.pick("#axis-y", "embedding: ndcg@10")
    assert len(drawn(page)) == 2
    assert page.run("document.querySelectorAll('#scatter .interval').length") == 2
    assert page.run("document.querySelectorAll('#scatter .reference').length") == 1
    assert "have no value that both axes can show" in page.texts("#plot-note")[0]
    assert page.run("document.querySelectorAll('#scatter .bound-line').length") == 0


def test_the_bound_is_drawn_where_it_has_meaning(page):
    def bound() -> int:
        return page.run("document.querySelectorAll('#scatter .bound-line').length")

    assert bound() == 1
    page.pick("#axis-y", "sqnr_db")
    assert bound() == 1
    page.pick("#axis-y", "max_error")
    assert bound() == 0
    page.pick("#axis-x", "relative_error")
    page.pick("#axis-y", "bits_per_element")
    assert bound() == 1


@pytest.mark.parametrize("colour", ["kind", "element_bits", "recipe", "hadamard"])
def test_colours_tell_kinds_apart(page, colour: str):
    page.pick("#axis-colour", colour)
    looks = page.run(
        "[...document.querySelectorAll('#legend path')].map(p => p.getAttribute('class') + p.getAttribute('d'))"
    )
    assert len(looks) == len(set(looks)) > 1


def test_the_plot_by_keyboard(page, models):
    page.run("document.querySelector('#scatter svg').focus()")
    page.press("ArrowRight")
    first = page.texts("#tip .scheme")
    assert models.set_index("scheme")["bits_per_element"][first[0]] == models["bits_per_element"].min()
    page.press("ArrowRight", "ArrowRight", "Enter")
    assert page.texts("#details h3.name") == page.texts("#tip .scheme") != first
    page.press("Escape")
    assert page.run("document.getElementById('tip').hidden")


def test_the_table_by_keyboard(page):
    # Catches: a thousand stops of the tab key; rows that only a mouse opens; heads that only a mouse sorts.
    assert page.run("document.querySelectorAll('#table tbody [tabindex=\"0\"]').length") == 1
    page.run("document.querySelector('#table tbody [tabindex=\"0\"]').focus()")
    page.press("ArrowDown", "ArrowDown", "Enter")
    assert page.texts("#details h3.name") == [rows(page)[2]]
    assert page.run("document.querySelectorAll('#table tbody [tabindex=\"0\"]').length") == 1
    page.run("document.querySelector('th[data-column=cosine] button').focus()")
    page.press("Enter")
    numbers = [float(text) for text in cells(page, "cosine")]
    assert numbers == sorted(numbers)


def test_all_columns_and_what_is_the_same_for_all(page):
    heads = page.texts("#table thead button")
    assert "rounding" not in heads
    assert "rounding nearest_ties_to_even" in page.texts("#same")[0]
    page.click("#all-columns")
    more = page.texts("#table thead button")
    assert {"rounding", "mean squared error", "size"} <= set(more) - set(heads)


def test_hostile_names_are_shown_and_do_nothing(page, models):
    page.click(point("nvfp4", models))
    assert HOSTILE in page.texts("#worst .matrix")
    assert page.run("document.images.length") == 0
    assert page.run("document.querySelectorAll('b').length") == page.run(
        "document.querySelectorAll('#findings b, .help b').length"
    )
    assert not [e for e in page.events if e.get("method") == "Page.javascriptDialogOpening"]


def test_a_link_to_a_scheme_opens_it(browser, file):
    browser.open(file, "#scheme=mxfp4%40recipe%3Dceil")
    assert browser.texts("#details h3.name") == ["mxfp4@recipe=ceil"]
    browser.open(file, "#scheme=%3Cb%3E")
    assert browser.texts("#details h3.name") == []
    assert browser.complaints() == []


def test_dark_and_print(page):
    def paper() -> str:
        return page.run("getComputedStyle(document.body).backgroundColor")

    light = paper()
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    dark = paper()
    page.call("Emulation.setEmulatedMedia", media="print")
    assert (light, dark, paper()) == ("rgb(255, 255, 255)", "rgb(22, 24, 26)", light)
    assert page.run("getComputedStyle(document.getElementById('filters')).display") == "none"
    page.call("Emulation.setEmulatedMedia", media="", features=[])


def test_a_narrow_window_does_not_scroll_sideways(page):
    page.call("Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=False)
    page.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    page.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)


def test_two_roundings_have_points_and_details_of_their_own(browser, tmp_path: Path):
    both = hu.sweep(WEIGHTS, "mxfp4", rounding=["nearest_ties_to_even", "stochastic"], rng=1, progress=False)
    report.write(both, tmp_path / "both.html", pictures=False)
    browser.open(tmp_path / "both.html", "#scheme=mxfp4+%28stochastic%29")
    assert "rounding: stochastic" in browser.texts("#details .levels li")
    stochastic = both[both["rounding"] == "stochastic"]
    assert browser.texts("#worst .matrix") == worst(stochastic, "mxfp4")
    assert browser.complaints() == []


def test_a_thousand_schemes(browser, table, tmp_path: Path):
    # Catches: work that grows with the square of the schemes; rows beyond the first ones out of reach.
    one = table[table["scheme"] == "mxfp4"]
    schemes = hu.expand_schemes("e{1..5}m{0..7}f/{8,16,32,64,128}:{e8m0fnu,bfloat16,binary16,e5m2,e5m3fnu}")
    large = pd.concat([one.assign(scheme=str(scheme)) for scheme in schemes], ignore_index=True)
    large["relative_error"] = RNG.random(len(large))
    large.attrs = table.attrs
    report.write(large, tmp_path / "large.html", pictures=False)
    browser.open(tmp_path / "large.html")
    assert len(rows(browser)) == 300
    browser.click("#more")
    assert len(rows(browser)) == len(schemes) == 1000
    # Sorting, filtering and drawing all of it, in milliseconds; a tenth of it is usual.
    spent = browser.run(
        """(() => {
            const start = performance.now();
            document.querySelector('th[data-column=relative_error] button').click();
            const field = document.getElementById('filter-text');
            field.value = 'e2';
            field.dispatchEvent(new Event('input'));
            document.body.offsetHeight;
            return performance.now() - start;
        })()"""
    )
    assert spent < 5000
    assert browser.complaints() == []


def test_without_a_script_findings_stand(browser, file):
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.load(file)
        root = browser.call("DOM.getDocument")["root"]["nodeId"]
        found = browser.call("DOM.querySelector", nodeId=root, selector="#findings ul")["nodeId"]
        assert browser.call("DOM.getOuterHTML", nodeId=found)["outerHTML"].count("<li>") == 6
        told = browser.call("DOM.querySelector", nodeId=root, selector="noscript")["nodeId"]
        assert "need JavaScript" in browser.call("DOM.getOuterHTML", nodeId=told)["outerHTML"]
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)
