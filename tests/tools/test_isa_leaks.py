"""tools/check_isa_leaks.py finds symbols that belong to no architecture in objects compiled for one, and only those."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools/check_isa_leaks.py"
COMPILER = shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")

pytestmark = pytest.mark.skipif(COMPILER is None or shutil.which("nm") is None, reason="needs a C++ compiler and nm")

TYPES = (
    "namespace xsimd { struct avx2 {}; template <class> struct fma3 {}; struct avx512bw {}; struct avx512vbmi {}; }\n"
)


def compile_object(build: Path, name: str, source: str, folder: str = "src/kernels/simd") -> None:
    """An object where CMake would put that of src/kernels/simd/<name>."""
    place = build / "CMakeFiles/halfulp.dir" / folder
    place.mkdir(parents=True, exist_ok=True)
    (build / name).write_text(TYPES + source)
    command = [str(COMPILER), "-std=c++20", "-O0", "-c", str(build / name), "-o", str(place / f"{name}.o")]
    subprocess.run(command, check=True)


def check(build: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, build], text=True, capture_output=True)


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("round_avx2.cpp", "template <class A> void kernel() {} template void kernel<xsimd::avx2>();"),
        ("round_avx2.cpp", "template <class A> void kernel() {} template void kernel<xsimd::fma3<xsimd::avx2>>();"),
        ("round_avx2.cpp", "static void helper() {} namespace halfulp::avx2 { void table() { helper(); } }"),
        ("round_avx2.cpp", "namespace { int a() { return 1; } } namespace halfulp::avx2 { int b = a(); }"),
        ("round_avx512.cpp", "template <class A> void kernel() {} template void kernel<xsimd::avx512bw>();"),
        ("round_avx512.cpp", "inline void other(xsimd::avx512bw) {} void avx512_entry() { other({}); }"),
        ("round_vbmi.cpp", "template <class A> void kernel() {} template void kernel<xsimd::avx512vbmi>();"),
        # What every machine of the platform has needs no tag.
        ("round_sse2.cpp", "inline int shared() { return 1; } int entry() { return shared(); }"),
    ],
)
def test_accepts(tmp_path: Path, name: str, source: str) -> None:
    compile_object(tmp_path, "good_avx2.cpp", "namespace halfulp::avx2 { void entry() {} }")
    compile_object(tmp_path, name, source)
    done = check(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("name", "source", "symbol"),
    [
        # Weak: an inline function, a template of the standard library, an inline variable, a static local.
        ("a_avx2.cpp", "inline int shared() { return 1; } namespace avx2 { int f() { return shared(); } }", "shared()"),
        (
            "a_avx2.cpp",
            "#include <vector>\nnamespace avx2 { void f(int n) { std::vector<int> v(n, 1); } }",
            "std::vector",
        ),
        ("a_avx2.cpp", "int entry() { return 1; }", "entry()"),
        ("a_avx2.cpp", "inline int table[] = {1, 2}; namespace avx2 { int* f() { return table; } }", "table"),
        (
            "a_avx2.cpp",
            "inline int& once() { static int n = 0; return n; } namespace avx2 { int f() { return once(); } }",
            "once()::n",
        ),
        # Code of a lesser instruction set in an object of a greater one.
        (
            "a_avx512.cpp",
            "template <class A> void kernel() {} template void kernel<xsimd::avx2>();",
            "kernel<xsimd::avx2>",
        ),
        ("a_vbmi.cpp", "template <class A> void kernel() {} template void kernel<xsimd::avx512bw>();", "avx512bw"),
    ],
)
def test_finds(tmp_path: Path, name: str, source: str, symbol: str) -> None:
    compile_object(tmp_path, name, source)
    done = check(tmp_path)
    assert done.returncode == 1
    assert any(name in line and symbol in line for line in done.stdout.splitlines()), done.stdout


def test_reads_the_kernels_objects_alone(tmp_path: Path) -> None:
    compile_object(tmp_path, "good_avx2.cpp", "namespace halfulp::avx2 { void entry() {} }")
    compile_object(tmp_path, "speed_avx2.cpp", "int entry() { return 1; }", folder="benchmarks")
    assert check(tmp_path).returncode == 0


def test_refuses_a_build_without_objects(tmp_path: Path) -> None:
    done = check(tmp_path)
    assert done.returncode == 1
    assert "is it built?" in done.stdout
