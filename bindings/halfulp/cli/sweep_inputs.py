"""What a sweep takes besides weights and schemes: activations, metrics, an executor."""

from __future__ import annotations

import importlib
import os
import sys
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from multiprocessing import get_context
from pathlib import Path
from types import ModuleType

import numpy as np

from halfulp.cli.command import did_you_mean
from halfulp.cli.words import EXECUTORS
from halfulp.sweeping._extras import need


def arrays(argument: str, path: str) -> dict[str, np.ndarray]:
    """The arrays of an .npz file by name. Raises ValueError for another file."""
    if not path.endswith(".npz"):
        raise ValueError(f"{argument} is {path!r}, allowed: a file that ends in .npz")
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError) as error:
        raise ValueError(f"{path} is not a sound .npz file: {error}") from None


def metrics(texts: list[str], *, by_value: bool) -> dict[str, Callable[..., float]]:
    """Functions by name, from FILE.py:NAME each. by_value: for workers that do not have the file. Raises ValueError
    where there is no such file or function, and for what the file raises itself."""
    found: dict[str, Callable[..., float]] = {}
    for text in texts:
        name, function = _metric(text, by_value)
        if name in found:
            raise ValueError(f"metrics has the name {name!r} twice, allowed: names that differ")
        found[name] = function
    return found


def _metric(text: str, by_value: bool) -> tuple[str, Callable[..., float]]:
    place, _, name = text.rpartition(":")
    path = Path(place)
    if path.suffix != ".py" or not name:
        raise ValueError(f"metrics is {text!r}, allowed: a file and a function in it, as measures.py:median_error")
    if not path.is_file():
        raise ValueError(f"metrics is {text!r}, and {place} is not a file")
    module = _imported(path)
    function = getattr(module, name, None)
    if not callable(function):
        raise ValueError(f"metrics is {text!r}, and {place} has no function {name!r}")
    if by_value:
        need("cloudpickle", "dask", "a metric on a Dask cluster").register_pickle_by_value(module)
    return name, function


def _imported(path: Path) -> ModuleType:
    """A file as a module that worker processes find under the same name: its folder joins the end of sys.path."""
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.append(folder)
    try:
        module = importlib.import_module(path.stem)
    except Exception as error:  # whatever the user's file does
        raise ValueError(f"{path} fails: {type(error).__name__}: {error}") from error
    if module.__file__ is None or not path.samefile(module.__file__):
        raise ValueError(f"{path} has the name of another module, {module.__name__}, allowed: a name of its own")
    return module


def opened_executor(text: str | None, workers: int | None) -> AbstractContextManager[Executor | str | None]:
    """What sweep takes as executor: None for threads, a pool of processes that closes at the end, or dask:ADDRESS."""
    if text in (None, "threads"):
        return nullcontext(None)
    if text == "processes":
        if workers is not None and workers < 1:
            raise ValueError(f"workers is {workers}, allowed: 1 or more")
        # Processes that begin anew: a fork of a process with threads may hang.
        return ProcessPoolExecutor(workers or _cores(), mp_context=get_context("spawn"))
    if text is not None and text.startswith("dask:") and text != "dask:":
        if workers is not None:
            raise ValueError("workers is given with a Dask cluster, which has its own, allowed: threads or processes")
        return nullcontext(text)
    kinds = ", ".join(word if word != "dask:" else "dask:ADDRESS" for word in EXECUTORS)
    raise ValueError(f"executor is {text!r}{did_you_mean(str(text), EXECUTORS)}, allowed: {kinds}")


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
