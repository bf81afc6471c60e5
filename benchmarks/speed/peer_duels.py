"""Every function of the installed peers beside ours: same array, same run, in turn, one thread.

    python -m speed.peer_duels --json FILE [--quick] [--only REGEX] [--list]

Memory is kept by the allocator between calls, so that a peer that makes a new array each time does not pay for fresh
pages.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np

from speed import environment, peers
from speed.peers.contest import Contest
from speed.results import BEHIND, Duel, write
from speed.timing import in_turn, ratios

# One thread for everyone: the process is bound to one processor, and nobody starts threads that would share it.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
    # glibc: no mmap for large arrays and no memory given back, so freed pages are used again.
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": str(1 << 40),
    "MALLOC_ARENA_MAX": "1",
    "PYTHONWARNINGS": "ignore",  # the peers' own, for their authors
    "HALFULP_PEER_DUELS": "1",
}

LARGEST, SMALLEST = 2**24, 2**16
LONGEST_S = 0.3  # a peer that takes longer gets a smaller array


def main() -> int:
    asked = _arguments()
    if os.environ.get("HALFULP_PEER_DUELS") != "1":  # the allocator reads its variables when the process starts
        os.environ.update(ENVIRONMENT)
        os.execv(sys.executable, [sys.executable, "-m", "speed.peer_duels", *sys.argv[1:]])
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    return _run(asked)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default="", help="contests whose names (peer/operation/format/mode) hold this")
    parser.add_argument("--quick", action="store_true", help="small arrays, three repetitions, nothing is judged")
    parser.add_argument("--list", action="store_true", help="the names, without measuring")
    return parser.parse_args()


def _run(asked: argparse.Namespace) -> int:
    contests, packages, left_out = _collect(asked.only)
    if asked.list:
        print(*(contest.name for contest, _ in contests), sep="\n")
        return 0
    for peer, why in left_out.items():
        print(f"left out: {peer}: {why}", flush=True)
    duels = []
    for i, (contest, package) in enumerate(contests, 1):
        place = f"[{i:3}/{len(contests)}] {contest.name:<64}"
        try:
            duels.append(duel_of(contest, environment.version(package) or "", asked.quick))
        except Exception as error:  # a peer's own failure on this machine says nothing about the others
            left_out[contest.name] = f"{type(error).__name__}: {error}".splitlines()[0][:200]
            print(f"{place} failed: {left_out[contest.name]}", flush=True)
            continue
        duel = duels[-1]
        differing = f"  ({duel.differences} of {duel.elements} differ)" if duel.differences else ""
        print(f"{place} {duel.summary.text():>24} times as fast  {duel.verdict}{differing}", flush=True)
    if asked.json:
        about = {"kind": "halfulp peer duels", "quick": asked.quick, **environment.describe(*sorted(packages))}
        write(asked.json, {**about, "left_out": left_out, "duels": [asdict(duel) for duel in duels]})
    behind = sum(duel.verdict == BEHIND for duel in duels)
    print(f"peer_duels: {len(duels)} measured, {len(contests) - len(duels)} failed, {behind} behind")
    return 0


def _collect(only: str) -> tuple[list[tuple[Contest, str]], set[str], dict[str, str]]:
    """The contests with the package that each belongs to, all packages, and the peers that are left out."""
    contests: list[tuple[Contest, str]] = []
    packages, left_out = {"halfulp"}, {}
    for module_name in peers.MODULES:
        peer = module_name.removeprefix("peer_")
        try:
            module = peers.load(module_name)
            found = module.contests()
        except (ImportError, OSError) as error:
            left_out[peer] = f"not installed ({str(error).splitlines()[0][:100]})"
            continue
        packages.update(module.PACKAGES)
        contests += [(contest, module.PACKAGES[0]) for contest in found if re.search(only, contest.name)]
    return contests, packages, left_out


def duel_of(contest: Contest, version: str, quick: bool) -> Duel:
    """The contest on as large an array as the peer's speed allows."""
    count = _size_for(contest, SMALLEST if quick else LARGEST)
    x = _sample(count)
    copy = np.zeros_like(x)
    pair = contest.prepare(x)
    pair.peer()
    pair.ours()
    differences = pair.differences()
    works = {"memcpy": lambda: np.copyto(copy, x), "ours": pair.ours, "peer": pair.peer}
    taken = in_turn(works, 3 if quick else 9)
    return Duel(
        peer=contest.peer,
        version=version,
        operation=contest.operation,
        format=contest.format,
        mode=contest.mode,
        elements=count,
        bytes_per_element=contest.bytes_per_element,
        differences=differences,
        note=contest.note,
        ratios=ratios(taken["peer"], taken["ours"]),
        our_s=taken["ours"],
        peer_s=taken["peer"],
        memcpy_s=taken["memcpy"],
    )


def _size_for(contest: Contest, largest: int) -> int:
    """The largest power of two up to `largest` on which one call of the peer takes at most LONGEST_S."""
    pair = contest.prepare(_sample(SMALLEST))
    pair.peer()
    start = time.perf_counter()
    pair.peer()
    each = (time.perf_counter() - start) / SMALLEST
    count = SMALLEST
    while count * 2 <= largest and each * count * 2 <= LONGEST_S:
        count *= 2
    return count


_samples: dict[int, np.ndarray] = {}


def _sample(count: int) -> np.ndarray:
    """Normal weights, the same for every contest of one size."""
    if count not in _samples:
        _samples[count] = np.random.default_rng(1).standard_normal(count, dtype=np.float32)
    return _samples[count]


if __name__ == "__main__":
    sys.exit(main())
