"""hu.encode and hu.round against the exact oracle of this folder, over random shapes, modes, policies and inputs."""

import math
from fractions import Fraction

import halfulp as hu
import numpy as np
import oracle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import Projector, boundaries, differing, same_values, show

FINITE = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def shapes(draw):
    """A name of the grammar's e<E>m<M> family, of which at least one member is positive."""
    letters = draw(st.sampled_from(["", "f", "fn", "fnuz"]))
    unsigned = letters != "fnuz" and draw(st.booleans())
    e = draw(st.integers(2 if letters == "" else 1, draw(st.sampled_from([3, 6, 11, 19]))))
    m = draw(st.integers(1 if letters == "" else 0, draw(st.sampled_from([1, 3, 10, 60 - e]))))
    if letters == "fn" and e + m < 2:
        m = 1
    bias = draw(
        st.sampled_from([None, None, 0, 1, 2 ** (e - 1), -3])
        | st.integers(-1100, 1100)
        | st.integers(1 - 2**19, 2**19 - 1)
    )
    nosub = draw(st.booleans())
    return f"e{e}m{m}" + (f"b{bias}" if bias is not None else "") + letters + "u" * unsigned + "_nosub" * nosub


@st.composite
def p3109(draw):
    k = draw(st.integers(3, 24))
    sign = draw(st.sampled_from("su"))
    p = draw(st.integers(max(1, k - 19 if sign == "s" else k - 18), k - (sign == "s")))
    return f"Binary{k}p{p}{sign}{draw(st.sampled_from('ef'))}"


def names():
    published = st.sampled_from(
        ["dlfloat16", "e8m0fnu", "bfloat16", "tf32", "binary16", "binary32", "binary64", "e2m1fn", "e4m3fn"]
    )
    return shapes() | shapes() | p3109() | published


def nearby(draw, s):
    """Numbers near a member, a midpoint, or one of the format's ends, where binary64 holds them; and any double."""
    top = s.magnitudes[0]
    code = draw(st.integers(0, top) | st.sampled_from([0, 1, max(top - 1, 0), top]))
    low = s.magnitude(code)
    if low and not -1080 < oracle.floor_log2(low) < 1025:  # rather a binade of binary64's
        first, last = max(s.emin, -1074), min(oracle.floor_log2(s.max), 1023)
        if first > last:
            return draw(FINITE)
        code = min((draw(st.integers(first, last)) + s.bias << s.mantissa_bits) + code % 2**s.mantissa_bits, top)
        low = s.magnitude(code)
    high = s.neighbours(low or s.magnitude(1 if s.has_zero else 0) / 4).above
    x = low + draw(st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(1), Fraction(3, 4), Fraction(1, 3)])) * (
        high - low
    )
    try:
        value = x.numerator / x.denominator
    except OverflowError:
        return draw(FINITE)
    step = draw(st.sampled_from([0, 0, 1, -1]))
    if step:
        value = math.nextafter(value, math.inf * step)
    return value if draw(st.booleans()) else -value


def deciding_word(x, s, n, otherwise):
    """The word at which R + f 2^N reaches 2^N, or one less."""
    if not math.isfinite(x) or x == 0:
        return otherwise
    threshold = 2**n - math.floor(s.neighbours(abs(Fraction(x))).f * 2**n) - otherwise % 2
    return min(max(threshold, 0), 2**n - 1)


@st.composite
def cases(draw):
    name = draw(names())
    s = oracle.shape(name)
    x = [nearby(draw, s) for _ in range(8)]
    x += [*draw(st.lists(FINITE, min_size=1, max_size=3)), 0.0, -0.0, math.inf, -math.inf, math.nan]
    mode = draw(st.sampled_from([*oracle.DETERMINISTIC, *oracle.STOCHASTIC]))
    n = draw(st.integers(1, 32))
    words = [draw(st.integers(0, 2**n - 1) | st.sampled_from([0, 2**n - 1, 2 ** (n - 1)])) for _ in x]
    if mode.startswith("stoch"):  # where the decision turns
        words = [deciding_word(v, s, n, r) if draw(st.booleans()) else r for v, r in zip(x, words, strict=True)]
    random = {"random_bits": n, "random": np.array(words, dtype=np.uint32)} if mode.startswith("stoch") else {}
    keywords = {
        "overflow": draw(st.none() | st.sampled_from(oracle.OVERFLOWS)),
        "ftz": draw(st.sampled_from([None, None, "before", "after"])),
        "nan": draw(st.sampled_from(["to_max", "to_zero"])),
    }
    return name, s, np.array(x), mode, keywords, n, words, random


@settings(max_examples=500)
@given(cases())
def test_encode_is_the_oracles_projection(case):
    name, s, x, mode, keywords, n, words, random = case
    got = hu.encode(x, name, mode, **keywords, **random)
    for v, code, r in zip(x, got.tolist(), words, strict=True):
        want = oracle.project(oracle.from_float(float(v)), s, mode, **keywords, n=n, r=r)
        same = s.value(code) == want if want == oracle.NAN else code == s.code(want)
        assert same, (name, mode, keywords, float(v).hex(), n, r, code, want)


@settings(max_examples=250)
@given(cases(), st.sampled_from(["raise", "to_max", "to_zero", "keep"]), st.booleans())
def test_round_is_the_oracles_projection_as_a_value(case, nan, unbounded):
    name, s, x, mode, keywords, n, words, random = case
    if oracle.floor_log2(s.max) > 1023 or s.emin - s.mantissa_bits < -1074 or s.mantissa_bits > 52:
        with pytest.raises(TypeError, match="float64"):
            hu.round(x, name, mode, **keywords, **random)
        return
    keywords = keywords | {"nan": nan} | ({"overflow": "unbounded"} if unbounded and s.signed else {})
    try:
        want = [
            oracle.project(oracle.from_float(float(v)), s, mode, **keywords, n=n, r=r)
            for v, r in zip(x, words, strict=True)
        ]
    except oracle.NoNaN:
        with pytest.raises(ValueError, match="has none"):
            hu.round(x, name, mode, **keywords, **random)
        return
    floats = []
    for v in want:
        try:
            floats.append(oracle.to_float(v) if v != oracle.NZERO else -0.0)
        except OverflowError:
            floats.append(math.inf if v > 0 else -math.inf)  # unbounded, beyond the carrier
    got = hu.round(x, name, mode, **keywords, **random)
    assert same_values(got, np.array(floats)).all(), (name, mode, keywords, x[~same_values(got, np.array(floats))])


@settings(max_examples=300)
@given(names(), st.data())
def test_formats_of_any_shape_decode_describe_and_keep_their_name(name, data):
    f, s = hu.format(name), oracle.shape(name)
    again = hu.format(str(f))
    assert again == f
    assert hash(again) == hash(f)
    assert [f.bits, f.precision, f.bias, f.emin, f.signed] == [s.bits, s.mantissa_bits + 1, s.bias, s.emin, s.signed]
    assert [f.has_inf, f.has_nan, f.has_zero] == [s.magnitudes[1] is not None, s.has_nan, s.has_zero]
    assert [Fraction(f.max), Fraction(f.min_normal)] == [s.max, s.min_normal]
    assert f.emax == oracle.floor_log2(s.max)
    assert f.describe().startswith(f"name: {f}\n")
    top, ends = 2**s.bits - 1, [0, 1, s.magnitudes[0], s.sign_code - 1, s.sign_code % 2**s.bits]
    codes = [c for c in ends if c <= top] + [top, *data.draw(st.lists(st.integers(0, top), max_size=20))]
    values = [s.value(code) for code in codes]
    assert [f.exact(code) for code in codes] == values
    if s.mantissa_bits <= 52 and oracle.floor_log2(s.max) <= 1023 and s.emin - s.mantissa_bits >= -1074:
        floats = [oracle.to_float(v) if v != oracle.NZERO else -0.0 for v in values]
        assert same_values(hu.decode(np.array(codes, dtype=np.uint64), f, np.float64), np.array(floats)).all()


FULL = [
    "e2m1f",
    "e2m2",
    "e3m1fnuz",
    "e2m2fn_nosub",
    "e3m0fn",
    "e3m0f",
    "e2m2fu",
    "e3m1u_nosub",
    "e4m0fnu",
    "e1m3f",
    "e1m2fnu",
    "e2m1b5fnuz",
    "dlfloat16",
]


@pytest.mark.parametrize("name", FULL)
def test_every_boundary_of_small_shapes_in_every_mode_policy_and_flush(name):
    """The full cross product; dlfloat16 on a part of its boundaries."""
    x = boundaries(name)
    x = x[np.abs(np.log2(np.abs(x), where=x != 0, out=np.zeros_like(x))) < 1000] if name == "dlfloat16" else x
    if name == "dlfloat16":
        x = np.concatenate([x[:2000], x[-2000:], [np.inf, -np.inf, np.nan, 0.0, -0.0]])
    want_of = Projector(name, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in oracle.OVERFLOWS:
            for ftz in (None, "before", "after"):
                for nan in ("to_max", "to_zero") if not want_of.shape.has_nan and ftz is None else ("to_max",):
                    got, want = (
                        hu.encode(x, name, mode, overflow=overflow, ftz=ftz, nan=nan),
                        want_of(mode, overflow, nan, ftz),
                    )
                    wrong = differing(name, got, want)
                    assert not wrong.any(), f"{mode} {overflow} {ftz} {nan} " + show(name, x, got, want, wrong)


@pytest.mark.parametrize("name", ["e2m1f", "e3m1fnuz", "e2m2fn_nosub", "e3m0fn", "e2m2fu", "e4m0fnu", "e1m3f"])
def test_every_boundary_of_small_shapes_with_every_word_of_up_to_three_bits(name):
    x = boundaries(name)
    x = x[~np.isnan(x)]
    for n in (1, 2, 3):
        many, words = np.repeat(x, 2**n), np.tile(np.arange(2**n, dtype=np.uint32), len(x))
        want_of = Projector(name, many)
        for mode in oracle.STOCHASTIC:
            for overflow in oracle.OVERFLOWS:
                got = hu.encode(many, name, mode, overflow=overflow, nan="to_max", random_bits=n, random=words)
                want = want_of.stochastic(mode, overflow, n, words)
                wrong = differing(name, got, want)
                assert not wrong.any(), f"{mode} {overflow} {n} " + show(name, many, got, want, wrong)


REGISTERED = [f.name for f in hu.formats() if f.bits <= 8 and f.kind == "float"]


@pytest.mark.parametrize("name", REGISTERED)
def test_every_boundary_of_the_registered_formats_up_to_8_bits_from_float64_and_float32(name):
    for dtype in (np.float64, np.float32):
        x = boundaries(name, dtype)
        want_of = Projector(name, x)
        for mode in oracle.DETERMINISTIC:
            for overflow in oracle.OVERFLOWS:
                got, want = hu.encode(x, name, mode, overflow=overflow, nan="to_max"), want_of(mode, overflow)
                wrong = differing(name, got, want)
                assert not wrong.any(), f"{dtype.__name__} {mode} {overflow} " + show(name, x, got, want, wrong)


@pytest.mark.parametrize("name", REGISTERED)
def test_the_native_policy_is_the_contracts(name):
    x = boundaries(name)
    s = oracle.shape(name)
    x = x[~np.isnan(x)]
    got = hu.encode(x, name, nan="to_max")
    want = Projector(name, x)("nearest_ties_to_even", oracle.native_overflow(s))
    wrong = differing(name, got, want)
    assert not wrong.any(), show(name, x, got, want, wrong)


@pytest.mark.parametrize("name", ["binary16", "bfloat16", "tf32"])
def test_boundaries_around_some_members_of_wider_formats_in_every_mode(name):
    s = oracle.shape(name)
    rng = np.random.default_rng(21)
    ends = [0, 1, 2, 2**s.mantissa_bits - 1, 2**s.mantissa_bits, s.magnitudes[0] - 1, s.magnitudes[0]]
    codes = np.concatenate([ends, rng.integers(s.magnitudes[0], size=300)])
    points = []
    for code in codes.tolist():
        low = s.magnitude(code)
        high = s.magnitude(code + 1) if code < s.magnitudes[0] else s.neighbours(s.max).above
        points += [low, (low + high) / 2, low + (high - low) * Fraction(5, 8)]
    near = np.array([float(p) for p in points])
    assert all(Fraction(v) == p for v, p in zip(near.tolist(), points, strict=True))
    x = np.concatenate([near, np.nextafter(near, 0), np.nextafter(near, np.inf), [np.inf, np.nan]])
    x = np.concatenate([x, -x])
    want_of = Projector(name, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in oracle.OVERFLOWS:
            for ftz in (None, "after"):
                got, want = hu.encode(x, name, mode, overflow=overflow, ftz=ftz), want_of(mode, overflow, ftz=ftz)
                if s.bits <= 16:
                    wrong = differing(name, got, want)
                else:
                    nan = np.isnan(hu.decode(got, name))
                    wrong = np.where(nan, want != want_of.nan, got != want)
                assert not wrong.any(), f"{mode} {overflow} {ftz} " + show(name, x, got, want, wrong)
