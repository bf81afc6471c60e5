# Flags for the project's own targets. They are private: nothing of them reaches a project that links halfulp.
#
# -ffp-contract=off: a fused multiply-add rounds once where the source says twice, and results are promised to the bit.
# There is no -march: which vector instructions run is decided at run time.
#
# UNSANITIZED leaves the sanitizers out of a target that is not under test.
function(halfulp_own_target target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "UNSANITIZED" "" "")
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANGUAGE:CXX>:-Wall;-Wextra;-Wconversion;-Wsign-conversion;-Wshadow;-ffp-contract=off>)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # g++ 12 warns of overlapping copies inside its own std::string (GCC bug 105651).
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:-Wno-restrict>)
  endif()
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  if(HALFULP_SANITIZE AND NOT arg_UNSANITIZED)
    # Without no-recover the program would print a finding, go on and pass.
    set(sanitizers -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANGUAGE:CXX>:${sanitizers}>)
    target_link_options(${target} PUBLIC ${sanitizers})
  endif()
endfunction()
