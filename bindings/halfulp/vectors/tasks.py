"""The task of a request."""

from __future__ import annotations

from halfulp.vectors.blocks import QuantizeTask
from halfulp.vectors.dots import PlainDotTask
from halfulp.vectors.request import Request
from halfulp.vectors.scalar import OPERANDS, CompareTask, ScalarTask
from halfulp.vectors.scaled_dots import ScaledDotTask, is_of_blocks
from halfulp.vectors.task import Task

#: Every operation that vectors are made of.
OPERATIONS = (*OPERANDS, "compare", "dot", "quantize")


def task_of(request: Request) -> Task:
    """Raises ValueError for what the operation does not have, and for names that are not known."""
    match request.operation:
        case "compare":
            return CompareTask(request)
        case "dot":
            return ScaledDotTask(request) if is_of_blocks(request) else PlainDotTask(request)
        case "quantize":
            return QuantizeTask(request)
    if request.operation not in OPERATIONS:
        raise ValueError(f"operation is {request.operation!r}, allowed: {', '.join(OPERATIONS)}")
    return ScalarTask(request)
