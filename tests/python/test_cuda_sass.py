"""The machine code of the conversions (src/kernels/cuda/hardware_convert.hpp): what is an instruction where.

Needs nvcc, and cuobjdump with nvdisasm: in PyPI nvidia-cuda-cuobjdump and nvidia-cuda-nvdisasm. No GPU is needed.
"""

import os
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# kernel, index of the form -> the instruction, and the architectures that have it; docs/cuda.md shows the same table.
EVERY = ("sm_80", "sm_90a", "sm_100a", "sm_120a")
FP8 = EVERY[1:]
NARROW = EVERY[2:]
STOCHASTIC = ("sm_100a",)
FORMS = {
    ("convert", 0): (r"F2FP\.SATFINITE(\.F16\.F32)?\.PACK_AB", EVERY),
    ("convert", 1): (r"F2FP\.SATFINITE(\.F16\.F32)?\.PACK_AB\.RZ", EVERY),
    ("convert", 2): (r"F2FP\.SATFINITE\.BF16(\.F32)?\.PACK_AB", EVERY),
    ("convert", 3): (r"F2FP\.SATFINITE\.BF16(\.F32)?\.PACK_AB\.RZ", EVERY),
    ("convert", 4): (r"F2FP\.SATFINITE\.E4M3\.F32\.PACK_AB_MERGE_C", FP8),
    ("convert", 5): (r"F2FP\.SATFINITE\.E5M2\.F32\.PACK_AB_MERGE_C", FP8),
    ("convert", 6): (r"F2FP\.SATFINITE\.E2M3\.F32\.PACK_AB_MERGE_C", NARROW),
    ("convert", 7): (r"F2FP\.SATFINITE\.E3M2\.F32\.PACK_AB_MERGE_C", NARROW),
    ("convert", 8): (r"F2FP\.SATFINITE\.E2M1\.F32\.PACK_AB_MERGE_C", NARROW),
    ("convert", 9): (r"F2FP\.SATFINITE\.E8\.F32\.PACK_AB_MERGE_C\.RZ", NARROW),
    ("convert", 10): (r"F2FP\.SATFINITE\.E8\.F32\.PACK_AB_MERGE_C\.RP", NARROW),
    ("stochastic", 0): (r"F2FP\.SATFINITE\.F16\.F32\.PACK_AB\.RS", STOCHASTIC),
    ("stochastic", 1): (r"F2FP\.SATFINITE\.BF16\.F32\.PACK_AB\.RS", STOCHASTIC),
    ("stochastic", 2): (r"F2FP\.SATFINITE\.E4M3\.F32\.PACK_AB_MERGE_C\.RS", STOCHASTIC),
    ("stochastic", 3): (r"F2FP\.SATFINITE\.E5M2\.F32\.PACK_AB_MERGE_C\.RS", STOCHASTIC),
    ("stochastic", 4): (r"F2FP\.SATFINITE\.E2M3\.F32\.PACK_AB_MERGE_C\.RS", STOCHASTIC),
    ("stochastic", 5): (r"F2FP\.SATFINITE\.E3M2\.F32\.PACK_AB_MERGE_C\.RS", STOCHASTIC),
    ("stochastic", 6): (r"F2FP\.SATFINITE\.E2M1\.F32\.PACK_AB_MERGE_C\.RS", STOCHASTIC),
    ("decode", 0): (r"F2FP\.F16\.E4M3\.UNPACK_B", FP8),
    ("decode", 1): (r"F2FP\.F16\.E5M2\.UNPACK_B", FP8),
    ("decode", 2): (r"F2FP\.F16\.E2M3\.UNPACK_B", NARROW),
    ("decode", 3): (r"F2FP\.F16\.E3M2\.UNPACK_B", NARROW),
    ("decode", 4): (r"F2FP\.F16\.E2M1\.UNPACK_B", NARROW),
    ("decode", 5): (r"F2FP\.BF16\.E8\.UNPACK_B", NARROW),
}


def cuobjdump():
    """The path of cuobjdump: on PATH, or in the package of that name; or None."""
    on_path = shutil.which("cuobjdump")
    if on_path:
        return Path(on_path)
    try:
        files = metadata.files("nvidia-cuda-cuobjdump") or []
    except metadata.PackageNotFoundError:
        return None
    return next((Path(file.locate()) for file in files if file.name == "cuobjdump"), None)


def compile_cuda(source, out, architecture, *more):
    """Runs nvcc on a source, or skips where it does not know the architecture."""
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("nvcc is not installed")
    command = [nvcc, "-std=c++20", "--expt-relaxed-constexpr", "--fmad=false", f"-arch={architecture}", *more]
    command += [f"-I{ROOT / 'include'}", f"-I{ROOT / 'src'}", str(source), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "is not defined for option" in done.stderr or "Unsupported gpu architecture" in done.stderr:
        pytest.skip(f"this nvcc does not know {architecture}")
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.fixture(scope="module", params=EVERY)
def code(request, tmp_path_factory):
    """The architecture, and the opcodes of each kernel without padding."""
    dump = cuobjdump()
    if dump is None:
        pytest.skip("cuobjdump is not installed: pip install nvidia-cuda-cuobjdump nvidia-cuda-nvdisasm")
    cubin = tmp_path_factory.mktemp("sass") / "probe.cubin"
    compile_cuda(ROOT / "tests" / "python" / "cuda_sass" / "probe.cu", cubin, request.param, "-cubin")
    path = f"{dump.parent}{os.pathsep}{os.environ['PATH']}"  # cuobjdump calls nvdisasm
    text = subprocess.run(
        [dump, "-sass", cubin], capture_output=True, text=True, check=True, env=os.environ | {"PATH": path}
    ).stdout
    kernels = {}
    for function in text.split("Function : ")[1:]:
        kernel = re.match(r"_Z\d+(convert|stochastic|decode)\w*?formE(\d+)E", function)
        opcodes = re.findall(r"^\s+/\*[0-9a-f]{4,}\*/\s+(?:@!?U?P\w+\s+)?([A-Z][\w.]*)", function, re.MULTILINE)
        kernels[kernel[1], int(kernel[2])] = [opcode for opcode in opcodes if opcode != "NOP"]
    return request.param, kernels


@pytest.mark.slow
def test_each_form_is_its_instruction_where_the_architecture_has_it_and_nothing_else_converts(code):
    architecture, kernels = code
    assert kernels.keys() == FORMS.keys()
    for form, (instruction, architectures) in FORMS.items():
        conversions = [opcode for opcode in kernels[form] if opcode.startswith("F2F")]
        if architecture in architectures:
            # four codes take two instructions, all others one
            count = 2 if form[0] == "stochastic" and form[1] >= 2 else 1
            assert len(conversions) == count, (form, conversions)
            assert all(re.fullmatch(instruction, opcode) for opcode in conversions), (form, conversions)
            assert len(kernels[form]) < 20, form
            assert not any(opcode.startswith(("LDL", "STL")) for opcode in kernels[form]), form
        else:
            assert conversions == [], form  # the portable twin: integers alone
            assert len(kernels[form]) > 100, form


@pytest.mark.slow
@pytest.mark.parametrize("name", ["float32", "float64", "hardware"])
def test_no_kernel_reads_a_constant_object_of_the_host(tmp_path, name):
    # Catches: a constexpr object of a namespace or class whose address is taken in device code. nvcc says nothing and
    # gives it the address 0: for sm_90a the code reads there, for sm_100a it is taken for unreachable and removed.
    # Seen in to_value, decode and binary64_quotient before they copied their constants.
    ptx = tmp_path / "kernels.ptx"
    compile_cuda(ROOT / "src" / "kernels" / "cuda" / f"device_{name}.cu", ptx, "sm_90a", "-ptx")
    functions = re.split(r"^\.visible \.entry ", ptx.read_text(), flags=re.MULTILINE)[1:]
    assert len(functions) >= 9
    for function in functions:
        kernel = function.split("(")[0]
        immediates = set(re.findall(r"mov\.[ub]64\s+(%rd\d+), \d+;", function))
        generic = re.findall(r"\b(?:ld|st|atom|red)(?!\.param|\.shared|\.local)\.[\w.]+\s[^;]*\[(%rd\d+|\d+)", function)
        assert not [base for base in generic if base in immediates or base.isdigit()], kernel
        assert not re.search(r"^\s*trap;", function, re.MULTILINE), kernel
    if name != "hardware":
        assert "div.rn.f64" in ptx.read_text()  # binary64_quotient is there
