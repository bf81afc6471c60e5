# The Python module halfulp._core. pip drives this through scikit-build-core (pyproject.toml).
get_target_property(library_type halfulp TYPE)
if(NOT library_type STREQUAL "STATIC_LIBRARY")
  message(FATAL_ERROR "HALFULP_PYTHON links the library into the module: configure with BUILD_SHARED_LIBS=OFF.")
endif()

set(PYBIND11_FINDPYTHON ON)
find_package(pybind11 3 CONFIG REQUIRED)

file(GLOB binding_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bindings/*.cpp")
# NO_EXTRAS: pybind11's default link-time optimisation doubles the build time and reaches the bindings only.
pybind11_add_module(_core NO_EXTRAS ${binding_sources})
target_link_libraries(_core PRIVATE halfulp::halfulp)
halfulp_own_target(_core)
# Two modules that each carry a copy of the library must not see each other's symbols.
set_target_properties(halfulp PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)

install(TARGETS _core DESTINATION halfulp COMPONENT python)

# A module of its own, so that whoever needs no linear algebra loads no LAPACK.
if(TARGET halfulp_matrices)
  file(GLOB matrix_binding_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bindings/matrices/*.cpp")
  pybind11_add_module(_matrices NO_EXTRAS ${matrix_binding_sources})
  target_link_libraries(_matrices PRIVATE halfulp::matrices)
  halfulp_own_target(_matrices)
  set_target_properties(halfulp_matrices PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  install(TARGETS _matrices DESTINATION halfulp COMPONENT python)
endif()
if(TARGET halfulp_scaling)
  file(GLOB scaling_binding_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bindings/scaling/*.cpp")
  pybind11_add_module(_scaling NO_EXTRAS ${scaling_binding_sources})
  target_link_libraries(_scaling PRIVATE halfulp::scaling)
  halfulp_own_target(_scaling)
  set_target_properties(halfulp_scaling PROPERTIES CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  install(TARGETS _scaling DESTINATION halfulp COMPONENT python)
endif()
