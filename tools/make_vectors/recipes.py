"""Writes tests/vectors/recipes/<recipe>.json from the exact oracle in tests/python. Run from this folder:

    python recipes.py OUTPUT          (needs numpy and ml_dtypes; never halfulp)

Inputs are largest magnitudes at, just below and just above every threshold of the recipe, elements at ties, groups of
zeros, NaN and infinities, last short groups and subnormal numbers, in every carrier.
"""

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "python"))
import recipe_inputs as inputs
import recipe_oracle as oracle

ELEMENTS = ("e2m1fn", "e2m3fn", "e3m2fn", "e4m3fn", "e5m2")
# A number beside their largest member has another scale when it is divided than when it meets a rounded reciprocal.
TELLING = ("e3m4", "Binary8p6se")
LIMIT = 60_000  # bytes of a file
ABOUT = (
    "One list of cases. x holds the bits of the numbers in C order, each padded to the carrier's width; codes and "
    "scale_codes (innermost level first) are padded to the width of their format, and all are hexadecimal. axis, "
    "channel_axis, importance (bits of float64) and rounding stand where they are not the defaults of hu.quantize."
)


def hexadecimal(values, bits):
    digits = -(-bits // 4)
    return "".join(f"{int(v):0{digits}x}" for v in values)


def case(text, x, importance=None, **options):
    scheme = oracle.parse_scheme(text)
    found = oracle.quantize(x, text, importance=importance, **options)
    out = {"scheme": text, "carrier": x.dtype.name, "shape": list(x.shape), **options}
    if importance is not None:
        out["importance"] = hexadecimal(np.asarray(importance, dtype=np.float64).view(np.uint64), 64)
    bits = x.reshape(-1).view(inputs.BITS[x.dtype.itemsize])
    out["x"] = hexadecimal(bits, 8 * x.dtype.itemsize)
    planes = zip(found.scale_codes, scheme.levels, strict=True)
    out["scale_codes"] = [hexadecimal(plane.reshape(-1), fmt.bits) for plane, (_, fmt) in planes]
    out["codes"] = hexadecimal(found.codes.reshape(-1), scheme.element.bits)
    return out


def write(folder, name, made, source):
    """As many cases as the file may hold; the ones that matter most come first."""
    head = {"about": ABOUT, "source": source, "made_by": "tools/make_vectors/recipes.py from recipe_oracle.py"}
    lines = []
    size = len(json.dumps(head)) + 20
    for one in made:
        line = json.dumps(one)
        if size + len(line) + 2 > LIMIT:
            break
        lines.append(line)
        size += len(line) + 2
    path = folder / f"{name}.json"
    path.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n", encoding="ascii")
    print(f"{path.name}: {len(lines)} cases, {path.stat().st_size} bytes")


def mx_cases(recipe):
    rng = np.random.default_rng(sum(map(ord, recipe)))
    length = 4
    for element in ELEMENTS + (TELLING if recipe == "rceil_fp32" else ()):  # float32 first: the owners' own carrier
        text = f"{element}/{length}:e8m0fnu@recipe={recipe}"
        scheme = oracle.parse_scheme(text)
        if element in TELLING:
            yield case(text, inputs.mx_blocks(rng, scheme, np.dtype(np.float32), length, (-30,)))
            continue
        x = inputs.mx_blocks(rng, scheme, np.dtype(np.float32), length, (-126, -124, 0, 5, 100, 127))
        yield case(text, x[:: 2 if len(x) > 200 else 1])
        dtype = np.dtype(np.float32)
        x = np.concatenate([inputs.zero_blocks(dtype, length), inputs.nonfinite_blocks(rng, dtype, length)])
        yield case(text, x)
    for carrier in ("float64", "float16", "bfloat16"):
        dtype = np.dtype(inputs.CARRIERS[carrier])
        element = {"float64": "e4m3fn", "float16": "e2m1fn", "bfloat16": "e3m2fn"}[carrier]
        text = f"{element}/7:e8m0fnu@recipe={recipe}"
        scheme = oracle.parse_scheme(text)
        low, *_, high = inputs.mx_exponents(dtype)
        x = inputs.mx_blocks(rng, scheme, dtype, 7, (low, 0, high))
        rows = x[rng.permutation(len(x))[:9]]
        yield case(text, rows.reshape(3, -1)[:, :17])  # the last group has three elements
        yield case(text, np.ascontiguousarray(rows[:, :5]), axis=0)
    x = rng.standard_normal((5, 7)).astype(np.float32)
    yield case(f"e2m1fn/2x3:e8m0fnu@recipe={recipe}", x)
    yield case(f"e2m1fn/channel:e8m0fnu@recipe={recipe}", x, channel_axis=1)


def nvfp4_cases(recipe):
    rng = np.random.default_rng(sum(map(ord, recipe)))
    text = f"nvfp4@recipe={recipe}"

    def tensor(carrier, rows, columns, group, shift):
        return inputs.nvfp4_tensor(rng, np.dtype(inputs.CARRIERS[carrier]), rows, columns, group, shift)

    for shift in (0, -9, 3, -127, 100, -149, 116, -140, -12, -11):
        yield case(text, tensor("float32", 3, 40, 16, shift))
    x = tensor("float32", 5, 16, 16, -3)
    x[0] = 0
    x[1] = -0.0
    x[2, 3], x[3, 0] = np.nan, np.inf
    yield case(text, x)
    for value in (0.0, -0.0, 2.0**-149, 2688 * 2.0**-150, 3e-42, 1e-36, 3.4e38):
        x = np.full((1, 18), value, dtype=np.float32)
        x[0, 1] = 0
        x[0, 2] = -x[0, 2] / 2
        yield case(text, x)
    yield case(text, tensor("float64", 2, 24, 16, -2))
    yield case(text, tensor("float64", 2, 20, 16, -80))
    yield case(text, tensor("float16", 3, 40, 16, -9))
    yield case(text, tensor("float16", 3, 40, 16, -22))
    yield case(text, tensor("bfloat16", 3, 40, 16, 20))
    yield case(text, tensor("bfloat16", 3, 40, 16, -125))
    yield case(text, tensor("float32", 20, 3, 16, 1), axis=0)
    yield case(f"e2m1fn/5:e4m3fn/tensor:binary32@recipe={recipe}", tensor("float32", 3, 13, 5, 0))
    yield case(f"e2m1fn/2x4:e4m3fn/tensor:binary32@recipe={recipe}", tensor("float32", 5, 9, 3, 0))
    yield case(f"e2m1fn/channel:e4m3fn/tensor:binary32@recipe={recipe}", tensor("float32", 4, 9, 9, 0))
    for _ in range(12):
        yield case(text, tensor("float32", 4, 48, 16, int(rng.integers(-140, 110))))


def search_cases():
    rng = np.random.default_rng(77)
    for text in ("e2m1fn/8:e8m0fnu", "nvfp4", "e4m3fn/8:binary32", "e2m1fn/5:e4m3fnu", "e3m2fn/2x4:e4m3fn/3:bfloat16"):
        for carrier in ("float32", "float64", "bfloat16", "float16"):
            x = (rng.standard_normal((4, 18)) * 2.0 ** rng.integers(-8, 8, size=(4, 1))).astype(
                inputs.CARRIERS[carrier]
            )
            x[1, :8] = 0
            x[2, 3] = np.nan if text != "e2m1fn/5:e4m3fnu" else 3
            yield case(f"{text}@search=mse", x)
            yield case(f"{text}@search=mse", x, importance=rng.exponential(size=18) ** 3)
    yield case("mxfp4@search=mse", rng.standard_normal((40, 3)).astype(np.float32), axis=0, importance=rng.random(40))
    for recipe in ("ceil", "even", "rceil", "llama_cpp", "p3109_maxabs"):
        yield case(f"e2m1fn/8:e8m0fnu@recipe={recipe},search=mse", rng.standard_normal((4, 20)).astype(np.float32))
    yield case("e4m3fn/channel:binary16@search=mse", rng.standard_normal((4, 9)).astype(np.float32), channel_axis=1)
    yield case("e2m1fn/tensor:e8m0fnu@search=mse", np.full((2, 3), 2.0**-149, dtype=np.float32))
    outlier = np.array([[6, 0.25, -0.75, 1.5, 0.25, 3, -0.75, 2]], dtype=np.float32)  # best under half the scale
    for text in ("e2m1fn/8:e4m3fn", "e2m1fn/8:binary32", "e2m1fn/8:e8m0fnu"):
        yield case(f"{text}@search=mse", outlier, importance=[0, 1, 1, 1, 1, 1, 1, 1])


def hadamard_cases():
    rng = np.random.default_rng(78)
    for carrier in ("float32", "float64", "float16", "bfloat16"):
        for n in (2, 4, 8, 16, 32, 64):
            x = rng.standard_normal((2, n + 5)).astype(inputs.CARRIERS[carrier])
            yield case(f"e2m1fn/8:e8m0fnu@hadamard={n}", x)
            yield case(f"e4m3fn/16:binary32@hadamard={n},signs={int(rng.integers(2**63))}", x)
        x = rng.standard_normal((20, 3)).astype(inputs.CARRIERS[carrier])
        yield case("nvfp4@recipe=four_over_six,hadamard=16,signs=18446744073709551615", x, axis=0)
        yield case("e2m1fn/4x2:e8m0fnu@recipe=even,search=mse,hadamard=2,signs=1", x)
    for n in (2, 4, 32):  # the transform itself
        yield case(f"binary64@hadamard={n},signs=2", rng.standard_normal((1, n + 1)))
        yield case(f"binary32@hadamard={n},signs=2", rng.standard_normal((1, n + 1)).astype(np.float32))
    x = rng.standard_normal((1, 140)).astype(np.float32)
    x[0, 3], x[0, 70] = np.inf, np.nan
    yield case("mxfp8_e4m3@hadamard=4,signs=9", x)
    yield case("e2m1fn/32:e8m0fnu@hadamard=128", x[:, 71:])
    yield case("mxfp6_e2m3@hadamard=256,signs=3", rng.standard_normal((1, 257)).astype(np.float32))
    yield case("e5m2@hadamard=8", (rng.standard_normal((2, 17)) * 1e38).astype(np.float32))


def group_cases():
    rng = np.random.default_rng(79)
    x = rng.standard_normal((3, 20)).astype(np.float32)
    yield case("e2m1fn/8:e4m3fn/channel:binary32", x)
    texts = (
        "e2m1fn/channel:e8m0fnu",
        "e4m3fn/channel:binary32",
        "e5m2/channel:e4m3fn/tensor:binary32",
        "e2m1fn/2x3:e8m0fnu",
        "e4m3fn/3x2:binary32",
        "e2m1fn/1x5:e4m3fn/tensor:binary32",
        "e2m1fn/4x1:e4m3fn/2:bfloat16/tensor:binary32",
        "e3m2fn/9x9:e5m3fnu",
    )
    for text in texts:
        for carrier in ("float32", "float64", "float16", "bfloat16"):
            for shape, channel_axis in (((5, 7), 0), ((4, 7), 1), ((2, 3, 5), 1), ((2, 5, 3), 2)):
                x = (rng.standard_normal(shape) * 2.0 ** rng.integers(-6, 6, size=shape)).astype(
                    inputs.CARRIERS[carrier]
                )
                yield case(text, x, channel_axis=channel_axis)


def microexponent_cases():
    """Pairs at all distances from their maximum, ties, numbers that round up to 2^w, zeros, NaN, short groups."""
    rng = np.random.default_rng(80)
    for text in ("mx9", "mx6", "mx4", "msfp16", "msfp12", "e2m1fn/3:e8m0fnu/2:e8m0fnu", "mx6@hadamard=4"):
        for carrier in ("float32", "float64", "float16", "bfloat16"):
            x = (rng.standard_normal((5, 19)) * 2.0 ** rng.integers(-4, 1, size=(5, 19))).astype(
                inputs.CARRIERS[carrier]
            )
            x[1] = np.ldexp(rng.integers(-255, 256, size=19) / 128, rng.integers(-3, 1, size=19))  # ties
            x[2, :4] = 0
            x[3] = np.where(rng.random(19) < 0.5, 2 - 2.0**-7, -(2 - 2.0**-4)) * 2.0 ** rng.integers(-2, 1, size=19)
            yield case(text, x)
            if "hadamard" not in text:
                yield case(text, x.T.copy(), axis=0)
        for exponent in (-149, -127, -126, 120):
            x = rng.integers(-255, 256, size=(2, 18)).astype(np.float32) * np.float32(2.0**exponent)
            yield case(text, x)
        x[0, 3], x[1, 17] = np.nan, np.inf
        if text.startswith("e2m1fn"):
            yield case(text, x)


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for recipe in oracle.MX:
        write(folder, recipe, mx_cases(recipe), "contract, sections 2.9 and 2.10, and the recipe's owner")
    for recipe in oracle.NVFP4:
        write(folder, recipe, nvfp4_cases(recipe), "contract, sections 2.9 and 2.10, and the recipe's owner")
    write(folder, "search_mse", search_cases(), "contract, section 2.9")
    write(folder, "hadamard", hadamard_cases(), "contract, section 2.9")
    write(folder, "groups", group_cases(), "contract, sections 2.9 and 4")
    write(folder, "microexponents", microexponent_cases(), "contract, sections 2.9 and 4; arXiv 2302.08007")


if __name__ == "__main__":
    main(*sys.argv[1:])
