"""ml_dtypes: every float type that it has, from and to float32."""

from __future__ import annotations

import ml_dtypes

from speed.peers.arrays import copy_contests
from speed.peers.contest import Contest

PACKAGES = ("ml_dtypes", "numpy")

DTYPES = {
    "bfloat16": ml_dtypes.bfloat16,
    "e3m4": ml_dtypes.float8_e3m4,
    "e4m3": ml_dtypes.float8_e4m3,
    "e4m3fn": ml_dtypes.float8_e4m3fn,
    "e4m3fnuz": ml_dtypes.float8_e4m3fnuz,
    "e4m3b11fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e5m2": ml_dtypes.float8_e5m2,
    "e5m2fnuz": ml_dtypes.float8_e5m2fnuz,
    "e8m0fnu": ml_dtypes.float8_e8m0fnu,
    "e3m2fn": ml_dtypes.float6_e3m2fn,
    "e2m3fn": ml_dtypes.float6_e2m3fn,
    "e2m1fn": ml_dtypes.float4_e2m1fn,
}


def contests() -> list[Contest]:
    return copy_contests("ml_dtypes", DTYPES, {"e8m0fnu": "ml_dtypes"})  # it rounds ties of E8M0 up
