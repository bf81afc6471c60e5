"""The compiled part that fits: loaded at its first use, as it needs NLopt and linear algebra."""

from __future__ import annotations

from types import ModuleType


def compiled() -> ModuleType:
    """The module halfulp._scaling. Raises ImportError where this build has none, and says how to get it."""
    try:
        from halfulp import _scaling  # type: ignore[attr-defined]
    except ImportError as error:
        raise ImportError(
            "halfulp.scaling needs NLopt and linear algebra, and this build of halfulp has none: install NLopt and a "
            "BLAS with LAPACK (Debian: libnlopt-dev, libopenblas-dev) and the headers of xtensor 0.25 and xtensor-blas "
            f"0.21 (tools/get_xtensor), then build halfulp again ({error})"
        ) from None
    return _scaling
