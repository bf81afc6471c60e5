# Compiles src/kernels/cuda/*.cu for real architectures and links halfulp_validate_gpu, as the target halfulp_cuda. No GPU is
# needed for that. HALFULP_CUDA_SKIPPED holds the reason where AUTO finds no fitting compiler: the tests then show a skipped test.
include(CheckLanguage)

set(HALFULP_CUDA_SKIPPED "")
file(GLOB cuda_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/kernels/cuda/*.cu")
if(NOT cuda_sources)
  set(HALFULP_CUDA_SKIPPED "src/kernels/cuda has no .cu file")
else()
  # Set before the language is looked for: CMake's own test program is compiled for these too.
  # 80: A100; 90a: H100; 100a: B200; 120a: RTX 50. "-real": no PTX, the machine code is what is compared with hardware.
  if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES)
    set(CMAKE_CUDA_ARCHITECTURES "80-real;90a-real;100a-real;120a")
  endif()
  if(NOT DEFINED CMAKE_CUDA_HOST_COMPILER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(CMAKE_CUDA_HOST_COMPILER "${CMAKE_CXX_COMPILER}")
  endif()
  check_language(CUDA)
  if(CMAKE_CUDA_COMPILER)
    enable_language(CUDA)
    if(CMAKE_CUDA_COMPILER_VERSION VERSION_LESS 12.8) # the first that knows 100a and 120a
      set(HALFULP_CUDA_SKIPPED "nvcc ${CMAKE_CUDA_COMPILER_VERSION} is older than 12.8")
    endif()
  else()
    set(HALFULP_CUDA_SKIPPED "no working CUDA compiler (nvcc) found")
  endif()
endif()

if(NOT HALFULP_CUDA_SKIPPED)
  # Minutes of compiling, so not a part of "all" but where the Python package is to have it beside it.
  add_executable(halfulp_validate_gpu EXCLUDE_FROM_ALL ${cuda_sources})
  target_link_libraries(halfulp_validate_gpu PRIVATE halfulp::halfulp)
  target_include_directories(halfulp_validate_gpu PRIVATE "${PROJECT_SOURCE_DIR}/src")
  # By option: CMake 3.25 does not know CUDA_STANDARD 20 for nvcc 13.
  target_compile_options(halfulp_validate_gpu PRIVATE
    $<$<COMPILE_LANGUAGE:CUDA>:-std=c++20;--expt-relaxed-constexpr;--fmad=false;-Xcompiler=-Wall,-Wextra,-ffp-contract=off>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # As in halfulp_own_target: GCC bug 105651.
    target_compile_options(halfulp_validate_gpu PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:-Xcompiler=-Wno-restrict>)
  endif()
  list(JOIN CMAKE_CUDA_ARCHITECTURES " " compiled_for)
  target_compile_definitions(halfulp_validate_gpu PRIVATE HALFULP_CUDA_COMPILED_FOR="${compiled_for}")
  # Static: a machine without CUDA's runtime library, or without a driver, still starts the program and is told what is missing.
  set_target_properties(halfulp_validate_gpu PROPERTIES CUDA_RUNTIME_LIBRARY Static)
  add_custom_target(halfulp_cuda DEPENDS halfulp_validate_gpu)
  if(HALFULP_PYTHON)
    set_target_properties(halfulp_validate_gpu PROPERTIES EXCLUDE_FROM_ALL OFF)
    install(TARGETS halfulp_validate_gpu DESTINATION halfulp COMPONENT python)
  endif()
  message(STATUS "halfulp: CUDA kernels for ${CMAKE_CUDA_ARCHITECTURES} by nvcc ${CMAKE_CUDA_COMPILER_VERSION}")
elseif(HALFULP_CUDA STREQUAL "AUTO")
  message(STATUS "halfulp: CUDA kernels are not compiled: ${HALFULP_CUDA_SKIPPED}")
else()
  message(FATAL_ERROR "HALFULP_CUDA is ON, but ${HALFULP_CUDA_SKIPPED}. "
    "Put nvcc 12.8 or newer on PATH, or configure with -DHALFULP_CUDA=AUTO.")
endif()
