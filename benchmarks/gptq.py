"""Times GPTQ on a square layer under several schemes: seconds, and the loss of rounding over that of GPTQ.

    python benchmarks/gptq.py [--size 4096] [--scheme mxfp4 ...]

The machine's BLAS decides: OPENBLAS_NUM_THREADS limits its threads. The floor that the documentation names is one
minute for a side of 4096 on two cores.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from halfulp import methods

SCHEMES = ("int4s/128:binary16", "mxfp4", "nvfp4", "nf4/64:binary32", "e2m1fn/channel:binary32")


def layer(size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Weights (size, size) and a second moment of correlated inputs with outlier channels."""
    rng = np.random.default_rng(seed)
    spread = rng.lognormal(0, 0.5, size=size).astype(np.float32)
    mixing = (0.3 / np.sqrt(size)) * rng.standard_normal((size, size), dtype=np.float32)
    x = rng.standard_normal((size + size // 4, size), dtype=np.float32)
    x = (x + x @ mixing) * spread
    return rng.standard_normal((size, size)), (x.T @ x / len(x)).astype(np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", type=int, default=4096)
    parser.add_argument("--scheme", nargs="*", default=SCHEMES)
    arguments = parser.parse_args()
    w, h = layer(arguments.size)
    print(f"{'scheme':28} {'seconds':>8} {'rounding / GPTQ':>16}")
    for scheme in arguments.scheme:
        start = time.perf_counter()
        made = methods.gptq(w, h, scheme)
        print(f"{scheme:28} {time.perf_counter() - start:8.1f} {made.gain:16.3f}", flush=True)


if __name__ == "__main__":
    main()
