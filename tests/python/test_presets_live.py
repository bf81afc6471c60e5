"""The presets torch, torch_2_11 and onnx_saturate against the packages installed here, where they are.

More inputs than the recordings of tests/vectors/presets: every bfloat16, and 2^16 float32 patterns spread over all
of them.
Seen to hold: torch 2.15.0 (CPU), onnx 1.23.2 with ml_dtypes 0.6.0.
"""

import re

import halfulp as hu
import ml_dtypes
import numpy as np
import pytest
from support import boundaries, differing, show

NAMES = ("e4m3fn", "e5m2", "e4m3fnuz", "e5m2fnuz", "e8m0fnu")


def inputs(name, carrier):
    if carrier == "bfloat16":
        return np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)
    # An odd factor walks over all patterns evenly; below them the points at which the format changes its mind.
    spread = np.arange(2**16, dtype=np.uint32) * np.uint32(0x9E3779B1)
    return np.concatenate([spread.view(np.float32), boundaries(name, np.float32)])


def compare(name, x, theirs, preset):
    with np.errstate(invalid="ignore"):  # signalling NaNs
        got = hu.encode(x, name, projection=preset)
        wrong = differing(name, got, theirs)
        assert not wrong.any(), f"{preset} " + show(name, x, got, theirs, wrong)


def torch_preset(version):
    """The preset whose owner this release is; tests/vectors/presets/README.md has where the change came."""
    release = tuple(int(n) for n in re.findall(r"\d+", version)[:2])
    if release < (2, 11):
        pytest.skip(f"torch {version} is older than every release that the presets were recorded from")
    return "torch" if release >= (2, 13) else "torch_2_11"


@pytest.mark.parametrize("carrier", ["bfloat16", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_torch_casts_as_its_preset_says(name, carrier):
    torch = pytest.importorskip("torch")
    preset = torch_preset(torch.__version__)
    dtype = getattr(torch, f"float8_{name}", None)
    if dtype is None:
        pytest.skip(f"torch {torch.__version__} has no float8_{name}")
    x = inputs(name, carrier)
    bits = torch.from_numpy(x.view(np.int16 if carrier == "bfloat16" else np.int32))
    tensor = bits.view(getattr(torch, carrier))
    compare(name, x, tensor.to(dtype).view(torch.uint8).numpy(), preset)


@pytest.mark.parametrize("carrier", ["bfloat16", "float32"])
@pytest.mark.parametrize("name", NAMES)
def test_the_reference_evaluator_of_onnx_casts_as_the_preset_says(name, carrier):
    onnx = pytest.importorskip("onnx")
    reference = pytest.importorskip("onnx.reference")
    kind = "FLOAT8E8M0" if name == "e8m0fnu" else f"FLOAT8{name.upper()}"
    if not hasattr(onnx.TensorProto, kind):
        pytest.skip(f"onnx {onnx.__version__} has no {kind}")
    to = getattr(onnx.TensorProto, kind)
    source = onnx.TensorProto.BFLOAT16 if carrier == "bfloat16" else onnx.TensorProto.FLOAT
    node = onnx.helper.make_node("Cast", ["x"], ["y"], to=to, saturate=1)
    ends = [onnx.helper.make_tensor_value_info(end, kind, None) for end, kind in (("x", source), ("y", to))]
    graph = onnx.helper.make_graph([node], "cast", ends[:1], ends[1:])
    opset = onnx.helper.make_opsetid("", min(28, onnx.defs.onnx_opset_version()))
    model = onnx.helper.make_model(graph, opset_imports=[opset])
    x = inputs(name, carrier)
    with np.errstate(all="ignore"):
        (theirs,) = reference.ReferenceEvaluator(model).run(None, {"x": x})
    compare(name, x, theirs.view(np.uint8), "onnx_saturate")


def test_the_preset_of_a_torch_release():
    assert [torch_preset(v) for v in ("2.11.0", "2.12.1+cpu", "2.13.0", "2.15.0+cu132", "3.0.0")] == [
        *["torch_2_11"] * 2,
        *["torch"] * 3,
    ]
