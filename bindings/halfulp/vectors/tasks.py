"""The task of a request."""

from __future__ import annotations

from halfulp.vectors.blocks import DotTask, QuantizeTask
from halfulp.vectors.request import Request
from halfulp.vectors.scalar import OPERANDS, CompareTask, ScalarTask
from halfulp.vectors.task import Task

#: Every operation that vectors are made of.
OPERATIONS = (*OPERANDS, "compare", "dot", "quantize")


def task_of(request: Request) -> Task:
    """Raises ValueError for what the operation does not have, and for names that are not known."""
    kinds: dict[str, type[Task]] = {"compare": CompareTask, "dot": DotTask, "quantize": QuantizeTask}
    if request.operation not in OPERATIONS:
        raise ValueError(f"operation is {request.operation!r}, allowed: {', '.join(OPERATIONS)}")
    return kinds.get(request.operation, ScalarTask)(request)
