"""Times the fit of Chinchilla's law to its 234 runs from 4500 starts with 4000 bootstrap refits, beside SciPy's L-BFGS.

    python benchmarks/scaling.py [--threads 2] [--slice 60] [--rounds 3]

SciPy does the same work on a slice of it: the same objective, written in NumPy, from the same starts, L-BFGS-B until
its default tolerances; once with the gradient in closed form, and once with SciPy's own differences. The floors: 20 s
in all on two cores, and 50 times SciPy's speed.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from halfulp import scaling

RUNS = Path(__file__).parent.parent / "tests" / "vectors" / "scaling" / "chinchilla_runs_234.csv"


def table() -> dict[str, np.ndarray]:
    with RUNS.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in ("N", "D", "loss")}


def scipy_seconds(
    runs: dict[str, np.ndarray], starts: np.ndarray, closed_form: bool, delta: float = 1e-3
) -> tuple[float, float]:
    """Seconds for each search, and the best objective."""
    from scipy.optimize import minimize

    log_n, log_d, log_l = (np.log(runs[name]) for name in ("N", "D", "loss"))

    def objective(x: np.ndarray) -> tuple[float, np.ndarray]:
        e, a, b, alpha, beta = x
        terms = np.stack([np.full(log_n.shape, e), a - alpha * log_n, b - beta * log_d])
        top = terms.max(axis=0)
        shares = np.exp(terms - top)
        total = shares.sum(axis=0)
        r = log_l - (np.log(total) + top)
        inside = np.minimum(np.abs(r), delta)
        slope = -np.sign(r) * inside
        p, q, s = shares / total
        gradient = np.array([slope @ p, slope @ q, slope @ s, -(slope * q) @ log_n, -(slope * s) @ log_d])
        return float(np.sum(inside * (np.abs(r) - inside / 2))), gradient

    begin = time.perf_counter()
    if closed_form:
        found = [minimize(objective, x, jac=True, method="L-BFGS-B").fun for x in starts]
    else:
        found = [minimize(lambda x: objective(x)[0], x, method="L-BFGS-B").fun for x in starts]
    return (time.perf_counter() - begin) / len(starts), min(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--slice", type=int, default=60, help="starts that SciPy is given")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    runs = table()
    whole: list[float] = []
    ratios: list[float] = []
    differences: list[float] = []
    for _ in range(arguments.rounds):
        begin = time.perf_counter()
        fit = scaling.fit("chinchilla", runs, bootstrap=4000, threads=arguments.threads)
        whole.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        scaling.fit("chinchilla", runs, threads=arguments.threads)
        each = (time.perf_counter() - begin) / len(fit.starts)
        starts = fit.starts.begun[:: max(1, len(fit.starts) // arguments.slice)].copy()
        starts[:, :3] = np.log(starts[:, :3])  # E, A, B by their logarithms
        seconds, best = scipy_seconds(runs, starts, closed_form=True)
        by_differences, _ = scipy_seconds(runs, starts[::4], closed_form=False)
        ratios.append(seconds / each)
        differences.append(by_differences / each)
        print(
            f"{len(fit.starts)} starts and 4000 refits {whole[-1]:6.2f} s; a start {1e3 * each:.3f} ms, SciPy's "
            f"{1e3 * seconds:.2f} ms ({ratios[-1]:.0f} times), by differences {1e3 * by_differences:.1f} ms "
            f"({differences[-1]:.0f} times); objective {fit.objective:.12g}, SciPy's best {best:.12g}",
            flush=True,
        )
    print(
        f"whole {min(whole):.2f} to {max(whole):.2f} s; times SciPy's speed {min(ratios):.0f} to {max(ratios):.0f}, "
        f"by differences {min(differences):.0f} to {max(differences):.0f}"
    )


if __name__ == "__main__":
    main()
