"""NumPy: float16."""

from __future__ import annotations

import numpy as np

from speed.peers.arrays import copy_contests
from speed.peers.contest import Contest

PACKAGES = ("numpy",)


def contests() -> list[Contest]:
    return copy_contests("numpy", {"binary16": np.float16}, {})
