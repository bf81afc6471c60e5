"""Writes tests/vectors/formats/<name>.txt from the published parameters, after comparing every code
with ml_dtypes and NumPy (where they have the type) and with a JSON of hashes where one is given.

    python formats.py OUTPUT [formats.json]
"""

import json
import sys
from fractions import Fraction
from pathlib import Path

import ml_dtypes
import numpy as np
from common import (
    FORMATS,
    INF,
    NAN,
    NINF,
    bits_of,
    decode,
    decode_sha256,
    hex_float,
    to_double,
    write,
)

OFP8 = "OCP 8-bit Floating Point Specification (OFP8) 1.0, E4M3 and E5M2 encodings; arXiv 2209.05433, Table 1"
MX = "OCP Microscaling Formats (MX) Specification 1.0, element and scale data types"
FNUZ = "arXiv 2206.02915 (8-bit Numerical Formats for Deep Neural Networks)"
# name: (aliases, names elsewhere, sources, package that holds the same values, name in the JSON of hashes)
ROWS = {
    "binary16": (
        "float16 fp16",
        "half",
        ["IEEE 754-2019, 3.6, Table 3.5 (binary interchange formats)"],
        "numpy.float16",
        "binary16",
    ),
    "binary32": ("float32 fp32", "single", ["IEEE 754-2019, 3.6, Table 3.5"], "numpy.float32", "binary32"),
    "binary64": ("float64 fp64", "double", ["IEEE 754-2019, 3.6, Table 3.5"], "numpy.float64", "binary64"),
    "bfloat16": (
        "bf16",
        "-",
        ["ml_dtypes 0.6.0, bfloat16; the upper half of a binary32"],
        "ml_dtypes.bfloat16",
        "bfloat16",
    ),
    "tf32": (
        "-",
        "tensorfloat32",
        [
            "PTX ISA 9.1, alternate floating-point data formats: binary32's range, 10 fraction bits; "
            "19 bits kept at the top of a 32-bit word"
        ],
        None,
        "tf32",
    ),
    "dlfloat16": (
        "-",
        "DLFloat",
        [
            "US20190369960; Agrawal et al., DLFloat, ARITH 2019: no subnormals, exponent field 0 with a "
            "nonzero fraction is a normal binade, one merged NaN/infinity"
        ],
        None,
        "dlfloat16",
    ),
    "e4m3fn": ("float8_e4m3fn", "E4M3 (OFP8)", [OFP8], "ml_dtypes.float8_e4m3fn", "float8_e4m3fn"),
    "e5m2": ("float8_e5m2", "E5M2 (OFP8)", [OFP8], "ml_dtypes.float8_e5m2", "float8_e5m2"),
    "e4m3": (
        "float8_e4m3",
        "-",
        ["ml_dtypes 0.6.0, float8_e4m3 (follows IEEE 754's conventions)"],
        "ml_dtypes.float8_e4m3",
        "float8_e4m3",
    ),
    "e3m4": (
        "float8_e3m4",
        "-",
        ["ml_dtypes 0.6.0, float8_e3m4 (follows IEEE 754's conventions)"],
        "ml_dtypes.float8_e3m4",
        "float8_e3m4",
    ),
    "e4m3fnuz": (
        "float8_e4m3fnuz",
        "F143",
        [FNUZ, "ml_dtypes 0.6.0, float8_e4m3fnuz"],
        "ml_dtypes.float8_e4m3fnuz",
        "float8_e4m3fnuz",
    ),
    "e5m2fnuz": (
        "float8_e5m2fnuz",
        "F152",
        [FNUZ, "ml_dtypes 0.6.0, float8_e5m2fnuz"],
        "ml_dtypes.float8_e5m2fnuz",
        "float8_e5m2fnuz",
    ),
    "e4m3b11fnuz": (
        "float8_e4m3b11fnuz",
        "-",
        ["ml_dtypes 0.6.0, float8_e4m3b11fnuz"],
        "ml_dtypes.float8_e4m3b11fnuz",
        "float8_e4m3b11fnuz",
    ),
    "e3m2fn": ("float6_e3m2fn", "FP6 E3M2 (MX)", [MX], "ml_dtypes.float6_e3m2fn", "float6_e3m2fn"),
    "e2m3fn": ("float6_e2m3fn", "FP6 E2M3 (MX)", [MX], "ml_dtypes.float6_e2m3fn", "float6_e2m3fn"),
    "e2m1fn": ("float4_e2m1fn", "FP4 E2M1 (MX)", [MX], "ml_dtypes.float4_e2m1fn", "float4_e2m1fn"),
    "e8m0fnu": (
        "float8_e8m0fnu",
        "E8M0 (MX), UE8M0 (PTX)",
        [MX],
        "ml_dtypes.float8_e8m0fnu",
        "float8_e8m0fnu",
    ),
    "microexponent": (
        "-",
        "d2 = 1 (shared microexponents)",
        ["arXiv 2302.08007, shared microexponents: one bit lowers the exponent of a pair"],
        None,
        "microexponent",
    ),
    "e4m3fnu": (
        "-",
        "UE4M3",
        ["PTX ISA 9.1, alternate floating-point data formats (.ue4m3: 7 bits in an 8-bit container)"],
        None,
        "ufloat8_ue4m3",
    ),
    "e5m3fnu": ("-", "UE5M3", ["amd/Quark, BaseFP8_E5M3; arXiv 2509.17791"], None, "ufloat8_ue5m3"),
}
NOTES = {
    "dlfloat16": [
        "The sign of a stored zero carries no meaning: code 8000 decodes to +0 here, and the hash says so.",
        "The document knows one rounding, nearest with ties up; overflow_midpoint is for nearest-even, as in "
        "every file.",
    ],
    "microexponent": ["Code 0 is 1/2 and code 1 is 1. The paper's bit says how far to shift down: 1 less this code."],
    "e8m0fnu": ["There is no zero: code 00 is 2^-127. min_normal is that value; there are no subnormals."],
    "e4m3fnu": ["Bit 7 of the 8-bit container is not part of the format."],
}


def package_values(name, package):
    module, attribute = package.split(".")
    dtype = np.dtype(getattr({"numpy": np, "ml_dtypes": ml_dtypes}[module], attribute))
    codes = np.arange(1 << bits_of(name), dtype=np.uint8 if dtype.itemsize == 1 else np.uint16)
    return codes.view(dtype).astype(np.float64)


def compare(name, package):
    """Every code against the package, bit for bit as binary64 (NaN as a class)."""
    for code, got in enumerate(package_values(name, package)):
        want = decode(name, code)
        if want == NAN:
            assert np.isnan(got), (name, code)
        else:
            assert got.tobytes() == to_double(want), (name, code)


def code_list(codes, digits):
    if not codes:
        return "none"
    return " ".join(f"{c:0{digits}x}" for c in codes)


def describe(name):
    kind, signed, e, m, bias = FORMATS[name]
    bits = bits_of(name)
    digits = (bits + 3) // 4
    top = ((1 << e) - 1) << m
    sign = 1 << (e + m)
    quiet = {"ieee": top | 1 << (m - 1) if m else None, "fnuz": sign}.get(kind, top | (1 << m) - 1)
    if kind in ("finite", "binades"):
        quiet = None
    if bits <= 16:
        codes = range(1 << bits)
        nans = [c for c in codes if decode(name, c) == NAN]
        infinities = [c for c in codes if decode(name, c) in (INF, NINF)]
        finite = [decode(name, c) for c in codes if decode(name, c) not in (NAN, INF, NINF)]
        positive = sorted({v for v in finite if not isinstance(v, str) and v > 0})
        largest, smallest, nan_count, second = positive[-1], positive[0], len(nans), positive[-2]
    else:
        assert kind == "ieee"
        nans, infinities = [], [top, top | sign]
        nan_count = 2 * ((1 << m) - 1)
        largest, second = decode(name, top - 1), decode(name, top - 2)
        smallest = decode(name, 1)
    powers = kind in ("pow2", "binades")
    if kind == "dlfloat" or powers:
        emin, subnormal, normal = -bias, None, smallest
    else:
        emin, subnormal = 1 - bias, smallest
        normal = decode(name, 1 << m)
    emax = 0
    while Fraction(2) ** (emax + 1) <= largest:
        emax += 1
    gap = largest - second
    midpoint = largest * Fraction(3, 2) if powers else largest + gap / 2
    last_bit_even = (emax + bias) % 2 == 0 if powers else (largest / gap) % 2 == 0
    lines = [
        "name " + name,
        "aliases " + ROWS[name][0],
        "names_elsewhere " + ROWS[name][1],
        f"bits {bits}",
        f"exponent_bits {e}",
        f"mantissa_bits {m}",
        f"bias {bias}",
        "signed " + ("yes" if signed else "no"),
        "max " + hex_float(largest),
        "min_normal " + hex_float(normal),
        "min_subnormal " + ("none" if subnormal is None else hex_float(subnormal)),
        f"emin {emin}",
        f"emax {emax}",
        "inf_codes " + code_list(infinities, digits),
        f"nan_count {nan_count}",
    ]
    if nan_count <= 32 and bits <= 16:
        lines.append("nan_codes " + code_list(nans, digits))
    lines += [
        "canonical_nan " + ("none" if quiet is None else f"{quiet:0{digits}x}"),
        "overflow_midpoint " + hex_float(midpoint),
        "overflow_midpoint_rounds " + ("to_max" if last_bit_even else "out_of_range"),
    ]
    if quiet is not None:
        assert bits > 16 or quiet in nans
    if bits <= 19:
        lines.append("decode_sha256 " + decode_sha256(name))
    if bits <= 8:
        lines.append("values " + " ".join(hex_float(decode(name, c)) for c in range(1 << bits)))
    return lines


def main(output, hashes=None):
    known = {r["name"]: r for r in json.loads(Path(hashes).read_text())["scalar"]} if hashes else {}
    for name in FORMATS:
        _aliases, _elsewhere, sources, package, json_name = ROWS[name]
        comments = ["Source: " + s + "." for s in sources]
        if package and bits_of(name) <= 16:
            compare(name, package)
            comments.append(
                "Every code compared with {} {}.".format(package, (ml_dtypes if "ml" in package else np).__version__)
            )
        lines = describe(name)
        values = dict(line.split(" ", 1) for line in lines)
        row = known.get(json_name)
        if row:
            for key, ours in (
                ("max_hex", "max"),
                ("min_normal_hex", "min_normal"),
                ("min_subnormal_hex", "min_subnormal"),
            ):
                if key in row:
                    assert float.fromhex(row[key]) == float.fromhex(values[ours]), (name, key)
            assert row.get("decode_sha256", values.get("decode_sha256")) == values.get("decode_sha256"), name
            assert (row["bits"], row["E"], row["M"], row["bias"]) == (bits_of(name), *FORMATS[name][2:]), name
        comments += NOTES.get(name, [])
        comments.append("Keys: ../README.md. Made by tools/make_vectors/formats.py. Public facts; no licence attaches.")
        write(Path(output) / (name + ".txt"), comments, lines)
        print(name, "written", "(hash known)" if row and "decode_sha256" in row else "")


main(*sys.argv[1:])
