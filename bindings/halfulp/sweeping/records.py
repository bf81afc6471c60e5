"""What a sweep asked for, kept in its results folder: it names the rows that keys lead to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from halfulp import _core
from halfulp.sweeping.cases import Case, Options, make_cases
from halfulp.sweeping.keys import key_of, pair_key
from halfulp.sweeping.matrix import Weights


@dataclass(frozen=True)
class Entry:
    """A matrix in a record. digest: of its content. activations, importance: of what it was measured with, or None."""

    name: str
    shape: tuple[int, ...]
    digest: str
    activations: str | None
    importance: str | None

    @property
    def size(self) -> int:
        return math.prod(self.shape)


@dataclass(frozen=True)
class Record:
    """source: where the weights came from. version: of the library."""

    source: str
    dequantized: dict[str, int]
    matrices: tuple[Entry, ...]
    cases: tuple[Case, ...]
    options: Options
    metrics: tuple[str, ...]
    version: str

    @classmethod
    def of(
        cls,
        weights: Weights,
        digests: Sequence[str],
        cases: Sequence[Case],
        options: Options,
        activations: dict[str, str],
        importance: dict[str, str],
        metrics: Sequence[str],
    ) -> Record:
        entries = tuple(
            Entry(matrix.name, matrix.shape, digest, activations.get(matrix.name), importance.get(matrix.name))
            for matrix, digest in zip(weights.matrices, digests, strict=True)
        )
        return cls(weights.source, weights.dequantized, entries, tuple(cases), options, tuple(metrics), _core.version)

    def keys(self) -> dict[tuple[int, int], str]:
        """The key of every pair, by the matrix's place and the case's."""
        return {
            (index, column): pair_key(
                entry.digest,
                entry.shape,
                index,
                case,
                self.options,
                activations=entry.activations,
                importance=entry.importance,
                metrics=self.metrics,
                version=self.version,
            )
            for index, entry in enumerate(self.matrices)
            for column, case in enumerate(self.cases)
        }

    def subject(self) -> str:
        """The same for records that differ in nothing but their cases."""
        return key_of({name: value for name, value in self.to_json().items() if name != "cases"})

    def joined(self, other: Record) -> Record:
        """With the cases of another record of the same subject."""
        return replace(self, cases=tuple(dict.fromkeys((*self.cases, *other.cases))))

    def to_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "dequantized": self.dequantized,
            "matrices": [asdict(entry) for entry in self.matrices],
            "cases": [[str(case.scheme), case.rounding] for case in self.cases],
            "options": asdict(self.options),
            "metrics": list(self.metrics),
            "version": self.version,
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Record:
        """Raises KeyError, TypeError or ValueError for what :meth:`to_json` did not give."""
        source = content["options"]["source"]
        return cls(
            source=content["source"],
            dequantized=content["dequantized"],
            matrices=tuple(Entry(**entry | {"shape": tuple(entry["shape"])}) for entry in content["matrices"]),
            cases=tuple(make_cases([scheme], mode)[0] for scheme, mode in content["cases"]),
            options=Options(**content["options"] | {"source": tuple(source) if source else None}),
            metrics=tuple(content["metrics"]),
            version=content["version"],
        )
