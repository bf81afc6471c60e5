// The same bodies in host loops, for halfulp_validate_gpu --host.
#include "host_machine.hpp"
#include "run_arrays.hpp"
#include "run_hardware.hpp"

template struct halfulp::cuda::arrays_on<halfulp::cuda::host_machine, halfulp::float16>;
template struct halfulp::cuda::arrays_on<halfulp::cuda::host_machine, halfulp::bfloat16>;
template struct halfulp::cuda::arrays_on<halfulp::cuda::host_machine, float>;
template struct halfulp::cuda::arrays_on<halfulp::cuda::host_machine, double>;
template struct halfulp::cuda::hardware_on<halfulp::cuda::host_machine>;
