"""The benchmarks' Python side: statistics, decisions, tables and the picture, on made-up samples."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from speed import groups, report, table
from speed.results import Duel, Floor, Run, Summary, failures, read, write
from speed.timing import in_turn, quantile, ratios


def floor(name: str = "round/avx512/e4m3fn/toward_zero/native", *, values: list[float], **changes: Any) -> Floor:
    facts: dict[str, Any] = {
        "group": name.split("/")[0],
        "backend": "avx512",
        "ratio": "share",
        "reference": "memcpy of the float32 array",
        "floor": 0.95,
        "elements": 2**26,
        "bytes_per_element": 8,
        "reference_s": [0.02] * 3,
        "subject_s": [0.02 / value for value in values],
    }
    return Floor(name=name, values=values, **(facts | changes))


def duel(ratio: float, *, our_s: float = 0.02, **changes: Any) -> Duel:
    facts: dict[str, Any] = {
        "peer": "rival",
        "version": "1.0",
        "operation": "encode",
        "format": "e4m3fn",
        "mode": "",
        "elements": 2**24,
        "bytes_per_element": 5,
        "differences": 0,
        "note": "",
        "memcpy_s": [0.03] * 3,
    }
    return Duel(ratios=[ratio] * 3, our_s=[our_s] * 3, peer_s=[our_s * ratio] * 3, **(facts | changes))


def run(floors: list[Floor] = (), duels: list[Duel] = (), **about: Any) -> Run:  # type: ignore[assignment]
    facts = {"kind": "halfulp floors", "date": "2026-11-22", "elements": 2**26, "compiler": "g++ 12.2"}
    machine = {"processor": "Made-up, family 1", "processors": 2, "l1d_bytes": 32768, "l2_bytes": 1 << 20}
    return Run({**facts, "machine": machine, **about}, list(floors), list(duels), {})


def test_quantiles_interpolate():
    assert quantile([3, 1, 2], 0.5) == 2
    assert quantile([1, 2, 3, 4], 0.25) == 1.75
    assert quantile([7], 0.9) == 7
    assert math.isnan(quantile([], 0.5))
    assert Summary.of([1, 2, 3, 4, 5]).text(1) == "3.0 [2.0–4.0]"


def test_work_is_timed_in_turn_and_changes_places():
    order: list[str] = []
    works = {"a": lambda: order.append("a"), "b": lambda: order.append("b")}
    taken = in_turn(works, repetitions=3, shortest_s=0)
    assert order[4:] == ["a", "b", "b", "a", "a", "b"]  # after two calls of each: warming up, counting
    assert [len(taken[name]) for name in works] == [3, 3]
    assert ratios([2, 3], [1, 2]) == [2, 1.5]


@pytest.mark.parametrize(
    ("values", "limit", "kind", "verdict"),
    [
        ([0.9, 0.95, 1.2], 0.95, "share", "met"),
        ([0.9, 0.94, 1.2], 0.95, "share", "NOT met"),
        ([4.0, 4.9, 9.0], 5.0, "microseconds", "met"),
        ([4.0, 5.1, 5.2], 5.0, "microseconds", "NOT met"),
        ([0.1], None, "share", "not judged"),
    ],
)
def test_the_median_decides(values: list[float], limit: float | None, kind: str, verdict: str):
    found = floor(values=values, floor=limit, ratio=kind)
    assert found.verdict() == verdict
    assert found.verdict(judge=False) == "not judged"


def test_a_peer_is_level_only_at_memory_speed():
    # 2^24 float32 copied in 30 ms; 5 of 8 bytes in 20 ms are 0.94 of that rate, in 200 ms 0.094.
    assert duel(1.3).verdict == "ahead"
    assert duel(0.97).verdict == "level"
    assert duel(0.93).verdict == "BEHIND"
    assert duel(0.97, our_s=0.2).verdict == "BEHIND"


def test_failures_name_what_is_not_kept():
    met, missed = floor(values=[1.0]), floor("encode/avx512/e5m2", values=[0.5], floor=0.9)
    slow = floor("python/call/16 elements", values=[6.0], floor=5.0, ratio="microseconds")
    lines = failures([run([met, missed, slow], [duel(2.0), duel(0.5)])])
    assert [line.split(":")[0] for line in lines] == ["encode/avx512/e5m2", "python/call/16 elements", "rival"]
    assert "at least 0.9" in lines[0]
    assert "at most 5" in lines[1]
    assert failures([run([missed], [duel(0.5)], quick=True)]) == []


def test_files_are_read_back(tmp_path: Path):
    path = tmp_path / "floors.json"
    row = {"name": "encode/avx2/e5m2", "group": "encode", "backend": "avx2", "ratio": "share", "reference": "a loop"}
    row |= {"floor": None, "ratios": [1.0, 2.0], "elements": 8, "reference_s": [2, 2], "subject_s": [2, 1]}
    write(path, {"kind": "halfulp floors", "quick": True, "results": [row]})
    found = read(path)
    assert (found.floors[0].name, found.floors[0].summary.median, found.judged) == ("encode/avx2/e5m2", 1.5, False)
    path.write_text(json.dumps({"results": []}), encoding="utf-8")
    with pytest.raises(ValueError, match="not written by halfulp"):
        read(path)


def test_the_table_shows_the_case_nearest_to_its_floor():
    cases = [
        floor("round/avx512/e4m3fn/toward_zero/native", values=[1.0, 1.1, 1.2]),
        floor("round/avx512/e6m5/to_odd/native", values=[0.96, 0.97, 0.98]),
        floor("round/avx2/e6m5/to_odd/native", values=[0.5], backend="avx2", floor=0.7),
        floor("round/sse2/e6m5/to_odd/native", values=[0.1], backend="sse2", floor=None),
    ]
    lines = table.floor_table(cases).splitlines()
    assert len(lines) == 4  # the head, and a row for each backend with a floor, the widest first
    assert "| 2 | 0.95 | 0.97 [0.96–0.97] | `e6m5/to_odd/native` | met |" in lines[2]
    assert "**1 NOT met**" in lines[3]


def test_the_peers_table_shows_the_least_lead():
    duels = [duel(3.0), duel(1.5, format="e5m2", differences=2), duel(0.97, peer="other")]
    lines = table.peer_table(duels, {}).splitlines()[2:]
    assert lines[0] == "| rival 1.0 | encode | 2 | 2.2 | 1.50 [1.50–1.50] | `e5m2` | 1 of 2 | none |"
    assert "`e4m3fn` (level)" in lines[1]


def test_differences_are_explained_or_said_not_to_be():
    assert table.differences([duel(2.0)]) == ""
    duels = [duel(2.0, differences=1, note="ties go up"), duel(2.0, differences=3, peer="other")]
    text = table.differences(duels)
    assert text == "Where results differ: rival: ties go up; other: not explained (encode `e4m3fn`)."


def test_the_section_replaces_what_stands_between_its_markers():
    page = f"above\n{table.START}\nold\n{table.END}\nbelow\n"
    new = table.replace_section(page, table.section(run([floor(values=[1.0])]), None, run([], [duel(2.0)]), None))
    assert new.startswith("above\n")
    assert new.endswith("below\n")
    assert "old" not in new
    assert "| memcpy, one thread, read + written | 26.8 GB/s |" in new  # 2^26 times 8 bytes in 20 ms
    assert table.replace_section(new, "x").count(table.START) == 1
    with pytest.raises(ValueError, match="no section"):
        table.replace_section("a page", "x")


def test_shares_of_the_roof():
    roof = groups.memory_bytes_per_s([floor(values=[1.0])])
    encode = floor("encode/avx512/e4m3fn", values=[1.0], reference="a loop", bytes_per_element=5, subject_s=[0.0125])
    assert groups.share_of_roof(encode, roof) == pytest.approx(1.0)
    assert groups.share_of_roof(floor(values=[0.9, 1.0]), roof) == pytest.approx(0.95)


def test_the_picture_is_drawn_and_the_verdict_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    cpp = run([floor(values=[1.0]), floor("encode/avx2/e5m2", values=[0.8], backend="avx2", floor=None)])
    peers = run([], [duel(2.0), duel(4.0, peer="other (compiled)", operation="round", mode="stochastic_a")])
    report.write({"floors": cpp, "peers": peers}, None, tmp_path, publish=False)
    assert {path.name for path in tmp_path.iterdir()} == {"speed.md", "speed.png", "floors.csv", "peers.csv"}
    assert (tmp_path / "peers.csv").read_text(encoding="utf-8").splitlines()[2].startswith("other (compiled),1.0,round")
    assert report.tell([cpp, peers]) == 0
    assert "every floor is met: 1 floors, and 2 functions of peers" in capsys.readouterr().out
    assert report.tell([cpp, run([], [duel(0.5)])]) == 1
    assert "1 of 2 floors are NOT met" in capsys.readouterr().out
