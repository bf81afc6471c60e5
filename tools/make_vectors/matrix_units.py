"""Records what matrix units give: outputs of devices, and outputs of another simulator.

    python matrix_units.py devices CHECKOUT OUTPUT     (MATLAB-tensor-core, BSD-2; writes OUTPUT/device_*.txt)
    python matrix_units.py simulator CHECKOUT OUTPUT   (MMA-Sim, MIT: needs torch; writes OUTPUT/mma_sim.txt)

Knows nothing of halfulp. CHECKOUT is a checkout of the repository; its licence is copied beside the data.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

ROWS = 250  # of the 5000 that the repository has of each set

# name of the set: (format, k, devices that were given these factors)
SETS = {
    "binary16_k4": ("binary16", "fp16", 4, ["V100"]),
    "binary16_k8": ("binary16", "fp16", 8, ["A100", "A2", "Ada", "L40S"]),
    "binary16_k16": ("binary16", "fp16", 16, ["H100", "H200", "B200"]),
    "bfloat16_k8": ("bfloat16", "bf16", 8, ["A100", "A2", "Ada", "L40S"]),
    "bfloat16_k16": ("bfloat16", "bf16", 16, ["H100", "H200", "B200"]),
    "tf32_k4": ("tf32", "tf32", 4, ["A100", "A2", "Ada", "L40S", "H100", "H200", "B200"]),
    "e4m3fn_k32": ("e4m3fn", "E4M3", 32, ["Ada", "L40S", "H100", "H200", "B200"]),
    "e5m2_k32": ("e5m2", "E5M2", 32, ["Ada", "L40S", "H100", "H200", "B200"]),
}

# exponent bits, fraction bits, bias, hexadecimal digits of a code
SHAPES = {
    "binary16": (5, 10, 15, 4),
    "bfloat16": (8, 7, 127, 4),
    "tf32": (8, 10, 127, 5),
    "binary32": (8, 23, 127, 8),
    "binary64": (11, 52, 1023, 16),
    "e4m3fn": (4, 3, 7, 2),
    "e5m2": (5, 2, 15, 2),
    "e4m3fnuz": (4, 3, 8, 2),
    "e5m2fnuz": (5, 2, 16, 2),
}


def commit(checkout):
    return subprocess.check_output(["git", "-C", checkout, "rev-parse", "HEAD"], text=True).strip()


def write(path, lines):
    path.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


# ---- devices


def narrow(bits, name):
    """Codes of a format out of binary32 patterns that are members of it."""
    exponent_bits, fraction_bits, bias, _ = SHAPES[name]
    values = bits.view(np.float32).astype(np.float64)
    _, exponent = np.frexp(np.abs(values))
    exponent = np.maximum(exponent - 1, 1 - bias)
    scaled = np.ldexp(np.abs(values), fraction_bits - exponent)
    whole = scaled.astype(np.int64)
    assert np.array_equal(whole, scaled), name
    field = np.where(whole >> fraction_bits, exponent + bias, 0)
    assert field.max() < 1 << exponent_bits
    code = (field << fraction_bits) | (whole & ((1 << fraction_bits) - 1))
    return code | (np.signbit(values).astype(np.int64) << (exponent_bits + fraction_bits))


def hexadecimal(path):
    rows = [line.split() for line in path.read_text().splitlines()[:ROWS]]
    return np.array([[int(word, 16) for word in row] for row in rows], dtype=np.uint32)


def binary(path):
    return np.array([int(line, 2) for line in path.read_text().splitlines()[:ROWS]], dtype=np.uint32)


def text(codes, digits):
    mask = (1 << 4 * digits) - 1  # binary64's sign is that of the integer
    return "".join(f"{int(code) & mask:0{digits}x}" for code in codes)


def devices(checkout, output):
    root = Path(checkout) / "model_validation"
    for name, (format, folder, k, names) in SETS.items():
        digits = SHAPES[format][3]
        factors, columns = [], {}
        for device in names:
            place = root / device / folder
            found = [narrow(hexadecimal(place / f"{letter}_{device}_{folder}.txt"), format) for letter in "ab"]
            assert found[0].shape == (ROWS, k)
            factors = factors or found
            assert all(np.array_equal(x, y) for x, y in zip(factors, found, strict=True)), device
            columns[f"{device}.c"] = [text([code], 8) for code in binary(place / f"c_{device}_fp32.txt")]
            columns[f"{device}.binary32"] = [text([code], 8) for code in binary(place / f"d_{device}_fp32.txt")]
            half = place / f"d_{device}_fp16.txt"
            if half.exists():
                columns[f"{device}.binary16"] = [text([code], 4) for code in narrow(binary(half), "binary16")]
        lines = [
            "# Outputs of matrix units: d = c + sum of a_k * b_k, one dot product a line, all numbers as codes.",
            f"# From github.com/north-numerical-computing/MATLAB-tensor-core at {commit(checkout)},",
            f"# model_validation/, the first {ROWS} of 5000 rows; licence beside this. Written by matrix_units.py.",
            "# The addend c is binary32; for outputs in binary16 the devices were given its nearest binary16.",
            "# H100 and H200, 8-bit inputs: binary32 is wgmma with an addend of zero (c unused), binary16 is mma.",
            f"format {format}",
            f"k {k}",
            "columns a b " + " ".join(columns),
        ]
        for i in range(ROWS):
            row = [text(x[i], digits) for x in factors] + [column[i] for column in columns.values()]
            lines.append(" ".join(row))
        write(Path(output) / f"device_{name}.txt", lines)
    licence = (Path(checkout) / "LICENCE").read_text().rstrip("\n")
    write(Path(output) / "LICENCE.MATLAB-tensor-core.txt", licence.splitlines())


# ---- another simulator

KINDS = ("ordinary", "wide", "cancelling", "tiny", "special", "large")


def fields(rng, shape, name, low, high):
    """Codes of random sign and fraction whose exponent field lies in [low, high]."""
    exponent_bits, fraction_bits, _, _ = SHAPES[name]
    field = rng.integers(low, high + 1, shape)
    sign = rng.integers(0, 2, shape)
    fraction = rng.integers(0, 1 << fraction_bits, shape)
    return (sign << (exponent_bits + fraction_bits)) | (field << fraction_bits) | fraction


def inputs(rng, kind, name, addend, k, size):
    """Codes of a (size, k), b (k, size), c (size, size)."""
    exponent_bits, fraction_bits, bias, _ = SHAPES[name]
    c_bits, c_fraction, c_bias, _ = SHAPES[addend]
    top = (1 << exponent_bits) - (2 if name not in ("e4m3fnuz", "e5m2fnuz", "e4m3fn") else 1)
    c_top = (1 << c_bits) - 2
    if kind == "wide":
        ranges = (1, top - 1), (c_bias - 14, c_bias + 14)
    elif kind == "tiny":
        ranges = (0, 2), (0, 2)
    elif kind == "large":
        ranges = (top - 2, top), (c_top - 1, c_top)
    else:
        ranges = (max(1, bias - 3), bias + 2), (c_bias - 4, c_bias + 4)
    b_range = (max(0, bias - 24), bias) if kind == "tiny" else ranges[0]  # products near the end of the output's range
    a, b = fields(rng, (size, k), name, *ranges[0]), fields(rng, (k, size), name, *b_range)
    c = fields(rng, (size, size), addend, *ranges[1])
    if name == "e4m3fn":  # no NaN but where asked for
        a, b = (np.where(x & 127 == 127, x - 1, x) for x in (a, b))
    sign = np.int64(1) << np.int64(exponent_bits + fraction_bits)
    if kind == "cancelling" and k > 1:
        reach = min(bias + 9, top - 1)
        a[:, 0] = fields(rng, size, name, bias + 3, reach)
        a[:, 1] = a[:, 0] ^ sign
        b[1] = b[0]
        c = fields(rng, (size, size), addend, max(1, c_bias - 14), c_bias + 14)
    if kind == "tiny":
        a[rng.random(a.shape) < 0.3] = 0
        c[rng.random(c.shape) < 0.3] = 0
    if kind == "special":
        zeros = rng.random(a.shape) < 0.1
        a[zeros] = np.where(rng.random(zeros.sum()) < 0.5, 0, sign if "fnuz" not in name else 0)
        infinite = {"e4m3fn": 127, "e4m3fnuz": sign, "e5m2fnuz": sign}.get(name, top + 1 << fraction_bits)
        a.flat[rng.integers(0, a.size, 1)] = infinite
        b.flat[rng.integers(0, b.size, 1)] = infinite
        c.flat[rng.integers(0, c.size, 2)] = c_top + 1 << c_fraction
        c.flat[rng.integers(0, c.size, 1)] = (c_top + 1 << c_fraction) | 1 << (c_fraction - 1)
    return a, b, c


def tensor(codes, name):
    import torch

    wide = {"tf32": 13}.get(name, 0)
    types = {
        "binary64": (np.uint64, torch.float64),
        "binary32": (np.uint32, torch.float32),
        "tf32": (np.uint32, torch.float32),
        "binary16": (np.uint16, torch.float16),
        "bfloat16": (np.uint16, torch.bfloat16),
        "e4m3fn": (np.uint8, torch.float8_e4m3fn),
        "e5m2": (np.uint8, torch.float8_e5m2),
        "e4m3fnuz": (np.uint8, torch.float8_e4m3fnuz),
        "e5m2fnuz": (np.uint8, torch.float8_e5m2fnuz),
        "e8m0fnu": (np.uint8, torch.float8_e8m0fnu),
    }
    integer, dtype = types[name]
    array = (np.asarray(codes).astype(np.uint64) << np.uint64(wide)).astype(integer)
    return torch.from_numpy(array.copy()).view(dtype)


def codes_of(result):
    import torch

    integer = {2: (torch.int16, np.uint16), 4: (torch.int32, np.uint32), 8: (torch.int64, np.uint64)}
    to, unsigned = integer[result.element_size()]
    return result.contiguous().view(to).numpy().view(unsigned)


# unit: (module, class, architecture, qualifier, format of a, of b, of the output)
PLAIN = [
    ("v100_fp16", "mma", "Volta", "m8n8k4.f32.f16.f16.f32", "binary16", "binary16", "binary32"),
    ("v100_fp16_fp16", "mma", "Volta", "m8n8k4.f16.f16.f16.f16", "binary16", "binary16", "binary16"),
    ("turing_fp16", "mma", "Turing", "m16n8k8.f32.f16.f16.f32", "binary16", "binary16", "binary32"),
    ("turing_fp16_fp16", "mma", "Turing", "m16n8k8.f16.f16.f16.f16", "binary16", "binary16", "binary16"),
    ("a100_fp16", "mma", "Ampere", "m16n8k16.f32.f16.f16.f32", "binary16", "binary16", "binary32"),
    ("a100_fp16_fp16", "mma", "Ampere", "m16n8k16.f16.f16.f16.f16", "binary16", "binary16", "binary16"),
    ("a100_bf16", "mma", "Ampere", "m16n8k16.f32.bf16.bf16.f32", "bfloat16", "bfloat16", "binary32"),
    ("a100_tf32", "mma", "Ampere", "m16n8k8.f32.tf32.tf32.f32", "tf32", "tf32", "binary32"),
    ("a100_fp64", "mma", "Ampere", "m8n8k4.f64.f64.f64.f64", "binary64", "binary64", "binary64"),
    ("ada_fp16", "mma", "Ada Lovelace", "m16n8k16.f32.f16.f16.f32", "binary16", "binary16", "binary32"),
    ("ada_fp8", "mma", "Ada Lovelace", "m16n8k32.f32.e4m3.e5m2.f32", "e4m3fn", "e5m2", "binary32"),
    ("ada_fp8_fp16", "mma", "Ada Lovelace", "m16n8k32.f16.e5m2.e4m3.f16", "e5m2", "e4m3fn", "binary16"),
    ("h100_fp16", "mma", "Hopper", "m16n8k16.f32.f16.f16.f32", "binary16", "binary16", "binary32"),
    ("h100_fp16_fp16", "mma", "Hopper", "m16n8k16.f16.f16.f16.f16", "binary16", "binary16", "binary16"),
    ("h100_bf16", "wgmma", "Hopper", "m64n8k16.f32.bf16.bf16", "bfloat16", "bfloat16", "binary32"),
    ("h100_tf32", "wgmma", "Hopper", "m64n8k8.f32.tf32.tf32", "tf32", "tf32", "binary32"),
    ("h100_fp8", "wgmma", "Hopper", "m64n8k32.f32.e4m3.e5m2", "e4m3fn", "e5m2", "binary32"),
    ("h100_fp8_fp16", "wgmma", "Hopper", "m64n8k32.f16.e4m3.e4m3", "e4m3fn", "e4m3fn", "binary16"),
    ("b200_bf16", "tcgen05mma", "Blackwell", "m64n8k16.f32.bf16.bf16", "bfloat16", "bfloat16", "binary32"),
    ("b200_tf32", "tcgen05mma", "Blackwell", "m64n8k8.f32.tf32.tf32", "tf32", "tf32", "binary32"),
    ("b200_f8f6f4", "tcgen05mma", "Blackwell", "m64n8k32.f32.e4m3.e5m2", "e4m3fn", "e5m2", "binary32"),
    ("b200_f8f6f4_fp16", "tcgen05mma", "Blackwell", "m64n8k32.f16.e4m3.e5m2", "e4m3fn", "e5m2", "binary16"),
    ("rtx_blackwell_fp16", "mma", "RTX Blackwell", "m16n8k16.f32.f16.f16.f32", "binary16", "binary16", "binary32"),
    ("rtx_blackwell_f8f6f4", "mma", "RTX Blackwell", "m16n8k32.f32.e5m2.e4m3.f32", "e5m2", "e4m3fn", "binary32"),
    ("cdna1_fp16_tree", "mfma", "CDNA1", "f32_4x4x4f16", "binary16", "binary16", "binary32"),
    ("cdna1_bf16_tree", "mfma", "CDNA1", "f32_16x16x8bf16", "bfloat16", "bfloat16", "binary32"),
    ("cdna1_fp32", "mfma", "CDNA1", "f32_16x16x4f32", "binary32", "binary32", "binary32"),
    ("cdna2_fp16", "mfma", "CDNA2", "f32_16x16x16f16", "binary16", "binary16", "binary32"),
    ("cdna2_bf16", "mfma", "CDNA2", "f32_16x16x8bf16", "bfloat16", "bfloat16", "binary32"),
    ("cdna2_bf16_1k", "mfma", "CDNA2", "f32_16x16x16bf16_1k", "bfloat16", "bfloat16", "binary32"),
    ("cdna2_fp64", "mfma", "CDNA2", "f64_4x4x4f64", "binary64", "binary64", "binary64"),
    ("cdna3_fp16", "mfma", "CDNA3", "f32_16x16x16_f16", "binary16", "binary16", "binary32"),
    ("cdna3_bf16", "mfma", "CDNA3", "f32_16x16x16_bf16", "bfloat16", "bfloat16", "binary32"),
    ("cdna3_xf32", "mfma", "CDNA3", "f32_16x16x8_xf32", "tf32", "tf32", "binary32"),
    ("cdna3_fp8", "mfma", "CDNA3", "f32_16x16x32_fp8_bf8", "e4m3fnuz", "e5m2fnuz", "binary32"),
]
# unit, qualifier, format, format of scales
SCALED = [
    ("b200_mxf8f6f4", "m128n8k32.block32.f32.e4m3.e4m3.ue8m0", "e4m3fn", "e8m0fnu"),
    ("b200_mxf4", "m128n8k64.block32.f32.e2m1.e2m1.ue8m0", "e2m1fn", "e8m0fnu"),
    ("b200_nvf4", "m128n8k64.block16.f32.e2m1.e2m1.ue4m3", "e2m1fn", "e4m3fn"),
]
SIZE = 4  # rows and columns


def plain_cases(simulator, rng):
    for unit, kind_of, architecture, qualifier, of_a, of_b, output in PLAIN:
        machine = simulator[kind_of](architecture, qualifier)
        machine.m = machine.n = SIZE
        for kind in KINDS:
            if of_a != of_b and kind == "special":
                continue
            a, _, c = inputs(rng, kind, of_a, output, machine.k, SIZE)
            _, b, _ = inputs(rng, kind, of_b, output, machine.k, SIZE)
            try:
                d = codes_of(machine(tensor(a, of_a), tensor(b, of_b), tensor(c, output)))
            except (OverflowError, ValueError):  # it does not answer for what overflows on the way
                continue
            digits = [SHAPES[name][3] for name in (of_a, of_b, output, output)]
            parts = [text(x.ravel(), n) for x, n in zip((a, b, c, d), digits, strict=True)]
            yield " ".join(["plain", unit, kind, of_a, of_b, str(machine.k), *parts])


def scaled_cases(simulator, rng):
    for unit, qualifier, format, of_scale in SCALED:
        machine = simulator["tcgen05mma_block_scale"]("Blackwell", qualifier)
        machine.m = machine.n = SIZE
        blocks = machine.k // machine.block_size
        for spread in (2, 8, 40):
            c = fields(rng, (SIZE, SIZE), "binary32", 127 - spread, 127 + spread)
            if format == "e2m1fn":
                a, b = rng.integers(0, 16, (SIZE, machine.k)), rng.integers(0, 16, (SIZE, machine.k))
            else:
                a, b, _ = inputs(rng, "ordinary", format, "binary32", machine.k, SIZE)
                b = b.T
            if of_scale == "e8m0fnu":
                scales = [rng.integers(127 - spread, 128 + spread, (SIZE, blocks)) for _ in "ab"]
            else:
                scales = [rng.integers(0, 255, (SIZE, blocks)) & ~1 for _ in "ab"]
            if format == "e2m1fn":  # two codes a byte, the first one low
                import torch

                packed = [torch.from_numpy((x[:, ::2] | x[:, 1::2] << 4).astype(np.uint8)) for x in (a, b)]
            else:
                packed = [tensor(x, format) for x in (a, b)]
            d = codes_of(
                machine(
                    packed[0],
                    packed[1].T,
                    tensor(c, "binary32"),
                    tensor(scales[0], of_scale),
                    tensor(scales[1], of_scale).T,
                )
            )
            digits = 1 if format == "e2m1fn" else 2
            parts = [text(a.ravel(), digits), text(b.T.ravel(), digits), text(c.ravel(), 8), text(d.ravel(), 8)]
            parts += [text(scales[0].ravel(), 2), text(scales[1].T.ravel(), 2)]
            yield " ".join(["scaled", unit, f"spread{spread}", format, of_scale, str(machine.k), str(blocks), *parts])


def simulator(checkout, output):
    sys.path.insert(0, str(checkout))
    from mmasim.simulator import amd, nv_ptx

    tree = amd.pairwise_dot  # asserts binary32, and its caller hands it the factors as they are
    amd.pairwise_dot = lambda a, b, flush: tree(a.float(), b.float(), flush)
    names = ("mma", "wgmma", "tcgen05mma", "tcgen05mma_block_scale")
    machines = {name: getattr(nv_ptx, name) for name in names} | {"mfma": amd.mfma}
    rng = np.random.default_rng(20260711)
    lines = [
        "# Outputs of a simulator of matrix units: codes of a (4, k), b (k, 4), c (4, 4), d = c + a b, in C order.",
        f"# From github.com/microsoft/MMA-Sim at {commit(checkout)} (MIT). Written by matrix_units.py.",
        "# Its tree of sums (CDNA1 and 2) is given the factors in binary32, which it asks for.",
        "# plain UNIT KIND FORMAT_A FORMAT_B K A B C D",
        "# scaled UNIT KIND FORMAT FORMAT_OF_SCALES K BLOCKS A B C D SCALES_OF_A SCALES_OF_B",
        *plain_cases(machines, rng),
        *scaled_cases(machines, rng),
    ]
    write(Path(output) / "mma_sim.txt", lines)


if __name__ == "__main__":
    {"devices": devices, "simulator": simulator}[sys.argv[1]](sys.argv[2], sys.argv[3])
