"""halfulp verify: planted faults are found at level 1, reports say what is true, and bad files are named by line and
column."""

import json
import shlex
from fractions import Fraction
from pathlib import Path

import halfulp as hu
import numpy as np
import pytest
from cli_support import json_lines, refused, run
from halfulp.vectors import OPERATIONS, Request, verify, write
from halfulp.vectors.coverage import PLACES, Coverage
from halfulp.vectors.draws import WORDS, Stream, words
from halfulp.vectors.scalar_cases import ScalarCases
from halfulp.vectors.tasks import task_of

INEXACT, UNDERFLOW, OVERFLOW, INVALID = 1, 2, 4, 16

# --- planted faults ---------------------------------------------------------------------------------------------------


class Device:
    """A unit with one fault, made of hu.codes: wrong in one place and right everywhere else."""

    def __init__(self, operation: str, formats: list[str], result: str) -> None:
        self.operation = operation
        self.formats = [hu.format(name) for name in formats]
        self.f = hu.format(result)
        self.sign = self.f.code_dtype.type(1 << (self.f.bits - 1))

    def right(self, operands: list[np.ndarray], f: hu.Format | None = None, **how) -> np.ndarray:
        formats = {f"format_{letter}": each for letter, each in zip("abc", self.formats, strict=False)}
        return getattr(hu.codes, self.operation)(*operands, **formats, format=f or self.f, **how)

    def value(self, codes: np.ndarray) -> np.ndarray:
        return hu.decode(codes, self.f, "float64")

    def wrong_tie(self, operands):
        """Negative ties go away from zero."""
        right, away, toward = (
            self.right(operands, rounding=mode, overflow="sat_finite")
            for mode in ("nearest_ties_to_even", "nearest_ties_to_away", "nearest_ties_to_zero")
        )
        tie = (away != toward) & (right & self.sign != 0) & np.isfinite(self.value(right))
        return np.where(tie, away, self.right(operands))

    def wrong_subnormal(self, operands):
        """What rounds up to the least normal member stays the largest subnormal one."""
        right, low = self.right(operands), self.right(operands, rounding="toward_zero", overflow="sat_finite")
        least = float(self.f.min_normal)
        up = (np.abs(self.value(right)) == least) & (np.abs(self.value(low)) < least)
        return np.where(up, low, right)

    def flushed_subnormals(self, operands):
        right = self.right(operands)
        return np.where(np.abs(self.value(right)) < float(self.f.min_normal), right & self.sign, right)

    def missing_sticky(self, operands):
        """Two guard bits, and nothing of what lies below them."""
        wide = hu.float_format(
            exponent_bits=self.f.exponent_bits + 1, mantissa_bits=self.f.mantissa_bits + 2, bias=1 - self.f.emin
        )
        cut = self.right(operands, wide, rounding="toward_zero", overflow="sat_finite")
        right = self.right(operands)
        return np.where(np.isfinite(self.value(right)), hu.codes.convert(cut, wide, format=self.f), right)

    def wrong_overflow(self, operands):
        """What is above the largest member and rounds to it overflows."""
        right, low = self.right(operands), self.right(operands, rounding="toward_zero", overflow="sat_finite")
        _, flags = self.right(operands, rounding="toward_zero", overflow="sat_finite", flags=True)
        at = (np.abs(self.value(right)) == float(self.f.max)) & (right == low) & (flags & INEXACT != 0)
        beyond = self.f._spec.inf_code if self.f.has_inf else self.f._spec.nan_code
        return np.where(at, beyond | (right & self.sign), right).astype(right.dtype)

    def wrong_zero(self, operands):
        """-0 comes out as 0."""
        right = self.right(operands)
        return np.where(right == self.sign, 0, right).astype(right.dtype)

    def wrong_nan(self, operands):
        """A NaN comes out as the largest member."""
        right = self.right(operands)
        return np.where(np.isnan(self.value(right)), self.f._spec.max_code, right).astype(right.dtype)


ROUNDS = ("add", "sub", "mul", "div", "fma", "faa", "scalb", "convert")
ROOTS = ("sqrt", "recip", "rsqrt")
NUMBERS = tuple(name for name in OPERATIONS if name not in ("compare", "dot", "quantize"))
FAULTS = {
    "wrong_tie": (*ROUNDS, "round_to_integral"),
    "wrong_subnormal": ("mul", "div", "fma", "scalb", "convert"),
    "flushed_subnormals": tuple(name for name in NUMBERS if name not in ("sqrt", "rsqrt", "round_to_integral")),
    "missing_sticky": (*ROUNDS, *ROOTS, "round_to_integral"),
    "wrong_overflow": ("add", "sub", "mul", "fma", "faa", "convert"),
    "wrong_zero": tuple(name for name in NUMBERS if name not in ("abs", "rsqrt", "next_down")),
    "wrong_nan": NUMBERS,
}


def operands_of(path: Path, formats: list[str]) -> list[np.ndarray]:
    table = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    found = [np.array([int(row[i], 16) for row in table], dtype=np.uint64) for i in range(len(formats))]
    return [
        x.astype(np.int32 if name == "int32" else hu.format(name).code_dtype)
        for x, name in zip(found, formats, strict=True)
    ]


def formats_of(operation: str, name: str) -> list[str]:
    if operation == "convert":
        return ["binary32"]
    count = {"fma": 3, "faa": 3}.get(operation, 1 if operation in (*ROOTS, "abs", "negate") else 2)
    count = 1 if operation in ("round_to_integral", "next_up", "next_down") else count
    return [name, "int32"] if operation == "scalb" else [name] * count


@pytest.mark.parametrize("name", ["e4m3fn", "binary16", pytest.param("bfloat16", marks=pytest.mark.slow)])
@pytest.mark.parametrize("operation", NUMBERS)
def test_a_planted_fault_is_found_at_level_1(tmp_path, operation: str, name: str):
    # Catches: vectors without the case that tells a fault from the right answer; a verify that overlooks a difference.
    path, answers = tmp_path / "v.txt", tmp_path / "answers.txt"
    formats = formats_of(operation, name)
    write(Request(operation, formats[0], result=name), path)
    operands = operands_of(path, formats)
    device = Device(operation, formats[:1] if operation == "scalb" else formats, name)
    right = device.right(operands)
    found = []
    for fault, operations in FAULTS.items():
        if operation not in operations or (operation, name, fault) == ("recip", "e4m3fn", "wrong_zero"):
            continue  # e4m3fn has no infinity, and 1/448 is above zero
        given = getattr(device, fault)(operands)
        differs = given != right
        assert differs.any(), fault
        found.append((fault, given, int(differs.sum())))
    assert found
    fault, given, count = found[len(operation) % len(found)]  # a file of each fault would be slow and show no more
    answers.write_text("".join(f"{code:x}\n" for code in given.tolist()))
    report = verify(path, answers, flags=False, nan="bits")
    assert (report.differing, report.results) == (count, count), fault
    assert not report.equal
    first = int(np.flatnonzero(given != right)[0])
    assert report.first[0].case == report.first[0].line == first + 1
    assert (report.first[0].got, report.first[0].expected[0]) == ([int(given[first])], int(right[first]))


def test_wrong_flags_are_found(tmp_path):
    # Catches: flags that are read and not compared; tininess before and after rounding taken for the same.
    for how, other in (({}, {"tininess": "before"}), ({"rounding": "toward_zero"}, {"rounding": "to_odd"})):
        write(Request("mul", "binary16", **how), tmp_path / "v.txt")
        operands = operands_of(tmp_path / "v.txt", ["binary16", "binary16"])
        result, _ = hu.codes.mul(*operands, "binary16", flags=True, **how)
        _, flags = hu.codes.mul(*operands, "binary16", flags=True, **other)
        flags = flags if "tininess" in other else flags ^ (flags & INEXACT)
        (tmp_path / "answers.txt").write_text(
            "".join(f"{r:04x} {f:02x}\n" for r, f in zip(result.tolist(), flags.tolist(), strict=True))
        )
        found = verify(tmp_path / "v.txt", tmp_path / "answers.txt")
        assert found.results == 0
        assert found.flags == found.differing > 0
        assert verify(tmp_path / "v.txt", tmp_path / "answers.txt", flags=False).equal


def test_comparisons_dot_products_and_blocks_with_a_fault(tmp_path):
    # Catches: kinds of vectors that verify takes for right whatever stands there.
    path = tmp_path / "v.txt"

    def changed(given: Request, change) -> int:
        write(given, path)
        lines = path.read_text().splitlines()
        count = 0
        for i, line in enumerate(lines):
            words = line.split()
            if not line.startswith("#") and change(words) is not None:
                lines[i], count = " ".join(change(words)), count + 1
        path.write_text("\n".join(lines) + "\n")
        found = verify(path)
        assert found.differing == count > 0
        return count

    # -0 is below 0; a NaN equals itself
    changed(Request("compare", "e5m2"), lambda w: [*w[:2], "3", w[3]] if w[:2] == ["80", "00"] else None)
    changed(Request("compare", "e5m2"), lambda w: [*w[:2], "0", w[3]] if w[0] == w[1] == "7e" else None)
    # The last element of a block with a NaN scale
    changed(Request("quantize", "mxfp4"), lambda w: [*w[:-1], "1"] if w[32] == "ff" else None)
    # fused sums where the unit rounds to zero once in a while
    write(Request("dot", "e4m3fn", result="binary16", accumulate="fma", length=4), path)
    rows = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    table = np.array([[int(word, 16) for word in row] for row in rows], dtype=np.uint64)
    how = {"format_a": "e4m3fn", "format": "binary16", "accumulate": "pairwise"}
    other = hu.codes.dot(
        table[:, :4].astype(np.uint8), table[:, 4:8].astype(np.uint8), c=table[:, 8].astype(np.uint16), **how
    )
    (tmp_path / "answers.txt").write_text("".join(f"{code:04x}\n" for code in other.tolist()))
    found = verify(path, tmp_path / "answers.txt", flags=False, nan="bits")
    assert found.differing == int((other != table[:, 9]).sum()) > 0


def test_a_stochastic_unit_that_compares_one_off(tmp_path):
    # Catches: R that never is where the result changes.
    how = {"rounding": "stochastic_a", "random_bits": 16}
    write(Request("add", "binary16", **how), tmp_path / "v.txt")
    a, b, random = operands_of(tmp_path / "v.txt", ["binary16", "binary16", "binary32"])
    one_more = np.minimum(random + 1, 2**16 - 1).astype(np.uint32)
    given = hu.codes.add(a, b, "binary16", random=one_more, **how)
    (tmp_path / "answers.txt").write_text("".join(f"{code:04x}\n" for code in given.tolist()))
    assert verify(tmp_path / "v.txt", tmp_path / "answers.txt", flags=False).differing > 1000


def test_a_stochastic_dot_product_one_of_whose_roundings_compares_one_off(tmp_path):
    # Catches: R of dot products that never is where the result changes, or columns in another order than the roundings.
    length, how = 2, {"rounding": "stochastic_a", "random_bits": 16}
    write(Request("dot", "binary16", length=length, level=2, **how), tmp_path / "v.txt")
    rows = [line.split() for line in (tmp_path / "v.txt").read_text().splitlines() if not line.startswith("#")]
    table = np.array([[int(word, 16) for word in row] for row in rows], dtype=np.uint64)
    a, b, c = table[:, :2].astype(np.uint16), table[:, 2:4].astype(np.uint16), table[:, 4].astype(np.uint16)
    random = np.ascontiguousarray(table[:, 5:10].astype(np.uint32))

    def differing(r: np.ndarray) -> int:
        given = hu.codes.dot(a, b, "binary16", "binary16", "binary16", c=c, format_c="binary16", random=r, **how)
        (tmp_path / "answers.txt").write_text("".join(f"{code:04x}\n" for code in given.tolist()))
        return verify(tmp_path / "v.txt", tmp_path / "answers.txt", flags=False).differing

    assert differing(random) == 0
    for rounding in range(4):  # product, sum, product, sum; the result is a member already
        one_more = random.copy()
        one_more[:, rounding] = np.minimum(random[:, rounding] + 1, 2**16 - 1)
        assert differing(one_more) > 20, rounding


# --- what reports say -------------------------------------------------------------------------------------------------


def planted(tmp_path: Path, given: Request, case: int, answer: str, form: str = "text") -> Path:
    """A file whose case-th answer, from 1 on, is another one."""
    path = tmp_path / "planted"
    write(given, path, form)
    lines = path.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    words = lines[first + case - 1].split()
    lines[first + case - 1] = " ".join([*words[: -len(answer.split())], *answer.split()])
    path.write_text("\n".join(lines) + "\n")
    return path


def test_the_report_of_one_mismatch(tmp_path, capsys):
    # Catches: fields, exact values, distances or lines that are not those of the case.
    path = planted(tmp_path, Request("mul", "e4m3fn"), 256 * 0x39 + 0x3A + 1, "3d 00")  # 1.125 * 1.25
    code, out, err = run(capsys, "verify", str(path))
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[0].startswith("mul e4m3fn, e4m3fn -> e4m3fn, nearest_ties_to_even: 65536 cases (halfulp ")
    assert lines[1] == "1 differ (results 1, flags 1)"
    start = lines.index("case 14651 (line 14669):")
    assert [line.split() for line in lines[start + 1 : start + 8]] == [
        ["a", "39", "0_0111_001", "1.125"],
        ["b", "3a", "0_0111_010", "1.25"],
        ["exact", "0x1.68p+0", "=", "1.40625"],
        ["expected", "3b", "0_0111_011", "1.375"],
        ["got", "3d", "0_0111_101", "1.625,", "2", "steps", "above"],
        ["flags", "01", "expected:", "inexact"],
        ["00", "got:", "none"],
    ]
    assert ["2", "1"] in [line.split() for line in lines]
    places = [line.rsplit(None, 2) for line in lines[lines.index("where the exact results lie:") + 2 :]]
    differ = {place.strip(): int(count) for place, _, count in places}
    assert differ == dict.fromkeys([place for place in PLACES if place != "cancellation"], 0)


EXACT = {
    ("div", "e4m3fn", 0x38, 0x3C): "2/3 ≈ 0.66666666666666666667",
    ("sqrt", "e4m3fn", 0x40): "≈ 1.4142135623730950488 (irrational)",
    ("sqrt", "e4m3fn", 0x48): "0x1p+1 = 2",
    ("rsqrt", "e4m3fn", 0x48): "0x1p-1 = 0.5",
    ("recip", "e4m3fn", 0x44): "1/3 ≈ 0.33333333333333333333",
    ("remainder", "e4m3fn", 0x44, 0x40): "-0x1p+0 = -1",
    ("scalb", "e4m3fn", 0x44, 3): "0x1.8p+1 * 2^3",
    ("faa", "e2m1fn", 1, 2, 11): "0x0p+0",
    ("copysign", "e4m3fn", 0x38, 0x80): "-0x1p+0 = -1",
    ("minimum_magnitude", "e4m3fn", 0xB8, 0x38): "-0x1p+0 = -1",
    ("maximum_magnitude", "e4m3fn", 0xB8, 0x44): "0x1.8p+1 = 3",
    ("sub", "binary64", 0x7FEFFFFFFFFFFFFF, 1): "≈ 1.7976931348623157081e+308",
    ("add", "e4m3fn", 0x7F, 0x38): None,
    ("div", "e4m3fn", 0x38, 0x00): None,
    ("sqrt", "e4m3fn", 0xB8): None,
}


@pytest.mark.parametrize("case", [key for key in EXACT if key[0] != "faa"])
def test_exact_results_as_text(case):
    # Catches: a rounded number that is called exact.
    from halfulp.vectors.exact_values import exact_result

    operation, name, *codes = case
    f = hu.format(name)
    values = [f.exact(code) for code in codes[:1]] + [
        Fraction(code) if operation == "scalb" else f.exact(code) for code in codes[1:]
    ]
    assert exact_result(operation, values) == EXACT[case]


def test_json_says_the_same(tmp_path, capsys):
    # Catches: keys that only the text has.
    path = planted(tmp_path, Request("add", "e4m3fn"), 3, "7f 10")
    (found,) = json_lines(capsys, "verify", str(path), "--first", "1", code=1)
    assert (found["equal"], found["cases"], found["differing"], found["results"], found["flags"]) == (
        False,
        65536,
        1,
        1,
        1,
    )
    assert found["steps"] == {"nan": 1}
    assert found["first"] == [
        {
            "case": 3,
            "line": 21,
            "inputs": {"a": "00", "b": "02"},
            "expected": {"result": "02", "flags": "00"},
            "got": {"result": "7f", "flags": "10"},
            "exact": "0x1p-8 = 0.00390625",
        }
    ]
    assert found["request"]["operation"] == "add"
    assert set(found["coverage"]) == set(PLACES)
    write(Request("add", "e4m3fn"), path)
    (found,) = json_lines(capsys, "verify", str(path), "--flags-ignored")
    assert (found["equal"], found["flags"], found["first"]) == (True, None, [])


def test_nans_as_a_class_and_bit_by_bit(tmp_path, capsys):
    # Catches: a class that a number belongs to; bits that are compared all the same.
    path = planted(tmp_path, Request("sqrt", "e5m2"), 0x7E + 1, "7d 00")
    code, out, _ = run(capsys, "verify", str(path))
    assert (code, out.splitlines()[1]) == (0, "all equal; 1 NaNs have other bits")
    code, out, _ = run(capsys, "verify", str(path), "--nan", "bits")
    assert code == 1
    assert "7d  0_11111_01  nan, a NaN with other bits" in out
    assert run(capsys, "verify", str(planted(tmp_path, Request("sqrt", "e5m2"), 0x7E + 1, "7c 00")))[0] == 1


DISTANCES = {
    "e4m3fn": [(0x00, 0x80, 0.0), (0x38, 0x37, 1.0), (0x01, 0x81, 2.0), (0x7F, 0x7E, np.nan), (0x7F, 0xFF, 0.0)]
}
DISTANCES |= {"e5m2": [(0x7C, 0x7B, np.inf), (0xFC, 0x7C, -np.inf), (0x7C, 0x7C, 0.0), (0xFB, 0xFC, np.inf)]}
DISTANCES |= {"binary64": [(0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF, 2.0 * 0x7FEFFFFFFFFFFFFF), (2**63, 0, 0.0)]}
DISTANCES |= {"binary32": [(0x80000001, 1, -2.0), (0x7FC00000, 0xFFC00001, 0.0), (0x7FC00000, 0x7F800000, np.nan)]}
DISTANCES |= {"int8": [(0xFF, 0x01, -2.0), (0x80, 0x7F, -255.0)], "posit32_2": [(0xC0000000, 0x40000000, -(2.0**31))]}
DISTANCES |= {"posit8_2": [(0x80, 0x81, np.nan), (0x7F, 0x81, 254.0)], "nf4": [(0, 15, -15.0), (8, 7, 1.0)]}
DISTANCES |= {
    "Binary8p4ue": [(0xFE, 0xFD, np.inf), (5, 7, -2.0)],
    "e15m8": [(0x400000, 0x3FFFFF, 1.0)],
    "e8m0fnu": [(3, 0, 3.0)],
}


@pytest.mark.parametrize("name", DISTANCES)
def test_distance_in_representable_steps(name: str):
    # Catches: signs of zeros that count, magnitudes that are taken for an order, 64-bit differences that wrap.
    from halfulp.vectors.order import Order

    order = Order(hu.format(name))
    for got, expected, steps in DISTANCES[name]:
        found = order.distance(np.array([got], dtype=np.uint64), np.array([expected], dtype=np.uint64))[0]
        assert found == steps or (np.isnan(found) and np.isnan(steps)), (hex(got), hex(expected), found)


def place_of(exact: Fraction, members: list[Fraction], power: set[Fraction], least: Fraction) -> set[str]:
    """By the definition, from a sorted list of all members."""
    size, found = abs(exact), set()
    largest = members[-1]
    step = largest - members[-2]
    if size in members:
        found.add("exact")
    if largest <= size < largest + step:
        found.add("overflow edge")
    below = max(m for m in members if m <= size)
    above = min((m for m in members if m >= size), default=largest)
    beside = {below, above}
    if below != above and size * 2 == below + above:
        found.add("midpoint")
    if beside & power:
        found.add("boundary")
    if least in beside or (below == 0 and size != 0):
        found.add("subnormal edge")
    if size not in members and size < largest + step:
        start, gap = (below, step) if below == largest else (below, above - below)
        if any(0 < size - place < gap / 8 for place in (start, start + gap / 2)):
            found.add("sticky only")
    return found


def test_coverage_is_what_the_definitions_say(tmp_path):
    # Catches: places that are counted where they are not. Judged by Fractions, on two formats with other ends.
    for name, operation in (("e3m2fn", "mul"), ("e2m3fn", "add"), ("e4m3fn", "mul")):
        f = hu.format(name)
        values = [f.exact(code) for code in range(1 << f.bits)]
        numbers = [Fraction(0) if value == "-0" else value for value in values]
        members = sorted({abs(value) for value in numbers if isinstance(value, Fraction)})
        power = {m for m in members if m and m.numerator.bit_count() == m.denominator.bit_count() == 1}
        counts = dict.fromkeys(PLACES, 0)
        known: dict[Fraction, set[str]] = {}
        for a in numbers:
            for b in numbers:
                if isinstance(a, str) or isinstance(b, str):
                    counts["special"] += 1
                    continue
                counts["special"] += 0 in (a, b)
                exact = a * b if operation == "mul" else a + b
                if exact not in known:
                    known[exact] = place_of(exact, members, power, Fraction(f.min_normal))
                for place in known[exact]:
                    counts[place] += 1
                if operation == "add" and a * b < 0:
                    size = max(abs(a), abs(b))
                    counts["cancellation"] += exact == 0 or _exponent(exact) + 2 <= _exponent(size)
        write(Request(operation, name), tmp_path / "v.txt")
        found = {place: None if c is None else c[0] for place, c in verify(tmp_path / "v.txt").coverage.items()}
        if operation == "mul":
            assert found.pop("cancellation") is None
            del counts["cancellation"]
        assert found == counts, name


def _exponent(value: Fraction) -> int:
    return np.frexp(float(abs(value)))[1]


@pytest.mark.parametrize("name", ["binary16", "bfloat16", "binary32"])
@pytest.mark.parametrize("operation", ["add", "sub", "mul", "fma", "faa", "div", "convert"])
def test_level_1_has_been_at_every_place(tmp_path, operation: str, name: str):
    # Catches: a kind of random case that no longer does what it is for.
    result = "e5m2" if operation == "convert" else name
    write(Request(operation, name, result=result), tmp_path / "v.txt")
    found = verify(tmp_path / "v.txt").coverage
    least = {"overflow edge": 15, "subnormal edge": 50, "midpoint": 100, "exact": 240, "cancellation": 2000}
    for place, counts in found.items():
        assert counts is None or counts[0] >= least.get(place, 250), place


KINDS = {
    ("add", 2): {"exact": 0.4, "cancellation": 0.4},
    ("add", 4): {"exact": 0.3, "midpoint": 0.1, "cancellation": 0.2},
    ("add", 7): {"midpoint": 0.1},
    ("mul", 1): {"exact": 0.03, "midpoint": 0.01},
    ("mul", 5): {"exact": 0.15, "midpoint": 0.02},
    ("fma", 2): {"cancellation": 0.3, "overflow edge": 0.003},
    ("fma", 7): {"midpoint": 0.03},
    ("convert", 2): {"exact": 0.2, "overflow edge": 0.01},
    ("convert", 6): {"midpoint": 0.2},
}


@pytest.mark.parametrize(("operation", "kind"), KINDS)
def test_each_kind_of_random_case_does_what_it_is_for(operation: str, kind: int):
    # Catches: a kind that draws any codes; edges hide that from the counts of a whole file. Without the kind each of
    # these shares is a few times smaller.
    task = task_of(Request(operation, "binary32", result="e5m2" if operation == "convert" else "binary32"))
    made = ScalarCases(operation, task.operands, hu.format(task.request.result))
    rows = made.rows(np.full(4000, kind, dtype=np.uint64), words(0, Stream.OPERANDS, 0, (4000, WORDS)))
    found = Coverage(task).of(rows)
    for place, share in KINDS[operation, kind].items():
        assert found[place].mean() >= share, place


# --- bad files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def vectors(tmp_path) -> Path:
    path = tmp_path / "v.txt"
    write(Request("add", "e2m3fn", overflow="sat_finite", nan="to_max"), path)
    return path


def edited(path: Path, number: int, line: str | None) -> Path:
    """With another line (from 1 on), or without it and all behind."""
    lines = path.read_text().split("\n")
    lines = lines[: number - 1] if line is None else [*lines[: number - 1], line, *lines[number:]]
    path.write_text("\n".join(lines))
    return path


LINES = {
    "00 01 zz 00": "line 20, column 7: result is 'zz', allowed: hexadecimal digits; x and z are bits that a simulator",
    "00 01 0g 00": "line 20, column 7: result is '0g', allowed: hexadecimal digits",
    "00 01 40 00": "line 20, column 7: result is 40, allowed: 0 to 3f (e2m3fn, 6 bits)",
    "00 01 01 20": "line 20, column 10: flags is 20, allowed: 0 to 1f (5 bits)",
    "00   0x1234 01 00": "line 20, column 6: b is 0x1234, allowed: 0 to 3f (e2m3fn, 6 bits)",
    "00 01 01": "line 20, column 9: flags is missing, the line has 3 of 4 columns",
    "00 01 01 00 05": "line 20, column 13: '05' is one column too many, allowed: 4",
    "00 02 02 00": "line 20: b is 2, allowed: 1, which the header's level and seed give",
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_that_does_not_parse_is_named(vectors, capsys, line: str):
    # Catches: an error that one has to search for in 65,536 lines.
    assert LINES[line] in refused(capsys, "verify", str(edited(vectors, 20, line)))


def test_lines_may_be_written_in_other_ways(vectors):
    # Catches: a reader that takes nothing but what the writer wrote.
    edited(vectors, 20, "  0X0  1\t01 0 // a remark\r")
    edited(vectors, 21, "\n# a remark\n\n00 02 0_2 00")
    assert verify(vectors).equal


def test_a_file_that_is_cut_off_or_too_long(vectors, capsys):
    # Catches: a file of half of the cases that is called all equal.
    whole = vectors.read_text()
    vectors.write_text(whole[:-12])
    assert "ends after 4095 of 4096 cases: it is cut off" in refused(capsys, "verify", str(vectors))
    vectors.write_text(whole[:-10])
    assert "ends after 4095 of 4096 cases: it is cut off" in refused(capsys, "verify", str(vectors))
    vectors.write_text(whole[:-1])
    assert verify(vectors).equal
    vectors.write_text(whole + "00 00 00 00\n")
    line = len(whole.splitlines()) + 1
    assert f"line {line}: a case more than the 4096" in refused(capsys, "verify", str(vectors))
    vectors.write_text("")
    assert "the file is empty" in refused(capsys, "verify", str(vectors))
    vectors.write_text("".join(whole.splitlines(keepends=True)[:10]))
    assert "the header has no key" in refused(capsys, "verify", str(vectors))


HEADERS = {
    "# halfulp vectors 1": ("# halfulp vectors 2", "version '2' of the format, allowed: 1; another halfulp wrote it"),
    "# operation: add": ("# operation: plus", "operation is 'plus', allowed: add, "),
    "# format_b: e2m3fn": ("# format_b: e2m4fn", "columns is"),
    "# rounding: nearest_ties_to_even": ("# rounding: toward_zero", "has other expected answers behind its sha256"),
    "# level: 1": ("# level: 2x", "level is '2x' in the header, allowed: an integer"),
    "# daz: no": ("# daz: maybe", "daz is 'maybe' in the header, allowed: yes, no"),
    "# nan_rule: canonical": ("# nan_rules: canonical", "the header has the key 'nan_rules', allowed: operation"),
    "# cases: 4096": ("# cases: 4097", "ends after 4096 of 4097 cases"),
    "# seed: 0": ("seed: 0", "the header has no key 'columns'"),
    "# overflow: sat_finite": ("# overflow sat_finite", "line 8 is '# overflow sat_finite', allowed in a header"),
}


@pytest.mark.parametrize("line", HEADERS)
def test_a_header_that_is_not_right(vectors, capsys, line: str):
    # Catches: an answer about another operation than the file's.
    other, expected = HEADERS[line]
    text = vectors.read_text()
    assert text.count(f"{line}\n") == 1
    vectors.write_text(text.replace(line, other))
    assert expected in refused(capsys, "verify", str(vectors))


def test_a_hash_that_is_not_the_lines(vectors, capsys):
    # Catches: operands that somebody changed; a file of a version whose answers were others.
    text = vectors.read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("# sha256: ")]
    vectors.write_text(text.replace(line, "# sha256: " + "0" * 64).replace("halfulp 0", "halfulp 9"))
    said = refused(capsys, "verify", str(vectors))
    assert "other expected answers behind its sha256 than this halfulp gives: it was made by halfulp 9" in said
    vectors.write_text(text.replace(line, "# sha256: 12"))
    assert "sha256 is '12' in the header, allowed: 64 hexadecimal digits" in refused(capsys, "verify", str(vectors))


def test_files_that_are_no_vectors(tmp_path, capsys):
    # Catches: a traceback on a binary file.
    path = tmp_path / "v.txt"
    for content in (b"\x00\xff\xfe" * 100, b"00 00 00 00\n", b'{"a": 1}\n', b"{nonsense\n"):
        path.write_bytes(content)
        assert "line 1 is" in refused(capsys, "verify", str(path))
    assert "No such file" in refused(capsys, "verify", str(tmp_path / "missing"))


@pytest.mark.parametrize("form", ["csv", "jsonl", "readmemh"])
def test_faults_and_errors_in_the_other_forms(tmp_path, capsys, form: str):
    # Catches: a form whose answers are not compared; places that are those of another form.
    path = tmp_path / "v"
    write(Request("add", "e2m3fn", nan="to_max", overflow="sat_finite"), path, form)
    text = path.read_text()
    line = text.splitlines()[-1]
    number = len(text.splitlines())
    other = {"csv": "3f,3f,3e,05", "jsonl": '{"a":"3f","b":"3f","result":"3e","flags":"05"}', "readmemh": "3f3f3e05"}[
        form
    ]
    bad = {"csv": "3f, 3f,4f,05", "jsonl": '{"a":"3f","b":"3f","result":"4f","flags":"05"}', "readmemh": "3f3f4f05"}[
        form
    ]
    short = {"csv": "3f,3f", "jsonl": '{"a":"3f","b":"3f","flags":"05"}', "readmemh": "3f3f3f"}[form]
    path.write_text(text.replace(line, other))
    assert verify(path).differing == 1
    path.write_text(text.replace(line, bad))
    column = {"csv": 8, "jsonl": 20, "readmemh": 5}[form]
    assert f"line {number}, column {column}: result is 4f, allowed: 0 to 3f" in refused(capsys, "verify", str(path))
    path.write_text(text.replace(line, short))
    said = {"csv": "result is missing", "jsonl": "the key 'result' is missing", "readmemh": "6 of 8 hexadecimal digits"}
    assert said[form] in refused(capsys, "verify", str(path))
    path.write_text(text[:-4])
    assert "4095 of 4096 cases: it is cut off" in refused(capsys, "verify", str(path))


def test_answers_of_a_device_in_a_file_of_their_own(vectors, tmp_path, capsys):
    # Catches: answers compared with the wrong cases; too few or too many; flags where there are none.
    rows = [line.split() for line in vectors.read_text().splitlines() if not line.startswith("#")]
    answers = tmp_path / "answers.txt"

    def said(lines: list[str], *words: str) -> str:
        answers.write_text("\n".join(lines) + "\n")
        return refused(capsys, "verify", str(vectors), "--device", str(answers), *words)

    both = [f"{row[2]} {row[3]}" for row in rows]
    answers.write_text("// simulated\n" + "\n".join(both) + "\n")
    assert verify(vectors, answers).equal
    answers.write_text("\n".join(row[2] for row in rows))
    assert verify(vectors, answers, flags=False).equal
    answers.write_text("\n".join(both))
    assert verify(vectors, answers, flags=False).equal
    assert "line 1, column 3: flags is missing" in said([row[2] for row in rows])
    assert "ends after 4095 of 4096 cases" in said(both[:-1])
    assert "line 4097: a case more than the 4096" in said([*both, both[0]])
    assert "line 8, column 1: result is 'xx'" in said([*both[:7], "xx 00", *both[8:]])
    assert "line 8, column 1: result is 41, allowed: 0 to 3f" in said(
        [*both[:7], "41 00", *both[8:]], "--flags-ignored"
    )
    both[77] = "1f 1f"
    answers.write_text("\n".join(both))
    found = verify(vectors, answers)
    assert (found.differing, found.first[0].case, found.first[0].line) == (1, 78, 78)


def test_arguments_of_verify(vectors):
    # Catches: a misspelled rule that means the default.
    with pytest.raises(ValueError, match="nan is 'class', allowed: as-class, bits"):
        verify(vectors, nan="class")
    with pytest.raises(ValueError, match="first is -1, allowed: 0 or more"):
        verify(vectors, first=-1)
    edited(vectors, 20, "00 01 3f 1f")
    assert verify(vectors, first=0).first == []


def test_answers_in_blocks_of_other_lengths(tmp_path, monkeypatch):
    # Catches: a block's end at which a case is lost.
    from halfulp.vectors import reading

    monkeypatch.setattr(reading, "_BLOCK_BYTES", 1000)
    write(Request("add", "e2m3fn", nan="to_max"), tmp_path / "v.jsonl", "jsonl")
    rows = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()[1:]]
    rows[3000]["result"] = "00"
    (tmp_path / "answers.txt").write_text("".join(f"{row['result']}   {row['flags']}\n" for row in rows))
    found = verify(tmp_path / "v.jsonl", tmp_path / "answers.txt")
    assert [(each.case, each.line) for each in found.first] == [(3001, 3001)]


def test_command_line_of_the_examples(tmp_path, capsys, monkeypatch):
    # Catches: exit codes that a script cannot rely on.
    monkeypatch.chdir(tmp_path)
    for line, code in (
        ("vectors mul e4m3fn -o mul.txt", 0),
        ("verify mul.txt", 0),
        ("verify missing.txt", 2),
    ):
        assert run(capsys, *shlex.split(line))[0] == code
