"""Random blocks: operands of dot products, and numbers to quantize. Several kinds in turn, as of scalars."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from halfulp import codes
from halfulp._convert import decode, encode
from halfulp._format import Format
from halfulp.vectors.blocks import QuantizeTask
from halfulp.vectors.calculating import calculated
from halfulp.vectors.dots import DotTask
from halfulp.vectors.draws import edge, small, stepped, uniform
from halfulp.vectors.edges import edges
from halfulp.vectors.field import Field, code_field, to_codes, to_patterns
from halfulp.vectors.order import Order
from halfulp.vectors.scalar_cases import ScalarCases
from halfulp.vectors.task import plain_keywords

Kind = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def in_turn(kinds: list[Kind], start: int, columns: int, w: np.ndarray, lanes: np.ndarray) -> np.ndarray:
    """Rows of which each kind makes every len(kinds)-th: of WORDS words a case, and two for each lane."""
    rows = np.empty((len(w), columns), dtype=np.uint64)
    high, low = lanes[:, 0::2], lanes[:, 1::2]
    for place, kind in enumerate(kinds):
        chosen = slice((place - start) % len(kinds), None, len(kinds))
        if len(w[chosen]):
            rows[chosen] = kind(w[chosen], high[chosen], low[chosen])
    return rows


def finite(field: Field, patterns: np.ndarray) -> np.ndarray:
    """The codes themselves; 1 (or the largest member) in place of infinities and NaNs."""
    assert field.format is not None
    one = to_patterns(np.asarray(encode([1.0], field.format, overflow="sat_finite")), field.format)[0]
    return np.where(Order(field.format).is_finite(patterns), patterns, one)


def special(field: Field, word: np.ndarray) -> np.ndarray:
    """Infinities and NaNs; other edges where there are none."""
    assert field.format is not None
    found = edges(field.format)
    odd = found[~Order(field.format).is_finite(found)]
    chosen = odd if len(odd) else found
    return chosen[(word % np.uint64(len(chosen))).astype(np.int64)]


def around(field: Field, patterns: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """The same signs and fractions with the exponents of 1 times 2^exponents. Formats without exponent fields: as they
    are."""
    f = field.format
    assert f is not None
    if f.kind != "float" or f.mantissa_bits is None or f.exponent_bits is None:
        return patterns
    one = int(to_patterns(np.asarray(encode([1.0], f, overflow="sat_finite")), f)[0]) >> f.mantissa_bits
    top = (1 << f.exponent_bits) - 1
    place = np.clip(one + exponents, 0, top).astype(np.uint64) << np.uint64(f.mantissa_bits)
    kept = ~np.uint64(top << f.mantissa_bits)
    return finite(field, patterns & kept | place)


class DotCases:
    """Rows of a, b and c."""

    def __init__(self, task: DotTask) -> None:
        self.length = task.length
        self.a, self.b, self.c = (Field(x.name, x.bits, x.format) for x in (task.a, task.b, task.c))
        self.columns = 2 * task.length + 1
        self._fused = ScalarCases("fma", [self.a, self.b, self.c], task.to)

    def rows(self, start: int, w: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        kinds: list[Kind] = [
            self._finite,
            self._near_one,
            self._edges,
            self._sparse,
            self._pairs,
            self._one_large,
            self._cancelled,
            self._one_product,
            self._one_product,
            self._special,
        ]
        return in_turn(kinds, start, self.columns, w, lanes)

    def _factors(self, high: np.ndarray, low: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        n = self.length
        a = finite(self.a, uniform(self.a, high[:, :n], low[:, :n]))
        return a, finite(self.b, uniform(self.b, high[:, n : 2 * n], low[:, n : 2 * n]))

    def _row(self, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
        return np.concatenate([a, b, c[:, None]], axis=1)

    def _addend(self, w: np.ndarray) -> np.ndarray:
        loose = finite(self.c, uniform(self.c, w[:, 0], w[:, 1]))
        near = around(self.c, loose, small(w[:, 2], 8))
        return np.where(w[:, 3] & np.uint64(1), near, np.where(w[:, 3] & np.uint64(2), loose, np.uint64(0)))

    def _finite(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        return self._row(*self._factors(high, low), self._addend(w))

    def _near_one(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        n, (a, b) = self.length, self._factors(high, low)
        a = around(self.a, a, small(high[:, :n] >> np.uint64(8), 2))
        return self._row(a, around(self.b, b, small(high[:, n : 2 * n] >> np.uint64(8), 2)), self._addend(w))

    def _edges(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        n = self.length
        a, b = finite(self.a, edge(self.a, high[:, :n])), finite(self.b, edge(self.b, high[:, n : 2 * n]))
        return self._row(a, b, finite(self.c, edge(self.c, w[:, 4])))

    def _sparse(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        n, (a, b) = self.length, self._factors(high, low)
        return self._row(np.where(low[:, :n] & np.uint64(0x70000), np.uint64(0), a), b, self._addend(w))

    def _pairs(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """The second half takes back what the first one gave, but for a code here and there."""
        n, (a, b) = self.length, self._factors(high, low)
        half = n // 2
        assert self.a.format is not None
        back = calculated("negate", [(a[:, :half], self.a.format)], self.a.format)
        moved = stepped(self.a, back, np.where(low[:, :half] >> np.uint64(20) & np.uint64(15), 0, 1))
        a[:, half : 2 * half] = finite(self.a, moved)
        b[:, half : 2 * half] = b[:, :half]
        return self._row(a, b, self._addend(w))

    def _one_large(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """One product far above the others, which its alignment cuts off."""
        n, (a, b) = self.length, self._factors(high, low)
        a, b = around(self.a, a, -np.abs(small(w[:, 5], 10))[:, None]), around(self.b, b, small(low[:, n : 2 * n], 1))
        lane = (w[:, 6] % np.uint64(n)).astype(np.int64)
        rows = np.arange(len(a))
        a[rows, lane] = around(self.a, a[rows, lane], np.abs(small(w[:, 7], 10)))
        return self._row(a, b, self._addend(w))

    def _cancelled(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """c is the sum with the other sign, a code more or less."""
        a, b = self._factors(high, low)
        fa, fb, fc = (_of(field) for field in (self.a, self.b, self.c))
        total = to_patterns(
            codes.dot(
                to_codes(a, fa),
                to_codes(b, fb),
                format_a=fa,
                format_b=fb,
                format=fc,
                accumulate="exact",
                **plain_keywords(fc, "nearest_ties_to_even"),
            ),
            fc,
        )
        turned = calculated("negate", [(total, fc)], fc)
        return self._row(a, b, finite(self.c, stepped(self.c, turned, small(w[:, 8], 1))))

    def _one_product(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Zeros but for one lane, and operands of a fused multiply-add: sums at the edges of the result's format."""
        fused = self._fused.rows(w[:, 15] >> np.uint64(16), w)
        rows, lane = np.arange(len(w)), (w[:, 15] % np.uint64(self.length)).astype(np.int64)
        a, b = (np.zeros((len(w), self.length), dtype=np.uint64) for _ in range(2))
        a[rows, lane], b[rows, lane] = fused[:, 0], fused[:, 1]
        return self._row(a, b, fused[:, 2])

    def _special(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """An infinity or a NaN in some of a, b and c."""
        a, b = self._factors(high, low)
        rows = np.arange(len(a))
        for i, (x, field) in enumerate(((a, self.a), (b, self.b))):
            lane = (w[:, 9 + i] % np.uint64(self.length)).astype(np.int64)
            chosen = np.where(w[:, 13] >> np.uint64(i) & np.uint64(1), special(field, w[:, 11 + i]), x[rows, lane])
            x[rows, lane] = chosen
        c = self._addend(w)
        return self._row(a, b, np.where(w[:, 13] & np.uint64(12), c, special(self.c, w[:, 14])))


class QuantizeCases:
    """Rows of binary32 numbers."""

    def __init__(self, task: QuantizeTask) -> None:
        self.source = code_field("x", task.source)
        self.element = code_field("code", task.scheme.element)
        self.scale = code_field("scale", task.scheme.levels[0].format) if task.scheme.levels else self.source
        self.columns = task.operands[0].lanes

    def rows(self, start: int, w: np.ndarray, lanes: np.ndarray) -> np.ndarray:
        kinds: list[Kind] = [
            self._one_range,
            self._finite,
            self._members,
            self._midpoints,
            self._largest,
            self._sparse,
            self._tiny,
            self._special,
        ]
        return in_turn(kinds, start, self.columns, w, lanes)

    def _finite(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        return finite(self.source, uniform(self.source, high, low))

    def _one_range(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Exponents as those of weights: within a few binades, anywhere."""
        centre = small(w[:, 0], 120)[:, None]
        return around(self.source, self._finite(w, high, low), centre + small(high >> np.uint64(7), 3))

    def _members(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        return self._scaled(w, self._values(self._element(high, low)))

    def _midpoints(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Halfway between two members of the elements, times a scale, a code more or less."""
        here, f = self._element(high, low), _of(self.element)
        there = calculated("next_up", [(here, f)], f)
        middle = (self._values(here) + self._values(there)) * np.float32(0.5)
        middle[:, 0] = float(f.max)  # by which the scale is the one that was meant
        found = self._scaled(w, middle)
        found[:, 1:] = stepped(self.source, found[:, 1:], small(high[:, 1:] >> np.uint64(9), 1))
        return finite(self.source, found)

    def _largest(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """The largest magnitude where scales change: powers of two, and the largest member times a scale."""
        found = self._members(w, high, low)
        power = around(self.source, np.zeros(len(w), dtype=np.uint64), small(w[:, 3], 130))
        first = np.where(w[:, 4] & np.uint64(1), power, found[:, 0])
        found[:, 0] = stepped(self.source, first, small(w[:, 5], 2))
        return finite(self.source, found)

    def _sparse(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Zeros of both signs, and few numbers or none."""
        sign = high & np.uint64(1) << np.uint64(31)
        kept = (low[:, :] >> np.uint64(9) & np.uint64(7)) == 0
        return np.where(kept & (w[:, 6] % np.uint64(4) != 0)[:, None], self._one_range(w, high, low), sign)

    def _tiny(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """Around the least numbers, subnormal ones too."""
        exponent = -126 + small(w[:, 7], 8)[:, None] + small(high >> np.uint64(7), 2)
        return around(self.source, self._finite(w, high, low), exponent)

    def _special(self, w: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        """An infinity, a NaN or the largest in one lane."""
        found = self._one_range(w, high, low)
        lane = (w[:, 8] % np.uint64(self.columns)).astype(np.int64)
        special = np.array([0x7F800000, 0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0xFF7FFFFF], dtype=np.uint64)
        found[np.arange(len(w)), lane] = special[(w[:, 9] % np.uint64(len(special))).astype(np.int64)]
        return found

    def _element(self, high: np.ndarray, low: np.ndarray) -> np.ndarray:
        return finite(self.element, uniform(self.element, high, low))

    def _values(self, patterns: np.ndarray) -> np.ndarray:
        f = _of(self.element)
        return decode(to_codes(patterns, f), f, "float64").astype(np.float32)

    def _scaled(self, w: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Values times a scale for each case, as binary32; products round as IEEE 754 says on every machine."""
        f = _of(self.scale)
        scales = finite(self.scale, uniform(self.scale, w[:, 1], w[:, 2]))
        factors = np.abs(decode(to_codes(scales, f), f, "float64"))
        with np.errstate(over="ignore", under="ignore"):
            products = (values.astype(np.float64) * factors[:, None]).astype(np.float32)
        return finite(self.source, products.view(np.uint32).astype(np.uint64))


def _of(field: Field) -> Format:
    assert field.format is not None
    return field.format
