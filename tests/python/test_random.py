"""Random bits: Philox4x32-10 words against Random123, what each kind of source means, exact probabilities."""

import math
from fractions import Fraction

import halfulp as hu
import numpy as np
import oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import VECTORS, boundaries, lines

WORDS = []
for _line in lines(VECTORS / "random" / "philox4x32_10.txt"):
    if _line.startswith("words "):
        _head, _tail = _line.split(" : ")
        _seed, _stream, _r, _first = (int(field, 16) for field in _head.split()[1:])
        WORDS.append((_seed, _stream, _r, _first, [int(word, 16) for word in _tail.split()]))
BLOCKS = [line.split(" : ") for line in lines(VECTORS / "random" / "philox4x32_10.txt") if line.startswith("block 10")]
STOCHASTIC = oracle.STOCHASTIC
FRACTIONS = np.linspace(1.0, 1.25, 4096, endpoint=False)  # one gap of e5m2


def test_words_are_the_vectors_for_every_seed_stream_and_place():
    tried = [(seed, stream, first, words) for seed, stream, r, first, words in WORDS if r == 0]
    assert len(tried) >= 60
    for seed, stream, first, words in tried:
        assert hu.random_words(hu.Rng(seed, stream, first), 6).tolist() == words


def test_words_are_random123s_known_answers_where_its_counters_are_reachable():
    """Elements 4c to 4c + 3 are the block of counter (c, 0, stream, 0). Later roundings (r = 1 ...) are C++'s test."""
    met = 0
    for _, counter, key, output in BLOCKS:
        c0, c1, stream, r = (int(word, 16) for word in counter.split())
        k0, k1 = (int(word, 16) for word in key.split())
        if r == 0 and c1 < 2**30:
            rng = hu.Rng(k0 | k1 << 32, stream, 4 * (c0 | c1 << 32))
            assert hu.random_words(rng, 4).tolist() == [int(word, 16) for word in output.split()]
            met += 1
    assert met >= 2


@given(st.data())
def test_any_part_of_an_array_has_the_words_of_the_whole(data):
    whole = tuple(data.draw(st.lists(st.integers(1, 7), min_size=1, max_size=3)))
    origin = tuple(data.draw(st.integers(0, n - 1)) for n in whole)
    shape = tuple(data.draw(st.integers(0, n - begin)) for n, begin in zip(whole, origin, strict=True))
    seed, offset = data.draw(st.integers(0, 2**64 - 1)), data.draw(st.sampled_from([0, 1, 5, 2**34 - 3, 2**63]))
    every = hu.random_words(hu.Rng(seed, 3, offset), whole)
    part = hu.random_words(hu.Rng(seed, 3, offset), shape, origin=origin, of_shape=whole)
    assert part.dtype == np.uint32
    assert part.shape == shape
    place = tuple(slice(begin, begin + n) for begin, n in zip(origin, shape, strict=True))
    assert (part == every[place]).all()
    assert (every.reshape(-1) == hu.random_words(hu.Rng(seed, 3, offset), math.prod(whole))).all()


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"origin": (0, 0)}, "origin and of_shape"),
        ({"of_shape": (9, 9)}, "origin and of_shape"),
        ({"origin": (0,), "of_shape": (9,)}, "axes"),
        ({"origin": (8, 0), "of_shape": (9, 9)}, "axis 0"),
        ({"origin": (0, -1), "of_shape": (9, 9)}, r"axis 1|origin\[1\]"),
    ],
)
def test_a_part_that_does_not_lie_in_the_whole_is_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        hu.random_words(1, (2, 3), **keywords)


def test_indices_past_2_to_the_64_are_refused():
    assert hu.random_words(hu.Rng(1, 0, 2**64 - 4), 4).shape == (4,)
    with pytest.raises(ValueError, match="offset"):
        hu.random_words(hu.Rng(1, 0, 2**64 - 4), 5)


# What a source means


@pytest.mark.parametrize("bits", [1, 3, 8, 31, 32])
@pytest.mark.parametrize("mode", STOCHASTIC)
def test_n_random_bits_are_the_top_of_the_elements_word(mode, bits):
    x = FRACTIONS.reshape(8, 512)
    words = hu.random_words(99, x.shape) >> np.uint32(32 - bits)
    assert (
        hu.encode(x, "e5m2", mode, rng=99, random_bits=bits)
        == hu.encode(x, "e5m2", mode, random=words, random_bits=bits)
    ).all()
    assert (
        hu.round(x, "e5m2", mode, rng=99, random_bits=bits) == hu.round(x, "e5m2", mode, random=words, random_bits=bits)
    ).all()


def test_the_default_is_32_bits_and_sr_is_stochastic_a():
    x = FRACTIONS
    plain = hu.encode(x, "e5m2", "stochastic", rng=5)
    for same in ({"rounding": "sr"}, {"rounding": "stochastic_a"}, {"rounding": "stochastic_a", "random_bits": 32}):
        assert (hu.encode(x, "e5m2", rng=5, **same) == plain).all()
    assert (hu.encode(x, "e5m2", "sr", rng=5, random_bits=8) != plain).any()
    assert (hu.encode(x, "e5m2", "sre", rng=5) == hu.encode(x, "e5m2", "stochastic_equal", rng=5)).all()


def test_an_int_is_a_seed_and_gives_the_same_bits_every_time():
    assert (hu.random_words(42, 9) == hu.random_words(42, 9)).all()
    assert (hu.random_words(42, 9) == hu.random_words(hu.Rng(42), 9)).all()
    assert (hu.random_words(np.int64(42), 9) == hu.random_words(42, 9)).all()
    assert (hu.random_words(42, 9) != hu.random_words(43, 9)).any()


def test_each_call_that_draws_takes_the_next_stream_and_no_other_call_does():
    rng = hu.Rng(42, stream=7)
    first = hu.random_words(rng, 6)
    hu.round(FRACTIONS, "e5m2", "toward_zero")
    second = hu.encode(FRACTIONS, "e5m2", "sr", rng=rng)
    third = hu.round(FRACTIONS, "e5m2", "sr", rng=rng)
    assert (first == hu.random_words(hu.Rng(42, 7), 6)).all()
    assert (second == hu.encode(FRACTIONS, "e5m2", "sr", rng=hu.Rng(42, 8))).all()
    assert (third == hu.round(FRACTIONS, "e5m2", "sr", rng=hu.Rng(42, 9))).all()
    assert rng.stream == 10


def test_a_call_refused_for_its_arguments_takes_no_stream():
    rng = hu.Rng(42)
    for wrong in ({"overflow": "no"}, {"random_bits": 33}, {"random": np.zeros(1, dtype=np.uint32)}):
        with pytest.raises(ValueError, match=r"."):
            hu.round(FRACTIONS, "e5m2", "sr", rng=rng, **wrong)
    with pytest.raises(TypeError):
        hu.round(np.arange(3), "e5m2", "sr", rng=rng)
    assert rng.stream == 0


def test_offset_shifts_the_elements():
    every = hu.encode(FRACTIONS, "e5m2", "sr", rng=hu.Rng(1))
    tail = hu.encode(FRACTIONS[1000:], "e5m2", "sr", rng=hu.Rng(1, offset=1000))
    assert (tail == every[1000:]).all()


def test_the_order_of_elements_is_c_order_whatever_the_memory():
    x = FRACTIONS.reshape(64, 64)
    assert (hu.encode(np.asfortranarray(x), "e5m2", "sr", rng=1) == hu.encode(x, "e5m2", "sr", rng=1)).all()
    assert (hu.encode(x[:, ::-1], "e5m2", "sr", rng=1) == hu.encode(x[:, ::-1].copy(), "e5m2", "sr", rng=1)).all()


@pytest.mark.parametrize("threads", [2, 3, 7])
def test_threads_and_the_carriers_width_change_no_bit(threads):
    x = np.tile(FRACTIONS, 20)
    want = hu.encode(x, "e5m2", "sr", rng=1)
    assert (hu.encode(x, "e5m2", "sr", rng=1, threads=threads) == want).all()
    assert (hu.encode(x.astype(np.float32), "e5m2", "sr", rng=1, threads=threads) == want).all()


def test_a_numpy_generator_gives_the_calls_seed():
    for _ in range(2):
        ours, theirs = np.random.default_rng(6), np.random.default_rng(6)
        for _ in range(3):
            seed = int(theirs.integers(2**64, dtype=np.uint64))
            assert (hu.encode(FRACTIONS, "e5m2", "sr", rng=ours) == hu.encode(FRACTIONS, "e5m2", "sr", rng=seed)).all()


# Errors


@pytest.mark.parametrize("mode", STOCHASTIC)
def test_no_source_is_an_error_that_shows_the_fix(mode):
    with pytest.raises(ValueError, match=r"rng=42"):
        hu.round(FRACTIONS, "e5m2", mode)


def test_two_sources_are_an_error():
    with pytest.raises(ValueError, match="both"):
        hu.round(FRACTIONS, "e5m2", "sr", rng=1, random=np.zeros(4096, dtype=np.uint32))


@pytest.mark.parametrize("source", [{"rng": 1}, {"random": np.zeros(4096, dtype=np.uint32)}])
def test_a_source_for_a_mode_that_draws_nothing_is_an_error(source):
    with pytest.raises(ValueError, match="draws no random bits"):
        hu.round(FRACTIONS, "e5m2", **source)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ({"rng": -1}, ValueError),
        ({"rng": 2**64}, ValueError),
        ({"rng": True}, TypeError),
        ({"rng": 1.0}, TypeError),
        ({"rng": "1"}, TypeError),
        ({"rng": np.random.RandomState(1)}, TypeError),
        ({"random": np.zeros(4096, dtype=np.int64)}, TypeError),
        ({"random": np.zeros(4095, dtype=np.uint32)}, ValueError),
        ({"random": np.zeros((1, 4096), dtype=np.uint32)}, ValueError),
        ({"random": np.full(4096, 256, dtype=np.uint32), "random_bits": 8}, ValueError),
        ({"rng": 1, "random_bits": 0}, ValueError),
        ({"rng": 1, "random_bits": 33}, ValueError),
        ({"rng": 1, "random_bits": 8.0}, TypeError),
    ],
)
def test_a_source_outside_the_rules_is_refused_by_name(source, error):
    with pytest.raises(error, match="|".join(source)):
        hu.round(FRACTIONS, "e5m2", "sr", **source)


@pytest.mark.parametrize(
    "fields",
    [
        {"seed": -1},
        {"seed": 2**64},
        {"seed": 0, "stream": 2**32},
        {"seed": 0, "stream": -1},
        {"seed": 0, "offset": 2**64},
    ],
)
def test_an_rng_outside_its_range_is_refused(fields):
    with pytest.raises(ValueError, match=list(fields)[-1]):
        hu.Rng(**fields)


def test_a_stream_past_the_last_is_an_error_not_a_repetition():
    rng = hu.Rng(1, stream=2**32 - 1)
    hu.random_words(rng, 3)
    with pytest.raises(ValueError, match="stream"):
        hu.random_words(rng, 3)


# Probabilities


@pytest.mark.parametrize("name", ["e2m1fn", "e5m2", "e4m3fn", "Binary6p1se", "Binary5p2ue", "e8m0fnu", "e3m2f_nosub"])
@pytest.mark.parametrize("bits", [1, 2, 5, 8])
def test_probability_away_is_the_share_of_words_that_go_away(name, bits):
    """Counted over every word. Signed formats by magnitude; beyond the largest member the grid goes on."""
    s = oracle.shape(name)
    largest = float(s.max)
    every = boundaries(name)
    every = every[np.isfinite(every) & (np.abs(every) <= largest)]
    if not s.signed:
        every = every[~np.signbit(every)]
    inside = np.random.default_rng(bits).uniform(0, min(largest, 8), size=200)
    x = np.concatenate([np.random.default_rng(1).choice(every, size=min(300, len(every)), replace=False), inside])
    low = hu.round(x, name, "toward_zero")
    below_all = (not s.has_zero) & (x > 0) & (x < float(s.min_normal))  # always away from zero, to the smallest member
    words = np.repeat(np.arange(2**bits, dtype=np.uint32), len(x))
    for mode in STOCHASTIC:
        got = hu.round(np.tile(x, 2**bits), name, mode, random_bits=bits, random=words).reshape(2**bits, -1)
        share = np.where(below_all, 1.0, (got != low).sum(axis=0) / 2**bits)
        assert (hu.probability_away(x, name, mode, bits) == share).all(), mode


@pytest.mark.parametrize("name", ["e4m3fn", "Binary5p2se"])
def test_probability_away_goes_on_above_the_largest_member(name):
    s = oracle.shape(name)
    step = s.neighbours(s.max).above - s.max
    for k in range(16):
        x = s.max + step * Fraction(k, 16)
        assert hu.probability_away(float(x), name, "stochastic_a", 4) == k / 16


def test_probability_away_is_the_closed_form_at_32_bits():
    x = np.random.default_rng(8).uniform(0, 500, size=500)
    s = oracle.shape("e4m3fn")
    places = [s.neighbours(Fraction(float(v))).f * 2**32 for v in x]
    for mode, form in {
        "stochastic_a": math.floor,
        "stochastic_b": lambda e: math.floor(e + Fraction(1, 2)),
        "stochastic_c": round,
    }.items():
        assert hu.probability_away(x, "e4m3fn", mode, 32).tolist() == [form(e) / 2**32 for e in places]


def test_probability_away_of_deterministic_modes_is_what_they_do():
    x = boundaries("e5m2")
    x = x[np.isfinite(x) & (np.abs(x) <= 57344)]
    low = hu.round(x, "e5m2", "toward_zero")
    for mode in oracle.DETERMINISTIC:
        assert (hu.probability_away(x, "e5m2", mode) == (hu.round(x, "e5m2", mode) != low)).all(), mode


def test_probability_away_of_specials():
    x = np.array([0.0, -0.0, np.inf, -np.inf, 1.0, -448.0, np.nan])
    got = hu.probability_away(x, "e4m3fn", "sr", 8)
    assert (got[:6] == 0).all()
    assert np.isnan(got[6])
