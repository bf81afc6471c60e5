// The kernels around the conversion instructions.
#include "device_machine.cuh"
#include "run_hardware.hpp"

template struct halfulp::cuda::hardware_on<halfulp::cuda::device_machine>;
