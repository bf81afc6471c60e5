"""IEEE P3109 v4.0: all 504 value tables by digest; every boundary in every mode and policy up to 8 bits."""

import hashlib

import halfulp as hu
import numpy as np
import oracle
import pytest
from support import VECTORS, Projector, boundaries, differing, lines, show

DIGESTS = {
    name: (int(count), digest) for name, count, digest in map(str.split, lines(VECTORS / "p3109" / "digests.txt"))
}
TABLES = {name: values for name, *values in map(str.split, lines(VECTORS / "p3109" / "tables_k3_k6.txt"))}
SMALL = [name for name in DIGESTS if oracle.shape(name).bits <= 8]


def text(value):
    """The vectors' text of an exact value: odd significand, p, exponent of two."""
    if isinstance(value, str):
        return value
    if value == 0:
        return "0p0"
    trailing = (value.numerator & -value.numerator).bit_length() - 1
    return f"{value.numerator >> trailing}p{trailing + 1 - value.denominator.bit_length()}"


def texts_of_floats(values):
    """The texts of finite positive float64 numbers, by their bits."""
    fraction, exponent = np.frexp(values)
    significand = np.ldexp(fraction, 53).astype(np.int64)
    exponent = exponent.astype(np.int64) - 53
    low = significand & -significand
    shift = np.frexp(low.astype(np.float64))[1] - 1
    return [f"{m}p{e}" for m, e in zip((significand >> shift).tolist(), (exponent + shift).tolist(), strict=True)]


def decoded_texts(name):
    """Every value's text. A negative half is checked to mirror the positive one, then its texts are made of those."""
    s = oracle.shape(name)
    values = hu.decode(np.arange(2**s.bits, dtype=np.uint32), name, np.float64)
    half = values[: s.sign_code] if s.signed else values
    finite = np.isfinite(half) & (half > 0)
    out = np.empty(len(half), dtype=object)
    out[finite] = texts_of_floats(half[finite])
    for i in np.flatnonzero(~finite):
        out[i] = text(oracle.from_float(float(half[i])))
    if s.signed:
        mirror = values[s.sign_code :]
        assert np.isnan(mirror[0])
        assert (mirror[1:] == -half[1:]).all()
        assert (mirror[1:] != half[1:]).all()
        out = [*out, "nan", *("-" + t for t in out[1:])]
    return list(out)


def sha(texts):
    return hashlib.sha256("".join(t + "\n" for t in texts).encode()).hexdigest()


def fits_binary64(name):
    s = oracle.shape(name)
    return oracle.floor_log2(s.max) <= 1023 and s.emin - s.mantissa_bits >= -1074


def test_all_504_formats_are_listed_and_known():
    assert len(DIGESTS) == 504
    for name, (count, _) in DIGESTS.items():
        f = hu.format(name)
        assert str(f) == name
        assert 2**f.bits == count


@pytest.mark.parametrize("width", range(3, 17))
def test_every_value_of_every_table_within_binary64_has_the_digest(width):
    for name in DIGESTS:
        if oracle.shape(name).bits == width and fits_binary64(name):
            assert sha(decoded_texts(name)) == DIGESTS[name][1], name


BEYOND = [name for name in DIGESTS if not fits_binary64(name)]
SLOW = [pytest.param(name, marks=pytest.mark.slow) if oracle.shape(name).bits > 14 else name for name in BEYOND]


@pytest.mark.parametrize("name", SLOW)
def test_every_value_of_a_table_beyond_binary64_has_the_digest(name):
    f = hu.format(name)
    assert sha(text(f.exact(code)) for code in range(2**f.bits)) == DIGESTS[name][1]


@pytest.mark.parametrize("name", BEYOND)
def test_decode_refuses_what_binary64_cannot_hold_and_names_exact(name):
    with pytest.raises(TypeError, match="exact"):
        hu.decode(np.array([1], dtype=np.uint16), name)


def test_one_nan_and_the_infinities_sit_where_the_report_says_in_all_504():
    """1.0 is at 2^(K-2) signed, 2^(K-1) unsigned."""
    for name in DIGESTS:
        s, f = oracle.shape(name), hu.format(name)
        k, p, extended = s.bits, s.mantissa_bits + 1, name.endswith("e")
        if s.signed:
            assert [f.exact(0), f.exact(2 ** (k - 2)), f.exact(2 ** (k - 1))] == [0, 1, "nan"], name
            assert (f.exact(2 ** (k - 1) - 1) == "inf") == (f.exact(2**k - 1) == "-inf") == extended
        else:
            assert [f.exact(0), f.exact(2 ** (k - 1)), f.exact(2**k - 1)] == [0, 1, "nan"]
            assert (f.exact(2**k - 2) == "inf") == extended
        bias = 2 ** (k - p - 1) if s.signed else 2 ** (k - p)
        assert f.exact(1) == oracle.two(1 - bias - (p - 1))
        assert f.bias == bias


def test_tables_up_to_6_bits_in_full():
    assert set(TABLES) == {name for name in DIGESTS if oracle.shape(name).bits <= 6}
    for name, values in TABLES.items():
        f = hu.format(name)
        assert [text(f.exact(code)) for code in range(2**f.bits)] == values, name


@pytest.mark.parametrize("name", SMALL)
def test_every_boundary_in_every_mode_and_policy_up_to_8_bits(name):
    """Members, midpoints, their float64 neighbours, both ends; against the exact oracle. All of these have a NaN."""
    x = boundaries(name)
    want_of = Projector(name, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in oracle.OVERFLOWS:
            got, want = hu.encode(x, name, mode, overflow=overflow), want_of(mode, overflow)
            wrong = differing(name, got, want)
            assert not wrong.any(), f"{mode} {overflow} " + show(name, x, got, want, wrong)


@pytest.mark.parametrize("name", [n for n in SMALL if oracle.shape(n).bits <= 5])
def test_every_boundary_with_every_word_of_three_bits_up_to_5_bits(name):
    x = boundaries(name)
    x = x[~np.isnan(x)]
    many, words = np.repeat(x, 8), np.tile(np.arange(8, dtype=np.uint32), len(x))
    want_of = Projector(name, many)
    for mode in oracle.STOCHASTIC:
        for overflow in ("sat_none", "sat_propagate"):
            got = hu.encode(many, name, mode, overflow=overflow, random_bits=3, random=words)
            want = want_of.stochastic(mode, overflow, 3, words)
            wrong = differing(name, got, want)
            assert not wrong.any(), f"{mode} {overflow} " + show(name, many, got, want, wrong)


def test_the_preset_is_nearest_even_and_sat_none():
    for name in SMALL:
        x = boundaries(name)
        got = hu.encode(x, name, projection="p3109")
        assert not differing(name, got, hu.encode(x, name, "nearest_ties_to_even", overflow="sat_none")).any()
        assert not differing(name, got, hu.encode(x, name)).any()  # their native policy


@pytest.mark.parametrize(
    "name",
    ["Binary9p1se", "Binary10p3ue", "Binary12p4sf", "Binary13p13uf", "Binary16p1ue", "Binary16p5se", "Binary16p11uf"],
)
def test_random_numbers_and_boundaries_above_8_bits(name):
    s = oracle.shape(name)
    rng = np.random.default_rng(17)
    codes = [0, 1, s.magnitudes[0] - 1, *rng.integers(s.magnitudes[0], size=150).tolist()]
    points = []
    for code in codes:
        low, high = s.magnitude(code), s.magnitude(code + 1)
        points += [low, (low + high) / 2]
    points += [s.max, s.neighbours(s.max).above]
    held = [float(p) for p in points if p == 0 or -1000 < oracle.floor_log2(p) < 1000]
    near = np.array([*held, 1.0, 0.3, 1e300, 1e-300])
    x = np.concatenate([near, np.nextafter(near, 0), np.nextafter(near, np.inf), [np.inf, np.nan, 0.0]])
    x = np.concatenate([x, -x])
    want_of = Projector(name, x)
    for mode in oracle.DETERMINISTIC:
        for overflow in ("sat_none", "sat_finite"):
            got, want = hu.encode(x, name, mode, overflow=overflow), want_of(mode, overflow)
            wrong = differing(name, got, want)
            assert not wrong.any(), f"{mode} {overflow} " + show(name, x, got, want, wrong)
