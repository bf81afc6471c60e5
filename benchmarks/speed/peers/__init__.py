"""The peers, one module each. A module has PACKAGES (what its figures depend on) and contests(), which imports them."""

from __future__ import annotations

import importlib
from types import ModuleType

MODULES = (
    "peer_numpy",
    "peer_ml_dtypes",
    "peer_jax",
    "peer_torch",
    "peer_torchao",
    "peer_gfloat",
    "peer_pychop",
    "peer_qtorch",
    "peer_gguf",
    "peer_llama_cpp",
    "peer_bitsandbytes",
)


def load(name: str) -> ModuleType:
    return importlib.import_module(f"speed.peers.{name}")
