# Facts at compile time. Included from tests/CMakeLists.txt.

# Each public header on its own, and tests/compile/*.cpp: these must compile, and do so as part of the build.
set(alone_sources "")
set(alone_matrix_sources "")
file(GLOB_RECURSE public_headers RELATIVE "${PROJECT_SOURCE_DIR}/include" CONFIGURE_DEPENDS
  "${PROJECT_SOURCE_DIR}/include/*.hpp")
foreach(header IN LISTS public_headers)
  string(MAKE_C_IDENTIFIER "${header}" identifier)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/alone/${identifier}.cpp")
  # Twice: a header without its guard fails too.
  file(CONFIGURE OUTPUT "${source}" CONTENT "#include <@header@>\n#include <@header@>\n" @ONLY)
  if("/${header}" MATCHES "${layers_of_matrix}")
    list(APPEND alone_matrix_sources "${source}")
  else()
    list(APPEND alone_sources "${source}")
  endif()
endforeach()
file(GLOB compile_sources CONFIGURE_DEPENDS compile/*.cpp)
add_library(halfulp_compile_facts OBJECT ${alone_sources} ${compile_sources})
target_link_libraries(halfulp_compile_facts PRIVATE halfulp::halfulp)
halfulp_own_target(halfulp_compile_facts)
if(TARGET halfulp_matrices)
  add_library(halfulp_compile_matrix_facts OBJECT ${alone_matrix_sources})
  target_link_libraries(halfulp_compile_matrix_facts PRIVATE halfulp::matrices)
  halfulp_own_target(halfulp_compile_matrix_facts)
endif()

# tests/compile_fail/*.cpp must not compile, and for the reason that the file states (see check_compile_fail.cmake).
file(GLOB fail_sources CONFIGURE_DEPENDS compile_fail/*.cpp)
foreach(source IN LISTS fail_sources)
  cmake_path(GET source STEM name)
  add_test(NAME "compile/${name} is refused"
    COMMAND "${CMAKE_COMMAND}" "-DCOMPILER=${CMAKE_CXX_COMPILER}" "-DSOURCE=${source}"
      "-DINCLUDE=${PROJECT_SOURCE_DIR}/include" -P "${PROJECT_SOURCE_DIR}/cmake/check_compile_fail.cmake")
  set_tests_properties("compile/${name} is refused" PROPERTIES LABELS compile)
endforeach()
