"""Which accumulators explain what a device computed, and which inputs would tell the rest apart."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from halfulp import _core, matrix_units
from halfulp._arrays import plain, thread_count
from halfulp._calculate import Operand
from halfulp._convert import _codes_and_format, decode, encode
from halfulp._format import Format
from halfulp._format import real_format as to_format
from halfulp._projection import resolve
from halfulp.accumulate import Accumulator

_FRACTION_BITS = range(13, 36)
_TERMS = (1, 2, 4, 8, 16, 32, 0)
_STAGES = (8, 64, 512)  # outputs looked at before all of them
_QUIET_SECONDS = 2.0
_CRAFTED = 512  # dot products that next inputs are chosen from
_PROPOSED = 12  # of them, at most
_REACH = 40  # exponents from the largest number down to the smallest
_COMPARED = 200  # candidates that next inputs are chosen for, at most


@dataclass(frozen=True)
class Candidate:
    """One way to accumulate. accumulate: what ``hu.matmul(accumulate=…)`` takes, a unit's name or an Accumulator."""

    name: str
    accumulate: str | Accumulator
    _compiled: _core.Accumulator = field(repr=False, compare=False)


@dataclass(frozen=True)
class NextInputs:
    """Inputs whose output tells candidates apart: a (p, k), b (k, p), c (p, p), values; expected: for each
    candidate's name the output (p, p); groups: the names that give the same output."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    expected: dict[str, np.ndarray]
    groups: list[list[str]]


@dataclass(frozen=True)
class Found:
    """candidates: all that explain every output, units first. tried: how many there were. closest: where none does,
    those that explain most, with the number of outputs that they do not. next_inputs: None where the search found
    nothing that tells the candidates apart, or there is at most one."""

    candidates: list[Candidate]
    tried: int
    outputs: int
    closest: list[tuple[Candidate, int]]
    next_inputs: NextInputs | None

    def __str__(self) -> str:
        lines = [f"{len(self.candidates)} of {self.tried} accumulators explain all {self.outputs} outputs"]
        lines += [f"  {candidate.name}" for candidate in self.candidates[:20]]
        if len(self.candidates) > 20:
            lines.append(f"  and {len(self.candidates) - 20} more")
        for candidate, missed in self.closest:
            lines.append(f"  closest: {candidate.name} ({missed} outputs differ)")
        if self.next_inputs is not None:
            lines.append(f"next_inputs would leave {len(self.next_inputs.groups)} groups apart")
        return "\n".join(lines)


@dataclass
class _Problem:
    """Dot products (size, k) by (size, k) and their outputs, as codes."""

    a: np.ndarray
    b: np.ndarray
    c: np.ndarray
    d: np.ndarray
    of_a: Format
    of_b: Format
    output: Format

    def part(self, chosen: np.ndarray) -> _Problem:
        return _Problem(
            self.a[chosen], self.b[chosen], self.c[chosen], self.d[chosen], self.of_a, self.of_b, self.output
        )

    def outputs(self, by: _core.Accumulator, flags: np.ndarray | None = None) -> np.ndarray:
        """The codes that an accumulator gives."""
        how = resolve(self.output._spec, None, None, None, "to_max", None, None)
        out = np.empty(self.d.shape, dtype=self.output.code_dtype)
        operands = [
            (plain(x), "codes", f._spec) for x, f in ((self.a, self.of_a), (self.b, self.of_b), (self.c, self.output))
        ]
        _core.products(
            operands, out, "codes", (self.a.shape[1],), by, self.output._spec, how, None, flags, thread_count(None)
        )
        return out

    def same(self, codes: np.ndarray) -> np.ndarray:
        """Which outputs are d's? NaNs are alike, and zeros of either sign."""
        return _alike(codes, self.d, self.output)


def _alike(x: np.ndarray, y: np.ndarray, f: Format) -> np.ndarray:
    left, right = decode(x, f), decode(y, f)
    return (x == y) | ((left == 0) & (right == 0)) | (np.isnan(left) & np.isnan(right))


def _member_codes(name: str, x: Any, f: Format) -> np.ndarray:
    """Codes of values that must be members of f, or codes as they are."""
    elements = getattr(x, "dtype", None)
    if elements is not None and str(elements).startswith(("float8_", "float6_", "float4_")):
        found, own = _codes_and_format(name, x)
        if own != f:
            raise ValueError(f"{name} has codes of {own}, allowed: {f}")
        return np.asarray(found.data)
    values = np.asarray(x, dtype=np.float64)
    matrix_units.check_members(name, Operand(values, "binary64", values), (f,), "the search")
    return np.asarray(encode(values, f, nan="to_max")) if not f.has_nan else np.asarray(encode(values, f))


def _formats_of(inputs: Any, a: Any, b: Any) -> tuple[Format, Format]:
    if inputs is None:
        known = []
        for name, x in (("a", a), ("b", b)):
            dtype = getattr(x, "dtype", None)
            try:
                f = to_format(str(dtype))
            except ValueError:
                f = None
            if f is None or str(dtype) in ("float32", "float64"):
                raise ValueError(
                    f"inputs is None and {name} has dtype {dtype}, allowed: the format of a and b, such as 'bfloat16', "
                    "or two"
                )
            known.append(f)
        return known[0], known[1]
    if isinstance(inputs, (tuple, list)):
        if len(inputs) != 2:
            raise ValueError(f"inputs is {inputs!r}, allowed: one format, or those of a and b")
        return to_format(inputs[0]), to_format(inputs[1])
    return to_format(inputs), to_format(inputs)


def _problem(a: Any, b: Any, c: Any, d: Any, inputs: Any, output: Any) -> _Problem:
    of_a, of_b = _formats_of(inputs, a, b)
    result = to_format(str(np.asarray(d).dtype) if output is None else output)
    left, right = _member_codes("a", a, of_a), _member_codes("b", b, of_b)
    if left.ndim != 2 or right.ndim != 2 or left.shape[1] != right.shape[0] or not left.size or not right.size:
        raise ValueError(f"a has shape {left.shape} and b {right.shape}, allowed: (m, k) and (k, n), none of them 0")
    shape = (left.shape[0], right.shape[1])
    made = _member_codes("d", d, result)
    if made.shape != shape:
        raise ValueError(f"d has shape {made.shape}, allowed: {shape}")
    addend = _member_codes("c", 0.0 if c is None else c, result)
    if addend.shape not in ((), shape):
        raise ValueError(f"c has shape {addend.shape}, allowed: {shape}, a number or None")
    addend = np.broadcast_to(addend, shape)
    rows, columns = (x.ravel() for x in np.indices(shape))
    return _Problem(left[rows], right.T[columns], addend.ravel(), made.ravel(), of_a, of_b, result)


# ---- the family


def _units(of_a: Format, of_b: Format, output: Format) -> Iterator[Candidate]:
    for name in matrix_units.names():
        unit = matrix_units.unit(name)
        if unit.scales or unit.output != output or of_a not in unit.inputs or of_b not in unit.inputs:
            continue
        shown = name if len(unit.inputs) == 1 else f"{name}:{of_a},{of_b}"
        # Codes tell the factors' exponents.
        yield Candidate(name, shown, unit.accumulator)


def _own(name: str, **keywords: Any) -> Candidate:
    made = Accumulator(name=name, **keywords)
    return Candidate(name, made, made._made())


def _partials(output: Format) -> list[tuple[str, str]]:
    formats = [str(output)] + ([] if output.bits >= 32 else ["binary32"])
    return list(itertools.product(formats, ("nearest_ties_to_even", "toward_zero")))


def _family(k: int, output: Format) -> Iterator[Candidate]:
    """The parametric accumulators that differ for sums of k terms."""
    terms = [n for n in _TERMS if n < k and n != 0] + [0]
    exact = Accumulator(group=0, name="exact")
    yield Candidate("exact", "exact", exact._made())
    for partial, rounding in _partials(output):
        rounded = {"partial": partial, "partial_rounding": rounding}
        end = f"{partial} {rounding}"
        products = ((None, "exact products"), (partial, "rounded products"))
        for product, said in products:
            each = rounded | {"product": product, "product_rounding": rounding if product else None}
            yield _own(f"sequential, {said}, {end}", group=1, **each)
            for n in terms:
                if n == 1:
                    continue
                yield _own(f"pairwise, {_by(n)}, {said}, {end}", group=n, inside="pairwise", **each)
                yield _own(f"blocks added in order, {_by(n)}, {said}, {end}", group=n, inside="sequential", **each)
                yield _own(f"exact groups, {_by(n)}, {said}, {end}", group=n, inside="exact", **each)
        for n, bits, cut in itertools.product(terms, _FRACTION_BITS, ("truncate", "floor", "nearest")):
            aligned = rounded | {"group": n, "inside": "aligned", "fraction_bits": bits, "alignment": cut}
            start = f"aligned, {_by(n)}, {bits} bits, {cut}"
            yield _own(f"{start}, {end}", **aligned)
            yield _own(f"{start}, addend after, {end}", addend="after", sum_bits=96, addend_bits=96, **aligned)
            yield _own(f"{start}, addend after by floor, {end}", addend="after", **aligned)


def _by(n: int) -> str:
    return f"by {n}" if n else "all at once"


# ---- the search


class _Progress:
    """A line on a terminal where the search takes long."""

    def __init__(self) -> None:
        self._start = self._shown = time.monotonic()

    def show(self, text: str) -> None:
        now = time.monotonic()
        if now - self._start > _QUIET_SECONDS and now - self._shown > 0.2 and sys.stderr.isatty():
            print(f"\rfind_accumulator: {text}\033[K", end="", file=sys.stderr, flush=True)
            self._shown = now

    def done(self) -> None:
        if self._shown != self._start and sys.stderr.isatty():
            print("\r\033[K", end="", file=sys.stderr, flush=True)


def _telling_first(problem: _Problem) -> np.ndarray:
    """The places of outputs, those first whose exact sum is no member of the output's format: others say little."""
    flags = np.zeros(problem.d.shape, dtype=np.uint8)
    problem.outputs(Accumulator(group=0)._made(), flags)
    return np.argsort(flags & 1 == 0, kind="stable")


def _surviving(problem: _Problem, candidates: list[Candidate], progress: _Progress) -> list[list[Candidate]]:
    """The candidates left after each stage, first all of them."""
    order = _telling_first(problem)
    left = [candidates]
    begin = 0
    for end in (*_STAGES, problem.d.size):
        end = min(end, problem.d.size)
        if end <= begin or not left[-1]:
            continue
        part = problem.part(order[begin:end])
        kept = []
        for i, candidate in enumerate(left[-1]):
            progress.show(f"{i} of {len(left[-1])} accumulators, outputs {begin} to {end} of {problem.d.size}")
            if part.same(part.outputs(candidate._compiled)).all():
                kept.append(candidate)
        left.append(kept)
        begin = end
    return left


def _closest(problem: _Problem, left: list[list[Candidate]]) -> list[tuple[Candidate, int]]:
    """Of the last ones that explained a stage, and all units, those that explain most."""
    last = next(stage for stage in reversed(left) if stage)
    pool = {x.name: x for x in (*last[:64], *(x for x in left[0] if isinstance(x.accumulate, str)))}
    counted = [(x, int((~problem.same(problem.outputs(x._compiled))).sum())) for x in pool.values()]
    return sorted(counted, key=lambda x: x[1])[:5]


def _members(f: Format, exponents: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Numbers of about 2^exponent that the format holds, of random signs; most have random fractions."""
    bits, size = int(f.mantissa_bits or 0), exponents.shape
    fraction = rng.integers(0, 1 << bits, size) * (rng.random(size) < 0.7)
    held = np.clip(exponents, int(f.emin or 0), int(f.emax or 0))
    return np.ldexp(1 + fraction / (1 << bits), held.astype(int)) * np.where(rng.random(size) < 0.5, -1.0, 1.0)


def _crafted(problem: _Problem, count: int, rng: np.random.Generator) -> _Problem:
    """Dot products of a large number, or two that cancel, and small ones that only some accumulators keep."""
    k = problem.a.shape[1]
    f, g, out = problem.of_a, problem.of_b, problem.output
    ends = [(int(x.emin or 0), int(x.emax or 0)) for x in (f, g, out)]
    top = min(ends[0][1] + ends[1][1], ends[2][1] - 3, _REACH)
    low = max(ends[0][0] + ends[1][0], ends[2][0], -_REACH)
    large = rng.integers((low + top) // 2, top + 1, (count, 1))
    products = large - rng.integers(0, _REACH + 5, (count, k))
    products[np.arange(count), rng.integers(0, k, count)] = large[:, 0]
    first = np.clip(products // 2 + rng.integers(-2, 3, (count, k)), *ends[0])
    a, b = _members(f, first, rng), _members(g, products - first, rng)
    a[(rng.random(a.shape) < rng.choice([0.0, 0.5, 0.9], (count, 1))) & (products < large)] = 0
    if k > 1:
        kept, twin = products.argmax(axis=1), rng.integers(0, k, count)
        cancel = np.nonzero((rng.random(count) < 0.6) & (kept != twin))[0]
        a[cancel, twin[cancel]] = -a[cancel, kept[cancel]]
        b[cancel, twin[cancel]] = b[cancel, kept[cancel]]
    c = _members(out, large[:, 0] - rng.integers(-2, _REACH, count), rng)
    c[rng.random(count) < 0.4] = 0
    codes_a, codes_b, codes_c = (np.asarray(encode(x, y, overflow="sat_finite")) for x, y in ((a, f), (b, g), (c, out)))
    return _Problem(codes_a, codes_b, codes_c, np.zeros(count, dtype=out.code_dtype), f, g, out)


def _numbered(x: np.ndarray) -> np.ndarray:
    """Equal numbers get the same number, from 0 on."""
    return np.unique(x, return_inverse=True)[1].reshape(-1)


def _clear(codes: np.ndarray, f: Format) -> np.ndarray:
    """Codes with one NaN and one zero, so that equal ones are alike."""
    values = decode(codes, f)
    return np.where(np.isnan(values), 1 << f.bits, np.where(values == 0, 0, codes.astype(np.int64)))


def _next_inputs(
    problem: _Problem, candidates: Sequence[Candidate], rng: np.random.Generator, progress: _Progress
) -> NextInputs | None:
    pool = _crafted(problem, _CRAFTED, rng)
    some = list(candidates[:_COMPARED])
    found = []
    for i, candidate in enumerate(some):
        progress.show(f"next inputs, {i} of {len(some)} accumulators")
        found.append(_clear(pool.outputs(candidate._compiled), problem.output))
    outputs = [_numbered(column) for column in np.array(found).T]
    chosen: list[int] = []
    numbers = np.zeros(len(some), dtype=np.int64)  # of the groups that the chosen ones leave apart
    while len(chosen) < _PROPOSED:
        splits = [_numbered(numbers * len(some) + column) for column in outputs]
        best = max(range(len(splits)), key=lambda i: splits[i].max())
        if splits[best].max() == numbers.max():
            break
        chosen.append(best)
        numbers = splits[best]
    if not chosen:
        return None
    f, g, out = problem.of_a, problem.of_b, problem.output
    size = len(chosen)
    rows, columns = (x.ravel() for x in np.indices((size, size)))
    whole = _Problem(
        pool.a[chosen][rows],
        pool.b[chosen][columns],
        pool.c[chosen][rows],
        np.zeros(size * size, out.code_dtype),
        f,
        g,
        out,
    )
    expected = {x.name: np.asarray(decode(whole.outputs(x._compiled), out)).reshape(size, size) for x in some}
    groups = range(int(numbers.max()) + 1)
    names = [[x.name for x, own in zip(some, numbers, strict=True) if own == number] for number in groups]
    a, b = np.asarray(decode(pool.a[chosen], f)), np.asarray(decode(pool.b[chosen], g)).T
    c = np.asarray(decode(whole.c, out)).reshape(size, size)
    return NextInputs(a, b, c, expected, names)


def find_accumulator(
    a: Any,
    b: Any,
    c: Any,
    d: Any,
    inputs: Any = None,
    output: Any = None,
    *,
    among: Found | None = None,
    seed: int = 0,
) -> Found:
    """Lists the accumulators that explain d = c + a @ b, and proposes the next inputs that would tell them apart.

    a (m, k), b (k, n): what the device was given, values or arrays of a narrow float dtype. c: (m, n), a number, or
    None for 0. d (m, n): what it gave. inputs: the format of a and b, or both formats; None where the dtypes tell
    (float16, bfloat16, ml_dtypes). output: the format of c and d, None for that of d's dtype. among: what an earlier
    search found, to look at its candidates alone (k is then the same). seed: of the search for next inputs.

    Tried are all units of :mod:`halfulp.matrix_units` that take the formats, and a family: sums in order, pairwise,
    in blocks, in exact groups, and aligned with 13 to 35 bits kept by truncation, floor or nearest, the addend inside
    or after, by 1, 2, 4, 8, 16, 32 or all terms, partial sums in the output's format or binary32, to nearest even or
    toward zero. NaNs are alike, and so are zeros of either sign.

    ValueError: shapes that do not go together, a number that is no member of its format.
    """
    problem = _problem(a, b, c, d, inputs, output)
    if among is None:
        units = list(_units(problem.of_a, problem.of_b, problem.output))
        candidates = [*units, *_family(problem.a.shape[1], problem.output)]
    elif among.candidates:
        candidates = among.candidates
    else:
        raise ValueError("among has no candidates, allowed: a search that found some, or None")
    progress = _Progress()
    left = _surviving(problem, candidates, progress)
    found = left[-1]
    after = _next_inputs(problem, found, np.random.default_rng(seed), progress) if len(found) > 1 else None
    closest = _closest(problem, left) if not found else []
    progress.done()
    return Found(found, len(candidates), problem.d.size, closest, after)


__all__ = ["Candidate", "Found", "NextInputs", "find_accumulator"]
