# What holds only when halfulp is the project being built, never when it is a part of another one.

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Build type" FORCE)
endif()

find_program(HALFULP_CCACHE ccache)
if(HALFULP_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${HALFULP_CCACHE}")
endif()

# For editors and clang-tidy.
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
