"""Results folders: nothing computed twice, nothing lost, nothing half-written, whoever stops and whenever."""

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("pandas")
pytest.importorskip("pyarrow")

import halfulp as hu
import pandas as pd
from halfulp.sweeping import COLUMNS, MODEL, _files, jobs, measures, read_results, results, rows
from halfulp.sweeping.claims import Claims

RNG = np.random.default_rng(11)
WEIGHTS = {
    "layers.0.w": RNG.normal(size=(12, 64)).astype(np.float32),
    "layers.1.w": RNG.standard_t(3, size=(8, 96)).astype(np.float32),
    "last": RNG.normal(size=(5, 40)),
}
SCHEMES = "e2m{0..3}f/{16,32}:{e8m0fnu,bfloat16} nvfp4 e5m2"
PAIRS = 3 * 18


@pytest.fixture(autouse=True)
def small_jobs(monkeypatch: pytest.MonkeyPatch):
    """One pair for each job, so that there is something between the first and the last."""
    monkeypatch.setattr(jobs, "_JOB_ELEMENTS", 1)
    monkeypatch.setattr(jobs, "_LEAST_CASES", 1)


class Counting:
    """A user metric that counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, w, w_hat) -> float:
        self.calls += 1
        return float(np.abs(w - w_hat).sum())


def sweep(folder, schemes=SCHEMES, weights=WEIGHTS, **options):
    return hu.sweep(weights, schemes, results=folder, progress=False, **options)


def parquet_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("rows/*/*.parquet"))


def test_what_is_there_is_not_computed_again(tmp_path: Path):
    # Catches: a row that differs from the one that was computed; a pair computed twice; keys that hang on names, order
    # or on what else is in the sweep.
    counting = Counting()
    metrics = {"l1": counting}
    expected = hu.sweep(WEIGHTS, SCHEMES, progress=False, metrics=metrics)
    counting.calls = 0
    assert sweep(tmp_path, metrics=metrics).equals(expected)
    assert counting.calls == PAIRS
    assert sweep(tmp_path, metrics=metrics).equals(expected)
    renamed = {f"other.{i}": array.copy() for i, array in enumerate(reversed(WEIGHTS.values()))}
    again = sweep(tmp_path, "mxfp4 nvfp4 e3m2f/16:e8m0fnu", renamed, metrics=metrics)
    assert counting.calls == PAIRS + 3
    row = again[(again["matrix"] == "other.0") & (again["scheme"] == "nvfp4")].iloc[0]
    same = expected[(expected["matrix"] == "last") & (expected["scheme"] == "nvfp4")].iloc[0]
    assert row.drop(["matrix", "depth"]).equals(same.drop(["matrix", "depth"]))
    assert row["depth"] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"axis": 0},
        {"rounding": "toward_zero"},
        {"scale_rounding": "toward_positive"},
        {"kl": False},
        {"metrics": {"other": lambda w, v: 1.0}},
        {"activations": {"last": np.ones((1, 40))}},
        {"rounding": "stochastic", "rng": 3},
    ],
)
def test_options_that_change_numbers_are_in_the_key(tmp_path: Path, change):
    # Catches: a row of other options taken for the one that was asked for.
    counting = Counting()
    sweep(tmp_path, "mxfp4 nvfp4")
    expected = hu.sweep(WEIGHTS, "mxfp4 nvfp4", progress=False, **change)
    assert sweep(tmp_path, "mxfp4 nvfp4", **change).equals(expected)
    changed = dict(WEIGHTS) | {"last": WEIGHTS["last"] + 1}
    sweep(tmp_path, "mxfp4 nvfp4", changed, metrics={"l1": counting})
    assert counting.calls == 6


def test_random_bits_are_in_the_key_where_they_are_drawn(tmp_path: Path):
    # Catches: another seed's rows; rows computed again because a matrix of no interest was put before (stream), or with
    # a seed that nothing draws from.
    modes = {"rounding": ["nearest_ties_to_even", "stochastic"]}
    first = sweep(tmp_path, "nvfp4", rng=1, **modes)
    counting = Counting()
    second = sweep(tmp_path, "nvfp4", rng=2, metrics={"l1": counting}, **modes)
    assert counting.calls == 6
    assert (first["squared_error"] != second["squared_error"]).equals(first["rounding"] == "stochastic")
    counting.calls = 0
    sweep(tmp_path, "nvfp4", rng=3, metrics={"l1": counting}, **modes)
    assert counting.calls == 3  # the other three draw nothing


CHILD = """
    import sys, time
    from pathlib import Path
    import numpy as np
    import halfulp as hu
    from halfulp.sweeping import results, jobs
    results._FLUSH_SECONDS = 0.02
    jobs._JOB_ELEMENTS = 1
    jobs._LEAST_CASES = 1
    folder, log = sys.argv[1:]
    rng = np.random.default_rng(11)
    weights = {
        "layers.0.w": rng.normal(size=(12, 64)).astype(np.float32),
        "layers.1.w": rng.standard_t(3, size=(8, 96)).astype(np.float32),
        "last": rng.normal(size=(5, 40)),
    }
    def l1(w, w_hat):
        time.sleep(0.02)
        with open(log, "ab", buffering=0) as file:
            file.write(b"x")
        return float(np.abs(w - w_hat).sum())
    import pandas, pyarrow.parquet
    Path(log).touch()
    while not Path(log).with_name("go").exists():
        time.sleep(0.005)
    table = hu.sweep(weights, SCHEMES, results=folder, progress=False, workers=2, metrics={"l1": l1})
    table.to_pickle(log + ".table")
""".replace("SCHEMES", repr(SCHEMES))


def start(folder: Path, log: Path) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", textwrap.dedent(CHILD), str(folder), str(log)])


def start_together(folder: Path, logs: list[Path]) -> list[subprocess.Popen]:
    """Processes that begin to sweep when all of them are ready to."""
    children = [start(folder, log) for log in logs]
    wait_for(lambda: all(log.exists() for log in logs))
    logs[0].with_name("go").touch()
    return children


def wait_for(condition, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.005)


def test_a_killed_sweep_goes_on_where_it_was(tmp_path: Path):
    # Catches: rows lost, half-written or doubled by a kill; a claim that outlives its process; kept pairs computed
    # again.
    folder, log = tmp_path / "results", tmp_path / "log"
    log.touch()
    (tmp_path / "go").touch()
    counting = Counting()
    expected = hu.sweep(WEIGHTS, SCHEMES, progress=False, metrics={"l1": counting})
    kept = 0
    for _ in range(3):
        child = start(folder, log)
        try:
            wait_for(lambda had=kept: kept_rows(folder) >= had + 8)
            child.send_signal(signal.SIGKILL)
        finally:
            child.kill()
            assert child.wait() == -signal.SIGKILL
        before, kept = kept, kept_rows(folder)
        assert before + 8 <= kept < PAIRS
    # A kill leaves at most what was not yet on the disk: the pairs of two running jobs and of one flush, each time.
    assert kept <= log.stat().st_size <= kept + 3 * 12
    part = read_results(folder)
    assert (part["matrix"] != MODEL).sum() == kept
    counting.calls = 0
    assert sweep(folder, metrics={"l1": counting}).equals(expected)
    assert counting.calls == PAIRS - kept
    keys = [row["key"] for path in parquet_files(folder) for row in rows.read(path)]
    assert len(keys) == len(set(keys)) == PAIRS


def kept_rows(folder: Path) -> int:
    return sum(len(rows.read(path)) for path in parquet_files(folder))


def test_two_processes_share_the_work_of_one_folder(tmp_path: Path):
    # Catches: rows of one lost to the other, pairs that both compute, a process that ends without the other's rows.
    folder, logs = tmp_path / "results", [tmp_path / "a", tmp_path / "b"]
    children = start_together(folder, logs)
    assert [child.wait(120) for child in children] == [0, 0]
    done = [log.stat().st_size for log in logs]
    assert sum(done) == PAIRS
    assert min(done) > 5, "one of them had nothing to do"
    expected = hu.sweep(WEIGHTS, SCHEMES, progress=False, metrics={"l1": Counting()})
    for log in logs:
        assert pd.read_pickle(log.with_suffix(".table")).equals(expected)
    assert kept_rows(folder) == PAIRS


def test_the_one_that_waits_takes_over_from_one_that_dies(tmp_path: Path):
    # Catches: waiting for ever for a process that was killed while its pairs were claimed.
    folder, logs = tmp_path / "results", [tmp_path / "a", tmp_path / "b"]
    children = start_together(folder, logs)
    try:
        wait_for(lambda: logs[0].stat().st_size > 3 and logs[1].stat().st_size > 3)
        children[0].send_signal(signal.SIGSTOP)  # claims held, nothing done
        wait_for(lambda: kept_rows(folder) >= 30)
        children[0].kill()
        assert children[1].wait(60) == 0
    finally:
        for child in children:
            child.kill()
            child.wait()
    assert kept_rows(folder) == PAIRS


def test_claims_are_those_of_the_process(tmp_path: Path):
    # Catches: a claim that only its own process sees; one that is not dropped.
    claims = Claims(tmp_path / "claims")
    assert claims.take("ff" * 16)
    assert not claims.take("ff" * 16)
    code = "from pathlib import Path; from halfulp.sweeping.claims import Claims"
    code += f"; c = Claims(Path({str(tmp_path / 'claims')!r})); print(c.take('ff' * 16), c.take('0e' * 16))"

    def seen() -> str:
        return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert seen() == "False True"
    claims.drop(["ff" * 16])
    assert seen() == "True True"
    claims.close()


def test_what_another_process_finished_is_seen_with_the_claim(tmp_path: Path):
    # Catches: a pair computed again because it was finished between the look and the claim.
    ours, theirs = results.Results(tmp_path / "r"), results.Results(tmp_path / "r")
    digest, key = "ab" * 32, "cd" * 16
    ours.look(digest)
    assert ours.find(digest, key) is None
    sums = measures.Sums(4, 1, 0, 0, 0.5, 2.0, 1.5, 1.0, 0.25, user={"l1": 3.0})
    theirs.add(digest, {"key": key, "scheme": "mxfp4", "matrix": "w", "l1": 3.0}, sums)
    theirs.flush()
    assert ours.claim(digest, [key]) == {key}
    found = ours.find(digest, key)
    assert (found.squared_error, found.elements, found.user) == (0.5, 4, {"l1": 3.0})
    for one in (ours, theirs):
        one.close()


def test_matrices_of_the_same_content_are_computed_once(tmp_path: Path):
    # Catches: tied weights computed twice, or waited for for ever.
    counting = Counting()
    twice = {"a": WEIGHTS["last"], "b": WEIGHTS["last"].copy()}
    table = sweep(tmp_path, "mxfp4 nvfp4", twice, metrics={"l1": counting})
    assert counting.calls == 2
    assert table.drop(columns="error", errors="ignore").equals(
        hu.sweep(twice, "mxfp4 nvfp4", progress=False, metrics={"l1": Counting()})
    )


def test_read_results_gives_all_rows_and_their_models(tmp_path: Path):
    # Catches: rows of another sweep dropped; a model's row made of a part of its matrices; names of another sweep.
    a = sweep(tmp_path, "mxfp4 nvfp4")
    b = sweep(tmp_path, "nvfp4 e5m2", rounding="toward_zero")
    c = sweep(tmp_path, "nvfp4 e4m3fn")  # as the first, with another scheme
    table = read_results(tmp_path)
    assert list(table.columns) == [*COLUMNS, "weights"]
    assert set(table["weights"]) == {"arrays"}
    first = table[table["rounding"] == "nearest_ties_to_even"].drop(columns="weights").reset_index(drop=True)
    assert first.equals(pd.concat([a, c[c["scheme"] == "e4m3fn"]], ignore_index=True))
    second = table[table["rounding"] == "toward_zero"].drop(columns="weights").reset_index(drop=True)
    assert second.equals(b)
    assert table.attrs["halfulp"]["columns"] == COLUMNS
    for path in parquet_files(tmp_path):
        if any(row["matrix"] == "last" for row in rows.read(path)):
            path.unlink()
    rest = read_results(tmp_path)
    assert MODEL not in set(rest["matrix"])
    assert len(rest) == 2 * 5
    for path in (tmp_path / "sweeps").iterdir():
        path.unlink()
    assert len(read_results(tmp_path)) == 2 * 5


def test_the_rows_are_parquet_for_everyone(tmp_path: Path):
    # Catches: columns that other readers of a partitioned data set cannot see.
    table = sweep(tmp_path, "mxfp4 nvfp4")
    found = pd.read_parquet(tmp_path / "rows")
    assert set(COLUMNS) | {"key", "weights"} <= set(found.columns)
    assert sorted(found["squared_error"]) == sorted(table.loc[table["matrix"] != MODEL, "squared_error"])
    assert found["weights"].nunique() == 3


def test_folders_that_are_not_ours(tmp_path: Path):
    # Catches: rows written into somebody's folder; a newer layout read as if it were this one; each message.
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError, match=r"results is .*file, which is a file"):
        sweep(tmp_path / "file")
    with pytest.raises(NotADirectoryError, match=r"results is .*more, but .*file is a file"):
        sweep(tmp_path / "file" / "and" / "more")
    with pytest.raises(ValueError, match=r"holds files but no halfulp-results\.json.*name a new or an empty folder"):
        sweep(tmp_path)
    folder = tmp_path / "results"
    sweep(folder, "mxfp4")
    manifest = folder / "halfulp-results.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(content | {"schema": 2, "version": "9.9"}))
    with pytest.raises(
        ValueError, match=r"has layout 2 \(written by halfulp 9\.9\), allowed: layout 1.*use halfulp 9\.9"
    ):
        sweep(folder, "mxfp4")
    for wrong in ("{", "[]", json.dumps({"schema": 1}), json.dumps(content | {"kind": "other"})):
        manifest.write_text(wrong)
        with pytest.raises(ValueError, match="is not what halfulp wrote: put it back"):
            sweep(folder, "mxfp4")
    with pytest.raises(FileNotFoundError, match="no such folder"):
        read_results(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="is empty"):
        read_results(tmp_path / "empty")


def test_files_that_are_damaged_or_foreign(tmp_path: Path):
    # Catches: pyarrow's own words without the file's name; a foreign file taken for rows; a flipped bit taken for a
    # result.
    sweep(tmp_path, "mxfp4")
    (path,) = parquet_files(tmp_path)[:1]
    whole = path.read_bytes()
    damaged = [b"", whole[:-7], whole[: len(whole) // 2], b"not parquet at all"]
    page = whole.index(b"layers") if b"layers" in whole else 200
    damaged.append(whole[:page] + bytes([whole[page] ^ 1]) + whole[page + 1 :])
    for content in damaged:
        path.write_bytes(content)
        for read in (lambda: sweep(tmp_path, "mxfp4"), lambda: read_results(tmp_path)):
            with pytest.raises(ValueError, match=rf"{path.name} is not a sound file of results .*remove it"):
                read()
    path.unlink()
    expected = hu.sweep(WEIGHTS, "mxfp4", progress=False)
    assert sweep(tmp_path, "mxfp4").equals(expected)  # removed, as it says, and computed again
    pd.DataFrame({"x": [1]}).to_parquet(path.with_name("other.parquet"))
    with pytest.raises(ValueError, match=r"other\.parquet is a Parquet file that halfulp did not write"):
        sweep(tmp_path, "mxfp4")
    path.with_name("other.parquet").unlink()
    (tmp_path / "sweeps" / "broken.json").write_text("{}")
    with pytest.raises(ValueError, match=r"broken\.json is not what halfulp wrote: remove it"):
        read_results(tmp_path)


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: a row that is on the disk in part; temporary files left; an error that does not say what is kept.
    folder = tmp_path / "results"
    monkeypatch.setattr(results, "_FLUSH_SECONDS", 0.0)
    real, left = os.fsync, [0]

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(descriptor)

    monkeypatch.setattr(_files.os, "fsync", fsync)
    for count in (1, 3, 6, 9):
        left[0] = count
        with pytest.raises(OSError, match=r"No space left|make room, then run the same sweep again") as caught:
            sweep(folder, workers=1)
        assert caught.value.errno == errno.ENOSPC
        assert not list(folder.glob("**/.*.tmp"))
        for path in parquet_files(folder):
            assert rows.read(path)
    assert sweep(folder).equals(hu.sweep(WEIGHTS, SCHEMES, progress=False))


def test_a_disk_that_is_really_full(tmp_path: Path):
    # Catches: what a simulated failure cannot show, such as a rename that fails.
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("no right to mount a small file system")
    try:
        many = {f"m{i}": np.full((2, 32), i + 1.0) for i in range(40)}
        with pytest.raises(OSError, match="make room") as caught:
            sweep(small / "results", "mxfp4 nvfp4", many)
        assert caught.value.errno == errno.ENOSPC
        assert not list(small.glob("**/.*.tmp"))
        kept = kept_rows(small / "results")
        assert 0 < kept < 80
        assert (read_results(small / "results")["matrix"] != MODEL).sum() == kept
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_an_error_keeps_what_was_done_before(tmp_path: Path):
    # Catches: an error late in the sweep that takes the hours before along; failures kept as if they were results.
    counting = Counting()

    def fails(w, w_hat) -> float:
        if counting.calls == 10:
            raise KeyError("no such thing")
        return counting(w, w_hat)

    with pytest.raises(ValueError, match=r"under scheme .*: metrics\['l1'\] failed: KeyError") as caught:
        sweep(tmp_path, metrics={"l1": fails}, workers=1)
    kept = kept_rows(tmp_path)
    assert kept == 10
    assert any(f"{kept} finished pairs are kept in" in note for note in caught.value.__notes__)
    counting.calls = 100
    table = sweep(tmp_path, metrics={"l1": fails})
    assert counting.calls == 100 + PAIRS - kept
    assert table["l1"].notna().all()


def test_old_temporary_files_are_removed(tmp_path: Path):
    # Catches: what a kill left behind piling up; a temporary file of a process at work removed.
    sweep(tmp_path, "mxfp4")
    place = parquet_files(tmp_path)[0].parent
    old, new = place / ".a.parquet.123.tmp", place / ".b.parquet.456.tmp"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    sweep(tmp_path, "mxfp4")
    assert (old.exists(), new.exists()) == (False, True)


def test_missing_pyarrow_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    # Catches: the error of the first flush, after the first seconds of work.
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ImportError, match=r"results folder needs the package pyarrow: pip install 'halfulp\[sweep\]'"):
        sweep(tmp_path, "mxfp4")
