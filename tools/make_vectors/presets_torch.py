"""Records PyTorch's float32 -> float8 casts. Run once in an environment that holds one torch:

    python presets_torch.py DIRECTORY          (writes DIRECTORY/torch-<version>.json)

then `python presets_write.py` turns the JSON of all owners into tests/vectors/presets/*.txt.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from common import boundary_inputs, is_nan_code

DTYPES = {
    "e4m3fn": "float8_e4m3fn",
    "e5m2": "float8_e5m2",
    "e4m3fnuz": "float8_e4m3fnuz",
    "e5m2fnuz": "float8_e5m2fnuz",
    "e8m0fnu": "float8_e8m0fnu",
}


def codes(values, dtype):
    return values.to(dtype).view(torch.uint8).tolist()


def main(directory):
    version = torch.__version__
    out = {"version": version, "notes": {}, "formats": {}}
    for name, attribute in DTYPES.items():
        dtype = getattr(torch, attribute)
        bits = boundary_inputs(name, "binary32", thin_negative=True)
        values = torch.from_numpy(np.array(bits, dtype=np.uint32).view(np.float32))
        long = codes(values, dtype)
        single = [codes(values[i : i + 1], dtype)[0] for i in range(len(bits))]
        strided = codes(torch.stack([values, values], 1)[:, 0], dtype)
        padded = codes(torch.cat([values] + [values] * 3), dtype)

        def same(a, b, name=name):
            return a == b or (is_nan_code(name, a) and is_nan_code(name, b))

        differ = {
            label: [f"{b:08x}" for b, x, y in zip(bits, long, other, strict=False) if not same(x, y)]
            for label, other in (("one element", single), ("strided", strided))
        }
        raw = {
            label: [f"{b:08x}" for b, x, y in zip(bits, long, other, strict=False) if x != y]
            for label, other in (("one element", single), ("strided", strided))
        }
        # does a wider or narrower source pass through float32?
        wide_bits = boundary_inputs(name, "binary64", thin_negative=True)
        wide = torch.from_numpy(np.array(wide_bits, dtype=np.uint64).view(np.float64))
        direct, via = codes(wide, dtype), codes(wide.to(torch.float32), dtype)
        f64 = [f"{b:016x}" for b, x, y in zip(wide_bits, direct, via, strict=False) if not same(x, y)]
        narrow = {}
        for source in (torch.float16, torch.bfloat16):
            every = torch.arange(-32768, 32768, dtype=torch.int32).to(torch.int16).view(source)
            a, b = codes(every, dtype), codes(every.to(torch.float32), dtype)
            narrow[str(source)] = sum(not same(x, y) for x, y in zip(a, b, strict=False))
        out["formats"][name] = {f"{b:08x}": c for b, c in zip(bits, long, strict=False)}
        out["notes"][name] = {
            "long array against": {k: v[:20] for k, v in differ.items()},
            "the same, raw codes": {k: v[:20] for k, v in raw.items()},
            "repeated array differs": padded != long * 4,
            "float64 not through float32": f64[:20],
            "float16/bfloat16 not through float32": narrow,
        }
    try:
        torch.tensor([1.0, 2.0]).to(torch.float4_e2m1fn_x2)
        out["notes"]["float4_e2m1fn_x2"] = "a cast exists"
    except Exception as error:  # the library raises what it likes
        out["notes"]["float4_e2m1fn_x2"] = f"no cast: {str(error).splitlines()[0]}"
    release = version.split("+")[0]
    (Path(directory) / f"torch-{release}.json").write_text(json.dumps(out))
    print(json.dumps({"version": version, "notes": out["notes"]}, indent=1))


main(sys.argv[1])
