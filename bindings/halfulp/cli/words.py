"""The words that can stand for an argument, by kind: what shell completion offers."""

from __future__ import annotations

from collections.abc import Callable

import halfulp as hu
from halfulp import _core
from halfulp.cli.families import FAMILIES

#: Policies that give codes, which "unbounded" and "keep" do not.
OVERFLOW = ("native", "sat_finite", "sat_propagate", "sat_none", "to_nan")
NAN = ("raise", "to_max", "to_zero")
SHELLS = ("bash", "zsh", "fish")
#: An executor is one of these; "dask:" goes on with the address of a scheduler.
EXECUTORS = ("threads", "processes", "dask:")

#: Kinds that the shell knows itself.
FILES, FOLDERS = "files", "folders"


def _formats() -> list[str]:
    return [word for name, aliases, _, _ in _core.registry() for word in (name, *aliases)]


def _schemes() -> list[str]:
    return [name for name, _, _ in _core.published_schemes()]


def _rounding() -> list[str]:
    rows = _core.rounding_modes()
    return [name for name, _ in rows] + ["stochastic"] + [alias for _, alias in rows if alias]


def _laws() -> list[str]:
    from halfulp import scaling

    return list(scaling.laws())


def _estimators() -> list[str]:
    from halfulp import scaling

    return list(scaling.ESTIMATORS)


_WORDS: dict[str, Callable[[], list[str]]] = {
    "formats": _formats,
    "schemes": lambda: _schemes() + _formats(),
    "rounding": _rounding,
    "overflow": lambda: list(OVERFLOW),
    "nan": lambda: list(NAN),
    "presets": lambda: [name for name, _ in _core.projection_presets()],
    "recipes": lambda: [recipe.name for recipe in hu.recipes()],
    "families": lambda: list(FAMILIES),
    "executors": lambda: list(EXECUTORS),
    "laws": _laws,
    "estimators": _estimators,
}


def words(kind: str) -> list[str]:
    """Those of a kind other than FILES and FOLDERS."""
    return _WORDS[kind]()
