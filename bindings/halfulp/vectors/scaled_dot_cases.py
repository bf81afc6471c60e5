"""Random blocks for dot products with scales: the kinds of elements that dot products have, each under scales that try
it, and kinds of scales of their own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from halfulp._convert import encode
from halfulp.vectors.block_cases import DotCases, Kind, around, finite, in_turn, special
from halfulp.vectors.calculating import calculated
from halfulp.vectors.dots import format_of
from halfulp.vectors.draws import edge, small, stepped, uniform
from halfulp.vectors.edges import edges
from halfulp.vectors.field import Field, to_patterns
from halfulp.vectors.scaled_dots import ScaledDotTask

#: Of the edges of a format, so many first ones are drawn as often as all others together.
_LANDMARKS = 18
#: Scales of a and of b from words of a case (two) and of each scale (two).
Scales = Callable[["Words"], tuple[np.ndarray, np.ndarray]]


class Words:
    """Random words that scales are made of. u, v: of the case; high, low: of each scale, those of a before those of
    b."""

    def __init__(self, high: np.ndarray, low: np.ndarray) -> None:
        self.u, self.v = high[:, 0], low[:, 0]
        self.high, self.low = np.split(high[:, 1:], 2, axis=1), np.split(low[:, 1:], 2, axis=1)

    def __len__(self) -> int:
        return len(self.u)


class ScaledDotCases(DotCases):
    """Rows of a, its scales, b, its scales, and c."""

    def __init__(self, task: ScaledDotTask) -> None:
        super().__init__(task)
        self._task = task
        self._blocks = task.blocks
        self._scales = [Field(x.name, x.bits, x.format) for x in (task.scale_a, task.scale_b)]
        self.columns += 2 * task.blocks

    def rows(self, start: int, w: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        kinds = [
            self._under(self._finite, self._near_scales),
            self._under(self._near_one, self._opposite),
            self._under(self._edges, self._edge_scales),
            self._under(self._sparse, self._any_scales),
            self._under(self._pairs, self._one_for_all),
            self._under(self._one_large, self._near_scales),
            self._under(self._finite, self._one_block_large),
            self._under_and_cancelled(self._near_scales),
            self._under(self._one_product, self._inverse),
            self._under(self._near_one, self._at_the_ends),
            self._beside_an_end,
            self._under(self._near_one, self._special_scale),
            self._under(self._special, self._near_scales),
        ]
        return in_turn(kinds, start, self.columns, w, lanes)

    def _under(self, elements: Kind, scales: Scales) -> Kind:
        def rows(w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
            n, own = self.length, 2 * self.length  # a word of the case, then those of scales
            plain = elements(w, high, low)
            a, b = scales(Words(high[:, own:], low[:, own:]))
            return np.concatenate([plain[:, :n], a, plain[:, n:own], b, plain[:, own:]], axis=1)

        return rows

    def _under_and_cancelled(self, scales: Scales) -> Kind:
        """c is the sum with the other sign, a code more or less."""
        made = self._under(self._finite, scales)
        f = format_of(self.c)

        def rows(w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
            found = made(w, high, low)
            found[:, -1] = 0
            total, _ = self._task.placed_in(f, found, "nearest_ties_to_even")
            turned = calculated("negate", [(total, f)], f)
            found[:, -1] = finite(self.c, stepped(self.c, turned, small(w[:, 8], 1)))
            return found

        return rows

    def _beside_an_end(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """c is the largest member of the result's format, its least normal one or zero, and one product is about a step
        there."""
        f, n = self._task.to, self.length
        words = Words(high[:, 2 * n :], low[:, 2 * n :])
        lane = (w[:, 15] % np.uint64(n)).astype(np.int64)[:, None] == np.arange(n)
        a, b = self._factors(high, low)
        a = np.where(lane, around(self.a, a, small(high[:, :n] >> np.uint64(8), 1)), np.uint64(0))
        width = f.mantissa_bits or 0
        ends, steps = [0.0], [0]
        if f.emax is not None and f.emin is not None and f._spec.holds("binary64"):
            ends, steps = [float(f.max), float(f.min_normal or 0), 0.0], [f.emax - width, *[f.emin - width] * 2]
        which = (words.u % np.uint64(len(ends))).astype(np.int64)
        of_c = format_of(self.c)
        members = np.asarray(encode(np.array([ends, [-end for end in ends]]), of_c, overflow="sat_finite"))
        c = to_patterns(members, of_c)[(w[:, 14] & np.uint64(1)).astype(np.int64), which]
        scale_a, scale_b = self._halved(words, np.array(steps)[which] + small(words.u >> np.uint64(8), 2) - 1)
        around_one = around(self.b, b, small(high[:, n : 2 * n] >> np.uint64(8), 1))
        return np.concatenate([a, scale_a, around_one, scale_b, c[:, None]], axis=1)

    # --- kinds of scales

    def _sized(self, w: Words, exponents: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Positive scales of any fraction and these exponents; of formats without exponent fields any ones."""
        a, b = (
            positive(field, around(field, finite(field, uniform(field, high, low)), size))
            for field, high, low, size in zip(self._scales, w.high, w.low, exponents, strict=True)
        )
        return a, b

    def _near_scales(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        return self._sized(w, [small(high >> np.uint64(8), 3) for high in w.high])

    def _any_scales(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        a, b = (
            finite(field, uniform(field, high, low))
            for field, high, low in zip(self._scales, w.high, w.low, strict=True)
        )
        return a, b

    def _edge_scales(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        """The first edges as often as all others: every code of an exponent alone is one of them."""
        a, b = (
            finite(field, np.where(low & np.uint64(1), edge(field, high), landmark(field, high)))
            for field, high, low in zip(self._scales, w.high, w.low, strict=True)
        )
        return a, b

    def _one_for_all(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        """All blocks of a have one scale, all of b another, so that sums of blocks cancel."""
        a, b = self._sized(w, [small(word, 12)[:, None] for word in (w.u, w.v)])
        return np.repeat(a[:, :1], self._blocks, axis=1), np.repeat(b[:, :1], self._blocks, axis=1)

    def _opposite(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        """Large ones of a, small ones of b or the other way about, whose products are near one."""
        size = small(w.high[0] >> np.uint64(8), 120)
        return self._sized(w, [size, small(w.high[1] >> np.uint64(8), 1) - size])

    def _one_block_large(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        """One block's products far above the others', which alignment cuts off and sums absorb."""
        above = 3 + np.abs(small(w.u, 16))[:, None]
        chosen = np.arange(self._blocks) == (w.v % np.uint64(self._blocks)).astype(np.int64)[:, None]
        way = np.where(chosen, above, 0)
        return self._sized(w, [way, np.where(chosen, small(w.high[1], 3), -above)])

    def _inverse(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        """Powers of two whose products are one, as far as formats have them."""
        size = small(w.high[0], min(map(reach, self._scales)))
        a, b = (
            around(field, np.full(size.shape, one(field)), way)
            for field, way in zip(self._scales, (size, -size), strict=True)
        )
        return a, b

    def _at_the_ends(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        """Scales whose products bring results to the largest members, the least normal ones, and the least ones."""
        f = self._task.to
        ends = [0] if f.emax is None or f.emin is None else [f.emax, f.emin, f.emin - (f.mantissa_bits or 0)]
        chosen = np.array(ends)[(w.u % np.uint64(len(ends))).astype(np.int64)]
        return self._halved(w, chosen + small(w.u >> np.uint64(8), 5))

    def _halved(self, w: Words, whole: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Exponents of one sum for each case, about half of it a's and the rest b's, give or take one."""
        part = (whole // 2 + small(w.v, 8))[:, None]
        loose = [small(high >> np.uint64(8), 1) for high in w.high]
        return self._sized(w, [part + loose[0], whole[:, None] - part + loose[1]])

    def _special_scale(self, w: Words) -> tuple[np.ndarray, np.ndarray]:
        """A NaN, an infinity, a zero or, of formats without, another edge in one of the scales."""
        found = self._near_scales(w)
        rows, place = np.arange(len(w)), (w.v % np.uint64(self._blocks)).astype(np.int64)
        of_b = (w.u & np.uint64(1)).astype(bool)
        for field, scales, chosen in zip(self._scales, found, (~of_b, of_b), strict=True):
            odd = np.where(w.u & np.uint64(6), special(field, w.v >> np.uint64(8)), np.uint64(0))
            scales[rows[chosen], place[chosen]] = odd[chosen]
        return found


def landmark(field: Field, word: np.ndarray) -> np.ndarray:
    """One of the edges that matter most."""
    found = edges(format_of(field))[:_LANDMARKS]
    return found[(word % np.uint64(len(found))).astype(np.int64)]


def positive(field: Field, patterns: np.ndarray) -> np.ndarray:
    """Without their sign bits, of float formats; others as they are."""
    f = format_of(field)
    return patterns & np.uint64((1 << (f.bits - 1)) - 1) if f.kind == "float" and f.signed else patterns


def one(field: Field) -> np.uint64:
    """The pattern of 1, or of the largest member below it."""
    f = format_of(field)
    return np.uint64(to_patterns(np.asarray(encode([1.0], f, overflow="sat_finite")), f)[0])


def reach(field: Field) -> int:
    """How far 2^n and 2^-n both are normal members; 0 of formats without exponent fields."""
    f = format_of(field)
    if f.kind != "float" or f.mantissa_bits is None or f.exponent_bits is None:
        return 0
    place = int(one(field)) >> f.mantissa_bits
    return max(0, min(place - 1, (1 << f.exponent_bits) - 2 - place))
