# The layer that fits scaling laws, as a library of its own: halfulp::scaling. NLopt does the minimizing; linear algebra comes from
# halfulp::matrices.
set(HALFULP_SCALING_SKIPPED "")
find_package(NLopt QUIET CONFIG)
if(NOT TARGET halfulp_matrices)
  set(HALFULP_SCALING_SKIPPED "the library has no linear algebra (HALFULP_MATRICES)")
elseif(NOT NLopt_FOUND)
  set(HALFULP_SCALING_SKIPPED "NLopt is not found (Debian: libnlopt-dev)")
endif()

if(HALFULP_SCALING_SKIPPED)
  if(NOT HALFULP_SCALING STREQUAL "AUTO")
    message(FATAL_ERROR "HALFULP_SCALING is ON, but ${HALFULP_SCALING_SKIPPED}.")
  endif()
  message(STATUS "halfulp: no scaling laws: ${HALFULP_SCALING_SKIPPED}")
  return()
endif()

add_library(halfulp_scaling ${scaling_sources})
add_library(halfulp::scaling ALIAS halfulp_scaling)
set_target_properties(halfulp_scaling PROPERTIES
  EXPORT_NAME scaling
  POSITION_INDEPENDENT_CODE ON
  VERSION "${PROJECT_VERSION}"
  SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
target_sources(halfulp_scaling PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/include" FILES ${scaling_headers})
target_include_directories(halfulp_scaling PRIVATE "${PROJECT_SOURCE_DIR}/src")
target_link_libraries(halfulp_scaling PUBLIC halfulp::halfulp PRIVATE halfulp::matrices NLopt::nlopt)
halfulp_own_target(halfulp_scaling)
message(STATUS "halfulp: scaling laws with NLopt ${NLopt_VERSION}")
