"""A plugin of pytest, loaded by itself where halfulp is installed (``-p no:halfulp`` leaves it out).

Fixtures ``bitexact`` and ``halfulp_backend``, the option ``--halfulp-backend``, and a line of the header.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import halfulp as hu
from halfulp import testing

_PROPERTY = "halfulp_bitexact"  # of a test's report, so that workers of pytest-xdist send it on


class BitExact:
    """:func:`halfulp.testing.assert_bitexact`, and as :meth:`arithmetic` :func:`halfulp.testing.assert_arithmetic`."""

    def __init__(self, counts: list[int]) -> None:
        self._counts = counts  # comparisons, elements, comparisons with differences

    def __call__(self, actual: Any, format: Any, source: Any, *, most: int = 5, **projection: Any) -> None:
        """As :func:`halfulp.testing.assert_bitexact`."""
        with self._counting(actual):
            testing.assert_bitexact(actual, format, source, most=most, **projection)

    def arithmetic(
        self, actual: Any, operation: str, operands: Sequence[Any], format: Any = None, **keywords: Any
    ) -> None:
        """As :func:`halfulp.testing.assert_arithmetic`."""
        with self._counting(actual):
            testing.assert_arithmetic(actual, operation, operands, format, **keywords)

    @contextmanager
    def _counting(self, actual: Any) -> Iterator[None]:
        self._counts[0] += 1
        self._counts[1] += math.prod(np.shape(actual))
        try:
            yield
        except AssertionError:
            self._counts[2] += 1
            raise


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("halfulp").addoption(
        "--halfulp-backend",
        metavar="NAME",
        help="the backend that halfulp's array functions run in every test, and the only one that the fixture "
        "halfulp_backend goes through: scalar, sse2, avx2, avx512. All give the same bits.",
    )


def pytest_configure(config: pytest.Config) -> None:
    name = config.getoption("--halfulp-backend")
    if name is None:
        return
    try:
        hu.set_backend(name)
    except ValueError as error:
        raise pytest.UsageError(f"--halfulp-backend: {error}") from None


def pytest_unconfigure(config: pytest.Config) -> None:
    if config.getoption("--halfulp-backend") is not None:
        hu.set_backend(None)


def pytest_report_header() -> str:
    try:
        runs = hu.backend()
    except ValueError as error:  # of HALFULP_BACKEND
        return f"halfulp: {hu.__version__}, {error}"
    return f"halfulp: {hu.__version__}, backend {runs} of {', '.join(hu.backends())}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "halfulp_backend" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--halfulp-backend")
        metafunc.parametrize("halfulp_backend", hu.backends() if chosen is None else [chosen], indirect=True)


@pytest.fixture
def halfulp_backend(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs once for each backend of this machine, and with it. The value is the backend's name."""
    before = hu.backend()
    hu.set_backend(request.param)
    yield request.param
    hu.set_backend(before)


@pytest.fixture
def bitexact(request: pytest.FixtureRequest) -> BitExact:
    """halfulp.testing.assert_bitexact as a fixture: ``bitexact(codes, "e4m3fn", x)``, and ``bitexact.arithmetic(…)``.
    What was compared is a property of the test's report and is told at the end of the run."""
    counts = [0, 0, 0]
    request.node.user_properties.append((_PROPERTY, counts))  # now, since the test's report copies the list of them
    return BitExact(counts)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    total = np.zeros(3, dtype=np.int64)
    for outcome in ("passed", "failed"):  # one report of each test: that of its call
        for report in terminalreporter.getreports(outcome):
            total += dict(report.user_properties).get(_PROPERTY, [0, 0, 0])
    comparisons, elements, differing = total.tolist()
    if comparisons:
        terminalreporter.write_line(
            f"halfulp: {comparisons} comparison{'s' * (comparisons != 1)} of {elements} elements in all, "
            f"{differing or 'none'} with differences"
        )
