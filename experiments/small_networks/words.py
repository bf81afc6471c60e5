"""Numbers and tables as text."""

from __future__ import annotations

from typing import Any

import numpy as np


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def points(value: float) -> str:
    """A difference of accuracies in points."""
    return f"{round(100 * value, 2) + 0.0:+.2f}".replace("-", "−")  # no −0.00


def span(about: Any) -> str:
    """A drift, or a difference, with its interval."""
    if hasattr(about, "drift"):
        value, low, high = about.drift, about.drift_low, about.drift_high
    else:
        value, low, high = about
    return f"{points(value)} ({points(low)} to {points(high)})"


def decibel(error: float) -> str:
    """A relative squared error in dB."""
    if error == 0:
        return "none"
    return f"{round(10 * np.log10(error), 1) + 0.0:.1f}".replace("-", "−")
