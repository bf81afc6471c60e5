"""What is checked before anything is computed: an error after an hour would be an hour late."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from halfulp._phase_format import ComplexScheme
from halfulp._quantize import fake_quantize_report
from halfulp._random import Rng
from halfulp.sweeping import widely_linear
from halfulp.sweeping.cases import Case, Options
from halfulp.sweeping.jobs import Metric, Subject, cut_matrix, pair_error
from halfulp.sweeping.matrix import Matrix
from halfulp.sweeping.measures import COLUMNS, stored_planes

_TAKEN = {*COLUMNS, "error", "weights", "weights_hash", "key"}


def check_axis(argument: str, axis: Any, matrices: Sequence[Matrix]) -> int:
    """An axis that every matrix has."""
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"{argument} is {axis!r}, allowed: an integer")
    for matrix in matrices:
        axes = len(matrix.shape)
        if not -axes <= axis < axes:
            raise ValueError(
                f"{argument} is {axis}, allowed for matrix {matrix.name!r} of shape {matrix.shape}: {-axes} to "
                f"{axes - 1}"
            )
    return int(axis)


def check_metrics(metrics: Any) -> dict[str, Metric]:
    """User metrics, by the names of their columns."""
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(
            f"metrics is a {type(metrics).__name__}, allowed: a mapping from a column's name to a function of W and Ŵ"
        )
    for name, metric in metrics.items():
        if not isinstance(name, str) or not re.fullmatch(r"[^\W\d]\w*", name) or name in _TAKEN:
            raise ValueError(
                f"metrics has the name {name!r}, allowed: an identifier that is no column of the table already"
            )
        if not callable(metric):
            raise TypeError(f"metrics[{name!r}] is a {type(metric).__name__}, allowed: a function of W and Ŵ")
    return dict(metrics)


def check_options(
    cases: Sequence[Case], options: Options, carriers: set[np.dtype[Any]], rng: Any, *, weighed: bool
) -> None:
    """Fails now where a pair would fail for its options: each case runs on one number. rng: what the caller named.
    weighed: do searches look at weights?"""
    if not any(map(options.draws, cases)):
        given = {"rng is given": rng, f"random_bits is {options.random_bits}": options.random_bits}
        for what in (text for text, value in given.items() if value is not None):
            raise ValueError(f"{what} but rounding is {cases[0].rounding!r}, which draws no random bits, allowed: None")
    for case in cases:
        draws = options.draws(case)
        for dtype in carriers:
            probe = np.zeros((2, 2) if case.is_complex else (1, 1), dtype=case.carrier(dtype))
            keywords = options.keywords(case)
            if draws and rng is not None:
                keywords["rng"] = Rng(0)
            if weighed and case.searched:
                keywords["importance"] = np.ones((1, 1) if case.flat else 1)
            if isinstance(case.scheme, ComplexScheme):
                widely_linear.fake_quantize(probe, case.scheme, axis=-1, **keywords)
            else:
                fake_quantize_report(probe, case.scheme, axis=case.axis, **keywords)


def check_fit(subjects: Sequence[Subject], cases: Sequence[Case], options: Options, metrics: dict[str, Metric]) -> None:
    """ValueError that names matrix and scheme where a scheme does not fit a matrix's shape, or has to have all of it in
    a memory that does not hold it."""
    memory = _memory()
    for subject in subjects:
        shape = subject.matrix.shape
        for case in cases:
            try:
                stored_planes(case.scheme, shape, options.axis, options.channel_axis)
            except ValueError as error:
                raise pair_error(subject.matrix.name, case, error) from None
            cut = cut_matrix(subject, case, options, metrics)
            wide = 8 if subject.matrix.dtype == "float64" else 4
            copies = 5 if case.is_complex else 3  # values, results, what metrics make of them; U and W before and after
            need = copies * cut.largest * wide
            if need > memory:
                why = cut.why or "its groups are that large"
                raise pair_error(
                    subject.matrix.name,
                    case,
                    f"{cut.largest:,} of its elements have to be in memory at once ({why}), which takes about "
                    f"{need / 2**30:.1f} GiB of the {memory / 2**30:.1f} GiB there are, allowed: schemes and an axis "
                    "that can be cut",
                )


def _memory() -> float:
    """Bytes of the machine's memory; infinite where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return float("inf")
