"""Dot products and matrix products by every accumulator give the exact oracle's results and flags."""

from __future__ import annotations

import random as pseudo
from typing import Any

import arithmetic_oracle as model
import halfulp as hu
import numpy as np
import oracle
import pytest
import scheme_oracle
from arithmetic_oracle import How
from dot_oracle import Dot, Scales, Step, named
from halfulp import _core, matrix_units
from halfulp._projection import resolve
from oracle import DETERMINISTIC, STOCHASTIC, Shape

NAMES = ("exact", "sequential", "fma", "pairwise", "blocked_1", "blocked_3", "blocked_4")
FORMATS = ("e4m3fn", "e5m2", "e2m1fn", "e3m2fn", "binary16", "bfloat16", "binary32", "Binary8p3se", "e4m3fnuz")
ONE_WAY = How(nan="to_max")


def edges(s: Shape) -> list[int]:
    """Codes around zero, one, the smallest normal, the largest, infinity and NaN, of both signs."""
    largest, infinity = s.magnitudes
    one, normal = (s.bias << s.mantissa_bits) % (largest + 1), 1 << s.mantissa_bits
    sizes = {0, 1, normal - 1, normal, normal + 1, one - 1, one, one + 1, largest - 1, largest}
    if infinity is not None:
        sizes |= {infinity}
    if s.has_nan:
        sizes |= {s.sign_code - 1}
    kept = {c for c in sizes if 0 <= c < s.sign_code}
    return sorted(kept | {c | s.sign_code for c in kept} if s.signed else kept)


def near(s: Shape, exponent: int, rng: pseudo.Random) -> int:
    """A code of about 2^exponent."""
    field = min(max(exponent + s.bias, 0), (s.magnitudes[0] >> s.mantissa_bits) - 1)
    code = (field << s.mantissa_bits) | rng.getrandbits(s.mantissa_bits)
    return code | (s.sign_code if s.signed and rng.random() < 0.5 else 0)


def vectors(shapes: tuple[Shape, Shape, Shape], k: int, rng: pseudo.Random) -> tuple[list[int], list[int], int]:
    """Codes of a, b and c: edges, numbers of any size, or numbers of about the same size some of which cancel."""
    left, right, addend = shapes
    kind = rng.choice(("edges", "few edges", "wide", "close", "close", "cancelling"))
    if kind == "edges":
        ends = [edges(s) for s in shapes]
        return [rng.choice(ends[0]) for _ in range(k)], [rng.choice(ends[1]) for _ in range(k)], rng.choice(ends[2])
    spread = 40 if kind == "wide" else 3
    a, b = ([near(s, rng.randint(-spread, spread), rng) for _ in range(k)] for s in (left, right))
    c = near(addend, rng.randint(-spread, spread), rng)
    if kind == "few edges" and k:
        a[rng.randrange(k)] = rng.choice(edges(left))
        c = rng.choice([c, rng.choice(edges(addend))])
    if kind == "cancelling" and k > 1 and left.signed:
        i, j = rng.sample(range(k), 2)
        a[i], b[i] = near(left, 8, rng), near(right, 8, rng)
        a[j], b[j] = a[i] ^ left.sign_code, b[i]
    return a, b, c


def outcome(by: dict[str, Any], how: How, case: tuple[list[int], list[int], int], shapes: Any, words: Any) -> Any:
    left, right, addend, target = shapes
    a, b, c = case
    run = Dot(by, target, how, words)
    return run(
        [model.operand(x, left) for x in a],
        [model.operand(x, right) for x in b],
        model.operand(c, addend),
        (left.emin, right.emin),
    )


def check(target: Shape, got: np.ndarray, flags: np.ndarray, expected: list[Any], cases: list[Any], *call: Any) -> None:
    for code, raised, want, case in zip(got, flags, expected, cases, strict=True):
        found = target.value(int(code)), int(raised)
        assert found == (want.value, want.flags), (call, case)


def arrays(cases: list[Any], names: tuple[str, str, str]) -> list[np.ndarray]:
    return [np.array([case[i] for case in cases], dtype=hu.format(names[i]).code_dtype) for i in range(3)]


def no_words(ordinal: int) -> int:
    raise AssertionError("nothing draws")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", [*DETERMINISTIC, *STOCHASTIC])
def test_named_accumulators_in_every_mode(name: str, mode: str) -> None:
    rng = pseudo.Random(f"{name} {mode}")
    for _ in range(2):
        formats = (rng.choice(FORMATS), rng.choice(FORMATS), rng.choice(FORMATS))
        to = rng.choice(FORMATS)
        shapes = tuple(oracle.shape(f) for f in formats)
        target = oracle.shape(to)
        k = rng.choice((0, 1, 2, 3, 5, 8))
        cases = [vectors(shapes, k, rng) for _ in range(12)]
        n = rng.choice((3, 32))
        how = ONE_WAY._replace(mode=mode, n=n)
        drawn = {"rng": hu.Rng(11, 5), "random_bits": n} if mode in STOCHASTIC else {}
        a, b, c = arrays(cases, formats)
        got, flags = hu.codes.dot(
            a.reshape(12, k), b.reshape(12, k), *formats[:2], to, mode, c=c, format_c=formats[2], accumulate=name,
            nan="to_max", flags=True, **drawn,
        )  # fmt: skip
        expected = [
            outcome(
                named(name, target, how), how, case, (*shapes, target), lambda r, i=i: scheme_oracle.word(11, 5, i, r)
            )
            for i, case in enumerate(cases)
        ]
        check(target, got, flags, expected, cases, formats, to, how)


def drawn_by(words: Any, rows: int, roundings: int, n: int) -> np.ndarray:
    """R of every rounding of every row."""
    return np.array([[words(i, r) >> (32 - n) for r in range(roundings)] for i in range(rows)], dtype=np.uint32)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", STOCHASTIC)
def test_given_random_bits_are_those_of_each_rounding(name: str, mode: str) -> None:
    rng = pseudo.Random(f"given {name} {mode}")
    to, k, n = rng.choice(FORMATS), rng.choice((0, 1, 3, 8)), rng.choice((3, 32))
    target = oracle.shape(to)
    cases = [vectors((target,) * 3, k, rng) for _ in range(12)]
    how = ONE_WAY._replace(mode=mode, n=n)
    a, b, c = arrays(cases, (to,) * 3)
    asked: set[int] = set()

    def word(i: int, r: int) -> int:
        asked.add(r)
        return pseudo.Random(97 * i + r).getrandbits(32)

    expected = [
        outcome(named(name, target, how), how, case, (target,) * 4, lambda r, i=i: word(i, r))
        for i, case in enumerate(cases)
    ]
    rounds = {"exact": 0, "fma": k}.get(name, 2 * k) + 1
    assert asked <= set(range(rounds))
    given = drawn_by(word, 12, rounds, n)
    got, flags = hu.codes.dot(
        a.reshape(12, k), b.reshape(12, k), to, to, to, mode, c=c, format_c=to, accumulate=name, nan="to_max",
        flags=True, random=given, random_bits=n,
    )  # fmt: skip
    check(target, got, flags, expected, cases, to, how)


@pytest.mark.parametrize("inside", ["exact", "sequential", "pairwise", "aligned"])
@pytest.mark.parametrize("group", [0, 1, 3, 4])
@pytest.mark.parametrize("product", [None, "e5m2"])
def test_as_many_random_bits_as_roundings(inside: str, group: int, product: str | None) -> None:
    mode = "stochastic_a"
    k, to = 8, "e4m3fn"
    by = hu.Accumulator(
        product=product,
        product_rounding=product and mode,
        partial=to,
        partial_rounding=mode,
        group=group,
        inside=inside,
    )
    rng = np.random.default_rng(group)
    a, b = rng.normal(size=(2, 5, k)).astype(np.float32)
    words = hu.Rng(3, 9)
    want = hu.dot(a, b, to, mode, accumulate=by, rng=words)
    # The last axis is refused unless it is right, so the count of ordinals is held too: products, then sums.
    groups = [k] if group == 0 else [min(group, k - i) for i in range(0, k, group)]
    sums = sum(1 if inside in ("exact", "aligned") else size for size in groups)
    rounds = (k if product else 0) + sums + 1
    assert by.roundings(k) == rounds
    given = drawn_by(lambda i, r: scheme_oracle.word(3, 9, i, r), 5, rounds, 32)
    assert np.array_equal(hu.dot(a, b, to, mode, accumulate=by, random=given), want)
    assert not np.array_equal(hu.dot(a, b, to, mode, accumulate=by, random=given[::-1].copy()), want)


def test_matrices_take_random_bits_too() -> None:
    rng = np.random.default_rng(5)
    a, b = (rng.normal(size=shape).astype(np.float32) for shape in ((2, 3, 4), (2, 4, 5)))
    rounds = 2 * 4 + 1
    given = np.array(
        [[scheme_oracle.word(7, 0, i, r) for r in range(rounds)] for i in range(2 * 3 * 5)], dtype=np.uint32
    ).reshape(2, 3, 5, rounds)
    want = hu.matmul(a, b, "bfloat16", "stochastic_a", rng=hu.Rng(7))
    assert np.array_equal(hu.matmul(a, b, "bfloat16", "stochastic_a", random=given), want)


@pytest.mark.parametrize("name", [name for name in matrix_units.names() if not matrix_units.unit(name).scales])
def test_roundings_of_matrix_units(name: str) -> None:
    found = matrix_units.unit(name)
    k, to = 16, "e4m3fn"
    texts = [f"{name.partition(':')[0]}:{found.inputs[0].name}"]
    a, b = hu.round(
        np.random.default_rng(1).normal(size=(2, 4, k)), found.inputs[0], nan="to_max", overflow="sat_finite"
    )
    asked = {"random": np.zeros((4, 1), dtype=np.uint32)}
    with pytest.raises(ValueError, match=r"allowed: \(4, \d+\)") as refused:
        hu.dot(a, b, to, "stochastic_a", accumulate=texts[0], nan="to_max", **asked)
    rounds = int(str(refused.value).partition("allowed: (4, ")[2].partition(")")[0])
    given = drawn_by(lambda i, r: scheme_oracle.word(2, 0, i, r), 4, rounds, 32)
    want = hu.dot(a, b, to, "stochastic_a", accumulate=texts[0], nan="to_max", rng=hu.Rng(2))
    # The result's own rounding is the last: it alone draws.
    assert np.array_equal(hu.dot(a, b, to, "stochastic_a", accumulate=texts[0], nan="to_max", random=given), want)


def test_bad_random_bits_of_products() -> None:
    a = np.ones((2, 3), dtype=np.float32)
    r = np.zeros((2, 7), dtype=np.uint32)
    assert np.array_equal(hu.dot(a, a, "e4m3fn", "stochastic_a", random=r), [3, 3])
    for keywords, text in (
        ({"random": r[:, :6]}, r"random has shape \(2, 6\), allowed: \(2, 7\), the result's shape and as many R"),
        ({"random": r + 8, "random_bits": 3}, r"random holds 8, allowed: 0 to 2\^3 - 1"),
        ({"random": r, "rng": 1}, "both rng and random are given"),
    ):
        with pytest.raises(ValueError, match=text):
            hu.dot(a, a, "e4m3fn", "stochastic_a", **keywords)
    with pytest.raises(ValueError, match="random is given but nothing on the way draws"):
        hu.dot(a, a, "e4m3fn", random=r)
    with pytest.raises(TypeError, match="random has dtype int64, allowed: uint32"):
        hu.dot(a, a, "e4m3fn", "stochastic_a", random=r.astype(np.int64))


def own_accumulator(rng: pseudo.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """Keywords of hu.Accumulator, and the oracle's fields."""
    modes = [*DETERMINISTIC]
    partial = rng.choice([*FORMATS, "e8m13", "e5m4"])
    rounding = rng.choice(modes)
    inside = rng.choice(("exact", "sequential", "pairwise", "aligned", "aligned", "aligned"))
    keywords: dict[str, Any] = {
        "group": rng.choice((0, 1, 2, 3, 4, 8)),
        "inside": inside,
        "partial": partial,
        "partial_rounding": rounding,
    }
    if rng.random() < 0.3:
        keywords |= {"product": rng.choice(FORMATS), "product_rounding": rng.choice(modes)}
    fields: dict[str, Any] = {}
    if inside == "aligned":
        fields = {
            "fraction_bits": rng.choice((0, 3, 7, 13, 24, 35, 96)),
            "alignment": rng.choice(("truncate", "floor", "nearest")),
            "addend": rng.choice(("inside", "after")),
            "sum_bits": rng.choice((2, 10, 31)),
            "addend_bits": rng.choice((2, 10, 24)),
            "lowest_exponent": rng.choice((-(2**22), -(2**22), -130, -10, 0)),
        }
    by = dict(keywords | fields)
    by["partial"] = Step(oracle.shape(partial), ONE_WAY._replace(mode=by.pop("partial_rounding")))
    if "product" in by:
        by["product"] = Step(oracle.shape(by["product"]), ONE_WAY._replace(mode=by.pop("product_rounding")))
    return keywords | fields, by


@pytest.mark.parametrize("seed", range(120))
def test_own_accumulators(seed: int) -> None:
    rng = pseudo.Random(seed)
    keywords, by = own_accumulator(rng)
    formats = (rng.choice(FORMATS), rng.choice(FORMATS), rng.choice(FORMATS))
    to = rng.choice(FORMATS)
    shapes = tuple(oracle.shape(f) for f in formats)
    target = oracle.shape(to)
    k = rng.choice((1, 2, 3, 4, 7, 9, 16))
    cases = [vectors(shapes, k, rng) for _ in range(12)]
    a, b, c = arrays(cases, formats)
    got, flags = hu.codes.dot(
        a, b, *formats[:2], to, c=c, format_c=formats[2], accumulate=hu.Accumulator(**keywords), nan="to_max",
        flags=True,
    )  # fmt: skip
    expected = [outcome(by, ONE_WAY, case, (*shapes, target), no_words) for case in cases]
    check(target, got, flags, expected, cases, keywords, formats, to)


def unit_fields(accumulator: Any) -> dict[str, Any]:
    """What a compiled accumulator says of itself, for the oracle."""
    fields = dict(_core.accumulator_fields(accumulator))
    for step in ("product", "partial"):
        if fields[step] is not None:
            ftz = fields[step]["ftz"]
            how = ONE_WAY._replace(mode=fields[step]["rounding"], ftz=None if ftz == "none" else ftz)
            fields[step] = Step(oracle.shape(fields[step]["format"]), how)
    return fields


def products(by: Any, operands: list[Any], to: str, shape: tuple[int, ...], size: int, block: int = 0) -> Any:
    f = hu.format(to)
    how = resolve(f._spec, None, None, None, "to_max", None, None)
    out, flags = np.empty(size, dtype=f.code_dtype), np.empty(size, dtype=np.uint8)
    ready = [(np.ascontiguousarray(x), "codes", hu.format(name)._spec) for x, name in operands]
    if block:
        _core.scaled_products(ready, block, out, "codes", shape, by, f._spec, how, None, flags, 1)
    else:
        _core.products(ready, out, "codes", shape, by, f._spec, how, None, flags, 1)
    return out, flags


@pytest.mark.parametrize("name", [n for n in matrix_units.names() if not matrix_units.unit(n).scales])
def test_matrix_units(name: str) -> None:
    unit = matrix_units.unit(name)
    rng = pseudo.Random(name)
    by = unit_fields(unit.accumulator)
    output = unit.output.name
    for _ in range(2):
        formats = (rng.choice(unit.inputs).name, rng.choice(unit.inputs).name, output)
        shapes = tuple(oracle.shape(f) for f in formats)
        k = rng.choice((3, 9, 33))
        cases = [vectors(shapes, k, rng) for _ in range(8)]
        a, b, c = arrays(cases, formats)
        got, flags = products(unit.accumulator, [(a, formats[0]), (b, formats[1]), (c, output)], output, (k,), 8)
        expected = [outcome(by, ONE_WAY, case, (*shapes, shapes[2]), no_words) for case in cases]
        check(shapes[2], got, flags, expected, cases, name, formats)


@pytest.mark.parametrize("name", [n for n in matrix_units.names() if matrix_units.unit(n).scales])
@pytest.mark.parametrize("block", [16, 32])
def test_block_scaled_products(name: str, block: int) -> None:
    unit = matrix_units.unit(name)
    rng = pseudo.Random(f"{name} {block}")
    by = unit_fields(unit.accumulator)
    of_scale, output = unit.scales[0].name, "binary32"
    scale = oracle.shape(of_scale)
    for accumulator, fields in ((unit.accumulator, by), (hu.Accumulator(partial="binary32")._made(), None)):
        used = {"partial": Step(oracle.shape("binary32"), ONE_WAY)} if fields is None else fields
        formats = (rng.choice(unit.inputs).name, rng.choice(unit.inputs).name, output)
        shapes = tuple(oracle.shape(f) for f in formats)
        k, blocks = 80, -(-80 // block)
        for _ in range(6):
            a, b, c = vectors(shapes, k, rng)
            outer = [[rng.choice((near(scale, rng.randint(-9, 9), rng), rng.getrandbits(8))) for _ in range(blocks)]
                     for _ in "ab"]  # fmt: skip
            given = [(a, formats[0]), (b, formats[1]), ([c], output), (outer[0], of_scale), (outer[1], of_scale)]
            operands = [(np.array(x, dtype=hu.format(f).code_dtype), f) for x, f in given]
            got, flags = products(accumulator, operands, output, (1, k, 1), 1, block)
            run = Dot(used, shapes[2], ONE_WAY, no_words)
            scales = Scales(*([model.operand(x, scale) for x in xs] for xs in outer), block, scale, scale)
            factors = [[model.operand(x, s) for x in xs] for xs, s in zip((a, b), shapes, strict=False)]
            expected = run(*factors, model.operand(c, shapes[2]), (shapes[0].emin, shapes[1].emin), scales)
            check(shapes[2], got, flags, [expected], [operands], name, block)


def test_values_and_matrices_are_the_same_dot_products() -> None:
    rng = np.random.default_rng(3)
    a = np.asarray(hu.round(rng.standard_normal((2, 3, 9)).astype(np.float32), "e4m3fn"))
    b = np.asarray(hu.round(rng.standard_normal((9, 4)).astype(np.float32), "e4m3fn"))
    c = rng.standard_normal((2, 3, 4)).astype(np.float32)
    s, how = oracle.shape("e5m2"), ONE_WAY
    for name in NAMES:
        got = hu.matmul(a, b, "e5m2", c=c, accumulate=name)
        for i, j, n in np.ndindex(2, 3, 4):
            numbers = [[model.of_value(oracle.from_float(float(x))) for x in xs] for xs in (a[i, j], b[:, n])]
            addend = model.of_value(oracle.from_float(float(c[i, j, n])))
            want = Dot(named(name, s, how), s, how, no_words)(*numbers, addend, (-126, -126)).value
            assert oracle.from_float(float(got[i, j, n])) == want
            assert hu.dot(a[i, j], b[:, n], "e5m2", c=c[i, j, n], accumulate=name) == got[i, j, n]


def test_signs_of_zero_and_nan() -> None:
    """By hand: what an empty product, a sum of negative zeros, and infinities give."""
    minus = -0.0
    assert np.signbit(hu.dot([], [], "binary32", c=minus))
    assert not np.signbit(hu.dot([], [], "binary32"))
    assert np.signbit(hu.dot([minus], [1.0], "binary32", c=minus, accumulate="fma"))
    assert not np.signbit(hu.dot([minus], [1.0], "binary32", accumulate="fma"))
    assert np.signbit(hu.dot([1.0], [1.0], "binary32", "toward_negative", c=-1.0, accumulate="exact"))
    value, flags = hu.dot([np.inf, 1.0], [1.0, -np.inf], "binary32", accumulate="exact", flags=True)
    assert np.isnan(value)
    assert flags == model.INVALID
