"""Packages that the base install does not bring: imported when they are needed, missed with the name of the extra."""

from __future__ import annotations

import importlib
from typing import Any


def need(module: str, extra: str, purpose: str) -> Any:
    """The module, or ImportError that says what it is for and how to install it."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        package = module.partition(".")[0]
        if error.name is not None and error.name.partition(".")[0] != package:
            raise  # the package is there, something that it needs is not: its own message says what
        raise ImportError(f"{purpose} needs the package {package}: pip install 'halfulp[{extra}]'") from None
