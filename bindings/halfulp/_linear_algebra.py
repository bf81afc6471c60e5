"""The compiled part that needs linear algebra: loaded at its first use, as LAPACK starts threads of its own."""

from __future__ import annotations

from types import ModuleType


def matrices() -> ModuleType:
    """The module halfulp._matrices. Raises ImportError where this build has none, and says how to get it."""
    try:
        from halfulp import _matrices  # type: ignore[attr-defined]
    except ImportError as error:
        raise ImportError(
            "halfulp.reconstruct, halfulp.methods and halfulp.sharpness need linear algebra, and this build has none: "
            "install a BLAS with LAPACK (Debian: libopenblas-dev) and the headers of xtensor 0.25 and xtensor-blas "
            f"0.21 (tools/get_xtensor), then build halfulp again ({error})"
        ) from None
    return _matrices
