#!/usr/bin/env python3
"""Reads the #include lines and fails on one that points to a later layer.

    tools/check_layers.py [ROOT]

A folder of include/halfulp or src is a layer and includes only itself and layers to its left (LAYERS). The umbrella
header include/halfulp/halfulp.hpp sees everything and is included by nothing inside but the bindings. Each outside
library has the folders in which it may appear (OUTSIDE).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

LAYERS = (
    "core",
    "formats",
    "rounding",
    "codecs",
    "blocks",
    "arithmetic",
    "kernels",
    "analysis",
    "matrices",
    "reconstruct",
    "methods",
    "sharpness",
    "scaling",
    "bindings",
)

# Start of the included name -> where it may stand: a folder, or a layer with "+" for it and all to its right.
OUTSIDE = {
    "boost/": ("arithmetic+", "tests/oracle"),
    "xsimd/": ("src/kernels/simd",),
    "cuda": ("src/kernels/cuda",),
    "xtensor": ("matrices+",),
    "nlopt": ("src/scaling",),
    "pybind11/": ("bindings+",),
}

# The oracle judges the library, so it knows the formats' plain data and no code that computes with them.
ORACLE_LAYERS = ("formats",)

INCLUDE = re.compile(r'^\s*#\s*include\s*(?P<open>[<"])(?P<name>[^>"]+)[>"]', re.MULTILINE)
SUFFIXES = {".hpp", ".cpp", ".cu", ".cuh", ".h"}


def layer_of_file(path: Path) -> str | None:
    """The layer that a file (relative to the root) belongs to; None for the umbrella header."""
    parts = path.parts
    if parts[0] == "bindings":
        return "bindings"
    folder = parts[2] if parts[0] == "include" else parts[1]
    return folder if "." not in folder else None


def layer_of_include(name: str, opened: str, path: Path, root: Path) -> str | None:
    """The layer that an include names, 'umbrella' for the umbrella header, None for what is not the project's."""
    if name == "halfulp/halfulp.hpp":
        return "umbrella"
    if name.startswith("halfulp/"):
        return name.split("/")[1]
    if opened == '"':
        for base in ((root / path).parent, root / "src"):
            found = (base / name).resolve()
            if found.is_relative_to(root) and found.exists():
                relative = found.relative_to(root)
                if relative.parts[0] in ("include", "src", "bindings"):
                    return layer_of_file(relative) or "umbrella"
    return None


def may_use(outside: tuple[str, ...], path: Path, layer: str | None) -> bool:
    for place in outside:
        if place.endswith("+"):
            if layer in LAYERS and LAYERS.index(layer) >= LAYERS.index(place[:-1]):
                return True
        elif path.is_relative_to(place):
            return True
    return False


def faults_of_file(path: Path, root: Path) -> Iterator[str]:
    text = (root / path).read_text(encoding="utf-8")
    oracle = path.is_relative_to("tests/oracle")
    layer = None if oracle else layer_of_file(path)
    if layer is not None and layer not in LAYERS:
        yield f"{path}: '{layer}' is not a layer; they are {', '.join(LAYERS)}"
        return
    for match in INCLUDE.finditer(text):
        name = match["name"]
        where = f"{path}:{text.count(chr(10), 0, match.start('name')) + 1}: includes {name}"
        for start, places in OUTSIDE.items():
            if name.startswith(start) and not may_use(places, path, layer):
                yield f"{where}, which belongs in {' or '.join(places)} alone"
        target = layer_of_include(name, match["open"], path, root)
        if target is None:
            continue
        if oracle:
            if target not in ORACLE_LAYERS:
                yield f"{where}, but the oracle may see {', '.join(ORACLE_LAYERS)} alone"
        elif target == "umbrella":
            if layer not in (None, "bindings"):
                yield f"{where}, the umbrella header: it is for users, name the headers instead"
        elif target not in LAYERS:
            yield f"{where}: '{target}' is not a layer"
        elif layer is not None and LAYERS.index(target) > LAYERS.index(layer):
            yield f"{where}: '{layer}' must not see '{target}', which comes after it"


def files(root: Path) -> Iterator[Path]:
    for folder in ("include/halfulp", "src", "bindings", "tests/oracle"):
        for path in sorted((root / folder).rglob("*")):
            # test_*.cpp in tests/oracle compare the oracle with other things, and may see those.
            if path.suffix in SUFFIXES and not path.name.startswith("test_"):
                yield path.relative_to(root)


def main(arguments: list[str]) -> int:
    root = Path(arguments[0] if arguments else Path(__file__).parent.parent).resolve()
    checked = list(files(root))
    if not checked:
        print(f"check_layers: no source file under {root}", file=sys.stderr)
        return 1
    faults = [fault for path in checked for fault in faults_of_file(path, root)]
    for fault in faults:
        print(fault)
    print(f"check_layers: {len(checked)} files, {len(faults)} wrong includes; the order is {' -> '.join(LAYERS)}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
