# cmake -DVERILATOR=... -DSOURCE=... -DLIBRARY=... -DBUILD=... -P check_verilator.cmake
#
# Compiles the package, the example units and their checks by Verilator, with the shared library LIBRARY, into BUILD, and runs them:
# the right units pass, the planted faults are found, the package's answers are those written here.
set(hardware "${SOURCE}/hardware")
set(sources "${hardware}/halfulp_pkg.sv" "${hardware}/examples/e4m3fn_round.sv"
  "${hardware}/examples/e4m3fn_multiply.sv" "${hardware}/examples/e4m3fn_add.sv"
  "${hardware}/examples/check_e4m3fn.sv" "${SOURCE}/tests/hardware/check_package.sv")
cmake_path(GET LIBRARY PARENT_PATH folder)
file(REMOVE_RECURSE "${BUILD}")
execute_process(
  COMMAND "${VERILATOR}" --binary --timing --top-module check_package --Mdir "${BUILD}" ${sources}
    -LDFLAGS "${LIBRARY} -Wl,-rpath,${folder}"
  RESULT_VARIABLE failed OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(failed)
  message(FATAL_ERROR "verilator: ${output}")
endif()

# Runs with ARGUMENT. PASSES: the exit status has to be 0, otherwise another one. Each further argument has to be in the output.
function(run argument passes)
  execute_process(COMMAND "${BUILD}/Vcheck_package" ${argument}
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if((passes AND NOT status EQUAL 0) OR (NOT passes AND status EQUAL 0))
    message(SEND_ERROR "${argument}: exit status ${status}:\n${output}")
  endif()
  foreach(expected IN LISTS ARGN)
    string(FIND "${output}" "${expected}" place)
    if(place EQUAL -1)
      message(SEND_ERROR "${argument}: no '${expected}' in:\n${output}")
    endif()
  endforeach()
  message(STATUS "${argument}: ${output}")
endfunction()

run(+unit=multiply TRUE "multiply: all 65536 pairs are right")
run(+unit=add TRUE "add: all 65536 pairs are right")
run(+unit=multiply_planted FALSE
  "first mismatch: a = 01 (0.00195312), b = 31 (0.5625): the unit says 00 (0), right is 01 (0.00195312), flags 03"
  "2764 of 65536 pairs are wrong")
run(+unit=add_planted FALSE
  "first mismatch: a = 03 (0.00585938), b = a1 (-0.140625): the unit says a0 (-0.125), right is a1 (-0.140625), flags 01"
  "2128 of 65536 pairs are wrong")
run(+unit=divide FALSE "unit is 'divide', allowed: multiply, add, multiply_planted, add_planted")

run(+package TRUE
  "binary16 has 16 bits, c000 is -2" "fma: 3ec1, flags 01" "stochastic: 38\nstochastic: 39" "saturated: 7e, overflow 1"
  "int8: -5" "x86: fe00, flags 10" "exact: 3c00, flags 00\nexact: 3c00, flags 00" "fma: fbff, flags 05")
run(+wrong=format FALSE "halfulp: " "e4m3fm")
run(+wrong=operation FALSE "halfulp: operation is 'times', allowed: add, sub, mul")
run(+wrong=operand FALSE "halfulp: " "e9m9m9")
run(+wrong=accumulator FALSE "halfulp: accumulate is 'fp32', which names a format and no order" "dot_product.new")
run(+wrong=unit FALSE "halfulp: a has the format e4m3fn, allowed for h100_fp16: binary16")
run(+wrong=code FALSE "halfulp: a is 256, allowed: a code of e4m3fn, 0 to 255")
run(+wrong=closed FALSE "halfulp: the object is closed")
run(+wrong=factor FALSE "halfulp: code is 256, allowed: a code of e4m3fn, 0 to 255")
