# One libFuzzer program per tests/fuzz/fuzz_*.cpp, each also a ctest. Included from tests/CMakeLists.txt.
if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang" OR NOT HALFULP_SANITIZE)
  message(FATAL_ERROR "HALFULP_FUZZ needs clang and HALFULP_SANITIZE: configure with 'cmake --preset asan'.")
endif()
set(HALFULP_FUZZ_SECONDS 100 CACHE STRING "Seconds of fuzzing in all, shared by the targets")
# A fixed seed by default: a change is judged by the same inputs as the one before it. Long searches take 0 and an hour.
set(HALFULP_FUZZ_SEED 1 CACHE STRING "Seed of the fuzzing; 0: another one every time")

# Coverage counters in the library: libFuzzer steers by them.
target_compile_options(halfulp PRIVATE -fsanitize=fuzzer-no-link)

file(GLOB fuzz_sources CONFIGURE_DEPENDS fuzz/fuzz_*.cpp)
list(LENGTH fuzz_sources fuzz_count)
foreach(source IN LISTS fuzz_sources)
  math(EXPR share "(${HALFULP_FUZZ_SECONDS} + ${fuzz_count} - 1) / ${fuzz_count}")
  cmake_path(GET source STEM name)
  add_executable(${name} "${source}")
  target_link_libraries(${name} PRIVATE halfulp::halfulp)
  halfulp_own_target(${name})
  target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)

  # The corpus grows in the build tree; tests/fuzz/<name>/ may hold inputs to start from. What breaks is written
  # beside the corpus, and its path is in the test's output. An input that takes a minute hangs: none takes a second, but a
  # machine may have other work.
  set(corpus "${CMAKE_CURRENT_BINARY_DIR}/corpus/${name}/")
  file(MAKE_DIRECTORY "${corpus}")
  set(seeds "${CMAKE_CURRENT_SOURCE_DIR}/fuzz/${name}")
  if(NOT IS_DIRECTORY "${seeds}")
    set(seeds "")
  endif()
  math(EXPR timeout "${share} + 120")
  add_test(NAME "fuzz/${name} for ${share} s"
    COMMAND ${name} -seed=${HALFULP_FUZZ_SEED} -max_total_time=${share} -timeout=60 -rss_limit_mb=4096 -print_final_stats=1
      "-artifact_prefix=${CMAKE_CURRENT_BINARY_DIR}/" "${corpus}" ${seeds})
  set_tests_properties("fuzz/${name} for ${share} s" PROPERTIES LABELS fuzz TIMEOUT ${timeout})
endforeach()
