"""Vectors files: written in blocks, and whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from halfulp.sweeping._files import replacing
from halfulp.vectors.cases import Cases
from halfulp.vectors.header import Header
from halfulp.vectors.layout import FORMS, layout
from halfulp.vectors.request import Request
from halfulp.vectors.task import Task
from halfulp.vectors.tasks import task_of

_NO_HASH = "0" * 64
#: Bytes of a file for stdout that stay in memory.
_IN_MEMORY = 2**24


@dataclass(frozen=True)
class Written:
    """A file that is there: its header."""

    header: Header
    size: int


def write(
    request: Request,
    output: str | os.PathLike[str] | BinaryIO,
    form: str = "text",
    progress: Callable[[int, int], None] | None = None,
) -> Written:
    """Writes the vectors of a request to a file, or to an open binary stream.

    form: text, csv, jsonl, readmemh. progress: called with the cases done and all cases. The same request gives the
    same lines, and the header their SHA-256. Memory does not grow with the number of cases. Raises ValueError for
    requests that cannot be, and for NaN results where the result's format has no NaN and `nan` does not say what
    becomes of them.
    """
    if form not in FORMS:
        raise ValueError(f"form is {form!r}, allowed: {', '.join(FORMS)}")
    task = task_of(request)
    if isinstance(output, (str, os.PathLike)):
        with replacing(output) as file:
            return _written(task, form, file, progress)
    with tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY) as spool:  # the header needs the hash of all lines
        done = _written(task, form, spool, progress)
        spool.seek(0)
        shutil.copyfileobj(spool, output)
    return done


def _written(task: Task, form: str, file: Any, progress: Callable[[int, int], None] | None) -> Written:
    cases = Cases(task)
    file.write(Header(form, task.request, cases.count, _NO_HASH).lines(task))
    lines = layout(form, [*task.inputs, *task.outputs])
    digest, done = hashlib.sha256(), 0
    for inputs in cases.blocks():
        text = lines.write(np.concatenate([inputs, task.answers(inputs)], axis=1))
        digest.update(text)
        file.write(text)
        done += len(inputs)
        if progress is not None:
            progress(done, cases.count)
    size = file.tell()
    header = Header(form, task.request, cases.count, digest.hexdigest())
    file.seek(0)
    file.write(header.lines(task))
    return Written(header, size)
