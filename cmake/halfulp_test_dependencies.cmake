# What the tests need and the library does not: Catch2 3, Boost headers, a Python, perhaps CUDA's headers.
find_package(Python3 3.11 REQUIRED COMPONENTS Interpreter)

if(HALFULP_TESTS)
  # tools/setup --tests puts Catch2 here where the system's is missing, too old or does not link.
  list(PREPEND CMAKE_PREFIX_PATH "${PROJECT_SOURCE_DIR}/.deps/catch2")
  find_package(Catch2 3 QUIET)
  if(NOT Catch2_FOUND)
    message(FATAL_ERROR "The tests need Catch2 3. Run tools/setup --tests, or set Catch2_DIR.")
  endif()
  include(Catch)

  # Headers alone, so no Boost package files are asked for: they differ between versions and distributions.
  find_path(HALFULP_BOOST_INCLUDE_DIR boost/multiprecision/cpp_int.hpp)
  if(NOT HALFULP_BOOST_INCLUDE_DIR)
    message(FATAL_ERROR "The tests need Boost's headers. Run tools/setup --tests, or set HALFULP_BOOST_INCLUDE_DIR.")
  endif()
  file(STRINGS "${HALFULP_BOOST_INCLUDE_DIR}/boost/version.hpp" boost_version REGEX "#define BOOST_VERSION ")
  string(REGEX MATCH "[0-9]+" boost_version "${boost_version}")
  if(boost_version LESS 107400)
    message(FATAL_ERROR "The tests need Boost 1.74 or newer; ${HALFULP_BOOST_INCLUDE_DIR} has ${boost_version}.")
  endif()
endif()
add_library(halfulp_boost INTERFACE)
if(HALFULP_BOOST_INCLUDE_DIR)
  target_include_directories(halfulp_boost SYSTEM INTERFACE "${HALFULP_BOOST_INCLUDE_DIR}")
endif()

# The vendor's conversions run on the host from these headers; the tests that use them ask __has_include.
find_path(HALFULP_CUDA_INCLUDE_DIR cuda_fp4.h
  HINTS "$ENV{CUDA_HOME}" "$ENV{CUDA_PATH}" /usr/local/cuda PATH_SUFFIXES include)
