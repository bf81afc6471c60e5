"""Records the ONNX reference implementation's Cast to the 8-bit floats, and ml_dtypes' own casts
for comparison of special values.

    python presets_onnx.py DIRECTORY           (writes DIRECTORY/onnx.json)
"""

import json
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import onnx
from common import boundary_inputs
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

TYPES = {
    "e4m3fn": TensorProto.FLOAT8E4M3FN,
    "e5m2": TensorProto.FLOAT8E5M2,
    "e4m3fnuz": TensorProto.FLOAT8E4M3FNUZ,
    "e5m2fnuz": TensorProto.FLOAT8E5M2FNUZ,
    "e8m0fnu": TensorProto.FLOAT8E8M0,
    "e2m1fn": TensorProto.FLOAT4E2M1,
    "e3m2fn": TensorProto.FLOAT6E3M2,
    "e2m3fn": TensorProto.FLOAT6E2M3,
}


def cast(values, to, source=TensorProto.FLOAT, **attributes):
    node = helper.make_node("Cast", ["x"], ["y"], to=to, **attributes)
    graph = helper.make_graph(
        [node],
        "cast",
        [helper.make_tensor_value_info("x", source, None)],
        [helper.make_tensor_value_info("y", to, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 28)])
    with np.errstate(all="ignore"):
        return ReferenceEvaluator(model).run(None, {"x": values})[0].view(np.uint8).tolist()


def main(directory):
    out = {"version": onnx.__version__, "ml_dtypes": ml_dtypes.__version__, "formats": {}, "columns": {}}
    for name, to in TYPES.items():
        bits = boundary_inputs(name, "binary32", thin_negative=True)
        values = np.array(bits, dtype=np.uint32).view(np.float32)
        columns = {}
        if name == "e8m0fnu":
            for mode in ("up", "down", "nearest"):
                for saturate in (1, 0):
                    columns[f"{mode}_saturate{saturate}"] = cast(values, to, saturate=saturate, round_mode=mode)
        else:
            for saturate in (1, 0):
                columns[f"saturate{saturate}"] = cast(values, to, saturate=saturate)
        out["columns"][name] = list(columns)
        out["formats"][name] = {
            f"{b:08x}": codes for b, codes in zip(bits, zip(*columns.values(), strict=False), strict=False)
        }
        wide_bits = boundary_inputs(name, "binary64", thin_negative=True)
        wide = np.array(wide_bits, dtype=np.uint64).view(np.float64)
        with np.errstate(all="ignore"):
            via = cast(wide.astype(np.float32), to)
        direct = cast(wide, to, TensorProto.DOUBLE)
        print(
            name,
            "float64 not through float32:",
            sum(a != b for a, b in zip(direct, via, strict=False)),
            [(hex(c), f"{a:02x}", f"{b:02x}") for a, b, c in zip(direct, via, wide_bits, strict=False) if a != b][:4],
        )
        for label, b in (
            ("+nan", 0x7FC00000),
            ("-nan", 0xFFC00000),
            ("+inf", 0x7F800000),
            ("-inf", 0xFF800000),
            ("+0", 0),
            ("-0", 1 << 31),
            ("2^-127", 0x400000),
            ("min", 1),
            ("-1", 0xBF800000),
            ("-max", 0xFF7FFFFF),
        ):
            codes = out["formats"][name].get(f"{b:08x}") or cast(np.array([b], np.uint32).view(np.float32), to)
            print("   ", label, [f"{c:02x}" for c in codes])
    (Path(directory) / "onnx.json").write_text(json.dumps(out))


main(sys.argv[1])
