"""Orthogonal transforms that spread outliers: the fast Walsh-Hadamard transform, Hadamard matrices of other sizes, and
rotations of a layer's inputs and outputs (QuaRot, arXiv 2404.00456; QuIP, arXiv 2307.13304; QuIP#, arXiv
2402.04396)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from halfulp._arrays import take
from halfulp._linear_algebra import matrices
from halfulp._random import random_words
from halfulp._runs import choice, integer
from halfulp.methods._layers import Array, real_array, second_moment, weight_matrix

KINDS = ("auto", "hadamard", "block")


def walsh_hadamard(x: Any) -> Array:
    """H x along the last axis, H of Sylvester's construction, by additions and subtractions alone.

    x: (..., n), n a power of two; float64, or int64 for integers. No factor: twice is n x, bit for bit, while sums
    stay within the significand: integers below 2^63 / n in magnitude, floats that are multiples of one unit below
    2^53 / n of it. Raises ValueError for sums that int64 or float64 cannot hold.
    """
    a = take("x", x)
    whole = a.array.dtype.kind in "iu" and a.elements.startswith(("int", "uint")) and a.elements != "uint64"
    out = a.array.astype(np.int64) if whole else real_array("x", x, empty=True).copy()
    n = out.shape[-1] if out.ndim else 0
    if n < 1 or n & (n - 1):
        raise ValueError(f"x has shape {out.shape}, allowed: a power of two along the last axis")
    out = np.ascontiguousarray(out)
    module = matrices()
    if whole and out.size and max(int(out.max()), -int(out.min())) * n >= 2**63:
        # Upper and lower halves apart: their sums fit. Sums on the way are no larger than the largest in the end.
        upper, lower = out >> 32, out & 0xFFFFFFFF
        for half in (upper, lower):
            module.walsh_hadamard_int(half, n)
        upper += lower >> 32
        if upper.min() < -(2**31) or upper.max() >= 2**31:
            raise ValueError(f"x has sums of {n} integers beyond int64, allowed: smaller integers, or floats")
    (module.walsh_hadamard_int if whole else module.walsh_hadamard_float)(out, n)
    if not whole and not np.isfinite(out).all():
        raise ValueError(f"x has sums of {n} numbers beyond float64, allowed: smaller numbers")
    return out


# Paley's constructions ask for a finite field of q elements. Those below give every order that either has up to 200.


def _prime_power(q: int) -> tuple[int, int] | None:
    for p in range(2, math.isqrt(q) + 1):
        if q % p == 0:
            k = 0
            while q % p == 0:
                q //= p
                k += 1
            return (p, k) if q == 1 else None
    return (q, 1) if q > 1 else None


def _multiply(a: tuple[int, ...], b: tuple[int, ...], modulus: tuple[int, ...], p: int) -> tuple[int, ...]:
    """The product of two polynomials (lowest coefficient first) modulo x^k + modulus."""
    k = len(modulus)
    product = [0] * (2 * k - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            product[i + j] = (product[i + j] + x * y) % p
    for top in range(2 * k - 2, k - 1, -1):
        for j in range(k):
            product[top - k + j] = (product[top - k + j] - product[top] * modulus[j]) % p
        product[top] = 0
    return tuple(product[:k])


def _digits(n: int, p: int, k: int) -> tuple[int, ...]:
    return tuple(n // p**i % p for i in range(k))


def _squares(q: int, p: int, k: int) -> tuple[list[tuple[int, ...]], set[tuple[int, ...]]]:
    """All elements of the field of q = p^k elements, and the squares among those other than zero."""
    elements = [_digits(n, p, k) for n in range(q)]
    zero = elements[0]
    for n in range(q):
        modulus = _digits(n, p, k)
        # A field has q - 1 elements other than zero and half as many squares; where x^k + modulus has factors, there
        # are divisors of zero.
        products = {_multiply(e, e, modulus, p) for e in elements[1:]}
        if zero in products or len(products) != (q - 1) // 2:
            continue
        if k == 1 or all(
            _multiply(a, b, modulus, p) != zero for i, a in enumerate(elements[1:]) for b in elements[i + 1 :]
        ):
            return elements, products
    raise ArithmeticError(f"no field of {q} elements")  # there is one for every prime power


def _jacobsthal(q: int, p: int, k: int) -> Array:
    """Q[a, b] = chi(a - b): 1 for squares, -1 for others, 0 for zero."""
    elements, squares = _squares(q, p, k)
    out = np.zeros((q, q), dtype=np.int64)
    for i, a in enumerate(elements):
        for j, b in enumerate(elements):
            if i != j:
                out[i, j] = 1 if tuple((x - y) % p for x, y in zip(a, b, strict=True)) in squares else -1
    return out


@lru_cache(maxsize=64)
def _base(order: int) -> Array | None:
    """A Hadamard matrix of Paley's, of this very order; none where he has none. Read-only."""
    out = None
    if order in (1, 2):
        out = np.array([[1]]) if order == 1 else np.array([[1, 1], [1, -1]])
    elif order % 4 == 0 and (field_of := _prime_power(order - 1)) and (order - 1) % 4 == 3:
        q = _jacobsthal(order - 1, *field_of)
        skew = np.zeros((order, order), dtype=np.int64)
        skew[0, 1:], skew[1:, 0], skew[1:, 1:] = 1, -1, q
        out = np.eye(order, dtype=np.int64) + skew
    elif order % 4 == 0 and (field_of := _prime_power(order // 2 - 1)) and (order // 2 - 1) % 4 == 1:
        half = order // 2
        conference = np.zeros((half, half), dtype=np.int64)
        conference[0, 1:], conference[1:, 0], conference[1:, 1:] = 1, 1, _jacobsthal(half - 1, *field_of)
        plus, minus = np.array([[1, 1], [1, -1]]), np.array([[1, -1], [-1, -1]])
        out = np.kron(conference, plus) + np.kron(np.eye(half, dtype=np.int64), minus)
    if out is not None:
        out = out.astype(np.int64)
        out.setflags(write=False)
    return out


MOST_BASE = 200


@lru_cache(maxsize=256)
def _split(n: int) -> tuple[int, int] | None:
    """(base, power) with n = base power, a base of Paley's of at most MOST_BASE and a power of two; none where there is
    none. The least base."""
    power = n & -n
    while power >= 1:
        if n // power <= MOST_BASE and _base(n // power) is not None:
            return n // power, power
        power //= 2
    return None


def hadamard_matrix(n: int) -> Array:
    """A Hadamard matrix of order n: entries 1 and -1, H H' = n I; int64.

    For n = base times a power of two, base an order of Paley's two constructions up to 200: of 1, 2 and the multiples
    of 4 up to 200 all but those that his do not reach (92, 116, 156, 172, 184, 188). ValueError for other n.
    """
    order = integer("n", n, 1, 1 << 16)
    parts = _split(order)
    if parts is None:
        raise ValueError(f"n is {order}, allowed: a power of two times 1, 12, 20, 28, 36 or another order of Paley's")
    base, power = parts
    sylvester = np.ones((1, 1), dtype=np.int64)
    while len(sylvester) < power:
        sylvester = np.block([[sylvester, sylvester], [sylvester, -sylvester]])
    matrix = _base(base)
    assert matrix is not None
    return np.kron(matrix, sylvester)


@dataclass(frozen=True)
class Rotation:
    """An orthogonal map of n channels: x becomes x D B / sqrt(block), D random signs (none under seed None), B
    block-diagonal with Hadamard blocks of `block` channels. Get one with :func:`rotation`.

    size: n. block: n itself where the whole is one Hadamard matrix. seed: of the signs, stream 0 of Philox as hu.Rng's.
    """

    size: int
    block: int
    seed: int | None
    signs: Array = field(repr=False, compare=False)

    def apply(self, x: Any) -> Array:
        """x (..., n) rotated: x T."""
        return self._mixed(self._checked(x) * self.signs, transposed=True)

    def undo(self, x: Any) -> Array:
        """x T'."""
        return self._mixed(self._checked(x), transposed=False) * self.signs

    def weight(self, w: Any) -> Array:
        """T' w for a layer (n, out) whose inputs are rotated: apply(x) @ weight(w) is x @ w."""
        matrix = weight_matrix(w)
        if matrix.shape[0] != self.size:
            raise ValueError(f"w has shape {matrix.shape}, allowed: ({self.size}, out)")
        return np.ascontiguousarray(self.apply(matrix.T).T)

    def output(self, w: Any) -> Array:
        """w T for a layer (in, n) whose outputs are rotated."""
        return self.apply(weight_matrix(w))

    def moment(self, h: Any) -> Array:
        """T' h T, the second moment of rotated inputs."""
        a = self.apply(self.apply(second_moment(h, self.size)).T)
        return (a + a.T) / 2

    def matrix(self) -> Array:
        """T (n, n)."""
        return self.apply(np.eye(self.size))

    def _checked(self, x: Any) -> Array:
        a = real_array("x", x, empty=True)
        if a.ndim == 0 or a.shape[-1] != self.size:
            raise ValueError(f"x has shape {a.shape}, allowed: (..., {self.size})")
        return a

    def _mixed(self, x: Array, transposed: bool) -> Array:
        """Each block of x times B, or B', over the root of its length: with B = base (x) Sylvester the second factor is
        the fast transform."""
        parts = _split(self.block)
        assert parts is not None
        base, power = parts
        blocks = walsh_hadamard(x.reshape(*x.shape[:-1], self.size // power, power))
        matrix = _base(base)
        assert matrix is not None
        factor = matrix.astype(np.float64) / math.sqrt(self.block)
        mixed = blocks.reshape(*x.shape[:-1], self.size // self.block, base, power)
        mixed = np.einsum("...bp,bc->...cp" if transposed else "...bp,cb->...cp", mixed, factor)
        return np.ascontiguousarray(mixed.reshape(x.shape))


def rotation(size: int, seed: int | None = 0, kind: str = "auto", block: int | None = None) -> Rotation:
    """A randomized Hadamard rotation of `size` channels.

    seed: of the random signs, 0 to 2^64 - 1; None: no signs (QuaRot's exact Hadamard matrices). kind: "hadamard", one
    matrix of the whole size, a ValueError where there is none; "block", blocks of `block` channels along the diagonal,
    by default the largest Hadamard order that divides size; "auto", the first where there is one, else the second.
    """
    n = integer("size", size, 1, 1 << 24)
    choice("kind", kind, KINDS)
    if block is not None:
        length = integer("block", block, 1, n)
        if kind == "hadamard" and length != n:
            raise ValueError(
                f"block is {length}, allowed with kind='hadamard', one matrix of the whole size: {n} or None"
            )
        if n % length or _split(length) is None:
            raise ValueError(f"block is {length}, allowed: a Hadamard order that divides size, {n}")
    elif kind != "block" and _split(n) is not None:
        length = n
    elif kind == "hadamard":
        raise ValueError(
            f"size is {n}, allowed with kind='hadamard': a power of two times an order of Paley's up to {MOST_BASE}"
        )
    elif n == 1:
        raise ValueError("size is 1, allowed with kind='block': 2 or more, which has a smaller block")
    else:
        length = max(d for d in range(1, n + 1) if n % d == 0 and (kind != "block" or d < n) and _split(d) is not None)
    if seed is None:
        signs = np.ones(n)
    else:
        words = random_words(integer("seed", seed, 0, 2**64 - 1), (n,))
        signs = np.where(np.asarray(words) >> 31, -1.0, 1.0)
    signs.setflags(write=False)
    return Rotation(n, length, seed, signs)


def incoherence(w: Any) -> float:
    """max|w| sqrt(w.size) / ||w||_F, QuIP's mu of a weight matrix: at least 1, and at most sqrt(w.size)."""
    a = weight_matrix(w)
    largest = float(np.abs(a).max())
    return math.sqrt(a.size) / float(np.linalg.norm(a / largest)) if largest else 1.0
