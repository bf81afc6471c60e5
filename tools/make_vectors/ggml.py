"""Records what the reference functions of llama.cpp make of numbers and of bytes. Run once, on x86-64:

    python ggml.py CHECKOUT OUTPUT       (writes OUTPUT/ggml.json)

CHECKOUT: a git checkout of ggml-org/ggml, or the folder ggml/ of one of llama.cpp, where src/ggml-quants.c is compiled
alone, with the flags of a release build and no instruction set beyond x86-64's. Needs numpy, a C compiler (CC, by
default gcc) and git; never halfulp.

The scales of blocks with amax near 2^-128 are the one place where the compiler shows: the reciprocal overflows, and the
conversion of what then comes out to an integer is undefined in C. gcc's code for x86-64 is recorded.
"""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

LENGTH = 256  # of a row: whole blocks of every type
WRITTEN = {"Q4_0": (32, 18), "Q8_0": (32, 34), "TQ1_0": (256, 54), "TQ2_0": (256, 66)}
READ = {
    "Q4_1": (32, 20),
    "Q5_0": (32, 22),
    "Q5_1": (32, 24),
    "Q4_K": (256, 144),
    "Q6_K": (256, 210),
    "IQ4_NL": (32, 18),
    "MXFP4": (32, 17),
    "NVFP4": (64, 36),
}
HALVES = {
    "Q4_1": (0, 2),
    "Q5_1": (0, 2),
    "Q4_K": (0, 2),
    "Q6_K": (208,),
    "TQ1_0": (52,),
    "TQ2_0": (64,),
    "MXFP4": (),
    "NVFP4": (),
}


def command(*words):
    return subprocess.check_output(words, text=True).strip()


def library(checkout, folder):
    """The functions of ggml-quants.c; what it calls elsewhere is never reached."""
    target = Path(folder) / "quants.so"
    includes = [f"-I{checkout}/{where}" for where in ("include", "src", "src/ggml-cpu")]
    compiler = os.environ.get("CC", "gcc")
    flags = [
        "-std=gnu11",
        "-O3",
        "-DNDEBUG",
        "-D_GNU_SOURCE",
        "-fPIC",
        "-shared",
        "-Wl,--unresolved-symbols=ignore-all",
    ]
    subprocess.run([compiler, *flags, *includes, f"{checkout}/src/ggml-quants.c", "-o", target, "-lm"], check=True)
    return ctypes.CDLL(str(target), mode=os.RTLD_LAZY), command(compiler, "--version").splitlines()[0]


def call(function, source, target, count):
    function(source.ctypes.data_as(ctypes.c_void_p), target.ctypes.data_as(ctypes.c_void_p), ctypes.c_int64(count))
    return target


def spelled(name):
    """As the functions are named: q4_0, q4_K."""
    return name.lower().replace("_k", "_K")


def hexadecimal(array):
    return array.astype(array.dtype.newbyteorder(">")).tobytes().hex()


def rows():
    """What each row of numbers is there for, and the row."""
    rng = np.random.default_rng(20)
    signs = rng.choice([-1.0, 1.0], LENGTH)
    block = np.arange(LENGTH) // 32
    yield "a bell", rng.standard_normal(LENGTH)
    yield "a bell with outliers", rng.standard_normal(LENGTH) * np.where(rng.random(LENGTH) < 0.03, 100, 1)
    yield "any exponent", signs * 2.0 ** rng.uniform(-126, 127, LENGTH)
    yield "the largest numbers", signs * rng.uniform(2.0**126, 3.4e38, LENGTH)
    yield "ties of Q4_0 under the scale -1, where both signs of 8 stand in a block", rng.integers(-16, 17, LENGTH) / 2
    ties = rng.integers(-254, 255, LENGTH) / 2
    ties[::32] = 127
    yield "ties of Q8_0 under the scale 1", ties
    yield "ties of TQ", np.where(np.arange(LENGTH) == 200, -1, rng.integers(-2, 3, LENGTH) / 2)
    half = np.nextafter(np.float32(0.5), np.where(rng.random(LENGTH) < 0.5, np.float32(0), np.float32(1)))
    yield "next to one half of the scale", np.where(np.arange(LENGTH) % 32 == 9, 1, half) * signs
    yield "zeros, some blocks with -0 first", np.where(rng.random(LENGTH) < 0.5, 0.0, -0.0)
    yield "scales about binary16's smallest numbers", rng.standard_normal(LENGTH) * 2.0 ** (-26 + block)
    yield "scales about binary16's largest number", signs * 65520 * rng.random(LENGTH) ** 0.05 * 2.0 ** (block % 4 * 2)
    yield "scales about 2^-128, where the reciprocal overflows", rng.integers(-16, 17, LENGTH) * 2.0 ** (-134 + block)


def blocks(rng, name, size, count):
    """Random bytes with finite scales."""
    data = rng.integers(0, 256, (count, size), dtype=np.uint8)
    for at in HALVES.get(name, (0,)):
        data[:, at + 1] &= 0xBF
    if name == "MXFP4":
        data[:3, 0] = 0, 1, 2
    if name == "NVFP4":
        data[0, :4] = 0, 5, 0x7F, 0xFF
    return data


def main(checkout, output):
    with tempfile.TemporaryDirectory() as folder:
        c, compiler = library(checkout, folder)
        quantized = []
        for about, row in rows():
            x = row.astype(np.float32)
            case = {"about": about, "x": hexadecimal(x.view(np.uint32))}
            for name, (values, size) in WRITTEN.items():
                function = getattr(c, f"quantize_row_{spelled(name)}_ref")
                case[name] = call(function, x, np.zeros(LENGTH // values * size, np.uint8), LENGTH).tobytes().hex()
            quantized.append(case)
        rng = np.random.default_rng(21)
        dequantized = []
        for name, (values, size) in sorted((WRITTEN | READ).items()):
            data = blocks(rng, name, size, max(1, 128 // values))
            out = np.zeros(len(data) * values, np.float32)
            call(getattr(c, f"dequantize_row_{spelled(name)}"), data, out, out.size)
            assert np.isfinite(out).all()
            dequantized.append(
                {"type": name, "bytes": data.tobytes().hex(), "values": hexadecimal(out.view(np.uint32))}
            )
    source = command("git", "-C", checkout, "log", "-1", "--format=%H of %cs")
    head = {
        "about": "x and values: bits of binary32, 8 hexadecimal digits each; everything else: bytes in their order. "
        "quantize: rows of 256 numbers and what each type's quantize_row_*_ref writes for them. dequantize: bytes and "
        "what dequantize_row_* reads in them.",
        "source": f"src/ggml-quants.c of ggml, commit {source}, compiled by {compiler} for x86-64",
        "made_by": "tools/make_vectors/ggml.py",
    }
    lists = (
        (key, ",\n".join(map(json.dumps, cases)))
        for key, cases in (("quantize", quantized), ("dequantize", dequantized))
    )
    text = json.dumps(head)[:-1] + "".join(f', "{key}": [\n{lines}\n]' for key, lines in lists) + "}\n"
    path = Path(output) / "ggml.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    print(f"{path.name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
