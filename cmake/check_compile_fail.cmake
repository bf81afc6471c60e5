# cmake -DCOMPILER=... -DSOURCE=... -DINCLUDE=... -P check_compile_fail.cmake
#
# Passes when SOURCE does not compile and the compiler's message holds the text of its line '// expect: TEXT', so
# that a misspelt include does not count as a refusal. With -DMUST_COMPILE, which each file answers with the
# corrected code between #ifdef and #else, it has to compile: the refusal is then due to the one difference.
file(STRINGS "${SOURCE}" expect REGEX "^// expect: ")
if(NOT expect MATCHES "^// expect: ([^;]+)$")
  message(FATAL_ERROR "${SOURCE}: wants one line '// expect: TEXT' with a part of the compiler's message")
endif()
set(expected "${CMAKE_MATCH_1}")

set(command "${COMPILER}" -std=c++20 -fsyntax-only "-I${INCLUDE}")
execute_process(COMMAND ${command} -DMUST_COMPILE "${SOURCE}" RESULT_VARIABLE failed ERROR_VARIABLE message)
if(failed)
  message(FATAL_ERROR "${SOURCE}: has to compile with -DMUST_COMPILE, but:\n${message}")
endif()

execute_process(COMMAND ${command} "${SOURCE}" RESULT_VARIABLE failed ERROR_VARIABLE message)
if(NOT failed)
  message(FATAL_ERROR "${SOURCE}: compiles, and should not")
endif()
string(FIND "${message}" "${expected}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "${SOURCE}: refused, but not with '${expected}':\n${message}")
endif()
