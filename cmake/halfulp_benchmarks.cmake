# benchmarks/*.cpp: one Google Benchmark program for each kernel. benchmarks/floors: the promises about speed, as one program.
# ctest runs each for a moment on small arrays: what is timed is checked first. Nobody's speed is judged there.
find_package(benchmark REQUIRED)

add_library(halfulp_benchmark_shared STATIC
  "${PROJECT_SOURCE_DIR}/benchmarks/shared/weights.cpp" "${PROJECT_SOURCE_DIR}/benchmarks/shared/plain_loops.cpp")
target_include_directories(halfulp_benchmark_shared PUBLIC "${PROJECT_SOURCE_DIR}/benchmarks")
target_link_libraries(halfulp_benchmark_shared PUBLIC halfulp::halfulp)
halfulp_own_target(halfulp_benchmark_shared)
# A slow reference would flatter: the plain loops are as fast as the compiler makes them.
set_source_files_properties("${PROJECT_SOURCE_DIR}/benchmarks/shared/plain_loops.cpp" PROPERTIES COMPILE_OPTIONS -O3)

file(GLOB benchmark_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/benchmarks/*.cpp")
foreach(source IN LISTS benchmark_sources)
  cmake_path(GET source STEM name)
  add_executable(benchmark_${name} "${source}")
  target_link_libraries(benchmark_${name} PRIVATE halfulp_benchmark_shared benchmark::benchmark_main)
  halfulp_own_target(benchmark_${name})
  if(HALFULP_TESTS)
    add_test(NAME "benchmarks/${name} runs" COMMAND benchmark_${name} --benchmark_min_time=0.001)
    set_tests_properties("benchmarks/${name} runs" PROPERTIES ENVIRONMENT HALFULP_BENCHMARK_LOG2=14)
  endif()
endforeach()

file(GLOB floor_sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/benchmarks/floors/*.cpp")
add_executable(benchmark_floors ${floor_sources})
target_link_libraries(benchmark_floors PRIVATE halfulp_benchmark_shared)
halfulp_own_target(benchmark_floors)
if(HALFULP_TESTS)
  add_test(NAME "benchmarks/floors run" COMMAND benchmark_floors --quick --log2-elements 14 --repetitions 1)
endif()

# Loaded by benchmarks/speed/python_floors.py.
add_library(benchmark_baseline MODULE "${PROJECT_SOURCE_DIR}/benchmarks/baseline/round_e4m3fn.cpp")
target_link_libraries(benchmark_baseline PRIVATE halfulp::halfulp)
halfulp_own_target(benchmark_baseline)
set_target_properties(benchmark_baseline PROPERTIES PREFIX "")
