"""halfulp vectors: the same bytes every time, every operation, the four forms, and what is refused."""

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import halfulp as hu
import numpy as np
import pytest
from cli_support import environment, in_its_own_process, json_lines, refused, run
from halfulp.vectors import OPERATIONS, Request, cases, verify, write
from halfulp.vectors.edges import edges

# The first digits of the SHA-256 of the lines, by command line. A change here is a change of everybody's vectors.
HASHES = {
    "mul e4m3fn": "b9dacf95c85aa45a",
    "fma e2m3fn --level 2 --nan to_max": "4de3e8861b75855e",
    "add binary16 --seed 7 --count 1000": "dc337e952c1d459f",
    "convert binary32 --result e4m3fn --rounding toward_negative --overflow sat_finite": "e7f76e389d466bfe",
    "div bfloat16 --format-b e5m2 --result binary16 --rounding stochastic_b --random-bits 5": "af324b413fd18d61",
    "rsqrt binary64 --rounding to_odd": "50cdd5a23b382819",
    "scalb e5m2 --tininess before": "048ff3a081d5e43e",
    "compare e5m2 --format-b Binary8p3se --total": "09b66a508bda24d8",
    "sqrt posit16_2": "6db4f1f2d383fa96",
    "remainder q4.4 --nan to_zero": "3911f55e006a70a1",
    "quantize nvfp4 --count 64": "0d428eb46e668cf4",
    "quantize mxfp4 --count 64 --rounding stochastic --random-bits 8": "7b12b336fd2145c6",
    "quantize int4_g64 --count 32 --nan to_zero": "684e680033199336",
    "dot e4m3fn --format-b e5m2 --result binary32 --accumulate fma --length 8 --count 200": "cf8a45b664c11879",
    "dot e4m3fn --length 4 --count 60 --rounding stochastic_a --random-bits 6": "0fe458027af76f2c",
    "dot mxfp4 --accumulate b200_mxf4 --count 100": "31739c3eaa1e250d",
    "dot mxfp4 --format-b mxfp8_e4m3 --accumulate b200_mxf8f6f4 --result bfloat16 --count 60": "aff0682b742e3b02",
    "dot e2m1fn/16:e4m3fn --accumulate b200_nvf4 --length 40 --seed 5 --count 60": "99e4870c30821df3",
    "dot mxint8 --accumulate fma --result bfloat16 --count 60": "ee121a0051b5df14",
    "dot mxfp8_e5m2 --accumulate blocked_16 --rounding stochastic_b --random-bits 6 --count 30": "8c432083b33dedd9",
}

STOCHASTIC = {"rounding": "stochastic_a", "random_bits": 6}


def lines_of(path: Path, mark: str = "#") -> tuple[list[str], list[str]]:
    """Header and body, by a reader that shares nothing with the package's."""
    every = path.read_text().splitlines()
    return [line for line in every if line.startswith(mark)], [line for line in every if not line.startswith(mark)]


def table_of(path: Path) -> np.ndarray:
    return np.array([[int(word, 16) for word in line.split()] for line in lines_of(path)[1]], dtype=np.uint64)


def request(operation: str, format_a: str, **given) -> Request:
    """With what the operation cannot do without."""
    if operation == "convert":
        given.setdefault("result", "e5m2")
    if operation == "quantize":
        format_a = "mxfp4"
        given.pop("overflow", None)
    return Request(operation=operation, format_a=format_a, **given)


@pytest.mark.parametrize("words", HASHES)
def test_the_same_words_give_the_same_bytes(tmp_path, monkeypatch, capsys, words: str):
    # Catches: cases that depend on NumPy's generators, on the time, or on where blocks end; a header that is not of
    # its file.
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "vectors", *words.split(), "-o", "first.txt")[0] == 0
    head, body = lines_of(Path("first.txt"))
    found = hashlib.sha256("".join(f"{line}\n" for line in body).encode()).hexdigest()
    assert found[:16] == HASHES[words], words
    assert f"# sha256: {found}" in head
    assert f"# cases: {len(body)}" in head
    monkeypatch.setattr(cases, "_BLOCK", 1001)
    code, out, err = run(capsys, "vectors", *words.split())
    assert (code, err) == (0, "")
    assert out == Path("first.txt").read_text()


def test_another_seed_gives_other_random_cases_and_the_same_edges(tmp_path):
    # Catches: a seed that is ignored, or that moves the edges.
    tables = []
    for seed in (1, 2):
        write(Request("add", "binary16", seed=seed), tmp_path / "v.txt")
        tables.append(table_of(tmp_path / "v.txt"))
    same = (tables[0] == tables[1]).all(axis=1)
    assert same[: 2**16].all()
    assert same[2**16 :].mean() < 0.1


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("format_a", ["e4m3fn", "e5m2", "posit8_2", "int8", "hif8", "Binary8p3ue"])
def test_every_operation_has_vectors_that_verify_takes(tmp_path, operation: str, format_a: str):
    # Catches: an operation or a kind of format that nobody made vectors of.
    given = (
        {} if operation == "compare" or hu.format(format_a).has_nan or operation == "quantize" else {"nan": "to_max"}
    )
    written = write(request(operation, format_a, **given), tmp_path / "v.txt")
    found = verify(tmp_path / "v.txt")
    assert found.equal
    assert found.cases == written.header.cases > 0


def test_results_are_those_of_codes_with_every_keyword(tmp_path):
    # Catches: a keyword of the command line that does not reach the operation.
    def answers(path: Path, name: str, formats: dict, **how) -> None:
        table = table_of(path)
        operands = [table[:, i].astype(np.uint16) for i in range(table.shape[1] - 2)]
        result, flags = getattr(hu.codes, name)(*operands, **formats, flags=True, **how)
        assert (table[:, -2] == result).all()
        assert (table[:, -1] == flags).all()

    path = tmp_path / "v.txt"
    f = {"format_a": "bfloat16", "format_b": "e5m2", "format_c": "binary16", "format": "e4m3fn"}
    for how in (
        {"rounding": "toward_positive", "overflow": "sat_finite"},
        {"ftz": "before", "tininess": "before"},
        {"ftz": "after", "daz": True},
        {"rounding": "to_odd", "overflow": "to_nan"},
        {"projection": "ptx_satfinite"},
    ):
        given = Request("fma", "bfloat16", format_b="e5m2", format_c="binary16", result="e4m3fn", count=500, **how)
        write(given, path)
        answers(path, "fma", f, **how)
    half = {"format_a": "binary16", "format_b": "binary16", "format": "binary16"}
    for rule in ("x86", "arm"):
        write(Request("add", "binary16", nan_rule=rule, count=500), path)
        answers(path, "add", half, nan_rule=rule)
    for how in ({"total": True}, {"signaling": True}):
        write(Request("compare", "e5m2", **how), path)
        table = table_of(path)
        orders, flags = hu.codes.compare(*(table[:, i].astype(np.uint8) for i in (0, 1)), "e5m2", flags=True, **how)
        assert (table[:, 2] == (orders & 3).astype(np.uint8)).all()
        assert (table[:, 3] == flags).all()


def test_blocks_are_those_of_dot_and_quantize(tmp_path):
    # Catches: lanes in another order; an accumulator that is not passed on; scales of the wrong case.
    path = tmp_path / "v.txt"
    write(
        Request("dot", "e5m2", format_b="e4m3fn", result="binary16", accumulate="blocked_4", length=8, count=300), path
    )
    table = table_of(path)
    a, b, c = table[:, :8].astype(np.uint8), table[:, 8:16].astype(np.uint8), table[:, 16].astype(np.uint16)
    how = {"format_a": "e5m2", "format_b": "e4m3fn", "format": "binary16", "accumulate": "blocked_4", "flags": True}
    result, flags = hu.codes.dot(a, b, c=c, **how)
    assert (table[:, 17] == result).all()
    assert (table[:, 18] == flags).all()
    for scheme, length in (("mxfp4", 64), ("nvfp4", 16), ("uint4/32:binary32@zero_point", 32), ("nf4_64_dq256", 64)):
        nan = {} if scheme in ("mxfp4",) else {"nan": "to_zero"}
        write(Request("quantize", scheme, length=length, count=24, **nan), path)
        for row in table_of(path):
            q = hu.quantize(row[:length].astype(np.uint32).view(np.float32), scheme, **nan)
            expected = [np.ravel(plane) for plane in q.scale_codes]
            expected += [] if q.zero_points is None else [np.ravel(q.zero_points)]
            expected += [] if q.offset is None else [np.atleast_1d(np.float32(q.offset)).view(np.uint32)]
            assert row[length:].tolist() == np.concatenate([*expected, q.codes]).astype(np.uint64).tolist()


def test_signed_codes_stand_as_bit_patterns(tmp_path):
    # Catches: a negative integer that is written with more digits than the format has.
    write(Request("sub", "int4", nan="to_max"), tmp_path / "v.txt")
    for a, b, result, _ in table_of(tmp_path / "v.txt").astype(int).tolist():
        x, y, r = (n - 16 if n > 7 else n for n in (a, b, result))
        assert r == min(max(x - y, -8), 7)


def test_levels(tmp_path):
    # Catches: a level that is less than what the help says.
    path = tmp_path / "v.txt"
    write(Request("sub", "e4m3fn"), path)
    assert table_of(path)[:, :2].tolist() == [list(pair) for pair in product(range(256), repeat=2)]
    write(Request("sqrt", "binary16"), path)
    assert table_of(path)[:, 0].tolist() == list(range(2**16))
    write(Request("fma", "e2m3fn", level=2), path)
    assert len(table_of(path)) == 2**18
    write(Request("fma", "e2m3fn"), path)
    assert len(table_of(path)) == cases.COMBINATIONS[1] // 2**16 * 40**3 + cases.RANDOM[1]
    few, many = (write(Request("mul", "binary16", level=n, count=8), path).header.cases for n in (1, 2))
    assert (few, many) == (2**16 + 8, 2**20 + 8)


@pytest.mark.parametrize("name", ["e4m3fn", "binary16", "bfloat16", "binary32", "binary64", "Binary8p3se", "e5m2fnuz"])
def test_edges_have_what_hardware_gets_wrong(name: str):
    # Catches: an edge lost; NaNs or ends that a format has and the list has not; a list that is not in every format's
    # width.
    f = hu.format(name)
    found = set(edges(f)[:64].tolist())
    sign = 1 << (f.bits - 1)
    spec = f._spec
    landmarks = [0, 1, spec.max_code, spec.max_code - 1, 1 << f.mantissa_bits, (1 << f.mantissa_bits) - 1]
    landmarks += [int(hu.encode(1.0, f)), int(hu.encode(1.0, f)) + 1]
    landmarks += [] if spec.inf_code is None else [spec.inf_code]
    assert set(landmarks) <= found
    assert {code | sign for code in landmarks if code or spec.has_negative_zero} <= found
    assert spec.nan_code in found
    assert len(set(edges(f).tolist())) == len(edges(f))
    assert all(0 <= code <= spec.last_code for code in edges(f).tolist())


def test_random_bits_are_a_column_and_reach_the_threshold(tmp_path):
    # Catches: R that is not the one that was used; R so sparse that an off-by-one in the comparison goes unseen.
    path = tmp_path / "v.txt"
    write(Request("mul", "e4m3fn", **STOCHASTIC), path)
    table = table_of(path)
    a, b = (table[:, i].astype(np.uint8) for i in (0, 1))
    random = table[:, 2].astype(np.uint32)
    assert int(random.max()) == 63
    assert (hu.codes.mul(a, b, "e4m3fn", random=random, **STOCHASTIC) == table[:, 3]).all()
    nudged = np.minimum(random + 1, 63).astype(np.uint32)
    changed = hu.codes.mul(a, b, "e4m3fn", random=nudged, **STOCHASTIC) != table[:, 3]
    inexact = table[:, 4].astype(int) & 1 == 1
    assert changed[inexact].mean() > 0.08  # one in 64 by chance
    write(Request("mul", "binary16", rounding="stochastic_c"), path)  # 32 bits: never by chance
    table = table_of(path)
    down = (np.maximum(table[:, 2], 1) - 1).astype(np.uint32)
    a, b = (table[:, i].astype(np.uint16) for i in (0, 1))
    assert (
        hu.codes.mul(a, b, "binary16", "binary16", "binary16", "stochastic_c", random=down) != table[:, 3]
    ).sum() > 500


def test_random_bits_of_blocks(tmp_path):
    # Catches: one R for all lanes.
    path = tmp_path / "v.txt"
    write(Request("quantize", "mxfp4", count=200, **STOCHASTIC), path)
    table = table_of(path)
    x, random = table[:, :32].astype(np.uint32).view(np.float32), table[:, 32:64].astype(np.uint32)
    q = hu.quantize(x, "mxfp4", random=random, **STOCHASTIC)
    assert (table[:, 64:65] == q.scale_codes[0]).all()
    assert (table[:, 65:] == q.codes).all()
    assert len({tuple(row) for row in random.tolist()}) == 200


def test_the_four_forms_say_the_same(tmp_path):
    # Catches: columns under wrong names; digits lost; a word packed otherwise than its header says.
    given = Request("fma", "e5m2", format_b="binary16", format_c="e2m3fn", result="bfloat16", count=50, **STOCHASTIC)
    paths = {form: tmp_path / f"v.{form}" for form in ("text", "csv", "jsonl", "readmemh")}
    for form, path in paths.items():
        write(given, path, form)
    names = ["a", "b", "c", "R", "result", "flags"]
    expected = [line.split() for line in lines_of(paths["text"])[1]]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines_of(paths["csv"])[1]))))
    assert [[row[name] for name in names] for row in rows] == expected
    head, *objects = (json.loads(line) for line in paths["jsonl"].read_text().splitlines())
    assert [[row[name] for name in names] for row in objects] == expected
    assert head["halfulp vectors"] == "1"
    assert head["columns"] == "a:8 b:16 c:6 R:6 result:16 flags:5"
    comments, words = lines_of(paths["readmemh"], "//")
    (packing,) = [line.removeprefix("// word: ") for line in comments if line.startswith("// word: ")]
    ranges = dict(re.findall(r"(\w+)\[(\d+:\d+)\]", packing))
    assert list(ranges) == names
    for word, row in zip(words, expected, strict=True):
        for name, digits in zip(names, row, strict=True):
            high, low = map(int, ranges[name].split(":"))
            assert int(word, 16) >> low & ((1 << (high - low + 1)) - 1) == int(digits, 16)
    for path in paths.values():
        assert verify(path).equal


def test_the_header_describes_the_file(tmp_path, capsys, monkeypatch):
    # Catches: a default that the header leaves out; a preset that is written as if its keywords were all of it.
    monkeypatch.chdir(tmp_path)
    write(Request("add", "float8_e4m3fn", seed=3), "v.txt")
    head = dict(line[2:].split(": ", 1) for line in lines_of(Path("v.txt"))[0][1:])
    assert head.pop("tool") == f"halfulp {hu.__version__}"
    del head["sha256"]
    assert head == {
        "operation": "add",
        "format_a": "e4m3fn",
        "format_b": "e4m3fn",
        "result": "e4m3fn",
        "rounding": "nearest_ties_to_even",
        "overflow": "native",
        "nan": "raise",
        "ftz": "none",
        "daz": "no",
        "tininess": "after",
        "nan_rule": "canonical",
        "level": "1",
        "seed": "3",
        "columns": "a:8 b:8 result:8 flags:5",
        "cases": "65536",
    }
    (said,) = json_lines(capsys, "vectors", "mul", "e5m2", "--projection", "torch", "-o", "w.txt")
    assert said["request"]["projection"] == "torch"
    assert not {"rounding", "overflow"} & set(said["request"])
    assert said["file"] == "w.txt"
    assert f"# sha256: {said['sha256']}" in Path("w.txt").read_text().splitlines()


def test_a_file_is_there_whole_or_not_at_all(tmp_path, capsys):
    # Catches: half a file after an error; a good one that an error has wiped.
    path = tmp_path / "v.txt"
    path.write_text("before")
    line = refused(capsys, "vectors", "div", "e2m1fn", "-o", str(path))
    assert "nan is 'raise', but the result of a case is a NaN and e2m1fn has none, allowed: to_max, to_zero" in line
    assert path.read_text() == "before"
    assert [each.name for each in tmp_path.iterdir()] == ["v.txt"]
    assert run(capsys, "vectors", "div", "e2m1fn", "--nan", "to_max", "-o", str(path))[0] == 0
    assert len(lines_of(path)[1]) == 256


def test_a_reader_that_leaves_and_a_long_job(tmp_path):
    # Catches: a traceback from | head; memory that grows with the number of cases.
    script = "import sys; from halfulp.cli import main; sys.exit(main(['vectors', 'sub', 'e5m2']))"
    read, written = os.pipe()
    os.close(read)
    with os.fdopen(written, "wb") as closed:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=closed, stderr=subprocess.PIPE, env=environment(), check=False
        )
    assert (done.returncode, done.stderr) == (0, b"")
    script = f"""
import resource
from halfulp.vectors import Request, write
write(Request("add", "e4m3fn"), {str(tmp_path / "v.txt")!r})
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
write(Request("add", "binary16", level=2), {str(tmp_path / "v.txt")!r})
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = in_its_own_process("-c", script)
    assert int(done.stdout) < 100_000, (
        done.stderr
    )  # kilobytes; all rows at once are 67 MB, their making many times that


REFUSED = {
    "add e4m3fn --format-c e5m2": "format_c is 'e5m2', allowed: None; add has no operand c",
    "sqrt e4m3fn --format-b e5m2": "format_b is 'e5m2', allowed: None; sqrt has no operand b",
    "convert e4m3fn": "result is None, allowed for convert: the format to convert to",
    "mull e4m3fn": "operation is 'mull' (did you mean 'mul'?), allowed: add, ",
    "add e4m3fm": "format 'e4m3fm'",
    "add e4m3fn --level 3": "level is 3, allowed: 1, 2",
    "add e4m3fn --seed -1": "seed is -1, allowed: 0 to 2^64 - 1",
    "add e4m3fn --seed 18446744073709551616": "seed is 18446744073709551616, allowed: 0 to 2^64 - 1",
    "add e4m3fn --count 5": "count is 5, allowed: None; the file has all 65536 cases",
    "add binary16 --count -5": "count is -5, allowed: 0 to 2^48 - 1",
    "add e4m3fn --random-bits 5": "draws no random bits",
    "add e4m3fn --rounding sr --random-bits 33": "random_bits is 33, allowed: 1 to 32",
    "add e4m3fn --rounding nearest": "rounding is 'nearest'",
    "add e4m3fn --overflow saturate": "overflow is 'saturate'",
    "add e4m3fn --overflow unbounded": "unbounded",
    "add e4m3fn --tininess never": "tininess is 'never', allowed: after, before",
    "add e4m3fn --nan-rule x87": "nan_rule is 'x87' (did you mean 'x86'?), allowed: canonical, x86, arm",
    "add e4m3fn --as xml": "as is 'xml', allowed: text, csv, jsonl, readmemh",
    "add e4m3fn --accumulate fma": "accumulate is 'fma', allowed: None; add does not have it",
    "add e4m3fn --length 3": "length is 3, allowed: None; add does not have it",
    "add e4m3fn --total": "total is True, allowed: None; add does not have it",
    "compare e4m3fn --rounding rz": "rounding is 'rz', allowed: None; compare does not have it",
    "dot e4m3fn --accumulate fp32": "accumulate is 'fp32'",
    "dot e4m3fn --length 0": "length is 0, allowed: 1 to 65536",
    "dot e4m3fn --length 65537": "length is 65537, allowed: 1 to 65536",
    "quantize mxfp44": "mxfp44",
    "quantize pm1_pmi": "schemes of real numbers",
    "quantize mxfp4 --overflow to_nan": "overflow is 'to_nan', allowed: None; quantize does not have it",
    "quantize mxfp4 --result e5m2": "result is 'e5m2', allowed: None; quantize does not have it",
    "quantize e4m3fn/16x16:binary32 --length 32": "length is 32, allowed for e4m3fn/16x16:binary32: 256, one tile",
    "quantize e2m1fn --count 400": "nan is 'raise', but the result of a case is a NaN and e2m1fn has none",
    "add e4m3fn --json": "json is about the file that is written",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_is_refused(capsys, words: str):
    # Catches: a request that is taken for another one; an error that does not say what is allowed.
    assert REFUSED[words] in refused(capsys, "vectors", *words.split())


def test_wrong_types_are_named():
    # Catches: seed=True taken for 1; a level as a text.
    for given in ({"seed": True}, {"level": "1"}, {"count": 1.5}, {"daz": 1}, {"rounding": 3}):
        with pytest.raises(TypeError, match=f"{next(iter(given))} is"):
            Request("add", "e4m3fn", **given)
    with pytest.raises(ValueError, match="operation is 'plus', allowed: add"):
        write(Request("plus", "e4m3fn"), io.BytesIO())
    with pytest.raises(ValueError, match="form is 'xml', allowed: text, csv, jsonl, readmemh"):
        write(Request("add", "e4m3fn"), io.BytesIO(), "xml")
