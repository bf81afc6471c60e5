# The vector kernels, src/kernels/simd/*_<architecture>.cpp, each compiled for its own instruction set. Which of them runs is
# decided at run time. They need the headers of xsimd 13 (tools/get_xsimd, or the system's) at build time only.
include(CheckCXXSourceCompiles)

set(HALFULP_SIMD_SKIPPED "")
check_cxx_source_compiles("
  #if !defined(__x86_64__)
  #error
  #endif
  int main() {}" HALFULP_IS_X86_64)
if(NOT HALFULP_IS_X86_64)
  set(HALFULP_SIMD_SKIPPED "only x86-64 has vector kernels so far")
else()
  # By its headers and not by its package file: Debian's asks for xtl, which is of no use here.
  find_path(HALFULP_XSIMD_INCLUDE xsimd/config/xsimd_config.hpp HINTS "${PROJECT_SOURCE_DIR}/.deps/xsimd/include")
  mark_as_advanced(HALFULP_XSIMD_INCLUDE)
  set(xsimd_version 0)
  if(HALFULP_XSIMD_INCLUDE)
    file(STRINGS "${HALFULP_XSIMD_INCLUDE}/xsimd/config/xsimd_config.hpp" xsimd_version REGEX "define XSIMD_VERSION_MAJOR")
    string(REGEX REPLACE "[^0-9]" "" xsimd_version "${xsimd_version}")
  endif()
  if(xsimd_version LESS 13)
    unset(HALFULP_XSIMD_INCLUDE CACHE)
    set(HALFULP_SIMD_SKIPPED "xsimd 13 is not found (tools/get_xsimd fetches its headers)")
  endif()
endif()

if(HALFULP_SIMD_SKIPPED)
  if(NOT HALFULP_SIMD STREQUAL "AUTO")
    message(FATAL_ERROR "HALFULP_SIMD is ON, but ${HALFULP_SIMD_SKIPPED}.")
  endif()
  message(STATUS "halfulp: no vector kernels: ${HALFULP_SIMD_SKIPPED}")
else()
  file(GLOB simd_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/kernels/simd/*_*.cpp")
  set(flags_sse2 "")
  set(flags_avx2 -mavx2 -mfma)
  set(flags_avx512 -mavx512f -mavx512cd -mavx512dq -mavx512bw -mavx512vl -mavx2 -mfma)
  set(flags_vbmi ${flags_avx512} -mavx512vbmi -mavx512ifma)
  # The rounding direction is set at run time, and no sum may be fused with a product.
  set(common_flags -frounding-math -ffp-contract=off)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12's own AVX-512 header makes "undefined" vectors in a way that it then warns of.
    list(APPEND common_flags -Wno-uninitialized -Wno-maybe-uninitialized)
  endif()
  foreach(source IN LISTS simd_sources)
    string(REGEX MATCH "_([a-z0-9]+)\\.cpp$" _ "${source}")
    if(NOT DEFINED flags_${CMAKE_MATCH_1})
      message(FATAL_ERROR "${source}: its name ends with no architecture of cmake/halfulp_simd.cmake")
    endif()
    # Optimised in every build: unoptimised vector code is slower than the scalar definition, and leaves library functions
    # behind that another machine could not run.
    set_source_files_properties("${source}" PROPERTIES
      COMPILE_OPTIONS "${flags_${CMAKE_MATCH_1}};${common_flags};$<$<NOT:$<CONFIG:Release>>:-O2>")
  endforeach()
  target_sources(halfulp PRIVATE ${simd_sources})
  target_compile_definitions(halfulp PRIVATE HALFULP_SIMD_X86)
  target_include_directories(halfulp SYSTEM PRIVATE "${HALFULP_XSIMD_INCLUDE}")
  message(STATUS "halfulp: vector kernels for SSE2, AVX2 and AVX-512 with xsimd ${xsimd_version}")
endif()
