"""Error reconstruction beside the same steps in NumPy: seconds of one run of each (by the clock, and of processor time,
which other programs disturb less), and memory beyond the inputs.

    python benchmarks/reconstruct.py [--side 4096] [--rank 32]    # a minute or two

Each row runs in a process of its own, one after another, on the same weight and second moment. Memory is the highest
resident size while the call ran less that before it, in copies of the weight in float64.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np


def inputs(side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A weight, its rounding to steps of a quarter, and a second moment of as many samples and a half more, with
    correlated channels of unlike size."""
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((side, side))
    rounded = np.round(weight * 4) / 4
    x = rng.standard_normal((side + side // 2, side))
    x[:, 1:] += 0.5 * x[:, :-1]
    x *= np.exp(rng.standard_normal(side))
    return weight, rounded, x.T @ x / len(x)


def with_numpy(weight: np.ndarray, rounded: np.ndarray, moment: np.ndarray, rank: int) -> float:
    """QERA-exact as its paper says: the symmetric root by an eigendecomposition, a decomposition of the whole error."""
    values, vectors = np.linalg.eigh(moment)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    left, singular, right = np.linalg.svd(root @ (weight - rounded), full_matrices=False)
    inverse = vectors / np.sqrt(values) @ vectors.T
    a, b = inverse @ left[:, :rank], singular[:rank, None] * right[:rank]
    rest = weight - rounded - a @ b
    return float(np.sum(rest * (moment @ rest)))


def with_numpy_plain(weight: np.ndarray, rounded: np.ndarray, moment: np.ndarray, rank: int) -> float:
    error = weight - rounded
    left, singular, right = np.linalg.svd(error, full_matrices=False)
    rest = error - left[:, :rank] * singular[:rank] @ right[:rank]
    return float(np.sum(rest * rest))


def ours(weight: np.ndarray, rounded: np.ndarray, moment: np.ndarray, rank: int, algorithm: str) -> float:
    from halfulp import reconstruct

    return reconstruct.qera_exact(weight, rounded, moment, rank, algorithm=algorithm).error


def ours_plain(weight: np.ndarray, rounded: np.ndarray, moment: np.ndarray, rank: int, algorithm: str) -> float:
    from halfulp import reconstruct

    return reconstruct.zeroquant_v2(weight, rounded, rank, algorithm=algorithm).error


Row = Callable[[np.ndarray, np.ndarray, np.ndarray, int], float]
ROWS: dict[str, Row] = {
    "NumPy, exact": with_numpy,
    "halfulp, exact": partial(ours, algorithm="auto"),
    "halfulp, exact, randomized": partial(ours, algorithm="randomized"),
    "NumPy, plain": with_numpy_plain,
    "halfulp, plain": partial(ours_plain, algorithm="auto"),
    "halfulp, plain, randomized": partial(ours_plain, algorithm="randomized"),
}


def resident(field: str) -> float:
    """Bytes of VmRSS or VmHWM."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * float(status.split(f"{field}:")[1].split()[0])


def run(row: str, side: int, rank: int) -> None:
    """In a process of its own: one row, as JSON."""
    given = inputs(side)
    weight, rounded, moment = (np.ascontiguousarray(a[:64, :64]) for a in given)
    ROWS[row](weight, rounded, moment, 2)  # loads libraries and starts threads
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the high-water mark starts anew
    before = resident("VmRSS")
    start, start_cpu = time.perf_counter(), time.process_time()
    error = ROWS[row](*given, rank)
    seconds, cpu = time.perf_counter() - start, time.process_time() - start_cpu
    copies = (resident("VmHWM") - before) / given[0].nbytes
    print(json.dumps({"seconds": seconds, "cpu": cpu, "copies": copies, "error": error}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=4096)
    parser.add_argument("--rank", type=int, default=32)
    given = parser.parse_args()
    side, rank = given.side, given.rank
    head = f"{'seconds':>9}{'of NumPy':>10}{'cpu s':>9}{'of NumPy':>10}{'copies':>8}{'error':>16}"
    print(f"{side} x {side}, rank {rank}\n{'':28}{head}")
    reference: dict[str, float] = {}
    for row in ROWS:
        command = [sys.executable, __file__, "--row", row, str(side), str(rank)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        if row.startswith("NumPy"):
            reference = found
        times = "".join(f"{found[t]:9.2f}{found[t] / reference[t]:10.2f}" for t in ("seconds", "cpu"))
        print(f"{row:28}{times}{found['copies']:8.1f}{found['error']:16.8g}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--row"]:
        run(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
