"""Frameworks are never imported by halfulp, and an array of none of them needs none of them."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import halfulp as hu
import numpy as np

x = np.linspace(-3, 3, 8, dtype=np.float32)
hu.round(x, "e4m3fn"), hu.round([1.5], "e4m3fn"), hu.round(x[::2], "e4m3fn", out=x[1::2])
hu.decode(hu.encode(x, "e4m3fn"), "e4m3fn"), hu.quantize(x, "mxfp4").dequantize(), hu.fake_quantize(x, "mxfp4")
hu.testing.assert_bitexact(hu.encode(x, "e4m3fn"), "e4m3fn", x)
for wrong in (np.ones(3, np.uint8), None, "1.5", object()):
    try:
        hu.round(wrong, "e4m3fn")
    except TypeError:
        continue
    raise AssertionError(wrong)
found = {"torch", "jax", "jaxlib", "pandas", "matplotlib", "ml_dtypes"} & set(sys.modules)
assert not found, found
"""


def test_no_framework_is_imported_with_the_package_or_by_its_functions() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_a_module_of_a_frameworks_name_that_is_none_does_no_harm() -> None:
    # Catches: an import of torch that failed half-way, or stands in for it, and leaves a module without Tensor.
    code = "import sys, types; sys.modules['torch'] = types.ModuleType('torch'); sys.modules['jax'] = None\n" + CODE
    done = subprocess.run(
        [sys.executable, "-c", code.replace('"torch", "jax", ', "")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
