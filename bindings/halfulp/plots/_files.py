"""Figures as files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from halfulp.sweeping._files import replacing

SUFFIXES = (".png", ".pdf", ".svg")


def save(figure: Any, path: str | os.PathLike[str]) -> None:
    """A figure as .png, .pdf or .svg, whole or not at all."""
    kind = check_suffix(path)
    with replacing(path) as file:
        figure.savefig(file, format=kind)


def check_suffix(path: str | os.PathLike[str]) -> str:
    """The kind of picture that a file's name asks for."""
    suffix = Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"plot is {os.fspath(path)!r}, allowed: a name that ends in {', '.join(SUFFIXES)}")
    return suffix[1:]
