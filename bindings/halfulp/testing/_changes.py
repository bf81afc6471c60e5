"""What an implementation may do instead of the definition: the family that hints are looked for in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from halfulp._format import Format


@dataclass(frozen=True)
class Change:
    """One way to differ. text: how a report says it.

    keywords: of the projection, instead of the caller's; None drops one. through: an intermediate format, and the
    rounding into it, before the result is rounded once more. steps: operations that one operation is made of, each
    rounded, in the intermediate format where there is one. lost_zero_sign: -0 comes out as +0. result: codes of
    another format.
    """

    text: str
    keywords: Mapping[str, Any] = field(default_factory=dict, hash=False)
    through: tuple[Format, str] | None = None
    steps: bool = False
    lost_zero_sign: bool = False
    result: Format | None = None

    def __and__(self, other: Change) -> Change:
        return Change(
            f"{self.text} with {other.text}",
            {**self.keywords, **other.keywords},
            self.through or other.through,
            self.steps or other.steps,
            self.lost_zero_sign or other.lost_zero_sign,
            self.result or other.result,
        )


AS_DEFINED = Change("")
