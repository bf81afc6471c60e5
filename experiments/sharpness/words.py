"""Numbers and tables as text."""

from __future__ import annotations

from typing import Any


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def signed(value: float, places: int = 2) -> str:
    return f"{round(value, places) + 0.0:.{places}f}".replace("-", "−")  # no −0.00


def span(row: Any, value: str = "rho", low: str = "low", high: str = "high") -> str:
    """A value with its 95 % interval."""
    return f"{signed(row[value])} ({signed(row[low])} to {signed(row[high])})"


def short(value: float, digits: int = 2) -> str:
    """So many digits: 0.0021, 13, 1.2e-05."""
    return f"{value:.{digits}g}".replace("-", "−")
