"""The plugin of pytest: fixtures, the option, the header's line, and the summary, in runs of pytest of their own."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import halfulp as hu
import pytest

pytest_plugins = ["pytester"]

PLUGIN = "halfulp.testing.plugin"


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> object:
    """pytest with this plugin alone, whether or not it is installed as one, in a process of its own."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    monkeypatch.delenv("HALFULP_BACKEND", raising=False)

    def run(text: str, *arguments: str) -> pytest.RunResult:
        pytester.makepyfile(text)
        return pytester.runpytest_subprocess("-p", PLUGIN, *arguments)

    return run


BACKENDS = """
    import halfulp as hu

    seen = []

    def test_backend(halfulp_backend):
        assert hu.backend() == halfulp_backend
        seen.append(halfulp_backend)

    def test_after():
        print("seen", *seen, "now", hu.backend())
"""


def test_the_backend_fixture_goes_through_all_and_gives_the_old_one_back(run) -> None:
    result = run(BACKENDS, "-s")
    result.assert_outcomes(passed=len(hu.backends()) + 1)
    result.stdout.fnmatch_lines([f"*seen {' '.join(hu.backends())} now {hu.backends()[-1]}*"])
    result = run(BACKENDS, "-s", "-k", "scalar or after")
    result.stdout.fnmatch_lines([f"*seen scalar now {hu.backends()[-1]}*"])
    result = run(BACKENDS, "-s")
    result.stdout.fnmatch_lines(
        [f"halfulp: {hu.__version__}, backend {hu.backends()[-1]} of {', '.join(hu.backends())}"]
    )


def test_the_option_chooses_one_backend(run) -> None:
    result = run(BACKENDS, "-s", "--halfulp-backend=scalar")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "*seen scalar now scalar*",
        ]
    )
    result.stdout.fnmatch_lines([f"halfulp: {hu.__version__}, backend scalar of *"])


def test_a_wrong_backend_is_an_error_that_says_what_there_is(run, monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(BACKENDS, "--halfulp-backend=sse9")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--halfulp-backend: backend is 'sse9', allowed*: *scalar*"])
    monkeypatch.setenv("HALFULP_BACKEND", "sse9")
    result = run("def test_nothing():\n    pass\n")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"halfulp: {hu.__version__}, *HALFULP_BACKEND*sse9*"])


COMPARISONS = """
    import numpy as np
    import halfulp as hu

    x = np.linspace(-5, 5, 24, dtype=np.float32).reshape(4, 6)

    def test_right(bitexact):
        bitexact(hu.encode(x, "e4m3fn"), "e4m3fn", x)
        bitexact(hu.encode(x, "e2m1fn", "toward_zero"), "e2m1fn", x, rounding="toward_zero")

    def test_arithmetic(bitexact):
        bitexact.arithmetic(hu.add(x, x, "e4m3fn"), "add", (x, x), "e4m3fn")

    def test_wrong(bitexact):
        bitexact(hu.encode(x, "e4m3fn", "toward_zero"), "e4m3fn", x, most=1)

    def test_wrong_arithmetic(bitexact):
        bitexact.arithmetic(2 * hu.add(x, x, "e4m3fn"), "add", (x, x), "e4m3fn")

    def test_without():
        pass
"""


@pytest.mark.parametrize("workers", [(), ("-p", "xdist.plugin", "-n", "2")], ids=["alone", "xdist"])
def test_the_summary_counts_comparisons(run, workers: tuple[str, ...]) -> None:
    if workers:
        pytest.importorskip("xdist")
    result = run(COMPARISONS, *workers)
    result.assert_outcomes(passed=3, failed=2)
    result.stdout.fnmatch_lines(["*of 24 differ from e4m3fn:*", "*under rounding='toward_zero'*"])
    result.stdout.fnmatch_lines(["halfulp: 5 comparisons of 120 elements in all, 2 with differences"])


def test_nothing_is_told_where_nothing_was_compared(run) -> None:
    result = run("def test_nothing():\n    pass\n")
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("*comparison*")
    result = run(COMPARISONS, "-k", "right")
    result.stdout.fnmatch_lines(["halfulp: 2 comparisons of 48 elements in all, none with differences"])


def test_the_plugin_is_declared_and_can_be_left_out() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    declared = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["entry-points"]["pytest11"]
    assert declared == {"halfulp": PLUGIN}
    assert hasattr(importlib.import_module(PLUGIN), "bitexact")
    assert "hypothesis" in str(
        tomllib.loads(project.read_text(encoding="utf-8"))["project"]["optional-dependencies"]["testing"]
    )
