"""Which machine code works on arrays. Results have the same bits with each."""

from __future__ import annotations

from halfulp import _core
from halfulp._format import check_ascii


def backend() -> str:
    """The backend that array functions run: "scalar" (the definition, element by element), "sse2", "avx2", "avx512" or
    "neon".

    It is what :func:`set_backend` chose, else what the environment variable HALFULP_BACKEND names, else the last of
    :func:`backends`. The variable is read once, by the first call that works on an array or asks here; ValueError then
    says what is available where it names something else.
    """
    return _core.backend()


def backends() -> list[str]:
    """The backends that this build has and this machine can run, the best one last."""
    return _core.backends()


def set_backend(name: str | None) -> None:
    """Chooses the backend of the whole process; None gives the choice back to HALFULP_BACKEND and the machine.

    Every backend gives the same bits, so this is for measuring and for narrowing down a fault. Not to be called while
    array functions run in other threads. Raises ValueError, naming those available, for a backend that is not.
    """
    if name is not None and not isinstance(name, str):
        raise TypeError(f"backend is {name!r}, allowed: a name (a string) or None")
    if name is not None:
        check_ascii("backend", name)
    _core.set_backend(name)
