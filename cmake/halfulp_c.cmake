# The C interface, include/halfulp.h: bindings/c as the shared library halfulp_c and the static one halfulp_c_static, and the
# SystemVerilog package that imports from the shared one. Included last: its tests are here too.
option(HALFULP_C "Build the C interface" "${PROJECT_IS_TOP_LEVEL}")
if(NOT HALFULP_C OR HALFULP_PYTHON) # Python's wheel has its own way in
  return()
endif()

file(GLOB c_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/bindings/c/*.cpp")
set(c_symbols "${PROJECT_SOURCE_DIR}/bindings/c/halfulp_c.map")
add_library(halfulp_c SHARED ${c_sources})
add_library(halfulp_c_static STATIC ${c_sources})
target_link_libraries(halfulp_c PRIVATE halfulp::halfulp)
target_link_libraries(halfulp_c_static PRIVATE halfulp::halfulp)
foreach(library IN ITEMS halfulp_c halfulp_c_static)
  add_library(halfulp::${library} ALIAS ${library})
  target_include_directories(${library} PUBLIC
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  set_target_properties(${library} PROPERTIES POSITION_INDEPENDENT_CODE ON)
  halfulp_own_target(${library})
endforeach()
# A version script and not hidden visibility alone: what the standard library's headers instantiate is always visible, and a program
# may hold another copy of the library (Python's module in a simulator).
target_link_options(halfulp_c PRIVATE "LINKER:--version-script=${c_symbols}")
if(NOT HALFULP_SANITIZE) # whose symbols are the program's
  target_link_options(halfulp_c PRIVATE LINKER:--no-undefined)
endif()
set_target_properties(halfulp_c PROPERTIES
  VERSION "${PROJECT_VERSION}"
  SOVERSION 1 # HALFULP_ABI_VERSION
  LINK_DEPENDS "${c_symbols}")

file(RELATIVE_PATH to_prefix "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file("${CMAKE_CURRENT_LIST_DIR}/halfulp_c.pc.in" "${PROJECT_BINARY_DIR}/halfulp_c.pc" @ONLY)
install(TARGETS halfulp_c halfulp_c_static EXPORT halfulp-targets COMPONENT cxx
  ARCHIVE COMPONENT cxx LIBRARY COMPONENT cxx RUNTIME COMPONENT cxx)
install(FILES "${PROJECT_SOURCE_DIR}/include/halfulp.h" DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}" COMPONENT cxx)
install(FILES "${PROJECT_SOURCE_DIR}/hardware/halfulp_pkg.sv" DESTINATION "${CMAKE_INSTALL_DATADIR}/halfulp"
  COMPONENT cxx)
install(FILES "${PROJECT_BINARY_DIR}/halfulp_c.pc" DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig" COMPONENT cxx)

if(NOT HALFULP_TESTS)
  return()
endif()

# The same program with either library; it puts its questions to the C++ interface too.
enable_language(C)
foreach(library IN ITEMS halfulp_c halfulp_c_static)
  add_executable(test_${library}
    "${PROJECT_SOURCE_DIR}/tests/c/test_interface.c" "${PROJECT_SOURCE_DIR}/tests/c/reference.cpp")
  target_link_libraries(test_${library} PRIVATE halfulp::${library} halfulp::halfulp)
  target_compile_options(test_${library} PRIVATE $<$<COMPILE_LANGUAGE:C>:-Wall;-Wextra;-Werror;-pedantic>)
  halfulp_own_target(test_${library})
  set_target_properties(test_${library} PROPERTIES
    C_STANDARD 99 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF LINKER_LANGUAGE CXX)
  add_test(NAME "c/the interface of ${library}" COMMAND test_${library})
  set_tests_properties("c/the interface of ${library}" PROPERTIES LABELS c TIMEOUT 300)
endforeach()
add_test(NAME "c/the shared library exports what the header declares"
  COMMAND "${CMAKE_COMMAND}" "-DNM=${CMAKE_NM}" "-DLIBRARY=$<TARGET_FILE:halfulp_c>" "-DSOURCE=${PROJECT_SOURCE_DIR}"
    -P "${PROJECT_SOURCE_DIR}/tests/c/check_exports.cmake")
set_tests_properties("c/the shared library exports what the header declares" PROPERTIES LABELS c)

# A simulator is no sanitized program.
if(HALFULP_SANITIZE)
  return()
endif()
set(verilator_test "hardware/the units by Verilator")
set(verilator_skipped "")
find_program(HALFULP_VERILATOR verilator)
if(NOT HALFULP_VERILATOR)
  set(verilator_skipped "no verilator found (tools/setup --tests installs it where it may)")
else()
  execute_process(COMMAND "${HALFULP_VERILATOR}" --version OUTPUT_VARIABLE verilator_version)
  string(REGEX MATCH "[0-9]+\\.[0-9]+" verilator_version "${verilator_version}")
  if(verilator_version VERSION_LESS 5.006) # --binary, classes in packages
    set(verilator_skipped "verilator ${verilator_version} is older than 5.006")
  endif()
endif()
if(verilator_skipped)
  add_test(NAME "${verilator_test}" COMMAND "${CMAKE_COMMAND}" -E echo "skipped: ${verilator_skipped}")
  set_tests_properties("${verilator_test}" PROPERTIES SKIP_REGULAR_EXPRESSION "^skipped: ")
else()
  add_test(NAME "${verilator_test}"
    COMMAND "${CMAKE_COMMAND}" "-DVERILATOR=${HALFULP_VERILATOR}" "-DSOURCE=${PROJECT_SOURCE_DIR}"
      "-DLIBRARY=$<TARGET_FILE:halfulp_c>" "-DBUILD=${PROJECT_BINARY_DIR}/verilated"
      -P "${PROJECT_SOURCE_DIR}/tests/hardware/check_verilator.cmake")
endif()
set_tests_properties("${verilator_test}" PROPERTIES LABELS hardware TIMEOUT 600)
