"""Looks for code that the linker may give to a machine that cannot run it.

Usage: python tools/check_isa_leaks.py BUILD_DIR

The vector kernels src/kernels/simd/*_<architecture>.cpp are compiled for an instruction set that not every machine has.
A weak or global symbol in such an object that other objects may define as well (an inline function, a template of the
standard library) would be one copy for the whole program, perhaps this one. So every weak or global symbol there has to
carry an architecture that needs at least the object's instruction set in its name: a type of it (xsimd::avx2,
xsimd::fma3<xsimd::avx2>, xsimd::avx512bw) or a namespace. Local symbols (static functions, anonymous namespaces) belong
to their object and are free.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

# Object's architecture, as its file name ends: what a name may carry. An object that is compiled for more must not
# define what belongs to less: another object defines the same for machines that have no more.
ALLOWED = {
    "avx": re.compile(r"avx"),
    "avx2": re.compile(r"avx2"),
    "fma": re.compile(r"avx2|fma"),
    "avx512": re.compile(r"avx512"),
    "avx512vbmi": re.compile(r"avx512vbmi|vbmi"),
    "vbmi": re.compile(r"avx512vbmi|vbmi"),
}
OBJECT = re.compile(r"_([a-z0-9]+)\.(?:cpp|cc|cxx)\.(?:o|obj)$")
# Data of the compiler's own, the same in every object: a pointer to the personality routine.
HARMLESS = re.compile(r"^DW\.ref\.")


def symbols(path: Path) -> list[tuple[str, str]]:
    """Type and demangled name of every weak or global symbol that an object defines."""
    done = subprocess.run(["nm", "-C", "--defined-only", path], text=True, capture_output=True)
    if done.returncode != 0:
        raise SystemExit(f"check_isa_leaks.py: nm {path}: {done.stderr.strip()}")
    found = []
    for line in done.stdout.splitlines():
        parts = line.split(maxsplit=2)
        if len(parts) == 3 and (parts[1].isupper() or parts[1] in "uvwi"):
            found.append((parts[1], parts[2]))
    return found


def leaks(path: Path) -> list[str]:
    """One line for every symbol of an object that is not bound to the object's architecture."""
    match = OBJECT.search(path.name)
    assert match is not None
    allowed = ALLOWED[match[1]]
    return [
        f"{path}: {kind} {name} carries no {match[1]}, and the linker may keep this copy for every machine"
        for kind, name in symbols(path)
        if not allowed.search(name) and not HARMLESS.search(name)
    ]


def objects(build: Path) -> list[Path]:
    """The objects under a build directory that are compiled for more than every machine of the platform has."""
    found = []
    for path in sorted([*build.rglob("*.o"), *build.rglob("*.obj")]):
        match = OBJECT.search(path.name)
        if match and "kernels/simd" in path.parent.as_posix() and match[1] in ALLOWED:
            found.append(path)
    return found


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(f"usage: {sys.argv[0]} BUILD_DIR", file=sys.stderr)
        return 2
    build = Path(arguments[0])
    found = objects(build)
    if not found:
        print(f"check_isa_leaks.py: no objects kernels/simd/*_<architecture>.cpp.o under {build}: is it built?")
        return 1
    problems = [line for path in found for line in leaks(path)]
    for line in problems:
        print(line)
    if not problems:
        print(f"check_isa_leaks.py: {len(found)} objects, nothing leaks")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
