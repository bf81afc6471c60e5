"""Turns the owners' recordings into tests/vectors/presets/*.txt.

    g++ -std=c++17 -O1 -I CUDA_INCLUDE cuda_casts.cpp -o cuda_casts
    python presets_write.py RECORDINGS CUDA_CASTS_PROGRAM OUTPUT

RECORDINGS holds torch-<version>.json of the versions below (presets_torch.py) and onnx.json
(presets_onnx.py).
"""

import json
import subprocess
import sys
from pathlib import Path

from common import boundary_inputs, is_nan_code, write_recording

# PyTorch releases before and after the change of pull request 178817
BEFORE = ["2.12.0", "2.12.1", "2.11.0"]
AFTER = ["2.13.0", "2.15.0"]

GENERAL = [
    "Recorded conversions: what the owner's own code answered. Grammar: README.md in this folder.",
]


def torch(recordings, output):
    def read(version):
        return json.loads((Path(recordings) / f"torch-{version}.json").read_text())

    olds, news = [read(v) for v in BEFORE], [read(v) for v in AFTER]
    for group in (olds, news):
        for other in group[:-1]:
            # the recording of the last of a group has most inputs
            for name, rows in other["formats"].items():
                assert all(group[-1]["formats"][name][k] == c for k, c in rows.items()), (
                    other["version"],
                    name,
                )
    old, newest = olds[-1], news[-1]
    for name in newest["formats"]:
        rows = {int(k, 16): (old["formats"][name][k], c) for k, c in newest["formats"][name].items()}
        same = all(a == b or (is_nan_code(name, a) and is_nan_code(name, b)) for a, b in rows.values())
        comments = [
            *GENERAL,
            "Source: PyTorch (BSD-3-Clause), Tensor.to on the CPU, run: torch_2_11 = {}; torch = {}.".format(
                ", ".join(sorted(BEFORE)), ", ".join(AFTER)
            ),
            "One-element, strided and long arrays gave the same answers"
            + (", and so did all versions." if same else "."),
            "Made by tools/make_vectors/presets_torch.py and presets_write.py.",
        ]
        if same:
            rows = {k: (b,) for k, (a, b) in rows.items()}
            write_recording(
                Path(output) / f"torch.{name}.txt",
                comments,
                name,
                "binary32",
                ["torch torch_2_11"],
                ["cast"],
                rows,
            )
        else:
            write_recording(
                Path(output) / f"torch.{name}.txt",
                comments,
                name,
                "binary32",
                ["torch_2_11", "torch"],
                ["cast_2_11", "cast"],
                rows,
            )


def onnx(recordings, output):
    data = json.loads((Path(recordings) / "onnx.json").read_text())
    for name, rows in data["formats"].items():
        columns = data["columns"][name]
        if name == "e8m0fnu":
            presets = ["onnx_saturate" if c == "up_saturate1" else "-" for c in columns]
        else:
            presets = ["onnx_saturate" if c == "saturate1" else "-" for c in columns]
        comments = [
            *GENERAL,
            "Source: onnx {} (Apache-2.0), reference evaluator, Cast of opset 28, ml_dtypes {}.".format(
                data["version"], data["ml_dtypes"]
            ),
            "Made by tools/make_vectors/presets_onnx.py and presets_write.py.",
        ]
        table = {int(k, 16): tuple(c) for k, c in rows.items()}
        if all(len(set(c)) == 1 for c in table.values()):
            table = {k: c[:1] for k, c in table.items()}
            columns, presets = ["any"], ["onnx_saturate"]
        write_recording(Path(output) / f"onnx.{name}.txt", comments, name, "binary32", presets, columns, table)


CUDA = {
    "e4m3fn": (["satfinite", "nosat"], ["ptx_satfinite", "-"]),
    "e5m2": (["satfinite", "nosat"], ["ptx_satfinite", "-"]),
    "e3m2fn": (["nearest", "toward_zero"], ["ptx_satfinite", "-"]),
    "e2m3fn": (["nearest", "toward_zero"], ["ptx_satfinite", "-"]),
    "e2m1fn": (["nearest", "toward_zero"], ["ptx_satfinite", "-"]),
    "e8m0fnu": (["rz_satfinite", "rz_nosat", "rp_satfinite", "rp_nosat"], ["-", "-", "-", "-"]),
}


def cuda(program, output):
    for name, (columns, presets) in CUDA.items():
        for carrier, digits in (("binary32", 8), ("binary64", 16)):
            bits = boundary_inputs(name, carrier, thin_negative=True)
            text = "".join(f"{name} {carrier} {b:0{digits}x}\n" for b in bits)
            answer = subprocess.run(
                [program], input=text, capture_output=True, text=True, check=True
            ).stdout.splitlines()
            assert len(answer) == len(bits)
            rows = {b: tuple(int(c, 16) for c in line.split()) for b, line in zip(bits, answer, strict=False)}
            comments = [
                *GENERAL,
                "Source: the host code of cuda_fp8.h, cuda_fp6.h, cuda_fp4.h, CUDA toolkit 13.0 (NVIDIA's "
                "own "
                "licence; only the answers are here), __nv_cvt_{float,double}_to_*, compiled by g++. No "
                "GPU took part.",
                "Made by tools/make_vectors/cuda_casts.cpp and presets_write.py.",
            ]
            write_recording(
                Path(output) / f"cuda.{name}.{carrier}.txt",
                comments,
                name,
                carrier,
                presets,
                columns,
                rows,
            )


if __name__ == "__main__":
    recordings, program, output = sys.argv[1:]
    torch(recordings, output)
    onnx(recordings, output)
    cuda(program, output)
