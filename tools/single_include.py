#!/usr/bin/env python3
"""Writes the library's core as one header: formats, rounding, codecs and arithmetic, and the text grammar.

    tools/single_include.py [FILE]          (without FILE: to standard output)

What is in it needs C++20 and nothing else. Functions that the library compiles (parsers, names, tables of values) come
with HALFULP_IMPLEMENTATION, to be defined in one source file of a program before its #include. Arrays, block formats
and the matrix units of GPUs are in the library alone.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

LAYERS = ("core", "formats", "rounding", "codecs", "arithmetic")
# Its tables and those of the formats have names in common, which one source file cannot hold.
WITHOUT = ("arithmetic/matrix_units",)

# Functions that a source file keeps to itself: of one name in two files they would overload each other here.
UNNAMED = re.compile(r"^namespace \{\n(.*?)^\}  // namespace\n", re.MULTILINE | re.DOTALL)
FUNCTION = re.compile(r"^(?!using|static_assert|template)(?=[\w\[])[^\n(=]*?\b(\w+)\(", re.MULTILINE)

INCLUDE = re.compile(r'^#include ([<"])([^>"]+)[>"].*\n', re.MULTILINE)


class Single:
    """The text of files in the order in which they need each other, each once."""

    def __init__(self, root: Path) -> None:
        self.include = root / "include"
        self.src = root / "src"
        self.standard: set[str] = set()
        self.done: set[Path] = set()
        self.own_names: dict[Path, set[str]] = {
            path.resolve(): {
                name for part in UNNAMED.findall(path.read_text("utf-8")) for name in FUNCTION.findall(part)
            }
            for path in self.paths(self.src, "*.cpp")
        }

    def paths(self, folder: Path, pattern: str) -> list[Path]:
        found = [path for layer in LAYERS for path in sorted((folder / layer).rglob(pattern))]
        return [path for path in found if not str(path.with_suffix("")).endswith(WITHOUT)]

    def shared_names(self, path: Path) -> list[str]:
        """Functions of a file's own whose names another file has for its own."""
        others = [names for other, names in self.own_names.items() if other != path]
        return sorted(self.own_names.get(path, set()) & set().union(*others))

    def found(self, name: str, beside: Path) -> Path:
        for folder in (beside, self.include, self.src):
            if (folder / name).is_file():
                return (folder / name).resolve()
        raise SystemExit(f"single_include: {beside} includes {name}, which is nowhere")

    def text(self, path: Path, shown: str) -> str:
        """What a file adds: first what it includes, then itself."""
        if path in self.done:
            return ""
        self.done.add(path)
        source = path.read_text(encoding="utf-8")
        before = ""
        for opened, name in INCLUDE.findall(source):
            if opened == "<":
                self.standard.add(name)
            else:
                before += self.text(self.found(name, path.parent), name)
        own = INCLUDE.sub("", source).replace("#pragma once\n", "")
        shared = [(name, f"{name}_of_{path.parent.name}_{path.stem}") for name in self.shared_names(path)]
        begin = "".join(f"#define {name} {renamed}\n" for name, renamed in shared)
        end = "".join(f"#undef {name}\n" for name, _ in shared)
        return f"{before}\n// ======== {shown}\n{begin}{own.strip()}\n{end}"

    def all_of(self, folder: Path, base: Path, pattern: str) -> str:
        return "".join(self.text(path.resolve(), str(path.relative_to(base))) for path in self.paths(folder, pattern))


def single_include(root: Path) -> str:
    single = Single(root)
    headers = single.all_of(single.include / "halfulp", single.include, "*.hpp")
    sources = single.all_of(single.src, single.src, "*.cpp")
    standard = "".join(f"#include <{name}>\n" for name in sorted(single.standard))
    return (
        "// halfulp's core in one header, made by tools/single_include.py. Apache License 2.0.\n"
        "// One source file of a program defines HALFULP_IMPLEMENTATION before it includes this.\n"
        "#ifndef HALFULP_SINGLE_INCLUDE\n#define HALFULP_SINGLE_INCLUDE\n\n"
        f"{standard}{headers}\n"
        f"#ifdef HALFULP_IMPLEMENTATION\n{sources}\n#endif  // HALFULP_IMPLEMENTATION\n\n"
        "#endif  // HALFULP_SINGLE_INCLUDE\n"
    )


def main(arguments: list[str]) -> int:
    if len(arguments) > 1 or any(word.startswith("-") for word in arguments):
        print(__doc__)
        return 2
    text = single_include(Path(__file__).resolve().parent.parent)
    if arguments:
        Path(arguments[0]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
