# The layers that need linear algebra (matrices and what stands on them), as a library of their own: halfulp::matrices. They need
# the headers of xtensor 0.25 and xtensor-blas 0.21 (tools/get_xtensor, or the system's), and a BLAS with LAPACK.
set(HALFULP_MATRICES_SKIPPED "")
find_path(HALFULP_XTENSOR_INCLUDE xtensor-blas/xblas_config.hpp HINTS "${PROJECT_SOURCE_DIR}/.deps/xtensor/include")
mark_as_advanced(HALFULP_XTENSOR_INCLUDE)
set(xtensor_blas_version 0)
if(HALFULP_XTENSOR_INCLUDE)
  file(STRINGS "${HALFULP_XTENSOR_INCLUDE}/xtensor-blas/xblas_config.hpp" xtensor_blas_version
    REGEX "define XTENSOR_BLAS_VERSION_MINOR")
  string(REGEX REPLACE "[^0-9]" "" xtensor_blas_version "${xtensor_blas_version}")
endif()
if(xtensor_blas_version LESS 21)
  unset(HALFULP_XTENSOR_INCLUDE CACHE)
  set(HALFULP_MATRICES_SKIPPED "xtensor-blas 0.21 is not found (tools/get_xtensor fetches its headers)")
else()
  # OpenBLAS before others, unless BLA_VENDOR says which: the reference BLAS takes fifty times as long.
  if(NOT BLA_VENDOR)
    set(BLA_VENDOR OpenBLAS)
    find_package(LAPACK QUIET)
    unset(BLA_VENDOR)
  endif()
  if(NOT LAPACK_FOUND)
    find_package(LAPACK QUIET)
  endif()
  if(NOT LAPACK_FOUND)
    set(HALFULP_MATRICES_SKIPPED "no LAPACK is found (Debian: libopenblas-dev)")
  endif()
endif()

if(HALFULP_MATRICES_SKIPPED)
  if(NOT HALFULP_MATRICES STREQUAL "AUTO")
    message(FATAL_ERROR "HALFULP_MATRICES is ON, but ${HALFULP_MATRICES_SKIPPED}.")
  endif()
  message(STATUS "halfulp: no linear algebra: ${HALFULP_MATRICES_SKIPPED}")
  return()
endif()

add_library(halfulp_matrices ${matrix_sources})
add_library(halfulp::matrices ALIAS halfulp_matrices)
set_target_properties(halfulp_matrices PROPERTIES
  EXPORT_NAME matrices
  POSITION_INDEPENDENT_CODE ON
  VERSION "${PROJECT_VERSION}"
  SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
target_sources(halfulp_matrices PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${matrix_headers})
target_include_directories(halfulp_matrices PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_include_directories(halfulp_matrices SYSTEM PUBLIC "$<BUILD_INTERFACE:${HALFULP_XTENSOR_INCLUDE}>")
target_link_libraries(halfulp_matrices PUBLIC halfulp::halfulp PRIVATE LAPACK::LAPACK)
halfulp_own_target(halfulp_matrices)
message(STATUS "halfulp: linear algebra with xtensor-blas 0.${xtensor_blas_version} and ${LAPACK_LIBRARIES}")
