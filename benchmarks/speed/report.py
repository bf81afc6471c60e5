"""Tells what was measured: verdicts on the terminal; tables and the picture into a folder, or into the documentation.

python -m speed.report --measured build/bench [--publish]
"""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path

from speed import picture, table
from speed.groups import memory_bytes_per_s
from speed.results import NOT_JUDGED, Run, failures, read

ROOT = Path(__file__).resolve().parents[2]
BEFOREHAND = Path(__file__).with_name("beforehand.json")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measured", type=Path, required=True, help="the folder with floors.json and its like")
    parser.add_argument("--publish", action="store_true", help="into docs/speed.md, docs/images and benchmarks/results")
    asked = parser.parse_args()
    runs = {
        name: read(path) for name in ("floors", "python", "peers") if (path := asked.measured / f"{name}.json").exists()
    }
    if "floors" not in runs:
        parser.error(f"{asked.measured} holds no floors.json: tools/bench measures")
    if asked.publish and not all(run.judged for run in runs.values()):
        parser.error("what was measured on small arrays (--quick) is not for publishing")
    beforehand = read(BEFOREHAND) if BEFOREHAND.exists() else None
    write(runs, beforehand, asked.measured, asked.publish)
    return tell(list(runs.values()))


def write(runs: dict[str, Run], beforehand: Run | None, measured: Path, publish: bool) -> None:
    cpp, python, peers = runs["floors"], runs.get("python"), runs.get("peers")
    section = table.section(cpp, python, peers, beforehand)
    floors = cpp.floors + (python.floors if python else [])
    csvs = {"floors.csv": table.floors_csv(floors, cpp.judged)}
    if peers:
        csvs["peers.csv"] = table.duels_csv(peers.duels)
    (measured / "speed.md").write_text(section + "\n", encoding="utf-8")
    for name, text in csvs.items():
        (measured / name).write_text(text, encoding="utf-8")
    if not math.isfinite(memory_bytes_per_s(cpp.floors)):  # a part of the cases (--only) without the roof
        return
    figure = picture.draw(cpp, peers, beforehand)
    figure.savefig(measured / "speed.png")
    if not publish:
        return
    page = ROOT / "docs/speed.md"
    page.write_text(table.replace_section(page.read_text(encoding="utf-8"), section), encoding="utf-8")
    figure.savefig(ROOT / "docs/images/speed.png")
    results = ROOT / "benchmarks/results"
    results.mkdir(exist_ok=True)
    for name, text in csvs.items():
        (results / name).write_text(text, encoding="utf-8")


def tell(runs: list[Run]) -> int:
    """The verdict, as the last lines of tools/bench. 1 where a promise that was judged is not kept."""
    judged = [floor for run in runs for floor in run.floors if floor.verdict(run.judged) != NOT_JUDGED]
    duels = [duel for run in runs if run.judged for duel in run.duels]
    broken = failures(runs)
    for line in broken:
        print(f"NOT met: {line}")
    count = len(judged) + len(duels)
    if count == 0:
        print("nothing was judged: the arrays were small (--quick)")
    elif broken:
        print(f"{len(broken)} of {count} floors are NOT met ({len(judged)} floors, {len(duels)} peers' functions)")
    else:
        print(f"every floor is met: {len(judged)} floors, and {len(duels)} functions of peers are not ahead")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
