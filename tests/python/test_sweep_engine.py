"""The sweep itself: order, executors, random bits, errors."""

import os
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")

import halfulp as hu
from halfulp import _core
from halfulp.sweeping import MODEL, executors, jobs, model_rows, running

SCHEMES = "e2m{0..3}f/{16,32}:{e8m0fnu,bfloat16} nvfp4 e5m2"


@pytest.fixture(autouse=True)
def small_jobs(monkeypatch: pytest.MonkeyPatch):
    """Several jobs for each matrix, so that there is an order to get wrong."""
    monkeypatch.setattr(jobs, "_JOB_ELEMENTS", 3000)
    monkeypatch.setattr(jobs, "_LEAST_CASES", 1)


@pytest.fixture(scope="module")
def weights() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    shapes = {"b": (3, 40), "a": (16, 64), "large": (20, 100), "cube": (2, 5, 33)}
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


class Backwards(Executor):
    """Runs nothing until no more jobs come, then the last first: the order in which a pool may finish."""

    _max_workers = 10_000

    def __init__(self) -> None:
        self.waiting: list[tuple] = []
        self.handed_out: list[int] = []
        self.last = time.monotonic()
        self.worker = threading.Thread(target=self.run, daemon=True)
        self.worker.start()

    def submit(self, function, *arguments):
        future: Future = Future()
        self.last = time.monotonic()
        self.waiting.append((future, function, arguments))
        self.handed_out.append(arguments[0].matrix.size)
        return future

    def run(self) -> None:
        while True:
            time.sleep(0.05)
            if time.monotonic() - self.last > 0.2:
                while self.waiting:
                    one, call, args = self.waiting.pop()
                    one.set_result(call(*args))


def test_rows_depend_on_neither_executor_nor_workers(weights, tmp_path: Path):
    # Catches: rows in the order of completion; a buffer shared between threads; jobs that do not pickle; mapped arrays
    # lost.
    expected = hu.sweep(weights, SCHEMES, workers=1, progress=False)
    assert list(expected["matrix"]) == [*weights, MODEL] * 18
    assert list(dict.fromkeys(expected["scheme"])) == [str(s) for s in hu.expand_schemes(SCHEMES)]
    assert expected.equals(hu.sweep(weights, SCHEMES, workers=7, progress=False))
    backwards = Backwards()
    assert expected.equals(hu.sweep(weights, SCHEMES, executor=backwards, progress=False))
    measured = backwards.handed_out[len(weights) :]  # the first pass is one job for each matrix
    assert len(measured) > 2 * len(weights)
    assert measured == sorted(measured, reverse=True)
    np.savez(tmp_path / "w.npz", **weights)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert expected.equals(hu.sweep(weights, SCHEMES, executor=pool, progress=False))
        np.save(tmp_path / "large.npy", weights["large"])
        mapped = hu.sweep(tmp_path / "large.npy", SCHEMES, executor=pool, progress=False)
    alone = expected[expected["matrix"] == "large"].reset_index(drop=True)
    assert alone.equals(mapped[mapped["matrix"] == "large"].reset_index(drop=True))


def test_each_pair_is_what_fake_quantize_gives(weights):
    # Catches: the axis or a mode not passed on; a workspace that is read before it is written.
    options = {"axis": 0, "rounding": "toward_zero", "scale_rounding": "toward_positive"}
    table = hu.sweep(weights, SCHEMES, progress=False, **options)
    for row in table[table["matrix"] != MODEL].itertuples():
        x = weights[row.matrix]
        expected = _core.measure_difference(x, hu.fake_quantize(x, row.scheme, **options), 1)
        assert (row.squared_error, row.max_error) == (expected["squared_error"], expected["max_absolute_error"])


def test_random_bits_are_those_of_the_matrix_alone(weights):
    # Catches: a stream per job, per scheme or per thread; the same bits for every matrix; rng not advanced by Rng's
    # rule.
    sr = {"rounding": "stochastic", "random_bits": 8, "progress": False}
    expected = hu.sweep(weights, SCHEMES, rng=42, workers=1, **sr)
    assert expected.equals(hu.sweep(weights, SCHEMES, rng=42, workers=5, **sr))
    assert not expected.equals(hu.sweep(weights, SCHEMES, rng=43, **sr))
    for index, (name, x) in enumerate(weights.items()):
        y = hu.fake_quantize(x, "nvfp4", rounding="stochastic", random_bits=8, rng=hu.Rng(42, stream=index))
        row = expected[(expected["matrix"] == name) & (expected["scheme"] == "nvfp4")].iloc[0]
        assert row["squared_error"] == _core.measure_difference(x, y, 1)["squared_error"]
    alone = hu.sweep(weights, "nvfp4", rng=42, **sr)
    assert alone.equals(expected[expected["scheme"] == "nvfp4"].reset_index(drop=True))
    rng = hu.Rng(42, stream=10)
    first, second = hu.sweep(weights, "nvfp4", rng=rng, **sr), hu.sweep(weights, "nvfp4", rng=rng, **sr)
    assert rng.stream == 10 + 2 * len(weights)
    assert not first.equals(second)
    generator = hu.sweep(weights, "nvfp4", rng=np.random.default_rng(5), **sr)
    seed = int(np.random.default_rng(5).integers(2**64, dtype=np.uint64))
    assert generator.equals(hu.sweep(weights, "nvfp4", rng=seed, **sr))


def test_random_bits_count_for_scales_too(tmp_path: Path):
    # Catches: random_bits that reach the elements' rounding alone, and the key of a row kept from another number.
    options = {"scale_rounding": "stochastic", "random_bits": 2}
    sweep = partial(hu.sweep, rng=9, results=tmp_path, progress=False)
    x = np.random.default_rng(4).normal(size=(64, 64)).astype(np.float32)
    table = sweep({"x": x}, "nvfp4", **options)
    y = hu.fake_quantize(x, "nvfp4", rng=9, **options)
    assert table["squared_error"][0] == _core.measure_difference(x, y, 1)["squared_error"]
    more = sweep({"x": x}, "nvfp4", **options | {"random_bits": 32})
    assert more["squared_error"][0] != table["squared_error"][0]


@pytest.mark.parametrize(
    ("schemes", "options", "message"),
    [
        ("mxfp4 mxfp5", {}, "mxfp5"),
        ([], {}, "schemes is empty"),
        ("mxfp4", {"axis": 2}, "axis is 2, allowed for matrix 'b'"),
        ("mxfp4", {"rounding": "nearest"}, "rounding is 'nearest'"),
        ("mxfp4", {"rounding": "stochastic"}, "no source of random bits"),
        ("mxfp4", {"rng": 1}, "rng is given but rounding is .*draws no random bits"),
        ("mxfp4", {"random_bits": 8}, "random_bits is 8 but rounding is 'nearest_ties_to_even', which draws no random"),
        ("mxfp4", {"random_bits": 40, "rounding": ["sr", "rne"], "rng": 1}, "random_bits is 40, allowed: 1 to 32"),
        ("mxfp4", {"workers": 0}, "workers is 0"),
        ("mxfp4", {"workers": 2, "executor": ThreadPoolExecutor(1)}, "both given"),
        ("mxfp4", {"on_error": "ignore"}, "on_error is 'ignore'"),
    ],
)
def test_wrong_arguments_fail_before_anything_is_computed(weights, monkeypatch, schemes, options, message):
    # Catches: a check that is made by the first pair that meets the fault, perhaps an hour into the sweep.
    monkeypatch.setattr(executors.Pool, "each", lambda *_: pytest.fail("a job ran"))
    with pytest.raises(ValueError, match=message):
        hu.sweep(weights, schemes, progress=False, **options)


def test_axis_and_workers_of_a_wrong_type(weights):
    # Catches: True taken for 1.
    for options in ({"axis": True}, {"axis": 0.5}, {"workers": True}, {"workers": "2"}):
        with pytest.raises(TypeError, match=next(iter(options))):
            hu.sweep(weights, "mxfp4", progress=False, **options)


def test_values_that_are_not_finite_are_told_with_matrix_and_scheme(weights):
    # Catches: NaN results in the table without a word; a pool left waiting; the process pool's exception not coming
    # back.
    bad = weights | {"bad": np.array([[1.0, np.nan, np.inf]])}
    for value, scheme, message in (
        (np.nan, "mxfp4", "2 of its 3 values"),
        (np.nan, "e2m1fn", "NaN"),
        (np.inf, "e5m2", "2 of its"),
    ):
        bad["bad"][0, 1] = value
        with pytest.raises(ValueError, match=rf"matrix 'bad' under scheme {scheme}: .*{message}"):
            hu.sweep(bad, scheme, progress=False)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool,
        pytest.raises(ValueError, match="matrix 'bad' under scheme mxfp4"),
    ):
        hu.sweep(bad, "mxfp4", executor=pool, progress=False)


def test_errors_can_be_recorded(weights):
    # Catches: an error that takes good pairs along; a model's row made of the matrices that went well only.
    bad = weights | {"bad": np.array([[1.0, np.nan]])}
    table = hu.sweep(bad, "mxfp4 e5m2", on_error="record", progress=False)
    good = hu.sweep(weights, "mxfp4 e5m2", progress=False)
    kept = table[~table["matrix"].isin(["bad", MODEL])].reset_index(drop=True)
    assert kept.drop(columns="error").equals(good[good["matrix"] != MODEL].reset_index(drop=True))
    assert set(kept["error"]) == {""}
    failed = table[table["matrix"] == "bad"]
    assert failed["mse"].isna().all()
    assert failed["error"].str.contains("1 of its 2 values").all()
    assert (failed["bits_per_element"] > 4).all()
    models = model_rows(table)
    assert models["relative_error"].isna().all()
    assert list(models["error"]) == ["1 of 5 matrices failed"] * 2


def test_an_interrupt_leaves_no_job_running(weights, monkeypatch):
    # Catches: Ctrl-C that waits for the whole queue; a caller's executor that is shut down.
    ran: list[int] = []
    started = threading.Event()

    def slow(job, workspace, record_errors):
        started.set()
        time.sleep(0.01)
        ran.append(1)
        return [""] * len(job.cases)

    real = executors.wait

    def wait(futures, **options):
        if started.is_set():  # the first pass is over
            raise KeyboardInterrupt
        return real(futures, **options)

    monkeypatch.setattr(running, "run", slow)
    monkeypatch.setattr(executors, "wait", wait)
    with ThreadPoolExecutor(1) as pool:
        for executor in (None, pool):
            started.clear()
            ran.clear()
            with pytest.raises(KeyboardInterrupt):
                hu.sweep(weights, SCHEMES, executor=executor, workers=None if executor else 1, progress=False)
        assert pool.submit(lambda: 5).result() == 5
    assert len(ran) <= 3


def test_the_callers_weights_are_left_alone(weights):
    # Catches: quantizing in place; a view of the caller's array handed out as workspace.
    before = {name: x.copy() for name, x in weights.items()}
    hu.sweep(weights, SCHEMES, progress=False)
    for name, x in weights.items():
        np.testing.assert_array_equal(x, before[name])


def test_foreign_layouts(weights):
    # Catches: strided or byte-swapped arrays read as if they were contiguous.
    strange = {name: np.asfortranarray(x.astype(">f4")) for name, x in weights.items()}
    assert hu.sweep(strange, SCHEMES, progress=False).equals(hu.sweep(weights, SCHEMES, progress=False))


def test_progress_bar(weights, capfd):
    # Catches: a bar where nobody asked and no terminal is; a bar that does not reach its end.
    pytest.importorskip("tqdm")
    hu.sweep(weights, "mxfp4")
    assert capfd.readouterr() == ("", "")
    hu.sweep(weights, "mxfp4", progress=True)
    assert "100%" in capfd.readouterr().err


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
def test_default_workers_are_the_cores_that_may_be_used(monkeypatch):
    # Catches: os.cpu_count(), which counts cores that a container withholds.
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5})
    with executors.open_pool(None, None) as pool:
        assert pool.executor._max_workers == 3
