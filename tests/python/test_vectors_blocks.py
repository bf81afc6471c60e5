"""halfulp vectors dot and halfulp verify on blocks that share scales, and hu.matrix_units.scaled_matmul: results and
flags against the exact oracle, planted faults, reports, and what is refused."""

from __future__ import annotations

import random as pseudo
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import arithmetic_oracle as model
import halfulp as hu
import numpy as np
import pytest
from arithmetic_oracle import How
from cli_support import json_lines, refused, run
from dot_oracle import Dot, Scales, Step, named
from halfulp import matrix_units
from halfulp.vectors import Request, verify, write
from halfulp.vectors.coverage import PLACES
from test_dot_oracle import unit_fields
from test_verify import place_of

#: Of formats without exponents no exponent is too small.
NO_LEAST = -(2**20)


def parts_of(path: Path) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """Header, and columns by operand, by a reader that shares nothing with the package's."""
    every = path.read_text().splitlines()
    header = dict(line[2:].split(": ", 1) for line in every if line.startswith("# ") and ": " in line)
    table = np.array([[int(word, 16) for word in line.split()] for line in every if not line.startswith("#")])
    found, place = {}, 0
    for column in header["columns"].split():
        name, _, lanes = column.partition(":")[0].partition("0..")
        count = int(lanes) + 1 if lanes else 1
        found[name] = table[:, place : place + count]
        place += count
    assert place == table.shape[1]
    return header, found


# --- results and flags ------------------------------------------------------------------------------------------------

FILES = [
    "mxfp4 --accumulate b200_mxf4",
    "mxfp8_e4m3 --format-b mxfp6_e2m3 --accumulate b200_mxf8f6f4",
    "mxfp8_e4m3 --accumulate b200_mxf8f6f4 --result bfloat16 --rounding stochastic_a --random-bits 7",
    "e2m1fn/16:e4m3fn --accumulate b200_nvf4 --length 40",
    "e2m1fn/16:e8m0fnu --accumulate rtx_blackwell_mxf4 --result bfloat16 --rounding toward_negative",
    "mxfp4 --format-b mxfp8_e5m2 --accumulate exact --result e4m3fn --overflow sat_finite",
    "mxfp8_e5m2 --result binary16 --rounding toward_zero --length 32",
    "mxfp4 --result bfloat16 --length 33 --rounding stochastic_b --random-bits 5",
    "mxfp6_e3m2 --accumulate fma --result e5m2 --rounding stochastic_equal",
    "mxfp4 --result e2m1fn --nan to_max --accumulate fma",
    "mxint8 --accumulate fma --result bfloat16 --ftz after",
    "mxint8 --format-b mxfp4 --accumulate pairwise --rounding to_odd",
    "e4m3fn/8:e5m3fnu --format-c e5m2 --accumulate blocked_4 --length 20 --rounding nearest_ties_to_away",
]
#: Elements and scales of the schemes above, and elements to a scale.
BLOCKS = {
    "mxfp4": ("e2m1fn", "e8m0fnu", 32),
    "mxfp6_e2m3": ("e2m3fn", "e8m0fnu", 32),
    "mxfp6_e3m2": ("e3m2fn", "e8m0fnu", 32),
    "mxfp8_e4m3": ("e4m3fn", "e8m0fnu", 32),
    "mxfp8_e5m2": ("e5m2", "e8m0fnu", 32),
    "mxint8": ("q2.6s", "e8m0fnu", 32),
    "e2m1fn/16:e4m3fn": ("e2m1fn", "e4m3fn", 16),
    "e2m1fn/16:e8m0fnu": ("e2m1fn", "e8m0fnu", 16),
    "e4m3fn/8:e5m3fnu": ("e4m3fn", "e5m3fnu", 8),
}


def operand(pattern: int, name: str) -> model.Operand:
    if (
        name == "q2.6s"
    ):  # two's complement, 6 bits behind the point; nothing rounds to -2, whose code is one all the same
        return model.of_value(Fraction(pattern - 256 if pattern > 127 else pattern, 64))
    return model.operand(pattern, model.named(name))


def least_exponent(name: str) -> int:
    return getattr(model.named(name), "emin", NO_LEAST) if name != "q2.6s" else NO_LEAST


def expected(header: dict[str, str], parts: dict[str, np.ndarray]) -> list[tuple[Any, int]]:
    """Value and flags of every case, by the oracle."""
    (a, scale_a, block), (b, scale_b, _) = (BLOCKS[header[name]] for name in ("format_a", "format_b"))
    to = model.named(header["result"])
    bits = int(header.get("random_bits", 32))
    overflow, ftz = header["overflow"], header["ftz"]
    how = How(
        header["rounding"],
        None if overflow == "native" else overflow,
        header["nan"] if header["nan"] != "raise" else "to_max",
        None if ftz == "none" else ftz,
        bits,
    )
    by = header["accumulate"]
    unit = matrix_units.unit(by) if matrix_units.is_unit(by) else None
    fields = named(by, to, how) if unit is None else unit_fields(unit.accumulator)
    found = []
    for i in range(len(parts["result"])):
        words = parts["R"][i] if "R" in parts else []
        used = set()

        def word(ordinal: int, words: Any = words, used: set[int] = used) -> int:
            used.add(ordinal)
            return int(words[ordinal]) << (32 - bits)

        of_a, of_b = ([operand(int(x), name) for x in parts[side][i]] for side, name in (("a", a), ("b", b)))
        outer = (
            [operand(int(x), name) for x in parts[side][i]]
            for side, name in (("scale_a", scale_a), ("scale_b", scale_b))
        )
        least = (SimpleNamespace(emin=least_exponent(name)) for name in (scale_a, scale_b))
        c = operand(int(parts["c"][i, 0]), header["format_c"])
        run_one = Dot(fields, to, how, word)
        result = run_one(of_a, of_b, c, (least_exponent(a), least_exponent(b)), Scales(*outer, block, *least))
        assert max(used, default=0) <= max(len(words) - 1, 0)
        found.append((result.value, result.flags))
    return found


@pytest.mark.parametrize("words", FILES)
def test_results_and_flags_are_the_oracles(tmp_path, capsys, words: str) -> None:
    # Catches: a scale of the wrong block or case, products that are rounded before their scales, R in another order,
    # a unit that gets the exponents of another format, keywords that do not reach the sum, flags of another case.
    path = tmp_path / "v.txt"
    assert run(capsys, "vectors", "dot", *words.split(), "--count", "78", "-o", str(path))[0] == 0
    header, parts = parts_of(path)
    to = model.named(header["result"])
    want = expected(header, parts)
    for i, (value, flags) in enumerate(want):
        got = to.value(int(parts["result"][i, 0])), int(parts["flags"][i, 0])
        assert got == (value, flags), (words, i, {name: part[i].tolist() for name, part in parts.items()})
    assert len(want) == 78
    assert verify(path).equal


def test_columns_and_defaults(tmp_path) -> None:
    # Catches: scales behind the wrong factor; a length of one block, in which scales cannot be mixed up; a result in
    # the elements' format.
    def header(*given: Any, **more: Any) -> dict[str, str]:
        write(Request("dot", *given, count=1, **more), tmp_path / "v.txt")
        return parts_of(tmp_path / "v.txt")[0]

    found = header("mxfp4", format_b="mxfp8_e4m3", accumulate="b200_mxf8f6f4")
    assert found["columns"] == "a0..63:4 scale_a0..1:8 b0..63:8 scale_b0..1:8 c:32 result:32 flags:5"
    assert (found["length"], found["format_c"], found["result"]) == ("64", "binary32", "binary32")
    found = header("e2m1fn/16:e4m3fn", length=40, result="bfloat16", rounding="stochastic", accumulate="fma")
    assert found["columns"].split()[1:5] == ["scale_a0..2:8", "b0..39:4", "scale_b0..2:8", "c:16"]
    assert found["columns"].split()[5] == "R0..40:32"
    assert header("mxfp4", result="e4m3fn", accumulate="b200_mxf4")["format_c"] == "binary32"


# --- which cases ------------------------------------------------------------------------------------------------------

COVERED = {
    "mxfp4": {"accumulate": "b200_mxf4"},
    "mxfp8_e4m3": {"format_b": "mxfp4", "accumulate": "b200_mxf8f6f4"},
    "mxfp8_e5m2": {"accumulate": "exact", "result": "bfloat16"},
    "mxint8": {"accumulate": "fma"},
}


@pytest.mark.parametrize("scheme", COVERED)
def test_level_1_has_been_at_every_place(tmp_path, scheme: str) -> None:
    # Catches: a kind of block that no longer does what it is for; scales that leave sums away from the formats' ends.
    path = tmp_path / "v.txt"
    write(Request("dot", scheme, **COVERED[scheme]), path)
    found = verify(path).coverage
    assert set(found) == set(PLACES)
    least = {"overflow edge": 15, "subnormal edge": 50, "midpoint": 50, "cancellation": 800, "special": 250}
    for place, counts in found.items():
        assert counts is not None, place
        assert counts[0] >= least.get(place, 150), place
    parts = parts_of(path)[1]
    both = np.concatenate([parts["scale_a"], parts["scale_b"]], axis=1)
    assert {0, 1, 126, 127, 128, 253, 254, 255} <= set(both.reshape(-1).tolist())
    assert (both == 255).any(axis=1).sum() > 100
    size = parts["scale_a"].astype(int) + parts["scale_b"] - 254
    for of_block in (size > 127, size < -126, np.abs(size[:, :1] - size[:, 1:]) > 24):
        assert of_block.any(axis=1).sum() > 150
    assert (size[:, 0] == size[:, 1]).sum() > 150


def test_each_kind_of_block_does_what_it_is_for(tmp_path) -> None:
    # Catches: a kind of scales that draws any; others hide that from the counts of a whole file. 13 kinds in turn.
    write(Request("dot", "mxfp4", accumulate="b200_mxf4", count=1300), tmp_path / "v.txt")
    _, parts = parts_of(tmp_path / "v.txt")
    a, b = parts["scale_a"].astype(int) - 127, parts["scale_b"].astype(int) - 127
    near, opposite, edge, any_one, same, _, one_large, cancelled, inverse, ends, beside, special, _ = (
        slice(kind, None, 13) for kind in range(13)
    )
    assert np.abs(a[near]).max() == np.abs(b[near]).max() == 3
    assert np.abs((a + b)[opposite]).max() == 1
    assert (np.abs(a[opposite]) > 20).mean() > 0.7
    assert (np.abs(a[edge]) == 127).mean() > 0.04
    assert (np.abs((a + b)[any_one]) > 127).mean() > 0.1
    assert (a[same][:, 0] == a[same][:, 1]).all()
    assert (b[same][:, 0] == b[same][:, 1]).all()
    assert len(np.unique(a[same])) > 20
    apart = np.abs((a + b)[one_large] @ [1, -1])
    assert apart.min() >= 3
    assert (apart > 24).mean() > 0.2
    sums = parts["result"][cancelled, 0].astype(np.uint32).view(np.float32)
    c = parts["c"][cancelled, 0].astype(np.uint32).view(np.float32)
    assert (np.abs(sums[c != 0]) <= np.abs(c[c != 0]) * 2.0**-16).mean() > 0.8
    assert ((a + b)[inverse] == 0).all()
    assert np.abs(a[inverse]).max() > 100
    size = (a + b)[ends]
    for at in (127, -126, -149):
        assert (np.abs(size - at) < 9).any(axis=1).mean() > 0.2
    assert ((parts["a"][beside] & 7) != 0).sum(axis=1).max() == 1
    size = np.abs(parts["c"][beside, 0] & 0x7FFFFFFF)
    assert {0x7F7FFFFF, 0x00800000, 0} == set(size.tolist())
    both = np.concatenate([parts["scale_a"], parts["scale_b"]], axis=1)[special]
    assert ((both == 255).sum(axis=1) <= 1).all()
    assert 0.5 < (both == 255).any(axis=1).mean() < 0.95
    assert (both == 0).any(axis=1).mean() > 0.05


def test_places_are_those_of_the_scaled_sums(tmp_path) -> None:
    # Catches: scales that are left out of the exact sum, or a sign that the unit drops and the exact sum has.
    members = sorted({abs(v) for v in (model.named("e4m3fn").value(c) for c in range(256)) if isinstance(v, Fraction)})
    members = sorted({Fraction(0), *members})
    power = {m for m in members if m and m.numerator.bit_count() == m.denominator.bit_count() == 1}
    for scheme, given in (
        ("mxfp4", {"accumulate": "fma"}),
        ("e2m1fn/16:e4m3fn", {"accumulate": "fma"}),
        ("e2m1fn/16:e4m3fn", {"accumulate": "b200_nvf4"}),
    ):
        write(Request("dot", scheme, result="e4m3fn", format_c="e4m3fn", count=400, **given), tmp_path / "v.txt")
        _, parts = parts_of(tmp_path / "v.txt")
        element, scale, block = BLOCKS[scheme]
        counts = dict.fromkeys(PLACES, 0)
        for i in range(400):
            terms = exact_terms(parts, i, (element, scale, block), "e4m3fn", given["accumulate"] == "b200_nvf4")
            if terms is None:
                counts["special"] += 1
                continue
            total = sum(terms, Fraction(0))
            for place in place_of(total, members, power, Fraction(1, 64)):
                counts[place] += 1
            if min(terms) < 0 < max(terms):
                largest = max(map(abs, terms))
                low = rounded_down(total, members)
                small = low == 0 or exponent(low) + 2 <= exponent(largest)
                counts["cancellation"] += bool(small)
        found = verify(tmp_path / "v.txt").coverage
        assert {place: of[0] for place, of in found.items() if of is not None} == counts, (scheme, given)


def exact_terms(
    parts: dict[str, np.ndarray], i: int, of: tuple[str, str, int], c: str, signless: bool
) -> list[Fraction] | None:
    """Products and addend of a case; None where one is no number."""
    element, scale, block = of
    numbers = []
    for side in "ab":
        x = [operand(int(code), element) for code in parts[side][i]]
        s = [operand(int(code), scale) for code in parts[f"scale_{side}"][i]]
        if any(each.is_nan or each.is_infinite for each in (*x, *s)):
            return None
        sizes = [abs(each.real) if signless else each.real for each in s]
        numbers.append([each.real * sizes[k // block] for k, each in enumerate(x)])
    addend = operand(int(parts["c"][i, 0]), c)
    if addend.is_nan or addend.is_infinite:
        return None
    return [*(x * y for x, y in zip(*numbers, strict=True)), addend.real]


def rounded_down(exact: Fraction, members: list[Fraction]) -> Fraction:
    return max((m for m in members if m <= abs(exact)), default=Fraction(0))


def exponent(value: Fraction) -> int:
    return int(np.frexp(float(value))[1])


# --- planted faults ---------------------------------------------------------------------------------------------------


class Device:
    """A unit made of the public product of scaled blocks, case by case, with a fault where one is asked for."""

    def __init__(self, path: Path, accumulate: Any, format: str = "binary32", **how: Any) -> None:
        self.header, self.parts = parts_of(path)
        (a, scale, block), (b, _, _) = (BLOCKS[self.header[name]] for name in ("format_a", "format_b"))
        self.call = {"format_a": a, "format_b": b, "scales": scale, "block": block, "format": format} | how
        self.accumulate = accumulate
        self.c = hu.decode(self.parts["c"][:, 0].astype(np.uint32), self.header["format_c"], "float64")

    def answers(self, scale_a: np.ndarray | None = None, scale_b: np.ndarray | None = None) -> np.ndarray:
        """Bits of results. scale_a, scale_b: in place of those of the file; other cases then are as they should be."""
        p = self.parts
        left, right = (p["scale_a"] if scale_a is None else scale_a), (p["scale_b"] if scale_b is None else scale_b)
        dtypes = [hu.format(self.call[name]).code_dtype for name in ("format_a", "format_b")]
        a, b = (p[side].astype(np.uint8).view(dtype) for side, dtype in zip("ab", dtypes, strict=True))
        found = self.right().view(np.float32).copy()
        changed = ((left != p["scale_a"]) | (right != p["scale_b"])).any(axis=1)
        for i in np.flatnonzero(changed) if changed.any() else range(len(a)):
            scales = left[i].astype(np.uint8)[None], right[i].astype(np.uint8)[:, None]
            one = (a[i][None], b[i][:, None], *scales, self.accumulate)
            found[i] = matrix_units.scaled_matmul(*one, c=self.c[i], **self.call)[0, 0]
        return found.view(np.uint32)

    def right(self) -> np.ndarray:
        return self.parts["result"][:, 0].astype(np.uint32)


def second_forgotten(x: np.ndarray) -> np.ndarray:
    return np.repeat(x[:, :1], x.shape[1], axis=1)


def beyond_float32(scales: tuple[np.ndarray, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """A unit that adds both exponents in eight bits: the sum of scales stays within those of one scale."""
    a, b = scales
    total = np.clip(a + b - 127, 0, 254)
    nan = (a == 255) | (b == 255)
    return np.where(nan, 255, total), np.full_like(b, 127)


def one_off(x: np.ndarray) -> np.ndarray:
    return np.where(x < 254, x + 1, x)


def borrowed(x: np.ndarray) -> np.ndarray:
    """One too few below a power of 2^16: a carry between halves that is lost."""
    return np.where((x % 16 == 15) & (x < 254), x - 1, x)


UNITS = {
    "mxfp4": "b200_mxf4",
    "mxfp8_e4m3": "b200_mxf8f6f4",
    "mxint8": "fma",
}


@pytest.mark.parametrize("scheme", UNITS)
def test_a_planted_fault_of_scales_is_found_at_level_1(tmp_path, scheme: str) -> None:
    # Catches: vectors without the case that tells a fault of scales from the right answer.
    path, answers = tmp_path / "v.txt", tmp_path / "answers.txt"
    write(Request("dot", scheme, accumulate=UNITS[scheme]), path)
    device = Device(path, UNITS[scheme])
    a, b = device.parts["scale_a"], device.parts["scale_b"]
    assert np.array_equal(nan_as_one(device.answers()), nan_as_one(device.right()))
    faults = {
        "forgets a's second scale": (second_forgotten(a), b),
        "forgets b's second scale": (a, second_forgotten(b)),
        "is one off in an exponent": (one_off(a), b),
        "loses a carry of an exponent": (a, borrowed(b)),
        "adds exponents in eight bits": beyond_float32((a, b)),
        "ignores a's NaN": (np.minimum(a, 254), b),
        "ignores b's NaN": (a, np.minimum(b, 254)),
        "takes the scales of the other block": (a[:, ::-1], b),
    }
    for fault, (left, right) in faults.items():
        given = device.answers(left, right)
        differing = int((nan_as_one(given) != nan_as_one(device.right())).sum())
        assert differing >= 20, fault
        answers.write_text("".join(f"{code:08x}\n" for code in given.tolist()))
        found = verify(path, answers, flags=False)
        assert (found.differing, found.results) == (differing, differing), fault


def nan_as_one(bits: np.ndarray) -> np.ndarray:
    return np.where((bits & 0x7FFFFFFF) > 0x7F800000, np.uint32(0x7FC00000), bits)


ROUNDED = {
    # What is stated, and what the device does: rounds after each block, cuts, keeps fewer bits, adds one by one.
    "per block": ("exact", hu.Accumulator(group=32, partial="binary32")),
    "to zero": ("exact", hu.Accumulator(group=0)),
    "by bits": ("b200_mxf8f6f4", hu.Accumulator(group=32, inside="aligned", fraction_bits=24, partial="binary32",
                                                partial_rounding="toward_zero")),
    "one by one": ("exact", "fma"),
    "block sums first": ("fma", hu.Accumulator(group=32, partial="binary32", inside="sequential")),
    "as another unit": ("b200_mxf8f6f4", "exact"),
}  # fmt: skip


@pytest.mark.parametrize("fault", ROUNDED)
def test_a_unit_that_rounds_otherwise_is_found_at_level_1(tmp_path, fault: str) -> None:
    # Catches: blocks so near or so few that the way of adding does not show.
    path, answers = tmp_path / "v.txt", tmp_path / "answers.txt"
    stated, own = ROUNDED[fault]
    write(Request("dot", "mxfp8_e4m3", accumulate=stated), path)
    how = {"rounding": "toward_zero"} if fault == "to zero" else {}
    device = Device(path, own, **how)
    given = device.answers()
    differing = int((nan_as_one(given) != nan_as_one(device.right())).sum())
    assert differing >= 40
    answers.write_text("".join(f"{code:08x}\n" for code in given.tolist()))
    assert verify(path, answers, flags=False).differing == differing


def test_a_stochastic_unit_that_compares_one_off(tmp_path) -> None:
    # Catches: R that never is where the result of a scaled sum changes.
    path, answers = tmp_path / "v.txt", tmp_path / "answers.txt"
    how = {"rounding": "stochastic_a", "random_bits": 16}
    write(Request("dot", "mxfp4", accumulate="b200_mxf4", result="bfloat16", count=1024, **how), path)
    _, parts = parts_of(path)
    last = parts["R"].shape[1] - 1

    def differing(r: np.ndarray) -> int:
        given = []
        for i in range(1024):
            a, b, left, right = (parts[name][i].astype(np.uint8) for name in ("a", "b", "scale_a", "scale_b"))
            c = hu.decode(parts["c"][i].astype(np.uint32), "binary32")[0]
            found = matrix_units.scaled_matmul(
                a[None], b[:, None], left[None], right[:, None], "b200_mxf4", block=32, c=c, format="bfloat16",
                random=r[i].astype(np.uint32)[None, None], **how,
            )  # fmt: skip
            given.append(int(hu.encode(found, "bfloat16")[0, 0]))
        answers.write_text("".join(f"{code:04x}\n" for code in given))
        return verify(path, answers, flags=False).differing

    assert differing(parts["R"]) == 0
    more = parts["R"].copy()
    more[:, last] = np.minimum(more[:, last] + 1, 2**16 - 1)
    assert differing(more) > 10


# --- reports and files ------------------------------------------------------------------------------------------------


def test_the_report_of_one_mismatch(tmp_path, capsys) -> None:
    # Catches: operands without their scales, an exact sum of unscaled elements, a distance from another number.
    path = tmp_path / "v.txt"
    write(Request("dot", "mxfp4", accumulate="b200_mxf4", count=40), path)
    header, parts = parts_of(path)
    lines = path.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    case = next(i for i in range(40) if parts["flags"][i, 0] == 0 and 0 < parts["result"][i, 0] < 0x7F000000)
    words = lines[first + case].split()
    right = int(words[-2], 16)
    lines[first + case] = " ".join([*words[:-2], f"{right + 3:08x}", "01"])
    path.write_text("\n".join(lines) + "\n")
    code, out, err = run(capsys, "verify", str(path))
    assert (code, err) == (1, "")
    shown = out.splitlines()
    assert shown[0].startswith("dot mxfp4, mxfp4, binary32 -> binary32, nearest_ties_to_even: 40 cases (halfulp ")
    assert shown[1] == "1 differ (results 1, flags 1)"
    start = shown.index(f"case {case + 1} (line {first + case + 1}):")
    for row, name in enumerate(("a", "scale_a", "b", "scale_b", "c"), start + 1):
        digits = len(words[{"a": 0, "scale_a": 64, "b": 66, "scale_b": 130, "c": 132}[name]])
        assert shown[row] == f"  {name}: {' '.join(f'{x:0{digits}x}' for x in parts[name][case].tolist())}"
    total = sum(exact_terms(parts, case, BLOCKS["mxfp4"], "binary32", False) or [], Fraction(0))
    assert shown[start + 6].split()[0] == "exact"
    assert Fraction(float.fromhex(shown[start + 6].split()[1])) == total
    assert hu.format("binary32").exact(right) == total  # no flag: the sum is a member
    assert shown[start + 8].split()[:2] == ["got", f"{right + 3:08x}"]
    assert shown[start + 8].endswith(", 3 steps above")
    (found,) = json_lines(capsys, "verify", str(path), code=1)
    assert found["first"][0]["inputs"]["scale_b1"] == f"{parts['scale_b'][case, 1]:02x}"
    assert found["request"]["format_a"] == header["format_a"] == "mxfp4"


def test_a_sum_with_a_nan_scale_has_no_exact_value(tmp_path, capsys) -> None:
    # Catches: a NaN scale that the report multiplies by.
    path = tmp_path / "v.txt"
    write(Request("dot", "mxfp4", accumulate="b200_mxf4", count=200), path)
    _, parts = parts_of(path)
    case = int(np.flatnonzero((parts["scale_a"] == 255).any(axis=1))[0])
    lines = path.read_text().splitlines()
    first = next(i for i, line in enumerate(lines) if not line.startswith("#"))
    lines[first + case] = " ".join([*lines[first + case].split()[:-2], "3f800000", "00"])
    path.write_text("\n".join(lines) + "\n")
    out = run(capsys, "verify", str(path))[1]
    assert f"case {case + 1} " in out
    assert "exact  " not in out.split("distance of results")[0]
    assert "one of them is NaN" in out


def test_answers_that_are_cut_off(tmp_path, capsys) -> None:
    # Catches: half of a device's answers that are called all equal.
    path, answers = tmp_path / "v.txt", tmp_path / "answers.txt"
    write(Request("dot", "mxfp4", accumulate="b200_mxf4", count=50), path)
    _, parts = parts_of(path)
    rows = [
        f"{r:08x} {f:02x}\n" for r, f in zip(parts["result"][:, 0].tolist(), parts["flags"][:, 0].tolist(), strict=True)
    ]
    whole = "".join(rows)
    answers.write_text(whole)
    assert verify(path, answers).equal
    for content, said in (
        (whole[: len(rows[0]) * 31], "ends after 31 of 50 cases: it is cut off, or a case is missing"),
        (whole[:-4], "ends after 49 of 50 cases"),
        ("", "ends after 0 of 50 cases"),
        (whole + rows[0], "line 51: a case more than the 50 that the header says"),
        (whole.replace(rows[3], f"{rows[3][:8]}\n", 1), "flags is missing, the line has 1 of 2 columns"),
    ):
        answers.write_text(content)
        assert said in refused(capsys, "verify", str(path), "--device", str(answers))
    text = path.read_text()
    path.write_text(text[: len(text) - 150])
    assert "ends after 49 of 50 cases" in refused(capsys, "verify", str(path))
    changed = text.splitlines()
    row = changed[-1].split()
    row[64] = f"{int(row[64], 16) ^ 1:02x}"
    path.write_text("\n".join([*changed[:-1], " ".join(row)]) + "\n")
    assert "scale_a0 is" in refused(capsys, "verify", str(path))
    row[64] = "100"
    path.write_text("\n".join([*changed[:-1], " ".join(row)]) + "\n")
    assert "scale_a0 is 100, allowed: 0 to ff (e8m0fnu, 8 bits)" in refused(capsys, "verify", str(path))


def test_the_four_forms_say_the_same(tmp_path) -> None:
    # Catches: lanes of scales under wrong names, digits of four-bit codes that shift a word.
    given = Request("dot", "mxfp4", format_b="mxfp8_e4m3", accumulate="fma", result="bfloat16", length=34, count=26)
    for form in ("text", "csv", "jsonl", "readmemh"):
        path = tmp_path / f"v.{form}"
        write(given, path, form)
        assert verify(path).equal
    names = (tmp_path / "v.csv").read_text().splitlines()
    head = next(line for line in names if not line.startswith("#")).split(",")
    assert head[33:37] == ["a33", "scale_a0", "scale_a1", "b0"]


TWO_LEVELS = "allowed for dot: two formats, or two schemes with one level of groups of a length, such as mxfp4 or"
REFUSED = {
    "nvfp4": f"format_a is 'nvfp4', which has 2 levels of scales, {TWO_LEVELS}",
    "mx9": f"format_a is 'mx9', which has 2 levels of scales, {TWO_LEVELS}",
    "uint4/32:binary32@zero_point": "which has a zero point, allowed for dot",
    "nf4_64_dq256": "which has scales that are quantized again, allowed for dot",
    "nf4_64": "which has groups across rows (@flat), allowed for dot",
    "mxfp4@hadamard=32": "format_a is 'mxfp4@hadamard=32', which has a Hadamard transform, allowed for dot",
    "e4m3fn/16x16:binary32": "which has groups of '16x16', allowed for dot",
    "e4m3fn/channel:binary32": "which has groups of 'channel', allowed for dot",
    "b1.58": "which has groups of 'tensor', allowed for dot",
    "mxfp4 --format-b e4m3fn": "format_b is 'e4m3fn', which has no scales, beside a factor with scales, allowed",
    "e4m3fn --format-b mxfp4": "format_a is 'e4m3fn', which has no scales, beside a factor with scales, allowed",
    "mxfp4 --format-b nvfp4": "format_b is 'nvfp4', which has 2 levels of scales",
    "mxfp4 --format-b e2m1fn/16:e8m0fnu": "allowed beside mxfp4: schemes with groups of 32, as many elements to a",
    "binary64/16:binary64": "elements and scales have 212 significant bits together, allowed: 128",
    "mxfp4 --accumulate h100_fp16": "accumulate is 'h100_fp16', a unit without block scales, allowed: b200_mxf8f6f4, ",
    "mxfp4 --accumulate b200_nvf4": "format_a is 'mxfp4', with groups of 32, allowed for b200_nvf4: groups of 16",
    "e2m1fn/16:e8m0fnu --accumulate b200_nvf4": "scale_a has codes of e8m0fnu, allowed for b200_nvf4: e4m3fn",
    "mxfp4 --format-b mxfp8_e4m3 --accumulate b200_mxf4": "b has codes of e4m3fn, allowed for b200_mxf4: e2m1fn",
    "mxfp4 --accumulate b200_mxf4 --format-c binary64": "format_c is 'binary64', allowed for b200_mxf4: binary32, or",
    "mxfp4 --accumulate fp32": "accumulate is 'fp32', which names a format and no order",
    "mxfp4 --result mxfp4": "this is a scheme",
    "mxfp4 --daz": "daz is True, allowed: None; dot does not have it",
    "e4m3fn --accumulate b200_mxf4": "takes block scales, allowed: matrix_units.scaled_matmul, or in vectors schemes",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_is_refused(capsys, words: str) -> None:
    # Catches: a scheme whose codes mean something else than element times scale, taken all the same.
    assert REFUSED[words] in refused(capsys, "vectors", "dot", *words.split(), "--count", "4")


# --- hu.matrix_units.scaled_matmul ------------------------------------------------------------------------------------


def scaled_case(rng: pseudo.Random, k: int, block: int) -> tuple[np.ndarray, ...]:
    """a (2, k), b (k, 3) of e4m3fn, and their e8m0fnu scales."""

    def draw(shape: tuple[int, int], codes: list[int]) -> np.ndarray:
        return np.array([rng.choice(codes) for _ in range(shape[0] * shape[1])], dtype=np.uint8).reshape(shape)

    finite = [c for c in range(256) if c & 0x7F != 0x7F]
    blocks = -(-k // block)
    return draw((2, k), finite), draw((k, 3), finite), draw((2, blocks), [*range(110, 145)]), draw((blocks, 3), [*range(110, 145), 255])  # fmt: skip  # noqa: E501


@pytest.mark.parametrize("name", ["exact", "sequential", "fma", "pairwise", "blocked_3", "own"])
@pytest.mark.parametrize("mode", ["nearest_ties_to_even", "toward_positive", "stochastic_a", "stochastic_c"])
def test_scaled_products_by_named_accumulators(name: str, mode: str) -> None:
    # Catches: keywords that do not reach the sum; R of another element or rounding; flags in another order.
    rng = pseudo.Random(f"{name} {mode}")
    k, block, bits, to = 11, 4, 6, "bfloat16"
    a, b, scale_a, scale_b = scaled_case(rng, k, block)
    target = model.named(to)
    stochastic = mode.startswith("stochastic")
    how = How(mode, "sat_finite", "to_max", None, bits)
    accumulate: Any = hu.Accumulator(group=3, partial="binary16") if name == "own" else name
    fields = named(name, target, how) if name != "own" else {"group": 3, "partial": Step(model.named("binary16"), How(nan="to_max"))}  # fmt: skip  # noqa: E501
    c = np.array([[1.0, -3.5, 0.0], [2.0**20, 2.0**-10, -0.0]], dtype=np.float32)
    rounds = {"exact": 0, "fma": k, "own": 4}.get(name, 2 * k) + 1
    r = np.array([rng.getrandbits(bits) for _ in range(6 * rounds)], dtype=np.uint32).reshape(2, 3, rounds)
    source = {"random": r, "random_bits": bits} if stochastic else {}
    got, flags = matrix_units.scaled_matmul(
        a, b, scale_a, scale_b, accumulate, block=block, format_a="e4m3fn", scales="e8m0fnu", c=c, format=to,
        rounding=mode, overflow="sat_finite", nan="to_max", flags=True, **source,
    )  # fmt: skip
    least = SimpleNamespace(emin=least_exponent("e8m0fnu"))
    for i, j in np.ndindex(2, 3):
        x, y = ([operand(int(code), "e4m3fn") for code in codes] for codes in (a[i], b[:, j]))
        sx, sy = ([operand(int(code), "e8m0fnu") for code in codes] for codes in (scale_a[i], scale_b[:, j]))
        addend = model.of_value(
            model.signed_zero(True) if np.signbit(c[i, j]) and c[i, j] == 0 else Fraction(float(c[i, j]))
        )
        one = Dot(fields, target, how, lambda o, i=i, j=j: int(r[i, j, o]) << (32 - bits))
        want = one(x, y, addend, (-6, -6), Scales(sx, sy, block, least, least))
        found = target.value(int(hu.encode(got[i, j], to)))
        assert (found, int(flags[i, j])) == (want.value, want.flags), (i, j)
    assert got.dtype == np.float32
    assert flags.dtype == np.uint8


def test_an_rng_gives_the_words_of_its_stream() -> None:
    # Catches: random bits that are drawn in another order than random= names them.
    a, b, scale_a, scale_b = scaled_case(pseudo.Random(1), 8, 4)
    call = {"block": 4, "format_a": "e4m3fn", "scales": "e8m0fnu", "format": "bfloat16", "rounding": "stochastic_a"}
    by = "blocked_2"
    r = np.stack([word_plane(r, 6) for r in range(17)], axis=-1).reshape(2, 3, 17)
    given = matrix_units.scaled_matmul(a, b, scale_a, scale_b, by, random=r, **call)
    drawn = matrix_units.scaled_matmul(a, b, scale_a, scale_b, by, rng=hu.Rng(5, 2), **call)
    assert np.array_equal(given, drawn, equal_nan=True)
    other = matrix_units.scaled_matmul(a, b, scale_a, scale_b, by, rng=hu.Rng(6), **call)
    assert not np.array_equal(given, other, equal_nan=True)


def word_plane(ordinal: int, count: int) -> np.ndarray:
    import scheme_oracle

    return np.array([scheme_oracle.word(5, 2, i, ordinal) for i in range(count)], dtype=np.uint32)


def test_scaled_products_refuse_what_dot_refuses() -> None:
    # Catches: a keyword that is taken and not used.
    a, b, scale_a, scale_b = scaled_case(pseudo.Random(2), 8, 4)
    call = {"block": 4, "format_a": "e4m3fn", "scales": "e8m0fnu"}

    def scaled(accumulate: Any = "fma", **more: Any) -> Any:
        return matrix_units.scaled_matmul(a, b, scale_a, scale_b, accumulate, **call, **more)

    for keywords, said in (
        ({"rng": 1}, "rng is given but nothing on the way draws random bits"),
        ({"random_bits": 5}, "random_bits is 5 but rounding is"),
        ({"rounding": "stochastic_a"}, "no source of random bits is named"),
        ({"rounding": "stochastic_a", "rng": 1, "random": np.zeros((2, 3, 9), np.uint32)}, "both rng and random"),
        (
            {"rounding": "stochastic_a", "random": np.zeros((2, 3), np.uint32)},
            r"random has shape \(2, 3\), allowed: \(2, 3, 9\)",
        ),
        ({"rounding": "nearest"}, "rounding is 'nearest'"),
        ({"accumulate": "fp32"}, "accumulate is 'fp32', which names a format and no order"),
        ({"accumulate": "fmaa"}, "accumulate is 'fmaa'"),
    ):
        with pytest.raises(ValueError, match=said):
            scaled(**keywords)
    with pytest.raises(TypeError, match="flags is 1, allowed: True or False"):
        scaled(flags=1)
    with pytest.raises(TypeError, match="accumulate is a int, allowed: an Accumulator or its name"):
        scaled(3)


def test_a_signaling_scale_is_invalid() -> None:
    # Catches: a NaN among scales whose signal is lost on the way.
    one = np.array([[0x38]], dtype=np.uint8)
    for scale, invalid in ((0x7E00, 0), (0x7C01, 16), (0xFD00, 16)):
        nan, two = np.array([[scale]], dtype=np.uint16), np.array([[0x4000]], dtype=np.uint16)
        for scales in ((nan, two), (two, nan)):
            for name in ("exact", "fma", "sequential"):
                found, flags = matrix_units.scaled_matmul(
                    one, one, *scales, name, block=1, format_a="e4m3fn", scales="binary16", flags=True
                )
                assert np.isnan(found[0, 0])
                assert flags[0, 0] == invalid, (hex(scale), name)


def test_float32_factors_go_with_a_unit_of_binary64() -> None:
    # Catches: a check of members in a carrier that does not hold the unit's format.
    a = np.array([1.5, 2.0**-100], dtype=np.float32)
    assert hu.dot(a, a, "binary64", accumulate="a100_fp64", dtype=np.float64) == 2.25 + 2.0**-200 == 2.25
    assert hu.dot(a[1:], a[1:], "binary64", accumulate="a100_fp64", dtype=np.float64) == 2.0**-200
