"""What a call from Python costs beside the same call from C++, in one process, in turn.

python -m speed.python_floors --baseline FILE.so --json FILE [--quick]
"""

from __future__ import annotations

import argparse
import ctypes
from pathlib import Path
from typing import Any

import halfulp as hu
import numpy as np

from speed import environment
from speed.results import Floor, write
from speed.timing import in_turn, ratios

ROUND_SHARE = 0.95  # within 5 % of the C++ time
CALL_MICROSECONDS = 5.0
FORMAT = "e4m3fn"


def weights(count: int) -> np.ndarray:
    return np.random.default_rng(1).standard_normal(count, dtype=np.float32)


def round_beside_cpp(baseline: Path, elements: int, repetitions: int) -> Floor:
    cpp = ctypes.CDLL(str(baseline.resolve())).halfulp_round_e4m3fn
    cpp.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t]
    cpp.restype = None
    x = weights(elements)
    out, expected = np.zeros_like(x), np.zeros_like(x)  # pages are touched by the first, untimed call of each
    pointers = x.ctypes.data, out.ctypes.data, x.size
    cpp(x.ctypes.data, expected.ctypes.data, x.size)
    hu.round(x, FORMAT, out=out)
    if not np.array_equal(out, expected):
        raise RuntimeError("Python and C++ differ: nothing to time")
    taken = in_turn({"cpp": lambda: cpp(*pointers), "python": lambda: hu.round(x, FORMAT, out=out)}, repetitions)
    return Floor(
        name=f"python/round/{FORMAT}",
        group="python_round",
        backend="best",
        ratio="share",
        reference="the same call from C++",
        floor=ROUND_SHARE,
        values=ratios(taken["cpp"], taken["python"]),
        elements=elements,
        reference_s=taken["cpp"],
        subject_s=taken["python"],
    )


def call_overhead(repetitions: int) -> Floor:
    x = weights(16)
    out = np.empty_like(x)
    taken = in_turn({"call": lambda: hu.round(x, FORMAT, out=out)}, repetitions, shortest_s=0.05)["call"]
    return Floor(
        name="python/call/16 elements",
        group="python_call",
        backend="best",
        ratio="microseconds",
        reference="",
        floor=CALL_MICROSECONDS,
        values=[1e6 * seconds for seconds in taken],
        elements=16,
        subject_s=taken,
    )


def as_row(floor: Floor, judge: bool) -> dict[str, Any]:
    row = {key: getattr(floor, key) for key in Floor.__dataclass_fields__ if key != "values"}
    return {**row, "ratios": floor.values, "verdict": floor.verdict(judge)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--baseline", type=Path, required=True, help="the module benchmark_baseline of the C++ build")
    parser.add_argument("--json", type=Path, required=True)
    parser.add_argument("--quick", action="store_true", help="small arrays, nothing is judged")
    asked = parser.parse_args()
    repetitions = 3 if asked.quick else 9
    floors = []
    for measure in (
        lambda: round_beside_cpp(asked.baseline, 2**18 if asked.quick else 2**26, repetitions),
        lambda: call_overhead(repetitions),
    ):
        floors.append(measure())
        found = floors[-1]
        limit = f"{'ceiling' if found.ratio == 'microseconds' else 'floor'} {found.floor}"
        print(f"{found.name:<40} {limit:<14} {found.summary.text(3)}  {found.verdict(not asked.quick)}", flush=True)
    rows = [as_row(floor, not asked.quick) for floor in floors]
    about = {"kind": "halfulp python floors", "quick": asked.quick, **environment.describe("halfulp", "numpy")}
    write(asked.json, {**about, "results": rows})


if __name__ == "__main__":
    main()
