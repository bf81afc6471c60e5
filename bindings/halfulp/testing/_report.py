"""What differs, in words that a person can act on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from halfulp._convert import encode
from halfulp._format import Format
from halfulp.cli.codes import binary
from halfulp.cli.numbers import shown
from halfulp.testing._answers import Answers
from halfulp.testing._definitions import Conversion, Definition, Products
from halfulp.testing._hints import hints
from halfulp.vectors.field import to_codes, to_patterns
from halfulp.vectors.order import Order

#: Differences that regions and distances are told of; dot products are longer.
_COUNTED, _COUNTED_PRODUCTS = 2**20, 4096
#: What is "just above" and "just below": part of a step.
_CLOSE = Fraction(1, 64)
_DISTANCES = 4


def report(definition: Definition, answers: Answers, expected: np.ndarray, wrong: np.ndarray, most: int) -> list[str]:
    """Lines, after the one that says how many differ."""
    places = np.flatnonzero(wrong)
    counted = places[: _COUNTED_PRODUCTS if isinstance(definition, Products) else _COUNTED]
    looked = _Looked(definition.at(counted), answers.at(counted), expected[counted])
    lines: list[str] = []
    for row, place in enumerate(places[:most]):
        index = [int(i) for i in np.unravel_index(place, definition.shape)]
        lines += [f"  {index}: {looked.first_line(row)}", f"    {looked.second_line(row)}"]
    of = "" if len(counted) == len(places) else f" (of the first {len(counted)})"
    lines.append(f"where{of}: {looked.regions()}")
    lines.append(f"how far{of}: {looked.distances()}")
    return lines + hints(definition, answers, wrong)


def value_text(f: Format, pattern: int) -> str:
    """The value of a code, as a power of two times an integer where a fraction would not fit a line."""
    value = _exact(f, pattern)
    if isinstance(value, str) or max(value.numerator.bit_length(), value.denominator.bit_length()) <= 64:
        return str(value)
    negative, significand, exponent = f._spec.finite_value(pattern)
    return f"{'-' if negative else ''}{significand} * 2^{exponent}"


class _Looked:
    """Differences alone."""

    def __init__(self, definition: Definition, answers: Answers, expected: np.ndarray) -> None:
        self._definition, self._answers, self._expected = definition, answers, expected
        self._format = f = definition.format
        self._given, self._strange = answers.patterns()
        self._order = Order(f)
        self._steps = self._order.distance(self._given, expected)
        self._shown = _Lazily(answers)
        self._place = _Places.of(definition)

    def first_line(self, row: int) -> str:
        code = int(self._expected[row])
        return (
            f"{self._definition.shown(row)}, actual {self._shown[row]}, expected code {code:#x} = "
            f"{value_text(self._format, code)}"
        )

    def second_line(self, row: int) -> str:
        right = _fields(self._format, int(self._expected[row]))
        if self._strange[row]:
            what = "no code of" if self._answers.are_codes else "no member of"
            text = f"{right} is right; {self._shown[row]} is {what} {self._format}"
        else:
            text = f"{_fields(self._format, int(self._given[row]))}, right is {right}: {self._distance(row)}"
        where = None if self._place is None else self._place.text(row)
        return f"{text}; {where}" if where else text

    def regions(self) -> str:
        order, f = self._order, self._format
        region = np.full(self._expected.shape, "normal" if f.kind == "float" else "inside the range", dtype=object)
        if self._place is not None:
            region[self._place.subnormal] = "subnormal"
        elif f.min_normal is not None:
            region[self._is_subnormal()] = "subnormal"
        region[order.is_infinity(self._given) != order.is_infinity(self._expected)] = "infinity"
        if self._place is not None:
            region[self._place.beyond] = "overflow"
        zero_sign = (self._steps == 0) & ~order.is_nan(self._expected)
        region[zero_sign] = "sign of zero"
        region[order.is_nan(self._given) & order.is_nan(self._expected)] = "bits of NaN"
        nan = np.isnan(self._steps)
        region[nan if self._place is None else nan & ~self._place.beyond] = "NaN"
        region[self._strange] = "no codes" if self._answers.are_codes else "no members"
        text = _counted(Counter(region.tolist()))
        ties = 0 if self._place is None else int(self._place.ties.sum())
        return f"{text}; {ties} of them at a tie" if ties else text

    def distances(self) -> str:
        """Towards zero or away from it, where that says it in fewer words than above and below."""
        toward_zero = np.sign(self._steps) * np.sign(self._ranks(self._expected)) < 0
        inward = np.where(toward_zero, -np.abs(self._steps), np.abs(self._steps))
        ways = [self._words(self._steps, "above", "below"), self._words(inward, "away from zero", "toward zero")]
        return _counted(min(ways, key=len), _DISTANCES)

    def _words(self, steps: np.ndarray, up: str, down: str) -> Counter[str]:
        kinds = np.stack([steps, self._strange, self._order.is_nan(self._expected)])
        words: Counter[str] = Counter()
        distinct, counts = np.unique(kinds, axis=1, return_counts=True)
        for (step, strange, nan), count in zip(distinct.T, counts, strict=True):
            words[self._distance_text(float(step), bool(strange), bool(nan), up, down)] += int(count)
        return words

    def _is_subnormal(self) -> np.ndarray:
        """By what is expected."""
        least = self._ranks(np.array([1 << (self._format.mantissa_bits or 0)], dtype=np.uint64))[0]
        found: np.ndarray = np.abs(self._ranks(self._expected)) < least
        return found

    def _ranks(self, patterns: np.ndarray) -> np.ndarray:
        """Counted from zero, or from below the least member in a format without one."""
        f = self._format
        if not f._spec.has_zero:
            return self._order.ranks(patterns) + (1 if f.min_positive == f.min else 0)
        zero = to_patterns(np.asarray(encode([0.0], f)), f)
        return self._order.ranks(patterns) - self._order.ranks(zero)

    def _distance(self, row: int) -> str:
        nan = bool(self._order.is_nan(self._expected[row : row + 1])[0])
        return self._distance_text(float(self._steps[row]), bool(self._strange[row]), nan, "above", "below")

    def _distance_text(self, steps: float, strange: bool, nan: bool, up: str, down: str) -> str:
        if strange:
            return "no code" if self._answers.are_codes else "no member"
        if np.isnan(steps):
            return "NaN or not"
        if steps == 0:
            return "a NaN with other bits" if nan else "the other zero"
        if np.isinf(steps):
            return "infinite or not"
        return f"{abs(steps):.0f} step{'s' * (abs(steps) != 1)} {up if steps > 0 else down}"


class _Lazily:
    """Texts of answers, made one by one."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers

    def __getitem__(self, row: int) -> str:
        return self._answers.at(np.array([row])).shown()[0]


class _Places:
    """Where exact results lie between members."""

    def __init__(self, f: Format, x: np.ndarray, subject: str) -> None:
        self._format, self._x, self._subject = f, x, subject
        nan = {} if f.has_nan else {"nan": "to_zero"}
        ends = [
            Conversion(x, f, x.shape, {"overflow": "sat_finite", **nan, "rounding": mode}).answers() for mode in _MODES
        ]
        self._low, self._high = ends[:2]
        self.ties = ends[2] != ends[3]
        size = np.abs(x)
        finite = np.isfinite(x)
        self.beyond = finite & ((x > float(f.max)) | (x < float(f.min)))
        self.subnormal = np.zeros(x.shape, dtype=bool)
        if f.min_normal is not None:
            self.subnormal = finite & (size < float(f.min_normal))

    @staticmethod
    def of(definition: Definition) -> _Places | None:
        wide = definition.wide()
        subject = "source" if isinstance(definition, Conversion) else "exact result"
        return None if wide is None else _Places(definition.format, wide, subject)

    def text(self, row: int) -> str | None:
        f, x, subject = self._format, float(self._x[row]), self._subject
        if not np.isfinite(x):
            return None
        if self.beyond[row]:
            end = f.max if x > 0 else f.min
            return f"{subject} beyond {shown(Fraction(end))}"
        low, high = (_exact(f, int(codes[row])) for codes in (self._low, self._high))
        texts = [shown(value) for value in (low, high)]
        a, b, size = (abs(_number(value)) for value in (low, high, Fraction(x)))
        if a == b:
            return f"{subject} a member" if a == size else None
        if self.ties[row]:
            return f"{subject} at the tie of {texts[0]} and {texts[1]}"
        if f.kind in ("posit", "codebook"):
            return f"{subject} between {texts[0]} and {texts[1]}"
        part = (size - a) / (b - a)
        in_size = "in size " if x < 0 else ""
        if abs(part - Fraction(1, 2)) < _CLOSE:
            side = "above" if part > Fraction(1, 2) else "below"
            return f"{subject} {in_size}just {side} the midpoint of {texts[0]} and {texts[1]}"
        if part < _CLOSE:
            return f"{subject} {in_size}just above {texts[0]}, below {texts[1]}"
        if part > 1 - _CLOSE:
            return f"{subject} {in_size}just below {texts[1]}, above {texts[0]}"
        return f"{subject} {float(part):.2f} of the way from {texts[0]} to {texts[1]}"


_MODES = ("toward_zero", "away_from_zero", "nearest_ties_to_zero", "nearest_ties_to_away")


def _exact(f: Format, pattern: int) -> Fraction | str:
    return f.exact(int(to_codes(np.array([pattern], dtype=np.uint64), f)[0]))


def _number(value: Fraction | str) -> Fraction:
    return Fraction(0) if isinstance(value, str) else value


def _fields(f: Format, pattern: int) -> str:
    code = int(to_codes(np.array([pattern], dtype=np.uint64), f)[0])
    return f"{binary(code, f).removeprefix('0b').replace('_', '|')} = {shown(f.exact(code))}"


def _counted(words: Counter[str], most: int | None = None) -> str:
    ordered = words.most_common()
    rest = sum(count for _, count in ordered[most:]) if most is not None else 0
    parts: Sequence[str] = [f"{word} {count}" for word, count in ordered[:most]]
    return ", ".join([*parts, f"others {rest}"] if rest else parts)
