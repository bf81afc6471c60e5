// The kernels of float64 arrays.
#include "device_machine.cuh"
#include "run_arrays.hpp"

template struct halfulp::cuda::arrays_on<halfulp::cuda::device_machine, double>;
