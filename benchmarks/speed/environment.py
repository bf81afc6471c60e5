"""The machine and the versions behind the figures. No host names and no paths: a reader has other ones."""

from __future__ import annotations

import datetime
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any


def processor() -> str:
    """The processor as the system tells it. Virtual machines often hide the name, hence family and model too."""
    found: dict[str, str] = {}
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown"
    for line in lines:
        key, _, value = line.partition(":")
        if not key.strip():
            break
        found[key.strip()] = value.strip()
    name = found.get("model name", platform.machine())
    return ", ".join([name, *(f"{label} {found[key]}" for key, label in _PARTS.items() if key in found)])


_PARTS = {"cpu family": "family", "model": "model"}


def describe(*packages: str) -> dict[str, Any]:
    """What every JSON file starts with."""
    versions = {name: version(name) for name in packages}
    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "machine": {"processor": processor(), "processors": os.cpu_count(), "memory_gib": _memory_gib()},
        "python": platform.python_version(),
        "versions": {name: found for name, found in versions.items() if found},
    }


def version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _memory_gib() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30)
