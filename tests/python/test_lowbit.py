"""Quantizers and tools that are no schemes, against their definitions in integers and Fractions written anew here."""

import itertools
import math
from fractions import Fraction
from statistics import NormalDist

import halfulp as hu
import numpy as np
import pytest
from halfulp import binary, faults, fixed_point, noise, ternary

CARRIERS = {np.float16: (11, -24, 16), np.float32: (24, -149, 128), np.float64: (53, -1074, 1024)}
DTYPES = list(CARRIERS)


def nearest(x, dtype=np.float32, saturate=False):
    """x to nearest even in a dtype."""
    precision, lowest, top = CARRIERS[dtype]
    x = Fraction(x)
    if x == 0:
        return dtype(0)
    exponent = max(math.floor(math.log2(abs(x)) if abs(x) < 2**1000 else 1000) - 3, lowest + precision - 5)
    while abs(x) >= Fraction(2) ** (exponent + 1):
        exponent += 1
    quantum = Fraction(2) ** max(exponent - precision + 1, lowest)
    rounded = round(x / quantum) * quantum  # Python's round: ties to even
    largest = Fraction(2) ** top - Fraction(2) ** (top - precision)
    if abs(rounded) > largest:
        return dtype(math.copysign(float(largest) if saturate else math.inf, x))
    return dtype(float(rounded))


def exact(values):
    return [Fraction(float(v)) for v in np.asarray(values).reshape(-1)]


def philox_word(seed, stream, index, ordinal):
    """Word `index` of a source, from the generator's definition."""
    c, k = [index // 4 & 0xFFFFFFFF, index // 4 >> 32, stream, ordinal], [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        p, q = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [q >> 32 ^ c[1] ^ k[0], q & 0xFFFFFFFF, p >> 32 ^ c[3] ^ k[1], p & 0xFFFFFFFF]
        k = [k[0] + 0x9E3779B9 & 0xFFFFFFFF, k[1] + 0xBB67AE85 & 0xFFFFFFFF]
    return c[index % 4]


def weights(seed, shape, dtype=np.float32):
    """Normal numbers with zeros, ties, subnormals and a few large ones among them."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    flat = x.reshape(-1)
    for value in (0.0, -0.0, 2.0**-24, -1.0, 1.0, 6.0):
        flat[rng.integers(flat.size)] = value
    return x


def groups_of(shape, group):
    """Index arrays of each group, into the flat array."""
    index = np.arange(math.prod(shape)).reshape(shape)
    if group is None:
        return [index.reshape(-1)]
    if group == "channel":
        return [row.reshape(-1) for row in index]
    rows = index.reshape(-1, shape[-1])
    return [row[at : at + group] for row in rows for at in range(0, shape[-1], group)]


GROUPS = [None, "channel", 1, 5, 64]


# Requantization


def by_gemmlowp(x, m, shift):
    """SaturatingRoundingDoublingHighMul and RoundingDivideByPOT as gemmlowp writes them, with truncating division."""
    a = x * 2 ** max(shift, 0)
    product = a * m
    nudge = 2**30 if product >= 0 else 1 - 2**30
    total = product + nudge
    high = abs(total) // 2**31 * (1 if total >= 0 else -1)
    right = max(-shift, 0)
    remainder = high & (2**right - 1)
    threshold = ((2**right - 1) >> 1) + (high < 0)
    return min(max((high >> right) + (remainder > threshold), -(2**31)), 2**31 - 1)


def by_one_rounding(x, m, shift):
    """Nearest, ties up."""
    return min(max(math.floor(Fraction(x * m, 2 ** (31 - shift)) + Fraction(1, 2)), -(2**31)), 2**31 - 1)


def accumulators():
    rng = np.random.default_rng(1)
    edges = [0, 1, -1, 5, -5, 6, -6, 2, -2, 2**31 - 1, -(2**31), 2**30, -(2**30)]
    return np.concatenate([np.array(edges), rng.integers(-(2**20), 2**20, 300), np.arange(-40, 40)]).astype(np.int32)


@pytest.mark.parametrize("rounding", ["gemmlowp", "single"])
def test_requantization_is_the_definition_in_integers(rounding):
    oracle = by_gemmlowp if rounding == "gemmlowp" else by_one_rounding
    rng = np.random.default_rng(2)
    x = accumulators()
    differ = 0
    for shift in [-31, -20, -11, -8, -3, -2, -1, 0, 1, 4, 30]:
        for m in [0, 2**30, 2**30 + 1, 2**31 - 1, *map(int, rng.integers(2**30, 2**31, 3))]:
            for bits, signed, zero in [(8, True, -7), (8, False, 131), (16, True, 0), (32, True, 0), (5, True, 3)]:
                got = fixed_point.requantize(x, m, shift, zero_point=zero, bits=bits, signed=signed, rounding=rounding)
                least, most = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
                expected = [min(max(zero + oracle(int(v), m, shift), least), most) for v in x]
                assert got.tolist() == expected
                differ += sum(by_gemmlowp(int(v), m, shift) != by_one_rounding(int(v), m, shift) for v in x)
    assert differ > 100  # so the two are told apart


def test_known_requantizations():
    """Where one rounding and two differ, multiplier 2^30."""
    for x, shift, twice, once in [(5, -1, 2, 1), (-6, -1, -2, -1), (-2, -1, -1, 0), (7, 0, 4, 4), (-7, 0, -3, -3)]:
        assert fixed_point.requantize(x, 2**30, shift, bits=32) == twice
        assert fixed_point.requantize(x, 2**30, shift, bits=32, rounding="single") == once


def test_multipliers_of_each_channel():
    rng = np.random.default_rng(3)
    x = rng.integers(-(2**20), 2**20, (3, 4, 5)).astype(np.int32)
    for axis in (-3, -2, -1, 0, 1, 2):
        n = x.shape[axis]
        m, shift = fixed_point.quantize_multiplier(rng.uniform(1e-5, 1e-3, n))
        got = fixed_point.requantize(x, m, shift, axis=axis)
        assert got.dtype == np.int8
        for i in range(n):
            one = fixed_point.requantize(np.take(x, i, axis), int(m[i]), int(shift[i]))
            assert np.array_equal(np.take(got, i, axis), one)


def test_multipliers_are_the_nearest():
    known = {0.5: (2**30, 0), 1.0: (2**30, 1), 1 / 3: (1431655765, -1), 2.0**-32: (2**30, -31), 2.0**-33: (0, 0)}
    for d, pair in known.items():
        assert fixed_point.quantize_multiplier(d) == pair
    rng = np.random.default_rng(4)
    tried = [*(rng.uniform(0.5, 1, 300) * 2.0 ** rng.integers(-31, 30, 300)), 5e-324, 0.0, -0.0]
    tried += [1 - 2.0**-32, 1 - 2.0**-33, 0.5 + 2.0**-32, 0.5 + 3 * 2.0**-32, 2.0**30 * (1 - 2.0**-31)]
    for d in map(float, tried):
        m, shift = fixed_point.quantize_multiplier(d)
        fraction, exponent = math.frexp(d)
        rounded = math.floor(Fraction(fraction) * 2**31 + Fraction(1, 2))  # away from zero: it is positive
        if rounded == 2**31:
            rounded, exponent = 2**30, exponent + 1
        assert (m, shift) == ((rounded, exponent) if d and math.frexp(d)[1] >= -31 else (0, 0))


def test_bad_requantizations():
    x = np.zeros((2, 3), dtype=np.int32)
    for bad in (-0.5, math.nan, math.inf, 2.0**30, 2.0**30 * (1 - 2.0**-40)):
        with pytest.raises(ValueError, match="multiplier is"):
            fixed_point.quantize_multiplier(bad)
    for arguments, options, match in [
        ((2**30, 31), {}, "shift 31"),
        ((2**30, -32), {}, "shift -32"),
        ((-1, 0), {}, r"multipliers\[0\] is -1"),
        ((2**31, 0), {}, "multiplier holds"),
        ((2**30, 0), {"bits": 33}, "bits is 33"),
        ((2**30, 0), {"bits": 17, "signed": False}, "bits is 17"),
        ((2**30, 0), {"zero_point": 128}, "zero_point is 128"),
        ((2**30, 0), {"zero_point": -1, "signed": False}, "zero_point is -1"),
        ((2**30, 0), {"rounding": "nearest"}, "rounding is"),
        (([2**30] * 2, [0] * 2), {}, "multiplier has 2"),
        (([2**30] * 3, [0] * 2), {}, "shift has shape"),
        (([2**30] * 3, [0] * 3), {"axis": 2}, "axis is 2"),
    ]:
        with pytest.raises(ValueError, match=match):
            fixed_point.requantize(x, *arguments, **options)
    for wrong in (x.astype(np.int64), x.astype(np.float32), x.astype(np.complex64)):
        with pytest.raises(TypeError, match="accumulators has dtype"):
            fixed_point.requantize(wrong, 2**30, 0)
    assert fixed_point.requantize(np.zeros((0, 3), np.int32), 2**30, 0).shape == (0, 3)


# Faults


@pytest.mark.parametrize("kind", faults.KINDS)
@pytest.mark.parametrize("rate", [0.0, 2.0**-33, 0.01, 0.3, 0.999, 1.0])
def test_flips_are_those_of_the_words(kind, rate):
    rng = np.random.default_rng(5)
    threshold = round(Fraction(rate) * 2**32)
    for dtype, bits, mask in [(np.uint8, 8, 0b10110), (np.uint16, 13, "all"), (np.uint64, 64, 1 << 63 | 5)]:
        codes = rng.integers(0, 2**bits - 1, 97, dtype=dtype, endpoint=True)
        f = None if bits == 64 else hu.format({8: "e4m3fn", 13: "uint13"}[bits])
        got = faults.flip_bits(codes, f, rate=rate, mask=mask, kind=kind, rng=hu.Rng(2**40 + 3, 7, 5))
        allowed = [b for b in range(bits) if mask == "all" or mask >> b & 1]
        flips = []
        for i in range(codes.size):
            words = [philox_word(2**40 + 3, 7, 5 + i, r) for r in range(bits)]
            if kind == "each_bit":
                flips.append(sum(1 << b for b in allowed if words[b] < threshold))
            else:
                flips.append(1 << allowed[words[1] * len(allowed) >> 32] if words[0] < threshold else 0)
        assert got.codes.dtype == dtype
        assert got.codes.tolist() == [int(c) ^ flip for c, flip in zip(codes, flips, strict=True)]
        assert got.flipped_codes == sum(flip != 0 for flip in flips)
        assert got.flipped_bits == sum(flip.bit_count() for flip in flips)
        if rate == 1.0:
            assert got.flipped_codes == codes.size


def test_counts_are_exact_and_bits_equally_likely():
    codes = np.zeros(10**6, dtype=np.uint8)
    got = faults.flip_bits(codes, "e4m3fn", rate=0.25, mask="significand", rng=11)
    hit = hu.random_words(11, codes.size) < 2**30
    assert np.array_equal(got.codes != 0, hit)
    assert got.flipped_codes == got.flipped_bits == hit.sum()
    seen = np.bincount(got.codes, minlength=8)
    assert set(np.flatnonzero(seen)) == {0, 1, 2, 4}
    expected = hit.sum() / 3
    assert sum((seen[b] - expected) ** 2 / expected for b in (1, 2, 4)) < 13.8  # 2 degrees of freedom, 0.1 %
    each = faults.flip_bits(codes, "e4m3fn", rate=0.25, kind="each_bit", rng=12)
    assert each.flipped_bits == int(np.unpackbits(each.codes).sum())
    assert abs(each.flipped_bits - 2e6) < 4 * math.sqrt(8e6 * 0.1875)


def test_masks_of_floats_and_signed_codes():
    def reached(f, mask):
        return int(np.bitwise_or.reduce(faults.flip_bits(np.zeros(999, np.uint16), f, rate=1, mask=mask, rng=1).codes))

    assert reached("e5m10", "sign") == 0x8000
    assert reached("e5m10", "exponent") == 0x7C00
    assert reached("e5m10", "significand") == 0x03FF
    assert reached("e5m10", "all") == 0xFFFF
    assert reached("e8m0fnu", "all") == 0xFF
    codes = np.array([-8, -1, 0, 7] * 50, dtype=np.int8)
    got = faults.flip_bits(codes, "int4", rate=1, mask=0b1000, rng=1)
    assert got.codes.dtype == np.int8
    assert got.codes.tolist() == [0, 7, -8, -1] * 50  # the sign flips, and the bits above follow it
    assert faults.flip_bits(codes, rate=0, rng=1).codes.tolist() == codes.tolist()
    flipped = faults.flip_bits(codes, rate=1, mask=0x80, rng=1)
    assert flipped.codes.dtype == np.int8
    assert flipped.codes.tolist() == [int(np.uint8(int(c) & 255 ^ 128).view(np.int8)) for c in codes]


def test_bad_faults():
    codes = np.zeros(4, dtype=np.uint8)
    for options, match in [
        ({"rate": 1.5}, "rate is 1.5"),
        ({"rate": -0.1}, "rate is"),
        ({"rate": math.nan}, "rate is nan"),
        ({"rate": 1, "mask": 0}, "mask is 0"),
        ({"rate": 1, "mask": 256}, "mask is 256"),
        ({"rate": 1, "mask": "top"}, "mask is 'top'"),
        ({"rate": 1, "kind": "bits"}, "kind is"),
        ({"rate": 1, "rng": None}, "rng is None"),
    ]:
        with pytest.raises(ValueError, match=match):
            faults.flip_bits(codes, "e4m3fn", **{"rng": 1, **options})
    with pytest.raises(ValueError, match="no such bits"):
        faults.flip_bits(codes, "e8m0fnu", rate=1, mask="sign", rng=1)
    with pytest.raises(ValueError, match="no float"):
        faults.flip_bits(codes, "uint8", rate=1, mask="sign", rng=1)
    with pytest.raises(ValueError, match="codes holds 16"):
        faults.flip_bits(codes + np.uint8(16), "e2m1fn", rate=1, rng=1)
    for wrong in (codes.astype(np.float32), codes.astype(np.complex64), "1"):
        with pytest.raises(TypeError, match="codes"):
            faults.flip_bits(wrong, rate=1, rng=1)
    with pytest.raises(TypeError, match="rate is"):
        faults.flip_bits(codes, rate=1j, rng=1)
    assert faults.flip_bits(np.zeros((0, 2), np.uint8), rate=1, rng=1).codes.shape == (0, 2)


# Noise


def tail(k):
    return math.erfc(k / math.sqrt(2)) / 2


def rounded_normal(word):
    above = sum(word < round(2**32 * tail(k)) for k in (1, 3, 5))
    return above - sum(2**32 - 1 - word < round(2**32 * tail(k)) for k in (1, 3, 5))


def test_noise_is_that_of_its_words():
    words = hu.random_words(hu.Rng(9, 2, 3), 4000)
    assert noise.pseudo_quantization_noise((40, 100), rng=hu.Rng(9, 2, 3)).reshape(-1).tolist() == [
        rounded_normal(int(w)) for w in words
    ]
    uniform = noise.pseudo_quantization_noise(4000, "uniform", rng=hu.Rng(9, 2, 3))
    assert exact(uniform) == [Fraction(2 * int(w) + 1, 2**33) - Fraction(1, 2) for w in words]


def test_noise_has_its_distribution():
    n = 10**6
    r = noise.pseudo_quantization_noise(n, rng=20)
    seen = {k: int((r == k).sum()) for k in range(-3, 4)}
    assert sum(seen.values()) == n
    expected = {0: 1 - 2 * tail(1), 1: tail(1) - tail(3), 2: tail(3) - tail(5)}
    chi = sum((seen[k] - n * expected[abs(k)]) ** 2 / (n * expected[abs(k)]) for k in range(-2, 3))
    assert chi < 18.5  # 4 degrees of freedom, 0.1 %
    assert seen[3] + seen[-3] < 6
    u = noise.pseudo_quantization_noise(n, "uniform", rng=21)
    assert -0.5 < u.min() < -0.49999
    assert 0.49999 < u.max() < 0.5
    bins = np.bincount(((u + 0.5) * 256).astype(int), minlength=256)
    assert ((bins - n / 256) ** 2 / (n / 256)).sum() < 330.5  # 255 degrees of freedom, 0.1 %


@pytest.mark.parametrize("kind", noise.KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_noise_is_added_exactly_and_rounded_once(kind, dtype):
    w = weights(22, (6, 13), dtype)
    w[3] *= dtype(2.0**-20) if dtype is not np.float16 else dtype(2.0**-10)
    w[4] = 0
    w[4, 0] = -0.0
    for group, bits in [(None, 4), ("channel", 1), (5, 6), ((2, 4), 3), (13, 32)]:
        got = noise.add_quantization_noise(w, bits, group=group, kind=kind, rng=hu.Rng(23, 1))
        r = exact(noise.pseudo_quantization_noise(w.shape, kind, rng=hu.Rng(23, 1)))
        if isinstance(group, tuple):
            index = np.arange(w.size).reshape(w.shape)
            parts = [index[i : i + 2, j : j + 4].reshape(-1) for i in range(0, 6, 2) for j in range(0, 13, 4)]
        else:
            parts = groups_of(w.shape, group)
        values = exact(w)
        assert got.dtype == dtype
        for part in parts:
            amax = max(abs(values[i]) for i in part)
            for i in part:
                shift = r[i] * amax * Fraction(2) ** (1 - bits)
                assert got.reshape(-1)[i] == nearest(values[i] + shift, dtype)
                if shift == 0:
                    assert np.signbit(got.reshape(-1)[i]) == np.signbit(w.reshape(-1)[i])


def test_sums_of_far_apart_terms_round_once():
    """A large weight with small noise: what falls below must still break ties. Blocks of the tensor, b = 32."""
    w = np.array([1.0, 3.0 * 2.0**-25, -(2.0**-24), 2.0**-140, -1.5, 1 + 2.0**-23], dtype=np.float32)
    for seed in range(300):
        for kind, bits in (("uniform", 24), ("uniform", 32), ("gaussian", 25)):
            got = noise.add_quantization_noise(w, bits, group=None, kind=kind, rng=seed)
            r = exact(noise.pseudo_quantization_noise(w.shape, kind, rng=seed))
            for i, value in enumerate(exact(w)):
                assert got[i] == nearest(value + r[i] * Fraction(3, 2) * Fraction(2) ** (1 - bits))


def test_bad_noise():
    w = np.ones((4, 4), dtype=np.float32)
    for arguments, options, match in [
        ((w, 0), {}, "bits is 0"),
        ((w, 33), {}, "bits is 33"),
        ((w, 4), {"kind": "normal"}, "kind is"),
        ((w, 4), {"group": 0}, "group is 0"),
        ((w, 4), {"group": (0, 2)}, "group is"),
        ((w[0], 4), {"group": (2, 2)}, "1 axes"),
        ((w, 4), {"rng": None}, "rng is None"),
        ((w * np.float32(np.nan), 4), {}, "NaN"),
        ((w * np.float32(np.inf), 4), {}, "infinite"),
    ]:
        with pytest.raises(ValueError, match=match):
            noise.add_quantization_noise(*arguments, **{"rng": 1, **options})
    for wrong in (w.astype(np.int32), w.astype(np.complex64)):
        with pytest.raises(TypeError, match="w has dtype"):
            noise.add_quantization_noise(wrong, 4, rng=1)
    with pytest.raises(TypeError, match="bits is"):
        noise.add_quantization_noise(w, 4.5, rng=1)
    assert noise.add_quantization_noise(w[:0], 4, rng=1).shape == (0, 4)
    assert noise.add_quantization_noise(np.float32(0), 4, group=None, rng=1) == 0


# Ternary


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("group", GROUPS)
def test_ttq_is_its_definition(dtype, group):
    for threshold in (0.05, 0.7, Fraction(1, 3), 0, 1):
        w = weights(30, (7, 12), dtype)
        w[2] = 0
        w[5] = -abs(w[5])
        got = ternary.ttq(w, threshold, group=group)
        values = exact(w)
        t = Fraction(str(threshold)) if isinstance(threshold, float) else Fraction(threshold)
        y = got.dequantize()
        for part, negative, positive in zip(
            groups_of(w.shape, group), got.negative.reshape(-1), got.positive.reshape(-1), strict=True
        ):
            d = t * max(abs(values[i]) for i in part)
            codes = [(values[i] > d) - (values[i] < -d) + 1 for i in part]
            assert [int(got.codes.reshape(-1)[i]) for i in part] == codes
            above = [values[i] for i in part if values[i] > d]
            below = [-values[i] for i in part if values[i] < -d]
            assert positive == (nearest(sum(above) / len(above)) if above else 0)
            assert negative == (nearest(sum(below) / len(below)) if below else 0)
            for i, code in zip(part, codes, strict=True):
                assert y.reshape(-1)[i] == (-negative, 0, positive)[code]
        assert y.dtype == (np.float64 if dtype == np.float64 else np.float32)


def test_a_weight_on_the_threshold_is_zero():
    assert ternary.ttq(np.array([20.0, 1.0, -1.0, 1.0000001], np.float32)).codes.tolist() == [2, 1, 1, 2]
    # 0.05 is 1/20 and not the binary64 number above it
    assert ternary.ttq(np.array([20.0, 1.0, np.nextafter(1.0, 2.0)])).codes.tolist() == [2, 1, 2]


def test_ttq_scales_are_the_least_squares_and_may_be_replaced():
    w = weights(31, 400)
    got = ternary.ttq(w)
    error = ((w - got.dequantize(np.float64)) ** 2).sum()
    for side in ("negative", "positive"):
        for factor in (0.999, 1.001):
            other = ternary.ttq(w)
            setattr(other, side, np.asarray(getattr(other, side) * factor, dtype=np.float32))
            assert ((w - other.dequantize(np.float64)) ** 2).sum() > error
    ones = ternary.ttq(w, init="ones")
    assert set(ones.dequantize().tolist()) == {-1.0, 0.0, 1.0}


def test_low_rank_corrections_take_off_error_with_every_rank():
    rng = np.random.default_rng(32)
    w = rng.standard_normal((20, 30))
    t = ternary.ttq(w, 0.3).dequantize()
    values = np.linalg.svd(w - t, compute_uv=False)
    x = rng.standard_normal((3, 5, 30))
    for rank in range(21):
        down, up = ternary.low_rank_correction(w - t, rank)
        error = np.linalg.norm(w - t - up @ down)
        assert error == pytest.approx(math.sqrt((values[rank:] ** 2).sum()), abs=1e-12)
        y = ternary.hybrid_gated_flow(x, t, down, up)
        assert y.shape == (3, 5, 20)
        assert np.allclose(y, x @ (t + up @ down).T, atol=1e-12)
    assert np.allclose(y, x @ w.T, atol=1e-12)
    gates = rng.standard_normal(20)
    for name, function in [("identity", lambda g: g), ("tanh", np.tanh), ("sigmoid", lambda g: 1 / (1 + np.exp(-g)))]:
        y = ternary.hybrid_gated_flow(x, t, down, up, gates, gate_function=name)
        assert np.allclose(y, x @ t.T + function(gates) * (x @ (up @ down).T), atol=1e-12)
    assert np.array_equal(ternary.hybrid_gated_flow(x, t, down, up, 0.0), x @ t.T)


def test_bad_ternary():
    for bad, match in [([], "at least one"), ([1.0, math.nan], "NaN"), ([1.0, -math.inf], "infinite")]:
        with pytest.raises(ValueError, match=match):
            ternary.ttq(np.array(bad))
    w = np.ones((2, 3))
    for options in ({"threshold": -0.1}, {"threshold": 1.5}, {"threshold": math.nan}, {"threshold": 2.0**-80}):
        with pytest.raises(ValueError, match="threshold is"):
            ternary.ttq(w, **options)
    for options, match in [({"group": 0}, "group"), ({"group": "row"}, "group"), ({"init": "zeros"}, "init")]:
        with pytest.raises(ValueError, match=match):
            ternary.ttq(w, **options)
    with pytest.raises(TypeError, match="w has dtype complex"):
        ternary.ttq(w.astype(complex))
    with pytest.raises(TypeError, match="threshold is"):
        ternary.ttq(w, True)
    one = ternary.ttq(3.0)
    assert (one.codes, one.dequantize()) == (2, 3.0)
    codes = ternary.ttq(w)
    codes.codes = np.full((2, 3), 3, np.uint8)
    with pytest.raises(ValueError, match="is 3"):
        codes.dequantize()
    with pytest.raises(ValueError, match="down has shape"):
        ternary.hybrid_gated_flow(w, w, np.ones((1, 2)), np.ones((2, 1)))
    with pytest.raises(ValueError, match="up has shape"):
        ternary.hybrid_gated_flow(w, w, np.ones((1, 3)), np.ones((3, 1)))
    with pytest.raises(ValueError, match="rank is 3"):
        ternary.low_rank_correction(w, 3)


# Binary


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("group", GROUPS)
def test_residual_binarization_is_its_recursion(dtype, group):
    w = weights(40, (5, 11), dtype)
    w[3] = 0
    order = 4
    got = binary.residual_binarize(w, order, group=group)
    y = got.dequantize()
    planes, scales = got.codes.reshape(order, -1), got.scales.reshape(order, -1)
    for g, part in enumerate(groups_of(w.shape, group)):
        rest = exact(w.reshape(-1)[part])
        total = [Fraction(0)] * len(part)
        for k in range(order):
            scale = nearest(sum(map(abs, rest)) / len(part))
            assert scales[k, g] == scale
            signs = [1 if r >= 0 else -1 for r in rest]
            assert planes[k, part].tolist() == [(s + 1) // 2 for s in signs]
            steps = [s * Fraction(float(scale)) for s in signs]
            total = [a + b for a, b in zip(total, steps, strict=True)]
            rest = [Fraction(float(r - step)) for r, step in zip(rest, steps, strict=True)]
        for i, value in zip(part, total, strict=True):
            assert y.reshape(-1)[i] == nearest(value, np.float64 if dtype == np.float64 else np.float32)


def test_every_order_takes_off_its_share():
    w = weights(41, (8, 64))
    before = (w.astype(np.float64) ** 2).sum(axis=1)
    for order in range(1, 9):
        got = binary.residual_binarize(w, order)
        after = ((w - got.dequantize(np.float64)) ** 2).sum(axis=1)
        assert np.allclose(after, before - 64 * got.scales[-1].astype(np.float64) ** 2, rtol=1e-6)
        assert (after < before).all()
        before = after
    assert got.codes.shape == (8, 8, 64)
    assert got.scales.shape == (8, 8)
    x = binary.residual_binarize(w)  # XNOR-Net: one scale a filter
    assert np.array_equal(x.codes[0], w >= 0)
    assert x.scales[0].tolist() == [nearest(sum(map(abs, exact(row))) / 64) for row in w]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("group", GROUPS)
def test_bipft_takes_off_the_mean_of_the_whole(dtype, group):
    w = weights(42, (6, 9), dtype) + dtype(0.5)
    got = binary.bipft(w, group=group)
    values = exact(w)
    mean = sum(values) / len(values)
    assert got.center == nearest(mean)
    assert got.codes.reshape(-1).tolist() == [int(v >= mean) for v in values]
    y = got.dequantize().reshape(-1)
    for part, scale in zip(groups_of(w.shape, group), got.scales.reshape(-1), strict=True):
        assert scale == nearest(sum(abs(values[i]) for i in part) / len(part))
        assert all(abs(y[i]) == scale and (y[i] > 0) == (values[i] >= mean) for i in part)


def test_bipft_compares_with_the_exact_mean():
    # the mean, 1 + 2^-53, lies between two numbers of binary64; -1 - 2^-53 too
    w = np.array([1.0, 1.0 + 2.0**-52])
    assert binary.bipft(w).codes[0].tolist() == [0, 1]
    assert binary.bipft(-w).codes[0].tolist() == [1, 0]
    assert binary.bipft(np.array([2.0, 2.0])).codes[0].tolist() == [1, 1]
    assert binary.bipft(np.array([-2.0, 2.0, 0.0, -0.0])).codes[0].tolist() == [0, 1, 1, 1]


def test_residual_polynomials():
    rng = np.random.default_rng(43)
    q_m, q_p, k_m, k_p = (rng.standard_normal((2, n)) for n in (4, 4, 5, 5))
    got = binary.residual_polynomial(q_m, q_p, k_m, k_p)
    assert got.shape == (2, 4, 5)
    for h in range(2):
        outer = np.outer(q_m[h], k_p[h]) + np.outer(q_p[h], k_m[h]) + np.outer(q_p[h], k_p[h])
        assert np.allclose(got[h], outer)
    # the terms are those of the exact scores where residuals and binary parts have one number a token
    assert np.allclose(got + q_m[..., None] * k_m[:, None], (q_m + q_p)[..., None] * (k_m + k_p)[:, None])
    for shape in ((7, 6), (3, 6, 8), (1, 4), (5, 1), (1, 1), (2, 2)):
        residual = rng.standard_normal(shape)
        fitted = binary.residual_polynomial(*binary.fit_residual_polynomial(residual))
        values = np.linalg.svd(residual, compute_uv=False)
        left = ((residual - fitted) ** 2).sum(axis=(-2, -1))
        assert np.allclose(left, (values[..., 2:] ** 2).sum(axis=-1))
    with pytest.raises(ValueError, match="q_p has shape"):
        binary.residual_polynomial(q_m, q_p[:, :2], k_m, k_p)
    with pytest.raises(ValueError, match="residual has shape"):
        binary.fit_residual_polynomial(np.ones(3))
    with pytest.raises(ValueError, match="NaN"):
        binary.fit_residual_polynomial(np.full((2, 2), np.nan))


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_centroids_are_fixed_points_of_the_normal_distribution(bits):
    normal = NormalDist()
    for centroid in ("median", "mean"):
        c = [float(v) for v in binary.cluster_adapter([0.0], bits, centroid=centroid).centroids]
        assert len(c) == 2**bits
        assert c == sorted(c)
        assert c == [-v for v in reversed(c)]
        for _ in range(1500):  # from the table, so a fixed point stays
            edges = [(a + b) / 2 for a, b in itertools.pairwise(c)]
            p = [0.0, *map(normal.cdf, edges), 1.0]
            if centroid == "median":
                c = [normal.inv_cdf((a + b) / 2) for a, b in itertools.pairwise(p)]
            else:
                density = [0.0, *map(normal.pdf, edges), 0.0]
                c = [(density[i] - density[i + 1]) / (p[i + 1] - p[i]) for i in range(len(c))]
        table = binary.cluster_adapter([0.0], bits, centroid=centroid).centroids
        assert [np.float32(v) for v in c] == table.tolist()
    assert binary.cluster_adapter([0.0]).centroids.view(np.uint32)[1] == 0x3F2CAB5C


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_clustered_adapters(dtype, group, bits):
    w = weights(44, (4, 17), dtype)
    w[2] = 3
    for centroid, epsilon in (("median", 1e-5), ("mean", 0.25)):
        got = binary.cluster_adapter(w, bits, group=group, centroid=centroid, epsilon=epsilon)
        c = [float(v) for v in got.centroids]
        y = got.dequantize()
        for part, mean, deviation in zip(
            groups_of(w.shape, group), got.means.reshape(-1), got.deviations.reshape(-1), strict=True
        ):
            x = w.reshape(-1)[part].astype(np.float64)
            assert mean == nearest(sum(exact(x)) / len(part))
            squares = [Fraction((float(v) - float(mean)) ** 2) for v in x]
            variance = float(sum(squares) / (len(part) - 1)) if len(part) > 1 else 0.0
            assert deviation == np.float32(math.sqrt(variance))
            spread = float(deviation) + epsilon
            boundaries = [float(mean) + (a + b) / 2 * spread for a, b in itertools.pairwise(c)]
            codes = [sum(b < v for b in boundaries) for v in x]
            assert got.codes.reshape(-1)[part].tolist() == codes
            for i, code in zip(part, codes, strict=True):
                value = Fraction(c[code]) * Fraction(float(deviation)) + Fraction(float(mean))
                assert y.reshape(-1)[i] == nearest(value, np.float64 if dtype == np.float64 else np.float32)


def test_clusters_are_those_of_torch_away_from_ties():
    """Standard deviation and codes by another library's arithmetic."""
    torch = pytest.importorskip("torch")
    w = torch.from_numpy(weights(45, (33, 65)))
    for bits in (1, 2, 4):
        got = binary.cluster_adapter(w, bits)
        assert got.codes.dtype == torch.uint8
        assert float(got.means) == pytest.approx(float(w.mean()), rel=1e-5)
        assert float(got.deviations) == pytest.approx(float(w.std()), rel=1e-6)
        z = (w - w.mean()) / (w.std() + 1e-5)
        nearest_code = (z[..., None] - torch.from_numpy(got.centroids)).abs().argmin(-1)
        assert (nearest_code != got.codes).sum() <= 1


def test_bad_binary():
    w = np.ones((2, 3))
    for order in (0, 17):
        with pytest.raises(ValueError, match="order is"):
            binary.residual_binarize(w, order)
    for bits in (0, 5):
        with pytest.raises(ValueError, match="bits is"):
            binary.cluster_adapter(w, bits)
    for epsilon in (-1.0, math.nan, math.inf):
        with pytest.raises(ValueError, match="epsilon is"):
            binary.cluster_adapter(w, epsilon=epsilon)
    with pytest.raises(ValueError, match="2\\^500"):
        binary.cluster_adapter(w * 1e200)
    with pytest.raises(ValueError, match="centroid is"):
        binary.cluster_adapter(w, centroid="mode")
    for call in (binary.residual_binarize, binary.bipft, binary.cluster_adapter):
        for bad, match in [([[]], "at least one"), ([[math.nan]], "NaN"), ([[math.inf]], "infinite")]:
            with pytest.raises(ValueError, match=match):
                call(np.array(bad))
        with pytest.raises(TypeError, match="w has dtype"):
            call(w.astype(complex))
        zeros = call(np.zeros((2, 3)))
        assert not zeros.dequantize().any()
        assert call(np.array([[5.0]])).dequantize() == 5.0
    broken = binary.residual_binarize(w)
    broken.codes = broken.codes + np.uint8(2)
    with pytest.raises(ValueError, match=r"codes\[0\] is"):
        broken.dequantize()
    broken = binary.residual_binarize(w)
    broken.scales = broken.scales.astype(np.float64)
    with pytest.raises(TypeError, match="scales has dtype"):
        broken.dequantize()


# AdaPT


def adapt_loss(values, bins, width, fraction):
    """Divergence of the histograms, from exact bins."""
    least, most = min(values), max(values)
    if least == most:
        least, most = least - 1, most + 1

    def histogram(numbers):
        counts = [0] * bins
        for v in numbers:
            place = math.floor((v - least) * bins / (most - least))
            counts[min(max(place, 0), bins - 1)] += 1
        return counts

    limit = 2 ** (width - 1)
    rounded = [Fraction(min(max(round(v * 2**fraction), -limit), limit - 1), 2**fraction) for v in values]
    p, q = histogram(values), histogram(rounded)
    if p == q:
        return 0.0
    n = len(values)
    return sum(a / n * math.log(a / b) if b else math.inf for a, b in zip(p, q, strict=True) if a)


def adapt(values, bins, threshold, longest, least_fraction):
    for fraction in range(least_fraction, longest):
        if adapt_loss(values, bins, 64, fraction) <= threshold:
            for width in range(fraction + 1, longest + 1):
                if adapt_loss(values, bins, width, fraction) <= threshold:
                    return width, fraction
            break
    losses = [adapt_loss(values, bins, longest, f) for f in range(least_fraction, longest)]
    return longest, least_fraction + losses.index(min(losses))


@pytest.mark.parametrize("dtype", DTYPES)
def test_word_and_fraction_lengths_are_the_shortest_without_loss(dtype):
    for seed, scale in ((50, 1.0), (51, 300.0), (52, 2.0**-6)):
        x = (np.random.default_rng(seed).standard_normal(200) * scale).astype(dtype)
        for bins, threshold, longest, fraction in [
            (100, 0.0, 32, 0),
            (10, 0.0, 16, 4),
            (50, 0.05, 24, 0),
            (7, 0.0, 3, 1),
        ]:
            got = fixed_point.choose_fixed_point(
                x, bins=bins, threshold=threshold, max_word_length=longest, min_fraction_length=fraction
            )
            expected = adapt(exact(x), bins, threshold, longest, fraction)
            assert got[:2] == expected
            assert got.divergence == pytest.approx(adapt_loss(exact(x), bins, *expected), rel=1e-12)
            more = fixed_point.choose_fixed_point(
                x, bins=bins, threshold=threshold, max_word_length=longest, min_fraction_length=fraction, buffer_bits=3
            )
            assert more[:2] == (min(expected[0] + 3, longest), expected[1])


def test_bin_edges_are_exact():
    """Thirds of an interval: no edge is a number of binary64, and the nearest ones lie on both sides."""
    third = 1 / 3  # below 1/3; the next one is above
    for numbers in ([0.0, third, math.nextafter(third, 1), 1.0], [-1.0, -third, -math.nextafter(third, 1), 0.0]):
        got = fixed_point.choose_fixed_point(np.array(numbers), bins=3)
        assert got[:2] == adapt(exact(np.array(numbers)), 3, 0.0, 32, 0)
    whole = fixed_point.choose_fixed_point(np.array([0.0, 1.0, 2.0, 3.0]), bins=4)
    assert whole == (3, 0, 0.0)
    assert whole.format == hu.format("q3.0")
    assert fixed_point.choose_fixed_point([5.0]) == (4, 0, 0.0)
    assert fixed_point.choose_fixed_point([0.0, 0.0]) == (1, 0, 0.0)
    assert fixed_point.choose_fixed_point([0.3])[:2] == adapt([Fraction(0.3)], 100, 0.0, 32, 0)
    big = fixed_point.choose_fixed_point([0.0, 1e30])
    assert big.word_length == 32


def test_stochastic_choices_name_their_source():
    x = np.random.default_rng(53).standard_normal(300).astype(np.float32)
    one = fixed_point.choose_fixed_point(x, rounding="stochastic", rng=3)
    assert one == fixed_point.choose_fixed_point(x, rounding="stochastic_a", rng=hu.Rng(3))
    y = hu.round(x, one.format, "stochastic", overflow="sat_finite", rng=3)
    edges = [min(exact(x)) + (max(exact(x)) - min(exact(x))) * k / 100 for k in range(1, 100)]

    def histogram(values):
        return np.bincount([sum(e <= v for e in edges) for v in exact(values)], minlength=100)

    assert one.divergence == 0
    assert np.array_equal(histogram(x), histogram(y))
    with pytest.raises(ValueError, match="rng is None"):
        fixed_point.choose_fixed_point(x, rounding="stochastic")
    with pytest.raises(ValueError, match="draws no random bits"):
        fixed_point.choose_fixed_point(x, rng=1)


def test_bad_choices():
    for bad, match in [([], "at least one"), ([math.nan], "NaN"), ([1.0, math.inf], "infinite"), ([1e300], "2.960")]:
        with pytest.raises(ValueError, match=match):
            fixed_point.choose_fixed_point(np.array(bad))
    for options, match in [
        ({"bins": 0}, "bins is 0"),
        ({"bins": 4096}, "bins is 4096"),
        ({"threshold": -1.0}, "threshold is"),
        ({"threshold": math.nan}, "threshold is"),
        ({"max_word_length": 54}, "max_word_length is 54"),
        ({"min_fraction_length": 32}, "min_fraction_length is 32"),
        ({"buffer_bits": -1}, "buffer_bits is -1"),
        ({"rounding": "up"}, "rounding is"),
    ]:
        with pytest.raises(ValueError, match=match):
            fixed_point.choose_fixed_point([1.0], **options)
    with pytest.raises(TypeError, match="x has dtype"):
        fixed_point.choose_fixed_point(np.ones(3, dtype=np.complex64))
