"""``halfulp validate-gpu``: finds and runs halfulp_validate_gpu, which compares a GPU with the CPU.

The program is compiled C++ (src/kernels/cuda/validate_gpu.cu), not a part of the Python module: only nvcc builds it,
and most machines have neither nvcc nor a GPU.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NAME = "halfulp_validate_gpu"
VARIABLE = "HALFULP_VALIDATE_GPU"

#: Exit codes: those of the program, and the one for its absence.
ALL_EQUAL, DIFFERENCES, NOT_MET, NO_GPU, NO_PROGRAM = range(5)

HOW_TO_BUILD = (
    f"{NAME} was not found: this installation was built without CUDA. Build it where nvcc 12.8 or newer is: "
    "pip install . -C cmake.define.HALFULP_CUDA=ON, or cmake --preset cuda && cmake --build --preset cuda; "
    f"or name the program in {VARIABLE}"
)


def find_program(package: Path | None = None) -> Path | None:
    """The compiled program: what HALFULP_VALIDATE_GPU names, else the one beside the package, else the newest one
    in the build folders of the checkout that the package lies in. Never one that merely lies in the working folder."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        if not Path(named).is_file():
            raise ValueError(f"{VARIABLE} is {named!r}, allowed: the path of {NAME}")
        return Path(named).resolve()  # subprocess would look for a name without a slash on PATH
    package = (package or Path(__file__).parent).resolve()
    if (package / NAME).is_file():
        return package / NAME
    for folder in package.parents:
        if (folder / "src" / "kernels" / "cuda" / "validate_gpu.cu").is_file():
            built = [path for path in folder.glob(f"build/*/{NAME}") if path.is_file()]
            return max(built, key=lambda path: path.stat().st_mtime, default=None)
    return None


def validate(out: str | None = None, quick: bool = False) -> int:
    """Runs the program, its report and progress going where this process's go, and returns an exit code."""
    if out == "":
        raise ValueError("out is '', allowed: a file's name")
    program = find_program()
    if program is None:
        print(f"halfulp validate-gpu: {HOW_TO_BUILD}", file=sys.stderr)
        return NO_PROGRAM
    words = [str(program)]
    if out is not None:
        words += ["--out", out]
    if quick:
        words.append("--quick")
    sys.stdout.flush()
    code = subprocess.run(words, check=False).returncode
    if code < 0:
        print(f"halfulp validate-gpu: {program} was ended by signal {-code}", file=sys.stderr)
        return NOT_MET
    return code
