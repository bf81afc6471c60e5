# shellcheck shell=bash
# The steps of tools/setup, which sources this file from the checkout's root.

python=${PYTHON:-python3}
tests=0 # 1: the tests' tier is asked for
torch_requirements=tests/python/torch_requirements.txt

say() { echo "tools/setup: $*"; }
die() {
  echo "tools/setup: $*" >&2
  exit 1
}

# --- what has changed -------------------------------------------------------------------------------------------------

# Where the environment lies counts too: a virtual environment does not survive being moved.
environment_key() {
  {
    pwd
    "$python" --version || true
    cat tools/setup tools/setup_lib.sh tools/debian13.sh tools/get_catch2 tools/get_xsimd tools/get_xtensor pyproject.toml \
      "$torch_requirements"
  } 2>/dev/null | sha256sum
}

sources_key() {
  find CMakeLists.txt pyproject.toml cmake include src bindings -type f -not -path '*/__pycache__/*' -print0 |
    sort -z | xargs -0 sha256sum | sha256sum
}

# --- system packages --------------------------------------------------------------------------------------------------

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "you are not root and there is no sudo. As root, run: apt-get update && apt-get install -y ${installing[*]}"
  fi
}

apt_updated=0 installing=()
apt_update() {
  [ $apt_updated = 1 ] || as_root apt-get -qq -o Acquire::Retries=3 update || die "apt-get update failed: is the network up?"
  apt_updated=1
}

apt_install() {
  command -v apt-get >/dev/null ||
    die "there is no apt here. Install what these Debian packages hold, then run this again: $*"
  installing=("$@")
  say "installing with apt: $*"
  apt_update
  local log=build/setup-apt.log
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    die "apt-get could not install $* (all of its output is in $log)"
  fi
}

# Asks for the thing, not for the package: what is there by another way is not installed again.
missing=()
want() { # PACKAGE PROBE...
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || missing+=("$package")
}
has_python_module() { "$python" -c "import $1"; }
has_python_headers() { "$python" -c 'import os, sysconfig as s; os.stat(os.path.join(s.get_path("include"), "Python.h"))'; }
has_boost() {
  printf '#include <boost/version.hpp>\n#if BOOST_VERSION < 107400\n#error\n#endif\n' | "${CXX:-g++}" -E -x c++ -
}

# OpenBLAS and no other: the reference BLAS, which many machines have, takes fifty times as long.
has_openblas() {
  local program='extern "C" void dgesdd_(); extern "C" void cblas_dgemm(); int main(int n, char**) { if (n > 9) dgesdd_(), cblas_dgemm(); }'
  "${CXX:-g++}" -x c++ - -o /dev/null -lopenblas <<<"$program"
}

has_nlopt() { printf '#include <nlopt.h>\n' | "${CXX:-g++}" -E -x c++ -; }
has_benchmark() { printf '#include <benchmark/benchmark.h>\n' | "${CXX:-g++}" -std=c++20 -E -x c++ -; }

need_packages() {
  [ -z "${PYTHON:-}" ] || command -v "$PYTHON" >/dev/null || die "PYTHON names $PYTHON, and there is no such program."
  [ -z "${CXX:-}" ] || command -v "$CXX" >/dev/null || die "CXX names $CXX, and there is no such program."
  [ -n "${CXX:-}" ] || want g++ command -v g++
  want cmake command -v cmake
  want ninja-build command -v ninja
  [ -n "${PYTHON:-}" ] || want python3 command -v python3
  want python3-venv has_python_module "ensurepip, venv"
  want python3-dev has_python_headers
  want libopenblas-dev has_openblas
  want libnlopt-dev has_nlopt
  want wordnet-base test -e /usr/share/wordnet/data.noun # the demo's texts
  if [ "$tests" = 1 ]; then
    want libboost-dev has_boost
    want libbenchmark-dev has_benchmark
    want clang command -v clang++
    want shellcheck command -v shellcheck
    want chromium command -v chromium
    want zsh command -v zsh # the tests of completion
    want fish command -v fish
  fi
  [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
}

at_least() { # WANTED FOUND
  [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]
}

check_versions() {
  local found
  found=$("$python" -c 'import platform; print(platform.python_version())')
  at_least 3.11 "$found" || die "halfulp needs Python 3.11 or newer, and $python is $found." \
    "Install a newer one beside it and say which: PYTHON=python3.12 tools/setup"
  has_python_module "ensurepip, venv" 2>/dev/null ||
    die "$python ($found) cannot make virtual environments: install its venv package (Debian: python${found%.*}-venv)."
  has_python_headers 2>/dev/null || die "$python ($found) has no Python.h: install its headers (Debian: python${found%.*}-dev)."
  found=$(cmake --version | awk 'NR == 1 { print $3 }')
  at_least 3.25 "$found" || die "halfulp needs CMake 3.25 or newer, and this is $found (PyPI has newer ones: pip install cmake)."
  if [ -z "${CXX:-}" ]; then
    found=$(g++ -dumpfullversion)
    at_least 12 "$found" || die "halfulp needs g++ 12 or newer, and this is $found. CXX=... names another compiler."
  fi
}

# --- the vector kernels' headers --------------------------------------------------------------------------------------

has_xsimd() {
  printf '#include <xsimd/config/xsimd_config.hpp>\n#if XSIMD_VERSION_MAJOR < 13\n#error\n#endif\n' |
    "${CXX:-g++}" -E -x c++ -
}

# Without them the build has no vector kernels, and says so.
need_xsimd() {
  [ ! -e .deps/xsimd/include ] || return 0
  has_xsimd >/dev/null 2>&1 && return
  command -v apt-cache >/dev/null || { say "no xsimd 13 here: the build will have no vector kernels" && return; }
  apt_update
  if apt-cache show libxsimd-dev 2>/dev/null | grep -q '^Version: 1[3-9]'; then
    apt_install libxsimd-dev
  else
    tools/get_xsimd
  fi
}

# --- linear algebra ---------------------------------------------------------------------------------------------------

has_xtensor() {
  printf '#include <xtensor-blas/xblas_config.hpp>\n#if XTENSOR_BLAS_VERSION_MINOR < 21\n#error\n#endif\n' |
    "${CXX:-g++}" -E -x c++ -
}

# Without them the build leaves out what needs linear algebra, and says so.
need_xtensor() {
  [ ! -e .deps/xtensor/include ] || return 0
  has_xtensor >/dev/null 2>&1 && return
  command -v apt-cache >/dev/null || { say "no xtensor 0.25 here: the build will have no linear algebra" && return; }
  apt_update
  if apt-cache show libxtensor-blas-dev 2>/dev/null | grep -q '^Version: 0\.2[1-9]'; then
    apt_install libxtensor-blas-dev
  else
    tools/get_xtensor
  fi
}

# --- what the tests need ----------------------------------------------------------------------------------------------

probe_folder() {
  [ -n "${probe:-}" ] || { probe=$(mktemp -d) && trap 'rm -rf "$probe"' EXIT; }
}

has_fuzzer_runtime() {
  echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' >"$probe/fuzz.cpp"
  clang++ -fsanitize=fuzzer,address,undefined "$probe/fuzz.cpp" -o "$probe/fuzz"
}

# libFuzzer and the sanitizers' libraries come in a package named after clang's major version.
need_fuzzer_runtime() {
  probe_folder
  has_fuzzer_runtime >/dev/null 2>&1 && return
  local major
  major=$(clang++ -dumpversion | cut -d. -f1)
  apt_install "libclang-rt-$major-dev"
  has_fuzzer_runtime >"$probe/log" 2>&1 ||
    { cat "$probe/log" >&2; die "clang++ $major does not link a program with libFuzzer and the sanitizers (above)."; }
}

# The system's Catch2 counts when a test links: Debian 13's, on Debian 12, does not.
links_catch2() {
  printf '#include <catch2/catch_test_macros.hpp>\nTEST_CASE("links") { REQUIRE(true); }\n' >"$probe/catch2.cpp"
  "${CXX:-g++}" -std=c++20 "$probe/catch2.cpp" -lCatch2Main -lCatch2 -o "$probe/catch2"
}

need_catch2() {
  probe_folder
  [ ! -e .deps/catch2/include ] || return 0
  links_catch2 >/dev/null 2>&1 && return
  if command -v apt-cache >/dev/null; then
    apt_update
    if apt-cache show catch2 2>/dev/null | grep -q '^Version: 3'; then
      apt_install catch2
      links_catch2 >/dev/null 2>&1 && return
    fi
  fi
  tools/get_catch2
}

# Simulators of hardware descriptions. Nothing else needs them: where they cannot be installed, their tests are skipped and say so.
need_simulators() {
  missing=()
  want verilator command -v verilator
  want iverilog command -v iverilog
  [ ${#missing[@]} = 0 ] && return
  if ! command -v apt-get >/dev/null || { [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; }; then
    say "${missing[*]} not found and not to be installed from here: tests of hardware/ will be skipped"
    return
  fi
  (apt_install "${missing[@]}") || say "${missing[*]} not installed (above): tests of hardware/ will be skipped"
}

# --- the Python environment -------------------------------------------------------------------------------------------

# A virtual environment made by another Python version, or at another place, is made anew.
make_venv() {
  local made_by
  made_by=$("$python" -c 'import sys; print(sys.version_info[:2], sys.base_prefix)')
  if [ -x .venv/bin/python ] && [ "$(cat .venv/halfulp-made-by 2>/dev/null)" = "$PWD $made_by" ]; then
    return
  fi
  if [ -e .venv ] && [ ! -e .venv/pyvenv.cfg ]; then
    die ".venv is there and is no virtual environment: move it out of the way."
  fi
  "$python" -m venv --clear .venv || die "$python -m venv failed (above)."
  echo "$PWD $made_by" >.venv/halfulp-made-by
}

# torch for the tests of tensors. Not by an extra: its metadata names far more than it needs on a CPU.
need_torch() { # PIP...
  local wanted
  wanted=$(sed -n 's/^torch==//p' "$torch_requirements")
  has_torch "$wanted" || say "torch $wanted for the tests: 4 GB in .venv"
  "$@" install --no-deps -r "$torch_requirements" ||
    die "torch could not be installed (above): is the network up, and are 7 GB free?"
  has_torch "$wanted" || die "torch $wanted is installed and does not load: .venv/bin/python -c 'import torch' says why."
}
has_torch() { .venv/bin/python -c "import torch; assert torch.__version__.split('+')[0] == '$1'" 2>/dev/null; }
