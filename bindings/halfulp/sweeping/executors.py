"""Who does the work: threads of this process, any executor of concurrent.futures, or a Dask cluster."""

from __future__ import annotations

import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from halfulp.sweeping._extras import need
from halfulp.sweeping.matrix import Matrix
from halfulp.sweeping.sources import is_held, spooled

_SPOOL_BYTES = 1 << 20  # smaller arrays travel with their jobs
_TICK = 0.2  # seconds between looks at what else there is to do
_PATIENCE = 30.0  # seconds without any worker before a cluster counts as dead

J = TypeVar("J")
R = TypeVar("R")


class ExecutorDied(RuntimeError):
    """The executor ended before the work did."""


class Pool:
    """An executor. at_once: jobs that are handed out at a time, so that each worker has its next one waiting."""

    def __init__(self, executor: Executor, at_once: int, *, shares_memory: bool, client: Any = None) -> None:
        self.executor = executor
        self.at_once = at_once
        self.shares_memory = shares_memory
        self._client = client
        self._alone_since: float | None = None

    def each(
        self,
        function: Callable[[J], R],
        jobs: Iterable[J | None],
        done: Callable[[J, R], None],
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        """Runs every job and reports it when it is done, in any order. A job that is None says that there may be more
        later. tick is called from time to time. An error of a job comes out as it is; ExecutorDied where the executor
        is the fault. What has not begun by then never does."""
        running: dict[Future[R], J] = {}
        todo = iter(jobs)
        more = True
        try:
            while running or more:
                while more and len(running) < self.at_once:
                    try:
                        job = next(todo)
                    except StopIteration:
                        more = False
                        break
                    if job is None:
                        break
                    running[self._submit(function, job)] = job
                if running:
                    finished, _ = wait(running, timeout=_TICK, return_when=FIRST_COMPLETED)
                    for future in sorted(finished, key=_failed):  # what went well counts, whatever failed beside it
                        job = running.pop(future)
                        done(job, self._result(future))
                    if not finished:
                        self._check_alive()
                elif more:
                    time.sleep(_TICK)
                tick()
        finally:  # after the last job this does nothing
            for future in running:
                future.cancel()

    def _submit(self, function: Callable[[J], R], job: J) -> Future[R]:
        try:
            return self.executor.submit(function, job)
        except (BrokenExecutor, RuntimeError) as error:
            raise ExecutorDied(_said(error)) from error

    def _result(self, future: Future[R]) -> R:
        try:
            return future.result()
        except (BrokenExecutor, CancelledError) as error:
            raise ExecutorDied(_said(error)) from error
        except Exception as error:
            if type(error).__module__.partition(".")[0] == "distributed":
                raise ExecutorDied(_said(error)) from error
            raise

    def _check_alive(self) -> None:
        """A cluster without workers waits for new ones for ever; we do not."""
        if self._client is None:
            return
        if self._client.status != "running":
            raise ExecutorDied(f"the Dask client is {self._client.status}")
        if self._client.scheduler_info(n_workers=-1)["workers"]:
            self._alone_since = None
            return
        self._alone_since = self._alone_since or time.monotonic()
        if time.monotonic() - self._alone_since > _PATIENCE:
            raise ExecutorDied(f"the Dask scheduler has had no worker for {_PATIENCE:g} seconds")


def _failed(future: Future[Any]) -> bool:
    return future.cancelled() or future.exception() is not None


def _said(error: BaseException) -> str:
    text = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


@contextmanager
def open_pool(executor: Any, workers: int | None) -> Iterator[Pool]:
    """executor: None for threads of our own, an executor of concurrent.futures, a Client of dask.distributed, or the
    address of a Dask scheduler, "dask:tcp://…". Only what is opened here is closed."""
    if executor is not None and workers is not None:
        raise ValueError(
            "executor and workers are both given, allowed: one of them (an executor has its own number of workers)"
        )
    if workers is not None and (isinstance(workers, bool) or not isinstance(workers, int)):
        raise TypeError(f"workers is {workers!r}, allowed: an integer, 1 or more")
    if workers is not None and workers < 1:
        raise ValueError(f"workers is {workers}, allowed: 1 or more")
    with ExitStack() as stack:
        if executor is None:
            count = workers or cores()
            threads = stack.enter_context(ThreadPoolExecutor(count, thread_name_prefix="halfulp-sweep"))
            yield Pool(threads, 2 * count, shares_memory=True)
        elif isinstance(executor, Executor):
            known = getattr(executor, "_max_workers", None)
            at_once = 2 * known if isinstance(known, int) else 64
            yield Pool(executor, at_once, shares_memory=isinstance(executor, ThreadPoolExecutor))
        else:
            client = _client(executor, stack)
            threads_there = sum(client.nthreads().values())
            pool = client.get_executor(pure=False, retries=0)
            yield Pool(pool, 2 * max(threads_there, 4), shares_memory=False, client=client)


def check_executor(executor: Any) -> None:
    """TypeError or ValueError for what is no executor, before anything is opened."""
    if executor is None or isinstance(executor, Executor) or _is_client(executor):
        return
    allowed = (
        "an executor of concurrent.futures, a Client of dask.distributed, or its scheduler's address as 'dask:tcp://…'"
    )
    if not isinstance(executor, str):
        raise TypeError(f"executor is a {type(executor).__name__}, allowed: {allowed}")
    if not executor.startswith("dask:") or not executor.removeprefix("dask:"):
        raise ValueError(f"executor is {executor!r}, allowed: {allowed}")


def _is_client(executor: Any) -> bool:
    return isinstance(executor, getattr(sys.modules.get("distributed"), "Client", ()))


def _client(executor: Any, stack: ExitStack) -> Any:
    if _is_client(executor):
        return executor
    distributed = need("distributed", "dask", f"executor={executor!r}")
    address = executor.removeprefix("dask:")
    try:
        return stack.enter_context(distributed.Client(address, set_as_default=False))
    except (OSError, TimeoutError, ValueError) as error:
        raise ConnectionError(
            f"executor is {executor!r}, but no Dask scheduler answers there ({_said(error)}); `dask scheduler` prints "
            "the address that it listens on"
        ) from error


def cores() -> int:
    """Cores that this process may use: fewer than the machine's in a container or under taskset."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def shared(pool: Pool, matrices: Sequence[Matrix]) -> Iterator[list[Matrix]]:
    """The matrices as the pool's workers can read them: for workers in other processes, arrays in memory become files
    in the folder for temporary files, so that they are not sent with each job."""
    with tempfile.TemporaryDirectory(prefix="halfulp-sweep-") as folder:
        yield [
            replace(matrix, stored=spooled(matrix.stored, matrix.size, Path(folder), f"{number}.bin"))
            if not pool.shares_memory and is_held(matrix.stored) and _is_large(matrix)
            else matrix
            for number, matrix in enumerate(matrices)
        ]


def _is_large(matrix: Matrix) -> bool:
    return matrix.size * 2 >= _SPOOL_BYTES


def check_travels(pool: Pool, metrics: dict[str, Any]) -> None:
    """TypeError where a user metric cannot be sent to the pool's workers. Dask's own pickling takes any function."""
    if pool.shares_memory or pool.executor.__class__.__module__.startswith("distributed"):
        return
    for name, metric in metrics.items():
        try:
            pickle.dumps(metric)
        except Exception as error:
            raise TypeError(
                f"metrics[{name!r}] cannot be sent to other processes ({_said(error)}), allowed: a function at the top "
                "of a module, or an executor of threads"
            ) from None
