"""Integers, fixed point, posits, codebooks and HiFloat8 give the exact oracle's results, code by code."""

from __future__ import annotations

import json
from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

import code_oracle as codes
import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from oracle import DETERMINISTIC, INF, NAN, NINF, STOCHASTIC, NoNaN, Value, from_float, to_float
from support import VECTORS, number, same_values

CARRIERS = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16, "float32": np.float32, "float64": np.float64}
CARRIER_FORMAT = {"float16": "binary16", "bfloat16": "bfloat16", "float32": "binary32", "float64": "binary64"}
BITS = {2: np.uint16, 4: np.uint32, 8: np.uint64}
SATURATING = ("sat_finite", "sat_propagate", "sat_none", "to_nan")

USER = {
    "odd_spacing": (-7.0, -3.5, -1.25, -0.1, 0.0, 0.3, 1.0, 1.0625, 100.0),
    "unsorted": (3.0, -1.0, 0.5, -2.0, 0.0),
    "positive": (0.125, 0.75, 3.0, 4.0, 17.0),
    "negative": (-16.0, -5.0, -4.75, -0.25),
    "from_zero": (0.0, 1.0, 3.0, 9.0),
    "to_zero": (-9.0, -3.0, -1.0, 0.0),
    "without_zero": (-3.0, -0.5, 1.5, 2.0),
    "two": (-1.5, 4.0),
    "two_positive": (1.0, 2.0),
    "close": (1.0, 1.0 + 2.0**-20, 1.0 + 2.0**-19, 1.0 + 2.0**-18),
    "far": (-(2.0**110), -(2.0**-5), 2.0**-60, 1.0, 2.0**100, 2.0**120),
    "cubes": tuple(((i - 100) / 64) ** 3 for i in range(256)),
    "seven_of_eight": (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 4.0),
}


@lru_cache(maxsize=1)
def tables() -> dict[str, tuple[str, list[str]]]:
    """The published codebooks by name: which neighbour is even, and the values."""
    found = {}
    for path in sorted((VECTORS / "codes").glob("*.json")):
        for table in json.loads(path.read_text(encoding="ascii")).get("tables", ()):
            if "even" in table:
                found[table["name"]] = (table["even"], table["values"])
    return found


@lru_cache(maxsize=256)
def pair(name: str) -> tuple[codes.Format, hu.Format]:
    """The oracle's format and the library's."""
    if name in USER:
        return codes.Codebook(name, tuple(Fraction(v) for v in USER[name])), hu.codebook(USER[name], name=name)
    given = codes.parse(name)
    if given is None:
        even, values = tables()[name]
        given = codes.Codebook(name, tuple(number(v) for v in values), even)
    return given, hu.format(name)


def exact(value: Fraction | float | str) -> Value:
    return value if isinstance(value, str | Fraction) else from_float(value)


# --- inputs
def near(points: Iterable[Fraction], carrier: str, ulps: int = 1) -> np.ndarray:
    """For each point the carrier's numbers about it: the nearest one and its neighbours."""
    dtype = np.dtype(CARRIERS[carrier])
    kind = BITS[dtype.itemsize]
    with np.errstate(over="ignore"):
        middle = np.array([float(p) for p in points], dtype=np.float64).astype(dtype)
    size = np.abs(middle).view(kind).astype(np.int64)
    infinity = int(np.array(np.inf, dtype=dtype).view(kind))
    found = np.concatenate([size + d for d in range(-ulps, ulps + 1)]).clip(0, infinity).astype(kind).view(dtype)
    return np.copysign(found, np.tile(middle, 2 * ulps + 1)).astype(dtype)


def specials(carrier: str) -> np.ndarray:
    dtype = np.dtype(CARRIERS[carrier])
    info = ml_dtypes.finfo(dtype)
    sizes = [0, info.smallest_subnormal, info.tiny, info.max, np.inf]
    return np.array([s for v in sizes for s in (v, -v)] + [np.nan], dtype=dtype)


def some(values: list[Fraction], limit: int) -> list[Fraction]:
    """The ends, the middle, and an even choice of the rest."""
    if len(values) <= limit:
        return values
    kept = {round(i * (len(values) - 1) / (limit - 1)) for i in range(limit)} | {1, len(values) - 2}
    zero = min(range(len(values)), key=lambda i: abs(values[i]))
    kept |= {i for i in range(zero - 3, zero + 4) if 0 <= i < len(values)}
    return [values[i] for i in sorted(kept)]


def points(f: codes.Format, limit: int) -> list[Fraction]:
    """Members, midpoints, places in between and beyond both ends."""
    if isinstance(f, codes.Fixed):
        ends = [f.lowest, f.highest, 0]
        stored = {e + d for e in ends for d in range(-3, 4)} | {f.highest * k // 19 for k in range(-19, 20)}
        if f.bits <= 8:
            stored |= set(f.codes())
        stored |= {f.highest * 2, f.lowest * 2 - 5, 1 << (f.bits + 3), -(1 << (f.bits + 3)) - 1, 3 << (f.bits - 1)}
        members = some(sorted(stored), limit)
        return [(k + Fraction(j, 4)) * f.step for k in members for j in (0, 2)] + [f.step / 3, -f.step * 5 / 7]
    if isinstance(f, codes.Posit) and f.bits > 10:
        step = max(1, (1 << (f.bits - 1)) // limit)
        low = sorted({*range(1, f.nan_code, step), 1, 2, 3, f.nan_code - 2, f.nan_code - 1, 1 << (f.bits - 2)})
        middles = [codes.posit_magnitude(2 * c + 1, f.bits + 1, f.es) for c in low[:-1]]
        means = [(f.size(c) + f.size(c + 1)) / 2 for c in low[:-1]]
        sizes = [f.size(c) for c in low] + middles + means
        sizes += [f.top * 3, f.size(1) / 2, f.size(1) / 5, f.size(1) * 3 / 4]
        return sizes + [-s for s in sizes]
    finite = sorted({codes.finite(v) for v in map(f.value, f.codes()) if v not in (NAN, INF, NINF)})
    between = [a + (b - a) * part for a, b in pairwise(finite) for part in (Fraction(1, 2), Fraction(1, 7))]
    between = some(between, 2 * limit)
    if isinstance(f, codes.Posit):
        sizes = range(1, f.nan_code - 1)
        middles = [codes.posit_magnitude(2 * c + 1, f.bits + 1, f.es) for c in sizes]
        between = [*between, *some(middles + [-m for m in middles], limit)]
    width = finite[-1] - finite[0]
    beyond = [finite[-1] + width * k for k in (Fraction(1, 100), Fraction(1, 2), 3)]
    beyond += [finite[0] - width * k for k in (Fraction(1, 100), Fraction(1, 2), 3)]
    if isinstance(f, codes.HiFloat8):
        beyond += [s * Fraction(k) * 2**11 for k in (17, 18, 20, 21, 23, 24, 25, 40) for s in (1, -1)]
    return some(finite, limit) + between + beyond


@lru_cache(maxsize=512)
def inputs(name: str, carrier: str, limit: int) -> np.ndarray:
    x = np.concatenate([near(points(pair(name)[0], limit), carrier), specials(carrier)])
    kind = BITS[x.dtype.itemsize]
    return np.unique(x.view(kind)).view(x.dtype)


class Projector:
    """The oracle over an array. Each number is placed once; where no policy can act, a mode decides once for all."""

    def __init__(self, f: codes.Format, x: np.ndarray) -> None:
        self.f = f
        self.x = [from_float(float(v)) for v in x]
        self.spots = [None if v in (NAN, INF, NINF) else f.spot(codes.finite(v)) for v in self.x]
        bottom, top = f.bottom, f.top
        self.policed = [i for i, s in enumerate(self.spots) if s is None or max(s.near, s.far) > top]
        self.policed += [i for i, s in enumerate(self.spots) if s is not None and min(s.near, s.far) < bottom]
        self.quiet: dict[str, tuple[list[Value], list[int]]] = {}

    def one(self, i: int, mode: str, overflow: str | None, nan: str, n: int = 32, r: int = 0) -> Value:
        return self.f.project(self.x[i], mode, overflow, nan, n, r, self.spots[i]).value

    def results(self, mode: str, overflow: str | None, nan: str) -> tuple[list[Value], list[int]]:
        """Values and codes, in a deterministic mode. A NaN that has no code has the code -1."""
        if mode not in self.quiet:
            skip = set(self.policed)
            values = [NAN if i in skip else self.one(i, mode, "sat_finite", nan) for i in range(len(self.x))]
            self.quiet[mode] = (values, [0 if i in skip else self.f.code(v) for i, v in enumerate(values)])
        values, stored = map(list, self.quiet[mode])
        for i in self.policed:
            values[i] = self.one(i, mode, overflow, nan)
            known = values[i] not in (NAN, INF, NINF) or self.f.nan_code is not None
            coded = known and overflow != "unbounded"
            stored[i] = self.f.code(values[i]) if coded else -1
        return values, stored

    def stochastic(
        self, mode: str, overflow: str | None, nan: str, n: int, random: np.ndarray
    ) -> tuple[list[Value], list[int]]:
        """Values and codes, each number with its own random one."""
        values = [self.one(i, mode, overflow, nan, n, r) for i, r in enumerate(random.tolist())]
        lacking = self.f.nan_code is None
        return values, [-1 if lacking and v == NAN else self.f.code(v) for v in values]


@lru_cache(maxsize=8)
def projector(name: str, carrier: str, limit: int) -> Projector:
    return Projector(pair(name)[0], inputs(name, carrier, limit))


def check_codes(x: np.ndarray, want: list[int], got: np.ndarray, what: str) -> None:
    wrong = [i for i, (a, b) in enumerate(zip(got.tolist(), want, strict=True)) if a != b]
    rows = [f"{float(x[i]).hex()} ({float(x[i])}): {got[i]}, not {want[i]}" for i in wrong[:4]]
    assert not wrong, f"{what}: {len(wrong)} of {len(want)} differ: " + "; ".join(rows)


def check_values(x: np.ndarray, want: list[Value], got: np.ndarray, what: str) -> None:
    assert got.dtype == x.dtype, what
    expected = np.array([to_float(v) if v != codes.NZERO else -0.0 for v in want], dtype=np.float64)
    wrong = np.flatnonzero(~same_values(got, expected))
    rows = [f"{float(x[i]).hex()} ({float(x[i])}): {float(got[i])}, not {want[i]}" for i in wrong[:4]]
    assert not len(wrong), f"{what}: {len(wrong)} of {len(want)} differ: " + "; ".join(rows)


def policies(f: codes.Format) -> tuple[str | None, ...]:
    return (None, *SATURATING, "wrap") if f.wraps else (None, *SATURATING)


def check_all(name: str, carrier: str, limit: int) -> None:
    """Every deterministic mode under every policy, in codes and, where the carrier allows it, in values."""
    f, format_ = pair(name)
    x = inputs(name, carrier, limit)
    model = projector(name, carrier, limit)
    modes = list(DETERMINISTIC)
    for turn, mode in enumerate(modes):
        for overflow in policies(f):
            if carrier != "float64" and overflow not in (None, policies(f)[turn % len(policies(f))]):
                continue
            nan = ("to_max", "to_zero")[(turn + len(overflow or "")) % 2]
            want = model.results(mode, overflow, nan)[1]
            got = hu.encode(x, format_, mode, overflow=overflow, nan=nan)
            check_codes(x, want, got, f"{name} {carrier} {mode} {overflow} {nan}")
    if not codes.held_by(f, CARRIER_FORMAT[carrier]):
        with pytest.raises(TypeError, match="float"):
            hu.round(x, format_, nan="to_max")
        return
    for turn, mode in enumerate(modes):
        allowed = [*policies(f), "unbounded"] if f.unbounded else policies(f)
        for overflow in (allowed[turn % len(allowed)], allowed[-1]):
            nan = ("keep", "to_max", "to_zero")[turn % 3]
            want = model.results(mode, overflow, nan)[0]
            got = hu.round(x, format_, mode, overflow=overflow, nan=nan)
            check_values(x, want, got, f"round {name} {carrier} {mode} {overflow} {nan}")


REGISTERED = [f.name for f in hu.formats() if f.kind != "float"]
INTEGERS = [f"int{w}" for w in range(1, 17)] + [f"uint{w}" for w in (1, 2, 3, 5, 8, 12, 16)]
INTEGERS += [f"int{w}s" for w in (2, 3, 4, 7, 8, 16)]
WIDE = [
    "int24",
    "int32",
    "int53",
    "int54",
    "int63",
    "int64",
    "int33s",
    "int64s",
    "uint32",
    "uint53",
    "uint63",
    "uint64",
]
FIXED = ["q1.0", "q1.1", "q2.6", "q3.0", "q4.4s", "q1.7", "q1.7s", "q8.1", "q1.15s", "q5.11", "q16.0"]
WIDE_FIXED = ["q1.31", "q16.16", "q1.52", "q2.52", "q1.63", "q1.63s", "q33.31", "q63.1", "q10.54s", "q64.0"]
POSITS = [f"posit{n}_{es}" for n in (2, 3, 4, 5, 6, 7, 8) for es in range(4)]
WIDE_POSITS = [f"posit{n}_{es}" for n in (9, 10, 12, 13, 16) for es in range(4)]
WIDE_POSITS += ["posit24_1", "posit32_0", "posit32_2", "posit32_3", "posit64_2", "posit64_3"]
CODEBOOKS = [f"nf{k}" for k in range(2, 9)] + [f"{k}{w}" for k in ("pot", "apot", "sqrt2pot") for w in range(2, 9)]
CODEBOOKS += [f"dynamic{k}{u}" for k in (2, 3, 5, 8) for u in ("", "u")]

ALL = list(dict.fromkeys([*REGISTERED, *INTEGERS, *WIDE, *FIXED, *WIDE_FIXED, *POSITS, *WIDE_POSITS, *CODEBOOKS]))
ALL = [name for name in ALL if codes.parse(name) or name in tables()]
ALL += list(USER)


def limit_of(name: str, carrier: str) -> int:
    f = pair(name)[0]
    if carrier != "float64":
        return 10
    return 130 if name in ("int8", "nf4", "posit8_2", "hif8", "uint8", "q2.6s") else 24 if f.bits > 6 else 40


def test_every_registered_format_that_is_no_float_has_a_model() -> None:
    for name in REGISTERED:
        f, format_ = pair(name)
        assert f.bits == format_.bits, name


@pytest.mark.parametrize("name", ALL)
def test_decode_gives_the_value_of_every_code(name: str) -> None:
    f, format_ = pair(name)
    first, last = f.codes()[0], f.codes()[-1]
    step = max(1, (last - first) // 300) if f.bits > 12 else 1
    every = [*range(first, last, step), last]
    assert [exact(format_.exact(code)) for code in every] == [f.value(code) for code in every]
    carrier = next((c for c in CARRIERS if codes.held_by(f, CARRIER_FORMAT[c])), None)
    if codes.held_by(f, "binary64"):
        stored = np.array(every, dtype=format_.code_dtype)
        values = hu.decode(stored, format_)
        assert values.dtype == (np.float32 if codes.held_by(f, "binary32") else np.float64)
        assert [from_float(float(v)) for v in values] == [f.value(code) for code in every]
        narrow = hu.decode(stored, format_, CARRIERS[carrier or "float64"])
        assert [from_float(float(v)) for v in narrow] == [f.value(code) for code in every]
    else:
        assert carrier is None
        with pytest.raises(TypeError):
            hu.decode(np.array(every[:1], dtype=format_.code_dtype), format_)


@pytest.mark.parametrize("name", ALL)
def test_deterministic_modes_and_policies_from_float64(name: str) -> None:
    check_all(name, "float64", limit_of(name, "float64"))


NARROW = ("float16", "bfloat16", "float32")
IN_TURN = [n for n in ALL if n not in {*REGISTERED, *USER}]


@pytest.mark.parametrize(
    ("name", "carrier"),
    [(name, carrier) for name in (*REGISTERED, *USER) for carrier in NARROW]
    + [pytest.param(name, NARROW[i % 3], marks=pytest.mark.slow) for i, name in enumerate(IN_TURN)],
)
def test_deterministic_modes_and_policies_from_narrow_carriers(name: str, carrier: str) -> None:
    check_all(name, carrier, limit_of(name, carrier))


@pytest.mark.parametrize("name", ALL)
def test_stochastic_modes_with_given_random_numbers(name: str) -> None:
    f, format_ = pair(name)
    rng = np.random.default_rng(len(name) + f.bits)
    for turn, mode in enumerate(STOCHASTIC):
        for n in (1, 2, 5, 8, 16, 23, 31, 32)[turn % 2 :: 2]:
            carrier = ("float64", "float32", "float16", "bfloat16")[(n + turn) % 4]
            x = inputs(name, carrier, 8)
            model = projector(name, carrier, 8)
            random = rng.integers(0, 1 << n, size=x.shape, dtype=np.uint64).astype(np.uint32)
            random[::5] = (1 << n) - 1
            random[1::7] = 0
            overflow = policies(f)[(n + turn) % len(policies(f))]
            want = model.stochastic(mode, overflow, "to_zero", n, random)[1]
            got = hu.encode(x, format_, mode, overflow=overflow, nan="to_zero", random_bits=n, random=random)
            check_codes(x, want, got, f"{name} {carrier} {mode} {n} {overflow}")
            if codes.held_by(f, CARRIER_FORMAT[carrier]):
                values = model.stochastic(mode, None, "keep", n, random)[0]
                got = hu.round(x, format_, mode, nan="keep", random_bits=n, random=random)
                check_values(x, values, got, f"round {name} {carrier} {mode} {n}")


@pytest.mark.parametrize("mode", STOCHASTIC)
@pytest.mark.parametrize(
    "name", ["int4", "q2.6s", "uint3", "posit8_2", "posit5_0", "nf4", "hif8", "pot4", "without_zero"]
)
def test_every_random_number_of_few_bits(name: str, mode: str) -> None:
    f, format_ = pair(name)
    finite = sorted({codes.finite(v) for v in map(f.value, f.codes()) if v not in (NAN, INF, NINF)})
    a, b = finite[len(finite) // 2 - 1 : len(finite) // 2 + 1]
    eighths = [a + (b - a) * Fraction(k, 32) for k in range(33)] + [-(a + (b - a) * Fraction(k, 8)) for k in range(9)]
    column = np.array([float(v) for v in eighths])
    for n in (1, 2, 3):
        x, random = (m.reshape(-1) for m in np.broadcast_arrays(column[:, None], np.arange(1 << n, dtype=np.uint32)))
        want = Projector(f, x).stochastic(mode, None, "to_max", n, random)[1]
        got = hu.encode(x, format_, mode, nan="to_max", random_bits=n, random=np.ascontiguousarray(random))
        check_codes(x, want, got, f"{name} {mode} {n}")


@pytest.mark.parametrize(
    "name", ["int4", "uint4", "int4s", "q4.4", "nf4", "pm1", "two", "negative", "ternary", "fp4_bnb"]
)
def test_where_there_is_no_nan_the_policy_decides(name: str) -> None:
    f, format_ = pair(name)
    nan = np.array([0.25, np.nan, -0.25])
    with pytest.raises(ValueError, match="nan is 'raise'"):
        hu.encode(nan, format_)
    with pytest.raises(ValueError, match="nan is 'raise'"):
        hu.encode(np.array([np.inf]), format_, overflow="to_nan")
    with pytest.raises(ValueError, match="nan"):
        hu.encode(nan, format_, nan="keep")
    assert np.isnan(hu.round(nan, format_, nan="keep")[1])
    assert np.isnan(hu.round(np.array([-np.inf]), format_, overflow="to_nan", nan="keep")[0])
    for policy in ("to_max", "to_zero"):
        want = f.code(f.project(NAN, nan=policy).value)
        assert hu.encode(nan, format_, nan=policy)[1] == want
    for overflow in policies(f):
        for x in (1e6, -1e6, np.inf, -np.inf):
            try:
                want = f.project(from_float(x), overflow=overflow).value
            except NoNaN:
                with pytest.raises(ValueError, match="nan is 'raise'"):
                    hu.encode(np.array([x]), format_, overflow=overflow)
            else:
                assert hu.encode(np.array([x]), format_, overflow=overflow)[0] == f.code(want), (x, overflow)


@pytest.mark.parametrize("name", ["posit8_2", "posit16_1", "hif8"])
def test_where_there_is_a_nan_it_needs_no_policy(name: str) -> None:
    f, format_ = pair(name)
    assert hu.encode(np.array([np.nan, -np.nan]), format_).tolist() == [f.nan_code] * 2
    assert np.isnan(hu.round(np.array([np.nan]), format_)[0])
    assert hu.encode(np.array([np.inf, -np.inf]), format_, overflow="to_nan").tolist() == [f.nan_code] * 2


@pytest.mark.parametrize("name", ["int8s", "q2.6s", "posit8_2", "nf4", "hif8", "two"])
def test_wrap_is_refused_where_it_has_no_meaning(name: str) -> None:
    with pytest.raises(ValueError, match="wrap"):
        hu.encode(np.array([1.0]), pair(name)[1], overflow="wrap")
    with pytest.raises(ValueError, match="wrap"):
        hu.round(np.array([1.0]), pair(name)[1], overflow="wrap")


@pytest.mark.parametrize("name", ["int8", "uint8", "q2.6s", "posit8_2", "nf4", "hif8", "two"])
def test_unbounded_is_refused_where_codes_come_out_and_flushing_everywhere(name: str) -> None:
    f, format_ = pair(name)
    with pytest.raises(ValueError, match="unbounded"):
        hu.encode(np.array([1.0]), format_, overflow="unbounded")
    if not f.unbounded:
        with pytest.raises(ValueError, match="unbounded"):
            hu.round(np.array([1.0]), format_, overflow="unbounded")
    for ftz in ("before", "after"):
        for call in (hu.encode, hu.round):
            with pytest.raises(ValueError, match="ftz"):
                call(np.array([1.0]), format_, ftz=ftz)


def test_wrap_is_modulo_two_to_the_width() -> None:
    x = np.array([7.5, 8, 9, 15.5, 16, 23, 24, -8.5, -9, -24, -25, 2.0**40 + 3, -(2.0**40) - 3])
    assert hu.encode(x, "int4", overflow="wrap").tolist() == [-8, -8, -7, 0, 0, 7, -8, -8, 7, -8, 7, 3, -3]
    assert hu.encode(x, "uint4", overflow="wrap").tolist() == [8, 8, 9, 0, 0, 7, 8, 8, 7, 8, 7, 3, 13]
    assert hu.round(np.array([2.0, -2.03125, 127.5]), "q2.6", overflow="wrap").tolist() == [-2.0, 1.96875, -0.5]


def test_huge_numbers_wrap_exactly() -> None:
    x = np.array([2.0**63, 2.0**64, 3 * 2.0**62, -(2.0**64) - 2.0**12, 1.7976931348623157e308, 2.0**1000, 5e-324])
    for name in ("int64", "uint64", "int63", "q33.31", "q1.63", "int5"):
        f, format_ = pair(name)
        want = [f.code(f.project(from_float(float(v)), overflow="wrap").value) for v in x]
        check_codes(x, want, hu.encode(x, format_, overflow="wrap"), name)


def test_posits_decide_nearest_on_the_bit_string_and_the_other_modes_on_values() -> None:
    x = np.array([2.0**22, 1.5 * 2.0**22, 2.0**22 * (1 - 2.0**-20), 2.0**22 * (1 + 2.0**-20)])
    assert hu.encode(x, "posit8_2").tolist() == [0x7E, 0x7F, 0x7E, 0x7F]
    # f of 2^22 between 2^20 and 2^24 is 3/15: of five random bits, 6 of 32 numbers carry.
    random = np.arange(32, dtype=np.uint32)
    got = hu.encode(np.full(32, 2.0**22), "posit8_2", "stochastic_a", random_bits=5, random=random)
    assert (got == 0x7F).sum() == 6


@pytest.mark.parametrize("name", ["posit8_2", "posit6_0", "posit16_2"])
@pytest.mark.parametrize("mode", [*DETERMINISTIC])
def test_posits_never_become_zero_or_nar(name: str, mode: str) -> None:
    f, format_ = pair(name)
    assert isinstance(f, codes.Posit)
    x = np.array([5e-324, -5e-324, 1e-300, -1e-300, 1.7e308, -1.7e308])
    sign = 1 << f.bits
    want = [1, sign - 1, 1, sign - 1, f.nan_code - 1, f.nan_code + 1]
    assert hu.encode(x, format_, mode).tolist() == want


def test_ties_of_codebooks_go_where_the_contract_says() -> None:
    rows = {
        "nf2": (0.5, [0.0]),
        "ternary": (0.5, [0.0]),
        "pot3": (-0.75, [-0.5]),
        "pm1": (0.0, [1.0]),
        "two": (1.25, [-1.5]),
        "unsorted": (-0.5, [-1.0]),
    }
    for name, (x, want) in rows.items():
        if name != "nf2":
            assert hu.round(np.array([x]), pair(name)[1]).tolist() == want, name
    assert hu.encode(np.array([0.0, -0.0]), "pm1").tolist() == [1, 1]
    table = pair("odd_spacing")[1]
    middle = np.array([-5.25])  # between -7 and -3.5
    seen = {mode: float(hu.round(middle, table, mode)[0]) for mode in DETERMINISTIC}
    assert {m for m, v in seen.items() if v == -7.0} == {
        "nearest_ties_to_even",
        "nearest_ties_to_away",
        "nearest_ties_down",
        "away_from_zero",
        "toward_negative",
    }


def test_negative_zero_stays_where_a_codebook_has_it() -> None:
    x = np.array([-0.0, 0.0, -1e-9, 1e-9])  # a posit would not become zero
    assert hu.encode(x, "fp4_bnb").tolist() == [8, 0, 8, 0]
    assert np.signbit(hu.round(x, "fp4_bnb")).tolist() == [True, False, True, False]
    for name in ("nf4", "int4", "hif8", "q2.6s", "ternary"):
        assert np.signbit(hu.round(x, name)).tolist() == [False] * 4, name
    assert np.signbit(hu.round(x, "posit8_2")).tolist() == [False, False, True, False]
