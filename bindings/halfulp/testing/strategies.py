"""Strategies of hypothesis: codes, values and real numbers where conversions go wrong, formats and projections."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

try:
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as npst
except ImportError:
    raise ImportError("these strategies need the package hypothesis: pip install hypothesis") from None

from halfulp import _core, _kinds
from halfulp import codes as arithmetic
from halfulp._arrays import CARRIERS, DTYPES, able_carriers, carrier_dtype, carrier_of
from halfulp._convert import decode, encode
from halfulp._format import Format, float_format
from halfulp._format import formats as registry
from halfulp._format import real_format as to_format
from halfulp._projection import Projection
from halfulp.vectors.edges import edges
from halfulp.vectors.field import to_codes, to_patterns
from halfulp.vectors.order import Order

#: Edges that are drawn; halfulp.vectors has the ones that matter most first.
_EDGES = 64
#: Formats up to this width are drawn from a table, in the order of how simple their values are.
_TABLE_BITS = 16
#: Steps of the carrier that a number lies beside a member or midpoint, the likeliest first.
_BESIDE = (0, 1, -1, 2, -2)
_MOST_BITS = 16
_STOCHASTIC_BITS = (32, 1, 2, 3, 8, 16, 23)


def codes(format: Any, *, nan: bool = True, infinity: bool = True) -> st.SearchStrategy[int]:
    """Codes of a format, as Python integers (negative ones where the format has them).

    Half of them are edges: zeros, the ends of the subnormals, one and its neighbours, the largest, specials, powers of
    two. nan, infinity: whether these may come. Shrinks towards the code of zero, then of one, then of short numbers;
    formats wider than 16 bits towards zero and one.
    """
    f = to_format(format)
    patterns = _patterns(f, nan, infinity)
    if f._spec.signed_codes:
        return patterns.map(lambda pattern: _signed(pattern, f))
    return patterns


def values(format: Any, *, nan: bool = True, infinity: bool = True) -> st.SearchStrategy[float]:
    """Members of a format, as Python floats: the values of :func:`codes`.

    Raises TypeError for a format whose values float64 does not hold.
    """
    f = _held(to_format(format), "float64")
    return _patterns(f, nan, infinity).map(lambda pattern: _value(pattern, f))


def between(
    format: Any, dtype: Any = "float64", *, nan: bool = True, infinity: bool = True
) -> st.SearchStrategy[float]:
    """Real numbers near the places where rounding to the format changes its mind, as Python floats that dtype holds.

    They lie on or up to two steps of the carrier beside a member, the midpoint of two neighbours, or the place where
    overflow begins; one in eight is any number of the carrier. dtype: float16, bfloat16, float32 or float64. nan,
    infinity: whether these may come. Shrinks towards members, and these towards zero and one. Raises TypeError where
    the carrier does not hold the format's values.
    """
    carrier = carrier_of(dtype)
    f = _held(to_format(format), DTYPES[carrier])
    anything = _patterns(to_format(carrier), nan, infinity).map(lambda pattern: _value(pattern, to_format(carrier)))
    near = st.builds(
        lambda beside, halfway, pattern: _near(f, carrier, pattern, halfway, beside),
        st.sampled_from(_BESIDE),
        st.sampled_from((False, True)),
        _patterns(f, False, False),
    )
    return st.integers(0, 7).flatmap(lambda kind: anything if kind == 7 else near)


def arrays(
    format: Any,
    shape: Any = None,
    *,
    of: str = "values",
    dtype: Any = None,
    nan: bool = True,
    infinity: bool = True,
) -> st.SearchStrategy[np.ndarray]:
    """NumPy arrays of :func:`values`, :func:`codes` or :func:`between`, as `of` names them.

    shape: a shape, an integer or a strategy of shapes; None is one to three short axes. dtype: of values and numbers
    between them, float32 where it holds the format's values (with of="between" their midpoints too), else float64;
    bfloat16 needs ml_dtypes. Codes have the format's own dtype, and dtype= is a ValueError.
    """
    f = to_format(format)
    shapes = npst.array_shapes(max_dims=3, max_side=6) if shape is None else shape
    if of == "codes":
        if dtype is not None:
            raise ValueError(f"dtype is {dtype!r}, allowed with of='codes': None")
        return npst.arrays(f.code_dtype, shapes, elements=codes(f, nan=nan, infinity=infinity), fill=st.nothing())
    if of not in ("values", "between"):
        raise ValueError(f"of is {of!r}, allowed: values, codes, between")
    carrier = carrier_of(dtype) if dtype is not None else _default_carrier(f, of)
    _held(f, DTYPES[carrier])
    if of == "values":
        elements = values(f, nan=nan, infinity=infinity)
    else:
        elements = between(f, DTYPES[carrier], nan=nan, infinity=infinity)
    wide = npst.arrays(np.float64, shapes, elements=elements, fill=st.nothing())
    target = carrier_dtype(carrier)
    return wide.map(lambda array: array.astype(target))  # exact: the elements are members of the carrier


def projections(format: Any = None, *, stochastic: bool = False) -> st.SearchStrategy[Projection]:
    """Projections that answer every number of a format: no NaN raises an error.

    format: None gives what goes with every float format. stochastic: whether modes that draw random bits may come; the
    caller then names their source. Shrinks towards nearest ties to even without any policy.
    """
    f = None if format is None else to_format(format)
    modes = [mode for mode, _ in _core.rounding_modes() if stochastic or not _core.is_stochastic(mode)]
    overflows = [None, "sat_finite", "sat_propagate", "sat_none", "to_nan"]
    flushes = [None, "before", "after"] if f is None or f.kind == "float" else [None]
    if f is not None:
        overflows = [policy for policy in [*overflows, "wrap"] if _allows(f, overflow=policy)]
        flushes = [when for when in flushes if _allows(f, ftz=when)]

    def made(mode: str, overflow: str | None, nan: str, ftz: str | None, bits: int) -> Projection:
        return Projection(mode, overflow, nan, ftz, bits if _core.is_stochastic(mode) else None)

    return st.builds(
        made,
        st.sampled_from(modes),
        st.sampled_from(overflows),
        st.sampled_from(("to_max", "to_zero")),
        st.sampled_from(flushes),
        st.sampled_from(_STOCHASTIC_BITS),
    )


def formats(
    kinds: str | Sequence[str] | None = None, *, most_bits: int = _MOST_BITS, own: bool = True
) -> st.SearchStrategy[Format]:
    """Formats of at most `most_bits` bits: registered ones, and shapes that nobody has registered.

    kinds: "float", "integer", "posit", "codebook", "power of two", "ternary", "binary", or several; None is every kind.
    own: whether float formats of other shapes may come: any exponent and fraction widths, biases, specials, without a
    sign or subnormals. Shrinks towards small registered ones.
    """
    wanted = _kinds.KINDS if kinds is None else (kinds,) if isinstance(kinds, str) else tuple(kinds)
    for kind in wanted:
        if kind not in _kinds.KINDS:
            raise ValueError(f"kinds holds {kind!r}, allowed: {', '.join(_kinds.KINDS)}")
    fitting = [f for f in registry() if f.bits <= most_bits and _kinds.element_kind(f) in wanted]
    found = [st.sampled_from(sorted(fitting, key=lambda f: f.bits))] if fitting else []
    if own and "float" in wanted and most_bits >= 4:
        found.append(_shapes(most_bits))
    if not found:
        raise ValueError(f"most_bits is {most_bits}, allowed: the width of a format of kind {', '.join(wanted)}")
    return st.one_of(found)


@st.composite
def _shapes(draw: st.DrawFn, most_bits: int) -> Format:
    specials = draw(st.sampled_from(("ieee", "fn", "fnuz", "f")))
    signed = True if specials == "fnuz" else draw(st.sampled_from((True, False)))
    room = min(most_bits, 64) - int(signed)
    exponent_bits = draw(st.integers(2, min(8, room - 1)))
    mantissa_bits = draw(st.integers(1, room - exponent_bits))
    bias = draw(st.none() | st.integers(-10, 2**exponent_bits))
    subnormals = draw(st.sampled_from((True, True, False)))
    return float_format(
        exponent_bits=exponent_bits,
        mantissa_bits=mantissa_bits,
        bias=bias,
        specials=specials,
        signed=signed,
        subnormals=subnormals,
    )


def _patterns(f: Format, nan: bool, infinity: bool) -> st.SearchStrategy[int]:
    """Codes as bit patterns."""
    if f.bits <= _TABLE_BITS:
        simple, edge = _tables(f)
        order = Order(f)

        def kept(patterns: np.ndarray) -> list[int]:
            drop = (order.is_nan(patterns) & (not nan)) | (order.is_infinity(patterns) & (not infinity))
            return [int(pattern) for pattern in patterns[~drop]]

        return st.one_of(st.sampled_from(kept(simple)), st.sampled_from(kept(edge)))
    found = st.one_of(st.sampled_from([int(code) for code in _edges_by_simplicity(f)]), _wide_patterns(f))
    spec = f._spec
    if nan and infinity:
        return found
    return found.filter(lambda code: (nan or not spec.is_nan(code)) and (infinity or not spec.is_inf(code)))


def _wide_patterns(f: Format) -> st.SearchStrategy[int]:
    if f.kind != "float":
        return st.integers(0, f._spec.last_code)
    width, one = f.mantissa_bits or 0, _one(f) >> (f.mantissa_bits or 0)
    last = (1 << (f.exponent_bits or 0)) - 1
    fraction = st.one_of(
        st.integers(0, min(width, 8)).flatmap(  # short fractions, which products and sums keep exact
            lambda bits: st.integers(0, (1 << bits) - 1).map(lambda top: top << (width - bits))
        ),
        st.integers(0, (1 << width) - 1),
    )
    return st.builds(
        lambda sign, exponent, rest: min((sign << (f.bits - 1)) | (exponent << width) | rest, f._spec.last_code),
        st.integers(0, int(f.signed)),
        st.integers(-one, last - one).map(lambda offset: one + offset),
        fraction,
    )


@lru_cache(maxsize=64)
def _tables(f: Format) -> tuple[np.ndarray, np.ndarray]:
    """Every pattern in the order of how simple its value is, and the edges in that order."""
    every = sorted(range(f._spec.last_code + 1), key=lambda pattern: _complexity(pattern, f))
    chosen = {int(code) for code in edges(f)[:_EDGES]}
    ordered = np.array(every, dtype=np.uint64)
    return ordered, np.array([pattern for pattern in every if pattern in chosen], dtype=np.uint64)


@lru_cache(maxsize=64)
def _edges_by_simplicity(f: Format) -> np.ndarray:
    chosen = [int(code) for code in edges(f)[: 2 * _EDGES]]
    return np.array(sorted(chosen, key=lambda pattern: _complexity(pattern, f)), dtype=np.uint64)


def _complexity(pattern: int, f: Format) -> tuple[int, int, int, int, int]:
    """Zero, one, two and so on, then halves, quarters …; then the same with a minus; specials last. Ascending within
    each, since shrinking searches for where a failure begins."""
    value = f.exact(_signed(pattern, f))
    if isinstance(value, str):
        return ({"-0": 1, "inf": 2, "-inf": 3, "nan": 4}[value], 0, 0, 0, pattern)
    return (int(value < 0), 1, value.denominator, abs(value.numerator), pattern)


def _one(f: Format) -> int:
    return int(to_patterns(np.asarray(encode([1.0], f, overflow="sat_finite")), f)[0])


def _signed(pattern: int, f: Format) -> int:
    if f._spec.signed_codes and pattern >> (f.bits - 1):
        return pattern - (1 << f.bits)
    return pattern


def _value(pattern: int, f: Format) -> float:
    return float(decode(to_codes(np.array([pattern], dtype=np.uint64), f), f, "float64")[0])


def _near(f: Format, carrier: str, pattern: int, halfway: bool, beside: int) -> float:
    if f.bits <= _TABLE_BITS:
        members, midpoints = _members_and_midpoints(f)
        value = float((midpoints if halfway else members)[pattern])
    else:
        members, midpoints = _with_midpoints(np.array([pattern], dtype=np.uint64), f)
        value = float((midpoints if halfway else members)[0])
    return _moved(value, carrier, beside)


@lru_cache(maxsize=64)
def _members_and_midpoints(f: Format) -> tuple[np.ndarray, np.ndarray]:
    """Of every pattern; those of specials mean nothing."""
    return _with_midpoints(np.arange(f._spec.last_code + 1, dtype=np.uint64), f)


def _with_midpoints(patterns: np.ndarray, f: Format) -> tuple[np.ndarray, np.ndarray]:
    """Values, and the midpoints between them and the next ones away from zero; behind the last where the next would
    be."""
    given = to_codes(patterns, f)
    values = decode(given, f, "float64")
    up, down = (decode(np.asarray(move(given, f)), f, "float64") for move in (arithmetic.next_up, arithmetic.next_down))
    outward, inward = np.where(values < 0, down, up), np.where(values < 0, up, down)
    with np.errstate(all="ignore"):
        beyond = np.where(inward == values, 2 * values, 2 * values - inward)
        outward = np.where(np.isfinite(outward) & (outward != values), outward, beyond)
        return values, values + (outward - values) / 2


def _moved(value: float, carrier: str, steps: int) -> float:
    """The carrier's number nearest to value, so many of its steps on; never beyond its largest."""
    of = to_format(carrier)
    code = encode(np.array([value]), of, overflow="sat_finite")
    word = int(code[0])
    sign = 1 << (of.bits - 1)
    size = word & (sign - 1)
    moved = size + steps
    if moved < 0:
        word, moved = word ^ sign, -moved
    return _value((word & sign) | min(moved, int(of._spec.max_code)), of)


def _held(f: Format, dtype: str) -> Format:
    if not f._spec.holds(CARRIERS[dtype]):
        instead = able_carriers(f._spec, "none; codes() and arrays(of='codes') work")
        raise TypeError(f"{dtype} does not hold every value of {f.name}, allowed: {instead}")
    return f


def _default_carrier(f: Format, of: str) -> str:
    if not f._spec.holds("binary32"):
        return "binary64"
    bits = (f.precision or f.bits) + 2  # of the steps beside midpoints
    return "binary32" if of == "values" or bits <= 24 else "binary64"


def _allows(f: Format, **keywords: Any) -> bool:
    """Can codes of the format be asked for under this?"""
    try:
        encode([0.0], f, nan="to_max", **keywords)
    except ValueError:
        return False
    return True
