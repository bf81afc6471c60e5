"""hu.reconstruct.Covariance against the definitions of its statistics."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

rc = pytest.importorskip("halfulp.reconstruct")


def samples(count: int = 90, channels: int = 7, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, channels))


def close(a: np.ndarray, b: np.ndarray) -> bool:
    """Sums of 90 numbers of order 1, in two orders: 90 ε of their size at most."""
    return np.allclose(a, b, rtol=1e-13, atol=1e-13)


def test_statistics_of_several_batches() -> None:
    x, y = samples(), samples(seed=1)
    seen = rc.Covariance()
    for part in (slice(0, 10), slice(10, 11), slice(11, 90)):
        seen.add(x[part], reference=y[part])
    assert (seen.count, seen.batches, seen.channels, seen.paired) == (90, 3, 7, True)
    assert not seen.underdetermined
    assert close(seen.second_moment, x.T @ x / 90)
    assert np.array_equal(seen.second_moment, seen.second_moment.T)
    assert close(seen.cross_moment, x.T @ y / 90)
    assert close(seen.reference_moment, y.T @ y / 90)
    assert close(seen.mean, x.mean(axis=0))
    assert close(seen.mean_abs, np.abs(x).mean(axis=0))
    assert close(seen.mean_square, (x**2).mean(axis=0))
    assert np.array_equal(seen.max_abs, np.abs(x).max(axis=0))
    parts = [np.abs(x[p]).mean(axis=0) for p in (slice(0, 10), slice(10, 11), slice(11, 90))]
    assert close(seen.largest_batch_mean_abs, np.max(parts, axis=0))


def test_leading_axes_are_samples_and_narrow_floats_are_widened() -> None:
    x = samples(24, 5).astype(np.float16)
    wide = x.astype(np.float64)
    seen = rc.Covariance(5).add(x.reshape(2, 3, 4, 5))
    assert seen.count == 24
    assert close(seen.second_moment, wide.T @ wide / 24)
    wide_row = wide[0]
    ml_dtypes = pytest.importorskip("ml_dtypes")
    short = samples(24, 5).astype(ml_dtypes.bfloat16)
    wide = short.astype(np.float64)
    assert close(rc.Covariance().add(short).second_moment, wide.T @ wide / 24)
    assert close(rc.Covariance().add(x[0]).second_moment, np.outer(wide_row, wide_row))


def test_float32_samples_are_summed_in_float64() -> None:
    x = np.full((3000, 1), 1 + 2.0**-20, np.float32)
    assert rc.Covariance().add(x).second_moment[0, 0] == pytest.approx((1 + 2.0**-20) ** 2, rel=1e-14)


def test_merging() -> None:
    x = samples()
    whole = rc.Covariance().add(x[:40]).add(x[40:])
    merged = rc.Covariance().merge(rc.Covariance().add(x[:40])).merge(rc.Covariance().add(x[40:]))
    assert (merged.count, merged.batches) == (90, 2)
    for name in ("second_moment", "mean", "mean_abs", "max_abs", "largest_batch_mean_abs"):
        assert close(getattr(merged, name), getattr(whole, name))
    part = rc.Covariance().add(x[:40])
    rc.Covariance().merge(part).add(x[40:])
    assert part.count == 40  # what was merged from stays as it was
    with pytest.raises(ValueError, match="6 channels, allowed: 7"):
        whole.merge(rc.Covariance().add(x[:, :6]))
    with pytest.raises(ValueError, match="references"):
        whole.merge(rc.Covariance().add(x, reference=x))
    with pytest.raises(TypeError, match="other is a list"):
        whole.merge([1])


@pytest.mark.parametrize("paired", [False, True])
def test_saved_and_loaded(tmp_path: Path, paired: bool) -> None:
    x = samples()
    seen = rc.Covariance().add(x, reference=2 * x if paired else None)
    file = tmp_path / "folder" / "inputs.npz"
    seen.save(file)
    again = rc.Covariance.load(file)
    assert (again.count, again.batches, again.paired) == (90, 1, paired)
    for name in ("second_moment", "mean", "mean_abs", "max_abs", "largest_batch_mean_abs"):
        assert np.array_equal(getattr(again, name), getattr(seen, name))
    if paired:
        assert np.array_equal(again.cross_moment, seen.cross_moment)
    again.add(x, reference=x if paired else None)
    assert again.count == 180


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "inputs.npz"
    rc.Covariance().add(samples(5)).save(file)
    before = file.read_bytes()

    def fails(target: object, **_: object) -> None:
        target.write(b"half")  # type: ignore[attr-defined]
        raise OSError("no room")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="no room"):
        rc.Covariance().add(samples(9)).save(file)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_other_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.npz"
    rc.Covariance().add(samples(5)).save(file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="no saved Covariance"):
        rc.Covariance.load(file)
    np.savez(file, a=np.ones(3))
    with pytest.raises(ValueError, match="it holds a"):
        rc.Covariance.load(file)
    file.write_bytes(whole)
    with np.load(file) as data:
        state = dict(data)
    state["products"] = state["products"][1:]
    np.savez(file, **state)
    with pytest.raises(ValueError, match=r"products has shape \(6, 7\)"):
        rc.Covariance.load(file)


def test_bad_batches_add_nothing() -> None:
    x = samples(10)
    seen = rc.Covariance().add(x)
    before = seen.second_moment
    bad = x.copy()
    bad[3, 2] = np.nan
    with pytest.raises(ValueError, match="nan in sample 3, channel 2"):
        seen.add(bad)
    bad[3, 2] = -np.inf
    with pytest.raises(ValueError, match="inf in sample 3, channel 2"):
        seen.add(bad)
    with pytest.raises(ValueError, match=r"x has shape \(10, 6\), allowed: \(..., 7\)"):
        seen.add(x[:, :6])
    with pytest.raises(ValueError, match="reference is given"):
        seen.add(x, reference=x)
    with pytest.raises(ValueError, match=r"reference has shape \(9, 7\)"):
        rc.Covariance().add(x, reference=x[:9])
    with pytest.raises(TypeError, match="dtype int64"):
        seen.add(np.ones((3, 7), np.int64))
    assert seen.count == 10
    assert np.array_equal(seen.second_moment, before)
    with pytest.raises(ValueError, match="inf"):
        rc.Covariance().add(np.full((2, 2), np.inf))


def test_nothing_seen() -> None:
    empty = rc.Covariance(4)
    assert empty.count == 0
    assert empty.channels == 4
    assert empty.add(np.ones((0, 4))).count == 0
    with pytest.raises(ValueError, match="seen no samples"):
        _ = empty.second_moment
    with pytest.raises(ValueError, match="no channels"):
        _ = rc.Covariance().channels
    with pytest.raises(ValueError, match="channels is 0"):
        rc.Covariance(0)
    with pytest.raises(ValueError, match="no references"):
        _ = rc.Covariance().add(np.ones((1, 2))).cross_moment
    assert rc.Covariance().add(np.ones((1, 2))).underdetermined
