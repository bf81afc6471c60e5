# cmake -DNM=... -DLIBRARY=... -DSOURCE=... -P check_exports.cmake
#
# The shared library has every function of include/halfulp.h and of the SystemVerilog package, and shows nothing else.
execute_process(COMMAND "${NM}" -D --defined-only --format=posix "${LIBRARY}"
  OUTPUT_VARIABLE listed COMMAND_ERROR_IS_FATAL ANY)
string(REGEX MATCHALL "[^\n]+" lines "${listed}")
set(exported "")
foreach(line IN LISTS lines)
  string(REGEX REPLACE "[ @].*" "" name "${line}")
  list(APPEND exported "${name}")
endforeach()
list(REMOVE_ITEM exported HALFULP_C_1)

file(STRINGS "${SOURCE}/include/halfulp.h" header REGEX "^[a-z].*halfulp_[a-z_]+\\(")
file(STRINGS "${SOURCE}/hardware/halfulp_pkg.sv" package REGEX "import \"DPI-C\"")
set(declared "")
foreach(line IN LISTS header package)
  string(REGEX MATCH "(halfulp_[a-z_]+)\\(" _ "${line}")
  list(APPEND declared "${CMAKE_MATCH_1}")
endforeach()
list(SORT declared)
list(SORT exported)
if(NOT declared STREQUAL exported OR NOT declared)
  message(FATAL_ERROR "${LIBRARY} exports\n  ${exported}\nand the header and the package declare\n  ${declared}")
endif()
list(LENGTH declared count)
message(STATUS "${count} functions")
