"""Batches on threads, each with a BLAS of one thread.

NumPy's elementwise work of one batch then runs beside the matrix products of another, and a product's sums are cut up
in the same way however many cores there are. Needs the package threadpoolctl: pip install 'halfulp[tasks]'.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any, TypeVar

from halfulp.sweeping._extras import need

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use: fewer than the machine's in a container or under taskset."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def one_thread_blas() -> AbstractContextManager[Any]:
    """While it is open, BLAS in this process computes every product on the thread that asks for it."""
    limits: AbstractContextManager[Any] = _controller().limit(limits=1, user_api="blas")
    return limits


@lru_cache(maxsize=1)
def _controller() -> Any:
    return need("threadpoolctl", "tasks", "a task").ThreadpoolController()


def on_threads(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """The results in the order of the items. The first error ends it, and what has not begun never does."""
    with one_thread_blas(), ThreadPoolExecutor(cores(), thread_name_prefix="halfulp-task") as pool:
        futures = [pool.submit(function, item) for item in items]
        try:
            return [future.result() for future in futures]
        finally:
            for future in futures:
                future.cancel()
