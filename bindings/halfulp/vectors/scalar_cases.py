"""Random operands of one-result operations, of several kinds in turn: anything, near edges, of close exponents, with
few bits, and solved for a result that lies on or beside a member, a midpoint or an edge of the result's format."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from halfulp._format import Format
from halfulp.vectors.calculating import Operand, calculated, half_step, midpoint, scaled
from halfulp.vectors.draws import edge, small, stepped, uniform
from halfulp.vectors.field import Field, to_codes
from halfulp.vectors.scalar import SCALB_OPERAND

#: As many edges, the first ones, are aimed at as often as all others together.
_LANDMARKS = 18


class ScalarCases:
    """Those of operands with these fields. result: the format that is aimed at."""

    def __init__(self, operation: str, operands: list[Field], result: Format) -> None:
        self.operation = operation
        self.operands = operands
        self.result = Field("result", result.bits, result)
        self.kinds: list[Callable[[np.ndarray], np.ndarray]] = [
            self._uniform,
            self._near_edges,
            self._solved_for_members,
            self._mixed,
            self._close_exponents,
            self._few_bits,
            self._solved_for_midpoints,
            self._half_steps,
        ]

    def rows(self, turns: np.ndarray, words: np.ndarray) -> np.ndarray:
        """A case for each row of WORDS words; turns (uint64) say which kind it is of."""
        rows = np.empty((len(words), len(self.operands)), dtype=np.uint64)
        for place, kind in enumerate(self.kinds):
            chosen = turns % np.uint64(len(self.kinds)) == place
            if chosen.any():
                rows[chosen] = kind(words[chosen])
        return rows

    def _any(self, i: int, w: np.ndarray) -> np.ndarray:
        field = self.operands[i]
        if self._is_shift(i):
            return edge(field, w[:, 2 * i])  # most of 2^32 shifts go far beyond every format
        return uniform(field, w[:, 2 * i], w[:, 2 * i + 1])

    def _edge(self, i: int, w: np.ndarray) -> np.ndarray:
        return stepped(self.operands[i], edge(self.operands[i], w[:, 2 * i]), small(w[:, 2 * i + 1], 2))

    def _uniform(self, w: np.ndarray) -> np.ndarray:
        return self._stack([self._any(i, w) for i in range(len(self.operands))])

    def _near_edges(self, w: np.ndarray) -> np.ndarray:
        return self._stack([self._edge(i, w) for i in range(len(self.operands))])

    def _mixed(self, w: np.ndarray) -> np.ndarray:
        return self._stack(
            [
                np.where(w[:, 8] >> np.uint64(i) & np.uint64(1), self._any(i, w), self._edge(i, w))
                for i in range(len(self.operands))
            ]
        )

    def _close_exponents(self, w: np.ndarray) -> np.ndarray:
        """The others are the first one (of fma the product) times a small power of two, either sign, some codes on."""
        found = [self._any(0, w)]
        for i, field in enumerate(self.operands[1:], 1):
            if field.format is None or self._is_shift(i):
                found.append(self._any(i, w))
                continue
            like = (found[0], self._format(0))
            if self.operation == "fma":
                if i == 1:
                    found.append(self._any(i, w))
                    continue
                like = (calculated("mul", [like, (found[1], self._format(1))], field.format), field.format)
            near = scaled(like, small(w[:, 8 + i], 2 + (field.format.precision or field.bits)), field.format)
            close = np.where(w[:, 12] & np.uint64(1), near, scaled(like, np.int64(0), field.format))
            turned = calculated("negate", [(close, field.format)], field.format)
            chosen = np.where(w[:, 12] & np.uint64(2), turned, close)
            loose = stepped(field, chosen, small(w[:, 2 * i], 1 << max(1, min(field.bits // 3, 16))))
            tight = stepped(field, chosen, small(w[:, 2 * i + 1], 2))
            found.append(np.where(w[:, 12] & np.uint64(4), loose, tight))
        return self._stack(found)

    def _few_bits(self, w: np.ndarray) -> np.ndarray:
        """Exponents as they come; fractions with a few leading bits, a few bits anywhere, or ones to the end."""
        return self._stack([self._short(i, w) for i in range(len(self.operands))])

    def _short(self, i: int, w: np.ndarray) -> np.ndarray:
        field, found = self.operands[i], self._any(i, w)
        width = field.format.mantissa_bits if field.format is not None else None
        if not width:
            return found
        last = np.uint64((1 << width) - 1)
        fraction = found & last
        kept = w[:, 8 + i] % np.uint64(width + 1)
        leading = fraction >> kept << kept
        sparse = fraction & (w[:, 13] << np.uint64(32) | w[:, 14]) & (w[:, 14] << np.uint64(31) | w[:, 15])
        ones = last >> kept
        choice = w[:, 12] >> np.uint64(2 * i) & np.uint64(3)
        return found & ~last | np.where(choice < 2, leading, np.where(choice == 2, sparse, ones))

    def _solved_for_members(self, w: np.ndarray) -> np.ndarray:
        return self._solved(w, lambda member, to: scaled(member, np.int64(0), to))

    def _solved_for_midpoints(self, w: np.ndarray) -> np.ndarray:
        return self._solved(w, midpoint)

    def _solved(self, w: np.ndarray, target: Callable[[Operand, Format], np.ndarray]) -> np.ndarray:
        """One operand is found from a result, then moved by a code or none."""
        landmarks = np.where(w[:, 10] & np.uint64(4), w[:, 8] % np.uint64(_LANDMARKS), w[:, 8])
        near = stepped(self.result, edge(self.result, landmarks), small(w[:, 9], 2))
        member = np.where(w[:, 10] & np.uint64(1), near, uniform(self.result, w[:, 8], w[:, 9]))
        assert self.result.format is not None
        found = list(np.where(w[:, 10] & np.uint64(2), self._uniform(w).T, self._few_bits(w).T))
        place, operand = self._solution(found, (member, self.result.format), target)
        found[place] = stepped(self.operands[place], operand, small(w[:, 11], 1))
        return self._stack(found)

    def _solution(
        self, found: list[np.ndarray], member: Operand, target: Callable[[Operand, Format], np.ndarray]
    ) -> tuple[int, np.ndarray]:
        """The operand that is solved for, and what it has to be."""
        op, operands = self.operation, [(x, self._format(i)) for i, x in enumerate(found)]
        place = {"add": 1, "sub": 1, "mul": 1, "fma": 2, "faa": 2}.get(op, 0)
        to = self._format(place)
        r = (target(member, to), to)

        def minus(x: Operand) -> Operand:
            return calculated("negate", [x], x[1]), x[1]

        def calc(name: str, *given: Operand) -> np.ndarray:
            return calculated(name, given, to)

        match op:
            case "add":
                return place, calc("sub", r, operands[0])
            case "sub":
                return place, calc("sub", operands[0], r)
            case "mul":
                return place, calc("div", r, operands[0])
            case "div":
                return place, calc("mul", r, operands[1])
            case "fma":
                return place, calc("fma", minus(operands[0]), operands[1], r)
            case "faa":
                return place, calc("faa", r, minus(operands[0]), minus(operands[1]))
            case "sqrt":
                return place, calc("mul", r, r)
            case "recip":
                return place, calc("recip", r)
            case "rsqrt":
                return place, calc("recip", (calc("mul", r, r), to))
            case "remainder":  # a few times the divisor more
                return place, calc("add", r, (scaled(operands[1], found[0].astype(np.int64) & 3, to), to))
            case "scalb":
                shift = self._format(1)
                return place, scaled(r, -to_codes(found[1], shift).astype(np.int64), to)
        return place, r[0]

    def _half_steps(self, w: np.ndarray) -> np.ndarray:
        """The last operand is half a step of the result so far, of either sign, some codes on: sums at midpoints and
        just beside them; a tiny one is what decides by its sign alone."""
        found = [self._short(i, w) for i in range(len(self.operands))]
        last = len(found) - 1
        if last == 0 or self._is_shift(last):
            return self._stack(found)
        to = self._format(last)
        assert self.result.format is not None
        begun = (found[0], self._format(0))
        if self.operation == "fma":
            begun = (calculated("mul", [begun, (found[1], self._format(1))], self.result.format), self.result.format)
        rounded = scaled(begun, np.int64(0), self.result.format)
        half = half_step((rounded, self.result.format), to)
        tiny = scaled((half, to), -np.abs(small(w[:, 9], 2 * (to.precision or to.bits))), to)
        chosen = np.where(w[:, 10] & np.uint64(1), half, tiny)
        turned = calculated("negate", [(chosen, to)], to)
        found[last] = stepped(
            self.operands[last], np.where(w[:, 10] & np.uint64(2), turned, chosen), small(w[:, 11], 1)
        )
        return self._stack(found)

    def _is_shift(self, i: int) -> bool:
        return self.operands[i].name == SCALB_OPERAND

    def _format(self, i: int) -> Format:
        f = self.operands[i].format
        assert f is not None  # operands are codes
        return f

    def _stack(self, columns: list[np.ndarray]) -> np.ndarray:
        return np.stack(columns, axis=1).astype(np.uint64)
