// The kernels of bfloat16 arrays.
#include "device_machine.cuh"
#include "run_arrays.hpp"

template struct halfulp::cuda::arrays_on<halfulp::cuda::device_machine, halfulp::bfloat16>;
