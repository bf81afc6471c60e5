// The kernels of float32 arrays.
#include "device_machine.cuh"
#include "run_arrays.hpp"

template struct halfulp::cuda::arrays_on<halfulp::cuda::device_machine, float>;
