"""Test vectors for other people's hardware and compilers, and the judge of their answers.

:func:`write` writes a file of operands and expected results; :func:`verify` reads one whose results are a device's, and
says what differs. ``halfulp vectors`` and ``halfulp verify`` are these two on the command line; what the arguments mean
is in :class:`Request`.
"""

from halfulp.vectors.checking import Findings, Mismatch, verify
from halfulp.vectors.request import Request
from halfulp.vectors.tasks import OPERATIONS
from halfulp.vectors.writing import Written, write

__all__ = ["OPERATIONS", "Findings", "Mismatch", "Request", "Written", "verify", "write"]
