"""Statistics of a layer's inputs, summed up batch by batch."""

from __future__ import annotations

import os
import zipfile
from typing import Any

import numpy as np

from halfulp._arrays import carried
from halfulp._linear_algebra import matrices
from halfulp._runs import integer
from halfulp.sweeping._files import replacing

_VECTORS = ("sum", "magnitudes", "largest", "largest_batch_mean")
# Sums of its square stay within float64.
_LARGEST = 1e140
_PAIRED = ("cross", "references")


class Covariance:
    """Streaming statistics of inputs x (one sample a row), in float64 whatever the inputs are.

    channels: how many numbers a sample has; None: as many as the first batch. ``add`` takes batches, ``merge`` what
    another Covariance has seen, ``save`` and ``load`` keep it. Means are over samples, not centred:

    count, batches: samples and batches so far. second_moment: E[xᵀx], (channels, channels), exactly symmetric. mean,
    mean_abs, mean_square, max_abs: (channels,). largest_batch_mean_abs: the maximum over batches of each batch's mean
    abs(x), LQER's statistic; so how samples are cut into batches matters to it and to nothing else. Where every batch
    came with a reference y: cross_moment E[xᵀy], reference_moment E[yᵀy]. underdetermined: fewer samples than
    channels, so that second_moment is singular.
    """

    def __init__(self, channels: int | None = None) -> None:
        self._moments: Any = None
        if channels is not None:
            self._moments = matrices().Moments(integer("channels", channels, 1, 2**31 - 1))

    def add(self, x: Any, reference: Any = None) -> Covariance:
        """Adds a batch (..., channels) of float16, bfloat16, float32 or float64, and returns itself.

        reference: what another run (the original model's) has in the same places, the same shape and dtype as x;
        every batch has one, or none has. A batch without samples adds nothing. Raises ValueError for a NaN or an
        infinity, and for shapes that do not fit; nothing has been added then."""
        batch = self._batch("x", x)
        other = None if reference is None else self._batch("reference", reference)
        if other is not None and other.shape != batch.shape:
            raise ValueError(f"reference has shape {other.shape}, allowed: {batch.shape}, the shape of x")
        if other is not None and other.dtype != batch.dtype:
            batch, other = batch.astype(np.float64), other.astype(np.float64)
        if batch.size == 0:
            return self
        target = matrices().Moments(batch.shape[-1]) if self._moments is None else self._moments
        target.add(batch, other)
        self._moments = target
        return self

    def _batch(self, name: str, x: Any) -> np.ndarray:
        given = carried(name, x)
        allowed = "(..., channels)" if self._moments is None else f"(..., {self.channels})"
        if not given.shape or given.shape[-1] == 0 or (self._moments is not None and given.shape[-1] != self.channels):
            raise ValueError(f"{name} has shape {given.shape}, allowed: {allowed}")
        data = given.widened
        if data.dtype == np.float64 and data.size:
            largest = float(max(data.max(), -data.min()))  # NaN and infinities: `add` says where
            if _LARGEST < largest < np.inf:
                raise ValueError(f"{name} holds {largest:g} in size, allowed: magnitudes of at most {_LARGEST:g}")
        return data

    def merge(self, other: Covariance) -> Covariance:
        """Adds what `other` has seen, and returns itself. Raises ValueError where channels differ or only one of them
        has references."""
        if not isinstance(other, Covariance):
            raise TypeError(f"other is a {type(other).__name__}, allowed: a Covariance")
        if other._moments is None:
            return self
        if self._moments is None:
            self._moments = other._moments.copy()
        else:
            self._moments.merge(other._moments)
        return self

    @property
    def _seen(self) -> Any:
        if self.count == 0:
            raise ValueError("the Covariance has seen no samples, allowed: at least one")
        return self._moments

    @property
    def channels(self) -> int:
        """Raises ValueError where nothing has said how many there are."""
        if self._moments is None:
            raise ValueError("the Covariance has seen no samples and was given no channels")
        return int(self._moments.channels)

    @property
    def count(self) -> int:
        return 0 if self._moments is None else int(self._moments.count)

    @property
    def batches(self) -> int:
        return 0 if self._moments is None else int(self._moments.batches)

    @property
    def paired(self) -> bool:
        """Did batches come with references?"""
        return self._moments is not None and bool(self._moments.paired)

    @property
    def underdetermined(self) -> bool:
        return self.count < self.channels

    @property
    def second_moment(self) -> np.ndarray:
        return np.asarray(self._seen.second_moment())

    @property
    def cross_moment(self) -> np.ndarray:
        self._check_paired()
        return np.asarray(self._seen.cross_moment())

    @property
    def reference_moment(self) -> np.ndarray:
        self._check_paired()
        return np.asarray(self._seen.reference_moment())

    def _check_paired(self) -> None:
        if not self.paired:
            raise ValueError("the Covariance has no references, allowed: batches added with reference=")

    @property
    def mean(self) -> np.ndarray:
        return np.asarray(self._seen.mean())

    @property
    def mean_abs(self) -> np.ndarray:
        return np.asarray(self._seen.mean_abs())

    @property
    def mean_square(self) -> np.ndarray:
        return np.asarray(self._seen.mean_square())

    @property
    def max_abs(self) -> np.ndarray:
        return np.asarray(self._seen.max_abs())

    @property
    def largest_batch_mean_abs(self) -> np.ndarray:
        return np.asarray(self._seen.largest_batch_mean_abs())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes an .npz file, whole or not at all: what was there stays until the new one is complete."""
        state = self._seen.state()
        with replacing(path) as file:
            arrays: dict[str, Any] = {name: np.asarray(value) for name, value in state.items()}
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Covariance:
        """What `save` wrote. Raises ValueError for a file that it did not write, or that is cut short."""
        try:
            with np.load(path, allow_pickle=False) as file:
                state = {name: file[name] for name in file.files}
        except (ValueError, EOFError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path} is no saved Covariance: {error}") from None
        out = cls()
        out._moments = matrices().Moments.from_state(_checked_state(state, path))
        return out

    def __repr__(self) -> str:
        size = "" if self._moments is None else f"{self.channels} channels, "
        return f"Covariance({size}{self.count} samples in {self.batches} batches)"


def _checked_state(state: dict[str, Any], path: Any) -> dict[str, Any]:
    wanted = {"count", "batches", "products", *_VECTORS}
    if set(state) not in (wanted, wanted | set(_PAIRED)):
        raise ValueError(f"{path} is no saved Covariance: it holds {', '.join(sorted(state)) or 'nothing'}")
    channels = state["sum"].shape[-1] if state["sum"].ndim else 0
    for name, array in state.items():
        if name in ("count", "batches"):
            shape: tuple[int, ...] = ()
            good = array.dtype.kind in "iu" and array.shape == shape and int(array) > 0
        else:
            shape = (channels,) if name in _VECTORS else (channels, channels)
            good = array.dtype == np.float64 and array.shape == shape and bool(np.isfinite(array).all())
        if not good or channels == 0:
            raise ValueError(f"{path} is no saved Covariance: {name} has shape {array.shape} and dtype {array.dtype}")
    return {name: int(array) if array.shape == () else np.ascontiguousarray(array) for name, array in state.items()}
