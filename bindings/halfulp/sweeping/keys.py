"""Keys of results: what a row's numbers depend on, and nothing else, so that a result found under its key is the
result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from halfulp import _core
from halfulp.sweeping.cases import Case, Options

KEY_LENGTH = 32  # hexadecimal digits


def key_of(content: Any) -> str:
    """The key of anything that JSON can say."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]


def pair_key(
    digest: str,
    shape: tuple[int, ...],
    index: int,
    case: Case,
    options: Options,
    *,
    activations: str | None,
    importance: str | None,
    metrics: Iterable[str],
    version: str = _core.version,
) -> str:
    """Of a matrix (by its digest) under a case. Options that this case does not look at are left out: its row is the
    same with any of them. User metrics count by their names."""
    random = options.draw(case, index)
    return key_of(
        {
            "weights": digest,
            "scheme": str(case.scheme),
            "rounding": case.rounding,
            "axis": options.axis % len(shape),
            "channel_axis": options.channel_axis % len(shape) if "channel" in case.groups else None,
            "scale_rounding": options.scale_rounding,
            "random_bits": options.bits_drawn(case),
            "random": [random.seed, random.stream, random.offset] if random else None,
            "kl": options.histograms,
            "activations": [activations, options.input_axis % len(shape)] if activations else None,
            "importance": importance if case.searched else None,
            "metrics": sorted(metrics),
            "version": version,
        }
    )
