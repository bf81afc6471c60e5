"""bitsandbytes: its CPU formats are NF4, its own FP4 and dynamic 8-bit codebooks, none of which this version builds."""

from __future__ import annotations

from speed.peers.contest import Contest

PACKAGES = ("bitsandbytes",)
NOTHING_IN_COMMON = "NF4, its own FP4 and dynamic codebooks: formats that halfulp does not build yet"


def contests() -> list[Contest]:
    return []
