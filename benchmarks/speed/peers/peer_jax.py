"""JAX, compiled: conversions of its float types, and reduce_precision, which rounds to nearest even in float32."""

from __future__ import annotations

from typing import Any

import halfulp as hu
import jax
import jax.numpy as jnp
import numpy as np

from speed.peers.contest import Contest, Latest, Pair, code_bytes, different_codes, different_values, operands

PACKAGES = ("jax", "jaxlib")

DTYPES = {
    "bfloat16": jnp.bfloat16,
    "binary16": jnp.float16,
    "e3m4": jnp.float8_e3m4,
    "e4m3": jnp.float8_e4m3,
    "e4m3fn": jnp.float8_e4m3fn,
    "e4m3fnuz": jnp.float8_e4m3fnuz,
    "e4m3b11fnuz": jnp.float8_e4m3b11fnuz,
    "e5m2": jnp.float8_e5m2,
    "e5m2fnuz": jnp.float8_e5m2fnuz,
    "e8m0fnu": jnp.float8_e8m0fnu,
    "e2m1fn": jnp.float4_e2m1fn,
}

# Shapes that it rounds to: IEEE-like, results below the smallest normal flushed.
SHAPES = {"bfloat16": (8, 7), "binary16": (5, 10), "tf32": (8, 10), "e5m2": (5, 2), "e4m3": (4, 3), "e6m5": (6, 5)}


def contests() -> list[Contest]:
    found = []
    for format, dtype in DTYPES.items():
        size = 4 + code_bytes(format)
        found.append(Contest("jax", "encode", format, "", size, _encode(format, dtype)))
        found.append(Contest("jax", "decode", format, "", size, _decode(format, dtype)))
    for format, (exponent_bits, mantissa_bits) in SHAPES.items():
        found.append(Contest("jax", "round", format, "rne, ftz after", 8, _round(format, exponent_bits, mantissa_bits)))
    return found


def _bits(array: Any, like: np.ndarray) -> np.ndarray:
    return np.asarray(array).view(like.dtype)


def _encode(format: str, dtype: Any) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        x = operands(format, x)
        compiled = jax.jit(lambda v: v.astype(dtype))
        device = jnp.asarray(x)
        theirs = Latest(lambda: compiled(device).block_until_ready())
        ours = np.zeros(x.shape, hu.format(format).code_dtype)
        how = "ml_dtypes" if format == "e8m0fnu" else None
        return Pair(
            peer=theirs,
            ours=lambda: hu.encode(x, format, projection=how, out=ours),
            differences=lambda: different_codes(ours, _bits(theirs.value, ours)),
        )

    return prepare


def _decode(format: str, dtype: Any) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        codes = hu.encode(operands(format, x), format)
        compiled = jax.jit(lambda v: v.astype(jnp.float32))
        device = jnp.asarray(codes.view(dtype))
        theirs = Latest(lambda: compiled(device).block_until_ready())
        ours = np.zeros_like(x)
        return Pair(
            peer=theirs,
            ours=lambda: hu.decode(codes, format, out=ours),
            differences=lambda: different_values(ours, theirs.value),
        )

    return prepare


def _round(format: str, exponent_bits: int, mantissa_bits: int) -> Any:
    def prepare(x: np.ndarray) -> Pair:
        compiled = jax.jit(lambda v: jax.lax.reduce_precision(v, exponent_bits, mantissa_bits))
        device = jnp.asarray(x)
        theirs = Latest(lambda: compiled(device).block_until_ready())
        ours = np.zeros_like(x)
        return Pair(
            peer=theirs,
            ours=lambda: hu.round(x, format, ftz="after", out=ours),
            differences=lambda: different_values(ours, theirs.value),
        )

    return prepare
