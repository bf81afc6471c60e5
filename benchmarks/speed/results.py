"""What a run found: reading its JSON, and the decisions that follow from the samples."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from speed.timing import quantile

MET, NOT_MET, NOT_JUDGED = "met", "NOT met", "not judged"
AHEAD, LEVEL, BEHIND = "ahead", "level", "BEHIND"

# Two programs that both wait for memory differ by noise alone: within this of each other, and this near to memcpy.
LEVEL_RATIO = 0.95
MEMORY_SPEED = 0.8


@dataclass(frozen=True)
class Summary:
    """A sample's median and quartiles."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, values: Iterable[float]) -> Summary:
        sample = list(values)
        return cls(*(quantile(sample, q) for q in (0.5, 0.25, 0.75)))

    def text(self, digits: int = 2) -> str:
        return f"{self.median:.{digits}f} [{self.lower:.{digits}f}–{self.upper:.{digits}f}]"


@dataclass(frozen=True)
class Floor:
    """One promise and what was measured.

    ratio: "share", "speedup" or "microseconds"; of the last the floor is a ceiling.
    """

    name: str
    group: str
    backend: str
    ratio: str
    reference: str
    floor: float | None
    values: list[float]
    elements: int = 0
    bytes_per_element: float = 0
    note: str = ""
    reference_s: list[float] = field(default_factory=list)
    subject_s: list[float] = field(default_factory=list)

    @property
    def summary(self) -> Summary:
        return Summary.of(self.values)

    @property
    def margin(self) -> float:
        """How far the median is on the right side of the floor; 1 is just met, and NaN where there is no floor."""
        if self.floor is None or not self.values:
            return math.nan
        median = self.summary.median
        return self.floor / median if self.ratio == "microseconds" else median / self.floor

    def verdict(self, judge: bool = True) -> str:
        if not judge or self.floor is None:
            return NOT_JUDGED
        return MET if self.margin >= 1 else NOT_MET


@dataclass(frozen=True)
class Duel:
    """One peer's function beside ours on the same array. `ratios`: how many times as fast as the peer we are."""

    peer: str
    version: str
    operation: str
    format: str
    mode: str
    elements: int
    bytes_per_element: float
    differences: int
    note: str
    ratios: list[float]
    our_s: list[float]
    peer_s: list[float]
    memcpy_s: list[float]

    @property
    def summary(self) -> Summary:
        return Summary.of(self.ratios)

    def share_of_memory(self, seconds: list[float]) -> float:
        """Bytes moved per second, as a share of what memcpy of the float32 array moves (8 bytes an element)."""
        return self.bytes_per_element / 8 * quantile(self.memcpy_s, 0.5) / quantile(seconds, 0.5)

    @property
    def verdict(self) -> str:
        median = self.summary.median
        if median >= 1:
            return AHEAD
        both = min(self.share_of_memory(self.our_s), self.share_of_memory(self.peer_s))
        return LEVEL if median >= LEVEL_RATIO and both >= MEMORY_SPEED else BEHIND


@dataclass(frozen=True)
class Run:
    """One JSON file: about() holds date, machine and versions."""

    about: dict[str, Any]
    floors: list[Floor]
    duels: list[Duel]
    left_out: dict[str, str]

    @property
    def judged(self) -> bool:
        return not self.about.get("quick", False)


def read(path: Path) -> Run:
    """A file that benchmark_floors, python_floors or peer_duels wrote. Raises ValueError where it is none."""
    data = json.loads(path.read_text(encoding="utf-8"))
    if not str(data.get("kind", "")).startswith("halfulp "):
        raise ValueError(f"{path} was not written by halfulp's benchmarks")
    about = {key: value for key, value in data.items() if key not in ("results", "duels", "left_out")}
    floors = [
        Floor(
            name=row["name"],
            group=row["group"],
            backend=row["backend"],
            ratio=row["ratio"],
            reference=row["reference"],
            floor=row["floor"],
            values=row["ratios"],
            elements=row.get("elements", 0),
            bytes_per_element=row.get("bytes_per_element", 0),
            note=row.get("note", ""),
            reference_s=row.get("reference_s", []),
            subject_s=row.get("subject_s", []),
        )
        for row in data.get("results", [])
    ]
    return Run(about, floors, [Duel(**row) for row in data.get("duels", [])], data.get("left_out", {}))


def write(path: Path, data: dict[str, Any]) -> None:
    """The whole file, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def failures(runs: Iterable[Run]) -> list[str]:
    """Every promise that was judged and not kept, as a line for the reader."""
    lines = []
    for run in runs:
        for floor in run.floors:
            if floor.verdict(run.judged) == NOT_MET:
                relation = "at most" if floor.ratio == "microseconds" else "at least"
                lines.append(f"{floor.name}: {floor.summary.text(3)}, promised: {relation} {floor.floor:.3g}")
        for duel in run.duels:
            if run.judged and duel.verdict == BEHIND:
                what = f"{duel.operation} {duel.format} {duel.mode}".strip()
                lines.append(f"{duel.peer}: {what}: {duel.summary.text()} times as fast, promised: 1")
    return lines
