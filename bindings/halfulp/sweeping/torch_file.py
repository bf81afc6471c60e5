"""Files that torch.save wrote. Only tensors and plain containers are unpickled (weights_only=True): a file with
anything else in it could run code, and is refused."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from halfulp.sweeping._extras import need
from halfulp.sweeping.arrays import from_tree, is_tree
from halfulp.sweeping.matrix import Matrix


def read(path: Path) -> list[Matrix | str]:
    """The matrices of a state dict, or of nested mappings of them; for every other array the reason why it is none."""
    torch = need("torch", "torch", f"the torch file {path}")
    content = _load(torch, path)
    if not is_tree(content):
        if not isinstance(content, torch.Tensor):
            raise ValueError(
                f"{path} holds a {type(content).__name__}, allowed: a state dict, nested or not, or a tensor"
            )
        content = {path.stem: content}
    return from_tree(content, str(path))


def _load(torch: Any, path: Path) -> Any:
    try:
        try:
            # Mapped: tensors are read when they are used. Files older than torch 1.6 cannot be mapped.
            return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        except RuntimeError:
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path} is not a torch file of tensors alone ({str(error).splitlines()[0]}), allowed: what "
            "torch.save(model.state_dict(), path) writes"
        ) from None
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        said = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"{path} is not a sound torch file: {said}") from None
