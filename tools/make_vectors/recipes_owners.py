"""Records how the owners of scale recipes quantize, on the CPU. Run once in an environment that holds the owner:

    python recipes_owners.py OWNER OUTPUT [CHECKOUT]       (writes OUTPUT/<owner>.json)

OWNER: torchao, microxcaling, transformer_engine, modelopt, compressed_tensors, fouroversix, gguf, quark. A CHECKOUT of
the owner's repository is needed where no package holds the code (microxcaling, transformer_engine, fouroversix) or none
that is new enough (torchao: the package gives everything but mx_tensor.py). Needs torch, numpy and ml_dtypes; never
halfulp. TransformerEngine's compiled parts are not needed by its Python reference and stand in as empty modules.
"""

import importlib.util
import json
import subprocess
import sys
import types
from importlib.metadata import version
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "python"))
import recipe_inputs as inputs
import recipe_oracle as oracle
from recipes import hexadecimal

F32 = np.dtype(np.float32)
MX_ELEMENTS = {
    "e2m1fn": "fp4_e2m1",
    "e2m3fn": "fp6_e2m3",
    "e3m2fn": "fp6_e3m2",
    "e4m3fn": "fp8_e4m3",
    "e5m2": "fp8_e5m2",
}


def module_from(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def stub(name, **attributes):
    module = types.ModuleType(name)
    module.__path__ = []
    module.__dict__.update(attributes)
    sys.modules[name] = module


def commit(checkout):
    return subprocess.check_output(["git", "-C", checkout, "rev-parse", "HEAD"], text=True).strip()


def nibbles(packed):
    """Two codes a byte, the low one first."""
    packed = np.asarray(packed).astype(np.uint8)
    return np.stack([packed & 15, packed >> 4], -1).reshape(*packed.shape[:-1], -1)


# --- inputs
def mx_input(element, length, seed):
    rng = np.random.default_rng(seed)
    scheme = oracle.parse_scheme(f"{element}/{length}:e8m0fnu")
    x = inputs.mx_blocks(rng, scheme, F32, length, (-149, -127, -125, -20, 0, 3, 64, 127))
    x = x[rng.permutation(len(x))[:60]]
    return np.concatenate([x, inputs.zero_blocks(F32, length)])


def mxint8_input(length, seed):
    """Largest magnitudes beside 1, 127/64, 255/128 and 2, elements at members, ties and beside them."""
    rng = np.random.default_rng(seed)
    rows = []
    for e in (-149, -127, -125, -20, 0, 3, 64, 126):
        for top in (1, 127 / 64, 255 / 128, 2):
            for ulps in (-12, -6, -1, 0, 1):
                steps = (rng.integers(-260, 261, length) / 128 * 2.0**e).astype(np.float32)
                beside = steps.view(np.int32) + rng.integers(-1, 2, length, dtype=np.int32)
                steps = np.where(steps == 0, steps, beside.view(np.float32))
                amax = np.float32(top * 2.0**e)
                amax = (amax.view(np.int32) + np.int32(ulps)).view(np.float32) if amax > 2.0**-140 else amax
                steps = np.clip(steps, -amax, amax)
                steps[rng.integers(length)] = amax * rng.choice([-1, 1])
                rows.append(steps)
    x = np.array(rows, dtype=np.float32)
    return np.concatenate([x[rng.permutation(len(x))[:90]], inputs.zero_blocks(F32, length)])


def nvfp4_inputs():
    rng = np.random.default_rng(5)
    for shift in (0, -9, 3, -12, -60, 100, -110, -5):
        yield inputs.nvfp4_tensor(rng, F32, 3, 48, 16, shift)
    x = rng.standard_normal((4, 48)).astype(np.float32)
    x[1, 16:32], x[2, 0:16], x[3, 3], x[3, 7] = 0, -0.0, 0, -0.0
    yield x
    for _ in range(4):
        x = rng.standard_normal((3, 3, 16)) * 2.0 ** -rng.integers(0, 24, size=(3, 3, 1))
        yield (x.reshape(3, 48) * 2.0 ** rng.integers(-30, 30)).astype(np.float32)


def ordinary_inputs():
    rng = np.random.default_rng(6)
    for _ in range(6):
        yield (rng.standard_normal((6, 64)) * 2.0 ** int(rng.integers(-6, 6))).astype(np.float32)


def record(scheme, x, scales=None, codes=None, tensor_scale=None, values=None):
    out = {"scheme": scheme, "shape": list(x.shape), "x": hexadecimal(x.reshape(-1).view(np.uint32), 32)}
    if scales is not None:
        out["scale_codes"] = [hexadecimal(np.asarray(scales).reshape(-1), 8)]
    if tensor_scale is not None:
        out["scale_codes"].append(hexadecimal([np.float32(tensor_scale).view(np.uint32)], 32))
    if codes is not None:
        element = oracle.parse_scheme(scheme).element
        out["codes"] = hexadecimal(np.asarray(codes).reshape(-1), element.bits)
    if values is not None:
        out["values"] = hexadecimal(np.asarray(values, dtype=np.float32).reshape(-1).view(np.uint32), 32)
    return out


# --- owners: each gives a line about its version, and cases
def torchao(checkout):
    import torch
    from torchao.prototype.mx_formats import constants
    from torchao.prototype.mx_formats.config import ScaleCalculationMode as Mode
    from torchao.prototype.mx_formats.kernels import unpack_uint4
    from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale

    path = Path(checkout) / "torchao" / "prototype" / "mx_formats" / "mx_tensor.py"
    to_mx = module_from("torchao.prototype.mx_formats.newer_mx_tensor", path).to_mx
    dtypes = {
        "e2m1fn": torch.float4_e2m1fn_x2,
        "e2m3fn": constants.DTYPE_FP6_E2M3,
        "e3m2fn": constants.DTYPE_FP6_E3M2,
        "e4m3fn": torch.float8_e4m3fn,
        "e5m2": torch.float8_e5m2,
    }
    modes = {"ocp_floor": Mode.FLOOR, "ceil": Mode.CEIL, "even": Mode.EVEN, "rceil_fp32": Mode.RCEIL}

    def cases():
        for recipe, mode in modes.items():
            for element, dtype in dtypes.items():
                x = np.ascontiguousarray(mx_input(element, 4, len(recipe))[::2])
                scales, codes = to_mx(torch.from_numpy(x), dtype, 4, mode)
                codes = codes.view(torch.uint8)
                codes = unpack_uint4(codes) if element == "e2m1fn" else codes
                yield record(f"{element}/4:e8m0fnu@recipe={recipe}", x, scales.view(torch.uint8), codes)
        for x in list(nvfp4_inputs())[::2]:
            g = per_tensor_amax_to_scale(torch.from_numpy(x).abs().max())
            scales, packed = nvfp4_quantize(torch.from_numpy(x), 16, g)
            yield record("nvfp4@recipe=nvfp4_torchao", x, scales.view(torch.uint8), nibbles(packed), g)

    about = f"mx_tensor.py of pytorch/ao at {commit(checkout)}, the rest torchao {version('torchao')}"
    return f"{about}, torch {torch.__version__}", cases()


def microxcaling(checkout):
    import torch

    sys.path.insert(0, checkout)
    from mx.mx_ops import _quantize_mx

    def cases():
        for element, name in MX_ELEMENTS.items():
            x = mx_input(element, 4, 12)
            values = _quantize_mx(torch.from_numpy(x.copy()), 8, name, axes=[-1], block_size=4, round="even")
            yield record(f"{element}/4:e8m0fnu@recipe=microxcaling_log2", x, values=values.numpy())
        x = mxint8_input(4, 12)
        values = _quantize_mx(torch.from_numpy(x.copy()), 8, "int8", axes=[-1], block_size=4, round="even")
        yield record("q2.6s/4:e8m0fnu@recipe=microxcaling_log2", x, values=values.numpy())

    about = f"microsoft/microxcaling at {commit(checkout)}, its Python path, round='even', torch {torch.__version__}"
    return f"{about}. values: what is left of x, as float32; zeros without their sign", cases()


def transformer_engine(checkout):
    import torch

    anything = types.SimpleNamespace(FPROP=None, DGRAD=None, WGRAD=None, E2M1=None)
    stub("transformer_engine")
    stub("transformer_engine.pytorch")
    stub(
        "transformer_engine.pytorch.custom_recipes",
        gemm=types.SimpleNamespace(GEMMType=anything, MMParams=object),
        reference_utils=types.SimpleNamespace(Fp4Formats=object),
    )
    stub("transformer_engine.pytorch.quantized_tensor", QuantizedTensorStorage=object, Quantizer=object)
    path = Path(checkout) / "transformer_engine" / "pytorch" / "custom_recipes" / "reference_nvfp4.py"
    reference = module_from("reference_nvfp4", path).NVFP4QuantizerRef

    def cases():
        for x in nvfp4_inputs():
            amax = torch.from_numpy(x).abs().max()
            packed, scales = reference._quantize_blockwise_reference(
                torch.from_numpy(x), amax, 16, 1, pow_2_scales=False, eps=0.0
            )
            yield record("nvfp4@recipe=nvfp4_te", x, scales.view(torch.uint8), nibbles(packed))

    about = f"NVIDIA/TransformerEngine at {commit(checkout)}, its Python reference of NVFP4, torch {torch.__version__}"
    return f"{about}. The reference takes -0 to code 0, the GPU's conversion to 8", cases()


def modelopt(_):
    import torch
    from modelopt.torch.quantization.qtensor.nvfp4_tensor import NVFP4QTensor

    def cases():
        for x in nvfp4_inputs():
            q, scales, g = NVFP4QTensor.quantize(torch.from_numpy(x.copy()), 16)
            codes = nibbles(q._quantized_data)
            yield record("nvfp4@recipe=nvfp4_modelopt", x, scales.view(torch.uint8), codes, g)

    return f"nvidia-modelopt {version('nvidia-modelopt')}, torch {torch.__version__}", cases()


def compressed_tensors(_):
    import torch
    from compressed_tensors.compressors.nvfp4.helpers import pack_fp4_to_uint8
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.lifecycle.forward import quantize
    from compressed_tensors.quantization.utils.helpers import calculate_qparams, generate_gparam

    e4m3 = torch.float8_e4m3fn
    args = QuantizationArgs(
        num_bits=4, type="float", strategy="tensor_group", group_size=16, scale_dtype=e4m3, zp_dtype=e4m3
    )

    def cases():
        for x in nvfp4_inputs():
            t = torch.from_numpy(x)
            g = generate_gparam(t.min(), t.max())
            blocks = t.reshape(len(t), -1, 16)
            scales, _ = calculate_qparams(blocks.amin(-1), blocks.amax(-1), args, global_scale=g)
            packed = pack_fp4_to_uint8(quantize(t, scales, None, args, global_scale=g))
            stored = np.float32(1) / np.float32(g[0])
            yield record("nvfp4@recipe=nvfp4_ct", x, scales.to(e4m3).view(torch.uint8), nibbles(packed), stored)

    about = f"compressed-tensors {version('compressed-tensors')} on the CPU, torch {torch.__version__}"
    return f"{about}. The tensor scale is 1/G in binary32, G its global scale", cases()


def fouroversix(checkout):
    import torch

    folder = Path(checkout) / "src" / "fouroversix"
    stub("fouroversix")
    utils = module_from("fouroversix.utils", folder / "utils.py")
    for name in ("kernels", "quantize", "quantize.pytorch"):
        stub(f"fouroversix.{name}")
    for name in ("kernels.constants", "quantize.utils", "quantize.pytorch.fp6"):
        module_from(f"fouroversix.{name}", folder / (name.replace(".", "/") + ".py"))
    reference = module_from("fouroversix.quantize.pytorch.reference", folder / "quantize/pytorch/reference.py")
    recipes = {"four_over_six": utils.ScaleRule.mse, "four_over_six_mae": utils.ScaleRule.mae}

    def cases():
        for recipe, rule in recipes.items():
            for x in ordinary_inputs():
                blocks = torch.from_numpy(x).reshape(-1, 16)
                _, scales = reference.nvfp4_fouroversix_block_scaled_quantization(
                    blocks, blocks.abs().max(), scale_rule=rule, round_style=utils.RoundStyle.nearest
                )
                yield record(f"nvfp4@recipe={recipe}", x, scales.view(torch.uint8))

    about = f"mit-han-lab/fouroversix at {commit(checkout)}, its PyTorch reference, torch {torch.__version__}"
    return f"{about}. Its arithmetic is binary32: ordinary numbers only", cases()


def gguf(_):
    from gguf.quants import MXFP4

    def cases():
        x = mx_input("e2m1fn", 32, 9)
        blocks = MXFP4.quantize_blocks(x)
        low, high = blocks[:, 1:] & 15, blocks[:, 1:] >> 4
        yield record("mxfp4@recipe=llama_cpp", x, blocks[:, 0], np.concatenate([low, high], axis=1))

    return f"gguf {version('gguf')}, numpy {np.__version__}", cases()


def quark(_):
    import torch
    from quark.torch.quantization.utils import even_round

    def cases():
        for element, name in {**MX_ELEMENTS, "e2m1fn": "fp4"}.items():
            x = mx_input(element, 4, 21)
            scales = even_round(torch.from_numpy(np.abs(x).max(axis=1)), name).numpy()
            yield record(f"{element}/4:e8m0fnu@recipe=quark", x, scales.view(np.uint32) >> 23)

    return (
        f"amd-quark {version('amd-quark')}, even_round of each group's largest magnitude, torch {torch.__version__}",
        cases(),
    )


OWNERS = (torchao, microxcaling, transformer_engine, modelopt, compressed_tensors, fouroversix, gguf, quark)


def main(owner, output, checkout=None):
    source, cases = {f.__name__: f for f in OWNERS}[owner](checkout)
    head = {
        "about": "x, codes and scale_codes (innermost level first): hexadecimal bits, padded to their format's width.",
        "source": f"What the owner's own code answered: {source}.",
        "made_by": "tools/make_vectors/recipes_owners.py",
    }
    lines = ",\n".join(json.dumps(case) for case in cases)
    path = Path(output) / f"{owner}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n", encoding="ascii")
    print(f"{path.name}: {path.stat().st_size} bytes; {source}")


if __name__ == "__main__":
    main(*sys.argv[1:])
