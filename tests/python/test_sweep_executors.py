"""Executors that are not threads of our own: processes, a Dask cluster, and all of them dying."""

import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context, parent_process
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")

import halfulp as hu
from halfulp.sweeping import MODEL, ExecutorDied, executors, jobs, load_weights, read_results

RNG = np.random.default_rng(2)
WEIGHTS = {
    "large": RNG.normal(size=(700, 1024)).astype(np.float32),
    "small": RNG.standard_t(3, size=(30, 96)),
}
SCHEMES = "e2m{0..3}f/{16,32}:{e8m0fnu,bfloat16} nvfp4 e5m2"
PAIRS = 2 * 18


def fatal(w, w_hat) -> float:
    """A metric that ends the worker process in which it is called for the fifth time."""
    global calls
    calls += 1
    if calls == 5 and parent_process() is not None:
        os._exit(1)
    return float(np.abs(w - w_hat).max())


calls = 0


def slow(w, w_hat) -> float:
    time.sleep(0.05)
    return float(np.abs(w - w_hat).max())


@pytest.fixture(autouse=True)
def small_jobs(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(jobs, "_JOB_ELEMENTS", 1)
    monkeypatch.setattr(jobs, "_LEAST_CASES", 1)


class Sizes(ThreadPoolExecutor):
    """Threads that get their jobs as other processes would: pickled."""

    def __init__(self) -> None:
        super().__init__(1)
        self.sizes: list[int] = []

    def submit(self, function, *arguments):
        content = pickle.dumps((function, arguments))
        self.sizes.append(len(content))
        function, arguments = pickle.loads(content)
        return super().submit(function, *arguments)


def test_arrays_are_not_sent_with_each_job(monkeypatch):
    # Catches: 2.9 MB of weights in each of 36 jobs; files left in the temporary folder; bfloat16 that comes back as
    # integers; foreign byte orders.
    pool = Sizes()
    monkeypatch.setattr(executors, "ThreadPoolExecutor", type("Nothing", (), {}))  # so that it counts as processes
    strange = WEIGHTS | {"turned": np.asfortranarray(WEIGHTS["large"].astype(">f4"))}
    expected = hu.sweep(strange, SCHEMES, executor=Threads(2), progress=False)
    assert hu.sweep(strange, SCHEMES, executor=pool, progress=False).equals(expected)
    assert max(pool.sizes) < 100_000
    ml_dtypes = pytest.importorskip("ml_dtypes")
    half = {"half": WEIGHTS["large"].astype(ml_dtypes.bfloat16)}
    expected = hu.sweep(half, "mxfp4", executor=Threads(2), progress=False)
    assert hu.sweep(half, "mxfp4", executor=pool, progress=False).equals(expected)


class Threads(Executor):
    """An executor that is none of the standard library's: jobs run when they are handed out."""

    def __init__(self, _: int) -> None:
        super().__init__()

    def submit(self, function, *arguments):
        future: Future = Future()
        future.set_result(function(*arguments))
        return future


def test_a_pool_that_breaks_says_what_is_kept(tmp_path: Path):
    # Catches: BrokenProcessPool without a word on the finished pairs; finished pairs that are lost with it.
    folder = tmp_path / "results"
    died: list[str] = []
    for keep in ({"results": folder}, {}):
        with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
            with pytest.raises(ExecutorDied, match="the executor died before all 36 pairs were done") as caught:
                hu.sweep(WEIGHTS, SCHEMES, metrics={"worst": fatal}, executor=pool, progress=False, **keep)
            died.append(str(caught.value))
            with pytest.raises(ExecutorDied):
                hu.sweep(WEIGHTS, "mxfp4", executor=pool, progress=False)
    kept = int((read_results(folder)["matrix"] != MODEL).sum())
    assert 0 < kept < PAIRS
    assert f"the {kept} finished pairs are kept in {folder}: run the same sweep again" in died[0]
    assert "nothing is kept: with results='FOLDER'" in died[1]
    again = hu.sweep(WEIGHTS, SCHEMES, metrics={"worst": fatal}, results=folder, progress=False)
    assert again.equals(hu.sweep(WEIGHTS, SCHEMES, metrics={"worst": fatal}, progress=False))


def test_an_executor_that_is_shut_down(tmp_path: Path):
    # Catches: RuntimeError of the standard library without the sweep's own words.
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(ExecutorDied, match="cannot schedule new futures after shutdown"):
        hu.sweep(WEIGHTS, "mxfp4", executor=pool, progress=False)


def test_executors_that_are_none():
    # Catches: an AttributeError somewhere inside; a Dask address that hangs.
    with pytest.raises(TypeError, match="executor is a int, allowed"):
        hu.sweep(WEIGHTS, "mxfp4", executor=4, progress=False)
    with pytest.raises(ValueError, match=r"executor is 'tcp://localhost:1', allowed: .* 'dask:tcp://…'"):
        hu.sweep(WEIGHTS, "mxfp4", executor="tcp://localhost:1", progress=False)


def test_metrics_that_cannot_be_sent():
    # Catches: the pickling error of the first job, which names neither the metric nor what to do.
    with ProcessPoolExecutor(1) as pool, pytest.raises(TypeError, match=r"metrics\['m'\] cannot be sent"):
        hu.sweep(WEIGHTS, "mxfp4", metrics={"m": lambda w, v: 0.0}, executor=pool, progress=False)


def test_workers_of_another_version(monkeypatch):
    # Catches: rows that are kept under a version that did not compute them.
    class Other(Threads):
        def submit(self, function, *arguments):
            if isinstance(arguments[0], jobs.Job):
                object.__setattr__(arguments[0], "version", "0.0.1")
            return super().submit(function, *arguments)

    with pytest.raises(RuntimeError, match=r"a worker runs halfulp .*, the sweep 0\.0\.1"):
        hu.sweep(WEIGHTS, "mxfp4", executor=Other(1), progress=False)


def test_files_that_workers_do_not_see(tmp_path: Path):
    # Catches: an error that leaves the reader wondering on which machine the file should be.
    np.save(tmp_path / "w.npy", WEIGHTS["large"])
    weights = load_weights(tmp_path / "w.npy")
    (tmp_path / "w.npy").unlink()
    with pytest.raises(FileNotFoundError, match=r"w\.npy is not there for process .* under the same path"):
        hu.sweep(weights, "mxfp4", progress=False)


@pytest.fixture
def cluster(tmp_path: Path):
    """A scheduler and two workers, each a process of its own, as (address, processes)."""
    pytest.importorskip("distributed")
    file = tmp_path / "scheduler.json"
    common = [sys.executable, "-m"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": os.environ | worker_path()}
    scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
    worker = [
        "distributed.cli.dask_worker",
        "--scheduler-file",
        str(file),
        "--nthreads",
        "1",
        "--no-dashboard",
        "--no-nanny",
    ]
    processes = [subprocess.Popen([*common, *scheduler, "--scheduler-file", str(file)], cwd=tmp_path, **quiet)]
    try:
        processes += [subprocess.Popen([*common, *worker], cwd=tmp_path, **quiet) for _ in range(2)]
        end = time.monotonic() + 60
        while not file.exists() or not file.read_text().strip().endswith("}"):
            assert time.monotonic() < end, "no Dask scheduler has started"
            time.sleep(0.05)
        yield json.loads(file.read_text())["address"], processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def worker_path() -> dict[str, str]:
    """So that workers find this module, whose functions they are sent by name, and the package that is under test."""
    return {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *filter(None, sys.path)])}


def wait_for_rows(folder: Path, count: int) -> None:
    end = time.monotonic() + 60
    while sum(1 for _ in folder.glob("rows/*/*.parquet")) < count:
        assert time.monotonic() < end, "nothing was computed"
        time.sleep(0.02)


def in_background(results: Path, address: str, monkeypatch) -> tuple[threading.Thread, list]:
    monkeypatch.setattr("halfulp.sweeping.results._FLUSH_SECONDS", 0.05)
    outcome: list = []

    def work() -> None:
        try:
            arguments = {"metrics": {"worst": slow}, "executor": f"dask:{address}", "results": results}
            outcome.append(hu.sweep(WEIGHTS, SCHEMES, progress=False, **arguments))
        except BaseException as error:
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, outcome


def test_dask_goes_on_without_a_worker_that_was_killed(tmp_path: Path, cluster, monkeypatch):
    # Catches: pairs lost with the worker that had them; numbers that depend on who computed them.
    address, (_, first, _) = cluster
    thread, outcome = in_background(tmp_path / "results", address, monkeypatch)
    wait_for_rows(tmp_path / "results", 4)
    first.send_signal(signal.SIGKILL)
    thread.join(120)
    assert not isinstance(outcome[0], BaseException), outcome[0]
    assert outcome[0].equals(hu.sweep(WEIGHTS, SCHEMES, metrics={"worst": slow}, progress=False))


def test_dask_whose_scheduler_dies(tmp_path: Path, cluster, monkeypatch):
    # Catches: a sweep that waits for ever; finished pairs lost.
    address, (scheduler, *_) = cluster
    thread, outcome = in_background(tmp_path / "results", address, monkeypatch)
    wait_for_rows(tmp_path / "results", 4)
    scheduler.send_signal(signal.SIGKILL)
    thread.join(120)
    assert isinstance(outcome[0], ExecutorDied), outcome[0]
    kept = int((read_results(tmp_path / "results")["matrix"] != MODEL).sum())
    assert 4 <= kept < PAIRS
    assert f"the {kept} finished pairs are kept" in str(outcome[0])
    again = hu.sweep(WEIGHTS, SCHEMES, metrics={"worst": slow}, progress=False, results=tmp_path / "results")
    assert again.equals(hu.sweep(WEIGHTS, SCHEMES, metrics={"worst": slow}, progress=False))


def test_dask_without_workers(tmp_path: Path, cluster, monkeypatch):
    # Catches: waiting for ever for workers that never come back; a client of the caller's that is closed.
    import distributed

    monkeypatch.setattr(executors, "_PATIENCE", 1.0)
    address, (_, *workers) = cluster
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
        assert len(hu.sweep(WEIGHTS, "mxfp4", executor=client, progress=False)) == 3
        assert client.status == "running"
        for worker in workers:
            worker.kill()
            worker.wait()
        with pytest.raises(ExecutorDied, match="has had no worker for 1 seconds"):
            hu.sweep(WEIGHTS, SCHEMES, executor=client, progress=False)


def test_a_dask_address_where_nobody_answers(monkeypatch):
    # Catches: half a minute of silence and a bare timeout.
    dask = pytest.importorskip("dask")
    pytest.importorskip("distributed")
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(
            ConnectionError, match=r"executor is 'dask:tcp://127\.0\.0\.1:9', but no Dask scheduler answers there"
        ),
    ):
        hu.sweep(WEIGHTS, "mxfp4", executor="dask:tcp://127.0.0.1:9", progress=False)
